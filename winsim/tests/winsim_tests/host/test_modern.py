# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Windows since 6.0 does otherwise: IPv6, srvnet, RPC servers that are no services, protected and delayed services."""

from __future__ import annotations

import pytest

from winsim.host import controls
from winsim.host.machine import Machine
from winsim.host.model import SERVICES, StartMode
from winsim.host.scm import Outcome
from winsim.registry_value import RegistryValue

from .hosts import RPC, TCP, UDP, addresses, make, parameters, ports, service, timed, write

SERVER = "windows_server_2022"
CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
BOTH = {(TCP, "0.0.0.0"), (TCP, "::")}


def stop(host: Machine, *names: str) -> list[Outcome]:
    return [controls.stop_service(host, service(host, name)) for name in names]


def forbid(host: Machine, name: str) -> None:
    write(host, rf"{SERVICES}\{name}", "Start", RegistryValue.dword(4))


def owners(host: Machine) -> dict[int, str]:
    """Return who listens on which IPv4 TCP port."""
    found = [held for held in host.visible.sockets() if held.endpoint.protocol is TCP and held.endpoint.address == "0.0.0.0"]
    return {held.endpoint.port: held.owner for held in found}


def test_it_listens_as_the_published_listing_shows() -> None:
    host = make(SERVER)
    assert owners(host) == {
        135: "RpcEptMapper", 445: "srvnet", 5985: "WinRM", 47001: "WinRM", 49664: "wininit", 49665: "EventLog", 49666: "Schedule",
        49668: "Spooler", 49669: "PolicyAgent", 49670: "services", 49671: "lsass",
    }  # fmt: skip
    udp = {row.port for row in host.visible.endpoints() if row.protocol is UDP and row.address != "127.0.0.1"}
    assert udp == {123, 137, 138, 500, 4500, 5353, 5355}
    assert {row.pid for row in host.visible.endpoints() if row.port in (139, 445, 5985, 47001)} == {4}


def test_what_binds_all_addresses_binds_those_of_ipv6_too() -> None:
    host = make(SERVER)
    for owner in ("srvnet", "wininit", "RpcEptMapper", "WinRM"):
        assert addresses(host, owner) == BOTH, owner
    assert {address for protocol, address in addresses(host, "NetBT")} == {"192.0.2.22"}
    assert addresses(host, "iphlpsvc") == {(UDP, "127.0.0.1")}


def test_445_stays_until_srvnet_is_stopped() -> None:
    host = make(SERVER)
    assert stop(host, "srvnet") == [Outcome.DEPENDENTS_RUNNING]
    assert stop(host, "LanmanServer", "srv2") == [Outcome.DONE] * 2
    assert (TCP, 445) in ports(host)
    assert stop(host, "srvnet") == [Outcome.DONE]
    assert (TCP, 445) not in ports(host)
    assert controls.start_service(host, service(host, "LanmanServer")) is Outcome.DONE
    assert addresses(host, "srvnet") == BOTH


def test_nothing_loads_srvnet_at_a_boot_without_the_server_service() -> None:
    host = make(SERVER)
    controls.set_start_mode(host, service(host, "LanmanServer"), StartMode.DISABLED)
    stop(host, "LanmanServer")
    assert (TCP, 445) in ports(host)
    host.power_cycle()
    assert (TCP, 445) not in ports(host)
    assert (TCP, 139) in ports(host)


def test_smb_device_enabled_is_not_looked_at() -> None:
    host = make(SERVER)
    write(host, parameters("NetBT"), "SmbDeviceEnabled", RegistryValue.dword(0))
    host.power_cycle()
    assert (TCP, 445) in ports(host)


@pytest.mark.parametrize("name", ["DisableRPCOverTCP", "DisableRemoteScmEndpoints"])
def test_the_service_control_manager_leaves_tcp_at_the_next_boot(name: str) -> None:
    host = make(SERVER)
    write(host, CONTROL, name, RegistryValue.dword(1))
    assert addresses(host, "services") == BOTH
    host.power_cycle()
    assert addresses(host, "services") == set()
    assert addresses(host, "lsass") == BOTH


def test_the_mapper_stays_while_any_rpc_server_is_on_tcp() -> None:
    host = make(SERVER)
    write(host, RPC, "DCOM Protocols", RegistryValue.texts(()))
    for name in ("Schedule", "Spooler", "PolicyAgent", "EventLog"):
        forbid(host, name)
    host.power_cycle()
    assert set(owners(host).values()) >= {"wininit", "lsass", "services", "RpcEptMapper"}


def test_an_administrator_neither_stops_nor_changes_a_protected_service_but_its_key() -> None:
    host = make(SERVER)
    dns = service(host, "Dnscache")
    assert stop(host, "Dnscache") == [Outcome.DENIED]
    assert controls.start_service(host, dns) is Outcome.DENIED
    assert controls.set_start_mode(host, dns, StartMode.DISABLED) is Outcome.DENIED
    assert len(host.journal) == 0
    forbid(host, "Dnscache")
    host.power_cycle()
    assert not {(UDP, 5353), (UDP, 5355)} & ports(host)


def test_names_without_dns_close_by_their_own_switches() -> None:
    host = make("windows_server_2022_browser")
    held = {row.pid for row in host.visible.endpoints() if row.port == 5353}
    assert len(held) == 2
    write(host, parameters("Dnscache"), "EnableMDNS", RegistryValue.dword(0))
    write(host, r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient", "EnableMulticast", RegistryValue.dword(0))
    host.power_cycle()
    assert (UDP, 5355) not in ports(host)
    (pid,) = {row.pid for row in host.visible.endpoints() if row.port == 5353}
    assert pid == host.pid("browser")


def test_delayed_services_run_after_two_hours_and_late_after_a_boot() -> None:
    host, clock = timed(SERVER)
    assert host.time.uptime().total_seconds() == 7200
    assert service(host, "MapsBroker").running
    host.power_cycle()
    assert host.time.uptime().total_seconds() == 0
    assert not service(host, "MapsBroker").running
    clock.advance(121)
    host.time.advance()
    assert service(host, "MapsBroker").running


def test_each_service_has_its_own_svchost_where_its_group_is_split() -> None:
    host = make(SERVER)
    schedule, firewall, filtering = (host.service_process(service(host, name).spec) for name in ("Schedule", "mpssvc", "BFE"))
    assert schedule is not None
    assert schedule.command == r"C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule"
    assert service(host, "Schedule").spec.image == r"C:\Windows\system32\svchost.exe -k netsvcs -p"
    assert firewall == filtering
    pids = [process.pid for process in host.processes.all]
    assert len(pids) == len(set(pids))


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_ports_are_those_of_its_range(seed: int) -> None:
    host = make(SERVER, seed=seed)
    dynamic = [row.port for row in host.visible.endpoints() if row.port >= 49152]
    assert len(set(dynamic)) == 8
    assert min(dynamic) > 49664
