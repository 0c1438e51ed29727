# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`findstr`, with what it is known to get wrong.

Source: SS64, "findstr" and the list of its undocumented features there: it knows no UTF-16; several literal strings without `/i` may miss
lines; `$` and so `/x` and `/e` need the CR at the end of a line; a redirected input without a last line end hangs on XP and 7; the
longest string. What it may get wrong is refused with `NotKnown`, so that no script rests on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from winsim.cmd.expansion import NotKnown

from .asked import Asked, Output

FOUND, NOT_FOUND, WRONG = 0, 1, 2
LONGEST, LONGEST_OLD = 254, 127
METAS = ".*^$[]\\"
FLAGS = frozenset("belrsivxnmop")
KNOWN = frozenset("belrivxnm")
HANGS_UNTIL = (6, 1)


@dataclass(slots=True)
class _Search:
    flags: set[str] = field(default_factory=set)
    literals: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    from_file: bool = False
    names: list[str] = field(default_factory=list)


def findstr(asked: Asked) -> Output:
    """Write the lines that fit one of the strings."""
    search = _search(asked)
    if search is None:
        return "", "FINDSTR: Bad command line\r\n", WRONG
    patterns = _patterns(asked, search)
    if patterns is None:
        return "", "FINDSTR: Search string too long.\r\n", WRONG
    output, errors, hits = "", "", 0
    for name, text in _texts(asked, search):
        if text is None:
            errors += f"FINDSTR: Cannot open {name}\r\n"
            continue
        shown, count = _found(text, patterns, search.flags, name if len(search.names) > 1 else "")
        output += (f"{name}\r\n" if count else "") if "m" in search.flags else shown
        hits += count
    return output, errors, FOUND if hits else NOT_FOUND


def _search(asked: Asked) -> _Search | None:
    search = _Search()
    for word in asked.words:
        if not word.startswith("/"):
            if not search.literals and not search.words and not search.from_file:
                search.words = [part for part in word.split(" ") if part]
            else:
                search.names.append(word)
            continue
        letters, colon, value = word[1:].partition(":")
        if colon and letters.lower() == "c":
            search.literals.append(value)
        elif colon and letters.lower() == "g":
            if value == "/":
                raise asked.unknown()
            search.from_file = True
            search.literals += _lines(asked.files.read(asked.path(value)))
        elif colon or set(letters.lower()) - FLAGS or set(letters.lower()) - KNOWN:
            raise asked.unknown()
        else:
            search.flags |= set(letters.lower())
    return search if search.literals or search.words or search.from_file else None


def _lines(text: str) -> list[str]:
    return [line for line in text.replace("\r\n", "\n").split("\n") if line]


def _patterns(asked: Asked, search: _Search) -> list[re.Pattern[str]] | None:
    strings = [*search.literals, *search.words]
    limit = LONGEST_OLD if asked.kernel <= (5, 1) else LONGEST
    if any(len(text) > limit for text in strings):
        return None
    # Without /l and /r: what /c: says is taken as it stands, other words are expressions where one of their signs is in them.
    expressions = "r" in search.flags or ("l" not in search.flags and bool(search.words) and any(sign in METAS for sign in search.words[0]))
    if search.from_file and not search.flags & {"l", "r"}:
        raise NotKnown("findstr /g: without /l or /r depends on what the first string is like.")
    if not expressions and len(strings) > 1 and "i" not in search.flags:
        raise NotKnown("findstr with several literal strings and without /i may miss lines: give it /i.")
    if not expressions and not search.from_file and any("\\" in text or '"' in text for text in strings):
        raise NotKnown("How findstr reads a backslash or a quote in a literal string of its command line is not known here.")
    return [_pattern(text, search.flags, expression=expressions) for text in strings]


def _pattern(text: str, flags: set[str], *, expression: bool) -> re.Pattern[str]:
    body = _translated(text) if expression else re.escape(text)
    start = "^" if flags & {"b", "x"} else ""
    end = r"(?=\r\Z)" if flags & {"e", "x"} else ""
    return re.compile(f"{start}(?:{body}){end}", re.IGNORECASE if "i" in flags else 0)


def _translated(text: str) -> str:
    """Return an expression of findstr as one of Python."""
    made, at = "", 0
    while at < len(text):
        sign, following = text[at], text[at + 1 : at + 2]
        if sign == "\\" and following:
            made += {"<": r"\b(?=\w)", ">": r"\b(?<=\w)"}.get(following, re.escape(following))
            at += 2
            continue
        if sign == "[":
            end = text.find("]", at + 1)
            if end < 0:
                raise NotKnown(f"findstr has a class without an end: {text}")
            body = text[at + 1 : end].replace("\\", "\\\\")
            made += f"[{body}]"
            at = end + 1
            continue
        made += {
            ".": "[^\r]",
            "*": "*" if made else r"\*",
            "^": "^" if not at else r"\^",
            "$": r"(?=\r\Z)" if not following else r"\$",
        }.get(sign, re.escape(sign))
        at += 1
    return made


def _texts(asked: Asked, search: _Search) -> list[tuple[str, str | None]]:
    if not search.names:
        text = asked.call.streams.stdin.all()
        if text and not text.endswith("\n") and asked.kernel <= HANGS_UNTIL:
            raise NotKnown("findstr waits for ever where its redirected input does not end with a line end.")
        return [("", text)]
    found: list[tuple[str, str | None]] = []
    for name in search.names:
        if any(sign in name for sign in "*?"):
            raise asked.unknown()
        path = asked.path(name)
        found.append((name, asked.files.read(path) if asked.files.exists(path) else None))
    return found


def _found(text: str, patterns: list[re.Pattern[str]], flags: set[str], name: str) -> tuple[str, int]:
    rows = text.split("\n")
    rows = rows[:-1] if rows and not rows[-1] else rows
    hits = [
        (number, row)
        for number, row in enumerate(rows, 1)
        if any(pattern.search(row) is not None for pattern in patterns) is ("v" not in flags)
    ]
    prefix = f"{name}:" if name else ""
    shown = "".join(f"{prefix}{f'{number}:' if 'n' in flags else ''}{row.removesuffix(chr(13))}\r\n" for number, row in hits)
    return shown, len(hits)
