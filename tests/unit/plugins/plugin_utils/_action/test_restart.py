# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restarting a host and waiting for another boot, with a clock that nobody waits for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.restart import RebootAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AccessDenied,
    AuthenticationFailed,
    InvalidOption,
    Refused,
    Unreachable,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryValue
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock, FakeHost, FakeService, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import windows_xp

NEXT_BOOT = "2003-05-01T09:05:00Z"


class Restarted:
    """A host that is asked to restart, and what it does at which time."""

    def __init__(self, fake: FakeHost, *, up_at: float | None, gone: Exception | None = None, check: bool = False) -> None:
        self.fake, self.up_at, self.gone, self.asked = fake, up_at, gone, False
        self.clock = FakeClock(self._tick)
        self.sessions: list[FakeSession] = []
        self.action = RebootAction.__new__(RebootAction)
        self.action.host_name, self.action.clock, self.action.writing = "host.example", self.clock, False
        for name, content in {
            "_task": SimpleNamespace(check_mode=check, no_log=False),
            "_session": None,
            "open_writable": self._open,
            "open_session": self._open,
        }.items():
            setattr(self.action, name, content)

    def work(self, **options: Any) -> dict[str, Any]:
        return self.action.work({"timeout": 600, "interval": 5, "accept": [], **options})

    def _tick(self, now: float) -> None:
        if self.asked and self.up_at is not None and now >= self.up_at:
            self.fake.lsass_created, self.gone = NEXT_BOOT, None

    def _open(self) -> FakeSession:
        session = FakeSession(self.fake)
        self.sessions.append(session)

        def before(call: tuple[object, ...]) -> None:
            if self.asked and self.gone is not None:
                raise self.gone
            self.asked = self.asked or call == ("reboot",)

        session.before = before
        return session

    @property
    def reboots(self) -> int:
        return sum(call == ("reboot",) for session in self.sessions for call in session.calls)


DOWN = Unreachable("host.example: connection refused", host="host.example")


def test_it_waits_for_another_boot() -> None:
    restarted = Restarted(windows_xp(), up_at=60, gone=DOWN)
    result = restarted.work()
    assert result["changed"]
    assert "failed" not in result
    assert (result["before"]["lsass_created"], result["after"]["lsass_created"]) == (
        "2003-05-01T08:00:10+00:00",
        "2003-05-01T09:05:00+00:00",
    )
    assert restarted.clock.now() == 60
    assert restarted.reboots == 1


def test_the_clock_of_the_host_is_no_evidence() -> None:
    restarted = Restarted(windows_xp(), up_at=None)
    restarted.fake.last_boot = "2003-05-01T08:00:00Z"

    def moved(now: float) -> None:
        restarted.fake.last_boot = f"2003-05-01T08:{int(now) // 60:02d}:01Z"

    restarted.clock.ticks = moved
    result = restarted.work(timeout=60)
    assert result["failed"]
    assert result["msg"] == "host.example did not restart within 60 seconds: it still answers from the boot before"
    assert result["after"] is None


def test_a_host_that_does_not_come_back() -> None:
    restarted = Restarted(windows_xp(), up_at=None, gone=DOWN)
    result = restarted.work(timeout=30)
    assert result["failed"]
    assert result["changed"]
    assert result["msg"] == "host.example did not come back after the restart within 30 seconds: host.example: connection refused"
    assert restarted.reboots == 1


def test_a_host_that_answers_and_is_not_ready() -> None:
    denied = AccessDenied("host.example: access denied", host="host.example", code=5, subcode="AccessDenied")
    assert "failed" not in Restarted(windows_xp(), up_at=20, gone=denied).work()


def test_check_mode_restarts_nothing() -> None:
    restarted = Restarted(windows_xp(), up_at=5, check=True)
    assert restarted.work()["changed"]
    assert restarted.reboots == 0
    assert restarted.clock.slept == []


def test_a_boot_that_could_not_be_proven_is_not_begun() -> None:
    fake = windows_xp()
    fake.lsass_created = None
    restarted = Restarted(fake, up_at=5)
    result = restarted.work()
    assert result["failed"]
    assert "it was not restarted" in result["msg"]
    assert restarted.reboots == 0


CLOSED = {"from": "22:00", "until": "04:00", "days": None, "utc_offset": "+00:00", "now": "2026-03-06T12:00:00Z"}


def test_outside_the_maintenance_window_the_host_is_not_asked_anything() -> None:
    restarted = Restarted(windows_xp(), up_at=5)
    with pytest.raises(Refused, match=r"outside the maintenance window \(22:00 to 04:00\): it is fri 12:00 \(UTC\+00:00\)"):
        restarted.work(window=CLOSED)
    assert restarted.sessions == []


def test_in_the_maintenance_window_and_in_check_mode_it_goes_on() -> None:
    assert "failed" not in Restarted(windows_xp(), up_at=5).work(window={**CLOSED, "now": "2026-03-06T23:00:00Z"})
    assert "failed" not in Restarted(windows_xp(), up_at=5, check=True).work(window=CLOSED)


def test_a_window_that_makes_no_sense_is_refused_in_check_mode_as_well() -> None:
    with pytest.raises(InvalidOption):
        Restarted(windows_xp(), up_at=5, check=True).work(window={**CLOSED, "until": "22:00"})


def with_start(value: int | None, *, needed: str = "", disabled: str = "") -> FakeHost:
    """Return a host whose WinRM starts in some way, as the next boot will read it."""
    fake = windows_xp()
    names = {service.name for service in fake.services}
    fake.services += [FakeService(name) for name in ("WinRM", "RpcSs") if name not in names]
    fake.service("WinRM").depends = ("RpcSs",)
    if value is not None:
        fake.put(rf"{SERVICES_KEY}\WinRM", "Start", RegistryValue.dword(value))
    if needed:
        fake.services.append(FakeService(needed, depends=("WinRM",)))
    if disabled:
        fake.put(rf"{SERVICES_KEY}\{disabled}", "Start", RegistryValue.dword(4))
    return fake


@pytest.mark.parametrize(("value", "word"), [(3, "is Manual"), (4, "disabled")])
@pytest.mark.parametrize("check", [False, True])
def test_a_host_whose_winrm_would_not_answer_is_not_restarted(value: int, word: str, check: bool) -> None:
    restarted = Restarted(with_start(value), up_at=5, check=check)
    with pytest.raises(Refused, match=f"would not answer over WinRM after the restart: .*{word}") as found:
        restarted.work()
    assert found.value.hazards[:1] == ("winrm-start",)
    assert restarted.reboots == 0
    assert Restarted(with_start(value), up_at=5, check=check).work(accept=["winrm-start"])["changed"]


def test_what_winrm_depends_on_must_not_be_disabled() -> None:
    with pytest.raises(Refused, match="RpcSs, which WinRM depends on, is disabled"):
        Restarted(with_start(2, disabled="RpcSs"), up_at=5).work()


@pytest.mark.parametrize("fake", [with_start(2), with_start(None), with_start(3, needed="Vendor")])
def test_a_host_whose_winrm_starts_by_itself_or_along_is_restarted(fake: FakeHost) -> None:
    assert "failed" not in Restarted(fake, up_at=5).work()


def test_a_refused_password_is_tried_once() -> None:
    refused = AuthenticationFailed("host.example refused the login of user", host="host.example")
    restarted = Restarted(windows_xp(), up_at=None, gone=refused)
    result = restarted.work()
    assert result["failed"]
    assert result["msg"] == (
        "host.example was asked to restart, and then refused the login: host.example refused the login of user; no other login was tried, "
        "because that could lock the account"
    )
    # The one that asked for the restart, and one more.
    assert len(restarted.sessions) == 2
