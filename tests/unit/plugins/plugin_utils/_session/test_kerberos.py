# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logins with Kerberos that fail, against a real and throw-away KDC of MIT: its own words come out, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import open_transport
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import webserver
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.kdc import NEEDS_KDC, REALM, Kdc, needs, started

pytestmark = [
    NEEDS_KDC,
    pytest.mark.slow,
    # Ansible's connection leaves the file of its credential cache to be closed by chance.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PYKERBEROS, GSSAPI = needs("kerberos"), needs("gssapi", "krb5")
PASSWORD = "a g00d secret"


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    """Start a KDC that knows one user, one whose password has expired, and no host."""
    queries = (
        f'addprinc +requires_preauth -pw "{PASSWORD}" user',
        f'addprinc -pw "{PASSWORD}" -pwexpire "1/1/2020 00:00:00 UTC" expired',
        f'addprinc -pw "{PASSWORD}" -allow_tix locked',
        f'addprinc -pw "{PASSWORD}" +needchange fresh',
    )
    with started(tmp_path_factory.mktemp("kdc"), queries) as made:
        yield made


def failure(kdc: Kdc, plugin: str, monkeypatch: pytest.MonkeyPatch, **more: object) -> str:
    """Return how a login ends; what is said is one line, without the secret."""
    for name, value in kdc.environment.items():
        monkeypatch.setenv(name, value)
    given: dict[str, Any] = {"ansible_password": PASSWORD, "ansible_winrm_kinit_mode": "managed", **more}
    # Else `kinit` would get PATH and nothing more (ansible-core, winrm).
    given["ansible_winrm_kinit_env_vars"] = ["KRB5_CONFIG", "LC_ALL"]
    with webserver.web_host(lambda _message: (200, b""), mechanism="ntlm") as host:
        connection = webserver.connection(plugin, **webserver.options(plugin, "kerberos", host.port, **given))
        with pytest.raises(errors.AuthenticationFailed) as found:
            open_transport(connection).exchange(b"<message/>")
    text = str(found.value)
    assert "\n" not in text
    assert PASSWORD not in text
    return text


WRONG = {
    f"nobody@{REALM}": ("not found in Kerberos database", "check ansible_user: user@REALM"),
    "user@SILENT.TEST": ("Cannot contact any KDC for realm 'SILENT.TEST'", "and that its KDC answers"),
    "user@NOWHERE.TEST": ("Cannot find KDC for realm", "check the realm in ansible_user and krb5.conf: user@REALM"),
    f"expired@{REALM}": ("", "change the password of the account"),
    f"locked@{REALM}": ("revoked", "the account is disabled or locked"),
    f"fresh@{REALM}": ("", "change the password of the account"),
}


@PYKERBEROS
@pytest.mark.parametrize("user", sorted(WRONG))
def test_what_kinit_says_is_carried_with_what_to_do(kdc: Kdc, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = failure(kdc, "winrm", monkeypatch, ansible_user=user)
    words, advice = WRONG[user]
    assert words in text
    assert advice in text
    assert f"was not logged in to as '{user}' with kerberos" in text


@PYKERBEROS
def test_a_wrong_password(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> None:
    text = failure(kdc, "winrm", monkeypatch, ansible_user=f"user@{REALM}", ansible_password="wrong secret")
    assert "check ansible_password" in text
    assert "wrong secret" not in text


@PYKERBEROS
def test_a_host_that_the_realm_does_not_know(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> None:
    text = failure(kdc, "winrm", monkeypatch, ansible_user=f"user@{REALM}")
    assert "Server" in text
    assert "not found in Kerberos database" in text
    assert "ansible_winrm_kerberos_hostname_override" in text


@PYKERBEROS
def test_no_ticket(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> None:
    text = failure(kdc, "winrm", monkeypatch, ansible_user=f"user@{REALM}", ansible_winrm_kinit_mode="manual")
    assert "get a ticket with 'kinit'" in text


@PYKERBEROS
def test_no_kinit(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> None:
    text = failure(kdc, "winrm", monkeypatch, ansible_user=f"user@{REALM}", ansible_winrm_kinit_cmd="/nowhere/kinit")
    assert "install the Kerberos programs (krb5-user, krb5-workstation), or set ansible_winrm_kinit_cmd" in text


@GSSAPI
@pytest.mark.parametrize("user", sorted(WRONG))
def test_psrp_carries_the_words_as_well(kdc: Kdc, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = failure(kdc, "psrp", monkeypatch, ansible_user=user)
    assert WRONG[user][1] in text
