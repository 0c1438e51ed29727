# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is answered to datagrams, and that all others are not."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winsim.answers import NODE_STATUS, answer
from winsim.endpoint import Endpoint, Protocol
from winsim.sockets import HostSockets, claim_address

ASKED = b"\x12\x34" + bytes((0, 0, 0, 1, 0, 0, 0, 0, 0, 0)) + b"\x20CK" + b"A" * 30 + b"\0" + NODE_STATUS


def test_a_node_status_has_the_name_of_the_computer() -> None:
    said = answer(137, ASKED, "server-2022")
    assert said is not None
    assert said[:4] == b"\x12\x34\x84\0"
    assert said[12:46] == ASKED[12:46]
    count, table = said[56], said[57:]
    assert (count, len(table)) == (2, 2 * 18 + 46)
    assert table[:16] == b"SERVER-2022    \0"
    assert int.from_bytes(said[54:56], "big") == len(said) - 56


@pytest.mark.parametrize(("flags", "code"), [(0x00, 5), (0x01, 5), (0x10, 4)])
def test_dns_refuses_and_knows_queries_only(flags: int, code: int) -> None:
    asked = b"\x12\x34" + bytes((flags, 0, 0, 1, 0, 0, 0, 0, 0, 0)) + b"\0\0\2\0\1"
    assert answer(53, asked, "x") == b"\x12\x34" + bytes((0x80 | flags, code)) + asked[4:]


def test_an_rpc_server_has_no_such_call() -> None:
    asked = bytes((4, 1)) + bytes(range(78))
    assert answer(135, asked, "x") == bytes((4, 5)) + bytes(range(78))


@given(st.sampled_from([53, 123, 135, 137, 500]), st.binary(max_size=100))
def test_whatever_comes_an_answer_is_no_longer_than_a_request_may_make_it(port: int, data: bytes) -> None:
    said = answer(port, data, "x" * 30)
    assert said is None or len(said) <= max(len(data), 200)
    # Two hosts would answer each other for ever.
    assert said is None or answer(port, said, "x") is None


def test_an_open_port_answers_and_a_silent_one_does_not() -> None:
    loop = asyncio.new_event_loop()
    address = claim_address(5985)
    if not address.own:
        pytest.skip("this system has one loopback address")
    held = HostSockets(address, loop, answer=lambda port, data: b"%d %s" % (port, data))
    endpoint = Endpoint(Protocol.UDP, "0.0.0.0", 20137, 4)
    held.follow([endpoint], bound=[endpoint], stealth=True)

    def ask() -> bytes | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.3)
            client.sendto(b"who", (address.text, 20137))
            loop.run_until_complete(asyncio.sleep(0.05))
            try:
                return client.recv(100)
            except TimeoutError:
                return None

    assert ask() == b"20137 who"
    held.follow([], stealth=True)
    assert ask() is None
    held.close()
    address.release()
    loop.close()
