# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find, merge and read scenario files; all problems of a file are reported at once.

A file may extend one other, which itself extends none: mappings are merged, rows with the same name too, other lists are
joined. `rename` then gives services and ports other names throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
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
from .merge import merge, renamed
from .schema import DriverRow, ServiceRow, Timing
from .strict import Problems

FOLDER = Path(__file__).parent
KEYS = {
    "title", "sources", "from_memory", "extends", "rename", "windows", "processes", "services", "drivers", "adapters", "sockets",
    "rpc_servers", "mapper", "netbt", "dns_client", "dhcp_client", "connections", "accounts", "listeners", "registry", "faults", "empty_list", "timing",
}  # fmt: skip


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
    document = _document(path)
    base = document.get("extends")
    if base is not None:
        parent = _document(FOLDER / f"{base}.yml")
        if "extends" in parent:
            raise ScenarioError(f"{path.name}: $.extends: {base} extends another file itself")
        document = merge(parent, document)
    problems = Problems()
    host = _host(renamed(document), problems)
    if problems.found or host is None:
        raise ScenarioError("\n".join(f"{path.name}: {problem}" for problem in problems.found))
    return Scenario(
        path.stem, str(document["title"]), tuple(document["sources"]), tuple(document.get("from_memory", ())), host
    )


def _document(path: Path) -> dict[str, object]:
    if not path.is_file():
        raise ScenarioError(f"{path.name}: no such scenario; there are {', '.join(names())}")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path.name}: $: is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise ScenarioError(f"{path.name}: $: is no mapping")
    return document


def _host(document: Mapping[str, object], problems: Problems) -> HostSpec | None:
    for key in document:
        if key not in KEYS:
            problems.add(f"$.{key}", f"unknown key; known are {', '.join(sorted(KEYS))}")
    for key in ("title", "sources", "windows", "processes", "services", "mapper", "netbt", "dns_client", "accounts"):
        if key not in document:
            problems.add(f"$.{key}", "is missing")
    if problems.found:
        return None
    windows = strict.record(WindowsSpec, document["windows"], "$.windows", problems)
    processes = strict.records(ProcessSpec, document["processes"], "$.processes", problems)
    rows = strict.records(ServiceRow, document["services"], "$.services", problems)
    drivers = strict.records(DriverRow, document.get("drivers", []), "$.drivers", problems)
    mapper = strict.record(MapperSpec, document["mapper"], "$.mapper", problems)
    netbt = strict.record(NetbtSpec, document["netbt"], "$.netbt", problems)
    dns_client = strict.record(DnsClientSpec, document["dns_client"], "$.dns_client", problems)
    timing = strict.record(Timing, document.get("timing", {}), "$.timing", problems)
    sockets = strict.records(SocketSpec, document.get("sockets", []), "$.sockets", problems)
    rpc_servers = strict.records(RpcServerSpec, document.get("rpc_servers", []), "$.rpc_servers", problems)
    adapters = strict.records(AdapterSpec, document.get("adapters", []), "$.adapters", problems)
    connections = strict.records(ConnectionSpec, document.get("connections", []), "$.connections", problems)
    accounts = strict.records(AccountSpec, document["accounts"], "$.accounts", problems)
    listeners = strict.records(ListenerSpec, document.get("listeners", []), "$.listeners", problems)
    faults = [strict.fault(entry, f"$.faults[{index}]", problems) for index, entry in enumerate(_list(document.get("faults", [])))]
    empty_list = strict.value(EmptyList, document.get("empty_list", "takes"), "$.empty_list", problems)
    registry = _registry(document.get("registry", {}), problems)
    if windows is None or mapper is None or netbt is None or dns_client is None or timing is None or problems.found:
        return None
    services, hosts = _services(windows, processes, rows, drivers, problems)
    host = HostSpec(
        windows=windows,
        processes=hosts,
        services=services,
        adapters=tuple(adapters),
        sockets=tuple(sockets),
        rpc_servers=tuple(rpc_servers),
        mapper=mapper,
        netbt=netbt,
        dns_client=dns_client,
        dhcp_client=str(document.get("dhcp_client", "Dhcp")),
        connections=tuple(connections),
        accounts=tuple(accounts),
        listeners=tuple(listeners),
        registry=registry,
        faults=tuple(entry for entry in faults if entry is not None),
        empty_list=empty_list if isinstance(empty_list, EmptyList) else EmptyList.TAKES,
        shutdown_seconds=timing.shutdown,
        boot_seconds=timing.boot,
        delayed_start=timing.delayed_start,
    )
    _check(host, problems)
    return host


def _services(
    windows: WindowsSpec, processes: list[ProcessSpec], rows: list[ServiceRow], drivers: list[DriverRow], problems: Problems
) -> tuple[tuple[ServiceSpec, ...], tuple[ProcessSpec, ...]]:
    own = [process for process in (row.own_process() for row in rows) if process is not None]
    hosts = {process.id: process for process in (*processes, *own)}
    made = [driver.driver(windows.directory) for driver in drivers]
    for index, row in enumerate(rows):
        if (row.process or row.name) in hosts:
            made.append(row.service(hosts))
        else:
            problems.add(f"$.services[{index}]", f"{row.name} has no image, and no process {row.process or row.name} is listed")
    return tuple(made), tuple(hosts.values())


def _registry(plain: object, problems: Problems) -> dict[str, dict[str, RegistryValue]]:
    if not isinstance(plain, dict):
        problems.add("$.registry", "is no mapping")
        return {}
    made: dict[str, dict[str, RegistryValue]] = {}
    for key, values in plain.items():
        made[key] = {}
        for name, entry in (values or {}).items():
            value = strict.registry_value(entry, f"$.registry.{key}.{name}", problems)
            if value is not None:
                made[key][str(name)] = value
    return made


def _check(host: HostSpec, problems: Problems) -> None:
    """Note every name that is used and not defined, and every one defined twice."""
    known = [service.name.lower() for service in host.services]
    for name in sorted({name for name in known if known.count(name) > 1}):
        problems.add("$.services", f"{name} is defined twice")
    used = [(f"$.services.{service.name}.depends", name) for service in host.services for name in service.depends]
    used += [("$.sockets", socket.owner) for socket in host.sockets]
    used += [("$.rpc_servers", server.service) for server in host.rpc_servers]
    used += [("$.mapper", host.mapper.service), ("$.netbt", host.netbt.driver), ("$.dns_client", host.dns_client.service)]
    used += [("$.dhcp_client", host.dhcp_client)]
    processes = {process.id for process in host.processes}
    used += [("$.connections", entry.owner) for entry in host.connections if entry.owner not in processes]
    for path, name in used:
        if name.lower() not in known:
            problems.add(path, f"{name} is no service or driver of this host")
    if SYSTEM not in processes:
        problems.add("$.processes", f"the process {SYSTEM} is missing")


def _list(plain: object) -> list[object]:
    return plain if isinstance(plain, list) else [plain]
