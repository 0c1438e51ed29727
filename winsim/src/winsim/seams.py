# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `wire/` asks of a host, and nothing else: the seam between the SOAP side and the Windows side.

`wire/` knows these protocols and no host; `providers/` implements them over `host/` and knows no SOAP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from winsim.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Reference:
    """A REF property: the path of another instance in the same namespace."""

    class_name: str
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Embedded:
    """An instance inside a property or parameter."""

    class_name: str
    properties: Mapping[str, Value]


Scalar = str | int | bool | datetime | Reference | Embedded | None
"""A CIM scalar; datetimes are aware, in UTC."""

Value = Scalar | list[Scalar]
"""A property or parameter; a list is a CIM array (a null array is None with the property in `arrays`)."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One WMI instance: its own class (may be derived from the one asked for), keys and properties."""

    class_name: str
    keys: tuple[str, ...]
    properties: Mapping[str, Value]
    arrays: frozenset[str] = field(default_factory=frozenset)


class Problem(Enum):
    """Why a WMI operation cannot be done; the wire turns each into the fault that Windows sends."""

    INVALID_CLASS = "invalid class"
    INVALID_NAMESPACE = "invalid namespace"
    INVALID_QUERY = "invalid query"
    NOT_FOUND = "not found"
    INVALID_METHOD = "invalid method"
    INVALID_PARAMETER = "invalid parameter"
    MISSING_KEYS = "selectors missing"
    UNKNOWN_KEYS = "unexpected selectors"
    ACCESS_DENIED = "access denied"
    TIMED_OUT = "timed out"
    QUOTA = "quota exceeded"
    FAILED = "failed"


class WmiError(Exception):
    """A WMI operation failed before it began; a method's non-zero ReturnValue is not one.

    Attributes:
        code, subcode: those of the fault, where a real host has been seen to answer it.
    """

    def __init__(self, problem: Problem, detail: str = "", *, code: int | None = None, subcode: str = "") -> None:
        super().__init__(f"{problem.value}: {detail}" if detail else problem.value)
        self.problem = problem
        self.detail = detail
        self.code = code
        self.subcode = subcode


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows of a WQL query; `projection` holds the columns selected, or None for `select *`."""

    rows: Sequence[Instance]
    projection: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class ConsoleResult:
    """What a command wrote and returned; bytes in the console's code page."""

    stdout: bytes
    stderr: bytes
    exit_code: int


class Wmi(Protocol):
    """WMI of one host. Namespaces are written `root/cimv2`, compared without case, as are all names."""

    def enumerate(self, namespace: str, class_name: str) -> Sequence[Instance]:
        """Return all instances of a class and of those derived from it."""

    def query(self, namespace: str, wql: str) -> QueryResult:
        """Run one WQL select."""

    def get(self, namespace: str, class_name: str, keys: Mapping[str, str]) -> Instance:
        """Return the one instance that these keys name; a singleton takes none."""

    def invoke(
        self, namespace: str, class_name: str, keys: Mapping[str, str], method: str, arguments: Mapping[str, list[str] | str | None]
    ) -> Mapping[str, Value]:
        """Call a method. Arguments arrive as text (a list where the element was repeated, None for nil).

        Returns the out parameters in schema order, ReturnValue included; an array without elements is left out.
        """


class Execution(Protocol):
    """A command line that was started."""

    @property
    def result(self) -> ConsoleResult | None:
        """What it wrote and returned, None while it runs."""

    @property
    def processes(self) -> int:
        """How many processes it consists of now, those included that it left to themselves."""

    def end(self) -> None:
        """End it, with all that it has started."""


@dataclass(frozen=True, slots=True)
class ShellOptions:
    """What the commands of one shell have in common.

    Attributes:
        code_page: of their output; None is the system's own.
        environment: variables beside those that every process has; an empty value takes one of these away.
        directory: where they begin; empty is where every command shell begins.
        memory: megabytes that their processes may take together; 0 is without limit.
    """

    code_page: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    memory: int = 0


class Console(Protocol):
    """The command shell of one host."""

    def start(self, command: str, arguments: Sequence[str], options: ShellOptions) -> Execution:
        """Start one command line as `cmd.exe /c` would.

        Raises:
            NotADirectoryError: it was to begin in a directory that is not there.
        """


@dataclass(frozen=True, slots=True)
class WinrmListener:
    """One row of WinRM's own listener configuration."""

    address: str
    transport: str
    port: int
    hostname: str
    enabled: bool
    url_prefix: str
    certificate_thumbprint: str
    listening_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Client:
    """The other end of a connection to the management service."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class RpcOffer:
    """An RPC interface that answers at a port."""

    uuid: str
    major: int
    minor: int


@dataclass(frozen=True, slots=True)
class RpcEntry:
    """One entry of the endpoint map; `endpoint` is a port or the name of a pipe."""

    uuid: str
    major: int
    minor: int
    sequence: str
    endpoint: str
    address: str
    annotation: str


class Computer(Protocol):
    """One simulated host as the wire sees it."""

    name: str
    wmi: Wmi

    @property
    def console(self) -> Console:
        """The command shell."""

    @property
    def up(self) -> bool:
        """False while the host is shut down or booting: no connection is accepted or kept."""

    @property
    def winrm_version(self) -> str | None:
        """The version of WinRM, or None for the one that its Windows usually has."""

    @property
    def quotas(self) -> Mapping[str, float]:
        """What somebody has changed of the limits of WinRM as it ships, by the names of a scenario."""

    @property
    def shells_allowed(self) -> bool:
        """False where a policy forbids new remote shells."""

    def visited(self, clients: Sequence[Client]) -> None:
        """Take note of who is connected to the management service now, until told otherwise or the host boots."""

    def winrm_listeners(self) -> Sequence[WinrmListener]:
        """Return WinRM's listener configuration."""

    def authenticate(self, user: str, password: str) -> str | None:
        """Return the account's canonical name, or None if user and password do not match."""

    def may_execute(self, account: str) -> bool:
        """Tell whether the account may invoke methods and open shells (an administrator), not only read."""

    def password_of(self, user: str) -> str | None:
        """Return an account's password, for challenge/response schemes that need it."""

    def rpc_map(self) -> Sequence[RpcEntry]:
        """Return what the endpoint mapper lists now."""

    def rpc_offers(self, port: int) -> Sequence[RpcOffer] | None:
        """Return the RPC interfaces that answer at a TCP port now; None where no RPC server listens there."""

    def rpc_refuses(self, uuid: str, account: str | None) -> bool:
        """Tell whether a filter of the host refuses calls over TCP to an interface.

        Args:
            account: who has logged in; None for an anonymous client.
        """

    @property
    def rpc_anonymous(self) -> bool:
        """Whether the endpoint mapper answers clients that have not logged in."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """One change of state that something outside asked for; a write of what was there already is one, too."""

    subject: str
    target: str
    before: object
    after: object


class Bench(Protocol):
    """What the testers' window and the real sockets ask of a host, beyond what the wire asks."""

    def endpoints(self) -> Sequence[Endpoint]:
        """Return every socket that listens (TCP) or is bound (UDP) now, with its PID, whatever `netstat` would show."""

    def exposed(self) -> Sequence[Endpoint]:
        """Return those of `endpoints` for which the host's firewall lets packets from outside through.

        Who opens real sockets follows these. What is bound to the loopback is among them: no firewall filters it.
        """

    def stealthy(self) -> bool:
        """Tell whether a port without a listener answers nothing to who is outside; else the host refuses."""

    def state(self) -> Mapping[str, object]:
        """Return what a change can alter, as plain types and under stable keys.

        Keys: `services` and `drivers` (name -> mapping with at least `state` and `start_mode`), `registry`
        (full key path -> value name -> mapping with `type` and `value`), `adapters`, `boots` (a list, one entry per boot), `files`
        (path -> kind, owner, entries of its access list, writers), `tasks` (scheduled tasks by name) and `rpc_filters` (by key).
        Nothing that moves by itself is in it: no clock, no counter.
        """

    def dump(self) -> Mapping[str, object]:
        """Return `state` and all that moves by itself, as plain types.

        Among it `power`, `endpoints` (mappings with at least protocol, address, port, pid, owner and `dropped`, which says
        whether the host's firewall drops what comes from outside) and `processes`.
        """

    def changes(self) -> Sequence[StateChange]:
        """Return every change since the host was made or reset, oldest first; plain types only."""

    def reset(self) -> None:
        """Go back to the scenario's start, injected faults included."""

    def boot(self) -> None:
        """Restart as the reset button does."""

    def step_clock(self, seconds: float) -> None:
        """Move the host's wall clock (not its uptime)."""

    def pass_time(self, seconds: float) -> None:
        """Let time pass for this host alone, wall clock and uptime; what was to happen in it happens."""

    def inject(self, fault: Mapping[str, object]) -> None:
        """Arm one fault of the host (`kind` names it).

        Raises:
            ValueError: the host knows no such fault, or a key of it is wrong.
        """

    def faults(self) -> Sequence[Mapping[str, object]]:
        """Return the faults that are armed."""

    def clear_faults(self) -> None:
        """Disarm all faults."""


class SimulatedComputer(Computer, Bench, Protocol):
    """A whole simulated host, as a scenario's factory builds it."""
