# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exact plain types, and text that no terminal can misread."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import printable
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import NetbiosOption
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import gone, plain


class Tagged(str):
    """Text as ansible-core tags it."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (1.5, 1.5),
        ("text", "text"),
        (Tagged("text"), "text"),
        (Effective.BOOT, "at boot"),
        (NetbiosOption.DISABLED, 2),
        (("a", ["b"]), ["a", ["b"]]),
        ({"a"}, ["a"]),
        ({Protocol.TCP: {Tagged("k"): (1,)}}, {"tcp": {"k": [1]}}),
        (datetime(2003, 5, 1, tzinfo=UTC), "2003-05-01T00:00:00+00:00"),
    ],
)
def test_exact_types(value: Any, expected: Any) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


def test_nested_text_and_keys_are_exact() -> None:
    found = plain({Tagged("key"): [Tagged("value"), Effective.NOW]})
    assert [type(key) for key in found] == [str]
    assert [type(item) for item in found["key"]] == [str, str]


@pytest.mark.parametrize("value", [b"bytes", Path("/"), Endpoint(Protocol.TCP, "0.0.0.0", 1), object(), {"a": [object()]}])
def test_other_types_are_a_bug(value: Any) -> None:
    with pytest.raises(TypeError, match="in a result"):
        plain(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, ümlaut, 日本", "plain text, ümlaut, 日本"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\x1b[31mred\x1b[0m", "?[31mred?[0m"),
        ("bell\x07 nul\x00 del\x7f csi\x9b", "bell? nul? del? csi?"),
        ("carriage\rreturn", "carriage?return"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("{{ lookup('pipe', 'id') }}", "{{ lookup('pipe', 'id') }}"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert printable(text) == expected
    assert plain({text: [text]}) == {expected: [expected]}


def test_right_to_left_overrides_cannot_turn_a_line_around() -> None:
    # U+202A to U+202E and U+2066 to U+2069 change the order in which a terminal shows what follows.
    assert printable("a\u202eb\u2066c") == "a?b?c"


def row(port: int, scope: str = "wildcard", *, count: int = 1, ports: str | None = None) -> dict[str, Any]:
    return {"protocol": "tcp", "address": "0.0.0.0", "port": port, "scope": scope, "owner": "DNS", "count": count, "ports": ports}


def test_what_is_gone_is_counted_without_the_loopback() -> None:
    before = [row(135), row(5000), row(445), row(123, "loopback")]
    assert gone(before, [row(135), row(445)]) == 1
    assert gone(before, before) == 0
    # A crowd of dynamic ports is counted by its owner.
    assert gone([row(53), row(1025, count=2500), row(445)], [row(53), row(1066, count=500)]) == 2001


@pytest.mark.parametrize(("ports", "closed"), [("20002-20017", 1), ("20001-20016", 1), ("20001-20008, 20010-20017", 1), ("20003-20017", 2)])
def test_a_port_of_a_row_that_stands_for_many_is_counted_alone(ports: str, closed: int) -> None:
    before = [row(135), row(20001, count=17, ports="20001-20017")]
    assert gone(before, [row(135), row(int(ports[:5]), count=17 - closed, ports=ports)]) == closed
    # Few ports are a row each.
    assert gone(before, [row(135), *(row(port) for port in range(20001, 20017))]) == 1
