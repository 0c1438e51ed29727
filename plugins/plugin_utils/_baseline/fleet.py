# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The drift of all hosts of a play, from the results that the role has left. Knows no Ansible and asks no host."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt, one_line
from ansible_collections.netmin.windows.plugins.plugin_utils._report.findings import Kind

WORDS: Mapping[str, Kind] = {
    "new": Kind.NEW,
    "owner": Kind.OWNER,
    "scope": Kind.SCOPE,
    "expired": Kind.EXPIRED,
    "setting": Kind.SETTING,
    "unproven": Kind.UNPROVEN,
    "gone": Kind.GONE,
    "expires": Kind.EXPIRES,
}
"""The kinds of findings by the words of options, the most urgent first."""
FAIL_ON = ("new", "owner", "scope", "expired", "setting", "unproven")
"""What fails a host unless somebody says otherwise: what listens too much. What is gone, or ends soon, is told."""
LONGEST_REASON = 200
# As wide as a terminal may be expected to be.
WIDTH = 100


class Ended(StrEnum):
    """How the comparison ended for one host."""

    AS_ALLOWED = "as allowed"
    TOLD = "told"
    DRIFTED = "drifted"
    FAILED = "failed"
    NOT_REACHED = "not reached"
    NOT_BEGUN = "not started"


@dataclass(frozen=True, slots=True)
class Row:
    """One host.

    Attributes:
        findings: as `drift_info` returned them.
        counts: by the words of options.
        why: why it failed, or what of its findings fails it.
    """

    host: str
    ended: Ended
    findings: tuple[Mapping[str, Any], ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    why: str = ""


def verdict(counts: Mapping[str, int]) -> str:
    """Say in words how many findings of which kind there are."""
    told = [f"{kind}: {counts[word]}" for word, kind in WORDS.items() if counts.get(word)]
    return ", ".join(told) or "as the baseline allows"


def judge(host: str, variables: Mapping[str, Any], fail_on: Collection[str]) -> Row:
    """Tell how the comparison ended for one host."""
    result = variables.get("drift_result")
    failure = str(variables.get("drift_failure") or "")
    if not isinstance(result, Mapping) or result.get("skipped"):
        return Row(host, Ended.FAILED, why=_reason(failure)) if failure else Row(host, Ended.NOT_BEGUN)
    if result.get("unreachable"):
        return Row(host, Ended.NOT_REACHED, why=_reason(result.get("msg", "")))
    if "findings" not in result:
        return Row(host, Ended.FAILED, why=_reason(failure or result.get("msg", "")))
    findings = (*result["findings"], *_from_outside(variables.get("drift_outside_result")))
    words = {kind: word for word, kind in WORDS.items()}
    counts = Counter(words.get(row["kind"], "") for row in findings)
    bad = [row for row in findings if words.get(row["kind"], "") in fail_on]
    ended = Ended.DRIFTED if bad else Ended.TOLD if findings else Ended.AS_ALLOWED
    return Row(
        host, ended, findings, {word: counts[word] for word in WORDS if counts[word]}, _reason("; ".join(row["message"] for row in bad))
    )


def _from_outside(result: object) -> tuple[Mapping[str, Any], ...]:
    """Return a finding for each port of which a probe reached more than the host says."""
    told = result.get("contradicted") if isinstance(result, Mapping) else None
    return tuple({"kind": str(Kind.UNPROVEN), "message": f"from outside: {text}"} for text in (told if isinstance(told, list) else ()))


def _reason(text: object) -> str:
    return excerpt(text, LONGEST_REASON)


def plain(row: Row) -> dict[str, Any]:
    """Show one host; its findings are in its own result."""
    return {"host": row.host, "ended": str(row.ended), "counts": dict(row.counts), "why": row.why}


def totals(rows: Sequence[Row]) -> dict[str, int]:
    """Count hosts by how they ended, and findings by kind."""
    ended = Counter(row.ended for row in rows)
    found = Counter({word: sum(row.counts.get(word, 0) for row in rows) for word in WORDS})
    return {
        "hosts": len(rows),
        **{word.replace(" ", "_"): ended[word] for word in Ended},
        **{f"findings_{word}": found[word] for word in WORDS},
    }


def lines(rows: Sequence[Row], width: int = WIDTH) -> list[str]:
    """Tell of all hosts: what is as allowed in one line, of the others each finding."""
    told: list[str] = []
    for row in rows:
        if row.ended is Ended.AS_ALLOWED:
            continue
        counted = verdict(row.counts) if row.findings else row.why
        told += _wrapped(f"{row.host}: {row.ended}{f' ({counted})' if counted else ''}", width, "", "  ")
        for finding in row.findings:
            place = f" [{PurePath(finding['file']).name}:{finding['line']}]" if finding.get("line") else ""
            told += _wrapped(f"{finding['kind']}: {one_line(str(finding['message']))}{place}", width, "  ", "      ")
    ended = Counter(row.ended for row in rows)
    counts = ", ".join(f"{ended[word]} {word}" for word in Ended if ended[word])
    return [*told, f"{len(rows)} {'host' if len(rows) == 1 else 'hosts'}: {counts or 'none'}"]


def _wrapped(text: str, width: int, first: str, later: str) -> list[str]:
    """Break a text into lines, and no name or path in it."""
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False)
