# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor's table for a terminal, and its verdicts in a report: bounded, and whatever a host says is inert."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import doctor_info
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import CONTROL
from ansible_collections.netmin.windows.plugins.plugin_utils._report.doctor import MOST_ROWS, contradicted_in, doctor_lines, verdicts_of
from ansible_collections.netmin.windows.plugins.plugin_utils._report.formats import FORMATS
from ansible_collections.netmin.windows.plugins.plugin_utils._report.table import Paper
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._action.test_reporting import LISTED, write
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._doctor.sabotaged import with_rule
from ansible_collections.netmin.windows.tests.unit.simulated import booted
from hypothesis import given
from hypothesis import strategies as st

# A sign that takes no column makes a line longer than it is wide.
TEXT = st.text(st.characters(exclude_categories=("Mn", "Me", "Cf")) | st.sampled_from("\x1b\u202e\n\r\x00"), max_size=400)
AT = {"stats": {"at": "2026-03-02T22:00:00+00:00"}}


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """Return what the doctor says of a host with one contradiction, of hostile text."""
    with booted("windows_server_2022") as host:
        with_rule("WINRM-HTTP-In-TCP", "v2.30|\x1b[31m\u202e<script>alert(1)</script>=x|Name=y|")(host)
        return {**act(doctor_info.ActionModule, host).result, **AT}


def test_a_table_has_what_is_contradicted_in_front_with_both_values(result: dict[str, Any]) -> None:
    lines = doctor_lines("web01", "Windows Server 2022", result, Paper(width=100))
    assert lines[1] == "web01 - Windows Server 2022 - what is assumed of it"
    assert lines[3].startswith("firewall-grammar")
    told = " ".join(line.strip() for line in lines[3:8])
    assert "CONTRADICTED" in told
    assert "expected no field beside those that are known" in told
    assert "WINRM-HTTP-In-TCP has" in told
    assert lines[-1] == "all that the default plan of this host rests on is confirmed"
    assert "1 contradicted" in lines[-2]
    text = "\n".join(lines)
    assert all(line.isprintable() for line in lines)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert max(map(len, lines)) <= 100


def test_what_the_plan_rests_on_stands_before_the_rest_and_what_needs_writing_is_one_line() -> None:
    def row(name: str, verdict: str, why: str = "") -> dict[str, Any]:
        return {"id": name, "verdict": verdict, "why": why, "seen": "x" if not why else None, "expected": "y", "assumed": "z"}

    rows = [
        row("own-a", "not_to_be_seen", "it takes writing"),
        row("own-b", "not_to_be_seen", "it takes writing"),
        row("quiet", "not_to_be_seen", "nothing of Dhcp listens now"),
        row("fine", "confirmed"),
        row("missed", "not_to_be_seen", "the host refused it"),
        row("wrong", "contradicted"),
    ]
    lines = doctor_lines("web01", "", {"assumptions": rows, "plan": {"not_to_be_seen": ["missed"]}, "counts": {}})
    assert [line.split()[0] for line in lines[3:8] if line] == ["wrong", "missed", "fine", "quiet"]
    assert lines[8] == "Not seen (2): it takes writing (own-a, own-b)"


@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": TEXT, "verdict": st.sampled_from(["confirmed", "contradicted", "not_to_be_seen", "?"])},
            optional={name: st.one_of(st.none(), TEXT, st.integers()) for name in ("seen", "expected", "why", "assumed")},
        ),
        max_size=200,
    ),
    st.integers(min_value=60, max_value=120),
    TEXT,
)
def test_whatever_a_result_says_each_line_is_bounded_and_printable(rows: list[dict[str, Any]], width: int, host: str) -> None:
    lines = doctor_lines(host, host, {"assumptions": rows, "counts": {"confirmed": 1}, "verdict": host}, Paper(width=width))
    assert not any(CONTROL.search(line) or "\n" in line for line in lines)
    assert all(len(line) <= width for line in lines)
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert len(heads) <= MOST_ROWS + 60


@pytest.mark.parametrize(
    "result", [{}, {"assumptions": None}, {"assumptions": ["x", 1], "counts": []}, {"assumptions": "x", "verdict": None}]
)
def test_what_is_no_result_shows_nothing(result: dict[str, Any]) -> None:
    assert doctor_lines("web01", "", result)
    assert verdicts_of(result) == ()
    assert contradicted_in("web01", result) == ()


@pytest.mark.parametrize("how", ["variables", "a file"])
def test_a_report_shows_verdicts_and_what_is_contradicted(result: dict[str, Any], tmp_path: Path, how: str) -> None:
    dest = str(tmp_path / "out")
    formats = list(FORMATS)
    if how == "variables":
        done = write({"web01": {"audit_result": LISTED, "doctor_result": result}}, hosts=["web01"], dest=dest, formats=formats)
    else:
        kept = tmp_path / "web01.json"
        kept.write_text(json.dumps(result), encoding="utf-8")
        done = write(files=[str(kept)], dest=dest, formats=formats)
    assert done["findings"] == 1
    content = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    (host,) = content["hosts"]
    assert any("1 contradicted" in note for note in host["notes"])
    assert any("all that the default plan of this host rests on is confirmed" in note for note in host["notes"])
    (finding,) = content["findings"]
    assert finding["kind"] == "assumption contradicted"
    assert finding["message"].startswith("firewall-grammar: expected ")
    assert host["verdict"] == ("listed" if how == "variables" else "not started")
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "firewall-grammar" in page
    assert "<script>alert" not in page


def test_the_newer_of_two_counts(result: dict[str, Any], tmp_path: Path) -> None:
    older = {**result, "assumptions": [], "counts": {"contradicted": 0}, "stats": {"at": "2026-03-01T00:00:00+00:00"}}
    kept = tmp_path / "web01.json"
    kept.write_text(json.dumps(older), encoding="utf-8")
    done = write({"web01": {"doctor_result": result}}, hosts=["web01"], files=[str(kept)], dest=str(tmp_path / "x.json"), formats=["json"])
    assert done["findings"] == 1
