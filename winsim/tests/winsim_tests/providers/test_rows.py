# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Classes whose rows a scenario lists: where they exist, what follows from the host, what ends with its service."""

from __future__ import annotations

from datetime import timedelta

import pytest

from winsim.classes import ROW_CLASSES, RowClass, Side
from winsim.scenarios import load_scenario
from winsim.seams import Problem, WmiError

from .walk import CIMV2, Walk, walk

PLAIN = [
    "windows_2000", "windows_xp", "windows_server_2003", "windows_vista", "windows_server_2008", "windows_7", "windows_server_2008_r2",
    "windows_8", "windows_server_2012", "windows_8_1", "windows_server_2012_r2", "windows_10", "windows_server_2016", "windows_server_2022",
    "windows_11", "windows_server_2025",
]  # fmt: skip
SMB = "root/Microsoft/Windows/SMB"


def problem(host: Walk, namespace: str, name: str) -> Problem | None:
    """Return how a query for all rows fails, None where it does not."""
    try:
        host.computer.wmi.query(namespace, f"select * from {name}")
    except WmiError as error:
        return error.problem
    return None


@pytest.mark.parametrize("scenario", PLAIN)
def test_every_class_answers_where_it_exists_and_faults_elsewhere(scenario: str) -> None:
    host = walk(scenario)
    windows = host.computer.host.spec.windows
    for entry in ROW_CLASSES:
        there = not entry.feature and entry.on(windows.kernel, server=windows.server)
        assert (problem(host, entry.namespace, entry.name) is None) is there, entry.name


WHERE = [
    ("Win32_Share", CIMV2, "windows_2000", None),
    ("Win32_ServerSession", CIMV2, "windows_2000", Problem.INVALID_CLASS),
    ("Win32_ServerSession", CIMV2, "windows_xp", None),
    ("MSFT_SmbSession", SMB, "windows_7", Problem.INVALID_NAMESPACE),
    ("MSFT_SmbSession", SMB, "windows_8", None),
    ("Win32_ServerFeature", CIMV2, "windows_10", Problem.INVALID_CLASS),
    ("Win32_ServerFeature", CIMV2, "windows_server_2003", Problem.INVALID_CLASS),
    ("Win32_ServerFeature", CIMV2, "windows_server_2008", None),
    ("Win32_OptionalFeature", CIMV2, "windows_vista", Problem.INVALID_CLASS),
    ("Win32_OptionalFeature", CIMV2, "windows_7", None),
    ("Win32_ShadowCopy", CIMV2, "windows_xp", Problem.INVALID_CLASS),
    ("Win32_ShadowCopy", CIMV2, "windows_server_2003", None),
    ("Msvm_ComputerSystem", "root/virtualization/v2", "windows_server_2022", Problem.INVALID_NAMESPACE),
    ("Msvm_ComputerSystem", "root/virtualization/v2", "windows_server_2022+role_hyperv_host", None),
    ("Msvm_ComputerSystem", "root/virtualization", "windows_server_2022+role_hyperv_host", Problem.INVALID_NAMESPACE),
    ("Msvm_ComputerSystem", "root/virtualization", "windows_server_2008_r2+role_hyperv_host", None),
    ("Site", "root/WebAdministration", "windows_server_2022", Problem.INVALID_NAMESPACE),
    ("Site", "root/WebAdministration", "windows_server_2022+role_web_server", None),
    ("IIsWebServer", "root/MicrosoftIISv2", "windows_server_2022+role_web_server", Problem.INVALID_NAMESPACE),
    ("Win32_TerminalServiceSetting", CIMV2, "windows_xp", None),
    ("Win32_TerminalServiceSetting", CIMV2, "windows_7", Problem.INVALID_CLASS),
    ("Win32_TerminalServiceSetting", "root/cimv2/TerminalServices", "windows_7", None),
    ("Win32_TerminalServiceSetting", "root/cimv2/TerminalServices", "windows_xp", Problem.INVALID_NAMESPACE),
    ("MSCluster_Cluster", "root/MSCluster", "windows_server_2022", Problem.INVALID_NAMESPACE),
    ("MSFT_NetConSecRule", "root/StandardCimv2", "windows_8", None),
    ("RSOP_SystemService", "root/RSOP/Computer", "windows_2000", Problem.INVALID_NAMESPACE),
    ("RSOP_SystemService", "root/RSOP/Computer", "windows_xp", None),
    ("AntiVirusProduct", "root/SecurityCenter2", "windows_server_2022", Problem.INVALID_NAMESPACE),
    ("AntiVirusProduct", "root/SecurityCenter2", "windows_7", None),
    ("MSiSCSIInitiator_SessionClass", "root/WMI", "windows_xp", Problem.INVALID_CLASS),
    ("MSiSCSIInitiator_SessionClass", "root/WMI", "windows_7", None),
]


@pytest.mark.parametrize(("name", "namespace", "scenario", "wanted"), WHERE)
def test_where_a_class_exists(name: str, namespace: str, scenario: str, wanted: Problem | None) -> None:
    assert problem(walk(scenario), namespace, name) is wanted


PROPERTIES = [
    ("Win32_Service", "DelayedAutoStart", "windows_8_1", "windows_10"),
    ("Win32_ComputerSystem", "HypervisorPresent", "windows_7", "windows_8"),
]


@pytest.mark.parametrize(("name", "column", "before", "since"), PROPERTIES)
def test_a_property_that_came_later(name: str, column: str, before: str, since: str) -> None:
    with pytest.raises(WmiError) as raised:
        walk(before).computer.wmi.query(CIMV2, f"select {column} from {name}")
    assert raised.value.problem is Problem.INVALID_QUERY
    assert walk(since).computer.wmi.query(CIMV2, f"select {column} from {name}").rows
    assert all(column not in row.properties for row in walk(before).computer.wmi.enumerate(CIMV2, name))


def test_delayed_services_say_so() -> None:
    found = walk("windows_10").computer.wmi.query(CIMV2, "select Name from Win32_Service where DelayedAutoStart=TRUE").rows
    assert {"CDPSvc", "WSearch"} <= {row.properties["Name"] for row in found}
    assert "Dnscache" not in {row.properties["Name"] for row in found}


def test_properties_of_smb_came_one_by_one() -> None:
    (row,) = walk("windows_8+hazard_shares_in_use").computer.wmi.enumerate(SMB, "MSFT_SmbSession")
    assert "SmbInstance" not in row.properties
    (row,) = walk("windows_8_1+hazard_shares_in_use").computer.wmi.enumerate(SMB, "MSFT_SmbSession")
    assert row.properties["SmbInstance"] == 0


def test_shares_and_sessions_end_with_the_server_service() -> None:
    host = walk("windows_server_2022+hazard_shares_in_use")
    established = "select * from MSFT_NetTCPConnection where State=5 and LocalPort=445"
    assert len(host.computer.wmi.query("root/StandardCimv2", established).rows) == 1
    host.stop("LanmanServer")
    for name in ("Win32_Share", "Win32_ServerSession", "Win32_ServerConnection"):
        assert not host.computer.wmi.enumerate(CIMV2, name)
    assert not host.computer.wmi.enumerate(SMB, "MSFT_SmbOpenFile")
    assert not host.computer.wmi.query("root/StandardCimv2", established).rows


def test_rows_are_found_by_their_keys() -> None:
    host = walk("windows_server_2022+hazard_shares_in_use")
    keys = {"ComputerName": "192.0.2.77", "ShareName": "data", "UserName": "CLERK"}
    assert host.computer.wmi.get(CIMV2, "Win32_ServerConnection", keys).properties["NumberOfFiles"] == 1
    assert host.computer.wmi.get(CIMV2, "Win32_Share", {"Name": "ADMIN$"}).properties["Path"] == r"C:\Windows"
    with pytest.raises(WmiError) as raised:
        host.computer.wmi.get(CIMV2, "Win32_Share", {"Name": "Secrets"})
    assert raised.value.problem is Problem.NOT_FOUND


def test_remote_desktop_follows_the_registry_and_the_policy_before_it() -> None:
    host = walk("windows_server_2022")
    namespace, name = "root/cimv2/TerminalServices", "Win32_TerminalServiceSetting"

    def allowed() -> tuple[object, object]:
        (row,) = host.computer.wmi.enumerate(namespace, name)
        return row.properties["AllowTSConnections"], row.properties["PolicySourceAllowTSConnections"]

    assert allowed() == (0, 0)
    host.write(r"SYSTEM\CurrentControlSet\Control\Terminal Server", "fDenyTSConnections", "SetDWORDValue", uValue="0")
    assert allowed() == (1, 0)
    host.write(r"SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services", "fDenyTSConnections", "SetDWORDValue", uValue="1")
    assert allowed() == (0, 1)


def test_a_time_that_lies_back_stays_where_it_is() -> None:
    host = walk("windows_server_2022+hazard_backup_agents")
    (row,) = host.computer.wmi.enumerate(CIMV2, "Win32_ShadowCopy")
    assert row.properties["InstallDate"] == host.computer.host.began - timedelta(hours=1)
    host.reboot()
    (later,) = host.computer.wmi.enumerate(CIMV2, "Win32_ShadowCopy")
    assert later.properties["InstallDate"] == row.properties["InstallDate"]


def test_a_host_of_virtual_machines_is_in_its_own_list_and_a_hypervisor_shows() -> None:
    host = walk("windows_server_2022+hazard_hyper_v")
    listed = {row.properties["ElementName"]: row for row in host.computer.wmi.enumerate("root/virtualization/v2", "Msvm_ComputerSystem")}
    assert {name: row.properties["EnabledState"] for name, row in listed.items()} == {"SRV2022": 2, "payroll": 2, "spare": 3}
    assert {row.properties["CreationClassName"] for row in listed.values()} == {"Msvm_ComputerSystem"}
    (computer,) = host.computer.wmi.enumerate(CIMV2, "Win32_ComputerSystem")
    assert computer.properties["HypervisorPresent"] is True


def test_somebody_signed_in_has_a_session() -> None:
    kinds = [row.properties["LogonType"] for row in walk("windows_10").computer.wmi.enumerate(CIMV2, "Win32_LogonSession")]
    assert kinds == [0, 5, 5, 2]
    assert 2 not in [row.properties["LogonType"] for row in walk("windows_7").computer.wmi.enumerate(CIMV2, "Win32_LogonSession")]


def test_a_part_changes_the_row_of_the_same_key() -> None:
    features = load_scenario("windows_server_2022+role_web_server").host.wmi["Win32_OptionalFeature"]
    (found,) = [row for row in features if row["Name"] == "IIS-WebServerRole"]
    assert found == {"Name": "IIS-WebServerRole", "Caption": "Internet Information Services", "InstallState": 1}


def test_a_name_has_the_same_keys_everywhere_and_each_key_is_a_property() -> None:
    by_name: dict[str, RowClass] = {}
    for entry in ROW_CLASSES:
        assert set(entry.keys) <= set(entry.properties)
        assert set(entry.later) <= set(entry.properties)
        assert entry.keys == by_name.setdefault(entry.name, entry).keys
    assert {entry.side for entry in ROW_CLASSES} == set(Side)
