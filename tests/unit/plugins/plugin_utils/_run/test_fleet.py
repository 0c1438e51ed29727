# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is made of the results of many hosts: how each ended, whether another batch comes, and the table."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import Ended, Row, ends_here, judge, table, told


def row(port: int, scope: str = "wildcard", **more: Any) -> dict[str, Any]:
    """Return an endpoint as results show it."""
    return {"protocol": "tcp", "address": "127.0.0.1" if scope == "loopback" else "0.0.0.0", "port": port, "scope": scope, **more}


MINIMIZED: dict[str, Any] = {
    "listeners_before": [row(135), row(5000), row(445), row(123, "loopback")],
    "listeners": [row(135), row(445)],
    "residue": [row(135)],
    "summary": {"closes_now": 1, "closes_at_boot": 1},
    "unchanged": [{"reason": "already as asked"}, {"reason": "needs an accepted hazard"}, {"reason": "not known to work on this Windows"}],
    "reboot_required": True,
}
RESTARTED = {"changed": True, "after": {"uptime": 3.0}}
FOUND = [row(135, outcome="open"), row(5000, outcome="closed"), row(445, outcome="closed"), row(123, "loopback", outcome="closed")]
PROVEN = {"proven": True, "proof": {"endpoints": FOUND, "open_listeners": 1}}
LOST = {"unreachable": True, "msg": "no answer"}
FAILED = {"failed": True, "msg": "it broke"}
REFUSED = {"failed": True, "refused": True, "msg": "not now"}


@pytest.mark.parametrize(
    ("variables", "ended", "numbers", "why"),
    [
        ({}, Ended.NOT_BEGUN, (None, None, None, None), ""),
        ({"minimize_failure": "a wrong variable"}, Ended.FAILED, (None, None, None, None), "a wrong variable"),
        ({"minimize_result": LOST}, Ended.NOT_REACHED, (None, None, None, None), "no answer"),
        ({"minimize_result": REFUSED, "minimize_failure": "not now"}, Ended.REFUSED, (None, None, None, None), "not now"),
        ({"minimize_result": {**MINIMIZED, **FAILED}}, Ended.FAILED, (1, 1, 1, 2), "it broke"),
        ({"minimize_result": MINIMIZED, "minimize_reboot_result": REFUSED}, Ended.FAILED, (1, 1, 1, 2), "not now"),
        ({"minimize_result": MINIMIZED, "minimize_reboot_result": {**FAILED, "after": None}}, Ended.FAILED, (1, 1, 1, 2), "it broke"),
        (
            {"minimize_result": MINIMIZED, "minimize_reboot_result": RESTARTED, "verify_result": LOST},
            Ended.FAILED,
            (1, 0, 1, 2),
            "could not be reached after it was minimized: no answer",
        ),
        ({"minimize_result": MINIMIZED, "minimize_reboot_result": {"skipped": True}}, Ended.WAITS, (1, 1, 1, 2), ""),
        ({"minimize_result": MINIMIZED, "minimize_reboot_result": RESTARTED}, Ended.NOT_PROVEN, (1, 0, 1, 2), ""),
        (
            {"minimize_result": MINIMIZED, "minimize_reboot_result": RESTARTED, "verify_result": PROVEN},
            Ended.PROVEN,
            (2, 0, 1, 2),
            "",
        ),
        ({"minimize_result": MINIMIZED, "verify_result": {**PROVEN, **FAILED, "proven": False}}, Ended.FAILED, (2, 1, 1, 2), "it broke"),
        (
            {"minimize_result": MINIMIZED, "verify_result": PROVEN, "minimize_confirm_result": FAILED},
            Ended.FAILED,
            (2, 1, 1, 2),
            "it broke",
        ),
        (
            {"minimize_result": MINIMIZED, "verify_result": PROVEN, "minimize_confirm_result": LOST},
            Ended.FAILED,
            (2, 1, 1, 2),
            "could not be reached after it was minimized: no answer",
        ),
        (
            {"minimize_result": MINIMIZED, "verify_result": PROVEN, "minimize_confirm_result": {"skipped": True}},
            Ended.PROVEN,
            (2, 1, 1, 2),
            "",
        ),
    ],
)
def test_how_a_host_ended(variables: dict[str, Any], ended: Ended, numbers: tuple[int | None, ...], why: str) -> None:
    found = judge("web01", variables, check_mode=False)
    assert (found.ended, found.numbers, found.why) == (ended, numbers, why)


def test_in_check_mode_it_says_what_would_close() -> None:
    planned = {**MINIMIZED, "listeners": MINIMIZED["listeners_before"]}
    found = judge("web01", {"minimize_result": planned, "minimize_reboot_result": RESTARTED}, check_mode=True)
    assert (found.ended, found.numbers) == (Ended.PLANNED, (0, 2, 1, 2))


def rows(*ended: Ended) -> list[Row]:
    """Return hosts a, b, c and so on."""
    return [Row("abcdefgh"[place], how) for place, how in enumerate(ended)]


@pytest.mark.parametrize(
    ("ended", "batch", "most", "ends"),
    [
        ((Ended.PROVEN, Ended.NOT_BEGUN), "a", 0, False),
        ((Ended.PROVEN, Ended.PROVEN), "b", 0, True),
        ((Ended.FAILED, Ended.PROVEN, Ended.NOT_BEGUN), "ab", 0, True),
        ((Ended.REFUSED, Ended.PROVEN, Ended.NOT_BEGUN), "ab", 0, True),
        ((Ended.FAILED, Ended.PROVEN, Ended.NOT_BEGUN), "ab", 50, False),
        ((Ended.FAILED, Ended.PROVEN, Ended.NOT_BEGUN), "ab", 49, True),
        # Of an earlier batch.
        ((Ended.FAILED, Ended.PROVEN, Ended.NOT_BEGUN), "b", 0, False),
        ((Ended.NOT_REACHED, Ended.PROVEN, Ended.NOT_BEGUN), "ab", 0, False),
        ((Ended.NOT_REACHED, Ended.NOT_BEGUN), "a", 0, True),
        ((Ended.NOT_REACHED, Ended.FAILED, Ended.NOT_BEGUN), "ab", 100, True),
    ],
)
def test_whether_another_batch_comes(ended: tuple[Ended, ...], batch: str, most: float, ends: bool) -> None:
    assert ends_here(rows(*ended), batch, most) is ends


def test_the_table() -> None:
    found = [
        Row("web01", Ended.PROVEN, 14, 0, 0, 2),
        Row("db", Ended.FAILED, 7, 7, 0, 0, "db: it did\nnot come back"),
        *(Row(f"app{number:02d}", Ended.NOT_BEGUN) for number in range(12)),
    ]
    assert table(found) == [
        "host   outcome  closed  to close  residue  refused",
        "web01  proven       14         0        0        2",
        "db     failed        7         7        0        0",
        "db failed: it did not come back",
        "not started: app00, app01, app02, app03, app04, app05, app06, app07, app08, app09 and 2 more",
        "14 hosts: 1 proven, 1 failed, 12 not started; ports: 21 closed, 7 to close, 0 residue, 2 refused",
    ]


def test_a_long_reason_is_cut() -> None:
    line = told(Row("web01", Ended.FAILED, why="x" * 500))
    assert len(line) < 230
    assert line.endswith("x…")
