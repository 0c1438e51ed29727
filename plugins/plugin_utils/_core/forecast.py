# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is expected of each endpoint, and what was found of it: the words of forecast and proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
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
"""Up to so many endpoints that differ in nothing but address and dynamic number are shown one by one; more are one line with a count."""

CROWD = 32
"""Of fixed ports of one owner more than these are one line with a count: then no number says anything by itself."""


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

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All endpoints where there are few, else the first."""
        return (self.endpoint, *self.others)


def grouped(entries: Iterable[Forecast]) -> tuple[Forecast, ...]:
    """Make one entry of those that differ in nothing but address, number and process, at the place of the first.

    Few of them are kept apart by what is said of each; of many what is said of the first stands for all. A crowd of fixed ports is told
    by its owner, as dynamic ones are.
    """
    groups: dict[object, list[Forecast]] = {}
    for entry in _crowds_by_owner(tuple(entries)):
        alike = (entry.identity, entry.owners, entry.recipe, entry.now, entry.boot, entry.outlook)
        groups.setdefault(alike, []).append(entry)
    joined: list[Forecast] = []
    for group in groups.values():
        many = sum(entry.count for entry in group) > FEW
        whys = dict.fromkeys("" if many else entry.why for entry in group)
        joined += [_joined([entry for entry in group if many or entry.why == why]) for why in whys]
    return tuple(joined)


def _crowds_by_owner(entries: tuple[Forecast, ...]) -> Iterator[Forecast]:
    """Yield the entries, those of a crowd of fixed ports with the identity of their owner."""

    def kind(entry: Forecast) -> object:
        place = (entry.identity.protocol, entry.identity.family, entry.identity.scope)
        return (place, entry.owners, entry.recipe, entry.now, entry.boot, entry.outlook)

    fixed = Counter(kind(entry) for entry in entries if entry.identity.port is not None and entry.owners)
    for entry in entries:
        if entry.identity.port is not None and entry.owners and fixed[kind(entry)] > CROWD:
            yield replace(entry, identity=replace(entry.identity, port=None, owners=entry.owners))
        else:
            yield entry


def _joined(group: list[Forecast]) -> Forecast:
    first, count = group[0], sum(entry.count for entry in group)
    others = tuple(row for entry in group for row in entry.endpoints)[1:] if count <= FEW else ()
    whys = dict.fromkeys(entry.why for entry in group)
    more = f" (and {len(whys) - 1} more of the same kind)" if len(whys) > 1 else ""
    return replace(first, count=count, others=others, why=f"{first.why}{more}")


def each(entry: Forecast) -> tuple[Forecast, ...]:
    """Take an entry apart where all of its endpoints are known; one of many stays as it is."""
    if entry.count != len(entry.endpoints):
        return (entry,)
    return tuple(replace(entry, endpoint=row, count=1, others=()) for row in entry.endpoints)
