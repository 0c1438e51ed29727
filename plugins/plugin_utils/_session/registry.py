# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry through StdRegProv: which method and parameter belong to which type, and values to and fro.

Source of method and parameter names: win32 WmiSdk, "Mapping a Registry Data Type to a WMI Data Type".
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import Grant, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row, whole_number
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.constants import HKEY_LOCAL_MACHINE
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import Argument, Invoke

from .guard import STD_REG_PROV

# "Not there" as clients of real hosts met it (networkoptix/nx_open, os_access/_winrm.py): 1 for the value of a Get
# method, 2 for a key and for DeleteValue. Both count everywhere.
ABSENT = frozenset({1, 2})
_VALUE_ABSENT = 1
_ENUMERATORS = ("EnumKey", "EnumValues")
# Microsoft, StdRegProv class: from Windows Vista on.
GET_DESCRIPTOR = "GetSecurityDescriptor"
# MS-DTYP 2.4.6 and 2.4.4.1: the descriptor has a list; an entry that allows; and who is meant where there is no list (2.4.2.4).
_DACL_PRESENT, _ALLOWED, _EVERYONE, _ALL = 0x4, 0, "S-1-1-0", 0x10000000


@dataclass(frozen=True, slots=True)
class _Methods:
    get: str
    set: str
    parameter: str


_METHODS = {
    RegistryType.SZ: _Methods("GetStringValue", "SetStringValue", "sValue"),
    RegistryType.EXPAND_SZ: _Methods("GetExpandedStringValue", "SetExpandedStringValue", "sValue"),
    RegistryType.BINARY: _Methods("GetBinaryValue", "SetBinaryValue", "uValue"),
    RegistryType.DWORD: _Methods("GetDWORDValue", "SetDWORDValue", "uValue"),
    RegistryType.MULTI_SZ: _Methods("GetMultiStringValue", "SetMultiStringValue", "sValue"),
    RegistryType.QWORD: _Methods("GetQWORDValue", "SetQWORDValue", "uValue"),
}


def call(method: str, key: str, *arguments: tuple[str, Argument]) -> Invoke:
    """Return a call of a StdRegProv method on a key below HKEY_LOCAL_MACHINE; the class is static and takes no selector."""
    return Invoke(resource=STD_REG_PROV, method=method, arguments=(("hDefKey", HKEY_LOCAL_MACHINE), ("sSubKeyName", key), *arguments))


def getter(key: str, name: str, kind: RegistryType) -> Invoke:
    """Return the call that reads a value of this type."""
    return call(_METHODS[kind].get, key, ("sValueName", name))


def setter(key: str, name: str, value: RegistryValue) -> Invoke:
    """Return the call that writes a value; an empty list is sent without an element."""
    methods, argument = _METHODS[value.type], value.data
    return call(methods.set, key, ("sValueName", name), (methods.parameter, tuple(argument) if isinstance(argument, bytes) else argument))


def key_is_there(method: str, code: int) -> bool | None:
    """Tell whether the key of a read is there by what the method returned; None where that leaves it open.

    That a Get method returns 2 for the key alone is one project's experience, and not enough to call a key absent.
    """
    if code == 0:
        return True
    if method in _ENUMERATORS:
        return False if code in ABSENT else None
    return True if code == _VALUE_ABSENT else None


def value_of(row: Row, kind: RegistryType) -> RegistryValue:
    """Return the value in the output of a `getter` that returned 0.

    Raises:
        ValueError: the output does not fit the type.
    """
    parameter = _METHODS[kind].parameter
    if kind is RegistryType.MULTI_SZ:
        # Without elements: an existing, empty list.
        return RegistryValue(kind, row.texts(parameter))
    if kind is RegistryType.BINARY:
        return RegistryValue(kind, bytes(whole_number(byte) for byte in row.texts(parameter)))
    if kind in (RegistryType.DWORD, RegistryType.QWORD):
        number = row.number(parameter)
        if number is None:
            raise ValueError(f"no {parameter}")
        # The type is unsigned; a host that sends it signed means the same bits.
        return RegistryValue(kind, number & (0xFFFFFFFF if kind is RegistryType.DWORD else 0xFFFFFFFFFFFFFFFF))
    return RegistryValue(kind, row.text(parameter) or "")


def types_of(row: Row) -> dict[str, RegistryType]:
    """Return names and types from the output of EnumValues; types that StdRegProv cannot read are left out.

    Raises:
        ValueError: the two arrays do not have the same length.
    """
    names, types = row.texts("sNames"), row.texts("Types")
    if not names and len(types) == 1:
        # A key whose only value is its default one: some versions send no name, others an empty one (from memory).
        names = ("",)
    if len(names) != len(types):
        raise ValueError("sNames and Types differ in length")
    known = {int(kind) for kind in RegistryType}
    numbers = [whole_number(kind) for kind in types]
    return {name: RegistryType(number) for name, number in zip(names, numbers, strict=True) if number in known}


def grants_of(row: Row) -> tuple[Grant, ...]:
    """Return what the output of GetSecurityDescriptor allows, entries that deny left out; without a list everybody may do everything.

    Raises:
        ValueError: the output has no descriptor, or one that makes no sense.
    """
    (descriptor,) = row.instances("Descriptor")
    if not (descriptor.number("ControlFlags") or 0) & _DACL_PRESENT:
        return (Grant(_EVERYONE, "Everyone", _ALL),)
    return tuple(_grant(entry) for entry in descriptor.instances("DACL") if entry.number("AceType") == _ALLOWED)


def _grant(entry: Row) -> Grant:
    (trustee,) = entry.instances("Trustee")
    name = "\\".join(filter(None, (trustee.text("Domain"), trustee.text("Name"))))
    return Grant(trustee.text("SIDString") or "", name, entry.number("AccessMask") or 0)
