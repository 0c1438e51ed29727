# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shapes of hazards: what closing breaks, how a host shows it, and what then happens. Knows no host.

How a hazard is found is said in a closed vocabulary, so that a reader of the list sees all that is ever asked of a host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache

from .model import EVERY_WINDOWS, Confidence, Range, ValueType


class Gate(StrEnum):
    """What a hazard that is found does to a plan."""

    NEVER = "never"
    ACCEPT = "accept"
    WARN = "warn"


class Kind(StrEnum):
    """Changes that a hazard is about, beside those of recipes and services."""

    EVERYTHING = "everything"
    CLOSING = "a port that closes"
    SERVICE = "a service that is stopped or disabled"
    SETTING = "a value that is written"
    BOOT = "what waits for a boot"


class Fact(StrEnum):
    """What is known of a host and of the plan without another request, or by code of its own."""

    WINDOWS = "this Windows"
    MEMBER = "a domain member"
    CONTROLLER = "a domain controller"
    DHCP = "an adapter in use has its address from DHCP"
    WINS = "an adapter names a WINS server"
    PATHS = "a service is started from a network path"
    INSTANCES = "per-user services run"
    DEPENDENTS = "what depends on a service of the plan runs"
    MANAGEMENT = "a peer is connected to WinRM"
    INBOUND = "a peer is connected to a port of the plan"
    POLICY = "a policy sets what the plan writes"
    RPC_VALUES = "values of the RPC runtime are not valid"
    NETBIOS_LEFT = "an adapter is left with NetBIOS over TCP/IP"


class Running(StrEnum):
    """In which state a service speaks for a hazard."""

    ENABLED = "enabled"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueProbe:
    """A registry value below HKLM that exists, or holds one of some data."""

    key: str
    name: str
    type: ValueType
    equals: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyProbe:
    """A registry key below HKLM that exists.

    Attributes:
        subkeys: it has subkeys other than these patterns; None where the key itself is enough.
        values: it has values.
    """

    key: str
    subkeys: tuple[str, ...] | None = None
    values: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A condition on a property of a row: its text is like one of some patterns, without regard to case.

    Attributes:
        not_like: it is like none of these; one that is null is like none.
    """

    property: str
    like: tuple[str, ...] = ()
    not_like: tuple[str, ...] = ()

    def fits(self, text: str | None) -> bool:
        """Tell whether the text of a property fits."""
        wanted = not self.like or (text is not None and is_like(text, self.like))
        return wanted and not (text is not None and is_like(text, self.not_like))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A WMI class that has instances of some kind.

    Attributes:
        properties: what is asked for; empty for all of them.
        where: one property that equals one of some values, judged by the host.
        match: conditions that are judged here, all of them.
        shows: the properties that evidence names.
    """

    wmi_class: str
    namespace: str
    properties: tuple[str, ...] = ()
    where: str = ""
    values: tuple[int | str, ...] = ()
    match: tuple[Match, ...] = ()
    shows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One way to see a hazard; exactly one of fact, services, value, key and query.

    Attributes:
        what: what is found, in one word or two, for evidence.
        services: key names, with `*` for any text, that are there in the state `state`.
        needs: services of which one has to run, or the probe is not worth its request.
        evidence: says more where another probe has found the hazard, and is not asked otherwise.
    """

    what: str
    windows: Range = EVERY_WINDOWS
    fact: Fact | None = None
    services: tuple[str, ...] = ()
    state: Running = Running.ENABLED
    value: ValueProbe | None = None
    key: KeyProbe | None = None
    query: Query | None = None
    needs: tuple[str, ...] = ()
    evidence: bool = False

    @property
    def asks(self) -> bool:
        """Whether it may cost a request."""
        return bool(self.value or self.key or self.query) or self.fact in (Fact.INBOUND, Fact.MANAGEMENT, Fact.POLICY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Affects:
    """What of a plan a hazard is about.

    Attributes:
        recipes: ids; all methods of them.
        methods: single ones, as `recipe/method`.
        services: key names, with `*` for any text.
    """

    recipes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """What closing breaks on a host that shows it.

    Attributes:
        gate: what becomes of a plan there: never, refused or passed over unless `accept` names it, or a warning.
        allowed: recipes that are carried out all the same.
        detect: any of them is enough.
        mitigation: what an administrator can do.
    """

    id: str
    what: str
    gate: Gate
    affects: Affects
    detect: tuple[Probe, ...]
    allowed: tuple[str, ...] = ()
    mitigation: str = ""
    note: str = ""
    confidence: Confidence
    sources: tuple[str, ...]


def is_like(text: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a text is like one of some patterns, in which `*` stands for any text."""
    return bool(patterns) and _one_of(patterns).match(text.lower()) is not None


@lru_cache(maxsize=1024)
def _one_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches any of the patterns: each is held against the name of every service."""
    return re.compile("|".join(translate(pattern.lower()) for pattern in patterns))
