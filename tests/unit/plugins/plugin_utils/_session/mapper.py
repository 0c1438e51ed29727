# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server on the loopback that says what a test wants, and the bytes of an endpoint mapper to make that of."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from uuid import UUID

NDR = UUID("8a885d04-1ceb-11c9-9fe8-08002b104860")
SCHEDULER = UUID("86d35949-83c9-4044-b424-db363231fd0c")
NO_MORE = 0x16C9A0D6
HANDLE = bytes(4) + UUID("11111111-2222-4333-8444-555555555555").bytes_le


def fragment(kind: int, body: bytes, *, call: int = 2, flags: int = 3, token: bytes = b"") -> bytes:
    """Return a message of the server."""
    tail = struct.pack("<BBBBI", 10, 2, 0, 0, 1) + token if token else b""
    return struct.pack("<BBBB4sHHI", 5, 0, kind, flags, b"\x10\0\0\0", 16 + len(body) + len(tail), len(token), call) + body + tail


def bound(token: bytes = b"") -> bytes:
    """Return the answer that binds."""
    named = b"135\0"
    result = struct.pack("<Bxxx HH", 1, 0, 0) + NDR.bytes_le + struct.pack("<I", 2)
    body = struct.pack("<HHIH", 5840, 5840, 1, len(named)) + named
    return fragment(12, body + bytes(-len(body) % 4) + result, call=1, token=token)


def fault(status: int) -> bytes:
    """Return the answer that refuses a call."""
    return fragment(3, struct.pack("<IHBBI4x", 32, 0, 0, 0, status))


def floor(left: bytes, right: bytes) -> bytes:
    """Return one floor of a tower."""
    return struct.pack("<H", len(left)) + left + struct.pack("<H", len(right)) + right


def tower(interface: UUID = SCHEDULER, *, port: int = 49665, address: bytes = b"\0\0\0\0", over: int = 7) -> bytes:
    """Return the tower of an interface at a port."""
    floors = [
        floor(b"\x0d" + interface.bytes_le + b"\1\0", b"\0\0"),
        floor(b"\x0d" + NDR.bytes_le + b"\2\0", b"\0\0"),
        floor(b"\x0b", b"\0\0"),
        floor(bytes([over]), struct.pack(">H", port)),
        floor(b"\x09", address),
    ]
    return struct.pack("<H", len(floors)) + b"".join(floors)


def page(
    towers: Sequence[bytes],
    *,
    handle: bytes = bytes(20),
    status: int = NO_MORE,
    annotation: bytes = b"",
    said: int | None = None,
    objects: Sequence[UUID] = (),
    padding: bytes = b"\0",
) -> bytes:
    """Return what a call of the lookup returns.

    Args:
        objects: of the first entries; all others have none.
        padding: the byte that stands between an annotation and the entry after it, of which nothing says what it is.
    """
    count = len(towers)
    stub = handle + struct.pack("<IIII", count if said is None else said, max(250, count), 0, count)
    text = annotation + b"\0"
    for number, _tower in enumerate(towers):
        named = objects[number].bytes_le if number < len(objects) else bytes(16)
        stub += named + struct.pack("<III", number + 1, 0, len(text)) + text + padding * (-len(text) % 4)
    for item in towers:
        stub += struct.pack("<II", len(item), len(item)) + item + bytes(-len(item) % 4)
    return stub + struct.pack("<I", status)


def response(stub: bytes, *, call: int = 2, flags: int = 3) -> bytes:
    """Return the answer of a call."""
    return fragment(2, struct.pack("<IHBB", len(stub), 0, 0, 0) + stub, call=call, flags=flags)


@contextmanager
def serving(*scripts: Sequence[bytes], hold: bool = False, pause: float = 0) -> Iterator[int]:
    """Serve one script for each connection, its items one for each message that comes; yield the port.

    Args:
        hold: leave connections open once a script has ended.
        pause: seconds after each byte of all answers but the first; 0 sends each at once.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        for script in scripts:
            with suppress(OSError):
                connection, _peer = listening.accept()
                held.append(connection)
                for number, answer in enumerate(script):
                    if not connection.recv(65536):
                        break
                    if not (pause and number):
                        connection.sendall(answer)
                        continue
                    for byte in answer:
                        connection.sendall(bytes([byte]))
                        time.sleep(pause)
                if not hold:
                    connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        # Wakes who waits for a connection.
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for connection in held:
            connection.close()
        thread.join(5)
