# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `capture.json` says, as frozen values: read by its published schema (version 1), strictly, by code of our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from winsim.limits import Count
from winsim.registry_value import RegistryType, RegistryValue
from winsim.scenarios import strict

from .file import CaptureError, read_json, shown

VERSION = 1
MOST_TOLD = 5
"""So many problems of a file are told."""

TYPES = {f"REG_{kind.name}": kind for kind in RegistryType}


@dataclass(frozen=True, slots=True)
class Error:
    """What the host answered in place of what it was asked for."""

    kind: str
    message: str
    code: Count | None = None
    subcode: str = ""
    return_value: Count | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A property that is the path of another instance."""

    class_name: str
    keys: Mapping[str, str]


Cell = str | tuple[str, ...] | Reference
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Condition:
    """The rows whose property is one of some values."""

    property: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """Rows of a class, as far as they were asked for; property names are in lower case."""

    wmi_class: str
    namespace: str
    properties: tuple[str, ...]
    whole: bool = False
    where: Condition | None = None
    rows: tuple[Mapping[str, object], ...] = ()
    error: Error | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Namespace and class, as they are compared."""
        return self.namespace.replace("\\", "/").lower(), self.wmi_class.lower()


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A registry value; its data as JSON has it."""

    type: str
    data: object


@dataclass(frozen=True, slots=True)
class RefusedValue:
    """A value that the host did not give, and as which type it was asked for."""

    name: str
    asked: str
    error: Error


@dataclass(frozen=True, slots=True)
class Grant:
    """What the access list of a key allows somebody."""

    sid: str
    name: str
    rights: Count


@dataclass(frozen=True, slots=True)
class Key:
    """A key below HKEY_LOCAL_MACHINE, as far as it was asked for."""

    key: str
    there: bool | None = None
    types: Mapping[str, str] | None = None
    subkeys: tuple[str, ...] | None = None
    values: Mapping[str, StoredValue] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    refused: tuple[RefusedValue, ...] = ()
    types_error: Error | None = None
    subkeys_error: Error | None = None
    grants: tuple[Grant, ...] | None = None
    grants_error: Error | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """What a command wrote."""

    arguments: tuple[str, ...]
    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    error: Error | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of WinRM, as configured."""

    address: str
    transport: str
    port: Count
    enabled: bool


@dataclass(frozen=True, slots=True)
class Listeners:
    """All of them, or the error in place of them."""

    rows: tuple[Listener, ...] = ()
    error: Error | None = None


@dataclass(frozen=True, slots=True)
class Shell:
    """Whether the host opened a command shell."""

    error: Error | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What the host answered at one time."""

    queries: tuple[Query, ...] = ()
    keys: tuple[Key, ...] = ()
    commands: tuple[Command, ...] = ()
    listeners: Listeners | None = None
    shell: Shell | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """One entry of the endpoint map."""

    interface: str
    version: str
    sequence: str
    endpoint: str
    address: str = ""
    annotation: str = ""
    object: str = ""


@dataclass(frozen=True, slots=True)
class RpcEndpoints:
    """What the endpoint mapper answered. A twin registers what its Windows registers, and does not use it."""

    state: str
    evidence: str
    authenticated: bool = False
    entries: tuple[Registration, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """Which Windows it is of."""

    id: str
    name: str
    version: str
    build: Count
    product_type: Count


@dataclass(frozen=True, slots=True)
class Capture:
    """Everything that a host answered."""

    schema_version: int
    inventory_name: str
    captured_at: str
    collection: str
    windows: Said
    services: str
    moments: tuple[Moment, ...]
    anonymized: bool = False
    from_files: bool = False
    rpc_endpoints: RpcEndpoints | None = None

    def queries(self, wmi_class: str) -> Iterator[Query]:
        """Yield what was asked of a class, the latest first."""
        wanted = wmi_class.lower()
        return (query for moment in reversed(self.moments) for query in moment.queries if query.wmi_class.lower() == wanted)

    def rows(self, wmi_class: str) -> tuple[Row, ...]:
        """Return the rows of the latest answer of a class."""
        found = next((query.rows for query in self.queries(wmi_class) if query.error is None), ())
        return tuple(cells_of(row) for row in found)

    def command(self, name: str) -> Command | None:
        """Return the last run of a command."""
        found = [c for moment in self.moments for c in moment.commands if c.arguments[:1] == (name,) and c.error is None]
        return found[-1] if found else None


def read_capture(path: Path) -> Capture:
    """Read a capture.

    Raises:
        CaptureError: it cannot be used; the message says why.
    """
    return capture_of(read_json(path), f"the capture {shown(path)}")


def capture_of(node: object, where: str) -> Capture:
    """Return a capture from what JSON says.

    Raises:
        CaptureError: it is none, of a newer format, or contradicts itself.
    """
    version = node.get("schema_version") if isinstance(node, dict) else None
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise CaptureError(f"{where} is of format {version}, and this winsim reads up to {VERSION}: update winsim")
    problems = strict.Problems()
    found = strict.record(Capture, node, "$", problems)
    if found is not None:
        _check(found, problems)
    if found is None or version != VERSION or problems.found:
        told = [shown(problem) for problem in problems.found[:MOST_TOLD]] or [f"format {shown(version)} is not known"]
        raise CaptureError(f"{where} is no capture that can be read: {'; '.join(told)}")
    for row in found.moments[0].queries:
        if row.wmi_class.lower() == "win32_operatingsystem" and row.error is None:
            for cells in row.rows:
                _check_windows(found.windows, cells_of(cells), where)
    return found


def _check(found: Capture, problems: strict.Problems) -> None:
    """Note what types alone do not say."""
    if not found.moments:
        problems.add("$.moments", "there are no answers")
    for number, moment in enumerate(found.moments):
        for query in moment.queries:
            for row in query.rows:
                for name, cell in row.items():
                    if _cell(cell) is None:
                        problems.add(f"$.moments[{number}].queries.{query.wmi_class}.{name}", "is no text, list of texts or reference")
        for key in moment.keys:
            for name, value in key.values.items():
                if registry_value(value) is None:
                    problems.add(f"$.moments[{number}].keys.{key.key}.{name}", f"{value.data!r} is no {value.type}")
            for name, kind in (key.types or {}).items():
                if kind not in TYPES:
                    problems.add(f"$.moments[{number}].keys.{key.key}.{name}", f"{kind!r} is none of {', '.join(TYPES)}")


def _check_windows(said: Said, row: Row, where: str) -> None:
    held = (".".join(text(row, "version").split(".")[:2]), text(row, "buildnumber"), text(row, "producttype"))
    if held != (said.version, str(said.build), str(said.product_type)):
        kernel, build, product = (shown(part) for part in held)
        raise CaptureError(
            f"{where} says it is of {shown(said.name)} (kernel {shown(said.version)}, build {said.build}, "
            f"product type {said.product_type}), but its answers are those of kernel {kernel}, build {build}, "
            f"product type {product}: do not use it"
        )


def cells_of(row: Mapping[str, object]) -> Row:
    """Return a row with its property names in lower case."""
    return {name.lower(): cell for name, plain in row.items() if (cell := _cell(plain)) is not None}


def _cell(plain: object) -> Cell | None:
    if isinstance(plain, str):
        return plain
    if isinstance(plain, list) and all(isinstance(item, str) for item in plain):
        return tuple(plain)
    if not isinstance(plain, dict) or plain.keys() != {"class_name", "keys"}:
        return None
    name, keys = plain["class_name"], plain["keys"]
    if not isinstance(name, str) or not isinstance(keys, dict) or not all(isinstance(item, str) for item in keys.values()):
        return None
    return Reference(name, keys)


def text(row: Row, name: str) -> str:
    """Return a property as text, an empty one where it is null."""
    cell = row.get(name)
    return cell if isinstance(cell, str) else ""


def texts(row: Row, name: str) -> tuple[str, ...]:
    """Return a property that is an array; one of a single element may have come as a text."""
    cell = row.get(name)
    return (cell,) if isinstance(cell, str) else cell if isinstance(cell, tuple) else ()


def number(row: Row, name: str) -> int | None:
    """Return a property as a number, None where it is none."""
    found = text(row, name)
    return int(found) if found.isascii() and found.isdecimal() and len(found) < 20 else None


def flag(row: Row, name: str) -> bool:
    """Tell whether a property is true."""
    return text(row, name).lower() == "true"


def registry_value(value: StoredValue) -> RegistryValue | None:
    """Return a registry value; None where its data are not of its type."""
    kind, data = TYPES.get(value.type), value.data
    if kind in (RegistryType.DWORD, RegistryType.QWORD):
        bits = 32 if kind is RegistryType.DWORD else 64
        return RegistryValue(kind, data) if isinstance(data, int) and not isinstance(data, bool) and 0 <= data < 1 << bits else None
    if kind is RegistryType.MULTI_SZ:
        return RegistryValue(kind, tuple(data)) if isinstance(data, list) and all(isinstance(item, str) for item in data) else None
    if kind is None or not isinstance(data, str):
        return None
    if kind is not RegistryType.BINARY:
        return RegistryValue(kind, data)
    try:
        return RegistryValue(kind, bytes.fromhex(data))
    except ValueError:
        return None
