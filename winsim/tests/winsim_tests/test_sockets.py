# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses of one's own, and sockets that follow a list of endpoints."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Iterator

import pytest

from winsim import sockets
from winsim.endpoint import Endpoint, Protocol
from winsim.sockets import (
    SHARED,
    Address,
    HostSockets,
    NoAddress,
    claim_address,
    listen,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue does not keep a system from answering")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    created = asyncio.new_event_loop()
    yield created
    created.close()


@pytest.fixture
def address() -> Iterator[Address]:
    claimed = claim_address(5985)
    if not claimed.own:
        pytest.skip("this system has one loopback address")
    yield claimed
    claimed.release()


def connects(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def test_addresses_differ_and_are_held_though_nothing_listens() -> None:
    claimed = [claim_address(5985) for _number in range(50)]
    if claimed[0].own:
        assert len({item.text for item in claimed}) == 50
    for item in claimed:
        item.release()


def test_one_loopback_address() -> None:
    assert claim_address(5985, single=True) == Address(SHARED, own=False)


def test_a_port_that_this_user_may_not_open_is_no_reason_to_look_further(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_address: str, _port: int) -> socket.socket:
        raise PermissionError(errno.EACCES, "low")

    monkeypatch.setattr(sockets, "listen", refused)
    claimed = claim_address(80)
    assert claimed.own
    assert not sockets.permitted(claimed.text, 80)
    claimed.release()


def test_a_wildcard_listener_of_the_machine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(_address: str, _port: int) -> socket.socket:
        raise OSError(errno.EADDRINUSE, "taken")

    monkeypatch.setattr(sockets, "listen", taken)
    with pytest.raises(NoAddress, match=r"something listens on 0\.0\.0\.0:5985"):
        claim_address(5985)


def test_what_can_be_reached_is_open_and_the_rest_is_not(loop: asyncio.AbstractEventLoop, address: Address) -> None:
    opened = HostSockets(address, loop)
    opened.follow(
        [
            Endpoint(Protocol.TCP, "0.0.0.0", 20001, 1),
            Endpoint(Protocol.TCP, "192.70.106.143", 20002, 1),
            Endpoint(Protocol.TCP, "192.70.106.143", 20001, 1),
            Endpoint(Protocol.TCP, "127.0.0.1", 20003, 1),
            Endpoint(Protocol.TCP, "::", 20004, 1),
            Endpoint(Protocol.TCP, "0.0.0.0", 5985, 1),
            Endpoint(Protocol.UDP, "0.0.0.0", 20005, 1),
        ],
        without=[5985],
    )
    assert opened.open_ports == ["tcp/20001", "tcp/20002", "udp/20005"]
    assert [port for port in range(20001, 20006) if connects(address.text, port)] == [20001, 20002]
    opened.follow([Endpoint(Protocol.TCP, "0.0.0.0", 20002, 1)])
    assert opened.open_ports == ["tcp/20002"]
    opened.close()
    assert not connects(address.text, 20002)


def test_ports_that_cannot_be_had_are_named(loop: asyncio.AbstractEventLoop, address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = HostSockets(address, loop)
    usual = sockets.listen

    def forbidden(where: str, port: int) -> socket.socket:
        if port < 1024:
            raise PermissionError(errno.EACCES, "low port")
        return usual(where, port)

    monkeypatch.setattr(sockets, "listen", forbidden)
    endpoints = [Endpoint(Protocol.TCP, "0.0.0.0", port, 1) for port in (135, 20001)]
    opened.follow(endpoints)
    assert (opened.open_ports, opened.refused) == (["tcp/20001"], {"tcp/135": "EACCES"})
    opened.follow(endpoints[1:])
    assert opened.refused == {}
    opened.close()


def test_a_scanner_leaves_no_time_wait_behind(loop: asyncio.AbstractEventLoop, address: Address) -> None:
    opened = HostSockets(address, loop)
    endpoint = Endpoint(Protocol.TCP, "0.0.0.0", 20001, 1)
    opened.follow([endpoint])
    for _number in range(3):
        assert connects(address.text, 20001)
        loop.run_until_complete(asyncio.sleep(0))
    opened.follow([])
    opened.follow([endpoint])
    assert opened.open_ports == ["tcp/20001"]
    opened.close()


def test_a_host_with_very_many_endpoints_gets_some_of_them(
    loop: asyncio.AbstractEventLoop, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MOST", 5)
    held = HostSockets(address, loop)
    held.follow(Endpoint(Protocol.UDP, "0.0.0.0", port, 4) for port in range(20_000, 20_008))
    assert held.open_ports == [f"udp/{port}" for port in range(20_000, 20_005)]
    assert held.refused == {f"udp/{port}": "more than 5" for port in range(20_005, 20_008)}
    held.close()


def answer(address: str, port: int) -> str:
    """Return how a TCP port answers."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.settimeout(0.3)
        try:
            probe.connect((address, port))
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "silent"
        return "open"


LISTENER, DROPPED, DATAGRAM = (
    Endpoint(Protocol.TCP, "0.0.0.0", 20001, 1),
    Endpoint(Protocol.TCP, "0.0.0.0", 20002, 1),
    Endpoint(Protocol.UDP, "0.0.0.0", 20003, 1),
)


@linux
def test_in_stealth_mode_a_port_that_has_closed_answers_nothing(loop: asyncio.AbstractEventLoop, address: Address) -> None:
    held = HostSockets(address, loop, silent_from_start=[(Protocol.TCP, 20009)])
    held.follow([LISTENER, DATAGRAM], bound=[LISTENER, DATAGRAM], stealth=True)
    assert [answer(address.text, port) for port in (20001, 20009, 20010)] == ["open", "silent", "refused"]
    held.follow([], stealth=True)
    assert held.open_ports == []
    assert held.silent_ports == ["tcp/20001", "tcp/20009", "udp/20003"]
    # Nobody gets in by waiting, or as the second or third.
    assert [answer(address.text, 20001) for _attempt in range(3)] == ["silent"] * 3
    held.follow([LISTENER], bound=[LISTENER], stealth=True)
    assert answer(address.text, 20001) == "open"
    held.follow([], stealth=False)
    assert held.silent_ports == []
    assert [answer(address.text, port) for port in (20001, 20009)] == ["refused"] * 2
    held.close()


@linux
def test_what_a_rule_drops_answers_nothing_whatever_the_mode(loop: asyncio.AbstractEventLoop, address: Address) -> None:
    held = HostSockets(address, loop)
    held.follow([LISTENER], bound=[LISTENER, DROPPED])
    assert [answer(address.text, port) for port in (20001, 20002)] == ["open", "silent"]
    held.follow([LISTENER, DROPPED], bound=[LISTENER, DROPPED])
    assert [answer(address.text, port) for port in (20001, 20002)] == ["open", "open"]
    held.close()
    assert [answer(address.text, port) for port in (20001, 20002)] == ["refused", "refused"]


@linux
def test_a_port_of_winrm_is_never_held(loop: asyncio.AbstractEventLoop, address: Address) -> None:
    held = HostSockets(address, loop, silent_from_start=[(Protocol.TCP, 5985)])
    held.follow([], without=[5985], stealth=True)
    assert held.silent_ports == []
    held.close()


@linux
def test_there_is_an_end_to_what_is_held_silent(loop: asyncio.AbstractEventLoop, address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MOST_SILENT", 3)
    held = HostSockets(address, loop)
    held.follow([], bound=[Endpoint(Protocol.UDP, "0.0.0.0", port, 4) for port in range(20_000, 20_008)], stealth=True)
    held.follow([], stealth=True)
    assert held.silent_ports == ["udp/20000", "udp/20001", "udp/20002"]
    held.close()


@linux
def test_an_ipv6_port_is_silent_too(loop: asyncio.AbstractEventLoop) -> None:
    six = Address("::1", own=True)
    try:
        listen("::1", 20001).close()
    except OSError as error:
        pytest.skip(f"no port of ::1 is to be had here: {error}")
    held = HostSockets(six, loop)
    endpoint = Endpoint(Protocol.TCP, "::", 20001, 1)
    held.follow([endpoint], bound=[endpoint], stealth=True)
    assert answer("::1", 20001) == "open"
    held.follow([], stealth=True)
    assert answer("::1", 20001) == "silent"
    held.close()
