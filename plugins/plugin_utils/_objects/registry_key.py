# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A registry key that was made for a value of ours: deleted once it holds nothing. No snapshot holds one."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place

from .change import BaseChange
from .effect import Effect
from .touched import Touched

BACK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteKey(BaseChange):
    """Delete a registry key that was made for a value, and holds nothing any more."""

    key: str

    @property
    def target(self) -> str:
        return f"{HKLM}{self.key}"

    @property
    def identity(self) -> str:
        # A value may have the name that the key has.
        return f"key {self.target}"

    @property
    def shown(self) -> tuple[object, object]:
        return "a key without content", None


def save(_change: DeleteKey, _reader: Reader, _seen: Seen, _nt: NtVersion) -> None:
    """Save nothing: a key that is deleted holds nothing, and a value that is written makes it again."""


def is_lost(_change: DeleteKey) -> bool:
    """Tell whether the change overwrites what a snapshot cannot hold as it is: never."""
    return False


def write(change: DeleteKey, writer: Writer) -> bool:
    """Delete the key."""
    writer.delete_key(change.key)
    return False


def fault_leaves_open(_change: DeleteKey) -> bool:
    """Tell whether it may have been made although the host answered with a fault: never, it is a single request."""
    return False


def awaited(_change: DeleteKey) -> None:
    """Wait for nothing."""


def read_again(_change: DeleteKey) -> tuple[Place, ...]:
    """Name the registry values that may be others afterwards: none."""
    return ()


def project(change: DeleteKey, seen: Seen) -> Seen:
    """Return what will be seen once it has been made."""
    return seen.without_key(change.key)


def holds(change: DeleteKey, seen: Seen) -> bool:
    """Tell whether the key is gone."""
    return not seen.keys.get(change.key, False)


def found(change: DeleteKey, seen: Seen) -> object:
    """Show what there is of the key."""
    return None if holds(change, seen) else change.shown[0]


def touched(_change: DeleteKey) -> Touched:
    """Touch nothing that anybody uses: the key is empty."""
    return Touched()


def effect(change: DeleteKey) -> Effect:
    """Say what it makes of the host."""
    return Effect(deletes=change.key)


def commands(_change: DeleteKey, _delayed: Names) -> tuple[str, ...]:
    """Need no command: the timer deletes keys itself, at the end and where nothing is in them."""
    return ()
