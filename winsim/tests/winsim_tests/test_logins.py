# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logins beside Basic and NTLM, by the two Python clients of WinRM: who is let in, who is not, and what the journal counts."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests
import spnego
from pypsrp.exceptions import AuthenticationError
from pypsrp.wsman import WSMan
from spnego.channel_bindings import GssChannelBindings
from winrm.exceptions import InvalidCredentialsError
from winrm.protocol import Protocol

from winsim.certificate import Authority
from winsim.server import Host, HostSpec, Simulation
from winsim_tests.envelopes import WMI, enumerate_request
from winsim_tests.fake import FakeComputer

SYSTEM = f"{WMI}/Win32_OperatingSystem"
MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
CREDSSP = pytest.mark.skipif(
    find_spec("requests_credssp") is None, reason="requests-credssp is not installed, by which clients log in with CredSSP"
)


def totals(host: Host) -> tuple[int, int]:
    """Return how many logins the journal counts, and how many refused ones."""
    found = requests.get(f"{host.window_url}/journal", timeout=10).json()
    return int(found["logins"]), int(found["refused_logins"])


def shell(host: Host, **options: Any) -> None:
    """Open a shell and close it, through pywinrm."""
    mechanism: Any = host.auth  # pywinrm takes literals
    client = Protocol(host.url, transport=mechanism, username=host.user, server_cert_validation="ignore", **options)
    client.close_shell(client.open_shell(), close_session=True)


def read(host: Host, **options: Any) -> None:
    """Read an instance twice, through pypsrp."""
    place: dict[str, Any] = {"port": host.port, "ssl": host.scheme == "https", "cert_validation": False}
    with WSMan(host.address, username=host.user, auth=host.auth, **place, **options) as client:
        for _again in range(2):
            assert client.get(SYSTEM).find(f"{{{SYSTEM}}}Win32_OperatingSystem") is not None


# --- client certificates ----------------------------------------------------------------------------------------------


@pytest.fixture
def mapped() -> Iterator[Host]:
    with Simulation([HostSpec("fake", name="mapped", auth="certificate", tls=True, build=FakeComputer)]) as running:
        yield running["mapped"]


def pem(path: Path | None) -> dict[str, str]:
    return {"certificate_pem": str(path), "certificate_key_pem": str(path)}


def test_a_certificate_logs_its_account_in_once_a_connection(mapped: Host) -> None:
    shell(mapped, cert_pem=str(mapped.certificate), cert_key_pem=str(mapped.certificate))
    read(mapped, **pem(mapped.certificate))
    assert totals(mapped) == (2, 0)
    entries = requests.get(f"{mapped.window_url}/journal", timeout=10).json()["requests"]
    assert {entry["account"] for entry in entries} == {"Administrator"}


def test_a_certificate_of_nobody_is_refused(mapped: Host) -> None:
    assert mapped.clients is not None
    nobody = mapped.clients.issue("nobody")
    with pytest.raises(InvalidCredentialsError):
        shell(mapped, cert_pem=str(nobody), cert_key_pem=str(nobody))
    with pytest.raises(AuthenticationError):
        read(mapped, **pem(nobody))
    assert totals(mapped) == (0, 2)


def test_a_certificate_of_another_authority_ends_the_connection(mapped: Host, tmp_path: Path) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        read(mapped, **pem(Authority.start(tmp_path).issue(mapped.user)))
    assert totals(mapped) == (0, 0)


def test_who_shows_no_certificate_is_refused(mapped: Host) -> None:
    answer = requests.post(mapped.url, data=enumerate_request(SYSTEM), headers={"Authorization": MUTUAL}, verify=False, timeout=10)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Negotiate")


def test_other_hosts_ask_for_no_certificate(tmp_path: Path) -> None:
    with Simulation([HostSpec("fake", name="plain", tls=True, build=FakeComputer)]) as running:
        path = Authority.start(tmp_path).issue("Administrator")
        answer = requests.post(
            running["plain"].url,
            data=enumerate_request(SYSTEM),
            headers={"Authorization": MUTUAL},
            cert=str(path),
            verify=False,
            timeout=10,
        )
        assert answer.status_code == 401


def test_a_certificate_needs_tls() -> None:
    with pytest.raises(ValueError, match="tls must be on"):
        HostSpec("fake", auth="certificate")


def test_the_inventory_has_the_certificate_and_no_password(mapped: Host) -> None:
    variables = mapped.inventory_variables
    assert variables["ansible_winrm_transport"] == "certificate"
    assert variables["ansible_winrm_cert_pem"] == variables["ansible_winrm_cert_key_pem"] == str(mapped.certificate)
    assert "ansible_password" not in variables


# --- the TLS channel of a login ----------------------------------------------------------------------------------------


def ntlm_by_hand(host: Host, channel: bytes | None) -> int:
    """Log in with NTLM over TLS, bound to a channel of one's own making; return the last status."""
    client = spnego.client(
        host.user,
        host.password,
        protocol="ntlm",
        channel_bindings=None if channel is None else GssChannelBindings(application_data=channel),
    )
    token, status = client.step(), 0
    with requests.Session() as session:
        session.verify, session.trust_env = False, False
        while token is not None:
            header = {"Authorization": f"Negotiate {base64.b64encode(token).decode()}"}
            answer = session.post(host.url, headers=header, timeout=10)
            status = answer.status_code
            challenge = answer.headers.get("WWW-Authenticate", "").partition(" ")[2]
            token = None if client.complete or not challenge else client.step(base64.b64decode(challenge))
    return status


@pytest.fixture(params=[False, True], ids=["relaxed", "strict"])
def tls_host(request: pytest.FixtureRequest) -> Iterator[Host]:
    spec = HostSpec("fake", name="bound", tls=True, strict_channel=request.param, build=FakeComputer)
    with Simulation([spec]) as running:
        yield running["bound"]


def bound(host: Host) -> tuple[int, int, int]:
    found = requests.get(f"{host.window_url}/journal", timeout=10).json()
    return int(found["logins"]), int(found["bound_logins"]), int(found["refused_logins"])


def test_both_clients_bind_ntlm_to_its_tls_channel(tls_host: Host) -> None:
    shell(tls_host, password=tls_host.password)
    read(tls_host, password=tls_host.password)
    assert bound(tls_host) == (2, 2, 0)


def test_a_login_that_is_bound_to_another_channel_is_refused(tls_host: Host) -> None:
    assert ntlm_by_hand(tls_host, b"tls-server-end-point:" + bytes(32)) == 401
    assert bound(tls_host) == (0, 0, 1)


def test_one_that_is_bound_to_none_is_refused_where_the_host_is_strict(tls_host: Host, request: pytest.FixtureRequest) -> None:
    strict = request.node.callspec.params["tls_host"]
    assert ntlm_by_hand(tls_host, None) == (401 if strict else 200)
    assert bound(tls_host) == ((0, 0, 1) if strict else (1, 0, 0))


# --- Kerberos, as far as it goes without a KDC ------------------------------------------------------------------------

LIBRARIES = ("gssapi", "krb5")


def test_kerberos_needs_its_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winsim.server.find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"gssapi and krb5 must be installed \(pip install 'winsim\[kerberos\]'\)"):
        HostSpec("fake", auth="kerberos")


@pytest.mark.skipif(not all(map(find_spec, LIBRARIES)), reason="gssapi and krb5 are not installed; they need the headers of Kerberos")
def test_a_host_that_takes_kerberos_offers_it_takes_ntlm_too_and_refuses_what_is_no_ticket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5_KTNAME", f"FILE:{tmp_path}/none")
    bare = base64.b64encode(bytes.fromhex("600d06092a864886f7120102020100")).decode()
    with Simulation([HostSpec("fake", name="member", auth="kerberos", build=FakeComputer)]) as running:
        host = running["member"]
        for scheme in ("Negotiate", "Kerberos"):
            answer = requests.post(host.url, headers={"Authorization": f"{scheme} {bare}"}, timeout=10)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Negotiate, Kerberos")
        assert totals(host) == (0, 2)
        with WSMan(host.address, port=host.port, ssl=False, username=host.user, password=host.password, auth="ntlm") as client:
            client.get(SYSTEM)
        assert totals(host) == (1, 2)


# --- CredSSP ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def delegating() -> Iterator[Host]:
    with Simulation([HostSpec("fake", name="delegating", auth="credssp", build=FakeComputer)]) as running:
        yield running["delegating"]


@CREDSSP
@pytest.mark.parametrize("inner", ["auto", "ntlm"])
def test_credssp_logs_in_once_a_connection(delegating: Host, inner: str) -> None:
    shell(delegating, password=delegating.password)
    read(delegating, password=delegating.password, credssp_auth_mechanism=inner)
    assert totals(delegating) == (2, 0)


@CREDSSP
def test_credssp_seals_16_kb_at_a_time_both_ways(delegating: Host) -> None:
    """An answer of several parts to pywinrm, and a message of several parts from pypsrp."""
    client = Protocol(
        delegating.url, transport="credssp", username=delegating.user, password=delegating.password, server_cert_validation="ignore"
    )
    opened = client.open_shell()
    command = client.run_command(opened, "flood")
    assert client.get_command_output(opened, command) == (b"x" * 250_000, b"warning", 0)
    client.close_shell(opened, close_session=True)
    with WSMan(
        delegating.address, port=delegating.port, ssl=False, username=delegating.user, password=delegating.password, auth="credssp"
    ) as other:
        for size in (0, 16_384, 100_000):
            assert b"EnumerateResponse" in other.transport.send(enumerate_request(SYSTEM) + b" " * size)


@CREDSSP
def test_credssp_with_a_wrong_password_or_user(delegating: Host) -> None:
    with pytest.raises(Exception, match="error status from the server"):
        shell(delegating, password="wrong")
    with pytest.raises(Exception, match="error status from the server"):
        read(delegating, password="wrong")
    assert totals(delegating) == (0, 2)


def test_other_hosts_do_not_offer_credssp() -> None:
    with Simulation([HostSpec("fake", name="plain", build=FakeComputer)]) as running:
        answer = requests.post(running["plain"].url, headers={"Authorization": "CredSSP AAAA"}, timeout=10)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Negotiate")
