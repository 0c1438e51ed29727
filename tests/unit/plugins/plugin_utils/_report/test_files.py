# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What earlier runs left in files is read, and whatever else lies there is passed over."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._report import document, files
from ansible_collections.netmin.windows.plugins.plugin_utils._report.findings import Finding
from ansible_collections.netmin.windows.plugins.plugin_utils._report.latest import LATER, of_variables, seen
from ansible_collections.netmin.windows.plugins.plugin_utils._report.report import compared, in_order
from ansible_collections.netmin.windows.plugins.plugin_utils._report.view import State
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keeper import Keeper
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import recorded
from ansible_collections.netmin.windows.tests.unit import reports
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WEB = "windows_server_2022_web_server"


@pytest.fixture(scope="module")
def results() -> Mapping[str, Any]:
    """Return what the roles leave of one host."""
    return reports.variables(WEB)


def put(folder: Path, name: str, content: object) -> Path:
    """Write JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def verdicts(*paths: Path) -> dict[str, str]:
    """Return the verdict of each host that stands in files."""
    return {pieces.host: seen(pieces).verdict for pieces in files.read_all(paths).hosts}


def test_each_kind_of_file_is_understood(tmp_path: Path, results: Mapping[str, Any]) -> None:
    put(tmp_path, "audit01.json", results["audit_result"])
    put(tmp_path, "deep/er/main01.json", results["minimize_result"])
    put(tmp_path, "proof01.json", results["verify_result"])
    put(tmp_path, "any.json", {"host": "vars01", **results})
    steps = {"audit": results["audit_result"], "apply": results["minimize_result"], "proof": results["verify_result"]}
    put(tmp_path, "demo.json", {"host": "demo01", **steps})
    put(tmp_path, "many.json", {"a": {"audit_result": results["audit_result"]}, "b": results["audit_result"], "c": 1})
    put(tmp_path, "list.json", [{"host": "d", "audit_result": results["audit_result"]}, 1, None])
    put(tmp_path, "notes.txt", results["audit_result"])
    assert verdicts(tmp_path) == {
        "audit01": "listed",
        "main01": "needs a restart",
        "proof01": "proven",
        "vars01": "proven",
        "demo01": "proven",
        "a": "listed",
        "b": "listed",
        "d": "listed",
    }


def record_of(main: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record keeps of a result, which is what the run knew before the task told it."""
    return recorded({name: value for name, value in main.items() if name != "stats"})


def test_a_record_of_a_run_is_understood(tmp_path: Path, results: Mapping[str, Any]) -> None:
    main = results["minimize_result"]
    Keeper(tmp_path, "web01").keep(main["run"], record_of(main), ended=True)
    (pieces,) = files.read_all([tmp_path]).hosts
    view = seen(pieces)
    assert (view.host, view.run, len(view.changes)) == ("web01", main["run"], len(main["changes"]))
    assert view.ports
    assert view.back.endswith(f"rollback_run={main['run']}")
    assert view.taken.startswith(f"{main['run'][:4]}-{main['run'][4:6]}-")


def test_a_record_of_a_run_that_broke_off_says_so(tmp_path: Path, results: Mapping[str, Any]) -> None:
    main = results["minimize_result"]
    forecast = [{**row, "listens": None} for row in main["forecast"]]
    planned = {**record_of(main), "forecast": forecast, "changes": [{**row, "status": "planned"} for row in main["changes"]]}
    Keeper(tmp_path, "web01").keep(main["run"], planned, ended=False)
    (pieces,) = files.read_all([tmp_path]).hosts
    view = seen(pieces)
    assert view.failed
    assert view.failure == files.BROKEN_OFF
    assert {row.status for row in view.changes} == {"unknown"}
    assert not view.check_mode
    assert State.CLOSED not in {row.state for row in view.ports}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.json", b"{", "it is no JSON"),
        ("x.json", b'{"a": NaN}', "NaN is no number"),
        ("x.json", b"\xff\xfe\x00", "it is no JSON"),
        ("x.json", b"[" * 100_000, "it is nested too deeply"),
        ("x.json", b"1" * 10_000, "it is no JSON"),
        ("x.json", b'"text"', "it is no result of this collection"),
        ("x.json", b'{"host": ["a"], "listeners": 3}', "it is no result of this collection"),
        ("x.json", b'{"kind": "netmin.windows.report"}', "it is a report"),
    ],
)
def test_what_is_no_result_is_passed_over(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(content)
    found = files.read_all([tmp_path])
    assert found.hosts == ()
    (note,) = found.notes
    assert why in note
    assert note.startswith(str(tmp_path / name))


def test_a_file_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "x.json", {"a": "y" * 100})
    monkeypatch.setattr(files, "LARGEST_FILE", 50)
    assert "larger than" in files.read_all([tmp_path]).notes[0]
    monkeypatch.setattr(files, "MOST_FILES", 0)
    with pytest.raises(InvalidOption, match="more than 0 files"):
        files.read_all([tmp_path])


def test_pipes_loops_and_missing_files_hold_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone.json").symlink_to(tmp_path / "nothing")
    found = files.read_all([tmp_path])
    assert sorted(note.rpartition(": ")[2] for note in found.notes) == ["No such file or directory", "it is no file"]
    with pytest.raises(InvalidOption, match="is not there"):
        files.read_all([tmp_path / "missing"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *"abc",
                    "host",
                    "listeners",
                    "changes",
                    "forecast",
                    "proof",
                    "proven",
                    "run",
                    "stats",
                    "windows",
                    "hazards",
                    "findings",
                    "audit_result",
                    "minimize_result",
                    "schema_version",
                    "ended",
                    "kind",
                    "message",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_ends_the_report(tmp_path: Path, content: object) -> None:
    """Whatever stands in a file is shown or passed over; the action catches what is of the wrong shape."""
    put(tmp_path, "x.json", content)
    for pieces in files.read_all([tmp_path / "x.json"]).hosts:
        try:
            seen(pieces)
        except (AttributeError, LookupError, TypeError, ValueError):
            continue


# Which results count


def test_a_newer_listing_says_what_listens_and_what_was_changed_stays_told(results: Mapping[str, Any]) -> None:
    later = {**results["audit_result"], "stats": {"at": reports.TAKEN.format(30)}}
    view = seen(of_variables("web01", {**results, "audit_result": later}, check_mode=False))
    assert (view.verdict, view.taken) == ("listed", reports.TAKEN.format(30))
    assert {row.state for row in view.ports} <= {State.LISTENS, State.KEPT, State.LOOPBACK}
    assert view.changes
    assert LATER in view.notes


def test_the_later_of_a_run_and_a_restore_counts(results: Mapping[str, Any]) -> None:
    main = results["minimize_result"]
    back = {name: value for name, value in main.items() if name != "hazards"}
    both = {
        "minimize_result": main,
        "rollback_result": {**back, "stats": {"at": reports.TAKEN.format(3)}},
        "verify_result": results["verify_result"],
    }
    assert seen(of_variables("web01", both, check_mode=False)).back == ""
    both["rollback_result"]["stats"]["at"] = reports.TAKEN.format(0)
    assert seen(of_variables("web01", both, check_mode=False)).back


def test_a_proof_of_another_run_proves_nothing(results: Mapping[str, Any]) -> None:
    other = {**results["verify_result"], "forecast_run": "20200101T000000Z-000000"}
    assert seen(of_variables("web01", {**results, "verify_result": other}, check_mode=False)).verdict != "proven"
    assert seen(of_variables("web01", results, check_mode=False)).verdict == "proven"


def test_findings_are_read_from_a_drift(results: Mapping[str, Any]) -> None:
    rows = [
        {"host": "web01", "kind": "new listener", "message": "tcp/8080", "file": "baseline.yml", "line": 3},
        {"host": "web02", "kind": "expired", "message": "x"},
        {"kind": "expired", "message": "of whom the result is", "line": -1},
        "nonsense",
    ]
    found = of_variables("web01", {"drift_result": {"findings": rows}, **results}, check_mode=False).findings
    assert found == (Finding("web01", "new listener", "tcp/8080", "baseline.yml", 3), Finding("web01", "expired", "of whom the result is"))


def test_a_drift_alone_tells_how_a_host_is(tmp_path: Path) -> None:
    drift = {
        "drifted": True,
        "findings": [{"kind": "new listener", "message": "tcp/8080", "file": None, "line": None}],
        "windows": {"caption": "W"},
    }
    put(tmp_path, "a.json", drift)
    put(tmp_path, "b.json", {**drift, "drifted": False, "findings": []})
    put(tmp_path, "c.json", {"drift_result": {"unreachable": True, "msg": "c: nothing answers"}})
    put(tmp_path, "d.json", {"drift_result": {"failed": True, "msg": "d: the baseline is wrong"}})
    found = [seen(pieces) for pieces in files.read_all([tmp_path]).hosts]
    assert [(view.host, view.verdict, view.failure) for view in found] == [
        ("a", "drifted", ""),
        ("b", "listed", ""),
        ("c", "not reached", "c: nothing answers"),
        ("d", "failed", "d: the baseline is wrong"),
    ]


# An earlier report


def test_an_earlier_report_is_compared(tmp_path: Path) -> None:
    now = reports.fleet_of(5)
    path = tmp_path / "before.json"
    path.write_text(document.render(reports.report(now[:4])), encoding="utf-8")
    made, before = document.read_hosts(path)
    assert made == reports.TAKEN.format(9)
    assert [(row.host, row.what, row.before) for row in compared(before, in_order(now))] == [(now[4].host, "host", "not there")]
    assert compared(before, before) == ()


def test_what_changed_is_told_by_port(results: Mapping[str, Any]) -> None:
    listed = seen(of_variables("web01", {"audit_result": results["audit_result"]}, check_mode=False))
    closed = seen(of_variables("web01", results, check_mode=False))
    told = {(row.what, row.before, row.after) for row in compared([listed], [closed])}
    assert ("tcp/445", "listens (srvnet)", "closed") in told
    assert ("verdict", "listed", "proven") in told
    assert not [row for row in told if row[0] == "tcp/5985"]


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        '{"kind": "netmin.windows.report", "schema_version": 2}',
        '{"kind": "netmin.windows.report", "schema_version": 1, "made": "x", "hosts": [{}]}',
        "{",
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidOption):
        document.read_hosts(path)
