# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look for one sign of a hazard on a host. A class or namespace that is missing, by the code that says so, shows nothing; whatever else
the host answers in place of rows denies them, and what was looked for is unknown.

Text that comes from the host is cut and put on one line; where it is shown it is made printable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ClassMissing, Fault, MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, StartMode, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import DomainRole, NtVersion, ProductType
from ansible_collections.netmin.windows.plugins.plugin_utils._host import netbios
from ansible_collections.netmin.windows.plugins.plugin_utils._host.connections import Connection, read_connections
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Service, template_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import NetbiosOption
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained, management_ports
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place, place_of
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Fact, Knowledge, Probe, Query, Running
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.hazards import KeyProbe, ValueProbe, is_like
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import touched as touched_by
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import netbt, rpc_restriction
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.switches import TYPES

from .reach import UNSEEN, Sign
from .survey import Survey

LONGEST = 200
POLICY = "root/RSOP/Computer"
POLICIES = ("software\\policies\\", "system\\currentcontrolset\\policies\\")
MEMBERS = (DomainRole.MEMBER_WORKSTATION, DomainRole.MEMBER_SERVER)
CONTROLLERS = (DomainRole.BACKUP_DOMAIN_CONTROLLER, DomainRole.PRIMARY_DOMAIN_CONTROLLER)
LISTS_OF_INDEXES = NtVersion(5, 0)
RSOP_SINCE = NtVersion(5, 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe found.

    Attributes:
        lines: what was found, in words.
        denied: what could not be looked at, in words.
        about: the listeners that it is about, where it is about single ones, each with what was found of it.
    """

    lines: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    about: tuple[Sign, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft of a plan, as far as probes depend on it.

    Attributes:
        closing: the listeners that it closes or filters.
        stopping: key names that it is asked to stop.
    """

    plan: Plan
    closing: tuple[Explained, ...] = ()
    stopping: Names = field(default_factory=Names)


def line(*parts: str | None) -> str:
    """Join text that a host may have sent to one short line."""
    text = " ".join(" ".join(part for part in parts if part).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@dataclass(slots=True)
class Prober:
    """Looks for signs on one host; nothing is asked twice, answered or not."""

    reader: Reader
    survey: Survey
    knowledge: Knowledge
    _known: dict[object, Sequence[str] | Answer] = field(default_factory=dict)
    _asked: dict[object, Sequence[Row] | Fault] = field(default_factory=dict)
    _connections: tuple[Connection, ...] | None = None
    _connections_read: bool = False

    def over(self, reader: Reader) -> Prober:
        """Return one that knows what this one knows, and asks another reader for the rest; this one learns nothing of it."""
        return replace(self, reader=reader, _known=dict(self._known), _asked=dict(self._asked))

    def answer(self, probe: Probe, proposal: Proposal) -> Answer:
        """Look for one sign; a probe that is for another Windows finds nothing."""
        if not probe.windows.includes(self.survey.host.windows) or not self._is_worth(probe):
            return Answer()
        if probe.fact is not None:
            return self._fact(probe.fact, probe.what, proposal)
        if probe.services:
            return self._services(probe)
        if probe.value is not None:
            return self._value(probe.what, probe.value)
        if probe.key is not None:
            return self._key(probe.what, probe.key)
        return self._query(probe.what, probe.query) if probe.query is not None else Answer()

    def _is_worth(self, probe: Probe) -> bool:
        running = (s.name for s in self.survey.host.services.values() if not s.stopped)
        return not probe.needs or any(is_like(name, probe.needs) for name in running)

    # --- what is known without asking ---------------------------------------------------------------------------

    def _services(self, probe: Probe) -> Answer:
        found = [s for s in self.survey.host.services.values() if is_like(s.name, probe.services)]
        wanted = [s for s in found if not s.stopped or (probe.state is Running.ENABLED and s.start_mode is not StartMode.DISABLED)]
        return Answer(tuple(line(probe.what, service.name, f"({service.state.lower()})") for service in wanted))

    def _fact(self, fact: Fact, what: str, proposal: Proposal) -> Answer:
        facts: dict[Fact, Callable[[], Iterable[str]]] = {
            Fact.WINDOWS: lambda: (self.survey.host.windows.name,),
            Fact.MEMBER: lambda: ("a domain member",) if self.survey.host.domain_role in MEMBERS else (),
            Fact.CONTROLLER: self._controller,
            Fact.DHCP: lambda: (a.description for a in self.survey.host.adapters if a.dhcp and a.ip_enabled),
            Fact.WINS: lambda: (f"{a.description}: {', '.join(a.wins)}" for a in self.survey.host.adapters if a.wins),
            Fact.PATHS: lambda: (f"{s.name}: {s.path}" for s in self.survey.host.services.values() if _is_network_path(s)),
            Fact.INSTANCES: self._instances,
            Fact.DEPENDENTS: lambda: self._dependents(proposal),
            Fact.RPC_VALUES: self._rpc_values,
            Fact.NETBIOS_LEFT: lambda: self._netbios_left(proposal.plan),
        }
        if fact in facts:
            return Answer(tuple(line(what, text) for text in facts[fact]()))
        if fact is Fact.POLICY:
            return self._policy(what, proposal.plan)
        return self._peers(what, proposal, management=fact is Fact.MANAGEMENT)

    def _controller(self) -> Iterable[str]:
        host = self.survey.host
        is_one = host.domain_role in CONTROLLERS or host.windows.product is ProductType.DOMAIN_CONTROLLER
        return ("a domain controller",) if is_one else ()

    def _instances(self) -> Iterable[str]:
        host = self.survey.host
        running = (s.name for s in host.services.values() if not s.stopped)
        return (f"{name} of {template}" for name in running if (template := template_of(name, host.windows, self.knowledge)))

    def _dependents(self, proposal: Proposal) -> Iterable[str]:
        for name in (touched_by(change).stops for change in proposal.plan.changes):
            if name and name not in proposal.stopping:
                needed = [s.name for s in self.survey.host.all_required(name) if s.name in proposal.stopping]
                if needed:
                    yield f"{name}, which depends on {' and '.join(needed)}"

    def _rpc_values(self) -> Iterable[str]:
        seen = self.survey.seen
        ports, *flags = found = [
            seen.value(s) for s in (rpc_restriction.PORTS, rpc_restriction.PORTS_INTERNET_AVAILABLE, rpc_restriction.USE_INTERNET_PORTS)
        ]
        if any(found) and not all(found):
            yield f"HKLM\\{rpc_restriction.INTERNET} has only some of its three values"
        elif ports is not None and (not _ranges(ports) or any(str(flag.data if flag else "").upper() not in ("Y", "N") for flag in flags)):
            yield f"HKLM\\{rpc_restriction.INTERNET} has a value that is not valid"
        bind = seen.value(rpc_restriction.BIND)
        if bind is not None and not self._is_valid(bind):
            yield f"{rpc_restriction.BIND.target} has a list that this Windows cannot read"

    def _is_valid(self, bind: RegistryValue) -> bool:
        """Tell whether Bind is what RPC of this Windows reads: indexes on Windows 2000, and what netsh wrote later (binary)."""
        if self.survey.host.windows.nt > LISTS_OF_INDEXES:
            return bind.type is not RegistryType.MULTI_SZ
        words = bind.data if isinstance(bind.data, tuple) else ()
        return bool(words) and all(word.isdecimal() for word in words)

    def _netbios_left(self, plan: Plan) -> Iterable[str]:
        touched = [touched_by(change) for change in plan.changes]
        set_now = Names(item.netbios for item in touched)
        written = Names(item.value[0] for item in touched if item.value is not None)
        known = ByName((adapter.guid, adapter.description) for adapter in self.survey.host.adapters)
        for setting, value in self.survey.states[netbt.NAME].items():
            guid = setting.key.rpartition("\\")[2][len(netbios.PREFIX) :]
            on = netbios.option_of(value) is not NetbiosOption.DISABLED
            if on and guid not in set_now and setting.key not in written:
                yield f"{known.get(guid, '')} {guid}"
        for adapter in self.survey.host.adapters:
            if not adapter.ip_enabled and adapter.guid and netbios.setting(adapter.guid).key not in self._interfaces():
                yield f"{adapter.description} {adapter.guid}"

    def _interfaces(self) -> Names:
        return Names(setting.key for setting in self.survey.states[netbt.NAME])

    # --- what is asked ------------------------------------------------------------------------------------------

    def _ask(self, key: object, what: str, read: Callable[[], Sequence[str]]) -> Answer:
        """Return what was read under this key before, or read it; a failure is kept as well."""
        if key not in self._known:
            self._known[key] = _tolerant(what, read)
        known = self._known[key]
        return known if isinstance(known, Answer) else Answer(tuple(known))

    def _query(self, what: str, query: Query) -> Answer:
        def read() -> Sequence[str]:
            return [line(what, *(_text(row, name) for name in query.shows)) for row in self._rows(query) if _fits(row, query)]

        return self._ask((what, query), query.wmi_class, read)

    def _rows(self, query: Query) -> Sequence[Row]:
        """Return the rows of a query, asked once; what it looks for in them is judged here, and differs from hazard to hazard."""
        where = Where(query.where, query.values) if query.where else None
        return self._asked_once(query.wmi_class, query.properties, where=where, namespace=query.namespace)

    def _asked_once(self, wmi_class: str, properties: tuple[str, ...], *, namespace: str, where: Where | None = None) -> Sequence[Row]:
        """Return rows, asked once; a fault is kept as well. Plans differ in what is looked for in them."""
        key = (namespace, wmi_class, properties, where)
        if key not in self._asked:
            self._asked[key] = _kept(lambda: self.reader.query(wmi_class, properties, where=where, namespace=namespace))
        known = self._asked[key]
        if isinstance(known, Fault):
            raise known
        return known

    def _value(self, what: str, probe: ValueProbe) -> Answer:
        def read() -> Sequence[str]:
            settings = self.survey.configured
            place = place_of(probe.key, probe.name)
            value = settings[place] if place in settings else self.reader.value(probe.key, probe.name, TYPES[probe.type])
            if value is None or (probe.equals and value.data not in probe.equals):
                return ()
            return (line(what, f"{probe.name} is", str(value.plain())),)

        return self._ask((what, probe), f"HKLM\\{probe.key}\\{probe.name}", read)

    def _key(self, what: str, probe: KeyProbe) -> Answer:
        def read() -> Sequence[str]:
            if probe.subkeys is not None:
                return [line(what, name) for name in self.reader.subkeys(probe.key) or () if not is_like(name, probe.subkeys)]
            values = self.reader.value_types(probe.key)
            if values is None:
                return ()
            return [line(what, name) for name in values] if probe.values else [line(what, f"HKLM\\{probe.key}")]

        return self._ask((what, probe), f"HKLM\\{probe.key}", read)

    def connections(self) -> tuple[Connection, ...] | None:
        """Return the peers' connections, read once; None where the host does not let us see them."""
        if not self._connections_read:
            with suppress(Fault):
                self._connections = read_connections(self.reader, self.survey.host, self.survey.listing)
            self._connections_read = True
        return self._connections

    def _peers(self, what: str, proposal: Proposal, *, management: bool) -> Answer:
        ours = management_ports(self.survey.host, self.knowledge)
        closing = {s.endpoint.port: s for s in proposal.closing if s.endpoint.protocol == "tcp" and s.endpoint.port not in ours}
        ports = ours if management else frozenset(closing)
        if not ports:
            return Answer()
        found = self.connections()
        if found is None:
            unseen = () if management else tuple(Sign(subject, f"{UNSEEN}connections") for subject in closing.values())
            return Answer(denied=("connections",), about=unseen)
        held = [(_told(what, peer, closing.get(peer.local_port)), peer) for peer in found if peer.local_port in ports]
        about = () if management else tuple(Sign(closing[peer.local_port], told) for told, peer in held)
        return Answer(tuple(told for told, _peer in held), about=about)

    def _policy(self, what: str, plan: Plan) -> Answer:
        if self.survey.host.windows.nt < RSOP_SINCE:
            return Answer()
        touched = [touched_by(change) for change in plan.changes]
        values = [item.value for item in touched if item.value is not None]
        services = Names(item.stops or item.configures for item in touched if item.value is None) - {""}
        places = {place_of(key, name) for key, name in values}
        configured = self.survey.configured
        set_there = ((k, n) for k, n in values if k.lower().startswith(POLICIES) and configured.get(place_of(k, n)) is not None)
        parts = [Answer(tuple(line(what, f"HKLM\\{key}\\{name}") for key, name in set_there))]
        if values:
            parts.append(_tolerant("RSOP_RegistryPolicySetting", lambda: self._policy_values(what, places)))
        if services:
            parts.append(_tolerant("RSOP_SystemService", lambda: self._policy_services(what, services)))
        return Answer(tuple(t for part in parts for t in part.lines), tuple(t for part in parts for t in part.denied))

    def _policy_values(self, what: str, places: set[Place]) -> Sequence[str]:
        rows = self._asked_once("RSOP_RegistryPolicySetting", ("registryKey", "valueName", "GPOID"), namespace=POLICY)
        texts = [(_text(row, "registryKey"), _text(row, "valueName"), _text(row, "GPOID")) for row in rows]
        return [line(what, policy, f"HKLM\\{key}\\{name}") for key, name, policy in texts if place_of(key, name) in places]

    def _policy_services(self, what: str, names: Names) -> Sequence[str]:
        rows = self._asked_once("RSOP_SystemService", ("Service", "StartupMode", "GPOID"), namespace=POLICY)
        texts = [(_text(row, "Service"), _text(row, "GPOID")) for row in rows]
        return [line(what, policy, f"service {name}") for name, policy in texts if name in names]


def _kept(read: Callable[[], Sequence[Row]]) -> Sequence[Row] | Fault:
    """Return rows, or the fault that came in their place."""
    try:
        return read()
    except Fault as error:
        return error


def _tolerant(what: str, read: Callable[[], Sequence[str]]) -> Answer:
    try:
        return Answer(tuple(read()))
    except (Fault, MethodFailed) as error:
        if isinstance(error, ClassMissing) and error.code is not None:
            # Of a fault without a code nobody knows what it denies.
            return Answer()
        return Answer(denied=(line(f"{what}:", str(error)),))


def _fits(row: Row, query: Query) -> bool:
    return all(match.fits(" ".join(row.texts(match.property)) if row.texts(match.property) else None) for match in query.match)


def _text(row: Row, name: str) -> str:
    return " ".join(row.texts(name))


def _is_network_path(service: Service) -> bool:
    return service.path.lstrip('" ').startswith("\\\\") and not service.path.lstrip('" ').startswith("\\\\?")


def _ranges(value: RegistryValue) -> bool:
    """Tell whether the value Ports can be read as ranges."""
    texts = value.data if isinstance(value.data, tuple) else ()
    ends = [part for text in texts for part in text.split("-")]
    return bool(ends) and all(end.strip().isdecimal() and 0 < int(end[:9]) <= 65535 for end in ends)


def _told(what: str, connection: Connection, subject: Explained | None) -> str:
    peer = f"{connection.peer_address}:{connection.peer_port} with tcp/{connection.local_port}"
    owner = " or ".join(subject.owners) if subject is not None else ""
    return line(what, "of", peer, f"({', '.join(part for part in (connection.process, owner) if part)})")
