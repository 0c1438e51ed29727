# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

WIDEST_PORTS = 24
HEAD = ("port", "address", "owner", "why")


def aligned(cells: Sequence[Sequence[str]], *, left: int) -> list[str]:
    """Render rows of the same length as lines of the same columns.

    Args:
        left: so many columns begin on the left; numbers, after them, end on the right.
    """
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(_cell(text, widths[at], at < left) for at, text in enumerate(row)).rstrip() for row in cells]


def _cell(text: str, width: int, left: bool) -> str:
    return text.ljust(width) if left else text.rjust(width)


def listing(listeners: Sequence[Mapping[str, Any]], suspected: Sequence[Mapping[str, Any]]) -> list[str]:
    """Render listeners as a table, and below it what is perhaps none.

    Args:
        listeners: as results show them.
        suspected: the same.
    """
    rows = [(_port(row), row["address"], row["owner"], row["why"]) for row in listeners]
    lines = aligned([HEAD, *([excerpt(text) for text in row] for row in rows)], left=len(HEAD))
    return [*lines, *(excerpt(f"{_port(row)} on {row['address']} may not be a listener: {row['reason']}") for row in suspected)]


def _port(row: Mapping[str, Any]) -> str:
    """Name the ports of a row where they are few, and how many endpoints there are beside those that it names."""
    ports = row.get("ports") or ""
    if ports and len(ports) <= WIDEST_PORTS:
        return f"{row['protocol']}/{ports}"
    more = row.get("count", 1) - (1 if ports else len(row["address"].split(", ")))
    return f"{row['protocol']}/{row['port']}{f' and {more} more' if more > 0 else ''}"
