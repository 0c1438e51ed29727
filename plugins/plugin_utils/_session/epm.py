# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client of the endpoint mapper over TCP: asks a host which RPC interfaces are registered at which endpoint, and never raises.

It asks anonymously first. Where that is refused it asks once more with the play's credentials: from `RestrictRemoteClients` 1 on, which is
the default of Windows' clients, the mapper answers no anonymous client (MS-RPCE 3.1.1.1.3; Microsoft, "RPC Interface Restriction").
Whatever comes back is bounded in bytes, rounds, entries and time; a refusal is a state, never an empty map.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import MOST_ENTRIES, EndpointMap, MapState, RpcEntry

from .dcerpc import HEADER, Declined, Message, NotRpc, auth3, bind, check_bound, length_of, read, request, stub_of
from .epm_lookup import INTERFACE, INTERFACE_VERSION, LOOKUP, NO_HANDLE, NO_MORE, Looked, arguments, read_page
from .rpc_login import Login, LoginFailed, begin

PORT = 135

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one question may cost.

    Attributes:
        seconds: for all of it, a login included.
        connect: until the connection is made.
        received: bytes that may come. The largest public map has 400 entries, some 60 kB.
        rounds: calls of the operation.
        entries: that are kept.
    """

    seconds: float = 20.0
    connect: float = 5.0
    received: int = 2 * 1024 * 1024
    rounds: int = 100
    entries: int = MOST_ENTRIES


BOUNDS = Bounds()


class _Bound(Exception):
    """A bound was reached."""


@dataclass(slots=True)
class _Found:
    """What has come up to now: each entry once, in its order."""

    entries: dict[RpcEntry, None] = field(default_factory=dict)
    unreadable: int = 0


def ask(address: str, *, login: Login | None = None, port: int = PORT, bounds: Bounds = BOUNDS) -> EndpointMap:
    """Ask the mapper of a host.

    Args:
        address: of the host, or its name.
        login: with what to ask where an anonymous client is refused.
    """
    end = time.monotonic() + bounds.seconds
    first = _ask(address, port, None, bounds, end)
    if first.state is not MapState.REFUSED:
        return first
    if login is None:
        return EndpointMap(MapState.REFUSED, f"{first.evidence}; the play has no password to log in with")
    if login.unusable:
        return EndpointMap(MapState.REFUSED, f"{first.evidence}; {login.unusable}")
    second = _ask(address, port, login, bounds, end)
    if second.told:
        return EndpointMap(second.state, f"{second.evidence} (an anonymous client is refused)", second.entries, authenticated=True)
    return EndpointMap(MapState.REFUSED, f"{first.evidence}; with the play's credentials: {second.evidence}")


def _ask(address: str, port: int, login: Login | None, bounds: Bounds, end: float) -> EndpointMap:
    """Ask over a connection of its own."""
    where, found = f"{address} port {port}", _Found()

    def ended(state: MapState, evidence: str) -> EndpointMap:
        told = MapState.PARTIAL if found.entries else state
        kept = f" after {len(found.entries)} entries" if found.entries else ""
        return EndpointMap(told, excerpt(f"{where}: {evidence}{kept}", 400), tuple(found.entries))

    try:
        connection = socket.create_connection((address, port), timeout=max(0.001, min(bounds.connect, end - time.monotonic())))
    except ConnectionRefusedError:
        return ended(MapState.CLOSED, "the connection was refused")
    except TimeoutError:
        return ended(MapState.SILENT, "no answer to the attempt to connect")
    except (OSError, UnicodeError) as error:
        return ended(MapState.SILENT, f"no connection: {error}")
    try:
        line = _Line(connection, end, bounds)
        if login is not None:
            _log_in(line, login, address)
        else:
            check_bound(line.exchange(bind(INTERFACE, INTERFACE_VERSION)))
        for page in _pages(line, bounds):
            before = len(found.entries)
            found.entries |= dict.fromkeys(page.entries[: max(0, bounds.entries - before)])
            found.unreadable += page.unreadable
            if before + len(page.entries) > bounds.entries:
                raise _Bound(f"more than {bounds.entries} entries")
            if len(found.entries) == before and page.entries:
                raise _Bound("the mapper repeats itself")
    except Declined as error:
        return ended(MapState.REFUSED if error.denied else MapState.BROKEN, str(error))
    except LoginFailed as error:
        return ended(MapState.REFUSED, str(error))
    except (NotRpc, _Bound) as error:
        return ended(MapState.BROKEN, str(error))
    except TimeoutError:
        return ended(MapState.SILENT, "the answer did not come in time")
    except OSError as error:
        return ended(MapState.BROKEN, f"the connection broke off: {error}")
    finally:
        with suppress(OSError):
            connection.close()
    left_out = f"; {found.unreadable} more could not be read" if found.unreadable else ""
    return EndpointMap(MapState.READ, f"{where}: {len(found.entries)} entries{left_out}", tuple(found.entries))


def _pages(line: _Line, bounds: Bounds) -> Iterator[Looked]:
    """Call the operation until there is nothing more."""
    handle = NO_HANDLE
    for call in range(2, bounds.rounds + 2):
        page = read_page(line.call(call, LOOKUP, arguments(handle)))
        yield page
        if page.status == NO_MORE or (page.status == 0 and page.handle == NO_HANDLE):
            return
        if page.status != 0:
            raise NotRpc(f"the mapper answers with status 0x{page.status:08x}")
        if not (page.entries or page.unreadable):
            raise NotRpc("the mapper says that there is more, and sends nothing")
        handle = page.handle
    raise _Bound(f"still not finished after {bounds.rounds} calls")


def _log_in(line: _Line, login: Login, address: str) -> None:
    """Bind with a login of three tokens."""
    dialogue = begin(login, address)
    answer = line.exchange(bind(INTERFACE, INTERFACE_VERSION, dialogue.step(None)))
    check_bound(answer)
    line.send(auth3(dialogue.step(answer.token)))


class _Line:
    """A connection whose bytes and time are counted."""

    def __init__(self, connection: socket.socket, end: float, bounds: Bounds) -> None:
        self._connection = connection
        self._end = end
        self._left = bounds.received

    def send(self, fragment: bytes) -> None:
        """Send one message."""
        self._connection.settimeout(self._time())
        self._connection.sendall(fragment)

    def exchange(self, fragment: bytes) -> Message:
        """Send one message and return the fragment that answers it."""
        self.send(fragment)
        return self._receive()

    def call(self, number: int, operation: int, stub: bytes) -> bytes:
        """Call an operation and return what it returned, of all fragments.

        Raises:
            Declined: the server has refused the call.
            NotRpc: an answer makes no sense.
        """
        answer = self.exchange(request(number, operation, stub))
        parts = [self._part(answer, number)]
        while not answer.last:
            answer = self._receive()
            parts.append(self._part(answer, number))
        return b"".join(parts)

    def _part(self, answer: Message, number: int) -> bytes:
        part = stub_of(answer)
        if answer.call != number:
            raise NotRpc(f"call {number} was answered as call {answer.call}")
        return part

    def _receive(self) -> Message:
        header = self._exactly(HEADER.size)
        return read(header + self._exactly(length_of(header) - HEADER.size))

    def _exactly(self, length: int) -> bytes:
        self._left -= length
        if self._left < 0:
            raise _Bound("the answers are too long")
        received = bytearray()
        while len(received) < length:
            self._connection.settimeout(self._time())
            more = self._connection.recv(length - len(received))
            if not more:
                raise NotRpc(
                    "the connection was closed before the answer was complete"
                    if received
                    else "the connection was closed without an answer"
                )
            received += more
        return bytes(received)

    def _time(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
