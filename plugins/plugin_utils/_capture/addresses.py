# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replacing addresses so that comparisons of networks still hold: two that share a prefix share one of the same length afterwards.

The bits are changed at random, differently for each prefix, and nothing that is kept tells how (the idea is that of Crypto-PAn; there
is no key). Public addresses of version 4 end in ranges that nobody uses, where only the last 8 bits have room to keep their prefixes.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from random import Random

# RFC 1918, RFC 3927 and RFC 6598: so many bits say what kind of address it is, and stay.
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10")))
# RFC 5737; then RFC 2544, and RFC 1112 section 4, where a host has more networks than that.
EXAMPLE_NETWORKS = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
MORE = (IPv4Network("198.18.0.0/15"), IPv4Network("240.0.0.0/5"))
# This host, loopback, multicast, and broadcast or a mask of a network.
KEPT = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4")))
# RFC 4291 2.5.6, RFC 4193: the prefix of an address on a link alone, and of a local one; RFC 3849.
LINK_LOCAL, UNIQUE_LOCAL, DOCUMENTATION_6 = IPv6Network("fe80::/64"), IPv6Network("fc00::/7"), IPv6Network("2001:db8::/32")
MULTICAST = IPv6Network("ff00::/8")


class Addresses:
    """Replaces addresses of one host, each always by the same.

    Attributes:
        replaced: what became of each that was replaced.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._flips: dict[tuple[int, int, int], int] = {}
        self._networks: dict[int, int] = {}
        self._documentation = list(EXAMPLE_NETWORKS)
        random.shuffle(self._documentation)
        self.replaced: dict[str, str] = {}

    def of_4(self, address: IPv4Address) -> IPv4Address:
        """Replace an address of version 4."""
        number = int(address)
        if any(address in network for network in KEPT) or _is_mask(number):
            return address
        private = next((network for network in PRIVATE if address in network), None)
        found = IPv4Address(self._flipped(number, 32, private.prefixlen) if private is not None else self._public(number))
        self.replaced[str(address)] = str(found)
        return found

    def of_6(self, address: IPv6Address) -> IPv6Address:
        """Replace an address of version 6."""
        if address.is_loopback or address.is_unspecified or address in MULTICAST:
            return address
        if address.ipv4_mapped is not None:
            return IPv6Address(f"::ffff:{self.of_4(address.ipv4_mapped)}")
        number = int(address)
        if address.is_link_local:
            found = IPv6Address(self._flipped(number, 128, LINK_LOCAL.prefixlen))
        elif address in UNIQUE_LOCAL:
            found = IPv6Address(self._flipped(number, 128, 8))
        else:
            low = self._flipped(number, 128, DOCUMENTATION_6.prefixlen) & (2**96 - 1)
            found = IPv6Address(int(DOCUMENTATION_6.network_address) | low)
        self.replaced[str(address)] = str(found)
        return found

    def _public(self, number: int) -> int:
        network = number >> 8
        if network not in self._networks:
            self._networks[network] = self._next() >> 8
        return self._networks[network] << 8 | (self._flipped(number, 32, 24) & 0xFF)

    def _next(self) -> int:
        """Return a network that no address is in yet."""
        if self._documentation:
            return int(self._documentation.pop().network_address)
        taken = set(self._networks.values())
        for spare in MORE:
            for _attempt in range(100):
                found = int(spare.network_address) + (self._random.randrange(spare.num_addresses // 256) << 8)
                if found >> 8 not in taken:
                    return found
        return next(
            int(spare.network_address) + (n << 8)
            for spare in MORE[1:]
            for n in range(2**19)
            if (int(spare.network_address) >> 8) + n not in taken
        )

    def _flipped(self, number: int, length: int, kept: int) -> int:
        """Change each bit behind the first ones at random, always in the same way behind the same bits."""
        found = number >> (length - kept)
        for done in range(kept, length):
            bit = number >> (length - done - 1) & 1
            place = (length, done, number >> (length - done))
            if place not in self._flips:
                self._flips[place] = self._random.getrandbits(1)
            found = found << 1 | (bit ^ self._flips[place])
        return found


def _is_mask(number: int) -> bool:
    """Tell whether the bits of a number are ones and then zeros, at least eight ones."""
    inverted = number ^ 0xFFFFFFFF
    return number >> 24 == 0xFF and inverted & (inverted + 1) == 0
