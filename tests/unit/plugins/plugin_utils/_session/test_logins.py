# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each mechanism over both connections against a simulated host: one login serves a session, and a wrong secret costs one failed login."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import open_transport
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import webserver
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.kdc import (
    NAME,
    NEEDS_KDC,
    REALM,
    SECRET,
    Kdc,
    needs,
    with_a_host,
)

from winsim import server

BOTH = pytest.mark.parametrize("plugin", ["psrp", "winrm"])
CREDSSP = pytest.mark.skipif(
    find_spec("requests_credssp") is None, reason="requests-credssp is not installed, by which clients log in with CredSSP"
)
VERSIONS = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
NO_CHECK = {"ansible_psrp_cert_validation": "ignore", "ansible_winrm_server_cert_validation": "ignore"}
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


def session_to(host: Any, plugin: str, **more: object) -> Session:
    login = {"ansible_user": host.user, "ansible_password": host.password, **NO_CHECK, **more}
    variables = webserver.options(plugin, host.auth, host.port, address=host.address, scheme=host.scheme, **login)
    return Session(open_transport(webserver.connection(plugin, **variables)), host=host.name)


def totals(host: Any) -> tuple[int, int, int]:
    """Return how many requests, logins and refused logins the host counts."""
    with build_opener(ProxyHandler({})).open(f"{host.window_url}/journal") as response:
        found = json.load(response)
    return len(found["requests"]), found["logins"], found["refused_logins"]


def look_around(session: Session) -> None:
    """List the host's services and read one value of its registry."""
    with session:
        names = {row.text("Name") for row in session.query("Win32_Service")}
        assert "LanmanServer" in names
        value = session.value(VERSIONS, "CurrentBuildNumber", RegistryType.SZ)
        assert value is not None
        assert value.data == "20348"


def refused(session: Session) -> str:
    """Ask once; return what is said, which is one line."""
    with session, pytest.raises(errors.AuthenticationFailed) as found:
        session.query("Win32_Service")
    text = str(found.value)
    assert "\n" not in text
    return text


# --- client certificates ----------------------------------------------------------------------------------------


@pytest.fixture
def mapped() -> Iterator[Any]:
    with server.Simulation([server.HostSpec("windows_server_2022", name="srv", auth="certificate", tls=True)]) as running:
        yield running["srv"]


def shown(plugin: str, path: object) -> dict[str, object]:
    """Return the options that name a certificate and its key."""
    names = {"psrp": ("certificate_pem", "certificate_key_pem"), "winrm": ("cert_pem", "cert_key_pem")}[plugin]
    return {f"ansible_{plugin}_{name}": str(path) for name in names}


@BOTH
def test_a_client_certificate(mapped: Any, plugin: str) -> None:
    session = session_to(mapped, plugin, **shown(plugin, mapped.certificate))
    look_around(session)
    requests, logins, wrong = totals(mapped)
    assert (requests, logins, wrong) == (session.stats.requests, session.stats.logins, 0)
    assert logins == 1


@BOTH
def test_a_client_certificate_that_is_mapped_to_nobody(mapped: Any, plugin: str) -> None:
    text = refused(session_to(mapped, plugin, **shown(plugin, mapped.clients.issue("nobody"))))
    assert "with certificate" in text
    assert totals(mapped) == (0, 0, 1)


# --- CredSSP ----------------------------------------------------------------------------------------------------


@pytest.fixture
def delegating() -> Iterator[Any]:
    with server.Simulation([server.HostSpec("windows_server_2022", name="srv", auth="credssp")]) as running:
        yield running["srv"]


@CREDSSP
@BOTH
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_credssp(plugin: str, tls: bool) -> None:
    with server.Simulation([server.HostSpec("windows_server_2022", name="srv", auth="credssp", tls=tls)]) as running:
        session = session_to(running["srv"], plugin)
        look_around(session)
        requests, logins, wrong = totals(running["srv"])
    assert (requests, logins, wrong) == (session.stats.requests, session.stats.logins, 0)
    assert logins == 1


@CREDSSP
@BOTH
def test_credssp_with_a_wrong_password(delegating: Any, plugin: str) -> None:
    text = refused(session_to(delegating, plugin, ansible_password="wrong secret"))
    assert "with credssp" in text
    assert "wrong secret" not in text
    assert totals(delegating) == (0, 0, 1)


@CREDSSP
def test_a_wrong_password_costs_one_failed_login_for_each_mechanism_that_is_named(delegating: Any) -> None:
    session = session_to(delegating, "winrm", ansible_password="wrong secret", ansible_winrm_transport="ntlm,credssp")
    text = refused(session)
    assert "with ntlm" in text
    assert "with credssp" in text
    assert totals(delegating) == (0, 0, 2)
    assert session.stats.logins == 2


# --- Kerberos ---------------------------------------------------------------------------------------------------

GSSAPI = needs("gssapi", "krb5")
KERBEROS_BOTH = pytest.mark.parametrize(
    "plugin", [pytest.param("psrp", marks=GSSAPI), pytest.param("winrm", marks=needs("gssapi", "krb5", "kerberos"))]
)


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    with with_a_host(tmp_path_factory.mktemp("kdc")) as made:
        yield made


@pytest.fixture
def realm(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kdc]:
    """Let hosts of this process find their keytab, and clients the KDC."""
    for name, value in {**kdc.environment, "KRB5_KTNAME": f"FILE:{kdc.keytab}"}.items():
        monkeypatch.setenv(name, value)
    yield kdc
    # Ansible's connection leaves the file of its credential cache to be closed by chance: now, where that may be said.
    gc.collect()


@pytest.fixture
def member(realm: Kdc) -> Iterator[Any]:
    with server.Simulation([server.HostSpec("windows_server_2022", name="srv", auth="kerberos")]) as running:
        yield running["srv"]


def ticket_for(host: Any, plugin: str, **more: object) -> Session:
    names = {"psrp": "ansible_psrp_negotiate_hostname_override", "winrm": "ansible_winrm_kerberos_hostname_override"}
    # Else `kinit` would get PATH and nothing more (ansible-core, winrm).
    kinit = {"ansible_winrm_kinit_mode": "managed", "ansible_winrm_kinit_env_vars": ["KRB5_CONFIG", "LC_ALL"]}
    given = {"ansible_user": f"Administrator@{REALM}", "ansible_password": SECRET, names[plugin]: NAME, **kinit}
    return session_to(host, plugin, **{**given, **more})


UNCLOSED = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@NEEDS_KDC
@UNCLOSED
@KERBEROS_BOTH
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_kerberos(realm: Kdc, plugin: str, tls: bool) -> None:
    with server.Simulation([server.HostSpec("windows_server_2022", name="srv", auth="kerberos", tls=tls)]) as running:
        session = ticket_for(running["srv"], plugin)
        look_around(session)
        requests, logins, wrong = totals(running["srv"])
    assert (requests, logins, wrong) == (session.stats.requests, session.stats.logins, 0)
    assert logins == 1


@NEEDS_KDC
@GSSAPI
def test_negotiate_comes_to_kerberos_by_itself(member: Any) -> None:
    """Of psrp, whose Negotiate is SPNEGO; the account is one of the realm, whose password the host does not know."""
    session = ticket_for(member, "psrp", ansible_psrp_auth="negotiate")
    look_around(session)
    assert totals(member)[1:] == (1, 0)


@NEEDS_KDC
@UNCLOSED
@KERBEROS_BOTH
def test_kerberos_with_a_wrong_password_never_reaches_the_host(member: Any, realm: Kdc, plugin: str) -> None:
    before = realm.failed_passwords("Administrator")
    text = refused(ticket_for(member, plugin, ansible_password="wrong secret"))
    assert "check ansible_password" in text
    assert "wrong secret" not in text
    assert totals(member) == (0, 0, 0)
    assert realm.failed_passwords("Administrator") - before == 1


@NEEDS_KDC
@UNCLOSED
@KERBEROS_BOTH
def test_kerberos_with_a_user_whom_the_host_does_not_know(member: Any, plugin: str) -> None:
    text = refused(ticket_for(member, plugin, ansible_user=f"stranger@{REALM}"))
    assert f"stranger@{REALM}" in text
    # pywinrm alone would show the host a ticket three times until it believes the refusal.
    assert totals(member) == (0, 0, 1)


@NEEDS_KDC
@UNCLOSED
@KERBEROS_BOTH
def test_so_over_tls(realm: Kdc, plugin: str) -> None:
    with server.Simulation([server.HostSpec("windows_server_2022", name="srv", auth="kerberos", tls=True)]) as running:
        refused(ticket_for(running["srv"], plugin, ansible_user=f"stranger@{REALM}"))
        assert totals(running["srv"]) == (0, 0, 1)


def counted(host: Any, *names: str) -> tuple[int, ...]:
    """Return totals of the host's journal."""
    with build_opener(ProxyHandler({})).open(f"{host.window_url}/journal") as response:
        found = json.load(response)
    return tuple(found[name] for name in names)


@NEEDS_KDC
@UNCLOSED
@KERBEROS_BOTH
@pytest.mark.parametrize("strict", [False, True], ids=["relaxed", "strict"])
def test_kerberos_is_bound_to_its_tls_channel(realm: Kdc, plugin: str, strict: bool) -> None:
    spec = server.HostSpec("windows_server_2022", name="srv", auth="kerberos", tls=True, strict_channel=strict)
    with server.Simulation([spec]) as running:
        session = ticket_for(running["srv"], plugin)
        look_around(session)
        assert counted(running["srv"], "logins", "bound_logins", "refused_logins") == (1, 1, 0)
    assert session.stats.logins == 1


@NEEDS_KDC
@UNCLOSED
@needs("gssapi", "krb5", "kerberos")
def test_kerberos_seals_within_tls_where_the_user_says_so(realm: Kdc) -> None:
    spec = server.HostSpec("windows_server_2022", name="srv", auth="kerberos", tls=True, strict_channel=True)
    with server.Simulation([spec]) as running:
        look_around(ticket_for(running["srv"], "winrm", ansible_winrm_message_encryption="always"))
        assert counted(running["srv"], "logins", "bound_logins", "refused_logins") == (1, 1, 0)


@BOTH
@pytest.mark.parametrize("strict", [False, True], ids=["relaxed", "strict"])
def test_ntlm_is_bound_to_its_tls_channel(plugin: str, strict: bool) -> None:
    with server.Simulation([server.HostSpec("windows_server_2022", name="srv", tls=True, strict_channel=strict)]) as running:
        session = session_to(running["srv"], plugin)
        look_around(session)
        assert counted(running["srv"], "logins", "bound_logins", "refused_logins") == (1, 1, 0)
    assert session.stats.logins == 1


@BOTH
def test_the_binding_is_left_out_where_the_user_says_so(plugin: str) -> None:
    option = {"psrp": "ansible_psrp_negotiate_send_cbt", "winrm": "ansible_winrm_send_cbt"}[plugin]
    with server.Simulation([server.HostSpec("windows_server_2022", name="srv", tls=True)]) as running:
        look_around(session_to(running["srv"], plugin, **{option: False}))
        assert counted(running["srv"], "logins", "bound_logins", "refused_logins") == (1, 0, 0)


@NEEDS_KDC
@UNCLOSED
@KERBEROS_BOTH
@pytest.mark.parametrize("wanted", [False, True], ids=["kept", "delegated"])
def test_a_ticket_is_handed_over_where_the_user_says_so(member: Any, plugin: str, wanted: bool) -> None:
    option = {"psrp": "ansible_psrp_negotiate_delegate", "winrm": "ansible_winrm_kerberos_delegation"}[plugin]
    session = ticket_for(member, plugin, **{option: wanted})
    look_around(session)
    assert counted(member, "logins", "delegated_logins") == (1, int(wanted))


@NEEDS_KDC
@KERBEROS_BOTH
def test_a_ticket_that_the_user_got(member: Any, realm: Kdc, plugin: str) -> None:
    realm.run("kinit", f"Administrator@{REALM}", given=f"{SECRET}\n")
    try:
        session = ticket_for(member, plugin, ansible_password=None, ansible_winrm_kinit_mode="manual")
        look_around(session)
    finally:
        realm.run("kdestroy")
    assert totals(member)[1:] == (1, 0)


@NEEDS_KDC
@UNCLOSED
@KERBEROS_BOTH
def test_a_user_without_a_realm_is_one_of_the_default_realm(member: Any, plugin: str) -> None:
    session = ticket_for(member, plugin, ansible_user="Administrator")
    look_around(session)
    assert totals(member)[1:] == (1, 0)


# A realm is written in capital letters; what stands behind the @ of a user principal name need be none; Kerberos knows no DOMAIN\\user.
@NEEDS_KDC
@UNCLOSED
@KERBEROS_BOTH
@pytest.mark.parametrize("user", [f"Administrator@{REALM.lower()}", "Administrator@corp.example", "NETMIN\\Administrator"])
def test_a_user_who_is_named_otherwise_is_told_how(member: Any, plugin: str, user: str) -> None:
    text = refused(ticket_for(member, plugin, ansible_user=user))
    assert "ansible_user" in text
    assert "with the realm in capital letters" in text
    assert totals(member) == (0, 0, 0)


@NEEDS_KDC
@UNCLOSED
@KERBEROS_BOTH
def test_a_host_that_takes_no_kerberos_refuses_a_good_ticket(realm: Kdc, plugin: str) -> None:
    option = {"psrp": "ansible_psrp_auth", "winrm": "ansible_winrm_transport"}[plugin]
    with server.Simulation([server.HostSpec("windows_server_2022", name="srv")]) as running:
        refused(ticket_for(running["srv"], plugin, **{option: "kerberos"}))
        assert totals(running["srv"])[:2] == (0, 0)
