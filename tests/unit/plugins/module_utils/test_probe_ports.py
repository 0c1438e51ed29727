# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which ports a list of endpoints names, whatever a host put there, and which ports somebody asked for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.module_utils import probe_ports
from ansible_collections.netmin.windows.plugins.module_utils.probe_ports import (
    MOST_LISTED,
    PROTOCOLS,
    WrongPorts,
    asked_for,
    beyond,
    listed,
    numbers_of,
    ranges,
    scanned,
)
from hypothesis import given
from hypothesis import strategies as st


def row(port: object, address: str = "0.0.0.0", **more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "address": address, "port": port, "ports": None, "count": 1, **more}


def test_what_may_be_asked_for() -> None:
    asked = asked_for(["listed", "tcp/445", " udp/137-139"])
    assert asked == [("listed", range(0)), ("tcp", range(445, 446)), ("udp", range(137, 140))]
    assert beyond(asked)
    assert not beyond(asked_for(["listed"]))
    assert list(scanned(asked_for(["tcp/1-3", "tcp/2-4", "udp/2"]))) == [("tcp", 1), ("tcp", 2), ("tcp", 3), ("tcp", 4), ("udp", 2)]


@pytest.mark.parametrize("text", ["", "445", "tcp/0", "tcp/65536", "tcp/9-1", "sctp/1", "tcp/1-", "tcp/1,2", "tcp/٣", "TCP/445", "all"])
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(WrongPorts, match="write 'listed', tcp/445"):
        asked_for(["listed", text])


@pytest.mark.parametrize(
    ("rows", "four", "six", "whole"),
    [
        ([row(445)], [445], [], True),
        ([row(445, "::")], [], [445], True),
        ([row(445, "0.0.0.0, ::", count=2)], [445], [445], True),
        # Of more than four addresses a summary names the first.
        ([row(139, "192.0.2.1", count=9)], [139], [139], True),
        # Of many dynamic ports the first is named.
        ([row(49700, "0.0.0.0", count=9, dynamic=True)], [49700], [49700], False),
        ([row(1, ports="20001-20003, 20005", count=4)], [20001, 20002, 20003, 20005], [], True),
        ([row(1, ports="20001, 20003 and 5 more", count=7)], [20001, 20003], [], False),
        ([row(445), row(445), row(135)], [445, 135], [], True),
    ],
)
def test_the_ports_of_a_list(rows: list[dict[str, Any]], four: list[int], six: list[int], whole: bool) -> None:
    found = listed(rows)
    assert [port for _protocol, port in found.ports[4]] == four
    assert [port for _protocol, port in found.ports[6]] == six
    assert (found.whole, found.unreadable) == (whole, 0)


def test_a_host_that_lists_every_port_gets_some_of_them() -> None:
    found = listed([row(1, ports="1-65535", count=65535)])
    assert len(found.ports[4]) == MOST_LISTED
    assert found.left_out == 65535 - MOST_LISTED
    assert not found.whole


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["protocol", "address", "port", "ports", "count", "scope", "dynamic"])
VALUES = ANYTHING | st.sampled_from(["tcp", "udp", "0.0.0.0", "::, 0.0.0.0", "1-65535", "9-1", "1-65535, 1-65535", 445, -1, 10**30])
ROWS = st.lists(st.dictionaries(NAMES, VALUES, max_size=7) | ANYTHING, max_size=6)


def test_a_crowd_pushes_out_no_port_of_another_service() -> None:
    crowd = [{"protocol": "udp", "port": None, "ports": "1026-4000", "address": "0.0.0.0"}]
    single = [{"protocol": "udp", "port": number, "address": "0.0.0.0"} for number in range(5000, 8000)]
    others = [{"protocol": "tcp", "port": 445, "address": "0.0.0.0"}, {"protocol": "udp", "port": 161, "address": "0.0.0.0"}]
    found = listed([*crowd, *others])
    assert found.ports[4][:3] == (("tcp", 445), ("udp", 161), ("udp", 1026))
    assert found.left_out == 2975 + 2 - MOST_LISTED
    assert ("tcp", 445) in listed([*single, *others]).ports[4]


def test_a_port_that_is_left_out_counts_once() -> None:
    rows = [{"protocol": "udp", "port": number, "address": "0.0.0.0"} for number in range(1, MOST_LISTED + 2)]
    assert listed([*rows, *rows]).left_out == 1


@given(ROWS)
def test_whatever_a_host_lists_is_ports_or_is_counted(rows: list[Any]) -> None:
    found = listed(rows)
    assert all(protocol in PROTOCOLS and 1 <= number <= 65535 for ports in found.ports.values() for protocol, number in ports)
    assert all(len(ports) <= MOST_LISTED for ports in found.ports.values())
    assert 0 <= found.unreadable <= len(rows)


@given(st.sets(st.integers(1, 65535), min_size=1, max_size=60))
def test_ranges_name_each_port_once(numbers: set[int]) -> None:
    assert sorted(numbers_of({"ports": ranges(numbers)})) == sorted(numbers)


def test_no_name_of_this_file_is_an_address() -> None:
    # The list comes from the host: nothing here may say where a packet goes.
    assert not [name for name in vars(probe_ports) if "target" in name.lower() or "socket" in name.lower()]
