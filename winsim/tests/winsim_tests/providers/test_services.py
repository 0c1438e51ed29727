# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services and drivers as WMI shows and controls them."""

from __future__ import annotations

import pytest

from .walk import CIMV2, Walk, walk


def control(host: Walk, name: str, method: str, **arguments: str) -> int:
    return host.call("Win32_Service", {"Name": name}, method, **arguments)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "Schedule",
            {
                "StartMode": "Auto", "State": "Running", "Started": True, "ServiceType": "Share Process", "ProcessId": 976,
                "AcceptStop": True, "PathName": r"C:\WINDOWS\System32\svchost.exe -k netsvcs", "ExitCode": 0,
            },
        ),
        ("RpcSs", {"AcceptStop": False, "ProcessId": 884}),
        ("Spooler", {"ServiceType": "Own Process", "ProcessId": 1348}),
        ("Alerter", {"StartMode": "Manual", "State": "Stopped", "Started": False, "ProcessId": 0, "ExitCode": 1077, "AcceptStop": False}),
        ("RemoteAccess", {"StartMode": "Disabled"}),
        ("NetBT", {"StartMode": "System", "State": "Running", "ServiceType": "Kernel Driver", "CreationClassName": "Win32_SystemDriver"}),
        ("ACPI", {"StartMode": "Boot"}),
    ],
)  # fmt: skip
def test_values_are_spelled_as_windows_spells_them(name: str, wanted: dict[str, object]) -> None:
    row = walk("windows_xp").computer.wmi.get(CIMV2, "Win32_BaseService", {"Name": name}).properties
    assert {key: row[key] for key in wanted} == wanted


def test_return_values() -> None:
    host = walk("windows_xp")
    assert control(host, "RpcSs", "StopService") == 4
    assert control(host, "lanmanserver", "StopService") == 3
    assert control(host, "Alerter", "StopService") == 6
    assert control(host, "Schedule", "StartService") == 10
    assert control(host, "HidServ", "StartService") == 14
    assert control(host, "SSDPSRV", "StopService") == 0
    assert control(host, "NetDDEdsdm", "ChangeStartMode", StartMode="Disabled") == 0
    assert control(host, "ClipSrv", "StartService") == 13
    host.computer.inject({"kind": "service_denied", "service": "Messenger"})
    assert control(host, "Messenger", "StopService") == 2


def test_a_start_mode_is_written_in_other_words_than_read() -> None:
    host = walk("windows_xp")
    assert control(host, "Alerter", "ChangeStartMode", StartMode="automatic") == 0
    assert host.computer.wmi.get(CIMV2, "Win32_Service", {"Name": "Alerter"}).properties["StartMode"] == "Auto"
    assert control(host, "Alerter", "ChangeStartMode", StartMode="Auto") == 21
    assert control(host, "Alerter", "ChangeStartMode", StartMode="Boot") == 21
    assert control(host, "Alerter", "ChangeStartMode") == 21
    assert len(host.computer.changes()) == 1


def test_of_per_user_services_only_instances_are_listed() -> None:
    host = walk("windows_10")
    rows = {str(row.properties["Name"]): row.properties for row in host.computer.wmi.enumerate(CIMV2, "Win32_Service")}
    assert "CDPUserSvc" not in rows
    (name,) = [name for name in rows if name.startswith("CDPUserSvc_")]
    assert rows[name]["ServiceType"] == "Unknown"
    assert rows[name]["State"] == "Running"
    assert rows[name]["ProcessId"] != 0
    assert control(host, name, "StopService") == 0
    assert control(host, name, "ChangeStartMode", StartMode="Disabled") == 0
    host.reboot()
    assert name not in {row.properties["Name"] for row in host.computer.wmi.enumerate(CIMV2, "Win32_Service")}


def test_stop_pending_is_shown() -> None:
    host = walk("windows_xp_stop_pending")
    assert control(host, "SSDPSRV", "StopService") == 0
    assert host.state("SSDPSRV") == "Stop Pending"
    assert control(host, "SSDPSRV", "StopService") == 5
