# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a restore goes by: where an object is to go, what it is now, and the changes that put it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting

from .change import BaseChange
from .saved import Saved, State
from .unchanged import Reason, Unchanged

ChangeT_co = TypeVar("ChangeT_co", bound=BaseChange, covariant=True)

WHY = "as it was before the first run that changed it"


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
    ours: tuple[State, ...]
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """What the objects of the snapshots are now; services, adapters and rules are in the host.

    Attributes:
        values: registry values, NetbiosOptions and delays of services included.
        others: the names of values and (with a backslash at the end) of subkeys in keys that we made.
    """

    values: Mapping[Setting, RegistryValue | None]
    others: ByName[Names]


@dataclass(frozen=True, slots=True)
class Way(Generic[ChangeT_co]):
    """What puts one object back.

    Attributes:
        differs: what it is now in words, where it is not as our last run left it; "" where it is.
    """

    changes: tuple[ChangeT_co, ...]
    differs: str = ""

    def left(self, goal: Goal) -> Unchanged:
        """Say that somebody else's value is left alone."""
        return Unchanged(goal.oldest.stage, self.changes[0].target, Reason.CHANGED_SINCE, f"{self.differs}; 'force: true' restores it")


def as_it_was(goal: Goal, target: str) -> Unchanged:
    """Say that an object is where it is to go."""
    return Unchanged(goal.oldest.stage, target, Reason.AS_DESIRED)


def difference(goal: Goal, actual: RegistryValue | None) -> str:
    """Say what a value is that is not as one of our runs left it; empty where it is."""
    return "" if actual in goal.ours else f"it is {_shown(actual)}; the last run left {_shown(goal.newest.after)}"


def _shown(state: State) -> str:
    return "absent" if state is None else str(state.plain() if isinstance(state, RegistryValue) else state)
