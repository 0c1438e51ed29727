# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing of ours stays after a run that says "nothing was changed", and nothing but its record after one that was rolled back.

Our key, the timer's task and its folder are ours; whatever fails, they are held against what was there before the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import Wish
from ansible_collections.netmin.windows.tests.unit.examples import examples
from ansible_collections.netmin.windows.tests.unit.faulty import Attempt, Kind, Means, Trouble, comparable, minimize, restore
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, OURS, Simulated, differences, scenario, simulated
from hypothesis import event, given
from hypothesis import strategies as st

from winsim.scenarios import names

SCENARIOS = sorted(name for name in names() if not scenario(name).host.faults and not name.endswith("_renamed"))
ACCEPTABLE = sorted(hazard.id for hazard in KNOWLEDGE.hazards)
# One that ends no session: nobody can tidy up on a host that is gone.
KINDS = [kind for kind in Kind if not kind.ends]
SAYING_SO = "nothing was changed"


@dataclass(frozen=True)
class Tale:
    """A host, what is asked of it, and what happens on the way."""

    scenario: str
    options: dict[str, Any]
    timer: bool
    earlier: bool
    trouble: Trouble
    fault: dict[str, Any] | None


@st.composite
def tales(draw: st.DrawFn) -> Tale:
    """Draw a host, options, and a fault of one request or of the host itself."""
    faults = st.sampled_from(
        [
            {"kind": "tasks_denied"},
            {"kind": "cmd_disabled"},
            {"kind": "folder_denied", "path": "C:\\"},
            {"kind": "program_blocked", "program": "cmd.exe"},
            {"kind": "key_denied", "key": OURS},
        ]
    )
    options: dict[str, Any] = {
        "accept": draw(st.one_of(st.just(ACCEPTABLE), st.just([]))),
        "unverified": draw(st.sampled_from(["skip", "apply"])),
    }
    if draw(st.booleans()):
        options["ip_filter"] = {"residue": "drop"}
    trouble = Trouble(draw(st.sampled_from(KINDS)), draw(st.integers(30, 130)))
    timer = draw(st.booleans())
    return Tale(draw(st.sampled_from(SCENARIOS)), options, timer, draw(st.booleans()), trouble, draw(st.one_of(st.none(), faults)))


def ours(host: Simulated) -> dict[str, Any]:
    """Return all that is ours on a host: values below our key, tasks, and files."""
    whole: Any = host.computer.state()
    registry = {key: values for key, values in whole["registry"].items() if key.lower().startswith(OURS.lower())}
    return {"registry": registry, "tasks": whole["tasks"], "files": whole["files"]}


def says_so(attempt: Attempt) -> bool:
    """Tell whether a task says that it changed nothing."""
    if attempt.result is None:
        return attempt.error is not None
    return SAYING_SO in attempt.result.get("msg", "") or not attempt.result["changed"]


@examples(12, 400)
@given(tale=tales())
def test_nothing_of_ours_stays(tale: Tale) -> None:
    with simulated(tale.scenario) as host:
        host.boot()
        if tale.earlier:
            # What an earlier run left is not ours to take away.
            minimize(host, "20260101T000000Z-000001", stages=["name_resolution", "netbt"])
            host.service.forget()
        before, around = ours(host), comparable(host)
        if tale.fault is not None:
            host.computer.inject(tale.fault)
        means = Means(Wish(600, hold=False) if tale.timer else None)
        done = minimize(host, "20260102T000000Z-000002", tale.trouble, means=means, **tale.options)
        host.computer.clear_faults()
        host.service.forget()
        quiet = says_so(done)
        event(f"says that nothing was changed: {quiet}, refused: {type(done.error).__name__}")
        if quiet:
            left = differences(before, ours(host))
            # One that says what it could not take back has said it.
            told = "is still below" in str((done.result or {}).get("msg"))
            assert left == [] or told, (left, done.result and done.result.get("msg"), done.error)
            assert differences(around, comparable(host)) == []
        back = restore(host, "20260103T000000Z-000003")
        host.service.forget()
        if back.result is not None and not back.result.get("failed"):
            tasks = differences({"tasks": before["tasks"]}, {"tasks": ours(host)["tasks"]})
            assert tasks == [], back.result.get("msg")


@pytest.mark.parametrize("kind", [Kind.TIMEOUT, Kind.TIMEOUT_DONE, Kind.CUT_AFTER, Kind.DENIED])
def test_a_claim_of_the_timer_that_breaks_off_leaves_no_key(kind: Kind) -> None:
    """An earlier run has left a record, so that our key stays, and nothing below it."""
    means = Means(Wish(600, hold=False))

    def run(trouble: Trouble | None) -> tuple[Attempt, list[str]]:
        with simulated("windows_server_2022") as host:
            host.boot()
            minimize(host, "20260101T000000Z-000001", stages=["netbt"])
            before = ours(host)
            done = minimize(host, "20260102T000000Z-000002", trouble, means=means, accept=ACCEPTABLE)
            return done, differences(before, ours(host)) if says_so(done) else []

    begins = run(None)[0].wire.marks["arming"]
    for request in range(begins + 1, begins + 8):
        done, left = run(Trouble(kind, request))
        assert left == [], (request, done.result and done.result.get("msg"))
