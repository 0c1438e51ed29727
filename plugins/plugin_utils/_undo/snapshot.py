# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The snapshot: what a plan will touch, as it was before the first change, kept on the host itself.

One REG_MULTI_SZ a run below our own key: a line of JSON about the run, then one line an object, so that a person at the
console can read it with regedit. Read back before anything changes. The first snapshot is never dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, SERVICES_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host import firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import NetbiosOption, SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_key import DeleteKey
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StartService, StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import netbt

PREFIX = "Snapshot "
SCHEMA = 1
# More are not kept, but for those that alone know the first state of an object.
MOST = 20
# Microsoft, SERVICE_DELAYED_AUTO_START_INFO: since Windows Vista, kept in this value of the service's key.
DELAYED, DELAYED_SINCE = "DelayedAutostart", NtVersion(6, 0)
# How the id of a run begins.
STAMP, STAMP_LENGTH, STAMPED = "%Y%m%dT%H%M%SZ", 16, re.compile(r"[0-9]{8}T[0-9]{6}Z-")
REGISTRY, START_MODE, STOPPED, STARTED, NETBIOS, RULE = "registry", "start mode", "stopped", "started", "netbios", "inbound rule"


@dataclass(frozen=True, slots=True)
class Saved:
    """One object, as it was and as the run was to leave it.

    Attributes:
        object: which kind it is (`REGISTRY` and so on).
        name: what tells it from others of its kind: key and value name, key name of a service, GUID of an adapter, name of a rule.
        before: registry: the value or None; start mode: the mode; NetBIOS: the value NetbiosOptions or None; rule: its text or "".
        after: the same for what the run was to leave.
        kind: of a service.
        delayed: the service was automatic and delayed.
        absent: keys that were not there, the nearest to the root last.
        label: an adapter's description.
        ran: start mode: the service ran. Records of older releases do not say so.
    """

    stage: str
    object: str
    name: tuple[str, ...]
    before: RegistryValue | str | None
    after: RegistryValue | str | None
    kind: ServiceKind = ServiceKind.SERVICE
    delayed: bool = False
    absent: tuple[str, ...] = ()
    label: str = ""
    ran: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same object in another run."""
        kind = STOPPED if self.object == STARTED else self.object
        return (kind, *(part.lower() for part in self.name))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects that one run touches."""

    run: str
    saved: tuple[Saved, ...]


def take(run: str, changes: Iterable[Change], reader: Reader, configured: Mapping[Setting, RegistryValue | None], host: Host) -> Snapshot:
    """Record what the changes of a plan will touch, reading only what neither the plan nor the host has said.

    Args:
        configured: registry values that were read for the plan.
    """
    # A key that is deleted holds nothing, and a value that is written makes it again.
    return Snapshot(run, tuple(_saved(change, reader, configured, host) for change in changes if not isinstance(change, DeleteKey)))


def is_lost(change: Change) -> bool:
    """Tell whether a change overwrites what cannot be recorded as it is, and so could not be put back.

    That is a REG_EXPAND_SZ: WMI shows its text with the variables filled in (Microsoft, GetExpandedStringValue).
    """
    return isinstance(change, SetRegistryValue) and change.before is not None and change.before.type is RegistryType.EXPAND_SZ


def restorable(plan: Plan) -> Plan:
    """Leave out of a plan what could not be put back, and say so."""
    lost = tuple(change for change in plan.changes if is_lost(change))
    return Plan(
        tuple(change for change in plan.changes if not is_lost(change)),
        (*plan.unchanged, *(left_alone(change) for change in lost)),
        (*plan.warnings, *map(told, lost)),
    )


def left_alone(change: Change) -> Unchanged:
    """Say of what could not be put back that it is left alone."""
    return Unchanged(change.stage, change.target, Reason.NOT_RESTORABLE, NOT_RESTORABLE)


def told(change: Change | Unchanged) -> str:
    """Say the same in one sentence."""
    return f"{change.target} is not changed: {NOT_RESTORABLE}"


NOT_RESTORABLE = (
    "it is a REG_EXPAND_SZ, which WMI shows with its variables filled in, so that it could not be put back; Windows itself has another "
    "type there: look at it with regedit, delete it, and run again"
)


def _saved(change: Change, reader: Reader, configured: Mapping[Setting, RegistryValue | None], host: Host) -> Saved:
    if isinstance(change, SetRegistryValue):
        absent = tuple(_absent(change.key, reader)) if change.before is None else ()
        return Saved(change.stage, REGISTRY, (change.key, change.name), change.before, change.after, absent=absent)
    if isinstance(change, SetStartMode):
        delayed = change.before is StartMode.AUTO and _is_delayed(change.name, reader, host)
        service = host.services.get(change.name.lower())
        ran = service is not None and not service.stopped
        modes = str(change.before), str(change.after)
        return Saved(change.stage, START_MODE, (change.name,), *modes, kind=change.kind, delayed=delayed, ran=ran)
    if isinstance(change, StopService | StartService):
        started = isinstance(change, StartService)
        return Saved(change.stage, STARTED if started else STOPPED, (change.name,), None, None, kind=change.kind)
    if isinstance(change, SetNetbios):
        before, after = configured.get(netbt.setting(change.guid)), RegistryValue.dword(int(change.after))
        return Saved(change.stage, NETBIOS, (change.guid,), before, after, label=change.adapter)
    if isinstance(change, AddFilterRule):
        return Saved(change.stage, RULE, (change.rule.name,), "", change.rule.text)
    if isinstance(change, RemoveFilterRule):
        return Saved(change.stage, RULE, (change.name,), change.before, "")
    raise TypeError(f"no such change: {change!r}")


def _absent(key: str, reader: Reader) -> Iterable[str]:
    """Yield the keys that will be made for a value, the nearest first."""
    while "\\" in key and not reader.has_key(key):
        yield key
        key = key.rpartition("\\")[0]


def _is_delayed(name: str, reader: Reader, host: Host) -> bool:
    service = host.services.get(name.lower())
    if service is not None and service.delayed is not None:
        return service.delayed
    # From Windows Vista to 8.1 only the registry says so, a request for each automatic service.
    value = read_setting(reader, delayed_setting(name)) if host.windows.nt >= DELAYED_SINCE else None
    return value is not None and value.data == 1


def delayed_setting(service: str) -> Setting:
    """Return the value that says whether an automatic service is delayed."""
    return Setting(rf"{SERVICES_KEY}\{service}", DELAYED, RegistryType.DWORD)


# As text


def to_value(snapshot: Snapshot) -> RegistryValue:
    """Write a snapshot as a registry value."""
    head = {"schema_version": SCHEMA, "run": snapshot.run, "objects": len(snapshot.saved)}
    return RegistryValue.texts(tuple(json.dumps(line) for line in (head, *(plain(saved) for saved in snapshot.saved))))


def plain(saved: Saved) -> dict[str, Any]:
    """Show one object as plain values, without what is empty."""
    shown: dict[str, Any] = {
        "stage": saved.stage,
        "object": saved.object,
        "name": list(saved.name),
        "before": _plain_state(saved.before),
        "after": _plain_state(saved.after),
    }
    if saved.object in (START_MODE, STOPPED, STARTED):
        shown["kind"] = str(saved.kind)
    more = {"delayed": saved.delayed, "absent": list(saved.absent), "label": saved.label, "ran": saved.ran}
    return {**shown, **{key: value for key, value in more.items() if value}}


def _plain_state(state: RegistryValue | str | None) -> object:
    return {"type": state.type.name, "data": state.plain()} if isinstance(state, RegistryValue) else state


def from_lines(lines: Sequence[str]) -> Snapshot:
    """Understand the lines of a snapshot.

    Raises:
        ValueError: they are not ours, or are damaged.
    """
    try:
        head = json.loads(lines[0])
        saved = tuple(_from_plain(json.loads(line)) for line in lines[1:])
        if head["schema_version"] != SCHEMA or head["objects"] != len(saved):
            raise ValueError(f"{len(saved)} of {head['objects']} objects")
        return Snapshot(str(head["run"]), saved)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _from_plain(line: Mapping[str, Any]) -> Saved:
    name, kind = tuple(str(part) for part in line["name"]), str(line["object"])
    if kind not in (REGISTRY, START_MODE, STOPPED, STARTED, NETBIOS, RULE) or len(name) != (2 if kind == REGISTRY else 1):
        raise ValueError(f"an object of kind {kind[:40]!a}")
    stage, before, after = str(line["stage"]), _state(line["before"]), _state(line["after"])
    if stage not in STAGES or (kind == RULE and not name[0].startswith(firewall.PREFIX)):
        raise ValueError(f"{kind} {name[0][:40]!a} of stage {stage[:40]!a}")
    if kind == START_MODE:
        before, after = StartMode(str(before)).value, StartMode(str(after)).value
    return Saved(
        stage,
        kind,
        name,
        before,
        after,
        kind=ServiceKind(line.get("kind", ServiceKind.SERVICE)),
        delayed=line.get("delayed") is True,
        absent=tuple(str(key) for key in line.get("absent", ())),
        label=str(line.get("label", "")),
        ran=line.get("ran") is True,
    )


def _state(said: Any) -> RegistryValue | str | None:
    if said is None or isinstance(said, str):
        return said
    kind, data = RegistryType[said["type"]], said["data"]
    if kind is RegistryType.BINARY:
        return RegistryValue(kind, bytes.fromhex(data))
    if kind is RegistryType.MULTI_SZ:
        return RegistryValue(kind, tuple(str(text) for text in data))
    number = kind in (RegistryType.DWORD, RegistryType.QWORD)
    if number and not 0 <= int(data) < 2 ** (32 if kind is RegistryType.DWORD else 64):
        raise ValueError(f"{kind.name} {data}")
    if not isinstance(data, int if number else str):
        raise TypeError(f"{kind.name} with {type(data).__name__}")
    return RegistryValue(kind, data)


def netbios_of(state: RegistryValue | str | None) -> NetbiosOption:
    """Return the option of NetBIOS over TCP/IP in a saved state."""
    return netbt.option_of(state if isinstance(state, RegistryValue) else None)


# On the host


@dataclass(frozen=True, slots=True)
class Stored:
    """The snapshots on a host, oldest first, and the names of those that cannot be read."""

    snapshots: tuple[Snapshot, ...] = ()
    unreadable: tuple[str, ...] = ()


def damage(runs: Sequence[str]) -> str:
    """Say of runs whose snapshots cannot be read what that means and what to do."""
    one = len(runs) == 1
    what = f"the snapshot{'' if one else 's'} of run{'' if one else 's'} {', '.join(runs)} on this host cannot be read"
    names = ", ".join(f"'{value_name(run)}'" for run in runs)
    return (
        f"{what}: what {'it alone tells' if one else 'they alone tell'} of is not put back, and what changed again after "
        f"{'that run' if one else 'those runs'} goes back to a later state only. Put that right by hand, by a copy of the record where "
        f"'record_dir' kept one; then delete {names} below HKLM\\{OUR_KEY}, which lets a restore succeed again"
    )


def value_name(run: str) -> str:
    """Return the name of the value that holds a run's snapshot, beside the rest of our record."""
    return f"{PREFIX}{run}"


def runs(reader: Reader) -> tuple[str, ...]:
    """Return the ids of the runs whose snapshots are there, oldest first: ids sort in the order of the runs."""
    names = reader.value_types(OUR_KEY) or {}
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
    found, unreadable = [], []
    for name in runs(reader):
        try:
            value = reader.value(OUR_KEY, value_name(name), RegistryType.MULTI_SZ)
            snapshot = from_lines(value.data if value is not None and isinstance(value.data, tuple) else ())
        except (MethodFailed, ValueError):
            unreadable.append(name)
            continue
        found.append(snapshot) if snapshot.run == name else unreadable.append(name)
    return Stored(tuple(found), tuple(unreadable))


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
    return saved.identity, saved.before, saved.ran
