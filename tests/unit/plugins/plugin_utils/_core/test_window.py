# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The maintenance window, at moments that are given."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.window import Window, read_moment, read_window


def window(begins: str, ends: str, **options: Any) -> Window:
    """Return a window in UTC."""
    return read_window({"from": begins, "until": ends, "utc_offset": "+00:00", **options})


# 2026-03-06 is a Friday.
@pytest.mark.parametrize(
    ("options", "moment", "is_open"),
    [
        (("08:00", "17:30"), "2026-03-06T07:59:59Z", False),
        (("08:00", "17:30"), "2026-03-06T08:00:00Z", True),
        (("08:00", "17:30"), "2026-03-06T17:29:59Z", True),
        (("08:00", "17:30"), "2026-03-06T17:30:00Z", False),
        (("8:00", "24:00"), "2026-03-06T23:59:59Z", True),
        (("00:00", "24:00"), "2026-03-06T00:00:00Z", True),
        (("22:00", "04:00"), "2026-03-06T21:59:59Z", False),
        (("22:00", "04:00"), "2026-03-06T22:00:00Z", True),
        (("22:00", "04:00"), "2026-03-07T00:00:00Z", True),
        (("22:00", "04:00"), "2026-03-07T03:59:59Z", True),
        (("22:00", "04:00"), "2026-03-07T04:00:00Z", False),
        (("22:00", "00:00"), "2026-03-07T00:00:00Z", False),
    ],
)
def test_it_begins_and_ends_to_the_minute(options: tuple[str, str], moment: str, is_open: bool) -> None:
    assert window(*options).is_open(read_moment(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-06T03:00:00Z", False),  # of Thursday's night
        ("2026-03-06T23:00:00Z", True),
        ("2026-03-07T03:00:00Z", True),  # of Friday's night
        ("2026-03-07T23:00:00Z", False),
        ("2026-03-08T23:00:00Z", True),
        ("2026-03-09T03:00:00Z", True),  # Monday, of Sunday's night
        ("2026-03-10T03:00:00Z", False),
    ],
)
def test_its_days_are_those_on_which_it_begins(moment: str, is_open: bool) -> None:
    assert window("22:00", "04:00", days=["fri", "sun"]).is_open(read_moment(moment)) is is_open


@pytest.mark.parametrize(
    ("offset", "moment", "is_open"),
    [
        ("+02:00", "2026-03-06T20:00:00Z", True),
        ("+02:00", "2026-03-06T19:59:00Z", False),
        ("-05:30", "2026-03-07T03:30:00Z", True),
        ("-05:30", "2026-03-07T03:29:00Z", False),
        ("+02:00", "2026-03-06T22:00:00+03:00", False),
        # Without an offset of its own a moment is in the time of the window.
        ("-05:30", "2026-03-06T22:00:00", True),
    ],
)
def test_it_is_in_the_time_of_its_offset(offset: str, moment: str, is_open: bool) -> None:
    assert window("22:00", "04:00", utc_offset=offset, days=["fri"]).is_open(read_moment(moment)) is is_open


def test_without_an_offset_it_is_in_the_controllers_time() -> None:
    local = read_window({"from": "22:00", "until": "04:00"})
    assert local.is_open(read_moment("2026-03-06T23:00:00"))
    assert not local.is_open(read_moment("2026-03-06T12:00:00"))
    assert local.is_open(read_moment("2026-03-06T23:00:00").astimezone())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"from": "1320", "until": "04:00"}, "'from' of the maintenance window is 1320; .* did you mean '22:00'?"),
        ({"from": "2200", "until": "04:00"}, "is 2200; write a time from '00:00' to '24:00', with the quotes; did you mean '22:00'\\?$"),
        ({"from": "0400", "until": "05:00"}, "did you mean '04:00'\\?$"),
        ({"from": "2400", "until": "05:00"}, "did you mean '24:00'\\?$"),
        ({"from": "2275", "until": "05:00"}, "with the quotes$"),
        ({"from": "9999", "until": "05:00"}, "with the quotes$"),
        ({"from": "22:00", "until": "24:01"}, "'until' of the maintenance window is 24:01"),
        ({"from": "22:60", "until": "04:00"}, "'from' of the maintenance window is 22:60"),
        ({"from": "late", "until": "04:00"}, "'from' of the maintenance window is late"),
        ({"from": "22:00", "until": "22:00"}, "for the whole day"),
        ({"from": "24:00", "until": "04:00"}, "cannot begin at 24:00"),
        ({"from": "22:00", "until": "04:00", "days": []}, "has no days"),
        ({"from": "22:00", "until": "04:00", "utc_offset": "600"}, "'utc_offset' of the maintenance window is 600"),
        ({"from": "22:00", "until": "04:00", "utc_offset": "+14:01"}, "in quotes, as '\\+01:00'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidOption, match=told):
        read_window(options)


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidOption, match="'now' of the maintenance window is 'tonight'"):
        read_moment("tonight")


def test_it_can_be_told() -> None:
    some = window("22:00", "4:00", days=["sun", "fri"], utc_offset="+01:00")
    assert str(some) == "22:00 to 04:00 from fri, sun"
    assert str(window("00:00", "24:00")) == "00:00 to 24:00"
    assert some.told(read_moment("2026-03-06T20:59:00Z")) == "fri 21:59 (UTC+01:00)"
