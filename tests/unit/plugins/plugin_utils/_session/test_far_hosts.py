# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Further connections to a simulated host whose answers take their time, over both libraries: how many there are, and who logs in."""

from __future__ import annotations

import gc
import json
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import QueryRead, Read, TypesRead
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._session import bounded
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import open_transport
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import webserver
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE

from winsim import server

BOTH = pytest.mark.parametrize("plugin", ["psrp", "winrm"])
# In milliseconds: more than what makes further connections worth their logins.
FAR = 15.0
READS: tuple[Read, ...] = tuple(TypesRead(f"SOFTWARE\\Key{number}") for number in range(40))


@pytest.fixture(scope="module")
def hosts() -> Iterator[server.Simulation]:
    far = server.HostSpec("windows_server_2022", name="far", latency=FAR)
    basic = server.HostSpec("windows_server_2022", name="basic", auth="basic", latency=FAR)
    very_far = server.HostSpec("windows_server_2022", name="very-far", latency=FAR)
    with server.Simulation([far, basic, very_far]) as running:
        yield running


def session_to(host: Any, plugin: str, *, connections: int = 4, **more: object) -> Session:
    login = {"ansible_user": host.user, "ansible_password": host.password, **more}
    variables = webserver.options(plugin, host.auth, host.port, address=host.address, scheme=host.scheme, **login)
    return Session(open_transport(webserver.connection(plugin, **variables)), host=host.name, connections=connections)


class Counted:
    """What a host has counted since: requests, logins and refused logins."""

    def __init__(self, host: Any) -> None:
        self._host = host
        self._before = self._now()

    def _now(self) -> tuple[int, int, int]:
        with build_opener(ProxyHandler({})).open(f"{self._host.window_url}/journal") as response:
            found = json.load(response)
        return len(found["requests"]), found["logins"], found["refused_logins"]

    @property
    def more(self) -> tuple[int, ...]:
        return tuple(now - before for now, before in zip(self._now(), self._before, strict=True))


@BOTH
@pytest.mark.parametrize("connections", [1, 2, 4])
def test_each_connection_logs_in_once_and_the_statistics_say_so(hosts: server.Simulation, plugin: str, connections: int) -> None:
    counted = Counted(hosts["far"])
    with session_to(hosts["far"], plugin, connections=connections) as session:
        survey = read_survey(session, KNOWLEDGE)
    assert survey.host.windows.id == "windows_server_2022"
    assert counted.more == (session.stats.requests, session.stats.logins, 0)
    assert session.stats.logins == connections


@BOTH
def test_basic_over_further_connections(hosts: server.Simulation, plugin: str) -> None:
    more: dict[str, Any] = {"psrp": {"ansible_psrp_message_encryption": "never"}, "winrm": {}}[plugin]
    with session_to(hosts["basic"], plugin, **more) as session:
        read_survey(session, KNOWLEDGE)
    assert session.stats.logins == 4


@BOTH
def test_a_host_that_answers_quickly_is_asked_over_one(hosts: server.Simulation, plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # As long as this host takes for an answer.
    monkeypatch.setattr(bounded, "WORTH_WAITING", 1000 * FAR)
    with session_to(hosts["far"], plugin) as session:
        read_survey(session, KNOWLEDGE)
    assert session.stats.logins == 1


@BOTH
def test_a_wrong_secret_costs_one_failed_login(hosts: server.Simulation, plugin: str) -> None:
    counted = Counted(hosts["far"])
    with session_to(hosts["far"], plugin, ansible_password="wrong") as session:
        session.ahead(lambda: READS, over=4)
        with pytest.raises(errors.AuthenticationFailed):
            read_survey(session, KNOWLEDGE)
    assert counted.more == (0, 0, 1)
    # requests_ntlm keeps the context of a refused login for the garbage collector.
    gc.collect()


@BOTH
def test_a_secret_that_changes_meanwhile_costs_one_failed_login_for_each_connection_and_no_more(
    hosts: server.Simulation, plugin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(hosts["far"])
    with session_to(hosts["far"], plugin) as session:
        session.query("Win32_ComputerSystem")
        config = session._transport._config  # type: ignore[attr-defined]  # noqa: SLF001  (as if the host had another by now)
        monkeypatch.setitem(config.library_options, "password", "changed")
        session.ahead(lambda: READS, over=4)
        session.ahead(lambda: (QueryRead("Win32_Service"), *READS), over=4)
        assert all(session.value_types(read.key) is None for read in READS if isinstance(read, TypesRead))
    requests, logins, refused = counted.more
    assert (requests, logins, refused) == (41, 1, 3)
    gc.collect()


@BOTH
def test_a_timeout_of_the_task_shuts_the_sockets_at_which_others_wait(hosts: server.Simulation, plugin: str) -> None:
    """Ansible interrupts the main thread; nothing else may go on, or wait for a host that says nothing."""

    class TimedOut(BaseException):
        """As Ansible raises it."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TimedOut

    host = hosts["very-far"]
    session = session_to(host, plugin)
    session.query("Win32_ComputerSystem")
    session.ahead(lambda: READS, over=4)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        hosts.run(lambda: setattr(_station(hosts, "very-far").http, "_latency", 3600.0))
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(TimedOut):
            session.ahead(lambda: tuple(QueryRead(f"Win32_{number}") for number in range(20)), over=4)
        threads = session._beside._threads  # noqa: SLF001  (what becomes of them is the point)
        assert sum(thread.is_alive() for thread in threads) == 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        session.close()
        hosts.run(lambda: setattr(_station(hosts, "very-far").http, "_latency", FAR / 1000))
    assert not any(thread.is_alive() for thread in threads)


def _station(hosts: server.Simulation, name: str) -> Any:
    return next(station for station in hosts._stations if station.name == name)  # noqa: SLF001  (a host that falls silent)
