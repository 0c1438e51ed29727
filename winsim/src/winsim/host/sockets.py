# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of bound sockets, and the counter that dynamic ports come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random

from winsim.endpoint import Protocol

WILDCARD = "0.0.0.0"
LOOPBACK = "127.0.0.1"
WILDCARD_V6 = "::"
LOOPBACK_V6 = "::1"


class Origin(Enum):
    """What opened a socket, which says what closes it."""

    SERVICE = "a service's own port"
    RPC = "dynamic RPC endpoint"
    MAPPER = "endpoint mapper"
    DNS = "DNS client"
    NETBT = "NetBIOS over TCP/IP"
    FAULT = "sabotage"


@dataclass(frozen=True, slots=True)
class Socket:
    """One listening TCP or bound UDP socket; `process` is a process id of the table, not a number.

    `shared` sockets of several processes may be bound to one address.
    """

    protocol: Protocol
    address: str
    port: int
    owner: str
    process: str
    origin: Origin
    shared: bool = False


class Sockets:
    """All sockets that are bound now.

    A program may bind an address of its own where another one has bound all addresses, and the other way round (Microsoft, "Using
    SO_REUSEADDR and SO_EXCLUSIVEADDRUSE": neither asks for more than the default); nobody binds the same address twice unasked.
    """

    def __init__(self) -> None:
        self._bound: dict[int, Socket] = {}
        self._ports: dict[tuple[Protocol, int], list[Socket]] = {}
        self.version = 0

    @property
    def all(self) -> tuple[Socket, ...]:
        """Every socket in the order it was bound."""
        return tuple(self._bound.values())

    def taken(self, protocol: Protocol, port: int, address: str = WILDCARD) -> bool:
        """Tell whether something is in the way of a socket that has this address for itself."""
        return any(self._held(protocol, port, address))

    def bind(self, socket: Socket) -> bool:
        """Bind a socket; tell whether the address was free."""
        if any(_conflict(held, socket) for held in self._held(socket.protocol, socket.port, socket.address)):
            return False
        self.version += 1
        self._bound[self.version] = socket
        self._ports.setdefault((socket.protocol, socket.port), []).append(socket)
        return True

    def put(self, socket: Socket) -> None:
        """Add a socket that somebody has seen, whatever else is bound to its address."""
        self.version += 1
        self._bound[self.version] = socket
        self._ports.setdefault((socket.protocol, socket.port), []).append(socket)

    def _held(self, protocol: Protocol, port: int, address: str) -> Iterator[Socket]:
        """Find the sockets of this address, and where it or theirs is all addresses; those of the other family never are."""
        wildcard = WILDCARD_V6 if ":" in address else WILDCARD
        return (
            held
            for held in self._ports.get((protocol, port), ())
            if (":" in held.address) is (":" in address) and (held.address == address or wildcard in (held.address, address))
        )

    def close(self, which: Callable[[Socket], bool]) -> None:
        """Close all sockets that fit."""
        left = {number: socket for number, socket in self._bound.items() if not which(socket)}
        if len(left) == len(self._bound):
            return
        self.version += 1
        self._bound = left
        self._ports = {}
        for socket in left.values():
            self._ports.setdefault((socket.protocol, socket.port), []).append(socket)

    def any(self, which: Callable[[Socket], bool]) -> bool:
        """Tell whether a socket fits."""
        return any(which(socket) for socket in self._bound.values())


def _conflict(held: Socket, wanted: Socket) -> bool:
    """Tell whether a bound socket keeps another from its address."""
    if held.owner == wanted.owner:
        return True
    return held.address == wanted.address and not (held.shared and wanted.shared)


class DynamicPorts:
    """One counter for TCP and UDP alike, from the first dynamic port upwards.

    The article's tables show it: on Windows XP TCP 1025, UDP 1026 and UDP 1027 were taken one after the other.
    """

    def __init__(self, first: int, last: int, random: Random | None = None, *, start: int | None = None) -> None:
        """Count from `start` (by default `first`); with `random`, begin somewhere above and leave gaps."""
        self._first = first
        self._last = last
        self._random = random
        begin = first if start is None else start
        self._next = begin if random is None else begin + random.randrange(1, 300)

    def take(self, free: Callable[[int], bool], only: Iterable[range] | None = None, without: Iterable[range] = ()) -> int | None:
        """Return the next port for which `free` holds; None where there is none.

        Args:
            only: take from these ranges, lowest first, instead of counting.
            without: never one of these.
        """
        if only is not None:
            return next((port for ports in only for port in ports if free(port)), None)
        excluded = tuple(without)
        for step in range(self._last - self._first + 1):
            port = self._first + (self._next + step - self._first) % (self._last - self._first + 1)
            if free(port) and not any(port in ports for ports in excluded):
                gap = 0 if self._random is None else self._random.randrange(0, 4)
                self._next = port + 1 + gap
                return port
        return None
