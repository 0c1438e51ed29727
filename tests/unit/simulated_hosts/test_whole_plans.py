# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No plan starts that a read could have shown to fail, whatever other makers have put on a host.

Random services and drivers depend on anything and on each other, run or do not, refuse their stop, or are guarded. A plan is refused before
the first write, or every change of it is done; then a restore does the same.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.tests.unit.examples import examples
from ansible_collections.netmin.windows.tests.unit.faulty import Attempt, minimize, restore
from ansible_collections.netmin.windows.tests.unit.invented import STOPPED, Scene, encumbered, path_of, vendor_names
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, scenario, simulated
from hypothesis import event, given
from hypothesis import strategies as st

from winsim.host.model import MachineSpec
from winsim.scenarios import names

SCENARIOS = sorted(name for name in names() if not scenario(name).host.faults and not name.endswith("_renamed"))
ACCEPTABLE = sorted(hazard.id for hazard in KNOWLEDGE.hazards)
RUNS = tuple(f"2026010{day}T000000Z-00000{day}" for day in range(1, 6))


@dataclass(frozen=True)
class Encumbered:
    """A host with services of other makers, and what is asked of it."""

    scene: Scene
    options: dict[str, Any]


def wishes(host: MachineSpec) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return services that are to be stopped, disabled, or both: of other makers, of a recipe, or any."""
    known = {s.name.lower(): s.name for s in host.services if not (s.driver or s.per_user or s.template)}
    own = [name for name in vendor_names(host) if name.lower() in known] or sorted(known.values())
    pool = st.one_of(st.sampled_from(own), st.sampled_from(sorted(known[n] for n in STOPPED if n in known)))
    item = st.builds(
        lambda name, mode, state: {"name": name, "start_mode": mode, "state": state},
        pool,
        st.sampled_from(["disabled", "disabled", "manual"]),
        st.sampled_from(["stopped", "stopped", "unchanged"]),
    )
    return st.lists(item, min_size=1, max_size=3, unique_by=lambda row: row["name"])


@st.composite
def encumbered_hosts(draw: st.DrawFn) -> Encumbered:
    """Draw a host, what was started and stopped there by hand, and options."""
    name = draw(st.sampled_from(SCENARIOS))
    base = scenario(name).host
    host = encumbered(draw, base)
    path = path_of(host)
    movable = sorted({*vendor_names(host), *(s.name for s in host.services if s.name.lower() in STOPPED and s.name.lower() not in path)})
    moved = tuple(draw(st.lists(st.sampled_from(movable), max_size=2, unique=True)))
    options: dict[str, Any] = {
        "accept": draw(st.one_of(st.just(ACCEPTABLE), st.just([]), st.lists(st.sampled_from(ACCEPTABLE), unique=True))),
        "dependents": draw(st.sampled_from(["stop", "stop", "refuse"])),
        "unverified": draw(st.sampled_from(["skip", "apply"])),
    }
    asked = draw(st.integers(0, 5))
    if asked == 0:
        options["services"] = draw(wishes(host))
    if asked == 1:
        options["recipes"] = draw(st.lists(st.sampled_from(sorted(KNOWLEDGE.recipes)), min_size=1, max_size=3, unique=True))
    return Encumbered(Scene(name, base, host, moved), options)


def living(host: Simulated, moved: tuple[str, ...]) -> None:
    """Boot, and start or stop by hand."""
    host.boot()
    for name in moved:
        service = host.computer.host.services.find(name)
        if service is not None:
            move = host.session.stop if service.running else host.session.start
            with suppress(MethodFailed):
                move(ServiceKind.DRIVER if service.spec.driver else ServiceKind.SERVICE, name)
    host.session.forget()


def expect_all_or_nothing(attempt: Attempt, host: Simulated, written: int) -> bool:
    """Expect that a plan was refused before the first write, or carried out to its end; tell whether anything was changed."""
    if attempt.error is not None:
        assert len(host.computer.changes()) == written
        return False
    assert attempt.result is not None
    statuses = [row["status"] for row in attempt.result["changes"]]
    assert set(statuses) <= {"done"}, attempt.result.get("msg")
    assert not attempt.result.get("failed"), attempt.result.get("msg")
    return bool(statuses)


@examples(14, 400)
@given(drawn=encumbered_hosts())
def test_a_plan_is_carried_out_to_its_end_or_refused_before_it_begins(drawn: Encumbered) -> None:
    with simulated(drawn.scene.scenario, host=drawn.scene.host) as host:
        living(host, drawn.scene.moved)
        written = len(host.computer.changes())
        done = minimize(host, RUNS[0], **drawn.options)
        changed = expect_all_or_nothing(done, host, written)
        event(f"changed: {changed}, refused: {type(done.error).__name__}")
        host.session.forget()
        # What was stopped by name may have been what showed a hazard.
        again = minimize(host, RUNS[1], **drawn.options)
        assert again.error is not None or again.changes == () or "services" in drawn.options
        if changed:
            expect_all_or_nothing(restore(host, RUNS[2]), host, len(host.computer.changes()))
