# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stages show of a host, and which words they plan with."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME, shown
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.service_control import Wish
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.services import Desired
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.switches import SwitchWish
from ansible_collections.netmin.windows.tests.unit.fakes import FakeAdapter, FakeHost
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import (
    GUID,
    HOSTS,
    IDLE_GUID,
    KNOWLEDGE,
    desires,
    planned,
    survey_of,
    windows_xp,
)

NEW_GUID = "{11111111-2222-3333-4444-555555555555}"


def netbt(**options: Any) -> dict[str, str]:
    fake = windows_xp()
    fake.adapters.append(FakeAdapter(3, "New Card", NEW_GUID, ("192.0.2.77",)))
    return dict(shown(desires({"netbt": options}), survey_of(fake))["netbt"])


def test_netbios_is_shown_of_every_adapter_that_is_planned() -> None:
    assert netbt(netbios="disabled") == {
        f"adapter 3Com EtherLink PCI {GUID}": "dhcp",
        f"adapter WAN Miniport (L2TP) {IDLE_GUID}": "dhcp",
        # NetBT has no key of it yet.
        f"adapter New Card {NEW_GUID}": "dhcp",
    }


@pytest.mark.parametrize(("word", "label"), [("192.0.2.77", f"New Card {NEW_GUID}"), (IDLE_GUID, f"WAN Miniport (L2TP) {IDLE_GUID}")])
def test_netbios_is_shown_of_the_adapters_that_are_asked_for(word: str, label: str) -> None:
    assert netbt(netbios="disabled", adapters=[word]) == {f"adapter {label}": "dhcp"}


def test_an_adapter_that_is_gone_is_shown_no_more() -> None:
    survey = survey_of(windows_xp())
    assert shown(desires({"netbt": {"netbios": "disabled", "adapters": ["gone"]}}), survey) == {}


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "keeps no socket open"), (1, "keeps one socket at most open"), (10, "keeps 10 sockets at most open")],
)
def test_the_cache_of_sockets_is_told_as_it_is_set(number: int, words: str) -> None:
    _survey, plan, _entries = planned(windows_xp(), desires({"name_resolution": {"max_cached_sockets": number}}))
    assert [words in change.why for change in plan.changes] == [True]


def with_starts(fake: FakeHost) -> FakeHost:
    for service in fake.services:
        fake.put(rf"SYSTEM\CurrentControlSet\Services\{service.name}", "Start", RegistryValue.dword(2))
    return fake


def test_start_modes_are_no_values_of_switches() -> None:
    survey = survey_of(with_starts(HOSTS["windows_server_2022"]()))
    switches = tuple(
        SwitchWish(recipe.id, method.id)
        for recipe in KNOWLEDGE.recipes.values()
        for method in recipe.methods_on(survey.host.windows)
        if method.stage == "services" and method.values
    )
    assert switches
    found = STAGE_BY_NAME["services"].shown(Desired((), switches), survey.states["services"], survey.host)
    assert not [name for name in found if name.endswith("\\Start")]


def test_a_service_that_a_recipe_stops_along_has_a_reason() -> None:
    # UPnP Device Host owns nothing of SSDP, and is disabled with it.
    wish = Wish("upnphost", stop=True, start_mode=StartMode.DISABLED, optional=True)
    _survey, plan, _entries = planned(windows_xp(), {"services": Desired((wish,))}, named=False)
    assert plan.changes
    assert all(KNOWLEDGE.recipes["ssdp-1900"].breaks in change.why for change in plan.changes)
