# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a login or TLS failed is told in the words of those who know, with the option to set, and never with a secret."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._session import reasons
from ansible_collections.netmin.windows.plugins.plugin_utils._session.config import secrets_in
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import open_transport
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import fakes, webserver

PLUGINS = ("psrp", "winrm")
BOTH = pytest.mark.parametrize("plugin", PLUGINS)
PASSWORD = "s3cret: of mine"


def failure(plugin: str, mechanism: str, port: int = 5985, **more: Any) -> errors.NetminError:
    """Return how an exchange ends; what it says is one line, without secrets."""
    variables = webserver.options(plugin, mechanism, port, **{"ansible_password": PASSWORD, **more})
    with pytest.raises(errors.NetminError) as found:
        open_transport(webserver.connection(plugin, **variables)).exchange(b"<message/>")
    assert PASSWORD not in str(found.value)
    assert "\n" not in str(found.value)
    return found.value


# --- options ------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("host", ["http://web01:5985/wsman", "web01/wsman", "user@web01"])
def test_a_url_is_no_host(plugin: str, host: str) -> None:
    error = failure(plugin, "ntlm", address=host)
    assert isinstance(error, errors.InvalidOption)
    assert f"ansible_host is '{host}': give a name or an address alone" in str(error)


def test_seconds_are_a_number() -> None:
    error = failure("winrm", "ntlm", ansible_winrm_read_timeout_sec="forty")
    assert "ansible_winrm_read_timeout_sec is 'forty': give a whole number of seconds" in str(error)
    assert isinstance(error, errors.InvalidOption)


@pytest.mark.parametrize(
    ("plugin", "given", "names"),
    [
        (
            "psrp",
            {"ansible_psrp_operation_timeout": 60, "ansible_psrp_read_timeout": 30},
            ("ansible_psrp_read_timeout", "ansible_psrp_operation_timeout"),
        ),
        (
            "psrp",
            {"ansible_psrp_operation_timeout": 30, "ansible_psrp_read_timeout": 30},
            ("ansible_psrp_read_timeout", "ansible_psrp_operation_timeout"),
        ),
        (
            "winrm",
            {"ansible_winrm_operation_timeout_sec": 60, "ansible_winrm_read_timeout_sec": 30},
            ("ansible_winrm_read_timeout_sec", "ansible_winrm_operation_timeout_sec"),
        ),
    ],
)
def test_nobody_waits_shorter_than_the_host_may_take(plugin: str, given: dict[str, Any], names: tuple[str, str]) -> None:
    error = failure(plugin, "ntlm", **given)
    assert isinstance(error, errors.InvalidOption)
    assert all(name in str(error) for name in names)


@pytest.mark.parametrize(
    ("plugin", "variable"),
    [
        ("winrm", "ansible_winrm_ca_trust_path"),
        ("winrm", "ansible_winrm_cert_pem"),
        ("winrm", "ansible_winrm_cert_key_pem"),
        ("psrp", "ansible_psrp_ca_cert"),
        ("psrp", "ansible_psrp_certificate_pem"),
        ("psrp", "ansible_psrp_certificate_key_pem"),
    ],
)
def test_a_file_that_is_not_there_is_named_and_nothing_is_sent(plugin: str, variable: str) -> None:
    files = {"winrm": ("ansible_winrm_cert_pem", "ansible_winrm_cert_key_pem")}.get(
        plugin, ("ansible_psrp_certificate_pem", "ansible_psrp_certificate_key_pem")
    )
    given: dict[str, Any] = {**dict.fromkeys(files, __file__), variable: "/nowhere/file.pem"}
    error = failure(plugin, "certificate", scheme="https", **given)
    assert isinstance(error, errors.InvalidOption)
    assert f"the file of {variable} is not there: /nowhere/file.pem; nothing was sent" in str(error)


@BOTH
@pytest.mark.filterwarnings("ignore:'pywinrm' will use an environment variable")
def test_nor_is_anything_sent_where_the_environment_names_a_file_that_is_not_there(plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    error = failure(plugin, "basic", webserver.closed_port(), scheme="https")
    assert isinstance(error, errors.TlsFailed)
    assert "was not asked: " in str(error)
    assert "/nowhere/ca.pem" in str(error)


@pytest.mark.parametrize(("plugin", "variable"), [("winrm", "ansible_winrm_cert_pem"), ("psrp", "certificate_key_pem")])
def test_a_certificate_login_without_its_files_names_them(plugin: str, variable: str) -> None:
    assert variable in str(failure(plugin, "certificate", scheme="https"))


@BOTH
def test_a_library_that_is_missing_is_named(plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_given: object, **_more: object) -> None:
        raise ImportError("No module named 'requests_credssp'")

    monkeypatch.setattr("pypsrp.wsman.HttpCredSSPAuth", missing)
    monkeypatch.setattr("winrm.transport.HAVE_CREDSSP", False)
    error = failure(plugin, "credssp")
    assert isinstance(error, errors.AuthenticationFailed)
    assert "was not asked: no login with credssp from here" in str(error)
    assert "[credssp]'" in str(error)
    assert "refused" not in str(error)


# --- hosts and proxies ---------------------------------------------------------------------------------------------


@BOTH
def test_a_host_that_has_basic_off_needs_another_mechanism(plugin: str) -> None:
    option = {"psrp": "ansible_psrp_auth", "winrm": "ansible_winrm_transport"}[plugin]
    with webserver.web_host(lambda _message: (200, b""), mechanism="ntlm") as host:
        error = failure(plugin, "basic", host.port)
    assert f"needs {option}: ntlm or kerberos" in str(error)


@BOTH
def test_a_proxy_that_wants_a_login(plugin: str) -> None:
    with webserver.web_host(lambda _message: (407, b"")) as host:
        error = failure(plugin, "basic", host.port, ansible_password=webserver.PASSWORD)
    assert f"a proxy wants a login (HTTP 407): put user and password into ansible_{plugin}_proxy" in str(error)


@BOTH
def test_a_proxy_that_cannot_be_reached_is_told_without_its_secrets(plugin: str) -> None:
    proxy = f"http://me:{'pr0xy'}-word@127.0.0.1:{webserver.closed_port()}"
    error = failure(
        plugin, "basic", 5985, address="web01.invalid", **{f"ansible_{plugin}_proxy": proxy, "ansible_psrp_ignore_proxy": False}
    )
    assert "could not be reached through the proxy (" in str(error)
    assert "pr0xy-word" not in str(error)


def test_secrets_are_those_of_the_options() -> None:
    given = {"password": "one", "cert_key_password": "two", "proxy": "http://me:three@proxy", "username": "me", "x": None}
    assert set(secrets_in(given)) == {"one", "two", "three", "me:three"}


# --- certificates --------------------------------------------------------------------------------------------------


def made(folder: Path, name: str, *more: str) -> tuple[Path, Path]:
    """Make a certificate that nobody has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        f"/CN={name}",
        "-out",
        str(crt),
        "-keyout",
        str(key),
        *more,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return crt, key


def answer(message: bytes) -> tuple[int, bytes]:
    return 200, fakes.soap(fakes.rows({"Name": "Spooler"}), fakes.Sent(message).message_id)


@BOTH
def test_openssl_says_what_is_wrong_with_a_certificate(plugin: str, tmp_path: Path) -> None:
    tls = made(tmp_path, "web01", "-days", "2", "-addext", "subjectAltName=DNS:other")
    ca = {"psrp": "ansible_psrp_ca_cert", "winrm": "ansible_winrm_ca_trust_path"}[plugin]
    with webserver.web_host(answer, tls=tls) as host:
        error = failure(plugin, "basic", host.port, scheme="https", **{ca: str(tls[0])})
    assert isinstance(error, errors.TlsFailed)
    assert "IP address mismatch" in str(error)
    assert "set ansible_host to a name that the certificate has" in str(error)


@pytest.mark.parametrize(
    ("code", "advice"), [(10, "renew it on the host"), (9, "set the clock"), (62, "set ansible_host"), (20, "ansible_winrm_ca_trust_path")]
)
def test_what_to_do_about_a_certificate_depends_on_openssls_code(code: int, advice: str) -> None:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_code, error.verify_message = code, "what OpenSSL says"
    assert advice in reasons.of_certificate(error, "winrm")
    assert "(what OpenSSL says)" in reasons.of_certificate(error, "winrm")


@BOTH
def test_a_certificate_of_an_unknown_issuer_names_the_option_for_it(plugin: str, tmp_path: Path) -> None:
    with webserver.web_host(answer, tls=made(tmp_path, "web01", "-days", "2")) as host:
        error = failure(plugin, "basic", host.port, scheme="https")
    assert "(self-signed certificate)" in str(error)
    assert {"psrp": "ansible_psrp_ca_cert", "winrm": "ansible_winrm_ca_trust_path"}[plugin] in str(error)


@BOTH
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("kind", ["another key", "no key"])
def test_a_key_that_does_not_fit(plugin: str, kind: str, tmp_path: Path) -> None:
    tls = made(tmp_path, "web01", "-days", "2")
    certificate, _key = made(tmp_path, "client", "-days", "2")
    key = tls[1] if kind == "another key" else certificate
    names = {
        "psrp": ("ansible_psrp_certificate_pem", "ansible_psrp_certificate_key_pem"),
        "winrm": ("ansible_winrm_cert_pem", "ansible_winrm_cert_key_pem"),
    }
    more = {names[plugin][0]: str(certificate), names[plugin][1]: str(key)}
    more |= {"ansible_psrp_cert_validation": "ignore"} if plugin == "psrp" else {"ansible_winrm_server_cert_validation": "ignore"}
    with webserver.web_host(answer, tls=tls) as host:
        error = failure(plugin, "certificate", host.port, scheme="https", **more)
    assert isinstance(error, errors.TlsFailed)
    assert names[plugin][1] in str(error)
    assert "was not asked" in str(error)


# --- Kerberos ------------------------------------------------------------------------------------------------------


KINIT = {
    "kinit: Cannot contact any KDC for realm 'EXAMPLE.COM' while getting initial credentials": "and that its KDC answers",
    'kinit: Cannot find KDC for realm "NOWHERE" while getting initial credentials': "user@REALM, with the realm in capital letters",
    "kinit: Client 'nobody@EXAMPLE.COM' not found in Kerberos database while getting initial credentials": "check ansible_user: user@REALM",
    "kinit: Password incorrect while getting initial credentials": "check ansible_password",
    "kinit: Preauthentication failed while getting initial credentials": "check ansible_password",
    "kinit: Password has expired while getting initial credentials": "change the password",
    "Password expired.  You must change it now.": "change the password",
    "kinit: Client's credentials have been revoked while getting initial credentials": "disabled or locked",
    "kinit: Clock skew too great while getting initial credentials": "set the clock",
    "Kerberos auth failure when calling kinit cmd 'kinit': No such file or directory": "install the Kerberos programs",
    "(('Unspecified GSS failure.', 851968), ('Server not found in Kerberos database', -1765328377))": "no HTTP service of that name",
    "(('Unspecified GSS failure.', 851968), ('No Kerberos credentials available (default cache: FILE:/tmp/x)', 2))": "get a ticket",
    "(('Unspecified GSS failure.', 851968), ('Ticket expired', -1765328352))": "get a new ticket",
}


@BOTH
@pytest.mark.parametrize("words", sorted(KINIT))
def test_what_to_do_about_kerberos_depends_on_what_it_says(plugin: str, words: str) -> None:
    assert KINIT[words] in reasons.kerberos_advice(words, plugin)


@BOTH
def test_the_words_of_kerberos_are_carried(plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = f"kinit: Client 'nobody@EXAMPLE.COM' not found in Kerberos database\n{PASSWORD}"

    def failing(*_given: object, **_more: object) -> None:
        raise RuntimeError(words)

    transport = open_transport(webserver.connection(plugin, **webserver.options(plugin, "ntlm", 5985, ansible_password=PASSWORD)))
    setattr(transport, "_mechanism", "kerberos")  # noqa: B010
    monkeypatch.setattr(transport, "_connect", failing)
    with pytest.raises(errors.AuthenticationFailed) as found:
        transport.exchange(b"<message/>")
    assert "was not logged in to as 'admin' with kerberos: check ansible_user: user@REALM" in str(found.value)
    assert "(kinit: Client 'nobody@EXAMPLE.COM' not found in Kerberos database ***)" in str(found.value)


def test_a_secret_is_never_told() -> None:
    assert reasons.without_secrets("a pass-word b", ("pass-word",)) == "a *** b"
