# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host in memory, made of plain data, behind the protocols `Reader` and `Writer`; it records every call.

It knows no stage and no recipe: it answers as the wire does (text only, null arrays absent, wrong types refused)
and does to its own data what a verb says, nothing more. Sockets do not follow from its state: a test says what
netstat shows, before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ClassMissing, MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule, fields_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import (
    CIMV2,
    STANDARD_CIMV2,
    CommandOutput,
    NotRead,
    Read,
    Reader,
    ServiceKind,
    StartMode,
    Where,
    WinrmListener,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import Grant, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row, Value
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import PageHeard
from ansible_collections.netmin.windows.tests.unit.fake_rpc_filters import FakeFilters

T = TypeVar("T")

TYPE_MISMATCH = 0x80041005
FIREWALL_RULES = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
WRITES = (
    "set_value",
    "delete_value",
    "delete_key",
    "set_empty_list_by_command",
    "start",
    "stop",
    "set_start_mode",
    "set_netbios",
    "add_filter_rule",
    "remove_filter_rule",
    "create_key",
    "run_line",
    "create_service",
    "start_detaching",
    "reboot",
)


@dataclass
class FakeService:
    """A service or driver as the SCM knows it; `start` in the words that WMI reads."""

    name: str
    display: str = ""
    start: str = "Auto"
    state: str = "Running"
    kind: ServiceKind = ServiceKind.SERVICE
    path: str = r"C:\own.exe"
    shared: bool = False
    pid: int | None = None
    depends: tuple[str, ...] = ()
    accepts_stop: bool = True


@dataclass
class FakeAdapter:
    """A network adapter as WMI shows it."""

    index: int
    description: str
    guid: str
    addresses: tuple[str, ...] = ()
    mac: str | None = None
    dhcp: bool = False

    @property
    def ip(self) -> bool:
        """Whether IP is bound to it."""
        return bool(self.addresses)


@dataclass
class FakeHost:
    """The state of one host; tests change it as they like.

    Attributes:
        registry: values by key below HKLM and name, compared without case.
        netstat: what the command shows; of several the first is shown once and dropped, the last stays.
        empty_lists: what SetMultiStringValue makes of an empty list: "takes", "refuses" or "ignores" it.
        stop_polls: how often a service that stops or starts still shows Stop Pending or Start Pending.
        netbios_needs_boot: what SetTcpipNetbios says of itself.
        categories: NetworkCategory of each connected interface; None where the class does not exist.
        empty_classes: WMI classes that show no instance.
        line_output: what a whole command line writes and returns, given the line.
        filters: of RPC calls; None where the host has no such command.
        start_code: what StartService returns for a service that cannot become running.
    """

    version: str = "5.1.2600"
    build: int = 2600
    product: int = 1
    caption: str = "Microsoft  Windows"
    domain_role: int = 0
    lsass_created: str | None = "2003-05-01T08:00:10Z"
    last_boot: str = "2003-05-01T08:00:00Z"
    clock: str = "2003-05-01T09:00:10Z"
    services: list[FakeService] = field(default_factory=list)
    adapters: list[FakeAdapter] = field(default_factory=list)
    processes: dict[int, str] = field(default_factory=dict)
    registry: dict[str, dict[str, RegistryValue]] = field(default_factory=dict)
    netstat: list[str] = field(default_factory=list)
    netstat_exit: int = 0
    listeners: list[WinrmListener] | None = field(default_factory=list)
    empty_lists: str = "takes"
    stop_polls: int = 0
    netbios_needs_boot: bool = False
    categories: list[int] | None = None
    empty_classes: set[str] = field(default_factory=set)
    line_output: Callable[[str], CommandOutput] = field(default=lambda _line: CommandOutput("", "", 0))
    start_code: int = 7
    filters: FakeFilters | None = None

    def service(self, name: str) -> FakeService:
        """Return a service by key name."""
        return next(service for service in self.services if service.name.lower() == name.lower())

    def put(self, key: str, name: str, value: RegistryValue | None) -> None:
        """Set a registry value, or remove it."""
        values = self.registry.setdefault(self._key(key) or key, {})
        for known in [known for known in values if known.lower() == name.lower()]:
            del values[known]
        if value is not None:
            values[name] = value

    def get(self, key: str, name: str) -> RegistryValue | None:
        """Return a registry value."""
        values = self.registry.get(self._key(key) or "", {})
        return next((value for known, value in values.items() if known.lower() == name.lower()), None)

    def values(self, key: str) -> dict[str, RegistryValue] | None:
        """Return a key's values; None where the key is absent."""
        found = self._key(key)
        if found is not None:
            return self.registry[found]
        return {} if self.children(key) else None

    def children(self, key: str) -> tuple[str, ...]:
        """Return the names of a key's subkeys."""
        prefix = key.lower() + "\\"
        names = {known[len(prefix) :].partition("\\")[0] for known in self.registry if known.lower().startswith(prefix)}
        return tuple(sorted(names))

    def _key(self, key: str) -> str | None:
        return next((known for known in self.registry if known.lower() == key.lower()), None)


class FakeSession:
    """`Reader` and `Writer` over a FakeHost.

    Attributes:
        calls: every call in order: the verb, then its arguments.
        before: called with each call before it is done; may raise, or change the host.
        after: the same once it has been done: raising there loses the answer.
    """

    def __init__(self, fake: FakeHost, *, host: str = "host.example") -> None:
        self.fake = fake
        self.name = host
        self.calls: list[tuple[object, ...]] = []
        self.before: Callable[[tuple[object, ...]], None] = _ignore
        self.after: Callable[[tuple[object, ...]], None] = _ignore
        self._pending: dict[str, int] = {}
        # No page goes over any wire.
        self.heard: tuple[PageHeard, ...] = ()

    @property
    def host(self) -> str:
        """The address that messages name."""
        return self.name

    @property
    def writes(self) -> list[tuple[object, ...]]:
        """The calls that change something, in order."""
        return [call for call in self.calls if call[0] in WRITES]

    def _call(self, *call: object) -> None:
        self.calls.append(call)
        self.before(call)

    # --- reads --------------------------------------------------------------------------------------------------

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        """Return rows of a class."""
        self._call("query", wmi_class, tuple(properties), where)
        tables: dict[str, Callable[[], Iterable[Mapping[str, Value]]]] = {
            "Win32_OperatingSystem": self._system,
            "Win32_ComputerSystem": self._computer,
            "Win32_Service": lambda: self._services(ServiceKind.SERVICE),
            "Win32_SystemDriver": lambda: self._services(ServiceKind.DRIVER),
            "Win32_DependentService": self._dependencies,
            "Win32_NetworkAdapterConfiguration": self._adapters,
            "Win32_Process": self._processes,
        }
        if (wmi_class, namespace) == ("MSFT_NetFirewallRule", STANDARD_CIMV2) and not self.fake.version.startswith(("5.", "6.0", "6.1")):
            found = [row for row in self._rules() if where is None or _matches(row, where)]
            return tuple(Row(wmi_class, _project(row, properties)) for row in found)
        if (wmi_class, namespace) == ("MSFT_NetConnectionProfile", STANDARD_CIMV2) and self.fake.categories is not None:
            return tuple(Row(wmi_class, {"NetworkCategory": str(category)}) for category in self.fake.categories)
        if wmi_class not in tables or namespace != CIMV2:
            raise ClassMissing(f"no class {wmi_class}", host=self.host, code=0x80041010, subcode="")
        if wmi_class in self.fake.empty_classes:
            return ()
        rows = [row for row in tables[wmi_class]() if where is None or _matches(row, where)]
        return tuple(Row(wmi_class, _project(row, properties)) for row in rows)

    def value(self, key: str, name: str, kind: RegistryType) -> RegistryValue | None:
        """Return a registry value; another type is refused as StdRegProv does."""
        self._call("value", key, name, kind)
        found = self.fake.get(key, name)
        if found is not None and found.type is not kind:
            raise MethodFailed(f"type mismatch on {name}", host=self.host, return_value=TYPE_MISMATCH)
        return found

    def value_types(self, key: str) -> Mapping[str, RegistryType] | None:
        """Return names and types of a key's values."""
        self._call("value_types", key)
        values = self.fake.values(key)
        return None if values is None else {name: value.type for name, value in values.items()}

    def subkeys(self, key: str) -> tuple[str, ...] | None:
        """Return the names of a key's subkeys."""
        self._call("subkeys", key)
        return None if self.fake.values(key) is None else self.fake.children(key)

    def has_key(self, key: str) -> bool:
        """Tell whether a key is there."""
        self._call("has_key", key)
        return self.fake.values(key) is not None

    def grants(self, key: str) -> tuple[Grant, ...] | None:
        """Let administrators alone write."""
        self._call("grants", key)
        return None if self.fake.values(key) is None else (Grant("S-1-5-32-544", "Administrators", 0xF003F),)

    def open_shell(self) -> None:
        """Let it be open."""
        self._call("open_shell")

    def command(self, *arguments: str) -> CommandOutput:
        """Show what netstat shows now, or find the firewall's rules of ours."""
        self._call("command", *arguments)
        if arguments[:3] == ("netsh", "rpc", "filter"):
            return CommandOutput("" if self.fake.filters is None else self.fake.filters.listing(), "", 0)
        if arguments[0] == "reg":
            found = [
                (row["InstanceID"], row["ElementName"]) for row in self._rules() if str(row["ElementName"]).startswith("netmin.windows ")
            ]
            lines = "".join(f"    {name}    REG_SZ    v2.10|Name={rule}|\r\n" for name, rule in found)
            return CommandOutput(f"\r\nHKEY_LOCAL_MACHINE\\{FIREWALL_RULES}\r\n{lines}\r\nEnde\r\n", "", 0 if found else 1)
        shown = self.fake.netstat
        return CommandOutput(shown.pop(0) if len(shown) > 1 else "".join(shown), "", self.fake.netstat_exit)

    def winrm_listeners(self) -> tuple[WinrmListener, ...]:
        """Return WinRM's own listeners; None in the host means that it does not show them."""
        self._call("winrm_listeners")
        if self.fake.listeners is None:
            raise ClassMissing("no configuration", host=self.host, code=None, subcode="")
        return tuple(self.fake.listeners)

    def ahead(self, wants: Callable[[], Iterable[Read]], *, over: int) -> None:
        """Read nothing: answers come at once."""

    def recall(self, read: Callable[[Reader], T]) -> T:
        """Remember nothing."""
        raise NotRead

    def forget(self) -> None:
        """Note that what was read is old."""
        self._call("forget")

    def _rules(self) -> list[Mapping[str, Value]]:
        texts = self.fake.values(FIREWALL_RULES) or {}
        return [{"InstanceID": name, "ElementName": fields_of(str(value.data)).get("Name", "")} for name, value in texts.items()]

    def _system(self) -> list[Mapping[str, Value]]:
        fake = self.fake
        return [
            {
                "Version": fake.version,
                "BuildNumber": str(fake.build),
                "ProductType": str(fake.product),
                "Caption": fake.caption,
                "CSDVersion": None,
                "LastBootUpTime": fake.last_boot,
                "LocalDateTime": fake.clock,
            }
        ]

    def _computer(self) -> list[Mapping[str, Value]]:
        return [{"Name": "HOST", "DomainRole": str(self.fake.domain_role), "Domain": "WORKGROUP"}]

    def _services(self, kind: ServiceKind) -> list[Mapping[str, Value]]:
        return [self._service(service) for service in self.fake.services if service.kind is kind]

    def _service(self, service: FakeService) -> Mapping[str, Value]:
        left = self._pending.get(service.name.lower())
        if left:
            self._pending[service.name.lower()] = left - 1
        elif left == 0:
            del self._pending[service.name.lower()]
            started = service.state == "Start Pending"
            service.state, service.pid = ("Running", service.pid) if started else ("Stopped", None)
        return {
            "Name": service.name,
            "DisplayName": service.display or service.name,
            "State": service.state,
            "StartMode": service.start,
            "ServiceType": "Share Process" if service.shared else "Own Process",
            "PathName": service.path,
            "AcceptStop": "true" if service.state == "Running" and service.accepts_stop else "false",
            "ProcessId": str(service.pid or 0),
        }

    def _dependencies(self) -> list[Mapping[str, Value]]:
        kinds = {service.name.lower(): str(service.kind) for service in self.fake.services}
        return [
            {
                "Antecedent": Reference(kinds.get(needed.lower(), "Win32_SystemDriver"), {"Name": needed}),
                "Dependent": Reference(str(service.kind), {"Name": service.name}),
            }
            for service in self.fake.services
            for needed in service.depends
        ]

    def _adapters(self) -> list[Mapping[str, Value]]:
        rows: list[Mapping[str, Value]] = []
        for adapter in self.fake.adapters:
            row: dict[str, Value] = {
                "Index": str(adapter.index),
                "Description": adapter.description,
                "SettingID": adapter.guid,
                "MACAddress": adapter.mac,
                "IPEnabled": str(adapter.ip).lower(),
                "DHCPEnabled": str(adapter.dhcp).lower(),
            }
            if adapter.addresses:
                # An array of one looks like a scalar, an empty one is absent.
                row["IPAddress"] = adapter.addresses if len(adapter.addresses) > 1 else adapter.addresses[0]
            rows.append(row)
        return rows

    def _processes(self) -> list[Mapping[str, Value]]:
        created = self.fake.lsass_created
        return [
            {"ProcessId": str(pid), "Name": name, "CreationDate": created if name.lower() == "lsass.exe" else None}
            for pid, name in self.fake.processes.items()
        ]

    # --- writes -------------------------------------------------------------------------------------------------

    def set_value(self, key: str, name: str, value: RegistryValue) -> None:
        """Write a registry value."""
        self._call("set_value", key, name, value)
        empty = value.type is RegistryType.MULTI_SZ and not value.data
        if empty and self.fake.empty_lists == "refuses":
            raise MethodFailed("SetMultiStringValue: invalid parameter", host=self.host, return_value=0x80041008)
        if not (empty and self.fake.empty_lists == "ignores"):
            self.fake.put(key, name, value)
        self.after(("set_value", key, name, value))

    def delete_value(self, key: str, name: str) -> None:
        """Delete a registry value."""
        self._call("delete_value", key, name)
        self.fake.put(key, name, None)
        self.after(("delete_value", key, name))

    def set_empty_list_by_command(self, key: str, name: str) -> None:
        """Write an empty list as `reg add` does."""
        self._call("set_empty_list_by_command", key, name)
        self.fake.put(key, name, RegistryValue.texts(()))
        self.after(("set_empty_list_by_command", key, name))

    def stop(self, kind: ServiceKind, name: str) -> None:
        """Stop a service; it shows Stop Pending for a while."""
        self._call("stop", kind, name)
        service = self.fake.service(name)
        if service.kind is not kind:
            raise ClassMissing(f"no {kind} {name}", host=self.host, code=None, subcode="")
        running = [s.name for s in self.fake.services if name.lower() in map(str.lower, s.depends) and s.state == "Running"]
        if running:
            raise MethodFailed(f"StopService on '{name}': {running} depend on it", host=self.host, return_value=3)
        if service.state != "Stopped":
            service.state = "Stop Pending"
            self._pending[service.name.lower()] = self.fake.stop_polls
        self.after(("stop", kind, name))

    def start(self, kind: ServiceKind, name: str) -> None:
        """Start a service that is not disabled, and what it depends on."""
        self._call("start", kind, name)
        service = self.fake.service(name)
        if service.start == "Disabled":
            raise MethodFailed(f"StartService on '{name}': disabled", host=self.host, return_value=14)
        for needed in [s for s in self.fake.services if s.name.lower() in map(str.lower, (service.name, *service.depends))]:
            needed.state = "Start Pending" if self.fake.stop_polls else "Running"
            self._pending[needed.name.lower()] = self.fake.stop_polls
        self.after(("start", kind, name))

    def delete_key(self, key: str) -> None:
        """Delete a key without subkeys."""
        self._call("delete_key", key)
        if self.fake.children(key):
            raise MethodFailed(f"DeleteKey on '{key}'", host=self.host, return_value=5)
        for known in [known for known in self.fake.registry if known.lower() == key.lower()]:
            del self.fake.registry[known]
        self.after(("delete_key", key))

    def set_start_mode(self, kind: ServiceKind, name: str, mode: StartMode) -> None:
        """Change a start mode."""
        self._call("set_start_mode", kind, name, mode)
        self.fake.service(name).start = mode.value.capitalize()
        self.after(("set_start_mode", kind, name, mode))

    def set_netbios(self, index: int, option: int) -> bool:
        """Set NetBIOS over TCP/IP on an adapter; return whether a boot is needed."""
        self._call("set_netbios", index, option)
        adapter = next(adapter for adapter in self.fake.adapters if adapter.index == index)
        if not adapter.ip:
            raise MethodFailed("SetTcpipNetbios: IP not enabled on adapter", host=self.host, return_value=84)
        key = rf"SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces\Tcpip_{adapter.guid}"
        self.fake.put(key, "NetbiosOptions", RegistryValue.dword(int(option)))
        self.after(("set_netbios", index, option))
        return self.fake.netbios_needs_boot

    def add_filter_rule(self, rule: FilterRule) -> None:
        """Add a firewall rule as netsh does, under a name that the firewall makes up, and its program with the variable expanded."""
        self._call("add_filter_rule", rule)
        number = sum(call[0] == "add_filter_rule" for call in self.calls)
        protocol = {"tcp": 6, "udp": 17}[rule.protocol]
        owner = f"App={rule.program.replace('%SystemRoot%', 'C:' + chr(92) + 'Windows')}|" if rule.program else ""
        owner += f"Svc={rule.service}|" if rule.service else ""
        text = f"v2.26|Action=Block|Active=TRUE|Dir=In|Protocol={protocol}|LPort={rule.ports}|{owner}Name={rule.name}|"
        self.fake.put(FIREWALL_RULES, f"{{00000000-0000-0000-0000-{number:012X}}}", RegistryValue.text(text))
        self.after(("add_filter_rule", rule))

    def remove_filter_rule(self, name: str, *, certain: bool) -> None:
        """Delete every firewall rule of a name."""
        self._call("remove_filter_rule", name, certain)
        rules = self.fake.values(FIREWALL_RULES) or {}
        found = [value_name for value_name, value in rules.items() if fields_of(str(value.data)).get("Name") == name]
        if certain and not found:
            raise MethodFailed(f"no rule '{name}'", host=self.host, return_value=1)
        for value_name in found:
            self.fake.put(FIREWALL_RULES, value_name, None)
        self.after(("remove_filter_rule", name))

    def create_key(self, key: str) -> None:
        """Make a registry key."""
        self._call("create_key", key)
        self.fake.registry.setdefault(key, {})
        self.after(("create_key", key))

    def run_line(self, line: str) -> CommandOutput:
        """Run a whole command line as the host says."""
        self._call("run_line", line)
        filters = self.fake.filters
        output = CommandOutput(*filters.run(line), 0) if filters is not None and "netsh rpc" in line else self.fake.line_output(line)
        self.after(("run_line", line))
        return output

    def create_service(self, name: str, command: str) -> None:
        """Make a service."""
        self._call("create_service", name, command)
        self.fake.services.append(FakeService(name, state="Stopped", path=command))
        self.after(("create_service", name, command))

    def start_detaching(self, name: str) -> int:
        """Ask a service to start that cannot become running."""
        self._call("start_detaching", name)
        return self.fake.start_code

    def reboot(self) -> None:
        """Note that a restart was asked for."""
        self._call("reboot")


class FakeClock:
    """A clock that a test moves: sleeping takes no time.

    Attributes:
        slept: every wait, in order.
        ticks: called with the time after each wait.
    """

    def __init__(self, ticks: Callable[[float], None] | None = None) -> None:
        self.time = 0.0
        self.slept: list[float] = []
        self.ticks = ticks

    def now(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.time += seconds
        if self.ticks is not None:
            self.ticks(self.time)


def _ignore(_call: tuple[object, ...]) -> None:
    """Do nothing."""


def _matches(row: Mapping[str, Value], where: Where) -> bool:
    shown = str(row.get(where.property) or "").lower()
    return shown in [str(value).lower() for value in where.values]


def _project(row: Mapping[str, Value], properties: Sequence[str]) -> Mapping[str, Value]:
    if not properties:
        return row
    return {name: row.get(name) for name in properties}
