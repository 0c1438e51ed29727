# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two controllers close the ports of one host at the same time: whatever comes between, a restore brings back what was there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._run.test_attacked import Meeting
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, simulated, state

FIRST, SECOND, LATER = "20260101T000000Z-00000a", "20260101T000000Z-00000b", "20260201T000000Z-00000c"
# Every point on XP, and some on a Windows that differs in what is written.
STEPS = {"windows_xp": 1, "windows_server_2022": 5}
CHUNKS = 4


@dataclass
class Between:
    """How it ends where one controller does everything before a certain request of the other."""

    requests: int
    errors: list[str]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def prepared(run: Run, host: Simulated) -> Prepared:
    return run.prepare(host.session, lambda survey, blocks: minimize_wanted(DEFAULTS, survey, KNOWLEDGE, blocks))


def lasting(host: Simulated) -> Mapping[str, Any]:
    """Return what a restore is to bring back; a key that one run made and the other met is left, empty."""
    found = state(host)
    registry = {key: values for key, values in found["registry"].items() if values}
    return {"registry": registry, **{part: found[part] for part in ("adapters", "drivers", "services", "tasks")}}


def meet(name: str, point: int) -> Between:
    with simulated(name) as host:
        host.boot()
        before = lasting(host)
        first = Run(KNOWLEDGE, FakeClock(), FIRST)
        planned = prepared(first, host)
        host.session.forget()
        runs = [first]

        def other() -> None:
            second = Run(KNOWLEDGE, FakeClock(), SECOND)
            runs.append(second)
            plan = prepared(second, host)
            if plan.plan.changes:
                second.carry_out(plan, host.session, stop_limit=60)
            host.session.forget()

        wire = Meeting(host, point, other)
        first.carry_out(planned, WritableSession(wire, host="first"), stop_limit=60)
        host.session.forget()
        back = Run(KNOWLEDGE, FakeClock(), LATER)
        back.carry_out(back.prepare_restore(host.session, RestoreScope()), host.session, stop_limit=60)
        host.boot()
        errors = [str(run.application.error) for run in (*runs, back) if run.application is not None and run.application.error]
        return Between(wire.sent, errors, before, lasting(host))


@cache
def requests_of_a_run(name: str) -> int:
    return meet(name, 0).requests


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", sorted(STEPS))
def test_what_was_there_before_both_comes_back(name: str, chunk: int) -> None:
    points = [*range(1, requests_of_a_run(name) + 1, STEPS[name])]
    for point in points[chunk::CHUNKS]:
        found = meet(name, point)
        assert found.after == found.before, f"the other one came before request {point}"
        # At most one of them finds that the other has written the forecast, and changes nothing.
        assert [text for text in found.errors if "nothing else was changed" not in text] == []
        assert len(found.errors) <= 1
