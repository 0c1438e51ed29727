# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One host as a person sees it: its ports, what became of each, what was changed, what is left to do.

Views are made of results (`gather`), and tables, reports and comparisons are made of views. Everything here is plain text
and numbers, and all text may come from a hostile host: whoever shows it escapes it for the place where it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import ports_from
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import Ended
from ansible_collections.netmin.windows.plugins.plugin_utils._run.outside import NOT_TESTED_OUTSIDE


class State(StrEnum):
    """What became of a listener, or will. The order is how urgently a person looks at it, the least urgent first."""

    CLOSED = "closed"
    CLOSES_NOW = "closes now"
    CLOSES_AT_BOOT = "closes at boot"
    LOOPBACK = "loopback"
    KEPT = "kept"
    ALLOWED = "allowed"
    FILTERED = "filtered"
    OPENS = "opens again"
    LISTENS = "listens"
    STAYS = "stays"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        """Whether others can reach the listener, now or after the plan, and nobody wanted that."""
        return self in (State.OPENS, State.LISTENS, State.STAYS, State.REFUSED, State.UNKNOWN, State.FAILED)


URGENCY: Mapping[State, int] = {state: number for number, state in enumerate(State)}


def worst(states: Iterable[State]) -> State | None:
    """Return the state that a person has to look at first; None of no states."""
    return max(states, key=URGENCY.__getitem__, default=None)


def numbers_of(ports: str, first: int) -> tuple[int, ...]:
    """Return the ports that a text names, of very many the first; without one the first alone."""
    try:
        return ports_from(ports.partition(" and ")[0]) if ports else (first,)
    except ValueError:
        # A file may hold anything.
        return (first,)


@dataclass(frozen=True, slots=True)
class Port:
    """One row: a listener, those of IPv4 and IPv6 together, or many that differ in nothing but address and number.

    Attributes:
        port: the number, of many the lowest.
        ports: all numbers as text (`49664-49667, 49670`); empty where there is but one.
        addresses: where it listens, IPv4 first.
        scope: the widest.
        dynamic: Windows chose the number.
        owner: in words, without the process id.
        owners: services, drivers or programs that can own it.
        recipe: id of the recipe that knows it; empty if none does.
        state: what became or becomes of it.
        why: one sentence.
        instead: what an administrator can do about what stays; empty if there is nothing to say.
        management: the session goes through it.
        count: how many endpoints the row stands for.
        outside: what a probe found from outside.
    """

    protocol: str
    port: int
    addresses: tuple[str, ...]
    scope: Scope
    owner: str
    state: State
    why: str
    ports: str = ""
    dynamic: bool = False
    owners: tuple[str, ...] = ()
    recipe: str = ""
    instead: str = ""
    management: bool = False
    count: int = 1
    outside: str = NOT_TESTED_OUTSIDE

    @property
    def family(self) -> str:
        """The listener family: what is one thing to a person who closes ports on many hosts.

        The recipe; where no recipe knows the listener, its owner, with the port unless that is dynamic.
        """
        if self.recipe:
            return self.recipe
        return f"{self.owner} ({self.protocol}/{'dynamic' if self.dynamic else self.port})"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The ports for which the row stands; of very many the first."""
        return numbers_of(self.ports, self.port)

    @property
    def name(self) -> str:
        """The port as tables show it; of a dynamic one that opens again nobody knows the number, and another owner may have the old one."""
        if self.dynamic and self.state is State.OPENS:
            return f"{self.protocol} (dynamic)"
        return f"{self.protocol}/{self.ports or self.port}"


def counted(rows: Iterable[Port]) -> Counter[State]:
    """Count endpoints by state: IPv4 and IPv6 of one port are two."""
    found: Counter[State] = Counter()
    for row in rows:
        found[row.state] += row.count
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a run.

    Attributes:
        before: in words; of what was not there `(absent)`.
        status: `planned`, `done`, `not_done` or `unknown`.
        count: for how many objects it stands.
    """

    stage: str
    target: str
    before: str
    after: str
    effective: str
    status: str
    why: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was left alone for want of a consent, and what lifts that.

    Attributes:
        name: the id of the hazard, or the target.
        lift: what to do where it is wanted all the same.
    """

    name: str
    what: str
    affects: tuple[str, ...]
    lift: str


@dataclass(frozen=True, slots=True)
class HostView:
    """One host.

    Attributes:
        verdict: how it ended; an audit alone is `listed`.
        failure: why it failed or was refused; else empty.
        taken: when the latest result was made, ISO 8601 in UTC; empty where that is not known.
        windows: in words.
        check_mode: what is told is a forecast.
        todo: what is left to do, one sentence each.
        back: the command that goes back; empty where nothing was changed.
        warnings: of the tasks; in a terminal Ansible has shown them.
        notes: rows that are probably no listeners, and what a restore left alone.
        outside: who looked from outside and what came of it, in one sentence.
        reached: a sentence for each port of which more was reached than the host says.
    """

    host: str
    verdict: str
    failure: str = ""
    taken: str = ""
    windows: str = ""
    windows_id: str = ""
    run: str = ""
    check_mode: bool = False
    ports: tuple[Port, ...] = ()
    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    todo: tuple[str, ...] = ()
    back: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    outside: str = NOT_TESTED_OUTSIDE
    reached: tuple[str, ...] = ()

    @property
    def looked_at(self) -> bool:
        """Whether a probe tested anything of it."""
        return not self.outside.startswith(NOT_TESTED_OUTSIDE)

    @property
    def told_of_outside(self) -> str:
        """Who looked from outside and what came of it, or that nobody did and why, as a sentence without its end."""
        told = f"From outside: {self.outside}" if self.looked_at else f"{self.outside[:1].upper()}{self.outside[1:]}"
        return told.rstrip(". ")

    @property
    def failed(self) -> bool:
        """Whether the host needs a person before anything else."""
        return self.verdict in (Ended.FAILED, Ended.REFUSED, Ended.NOT_REACHED, Standing.FAILED)

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look at it: it failed, or it is no longer as its baseline allows."""
        return self.failed or self.verdict == Standing.DRIFTED

    def families(self) -> dict[str, State]:
        """Return the state of each listener family, the worst of its rows."""
        found: dict[str, list[State]] = {}
        for row in self.ports:
            found.setdefault(row.family, []).append(row.state)
        return {family: state for family, states in found.items() if (state := worst(states)) is not None}


class Standing(StrEnum):
    """How a host stands, where `Ended` has no word for."""

    LISTED = "listed"
    FAILED = "proof failed"
    NOT_SETTLED = "not settled"
    DRIFTED = "drifted"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Hosts and, by id, what is known of the recipes that they name.

    Attributes:
        made: when, ISO 8601 in UTC.
        recipes: id -> `purpose`, `breaks`, `sources` (each `title`, `url`, `confidence`), `controls` (ids).
    """

    made: str
    hosts: tuple[HostView, ...]
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def families(self) -> tuple[str, ...]:
        """Return the listener families of all hosts: those of the most urgent and most frequent first."""
        seen: dict[str, list[State]] = {}
        for host in self.hosts:
            for family, state in host.families().items():
                seen.setdefault(family, []).append(state)
        return tuple(sorted(seen, key=lambda name: (-max(URGENCY[state] for state in seen[name]), -len(seen[name]), name)))
