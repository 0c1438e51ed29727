# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts and other controllers that get in the way of a run: what it says then, and what it leaves."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import MinimizeAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import remove, tell
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_spec
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._run.test_confirming import Task
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, Wire, simulated
from ansible_collections.netmin.windows.tests.unit.tasks import made, run, spoiling


class Minimize(MinimizeAction):
    """The action without Ansible."""

    argument_spec = minimize_spec()


def action(host: Simulated, session: WritableSession, *, check: bool = False, **options: Any) -> Any:
    return made(Minimize, host, session, check=check, **options)


def spoilt(what: str, pattern: str, by: str) -> Callable[[bytes, bytes], bytes]:
    """Change the answers to requests that hold a word."""

    def spoil(asked: bytes, answer: bytes) -> bytes:
        return re.sub(pattern.encode(), by.encode(), answer) if what.encode() in asked else answer

    return spoil


SPOILT = {
    "a port": ("MSFT_NetTCPConnection", "LocalPort>[0-9]+<", "LocalPort>80;<"),
    "a name twice": ("Win32_Service", "(<[a-z]*:?Name>[^<]*</[a-z]*:?Name>)", r"\1\1"),
    "a time": ("Win32_OperatingSystem", "LastBootUpTime>(.*?)LastBootUpTime>", "LastBootUpTime>yesterday</p:LastBootUpTime>"),
    "a state": ("Win32_Service", "ProcessId>[0-9]+<", "ProcessId>minus one<"),
    "an address": ("MSFT_NetTCPConnection", "LocalAddress>[^<]*<", "LocalAddress>999.1.2.3<"),
}


@pytest.mark.parametrize("kind", sorted(SPOILT))
def test_what_a_host_answers_ends_in_an_error_of_ours_that_names_it(kind: str) -> None:
    with simulated("windows_server_2022") as host:
        result = run(action(host, spoiling(host, spoilt(*SPOILT[kind]))))
    assert "web01" in result["msg"], result
    assert "\n" not in result["msg"]
    assert len(result["msg"]) < 400


@pytest.mark.parametrize("kind", ["a port", "a name twice"])
def test_a_run_that_breaks_off_while_its_timer_runs_says_so(kind: str) -> None:
    what, pattern, by = SPOILT[kind]
    with simulated("windows_server_2022") as host:

        def late(asked: bytes, answer: bytes) -> bytes:
            return spoilt(what, pattern, by)(asked, answer) if armed(host) else answer

        result = run(action(host, spoiling(host, late), confirm={"within": 600, "hold": False}))
    assert result["failed"], result
    assert result["confirm"]["armed"]
    assert re.search(r"The host rolls run \S+ back in a little over 600 seconds", result["msg"]), result["msg"]


def armed(host: Simulated) -> bool:
    """Tell whether a timer counts on the host."""
    registry: Any = host.computer.state()["registry"]
    return any("Heartbeat" in values for key, values in registry.items() if key.lower().endswith(r"netmin.windows\confirm"))


def test_nor_does_a_bug_of_ours_hide_the_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_more: object) -> None:
        raise ZeroDivisionError("a bug\nof ours")

    with simulated("windows_server_2022") as host:
        task = action(host, host.session, confirm={"within": 600, "hold": False})
        monkeypatch.setattr("ansible_collections.netmin.windows.plugins.plugin_utils._run.run.reread", broken)
        result = run(task)
    assert result["confirm"]["armed"], result
    assert result["failed"]
    assert result["changed"]
    assert "unexpected ZeroDivisionError at web01" in result["msg"]
    assert "The timer is still running. The host rolls run" in result["msg"]
    assert "\n" not in result["msg"]


def test_an_interruption_leaves_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def interrupted(*_given: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with simulated("windows_server_2022") as host:
        task = action(host, host.session, confirm={"within": 600, "hold": False})
        monkeypatch.setattr("ansible_collections.netmin.windows.plugins.plugin_utils._run.run.reread", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(task)
        monkeypatch.setattr(ActionBase, "cleanup", lambda _self, _force: None)
        # Another test may have attached Ansible's own handler.
        monkeypatch.setattr(logging.getLogger("ansible_collections.netmin.windows"), "propagate", True)
        task.cleanup()
    # A handler of an earlier test may have passed it on as well.
    (message,) = {record.getMessage() for record in caplog.records if record.levelname == "WARNING"}
    assert message.startswith("The timer is still running. The host rolls run")


# --- two controllers ----------------------------------------------------------------------------------------------


KEY = r"HKLM\SOFTWARE\netmin.windows\Confirm"
FIRST, SECOND = "20260101T000000Z-00000a", "20260101T000000Z-00000b"


def timer_values(host: Simulated) -> dict[str, str]:
    registry: Any = host.computer.state()["registry"]
    return {name: str(value["value"]) for key, values in registry.items() if key.lower() == KEY.lower() for name, value in values.items()}


class Meeting(Wire):
    """A way to the host on which, before one of the requests, somebody else does something."""

    def __init__(self, host: Simulated, number: int, other: Callable[[], object]) -> None:
        super().__init__(host.service, host.account)
        self.sent, self._number, self._other = 0, number, other

    def exchange(self, envelope: bytes) -> bytes:
        self.sent += 1
        if self.sent == self._number:
            self._other()
        return super().exchange(envelope)


def wanting_to_arm(host: Simulated, run_id: str, **more: Any) -> Task:
    """Return a task that has planned, and is about to change the host."""
    task = Task(host, run_id=run_id, **more)
    task.plan()
    return task


def arm(task: Task, writer: WritableSession) -> str:
    """Arm a timer, and return whose it is; "" where that failed and nothing was changed."""
    try:
        task.confirmation.clean(writer)
        task.confirmation.arm(writer)
    except NetminError as error:
        return "" if "nothing was changed" in str(error) else str(error)
    return task.run.run_id


@cache
def requests_to_arm(name: str) -> int:
    with simulated(name) as host:
        task = wanting_to_arm(host, FIRST)
        wire = Meeting(host, 0, lambda: None)
        assert arm(task, WritableSession(wire, host="first")) == FIRST
    return wire.sent


POINTS = range(1, 22)


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2022"])
def test_each_point_of_the_interleaving_is_tried(name: str) -> None:
    assert 10 < requests_to_arm(name) < POINTS.stop


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2022"])
@pytest.mark.parametrize("point", POINTS)
def test_of_two_controllers_one_at_most_arms_and_its_timer_stays_whole(name: str, point: int) -> None:
    """One arms as a whole at each point of the other's arming."""
    if point > requests_to_arm(name):
        return
    with simulated(name) as host:
        first, second = wanting_to_arm(host, FIRST), wanting_to_arm(host, SECOND)
        won: list[str] = []

        def other() -> None:
            won.append(arm(second, host.session))

        won.append(arm(first, WritableSession(Meeting(host, point, other), host="first")))
        armed = [run for run in won if run]
        assert armed in ([FIRST], [SECOND]), won
        values = timer_values(host)
        assert values["Run"] == armed[0]
        assert {text.partition(" &")[0] for number, text in values.items() if number.isdecimal()} == {armed[0]}
        # It counts, and puts the run back in the end, whatever the other has taken away of its own.
        host.clock.advance(60)
        assert int(timer_values(host)["Heartbeat"]) >= 10
        host.clock.advance(700)
        assert timer_values(host)["Heartbeat"] == "restored"


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2022"])
def test_a_script_whose_key_is_gone_harms_no_timer_that_comes_after_it(name: str) -> None:
    with simulated(name) as host:
        first, second = wanting_to_arm(host, FIRST), wanting_to_arm(host, SECOND)
        assert arm(first, host.session) == FIRST
        remove(host.session, first.confirmation.nt, FIRST)
        # Its script has not noticed yet.
        assert arm(second, host.session) in (SECOND, "")
        if timer_values(host).get("Run") == SECOND:
            host.clock.advance(60)
            assert int(timer_values(host)["Heartbeat"]) >= 10
            host.boot()
            host.clock.advance(700)
            assert timer_values(host)["Heartbeat"] == "restored"


def test_a_run_confirms_no_timer_but_its_own() -> None:
    with simulated("windows_server_2022") as host:
        assert arm(wanting_to_arm(host, FIRST), host.session) == FIRST
        tell(host.session, SECOND)
        host.clock.advance(60)
        assert int(timer_values(host)["Heartbeat"]) >= 10
        tell(host.session, FIRST)
        host.clock.advance(12)
        assert timer_values(host) == {}


def test_a_run_that_ends_while_the_timer_of_another_waits_says_so() -> None:
    with simulated("windows_server_2022") as host:
        other = wanting_to_arm(host, SECOND)
        met: list[str] = []

        def meet(asked: bytes, answer: bytes) -> bytes:
            if b"StopService" in asked and not met:
                met.append(arm(other, host.session))
            return answer

        result = run(action(host, spoiling(host, meet)))
    assert met == [SECOND]
    assert any(f"run {SECOND} was started from elsewhere meanwhile and is waiting" in text for text in result["warnings"]), result[
        "warnings"
    ]
