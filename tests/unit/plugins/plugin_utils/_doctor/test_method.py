# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor tries methods where it may break the host: it closes, lists, undoes and lists, one recipe at a time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import doctor
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.method import Trial
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, booted, differences, state
from ansible_collections.netmin.windows.tests.unit.tasks import made, run

SERVER = "windows_server_2022"


def tried(host: Simulated, **options: Any) -> dict[str, dict[str, Any]]:
    """Let the doctor try methods, and return what it says of each recipe."""
    acted = act(doctor.ActionModule, host, level="method", i_may_break_it=True, **options)
    assert acted.error is None, acted.error
    return {row["recipe"]: row for row in acted.result["methods"]}


@pytest.mark.parametrize("name", ["windows_2000", "windows_7", SERVER])
def test_each_recipe_of_the_default_plan_is_closed_and_undone(name: str) -> None:
    with booted(name) as host:
        before, listening = state(host), host.endpoints()
        rows = tried(host)
        assert differences(before, state(host)) == []
        fixed = {row for row in listening if row[2] < 1024 or row[2] in (3372, 5355)}
        assert fixed <= host.endpoints()
    assert "ike-500-4500" in rows
    assert rows["ike-500-4500"]["verdict"] == "confirmed"
    assert len(rows["ike-500-4500"]["runs"]) == 2
    assert all(row["verdict"] != "contradicted" for row in rows.values()), rows


def test_only_what_is_named_is_tried() -> None:
    with booted(SERVER) as host:
        rows = tried(host, recipes=["w32time-123", "winrm"])
        touched = {entry.target for entry in host.computer.changes() if "netmin.windows" not in entry.target}
    assert rows["w32time-123"]["seen"] == "udp/123 closed, and open again after the undo"
    assert rows["winrm"]["verdict"] == "not_to_be_seen"
    assert all("W32Time" in target for target in touched), touched


def test_what_does_not_come_back_ends_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    undo = Trial._undo  # noqa: SLF001  # the moment after it is the one that counts

    with booted(SERVER) as host:

        def undone(trial: Trial, run_id: str) -> str:
            back = undo(trial, run_id)
            host.computer.inject({"kind": "endpoint_gone", "protocol": "udp", "port": 500})
            return back

        monkeypatch.setattr(Trial, "_undo", undone)
        action = made(doctor.ActionModule, host, host.session, level="method", i_may_break_it=True, recipes=["ike-500-4500", "w32time-123"])
        result = run(action)
        touched = {entry.target for entry in host.computer.changes() if "netmin.windows" not in entry.target}
    assert result["failed"], result
    assert "udp/500 did not come back" in result["msg"]
    assert "look at the host" in result["msg"]
    assert not any("W32Time" in target for target in touched)


def test_a_method_that_closes_nothing_is_told_and_undone() -> None:
    with booted(SERVER) as host:
        before = state(host)
        host.computer.inject({"kind": "socket_stays", "protocol": "udp", "port": 123})
        row = tried(host, recipes=["w32time-123"])["w32time-123"]
        assert differences(before, state(host)) == []
    assert row["verdict"] == "contradicted"
    assert "still open" in row["seen"]


def test_nobody_is_broken_by_accident() -> None:
    with booted(SERVER) as host:
        before = len(host.computer.changes())
        result = run(made(doctor.ActionModule, host, host.session, level="method"))
        assert result["refused"]
        assert "i_may_break_it" in result["msg"]
        unknown = run(made(doctor.ActionModule, host, host.session, level="method", i_may_break_it=True, recipes=["w32time"]))
        assert "did you mean w32time-123" in unknown["msg"]
        assert "is for 'level: method'" in run(made(doctor.ActionModule, host, host.session, recipes=["w32time-123"]))["msg"]
        assert len(host.computer.changes()) == before
