# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print what the demonstration found, host by host, as a person wants to read it. Decides nothing but the verdict."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
OUTCOME_COLOURS = {"closed": "green", "kept": "cyan", "loopback_only": "cyan", "filtered": "cyan", "open": "red", "unknown": "yellow"}
# What the forecast says of an endpoint, as the column "closes" shows it.
CLOSES = {"closes now": "now", "closes at the next boot": "at boot", "stays": "stays", "stays, filtered": "filtered", "kept": "kept"}
WIDEST = 150


@dataclass(frozen=True, slots=True)
class Paper:
    """Where the report goes, and how it may look there."""

    out: TextIO
    width: int
    colour: bool

    @classmethod
    def terminal(cls, out: TextIO) -> Paper:
        """Use colours on a terminal only."""
        return cls(out, min(shutil.get_terminal_size((120, 24)).columns, WIDEST), out.isatty())

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.out.write(text + "\n")

    def paint(self, text: str, colour: str) -> str:
        """Colour text where that is possible."""
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if self.colour else text


@dataclass(frozen=True, slots=True)
class Judged:
    """One endpoint of the first listing, with its forecast and what the proof found."""

    row: Mapping[str, Any]
    outlook: str
    why: str
    outcome: str


def judge(report: Mapping[str, Any]) -> list[Judged]:
    """Join forecast and proof of one host; the proof lists the forecast's endpoints first, in order."""
    forecast = report.get("plan", {}).get("forecast", [])
    found = report.get("proof", {}).get("proof", {}).get("endpoints", [])
    return [
        Judged(entry, entry["outlook"], entry["why"], found[number]["outcome"] if number < len(found) else "not proven")
        for number, entry in enumerate(forecast)
    ]


def problems(report: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with one host; nothing where the method was carried through and proven."""
    told = []
    for step in ("audit", "plan", "apply", "reboot", "proof", "after", "second"):
        result = report.get(step, {})
        if not result:
            told.append(f"{step}: did not run")
        elif result.get("failed") or result.get("unreachable"):
            told.append(f"{step}: {result.get('msg', 'failed')}")
    if not report.get("proof", {}).get("proven") and not any(text.startswith("proof") for text in told):
        told.append(f"proof: {'; '.join(report.get('proof', {}).get('proof', {}).get('reasons', ['none']))}")
    if report.get("second", {}).get("changed"):
        told.append(f"second run: {len(report['second']['changes'])} changes instead of none")
    return told


def show(report: Mapping[str, Any], paper: Paper) -> None:
    """Print one host."""
    audit, plan, apply, second = (report.get(step, {}) for step in ("audit", "plan", "apply", "second"))
    windows = audit.get("windows", {})
    paper.line()
    title = f"{report['host']}: {windows.get('caption') or windows.get('name', 'unknown Windows')}"
    paper.line(paper.paint(title, "bold"))
    paper.line(paper.paint("=" * len(title), "bold"))
    paper.line()
    count = len(audit.get("listeners", []))
    paper.line(f"Before: {count} endpoints, what the plan expects of each, and what the proof found after the boot")
    paper.line()
    _table(
        ("endpoint", "address", "pid", "owner", "closes", "why", "found"),
        [
            (
                *_place(item.row),
                item.row["owner"].partition(" in pid ")[0],
                CLOSES.get(item.outlook, item.outlook),
                item.why,
                item.outcome,
            )
            for item in judge(report)
        ],
        paper,
        wrapped=("owner", "why"),
    )
    _suspected(audit.get("suspected", []), paper)
    _changes(apply.get("changes", []), paper)
    paper.line()
    after = report.get("after", {}).get("listeners", [])
    paper.line(f"After: {len(after)} {'endpoint' if len(after) == 1 else 'endpoints'}, and why each is still there")
    paper.line()
    staying = {_place(row): row for row in second.get("residue", [])}
    _table(
        ("endpoint", "address", "pid", "owner", "why", "instead"),
        [(*_place(row), row["owner"].partition(" in pid ")[0], *why(row, staying.get(_place(row)))) for row in after],
        paper,
        wrapped=("owner", "why", "instead"),
    )
    paper.line()
    spent = apply.get("stats", {})
    paper.line(
        f"First run: {len(apply.get('changes', []))} changes in {spent.get('requests', '?')} requests, "
        f"{spent.get('bytes_sent', 0) / 1000:.0f} kB sent.  "
        f"Second run: {len(second.get('changes', []))} changes in {second.get('stats', {}).get('requests', '?')} requests.  "
        f"Check mode foresaw {len(plan.get('changes', []))}."
    )
    for text in problems(report):
        paper.line(paper.paint(f"NOT PROVEN  {text}", "red"))
    if not problems(report):
        uptime = report["proof"]["boot"]["uptime"]
        paper.line(paper.paint(f"PROVEN  every endpoint is as forecast, {uptime:.0f} seconds after the boot", "green"))


def _place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"{row['protocol']}/{row['port']}", row["address"], "" if row["pid"] is None else str(row["pid"])


def why(row: Mapping[str, Any], left: Mapping[str, Any] | None) -> tuple[str, str]:
    """Say why an endpoint is still there, and what can be done about it; `left` is what the second run says of it."""
    if row["management"]:
        return "kept: the management path", ""
    if row["scope"] == "loopback":
        return "nobody reaches it from outside", ""
    return (left["why"], left["instead"]) if left else ("not closed by this plan", "")


def _suspected(rows: Iterable[Mapping[str, Any]], paper: Paper) -> None:
    for row in rows:
        paper.line(paper.paint(f"Probably no listener: {row['protocol']}/{row['port']}: {row['reason']}", "yellow"))


def _changes(changes: Sequence[Mapping[str, Any]], paper: Paper) -> None:
    paper.line()
    paper.line(f"Changes: {len(changes)}, in this order")
    paper.line()
    rows = [(c["stage"], c["target"], f"{_word(c['before'])} -> {_word(c['after'])}", c["effective"], c["status"]) for c in changes]
    _table(("stage", "what", "from -> to", "effective", "status"), rows, paper, wrapped=("what", "from -> to"))


def _word(value: Any) -> str:
    if value is None:
        return "(absent)"
    return "(empty list)" if value == [] else ", ".join(value) if isinstance(value, list) else str(value)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], paper: Paper, *, wrapped: Sequence[str]) -> None:
    """Print a table; the columns `wrapped` share what width is left and break lines."""
    widths = _widths(heads, rows, paper.width, [heads.index(name) for name in wrapped])
    paper.line(paper.paint("  ".join(head.ljust(width) for head, width in zip(heads, widths, strict=True)).rstrip(), "dim"))
    for row in rows:
        cells = [_broken(cell, width) for cell, width in zip(row, widths, strict=True)]
        for number in range(max(len(cell) for cell in cells)):
            texts = [cell[number] if number < len(cell) else "" for cell in cells]
            padded = [text.ljust(width) for text, width in zip(texts, widths, strict=True)]
            if heads[-1] == "found" and texts[-1]:
                padded[-1] = paper.paint(texts[-1], OUTCOME_COLOURS.get(texts[-1], "yellow"))
            paper.line("  ".join(padded).rstrip())


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int, wrapped: Sequence[int]) -> list[int]:
    natural = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    left = width - 2 * (len(heads) - 1) - sum(size for column, size in enumerate(natural) if column not in wrapped)
    if left >= sum(natural[column] for column in wrapped):
        return natural
    # A narrow column keeps its size; the widest takes the rest.
    *narrow, widest = sorted(wrapped, key=lambda column: natural[column])
    for column in narrow:
        natural[column] = min(natural[column], max(left // 3, 16))
        left -= natural[column]
    natural[widest] = max(left, 24)
    return natural


def _broken(text: str, width: int) -> list[str]:
    """Break text at blanks, and registry paths after a backslash."""
    lines = [""]
    for part in re.split(r"(?<=[ \\])", text):
        if len((lines[-1] + part).rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]
