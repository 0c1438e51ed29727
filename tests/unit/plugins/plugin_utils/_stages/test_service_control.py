# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services that cannot be stopped while running: what is planned instead, and what is then expected of their listeners."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_services
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.service_control import Wish
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.services import Desired
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import planned, windows_2000, windows_xp


def stubborn(fake: FakeHost, *names: str) -> FakeHost:
    """Make some services refuse a stop."""
    wanted = {name.lower() for name in names}
    for service in fake.services:
        service.accepts_stop = service.name.lower() not in wanted
    return fake


@pytest.mark.parametrize(("state", "accepts", "firm"), [("Running", False, True), ("Running", True, False), ("Paused", False, False)])
def test_only_what_runs_takes_no_stop(state: str, accepts: bool, firm: bool) -> None:
    fake = windows_xp()
    for service in fake.services:
        service.state, service.accepts_stop = state, accepts
    read = read_services(FakeSession(fake), NtVersion(5, 1), ByName())
    assert {service.takes_no_stop for service in read.values()} == {firm}


@pytest.mark.parametrize("name", ["SMTPSVC", "IISADMIN"])
def test_a_stop_alone_is_refused_where_it_was_asked_for_by_name(name: str) -> None:
    wanted = {"services": Desired((Wish(name, stop=True),))}
    with pytest.raises(Refused, match=r"SMTPSVC .*cannot be stopped.*start_mode: disabled.*next boot"):
        planned(stubborn(windows_2000(), "SMTPSVC"), wanted)


@pytest.mark.parametrize("name", ["SMTPSVC", "IISADMIN"])
def test_a_stop_alone_is_passed_over_where_nobody_named_it(name: str) -> None:
    wanted = {"services": Desired((Wish(name, stop=True),))}
    _survey, plan, _entries = planned(stubborn(windows_2000(), "SMTPSVC"), wanted, named=False)
    assert not plan.changes
    assert [(item.target, item.reason) for item in plan.unchanged] == [(f"service {name}", Reason.PROTECTED)]
    assert "SMTPSVC" in plan.unchanged[0].detail


def test_its_listener_closes_at_the_boot_and_says_why() -> None:
    wanted = {"services": Desired((Wish("PolicyAgent", stop=True, start_mode=StartMode.DISABLED),))}
    _survey, _plan, entries = planned(stubborn(windows_xp(), "PolicyAgent"), wanted)
    entry = next(entry for entry in entries if entry.endpoint.name == "udp/500")
    assert entry.outlook is Outlook.CLOSES_AT_BOOT
    assert entry.why == "PolicyAgent will not start again; until then PolicyAgent cannot be stopped while running"


def test_what_is_made_manual_says_that_it_may_be_started_again() -> None:
    wanted = {"services": Desired((Wish("PolicyAgent", stop=True, start_mode=StartMode.MANUAL),))}
    _survey, plan, _entries = planned(stubborn(windows_xp(), "PolicyAgent"), wanted)
    assert [change.shown for change in plan.changes] == [("auto", "manual")]
    assert [(item.reason, item.detail) for item in plan.unchanged] == [
        (Reason.UNTIL_BOOT, "PolicyAgent cannot be stopped while running; in start mode manual it may start again after the boot")
    ]
