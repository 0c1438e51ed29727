# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text of others: made harmless for a terminal, and short enough to stand in a sentence of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Control characters but tab and newline; surrogates; what changes the order in which a terminal shows a line: embeddings,
# overrides, isolates and marks (Unicode Standard Annex 9, 2.1 to 2.6).
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Where a terminal or a log may begin a new line besides.
SEPARATORS = re.compile(r"[\s\u2028\u2029]+")
LONGEST = 200
# Of names that a host lists: how many, and how long each, a sentence of ours takes.
MOST_NAMES, LONGEST_NAME = 10, 100


def printable(text: str) -> str:
    """Replace control characters, lone surrogates and bidirectional controls by a question mark; tab and newline stay.

    The text is joined anew, so that no subclass of str (Ansible's tagged text) survives.
    """
    return "?".join(CONTROL.split(text))


def one_line(text: str) -> str:
    """Return a text as one printable line."""
    return printable(SEPARATORS.sub(" ", text).strip())


def excerpt(text: object, longest: int = LONGEST) -> str:
    """Return what a host has said, or an error that quotes it, as one printable line of at most so many characters."""
    # What is cut off anyhow is not looked at: it may be very long.
    line = one_line(str(text)[: 2 * longest])
    return line if len(line) <= longest and len(str(text)) <= 2 * longest else f"{line[: longest - 1]}…"


def listed(names: Iterable[object], *, between: str = ", ") -> str:
    """Return the first of the names that a host lists, each short and on the same line, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - MOST_NAMES} more" if len(every) > MOST_NAMES else ""
    return between.join(excerpt(name, LONGEST_NAME) for name in every[:MOST_NAMES]) + more
