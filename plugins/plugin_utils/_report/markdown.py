# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as Markdown: for tickets and merge requests. All text of hosts is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from .findings import Finding
from .report import Difference, Report
from .view import URGENCY, Change, HostView, State

# A backslash makes a plain character of each of these (CommonMark 2.4); so nothing begins markup, an entity, a tag or an autolink.
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def text(value: object) -> str:
    """Return a text that shows as it is, in a line and in a cell of a table."""
    return PUNCTUATION.sub(r"\\\1", str(value))


def render(report: Report) -> str:
    """Return the Markdown text."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    fleet = report.fleet
    yield f"# {text(report.title)}"
    yield ""
    yield f"Results of {text(fleet.made)}. {len(fleet.hosts)} hosts: {_counted(report.verdicts().items())}."
    yield f"Endpoints: {_counted(report.states().items())}."
    yield from _section("Findings", [_finding(finding) for finding in report.findings])
    if report.since is not None:
        lines = [_difference(row) for row in report.since.differences]
        yield from _section(f"Changed since {text(report.since.made)}", lines or ["- nothing"])
    yield from _matrix(report)
    for host in fleet.hosts:
        yield from _host(host, fleet.recipes.keys())
    if fleet.recipes:
        yield from ("", "## What is known", "")
        for name, known in fleet.recipes.items():
            said = f"- **{text(name)}**: {text(known['purpose'])}. Breaks: {text(known['breaks'])}."
            cited = ", ".join(f"{text(source['title'])} ({text(source['confidence'] or 'cited')})" for source in known["sources"])
            yield f"{said} Sources: {cited}." if cited else said
    yield from _section("Passed over", [f"- {text(note)}" for note in report.notes])


def _counted(rows: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {text(word)}" for word, count in rows if count) or "none"


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", f"## {title}", "", *lines)


def _finding(finding: Finding) -> str:
    place = f" ({text(finding.file)}, line {finding.line})" if finding.file else ""
    return f"- {text(finding.host)}: **{text(finding.kind)}**: {text(finding.message)}{place}"


def _difference(row: Difference) -> str:
    return f"- {text(row.host)}: {text(row.what)}: {text(row.before)} → {text(row.after)}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"| {' | '.join('---' for _head in heads)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _matrix(report: Report) -> Iterator[str]:
    """Yield a line for each family: which hosts are in which state. Families across would be too wide."""
    states = {host.host: host.families() for host in report.fleet.hosts}
    yield from ("", "## Families", "")
    rows = []
    for family in report.fleet.families():
        found: dict[State, list[str]] = {}
        for host, families in states.items():
            if family in families:
                found.setdefault(families[family], []).append(host)
        ordered = sorted(found, key=URGENCY.__getitem__, reverse=True)
        told = "; ".join(f"**{state}**: {', '.join(map(text, found[state]))}" for state in ordered)
        rows.append((text(family), told))
    yield from _table(("family", "hosts"), rows)


def _host(host: HostView, known: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {text(host.host)}", "")
    about = [f"**{text(host.verdict)}**", *(text(part) for part in (host.windows, host.run and f"run {host.run}", host.taken) if part)]
    yield ", ".join(about) + (f": {text(host.failure)}" if host.failure else "")
    yield from ("", f"{text(host.told_of_outside)}.")
    if host.ports:
        yield ""
        looked = host.looked_at
        rows = (
            (
                text(row.name),
                text(" ".join(row.addresses)),
                text(row.owner),
                text(row.recipe),
                str(row.state),
                *((text(row.outside),) if looked else ()),
                text(row.why) + (f"; {text(row.instead)}" if row.instead else ""),
            )
            for row in host.ports
        )
        heads = ("port", "addresses", "owner", "recipe", "outcome", *(("outside",) if looked else ()), "why")
        yield from _table(heads, rows)
    yield from _list("Refused", (f"{row.name}: {row.what}. To do it: {row.lift}" for row in host.refusals))
    yield from _list("Left to do", host.todo)
    yield from _list("Changed", map(_change, host.changes))
    if host.back:
        yield from ("", f"To go back: {text(host.back)}")
    yield from _list("Notes", (*host.warnings, *host.notes))


def _change(row: Change) -> str:
    return f"{row.stage}: {row.target}: {row.before} → {row.after} ({row.effective}, {row.status})"


def _list(title: str, rows: Iterable[str]) -> Iterator[str]:
    found = [f"- {text(row)}" for row in rows]
    if found:
        yield from ("", f"{title}:", "", *found)
