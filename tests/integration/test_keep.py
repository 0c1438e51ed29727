# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ready-made sets of what to keep, each on a host that has the role: its ports stay open, the rest closes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Gate, load

from winsim.server import HostSpec, Simulation

from .harness import ROOT, Played, play, variables, window

pytestmark = pytest.mark.slow

HAZARDS = [hazard.id for hazard in load().hazards if hazard.gate is Gate.ACCEPT]
SETS = sorted(path.stem for path in (ROOT / "roles" / "minimize" / "vars" / "main").glob("*.yml"))
SCENARIOS = {
    "file_server": "windows_server_2019_file_server",
    "hyperv_host": "windows_server_2025_hyperv_host",
    "print_server": "windows_server_2022_print_server",
    "rdp_host": "windows_server_2019_rdp_host",
    "sql_server": "windows_server_2022_sql_server",
    "web_server": "windows_server_2022_web_server",
}
# Whose sockets the set keeps, as the simulator names their owners.
KEPT = {
    "file_server": {("tcp", "srvnet")},
    "hyperv_host": {("tcp", "vmms")},
    "print_server": {("tcp", "srvnet"), ("tcp", "Spooler"), ("tcp", "LPDSVC")},
    "rdp_host": {("tcp", "TermService"), ("udp", "TermService"), ("tcp", "SessionEnv")},
    "sql_server": {("tcp", "MSSQLSERVER"), ("udp", "SQLBrowser")},
    "web_server": {("tcp", "W3SVC")},
}
ALWAYS = {("tcp", owner) for owner in ("RpcEptMapper", "WinRM", "wininit", "EventLog", "Schedule", "lsass")}
# The way of every session, and the listener that WinRM has beside it.
WINRM = {("tcp", 5985), ("tcp", 47001)}
QUICK = {"interval": 1}


def true(row: dict[str, Any]) -> bool:
    return not {"127.0.0.1", "::1"} & set(row["address"].split(", "))


@pytest.fixture(scope="module")
def ran() -> Iterator[tuple[Played, dict[str, list[dict[str, Any]]]]]:
    specs = [HostSpec(scenario=scenario, name=name, boot_seconds=0.5, speed=100.0) for name, scenario in SCENARIOS.items()]
    with Simulation(specs) as simulation:
        hosts = {
            # Every hazard is accepted, so that nothing but the set keeps a port open.
            host.name: variables(host, minimize_keep=f"{{{{ minimize_keep_{host.name} }}}}", minimize_accept=HAZARDS)
            for host in simulation.hosts
        }
        role = {
            "ansible.builtin.include_role": {"name": "netmin.windows.minimize"},
            "vars": {"minimize_reboot": True, "minimize_reboot_interval": 1},
        }
        played = play(hosts, [role, {"name": "prove", "netmin.windows.proof_info": {**QUICK, "strict": True}}], forks=6)
        yield played, {host.name: window(host, "endpoints") for host in simulation.hosts}


def test_every_set_has_a_scenario() -> None:
    assert set(SETS) == set(SCENARIOS) == set(KEPT)
    for name in SETS:
        path = ROOT / "roles" / "minimize" / "vars" / "main" / f"{name}.yml"
        assert list(yaml.safe_load(path.read_text(encoding="utf-8"))) == [f"minimize_keep_{name}"]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_ports_of_a_role_stay_open_and_the_rest_closes(ran: tuple[Played, dict[str, list[dict[str, Any]]]], name: str) -> None:
    played, endpoints = ran
    assert {(row["protocol"], row["owner"]) for row in endpoints[name] if true(row)} == ALWAYS | KEPT[name], played.output
    proof = played.of(name, "prove").result["proof"]
    assert proof["verdict"] == "proven", proof["reasons"]
    kept = {(row["protocol"], row["port"]) for row in proof["endpoints"] if row["outcome"] == "kept" and true(row)}
    reached = {(row["protocol"], row["port"]) for row in endpoints[name] if true(row) and (row["protocol"], row["owner"]) in KEPT[name]}
    assert kept == reached | WINRM
