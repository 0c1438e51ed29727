# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Findings as SARIF 2.1.0, for code scanning: what differs from a baseline, at the line of the baseline. Nothing else is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from .findings import Finding, Kind
from .report import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
TOLD: Mapping[str, tuple[str, str]] = {
    Kind.NEW: ("error", "A listener that the baseline does not allow."),
    Kind.GONE: ("note", "A listener that the baseline expects does not listen."),
    Kind.OWNER: ("error", "Another owner listens than the baseline allows."),
    Kind.SCOPE: ("error", "A listener can be reached from further than the baseline allows."),
    Kind.SETTING: ("error", "Somebody changed a setting back."),
    Kind.UNPROVEN: ("error", "The sockets are not as the forecast says."),
    Kind.EXPIRED: ("error", "An exception has ended."),
    Kind.EXPIRES: ("warning", "An exception ends soon."),
    Kind.ASSUMPTION: ("warning", "The host is not as the collection assumes of its Windows."),
}
"""Level and rule of each kind (SARIF 3.27.10, 3.49)."""
OTHER = ("warning", "Something differs from the baseline.")


def render(report: Report) -> str:
    """Return the SARIF text: one run."""
    kinds = list(dict.fromkeys(finding.kind for finding in report.findings))
    rules = [{"id": _id(kind), "name": kind, "shortDescription": {"text": TOLD.get(kind, OTHER)[1]}} for kind in kinds]
    run = {
        "tool": {"driver": {"name": "netmin.windows", "rules": rules}},
        "automationDetails": {"id": "netmin.windows/report/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, kinds.index(finding.kind)) for finding in report.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=True) + "\n"


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    place: dict[str, Any] = {"logicalLocations": [{"name": finding.host, "kind": "resource"}]}
    if finding.file:
        place["physicalLocation"] = {"artifactLocation": {"uri": _uri(finding.file)}, "region": {"startLine": max(finding.line, 1)}}
    told = f"{finding.host}: {finding.message}"
    return {
        "ruleId": _id(finding.kind),
        "ruleIndex": rule,
        "level": TOLD.get(finding.kind, OTHER)[0],
        # Braces and brackets mean placeholders and links there (3.11.5, 3.11.6).
        "message": {"text": re.sub(r"([\[\]])", r"\\\1", told).replace("{", "{{").replace("}", "}}")},
        "locations": [place],
        "partialFingerprints": {"netminFinding/v1": sha256("\0".join((finding.host, finding.kind, told)).encode()).hexdigest()},
    }


def _id(kind: str) -> str:
    return f"netmin/{re.sub(r'[^a-z0-9]+', '-', kind.lower()).strip('-') or 'other'}"


def _uri(file: str) -> str:
    """Return a path as SARIF names it: relative paths stay so, for the checkout that is scanned."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
