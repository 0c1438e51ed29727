# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every hazard on a host that shows it and on one that does not, and what becomes of a plan at each gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, Refused, UnsafePlan
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._host.connections import read_connections
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Gate, Hazard, Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.hazards import Fact
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import write_value
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Blocks
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gated import Gated, plan_gated
from ansible_collections.netmin.windows.plugins.plugin_utils._run.hazards import (
    MOST,
    Detector,
    Draft,
    bounded,
    warnings_of,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted, minimize_spec, minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.probes import LONGEST, Prober, Proposal
from ansible_collections.netmin.windows.plugins.plugin_utils._run.reach import FoundHazard
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME, Survey, read_survey
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, scenario, simulated

from winsim.registry_value import RegistryValue as SimulatedValue

MOST_REQUESTS = 30


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
    "domain-member": part("domain_member", "domain member"),
    "gpo-conflict": part("gpo_conflict", "EnableMulticast", "LocalGPO"),
    "cluster": part("cluster", "ClusSvc", "Failover Clustering"),
    "shares-in-use": part("shares_in_use", "Data", "clerk", "192.0.2.77"),
    "outgoing-smb": part("outgoing_smb", "files.example.test apps", "agent.exe"),
    "printing": part("printing", "Office", "Hallway"),
    "established-inbound": part("established_inbound", "192.0.2.78:50210", "tcp/445"),
    "dependents": part("dependents", "FolderIndex"),
    "dhcp-netbt-xp": Case("windows_xp_dhcp", "windows_xp", ("adapter",)),
    "hyper-v": part("hyper_v", "vmms", "payroll"),
    "virtual-guest": part("virtual_guest", "VMTools"),
    "sql-server": part("sql_server", "MSSQLSERVER"),
    "iis-http-sys": part("iis_http_sys", "W3SVC", "Default Web Site"),
    "rds": part("rds", "Remote Desktop Session Host"),
    "backup-agents": part("backup_agents", "VeeamTransportSvc"),
    "management-agents": part("management_agents", "CcmExec", "Security logs"),
    "wsus-and-updates": part("wsus_and_updates", "WsusService", without="windows_7"),
    "dfs": part("dfs", "DFSR", "Public"),
    "infrastructure-roles": part("infrastructure_roles", "DNS", "DHCPServer"),
    "server-roles": part("server_roles", "POP3SVC"),
    "exchange-sharepoint": part("exchange_sharepoint", "MSExchangeIS"),
    "ipsec-vpn": part("ipsec_vpn", "RemoteAccess", "Servers speak IPsec"),
    "port-proxy": part("port_proxy", "2222"),
    "firewall-service-xp": Case("windows_xp", "windows_2000", ("Windows XP",)),
    "time": part("time", "Enabled is 1"),
    "task-scheduler": Case("windows_server_2022", "windows_xp", ("Windows Server 2022",)),
    "msdtc-msmq": part("msdtc_msmq", "MSMQ", "NetworkDtcAccess"),
    "netbios-consumers": part("netbios_consumers", "192.0.2.60"),
    "adapters-appearing-later": Case("windows_xp", "windows_xp", ("3Com",), planned=False),
    "rpc-runtime-misconfiguration": part("rpc_runtime_misconfiguration", "has only some of"),
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
    stopping = Names(name for choice in wanted.choices for name in choice.method.services)
    return Proposal(plan, tuple(s for s in survey.explained if not s.management), stopping)


def make(wanted: Wanted, survey: Survey) -> Plan:
    return make_plan(wanted.desires, survey, KNOWLEDGE, wanted.terms, wanted.skipped, named=wanted.named)


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
    assert len(SCENARIOS) == 38


# A peer is connected to WinRM on each host of the tests: the one that asks. What becomes of it, the plan decides.
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "management-channel-winrm"])
def test_where_it_shows_and_where_it_does_not(name: str) -> None:
    hazard = KNOWLEDGE.hazard(name)
    assert hazard is not None
    row = SCENARIOS[name]
    lines = evidence(row.shows, hazard, planned=row.planned)
    assert [word for word in row.words if word not in " | ".join(lines)] == [], lines
    assert evidence(row.without, hazard) == ()


@pytest.mark.parametrize("scenario", ["windows_2000", "windows_xp", "windows_10", "windows_server_2022"])
def test_the_path_of_the_session_shows_everywhere_and_only_a_plan_that_would_cut_it_is_refused(scenario: str) -> None:
    hazard = KNOWLEDGE.hazard("management-channel-winrm")
    assert hazard is not None
    assert any("5985" in text for text in evidence(scenario, hazard, planned=False))
    with simulated(scenario, read_only=True) as host:
        for name in ("WinRM", "HTTP"):
            for wish in ({"state": "stopped"}, {"start_mode": "disabled"}):
                with pytest.raises(UnsafePlan, match=f"{name} is never stopped or disabled"):
                    gated(host, accept=accepted(), dependents="stop", services=[{"name": name, **wish}])
        made = gated(host, accept=accepted(), dependents="stop")
        assert made.plan.changes
        assert [item for item in made.findings if item.hazard == hazard] == []


# One host with all of them, but for those that exclude a draft that stops everything.
ALL = "+".join(f"hazard_{name.replace('-', '_')}" for name in SCENARIOS if f"+hazard_{name.replace('-', '_')}" in SCENARIOS[name].shows)
TOGETHER = {
    "windows_server_2022": ("hazard_domain_member", "hazard_domain_controller", "hazard_dfs", "hazard_cluster"),
    "windows_10": ("hazard_domain_member", "hazard_domain_controller", "hazard_dfs", "hazard_cluster"),
}


@pytest.mark.parametrize("base", TOGETHER)
def test_all_together_cost_little(base: str) -> None:
    parts = [name for name in ALL.split("+") if name not in TOGETHER[base]]
    with simulated("+".join((base, *parts)), read_only=True) as host:
        survey = read_survey(host.session, KNOWLEDGE)
        proposal = everything(survey)
        # What the management path needs of a run that changes something is its own.
        read_connections(host.session, survey.host, survey.listing)
        before = requests(host)
        detector = Detector(host.session, survey, KNOWLEDGE)
        assert requests(host) == before
        found = [hazard.id for hazard in KNOWLEDGE.hazards if detector.examine(hazard, proposal).lines]
        assert len(found) > 20
        assert requests(host) - before <= MOST_REQUESTS


def requests(host: Simulated) -> int:
    return int(host.session.stats.plain()["requests"])


def gated(host: Simulated, *, knowledge: Knowledge = KNOWLEDGE, **options: Any) -> Gated:
    """Plan as minimize does."""
    given = ArgumentSpecValidator(minimize_spec()).validate(options).validated_parameters

    def choose(survey: Survey, blocks: Blocks) -> Wanted:
        return minimize_wanted(given, survey, knowledge, blocks)

    return plan_gated(host.session, read_survey(host.session, knowledge), knowledge, choose)


def targets(made: Gated) -> set[str]:
    return {change.target for change in made.plan.changes}


def finding(made: Gated, name: str) -> FoundHazard:
    return next(item for item in made.findings if item.hazard.id == name)


SHARES = "windows_server_2022+hazard_shares_in_use"


def test_what_a_hazard_forbids_is_passed_over_and_the_rest_is_done() -> None:
    with simulated(SHARES, read_only=True) as host:
        made = gated(host, accept=["established-inbound"])
        assert "service LanmanServer" not in targets(made)
        assert "service Spooler" in targets(made)
        passed = {item.recipe.id: item for item in made.wanted.skipped}
        assert (passed["smb-445"].reason, passed["smb-445"].hazards[:1]) == (Reason.GATED, ("shares-in-use",))
        assert "Data" in passed["smb-445"].detail
        assert set(finding(made, "shares-in-use").affects) == {"smb-445", "netbios-137-138-139"}


def test_what_is_accepted_is_done_and_still_told() -> None:
    with simulated(SHARES, read_only=True) as host:
        made = gated(host, accept=["shares-in-use", "established-inbound"])
        assert "service LanmanServer" in targets(made)
        assert finding(made, "shares-in-use").accepted


@pytest.mark.parametrize("options", [{"recipes": ["smb-445"]}, {"smb_device": {"smb_over_tcp": "disabled"}}])
def test_what_is_asked_for_by_name_is_refused_with_id_and_evidence(options: dict[str, Any]) -> None:
    with simulated(SHARES, read_only=True) as host, pytest.raises(Refused, match=r"share Data.*'shares-in-use' in 'accept'") as caught:
        gated(host, accept=["established-inbound"], **options)
    assert caught.value.hazards[:1] == ("shares-in-use",)


def test_a_warning_stops_nothing() -> None:
    with simulated("windows_server_2022+hazard_netbios_consumers", read_only=True) as host:
        made = gated(host)
        assert any(text.startswith("hazard netbios-consumers: ") and "192.0.2.60" in text for text in warnings_of(made.findings))
        assert any(target.startswith("adapter ") for target in targets(made))


def test_no_option_lifts_what_must_never_be() -> None:
    options: dict[str, Any] = {"services": [{"name": "VMTools", "state": "stopped"}], "accept": accepted()}
    with simulated("windows_server_2022+hazard_virtual_guest", read_only=True) as host, pytest.raises(UnsafePlan):
        gated(host, **options)
    assert not {"virtual-guest", "firewall-service-xp", "management-channel-winrm"} & set(accepted())


POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft\W32Time"
BY_POLICY = [
    ("windows_server_2019", rf"{POLICIES}\TimeProviders\NtpServer", "Enabled", 1, True),
    ("windows_server_2019", rf"{POLICIES}\TimeProviders\NtpServer", "Enabled", 0, False),
    # There the provider is on in a plain install, and the announcing decides.
    ("windows_xp", rf"{POLICIES}\TimeProviders\NtpServer", "Enabled", 1, False),
    ("windows_xp", rf"{POLICIES}\Config", "AnnounceFlags", 13, True),
    ("windows_server_2003", rf"{POLICIES}\Config", "AnnounceFlags", 5, True),
    ("windows_server_2003", rf"{POLICIES}\Config", "AnnounceFlags", 10, False),
]


@pytest.mark.parametrize(("name", "key", "value", "data", "shows"), BY_POLICY)
def test_a_time_server_by_policy_is_one_and_is_left(name: str, key: str, value: str, data: int, shows: bool) -> None:
    machine = scenario(name).host
    ruled = replace(machine, registry={**machine.registry, key: {value: SimulatedValue.dword(data)}})
    with simulated(name, host=ruled, read_only=True) as host:
        made = gated(host)
        assert ("service W32Time" in targets(made)) is not shows
        found = [text for item in made.findings if item.hazard.id == "time" for text in item.evidence]
    assert found == ([f"time server by policy {value} is {data}"] if shows else [])


def test_a_peer_at_a_port_keeps_it_open_and_no_other() -> None:
    with simulated("windows_server_2022+hazard_established_inbound", read_only=True) as host:
        made = gated(host)
        item = finding(made, "established-inbound")
        assert item.affects == ("smb-445",)
        assert [text for text in item.evidence if "192.0.2.77" in text or "5985" in text] == []
        assert ("service LanmanServer" in targets(made), "service Spooler" in targets(made)) == (False, True)


def test_a_dependent_keeps_its_service_and_no_other() -> None:
    with simulated("windows_server_2022+hazard_dependents", read_only=True) as host:
        made = gated(host)
        (told,) = finding(made, "dependents").evidence
        assert told.startswith("dependent FolderIndex, which depends on LanmanServer")
        assert not {"service LanmanServer", "service FolderIndex"} & targets(made)
        assert "service Spooler" in targets(made)
        assert {"service LanmanServer", "service FolderIndex"} <= targets(gated(host, accept=["dependents"]))
        with pytest.raises(Refused, match="FolderIndex") as caught:
            gated(host, recipes=["smb-445"])
        assert caught.value.hazards[:1] == ("dependents",)


WSUS = "windows_server_2022+hazard_wsus_and_updates"
# All that the stop of W3SVC needs, for its own sake.
WEB = ["iis-http-sys", "established-inbound"]
ALLOWED: tuple[dict[str, Any], ...] = ({"accept": [*WEB, "dependents"]}, {"accept": [*WEB, "dependents"], "dependents": "stop"})


@pytest.mark.parametrize("options", ALLOWED)
def test_what_would_stop_along_has_its_own_hazard(options: dict[str, Any]) -> None:
    with simulated(WSUS, read_only=True) as host:
        made = gated(host, **options)
        assert finding(made, "wsus-and-updates").stands
        assert not {"service WsusService", "service W3SVC"} & targets(made)
        assert "service Spooler" in targets(made)
        passed = {item.recipe.id: item for item in made.wanted.skipped}
        assert (passed["iis7"].reason, passed["iis7"].hazards[:1]) == (Reason.GATED, ("wsus-and-updates",))
        assert "iis7" in finding(made, "wsus-and-updates").affects
        accepted_too = gated(host, **{**options, "accept": [*options["accept"], "wsus-and-updates"]})
        assert {"service WsusService", "service W3SVC"} <= targets(accepted_too)


@pytest.mark.parametrize("named", [{"recipes": ["iis7"]}, {"services": [{"name": "W3SVC", "state": "stopped"}]}])
@pytest.mark.parametrize("options", ALLOWED)
def test_what_stops_something_along_by_name_is_refused_for_its_hazard(named: dict[str, Any], options: dict[str, Any]) -> None:
    with simulated(WSUS, read_only=True) as host:
        with pytest.raises(Refused, match=r"WsusService \(depends on W3SVC\) is not changed: .*'wsus-and-updates' in 'accept'") as caught:
            gated(host, **named, **options)
        assert caught.value.hazards[:1] == ("wsus-and-updates",)


def test_a_port_is_not_closed_in_another_way_that_stops_the_same_along() -> None:
    """Tcp/445 has two methods that stop the Server service; a hazard is about the service that either stops along."""
    moved = {"task-scheduler": ("FolderIndex",)}
    hazards = tuple(
        replace(h, affects=replace(h.affects, recipes=(), methods=(), services=moved[h.id])) if h.id in moved else h
        for h in KNOWLEDGE.hazards
    )
    accept = [name for name in accepted() if name not in moved]
    with simulated("windows_server_2022+hazard_dependents", read_only=True) as host:
        made = gated(host, knowledge=replace(KNOWLEDGE, hazards=hazards), accept=accept, unverified="apply")
        assert not {"service LanmanServer", "service FolderIndex"} & targets(made)
        assert "task-scheduler" in next(item.hazards for item in made.wanted.skipped if item.recipe.id == "smb-445")


PENDING = "windows_server_2022+hazard_pending_reboot"


def test_a_boot_that_is_due_is_told_of_the_values_that_wait_for_one() -> None:
    with simulated(PENDING, read_only=True) as host:
        item = finding(gated(host), "pending-reboot")
        assert (item.detected, item.stands) == (True, False)
        # Each of these is a registry value that its owner reads when it starts.
        assert {"rpc-scm", "llmnr-5355", "mdns-5353"} <= set(item.affects)
        assert not {"w32time-123", "rpc-spooler", "smb-445"} & set(item.affects)
        assert "hazard pending-reboot: " in " ".join(warnings_of(gated(host, recipes=["llmnr-5355"]).findings))
    with simulated("windows_server_2022", read_only=True) as host:
        assert [item for item in gated(host).findings if item.hazard.id == "pending-reboot"] == []


def test_a_boot_that_is_due_does_not_matter_to_what_takes_effect_at_once() -> None:
    with simulated(PENDING, read_only=True) as host:
        made = gated(host, stages=["services"], services=[{"name": "Spooler", "state": "stopped", "start_mode": "disabled"}])
        assert targets(made) == {"service Spooler"}
        assert [item for item in made.findings if item.hazard.id == "pending-reboot"] == []


def test_what_security_software_may_undo_is_told_of_a_stop_and_of_a_start_mode_alone() -> None:
    with simulated("windows_server_2022+hazard_protected_or_security_software", read_only=True) as host:
        for name, wish, shown in (
            ("Spooler", {"start_mode": "manual", "state": "unchanged"}, [("auto", "manual")]),
            # It is manual already.
            ("LmHosts", {"start_mode": "manual", "state": "stopped"}, [("running", "stopped")]),
        ):
            made = gated(host, stages=["services"], services=[{"name": name, **wish}])
            assert [change.shown for change in made.plan.changes] == shown
            assert finding(made, "protected-or-security-software").detected


CONTROLLER = "windows_server_2022+hazard_domain_controller"


def test_a_domain_controller_gets_the_plan_that_is_safe_there() -> None:
    with simulated(CONTROLLER, read_only=True) as host:
        made = gated(host)
        stages = {change.stage for change in made.plan.changes}
        assert stages == {"netbt", "name_resolution"}
        assert any("domain-controller" in item.hazards for item in made.wanted.skipped if item.reason is Reason.GATED)
        with pytest.raises(Refused, match="domain-controller"):
            gated(host, services=[{"name": "Spooler", "state": "stopped"}])
        assert "service Spooler" in targets(gated(host, accept=["domain-controller"]))
    with simulated(f"{CONTROLLER}+hazard_netbios_consumers", read_only=True) as host:
        assert {change.stage for change in gated(host).plan.changes} == {"name_resolution"}


def test_a_cluster_node_keeps_what_the_cluster_needs() -> None:
    with simulated("windows_server_2022+hazard_cluster", read_only=True) as host:
        made = gated(host)
        kept = {item.recipe.id for item in made.wanted.skipped if "cluster" in item.hazards}
        assert {"smb-445", "rpc-scm", "netbios-137-138-139"} <= kept
        assert {"service Spooler", "service W32Time"} <= targets(made)


def test_nothing_is_asked_where_nothing_would_change() -> None:
    with simulated("windows_server_2022", read_only=True) as host:
        survey = read_survey(host.session, KNOWLEDGE)
        before = requests(host)
        detector = Detector(host.session, survey, KNOWLEDGE)
        assert detector.look(Draft(Plan())) == ()
        assert requests(host) == before


def examined(hazard_id: str, answer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Examine a hazard on a plain host whose every query is answered by the test."""
    hazard = KNOWLEDGE.hazard(hazard_id)
    assert hazard is not None
    with simulated("windows_server_2022", read_only=True) as host:
        survey = read_survey(host.session, KNOWLEDGE)
        monkeypatch.setattr(host.session, "query", answer)
        return Detector(host.session, survey, KNOWLEDGE).examine(hazard, Proposal(Plan()))


def test_what_may_not_be_seen_is_told_and_not_taken_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_given: Any) -> Any:
        raise AccessDenied("access denied", host="h", code=5, subcode="")

    answer = examined("shares-in-use", refuse, monkeypatch)
    assert answer.lines == ()
    assert [text.partition(":")[0] for text in answer.denied] == ["Win32_Share", "Win32_ServerSession"]


def test_hostile_and_endless_evidence_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def many(wmi_class: str, *_arguments: Any, **_given: Any) -> Any:
        return tuple(Row(wmi_class, {"Name": f"{number}\n{{{{ x }}}}" + "y" * 9999, "Type": "0"}) for number in range(1000))

    answer = examined("shares-in-use", many, monkeypatch)
    assert len(answer.lines) == 1001
    assert max(map(len, answer.lines)) <= LONGEST
    assert not any("\n" in text for text in answer.lines)
    assert len(bounded(answer.lines)) == MOST + 1
    assert bounded(answer.lines)[-1] == "and 981 more"


def test_what_every_method_touches_is_known() -> None:
    """A change that belongs to no method passes the gates of its recipe unseen."""
    methods = {(m.stage, m.id): bool(m.services or m.values) for recipe in KNOWLEDGE.recipes.values() for m in recipe.methods}
    by_code = {(stage.name, method) for stage in STAGE_BY_NAME.values() for method in stage.touches}
    assert by_code <= set(methods)
    assert [method for method, told in methods.items() if not told and method not in by_code] == []


def test_each_plan_is_compared_with_all_that_a_policy_sets() -> None:
    """The rows are asked for once; which of them a plan touches differs from plan to plan."""
    names = ("registryKey", "valueName", "GPOID")
    asked: list[str] = []

    def query(wmi_class: str, properties: tuple[str, ...], **_more: object) -> tuple[Row, ...]:
        asked.append(wmi_class)
        assert properties == names
        return tuple(Row(wmi_class, dict(zip(names, (rf"SOFTWARE\{key}", "v", f"policy {key}"), strict=True))) for key in "AB")

    with simulated("windows_server_2022") as host:
        host.boot()
        survey = read_survey(host.session, KNOWLEDGE)
    prober = Prober(SimpleNamespace(host="web01", query=query), survey, KNOWLEDGE)
    policy = next(probe for hazard in KNOWLEDGE.hazards for probe in hazard.detect if probe.fact is Fact.POLICY)
    for key, found in (("A", "policy A"), ("B", "policy B"), ("b", "policy B")):
        value = Setting(rf"SOFTWARE\{key}", "v", RegistryType.DWORD)
        plan = Plan(write_value("services", value, None, RegistryValue.dword(1), "why"))
        (line,) = prober.answer(policy, Proposal(plan)).lines
        assert found in line
    assert asked == ["RSOP_RegistryPolicySetting"]
