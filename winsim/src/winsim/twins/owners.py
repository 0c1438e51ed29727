# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who owns the sockets of a capture, and so what closes them.

A socket that winsim knows (NetBIOS over TCP/IP, the endpoint mapper, RPC servers, what scenarios say of a service) behaves as it does on
every host of winsim, values that close it included. Any other belongs to the only service of its process, or to the whole process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from winsim.endpoint import Protocol
from winsim.host.model import SYSTEM, AdapterSpec, At, ConnectionSpec, RpcServerSpec, ServiceSpec, SocketSpec, TcpState
from winsim.host.network import TcpConnection
from winsim.host.processes import ENDED, IDLE
from winsim.host.sockets import LOOPBACK, LOOPBACK_V6, WILDCARD, WILDCARD_V6, Origin, Socket

from .endpoints import Bound, Connected
from .nearest import Nearest
from .processes import Programs

DYNAMIC = 0


@dataclass(frozen=True, slots=True)
class Group:
    """The sockets of one process with one port."""

    process: str | None
    protocol: Protocol
    port: int
    addresses: tuple[str, ...]

    @property
    def label(self) -> str:
        """How a sentence names it."""
        return f"{self.protocol}/{self.port}"


@dataclass(frozen=True, slots=True)
class Range:
    """The ports that the system hands out."""

    first: int
    last: int

    def holds(self, port: int) -> bool:
        """Tell whether a port may have been handed out."""
        return self.first <= port <= self.last


@dataclass(slots=True)
class Owned:
    """The sockets with their owners, and by which rules they are opened again at the next boot.

    Attributes:
        shared: of a process with several services of which none is known to have opened it.
        unowned: of nobody who is known.
        ended: of a process that was not there any more.
        by_rule: how many are those of a component that winsim knows.
    """

    sockets: list[Socket] = field(default_factory=list)
    plain: list[SocketSpec] = field(default_factory=list)
    rpc: list[RpcServerSpec] = field(default_factory=list)
    connections: list[TcpConnection] = field(default_factory=list)
    again: list[ConnectionSpec] = field(default_factory=list)
    cached: bool = False
    raw_smb: bool = False
    netbios: frozenset[str] = frozenset()
    shared: list[tuple[Group, list[ServiceSpec]]] = field(default_factory=list)
    unowned: list[Group] = field(default_factory=list)
    ended: list[Group] = field(default_factory=list)
    by_rule: int = 0


class Owners:
    """Finds the owners of one host's sockets."""

    def __init__(self, programs: Programs, known: Nearest, adapters: Sequence[AdapterSpec], ports: Range, *, ipv6: bool) -> None:
        self._programs = programs
        self._known = known
        self._adapters = [adapter for adapter in adapters if not adapter.loopback]
        self._ports = ports
        self._ipv6 = ipv6
        self._by_name = {service.name.lower(): service for service in programs.services}
        self._processes = {process.id: process for process in programs.processes}
        self._used: set[tuple[str, object]] = set()
        self._fixed: dict[tuple[Protocol, int], list[SocketSpec]] = {}
        for row in known.sockets:
            self._fixed.setdefault((row.protocol, row.port), []).append(row)
        self._common: set[tuple[Protocol, int]] = set()
        self.owned = Owned()

    def take(self, bound: Iterable[Bound], connected: Iterable[Connected], *, own: frozenset[int]) -> Owned:
        """Take in all that was listed.

        Args:
            own: WinRM's ports: connections to them are left out, since whoever made the capture is among them.
        """
        listed = list(connected)
        outgoing = {(row.port, row.pid) for row in listed if not self._ports.holds(row.remote_port)}
        real = [row for row in bound if not self._is_source(row, outgoing)]
        groups = list(self._groups(real))
        held = Counter((row.protocol, row.port, row.address) for row in real)
        self._common = {(protocol, port) for (protocol, port, _address), count in held.items() if count > 1}
        addresses = {adapter.address: adapter.guid for adapter in self._adapters if adapter.address}
        netbt = self._known.host.netbt
        self.owned.netbios = frozenset(
            addresses[address]
            for group in groups
            if group.port in (netbt.names, netbt.datagrams, netbt.sessions)
            for address in group.addresses
            if address in addresses
        )
        # Those that are known for certain first: what is left of an owner's known ones is for the rest.
        for group in sorted(groups, key=lambda group: self._ports.holds(group.port)):
            self._place(group)
        listening = {row.port for row in real if row.protocol is Protocol.TCP}
        holders = {held.port: held.owner for held in self.owned.sockets if held.protocol is Protocol.TCP}
        for row in listed:
            if row.port not in listening or row.port not in own:
                self._connect(row, holders.get(row.port) if row.port in listening else None)
        return self.owned

    # Sockets

    def _is_source(self, row: Bound, outgoing: set[tuple[int, int | None]]) -> bool:
        """Tell whether a row is no listener but the source port of a connection, which netstat of old Windows lists, too."""
        suspect = row.protocol is Protocol.TCP and row.address == WILDCARD and self._ports.holds(row.port)
        return self._known.host.windows.false_listening and suspect and (row.port, row.pid) in outgoing

    def _groups(self, rows: Iterable[Bound]) -> Iterator[Group]:
        found: dict[tuple[str | None, Protocol, int], list[str]] = {}
        for row in rows:
            process = None if row.pid is None else self._programs.ids.get(row.pid, f"{ENDED}{row.pid}")
            found.setdefault((process, row.protocol, row.port), []).append(row.address)
        for (process, protocol, port), addresses in found.items():
            yield Group(process, protocol, port, tuple(addresses))

    def _place(self, group: Group) -> None:
        """Find the owner of one group, the best known first."""
        ways: tuple[Callable[[Group], bool], ...] = (
            self._netbt,
            self._mapper,
            self._plain_fixed,
            self._plain_dynamic,
            self._rpc,
            self._dns,
        )
        if group.process is not None and group.process.startswith(ENDED):
            self._add(group, group.process, group.process, Origin.SERVICE)
            self.owned.ended.append(group)
        elif any(way(group) for way in ways):
            self.owned.by_rule += 1
        else:
            self._by_process(group)

    def _add(self, group: Group, owner: str, process: str, origin: Origin) -> None:
        for address in group.addresses:
            self.owned.sockets.append(Socket(group.protocol, address, group.port, owner, process, origin))

    def _in_kernel(self, group: Group) -> bool:
        return group.process in (None, SYSTEM)

    def _netbt(self, group: Group) -> bool:
        """NetBIOS over TCP/IP at the addresses of adapters, and raw SMB where that driver has it."""
        netbt = self._known.host.netbt
        driver = self._by_name.get(netbt.driver.lower())
        if driver is None or not self._in_kernel(group):
            return False
        sessions = group.protocol is Protocol.TCP and group.port == netbt.sessions
        names = group.protocol is Protocol.UDP and group.port in (netbt.names, netbt.datagrams)
        at_adapters = set(group.addresses) <= {adapter.address for adapter in self._adapters}
        raw = group.port == netbt.raw_smb and set(group.addresses) == {WILDCARD}
        if not raw and not ((sessions or names) and at_adapters):
            return False
        self.owned.raw_smb |= raw
        self._add(group, driver.name, SYSTEM, Origin.NETBT)
        return True

    def _mapper(self, group: Group) -> bool:
        mapper = self._known.host.mapper
        service = self._by_name.get(mapper.service.lower())
        if service is None or group.port != mapper.port or group.process not in (None, service.process):
            return False
        self._add(group, service.name, service.process, Origin.MAPPER)
        return True

    def _plain_fixed(self, group: Group) -> bool:
        """A port that winsim knows a service or driver of this host to open."""
        return self._plain(group, self._fixed.get((group.protocol, group.port), ()))

    def _plain_dynamic(self, group: Group) -> bool:
        """One of those that a service takes as they come."""

        handed_out = self._ports.holds(group.port)
        rows = self._fixed.get((group.protocol, DYNAMIC), ())
        fitting = (row for row in rows if (row.between[0] <= group.port <= row.between[1] if row.between else handed_out))
        return self._plain(group, fitting, once=True)

    def _plain(self, group: Group, rows: Iterable[SocketSpec], *, once: bool = False) -> bool:
        for row in rows:
            owner = self._owner(row, group)
            key = (group.process or "", row)
            if owner is None or (once and key in self._used):
                continue
            self._used.add(key)
            process = SYSTEM if row.kernel or self._is_driver(owner) else self._process_of(owner)
            self._add(group, owner, process, Origin.SERVICE)
            self.owned.plain.append(self._placed(replace(row, owner=owner), group))
            return True
        return False

    def _owner(self, row: SocketSpec, group: Group) -> str | None:
        """Return the owner of a known row on this host: a service, driver or process that can hold the group."""
        service = self._by_name.get(row.owner.lower())
        if row.orphaned or (service is None and row.owner != group.process):
            return None
        if service is None:
            return row.owner
        if group.process is None:
            return service.name if self._programs.runs(service) else None
        if row.kernel or service.driver:
            return service.name if group.process == SYSTEM and self._programs.runs(service) else None
        return service.name if service.process == group.process else None

    def _placed(self, row: SocketSpec, group: Group) -> SocketSpec:
        """Return a row with the places where its sockets are bound, in words of scenarios where they say it."""
        row = replace(row, shared=row.shared or (group.protocol, group.port) in self._common)
        for ipv4_only in (row.ipv4_only, not row.ipv4_only):
            for at in (row.at, (At.WILDCARD,), (At.LOOPBACK,), (At.ADAPTERS,)):
                if sorted(self._expanded(at, ipv4_only=ipv4_only)) == sorted(group.addresses):
                    return replace(row, at=at, ipv4_only=ipv4_only)
        return replace(row, addresses=group.addresses)

    def _expanded(self, at: Iterable[At], *, ipv4_only: bool) -> list[str]:
        both = self._ipv6 and not ipv4_only
        six = [address for adapter in self._adapters for address in adapter.ipv6] if both else []
        places: Mapping[At, list[str]] = {
            At.WILDCARD: [WILDCARD, WILDCARD_V6] if both else [WILDCARD],
            At.LOOPBACK: [LOOPBACK, LOOPBACK_V6] if both else [LOOPBACK],
            At.ADAPTERS: [*(address for adapter in self._adapters for address in adapter.addresses), *six],
        }
        return [address for place in at for address in places[place]]

    def _rpc(self, group: Group) -> bool:
        """An RPC server's dynamic port: it stays until its process ends. Running servers count before stopped ones."""
        if group.process == SYSTEM or not self._ports.holds(group.port):
            return False
        fitting = [row for row in self._known.rpc_servers if group.protocol in row.transports and self._holds(row.owner, group)]
        for row in sorted(fitting, key=lambda row: not self._lives(row.owner)):
            key = (group.process or "", (row.owner.lower(), group.protocol))
            if key in self._used:
                continue
            self._used.add(key)
            service = self._by_name.get(row.owner.lower())
            owner = row.owner if service is None else service.name
            self._add(group, owner, self._process_of(owner), Origin.RPC)
            known = [held.transports for held in self.owned.rpc if held.owner == owner]
            self.owned.rpc = [held for held in self.owned.rpc if held.owner != owner]
            transports = tuple(dict.fromkeys((*(way for ways in known for way in ways), group.protocol)))
            self.owned.rpc.append(replace(row, owner=owner, transports=transports))
            return True
        return False

    def _holds(self, owner: str, group: Group) -> bool:
        service = self._by_name.get(owner.lower())
        if group.process is None:
            return self._lives(owner)
        return owner == group.process if service is None else service.process == group.process

    def _lives(self, owner: str) -> bool:
        service = self._by_name.get(owner.lower())
        return owner in self._processes if service is None else self._programs.runs(service)

    def _dns(self, group: Group) -> bool:
        """The one socket of a DNS client that keeps it."""
        client = self._known.host.dns_client
        service = self._by_name.get(client.service.lower())
        if not client.cached or service is None or self.owned.cached or not self._programs.runs(service):
            return False
        if group.protocol is not Protocol.UDP or not self._ports.holds(group.port) or group.process not in (None, service.process):
            return False
        self.owned.cached = True
        self._add(group, service.name, service.process, Origin.DNS)
        return True

    def _by_process(self, group: Group) -> None:
        """Give a socket to the only service of its process, or to the process."""
        process = group.process or SYSTEM
        hosted = self._programs.hosted(process)
        owner = hosted[0].name if len(hosted) == 1 else process
        if len(hosted) > 1:
            self.owned.shared.append((group, hosted))
        if process == SYSTEM:
            self.owned.unowned.append(group)
        self._add(group, owner, process, Origin.SERVICE)
        row = SocketSpec(owner, group.protocol, DYNAMIC if self._ports.holds(group.port) else group.port, kernel=process == SYSTEM)
        self.owned.plain.append(self._placed(row, group))

    def _is_driver(self, owner: str) -> bool:
        service = self._by_name.get(owner.lower())
        return service is not None and service.driver

    def _process_of(self, owner: str) -> str:
        service = self._by_name.get(owner.lower())
        return owner if service is None else service.process

    # Connections

    def _connect(self, row: Connected, listener: str | None) -> None:
        """Take in a connection; `listener` owns the socket that it was accepted on, None for an outgoing one."""
        process = IDLE if row.state is TcpState.TIME_WAIT else SYSTEM if row.pid is None else self._programs.ids.get(row.pid, SYSTEM)
        hosted = self._programs.hosted(process)
        owner = listener or (hosted[0].name if len(hosted) == 1 else process)
        peer = (row.remote_address, row.remote_port)
        inbound = listener is not None
        self.owned.connections.append(TcpConnection(row.address, row.port, *peer, owner, process, inbound=inbound, state=row.state))
        if row.state is TcpState.TIME_WAIT:
            return
        if not inbound:
            self.owned.again.append(ConnectionSpec(*peer, owner=owner, state=row.state))
        elif self._ports.holds(row.port):
            self.owned.again.append(ConnectionSpec(*peer, owner=owner, inbound=True, state=row.state))
        else:
            self.owned.again.append(ConnectionSpec(*peer, local_port=row.port, inbound=True, state=row.state))
