# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell which settings of our runs are no longer as the last of them left them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._host import netbios as adapters
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import (
    filter_rule,
    netbios,
    registry_value,
    rpc_filter,
    running,
    start_mode,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import SAVED, identity_of
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import State
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.way_back import Goal

from . import restore
from .snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Undone:
    """One setting that is no longer as our last run left it.

    Attributes:
        target: what it is, as results name it.
        run: id of the run that left it as it should be.
        reverted: it is as it was before our first run.
    """

    stage: str
    target: str
    now: str
    left: str
    run: str
    reverted: bool


def touched(snapshots: Sequence[Snapshot]) -> tuple[Goal, ...]:
    """Return every object that a run of ours touched, with what the last of them left; what a start mode implies is left out."""
    goals = restore.goals_of(snapshots, restore.RestoreScope())
    return tuple(goal for goal in goals if not restore.awaits_boot(goal))


def settings_of(goals: Iterable[Goal]) -> tuple[Setting, ...]:
    """Return the registry values that have to be read: those that were written, and not how late a service starts."""
    told = (goal for goal in goals if goal.newest.object in (registry_value.OBJECT, netbios.OBJECT))
    return tuple(dict.fromkeys(setting for goal in told for setting in SAVED[goal.newest.object].settings(goal)))


def needs_firewall(goals: Iterable[Goal]) -> bool:
    """Tell whether a rule of ours is among the objects."""
    return any(goal.newest.object == filter_rule.OBJECT for goal in goals)


def needs_rpc_filters(goals: Iterable[Goal]) -> bool:
    """Tell whether a filter of RPC calls is among the objects."""
    return any(goal.newest.object == rpc_filter.OBJECT for goal in goals)


def undone(
    snapshots: Sequence[Snapshot],
    goals: Iterable[Goal],
    now: Mapping[Setting, RegistryValue | None],
    host: Host,
    unfinished: Collection[str] = (),
) -> tuple[Undone, ...]:
    """Return what is no longer as our last run left it.

    Args:
        now: the values of `settings_of`; one of which nobody knows what it is now is left out.
        unfinished: ids of the runs that did not do all that they set out to do. What a run did not do nobody has changed back.
    """
    last: dict[tuple[str, ...], str] = {}
    for snapshot in snapshots:
        last |= {identity_of(saved): snapshot.run for saved in snapshot.saved}
    found: list[Undone] = []
    modes: set[str] = set()
    for goal in reversed(tuple(goals)):
        run = last.get(identity_of(goal.newest), "")
        if run in unfinished:
            continue
        one = _compare(goal, run, now, host)
        if one is None:
            continue
        name = goal.newest.name[0].lower()
        if goal.newest.object == start_mode.OBJECT:
            modes.add(name)
        if goal.newest.object not in running.OBJECTS or name not in modes:
            # That a service runs again whose start mode was changed back is the same thing once more.
            found.append(one)
    return tuple(sorted(found, key=lambda item: (item.stage, item.target)))


def _compare(goal: Goal, run: str, now: Mapping[Setting, RegistryValue | None], host: Host) -> Undone | None:
    """Compare one object; None where it is as it was left, or is gone from the host."""
    newest, oldest = goal.newest, goal.oldest
    name, service = newest.name[0], host.services.get(newest.name[0])

    def told(target: str, actual: State, left: State) -> Undone | None:
        return None if actual == left else Undone(newest.stage, target, _shown(actual), _shown(left), run, actual == oldest.before)

    if newest.object == start_mode.OBJECT:
        return told(f"service {service.name}: start mode", str(service.start_mode), newest.after) if service is not None else None
    if newest.object in running.OBJECTS:
        if service is None or newest.object == running.STARTED or service.stopped:
            return None
        return Undone(newest.stage, f"service {service.name}", "running", "stopped", run, reverted=True)
    if newest.object == filter_rule.OBJECT:
        return _compare_rule(goal, run, host)
    if newest.object == rpc_filter.OBJECT:
        return _compare_filter(goal, run, host)
    if newest.object == netbios.OBJECT:
        where = netbios.settings(goal)[0]
        actual = now.get(where)
        same = adapters.option_of(actual) is adapters.option_of(_value(newest.after))
        target = f"adapter {newest.label} {name}: NetBIOS over TCP/IP"
        return None if same or where not in now else told(target, actual, newest.after)
    setting = registry_value.setting_of(goal)
    return told(setting.target, now.get(setting), newest.after) if setting in now else None


def _compare_rule(goal: Goal, run: str, host: Host) -> Undone | None:
    name = goal.newest.name[0]
    actual = host.firewall.texts.get(name, "") if host.firewall is not None else ""
    left = FilterRule.from_text(str(goal.newest.after or ""))
    if (left is None and not actual) or (left is not None and left.matches(actual)):
        return None
    was = "there" if left is not None else "absent"
    is_now = "absent" if not actual else "changed" if left is not None else "there"
    return Undone(goal.newest.stage, f"inbound rule {name}", is_now, was, run, reverted=False)


def _compare_filter(goal: Goal, run: str, host: Host) -> Undone | None:
    if host.rpc_filters is None or host.rpc_filters.unknown:
        return None
    actual, left, before = (
        rpc_filter.state_of(goal, host.rpc_filters),
        *(str(text or "") for text in (goal.newest.after, goal.oldest.before)),
    )
    rule = RpcFilterRule.from_text(left or before)
    if actual == left or rule is None:
        return None

    def word(text: str) -> str:
        return "absent" if not text else "changed" if text == rpc_filter.DIFFERS else "there"

    return Undone(goal.newest.stage, rpc_filter.named(rule), word(actual), word(left), run, reverted=actual == before)


def _value(state: State) -> RegistryValue | None:
    return state if isinstance(state, RegistryValue) else None


def _shown(state: State) -> str:
    return "absent" if state is None else excerpt(state.plain() if isinstance(state, RegistryValue) else state)
