# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every hazard on a host that shows it and on one that does not, and what becomes of a plan at each gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._action.options import Wanted, minimize_spec, minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._core.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Gate, Hazard
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.hazards import Detector
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.probes import Proposal
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.survey import Survey, make_plan, read_survey
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, simulated

MOST_REQUESTS = 25


@dataclass(frozen=True)
class Case:
    """A hazard with a scenario that shows it, one that does not, and words of the evidence.

    Attributes:
        planned: False where it shows in what a plan leaves alone.
    """

    shows: str
    without: str
    words: tuple[str, ...]
    planned: bool = True


def part(name: str, *words: str, base: str = "windows_server_2022", without: str = "windows_server_2022+near_hazards") -> Case:
    return Case(f"{base}+hazard_{name}", without, words)


SCENARIOS: Mapping[str, Case] = {
    "management-channel-winrm": Case("windows_server_2022", "windows_server_2022", ("5985",)),
    "management-channel-dcom": Case("windows_xp", "windows_server_2022", ("Windows XP",)),
    "domain-controller": part("domain_controller", "domain controller", "NTDS"),
    "domain-member": part("domain_member", "member of a domain"),
    "gpo-conflict": part("gpo_conflict", "EnableMulticast", "LocalGPO"),
    "cluster": part("cluster", "ClusSvc", "CLUSTER1"),
    "shares-in-use": part("shares_in_use", "Data", "clerk", "ledger.xlsx"),
    "outgoing-smb": part("outgoing_smb", "Z:", "agent.exe"),
    "printing": part("printing", "Office", "Hallway"),
    "established-inbound": part("established_inbound", "192.0.2.78:50210", "tcp/445"),
    "dependents": part("dependents", "FolderIndex"),
    "dhcp-netbt-xp": Case("windows_xp_dhcp", "windows_xp", ("adapter",)),
    "hyper-v": part("hyper_v", "vmms", "payroll"),
    "virtual-guest": part("virtual_guest", "VMTools", "VMware"),
    "sql-server": part("sql_server", "MSSQLSERVER"),
    "iis-http-sys": part("iis_http_sys", "W3SVC", "Default Web Site"),
    "rds": part("rds", "Remote Desktop Session Host", "1187423"),
    "backup-agents": part("backup_agents", "VeeamTransportSvc"),
    "management-agents": part("management_agents", "CcmExec", "Security logs"),
    "wsus-and-updates": part("wsus_and_updates", "WsusService", without="windows_7"),
    "dfs": part("dfs", "DFSR", "Public"),
    "infrastructure-roles": part("infrastructure_roles", "DNS", "DHCPServer"),
    "exchange-sharepoint": part("exchange_sharepoint", "MSExchangeIS"),
    "ipsec-vpn": part("ipsec_vpn", "RemoteAccess", "Servers speak IPsec", "8080"),
    "firewall-service-xp": Case("windows_xp", "windows_2000", ("Windows XP",)),
    "time": part("time", "Enabled is 1"),
    "task-scheduler": Case("windows_server_2022", "windows_xp", ("Windows Server 2022",)),
    "msdtc-msmq": part("msdtc_msmq", "MSMQ", "NetworkDtcAccess"),
    "netbios-consumers": part("netbios_consumers", "192.0.2.60"),
    "adapters-appearing-later": Case("windows_xp", "windows_xp", ("3Com",), planned=False),
    "rpc-runtime-misconfiguration": part("rpc_runtime_misconfiguration", "lacks"),
    "pending-reboot": part("pending_reboot", "RebootPending", "PendingFileRenameOperations"),
    "protected-or-security-software": part("protected_or_security_software", "Sense", without="windows_server_2008"),
    "per-user-instances": Case("windows_10", "windows_server_2012", ("CDPUserSvc",)),
    "container-wsl-nat": part("container_wsl_nat", "WslService", base="windows_10", without="windows_10+near_hazards"),
    "iscsi-storage": part("iscsi_storage", "MSiSCSI", "disk1"),
}


def everything(survey: Survey) -> Proposal:
    """Return a draft that closes every listener of a host, stopping its Server service."""
    options = ArgumentSpecValidator(minimize_spec()).validate({"accept": accepted(), "dependents": "stop"}).validated_parameters
    wanted = minimize_wanted(options, survey, KNOWLEDGE)
    plan = make(wanted, survey)
    stopping = frozenset(name.lower() for choice in wanted.choices for name in choice.method.services)
    return Proposal(plan, tuple(s for s in survey.explained if not s.management), stopping)


def make(wanted: Wanted, survey: Survey) -> Plan:
    return make_plan(wanted.desires, survey, KNOWLEDGE, wanted.terms, wanted.passed)


def accepted() -> list[str]:
    return [hazard.id for hazard in KNOWLEDGE.hazards if hazard.gate is Gate.ACCEPT]


def evidence(scenario: str, hazard: Hazard, *, planned: bool = True) -> tuple[str, ...]:
    with simulated(scenario, read_only=True) as host:
        survey = read_survey(host.session, KNOWLEDGE)
        proposal = everything(survey) if planned else Proposal(Plan())
        answer = Detector(host.session, survey, KNOWLEDGE).examine(hazard, proposal)
        assert not answer.denied, (scenario, answer.denied)
        return answer.lines


def test_the_table_has_every_hazard() -> None:
    assert set(SCENARIOS) == {hazard.id for hazard in KNOWLEDGE.hazards}
    assert len(SCENARIOS) == 36


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "management-channel-winrm"])
def test_where_it_shows_and_where_it_does_not(name: str) -> None:
    hazard = KNOWLEDGE.hazard(name)
    assert hazard is not None
    row = SCENARIOS[name]
    lines = evidence(row.shows, hazard, planned=row.planned)
    assert [word for word in row.words if word not in " | ".join(lines)] == [], lines
    assert evidence(row.without, hazard) == ()
