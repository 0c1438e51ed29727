# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A socket of a simulated host that listens (TCP) or is bound (UDP)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address


class Protocol(StrEnum):
    """Transport protocol of a socket."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One socket and the process that holds it.

    `address` is a literal without brackets, an IPv6 zone included.
    """

    protocol: Protocol
    address: str
    port: int
    pid: int

    @property
    def ipv6(self) -> bool:
        """Whether the address is one of IPv6."""
        return self._ip.version == 6

    @property
    def loopback(self) -> bool:
        """Whether only programs of the host itself reach it."""
        return self._ip.is_loopback

    @property
    def _ip(self) -> IPv4Address | IPv6Address:
        return ip_address(self.address.partition("%")[0])
