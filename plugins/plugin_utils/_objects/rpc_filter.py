# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A filter of RPC calls that the Base Filtering Engine keeps: added, or deleted.

A filter is first made as one that the next boot takes away, listed, and compared condition by condition; only one that is right is made
to last, listed and compared again. One that differs is deleted at once by its key. Exit codes are not asked: they prove nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed, ProtocolError, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import (
    RpcFilterRule,
    RpcFilters,
    as_listed,
    deleting_line,
    deletion,
    making_line,
    told_by,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.rpc_filters import filters_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place, Setting

from .change import BaseChange, Effective
from .effect import Effect
from .saved import Saved
from .touched import Touched
from .unchanged import Reason, Unchanged
from .way_back import WHY, Goal, Now, Way, as_it_was

OBJECT = "RPC filter"
OBJECTS: tuple[str, ...] = (OBJECT,)
PARTS = 1
# Of the accounts that a filter permits a listing says nothing.
AS_WRITTEN, OF_SERVICE = False, False
BACK = 1
# In this order nothing is refused that is to be permitted, not even for a moment.
RANK_PERMIT, RANK_BLOCK, RANK_UNBLOCK, RANK_UNPERMIT = range(4)

IN_PLACE = "in place"
"""How a filter that is there is shown."""
DIFFERS = "there, with other conditions"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRpcFilter(BaseChange):
    """Make a filter of RPC calls.

    Attributes:
        differs: a filter of its key is there, or its trial is, and goes first.
    """

    rule: RpcFilterRule
    differs: bool = False

    @property
    def target(self) -> str:
        return named(self.rule)

    @property
    def shown(self) -> tuple[object, object]:
        return DIFFERS if self.differs else None, in_place(self.rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRpcFilter(BaseChange):
    """Delete a filter of RPC calls that this collection made, by its key.

    Attributes:
        keys: its own key, and that of its trial where one may be left.
        before: what it says, as a line for a snapshot; "" where it is not as we make it.
    """

    keys: tuple[UUID, ...]
    before: str

    @property
    def key(self) -> UUID:
        """Its own key."""
        return self.keys[0]

    @property
    def target(self) -> str:
        rule = RpcFilterRule.from_text(self.before)
        return f"former {named(rule)}" if rule is not None else f"former RPC filter {self.key}"

    @property
    def identity(self) -> str:
        return f"former RPC filter {self.key}"

    @property
    def shown(self) -> tuple[object, object]:
        rule = RpcFilterRule.from_text(self.before)
        return in_place(rule) if rule is not None else DIFFERS, None


RpcFilterChange = AddRpcFilter | RemoveRpcFilter


def named(rule: RpcFilterRule) -> str:
    """Name a filter, as results do: a table that cuts it in the middle still shows what it does, and to which interface."""
    return f"RPC filter {rule.interface} {rule.action} {rule.protocol.word}"


def in_place(rule: RpcFilterRule) -> str:
    """Show that a filter is there, and whom it permits as far as that is known."""
    return f"{IN_PLACE} for {', '.join(rule.allowed)}" if rule.allowed and rule.is_known else IN_PLACE


# In a snapshot


def save(change: RpcFilterChange, _reader: Reader, _seen: Seen, _nt: NtVersion) -> Saved | None:
    """Save what the filter says. One that is not as we make it is not put back: it could block any call."""
    if isinstance(change, AddRpcFilter):
        return Saved(change.stage, OBJECT, (str(change.rule.key),), "", change.rule.text)
    return Saved(change.stage, OBJECT, (str(change.key),), change.before, "") if change.before else None


def is_lost(_change: RpcFilterChange) -> bool:
    """Tell whether the change overwrites what a snapshot cannot hold as it is: no filter that is worth keeping."""
    return False


def checked(saved: Saved) -> Saved:
    """Take a filter from a snapshot.

    Raises:
        ValueError: it is none of ours.
    """
    texts = [str(text) for text in (saved.before, saved.after) if text]
    rules = [RpcFilterRule.from_text(text) for text in texts]
    if not rules or not all(rule is not None and rule.may_have(UUID(saved.name[0])) for rule in rules):
        raise ValueError(f"the RPC filter {saved.name[0][:40]!a}")
    return saved


def settings(_goal: Goal) -> tuple[Setting, ...]:
    """Need no value of the registry."""
    return ()


def plan_back(goal: Goal, _now: Now, host: Host) -> Way[RpcFilterChange] | Unchanged:
    """Delete the filter that is there, or make the one that was."""
    stage, key, before = goal.oldest.stage, UUID(goal.oldest.name[0]), str(goal.oldest.before or "")
    rule = RpcFilterRule.from_text(before or str(goal.oldest.after or ""))
    target = named(rule) if rule is not None else f"RPC filter {key}"
    filters = host.rpc_filters or RpcFilters()
    if filters.unknown:
        return Unchanged(stage, target, Reason.UNREADABLE, filters.unknown)
    listed, actual = filters.by_key(key), state_of(goal, filters)
    trial = rule is not None and filters.by_key(rule.trial_key) is not None
    if actual == before and not trial:
        return as_it_was(goal, target)
    if rule is not None and not rule.is_known:
        return Unchanged(
            stage, target, Reason.NOT_RESTORABLE, "the host did not show which accounts it permitted; run the task that made it"
        )
    still = actual in [str(text or "") for text in goal.ours] or (trial and not actual)
    differs = "" if still else "somebody deleted the filter" if listed is None else "somebody changed the filter"
    if before and rule is not None:
        made = AddRpcFilter(
            stage=stage, effective=Effective.NOW, why=WHY, touches_session=True, rule=rule, differs=listed is not None or trial
        )
        return Way((made,), differs)
    if listed is None and not trial:
        return as_it_was(goal, target)
    keys = (key, *((rule.trial_key,) if rule is not None else ()))
    gone = RemoveRpcFilter(stage=stage, effective=Effective.NOW, why=WHY, keys=keys, before="" if actual == DIFFERS else actual)
    return Way((gone,), differs)


def state_of(goal: Goal, filters: RpcFilters) -> str:
    """Return what a filter is now: "" where it is absent, the line of a snapshot that a listing agrees with, or `DIFFERS`."""
    listed = filters.by_key(UUID(goal.oldest.name[0]))
    if listed is None:
        return ""
    for text in (goal.newest.after, goal.oldest.before, *goal.ours):
        rule = RpcFilterRule.from_text(str(text or ""))
        if rule is not None and (rule.is_listed_as(listed) if rule.is_known else told_by(listed) == rule.text):
            return rule.text
    return DIFFERS


# On the host


def write(change: RpcFilterChange, writer: Writer) -> bool:
    """Make the filter in two steps, or delete it; see the head of this file.

    Raises:
        MethodFailed: the filter did not come out as it should be, and is gone.
        ProtocolError: nobody knows whether it is there.
    """
    if isinstance(change, RemoveRpcFilter):
        _delete(writer, _keys(change), change.target)
        return False
    rule, gone = change.rule, _keys(change) if change.differs else ()
    _make(writer, rule, trial=True, gone=gone)
    _make(writer, rule, trial=False, gone=(rule.trial_key,))
    return False


def _keys(change: RpcFilterChange) -> tuple[UUID, ...]:
    """Return the keys that a filter can be there by: its own, and that of its trial."""
    return (change.rule.key, change.rule.trial_key) if isinstance(change, AddRpcFilter) else change.keys


def _make(writer: Writer, rule: RpcFilterRule, *, trial: bool, gone: Sequence[UUID]) -> None:
    output = writer.run_line(making_line(rule, trial=trial, gone=gone))
    key = rule.trial_key if trial else rule.key
    found = filters_of(output)
    listed = found.by_key(key)
    if not found.unknown and listed is not None and rule.is_listed_as(listed, trial=trial):
        return
    _delete(writer, (key, *gone), named(rule))
    told = found.unknown or ("it is not in the list of filters" if listed is None else "it has other conditions than it was to have")
    said = f" (netsh said: {excerpt(output.stderr)})" if output.stderr.strip() else ""
    what = f"{named(rule)} did not come out right at {writer.host}, and is gone again: {told}{said}"
    raise MethodFailed(what, host=writer.host, return_value=output.exit_code & 0xFFFFFFFF)


def _delete(writer: Writer, keys: Sequence[UUID], target: str) -> None:
    output = writer.run_line(deleting_line(keys))
    found = filters_of(output)
    left = [key for key in keys if found.by_key(key) is not None]
    if found.unknown or left:
        told = found.unknown or "it is still in the list of filters"
        by_hand = "; ".join(map(deletion, left or keys))
        # It may be there or not: the host is asked again once the run has ended.
        raise ProtocolError(f"{target} could not be deleted at {writer.host}: {told}; delete it there by '{by_hand}'", host=writer.host)


def fault_leaves_open(_change: RpcFilterChange) -> bool:
    """Tell whether it may have been made although the host answered with a fault: a command takes several requests."""
    return True


def awaited(_change: RpcFilterChange) -> None:
    """Wait for nothing."""


def read_again(_change: RpcFilterChange) -> tuple[Place, ...]:
    """Name the registry values that a stage read and that may be others afterwards: none."""
    return ()


# Judged


def project(change: RpcFilterChange, seen: Seen) -> Seen:
    """Return what will be seen once it has been made."""
    if seen.rpc_filters is None:
        return seen
    gone = _keys(change)
    left = tuple(found for found in seen.rpc_filters.listed if found.key not in gone)
    made = (as_listed(change.rule),) if isinstance(change, AddRpcFilter) else ()
    return replace(seen, rpc_filters=replace(seen.rpc_filters, listed=(*left, *made)))


def holds(change: RpcFilterChange, seen: Seen) -> bool:
    """Tell whether the filter is there, or is not, as it was to be."""
    filters = seen.rpc_filters
    if filters is None or filters.unknown:
        return False
    return filters.has(change.rule) if isinstance(change, AddRpcFilter) else all(filters.by_key(key) is None for key in _keys(change))


def found(change: RpcFilterChange, seen: Seen) -> object:
    """Show what there is of the filter."""
    filters = seen.rpc_filters
    if filters is None or filters.unknown:
        return "not known"
    if holds(change, seen):
        return in_place(change.rule) if isinstance(change, AddRpcFilter) else None
    return DIFFERS if any(filters.by_key(key) is not None for key in _keys(change)) else None


def touched(change: RpcFilterChange) -> Touched:
    """Say what it touches."""
    return Touched(shell=True, filters=change.rule if isinstance(change, AddRpcFilter) else None, rpc_filters=True)


def effect(_change: RpcFilterChange) -> Effect:
    """Make nothing of the sockets: a filter refuses calls, and the port listens as before."""
    return Effect()


# As a command of the timer


def commands(change: RpcFilterChange, _delayed: Names) -> tuple[str, ...]:
    """Write it as commands.

    Raises:
        Refused: a filter is to be made, which takes a file and a netsh of its own.
    """
    if isinstance(change, AddRpcFilter):
        raise Refused(
            f"'confirm' cannot be used here: the host could not make {change.target} again by itself; delete filters in a task of its own, "
            "without 'confirm'"
        )
    return tuple(map(deletion, _keys(change)))
