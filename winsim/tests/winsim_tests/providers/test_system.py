# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Operating system, computer, processes, restarts."""

from __future__ import annotations

from datetime import datetime

import pytest

from .walk import CIMV2, Walk, walk


def only(host: Walk, class_name: str) -> dict[str, object]:
    (row,) = host.computer.wmi.enumerate(CIMV2, class_name)
    return dict(row.properties)


@pytest.mark.parametrize(
    ("scenario", "wanted"),
    [
        ("windows_2000", {"Version": "5.0.2195", "BuildNumber": "2195", "ProductType": 3, "CSDVersion": "Service Pack 4"}),
        ("windows_xp", {"Version": "5.1.2600", "BuildNumber": "2600", "ProductType": 1, "CSDVersion": "Service Pack 1"}),
    ],
)
def test_the_operating_system(scenario: str, wanted: dict[str, object]) -> None:
    row = only(walk(scenario), "Win32_OperatingSystem")
    assert {key: row[key] for key in wanted} == wanted
    assert "OSArchitecture" not in row


def test_the_operating_system_is_a_singleton() -> None:
    wmi = walk("windows_xp").computer.wmi
    one = wmi.get(CIMV2, "Win32_OperatingSystem", {})
    assert wmi.get(CIMV2, "Win32_OperatingSystem", {"Name": str(one.properties["Name"])}) == one


def test_a_domain_member_says_so() -> None:
    member = only(walk("windows_xp_domain_member"), "Win32_ComputerSystem")
    assert (member["PartOfDomain"], member["DomainRole"], member["Domain"]) == (True, 1, "example.test")
    alone = only(walk("windows_xp"), "Win32_ComputerSystem")
    assert (alone["PartOfDomain"], alone["DomainRole"], alone["Workgroup"]) == (False, 0, "WORKGROUP")


def test_processes_are_found_by_name_in_any_case() -> None:
    host = walk("windows_2000")
    (row,) = host.computer.wmi.query(CIMV2, "select Handle, CreationDate from Win32_Process where Name='lsass.exe'").rows
    assert row.properties["Handle"] == "236"
    assert isinstance(row.properties["CreationDate"], datetime)
    assert host.computer.wmi.get(CIMV2, "Win32_Process", {"Handle": "8"}).properties["Name"] == "System"


def lsass(host: Walk) -> object:
    (row,) = host.computer.wmi.query(CIMV2, "select * from Win32_Process where Name='lsass.exe'").rows
    return row.properties["CreationDate"]


def test_a_boot_is_seen_in_the_creation_date_and_a_clock_step_is_not() -> None:
    host = walk("windows_xp")
    created, boot = lsass(host), only(host, "Win32_OperatingSystem")["LastBootUpTime"]
    host.computer.step_clock(86400)
    assert lsass(host) == created
    assert only(host, "Win32_OperatingSystem")["LastBootUpTime"] != boot
    host.reboot()
    assert lsass(host) != created
    assert host.computer.host.boots == 2


@pytest.mark.parametrize(("flags", "back"), [("2", True), ("6", True), ("1", False), ("12", False)])
def test_win32_shutdown(flags: str, back: bool) -> None:
    host = walk("windows_xp")
    assert host.call("Win32_OperatingSystem", {}, "Win32Shutdown", Flags=flags, Reserved="0") == 0
    host.clock.advance(1)
    assert not host.computer.up
    host.clock.advance(60)
    assert host.computer.up is back


def test_logging_off_is_no_restart() -> None:
    host = walk("windows_xp")
    assert host.call("Win32_OperatingSystem", {}, "Win32Shutdown", Flags="4") == 0
    host.clock.advance(1)
    assert host.computer.up
    assert host.computer.changes() == []


def test_shutdown_switches_off() -> None:
    host = walk("windows_xp")
    assert host.call("Win32_OperatingSystem", {}, "Shutdown") == 0
    host.clock.advance(60)
    assert not host.computer.up
    host.computer.boot()
    assert host.computer.up
