# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor on a capture: it says the same as on the host, and of what a capture cannot hold why it does not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import doctor_info
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.captured import act_captured, captured
from ansible_collections.netmin.windows.tests.unit.simulated import booted

from .sabotaged import with_rule

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
