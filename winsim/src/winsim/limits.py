# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What values a field takes beside those of its type: `Port` is an `int` that says which numbers are ports."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from re import fullmatch
from typing import Annotated, Any

HIGHEST_PORT = 65535

LONGEST_STEP = 10 * 366 * 86_400
"""How far a wall clock may be moved, in seconds: ten years, after which each time can still be written."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Which values of its type a field takes, and how a message calls them."""

    what: str
    fits: Callable[[Any], bool]


def within(low: float, high: float, what: str = "number") -> Limit:
    """Return the limit of numbers from the one to the other, both included; not a number is none of them."""
    named = f"{what} from {low} to {high}" if high < math.inf else f"{what} of {low} or more"
    return Limit(named, lambda number: low <= number <= high and number < math.inf)


def one_of(*texts: str) -> Limit:
    """Return the limit of a few texts."""
    return Limit(f"text of {', '.join(texts)}", lambda text: text in texts)


def accepted(what: str, read: Callable[[str], object]) -> Limit:
    """Return the limit of texts that `read` takes without a ValueError."""

    def fits(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return Limit(what, fits)


Port = Annotated[int, within(1, HIGHEST_PORT, "port")]
AnyPort = Annotated[int, within(0, HIGHEST_PORT, "port")]
"""0 stands for a port that is chosen later."""

Dword = Annotated[int, within(0, 0xFFFF_FFFF)]
Qword = Annotated[int, within(0, 0xFFFF_FFFF_FFFF_FFFF)]
Count = Annotated[int, within(0, math.inf)]
Seconds = Annotated[float, within(0, math.inf)]
Address = Annotated[str, accepted("IP address", ip_address)]
IPv4 = Annotated[str, accepted("IPv4 address", IPv4Address)]
IPv6 = Annotated[str, accepted("IPv6 address", IPv6Address)]
Moment = Annotated[str, accepted("time (2026-01-31T08:00:00Z)", datetime.fromisoformat)]
Version = Annotated[str, Limit("version (10.0.20348)", lambda text: fullmatch(r"\d+(\.\d+)+", text) is not None)]
