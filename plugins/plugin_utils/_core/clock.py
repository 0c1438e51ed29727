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


class SystemClock:
    """The controller's own clock."""

    def now(self) -> float:
        """Return the monotonic time."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
