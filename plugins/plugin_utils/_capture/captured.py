# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host that is a file: a `Reader` that answers from a capture, and a `Writer` that refuses every change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import SYSTEM_CLOCK, Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NotCaptured, Refused, UnusableCapture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import (
    CIMV2,
    CommandOutput,
    Read,
    Reader,
    ServiceKind,
    StartMode,
    Where,
    WinrmListener,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM, Grant, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import EndpointMap, MapState

from .answers import Absent, OtherType, Registry, Unknown, rows_for, rows_said
from .model import Capture, Error, ErrorKind, Moment, Services
from .plain_values import condition_of, endpoint_map, kind_of, raised, registry_value, rows_of, type_of

T = TypeVar("T")
# What StdRegProv returns for a value of another type (WBEM_E_TYPE_MISMATCH).
TYPE_MISMATCH = 0x80041005


class CapturedClock:
    """Time, where nothing is worth waiting for: a wait is over at once, and counts all the same."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._slept = 0.0

    def now(self) -> float:
        """Return the time since some moment."""
        return self._clock.now() + self._slept

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._slept += seconds


class CapturedHost:
    """Access to a host in a file; implements `Reader`, and `Writer` only to refuse.

    Args:
        host: how messages name the host.
        literal: answer only what the host was asked itself, and nothing that follows from its other answers.
    """

    def __init__(self, capture: Capture, *, host: str, literal: bool = False) -> None:
        self._host = host
        self._literal = literal
        self._capture = capture
        self._asked: dict[tuple[str, ...], int] = {}
        # Latest first; once time has passed, what was asked again counts.
        self._go_to(1)

    def _go_to(self, number: int) -> None:
        self._moments: tuple[Moment, ...] = tuple(reversed(self._capture.moments[:number]))
        self._queries = tuple(query for moment in self._moments for query in moment.queries)
        self._registry = Registry(moment.keys for moment in self._moments)

    @property
    def host(self) -> str:
        """The address that messages name."""
        return self._host

    @property
    def capture(self) -> Capture:
        """What answers."""
        return self._capture

    @property
    def endpoint_map(self) -> EndpointMap:
        """What the endpoint mapper said when the host was captured."""
        if self._capture.rpc_endpoints is not None:
            return endpoint_map(self._capture.rpc_endpoints)
        instead = "files of a host hold none" if self._capture.from_files else "capture the host with 'rpc_endpoints: true'"
        return EndpointMap(MapState.NOT_ASKED, f"the capture holds no endpoint map: {instead}")

    def literally(self) -> Reader:
        """Return a reader that gives only what the host itself has said, for those who want to know how it says it."""
        return CapturedHost(self._capture, host=self._host, literal=True)

    # Reader

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        """Return rows; see `Reader.query`."""
        if where is not None and not where.values:
            return ()
        condition = condition_of(where) if where is not None else None
        found = (rows_said if self._literal else rows_for)(self._queries, wmi_class, namespace, properties, condition)
        if isinstance(found, Unknown):
            columns = f" ({', '.join(properties)})" if properties else ""
            only = f" where {where.property} is {' or '.join(map(str, where.values))}" if where is not None else ""
            self._not_captured(f"the query of {wmi_class}{columns} in {namespace}{only}")
        if isinstance(found, Error):
            raise raised(found, self._host)
        return rows_of(found, wmi_class, self._host)

    def value(self, key: str, name: str, kind: RegistryType) -> RegistryValue | None:
        """Return a registry value; see `Reader.value`."""
        what = f"the value {HKLM}{key}\\{name}"
        found = (self._registry.value_said if self._literal else self._registry.value)(key, name, kind_of(kind))
        if isinstance(found, OtherType):
            said = f"{what} at {self._host}: the value has another type (0x{TYPE_MISMATCH:X})"
            raise raised(mismatch(said), self._host)
        told = self._told(found, what)
        if told is None:
            return None
        with self._sound(what):
            return registry_value(told)

    def value_types(self, key: str) -> Mapping[str, RegistryType] | None:
        """Return names and types of a key's values; see `Reader.value_types`."""
        found = self._told(
            (self._registry.types_said if self._literal else self._registry.types)(key), f"the names of the values in {HKLM}{key}"
        )
        return None if found is None else {name: type_of(kind) for name, kind in found.items()}

    def subkeys(self, key: str) -> tuple[str, ...] | None:
        """Return the names of a key's subkeys; see `Reader.subkeys`."""
        return self._told(self._registry.subkeys(key), f"the names of the subkeys of {HKLM}{key}")

    def grants(self, key: str) -> tuple[Grant, ...] | None:
        """Return what the access list of a key allows; see `Reader.grants`."""
        found = self._told(self._registry.grants(key), f"the access list of {HKLM}{key}")
        return None if found is None else tuple(Grant(item.sid, item.name, item.rights) for item in found)

    def has_key(self, key: str) -> bool:
        """Tell whether a key is there; see `Reader.has_key`."""
        there = self._registry.there(key)
        if there is None:
            self._not_captured(f"whether there is the key {HKLM}{key}")
        return there

    def command(self, *arguments: str) -> CommandOutput:
        """Return what a command wrote: the first time what it wrote first, then what it wrote last; see `Reader.command`."""
        outputs = [command for moment in self._capture.moments for command in moment.commands if command.arguments == arguments]
        if not outputs:
            self._not_captured(f"the output of '{' '.join(arguments)}'")
        times = self._asked.get(arguments, 0)
        self._asked[arguments] = times + 1
        found = outputs[0] if times == 0 else outputs[-1]
        if found.error is not None:
            raise raised(found.error, self._host)
        return CommandOutput(found.stdout, found.stderr, found.exit_code)

    def open_shell(self) -> None:
        """Say whether the host opened a command shell; see `Reader.open_shell`."""
        found = next((moment.shell for moment in self._moments if moment.shell is not None), None)
        if found is None:
            self._not_captured("whether it opens a command shell")
        if found.error is not None:
            raise raised(found.error, self._host)

    def winrm_listeners(self) -> tuple[WinrmListener, ...]:
        """Return WinRM's own listener configuration; see `Reader.winrm_listeners`."""
        found = next((moment.listeners for moment in self._moments if moment.listeners is not None), None)
        if found is None:
            self._not_captured("the configuration of WinRM's listeners")
        if found.error is not None:
            raise raised(found.error, self._host)
        return tuple(WinrmListener(row.address, row.transport, row.port, row.enabled) for row in found.rows)

    def forget(self) -> None:
        """Go on to what the host answered later."""
        self._go_to(len(self._capture.moments))

    def ahead(self, wants: Callable[[], Iterable[Read]], *, over: int) -> None:
        """Ask nothing ahead: everything is here."""

    def recall(self, read: Callable[[Reader], T]) -> T:
        """Do a read: everything is here."""
        return read(self)

    def _told(self, found: T | Error | Absent | Unknown, what: str) -> T | None:
        if isinstance(found, Unknown):
            self._not_captured(what)
        if isinstance(found, Error):
            raise raised(found, self._host)
        return None if isinstance(found, Absent) else found

    def _not_captured(self, what: str) -> NoReturn:
        known = self._capture.services is Services.KNOWN
        advice = "capture the host again with 'services: all'" if known else "capture the host again with this release of the collection"
        raise NotCaptured(f"the capture of {excerpt(self._capture.inventory_name)} does not hold {what}: {advice}")

    @contextmanager
    def _sound(self, what: str) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise UnusableCapture(f"the capture of {excerpt(self._capture.inventory_name)} is damaged: {what}: {error}") from error

    # Writer

    def _refuse(self) -> NoReturn:
        raise unchangeable(self._capture)

    def set_value(self, key: str, name: str, value: RegistryValue) -> None:
        """Refuse."""
        self._refuse()

    def delete_value(self, key: str, name: str) -> None:
        """Refuse."""
        self._refuse()

    def delete_key(self, key: str) -> None:
        """Refuse."""
        self._refuse()

    def set_empty_list_by_command(self, key: str, name: str) -> None:
        """Refuse."""
        self._refuse()

    def stop(self, kind: ServiceKind, name: str) -> None:
        """Refuse."""
        self._refuse()

    def start(self, kind: ServiceKind, name: str) -> None:
        """Refuse."""
        self._refuse()

    def set_start_mode(self, kind: ServiceKind, name: str, mode: StartMode) -> None:
        """Refuse."""
        self._refuse()

    def set_netbios(self, index: int, option: int) -> bool:
        """Refuse."""
        self._refuse()

    def add_filter_rule(self, rule: FilterRule) -> None:
        """Refuse."""
        self._refuse()

    def remove_filter_rule(self, name: str, *, certain: bool) -> None:
        """Refuse."""
        self._refuse()

    def create_key(self, key: str) -> None:
        """Refuse."""
        self._refuse()

    def run_line(self, line: str) -> CommandOutput:
        """Refuse."""
        self._refuse()

    def create_service(self, name: str, command: str) -> None:
        """Refuse."""
        self._refuse()

    def start_detaching(self, name: str) -> int:
        """Refuse."""
        self._refuse()

    def reboot(self) -> None:
        """Refuse."""
        self._refuse()


def unchangeable(capture: Capture) -> Refused:
    """Say that a capture cannot be changed."""
    return Refused(
        f"this is a capture of {excerpt(capture.inventory_name)} of {excerpt(capture.captured_at, 40)}, and a capture cannot be changed: "
        "modules that only read work on it, and those that plan do in check mode; to change the host, connect to it"
    )


def mismatch(message: str) -> Error:
    """Return what a host says of a value of another type."""
    return Error(kind=ErrorKind.METHOD_FAILED, message=message, return_value=TYPE_MISMATCH)
