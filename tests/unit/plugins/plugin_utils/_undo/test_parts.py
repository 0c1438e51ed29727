# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of the record in parts: never longer than a request may be, the head last, and whole or damaged when they are read."""

from __future__ import annotations

import json

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import RecordUnreadable
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import parts
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_record
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.snapshot import read_snapshots
from ansible_collections.netmin.windows.tests.unit.fakes import FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import windows_xp
from hypothesis import given, settings
from hypothesis import strategies as st

HEAD: dict[str, object] = {"run": "20260101T000000Z-abcdef", "schema_version": 2}
NAME = "Forecast"


def stored(session: FakeSession) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in session.value_types(OUR_KEY) or {}:
        value = session.value(OUR_KEY, name, RegistryType.MULTI_SZ)
        assert value is not None
        assert isinstance(value.data, tuple)
        found[name] = value.data
    return found


def test_what_fits_is_one_value() -> None:
    session = FakeSession(windows_xp())
    parts.store(session, NAME, HEAD, ("a", "b"), room=10_000, schema=2)
    assert list(stored(session)) == [NAME]
    assert (parts.load(session, NAME, known=2) or ())[1:] == ("a", "b")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60), max_size=60), st.integers(800, 3000))
@settings(max_examples=60, deadline=None)
def test_there_and_back_and_no_value_is_longer_than_a_request_may_be(lines: list[str], room: int) -> None:
    session = FakeSession(windows_xp())
    parts.store(session, NAME, HEAD, lines, room=room, schema=2)
    assert (parts.load(session, NAME, known=2) or ())[1:] == tuple(lines)
    for value in stored(session).values():
        assert sum(map(parts.weight, value)) <= room + parts.weight("x" * 200)
    assert [call[2] for call in session.writes][-1] == NAME


def test_a_line_that_no_request_can_carry_is_refused_before_anything_is_written() -> None:
    session = FakeSession(windows_xp())
    with pytest.raises(parts.TooLong, match="is too long for the host"):
        parts.store(session, NAME, HEAD, ("x" * 5000,), room=1000, schema=2)
    assert session.writes == []


def test_a_part_that_is_missing_is_damage() -> None:
    session = FakeSession(windows_xp())
    parts.store(session, NAME, HEAD, ["x" * 400] * 6, room=1000, schema=2)
    session.delete_value(OUR_KEY, parts.part_name(NAME, str(HEAD["run"]), 2))
    with pytest.raises(parts.Damaged, match="part 2 of 3 is missing"):
        parts.load(session, NAME, known=2)


@pytest.mark.parametrize("first", ["[]", "{", '{"parts": "many"}', '{"parts": -1}', '{"parts": 1e99}', "[" * 100_000])
def test_what_is_not_ours_is_damage(first: str) -> None:
    session = FakeSession(windows_xp())
    session.set_value(OUR_KEY, NAME, RegistryValue.texts((first,)))
    with pytest.raises(parts.Damaged):
        parts.load(session, NAME, known=2)


def test_a_value_of_another_type_is_damage_and_an_absent_one_is_none() -> None:
    session = FakeSession(windows_xp())
    assert parts.load(session, NAME, known=2) is None
    session.set_value(OUR_KEY, NAME, RegistryValue.dword(1))
    with pytest.raises(parts.Damaged):
        parts.load(session, NAME, known=2)


def test_it_is_deleted_from_the_head_to_the_first_part_whichever_run_the_parts_are_of() -> None:
    session = FakeSession(windows_xp())
    parts.store(session, NAME, HEAD, ["x" * 400] * 6, room=1000, schema=2)
    parts.store(session, f"First{NAME}", HEAD, ["x" * 400] * 3, room=1000, schema=2)
    parts.store(session, NAME, {**HEAD, "run": "20260102T000000Z-abcdef"}, ["x" * 400] * 3, room=1000, schema=2)
    before = len(session.writes)
    parts.delete(session, NAME, stored(session))
    deleted = [str(call[2]) for call in session.writes[before:]]
    assert deleted[0] == NAME
    assert [name.split()[1] for name in deleted[1:]] == ["3", "2", "2", "1", "1"]
    assert all(f"First{NAME}" in name for name in stored(session))


def test_no_part_is_taken_for_a_snapshot_by_a_release_that_knows_no_parts() -> None:
    run = str(HEAD["run"])
    assert not parts.part_name(f"Snapshot {run}", run, 1).startswith("Snapshot ")


def test_half_of_an_envelope_is_for_us_on_every_windows() -> None:
    assert parts.room_of(NtVersion(6, 1)) < 150_000 / 2
    assert 150_000 / 2 < parts.room_of(NtVersion(6, 2)) < 500_000 / 2


@pytest.mark.parametrize("more", [{}, {"parts": 3}, {"parts": "of another kind"}])
def test_of_a_value_that_a_newer_version_wrote_the_head_alone_is_read(more: dict[str, object]) -> None:
    """Its parts may be called otherwise: that they are not found does not make it damaged."""
    session = FakeSession(windows_xp())
    head = json.dumps({**HEAD, "schema_version": 3, **more})
    session.set_value(OUR_KEY, NAME, RegistryValue.texts((head, "what nobody knows yet")))
    assert parts.load(session, NAME, known=2) == (head,)


def test_a_forecast_in_parts_that_a_newer_version_wrote_is_not_to_be_deleted() -> None:
    session = FakeSession(windows_xp())
    session.set_value(OUR_KEY, NAME, RegistryValue.texts((json.dumps({**HEAD, "schema_version": 3, "parts": 2}),)))
    with pytest.raises(RecordUnreadable, match=r"newer version.*update the collection"):
        read_record(session)


def test_a_snapshot_in_parts_that_a_newer_version_wrote_is_no_damaged_one() -> None:
    session, run = FakeSession(windows_xp()), str(HEAD["run"])
    session.set_value(OUR_KEY, f"Snapshot {run}", RegistryValue.texts((json.dumps({**HEAD, "schema_version": 3, "parts": 2}),)))
    stored = read_snapshots(session)
    assert (stored.unreadable, stored.newer) == ((run,), (run,))


def test_parts_whose_head_somebody_has_deleted_are_found() -> None:
    session, run = FakeSession(windows_xp()), str(HEAD["run"])
    parts.store(session, NAME, HEAD, ["x" * 400] * 6, room=1000, schema=2)
    parts.store(session, f"Snapshot {run}", HEAD, ["x" * 400] * 3, room=1000, schema=2)
    assert parts.orphans(stored(session)) == ()
    session.delete_value(OUR_KEY, f"Snapshot {run}")
    assert sorted(parts.orphans(stored(session))) == [f"Part {number} of Snapshot {run}" for number in (1, 2)]
