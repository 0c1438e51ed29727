# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The messages of connection-oriented RPC, as bytes: what we send, and reading what comes back. No I/O.

Source: The Open Group, C706 "DCE 1.1: Remote Procedure Call", chapter 12 (PDU encodings) and appendix N (`rej_status`); MS-RPCE 2.2.2
(authentication: `sec_trailer`, security providers, authentication levels). What comes back is hostile: each length is checked here, and
whatever does not fit is a `NotRpc`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

# C706, 12.6.3.1: the header that all messages share; little-endian integers, ASCII, IEEE (14.1).
HEADER = struct.Struct("<BBBB4sHHI")
VERSION, LITTLE_ENDIAN = 5, b"\x10\x00\x00\x00"
FIRST, LAST, OBJECT = 0x01, 0x02, 0x80
# The largest fragment that we take (12.6.3.5); what Windows proposes as well.
FRAGMENT = 5840
NDR = UUID("8a885d04-1ceb-11c9-9fe8-08002b104860")
NDR_VERSION = 2
# MS-RPCE 2.2.1.1.7 and 2.2.1.1.8: NTLM, and a login at the beginning of the connection alone.
NTLM, CONNECT = 10, 2
TRAILER = struct.Struct("<BBBBI")
LOGIN_ID = 1
# Windows' ERROR_ACCESS_DENIED, which its run-time sends as the status of a fault where a client may not call (MS-RPCE 3.1.1.1.3).
ACCESS_DENIED = 5


class Kind(IntEnum):
    """The messages that we send or can read (C706, 12.6.2; `AUTH3` in MS-RPCE 2.2.2.5)."""

    REQUEST = 0
    RESPONSE = 2
    FAULT = 3
    BIND = 11
    BIND_ACK = 12
    BIND_NAK = 13
    AUTH3 = 16


class NotRpc(Exception):
    """What came back is no valid RPC message."""


class Declined(Exception):
    """The server answered that it does not do what was asked.

    Attributes:
        denied: because of who asks.
    """

    def __init__(self, message: str, *, denied: bool) -> None:
        super().__init__(message)
        self.denied = denied


@dataclass(frozen=True, slots=True)
class Message:
    """One fragment that came back.

    Attributes:
        body: without the header and without the token of a login.
        token: of a login.
    """

    kind: Kind
    flags: int
    call: int
    body: bytes
    token: bytes = b""

    @property
    def last(self) -> bool:
        """Whether it ends the answer."""
        return bool(self.flags & LAST)


def bind(interface: UUID, version: int, token: bytes = b"") -> bytes:
    """Return the message that asks for an interface, with the first token of a login."""
    context = struct.pack("<HBB", 0, 1, 0) + interface.bytes_le + struct.pack("<I", version) + NDR.bytes_le + struct.pack("<I", NDR_VERSION)
    return _packed(Kind.BIND, 1, struct.pack("<HHIBxxx", FRAGMENT, FRAGMENT, 0, 1) + context, token)


def auth3(token: bytes) -> bytes:
    """Return the message that ends a login of three tokens; nothing is answered."""
    return _packed(Kind.AUTH3, 1, bytes(4), token)


def request(call: int, operation: int, stub: bytes) -> bytes:
    """Return a call of an operation in one fragment."""
    return _packed(Kind.REQUEST, call, struct.pack("<IHH", len(stub), 0, operation) + stub)


def _packed(kind: Kind, call: int, body: bytes, token: bytes = b"") -> bytes:
    tail = b""
    if token:
        # The trailer begins at a multiple of four (MS-RPCE 2.2.2.11).
        padding = -len(body) % 4
        tail = bytes(padding) + TRAILER.pack(NTLM, CONNECT, padding, 0, LOGIN_ID) + token
    length = HEADER.size + len(body) + len(tail)
    return HEADER.pack(VERSION, 0, kind, FIRST | LAST, LITTLE_ENDIAN, length, len(token), call) + body + tail


def length_of(header: bytes) -> int:
    """Return how long the fragment is that begins with this header, the header included.

    Raises:
        NotRpc: it is no header of RPC.
    """
    version, _minor, _kind, _flags, integers, length, _token, _call = HEADER.unpack(header)
    if version != VERSION or integers[0] & 0xF0 != 0x10:
        raise NotRpc("the answer does not begin as a message of RPC version 5 with little-endian numbers does")
    if length < HEADER.size:
        raise NotRpc(f"a message says that it is {length} bytes long, shorter than its own header")
    return int(length)


def read(fragment: bytes) -> Message:
    """Read one whole fragment.

    Raises:
        NotRpc: its lengths contradict each other, or it is no message that a server answers with.
    """
    _version, _minor, number, flags, _integers, length, token_length, call = HEADER.unpack_from(fragment)
    if length != len(fragment):
        raise NotRpc("a message has another length than it says")
    try:
        kind = Kind(number)
    except ValueError:
        raise NotRpc(f"a message of the unknown kind {number}") from None
    body, token = fragment[HEADER.size :], b""
    if token_length:
        start = len(body) - token_length - TRAILER.size
        if start < 0:
            raise NotRpc("the token of a login is longer than the message that it comes in")
        _provider, _level, padding, _reserved, _id = TRAILER.unpack_from(body, start)
        if padding > start:
            raise NotRpc("the padding before the token of a login is longer than the message that it comes in")
        body, token = body[: start - padding], body[start + TRAILER.size :]
    return Message(kind, flags, call, body, token)


def check_bound(answer: Message) -> None:
    """Read the answer to `bind`.

    Raises:
        Declined: the server has not bound us.
        NotRpc: it is no answer to that.
    """
    if answer.kind is Kind.FAULT:
        raise fault_of(answer)
    if answer.kind is Kind.BIND_NAK:
        (reason,) = _unpacked("<H", answer.body, 0)
        # C706, 12.6.3.1; MS-RPCE 2.2.2.5: 8 and 9 are about the login.
        raise Declined(f"the server does not bind this client (reason {reason})", denied=reason in (0, 8, 9))
    if answer.kind is not Kind.BIND_ACK:
        raise NotRpc(f"the answer to a bind is a message of kind {answer.kind.value}")
    _send, _receive, _group, named = _unpacked("<HHIH", answer.body, 0)
    # The address of the server ends at a multiple of four, counted from the header, whose length is one.
    start = 10 + named + -(10 + named) % 4
    (results,) = _unpacked("<B", answer.body, start)
    result, reason = _unpacked("<HH", answer.body, start + 4)
    if results != 1:
        raise NotRpc(f"one interface was asked for, and the answer is about {results}")
    if result != 0:
        raise Declined(f"the server does not offer the interface (result {result}, reason {reason})", denied=False)


def stub_of(answer: Message) -> bytes:
    """Return what an operation returned, as far as this fragment has it.

    Raises:
        Declined: the server has refused the call.
        NotRpc: it is no answer to a call.
    """
    if answer.kind is Kind.FAULT:
        raise fault_of(answer)
    if answer.kind is not Kind.RESPONSE:
        raise NotRpc(f"the answer to a call is a message of kind {answer.kind.value}")
    _unpacked("<IHBB", answer.body, 0)
    return answer.body[8:]


def fault_of(answer: Message) -> Declined:
    """Return what a fault says as an error.

    Raises:
        NotRpc: it is cut off.
    """
    (status,) = _unpacked("<I", answer.body, 8)
    said = "access denied" if status == ACCESS_DENIED else f"status 0x{status:08x}"
    return Declined(f"the server answers with a fault: {said}", denied=status == ACCESS_DENIED)


def _unpacked(layout: str, body: bytes, start: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, body, start)
    except struct.error:
        raise NotRpc("a message is cut off") from None
