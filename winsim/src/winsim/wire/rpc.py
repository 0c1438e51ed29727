# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The RPC run-time of a host at one TCP port: binding, login, and the endpoint mapper's operations. Knows no SOAP.

Sources: C706 chapter 12 (messages), appendix L (towers), O (the mapper's interface) and E (status codes); MS-RPCE 2.2.2 (authentication)
and 2.2.1.2 (the mapper's operations). A login may be of the level `connect` alone: nothing is signed or sealed here. Any other interface
answers each call with `nca_s_op_rng_error`: the call has reached it.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from uuid import UUID, uuid4

from spnego.exceptions import SpnegoError

from ..seams import Computer, RpcEntry
from .authentication import Acceptor

_HEADER = struct.Struct("<BBBB4sHHI")
_REQUEST, _RESPONSE, _FAULT, _BIND, _BIND_ACK, _BIND_NAK, _ALTER, _ALTERED, _AUTH3 = 0, 2, 3, 11, 12, 13, 14, 15, 16
_WHOLE, _OBJECT = 3, 0x80
_LITTLE_ENDIAN = b"\x10\0\0\0"
_FRAGMENT = 5840
_NDR = (UUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), 2)
_NTLM, _SPNEGO = 10, 9
_CONNECT = 2
_MAPPER = UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa")
_LOOKUP, _MAP, _FREE = 2, 3, 4
_ACCESS_DENIED, _UNKNOWN_OPERATION, _BAD_STUB = 5, 0x1C010002, 0x000006F7
_NO_MORE = 0x16C9A0D6
_MOST = 500
_NOTHING = bytes(20)
_PORTS = {"ncacn_ip_tcp": 0x07, "ncadg_ip_udp": 0x08}


Login = tuple[int, int, int]
"""Provider, level and number of a login, as the client has given them."""


class _Wrong(Exception):
    """A client sent what makes no sense."""


@dataclass(slots=True)
class RpcConnection(asyncio.Protocol):
    """One connection to an RPC server."""

    computer: Computer
    port: int
    opened: Callable[[asyncio.BaseTransport], None]
    closed: Callable[[asyncio.BaseTransport], None]
    _buffer: bytearray = field(default_factory=bytearray)
    _transport: asyncio.Transport | None = None
    _bound: dict[int, UUID] = field(default_factory=dict)
    _acceptor: Acceptor | None = None
    _login: Login = (_NTLM, _CONNECT, 0)
    _lookups: dict[bytes, list[RpcEntry]] = field(default_factory=dict)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.opened(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        del exc
        if self._transport is not None:
            self.closed(self._transport)

    def data_received(self, data: bytes) -> None:
        """Answer each whole message; who sends anything else is cut off."""
        self._buffer += data
        try:
            while len(self._buffer) >= _HEADER.size:
                version, _minor, _kind, _flags, _integers, length, _token, _call = _HEADER.unpack_from(self._buffer)
                if version != 5 or length < _HEADER.size:
                    raise _Wrong
                if len(self._buffer) < length:
                    return
                message = bytes(self._buffer[:length])
                del self._buffer[:length]
                for answer in self._answers(message):
                    self._send(answer)
        except (_Wrong, struct.error, ValueError, SpnegoError):
            if self._transport is not None:
                self._transport.abort()

    def _send(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.write(message)

    def _answers(self, message: bytes) -> Iterator[bytes]:
        _version, _minor, kind, flags, _integers, _length, token_length, call = _HEADER.unpack_from(message)
        body, token = message[_HEADER.size :], b""
        if token_length:
            start = len(body) - token_length - 8
            provider, level, padding, _reserved, number = struct.unpack_from("<BBBBI", body, start)
            self._login = (provider, level, number)
            body, token = body[: start - padding], body[start + 8 :]
        if kind in (_BIND, _ALTER):
            yield self._bind(kind, body, call, token)
        elif kind == _AUTH3:
            self._log_in(token)
        elif kind == _REQUEST:
            _hint, context, operation = struct.unpack_from("<IHH", body)
            stub = body[8 + (16 if flags & _OBJECT else 0) :]
            yield from self._call(call, context, operation, stub)
        else:
            raise _Wrong

    def _bind(self, kind: int, body: bytes, call: int, token: bytes) -> bytes:
        _send, _receive, group, contexts = struct.unpack_from("<HHIB", body)
        offers = {(UUID(offer.uuid), offer.major) for offer in self.computer.rpc_offers(self.port) or ()}
        at, results = 12, b""
        for _context in range(contexts):
            number, transfers = struct.unpack_from("<HB", body, at)
            interface, version = UUID(bytes_le=body[at + 4 : at + 20]), struct.unpack_from("<H", body, at + 20)[0]
            syntaxes = [(UUID(bytes_le=body[p : p + 16]), struct.unpack_from("<I", body, p + 16)[0]) for p in _places(at + 24, transfers)]
            at += 24 + 20 * transfers
            if (interface, version) not in offers:
                results += struct.pack("<HH20x", 2, 1)
            elif _NDR not in syntaxes:
                results += struct.pack("<HH20x", 2, 2)
            else:
                self._bound[number] = interface
                results += struct.pack("<HH", 0, 0) + _NDR[0].bytes_le + struct.pack("<I", _NDR[1])
        answer = b""
        if token and kind == _BIND:
            if self._login[0] not in (_NTLM, _SPNEGO) or self._login[1] != _CONNECT:
                return _packed(_BIND_NAK, call, struct.pack("<HB", 8, 0))
            self._acceptor = Acceptor(self.computer)
        if token:
            answer = self._log_in(token)
        named = f"{self.port}\0".encode() if kind == _BIND else b""
        head = struct.pack("<HHIH", _FRAGMENT, _FRAGMENT, group or 1, len(named)) + named
        head += bytes(-len(head) % 4) + struct.pack("<Bxxx", contexts) + results
        return _packed(_BIND_ACK if kind == _BIND else _ALTERED, call, head, answer, self._login)

    def _log_in(self, token: bytes) -> bytes:
        """Take a token; one that is refused leaves the client without an account."""
        if self._acceptor is None:
            raise _Wrong
        # A message of an unknown kind is a KeyError of the library.
        with suppress(SpnegoError, ValueError, LookupError, struct.error):
            return self._acceptor.step(token) or b""
        return b""

    def _call(self, call: int, context: int, operation: int, stub: bytes) -> Iterator[bytes]:
        interface = self._bound.get(context)
        known = self._acceptor is not None and self._acceptor.account is not None
        if interface is None or (self._acceptor is not None and not known) or not (known or self.computer.rpc_anonymous):
            yield _fault(call, _ACCESS_DENIED)
            return
        if self.computer.rpc_refuses(str(interface), self._acceptor.account if self._acceptor is not None else None):
            yield _fault(call, _ACCESS_DENIED)
            return
        if interface != _MAPPER or operation not in (_LOOKUP, _MAP, _FREE):
            yield _fault(call, _UNKNOWN_OPERATION)
            return
        try:
            answer = self._lookup(stub) if operation == _LOOKUP else self._map(stub) if operation == _MAP else _NOTHING + bytes(4)
        except struct.error:
            yield _fault(call, _BAD_STUB)
            return
        room = _FRAGMENT - _HEADER.size - 8
        pieces = [answer[start : start + room] for start in range(0, len(answer), room)]
        for number, piece in enumerate(pieces):
            flags = (1 if number == 0 else 0) | (2 if number == len(pieces) - 1 else 0)
            yield _packed(_RESPONSE, call, struct.pack("<IHBB", len(answer), 0, 0, 0) + piece, flags=flags)

    def _lookup(self, stub: bytes) -> bytes:
        """List entries, from the beginning or from where a handle stands."""
        _kind, has_object = struct.unpack_from("<II", stub)
        at = 8 + (16 if has_object else 0)
        (has_interface,) = struct.unpack_from("<I", stub, at)
        at += 4 + (20 if has_interface else 0) + 4
        handle = stub[at : at + 20]
        (most,) = struct.unpack_from("<I", stub, at + 20)
        left = list(self.computer.rpc_map()) if handle == _NOTHING else self._lookups.pop(handle, [])
        some, rest = left[: min(most, _MOST)], left[min(most, _MOST) :]
        after = _NOTHING
        if some:
            # It ends with a call that finds nothing more (from memory): Samba's client asks until it is told so.
            after = handle if handle != _NOTHING else bytes(4) + uuid4().bytes_le
            self._lookups[after] = rest
        towers = [_tower(entry) for entry in some]
        answer = after + struct.pack("<IIII", len(some), most, 0, len(some))
        for number, entry in enumerate(some):
            text = entry.annotation.encode()[:63] + b"\0"
            answer += bytes(16) + struct.pack("<III", 0x20000 + 4 * number, 0, len(text)) + text + bytes(-len(text) % 4)
        return answer + b"".join(map(_counted, towers)) + struct.pack("<I", 0 if some else _NO_MORE)

    def _map(self, stub: bytes) -> bytes:
        """Say at which port the interface of a tower is (what a client asks before it connects to a dynamic port)."""
        (has_object,) = struct.unpack_from("<I", stub)
        at = 4 + (16 if has_object else 0)
        _pointer, _room, length = struct.unpack_from("<III", stub, at)
        tower = stub[at + 12 : at + 12 + length]
        (most,) = struct.unpack_from("<I", stub, at + 12 + length + -length % 4 + 20)
        wanted = UUID(bytes_le=(tower[5:21] + bytes(16))[:16])
        found = [_tower(entry) for entry in self.computer.rpc_map() if UUID(entry.uuid) == wanted and entry.sequence == "ncacn_ip_tcp"]
        found = found[: min(most, _MOST)]
        answer = _NOTHING + struct.pack("<IIII", len(found), most, 0, len(found))
        answer += b"".join(struct.pack("<I", 0x20000 + 4 * number) for number in range(len(found)))
        return answer + b"".join(map(_counted, found)) + struct.pack("<I", 0 if found else _NO_MORE)


def _places(start: int, number: int) -> range:
    return range(start, start + 20 * number, 20)


def _counted(tower: bytes) -> bytes:
    return struct.pack("<II", len(tower), len(tower)) + tower + bytes(-len(tower) % 4)


def _floor(left: bytes, right: bytes) -> bytes:
    return struct.pack("<H", len(left)) + left + struct.pack("<H", len(right)) + right


def _tower(entry: RpcEntry) -> bytes:
    """Return an entry as a tower of five floors."""
    floors = [
        _floor(b"\x0d" + UUID(entry.uuid).bytes_le + struct.pack("<H", entry.major), struct.pack("<H", entry.minor)),
        _floor(b"\x0d" + _NDR[0].bytes_le + struct.pack("<H", _NDR[1]), b"\0\0"),
        _floor(b"\x0a" if entry.sequence == "ncadg_ip_udp" else b"\x0b", b"\0\0"),
    ]
    if entry.sequence in _PORTS:
        floors.append(_floor(bytes([_PORTS[entry.sequence]]), struct.pack(">H", int(entry.endpoint))))
        floors.append(_floor(b"\x09", IPv4Address(entry.address).packed))
    else:
        floors.append(_floor(b"\x0f", entry.endpoint.encode() + b"\0"))
        floors.append(_floor(b"\x11", entry.address.encode() + b"\0"))
    return struct.pack("<H", len(floors)) + b"".join(floors)


def _fault(call: int, status: int) -> bytes:
    return _packed(_FAULT, call, struct.pack("<IHBBI4x", 32, 0, 0, 0, status))


def _packed(kind: int, call: int, body: bytes, token: bytes = b"", login: Login = (_NTLM, _CONNECT, 0), flags: int = _WHOLE) -> bytes:
    tail = b""
    if token:
        padding = -len(body) % 4
        tail = bytes(padding) + struct.pack("<BBBBI", login[0], login[1], padding, 0, login[2]) + token
    return _HEADER.pack(5, 0, kind, flags, _LITTLE_ENDIAN, _HEADER.size + len(body) + len(tail), len(token), call) + body + tail
