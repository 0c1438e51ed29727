# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoint map of a host: read whole, refused, or broken, and never more than its bounds allow."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import EndpointMap, MapState, RpcEntry, RpcSequence
from ansible_collections.netmin.windows.plugins.plugin_utils._session.dcerpc import HEADER, Declined, NotRpc, check_bound, read, stub_of
from ansible_collections.netmin.windows.plugins.plugin_utils._session.epm import BOUNDS, ask
from ansible_collections.netmin.windows.plugins.plugin_utils._session.epm_lookup import AT_ONCE, NO_OBJECT, entry_of, read_page
from ansible_collections.netmin.windows.plugins.plugin_utils._session.rpc_login import Login, login_of
from hypothesis import given, settings
from hypothesis import strategies as st

from . import mapper

QUICK = replace(BOUNDS, seconds=0.4, connect=0.4)


def asked(*script: bytes, hold: bool = False, bounds: object = QUICK) -> EndpointMap:
    with mapper.serving((mapper.bound(), *script), hold=hold) as port:
        return ask("127.0.0.1", port=port, bounds=bounds)  # type: ignore[arg-type]


def test_entries_that_come_with_no_more_entries_count() -> None:
    found = asked(
        mapper.response(
            mapper.page([mapper.tower(), mapper.tower(port=49666, address=bytes([192, 0, 2, 7]))], annotation=b"Task Scheduler")
        )
    )
    assert found.state is MapState.READ
    assert found.entries == (
        RpcEntry(mapper.SCHEDULER, (1, 0), RpcSequence.TCP, "49665", "0.0.0.0", "Task Scheduler"),
        RpcEntry(mapper.SCHEDULER, (1, 0), RpcSequence.TCP, "49666", "192.0.2.7", "Task Scheduler"),
    )
    assert found.entries[1].binding == "ncacn_ip_tcp:192.0.2.7[49666]"


@given(annotation=st.text(alphabet="abc", max_size=20), padding=st.sampled_from([b"\0", b"\xff"]))
def test_each_object_is_whole_whatever_annotation_stands_before_it(annotation: str, padding: bytes) -> None:
    objects = (UUID(int=1), UUID("00112233-4455-6677-8899-aabbccddeeff"), NO_OBJECT)
    towers = [mapper.tower(port=port) for port in range(1, 4)]
    found = read_page(mapper.page(towers, annotation=annotation.encode(), objects=objects, padding=padding))
    assert [entry.object for entry in found.entries] == [*objects[:2], None]
    assert [entry.annotation for entry in found.entries] == [annotation] * 3


def test_an_empty_map_is_read() -> None:
    found = asked(mapper.response(mapper.page([])))
    assert (found.state, found.entries) == (MapState.READ, ())


def test_a_map_may_come_in_several_calls_and_fragments() -> None:
    stub = mapper.page([mapper.tower(port=2)], handle=mapper.HANDLE, status=0)
    parts = mapper.response(stub[:30], flags=1) + mapper.response(stub[30:], flags=2)
    found = asked(parts, mapper.response(mapper.page([mapper.tower(port=3)]), call=3))
    assert [entry.port for entry in found.entries] == [2, 3]
    assert found.state is MapState.READ


def test_a_status_that_is_neither_leaves_what_came() -> None:
    first = mapper.response(mapper.page([mapper.tower()], handle=mapper.HANDLE, status=0))
    found = asked(first, mapper.response(mapper.page([], status=0x16C9A012), call=3))
    assert found.state is MapState.PARTIAL
    assert len(found.entries) == 1
    assert "0x16c9a012" in found.evidence


@pytest.mark.parametrize("answer", [mapper.fault(5), mapper.fragment(13, struct.pack("<H", 8), call=1)])
def test_a_refusal_is_a_state_and_no_empty_map(answer: bytes) -> None:
    script = (mapper.bound(), answer) if answer[2] == 3 else (answer,)
    with mapper.serving(script) as port:
        found = ask("127.0.0.1", port=port, bounds=QUICK)
    assert found.state is MapState.REFUSED
    assert not found.told
    assert "no password" in found.evidence


def test_a_play_that_uses_no_password_sends_none() -> None:
    login = login_of("admin@EXAMPLE.TEST", "secret", ("kerberos",))
    with mapper.serving((mapper.bound(), mapper.fault(5))) as port:
        found = ask("127.0.0.1", login=login, port=port, bounds=QUICK)
    assert found.state is MapState.REFUSED
    assert "the play logs in by kerberos" in found.evidence


def test_a_login_that_the_host_answers_with_garbage_is_a_refusal() -> None:
    with mapper.serving((mapper.bound(), mapper.fault(5)), (mapper.bound(b"NTLMSSP\0garbage"),)) as port:
        found = ask("127.0.0.1", login=Login("u", "hunter2"), port=port, bounds=QUICK)
    assert found.state is MapState.REFUSED
    assert "hunter2" not in found.evidence
    assert "hunter2" not in repr(Login("u", "hunter2"))


def test_a_closed_port_and_a_silent_host_are_told_apart() -> None:
    with mapper.serving(()) as port:
        pass
    assert ask("127.0.0.1", port=port, bounds=QUICK).state is MapState.CLOSED
    with mapper.serving((), hold=True) as port:
        assert ask("127.0.0.1", port=port, bounds=QUICK).state is MapState.SILENT
    assert ask("a" * 300 + ".invalid", bounds=QUICK).state is MapState.SILENT


def test_a_tarpit_ends_with_the_time() -> None:
    began = time.monotonic()
    found = asked(mapper.response(mapper.page([mapper.tower()]))[:20], hold=True)
    assert found.state is MapState.SILENT
    assert time.monotonic() - began < 10 * QUICK.seconds


def test_an_answer_that_comes_byte_by_byte_ends_with_the_time() -> None:
    """Each byte comes in time by itself."""
    answer = mapper.response(mapper.page([mapper.tower()] * 50))
    with mapper.serving((mapper.bound(), answer), hold=True, pause=0.05) as port:
        began = time.monotonic()
        found = ask("127.0.0.1", port=port, bounds=QUICK)
        assert time.monotonic() - began < 10 * QUICK.seconds
    assert found.state is MapState.SILENT


def test_an_answer_of_fragments_without_end_ends_at_the_bound_of_bytes() -> None:
    """None of them says that it is the last, and the answer would grow in memory."""
    fragment = mapper.response(bytes(4000), flags=0)
    with mapper.serving((mapper.bound(), mapper.response(bytes(40), flags=1) + fragment * 600)) as port:
        found = ask("127.0.0.1", port=port, bounds=replace(BOUNDS, received=100_000))
    assert (found.state, found.entries) == (MapState.BROKEN, ())
    assert "too long" in found.evidence


def test_an_endless_list_ends_at_the_bounds() -> None:
    def endless() -> Iterator[bytes]:
        for number in count():
            yield mapper.response(mapper.page([mapper.tower(port=number % 65536)], handle=mapper.HANDLE, status=0), call=number + 2)

    rounds = [answer for answer, _number in zip(endless(), range(12), strict=False)]
    by_rounds = asked(*rounds, bounds=replace(BOUNDS, rounds=10))
    assert (by_rounds.state, len(by_rounds.entries)) == (MapState.PARTIAL, 10)
    by_entries = asked(*rounds, bounds=replace(BOUNDS, entries=4))
    assert (by_entries.state, len(by_entries.entries)) == (MapState.PARTIAL, 4)
    by_bytes = asked(*rounds, bounds=replace(BOUNDS, received=700))
    assert by_bytes.state is MapState.PARTIAL
    assert len(by_bytes.entries) < 10


def test_a_mapper_that_goes_round_in_circles_is_noticed() -> None:
    same = mapper.page([mapper.tower()], handle=mapper.HANDLE, status=0)
    found = asked(*(mapper.response(same, call=call) for call in range(2, 9)))
    assert (found.state, len(found.entries)) == (MapState.PARTIAL, 1)
    assert "repeats itself" in found.evidence


def test_handles_that_lead_back_to_each_other_are_noticed() -> None:
    handles = (mapper.HANDLE, mapper.HANDLE[::-1])
    pages = [mapper.page([mapper.tower(port=number % 2)], handle=handles[number % 2], status=0) for number in range(8)]
    found = asked(*(mapper.response(page, call=call) for call, page in enumerate(pages, 2)))
    assert (found.state, [entry.port for entry in found.entries]) == (MapState.PARTIAL, [0, 1])
    assert "repeats itself" in found.evidence


def test_a_loop_of_entries_that_nobody_can_read_ends_at_the_bound_of_calls() -> None:
    page = mapper.page([mapper.tower()[:-3]], handle=mapper.HANDLE, status=0)
    found = asked(*(mapper.response(page, call=call) for call in range(2, 20)), bounds=replace(BOUNDS, rounds=10))
    assert (found.state, found.entries) == (MapState.BROKEN, ())
    assert "still not finished after 10 calls" in found.evidence


def test_addresses_in_a_map_are_text_and_nobody_connects_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map may name the machines of others: only the address that was asked for is ever connected to, once."""
    connected, connect = [], socket.create_connection

    def connecting(place: tuple[str, int], **more: Any) -> socket.socket:
        connected.append(place)
        return connect(place, **more)

    monkeypatch.setattr(socket, "create_connection", connecting)
    towers = [mapper.tower(port=135 + number, address=bytes([198, 51, 100, number])) for number in range(9)]
    with mapper.serving((mapper.bound(), mapper.response(mapper.page(towers)))) as port:
        found = ask("127.0.0.1", port=port, bounds=QUICK)
    assert [entry.address for entry in found.entries] == [f"198.51.100.{number}" for number in range(9)]
    assert connected == [("127.0.0.1", port)]


def test_a_mapper_that_promises_more_and_sends_nothing_is_broken() -> None:
    found = asked(mapper.response(mapper.page([], handle=mapper.HANDLE, status=0)))
    assert found.state is MapState.BROKEN


def test_an_answer_to_another_call_is_broken() -> None:
    assert asked(mapper.response(mapper.page([mapper.tower()]), call=7)).state is MapState.BROKEN


def test_text_of_a_host_is_made_harmless() -> None:
    found = asked(mapper.response(mapper.page([mapper.tower()], annotation=b"\x1b[31m{{ x }}\0hidden")))
    assert found.entries[0].annotation == "?[31m{{ x }}"
    floors = [mapper.floor(b"\x0d" + mapper.SCHEDULER.bytes_le + b"\1\0", b"\2\0"), mapper.floor(b"\x0d" + bytes(18), b"\0\0")]
    floors += [
        mapper.floor(b"\x0b", b"\0\0"),
        mapper.floor(b"\x0f", b"\x1b]0;x\x07\n\0y"),
        mapper.floor(b"\x11", b"\xe2\x80\xae\\\\H\0\x1b"),
    ]
    pipe = entry_of(struct.pack("<H", len(floors)) + b"".join(floors), "", NO_OBJECT)
    assert (pipe.endpoint, pipe.address) == ("?]0;x?", r"?\\H")


def test_a_tower_that_makes_no_sense_is_left_out_and_counted() -> None:
    found = asked(mapper.response(mapper.page([mapper.tower()[:-3], mapper.tower(port=7)])))
    assert [entry.port for entry in found.entries] == [7]
    assert "1 more could not be read" in found.evidence


@pytest.mark.parametrize(
    "stub",
    [
        mapper.page([mapper.tower()], said=3),
        mapper.page([mapper.tower()] * (AT_ONCE + 1)),
        mapper.page([mapper.tower()])[:-9],
        mapper.page([mapper.tower()], annotation=b"x" * 64),
        mapper.page([bytes(4096)]),
        bytes(20) + struct.pack("<IIII", 1, 1, 1, 1),
    ],
)
def test_lengths_that_contradict_each_other_are_no_answer(stub: bytes) -> None:
    with pytest.raises(NotRpc):
        read_page(stub)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_a_page_or_no_answer(stub: bytes) -> None:
    for candidate in (stub, bytes(20) + struct.pack("<IIII", 1, 1, 0, 1) + stub):
        try:
            page = read_page(candidate)
        except NotRpc:
            continue
        assert len(page.entries) + page.unreadable <= AT_ONCE


@given(st.binary(max_size=120), st.booleans())
def test_arbitrary_towers_are_an_entry_or_none(tail: bytes, whole: bool) -> None:
    tower = tail if whole else mapper.tower()[: max(0, 60 - len(tail) // 2)] + tail
    try:
        entry = entry_of(tower, "", NO_OBJECT)
    except NotRpc:
        return
    assert entry.port is None or 0 <= entry.port <= 65535
    assert entry.binding.isprintable()


@given(st.binary(max_size=200), st.integers(0, 255), st.integers(0, 65535))
def test_arbitrary_fragments_are_a_message_or_none(body: bytes, kind: int, token: int) -> None:
    whole = HEADER.pack(5, 0, kind, 3, b"\x10\0\0\0", HEADER.size + len(body), token, 1) + body
    for reading in (check_bound, stub_of):
        try:
            reading(read(whole))
        except (NotRpc, Declined):
            continue


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=4), st.booleans())
def test_whatever_a_server_sends_there_is_a_state_in_time(answers: list[bytes], binds: bool) -> None:
    script = (mapper.bound(), *(mapper.response(answer) for answer in answers)) if binds else answers
    began = time.monotonic()
    with mapper.serving(script) as port:
        found = ask("127.0.0.1", port=port, bounds=QUICK)
    assert isinstance(found.state, MapState)
    assert "\n" not in found.evidence
    assert time.monotonic() - began < 10 * QUICK.seconds


@pytest.mark.parametrize(
    ("address", "row", "leads"),
    [
        ("0.0.0.0", "0.0.0.0", True),
        ("192.0.2.1", "0.0.0.0", True),
        ("0.0.0.0", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::", True),
        ("nonsense", "192.0.2.2", True),
    ],
)
def test_an_entry_leads_to_an_endpoint_by_port_and_address(address: str, row: str, leads: bool) -> None:
    entry = RpcEntry(UUID(int=1), (1, 0), RpcSequence.TCP, "49665", address)
    assert entry.is_at(Endpoint(Protocol.TCP, row, 49665)) is leads
    assert not entry.is_at(Endpoint(Protocol.UDP, row, 49665))
    assert not entry.is_at(Endpoint(Protocol.TCP, row, 49666))
    assert EndpointMap(MapState.READ, "", (entry,)).at(Endpoint(Protocol.TCP, row, 49665)) == ((entry,) if leads else ())


def test_pipes_and_local_ports_have_names_and_no_port() -> None:
    floors = [mapper.floor(b"\x0d" + mapper.SCHEDULER.bytes_le + b"\1\0", b"\2\0"), mapper.floor(b"\x0d" + bytes(18), b"\0\0")]
    pipe = [*floors, mapper.floor(b"\x0b", b"\0\0"), mapper.floor(b"\x0f", b"\\PIPE\\atsvc\0"), mapper.floor(b"\x11", b"\\\\HOST\0")]
    local = [*floors, mapper.floor(b"\x0c", b"\0\0"), mapper.floor(b"\x10", b"LRPC-1\0")]
    found = [entry_of(struct.pack("<H", len(parts)) + b"".join(parts), "", NO_OBJECT) for parts in (pipe, local)]
    assert [(entry.sequence, entry.endpoint, entry.address, entry.port) for entry in found] == [
        (RpcSequence.PIPE, r"\PIPE\atsvc", r"\\HOST", None),
        (RpcSequence.LOCAL, "LRPC-1", "", None),
    ]
    assert found[0].version == (1, 2)
