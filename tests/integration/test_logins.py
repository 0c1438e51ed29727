# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task logs in once, by each mechanism and over both connections; a wrong secret costs one failed login."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import kdc

from winsim.server import Host, HostSpec, Simulation

from .harness import over_psrp, play, variables, window

pytestmark = pytest.mark.slow
CREDSSP = pytest.mark.skipif(
    find_spec("requests_credssp") is None, reason="requests-credssp is not installed, by which clients log in with CredSSP"
)
MECHANISMS = {"basic": False, "ntlm": False, "credssp": False, "certificate": True}
# Where answers are slow there would be more connections, each with a login.
LIST: dict[str, Any] = {"netmin.windows.listeners_info": {"connections": 1}}
REACH = {"winrm": variables, "psrp": over_psrp}


@pytest.fixture
def hosts() -> Iterator[dict[str, Host]]:
    """Start a host for each mechanism and connection: each counts its own logins."""
    specs = [
        HostSpec("windows_server_2022", name=f"{auth}-{plugin}", auth=auth, tls=tls) for auth, tls in MECHANISMS.items() for plugin in REACH
    ]
    with Simulation(specs) as simulation:
        yield {host.name: host for host in simulation.hosts}


def reached(host: Host) -> dict[str, Any]:
    return REACH[host.name.partition("-")[2]](host)


@CREDSSP
def test_each_mechanism_lists_a_host_with_one_login(hosts: dict[str, Host]) -> None:
    played = play({name: reached(host) for name, host in hosts.items()}, [LIST])
    assert played.returncode == 0, played.output
    for name, host in hosts.items():
        result = played.of(name).result
        assert any(row["port"] == 5985 and row["management"] for row in result["listeners"]), name
        assert result["stats"]["logins"] == 1, name
        journal = window(host, "journal")
        assert journal["refused_logins"] == 0, name
        # Basic has its password in each request.
        assert journal["logins"] == (len(journal["requests"]) if host.auth == "basic" else 1), name


@CREDSSP
def test_a_wrong_secret_costs_one_failed_login(hosts: dict[str, Host]) -> None:
    given = {}
    for name, host in hosts.items():
        given[name] = reached(host) | {"ansible_password": "wrong secret"}
        if host.clients is not None:
            nobody = str(host.clients.issue("nobody"))
            given[name] = {key: nobody if value == str(host.certificate) else value for key, value in given[name].items()}
    played = play(given, [LIST])
    for name, host in hosts.items():
        outcome = played.of(name)
        assert outcome.status == "unreachable", outcome
        assert f"with {host.auth}" in outcome.message
        assert window(host, "journal")["refused_logins"] == 1, name
    assert "wrong secret" not in played.output


@kdc.NEEDS_KDC
@kdc.needs("gssapi", "krb5", "kerberos")
def test_kerberos_logs_in_once_and_tells_the_kdc_a_wrong_secret_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kdc.with_a_host(tmp_path) as realm:
        # The host needs the keytab, the controller the configuration, and Ansible a locale with UTF-8.
        for name, value in {**realm.environment, "KRB5_KTNAME": f"FILE:{realm.keytab}", "LC_ALL": "C.UTF-8"}.items():
            monkeypatch.setenv(name, value)
        with Simulation([HostSpec("windows_server_2022", name=f"kerberos-{plugin}", auth="kerberos") for plugin in REACH]) as simulation:
            login = {
                "ansible_user": f"Administrator@{kdc.REALM}",
                "ansible_password": kdc.SECRET,
                "ansible_winrm_kinit_env_vars": ["KRB5_CONFIG", "LC_ALL"],
                "ansible_winrm_kerberos_hostname_override": kdc.NAME,
                "ansible_psrp_negotiate_hostname_override": kdc.NAME,
            }
            played = play({host.name: reached(host) | login for host in simulation.hosts}, [LIST])
            assert played.returncode == 0, played.output
            wrong = play({host.name: reached(host) | login | {"ansible_password": "wrong secret"} for host in simulation.hosts}, [LIST])
            for host in simulation.hosts:
                assert played.of(host.name).result["stats"]["logins"] == 1
                journal = window(host, "journal")
                assert (journal["logins"], journal["refused_logins"]) == (1, 0)
                assert wrong.of(host.name).status == "unreachable"
                assert "check ansible_password" in wrong.of(host.name).message
            assert "wrong secret" not in wrong.output
            assert realm.failed_passwords("Administrator") == len(REACH)
