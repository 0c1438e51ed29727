# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan the way back: previous states of what our runs changed, and only where our own value is still there. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NotFound, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Forecast, Outlook, grouped
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import listed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, delayed_setting, read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import registry_value, running, start_mode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import (
    SAVED,
    Change,
    effect,
    effects,
    identity_of,
    kind_of,
    touched,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_key import DeleteKey
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved, State
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.way_back import Goal, Now, Way
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.never import no_new_rule

from . import snapshot
from .managed import foreign
from .snapshot import Snapshot, Stored


@dataclass(frozen=True, slots=True)
class RestoreScope:
    """What is to be put back.

    Attributes:
        run: of one run alone; "" for all the way to the first snapshot.
        stage: of one stage alone; "" for all.
        force: also what somebody changed since.
    """

    run: str = ""
    stage: str = ""
    force: bool = False


def damaged(stored: Stored, scope: RestoreScope) -> tuple[str, ...]:
    """Return the runs whose snapshots cannot be read, and may tell of what is in scope: what they hold nobody knows.

    Raises:
        Refused: the run that is to be put back is one of them.
    """
    if scope.run in stored.unreadable:
        raise Refused(snapshot.damage((scope.run,), stored.newer))
    return () if scope.run else stored.unreadable


def goals_of(snapshots: Sequence[Snapshot], scope: RestoreScope, finished: Collection[str] = ()) -> tuple[Goal, ...]:
    """Join the snapshots in scope, oldest first: of each object its first previous state and our last value. Newest change first.

    Args:
        finished: ids of runs that did all that they set out to do.

    Raises:
        NotFound: there is no such run.
    """
    runs = [item for item in snapshots if scope.run in ("", item.run)]
    if scope.run and not runs:
        known = listed(item.run for item in snapshots) or "none that can be read"
        raise NotFound(f"this host has no snapshot of run '{scope.run}'; it has: {known}")
    found: dict[tuple[str, ...], Goal] = {}
    states: dict[tuple[str, ...], list[State]] = {}

    def join(saved: Saved, *, finished: bool) -> None:
        identity = identity_of(saved)
        seen = states.setdefault(identity, [])
        goal = found.pop(identity, Goal(saved, saved, ()))
        if seen and saved.before not in seen and SAVED[saved.object].AS_WRITTEN:
            # Somebody changed it between two runs of ours, and what he chose is what there is to go back to.
            goal = Goal(saved, saved, ())
        seen += [saved.before, saved.after]
        before = () if finished else goal.ours
        found[identity] = Goal(goal.oldest, saved, (*before, saved.after), finished)

    for item in runs:
        moved = Names(saved.name[0] for saved in item.saved if saved.object in running.OBJECTS)
        for saved in item.saved:
            if scope.stage in ("", saved.stage):
                join(saved, finished=item.run in finished)
                if saved.object == start_mode.OBJECT and saved.name[0] not in moved:
                    implied = _implied(saved, found)
                    if implied is not None:
                        join(implied, finished=item.run in finished)
    return tuple(reversed(found.values()))


def _implied(saved: Saved, found: dict[tuple[str, ...], Goal]) -> Saved | None:
    """Return what the change of a start mode does to a service that runs: from the next boot on it does not run, or does so again.

    None where it does neither. What is returned says `ran`, which nothing does that was stopped or started at once.
    """
    first = found[identity_of(saved)].oldest
    stopped = replace(saved, object=running.STOPPED, before=None, after=None, delayed=False, ran=True)
    known = found.get(identity_of(stopped))
    if not saved.ran:
        if first is saved and known is not None and known.oldest.ran:
            # Somebody chose another start mode since, and that it did not run.
            del found[identity_of(stopped)]
        return None
    if saved.after == first.before or StartMode(str(saved.after)).starts_by_itself:
        return replace(stopped, object=running.STARTED) if known is not None else None
    return stopped if saved.before != StartMode.DISABLED else None


def awaits_boot(goal: Goal) -> bool:
    """Tell whether a goal is that a service runs whose start mode alone was changed."""
    return goal.newest.ran and goal.newest.object != start_mode.OBJECT


def settings_of(goals: Iterable[Goal]) -> tuple[Setting, ...]:
    """Return the registry values that have to be read to see what the objects are now."""
    return tuple(dict.fromkeys(setting for goal in goals for setting in SAVED[goal.oldest.object].settings(goal)))


def read_now(reader: Reader, goals: Sequence[Goal]) -> Now:
    """Read what the objects are now; services and adapters are in the host."""
    keys = dict.fromkeys(key for goal in goals for key in goal.oldest.absent)
    others: dict[str, Names] = {}
    for key in keys:
        values, subkeys = reader.value_types(key), reader.subkeys(key)
        if values is not None:
            others[key] = Names((*values, *(f"{name}\\" for name in subkeys or ())))
    return Now({setting: read_setting(reader, setting) for setting in settings_of(goals)}, ByName(others))


Never = Callable[[Service], str | None]


NeverMade = Callable[[RpcFilterRule], str]


def _any_filter(_rule: RpcFilterRule) -> str:
    return ""


def _nothing_is_forbidden(_service: Service) -> None:
    return None


def plan(
    goals: Sequence[Goal],
    now: Now,
    host: Host,
    *,
    force: bool,
    management: frozenset[int],
    path: ManagementPath | None = None,
    never: Never = _nothing_is_forbidden,
    never_made: NeverMade = _any_filter,
) -> Plan:
    """Plan what puts the objects back: start modes, values, services, empty keys; within each the reverse of our own order.

    What is not as our last run left it is left alone and listed, unless `force`.

    Args:
        management: ports of the management path, which no rule may cover whatever once was.
        path: what the session goes through; as long as it is not known no rule is made.
        never: says why a service must never stop or be disabled, or None. A record that asks for it is not ours, or is damaged.
        never_made: the same of a filter of RPC calls that must never be made, or "".
    """
    unsafe = no_new_rule(path)
    changes: list[Change] = []
    unchanged: list[Unchanged] = []
    # Written by a restore for a service that started delayed: it goes with the service's start mode.
    delays = {delayed_setting(goal.oldest.name[0]).place for goal in goals if goal.oldest.delayed}
    waiting = Names(goal.oldest.name[0] for goal in goals if awaits_boot(goal))
    alone: list[str] = []
    warnings: list[str] = []
    for goal in goals:
        if goal.oldest.object == registry_value.OBJECT and registry_value.setting_of(goal).place in delays:
            continue
        way = SAVED[goal.oldest.object].plan_back(goal, now, host)
        if isinstance(way, Way) and (reason := next(filter(None, map(foreign, way.changes)), "")):
            way = Unchanged(goal.oldest.stage, way.changes[0].target, Reason.NEVER, reason)
            warnings.append(f"{way.target} is not restored: {reason}")
        if isinstance(way, Way) and (reason := _cuts(way, management, unsafe) or _forbidden(way, host, never, never_made)):
            way = Unchanged(goal.oldest.stage, way.changes[0].target, Reason.NEVER, reason)
        if isinstance(way, Way) and way.differs and not force:
            way = way.left(goal)
        elif isinstance(way, Way) and (lost := _lost(way, goal)):
            way = snapshot.left_alone(lost)
            warnings.append(snapshot.told(way))
        if isinstance(way, Way):
            changes += way.changes
        elif way.reason is not Reason.AS_DESIRED or not awaits_boot(goal):
            unchanged.append(way)
            if goal.oldest.object == start_mode.OBJECT and way.reason is not Reason.AS_DESIRED:
                alone.append(goal.oldest.name[0])
    startable, left = _startable(changes, host, waiting & alone)
    changes, unchanged = [*startable, *_keys(goals, startable, now)], [*unchanged, *left]
    changes.sort(key=lambda change: kind_of(change).BACK)
    return Plan(tuple(changes), tuple(unchanged), tuple(warnings))


def _lost(way: Way[Change], goal: Goal) -> Change | None:
    """Return what a way back would overwrite that its own snapshot could not hold; what we wrote ourselves is as it is shown."""
    ours = not way.differs and goal.oldest.object != start_mode.OBJECT
    return None if ours else next(filter(snapshot.is_lost, way.changes), None)


def _forbidden(way: Way[Change], host: Host, never: Never, never_made: NeverMade) -> str:
    """Say why a way back would stop, disable or filter what must never be; empty where it would not."""
    for change in way.changes:
        made = touched(change).filters
        if made is not None and (why := never_made(made)):
            return why
        mode = effect(change).start_mode
        # A start mode in the registry is judged whatever it says: it comes from a record that somebody may have written.
        weakened = touched(change).configures if mode is None or mode[1] is StartMode.DISABLED else ""
        service = host.services.get(touched(change).stops or weakened)
        reason = never(service) if service is not None else None
        if reason:
            return reason
    return ""


def _startable(changes: Sequence[Change], host: Host, alone: Names) -> tuple[list[Change], list[Unchanged]]:
    """Leave out the start of what stays or becomes disabled: the start would fail, and keep everything after it from being done.

    A start mode that is put back in the registry is read at the boot only, which then starts the service, and what depends on it.

    Args:
        alone: services that are not started since their start mode is left alone.
    """
    modes = effects(changes).start_modes
    written = Names(item.configures for item in map(touched, changes) if item.value is not None)
    later = Names(name for name in written if name in host.services and host.services[name].start_mode is StartMode.DISABLED)
    later |= Names(service.name for name in later for service in host.all_dependents(name))
    kept: list[Change] = []
    left: list[Unchanged] = []
    for change in changes:
        service = host.services.get(effect(change).starts)
        name = service.name if service is not None else ""
        if name in alone:
            left.append(Unchanged(change.stage, change.target, Reason.CHANGED_SINCE, "its start mode is left unchanged"))
        elif name in later:
            why = "it cannot start before the boot at which Windows reads its start mode"
            left.append(Unchanged(change.stage, change.target, Reason.AT_BOOT, why))
        elif service is not None and modes.get(name, service.start_mode) is StartMode.DISABLED:
            left.append(Unchanged(change.stage, change.target, Reason.CHANGED_SINCE, "it is disabled and stays disabled"))
        else:
            kept.append(change)
    return kept, left


def _cuts(way: Way[Change], management: frozenset[int], unsafe: str) -> str:
    """Say why a way back could cut the session; empty where it could not."""
    rules = [rule for change in way.changes if (rule := touched(change).adds) is not None]
    if any(rule.protocol is Protocol.TCP and rule.port in management for rule in rules):
        return "the rule would drop the management path"
    return unsafe if rules else ""


def _keys(goals: Sequence[Goal], changes: Sequence[Change], now: Now) -> list[Change]:
    """Delete keys that were made for our values and will hold nothing once these are gone, the innermost first."""
    gone = Names("\\".join(place) for place, value in effects(changes).values.items() if value is None)
    deleted: list[Change] = []
    made = sorted({key: goal.oldest.stage for goal in goals for key in goal.oldest.absent}.items(), key=lambda item: -len(item[0]))
    for key, stage in made:
        held = now.others.get(key)
        if held is not None and all(path in gone or path.rstrip("\\") in gone for path in (rf"{key}\{name}" for name in held)):
            deleted.append(DeleteKey(stage=stage, effective=Effective.NOW, why="it was created for a value that is gone", key=key))
            gone |= {key}
    return deleted


def forecast_of(current: Sequence[Forecast], first: Record | None, *, whole: bool) -> tuple[Forecast, ...]:
    """Forecast a restore: what the host had before our first run opens again, all of it or, of one run or stage, perhaps.

    Args:
        current: what is expected of the endpoints that are there.
        first: the forecast of our first run; None where it is lost.
        whole: all the way to the first snapshot.
    """
    # The first record tells a crowd of ports by their owner.
    known = {entry.identity for entry in (*current, *grouped(current))}
    boot = Expectation.OPEN if whole else Expectation.UNKNOWN
    back = [
        replace(
            _without_process(entry),
            now=Expectation.UNKNOWN,
            boot=boot,
            outlook=Outlook.OPENS if whole else Outlook.UNKNOWN,
            why="it was there before the first run",
        )
        for entry in (first.forecast if first is not None else ())
        if entry.identity not in known
    ]
    return (*current, *back)


def _without_process(entry: Forecast) -> Forecast:
    """Return an entry without the process that had its endpoints in an earlier boot."""
    row = entry.endpoint
    others = tuple(replace(other, pid=None) for other in entry.others)
    return replace(entry, endpoint=replace(row, pid=None), others=others, owner=entry.owner.removesuffix(f" in pid {row.pid}"))
