# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host says of one assumption."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

# Of what a host shows so many items are told by name, and so much of each.
MOST_TOLD, LONGEST = 4, 120


class Word(StrEnum):
    """How an assumption stands."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOT_SEEN = "not_to_be_seen"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a host shows.

    Attributes:
        expected: what was to be seen, where something else was.
        seen: what is to be seen; text of a host, made harmless and short.
        why: why nothing is to be seen.
    """

    word: Word
    expected: str = ""
    seen: str = ""
    why: str = ""


def confirmed(seen: str) -> Verdict:
    """Say that it is as assumed."""
    return Verdict(Word.CONFIRMED, seen=excerpt(seen, LONGEST))


def contradicted(expected: str, seen: str) -> Verdict:
    """Say that it is not as assumed."""
    return Verdict(Word.CONTRADICTED, excerpt(expected, LONGEST), excerpt(seen, LONGEST))


def not_seen(why: str) -> Verdict:
    """Say that this host does not show it."""
    return Verdict(Word.NOT_SEEN, why=excerpt(why, 2 * LONGEST))


def some(items: Iterable[str]) -> str:
    """Name a few of several."""
    every = tuple(dict.fromkeys(items))
    more = f" and {len(every) - MOST_TOLD} more" if len(every) > MOST_TOLD else ""
    return f"{', '.join(every[:MOST_TOLD])}{more}"


def counted(number: int, what: str) -> str:
    """Say how many there are: 1 row, 2 rows."""
    return f"{number} {what}{'' if number == 1 else 's'}"
