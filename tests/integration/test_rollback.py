# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""There and back through real Ansible: the simulated host's own dump says whether it is as it was."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.tests.unit.simulated import listeners

from winsim.server import Host, HostSpec, Simulation

from .harness import Played, changes, play, variables, window

pytestmark = pytest.mark.slow

SCENARIOS = (
    "windows_2000",
    "windows_xp",
    "windows_server_2003",
    "windows_server_2008_r2_german",
    "windows_server_2012_r2",
    "windows_server_2022_print_server",
)
OURS = r"HKLM\SOFTWARE\netmin.windows"
QUICK = {"interval": 1}
ROLE = {
    "ansible.builtin.include_role": {"name": "netmin.windows.rollback"},
    "vars": {"rollback_reboot": True, "rollback_reboot_interval": 1},
}
TASKS: list[dict[str, Any]] = [
    {"name": "close", "netmin.windows.minimize": {"detail": "full", "ip_filter": {"residue": "drop"}, "record_dir": "{{ records }}"}},
    {"name": "not kept", "netmin.windows.restore": {"record_dir": "/dev/null/records"}, "ignore_errors": True},
    {"name": "boot", "netmin.windows.reboot": QUICK},
    {"name": "stored", "netmin.windows.snapshot_info": {"detail": "full"}},
    {"name": "plan", "netmin.windows.restore": {}, "check_mode": True, "diff": True},
    {**ROLE, "name": "back"},
    {"name": "prove", "netmin.windows.proof_info": {**QUICK, "detail": "full"}},
    {"name": "again", "netmin.windows.restore": {}},
]


def state(host: Host) -> dict[str, Any]:
    """Return what a change can alter, but for our own record."""
    dump = window(host, "dump")
    found = {key: dump[key] for key in ("services", "drivers", "registry", "adapters")}
    found["registry"] = {key: value for key, value in found["registry"].items() if not key.lower().startswith(OURS.lower())}
    return found


def listening(host: Host) -> list[tuple[str, ...]]:
    """Identify every listener of a host, from its window."""
    return listeners(window(host, "dump"))


def settled(host: Host) -> tuple[dict[str, Any], list[tuple[str, ...]]]:
    """Return what a host is once the services have started that begin late."""
    seen: list[tuple[dict[str, Any], list[tuple[str, ...]]]] = []
    while len(seen) < 5 or seen[-1] != seen[-5]:
        time.sleep(0.3)
        seen.append((state(host), listening(host)))
    return seen[-1]


Ran = tuple[Played, dict[str, Any], dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("controller") / "records"


@pytest.fixture(scope="module")
def ran(records: Path) -> Iterator[Ran]:
    specs = [HostSpec(scenario=name, name=name, boot_seconds=0.5, speed=200.0) for name in SCENARIOS]
    with Simulation(specs) as simulation:
        for host in simulation.hosts:
            window(host, "boot", {}, method="POST")
        before = {host.name: settled(host) for host in simulation.hosts}
        played = play(
            {host.name: variables(host) for host in simulation.hosts}, TASKS, keywords={"vars": {"records": str(records)}}, forks=6
        )
        after = {host.name: settled(host) for host in simulation.hosts}
        yield played, before, after, {host.name: changes(host) for host in simulation.hosts}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_host_is_as_it_was(ran: Ran, name: str) -> None:
    played, before, after, _changes = ran
    assert played.returncode == 0, played.output
    assert after[name][0] == before[name][0]
    assert after[name][1] == before[name][1]


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_was_planned_was_done(ran: Ran, name: str) -> None:
    played, before, _after, _changes = ran
    plan = played.of(name, "plan").result
    back = played.of(name, "netmin.windows.rollback : Restore what runs of this collection changed").result
    assert [change["target"] for change in plan["changes"]] == [change["target"] for change in back["changes"]]
    assert {change["status"] for change in plan["changes"]} == {"planned"}
    assert {change["status"] for change in back["changes"]} == {"done"}
    (stored,) = played.of(name, "stored").result["snapshots"]
    assert stored["objects"] == played.of(name, "close").result["snapshot"]
    assert played.of(name, "again").result["changes"] == []
    # What was there before the first run opens again, all of it and nothing else, as the restore has forecast.
    proof = played.of(name, "prove").result["proof"]
    assert (proof["verdict"], proof["reasons"], proof["booted"]) == ("proven", [], True)
    found = sorted((row["protocol"], row["address"]) for row in proof["endpoints"] if row["outcome"] != "closed")
    assert found == sorted(row[:2] for row in before[name][1])


def test_a_copy_of_each_record_is_on_the_controller(ran: Ran, records: Path) -> None:
    played, _before, _after, _changes = ran
    for name in SCENARIOS:
        result = played.of(name, "close").result
        path = records / f"{name}.{result['run']}.json"
        kept = json.loads(path.read_text(encoding="utf-8"))
        assert (kept["host"], kept["run"], kept["ended"]) == (name, result["run"], True)
        assert kept["snapshot"] == result["snapshot"]
        assert [{**row, "count": 1} for row in kept["changes"]] == result["changes"]
        assert (result["record_file"], path.stat().st_mode & 0o777) == (str(path), 0o600)
    assert len(list(records.iterdir())) == len(SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_its_copy_nothing_changes(ran: Ran, name: str) -> None:
    played, _before, _after, _changes = ran
    refused = played.of(name, "not kept")
    assert (refused.status, refused.result["changed"]) == ("failed", False)
    assert "Not a directory; nothing was changed" in refused.message
