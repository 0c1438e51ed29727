# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a doctor found on a host, as a table for a terminal, made of the result of its task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import one_line

from .findings import Finding, Kind
from .table import Paper, padded, shortened, some, wrapped

CONFIRMED, CONTRADICTED, NOT_SEEN = "confirmed", "contradicted", "not_to_be_seen"
WORDS = {CONFIRMED: ("confirmed", "good"), CONTRADICTED: ("CONTRADICTED", "bad"), NOT_SEEN: ("not seen", "changed")}
WIDEST_ID, SHORTEST = 34, 24
# So many rows are shown, those that matter most in front; the result has all of them.
MOST_ROWS = 120


def doctor_lines(host: str, windows: str, result: Mapping[str, Any], paper: Paper | None = None) -> list[str]:
    """Render what was found: a row for each assumption, what is contradicted with both values, and one closing sentence."""
    paper = paper or Paper()
    rows, alike = _ordered(result)
    title = " - ".join(text for text in (one_line(host), one_line(windows), "what is assumed of it") if text)
    lines = ["", paper.paint(shortened(title, paper.width), "head")]
    # What the host shows needs the most room.
    widest = min(max((len(str(row.get("id", ""))) for row in rows), default=0), WIDEST_ID, max(paper.width - 16 - SHORTEST, 8))
    lines.append(paper.paint(f"{padded(shortened('assumption', widest), widest)}  {padded('verdict', 12)}  what the host shows", "head"))
    for row in rows[:MOST_ROWS]:
        lines += _row(row, widest, paper)
    if len(rows) > MOST_ROWS:
        lines.append(f"and {len(rows) - MOST_ROWS} more, which are in the result")
    for why, names in alike.items():
        lines += ["", *wrapped(one_line(f"Not seen ({len(names)}): {why} ({some(names)})"), paper.width)]
    counts = result.get("counts")
    told = ", ".join(f"{number} {str(word).replace('_', ' ')}" for word, number in counts.items()) if isinstance(counts, Mapping) else ""
    lines += ["", *wrapped(f"{one_line(host)}: {told}", paper.width)]
    if result.get("verdict"):
        wrong = bool(isinstance(counts, Mapping) and counts.get(CONTRADICTED))
        lines += [paper.paint(line, "bad" if wrong else "good") for line in wrapped(one_line(str(result["verdict"])), paper.width)]
    return lines


def _ordered(result: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], dict[str, list[str]]]:
    """Return the rows in the order in which a person looks at them, and by their reason those that were not seen for the same one.

    What is contradicted comes first, then what the default plan rests on and was not seen.
    """
    plan = result.get("plan")
    missed = plan.get("not_to_be_seen") if isinstance(plan, Mapping) else None
    matters = missed if isinstance(missed, list | tuple) else ()
    ranks: tuple[list[Mapping[str, Any]], ...] = ([], [], [], [])
    for row in _list(result.get("assumptions")):
        word = row.get("verdict")
        if word in WORDS:
            last = 1 if row.get("id") in matters else 3
            ranks[{CONTRADICTED: 0, CONFIRMED: 2}.get(str(word), last)].append(row)
    reasons: dict[str, list[Mapping[str, Any]]] = {}
    for row in ranks[3]:
        reasons.setdefault(shown(row), []).append(row)
    alone = [row for group in reasons.values() if len(group) == 1 for row in group]
    alike = {why: [str(row.get("id", "")) for row in group] for why, group in reasons.items() if len(group) > 1}
    return [*ranks[0], *ranks[1], *ranks[2], *alone], alike


def _row(row: Mapping[str, Any], widest: int, paper: Paper) -> Iterator[str]:
    word, kind = WORDS.get(str(row.get("verdict")), ("?", "bad"))
    head = f"{padded(shortened(one_line(str(row.get('id', ''))), widest), widest)}  {paper.paint(padded(word, 12), kind)}  "
    plain = widest + 2 + 12 + 2
    body = wrapped(one_line(shown(row)), max(paper.width - plain, SHORTEST))
    yield (head + body[0]).rstrip()
    for line in body[1:]:
        yield " " * plain + line


def shown(row: Mapping[str, Any]) -> str:
    """Say in one sentence what a row found."""
    if row.get("verdict") == CONTRADICTED:
        return f"expected {row.get('expected')}, but: {row.get('seen')} (assumed: {row.get('assumed')})"
    return str(row.get("seen") or row.get("why") or "")


def verdicts_of(result: Mapping[str, Any]) -> tuple[str, ...]:
    """Return in a sentence or two what was found, for the notes of a report."""
    counts = result.get("counts")
    if not isinstance(counts, Mapping) or not _list(result.get("assumptions")):
        return ()
    told = ", ".join(f"{number} {one_line(str(word)).replace('_', ' ')}" for word, number in counts.items())
    return tuple(f"doctor: {text}" for text in (told, one_line(str(result.get("verdict") or ""))) if text)


def contradicted_in(host: str, result: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return a finding for each assumption that a host contradicts."""
    rows = (row for row in _list(result.get("assumptions")) if row.get("verdict") == CONTRADICTED)
    return tuple(Finding(host, Kind.ASSUMPTION, f"{one_line(str(row.get('id', '')))}: {one_line(shown(row))}") for row in rows)


def _list(value: object) -> Sequence[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []
