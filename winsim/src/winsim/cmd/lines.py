# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How `for /f` takes lines apart (the help of `for`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `for /f`; `rest` has what is behind the last token in one more variable."""

    eol: str = ";"
    skip: int = 0
    delimiters: str = " \t"
    tokens: tuple[int, ...] = (1,)
    rest: bool = False
    use_back_quotes: bool = False


def options(text: str) -> Options | None:
    """Read the options, with or without quotes around them; None where they are wrong."""
    bare = text[1:].removesuffix('"') if text.startswith('"') else text
    found: dict[str, str] = {}
    while bare := bare.lstrip():
        match = re.match(r"(?i)(usebackq)(?=\s|$)|(eol|skip|tokens)=(\S*)|(delims)=(.*?)(?=\s+(?:eol|skip|tokens|usebackq)\b|$)", bare)
        if match is None:
            return None
        if match[1]:
            found["usebackq"] = ""
        else:
            found[(match[2] or match[4]).lower()] = match[3] if match[2] else match[5]
        bare = bare[match.end() :]
    skip = found.get("skip", "0")
    tokens, rest = _tokens(found.get("tokens", "1"))
    if not skip.isdecimal() or (not tokens and not rest):
        return None
    return Options(found.get("eol", ";")[:1], int(skip), found.get("delims", " \t"), tokens, rest, "usebackq" in found)


def _tokens(text: str) -> tuple[tuple[int, ...], bool]:
    rest = text.endswith("*")
    numbers: set[int] = set()
    for part in text.removesuffix("*").split(","):
        first, dash, last = part.partition("-")
        if not part:
            continue
        if not first.isdecimal() or (dash and not last.isdecimal()) or int(first) < 1:
            return (), False
        numbers.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(numbers)), rest


def split(text: str, wanted: Options) -> Iterator[list[str]]:
    """Yield for each line what its variables are; lines without the first of the tokens are left out."""
    for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n")[wanted.skip :]:
        if not line or (wanted.eol and line.startswith(wanted.eol)):
            continue
        found = _line(line, wanted)
        if found is not None:
            yield found


def _line(line: str, wanted: Options) -> list[str] | None:
    words: list[tuple[int, int]] = []
    at = 0
    while at < len(line):
        while at < len(line) and line[at] in wanted.delimiters:
            at += 1
        start = at
        while at < len(line) and line[at] not in wanted.delimiters:
            at += 1
        if at > start:
            words.append((start, at))
    last = max(wanted.tokens, default=0)
    rest = line[words[last][0] :] if wanted.rest and len(words) > last else ""
    values = [line[slice(*words[number - 1])] if number <= len(words) else "" for number in wanted.tokens]
    if wanted.rest:
        values.append(rest)
    return values if values and (values[0] or any(values)) else None
