# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text for a batch file that a person reads: 7-bit ASCII with CRLF, and nothing that cmd.exe takes for its own.

A script is read in whatever code page the console has (facts of users: only ASCII means the same in all of them), and a label is found for
certain only where lines end with CR LF.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused

# What cmd.exe makes something of: inside quotes a quote and a percent sign; `call` reads its line twice and doubles a caret; an exclamation
# mark is lost where somebody switched delayed expansion on for the whole host.
KEEPS = frozenset('"%^!')
# And in a remark or behind `echo`, where nothing is quoted.
SPECIAL = str.maketrans({"&": "+", "|": "/", "<": "(", ">": ")", "^": "'", "%": "'", "!": ".", '"': "'", "\t": " "})
LONGEST = 2000
"""Of a line: cmd.exe of Windows 2000 takes 2,047 characters, after variables have been filled in (KB 830473)."""
WIDTH = 108


def word(text: str, what: str) -> str:
    """Return a name or a value as it stands between the quotes of a line.

    Raises:
        Refused: cmd.exe or the program would read something else.
    """
    if any(character in KEEPS or not " " <= character <= "~" for character in text):
        raise Refused(f"{what} {text[:120]!a} cannot be written into a batch file: it has a character that cmd.exe reads as something else")
    if text.endswith("\\"):
        # The programs read a backslash before the closing quote as one that takes the quote's meaning away.
        raise Refused(f"{what} {text[:120]!a} cannot be written into a batch file: it ends with a backslash")
    return text


def said(text: object, most: int = 600) -> str:
    """Return text for a person: any text of a host, made harmless."""
    plain = " ".join(str(text).split()).translate(SPECIAL)
    return "".join(character if " " <= character <= "~" else "?" for character in plain)[:most].rstrip()


def remarks(text: str, *, indent: str = "") -> list[str]:
    """Return text as lines that cmd.exe passes over."""
    return [f"rem {line}".rstrip() for line in textwrap.wrap(said(text), WIDTH, initial_indent=indent, subsequent_indent=f"{indent}   ")]


def content(lines: Iterable[str]) -> bytes:
    """Return lines as the bytes of a file.

    Raises:
        Refused: a line is longer than the oldest cmd.exe takes.
    """
    listed = list(lines)
    for line in listed:
        if len(line) > LONGEST:
            raise Refused(f"a line of the script has {len(line)} characters, and cmd.exe takes {LONGEST}: {line[:80]!a}")
    return "".join(f"{line}\r\n" for line in listed).encode("ascii")
