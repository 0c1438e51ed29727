# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every stage needs to know of a host: its Windows, services, drivers, adapters, processes, management path.

Read once and kept as a value; a stage's own settings are read by the stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ansible_collections.netmin.windows.plugins.plugin_utils._core.answers import understood
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, ClassMissing, NotFound, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import Firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.nearest import perhaps
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, StartMode, Where, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rehearsal import Work
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilters
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import DomainRole, NtVersion, ProductType, Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge

from .guards import UNGUARDED, Guard

SERVICE_PROPERTIES = ("Name", "DisplayName", "State", "StartMode", "ServiceType", "PathName", "ExitCode", "AcceptStop", "ProcessId")
# Windows 2000 may not know ProcessId (from memory: it came with XP), and its netstat shows none to match it with.
DRIVER_PROPERTIES = SERVICE_PROPERTIES_2000 = SERVICE_PROPERTIES[:-1]
# Microsoft, Win32_Service class: since Windows 10 and Windows Server 2016.
DELAYED_PROPERTY, DELAYED_PROPERTY_SINCE = "DelayedAutoStart", NtVersion(10, 0)
# ERROR_SERVICE_NEVER_STARTED (Microsoft, system error codes): the exit code of a service that has not run since the boot.
NEVER_STARTED = 1077
# The drivers that a stage stops, that own listeners, or that carry the session.
DRIVERS = Where("Name", ("HTTP", "NetBT", "srv", "srv2", "srvnet"))
# Microsoft, Per-user services: the instance of a template is named after it and the LUID of the sign-in, in hexadecimal.
INSTANCE = re.compile(r"(.+)_[0-9a-f]{4,8}", re.IGNORECASE)
WINS_PROPERTIES = ("WINSPrimaryServer", "WINSSecondaryServer")
PROCESS_PROPERTIES = ("ProcessId", "Name", "CreationDate")
# Microsoft, Win32_OperatingSystem.OperatingSystemSKU: since Windows Vista. 175 is PRODUCT_SERVERRDSH, Enterprise multi-session: a client
# of Windows 10 or 11 whose ProductType is a server's.
SKU, MULTI_SESSION = "OperatingSystemSKU", 175
# Windows 7 and Server 2008 R2 came with WinRM 2.0. An older Windows may have it (KB968930): its listeners are at other ports than those
# of 1.1, 80 and 443 (Microsoft, "Installation and configuration for Windows Remote Management").
WINRM_2_SINCE, WINRM_2_PORTS = NtVersion(6, 1), (5985, 5986)
# MS-WSMV 2.2.4.10, product note 20: WinRM before 2.0 serves 5 connections in all, those of others included; 2.0 serves 25.
CONNECTIONS, CONNECTIONS_BEFORE_2 = 4, 2
COMPUTER_PROPERTIES = ("Name", "DomainRole", "Domain")
# Win32_Service.StartMode as it reads (Microsoft, Win32_Service class).
START_MODES = {
    "boot": StartMode.BOOT,
    "system": StartMode.SYSTEM,
    "auto": StartMode.AUTO,
    "manual": StartMode.MANUAL,
    "disabled": StartMode.DISABLED,
}


@dataclass(frozen=True, slots=True)
class Service:
    """A service or driver as the SCM shows it.

    Attributes:
        name: the key name, never the display name.
        state: as WMI says it ("Running", "Stop Pending").
        shared: whether it lives in a process with others.
        pid: its process while it runs; None for drivers and where it does not run.
        never_ran: it has not been started since the boot, so that nothing of it can be left in a process.
        delayed: it starts after the others where it starts by itself; None where WMI does not say.
        accepts_stop: as WMI says it (Microsoft, Win32_BaseService class), False of every one that does not run;
            True where WMI does not say.
        guard: what lets no administrator stop or change it, where the host was asked.
    """

    kind: ServiceKind
    name: str
    display_name: str
    state: str
    start_mode: StartMode
    shared: bool
    path: str
    pid: int | None
    never_ran: bool = False
    delayed: bool | None = None
    accepts_stop: bool = True
    guard: Guard = UNGUARDED

    @property
    def stopped(self) -> bool:
        """Fully stopped; anything pending or paused still holds its sockets."""
        return self.state == "Stopped"

    @property
    def takes_no_stop(self) -> bool:
        """It runs, and the SCM would refuse a stop; of anything that is pending nobody knows."""
        return self.state == "Running" and (not self.accepts_stop or bool(self.guard.stop))


@dataclass(frozen=True, slots=True)
class Adapter:
    """A network adapter as Win32_NetworkAdapterConfiguration shows it."""

    index: int
    description: str
    guid: str
    mac: str
    ip_enabled: bool
    dhcp: bool
    addresses: tuple[str, ...]
    wins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BootEvidence:
    """What tells one boot from another.

    Attributes:
        lsass_created: CreationDate of lsass.exe, the evidence: it does not move with the clock.
        last_boot: LastBootUpTime, which does, and is only shown.
        now: the host's own clock.
    """

    lsass_created: datetime | None
    last_boot: datetime | None
    now: datetime | None

    @property
    def mark(self) -> str:
        """The boot as text, equal for equal boots."""
        return self.lsass_created.isoformat() if self.lsass_created else ""

    @property
    def uptime(self) -> float | None:
        """Seconds since the boot: the smallest of what the host's clock says of it; None where it says nothing that can be.

        A clock that is set forward after lsass.exe was started makes that look old; LastBootUpTime moves along with the clock.
        """
        if self.now is None:
            return None
        starts = (start for start in (self.lsass_created, self.last_boot) if start is not None)
        # One that lies ahead is from before the clock was set back.
        passed = [seconds for start in starts if (seconds := (self.now - start).total_seconds()) >= 0]
        return min(passed, default=None)


@dataclass(frozen=True, slots=True)
class Host:
    """One host, read once.

    Attributes:
        dependents: for each key name, the names that depend on it directly.
        requires: the same the other way round.
        processes: name by pid.
        firewall: our rules, as far as they were needed; None before Windows Vista, or where nobody asked.
        rpc_filters: filters of RPC calls; None where nobody asked.
        ranges: the ports that the system hands out, by protocol, where the host was asked.
    """

    windows: Windows
    caption: str
    domain_role: DomainRole
    services: ByName[Service]
    dependents: ByName[tuple[str, ...]]
    requires: ByName[tuple[str, ...]]
    adapters: tuple[Adapter, ...]
    processes: Mapping[int, str]
    management: tuple[WinrmListener, ...]
    boot: BootEvidence
    firewall: Firewall | None = None
    rpc_filters: RpcFilters | None = None
    ranges: Mapping[Protocol, tuple[range, ...]] = field(default_factory=dict)

    @property
    def spare_connections(self) -> int:
        """How many connections the host can spare for us."""
        new = self.windows.nt >= WINRM_2_SINCE or any(item.enabled and item.port in WINRM_2_PORTS for item in self.management)
        return CONNECTIONS if new else CONNECTIONS_BEFORE_2

    def dynamic_ports(self, protocol: Protocol, knowledge: Knowledge) -> tuple[range, ...]:
        """Return the ports that the system hands out: as the host says, else as its Windows comes."""
        first, last = knowledge.versions[self.windows.id].dynamic_ports
        return self.ranges.get(protocol) or (range(first, last + 1),)

    def service(self, name: str) -> Service:
        """Return a service by key name; raise NotFound naming what was perhaps meant."""
        found = self.services.get(name)
        if found is not None:
            return found
        by_display = self._displayed(name)
        if by_display is not None:
            raise NotFound(f"'{name}' is a display name; the service's key name is '{excerpt(by_display.name)}'")
        raise NotFound(f"there is no service '{name}' on this host{perhaps(name, (s.name for s in self.services.values()))}")

    def is_display_name(self, name: str) -> bool:
        """Tell whether a service of another key name is displayed by this name."""
        return self._displayed(name) is not None

    def _displayed(self, name: str) -> Service | None:
        return next((s for s in self.services.values() if same(s.display_name, name)), None)

    def all_dependents(self, name: str) -> tuple[Service, ...]:
        """Return everything that depends on a service, nearest first, each once."""
        return self._closure(name, self.dependents)

    def all_required(self, name: str) -> tuple[Service, ...]:
        """Return everything that a service depends on, nearest first, each once."""
        return self._closure(name, self.requires)

    def _closure(self, name: str, edges: ByName[tuple[str, ...]]) -> tuple[Service, ...]:
        return tuple(self.services[other] for other in closure(name, edges) if other in self.services)

    @property
    def splits_groups(self) -> bool:
        """Whether services of one group live in several processes."""
        pids: dict[str, set[int]] = {}
        for service in self.services.values():
            if service.shared and service.pid is not None:
                pids.setdefault(service.path, set()).add(service.pid)
        return any(len(found) > 1 for found in pids.values())

    @property
    def uses_dhcp(self) -> bool:
        """Whether any adapter in use has its address from DHCP."""
        return any(adapter.dhcp and adapter.ip_enabled for adapter in self.adapters)


def read_host(reader: Reader, knowledge: Knowledge, *, planning: bool = True) -> Host:
    """Read a host.

    Args:
        planning: with what only a plan needs: adapters, and what depends on what.

    Raises:
        InvalidOption: a Windows older than all known ones.
        HostError: talking to it failed, or it says what cannot be.
    """
    system, computer = read_system(reader), _only(reader, "Win32_ComputerSystem", COMPUTER_PROPERTIES)
    processes = read_processes(reader)
    dependents, requires = read_dependencies(reader) if planning else (ByName[tuple[str, ...]](), ByName[tuple[str, ...]]())
    with understood(reader.host, "description of the host by WMI"):
        nt = NtVersion.parse(system.text("Version") or "")
        return Host(
            windows=knowledge.place(nt, system.number("BuildNumber") or 0, _product(system)),
            caption=" ".join((system.text("Caption") or "").split()),
            # Not to be guessed: gates depend on it.
            domain_role=DomainRole(_number(computer, "DomainRole")),
            services=read_services(reader, nt, dependents),
            dependents=dependents,
            requires=requires,
            adapters=read_adapters(reader) if planning else (),
            processes=_names(processes),
            management=read_management(reader),
            boot=boot_evidence(system, processes),
        )


def read_first(reader: Reader, knowledge: Knowledge) -> Host:
    """Read what has to be known before more than one connection is used: which Windows this is, and of which WinRM; the rest is empty.

    Raises:
        InvalidOption: a Windows older than all known ones.
        HostError: talking to it failed, or it says what cannot be.
    """
    system = read_system(reader)
    with understood(reader.host, "description of the host by WMI"):
        windows = knowledge.place(NtVersion.parse(system.text("Version") or ""), system.number("BuildNumber") or 0, _product(system))
    return Host(
        windows=windows,
        caption="",
        # Nobody decides anything by this one.
        domain_role=DomainRole.STANDALONE_WORKSTATION,
        services=ByName(),
        dependents=ByName(),
        requires=ByName(),
        adapters=(),
        processes={},
        management=read_management(reader) if windows.nt < WINRM_2_SINCE else (),
        boot=BootEvidence(None, None, None),
    )


def lists_of(first: Host, *, planning: bool) -> tuple[Work, ...]:
    """Return the work of `read_host` that needs no more than the first answers, what takes several answers in front."""
    return (
        *((read_dependencies,) if planning else ()),
        *services_listed(first.windows.nt),
        read_processes,
        *((read_adapters,) if planning else ()),
        read_management,
        lambda reader: reader.query("Win32_ComputerSystem", COMPUTER_PROPERTIES),
    )


def _names(processes: Iterable[Row]) -> dict[int, str]:
    return {row.number("ProcessId") or 0: row.text("Name") or "" for row in processes}


def with_newcomers(reader: Reader, host: Host, pids: Iterable[int | None]) -> Host:
    """Read processes and services once more where something that was listed belongs to a process that had not begun before."""
    if all(pid is None or pid in host.processes for pid in pids):
        return host
    reader.forget()
    services = read_services(reader, host.windows.nt, host.dependents)
    with understood(reader.host, "list of processes by WMI"):
        return replace(host, services=services, processes={**host.processes, **_names(read_processes(reader))})


def read_system(reader: Reader) -> Row:
    """Return the one row about the operating system, with all properties: which there are depends on the Windows."""
    return _only(reader, "Win32_OperatingSystem", ())


def read_nt(reader: Reader) -> NtVersion:
    """Return the version of Windows alone."""
    return NtVersion.parse(read_system(reader).text("Version") or "")


def _product(system: Row) -> ProductType:
    """Tell a client from a server, and a domain controller from others."""
    product = ProductType(_number(system, "ProductType"))
    return ProductType.WORKSTATION if system.number(SKU) == MULTI_SESSION else product


def _only(reader: Reader, wmi_class: str, properties: tuple[str, ...]) -> Row:
    """Return the one row of a class of which every host has one."""
    rows = reader.query(wmi_class, properties)
    if not rows:
        raise ProtocolError(f"WMI on {reader.host} shows no {wmi_class}; its repository may be damaged", host=reader.host)
    return rows[0]


def _number(row: Row, name: str) -> int:
    number = row.number(name)
    if number is None:
        raise ValueError(f"{row.class_name}.{name} is missing")
    return number


def read_services(reader: Reader, nt: NtVersion, dependents: ByName[tuple[str, ...]]) -> ByName[Service]:
    """Return all services, the drivers of interest and those that depend on one of them, by key name.

    While a dependent runs the SCM refuses the stop of what it depends on, whoever made it: one that nobody has heard of is asked for
    by its name.
    """
    rows = [(ServiceKind.SERVICE, row) for row in _service_rows(reader, nt)]
    rows += [(ServiceKind.DRIVER, row) for row in _driver_rows(reader)]
    with understood(reader.host, "list of services by WMI"):
        there = Names(row.text("Name") or "" for _kind, row in rows)
        further = tuple(dict.fromkeys(name for start in sorted(there) for name in closure(start, dependents) if name not in there))
        rows += [(ServiceKind.DRIVER, row) for row in reader.query("Win32_SystemDriver", DRIVER_PROPERTIES, where=Where("Name", further))]
        return ByName((service.name, service) for service in (_service(kind, row) for kind, row in rows))


def _service_rows(reader: Reader, nt: NtVersion) -> tuple[Row, ...]:
    properties = SERVICE_PROPERTIES if nt > NtVersion(5, 0) else SERVICE_PROPERTIES_2000
    if nt >= DELAYED_PROPERTY_SINCE:
        properties = (*properties, DELAYED_PROPERTY)
    return reader.query("Win32_Service", properties)


def _driver_rows(reader: Reader) -> tuple[Row, ...]:
    return reader.query("Win32_SystemDriver", DRIVER_PROPERTIES, where=DRIVERS)


def services_listed(nt: NtVersion) -> tuple[Work, ...]:
    """Return the work of `read_services` that is known before anything is asked."""
    return (lambda reader: _service_rows(reader, nt), _driver_rows)


def _service(kind: ServiceKind, row: Row) -> Service:
    return Service(
        kind=kind,
        name=row.text("Name") or "",
        display_name=row.text("DisplayName") or "",
        state=row.text("State") or "",
        # One that WMI cannot read may be started by anything.
        start_mode=START_MODES.get((row.text("StartMode") or "").lower(), StartMode.MANUAL),
        shared=(row.text("ServiceType") or "").lower().startswith("share"),
        path=(row.text("PathName") or "").lower(),
        pid=row.number("ProcessId") or None,
        never_ran=row.number("ExitCode") == NEVER_STARTED,
        delayed=row.flag(DELAYED_PROPERTY),
        accepts_stop=row.flag("AcceptStop") is not False,
    )


def template_of(name: str, windows: Windows, knowledge: Knowledge) -> str | None:
    """Return the template of which a service is the instance for one sign-in, or None for any other service."""
    found = INSTANCE.fullmatch(name)
    entry = knowledge.template(found[1], windows) if found else None
    return entry.name if entry else None


def read_dependencies(reader: Reader) -> tuple[ByName[tuple[str, ...]], ByName[tuple[str, ...]]]:
    """Return direct dependents by what they depend on, and the reverse."""
    edges: list[tuple[str, str]] = []
    for row in reader.query("Win32_DependentService"):
        antecedent, dependent = row.reference("Antecedent"), row.reference("Dependent")
        if antecedent is None or dependent is None:
            continue
        needed, needing = antecedent.keys.get("Name", ""), dependent.keys.get("Name", "")
        edges.append((needed, needing))
    return _by_first(edges), _by_first((needing, needed) for needed, needing in edges)


def _by_first(pairs: Iterable[tuple[str, str]]) -> ByName[tuple[str, ...]]:
    lists: dict[str, list[str]] = {}
    for first, second in pairs:
        lists.setdefault(first.lower(), []).append(second)
    return ByName({key: tuple(values) for key, values in lists.items()})


def closure(name: str, edges: ByName[tuple[str, ...]]) -> tuple[str, ...]:
    """Return every name that is reached from one, nearest first, each once."""
    found: dict[str, str] = {}
    queue = list(edges.get(name, ()))
    while queue:
        other = queue.pop(0)
        if not same(name, other) and other.lower() not in found:
            found[other.lower()] = other
            queue += edges.get(other, ())
    return tuple(found.values())


def read_adapters(reader: Reader) -> tuple[Adapter, ...]:
    """Return all adapters that WMI knows. All properties are asked for: an array in a projection was never recorded."""
    return tuple(
        Adapter(
            index=row.number("Index") or 0,
            description=row.text("Description") or "",
            guid=row.text("SettingID") or "",
            mac=row.text("MACAddress") or "",
            ip_enabled=bool(row.flag("IPEnabled")),
            dhcp=bool(row.flag("DHCPEnabled")),
            addresses=row.texts("IPAddress"),
            wins=tuple(a for name in WINS_PROPERTIES for a in row.texts(name) if a),
        )
        for row in reader.query("Win32_NetworkAdapterConfiguration")
    )


def read_processes(reader: Reader) -> tuple[Row, ...]:
    """Return pid, name and creation date of every process; none where the host does not show them: an owner is then a service alone."""
    try:
        return reader.query("Win32_Process", PROCESS_PROPERTIES)
    except AccessDenied:
        return ()


def read_management(reader: Reader) -> tuple[WinrmListener, ...]:
    """Return WinRM's own listeners; empty where the host refuses to show them."""
    try:
        return reader.winrm_listeners()
    except (AccessDenied, ClassMissing):
        return ()


def boot_evidence(system: Row, processes: Iterable[Row]) -> BootEvidence:
    """Take the evidence of a boot from rows of Win32_OperatingSystem and Win32_Process."""
    lsass = next((row for row in processes if same(row.text("Name") or "", "lsass.exe")), None)
    return BootEvidence(
        lsass_created=lsass.moment("CreationDate") if lsass else None,
        last_boot=system.moment("LastBootUpTime"),
        now=system.moment("LocalDateTime"),
    )


def read_boot(reader: Reader) -> BootEvidence:
    """Read only the evidence of a boot."""
    system = read_system(reader)
    lsass = reader.query("Win32_Process", PROCESS_PROPERTIES, where=Where("Name", ("lsass.exe",)))
    with understood(reader.host, "evidence of the boot by WMI"):
        return boot_evidence(system, lsass)
