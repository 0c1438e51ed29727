# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of the collection to those of a capture, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from uuid import UUID

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AccessDenied,
    ClassMissing,
    Fault,
    HostError,
    MethodFailed,
    NotUnderstood,
    ProtocolError,
    QuotaExceeded,
    TimedOut,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CommandOutput, Where, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row, Value
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import MOST_ENTRIES, EndpointMap, RpcEntry

from .model import (
    Cell,
    Command,
    Condition,
    Error,
    ErrorKind,
    Listener,
    Registration,
    RowReference,
    RpcEndpoints,
    StoredValue,
    ValueKind,
)
from .withheld import kept

REFUSALS = (Fault, MethodFailed, ProtocolError)
"""What a host gives in place of an answer; anything else ends a capture, which is whole or not at all."""
_FAULTS: Mapping[ErrorKind, type[Fault]] = {
    ErrorKind.ACCESS_DENIED: AccessDenied,
    ErrorKind.CLASS_MISSING: ClassMissing,
    ErrorKind.QUOTA_EXCEEDED: QuotaExceeded,
    ErrorKind.TIMED_OUT: TimedOut,
    ErrorKind.FAULT: Fault,
}
# Two unsigned shorts (C706, 3.1).
_RPC_VERSION = re.compile(r"([0-9]{1,5})\.([0-9]{1,5})")
_PORT, _LAST_PORT = re.compile("[0-9]{1,5}"), 65535
_LONGEST_EVIDENCE, _LONGEST_NAME = 600, 200
_KINDS = {RegistryType[kind.name]: kind for kind in ValueKind}
_TYPES = {kind: number for number, kind in _KINDS.items()}


def error_of(error: HostError) -> Error:
    """Keep an error."""
    name = type(error).__name__
    kind = ErrorKind(name) if name in set(ErrorKind) else ErrorKind.PROTOCOL_ERROR
    if isinstance(error, Fault):
        return Error(kind=kind, message=str(error), code=error.code, subcode=error.subcode)
    return Error(kind=kind, message=str(error), return_value=error.return_value if isinstance(error, MethodFailed) else None)


def raised(error: Error, host: str) -> HostError:
    """Return the error that was kept."""
    if error.kind in _FAULTS:
        return _FAULTS[error.kind](error.message, host=host, code=error.code, subcode=error.subcode)
    if error.kind is ErrorKind.METHOD_FAILED:
        return MethodFailed(error.message, host=host, return_value=error.return_value or 0)
    wrong = NotUnderstood if error.kind is ErrorKind.NOT_UNDERSTOOD else ProtocolError
    return wrong(error.message, host=host)


def kind_of(number: RegistryType) -> ValueKind:
    """Return what a capture calls a type."""
    return _KINDS[number]


def type_of(kind: ValueKind) -> RegistryType:
    """Return the type that a capture calls so."""
    return _TYPES[kind]


def value_of(value: RegistryValue) -> StoredValue:
    """Keep a registry value."""
    return StoredValue(type=kind_of(value.type), data=value.data.hex() if isinstance(value.data, bytes) else value.data)


def registry_value(value: StoredValue) -> RegistryValue:
    """Return the registry value that was kept.

    Raises:
        ValueError: its data is not of its type.
    """
    number, data = type_of(value.type), value.data
    if number in (RegistryType.DWORD, RegistryType.QWORD):
        bits = 32 if number is RegistryType.DWORD else 64
        if not isinstance(data, int) or not 0 <= data < 2**bits:
            raise ValueError(f"data of {value.type} is no number of {bits} bits")
        return RegistryValue(number, data)
    if number is RegistryType.MULTI_SZ:
        if not isinstance(data, tuple):
            raise ValueError(f"data of {value.type} is no list")
        return RegistryValue(number, data)
    if not isinstance(data, str):
        raise ValueError(f"data of {value.type} is no text")
    return RegistryValue(number, bytes.fromhex(data) if number is RegistryType.BINARY else data)


def cell_of(name: str, value: Value) -> Cell | None:
    """Keep a property; None where there is nothing to keep."""
    if value is None or isinstance(value, str):
        return None if value is None else kept(name, value)
    if isinstance(value, Reference):
        return RowReference(class_name=value.class_name, keys=dict(value.keys))
    # An instance in an instance is an answer to a method; no class that is asked for has one.
    return tuple(kept(name, item) for item in value if isinstance(item, str)) if isinstance(value, tuple) else None


def wire_value(cell: Cell) -> Value:
    """Return the property that was kept."""
    return Reference(cell.class_name, cell.keys) if isinstance(cell, RowReference) else cell


def rows_of(rows: Iterable[Mapping[str, Cell]], wmi_class: str, host: str) -> tuple[Row, ...]:
    """Return the rows that were kept."""
    return tuple(Row(wmi_class, {name: wire_value(cell) for name, cell in row.items()}, host) for row in rows)


def condition_of(where: Where) -> Condition:
    """Keep a condition."""
    return Condition(property=where.property, values=tuple(where.values))


def command_of(arguments: tuple[str, ...], output: CommandOutput) -> Command:
    """Keep what a command wrote."""
    return Command(arguments=arguments, stdout=output.stdout, stderr=output.stderr, exit_code=output.exit_code)


def listener_of(row: WinrmListener) -> Listener:
    """Keep a listener of WinRM."""
    return Listener(address=row.address, transport=row.transport, port=row.port, enabled=row.enabled)


def rpc_endpoints_of(found: EndpointMap) -> RpcEndpoints:
    """Keep an endpoint map."""
    entries = tuple(
        Registration(
            interface=str(entry.interface),
            version=f"{entry.version[0]}.{entry.version[1]}",
            sequence=entry.sequence,
            endpoint=entry.endpoint,
            address=entry.address,
            annotation=entry.annotation,
            object="" if entry.object is None else str(entry.object),
        )
        for entry in found.entries
    )
    return RpcEndpoints(state=found.state, evidence=found.evidence, authenticated=found.authenticated, entries=entries)


def endpoint_map(kept_map: RpcEndpoints) -> EndpointMap:
    """Return the endpoint map that was kept.

    Raises:
        ValueError: no mapper says so.
    """
    if len(kept_map.entries) > MOST_ENTRIES:
        raise ValueError(f"it has {len(kept_map.entries)} entries, and no map has more than {MOST_ENTRIES}")
    found = EndpointMap(
        kept_map.state, excerpt(kept_map.evidence, _LONGEST_EVIDENCE), tuple(map(_entry, kept_map.entries)), kept_map.authenticated
    )
    if found.entries and not found.told:
        raise ValueError(f"it is {found.state} and has entries")
    return found


def _entry(kept_entry: Registration) -> RpcEntry:
    version = _RPC_VERSION.fullmatch(kept_entry.version)
    if version is None:
        raise ValueError(f"{excerpt(kept_entry.version, 20)} is no version of an interface")
    number = UUID(kept_entry.object) if kept_entry.object else None
    address, annotation = (excerpt(text, _LONGEST_NAME) for text in (kept_entry.address, kept_entry.annotation))
    endpoint = excerpt(kept_entry.endpoint, _LONGEST_NAME)
    found = RpcEntry(
        UUID(kept_entry.interface), (int(version[1]), int(version[2])), kept_entry.sequence, endpoint, address, annotation, number
    )
    if found.protocol is not None and (_PORT.fullmatch(endpoint) is None or int(endpoint) > _LAST_PORT):
        raise ValueError(f"{excerpt(endpoint, 20)} is no port")
    return found
