# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Apply a plan, change by change, and say of each whether it was done. The only caller of `Writer`.

Nothing is decided here: the plan says what, in which order. A write is never repeated; whether one whose answer
was lost was done is found out by reading, by whoever called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    ConnectionLost,
    Fault,
    NetminError,
    ProtocolError,
    TimedOut,
    Unreachable,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.awaited import Awaited, wait
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change, kind_of
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan


class ChangeStatus(StrEnum):
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
    statuses: list[ChangeStatus] = field(default_factory=list)
    error: NetminError | None = None
    boot_needed: bool = False

    def __post_init__(self) -> None:
        self.statuses = [ChangeStatus.NOT_DONE] * len(self.plan.changes)

    @property
    def made(self) -> tuple[Change, ...]:
        """The changes that were made, or may have been."""
        return tuple(change for change, status in zip(self.plan.changes, self.statuses, strict=True) if status is not ChangeStatus.NOT_DONE)


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
    soon: dict[int, Awaited] = {}
    late: dict[int, Awaited] = {}
    try:
        for number, change in enumerate(application.plan.changes):
            kind = kind_of(change)
            awaited = kind.awaited(change)
            if soon and not (awaited is not None and not awaited.at_end and change.rank == _rank(application, soon)):
                _wait(soon, writer, clock, stop_limit)
            in_time(writer, change)
            # Until its answer is here, a change may or may not have been made.
            application.statuses[number] = ChangeStatus.UNKNOWN
            try:
                application.boot_needed |= kind.write(change, writer)
            except NetminError as error:
                if not _leaves_open(error, change):
                    application.statuses[number] = ChangeStatus.NOT_DONE
                raise
            application.statuses[number] = ChangeStatus.DONE
            if awaited is not None:
                (late if awaited.at_end else soon)[number] = awaited
        for waiting in (soon, late):
            if waiting:
                _wait(waiting, writer, clock, stop_limit)
    except NetminError as error:
        application.error = error
    finally:
        # Accepted, and not seen to have happened.
        for number in (*soon, *late):
            application.statuses[number] = ChangeStatus.UNKNOWN


def _rank(application: Application, waiting: dict[int, Awaited]) -> int:
    """Return the rank of the changes that are waited for together."""
    return application.plan.changes[max(waiting)].rank


def _wait(waiting: dict[int, Awaited], writer: Writer, clock: Clock, limit: float) -> None:
    wait(tuple(waiting.values()), writer, clock, limit)
    waiting.clear()


def _leaves_open(error: NetminError, change: Change) -> bool:
    """Tell whether a change may have been made although an error came in place of its answer."""
    if isinstance(error, ConnectionLost | ProtocolError | TimedOut | Unreachable):
        # A gateway's 504 may hide that it was made.
        return True
    # A fault refuses one request, and here it may have been one after that which made the change.
    return isinstance(error, Fault) and kind_of(change).fault_leaves_open(change)
