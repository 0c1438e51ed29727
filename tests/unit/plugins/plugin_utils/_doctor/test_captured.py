# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor on a capture: it says the same as on the host, and of what a capture cannot hold why it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import doctor_info
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.wmi_looks import NOBODY
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.captured import act_captured, captured
from ansible_collections.netmin.windows.tests.unit.simulated import booted

from .sabotaged import with_rule
from .test_examine import SABOTAGES

# How lists were sent is not in a capture, nor whether the host takes a query that nobody sent.
NOT_HELD = {"pages", "pages-old", "envelope", "envelope-old", "wmi-many-conditions", "wmi-no-row", "fault-missing-property"}


def found_by(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the findings of a task by their assumption."""
    return {row["id"]: row for row in result["assumptions"]}


@pytest.mark.parametrize("name", ["windows_2000", "windows_xp", "windows_7", "windows_server_2012", "windows_server_2022"])
def test_a_capture_says_what_its_host_says(name: str) -> None:
    with booted(name) as host:
        on_host = act(doctor_info.ActionModule, host)
        capture = captured(host).capture
    on_capture = act_captured(doctor_info.ActionModule, capture)
    assert on_capture.error is None, on_capture.error
    before, after = found_by(on_host.result), found_by(on_capture.result)
    differ = {name for name in before if before[name] != after[name]}
    assert differ <= NOT_HELD, {name: (before[name], after[name]) for name in differ - NOT_HELD}
    for name in differ:
        assert after[name]["verdict"] == "not_to_be_seen"
        assert "a capture holds values, not how they were sent" in after[name]["why"] or "does not hold" in after[name]["why"]
    assert before.keys() == after.keys()


def test_a_contradiction_is_in_a_capture_too() -> None:
    with booted("windows_server_2022") as host:
        with_rule("CoreNet-DHCP-In", "v2.99|Action=Allow|")(host)
        capture = captured(host).capture
    result = act_captured(doctor_info.ActionModule, capture).result
    assert [row["id"] for row in result["assumptions"] if row["verdict"] == "contradicted"] == ["firewall-grammar"]


def without_words(capture: Capture) -> Capture:
    """Return a capture of a host that was never asked for what is not there, nor for a value by another type."""
    first = capture.moments[0]
    keys = tuple(
        replace(key, refused=(), absent=tuple(name for name in key.absent if name != NOBODY)) for key in first.keys if NOBODY not in key.key
    )
    return replace(capture, moments=(replace(first, keys=keys), *capture.moments[1:]))


def test_what_the_reader_of_the_file_concludes_is_no_word_of_the_host() -> None:
    with booted("windows_server_2022") as host:
        capture = captured(host).capture
    names = ("registry-missing-value", "registry-missing-key", "registry-other-type")
    asked, never = (found_by(act_captured(doctor_info.ActionModule, one).result) for one in (capture, without_words(capture)))
    assert {asked[name]["verdict"] for name in names} == {"confirmed"}
    assert {never[name]["verdict"] for name in names} == {"not_to_be_seen"}
    assert all("does not hold" in never[name]["why"] for name in names)


def test_a_property_that_is_missing_is_told_on_a_capture_as_on_its_host() -> None:
    missing = SABOTAGES["an owner missing"]
    with missing.started() as host:
        capture = captured(host).capture
    result = act_captured(doctor_info.ActionModule, capture).result
    found = {row["id"]: row for row in result["assumptions"] if row["verdict"] == "contradicted"}
    assert missing.expected in found[missing.shows]["expected"], found
