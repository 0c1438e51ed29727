# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows that stand for many: a mapping with `repeat: N` becomes N of them, numbered from 1. Plain data in, plain data out.

In each, `<n>` in a text is the number of the row. It may be reckoned with, from left to right, by `+`, `*`, `//` and `%`, and formatted as
Python does it: `<n+20000>`, `10.77.<n//250>.<n%250+1>`, `{0000<n:04x>-...}`. A text that is nothing else becomes a number. A row of a
mapping (a key or a value of the registry) has the mark in its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

REPEAT = "repeat"
MOST = 100_000
_MARK = re.compile(r"<n((?:(?://|[*%+])\d+)*)(?::([0-9]*[dxX]))?>")
_STEP = re.compile(r"(//|[*%+])(\d+)")


class RepeatError(ValueError):
    """A `repeat` makes no sense; the message is `$.path: what`."""


def repeated(value: object, path: str = "$") -> object:
    """Return data with all that stands for many written out.

    Raises:
        RepeatError: a number is none or too high, or the names of a repeated row would all be the same.
    """
    if isinstance(value, list):
        return [made for index, entry in enumerate(value) for made in _rows(entry, f"{path}[{index}]")]
    if isinstance(value, dict):
        return dict(pair for name, entry in value.items() for pair in _pairs(name, entry, f"{path}.{name}"))
    return value


def _rows(entry: object, path: str) -> Iterator[object]:
    count = _count(entry, path)
    inner = repeated(_without(entry), path)
    if count is None:
        yield inner
    else:
        yield from (_numbered(inner, number) for number in range(1, count + 1))


def _pairs(name: object, entry: object, path: str) -> Iterator[tuple[object, object]]:
    count = _count(entry, path)
    inner = repeated(_without(entry), path)
    if count is None:
        yield name, inner
        return
    if not isinstance(name, str) or not _MARK.search(name):
        raise RepeatError(f"{path}: a repeated row of a mapping needs <n> in its name")
    yield from ((str(_text(name, number)), _numbered(inner, number)) for number in range(1, count + 1))


def _count(entry: object, path: str) -> int | None:
    """Return how often an entry is to be repeated; None where it says nothing of it (a registry value may be called `repeat`)."""
    count = entry.get(REPEAT) if isinstance(entry, dict) else None
    if count is None or isinstance(count, dict):
        return None
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST:
        raise RepeatError(f"{path}.{REPEAT}: {count!r} is no number from 1 to {MOST}")
    return count


def _without(entry: object) -> object:
    if isinstance(entry, dict) and isinstance(entry.get(REPEAT), int):
        return {name: value for name, value in entry.items() if name != REPEAT}
    return entry


def _numbered(value: object, number: int) -> object:
    if isinstance(value, dict):
        return {_text(name, number) if isinstance(name, str) else name: _numbered(entry, number) for name, entry in value.items()}
    if isinstance(value, list):
        return [_numbered(entry, number) for entry in value]
    return _text(value, number) if isinstance(value, str) else value


def _text(text: str, number: int) -> str | int:
    """Return a text with its marks replaced; a number where it is one mark without a format."""
    if "<n" not in text:
        return text
    whole = _MARK.fullmatch(text)
    if whole is not None and whole[2] is None:
        return _reckoned(whole[1], number)
    return _MARK.sub(lambda mark: format(_reckoned(mark[1], number), mark[2] or "d"), text)


def _reckoned(steps: str, number: int) -> int:
    for operator, digits in _STEP.findall(steps):
        operand = int(digits)
        if operator == "+":
            number += operand
        elif operator == "*":
            number *= operand
        elif operand:
            number = number // operand if operator == "//" else number % operand
    return number
