# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a stage may ask of a host, and what the driver may do to it. Protocols only.

Stages get a `Reader`; only the one driver that applies plans gets a `Writer`. Both raise errors of
`_core.errors` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from .filter import FilterRule
from .registry import Grant, RegistryType, RegistryValue
from .row import Row

T = TypeVar("T")

CIMV2 = "root/cimv2"
STANDARD_CIMV2 = "root/StandardCimv2"


class ServiceKind(StrEnum):
    """Which WMI class controls the object (Win32_Service lists no drivers)."""

    SERVICE = "Win32_Service"
    DRIVER = "Win32_SystemDriver"


class StartMode(StrEnum):
    """Start modes in our words. WMI reads Auto and writes Automatic: the session translates."""

    BOOT = "boot"
    SYSTEM = "system"
    AUTO = "auto"
    MANUAL = "manual"
    DISABLED = "disabled"

    @property
    def starts_by_itself(self) -> bool:
        """Whether a boot starts the service, or loads the driver, without anybody's asking."""
        return self in (StartMode.BOOT, StartMode.SYSTEM, StartMode.AUTO)


@dataclass(frozen=True, slots=True)
class Where:
    """A WQL condition: the property equals one of the values."""

    property: str
    values: tuple[str | int | bool, ...]


COLLECTED = "netmin.windows collect"
"""What stands in place of errors where somebody ran a command at the console, and its output was carried here."""


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """What a command in a WinRS shell wrote and returned; decoded leniently, never templated."""

    stdout: str
    stderr: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class WinrmListener:
    """One row of WinRM's listener configuration, as the host sees itself."""

    address: str
    transport: str
    port: int
    enabled: bool


class NotRead(Exception):
    """The answer to a read is not remembered."""


@dataclass(frozen=True, slots=True)
class QueryRead:
    """`Reader.query`."""

    wmi_class: str
    properties: tuple[str, ...] = ()
    where: Where | None = None
    namespace: str = CIMV2


@dataclass(frozen=True, slots=True)
class ValueRead:
    """`Reader.value`."""

    key: str
    name: str
    kind: RegistryType


@dataclass(frozen=True, slots=True)
class TypesRead:
    """`Reader.value_types`."""

    key: str


@dataclass(frozen=True, slots=True)
class SubkeysRead:
    """`Reader.subkeys`."""

    key: str


@dataclass(frozen=True, slots=True)
class GrantsRead:
    """`Reader.grants`."""

    key: str


@dataclass(frozen=True, slots=True)
class ListenersRead:
    """`Reader.winrm_listeners`."""


@dataclass(frozen=True, slots=True)
class CommandRead:
    """`Reader.command`."""

    arguments: tuple[str, ...]


Read = QueryRead | ValueRead | TypesRead | SubkeysRead | GrantsRead | ListenersRead | CommandRead
"""A read as a value: what `Reader.ahead` takes."""


class Reader(Protocol):
    """Read-only access to one host. Identical reads are asked once between two writes."""

    @property
    def host(self) -> str:
        """The address that messages name."""

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        """Return rows of a class; without `properties` all of them (derived classes may differ).

        Raises:
            ClassMissing: the host has no such class or namespace, or refuses the query.
        """

    def value(self, key: str, name: str, kind: RegistryType) -> RegistryValue | None:
        """Return a registry value below HKLM; None where the value or its key is absent.

        Raises:
            MethodFailed: the value has another type (0x80041005) or may not be read.
        """

    def value_types(self, key: str) -> Mapping[str, RegistryType] | None:
        """Return names and types of a key's values; None where the key is absent."""

    def subkeys(self, key: str) -> tuple[str, ...] | None:
        """Return the names of a key's subkeys; None where the key is absent."""

    def has_key(self, key: str) -> bool:
        """Tell whether a key is there; asks the host only where no earlier read has told."""

    def grants(self, key: str) -> tuple[Grant, ...] | None:
        """Return whom the access list of a key allows what, from Windows Vista on; None where the key is absent."""

    def command(self, *arguments: str) -> CommandOutput:
        """Run one of the read-only commands of the guard's table (`netstat`, `-ano`) and return its output, never cached."""

    def open_shell(self) -> None:
        """Open the command shell that the next command is run in, unless it is open.

        Raises:
            AccessDenied: the host opens none for this account.
        """

    def winrm_listeners(self) -> tuple[WinrmListener, ...]:
        """Return WinRM's own listener configuration."""

    def ahead(self, wants: Callable[[], Iterable[Read]], *, over: int) -> None:
        """Ask side by side, where that is quicker, and remember the answers; what is not announced is asked in its turn.

        Args:
            wants: returns what is to be read and not remembered yet; asked again as answers come, on which further reads may depend.
            over: how many connections the host can spare.
        """

    def recall(self, read: Callable[[Reader], T]) -> T:
        """Do a read from what is remembered.

        Raises:
            NotRead: the host would have to be asked.
        """

    def forget(self) -> None:
        """Drop what was read: time has passed, or the host has booted."""


class Writer(Reader, Protocol):
    """Changes to one host. Every verb drops what was read; none is ever repeated on our own."""

    def set_value(self, key: str, name: str, value: RegistryValue) -> None:
        """Write a registry value, creating the key and its parents where absent."""

    def delete_value(self, key: str, name: str) -> None:
        """Delete a registry value; one that is absent already is no error."""

    def delete_key(self, key: str) -> None:
        """Delete a key without subkeys; one that is absent already is no error."""

    def set_empty_list_by_command(self, key: str, name: str) -> None:
        """Write an empty REG_MULTI_SZ with `reg add` in a command shell."""

    def stop(self, kind: ServiceKind, name: str) -> None:
        """Ask a service or driver to stop; one that has stopped already is no error. Returns when accepted, not when stopped."""

    def start(self, kind: ServiceKind, name: str) -> None:
        """Ask a service or driver to start; one that runs already is no error. Returns when accepted."""

    def set_start_mode(self, kind: ServiceKind, name: str, mode: StartMode) -> None:
        """Change a start mode through the SCM."""

    def set_netbios(self, index: int, option: int) -> bool:
        """Set NetBIOS over TCP/IP on the adapter with this WMI index; return whether a boot is needed."""

    def add_filter_rule(self, rule: FilterRule) -> None:
        """Add an inbound block rule with `netsh advfirewall` in a command shell."""

    def remove_filter_rule(self, name: str, *, certain: bool) -> None:
        """Delete every firewall rule of a name with `netsh advfirewall`; none of that name is an error only if `certain`."""

    def create_key(self, key: str) -> None:
        """Make a registry key and its parents; one that is there already is no error."""

    def run_line(self, line: str) -> CommandOutput:
        """Run a whole command line that may change the host in a command shell, and return what it wrote, whatever its exit code."""

    def create_service(self, name: str, command: str) -> None:
        """Make a service of its own process that the host starts at every boot, as LocalSystem."""

    def start_detaching(self, name: str) -> int:
        """Ask a service to start whose command leaves something behind and ends; return what StartService returned."""

    def reboot(self) -> None:
        """Ask for a forced restart. A lost answer is not an error here: the boot itself is the evidence."""
