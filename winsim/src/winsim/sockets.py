# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real sockets of a simulated host: an address of its own in 127.0.0.0/8, and its listeners opened there.

Knows endpoints and the event loop; on TCP it says nothing and reads nothing, on UDP it hands datagrams to who answers them.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from winsim.endpoint import Endpoint, Protocol

if TYPE_CHECKING:
    from ssl import SSLContext

    from aiohttp import web

SHARED = "127.0.0.1"
"""The one address where a system has no other loopback addresses."""

LOOPBACK_V6 = "::1"
"""The one IPv6 address where a system has any: hosts that are reached by it share it, and one of them has its ports."""

MOST = 512
"""Real sockets of one host in one family: file descriptors end somewhere, and a scanner has seen enough."""

MOST_SILENT = 2048
"""Ports that are held to be silent, of one host in one family; each takes two file descriptors."""

_NETWORK = "127.77"
_ATTEMPTS = 400

Port = tuple[Protocol, int]
Answer = Callable[[int, bytes], bytes | None]
"""Returns what is answered to a datagram at a port."""
Talk = Callable[[int, Callable[[asyncio.BaseTransport], None], Callable[[asyncio.BaseTransport], None]], asyncio.Protocol]
"""Returns what serves a connection to a port; it tells when the connection is made and when it is lost."""
Talks = Callable[[int], bool]
"""Tells whether a TCP port is served."""


def _nobody(_port: int) -> bool:
    return False


class NoAddress(Exception):
    """No loopback address could be had."""


@dataclass(slots=True)
class Address:
    """A loopback address that this process holds until it is released.

    `own` is False on systems with one loopback address: its ports are then shared with everything else.
    """

    text: str
    own: bool
    _claim: socket.socket | None = None

    def release(self) -> None:
        """Let others have it."""
        if self._claim is not None:
            self._claim.close()
            self._claim = None


def claim_address(port: int, *, single: bool = False) -> Address:
    """Find an address of 127.77.0.0/16 that no other simulator holds and where this TCP port is free, or not ours to open.

    Args:
        single: behave as on a system with one loopback address.

    Raises:
        NoAddress: all that were tried are taken, which means that something listens on 0.0.0.0 with this port.
    """
    if single:
        return Address(SHARED, own=False)
    chosen = random.Random(os.getpid() ^ random.SystemRandom().getrandbits(32))
    for _attempt in range(_ATTEMPTS):
        text = f"{_NETWORK}.{chosen.randrange(256)}.{chosen.randrange(1, 255)}"
        claim = _claim(text)
        if claim is None:
            continue
        try:
            listen(text, port).close()
        except PermissionError:
            pass  # free for all that we can tell; clients then get a forwarded port
        except OSError as error:
            claim.close()
            if error.errno == errno.EADDRNOTAVAIL:
                return Address(SHARED, own=False)
            if error.errno == errno.EADDRINUSE:
                continue
            raise
        return Address(text, True, claim)
    raise NoAddress(f"no address of {_NETWORK}.0.0/16 has TCP port {port} free: something listens on 0.0.0.0:{port}")


def claim_ipv6(port: int) -> Address:
    """Hold the system's IPv6 loopback, or share it where somebody else holds it or has this TCP port there.

    Raises:
        NoAddress: the system has no IPv6.
    """
    try:
        listen(LOOPBACK_V6, 0).close()
    except OSError as error:
        raise NoAddress(f"this system has no IPv6 loopback address {LOOPBACK_V6}: {error}") from error
    claim = _claim(LOOPBACK_V6)
    if claim is None:
        return Address(LOOPBACK_V6, own=False)
    try:
        listen(LOOPBACK_V6, port).close()
    except PermissionError:
        pass  # clients then get another port of the same address
    except OSError:
        claim.close()
        return Address(LOOPBACK_V6, own=False)
    return Address(LOOPBACK_V6, True, claim)


def _claim(text: str) -> socket.socket | None:
    """Hold a name in the system that is free again when the process ends, as a booting host listens nowhere."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if sys.platform != "linux":
        return claim  # no abstract names; such systems have one loopback address
    try:
        claim.bind(f"\0netmin-winsim-{text}")
    except OSError:
        claim.close()
        return None
    return claim


def listen(address: str, port: int) -> socket.socket:
    """Return a listening TCP socket; port 0 takes any.

    Raises:
        OSError: taken, not permitted, or no such address.
    """
    found = _unbound(address, socket.SOCK_STREAM)
    try:
        # From the start, or TIME_WAIT keeps a restarted host off its port for a minute.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setblocking(False)
        found.bind((address, port))
        found.listen(128)
    except OSError:
        found.close()
        raise
    return found


def _unbound(address: str, kind: socket.SocketKind) -> socket.socket:
    """Return a socket of the address's own family, which takes nothing of the other."""
    six = ":" in address
    found = socket.socket(socket.AF_INET6 if six else socket.AF_INET, kind)
    if six:
        found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return found


def permitted(address: str, port: int) -> bool:
    """Tell whether this user may open a TCP port: those below 1024 are often the superuser's."""
    try:
        listen(address, port).close()
    except PermissionError:
        return False
    return True


def _bound(address: str, port: int) -> socket.socket:
    """Return a UDP socket; without SO_REUSEADDR, with which a second process would share the port unnoticed."""
    found = _unbound(address, socket.SOCK_DGRAM)
    try:
        found.setblocking(False)
        found.bind((address, port))
    except OSError:
        found.close()
        raise
    return found


def silent(address: str, port: int) -> list[socket.socket]:
    """Return sockets that keep a TCP port from answering: no handshake is completed, and none refused.

    The queue of a listener is filled with one connection of our own. Linux drops what else wants in, as Windows does in stealth mode, and
    asks for no privilege.

    Raises:
        OSError: taken, not permitted, or no such address.
    """
    held = _unbound(address, socket.SOCK_STREAM)
    filler = _unbound(address, socket.SOCK_STREAM)
    try:
        for one in (held, filler):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((address, port))
        held.listen(0)
        if ":" not in address:
            filler.bind((SHARED, 0))
        filler.settimeout(1)
        filler.connect((address, port))
    except OSError:
        held.close()
        filler.close()
        raise
    return [held, filler]


class Acceptor:
    """A listening socket whose connections a protocol serves, and that can be shut at any moment.

    asyncio's own server loses, and so leaves open, a connection that it is accepting while it is closed.
    """

    def __init__(self, listening: socket.socket, protocol: web.Server, tls: SSLContext | None) -> None:
        self._listening = listening
        self._protocol = protocol
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._waiting: set[socket.socket] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop.add_reader(listening, self._accept)

    def shut(self, *, flush: bool) -> None:
        """Stop listening and end all connections; with `flush` what was answered already is still sent."""
        self._loop.remove_reader(self._listening)
        self._listening.close()
        for task in self._tasks:
            task.cancel()
        for connection in self._waiting:
            connection.close()
        for served in self._protocol.connections:
            if served.transport is not None:
                (served.transport.close if flush else served.transport.abort)()

    def _accept(self) -> None:
        try:
            connection, _peer = self._listening.accept()
        except OSError:
            return
        connection.setblocking(False)
        self._waiting.add(connection)
        task = self._loop.create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        self._waiting.discard(connection)
        with suppress(OSError):  # TLS errors among them: a scanner's, or a client's that does not trust the certificate
            await self._loop.connect_accepted_socket(self._protocol, connection, ssl=self._tls)


class Conversations:
    """The connections of one listening socket, each served by a protocol of its own, all of which can be cut at any moment."""

    def __init__(self, listening: socket.socket, talk: Talk, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self._listening = listening
        self._talk = talk
        self._port = port
        self._loop = loop
        self._open: set[asyncio.BaseTransport] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self) -> None:
        """Take a connection."""
        try:
            connection, _peer = self._listening.accept()
        except OSError:
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            await self._loop.connect_accepted_socket(lambda: self._talk(self._port, self._open.add, self._open.discard), connection)

    def cut(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()
        for transport in list(self._open):
            if isinstance(transport, asyncio.Transport):
                transport.abort()


class HostSockets:
    """The sockets of one host other than WinRM's, of the family of its address, kept in step with its endpoints.

    A port that answers nothing is held as well: one that the firewall drops packets for, and in stealth mode each port that the host has
    ever had here or that is to be silent from the beginning. Ports of which nothing is known refuse, as they are nobody's.
    """

    def __init__(
        self,
        address: Address,
        loop: asyncio.AbstractEventLoop,
        talk: Talk | None = None,
        talks: Talks = _nobody,
        silent_from_start: Iterable[Port] = (),
        answer: Answer = lambda _port, _data: None,
    ) -> None:
        """Open nothing yet.

        Args:
            talk: serves a connection to a TCP port for which `talks` holds; at all others a connection is taken and dropped.
            silent_from_start: ports that answer nothing in stealth mode although the host never had them.
            answer: says what is answered to a datagram.
        """
        self._address = address
        self._loop = loop
        self._talk = talk
        self._talks = talks
        self._served: dict[Port, Conversations] = {}
        self._open: dict[Port, socket.socket] = {}
        self._silent: dict[Port, list[socket.socket]] = {}
        self._known: dict[Port, None] = dict.fromkeys(silent_from_start)
        self._answer = answer
        self.refused: dict[str, str] = {}

    @property
    def open_ports(self) -> list[str]:
        """What is open, as `tcp/135`."""
        return sorted(f"{protocol}/{port}" for protocol, port in self._open)

    @property
    def silent_ports(self) -> list[str]:
        """What is held and answers nothing."""
        return sorted(f"{protocol}/{port}" for protocol, port in self._silent)

    def follow(
        self, endpoints: Iterable[Endpoint], *, without: Iterable[int] = (), bound: Iterable[Endpoint] = (), stealth: bool = False
    ) -> None:
        """Open and close until what can be reached of these endpoints is open, but for some TCP ports and what is too much.

        Args:
            bound: all endpoints, those included that the firewall drops packets for.
            stealth: ports without a listener answer nothing.
        """
        if not self._address.own:
            return
        served = {(Protocol.TCP, port) for port in without}
        wanted = self._ports(endpoints) - served
        beyond = sorted(wanted)[MOST:]
        wanted -= set(beyond)
        everything = self._ports(bound) | wanted
        self._known |= dict.fromkeys(sorted(everything - self._known.keys())[: max(0, MOST_SILENT - len(self._known))])
        # Elsewhere a full queue does not keep a system from answering.
        quiet = (self._known.keys() if stealth else everything) - wanted - served if sys.platform == "linux" else set()
        for port in self._open.keys() - wanted:
            self._shut(port)
        for port in self._silent.keys() - quiet:
            self._let_speak(port)
        named = {f"{kind}/{number}" for kind, number in wanted | quiet}
        self.refused = {name: why for name, why in self.refused.items() if name in named}
        for port in sorted(wanted - self._open.keys()):
            self._try(port, self._opened)
        for port in sorted(quiet - self._silent.keys()):
            self._try(port, self._silenced)
        self.refused |= {f"{protocol}/{number}": f"more than {MOST}" for protocol, number in beyond}

    def close(self) -> None:
        """Close all."""
        for port in list(self._open):
            self._shut(port)
        for port in list(self._silent):
            self._let_speak(port)

    def _ports(self, endpoints: Iterable[Endpoint]) -> set[Port]:
        """Return the ports of endpoints that are this address's."""
        return {
            (endpoint.protocol, endpoint.port)
            for endpoint in endpoints
            if not endpoint.loopback and endpoint.ipv6 is (":" in self._address.text)
        }

    def _try(self, port: Port, take: Callable[[Port], None]) -> None:
        name = f"{port[0]}/{port[1]}"
        try:
            take(port)
        except OSError as error:
            # EACCES: low ports need root. EADDRINUSE: something of this machine listens on 0.0.0.0.
            self.refused[name] = errno.errorcode.get(error.errno or 0, str(error))
            return
        self.refused.pop(name, None)

    def _opened(self, port: Port) -> None:
        protocol, number = port
        opened = (listen if protocol is Protocol.TCP else _bound)(self._address.text, number)
        self._open[port] = opened
        if protocol is Protocol.UDP:
            self._loop.add_reader(opened, _reply, opened, number, self._answer)
        elif self._talk is not None and self._talks(number):
            self._served[port] = served = Conversations(opened, self._talk, number, self._loop)
            self._loop.add_reader(opened, served.accept)
        else:
            self._loop.add_reader(opened, _accept, opened)

    def _silenced(self, port: Port) -> None:
        protocol, number = port
        if protocol is Protocol.TCP:
            self._silent[port] = silent(self._address.text, number)
        else:
            held = _bound(self._address.text, number)
            self._silent[port] = [held]
            self._loop.add_reader(held, _drain, held)

    def _let_speak(self, port: Port) -> None:
        for held in self._silent.pop(port):
            if port[0] is Protocol.UDP:
                self._loop.remove_reader(held)
            held.close()

    def _shut(self, port: Port) -> None:
        opened = self._open.pop(port)
        self._loop.remove_reader(opened)
        opened.close()
        if port in self._served:
            self._served.pop(port).cut()


def _accept(listening: socket.socket) -> None:
    """Take a connection and drop it: that it could be made is all that a scanner asks."""
    with suppress(OSError):
        connection, _peer = listening.accept()
        # A reset leaves no TIME_WAIT behind on the host's port.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def _reply(bound: socket.socket, port: int, answer: Answer) -> None:
    """Answer a datagram where its protocol does."""
    with suppress(OSError):
        data, peer = bound.recvfrom(65536)
        said = answer(port, data)
        if said is not None:
            bound.sendto(said, peer)


def _drain(bound: socket.socket) -> None:
    with suppress(OSError):
        bound.recv(65536)
