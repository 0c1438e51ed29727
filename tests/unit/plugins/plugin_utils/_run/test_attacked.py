# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts and other controllers that get in the way of a run: what it says then, and what it leaves."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import MinimizeAction
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_spec
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._run.test_confirming import HostClock
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, Wire, simulated


class Spoiling(Wire):
    """A way to a host whose answers somebody changes."""

    def __init__(self, host: Simulated, spoil: Callable[[bytes, bytes], bytes]) -> None:
        super().__init__(host.service, host.account)
        self._spoil = spoil

    def exchange(self, envelope: bytes) -> bytes:
        return self._spoil(envelope, super().exchange(envelope))


def spoiling(host: Simulated, spoil: Callable[[bytes, bytes], bytes]) -> WritableSession:
    return WritableSession(Spoiling(host, spoil), host="web01")


class Minimize(MinimizeAction):
    """The action without Ansible."""

    argument_spec = minimize_spec()


def action(host: Simulated, session: WritableSession, *, check: bool = False, **options: Any) -> Minimize:
    made = Minimize.__new__(Minimize)
    task = SimpleNamespace(delegate_to=None, args=options, check_mode=check, action="netmin.windows.minimize")
    for name, content in {
        "_connection": SimpleNamespace(become=None),
        "_task": task,
        "_loader": SimpleNamespace(path_dwim=str),
        "_session": session,
        "_spent": [],
        "_ended": False,
        "writing": False,
        "clock": HostClock(host),
        "open_writable": lambda: session,
        "_close": lambda: None,
    }.items():
        setattr(made, name, content)
    return made


def result_of(made: Minimize) -> dict[str, Any]:
    found: dict[str, Any] = getattr(made, "_guarded")({"inventory_hostname": "web01"})  # noqa: B009
    return found


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
        result = result_of(action(host, spoiling(host, spoilt(*SPOILT[kind]))))
    assert "web01" in result["msg"], result
    assert "\n" not in result["msg"]
    assert len(result["msg"]) < 400


@pytest.mark.parametrize("kind", ["a port", "a name twice"])
def test_a_run_that_breaks_off_while_its_timer_runs_says_so(kind: str) -> None:
    what, pattern, by = SPOILT[kind]
    with simulated("windows_server_2022") as host:

        def late(asked: bytes, answer: bytes) -> bytes:
            return spoilt(what, pattern, by)(asked, answer) if armed(host) else answer

        result = result_of(action(host, spoiling(host, late), confirm={"within": 600, "hold": False}))
    assert result["failed"], result
    assert result["confirm"]["armed"]
    assert re.search(r"The host rolls run \S+ back in a little over 600 seconds", result["msg"]), result["msg"]


def armed(host: Simulated) -> bool:
    """Tell whether a timer counts on the host."""
    values: Any = next((v for k, v in host.computer.state()["registry"].items() if k.lower().endswith(r"netmin.windows\confirm")), {})
    return "Heartbeat" in values


def test_nor_does_a_bug_of_ours_hide_the_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_more: object) -> None:
        raise ZeroDivisionError("a bug\nof ours")

    with simulated("windows_server_2022") as host:
        made = action(host, host.session, confirm={"within": 600, "hold": False})
        monkeypatch.setattr("ansible_collections.netmin.windows.plugins.plugin_utils._run.run.reread", broken)
        result = result_of(made)
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
        made = action(host, host.session, confirm={"within": 600, "hold": False})
        monkeypatch.setattr("ansible_collections.netmin.windows.plugins.plugin_utils._run.run.reread", interrupted)
        with pytest.raises(KeyboardInterrupt):
            result_of(made)
        monkeypatch.setattr(ActionBase, "cleanup", lambda _self, _force: None)
        # Another test may have attached Ansible's own handler.
        monkeypatch.setattr(logging.getLogger("ansible_collections.netmin.windows"), "propagate", True)
        made.cleanup()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("The timer is still running. The host rolls run")
