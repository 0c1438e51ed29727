# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is waited for after a change: WMI answers when a service control was accepted, not when it has taken effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.answers import understood
from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import DidNotHold
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import listed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, Where

from .change import noun

# How often a service that is stopping or starting is looked at, in seconds.
POLL = 1.0
# How often a service may still show its old state after it accepted the control.
UNMOVED_POLLS = 3


@dataclass(frozen=True, slots=True)
class Awaited:
    """A service or driver that is on its way to a state.

    Attributes:
        state: as WMI says it.
        at_end: it is enough to wait once all changes are made; otherwise what comes next, but for changes of the same rank, waits.
    """

    kind: ServiceKind
    name: str
    state: str
    at_end: bool = False


def wait(awaited: Sequence[Awaited], reader: Reader, clock: Clock, limit: float) -> None:
    """Wait until services are in the states that they were asked for.

    Raises:
        DidNotHold: one is still on its way at the limit, in seconds.
    """
    deadline = clock.now() + limit
    left = list(awaited)
    unmoved = 0
    while True:
        reader.forget()
        states = _states(left, reader)
        left = [item for item in left if states.get(item.name) != item.state]
        pending = [item for item in left if "Pending" in states.get(item.name, "")]
        # A service may show its old state for a moment after it accepted the control; one that stays in it was brought
        # back by something, and the reading after the plan says so by name.
        unmoved = 0 if pending else unmoved + 1
        if not left or unmoved > UNMOVED_POLLS:
            return
        if clock.now() + POLL > deadline:
            names = listed(f"{noun(item.kind)} {item.name} ({states.get(item.name, 'gone')})" for item in left)
            raise DidNotHold(f"{names} on {reader.host}: not {left[0].state.lower()} after {limit:g} seconds")
        clock.sleep(POLL)


def _states(awaited: Iterable[Awaited], reader: Reader) -> ByName[str]:
    states: ByName[str] = ByName()
    for kind in ServiceKind:
        names = tuple(item.name for item in awaited if item.kind is kind)
        if names:
            rows = reader.query(str(kind), ("Name", "State"), where=Where("Name", names))
            with understood(reader.host, f"query of {kind}"):
                states |= {row.text("Name") or "": row.text("State") or "" for row in rows}
    return states
