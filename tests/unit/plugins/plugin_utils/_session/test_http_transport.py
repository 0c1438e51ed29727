# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Both ways to a host against a server that misbehaves: every failure is one clear sentence, and nothing is sent twice."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._session import bounded
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import Transport, open_transport
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import fakes, webserver
from spnego import exceptions as spnego

PLUGINS = ("psrp", "winrm")
BOTH = pytest.mark.parametrize("plugin", PLUGINS)
ALL = pytest.mark.parametrize(("plugin", "mechanism"), [(plugin, mechanism) for plugin in PLUGINS for mechanism in ("basic", "ntlm")])


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


def transport_to(plugin: str, mechanism: str, port: int, **more: Any) -> Transport:
    return open_transport(webserver.connection(plugin, **webserver.options(plugin, mechanism, port, **more)))


def session_to(plugin: str, mechanism: str, port: int, **more: Any) -> WritableSession:
    return WritableSession(transport_to(plugin, mechanism, port, **more), host="web01")


def clear(error: errors.NetminError) -> str:
    """Check that a message is one line without secrets, and return it."""
    text = str(error)
    assert "\n" not in text
    assert "Traceback" not in text
    assert webserver.PASSWORD not in text
    return text


# --- what works -------------------------------------------------------------------------------------------------


@ALL
def test_one_login_and_one_connection_serve_a_session(plugin: str, mechanism: str) -> None:
    with webserver.web_host(answer, mechanism=mechanism) as host, session_to(plugin, mechanism, host.port) as session:
        assert session.query("Win32_Service")[0].text("Name") == "Spooler"
        session.stop(ServiceKind.SERVICE, "Spooler")
        session.query("Win32_Service")
        assert session.stats.requests == len(host.received) == 3
        assert session.stats.logins == host.connections == 1
        assert host.logins == (mechanism == "ntlm")
        assert session.stats.bytes_sent == sum(len(message) for message in host.received)


@ALL
def test_faults_pass_through(plugin: str, mechanism: str) -> None:
    def refuse(message: bytes) -> tuple[int, bytes]:
        return 500, fakes.soap(fakes.fault(5, "w:AccessDenied"), fakes.Sent(message).message_id)

    with webserver.web_host(refuse, mechanism=mechanism) as host, session_to(plugin, mechanism, host.port) as session:
        with pytest.raises(errors.AccessDenied, match=r"StopService on 'Spooler' at web01: access denied"):
            session.stop(ServiceKind.SERVICE, "Spooler")
        with pytest.raises(errors.AccessDenied):
            session.query("Win32_Service")
        assert len(host.received) == 2


def test_the_plugin_itself_is_never_connected() -> None:
    with webserver.web_host(answer) as host:
        for plugin in PLUGINS:
            connection = webserver.connection(plugin, **webserver.options(plugin, "basic", host.port))
            Session(open_transport(connection), host="web01").query("Win32_Service")
            assert not connection.connected
        assert [fakes.Sent(message).verb for message in host.received] == ["Enumerate", "Enumerate"]


def test_mechanisms_are_tried_in_turn() -> None:
    with webserver.web_host(answer, mechanism="ntlm") as host, session_to("winrm", "basic,ntlm", host.port) as session:
        assert len(session.query("Win32_Service")) == 1
        session.query("Win32_Service", ("Name",))
        assert session.stats.logins == 2
        assert len(host.received) == 2


# --- logins that fail -------------------------------------------------------------------------------------------


@ALL
def test_a_wrong_password(plugin: str, mechanism: str) -> None:
    with webserver.web_host(answer, mechanism=mechanism) as host:
        session = session_to(plugin, mechanism, host.port, ansible_password="wrong")
        with pytest.raises(errors.AuthenticationFailed) as found:
            session.query("Win32_Service")
        assert f"127.0.0.1:{host.port} refused the login of user 'admin' with {mechanism}: check ansible_user" in clear(found.value)
        assert host.received == []


def test_all_mechanisms_refused_are_named() -> None:
    with webserver.web_host(answer) as host:
        session = session_to("winrm", "basic,ntlm", host.port, ansible_password="wrong")
        with pytest.raises(errors.AuthenticationFailed, match=r"with basic: .*with ntlm: "):
            session.query("Win32_Service")


@pytest.mark.parametrize("error", [spnego.NoCredentialError(), ValueError("no such mechanism")])
def test_a_login_that_fails_on_the_controller_is_one_that_was_refused(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr("pypsrp.negotiate.spnego.client", refuse)
    with webserver.web_host(answer, mechanism="ntlm") as host:
        with pytest.raises(errors.AuthenticationFailed, match=r"refused the login of user 'admin' with ntlm: check ansible_user") as found:
            session_to("psrp", "ntlm", host.port).query("Win32_Service")
        assert clear(found.value)


@BOTH
def test_a_host_without_the_mechanism(plugin: str) -> None:
    with webserver.web_host(answer, mechanism="basic") as host:
        with pytest.raises(errors.AuthenticationFailed) as found:
            session_to(plugin, "ntlm", host.port).query("Win32_Service")
        clear(found.value)


@BOTH
def test_a_server_that_lets_everybody_in(plugin: str) -> None:
    with webserver.web_host(answer, mechanism="none") as host:
        with pytest.raises(errors.NotWinrm, match="did not ask for credentials"):
            session_to(plugin, "ntlm", host.port).query("Win32_Service")
        assert host.received == []


@BOTH
@pytest.mark.parametrize(
    "error", [AttributeError("'NoneType' object has no attribute 'wrap'"), TypeError("x"), KeyError("x"), IndexError("x")]
)
def test_a_library_that_stumbles_in_the_login_says_nothing_of_the_host(
    plugin: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_arguments: object, **_options: object) -> None:
        raise error

    seam = {"psrp": "pypsrp.negotiate.spnego.client", "winrm": "requests_ntlm.requests_ntlm.spnego.client"}[plugin]
    monkeypatch.setattr(seam, stumble)
    with webserver.web_host(answer, mechanism="ntlm") as host:
        with pytest.raises(errors.ProtocolError) as found:
            session_to(plugin, "ntlm", host.port).query("Win32_Service")
        name = {"psrp": "pypsrp", "winrm": "pywinrm"}[plugin]
        finding = f"127.0.0.1:{host.port} was not logged in to with ntlm: the Python library {name} {metadata.version(name)} failed with "
        assert clear(found.value).startswith(finding + type(error).__name__)
        assert host.received == []


# --- hosts that are none ----------------------------------------------------------------------------------------


@ALL
def test_a_closed_port(plugin: str, mechanism: str) -> None:
    port = webserver.closed_port()
    with pytest.raises(errors.Unreachable) as found:
        session_to(plugin, mechanism, port).query("Win32_Service")
    assert found.value.__class__ is errors.Unreachable
    assert f"127.0.0.1:{port} refused the connection: is WinRM running there" in clear(found.value)


@BOTH
def test_a_name_without_address(plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(errors.Unreachable, match="could not be resolved: check ansible_host") as found:
        session_to(plugin, "basic", 5985, address="nowhere.invalid").query("Win32_Service")
    assert "nowhere.invalid:5985" in clear(found.value)


@ALL
@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", b"220 mail ESMTP\r\n", b"\x00\x01\x02\r\n"])
def test_another_service(plugin: str, mechanism: str, data: bytes) -> None:
    with webserver.banner(data) as port, pytest.raises(errors.NotWinrm) as found:
        session_to(plugin, mechanism, port).query("Win32_Service")
    assert "does not speak HTTP; check ansible_host, ansible_port" in clear(found.value)


@ALL
@pytest.mark.parametrize(("status", "body"), [(404, b"<html>nothing</html>"), (405, b""), (200, b"<html>welcome</html>"), (501, b"no")])
def test_a_web_server(plugin: str, mechanism: str, status: int, body: bytes) -> None:
    with webserver.web_host(lambda _message: (status, body), mechanism=mechanism) as host, pytest.raises(errors.NotWinrm) as found:
        session_to(plugin, mechanism, host.port).query("Win32_Service")
    assert f"127.0.0.1:{host.port} is not a WinRM service: it answers" in clear(found.value)


@BOTH
def test_messages_in_clear_refused(plugin: str) -> None:
    advice = "use https, or a transport that encrypts"
    with webserver.web_host(lambda _message: (500, b"")) as host, pytest.raises(errors.Unreachable, match=advice):
        session_to(plugin, "basic", host.port).query("Win32_Service")


@BOTH
@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (413, errors.ProtocolError, ""),
        (502, errors.Unreachable, "; try again later"),
        (503, errors.Unreachable, "; try again later"),
        (504, errors.Unreachable, "; try again later"),
    ],
)
def test_other_statuses(plugin: str, status: int, kind: type[errors.HostError], words: str) -> None:
    with webserver.web_host(lambda _message: (status, b"")) as host, pytest.raises(kind, match=f"{status}.*{words}"):
        session_to(plugin, "basic", host.port).query("Win32_Service")


@BOTH
def test_an_answer_without_end(plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MAX_BYTES", 4096)
    flood = b"x" * 10_000
    with webserver.web_host(lambda _message: (200, flood)) as host, pytest.raises(errors.ProtocolError, match="more than 4096 bytes"):
        session_to(plugin, "basic", host.port).query("Win32_Service")


# --- TLS --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that nobody has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    crt, key = folder / "host.crt", folder / "host.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=web01", "-out"]
    subprocess.run([*command, str(crt), "-keyout", str(key)], check=True, capture_output=True)
    return crt, key


@ALL
def test_a_certificate_that_is_not_trusted(plugin: str, mechanism: str, certificate: tuple[Path, Path]) -> None:
    with webserver.web_host(answer, mechanism=mechanism, tls=certificate) as host, pytest.raises(errors.TlsFailed) as found:
        session_to(plugin, mechanism, host.port, scheme="https").query("Win32_Service")
    assert f"127.0.0.1:{host.port} has a certificate that the controller does not trust" in clear(found.value)
    assert f"ansible_{plugin}_" in str(found.value)


@ALL
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_certificate_that_is_not_looked_at(plugin: str, mechanism: str, certificate: tuple[Path, Path]) -> None:
    more = {"ansible_winrm_server_cert_validation": "ignore"} if plugin == "winrm" else {"ansible_psrp_cert_validation": "ignore"}
    with (
        webserver.web_host(answer, mechanism=mechanism, tls=certificate) as host,
        session_to(plugin, mechanism, host.port, scheme="https", **more) as session,
    ):
        assert len(session.query("Win32_Service")) == 1


@BOTH
@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_client_certificate_that_is_mapped_to_no_account(plugin: str, status: int, certificate: tuple[Path, Path]) -> None:
    crt, key = map(str, certificate)
    more = (
        {"ansible_winrm_server_cert_validation": "ignore", "ansible_winrm_cert_pem": crt, "ansible_winrm_cert_key_pem": key}
        if plugin == "winrm"
        else {"ansible_psrp_cert_validation": "ignore", "ansible_psrp_certificate_pem": crt, "ansible_psrp_certificate_key_pem": key}
    )
    with (
        webserver.web_host(lambda _message: (status, b""), mechanism="none", tls=certificate) as host,
        pytest.raises(
            errors.AuthenticationFailed, match=rf"refused the client certificate \(HTTP {status}\): map it to an account"
        ) as found,
    ):
        session_to(plugin, "certificate", host.port, scheme="https", **more).query("Win32_Service")
    clear(found.value)


@BOTH
def test_tls_to_a_port_without(plugin: str) -> None:
    with webserver.web_host(answer) as host, pytest.raises(errors.TlsFailed, match="could not agree on TLS: is this") as found:
        session_to(plugin, "basic", host.port, scheme="https").query("Win32_Service")
    clear(found.value)


@BOTH
def test_no_tls_to_a_port_with_it(plugin: str, certificate: tuple[Path, Path]) -> None:
    with webserver.web_host(answer, tls=certificate) as host, pytest.raises((errors.Unreachable, errors.ConnectionLost)) as found:
        session_to(plugin, "basic", host.port).query("Win32_Service")
    clear(found.value)


# --- connections that break -------------------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("fate", ["during", "half"])
def test_a_read_survives_a_lost_answer(plugin: str, mechanism: str, fate: str) -> None:
    with webserver.web_host(answer, mechanism=mechanism) as host, session_to(plugin, mechanism, host.port) as session:
        session.query("Win32_Service")
        host.cut = [fate]
        assert len(session.query("Win32_Service", ("Name",))) == 1
        assert (session.stats.requests, session.stats.logins, len(host.received)) == (3, 2, 3)


@ALL
@pytest.mark.parametrize("fate", ["during", "half"])
def test_a_write_whose_answer_is_lost_is_sent_once(plugin: str, mechanism: str, fate: str) -> None:
    with webserver.web_host(answer, mechanism=mechanism) as host, session_to(plugin, mechanism, host.port) as session:
        session.query("Win32_Service")
        host.cut = [fate]
        with pytest.raises(
            errors.ConnectionLost, match=r"StopService on 'Spooler': .* it is not known whether the request was carried out"
        ) as found:
            session.stop(ServiceKind.SERVICE, "Spooler")
        clear(found.value)
        assert [fakes.Sent(message).verb for message in host.received] == ["Enumerate", "StopService"]
        # The session goes on over a new connection, to find out.
        assert len(session.query("Win32_Service")) == 1


@ALL
def test_a_connection_closed_after_an_answer(plugin: str, mechanism: str) -> None:
    with webserver.web_host(answer, mechanism=mechanism) as host, session_to(plugin, mechanism, host.port) as session:
        host.cut = ["after", "after", "after"]
        for column in ("Name", "State", "StartMode"):
            assert len(session.query("Win32_Service", (column,))) == 1
        assert len(host.received) == 3


@BOTH
def test_a_sealed_write_over_a_new_connection_is_lost_before_it_is_done(plugin: str) -> None:
    with webserver.web_host(answer, mechanism="ntlm") as host, session_to(plugin, "ntlm", host.port) as session:
        host.cut = ["after"]
        session.query("Win32_Service")
        # By HTTP 400 where the client notices the closed connection first, else by its end.
        with pytest.raises(errors.ConnectionLost, match="its answer was lost"):
            session.stop(ServiceKind.SERVICE, "Spooler")
        assert [fakes.Sent(message).verb for message in host.received] == ["Enumerate"]


@ALL
def test_a_host_that_always_hangs_up(plugin: str, mechanism: str) -> None:
    with webserver.web_host(answer, mechanism=mechanism) as host:
        host.cut = ["during"] * 10
        with pytest.raises(errors.ConnectionLost) as found:
            session_to(plugin, mechanism, host.port).query("Win32_Service")
        clear(found.value)
        assert len(host.received) == 2


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_host_that_says_nothing(plugin: str) -> None:
    more = {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 2} if plugin == "winrm" else {}
    more |= {"ansible_psrp_operation_timeout": 1, "ansible_psrp_read_timeout": 2} if plugin == "psrp" else {}
    with silent() as port:
        transport = transport_to(plugin, "basic", port, **more)
        with pytest.raises(errors.ConnectionLost, match="none came within 2 s"):
            transport.exchange(b"<message/>")


@contextmanager
def silent() -> Iterator[int]:
    """Accept and never answer; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@BOTH
def test_an_error_without_a_word_after_answers_in_clear_is_a_lost_answer(plugin: str) -> None:
    answered = iter([True])

    def answer(message: bytes) -> tuple[int, bytes]:
        if next(answered, False):
            return 200, fakes.soap(fakes.rows(), fakes.Sent(message).message_id)
        return 500, b""

    with webserver.web_host(answer) as host, session_to(plugin, "basic", host.port) as session:
        session.query("Win32_Service")
        with pytest.raises(errors.ConnectionLost) as found:
            session.query("Win32_Process")
    assert "HTTP 500 without a fault" in clear(found.value)
    assert "use https" not in clear(found.value)


def test_errors_that_name_each_other_as_causes_end_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = RuntimeError("one"), RuntimeError("other")
    one.__cause__, other.__cause__ = other, one

    def fail(*_arguments: object, **_options: object) -> None:
        raise one

    transport = transport_to("psrp", "basic", 5985)
    monkeypatch.setattr(transport, "_connect", fail)
    with pytest.raises(errors.AuthenticationFailed, match=r"with basic: check ansible_user .* \(other\)$"):
        transport.exchange(b"<message/>")
