# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parts that bring a hazard: each shows what Windows shows, and the scenario below it does not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils import _knowledge

from winsim.endpoint import Protocol
from winsim.host.clock import ManualClock
from winsim.providers.computer import SimulatedHost, build
from winsim.scenarios import Scenario, load_scenario, names, part_titles
from winsim.seams import Problem, WmiError

CHECKOUT = Path(__file__).parents[3]
SERVER = "windows_server_2022"
HAZARDS = [part for part in part_titles() if part.startswith("hazard_")]

CIMV2 = "root/cimv2"
SMB = "root/microsoft/windows/smb"
CIM_STANDARD = "root/standardcimv2"
POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft"
SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
CURRENT = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"

QUERIES = [
    ("domain_controller", SERVER, CIMV2, "select * from Win32_ComputerSystem where DomainRole=5"),
    ("domain_controller", SERVER, CIMV2, "select * from Win32_OperatingSystem where ProductType=2"),
    ("domain_controller", SERVER, CIMV2, "select * from Win32_Service where Name='NTDS' and State='Running'"),
    ("domain_controller", SERVER, CIMV2, "select * from Win32_Share where Name='SYSVOL'"),
    ("domain_controller", SERVER, CIMV2, "select * from Win32_ServerFeature where ID=10"),
    ("domain_member", SERVER, CIMV2, "select * from Win32_ComputerSystem where PartOfDomain=TRUE and DomainRole=3"),
    ("domain_member", "windows_10", CIMV2, "select * from Win32_ComputerSystem where PartOfDomain=TRUE and DomainRole=1"),
    ("gpo_conflict", SERVER, "root/rsop/computer", "select * from RSOP_SystemService"),
    ("gpo_conflict", "windows_xp", "root/rsop/computer", "select * from RSOP_RegistryPolicySetting"),
    ("cluster", SERVER, CIMV2, "select * from Win32_Service where Name='ClusSvc' and State='Running'"),
    ("cluster", SERVER, "root/mscluster", "select * from MSCluster_Cluster"),
    ("cluster", SERVER, CIMV2, "select * from Win32_ServerFeature where ID=33"),
    ("shares_in_use", SERVER, CIMV2, "select * from Win32_Share where Type=0 or Type=1"),
    ("shares_in_use", "windows_xp", CIMV2, "select * from Win32_Share where Type=0 or Type=1"),
    ("shares_in_use", SERVER, CIMV2, "select * from Win32_ServerSession"),
    ("shares_in_use", "windows_xp", CIMV2, "select * from Win32_ServerConnection"),
    ("shares_in_use", SERVER, SMB, "select * from MSFT_SmbSession"),
    ("shares_in_use", "windows_8", SMB, "select * from MSFT_SmbOpenFile"),
    ("shares_in_use", SERVER, CIM_STANDARD, "select * from MSFT_NetTCPConnection where State=5 and LocalPort=445"),
    ("outgoing_smb", "windows_10", CIMV2, "select * from Win32_NetworkConnection"),
    ("outgoing_smb", "windows_2000", CIMV2, r"select * from Win32_Service where PathName like '\\\\%'"),
    ("outgoing_smb", SERVER, SMB, "select * from MSFT_SmbConnection"),
    ("printing", "windows_10", CIMV2, "select * from Win32_Printer where Shared=TRUE"),
    ("printing", "windows_7", CIMV2, "select * from Win32_Printer where PortName like 'WSD%'"),
    ("printing", SERVER, CIMV2, "select * from Win32_ServerFeature where ID=7 or ID=135"),
    ("established_inbound", SERVER, CIM_STANDARD, "select * from MSFT_NetTCPConnection where State=5 and LocalPort=135"),
    ("dependents", "windows_xp", CIMV2, "select * from Win32_Service where Name='FolderIndex' and State='Running'"),
    ("hyper_v", SERVER, CIMV2, "select * from Win32_ServerFeature where ID=20"),
    ("hyper_v", "windows_10", CIMV2, "select * from Win32_OptionalFeature where Name='Microsoft-Hyper-V' and InstallState=1"),
    ("hyper_v", SERVER, "root/virtualization/v2", "select * from Msvm_ComputerSystem where EnabledState=2 and Caption='Virtual Machine'"),
    (
        "hyper_v",
        "windows_server_2008_r2",
        "root/virtualization",
        "select * from Msvm_ComputerSystem where EnabledState=2 and Caption='Virtual Machine'",
    ),
    ("virtual_guest", SERVER, CIMV2, "select * from Win32_ComputerSystem where HypervisorPresent=TRUE"),
    ("virtual_guest", "windows_xp", CIMV2, "select * from Win32_ComputerSystem where Manufacturer like 'VMware%'"),
    ("sql_server", SERVER, CIMV2, "select * from Win32_Service where Name='MSSQLSERVER' and State='Running'"),
    ("sql_server", SERVER, CIM_STANDARD, "select * from MSFT_NetTCPConnection where State=5 and LocalPort=1433"),
    ("iis_http_sys", SERVER, "root/webadministration", "select * from Site"),
    ("iis_http_sys", "windows_server_2003", "root/microsoftiisv2", "select * from IIsWebServer where ServerState=2"),
    ("rds", SERVER, "root/cimv2/terminalservices", "select * from Win32_TerminalServiceSetting where AllowTSConnections=1"),
    ("rds", SERVER, CIMV2, "select * from Win32_LogonSession where LogonType=10"),
    ("rds", SERVER, CIMV2, "select * from Win32_ServerFeature where ID=18 or ID=130"),
    ("backup_agents", SERVER, CIMV2, "select * from Win32_ShadowCopy"),
    ("backup_agents", "windows_xp", CIMV2, "select * from Win32_Service where Name like 'Veeam%' and State='Running'"),
    ("management_agents", SERVER, CIMV2, "select * from Win32_Service where Name='CcmExec' or Name='HealthService'"),
    ("management_agents", SERVER, CIMV2, "select * from Win32_Service where Name='Wecsvc' and State='Running'"),
    ("wsus_and_updates", SERVER, CIMV2, "select * from Win32_Service where Name='WsusService' and State='Running'"),
    ("dfs", SERVER, CIMV2, "select * from Win32_DfsNode where Root=TRUE"),
    ("dfs", SERVER, CIMV2, "select * from Win32_ServerFeature where ID=101 or ID=102"),
    ("infrastructure_roles", SERVER, CIMV2, "select * from Win32_Service where Name='DHCPServer' and State='Running'"),
    ("infrastructure_roles", SERVER, CIMV2, "select * from Win32_ServerFeature where ID=12 or ID=13"),
    ("server_roles", "windows_server_2003", CIMV2, "select * from Win32_Service where Name='POP3SVC' and State='Running'"),
    ("exchange_sharepoint", SERVER, CIMV2, "select * from Win32_Service where Name like 'MSExchange%' and State='Running'"),
    ("ipsec_vpn", SERVER, CIM_STANDARD, "select * from MSFT_NetConSecRule where Enabled=1"),
    ("ipsec_vpn", "windows_7", CIMV2, "select * from Win32_Service where Name='RemoteAccess' and State='Running'"),
    ("msdtc_msmq", SERVER, CIMV2, "select * from Win32_Service where Name='MSMQ' and State='Running'"),
    ("msdtc_msmq", SERVER, CIMV2, "select * from Win32_ServerFeature where ID=49 or ID=190"),
    ("netbios_consumers", SERVER, CIMV2, "select * from Win32_NetworkAdapterConfiguration where WINSPrimaryServer='192.0.2.60'"),
    ("netbios_consumers", "windows_xp", CIMV2, "select * from Win32_NetworkAdapterConfiguration where WINSPrimaryServer is not null"),
    (
        "protected_or_security_software",
        "windows_10",
        "root/securitycenter2",
        "select * from AntiVirusProduct where displayName<>'Windows Defender'",
    ),
    ("protected_or_security_software", SERVER, CIMV2, "select * from Win32_Service where Name='Sense' and State='Running'"),
    ("container_wsl_nat", "windows_10", CIMV2, "select * from Win32_Service where Name='hns' and State='Running'"),
    ("container_wsl_nat", "windows_10", CIMV2, "select * from Win32_Service where Name='SharedAccess' and State='Running'"),
    ("iscsi_storage", SERVER, "root/wmi", "select * from MSiSCSIInitiator_SessionClass"),
]
"""Part (without `hazard_`), scenario, namespace, and a query that has rows with the part only."""

KEYS = [
    ("domain_member", SERVER, rf"{CURRENT}\Group Policy\History"),
    ("gpo_conflict", SERVER, rf"{POLICIES}\Windows NT\DNSClient"),
    ("cluster", SERVER, r"HKLM\Cluster"),
    ("shares_in_use", SERVER, rf"{SERVICES}\LanmanServer\Shares"),
    ("sql_server", SERVER, r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL"),
    ("backup_agents", SERVER, rf"{SERVICES}\VSS\Providers"),
    ("management_agents", SERVER, rf"{CURRENT}\EventCollector\Subscriptions"),
    ("wsus_and_updates", SERVER, rf"{POLICIES}\Windows\WindowsUpdate"),
    ("ipsec_vpn", SERVER, rf"{POLICIES}\WindowsFirewall\ConSecRules"),
    ("port_proxy", SERVER, rf"{SERVICES}\PortProxy"),
    ("msdtc_msmq", SERVER, r"HKLM\SOFTWARE\Microsoft\MSDTC\Security"),
    ("rpc_runtime_misconfiguration", SERVER, r"HKLM\SOFTWARE\Microsoft\Rpc\Internet"),
    ("pending_reboot", "windows_7", rf"{CURRENT}\Component Based Servicing\RebootPending"),
]
"""Part, scenario, and a key that is there with the part only."""

VALUES = [
    ("time", "windows_xp", rf"{SERVICES}\W32Time\Config", "AnnounceFlags", 5),
    ("time", SERVER, rf"{SERVICES}\W32Time\TimeProviders\NtpServer", "Enabled", 1),
]
"""Part, scenario, key, value and what it holds with the part only."""

PORTS: Mapping[str, set[int]] = {
    "domain_controller": {53, 88, 389, 464, 636, 3268, 3269, 9389},
    "cluster": {3343},
    "iis_http_sys": {80, 443},
    "rds": {3389},
    "backup_agents": {6162},
    "wsus_and_updates": {8530, 8531},
    "exchange_sharepoint": {25},
    "ipsec_vpn": {1723},
    "port_proxy": {2222},
    "msdtc_msmq": {1801, 2103, 2105, 2107},
    "hyper_v": {2179, 6600},
    "sql_server": {1433},
    "server_roles": {110},
}
"""TCP ports that a part opens on Windows Server 2022."""


@cache
def scenario_of(expression: str) -> Scenario:
    return load_scenario(expression)


def computer(expression: str) -> SimulatedHost:
    return build(scenario_of(expression), clock=ManualClock())


def rows(host: SimulatedHost, namespace: str, wql: str) -> int:
    """Count rows; a class or namespace that is not there has none."""
    try:
        return len(host.wmi.query(namespace, wql).rows)
    except WmiError as error:
        assert error.problem in (Problem.INVALID_CLASS, Problem.INVALID_NAMESPACE), error  # noqa: PT017 - the kind matters
        return 0


def owners(host: SimulatedHost) -> set[tuple[str, str]]:
    return {(held.owner, held.origin.value) for held in host.host.visible.sockets()}


def ports(host: SimulatedHost) -> set[int]:
    return {endpoint.port for endpoint in host.endpoints() if endpoint.protocol is Protocol.TCP}


@pytest.mark.parametrize(("part", "scenario", "namespace", "wql"), QUERIES)
def test_a_part_shows_its_hazard_by_wmi_and_its_scenario_does_not(part: str, scenario: str, namespace: str, wql: str) -> None:
    assert rows(computer(f"{scenario}+hazard_{part}"), namespace, wql)
    assert not rows(computer(scenario), namespace, wql)


@pytest.mark.parametrize(("part", "scenario", "key"), KEYS)
def test_a_part_shows_its_hazard_in_the_registry_and_its_scenario_does_not(part: str, scenario: str, key: str) -> None:
    assert computer(f"{scenario}+hazard_{part}").host.registry.exists(key)
    assert not computer(scenario).host.registry.exists(key)


@pytest.mark.parametrize(("part", "scenario", "key", "name", "data"), VALUES)
def test_a_part_shows_its_hazard_by_a_value_and_its_scenario_does_not(part: str, scenario: str, key: str, name: str, data: int) -> None:
    assert computer(f"{scenario}+hazard_{part}").host.registry.number(key, name) == data
    assert computer(scenario).host.registry.number(key, name) not in (None, data)


@pytest.mark.parametrize("part", sorted(PORTS))
def test_a_part_opens_ports(part: str) -> None:
    assert PORTS[part] <= ports(computer(f"{SERVER}+hazard_{part}"))
    assert not PORTS[part] & ports(computer(SERVER))


def test_an_invalid_rpc_configuration_leaves_no_rpc_port() -> None:
    assert 135 not in ports(computer(f"{SERVER}+hazard_rpc_runtime_misconfiguration"))
    assert 135 in ports(computer(SERVER))


@pytest.mark.parametrize("part", HAZARDS)
def test_every_part_can_be_laid_over_a_server_and_boots_to_the_same_listeners(part: str) -> None:
    host = computer(f"{SERVER}+{part}")
    before = {
        (held.endpoint.protocol, held.endpoint.port, held.owner) for held in host.host.visible.sockets() if held.origin.name == "SERVICE"
    }
    host.boot()
    host.host.clock.advance(300)  # type: ignore[attr-defined]  # a ManualClock
    after = {
        (held.endpoint.protocol, held.endpoint.port, held.owner) for held in host.host.visible.sockets() if held.origin.name == "SERVICE"
    }
    dynamic = {("udp", "iphlpsvc"), ("udp", "DNS")}
    assert {row for row in before ^ after if (str(row[0]), row[2]) not in dynamic} == set()


@pytest.mark.parametrize("scenario", ["windows_vista", "windows_7", "windows_10", SERVER])
def test_what_only_looks_like_a_hazard_is_none(scenario: str) -> None:
    host = computer(f"{scenario}+near_hazards")
    (held,) = [held for held in host.host.visible.connections() if held.inbound]
    assert (held.local_address, held.remote_address, held.local_port) == ("127.0.0.1", "127.0.0.1", 135)
    assert not rows(host, CIMV2, "select * from Win32_Printer where Shared=TRUE")
    assert not rows(host, CIM_STANDARD, "select * from MSFT_NetConSecRule where Enabled=1")
    assert not rows(host, "root/cimv2/terminalservices", "select * from Win32_TerminalServiceSetting where AllowTSConnections=1")
    shown = {row.properties["Name"] for row in host.wmi.query(CIMV2, "select * from Win32_Share where Type=0").rows}
    assert shown == {"Archive$"}
    assert owners(host) == owners(computer(scenario))


def test_every_part_is_tested() -> None:
    tested = {entry[0] for entry in (*QUERIES, *KEYS, *VALUES)} | set(PORTS)
    assert {f"hazard_{part}" for part in tested} == set(HAZARDS)


def hazard_bases() -> dict[str, str]:
    """Return the table of winsim/docs/simulator.md: hazard -> what shows it."""
    page = (CHECKOUT / "winsim/docs/simulator.md").read_text(encoding="utf-8")
    lines = page.partition("\n## Hazards\n")[2].partition("\n## ")[0].splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return {row[0].strip("`"): row[1].split("`")[1] for row in cells}


def test_every_hazard_has_an_expression_that_can_be_loaded() -> None:
    folder = Path(_knowledge.__file__).parent
    known = {entry["id"] for entry in yaml.safe_load((folder / "hazards.yml").read_text(encoding="utf-8"))}
    table = hazard_bases()
    assert known <= set(table)
    assert {part.removeprefix("hazard_") for part in HAZARDS} <= {hazard.replace("-", "_") for hazard in table}
    for hazard, expression in table.items():
        part = f"hazard_{hazard.replace('-', '_')}"
        assert (expression.partition("+")[2] == part) is (part in HAZARDS), hazard
        assert expression.partition("+")[0] in names()
        scenario_of(expression)


@pytest.mark.parametrize("scenario", ["windows_2000", "windows_xp", "windows_server_2003", "windows_7", "windows_10", SERVER])
def test_a_plain_install_shares_its_administrative_shares_only(scenario: str) -> None:
    host = computer(scenario)
    found = {(row.properties["Name"], row.properties["Type"]) for row in host.wmi.enumerate(CIMV2, "Win32_Share")}
    assert found == {("C$", 2147483648), ("ADMIN$", 2147483648), ("IPC$", 2147483651)}
    assert all(row.properties["Shared"] is False for row in host.wmi.enumerate(CIMV2, "Win32_Printer"))
    assert not any(held.inbound for held in host.host.visible.connections())
