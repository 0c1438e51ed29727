# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The manifest: what was written is read, and what was changed or is of another host is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle import manifest
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.script import Target
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record
from hypothesis import given
from hypothesis import strategies as st

TARGET = Target("plc7", "PLC7", "Windows 2000", NtVersion(5, 0), 2195, "WinNT", "20260302T081541Z-9f3a1c")
RECORD = Record.of(TARGET.run, "shutdown 00", ())


def written(place: Path, **changed: Any) -> Path:
    said = json.loads(manifest.made(TARGET, RECORD, {"close.cmd": b"x"}, captured_at=""))
    path = place / manifest.NAME
    path.write_text(json.dumps({**said, **changed}), "ascii")
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    found = manifest.read(written(tmp_path), "plc7")
    assert (found.host, found.computer, found.record) == ("plc7", "PLC7", RECORD)
    files = json.loads((tmp_path / manifest.NAME).read_text("ascii"))["files"]
    assert files == {"close.cmd": {"sha256": hashlib.sha256(b"x").hexdigest(), "bytes": 1}}


@pytest.mark.parametrize(
    "changed",
    [{"schema_version": 2}, {"forecast": []}, {"forecast": None}, {"run": "another"}, {"host": "other"}, {"forecast": [{"run": 1}]}],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="'manifest'"):
        manifest.read(written(tmp_path, **changed), "plc7")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="cannot be read"):
        manifest.read(tmp_path / "none.json", "plc7")


@given(content=st.binary(max_size=300))
def test_anything_else_is_one_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("manifest") / manifest.NAME
    path.write_bytes(content)
    with pytest.raises(InvalidOption, match="not the manifest of a bundle"):
        manifest.read(path, "plc7")
