# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lets no administrator stop or change a service, as far as a plan has to know before it begins.

Two reads say it: the type of protection that the service was made with, and its access list, which the SCM keeps in the registry.
Where the host does not let us look, nothing is known, and the SCM itself will tell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Fault, MethodFailed, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .settings import Setting, read_setting

# Microsoft, SERVICE_LAUNCH_PROTECTED_INFO: since Windows 8.1 and Server 2012 R2; while such a service runs, no process that is not
# protected may call ControlService or ChangeServiceConfig on it. The value of its key is in real hives.
LAUNCH_PROTECTED, LAUNCH_PROTECTED_SINCE = "LaunchProtected", NtVersion(6, 3)
# Microsoft, registry reference of Windows Server 2003, "Security\Security": the service's security descriptor; not every service has one.
SECURITY = "Security"
# Microsoft, "Service Security and Access Rights", with what the generic rights stand for.
STOP, CHANGE = 0x20, 0x2
GENERIC = {0x10000000: STOP | CHANGE, 0x20000000: STOP, 0x40000000: CHANGE}
# MS-DTYP 2.4.6, 2.4.5 and 2.4.4: self-relative security descriptors, access control lists, and entries.
DESCRIPTOR, LIST, ENTRY = struct.Struct("<BBHIIII"), struct.Struct("<BBHHH"), struct.Struct("<BBHI")
DACL_PRESENT, ALLOWED, DENIED, INHERIT_ONLY = 0x4, 0, 1, 0x8
# MS-DTYP 2.4.2.4: who an administrator of a session over the network certainly is, and who he certainly is not. Anybody else may be
# his own account or a group of his.
OURS = frozenset({"1-0", "5-2", "5-11", "5-15", "5-32-544", "5-32-545"})
NOT_OURS = frozenset({"3-0", "3-1", "5-1", "5-3", "5-4", "5-6", "5-7", "5-13", "5-14", "5-18", "5-19", "5-20", "5-32-546"})
NOT_OURS_BELOW = ("5-80-", "15-", "16-")


@dataclass(frozen=True, slots=True)
class Guard:
    """Why the SCM would refuse to stop a service, or to change its start mode; "" where nothing is known against it."""

    stop: str = ""
    change: str = ""


UNGUARDED = Guard()
PROCESS = "it is a protected process, which no administrator can stop or change"
LISTED = "its access list lets no administrator"


def read_guard(reader: Reader, service: str, nt: NtVersion) -> Guard:
    """Read what guards a service."""
    key = rf"{SERVICES_KEY}\{service}"
    try:
        if nt >= LAUNCH_PROTECTED_SINCE:
            kind = read_setting(reader, Setting(key, LAUNCH_PROTECTED, RegistryType.DWORD))
            if kind is not None and kind.data in (1, 2, 3):
                return Guard(PROCESS, PROCESS)
        stored = read_setting(reader, Setting(rf"{key}\{SECURITY}", SECURITY, RegistryType.BINARY))
    except (Fault, MethodFailed, ProtocolError):
        return UNGUARDED
    rights = rights_in(stored.data) if stored is not None and isinstance(stored.data, bytes) else None
    if rights is None:
        return UNGUARDED
    return Guard("" if rights & STOP else f"{LISTED} stop it", "" if rights & CHANGE else f"{LISTED} change it")


def rights_in(descriptor: bytes) -> int | None:
    """Return which of the two rights a security descriptor may give an administrator; None where it cannot be understood."""
    try:
        _revision, _zero, control, _owner, _group, _sacl, at = DESCRIPTOR.unpack_from(descriptor)
        if not control & DACL_PRESENT or not at:
            # Without a list everybody may do everything.
            return STOP | CHANGE
        return _granted(descriptor, at)
    except struct.error:
        return None


def _granted(descriptor: bytes, at: int) -> int:
    """Go through the entries in their order: the first that speaks of a right decides it."""
    given = refused = 0
    for kind, mask, sid in _entries(descriptor, at):
        rights = mask & (STOP | CHANGE)
        for generic, meant in GENERIC.items():
            rights |= meant if mask & generic else 0
        if kind == DENIED and sid in OURS:
            refused |= rights & ~given
        elif kind == ALLOWED and sid not in NOT_OURS and not sid.startswith(NOT_OURS_BELOW):
            given |= rights & ~refused
    return given


def _entries(descriptor: bytes, at: int) -> Iterator[tuple[int, int, str]]:
    """Yield type, mask and SID (without its revision) of the entries of a list that count for the service itself."""
    count, place = LIST.unpack_from(descriptor, at)[3], at + LIST.size
    for _number in range(count):
        kind, flags, size, mask = ENTRY.unpack_from(descriptor, place)
        if kind in (ALLOWED, DENIED) and not flags & INHERIT_ONLY:
            yield kind, mask, _sid(descriptor, place + ENTRY.size)
        if size < ENTRY.size:
            raise struct.error("an entry without a length")
        place += size


def _sid(descriptor: bytes, at: int) -> str:
    """Return a SID as text, without `S-1-` (MS-DTYP 2.4.2.2)."""
    count = struct.unpack_from("<B", descriptor, at + 1)[0]
    high, low = struct.unpack_from(">HI", descriptor, at + 2)
    parts = struct.unpack_from(f"<{count}I", descriptor, at + 8)
    return "-".join(str(number) for number in ((high << 32) + low, *parts))


def unknown(_service: str) -> Guard:
    """Know nothing of what guards services."""
    return UNGUARDED
