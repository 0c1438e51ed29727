# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which file is the capture of a host, and that it is of that host and not of another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import file_name, write_capture
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.folder import MAP, Place, age_in_days, open_capture, place_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import UnusableCapture

from .test_file import SMALL


def mapped(folder: Path, text: str) -> Path:
    """Write the map of a folder."""
    (folder / MAP).write_text(text, encoding="utf-8")
    return folder


def test_the_file_is_called_like_the_address(tmp_path: Path) -> None:
    assert place_of(tmp_path, "192.0.2.10", "web01") == Place(tmp_path / "192.0.2.10.zip", "web01")
    assert place_of(tmp_path, "../x", "web01").path.parent == tmp_path


def test_a_map_says_otherwise(tmp_path: Path) -> None:
    mapped(tmp_path, "web01: old.zip\nweb02: {file: host-abc.zip, name: host-abc}\n")
    assert place_of(tmp_path, "192.0.2.10", "web01") == Place(tmp_path / "old.zip", "web01")
    assert place_of(tmp_path, "192.0.2.11", "web02") == Place(tmp_path / "host-abc.zip", "host-abc")
    assert place_of(tmp_path, "192.0.2.12", "web03") == Place(tmp_path / "192.0.2.12.zip", "web03")


def test_an_empty_map_says_nothing(tmp_path: Path) -> None:
    assert place_of(mapped(tmp_path, ""), "a", "a").path.name == "a.zip"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("web01: ../../etc/passwd", "needs the name of a file of the same folder"),
        ("web01: ..", "needs the name of a file"),
        ("web01: {file: a.zip}", "or 'file' and 'name'"),
        ("web01: {file: a.zip, name: a, more: b}", "or 'file' and 'name'"),
        ("web01: [a.zip]", "or 'file' and 'name'"),
        ("- web01", "is no mapping"),
        ("web01: {", "cannot be read"),
        ("a: &a [x]\nb: *a\n", "has an alias"),
        ("web01: !!python/object/apply:os.system [id]", "cannot be read"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UnusableCapture, match=message):
        place_of(mapped(tmp_path, text), "192.0.2.10", "web01")


def test_a_large_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableCapture, match="has more than"):
        place_of(mapped(tmp_path, "#" * (9 * 1024 * 1024)), "a", "a")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableCapture, match=r"there is no folder .*: set netmin_windows_capture_dir"):
        place_of(tmp_path / "nowhere", "a", "a")


def test_a_capture_of_another_host_is_refused(tmp_path: Path) -> None:
    write_capture(tmp_path / "192.0.2.10.zip", SMALL)
    assert open_capture(place_of(tmp_path, "192.0.2.10", "web01")) == SMALL
    with pytest.raises(
        UnusableCapture, match=r"is a capture of 'web01' and not of 'db01': put the right file there, or say in captures.yml"
    ):
        open_capture(place_of(tmp_path, "192.0.2.10", "db01"))
    mapped(tmp_path, "db01: {file: 192.0.2.10.zip, name: web01}")
    assert open_capture(place_of(tmp_path, "192.0.2.10", "db01")) == SMALL


def test_how_old_a_capture_is_counts_in_days() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert age_in_days(SMALL, moment + timedelta(days=31, hours=12)) == 31.5
    assert age_in_days(replace(SMALL, captured_at="2026-03-01T14:00:00+02:00"), moment) == 0


def test_names_of_files_are_those_of_addresses() -> None:
    assert [file_name(address) for address in ("web01", "fe80::1%4", "a b")] == ["web01.zip", "fe80%3A%3A1%254.zip", "a b.zip"]
