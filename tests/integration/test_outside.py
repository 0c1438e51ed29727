# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inside, outside, nmap and the endpoint map agree port by port on real sockets of simulated hosts, before and after they are minimized."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from winsim.endpoint import Protocol
from winsim.server import Host, HostSpec, Simulation
from winsim.sockets import NoAddress

from .harness import on, play, variables, window

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address, and no silent ports without privileges"),
]
needs_nmap = pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not installed")

SCENARIOS = {
    "server": "windows_server_2022",
    "client": "windows_10",
    "controller": "windows_server_2022+hazard_domain_controller",
    "old": "windows_2000",
}
STEALTHY = ("server", "client", "controller")
NEVER = (7, 2222)
"""Ports that none of these hosts ever has."""
TICKET = {"ports": ["listed", *(f"tcp/{port}" for port in NEVER)], "scan_permitted": "CHG-4711"}
PACE = {"timeout": 1, "rate": 200}
LIST = {"name": "list", "netmin.windows.listeners_info": {"detail": "full", "rpc_endpoints": True}, "register": "listed"}
PROBE = {
    "name": "probe",
    "netmin.windows.probe_info": {"endpoints": "{{ listed.listeners }}", **TICKET, **PACE},
    "delegate_to": "localhost",
}
CLOSE: list[dict[str, Any]] = [
    {"name": "close", "netmin.windows.minimize": {"dependents": "stop", "rpc_endpoints": True}},
    {"name": "boot", "netmin.windows.reboot": {"interval": 1}},
]
MAP = {"name": "map", "netmin.windows.rpc_endpoints_info": {}}
PROVE = {
    "name": "prove",
    "netmin.windows.proof_info": {"limit": 60, "interval": 1, "detail": "full", "rpc_endpoints": True},
    "register": "proven",
}
PROBE_AGAIN = {**PROBE, "netmin.windows.probe_info": {"endpoints": "{{ proven.proof.endpoints }}", **TICKET, **PACE}}
# What nmap asks a UDP port is not always what we ask: where nobody answered nmap, somebody may have answered us.
NMAP_SAYS = {"open": {"open"}, "closed": {"closed"}, "filtered": {"silent"}, "open|filtered": {"silent", "open"}}
Found = Mapping[tuple[str, int], str]


def spec(name: str, **more: Any) -> HostSpec:
    silent = tuple((Protocol.TCP, port) for port in NEVER) if name in STEALTHY else ()
    return HostSpec(SCENARIOS[name], name=name, boot_seconds=1, speed=50, silent=silent, **more)


def nmap(address: str, protocol: str, ports: Sequence[int]) -> dict[tuple[str, int], set[str]]:
    """Return what nmap says of ports, in our words; a few at a time, since it leaves out what many have in common."""
    found = {}
    kind = {"tcp": "-sT", "udp": "-sU"}[protocol]
    for start in range(0, len(ports), 20):
        some = ",".join(map(str, ports[start : start + 20]))
        six = ["-6"] if ":" in address else []
        command = ["nmap", *six, kind, "-n", "-Pn", "--max-retries", "2", "-p", some, "-oX", "-", address]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        for port in ElementTree.fromstring(done.stdout).iter("port"):
            state = port.find("state")
            assert state is not None
            found[protocol, int(port.attrib["portid"])] = NMAP_SAYS[state.attrib["state"]]
    return found


def outside(result: Mapping[str, Any], address: str) -> dict[tuple[str, int], str]:
    """Return what the probe says of each port of an address."""
    found: dict[tuple[str, int], str] = {}
    for row in result["outside"]:
        numbers = [row["port"]] if row["ports"] is None else [int(text) for text in row["ports"].split(", ")]
        if row["address"] == address:
            found |= {(row["protocol"], number): row["state"] for number in numbers}
    return found


def agrees_with_nmap(result: Mapping[str, Any], host: Host, address: str) -> Found:
    """Hold each port that the probe tested against nmap."""
    looked = {port: state for port, state in outside(result, address).items() if state != "not_tested"}
    tcp = sorted(number for protocol, number in looked if protocol == "tcp")
    udp = sorted(number for protocol, number in looked if protocol == "udp")
    assert tcp
    by_nmap = nmap(address, "tcp", tcp)
    # nmap wants to read ICMP itself for UDP, and only the superuser may.
    if os.geteuid() == 0:
        by_nmap |= nmap(address, "udp", udp)
    assert {port: (looked[port], words) for port, words in by_nmap.items() if looked[port] not in words} == {}, host.name
    assert len(by_nmap) == len(tcp) + (len(udp) if os.geteuid() == 0 else 0)
    return looked


def refused_by_the_system(host: Host) -> set[tuple[str, int]]:
    """Return the ports that this user could not open, or that this machine has itself."""
    names = window(host, "sockets")["refused"]
    return {(name.partition("/")[0], int(name.partition("/")[2])) for name in names}


def inside(host: Host) -> set[tuple[str, int]]:
    """Return the TCP ports that a host has open for others at its IPv4 address, as it truly is."""
    rows = [row for row in window(host, "endpoints") if row["protocol"] == "tcp" and not row["dropped"]]
    return {("tcp", row["port"]) for row in rows if not row["address"].startswith(("127.", "::", "fe80"))}


def opened_tcp(found: Found) -> set[tuple[str, int]]:
    """Return the TCP ports that a probe reached."""
    return {port for port, state in found.items() if state == "open" and port[0] == "tcp"}


def mapped(result: Mapping[str, Any]) -> dict[int, set[str]]:
    """Return the TCP ports of an endpoint map, with the interfaces at each."""
    ports = ((port.partition("/"), names) for port, names in result["by_port"].items())
    return {int(number): set(names) for (protocol, _slash, number), names in ports if protocol == "tcp"}


def agrees_with_the_map(result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], looked: Found) -> dict[int, set[str]]:
    """Hold each TCP port of an endpoint map against the host's list and what others reach; return the map.

    Args:
        rows: the listeners that the host lists, each with its interfaces.
    """
    found = mapped(result)
    assert {looked.get(("tcp", port)) for port in found} <= {"open"}
    inside = {row["port"]: set(row["interfaces"]) for row in rows if row["protocol"] == "tcp" and row["port"] in found}
    assert inside == found
    return found


def names_what_stays(result: Mapping[str, Any], found: Mapping[int, set[str]]) -> None:
    """Hold the interfaces that residue names behind each RPC port against the map."""
    staying = [row for row in result["residue"] if row["dynamic"] and row["protocol"] == "tcp"]
    numbers = {port: set(row["interfaces"]) for row in staying for port in ports(row)}
    assert numbers == {port: found.get(port, set()) for port in numbers}
    assert bool(numbers.keys() & found.keys()) is (result["windows"]["id"] != "windows_2000")


def ports(row: Mapping[str, Any]) -> list[int]:
    """Return the ports of a row."""
    if row["ports"] is None:
        return [row["port"]]
    ends = [[int(number) for number in part.split("-")] for part in row["ports"].split(", ")]
    return [port for first, *last in ends for port in range(first, (last or [first])[0] + 1)]


@needs_nmap
def test_inside_outside_nmap_and_the_endpoint_map_agree_before_and_after() -> None:
    with Simulation([spec(name) for name in SCENARIOS]) as simulation:
        hosts = on(simulation)
        before = play(hosts, [LIST, PROBE, MAP])
        assert before.returncode == 0, before.output
        opened: dict[str, Found] = {}
        for host in simulation.hosts:
            result = before.of(host.name, "probe").result
            opened[host.name] = agrees_with_nmap(result, host, host.own_address)
            others = refused_by_the_system(host)
            assert opened_tcp(opened[host.name]) - others == inside(host) - others
            assert result["contradicted"] == []
            # What answers anybody was asked, and answered.
            answering = {("udp", 137)} | ({("udp", 53)} if host.name == "controller" else set())
            assert {opened[host.name][port] for port in answering - others} <= {"open"}
            assert [opened[host.name]["tcp", port] for port in NEVER] == ["silent" if host.name in STEALTHY else "closed"] * len(NEVER)

            told = before.of(host.name, "map").result
            assert told["state"] == "read"
            assert agrees_with_the_map(told, before.of(host.name, "list").result["listeners"], opened[host.name])

        closing = play(hosts, CLOSE)
        assert closing.returncode == 0, closing.output
        for host in simulation.hosts:
            window(host, "clock", {"advance": 300})
            names_what_stays(closing.of(host.name, "close").result, mapped(before.of(host.name, "map").result))
        after = play(hosts, [PROVE, PROBE_AGAIN, MAP, LIST])
        assert after.returncode == 0, after.output
        for host in simulation.hosts:
            result = after.of(host.name, "probe").result
            now = agrees_with_nmap(result, host, host.own_address)
            others = refused_by_the_system(host)
            assert opened_tcp(now) - others == inside(host) - others
            assert result["contradicted"] == []
            # What was closed is closed in the proof's words, and silent or refused in the probe's.
            closed = [row for row in result["endpoints"] if row["inside"] == "closed" and row["protocol"] == "tcp"]
            assert host.name == "controller" or closed
            assert {row["agreement"] for row in closed} <= {"agrees"}
            assert {row["outside"] for row in closed} <= {"silent" if host.name in STEALTHY else "closed"}
            told = after.of(host.name, "map").result
            # On Windows 2000 all RPC servers stop, the endpoint mapper too.
            assert told["state"] == ("closed" if host.name == "old" else "read")
            still = agrees_with_the_map(told, after.of(host.name, "list").result["listeners"], now)
            assert bool(still) is (host.name != "old")


@needs_nmap
def test_ipv6_agrees_too_where_the_inventory_names_both_addresses() -> None:
    try:
        simulation = Simulation([spec("server", ipv6=True)])
        simulation.start()
    except NoAddress as error:
        pytest.skip(str(error))
    try:
        (host,) = simulation.hosts
        if host.port != 5985:
            pytest.skip("somebody else has the IPv6 loopback address ::1")
        hosts = {host.name: variables(host, probe_addresses=[host.own_address])}
        done = play(hosts, [LIST, PROBE])
        assert done.returncode == 0, done.output
        result = done.of(host.name, "probe").result
        assert [row["address"] for row in result["addresses"]] == ["::1", host.own_address]
        four, six = (agrees_with_nmap(result, host, address) for address in (host.own_address, "::1"))
        assert four["tcp", 135] == six["tcp", 135] == "open"
        assert six["tcp", NEVER[0]] == "silent"
        # NetBT is of IPv4 alone.
        assert "open" in four.values()
        assert six.get(("tcp", 139)) is None
    finally:
        simulation.stop()


OUTSIDE = ("-e", "target=windows", "-e", "verify_limit=60", "-e", "verify_interval=1")
SCAN = json.dumps({f"{role}_outside_{name}": value for role in ("verify", "drift") for name, value in {**TICKET, **PACE}.items()})


def test_verify_drift_and_report_show_what_is_reached_though_no_list_has_it(tmp_path: Path) -> None:
    with Simulation([spec("server")]) as simulation, socket.socket() as container:
        (host,) = simulation.hosts
        hosts = on(simulation)
        assert play(hosts, CLOSE).returncode == 0
        window(host, "clock", {"advance": 300})
        log = tmp_path / "ansible.log"
        looking = (*OUTSIDE, "-e", SCAN, "-e", '{"verify_outside": true, "drift_outside": true, "report_outside": true}')
        baseline = ("-e", f"baseline_dest={tmp_path / 'baseline.yml'}", "-e", f"drift_baseline={tmp_path / 'baseline.yml'}")
        written = play(hosts, playbook="netmin.windows.baseline", arguments=("-e", "target=windows", *baseline))
        assert written.returncode == 0, written.output

        proven = play(hosts, playbook="netmin.windows.verify", arguments=looking, log=log)
        assert proven.returncode == 0, proven.output
        result = proven.of(host.name, "netmin.windows.verify : Look from outside").result
        assert result["counts"]["agrees"] > 5
        assert result["counts"]["reached_but_not_listed"] == 0
        assert f"looks at {host.name} ({host.own_address}) from localhost" in log.read_text(encoding="utf-8")
        assert "scan permitted by CHG-4711" in log.read_text(encoding="utf-8")
        quiet = play(hosts, playbook="netmin.windows.drift", arguments=(*looking, *baseline))
        assert quiet.returncode == 0, quiet.output

        # A port forward to a container of the host, say: no netstat of Windows shows it.
        port = 8123
        container.bind((host.own_address, port))
        container.listen()
        more = ("-e", json.dumps({f"{role}_outside_ports": ["listed", f"tcp/{port}"] for role in ("verify", "drift")}))
        failed = play(hosts, playbook="netmin.windows.verify", arguments=(*looking, *more))
        assert failed.returncode != 0
        told = failed.of(host.name, "netmin.windows.verify : Look from outside")
        assert f"tcp/{port} at {host.own_address}: the probe reached it, and the host does not list it" in told.message
        drifted = play(hosts, playbook="netmin.windows.drift", arguments=(*looking, *baseline, *more))
        assert drifted.returncode != 0
        assert "unproven: from outside: tcp/8123" in " ".join(drifted.output.split())

        dest = tmp_path / "report.json"
        reported = play(
            hosts, playbook="netmin.windows.report", arguments=(*looking, "-e", f"report_dest={dest}", "-e", '{"report_formats": ["json"]}')
        )
        assert reported.returncode == 0, reported.output
        (shown,) = json.loads(dest.read_text(encoding="utf-8"))["hosts"]
        assert shown["outside"].startswith("looked at from localhost")
        told_of = {row["port"]: (row["state"], row["outside"]) for row in shown["ports"] if row["protocol"] == "tcp"}
        assert told_of[135] == ("listens", "open")
