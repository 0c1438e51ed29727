# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find, merge and read scenario files; all problems of a file are reported at once.

A file may be made of `parts` (files of the folder `parts/`, which are no scenarios by themselves) and may extend one other
scenario, which itself extends none: mappings are merged, rows with the same name too, other lists are joined. `without` takes
rows away again. `rename` then gives services and ports other names throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.faults import Fault
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.model import (
    SYSTEM,
    AccountSpec,
    AdapterSpec,
    ConnectionSpec,
    DnsClientSpec,
    EmptyList,
    HostSpec,
    ListenerSpec,
    MapperSpec,
    NetbtSpec,
    ProcessSpec,
    RpcServerSpec,
    ServiceSpec,
    SocketSpec,
    WindowsSpec,
)

from . import strict
from .merge import merge, renamed, without
from .schema import DriverRow, ServiceRow, Timing
from .strict import Problems

Row = TypeVar("Row")

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: a scenario is read ten times faster."""

FOLDER = Path(__file__).parent
PARTS = FOLDER / "parts"
REQUIRED = ("title", "sources", "windows", "processes", "services", "mapper", "netbt", "dns_client", "accounts")
OPTIONAL = (
    "from_memory", "extends", "rename", "drivers", "adapters", "sockets", "rpc_servers", "dhcp_client", "connections", "listeners",
    "registry", "faults", "empty_list", "timing",
)  # fmt: skip


class ScenarioError(ValueError):
    """A scenario file is wrong; the message holds one line per problem."""


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
    host: HostSpec


def names() -> tuple[str, ...]:
    """Return the names of all scenarios that come with the collection."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Read a scenario by name, or from a file.

    Raises:
        ScenarioError: there is no such scenario, or its file is wrong.
    """
    path = Path(name_or_path)
    if path.suffix != ".yml":
        path = FOLDER / f"{name_or_path}.yml"
    problems = Problems()
    document = _put_together(path, problems)
    host = _host(renamed(document), problems)
    if problems.found or host is None:
        raise ScenarioError("\n".join(f"{path.name}: {problem}" for problem in problems.found))
    return Scenario(path.stem, str(document["title"]), _texts(document["sources"]), _texts(document.get("from_memory")), host)


def _put_together(path: Path, problems: Problems) -> dict[str, object]:
    """Merge a file with all that it is made of: the scenario it extends, its parts, its own content."""
    own = _document(path)
    layers = [*_parts(path, own), own]
    base = own.get("extends")
    if base is not None:
        below = FOLDER / f"{base}.yml"
        parent = _document(below)
        if "extends" in parent:
            raise ScenarioError(f"{path.name}: $.extends: {base} extends another file itself")
        layers = [*_parts(below, parent), parent, *layers]
    merged: dict[str, object] = {}
    for layer in layers:
        away = layer.get("without", {})
        if isinstance(away, dict):
            merged, missing = without(merged, away)
            for name in missing:
                problems.add("$.without", f"there is no row {name} to take away")
        else:
            problems.add("$.without", "is no mapping")
        merged = merge(merged, layer)
    return merged


def _parts(path: Path, document: Mapping[str, object]) -> list[dict[str, object]]:
    named = document.get("parts", [])
    if not isinstance(named, list):
        raise ScenarioError(f"{path.name}: $.parts: is no list")
    parts = []
    for name in named:
        file = PARTS / f"{name}.yml"
        if not file.is_file():
            known = ", ".join(sorted(part.stem for part in PARTS.glob("*.yml")))
            raise ScenarioError(f"{path.name}: $.parts: there is no part {name}; there are {known}")
        part = _document(file)
        for key in ("extends", "parts"):
            if key in part:
                raise ScenarioError(f"{file.name}: $.{key}: a part is made of nothing else")
        parts.append(part)
    return parts


def _document(path: Path) -> dict[str, object]:
    if not path.is_file():
        raise ScenarioError(f"{path.name}: no such scenario; there are {', '.join(names())}")
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path.name}: $: is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise ScenarioError(f"{path.name}: $: is no mapping")
    return document


def _host(document: Mapping[str, object], problems: Problems) -> HostSpec | None:
    for key in document:
        if key not in REQUIRED + OPTIONAL:
            problems.add(f"$.{key}", f"unknown key; known are {', '.join(sorted(REQUIRED + OPTIONAL))}")
    for key in REQUIRED:
        if key not in document:
            problems.add(f"$.{key}", "is missing")
    reader = _Reader(document, problems)
    windows = reader.one(WindowsSpec, "windows")
    mapper = reader.one(MapperSpec, "mapper")
    netbt = reader.one(NetbtSpec, "netbt")
    dns_client = reader.one(DnsClientSpec, "dns_client")
    timing = reader.one(Timing, "timing") if "timing" in document else Timing()
    tables = reader.tables()
    services, processes = _services(windows, reader, problems) if windows else ((), ())
    if windows is None or mapper is None or netbt is None or dns_client is None or timing is None or problems.found:
        return None
    host = HostSpec(
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
    faults: tuple[Fault, ...]
    empty_list: EmptyList


class _Reader:
    """The parts of one document, each read strictly."""

    def __init__(self, document: Mapping[str, object], problems: Problems) -> None:
        self._document = document
        self._problems = problems

    def one(self, kind: type[Row], key: str) -> Row | None:
        if key not in self._document:
            return None
        return strict.record(kind, self._document[key], f"$.{key}", self._problems)

    def many(self, kind: type[Row], key: str) -> tuple[Row, ...]:
        return tuple(strict.records(kind, self._document.get(key, []), f"$.{key}", self._problems))

    def tables(self) -> _Tables:
        return _Tables(
            adapters=self.many(AdapterSpec, "adapters"),
            sockets=self.many(SocketSpec, "sockets"),
            rpc_servers=self.many(RpcServerSpec, "rpc_servers"),
            connections=self.many(ConnectionSpec, "connections"),
            accounts=self.many(AccountSpec, "accounts"),
            listeners=self.many(ListenerSpec, "listeners"),
            registry=self._registry(),
            faults=self._faults(),
            empty_list=self._empty_list(),
        )

    def _registry(self) -> dict[str, dict[str, RegistryValue]]:
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
    own = [process for process in (row.own_process(windows) for row in rows) if process is not None]
    hosts = {process.id: process for process in (*own, *reader.many(ProcessSpec, "processes"))}
    made = [driver.driver(windows.directory) for driver in reader.many(DriverRow, "drivers")]
    for index, row in enumerate(rows):
        if row.host(windows) in hosts:
            made.append(row.service(hosts, windows))
        else:
            problems.add(f"$.services[{index}]", f"{row.name} has no image, and no process {row.host(windows)} is listed")
    return tuple(made), tuple(hosts.values())


def _check(host: HostSpec, problems: Problems) -> None:
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
    processes = {process.id for process in host.processes}
    used += [("$.connections", entry.owner) for entry in host.connections if entry.owner not in processes]
    for path, name in used:
        if name.lower() not in known:
            problems.add(path, f"{name} is no service or driver of this host")
    if SYSTEM not in processes:
        problems.add("$.processes", f"the process {SYSTEM} is missing")


def _texts(plain: object) -> tuple[str, ...]:
    return tuple(str(entry) for entry in plain) if isinstance(plain, list) else ()
