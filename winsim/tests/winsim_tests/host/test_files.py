# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files, folders, and who may change them."""

from __future__ import annotations

import pytest

from winsim.host.files import (
    ADMINISTRATOR,
    LOCAL_SYSTEM,
    Entry,
    Files,
    Principal,
    may_write,
)
from winsim.scenarios import load_scenario

DATA = r"C:\ProgramData"
USER = frozenset({Principal.EVERYONE, Principal.USERS, Principal.AUTHENTICATED})
INHERITED = frozenset({"OI", "CI"})


@pytest.fixture
def files() -> Files:
    """Return the drive of a host as set-up leaves it."""
    return Files(load_scenario("windows_server_2022").host)


def test_a_child_inherits_from_its_folder(files: Files) -> None:
    files.make_folder(rf"{DATA}\ours", ADMINISTRATOR)
    files.write(rf"{DATA}\ours\a.cmd", "text", ADMINISTRATOR, append=False)
    assert may_write(files.node(rf"{DATA}\ours"), USER)
    assert not may_write(files.node(rf"{DATA}\ours\a.cmd"), USER)
    closed = [Entry(Principal.ADMINISTRATORS, "F", INHERITED), Entry(Principal.SYSTEM, "F", INHERITED)]
    files.change(rf"{DATA}\ours", ADMINISTRATOR, closed, protected=True)
    assert not may_write(files.node(rf"{DATA}\ours"), USER)
    assert [entry.flags for entry in files.node(rf"{DATA}\ours\a.cmd").entries] == [frozenset({"I"})] * 2
    assert may_write(files.node(rf"{DATA}\ours\a.cmd"), LOCAL_SYSTEM)
    with pytest.raises(PermissionError):
        files.write(rf"{DATA}\ours\b.cmd", "", USER, append=False)
    assert files.state()[rf"{DATA}\ours\a.cmd"] == {
        "kind": "file",
        "owner": "administrators",
        "entries": ["administrators:F(I)", "system:F(I)"],
        "writers": ["administrators", "system"],
    }


def test_what_is_not_there_and_what_is(files: Files) -> None:
    with pytest.raises(FileNotFoundError):
        files.write(r"C:\none\a", "", ADMINISTRATOR, append=False)
    with pytest.raises(FileNotFoundError):
        files.node(r"D:\a")
    with pytest.raises(FileExistsError):
        files.make_folder(r"c:\PROGRAMDATA", ADMINISTRATOR)
    with pytest.raises(PermissionError):
        files.make_folder(r"C:\Windows\ours", USER)
    with pytest.raises(IsADirectoryError):
        files.delete(r"C:\Windows", ADMINISTRATOR)
    files.write(rf"{DATA}\a", "one", ADMINISTRATOR, append=True)
    files.write(rf"{DATA}\A", "two", ADMINISTRATOR, append=True)
    assert files.node(rf"{DATA}\a").text == "onetwo"
    files.delete(rf"{DATA}\a", ADMINISTRATOR)
    assert files.find(rf"{DATA}\a") is None


def test_a_refusal_comes_first(files: Files) -> None:
    files.write(rf"{DATA}\a", "", ADMINISTRATOR, append=False)
    entries = [Entry(Principal.EVERYONE, "W", denied=True), Entry(Principal.ADMINISTRATORS, "F")]
    files.change(rf"{DATA}\a", ADMINISTRATOR, entries, protected=True)
    assert not may_write(files.node(rf"{DATA}\a"), ADMINISTRATOR)
    with pytest.raises(PermissionError):
        files.change(rf"{DATA}\a", USER, [], protected=True)


def test_where_programs_keep_what_all_share_before_6_0() -> None:
    old = Files(load_scenario("windows_xp").host)
    assert old.find(r"C:\Documents and Settings\All Users\Application Data") is not None
    assert old.find(DATA) is None
