# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host as somebody found it: what its first look shows, whatever rules say of boots.

A scenario says how a host is installed, and its first boot follows from that. Of a host that was captured it is known what was there: which
services ran, which sockets were bound, what the registry held, what was refused. From the second boot on it lives by rules like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from winsim.registry_value import RegistryData, RegistryType, RegistryValue

from .model import StartMode, State
from .network import TcpConnection
from .registry import Registry
from .sockets import Socket

EMPTY: Mapping[RegistryType, RegistryData] = {
    RegistryType.SZ: "",
    RegistryType.EXPAND_SZ: "",
    RegistryType.BINARY: b"",
    RegistryType.DWORD: 0,
    RegistryType.MULTI_SZ: (),
    RegistryType.QWORD: 0,
}
"""What stands for a value of which only name and type were seen."""

ACCESS_DENIED = 5

VALUES, SUBKEYS, GRANTS = "values", "subkeys", "grants"
"""What of a key may be refused beside its values, each of which goes by `value NAME TYPE`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was answered in place of an answer.

    Attributes:
        code, subcode: of a SOAP fault.
        return_value: of a method.
    """

    code: int | None = None
    subcode: str = ""
    return_value: int | None = None

    @property
    def denied(self) -> bool:
        """A right was missing (ERROR_ACCESS_DENIED)."""
        return ACCESS_DENIED in (self.code, self.return_value)


@dataclass(frozen=True, slots=True)
class FoundService:
    """A service or driver: its state, the exit code that it showed, and the start mode that counted (None for what the registry says)."""

    state: State
    exit_code: int | None = None
    start: StartMode | None = None


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A registry key, as far as it was looked at.

    Attributes:
        there: whether it exists; None where nobody looked.
        types: names and types of all its values; None where they were not listed.
        subkeys: the names of all its subkeys; None where they were not listed.
        absent: names of values that were looked for and are not there.
    """

    path: str
    there: bool | None
    types: Mapping[str, RegistryType] | None
    subkeys: tuple[str, ...] | None
    values: Mapping[str, RegistryValue]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundClass:
    """The rows of a class, with the properties that were asked for."""

    namespace: str
    name: str
    properties: tuple[str, ...]
    rows: tuple[Mapping[str, str | tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class FoundGrant:
    """What an access list allows somebody: the SID, the name with or without a domain, and the rights."""

    sid: str
    name: str
    rights: int


@dataclass(frozen=True, slots=True)
class RefusedClass:
    """A class that was refused, whatever was asked of it, or where all of these properties are (lower case)."""

    namespace: str
    name: str
    properties: frozenset[str]
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Found:
    """All of it.

    Attributes:
        services: by name in lower case; those of a sign-in included.
        keys: those above others first.
        refused: by key and what of it, both in lower case.
        grants: what the access lists of keys allow, by key in lower case.
        ages: for how many seconds processes had run, by id.
        netbios: the NetBIOS option in force by adapter GUID, where another one than the registry's.
        quiet: GUIDs of adapters whose DHCP server turns NetBIOS off.
        raw_smb: whether the NetBT driver has the port of raw SMB.
        luid: what the names of per-user services end with, an empty text where there are none.
        language: of the operating system, as Windows numbers languages.
        subnets: the masks and prefix lengths that an adapter lists, by GUID.
        wins: the WINS servers that an adapter shows, by GUID.
    """

    services: Mapping[str, FoundService]
    sockets: tuple[Socket, ...]
    connections: tuple[TcpConnection, ...]
    keys: tuple[FoundKey, ...]
    classes: tuple[FoundClass, ...] = ()
    refused_classes: tuple[RefusedClass, ...] = ()
    refused: Mapping[tuple[str, str], Refusal] = field(default_factory=dict)
    grants: Mapping[str, tuple[FoundGrant, ...]] = field(default_factory=dict)
    ages: Mapping[str, float] = field(default_factory=dict)
    netbios: Mapping[str, int] = field(default_factory=dict)
    quiet: frozenset[str] = frozenset()
    raw_smb: bool = False
    luid: str = ""
    language: int | None = None
    subnets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def of_value(name: str, kind: RegistryType) -> str:
    """Return what a refused value goes by."""
    return f"value {name} {kind.name}".lower()


def lay_over(registry: Registry, keys: tuple[FoundKey, ...]) -> None:
    """Make a registry what was found of it; the rest stays."""
    for key in keys:
        if key.there is False:
            registry.drop(key.path)
            continue
        if key.there:
            registry.create(key.path)
        if not registry.exists(key.path):
            continue
        if key.subkeys is not None:
            listed = {name.lower() for name in key.subkeys}
            for name in registry.subkeys(key.path) or ():
                if name.lower() not in listed:
                    registry.drop(rf"{key.path}\{name}")
            for name in key.subkeys:
                registry.create(rf"{key.path}\{name}")
        _lay_values(registry, key)


def _lay_values(registry: Registry, key: FoundKey) -> None:
    present = registry.values(key.path) or {}
    types = None if key.types is None else {name.lower(): kind for name, kind in key.types.items()}
    gone = {name.lower() for name in key.absent} | {name.lower() for name in present if types is not None and name.lower() not in types}
    for name in present:
        if name.lower() in gone:
            registry.delete_value(key.path, name)
    for name, kind in (key.types or {}).items():
        known = registry.value(key.path, name)
        if known is None or known.type is not kind:
            registry.write(key.path, name, RegistryValue(kind, EMPTY[kind]))
    for name, value in key.values.items():
        registry.write(key.path, name, value)
