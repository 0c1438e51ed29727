# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host, its capture, and the twin that `winsim --capture` starts: minimize, boot, prove and roll back, by real processes, on both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.tests.unit.twins import alike

from winsim.server import HostSpec, Simulation

from .harness import Played, on, play

pytestmark = pytest.mark.slow

SCENARIO = "windows_server_2022_web_server"
SPEED = 200.0
QUICK = {"interval": 1}
ROLLBACK = {
    "ansible.builtin.include_role": {"name": "netmin.windows.rollback"},
    "vars": {"rollback_reboot": True, "rollback_reboot_interval": 1},
}
# Each in a play of its own: after a boot that this controller has seen, a proof waits by its clock, which does not run faster.
PLAYS: tuple[list[dict[str, Any]], ...] = (
    [
        {"name": "plan", "netmin.windows.minimize": {}, "check_mode": True},
        {"name": "close", "netmin.windows.minimize": {}},
        {"name": "boot", "netmin.windows.reboot": QUICK},
    ],
    [{"name": "prove", "netmin.windows.proof_info": QUICK}, {**ROLLBACK, "name": "back"}],
    [{"name": "proven back", "netmin.windows.proof_info": QUICK}, {"name": "list", "netmin.windows.listeners_info": {}}],
)
COMPARED = ("plan", "close", "prove", "proven back", "list")


@pytest.fixture
def host() -> Iterator[dict[str, dict[str, Any]]]:
    """Start a web server."""
    with Simulation([HostSpec(scenario=SCENARIO, name="web01", boot_seconds=0.5, speed=SPEED)]) as found:
        yield on(found)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """End the program whose number is in a file, if there is one."""
    number = tmp_path / "winsim.pid"
    yield number
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(number.read_text(encoding="utf-8")), signal.SIGTERM)


def results(plays: Iterable[Played], name: str) -> dict[str, Any]:
    """Return what each task said of a host, but for what is another on each host by nature."""
    outcomes = [outcome for played in plays for outcome in played.outcomes if outcome.host == name]
    shown = {task: next(outcome.result for outcome in outcomes if outcome.task == task) for task in COMPARED}
    left_out = ("invocation", "warnings", "suspected")
    said = {task: {key: item for key, item in result.items() if key not in left_out} for task, result in shown.items()}
    return {task: alike(json.loads(json.dumps(result).replace(f"{name}:", "host:"))) for task, result in said.items()}


def test_a_change_is_rehearsed_on_the_twin_and_ends_as_on_the_host(host: dict[str, dict[str, Any]], running: Path, tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    taken = play(host, playbook="netmin.windows.capture", arguments=("-e", f"target=windows capture_dir={folder}"))
    assert taken.returncode == 0, taken.output
    (capture,) = folder.glob("*.zip")

    inventory = tmp_path / "twin.yml"
    program = str(Path(sys.executable).with_name("winsim"))
    options = ("--inventory", inventory, "--pid-file", running, "--boot-seconds", "0.5", "--speed", SPEED, "--daemonize")
    command = [program, "--capture", str(capture), *map(str, options)]
    began = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert began.returncode == 0, began.stderr
    assert "the twin of web01" in began.stdout
    assert "what a trigger does: " in began.stdout
    hosts = yaml.safe_load(inventory.read_text(encoding="utf-8"))["windows"]["hosts"]
    assert list(hosts) == ["web01"]

    twin = {key: value for key, value in hosts["web01"].items() if not key.startswith("winsim_")}
    assert twin["ansible_host"] != host["web01"]["ansible_host"]
    plays = [play({"twin01": twin, **host}, tasks) for tasks in PLAYS]
    assert not any(played.returncode for played in plays), "\n".join(played.output for played in plays)
    on_twin, on_host = results(plays, "twin01"), results(plays, "web01")
    for name in COMPARED:
        assert on_twin[name] == on_host[name], name
    assert on_twin["prove"]["proof"]["verdict"] == "proven"
    assert on_twin["close"]["summary"]["closed"] > 0

    os.kill(int(running.read_text(encoding="utf-8")), signal.SIGTERM)
    for _attempt in range(100):
        if not running.exists():
            break
        time.sleep(0.1)
    assert not running.exists()
