# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Apply a plan, change by change, and say of each whether it was done. The only caller of `Writer`.

Nothing is decided here: the plan says what, in which order. A write is never repeated; whether one whose answer
was lost was done is found out by reading, by whoever called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    ConnectionLost,
    DidNotHold,
    Fault,
    MethodFailed,
    NetminError,
    ProtocolError,
    TimedOut,
    Unreachable,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, Where, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import noun
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_key import DeleteKey
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StartService, StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode

# How often a service that is stopping or starting is looked at, in seconds.
POLL = 1.0
# How often a service may still show its old state after it accepted the control.
UNMOVED_POLLS = 3


class Status(StrEnum):
    """What became of a change."""

    DONE = "done"
    NOT_DONE = "not_done"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Application:
    """A plan while it is applied; readable at any moment, so that an interruption leaves the truth behind.

    Attributes:
        statuses: one for each change of the plan, in order.
        error: what ended the application, or None.
        boot_needed: whether the host said that a boot completes a change that was to show at once.
    """

    plan: Plan
    statuses: list[Status] = field(default_factory=list)
    error: NetminError | None = None
    boot_needed: bool = False

    def __post_init__(self) -> None:
        self.statuses = [Status.NOT_DONE] * len(self.plan.changes)

    @property
    def made(self) -> tuple[Change, ...]:
        """The changes that were made, or may have been."""
        return tuple(change for change, status in zip(self.plan.changes, self.statuses, strict=True) if status is not Status.NOT_DONE)


def at_any_time(_writer: Writer, _change: Change) -> None:
    """Let every change be made."""


def apply(
    application: Application,
    writer: Writer,
    clock: Clock,
    *,
    stop_limit: float,
    in_time: Callable[[Writer, Change], None] = at_any_time,
) -> None:
    """Make the changes of a plan in order; stop at the first that fails and leave its error in the application.

    Args:
        stop_limit: seconds that a service may take to stop, or to start.
        in_time: called before each change; what it raises ends the application there.
    """
    stopping: list[StopService] = []
    started: list[StartService] = []
    try:
        for number, change in enumerate(application.plan.changes):
            if stopping and not (isinstance(change, StopService) and change.rank == stopping[-1].rank):
                _await(stopping, writer, clock, stop_limit)
                stopping.clear()
            in_time(writer, change)
            # Until its answer is here, a change may or may not have been made.
            application.statuses[number] = Status.UNKNOWN
            try:
                application.boot_needed |= _make(change, writer)
            except NetminError as error:
                if not _leaves_open(error, change):
                    application.statuses[number] = Status.NOT_DONE
                raise
            application.statuses[number] = Status.DONE
            if isinstance(change, StopService):
                stopping.append(change)
            elif isinstance(change, StartService):
                started.append(change)
        for waiting in (stopping, started):
            if waiting:
                _await(waiting, writer, clock, stop_limit)
                waiting.clear()
    except NetminError as error:
        application.error = error
    finally:
        # Accepted, and not seen to have happened.
        for number, change in enumerate(application.plan.changes):
            if change in (*stopping, *started):
                application.statuses[number] = Status.UNKNOWN


def _leaves_open(error: NetminError, change: Change) -> bool:
    """Tell whether a change may have been made although an error came in place of its answer."""
    if isinstance(error, ConnectionLost | ProtocolError | TimedOut | Unreachable):
        # A gateway's 504 may hide that it was made.
        return True
    # A fault refuses one request, and here it may have been one after that which made the change.
    return isinstance(error, Fault) and (
        isinstance(change, AddFilterRule | RemoveFilterRule | StopService)
        or (isinstance(change, SetRegistryValue) and change.after is not None and change.after.type is RegistryType.MULTI_SZ)
    )


def _make(change: Change, writer: Writer) -> bool:
    """Make one change; return whether the host says that a boot completes it."""
    if isinstance(change, SetNetbios):
        return writer.set_netbios(change.index, change.after)
    if isinstance(change, StopService):
        writer.stop(change.kind, change.name)
    elif isinstance(change, SetStartMode):
        writer.set_start_mode(change.kind, change.name, change.after)
    elif isinstance(change, SetRegistryValue):
        _write_value(change, writer)
    elif isinstance(change, StartService):
        writer.start(change.kind, change.name)
    elif isinstance(change, DeleteKey):
        writer.delete_key(change.key)
    elif isinstance(change, AddFilterRule):
        writer.add_filter_rule(change.rule)
    elif isinstance(change, RemoveFilterRule):
        writer.remove_filter_rule(change.name, certain=change.certain)
    else:
        raise TypeError(f"no such change: {change!r}")
    return False


def _write_value(change: SetRegistryValue, writer: Writer) -> None:
    if change.after is None:
        writer.delete_value(change.key, change.name)
    elif change.after.type is RegistryType.MULTI_SZ and not change.after.data:
        _write_empty_list(change, writer)
    else:
        writer.set_value(change.key, change.name, change.after)


def _write_empty_list(change: SetRegistryValue, writer: Writer) -> None:
    """Write an empty REG_MULTI_SZ that stays an existing value.

    How the provider wants an empty list is not documented: it may take it, refuse it, or answer 0 and ignore it.
    What was written is read back, and where it did not hold the command shell writes it.
    """
    value = change.after
    if value is None:
        raise TypeError("an empty list to write")
    with suppress(MethodFailed):
        writer.set_value(change.key, change.name, value)
    if not _is_empty_list(change, writer):
        writer.set_empty_list_by_command(change.key, change.name)


def _is_empty_list(change: SetRegistryValue, writer: Writer) -> bool:
    types = writer.value_types(change.key) or {}
    listed = {name.lower(): kind for name, kind in types.items()}
    if listed.get(change.name.lower()) is not RegistryType.MULTI_SZ:
        return False
    return writer.value(change.key, change.name, RegistryType.MULTI_SZ) == change.after


def _await(changes: Sequence[StopService | StartService], writer: Writer, clock: Clock, limit: float) -> None:
    """Wait until services are as asked for; WMI answers when the control was accepted, and all of them were asked for the same.

    Raises:
        DidNotHold: one is still on its way at the limit.
    """
    wanted = "Running" if isinstance(changes[0], StartService) else "Stopped"
    deadline = clock.now() + limit
    left = list(changes)
    unmoved = 0
    while True:
        writer.forget()
        states = _states(left, writer)
        left = [change for change in left if states.get(change.name.lower()) != wanted]
        pending = [change for change in left if "Pending" in states.get(change.name.lower(), "")]
        # A service may show its old state for a moment after it accepted the control; one that stays in it was brought
        # back by something, and the reading after the plan says so by name.
        unmoved = 0 if pending else unmoved + 1
        if not left or unmoved > UNMOVED_POLLS:
            return
        if clock.now() + POLL > deadline:
            names = ", ".join(f"{noun(change.kind)} {change.name} ({states.get(change.name.lower(), 'gone')})" for change in left)
            raise DidNotHold(f"{names} on {writer.host}: not {wanted.lower()} after {limit:g} seconds")
        clock.sleep(POLL)


def _states(changes: Iterable[StopService | StartService], writer: Writer) -> dict[str, str]:
    states: dict[str, str] = {}
    for kind in ServiceKind:
        names = tuple(change.name for change in changes if change.kind is kind)
        if names:
            rows = writer.query(str(kind), ("Name", "State"), where=Where("Name", names))
            states |= {(row.text("Name") or "").lower(): row.text("State") or "" for row in rows}
    return states
