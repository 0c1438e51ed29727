# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Any text is text in every format, each format says what the report holds, and a fleet stays small."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree

import jsonschema
import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._report import document, junit, markdown, page, sarif, sheet
from ansible_collections.netmin.windows.plugins.plugin_utils._report.findings import Finding, Kind
from ansible_collections.netmin.windows.plugins.plugin_utils._report.formats import FORMATS
from ansible_collections.netmin.windows.plugins.plugin_utils._report.known import recipes_of
from ansible_collections.netmin.windows.plugins.plugin_utils._report.report import Difference, Report, Since, tidied
from ansible_collections.netmin.windows.plugins.plugin_utils._report.view import Change, Fleet, HostView, Port, Refusal, State
from ansible_collections.netmin.windows.tests.unit import reports
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pydantic import BaseModel
from sarif_pydantic import Sarif  # type: ignore[import-untyped]

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)' x='",
    "&lt;b&gt; &#39; &amp;amp;",
    "{{ 7 * 7 }} {% for x in y %}",
    "| a | b |\n|---|---|",
    "[x](javascript:alert(1)) ![y](http://example.com/z.png) <http://example.com> www.example.com @team `code` **b** # h",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "-1+1",
    "\t=1+1",
    "＝1+1",  # noqa: RUF001  # a wide equals sign
    "\x1b[31mred\x1b[0m \u202eevil\u2066 \x00 \ud800 \ufffe",
    "]]> <!-- --> <![CDATA[ x ]]>",
    r"back\slash \[x] {0} {{1}}",
    "'; DROP TABLE hosts; --",
)
TEXT = st.text(min_size=1, max_size=60) | st.sampled_from(HOSTILE)


def told(text: str) -> Report:
    """Return a report in which every text is one that a host may have said, as it comes out of the gathering."""
    text = str(tidied(f"x{text}"))
    port = Port("tcp", 445, (text,), Scope.ADAPTER, text, State.FAILED, text, owners=(text,), instead=text, outside=text)
    host = HostView(
        host=text,
        verdict=text,
        failure=text,
        taken=text,
        windows=text,
        windows_id=text,
        run=text,
        ports=(port,),
        changes=(Change(text, text, text, text, text, "done", text),),
        refusals=(Refusal(text, text, (text,), text),),
        todo=(text,),
        back=text,
        warnings=(text,),
        notes=(text,),
        outside=text,
        reached=(text,),
    )
    findings = (Finding(text, text, text, text, 7), Finding("other", Kind.EXPIRED, text))
    return Report(text, Fleet(text, (host,)), findings, Since(text, (Difference(text, text, text, text),)), (text,))


class Structure(HTMLParser):
    """Notes the tags of a page, the attributes that are not of ours to write, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _value in attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise ValueError(f"a comment: {data}")


def structure(text: str) -> Structure:
    """Return what a page is made of."""
    found = Structure()
    found.feed(text)
    found.close()
    return found


@cache
def plain_tags() -> list[tuple[str, tuple[str, ...]]]:
    """Return the tags of a page whose texts are harmless."""
    return structure(page.render(told("y"))).tags


@settings(deadline=None)
@given(TEXT)
@example(HOSTILE[0])
@example(HOSTILE[4])
def test_any_text_is_text_in_html(text: str) -> None:
    report = told(text)
    found = structure(page.render(report))
    assert found.tags == plain_tags()
    said = "".join(found.text)
    assert said.count(report.title) >= 20


@settings(deadline=None)
@given(TEXT)
def test_any_text_is_text_in_csv(text: str) -> None:
    report = told(text)
    (head, row) = csv.reader(io.StringIO(sheet.render(report)))
    cells = dict(zip(head, row, strict=True))
    assert cells["owner"] == cells["host"] == report.title
    assert not [cell for cell in row if cell.startswith(sheet.FORMULA)]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "  =1"])  # noqa: RUF001  # a wide equals sign
def test_a_formula_is_neutralized_and_nothing_else_is_changed(text: str) -> None:
    assert sheet.cell(text) == f"'{text}"
    assert sheet.cell("a=1") == "a=1"
    assert sheet.cell(-1) == -1


@settings(deadline=None)
@given(TEXT)
@example(HOSTILE[5])
@example(HOSTILE[6])
def test_any_text_is_text_in_markdown(text: str) -> None:
    """CommonMark with tables and struck text, as a reader of its own understands it."""
    said = str(tidied(f"x{text}x"))
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    assert unescape(reader.render(markdown.text(said))) == f"<p>{said}</p>\n"
    table = reader.render(f"| a | b |\n| --- | --- |\n| {markdown.text(said)} | y |\n")
    assert unescape(table).count("<td>") == 2 + said.count("<td>")
    assert f"<td>{said}</td>" in unescape(table)


@settings(deadline=None)
@given(TEXT)
def test_any_text_is_text_in_json_junit_and_sarif(text: str) -> None:
    report = told(text)
    content = json.loads(document.render(report))
    assert content["hosts"][0]["ports"][0]["owner"] == report.title
    root = ElementTree.fromstring(junit.render(report))  # ours
    suite = root.find("testsuite")
    assert suite is not None
    assert suite.get("name") == junit.NO_XML.sub("?", report.title)
    (run,) = json.loads(sarif.render(report))["runs"]
    said = run["results"][0]["message"]["text"]
    assert said.replace("{{", "{").replace("}}", "}").replace(r"\[", "[").replace(r"\]", "]") == f"{report.title}: {report.title}"


@settings(deadline=None)
@given(TEXT)
def test_gathered_text_is_one_printable_line(text: str) -> None:
    said = told(text).title
    assert "\n" not in said
    assert not [character for character in said if character in "\x00\x1b\u202e\u2066\ud800"]


def test_a_text_of_a_host_has_a_bound() -> None:
    assert len(told("y" * 100_000).fleet.hosts[0].ports[0].owner) == 2000


# What the page may do


def test_the_page_takes_nothing_from_outside() -> None:
    text = page.render(told("y"))
    found = structure(text)
    assert not [tag for tag, names in found.tags if tag in ("link", "img", "iframe", "object", "base") or "src" in names]
    assert not [names for _tag, names in found.tags for name in names if name.startswith("on") or name == "style"]
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert not [word for word in ("http://", "https://", "url(", "@import") if word in text]


def test_the_date_is_written_as_people_write_it() -> None:
    assert page.moment("2026-03-02T21:09:00+00:00") == "2 March 2026, 21:09 UTC"
    assert page.moment("soon") == "soon"


# What each format says


@pytest.fixture(scope="module")
def sample() -> Report:
    """Return a report on twenty hosts."""
    return reports.sample()


def ports(report: Report) -> Iterator[tuple[HostView, Port]]:
    """Yield each row with its host."""
    yield from ((host, row) for host in report.fleet.hosts for row in host.ports)


def test_html_shows_every_port_with_owner_outcome_and_reason(sample: Report) -> None:
    text = page.render(sample)
    for host, row in ports(sample):
        section = text[text.index(f"<h3>{host.host} ") :]
        section = section[: section.index("</article>")]
        group = section[section.index(f"<span>{row.state}</span>") :]
        assert row.name in group
        assert all(part in unescape(group) for part in (row.owner, row.why))


def test_what_is_known_of_a_recipe_stands_once(sample: Report) -> None:
    text = unescape(page.render(sample))
    for known in sample.fleet.recipes.values():
        assert text.count(f"</span> {known['breaks']}.") == 1


def test_the_controls_of_a_recipe_are_those_for_the_windows_on_which_it_listens() -> None:
    known = recipes_of(KNOWLEDGE, [reports.view("windows_server_2022", "web01")])
    assert "cis-ws2022-4.0.0:18.6.4.4" in known["llmnr-5355"]["controls"]
    assert not [one for recipe in known.values() for one in recipe["controls"] if "ws2016" in one or one.startswith("cis-w1")]
    # A file that does not say which Windows it is of.
    listed = HostView("old", "listed", ports=(Port("udp", 5355, ("0.0.0.0",), Scope.WILDCARD, "", State.LISTENS, "", recipe="llmnr-5355"),))
    assert recipes_of(KNOWLEDGE, [listed])["llmnr-5355"]["controls"] == list(KNOWLEDGE.controls.of_recipe("llmnr-5355"))


def test_a_host_that_drifted_needs_a_person_and_stands_in_front() -> None:
    found = reports.report([HostView("a", "listed"), HostView("b", "drifted"), HostView("c", "failed")])
    assert [host.host for host in found.fleet.hosts] == ["c", "b", "a"]
    assert re.search(r"<b>2</b> <span>need a person", page.render(found))


def test_html_has_the_matrix_in_words_and_the_way_back(sample: Report) -> None:
    text = page.render(sample)
    assert text.count("<td class=x>failed") == 1
    assert "rollback_run=" in text
    assert "Exceptions that run out" in text
    assert "Changed since the report of 2 February 2026, 21:09 UTC" in text
    assert "nothing answers at" in text


def test_json_is_as_its_schema_says(sample: Report) -> None:
    schema = json.loads(document.SCHEMA_FILE.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for report in (sample, replace(sample, since=None), Report("", Fleet("", ()))):
        assert list(validator.iter_errors(json.loads(document.render(report)))) == []


def test_the_schema_takes_no_other_field(sample: Report) -> None:
    schema = json.loads(document.SCHEMA_FILE.read_text(encoding="utf-8"))
    content = json.loads(document.render(sample))
    content["hosts"][0]["more"] = 1
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(content))


def test_csv_has_a_line_for_each_row_and_for_a_host_without_any(sample: Report) -> None:
    lines = list(csv.DictReader(io.StringIO(sheet.render(sample))))
    silent = [host for host in sample.fleet.hosts if not host.ports]
    assert silent
    assert len(lines) == len(list(ports(sample))) + len(silent)
    assert {line["host"] for line in lines} == {host.host for host in sample.fleet.hosts}


def test_junit_has_a_case_for_each_host_and_family(sample: Report) -> None:
    root = ElementTree.fromstring(junit.render(sample))  # ours
    for host, suite in zip(sample.fleet.hosts, root.findall("testsuite"), strict=True):
        names = [case.get("name") for case in suite.findall("testcase")]
        assert set(host.families()) <= set(names)
        cases = {case.get("name"): case for case in suite.findall("testcase")}
        for family, state in host.families().items():
            outcome = [child.tag for child in cases[family]]
            wanted = ["failure"] if state is State.FAILED else ["skipped"] if state in junit.NOT_JUDGED else []
            assert outcome == wanted, (host.host, family, state)
        for kind in ("failures", "errors", "skipped"):
            tag = {"failures": "failure", "errors": "error"}.get(kind, kind)
            assert int(suite.get(kind, "")) == len(suite.findall(f"testcase/{tag}"))
    assert int(root.get("failures", "")) >= 4


def test_sarif_has_the_findings_at_their_lines_and_nothing_else(sample: Report) -> None:
    content = json.loads(sarif.render(sample))
    (run,) = content["runs"]
    assert content["version"] == "2.1.0"
    assert len(run["results"]) == len(sample.findings)
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("baseline.yml", 12)
    assert {result["ruleId"] for result in run["results"]} == {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert [result["level"] for result in run["results"]][:3] == ["error", "error", "warning"]
    unproven = run["results"][-1]
    assert unproven["ruleId"] == "netmin/unproven"
    assert "physicalLocation" not in unproven["locations"][0]


def unknown_parts(model: BaseModel) -> list[str]:
    """Return what a model of the format does not know of a document that it was made of."""
    below = (
        item for value in dict(model).values() for item in (value if isinstance(value, list) else [value]) if isinstance(item, BaseModel)
    )
    return [*(model.model_extra or {}), *(name for item in below for name in unknown_parts(item))]


def test_sarif_is_read_by_a_model_of_the_format(sample: Report) -> None:
    """Names and types are those that somebody else took from the standard."""
    read = Sarif.model_validate_json(sarif.render(sample))
    # The model lacks a property of a run that the standard has (SARIF 2.1.0, 3.14.17).
    assert set(unknown_parts(read)) <= {"$schema", "columnKind"}
    assert [len(run.results or []) for run in read.runs] == [len(sample.findings)]


def test_markdown_names_every_host_and_family(sample: Report) -> None:
    text = markdown.render(sample)
    assert not [host.host for host in sample.fleet.hosts if f"## {markdown.text(host.host)}\n" not in text]
    assert not [family for family in sample.fleet.families() if f"| {markdown.text(family)} | **" not in text]


def test_the_same_report_gives_the_same_bytes(sample: Report) -> None:
    for form in FORMATS.values():
        assert form.render(sample) == form.render(sample)


# Size


def test_a_thousand_hosts_of_55_rows_are_small() -> None:
    report = reports.crowd(1000, 55)
    assert sum(len(host.ports) for host in report.fleet.hosts) == 55_000
    text = page.render(report)
    assert len(text.encode()) < 8_000_000
