# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every request of a run and of a restore goes wrong once, in every way; then the host is asked what is true.

After each: the result says of every change whether it was made, and where there is none the next run plans what was not
made and nothing else; the snapshot holds every object that was changed, as it was; running again converges to the state
that an undisturbed run leaves; a restore gives the initial state, at once or after running again.

What follows a fault depends on nothing but the state of the host, so that two faults which leave the same state share it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from ansible_collections.netmin.windows.tests.unit.faulty import (
    Attempt,
    Kind,
    Trouble,
    fingerprint,
    made,
    minimize,
    restore,
    result_lies,
    snapshot_lacks,
)
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, differences, simulated, state

RUNS = tuple(f"2026010{day}T000000Z-00000{day}" for day in range(1, 10))
# Rules for the residue as well: they go through a command shell.
OPTIONS: dict[str, Any] = {"ip_filter": {"residue": "drop", "unknown": False}}
SCENARIOS = ("windows_2000", "windows_xp", "windows_vista", "windows_server_2022")


@contextmanager
def booted(name: str) -> Iterator[Simulated]:
    """Start a host of a scenario; delayed services run."""
    with simulated(name) as host:
        host.boot()
        yield host


def boot(host: Simulated) -> None:
    """Restart; whatever was open is gone."""
    host.boot()
    host.service.forget()


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
        initial = state(host)
        attempt = minimize(host, RUNS[0], **OPTIONS)
        assert attempt.result is not None
        assert not attempt.failed, attempt.result["msg"]
        after = state(host)
        boot(host)
        required = attempt.result["reboot_required"]
        return Undisturbed(attempt.wire.sent, tuple(attempt.wire.writing), initial, after, state(host), required)


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
    if first.changes and second.wanted != left:
        wrong.append(f"the next run plans {sorted(second.wanted ^ left)} otherwise than what was left")
    wrong += result_lies(second, host) + snapshot_lacks(second, host)
    third = minimize(host, RUNS[2], **OPTIONS)
    if third.result is None or third.result["changes"]:
        wrong.append(f"the run after that still plans {sorted(third.wanted)}")
    elif third.result["reboot_required"] != undisturbed(name).reboot_required:
        wrong.append(f"reboot_required is {third.result['reboot_required']}")
    wrong += differences(undisturbed(name).state, state(host))
    return wrong


def comes_back(host: Simulated, name: str) -> list[str]:
    """Restore all the way, boot, and compare with the initial state; once more there is nothing to do."""
    back = restore(host, RUNS[7])
    if back.failed:
        return [f"the restore failed: {back.error or (back.result or {}).get('msg')}"]
    wrong = result_lies(back, host)
    boot(host)
    wrong += differences(undisturbed(name).initial, state(host))
    again = restore(host, RUNS[8])
    return wrong + [f"a second restore still plans {sorted(again.wanted)}" for _ in again.changes[:1]]


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name.lower())
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_request_of_a_run(name: str, kind: Kind) -> None:
    findings = Findings()
    followed: set[str] = set()
    for at in range(1, undisturbed(name).requests + 1):
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
            findings.add(trouble, "restored after running again", comes_back(host, name))
        with booted(name) as host:
            minimize(host, RUNS[0], trouble, **OPTIONS)
            findings.add(trouble, "restored", comes_back(host, name))
    findings.expect_none()


@cache
def restore_requests(name: str) -> int:
    with booted(name) as host:
        minimize(host, RUNS[0], **OPTIONS)
        boot(host)
        return restore(host, RUNS[1]).wire.sent


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name.lower())
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_request_of_a_restore(name: str, kind: Kind) -> None:
    findings = Findings()
    followed: set[str] = set()
    for at in range(1, restore_requests(name) + 1):
        trouble = Trouble(kind, at)
        with booted(name) as host:
            minimize(host, RUNS[0], **OPTIONS)
            boot(host)
            whole = fingerprint(host)
            first = restore(host, RUNS[1], trouble)
            findings.add(trouble, "result", result_lies(first, host))
            findings.add(trouble, "snapshot", snapshot_lacks(first, host))
            now = fingerprint(host)
            if (now == whole and first.failed) or now in followed:
                continue
            followed.add(now)
            findings.add(trouble, "restored again", comes_back(host, name))
            if findings.lines:
                break
    findings.expect_none()
