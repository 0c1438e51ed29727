# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host is made of as installed: frozen values that a scenario file is read into.

Says nothing about the present state; `machine.Machine` starts from these and never changes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum, StrEnum
from typing import TYPE_CHECKING, Annotated

from winsim.endpoint import Protocol
from winsim.limits import Address, AnyPort, Count, Dword, IPv4, IPv6, Moment, Port, Seconds, Version, one_of, within
from winsim.registry_value import RegistryValue

from .faults import Fault

if TYPE_CHECKING:
    from .found import Found

SYSTEM = "System"
"""The id of the kernel's own process, in which all drivers run."""

SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
"""The key below which every service and driver has its own."""


LaunchProtected = Annotated[int, within(0, 3)]
"""The value LaunchProtected of a service's key; 0 where there is none."""


class StartMode(IntEnum):
    """The value `Start` of a service's key."""

    BOOT = 0
    SYSTEM = 1
    AUTO = 2
    MANUAL = 3
    DISABLED = 4


class State(Enum):
    """What the service control manager says of a service or driver."""

    STOPPED = "stopped"
    START_PENDING = "start pending"
    STOP_PENDING = "stop pending"
    RUNNING = "running"


class At(Enum):
    """To which addresses a socket is bound."""

    WILDCARD = "wildcard"
    ADAPTERS = "adapters"
    LOOPBACK = "loopback"


class Language(Enum):
    """In which language a Windows speaks."""

    ENGLISH = "en"
    GERMAN = "de"
    JAPANESE = "ja"

    @property
    def code_page(self) -> str:
        """The console's code page, as Python names it."""
        return {"en": "cp437", "de": "cp850", "ja": "cp932"}[self.value]


class WinRM(Enum):
    """Versions of WinRM."""

    ONE = "1.1"
    TWO = "2.0"
    THREE = "3.0"


class Trigger(StrEnum):
    """What starts (or, where it says so, stops) a service that waits for it."""

    DEVICE = "device"
    ADDRESS, NO_ADDRESS = "address", "no address"
    DOMAIN, NO_DOMAIN = "domain", "no domain"
    PORT, NO_PORT = "port", "no port"
    POLICY, USER_POLICY = "policy", "user policy"
    RPC, PIPE = "rpc", "pipe"
    STATE = "state"
    CUSTOM = "custom"
    AGGREGATE = "aggregate"


@dataclass(frozen=True, slots=True)
class Ago:
    """A time of a WMI row: so many seconds before the host was first looked at."""

    seconds: float


RowValue = str | int | bool | datetime | Ago | tuple[str | int | bool, ...] | None
"""One property of a WMI row that a scenario lists; a tuple is a CIM array."""


class Category(Enum):
    """What kind of network an adapter is connected to, which is also the firewall's profile for it."""

    DOMAIN = "domain"
    PRIVATE = "private"
    PUBLIC = "public"


class EmptyList(Enum):
    """What the registry provider does with a REG_MULTI_SZ that is written with no element (not known for real hosts)."""

    TAKES = "takes"
    REFUSES = "refuses"
    IGNORES = "ignores"


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process; `permanent` ones start with the system and never end, others live with their services."""

    id: str
    name: str
    command: str
    pid: Count | None = None
    permanent: bool = False
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service or driver by its key name.

    Attributes:
        process: id of the process that hosts it; several services may share one.
        depends: key names of services and drivers that must run first.
        demanded: something on this system starts it at each boot although its start mode is Manual.
        protected: its security descriptor lets no administrator stop or change it through the service control manager.
        delayed: an Auto service that starts only after the delay of `MachineSpec.delayed_start`.
        triggers: what starts or stops it by its key's subkey TriggerInfo, in this order; `demanded` ones are started by it at each boot.
        launch_protected: its key's value LaunchProtected (1 Windows, 2 Windows light, 3 antimalware light); 0 where there is none.
        split_disabled: it shares its group's svchost even where every other service has one of its own (SvcHostSplitDisable).
        by_hand: somebody started it after the last boot; the next one does not.
        per_user: the template of a per-user service; it never runs, its instances do.
        template: of an instance, the name of its template.
        program: its image is a program that is no service: it runs when it is started, and never answers the service control manager.
        idle: an automatic one that does not run some time after a boot: it waits for something, or its work is soon done.
        in_group: what it depends on beside `depends`, as members of a load order group.
        kind: its type in the words of WMI, where those of the other attributes are not all.
    """

    name: str
    display: str
    start: StartMode
    process: str
    image: str
    driver: bool = False
    shared: bool = False
    depends: tuple[str, ...] = ()
    accepts_stop: bool = True
    demanded: bool = False
    delayed: bool = False
    protected: bool = False
    triggers: tuple[Trigger, ...] = ()
    launch_protected: LaunchProtected = 0
    split_disabled: bool = False
    by_hand: bool = False
    per_user: bool = False
    template: str = ""
    program: bool = False
    idle: bool = False
    in_group: tuple[str, ...] = ()
    kind: str = ""
    account: str = "LocalSystem"
    description: str = ""

    @property
    def lasting(self) -> str:
        """The name that it has on every boot."""
        return self.template or self.name


@dataclass(frozen=True, slots=True)
class SwitchSpec:
    """A DWORD that keeps something from being opened; its owner reads it when it starts, or heeds it at once (`live`)."""

    key: str
    name: str
    data: Dword
    live: bool = False


@dataclass(frozen=True, slots=True)
class SocketSpec:
    """A port that its owner opens when it starts and closes when it stops; `kernel` ones belong to the System process.

    Attributes:
        owner: a service, a driver, or the id of a process: then it is open as long as that runs.
        addresses: where it is bound, in place of `at`.
        port: 0 takes a dynamic one, or a random one `between` two ports, the first and the last of them, at each start.
        orphaned: the process that bound it has ended, and another one has inherited it: it is shown with the number of no process, and
            stays until the next boot, whatever becomes of its owner.
        ipv4_only: no second socket for IPv6.
        shared: others may bind the same address, too (SO_REUSEADDR).
    """

    owner: str
    protocol: Protocol
    port: AnyPort
    at: tuple[At, ...] = (At.WILDCARD,)
    addresses: tuple[Address, ...] = ()
    kernel: bool = False
    ipv4_only: bool = False
    shared: bool = False
    between: tuple[Port, ...] = ()
    orphaned: bool = False
    unless: tuple[SwitchSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class RpcServerSpec:
    """Dynamic RPC endpoints.

    Attributes:
        owner: the service that registers them, or the id of a permanent process that does so by itself.
        all_interfaces: an interface restriction does not touch it.
        late: a process's own: not at its start but when a boot has started its services.
    """

    owner: str
    transports: tuple[Protocol, ...]
    all_interfaces: bool = False
    late: bool = False
    unless: tuple[SwitchSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class MapperSpec:
    """The endpoint mapper, with the COM service control manager: one service, one port on TCP and UDP."""

    service: str
    port: Port = 135


@dataclass(frozen=True, slots=True)
class NetbtSpec:
    """The driver behind NetBIOS over TCP/IP, with its ports; raw SMB is its own up to 5.2 only (None: another driver's).

    Attributes:
        wins: the WINS servers that each connected adapter names, the primary first.
    """

    driver: str
    names: Port = 137
    datagrams: Port = 138
    sessions: Port = 139
    raw_smb: Port | None = 445
    wins: tuple[IPv4, ...] = ()


@dataclass(frozen=True, slots=True)
class DnsClientSpec:
    """The caching DNS client; `cached` when one socket is kept for all requests (Windows XP), else one per request."""

    service: str
    cached: bool = False


@dataclass(frozen=True, slots=True)
class AdapterSpec:
    """One network interface.

    Attributes:
        rpc_index: the interface index that `rpccfg -l` shows.
        index: the adapter's number in the system's own list, None for the loopback, which is not in it.
        more_addresses: its other IPv4 addresses; NetBIOS over TCP/IP is at the first one alone (from memory).
        ipv6: its IPv6 addresses as Windows writes them, with their zone.
        appears: how many seconds after each boot it appears, as one that is plugged in or dialled; None is there from the start.
        netbios: 0 as the DHCP server says, 1 on, 2 off; None where the adapter has no IP.
        category: the kind of its network; None is what Windows takes by itself (`MachineSpec.category`).
    """

    name: str
    guid: str
    index: Count | None = None
    rpc_index: Count | None = None
    address: IPv4 | None = None
    more_addresses: tuple[IPv4, ...] = ()
    mask: IPv4 = "255.255.255.0"
    ipv6: tuple[IPv6, ...] = ()
    gateway: Address | None = None
    dns: tuple[Address, ...] = ()
    dhcp: bool = False
    dhcp_server: IPv4 | None = None
    mac: str | None = None
    netbios: Annotated[int, within(0, 2)] | None = None
    driver: str = ""
    loopback: bool = False
    category: Category | None = None
    appears: Seconds | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """All its IPv4 addresses."""
        return () if self.address is None else (self.address, *self.more_addresses)

    @property
    def connected(self) -> bool:
        """It has an address that others know."""
        return self.address is not None and not self.loopback


class TcpState(Enum):
    """The states of a connection, as netstat names them."""

    SYN_SENT = "syn_sent"
    SYN_RECEIVED = "syn_received"
    ESTABLISHED = "established"
    FIN_WAIT_1 = "fin_wait_1"
    FIN_WAIT_2 = "fin_wait_2"
    CLOSE_WAIT = "close_wait"
    CLOSING = "closing"
    LAST_ACK = "last_ack"
    TIME_WAIT = "time_wait"


@dataclass(frozen=True, slots=True)
class ConnectionSpec:
    """One TCP connection: outgoing ones take a local port, inbound ones are accepted on a socket of their owner.

    Attributes:
        state: it stays in this state as long as it is shown; nobody holds one in TIME_WAIT, so that it shows process 0.
        owner: a service, or a process id; the connection lives as long as it does. None: who listens on `local_port` (inbound).
        local_port: None takes a dynamic port (outgoing) or the owner's first TCP listener (inbound).
        reopened: the connection is there again after a boot.
    """

    remote_address: Address
    remote_port: Port
    owner: str | None = None
    local_port: Port | None = None
    inbound: bool = False
    reopened: bool = True
    state: TcpState = TcpState.ESTABLISHED


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """A local account."""

    user: str
    password: str = field(repr=False)
    administrator: bool = False


@dataclass(frozen=True, slots=True)
class ListenerSpec:
    """One listener of the management service, as configured."""

    address: str = "*"
    transport: Annotated[str, one_of("HTTP", "HTTPS")] = "HTTP"
    port: Port = 5985
    hostname: str = ""
    enabled: bool = True
    url_prefix: str = "wsman"
    certificate_thumbprint: str = ""


@dataclass(frozen=True, slots=True)
class QuotaSpec:
    """Limits of WinRM that somebody has changed; None is as it ships. 0 is without limit, but for sizes and times."""

    max_batch_items: Count | None = None
    max_connections: Count | None = None
    max_envelope_kb: Count | None = None
    max_memory_per_shell_mb: Count | None = None
    max_operations_per_user: Count | None = None
    max_processes_per_shell: Count | None = None
    max_shell_users: Count | None = None
    max_shells_per_user: Count | None = None
    enumeration_idle_seconds: Seconds | None = None
    shell_idle_seconds: Seconds | None = None


@dataclass(frozen=True, slots=True)
class WindowsSpec:
    """Which Windows this is, and what tells it from others.

    Attributes:
        first_port, last_port: the dynamic range.
        counts_from: the dynamic port that is taken first, where that is not the range's first.
        ipv6: whatever binds all addresses binds those of IPv6, too.
        split_services: each service of a group has an svchost of its own (Windows 10 1703 and later), else a group shares one.
        signed_in: somebody signs in right after each boot, so that per-user services have instances.
        language: of the console's texts.
        winrm: the version of WinRM where it is not the one that this Windows usually has.
        selective_binding: an RPC interface restriction given as index list is obeyed (the article: Windows 2000 only).
        false_listening: netstat shows the source port of an outgoing connection as listening (the article).
        netstat_pids: netstat knows `-o`.
        tools: commands that are in the box, besides netstat and net.
        absent: names of properties that this Windows does not have yet, by class.
        domain_role: 0 and 1 work station, 2 and 3 server, stand-alone and member; 4 and 5 backup and primary domain controller.
        joined: a member of its domain, whatever `domain_role` says of a stand-alone one.
        hypervisor: it runs on one that shows itself.
        remote_shells: WinRM's own setting AllowRemoteShellAccess (winrm/config/winrs), which counts where no policy says it.
    """

    version: Version
    build: Count
    product_type: Annotated[int, within(1, 3)]
    caption: str
    service_pack: Count
    directory: str
    computer: str
    domain: str
    domain_role: Annotated[int, within(0, 5)]
    installed: Moment
    manufacturer: str = "NetMin"
    model: str = "Simulated computer"
    joined: bool = False
    hypervisor: bool = False
    remote_shells: bool = True
    architecture: str | None = None
    sku: Count | None = None
    first_port: Port = 1025
    last_port: Port = 5000
    counts_from: Port | None = None
    ipv6: bool = False
    split_services: bool = True
    signed_in: bool = False
    language: Language = Language.ENGLISH
    winrm: WinRM | None = None
    selective_binding: bool = False
    false_listening: bool = True
    netstat_pids: bool = True
    tools: tuple[str, ...] = ()
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def kernel(self) -> tuple[int, int]:
        """The first two numbers of the version, by which classes and properties came."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def role(self) -> int:
        """What Win32_ComputerSystem says in DomainRole."""
        return self.domain_role + 1 if self.joined and self.domain_role in (0, 2) else self.domain_role

    @property
    def member(self) -> bool:
        """It belongs to its domain: DomainRole 1 and 3 are members, 4 and 5 domain controllers (Microsoft, Win32_ComputerSystem)."""
        return self.role in (1, 3, 4, 5)

    @property
    def server(self) -> bool:
        """It is a server, domain controllers included (Microsoft, Win32_OperatingSystem: ProductType 1 is a work station)."""
        return self.product_type != 1


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """Everything about one host as a scenario describes it.

    Attributes:
        wmi: rows of WMI classes that nothing else gives, by class.
        uptime: how long it has been up when it is first looked at.
        found: what was there when somebody captured it; None for a host that is made up.
    """

    windows: WindowsSpec
    processes: tuple[ProcessSpec, ...]
    services: tuple[ServiceSpec, ...]
    adapters: tuple[AdapterSpec, ...]
    sockets: tuple[SocketSpec, ...]
    rpc_servers: tuple[RpcServerSpec, ...]
    mapper: MapperSpec
    netbt: NetbtSpec
    dns_client: DnsClientSpec
    dhcp_client: str
    connections: tuple[ConnectionSpec, ...]
    accounts: tuple[AccountSpec, ...]
    listeners: tuple[ListenerSpec, ...]
    registry: Mapping[str, Mapping[str, RegistryValue]]
    wmi: Mapping[str, tuple[Mapping[str, RowValue], ...]] = field(default_factory=dict)
    quotas: QuotaSpec = field(default_factory=QuotaSpec)
    faults: tuple[Fault, ...] = ()
    empty_list: EmptyList = EmptyList.TAKES
    shutdown_seconds: float = 0.5
    boot_seconds: float = 2.0
    delayed_start: float = 120.0
    uptime: float = 0.0
    found: Found | None = None

    def category(self, adapter: AdapterSpec) -> Category:
        """Return the kind of an adapter's network: a member is in its domain's, and a network is public unless somebody says otherwise."""
        if adapter.category is not None:
            return adapter.category
        return Category.DOMAIN if self.windows.member else Category.PUBLIC
