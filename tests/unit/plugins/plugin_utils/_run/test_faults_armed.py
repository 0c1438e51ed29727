# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run with a timer goes wrong at each of its requests, in every way: while it arms, while it changes, while it confirms.

After each, nobody does anything until the time of the host is over. Then either all changes stand and the host never restarted,
or it is as it was before by itself, never anything between; nothing of the timer runs; and what the task said of it is so. The
same task once more converges, leaves nothing of a timer, and a restore gives the initial state.

Of the requests only some are tried; with NETMIN_EVERY_FAULT in the environment all are.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import Wish
from ansible_collections.netmin.windows.tests.unit.faulty import (
    Attempt,
    Kind,
    Means,
    Trouble,
    comparable,
    fingerprint,
    minimize,
    restore,
    result_lies,
    snapshot_lacks,
)
from ansible_collections.netmin.windows.tests.unit.simulated import OURS, Simulated, boot, booted, differences

RUNS = tuple(f"2026010{day}T000000Z-00000{day}" for day in range(1, 10))
EVERY = "NETMIN_EVERY_FAULT" in os.environ
# The one has the script started by a service, the other by a scheduled task.
SCENARIOS = ("windows_xp", "windows_server_2022")
MEANS = Means(wish=Wish(60, hold=False))
# Time of the host, with what the commands of the way back and a boot take.
OVER = 900
# Few changes, of those kinds that are put back in ways of their own.
OPTIONS: dict[str, Any] = {
    "stages": ["services", "netbt", "ip_filter"],
    "services": [{"name": "W32Time", "state": "stopped", "start_mode": "disabled"}],
    "ip_filter": {"residue": "drop", "unknown": False},
}
PARTS = ("arming", "changes", "confirming")
FOLDER, KEY, CARRIER = r"c:\windows\netmin.windows", rf"{OURS}\Confirm".lower(), "netmin.windows-confirm"


@dataclass(frozen=True)
class Undisturbed:
    """What a run leaves to which nothing happens.

    Attributes:
        parts: the numbers of the requests of each part of the run.
        state: of the host after a boot.
    """

    parts: dict[str, range]
    initial: dict[str, Any]
    state: dict[str, Any]


@cache
def undisturbed(name: str) -> Undisturbed:
    with booted(name) as host:
        initial = comparable(host)
        done = minimize(host, RUNS[0], means=MEANS, **OPTIONS)
        assert done.result is not None, done.error
        assert not done.failed, done.result["msg"]
        assert left(host) == []
        # The last request before the timer belongs to it as well.
        bounds = [done.wire.marks["arming"] - 1, *(done.wire.marks[part] for part in PARTS[1:]), done.wire.sent]
        parts = {part: range(bounds[place] + 1, bounds[place + 1] + 1) for place, part in enumerate(PARTS)}
        boot(host)
        return Undisturbed(parts, initial, comparable(host))


def left(host: Simulated) -> list[str]:
    """Name everything of a timer that is on a host."""
    whole: Any = host.computer.state()
    named = {part: " ".join(whole[part]).lower() for part in ("files", "registry", "services", "tasks")}
    signs = {"files": FOLDER, "registry": KEY, "services": CARRIER, "tasks": CARRIER}
    return [part for part, sign in signs.items() if sign in named[part]] + ["script"] * ticking(host)


def ticking(host: Simulated) -> bool:
    """Tell whether the script runs."""
    host.computer.state()
    return any("confirm.cmd" in job.line for job in host.computer.host.jobs.running)


def counting(host: Simulated) -> bool:
    """Tell whether the script runs and goes on: without its key it ends at the next beat."""
    return ticking(host) and "registry" in left(host)


def later(host: Simulated) -> None:
    """Let the time of the host pass; nobody looks."""
    host.clock.advance(OVER)
    host.computer.state()
    host.service.forget()
    host.session.forget()


def told_wrong(attempt: Attempt, host: Simulated) -> list[str]:
    """Hold what a task says of its timer against what runs on the host now."""
    if attempt.result is None:
        return []
    said, message = attempt.result["confirm"], attempt.result.get("msg", "")
    wrong = []
    if said["confirmed"] and (attempt.failed or left(host)):
        wrong.append(f"said to be confirmed: {message}; left are {left(host)}")
    if counting(host) and "The host rolls run" not in message:
        wrong.append(f"the script runs, and the task does not say so: {message}; {said}")
    if not said["confirmed"] and not attempt.failed:
        wrong.append(f"not confirmed, and the task did not fail: {said}")
    return wrong


def outcome_wrong(attempt: Attempt, host: Simulated, name: str, boots: int) -> list[str]:
    """Tell what is not as it has to be once the time of the host is over."""
    restarted, rest = host.computer.host.boots > boots, left(host)
    boot(host)
    stands = differences(undisturbed(name).state, comparable(host)) == []
    wrong = [] if stands and not restarted else differences(undisturbed(name).initial, comparable(host))
    if not stands:
        # What the host did by itself stays recorded until somebody looks.
        rest = [item for item in rest if item != "registry"]
    if "changes" not in attempt.wire.marks and "script" not in rest:
        # What is there of a timer that was never seen to start is idle, and the next run takes it away.
        rest, wrong = [], [line for line in wrong if "netmin.windows" not in line]
    wrong += [f"of the timer there is still {rest}"] if rest else []
    said = (attempt.result or {}).get("confirm")
    message = (attempt.result or {}).get("msg", "")
    if said is not None and said["confirmed"] and not stands:
        wrong.append("said to be confirmed, and put back")
    if said is not None and stands and not said["confirmed"] and "not known" not in message:
        wrong.append(f"all changes stand for good, and the task says {message}; {said}")
    return wrong


def meanwhile_wrong(host: Simulated) -> list[str]:
    """While a script counts, let another run come: it is refused before it writes anything, unless it has nothing to change."""
    if not counting(host):
        return []
    written = len(host.computer.changes())
    other = minimize(host, RUNS[3], means=MEANS, **OPTIONS)
    wrong = ["a run wrote while a timer counts"] if len(host.computer.changes()) > written else []
    refused = isinstance(other.error, Refused) and f"run {RUNS[0]} is waiting for confirmation" in str(other.error)
    return wrong if refused or (other.result is not None and not other.changes) else [*wrong, f"a run was not refused: {other.error}"]


def goes_on(host: Simulated, name: str) -> list[str]:
    """Do the same once more; then put back."""
    again = minimize(host, RUNS[1], means=MEANS, **OPTIONS)
    if again.failed:
        return [f"the next run failed: {again.error or (again.result or {}).get('msg')}"]
    wrong = result_lies(again, host) + snapshot_lacks(again, host)
    wrong += [f"after the next run there is still {left(host)}"] if left(host) else []
    boot(host)
    wrong += [f"done again: {line}" for line in differences(undisturbed(name).state, comparable(host))]
    wrong += [f"a third run still plans {sorted(third.wanted)}" for third in [minimize(host, RUNS[2], **OPTIONS)] if third.changes]
    back = restore(host, RUNS[7])
    if back.failed:
        return [*wrong, f"the restore failed: {back.error or (back.result or {}).get('msg')}"]
    wrong += result_lies(back, host)
    boot(host)
    return wrong + [f"put back: {line}" for line in differences(undisturbed(name).initial, comparable(host))]


def cases() -> list[Any]:
    """Pair hosts, parts of a run and kinds of faults; where not all is tried, each kind at one request, by turns elsewhere."""
    places = [(name, part) for part in PARTS for name in SCENARIOS]
    tried = [
        (*places[place], kind) for number, kind in enumerate(Kind) for place in range(len(places)) if EVERY or place == number % len(places)
    ]
    return [pytest.param(*case, id="-".join((case[0], case[1], case[2].name.lower()))) for case in tried]


@pytest.mark.parametrize(("name", "part", "kind"), cases())
def test_no_fault_leaves_a_host_between_confirmed_and_put_back(name: str, part: str, kind: Kind) -> None:
    wrong: list[str] = []
    followed: set[str] = set()
    numbers = undisturbed(name).parts[part]
    for at in numbers if EVERY else [numbers[7 * list(Kind).index(kind) % len(numbers)]]:
        trouble = Trouble(kind, at)
        with booted(name) as host:
            first = minimize(host, RUNS[0], trouble, means=MEANS, **OPTIONS)
            found = result_lies(first, host) + snapshot_lacks(first, host) + told_wrong(first, host)
            now = f"{fingerprint(host)} {ticking(host)}"
            found += [] if now in followed else meanwhile_wrong(host)
            if now not in followed or first.result is not None:
                boots = host.computer.host.boots
                later(host)
                found += outcome_wrong(first, host, name, boots)
            if now not in followed:
                followed.add(now)
                found += goes_on(host, name)
            wrong += [f"{trouble}: {line}" for line in found]
    assert not wrong, "\n".join([f"{len(wrong)} in all", *wrong[:40]])
