# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Binding, and the counter of dynamic ports."""

from __future__ import annotations

from random import Random

import pytest

from winsim.host.sockets import (
    LOOPBACK,
    WILDCARD,
    WILDCARD_V6,
    DynamicPorts,
    Origin,
    Socket,
    Sockets,
)

from .hosts import TCP, UDP


def test_an_address_is_taken_once_per_protocol() -> None:
    sockets = Sockets()
    assert sockets.bind(Socket(UDP, LOOPBACK, 123, "W32Time", "netsvcs", Origin.SERVICE))
    assert sockets.bind(Socket(UDP, "192.70.106.143", 123, "W32Time", "netsvcs", Origin.SERVICE))
    assert not sockets.bind(Socket(UDP, LOOPBACK, 123, "Other", "other", Origin.SERVICE))
    assert sockets.taken(UDP, 123)
    assert sockets.bind(Socket(TCP, WILDCARD, 123, "Other", "other", Origin.SERVICE))
    sockets.close(lambda held: held.owner == "W32Time")
    assert [held.owner for held in sockets.all] == ["Other"]


def test_one_address_may_be_shared_where_all_agree() -> None:
    sockets = Sockets()
    assert sockets.bind(Socket(UDP, WILDCARD, 5353, "Dnscache", "dns", Origin.SERVICE, shared=True))
    assert not sockets.bind(Socket(UDP, WILDCARD, 5353, "Dnscache", "dns", Origin.SERVICE, shared=True))
    assert sockets.bind(Socket(UDP, WILDCARD, 5353, "browser", "browser", Origin.SERVICE, shared=True))
    assert not sockets.bind(Socket(UDP, WILDCARD, 5353, "Other", "other", Origin.SERVICE))


def test_ipv4_and_ipv6_are_not_in_each_other_s_way() -> None:
    sockets = Sockets()
    assert sockets.bind(Socket(TCP, WILDCARD, 135, "RpcSs", "rpcss", Origin.MAPPER))
    assert sockets.bind(Socket(TCP, WILDCARD_V6, 135, "RpcSs", "rpcss", Origin.MAPPER))
    assert sockets.taken(TCP, 135, "fe80::1%7")
    sockets.close(lambda held: ":" in held.address)
    assert not sockets.taken(TCP, 135, "fe80::1%7")


def test_all_addresses_and_one_of_them_may_be_two_programs() -> None:
    sockets = Sockets()
    assert sockets.bind(Socket(TCP, WILDCARD, 8080, "web", "web", Origin.SERVICE))
    assert sockets.bind(Socket(TCP, LOOPBACK, 8080, "agent", "agent", Origin.SERVICE))
    assert not sockets.bind(Socket(TCP, LOOPBACK, 8080, "third", "third", Origin.SERVICE))
    assert not sockets.bind(Socket(TCP, WILDCARD, 8080, "agent", "agent", Origin.SERVICE))


def test_ports_are_counted_upwards_and_wrap() -> None:
    ports = DynamicPorts(1025, 1027)
    assert [ports.take(lambda port: True) for turn in range(4)] == [1025, 1026, 1027, 1025]
    assert ports.take(lambda port: port == 1027) == 1027
    assert ports.take(lambda port: False) is None
    begun = DynamicPorts(1025, 1027, start=1027)
    assert [begun.take(lambda port: True) for turn in range(2)] == [1027, 1025]


def test_ranges_are_taken_from_or_left_out() -> None:
    ports = DynamicPorts(1025, 5000)
    assert ports.take(lambda port: port != 4000, only=[range(4000, 4002)]) == 4001
    assert ports.take(lambda port: True, without=[range(1025, 1030)]) == 1030


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_ports_stay_in_the_range(seed: int) -> None:
    ports = DynamicPorts(1025, 5000, Random(seed))
    taken = [ports.take(lambda port: True) for turn in range(50)]
    assert len(set(taken)) == 50
    assert all(port is not None and 1025 < port <= 5000 for port in taken)
