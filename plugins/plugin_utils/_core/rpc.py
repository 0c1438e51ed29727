# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The RPC endpoint map of a host: which interface can be reached at which endpoint, as the endpoint mapper says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address
from uuid import UUID

from .endpoint import Endpoint, Protocol


class MapState(StrEnum):
    """What became of the question for the endpoint map. Only `read` and `partial` say anything of what is registered."""

    READ = "read"
    PARTIAL = "partial"
    """Entries came, and then a bound was reached or the answers broke off."""
    REFUSED = "refused"
    """The mapper is there and does not answer this client."""
    CLOSED = "closed"
    """The host refuses connections to the port."""
    SILENT = "silent"
    """Nothing came back in time."""
    BROKEN = "broken"
    """Something came back that is no answer of an endpoint mapper."""
    NOT_ASKED = "not_asked"
    """The host is a file, or nobody wanted the map."""


class RpcSequence(StrEnum):
    """Protocol sequences as Windows writes them (MS-RPCE 2.1; C706 appendix B)."""

    TCP = "ncacn_ip_tcp"
    UDP = "ncadg_ip_udp"
    PIPE = "ncacn_np"
    HTTP = "ncacn_http"
    LOCAL = "ncalrpc"
    OTHER = "other"


MOST_ENTRIES = 5000
"""So many entries of a map are kept. The largest public one has 400."""
MOST_AT_PORT = 400
"""A port with more entries tells nothing: no host registers so many at one."""
PROTOCOLS: Mapping[RpcSequence, Protocol] = {RpcSequence.TCP: Protocol.TCP, RpcSequence.UDP: Protocol.UDP, RpcSequence.HTTP: Protocol.TCP}


@dataclass(frozen=True, slots=True, order=True)
class RpcEntry:
    """One entry of an endpoint map.

    Attributes:
        interface: the interface's UUID.
        version: of the interface, major and minor.
        endpoint: the port, or the name of the pipe or of the local port; "" where the entry names none.
        address: as the entry has it; 0.0.0.0 is every address. A NetBIOS name for a pipe; "" where there is none.
        annotation: what the server says of itself; foreign text.
        object: the object's UUID; None where there is none.
    """

    interface: UUID
    version: tuple[int, int]
    sequence: RpcSequence
    endpoint: str
    address: str = ""
    annotation: str = ""
    object: UUID | None = None

    @property
    def protocol(self) -> Protocol | None:
        """Of the port behind it; None where it has none."""
        return PROTOCOLS.get(self.sequence)

    @property
    def port(self) -> int | None:
        """The port; None where the endpoint is none."""
        return int(self.endpoint) if self.protocol is not None and self.endpoint.isdecimal() else None

    @property
    def binding(self) -> str:
        """The endpoint as a binding string has it (C706, 3.1): `ncacn_ip_tcp:192.0.2.1[49664]`."""
        return f"{self.sequence}:{self.address}[{self.endpoint}]"

    def is_at(self, row: Endpoint) -> bool:
        """Tell whether it leads to an endpoint of a listing.

        The mapper of a host writes one IPv4 address, or none, for a port that the server has at all addresses; so of an endpoint at
        all addresses the port tells, of one at a single address that address as well.
        """
        if self.protocol is not row.protocol or self.port != row.port:
            return False
        own = self.ip
        return own is None or own.is_unspecified or row.ip.is_unspecified or own.version != row.ip.version or own == row.ip

    @property
    def ip(self) -> IPv4Address | IPv6Address | None:
        """The address as a number; None where it is none."""
        try:
            return ip_address(self.address)
        except ValueError:
            return None


@dataclass(frozen=True)
class EndpointMap:
    """What an endpoint mapper said.

    Attributes:
        evidence: one sentence on what happened.
        authenticated: the mapper answered only after a login.
    """

    state: MapState
    evidence: str
    entries: tuple[RpcEntry, ...] = ()
    authenticated: bool = False

    @property
    def told(self) -> bool:
        """Whether it says anything of what is registered."""
        return self.state in (MapState.READ, MapState.PARTIAL)

    @cached_property
    def _by_port(self) -> Mapping[tuple[Protocol, int], list[RpcEntry]]:
        found: dict[tuple[Protocol, int], list[RpcEntry]] = {}
        for entry in self.entries:
            if entry.protocol is not None and entry.port is not None:
                found.setdefault((entry.protocol, entry.port), []).append(entry)
        return found

    def at(self, row: Endpoint) -> tuple[RpcEntry, ...]:
        """Return the entries that lead to an endpoint of a listing, of two that are alike the same tuple.

        A host may list a port at thousands of addresses: those that no entry names are alike.
        """
        place = (row.protocol, row.port)
        entries = self._by_port.get(place, ())
        if not entries or len(entries) > MOST_AT_PORT:
            return ()
        kind = (*place, row.ip if row.ip in self._named[place] or row.ip.is_unspecified else row.ip.version)
        if kind not in self._found:
            self._found[kind] = tuple(entry for entry in entries if entry.is_at(row))
        return self._found[kind]

    @cached_property
    def _found(self) -> dict[object, tuple[RpcEntry, ...]]:
        return {}

    @cached_property
    def _named(self) -> Mapping[tuple[Protocol, int], frozenset[object]]:
        """Return the addresses that the entries of a port name."""
        return {place: frozenset(entry.ip for entry in entries) for place, entries in self._by_port.items()}

    def since(self, earlier: EndpointMap) -> EndpointMap:
        """Return this map with what an earlier one of the same boot had of ports of which this one has nothing.

        A service that stops takes its entries back, and its port stays with its process until that ends.
        """
        if not earlier.told:
            return self
        if not self.told:
            return earlier
        gone = tuple(
            entry
            for entry in earlier.entries
            if entry.protocol is not None and entry.port is not None and (entry.protocol, entry.port) not in self._by_port
        )
        return replace(self, entries=(*self.entries, *gone))


UNASKED = EndpointMap(MapState.NOT_ASKED, "the endpoint map was not asked for")
AskMapper = Callable[[], EndpointMap]
"""Asks the mapper of one host; never raises."""
