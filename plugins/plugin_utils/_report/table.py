# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Views as text for a terminal: one host as a table of its ports, a fleet as a table of listener families.

At most as wide as asked for, however long what a host says. Our own signs are ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import Ended
from ansible_collections.netmin.windows.plugins.plugin_utils._run.outside import NOT_TESTED_OUTSIDE

from .view import Change, HostView, Port, Standing, State, counted

WIDTH = 100
HEADS = ("port", "owner", "recipe", "state", "why")
WIDEST = {"port": 16, "owner": 20, "recipe": 26, "state": 17}
SHORTEST_WHY = 30
# Of one host so many changes are told one by one, and of a fleet so many hosts.
MOST_CHANGES, MOST_HOSTS, MOST_NAMES = 60, 20, 8
ANYWHERE = frozenset({"0.0.0.0", "::"})
TROUBLE = ("not_done", "unknown")
COUNTED = {
    State.CLOSES_NOW: "close now",
    State.CLOSES_AT_BOOT: "close at boot",
    State.OPENS: "open again",
    State.LISTENS: "listen",
    State.STAYS: "stay",
}
GOOD = (Ended.PROVEN, Ended.RESTORED, Standing.LISTED, Ended.PLANNED)
NEXT = "run netmin.windows.minimize with --check to see what would close"
"""What follows a listing."""
Paint = Callable[[str, str], str]


def unpainted(text: str, kind: str) -> str:
    """Leave text as it is."""
    del kind
    return text


@dataclass(frozen=True, slots=True)
class Paper:
    """How wide a text may be, and how it is coloured.

    Attributes:
        paint: gets a word and what it is: a state, `good`, `bad`, `changed` or `head`.
    """

    width: int = WIDTH
    paint: Paint = unpainted


def host_lines(view: HostView, paper: Paper | None = None) -> list[str]:
    """Render one host: ports, changes, refusals, what stays, and one closing line."""
    paper = paper or Paper()
    # In check mode there is no run that anything could be done with.
    run = f"run {view.run}" if view.run and not view.check_mode else ""
    title = " - ".join(text for text in (view.host, view.windows, run) if text)
    lines = ["", paper.paint(shortened(title, paper.width), "head")]
    local = [row for row in view.ports if row.scope is Scope.LOOPBACK]
    lines += _ports([row for row in view.ports if row.scope is not Scope.LOOPBACK], paper, looked=view.looked_at)
    if local:
        names = some([f"{row.name} ({row.owner})" for row in local])
        lines += wrapped(f"On the loopback address only: {names}", paper.width)
    lines += _section(_heading(view), list(_changes(view.changes, paper)), paper)
    lines += _section("Refused", list(_refused(view, paper)), paper)
    lines += _section("Stays open", list(_stays(view.ports, paper)), paper)
    lines += _section("From outside", list(_from_outside(view, paper)), paper)
    lines += _section("Note", [line for note in view.notes for line in _item(note, paper.width)], paper)
    if view.back:
        lines += _section("To go back:", _command(view.back, paper.width), paper)
    return [*lines, *_closing(view, paper)]


def fleet_lines(views: Sequence[HostView], few: int, paper: Paper | None = None) -> list[str]:
    """Render hosts: few of them one by one; of many those that failed or differ, and all of them as a table of listener families."""
    paper = paper or Paper()
    if len(views) <= few:
        return [line for view in views for line in host_lines(view, paper)]
    apart = _apart(views)
    lines = [line for view in apart[:MOST_HOSTS] for line in host_lines(view, paper)]
    if len(apart) > MOST_HOSTS:
        names = [view.host for view in apart[MOST_HOSTS:]]
        lines += ["", *wrapped(f"{_hosts(len(names), 'more ')} failed or differ from most: {some(names)}", paper.width)]
    return [*lines, "", *_matrix(views, paper), *_totals(views, paper)]


def _apart(views: Sequence[HostView]) -> list[HostView]:
    """Return the hosts that failed, and those that are not as most of the same Windows are."""
    kinds: dict[str, Counter[str]] = {}
    for view in views:
        if not view.failed:
            kinds.setdefault(view.windows_id, Counter())[_signature(view)] += 1
    usual = {windows: counts.most_common(1)[0][0] for windows, counts in kinds.items()}
    return [view for view in views if view.failed or usual.get(view.windows_id) != _signature(view)]


def _signature(view: HostView) -> str:
    return repr((view.verdict, sorted(view.families().items())))


def _matrix(views: Sequence[HostView], paper: Paper) -> list[str]:
    counts: dict[str, Counter[State]] = {}
    for view in views:
        for family, state in view.families().items():
            counts.setdefault(family, Counter())[state] += 1
    states = [state for state in State if any(state in found for found in counts.values())]
    room = max(paper.width - sum(len(state) + 2 for state in states), 16)
    names = {family: shortened(family, room) for family in counts}
    widest = max((_width(name) for name in [*names.values(), "hosts by family"]), default=0)
    lines = [paper.paint(padded("hosts by family", widest) + "".join(f"  {state}" for state in states), "head")]
    order = sorted(counts, key=lambda family: (-counts[family].total(), family))
    for family in order:
        cells = "".join(f"  {str(counts[family][state] or '.').rjust(len(state))}" for state in states)
        lines.append(f"{padded(names[family], widest)}{cells}")
    return lines if counts else []


def _totals(views: Sequence[HostView], paper: Paper) -> list[str]:
    verdicts = Counter(view.verdict for view in views)
    parts = [f"{count} {verdict}" for verdict, count in verdicts.most_common()]
    todo = Counter(text for view in views for text in view.todo)
    left = [f"Left to do on {_hosts(count)}: {text}." for text, count in todo.most_common(3)]
    return ["", *lines_within([f"{_hosts(len(views))}: {', '.join(parts)}.", *left], paper.width)]


def _hosts(count: int, kind: str = "") -> str:
    return f"{count} {kind}host{'' if count == 1 else 's'}"


def _ports(rows: Sequence[Port], paper: Paper, *, looked: bool = False) -> list[str]:
    if not rows:
        return []
    outcomes = [(str(row.state), *((f"outside: {row.outside.replace(NOT_TESTED_OUTSIDE, 'untested')}",) if looked else ())) for row in rows]
    cells = [(_places(row), (row.owner,), (row.recipe or "-",), outcome, (row.why,)) for row, outcome in zip(rows, outcomes, strict=True)]
    columns = zip(HEADS, zip(*cells, strict=True), strict=True)
    widths = [min(WIDEST.get(head, WIDTH), max(map(_width, (head, *chain(*texts))))) for head, texts in columns]
    widths[-1] = max(paper.width - sum(widths[:-1]) - 2 * (len(HEADS) - 1), 1)
    # A reason in a narrow column is hard to read: the names give way, the widest first.
    while widths[-1] < SHORTEST_WHY and max(widths[:-1]) > len("recipe"):
        widths[widths.index(max(widths[:-1]))] -= 1
        widths[-1] += 1
    lines = ["", paper.paint("  ".join(map(padded, HEADS, widths)).rstrip(), "head")]
    for row, texts in zip(rows, cells, strict=True):
        parts = [[line for part in cell for line in wrapped(part, width)] for cell, width in zip(texts, widths, strict=True)]
        stated = len(wrapped(texts[3][0], widths[3]))
        for number in range(max(map(len, parts))):
            line = [padded(part[number] if number < len(part) else "", width) for part, width in zip(parts, widths, strict=True)]
            # The outside view has no colour: it is not what became of the port.
            line[3] = paper.paint(line[3], row.state) if number < stated else line[3]
            lines.append("  ".join(line).rstrip())
    return lines


def _places(row: Port) -> tuple[str, ...]:
    """Name the port, and below it where it listens unless that is everywhere."""
    more = row.count - len(row.addresses)
    many = (f"and {more} more",) if more > 0 and not row.ports else ()
    if ANYWHERE.issuperset(row.addresses):
        return (row.name, *many)
    return (row.name, *many, row.addresses[0] if len(row.addresses) == 1 else f"{len(row.addresses)} addresses")


def _heading(view: HostView) -> str:
    # As many as there are lines below it.
    every = {(change.stage, change.target) for change in view.changes}
    if view.check_mode:
        return f"Would change ({len(every)})"
    touched = {(change.stage, change.target) for change in view.changes if change.status != "not_done"}
    if not touched and every:
        return f"Not changed ({len(every)})"
    return f"Changed ({len(touched)})" if touched == every else f"Changed ({len(touched)} of {len(every)})"


def _command(command: str, width: int) -> list[str]:
    """Break a command as a shell takes it: before an option, with a backslash at the end of the line."""
    lines = [""]
    for part in re.split(r" (?=-)", command):
        if lines[-1] and len(lines[-1]) + len(part) + 3 > width:
            lines[-1] += " \\"
            lines.append(f"    {part}")
        else:
            lines[-1] += f" {part}" if lines[-1] else f"  {part}"
    return [piece for line in lines for piece in ([line] if len(line) <= width else wrapped(line, width))]


def _changes(changes: Sequence[Change], paper: Paper) -> Iterator[str]:
    """Say in one line what a stage does to one object: its start mode and whether it runs are two changes of one service."""
    objects: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        objects.setdefault((change.stage, change.target), []).append(change)
    widest = max((len(change.stage) for change in changes), default=0)
    last = ""
    for (stage, target), parts in list(objects.items())[:MOST_CHANGES]:
        named = f"  {(stage if stage != last else '').ljust(widest)}  "
        last = stage
        told = ", ".join(map(_became, parts))
        room = paper.width - len(named) - 2
        target_cut = _middle(target, max(room - _width(told), room // 2))
        line = shortened(f"{named}{target_cut}: {told}", paper.width)
        trouble = any(part.status in TROUBLE for part in parts)
        yield paper.paint(line, "bad") if trouble else line
    if len(objects) > MOST_CHANGES:
        yield f"  and {len(objects) - MOST_CHANGES} more"


def _became(change: Change) -> str:
    if change.status == "not_done":
        return f"{change.before}, NOT DONE"
    later = "" if change.effective == "now" else f" ({change.effective})"
    return f"{change.before} -> {change.after}{later}{' UNKNOWN' if change.status == 'unknown' else ''}"


def _middle(text: str, width: int) -> str:
    """Shorten a text in its middle: the end of a registry path tells more than what stands before it."""
    if _width(text) <= width:
        return text
    head = _first(text, max(width // 3, 1))
    room = max(width - _width(head) - 3, 1)
    tail = text[-room:]
    while _width(tail) > room:
        tail = tail[1:]
    return f"{head}...{tail}"


def _refused(view: HostView, paper: Paper) -> Iterator[str]:
    for refusal in view.refusals:
        touched = [row.name for row in view.ports if row.recipe in refusal.affects]
        about = f" [{some(list(dict.fromkeys(touched)))}]" if touched else ""
        yield from _item(f"{refusal.name}{about}: {refusal.what}. To do it anyway, {refusal.lift}.", paper.width)


def _from_outside(view: HostView, paper: Paper) -> Iterator[str]:
    """Say who looked, or why nobody could, and of which ports more was reached than the host says."""
    if view.outside == NOT_TESTED_OUTSIDE:
        return
    for number, text in enumerate((view.outside, *view.reached)):
        yield from (paper.paint(line, "bad") if number else line for line in _item(text, paper.width))


def _stays(rows: Iterable[Port], paper: Paper) -> Iterator[str]:
    """Say once what can be done about ports that stay."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        if row.instead:
            groups.setdefault(row.instead, []).append(row.name)
    for instead, names in groups.items():
        yield from _item(f"{some(list(dict.fromkeys(names)))}: {instead}", paper.width)


def _closing(view: HostView, paper: Paper) -> list[str]:
    counts = counted(row for row in view.ports if row.scope is not Scope.LOOPBACK)
    found = [(counts[state], COUNTED.get(state, str(state)) if counts[state] > 1 else str(state)) for state in State if counts[state]]
    # The first number says what is counted: more than the rows above, which have IPv4 and IPv6 together.
    unit = "endpoint" if found and found[0][0] == 1 else "endpoints"
    numbers = ", ".join(f"{count} {word}" if number else f"{count} {unit} {word}" for number, (count, word) in enumerate(found))
    verdict = view.verdict.upper()
    said = f" ({view.failure})" if view.failure and not view.ports else ""
    reason = f" {view.failure}." if view.failure and view.ports else ""
    other = NEXT if view.verdict == Standing.LISTED else "look at the message above" if view.failed else "nothing"
    todo = "; ".join(view.todo) or other
    text = f"{view.host}: {verdict}{said}{f': {numbers}' if numbers else ''}.{reason} Left to do: {todo}."
    kind = "good" if view.verdict in GOOD else "bad" if view.failed else "changed"
    first, *rest = wrapped(text, paper.width)
    return ["", first.replace(verdict, paper.paint(verdict, kind), 1), *rest]


def _section(heading: str, lines: list[str], paper: Paper) -> list[str]:
    return ["", paper.paint(heading, "head"), *lines] if lines else []


def _item(text: str, width: int) -> list[str]:
    first, *rest = wrapped(text, width - 4)
    return [f"  - {first}", *(f"    {line}" for line in rest)]


def lines_within(lines: Iterable[str], width: int) -> list[str]:
    """Break the lines that are too long."""
    return [part for line in lines for part in ([line] if _width(line) <= width else wrapped(line, width))]


def some(names: Sequence[str]) -> str:
    """Name the first of several, and say how many more there are."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}"


def _width(text: str) -> int:
    """Return how many columns a terminal needs for a text."""
    return sum(_columns(sign) for sign in text) if not text.isascii() else len(text)


def _columns(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def padded(text: str, width: int) -> str:
    """Make a text so many columns wide."""
    return text + " " * (width - _width(text))


def shortened(text: str, width: int) -> str:
    """Shorten a text to so many columns."""
    return text if _width(text) <= width else f"{_first(text, max(width - 3, 0))}..."[: max(width, 0)]


def _first(text: str, width: int) -> str:
    taken = 0
    for number, sign in enumerate(text):
        taken += _columns(sign)
        if taken > width:
            return text[:number]
    return text


def wrapped(text: str, width: int) -> list[str]:
    """Break a text at blanks, after slashes and backslashes, and where a word alone is too long."""
    width = max(width, 2)
    lines = [""]
    for part in re.split(r"(?<=[ \\/,])", text):
        rest = part
        if lines[-1] and _width((lines[-1] + rest).rstrip()) > width:
            lines.append("")
        while _width((lines[-1] + rest).rstrip()) > width:
            head = _first(rest, width) or rest[:1]
            lines[-1] += head
            rest = rest[len(head) :]
            lines.append("")
        lines[-1] += rest
    return [line.rstrip() for line in lines if line.strip()] or [""]


STATE_KINDS: Mapping[str, str] = {
    State.CLOSED: "good",
    State.CLOSES_NOW: "changed",
    State.CLOSES_AT_BOOT: "changed",
    State.OPENS: "changed",
    State.REFUSED: "bad",
    State.FAILED: "bad",
}
"""What a state is to whoever paints it."""
