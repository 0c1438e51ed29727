# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each look by itself: what it takes for a confirmation, what for a contradiction, and what for nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AccessDenied,
    ClassMissing,
    Fault,
    MethodFailed,
    QuotaExceeded,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row, Value
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, ProductType
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.examine import look
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.ground import Ground
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.verdict import LONGEST, Verdict, Word, contradicted, not_seen, some
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumed import Look, Pages, ServiceLook
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import PageHeard
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, booted
from hypothesis import given
from hypothesis import strategies as st

from .sabotaged import contradictions, examined

BY_ID = {assumption.id: assumption for assumption in KNOWLEDGE.assumptions}
WINDOWS = KNOWLEDGE.place(NtVersion(10, 0), 20348, ProductType.SERVER)
DENIED = AccessDenied("access denied", host="h", code=5, subcode="AccessDenied")
MISSING = ClassMissing("no such class", host="h", code=2150858778, subcode="CannotProcessFilter")
QUOTA = QuotaExceeded("a quota", host="h", code=0x8004106C, subcode="")
STRANGE = Fault("something", host="h", code=0x80041013, subcode="InternalError")


def answering(**answers: Any) -> Any:
    """Return a reader whose verbs answer with these values, or raise them."""

    def verb(answer: Any) -> Callable[..., Any]:
        def ask(*given: Any, **named: Any) -> Any:
            found = answer(*given, **named) if callable(answer) else answer
            if isinstance(found, Exception):
                raise found
            return found

        return ask

    return SimpleNamespace(host="h", **{name: verb(answer) for name, answer in answers.items()})


def seen(name: str, *, pages: tuple[PageHeard, ...] = (), captured: bool = False, **answers: Any) -> Verdict:
    """Look at a host that answers so."""
    ground = Ground(answering(**answers), KNOWLEDGE, WINDOWS, None, "not read", None, "not listed", lambda: pages, captured)
    return look(ground, BY_ID[name])


def row(**values: Value) -> Row:
    """Return a row."""
    return Row("", values)


ENDED = (row(State="2"), row(State="5"))
TRIGGER: Mapping[str, RegistryType] = {"type": RegistryType.DWORD, "ACTION": RegistryType.DWORD}
RULE = RegistryValue.text("v2.31|action=Allow|Dir=In|Name=x|")
CASES: list[tuple[str, dict[str, Any], Word, str]] = [
    ("wmi-state-filters", {"query": ENDED}, Word.CONFIRMED, "2 rows, all with State 2 or 5"),
    ("wmi-state-filters", {"query": (*ENDED, row(State="8"))}, Word.CONTRADICTED, "State 8"),
    ("wmi-state-filters", {"query": ()}, Word.NOT_SEEN, "no row"),
    ("wmi-state-filters", {"query": MISSING}, Word.NOT_SEEN, "no such class"),
    ("wmi-many-conditions", {"query": ()}, Word.CONFIRMED, "64 conditions"),
    ("wmi-many-conditions", {"query": QUOTA}, Word.CONTRADICTED, "0x8004106C"),
    ("wmi-tcp-endpoints-absent", {"query": MISSING}, Word.CONFIRMED, "0x8033801A"),
    ("wmi-tcp-endpoints-absent", {"query": ENDED}, Word.CONTRADICTED, "2 rows of it"),
    ("wmi-tcp-endpoints-absent", {"query": DENIED}, Word.NOT_SEEN, "access denied"),
    ("fault-missing-class", {"query": STRANGE}, Word.CONTRADICTED, "0x80041013"),
    ("fault-missing-class", {"query": ENDED}, Word.CONTRADICTED, "2 rows"),
    ("fault-missing-class", {"query": DENIED}, Word.NOT_SEEN, "access denied"),
    (
        "fault-missing-class",
        {"query": ClassMissing("x", host="h", code=None, subcode="DestinationUnreachable")},
        Word.CONFIRMED,
        "Unreachable",
    ),
    ("fault-missing-class", {"query": ClassMissing("x", host="h", code=None, subcode="Other")}, Word.CONTRADICTED, "Other"),
    ("registry-missing-value", {"value": None}, Word.CONFIRMED, "1 or 2"),
    ("registry-missing-value", {"value": RegistryValue.dword(7)}, Word.CONTRADICTED, "7"),
    ("registry-missing-value", {"value": MethodFailed("x", host="h", return_value=1234)}, Word.CONTRADICTED, "1234"),
    ("registry-missing-key", {"value_types": None}, Word.CONFIRMED, "1 or 2"),
    ("registry-missing-key", {"value_types": {}}, Word.CONTRADICTED, "0 values"),
    ("registry-other-type", {"value": MethodFailed("x", host="h", return_value=0x80041005)}, Word.CONFIRMED, "0x80041005"),
    ("registry-other-type", {"value": MethodFailed("x", host="h", return_value=5)}, Word.CONTRADICTED, "5"),
    ("registry-other-type", {"value": RegistryValue.text("1")}, Word.CONTRADICTED, "the value 1"),
    ("registry-no-values", {"value_types": {}}, Word.CONFIRMED, "no value"),
    ("registry-no-values", {"value_types": {"x": RegistryType.SZ}}, Word.NOT_SEEN, "1 value here"),
    ("registry-no-values", {"value_types": None}, Word.NOT_SEEN, "there is no key"),
    ("wmi-no-row", {"query": ()}, Word.CONFIRMED, "no row"),
    ("wmi-no-row", {"query": ENDED}, Word.CONTRADICTED, "2 rows"),
    ("triggers-in-key", {"subkeys": ("0", "1"), "value_types": TRIGGER}, Word.CONFIRMED, "2 triggers"),
    ("triggers-in-key", {"subkeys": ("0", "first"), "value_types": TRIGGER}, Word.CONTRADICTED, "first"),
    (
        "triggers-in-key",
        {"subkeys": ("0",), "value_types": {"Type": RegistryType.SZ, "Action": RegistryType.DWORD}},
        Word.CONTRADICTED,
        "no Type",
    ),
    ("triggers-in-key", {"subkeys": None}, Word.NOT_SEEN, "waits for no trigger"),
    ("firewall-grammar", {"value": RULE}, Word.CONFIRMED, "v2.31 in 3 rules"),
    ("firewall-grammar", {"value": RegistryValue.text("v2.34|Action=Allow|")}, Word.CONTRADICTED, "v2.34"),
    ("firewall-grammar", {"value": RegistryValue.text("v2.9|New=Allow|")}, Word.CONTRADICTED, "has New"),
    ("firewall-grammar", {"value": RegistryValue.text("{json}")}, Word.CONTRADICTED, "{json}"),
    ("firewall-grammar", {"value": None}, Word.NOT_SEEN, "none of the rules"),
    ("wmi-dependencies", {"query": (row(Antecedent="x", Dependent=Reference("S", {})),)}, Word.CONTRADICTED, "Antecedent is 'x'"),
    ("wmi-dependencies", {"query": (row(Antecedent=Reference("S", {})),)}, Word.CONTRADICTED, "no Dependent"),
    ("wmi-process", {"query": (row(ProcessId="4", Name="x", CreationDate="yesterday"),)}, Word.CONTRADICTED, "CreationDate is 'yesterday'"),
    ("wmi-process", {"query": (row(ProcessId="4", Name=("x", "y"), CreationDate=None),)}, Word.CONTRADICTED, "Name is a list"),
    ("wmi-process", {"query": ()}, Word.NOT_SEEN, "has no row"),
    ("wmi-process", {"query": DENIED}, Word.NOT_SEEN, "access denied"),
    ("wmi-process", {"query": STRANGE}, Word.CONTRADICTED, "0x80041013"),
    ("server-needs-srv2", {}, Word.NOT_SEEN, "not read"),
    ("owners-udp", {}, Word.NOT_SEEN, "not listed"),
    ("socket-smb-445", {}, Word.NOT_SEEN, "not listed"),
    ("boot-time", {}, Word.NOT_SEEN, "not read"),
]


@pytest.mark.parametrize(("name", "answers", "word", "told"), CASES)
def test_a_look_says_what_the_answer_means(name: str, answers: dict[str, Any], word: Word, told: str) -> None:
    verdict = seen(name, **answers)
    assert verdict.word is word, verdict
    assert told in (verdict.seen or verdict.why), verdict
    assert bool(verdict.expected) is (word is Word.CONTRADICTED)


def test_properties_that_are_refused_are_found_one_by_one() -> None:
    def query(_name: str, properties: tuple[str, ...], **_more: Any) -> Any:
        return MISSING if "CreationDate" in properties else ENDED

    verdict = seen("wmi-process", query=query)
    assert verdict == contradicted("Win32_Process.CreationDate", "Win32_Process has no CreationDate")

    def first(_name: str, properties: tuple[str, ...], **_more: Any) -> Any:
        return MISSING if "ProcessId" in properties else ENDED

    assert seen("wmi-process", query=first) == contradicted("Win32_Process.ProcessId", "Win32_Process has no ProcessId")


ONE, MANY = PageHeard(first=True, rows=1, more=True, size=900), PageHeard(first=True, rows=9, more=False, size=9000)
FULL, SHORT = PageHeard(first=False, rows=90, more=True, size=76_000), PageHeard(first=False, rows=9, more=True, size=30_000)
LAST = PageHeard(first=False, rows=90, more=False, size=200_000)
PAGES: list[tuple[str, tuple[PageHeard, ...], Word]] = [
    ("pages", (ONE, ONE), Word.CONFIRMED),
    ("pages", (ONE, MANY), Word.CONTRADICTED),
    ("pages", (PageHeard(first=True, rows=1, more=False, size=1),), Word.NOT_SEEN),
    ("pages", (FULL,), Word.NOT_SEEN),
    ("pages-old", (MANY,), Word.CONFIRMED),
    ("pages-old", (ONE,), Word.CONTRADICTED),
    ("envelope", (ONE, FULL), Word.CONFIRMED),
    ("envelope", (FULL, SHORT), Word.CONTRADICTED),
    ("envelope", (LAST,), Word.CONFIRMED),
    ("envelope", (ONE, MANY), Word.NOT_SEEN),
    ("envelope-old", (PageHeard(first=False, rows=20, more=True, size=9_000),), Word.NOT_SEEN),
    ("envelope-old", (SHORT,), Word.CONTRADICTED),
]


@pytest.mark.parametrize(("name", "pages", "word"), PAGES)
def test_pages_tell_their_shape_and_the_envelope(name: str, pages: tuple[PageHeard, ...], word: Word) -> None:
    assert seen(name, pages=pages).word is word
    assert seen(name, pages=pages, captured=True).word is Word.NOT_SEEN
    assert set(Pages) == {"one row", "as many rows as fit"}


def test_a_clock_that_was_set_is_told_as_such() -> None:
    with booted("windows_server_2022") as host:
        host.computer.step_clock(3600)
        found = contradictions(examined(host))
    assert list(found) == ["boot-time"]
    assert "3600 s; a clock that was set does that, too" in found["boot-time"][1]


def test_a_socket_of_nobody_is_told() -> None:
    with booted("windows_server_2022") as host:
        host.computer.inject({"kind": "endpoint_orphaned", "protocol": "udp", "port": 123})
        found = contradictions(examined(host))
    assert "owners-udp" in found
    assert "udp/123 names" in found["owners-udp"][1]
    assert set(found) <= {"owners-udp", "socket-w32time-123"}


def test_a_start_mode_that_somebody_changed_is_no_contradiction_where_it_is_disabled() -> None:
    with booted("windows_server_2022") as host:
        ground = examined(host).ground

    def of(name: str) -> Verdict:
        return look(ground, replace(BY_ID["rpcss-starts"], look=Look(service=ServiceLook(name=name, start=("manual",)))))

    assert of("RpcSs") == contradicted("RpcSs starts by manual", "its start mode is auto")
    assert of("SSDPSRV") == not_seen("somebody has disabled SSDPSRV")
    assert of("Nobody") == not_seen("there is no service Nobody here")


@given(st.text(max_size=3000), st.text(max_size=3000))
def test_whatever_a_host_says_a_verdict_is_short_and_printable(one: str, other: str) -> None:
    for verdict in (contradicted(one, other), not_seen(one)):
        for text in (verdict.expected, verdict.seen):
            assert len(text) <= LONGEST
        assert len(verdict.why) <= 2 * LONGEST
        assert "\n" not in verdict.expected + verdict.seen + verdict.why
        assert "\x1b" not in verdict.expected + verdict.seen + verdict.why


def test_a_few_of_many_are_named() -> None:
    assert some(["a", "b", "a"]) == "a, b"
    assert some(list("abcdef")) == "a, b, c, d and 2 more"
