# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Planning the way back, where no host is needed; whole restores are tested with the run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule, Firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import filter_rule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.way_back import Goal, Now
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import restore
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, survey_of

NAME = "netmin.windows tcp/445"


def back(text: str, name: str = NAME) -> Plan:
    """Plan what puts one rule back whose text a record has."""
    host = replace(survey_of(HOSTS["windows_server_2022"]()).host, firewall=Firewall())
    saved = Saved("ip_filter", filter_rule.OBJECT, (name,), text, "")
    goal = Goal(saved, saved, ("",))
    return restore.plan((goal,), Now({}, ByName()), host, force=True, management=frozenset({5985}), path=ManagementPath(()))


def text_of(ports: str) -> str:
    return FilterRule(NAME, Protocol.TCP, "445").text.replace("LPort=445", f"LPort={ports}")


def test_a_rule_is_put_back() -> None:
    assert [change.rule.port for change in back(text_of("445")).changes if isinstance(change, AddFilterRule)] == [445]


@pytest.mark.parametrize("ports", ["5985", "05985", "005985"])
def test_a_rule_of_the_management_path_is_not_put_back_however_it_is_written(ports: str) -> None:
    assert back(text_of(ports)).changes == ()


@pytest.mark.parametrize("name", ["netmin.windows udp/445", "CoreNet-DHCP-In", "netmin.windows %PATH%"])
def test_a_rule_is_put_back_under_its_own_name_alone(name: str) -> None:
    assert back(text_of("445").replace(NAME, name)).changes == ()
