# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a socket looks like from outside: protocol, address, port, process.

Knows nothing of who owns a socket or of how a listing was read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address


class Protocol(StrEnum):
    """Transport protocol of an endpoint."""

    TCP = "tcp"
    UDP = "udp"


class Family(StrEnum):
    """Address family of an endpoint."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"


class Scope(StrEnum):
    """From where an endpoint can be reached."""

    WILDCARD = "wildcard"
    ADAPTER = "adapter"
    LOOPBACK = "loopback"


# A host has few addresses and may have ten thousand sockets.
@lru_cache(maxsize=1024)
def _number_of(address: str) -> IPv4Address | IPv6Address:
    """Return an address as a number, without its zone."""
    return ip_address(address.partition("%")[0])


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One listening TCP endpoint or bound UDP endpoint, as a listing shows it.

    `address` is a literal without brackets, an IPv6 zone included; `pid` is None where the listing
    has no such column (Windows 2000).
    """

    protocol: Protocol
    address: str
    port: int
    pid: int | None = None

    @property
    def ip(self) -> IPv4Address | IPv6Address:
        """The address as a number, without its zone."""
        return _number_of(self.address)

    @property
    def family(self) -> Family:
        """IPv4 or IPv6."""
        return Family.IPV4 if self.ip.version == 4 else Family.IPV6

    @property
    def scope(self) -> Scope:
        """All addresses, one adapter's address, or the loopback."""
        if self.ip.is_unspecified:
            return Scope.WILDCARD
        return Scope.LOOPBACK if self.ip.is_loopback else Scope.ADAPTER

    @property
    def name(self) -> str:
        """The endpoint as the documents write it: `tcp/135`."""
        return f"{self.protocol}/{self.port}"


@dataclass(frozen=True, slots=True, order=True)
class TcpRow:
    """One TCP row with a peer, in whatever state.

    Attributes:
        ending: the listing says that nobody holds it any more.
    """

    local_address: str
    local_port: int
    remote_address: str
    remote_port: int
    pid: int | None = None
    # A row that has changed its state is still the same connection.
    ending: bool = field(default=False, compare=False)
