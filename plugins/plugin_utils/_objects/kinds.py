# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kinds of changes: a closed union, and for each kind the module that has all that is to be known of it.

A module is the `Kind` of its changes: a function that it lacks is an error of the type checker at its row below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar, assert_never

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place, Setting

from . import filter_rule, netbios, registry_key, registry_value, rpc_filter, running, start_mode
from .awaited import Awaited
from .change import BaseChange
from .effect import Effect, Effects
from .filter_rule import AddFilterRule, RemoveFilterRule
from .netbios import SetNetbios
from .registry_key import DeleteKey
from .registry_value import SetRegistryValue
from .rpc_filter import AddRpcFilter, RemoveRpcFilter
from .running import StartService, StopService
from .saved import Saved
from .start_mode import SetStartMode
from .touched import Touched
from .unchanged import Unchanged
from .way_back import Goal, Now, Way

Change = (
    AddFilterRule
    | AddRpcFilter
    | DeleteKey
    | RemoveFilterRule
    | RemoveRpcFilter
    | SetNetbios
    | SetRegistryValue
    | SetStartMode
    | StartService
    | StopService
)
"""Everything that a plan can do to a host."""

ChangeT = TypeVar("ChangeT", bound=BaseChange)
ChangeT_contra = TypeVar("ChangeT_contra", bound=BaseChange, contravariant=True)


class Kind(Protocol[ChangeT_contra]):
    """All that is to be known of a kind of change.

    Attributes:
        BACK: its place in a restore; the smallest comes first.
    """

    BACK: int

    def save(self, change: ChangeT_contra, reader: Reader, seen: Seen, nt: NtVersion, /) -> Saved | None:
        """Say for the snapshot what the object was, reading only what nobody has said; None where there is nothing to put back."""

    def is_lost(self, change: ChangeT_contra, /) -> bool:
        """Tell whether it overwrites what a snapshot cannot hold as it is, and so could not be restored."""

    def write(self, change: ChangeT_contra, writer: Writer, /) -> bool:
        """Make it; return whether the host says that a boot completes it."""

    def fault_leaves_open(self, change: ChangeT_contra, /) -> bool:
        """Tell whether it may have been made although the host answered with a fault, since it takes several requests."""

    def awaited(self, change: ChangeT_contra, /) -> Awaited | None:
        """Say what has to be waited for once it was accepted."""

    def read_again(self, change: ChangeT_contra, /) -> tuple[Place, ...]:
        """Name the registry values that may be others afterwards."""

    def project(self, change: ChangeT_contra, seen: Seen, /) -> Seen:
        """Return what will be seen once it has been made: for check mode, where nothing can be read back."""

    def holds(self, change: ChangeT_contra, seen: Seen, /) -> bool:
        """Tell whether the object, read again, is as it was to be left."""

    def found(self, change: ChangeT_contra, seen: Seen, /) -> object:
        """Show the object as it was read again, as a plain value."""

    def touched(self, change: ChangeT_contra, /) -> Touched:
        """Say what it touches: for the gate, for the firewall's record, and for whether a boot is needed."""

    def effect(self, change: ChangeT_contra, /) -> Effect:
        """Say what it makes of the host: for the forecast and the way back."""

    def commands(self, change: ChangeT_contra, delayed: Names, /) -> tuple[str, ...]:
        """Write it as commands that the host runs by itself.

        Args:
            delayed: key names of services that start delayed.

        Raises:
            Refused: something in it cannot be written on a command line.
        """


def kind_of(change: Change) -> Kind[Any]:
    """Return the kind of a change."""
    match change:
        case AddFilterRule() | RemoveFilterRule():
            return _row(change, filter_rule)
        case AddRpcFilter() | RemoveRpcFilter():
            return _row(change, rpc_filter)
        case DeleteKey():
            return _row(change, registry_key)
        case SetNetbios():
            return _row(change, netbios)
        case SetRegistryValue():
            return _row(change, registry_value)
        case SetStartMode():
            return _row(change, start_mode)
        case StartService() | StopService():
            return _row(change, running)
        case _:
            assert_never(change)


def _row(_change: ChangeT, kind: Kind[ChangeT]) -> Kind[Any]:
    """Return a kind that the type checker has seen to be that of a change."""
    return kind


def touched(change: Change) -> Touched:
    """Say what a change touches."""
    return kind_of(change).touched(change)


def effect(change: Change) -> Effect:
    """Say what a change makes of the host."""
    return kind_of(change).effect(change)


def effects(changes: Iterable[Change]) -> Effects:
    """Say what changes make of the host together."""
    return Effects.of(effect(change) for change in changes)


def project(changes: Iterable[Change], seen: Seen) -> Seen:
    """Return what will be seen once changes have been made."""
    for change in changes:
        seen = kind_of(change).project(change, seen)
    return seen


# What a snapshot holds


class Restorable(Protocol):
    """All that is to be known of a kind of object that a snapshot holds.

    Attributes:
        OBJECTS: how a snapshot names such objects.
        PARTS: how many parts the name of such an object has.
        AS_WRITTEN: it reads back as it was written, so that another state is somebody else's.
        OF_SERVICE: it is of a service or driver, and a snapshot says which of them.
    """

    OBJECTS: tuple[str, ...]
    PARTS: int
    AS_WRITTEN: bool
    OF_SERVICE: bool

    def checked(self, saved: Saved, /) -> Saved:
        """Take an object from a snapshot.

        Raises:
            ValueError: it cannot be one of ours.
        """

    def settings(self, goal: Goal, /) -> tuple[Setting, ...]:
        """Name the registry values that have to be read to see what the object is now."""

    def plan_back(self, goal: Goal, now: Now, host: Host, /) -> Way[Change] | Unchanged:
        """Plan what puts the object back."""


RESTORABLE: tuple[Restorable, ...] = (filter_rule, netbios, registry_value, rpc_filter, running, start_mode)
SAVED: Mapping[str, Restorable] = {name: kind for kind in RESTORABLE for name in kind.OBJECTS}
"""The kind of an object by the name that a snapshot has for it."""


def identity_of(saved: Saved) -> tuple[str, ...]:
    """Return what makes an object of a snapshot the same in another run."""
    return (SAVED[saved.object].OBJECTS[0], *(part.lower() for part in saved.name))
