# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random hosts and options, taken there and back with random mishaps; what must always be true is held against the host itself.

The examples are the same on every run, and few; with NETMIN_EVERY_FAULT in the environment they are many.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.change import SetRegistryValue, SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.plan import STAGES, Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.scenarios import names
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
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, differences, scenario, simulated
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

# A fault of the scenario's own would be in the way of what is to be true.
SCENARIOS = sorted(name for name in names() if not scenario(name).host.faults)
# What carries the session and whatever it needs (Microsoft, the dependencies of WinRM), apart from the lists of the product.
PATH = ("WinRM", "Winmgmt", "RpcSs", "DcomLaunch", "RpcEptMapper", "SamSs", "EventLog", "HTTP", "Tcpip", "nsi", "BFE", "MpsSvc")
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

    scenario: str
    options: dict[str, Any]
    early: Trouble | None
    boots: bool
    somebody: int | None
    late: Trouble | None


def chosen_services(name: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return services of a host, whichever they are, that are to be disabled or left to demand."""
    known = sorted(service.name for service in scenario(name).host.services if not service.driver and not service.per_user)
    item = st.builds(
        lambda service, mode: {"name": service, "start_mode": mode, "state": "stopped"},
        st.sampled_from(known),
        st.sampled_from(["disabled", "manual"]),
    )
    return st.lists(item, min_size=1, max_size=3, unique_by=lambda row: row["name"])


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw a host, options that make sense together, and mishaps."""
    name = draw(st.sampled_from(SCENARIOS))
    stages = draw(st.one_of(st.just(list(STAGES)), st.lists(st.sampled_from(STAGES), min_size=1, unique=True)))
    options: dict[str, Any] = {
        "stages": [stage for stage in STAGES if stage in stages],
        "recipes": draw(st.one_of(st.none(), st.lists(st.sampled_from(sorted(KNOWLEDGE.recipes)), min_size=1, max_size=4, unique=True))),
        "accept": draw(st.lists(st.sampled_from(sorted(hazard.id for hazard in KNOWLEDGE.hazards)), unique=True)),
        "dependents": draw(st.sampled_from(["stop", "refuse"])),
        "unverified": draw(st.sampled_from(["skip", "apply"])),
        "keep": draw(st.lists(st.sampled_from([{"port": port, "reason": "used"} for port in ("tcp/445", "udp/123")]), max_size=1)),
    }
    if "services" in stages and draw(st.integers(0, 3)) == 0:
        options["services"] = draw(chosen_services(name))
    if "ip_filter" in stages and draw(st.booleans()):
        options["ip_filter"] = {"residue": "drop", "unknown": draw(st.booleans())}
    mishap = st.one_of(st.none(), st.builds(Trouble, st.sampled_from(Kind), st.integers(1, LATEST)))
    return Story(name, options, draw(mishap), draw(st.booleans()), draw(st.one_of(st.none(), st.integers(0, 60))), draw(mishap))


def expect_path(host: Simulated, before: dict[str, Any]) -> None:
    """Expect that whatever carried the session still does, now and after a boot."""
    now = comparable(host)
    for kind in ("services", "drivers"):
        for name in PATH:
            if before[kind].get(name, {}).get("state") == "running":
                assert now[kind][name] == before[kind][name], name
    assert host.computer.up


def expect_true(attempt: Attempt, host: Simulated) -> None:
    """Expect that the result and the snapshot of a run say what is so."""
    assert result_lies(attempt, host) == []
    assert snapshot_lacks(attempt, host) == []


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


@settings(
    max_examples=400 if "NETMIN_EVERY_FAULT" in os.environ else 20,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    # Making a failing example smaller takes many runs; the story that is shown says enough.
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(story=stories())
def test_there_and_back_whatever_happens(story: Story) -> None:
    with simulated(story.scenario) as host:
        host.boot()
        before, written = comparable(host), len(host.computer.changes())
        checked = minimize(host, RUNS[0], check=True, **story.options)
        assert len(host.computer.changes()) == written
        if checked.error is not None:
            event(f"refused: {type(checked.error).__name__}")
            return
        if story.early is not None:
            expect_true(minimize(host, RUNS[1], story.early, **story.options), host)
            host.service.forget()
        done = minimize(host, RUNS[2], **story.options)
        assert done.result is not None, done.error
        assert not done.result.get("failed"), done.result["msg"]
        expect_true(done, host)
        if story.early is None:
            assert done.changes == checked.changes
        assert minimize(host, RUNS[3], **story.options).changes == ()
        expect_path(host, before)
        foreign = "" if story.somebody is None else interfere(host, checked, story.somebody)
        event(f"changes: {bool(checked.changes)}, somebody's: {bool(foreign)}")
        if story.boots:
            host.boot()
            host.service.forget()
            expect_path(host, before)
        put_back(host, story, foreign)
        host.boot()
        host.service.forget()
        assert [line for line in differences(before, comparable(host)) if not concerns(line, foreign)] == []
