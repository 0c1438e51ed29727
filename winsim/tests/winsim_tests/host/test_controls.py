# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests that change a host: what is refused, what is noted, what a fault does to them."""

from __future__ import annotations

import pytest

from winsim.host import controls
from winsim.host.controls import NetbiosOutcome, Written
from winsim.host.faults import KINDS, parse
from winsim.host.journal import JournalEntry, Subject
from winsim.host.machine import Machine
from winsim.host.model import SERVICES, StartMode, State
from winsim.host.scm import Outcome
from winsim.registry_value import RegistryType, RegistryValue

from .hosts import RPC, TCP, UDP, make, parameters, ports, service, timed

KEY = parameters("NetBT")
EMPTY = RegistryValue(RegistryType.MULTI_SZ, ())


def arm(host: Machine, **fault: object) -> None:
    host.arm(parse(fault))


def test_stopping_notes_one_change() -> None:
    host = make("windows_xp")
    assert controls.stop_service(host, service(host, "SSDPSRV")) is Outcome.DONE
    assert host.journal.entries == (JournalEntry(Subject.SERVICE_STATE, "SSDPSRV", "running", "stopped"),)
    assert not ports(host) & {(TCP, 5000), (UDP, 1900)}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("RpcSs", Outcome.NOT_ACCEPTED),
        ("NetBT", Outcome.DEPENDENTS_RUNNING),
        ("lanmanworkstation", Outcome.DEPENDENTS_RUNNING),
        ("Alerter", Outcome.NOT_RUNNING),
    ],
)
def test_a_stop_that_is_refused_changes_nothing(name: str, outcome: Outcome) -> None:
    host = make("windows_xp")
    before = host.visible.endpoints()
    assert controls.stop_service(host, service(host, name)) is outcome
    assert host.visible.endpoints() == before
    assert len(host.journal) == 0


def test_the_driver_stops_once_nothing_needs_it() -> None:
    host = make("windows_xp")
    for name in ("Browser", "Messenger", "lanmanworkstation", "lanmanserver", "LmHosts", "Dhcp"):
        assert controls.stop_service(host, service(host, "NetBT")) is Outcome.DEPENDENTS_RUNNING
        assert controls.stop_service(host, service(host, name)) is Outcome.DONE
    assert controls.stop_service(host, service(host, "NetBT")) is Outcome.DONE
    assert not ports(host) & {(TCP, 445), (UDP, 445), (TCP, 139), (UDP, 137), (UDP, 138)}
    assert host.journal.entries[-1].subject is Subject.DRIVER_STATE


def test_starting_brings_up_what_is_needed() -> None:
    host = make("windows_xp")
    assert controls.start_service(host, service(host, "ClipSrv")) is Outcome.DONE
    assert service(host, "NetDDEdsdm").running
    assert controls.start_service(host, service(host, "ClipSrv")) is Outcome.ALREADY_RUNNING
    assert controls.start_service(host, service(host, "HidServ")) is Outcome.DISABLED


def test_a_disabled_dependency_keeps_a_service_down() -> None:
    host = make("windows_xp")
    controls.set_start_mode(host, service(host, "NetDDEdsdm"), StartMode.DISABLED)
    assert controls.start_service(host, service(host, "ClipSrv")) is Outcome.DEPENDENCY_FAILED
    assert not service(host, "NetDDE").running


def test_a_start_mode_goes_to_the_registry_as_well() -> None:
    host = make("windows_xp")
    assert controls.set_start_mode(host, service(host, "Messenger"), StartMode.DISABLED) is Outcome.DONE
    assert host.registry.number(rf"{SERVICES}\Messenger", "Start") == 4
    assert service(host, "Messenger").running
    assert controls.set_start_mode(host, service(host, "Messenger"), StartMode.SYSTEM) is Outcome.INVALID
    assert host.journal.entries == (JournalEntry(Subject.SERVICE_START_MODE, "Messenger", "auto", "disabled"),)


def test_netbios_goes_off_at_once_and_stays_off() -> None:
    host = make("windows_xp")
    assert controls.set_netbios(host, 1, 2) is NetbiosOutcome.DONE
    assert not ports(host) & {(TCP, 139), (UDP, 137), (UDP, 138)}
    assert (TCP, 445) in ports(host)
    host.power_cycle()
    assert (TCP, 139) not in ports(host)
    assert controls.set_netbios(host, 1, 1) is NetbiosOutcome.DONE
    assert (TCP, 139) in ports(host)


def test_netbios_needs_ip_and_a_known_option() -> None:
    host = make("windows_xp")
    assert controls.set_netbios(host, 2, 2) is NetbiosOutcome.NO_IP
    assert controls.set_netbios(host, 1, 3) is NetbiosOutcome.INVALID
    assert len(host.journal) == 0


def test_writing_what_is_there_already_is_noted() -> None:
    host = make("windows_xp")
    value = RegistryValue.texts(("ncacn_ip_tcp",))
    assert controls.set_value(host, RPC, "dcom protocols", value) is Written.DONE
    assert host.journal.entries == (JournalEntry(Subject.REGISTRY_VALUE, rf"{RPC}\dcom protocols", ["ncacn_ip_tcp"], ["ncacn_ip_tcp"]),)


def test_registry_requests_that_cannot_be_done() -> None:
    host = make("windows_xp")
    nowhere = RPC + r"\Nowhere"
    assert controls.set_value(host, nowhere, "x", RegistryValue.dword(1)) is Written.NO_KEY
    assert controls.delete_value(host, nowhere, "x") is Written.NO_KEY
    assert controls.delete_value(host, RPC, "x") is Written.NO_VALUE
    assert controls.delete_key(host, nowhere) is Written.NO_KEY
    assert controls.delete_key(host, RPC) is Written.HAS_SUBKEYS
    assert controls.create_key(host, RPC) is Written.DONE
    assert len(host.journal) == 0


def test_keys_and_values_come_and_go() -> None:
    host = make("windows_xp")
    key = RPC + r"\Internet\Sub"
    assert controls.create_key(host, key) is Written.DONE
    assert controls.set_value(host, key, "Ports", RegistryValue.texts(("5000",))) is Written.DONE
    assert controls.delete_value(host, key, "ports") is Written.DONE
    assert controls.delete_key(host, key) is Written.DONE
    assert not host.registry.exists(key)
    assert len(host.journal) == 4


@pytest.mark.parametrize(
    ("scenario", "written", "after"),
    [
        ("windows_xp", Written.DONE, ()),
        ("windows_xp_multisz_ignored", Written.DONE, ("ncacn_ip_tcp",)),
        ("windows_xp_multisz_refused", Written.REFUSED, ("ncacn_ip_tcp",)),
    ],
)
def test_an_empty_list_through_the_provider(scenario: str, written: Written, after: tuple[str, ...]) -> None:
    host = make(scenario)
    assert controls.set_value(host, RPC, "DCOM Protocols", EMPTY) is written
    assert host.registry.texts(RPC, "DCOM Protocols") == after
    assert controls.set_value(host, RPC, "DCOM Protocols", EMPTY, through_provider=False) is Written.DONE
    assert host.registry.texts(RPC, "DCOM Protocols") == ()


def test_a_denied_service_refuses_everything() -> None:
    host = make("windows_xp")
    arm(host, kind="service_denied", service="messenger")
    messenger = service(host, "Messenger")
    assert controls.stop_service(host, messenger) is Outcome.DENIED
    assert controls.start_service(host, messenger) is Outcome.DENIED
    assert controls.set_start_mode(host, messenger, StartMode.DISABLED) is Outcome.DENIED
    assert len(host.journal) == 0


def test_a_denied_key_refuses_writing_below_it() -> None:
    host = make("windows_xp")
    arm(host, kind="key_denied", key=r"hklm\software\microsoft\rpc")
    assert controls.set_value(host, RPC, "DCOM Protocols", EMPTY) is Written.DENIED
    assert controls.delete_value(host, RPC, "DCOM Protocols") is Written.DENIED
    assert controls.create_key(host, RPC + r"\Internet") is Written.DENIED
    assert controls.delete_key(host, RPC + r"\ClientProtocols") is Written.DENIED
    assert controls.create_key(host, r"HKLM\SOFTWARE\Microsoft\RpcOther") is Written.DONE


def test_a_stop_that_hangs() -> None:
    host = make("windows_xp_stop_pending")
    ssdp = service(host, "SSDPSRV")
    assert controls.stop_service(host, ssdp) is Outcome.DONE
    assert ssdp.state is State.STOP_PENDING
    assert (TCP, 5000) in ports(host)
    assert controls.stop_service(host, ssdp) is Outcome.WRONG_STATE
    assert controls.start_service(host, ssdp) is Outcome.WRONG_STATE


def test_a_stop_that_takes_its_time() -> None:
    host, clock = timed("windows_xp")
    arm(host, kind="stops_late", service="SSDPSRV", after=3)
    ssdp = service(host, "SSDPSRV")
    assert controls.stop_service(host, ssdp) is Outcome.DONE
    assert ssdp.state is State.STOP_PENDING
    clock.advance(4)
    assert (TCP, 5000) not in ports(host)
    assert ssdp.state is State.STOPPED  # type: ignore[comparison-overlap]  # time has passed


def test_a_service_that_needs_long_to_start_after_a_boot() -> None:
    host, clock = timed("windows_xp_slow_start")
    host.power_cycle()
    late = service(host, "W32Time")
    assert late.state is State.START_PENDING
    assert controls.stop_service(host, late) is Outcome.WRONG_STATE
    assert (UDP, 123) not in ports(host)
    clock.advance(60)
    assert (UDP, 123) in ports(host)
    assert late.state is State.RUNNING  # type: ignore[comparison-overlap]  # time has passed


def test_a_service_that_comes_back() -> None:
    host, clock = timed("windows_xp")
    arm(host, kind="comes_back", service="W32Time", after=5)
    controls.stop_service(host, service(host, "W32Time"))
    assert (UDP, 123) not in ports(host)
    clock.advance(6)
    assert (UDP, 123) in ports(host)


def test_a_disabled_service_does_not_come_back() -> None:
    host = make("windows_xp_service_returns")
    controls.set_start_mode(host, service(host, "W32Time"), StartMode.DISABLED)
    controls.stop_service(host, service(host, "W32Time"))
    assert (UDP, 123) not in ports(host)


def test_writes_that_are_lost() -> None:
    host = make("windows_xp_write_lost")
    assert controls.set_value(host, KEY, "smbdeviceenabled", RegistryValue.dword(0)) is Written.DONE
    assert host.registry.value(KEY, "SmbDeviceEnabled") is None
    assert controls.set_start_mode(host, service(host, "Messenger"), StartMode.DISABLED) is Outcome.DONE
    assert service(host, "Messenger").start_mode is StartMode.AUTO
    assert len(host.journal) == 0


def test_a_socket_that_stays() -> None:
    host = make("windows_xp_sticky_socket")
    controls.set_start_mode(host, service(host, "SSDPSRV"), StartMode.DISABLED)
    controls.stop_service(host, service(host, "SSDPSRV"))
    assert (TCP, 5000) in ports(host)
    host.power_cycle()
    kept = next(held for held in host.visible.sockets() if held.endpoint.port == 5000)
    assert kept.owner == "SSDPSRV"
    assert kept.endpoint.pid in {process.pid for process in host.processes.all}
    host.clear_faults()
    assert (TCP, 5000) not in ports(host)


def test_a_port_that_another_service_takes() -> None:
    host = make("windows_xp_port_reopened")
    host.power_cycle()
    assert next(held.owner for held in host.visible.sockets() if held.endpoint.port == 5000) == "SSDPSRV"
    controls.set_start_mode(host, service(host, "SSDPSRV"), StartMode.DISABLED)
    controls.stop_service(host, service(host, "SSDPSRV"))
    assert (TCP, 5000) not in ports(host)
    host.power_cycle()
    assert next(held.owner for held in host.visible.sockets() if held.endpoint.port == 5000) == "AcmeAgent"


def test_a_host_that_does_not_return() -> None:
    host, clock = timed("windows_xp_no_return")
    host.shut_down(restart=True)
    clock.advance(1000)
    assert not host.up


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "no_such"},
        {"kind": "stop_hangs"},
        {"kind": "stop_hangs", "service": 3},
        {"kind": "stop_hangs", "service": "x", "other": 1},
        {"kind": "socket_stays", "protocol": "tcp", "port": True},
        {"kind": "socket_stays", "protocol": "tcp", "port": 70000},
        {"kind": "comes_back", "service": "x", "after": -1},
        {"kind": "comes_back", "service": "x", "after": float("nan")},
        {"kind": "endpoint_gone", "protocol": "tcp", "boots": -1},
        {"kind": "endpoint_gone", "protocol": "tcp", "back": float("inf")},
        {"kind": "needs_memory", "program": "x", "mb": -1},
        {"kind": "clock_steps", "seconds": 1e15},
    ],
)
def test_a_wrong_fault_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="fault"):
        parse(wrong)


def test_faults_are_shown_as_they_were_armed() -> None:
    host = make("windows_xp")
    arm(host, kind="comes_back", service="W32Time", after=1.5)
    assert host.faults.plain() == [{"kind": "comes_back", "service": "W32Time", "after": 1.5}]
    host.clear_faults()
    assert host.faults.plain() == []
    assert list(KINDS) == sorted(KINDS)


def test_connections_live_with_their_owner() -> None:
    host = make("windows_xp_false_listening")
    assert {(held.local_port, held.inbound) for held in host.visible.connections()} == {(1367, False), (1025, True)}
    controls.stop_service(host, service(host, "Schedule"))
    assert [held.local_port for held in host.visible.connections()] == [1367]
    host.power_cycle()
    assert [held.inbound for held in host.visible.connections()] == [True]


def test_a_connection_that_is_there_again_takes_a_free_port() -> None:
    host = make("windows_xp_false_listening_kept")
    (held,) = host.visible.connections()
    assert (TCP, held.local_port) not in ports(host)
    host.power_cycle()
    assert len(host.visible.connections()) == 1


def test_a_trigger_starts_a_service_again_between_its_stop_and_its_end() -> None:
    host = make("windows_server_2022")
    arm(host, kind="comes_back", service="LanmanServer")
    server = service(host, "LanmanServer")
    assert controls.stop_service(host, server) is Outcome.DONE
    assert not server.running
    host.time.advance()
    assert server.running
    assert controls.set_start_mode(host, server, StartMode.DISABLED) is Outcome.DONE
    assert controls.stop_service(host, server) is Outcome.DONE
    host.time.advance()
    assert not server.running
