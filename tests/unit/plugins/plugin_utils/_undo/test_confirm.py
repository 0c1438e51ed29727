# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a timer is given, and what is read of one: numbered values, the head, the phases."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import confirm, timer
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.confirm import Phase, Timer, WayBack
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeSession

RUN = "20260101T000000Z-000001"


def test_commands_are_numbered_in_order_and_few_in_a_value() -> None:
    commands = tuple(f"net start {number}" for number in range(60))
    values = confirm.values_of(RUN, WayBack(commands, (), boot=False))
    assert list(values) == ["001", "002", "003"]
    parts = [str(entry.data).split(confirm.SEPARATOR) for entry in values.values()]
    assert [part[0] for part in parts] == [RUN] * 3
    assert [command for part in parts for command in part[1:]] == list(commands)
    assert max(len(part) for part in parts) <= 29


def test_a_value_stays_short_and_a_command_that_is_too_long_is_refused() -> None:
    values = confirm.values_of(RUN, WayBack(("x" * 3000, "y" * 3000), (), boot=False))
    assert [len(str(entry.data)) <= confirm.LONGEST_VALUE for entry in values.values()] == [True, True]
    with pytest.raises(Refused, match="too long"):
        confirm.values_of(RUN, WayBack(("x" * 4000,), (), boot=False))


def test_the_head_says_what_else_the_script_needs() -> None:
    assert confirm.head_of(RUN, WayBack((), (), boot=False), 61) == {"Run": RUN, "Beats": "13", "Boot": "0"}
    keys = (r"HKLM\A b", r"HKLM\C")
    assert confirm.head_of(RUN, WayBack((), keys, boot=True), 60) == {
        "Run": RUN,
        "Beats": "12",
        "Boot": "1",
        "Keys": rf"{RUN}&HKLM\A b&HKLM\C",
    }


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, None),
        ({"Heartbeat": "7"}, None),
        ({"Run": RUN}, Timer(Phase.ARMED, RUN, 0)),
        ({"Run": RUN, "Heartbeat": "7"}, Timer(Phase.ARMED, RUN, 7)),
        ({"Run": RUN, "Heartbeat": "restoring", "Outcome": "o"}, Timer(Phase.RESTORING, RUN, 0, "o")),
        ({"Run": RUN, "Heartbeat": "restored", "Outcome": "o"}, Timer(Phase.RESTORED, RUN, 0, "o")),
        ({"Run": RUN, "Heartbeat": "9" * 400}, Timer(Phase.RESTORING, RUN, 0)),
    ],
)
def test_what_is_on_the_host_is_understood(values: dict[str, str], found: Timer | None) -> None:
    fake = FakeHost()
    for name, text in values.items():
        fake.put(timer.KEY, name, RegistryValue.text(text))
    session = FakeSession(fake)
    assert confirm.read_timer(session) == found
    if not values:
        assert len(session.calls) == 1


@pytest.mark.parametrize("name", ["Run", "Heartbeat", "Outcome"])
@pytest.mark.parametrize("value", [RegistryValue.dword(7), RegistryValue.texts(("a", "b")), RegistryValue(RegistryType.BINARY, b"x")])
def test_a_value_of_another_type_breaks_no_reading(name: str, value: RegistryValue) -> None:
    fake = FakeHost()
    for known, text in {"Run": RUN, "Heartbeat": "restored", "Outcome": "o"}.items():
        fake.put(timer.KEY, known, RegistryValue.text(text))
    fake.put(timer.KEY, name, value)
    assert confirm.read_timer(FakeSession(fake)) is not None


@pytest.mark.parametrize("gap", ["    ", "\t"])
def test_a_listing_of_reg_is_read(gap: str) -> None:
    values = f'    001{gap}REG_SZ{gap}r &net start "A  b"\r\n    n{gap}REG_DWORD{gap}0x1\r\n'
    text = f"\r\n! REG.EXE VERSION 3.0\r\n\r\nHKEY_LOCAL_MACHINE\\K\r\n{values}"
    assert dict(confirm.listed(text)) == {"001": 'r &net start "A  b"'}
