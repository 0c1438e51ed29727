# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registry values with their types. Keys are written below HKEY_LOCAL_MACHINE, without the hive."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

HKLM = "HKLM\\"
"""Prefix of a key where a person reads it."""
SERVICES_KEY = r"SYSTEM\CurrentControlSet\Services"
"""Where the SCM keeps services and drivers (Microsoft, HKLM\\SYSTEM\\CurrentControlSet\\Services Registry Tree)."""
OUR_KEY = r"SOFTWARE\netmin.windows"
"""Our own key on a host: the run's record, the snapshots, and the timer of `confirm` below it."""

RegistryData = str | int | bytes | tuple[str, ...]
"""SZ and EXPAND_SZ: str; DWORD and QWORD: unsigned int; BINARY: bytes; MULTI_SZ: tuple of str."""


class RegistryType(IntEnum):
    """The type numbers that StdRegProv.EnumValues reports (Microsoft, StdRegProv.EnumValues)."""

    SZ = 1
    EXPAND_SZ = 2
    BINARY = 3
    DWORD = 4
    MULTI_SZ = 7
    QWORD = 11


@dataclass(frozen=True, slots=True)
class Grant:
    """What the access list of a key allows somebody.

    Attributes:
        sid: who.
        name: the same for a person.
        rights: the access mask.
    """

    sid: str
    name: str
    rights: int


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """One value that exists, with its type and data."""

    type: RegistryType
    data: RegistryData

    def plain(self) -> str | int | list[str]:
        """Return the data as a result shows it; binary as hexadecimal text."""
        if isinstance(self.data, bytes):
            return self.data.hex()
        return list(self.data) if isinstance(self.data, tuple) else self.data

    @classmethod
    def dword(cls, number: int) -> RegistryValue:
        """Make a REG_DWORD."""
        return cls(RegistryType.DWORD, number)

    @classmethod
    def text(cls, text: str) -> RegistryValue:
        """Make a REG_SZ."""
        return cls(RegistryType.SZ, text)

    @classmethod
    def texts(cls, texts: tuple[str, ...]) -> RegistryValue:
        """Make a REG_MULTI_SZ."""
        return cls(RegistryType.MULTI_SZ, texts)
