# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scenarios are like the Windows that they are named after: recorded registry hives and Microsoft's own tables say how those are.

What stays different is in `differences.yml`, with the reason; an entry that is no difference any more fails, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .recorded import (
    published_differences,
    reviewed,
    rule_differences,
    service_differences,
    template_differences,
    value_differences,
)

HIVES = {
    "windows_xp_sp3": "windows_xp_sp3",
    "windows_7": "windows_7_sp1",
    "windows_8_1": "windows_8_1",
    "windows_10_1709": "windows_10_1709",
}
"""The recorded hive that is nearest to a scenario."""

TEMPLATES = {"windows_server_2016": 1607, "windows_10_1709": 1709, "windows_server_2019": 1809, "windows_10": 2209, "windows_11": 2310}
"""The version of Windows 10 of which a scenario has the templates of per-user services."""


def check(subject: str, kind: str, found: Iterator[str]) -> None:
    """Compare what differs with what is known to."""
    differences, known = list(found), reviewed(subject, kind)
    assert sorted(set(known)) == sorted(known), "listed twice"
    assert sorted(differences) == sorted(known), {
        "not reviewed": sorted(set(differences) - set(known)),
        "no difference any more": sorted(set(known) - set(differences)),
    }


@pytest.mark.parametrize("scenario", HIVES)
def test_services_are_those_of_the_hive(scenario: str) -> None:
    check(scenario, "services", service_differences(scenario, HIVES[scenario]))


@pytest.mark.parametrize("scenario", HIVES)
def test_values_are_those_of_the_hive(scenario: str) -> None:
    check(scenario, "values", value_differences(scenario, HIVES[scenario]))


@pytest.mark.parametrize("scenario", [scenario for scenario in HIVES if scenario != "windows_xp_sp3"])
def test_firewall_rules_are_those_of_the_hive(scenario: str) -> None:
    check(scenario, "rules", rule_differences(scenario, HIVES[scenario]))


def test_services_are_those_of_the_table_of_server_2016() -> None:
    check("windows_server_2016", "published", published_differences("windows_server_2016"))


@pytest.mark.parametrize("scenario", TEMPLATES)
def test_templates_are_those_of_the_table(scenario: str) -> None:
    check(scenario, "templates", template_differences(scenario, TEMPLATES[scenario]))
