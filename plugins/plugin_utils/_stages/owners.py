# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Explain each endpoint: who owns it, as far as WMI can tell, and which recipe knows it.

A dynamic port means nothing by its number: it is attributed by process and service. Without a process id
(Windows 2000) it gets the set of all services that can own it. Ambiguity is said, never hidden.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Identity
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, ListenerPattern, Port, Recipe

from .host import Host, Service

# The System process (article's XP table, recipes of NetBT): 4, and 8 on Windows 2000.
SYSTEM_PIDS = (4, 8)
WINRM = "winrm"


@dataclass(frozen=True, slots=True)
class Explained:
    """One endpoint with its owner.

    Attributes:
        owners: key names of the services or drivers that can own it; process names where no service lives there.
        kinds: for each owner how it takes the port: Port.RPC, Port.EPHEMERAL, or None for a fixed one.
        dynamic: whether the number was handed out by the system.
        recipe: id of the one recipe that knows it, or None.
        management: whether the management path goes through it.
    """

    endpoint: Endpoint
    owners: tuple[str, ...]
    kinds: tuple[tuple[Port | None, ...], ...]
    dynamic: bool
    recipe: str | None
    process: str | None
    management: bool = False

    @property
    def identity(self) -> Identity:
        """What makes it the same endpoint after a boot."""
        row = self.endpoint
        if self.dynamic:
            return Identity(row.protocol, row.family, row.scope, None, tuple(sorted(self.owners, key=str.lower)))
        return Identity(row.protocol, row.family, row.scope, row.port, ())

    @property
    def owner(self) -> str:
        """The owner in words."""
        where = f" in pid {self.endpoint.pid}" if self.endpoint.pid is not None else ""
        if not self.owners:
            return f"unknown{where}"
        if len(self.owners) == 1:
            return f"{self.owners[0]}{where}"
        return f"one of {', '.join(self.owners)}{where}"


@dataclass(frozen=True, slots=True)
class Explainer:
    """Attributes endpoints of one host.

    Attributes:
        rpc_ports: further ports that RPC servers take by themselves, where a range is configured.
    """

    host: Host
    knowledge: Knowledge
    rpc_ports: tuple[range, ...] = ()

    def explain(self, endpoints: Iterable[Endpoint]) -> tuple[Explained, ...]:
        """Explain endpoints, in order."""
        return tuple(self._one(endpoint) for endpoint in endpoints)

    def _one(self, row: Endpoint) -> Explained:
        process = self.host.processes.get(row.pid) if row.pid is not None else None
        if row.protocol is Protocol.TCP and row.port in management_ports(self.host, self.knowledge):
            return Explained(row, ("WinRM",), ((None,),), False, WINRM, process, management=True)
        named = self._named(row)
        if named is not None:
            recipe, owners = named
            return Explained(row, owners, ((None,),) * len(owners), False, recipe.id, process)
        first, last = self.knowledge.versions[self.host.windows.id].dynamic_ports
        if not any(row.port in ports for ports in (range(first, last + 1), *self.rpc_ports)):
            # A fixed port is closed by the service that stops: only those that run can own it.
            owners = tuple(s.name for s in self._members(row) if not s.stopped) if row.pid is not None else ()
            owners = owners or ((process,) if process else ())
            return Explained(row, owners, ((None,),) * len(owners), False, None, process)
        return self._dynamic(row, process)

    def _named(self, row: Endpoint) -> tuple[Recipe, tuple[str, ...]] | None:
        """Find the recipe that names this very port and has an owner on this host."""
        for recipe, pattern in self.knowledge.patterns(self.host.windows):
            if pattern.port == row.port and pattern.protocol is row.protocol and recipe.id != WINRM:
                owners = tuple(s.name for s in self._present(recipe, pattern) if self._can_own(s, row))
                if owners:
                    return recipe, owners
        return None

    def _present(self, recipe: Recipe, pattern: ListenerPattern) -> tuple[Service, ...]:
        names = pattern.services or recipe.services + recipe.drivers
        return tuple(self.host.services[name.lower()] for name in names if name.lower() in self.host.services)

    def _can_own(self, service: Service, row: Endpoint) -> bool:
        if row.pid is None:
            return not service.stopped
        return row.pid in SYSTEM_PIDS if service.kind is ServiceKind.DRIVER else service.pid == row.pid

    def _members(self, row: Endpoint) -> tuple[Service, ...]:
        """Return the services that can own a dynamic port: running there, or stopped in a process that lives on.

        A service in a shared process keeps its RPC endpoints until the process ends (article: Messenger and
        Schedule need a boot).
        """
        services = [s for s in self.host.services.values() if s.kind is ServiceKind.SERVICE]
        running = [s for s in services if not s.stopped and (row.pid is None or s.pid == row.pid)]
        living = {service.path for service in running if service.shared}
        return tuple(s for s in services if s in running or (s.stopped and s.shared and s.path in living))

    def _dynamic(self, row: Endpoint, process: str | None) -> Explained:
        kinds: dict[str, list[Port]] = {}
        recipes: dict[str, None] = {}
        members = self._members(row)
        for recipe, pattern in self.knowledge.patterns(self.host.windows):
            if pattern.protocol is row.protocol and isinstance(pattern.port, Port):
                names = {name.lower() for name in pattern.services or recipe.services}
                for service in members:
                    if service.name.lower() in names and (pattern.port is Port.RPC or not service.stopped):
                        kinds.setdefault(service.name, []).append(pattern.port)
                        recipes[recipe.id] = None
        known = self._known()
        for service in members:
            if service.name.lower() not in known and not service.stopped:
                # Never heard of: it may be an RPC server, whose ports outlive the service.
                kinds[service.name] = [Port.RPC]
                recipes[""] = None
        if not kinds and row.pid is not None:
            running = [service.name for service in members if not service.stopped]
            kinds = {name: [Port.RPC] for name in running or ([process] if process else [])}
        recipe_id = next(iter(recipes)) if len(recipes) == 1 else None
        return Explained(row, tuple(kinds), tuple(tuple(dict.fromkeys(k)) for k in kinds.values()), True, recipe_id or None, process)

    def _known(self) -> set[str]:
        """Return the services of which it is known whether they own listeners."""
        silent = self.knowledge.versions[self.host.windows.id].silent_services
        owners = [name for recipe, _pattern in self.knowledge.patterns(self.host.windows) for name in recipe.services]
        return {name.lower() for name in (*silent, *owners)}


def management_ports(host: Host, knowledge: Knowledge) -> frozenset[int]:
    """Return the TCP ports of WinRM as the host configures them; those of the recipe where it does not say."""
    ports = frozenset(listener.port for listener in host.management if listener.enabled)
    return ports or frozenset(p.port for p in knowledge.recipe(WINRM).listeners if not isinstance(p.port, Port))


def settled_ports(host: Host, knowledge: Knowledge) -> frozenset[int]:
    """Return the TCP ports that are never suspected of being a source port."""
    named = frozenset(
        pattern.port
        for _recipe, pattern in knowledge.patterns(host.windows)
        if pattern.protocol is Protocol.TCP and not isinstance(pattern.port, Port)
    )
    return named | management_ports(host, knowledge)
