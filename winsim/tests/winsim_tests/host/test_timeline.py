# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host's own time, without a host."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from winsim.host.clock import ManualClock
from winsim.host.timeline import Timeline


class Rig:
    """A timeline on a clock of its own, and what has happened by the seconds at which it was due."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.began = self.clock.now()
        self.time = Timeline(self.clock)
        self.happened: list[tuple[str, float]] = []

    def note(self, name: str, then: Callable[[], None] | None = None) -> Callable[[], None]:
        """Return something that can happen, and lets something else happen after it."""

        def action() -> None:
            self.happened.append((name, (self.time.unstepped() - self.began).total_seconds()))
            if then is not None:
                then()

        return action

    def pass_by(self, seconds: float) -> None:
        """Let the clock run, and look at it."""
        self.clock.advance(seconds)
        self.time.advance()


def test_what_is_due_happens_in_the_order_of_its_time_and_once() -> None:
    rig = Rig()
    rig.time.after(5, rig.note("second"))
    rig.time.after(2, rig.note("first"))
    rig.time.after(20, rig.note("later"))
    rig.pass_by(1.9)
    assert rig.happened == []
    rig.pass_by(10)
    rig.pass_by(1)
    assert rig.happened == [("first", 2.0), ("second", 5.0)]


def test_what_follows_counts_from_when_its_cause_was_due() -> None:
    rig = Rig()
    rig.time.after(2, rig.note("cause", lambda: rig.time.after(3, rig.note("effect"))))
    rig.pass_by(60)
    assert rig.happened == [("cause", 2.0), ("effect", 5.0)]


def test_what_happens_may_ask_for_the_time() -> None:
    rig = Rig()
    rig.time.after(2, rig.note("first", rig.time.advance))
    rig.time.after(3, rig.note("second"))
    rig.pass_by(60)
    assert rig.happened == [("first", 2.0), ("second", 3.0)]


def test_what_is_cancelled_or_cut_off_by_a_boot_does_not_happen() -> None:
    rig = Rig()
    cancelled = rig.note("cancelled")
    rig.time.after(2, cancelled)
    rig.time.after(2, rig.note("other"))
    rig.time.cancel(cancelled)
    rig.pass_by(2)
    assert rig.happened == [("other", 2.0)]
    rig.time.after(2, rig.note("cleared"))
    rig.time.clear()
    rig.time.after(3, rig.note("booted over"))
    rig.time.boot(already=0)
    rig.pass_by(60)
    assert rig.happened == [("other", 2.0)]


def test_a_step_of_the_clock_moves_the_wall_clock_alone() -> None:
    rig = Rig()
    rig.time.boot(already=30)
    rig.clock.advance(10)
    rig.time.step_clock(-3600)
    assert rig.time.now() == rig.began + timedelta(seconds=10 - 3600)
    assert rig.time.boot_time() == rig.began - timedelta(seconds=30 + 3600)
    assert rig.time.uptime() == timedelta(seconds=40)
    assert rig.time.unstepped() == rig.began + timedelta(seconds=10)


def test_time_that_passes_for_this_host_alone_lets_things_happen() -> None:
    rig = Rig()
    rig.time.after(5, rig.note("due"))
    rig.time.pass_time(6)
    assert rig.happened == [("due", 5.0)]
    assert rig.time.now() == rig.clock.now() + timedelta(seconds=6)
    assert rig.time.uptime() == timedelta(seconds=6)
