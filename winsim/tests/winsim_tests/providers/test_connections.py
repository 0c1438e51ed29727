# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The network behind each adapter, by WMI."""

from __future__ import annotations

from pathlib import Path

import pytest

from winsim.host.clock import ManualClock
from winsim.providers.computer import SimulatedHost, build
from winsim.scenarios import ScenarioError, load_scenario
from winsim.seams import Instance, Problem, WmiError

from .walk import walk

NAMESPACE = "root/StandardCimv2"
NAME = "MSFT_NetConnectionProfile"
SERVER = "windows_server_2022"
EXTENDING = f"extends: {SERVER}\ntitle: x\nsources: []\n"
FIRST = "Intel(R) 82574L Gigabit Network Connection"


def rows(computer: SimulatedHost) -> list[Instance]:
    return list(computer.wmi.enumerate(NAMESPACE, NAME))


def made(folder: Path, text: str) -> SimulatedHost:
    path = folder / "some.yml"
    path.write_text(EXTENDING + text, encoding="utf-8")
    return build(load_scenario(path), clock=ManualClock())


@pytest.mark.parametrize("scenario", ["windows_8", "windows_server_2012", SERVER, "windows_11", "windows_server_2025"])
def test_one_row_for_each_connected_adapter(scenario: str) -> None:
    (row,) = rows(walk(scenario).computer)
    assert row.properties["NetworkCategory"] == 0


def test_a_row() -> None:
    computer = walk(SERVER).computer
    guid = "{3F1E7C52-9B0D-4A6C-8E21-6D5A4C9B7F10}"
    wanted = {
        "Name": "Network", "InterfaceAlias": "Ethernet", "InterfaceIndex": 7, "NetworkCategory": 0, "IPv4Connectivity": 4,
        "IPv6Connectivity": 1, "InstanceID": guid, "Caption": None, "Description": None, "ElementName": None,
    }  # fmt: skip
    assert computer.wmi.get(NAMESPACE, NAME, {"InstanceID": guid}).properties == wanted
    (found,) = computer.wmi.query(NAMESPACE, f"select NetworkCategory from {NAME} where InterfaceIndex=7").rows
    assert found.properties["NetworkCategory"] == 0


@pytest.mark.parametrize("scenario", ["windows_xp", "windows_vista", "windows_7"])
def test_windows_before_6_2_has_no_such_namespace(scenario: str) -> None:
    with pytest.raises(WmiError) as raised:
        rows(walk(scenario).computer)
    assert raised.value.problem is Problem.INVALID_NAMESPACE


def test_a_member_is_in_its_domain(tmp_path: Path) -> None:
    (row,) = rows(made(tmp_path, "windows: {domain: example.test, domain_role: 3}"))
    assert (row.properties["Name"], row.properties["NetworkCategory"]) == ("example.test", 2)


def test_a_scenario_names_the_category_of_an_adapter(tmp_path: Path) -> None:
    second = '{name: second, guid: "{00000000-0000-0000-0000-000000000009}", index: 9, address: 198.51.100.22, category: private}'
    first = f'{{name: "{FIRST}", category: domain}}'
    found = rows(made(tmp_path, f"windows: {{domain: example.test}}\nadapters: [{first}, {second}]"))
    names = ("Name", "InterfaceAlias", "InterfaceIndex", "NetworkCategory", "IPv4Connectivity", "IPv6Connectivity")
    assert [tuple(row.properties[name] for name in names) for row in found] == [
        ("example.test", "Ethernet", 7, 2, 4, 1),
        ("Network 2", "Ethernet 2", 9, 1, 3, 0),
    ]


def test_an_address_that_reaches_further_than_the_link(tmp_path: Path) -> None:
    (row,) = rows(made(tmp_path, f'adapters: [{{name: "{FIRST}", ipv6: ["2001:db8::22"]}}]'))
    assert (row.properties["InterfaceIndex"], row.properties["IPv6Connectivity"]) == (1, 3)


def test_a_category_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="is none of domain, private, public"):
        made(tmp_path, f'adapters: [{{name: "{FIRST}", category: home}}]')
