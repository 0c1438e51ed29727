# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run writes into our key before its first change: remembered as it was, and put back if no change is made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryType, RegistryValue


@dataclass(frozen=True, slots=True)
class Before:
    """Our key before a run.

    Attributes:
        names: of its values; None if the key was not there.
        values: those that the run writes over. One that could not be read is not among them.
    """

    names: frozenset[str] | None
    values: Mapping[str, RegistryValue]


def look(reader: Reader, names: Collection[str] | None, over: Iterable[str]) -> Before:
    """Read the values that a run is about to write over, which are lists all of them."""
    found: dict[str, RegistryValue] = {}
    for name in over:
        if names and name in names:
            # What cannot be read is damaged, and of no more use afterwards than before.
            with suppress(NetminError):
                value = reader.value(OUR_KEY, name, RegistryType.MULTI_SZ)
                if value is not None:
                    found[name] = value
    return Before(None if names is None else frozenset(names), found)


def put_back(writer: Writer, before: Before, wrote: Collection[str], run: str) -> bool:
    """Put our key back as it was, and tell whether it is: a key below it, as that of a timer, may still be in the way.

    Args:
        wrote: names of the values that the run writes; its parts are known by its id.

    Raises:
        NetminError: the host did not take it.
    """
    writer.forget()
    now = writer.value_types(OUR_KEY)
    if now is None:
        return True
    old = before.names or frozenset()
    # A head before its parts: it never names parts that are not there.
    for name in sorted(
        (name for name in now if name not in old and (name in wrote or name.endswith(run))), key=lambda name: name.endswith(run)
    ):
        writer.delete_value(OUR_KEY, name)
    for name, value in before.values.items():
        if writer.value(OUR_KEY, name, RegistryType.MULTI_SZ) != value:
            writer.set_value(OUR_KEY, name, value)
    if before.names is not None:
        return True
    writer.forget()
    if writer.value_types(OUR_KEY) or writer.subkeys(OUR_KEY):
        return False
    writer.delete_key(OUR_KEY)
    return True
