# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as a value: what all formats show. Each format is a function from this to text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import Ended

from .findings import Finding, Kind
from .view import Fleet, HostView, Port, Standing, State, counted

LONGEST_TEXT = 2000
ABSENT = "not there"
# What does not listen is the same whether a report has a row for it or none.
SILENT = {ABSENT, str(State.CLOSED)}
UNPROVEN = (Ended.NOT_PROVEN, Standing.FAILED, Standing.NOT_SETTLED)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is other than in an earlier report.

    Attributes:
        what: a port, `verdict`, or `host`.
        before: in words; `not there` of what was not.
    """

    host: str
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Since:
    """What changed since an earlier report.

    Attributes:
        made: when that was made.
    """

    made: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it.

    Attributes:
        findings: what is not as the baseline or a proof says.
        since: None where no earlier report was given.
        notes: what was passed over.
    """

    title: str
    fleet: Fleet
    findings: tuple[Finding, ...] = ()
    since: Since | None = None
    notes: tuple[str, ...] = ()

    def verdicts(self) -> dict[str, int]:
        """Count the hosts by verdict, the most frequent first."""
        return dict(Counter(host.verdict for host in self.fleet.hosts).most_common())

    def states(self) -> dict[State, int]:
        """Count the endpoints by state, in the order of the states; each has a number."""
        found: Counter[State] = Counter()
        for host in self.fleet.hosts:
            found.update(counted(host.ports))
        return {state: found[state] for state in State}

    def by_host(self, rows: Iterable[T]) -> Mapping[str, tuple[T, ...]]:
        """Sort findings or differences by host."""
        found: dict[str, list[T]] = {}
        for row in rows:
            found.setdefault(str(getattr(row, "host", "")), []).append(row)
        return {host: tuple(group) for host, group in found.items()}


def in_order(hosts: Iterable[HostView]) -> tuple[HostView, ...]:
    """Put those that need a person in front, then by name."""
    return tuple(sorted(hosts, key=lambda host: (not host.failed, not host.needs_a_person, host.host)))


def unproven(hosts: Iterable[HostView]) -> list[Finding]:
    """Return a finding for each listener that a proof or a probe contradicts, and for each host that is otherwise not proven."""
    found = []
    for host in hosts:
        wrong = [row for row in host.ports if row.state is State.FAILED]
        found += [Finding(host.host, Kind.UNPROVEN, f"{row.name} of {row.owner or 'an unknown owner'}: {row.why}") for row in wrong]
        if not wrong and host.verdict in UNPROVEN:
            found.append(Finding(host.host, Kind.UNPROVEN, host.failure or f"{host.verdict}: no proof holds for this host"))
        found += [Finding(host.host, Kind.UNPROVEN, f"from outside: {text}") for text in host.reached]
    return found


@lru_cache(maxsize=65536)
def _short(text: str) -> str:
    return excerpt(text, LONGEST_TEXT)


def tidied(value: T) -> T:
    """Return a view, or any other value of ours, with each text in it as one printable line of bounded length."""
    if isinstance(value, str):
        return value if isinstance(value, StrEnum) else _short(str(value))  # type: ignore[return-value]  # text of hosts is plain
    if isinstance(value, tuple):
        return tuple(tidied(item) for item in value)  # type: ignore[return-value]  # the same shape
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: getattr(value, field.name) for field in fields(value)}
        return replace(value, **{name: tidied(item) for name, item in found.items()})
    return value


def compared(before: Sequence[HostView], after: Sequence[HostView]) -> tuple[Difference, ...]:
    """Tell what differs between the hosts of two reports."""
    then, now = ({host.host: host for host in hosts} for hosts in (before, after))
    found = []
    for name in sorted({*then, *now}):
        if name not in now:
            found.append(Difference(name, "host", then[name].verdict, ABSENT))
        elif name not in then:
            found.append(Difference(name, "host", ABSENT, now[name].verdict))
        else:
            found += _of_host(then[name], now[name])
    return tuple(found)


def _of_host(then: HostView, now: HostView) -> list[Difference]:
    found = [Difference(now.host, "verdict", then.verdict, now.verdict)] if then.verdict != now.verdict else []
    old, new = _by_place(then.ports), _by_place(now.ports)
    for key in sorted({*old, *new}):
        before, after = _words(old.get(key)), _words(new.get(key))
        if before != after and {before, after} - SILENT:
            found.append(Difference(now.host, (new.get(key) or old[key])[0].name, before, after))
    return found


def _by_place(rows: Iterable[Port]) -> dict[tuple[str, ...], list[Port]]:
    """Sort rows by what is the same in two reports: a fixed port, or the owner of a dynamic one."""
    found: dict[tuple[str, ...], list[Port]] = {}
    for row in rows:
        place = row.family if row.dynamic else row.ports or f"{row.port:05}"
        found.setdefault((str(row.scope == "loopback"), row.protocol, place), []).append(row)
    return found


def _words(rows: Sequence[Port] | None) -> str:
    if not rows:
        return ABSENT
    told = (str(row.state) if row.state is State.CLOSED or not row.owner else f"{row.state} ({row.owner})" for row in rows)
    return ", ".join(sorted(set(told)))
