# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the task writes, where, and what it refuses."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._action.reporting import NotWritten, ReportAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._report.formats import FORMATS

LISTED: Mapping[str, Any] = {
    "stats": {"at": "2026-03-02T21:09:00+00:00"},
    "windows": {"caption": "Windows"},
    "listeners": [
        {
            "protocol": "tcp",
            "address": "0.0.0.0",  # what a host says
            "port": 445,
            "scope": "wildcard",
            "owner": "srvnet in pid 4",
            "recipe": "smb-445",
            "why": "file sharing",
        }
    ],
}


def write(
    hostvars: Mapping[str, Any] | None = None, *, check: bool = False, transport: str = "winrm", delegate: str | None = None, **options: Any
) -> dict[str, Any]:
    """Do the work of a task."""
    action: Any = ReportAction.__new__(ReportAction)
    action._task = SimpleNamespace(check_mode=check, delegate_to=delegate)  # noqa: SLF001  # as Ansible names it
    action._connection = SimpleNamespace(transport=transport)  # noqa: SLF001
    action.hostvars, action.host_name = hostvars or {}, delegate or "web01"
    validated = ArgumentSpecValidator(dict(ReportAction.argument_spec)).validate(options)
    assert validated.error_messages == []
    found: dict[str, Any] = action.work(validated.validated_parameters)
    return found


def one(tmp_path: Path, **options: Any) -> dict[str, Any]:
    """Write a report on one host."""
    return write({"web01": {"audit_result": LISTED}}, **{"hosts": ["web01"], "dest": str(tmp_path / "report.html"), **options})


def test_a_report_is_for_its_owner_alone_and_unchanged_the_second_time(tmp_path: Path) -> None:
    done = one(tmp_path)
    path = tmp_path / "report.html"
    assert done["changed"]
    assert done["files"] == [{"format": "html", "path": str(path), "bytes": path.stat().st_size, "changed": True}]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (done["hosts"], done["verdicts"], done["states"]["listens"]) == (1, {"listed": 1}, 1)
    assert not one(tmp_path)["changed"]
    assert one(tmp_path, mode="0640")["changed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [item.name for item in tmp_path.iterdir()] == ["report.html"]


ALLOWED: Mapping[str, Any] = {"protocol": "tcp", "ports": "445", "address": "0.0.0.0", "owner": "srvnet", "why": "files (baseline.yml:3)"}


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ({}, "allowed"),
        ({"stats": {"at": "2026-03-02T21:10:00+00:00"}}, "allowed"),
        ({"stats": {"at": "2026-03-02T21:08:00+00:00"}}, "listens"),
        ({"allowed": []}, "listens"),
        ({"allowed": [{**ALLOWED, "owner": "evil"}]}, "listens"),
        ({"allowed": [{**ALLOWED, "address": "::"}]}, "listens"),
        ({"allowed": [{**ALLOWED, "ports": "444, 446"}]}, "listens"),
        ({"allowed": [{**ALLOWED, "ports": "1-65535"}]}, "allowed"),
        ({"allowed": [{**ALLOWED, "ports": "1-65535"}] * 10_000}, "listens"),
    ],
)
def test_what_a_baseline_allows_is_told_apart_from_what_is_open(tmp_path: Path, found: Mapping[str, Any], state: str) -> None:
    drift = {"findings": [], "allowed": [ALLOWED], **found}
    dest = tmp_path / "report"
    done = write({"web01": {"audit_result": LISTED, "drift_result": drift}}, hosts=["web01"], dest=str(dest), formats=list(FORMATS))
    assert {name: count for name, count in done["states"].items() if count} == {state: 1}
    ((port,),) = (host["ports"] for host in json.loads((dest / "report.json").read_text(encoding="utf-8"))["hosts"])
    assert (port["state"], "files (baseline.yml:3)" in port["why"]) == (state, state == "allowed")
    page = (dest / "report.html").read_text(encoding="utf-8")
    assert f"<b>{int(state == 'listens')}</b> <span>open, not wanted" in page
    assert ("allowed by the baseline</span>" in page) is (state == "allowed")


def test_several_formats_make_a_folder(tmp_path: Path) -> None:
    done = one(tmp_path, formats=list(FORMATS), dest=str(tmp_path / "a/b"))
    assert sorted(path.name for path in (tmp_path / "a/b").iterdir()) == sorted(form.file for form in FORMATS.values())
    assert {row["format"] for row in done["files"]} == set(FORMATS)


def test_a_folder_takes_one_format_as_well(tmp_path: Path) -> None:
    one(tmp_path, dest=str(tmp_path))
    one(tmp_path, formats=["json"], dest=f"{tmp_path}/new/")
    assert (tmp_path / "report.html").is_file()
    assert (tmp_path / "new/report.json").is_file()


def test_a_relative_path_begins_at_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = one(tmp_path, dest="a/report.html")
    assert done["files"][0]["path"] == str(tmp_path / "a/report.html")
    assert (tmp_path / "a/report.html").is_file()


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    assert one(tmp_path, check=True)["changed"]
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one(tmp_path, formats=["html", "json"], dest=str(tmp_path / "r"))
    before = {path.name: path.read_bytes() for path in (tmp_path / "r").iterdir()}

    seen: list[int] = []

    def fsync(file: int) -> None:
        seen.append(file)
        if len(seen) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(NotWritten, match="No space left"):
        one(tmp_path, formats=["html", "json"], dest=str(tmp_path / "r"), title="Other")
    assert {path.name: path.read_bytes() for path in (tmp_path / "r").iterdir()} == before


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine", encoding="utf-8")
    (tmp_path / "report.html").symlink_to(tmp_path / "target")
    one(tmp_path)
    assert (tmp_path / "target").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "report.html").is_symlink()


def test_results_of_the_play_and_of_files_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/web02.json").write_text(json.dumps(LISTED), encoding="utf-8")
    (tmp_path / "in/bad.json").write_text('{"listeners": [{"port": "x"}]}', encoding="utf-8")
    (tmp_path / "in/other.json").write_text("[]", encoding="utf-8")
    done = one(tmp_path, files=[str(tmp_path / "in")])
    assert done["hosts"] == 2
    assert len(done["notes"]) == 2
    assert "bad was passed over" in "\n".join(done["notes"])


def test_an_earlier_report_tells_what_changed(tmp_path: Path) -> None:
    one(tmp_path, formats=["json"], dest=str(tmp_path / "old.json"))
    done = one(tmp_path, since=str(tmp_path / "old.json"))
    assert done["differences"] == 0
    assert "Changed since the report of 2 March 2026" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"hosts": []}, "there is nothing to report"),
        ({"hosts": [], "files": ["/nowhere/at/all"]}, "is not there"),
        ({"mode": "rw"}, "octal number"),
        ({"mode": "7777"}, "octal number"),
        ({"formats": []}, "names no format"),
        ({"since": "/nowhere/at/all"}, "is no earlier report"),
        ({"delegate": "win01"}, "cannot be written to win01"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidOption, match=problem):
        one(tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("", encoding="utf-8")
    with pytest.raises(InvalidOption, match="need a folder"):
        one(tmp_path, formats=["html", "json"], dest=str(tmp_path / "x"))
