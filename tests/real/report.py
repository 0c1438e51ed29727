# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What came of each step, and the one page that says so."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from .hiding import Secrets

PAGE = "page.md"


class Ended(StrEnum):
    """How a step ended."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    FAILED = "failed"
    SKIPPED = "not run"


@dataclass(slots=True)
class Finding:
    """What came of one step.

    Attributes:
        confirmed: what the host did as this collection says, a line each.
        contradicted: what it did otherwise, a line each.
        why: of a step that failed or was not run.
        files: what it left, by names in the folder.
    """

    step: str
    confirmed: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    failed: str = ""
    skipped: str = ""
    files: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ended(self) -> Ended:
        """How it ended; what was contradicted is told whatever else went wrong."""
        if self.contradicted:
            return Ended.CONTRADICTED
        if self.failed:
            return Ended.FAILED
        return Ended.SKIPPED if self.skipped else Ended.CONFIRMED

    def check(self, holds: bool, confirmed: str, contradicted: str = "") -> bool:
        """Note one comparison."""
        (self.confirmed if holds else self.contradicted).append(confirmed if holds else contradicted or f"not so: {confirmed}")
        return holds


class Folder:
    """What is left behind: every text is written without secrets."""

    def __init__(self, path: Path, secrets: Secrets) -> None:
        self.path = path
        self._secrets = secrets
        path.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, text: str) -> str:
        """Write a file and return its name."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._secrets.hide(text), encoding="utf-8")
        return name

    def write_json(self, name: str, content: Any) -> str:
        """Write a file of JSON and return its name."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Texts only: a password of digits must not make something else of a number.
        shown = self._secrets.hide_in(json.loads(json.dumps(content, default=str)))
        path.write_text(json.dumps(shown, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return name


HEAD = """\
# What {name} said

{what}

{verdict}

| step | ended | seconds | files |
| --- | --- | --- | --- |
{table}
"""
TAIL = """\
## What to send back

Contradictions are what this collection needs most. The file in `give_away/` has no names of yours in it: look through it, and send it with
this page (`docs/witness.md` says how). All else in this folder is for you: it has names, addresses and what the host answered.
"""


def page(name: str, what: str, findings: Iterable[Finding]) -> str:
    """Return the page."""
    every = list(findings)
    table = "\n".join(
        f"| {found.step} | {found.ended} | {found.seconds:.0f} | {' '.join(f'[{file}]({file})' for file in found.files)} |"
        for found in every
    )
    parts = [HEAD.format(name=name, what=what, verdict=verdict(every), table=table)]
    for title, lines in (
        ("Contradicted", [f"- {found.step}: {_line(line)}" for found in every for line in found.contradicted]),
        ("Failed", [f"- {found.step}: {_line(found.failed)}" for found in every if found.failed]),
        ("Not run", [f"- {found.step}: {_line(found.skipped)}" for found in every if found.skipped]),
        ("Confirmed", [f"- {found.step}: {_line(line)}" for found in every for line in found.confirmed]),
    ):
        parts.append(f"## {title}\n\n" + ("\n".join(lines) or "Nothing.") + "\n")
    return "\n".join([*parts, TAIL])


def verdict(findings: Iterable[Finding]) -> str:
    """Return one sentence."""
    count = dict.fromkeys(Ended, 0)
    for found in findings:
        count[found.ended] += 1
    return ", ".join(f"{count[ended]} steps {ended}" for ended in Ended) + "."


def plain(findings: Iterable[Finding]) -> list[Mapping[str, Any]]:
    """Return the findings for other programs."""
    return [
        {
            "step": found.step,
            "ended": found.ended.value,
            "confirmed": found.confirmed,
            "contradicted": found.contradicted,
            "failed": found.failed,
            "skipped": found.skipped,
            "files": found.files,
            "seconds": round(found.seconds, 1),
        }
        for found in findings
    ]


def _line(text: str) -> str:
    """Return a text as one line that Markdown does not take for anything else."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
