# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parts over a scenario by name, and the WMI rows that they bring."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from winsim.host.model import Ago
from winsim.scenarios import ScenarioError, load_scenario, name_of, part_titles, several

from .test_loader import SMALL, load, load_error, write


def test_parts_lie_over_a_scenario_in_their_order() -> None:
    made = load_scenario("windows_server_2022+role_dns_server+hazard_time")
    plain = load_scenario("windows_server_2022")
    assert made.name == "windows_server_2022+role_dns_server+hazard_time"
    assert made.title == f"{plain.title}; DNS server role; Hazard: the host serves time to others"
    added = {service.name for service in made.host.services} - {service.name for service in plain.host.services}
    assert added == {"DNS"}
    assert plain.host.windows == made.host.windows
    assert set(plain.sources) < set(made.sources)


def test_parts_lie_over_a_file_of_somebodys_own_with_parts_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "parts/one", "windows: {computer: ONE, model: one}")
    write(tmp_path, "parts/two", "parts: [one]\nwindows: {computer: TWO}")
    path = write(tmp_path, "some", SMALL + "windows: {computer: OWN, model: own}\n")
    windows = load_scenario(f"{path}+two").host.windows
    assert (windows.computer, windows.model) == ("TWO", "one")


def test_a_part_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path, "parts/one", "sockets: [{owner: Messenger, protocol: tcp, port: 7}]")
    write(tmp_path, "parts/two", "parts: [one]")
    path = write(tmp_path, "some", SMALL + "parts: [one]\n")
    sockets = load_scenario(f"{path}+two+one").host.sockets
    assert [socket.port for socket in sockets].count(7) == 1


def test_a_name_that_is_nearly_right_is_answered_with_those_near() -> None:
    assert "no scenario is called windows_server_2023+hazard_time; near are windows_server_2025, windows_server_2022" in load_error(
        "windows_server_2023+hazard_time"
    )
    said = load_error("windows_server_2022+hazard_share_in_use")
    assert "windows_server_2022.yml: $.+hazard_share_in_use: there is no part hazard_share_in_use; near are hazard_shares_in_use" in said
    assert "no scenario is called hazard_time; " in load_error("hazard_time")
    assert "no scenario is called windows_xp+; near are windows_xp" in load_error("windows_xp+")
    assert "there is no part" in load_error("windows_xp+windows_xp")


@pytest.mark.parametrize(
    ("expression", "number", "scenario", "name"),
    [
        ("windows_xp", 1, "windows_xp", "windows_xp"),
        ("50*windows_xp+one", 50, "windows_xp+one", "windows_xp+one"),
        ("./my.yml", 1, "./my.yml", "my"),
        ("3*/a/my.yaml+one+two", 3, "/a/my.yaml+one+two", "my+one+two"),
        ("2*c++/a+b.yml", 2, "c++/a+b.yml", "a+b"),
        ("c++/a+b.yml+one", 1, "c++/a+b.yml+one", "a+b+one"),
        ("a*b.yml", 1, "a*b.yml", "a*b"),
        ("0*windows_xp", 1, "0*windows_xp", "0*windows_xp"),
        ("10000*windows_xp", 1, "10000*windows_xp", "10000*windows_xp"),
    ],
)
def test_an_expression_names_a_number_a_scenario_and_parts(expression: str, number: int, scenario: str, name: str) -> None:
    assert several(expression) == (number, scenario)
    assert name_of(scenario) == name


def test_a_file_anywhere_is_made_of_shipped_files_too(tmp_path: Path) -> None:
    path = write(tmp_path, "c++/my own", "extends: windows_server_2022\ntitle: mine\nparts: [role_dns_server]\n")
    made = load_scenario(f"{path}+hazard_time")
    assert (made.name, made.title) == ("my own+hazard_time", "mine; Hazard: the host serves time to others")
    assert "DNS" in {service.name for service in made.host.services}


def test_what_does_not_fit_is_the_expressions_problem() -> None:
    assert "windows_xp+role_rdp_host+hazard_time: $.services[" in load_error("windows_xp+role_rdp_host+hazard_time")


def test_every_part_says_what_it_is() -> None:
    assert all(len(title.split()) > 1 for title in part_titles().values())


def test_rows_are_read_by_the_table_of_classes(tmp_path: Path) -> None:
    rows = """wmi:
  Win32_Share: [{Name: data, Path: 'C:\\Data'}]
  Win32_ShadowCopy:
    - {ID: a, InstallDate: "2026-01-02T03:04:05"}
    - {ID: b, InstallDate: {ago: 60}}
  RSOP_RegistryPolicySetting: [{id: x, precedence: 1, value: [1, 0]}]
  Site: []
"""
    write(tmp_path, "parts/one", "wmi: {Win32_Share: [{Name: Data, Type: 0, AllowMaximum: true}]}")
    made = load_scenario(write(tmp_path, "some", SMALL + "parts: [one]\n" + rows)).host.wmi
    assert made == {
        "Win32_Share": ({"Name": "data", "Type": 0, "AllowMaximum": True, "Path": "C:\\Data"},),
        "Win32_ShadowCopy": ({"ID": "a", "InstallDate": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}, {"ID": "b", "InstallDate": Ago(60.0)}),
        "RSOP_RegistryPolicySetting": ({"id": "x", "precedence": 1, "value": (1, 0)},),
        "Site": (),
    }


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("[]", "$.wmi: is no mapping"),
        ("{Win32_Chair: []}", "$.wmi.Win32_Chair: unknown class; known are AntiVirusProduct, "),
        ("{Win32_Share: {}}", "$.wmi.Win32_Share: is no list"),
        ("{Win32_Share: [x]}", "$.wmi.Win32_Share[0]: is no mapping"),
        ("{Win32_Share: [{Type: 0}]}", "$.wmi.Win32_Share[0].Name: is missing"),
        ("{Win32_Share: [{Name: x, Colour: red}]}", "$.wmi.Win32_Share[0].Colour: Win32_Share has no such property"),
        ("{Win32_Share: [{Name: 5}]}", "$.wmi.Win32_Share[0].Name: 5 is no string"),
        ("{Win32_Share: [{Name: x, Type: -1}]}", "$.wmi.Win32_Share[0].Type: -1 is no uint32"),
        ("{Win32_Share: [{Name: x, Type: 4294967296}]}", "$.wmi.Win32_Share[0].Type: 4294967296 is no uint32"),
        ("{Win32_Share: [{Name: x, Type: true}]}", "$.wmi.Win32_Share[0].Type: True is no uint32"),
        ("{Win32_Share: [{Name: x, AllowMaximum: 1}]}", "$.wmi.Win32_Share[0].AllowMaximum: 1 is no boolean"),
        ("{Win32_ShadowCopy: [{ID: x, InstallDate: today}]}", "$.wmi.Win32_ShadowCopy[0].InstallDate: 'today' is no datetime"),
        ("{Win32_ShadowCopy: [{ID: x, InstallDate: {in: 5}}]}", "is no datetime"),
        ("{MSCluster_Cluster: [{Name: x, Roles: [1]}]}", "$.wmi.MSCluster_Cluster[0].Roles[0]: 1 is no string"),
        ("{Site: [{Name: x, Bindings: ['*:80:']}]}", "$.wmi.Site[0].Bindings[0]: '*:80:' is no object"),
    ],
)
def test_a_row_that_does_not_fit_is_a_problem(tmp_path: Path, rows: str, problem: str) -> None:
    assert problem in load(tmp_path, f"{SMALL}wmi: {rows}\n")


def test_an_inbound_connection_without_an_owner_names_its_port(tmp_path: Path) -> None:
    row = "{remote_address: 192.0.2.77, remote_port: 5}"
    assert "must be inbound and name its local_port" in load(tmp_path, f"{SMALL}connections: [{row}]\n")
    with pytest.raises(ScenarioError, match=r"remote_address: is missing"):
        load_scenario(write(tmp_path, "other", f"{SMALL}connections: [{{inbound: true, local_port: 135, remote_port: 5}}]\n"))
