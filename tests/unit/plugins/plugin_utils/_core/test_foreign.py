# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text of a host is harmless where it is shown, and short where a message quotes it."""

from __future__ import annotations

import logging

import pytest
from ansible.utils.display import Display
from ansible_collections.netmin.windows.plugins.plugin_utils._action import logs
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import (
    LONGEST,
    LONGEST_NAME,
    MOST_NAMES,
    excerpt,
    listed,
    printable,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.faults import error_of
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import SoapFault
from hypothesis import given
from hypothesis import strategies as st

# Unicode Standard Annex 9, 2.1 to 2.6.
BIDIRECTIONAL = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]


@pytest.mark.parametrize("code", BIDIRECTIONAL, ids=hex)
def test_every_bidirectional_control_is_replaced(code: int) -> None:
    assert printable(f"a{chr(code)}b") == "a?b"


@given(st.text(max_size=3000))
def test_an_excerpt_is_one_short_line(text: str) -> None:
    line = excerpt(text)
    assert len(line) <= LONGEST
    assert len(line.splitlines()) <= 1
    assert printable(line) == line


@pytest.mark.parametrize(("text", "line"), [("", ""), (" a\r\n b\t", "a b"), ("x" * 200, "x" * 200), ("x" * 201, f"{'x' * 199}…")])
def test_an_excerpt_says_that_it_was_cut(text: str, line: str) -> None:
    assert excerpt(text) == line


def test_a_host_forges_no_line_of_a_message_or_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = "x\nok: [web02]\u200e" + "y" * 300_000
    error = error_of(SoapFault((), forged, forged), what="Get", host="web01")
    assert len(str(error)) < 400
    assert "\n" not in str(error)
    shown: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text: shown.append(text))
    logs.install("web01")
    logging.getLogger(f"{logs.COLLECTION}.plugins").warning("what it says: %s", "x\nok: [web02]")
    assert shown == ["web01: what it says: x ok: [web02]"]


def test_of_names_that_a_host_lists_the_first_are_told_and_how_many_there_are() -> None:
    assert listed(["a", "b\nc"], between=" or ") == "a or b c"
    found = listed(f"{'y' * 3000}{number}" for number in range(5000))
    assert found.endswith("… and 4990 more")
    assert len(found) < (MOST_NAMES + 1) * (LONGEST_NAME + 2)
