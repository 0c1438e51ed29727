# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The forecast as lines: there and back whole, short where there is very much of a kind, and nothing of a host is believed."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import (
    MANY,
    MOST_RANGES,
    Expectation,
    Forecast,
    Identity,
    Outlook,
    condensed,
    each,
    ports_from,
    ports_text,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import (
    Record,
    RecordUnreadable,
    from_lines,
    head_of,
    line_of,
    lines_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

PORTS = st.sets(st.integers(1, 65535), min_size=1, max_size=3 * MANY)


def entry(
    port: int, *, address: str = "0.0.0.0", owner: str = "Bulk", protocol: Protocol = Protocol.TCP, why: str = "it stays"
) -> Forecast:
    row = Endpoint(protocol, address, port, 600)
    return Forecast(
        endpoint=row,
        identity=Identity(protocol, row.family, row.scope, port, ()),
        owner=f"{owner} in pid 600",
        recipe=None,
        now=Expectation.OPEN,
        boot=Expectation.OPEN,
        outlook=Outlook.STAYS,
        why=why,
        owners=(owner,),
    )


def there_and_back(record: Record) -> Record:
    return from_lines((line_of(head_of(record)), *lines_of(record)), "web01")


@given(st.lists(st.tuples(PORTS, st.sampled_from(["0.0.0.0", "::", "10.0.0.1"]), st.sampled_from(["A", "B"])), max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_record_is_the_same_there_and_back_however_many_ports_there_are(groups: list[tuple[set[int], str, str]]) -> None:
    entries = {(port, address, owner): entry(port, address=address, owner=owner) for ports, address, owner in groups for port in ports}
    record = Record.of("run", "boot", entries.values())
    back = there_and_back(record)
    assert Counter(one for item in back.forecast for one in each(item)) == Counter(one for item in record.forecast for one in each(item))
    assert len(lines_of(record)) <= 3 * 2 * 2 * MANY


def test_thousands_of_ports_of_one_service_are_a_line_for_each_family_and_protocol() -> None:
    places = [(protocol, address) for protocol in Protocol for address in ("0.0.0.0", "::")]
    entries = [entry(port, address=address, protocol=protocol) for port in range(20001, 23001) for protocol, address in places]
    record = Record.of("run", "boot", entries)
    lines = lines_of(record)
    assert [json.loads(line)["ports"] for line in lines] == ["20001-23000"] * 4
    assert [json.loads(line)["count"] for line in lines] == [3000] * 4
    assert len(there_and_back(record).forecast) == 12_000


def test_a_port_of_which_something_else_is_said_is_not_lost_among_thousands() -> None:
    entries = [entry(port, why="it is kept" if port == 20100 else "it stays") for port in range(20001, 21001)]
    lines = [json.loads(line) for line in lines_of(Record.of("run", "boot", entries))]
    assert [(line["why"], line["ports"], line["count"]) for line in lines] == [
        ("it stays", "20001-20099, 20101-21000", 999),
        ("it is kept", None, 1),
    ]


def test_a_line_never_becomes_long() -> None:
    lines = lines_of(Record.of("run", "boot", [entry(port) for port in range(1, 65536, 2)]))
    assert len(lines) == -(-32768 // MOST_RANGES)
    assert max(map(len, lines)) < 4000


def test_few_ports_are_told_one_by_one() -> None:
    entries = tuple(entry(port) for port in range(1, MANY + 1))
    assert condensed(entries) == entries


@given(PORTS)
def test_ports_as_text(ports: set[int]) -> None:
    assert ports_from(ports_text(ports)) == tuple(sorted(ports))


@pytest.mark.parametrize(
    ("ports", "more"),
    [
        ("1-65536", {}),
        ("20001-20000", {}),
        ("20002, 20001", {}),
        ("20001, 20001", {}),
        ("-5", {}),
        ("0-5", {"port": 0}),
        ("20001-", {}),
        ("all", {}),
        ("9" * 5000, {}),
        (20001, {}),
        (["20001"], {}),
        ("20001-23000", {"count": 5}),
        ("20001-23000", {"dynamic": True}),
        ("20002-23001", {}),
        ("20001-23000", {"others": [["10.0.0.1", 20001]]}),
    ],
)
def test_ports_that_are_none_make_a_record_unreadable(ports: object, more: dict[str, object]) -> None:
    record = Record.of("run", "boot", [entry(port) for port in range(20001, 23001)])
    line = json.loads(lines_of(record)[0])
    assert from_lines((line_of(head_of(record)), json.dumps(line)), "web01").forecast
    with pytest.raises(RecordUnreadable):
        from_lines((line_of(head_of(record)), json.dumps({**line, "ports": ports, **more})), "web01")


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ({"schema_version": 0}, {}),
        ({"schema_version": True}, {}),
        ({"schema_version": "1"}, {}),
        ({"endpoints": 2}, {}),
        ({"endpoints": 0}, {}),
        ({}, {"port": True}),
        ({}, {"port": "135"}),
        ({}, {"owners": "Bulk"}),
        ({}, {"owners": None}),
    ],
)
def test_one_wrong_value_makes_a_record_unreadable(head: dict[str, object], line: dict[str, object]) -> None:
    record = Record.of("run", "boot", [entry(135)])
    first, second = head_of(record), json.loads(lines_of(record)[0])
    assert from_lines((line_of(first), json.dumps(second)), "web01").forecast
    with pytest.raises(RecordUnreadable, match="on web01 cannot be read; delete its value"):
        from_lines((line_of({**first, **head}), json.dumps({**second, **line})), "web01")


def test_a_record_does_not_take_the_memory_of_more_ports_than_there_are() -> None:
    record = Record.of("run", "boot", [entry(port) for port in range(1, 65536)])
    head, line = head_of(record), lines_of(record)[0]
    with pytest.raises(RecordUnreadable):
        from_lines((line_of({**head, "endpoints": 5}), *[line] * 5), "web01")
