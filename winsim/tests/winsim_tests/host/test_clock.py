# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clocks that run faster than the machine's."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from winsim.host import clock
from winsim.host.clock import FastClock
from winsim.host.machine import Machine
from winsim.scenarios import load_scenario

from .hosts import service


class Counter:
    """The machine's counter, moved by a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1000.0
        monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: self.seconds))


def test_wall_clock_and_counter_run_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Counter(monkeypatch)
    fast = FastClock(60.0)
    began = fast.now()
    machine.seconds += 2.0
    assert fast.monotonic() == 120.0
    assert fast.now() - began == timedelta(minutes=2)


def test_a_fast_host_has_not_to_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Counter(monkeypatch)
    host = Machine(load_scenario("windows_server_2022").host, clock=FastClock(100.0))
    host.power_cycle()
    began = host.time.boot_time()
    assert not service(host, "MapsBroker").running
    machine.seconds += 1.3
    host.time.advance()
    assert service(host, "MapsBroker").running
    assert host.time.uptime().total_seconds() == pytest.approx(130.0)
    assert host.time.boot_time() == began
