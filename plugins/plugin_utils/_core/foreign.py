# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text of others: made harmless for a terminal, and short enough to stand in a sentence of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ProtocolError

# Control characters but tab and newline; surrogates; what changes the order in which a terminal shows a line: embeddings,
# overrides, isolates and marks (Unicode Standard Annex 9, 2.1 to 2.6).
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Where a terminal or a log may begin a new line besides.
SEPARATORS = re.compile(r"[\s\u2028\u2029]+")
LONGEST = 200


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


@contextmanager
def understood(host: str, what: str) -> Iterator[None]:
    """Raise ProtocolError where an answer does not fit its schema: a list in place of a number, a text that is no number.

    Args:
        host: the address that messages name.
        what: what was asked for.
    """
    try:
        yield
    except ValueError as error:
        raise ProtocolError(f"{what} at {host}: the answer has a value of the wrong type or form: {excerpt(error)}", host=host) from error
