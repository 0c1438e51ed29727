# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The session: the verbs of `Reader` over WS-Management, each answer kept until the next write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar, cast

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import SYSTEM_CLOCK, Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    ConnectionLost,
    HostError,
    MethodFailed,
    ProtocolError,
    QuotaExceeded,
    TimedOut,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CIMV2, CommandOutput, Where, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import Grant, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import wql
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.constants import WSMAN_QUOTA_OPERATIONS, wmi_resource
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import (
    Enumerate,
    EnumerateConfig,
    Invoke,
    Output,
    Page,
    Pull,
    Release,
)

from . import registry
from .conversation import Conversation, typed
from .limits import MAX_KEPT, memory_of
from .returns import SYSTEM, meaning
from .shell import PATIENCE, Shell
from .stats import Stats
from .transport import Transport

R = TypeVar("R", tuple[Row, ...], Output)

# win32 WmiSdk, "Querying with WQL": a query with too many keywords ends in WBEM_E_QUOTA_VIOLATION; no number is given.
MAX_CONDITIONS = 64


class Session:
    """Read-only access to one host; implements `Reader`. Not safe for threads. Close it, or use it in `with`.

    Args:
        transport: the way to the host.
        host: how messages name the host.
        clock: by which answers and an idle connection are timed.
        read_only: keeps the guard's table even against our own bugs.
    """

    def __init__(self, transport: Transport, *, host: str, clock: Clock = SYSTEM_CLOCK, read_only: bool = True) -> None:
        self._conversation = Conversation(transport, host=host, read_only=read_only, clock=clock)
        self._shell = Shell(self._conversation)
        self._known: dict[object, tuple[Row, ...] | Output] = {}
        # Which registry keys are there, in lower case, as far as the answers up to now tell.
        self._keys: dict[str, bool] = {}
        self._kept = 0

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close the session."""
        self.close()

    @property
    def host(self) -> str:
        """The address that messages name."""
        return self._conversation.host

    @property
    def stats(self) -> Stats:
        """What has been spent up to now; after `close`, all of it."""
        return self._conversation.stats

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        """Return rows of a class; see `Reader.query`. A condition without values selects nothing and costs nothing."""
        if where is None:
            return self._rows(wmi_class, properties, where, namespace)
        values = where.values
        parts = [Where(where.property, values[start : start + MAX_CONDITIONS]) for start in range(0, len(values), MAX_CONDITIONS)]
        return tuple(row for part in parts for row in self._rows(wmi_class, properties, part, namespace))

    def value(self, key: str, name: str, kind: RegistryType) -> RegistryValue | None:
        """Return a registry value below HKLM; see `Reader.value`."""
        what = on_value(registry.getter(key, name, kind).method, key, name)
        output = self._registry_read(registry.getter(key, name, kind), key, what)
        if output is None:
            return None
        with typed(self.host, what):
            return registry.value_of(output.values, kind)

    def value_types(self, key: str) -> Mapping[str, RegistryType] | None:
        """Return names and types of a key's values; see `Reader.value_types`."""
        what = f"StdRegProv.EnumValues on '{hklm(key)}'"
        output = self._registry_read(registry.call("EnumValues", key), key, what)
        if output is None:
            return None
        with typed(self.host, what):
            return registry.types_of(output.values)

    def subkeys(self, key: str) -> tuple[str, ...] | None:
        """Return the names of a key's subkeys; see `Reader.subkeys`."""
        output = self._registry_read(registry.call("EnumKey", key), key, f"StdRegProv.EnumKey on '{hklm(key)}'")
        return None if output is None else output.values.texts("sNames")

    def has_key(self, key: str) -> bool:
        """Tell whether a key is there; see `Reader.has_key`."""
        known = self._keys.get(key.lower())
        if known is not None:
            return known
        parent, _separator, name = key.rpartition("\\")
        if not parent:
            return self.value_types(key) is not None
        # One answer tells of the parent and of all its subkeys.
        return name.lower() in {subkey.lower() for subkey in self.subkeys(parent) or ()}

    def grants(self, key: str) -> tuple[Grant, ...] | None:
        """Return whom the access list of a key allows what; see `Reader.grants`."""
        what = f"StdRegProv.{registry.GET_DESCRIPTOR} on '{hklm(key)}'"
        output = self._registry_read(registry.call(registry.GET_DESCRIPTOR, key), key, what)
        if output is None:
            return None
        with typed(self.host, what):
            return registry.grants_of(output.values)

    def command(self, *arguments: str) -> CommandOutput:
        """Run one of the read-only commands; see `Reader.command`."""
        return self._conversation.repeatable(lambda: self._shell.run(*arguments))

    def open_shell(self) -> None:
        """Open the command shell; see `Reader.open_shell`."""
        self._conversation.repeatable(self._shell.begin)

    def winrm_listeners(self) -> tuple[WinrmListener, ...]:
        """Return WinRM's own listener configuration; see `Reader.winrm_listeners`."""
        what = "list of WinRM listeners"
        request = EnumerateConfig(part="listener")
        rows = self._once(request, what, lambda: self._conversation.repeatable(lambda: self._all_pages(request, what)))
        with typed(self.host, what):
            return tuple(_listener(row) for row in rows)

    def forget(self) -> None:
        """Drop what was read, so that the next read asks the host; see `Reader.forget`."""
        self._known.clear()
        self._keys.clear()
        self._kept = 0

    def close(self) -> None:
        """Close the command shell, if one was opened, and the connection."""
        self._shell.close()
        self._conversation.close()

    # --- reads --------------------------------------------------------------------------------------------------

    def _once(self, key: object, what: str, read: Callable[[], R]) -> R:
        """Return what was read under this key since the last write, or read it."""
        if key not in self._known:
            found = read()
            self._kept += memory_of((found.values,) if isinstance(found, Output) else found)
            self._expect_room(0, what)
            self._known[key] = found
        # Each key stands for one request and so for one type.
        return cast("R", self._known[key])

    def _expect_room(self, more: int, what: str) -> None:
        if self._kept + more > MAX_KEPT:
            raise ProtocolError(f"{what} at {self.host}: the task has read more than {MAX_KEPT} bytes", host=self.host)

    def _rows(self, wmi_class: str, properties: Sequence[str], where: Where | None, namespace: str) -> tuple[Row, ...]:
        query = wql.select(wmi_class, properties, where)
        if not properties and where is None:
            request = Enumerate(resource=wmi_resource(namespace, wmi_class))
        else:
            # WSMV 3.1.4.1.1: WQL goes to all classes of the namespace, never to one.
            request = Enumerate(resource=wmi_resource(namespace, "*"), wql=query)
        what = f"query of {wmi_class}"
        rows = self._once(request, what, lambda: self._conversation.repeatable(lambda: self._all_pages(request, what)))
        return tuple(Row(row.class_name or wmi_class, row.values, self.host) for row in rows)

    def _all_pages(self, request: Enumerate | EnumerateConfig, what: str) -> tuple[Row, ...]:
        resource = request.target().resource
        limits = self._conversation.limits(what)
        page = self._first_page(request, what)
        rows, size = list(page.rows), memory_of(page.rows)
        while page.context is not None:
            context = page.context
            try:
                self._expect_room(size, what)
                limits.count(empty=not page.rows)
                page = self._next_page(Pull(resource=resource, context=context), what)
                rows.extend(page.rows)
                size += memory_of(page.rows)
            except ConnectionLost:
                raise
            except HostError:
                # An enumeration left open counts against the user's quota of operations (15 up to 2008 R2).
                with suppress(HostError):
                    self._conversation.ask(Release(resource=resource, context=context), what)
                raise
        return tuple(rows)

    def _first_page(self, request: Enumerate | EnumerateConfig, what: str) -> Page:
        """Ask for the first page.

        The commands of our own shell count against the same quota of operations (WSMV <118>): where it is met, they make room.
        """
        try:
            return self._conversation.ask(request, what)
        except QuotaExceeded as error:
            if error.code != WSMAN_QUOTA_OPERATIONS or not self._shell.open:
                raise
        self._shell.close()
        return self._conversation.ask(request, what)

    def _next_page(self, pull: Pull, what: str) -> Page:
        for _attempt in range(PATIENCE - 1):
            with suppress(TimedOut):
                # A slow provider: the context stays valid, and the same Pull is to be sent again.
                return self._conversation.ask(pull, what)
        return self._conversation.ask(pull, what)

    def _registry_read(self, request: Invoke, key: str, what: str) -> Output | None:
        """Return the output of a StdRegProv method on a key; None where key or value is absent."""
        if self._lies_below_an_absent_key(key):
            return None
        output = self._once(request, what, lambda: self._conversation.repeatable(lambda: self._conversation.ask(request, what)))
        code = self._returned(output, what)
        there = registry.key_is_there(request.method, code)
        if there is not None:
            self._keys[key.lower()] = there
        if code in registry.ABSENT:
            return None
        self._expect(code == 0, code, SYSTEM, what)
        return output

    def _lies_below_an_absent_key(self, key: str) -> bool:
        parts = key.lower().split("\\")
        return any(self._keys.get("\\".join(parts[:length])) is False for length in range(1, len(parts)))

    def _returned(self, output: Output, what: str) -> int:
        if output.return_value is None:
            raise ProtocolError(f"{what} at {self.host}: the answer has no return value", host=self.host)
        return output.return_value

    def _expect(self, condition: bool, code: int, table: dict[int, str], what: str) -> None:
        if not condition:
            raise MethodFailed(f"{what} at {self.host}: {meaning(table, code)}", host=self.host, return_value=code)


def _listener(row: Row) -> WinrmListener:
    port = row.number("Port")
    if port is None:
        raise ValueError("a listener without a port")
    # WSMV 2.2.4.19: Enabled is true where it is left out.
    enabled = row.flag("Enabled")
    return WinrmListener(
        address=row.text("Address") or "",
        transport=row.text("Transport") or "",
        port=port,
        enabled=enabled is None or enabled,
    )


def hklm(key: str) -> str:
    """Return a key as messages and commands name it."""
    return f"HKLM\\{key}"


def on_value(method: str, key: str, name: str) -> str:
    """Return a method of StdRegProv and the registry value that it is about, for messages."""
    return f"StdRegProv.{method} on '{hklm(key)}\\{name}'"
