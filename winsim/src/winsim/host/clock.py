# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a simulated host takes its time from; always passed in, so that tests never sleep."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A wall clock and a counter that only moves forward."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""


class SystemClock:
    """The clock of the machine that the simulator runs on."""

    def now(self) -> datetime:
        """Return the current time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic counter, in seconds."""
        return time.monotonic()


class FastClock:
    """The machine's clock, so many times as fast from the moment it is made on."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._started = datetime.now(UTC)
        self._zero = time.monotonic()

    def now(self) -> datetime:
        """Return the time that has come."""
        return self._started + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the seconds that have passed for the host."""
        return (time.monotonic() - self._zero) * self._speed


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime = datetime(2003, 7, 30, 8, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        """Return the start plus all that was advanced."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Return the seconds advanced."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += seconds
