# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Explain each endpoint: who owns it, as far as WMI can tell, and which recipe knows it.

A dynamic port means nothing by its number: it is attributed by process and service. Without a process id
(Windows 2000) it gets the set of all services that can own it. Ambiguity is said, never hidden.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Family, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Identity
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import UNASKED, EndpointMap, RpcEntry
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, ListenerPattern, Port, Recipe

from .host import Host, Service, template_of

# The System process (article's XP table, recipes of NetBT): 4, and 8 on Windows 2000.
SYSTEM_PIDS = (4, 8)
# Microsoft, netsh int ipv4 set dynamicport: from Windows Vista on. That command takes 1025 at least; other means take 1024 as well.
MOVABLE_SINCE, LOWEST_DYNAMIC = NtVersion(6, 0), 1024
# A process with so many UDP ports that no recipe names, one of them from the dynamic range, has asked the system for all of them.
SEVERAL = 3
WINRM = "winrm"
# Microsoft: SMB over QUIC and HTTP/3 came with Server 2022 (and Windows 11), alternative ports of SMB with Server 2025 and Windows 11 24H2.
QUIC_SINCE, SMB_PORTS_SINCE = 20348, 26100
Held = frozenset[tuple[int | None, Protocol, int]]
"""Which process holds which port."""
# Microsoft, "Obtaining Data from the Local Computer": WinRM listens there for local requests, beside its listeners.
LOCAL_PORT = 47001


@dataclass(frozen=True, slots=True)
class Explained:
    """One endpoint with its owner.

    Attributes:
        owners: key names of the services or drivers that can own it; process names where no service lives there.
        kinds: for each owner how it takes the port: Port.RPC, Port.EPHEMERAL, or None for a fixed one.
        dynamic: whether the number was handed out by the system.
        recipe: id of the one recipe that knows it, or None.
        management: whether the management path goes through it.
        stranger: whether it listens on WinRM's port without being WinRM's.
        leads: where the host forwards what comes in; "" where it does not.
        candidates: all that could own it before the endpoint map told whose it is; empty where it told no more.
        interfaces: what the endpoint map has of it, where that was asked.
    """

    endpoint: Endpoint
    owners: tuple[str, ...]
    kinds: tuple[tuple[Port | None, ...], ...]
    dynamic: bool
    recipe: str | None
    process: str | None
    management: bool = False
    stranger: bool = False
    leads: str = ""
    candidates: tuple[str, ...] = ()
    interfaces: tuple[RpcEntry, ...] = ()

    @property
    def identity(self) -> Identity:
        """What makes it the same endpoint after a boot: whether the endpoint map was asked makes no difference."""
        row = self.endpoint
        if self.dynamic:
            return Identity(row.protocol, row.family, row.scope, None, tuple(sorted(self.candidates or self.owners, key=str.lower)))
        return Identity(row.protocol, row.family, row.scope, row.port, ())

    @property
    def owner(self) -> str:
        """The owner in words."""
        where = f" in pid {self.endpoint.pid}" if self.endpoint.pid is not None else ""
        if not self.owners:
            return f"unknown{where}"
        if len(self.owners) == 1:
            leads = f", which forwards it to {self.leads}" if self.leads else ""
            return f"{self.owners[0]}{where}{leads}"
        return f"one of {', '.join(self.owners)}{where}"


@dataclass(frozen=True, slots=True)
class Explainer:
    """Attributes endpoints of one host.

    Attributes:
        rpc_ports: further ports that RPC servers take by themselves, where a range is configured.
        rpc_map: the endpoint map, where it was asked.
    """

    host: Host
    knowledge: Knowledge
    rpc_ports: tuple[range, ...] = ()
    rpc_map: EndpointMap = UNASKED
    _owned: Mapping[str, tuple[Service, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort services by owner once: each endpoint asks for some of them, by each recipe that knows its port."""
        found: dict[str, list[Service]] = {}
        for service in self.host.services.values():
            found.setdefault(self._owner(service).lower(), []).append(service)
        object.__setattr__(self, "_owned", {name: tuple(services) for name, services in found.items()})

    def explain(self, endpoints: Iterable[Endpoint]) -> tuple[Explained, ...]:
        """Explain endpoints, in order."""
        rows = tuple(endpoints)
        random = self._random_udp(rows)
        held = frozenset((row.pid, row.protocol, row.port) for row in rows)
        apart = {(pattern.protocol, pattern.port) for _recipe, pattern in self.knowledge.patterns(self.host.windows)}
        apart |= {(Protocol.TCP, port) for port in management_ports(self.host, self.knowledge)}
        alike: dict[object, Explained] = {}
        explained: list[Explained] = []
        for row in rows:
            by_chance = row.protocol is Protocol.UDP and row.pid in random
            # Of a port that nothing names only this counts; a process can have thousands.
            kind = (row.protocol, row.pid, row.scope is Scope.LOOPBACK, by_chance, row.port >= LOWEST_DYNAMIC, self._is_in_range(row))
            if (row.protocol, row.port) in apart:
                explained.append(self._one(row, held, random=by_chance))
            elif kind in alike:
                explained.append(replace(alike[kind], endpoint=row))
            else:
                alike[kind] = self._one(row, held, random=by_chance)
                explained.append(alike[kind])
        whole = {(row.family, row.port) for row in rows if row.protocol is Protocol.TCP and row.scope is Scope.WILDCARD}
        told = tuple(_as_stranger(subject) if _is_beside(subject, whole) else subject for subject in explained)
        known = {(s.endpoint.pid, s.endpoint.port): s for s in told if s.recipe is not None and len(s.owners) == 1 and not s.management}
        paired = (self._as_twin(subject, known.get((subject.endpoint.pid, subject.endpoint.port))) for subject in told)
        return tuple(self._as_mapped(subject) for subject in paired)

    def _as_mapped(self, subject: Explained) -> Explained:
        """Give a port that several can own to those whose interfaces are bound to it.

        The map lists what has registered: a port without entries may be anybody's, and one with an interface that nobody knows may be
        that of any of them.
        """
        entries = self.rpc_map.at(subject.endpoint)
        if not entries:
            return subject
        subject = replace(subject, interfaces=entries)
        known = [(self.knowledge.rpc_interface(entry.interface), entry.annotation) for entry in entries]
        # Who opens no port of its own is at every port of its process, and tells nothing of whose it is.
        bound = [Names() if item is None else item.owners(said) for item, said in known if item is None or not item.passenger]
        owners = tuple(name for name in subject.owners if any(name in names for names in bound))
        if not subject.dynamic or not all(bound) or not owners or len(owners) == len(subject.owners):
            return subject
        kinds = ((Port.RPC,),) * len(owners)
        return replace(subject, owners=owners, kinds=kinds, recipe=self._recipe_of(owners, subject), candidates=subject.owners)

    def _recipe_of(self, owners: Iterable[str], subject: Explained) -> str | None:
        """Return the one recipe that knows RPC ports of all of some services."""
        found = [
            {
                recipe.id
                for recipe, pattern in self.knowledge.patterns(self.host.windows)
                if pattern.protocol is subject.endpoint.protocol
                and pattern.port is Port.RPC
                and owner in Names((*(pattern.services or recipe.services), *recipe.processes))
            }
            for owner in owners
        ]
        common = set.intersection(*found)
        return common.pop() if len(common) == 1 and len(set.union(*found)) == 1 else None

    def _as_twin(self, subject: Explained, twin: Explained | None) -> Explained:
        """Give a port whose owner is not certain to the service that holds its number of the other protocol, as Remote Desktop does."""
        row, certain = subject.endpoint, subject.recipe is not None and not subject.dynamic
        if twin is None or certain or row.pid in (None, *SYSTEM_PIDS) or twin.endpoint.protocol is row.protocol:
            return subject
        both = any(
            recipe.id == twin.recipe and pattern.protocol is row.protocol and not isinstance(pattern.port, Port)
            for recipe, pattern in self.knowledge.patterns(self.host.windows)
        )
        if not both:
            return subject
        return replace(subject, owners=twin.owners, kinds=twin.kinds, dynamic=twin.dynamic, recipe=twin.recipe)

    def _random_udp(self, rows: Iterable[Endpoint]) -> frozenset[int]:
        """Return the processes that ask the system for UDP ports: by their number, or since a process has many and one is (KB 956188)."""
        named = {p.port for _r, p in self.knowledge.patterns(self.host.windows) if p.protocol is Protocol.UDP}
        ports: dict[int, set[int]] = {}
        for row in rows:
            if row.protocol is Protocol.UDP and row.pid is not None and row.port >= LOWEST_DYNAMIC and row.port not in named:
                ports.setdefault(row.pid, set()).add(row.port)
        ranges = self.host.dynamic_ports(Protocol.UDP, self.knowledge)
        return frozenset(
            pid
            for pid, found in ports.items()
            if len(found) >= SEVERAL and pid not in SYSTEM_PIDS and any(port in numbers for port in found for numbers in ranges)
        )

    def _one(self, row: Endpoint, held: Held, *, random: bool) -> Explained:
        process = self.host.processes.get(row.pid) if row.pid is not None else None
        if row.protocol is Protocol.TCP and row.port in management_ports(self.host, self.knowledge):
            # WinRM's listeners are http.sys's, which opens them in the System process (Microsoft, "HTTP Server API").
            if row.pid is None or row.pid in SYSTEM_PIDS:
                return Explained(row, ("WinRM",), ((None,),), False, WINRM, process, management=True)
            owners = tuple(self._owner(s) for s in self._members(row) if not s.stopped) or ((process,) if process else ())
            return Explained(row, owners, ((None,),) * len(owners), False, None, process, stranger=True)
        named = self._named(row, process)
        if named is not None:
            recipe_id, owners = named
            return Explained(row, owners, ((None,),) * len(owners), False, recipe_id, process)
        moved = None if random else self._moved(row, process, held)
        if moved is not None:
            recipe, owner = moved
            # Whether somebody chose such a number or the system handed it out (SQL Server) does not show: the owner tells after a boot.
            return Explained(row, (owner,), ((None,),), self._is_in_range(row), recipe.id, process)
        if self._by_system(row) or not ((random and row.port >= LOWEST_DYNAMIC) or self._is_dynamic(row, process)):
            # A fixed port is closed by the service that stops: only those that run can own it.
            owners = self._speaking(row) if row.pid is not None else ()
            owners = owners or self._by_system(row) or ((process,) if process else ())
            return Explained(row, owners, ((None,),) * len(owners), False, None, process)
        return self._dynamic(row, process)

    def _is_dynamic(self, row: Endpoint, process: str | None) -> bool:
        """Tell whether the system handed out the port: by its number, or by what owns it where an administrator moved the range."""
        if self._is_in_range(row):
            return True
        if row.protocol is not Protocol.TCP or row.pid is None or row.port < LOWEST_DYNAMIC or self.host.windows.nt < MOVABLE_SINCE:
            return False
        return self._serves_rpc(row, process)

    def _is_in_range(self, row: Endpoint) -> bool:
        """Tell whether a port is of a range from which the system, or RPC by its configuration, hands them out."""
        return any(row.port in ports for ports in (*self.host.dynamic_ports(row.protocol, self.knowledge), *self.rpc_ports))

    def _serves_rpc(self, row: Endpoint, process: str | None) -> bool:
        """Tell whether the process of an endpoint is one of which an RPC server on a dynamic port is known."""
        running = (self._owner(s) for s in self.host.services.values() if s.pid == row.pid and not s.stopped)
        here = Names((*running, *([process] if process is not None else [])))
        return any(
            pattern.protocol is Protocol.TCP
            and pattern.port is Port.RPC
            and not here.isdisjoint((*(pattern.services or recipe.services), *recipe.processes))
            for recipe, pattern in self.knowledge.patterns(self.host.windows)
        )

    def _named(self, row: Endpoint, process: str | None) -> tuple[str | None, tuple[str, ...]] | None:
        """Find the recipe that names this very port and has an owner on this host; of several the most special one."""
        found: list[tuple[Recipe, tuple[str, ...]]] = []
        for recipe, pattern in self.knowledge.patterns(self.host.windows):
            if pattern.port == row.port and pattern.protocol is row.protocol and recipe.id != WINRM:
                owners = tuple(self._owner(s) for s in self._present(recipe, pattern) if self._can_own(s, row, pattern))
                if not owners and process is not None and process in Names(recipe.processes):
                    owners = (process,)
                if owners:
                    found.append((recipe, owners))
        if not found:
            return None
        every = tuple(dict.fromkeys(name for _recipe, owners in found for name in owners))
        covering = [recipe for recipe, owners in found if set(owners) == set(every)]
        special = min(covering, key=lambda recipe: len(recipe.services), default=None)
        return (special.id if special else None), every

    def _present(self, recipe: Recipe, pattern: ListenerPattern) -> tuple[Service, ...]:
        names = (*map(str.lower, pattern.services or recipe.services + recipe.drivers),)
        # Of a name that stands there twice the later place counts.
        order = reversed(dict.fromkeys(reversed(names)))
        return tuple(service for name in order for service in self._owned.get(name, ()))

    def _can_own(self, service: Service, row: Endpoint, pattern: ListenerPattern) -> bool:
        if row.pid is None:
            return not service.stopped
        if service.kind is ServiceKind.DRIVER:
            return row.pid in SYSTEM_PIDS and not service.stopped
        return service.pid == row.pid or (pattern.http and row.pid in SYSTEM_PIDS and not service.stopped)

    def _moved(self, row: Endpoint, process: str | None, held: Held) -> tuple[Recipe, str] | None:
        """Find the recipe of a service that listens on another port than the usual one: its owner tells, not its number.

        In a process of several services that is certain only where nothing unknown lives there, one of them alone has a fixed port of
        this protocol, and that one is not on its usual port.
        """
        if row.pid is None or row.pid in SYSTEM_PIDS or (self._is_in_range(row) and not self._may_be_chosen(row, process)):
            return None
        running = Names(self._owner(s) for s in self.host.services.values() if s.pid == row.pid and not s.stopped)
        names = running or Names([process] if process else [])
        # Some services have names of their own (instances of AD LDS): their program tells.
        here = ByName((name, name) for name in (*([process] if process else []), *names))
        found: dict[str, tuple[Recipe, str]] = {}
        in_place: set[str] = set()
        for recipe, pattern in self.knowledge.patterns(self.host.windows):
            fixed = pattern.protocol is row.protocol and not isinstance(pattern.port, Port) and not pattern.http and recipe.id != WINRM
            owners = (*(pattern.services or recipe.services), *recipe.processes)
            owner = next((here[name] for name in owners if name in here), None)
            if fixed and owner is not None:
                if (row.pid, row.protocol, pattern.port) in held:
                    if len(names) > 1:
                        return None
                    in_place.add(recipe.id)
                found[recipe.id] = (recipe, owner)
        if len(found) > 1:
            # A service with several ports (LLMNR and mDNS of the DNS client): the one that is not on its usual port is the one that moved.
            found = {recipe: made for recipe, made in found.items() if recipe not in in_place}
        known = self._known()
        if len(names) > 1 and self._is_in_range(row):
            # It can be of an RPC server that was stopped: such ports live as long as their process.
            return None
        if len(found) != 1 or (len(names) > 1 and any(name not in known for name in names)):
            return None
        return next(iter(found.values()))

    def _may_be_chosen(self, row: Endpoint, process: str | None) -> bool:
        """Tell whether a number from the dynamic range can be an administrator's choice: a TCP listener that is no RPC server's."""
        return row.protocol is Protocol.TCP and not self._serves_rpc(row, process)

    def _by_system(self, row: Endpoint) -> tuple[str, ...]:
        """Return the drivers behind a port of the System process that no recipe names.

        http.sys serves any TCP port. SMB takes others than 445 as well: over QUIC, and since Windows 11 24H2 and Server 2025 over TCP
        (Microsoft, "SMB over QUIC"; "Configure alternative SMB ports"). Which of the two it is no listing shows.
        """
        if row.pid not in SYSTEM_PIDS:
            return ()
        build, tcp = self.host.windows.build, row.protocol is Protocol.TCP
        names = [
            *(["http"] if tcp or build >= QUIC_SINCE else []),
            *(["srvnet"] if build >= (SMB_PORTS_SINCE if tcp else QUIC_SINCE) else []),
        ]
        found = (self.host.services.get(name) for name in names)
        return tuple(driver.name for driver in found if driver is not None and not driver.stopped)

    def _owner(self, service: Service) -> str:
        """Name the owner that lasts: the template where the service is the instance for one sign-in."""
        return template_of(service.name, self.host.windows, self.knowledge) or service.name

    def _members(self, row: Endpoint) -> tuple[Service, ...]:
        """Return the services that can own a dynamic port: running there, or stopped in a process that lives on.

        A service in a shared process keeps its RPC endpoints until the process ends (article: Messenger and
        Schedule need a boot).
        """
        services = [s for s in self.host.services.values() if s.kind is ServiceKind.SERVICE]
        running = [s for s in services if not s.stopped and (row.pid is None or s.pid == row.pid)]
        living = {service.path for service in running if service.shared and self._may_have_lived_there(service, running)}
        return tuple(s for s in services if s in running or (s.stopped and s.shared and not s.never_ran and s.path in living))

    def _speaking(self, row: Endpoint) -> tuple[str, ...]:
        """Return the services of a process that can own a port of it: those that are known to own none, only where no other is there."""
        silent = self.knowledge.silent_on(self.host.windows)
        running = [self._owner(service) for service in self._members(row) if not service.stopped]
        return tuple(name for name in running if name not in silent) or tuple(running)

    def _may_have_lived_there(self, service: Service, running: Sequence[Service]) -> bool:
        """Tell whether a stopped service of the same group may have shared the process of one that runs.

        Windows 10 1703 and later give each service of a group an svchost of its own (Microsoft, Changes to Service Host
        grouping): where one group shows several processes, only a process that several services share now can have had others.
        """
        return not self.host.splits_groups or sum(other.pid == service.pid for other in running) > 1

    def _dynamic(self, row: Endpoint, process: str | None) -> Explained:
        own = self._by_process(row, process)
        if own is not None:
            return own
        kinds: dict[str, list[Port]] = {}
        recipes: dict[str, None] = {}
        members = self._members(row)
        for recipe, pattern in self.knowledge.patterns(self.host.windows):
            if pattern.protocol is row.protocol and isinstance(pattern.port, Port):
                names = Names(pattern.services or recipe.services)
                for service in members:
                    if self._owner(service) in names and (pattern.port is Port.RPC or not service.stopped):
                        kinds.setdefault(self._owner(service), []).append(pattern.port)
                        recipes[recipe.id] = None
        known = self._known()
        for service in members:
            if self._owner(service) not in known and not service.stopped:
                # Never heard of: it may be an RPC server, whose ports outlive the service.
                kinds[self._owner(service)] = [Port.RPC]
                recipes[""] = None
        if not kinds and row.pid is not None:
            running = self._speaking(row)
            # An RPC server listens on the loopback alone only where it is bound to it, on Windows 2000 (article).
            local = row.scope is Scope.LOOPBACK and self.host.windows.nt > NtVersion(5, 0)
            kinds = {name: [Port.EPHEMERAL if local else Port.RPC] for name in running or ([process] if process else [])}
        recipe_id = next(iter(recipes)) if len(recipes) == 1 else None
        return Explained(row, tuple(kinds), tuple(tuple(dict.fromkeys(k)) for k in kinds.values()), True, recipe_id or None, process)

    def _by_process(self, row: Endpoint, process: str | None) -> Explained | None:
        """Find the recipe of a program that opens dynamic ports by itself, whatever services live in it (lsass.exe)."""
        for recipe, pattern in self.knowledge.patterns(self.host.windows):
            wanted = process in Names(recipe.processes)
            if wanted and pattern.protocol is row.protocol and isinstance(pattern.port, Port):
                return Explained(row, (process or "",), ((pattern.port,),), True, recipe.id, process)
        return None

    def _known(self) -> Names:
        """Return the services of which it is known whether they own listeners."""
        owners = (name for recipe, _pattern in self.knowledge.patterns(self.host.windows) for name in recipe.services)
        return Names((*owners, *self.knowledge.silent_on(self.host.windows)))


def _is_beside(subject: Explained, whole: Container[tuple[Family, int]]) -> bool:
    """Tell whether something holds an address of its own on a port on which WinRM has all of them.

    http.sys listens either at all addresses or at those of its list (Microsoft, "netsh http add iplisten"), and Windows 2000 shows no
    process by which to tell.
    """
    row = subject.endpoint
    return subject.management and row.pid is None and row.scope is not Scope.WILDCARD and (row.family, row.port) in whole


def _as_stranger(subject: Explained) -> Explained:
    return replace(subject, owners=(), kinds=(), recipe=None, management=False, stranger=True)


def management_ports(host: Host, knowledge: Knowledge) -> frozenset[int]:
    """Return the TCP ports of WinRM as the host configures them; those of the recipe where it does not say."""
    configured = frozenset(listener.port for listener in host.management if listener.enabled)
    known = frozenset(p.port for p in knowledge.recipe(WINRM).listeners if not isinstance(p.port, Port))
    return configured | {LOCAL_PORT} if configured else known


def strangers(explained: Iterable[Explained]) -> tuple[str, ...]:
    """Say of each listener that holds WinRM's port without being WinRM what that is."""
    return tuple(
        f"{subject.endpoint.name} on {subject.endpoint.address} belongs to {excerpt(subject.owner)}, not to WinRM, although it is WinRM's "
        "port: find out what it is before you trust a session with this host"
        for subject in explained
        if subject.stranger
    )


def settled_ports(host: Host, knowledge: Knowledge) -> frozenset[int]:
    """Return the TCP ports that are never suspected of being a source port."""
    named = frozenset(
        pattern.port
        for _recipe, pattern in knowledge.patterns(host.windows)
        if pattern.protocol is Protocol.TCP and not isinstance(pattern.port, Port)
    )
    return named | management_ports(host, knowledge)
