# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When Windows Firewall drops what comes from outside, and when it does not although a rule stands in the registry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from winsim.host import controls
from winsim.host.clock import ManualClock
from winsim.host.controls import Written
from winsim.host.environment import expand
from winsim.host.faults import parse as fault
from winsim.host.firewall import (
    LOCAL,
    LOCAL_PROFILES,
    LOCAL_RULES,
    POLICY,
    POLICY_RULES,
    program_of,
)
from winsim.host.firewall_rules import parse
from winsim.host.machine import Machine
from winsim.host.model import SERVICES, AdapterSpec, Category
from winsim.host.scm import Outcome
from winsim.registry_value import RegistryValue
from winsim.scenarios import load_scenario, names

from .hosts import TCP, UDP, make, service, write

SERVER = "windows_server_2022"
START = "v2.31|Action=Block|Active=TRUE|Dir=In|"
SMB = f"{START}Protocol=6|LPort=445|Name=x|"
SECOND = AdapterSpec(name="second", guid="{00000000-0000-0000-0000-000000000002}", index=9, address="198.51.100.22")


def add(host: Machine, text: str = SMB) -> None:
    assert controls.add_firewall_rule(host, parse(text)) is Written.DONE


def dropped(host: Machine) -> set[tuple[str, str, int]]:
    return {(held.endpoint.protocol, held.endpoint.address, held.endpoint.port) for held in host.visible.sockets() if held.dropped}


def both(port: int) -> set[tuple[str, str, int]]:
    return {(TCP, "0.0.0.0", port), (TCP, "::", port)}


def with_categories(scenario: str, *categories: Category | None, role: int | None = None) -> Machine:
    """Start a host with an adapter per category, the second with an address of its own."""
    spec = load_scenario(scenario).host
    loopback = next(adapter for adapter in spec.adapters if adapter.loopback)
    real = next(adapter for adapter in spec.adapters if adapter.connected)
    adapters = [replace(adapter, category=category) for adapter, category in zip((real, SECOND), categories, strict=False)]
    windows = spec.windows if role is None else replace(spec.windows, domain_role=role)
    return Machine(replace(spec, adapters=(loopback, *adapters), windows=windows), clock=ManualClock())


def test_every_windows_since_6_0_has_the_services_and_the_values() -> None:
    modern = [spec for spec in (load_scenario(name).host for name in names()) if int(spec.windows.version.split(".")[0]) >= 6]
    assert len(modern) > 20
    for spec in modern:
        host = Machine(spec, clock=ManualClock())
        caption = spec.windows.caption
        assert all(service(host, name).running for name in ("BFE", "MpsSvc")), caption
        assert service(host, "MpsSvc").depends == ("mpsdrv", "BFE"), caption
        values = [host.registry.number(rf"{LOCAL}\{profile}", "EnableFirewall") for profile in LOCAL_PROFILES.values()]
        assert set(values) <= {0, 1}, caption
        assert host.firewall.stored(), caption


@pytest.mark.parametrize("scenario", ["windows_vista", "windows_7", "windows_server_2012", SERVER, "windows_11"])
def test_a_rule_drops_at_once_and_is_gone_at_once(scenario: str) -> None:
    host = make(scenario)
    assert dropped(host) == set()
    assert host.visible.exposed() == host.visible.endpoints()
    add(host)
    assert dropped(host) == both(445)
    assert {row for row in host.visible.endpoints() if row not in host.visible.exposed()} == {
        row for row in host.visible.endpoints() if row.port == 445
    }
    (name,) = [name for name, rule in host.firewall.stored().items() if rule.name == "x"]
    assert controls.delete_firewall_rule(host, name) is Written.DONE
    assert dropped(host) == set()


def test_names_of_rules_differ_and_are_the_same_on_every_run() -> None:
    names = []
    for host in (make(SERVER), make(SERVER)):
        add(host)
        add(host)
        names.append([name for name, rule in host.firewall.stored().items() if rule.name == "x"])
    assert names[0] == names[1]
    assert len(set(names[0])) == 2
    assert all(name.startswith("{") and name.endswith("}") and name == name.upper() for name in names[0])


def test_both_writes_are_noted() -> None:
    host = make(SERVER)
    add(host)
    (name,) = [name for name, rule in host.firewall.stored().items() if rule.name == "x"]
    controls.delete_firewall_rule(host, name)
    target = rf"{LOCAL_RULES}\{name}"
    assert [(entry.target, entry.before, entry.after) for entry in host.journal.entries] == [(target, None, SMB), (target, SMB, None)]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("Protocol=6|LPort=RPC-EPMap|", {135}),
        ("Protocol=6|LPort=RPC|", {49664, 49665, 49666, 49668, 49669, 49670, 49671}),
        ("Protocol=6|LPort2_10=49664-49665|", {49664, 49665}),
        (r"Protocol=6|App=%systemroot%\system32\lsass.exe|", {49671}),
        (r"Protocol=6|App=C:\Windows\System32\wininit.exe|", {49664}),
        (r"Protocol=6|App=%windir%\System32\services.exe|", {49670}),
        (r"Protocol=6|App=C:\Windows\System32\spoolsv.exe|", {49668}),
        (r"Protocol=6|App=%SystemRoot%\System32\svchost.exe|Svc=EventLog|", {49665}),
        ("Protocol=6|Svc=RpcSs|", {135}),
        ("Protocol=6|App=System|", {139, 445, 5985, 47001}),
        (r"Protocol=6|App=C:\Windows\System32\svchost.exe|Svc=WinRM|", set()),
    ],
)
def test_the_ports_of_one_process_or_service(fields: str, wanted: set[int]) -> None:
    host = make(SERVER)
    add(host, f"{START}{fields}Name=x|")
    assert {port for protocol, address, port in dropped(host) if protocol == TCP} == wanted


def test_services_in_one_process_are_not_told_apart() -> None:
    host = make("windows_7")
    add(host, r"v2.10|Action=Block|Active=TRUE|Dir=In|Protocol=6|Svc=ProfSvc|Name=x|")
    owners = {held.owner for held in host.visible.sockets() if held.dropped}
    assert owners == {"Schedule"}


def test_the_loopback_is_never_filtered() -> None:
    host = make(SERVER)
    add(host, f"{START}Name=x|")
    assert {row.address for row in host.visible.exposed()} == {"127.0.0.1"}
    assert (UDP, "192.0.2.22", 137) in dropped(host)


@pytest.mark.parametrize(
    "text",
    [
        SMB.replace("Active=TRUE", "Active=FALSE"),
        SMB.replace("Action=Block", "Action=Allow"),
        SMB.replace("Dir=In", "Dir=Out"),
        SMB.replace("LPort", "Profile=Domain|Profile=Private|LPort"),
    ],
)
def test_rules_that_drop_nothing(text: str) -> None:
    host = make(SERVER)
    add(host, text)
    assert dropped(host) == set()


def test_block_wins_over_allow() -> None:
    host = make(SERVER)
    add(host, SMB.replace("Action=Block", "Action=Allow"))
    add(host)
    assert dropped(host) == both(445)


def test_what_is_written_into_the_registry_waits_for_the_service() -> None:
    host = make(SERVER)
    controls.set_value(host, LOCAL_RULES, "mine", RegistryValue.text(SMB))
    controls.set_value(host, LOCAL_RULES, "broken", RegistryValue.text("no rule"))
    controls.set_value(host, LOCAL_RULES, "number", RegistryValue.dword(1))
    assert dropped(host) == set()
    host.power_cycle()
    assert dropped(host) == both(445)
    controls.delete_value(host, LOCAL_RULES, "mine")
    assert dropped(host) == both(445)
    host.power_cycle()
    assert dropped(host) == set()


def test_a_rule_is_still_there_after_a_boot() -> None:
    host = make(SERVER)
    add(host)
    host.power_cycle()
    assert dropped(host) == both(445)


def test_without_its_service_nothing_is_filtered() -> None:
    host = make("windows_7")
    add(host)
    assert controls.stop_service(host, service(host, "MpsSvc")) is Outcome.DONE
    assert dropped(host) == set()
    controls.set_value(host, LOCAL_RULES, "mine", RegistryValue.text(SMB.replace("445", "135")))
    assert controls.start_service(host, service(host, "MpsSvc")) is Outcome.DONE
    assert dropped(host) == both(445) | both(135)


@pytest.mark.parametrize("name", ["MpsSvc", "BFE"])
def test_a_service_that_is_disabled_filters_no_more_after_the_boot(name: str) -> None:
    host = make(SERVER)
    add(host)
    write(host, rf"{SERVICES}\{name}", "Start", RegistryValue.dword(4))
    assert dropped(host) == both(445)
    host.power_cycle()
    assert not service(host, "MpsSvc").running
    assert dropped(host) == set()


@pytest.mark.parametrize(
    ("written", "in_force"),
    [
        ({}, True),
        ({(LOCAL, "PublicProfile", "EnableFirewall"): 0}, False),
        ({(LOCAL, "StandardProfile", "EnableFirewall"): 0, (LOCAL, "DomainProfile", "EnableFirewall"): 0}, True),
        ({(POLICY, "PublicProfile", "EnableFirewall"): 0}, False),
        ({(POLICY, "PublicProfile", "EnableFirewall"): 1, (LOCAL, "PublicProfile", "EnableFirewall"): 0}, True),
        ({(POLICY, "StandardProfile", "EnableFirewall"): 0}, False),
        ({(POLICY, "StandardProfile", "EnableFirewall"): 0, (POLICY, "PrivateProfile", "EnableFirewall"): 1}, True),
        ({(POLICY, "DomainProfile", "EnableFirewall"): 0}, True),
        ({(POLICY, "PublicProfile", "AllowLocalPolicyMerge"): 0}, False),
        ({(POLICY, "PublicProfile", "AllowLocalPolicyMerge"): 1}, True),
        ({(POLICY, "PrivateProfile", "AllowLocalPolicyMerge"): 0}, True),
    ],
)
def test_settings_of_the_profile_in_use(written: dict[tuple[str, str, str], int], in_force: bool) -> None:
    host = make(SERVER)
    add(host)
    for (base, profile, name), number in written.items():
        write(host, rf"{base}\{profile}", name, RegistryValue.dword(number))
    assert dropped(host) == both(445)
    host.power_cycle()
    assert dropped(host) == (both(445) if in_force else set())


@pytest.mark.parametrize(
    ("written", "stealthy"),
    [
        ({}, True),
        ({(LOCAL, "PublicProfile", "EnableFirewall"): 0}, False),
        ({(LOCAL, "PublicProfile", "DisableStealthMode"): 1}, False),
        ({(LOCAL, "PublicProfile", "DisableStealthMode"): 0}, True),
        ({(LOCAL, "StandardProfile", "DisableStealthMode"): 1}, True),
        ({(POLICY, "PublicProfile", "DisableStealthMode"): 1}, False),
        ({(POLICY, "PublicProfile", "DisableStealthMode"): 0, (LOCAL, "PublicProfile", "DisableStealthMode"): 1}, True),
        ({(POLICY, "StandardProfile", "DisableStealthMode"): 1}, False),
    ],
)
def test_stealth_mode_is_on_with_the_firewall_unless_somebody_turns_it_off(
    written: dict[tuple[str, str, str], int], stealthy: bool
) -> None:
    host = make(SERVER)
    for (base, profile, name), number in written.items():
        write(host, rf"{base}\{profile}", name, RegistryValue.dword(number))
    assert host.visible.stealthy()
    host.power_cycle()
    assert host.visible.stealthy() is stealthy


def test_stealth_mode_comes_with_windows_vista_and_goes_with_its_service() -> None:
    with_it = {name for name in names() if make(name).visible.stealthy()}
    modern = {name for name in names() if int(load_scenario(name).host.windows.version.split(".")[0]) >= 6}
    assert with_it == modern - {"windows_server_2022_firewall_off"}
    host = make("windows_7")
    assert controls.stop_service(host, service(host, "MpsSvc")) is Outcome.DONE
    assert not host.visible.stealthy()


@pytest.mark.parametrize("scenario", ["windows_server_2022_firewall_off", "windows_server_2022_firewall_policy"])
def test_hosts_on_which_no_local_rule_is_in_force(scenario: str) -> None:
    host = make(scenario)
    assert host.visible.endpoints() == make(SERVER).visible.endpoints()
    add(host)
    assert dropped(host) == set()
    host.power_cycle()
    assert dropped(host) == set()
    assert [rule.name for rule in host.firewall.stored().values()].count("x") == 1


def test_rules_of_the_policy_are_in_force_where_local_ones_are_not() -> None:
    host = make("windows_server_2022_firewall_policy")
    write(host, POLICY_RULES, "theirs", RegistryValue.text(SMB))
    host.power_cycle()
    assert dropped(host) == both(445)


def test_without_a_value_the_firewall_is_on() -> None:
    host = make(SERVER)
    add(host)
    host.registry.drop(rf"{LOCAL}\PublicProfile")
    host.power_cycle()
    assert dropped(host) == both(445)


def test_rules_of_the_policy_are_no_local_ones() -> None:
    host = make(SERVER)
    write(host, POLICY_RULES, "theirs", RegistryValue.text(SMB))
    host.power_cycle()
    assert dropped(host) == both(445)
    assert "theirs" not in host.firewall.stored()


@pytest.mark.parametrize(
    ("category", "role", "wanted"),
    [
        (None, 2, Category.PUBLIC),
        (None, 0, Category.PUBLIC),
        (None, 1, Category.DOMAIN),
        (None, 3, Category.DOMAIN),
        (None, 5, Category.DOMAIN),
        (Category.PRIVATE, 3, Category.PRIVATE),
    ],
)
def test_the_profile_in_use_is_that_of_the_adapter(category: Category | None, role: int, wanted: Category) -> None:
    token = {Category.DOMAIN: "Domain", Category.PRIVATE: "Private", Category.PUBLIC: "Public"}
    for profile in Category:
        host = with_categories(SERVER, category, role=role)
        add(host, SMB.replace("LPort", f"Profile={token[profile]}|LPort"))
        assert bool(dropped(host)) is (profile is wanted)


def test_a_socket_that_one_adapter_still_leads_to_is_not_dropped() -> None:
    host = with_categories(SERVER, Category.PUBLIC, Category.PRIVATE)
    add(host, f"{START}Profile=Public|Name=x|")
    assert {address for protocol, address, port in dropped(host)} == {"192.0.2.22"}
    add(host, f"{START}Profile=Private|Name=y|")
    assert {address for protocol, address, port in dropped(host)} == {"192.0.2.22", "198.51.100.22", "0.0.0.0", "::"}


def test_windows_vista_has_the_strictest_profile_for_all() -> None:
    host = with_categories("windows_vista", Category.DOMAIN, Category.PRIVATE)
    add(host, SMB.replace("LPort", "Profile=Domain|LPort"))
    assert dropped(host) == set()
    add(host, SMB.replace("LPort", "Profile=Private|LPort"))
    assert dropped(host) == both(445)


def test_without_an_adapter_nobody_is_outside() -> None:
    for scenario in ("windows_vista", SERVER):
        host = with_categories(scenario)
        add(host)
        assert dropped(host) == set()


def test_a_host_whose_management_is_dropped_cannot_be_reached() -> None:
    host = make(SERVER)
    add(host, SMB.replace("445", "5985"))
    assert host.up
    assert not host.visible.reachable


def test_writes_that_are_refused_or_lost() -> None:
    host = make(SERVER)
    host.arm(fault({"kind": "key_denied", "key": LOCAL}))
    assert controls.add_firewall_rule(host, parse(SMB)) is Written.DENIED
    assert dropped(host) == set()
    host.clear_faults()
    add(host)
    (name,) = [name for name, rule in host.firewall.stored().items() if rule.name == "x"]
    host.arm(fault({"kind": "value_lost", "key": LOCAL_RULES, "name": name}))
    assert controls.delete_firewall_rule(host, name) is Written.DONE
    assert dropped(host) == both(445)


def test_reset_takes_all_back() -> None:
    host = make(SERVER)
    add(host)
    host.reset()
    assert dropped(host) == set()


def test_windows_without_that_firewall() -> None:
    host = make("windows_xp_sp3")
    write(host, LOCAL_RULES, "mine", RegistryValue.text(SMB))
    host.power_cycle()
    assert dropped(host) == set()
    assert host.firewall.version == "2.0"


@pytest.mark.parametrize(
    ("scenario", "version"),
    [
        ("windows_vista", "2.0"),
        ("windows_7", "2.10"),
        ("windows_8", "2.20"),
        ("windows_8_1", "2.22"),
        ("windows_10_1709", "2.27"),
        (SERVER, "2.31"),
    ],
)
def test_the_version_is_that_of_the_rules_in_the_box(scenario: str, version: str) -> None:
    assert make(scenario).firewall.version == version


def test_images_of_processes() -> None:
    host = make(SERVER)
    images = {process.id: program_of(process, r"C:\Windows") for process in host.processes.all}
    assert images["System"] == "System"
    assert images["services"] == r"C:\Windows\System32\services.exe"
    assert images["wininit"] == r"C:\Windows\System32\wininit.exe"
    assert images["lsass"] == r"C:\Windows\system32\lsass.exe"
    assert images["WinDefend"] == r"C:\Program Files\Windows Defender\MsMpEng.exe"
    assert images["EventLog"] == r"C:\Windows\system32\svchost.exe"
    assert program_of(None, r"C:\Windows") == "System"


def test_variables() -> None:
    text = r"%SYSTEMROOT%\a %windir% %SystemDrive%\b %ProgramFiles%\c %other% 100%"
    assert expand(text, r"D:\Windows") == r"D:\Windows\a D:\Windows D:\b D:\Program Files\c %other% 100%"
