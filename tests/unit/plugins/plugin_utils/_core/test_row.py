# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Typed access to untyped rows: what is null, absent, an array of one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row

ROW = Row(
    "Win32_Thing",
    {
        "Name": "one",
        "Empty": "",
        "Nil": None,
        "Number": "42",
        "Flag": "TRUE",
        "Many": ("a", "b", None),
        "Ref": Reference("Win32_Service", {"Name": "x"}),
        "When": "2013-04-15T16:28:38.376625Z",
        "Offset": "2013-04-15T18:28:38+02:00",
        "Local": "2013-04-15T16:28:38",
        "Never": "1601-01-01T00:00:00Z",
    },
)


def test_text_numbers_and_flags() -> None:
    assert (ROW.text("name"), ROW.text("Empty"), ROW.text("Nil"), ROW.text("Absent")) == ("one", "", None, None)
    assert (ROW.number("Number"), ROW.number("Nil")) == (42, None)
    assert (ROW.flag("Flag"), ROW.flag("Name"), ROW.flag("Nil")) == (True, False, None)
    with pytest.raises(ValueError, match=r"Win32_Thing.Many is not a single value"):
        ROW.text("Many")
    with pytest.raises(ValueError, match="one"):
        ROW.number("Name")


def test_arrays() -> None:
    assert ROW.texts("Many") == ("a", "b")
    assert ROW.texts("Name") == ("one",)
    assert ROW.texts("Nil") == ROW.texts("Absent") == ()


def test_references() -> None:
    assert ROW.reference("ref") == Reference("Win32_Service", {"Name": "x"})
    assert ROW.reference("Name") is None


def test_moments_are_aware_and_in_utc() -> None:
    assert ROW.moment("When") == datetime(2013, 4, 15, 16, 28, 38, 376625, tzinfo=UTC)
    assert ROW.moment("Offset") == ROW.moment("Local") == datetime(2013, 4, 15, 16, 28, 38, tzinfo=UTC)
    assert ROW.moment("Never") is None
    assert ROW.moment("Nil") is None


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "inf", "1.5", "1_000", "0x10", "\u0663", "\u00b2", "9" * 20, "9" * 5000, "9" * 1_000_000, str(2**64), str(-(2**63) - 1)],
)
def test_what_is_no_number_of_64_bits(text: str) -> None:
    with pytest.raises(ValueError, match=r"C\.n is not a number of 64 bits") as found:
        Row("C", {"n": text}).number("n")
    assert len(str(found.value)) < 60


@pytest.mark.parametrize("number", [0, 2**64 - 1, -(2**63)])
def test_the_largest_numbers(number: int) -> None:
    assert Row("C", {"n": f" {number} "}).number("n") == number


@pytest.mark.parametrize("text", ["", "yesterday", "9999-12-31T23:59:59-23:59", "99999-01-01", "2013-13-45", "NaN", "9" * 100_000])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Row("C", {"when": text}).moment("when")
