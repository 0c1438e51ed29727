# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The `minimize` playbook over many hosts: on only where a batch is proven, only in the window, and one summary at the end.

And the `rollback` playbook, which goes in the same batches.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from winsim.server import HostSpec, Simulation

from .harness import Played, changes, listeners, on, play, window

pytestmark = pytest.mark.slow

WINRM = {("tcp", "0.0.0.0", 5985)}
GIVEN = {
    "target": "windows",
    "minimize_reboot": True,
    "minimize_reboot_interval": 1,
    "minimize_reboot_timeout": 4,
    "verify_interval": 1,
}
CLOSE = "netmin.windows.minimize : Close unneeded ports"
RESTART = "netmin.windows.minimize : Restart the host if needed"
PROVE = "netmin.windows.verify : Compare the sockets with the forecast"
KEEP = "Confirm the run"
ROLLBACK = "netmin.windows.rollback"
BACK = "netmin.windows.rollback : Restore what runs of this collection changed"
BACK_RESTART = "netmin.windows.rollback : Restart the host if needed"
END = "Fail if the host failed"
SUMMARY = "Summarize the run"
NIGHT = {"from": "22:00", "until": "04:00", "utc_offset": "+00:00"}
IN_THE_NIGHT, AT_NOON = "2026-03-06T23:00:00Z", "2026-03-06T12:00:00Z"


def fleet(*scenarios: str) -> Simulation:
    """Return hosts a, b, c and so on."""
    return Simulation([HostSpec(scenario=name, name="abcdefgh"[place], boot_seconds=1) for place, name in enumerate(scenarios)])


def roll_out(
    simulation: Simulation,
    *arguments: str,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    playbook: str = "netmin.windows.minimize",
    **given: Any,
) -> Played:
    """Run the playbook on all hosts of a simulation."""
    said = ("-e", json.dumps({**GIVEN, **given}), *arguments)
    reached = {name: {**values, **(hosts or {}).get(name, {})} for name, values in on(simulation).items()}
    return play(reached, playbook=playbook, arguments=said)


def summary(played: Played) -> list[str]:
    """Return the lines of the one summary that was shown."""
    shown = [outcome for outcome in played.outcomes if outcome.task == SUMMARY and outcome.status == "ok" and outcome.result["ends"]]
    assert len(shown) == 1, played.output
    lines: list[str] = shown[0].result["lines"]
    # What the user sees is what the task returned, but for the reasons: they stand where each host was shown.
    printed = " ".join(played.output.split())
    assert all(" ".join(line.split()) in printed for line in lines if not re.match(r"\S+ (failed|refused|not reached):", line))
    return lines


def words(lines: Sequence[str], host: str) -> list[str]:
    """Return the cells of a host's line in the table."""
    return next(re.split(r"  +", line) for line in lines if line.startswith(f"{host}  "))


def boots(simulation: Simulation, name: str) -> int:
    """Return how often a host was asked to restart, by its own journal."""
    return sum(row["method"] == "Win32Shutdown" for row in window(simulation[name], "journal")["requests"])


def requests(simulation: Simulation, name: str) -> int:
    """Return how many requests a host has had."""
    return len(window(simulation[name], "journal")["requests"])


def test_a_host_that_does_not_come_back_ends_the_run_before_the_second_batch() -> None:
    with fleet("windows_xp_no_return", "windows_xp", "windows_xp", "windows_xp") as simulation:
        played = roll_out(simulation, canary=[2])
        assert played.returncode == 2, played.output
        assert played.of("a", RESTART).status == "failed"
        # The others of its batch are carried through, and proven.
        assert played.of("b", PROVE).result["proven"]
        assert listeners(simulation["b"]) == WINRM
        assert [requests(simulation, name) for name in ("c", "d")] == [0, 0]
        lines = summary(played)
        assert lines[0].split() == ["host", "outcome", "closed", "to", "close", "residue", "contradicted", "refused"]
        assert words(lines, "a")[1] == "failed"
        assert words(lines, "b") == ["b", "proven", "14", "0", "0", "0", "0"]
        assert lines[3].startswith("a failed: a did not come back after the restart within 4 seconds")
        assert lines[4] == "not started: c, d"
        assert lines[5].startswith("4 hosts: 1 proven, 1 failed, 2 not started; endpoints: ")


@pytest.mark.parametrize("playbook", ["netmin.windows.minimize", ROLLBACK])
def test_batches_wait_for_each_other_whatever_strategy_is_configured(playbook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `free` each host of the play goes on by itself, through batches that were to end it."""
    monkeypatch.setenv("ANSIBLE_STRATEGY", "free")
    with fleet("windows_xp", "windows_xp") as simulation:
        # Neither has such a run, or such a service.
        given = {"rollback_run": "20260101T000000Z-000001"} if playbook == ROLLBACK else {"minimize_services": [{"name": "Mesenger"}]}
        played = roll_out(simulation, playbook=playbook, **given)
        assert played.returncode == 2, played.output
        assert requests(simulation, "a") > 0
        assert requests(simulation, "b") == 0


@pytest.mark.parametrize(
    ("scenario", "told"), [("windows_xp_port_reopened", "the proof failed"), ("windows_xp_sticky_socket", "the proof failed")]
)
def test_a_host_that_is_not_proven_ends_the_run(scenario: str, told: str) -> None:
    with fleet(scenario, "windows_xp") as simulation:
        played = roll_out(simulation)
        assert played.returncode == 2, played.output
        assert requests(simulation, "b") == 0
        lines = summary(played)
        assert words(lines, "a")[1] == "failed"
        assert lines[2].startswith("a failed: ")
        assert told in lines[2]
        # What the proof contradicted is no residue, and is named.
        assert (words(lines, "a")[4], words(lines, "a")[5] != "0") == ("0", True)
        assert lines[3].startswith("a contradicted: ")
        assert lines[4] == "not started: b"


def test_all_goes_well_one_after_another_and_one_summary_ends_it() -> None:
    with fleet("windows_xp", "windows_2000", "windows_xp") as simulation:
        played = roll_out(simulation)
        assert played.returncode == 0, played.output
        # One host first, then a tenth, half, and the rest: of three hosts one, one, one.
        order = [outcome.host for outcome in played.outcomes if outcome.task in (CLOSE, PROVE)]
        assert order == ["a", "a", "b", "b", "c", "c"]
        lines = summary(played)
        assert [words(lines, name)[1:3] for name in "abc"] == [["proven", "14"], ["proven", "19"], ["proven", "14"]]
        assert lines[-1] == "3 hosts: 3 proven; endpoints: 47 closed, 0 to close, 0 residue, 0 contradicted, 0 refused"


def test_failures_up_to_the_percentage_do_not_end_the_run() -> None:
    with fleet("windows_xp_write_lost", "windows_xp", "windows_xp") as simulation:
        played = roll_out(simulation, canary=[2], max_fail=50)
        assert played.returncode == 2, played.output
        assert [listeners(simulation[name]) == WINRM for name in "abc"] == [False, True, True]
        assert summary(played)[-1].startswith("3 hosts: 2 proven, 1 failed; ")


def test_a_host_that_is_not_reached_is_passed_over_unless_it_is_the_whole_batch() -> None:
    nowhere = {"ansible_port": 9}
    with fleet("windows_xp", "windows_xp", "windows_xp") as simulation:
        alone = roll_out(simulation, hosts={"a": nowhere})
        assert alone.returncode == 4, alone.output
        assert [requests(simulation, name) for name in "abc"] == [0, 0, 0]
        assert words(summary(alone), "a") == ["a", "not reached", "-", "-", "-", "-", "-"]
        among = roll_out(simulation, hosts={"a": nowhere}, canary=[2])
        assert among.returncode == 4, among.output
        assert [listeners(simulation[name]) == WINRM for name in "bc"] == [True, True]
        assert summary(among)[-1].startswith("3 hosts: 2 proven, 1 not reached; ")


def test_a_host_that_is_lost_after_it_was_changed_has_failed() -> None:
    with fleet("windows_xp", "windows_xp") as simulation:
        # The address of the proof's tasks leads nowhere.
        lost = {"ansible_port": f"{{{{ 9 if minimize_reboot_result is defined else {simulation['a'].port} }}}}"}
        played = roll_out(simulation, hosts={"a": lost})
        assert played.of("a", PROVE).status == "unreachable", played.output
        assert played.returncode == 2
        assert requests(simulation, "b") == 0
        assert "a failed: could not be reached after it was minimized" in summary(played)[2]


def test_a_host_that_is_lost_before_it_is_confirmed_has_failed() -> None:
    with fleet("windows_xp", "windows_xp") as simulation:
        # The address of what comes after the proof leads nowhere.
        lost = {"ansible_port": f"{{{{ 9 if verify_result is defined else {simulation['a'].port} }}}}"}
        played = roll_out(simulation, hosts={"a": lost}, minimize_confirm={"within": 600})
        assert played.of("a", PROVE).result["proven"], played.output
        assert played.of("a", KEEP).status == "failed"
        assert played.returncode == 2
        assert requests(simulation, "b") == 0
        lines = summary(played)
        assert words(lines, "a")[1] == "failed"
        assert "back unless it is confirmed in time" in lines[2]
        assert lines[-1].startswith("2 hosts: 1 failed, 1 not started; ")


def test_a_host_that_is_lost_before_it_is_proven_is_not_confirmed() -> None:
    with fleet("windows_xp") as simulation:
        # Only the address of the proof leads nowhere.
        there = simulation["a"].port
        lost = {"ansible_port": f"{{{{ 9 if minimize_reboot_result is defined and verify_result is undefined else {there} }}}}"}
        played = roll_out(simulation, hosts={"a": lost}, minimize_confirm={"within": 600})
        assert played.of("a", PROVE).status == "unreachable", played.output
        assert played.of("a", KEEP).status == "skipped"
        assert played.returncode == 2


def test_outside_the_window_no_host_is_touched_and_check_mode_is_allowed() -> None:
    with fleet("windows_xp", "windows_xp") as simulation:
        closed = {**NIGHT, "now": AT_NOON}
        played = roll_out(simulation, minimize_window=closed)
        assert played.returncode == 2, played.output
        assert [requests(simulation, name) for name in "ab"] == [0, 0]
        lines = summary(played)
        assert lines[2] == ("a refused: outside the maintenance window (22:00 to 04:00): it is fri 12:00 (UTC+00:00); nothing was changed")
        assert lines[-1].startswith("2 hosts: 1 refused, 1 not started; ")
        checked = roll_out(simulation, "--check", minimize_window=closed)
        assert checked.returncode == 0, checked.output
        assert [changes(simulation[name]) for name in "ab"] == [0, 0]
        assert words(summary(checked), "a") == ["a", "planned", "0", "14", "0", "0", "0"]


def test_in_the_window_it_goes_on_and_before_each_batch_and_restart_it_asks_again() -> None:
    opened = f"{{{{ '{IN_THE_NIGHT}' if SO_FAR else '{AT_NOON}' }}}}"
    with fleet("windows_xp", "windows_xp") as simulation:
        first = roll_out(simulation, minimize_window={**NIGHT, "now": opened.replace("SO_FAR", "inventory_hostname == 'a'")})
        assert first.returncode == 2, first.output
        assert listeners(simulation["a"]) == WINRM
        assert requests(simulation, "b") == 0
        assert summary(first)[-1].startswith("2 hosts: 1 proven, 1 refused; ")
        second = roll_out(
            simulation, "--limit", "b", minimize_window={**NIGHT, "now": opened.replace("SO_FAR", "minimize_result is undefined")}
        )
        assert second.returncode == 2, second.output
        assert changes(simulation["b"]) > 0
        assert boots(simulation, "b") == 0
        lines = summary(second)
        assert words(lines, "b") == ["b", "failed", "7", "7", "0", "0", "0"]
        assert "outside the maintenance window" in lines[2]
        third = roll_out(simulation, "--limit", "b", minimize_window={**NIGHT, "now": IN_THE_NIGHT})
        assert third.returncode == 0, third.output
        assert listeners(simulation["b"]) == WINRM


def test_without_a_restart_the_summary_says_what_waits_for_one() -> None:
    with fleet("windows_xp") as simulation:
        played = roll_out(simulation, minimize_reboot=False)
        assert played.returncode == 0, played.output
        assert words(summary(played), "a") == ["a", "needs a restart", "7", "7", "0", "0", "0"]
        assert "minimize_reboot=true" in played.output


def test_not_more_hosts_restart_at_once_than_is_said() -> None:
    with fleet("windows_xp", "windows_xp", "windows_xp") as simulation:
        played = roll_out(simulation, canary=[3], minimize_reboot_throttle=1)
        assert played.returncode == 0, played.output
        ups = sorted(datetime.fromisoformat(row["after"]["last_boot_up_time"]) for row in restarts(played))
        # A restart takes more than a second here, so that those which wait for each other are at least as far apart.
        assert [(later - earlier).total_seconds() >= 1 for earlier, later in pairwise(ups)] == [True, True]


def restarts(played: Played) -> list[dict[str, Any]]:
    """Return what the restarts returned."""
    return [outcome.result for outcome in played.outcomes if outcome.task == RESTART and outcome.status == "ok"]


def test_a_rollback_that_fails_ends_the_run_before_the_second_batch() -> None:
    with fleet("windows_xp", "windows_xp") as simulation:
        played = roll_out(simulation, playbook=ROLLBACK, rollback_run="20260101T000000Z-000001")
        assert played.returncode == 2, played.output
        assert played.of("a", BACK).status == "failed"
        assert "20260101T000000Z-000001" in played.of("a", BACK).message
        assert played.of("a", END).message == "a refused: see above"
        assert requests(simulation, "b") == 0


def test_a_host_that_is_lost_in_a_rollback_has_failed_and_its_batch_is_carried_through() -> None:
    with fleet("windows_xp", "windows_xp", "windows_xp") as simulation:
        closed = roll_out(simulation, canary=["100%"])
        assert closed.returncode == 0, closed.output
        before = requests(simulation, "c")
        # The address of the restart leads nowhere.
        lost = {"ansible_port": f"{{{{ 9 if rollback_result is defined else {simulation['a'].port} }}}}"}
        given = {"rollback_reboot": True, "rollback_reboot_interval": 1, "canary": [2]}
        played = roll_out(simulation, playbook=ROLLBACK, hosts={"a": lost}, **given)
        assert played.returncode == 2, played.output
        assert played.of("a", BACK_RESTART).status == "unreachable"
        assert played.of("a", END).message == "a failed: see above"
        lines = summary(played)
        assert any(line.startswith("a failed: could not be reached after it was restored") for line in lines)
        assert lines[0].split() == ["host", "outcome", "restored", "to", "restore", "opens", "left", "alone"]
        assert words(lines, "a")[1] == "failed"
        assert words(lines, "b")[1] == "restored"
        assert lines[-2] == "not started: c"
        assert [boots(simulation, name) for name in "abc"] == [1, 2, 1]
        assert requests(simulation, "c") == before


def test_a_host_that_a_rollback_does_not_reach_is_passed_over_unless_it_is_the_whole_batch() -> None:
    nowhere = {"ansible_port": 9}
    with fleet("windows_xp", "windows_xp", "windows_xp") as simulation:
        alone = roll_out(simulation, playbook=ROLLBACK, hosts={"a": nowhere})
        assert alone.returncode == 4, alone.output
        assert [requests(simulation, name) for name in "abc"] == [0, 0, 0]
        among = roll_out(simulation, playbook=ROLLBACK, hosts={"a": nowhere}, canary=[2])
        assert among.returncode == 4, among.output
        assert [among.of(name, BACK).status for name in "abc"] == ["unreachable", "ok", "ok"]
        assert words(summary(among), "a")[1] == "not reached"


@contextmanager
def silent() -> Iterator[int]:
    """Listen at a port, let everybody in and answer nobody; yield its number."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        yield int(listener.getsockname()[1])


def test_a_host_that_answers_nothing_costs_its_batch_no_more_than_its_timeout() -> None:
    timeout, slack = 8, 10
    patience = {"ansible_winrm_operation_timeout_sec": timeout - 1, "ansible_winrm_read_timeout_sec": timeout}
    audit = [{"name": "list", "netmin.windows.listeners_info": {}}]
    with silent() as port, fleet("windows_xp", "windows_xp", "windows_xp") as simulation:
        there = on(simulation)
        began = time.monotonic()
        usual = play(there, audit)
        without = time.monotonic() - began
        dumb = {f"silent{number}": {**there["a"], "ansible_host": "127.0.0.1", "ansible_port": port, **patience} for number in range(3)}
        began = time.monotonic()
        played = play({**dumb, **there}, audit, forks=6)
        took = time.monotonic() - began
    assert usual.returncode == 0, usual.output
    assert [played.of(name).status for name in dumb] == ["unreachable"] * 3, played.output
    assert [played.of(name).status for name in there] == ["ok"] * 3
    # Once, and side by side: the time-outs do not add up, and no login is tried again.
    assert took < without + timeout + slack, (took, without)
