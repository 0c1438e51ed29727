# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting until a host has settled, with a clock that no one waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.settle import Settling, has_delayed, settle
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_host
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import take_listing
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock, FakeHost, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, KNOWLEDGE, TABLE_XP, windows_xp
from hypothesis import given, settings
from hypothesis import strategies as st

SERVICES = r"SYSTEM\CurrentControlSet\Services"


def wait(
    fake: FakeHost, *, limit: float = 300, interval: float = 15, ticks: Callable[[float], None] | None = None
) -> tuple[Settling, FakeClock, FakeSession]:
    session, clock = FakeSession(fake), FakeClock(ticks)
    host = read_host(session, KNOWLEDGE)
    settling = settle(session, host, lambda: take_listing(session, host, KNOWLEDGE), clock, limit=limit, interval=interval)
    return settling, clock, session


def booted(seconds: int) -> str:
    """Return the host's clock so long after its boot."""
    return f"2003-05-01T08:{(seconds + 10) // 60:02d}:{(seconds + 10) % 60:02d}Z"


def test_two_equal_listings_fifteen_seconds_apart() -> None:
    settling, clock, session = wait(windows_xp())
    assert settling.settled
    assert (settling.waiting_for, settling.uptime) == ("", 3600.0)
    assert clock.slept == [15]
    assert [call for call in session.calls if call[0] == "command"] == [("command", "netstat", "-ano")] * 2


def test_what_was_read_is_dropped_before_each_look() -> None:
    _settling, _clock, session = wait(windows_xp())
    verbs = [call[0] for call in session.calls]
    assert verbs.index("forget") < len(verbs) - 1 - verbs[::-1].index("command")


def test_listings_that_differ() -> None:
    fake = windows_xp()
    fake.netstat = [TABLE_XP, TABLE_XP + "  UDP    0.0.0.0:4500    *:*    704\n", TABLE_XP]
    settling, clock, _session = wait(fake)
    assert settling.settled
    assert clock.slept == [15, 15, 15]


@pytest.mark.parametrize("limit", [29, 30, 31, 44])
def test_it_waits_no_longer_than_it_may(limit: float) -> None:
    fake = windows_xp()
    fake.netstat = [TABLE_XP + f"  UDP    0.0.0.0:{port}    *:*    704\n" for port in range(4500, 4600)]
    settling, clock, _session = wait(fake, limit=limit)
    assert not settling.settled
    assert limit - 15 < sum(clock.slept) <= limit


def test_a_listing_in_another_order_is_the_same() -> None:
    fake = windows_xp()
    fake.netstat = [TABLE_XP, "\n".join(reversed(TABLE_XP.splitlines()))]
    settling, clock, _session = wait(fake)
    assert (settling.settled, clock.slept) == (True, [15])


def test_an_automatic_service_that_still_starts() -> None:
    fake = windows_xp()
    fake.service("Spooler").state = "Start Pending"

    def ticks(now: float) -> None:
        if now >= 45:
            fake.service("Spooler").state = "Running"

    settling, clock, _session = wait(fake, ticks=ticks)
    assert (settling.settled, clock.slept) == (True, [15, 15, 15])


def test_a_manual_service_that_starts_does_not_count() -> None:
    fake = windows_xp()
    fake.service("TermService").state = "Start Pending"
    settling, _clock, _session = wait(fake)
    assert settling.settled


def test_not_settled_at_the_limit() -> None:
    fake = windows_xp()
    fake.service("Spooler").state = "Start Pending"
    settling, clock, _session = wait(fake, limit=60, interval=20)
    assert not settling.settled
    assert settling.waiting_for == "Spooler still starting"
    assert clock.slept == [20, 20, 20]
    assert settling.uptime == 3600.0


def test_never_two_equal_listings() -> None:
    fake = windows_xp()
    fake.netstat = [TABLE_XP + f"  UDP    0.0.0.0:{port}    *:*    1112\n" for port in range(2000, 2100)]
    settling, _clock, _session = wait(fake, limit=30)
    assert (settling.settled, settling.waiting_for) == (False, "two listings in a row differ")


def test_a_limit_shorter_than_the_interval() -> None:
    settling, clock, _session = wait(windows_xp(), limit=5)
    assert (settling.settled, settling.waiting_for, clock.slept) == (False, "a second listing", [])


def delayed(fake: FakeHost) -> FakeHost:
    fake.put(rf"{SERVICES}\Spooler", "DelayedAutostart", RegistryValue.dword(1))
    return fake


def test_delayed_services_start_late_from_vista_on() -> None:
    fake = delayed(HOSTS["windows_vista"]())
    fake.clock = booted(40)

    def ticks(now: float) -> None:
        fake.clock = booted(40 + int(now))

    settling, clock, _session = wait(fake, ticks=ticks)
    assert settling.settled
    assert settling.uptime is not None
    assert settling.uptime >= 180
    # Nothing is listed until then; after that two listings in a row have to agree.
    assert sum(clock.slept) == 165


def test_not_settled_while_delayed_services_may_start() -> None:
    fake = delayed(HOSTS["windows_vista"]())
    fake.clock = booted(40)
    settling, _clock, _session = wait(fake, limit=60)
    assert (settling.settled, settling.uptime) == (False, 40.0)
    assert "delayed services" in settling.waiting_for


@pytest.mark.parametrize("limit", [29, 30, 31, 44])
def test_it_waits_for_delayed_services_no_longer_than_it_may(limit: float) -> None:
    fake = delayed(HOSTS["windows_vista"]())
    fake.clock = booted(40)
    settling, clock, _session = wait(fake, limit=limit)
    assert "delayed services may still start" in settling.waiting_for
    assert limit - 15 < sum(clock.slept) <= limit


def test_without_delayed_services_nobody_waits_for_them() -> None:
    fake = HOSTS["windows_vista"]()
    fake.clock = booted(40)
    fake.put(rf"{SERVICES}\Spooler", "DelayedAutostart", RegistryValue.dword(0))
    settling, clock, _session = wait(fake)
    assert (settling.settled, clock.slept) == (True, [15])


def test_a_delayed_service_that_is_not_automatic_does_not_count() -> None:
    fake = delayed(HOSTS["windows_vista"]())
    fake.service("Spooler").start = "Manual"
    session = FakeSession(fake)
    assert not has_delayed(session, read_host(session, KNOWLEDGE))


@pytest.mark.parametrize("text", ["1", "0", ""])
def test_a_value_of_another_type_delays_nothing(text: str) -> None:
    fake = HOSTS["windows_vista"]()
    fake.put(rf"{SERVICES}\Spooler", "DelayedAutostart", RegistryValue.text(text))
    session = FakeSession(fake)
    assert not has_delayed(session, read_host(session, KNOWLEDGE))


@pytest.mark.parametrize("delayed", [True, False])
def test_where_wmi_says_what_is_delayed_the_registry_is_not_asked(delayed: bool) -> None:
    session = FakeSession(HOSTS["windows_server_2022"]())
    host = read_host(session, KNOWLEDGE)
    host = replace(host, services=ByName((name, replace(service, delayed=delayed)) for name, service in host.services.items()))
    asked = len(session.calls)
    assert has_delayed(session, host) is delayed
    assert len(session.calls) == asked


def test_xp_knows_no_delayed_start_and_is_not_asked() -> None:
    fake = delayed(windows_xp())
    session = FakeSession(fake)
    assert not has_delayed(session, read_host(session, KNOWLEDGE))
    assert not [call for call in session.calls if call[0] == "value"]


def test_a_clock_that_is_set_forward_after_the_boot_makes_no_time_pass() -> None:
    # A guest whose hardware clock is local time: one hour is added right after lsass.exe has started. LastBootUpTime moves along.
    fake = delayed(HOSTS["windows_vista"]())

    def ticks(now: float) -> None:
        fake.clock, fake.last_boot = f"2003-05-01T09:{(now + 38) // 60:02.0f}:{(now + 38) % 60:02.0f}Z", "2003-05-01T09:00:00Z"

    ticks(0)
    settling, clock, _session = wait(fake, ticks=ticks)
    assert settling.settled
    assert sum(clock.slept) >= 180 - 38


def test_a_clock_that_is_set_while_we_wait_makes_no_time_pass() -> None:
    fake = delayed(HOSTS["windows_vista"]())
    fake.clock = booted(20)

    def ticks(now: float) -> None:
        fake.clock = f"2003-05-01T10:00:{now % 60:02.0f}Z"

    settling, clock, _session = wait(fake, ticks=ticks)
    assert settling.settled
    assert sum(clock.slept) >= 160


@given(
    st.floats(0, 170),
    st.lists(st.tuples(st.integers(-7200, 7200), st.integers(-7200, 7200)), min_size=1, max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_clocks_of_the_host_do_no_host_is_settled_before_its_delayed_services_had_time(
    seen: float, steps: list[tuple[int, int]]
) -> None:
    fake = delayed(HOSTS["windows_vista"]())
    start = datetime(2003, 5, 1, 12, tzinfo=UTC)

    def ticks(now: float) -> None:
        clock, boot = steps[int(now) % len(steps)]
        fake.clock = f"{start + timedelta(seconds=seen + now + clock):%Y-%m-%dT%H:%M:%SZ}"
        fake.last_boot = f"{start + timedelta(seconds=boot):%Y-%m-%dT%H:%M:%SZ}"

    fake.lsass_created = f"{start:%Y-%m-%dT%H:%M:%SZ}"
    ticks(0)
    session, clock = FakeSession(fake), FakeClock(ticks)
    host = read_host(session, KNOWLEDGE)
    settling = settle(session, host, lambda: take_listing(session, host, KNOWLEDGE), clock, limit=900, interval=15, seen=seen)
    assert not settling.settled or seen + clock.now() >= 180
