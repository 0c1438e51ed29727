# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All formats of the report, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import document, junit, markdown, page, sarif, sheet
from .report import Report


@dataclass(frozen=True, slots=True)
class Format:
    """One of them.

    Attributes:
        file: its name in a folder.
    """

    file: str
    render: Callable[[Report], str]


FORMATS: Mapping[str, Format] = {
    "csv": Format("report.csv", sheet.render),
    "html": Format("report.html", page.render),
    "json": Format("report.json", document.render),
    "junit": Format("report.junit.xml", junit.render),
    "markdown": Format("report.md", markdown.render),
    "sarif": Format("report.sarif", sarif.render),
}
