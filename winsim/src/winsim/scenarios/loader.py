# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read scenario files strictly; all problems of a file are reported at once.

A file may be made of `parts` (files of the folder `parts/`, which are no scenarios by themselves) and may extend one other
scenario, which may extend one as well: mappings are merged, rows with the same name too, other lists are joined. `without` takes
rows away again. `rename` then gives services and ports other names throughout. Each file is read by itself first, so that a
problem is reported where it is; what only the whole can show (a missing key, a name that nothing has) is the scenario's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from winsim.host.faults import Fault
from winsim.host.firewall import LOCAL_RULES
from winsim.host.model import (
    SYSTEM,
    AccountSpec,
    AdapterSpec,
    ConnectionSpec,
    DnsClientSpec,
    EmptyList,
    ListenerSpec,
    MachineSpec,
    MapperSpec,
    NetbtSpec,
    ProcessSpec,
    QuotaSpec,
    RpcServerSpec,
    ServiceSpec,
    SocketSpec,
    WindowsSpec,
)
from winsim.registry_value import RegistryValue

from . import strict, wmi
from .layers import PARTS, Layer, ScenarioError, layers, name_of, names, part_titles, split, stack
from .merge import NAMED, STRUCTURE, TEXTS, check_once, check_rename, check_renamed, put_over, renamed
from .schema import DriverRow, FirewallTable, ServiceRow, Timing
from .strict import Problems

Row = TypeVar("Row")

__all__ = ["Scenario", "ScenarioError", "load_scenario", "names", "part_titles", "split"]

REQUIRED = ("title", "sources", "windows", "processes", "services", "mapper", "netbt", "dns_client", "accounts")
OPTIONAL = (
    "from_memory", "rename", "drivers", "adapters", "sockets", "rpc_servers", "dhcp_client", "connections", "listeners",
    "registry", "firewall", "wmi", "quotas", "faults", "empty_list", "timing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scenario:
    """One simulated host as a file describes it.

    Attributes:
        from_memory: what no source was found for.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    from_memory: tuple[str, ...]
    host: MachineSpec


def load_scenario(expression: str | Path) -> Scenario:
    """Read a scenario by name, from a file, or with parts over it: `windows_server_2022+role_web_server+hazard_rds`.

    Raises:
        ScenarioError: there is no such scenario or part, or a file is wrong.
    """
    path, over = split(expression)
    name = name_of(expression)
    found = layers(expression)
    wrong = [f"{layer.path.name}: {problem}" for layer in found for problem in _by_itself(layer)] if len(found) > 1 else []
    if wrong:
        raise ScenarioError("\n".join(wrong))
    document = stack(found)
    problems = Problems()
    check_rename(document.get("rename", {}), problems)
    check_renamed(document, problems)
    host = None if problems.found else _host(renamed(document), problems)
    if len(found) == 1:
        _check_once(document, problems)
    if problems.found or host is None:
        file = path.name if not over else name
        raise ScenarioError("\n".join(f"{file}: {problem}" for problem in problems.found))
    return Scenario(name, _title(found, over), _texts(document["sources"]), _texts(document.get("from_memory")), host)


def _title(found: tuple[Layer, ...], over: tuple[str, ...]) -> str:
    """Return the scenario's title and those of the parts that an expression lays over it."""
    titles = {layer.path.stem: str(layer.document["title"]) for layer in found if "title" in layer.document}
    scenario = [str(layer.document["title"]) for layer in found if "title" in layer.document and layer.path.parent.name != PARTS][-1:]
    return "; ".join([*scenario, *(titles[part] for part in over if part in titles)])


def _by_itself(layer: Layer) -> list[str]:
    """Return what is wrong with one file of several: all keys are optional, and those of rows that are told apart by a name."""
    problems = Problems()
    _check_keys(layer.document, problems)
    _check_once(layer.document, problems)
    check_rename(layer.document.get("rename", {}), problems)
    reader = _Reader(layer.document, problems, whole=False)
    reader.single()
    reader.tables()
    for key, kind in (("services", ServiceRow), ("drivers", DriverRow), ("processes", ProcessSpec)):
        reader.many(kind, key)
    return problems.found


def _check_once(document: Mapping[str, object], problems: Problems) -> None:
    """Note what a file says twice."""
    check_once(document, problems)
    wmi.check_once(document.get("wmi"), problems)


def _check_keys(document: Mapping[str, object], problems: Problems) -> None:
    """Note unknown keys, and texts that are none."""
    known = sorted({*REQUIRED, *OPTIONAL, *STRUCTURE})
    for key in document:
        if key not in known:
            problems.add(f"$.{key}", f"unknown key; known are {', '.join(known)}")
    for key in TEXTS:
        lines = document.get(key, [])
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            problems.add(f"$.{key}", "is no list of texts")


def _host(document: Mapping[str, object], problems: Problems) -> MachineSpec | None:
    _check_keys(document, problems)
    for key in REQUIRED:
        if key not in document:
            problems.add(f"$.{key}", "is missing")
    reader = _Reader(document, problems)
    windows, mapper, netbt, dns_client, timing = reader.single()
    tables = reader.tables()
    services, processes = _services(windows, reader, problems) if windows else ((), ())
    if windows is None or mapper is None or netbt is None or dns_client is None or timing is None or problems.found:
        return None
    host = MachineSpec(
        windows=windows,
        processes=processes,
        services=services,
        adapters=tables.adapters,
        sockets=tables.sockets,
        rpc_servers=tables.rpc_servers,
        mapper=mapper,
        netbt=netbt,
        dns_client=dns_client,
        dhcp_client=str(document.get("dhcp_client", "Dhcp")),
        connections=tables.connections,
        accounts=tables.accounts,
        listeners=tables.listeners,
        registry=tables.registry,
        wmi=tables.wmi,
        quotas=tables.quotas,
        faults=tables.faults,
        empty_list=tables.empty_list,
        shutdown_seconds=timing.shutdown,
        boot_seconds=timing.boot,
        delayed_start=timing.delayed_start,
        uptime=timing.uptime,
    )
    _check(host, problems)
    return host


@dataclass(frozen=True, slots=True)
class _Tables:
    """The parts of a host that are lists, or may be absent."""

    adapters: tuple[AdapterSpec, ...]
    sockets: tuple[SocketSpec, ...]
    rpc_servers: tuple[RpcServerSpec, ...]
    connections: tuple[ConnectionSpec, ...]
    accounts: tuple[AccountSpec, ...]
    listeners: tuple[ListenerSpec, ...]
    registry: dict[str, dict[str, RegistryValue]]
    wmi: wmi.Rows
    quotas: QuotaSpec
    faults: tuple[Fault, ...]
    empty_list: EmptyList


class _Reader:
    """The parts of one document, each read strictly; of one that is not `whole` others may bring what is missing."""

    def __init__(self, document: Mapping[str, object], problems: Problems, *, whole: bool = True) -> None:
        self._document = document
        self._problems = problems
        self._whole = whole

    def one(self, kind: type[Row], key: str) -> Row | None:
        if key not in self._document:
            return None
        return strict.record(kind, self._document[key], f"$.{key}", self._problems, given=None if self._whole else ())

    def many(self, kind: type[Row], key: str) -> tuple[Row, ...]:
        given = (NAMED[key],) if key in NAMED and not self._whole else None
        return tuple(strict.records(kind, self._document.get(key, []), f"$.{key}", self._problems, given=given))

    def single(self) -> tuple[WindowsSpec | None, MapperSpec | None, NetbtSpec | None, DnsClientSpec | None, Timing | None]:
        return (
            self.one(WindowsSpec, "windows"),
            self.one(MapperSpec, "mapper"),
            self.one(NetbtSpec, "netbt"),
            self.one(DnsClientSpec, "dns_client"),
            self.one(Timing, "timing") if "timing" in self._document else Timing(),
        )

    def tables(self) -> _Tables:
        return _Tables(
            adapters=self.many(AdapterSpec, "adapters"),
            sockets=self.many(SocketSpec, "sockets"),
            rpc_servers=self.many(RpcServerSpec, "rpc_servers"),
            connections=self.many(ConnectionSpec, "connections"),
            accounts=self.many(AccountSpec, "accounts"),
            listeners=self.many(ListenerSpec, "listeners"),
            registry=self._registry(),
            wmi=wmi.rows(self._document.get("wmi", {}), self._problems),
            quotas=self.one(QuotaSpec, "quotas") or QuotaSpec(),
            faults=self._faults(),
            empty_list=self._empty_list(),
        )

    def _registry(self) -> dict[str, dict[str, RegistryValue]]:
        """Return the values by key: firewall rules of the table for them lie below what `registry` has of the same name."""
        made = self._listed()
        table = self.one(FirewallTable, "firewall")
        if table is not None and table.rules:
            listed = next((key for key in made if key.lower() == LOCAL_RULES.lower()), LOCAL_RULES)
            made[listed] = put_over(table.values(), made.get(listed, {}))
        return made

    def _listed(self) -> dict[str, dict[str, RegistryValue]]:
        plain = self._document.get("registry", {})
        if not isinstance(plain, dict):
            self._problems.add("$.registry", "is no mapping")
            return {}
        return {str(key): self._values(str(key), values) for key, values in plain.items()}

    def _faults(self) -> tuple[Fault, ...]:
        plain = self._document.get("faults", [])
        if not isinstance(plain, list):
            self._problems.add("$.faults", "is no list")
            return ()
        read = [strict.fault(entry, f"$.faults[{index}]", self._problems) for index, entry in enumerate(plain)]
        return tuple(entry for entry in read if entry is not None)

    def _empty_list(self) -> EmptyList:
        read = strict.value(EmptyList, self._document.get("empty_list", EmptyList.TAKES.value), "$.empty_list", self._problems)
        return read if isinstance(read, EmptyList) else EmptyList.TAKES

    def _values(self, key: str, plain: object) -> dict[str, RegistryValue]:
        path = f"$.registry.{key}"
        if not isinstance(plain, dict):
            self._problems.add(path, "is no mapping")
            return {}
        read = {str(name): strict.registry_value(entry, f"{path}.{name}", self._problems) for name, entry in plain.items()}
        return {name: value for name, value in read.items() if value is not None}


def _services(windows: WindowsSpec, reader: _Reader, problems: Problems) -> tuple[tuple[ServiceSpec, ...], tuple[ProcessSpec, ...]]:
    """Return drivers and services, and the processes listed together with those that services bring themselves."""
    rows = reader.many(ServiceRow, "services")
    hosts = _own_processes(rows, windows, problems)
    for process in reader.many(ProcessSpec, "processes"):
        if process.id in hosts:
            problems.add("$.processes", f"{process.id} is listed, and a service brings a process of this id")
        hosts[process.id] = process
    made = [driver.driver(windows.directory) for driver in reader.many(DriverRow, "drivers")]
    for index, row in enumerate(rows):
        if row.host(windows) in hosts:
            made.append(row.service(hosts, windows))
        else:
            problems.add(f"$.services[{index}]", f"{row.name} has no image, and no process {row.host(windows)} is listed")
    return tuple(made), tuple(hosts.values())


def _own_processes(rows: tuple[ServiceRow, ...], windows: WindowsSpec, problems: Problems) -> dict[str, ProcessSpec]:
    """Return the processes that services bring, by id; services of one group share one, whose number any of them may say."""
    made: dict[str, ProcessSpec] = {}
    for index, row in enumerate(rows):
        process = row.own_process(windows)
        if process is None:
            continue
        known = made.get(process.id)
        if known is None or known.pid is None:
            made[process.id] = process
        elif process.pid not in (None, known.pid):
            problems.add(f"$.services[{index}].pid", f"{process.pid} is another than that of {process.id}, which is {known.pid}")
    return made


def _check(host: MachineSpec, problems: Problems) -> None:
    """Note every name that is used and not defined, and every one defined twice."""
    known = [service.name.lower() for service in host.services]
    for name in sorted({name for name in known if known.count(name) > 1}):
        problems.add("$.services", f"{name} is defined twice")
    used = [(f"$.services.{service.name}.depends", name) for service in host.services for name in service.depends]
    permanent = {process.id for process in host.processes if process.permanent}
    used += [("$.sockets", socket.owner) for socket in host.sockets if socket.owner not in permanent]
    used += [("$.rpc_servers", server.owner) for server in host.rpc_servers if server.owner not in permanent]
    used += [("$.mapper", host.mapper.service), ("$.netbt", host.netbt.driver), ("$.dns_client", host.dns_client.service)]
    used += [("$.dhcp_client", host.dhcp_client)]
    used += [(f"$.faults.{fault.kind}", str(fault.settings["service"])) for fault in host.faults if "service" in fault.settings]
    processes = {process.id for process in host.processes}
    used += [("$.connections", entry.owner) for entry in host.connections if entry.owner is not None and entry.owner not in processes]
    for path, name in used:
        if name.lower() not in known:
            problems.add(path, f"{name} is no service or driver of this host")
    for entry in host.sockets:
        between = entry.between
        if between and (entry.port or len(between) != 2 or between[0] > between[1]):
            problems.add("$.sockets", f"{entry.owner}: between is two ports, the lower first, of a socket without one of its own")
    if any(entry.owner is None and not (entry.inbound and entry.local_port) for entry in host.connections):
        problems.add("$.connections", "one without an owner must be inbound and name its local_port")
    windows = host.windows
    if not windows.first_port <= (windows.counts_from or windows.first_port) <= windows.last_port:
        problems.add("$.windows", "first_port, counts_from and last_port are not in this order")
    if SYSTEM not in processes:
        problems.add("$.processes", f"the process {SYSTEM} is missing")


def _texts(plain: object) -> tuple[str, ...]:
    return tuple(str(entry) for entry in plain) if isinstance(plain, list) else ()
