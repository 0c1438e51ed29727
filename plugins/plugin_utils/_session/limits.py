# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host may make a session keep, and for how long one read may last: each answer alone is bounded elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from sys import getsizeof
from typing import NoReturn

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row, Value

# Memory that all kept rows together may take. A name server that holds 20,000 UDP sockets needs 15 MB, others far below 1 MB.
MAX_KEPT = 30 * 1024 * 1024
# Answers that one enumeration or command may come in. 20,000 endpoints are 15 answers of 500 KiB.
MAX_ANSWERS = 2000
# Of these so many in a row may be empty.
MAX_EMPTY = 100
# What a command may write: netstat with 50,000 connections.
MAX_OUTPUT = 4 * 1024 * 1024
# One read may last so many operation timeouts, ten minutes unless configured, even if something comes now and then.
LONGEST = 30


class Limits:
    """Bounds one enumeration or command.

    Args:
        what: what is read, for messages.
        seconds: how long it may last.
    """

    def __init__(self, what: str, *, host: str, seconds: float, clock: Clock) -> None:
        self._what = what
        self._host = host
        self._seconds = seconds
        self._clock = clock
        self._end = clock.now() + seconds
        self._answers = self._empty = 0

    def count(self, *, empty: bool) -> None:
        """Count an answer.

        Raises:
            ProtocolError: there were too many, or it takes too long.
        """
        self._answers += 1
        self._empty = self._empty + 1 if empty else 0
        if self._answers > MAX_ANSWERS or self._empty > MAX_EMPTY:
            self.exceeded(f"still not finished after {self._answers} answers")
        if self._clock.now() > self._end:
            self.exceeded(f"still not finished after {self._seconds:g} s")

    def exceeded(self, how: str) -> NoReturn:
        """Raise ProtocolError."""
        raise ProtocolError(f"{self._what} at {self._host}: {how}", host=self._host)


def memory_of(rows: Iterable[Row]) -> int:
    """Return the bytes that rows take, shared ones counted each time."""
    total = 0
    for row in rows:
        total += getsizeof(row) + getsizeof(row.values) + getsizeof(row.class_name)
        for name, value in row.values.items():
            # Nearly all are texts, and there are thousands.
            total += getsizeof(name) + (getsizeof(value) if isinstance(value, str) else _size(value))
    return total


def _size(value: Value) -> int:
    if isinstance(value, tuple):
        return getsizeof(value) + sum(_size(item) for item in value)
    if isinstance(value, Reference):
        keys = sum(getsizeof(name) + getsizeof(text) for name, text in value.keys.items())
        return getsizeof(value) + getsizeof(value.class_name) + getsizeof(value.keys) + keys
    return memory_of((value,)) if isinstance(value, Row) else getsizeof(value)
