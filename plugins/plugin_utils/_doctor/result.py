# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An examination as plain values: what a task returns, and what a file keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirmed import SCHEMA_VERSION, Confirmed

from .examine import Examination, Finding
from .rests import Resting, by_use, of_default_plan, sentence
from .verdict import Verdict, Word


def plain_of(examination: Examination) -> dict[str, Any]:
    """Return what a task says of an examination."""
    plan = of_default_plan(examination)
    return {
        "assumptions": [finding_of(finding) for finding in examination.findings],
        "counts": counts_of(examination.findings),
        "plan": {"recipes": list(plan.recipes), **_resting(plan)},
        "uses": [{"use": resting.use, **_resting(resting)} for resting in by_use(examination)],
        "verdict": sentence(plan),
    }


def counts_of(findings: Sequence[Finding]) -> dict[str, int]:
    """Count findings by their words."""
    return {str(word): sum(finding.verdict.word is word for finding in findings) for word in Word}


def finding_of(finding: Finding) -> dict[str, Any]:
    """Return one finding."""
    assumption = finding.assumption
    return {
        "id": assumption.id,
        "assumed": assumption.says,
        **verdict_of(finding.verdict),
        "used": list(assumption.used),
        "confidence": str(assumption.confidence),
    }


def verdict_of(verdict: Verdict) -> dict[str, str | None]:
    """Return what a host shows of one assumption, or of one recipe."""
    return {
        "verdict": str(verdict.word),
        "expected": verdict.expected or None,
        "seen": verdict.seen or None,
        "why": verdict.why or None,
    }


def _resting(resting: Resting) -> dict[str, Any]:
    return {
        "confirmed": len(resting.ids(Word.CONFIRMED)),
        "contradicted": list(resting.ids(Word.CONTRADICTED)),
        "not_to_be_seen": list(resting.ids(Word.NOT_SEEN)),
    }


def kept_of(findings: Sequence[Finding], windows: Windows, *, inventory_name: str, at: str) -> Confirmed:
    """Return what a file keeps of an examination."""
    return Confirmed(
        schema_version=SCHEMA_VERSION,
        inventory_name=inventory_name,
        windows=windows.id,
        build=windows.build,
        examined_at=at,
        assumptions={finding.assumption.id: str(finding.verdict.word) for finding in findings},
    )
