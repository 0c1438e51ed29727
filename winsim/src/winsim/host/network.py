# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which sockets are bound: opened and closed by services, drivers and processes as they start and end.

Nothing here says what a later table looks like. A service's own ports close with the service; a dynamic RPC port is held by
its process until that ends (Microsoft, "Configuring the Registry for Port Allocations and Selective Binding": allocated
ports stay allocated until the process dies); the endpoint mapper, once open, stays open until the next boot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from random import Random

from winsim.endpoint import Protocol

from .configuration import SEQUENCES, BootConfiguration
from .model import (
    SERVICES,
    SYSTEM,
    AdapterSpec,
    At,
    ConnectionSpec,
    MachineSpec,
    RpcServerSpec,
    ServiceSpec,
    SocketSpec,
    SwitchSpec,
    TcpState,
)
from .processes import ENDED, IDLE
from .registry import Registry
from .sockets import LOOPBACK, LOOPBACK_V6, WILDCARD, WILDCARD_V6, DynamicPorts, Origin, Socket, Sockets

_DRAWS = 100
"""How often a random port is drawn before the first free one is taken."""


@dataclass(frozen=True, slots=True)
class TcpConnection:
    """One connection; `process` is a process id of the table, or the idle one's where nobody holds it any more."""

    local_address: str
    local_port: int
    remote_address: str
    remote_port: int
    owner: str
    process: str
    inbound: bool
    state: TcpState = TcpState.ESTABLISHED


class Network:
    """The sockets and connections of one boot."""

    def __init__(
        self,
        spec: MachineSpec,
        registry: Registry,
        configuration: BootConfiguration,
        random: Random | None,
        netbios: dict[str, int],
        *,
        adapters: Callable[[], Sequence[AdapterSpec]],
        draw: Random,
    ) -> None:
        """Start with no socket.

        Args:
            random: shuffles dynamic ports.
            netbios: the option in force by adapter GUID.
            adapters: returns those that are there now.
            draw: draws the ports of those who take any.
        """
        self._spec = spec
        self._adapters = adapters
        self._draw = draw
        self._plain: dict[str, list[SocketSpec]] = {}
        for plain in spec.sockets:
            self._plain.setdefault(plain.owner.lower(), []).append(plain)
        self._registry = registry
        self._configuration = configuration
        self._ports = DynamicPorts(spec.windows.first_port, spec.windows.last_port, random, start=spec.windows.counts_from)
        self._netbios = netbios
        self._netbt_loaded = False
        self.sockets = Sockets()
        self.connections: list[TcpConnection] = []

    @property
    def anonymous_rpc(self) -> bool:
        """Whether the endpoint mapper answers clients that have not logged in."""
        return self._configuration.anonymous_rpc

    def started(self, service: ServiceSpec) -> None:
        """Open what a service or driver opens when it starts."""
        name = service.lasting.lower()
        if name == self._spec.netbt.driver.lower():
            self._netbt_loaded = True
            self.renew_netbt()
        if name == self._spec.mapper.service.lower():
            for protocol, sequence in SEQUENCES.items():
                if sequence in self._configuration.dcom:
                    self._open_mapper(protocol)
        for plain in self._plain.get(name, ()):
            self._open_plain(plain, service.process)
        for server in self._spec.rpc_servers:
            if server.owner.lower() == name:
                self._register(server, service.process)
        if name == self._spec.dns_client.service.lower() and self._spec.dns_client.cached:
            self._open_dns(service)

    def value_written(self, running: Callable[[str], str | None]) -> None:
        """Open and close what heeds a value at once.

        Args:
            running: the process of a service by name, None where it does not run.
        """
        for plain in self._spec.sockets:
            process = running(plain.owner) if plain.unless and any(switch.live for switch in plain.unless) else None
            if process is None:
                continue
            held = [
                held for held in self.sockets.all if (held.owner, held.protocol, held.port) == (plain.owner, plain.protocol, plain.port)
            ]
            if self._switched_off(plain.unless):
                self.sockets.close(held.__contains__)
            elif not held:
                self._open_plain(plain, process)

    def process_started(self, process: str, *, late: bool = False) -> None:
        """Open what a permanent process opens by itself; `late` ones when a boot has started its services."""
        for plain in () if late else self._plain.get(process.lower(), ()):
            if plain.owner == process:
                self._open_plain(plain, process)
        for server in self._spec.rpc_servers:
            if server.owner == process and server.late is late:
                self._register(server, process)

    def stopped(self, service: ServiceSpec) -> None:
        """Close what goes with a service or driver: its own ports and connections, not its process's RPC endpoints."""
        name = service.lasting.lower()
        if name == self._spec.netbt.driver.lower():
            self._netbt_loaded = False
            self.renew_netbt()
        ends = (Origin.SERVICE, Origin.DNS)
        self.sockets.close(lambda socket: socket.owner.lower() == name and socket.origin in ends and not socket.process.startswith(ENDED))
        self.connections = [held for held in self.connections if held.owner.lower() != name]
        self._drop_unheld()

    def process_ended(self, process: str) -> None:
        """Close all that a process held."""
        self.sockets.close(lambda socket: socket.process == process)
        self.connections = [held for held in self.connections if held.process != process]

    def renew_netbt(self) -> None:
        """Bind or close the ports of NetBIOS over TCP/IP and raw SMB as the options in force say."""
        netbt = self._spec.netbt
        wanted: list[tuple[Protocol, str, int]] = []
        if self._netbt_loaded:
            if self._configuration.raw_smb and netbt.raw_smb is not None:
                wanted += [(protocol, WILDCARD, netbt.raw_smb) for protocol in Protocol]
            for adapter in self._adapters():
                # 2 is off; 0 asks the DHCP server, which by default lets it on (Microsoft, SetTcpipNetbios; KB 313314).
                if adapter.address and not adapter.loopback and self._has_netbios(adapter):
                    wanted += [
                        (Protocol.TCP, adapter.address, netbt.sessions),
                        (Protocol.UDP, adapter.address, netbt.names),
                        (Protocol.UDP, adapter.address, netbt.datagrams),
                    ]
        self.sockets.close(lambda held: held.origin is Origin.NETBT and (held.protocol, held.address, held.port) not in wanted)
        for protocol, address, port in wanted:
            self.sockets.bind(Socket(protocol, address, port, netbt.driver, SYSTEM, Origin.NETBT))
        self._drop_unheld()

    def _has_netbios(self, adapter: AdapterSpec) -> bool:
        option = self._netbios.get(adapter.guid, 0)
        quiet = self._spec.found is not None and adapter.guid in self._spec.found.quiet
        return option != 2 and not (option == 0 and quiet)

    def take_up(self, sockets: Iterable[Socket], connections: Iterable[TcpConnection]) -> None:
        """Let exactly these be there."""
        self.sockets.close(lambda held: True)
        for found in sockets:
            self.sockets.put(found)
        self.connections = list(connections)

    def bind_adapters(self, running: Callable[[str], str | None]) -> None:
        """Bind what an adapter that has appeared adds to the addresses of those who bind each; `running` as for `value_written`."""
        for plain in self._spec.sockets:
            each = At.ADAPTERS in plain.at and not plain.addresses
            process = running(plain.owner) if each and not plain.orphaned else None
            held = [entry for entry in self.sockets.all if (entry.owner, entry.protocol, entry.origin) == _bound_by(plain)]
            ports = {plain.port} if plain.port else {entry.port for entry in held}
            if process is None or self._switched_off(plain.unless) or len(ports) != 1:
                continue
            for address in self._addresses(At.ADAPTERS, ipv4_only=plain.ipv4_only):
                holder = SYSTEM if plain.kernel else process
                self.sockets.bind(Socket(plain.protocol, address, min(ports), plain.owner, holder, Origin.SERVICE, plain.shared))

    def connect(self, connection: ConnectionSpec, owner: str, process: str) -> None:
        """Establish an outgoing connection of a process."""
        port = connection.local_port or self._ports.take(self._free(Protocol.TCP))
        if port is not None:
            peer = (connection.remote_address, connection.remote_port)
            holder = _holder(connection, process)
            self.connections.append(
                TcpConnection(own_address(self._spec), port, *peer, owner, holder, inbound=False, state=connection.state)
            )

    def accept(self, connection: ConnectionSpec) -> None:
        """Let a peer connect, if there is a listener for it: on the port that is named, or the first of the owner's."""
        held = self.listener(connection.local_port, connection.owner)
        if held is not None:
            peer = (connection.remote_address, connection.remote_port)
            own = LOOPBACK if ip_address(connection.remote_address).is_loopback else own_address(self._spec)
            owner = connection.owner or held.owner
            holder = _holder(connection, held.process)
            self.connections.append(TcpConnection(own, held.port, *peer, owner, holder, inbound=True, state=connection.state))

    def listener(self, port: int | None, owner: str | None = None) -> Socket | None:
        """Return a TCP socket that others can reach, by its port; where that is None, by its owner."""

        def fits(held: Socket) -> bool:
            return held.port == port if port is not None else held.owner.lower() == (owner or "").lower()

        reachable = (held for held in self.sockets.all if held.protocol is Protocol.TCP and held.address != LOOPBACK)
        return next((held for held in reachable if fits(held)), None)

    def take_over(self, protocol: Protocol, port: int, service: ServiceSpec) -> None:
        """Let a service hold a port that is not its own, if it is free."""
        if self.sockets.taken(protocol, port):
            return
        self.sockets.bind(Socket(protocol, WILDCARD, port, service.lasting, service.process, Origin.FAULT))

    def _drop_unheld(self) -> None:
        """End the connections to ports that nobody holds any more."""
        held = {socket.port for socket in self.sockets.all if socket.protocol is Protocol.TCP}
        self.connections = [entry for entry in self.connections if not entry.inbound or entry.local_port in held]

    def _open_plain(self, plain: SocketSpec, process: str) -> None:
        port = None if self._switched_off(plain.unless) else self._port(plain)
        if port is None:
            return
        holder = f"{ENDED}{plain.owner}" if plain.orphaned else SYSTEM if plain.kernel else process
        for address in plain.addresses:
            self.sockets.put(Socket(plain.protocol, address, port, plain.owner, holder, Origin.SERVICE, plain.shared))
        places = () if plain.addresses else plain.at
        for address in (address for at in places for address in self._addresses(at, ipv4_only=plain.ipv4_only)):
            self.sockets.bind(Socket(plain.protocol, address, port, plain.owner, holder, Origin.SERVICE, plain.shared))

    def _port(self, plain: SocketSpec) -> int | None:
        """Return the port of a socket: its own, a random one of those between two, or a dynamic one."""
        free = self._free(plain.protocol)
        if not plain.between:
            return plain.port or self._ports.take(free)
        low, high = plain.between
        drawn = (self._draw.randint(low, high) for _attempt in range(_DRAWS))
        return next((port for port in drawn if free(port)), None) or next((port for port in range(low, high + 1) if free(port)), None)

    def _switched_off(self, switches: Iterable[SwitchSpec]) -> bool:
        return any(self._registry.number(switch.key, switch.name) == switch.data for switch in switches)

    def _addresses(self, at: At, *, ipv4_only: bool = False) -> list[str]:
        ipv6 = self._spec.windows.ipv6 and not ipv4_only
        if at is At.WILDCARD:
            return [WILDCARD, WILDCARD_V6] if ipv6 else [WILDCARD]
        if at is At.LOOPBACK:
            return [LOOPBACK, LOOPBACK_V6] if ipv6 else [LOOPBACK]
        adapters = [adapter for adapter in self._adapters() if not adapter.loopback]
        found = [address for adapter in adapters for address in adapter.addresses]
        return [*found, *(address for adapter in adapters for address in adapter.ipv6)] if ipv6 else found

    def _register(self, server: RpcServerSpec, process: str) -> None:
        """Register dynamic endpoints; what the process holds already for this server is used again."""
        if self._switched_off(server.unless):
            return
        for protocol in server.transports:
            if self._registered(server, protocol) or not self._configuration.rpc_valid:
                continue
            port = self._rpc_port(protocol)
            if port is None:
                continue
            restricted = protocol is Protocol.TCP and not server.all_interfaces
            for address in self._rpc_addresses(restricted=restricted):
                self.sockets.bind(Socket(protocol, address, port, server.owner, process, Origin.RPC))
            self._open_mapper(protocol)

    def _registered(self, server: RpcServerSpec, protocol: Protocol) -> bool:
        return self.sockets.any(lambda held: held.origin is Origin.RPC and held.protocol is protocol and held.owner == server.owner)

    def _rpc_port(self, protocol: Protocol) -> int | None:
        ranges = self._configuration.ports
        if ranges is None:
            return self._ports.take(self._free(protocol))
        if ranges.inside:
            return self._ports.take(self._free(protocol), only=ranges.ranges)
        return self._ports.take(self._free(protocol), without=ranges.ranges)

    def _rpc_addresses(self, *, restricted: bool) -> list[str]:
        """Return where an RPC server binds: the article saw the restriction act on TCP alone."""
        listed = self._configuration.interfaces
        if not restricted or listed is None:
            return self._addresses(At.WILDCARD)
        return [address for adapter in self._adapters() if adapter.rpc_index in listed for address in adapter.addresses]

    def _open_mapper(self, protocol: Protocol) -> None:
        if not self._configuration.rpc_valid:
            return
        mapper = self._spec.mapper
        process = next((service.process for service in self._spec.services if service.name.lower() == mapper.service.lower()), None)
        if process is None:
            return
        restricted = protocol is Protocol.TCP and self._configuration.mapper_restricted
        for address in self._rpc_addresses(restricted=restricted):
            self.sockets.bind(Socket(protocol, address, mapper.port, mapper.service, process, Origin.MAPPER))

    def _open_dns(self, service: ServiceSpec) -> None:
        """Open the one client socket: it is there from the first request on, which follows the start at once."""
        if self._registry.number(rf"{SERVICES}\{service.name}\Parameters", "MaxCachedSockets") == 0:
            return
        port = self._ports.take(self._free(Protocol.UDP))
        if port is not None:
            self.sockets.bind(Socket(Protocol.UDP, WILDCARD, port, service.name, service.process, Origin.DNS))

    def _free(self, protocol: Protocol) -> Callable[[int], bool]:
        def free(port: int) -> bool:
            in_use = any(held.local_port == port for held in self.connections)
            return not in_use and not self.sockets.taken(protocol, port)

        return free


def _bound_by(plain: SocketSpec) -> tuple[str, Protocol, Origin]:
    """Return what the sockets of a row have in common."""
    return plain.owner, plain.protocol, Origin.SERVICE


def _holder(connection: ConnectionSpec, process: str) -> str:
    """Return the process that a listing shows: 0 for a connection that is over and only remembered (recorded listings)."""
    return IDLE if connection.state is TcpState.TIME_WAIT else process


def netbios_options(spec: MachineSpec, registry: Registry) -> dict[str, int]:
    """Return the NetBIOS option that each adapter's registry key holds, by GUID; 0 where there is none."""
    interfaces = rf"{SERVICES}\{spec.netbt.driver}\Parameters\Interfaces"
    return {
        adapter.guid: registry.number(rf"{interfaces}\Tcpip_{adapter.guid}", "NetbiosOptions") or 0
        for adapter in spec.adapters
        if not adapter.loopback
    }


def wins_servers(spec: MachineSpec, registry: Registry, adapter: AdapterSpec) -> tuple[str, ...]:
    """Return the WINS servers that an adapter's registry key names (Microsoft, NetBT parameters: NameServerList)."""
    listed = registry.texts(rf"{SERVICES}\{spec.netbt.driver}\Parameters\Interfaces\Tcpip_{adapter.guid}", "NameServerList")
    if listed is None and spec.found is not None:
        return spec.found.wins.get(adapter.guid, ())
    return tuple(listed or ())


def own_address(spec: MachineSpec) -> str:
    """Return the address that others connect to."""
    return next((adapter.address for adapter in spec.adapters if adapter.address and not adapter.loopback), LOOPBACK)


def met_at(spec: MachineSpec, peer: str) -> str:
    """Return the own address to which a peer has connected: one of its family."""
    six = [address for adapter in spec.adapters if not adapter.loopback for address in adapter.ipv6]
    return six[0] if ":" in peer and six else own_address(spec)


def peer_address(spec: MachineSpec, address: str) -> str:
    """Return what the host sees of a client: one on the loopback, which is the simulator's own machine, as a neighbour of its network."""
    if ip_address(address) == ip_address(LOOPBACK_V6):
        met = met_at(spec, address)
        if ":" in met:
            own_number, zone, index = met.partition("%")
            return f"{ip_interface(f'{own_number}/64').network[-2]}{zone}{index}"
    own = {own for adapter in spec.adapters for own in adapter.addresses}
    if not ip_address(address).is_loopback and address not in own:
        return address
    adapter = next((adapter for adapter in spec.adapters if adapter.connected), None)
    if adapter is None:
        return address
    network = ip_interface(f"{adapter.address}/{adapter.mask}").network
    taken = {*own, adapter.gateway, adapter.dhcp_server, *adapter.dns}
    return next(str(host) for host in (network[number] for number in range(-2, -network.num_addresses, -1)) if str(host) not in taken)
