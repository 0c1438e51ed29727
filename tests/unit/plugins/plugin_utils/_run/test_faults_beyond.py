# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes wrong beyond the requests of a run: the disk of the controller is full, or the host does not come back from a boot.

After each the result says what is so, the same task once more converges, and a restore gives the initial state.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction
from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import MinimizeAction, PlannedAction, RestoreAction
from ansible_collections.netmin.windows.plugins.plugin_utils._action.restart import RebootAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Unreachable
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keeper import Keeper
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.faulty import HostTime, Means, comparable, minimize, restore, result_lies, snapshot_lacks
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, Simulated, Wire, differences, simulated

RUNS = tuple(f"2026010{day}T000000Z-00000{day}" for day in range(1, 10))
NAME = "windows_xp"
GIVEN: dict[str, Any] = {
    "detail": "full",
    **DEFAULTS,
    "stop_timeout": 60,
    "confirm": None,
    "window": None,
}
SCOPE: dict[str, Any] = {"detail": "full", "run": None, "stage": None, "force": False, "stop_timeout": 60, "confirm": None}


class HostWire(Wire):
    """A way to a host that is there only while the host is up."""

    def __init__(self, host: Simulated) -> None:
        super().__init__(host.service, host.account)
        self._computer = host.computer

    def exchange(self, envelope: bytes) -> bytes:
        """Answer one envelope."""
        if not self._computer.up:
            raise Unreachable("host.example: connection refused", host="host.example")
        return super().exchange(envelope)


def made(kind: type[WindowsAction], host: Simulated) -> Any:
    """Make an action that does its work on a simulated host."""
    action = kind.__new__(kind)

    def opened() -> WritableSession:
        action._session = WritableSession(HostWire(host), host="host.example")  # noqa: SLF001 - as the action itself does
        return action._session  # noqa: SLF001

    parts: dict[str, Any] = {
        "_task": SimpleNamespace(check_mode=False, no_log=False, diff=False),
        "_loader": SimpleNamespace(path_dwim=str),
        "_session": None,
        "_spent": [],
        "host_name": "host.example",
        "clock": HostTime(host.clock),
        "writing": False,
        "open_writable": opened,
        "open_session": opened,
    }
    for name, content in parts.items():
        setattr(action, name, content)
    return action


def full(when: Callable[[], bool]) -> Callable[[int], None]:
    """Return an `fsync` that finds the disk full from some moment on."""

    def fsync(_descriptor: int) -> None:
        if when():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return fsync


def goes_on(host: Simulated, initial: dict[str, Any], expected: dict[str, Any]) -> None:
    """Run again, expect what an undisturbed run leaves, put back, and expect what was."""
    again = minimize(host, RUNS[4])
    assert again.result is not None, again.error
    assert not again.failed, again.result["msg"]
    assert result_lies(again, host) + snapshot_lacks(again, host) + differences(expected, comparable(host)) == []
    assert minimize(host, RUNS[5]).changes == ()
    assert not restore(host, RUNS[6]).failed
    boot(host)
    assert differences(initial, comparable(host)) == []


def boot(host: Simulated) -> None:
    """Restart; whatever was open is gone."""
    host.boot()
    host.service.forget()


@cache
def undisturbed(*, booted: bool = False) -> dict[str, Any]:
    """Return the state of a host after a run to which nothing happens."""
    with simulated(NAME) as host:
        host.boot()
        assert not minimize(host, RUNS[0]).failed
        if booted:
            boot(host)
        return comparable(host)


def test_a_disk_that_is_full_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated(NAME) as host:
        host.boot()
        initial = comparable(host)
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full(lambda: True))
            first = minimize(host, RUNS[0], means=Means(keeper=Keeper(tmp_path, "xp")))
        assert first.result is not None
        assert "No space left on device; nothing was changed" in first.result["msg"]
        assert result_lies(first, host) + snapshot_lacks(first, host) + differences(initial, comparable(host)) == []
        goes_on(host, initial, undisturbed())


@pytest.mark.parametrize("what", [MinimizeAction, RestoreAction])
def test_a_disk_that_is_full_after_the_changes(what: type[PlannedAction], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The changes are made, the result says so, and that its copy is the one from before them."""
    with simulated(NAME) as host:
        host.boot()
        initial = comparable(host)
        restoring = what is RestoreAction
        if restoring:
            assert not minimize(host, RUNS[0]).failed
        written = len(host.computer.changes())
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full(lambda: len(host.computer.changes()) > written))
            result = made(what, host).work({**(SCOPE if restoring else GIVEN), "record_dir": str(tmp_path)})
        assert not result.get("failed")
        assert result["changed"]
        assert {change["status"] for change in result["changes"]} == {"done"}
        assert result["record_file"] is None
        assert any("No space left on device; the file is still as it was before the first change" in line for line in result["warnings"])
        (path,) = tmp_path.iterdir()
        kept = json.loads(path.read_text())
        assert (kept["ended"], kept["snapshot"]) == (False, result["snapshot"])
        assert {change["status"] for change in kept["changes"]} == {"planned"}
        if restoring:
            boot(host)
            assert differences(initial, comparable(host)) == []
        goes_on(host, initial, undisturbed())


@pytest.mark.parametrize("what", ["a run", "a restore"])
def test_a_host_that_does_not_come_back_from_a_boot(what: str) -> None:
    """Somebody finds it switched off, and switches it on."""
    with simulated(NAME) as host:
        host.boot()
        initial = comparable(host)
        assert not minimize(host, RUNS[0]).failed
        if what == "a restore":
            assert not restore(host, RUNS[1]).failed
        host.computer.inject({"kind": "no_return"})
        result = made(RebootAction, host).work({"timeout": 600, "interval": 5})
        assert result["failed"]
        assert (result["changed"], result["after"]) == (True, None)
        assert "did not come back after the restart within 600 seconds" in result["msg"]
        with suppress(Unreachable):
            made(MinimizeAction, host).work({**GIVEN, "record_dir": None})
            pytest.fail("a host that is off was read")
        host.computer.clear_faults()
        boot(host)
        assert differences(initial if what == "a restore" else undisturbed(booted=True), comparable(host)) == []
        goes_on(host, initial, undisturbed(booted=what == "a run"))
