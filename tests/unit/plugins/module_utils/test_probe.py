# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the probe says of ports on the loopback: real ones that listen, refuse, are silent, or mean no good."""

from __future__ import annotations

import ast
import asyncio
import errno
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.module_utils import probe, probe_requests
from ansible_collections.netmin.windows.plugins.module_utils.probe import (
    ARGUMENTS,
    CLOSED,
    NOT_TESTED,
    OPEN,
    SILENT,
    NotResolved,
    Pace,
    look,
    of_error,
    resolved,
    run,
)
from ansible_collections.netmin.windows.plugins.module_utils.probe_requests import HARMLESS, QUESTIONS
from ansible_collections.netmin.windows.tests.unit.plugins.module_utils.neighbours import (
    answering,
    free_address,
    listening,
    mute,
    refused_port,
)

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems have one loopback address, and no silent ports without privileges"
)
pytestmark = linux
QUICK = Pace(rate=200, timeout=1, retries=0)
GARBAGE = b"\x00\xff\x1b[31m{{ 7 * 7 }}<script>\n" * 20


def states(found: dict[str, Any]) -> dict[str, str]:
    return {f"{row['protocol']}/{row['ports'] or row['port']}": row["state"] for row in found["outside"]}


def at(address: str, *ports: str, pace: Pace = QUICK, wanted: tuple[str, ...] = HARMLESS, rows: Any = ()) -> dict[str, Any]:
    return look([resolved(address)], ports, rows, wanted, pace)


def test_the_three_states_of_a_tcp_port() -> None:
    address = free_address()
    with listening(address) as (opened, said), mute(address) as quiet:
        refused = refused_port(address)
        found = at(address, *(f"tcp/{port}" for port in (opened, quiet, refused)))
        assert states(found) == {f"tcp/{opened}": OPEN, f"tcp/{quiet}": SILENT, f"tcp/{refused}": CLOSED}
        assert found["counts"] == {OPEN: 1, CLOSED: 1, SILENT: 1, NOT_TESTED: 0}
    evidence = {row["state"]: row["evidence"] for row in found["outside"]}
    assert evidence == {
        OPEN: "the TCP handshake was completed",
        CLOSED: "the host refused it",
        SILENT: "no answer within 1 seconds (tried once)",
    }
    # Nothing was sent, and the end was an orderly one.
    assert said == [b""]


def test_a_silent_port_is_tried_again_and_no_other() -> None:
    address = free_address()
    with listening(address) as (opened, said), mute(address) as quiet:
        found = at(address, f"tcp/{opened}", f"tcp/{quiet}", pace=replace(QUICK, retries=2))
    assert "(tried 3 times)" in next(row["evidence"] for row in found["outside"] if row["state"] == SILENT)
    assert len(said) == 1


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def talk(connection: socket.socket) -> None:
    for _time in range(10_000):
        connection.sendall(GARBAGE)


def drip(connection: socket.socket) -> None:
    for _time in range(200):
        connection.sendall(b"\x1b")
        time.sleep(0.02)


@pytest.mark.parametrize("serve", [reset, talk, drip])
def test_a_port_that_means_no_good_is_open_and_costs_little(serve: Any) -> None:
    address = free_address()
    with listening(address, serve) as (opened, _said):
        started = time.monotonic()
        found = at(address, f"tcp/{opened}")
        assert time.monotonic() - started < 3
    (row,) = found["outside"]
    assert row["state"] == OPEN
    assert row["evidence"].startswith("the TCP handshake was completed")


def test_it_is_as_fast_as_it_may_be_and_no_faster() -> None:
    address = free_address()
    with listening(address) as (opened, _said):
        started = time.monotonic()
        at(address, *(f"tcp/{refused_port(address)}" for _number in range(8)), f"tcp/{opened}", pace=replace(QUICK, rate=10))
        took = time.monotonic() - started
    assert 0.6 < took < 5


def test_what_is_left_when_the_time_is_over_is_not_tested() -> None:
    address = free_address()
    found = at(address, "tcp/1-60", pace=Pace(rate=20, timeout=1, retries=0, limit=1))
    assert found["counts"][NOT_TESTED] > 20
    assert sum(found["counts"].values()) == 60
    assert any("the time was over" in row["evidence"] for row in found["outside"])


def test_an_address_that_answers_nothing_does_not_keep_another_waiting() -> None:
    dead, alive = free_address(), free_address()
    with mute(dead) as quiet, listening(alive) as (opened, said):
        ports = [f"tcp/{quiet}"] * 1 + [f"tcp/{opened}"]
        started = time.monotonic()
        found = look([resolved(dead), resolved(alive)], ports, (), (), replace(QUICK, timeout=2))
        assert time.monotonic() - started < 4
    assert {(row["address"], row["port"], row["state"]) for row in found["outside"]} >= {(dead, quiet, SILENT), (alive, opened, OPEN)}
    assert said == [b""]


def test_no_more_sockets_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SOCKETS", 3)
    held, most = [0], [0]
    connect = probe._Probe._connect  # noqa: SLF001  # the one place that opens a socket

    async def counted(self: Any, target: Any, port: int) -> tuple[str, str]:
        held[0] += 1
        most[0] = max(most[0], held[0])
        await asyncio.sleep(0.01)
        try:
            return await connect(self, target, port)
        finally:
            held[0] -= 1

    monkeypatch.setattr(probe._Probe, "_connect", counted)  # noqa: SLF001
    at(free_address(), "tcp/1-40")
    assert most[0] == 3


def test_ports_that_were_only_scanned_share_a_row_unless_they_are_open() -> None:
    address = free_address()
    with listening(address) as (opened, _said):
        found = at(address, "tcp/2-9", f"tcp/{opened}")
    assert states(found) == {f"tcp/{opened}": OPEN, "tcp/2-9": CLOSED}
    assert not any(row["listed"] for row in found["outside"])


def test_only_the_ports_of_a_list_are_used_and_never_its_addresses() -> None:
    address, elsewhere = free_address(), free_address()
    with listening(elsewhere) as (opened, said):
        row = {"protocol": "tcp", "address": elsewhere, "port": opened, "scope": "adapter", "count": 1}
        found = at(address, "listed", rows=[row])
    assert states(found) == {f"tcp/{opened}": CLOSED}
    assert found["outside"][0]["address"] == address
    assert said == []


def test_endpoints_of_a_family_without_an_address_are_told() -> None:
    row = {"protocol": "tcp", "address": "::", "port": 9, "scope": "wildcard", "count": 1}
    found = at(free_address(), "listed", rows=[row])
    assert (found["outside"], found["untested"]) == ([], ["ipv6"])


# UDP


def low_port(address: str, port: int) -> None:
    try:
        with answering(address, port, lambda _data: None):
            pass
    except PermissionError:
        pytest.skip(f"this user may not open udp/{port}")


def right(name: str, data: bytes) -> bytes:
    """Return an answer that fits a request."""
    if name in ("dns", "netbios", "mdns", "llmnr"):
        return data[:2] + b"\x80\0" + data[4:]
    if name == "ntp":
        return bytes((0x1C,)) + bytes(23) + data[40:48] + bytes(16)
    if name == "snmp":
        return data.replace(b"\xa0", b"\xa2", 1)
    if name == "ssdp":
        return b"HTTP/1.1 200 OK\r\n\r\n"
    if name == "tftp":
        return b"\0\5\0\1not found\0"
    return data


@pytest.mark.parametrize("name", sorted(QUESTIONS))
@pytest.mark.parametrize("kind", ["right", "garbage", "huge", "empty", "nothing"])
def test_how_a_udp_port_answers(name: str, kind: str) -> None:
    address, port = free_address(), QUESTIONS[name].ports[0]
    low_port(address, port)

    def answer(data: bytes) -> bytes | None:
        return {"right": right(name, data), "garbage": GARBAGE, "huge": b"\xee" * 60_000, "empty": b"", "nothing": None}[kind]

    with answering(address, port, answer) as came:
        found = at(address, f"udp/{port}", wanted=(name,))
    (row,) = found["outside"]
    assert row["state"] == (SILENT if kind == "nothing" else OPEN)
    assert ("no answer to it" in row["evidence"]) is (kind in ("garbage", "huge", "empty"))
    assert ("proves nothing" in row["evidence"]) is (kind == "nothing")
    assert row["evidence"].isprintable()
    assert len(row["evidence"]) < 200
    assert len(came) == 1
    assert len(came[0]) <= 128


@pytest.mark.parametrize("name", sorted(set(QUESTIONS) - {"tftp"}))
def test_a_udp_port_that_is_refused_is_closed(name: str) -> None:
    address, port = free_address(), QUESTIONS[name].ports[0]
    found = at(address, f"udp/{port}", wanted=(name,))
    assert states(found) == {f"udp/{port}": CLOSED}


def test_tftp_answers_from_another_port_and_others_must_not_answer_for_a_host() -> None:
    address, stranger, port = free_address(), free_address(), 69
    low_port(address, port)
    for sender, wanted in ((address, OPEN), (stranger, SILENT)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((sender, 0))
            bound.bind((address, port))

            async def both() -> tuple[str, str]:
                pace = Pace(rate=200, timeout=1, retries=0)
                made = probe._Probe({69: QUESTIONS["tftp"]}, pace)  # noqa: SLF001
                task = asyncio.get_running_loop().create_task(made.all([(resolved(address), ("udp", port), False)]))
                _data, peer = await asyncio.to_thread(bound.recvfrom, 500)  # used in the loop
                other.sendto(b"\0\5\0\1no\0", ("127.0.0.1", peer[1]))
                (row,) = await task
                return row.state, row.evidence

            assert asyncio.run(both())[0] == wanted


def test_a_udp_port_is_asked_only_what_was_named() -> None:
    address = free_address()
    found = at(address, "udp/137", "udp/161", "udp/40000", wanted=("netbios",))
    told = {row["port"]: (row["state"], row["evidence"]) for row in found["outside"]}
    assert told[137][0] == CLOSED
    assert told[161][0] == told[40000][0] == NOT_TESTED
    assert "name 'snmp' in 'udp_requests'" in told[161][1]
    assert "nothing harmless is known" in told[40000][1]


def test_what_is_asked_without_being_named_is_what_was_decided() -> None:
    assert set(HARMLESS) == {"dns", "netbios", "ntp", "rpc"}
    assert ARGUMENTS["udp_requests"]["default"] == list(HARMLESS)


# Errors, addresses, bounds


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (errno.ECONNREFUSED, CLOSED),
        (errno.EHOSTUNREACH, SILENT),
        (errno.ETIMEDOUT, SILENT),
        (errno.ENETUNREACH, NOT_TESTED),
        (errno.EACCES, NOT_TESTED),
        (errno.EMFILE, NOT_TESTED),
        (None, NOT_TESTED),
    ],
)
def test_closed_takes_a_refusal(number: int | None, state: str) -> None:
    assert of_error(OSError(number, "x") if number else OSError("x"))[0] == state


@pytest.mark.parametrize(
    "name", ["", "224.0.0.1", "0.0.0.0", "::", "ff02::1", "255.255.255.255", "no such name.invalid", "x" * 300, "\udcff"]
)
def test_addresses_that_are_no_hosts(name: str) -> None:
    with pytest.raises(NotResolved):
        resolved(name)


def test_the_bounds_of_the_pace() -> None:
    assert QUICK.wrong() == []
    assert Pace(0, 0, -1, 0).wrong() == [
        "'rate' is 0: it must be 1 to 200",
        "'timeout' is 0: it must be 1 to 60",
        "'retries' is -1: it must be 0 to 5",
        "'limit' is 0: it must be 1 to 86400",
    ]


def options(**given: Any) -> dict[str, Any]:
    return {name: option.get("default") for name, option in ARGUMENTS.items()} | {"rate": 200, "timeout": 1, "retries": 0} | given


def test_without_a_ticket_nothing_beyond_the_list_is_looked_at() -> None:
    address = free_address()
    with listening(address) as (opened, said):
        with pytest.raises(PermissionError, match="scan_permitted"):
            run(options(address=[address], ports=[f"tcp/{opened}"]))
        with pytest.raises(PermissionError):
            run(options(address=[address], ports=[f"tcp/{opened}"], scan_permitted="  "))
        assert said == []
        found = run(options(address=[address, "localhost"], ports=[f"tcp/{opened}"], scan_permitted="CHG-1"))
    assert [row["name"] for row in found["addresses"]] == [address, "localhost"]
    assert (address, OPEN) in {(row["address"], row["state"]) for row in found["outside"]}


# The place of the probe has the Python that it has.


@pytest.mark.parametrize("file", [probe.__file__, probe_requests.__file__, probe.__file__.replace("probe.py", "probe_ports.py")])
def test_the_code_is_for_python_3_9_and_its_library(file: str) -> None:
    tree = ast.parse(Path(file).read_text(encoding="utf-8"), feature_version=(3, 9))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in found:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names) or (isinstance(node, ast.ImportFrom) and node.level)
    # What 3.10 and 3.11 brought.
    source = Path(file).read_text(encoding="utf-8")
    assert not [name for name in ("strict=", "slots=", "StrEnum", "asyncio.timeout(", "TaskGroup", "sock_recvfrom") if name in source]
