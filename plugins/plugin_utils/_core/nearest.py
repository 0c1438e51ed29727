# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Guess what a misspelt name was meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

CUTOFF = 0.6


def nearest(name: str, known: Iterable[str], *, cutoff: float = CUTOFF) -> str | None:
    """Return the known name that is most like another, without regard to case; None where none is like it."""
    return next(iter(_alike(name, known, most=1, cutoff=cutoff)), None)


def meant(name: str, known: Iterable[str]) -> str:
    """Return the question that follows a misspelt name; empty where no known name is like it."""
    near = nearest(name, known)
    return f" (did you mean '{near}'?)" if near else ""


def perhaps(name: str, known: Iterable[str], *, cutoff: float = CUTOFF) -> str:
    """Return the question at the end of a message about a name that does not exist; empty where no known name is like it."""
    near = _alike(name, known, most=3, cutoff=cutoff)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _alike(name: str, known: Iterable[str], *, most: int, cutoff: float) -> list[str]:
    spelled = {other.lower(): other for other in known}
    return [spelled[other] for other in get_close_matches(name.lower(), spelled, n=most, cutoff=cutoff)]
