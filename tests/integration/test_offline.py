# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host that no controller reaches, by real ansible-playbook processes: scripts, their run at its console, a capture, the listing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from winsim.batch import run
from winsim.host.clock import ManualClock
from winsim.providers.computer import build
from winsim.scenarios import load_scenario

from .harness import play

GUIDE = Path(__file__).parents[2] / "docs" / "offline.md"
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


def blocks() -> list[tuple[str, list[str]]]:
    """Return what the guide tells to type: the language of each block, and its commands."""
    found = re.findall(r"^```(shell|bat)\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [(language, text.replace("\\\n", " ").splitlines()) for language, text in found]


@pytest.mark.parametrize(("scenario", "script"), [("windows_2000+no_winrm", "collect_2000.cmd"), ("windows_xp+no_winrm", "collect_xp.cmd")])
def test_every_command_of_the_guide_leads_to_a_host_without_a_listener_and_back(scenario: str, script: str, tmp_path: Path) -> None:
    """Each is run as it stands there; between them the person carries folders and restarts the host."""
    clock = ManualClock()
    computer = build(load_scenario(scenario), clock=clock)

    def restart() -> None:
        computer.host.shut_down(restart=True)
        clock.advance(600)
        assert computer.host.up
        clock.advance(300)

    restart()
    there = {(str(row.protocol), row.address) for row in computer.endpoints()}
    stick, bundle = tmp_path / "stick", tmp_path / "bundles" / "plc7"
    folders = {
        r"C:\NETMIN": tmp_path / "disk" / "NETMIN",
        r"C:\AFTER": tmp_path / "disk" / "AFTER",
        r"C:\CLOSE": tmp_path / "disk" / "CLOSE",
    }
    for folder in folders.values():
        folder.mkdir(parents=True)
    ran = []
    for language, commands in blocks():
        for command in commands:
            if language == "shell":
                typed(command, tmp_path)
                if "windows.bundle" in command:
                    shutil.copytree(bundle, folders[r"C:\CLOSE"], dirs_exist_ok=True, ignore=shutil.ignore_patterns("manifest.json"))
                continue
            program, *arguments = command.replace("collect_xp.cmd", script).split()
            outcome = run(computer, program, arguments, drives={"E:": stick, **folders}, read_only=["E:"])
            ran.append(program.rpartition("\\")[2])
            assert outcome.exit_code == (9 if (scenario, ran[-1]) == ("windows_2000+no_winrm", "undo.cmd") else 0), outcome.console
            if arguments and arguments[0] in folders:
                shutil.copytree(folders[arguments[0]], stick / arguments[0].rpartition("\\")[2])
            if ran[-1] in ("close.cmd", "undo.cmd") and not arguments:
                restart()
                open_now = {(str(row.protocol), row.address) for row in computer.endpoints()}
                assert open_now == (set() if ran[-1] == "close.cmd" else there)
    assert "plc7" in (tmp_path / "report.html").read_text("utf-8")
    assert ran == [script, "close.cmd", "close.cmd", "collect.cmd", "undo.cmd"]


def typed(command: str, place: Path) -> None:
    """Run a command of the guide in a shell on the controller; a playbook says by its exit code whether all went well."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(GUIDE.parents[1] / ".cache"), "PATH": path}
    done = subprocess.run(["sh", "-c", command], cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
