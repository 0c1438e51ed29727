# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random hosts and options, taken there and back with random mishaps; what must always be true is held against the host itself.

A host is that of a scenario, perhaps with a part over it that shows a hazard, and half of the time what it is made of is drawn as
well: start modes, services of vendors, adapters, registry values; and somebody has started and stopped services on it by hand.

The examples are the same on every run, and few; with NETMIN_EVERY_FAULT in the environment they are many.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.tests.unit.examples import examples
from ansible_collections.netmin.windows.tests.unit.faulty import (
    Attempt,
    Kind,
    Trouble,
    comparable,
    minimize,
    restore,
    result_lies,
    snapshot_lacks,
)
from ansible_collections.netmin.windows.tests.unit.invented import PATH, Scene, invented, path_of, vendor_names
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, differences, scenario, simulated
from hypothesis import event, given, reject
from hypothesis import strategies as st

from winsim.host.model import MachineSpec
from winsim.scenarios import names
from winsim.scenarios.layers import ScenarioError, part_titles

# A fault of a scenario itself would be in the way of what is to be true, and where the driver of NetBIOS is called otherwise
# its options do not hold.
SCENARIOS = sorted(name for name in names() if not scenario(name).host.faults and not name.endswith("_renamed"))
HAZARDS = sorted(part for part in part_titles() if part.startswith("hazard_"))
ACCEPTABLE = sorted(hazard.id for hazard in KNOWLEDGE.hazards)
RUNS = tuple(f"2026010{day}T000000Z-00000{day}" for day in range(1, 10))
LATEST = 160


@dataclass(frozen=True)
class Story:
    """What happens to one host.

    Attributes:
        early: a fault in the first run.
        boots: whether the host restarts before it is put back.
        somebody: which of the changed objects somebody else changes then; None for none.
        late: a fault in the restore.
    """

    scene: Scene
    options: dict[str, Any]
    early: Trouble | None
    boots: bool
    somebody: int | None
    late: Trouble | None


def chosen_services(host: MachineSpec) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return services of a host, whichever they are, that are to be disabled or left to demand."""
    known = sorted(service.name for service in host.services if not service.driver and not service.per_user)
    # A vendor's are the less known ones, and so as often as all others.
    names = st.one_of(st.sampled_from(known), st.sampled_from(vendor_names(host) or known))
    item = st.builds(
        lambda service, mode: {"name": service, "start_mode": mode, "state": "stopped"},
        names,
        st.sampled_from(["disabled", "manual"]),
    )
    return st.lists(item, min_size=1, max_size=3, unique_by=lambda row: row["name"])


@cache
def loadable(expression: str) -> bool:
    """Tell whether a part fits a scenario: some need services that came later, or are there already."""
    try:
        return not scenario(expression).host.faults
    except ScenarioError:
        return False


def drawn_scene(draw: st.DrawFn) -> Scene:
    """Draw a scenario, what its host is made of, and what was started and stopped there by hand."""
    name = draw(st.sampled_from(SCENARIOS))
    if draw(st.booleans()):
        return Scene(name, scenario(name).host, scenario(name).host)
    over = draw(st.one_of(st.none(), st.sampled_from(HAZARDS)))
    expression = name if over is None or not loadable(f"{name}+{over}") else f"{name}+{over}"
    base = scenario(expression).host
    host = invented(draw, base)
    path = path_of(host)
    movable = sorted(s.name for s in host.services if not (s.driver or s.per_user or s.template or s.name.lower() in path))
    return Scene(expression, base, host, tuple(draw(st.lists(st.sampled_from(movable), max_size=3, unique=True))))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw a host, options that make sense together, and mishaps."""
    scene = drawn_scene(draw)
    stages = draw(st.one_of(st.just(list(STAGES)), st.lists(st.sampled_from(STAGES), min_size=1, unique=True)))
    options: dict[str, Any] = {
        "stages": [stage for stage in STAGES if stage in stages],
        "recipes": draw(st.one_of(st.none(), st.lists(st.sampled_from(sorted(KNOWLEDGE.recipes)), min_size=1, max_size=4, unique=True))),
        # Where nothing is accepted most stories end before they have begun.
        "accept": draw(st.one_of(st.just(ACCEPTABLE), st.lists(st.sampled_from(ACCEPTABLE), unique=True))),
        "dependents": draw(st.sampled_from(["stop", "refuse"])),
        "unverified": draw(st.sampled_from(["skip", "apply"])),
        "keep": draw(st.lists(st.sampled_from([{"port": port, "reason": "used"} for port in ("tcp/445", "udp/123")]), max_size=1)),
    }
    if "services" in stages and draw(st.integers(0, 1 if vendor_names(scene.host) else 3)) == 0:
        options["services"] = draw(chosen_services(scene.host))
    if "ip_filter" in stages and draw(st.booleans()):
        options["ip_filter"] = {"residue": "drop", "unknown": draw(st.booleans())}
    mishap = st.one_of(st.none(), st.builds(Trouble, st.sampled_from(Kind), st.integers(1, LATEST)))
    return Story(scene, options, draw(mishap), draw(st.booleans()), draw(st.one_of(st.none(), st.integers(0, 60))), draw(mishap))


def expect_path(host: Simulated, before: dict[str, Any]) -> None:
    """Expect that whatever carried the session still does, now and after a boot."""
    now = comparable(host)
    for kind in ("services", "drivers"):
        for name in PATH:
            if before[kind].get(name, {}).get("state") == "running":
                assert now[kind][name] == before[kind][name], name
    assert host.computer.up


@contextmanager
def living(story: Story) -> Iterator[Simulated]:
    """Start the host of a story; delayed services run, and somebody has started and stopped others."""
    with simulated(story.scene.scenario, host=story.scene.host) as host:
        host.boot()
        for name in story.scene.moved:
            service = host.computer.host.services.find(name)
            move = host.session.stop if service is not None and service.running else host.session.start
            # It may need others, be needed, be disabled, or not listen.
            with suppress(MethodFailed):
                move(ServiceKind.SERVICE, name)
        host.session.forget()
        yield host


def lasting(story: Story) -> dict[str, Any]:
    """Return the state of the host of a story after a boot, had nobody else done anything."""
    with living(story) as host:
        host.boot()
        return comparable(host)


def expect_true(attempt: Attempt, host: Simulated) -> None:
    """Expect that the result and the snapshot of a run say what is so."""
    assert result_lies(attempt, host) == []
    assert snapshot_lacks(attempt, host) == []


def unwilling(host: MachineSpec, attempt: Attempt) -> bool:
    """Tell whether a plan has a service in it that this host lets nobody change; of one that cannot be stopped it knows."""
    protected = {service.name.lower() for service in host.services if service.protected}
    return any(change.name.lower() in protected for change in attempt.changes if isinstance(change, StopService | SetStartMode))


def interfere(host: Simulated, attempt: Attempt, number: int) -> str:
    """Let somebody else set a start mode or value that a run has set; return what tells its object, "" where there is none."""
    modes = [c for c in attempt.changes if isinstance(c, SetStartMode) and StartMode.MANUAL not in (c.before, c.after)]
    values = [c for c in attempt.changes if isinstance(c, SetRegistryValue) and c.after == RegistryValue.dword(0)]
    objects: list[SetStartMode | SetRegistryValue] = [*modes, *values]
    if not objects:
        return ""
    change = objects[number % len(objects)]
    if isinstance(change, SetStartMode):
        host.session.set_start_mode(change.kind, change.name, StartMode.MANUAL)
    else:
        host.session.set_value(change.key, change.name, RegistryValue.dword(77))
    return change.target if isinstance(change, SetRegistryValue) else change.name


def concerns(line: str, foreign: str) -> bool:
    """Tell whether a difference is about what somebody else changed, a key above it, or what does not run without its service."""
    where = line.partition(": ")[0].removeprefix("/registry/").lower()
    if foreign and not foreign.startswith("HKLM") and where.endswith("/state"):
        return True
    where = where.replace("/", "\\")
    return bool(foreign) and (foreign.lower() in where or foreign.lower().startswith(where))


def put_back(host: Simulated, story: Story, foreign: str) -> None:
    """Restore, with a mishap first where the story has one."""
    if story.late is not None:
        expect_true(restore(host, RUNS[5], story.late), host)
        host.service.forget()
    back = restore(host, RUNS[6])
    assert back.result is not None, back.error
    assert not back.result.get("failed"), back.result["msg"]
    expect_true(back, host)
    left = [item["target"] for item in back.result["unchanged"] if item["reason"] == Reason.CHANGED_SINCE]
    assert [target for target in left if not foreign or foreign not in target] == []
    assert bool(left) == bool(foreign), left


@examples(10, 400)
@given(story=stories())
def test_there_and_back_whatever_happens(story: Story) -> None:
    with living(story) as host:
        before, written = comparable(host), len(host.computer.changes())
        checked = minimize(host, RUNS[0], check=True, **story.options)
        assert len(host.computer.changes()) == written
        if checked.error is not None:
            event(f"refused: {type(checked.error).__name__}")
            # Nothing was begun, which is all that is to be said of it; another story takes its place.
            reject()
        if story.early is not None:
            expect_true(minimize(host, RUNS[1], story.early, **story.options), host)
            host.service.forget()
        done = minimize(host, RUNS[2], **story.options)
        assert done.result is not None, done.error
        expect_true(done, host)
        if story.early is None:
            assert done.changes == checked.changes
        # A run that such a service is in the way of says so each time, and what it did can be put back all the same.
        firm = unwilling(story.scene.host, done)
        assert bool(done.result.get("failed")) is firm, done.result.get("msg")
        assert firm or minimize(host, RUNS[3], **story.options).changes == ()
        expect_path(host, before)
        foreign = "" if story.somebody is None or firm else interfere(host, checked, story.somebody)
        event(f"changes: {bool(checked.changes)}, somebody's: {bool(foreign)}")
        if story.boots:
            host.boot()
            host.service.forget()
            expect_path(host, before)
        put_back(host, story, foreign)
        host.boot()
        host.service.forget()
        assert [
            line for line in differences(lasting(story) if story.scene.moved else before, comparable(host)) if not concerns(line, foreign)
        ] == []
