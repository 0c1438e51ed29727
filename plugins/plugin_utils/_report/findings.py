# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person has to look at because it is not as somebody has written down, with the place where that is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What differs."""

    NEW = "new listener"
    GONE = "listener gone"
    OWNER = "other owner"
    SCOPE = "other scope"
    SETTING = "setting changed back"
    UNPROVEN = "unproven"
    EXPIRED = "expired"
    EXPIRES = "expires soon"
    ASSUMPTION = "assumption contradicted"


RUNS_OUT = (Kind.EXPIRED, Kind.EXPIRES)
"""Those that are about an exception that ends, or has ended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One of them.

    Attributes:
        kind: a word of `Kind`; others are shown as they are.
        file: the baseline; empty where it stands in none.
        line: in that file, from 1; 0 where there is none.
    """

    host: str
    kind: str
    message: str
    file: str = ""
    line: int = 0

    @classmethod
    def of(cls, host: str, given: Mapping[str, Any]) -> Finding:
        """Read one from a result."""
        line = given.get("line")
        return cls(
            host,
            str(given["kind"]),
            str(given["message"]),
            str(given.get("file") or ""),
            line if isinstance(line, int) and line > 0 else 0,
        )
