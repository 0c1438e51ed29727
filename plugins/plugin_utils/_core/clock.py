# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time, as everything that waits gets it passed in."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A clock that only moves on, in seconds."""

    def now(self) -> float:
        """Return the time since some moment."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


# What Linux calls monotonic stands still while a machine sleeps, and a host that waits for it does not; elsewhere it goes on.
COUNTS_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The controller's own clock."""

    def now(self) -> float:
        """Return the time since the controller was started, the time in which it slept included."""
        return time.clock_gettime(COUNTS_SLEEP)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


SYSTEM_CLOCK: Clock = SystemClock()
"""The one that is used unless another is passed in."""
