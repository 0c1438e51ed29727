# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as CSV: a line for each listener of each host, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from .report import Report

HEAD = (
    "host",
    "verdict",
    "windows",
    "family",
    "port",
    "addresses",
    "scope",
    "owner",
    "recipe",
    "state",
    "why",
    "instead",
    "endpoints",
    "run",
    "taken",
    "outside",
)
# With one of these a spreadsheet takes a cell for a formula (OWASP, CSV Injection); the wide forms count in East Asian locales.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  # the wide forms are meant


def render(report: Report) -> str:
    """Return the CSV text; a host without listeners has a line as well."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    writer.writerows([*map(cell, row)] for row in _rows(report))
    return text.getvalue()


def _rows(report: Report) -> Iterator[tuple[object, ...]]:
    for host in report.fleet.hosts:
        about = (host.host, host.verdict, host.windows)
        last = (host.run, host.taken)
        for row in host.ports:
            place = (row.family, row.name, " ".join(row.addresses), row.scope)
            yield (*about, *place, row.owner, row.recipe, row.state, row.why, row.instead, row.count, *last, row.outside)
        if not host.ports:
            yield (*about, *[""] * 7, host.failure, "", "", *last, host.outside)


def cell(value: object) -> object:
    """Return what a spreadsheet shows as the text that it is: an apostrophe stands before what would be a formula."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA) else value
