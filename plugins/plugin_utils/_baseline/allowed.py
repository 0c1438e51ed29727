# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a baseline allows one host on one day: as entries of `keep`, and as a judgement of each endpoint. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port
from ansible_collections.netmin.windows.plugins.plugin_utils._report.findings import Kind

from .entry import Entry, cover
from .file import Baseline

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one host may have listening.

    Attributes:
        file: the baseline.
        place: the line at which somebody would add an entry for the host.
        entries: all that are about the host, in the order of the file.
    """

    file: str
    place: int
    entries: tuple[Entry, ...]
    today: date

    @classmethod
    def of(cls, baseline: Baseline, host: str, groups: Sequence[str], today: date) -> Allowed:
        """Pick what is about a host that is in some groups."""
        return cls(baseline.file, baseline.place_of(host, groups), baseline.entries_of(host, groups), today)

    @property
    def active(self) -> tuple[Entry, ...]:
        """The entries that hold today."""
        return tuple(entry for entry in self.entries if entry.holds_on(self.today))

    @property
    def expired(self) -> tuple[Entry, ...]:
        """The entries whose last day is over."""
        return tuple(entry for entry in self.entries if not entry.holds_on(self.today))

    @property
    def ending(self) -> tuple[Entry, ...]:
        """The entries that end within 30 days."""
        return tuple(entry for entry in self.active if entry.until is not None and entry.until - self.today <= SOON)

    def keep(self) -> list[dict[str, str]]:
        """Return what holds today as entries of `keep`; of several about the same the first in the file."""
        found: dict[tuple[str, str], dict[str, str]] = {}
        for entry in self.active:
            kind, name = _kept_by(entry)
            found.setdefault((kind, name.lower()), {kind: name, "reason": f"{entry.reason} ({self.where(entry)})"})
        return list(found.values())

    def where(self, entry: Entry) -> str:
        """Return the place of an entry."""
        return f"{self.file}:{entry.line}"

    def reason(self, subject: Explained, knowledge: Knowledge) -> str | None:
        """Return why an endpoint may listen; None where it may not."""
        if subject.endpoint.scope is Scope.LOOPBACK or judge(subject, self, knowledge) is not None:
            return None
        about = next((entry for entry in self.active if entry.touches(subject)), None)
        return f"{about.reason} ({self.where(about)})" if about is not None else None

    def warnings(self) -> list[str]:
        """Say of each entry that ends within 30 days, or has ended, when it does."""
        ending = [
            f"{self.where(entry)}: {entry.told} {ends(entry, self.today)}; extend 'until' or plan to close it" for entry in self.ending
        ]
        over = [f"{self.where(entry)}: {entry.told} {ends(entry, self.today)} and allows nothing any more" for entry in self.expired]
        return [*ending, *over]


def _kept_by(entry: Entry) -> tuple[str, str]:
    """Return what keeps the listeners of an entry: the port where it names one, since a service may have others."""
    if entry.port is not None:
        return "port", f"{entry.port[0]}/{entry.port[1]}"
    return ("service", entry.service) if entry.service else ("recipe", entry.recipe)


def ends(entry: Entry, today: date) -> str:
    """Say when an entry ends."""
    if entry.until is None:
        return "has no end"
    days = (entry.until - today).days
    if days < 0:
        return f"ended on {entry.until}"
    return f"ends on {entry.until}, {'today' if days == 0 else 'tomorrow' if days == 1 else f'in {days} days'}"


@dataclass(frozen=True, slots=True)
class Judged:
    """Why an endpoint is not as it may be.

    Attributes:
        entry: the one that comes nearest; None where none does.
    """

    kind: Kind
    entry: Entry | None = None


def judge(subject: Explained, allowed: Allowed, knowledge: Knowledge) -> Judged | None:
    """Tell what is wrong with an endpoint that others can reach; None where nothing is.

    What only the host itself can reach is no listener, and the management path is always allowed.
    """
    scope = subject.endpoint.scope
    if scope is Scope.LOOPBACK or subject.management or cover(_within(allowed.active, scope), subject):
        return None
    if cover(allowed.active, subject):
        narrow = (entry for entry in allowed.active if entry.touches(subject) and not entry.reaches(scope))
        return Judged(Kind.SCOPE, next(narrow, None))
    if cover(_within(allowed.entries, scope), subject):
        return Judged(Kind.EXPIRED, next((entry for entry in allowed.expired if entry.touches(subject)), None))
    place = _of_another(subject, allowed, knowledge)
    return Judged(Kind.OWNER, place) if place is not None else Judged(Kind.NEW)


def _within(entries: Iterable[Entry], scope: Scope) -> list[Entry]:
    return [entry for entry in entries if entry.reaches(scope)]


def _of_another(subject: Explained, allowed: Allowed, knowledge: Knowledge) -> Entry | None:
    """Return the entry whose port an endpoint has without being what the entry names; None where there is none."""
    row = subject.endpoint

    def is_place_of(entry: Entry) -> bool:
        if entry.port is not None:
            return entry.port == (row.protocol, row.port)
        recipe = knowledge.recipes.get(entry.recipe)
        patterns = recipe.listeners if recipe is not None else ()
        return any(p.protocol is row.protocol and not isinstance(p.port, Port) and p.port == row.port for p in patterns)

    return None if subject.dynamic else next((entry for entry in allowed.active if is_place_of(entry)), None)
