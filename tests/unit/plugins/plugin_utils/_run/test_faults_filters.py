# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever goes wrong while filters of RPC calls are made or deleted, no filter is ever left that is not what it should be.

As in `test_faults.py`, only some of the requests are tried unless NETMIN_EVERY_FAULT is in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilterRule, RpcProtocol
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope
from ansible_collections.netmin.windows.tests.unit.faulty import (
    Kind,
    Trouble,
    as_held,
    comparable,
    minimize,
    restore,
    result_lies,
    snapshot_lacks,
)
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, boot, booted, differences

RUNS = tuple(f"2026010{day}T000000Z-00000{day}" for day in range(1, 10))
SCENARIOS = ("windows_vista", "windows_server_2022")
STEP = 1 if "NETMIN_EVERY_FAULT" in os.environ else 11
SERVICES, ADMINS, ENGINEERS = UUID("367abb81-9844-35f1-ad32-98f038001003"), "S-1-5-32-544", "S-1-5-21-1-2-3-1104"
OPTIONS: dict[str, Any] = {
    "stages": ["rpc_filters"],
    "rpc_filters": {"presets": ["service_control"], "allow": [ADMINS]},
    "unverified": "apply",
}
DELETION: dict[str, Any] = {"stages": ["rpc_filters"], "rpc_filters": {"state": "absent"}}
OURS = [RpcFilterRule(SERVICES, protocol, allowed) for protocol in RpcProtocol for allowed in ((), (ADMINS,))]
RIGHT = {str(rule.trial_key if trial else rule.key): as_held(rule, trial=trial) for rule in OURS for trial in (True, False)}


def filters(host: Simulated) -> Mapping[str, Any]:
    found: Mapping[str, Any] = host.computer.state()["rpc_filters"]  # type: ignore[assignment]
    return found


def wrong(host: Simulated) -> list[str]:
    """Name the filters that are not as they should be, finished or tried out."""
    return [f"{key}: {held}" for key, held in filters(host).items() if RIGHT.get(key) != held]


@cache
def undisturbed(name: str) -> tuple[tuple[int, ...], int, dict[str, Any], dict[str, Any]]:
    """Return the numbers of writing requests, of all, and the state of a host before and after."""
    with booted(name) as host:
        before = comparable(host)
        attempt = minimize(host, RUNS[0], **OPTIONS)
        assert not attempt.failed, attempt.error or attempt.result
        assert set(filters(host)) == {str(rule.key) for rule in OURS}
        return tuple(attempt.wire.writing), attempt.wire.sent, before, comparable(host)


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name.lower())
@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_happens_while_filters_are_made(name: str, kind: Kind) -> None:
    writing, sent, before, after = undisturbed(name)
    lines: list[str] = []
    first = writing[0] - 6
    for at in range(first + list(Kind).index(kind) % STEP, sent + 1, STEP):
        trouble = Trouble(kind, at)
        with booted(name) as host:
            attempt = minimize(host, RUNS[0], trouble, **OPTIONS)
            lines += [f"{trouble}: {line}" for line in (*wrong(host), *result_lies(attempt, host), *snapshot_lacks(attempt, host))]
            again = minimize(host, RUNS[1], **OPTIONS)
            lines += [f"{trouble}, again: {line}" for line in differences(after, comparable(host))]
            lines += [f"{trouble}: the next run failed: {again.error or again.result}"] if again.failed else []
            restore(host, RUNS[2])
            lines += [f"{trouble}, restored: {line}" for line in differences(before, comparable(host))]
        with booted(name) as host:
            minimize(host, RUNS[0], trouble, **OPTIONS)
            restore(host, RUNS[1])
            boot(host)
            lines += [f"{trouble}, restored at once: {line}" for line in differences(before, comparable(host))]
    assert lines == []


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name.lower())
def test_whatever_happens_while_filters_are_deleted(kind: Kind) -> None:
    name = "windows_server_2022"
    _writing, _sent, before, after = undisturbed(name)
    with booted(name) as host:
        minimize(host, RUNS[0], **OPTIONS)
        deleting = minimize(host, RUNS[1], **DELETION)
        assert not deleting.failed
        assert differences(before, comparable(host)) == []
        # Whom a filter permitted no listing shows; what blocked is made again.
        minimize(host, RUNS[2], **OPTIONS)
        assert differences(after, comparable(host)) == []
        spans = (deleting.wire.writing[0], deleting.wire.sent)
    lines: list[str] = []
    for at in range(spans[0] + list(Kind).index(kind) % STEP, spans[1] + 1, STEP):
        trouble = Trouble(kind, at)
        with booted(name) as host:
            minimize(host, RUNS[0], **OPTIONS)
            attempt = minimize(host, RUNS[1], trouble, **DELETION)
            lines += [f"{trouble}: {line}" for line in (*wrong(host), *result_lies(attempt, host), *snapshot_lacks(attempt, host))]
            again = minimize(host, RUNS[2], **DELETION)
            lines += [f"{trouble}: the next run failed: {again.error or again.result}"] if again.failed else []
            lines += [f"{trouble}, again: {line}" for line in differences(before, comparable(host))]
    assert lines == []


def test_other_accounts_are_permitted_before_the_earlier_ones_are_not_and_both_runs_are_undone() -> None:
    with booted("windows_server_2022") as host:
        before = comparable(host)
        minimize(host, RUNS[0], **OPTIONS)
        one = comparable(host)
        other = {**OPTIONS, "rpc_filters": {"presets": ["service_control"], "allow": [ENGINEERS]}}
        attempt = minimize(host, RUNS[1], **other)
        assert not attempt.failed
        assert [change.shown for change in attempt.changes][:2] == [(None, f"in place for {ENGINEERS}")] * 2
        assert minimize(host, RUNS[2], **other).changes == ()
        # The list of the host did not say whom the earlier filter permitted: a restore of that run alone says so.
        back = restore(host, RUNS[3], scope=RestoreScope(run=RUNS[1]))
        assert back.prepared is not None
        assert {str(item.reason) for item in back.prepared.plan.unchanged} == {"could not be restored"}
        minimize(host, RUNS[4], **OPTIONS)
        assert differences(one, comparable(host)) == []
        restore(host, RUNS[5])
        assert differences(before, comparable(host)) == []


def test_in_check_mode_nothing_is_written() -> None:
    with booted("windows_server_2022") as host:
        counted = len(host.computer.changes())
        assert len(minimize(host, RUNS[0], check=True, **OPTIONS).changes) == 4
        assert len(host.computer.changes()) == counted
