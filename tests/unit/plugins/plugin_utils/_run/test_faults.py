# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every request of a run and of a restore goes wrong once, in every way; then the host is asked what is true.

After each: the result says of every change whether it was made, and where there is none the next run plans what was not
made and nothing else; the snapshot holds every object that was changed, as it was; running again converges to the state
that an undisturbed run leaves; a restore gives the initial state, at once or after running again.

What follows a fault depends on nothing but the state of the host, so that two faults which leave the same state share it.
Of the requests only some are tried, others for each kind of fault and each host; with NETMIN_EVERY_FAULT in the environment
all are, which takes half an hour.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from ansible_collections.netmin.windows.tests.unit.faulty import (
    Attempt,
    Kind,
    Trouble,
    comparable,
    fingerprint,
    made,
    minimize,
    restore,
    result_lies,
    rules,
    snapshot_lacks,
)
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, boot, booted, differences

RUNS = tuple(f"2026010{day}T000000Z-00000{day}" for day in range(1, 10))
# Rules for the residue as well: they go through a command shell.
OPTIONS: dict[str, Any] = {"ip_filter": {"residue": "drop", "unknown": False}}
SCENARIOS = ("windows_2000", "windows_xp", "windows_vista", "windows_server_2022")


EVERY = "NETMIN_EVERY_FAULT" in os.environ
STEP = 1 if EVERY else 32


def cases(*kinds: Kind) -> list[Any]:
    """Pair hosts and kinds of faults; where not all is tried, each kind on one host."""
    every = [(name, kind, number) for number, kind in enumerate(kinds) for name in SCENARIOS]
    pairs = [(name, kind) for name, kind, number in every if EVERY or name == SCENARIOS[number % len(SCENARIOS)]]
    return [pytest.param(name, kind, id=f"{name}-{kind.name.lower()}") for name, kind in pairs]


def thinned(count: int, *, offset: int) -> range:
    """Return the numbers from 1 to `count` that are tried."""
    return range(1 + offset % min(STEP, count), count + 1, STEP)


@dataclass(frozen=True)
class Undisturbed:
    """What a run leaves to which nothing happens.

    Attributes:
        requests: how many it takes.
        writing: numbers of those that change the host.
        state: of the host afterwards.
        booted: the same after a boot.
    """

    requests: int
    writing: tuple[int, ...]
    initial: dict[str, Any]
    state: dict[str, Any]
    booted: dict[str, Any]
    reboot_required: bool


@cache
def undisturbed(name: str) -> Undisturbed:
    with booted(name) as host:
        initial = comparable(host)
        attempt = minimize(host, RUNS[0], **OPTIONS)
        assert attempt.result is not None
        assert not attempt.failed, attempt.result["msg"]
        after = comparable(host)
        boot(host)
        required = attempt.result["reboot_required"]
        return Undisturbed(attempt.wire.sent, tuple(attempt.wire.writing), initial, after, comparable(host), required)


@dataclass
class Findings:
    """What is not as it has to be, a line each."""

    lines: list[str] = field(default_factory=list)

    def add(self, trouble: Trouble, where: str, wrong: list[str]) -> None:
        """Take what one check found."""
        self.lines += [f"{trouble}; {where}: {line}" for line in wrong]

    def expect_none(self) -> None:
        """Fail with what was found."""
        assert not self.lines, "\n".join([f"{len(self.lines)} in all", *self.lines[:40]])


def converges(host: Simulated, name: str, first: Attempt) -> list[str]:
    """Run twice more: the first completes what was not made and nothing else, the second finds nothing to do."""
    wrong: list[str] = []
    left = {(c.target, str(c.shown[1])) for c in first.changes if not made(c, dict(host.computer.state()))}
    second = minimize(host, RUNS[1], **OPTIONS)
    if second.failed:
        return [f"the next run failed: {second.error or (second.result or {}).get('msg')}"]
    # Rules that a run announced and could not look for afterwards are made anew: nobody knows whether they are there.
    # What a hazard held back that could not be looked for is planned once it can.
    doubted = any(
        text.startswith("could not be checked") for hazard in (first.result or {}).get("hazards", ()) for text in hazard["evidence"]
    )
    otherwise = sorted(item for item in (left - second.wanted if doubted else second.wanted ^ left) if "inbound rule" not in item[0])
    if first.changes and otherwise:
        wrong.append(f"the next run plans {otherwise} otherwise than what was left")
    wrong += result_lies(second, host) + snapshot_lacks(second, host)
    third = minimize(host, RUNS[2], **OPTIONS)
    if third.result is None or third.result["changes"]:
        wrong.append(f"the run after that still plans {sorted(third.wanted)}")
    elif third.result["reboot_required"] != undisturbed(name).reboot_required:
        wrong.append(f"reboot_required is {third.result['reboot_required']}")
    wrong += differences(undisturbed(name).state, comparable(host))
    return wrong


def comes_back(host: Simulated, name: str) -> list[str]:
    """Restore all the way, boot, and compare with the initial state; once more there is nothing to do."""
    back = restore(host, RUNS[7])
    if back.failed:
        return [f"the restore failed: {back.error or (back.result or {}).get('msg')}"]
    wrong = result_lies(back, host)
    boot(host)
    wrong += differences(undisturbed(name).initial, comparable(host))
    again = restore(host, RUNS[8])
    return wrong + [f"a second restore still plans {sorted(again.wanted)}" for _change in again.changes[:1]]


def follow(findings: Findings, name: str, trouble: Trouble, *, both: bool) -> None:
    """Let it happen, check what is said, then run again and restore; with `both` also restore at once."""
    with booted(name) as host:
        first = minimize(host, RUNS[0], trouble, **OPTIONS)
        findings.add(trouble, "result", result_lies(first, host))
        findings.add(trouble, "snapshot", snapshot_lacks(first, host))
        findings.add(trouble, "again", converges(host, name, first))
        if not both:
            return
        findings.add(trouble, "restored after running again", comes_back(host, name))
    with booted(name) as host:
        minimize(host, RUNS[0], trouble, **OPTIONS)
        findings.add(trouble, "restored", comes_back(host, name))


@pytest.mark.parametrize(("name", "kind"), cases(*(kind for kind in Kind if not kind.kills)))
def test_every_request_of_a_run(name: str, kind: Kind) -> None:
    findings = Findings()
    followed: set[str] = set()
    for at in thinned(undisturbed(name).requests, offset=list(Kind).index(kind)):
        trouble = Trouble(kind, at)
        with booted(name) as host:
            whole = fingerprint(host)
            first = minimize(host, RUNS[0], trouble, **OPTIONS)
            findings.add(trouble, "result", result_lies(first, host))
            findings.add(trouble, "snapshot", snapshot_lacks(first, host))
            now = fingerprint(host)
            if (now == whole and first.failed) or now in followed:
                continue
            followed.add(now)
            findings.add(trouble, "again", converges(host, name, first))
    findings.expect_none()


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_every_request(name: str) -> None:
    """What is sent after a write that is not a write itself leaves the host as that write did."""
    findings = Findings()
    writing = undisturbed(name).writing
    for number in thinned(len(writing), offset=SCENARIOS.index(name)):
        follow(findings, name, Trouble(Kind.KILLED_AFTER, writing[number - 1]), both=True)
    findings.expect_none()


@cache
def restore_writing(name: str) -> tuple[int, ...]:
    with booted(name) as host:
        minimize(host, RUNS[0], **OPTIONS)
        boot(host)
        return tuple(restore(host, RUNS[1]).wire.writing)


@pytest.mark.parametrize(("name", "kind"), cases(*reversed(Kind)))
def test_every_write_of_a_restore(name: str, kind: Kind) -> None:
    findings = Findings()
    writing = restore_writing(name)
    for number in thinned(len(writing), offset=list(Kind).index(kind)):
        trouble = Trouble(kind, writing[number - 1])
        with booted(name) as host:
            minimize(host, RUNS[0], **OPTIONS)
            boot(host)
            first = restore(host, RUNS[1], trouble)
            findings.add(trouble, "result", result_lies(first, host))
            findings.add(trouble, "snapshot", snapshot_lacks(first, host))
            findings.add(trouble, "restored again", comes_back(host, name))
    findings.expect_none()


TCPIP = r"HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters"
MISBEHAVIOUR: list[dict[str, object]] = [
    {"kind": "stop_hangs", "service": "SSDPSRV"},
    {"kind": "stops_late", "service": "SSDPSRV", "after": 20.0},
    {"kind": "comes_back", "service": "W32Time"},
    {"kind": "start_mode_lost", "service": "W32Time"},
    {"kind": "value_lost", "key": TCPIP, "name": "SmbDeviceEnabled"},
    {"kind": "service_denied", "service": "W32Time"},
    {"kind": "key_denied", "key": TCPIP},
    {"kind": "method_denied", "class": "Win32_NetworkAdapterConfiguration", "method": "SetTcpipNetbios"},
]


def misbehaviour() -> list[Any]:
    """Pair what goes wrong with whether the run is done again before the restore; where not all is tried, every other pair."""
    pairs = [(fault, again) for fault in MISBEHAVIOUR for again in (True, False)]
    # Of each fault one, and by turns the one and the other.
    tried = [pair for number, pair in enumerate(pairs) if EVERY or number % 4 in (0, 3)]
    return [pytest.param(*pair, id=f"{pair[0]['kind']}-{'again' if pair[1] else 'at once'}") for pair in tried]


@pytest.mark.parametrize(("fault", "again"), misbehaviour())
def test_a_host_that_misbehaves(fault: dict[str, object], again: bool) -> None:
    """It says what did not hold; once the cause is removed, and the clock set back meanwhile, all is as after any other fault."""
    name = "windows_xp"
    with booted(name) as host:
        host.computer.inject(fault)
        first = minimize(host, RUNS[0], **OPTIONS)
        # Disabled before it stops, a service cannot be started again.
        assert first.failed is (fault["kind"] not in ("stops_late", "comes_back"))
        assert result_lies(first, host) == []
        assert snapshot_lacks(first, host) == []
        host.computer.clear_faults()
        host.computer.step_clock(-86400)
        if fault["kind"] == "stop_hangs":
            # What hangs goes on hanging until a boot.
            boot(host)
        elif again:
            assert converges(host, name, first) == []
        assert comes_back(host, name) == []


def test_a_write_that_nobody_could_read_back_is_not_called_done() -> None:
    """Windows accepts a start mode and does not keep it, and the host is gone before anybody reads it."""
    given: dict[str, Any] = {"stages": ["services"], "services": [{"name": "W32Time", "start_mode": "disabled"}]}
    with booted("windows_xp") as host:
        written = minimize(host, RUNS[0], **given).wire.writing
    tried = 0
    for at in written:
        with booted("windows_xp") as host:
            host.computer.inject({"kind": "start_mode_lost", "service": "W32Time"})
            attempt = minimize(host, RUNS[0], Trouble(Kind.GONE_AFTER, at), **given)
            assert result_lies(attempt, host) == [], at
            assert attempt.result is not None
            tried += [row["status"] for row in attempt.result["changes"]] == ["unknown"]
    assert tried


def test_a_rule_of_a_run_that_was_killed_is_removed_by_a_restore() -> None:
    """The run left its name and never learned where the firewall keeps it."""
    name = "windows_server_2022"

    def killed(at: int, host: Simulated) -> bool:
        minimize(host, RUNS[0], Trouble(Kind.KILLED_AFTER, at), **OPTIONS)
        return any(rule.startswith("netmin.windows ") for rule in rules(host.computer.state()))

    def has_rule(at: int) -> bool:
        with booted(name) as host:
            return killed(at, host)

    writing = undisturbed(name).writing
    first = writing[bisect_left(writing, True, key=has_rule)]
    with booted(name) as host:
        assert killed(first, host)
        assert comes_back(host, name) == []


def test_a_delay_that_a_restore_wrote_is_no_change_of_ours_to_put_back() -> None:
    """Where the change of the start mode takes the delay away, a restore writes it, and the next one leaves it."""
    with booted("windows_server_2008") as host:
        before = comparable(host)
        name = next(s.spec.name for s in host.computer.host.services.all if s.delayed)
        assert not minimize(host, RUNS[0], services=[{"name": name, "state": "stopped", "start_mode": "disabled"}]).failed
        host.session.delete_value(rf"SYSTEM\CurrentControlSet\Services\{name}", "DelayedAutostart")
        assert not restore(host, RUNS[1]).failed
        assert restore(host, RUNS[2]).changes == ()
        boot(host)
        assert differences(before, comparable(host)) == []


def test_a_clock_that_was_set_back_does_not_turn_runs_round() -> None:
    with booted("windows_xp") as host:
        before = comparable(host)
        for run, mode in ((RUNS[5], "manual"), (RUNS[0], "disabled")):
            done = minimize(host, run, stages=["services"], services=[{"name": "W32Time", "start_mode": mode}])
            assert not done.failed
        assert done.run == "20260106T000001Z-000001"
        back = restore(host, RUNS[1])
        assert back.run == "20260106T000002Z-000002"
        assert not back.failed
        boot(host)
        assert differences(before, comparable(host)) == []
