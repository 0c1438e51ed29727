# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan: ordered changes, and for every object left alone the reason, from a closed list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES

from .change import Effective
from .kinds import Change, touched
from .unchanged import Unchanged


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order in which they are made, and what stays as it is."""

    changes: tuple[Change, ...] = ()
    unchanged: tuple[Unchanged, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def merge(cls, plans: Iterable[Plan]) -> Plan:
        """Join the plans of several stages and order their changes.

        Raises:
            InvalidOption: two stages want different things of one object.
        """
        parts = tuple(plans)
        return cls(
            changes=_once(in_order(change for part in parts for change in part.changes)),
            unchanged=tuple(item for part in parts for item in part.unchanged),
            warnings=tuple(dict.fromkeys(text for part in parts for text in part.warnings)),
        )


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sort changes: first what shows now, then what waits for a boot, last what could touch the session.

    Within a key by stage. Within a stage all start modes come before all stops, so that no trigger and no recovery action starts a
    service again that has just stopped, and a run that breaks off leaves something lasting. Then by rank; equal changes keep their
    order.
    """

    def key(change: Change) -> tuple[bool, bool, int, bool, int]:
        mode = bool(touched(change).configures)
        waits = change.effective is Effective.BOOT and not mode
        return change.touches_session, waits, STAGES.index(change.stage), not mode, change.rank

    return tuple(sorted(changes, key=key))


def _once(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Leave out what is planned already: a service may depend on two that are stopped, or be named by two stages."""
    first: dict[str, Change] = {}
    for change in changes:
        other = first.setdefault(change.identity, change)
        if other.shown[1] != change.shown[1]:
            one, two = f"{other.shown[1]} by stage {other.stage}", f"{change.shown[1]} by stage {change.stage}"
            raise InvalidOption(f"{change.target} is to be {one} and {two}: choose one")
    return tuple(first.values())
