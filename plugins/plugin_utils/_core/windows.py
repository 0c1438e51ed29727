# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which Windows a host runs: a value that recipes, methods and messages are chosen by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Side(StrEnum):
    """The two families of Windows."""

    CLIENT = "client"
    SERVER = "server"


class ProductType(IntEnum):
    """Win32_OperatingSystem.ProductType (Microsoft, Win32_OperatingSystem class)."""

    WORKSTATION = 1
    DOMAIN_CONTROLLER = 2
    SERVER = 3


@dataclass(frozen=True, slots=True, order=True)
class NtVersion:
    """A kernel version, 5.0 (Windows 2000) to 10.0; ordered."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> NtVersion:
        """Read "5.1" or "5.1.2600"; raise ValueError for anything else."""
        major, minor = text.split(".")[:2]
        # Text from a host may be of any length.
        if max(len(major), len(minor)) > 5:
            raise ValueError(f"'{text[:30]}' is not a version")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class Windows:
    """One host's Windows.

    Attributes:
        id: version id of the documents ("windows_xp").
        name: how a person calls it ("Windows XP").
        build: the host's own build number.
        remark: "" where the build is known, otherwise how it was placed.
        newer: newer than every known Windows of its kind, so that what is known of the newest may not hold.
    """

    id: str
    name: str
    nt: NtVersion
    build: int
    product: ProductType
    remark: str = ""
    newer: bool = False

    @property
    def side(self) -> Side:
        """Client or server, which the product type alone tells (Windows 10 and Server 2016 share a build)."""
        return Side.CLIENT if self.product is ProductType.WORKSTATION else Side.SERVER


class DomainRole(IntEnum):
    """Win32_ComputerSystem.DomainRole (Microsoft, Win32_ComputerSystem class)."""

    STANDALONE_WORKSTATION = 0
    MEMBER_WORKSTATION = 1
    STANDALONE_SERVER = 2
    MEMBER_SERVER = 3
    BACKUP_DOMAIN_CONTROLLER = 4
    PRIMARY_DOMAIN_CONTROLLER = 5

    @property
    def in_domain(self) -> bool:
        """A member or a controller of a domain."""
        return self not in (DomainRole.STANDALONE_WORKSTATION, DomainRole.STANDALONE_SERVER)
