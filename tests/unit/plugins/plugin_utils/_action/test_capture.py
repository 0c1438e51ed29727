# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that writes captures: what it refuses before a host is asked, and what it never writes over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import capture
from ansible_collections.netmin.windows.plugins.plugin_utils._action.capture import refuse_to_replace, release
from ansible_collections.netmin.windows.plugins.plugin_utils._action.opening import open_captured
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import write_capture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, Refused
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._capture.test_file import SMALL

ASKED: dict[str, Any] = {"from": None, "anonymize": False, "wire": False}


def connection(folder: Path | str, max_age: float = 1e9) -> SimpleNamespace:
    """Return a connection with options."""
    options = {"dir": str(folder), "max_age": max_age}
    return SimpleNamespace(transport="netmin.windows.capture", get_option=options.get)


def test_a_capture_of_the_same_host_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    refuse_to_replace(path, "web01")
    write_capture(path, SMALL)
    refuse_to_replace(path, "web01")
    with pytest.raises(Refused, match=r"is a capture of 'web01' and is not replaced by one of 'web02': use a 'dir' of its own"):
        refuse_to_replace(path, "web02")
    path.write_text("something else")
    with pytest.raises(Refused, match="is there and is not replaced, since it is not a capture that can be read"):
        refuse_to_replace(path, "web01")
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused, match="is there and is not replaced"):
        refuse_to_replace(path, "web01")


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, 0),
        ({"from": "a.zip", "anonymize": True}, 0),
        ({"from": "folder"}, 0),
        ({"from": "folder", "wire": True}, 1),
        ({"anonymize": True}, 1),
        ({"from": "a.zip", "anonymize": True, "wire": True}, 1),
    ],
)
def test_options_that_contradict_each_other_are_told(options: dict[str, Any], wrong: int) -> None:
    action = capture.ActionModule.__new__(capture.ActionModule)
    assert len(list(action.contradictions({**ASKED, **options}))) == wrong


def test_the_release_is_that_of_the_checkout() -> None:
    assert release()[0].isdecimal()


def test_an_old_capture_says_so_and_one_without_a_folder_is_refused(tmp_path: Path) -> None:
    write_capture(tmp_path / "192.0.2.10.zip", SMALL)
    assert open_captured(connection(tmp_path), "192.0.2.10", "web01", None).aged == ""
    old = open_captured(connection(tmp_path, 1), "192.0.2.10", "web01", None).aged
    assert old.startswith("this is the host as it was on 2026-03-01T12:00:00+00:00, ")
    assert old.endswith(" days ago: capture it again")
    with pytest.raises(InvalidOption, match="set netmin_windows_capture_dir"):
        open_captured(connection(""), "192.0.2.10", "web01", None)


def test_a_host_without_an_address_has_its_name(tmp_path: Path) -> None:
    write_capture(tmp_path / "web01.zip", replace(SMALL, collection="0.2.0"))
    assert open_captured(connection(tmp_path), None, "web01", None).capture.collection == "0.2.0"
