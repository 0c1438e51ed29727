# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real Ansible processes killed with SIGKILL in the middle of a plan and of a restore; then run again, and put back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from winsim.server import Host, HostSpec, Simulation

from .harness import ROOT, changes, play, variables, window
from .test_rollback import settled

pytestmark = pytest.mark.slow

MINIMIZE: dict[str, Any] = {"name": "close", "netmin.windows.minimize": {}}
RESTORE: dict[str, Any] = {"name": "back", "netmin.windows.restore": {}}
BOOT: dict[str, Any] = {"name": "boot", "netmin.windows.reboot": {"interval": 1}}
# Longer than anything here takes, so that the process waits for an answer when it is killed.
LATE = 60
PATIENCE = 120


def killed(host: Host, folder: Path, task: dict[str, Any], method: str, nth: int) -> None:
    """Run a task and kill its processes while they wait for an answer; what was asked has been carried out."""
    window(host, "faults", [{"kind": "delay", "method": method, "nth": nth, "seconds": LATE}])
    since = len(window(host, "journal")["requests"])
    inventory, book = folder / "inventory.yml", folder / "play.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {host.name: variables(host)}}}), encoding="utf-8")
    book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), "no_proxy": "127.0.0.0/8"}
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(inventory), str(book)]
    # A session of its own: Ansible's workers are to go with it.
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while sum(row["method"] == method for row in window(host, "journal")["requests"][since:]) < nth:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        window(host, "faults", method="DELETE")


@pytest.mark.parametrize(("method", "nth"), [("SetMultiStringValue", 2), ("StopService", 2), ("ChangeStartMode", 3)])
def test_a_run_that_was_killed_is_completed_and_put_back(tmp_path: Path, method: str, nth: int) -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="host", boot_seconds=0.5, speed=200.0)]) as simulation:
        host = simulation["host"]
        window(host, "boot", {}, method="POST")
        before = settled(host)
        killed(host, tmp_path, MINIMIZE, method, nth)
        left = changes(host)
        hosts = {host.name: variables(host)}
        played = play(hosts, [{**MINIMIZE, "name": "plan", "check_mode": True}, MINIMIZE, {**MINIMIZE, "name": "again"}, RESTORE, BOOT])
        assert played.returncode == 0, played.output
        assert left > 0
        planned = played.of("host", "plan").result["changes"]
        assert [row["target"] for row in planned] == [row["target"] for row in played.of("host", "close").result["changes"]]
        assert played.of("host", "again").result["changes"] == []
        assert settled(host) == before


def test_a_restore_that_was_killed_is_completed(tmp_path: Path) -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="host", boot_seconds=0.5, speed=200.0)]) as simulation:
        host = simulation["host"]
        window(host, "boot", {}, method="POST")
        before = settled(host)
        hosts = {host.name: variables(host)}
        assert play(hosts, [MINIMIZE, BOOT]).returncode == 0
        killed(host, tmp_path, RESTORE, "ChangeStartMode", 2)
        played = play(hosts, [RESTORE, BOOT, {**RESTORE, "name": "again"}])
        assert played.returncode == 0, played.output
        assert played.of("host", "back").result["changes"]
        assert played.of("host", "again").result["changes"] == []
        assert settled(host) == before
