# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What closes now, what at the next boot, what stays: on the article's two hosts, whole plans and parts of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Forecast, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.forecast import count, forecast, lost
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import start_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import ValueType
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Terms, make_forecast, read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.future import Future
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.service_control import Wish
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.services import Desired as ServicesDesired
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeService, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import (
    ADDRESS,
    GUID,
    HOSTS,
    INTERFACES,
    KNOWLEDGE,
    TABLE_2000,
    TABLE_XP,
    desires,
    planned,
    survey_of,
    terms_of,
    windows_2000,
    windows_xp,
)

NOW, BOOT, KEPT, STAYS, UNKNOWN = Outlook.CLOSES_NOW, Outlook.CLOSES_AT_BOOT, Outlook.KEPT, Outlook.STAYS, Outlook.UNKNOWN


def by_name(entries: Iterable[Forecast]) -> dict[str, Outlook]:
    """Return outlooks by name; two rows of a name must agree."""
    found: dict[str, Outlook] = {}
    for entry in entries:
        assert found.setdefault(entry.endpoint.name, entry.outlook) is entry.outlook, entry
    return found


def entry_of(entries: Iterable[Forecast], name: str) -> Forecast:
    return next(entry for entry in entries if entry.endpoint.name == name)


def outlooks(fake: FakeHost, options: Mapping[str, Mapping[str, Any]], **said: Any) -> dict[str, Outlook]:
    _survey, _plan, entries = planned(fake, desires(options), **said)
    return by_name(entries)


def stop(*names: str) -> dict[str, Any]:
    return {"services": {"services": [{"name": name, "state": "stopped", "start_mode": "disabled"} for name in names]}}


FULL_2000 = {
    "tcp/25": NOW,
    "tcp/80": NOW,
    "tcp/443": NOW,
    "tcp/3372": NOW,
    "udp/3456": NOW,
    "udp/500": NOW,
    "tcp/139": NOW,
    "udp/137": NOW,
    "udp/138": NOW,
    "tcp/135": BOOT,
    "udp/135": BOOT,
    "tcp/445": BOOT,
    "udp/445": BOOT,
    # Which of these belongs to whom cannot be seen; the last of the possible owners ends with the boot.
    "tcp/1025": BOOT,
    "tcp/1026": BOOT,
    "tcp/1027": BOOT,
    "tcp/4983": BOOT,
    "udp/1028": BOOT,
    "udp/1029": BOOT,
    "tcp/5985": KEPT,
}
FULL_XP = {
    "tcp/5000": NOW,
    "udp/500": NOW,
    "udp/123": NOW,
    "udp/1900": NOW,
    "tcp/139": NOW,
    "udp/137": NOW,
    "udp/138": NOW,
    "tcp/135": BOOT,
    "udp/135": BOOT,
    "tcp/445": BOOT,
    "udp/445": BOOT,
    "tcp/1025": BOOT,
    "udp/1026": BOOT,
    "udp/1027": BOOT,
    "tcp/5985": KEPT,
}


def test_what_is_known_of_a_recipe_is_said_where_its_endpoint_stays_and_no_stage_says_more() -> None:
    survey, plan, _entries = planned(windows_xp(), desires(stop("W32Time")))
    recipes = {subject.endpoint.name: subject.recipe or "" for subject in survey.explained}
    known = {recipes[name]: f"known of {name}" for name in ("udp/123", "udp/500", "tcp/135")}
    future = Future(survey.host, KNOWLEDGE, plan, survey.configured)
    entries = forecast(survey.explained, future, terms_of(survey).kept, known)
    assert (entry_of(entries, "udp/500").outlook, entry_of(entries, "udp/500").why) == (STAYS, "known of udp/500")
    assert (entry_of(entries, "udp/123").outlook, entry_of(entries, "udp/123").why) == (NOW, "W32Time will not run")
    assert (entry_of(entries, "tcp/135").outlook, "DCOM is reached" in entry_of(entries, "tcp/135").why) == (STAYS, True)


@pytest.mark.parametrize("more", [0, 3])
def test_of_many_servers_that_may_keep_the_mapper_some_are_named_and_the_rest_is_counted(more: int) -> None:
    fake = windows_xp()
    fake.services.append(FakeService("Vendor", path=r"C:\vendor.exe", pid=2000))
    fake.processes[2000] = "vendor.exe"
    fake.netstat = [TABLE_XP + "".join(f"  TCP    0.0.0.0:{port}    0.0.0.0:0    LISTENING    2000\n" for port in range(1031, 1039 + more))]
    _survey, _plan, entries = planned(fake)
    mapper = entry_of(entries, "tcp/135")
    assert mapper.outlook is UNKNOWN
    assert (mapper.why.count("Vendor in pid 2000"), mapper.why.endswith(" and 3 more")) == (8, more == 3)


def test_what_was_to_be_kept_and_closes_all_the_same_is_told() -> None:
    kept = terms_of(survey_of(windows_xp()), keep=[{"port": "udp/123", "reason": "clocks"}, {"port": "tcp/135", "reason": "RPC"}]).kept
    _survey, _plan, entries = planned(windows_xp(), desires(stop("W32Time")))
    assert lost(entries, kept) == ("udp/123 is to be kept (clocks), but closes now: W32Time will not run",)


def test_the_whole_plan_of_windows_2000() -> None:
    survey, plan, entries = planned(windows_2000())
    assert by_name(entries) == FULL_2000
    assert len(entries) == len(survey.listing.endpoints) == 20
    # It is there and does not run.
    assert [warning.split()[0] for warning in plan.warnings] == ["RasAuto"]


def test_the_whole_plan_of_windows_xp() -> None:
    survey, plan, entries = planned(windows_xp())
    assert by_name(entries) == FULL_XP
    assert len(entries) == len(survey.listing.endpoints) == 17
    assert not plan.warnings


@pytest.mark.parametrize("make", [windows_2000, windows_xp])
def test_every_entry_says_why_and_winrm_says_where_it_was_found(make: Any) -> None:
    _survey, _plan, entries = planned(make())
    assert all(entry.why for entry in entries)
    assert "a listener of WinRM" in entry_of(entries, "tcp/5985").why


@pytest.mark.parametrize("make", [windows_2000, windows_xp])
def test_shuffled_rpc_ports_give_the_same_forecast(make: Any) -> None:
    plain, shuffled = make(), make()
    ports = {"1025": "1047", "1026": "1025", "1027": "1039", "1028": "1026", "1029": "1071", "4983": "2048"}
    shuffled.netstat = [re.sub(r":(\d+) ", lambda found: f":{ports.get(found[1], found[1])} ", plain.netstat[0])]
    assert shuffled.netstat != plain.netstat

    def meaning(fake: FakeHost) -> list[tuple[str, ...]]:
        _survey, _plan, entries = planned(fake)
        return sorted((str(e.identity), e.endpoint.address, str(e.now), str(e.boot), e.outlook, e.why, e.owner) for e in entries)

    assert meaning(shuffled) == meaning(plain)


@pytest.mark.parametrize("make", [windows_2000, windows_xp])
def test_a_second_plan_before_the_boot_is_empty_and_forecasts_what_is_left(make: Any) -> None:
    fake = make()
    _survey, plan, first = planned(fake)
    for change in plan.changes:
        carry_out(fake, change)
    closed = {entry.endpoint for entry in first if entry.now is Expectation.CLOSED}
    address_and_port = {(row.protocol.upper(), f"{row.address}:{row.port}") for row in closed}
    lines = [line for line in fake.netstat[0].splitlines() if tuple(line.split()[:2]) not in address_and_port]
    fake.netstat = ["\n".join(lines)]
    _again, nothing, second = planned(fake)
    assert nothing.changes == ()
    expected = {name: outlook for name, outlook in by_name(first).items() if outlook is not NOW}
    assert by_name(second) == expected


def carry_out(fake: FakeHost, change: Any) -> None:
    """Do to a fake host what a change says."""
    kind = type(change).__name__
    if kind == "StopService":
        service = fake.service(change.name)
        service.state, service.pid = "Stopped", None
    elif kind == "SetStartMode":
        fake.service(change.name).start = change.after.value.capitalize()
    elif kind == "SetNetbios":
        fake.put(rf"{INTERFACES}\Tcpip_{change.guid}", "NetbiosOptions", RegistryValue.dword(change.after))
    else:
        fake.put(change.key, change.name, change.after)


def test_messenger_alone_on_xp() -> None:
    found = outlooks(windows_xp(), stop("Messenger"))
    assert {name for name, outlook in found.items() if outlook is BOOT} == {"udp/1027", "udp/135"}
    others = {name: outlook for name, outlook in found.items() if outlook is not BOOT}
    # SSDPSRV is on manual and runs: the plan leaves it alone, and so it counts as staying.
    assert others == {name: {"tcp/5985": KEPT}.get(name, STAYS) for name in others}


def test_a_service_stopped_and_left_manual_may_be_started_again() -> None:
    wanted = {"services": {"services": [{"name": "SSDPSRV", "state": "stopped", "start_mode": "manual"}]}}
    found = outlooks(windows_xp(), wanted)
    assert {found[name] for name in ("tcp/5000", "udp/1900")} == {UNKNOWN}


def test_schedule_alone_on_xp() -> None:
    found = outlooks(windows_xp(), stop("Schedule"))
    assert found["tcp/1025"] is BOOT
    assert found["tcp/135"] is STAYS


def test_schedule_and_the_dcom_list_on_xp() -> None:
    found = outlooks(windows_xp(), {**stop("Schedule"), "dcom_protocols": {"remove": ["ncacn_ip_tcp"]}})
    assert (found["tcp/1025"], found["tcp/135"]) == (BOOT, BOOT)


def test_the_dcom_list_alone_leaves_135_to_the_rpc_server_that_uses_tcp() -> None:
    for make in (windows_2000, windows_xp):
        _survey, _plan, entries = planned(make(), desires({"dcom_protocols": {"remove": ["ncacn_ip_tcp"]}}))
        entry = entry_of(entries, "tcp/135")
        assert entry.outlook is STAYS
        assert "an RPC server uses TCP" in entry.why


def test_enable_dcom_alone_closes_nothing() -> None:
    found = outlooks(windows_xp(), {"dcom_protocols": {"enable_dcom": False}})
    assert {name for name, outlook in found.items() if outlook is not STAYS} == {"tcp/5985"}
    assert not {NOW, BOOT} & set(found.values())


def test_a_list_that_is_not_there_is_no_promise() -> None:
    fake = windows_xp()
    fake.put(r"SOFTWARE\Microsoft\Rpc", "DCOM Protocols", None)
    found = outlooks(fake, stop("Schedule", "Messenger"))
    assert (found["tcp/135"], found["udp/135"]) == (UNKNOWN, BOOT)


def test_parts_of_the_plan_on_windows_2000_are_unknown_and_never_guessed() -> None:
    found = outlooks(windows_2000(), stop("Messenger"))
    assert {found[name] for name in ("udp/1028", "udp/1029", "udp/135")} == {UNKNOWN, STAYS}
    assert {found[name] for name in ("udp/1028", "udp/1029")} == {UNKNOWN}
    found = outlooks(windows_2000(), stop("MSDTC"))
    assert found["tcp/3372"] is NOW
    assert {found[name] for name in ("tcp/1025", "tcp/1026", "tcp/1027", "tcp/4983")} == {UNKNOWN}


def test_a_part_that_covers_every_owner_of_udp_on_windows_2000() -> None:
    found = outlooks(windows_2000(), stop("Messenger", "IISADMIN", "W3SVC", "SMTPSVC"))
    assert {found[name] for name in ("udp/1028", "udp/1029", "udp/135")} == {BOOT}
    assert {found[name] for name in ("tcp/1025", "tcp/1026", "tcp/1027", "tcp/4983")} == {UNKNOWN}
    assert found["tcp/135"] is STAYS


def test_without_rasman_the_tcp_ports_of_windows_2000_are_not_promised() -> None:
    wanted = stop("IISADMIN", "W3SVC", "SMTPSVC", "MSDTC", "Schedule", "Messenger")
    found = outlooks(windows_2000(), {**wanted, "dcom_protocols": {"remove": ["ncacn_ip_tcp"]}})
    assert {found[name] for name in ("tcp/1025", "tcp/1026", "tcp/1027")} == {UNKNOWN}
    assert found["tcp/135"] is STAYS


def test_a_service_never_heard_of_keeps_135_unknown() -> None:
    fake = windows_xp()
    fake.services.append(FakeService("Vendor", path=r"C:\vendor.exe", pid=2000))
    fake.processes[2000] = "vendor.exe"
    fake.netstat = [TABLE_XP + "  TCP    0.0.0.0:1030    0.0.0.0:0    LISTENING    2000\n"]
    _survey, _plan, entries = planned(fake)
    assert entry_of(entries, "tcp/1030").outlook is STAYS
    assert entry_of(entries, "tcp/135").outlook is UNKNOWN
    assert "tcp/1030 (Vendor in pid 2000)" in entry_of(entries, "tcp/135").why
    assert entry_of(entries, "udp/135").outlook is BOOT


def test_a_service_never_heard_of_may_own_any_port_of_windows_2000() -> None:
    fake = windows_2000()
    fake.services.append(FakeService("Vendor", path=r"C:\vendor.exe"))
    _survey, _plan, entries = planned(fake)
    found = by_name(entries)
    assert {found[name] for name in ("tcp/1025", "tcp/4983", "udp/1029", "tcp/135", "udp/135")} == {UNKNOWN}
    assert found["tcp/25"] is NOW


def test_both_methods_for_port_445() -> None:
    assert outlooks(windows_xp(), {"smb_device": {"smb_over_tcp": "disabled", "method": "smb_device_enabled"}})["tcp/445"] is BOOT
    found = outlooks(
        windows_2000(),
        {"smb_device": {"smb_over_tcp": "disabled", "method": "netbt_driver"}},
        accept=["outgoing-smb"],
        dependents="stop",
    )
    assert {found[name] for name in ("tcp/445", "udp/445", "tcp/139", "udp/137", "udp/138")} == {NOW}


def test_netbios_of_one_adapter_leaves_that_of_the_other() -> None:
    fake = windows_xp()
    fake.adapters[1].addresses = ("10.1.1.1",)
    fake.netstat = [TABLE_XP + "  TCP    10.1.1.1:139    0.0.0.0:0    LISTENING    4\n"]
    _survey, _plan, entries = planned(fake, desires({"netbt": {"netbios": "disabled", "adapters": [ADDRESS]}}))
    assert {e.endpoint.address: e.outlook for e in entries if e.endpoint.name == "tcp/139"} == {ADDRESS: NOW, "10.1.1.1": STAYS}


def test_an_address_of_no_adapter_is_unknown() -> None:
    fake = windows_xp()
    fake.netstat = [TABLE_XP + "  UDP    10.1.1.1:137    *:*    4\n"]
    _survey, _plan, entries = planned(fake, desires({"netbt": {"netbios": "disabled"}}))
    assert {e.endpoint.address: e.outlook for e in entries if e.endpoint.name == "udp/137"} == {ADDRESS: NOW, "10.1.1.1": UNKNOWN}


def test_netbios_that_waits_for_a_boot_already() -> None:
    fake = windows_xp()
    fake.put(rf"{INTERFACES}\Tcpip_{GUID}", "NetbiosOptions", RegistryValue.dword(2))
    assert outlooks(fake, {})["tcp/139"] is BOOT


def test_what_is_only_stopped_returns() -> None:
    wanted = {"services": ServicesDesired((Wish("PolicyAgent", stop=True),))}
    _survey, _plan, entries = planned(windows_xp(), wanted)
    assert entry_of(entries, "udp/500").outlook is Outlook.RETURNS_AT_BOOT


def test_what_is_left_on_manual_may_be_started_again() -> None:
    wanted = {"services": ServicesDesired((Wish("PolicyAgent", stop=True, start_mode=StartMode.MANUAL),))}
    _survey, _plan, entries = planned(windows_xp(), wanted)
    entry = entry_of(entries, "udp/500")
    assert (entry.now, entry.boot, entry.outlook) == (Expectation.CLOSED, Expectation.UNKNOWN, UNKNOWN)
    assert "may start" in entry.why


def test_a_driver_that_does_not_load_takes_its_dependents_along() -> None:
    fake = windows_xp()
    fake.services.append(FakeService("Sharer", path=r"C:\s.exe", pid=77, depends=("NetBT",)))
    fake.put(r"SYSTEM\CurrentControlSet\Services\NetBT", "Start", RegistryValue.dword(4))
    fake.netstat = [TABLE_XP + "  TCP    0.0.0.0:1030    0.0.0.0:0    LISTENING    77\n"]
    assert outlooks(fake, {})["tcp/1030"] is BOOT


def two_thousand_without_iis_and_rasman() -> FakeHost:
    fake = windows_2000()
    gone = ("IISADMIN", "W3SVC", "SMTPSVC", "RasMan", "RasAuto")
    fake.services = [service for service in fake.services if service.name not in gone]
    return fake


def test_the_interface_restriction_on_windows_2000() -> None:
    found = outlooks(two_thousand_without_iis_and_rasman(), {"rpc_restriction": {"interfaces": ["loopback"]}})
    assert {found[name] for name in ("tcp/1025", "tcp/1026")} == {Outlook.LOOPBACK_ONLY}
    assert found["tcp/135"] is STAYS
    assert found["udp/1029"] is STAYS
    found = outlooks(two_thousand_without_iis_and_rasman(), {"rpc_restriction": {"interfaces": ["1", "2"]}})
    assert found["tcp/1025"] is UNKNOWN


def test_the_interface_restriction_promises_nothing_of_servers_that_nobody_saw_obey_it() -> None:
    assert outlooks(windows_2000(), {"rpc_restriction": {"interfaces": ["loopback"]}})["tcp/1025"] is UNKNOWN


def test_listen_on_internet() -> None:
    found = outlooks(windows_2000(), {"rpc_restriction": {"interfaces": ["loopback"], "listen_on_internet": False}})
    assert (found["tcp/135"], found["udp/135"]) == (Outlook.LOOPBACK_ONLY, STAYS)
    found = outlooks(windows_2000(), {"rpc_restriction": {"interfaces": ["2"], "listen_on_internet": False}})
    assert found["tcp/135"] is UNKNOWN


def test_a_bind_list_means_nothing_on_xp() -> None:
    fake = windows_xp()
    fake.put(r"SYSTEM\CurrentControlSet\Services\Rpc\Linkage", "Bind", RegistryValue.texts(("1",)))
    assert outlooks(fake, {})["tcp/1025"] is STAYS


def test_max_cached_sockets() -> None:
    found = outlooks(windows_xp(), {"name_resolution": {"max_cached_sockets": 0}})
    assert (found["udp/1026"], found["udp/1027"]) == (BOOT, STAYS)
    assert outlooks(windows_xp(), {"name_resolution": {"max_cached_sockets": 3}})["udp/1026"] is STAYS


LLMNR = (r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient", "EnableMulticast")


def llmnr(configured: RegistryValue | None, wanted: ValueType = ValueType.DWORD, data: int | str = 0) -> Outlook:
    """Forecast udp/5355 of a host on which a value is configured and nothing is planned, where the knowledge wants this one."""
    fake = HOSTS["windows_vista"]()
    fake.netstat = [TABLE_XP + "  UDP    0.0.0.0:5355    *:*    1112\n"]
    fake.put(*LLMNR, configured)
    recipe = KNOWLEDGE.recipes["llmnr-5355"]
    methods = tuple(replace(m, values=tuple(replace(v, type=wanted, data=data) for v in m.values)) for m in recipe.methods)
    knowledge = replace(KNOWLEDGE, recipes={**KNOWLEDGE.recipes, recipe.id: replace(recipe, methods=methods)})
    survey = read_survey(FakeSession(fake), knowledge)
    return entry_of(make_forecast(Plan(), survey, knowledge, Terms().kept), "udp/5355").outlook


def test_a_value_that_closes_a_port_counts_in_its_own_type_only() -> None:
    assert llmnr(RegistryValue.dword(0)) is BOOT
    for other in (None, RegistryValue.dword(1), RegistryValue.text("0"), RegistryValue(RegistryType.QWORD, 0)):
        assert llmnr(other) is STAYS, other


def test_a_text_that_windows_may_expand_is_not_what_it_looks_like() -> None:
    """StdRegProv shows a REG_EXPAND_SZ expanded, by the variables of whoever asks (Microsoft, GetExpandedStringValue)."""
    assert llmnr(RegistryValue.text("N"), ValueType.SZ, "N") is BOOT
    assert llmnr(RegistryValue(RegistryType.EXPAND_SZ, "N"), ValueType.SZ, "N") is STAYS


def test_an_unknown_owner_is_said() -> None:
    fake = windows_2000()
    fake.netstat = [TABLE_2000 + "  TCP    0.0.0.0:22    0.0.0.0:0    LISTENING\n"]
    _survey, _plan, entries = planned(fake)
    entry = entry_of(entries, "tcp/22")
    assert (entry.outlook, entry.owner, entry.why) == (STAYS, "unknown", "its owner is not known")


def test_kept_says_the_operators_reason() -> None:
    _survey, plan, entries = planned(windows_xp(), keep=[{"port": "tcp/445", "reason": "file shares"}])
    assert (entry_of(entries, "tcp/445").outlook, entry_of(entries, "tcp/445").why) == (KEPT, "file shares")
    assert not any("SmbDeviceEnabled" in change.target for change in plan.changes)


def test_what_a_kept_service_needs_is_not_called_kept() -> None:
    _survey, _plan, entries = planned(windows_xp(), keep=[{"service": "Schedule", "reason": "nightly jobs"}])
    found = by_name(entries)
    assert found["tcp/1025"] is KEPT
    # RpcSs must run; that its port stays is due to the RPC server.
    assert found["tcp/135"] is STAYS
    assert found["udp/135"] is BOOT


def test_keeping_a_service_by_its_port_keeps_what_it_needs_running() -> None:
    _survey, plan, entries = planned(windows_2000(), keep=[{"port": "tcp/80", "reason": "the shop"}])
    found = by_name(entries)
    assert (found["tcp/80"], found["tcp/25"]) == (KEPT, NOW)
    assert not any(change.target in ("service W3SVC", "service IISADMIN") for change in plan.changes)


def test_counts_leave_the_loopback_out() -> None:
    _survey, _plan, entries = planned(windows_xp())
    counts = count(entries)
    assert (counts.total, counts.closes_now, counts.closes_at_boot, counts.kept, counts.stays, counts.unknown) == (15, 7, 7, 1, 0, 0)


def test_whatever_the_registry_says_of_a_start_mode_is_what_the_boot_will_find() -> None:
    fake = HOSTS["windows_server_2022"]()
    fake.service("Spooler").start = "Disabled"
    fake.service("Spooler").state = "Stopped"
    survey = survey_of(fake)
    service = survey.host.services["spooler"]
    for number, mode in {2: StartMode.AUTO, 3: StartMode.MANUAL, 4: StartMode.DISABLED, 0: StartMode.BOOT, 9: StartMode.DISABLED}.items():
        configured = {start_setting("Spooler").place: RegistryValue.dword(number)}
        future = Future(survey.host, KNOWLEDGE, Plan(), configured)
        assert future.start_mode(service) is mode
        assert future.runs_at_boot(service) is (Expectation.OPEN if mode in (StartMode.AUTO, StartMode.BOOT) else Expectation.CLOSED)


@pytest.mark.parametrize(("option", "outlook"), [(2, Outlook.CLOSES_NOW), (1, Outlook.RETURNS_AT_BOOT)])
def test_netbios_that_is_off_does_not_return_with_its_driver(option: int, outlook: Outlook) -> None:
    fake = windows_2000()
    fake.put(rf"{INTERFACES}\Tcpip_{GUID}", "NetbiosOptions", RegistryValue.dword(option))
    survey = survey_of(fake)
    stop_driver = StopService(stage="smb_device", effective=Effective.NOW, why="", kind=ServiceKind.DRIVER, name="NetBT")
    entries = by_name(make_forecast(Plan((stop_driver,)), survey, KNOWLEDGE, Terms().kept))
    assert {entries[name] for name in ("udp/137", "udp/138", "tcp/139")} == {outlook}


def test_a_driver_that_will_not_load_closes_nothing_now_where_netbios_is_switched_on() -> None:
    fake = windows_2000()
    fake.put(rf"{INTERFACES}\Tcpip_{GUID}", "NetbiosOptions", RegistryValue.dword(2))
    fake.put(r"SYSTEM\CurrentControlSet\Services\NetBT", "Start", RegistryValue.dword(4))
    assert outlooks(fake, {"netbt": {"netbios": "enabled"}})["udp/137"] is BOOT
