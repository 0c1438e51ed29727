# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""RPC at a host's port, in bytes: binding, calls, and what makes no sense. Samba's client agrees with it."""

from __future__ import annotations

import asyncio
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from uuid import UUID

import pytest
import spnego

from winsim.host.clock import ManualClock
from winsim.host.rpc_filters import RpcCondition, RpcFilter
from winsim.providers.computer import SimulatedHost, build
from winsim.scenarios import load_scenario
from winsim.server import Host, HostSpec, Simulation
from winsim.wire.rpc import RpcConnection

MAPPER, NDR = UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), UUID("8a885d04-1ceb-11c9-9fe8-08002b104860")
SPOOLER = UUID("12345678-1234-abcd-ef00-0123456789ab")
BIND, BIND_ACK, REQUEST, RESPONSE, FAULT = 11, 12, 0, 2, 3
ALL = struct.pack("<IIII", 0, 0, 0, 1)


class Pipe(asyncio.Transport):
    """What a server writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.aborted = True


def message(kind: int, body: bytes, *, call: int = 1, token: bytes = b"", provider: int = 10, level: int = 2) -> bytes:
    tail = struct.pack("<BBBBI", provider, level, 0, 0, 1) + token if token else b""
    return struct.pack("<BBBB4sHHI", 5, 0, kind, 3, b"\x10\0\0\0", 16 + len(body) + len(tail), len(token), call) + body + tail


def bind(interface: UUID = MAPPER, version: int = 3, *, kind: int = BIND, token: bytes = b"", provider: int = 10, level: int = 2) -> bytes:
    context = struct.pack("<HBB", 0, 1, 0) + interface.bytes_le + struct.pack("<I", version) + NDR.bytes_le + struct.pack("<I", 2)
    return message(kind, struct.pack("<HHIBxxx", 5840, 5840, 0, 1) + context, token=token, provider=provider, level=level)


def token_of(answer: bytes) -> bytes:
    length = struct.unpack_from("<H", answer, 10)[0]
    return answer[len(answer) - length :]


def call(operation: int, stub: bytes, *, number: int = 2) -> bytes:
    return message(REQUEST, struct.pack("<IHH", len(stub), 0, operation) + stub, call=number)


def lookup(handle: bytes = bytes(20), most: int = 500) -> bytes:
    return call(2, ALL + handle + struct.pack("<I", most))


def computer(scenario: str = "windows_server_2022") -> SimulatedHost:
    return build(load_scenario(scenario), clock=ManualClock())


def talk(host: SimulatedHost, *messages: bytes, port: int = 135) -> Pipe:
    pipe = Pipe()
    connection = RpcConnection(host, port, lambda _transport: None, lambda _transport: None)
    connection.connection_made(pipe)
    for sent in messages:
        connection.data_received(sent)
    return pipe


def answers(pipe: Pipe) -> list[tuple[int, bytes]]:
    found, left = [], pipe.written
    while left:
        length = struct.unpack_from("<H", left, 8)[0]
        found.append((left[2], left[16:length]))
        left = left[length:]
    return found


def port_of(host: SimulatedHost, interface: UUID) -> int:
    return next(int(entry.endpoint) for entry in host.rpc_map() if UUID(entry.uuid) == interface and entry.sequence == "ncacn_ip_tcp")


def test_an_answer_has_as_many_entries_as_the_client_wants() -> None:
    kind, body = answers(talk(computer(), bind(), lookup(most=7)))[1]
    assert kind == RESPONSE
    assert struct.unpack_from("<I", body, 28)[0] == 7


def test_a_lookup_ends_with_an_answer_that_says_so() -> None:
    host = computer()
    connection, pipe = RpcConnection(host, 135, lambda _transport: None, lambda _transport: None), Pipe()
    connection.connection_made(pipe)
    connection.data_received(bind())
    handle, total = bytes(20), 0
    for _round in range(50):
        pipe.written = b""
        connection.data_received(lookup(handle, most=3))
        body = b"".join(part[8:] for _kind, part in answers(pipe))
        handle, some = body[:20], struct.unpack_from("<I", body, 20)[0]
        total += some
        if handle == bytes(20):
            assert body[-4:] == struct.pack("<I", 0x16C9A0D6)
            break
    assert total == len(host.rpc_map())


def test_an_interface_that_is_not_served_at_a_port_is_not_bound_there() -> None:
    kind, body = answers(talk(computer(), bind(SPOOLER, 1)))[0]
    assert kind == BIND_ACK
    assert struct.unpack_from("<HH", body, 20) == (2, 1)


def test_a_call_reaches_the_interface_that_is_served() -> None:
    host = computer()
    found = answers(talk(host, bind(SPOOLER, 1), call(0, b""), port=port_of(host, SPOOLER)))
    assert [kind for kind, _body in found] == [BIND_ACK, FAULT]
    assert struct.unpack_from("<I", found[1][1], 8)[0] == 0x1C010002


def test_a_client_that_has_not_logged_in_is_refused_where_windows_refuses_it() -> None:
    kind, body = answers(talk(computer("windows_10"), bind(), lookup()))[1]
    assert (kind, struct.unpack_from("<I", body, 8)[0]) == (FAULT, 5)


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", message(99, b""), message(BIND, b"\1"), bind()[:8] + bytes(2) + bind()[10:]])
def test_who_sends_no_rpc_is_cut_off(sent: bytes) -> None:
    assert talk(computer(), sent).aborted


@pytest.mark.parametrize("stub", [b"", ALL, ALL + bytes(20)])
def test_a_call_that_is_cut_off_is_a_fault(stub: bytes) -> None:
    assert answers(talk(computer(), bind(), call(2, stub)))[1][0] == FAULT


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation([HostSpec("windows_server_2022", name="server"), HostSpec("windows_10", name="client")]) as running:
        yield running


def rpcclient(host: Host) -> str:
    """Return what Samba's client shows of the map, without a login."""
    program = shutil.which("rpcclient")
    if program is None:
        pytest.skip("Samba's rpcclient is not installed")
    try:
        socket.create_connection((host.own_address, 135), timeout=5).close()
    except OSError as error:
        pytest.skip(f"port 135 of {host.own_address} could not be opened: {error}")
    binding = f"ncacn_ip_tcp:{host.own_address}[135]"
    done = subprocess.run(
        [program, "--configfile=/dev/null", "-U", "%", binding, "-c", "epmlookup"], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def test_sambas_client_shows_each_entry(simulation: Simulation) -> None:
    host = simulation["server"]
    shown, listed = rpcclient(host), simulation.run(host.computer.rpc_map)
    assert len(listed) > 10
    for entry in listed:
        assert f"{entry.sequence}:{entry.address}[{entry.endpoint}," in shown
        assert entry.uuid in shown


def test_sambas_client_is_refused_without_a_login(simulation: Simulation) -> None:
    assert "ACCESS_DENIED" in rpcclient(simulation["client"])


@pytest.mark.parametrize(("protocol", "provider"), [("ntlm", 10), ("negotiate", 9)])
@pytest.mark.parametrize("right", [True, False])
def test_a_login_lets_in_who_has_the_password(protocol: str, provider: int, right: bool) -> None:
    host = computer("windows_10")
    password = host.password_of("Administrator") if right else "wrong"
    client = spnego.client(
        "Administrator", password, hostname="127.0.0.1", service="host", protocol=protocol, options=spnego.NegotiateOptions.use_ntlm
    )
    connection, pipe = RpcConnection(host, 135, lambda _transport: None, lambda _transport: None), Pipe()
    connection.connection_made(pipe)
    connection.data_received(bind(token=client.step() or b"", provider=provider))
    token = client.step(token_of(pipe.written)) or b""
    pipe.written = b""
    if provider == 10:
        connection.data_received(message(16, bytes(4), token=token))
    else:
        connection.data_received(bind(kind=14, token=token, provider=provider))
    pipe.written = b""
    connection.data_received(lookup())
    assert [kind for kind, _body in answers(pipe)] == [RESPONSE if right else FAULT]


@pytest.mark.parametrize("token", [b"x", b"NTLMSSP\0", b"NTLMSSP\0" + bytes([102]) + bytes(60), bytes(500)])
def test_a_login_that_makes_no_sense_lets_nobody_in(token: bytes) -> None:
    assert [kind for kind, _body in answers(talk(computer(), bind(token=token), lookup()))] == [BIND_ACK, FAULT]


def test_a_login_that_would_sign_is_not_taken() -> None:
    assert answers(talk(computer(), bind(token=b"x", level=5)))[0][0] == 13


def printers(host: Host, *, port: str = "") -> str:
    """Return what Samba's client says of a call to the spooler; without a port it asks the mapper for it."""
    program = shutil.which("rpcclient")
    if program is None:
        pytest.skip("Samba's rpcclient is not installed")
    command = [program, "--configfile=/dev/null", "-U", "%", f"ncacn_ip_tcp:{host.own_address}{port}", "-c", "enumprinters"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_a_filtered_interface_refuses_a_call_of_sambas_client(simulation: Simulation) -> None:
    host = simulation["server"]
    rpcclient(host)
    machine = host.computer.host  # type: ignore[attr-defined]  # the state behind a scenario's host
    port = next(
        row.endpoint for row in simulation.run(host.computer.rpc_map) if UUID(row.uuid) == SPOOLER and row.sequence == "ncacn_ip_tcp"
    )
    places = ("", f"[{port}]")
    assert not any("ACCESS_DENIED" in printers(host, port=place) for place in places)
    simulation.run(lambda: machine.rpc_filters.add(RpcFilter("key", "um", "block", (RpcCondition("if_uuid", str(SPOOLER)),))))
    assert all("ACCESS_DENIED" in printers(host, port=place) for place in places)
    # The port itself still listens, and the mapper still lists it.
    socket.create_connection((host.own_address, int(port)), timeout=5).close()
    assert str(SPOOLER) in rpcclient(host)
    simulation.run(lambda: machine.rpc_filters.delete("key"))
    assert not any("ACCESS_DENIED" in printers(host, port=place) for place in places)
