# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The outside view in a report: beside what the host says, never in its words, and told where nobody looked."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._report import document, files, markdown, page, sheet
from ansible_collections.netmin.windows.plugins.plugin_utils._report.latest import of_variables, seen
from ansible_collections.netmin.windows.plugins.plugin_utils._report.outside import with_outside
from ansible_collections.netmin.windows.plugins.plugin_utils._report.report import Report, unproven
from ansible_collections.netmin.windows.plugins.plugin_utils._report.table import host_lines
from ansible_collections.netmin.windows.plugins.plugin_utils._report.view import Fleet, HostView, State
from ansible_collections.netmin.windows.plugins.plugin_utils._run.outside import NOT_TESTED_OUTSIDE
from hypothesis import given
from hypothesis import strategies as st

from .views import hosts, minimized, row

AT = "2026-01-01T22:{:02}:00+00:00"


def found(port: int, state: str, address: str = "192.0.2.10", **more: Any) -> dict[str, Any]:
    return {"address": address, "protocol": "tcp", "port": port, "ports": None, "state": state, "evidence": "x", "listed": True, **more}


def probed(*rows: dict[str, Any], minute: int = 30, **more: Any) -> dict[str, Any]:
    counts = {"agrees": len(rows)}
    return {"outside": list(rows), "counts": counts, "contradicted": [], "place": "probe01", "at": AT.format(minute), **more}


def listed(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"listeners": list(rows), "stats": {"at": AT.format(10)}}


def view(**variables: Any) -> HostView:
    return seen(of_variables("web01", variables, check_mode=False))


def by_port(host: HostView) -> dict[str, str]:
    return {port.name: port.outside for port in host.ports}


def report(*hosts: HostView) -> Report:
    return Report("x", Fleet(AT.format(59), hosts), tuple(unproven(hosts)))


def test_without_a_probe_every_format_says_that_nobody_looked() -> None:
    host = view(audit_result=listed(row(445)))
    assert (host.outside, host.looked_at, by_port(host)) == (NOT_TESTED_OUTSIDE, False, {"tcp/445": NOT_TESTED_OUTSIDE})
    for module in (document, sheet):
        assert NOT_TESTED_OUTSIDE in module.render(report(host))
    assert '<p class="soft">Not tested from outside</p>' in page.render(report(host))
    assert "\nNot tested from outside.\n" in markdown.render(report(host))


def test_who_looked_or_why_nobody_could_reads_as_a_sentence() -> None:
    looked = view(audit_result=listed(row(445)), report_outside_result=probed(found(445, "open")))
    assert looked.told_of_outside == f"From outside: looked at from probe01, {AT.format(30)}: 1 agrees"
    failed = view(audit_result=listed(row(445)), report_outside_result={"failed": True, "msg": "probe01 could not look: no Python."})
    assert failed.told_of_outside == "Not tested from outside: probe01 could not look: no Python"
    for host in (looked, failed):
        assert f">{host.told_of_outside}</p>" in page.render(report(host))
        assert f"\n{host.told_of_outside}.\n" in markdown.render(report(host)).replace("\\", "")


def test_both_views_stand_side_by_side_in_their_own_words() -> None:
    rows = [row(445), row(135), row(5985), row(3389)]
    result = probed(found(445, "silent"), found(135, "closed"), found(5985, "open"), found(3389, "not_tested"))
    host = view(audit_result=listed(*rows), report_outside_result=result)
    assert by_port(host) == {"tcp/445": "silent", "tcp/135": "connection refused", "tcp/5985": "open", "tcp/3389": NOT_TESTED_OUTSIDE}
    assert {port.state for port in host.ports} == {State.LISTENS}
    assert host.outside == f"looked at from probe01, {AT.format(30)}: 4 agree"
    (plain,) = document.plain(report(host))["hosts"]
    assert {(port["state"], port["outside"]) for port in plain["ports"] if port["port"] == 445} == {("listens", "silent")}
    assert "<th>Outside" in page.render(report(host))
    assert "| port | addresses | owner | recipe | outcome | outside | why |" in markdown.render(report(host))
    assert "silent" in sheet.render(report(host))


def test_what_was_closed_by_a_run_and_is_silent_is_both() -> None:
    main = {**minimized(), "stats": {"at": AT.format(20)}}
    host = view(minimize_result=main, verify_outside_result=probed(found(515, "silent"), found(135, "open")))
    told = {port.name: (port.state, port.outside) for port in host.ports}
    assert told == {"tcp/515": (State.CLOSED, "silent"), "tcp/135": (State.STAYS, "open")}


def test_a_look_from_before_the_run_says_nothing_of_what_came_after() -> None:
    main = {**minimized(), "stats": {"at": AT.format(20)}}
    assert view(minimize_result=main, verify_outside_result=probed(found(515, "open"), minute=19)).outside == NOT_TESTED_OUTSIDE


def test_families_and_ports_that_differ_are_told_apart() -> None:
    rows = [row(445), row(445, address="::", family="ipv6")]
    result = probed(found(445, "open"), found(445, "silent", "2001:db8::1"))
    assert by_port(view(audit_result=listed(*rows), drift_outside_result=result)) == {
        "tcp/445": "open at 192.0.2.10; silent at 2001:db8::1"
    }
    many = row(20001, ports="20001-20003", count=3)
    result = probed(found(20001, "open"), found(20002, "silent"), found(20003, "silent"))
    (told,) = by_port(view(audit_result=listed(many), drift_outside_result=result)).values()
    assert told == "open at 192.0.2.10 (20001); silent at 192.0.2.10 (20002-20003)"


def test_more_than_the_host_lists_is_a_finding() -> None:
    result = probed(found(445, "open"), contradicted=["tcp/8080 at 192.0.2.10: the probe reached it"])
    host = view(audit_result=listed(row(445)), report_outside_result=result)
    (finding,) = unproven([host])
    assert (finding.kind, finding.message) == ("unproven", "from outside: tcp/8080 at 192.0.2.10: the probe reached it")


@pytest.mark.parametrize("result", [{"failed": True, "msg": "probe01 could not look: no Python"}, {"skipped": True}])
def test_a_look_that_did_not_happen_is_no_look(result: dict[str, Any]) -> None:
    host = view(audit_result=listed(row(445)), report_outside_result=result)
    assert host.outside.startswith(NOT_TESTED_OUTSIDE)
    assert not host.looked_at
    assert ("no Python" in host.outside) is ("failed" in result)


def test_a_file_with_the_result_of_a_probe_is_understood(tmp_path: Any) -> None:
    (tmp_path / "web01.json").write_text(json.dumps(probed(found(445, "open"))), encoding="utf-8")
    (pieces,) = files.read_all([tmp_path / "web01.json"]).hosts
    assert [piece.part for piece in pieces.pieces] == ["outside"]


@given(hosts(), st.lists(st.sampled_from(["open", "closed", "silent", "not_tested"]), max_size=4))
def test_the_state_that_the_host_tells_is_never_changed_by_a_probe(host: HostView, states: list[str]) -> None:
    rows = [found(port.port, state) for port, state in zip(host.ports, states, strict=False)]
    after = with_outside(host, probed(*rows))
    assert [(port.name, port.state, port.why) for port in after.ports] == [(port.name, port.state, port.why) for port in host.ports]
    assert after.verdict == host.verdict


WORDS = {"open", "connection refused", "port unreachable", "silent", NOT_TESTED_OUTSIDE}


@given(hosts(), st.lists(st.sampled_from(["open", "closed", "silent", "not_tested"]), max_size=4))
def test_no_format_puts_the_word_of_one_view_into_the_other(host: HostView, states: list[str]) -> None:
    """Closed is what a host says, silent what a probe met; a port can be both, and neither follows from the other."""
    after = with_outside(host, probed(*(found(port.port, state) for port, state in zip(host.ports, states, strict=False))))
    (plain,) = document.plain(report(after))["hosts"]
    assert {port["state"] for port in plain["ports"]} <= set(State)
    told = {part.partition(" at ")[0] for port in plain["ports"] for part in port["outside"].split("; ")}
    assert told <= WORDS
    assert not WORDS & set(State)
    lines = list(csv.DictReader(io.StringIO(sheet.render(report(after)))))
    assert [(line["state"], line["outside"]) for line in lines if line["port"]] == [(port.state, port.outside) for port in after.ports]


def test_closed_inside_and_silent_outside_stand_in_columns_of_their_own() -> None:
    main = {**minimized(), "stats": {"at": AT.format(20)}}
    host = view(minimize_result=main, verify_outside_result=probed(found(515, "silent"), found(135, "closed")))
    (line,) = [line.split(" | ") for line in markdown.render(report(host)).splitlines() if line.startswith("| tcp") and "515" in line]
    assert line[4:6] == ["closed", "silent"]
    shown = page.render(report(host))
    closed = shown.partition("<span>closed</span>")[2].partition("</tbody>")[0].partition("<tbody")[0]
    assert "<td>silent<td>" in closed
    assert "connection refused" not in closed
    assert "<td>connection refused<td>" in shown


def test_the_terminal_shows_both_views_where_somebody_looked() -> None:
    result = probed(found(445, "silent"), found(135, "open"), contradicted=["tcp/135 at 192.0.2.10: the probe reached it"])
    host = view(audit_result=listed(row(445), row(135)), report_outside_result=result)
    text = "\n".join(host_lines(host))
    assert "outside: silent" in text
    assert "From outside\n  - looked at from probe01" in text
    assert "  - tcp/135 at 192.0.2.10: the probe reached it" in text
    without = "\n".join(host_lines(view(audit_result=listed(row(445)))))
    assert "outside" not in without
