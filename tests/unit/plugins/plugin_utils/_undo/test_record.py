# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The run's record on the host: there and back, readable at the console, and damaged in every way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast import stored
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record, RecordUnreadable
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import record
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import planned, windows_2000, windows_xp
from ansible_collections.netmin.windows.tests.unit.records import value_of


def lines_of(made: Record) -> list[str]:
    value = value_of(made)
    assert value.type is RegistryType.MULTI_SZ
    assert isinstance(value.data, tuple)
    return list(value.data)


def made(make: Callable[[], FakeHost] = windows_xp) -> Record:
    survey, _plan, entries = planned(make())
    return Record("20030501T090010Z-abc", survey.host.boot.mark, entries)


@pytest.mark.parametrize("make", [windows_2000, windows_xp])
def test_there_and_back(make: Callable[[], FakeHost]) -> None:
    before = made(make)
    fake = make()
    session = FakeSession(fake)
    session.set_value(OUR_KEY, stored.FORECAST, value_of(before))
    assert record.read_record(session) == before


def test_it_can_be_read_at_the_console() -> None:
    lines = lines_of(made())
    assert json.loads(lines[0])["run"] == "20030501T090010Z-abc"
    assert len(lines) == 18
    assert all(line.isascii() and line.strip() and "\n" not in line for line in lines)
    assert '"outlook": "closes at the next boot"' in lines[1]


def test_no_text_can_break_a_line() -> None:
    fake = windows_xp()
    fake.processes[4242] = "evil\x00\n\u2028.exe"
    fake.netstat[0] += "  TCP    0.0.0.0:9999    0.0.0.0:0    LISTENING    4242\n"
    survey, _plan, entries = planned(fake)
    before = Record("run", survey.host.boot.mark, entries)
    lines = lines_of(before)
    assert all(line.isprintable() for line in lines)
    assert stored.from_lines(lines, "host") == before


@pytest.mark.parametrize("value", [None, RegistryValue.texts(())])
def test_no_record(value: RegistryValue | None) -> None:
    fake = windows_xp()
    fake.put(OUR_KEY, stored.FORECAST, value)
    assert record.read_record(FakeSession(fake)) is None


def changed(number: int, **values: Any) -> Callable[[list[str]], list[str]]:
    def damage(lines: list[str]) -> list[str]:
        entry = json.loads(lines[number])
        entry.update(values)
        return [*lines[:number], json.dumps(entry), *lines[number + 1 :]]

    return damage


def dropped(key: str) -> Callable[[list[str]], list[str]]:
    def damage(lines: list[str]) -> list[str]:
        entry = json.loads(lines[1])
        del entry[key]
        return [lines[0], json.dumps(entry), *lines[2:]]

    return damage


DAMAGES: dict[str, Callable[[list[str]], list[str]]] = {
    "a line is missing": lambda lines: lines[:-1],
    "a line too many": lambda lines: [*lines, lines[-1]],
    "no head": lambda lines: lines[1:],
    "no JSON": lambda lines: ["Forecast", *lines[1:]],
    "half a line": lambda lines: [*lines[:-1], lines[-1][:20]],
    "a list for a head": lambda lines: ["[]", *lines[1:]],
    "a number for an entry": lambda lines: [lines[0], "7", *lines[2:]],
    "another schema": changed(0, schema_version=0),
    "an unknown outlook": changed(1, outlook="perhaps"),
    "an unknown expectation": changed(1, boot="open?"),
    "an unknown protocol": changed(1, protocol="sctp"),
    "an unknown scope": changed(1, scope="moon"),
    "an unknown family": changed(1, family="ipx"),
    "a port in words": changed(1, port="135"),
    "a port that cannot be": changed(1, port=70000),
    "a port that is no number": changed(1, port=float("nan")),
    "a port that is true": changed(1, port=True),
    "a number of 5000 digits": lambda lines: [lines[0], lines[1].replace('"port": ', '"port": ' + "9" * 5000), *lines[2:]],
    "nested too deep": lambda lines: [lines[0], "[" * 200_000, *lines[2:]],
    "owners in one string": changed(1, owners="RpcSs"),
    "no address": changed(1, address="somewhere"),
    "an address of another family": changed(1, address="::"),
    "no reason": dropped("why"),
    "no port": dropped("port"),
    "nested without end": lambda lines: ["[" * 100_000, *lines[1:]],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_and_never_taken_for_a_forecast(damage: str) -> None:
    fake = windows_xp()
    fake.put(OUR_KEY, stored.FORECAST, RegistryValue.texts(tuple(DAMAGES[damage](lines_of(made())))))
    with pytest.raises(RecordUnreadable, match=r"HKLM\\SOFTWARE\\netmin.windows on host.example cannot be read"):
        record.read_record(FakeSession(fake))


def test_a_value_of_another_type() -> None:
    fake = windows_xp()
    fake.put(OUR_KEY, stored.FORECAST, RegistryValue.text("mine"))
    with pytest.raises(RecordUnreadable):
        record.read_record(FakeSession(fake))


def test_a_run_is_finished_when_all_that_it_set_out_to_do_is_said_to_be_done() -> None:
    def lines(run: str, *statuses: str) -> tuple[str, ...]:
        return (f'{{"run": "{run}"}}', *(f'{{"status": "{status}"}}' for status in statuses))

    assert record.History((*lines("r2", "done", "unknown"), *lines("r1", "done"), "damaged", "[]")).finished() == {"r1"}
    assert record.History().finished() == frozenset()
    cut = record.History((*lines("r2", "done"), *lines("r1", *["done"] * (record.EARLIER_LINES - 1))))
    assert cut.finished() == {"r2"}


@pytest.mark.parametrize(("value", "run"), [(None, None), (RegistryValue.text("r"), "r"), (RegistryValue.dword(1), None)])
def test_the_run_that_the_host_put_back(value: RegistryValue | None, run: str | None) -> None:
    fake = FakeHost()
    fake.put(OUR_KEY, record.RESTORED_BY_HOST, value)
    assert record.read_restored(FakeSession(fake)) == run
