# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NotKept
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keeper import Keeper
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run, result_of
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, simulated

RUN = "20260101T000000Z-000001"
RECORD = {"snapshot": [{"object": "registry"}]}


def test_a_record_is_for_its_owner_alone_and_replaced_as_a_whole(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "a/records", "server1")
    keeper.keep(RUN, RECORD, ended=False)
    keeper.keep(RUN, RECORD, ended=True)
    (path,) = keeper.folder.iterdir()
    assert path.name == f"server1.{RUN}.json"
    assert json.loads(path.read_text()) == {"schema_version": 1, "host": "server1", "run": RUN, "ended": True, **RECORD}
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(keeper.folder.stat().st_mode)) == (0o600, 0o700)


@pytest.mark.parametrize("host", ["../../etc/passwd", "..", "/", "a/b", "a\x00b", "C:\\x", "\x1b[31m", "{{ lookup }}", "x" * 500, ""])
def test_no_name_of_a_host_leads_out_of_the_folder(tmp_path: Path, host: str) -> None:
    folder = tmp_path / "records"
    Keeper(folder, host).keep(RUN, RECORD, ended=True)
    (path,) = folder.iterdir()
    assert [item.name for item in tmp_path.iterdir()] == ["records"]
    assert path.name.isprintable()
    assert json.loads(path.read_text())["host"] == host


def test_no_two_hosts_share_a_file() -> None:
    names = ["a/b", "a%2Fb", "a_b", "A/b", "x" * 500, "x" * 501, "é", "e"]
    assert len({Keeper(Path(), name).path(RUN) for name in names}) == len(names)


def test_the_name_of_the_file_is_put_on_the_disk_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut a file that was synced may have no name: its folder has to be synced once it has been renamed (fsync(2))."""
    synced: list[tuple[bool, list[str]]] = []

    def fsync(file: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(file).st_mode), [path.name for path in tmp_path.iterdir()]))

    monkeypatch.setattr(os, "fsync", fsync)
    keeper = Keeper(tmp_path, "server1")
    keeper.keep(RUN, RECORD, ended=False)
    assert [is_folder for is_folder, _names in synced] == [False, True]
    assert synced[-1] == (True, [keeper.path(RUN).name])


def test_a_name_that_cannot_be_put_on_the_disk_is_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            full()

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(NotKept, match="No space left on device"):
        Keeper(tmp_path, "server1").keep(RUN, RECORD, ended=False)


def full(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_a_full_disk_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(tmp_path, "server1")
    keeper.keep(RUN, RECORD, ended=False)
    before = keeper.path(RUN).read_text()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotKept, match="No space left on device"):
        keeper.keep(RUN, {"snapshot": []}, ended=True)
    assert [path.name for path in tmp_path.iterdir()] == [keeper.path(RUN).name]
    assert keeper.path(RUN).read_text() == before


def test_a_link_that_somebody_planted_is_not_followed(tmp_path: Path) -> None:
    keeper, elsewhere = Keeper(tmp_path / "records", "server1"), tmp_path / "elsewhere"
    keeper.folder.mkdir()
    elsewhere.write_text("mine")
    keeper.path(RUN).symlink_to(elsewhere)
    keeper.path(RUN).with_suffix(f".{os.getpid()}.new").symlink_to(elsewhere)
    with pytest.raises(NotKept):
        keeper.keep(RUN, RECORD, ended=False)
    assert elsewhere.read_text() == "mine"


def carry_out(host: Simulated, keeper: Keeper) -> dict[str, Any]:
    run = Run(KNOWLEDGE, FakeClock(), RUN)
    options = DEFAULTS
    prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))
    return result_of(run, prepared, run.carry_out(prepared, host.session, stop_limit=60, keeper=keeper))


def test_nothing_is_written_where_the_record_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", full)
    with simulated("windows_xp") as host:
        result = carry_out(host, Keeper(tmp_path, "xp"))
        assert host.computer.changes() == []
    assert (result["failed"], result["changed"]) == (True, False)
    assert "No space left on device; nothing was changed" in result["msg"]
    assert {change["status"] for change in result["changes"]} == {"not_done"}


def test_the_record_is_on_the_disk_before_the_first_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(tmp_path, "xp")
    seen: list[dict[str, Any]] = []
    with simulated("windows_xp") as host:
        inner = host.session.set_value

        def set_value(*arguments: Any) -> None:
            seen.append(json.loads(keeper.path(RUN).read_text()))
            inner(*arguments)

        monkeypatch.setattr(host.session, "set_value", set_value)
        result = carry_out(host, keeper)
    assert seen[0]["ended"] is False
    assert seen[0]["snapshot"] == result["snapshot"]
    assert [change["status"] for change in seen[0]["changes"]] == ["planned"] * len(result["changes"])


@pytest.mark.parametrize("folder", ["re\0cords", "re\ud800cords"])
def test_a_folder_that_no_file_system_has_is_no_traceback(tmp_path: Path, folder: str) -> None:
    with pytest.raises(NotKept, match="the record cannot be kept in"):
        Keeper(tmp_path / folder, "web01").keep("run", {}, ended=False)
