# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is made of the results of many hosts: how each ended, whether another batch comes, and the table."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import (
    COLUMNS,
    Ended,
    Of,
    Row,
    ends_here,
    judge,
    reason_line,
    row_of,
    table,
    totals,
)


def row(port: int, scope: str = "wildcard", **more: Any) -> dict[str, Any]:
    """Return an endpoint as results show it."""
    return {"protocol": "tcp", "address": "127.0.0.1" if scope == "loopback" else "0.0.0.0", "port": port, "scope": scope, **more}


MINIMIZED: dict[str, Any] = {
    "changed": True,
    "changes": [{"target": "service A", "status": "done"}],
    "residue": [row(135)],
    "summary": {"closes_now": 1, "closes_at_boot": 1, "closed": 1},
    "unchanged": [
        {"target": "service A", "reason": "already as asked"},
        {"target": "recipe rdp", "reason": "needs an accepted hazard"},
        {"target": "recipe spooler", "reason": "not known to work on this Windows"},
    ],
    "reboot_required": True,
}
RESTARTED = {"changed": True, "after": {"uptime": 3.0}}
FOUND = [
    row(135, outcome="open", holds=True),
    row(5000, outcome="closed", holds=True),
    row(445, outcome="closed", holds=True),
    row(123, "loopback", outcome="closed", holds=True),
]
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
    assert (found.ended, shown(found), found.why) == (ended, numbers, why)


def shown(found: Row) -> tuple[int | None, ...]:
    """Return the numbers of a row without those that are no port's."""
    return tuple(found.numbers.get(name) for name in ("closed", "to_close", "residue", "refused"))


def test_what_is_kept_is_not_refused_as_well() -> None:
    rows = [{**row(3389, outcome=""), "recipe": "rdp", "outlook": "kept"}]
    found = judge("web01", {"minimize_result": {**MINIMIZED, "forecast": rows}}, check_mode=False)
    assert found.named["refused"] == ("recipe spooler (not known to work on this Windows)",)
    partly = [*rows, {**rows[0], "outlook": "stays"}]
    assert len(judge("web01", {"minimize_result": {**MINIMIZED, "forecast": partly}}, check_mode=False).named["refused"]) == 2


def test_what_the_proof_contradicted_is_no_residue_and_is_named() -> None:
    """A port that is open again, one that is kept and gone, and many as one entry."""
    contradicted = [
        row(5000, outcome="open", holds=False, owner="SSDPSRV"),
        row(80, outcome="closed", holds=False, owner="W3SVC"),
        row(1025, outcome="open", holds=False, owner="DNS", count=20),
        row(135, outcome="open", holds=True, owner="RpcSs"),
        row(136, outcome="unknown", holds=None, owner="x.exe"),
    ]
    proof = {"proof": {"endpoints": contradicted, "open_listeners": 23}, **FAILED, "proven": False}
    found = judge("web01", {"minimize_result": MINIMIZED, "verify_result": proof}, check_mode=False)
    assert (found.numbers["residue"], found.numbers["contradicted"]) == (2, 22)
    assert found.named["contradicted"][0] == "tcp/5000 on 0.0.0.0 (SSDPSRV)"
    assert found.named["refused"] == (
        "recipe rdp (needs an accepted hazard)",
        "recipe spooler (not known to work on this Windows)",
    )
    lines = table([found])
    assert "web01 contradicted: tcp/5000 on 0.0.0.0 (SSDPSRV), tcp/80 on 0.0.0.0 (W3SVC), tcp/1025 on 0.0.0.0 (DNS)" in lines
    assert "web01 refused: recipe rdp (needs an accepted hazard), recipe spooler (not known to work on this Windows)" in lines


def closed(count: int | None) -> dict[str, Any]:
    """Return a summary that says how many endpoints were gone, as far as anybody could see."""
    return {"summary": {**MINIMIZED["summary"], **BACK["summary"], "closed": count}}


@pytest.mark.parametrize(
    ("statuses", "gone", "numbers"),
    [
        # Nothing was written: nothing closed, and what the forecast says of the plan does not come.
        (("not_done", "not_done"), 0, (0, None, None)),
        (("done", "not_done"), 1, (1, None, None)),
        (("done", "unknown"), 1, (1, None, None)),
        # Nobody could read the host after the changes.
        (("unknown", "unknown"), None, (None, None, None)),
        (("done", "done"), 1, (1, 1, 1)),
    ],
)
def test_a_forecast_counts_only_where_all_changes_were_made(
    statuses: tuple[str, ...], gone: int | None, numbers: tuple[int | None, ...]
) -> None:
    more = closed(gone)
    changes = [{"target": "service A", "status": status} for status in statuses]
    found = judge("web01", {"minimize_result": {**MINIMIZED, **FAILED, "changes": changes, **more}}, check_mode=False)
    assert (found.ended, shown(found)[:3]) == (Ended.FAILED, numbers)
    back = judge("web01", {"rollback_result": {**BACK, **FAILED, "changes": changes, **more}}, check_mode=False, what=Of.ROLLBACK)
    assert back.numbers.get("opens") == (7 if set(statuses) == {"done"} else None)
    lines = table([found])
    assert lines[1].split()[2:5] == ["-" if number is None else str(number) for number in numbers]


def test_what_is_not_closed_by_an_unfinished_run_is_known_after_a_boot_and_a_proof() -> None:
    changes = [{"target": "service A", "status": "not_done"}]
    result = {**MINIMIZED, **FAILED, "changes": changes}
    found = judge("web01", {"minimize_result": result, "minimize_reboot_result": RESTARTED, "verify_result": PROVEN}, check_mode=False)
    assert shown(found)[:3] == (2, 0, 1)


@pytest.mark.parametrize("what", Of)
def test_totals_have_the_columns_that_were_asked_for(what: Of) -> None:
    """What is known of no host has no sum, nor has what nobody asked for."""
    first, second, *rest = COLUMNS[what]
    found = totals([Row("web01", Ended.FAILED, {first: 2, second: 0}), Row("web02", Ended.FAILED, {"closed": 1, "restored": 1})], what)
    others = [name for of, names in COLUMNS.items() if of is not what for name in names]
    assert (found[first], found[second]) == (3, 0)
    assert {found[name] for name in (*rest, *others)} == {None}


def test_endpoints_and_changes_that_an_entry_stands_for_are_counted() -> None:
    result = {**MINIMIZED, **closed(2001), "residue": [row(1025, count=500)]}
    found = judge("web01", {"minimize_result": result}, check_mode=False)
    assert (found.numbers["closed"], found.numbers["residue"]) == (2001, 500)
    crowd = [{"target": "adapter A and 199 more", "status": "done", "count": 200}, {"target": "service B", "status": "not_done"}]
    back = judge("web01", {"rollback_result": {**BACK, **FAILED, "changes": crowd}}, check_mode=False, what=Of.ROLLBACK)
    assert (back.numbers["restored"], back.numbers["left_alone"]) == (200, 2)


CHANGES = [
    {"target": "service A", "status": "done"},
    {"target": "service B", "status": "done"},
    {"target": "value C", "status": "not_done"},
]
BACK: dict[str, Any] = {
    "changed": True,
    "changes": CHANGES[:2],
    "summary": {"opens": 7},
    "unchanged": [
        {"target": "service D", "reason": "somebody changed it after the last run"},
        {"target": "service E", "reason": "already as asked"},
    ],
    "reboot_required": True,
}


@pytest.mark.parametrize(
    ("variables", "ended", "numbers", "why"),
    [
        ({}, Ended.NOT_BEGUN, (None, None, None, None), ""),
        ({"rollback_result": LOST}, Ended.NOT_REACHED, (None, None, None, None), "no answer"),
        ({"rollback_result": REFUSED}, Ended.REFUSED, (None, None, None, None), "not now"),
        ({"rollback_result": {**BACK, **FAILED, "changes": CHANGES}}, Ended.FAILED, (2, 0, None, 2), "it broke"),
        ({"rollback_result": BACK}, Ended.WAITS, (2, 0, 7, 1), ""),
        ({"rollback_result": BACK, "rollback_reboot_result": RESTARTED}, Ended.RESTORED, (2, 0, 0, 1), ""),
        (
            {"rollback_result": BACK, "rollback_reboot_result": LOST},
            Ended.FAILED,
            (2, 0, 7, 1),
            "could not be reached after it was restored: no answer",
        ),
        ({"rollback_result": BACK, "rollback_reboot_result": RESTARTED, "verify_result": FAILED}, Ended.RESTORED, (2, 0, 0, 1), ""),
        ({"rollback_failure": "a wrong variable"}, Ended.FAILED, (None, None, None, None), "a wrong variable"),
    ],
)
def test_how_a_rollback_ended(variables: dict[str, Any], ended: Ended, numbers: tuple[int | None, ...], why: str) -> None:
    found = judge("web01", variables, check_mode=False, what=Of.ROLLBACK)
    assert (found.ended, tuple(found.numbers.get(name) for name in COLUMNS[Of.ROLLBACK]), found.why) == (ended, numbers, why)


def test_what_a_rollback_left_alone_is_named() -> None:
    found = judge("web01", {"rollback_result": {**BACK, "changes": CHANGES, **FAILED}}, check_mode=False, what=Of.ROLLBACK)
    lines = table([found], Of.ROLLBACK)
    assert lines[0].split("  ")[0] == "host"
    assert "web01 left alone: service D (somebody changed it after the last run), value C (not done)" in lines
    assert lines[-1] == "1 host: 1 failed; changes and endpoints: 2 restored, 0 to restore, - opens, 2 left alone"
    assert row_of(found)["closed"] is None
    planned = {**BACK, "changes": [{"target": "service A", "status": "planned"}]}
    checked = judge("web01", {"rollback_result": planned}, check_mode=True, what=Of.ROLLBACK)
    assert (checked.ended, dict(checked.numbers)) == (Ended.PLANNED, {"restored": 0, "to_restore": 1, "opens": 7, "left_alone": 1})


def test_in_check_mode_it_says_what_would_close() -> None:
    planned = {**MINIMIZED, **closed(0), "changes": [{"target": "service A", "status": "planned"}]}
    found = judge("web01", {"minimize_result": planned, "minimize_reboot_result": RESTARTED}, check_mode=True)
    assert (found.ended, shown(found)) == (Ended.PLANNED, (0, 2, 1, 2))


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


def numbers(*given: int) -> dict[str, int]:
    """Return the numbers of a host that was minimized."""
    return dict(zip(COLUMNS[Of.MINIMIZE], given, strict=True))


def test_the_table() -> None:
    found = [
        Row("web01", Ended.PROVEN, numbers(14, 0, 0, 0, 2)),
        Row("db", Ended.FAILED, numbers(7, 7, 0, 1, 0), {"contradicted": ("tcp/445 on :: (srvnet)",)}, "db: it did\nnot come back"),
        *(Row(f"app{number:02d}", Ended.NOT_BEGUN) for number in range(12)),
    ]
    assert table(found) == [
        "host   outcome  closed  to close  residue  contradicted  refused",
        "web01  proven       14         0        0             0        2",
        "db     failed        7         7        0             1        0",
        "db failed: it did not come back",
        "db contradicted: tcp/445 on :: (srvnet)",
        "not started: app00, app01, app02, app03, app04, app05, app06, app07, app08, app09 and 2 more",
        "14 hosts: 1 proven, 1 failed, 12 not started; endpoints: 21 closed, 7 to close, 0 residue, 1 contradicted, 2 refused",
    ]


def test_a_long_reason_is_cut() -> None:
    line = reason_line(Row("web01", Ended.FAILED, why="x" * 500))
    assert len(line) < 230
    assert line.endswith("x…")
