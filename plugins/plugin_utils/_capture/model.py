# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in a capture: frozen values, of which `capture.json` is the plain form. The JSON Schema is made from them.

A read is answered from what was read, not from requests that were sent: rows are kept with the properties that were asked for,
registry values with the types that they have, and what a host refused as the error that it gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import MapState, RpcSequence

SCHEMA_VERSION = 1
"""Raised by every change that an older reader would misunderstand."""


class Services(StrEnum):
    """Of which services the registry was asked."""

    ALL = "all"
    KNOWN = "known"


class ErrorKind(StrEnum):
    """Names of the errors of `_core/errors.py` that a host can give in place of an answer."""

    ACCESS_DENIED = "AccessDenied"
    CLASS_MISSING = "ClassMissing"
    QUOTA_EXCEEDED = "QuotaExceeded"
    TIMED_OUT = "TimedOut"
    FAULT = "Fault"
    METHOD_FAILED = "MethodFailed"
    NOT_UNDERSTOOD = "NotUnderstood"
    PROTOCOL_ERROR = "ProtocolError"


class ValueKind(StrEnum):
    """Types of registry values, as Windows calls them."""

    SZ = "REG_SZ"
    EXPAND_SZ = "REG_EXPAND_SZ"
    BINARY = "REG_BINARY"
    DWORD = "REG_DWORD"
    MULTI_SZ = "REG_MULTI_SZ"
    QWORD = "REG_QWORD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """What a host answered in place of what it was asked for.

    Attributes:
        code: of a SOAP fault, unsigned.
        subcode: of a SOAP fault.
        return_value: of a WMI method, unsigned.
    """

    kind: ErrorKind
    message: str
    code: int | None = None
    subcode: str = ""
    return_value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReference:
    """A REF property: class and keys of another instance."""

    class_name: str
    keys: Mapping[str, str]


Cell = str | tuple[str, ...] | RowReference
"""A property of a row as it came over the wire; one that is null is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The rows whose property equals one of some values; as WQL compares, without case."""

    property: str
    values: tuple[str | int | bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The rows of a class, or of some of its instances.

    Attributes:
        properties: what was asked for and kept.
        whole: the class was asked without naming properties; those that were kept are named all the same.
        where: the condition; left out where all instances were asked for.
        error: what the host said in place of rows.
    """

    wmi_class: str
    namespace: str
    properties: tuple[str, ...]
    whole: bool = False
    where: Condition | None = None
    rows: tuple[Mapping[str, Cell], ...] = ()
    error: Error | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """A registry value.

    Attributes:
        data: a number of REG_DWORD and REG_QWORD, hexadecimal digits of REG_BINARY, a list of REG_MULTI_SZ, a text of the others.
    """

    type: ValueKind
    data: str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedValue:
    """A value that the host did not give.

    Attributes:
        asked: as which type.
    """

    name: str
    asked: ValueKind
    error: Error


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGrant:
    """What the access list of a key allows somebody.

    Attributes:
        sid: who.
        name: the same for a person.
        rights: the access mask.
    """

    sid: str
    name: str
    rights: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A registry key below HKEY_LOCAL_MACHINE, as far as it was asked for.

    Attributes:
        there: whether it exists; left out where no answer told.
        types: names and types of its values; left out where they were not listed.
        subkeys: names of its subkeys; left out where they were not listed.
        values: those that were read.
        absent: names of values that were asked for and do not exist.
        refused: values that the host did not give.
        types_error: what the host said in place of `types`.
        subkeys_error: what the host said in place of `subkeys`.
        grants: what its access list allows; left out where it was not asked for.
        grants_error: what the host said in place of `grants`.
    """

    key: str
    there: bool | None = None
    types: Mapping[str, ValueKind] | None = None
    subkeys: tuple[str, ...] | None = None
    values: Mapping[str, StoredValue] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    refused: tuple[RefusedValue, ...] = ()
    types_error: Error | None = None
    subkeys_error: Error | None = None
    grants: tuple[KeyGrant, ...] | None = None
    grants_error: Error | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of the read-only table and what it wrote, or the error in place of that."""

    arguments: tuple[str, ...]
    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    error: Error | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One row of WinRM's own listener configuration."""

    address: str
    transport: str
    port: int
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """WinRM's own listener configuration, or the error in place of it."""

    rows: tuple[Listener, ...] = ()
    error: Error | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Whether the host opened a command shell: the error where it did not."""

    error: Error | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a host answered at one time; what is not in a later one is as it was before.

    Attributes:
        shell: left out where no shell was asked for.
        listeners: left out where they were not asked for.
    """

    queries: tuple[Query, ...] = ()
    keys: tuple[Key, ...] = ()
    commands: tuple[Command, ...] = ()
    listeners: Listeners | None = None
    shell: Shell | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One entry of the endpoint map.

    Attributes:
        interface: its UUID.
        version: of the interface (`1.0`).
        endpoint: the port, or the name of the pipe or of the local port.
        annotation: what the server says of itself.
        object: the object's UUID; "" where there is none.
    """

    interface: str
    version: str
    sequence: RpcSequence
    endpoint: str
    address: str = ""
    annotation: str = ""
    object: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcEndpoints:
    """What the endpoint mapper answered at port 135, past WinRM.

    Attributes:
        state: what became of the question; only `read` and `partial` have entries.
        evidence: what happened, in one sentence.
        authenticated: it answered only after a login.
    """

    state: MapState
    evidence: str
    authenticated: bool = False
    entries: tuple[Registration, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Which Windows the capture says it is of; the rows of Win32_OperatingSystem have to agree.

    Attributes:
        id: as this collection calls it (`windows_server_2022`).
        version: of the kernel (`10.0`).
        product_type: 1 for a workstation, 2 for a domain controller, 3 for a server.
    """

    id: str
    name: str
    version: str
    build: int
    product_type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Everything that a host answered.

    Attributes:
        inventory_name: of the host, as Ansible called it.
        captured_at: the controller's time, in ISO 8601 with an offset.
        collection: release of the collection that made it.
        services: of which services the registry was asked.
        moments: the first pass, and what was asked once more after it.
        from_files: a script wrote the host into files, and its rows are made of them: nobody asked WMI or StdRegProv.
        rpc_endpoints: the endpoint map; left out where it was not asked for.
    """

    schema_version: int
    inventory_name: str
    captured_at: str
    collection: str
    windows: Said
    services: Services
    moments: tuple[Moment, ...]
    anonymized: bool = False
    from_files: bool = False
    rpc_endpoints: RpcEndpoints | None = None
