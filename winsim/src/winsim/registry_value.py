# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A value in a simulated host's registry, with its type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

RegistryData = str | int | bytes | tuple[str, ...]
"""What a value holds: text (SZ, EXPAND_SZ), a number without sign (DWORD, QWORD), bytes (BINARY), lines (MULTI_SZ)."""


class RegistryType(IntEnum):
    """The types that StdRegProv can name, by the numbers of its EnumValues (Microsoft, StdRegProv.EnumValues)."""

    SZ = 1
    EXPAND_SZ = 2
    BINARY = 3
    DWORD = 4
    MULTI_SZ = 7
    QWORD = 11


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """What is stored under one name of a key."""

    type: RegistryType
    data: RegistryData

    def plain(self) -> str | int | list[str]:
        """Return the data as JSON can hold it; bytes as hexadecimal digits."""
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
