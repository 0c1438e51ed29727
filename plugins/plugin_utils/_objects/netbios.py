# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NetBIOS over TCP/IP on one adapter."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import NetbiosOption, option_of, setting
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place, Setting

from .change import BaseChange, Effective
from .effect import Effect
from .registry_value import NO_ADAPTER, SetRegistryValue, command
from .saved import Saved
from .touched import Touched
from .unchanged import Reason, Unchanged
from .way_back import WHY, Goal, Now, Way, as_it_was, difference

OBJECT = "netbios"
OBJECTS: tuple[str, ...] = (OBJECT,)
PARTS = 1
AS_WRITTEN, OF_SERVICE = True, False
BACK = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNetbios(BaseChange):
    """Set NetBIOS over TCP/IP on one adapter through WMI.

    Attributes:
        index: the adapter's Index in Win32_NetworkAdapterConfiguration.
        adapter: its description.
        guid: its SettingID, with braces.
    """

    index: int
    adapter: str
    guid: str
    before: NetbiosOption
    after: NetbiosOption

    @property
    def target(self) -> str:
        # Windows gives adapters of one kind the same description but for a number; the GUID tells them apart.
        return f"adapter {self.adapter} {self.guid}"

    @property
    def shown(self) -> tuple[object, object]:
        return self.before.word, self.after.word


# In a snapshot


def save(change: SetNetbios, _reader: Reader, seen: Seen, _nt: NtVersion) -> Saved:
    """Save the value that NetBT had for the adapter."""
    before, after = seen.value(setting(change.guid)), RegistryValue.dword(int(change.after))
    return Saved(change.stage, OBJECT, (change.guid,), before, after, label=change.adapter)


def is_lost(_change: SetNetbios) -> bool:
    """Tell whether the change overwrites what a snapshot cannot hold as it is: never."""
    return False


def checked(saved: Saved) -> Saved:
    """Take an option from a snapshot as it is."""
    return saved


def settings(goal: Goal) -> tuple[Setting, ...]:
    """Name what has to be read to see what the object is now."""
    return (setting(goal.oldest.name[0]),)


def plan_back(goal: Goal, now: Now, host: Host) -> Way[SetNetbios | SetRegistryValue] | Unchanged:
    """Set the option back; write the value itself where WMI cannot, or where there was none."""
    guid, before, stage = goal.oldest.name[0], goal.oldest.before, goal.oldest.stage
    where = setting(guid)
    actual = now.values.get(where)
    adapter = next((item for item in host.adapters if same(item.guid, guid)), None)
    target = f"adapter {goal.oldest.label} {guid}"
    if actual == before:
        return as_it_was(goal, target)
    if actual is None and adapter is None:
        return Unchanged(stage, target, Reason.ABSENT, NO_ADAPTER)
    changes: list[SetNetbios | SetRegistryValue] = []
    value = before if isinstance(before, RegistryValue) else None
    option, current = option_of(value), option_of(actual)
    if adapter is not None and adapter.ip_enabled and option is not current:
        changes.append(
            SetNetbios(
                stage=stage,
                effective=Effective.NOW,
                why=WHY,
                index=adapter.index,
                adapter=adapter.description,
                guid=adapter.guid,
                before=current,
                after=option,
            )
        )
    if not changes or before is None:
        changes.append(
            SetRegistryValue(stage=stage, effective=Effective.BOOT, why=WHY, key=where.key, name=where.name, before=actual, after=value)
        )
    return Way(tuple(changes), difference(goal, actual))


# On the host


def write(change: SetNetbios, writer: Writer) -> bool:
    """Set the option; return whether the host says that a boot completes it."""
    return writer.set_netbios(change.index, change.after)


def fault_leaves_open(_change: SetNetbios) -> bool:
    """Tell whether it may have been made although the host answered with a fault: never, it is a single request."""
    return False


def awaited(_change: SetNetbios) -> None:
    """Wait for nothing."""


def read_again(change: SetNetbios) -> tuple[Place, ...]:
    """Name the registry values that may be others afterwards."""
    return (setting(change.guid).place,)


# Judged


def project(change: SetNetbios, seen: Seen) -> Seen:
    """Return what will be seen once it has been made."""
    return seen.with_value(setting(change.guid).place, RegistryValue.dword(change.after))


def holds(change: SetNetbios, seen: Seen) -> bool:
    """Tell whether the option is what it was to be."""
    return option_of(seen.value(setting(change.guid))) is change.after


def found(change: SetNetbios, seen: Seen) -> object:
    """Show the option that is there."""
    return option_of(seen.value(setting(change.guid))).word


def touched(change: SetNetbios) -> Touched:
    """Say what it touches."""
    return Touched(netbios=change.guid)


def effect(change: SetNetbios) -> Effect:
    """Say what it makes of the host."""
    return Effect(netbios=(change.guid, change.after))


# As a command of the timer


def commands(change: SetNetbios, _delayed: Names) -> tuple[str, ...]:
    """Write it as a command, which a boot makes take effect: no command of the host sets it at once.

    Raises:
        Refused: the GUID cannot be written on a command line.
    """
    where = setting(change.guid)
    return (command(where.key, where.name, RegistryValue.dword(int(change.after))),)
