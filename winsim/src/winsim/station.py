# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One simulated host with all that serves it: its WinRM, its sockets and its address, kept in step with its state.

Knows the host by the seam only, and nothing of other hosts.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from .answers import answer
from .certificate import Authority, server_context
from .seams import SimulatedComputer
from .sockets import SHARED, Acceptor, Address, HostSockets, listen, permitted
from .wire.http import Policy, WsmanHttp
from .wire.profile import profile_of
from .wire.rpc import RpcConnection
from .wire.service import WsmanService

if TYPE_CHECKING:
    from ssl import SSLContext

    from .server import HostSpec


_REST = 9
"""How many times as long as a look took a host is then left alone."""


class Station:
    """Lives in the event loop's thread."""

    def __init__(
        self,
        spec: HostSpec,
        name: str,
        computer: SimulatedComputer,
        address: Address,
        six: Address | None = None,
        clients: Authority | None = None,
    ) -> None:
        """Take a host and its address; with `six` clients reach it by IPv6, with `clients` its certificates log in."""
        self.spec = spec
        self.name = name
        self.computer = computer
        self.address = address
        system = computer.wmi.enumerate("root/cimv2", "Win32_OperatingSystem")[0].properties
        profile = spec.profile or profile_of(str(system["Version"]), computer.winrm_version, computer.quotas)
        self.service = WsmanService(computer, profile, time.monotonic)
        basic = spec.auth == "basic"
        policy = Policy(
            basic=basic,
            unencrypted=basic,
            certificate=clients is not None,
            credssp=spec.auth == "credssp",
            kerberos=spec.auth == "kerberos",
            strict_channel=spec.strict_channel,
        )
        self._tls: SSLContext | None = None
        certificate: bytes | None = None
        if spec.tls:
            self._tls, certificate = server_context(clients)
        self.http = WsmanHttp(computer, self.service, policy, self.follow, certificate, latency=spec.latency / 1000)
        self.sockets = self._sockets(address)
        self.six = six
        self.clients = clients
        self.six_sockets = None if six is None else self._sockets(six)
        self._rest = 0.0
        self.forwarded = 0
        self._barred: frozenset[int] = frozenset()
        self._servers: dict[tuple[str, int], Acceptor] = {}

    def _sockets(self, address: Address) -> HostSockets:
        """Return the sockets at an address, with RPC behind those of RPC servers."""

        def talks(port: int) -> bool:
            return self.computer.rpc_offers(port) is not None

        return HostSockets(
            address,
            asyncio.get_running_loop(),
            talk=partial(RpcConnection, self.computer),
            talks=talks,
            silent_from_start=self.spec.silent,
            answer=self._answer,
        )

    def start(self) -> None:
        """Open the host's ports; where one of WinRM's is not ours to open, clients get a forwarded one."""
        if not self._winrm_ports():
            # Nobody connects to it; its other sockets open all the same.
            self.settle()
            return
        if self.address.own:
            self._barred = frozenset(port for port in self._winrm_ports() if not permitted(self.address.text, port))
        if self.six is not None:
            own = self.six.own and not self.spec.forward and permitted(self.six.text, self._own_port())
            self.forwarded = 0 if own else _free_port(self.six.text)
        elif self.spec.forward or not self.address.own or self._barred:
            self.forwarded = _free_port(SHARED)
        self.settle()

    def stop(self) -> None:
        """Close everything, and let others have the address."""
        self._close(flush=False)
        self.address.release()
        if self.six is not None:
            self.six.release()

    def settle(self) -> None:
        """Bring all that listens into step with the host's state."""
        if self.http.up:
            self._open()
            self.computer.visited(self.http.clients())
            self.follow()
        elif self._servers or not self._winrm_ports():
            self._close(flush=True)

    def glance(self) -> None:
        """Settle, and let what goes wrong stand in the window: nobody is there to be told, and the other hosts go on.

        A host that takes long to be looked at is looked at less often, so that the others are served.
        """
        began = time.monotonic()
        if began < self._rest:
            return
        try:
            self.settle()
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
            if found not in self.http.errors:
                self.http.errors.append(found)
        ended = time.monotonic()
        self._rest = ended + (ended - began) * _REST

    def boot(self) -> None:
        """Press the reset button: the host restarts at once, and every connection is cut."""
        self.computer.boot()
        self._close(flush=False)
        self.settle()

    def reset(self) -> None:
        """Go back to the scenario's start: host, faults, journal and connections."""
        self.http.injector.clear()
        self.computer.reset()
        self.http.journal.clear()
        self.http.errors.clear()
        self.service.forget()
        self.settle()

    def client_port(self) -> tuple[str, int]:
        """Return the address and port for clients; port 0 where the host has no WinRM."""
        if not self._winrm_ports():
            return self.address.text, 0
        address = self.address if self.six is None else self.six
        if self.forwarded:
            return SHARED if self.six is None else address.text, self.forwarded
        return address.text, self._own_port()

    def _answer(self, port: int, data: bytes) -> bytes | None:
        return answer(port, data, self.name)

    def _own_port(self) -> int:
        return 5986 if self._tls else self._winrm_ports()[0]

    def _winrm_ports(self) -> list[int]:
        return sorted({item.port for item in self.computer.winrm_listeners() if item.enabled and item.transport.upper() == "HTTP"})

    def follow(self) -> None:
        """Bring the sockets into step; called before each answer leaves, so that a client finds what it was told."""
        if self.http.up and (self._servers or not self._winrm_ports()):
            own = [port for address, port in self._servers if address == self.address.text]
            exposed, bound, stealth = self.computer.exposed(), self.computer.endpoints(), self.computer.stealthy()
            self.sockets.follow(exposed, without=own, bound=bound, stealth=stealth)
            if self.six_sockets is not None and self.six is not None:
                own = [port for address, port in self._servers if address == self.six.text]
                self.six_sockets.follow(exposed, without=own, bound=bound, stealth=stealth)

    def _open(self) -> None:
        wanted: dict[tuple[str, int], SSLContext | None] = {}
        if self.address.own:
            wanted |= {(self.address.text, port): None for port in self._winrm_ports() if port not in self._barred}
            if self._tls is not None and self._winrm_ports():
                wanted[self.address.text, 5986] = self._tls
        if self.six is not None or self.forwarded:
            wanted[self.client_port()] = self._tls
        for place in self._servers.keys() - wanted.keys():
            self._servers.pop(place).shut(flush=True)
        for place in wanted.keys() - self._servers.keys():
            self._servers[place] = Acceptor(listen(*place), self.http.server(), wanted[place])

    def _close(self, *, flush: bool) -> None:
        self.sockets.close()
        if self.six_sockets is not None:
            self.six_sockets.close()
        self.service.forget()
        for place in list(self._servers):
            self._servers.pop(place).shut(flush=flush)


def _free_port(address: str) -> int:
    """Return a port that is free; it is kept over boots, and between the two another process could take it."""
    found = listen(address, 0)
    port: int = found.getsockname()[1]
    found.close()
    return port
