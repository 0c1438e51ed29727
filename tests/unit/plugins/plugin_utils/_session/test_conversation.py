# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import time

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import COUNTS_SLEEP
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.plugins.plugin_utils._session.stats import Stats
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import (
    ScriptedTransport,
    output,
    reading,
    rows,
)


def test_an_idle_connection_is_left_before_anything_is_sent() -> None:
    clock = FakeClock()
    session, transport = reading(rows(), rows(), rows(), clock=clock)
    session.query("A")
    clock.time += 59
    session.query("B")
    assert transport.resets == 0
    clock.time += 61
    session.query("C")
    assert transport.resets == 1


def test_a_controller_that_slept_leaves_its_connection_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent first would be lost, and a write might be among it; the time that a machine sleeps counts."""
    now = [5000.0]
    monkeypatch.setattr(time, "clock_gettime", lambda clock: now[0] if clock == COUNTS_SLEEP else 5000.0)
    transport = ScriptedTransport(rows(), rows())
    session = Session(transport, host="web01")
    session.query("A")
    now[0] += 3600
    session.query("B")
    assert transport.resets == 1


def test_stats() -> None:
    session, transport = reading(rows(), output("EnumKey"))
    session.query("C")
    session.subkeys("K")
    session.close()
    stats = session.stats
    assert (stats.requests, stats.logins, stats.seconds) == (2, 1, 0.0)
    assert stats.bytes_sent == sum(len(request.data) for request in transport.sent)
    assert stats.bytes_received > 0
    assert set(stats.plain()) == {"requests", "logins", "bytes_sent", "bytes_received", "seconds"}
    assert all(type(value) in (int, float) for value in stats.plain().values())


def test_several_sessions_are_added_up() -> None:
    assert Stats.total([]) == Stats(0, 0, 0, 0, 0.0)
    assert Stats.total([Stats(1, 2, 3, 4, 0.5), Stats(10, 20, 30, 40, 0.25)]) == Stats(11, 22, 33, 44, 0.75)


def test_a_host_learns_how_long_it_may_take() -> None:
    session, transport = reading(rows(), rows())
    session.query("A")
    transport.operation_timeout = 45
    session.query("B")
    assert [b"PT20S" in request.data for request in transport.sent] == [True, False]
    assert b"PT45S" in transport.sent[1].data


def test_requests_are_small() -> None:
    session, transport = reading(output("EnumKey"))
    session.subkeys("SYSTEM\\CurrentControlSet\\Services\\NetBT\\Parameters")
    assert len(transport.sent[0].data) < 1850
