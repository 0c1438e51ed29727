# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host that no controller reaches, by real ansible-playbook processes: scripts, their run at its console, a capture, the listing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from winsim.batch import run
from winsim.host.clock import ManualClock
from winsim.providers.computer import build
from winsim.scenarios import load_scenario

from .harness import play

SOURCES = Path(__file__).parents[2] / "playbooks" / "files" / "collect"
SCRIPTS = ("collect_2000.cmd", "collect_vista.cmd", "collect_xp.cmd")


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let the playbook write the scripts."""
    folder = tmp_path_factory.mktemp("carried") / "stick"
    played = play({}, playbook="netmin.windows.collect", arguments=("-e", json.dumps({"collect_dir": str(folder)})))
    assert played.returncode == 0, played.output
    return folder


def test_the_scripts_have_the_line_ends_that_windows_needs(stick: Path) -> None:
    """And nothing else of them is changed on the way."""
    assert sorted(path.name for path in stick.iterdir()) == list(SCRIPTS)
    for name in SCRIPTS:
        assert (stick / name).read_bytes() == (SOURCES / name).read_bytes().replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("scenario", "script", "port"),
    [("windows_2000+no_winrm", "collect_2000.cmd", "tcp/3372"), ("windows_xp+no_winrm", "collect_xp.cmd", "tcp/135")],
)
def test_a_host_without_a_channel_is_listed(scenario: str, script: str, port: str, stick: Path, tmp_path: Path) -> None:
    """What a person does by the page, from the stick to the table."""
    computer = build(load_scenario(scenario), clock=ManualClock())
    outcome = run(computer, rf"E:\{script}", (r"C:\out\NETMIN",), drives={"E:": stick, r"C:\out": tmp_path}, read_only=["E:"])
    assert outcome.exit_code == 0, outcome.console
    hosts = {"plc7": {"ansible_host": "192.0.2.77"}}
    given = {"target": "windows", "capture_from": str(tmp_path / "NETMIN"), "capture_dir": str(tmp_path / "captures")}
    taken = play(hosts, playbook="netmin.windows.capture", arguments=("-e", json.dumps(given)))
    assert taken.returncode == 0, taken.output
    in_file = {
        "plc7": {**hosts["plc7"], "ansible_connection": "netmin.windows.capture", "netmin_windows_capture_dir": str(tmp_path / "captures")}
    }
    listed = play(in_file, playbook="netmin.windows.audit", arguments=("-e", json.dumps({"target": "windows"})))
    assert listed.returncode == 0, listed.output
    assert port in listed.output
    assert "5985" not in listed.output


def test_a_folder_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    """One sentence says what it is not."""
    given = {"target": "windows", "capture_from": str(tmp_path), "capture_dir": str(tmp_path / "captures")}
    taken = play({"plc7": {"ansible_host": "192.0.2.77"}}, playbook="netmin.windows.capture", arguments=("-e", json.dumps(given)))
    assert taken.returncode != 0
    assert "has no file collect.txt" in taken.output
