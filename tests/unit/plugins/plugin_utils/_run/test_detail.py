# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How rows are joined, and what is said of those that have no room."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._run.detail import crowded, joined, narrowed, short_ports

FIELDS = ("protocol", "address", "port", "ports", "count", "dynamic", "owner")


def row(port: int, address: str = "0.0.0.0", **more: Any) -> dict[str, Any]:
    fixed = {"protocol": "tcp", "dynamic": False, "owner": "A", "count": 1, "ports": None, "pid": port}
    return {**fixed, "address": address, "port": port, **more}


def test_rows_that_differ_in_address_alone_are_one() -> None:
    found = joined([row(135), row(445), row(135, "::"), row(135, "::", owner="B")], FIELDS)
    assert [(one["port"], one["address"], one["count"], one["owner"]) for one in found] == [
        (135, "0.0.0.0, ::", 2, "A"),
        (445, "0.0.0.0", 1, "A"),
        (135, "::", 1, "B"),
    ]
    assert [*found[0]] == [*FIELDS]


def test_of_many_addresses_the_first_is_named() -> None:
    (found,) = joined([row(137, f"192.0.2.{last}") for last in range(1, 8)], FIELDS)
    assert (found["address"], found["count"]) == ("192.0.2.1", 7)


def test_ports_are_joined_where_that_is_asked_for() -> None:
    (found,) = joined([row(4500), row(500), row(500, "::"), row(501)], FIELDS, by_port=True)
    assert (found["port"], found["ports"], found["count"], found["address"]) == (500, "500-501, 4500", 4, "0.0.0.0, ::")


def test_a_crowd_of_dynamic_ports_names_none_of_them() -> None:
    found = joined([row(1025, count=2500, dynamic=True), row(1030, "::", count=2500, dynamic=True)], FIELDS, by_port=True)
    assert [(one["port"], one["ports"], one["count"]) for one in found] == [(1025, None, 5000)]


@pytest.mark.parametrize("families", [1, 2])
def test_pieces_of_a_crowd_of_fixed_ports_are_one_row(families: int) -> None:
    pieces = [row(1000, count=3, ports="1000-1002"), row(2000, count=3, ports="2000, 2002, 2004")]
    rows = [*pieces, *({**piece, "address": "::"} for piece in pieces)][: 2 * families]
    (found,) = joined(rows, FIELDS)
    assert (found["ports"], found["count"]) == ("1000-1002, 2000, 2002, 2004", 6 * families)


def test_ports_that_have_no_room_are_counted() -> None:
    assert short_ports(range(1, 10_001)) == "1-10000"
    text = short_ports(range(1, 10_001, 2))
    assert text.startswith("1, 3, 5, ")
    assert text.endswith(", 79 and 4960 more")


def change(number: int, **more: Any) -> dict[str, Any]:
    return {"stage": "netbt", "target": f"adapter {number}", "before": "dhcp", "after": "disabled", "status": "done", **more}


def test_a_crowd_of_changes_is_one_row_and_the_order_stays() -> None:
    others = [change(900, stage="services"), change(901, stage="smb_device"), change(902, stage="services")]
    rows = [others[0], *(change(number) for number in range(200)), *others[1:]]
    found = crowded(rows, named=True)
    assert [(one["target"], one["count"]) for one in found] == [
        ("adapter 900", 1),
        ("adapter 0 and 199 more", 200),
        ("adapter 901", 1),
        ("adapter 902", 1),
    ]
    assert found[1]["targets"] == [f"adapter {number}" for number in range(200)]
    assert "targets" not in crowded(rows, named=False)[1]


def test_changes_of_a_crowd_that_ended_otherwise_are_told_apart() -> None:
    rows = [change(number, status="not_done" if number == 77 else "done") for number in range(200)]
    assert [(one["count"], one["status"]) for one in crowded(rows, named=False)] == [(199, "done"), (1, "not_done")]


def test_a_crowd_of_settings_is_one_line_of_a_diff() -> None:
    before = {"netbt": {f"adapter {number}": "dhcp" for number in range(200)} | {"LmHosts": {"state": "running"}}}
    after = {"netbt": {f"adapter {number}": "disabled" for number in range(200)} | {"LmHosts": {"state": "stopped"}}}
    assert narrowed(before, after) == (
        {"netbt": {"adapter 0 and 199 more": "dhcp", "LmHosts": {"state": "running"}}},
        {"netbt": {"adapter 0 and 199 more": "disabled", "LmHosts": {"state": "stopped"}}},
    )


def test_settings_that_are_few_or_differ_stay_in_a_diff() -> None:
    before = {"a": {"x": 1, "y": None}, "b": {"z": 3}}
    after = {"a": {"x": 2, "y": 5}}
    assert narrowed(before, after) == (before, after)
    assert narrowed(before, {}) == (before, {})
