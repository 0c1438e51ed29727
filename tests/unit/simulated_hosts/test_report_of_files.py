# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report on hosts of which files alone were carried, beside one that is online."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.audit import ListenersAction
from ansible_collections.netmin.windows.plugins.plugin_utils._report import markdown, page
from ansible_collections.netmin.windows.plugins.plugin_utils._report.latest import of_variables, seen
from ansible_collections.netmin.windows.plugins.plugin_utils._report.report import tidied
from ansible_collections.netmin.windows.plugins.plugin_utils._report.view import HostView, State
from ansible_collections.netmin.windows.tests.unit.captured import act_captured
from ansible_collections.netmin.windows.tests.unit.reports import TAKEN, report, view
from ansible_collections.netmin.windows.tests.unit.simulated import simulated

from .test_bundle import OLDEST, bundled, collected, prove, restart
from .test_collect import Console, console


def told(result: Mapping[str, Any], minute: int) -> dict[str, Any]:
    """Return a result with the time that a task gives it."""
    return {**result, "stats": {"at": TAKEN.format(minute)}}


def listed(desk: Console, folder: str, minute: int) -> dict[str, Any]:
    """Return what the audit of a capture leaves."""
    done = act_captured(ListenersAction, desk.capture(folder))
    assert done.error is None, done.error
    return told(done.result, minute)


def carried(name: str, place: Path) -> tuple[HostView, HostView]:
    """Return a host as it was listed, and as it was proven after its restart."""
    with simulated(f"{name}+no_winrm") as host:
        restart(host)
        desk = console(host, place)
        bundle = bundled(desk, name)
        audit = listed(desk, "NETMIN", 1)
        assert bundle.run("close.cmd").exit_code == 0
        restart(host)
        proof = told(prove(collected(desk, name, "SECOND"), bundle), 9)
    first, second = {"audit_result": audit}, {"audit_result": audit, "verify_result": proof}
    views = [tidied(seen(of_variables(name, known, check_mode=False))) for known in (first, second)]
    return views[0], views[1]


@pytest.mark.parametrize("name", OLDEST)
def test_hosts_of_files_stand_beside_those_online(name: str, tmp_path: Path) -> None:
    """Each with its table and its verdict, on the page and in the text."""
    online = view("windows_10", "office01")
    before, after = carried(name, tmp_path)
    assert (before.verdict, after.verdict, online.verdict) == ("listed", "proven", "proven")
    assert {row.name for row in before.ports if row.state is State.LISTENS} <= {row.name for row in after.ports}
    assert {row.state for row in after.ports} == {State.CLOSED}
    assert (after.taken, after.windows_id) == (TAKEN.format(9), name)
    for made in (page.render(report([online, after])), markdown.render(report([online, after]))):
        assert "office01" in made
        assert name in made.replace("\\_", "_")
        assert online.windows in made
        assert after.windows in made
