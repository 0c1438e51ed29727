# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task says while it runs, and where it says nothing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible import constants
from ansible.utils.display import Display
from ansible_collections.netmin.windows.plugins.plugin_utils._action import screen
from ansible_collections.netmin.windows.plugins.plugin_utils._action.screen import EVERY, Screen, TellingClock
from hypothesis import given
from hypothesis import strategies as st


@dataclass
class Shown:
    """What Ansible's display was given."""

    texts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def display(self, msg: str, **where: Any) -> None:
        """Take note."""
        self.texts.append((msg, where))


@dataclass
class Hands:
    """A clock that moves by what is slept, and a screen that remembers."""

    time: float = 0.0
    told: list[tuple[float, str]] = field(default_factory=list)

    def now(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds

    def tell(self, text: str) -> None:
        """Take note of a text."""
        self.told.append((self.time, text))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Return what is shown."""
    found = Shown()
    monkeypatch.setattr(Display, "display", lambda _, msg, **where: found.display(msg, **where))
    return found


def use(monkeypatch: pytest.MonkeyPatch, callback: str) -> None:
    """Let Ansible have this standard output."""
    monkeypatch.setattr(constants.config, "get_config_value", lambda name, **_: callback if name == "DEFAULT_STDOUT_CALLBACK" else None)


@pytest.mark.parametrize("callback", ["default", "ansible.builtin.default", "awx_display", "community.general.unixy", ""])
def test_people_see_a_text_in_one_piece(callback: str, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, callback)
    monkeypatch.setattr(screen, "ANSIBLE_COLOR", False)

    assert Screen(hidden=False).show(lambda _: ["one", "two"])
    assert shown.texts == [("one\ntwo", {})]


@pytest.mark.parametrize("callback", ["json", "ansible.posix.json", "ansible.posix.jsonl", "null", "junit", "acme.own.thing"])
def test_programs_see_nothing(callback: str, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, callback)
    place = Screen(hidden=False)
    place.tell("waits")

    assert not place.show(lambda _: ["one"])
    assert shown.texts == []


def test_nobody_sees_what_no_log_hides(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "default")
    place = Screen(hidden=True)
    place.tell("waits")

    assert not place.show(lambda _: ["one"])
    assert shown.texts == []


def test_the_log_has_no_colours(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "default")
    monkeypatch.setattr(screen, "ANSIBLE_COLOR", True)
    monkeypatch.setattr(screen, "stringc", lambda text, colour: f"<{colour}>{text}")

    Screen(hidden=False).show(lambda paper: [paper.paint("closed", "closed")])
    assert shown.texts == [(f"<{constants.COLOR_OK}>closed", {"screen_only": True}), ("closed", {"log_only": True})]


@given(st.lists(st.floats(0.1, 20), min_size=1, max_size=60))
def test_a_wait_is_told_at_its_beginning_and_then_at_most_every_half_a_minute(naps: list[float]) -> None:
    hands = Hands()
    clock = TellingClock(hands, "web01", hands)  # type: ignore[arg-type]  # a screen that remembers
    clock.about("waits")
    for nap in naps:
        clock.sleep(nap)

    times = [time for time, _text in hands.told]
    assert times[0] == 0
    assert all(later - earlier >= EVERY for earlier, later in itertools.pairwise(times))
    assert len(times) >= sum(naps[:-1]) // (EVERY + max(naps))
    assert clock.now() == hands.time


def test_a_short_wait_is_not_told() -> None:
    hands = Hands()
    clock = TellingClock(hands, "web01", hands)  # type: ignore[arg-type]
    clock.about("waits until service Spooler has stopped", patience=5)
    for _second in range(5):
        clock.sleep(1)
    assert hands.told == []

    clock.sleep(1)
    assert hands.told == [(5, "web01: waits until service Spooler has stopped (5 s so far)")]


def test_each_wait_begins_anew() -> None:
    hands = Hands()
    clock = TellingClock(hands, "web01", hands)  # type: ignore[arg-type]
    for what in ("one", "two"):
        clock.about(what)
        clock.sleep(1)
    assert [text for _time, text in hands.told] == ["web01: one", "web01: two"]
