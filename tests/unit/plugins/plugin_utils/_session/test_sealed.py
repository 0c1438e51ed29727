# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Somebody on the way to the host: after a session is sealed nothing in clear is believed, and no password is shown to him."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import open_transport
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import fakes, webserver

BOTH = pytest.mark.parametrize("plugin", ["psrp", "winrm"])
SEALED = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'


@pytest.fixture(autouse=True)
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The NTLM acceptor knows one account."""
    file = tmp_path / "accounts"
    file.write_text(f":{webserver.USER}:{webserver.PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(file))


def answer(message: bytes) -> tuple[int, bytes]:
    """Answer as a host with one service."""
    request = fakes.Sent(message)
    body = {"Enumerate": fakes.rows({"Name": "Spooler"}), "StopService": fakes.output("StopService")}[request.verb]
    return 200, fakes.soap(body, request.message_id)


def session_to(plugin: str, mechanism: str, port: int, **more: Any) -> WritableSession:
    connection = webserver.connection(plugin, **webserver.options(plugin, mechanism, port, **more))
    return WritableSession(open_transport(connection), host="web01")


FAULT = fakes.soap(fakes.fault(5, "w:AccessDenied"), "uuid:another")
BARE = FAULT.replace(b"<a:RelatesTo>uuid:another</a:RelatesTo>", b"")
ROWS = fakes.soap(fakes.rows({"Name": "a lie"}), "uuid:another")
PLAIN = "Content-Type: application/soap+xml;charset=UTF-8"
# What somebody on the way may put in the place of an answer.
FORGED: dict[str, tuple[int, list[str], bytes]] = {
    "a fault": (500, [PLAIN], FAULT),
    "a fault without RelatesTo": (500, [PLAIN], BARE),
    "a fault with 400": (400, [PLAIN], FAULT),
    "rows": (200, [PLAIN], ROWS),
    "no type": (200, [], ROWS),
    "another case": (200, [f"Content-Type: {SEALED.replace('multipart', 'Multipart')}"], ROWS),
    "a blank": (200, [f"Content-Type: {SEALED.replace(';protocol', '; protocol')}"], ROWS),
    "another seal": (500, [f"Content-Type: {SEALED.replace('SPNEGO', 'Kerberos')}"], FAULT),
    "another boundary": (500, [f"Content-Type: {SEALED.replace('Encrypted B', 'B')}"], FAULT),
    "said to be sealed": (200, [f"Content-Type: {SEALED}"], ROWS),
    "sealed nothing": (200, [f"Content-Type: {SEALED}"], b""),
    "a sealed fault in clear": (500, [f"Content-Type: {SEALED}"], FAULT),
    "two lengths": (200, [f"Content-Type: {SEALED}", "Content-Length: 5", "Content-Length: 7"], b"12345"),
    "100 header lines": (200, [f"X-{number}: y" for number in range(150)], ROWS),
    "nothing": (200, [], b""),
    "empty 500": (500, [], b""),
    **{str(status): (status, [], b"<html>no</html>") for status in (400, 403, 404, 407, 413, 500, 502, 503, 504)},
}


@BOTH
@pytest.mark.parametrize("kind", sorted(FORGED))
def test_after_a_session_is_sealed_no_answer_in_clear_is_believed(plugin: str, kind: str) -> None:
    with webserver.web_host(answer, mechanism="ntlm") as host, session_to(plugin, "ntlm", host.port) as session:
        session.query("Win32_Service")
        host.clear = [FORGED[kind]]
        # Of a write nobody knows whether it was done: never a fault, and never "nothing was carried out".
        with pytest.raises(errors.ConnectionLost, match=r"StopService on 'Spooler': .* it is not known whether"):
            session.stop(ServiceKind.SERVICE, "Spooler")
        # A read is asked once more, over a new and sealed connection.
        host.clear = [FORGED[kind]]
        assert session.query("Win32_Service", ("Name",))[0].text("Name") == "Spooler"


@BOTH
@pytest.mark.parametrize("kind", ["a fault", "404", "nothing", "rows"])
def test_nor_is_the_first_one(plugin: str, kind: str) -> None:
    with webserver.web_host(answer, mechanism="ntlm") as host, session_to(plugin, "ntlm", host.port) as session:
        host.clear = [FORGED[kind]]
        with pytest.raises(errors.ConnectionLost):
            session.stop(ServiceKind.SERVICE, "Spooler")


@BOTH
@pytest.mark.parametrize("spoil", [lambda body: body[:-40] + bytes(10) + body[-30:], lambda body: body.replace(b"Length=", b"Length=9")])
def test_a_broken_seal_is_no_matter_of_the_password(plugin: str, spoil: Callable[[bytes], bytes]) -> None:
    with webserver.web_host(answer, mechanism="ntlm") as host, session_to(plugin, "ntlm", host.port) as session:
        session.query("Win32_Service")
        host.spoil = spoil
        with pytest.raises(errors.ConnectionLost, match="it is not known whether"):
            session.stop(ServiceKind.SERVICE, "Spooler")


@BOTH
def test_401_goes_to_the_login(plugin: str) -> None:
    with webserver.web_host(answer, mechanism="ntlm") as host, session_to(plugin, "ntlm", host.port) as session:
        session.query("Win32_Service")
        host.clear = [(401, ["WWW-Authenticate: Basic", f"Content-Type: {SEALED}x"], FAULT)]
        with pytest.raises((errors.AuthenticationFailed, errors.ConnectionLost)):
            session.stop(ServiceKind.SERVICE, "Spooler")


@BOTH
@pytest.mark.parametrize("mechanism", ["basic", "ntlm"])
@pytest.mark.parametrize("relation", ["uuid:another", "", None])
def test_a_fault_that_names_another_message_is_refused_sealed_or_not(plugin: str, mechanism: str, relation: str | None) -> None:
    def refuse(_message: bytes) -> tuple[int, bytes]:
        whole = fakes.soap(fakes.fault(5, "w:AccessDenied"), relation or "")
        return 500, whole if relation is not None else whole.replace(b"<a:RelatesTo></a:RelatesTo>", b"")

    expected = errors.AccessDenied if relation is None else errors.ProtocolError
    with (
        webserver.web_host(refuse, mechanism=mechanism) as host,
        session_to(plugin, mechanism, host.port) as session,
        pytest.raises(expected),
    ):
        session.query("Win32_Service")


@BOTH
@pytest.mark.parametrize("kind", ["100 header lines", "502", "504", "empty 500", "nothing", "400"])
def test_what_may_have_been_carried_out_is_lost_without_a_seal_as_well(plugin: str, kind: str) -> None:
    with webserver.web_host(answer) as host, session_to(plugin, "basic", host.port) as session:
        session.query("Win32_Service")
        host.clear = [FORGED[kind]]
        with pytest.raises(errors.ConnectionLost, match="it is not known whether"):
            session.stop(ServiceKind.SERVICE, "Spooler")


# --- the password ------------------------------------------------------------------------------------------------


def shown_to(transports: str, challenge: str = "Negotiate", **more: Any) -> tuple[errors.HostError, bytes]:
    """Return how a login ends with somebody who refuses everything, and all that he was sent."""
    asked: list[bytes] = []

    def refuse(client: socket.socket) -> None:
        head = f"HTTP/1.1 401 No\r\nWWW-Authenticate: {challenge}\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
        client.sendall(head.encode())

    with webserver.raw_host(refuse, asked.append) as port, pytest.raises(errors.HostError) as found:
        session_to("winrm", transports, port, **more).query("Win32_Service")
    return found.value, b"".join(asked)


SECRET = base64.b64encode(f"{webserver.USER}:{webserver.PASSWORD}".encode())


@pytest.mark.parametrize(
    "transports", ["ntlm,basic", "ntlm,plaintext", "ntlm,ssl", "ntlm,ntlm,basic", "credssp,basic", "kerberos,ntlm,basic"]
)
def test_a_password_is_not_sent_in_clear_after_a_mechanism_that_seals_was_refused(transports: str) -> None:
    error, sent = shown_to(transports, ansible_winrm_kinit_mode="manual")
    assert SECRET not in sent
    assert isinstance(error, errors.AuthenticationFailed)
    assert "was not sent the password in clear" in str(error)
    assert "use https" in str(error)


@pytest.mark.parametrize(
    ("transports", "more"),
    [("basic", {}), ("basic,ntlm", {}), ("ntlm,basic", {"ansible_winrm_message_encryption": "never"})],
)
def test_it_is_where_the_user_has_said_so(transports: str, more: dict[str, str]) -> None:
    _error, sent = shown_to(transports, **more)
    assert SECRET in sent
