# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A registry value below HKLM: written, or deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import quoted_in_script
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, StartMode, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host import netbios
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import DELAYED, START, START_VALUES, Place, Setting, place_of

from .change import BaseChange, Effective
from .effect import Effect, Written
from .saved import Saved
from .touched import Touched
from .unchanged import Reason, Unchanged
from .way_back import WHY, Goal, Now, Way, as_it_was, difference

OBJECT = "registry"
OBJECTS: tuple[str, ...] = (OBJECT,)
PARTS = 2
AS_WRITTEN, OF_SERVICE = True, False
BACK = 1
# The current control set is one of the numbered ones under another name (Microsoft, HKLM\SYSTEM\CurrentControlSet Registry Tree).
SERVICE_KEY = re.compile(r"SYSTEM\\(?:CurrentControlSet|ControlSet[0-9]{3})\\Services\\([^\\]+)", re.IGNORECASE)
NO_ADAPTER = "the adapter is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRegistryValue(BaseChange):
    """Write a registry value, or delete it where `after` is None."""

    key: str
    name: str
    before: RegistryValue | None
    after: RegistryValue | None

    @property
    def target(self) -> str:
        return f"{HKLM}{self.key}\\{self.name}"

    @property
    def place(self) -> Place:
        """Where the value is."""
        return place_of(self.key, self.name)

    @property
    def identity(self) -> str:
        # A name may hold a backslash; a key never holds two in a row.
        return f"{HKLM}{self.key}\\{chr(92) if chr(92) in self.name else ''}{self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        before, after = self.before, self.after
        return before and before.plain(), after and after.plain()


def write_value(
    stage: str,
    setting: Setting,
    before: RegistryValue | None,
    after: RegistryValue | None,
    why: str,
    *,
    rank: int = 0,
    effective: Effective = Effective.BOOT,
) -> tuple[SetRegistryValue, ...]:
    """Plan a value, by default one that the next boot reads; nothing where it is as wanted already."""
    if before == after:
        return ()
    change = SetRegistryValue(
        stage=stage, effective=effective, why=why, rank=rank, key=setting.key, name=setting.name, before=before, after=after
    )
    return (change,)


# In a snapshot


def save(change: SetRegistryValue, reader: Reader, _seen: Seen, _nt: NtVersion) -> Saved:
    """Save the value, and which keys will be made for it."""
    absent = tuple(_absent(change.key, reader)) if change.before is None else ()
    return Saved(change.stage, OBJECT, (change.key, change.name), change.before, change.after, absent=absent)


def _absent(key: str, reader: Reader) -> Iterable[str]:
    """Yield the keys that will be made for a value, the nearest first."""
    while "\\" in key and not reader.has_key(key):
        yield key
        key = key.rpartition("\\")[0]


def is_lost(change: SetRegistryValue) -> bool:
    """Tell whether the change overwrites what a snapshot cannot hold as it is.

    That is a REG_EXPAND_SZ: WMI shows its text with the variables filled in (Microsoft, GetExpandedStringValue).
    """
    return change.before is not None and change.before.type is RegistryType.EXPAND_SZ


def checked(saved: Saved) -> Saved:
    """Take a value from a snapshot.

    Raises:
        ValueError: the keys that were made for it are not its own.
    """
    key = f"{saved.name[0]}\\".lower()
    if not all(key.startswith(f"{made}\\".lower()) for made in saved.absent):
        raise ValueError(f"the keys made for {key[:40]!a}")
    return saved


def settings(goal: Goal) -> tuple[Setting, ...]:
    """Name what has to be read to see what the object is now."""
    return (setting_of(goal),)


def setting_of(goal: Goal) -> Setting:
    """Return the value that a goal is about, of the type that it has or had."""
    states = (goal.newest.after, goal.oldest.before)
    kind = next((state.type for state in states if isinstance(state, RegistryValue)), RegistryType.DWORD)
    key, name = goal.oldest.name
    return Setting(key, name, kind)


def plan_back(goal: Goal, now: Now, host: Host) -> Way[SetRegistryValue] | Unchanged:
    """Write what was there, or delete what was not."""
    setting, before = setting_of(goal), goal.oldest.before
    actual = now.values.get(setting)
    if actual == before:
        return as_it_was(goal, setting.target)
    if actual is None and _is_of_no_adapter(setting, host):
        return Unchanged(goal.oldest.stage, setting.target, Reason.ABSENT, NO_ADAPTER)
    change = SetRegistryValue(
        stage=goal.oldest.stage,
        effective=Effective.BOOT,
        why=WHY,
        key=setting.key,
        name=setting.name,
        before=actual,
        after=before if isinstance(before, RegistryValue) else None,
    )
    return Way((change,), difference(goal, actual))


def _is_of_no_adapter(setting: Setting, host: Host) -> bool:
    """Tell whether a value belongs to an adapter that the host does not have: Windows takes its key away with it."""
    keys = Names(netbios.setting(adapter.guid).key for adapter in host.adapters)
    return netbios.is_option(setting.place) and setting.key not in keys


# On the host


def write(change: SetRegistryValue, writer: Writer) -> bool:
    """Write or delete the value."""
    if change.after is None:
        writer.delete_value(change.key, change.name)
    elif _is_empty(change.after):
        _write_empty_list(change, change.after, writer)
    else:
        writer.set_value(change.key, change.name, change.after)
    return False


def _write_empty_list(change: SetRegistryValue, value: RegistryValue, writer: Writer) -> None:
    """Write an empty REG_MULTI_SZ that stays an existing value.

    How the provider wants an empty list is not documented: it may take it, refuse it, or answer 0 and ignore it.
    What was written is read back, and where it did not hold the command shell writes it.
    """
    with suppress(MethodFailed):
        writer.set_value(change.key, change.name, value)
    if not _is_empty_list(change, writer):
        writer.set_empty_list_by_command(change.key, change.name)


def _is_empty_list(change: SetRegistryValue, reader: Reader) -> bool:
    types = ByName(reader.value_types(change.key) or {})
    if types.get(change.name) is not RegistryType.MULTI_SZ:
        return False
    return reader.value(change.key, change.name, RegistryType.MULTI_SZ) == change.after


def fault_leaves_open(change: SetRegistryValue) -> bool:
    """Tell whether it may have been made although the host answered with a fault: a list may take several requests."""
    return change.after is not None and change.after.type is RegistryType.MULTI_SZ


def awaited(_change: SetRegistryValue) -> None:
    """Wait for nothing."""


def read_again(change: SetRegistryValue) -> tuple[Place, ...]:
    """Name the registry values that may be others afterwards."""
    return (change.place,)


# Judged


def project(change: SetRegistryValue, seen: Seen) -> Seen:
    """Return what will be seen once it has been made."""
    return seen.with_value(change.place, change.after)


def holds(change: SetRegistryValue, seen: Seen) -> bool:
    """Tell whether the value is what it was to be."""
    return seen.values.get(change.place) == change.after


def found(change: SetRegistryValue, seen: Seen) -> object:
    """Show the value that is there."""
    value = seen.values.get(change.place)
    return None if value is None else value.plain()


def touched(change: SetRegistryValue) -> Touched:
    """Say what it touches: the value, and where it says how a service starts the service as well."""
    waits = change.effective is Effective.BOOT
    return Touched(value=(change.key, change.name), configures=_service_of(change), waits=waits, shell=_is_empty(change.after))


def _is_empty(value: RegistryValue | None) -> bool:
    return value is not None and value.type is RegistryType.MULTI_SZ and not value.data


def effect(change: SetRegistryValue) -> Effect:
    """Say what it makes of the host."""
    return Effect(written=Written(change.key, change.name, change.after), enables=_enabled(change))


def _enabled(change: SetRegistryValue) -> str:
    """Return the service or driver that the value kept from starting, and keeps no more; "" where it is another value."""
    kept = change.before is not None and change.before.data == START_VALUES[StartMode.DISABLED]
    starts = change.after is not None and change.after.data != START_VALUES[StartMode.DISABLED]
    return _service_of(change) if kept and starts else ""


def _service_of(change: SetRegistryValue) -> str:
    """Return the service or driver whose start mode the value is; "" where it is another value."""
    found = SERVICE_KEY.fullmatch(change.key)
    return found[1] if found and same(change.name, START) else ""


# As a command of the timer


def commands(change: SetRegistryValue, delayed: Names) -> tuple[str, ...]:
    """Write it as a command; none where the start mode of a service says it already.

    Raises:
        Refused: something in it cannot be written on a command line.
    """
    if change.name == DELAYED and change.key.rpartition("\\")[2] in delayed:
        return ()
    return (command(change.key, change.name, change.after),)


def command(key: str, name: str, value: RegistryValue | None) -> str:
    """Write a value, or its deletion, as a command; raises as `commands` does."""
    which = f"{quoted_in_script(f'{HKLM}{key}')} {f'/v {quoted_in_script(name)}' if name else '/ve'}"
    if value is None:
        return f"reg delete {which} /f"
    return f"reg add {which} /t REG_{value.type.name} /d {quoted_in_script(_as_text(value))} /f"


def _as_text(value: RegistryValue) -> str:
    """Return the data as `reg add` takes it (Microsoft, reg add): a list with \\0 between, binary as hexadecimal digits."""
    if isinstance(value.data, bytes):
        return value.data.hex()
    if not isinstance(value.data, tuple):
        return str(value.data)
    if any(not text or r"\0" in text or text.endswith("\\") for text in value.data):
        raise Refused(f"'confirm' cannot be used here: the list {', '.join(map(ascii, value.data))[:200]} cannot be written by 'reg add'")
    return r"\0".join(value.data)
