# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a boot reads, starts and counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from winsim.host import controls
from winsim.host.clock import ManualClock
from winsim.host.faults import parse
from winsim.host.journal import Subject
from winsim.host.machine import Machine
from winsim.host.model import SERVICES, StartMode, State
from winsim.host.sockets import LOOPBACK, WILDCARD
from winsim.registry_value import RegistryValue
from winsim.scenarios import load_scenario

from .hosts import RPC, TCP, UDP, addresses, make, parameters, ports, service, timed, write

INTERNET = RPC + r"\Internet"
LINKAGE = rf"{SERVICES}\Rpc\Linkage"


def texts(*entries: str) -> RegistryValue:
    return RegistryValue.texts(entries)


def restrict(host: Machine, *interfaces: str) -> None:
    write(host, LINKAGE, "Bind", texts(*interfaces))


def test_a_value_waits_for_the_boot() -> None:
    host = make("windows_xp")
    write(host, parameters("NetBT"), "SmbDeviceEnabled", RegistryValue.dword(0))
    assert (TCP, 445) in ports(host)
    host.power_cycle()
    assert not ports(host) & {(TCP, 445), (UDP, 445)}
    assert (TCP, 139) in ports(host)


def test_a_start_mode_in_the_registry_is_seen_at_boot_only() -> None:
    host = make("windows_xp")
    write(host, rf"{SERVICES}\Messenger", "Start", RegistryValue.dword(4))
    assert service(host, "Messenger").start_mode is StartMode.AUTO
    host.power_cycle()
    assert service(host, "Messenger").start_mode is StartMode.DISABLED
    assert service(host, "Messenger").state is State.STOPPED
    assert (UDP, 135) not in ports(host)


def test_a_driver_that_is_disabled_keeps_its_dependents_from_starting() -> None:
    host = make("windows_xp")
    write(host, rf"{SERVICES}\NetBT", "Start", RegistryValue.dword(4))
    assert (TCP, 445) in ports(host)
    host.power_cycle()
    for name in ("NetBT", "LmHosts", "Dhcp"):
        assert service(host, name).state is State.STOPPED, name
    # The registry of Windows XP does not say that the Server service needs the driver.
    assert service(host, "lanmanserver").running
    assert not ports(host) & {(TCP, 445), (UDP, 445), (TCP, 139), (UDP, 137), (UDP, 138)}


def test_manual_services_start_when_something_demands_or_needs_them() -> None:
    host = make("windows_xp")
    host.power_cycle()
    assert service(host, "SSDPSRV").running
    assert service(host, "MRxDAV").running
    assert not service(host, "MSDTC").running


def test_a_service_whose_key_lost_its_start_value_is_gone() -> None:
    host = make("windows_xp")
    host.registry.delete_value(rf"{SERVICES}\Messenger", "Start")
    host.power_cycle()
    assert host.services.find("Messenger") is None


def test_an_rpc_port_stays_with_its_process() -> None:
    host = make("windows_xp")
    controls.stop_service(host, service(host, "Schedule"))
    assert (TCP, 1025) in ports(host)
    controls.start_service(host, service(host, "Schedule"))
    assert (TCP, 1028) not in ports(host)
    controls.set_start_mode(host, service(host, "Schedule"), StartMode.DISABLED)
    host.power_cycle()
    assert addresses(host, "Schedule") == set()


def test_an_rpc_port_goes_with_a_process_of_its_own() -> None:
    host = make("windows_2000")
    controls.stop_service(host, service(host, "MSDTC"))
    assert not ports(host) & {(TCP, 1025), (TCP, 3372)}
    assert host.processes.get("MSDTC") is None


def test_the_last_service_of_a_shared_process_ends_it() -> None:
    host = make("windows_2000")
    for name in ("W3SVC", "SMTPSVC"):
        assert controls.stop_service(host, service(host, name)).name == "DONE"
    assert (TCP, 1027) in ports(host)
    controls.stop_service(host, service(host, "IISADMIN"))
    assert not ports(host) & {(TCP, 1027), (UDP, 1028), (UDP, 3456)}


def test_a_process_that_is_the_system_s_never_ends() -> None:
    host = make("windows_xp")
    controls.stop_service(host, service(host, "PolicyAgent"))
    lsass = host.processes.get("lsass")
    assert lsass is not None
    assert lsass.pid == 704


def test_the_mapper_listens_on_udp_while_an_rpc_server_did() -> None:
    host = make("windows_xp")
    controls.stop_service(host, service(host, "Messenger"))
    assert (UDP, 135) in ports(host)
    controls.set_start_mode(host, service(host, "Messenger"), StartMode.DISABLED)
    host.power_cycle()
    assert (UDP, 135) not in ports(host)
    write(host, RPC, "DCOM Protocols", texts("ncadg_ip_udp"))
    host.power_cycle()
    assert (UDP, 135) in ports(host)


def test_the_mapper_needs_tcp_in_the_list_or_a_server_on_tcp() -> None:
    host = make("windows_xp")
    write(host, RPC, "DCOM Protocols", texts())
    host.power_cycle()
    assert (TCP, 135) in ports(host)
    controls.set_start_mode(host, service(host, "Schedule"), StartMode.DISABLED)
    host.power_cycle()
    assert (TCP, 135) not in ports(host)
    controls.set_start_mode(host, service(host, "Schedule"), StartMode.MANUAL)
    controls.start_service(host, service(host, "Schedule"))
    assert (TCP, 135) in ports(host)


def test_an_interface_restriction_acts_on_tcp_of_servers_that_do_not_ask_for_all() -> None:
    host = make("windows_2000")
    restrict(host, "1")
    host.power_cycle()
    assert addresses(host, "MSDTC") == {(TCP, LOOPBACK), (TCP, WILDCARD)}
    assert addresses(host, "Schedule") == {(TCP, LOOPBACK)}
    assert addresses(host, "Messenger") == {(UDP, WILDCARD)}
    assert addresses(host, "RpcSs") == {(TCP, WILDCARD), (UDP, WILDCARD)}
    write(host, rf"{SERVICES}\RpcSs", "ListenOnInternet", RegistryValue.text("n"))
    host.power_cycle()
    assert addresses(host, "RpcSs") == {(TCP, LOOPBACK), (UDP, WILDCARD)}


def test_an_interface_restriction_may_name_several() -> None:
    host = make("windows_2000")
    restrict(host, "2", "1")
    host.power_cycle()
    assert addresses(host, "Schedule") == {(TCP, LOOPBACK), (TCP, "192.70.106.143")}


def test_an_interface_restriction_does_nothing_on_xp() -> None:
    host = make("windows_xp")
    restrict(host, "1")
    write(host, rf"{SERVICES}\RpcSs", "ListenOnInternet", RegistryValue.text("N"))
    host.power_cycle()
    assert addresses(host, "Schedule") == {(TCP, WILDCARD)}
    assert addresses(host, "RpcSs") == {(TCP, WILDCARD), (UDP, WILDCARD)}


@pytest.mark.parametrize("entries", [(), ("loopback",), ("1", "7"), ("",)])
def test_a_restriction_that_cannot_be_read_stops_rpc_on_ip(entries: tuple[str, ...]) -> None:
    host = make("windows_2000")
    restrict(host, *entries)
    host.power_cycle()
    assert not ports(host) & {(TCP, 135), (UDP, 135), (TCP, 1025), (TCP, 1026)}
    assert (TCP, 3372) in ports(host)


@pytest.mark.parametrize(("available", "used", "inside"), [("Y", "Y", True), ("N", "n", True), ("Y", "N", False), ("N", "Y", False)])
@pytest.mark.parametrize("scenario", ["windows_2000", "windows_xp"])
def test_port_ranges(scenario: str, available: str, used: str, inside: bool) -> None:
    host = make(scenario)
    write(host, INTERNET, "Ports", texts("1025-1124"))
    write(host, INTERNET, "PortsInternetAvailable", RegistryValue.text(available))
    write(host, INTERNET, "UseInternetPorts", RegistryValue.text(used))
    host.power_cycle()
    taken = [held.endpoint.port for held in host.visible.sockets() if held.origin.name == "RPC"]
    assert taken
    assert all((1025 <= port <= 1124) is inside for port in taken)


@pytest.mark.parametrize("bad", ["4000-", "x", "70000", "5000-4000"])
def test_port_ranges_that_cannot_be_read_stop_rpc_on_ip(bad: str) -> None:
    host = make("windows_xp")
    write(host, INTERNET, "Ports", texts(bad))
    write(host, INTERNET, "PortsInternetAvailable", RegistryValue.text("Y"))
    write(host, INTERNET, "UseInternetPorts", RegistryValue.text("Y"))
    host.power_cycle()
    assert not ports(host) & {(TCP, 135), (UDP, 135)}


def test_ports_of_a_range_run_out() -> None:
    host = make("windows_2000")
    write(host, INTERNET, "Ports", texts("4000"))
    write(host, INTERNET, "PortsInternetAvailable", RegistryValue.text("Y"))
    write(host, INTERNET, "UseInternetPorts", RegistryValue.text("Y"))
    host.power_cycle()
    taken = [(held.endpoint.protocol, held.endpoint.port) for held in host.visible.sockets() if held.origin.name == "RPC"]
    assert taken == [(TCP, 4000), (UDP, 4000)]


def test_an_incomplete_range_is_no_configuration() -> None:
    host = make("windows_2000")
    write(host, INTERNET, "Ports", texts("4000-4100"))
    host.power_cycle()
    assert (TCP, 135) not in ports(host)


def test_the_dns_client_reads_its_setting_when_it_starts() -> None:
    host = make("windows_xp")
    write(host, parameters("Dnscache"), "MaxCachedSockets", RegistryValue.dword(0))
    assert addresses(host, "Dnscache") == {(UDP, WILDCARD)}
    controls.stop_service(host, service(host, "Dnscache"))
    controls.start_service(host, service(host, "Dnscache"))
    assert addresses(host, "Dnscache") == set()


def test_a_restart_takes_time_and_leaves_a_moment_for_the_answer() -> None:
    host, clock = timed("windows_xp")
    created = host.processes.get("lsass")
    host.shut_down(restart=True)
    assert host.up
    clock.advance(1)
    assert not host.up
    assert host.visible.endpoints() == ()
    clock.advance(5)
    assert host.up
    later = host.processes.get("lsass")
    assert created is not None
    assert later is not None
    assert later.created > created.created
    assert host.time.uptime().total_seconds() == 3.5
    assert [entry.subject for entry in host.journal.entries] == [Subject.POWER]


def test_a_clock_step_moves_the_boot_time_and_not_the_creation_date() -> None:
    host, clock = timed("windows_xp")
    boot, lsass = host.time.boot_time(), host.processes.get("lsass")
    clock.advance(100)
    assert host.time.boot_time() == boot
    host.time.step_clock(-3600)
    assert (boot - host.time.boot_time()).total_seconds() == 3600
    assert host.processes.get("lsass") == lsass


def test_process_numbers_are_the_scenario_s_on_the_first_boot_only() -> None:
    host = make("windows_xp")
    first = {process.id: process.pid for process in host.processes.all}
    host.power_cycle()
    second = {process.id: process.pid for process in host.processes.all}
    assert first["netsvcs"] == 976
    assert second["System"] == 4
    assert second["netsvcs"] != 976
    assert len(set(second.values())) == len(second)


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_changes_ports_and_nothing_else(seed: int) -> None:
    plain = make("windows_2000")
    shuffled = make("windows_2000", seed=seed)
    again = make("windows_2000", seed=seed)
    assert shuffled.visible.endpoints() == again.visible.endpoints()
    assert ports(shuffled) != ports(plain)
    owners = {(held.endpoint.protocol, held.endpoint.address, held.owner) for held in plain.visible.sockets()}
    assert {(held.endpoint.protocol, held.endpoint.address, held.owner) for held in shuffled.visible.sockets()} == owners


def test_without_the_dhcp_client_a_leased_address_is_gone_after_the_boot() -> None:
    host = make("windows_xp_dhcp")
    assert (UDP, 68) in ports(host)
    write(host, rf"{SERVICES}\NetBT", "Start", RegistryValue.dword(4))
    assert host.visible.reachable
    host.power_cycle()
    assert host.up
    assert not host.visible.reachable


def test_without_its_listener_the_host_cannot_be_reached() -> None:
    host = make("windows_xp")
    controls.stop_service(host, service(host, "WinRM"))
    assert host.up
    assert not host.visible.reachable


def test_delayed_services_start_late() -> None:
    spec = load_scenario("windows_xp").host
    late = tuple(replace(entry, delayed=entry.name == "W32Time") for entry in spec.services)
    clock = ManualClock()
    host = Machine(replace(spec, services=late), clock=clock)
    assert not service(host, "W32Time").running
    assert (UDP, 123) not in ports(host)
    clock.advance(spec.delayed_start + 1)
    assert (UDP, 123) in ports(host)


def test_reset_goes_back_to_the_start() -> None:
    host = make("windows_xp_sticky_socket")
    before = host.visible.endpoints()
    controls.stop_service(host, service(host, "Messenger"))
    host.arm(parse({"kind": "no_return"}))
    host.power_cycle()
    host.reset()
    assert host.visible.endpoints() == before
    assert len(host.journal) == 0
    assert host.boots == 1
    assert [fault["kind"] for fault in host.faults.plain()] == ["socket_stays"]
