# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan the way back: previous states of what our runs changed, and only where our own value is still there. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NotFound, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Forecast, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_key import DeleteKey
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StartService, StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import ip_filter, netbt

from . import snapshot
from .snapshot import Saved, Snapshot, Stored


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be put back.

    Attributes:
        run: of one run alone; "" for all the way to the first snapshot.
        stage: of one stage alone; "" for all.
        force: also what somebody changed since.
    """

    run: str = ""
    stage: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """One object: where it is to go, by the oldest snapshot in scope, and where our last run left it, by the newest.

    Attributes:
        ours: the states that our runs may have left it in: that of the newest run and, as long as it is not known that this one
            did all that it set out to do, of those before.
        certain: the newest run did all that it set out to do.
    """

    oldest: Saved
    newest: Saved
    ours: tuple[RegistryValue | str | None, ...]
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """What the objects of the snapshots are now.

    Attributes:
        values: registry values, NetbiosOptions and delays of services included.
        others: the names of values and (with a backslash at the end) of subkeys in keys that we made, all in lower case.
    """

    values: Mapping[Setting, RegistryValue | None]
    others: Mapping[str, frozenset[str]]


def damaged(stored: Stored, scope: Scope) -> tuple[str, ...]:
    """Return the runs whose snapshots cannot be read, and may tell of what is in scope: what they hold nobody knows.

    Raises:
        Refused: the run that is to be put back is one of them.
    """
    if scope.run in stored.unreadable:
        raise Refused(snapshot.damage((scope.run,)))
    return () if scope.run else stored.unreadable


def goals_of(snapshots: Sequence[Snapshot], scope: Scope, finished: Collection[str] = ()) -> tuple[Goal, ...]:
    """Join the snapshots in scope, oldest first: of each object its first previous state and our last value. Newest change first.

    Args:
        finished: ids of runs that did all that they set out to do.

    Raises:
        NotFound: there is no such run.
    """
    runs = [item for item in snapshots if scope.run in ("", item.run)]
    if scope.run and not runs:
        known = ", ".join(item.run for item in snapshots) or "none that can be read"
        raise NotFound(f"there is no snapshot of a run '{scope.run}' on this host; there are: {known}")
    found: dict[tuple[str, ...], Goal] = {}
    states: dict[tuple[str, ...], list[RegistryValue | str | None]] = {}

    def join(saved: Saved, *, finished: bool) -> None:
        seen = states.setdefault(saved.identity, [])
        goal = found.pop(saved.identity, Goal(saved, saved, ()))
        if seen and saved.before not in seen and saved.object != snapshot.RULE:
            # Somebody changed it between two runs of ours, and what he chose is what there is to go back to. The text of a rule
            # is the firewall's, and not as it was written.
            goal = Goal(saved, saved, ())
        seen += [saved.before, saved.after]
        before = () if finished else goal.ours
        found[saved.identity] = Goal(goal.oldest, saved, (*before, saved.after), finished)

    for item in runs:
        moved = {saved.name[0].lower() for saved in item.saved if saved.object in (snapshot.STOPPED, snapshot.STARTED)}
        for saved in item.saved:
            if scope.stage in ("", saved.stage):
                join(saved, finished=item.run in finished)
                if saved.object == snapshot.START_MODE and saved.name[0].lower() not in moved:
                    running = _implied(saved, found)
                    if running is not None:
                        join(running, finished=item.run in finished)
    return tuple(reversed(found.values()))


BY_THEMSELVES = (StartMode.BOOT, StartMode.SYSTEM, StartMode.AUTO)


def _implied(saved: Saved, found: dict[tuple[str, ...], Goal]) -> Saved | None:
    """Return what the change of a start mode does to a service that runs: from the next boot on it does not run, or does so again.

    None where it does neither. What is returned says `ran`, which nothing does that was stopped or started at once.
    """
    first = found[saved.identity].oldest
    stopped = replace(saved, object=snapshot.STOPPED, before=None, after=None, delayed=False, ran=True)
    known = found.get(stopped.identity)
    if not saved.ran:
        if first is saved and known is not None and known.oldest.ran:
            # Somebody chose another start mode since, and that it did not run.
            del found[stopped.identity]
        return None
    if saved.after == first.before or saved.after in BY_THEMSELVES:
        return replace(stopped, object=snapshot.STARTED) if known is not None else None
    return stopped if saved.before != StartMode.DISABLED else None


def awaits_boot(goal: Goal) -> bool:
    """Tell whether a goal is that a service runs whose start mode alone was changed."""
    return goal.newest.ran and goal.newest.object != snapshot.START_MODE


def settings_of(goals: Iterable[Goal]) -> tuple[Setting, ...]:
    """Return the registry values that have to be read to see what the objects are now."""
    found: dict[Setting, None] = {}
    for goal in goals:
        if goal.oldest.object == snapshot.REGISTRY:
            found[_registry_setting(goal)] = None
        elif goal.oldest.object == snapshot.NETBIOS:
            found[netbt.setting(goal.oldest.name[0])] = None
        elif goal.oldest.delayed:
            found[snapshot.delayed_setting(goal.oldest.name[0])] = None
    return tuple(found)


def _registry_setting(goal: Goal) -> Setting:
    states = (goal.newest.after, goal.oldest.before)
    kind = next((state.type for state in states if isinstance(state, RegistryValue)), RegistryType.DWORD)
    key, name = goal.oldest.name
    return Setting(key, name, kind)


def read_now(reader: Reader, goals: Sequence[Goal]) -> Now:
    """Read what the objects are now; services and adapters are in the host."""
    keys = dict.fromkeys(key for goal in goals for key in goal.oldest.absent)
    others = {}
    for key in keys:
        values, subkeys = reader.value_types(key), reader.subkeys(key)
        if values is not None:
            others[key.lower()] = frozenset(name.lower() for name in (*values, *(f"{name}\\" for name in subkeys or ())))
    return Now({setting: read_setting(reader, setting) for setting in settings_of(goals)}, others)


Never = Callable[[Service], str | None]


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
) -> Plan:
    """Plan what puts the objects back: start modes, values, services, empty keys; within each the reverse of our own order.

    What is not as our last run left it is left alone and listed, unless `force`.

    Args:
        management: ports of the management path, which no rule may cover whatever once was.
        path: what the session goes through; as long as it is not known no rule is made.
        never: says why a service must never stop or be disabled, or None. A record that asks for it is not ours, or is damaged.
    """
    unsafe = ip_filter.no_new_rule(path)
    changes: list[Change] = []
    unchanged: list[Unchanged] = []
    # Written by a restore for a service that started delayed: it goes with the service's start mode.
    delays = {snapshot.delayed_setting(goal.oldest.name[0]).target.lower() for goal in goals if goal.oldest.delayed}
    waiting = {goal.oldest.name[0].lower() for goal in goals if awaits_boot(goal)}
    alone: set[str] = set()
    warnings: list[str] = []
    for goal in goals:
        if goal.oldest.object == snapshot.REGISTRY and _registry_setting(goal).target.lower() in delays:
            continue
        way = PLANNERS[goal.oldest.object](goal, now, host)
        if isinstance(way, Way) and any(_covers(change, management) for change in way.changes):
            way = Unchanged(goal.oldest.stage, way.changes[0].target, Reason.NEVER, "the rule would drop the management path")
        elif isinstance(way, Way) and (reason := _forbidden(way, host, never)):
            way = Unchanged(goal.oldest.stage, way.changes[0].target, Reason.NEVER, reason)
        elif isinstance(way, Way) and unsafe and any(isinstance(change, AddFilterRule) for change in way.changes):
            way = Unchanged(goal.oldest.stage, way.changes[0].target, Reason.NEVER, unsafe)
        if isinstance(way, Way) and way.differs and not force:
            way = way.left(goal)
        elif isinstance(way, Way) and (lost := _lost(way, goal)):
            way = snapshot.left_alone(lost)
            warnings.append(snapshot.told(way))
        if isinstance(way, Way):
            changes += way.changes
        elif way.reason is not Reason.AS_DESIRED or not awaits_boot(goal):
            unchanged.append(way)
            if goal.oldest.object == snapshot.START_MODE and way.reason is not Reason.AS_DESIRED:
                alone.add(goal.oldest.name[0].lower())
    startable, left = _startable(changes, host, waiting & alone)
    changes, unchanged = [*startable, *_keys(goals, startable, now)], [*unchanged, *left]
    order = {SetRegistryValue: 1, SetStartMode: 0, SetNetbios: 1, StartService: 2, StopService: 2, DeleteKey: 3}
    changes.sort(key=lambda change: order.get(type(change), 1))
    return Plan(tuple(changes), tuple(unchanged), tuple(warnings))


def _lost(way: Way, goal: Goal) -> Change | None:
    """Return what a way back would overwrite that its own snapshot could not hold; what we wrote ourselves is as it is shown."""
    ours = not way.differs and goal.oldest.object != snapshot.START_MODE
    return None if ours else next(filter(snapshot.is_lost, way.changes), None)


def _forbidden(way: Way, host: Host, never: Never) -> str:
    """Say why a way back would stop or disable what must never be; empty where it would not."""
    for change in way.changes:
        name = ""
        if isinstance(change, StopService) or (isinstance(change, SetStartMode) and change.after is StartMode.DISABLED):
            name = change.name
        elif isinstance(change, SetRegistryValue) and change.name.lower() == "start":
            name = change.key.rpartition("\\")[2]
        service = host.services.get(name.lower())
        reason = never(service) if service is not None else None
        if reason:
            return reason
    return ""


def _startable(changes: Sequence[Change], host: Host, alone: Collection[str]) -> tuple[list[Change], list[Unchanged]]:
    """Leave out the start of what stays or becomes disabled: the start would fail, and keep everything after it from being done.

    A start mode that is put back in the registry is read at the boot only, which then starts the service, and what depends on it.

    Args:
        alone: services, in lower case, that are not started since their start mode is left alone.
    """
    modes = {change.name.lower(): change.after for change in changes if isinstance(change, SetStartMode)}
    written = {c.key.rpartition("\\")[2].lower() for c in changes if isinstance(c, SetRegistryValue) and c.name.lower() == "start"}
    later = {name for name in written if name in host.services and host.services[name].start_mode is StartMode.DISABLED}
    later |= {service.name.lower() for name in later for service in host.all_dependents(name)}
    kept: list[Change] = []
    left: list[Unchanged] = []
    for change in changes:
        service = host.services.get(change.name.lower()) if isinstance(change, StartService) else None
        name = service.name.lower() if service is not None else ""
        if name in alone:
            left.append(Unchanged(change.stage, change.target, Reason.CHANGED_SINCE, "its start mode is left alone"))
        elif name in later:
            left.append(Unchanged(change.stage, change.target, Reason.AT_BOOT, "it cannot start before its start mode is read again"))
        elif service is not None and modes.get(name, service.start_mode) is StartMode.DISABLED:
            left.append(Unchanged(change.stage, change.target, Reason.CHANGED_SINCE, "it is disabled, and stays so"))
        else:
            kept.append(change)
    return kept, left


def _covers(change: Change, management: frozenset[int]) -> bool:
    if not isinstance(change, AddFilterRule) or change.rule.protocol is not Protocol.TCP:
        return False
    return change.rule.ports in {str(port) for port in management}


@dataclass(frozen=True, slots=True)
class Way:
    """What puts one object back.

    Attributes:
        differs: what it is now in words, where it is not as our last run left it; "" where it is.
    """

    changes: tuple[Change, ...]
    differs: str = ""

    def left(self, goal: Goal) -> Unchanged:
        """Say that somebody else's value is left alone."""
        return Unchanged(goal.oldest.stage, self.changes[0].target, Reason.CHANGED_SINCE, f"{self.differs}; 'force: true' puts it back")


WHY = "as it was before the first run of ours that changed it"


def _as_it_was(goal: Goal, target: str) -> Unchanged:
    return Unchanged(goal.oldest.stage, target, Reason.AS_DESIRED)


def _value(goal: Goal, now: Now, host: Host) -> Way | Unchanged:
    setting, before = _registry_setting(goal), goal.oldest.before
    actual = now.values.get(setting)
    if actual == before:
        return _as_it_was(goal, setting.target)
    if actual is None and _is_of_no_adapter(setting, host):
        return Unchanged(goal.oldest.stage, setting.target, Reason.ABSENT, NO_ADAPTER)
    change = SetRegistryValue(
        stage=goal.oldest.stage,
        effective=Effective.BOOT,
        why=WHY,
        key=setting.key,
        name=setting.name,
        before=actual,
        after=before if isinstance(before, RegistryValue) else None,
    )
    return Way((change,), "" if actual in goal.ours else f"it is {_shown(actual)}, and we left {_shown(goal.newest.after)}")


NO_ADAPTER = "the adapter is gone"


def _is_of_no_adapter(setting: Setting, host: Host) -> bool:
    """Tell whether a value belongs to an adapter that the host does not have: Windows takes its key away with it."""
    keys = {netbt.setting(adapter.guid).key.lower() for adapter in host.adapters}
    return netbt.is_option(setting) and setting.key.lower() not in keys


def _shown(state: RegistryValue | str | None) -> str:
    return "absent" if state is None else str(state.plain() if isinstance(state, RegistryValue) else state)


def _start_mode(goal: Goal, now: Now, host: Host) -> Way | Unchanged:
    name, before = goal.oldest.name[0], StartMode(str(goal.oldest.before))
    service = host.services.get(name.lower())
    if service is None:
        return Unchanged(goal.oldest.stage, f"service {name}", Reason.ABSENT)
    delay = snapshot.delayed_setting(name)
    late = goal.oldest.delayed and now.values.get(delay) != RegistryValue.dword(1)
    changes: list[Change] = []
    if service.start_mode is not before:
        changes.append(
            SetStartMode(
                stage=goal.oldest.stage,
                effective=Effective.BOOT,
                why=WHY,
                kind=service.kind,
                name=service.name,
                before=service.start_mode,
                after=before,
            )
        )
    if goal.oldest.delayed and (late or changes):
        # ChangeStartMode makes it plainly automatic: the delay is written after it.
        value = RegistryValue.dword(1)
        changes.append(
            SetRegistryValue(
                stage=goal.oldest.stage,
                effective=Effective.BOOT,
                why="it started delayed",
                key=delay.key,
                name=delay.name,
                before=now.values.get(delay),
                after=value,
            )
        )
    if not changes:
        return _as_it_was(goal, f"service {service.name}")
    ours = service.start_mode is before or str(service.start_mode) in goal.ours
    return Way(tuple(changes), "" if ours else f"its start mode is {service.start_mode}, and we left {goal.newest.after}")


def _running(goal: Goal, _now: Now, host: Host) -> Way | Unchanged:
    """Start what the first run of ours stopped, or kept from starting; one that runs is as it was, whoever started it."""
    name = goal.oldest.name[0]
    service = host.services.get(name.lower())
    if service is None:
        return Unchanged(goal.oldest.stage, f"service {name}", Reason.ABSENT)
    if service.stopped is (goal.oldest.object == snapshot.STARTED):
        return _as_it_was(goal, f"service {service.name}")
    if goal.oldest.object == snapshot.STARTED:
        stop = StopService(stage=goal.oldest.stage, effective=Effective.NOW, why=WHY, kind=service.kind, name=service.name)
        if service.takes_no_stop:
            return Unchanged(goal.oldest.stage, stop.target, Reason.PROTECTED, f"{service.name} takes no stop while it runs")
        return Way((stop,))
    start = StartService(stage=goal.oldest.stage, effective=Effective.NOW, why=WHY, kind=service.kind, name=service.name)
    started = goal.certain and goal.newest.object == snapshot.STARTED
    return Way((start,), "we started it again, and somebody stopped it since" if started else "")


def _netbios(goal: Goal, now: Now, host: Host) -> Way | Unchanged:
    guid, before, stage = goal.oldest.name[0], goal.oldest.before, goal.oldest.stage
    setting = netbt.setting(guid)
    actual = now.values.get(setting)
    adapter = next((item for item in host.adapters if item.guid.lower() == guid.lower()), None)
    target = f"adapter {goal.oldest.label} {guid}"
    if actual == before:
        return _as_it_was(goal, target)
    if actual is None and adapter is None:
        return Unchanged(stage, target, Reason.ABSENT, NO_ADAPTER)
    changes: list[Change] = []
    option, current = snapshot.netbios_of(before), netbt.option_of(actual)
    if adapter is not None and adapter.ip_enabled and option is not current:
        changes.append(
            SetNetbios(
                stage=stage,
                effective=Effective.NOW,
                why=WHY,
                index=adapter.index,
                adapter=adapter.description,
                guid=adapter.guid,
                before=current,
                after=option,
            )
        )
    if not changes or before is None:
        value = before if isinstance(before, RegistryValue) else None
        changes.append(
            SetRegistryValue(stage=stage, effective=Effective.BOOT, why=WHY, key=setting.key, name=setting.name, before=actual, after=value)
        )
    return Way(tuple(changes), "" if actual in goal.ours else f"it is {_shown(actual)}, and we left {_shown(goal.newest.after)}")


def _rule(goal: Goal, _now: Now, host: Host) -> Way | Unchanged:
    name, before, stage = goal.oldest.name[0], str(goal.oldest.before or ""), goal.oldest.stage
    actual = host.firewall.texts.get(name, "") if host.firewall is not None else ""
    rule = FilterRule.from_text(before) if before else None
    # A run that broke off left the name, and nobody knows whether it made the rule.
    uncertain = not actual and host.firewall is not None and name in host.firewall.names
    if (actual == before and not uncertain) or (rule is not None and rule.matches(actual)):
        return _as_it_was(goal, f"inbound rule {name}")
    changes: list[Change] = []
    if actual or uncertain:
        gone = RemoveFilterRule(stage=stage, effective=Effective.NOW, why=WHY, name=name, before=actual, certain=not uncertain)
        changes.append(gone)
    if rule is not None:
        changes.append(AddFilterRule(stage=stage, effective=Effective.NOW, why=WHY, rank=1, rule=rule, before=actual or None))
    if not changes:
        return Unchanged(stage, f"inbound rule {name}", Reason.ABSENT, "a rule that somebody else had made is not made again")
    rules = (FilterRule.from_text(str(text or "")) for text in goal.ours)
    still = uncertain or any(ours.matches(actual) if ours is not None else not actual for ours in rules)
    return Way(tuple(changes), "" if still else "somebody changed the rule")


PLANNERS: Mapping[str, Callable[[Goal, Now, Host], Way | Unchanged]] = {
    snapshot.REGISTRY: _value,
    snapshot.START_MODE: _start_mode,
    snapshot.STOPPED: _running,
    snapshot.STARTED: _running,
    snapshot.NETBIOS: _netbios,
    snapshot.RULE: _rule,
}


def _keys(goals: Sequence[Goal], changes: Sequence[Change], now: Now) -> list[Change]:
    """Delete keys that were made for our values and will hold nothing once these are gone, the innermost first."""
    gone = {rf"{c.key}\{c.name}".lower() for c in changes if isinstance(c, SetRegistryValue) and c.after is None}
    deleted: list[Change] = []
    made = sorted({key: goal.oldest.stage for goal in goals for key in goal.oldest.absent}.items(), key=lambda item: -len(item[0]))
    for key, stage in made:
        held = now.others.get(key.lower())
        if held is not None and all(rf"{key}\{name}".lower() in gone or rf"{key}\{name}".lower().rstrip("\\") in gone for name in held):
            deleted.append(DeleteKey(stage=stage, effective=Effective.NOW, why="it was made for a value that is gone", key=key))
            gone.add(key.lower())
    return deleted


def forecast_of(current: Sequence[Forecast], first: Record | None, *, whole: bool) -> tuple[Forecast, ...]:
    """Forecast a restore: what the host had before our first run opens again, all of it or, of one run or stage, perhaps.

    Args:
        current: what is expected of the endpoints that are there.
        first: the forecast of our first run; None where it is lost.
        whole: all the way to the first snapshot.
    """
    known = {entry.identity for entry in current}
    boot = Expectation.OPEN if whole else Expectation.UNKNOWN
    back = [
        replace(
            entry,
            now=Expectation.UNKNOWN,
            boot=boot,
            outlook=Outlook.OPENS if whole else Outlook.UNKNOWN,
            why="it was there before the first run of ours",
        )
        for entry in (first.forecast if first is not None else ())
        if entry.identity not in known
    ]
    return (*current, *back)
