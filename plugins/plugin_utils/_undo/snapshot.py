# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The snapshot: what a plan will touch, as it was before the first change, kept on the host itself.

One REG_MULTI_SZ a run below our own key: a line of JSON about the run, then one line an object, so that a person at the
console can read it with regedit. Read back before anything changes. The first snapshot is never dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import listed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import line_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import SAVED, Change, identity_of, kind_of
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved, State
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged

from . import parts

PREFIX = "Snapshot "
# 1: one value, which older releases read. 2: in parts, where it is long.
WHOLE, IN_PARTS = 1, 2
# More are not kept, but for those that alone know the first state of an object.
MOST = 20
# How the id of a run begins.
STAMP, STAMP_LENGTH, STAMPED = "%Y%m%dT%H%M%SZ", 16, re.compile(r"[0-9]{8}T[0-9]{6}Z-")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects that one run touches."""

    run: str
    saved: tuple[Saved, ...]


def take(run: str, changes: Iterable[Change], reader: Reader, seen: Seen, nt: NtVersion) -> Snapshot:
    """Record what the changes of a plan will touch, reading only what neither the plan nor what was seen has said."""
    saved = (kind_of(change).save(change, reader, seen, nt) for change in changes)
    return Snapshot(run, tuple(item for item in saved if item is not None))


def is_lost(change: Change) -> bool:
    """Tell whether a change overwrites what cannot be recorded as it is, and so could not be restored."""
    return kind_of(change).is_lost(change)


def restorable(plan: Plan) -> Plan:
    """Leave out of a plan what could not be restored, and say so."""
    lost = tuple(change for change in plan.changes if is_lost(change))
    return Plan(
        tuple(change for change in plan.changes if not is_lost(change)),
        (*plan.unchanged, *(left_alone(change) for change in lost)),
        (*plan.warnings, *map(told, lost)),
    )


def left_alone(change: Change) -> Unchanged:
    """Say of what could not be restored that it is left alone."""
    return Unchanged(change.stage, change.target, Reason.NOT_RESTORABLE, NOT_RESTORABLE)


def told(change: Change | Unchanged) -> str:
    """Say the same in one sentence."""
    return f"{change.target} is not changed: {NOT_RESTORABLE}"


NOT_RESTORABLE = (
    "it is a REG_EXPAND_SZ, which WMI shows only expanded, so it could not be restored. Windows uses another "
    "type for this value: check it with regedit, delete it, and run again"
)


# As text


class Newer(ValueError):
    """A snapshot that a newer version of this collection wrote: not damaged, and not to be deleted."""


def head_of(snapshot: Snapshot) -> dict[str, object]:
    """Return what is said of the run."""
    return {"schema_version": WHOLE, "run": snapshot.run, "objects": len(snapshot.saved)}


def lines_of(snapshot: Snapshot) -> tuple[str, ...]:
    """Return one line for each object."""
    return tuple(line_of(plain(saved)) for saved in snapshot.saved)


def plain(saved: Saved) -> dict[str, Any]:
    """Show one object as plain values, without what is empty."""
    shown: dict[str, Any] = {
        "stage": saved.stage,
        "object": saved.object,
        "name": list(saved.name),
        "before": _plain_state(saved.before),
        "after": _plain_state(saved.after),
    }
    if SAVED[saved.object].OF_SERVICE:
        shown["kind"] = str(saved.kind)
    more = {"delayed": saved.delayed, "absent": list(saved.absent), "label": saved.label, "ran": saved.ran}
    return {**shown, **{key: value for key, value in more.items() if value}}


def _plain_state(state: State) -> object:
    return {"type": state.type.name, "data": state.plain()} if isinstance(state, RegistryValue) else state


def from_lines(lines: Sequence[str]) -> Snapshot:
    """Understand the lines of a snapshot.

    Raises:
        Newer: a newer version wrote them.
        ValueError: they are not ours, or are damaged.
    """
    try:
        head = json.loads(lines[0])
        if isinstance(head["schema_version"], int) and head["schema_version"] > IN_PARTS:
            raise Newer(head["schema_version"])
        saved = tuple(_from_plain(json.loads(line)) for line in lines[1:])
        if head["schema_version"] not in (WHOLE, IN_PARTS) or head["objects"] != len(saved):
            raise ValueError(f"{len(saved)} of {head['objects']} objects")
        return Snapshot(str(head["run"]), saved)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _from_plain(line: Mapping[str, Any]) -> Saved:
    name, kind = tuple(str(part) for part in line["name"]), str(line["object"])
    known = SAVED.get(kind)
    if known is None or len(name) != known.PARTS:
        raise ValueError(f"an object of kind {kind[:40]!a}")
    stage = str(line["stage"])
    if stage not in STAGES:
        raise ValueError(f"{kind} {name[0][:40]!a} of stage {stage[:40]!a}")
    saved = Saved(
        stage,
        kind,
        name,
        _state(line["before"]),
        _state(line["after"]),
        kind=ServiceKind(line.get("kind", ServiceKind.SERVICE)),
        delayed=line.get("delayed") is True,
        absent=tuple(str(key) for key in line.get("absent", ())),
        label=str(line.get("label", "")),
        ran=line.get("ran") is True,
    )
    return known.checked(saved)


def _state(said: Any) -> State:
    if said is None or isinstance(said, str):
        return said
    kind, data = RegistryType[said["type"]], said["data"]
    if kind is RegistryType.BINARY:
        return RegistryValue(kind, bytes.fromhex(data))
    if kind is RegistryType.MULTI_SZ:
        if not isinstance(data, list) or not all(isinstance(text, str) for text in data):
            raise TypeError(f"{kind.name} with something else than texts")
        return RegistryValue(kind, tuple(data))
    number = kind in (RegistryType.DWORD, RegistryType.QWORD)
    # `true` is an int to Python, and a list of texts may be one text.
    if isinstance(data, bool) or not isinstance(data, int if number else str):
        raise TypeError(f"{kind.name} with {type(data).__name__}")
    if isinstance(data, int) and not 0 <= data < 2 ** (32 if kind is RegistryType.DWORD else 64):
        raise ValueError(f"{kind.name} {data}")
    return RegistryValue(kind, data)


# On the host


@dataclass(frozen=True, slots=True)
class Stored:
    """The snapshots on a host, oldest first.

    Attributes:
        unreadable: the runs whose snapshots cannot be read.
        newer: those of them that a newer version wrote.
    """

    snapshots: tuple[Snapshot, ...] = ()
    unreadable: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()


def damage(runs: Sequence[str], newer: Collection[str] = ()) -> str:
    """Say of runs whose snapshots cannot be read what that means and what to do.

    Args:
        newer: the runs whose snapshots a newer version wrote.
    """
    later = [run for run in runs if run in newer]
    broken = [run for run in runs if run not in newer]
    told = []
    if later:
        told.append(
            f"{_of(later)} on this host {_was(later)} written by a newer version of netmin.windows: update the collection on this "
            f"controller and run again; {_it(later)} not damaged"
        )
    if broken:
        names = listed(f"'{value_name(run)}'" for run in broken)
        only, them = ("only this snapshot describes", "the run") if len(broken) == 1 else ("only these snapshots describe", "these runs")
        told.append(
            f"{_of(broken)} on this host cannot be read: objects that {only} are not restored, and objects that changed again "
            f"after {them} are restored only to a later state. Correct them by hand, with the copy of the record if 'record_dir' kept "
            f"one; then delete {names} below HKLM\\{OUR_KEY}, so that a restore can succeed"
        )
    return ". ".join(told)


def _of(runs: Sequence[str]) -> str:
    plural = "" if len(runs) == 1 else "s"
    return f"the snapshot{plural} of run{plural} {listed(runs)}"


def _was(runs: Sequence[str]) -> str:
    return "was" if len(runs) == 1 else "were"


def _it(runs: Sequence[str]) -> str:
    return "it is" if len(runs) == 1 else "they are"


def value_name(run: str) -> str:
    """Return the name of the value that holds a run's snapshot, beside the rest of our record."""
    return f"{PREFIX}{run}"


def runs(reader: Reader) -> tuple[str, ...]:
    """Return the ids of the runs whose snapshots are there, oldest first: ids sort in the order of the runs."""
    names = parts.names_in(reader) or {}
    return tuple(sorted(name[len(PREFIX) :] for name in names if name.startswith(PREFIX)))


def following(run: str, known: Iterable[str]) -> str:
    """Return the id of a run so that it sorts after those that are there: clocks are set back, and controllers have several.

    An id that would not gets the second after the last one's in place of its own.
    """
    last = max((other for other in known if STAMPED.match(other)), default="")
    if run > last or not STAMPED.match(run):
        return run
    try:
        moment = datetime.strptime(last[:STAMP_LENGTH], STAMP) + timedelta(seconds=1)
    except (OverflowError, ValueError):
        return run
    return moment.strftime(STAMP) + run[STAMP_LENGTH:]


def read_snapshots(reader: Reader) -> Stored:
    """Read all snapshots of a host."""
    found: list[Snapshot] = []
    unreadable: list[str] = []
    newer: list[str] = []
    for name in runs(reader):
        try:
            snapshot = from_lines(parts.load(reader, value_name(name), known=IN_PARTS) or ())
        except ValueError as error:
            unreadable.append(name)
            newer += [name] if isinstance(error, Newer) else []
            continue
        found.append(snapshot) if snapshot.run == name else unreadable.append(name)
    return Stored(tuple(found), tuple(unreadable), tuple(newer))


def needless(snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    """Return the runs whose snapshots may go so that `MOST` are left: never the first, never one that alone knows an object."""
    going: list[str] = []
    for number, snapshot in enumerate(snapshots[1:-1], start=1):
        if len(snapshots) - len(going) <= MOST:
            break
        older = {_known(saved) for other in snapshots[:number] if other.run not in going for saved in other.saved}
        if all(_known(saved) in older for saved in snapshot.saved):
            going.append(snapshot.run)
    return tuple(going)


def _known(saved: Saved) -> tuple[object, ...]:
    return identity_of(saved), saved.before, saved.ran
