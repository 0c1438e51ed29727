# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host has put a run back by itself: nothing is left to restore, whatever the record still names."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import MinimizeAction, RestoreAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Where
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, simulated


def state_of(host: Simulated, driver: str) -> str | None:
    """Ask a host for the state of a driver."""
    host.service.forget()
    (row,) = host.session.query("Win32_SystemDriver", ("Name", "State"), where=Where("Name", (driver,)))
    host.session.forget()
    return row.text("State")


@pytest.mark.parametrize("name", ["windows_7", "windows_server_2012_r2", "windows_server_2022"])
def test_rules_that_the_timer_has_deleted_are_not_deleted_again(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        done = act(MinimizeAction, host, confirm={"within": 120, "hold": True}, ip_filter={"residue": "drop"})
        assert any("inbound rule" in change["target"] for change in done.result["changes"])
        host.clock.advance(400)
        host.boot()
        back = act(RestoreAction, host)
    assert (back.error, back.result["changed"], back.result["changes"]) == (None, False, [])


def test_a_driver_is_started_by_its_own_name() -> None:
    """`net start srv` means the Server service."""
    with simulated("windows_server_2012_r2") as host:
        host.boot()
        act(MinimizeAction, host, confirm={"within": 120, "hold": True}, stages=["smb_device"], accept=["shares-in-use"])
        assert state_of(host, "srv") == "Stopped"
        host.clock.advance(400)
        assert state_of(host, "srv") == "Running"
