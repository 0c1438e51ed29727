# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What cannot be closed is dropped by the host's own firewall: through real Ansible, judged by the simulated host's own firewall."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from winsim.server import Host, HostSpec, Simulation

from .harness import Played, changes, play, variables, window

pytestmark = pytest.mark.slow

WORKS = (
    "windows_vista",
    "windows_server_2008_r2_german",
    "windows_7_japanese",
    "windows_server_2012_r2",
    "windows_server_2022",
    "windows_11",
)
IN_FORCE_NOT = {
    "windows_server_2022_firewall_off": "the firewall is off for the public profile",
    "windows_server_2022_firewall_policy": "AllowLocalPolicyMerge is 0",
}
QUICK = {"interval": 1}
DROP = {"netmin.windows.minimize": {"detail": "full", "ip_filter": {"residue": "drop"}}}
TASKS: list[dict[str, Any]] = [
    {"name": "plan", **DROP, "check_mode": True, "diff": True},
    {"name": "drop", **DROP},
    {"name": "again", **DROP},
    {"name": "boot", "netmin.windows.reboot": QUICK},
    {"name": "prove", "netmin.windows.proof_info": {**QUICK, "detail": "full", "strict": True}},
    {"name": "last", **DROP},
]
BACK: list[dict[str, Any]] = [{"name": "back", "netmin.windows.ip_filter": {"residue": "leave"}}]
Rows = list[dict[str, Any]]


def outside(host: Host) -> Rows:
    return [row for row in window(host, "endpoints") if row["address"] not in ("127.0.0.1", "::1")]


def rules(host: Host) -> list[str]:
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
    return sorted(str(value["value"]) for value in window(host, "dump")["registry"][key].values())


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    specs = [HostSpec(scenario=name, name=name, boot_seconds=0.5, speed=100.0) for name in (*WORKS, *IN_FORCE_NOT)]
    with Simulation(specs) as running:
        yield running


@pytest.fixture(scope="module")
def ran(simulation: Simulation) -> tuple[Played, dict[str, Rows], dict[str, list[str]]]:
    before = {host.name: rules(host) for host in simulation.hosts}
    played = play({host.name: variables(host) for host in simulation.hosts if host.name in WORKS}, TASKS, forks=6)
    assert played.returncode == 0, played.output
    return played, {host.name: outside(host) for host in simulation.hosts}, before


@pytest.mark.parametrize("name", WORKS)
def test_what_stays_is_dropped_and_winrm_is_not(ran: tuple[Played, dict[str, Rows], dict[str, list[str]]], name: str) -> None:
    played, after, _before = ran
    open_still = {(row["protocol"], row["port"], row["owner"]) for row in after[name] if not row["dropped"]}
    assert {owner for _protocol, _port, owner in open_still} == {"WinRM"}
    plan, dropped = played.of(name, "plan").result, played.of(name, "drop").result
    assert [(c["target"], c["before"], c["after"]) for c in plan["changes"]] == [
        (c["target"], c["before"], c["after"]) for c in dropped["changes"]
    ]
    assert all(change["status"] == "done" for change in dropped["changes"])
    assert all(row["filtered"] for row in dropped["residue"])
    assert dropped["summary"]["filtered"] == len(dropped["residue"]) == sum(row["dropped"] for row in after[name]) > 0
    assert dropped["summary"]["stays"] == 0


@pytest.mark.parametrize("name", WORKS)
def test_a_second_run_changes_nothing_before_and_after_the_boot(
    ran: tuple[Played, dict[str, Rows], dict[str, list[str]]], name: str
) -> None:
    played, _after, _before = ran
    for task in ("again", "last"):
        result = played.of(name, task).result
        assert (result["changed"], result["changes"]) == (False, [])
        assert result["summary"]["filtered"] == played.of(name, "drop").result["summary"]["filtered"]


@pytest.mark.parametrize("name", WORKS)
def test_the_proof_says_filtered(ran: tuple[Played, dict[str, Rows], dict[str, list[str]]], name: str) -> None:
    played, after, _before = ran
    proof = played.of(name, "prove").result["proof"]
    assert (proof["verdict"], proof["open_listeners"]) == ("proven", 0)
    found = {(row["protocol"], row["address"], row["port"]) for row in proof["endpoints"] if row["outcome"] == "filtered"}
    assert found == {(row["protocol"], row["address"], row["port"]) for row in after[name] if row["dropped"]}


def test_what_it_costs(ran: tuple[Played, dict[str, Rows], dict[str, list[str]]]) -> None:
    played, _after, _before = ran
    dropped, last = (played.of("windows_server_2022", task).result for task in ("drop", "last"))
    added = sum(change["target"].startswith("inbound rule") for change in dropped["changes"])
    assert added == 5
    # The plan itself, the firewall's state with how its services start at the next boot, and four requests for each rule.
    assert dropped["stats"]["requests"] <= 120 + 25 + 4 * added
    assert last["stats"]["requests"] <= 70


@pytest.mark.usefixtures("ran")
def test_all_rules_are_taken_back(simulation: Simulation, ran: tuple[Played, dict[str, Rows], dict[str, list[str]]]) -> None:
    _played, _after, before = ran
    hosts = [simulation[name] for name in WORKS]
    played = play({host.name: variables(host) for host in hosts}, BACK, forks=6)
    assert played.returncode == 0, played.output
    for host in hosts:
        assert rules(host) == before[host.name]
        assert not any(row["dropped"] for row in outside(host))


@pytest.mark.parametrize("name", sorted(IN_FORCE_NOT))
def test_no_rule_is_added_where_none_would_be_in_force(simulation: Simulation, name: str) -> None:
    host = simulation[name]
    before, counted = rules(host), changes(host)
    task = {"name": "drop", "netmin.windows.ip_filter": {"residue": "drop"}}
    result = play({name: variables(host)}, [task]).of(name, "drop").result
    assert (result["changed"], result["changes"], result["summary"]["filtered"]) == (False, [], 0)
    (reason,) = [item for item in result["unchanged"] if item["stage"] == "ip_filter"]
    assert IN_FORCE_NOT[name] in reason["detail"]
    assert (rules(host), changes(host)) == (before, counted)
