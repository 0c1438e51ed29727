# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as JUnit XML: a suite for each host, a case for each of its listener families. For CI systems."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from .findings import Finding
from .report import Report
from .view import HostView, Port, State, worst

# What XML 1.0 has no way to write (2.2): the rest of it is gone from all text already.
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
FAILS = (State.FAILED, State.OPENS)
ERRS = (State.UNKNOWN,)
NOT_JUDGED = (State.LISTENS, State.STAYS, State.REFUSED, State.CLOSES_NOW, State.CLOSES_AT_BOOT)


def render(report: Report) -> str:
    """Return the XML text."""
    root = ElementTree.Element("testsuites", name=_text(report.title))
    found = report.by_host(report.findings)
    totals = dict.fromkeys(COUNTED, 0)
    for host in report.fleet.hosts:
        suite = _suite(root, host, found.get(host.host, ()))
        for name in COUNTED:
            totals[name] += int(suite.get(name, "0"))
    for name, count in totals.items():
        root.set(name, str(count))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


COUNTED = ("tests", "failures", "errors", "skipped")
OF: Mapping[str, str] = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def _suite(root: ElementTree.Element, host: HostView, findings: Sequence[Finding]) -> ElementTree.Element:
    suite = ElementTree.SubElement(root, "testsuite", name=_text(host.host))
    if host.taken:
        suite.set("timestamp", _text(host.taken))
    counts = dict.fromkeys(COUNTED, 0)
    verdict = "failure" if host.failed else ""
    cases: list[tuple[str, str, str, list[str]]] = [(f"verdict: {host.verdict}", verdict, host.failure or host.verdict, [])]
    cases += [_case(family, rows) for family, rows in _families(host).items()]
    cases += [(f"{finding.kind}: {finding.message}", "failure", finding.message, []) for finding in findings]
    for name, outcome, message, lines in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=_text(host.host), name=_text(name))
        counts["tests"] += 1
        if outcome:
            counts[OF[outcome]] += 1
            ElementTree.SubElement(case, outcome, message=_text(message)).text = _text("\n".join(lines)) or None
    for key, count in counts.items():
        suite.set(key, str(count))
    return suite


def _families(host: HostView) -> dict[str, list[Port]]:
    found: dict[str, list[Port]] = {}
    for row in host.ports:
        found.setdefault(row.family, []).append(row)
    return found


def _case(family: str, rows: Sequence[Port]) -> tuple[str, str, str, list[str]]:
    state = worst(row.state for row in rows)
    outcome = "failure" if state in FAILS else "error" if state in ERRS else "skipped" if state in NOT_JUDGED else ""
    why = next(row.why for row in rows if row.state is state)
    return family, outcome, f"{state}: {why}", [f"{row.name} of {row.owner}: {row.state}: {row.why}" for row in rows]


def _text(value: object) -> str:
    return NO_XML.sub("?", str(value))
