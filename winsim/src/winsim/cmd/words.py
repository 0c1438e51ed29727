# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a command line is taken apart into words."""

from __future__ import annotations

import re

from .parser import DELIMITERS


def split(line: str) -> list[str]:
    """Split a command line as programs do: at blanks outside quotes; `\\"` is a quote, and `""` an empty word.

    Source: Microsoft, "Parsing C command-line arguments" (backslashes count before a quote only).
    """
    words: list[str] = []
    word: str | None = None
    quoted = False
    for found in re.finditer(r'(\\*)"|\\+|\s|[^\s"\\]+', line):
        text = found[0]
        if text.isspace() and not quoted:
            if word is not None:
                words.append(word)
            word = None
        elif text.endswith('"'):
            word = (word or "") + "\\" * (len(found[1]) // 2)
            if len(found[1]) % 2:
                word += '"'
            else:
                quoted = not quoted
        else:
            word = (word or "") + text
    return words if word is None else [*words, word]


def arguments(text: str) -> list[str]:
    """Split as cmd does for `%1` and its own commands: at blanks, commas, semicolons and equal signs; quotes stay."""
    words: list[str] = []
    word = ""
    quoted = False
    for character in text:
        if character in DELIMITERS and not quoted:
            if word:
                words.append(word)
            word = ""
            continue
        quoted ^= character == '"'
        word += character
    return [*words, word] if word else words


def bare(word: str) -> str:
    """Return a word without its quotes."""
    return word.replace('"', "")


def absolute(path: str, directory: str) -> str:
    """Return the full path of a file, `.` and `..` worked out."""
    name = bare(path).replace("/", "\\")
    if name.startswith("\\"):
        name = directory[:2] + name
    elif name[1:2] != ":":
        name = rf"{directory}\{name}"
    parts: list[str] = []
    for part in name[2:].split("\\"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part.rstrip(" .") or part)
    return "\\".join([name[:2], *parts]) if parts else name[:2] + "\\"


def command_of(line: str) -> str:
    """Return what `cmd /c` carries out of a line that begins and ends with quotes (the help of cmd; of two quotes both go here)."""
    text = line.lstrip()
    if not text.startswith('"'):
        return text
    head, _quote, tail = text[1:].rpartition('"')
    plain = text.count('"') == 2 and not any(sign in head for sign in "&<>()@^|") and " " in head and not tail
    if plain and head.lower().endswith((".exe", ".cmd", ".bat", ".com")):
        return text
    return head + tail if text.count('"') > 1 else text[1:]
