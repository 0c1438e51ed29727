# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`find`, `fc`, `more` and `sort`.

Sources: Microsoft, "find", "fc", "more", "sort"; SS64, "find" (it reads UTF-16) and "fc" (exit codes 0, 1, 2). From memory: the texts,
and what `more` makes of UTF-16. That `find` of Windows 2000 reads UTF-16 nobody has said: there such a file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from winsim.cmd.expansion import NotKnown
from winsim.cmd.words import bare

from . import code_pages
from .asked import Asked, Output

FOUND, NOT_FOUND, WRONG = 0, 1, 2
BAD_FIND = "FIND: Parameter format not correct\r\n"
FC_FLAGS = ("a", "b", "c", "l", "n", "t", "u", "w")


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without their ends."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


def find(asked: Asked) -> Output:
    """Write the lines with a text in them."""
    match = re.match(r'\s*((?:/[a-z]+\s*)*)"((?:[^"]|"")*)"((?:\s*/[a-z]+)*)\s*(.*)$', asked.call.tail, re.IGNORECASE)
    if match is None:
        return "", BAD_FIND, WRONG
    switches = set(re.findall(r"/([a-z]+)", (match[1] + match[3]).lower()))
    if switches - {"v", "c", "i", "n"}:
        raise asked.unknown()
    wanted = match[2].replace('""', '"')
    names = [bare(name) for name in re.findall(r'"[^"]*"|\S+', match[4])]
    if not names:
        output, hits = _find_in(asked.call.streams.stdin.all(), wanted, switches, "")
        return output, "", FOUND if hits else NOT_FOUND
    output, errors, hits, missing = "", "", 0, 0
    for name in names:
        try:
            content = asked.files.read_bytes(asked.path(name))
        except OSError:
            errors += f"File not found - {name.upper()}\r\n"
            missing += 1
            continue
        if code_pages.is_utf_16(content) and asked.kernel == (5, 0):
            raise NotKnown(f"Whether find of Windows 2000 reads UTF-16 is not known: let `type` read {name}.")
        text, count = _find_in(code_pages.shown(content, asked.pages.console), wanted, switches, name)
        output += text
        hits += count
    return output, errors, FOUND if hits else (WRONG if missing == len(names) else NOT_FOUND)


def _find_in(text: str, wanted: str, switches: set[str], name: str) -> tuple[str, int]:
    """Return what is shown of a text, and how many lines were found."""
    folded = wanted.lower() if "i" in switches else wanted
    found = [
        (number, line)
        for number, line in enumerate(lines_of(text), 1)
        # A search for nothing finds nothing (Microsoft, "find").
        if (bool(folded) and folded in (line.lower() if "i" in switches else line)) is ("v" not in switches)
    ]
    heading = f"\r\n---------- {name.upper()}" if name else ""
    if "c" in switches:
        return (f"{heading}: {len(found)}\r\n" if name else f"{len(found)}\r\n"), len(found)
    shown = "".join(f"[{number}]{line}\r\n" if "n" in switches else f"{line}\r\n" for number, line in found)
    return (f"{heading}\r\n" if name else "") + shown, len(found)


def fc(asked: Asked) -> Output:
    """Compare two files."""
    switches = {word[1:].lower() for word in asked.words if word.startswith("/")}
    names = [word for word in asked.words if not word.startswith("/")]
    if any(switch not in FC_FLAGS and not re.fullmatch(r"lb\d+|\d+", switch) for switch in switches):
        # Windows leaves the error level as it was, which passes for "the same" (SS64, "fc").
        raise NotKnown(f"fc does not know one of its switches: {asked.call.tail.strip()}")
    if len(names) != 2 or any(sign in name for name in names for sign in "*?"):
        raise asked.unknown()
    contents = []
    for name in names:
        try:
            contents.append(asked.files.read_bytes(asked.path(name)))
        except OSError:
            return "", f"FC: cannot open {name.upper()} - No such file or folder\r\n\r\n", WRONG
    output = f"Comparing files {names[0]} and {names[1].upper()}\r\n"
    if "b" in switches:
        differences = _bytes_that_differ(contents[0], contents[1], names)
    else:
        # Without /u each byte of a file in UTF-16 is a character.
        read = code_pages.shown if "u" in switches else code_pages.decode
        texts = [read(content, asked.pages.console) for content in contents]
        differences = _lines_that_differ(_rows(texts[0], switches), _rows(texts[1], switches), names)
    if not differences:
        return f"{output}FC: no differences encountered\r\n\r\n", "", FOUND
    return f"{output}{differences}\r\n", "", NOT_FOUND


def _bytes_that_differ(one: bytes, other: bytes, names: Sequence[str]) -> str:
    rows = [
        f"{place:08X}: {left:02X} {right:02X}\r\n" for place, (left, right) in enumerate(zip(one, other, strict=False)) if left != right
    ]
    if len(one) != len(other):
        longer, shorter = (0, 1) if len(one) > len(other) else (1, 0)
        rows.append(f"FC: {names[longer].upper()} longer than {names[shorter].upper()}\r\n")
    return "".join(rows)


def _rows(text: str, switches: set[str]) -> list[str]:
    rows = [row if "t" in switches else row.expandtabs(8) for row in lines_of(text)]
    if "w" in switches:
        rows = [re.sub(r"[ \t]+", " ", row).strip() for row in rows]
    return [row.lower() for row in rows] if "c" in switches else rows


def _lines_that_differ(one: Sequence[str], other: Sequence[str], names: Sequence[str]) -> str:
    shown = ""
    for tag, start, end, from_, to in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag != "equal":
            for name, rows in ((names[0], one[start:end]), (names[1].upper(), other[from_:to])):
                shown += f"***** {name}\r\n" + "".join(f"{row}\r\n" for row in rows)
            shown += "*****\r\n\r\n"
    return shown


def more(asked: Asked) -> Output:
    """Show texts; nobody turns pages here, so that it is for pipes and files alone."""
    if any(word.startswith(("/", "+")) for word in asked.words):
        raise asked.unknown()
    if asked.pages.console == code_pages.UTF_8:
        return "", "Not enough memory.\r\n", 1
    text = "".join(_texts(asked))
    return "".join(f"{line.expandtabs(8)}\r\n" for line in lines_of(text)), "", 0


def sort(asked: Asked) -> Output:
    """Sort lines without regard to case; the order of letters with marks is not known here."""
    if {word.lower() for word in asked.words if word.startswith("/")} - {"/r"}:
        raise asked.unknown()
    rows = sorted(lines_of("".join(_texts(asked))), key=str.lower, reverse=any(word.lower() == "/r" for word in asked.words))
    if any(not row.isascii() for row in rows):
        raise NotKnown("In which order sort puts letters that are not ASCII is not known here.")
    return "".join(f"{row}\r\n" for row in rows), "", 0


def _texts(asked: Asked) -> Iterator[str]:
    names = [word for word in asked.words if not word.startswith("/")]
    if not names:
        yield asked.call.streams.stdin.all()
    for name in names:
        yield asked.files.shown(asked.path(name))
