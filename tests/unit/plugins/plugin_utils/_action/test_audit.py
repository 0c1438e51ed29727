# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The actions that only read: the listing with its owners, and the proof after a boot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action import base
from ansible_collections.netmin.windows.plugins.plugin_utils._action.audit import ListenersAction, ProofAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast import stored
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record, RecordUnreadable
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import plain
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock, FakeHost, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import (
    ADDRESS,
    TABLE_XP,
    planned,
    windows_2000,
    windows_xp,
)
from ansible_collections.netmin.windows.tests.unit.records import value_of

HEAD = "  Proto  Local Address          Foreign Address        State           PID\n"
WINRM = "  TCP    0.0.0.0:5985           0.0.0.0:0              LISTENING       4\n"
OPTIONS = {"missing": "refuse", "against": "forecast", "keep": [], "limit": 300, "interval": 15, "strict": False, "detail": "full"}


def act(action_class: type[base.WindowsAction], fake: FakeHost, clock: FakeClock | None = None, **options: Any) -> tuple[Any, FakeSession]:
    """Do the work of an action on a fake host, without Ansible."""
    session = FakeSession(fake)
    action = action_class.__new__(action_class)
    action._task = SimpleNamespace(no_log=False)  # noqa: SLF001 - the name is Ansible's
    action.host_name, action.clock = "host.example", clock or FakeClock()
    setattr(action, "open_session", lambda: session)  # noqa: B010  # a seam of the action, not a new attribute
    return plain(action.work({**OPTIONS, **options})), session


def rebooted(*lines: str) -> FakeHost:
    """Return the XP host after the whole plan and a boot, with the forecast that was stored before."""
    fake = windows_xp()
    survey, plan, entries = planned(fake)
    fake.put(OUR_KEY, stored.FORECAST, value_of(Record("run-1", survey.host.boot.mark, entries)))
    for change in plan.changes:
        if type(change).__name__ == "StopService":
            service = fake.service(change.target.partition(" ")[2])
            service.state, service.start, service.pid = "Stopped", "Disabled", None
    fake.lsass_created, fake.clock = "2003-05-02T08:00:10Z", "2003-05-02T08:01:10Z"
    fake.netstat = [HEAD + WINRM + "\n".join(lines)]
    return fake


def test_listeners_with_owners() -> None:
    result, session = act(ListenersAction, windows_xp())
    assert not result["changed"]
    assert session.writes == []
    assert len(result["listeners"]) == 17
    row = next(row for row in result["listeners"] if row["port"] == 1025)
    assert (row["owner"], row["recipe"], row["dynamic"], row["scope"]) == ("Schedule in pid 976", "rpc-schedule", True, "wildcard")
    assert result["windows"]["id"] == "windows_xp"
    assert result["boot"]["uptime"] == 3600.0
    assert result["suspected"] == []


def test_a_listing_asks_for_nothing_that_only_a_plan_needs() -> None:
    _result, session = act(ListenersAction, windows_xp())
    asked = {call[1] for call in session.calls if call[0] == "query"}
    assert "Win32_Service" in asked
    assert asked.isdisjoint({"Win32_DependentService", "Win32_NetworkAdapterConfiguration"})


def test_suspects_are_listed_apart() -> None:
    fake = windows_2000()
    fake.netstat[0] += f"  TCP 0.0.0.0:1367 0.0.0.0:0 LISTENING\n  TCP {ADDRESS}:1367 192.70.106.76:22 ESTABLISHED\n"
    result, _session = act(ListenersAction, fake)
    assert [row["port"] for row in result["suspected"]] == [1367]
    assert "192.70.106.76:22" in result["suspected"][0]["reason"]
    assert 1367 not in [row["port"] for row in result["listeners"]]


def test_proven_after_the_boot_once_the_host_has_settled() -> None:
    clock = FakeClock()
    result, session = act(ProofAction, rebooted(), clock)
    assert result["proven"]
    assert "failed" not in result
    assert result["proof"]["verdict"] == "proven"
    assert result["proof"]["open_listeners"] == 0
    assert (result["forecast_run"], result["boot"]["uptime"]) == ("run-1", 60.0)
    assert clock.slept == [15]
    assert session.writes == []


def test_a_socket_that_stays_fails_naming_port_and_owner() -> None:
    result, _session = act(ProofAction, rebooted("  TCP    0.0.0.0:445    0.0.0.0:0    LISTENING    4"))
    assert result["failed"]
    assert not result["proven"]
    start = "host.example: the proof failed 60 seconds after the boot (forecast of run run-1): "
    assert result["msg"].startswith(f"{start}tcp/445 on 0.0.0.0 is open, owner NetBT in pid 4")


def test_a_host_that_does_not_settle() -> None:
    fake = rebooted()
    fake.service("Spooler").state = "Start Pending"
    result, _session = act(ProofAction, fake, limit=60)
    assert (result["proof"]["verdict"], result["proven"]) == ("not_settled", False)
    assert result["proof"]["reasons"] == ["after 60 seconds: Spooler still starting"]
    assert "failed" not in result
    result, _session = act(ProofAction, fake, limit=60, strict=True)
    assert result["failed"]
    assert (
        result["msg"]
        == "host.example: not settled 60 seconds after the boot (forecast of run run-1): after 60 seconds: Spooler still starting"
    )


def test_what_starts_while_the_host_settles_is_known_by_its_owner() -> None:
    # The DNS client is to stay and starts late: its process is not yet there when the host is first read.
    fake = windows_xp()
    wanted: dict[str, Any] = {}
    survey, _plan, entries = planned(fake, wanted)
    fake.put(OUR_KEY, stored.FORECAST, value_of(Record("run-1", survey.host.boot.mark, entries)))
    fake.lsass_created, fake.clock = "2003-05-02T08:00:10Z", "2003-05-02T08:01:10Z"
    service = fake.service("Dnscache")
    service.state, service.pid = "Start Pending", None
    fake.netstat = ["\n".join(line for line in TABLE_XP.splitlines() if ":1026 " not in line)]

    def ticks(now: float) -> None:
        if now >= 30:
            service.state, service.pid = "Running", 1112
            fake.netstat = [TABLE_XP]

    result, _session = act(ProofAction, fake, FakeClock(ticks))
    assert result["proof"]["reasons"] == []
    assert result["proven"]


def test_before_the_boot_it_does_not_wait() -> None:
    fake = rebooted()
    fake.lsass_created = "2003-05-01T08:00:10Z"
    clock = FakeClock()
    result, _session = act(ProofAction, fake, clock)
    assert clock.slept == []
    assert result["proof"]["verdict"] == "not_proven"
    assert result["proof"]["booted"] is False


def test_without_a_forecast() -> None:
    result, _session = act(ProofAction, windows_xp(), keep=[{"port": "udp/500", "reason": "VPN"}])
    assert result["forecast_run"] is None
    assert result["proof"]["verdict"] == "not_proven"
    assert "there is no forecast" in result["proof"]["reasons"][0]
    result, _session = act(ProofAction, windows_xp(), strict=True)
    assert result["failed"]


def test_without_a_forecast_a_host_that_has_just_started_settles_first() -> None:
    fake = windows_xp()
    fake.clock = "2003-05-01T08:00:40Z"
    clock = FakeClock()
    act(ProofAction, fake, clock)
    assert clock.slept == [15]


def test_a_damaged_record() -> None:
    fake = windows_xp()
    fake.put(OUR_KEY, stored.FORECAST, RegistryValue.texts(("nothing",)))
    with pytest.raises(RecordUnreadable):
        act(ProofAction, fake)
