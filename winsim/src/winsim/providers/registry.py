# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""StdRegProv, in root/default only, where Microsoft's documents and every Windows have it.

Sources: Microsoft, "StdRegProv class" (methods, parameters, hive numbers); return values of clients in use: 2 absent key,
1 absent value on reading, 2 on deleting, 5 access denied, 0x80041005 another type.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from winsim.classes import Version
from winsim.host import controls
from winsim.host.controls import Written
from winsim.host.files import Entry, Principal
from winsim.host.found import GRANTS, SUBKEYS, VALUES, FoundGrant, of_value
from winsim.host.machine import Machine
from winsim.registry_value import RegistryData, RegistryType, RegistryValue
from winsim.seams import Embedded, Instance, Problem, Scalar, Value, WmiError

from .cim import DEFAULT, Arguments, CimClass, Method, Out

HIVES = {0x80000000: "HKCR", 0x80000001: "HKCU", 0x80000002: "HKLM", 0x80000003: "HKU", 0x80000005: "HKCC"}
HKLM = 0x80000002

NO_KEY = 2
NO_VALUE_TO_READ = 1
NO_VALUE_TO_DELETE = 2
ACCESS_DENIED = 5
TYPE_MISMATCH = 0x80041005
INVALID_PARAMETER = 0x80041008

WRITTEN = {
    Written.DONE: 0,
    Written.NO_KEY: NO_KEY,
    Written.NO_VALUE: NO_VALUE_TO_DELETE,
    Written.DENIED: ACCESS_DENIED,
    # RegDeleteKey refuses a key with subkeys as access denied (from memory).
    Written.HAS_SUBKEYS: ACCESS_DENIED,
    # Which error the provider would answer is not known; this one is a guess that no client may rely on.
    Written.REFUSED: INVALID_PARAMETER,
}

Call = Callable[[Machine, Instance | None, Arguments], Out]
KEY = ("hDefKey", "sSubKeyName")
VALUE = (*KEY, "sValueName")
KEY_CHANGES = 0x2 | 0x4 | 0x20 | 0x10000 | 0x40000 | 0x80000
"""The rights of CheckAccess that change something: set value, create subkey or link, delete, write DAC or owner."""

# Microsoft, StdRegProv: GetSecurityDescriptor came with Windows Vista.
DESCRIPTORS_SINCE: Version = (6, 0)
# What the letters of an entry are of a key: KEY_ALL_ACCESS, KEY_READ, KEY_WRITE, and all but changing the list (Microsoft, registry key
# security); SE_DACL_PRESENT, SE_DACL_PROTECTED and SE_SELF_RELATIVE (MS-DTYP 2.4.6); flags and kinds of entries (2.4.4.1).
MASKS = {"F": 0xF003F, "R": 0x20019, "W": 0x20006, "M": 0x3003F}
PRESENT, PROTECTED, RELATIVE = 0x4, 0x1000, 0x8000
FLAGS = {"OI": 0x1, "CI": 0x2, "IO": 0x8, "I": 0x10}
ALLOWED, DENIED = 0, 1
NAMES = {
    Principal.EVERYONE: (None, "Everyone"),
    Principal.CREATOR: (None, "CREATOR OWNER"),
    Principal.AUTHENTICATED: ("NT AUTHORITY", "Authenticated Users"),
    Principal.SYSTEM: ("NT AUTHORITY", "SYSTEM"),
    Principal.ADMINISTRATORS: ("BUILTIN", "Administrators"),
    Principal.USERS: ("BUILTIN", "Users"),
    Principal.POWER_USERS: ("BUILTIN", "Power Users"),
}


def _path(arguments: Arguments) -> str:
    hive = HIVES.get(arguments.number("hDefKey", default=HKLM))
    if hive is None:
        raise WmiError(Problem.INVALID_PARAMETER, "hDefKey")
    name = arguments.text("sSubKeyName")
    return rf"{hive}\{name}" if name else hive


def _refused(host: Machine, path: str, what: str) -> int:
    """Return what a method answers for something that the host refused when it was captured; 0 where it did not.

    Raises:
        WmiError: it answered a fault.
    """
    refusal = host.refused.get((path.lower(), what))
    if refusal is None:
        return 0
    if refusal.return_value:
        return refusal.return_value
    raise WmiError(Problem.ACCESS_DENIED if refusal.code is not None else Problem.FAILED, path, code=refusal.code, subcode=refusal.subcode)


def _enum_key(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del instance
    if refused := _refused(host, _path(arguments), SUBKEYS):
        return {"ReturnValue": refused}
    names = host.registry.subkeys(_path(arguments))
    return {"ReturnValue": NO_KEY} if names is None else {"sNames": list(names), "ReturnValue": 0}


def _enum_values(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del instance
    if refused := _refused(host, _path(arguments), VALUES):
        return {"ReturnValue": refused}
    values = host.registry.values(_path(arguments))
    if values is None:
        return {"ReturnValue": NO_KEY}
    return {"sNames": list(values), "Types": [int(value.type) for value in values.values()], "ReturnValue": 0}


def _get(kind: RegistryType, name: str, shown: Callable[[Machine, RegistryData], Value]) -> Call:
    def call(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
        del instance
        path = _path(arguments)
        value = host.registry.value(path, arguments.text("sValueName") or "")
        absent: Value = [] if kind in (RegistryType.MULTI_SZ, RegistryType.BINARY) else None
        if refused := _refused(host, path, of_value(arguments.text("sValueName") or "", kind)):
            return {name: absent, "ReturnValue": refused}
        if value is None:
            return {name: absent, "ReturnValue": NO_VALUE_TO_READ if host.registry.exists(path) else NO_KEY}
        if value.type is not kind:
            return {name: absent, "ReturnValue": TYPE_MISMATCH}
        return {name: shown(host, value.data), "ReturnValue": 0}

    return call


def _set(kind: RegistryType, read: Callable[[Arguments], RegistryData]) -> Call:
    def call(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
        del instance
        value = RegistryValue(kind, read(arguments))
        return {"ReturnValue": WRITTEN[controls.set_value(host, _path(arguments), arguments.text("sValueName") or "", value)]}

    return call


def _create_key(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del instance
    return {"ReturnValue": WRITTEN[controls.create_key(host, _path(arguments))]}


def _delete_key(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del instance
    return {"ReturnValue": WRITTEN[controls.delete_key(host, _path(arguments))]}


def _delete_value(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del instance
    return {"ReturnValue": WRITTEN[controls.delete_value(host, _path(arguments), arguments.text("sValueName") or "")]}


def _check_access(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del instance
    path = _path(arguments)
    required = arguments.number("uRequired", default=3)
    if not host.registry.exists(path):
        return {"bGranted": False, "ReturnValue": NO_KEY}
    granted = not (required & KEY_CHANGES and host.faults.denies_key(path))
    return {"bGranted": granted, "ReturnValue": 0 if granted else ACCESS_DENIED}


def _get_security_descriptor(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    """Show who may do what with a key, as an instance in the answer; the name of a group is English (Microsoft, __SecurityDescriptor)."""
    del instance
    if host.spec.windows.kernel < DESCRIPTORS_SINCE:
        raise WmiError(Problem.INVALID_METHOD, "GetSecurityDescriptor")
    path = _path(arguments)
    if refused := _refused(host, path, GRANTS):
        return {"Descriptor": None, "ReturnValue": refused}
    if not host.registry.exists(path):
        return {"Descriptor": None, "ReturnValue": NO_KEY}
    entries = host.registry.access_list(path)
    found = None if host.spec.found is None else host.spec.found.grants.get(path.lower())
    shown: dict[str, Value] = {
        "ControlFlags": PRESENT | RELATIVE,
        "DACL": [_entry(entry) for entry in entries] if found is None else [_found_entry(grant) for grant in found],
        "Group": _trustee(Principal.SYSTEM),
        "Owner": _trustee(Principal.ADMINISTRATORS),
    }
    return {"Descriptor": Embedded("__SecurityDescriptor", shown), "ReturnValue": 0}


def _entry(entry: Entry) -> Embedded:
    mask = 0
    for right in entry.rights.split(","):
        mask |= MASKS[right]
    values: dict[str, Value] = {
        "AccessMask": mask,
        "AceFlags": sum(number for flag, number in FLAGS.items() if flag in entry.flags),
        "AceType": DENIED if entry.denied else ALLOWED,
        "Trustee": _trustee(entry.principal),
    }
    return Embedded("__ACE", values)


def _found_entry(grant: FoundGrant) -> Embedded:
    domain, _backslash, name = grant.name.rpartition("\\")
    trustee = Embedded("__Trustee", {"Domain": domain or None, "Name": name, "SIDString": grant.sid})
    return Embedded("__ACE", {"AccessMask": grant.rights, "AceFlags": 0, "AceType": ALLOWED, "Trustee": trustee})


def _trustee(principal: Principal) -> Embedded:
    domain, name = NAMES[principal]
    return Embedded("__Trustee", {"Domain": domain, "Name": name, "SIDString": principal.value})


def _as_is(host: Machine, data: RegistryData) -> Value:
    del host
    return data if isinstance(data, str | int) else None


def _as_list(host: Machine, data: RegistryData) -> Value:
    del host
    items: list[Scalar] = []
    if isinstance(data, tuple | bytes):
        items.extend(data)
    return items


def _expanded(host: Machine, data: RegistryData) -> Value:
    directory = host.spec.windows.directory
    known = {"systemroot": directory, "windir": directory, "systemdrive": directory[:2], "computername": host.spec.windows.computer}
    return re.sub(r"%([^%]+)%", lambda match: known.get(match[1].lower(), match[0]), str(data))


def _bytes(arguments: Arguments) -> bytes:
    entries = arguments.texts("uValue")
    if not all(entry.isdecimal() and int(entry) < 256 for entry in entries):
        raise WmiError(Problem.INVALID_PARAMETER, "uValue")
    return bytes(int(entry) for entry in entries)


TEXT = (*VALUE, "sValue")
NUMBER = (*VALUE, "uValue")
METHODS = {
    "CheckAccess": Method((*KEY, "uRequired"), _check_access, static=True),
    "CreateKey": Method(KEY, _create_key, static=True),
    "DeleteKey": Method(KEY, _delete_key, static=True),
    "DeleteValue": Method(VALUE, _delete_value, static=True),
    "EnumKey": Method(KEY, _enum_key, static=True),
    "EnumValues": Method(KEY, _enum_values, static=True),
    "GetBinaryValue": Method(VALUE, _get(RegistryType.BINARY, "uValue", _as_list), static=True),
    "GetDWORDValue": Method(VALUE, _get(RegistryType.DWORD, "uValue", _as_is), static=True),
    "GetExpandedStringValue": Method(VALUE, _get(RegistryType.EXPAND_SZ, "sValue", _expanded), static=True),
    "GetMultiStringValue": Method(VALUE, _get(RegistryType.MULTI_SZ, "sValue", _as_list), static=True),
    "GetQWORDValue": Method(VALUE, _get(RegistryType.QWORD, "uValue", _as_is), static=True),
    "GetSecurityDescriptor": Method(KEY, _get_security_descriptor, static=True),
    "GetStringValue": Method(VALUE, _get(RegistryType.SZ, "sValue", _as_is), static=True),
    "SetBinaryValue": Method(NUMBER, _set(RegistryType.BINARY, _bytes), static=True),
    "SetDWORDValue": Method(NUMBER, _set(RegistryType.DWORD, lambda arguments: arguments.number("uValue")), static=True),
    "SetExpandedStringValue": Method(TEXT, _set(RegistryType.EXPAND_SZ, lambda arguments: arguments.text("sValue") or ""), static=True),
    "SetMultiStringValue": Method(TEXT, _set(RegistryType.MULTI_SZ, lambda arguments: arguments.texts("sValue")), static=True),
    "SetQWORDValue": Method(NUMBER, _set(RegistryType.QWORD, lambda arguments: arguments.number("uValue", bits=64)), static=True),
    "SetStringValue": Method(TEXT, _set(RegistryType.SZ, lambda arguments: arguments.text("sValue") or ""), static=True),
}

PROVIDER = CimClass("StdRegProv", DEFAULT, (), (), methods=METHODS)

CLASSES = (PROVIDER,)
