# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a tester does to single endpoints, and a clock that is set right after a boot."""

from __future__ import annotations

from datetime import timedelta

import pytest

from winsim.host.clock import ManualClock
from winsim.host.faults import parse
from winsim.host.machine import Machine
from winsim.host.sockets import Origin

from .hosts import TCP, make, timed

SERVER = "windows_server_2022"


def at(host: Machine, port: int) -> list[tuple[str, str, int | None]]:
    """Return protocol, address and process of what is seen on a port."""
    return [(str(row.protocol), row.address, row.pid) for row in host.visible.endpoints() if row.port == port]


def arm(host: Machine, **settings: object) -> None:
    host.arm(parse(settings))


def restart(host: Machine, clock: ManualClock) -> None:
    host.shut_down(restart=True)
    clock.advance(60)
    assert host.up


def test_an_endpoint_is_gone_over_boots_until_the_faults_are_cleared() -> None:
    host, clock = timed(SERVER)
    before = at(host, 445)
    arm(host, kind="endpoint_gone", protocol="tcp", port=445)
    assert at(host, 445) == []
    assert at(host, 135)
    restart(host, clock)
    assert at(host, 445) == []
    host.clear_faults()
    assert at(host, 445) == before


def test_it_is_back_after_some_seconds() -> None:
    host, clock = timed(SERVER)
    arm(host, kind="endpoint_gone", protocol="tcp", port=445, back=30)
    clock.advance(29)
    assert at(host, 445) == []
    clock.advance(2)
    assert at(host, 445)


def test_it_begins_with_a_later_boot() -> None:
    host, clock = timed(SERVER)
    arm(host, kind="endpoint_gone", protocol="tcp", port=445, boots=1, back=90)
    assert at(host, 445)
    restart(host, clock)
    assert at(host, 445) == []
    clock.advance(91)
    assert at(host, 445)


def test_somebody_else_holds_it() -> None:
    host, clock = timed(SERVER)
    arm(host, kind="endpoint_taken", protocol="tcp", port=445, owner="intruder.exe")
    (pid,) = {row[2] for row in at(host, 445)}
    (process,) = [entry for entry in host.processes.all if entry.pid == pid]
    assert process.name == "intruder.exe"
    restart(host, clock)
    (again,) = {row[2] for row in at(host, 445)}
    assert [entry.name for entry in host.processes.all if entry.pid == again] == ["intruder.exe"]
    host.clear_faults()
    arm(host, kind="endpoint_taken", protocol="tcp", port=445, owner="W32Time")
    service = host.services.find("W32Time")
    assert service is not None
    host.services.start(service)
    assert {row[2] for row in at(host, 445)} == {host.pid(service.spec.process)}


def test_it_is_at_another_address() -> None:
    host = make(SERVER)
    arm(host, kind="endpoint_moved", protocol="tcp", port=445, address="0.0.0.0", to="127.0.0.1")
    assert [row[1] for row in at(host, 445)] == ["127.0.0.1", "::"]


def test_ipv6_is_left_behind() -> None:
    host = make(SERVER)
    arm(host, kind="ipv6_left", protocol="tcp", port=445)
    assert [row[1] for row in at(host, 445)] == ["::"]
    host = make("windows_xp")
    arm(host, kind="ipv6_left", protocol="tcp", port=445)
    assert [row[:2] for row in at(host, 445)] == [("tcp", "::"), ("udp", "0.0.0.0")]


def test_its_process_is_gone() -> None:
    host = make(SERVER)
    arm(host, kind="endpoint_orphaned", protocol="tcp", port=135)
    (pid,) = {row[2] for row in at(host, 135)}
    assert pid is not None
    assert pid not in {process.pid for process in host.processes.all}
    assert {row[2] for row in at(host, 135)} == {pid}


def test_there_is_one_more() -> None:
    host = make(SERVER)
    own = at(host, 5985)
    arm(host, kind="endpoint_added", protocol="tcp", port=5985, address="192.0.2.22", owner="stranger.exe")
    added = [row for row in at(host, 5985) if row not in own]
    assert [row[1] for row in added] == ["192.0.2.22"]
    assert [entry.name for entry in host.processes.all if entry.pid == added[0][2]] == ["stranger.exe"]


def test_dynamic_ones_are_named_by_their_owner() -> None:
    host = make(SERVER)
    owner = next(held.owner for held in host.visible.sockets() if held.origin is Origin.RPC)
    arm(host, kind="endpoint_gone", protocol="tcp", of=owner)
    assert owner not in {held.owner for held in host.visible.sockets() if held.endpoint.protocol is TCP}


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "endpoint_gone", "protocol": "sctp", "port": 1},
        {"kind": "endpoint_moved", "protocol": "tcp", "port": 1, "to": "nowhere"},
        {"kind": "endpoint_moved", "protocol": "tcp", "port": 1},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"sctp|nowhere|to is missing"):
        parse(wrong)


@pytest.mark.parametrize("stays", [False, True])
def test_a_clock_is_wrong_at_the_boot_and_set_right_soon_after(stays: bool) -> None:
    host, clock = timed("windows_7")
    arm(host, kind="clock_steps", seconds=3600, after=10, **({"boot_time": "stays"} if stays else {}))
    host.shut_down(restart=True)
    clock.advance(host.spec.shutdown_seconds)
    assert not host.up
    clock.advance(host.spec.boot_seconds + 5)
    assert host.up
    lsass = next(process for process in host.processes.all if process.name == "lsass.exe")
    assert host.time.now() - lsass.created < timedelta(seconds=6)
    assert clock.now() - host.time.now() == timedelta(hours=1)
    clock.advance(23)
    host.time.advance()
    assert clock.now() == host.time.now()
    assert timedelta(hours=1) < host.time.now() - lsass.created < timedelta(hours=1, seconds=30)
    assert timedelta(seconds=27) < host.time.uptime() < timedelta(seconds=29)
    shown = host.time.now() - host.time.boot_time()
    assert shown - host.time.uptime() == timedelta(hours=1 if stays else 0)
