# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole method through real Ansible: check mode, close, boot, prove, again; over both connections."""

from __future__ import annotations

from typing import Any

import pytest

from winsim.scenarios import names
from winsim.server import HostSpec, Simulation

from .harness import changes, listeners, on, over_psrp, play, variables, window

pytestmark = pytest.mark.slow

WINRM = {("tcp", "0.0.0.0", 5985)}
QUICK = {"interval": 1}
# The costs that are promised for XP; the counters are those of the task's own `stats`. Three requests of a first run are the command
# that lets administrators alone write our key, without which a restore would read what Power Users wrote there.
MOST_REQUESTS, MOST_BYTES, MOST_REQUESTS_AGAIN = 84, 150_000, 45

METHOD: list[dict[str, Any]] = [
    {"name": "audit", "netmin.windows.listeners_info": {"detail": "full"}},
    {"name": "plan", "netmin.windows.minimize": {"detail": "full"}, "check_mode": True, "diff": True},
    {"name": "close", "netmin.windows.minimize": {"detail": "full"}},
    {"name": "again", "netmin.windows.minimize": {}},
    {"name": "early proof", "netmin.windows.proof_info": QUICK},
    {"name": "boot", "netmin.windows.reboot": QUICK},
    {"name": "prove", "netmin.windows.proof_info": QUICK},
    {"name": "last", "netmin.windows.minimize": {"detail": "full"}},
]


@pytest.mark.parametrize(("connection", "auth"), [("winrm", "ntlm"), ("winrm", "basic"), ("psrp", "ntlm"), ("psrp", "basic")])
def test_both_systems_go_from_all_ports_to_none(connection: str, auth: str) -> None:
    scenarios = ("windows_2000", "windows_xp")
    with Simulation([HostSpec(scenario=name, name=name, auth=auth, boot_seconds=1) for name in scenarios]) as simulation:
        reach = variables if connection == "winrm" else over_psrp
        played = play({host.name: reach(host) for host in simulation.hosts}, METHOD)
        assert played.returncode == 0, played.output
        for host in simulation.hosts:
            steps = {step["name"]: played.of(host.name, step["name"]).result for step in METHOD}
            planned = [(c["target"], c["before"], c["after"]) for c in steps["plan"]["changes"]]
            done = [(c["target"], c["before"], c["after"]) for c in steps["close"]["changes"]]
            assert planned == done
            assert all(c["status"] == "planned" for c in steps["plan"]["changes"])
            assert all(c["status"] == "done" for c in steps["close"]["changes"])
            assert steps["plan"]["changed"]
            assert steps["plan"]["after"] == steps["close"]["after"]
            assert steps["close"]["changed"]
            assert steps["close"]["reboot_required"]
            # A second run is empty while the boot is pending, and says that it is.
            assert not steps["again"]["changed"]
            assert steps["again"]["reboot_required"]
            assert steps["early proof"]["proof"]["verdict"] == "not_proven"
            assert steps["prove"]["proof"]["verdict"] == "proven"
            assert steps["prove"]["boot"]["uptime"] > 0
            assert not steps["last"]["changed"]
            assert not steps["last"]["reboot_required"]
            assert [(row["port"], row["management"]) for row in steps["last"]["listeners"]] == [(5985, True)]
            assert listeners(host) == WINRM


def test_costs_stay_within_what_is_promised() -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="xp")]) as simulation:
        host = simulation["xp"]
        # On a machine that is busy answers may be slow enough for further connections.
        first = play(on(simulation), [{"netmin.windows.minimize": {"connections": 1}}]).of("xp").result["stats"]
        told = window(host, "journal")
        assert first["requests"] == len(told["requests"])
        assert first["requests"] <= MOST_REQUESTS
        assert first["bytes_sent"] <= MOST_BYTES
        assert first["logins"] == 1
        second = play(on(simulation), [{"netmin.windows.minimize": {}}]).of("xp").result["stats"]
        assert second["requests"] <= MOST_REQUESTS_AGAIN


EVERY_MODULE: list[dict[str, Any]] = [
    {"netmin.windows.listeners_info": {"detail": "full"}},
    {"netmin.windows.services": {"services": [{"name": "Browser"}], "dependents": "stop"}},
    {"netmin.windows.netbt": {"netbios": "disabled", "lmhosts": "disabled"}},
    {"netmin.windows.smb_device": {"smb_over_tcp": "disabled"}},
    {"netmin.windows.rpc_restriction": {"intranet_ports": ["4000-4100"]}},
    {"netmin.windows.dcom_protocols": {"enable_dcom": False, "remove": ["ncacn_ip_tcp"]}},
    {"netmin.windows.name_resolution": {"max_cached_sockets": 0}},
    {"netmin.windows.minimize": {}},
    {"netmin.windows.reboot": {}},
    {"netmin.windows.proof_info": QUICK},
]


def test_check_mode_and_audits_change_nothing_on_any_scenario() -> None:
    # The others go through check mode in the loop on every Windows.
    some = [name for name in names() if name.startswith(("windows_2000", "windows_xp")) or name in ("windows_7", "windows_server_2022")]
    with Simulation([HostSpec(scenario=name, name=name, speed=100.0) for name in some]) as simulation:
        # A refusal of one module on one scenario must not keep the others from being tried.
        played = play(on(simulation), [{**task, "ignore_errors": True} for task in EVERY_MODULE], arguments=("--check", "--diff"), forks=4)
        assert len(played.outcomes) == len(EVERY_MODULE) * len(simulation.hosts), played.output
        assert {host.name: changes(host) for host in simulation.hosts} == {host.name: 0 for host in simulation.hosts}
        assert "Traceback" not in played.output


def test_a_later_windows_is_read_without_a_shell_and_within_what_is_promised() -> None:
    with Simulation([HostSpec(scenario="windows_server_2022", name="new")]) as simulation:
        tasks: list[dict[str, Any]] = [
            {"name": "audit", "netmin.windows.listeners_info": {"detail": "full"}},
            {
                "name": "old way",
                "netmin.windows.smb_device": {"smb_over_tcp": "disabled", "method": "smb_device_enabled"},
                "ignore_errors": True,
            },
        ]
        played = play(on(simulation), tasks)
        host = simulation["new"]
        audit = played.of("new", "audit").result
        assert {(row["protocol"], row["address"], row["port"]) for row in audit["listeners"]} == listeners(host)
        assert {row["owner"].partition(" in ")[0] for row in audit["listeners"] if row["port"] == 500} == {"IKEEXT"}
        assert "445 belongs to srvnet" in played.of("new", "old way").message
        assert not [row for row in window(host, "journal")["requests"] if "shell" in str(row["resource"])]
        assert changes(host) == 0
        first = play(on(simulation), [{"netmin.windows.minimize": {}}]).of("new").result["stats"]
        second = play(on(simulation), [{"netmin.windows.minimize": {}}]).of("new").result["stats"]
        assert (first["requests"] <= 120, first["bytes_sent"] <= 300_000, second["requests"] <= 70) == (True, True, True), (first, second)


def test_the_same_plan_on_shuffled_ports_gives_the_same_forecast() -> None:
    specs = [HostSpec(scenario="windows_2000", name="plain"), HostSpec(scenario="windows_2000", name="shuffled", seed=7)]
    with Simulation(specs) as simulation:
        played = play(on(simulation), [{"netmin.windows.minimize": {"detail": "full"}, "check_mode": True}])
        forecasts = {}
        for host in simulation.hosts:
            rows = played.of(host.name).result["forecast"]
            forecasts[host.name] = sorted(
                (row["protocol"], row["scope"], "" if row["dynamic"] else str(row["port"]), tuple(row["owners"]), row["outlook"])
                for row in rows
            )
        assert forecasts["plain"] == forecasts["shuffled"]
        ports = {host.name: {port for _protocol, _address, port in listeners(host)} for host in simulation.hosts}
        assert ports["plain"] != ports["shuffled"]


def test_delegation_acts_on_and_names_the_other_host() -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="one"), HostSpec(scenario="windows_xp", name="two")]) as simulation:
        task = {"netmin.windows.name_resolution": {"max_cached_sockets": 0}, "delegate_to": "two"}
        played = play({"one": variables(simulation["one"]), "two": variables(simulation["two"])}, [task], arguments=("--limit", "one"))
        assert played.of("one").result["changed"], played.output
        assert changes(simulation["one"]) == 0
        assert changes(simulation["two"]) > 0
