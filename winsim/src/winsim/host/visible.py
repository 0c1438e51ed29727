# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be seen of a host's sockets and connections: by itself, and past its firewall by others. Nothing here changes them.

A fault may let a socket be seen that is closed; the clients of the management service are seen as long as they are connected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from winsim.endpoint import Endpoint, Protocol

from . import firewall
from .firewall_rules import TCP, UDP, Target
from .model import ServiceSpec
from .network import TcpConnection, met_at, peer_address
from .sabotage import BoundEndpoint
from .sockets import Origin, Socket

if TYPE_CHECKING:
    from .machine import Machine


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen in one state of the host."""

    sockets: tuple[BoundEndpoint, ...]
    endpoints: tuple[Endpoint, ...]
    exposed: tuple[Endpoint, ...]


NOTHING = _Seen((), (), ())


class Visible:
    """What can be seen of one host now; every question lets its time pass first."""

    def __init__(self, host: Machine) -> None:
        self._host = host
        self._kept: list[Socket] = []
        self._seen: tuple[tuple[object, ...], _Seen] | None = None
        self._clients: tuple[tuple[str, int], ...] = ()

    def keep(self, which: Callable[[Socket], bool]) -> None:
        """Remember the sockets that fit as they are now: they are seen whatever closes them."""
        self._kept += [held for held in self._host.network.sockets.all if which(held) and held not in self._kept]

    def let_go(self) -> None:
        """See no socket any more that is closed."""
        self._kept.clear()

    def visited(self, clients: Iterable[tuple[str, int]]) -> None:
        """Take note of the addresses and ports that are connected to the management service now."""
        self._clients = tuple(clients)

    def sockets(self) -> tuple[BoundEndpoint, ...]:
        """Return every bound socket with its owner, those included that only a fault keeps open."""
        return self._look().sockets

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return every socket that listens (TCP) or is bound (UDP) now."""
        return self._look().endpoints

    def exposed(self) -> tuple[Endpoint, ...]:
        """Return those of the endpoints that the firewall drops no packets for."""
        return self._look().exposed

    def stealthy(self) -> bool:
        """Tell whether the firewall lets a port without a listener answer nothing."""
        return self._host.up and self._filters() and self._host.firewall.stealthy()

    def _look(self) -> _Seen:
        """Look at the sockets; while nothing has changed that they depend on, what was seen before is seen again."""
        host = self._host
        if not host.up:
            return NOTHING
        filtered = self._filters()
        stamp = (
            host.boots,
            host.network.sockets.version,
            host.processes.version,
            host.services.version,
            host.firewall.version_of_rules,
            filtered,
            len(host.adapters),
            tuple(self._kept),
            host.sabotage.stamp(),
        )
        if self._seen is None or self._seen[0] != stamp:
            table = host.network.sockets
            kept = [held for held in self._kept if not table.taken(held.protocol, held.port, held.address)]
            hosted = self._hosted()
            sockets = host.sabotage.seen(
                BoundEndpoint(self._endpoint(held), held.owner, held.origin, filtered and self._dropped(held, hosted))
                for held in (*table.all, *kept)
            )
            endpoints = tuple(sorted(held.endpoint for held in sockets))
            exposed = tuple(sorted(held.endpoint for held in sockets if not held.dropped))
            self._seen = (stamp, _Seen(sockets, endpoints, exposed))
        return self._seen[1]

    @property
    def reachable(self) -> bool:
        """Tell whether another computer could connect to a listener of the management service."""
        spec, lost = self._host.spec, self._host.lost_addresses
        addressed = any(a.address and not a.loopback and a.address not in lost for a in self._host.adapters)
        ports = {listener.port for listener in spec.listeners if listener.enabled}
        return addressed and any(held.protocol is Protocol.TCP and held.port in ports for held in self.exposed())

    def connections(self) -> tuple[TcpConnection, ...]:
        """Return the established TCP connections, those of the management service's clients included."""
        self._host.time.advance()
        return (*self._host.network.connections, *self._visits())

    def _visits(self) -> Iterator[TcpConnection]:
        spec = self._host.spec
        port = next((listener.port for listener in spec.listeners if listener.enabled), None)
        held = None if port is None else self._host.network.listener(port)
        if held is None:
            return
        for address, number in self._clients:
            peer = peer_address(spec, address)
            yield TcpConnection(met_at(spec, peer), held.port, peer, number, held.owner, held.process, inbound=True)

    def _endpoint(self, held: Socket) -> Endpoint:
        return Endpoint(held.protocol, held.address, held.port, self._host.pid(held.process))

    def _filters(self) -> bool:
        """Tell whether the services run without which nothing is filtered."""
        needed = [self._host.services.find(name) for name in firewall.NEEDED]
        return all(service is not None and service.running for service in needed)

    def _hosted(self) -> Mapping[str, Sequence[ServiceSpec]]:
        """Return the services and drivers that run, by their process."""
        found: dict[str, list[ServiceSpec]] = {}
        for service in self._host.services.all:
            if service.running:
                found.setdefault(service.spec.process, []).append(service.spec)
        return found

    def _dropped(self, held: Socket, hosted: Mapping[str, Sequence[ServiceSpec]]) -> bool:
        return self._host.firewall.drops(held.address, lambda: self._target(held, hosted.get(held.process, ())))

    def _target(self, held: Socket, hosted: Sequence[ServiceSpec]) -> Target:
        """Return a socket as the firewall's rules see it."""
        host = self._host
        return Target(
            protocol=TCP if held.protocol is Protocol.TCP else UDP,
            port=held.port,
            rpc=held.origin is Origin.RPC,
            mapper=held.port == host.spec.mapper.port,
            program=firewall.program_of(host.processes.get(held.process), host.spec.windows.directory),
            services=frozenset(name for spec in hosted if not spec.driver for name in (spec.name, spec.lasting)),
        )
