# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done otherwise from Windows Vista on: SMB, protected and per-user services, switches, and owners."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotFound, Refused, UnsafePlan
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keep import read_keep
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME, Survey, Terms, read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Dependents
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, simulated

SERVICES = r"SYSTEM\CurrentControlSet\Services"


def survey_of(name: str) -> Survey:
    with simulated(name, read_only=True) as host:
        return read_survey(host.session, KNOWLEDGE)


TEN, SEVEN, VISTA = survey_of("windows_10"), survey_of("windows_7"), survey_of("windows_vista")
SERVER = survey_of("windows_server_2022")
UPDATES = frozenset({"wsus-and-updates"})


def planned(
    survey: Survey, stage: str, options: Mapping[str, Any], *, keep: tuple[dict[str, Any], ...] = (), named: bool = True, **said: Any
) -> Plan:
    """Plan one stage's own options, or the same where nobody asked for it by name."""
    terms = Terms(kept=read_keep(keep, survey.host, KNOWLEDGE, survey.explained).kept, **said)
    return make_plan({stage: STAGE_BY_NAME[stage].desired(options)}, survey, KNOWLEDGE, terms, named=(stage,) if named else ())


def shown(plan: Plan) -> list[tuple[str, object, object, str]]:
    return [(c.target, *c.shown, str(c.effective)) for c in plan.changes]


def stop(name: str) -> dict[str, Any]:
    return {"services": [{"name": name, "state": "stopped", "start_mode": "disabled"}]}


# --- SMB ---


def test_the_server_and_its_drivers_are_stopped_from_the_top() -> None:
    plan = planned(SEVEN, "smb_device", {"smb_over_tcp": "disabled"})
    stops = [c.target for c in plan.changes if c.shown[1] == "stopped"]
    assert stops == ["service Browser", "service LanmanServer", "driver srv", "driver srv2", "driver srvnet"]
    assert [c.target for c in plan.changes if c.shown[1] == "disabled"] == [
        "service HomeGroupListener",
        "service Browser",
        "service LanmanServer",
    ]


def test_a_driver_that_stayed_behind_is_stopped_although_the_server_is_off() -> None:
    with simulated("windows_server_2022") as host:
        stop_by_hand(host, "LanmanServer")
        survey = read_survey(host.session, KNOWLEDGE)
    plan = planned(survey, "smb_device", {"smb_over_tcp": "disabled"})
    assert [row[0] for row in shown(plan)] == ["service LanmanServer", "driver srv2", "driver srvnet"]


def stop_by_hand(host: Simulated, name: str) -> None:
    service = host.computer.host.services.find(name)
    assert service is not None
    host.computer.host.services.stop(service)
    host.session.forget()


@pytest.mark.parametrize("keep", [{"port": "tcp/445"}, {"service": "LanmanServer"}, {"recipe": "smb-445"}])
def test_smb_is_kept_as_a_whole(keep: dict[str, str]) -> None:
    kept = ({**keep, "reason": "shares"},)
    with pytest.raises(Refused, match="'keep' protects it"):
        planned(SERVER, "smb_device", {"smb_over_tcp": "disabled"}, keep=kept)
    plan = planned(SERVER, "smb_device", {"smb_over_tcp": "disabled"}, keep=kept, named=False)
    assert plan.changes == ()
    assert [(item.target, item.detail) for item in plan.unchanged] == [("SMB over TCP", "shares")]


def test_a_method_of_another_windows_is_refused() -> None:
    with pytest.raises(Refused, match="445 belongs to srvnet"):
        planned(SERVER, "smb_device", {"smb_over_tcp": "disabled", "method": "smb_device_enabled"})
    with pytest.raises(Refused, match="smb_server is not known on Windows XP"):
        planned(survey_of("windows_xp"), "smb_device", {"smb_over_tcp": "disabled", "method": "smb_server"})


def test_smb_is_taken_back_by_the_start_mode_of_the_server() -> None:
    with simulated("windows_server_2022") as host:
        host.session.set_value(rf"{SERVICES}\LanmanServer", "Start", RegistryValue.dword(4))
        host.boot()
        survey = read_survey(host.session, KNOWLEDGE)
    assert shown(planned(survey, "smb_device", {"smb_over_tcp": "enabled"})) == [("service LanmanServer", "disabled", "auto", "at boot")]


# --- services that the SCM lets nobody change, and templates ---


def test_a_protected_service_goes_by_its_registry_value() -> None:
    (row,) = shown(planned(TEN, "services", stop("DoSvc"), accept=UPDATES))
    assert row == (rf"HKLM\{SERVICES}\DoSvc\Start", 2, 4, "at boot")
    assert TEN.host.service("DoSvc").start_mode == "auto"


def test_a_protected_service_is_disabled_once() -> None:
    with simulated("windows_10") as host:
        host.session.set_value(rf"{SERVICES}\DoSvc", "Start", RegistryValue.dword(4))
        survey = read_survey(host.session, KNOWLEDGE)
    # The SCM goes on showing the old mode until the boot.
    assert survey.host.service("dosvc").start_mode == "auto"
    assert planned(survey, "services", stop("DoSvc"), accept=UPDATES).changes == ()


def test_a_protected_service_without_another_way_is_refused() -> None:
    with pytest.raises(Refused, match=r"protected process.*Windows is not known to accept any other way"):
        planned(TEN, "services", stop("WinDefend"))
    # What must never stop is refused as that.
    with pytest.raises(UnsafePlan, match="firewall and IPsec stop with it"):
        planned(TEN, "services", stop("BFE"))


def test_a_template_is_disabled_for_sign_ins_to_come_and_its_instance_stopped() -> None:
    instance = next(name for name in TEN.host.services if name.startswith("CDPUserSvc_"))
    plan = planned(TEN, "services", stop("cdpusersvc"))
    assert shown(plan) == [
        (rf"HKLM\{SERVICES}\CDPUserSvc\Start", 2, 4, "at boot"),
        (f"service {TEN.host.services[instance].name}", "running", "stopped", "now"),
    ]


def test_an_instance_is_refused_by_name_and_its_template_named() -> None:
    instance = next(s.name for s in TEN.host.services.values() if s.name.startswith("OneSyncSvc_"))
    with pytest.raises(InvalidOption, match="name its template 'OneSyncSvc'"):
        planned(TEN, "services", stop(instance))


def test_a_template_that_is_disabled_gives_disabled_instances_after_the_boot() -> None:
    with simulated("windows_10") as host:
        host.session.set_value(rf"{SERVICES}\CDPUserSvc", "Start", RegistryValue.dword(4))
        host.boot()
        survey = read_survey(host.session, KNOWLEDGE)
    (instance,) = [s for s in survey.host.services.values() if s.name.startswith("CDPUserSvc_")]
    assert (instance.stopped, instance.start_mode) == (True, "disabled")
    assert planned(survey, "services", stop("CDPUserSvc")).changes == ()


def test_display_names_never_match() -> None:
    with pytest.raises(NotFound, match="'Print Spooler' is a display name; the service's key name is 'Spooler'"):
        planned(TEN, "services", stop("Print Spooler"))
    german = survey_of("windows_server_2008_r2_german")
    with pytest.raises(NotFound, match="key name is 'Spooler'"):
        planned(german, "services", stop("Druckwarteschlange"))


@pytest.mark.parametrize(("name", "words"), [("Schedule", "maintenance"), ("LanmanWorkstation", "Group Policy")])
def test_a_service_whose_end_does_harm_is_refused_by_name(name: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        planned(SERVER, "services", stop(name), dependents=Dependents.STOP)


def test_a_service_that_opens_no_port_is_disabled_and_said_to_close_none() -> None:
    plan = planned(SERVER, "services", stop("RemoteRegistry"))
    assert plan.changes
    assert plan.warnings == ("stopping RemoteRegistry closes no port: it is reached through SMB and opens no port",)
    plan = planned(SERVER, "services", stop("lmhosts"))
    assert plan.warnings == ("stopping lmhosts closes no port: the service is a helper; the driver keeps the ports",)


def test_the_server_service_alone_may_leave_its_port_open() -> None:
    (warning,) = planned(SERVER, "services", stop("LanmanServer")).warnings
    assert warning.startswith("stopping LanmanServer may leave its port open: ")


@pytest.mark.parametrize(
    ("scenario", "name", "hazard"),
    [
        ("windows_server_2022_web_server", "W3SVC", "iis-http-sys"),
        ("windows_server_2019_rdp_host", "TermService", "rds"),
        ("windows_10", "DoSvc", "wsus-and-updates"),
    ],
)
@pytest.mark.parametrize("wish", [{"state": "stopped", "start_mode": "disabled"}, {"state": "stopped", "start_mode": "manual"}])
def test_a_service_that_somebody_uses_needs_the_hazard_accepted_by_name_too(
    scenario: str, name: str, hazard: str, wish: dict[str, str]
) -> None:
    survey, options = survey_of(scenario), {"services": [{"name": name, **wish}]}
    with pytest.raises(Refused, match=f"list '{hazard}' in 'accept'") as caught:
        planned(survey, "services", options)
    assert caught.value.hazards[:1] == (hazard,)
    terms: dict[str, Any] = {"accept": frozenset({hazard}), "dependents": Dependents.STOP}
    if (name, wish["start_mode"]) != ("DoSvc", "manual"):
        assert planned(survey, "services", options, **terms).changes


def test_the_server_service_of_a_domain_controller_never_stops() -> None:
    with simulated("windows_server_2022", windows={"domain_role": 5, "product_type": 2}) as host:
        survey = read_survey(host.session, KNOWLEDGE)
    for stage, options in (("smb_device", {"smb_over_tcp": "disabled"}), ("services", stop("LanmanServer"))):
        with pytest.raises(UnsafePlan, match="SYSVOL"):
            planned(survey, stage, options)


def test_the_homegroup_listener_goes_with_the_server_service() -> None:
    with simulated("windows_7") as host:
        service = host.computer.host.services.find("HomeGroupListener")
        assert service is not None
        host.computer.host.services.start(service)
        host.session.forget()
        survey = read_survey(host.session, KNOWLEDGE)
    targets = [c.target for c in planned(survey, "smb_device", {"smb_over_tcp": "disabled"}).changes]
    assert targets.index("service HomeGroupListener") < targets.index("service LanmanServer")


def test_a_harmful_stop_is_refused_whatever_the_start_mode() -> None:
    options = {"services": [{"name": "vmms", "state": "stopped", "start_mode": "manual"}]}
    with pytest.raises(Refused, match="vmms is not stopped"):
        planned(survey_of("windows_server_2025_hyperv_host"), "services", options)


def test_what_must_run_and_depends_on_it_is_named_before_other_advice() -> None:
    # A domain member that hosts DFS Namespaces: the service must go on, so that adding it to the plan would be no help.
    with simulated("windows_server_2003", windows={"domain_role": 3}) as host:
        survey = read_survey(host.session, KNOWLEDGE)
    assert not survey.host.service("Dfs").stopped
    with pytest.raises(UnsafePlan, match=r"(?i)Dfs is never stopped.*keep LanmanServer with a reason"):
        planned(survey, "services", stop("LanmanServer"))


@pytest.mark.parametrize("name", ["windows_xp_dhcp", "windows_vista", "windows_8_1", "windows_10"])
@pytest.mark.parametrize("dependents", list(Dependents))
def test_the_dhcp_client_never_stops_where_an_adapter_has_a_lease(name: str, dependents: Dependents) -> None:
    survey = survey_of(name)
    assert survey.host.uses_dhcp
    for options in (stop("Dhcp"), {"services": [{"name": "dhcp", "state": "unchanged", "start_mode": "manual"}]}):
        with pytest.raises(UnsafePlan, match="an adapter uses DHCP"):
            planned(survey, "services", options, dependents=dependents)


def test_the_dhcp_client_takes_nothing_along_that_must_run() -> None:
    with pytest.raises(UnsafePlan, match="WinHttpAutoProxySvc is never stopped"):
        planned(survey_of("windows_server_2012"), "services", stop("Dhcp"), dependents=Dependents.STOP)
    with pytest.raises(Refused, match=r"Dhcp is not changed.*Windows 10 1709"):
        planned(SERVER, "services", stop("Dhcp"), dependents=Dependents.STOP)


# --- switches ---


def test_switches_by_option_and_back() -> None:
    plan = planned(SERVER, "rpc_restriction", {"service_control": "no_tcp"})
    assert shown(plan) == [(r"HKLM\SYSTEM\CurrentControlSet\Control\DisableRPCOverTCP", None, 1, "at boot")]
    assert planned(SERVER, "rpc_restriction", {"service_control": "default"}).changes == ()
    with simulated("windows_server_2022") as host:
        host.session.set_value(r"SYSTEM\CurrentControlSet\Control", "DisableRemoteScmEndpoints", RegistryValue.dword(1))
        survey = read_survey(host.session, KNOWLEDGE)
    plan = planned(survey, "rpc_restriction", {"service_control": "default"})
    assert shown(plan) == [(r"HKLM\SYSTEM\CurrentControlSet\Control\DisableRemoteScmEndpoints", 1, None, "at boot")]


def test_a_switch_of_the_wrong_type_is_written_anew() -> None:
    with simulated("windows_7") as host:
        host.session.set_value(r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient", "EnableMulticast", RegistryValue.text("0"))
        survey = read_survey(host.session, KNOWLEDGE)
    (change,) = planned(survey, "name_resolution", {"llmnr": "disabled"}).changes
    assert isinstance(change, SetRegistryValue)
    assert change.after == RegistryValue.dword(0)


@pytest.mark.parametrize(
    ("survey", "stage", "options", "words"),
    [
        (SERVER, "rpc_restriction", {"spooler": "local_only"}, "'unverified: apply'"),
        (SEVEN, "name_resolution", {"mdns": "disabled"}, "mdns_off is not known on Windows 7"),
        (SEVEN, "rpc_restriction", {"account_database": "no_tcp"}, "sam_no_tcp is not known on"),
    ],
)
def test_a_switch_that_is_not_known_to_work_there_is_refused(survey: Survey, stage: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        planned(survey, stage, options)
    assert planned(SERVER, "rpc_restriction", {"spooler": "local_only"}, unverified=True).changes


def test_a_kept_service_keeps_its_switches_unwritten() -> None:
    keep = ({"service": "Dnscache", "reason": "names of the laboratory"},)
    asked = {"llmnr": "disabled", "mdns": "disabled"}
    with pytest.raises(Refused, match=r"2 refusals.*\n- 'llmnr_off' .*names of the laboratory.*\n- 'mdns_off'"):
        planned(TEN, "name_resolution", asked, keep=keep)
    plan = planned(TEN, "name_resolution", asked, keep=keep, named=False)
    assert plan.changes == ()
    assert {item.detail for item in plan.unchanged} == {"names of the laboratory"}


# --- owners ---


def owners(survey: Survey) -> dict[tuple[str, int], set[str]]:
    found: dict[tuple[str, int], set[str]] = {}
    for subject in survey.explained:
        found.setdefault((str(subject.endpoint.protocol), subject.endpoint.port), set()).add(subject.owner.partition(" in pid")[0])
    return found


def test_ports_of_the_kernel_are_told_apart_by_what_is_known_of_them() -> None:
    seven = owners(SEVEN)
    assert seven["tcp", 445] == {"srvnet"}
    assert seven["tcp", 139] == {"NetBT"}
    assert seven["tcp", 5357] == {"one of FDResPub, fdPHost"}
    assert seven["tcp", 47001] == {"WinRM"}
    assert owners(survey_of("windows_server_2022_web_server"))["tcp", 80] == {"W3SVC"}


@pytest.mark.parametrize("survey", [SEVEN, TEN], ids=["one process", "processes of their own"])
def test_of_services_in_one_process_the_one_that_is_not_known_to_be_silent_owns(survey: Survey) -> None:
    (owner,) = {subject.owner for subject in survey.explained if "Schedule" in subject.owners}
    assert owner.startswith("Schedule in pid ")


def test_processes_without_a_service_are_owners_by_their_program() -> None:
    dynamic = {subject.owners for subject in TEN.explained if subject.dynamic}
    assert {("wininit.exe",), ("services.exe",), ("lsass.exe",)} <= dynamic


def test_several_sockets_on_one_udp_port_are_told_apart_by_their_process() -> None:
    assert owners(survey_of("windows_server_2022_browser"))["udp", 5353] == {"Dnscache", "msedge.exe"}


def test_a_program_beside_the_services_of_discovery_has_a_recipe_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "paired.yml"
    path.write_text(
        """
extends: windows_10
title: a printer that was found on the network is paired
sources: ["published listings of Windows 10: dasHost.exe on UDP 3702 and on a dynamic port"]
processes: [{id: dashost, name: dasHost.exe, command: dasHost.exe, pid: 4996, permanent: true}]
services: [{name: FDResPub, demanded: true}, {name: fdPHost, demanded: true}]
sockets:
  - {owner: dashost, protocol: udp, port: 3702, shared: true}
  - {owner: dashost, protocol: udp, port: 0}
  - {owner: FDResPub, protocol: udp, port: 3702, shared: true}
""",
        encoding="utf-8",
    )
    survey = survey_of(str(path))
    found = {(s.owners, s.dynamic): s.recipe for s in survey.explained if s.endpoint.port == 3702 or s.endpoint.pid == 4996}
    assert found == {
        (("dasHost.exe",), False): "device-association-3702",
        (("dasHost.exe",), True): "device-association-3702",
        (("FDResPub",), False): "wsd-3702-5357",
    }


def test_winrm_1_1_is_read_over_its_own_port() -> None:
    assert {subject.endpoint.port for subject in VISTA.explained if subject.management} == {80}
