# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoint map of real sockets, by ansible-playbook: what it lists, whom it answers, and how owners are told by it."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from winsim.server import Host, HostSpec, Simulation

from .harness import Played, listeners, on, over_psrp, play, variables

SCENARIOS = {
    "server": "windows_server_2022",
    "client": "windows_10",
    "controller": "windows_server_2022+hazard_domain_controller",
    "old": "windows_2000",
}
TASKS: list[Mapping[str, Any]] = [
    {"name": "map", "netmin.windows.rpc_endpoints_info": {}},
    {"name": "list", "netmin.windows.listeners_info": {"rpc_endpoints": True, "detail": "full"}},
    {"name": "plan", "netmin.windows.minimize": {"rpc_endpoints": True}, "check_mode": True},
]


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation([HostSpec(scenario, name=name) for name, scenario in SCENARIOS.items()]) as running:
        try:
            socket.create_connection((running["server"].own_address, 135), timeout=5).close()
        except OSError as error:
            pytest.skip(f"the simulated hosts cannot open port 135 here: {error}")
        yield running


@pytest.fixture(scope="module")
def played(simulation: Simulation) -> Played:
    found = play(on(simulation), TASKS)
    assert found.returncode == 0, found.output
    return found


def endpoints(host: Host) -> list[dict[str, Any]]:
    """Return the endpoints of a host, as the simulator says them."""
    dumped: Mapping[str, Any] = host.computer.dump()
    found = dumped["endpoints"]
    return list(found)


def rpc_ports(host: Host) -> set[int]:
    """Return the TCP ports that RPC servers of a host have opened, as the simulator says it."""
    return {row["port"] for row in endpoints(host) if row["origin"] == "dynamic RPC endpoint" and row["protocol"] == "tcp"}


def mapped(played: Played, name: str) -> dict[int, list[str]]:
    by_port = played.of(name, "map").result["by_port"]
    return {int(port.partition("/")[2]): names for port, names in by_port.items() if port.startswith("tcp/")}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_map_is_read_and_leads_to_rpc_ports(name: str, simulation: Simulation, played: Played) -> None:
    result = played.of(name, "map").result
    assert (result["state"], result["changed"], result.get("warnings")) == ("read", False, None)
    # A client Windows answers nobody who has not logged in (Microsoft, "Restrict Unauthenticated RPC clients").
    assert result["authenticated"] is (name == "client")
    assert mapped(played, name)
    assert set(mapped(played, name)) <= rpc_ports(simulation[name])
    assert ("drsuapi" in {entry["name"] for entry in result["endpoints"]}) is (name == "controller")


@pytest.mark.parametrize("name", SCENARIOS)
def test_residue_names_the_interfaces_behind_each_rpc_port(name: str, played: Played) -> None:
    result = played.of(name, "plan").result
    assert result["rpc_endpoints"]["state"] == "read"
    known = {name for names in mapped(played, name).values() for name in names}
    staying = [row for row in result["residue"] if row["dynamic"] and row["protocol"] == "tcp"]
    # On Windows 2000 all RPC servers stop.
    assert bool(staying) is (name != "old")
    for row in staying:
        assert set(row["interfaces"]) <= known
        assert bool(row["interfaces"]) is (row["port"] in mapped(played, name)), row


def test_on_windows_2000_the_map_is_the_only_attribution(simulation: Simulation, played: Played) -> None:
    owners = {
        row["port"]: row["owners"] for row in played.of("old", "list").result["listeners"] if row["protocol"] == "tcp" and row["dynamic"]
    }
    true = {row["port"]: row["owner"] for row in endpoints(simulation["old"]) if row["protocol"] == "tcp"}
    for port in mapped(played, "old"):
        assert owners[port] == [true[port]]
    unregistered = rpc_ports(simulation["old"]) | set(owners)
    assert any(len(owners[port]) > 1 for port in unregistered - set(mapped(played, "old")))


@pytest.mark.parametrize("name", SCENARIOS)
def test_nmap_and_the_listing_agree_with_the_map(name: str, simulation: Simulation, played: Played) -> None:
    program = shutil.which("nmap")
    if program is None:
        pytest.skip("nmap is not installed")
    host, ports = simulation[name], sorted({135, *mapped(played, name)})
    listed = ",".join(map(str, ports))
    done = subprocess.run(
        [program, "-sT", "-Pn", "-n", "-p", listed, "-oG", "-", host.own_address], capture_output=True, text=True, timeout=120, check=True
    )
    assert sorted(int(port) for port in re.findall(r"(\d+)/open/tcp", done.stdout)) == ports
    assert {("tcp", port) for port in ports} <= {(protocol, port) for protocol, _address, port in listeners(host)}


@pytest.mark.parametrize("name", ["server", "controller", "old"])
def test_sambas_client_sees_the_same_entries(name: str, simulation: Simulation, played: Played) -> None:
    program = shutil.which("rpcclient")
    if program is None:
        pytest.skip("Samba's rpcclient is not installed")
    binding = f"ncacn_ip_tcp:{simulation[name].own_address}[135]"
    command = [program, "--configfile=/dev/null", "-U", "%", binding, "-c", "epmlookup"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    theirs = sorted(re.findall(r"(ncac\S+?|ncad\S+?):\S*?\[([^,\]]+),abstract_syntax=([0-9a-f-]{36})", shown))
    ours = sorted((entry["sequence"], entry["endpoint"], entry["uuid"]) for entry in played.of(name, "map").result["endpoints"])
    assert theirs == ours


def hosts(simulation: Simulation, *names: str, **changed: Any) -> dict[str, Mapping[str, Any]]:
    return {name: variables(simulation[name], **changed) for name in names}


def test_a_refusal_is_told_and_never_an_empty_map(simulation: Simulation) -> None:
    task = {"name": "without", "netmin.windows.rpc_endpoints_info": {"credentials": False}}
    found = play(hosts(simulation, "client"), [task])
    result = found.of("client", "without").result
    assert (result["state"], result["entries"], result["endpoints"]) == ("refused", 0, [])
    assert result["warnings"]
    wrong = play(hosts(simulation, "client", ansible_password="wrong"), [TASKS[0]]).of("client", "map").result
    assert wrong["state"] == "refused"
    assert "wrong" not in str(wrong)


def test_the_password_of_a_play_over_psrp_opens_it_as_well(simulation: Simulation) -> None:
    found = play({"client": over_psrp(simulation["client"])}, [TASKS[0]])
    result = found.of("client", "map").result
    assert (result["state"], result["authenticated"]) == ("read", True)


def test_a_host_without_an_endpoint_mapper_has_a_state_and_no_entries(simulation: Simulation) -> None:
    host = simulation["server"]
    # A way to WinRM on which no endpoint mapper is: the loopback itself, where nothing of the host is open.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = play({"gone": variables(host, ansible_host="127.0.0.1", ansible_port=port)}, [TASKS[0]]).of("gone", "map").result
    assert result["state"] in ("closed", "silent", "broken")
    assert result["endpoints"] == []


def test_a_plan_that_goes_by_the_map_is_carried_out_and_proven() -> None:
    with Simulation([HostSpec("windows_2000", name="old", boot_seconds=1)]) as simulation:
        wanted = {"services": [{"name": "Schedule", "start_mode": "disabled", "state": "stopped"}], "stages": ["services"]}
        tasks: list[Mapping[str, Any]] = [
            {"name": "close", "netmin.windows.minimize": {**wanted, "rpc_endpoints": True, "detail": "full"}},
            {"name": "boot", "netmin.windows.reboot": {"interval": 1}},
            {"name": "prove", "netmin.windows.proof_info": {"interval": 1, "rpc_endpoints": True}},
        ]
        found = play(on(simulation), tasks)
        assert found.returncode == 0, found.output
        closed = found.of("old", "close").result
        outlooks = {row["owner"]: row["outlook"] for row in closed["forecast"] if row["dynamic"]}
        assert outlooks["Schedule"] == "closes now"
        assert outlooks["MSDTC"] == "stays"
        proof = found.of("old", "prove").result["proof"]
        assert {row["owner"]: row["outcome"] for row in proof["endpoints"]}["Schedule"] == "closed"
        # One port is registered by nobody: whether it was Schedule's nobody can tell.
        (reason,) = proof["reasons"]
        assert "owner one of" in reason


BASELINE = """version: 1
hosts:
  old:
    - {recipe: rpc-schedule, reason: backups run at night, owner: platform team}
"""


def new_ports(result: Mapping[str, Any]) -> set[int]:
    """Return the TCP ports that a baseline does not allow."""
    texts = (row["ports"] for row in result["findings"] if row["kind"] == "new listener" and row["protocol"] == "tcp")
    ends = (part.split("-") for text in texts for part in text.split(", "))
    return {port for first, *last in ends for port in range(int(first), int((last or [first])[0]) + 1)}


def test_a_stage_alone_and_a_baseline_go_by_the_map_as_well(simulation: Simulation, tmp_path: Path) -> None:
    path = tmp_path / "baseline.yml"
    path.write_text(BASELINE, encoding="utf-8")
    stop = {"services": [{"name": "Schedule", "start_mode": "disabled", "state": "stopped"}]}
    tasks: list[Mapping[str, Any]] = [
        {"name": f"{name} {asked}", f"netmin.windows.{name}": {**options, "rpc_endpoints": asked}, "check_mode": True}
        for name, options in (("services", stop), ("drift_info", {"baseline": str(path), "listeners": True}))
        for asked in (True, False)
    ]
    found = play(hosts(simulation, "old"), tasks)
    assert found.returncode == 0, found.output
    results = {name: found.of("old", name).result for name in (str(task["name"]) for task in tasks)}
    (port,) = (row["port"] for row in endpoints(simulation["old"]) if row["owner"] == "Schedule" and row["protocol"] == "tcp")
    outlooks = {asked: {row["port"]: row["outlook"] for row in results[f"services {asked}"]["forecast"]}[port] for asked in (True, False)}
    assert outlooks == {True: "closes now", False: "unknown"}
    new = {asked: new_ports(results[f"drift_info {asked}"]) for asked in outlooks}
    assert (port in new[True], port in new[False]) == (False, True)
    for name in ("services", "drift_info"):
        assert results[f"{name} True"]["rpc_endpoints"]["state"] == "read"
        assert "rpc_endpoints" not in results[f"{name} False"]
    assert all("interfaces" in row for row in results["drift_info True"]["listeners"])


def in_file(host: Host, folder: Path) -> dict[str, Any]:
    """Return the variables by which a capture takes the place of a host."""
    return {
        "ansible_host": variables(host)["ansible_host"],
        "ansible_connection": "netmin.windows.capture",
        "netmin_windows_capture_dir": str(folder),
    }


def test_a_host_in_a_file_without_a_map_says_so(simulation: Simulation, tmp_path: Path) -> None:
    taken = play(hosts(simulation, "server"), [{"name": "capture", "netmin.windows.capture": {"dir": str(tmp_path)}}])
    assert taken.returncode == 0, taken.output
    assert "rpc_endpoints" not in taken.of("server", "capture").result
    asked = {"name": "ask", **{key: value for key, value in TASKS[0].items() if key != "name"}, "ignore_errors": True}
    found = play({"server": in_file(simulation["server"], tmp_path)}, [*TASKS[1:], asked])
    assert found.returncode == 0, found.output
    result = found.of("server", "plan").result
    assert result["rpc_endpoints"]["state"] == "not_asked"
    assert any("the capture holds no endpoint map: capture the host with 'rpc_endpoints: true'" in text for text in result["warnings"])
    assert "or run this task on the host itself" in found.of("server", "ask").message


def test_a_host_in_a_file_has_the_map_that_was_captured(simulation: Simulation, played: Played, tmp_path: Path) -> None:
    names = ("client", "old")
    take = {"name": "capture", "netmin.windows.capture": {"dir": str(tmp_path), "rpc_endpoints": True}}
    taken = play(hosts(simulation, *names), [take])
    assert taken.returncode == 0, taken.output
    assert taken.of("client", "capture").result["rpc_endpoints"]["authenticated"] is True
    stop = {"services": [{"name": "Schedule", "start_mode": "disabled", "state": "stopped"}], "stages": ["services"]}
    bundles: list[Mapping[str, Any]] = [
        {
            "name": str(asked),
            "netmin.windows.bundle": {"dir": str(tmp_path / str(asked)), "minimize": {**stop, "rpc_endpoints": asked}},
            "when": "inventory_hostname == 'old'",
        }
        for asked in (True, False)
    ]
    found = play({name: in_file(simulation[name], tmp_path) for name in names}, [*TASKS, *bundles])
    assert found.returncode == 0, found.output
    for name in names:
        for task in ("map", "list", "plan"):
            on_file, on_host = found.of(name, task).result, played.of(name, task).result
            for part in ("state", "endpoints", "by_port", "listeners", "forecast", "residue", "rpc_endpoints"):
                assert on_file.get(part) == on_host.get(part), (name, task, part)
    # A bundle is planned by it as well: with it the port of one service is known, without it nobody can tell which that is.
    forecasts = {asked: json.loads(Path(found.of("old", asked).result["manifest"]).read_text())["forecast"] for asked in ("True", "False")}
    owners = {asked: {row["owner"]: row["boot"] for row in rows[1:] if row["dynamic"]} for asked, rows in forecasts.items()}
    assert owners["True"]["Schedule"] == "closed"
    assert "Schedule" not in owners["False"]
