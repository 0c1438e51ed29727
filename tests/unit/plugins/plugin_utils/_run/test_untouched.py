# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run goes wrong at each request before its first change, in every way: nothing of ours stays on the host.

Neither values of our key, nor the key where it was not there, nor a timer; and a forecast, a list of rules or a first forecast of
an earlier run is what it was. Only where the host cannot be reached any more something may stay, and then the message says so.

Of the requests some are tried, others for each kind of fault; with NETMIN_EVERY_FAULT in the environment all are.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import Wish
from ansible_collections.netmin.windows.tests.unit.faulty import Attempt, Kind, Means, Trouble, minimize
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, booted, differences

EVERY = "NETMIN_EVERY_FAULT" in os.environ
STEP = 1 if EVERY else 5
EARLIER, RUN = "20260101T000000Z-000001", "20260102T000000Z-000002"
SCENARIOS = ("windows_xp", "windows_server_2022")
TIMER = Means(wish=Wish(60, hold=False))
OPTIONS: dict[str, Any] = {
    "stages": ["services", "ip_filter"],
    "services": [{"name": "W32Time", "state": "stopped", "start_mode": "disabled"}],
    "ip_filter": {"residue": "drop", "unknown": False},
}
BEFORE: dict[str, Any] = {"stages": ["netbt"], "netbt": {"netbios": "disabled"}}
STAYS = "is still below HKLM\\SOFTWARE\\netmin.windows"
KINDS = [kind for kind in Kind if not kind.kills]


def whole(host: Simulated) -> dict[str, Any]:
    """Return all that a run can leave on a host, our own record included."""
    found: Any = host.computer.state()
    return {part: found[part] for part in ("registry", "services", "drivers", "adapters", "files", "tasks")}


def begun(host: Simulated, *, earlier: bool) -> None:
    """Bring a host to where a run begins: as installed, or with the record of an earlier one."""
    if earlier:
        assert not minimize(host, EARLIER, **BEFORE).failed


@cache
def requests(name: str, *, earlier: bool, timer: bool) -> range:
    """Return the numbers of the requests from the first write up to the first change, which comes after the forecast."""
    with booted(name) as host:
        begun(host, earlier=earlier)
        done = minimize(host, RUN, means=TIMER if timer else None, **OPTIONS)
        assert not done.failed, done.result
        _forecast, change, *_rest = (at for at in done.wire.writing if at > done.wire.marks["changes"])
        return range(done.wire.writing[0], change)


def wrong(host: Simulated, attempt: Attempt, kind: Kind, before: dict[str, Any]) -> list[str]:
    """Return what a run that changed nothing has left; of a host that is gone, what it does not say."""
    if attempt.result is None or attempt.result["changed"]:
        return []
    left, said = differences(before, whole(host)), STAYS in attempt.result["msg"]
    if kind.ends:
        return [] if said or not left else [*left, f"not said: {attempt.result['msg']}"]
    return [*left, f"said to stay: {attempt.result['msg']}"] if left or said else []


@pytest.mark.parametrize("timer", [False, True], ids=["plain", "timer"])
@pytest.mark.parametrize("earlier", [False, True], ids=["first", "second"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_of_ours_stays(name: str, earlier: bool, timer: bool) -> None:
    found: list[str] = []
    untouched = 0
    window = requests(name, earlier=earlier, timer=timer)
    for number, kind in enumerate(KINDS):
        for at in window[number % STEP :: STEP]:
            with booted(name) as host:
                begun(host, earlier=earlier)
                before = whole(host)
                attempt = minimize(host, RUN, Trouble(kind, at), means=TIMER if timer else None, **OPTIONS)
                untouched += attempt.result is not None and not attempt.result["changed"]
                found += [f"{kind.name} at {at} of {window}: {line}" for line in wrong(host, attempt, kind, before)]
    assert not found, "\n".join(found[:30])
    assert untouched >= len(KINDS) - 2


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_first_change_that_is_refused_leaves_nothing_either(name: str) -> None:
    """So that rules which were never made are not taken away by the next run."""
    given: dict[str, Any] = {"stages": ["netbt", "ip_filter"], "netbt": {"netbios": "disabled"}, "ip_filter": OPTIONS["ip_filter"]}
    with booted(name) as host:
        done = minimize(host, RUN, **given)
        first = [at for at in done.wire.writing if at > done.wire.marks["changes"]][1]
    with booted(name) as host:
        before = whole(host)
        attempt = minimize(host, RUN, Trouble(Kind.DENIED, first), **given)
        assert attempt.result is not None
        assert {change["status"] for change in attempt.result["changes"]} == {"not_done"}
        assert attempt.result["after"] is not None
        assert differences(before, whole(host)) == []
        after = minimize(host, EARLIER, stages=["ip_filter"], ip_filter={"residue": "leave", "unknown": False})
        assert after.result is not None
        assert after.changes == ()
