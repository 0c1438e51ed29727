# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The time of one host: its wall clock, how long it is up, and what happens later. It does not know what that is.

Time passes only when `advance` looks at the clock, which every question to a host does first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from .clock import Clock

Callback = Callable[[], None]


class Timeline:
    """What a host's time is, and what waits for its time to come."""

    def __init__(self, clock: Clock) -> None:
        """Begin now, with a wall clock that is right and nothing to come."""
        self._clock = clock
        self._origin = clock.now() - timedelta(seconds=clock.monotonic())
        self._step = timedelta()
        self._wrong = timedelta()
        self._boot_wrong = timedelta()
        self._skipped = 0.0
        self._up_since = 0.0
        self._moment: float | None = None
        self._due: list[tuple[float, Callback]] = []

    def now(self) -> datetime:
        """Return the host's wall clock, which may have been stepped."""
        return self._origin + timedelta(seconds=self._elapsed()) + self._step + self._wrong

    def elapsed(self) -> float:
        """Return a count of seconds that neither a boot nor a clock step touches."""
        return self._elapsed()

    def unstepped(self) -> datetime:
        """Return the date of what happens now; no clock step moves it, so that every boot's are others."""
        return self._origin + timedelta(seconds=self._happening()) + self._wrong

    def uptime(self) -> timedelta:
        """Return how long the host has been up, which no clock step changes."""
        return timedelta(seconds=self._elapsed() - self._up_since)

    def boot_time(self) -> datetime:
        """Return the wall clock's time of the last boot: the system works it out from clock and uptime, so a step moves it."""
        return self._origin + timedelta(seconds=self._up_since) + self._step + self._wrong + self._boot_wrong

    def step_clock(self, seconds: float) -> None:
        """Move the wall clock."""
        self._step += timedelta(seconds=seconds)

    def begin_wrong(self, seconds: float) -> None:
        """Let the wall clock of this boot be behind by so many seconds until it is set right, as one that was read from a wrong chip."""
        self._wrong -= timedelta(seconds=seconds)

    def set_right(self, *, boot_time_stays: bool) -> None:
        """Set the wall clock right; the time of the boot moves with it, unless it `stays` what it was taken for."""
        if boot_time_stays:
            self._boot_wrong = self._wrong
        self._wrong = timedelta()

    def pass_time(self, seconds: float) -> None:
        """Let time pass for this host alone, wall clock and uptime."""
        self._skipped += seconds
        self.advance()

    def advance(self) -> None:
        """Let everything happen whose time has come, in the order of its time; what happens may ask the host itself."""
        if self._moment is not None:
            return
        while True:
            due = min((entry for entry in self._due if entry[0] <= self._elapsed()), key=lambda entry: entry[0], default=None)
            if due is None:
                return
            self._due.remove(due)
            self._moment = due[0]
            try:
                due[1]()
            finally:
                self._moment = None

    def after(self, seconds: float, action: Callback) -> None:
        """Let something happen later, unless a boot comes first."""
        self._due.append((self._happening() + seconds, action))

    def cancel(self, action: Callback) -> None:
        """Let something not happen that was to happen later."""
        self._due = [entry for entry in self._due if entry[1] is not action]

    def clear(self) -> None:
        """Let nothing happen later."""
        self._due.clear()

    def boot(self, *, already: float) -> None:
        """Count the uptime anew, as of a host that has been up for some seconds already; nothing lasts over a boot."""
        self._up_since = self._happening() - already
        self._wrong = self._boot_wrong = timedelta()
        self.clear()

    def _happening(self) -> float:
        """Return when what happens now is due: a question may be asked long after."""
        return self._elapsed() if self._moment is None else self._moment

    def _elapsed(self) -> float:
        """Return the seconds that have passed for this host."""
        return self._clock.monotonic() + self._skipped
