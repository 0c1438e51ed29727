# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Guess what a misspelt name was meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like another, without regard to case; None where none is like it."""
    spelled = {other.lower(): other for other in known}
    found = get_close_matches(name.lower(), spelled, n=1, cutoff=cutoff)
    return spelled[found[0]] if found else None


def meant(name: str, known: Iterable[str]) -> str:
    """Return the question that follows a misspelt name; empty where no known name is like it."""
    near = nearest(name, known)
    return f" (did you mean '{near}'?)" if near else ""
