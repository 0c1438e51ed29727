# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replace variables in a line: `%name%`, arguments of a batch file, variables of `for`, `!name!`.

What is not defined vanishes in a batch file and stays as it is written on a command line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

Lookup = Callable[[str], str | None]

_SUBSTRING = re.compile(r"~\s*(-?\d+)?\s*(?:,\s*(-?\d+))?\s*", re.ASCII)


class NotKnown(Exception):
    """A form of expansion that is not known here; the text says which."""


class Paths(Protocol):
    """What the modifiers of an argument ask of the files."""

    def absolute(self, path: str) -> str:
        """Return the full path."""

    def size(self, path: str) -> str:
        """Return how many bytes a file has; empty where there is none."""


def percent(line: str, lookup: Lookup, arguments: Sequence[str] | None, paths: Paths | None = None, script: str = "") -> str:
    """Replace percent signs.

    Args:
        arguments: those of the batch file, its own name first; None on a command line.
        script: the batch file's full path, which `%~f0` and its like give even in a label that was called (users' description).

    Raises:
        NotKnown: a modifier of an argument is not known here.
    """
    done: list[str] = []
    at = 0
    while at < len(line):
        if line[at] != "%":
            done.append(line[at])
            at += 1
            continue
        text, at = _percent_sign(line, at + 1, lookup, arguments, paths, script)
        done.append(text)
    return "".join(done)


def _percent_sign(line: str, at: int, lookup: Lookup, arguments: Sequence[str] | None, paths: Paths | None, script: str) -> tuple[str, int]:
    """Return what a percent sign before `at` gives, and where to go on."""
    if arguments is not None:
        following = line[at : at + 1]
        if following == "%":
            return "%", at + 1
        if following == "*":
            return " ".join(arguments[1:]), at + 1
        if following.isdigit():
            return _argument(arguments, int(following)), at + 1
        modified = re.match("~([a-zA-Z]*)([0-9])", line[at:])
        if modified:
            own = script if script and modified[1] and modified[2] == "0" else _argument(arguments, int(modified[2]))
            return modify(own, modified[1], paths), at + modified.end()
        if following == "~":
            # cmd breaks a batch file off there, even in a remark (users' description); `%~$PATH:1` alone is right and not known here.
            raise NotKnown(f"%{line[at:].split(' ')[0]} is not known here: %~ takes letters and a digit.")
    end = line.find("%", at)
    if end < 0:
        return ("%" if arguments is None else ""), at
    name, colon, form = line[at:end].partition(":")
    value = lookup(name) if name else None
    if value is None:
        if arguments is None or not name:
            return "%", at
        # A name with a form that is not defined leaves the form (users' description of the parser).
        return (form if colon and form else ""), end + (0 if colon and not form else 1)
    return (shaped(value, form) if colon else value), end + 1


def _argument(arguments: Sequence[str], number: int) -> str:
    return arguments[number] if number < len(arguments) else ""


def shaped(value: str, form: str) -> str:
    """Return a part of a value (`~first,length`) or the value with a text replaced (`old=new`)."""
    part = _SUBSTRING.fullmatch(form)
    if part:
        first, length = int(part[1] or 0), part[2]
        start = max(len(value) + first, 0) if first < 0 else first
        end = len(value) if length is None else start + int(length) if int(length) >= 0 else len(value) + int(length)
        return value[start : max(end, start)]
    old, equals, new = form.partition("=")
    if not equals or not old:
        return value
    if old.startswith("*"):
        found = value.lower().find(old[1:].lower())
        return value if found < 0 else new + value[found + len(old) - 1 :]
    return re.sub(re.escape(old), lambda found: new, value, flags=re.IGNORECASE)


def modify(value: str, modifiers: str, paths: Paths | None = None) -> str:
    """Return an argument as `%~1` and its like give it: without the quotes around it, or parts of a path.

    Raises:
        NotKnown: a modifier that looks at the file itself.
    """
    bare = value[1:] if value.startswith('"') else value
    bare = bare.removesuffix('"')
    if not modifiers:
        return bare
    wanted = set(modifiers.lower())
    if wanted - set("fdpnxz") or ("z" in wanted and (wanted != {"z"} or paths is None)):
        raise NotKnown(f"%~{modifiers} is not known here.")
    if not bare:
        return ""
    if "z" in wanted and paths is not None:
        return paths.size(paths.absolute(bare))
    if wanted & set("fdp") and paths is not None:
        bare = paths.absolute(bare)
    if "f" in wanted:
        return bare
    folder, _backslash, name = bare.rpartition("\\")
    drive, colon, path = folder.partition(":")
    stem, dot, extension = name.rpartition(".")
    parts = {
        "d": drive + colon,
        "p": f"{path}\\",
        "n": stem if dot else name,
        "x": f".{extension}" if dot else "",
    }
    return "".join(parts[letter] for letter in "dpnx" if letter in modifiers.lower())


def loop_variables(text: str, variables: Mapping[str, str], paths: Paths | None = None) -> str:
    """Replace the variables of `for`; their letters keep their case."""
    if not variables or "%" not in text:
        return text
    done: list[str] = []
    at = 0
    while at < len(text):
        modified = re.match("%~([a-zA-Z]*)", text[at:])
        if text[at] == "%" and text[at + 1 : at + 2] in variables and at + 1 < len(text):
            done.append(variables[text[at + 1]])
            at += 2
        elif modified and modified[1] and modified[1][-1] in variables:
            done.append(modify(variables[modified[1][-1]], modified[1][:-1], paths))
            at += modified.end()
        else:
            done.append(text[at])
            at += 1
    return "".join(done)


def delayed(text: str, lookup: Lookup) -> str:
    """Replace `!name!`; a text with such a sign loses its carets, too."""
    if "!" not in text:
        return text
    done: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "^":
            done.append(text[at + 1 : at + 2])
            at += 2
            continue
        if text[at] != "!":
            done.append(text[at])
            at += 1
            continue
        end = text.find("!", at + 1)
        if end < 0:
            at += 1
            continue
        name, colon, form = text[at + 1 : end].partition(":")
        value = lookup(name) or ""
        done.append(shaped(value, form) if colon and value else value)
        at = end + 1
    return "".join(done)
