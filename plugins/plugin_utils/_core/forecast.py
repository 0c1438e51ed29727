# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is expected of each endpoint, and what was found of it: the words of forecast and proof."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .endpoint import Endpoint, Family, Protocol, Scope


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
        return same and (self.port is not None or (bool(other.owners) and set(other.owners) <= set(self.owners)))

    def __str__(self) -> str:
        if self.port is not None:
            return f"{self.protocol}/{self.port}"
        return f"{self.protocol}/dynamic ({' or '.join(self.owners) or 'unknown owner'})"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected of one endpoint.

    Attributes:
        endpoint: as listed when the plan was made.
        now: expected once the plan has been applied.
        boot: expected after the next boot.
        owner: the owner in words.
        recipe: id of the recipe that knows it, or None.
        why: one sentence.
    """

    endpoint: Endpoint
    identity: Identity
    owner: str
    recipe: str | None
    now: Expectation
    boot: Expectation
    outlook: Outlook
    why: str
