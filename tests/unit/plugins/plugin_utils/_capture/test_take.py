# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking a capture: what is asked, what is kept of refusals, and that there is a whole capture or none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.netmin.windows.plugins.action import minimize, restore, services, snapshot_info
from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Services
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.recorder import Recorder
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ConnectionLost, NotCaptured
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.captured import Counted, act_captured, captured
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, boot, booted

from .test_same import Options, compared, whole

SERVER = "windows_server_2022"


class Cut(Counted):
    """A way to a host that ends after so many requests."""

    left = 300

    def exchange(self, envelope: bytes) -> bytes:
        """Answer one envelope, or lose it."""
        self.left -= 1
        if self.left < 0:
            raise ConnectionLost("the connection is gone", host="host.example")
        return super().exchange(envelope)


@contextmanager
def after_a_run(name: str) -> Iterator[Simulated]:
    """Start a host that this collection has minimized and restarted."""
    with booted(name) as host:
        act(minimize.ActionModule, host)
        boot(host)
        yield host


@pytest.mark.parametrize("name", ["windows_xp", "windows_7", SERVER])
def test_what_earlier_runs_left_is_in_it(name: str) -> None:
    with after_a_run(name) as host:
        capture = whole(captured(host))
        tasks: tuple[tuple[type[WindowsAction], Options], ...] = (
            (snapshot_info.ActionModule, {}),
            (restore.ActionModule, {}),
            (restore.ActionModule, {"stage": "services"}),
        )
        for action, options in tasks:
            on_host = compared(act(action, host, check=True, **options))
            assert compared(act_captured(action, capture, check=True, **options)) == on_host


def test_a_timer_that_waits_is_in_it() -> None:
    with booted("windows_server_2019") as host:
        act(minimize.ActionModule, host, confirm={"within": 600, "hold": True})
        capture = whole(captured(host))
        assert compared(act_captured(snapshot_info.ActionModule, capture)) == compared(act(snapshot_info.ActionModule, host))
        assert "hunter" not in json.dumps(plain(capture))


def test_known_services_cost_less_and_others_are_errors_that_name_them() -> None:
    with booted(SERVER) as host:
        every, few = Counted(host), Counted(host)
        captured(host, wire=every)
        known = captured(host, Services.KNOWN, wire=few)
        assert few.of_services < 0.8 * every.of_services
        default = compared(act(minimize.ActionModule, host, check=True))
        assert compared(act_captured(minimize.ActionModule, known.capture, check=True)) == default
        strange = {"services": [{"name": "DiagTrack"}]}
        error = act_captured(services.ActionModule, known.capture, check=True, **strange).error
        if error is not None:
            assert isinstance(error, NotCaptured)
            assert "DiagTrack" in str(error)
            assert "services: all" in str(error)


def test_what_is_refused_is_part_of_it() -> None:
    with booted(SERVER) as host:
        taken = captured(host)
    assert any("query of Msvm_ComputerSystem" in text for text in taken.refused) or not taken.refused
    kept = [query.error for query in taken.capture.moments[0].queries if query.error is not None]
    assert len(kept) >= len([text for text in taken.refused if text.startswith("query of")])


def test_a_connection_that_is_lost_leaves_no_capture() -> None:
    with booted(SERVER) as host, pytest.raises(ConnectionLost):
        captured(host, wire=Cut(host))


def test_nobody_asks_for_all_properties_of_a_class_unless_it_is_said_what_is_kept() -> None:
    with booted("windows_xp") as host, pytest.raises(ValueError, match="what is kept of Win32_Product is not known"):
        Recorder(host.session).query("Win32_Product")


def test_no_property_is_kept_that_was_not_named() -> None:
    with booted(SERVER) as host:
        capture = captured(host).capture
    for query in (query for moment in capture.moments for query in moment.queries):
        assert query.properties
        named = {name.lower() for name in query.properties}
        assert all({name.lower() for name in row} <= named for row in query.rows), query.wmi_class


def test_progress_is_told() -> None:
    told: list[str] = []
    with booted("windows_xp") as host:
        captured(host, progress=told.append)
    assert told[0].startswith("asks for services, processes")
    assert any("(50 of " in text for text in told)
