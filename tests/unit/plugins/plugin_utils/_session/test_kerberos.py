# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logins with Kerberos that fail, against a real and throw-away KDC of MIT: its own words come out, and what to do."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import open_transport
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import webserver

SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
MISSING = [name for name in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit") if shutil.which(name, path=SBIN) is None]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"there is no KDC to start: {', '.join(MISSING)} is not installed"),
    pytest.mark.slow,
    # Ansible's connection leaves the file of its credential cache to be closed by chance.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def needs(*libraries: str) -> pytest.MarkDecorator:
    """Skip a test where a library is not installed that is built against the machine's own Kerberos."""
    absent = [name for name in libraries if find_spec(name) is None]
    return pytest.mark.skipif(bool(absent), reason=f"{', '.join(absent)} is not installed; it is built against the headers of Kerberos")


PYKERBEROS, GSSAPI = needs("kerberos"), needs("gssapi", "krb5")
REALM = "NETMIN.TEST"
PASSWORD = "a g00d secret"


@dataclass(frozen=True)
class Kdc:
    """A KDC on 127.0.0.1."""

    folder: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        names = {"KRB5_CONFIG": "krb5.conf", "KRB5_KDC_PROFILE": "kdc.conf"}
        cache = {"KRB5CCNAME": f"FILE:{self.folder / 'cache'}"}
        return {**{name: str(self.folder / file) for name, file in names.items()}, **cache, "LC_ALL": "C", "PATH": SBIN}

    def run(self, *command: str) -> None:
        subprocess.run(command, env={**os.environ, **self.environment}, check=True, capture_output=True)


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    """Start a KDC that knows one user, one whose password has expired, and no host."""
    folder = tmp_path_factory.mktemp("kdc")
    made = Kdc(folder, webserver.closed_port())
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\ndns_lookup_realm = false\nudp_preference_limit = 1\n"
        "rdns = false\n"
        f"[realms]\n{REALM} = {{\n kdc = 127.0.0.1:{made.port}\n}}\nSILENT.TEST = {{\n kdc = 127.0.0.1:{webserver.closed_port()}\n}}\n"
        f"[domain_realm]\n127.0.0.1 = {REALM}\nlocalhost = {REALM}\n"
    )
    (folder / "kdc.conf").write_text(
        f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{made.port}\nkdc_tcp_listen = 127.0.0.1:{made.port}\n"
        f"[realms]\n{REALM} = {{\n database_name = {folder}/principal\n key_stash_file = {folder}/stash\n acl_file = {folder}/acl\n}}\n"
    )
    made.run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
    for query in (
        f'addprinc +requires_preauth -pw "{PASSWORD}" user',
        f'addprinc -pw "{PASSWORD}" -pwexpire "1/1/2020 00:00:00 UTC" expired',
        f'addprinc -pw "{PASSWORD}" -allow_tix locked',
    ):
        made.run("kadmin.local", "-r", REALM, "-q", query)
    with subprocess.Popen(
        ["krb5kdc", "-n"], env={**os.environ, **made.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        for _try in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", made.port), 1):
                break
            time.sleep(0.1)
        yield made
        process.terminate()


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
    "user@NOWHERE.TEST": ("Cannot find KDC for realm", "check the realm in ansible_user and krb5.conf"),
    f"expired@{REALM}": ("", "change the password of the account"),
    f"locked@{REALM}": ("revoked", "the account is disabled or locked"),
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


@GSSAPI
@pytest.mark.parametrize("user", sorted(WRONG))
def test_psrp_carries_the_words_as_well(kdc: Kdc, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = failure(kdc, "psrp", monkeypatch, ansible_user=user)
    assert WRONG[user][1] in text
