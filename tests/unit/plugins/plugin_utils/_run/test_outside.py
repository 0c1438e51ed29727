# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the host says and what the probe says of a port, together; and that neither is taken for the other."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome
from ansible_collections.netmin.windows.plugins.plugin_utils._run.outside import (
    ABSENT,
    CONTRADICTIONS,
    NOT_TESTED_OUTSIDE,
    OF_OUTCOME,
    Agreement,
    Inside,
    Outside,
    contradicted,
    counted,
    inside_of,
    join,
    judge,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TARGET = "192.0.2.10"


def row(port: int = 445, address: str = "0.0.0.0", scope: str = "wildcard", **more: Any) -> dict[str, Any]:
    named = {"protocol": "tcp", "address": address, "port": port, "ports": None, "count": 1, "scope": scope}
    return {**named, "owner": "srvnet in pid 4", "why": "", **more}


def found(state: str, port: int = 445, address: str = TARGET, **more: Any) -> dict[str, Any]:
    named = {"address": address, "protocol": "tcp", "port": port, "ports": None, "state": state}
    return {**named, "evidence": "so it was", "listed": True, **more}


PROTOCOLS = st.sampled_from(["tcp", "udp"])
INSIDES, OUTSIDES = st.sampled_from(list(Inside)), st.sampled_from(list(Outside))


@given(PROTOCOLS, INSIDES, st.booleans())
def test_what_was_not_tested_agrees_with_nothing(protocol: str, inside: Inside, whole: bool) -> None:
    assert judge(protocol, inside, Outside.NOT_TESTED, whole=whole) == (Agreement.NOT_TESTED, NOT_TESTED_OUTSIDE)


@given(INSIDES, st.booleans())
def test_a_udp_port_that_is_silent_is_never_evidence(inside: Inside, whole: bool) -> None:
    assert judge("udp", inside, Outside.SILENT, whole=whole)[0] is Agreement.NOT_KNOWN


@given(st.sampled_from(ABSENT), st.booleans())
def test_closed_inside_and_silent_outside_agree(inside: Inside, whole: bool) -> None:
    assert judge("tcp", inside, Outside.SILENT, whole=whole)[0] is Agreement.AGREES


@given(PROTOCOLS, INSIDES, OUTSIDES, st.booleans())
def test_more_is_reached_than_listed_only_where_something_was_reached(protocol: str, inside: Inside, outside: Outside, whole: bool) -> None:
    agreement, why = judge(protocol, inside, outside, whole=whole)
    assert why
    if agreement in CONTRADICTIONS:
        assert outside is Outside.OPEN
        assert inside in (*ABSENT, Inside.FILTERED)
    if agreement is Agreement.NOT_REACHED:
        assert inside in (Inside.LISTENS, Inside.FILTERED)
        assert outside in (Outside.CLOSED, Outside.SILENT)


@given(PROTOCOLS, INSIDES, OUTSIDES, st.booleans())
def test_no_view_takes_the_words_of_the_other(protocol: str, inside: Inside, outside: Outside, whole: bool) -> None:
    _agreement, why = judge(protocol, inside, outside, whole=whole)
    # Refused is what a probe was, and nothing else may be called so; of silence nobody says that the port is closed.
    assert ("refused" in why) <= (outside is Outside.CLOSED)
    assert ("nothing answered" in why) <= (outside is Outside.SILENT)
    assert ("is closed" in why) <= (inside is Inside.CLOSED)


@pytest.mark.parametrize(
    ("inside", "outside", "agreement", "said"),
    [
        (Inside.LISTENS, Outside.OPEN, Agreement.AGREES, "the probe reached it"),
        (Inside.LISTENS, Outside.SILENT, Agreement.NOT_REACHED, "something between the probe and the host"),
        (Inside.LISTENS, Outside.CLOSED, Agreement.NOT_REACHED, "another machine at that address"),
        (Inside.FILTERED, Outside.SILENT, Agreement.NOT_REACHED, "a rule that we know drops what comes from outside: rule x"),
        (Inside.FILTERED, Outside.CLOSED, Agreement.NOT_REACHED, "refused: by something between"),
        (Inside.FILTERED, Outside.OPEN, Agreement.NOT_FILTERED, "rule x"),
        (Inside.CLOSED, Outside.OPEN, Agreement.NOT_LISTED, "a port forward"),
        (Inside.LOOPBACK, Outside.OPEN, Agreement.NOT_LISTED, "its loopback alone"),
        (Inside.NOT_LISTED, Outside.OPEN, Agreement.NOT_LISTED, "a container"),
        (Inside.UNKNOWN, Outside.OPEN, Agreement.NOT_KNOWN, "not known"),
        (Inside.CLOSED, Outside.CLOSED, Agreement.AGREES, "refused"),
    ],
)
def test_each_reason(inside: Inside, outside: Outside, agreement: Agreement, said: str) -> None:
    got, why = judge("tcp", inside, outside, rule="rule x")
    assert got is agreement
    assert said in why


def test_an_endpoint_of_one_adapter_may_not_be_at_the_address_of_the_probe() -> None:
    (item,) = join([row(address="198.51.100.1", scope="adapter")], [found("silent")])
    assert item.agreement is Agreement.NOT_REACHED
    assert "198.51.100.1" in item.why
    (item,) = join([row(address=TARGET, scope="adapter")], [found("silent")])
    assert "on which alone" not in item.why
    # Two adapters: the probe's address may be any of them.
    (item,) = join([row(address="198.51.100.1", scope="adapter"), row(address="198.51.100.2", scope="adapter")], [found("silent")])
    assert "on which alone" not in item.why


def test_what_a_list_of_part_of_the_ports_lacks_is_not_known() -> None:
    (item,) = join([row()], [found("open", 8080, listed=False)], whole=False)
    assert item.agreement is Agreement.NOT_KNOWN
    (item,) = join([row()], [found("open", 8080, listed=False)])
    assert item.agreement is Agreement.NOT_LISTED
    assert contradicted([item]) == [f"tcp/8080 at {TARGET}: {item.why}"]


def test_of_several_endpoints_at_a_port_one_that_listens_is_enough() -> None:
    rows = [row(outcome="closed", address="192.0.2.1", scope="adapter"), row(outcome="kept"), row(scope="loopback", address="127.0.0.1")]
    for order in (rows, rows[::-1]):
        (item,) = join(order, [found("open")])
        assert (item.inside, item.agreement) == (Inside.LISTENS, Agreement.AGREES)


def test_families_are_told_apart() -> None:
    rows = [row(outcome="closed"), row(address="::", outcome="kept")]
    four, six = join(rows, [found("silent"), found("open", address="2001:db8::1")])
    assert (four.inside, four.agreement) == (Inside.CLOSED, Agreement.AGREES)
    assert (six.inside, six.agreement) == (Inside.LISTENS, Agreement.AGREES)


def test_ports_that_were_only_scanned_and_did_not_answer_are_left_out() -> None:
    assert join([], [found("silent", listed=False, ports="1-9"), found("closed", listed=False)]) == []


def test_every_outcome_of_a_proof_has_a_meaning() -> None:
    assert set(OF_OUTCOME) == set(Outcome)
    assert inside_of(row(outcome="something new")) is Inside.UNKNOWN
    assert inside_of(row(scope="loopback")) is Inside.LOOPBACK


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from([*map(str, Outcome), None]), st.sampled_from(["open", "closed", "silent"]))))
def test_each_port_that_was_looked_at_is_there_once_and_counted(seen: list[tuple[int, str | None, str]]) -> None:
    rows = [row(port, outcome=outcome) if outcome else row(port) for port, outcome, _state in seen]
    looked = {port: found(state, port) for port, _outcome, state in seen}
    joined = join(rows, looked.values())
    assert sorted(item.port for item in joined) == sorted(looked)
    assert sum(counted(joined).values()) == len(joined)


HOSTILE = st.dictionaries(
    st.sampled_from(["protocol", "address", "port", "ports", "count", "scope", "outcome", "owner", "why"]),
    st.none()
    | st.integers()
    | st.text(max_size=20)
    | st.lists(st.integers(), max_size=2)
    | st.sampled_from(["tcp", "0.0.0.0", "filtered"]),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(HOSTILE, max_size=5))
def test_whatever_a_host_lists_each_port_is_judged_and_its_text_is_one_line(rows: list[dict[str, Any]]) -> None:
    (item,) = join(rows, [found("open")])
    assert (item.address, item.port) == (TARGET, 445)
    assert item.owner.isprintable()
    assert item.why.isprintable()
