# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that send without end, or without ever coming to one, over either library: memory and time stay bounded."""

from __future__ import annotations

import gzip
import io
import socket
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
import requests
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._session import bounded, http_transport
from ansible_collections.netmin.windows.plugins.plugin_utils._session.bounded import Allowance, Unwelcome
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import Transport, open_transport
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import decode
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import fakes, webserver
from urllib3 import HTTPResponse

ALL = pytest.mark.parametrize(
    ("plugin", "mechanism"), [(plugin, mechanism) for plugin in ("psrp", "winrm") for mechanism in ("basic", "ntlm")]
)

FLOOD = 100 * 1024 * 1024
MOST = 50 * 1024 * 1024
PIECE = b"x" * 65536
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
SEALED = b'Content-Type: multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"\r\n'
LENGTH = b"Content-Length: %d\r\n\r\n" % FLOOD
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

# What comes first, and what comes again and again until 100 MB are sent.
FLOODS: dict[str, tuple[bytes, bytes]] = {
    "a body": (OK + LENGTH, PIECE),
    "a body that ends with the connection": (OK + b"Connection: close\r\n\r\n", PIECE),
    "a body that ends with the connection, of HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n", PIECE),
    "a body in chunks": (OK + CHUNKED, b"10000\r\n" + PIECE + b"\r\n"),
    "a body in one chunk": (OK + CHUNKED + b"6400000\r\n", PIECE),
    "small chunks": (OK + CHUNKED, (b"100\r\n" + b"x" * 256 + b"\r\n") * 250),
    "a sealed body": (b"HTTP/1.1 200 OK\r\n" + SEALED + LENGTH, PIECE),
    "a fault": (b"HTTP/1.1 500 Error\r\n" + LENGTH, PIECE),
    "a refused login": (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic\r\n" + LENGTH, PIECE),
    "interim answers": (b"", (b"HTTP/1.1 100 Continue\r\nX: " + b"y" * 200 + b"\r\n\r\n") * 250),
}


def transport_to(plugin: str, mechanism: str, port: int, **more: Any) -> Transport:
    return open_transport(webserver.connection(plugin, **webserver.options(plugin, mechanism, port, **more)))


def flood(first: bytes, again: bytes) -> Callable[[socket.socket], None]:
    def serve(client: socket.socket) -> None:
        client.sendall(first)
        for _number in range(FLOOD // len(again)):
            client.sendall(again)

    return serve


def peak_of(plugin: str, mechanism: str, serve: Callable[[socket.socket], None]) -> tuple[errors.HostError, int]:
    """Return the error that an exchange ends with, and how far memory rose meanwhile."""
    with webserver.raw_host(serve) as port:
        transport = transport_to(plugin, mechanism, port)
        tracemalloc.start()
        try:
            before, _peak = tracemalloc.get_traced_memory()
            with pytest.raises(errors.HostError) as found:
                transport.exchange(b"<message/>")
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            transport.close()
    assert f"127.0.0.1:{port}" in str(found.value)
    return found.value, peak - before


@ALL
@pytest.mark.parametrize("kind", sorted(FLOODS))
def test_100_megabytes(plugin: str, mechanism: str, kind: str) -> None:
    error, rise = peak_of(plugin, mechanism, flood(*FLOODS[kind]))
    assert rise < MOST / 2
    assert isinstance(error, errors.ProtocolError), error
    assert f"sent more than {decode.MAX_BYTES} bytes in one answer" in str(error)


@pytest.mark.parametrize("plugin", ["psrp", "winrm"])
@pytest.mark.parametrize("kind", ["a body that ends with the connection", "interim answers"])
def test_100_megabytes_through_a_proxy(plugin: str, kind: str) -> None:
    with webserver.raw_host(flood(*FLOODS[kind])) as proxy:
        more: dict[str, object] = {f"ansible_{plugin}_proxy": f"http://127.0.0.1:{proxy}", "ansible_psrp_ignore_proxy": False}
        transport = transport_to(plugin, "basic", 5985, address="web01.invalid", **more)
        with pytest.raises(errors.ProtocolError, match=r"web01.invalid:5985 sent more than"):
            transport.exchange(b"<message/>")
        transport.close()


@ALL
@pytest.mark.parametrize(
    ("first", "again"),
    [
        (OK, b"X: y\r\n" * 10000),
        (OK, PIECE),
        (OK + CHUNKED, b"0" * 65536),
        (OK + CHUNKED + b"0\r\n", b"X: " + PIECE),
        (OK + CHUNKED + b"0\r\n", b"X: y\r\n" * 10000),
    ],
    ids=["headers", "one header", "size of a chunk", "one trailer", "trailers"],
)
def test_100_megabytes_of_what_the_libraries_may_bound(plugin: str, mechanism: str, first: bytes, again: bytes) -> None:
    """http.client and urllib3 have limits of their own, which differ from version to version."""
    _error, rise = peak_of(plugin, mechanism, flood(first, again))
    assert rise < MOST / 2


@ALL
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "gzip, gzip, gzip"])
def test_answers_that_expand(plugin: str, mechanism: str, coding: str) -> None:
    bomb = gzip.compress(bytes(FLOOD // 4), 9)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(bomb)}\r\n\r\n"
    error, rise = peak_of(plugin, mechanism, lambda client: client.sendall(head.encode() + bomb))
    assert rise < MOST / 10
    assert isinstance(error, errors.ProtocolError)
    assert "sent a compressed answer" in str(error)


def test_compression_is_not_asked_for() -> None:
    asked: list[bytes] = []

    def serve(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")

    for plugin in ("psrp", "winrm"):
        with webserver.raw_host(serve, asked.append) as port, pytest.raises(errors.NotWinrm):
            transport_to(plugin, "basic", port).exchange(b"<message/>")
    assert len(asked) == 2
    assert all(b"accept-encoding: identity\r\n" in request.lower() for request in asked)


def test_a_charset_is_not_believed() -> None:
    """Decoding Punycode takes time that grows with the square of its length."""
    body = f"{names.SOAP} ".encode() + b"a" * 500_000
    head = f"HTTP/1.1 500 Error\r\nContent-Type: text/xml;charset=punycode\r\nContent-Length: {len(body)}\r\n\r\n"
    for plugin in ("psrp", "winrm"):
        with webserver.raw_host(lambda client: client.sendall(head.encode() + body)) as port:
            assert transport_to(plugin, "basic", port).exchange(b"<message/>") == body


@ALL
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirection_is_followed(plugin: str, mechanism: str, status: int) -> None:
    visits: list[bytes] = []
    with webserver.raw_host(lambda _client: None, visits.append) as elsewhere:
        head = f"HTTP/1.1 {status} There\r\nLocation: http://127.0.0.1:{elsewhere}/wsman\r\nContent-Length: 0\r\n\r\n"
        with webserver.raw_host(lambda client: client.sendall(head.encode())) as port, pytest.raises(errors.NotWinrm):
            transport_to(plugin, mechanism, port).exchange(b"<message/>")
    assert visits == []


def test_no_cookie_is_kept() -> None:
    asked: list[bytes] = []
    answer = fakes.soap("", "uuid:1")
    head = f"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: {len(answer)}\r\n\r\n"
    for plugin in ("psrp", "winrm"):
        with webserver.raw_host(lambda client: client.sendall(head.encode() + answer), asked.append) as port:
            transport = transport_to(plugin, "basic", port)
            transport.exchange(b"<message/>")
            transport.exchange(b"<message/>")
            transport.close()
    assert len(asked) == 4
    assert not any(b"cookie:" in request.lower() for request in asked)


def handing_on(size: int) -> Any:
    """Return an adapter that hands on a body of so many bytes by itself, past all sockets."""

    def send(request: Any, *_arguments: Any, **_options: Any) -> Any:
        response = requests.Response()
        response.raw = HTTPResponse(io.BytesIO(bytes(size)), preload_content=False)
        response.request, response.status_code, response.url = request, 200, request.url
        return response

    adapter = requests.adapters.HTTPAdapter()
    vars(adapter)["send"] = send
    return adapter


def test_a_body_is_counted_even_where_no_socket_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MAX_BYTES", 100_000)
    for size, expected in ((100_000, 100_000), (100_001, None)):
        session = requests.Session()
        session.mount("http://", handing_on(size))
        bounded.bound(session, Allowance(10), lambda: None)
        if expected is None:
            with pytest.raises(Unwelcome, match="more than 100000 bytes"):
                session.post("http://web01.invalid/", data=b"<message/>")
        else:
            assert len(session.post("http://web01.invalid/", data=b"<message/>").content) == expected


def test_a_proxy_is_metered_once() -> None:
    """Its manager is asked for with each request; a meter more each time would end in a recursion."""
    session = requests.Session()
    bounded.bound(session, Allowance(10), lambda: None)
    inner = vars(session.get_adapter("http://"))["_inner"]
    first = inner.proxy_manager_for("http://127.0.0.1:3128").pool_classes_by_scheme
    assert inner.proxy_manager_for("http://127.0.0.1:3128").pool_classes_by_scheme is first


# --- time -------------------------------------------------------------------------------------------------------


TRICKLES: dict[str, tuple[bytes, bytes]] = {
    "headers": (OK, b"X"),
    "a body": (OK + LENGTH, b"x"),
    "chunks": (OK + CHUNKED, b"1\r\nx\r\n"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@ALL
@pytest.mark.parametrize("kind", sorted(TRICKLES))
def test_a_trickle_ends_in_time(plugin: str, mechanism: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = TRICKLES[kind]

    def serve(client: socket.socket) -> None:
        client.sendall(first)
        for _number in range(600):
            client.sendall(again)
            time.sleep(0.1)

    # Half of a read timeout of two seconds; each read alone would never reach it.
    monkeypatch.setattr(http_transport, "PATIENCE", 0.5)
    more = {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 2} if plugin == "winrm" else {}
    more |= {"ansible_psrp_operation_timeout": 1, "ansible_psrp_read_timeout": 2} if plugin == "psrp" else {}
    with webserver.raw_host(serve) as port:
        transport = transport_to(plugin, mechanism, port, **more)
        started = time.monotonic()
        with pytest.raises((errors.ConnectionLost, errors.Unreachable)) as found:
            transport.exchange(b"<message/>")
        assert time.monotonic() - started < 20
    expected = "had not ended after 1.0 s" if mechanism == "basic" else "gave no answer during the login"
    assert expected in str(found.value)


def test_an_allowance() -> None:
    clock = FakeClock()
    allowance = Allowance(10, clock)
    allowance.renew()
    clock.time += 60
    # Connecting does not count.
    assert (allowance.wait(None), allowance.wait(3), allowance.over) == (10, 3, False)
    allowance.start()
    clock.time += 9
    allowance.start()
    assert (allowance.wait(None), allowance.wait(30)) == (1, 1)
    clock.time += 1
    assert allowance.over
    with pytest.raises(TimeoutError):
        allowance.wait(None)
    allowance.renew()
    assert not allowance.over
    allowance.take(decode.MAX_BYTES)
    with pytest.raises(Unwelcome):
        allowance.take(1)


# --- a login that was refused -----------------------------------------------------------------------------------


class Refusing(requests.adapters.HTTPAdapter):
    """Answers 401 with what is wanted."""

    def __init__(self, challenge: str) -> None:
        super().__init__()
        self._challenge = challenge

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        answer = HTTPResponse(body=io.BytesIO(), status=401, headers={"WWW-Authenticate": self._challenge}, preload_content=False)
        return self.build_response(request, answer)


@pytest.mark.parametrize(
    ("shown", "challenge", "kept"),
    [
        ("", "Negotiate, Kerberos", True),  # a login begins
        ("Negotiate YIIabc", "Negotiate, Kerberos", False),  # a ticket was refused
        ("Negotiate YIIabc", "Negotiate oRQw, Kerberos", True),  # there is more to say
        ("Kerberos YIIabc", "Kerberos", False),
        ("Negotiate TlRMTVNTUAAB", "Negotiate", True),  # of NTLM; requests_ntlm wants to see what it then gives up for
        ("CredSSP abc", "CredSSP", True),
    ],
)
def test_no_library_shows_a_refused_ticket_again(shown: str, challenge: str, kept: bool) -> None:
    adapter = bounded.BoundedAdapter(Refusing(challenge), Allowance(1), lambda: None)
    request = requests.Request("POST", "http://127.0.0.1/wsman", headers={"Authorization": shown} if shown else {}).prepare()
    assert ("WWW-Authenticate" in adapter.send(request).headers) == kept
