# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import UnsafePlan
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._host import management
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath, read_path
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME, read_survey
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeService, FakeSession
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, terms_of
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE

HTTP = WinrmListener("*", "HTTP", 5985, enabled=True)
HTTPS = WinrmListener("*", "HTTPS", 5986, enabled=True)
NETSTAT = """
  TCP    0.0.0.0:135      0.0.0.0:0         LISTENING    884
  TCP    0.0.0.0:5985     0.0.0.0:0         LISTENING    4
  TCP    0.0.0.0:5986     0.0.0.0:0         LISTENING    4
"""
OURS = "  TCP    192.0.2.10:5986  198.51.100.7:50100  ESTABLISHED  4\n"


def path_of(netstat: str, listeners: list[WinrmListener] | None) -> ManagementPath:
    fake = HOSTS["windows_server_2022"]()
    fake.netstat, fake.listeners = [netstat], listeners
    session = FakeSession(fake)
    survey = read_survey(session, KNOWLEDGE)
    return read_path(session, survey.host, survey.listing)


def test_the_listener_in_use_and_its_peer_are_what_the_host_sees() -> None:
    path = path_of(NETSTAT + OURS + "  TCP    192.0.2.10:135  192.0.2.8:50101  ESTABLISHED  884\n", [HTTP, HTTPS])
    (found,) = path.connections
    assert (found.local_address, found.local_port, found.remote_address, found.remote_port) == ("192.0.2.10", 5986, "198.51.100.7", 50100)
    assert (path.listeners, path.unknown) == ((HTTP, HTTPS), "")


def test_a_tunnel_that_ends_on_the_host_counts() -> None:
    path = path_of(NETSTAT + "  TCP    127.0.0.1:5985  127.0.0.1:50100  ESTABLISHED  4\n", [HTTP])
    assert [row.remote_address for row in path.connections] == ["127.0.0.1"]
    assert path.unknown == ""


@pytest.mark.parametrize(
    ("netstat", "listeners", "unknown"),
    [
        (NETSTAT + OURS, None, management.NO_LISTENERS),
        (NETSTAT + OURS, [], management.NO_LISTENERS),
        (NETSTAT + OURS, [replace(HTTPS, enabled=False)], management.NO_LISTENERS),
        (NETSTAT, [HTTP, HTTPS], management.NO_CONNECTIONS),
        (NETSTAT + OURS, [HTTP], management.NOT_IN_USE),
        (NETSTAT + OURS.replace("ESTABLISHED", "TIME_WAIT"), [HTTPS], management.NOT_IN_USE),
    ],
)
def test_what_is_not_shown_is_not_guessed(netstat: str, listeners: list[WinrmListener] | None, unknown: str) -> None:
    assert path_of(netstat, listeners).unknown == unknown


AUTHENTICATION = ["SamSs", "KeyIso", "HTTPFilter", "ProtectedStorage", "CryptSvc", "Netlogon", "NTDS", "Kdc"]


def with_services(host: str, *names: str) -> FakeHost:
    fake = copy.deepcopy(HOSTS[host]())
    there = {service.name.lower() for service in fake.services}
    fake.services += [FakeService(name, pid=3000) for name in names if name.lower() not in there]
    return fake


@pytest.mark.parametrize(
    ("host", "name"),
    [
        *(("windows_server_2022", name) for name in AUTHENTICATION if name not in ("HTTPFilter", "ProtectedStorage")),
        *(("windows_xp", name) for name in ("SamSs", "HTTPFilter", "ProtectedStorage", "Netlogon")),
    ],
)
def test_what_authenticates_is_never_stopped(host: str, name: str) -> None:
    fake = with_services(host, name)
    fake.domain_role = 3
    survey = read_survey(FakeSession(fake), KNOWLEDGE)
    desired = STAGE_BY_NAME["services"].desired({"services": [{"name": name, "state": "stopped", "start_mode": "disabled"}]})
    with pytest.raises(UnsafePlan, match="is never stopped or disabled"):
        make_plan({"services": desired}, survey, KNOWLEDGE, terms_of(survey), named=("services",))
