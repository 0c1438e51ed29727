# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of the collection to those of a capture, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CommandOutput, Where, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row, Value

from .model import Cell, Command, Condition, Error, ErrorKind, Listener, RowReference, StoredValue, ValueKind
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
