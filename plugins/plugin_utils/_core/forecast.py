# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is expected of each endpoint, and what was found of it: the words of forecast and proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from .endpoint import Endpoint, Family, Protocol, Scope
from .names import Names


class Expectation(StrEnum):
    """What a plan expects of one endpoint at one time."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"

    @classmethod
    def of_all(cls, parts: tuple[Expectation, ...]) -> Expectation:
        """Join what is expected of every possible owner: agreement, or unknown."""
        return parts[0] if parts and len(set(parts)) == 1 else cls.UNKNOWN


class Outlook(StrEnum):
    """The forecast of one endpoint in words."""

    CLOSES_NOW = "closes now"
    CLOSES_AT_BOOT = "closes at the next boot"
    RETURNS_AT_BOOT = "closes now, returns at the next boot"
    LOOPBACK_ONLY = "loopback only from the next boot"
    STAYS = "stays"
    FILTERED = "stays, filtered"
    OPENS = "opens again"
    KEPT = "kept"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What the proof found. Nothing but a missing socket is ever called closed."""

    CLOSED = "closed"
    LOOPBACK_ONLY = "loopback_only"
    FILTERED = "filtered"
    KEPT = "kept"
    OPEN = "open"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What the proof says of a whole host."""

    PROVEN = "proven"
    FAILED = "failed"
    NOT_PROVEN = "not_proven"
    NOT_SETTLED = "not_settled"


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes an endpoint the same one across a boot.

    Attributes:
        port: the number where it is fixed; None where it is dynamic.
        owners: the services that can own it where the port is dynamic; empty where it is fixed.
    """

    protocol: Protocol
    family: Family
    scope: Scope
    port: int | None
    owners: tuple[str, ...]

    def covers(self, other: Identity) -> bool:
        """Tell whether `other`, seen later, can be this endpoint: its possible owners are among ours."""
        same = (self.protocol, self.family, self.scope, self.port) == (other.protocol, other.family, other.scope, other.port)
        return same and (self.port is not None or (bool(other.owners) and Names(other.owners) <= Names(self.owners)))

    def __str__(self) -> str:
        if self.port is not None:
            return f"{self.protocol}/{self.port}"
        return f"{self.protocol}/dynamic ({' or '.join(self.owners) or 'unknown owner'})"


FEW = 8
"""Up to so many endpoints that differ in nothing but address and number are shown one by one; more are one line with a count."""
MANY = 16
"""Up to so many fixed ports of one kind are shown one by one; more are one line that names all of them."""
MOST_RANGES = 300
"""So many ranges of ports one line names at most."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected of one endpoint, or of many that differ in nothing but their address and number.

    Attributes:
        endpoint: as listed when the plan was made; of many the first.
        now: expected once the plan has been applied.
        boot: expected after the next boot.
        owner: the owner in words.
        owners: the services, drivers or programs that can own it, sorted; None where a record of an older release does not say.
        recipe: id of the recipe that knows it, or None.
        why: one sentence.
        count: how many endpoints there were.
        others: the other ones, as long as there are few.
        ports: where it stands for many fixed ports, all of them, that of `endpoint` first.
    """

    endpoint: Endpoint
    identity: Identity
    owner: str
    recipe: str | None
    now: Expectation
    boot: Expectation
    outlook: Outlook
    why: str
    owners: tuple[str, ...] | None = None
    count: int = 1
    others: tuple[Endpoint, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All endpoints where there are few, else the first."""
        return (self.endpoint, *self.others)


def grouped(entries: Iterable[Forecast]) -> tuple[Forecast, ...]:
    """Make one entry of those that differ in nothing but address, number and process, at the place of the first.

    Few of them are kept apart by what is said of each; of many what is said of the first stands for all.
    """
    groups: dict[object, list[Forecast]] = {}
    for entry in entries:
        alike = (entry.identity, entry.owners, entry.recipe, entry.now, entry.boot, entry.outlook)
        groups.setdefault(alike, []).append(entry)
    joined: list[Forecast] = []
    for group in groups.values():
        many = sum(entry.count for entry in group) > FEW
        whys = dict.fromkeys("" if many else entry.why for entry in group)
        joined += [_joined([entry for entry in group if many or entry.why == why]) for why in whys]
    return tuple(joined)


def _joined(group: list[Forecast]) -> Forecast:
    first, count = group[0], sum(entry.count for entry in group)
    others = tuple(row for entry in group for row in entry.endpoints)[1:] if count <= FEW else ()
    whys = dict.fromkeys(entry.why for entry in group)
    more = f" (and {len(whys) - 1} more of the same kind)" if len(whys) > 1 else ""
    return replace(first, count=count, others=others, why=f"{first.why}{more}")


def condensed(entries: Iterable[Forecast]) -> tuple[Forecast, ...]:
    """Make one entry of many that differ in nothing but a fixed port, at the place of the first; `each` takes it apart again."""
    listed = tuple(entries)
    groups: dict[object, dict[int, Forecast]] = {}
    for entry in listed:
        groups.setdefault(_but_for_port(entry), {}).setdefault(entry.endpoint.port, entry)
    lines: dict[int, tuple[Forecast, ...]] = {}
    gone: set[int] = set()
    for group in groups.values():
        if len(group) > MANY:
            rows = tuple(group[port] for port in sorted(group))
            gone |= set(map(id, rows))
            # The order of a dictionary is that in which its keys came.
            lines[id(next(iter(group.values())))] = tuple(_with_ports(rows[0], ports) for ports in _pieces(sorted(group)))
    return tuple(line for entry in listed for line in lines.get(id(entry), () if id(entry) in gone else (entry,)))


def _but_for_port(entry: Forecast) -> object:
    """Return all that an entry says but for its port; the entry itself where that cannot be left out."""
    whole = entry.count == len(entry.endpoints) and not entry.ports
    if entry.identity.port is None or not whole or any(row.port != entry.identity.port for row in entry.endpoints):
        return id(entry)
    return replace(_with_port(entry, 0), others=tuple(replace(row, port=0) for row in entry.others))


def _with_port(entry: Forecast, port: int) -> Forecast:
    identity, endpoint = replace(entry.identity, port=port), replace(entry.endpoint, port=port)
    return replace(entry, identity=identity, endpoint=endpoint, others=tuple(replace(row, port=port) for row in entry.others))


def _with_ports(entry: Forecast, ports: tuple[int, ...]) -> Forecast:
    return replace(_with_port(entry, ports[0]), ports=ports, count=entry.count * len(ports))


def _pieces(ports: Sequence[int]) -> list[tuple[int, ...]]:
    """Share sorted ports out over lines."""
    pieces: list[tuple[int, ...]] = []
    piece: list[int] = []
    ranges = 0
    for port in ports:
        begins = not piece or port != piece[-1] + 1
        if begins and ranges == MOST_RANGES:
            pieces.append(tuple(piece))
            piece, ranges = [], 0
        ranges += begins
        piece.append(port)
    return [*pieces, tuple(piece)]


def ports_text(ports: Iterable[int]) -> str:
    """Write ports as ranges: `20001-23000, 23005`."""
    ranges: list[list[int]] = []
    for port in sorted(ports):
        if ranges and port == ranges[-1][1] + 1:
            ranges[-1][1] = port
        else:
            ranges.append([port, port])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def ports_from(text: str) -> tuple[int, ...]:
    """Read what `ports_text` has written.

    Raises:
        ValueError: it is not that.
    """
    ports: list[int] = []
    for part in text.split(", "):
        first, dash, last = part.partition("-")
        numbers = [int(number) for number in ((first, last) if dash else (first,)) if number.isdecimal() and len(number) <= 5]
        if len(numbers) != 1 + bool(dash) or not (ports[-1] if ports else 0) < numbers[0] <= numbers[-1] <= 65535:
            raise ValueError(f"ports {part[:20]!a}")
        ports += range(numbers[0], numbers[-1] + 1)
    return tuple(ports)


def each(entry: Forecast) -> tuple[Forecast, ...]:
    """Take an entry apart where all of its endpoints are known; one of many stays as it is."""
    if entry.ports:
        one = replace(entry, ports=(), count=entry.count // len(entry.ports))
        return tuple(single for port in entry.ports for single in each(_with_port(one, port)))
    if entry.count != len(entry.endpoints):
        return (entry,)
    return tuple(replace(entry, endpoint=row, count=1, others=()) for row in entry.endpoints)
