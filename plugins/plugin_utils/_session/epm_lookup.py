# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The operation `ept_lookup` of the endpoint mapper, as bytes: its arguments, and reading what it returns. No I/O.

Source: C706, appendix O (the interface, its operation 2) and appendix L (towers); MS-RPCE 2.2.1.2.4 (`max_ents` is at most 500) and
2.1 (protocol identifiers of Windows). NDR: C706, chapter 14. Every length is checked: what does not fit is a `NotRpc`, but for a single
tower, which is left out and counted.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address
from uuid import UUID

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import RpcEntry, RpcSequence

from .dcerpc import NotRpc

INTERFACE, INTERFACE_VERSION, LOOKUP = UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), 3, 2
NO_HANDLE = bytes(20)
# Entries that one answer may have.
AT_ONCE = 250
# rpc_c_ep_all_elts and rpc_c_vers_all (C706, appendix O).
ALL_ENTRIES, ALL_VERSIONS = 0, 1
# ept_s_not_registered (C706, appendix E): no more entries. Samba sends it together with the last of them.
NO_MORE = 0x16C9A0D6
# The field has room for so many characters.
LONGEST_ANNOTATION = 64
# Five floors take some 80 bytes; a name may be of any length.
LONGEST_TOWER, MOST_FLOORS, LONGEST_NAME = 2048, 16, 200
NO_OBJECT = UUID(int=0)

# Protocol identifiers: C706, appendix I; MS-RPCE 2.1 for pipes, local calls and HTTP.
TCP, UDP, IP, LOCAL, PIPE, LOCAL_NAME, NETBIOS, HTTP, UUID_FLOOR = 0x07, 0x08, 0x09, 0x0C, 0x0F, 0x10, 0x11, 0x1F, 0x0D
SEQUENCES = {TCP: RpcSequence.TCP, UDP: RpcSequence.UDP, PIPE: RpcSequence.PIPE, HTTP: RpcSequence.HTTP, LOCAL_NAME: RpcSequence.LOCAL}
PORTS = (RpcSequence.TCP, RpcSequence.UDP, RpcSequence.HTTP)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one call returned.

    Attributes:
        handle: where to go on.
        unreadable: how many entries were left out because their tower makes no sense.
    """

    handle: bytes
    entries: tuple[RpcEntry, ...]
    status: int
    unreadable: int = 0


def arguments(handle: bytes) -> bytes:
    """Return the arguments of a call: all entries, from where the handle stands."""
    # Two null pointers: no object and no interface to look for.
    return struct.pack("<IIII", ALL_ENTRIES, 0, 0, ALL_VERSIONS) + handle + struct.pack("<I", AT_ONCE)


def read_page(stub: bytes) -> Looked:
    """Read what a call returned.

    Raises:
        NotRpc: it is cut off, or its lengths contradict each other.
    """
    reader = Reading(stub)
    handle = reader.take(len(NO_HANDLE))
    said, room, offset, count = (reader.number() for _field in range(4))
    if count != said or offset != 0 or count > room or count > AT_ONCE:
        raise NotRpc(f"the mapper says that it sends {said} entries, and sends {count} of {room}; {AT_ONCE} were asked for at most")
    heads = [_head(reader) for _entry in range(count)]
    entries: list[RpcEntry] = []
    unreadable = 0
    for number, pointer, annotation in heads:
        tower = _tower(reader) if pointer else b""
        try:
            entries.append(entry_of(tower, annotation, number))
        except NotRpc:
            unreadable += 1
    return Looked(handle, tuple(entries), reader.number(), unreadable)


def _head(reader: Reading) -> tuple[UUID, int, str]:
    """Read an entry but for its tower, which follows after all of them."""
    # An entry begins with a long of its object's UUID, so it stands at a multiple of four, whatever length the annotation before it has.
    reader.align()
    number, pointer = UUID(bytes_le=reader.take(16)), reader.number()
    offset, length = reader.number(), reader.number()
    if offset != 0 or length > LONGEST_ANNOTATION:
        raise NotRpc(f"an annotation of {length} characters, where {LONGEST_ANNOTATION} have room")
    return number, pointer, text_of(reader.take(length), LONGEST_ANNOTATION)


def _tower(reader: Reading) -> bytes:
    room, length = reader.number(), reader.number()
    if length != room or length > LONGEST_TOWER:
        raise NotRpc(f"a tower of {length} bytes in {room}, where {LONGEST_TOWER} are allowed")
    return reader.take(length)


def entry_of(tower: bytes, annotation: str, number: UUID) -> RpcEntry:
    """Read a tower: a few floors, each with an identifier and what belongs to it.

    Raises:
        NotRpc: it is none.
    """
    floors = _floors(tower)
    if len(floors) < 4 or len(floors[0][0]) != 19 or floors[0][0][0] != UUID_FLOOR or len(floors[0][1]) != 2:
        raise NotRpc("a tower that names no interface")
    (named, minor), (over, _version) = floors[0], floors[2]
    version = (struct.unpack("<H", named[17:])[0], struct.unpack("<H", minor)[0])
    kind, value = floors[3]
    sequence = RpcSequence.LOCAL if over[:1] == bytes([LOCAL]) else SEQUENCES.get(kind[0] if kind else 0, RpcSequence.OTHER)
    if sequence in PORTS:
        if len(value) != 2:
            raise NotRpc(f"a port of {len(value)} bytes")
        endpoint = str(struct.unpack(">H", value)[0])
    else:
        endpoint = text_of(value, LONGEST_NAME)
    address = _address(*floors[4]) if len(floors) > 4 else ""
    held = None if number == NO_OBJECT else number
    return RpcEntry(UUID(bytes_le=named[1:17]), version, sequence, endpoint, address, annotation, held)


def _floors(tower: bytes) -> list[tuple[bytes, bytes]]:
    if len(tower) < 2:
        raise NotRpc("a tower without floors")
    (count,) = struct.unpack_from("<H", tower)
    if count > MOST_FLOORS:
        raise NotRpc(f"a tower of {count} floors")
    at, sides = 2, []
    for _side in range(2 * count):
        if at + 2 > len(tower):
            raise NotRpc("a tower is cut off")
        (length,) = struct.unpack_from("<H", tower, at)
        if at + 2 + length > len(tower):
            raise NotRpc("a floor is longer than its tower")
        sides.append(tower[at + 2 : at + 2 + length])
        at += 2 + length
    return list(zip(sides[::2], sides[1::2], strict=True))


def _address(kind: bytes, value: bytes) -> str:
    if kind[:1] == bytes([IP]) and len(value) == 4:
        return str(IPv4Address(value))
    return text_of(value, LONGEST_NAME) if kind[:1] == bytes([NETBIOS]) else ""


def text_of(value: bytes, longest: int) -> str:
    """Return a text that ends at the first NUL, on one printable line."""
    return excerpt(value.partition(b"\0")[0].decode("utf-8", "replace"), longest)


class Reading:
    """Takes NDR values one after the other."""

    def __init__(self, stub: bytes) -> None:
        self._stub = stub
        self._at = 0

    def align(self) -> None:
        """Go on to the next multiple of four, where an unsigned long stands (C706, 14.2.2)."""
        self._at += -self._at % 4

    def number(self) -> int:
        """Take an unsigned long."""
        self.align()
        return int(struct.unpack("<I", self.take(4))[0])

    def take(self, length: int) -> bytes:
        """Take so many bytes.

        Raises:
            NotRpc: there are not so many.
        """
        if self._at + length > len(self._stub):
            raise NotRpc("what the mapper returned is cut off")
        taken = self._stub[self._at : self._at + length]
        self._at += length
        return taken
