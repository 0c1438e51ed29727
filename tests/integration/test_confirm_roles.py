# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who confirms in roles and in the playbook: after the restart and the proof, a later task, or nobody, and then the host goes back.

A task with a timer waits in real time, so that every case is a host of its own, and two plays with all of them run side by side.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from winsim.server import Host, HostSpec, Simulation

from .harness import Played, play, variables, window
from .test_confirm import of_the_timer
from .test_rollback import listening, state

pytestmark = pytest.mark.slow

# Longer than the plays take, so that no host goes back before it is looked at.
WITHIN = 600
TIMER = {"within": WITHIN}
QUICK = {"interval": 1}
CONFIRM: dict[str, Any] = {"netmin.windows.confirm": {}}
BACK: dict[str, Any] = {"rollback_reboot": True, "rollback_reboot_interval": 1, "rollback_confirm": TIMER}
HELD: dict[str, Any] = {**BACK, "rollback_confirm": {**TIMER, "hold": True}}
CLOSE: dict[str, Any] = {"minimize_reboot": True, "minimize_reboot_interval": 1, "minimize_confirm": TIMER}
NO_RETURN = {"minimize_reboot_timeout": 4}

# By host: its scenario, and its variables.
ROLES: dict[str, tuple[str, dict[str, Any]]] = {
    "back_xp": ("windows_xp", BACK),
    "back_2022": ("windows_server_2022", BACK),
    "held_xp": ("windows_xp", {**HELD, "rollback_reboot": False}),
    "held_2022": ("windows_server_2022", HELD),
    "later": ("windows_xp", {**CLOSE, "minimize_confirm_later": True}),
    "lost": ("windows_xp_no_return", {**CLOSE, **NO_RETURN}),
}
PLAYBOOK: dict[str, tuple[str, dict[str, Any]]] = {
    "proven": ("windows_xp", CLOSE),
    "waiting": ("windows_xp", {**CLOSE, "minimize_reboot": False}),
    "unproven": ("windows_xp_port_reopened", CLOSE),
    "gone": ("windows_xp_no_return", {**CLOSE, **NO_RETURN}),
}
GIVEN = {"target": "windows", "canary": ["100%"], "max_fail": 100, "verify_interval": 1}
TASKS: list[dict[str, Any]] = [
    {"name": "close", "netmin.windows.minimize": {}, "when": "rollback_confirm is defined"},
    {"name": "boot", "netmin.windows.reboot": QUICK, "when": "rollback_confirm is defined"},
    {"name": "role", "ansible.builtin.include_role": {"name": "netmin.windows.rollback"}, "when": "rollback_confirm is defined"},
    {"name": "role", "ansible.builtin.include_role": {"name": "netmin.windows.minimize"}, "when": "minimize_confirm is defined"},
    {"name": "look", "netmin.windows.snapshot_info": {}},
    {"name": "confirm", **CONFIRM, "when": "inventory_hostname in ['held_xp', 'held_2022', 'later']"},
]
RESTORED = "netmin.windows.rollback : Restore what runs of this collection changed"
KEPT = "netmin.windows.rollback : Confirm the restore"
RESTART = "netmin.windows.minimize : Restart the host if needed"
PROVE = "netmin.windows.verify : Compare the sockets with the forecast"
CLOSED = "netmin.windows.minimize : Close unneeded ports"


@dataclass(frozen=True)
class Ran:
    """What both plays returned, and each host as it was before."""

    simulation: Simulation
    roles: Played
    playbook: Played
    before: dict[str, tuple[dict[str, Any], list[tuple[str, ...]]]]

    def is_as_it_was(self, name: str) -> None:
        """Hold a host against what it was, once the services have started that begin late."""
        host = self.simulation[name]
        window(host, "clock", {"advance": 300})
        assert (state(host), listening(host)) == self.before[name]
        assert of_the_timer(host) == []


@pytest.fixture(scope="module")
def ran() -> Iterator[Ran]:
    every = {**ROLES, **PLAYBOOK}
    with Simulation([HostSpec(scenario=scenario, name=name, boot_seconds=0.5) for name, (scenario, _given) in every.items()]) as simulation:
        reached = {name: variables(simulation[name], **given) for name, (_scenario, given) in every.items()}
        before = {host.name: (state(host), listening(host)) for host in simulation.hosts}
        with ThreadPoolExecutor(2) as plays:
            roles = plays.submit(play, {name: reached[name] for name in ROLES}, TASKS, forks=len(ROLES))
            playbook = plays.submit(
                play,
                {name: reached[name] for name in PLAYBOOK},
                playbook="netmin.windows.minimize",
                arguments=("-e", json.dumps(GIVEN)),
                forks=len(PLAYBOOK),
            )
        yield Ran(simulation, roles.result(), playbook.result(), before)


def boots(host: Host) -> int:
    return len(window(host, "boots"))


@pytest.mark.parametrize("name", ["back_xp", "back_2022"])
def test_a_rollback_is_confirmed_after_its_restart(ran: Ran, name: str) -> None:
    assert ran.roles.of(name, "close").result["reboot_required"], ran.roles.output
    back = ran.roles.of(name, RESTORED).result
    assert back["reboot_required"]
    assert (back["confirm"]["armed"], back["confirm"]["confirmed"]) == (True, False)
    kept = ran.roles.of(name, KEPT)
    assert (kept.status, kept.result["confirm"]["run"], kept.result["confirm"]["phase"]) == ("ok", back["run"], "confirmed")
    assert boots(ran.simulation[name]) == 3
    assert ran.roles.of(name, "look").result["confirm"] is None
    ran.is_as_it_was(name)


@pytest.mark.parametrize(("name", "restarts"), [("held_xp", 2), ("held_2022", 3)])
def test_a_rollback_that_is_held_waits_for_a_later_task(ran: Ran, name: str, restarts: int) -> None:
    host = ran.simulation[name]
    back = ran.roles.of(name, RESTORED).result
    assert back["confirm"]["outcome"] == "running; run 'confirm' to keep the changes"
    assert ran.roles.of(name, KEPT).status == "skipped"
    assert boots(host) == restarts
    assert ran.roles.of(name, "look").result["confirm"]["phase"] == "armed"
    confirmed = ran.roles.of(name, "confirm").result["confirm"]
    assert (confirmed["run"], confirmed["phase"]) == (back["run"], "confirmed")
    assert of_the_timer(host) == []
    window(host, "boot", {}, method="POST")
    ran.is_as_it_was(name)


def test_the_role_minimize_leaves_to_a_later_task_what_is_its(ran: Ran) -> None:
    closed = ran.roles.of("later", CLOSED).result
    assert ran.roles.of("later", RESTART).status == "ok"
    assert ran.roles.of("later", "netmin.windows.minimize : Confirm the run").status == "skipped"
    assert ran.roles.of("later", "look").result["confirm"]["phase"] == "armed"
    confirmed = ran.roles.of("later", "confirm").result["confirm"]
    assert (confirmed["run"], confirmed["phase"]) == (closed["run"], "confirmed")
    assert of_the_timer(ran.simulation["later"]) == []


@pytest.mark.parametrize(("name", "proofs", "restarts"), [("proven", ["ok"], 2), ("waiting", [], 1)])
def test_the_playbook_confirms_what_is_proven_or_waits_for_a_boot(ran: Ran, name: str, proofs: list[str], restarts: int) -> None:
    assert ran.playbook.of(name, CLOSED).result["confirm"]["outcome"] == "running; run 'confirm' to keep the changes", ran.playbook.output
    assert [outcome.status for outcome in ran.playbook.outcomes if (outcome.host, outcome.task) == (name, PROVE)] == proofs
    kept = ran.playbook.of(name, "Confirm the run").result["confirm"]
    assert (kept["run"], kept["phase"]) == (ran.playbook.of(name, CLOSED).result["run"], "confirmed")
    assert of_the_timer(ran.simulation[name]) == []
    assert boots(ran.simulation[name]) == restarts


def test_what_is_not_proven_or_does_not_come_back_is_not_confirmed_and_goes_back(ran: Ran) -> None:
    assert ran.playbook.of("unproven", PROVE).status == "failed", ran.playbook.output
    for name, played in (("lost", ran.roles), ("gone", ran.playbook), ("unproven", ran.playbook)):
        host = ran.simulation[name]
        closed = played.of(name, CLOSED).result
        assert (closed["confirm"]["armed"], closed["confirm"]["confirmed"]) == (True, False)
        # The role's own task is skipped in the playbook, which confirms after the proof.
        asked = [o.task for o in played.outcomes if o.host == name and o.task.endswith("Confirm the run") and o.status != "skipped"]
        assert asked == []
        if name != "unproven":
            assert "did not come back" in played.of(name, RESTART).message
            assert not window(host, "dump")["up"]
            window(host, "faults", method="DELETE")
            window(host, "boot", {}, method="POST")
        assert state(host) != ran.before[name][0]
        assert of_the_timer(host)
        window(host, "clock", {"advance": WITHIN + 120})
    hosts = {name: variables(ran.simulation[name]) for name in ("lost", "gone", "unproven")}
    later = play(hosts, [{"name": "late", **CONFIRM, "ignore_errors": True}, {"name": "again", **CONFIRM}])
    for name in hosts:
        late = later.of(name, "late")
        assert (late.status, late.result["confirm"]["phase"]) == ("failed", "restored"), later.output
        assert later.of(name, "again").result["confirm"] is None
        ran.is_as_it_was(name)
