# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lets no administrator stop or change a service, read from the type of its protection and from its access list."""

from __future__ import annotations

import struct

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host import guards
from ansible_collections.netmin.windows.plugins.plugin_utils._host.guards import CHANGE, STOP, read_guard, rights_in
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, simulated

ALLOW, DENY, ALL = 0, 1, 0xF01FF
SYSTEM, ADMINISTRATORS, INTERACTIVE, EVERYONE = (18,), (32, 544), (4,), ()
KEY = r"SYSTEM\CurrentControlSet\Services\Spooler"


def sid(*parts: int) -> bytes:
    authority = 1 if not parts else 5
    parts = parts or (0,)
    return struct.pack("<BB", 1, len(parts)) + authority.to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *parts)


def host_nt(host: Simulated) -> NtVersion:
    return NtVersion.parse(host.computer.host.spec.windows.version)


def descriptor(*entries: tuple[int, int, tuple[int, ...]], present: bool = True, flags: int = 0) -> bytes:
    aces = b"".join(struct.pack("<BBHI", kind, flags, 8 + len(sid(*who)), mask) + sid(*who) for kind, mask, who in entries)
    dacl = struct.pack("<BBHHH", 2, 0, 8 + len(aces), len(entries), 0) + aces
    return struct.pack("<BBHIIII", 1, 0, 0x8004 if present else 0x8000, 0, 0, 0, 20 if present else 0) + dacl


@pytest.mark.parametrize(
    ("made", "rights"),
    [
        (descriptor((ALLOW, ALL, SYSTEM), (ALLOW, ALL, ADMINISTRATORS)), STOP | CHANGE),
        (descriptor((ALLOW, ALL, SYSTEM), (ALLOW, 0x2019D, ADMINISTRATORS)), 0),
        (descriptor((ALLOW, ALL, SYSTEM), (ALLOW, ALL & ~CHANGE, ADMINISTRATORS)), STOP),
        (descriptor((DENY, STOP, EVERYONE), (ALLOW, ALL, ADMINISTRATORS)), CHANGE),
        # The first entry that speaks of a right decides it.
        (descriptor((ALLOW, ALL, ADMINISTRATORS), (DENY, STOP, EVERYONE)), STOP | CHANGE),
        # Nobody at the console comes by this way.
        (descriptor((ALLOW, ALL, INTERACTIVE)), 0),
        # The account that asks, or a group of it.
        (descriptor((ALLOW, ALL, (21, 1, 2, 3, 1105))), STOP | CHANGE),
        (descriptor((DENY, ALL, (21, 1, 2, 3, 1105)), (ALLOW, ALL, ADMINISTRATORS)), STOP | CHANGE),
        (descriptor((ALLOW, 0x10000000, ADMINISTRATORS)), STOP | CHANGE),
        (descriptor((ALLOW, 0x20000000, ADMINISTRATORS)), STOP),
        (descriptor((ALLOW, 0x40000000, ADMINISTRATORS)), CHANGE),
        (descriptor((ALLOW, ALL, ADMINISTRATORS), flags=0x8), 0),
        (descriptor(), 0),
        (descriptor(present=False), STOP | CHANGE),
        (b"", None),
        (descriptor((ALLOW, ALL, ADMINISTRATORS))[:-4], None),
        (b"\x01\x00\x04\x80" + bytes(12) + b"\xff\xff\xff\xff", None),
    ],
)
def test_what_an_access_list_gives_an_administrator(made: bytes, rights: int | None) -> None:
    assert rights_in(made) == rights


def test_a_protected_process_is_told_from_windows_8_1_on() -> None:
    for name, guarded in (("windows_8_1", True), ("windows_7", False)):
        with simulated(name) as host:
            host.session.set_value(KEY, "LaunchProtected", RegistryValue.dword(3))
            found = read_guard(host.session, "Spooler", host_nt(host))
            assert found == (guards.Guard(guards.PROCESS, guards.PROCESS) if guarded else guards.UNGUARDED)


def test_a_host_that_keeps_no_list_says_nothing() -> None:
    with simulated("windows_server_2022") as host:
        assert read_guard(host.session, "Spooler", host_nt(host)) == guards.UNGUARDED
        # From memory, as winsim has it: the list of the task scheduler's service.
        assert read_guard(host.session, "Schedule", host_nt(host)).stop.endswith("stop it")
