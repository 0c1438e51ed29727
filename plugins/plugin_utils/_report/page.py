# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as one HTML file: nothing comes from outside, nothing a host says is anything but text, and only filtering needs a script.

The size of a fleet decides how it is written: rows that differ in nothing but the port are one, states are classes of one letter,
and what is known of a recipe stands once. The files below `template/` hold no more logic than loops.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import jinja2
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import Ended

from .findings import RUNS_OUT, Finding
from .report import Difference, Report
from .view import URGENCY, Change, HostView, Port, Refusal, Standing, State

FOLDER = Path(__file__).parent / "template"
LETTERS: Mapping[State, str] = {
    State.CLOSED: "c",
    State.CLOSES_NOW: "n",
    State.CLOSES_AT_BOOT: "b",
    State.LOOPBACK: "l",
    State.KEPT: "k",
    State.ALLOWED: "a",
    State.FILTERED: "f",
    State.OPENS: "o",
    State.LISTENS: "i",
    State.STAYS: "s",
    State.REFUSED: "r",
    State.UNKNOWN: "u",
    State.FAILED: "x",
}
"""The class of each state; the style sheet colours it."""
MEANINGS: Mapping[State, str] = {
    State.CLOSED: "no socket is left",
    State.CLOSES_NOW: "closes when the plan is carried out",
    State.CLOSES_AT_BOOT: "closes at the next boot",
    State.LOOPBACK: "only the host itself reaches it",
    State.KEPT: "wanted, with a reason",
    State.ALLOWED: "listens, and the baseline allows it",
    State.FILTERED: "a socket stays, and the host's own firewall drops what comes in",
    State.OPENS: "opens again at the next boot",
    State.LISTENS: "it was listed, and nothing was planned",
    State.STAYS: "stays open",
    State.REFUSED: "would close, but nobody agreed to what that breaks",
    State.UNKNOWN: "could not be told",
    State.FAILED: "a proof says otherwise than the forecast",
}
GOOD = (Ended.PROVEN, Ended.RESTORED)
CALM = (Standing.LISTED, Ended.PLANNED, Ended.WAITS, Ended.NOT_BEGUN)
BAR = 1000
EVERYWHERE = ("0.0.0.0", "::")
# Of more hosts in one state the matrix says which: lists of them would be as long as all the rest, and nobody reads them.
MOST_NAMES = 200


@dataclass(frozen=True, slots=True)
class Tile:
    """A number at the top.

    Attributes:
        tone: a class: `good`, `warn`, `bad` or none.
        link: where it leads; empty for nowhere.
    """

    number: int
    label: str
    tone: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Listeners of a host that differ in nothing but the port.

    Attributes:
        place: its addresses, unless those are all that there are.
        link: number of the family whose recipe knows it; None where none does.
        instead: only where it is not what is known of the recipe anyhow.
    """

    ports: str
    place: str
    owner: str
    link: int | None
    why: str
    instead: str
    outside: str


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one state."""

    letter: str
    state: State
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Changes that differ in nothing but their target."""

    stage: str
    what: str
    targets: tuple[str, ...]
    when: str


@dataclass(frozen=True, slots=True)
class Consent:
    """What was left alone on some hosts for want of a consent.

    Attributes:
        hosts: on how many.
    """

    number: int
    refusal: Refusal
    hosts: int


@dataclass(frozen=True, slots=True)
class Section:
    """One host.

    Attributes:
        cells: letter and word of each family of the report, in order; None where the host has none.
    """

    number: int
    view: HostView
    tone: str
    cells: tuple[tuple[str, State] | None, ...]
    groups: tuple[Group, ...]
    refusals: tuple[Consent, ...]
    changes: tuple[Block, ...]
    findings: tuple[Finding, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A listener family: which hosts have it, the most urgent first.

    Attributes:
        known: what is known of its recipe, or nothing.
        groups: letter, state, how many hosts, and these with their numbers, unless they are too many.
    """

    number: int
    name: str
    known: Mapping[str, Any]
    groups: tuple[tuple[str, State, int, tuple[tuple[int, str], ...]], ...]

    @property
    def hosts(self) -> int:
        """How many hosts have it."""
        return sum(count for _letter, _state, count, _names in self.groups)


def render(report: Report) -> str:
    """Return the HTML text."""
    script, style = (FOLDER.joinpath(name).read_text(encoding="utf-8") for name in ("report.js", "report.css"))
    families = report.fleet.families()
    consents = tuple(_consents(report))
    sections = tuple(_sections(report, families, consents))
    return _template().render(
        report=report,
        fleet=report.fleet,
        script=script,
        style=style,
        script_hash=_hash(script),
        style_hash=_hash(style),
        tiles=_tiles(report),
        bar=tuple(_bar(report)),
        legend=[(LETTERS[state], state, MEANINGS[state]) for state, count in report.states().items() if count],
        families=tuple(_families(families, sections, report.fleet.recipes)),
        sections=sections,
        consents=consents,
        exceptions=[finding for finding in report.findings if finding.kind in RUNS_OUT],
        others=[finding for finding in report.findings if finding.kind not in RUNS_OUT],
        places={section.view.host: section.number for section in sections},
        moment=moment,
        sentence=sentence,
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2")


def _hash(text: str) -> str:
    """Return what the page's policy calls an inline script or style: nothing else runs, whatever got in (CSP 3, 8.2)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def moment(text: str) -> str:
    """Return a moment as people write it; what is none stays as it is."""
    try:
        return f"{datetime.fromisoformat(text):%d %B %Y, %H:%M} UTC".removeprefix("0")
    except ValueError:
        return text


def sentence(text: str) -> str:
    """Return a text of the knowledge as a sentence; names as `netsh.exe` and `iSCSI` keep their first letter."""
    first = text.partition(" ")[0]
    return f"{text[:1].upper() if first.islower() and first.isalpha() else text[:1]}{text[1:].rstrip('.')}."


def _tiles(report: Report) -> list[Tile]:
    hosts, states = report.fleet.hosts, report.states()
    wanted = sum(host.needs_a_person for host in hosts)
    proven = sum(host.verdict in GOOD for host in hosts)
    still_open = sum(count for state, count in states.items() if state.is_open)
    ends = sum(finding.kind in RUNS_OUT for finding in report.findings)
    tiles = [
        Tile(len(hosts), "host" if len(hosts) == 1 else "hosts", link="fleet"),
        Tile(wanted, "needs a person" if wanted == 1 else "need a person", "bad" if wanted else "", "hosts"),
        Tile(proven, "proven or restored", "good" if proven else "", "hosts"),
        Tile(states[State.CLOSED], "endpoints closed", "good" if states[State.CLOSED] else ""),
        Tile(still_open, "open, not wanted", "warn" if still_open else "good", "families"),
        Tile(states[State.KEPT], "kept"),
    ]
    if states[State.ALLOWED]:
        tiles.append(Tile(states[State.ALLOWED], "allowed by the baseline"))
    if report.findings:
        tiles.append(Tile(len(report.findings) - ends, "findings", "bad" if len(report.findings) > ends else "", "findings"))
    if ends:
        tiles.append(Tile(ends, "exceptions run out", "warn", "exceptions"))
    if report.since is not None:
        tiles.append(Tile(len(report.since.differences), "changes since", "", "since"))
    return tiles


def _bar(report: Report) -> Iterator[tuple[str, State, int, float, float]]:
    """Yield letter, state, count, start and width of each part of the bar."""
    states = report.states()
    whole, start = sum(states.values()), 0.0
    for state, count in states.items():
        if count:
            width = count * BAR / whole
            yield LETTERS[state], state, count, round(start, 2), round(width, 2)
            start += width


def _tone(host: HostView) -> str:
    if host.failed:
        return "bad"
    return "good" if host.verdict in GOOD else "" if host.verdict in CALM else "warn"


def _consents(report: Report) -> Iterator[Consent]:
    found = Counter(_generic(refusal) for host in report.fleet.hosts for refusal in host.refusals)
    for number, (refusal, hosts) in enumerate(sorted(found.items(), key=lambda item: (-item[1], item[0].name))):
        yield Consent(number, refusal, hosts)


def _generic(refusal: Refusal) -> Refusal:
    # On some hosts a plan asks for less of it.
    return replace(refusal, affects=())


def _sections(report: Report, families: Sequence[str], consents: Sequence[Consent]) -> Iterator[Section]:
    told = {consent.refusal: consent for consent in consents}
    findings, recipes = report.by_host(report.findings), report.fleet.recipes
    differences = report.by_host(report.since.differences if report.since else ())
    numbers = {family: number for number, family in enumerate(families)}
    for number, host in enumerate(report.fleet.hosts):
        states = host.families()
        yield Section(
            number=number,
            view=host,
            tone=_tone(host),
            cells=tuple((LETTERS[states[family]], states[family]) if family in states else None for family in families),
            groups=tuple(_groups(host, recipes, numbers)),
            refusals=tuple(told[_generic(refusal)] for refusal in host.refusals),
            changes=tuple(_blocks(host.changes)),
            findings=findings.get(host.host, ()),
            differences=differences.get(host.host, ()),
        )


def _groups(host: HostView, recipes: Mapping[str, Mapping[str, Any]], numbers: Mapping[str, int]) -> Iterator[Group]:
    """Yield the rows by state, the most urgent first; those that differ in nothing but the port are one."""
    states: dict[State, dict[tuple[object, ...], list[Port]]] = {}
    for row in host.ports:
        alike = (row.recipe, row.owner, row.why, row.instead, row.addresses, row.scope, row.outside)
        states.setdefault(row.state, {}).setdefault(alike, []).append(row)
    for state in sorted(states, key=URGENCY.__getitem__, reverse=True):
        rows = (_row(rows, recipes.get(rows[0].recipe, {}), numbers) for rows in states[state].values())
        yield Group(LETTERS[state], state, tuple(rows))


def _row(rows: Sequence[Port], known: Mapping[str, Any], numbers: Mapping[str, int]) -> Row:
    first = rows[0]
    sockets, usual = sum(row.count for row in rows), len(rows) * max(len(first.addresses), 1)
    place = ["" if first.addresses == EVERYWHERE else ", ".join(first.addresses), f"{sockets} sockets" if sockets > usual else ""]
    return Row(
        ports=", ".join(dict.fromkeys(row.name for row in rows)),
        place="; ".join(filter(None, place)),
        owner=first.owner or "unknown",
        link=numbers[first.recipe] if first.recipe else None,
        why=first.why,
        instead="" if first.instead == known.get("instead") else first.instead,
        outside=first.outside,
    )


def _blocks(changes: Iterable[Change]) -> Iterator[Block]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in changes:
        # What was done needs no word; what was not is what a person looks for.
        status = "" if row.status == "done" else f", {row.status.replace('_', ' ')}"
        groups.setdefault((row.stage, f"{row.before} → {row.after}", f"{row.effective}{status}"), []).append(row.target)
    for (stage, what, when), targets in groups.items():
        # The stage says what kind of thing they are.
        yield Block(stage, what, tuple(name.removeprefix("service ") for name in targets), when)


def _families(names: Sequence[str], sections: Sequence[Section], recipes: Mapping[str, Mapping[str, Any]]) -> Iterator[Family]:
    for number, name in enumerate(names):
        found: dict[State, list[tuple[int, str]]] = {}
        for section in sections:
            cell = section.cells[number]
            if cell is not None:
                found.setdefault(cell[1], []).append((section.number, section.view.host))
        states = sorted(found, key=URGENCY.__getitem__, reverse=True)
        groups = ((LETTERS[state], state, len(found[state]), _listed(state, found[state])) for state in states)
        yield Family(number, name, recipes.get(name, {}), tuple(groups))


def _listed(state: State, names: Sequence[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    return tuple(names) if state is State.FAILED or len(names) <= MOST_NAMES else ()
