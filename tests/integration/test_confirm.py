# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commit-confirm through real Ansible: over a new login, after a restart, and not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from winsim.server import Host, HostSpec, Simulation

from .harness import Played, play, variables, window
from .test_rollback import state

pytestmark = pytest.mark.slow

KEY = r"HKLM\SOFTWARE\netmin.windows\Confirm"
FOLDER = r"C:\Windows\netmin.windows"
# A task with a timer waits in real time: two beats to arm, one to confirm. Hosts go on side by side.
ROLE = {
    "ansible.builtin.include_role": {"name": "netmin.windows.minimize"},
    "vars": {"minimize_confirm": {"within": 600}, "minimize_reboot": True, "minimize_reboot_interval": 1},
}
CONFIRMED: list[dict[str, Any]] = [
    {"name": "close", "netmin.windows.services": {"services": [{"name": "Spooler"}], "confirm": {"within": 600}, "connections": 1}},
    {**ROLE, "name": "role"},
    {"name": "look", "netmin.windows.snapshot_info": {}},
]
HELD: list[dict[str, Any]] = [
    {"name": "try", "netmin.windows.minimize": {"confirm": {"within": 600}}, "check_mode": True},
    {"name": "close", "netmin.windows.minimize": {"confirm": {"within": 60, "hold": True}}},
    {"name": "second", "netmin.windows.netbt": {"netbios": "dhcp"}, "ignore_errors": True},
]
AFTERWARDS: list[dict[str, Any]] = [
    {"name": "look", "netmin.windows.snapshot_info": {}},
    {"name": "late", "netmin.windows.confirm": {}, "ignore_errors": True},
    {"name": "again", "netmin.windows.confirm": {}},
]

SCENARIOS = ("windows_xp", "windows_server_2022")


def of_the_timer(host: Host) -> list[str]:
    """Name what is on a host of a timer."""
    dump = window(host, "dump")
    keys = [key for key in dump["registry"] if key.lower().startswith(KEY.lower())]
    return keys + [path for path in dump["files"] if path.lower().startswith(FOLDER.lower())]


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    specs = [HostSpec(scenario=name, name=f"{name}_{use}", boot_seconds=0.5) for name in SCENARIOS for use in ("confirmed", "held")]
    with Simulation(specs) as running:
        yield running


def played(simulation: Simulation, use: str, tasks: list[dict[str, Any]]) -> Played:
    """Run tasks on the hosts of one use."""
    return play({host.name: variables(host) for host in simulation.hosts if host.name.endswith(use)}, tasks)


def test_a_run_is_confirmed_over_a_new_login_and_after_a_restart(simulation: Simulation) -> None:
    done = played(simulation, "confirmed", CONFIRMED)
    assert done.returncode == 0, done.output
    for name in SCENARIOS:
        host = f"{name}_confirmed"
        closed = done.of(host, "close").result
        assert closed["confirm"]["outcome"] == "confirmed; the timer is gone"
        assert closed["stats"]["logins"] == 2
        held = done.of(host, "netmin.windows.minimize : Close unneeded ports").result["confirm"]
        assert (held["armed"], held["confirmed"]) == (True, False)
        kept = done.of(host, "netmin.windows.minimize : Confirm the run").result
        assert (kept["changed"], kept["confirm"]["phase"]) == (True, "confirmed")
        assert done.of(host, "look").result["confirm"] is None
        assert of_the_timer(simulation[host]) == []


def test_a_run_that_nobody_confirms_is_put_back_by_the_host(simulation: Simulation) -> None:
    hosts = [simulation[f"{name}_held"] for name in SCENARIOS]
    before = {host.name: state(host) for host in hosts}
    done = played(simulation, "held", HELD)
    assert done.returncode == 0, done.output
    for host in hosts:
        assert done.of(host.name, "try").result["confirm"]["outcome"] == "the timer would be started before the first change"
        run = done.of(host.name, "close").result["run"]
        assert f"run {run} is waiting for confirmation" in done.of(host.name, "second").message
        assert state(host) != before[host.name]
        window(host, "clock", {"advance": 120})
        window(host, "boot", {}, method="POST")
        window(host, "clock", {"advance": 300})
    later = played(simulation, "held", AFTERWARDS)
    assert later.returncode == 0, later.output
    for host in hosts:
        assert state(host) == before[host.name]
        (warning,) = later.of(host.name, "look").result["warnings"]
        assert "so the host rolled it back: restored after 12 beats" in warning
        assert later.of(host.name, "late").result["confirm"]["phase"] == "restored"
        assert later.of(host.name, "again").result["confirm"] is None
        assert of_the_timer(host) == []
