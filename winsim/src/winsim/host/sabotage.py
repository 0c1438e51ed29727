# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a tester does to single endpoints: gone, held by somebody else, at another address, left behind by IPv4, of nobody, added.

It changes what is seen of the sockets (by netstat, by WMI, by who connects), over boots too, and never what a host does by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from winsim.endpoint import Endpoint, Protocol

from .faults import Fault
from .processes import Process
from .sockets import WILDCARD_V6, Origin

if TYPE_CHECKING:
    from .machine import Machine

GONE, TAKEN, MOVED = "endpoint_gone", "endpoint_taken", "endpoint_moved"
IPV6_LEFT, ORPHANED, ADDED = "ipv6_left", "endpoint_orphaned", "endpoint_added"
KINDS = frozenset({GONE, TAKEN, MOVED, IPV6_LEFT, ORPHANED, ADDED})


@dataclass(frozen=True, slots=True)
class BoundEndpoint:
    """A bound socket with the name of its owner, what opened it, and whether the firewall keeps others from it."""

    endpoint: Endpoint
    owner: str
    origin: Origin
    dropped: bool


@dataclass(slots=True)
class _Armed:
    """One fault, after how many more boots it counts, since when it does, and the process that holds what it gives away."""

    fault: Fault
    boots: int
    since: float | None = None
    process: Process | None = None


class Sabotage:
    """All that was done to the endpoints of one host."""

    def __init__(self, host: Machine) -> None:
        self._host = host
        self._armed: list[_Armed] = []

    def arm(self, fault: Fault) -> None:
        """Begin with one fault, or wait for the boots that it waits for."""
        boots = int(str(fault.settings.get("boots", 0)))
        self._armed.append(_Armed(fault, boots, None if boots else self._host.time.elapsed()))

    def clear(self) -> None:
        """Undo all."""
        self._armed.clear()

    def booted(self) -> None:
        """Count a boot."""
        for armed in self._armed:
            if armed.since is None:
                armed.boots -= 1
                armed.since = None if armed.boots else self._host.time.elapsed()

    def stamp(self) -> tuple[bool, ...]:
        """Return which of the faults count now: what is seen changes with it."""
        return tuple(self._counts(armed) for armed in self._armed)

    def seen(self, sockets: Iterable[BoundEndpoint]) -> tuple[BoundEndpoint, ...]:
        """Return what is seen of a host's sockets."""
        rows = tuple(sockets)
        for armed in self._armed:
            if self._counts(armed):
                rows = tuple(self._changed(armed, rows))
        return rows

    def _counts(self, armed: _Armed) -> bool:
        """Tell whether a fault counts now: from its boot on, and until what it took is back."""
        back = armed.fault.settings.get("back")
        return armed.since is not None and (back is None or self._host.time.elapsed() - armed.since < float(str(back)))

    def _changed(self, armed: _Armed, rows: tuple[BoundEndpoint, ...]) -> Iterator[BoundEndpoint]:
        fault, kind = armed.fault, armed.fault.kind
        if kind == ADDED:
            yield from rows
            yield self._added(armed)
            return
        hit = [row for row in rows if _meant(fault, row)]
        yield from (row for row in rows if row not in hit)
        if kind == IPV6_LEFT:
            yield from _without_ipv4(hit)
        elif kind != GONE:
            yield from (self._other(armed, row) for row in hit)

    def _other(self, armed: _Armed, row: BoundEndpoint) -> BoundEndpoint:
        """Return a row with another address or another holder."""
        if armed.fault.kind == MOVED:
            endpoint = replace(row.endpoint, address=str(armed.fault.settings["to"]))
            return replace(row, endpoint=endpoint, dropped=row.dropped and not endpoint.loopback)
        if armed.fault.kind == ORPHANED:
            return replace(row, endpoint=replace(row.endpoint, pid=self._host.processes.dead(row.owner)))
        owner, pid = self._holder(armed)
        return replace(row, endpoint=replace(row.endpoint, pid=pid), owner=owner, origin=Origin.FAULT)

    def _added(self, armed: _Armed) -> BoundEndpoint:
        settings = armed.fault.settings
        owner, pid = self._holder(armed)
        protocol = Protocol(str(settings["protocol"]))
        endpoint = Endpoint(protocol, str(settings["address"]), int(str(settings["port"])), pid)
        return BoundEndpoint(endpoint, owner, Origin.FAULT, dropped=False)

    def _holder(self, armed: _Armed) -> tuple[str, int]:
        """Return the owner that a fault names: a service or a process of the host, else a program that runs for this alone."""
        name = str(armed.fault.settings["owner"])
        service = self._host.services.find(name)
        process = self._host.processes.get(name if service is None else service.spec.process)
        if process is None:
            if armed.process is None or self._host.processes.get(armed.process.id) is None:
                armed.process = self._host.start_process(name, name, None)
            process = armed.process
        return (name if service is None else service.spec.name), process.pid


def _meant(fault: Fault, row: BoundEndpoint) -> bool:
    """Tell whether a fault is about a row: by protocol, and as far as it says by port, address and owner."""
    wanted = fault.settings
    return (
        wanted["protocol"] == str(row.endpoint.protocol)
        and wanted.get("port", row.endpoint.port) == row.endpoint.port
        and wanted.get("address", row.endpoint.address) == row.endpoint.address
        and str(wanted.get("of", row.owner)).lower() == row.owner.lower()
    )


def _without_ipv4(hit: list[BoundEndpoint]) -> Iterator[BoundEndpoint]:
    """Yield the IPv6 half of endpoints; one that had none is at `::`."""
    left = [row for row in hit if row.endpoint.ipv6]
    ports = {(row.endpoint.protocol, row.endpoint.port) for row in left}
    yield from left
    for row in hit:
        if (row.endpoint.protocol, row.endpoint.port) not in ports:
            ports.add((row.endpoint.protocol, row.endpoint.port))
            yield replace(row, endpoint=replace(row.endpoint, address=WILDCARD_V6))
