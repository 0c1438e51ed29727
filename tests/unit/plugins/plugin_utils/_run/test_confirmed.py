# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`minimize` does only what a doctor confirmed on this very host; the rest is passed over or refused, with the assumption's id."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import doctor_info, minimize
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotKept
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirmed import MOST_FILE, Confirmed, read_confirmed, write_confirmed
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, booted
from ansible_collections.netmin.windows.tests.unit.tasks import HOST, made, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SERVER = "windows_server_2022"
FINDINGS = Confirmed(
    schema_version=1, inventory_name=HOST, windows="windows_server_2022", build=20348, examined_at="2026-01-01T00:00:00+00:00"
)


@pytest.fixture
def host() -> Iterator[Simulated]:
    """Start a host; delayed services run."""
    with booted(SERVER) as found:
        yield found


def findings(host: Simulated, path: Path, **change: str) -> None:
    """Let the doctor write a file, as if it had found otherwise of some assumptions; a hyphen is an underscore in a name here."""
    assert act(doctor_info.ActionModule, host, file=str(path)).error is None
    content = json.loads(path.read_text(encoding="utf-8"))
    content["inventory_name"] = HOST
    content["assumptions"] |= {name.replace("_", "-"): word for name, word in change.items()}
    path.write_text(json.dumps(content), encoding="utf-8")


def minimized(host: Simulated, path: Path, **options: Any) -> dict[str, Any]:
    """Plan with a file of findings."""
    return run(made(minimize.ActionModule, host, host.session, check=True, only_confirmed=str(path), detail="full", **options))


def planned(result: dict[str, Any]) -> set[tuple[str, str]]:
    """Return what a plan changes."""
    return {(change["stage"], change["target"]) for change in result["changes"]}


def test_where_all_is_confirmed_the_plan_is_the_same(host: Simulated, tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    findings(host, path)
    without = run(made(minimize.ActionModule, host, host.session, check=True, detail="full"))
    assert planned(minimized(host, path)) == planned(without) != set()


@pytest.mark.parametrize("word", ["contradicted", "not_to_be_seen"])
def test_what_rests_on_something_else_is_passed_over_with_the_id(host: Simulated, tmp_path: Path, word: str) -> None:
    path = tmp_path / "findings.json"
    findings(host, path)
    every = planned(minimized(host, path))
    findings(host, path, socket_w32time_123=word)
    result = minimized(host, path)
    assert {target for _stage, target in every - planned(result)} == {"service W32Time"}
    (skipped,) = (item for item in result["unchanged"] if "socket-w32time-123" in item["detail"])
    assert skipped["reason"] == "what it rests on is not confirmed on this host"
    refused = minimized(host, path, recipes=["w32time-123"])
    assert refused["refused"]
    assert "socket-w32time-123" in refused["msg"]
    by_service = minimized(host, path, services=[{"name": "W32Time", "start_mode": "disabled", "state": "stopped"}])
    assert by_service["refused"]
    assert "socket-w32time-123" in by_service["msg"]


def test_a_stage_that_rests_on_something_else_is_left_out(host: Simulated, tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    findings(host, path, server_needs_srv2="contradicted")
    assert "smb_device" not in {stage for stage, _target in planned(minimized(host, path))}
    refused = minimized(host, path, smb_device={"method": "smb_server"})
    assert refused.get("refused"), refused
    assert "server-needs-srv2" in refused["msg"]


def test_what_every_plan_rests_on_ends_the_task(host: Simulated, tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    findings(host, path, wmi_process="not_to_be_seen")
    result = minimized(host, path)
    assert result["refused"]
    assert "wmi-process" in result["msg"]
    assert "nothing was changed" in result["msg"]


def test_a_file_of_another_host_or_windows_is_refused(host: Simulated, tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    findings(host, path)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "inventory_name": "db01"}), encoding="utf-8")
    before = len(host.computer.changes())
    assert "is about the host 'db01', not about 'web01'" in minimized(host, path)["msg"]
    path.write_text(json.dumps({**content, "build": 17763}), encoding="utf-8")
    assert "run netmin.windows.doctor_info on it again" in minimized(host, path)["msg"]
    assert len(host.computer.changes()) == before


def test_a_file_is_written_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "findings.json"
    write_confirmed(path, FINDINGS)
    assert read_confirmed(path, HOST) == FINDINGS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in path.parent.iterdir()] == ["findings.json"]
    with pytest.raises(NotKept, match="cannot be written"):
        write_confirmed(path / "below", FINDINGS)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda _path: None, "cannot be read"),
    "a folder": (lambda path: path.mkdir(), "is not a file|cannot be read"),
    "a pipe": (_pipe, "is not a file"),
    "no JSON": (lambda path: path.write_text("{", encoding="utf-8"), "is not JSON"),
    "deep": (lambda path: path.write_text("[" * 100_000, encoding="utf-8"), "is not JSON"),
    "a list": (lambda path: path.write_text("[]", encoding="utf-8"), "is not a file of findings"),
    "newer": (lambda path: path.write_text('{"schema_version": 2}', encoding="utf-8"), "newer release"),
    "older": (lambda path: path.write_text('{"schema_version": 0}', encoding="utf-8"), "is not a file of findings"),
    "too long": (lambda path: path.write_bytes(b" " * (MOST_FILE + 1)), "more than"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_file_that_is_none_is_refused(tmp_path: Path, what: str) -> None:
    make, told = BAD[what]
    path = tmp_path / "findings.json"
    make(path)
    with pytest.raises(InvalidOption, match=told):
        read_confirmed(path, HOST)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(
            lambda node: json.dumps(node).encode()
        ),
    )
)
def test_whatever_is_in_a_file_it_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "findings.json"
    path.write_bytes(content)
    with pytest.raises(InvalidOption):
        read_confirmed(path, HOST)
