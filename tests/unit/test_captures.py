# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each capture in tests/captures: the plan on it, what the doctor says of it, and what becomes of its twin, as a person reviewed it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import ENTRY, read_capture
from ansible_collections.netmin.windows.tests.witness import expect
from ansible_collections.netmin.windows.tests.witness.kept import (
    CAPTURE,
    EXPECTED,
    FOLDER,
    differences,
    doctor_on,
    expected_of,
    folders,
    plan_on,
    text_of,
    twin_of,
)

KEPT = pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
# A host of 200 services with everything on it has 60,000.
MOST_BYTES = 120_000


@KEPT
def test_the_plan_on_a_capture_is_the_one_that_was_reviewed(folder: Path) -> None:
    expected = expected_of(folder)
    capture = read_capture(folder / CAPTURE)
    assert capture.windows.id == expected["windows"]
    assert differences(expected["plan"], plan_on(capture)) == []


@KEPT
def test_the_doctor_finds_in_a_capture_what_was_reviewed(folder: Path) -> None:
    assert differences(expected_of(folder)["doctor"], doctor_on(read_capture(folder / CAPTURE))) == []


@KEPT
def test_the_twin_of_a_capture_is_planned_closed_proven_and_restored_as_was_reviewed(folder: Path) -> None:
    path = folder / CAPTURE
    assert differences(expected_of(folder)["twin"], twin_of(path, read_capture(path))) == []


@KEPT
def test_a_capture_may_be_here_and_a_person_has_read_what_is_expected_of_it(folder: Path) -> None:
    capture, expected = read_capture(folder / CAPTURE), expected_of(folder)
    assert capture.anonymized
    with zipfile.ZipFile(folder / CAPTURE) as archive:
        assert archive.namelist() == [ENTRY], "the wire has more than a capture that is given away may have"
    assert (folder / CAPTURE).stat().st_size <= MOST_BYTES
    assert sorted(path.name for path in folder.iterdir()) == [CAPTURE, EXPECTED]
    assert expected["reviewed"] is True, f"read {folder.name}/{EXPECTED}, then set 'reviewed' to true"
    assert re.fullmatch(r"(GPL-3\.0-or-later|CC0-1\.0|CC-BY-4\.0|MIT|Apache-2\.0)", expected["licence"])
    assert expected["origin"] != expect.SAID["origin"]
    assert {"plan", "doctor", "twin"} <= expected.keys()


def test_captures_of_several_ages_are_here_and_nothing_else() -> None:
    assert len({expected_of(folder)["windows"] for folder in folders()}) >= 3
    assert [path.name for path in FOLDER.iterdir() if path not in folders()] == []


# What compares and writes


@pytest.mark.parametrize(
    ("expected", "found", "told"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a: expected 1, found 2"]),
        ({"a": ["x", "y"]}, {"a": ["y", "z"]}, ["a: no longer x", "a: now z"]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, ["a: the order is another"]),
        ({"a": ["x", "x"]}, {"a": ["x"]}, ["a: the order is another"]),
        ({}, {"a": 1}, ["a: expected None, found 1"]),
        ({"a": {"b": []}}, {"a": {"b": ["x"]}}, ["a: b: now x"]),
    ],
)
def test_every_difference_is_told(expected: Any, found: Any, told: list[str]) -> None:
    assert differences(expected, found) == told


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put one capture into a folder of its own."""
    (source,) = folders()[:1]
    folder = tmp_path / source.name
    folder.mkdir()
    folder.joinpath(CAPTURE).write_bytes((source / CAPTURE).read_bytes())
    folder.joinpath(EXPECTED).write_bytes((source / EXPECTED).read_bytes())
    monkeypatch.setattr(expect, "FOLDER", tmp_path)
    # The whole loop is tried above.
    monkeypatch.setattr(expect, "shown", lambda _folder: {"windows": "windows_xp", "plan": plan_on(read_capture(source / CAPTURE))})
    return folder


def test_what_changed_is_told_and_written_for_a_review(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = expected_of(copied)
    expected["windows"] = "windows_xp"
    (gone,) = expected["plan"]["changes"][:1]
    expected["plan"]["changes"][0] = "services: service Nonsense: auto -> disabled (at boot)"
    (copied / EXPECTED).write_text(text_of(expected), encoding="utf-8")
    assert expect.main([copied.name]) == 1
    said = capsys.readouterr().out
    assert f"plan: changes: now {gone}" in said
    assert "plan: changes: no longer services: service Nonsense" in said

    assert expect.main([copied.name, "--write"]) == 0
    written = expected_of(copied)
    assert written["reviewed"] is False
    assert written["plan"]["changes"][0] == gone
    # What a person said stays.
    assert {name: written[name] for name in written if name not in ("plan", "reviewed")} == {
        name: expected[name] for name in expected if name not in ("plan", "reviewed")
    }
    assert expect.main([copied.name]) == 0


def test_a_capture_of_which_nothing_is_expected_yet_gets_an_expectation(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copied / EXPECTED).unlink()
    assert expect.main([copied.name, "--write"]) == 0
    assert "nothing is expected of it yet" in capsys.readouterr().out
    written = expected_of(copied)
    assert (written["reviewed"], written["origin"]) == (False, expect.SAID["origin"])
