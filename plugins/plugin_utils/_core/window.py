# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A maintenance window: the hours, and the days on which they begin, in which a host may be changed. Reads no clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .errors import InvalidOption

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `datetime.weekday`."""

WHOLE_DAY = 24 * 60
FURTHEST_OFFSET = 14 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of a day.

    Attributes:
        begins: minutes after midnight.
        ends: the same; not after `begins` where the window goes over midnight.
        days: weekdays on which it begins, as `datetime.weekday` counts.
        offset: whose time it is in, or None for that of the controller.
    """

    begins: int
    ends: int
    days: frozenset[int]
    offset: timezone | None = None

    def here(self, moment: datetime) -> datetime:
        """Return a moment in the time of the window; without an offset of its own a moment is taken to be in that time."""
        return moment.replace(tzinfo=self.offset) if moment.tzinfo is None and self.offset else moment.astimezone(self.offset)

    def is_open(self, moment: datetime) -> bool:
        """Tell whether a moment is in the window; its end no longer is."""
        here = self.here(moment)
        minute, day = here.hour * 60 + here.minute, here.weekday()
        if self.begins < self.ends:
            return day in self.days and self.begins <= minute < self.ends
        if minute >= self.begins:
            return day in self.days
        return minute < self.ends and (day - 1) % 7 in self.days

    def told(self, moment: datetime) -> str:
        """Return a moment in words, in the time of the window."""
        here = self.here(moment)
        return f"{DAYS[here.weekday()]} {here:%H:%M} (UTC{here.isoformat()[-6:]})"

    def __str__(self) -> str:
        hours = " to ".join(f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (self.begins, self.ends))
        return hours if len(self.days) == len(DAYS) else f"{hours} from {', '.join(DAYS[day] for day in sorted(self.days))}"


def read_window(given: Mapping[str, Any]) -> Window:
    """Read the options of a window.

    Raises:
        InvalidOption: a time, day or offset that is none, or a window without length.
    """
    begins, ends = (_minutes(str(given[name]), name) for name in ("from", "until"))
    if begins == ends:
        raise InvalidOption(f"the maintenance window begins and ends at {given['from']}; for the whole day write '00:00' to '24:00'")
    if begins == WHOLE_DAY:
        raise InvalidOption("the maintenance window cannot begin at 24:00; write '00:00'")
    if given.get("days") == []:
        raise InvalidOption("the maintenance window has no days; omit 'days' for every day")
    days = frozenset(DAYS.index(day) for day in given.get("days") or DAYS)
    return Window(begins, ends, days, _offset(given.get("utc_offset")))


def read_moment(text: str) -> datetime:
    """Read a moment as ISO 8601 writes it.

    Raises:
        InvalidOption: it is none.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidOption(f"'now' of the maintenance window is {text!r}; write it as 2026-03-02T23:10:00+01:00") from error


def _minutes(text: str, name: str) -> int:
    found = re.fullmatch(r"(\d\d?):([0-5]\d)", text)
    minutes = int(found[1]) * 60 + int(found[2]) if found else WHOLE_DAY + 1
    if minutes > WHOLE_DAY:
        hint = f"; did you mean '{meant}'?" if (meant := _meant(text)) else ""
        raise InvalidOption(f"'{name}' of the maintenance window is {text}; write a time from '00:00' to '24:00', with the quotes{hint}")
    return minutes


def _meant(text: str) -> str:
    """Guess which time of day a number was meant to be; "" where it can be none."""
    if not re.fullmatch(r"[0-9]{3,4}", text):
        return ""
    number = int(text)
    # YAML 1.1 reads 22:00 without quotes as a number to the base of 60, and no number of its own begins with 0.
    if number <= WHOLE_DAY and not text.startswith("0"):
        return f"{number // 60:02d}:{number % 60:02d}"
    hours, minutes = divmod(number, 100)
    return f"{hours:02d}:{minutes:02d}" if minutes < 60 and hours * 60 + minutes <= WHOLE_DAY else ""


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    found = re.fullmatch(r"([+-])(\d\d):([0-5]\d)", text)
    minutes = int(found[2]) * 60 + int(found[3]) if found else FURTHEST_OFFSET + 1
    if found is None or minutes > FURTHEST_OFFSET:
        raise InvalidOption(f"'utc_offset' of the maintenance window is {text}; write it in quotes, as '+01:00'")
    return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))
