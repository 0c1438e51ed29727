# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a session has cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of one session.

    Attributes:
        requests: envelopes sent, repeated ones included.
        logins: logins tried.
        bytes_sent: size of all envelopes, before encryption.
        bytes_received: size of all answers, after decryption.
        seconds: time spent waiting for the host.
    """

    requests: int = 0
    logins: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    seconds: float = 0.0

    @classmethod
    def total(cls, parts: Iterable[Stats]) -> Stats:
        """Add the counts of several sessions."""
        sums = (sum(column) for column in zip(*(astuple(part) for part in parts), strict=True))
        return cls(*sums)

    def plain(self) -> dict[str, int | float]:
        """Return the counts as a task's result shows them."""
        return {
            "requests": self.requests,
            "logins": self.logins,
            "bytes_sent": self.bytes_sent,
            "bytes_received": self.bytes_received,
            "seconds": round(self.seconds, 3),
        }
