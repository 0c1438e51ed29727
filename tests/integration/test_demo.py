# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The demonstration as a user runs it: what it prints, what it writes, how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from winsim.server import Host, HostSpec, Simulation

from .harness import ROOT, changes, variables, window

pytestmark = pytest.mark.slow


def demo(output: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """Run the demonstration; return its status, what it printed, and its reports by host."""
    command = [sys.executable, str(ROOT / "tests" / "demo" / "run.py"), "--quiet", "--output", str(output), *arguments]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=ROOT)
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in output.glob("*.json")]
    return ran.returncode, ran.stdout + ran.stderr, {report["host"]: report for report in reports}


def test_the_demonstration_proves_both_hosts_through_a_forwarded_port(tmp_path: Path) -> None:
    status, printed, reports = demo(tmp_path, "--forward")
    assert status == 0, printed
    assert printed.count("PROVEN  every endpoint is as forecast") == 2
    assert len(reports) == 2
    for report in reports.values():
        # Found on the host: the inventory's port is another one.
        assert [(row["port"], row["management"]) for row in report["after"]["listeners"]] == [(5985, True)]
        assert not report["second"]["changed"]
        assert report["proof"]["proven"]
    assert sorted(len(report["audit"]["listeners"]) for report in reports.values()) == [17, 20]
    assert "kept: the management path" in printed


@pytest.mark.parametrize("scenario", ["windows_xp_port_reopened", "windows_2000_sticky_socket"])
def test_the_demonstration_on_a_sabotaged_host_ends_non_zero(tmp_path: Path, scenario: str) -> None:
    status, printed, _reports = demo(tmp_path, "--scenario", scenario)
    assert status == 1, printed
    assert "NOT PROVEN  proof:" in printed


def play_demo(folder: Path, hosts: Mapping[str, Mapping[str, Any]]) -> subprocess.CompletedProcess[str]:
    """Run the demonstration's playbook as somebody who found it would: on an inventory of his own, from a folder of his own."""
    inventory = folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"windows": {"hosts": {name: dict(values) for name, values in hosts.items()}}}), encoding="utf-8")
    extra = {"target": "windows", "demo_settle_interval": 1, "demo_reboot_interval": 1}
    program, playbook = Path(sys.executable).with_name("ansible-playbook"), ROOT / "tests/demo/playbook.yml"
    command = [program, "-i", inventory, "-e", json.dumps(extra), playbook]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), "ANSIBLE_NOCOLOR": "1", "no_proxy": "127.0.0.0/8"}
    return subprocess.run([*map(str, command)], cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=300)


def asked(host: Host) -> int:
    """Return how many requests reached a host."""
    return len(window(host, "journal")["requests"])


def test_a_host_that_is_not_simulated_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with Simulation([HostSpec("windows_xp", "ours"), HostSpec("windows_xp", "theirs")]) as simulation:
        ours, theirs = simulation.hosts
        ran = play_demo(tmp_path, {"ours": ours.inventory_variables, "theirs": variables(theirs)})
        assert ran.returncode == 2, ran.stdout
        assert "(no winsim_window in the inventory): theirs. Nothing was done on any host." in " ".join(ran.stdout.split())
        assert [(asked(host), changes(host)) for host in simulation.hosts] == [(0, 0), (0, 0)]
    assert [path.name for path in tmp_path.iterdir()] == ["hosts.yml"]


def test_the_reports_are_written_below_the_current_folder(tmp_path: Path) -> None:
    with Simulation([HostSpec("windows_xp", "ours", boot_seconds=0.5)]) as simulation:
        ran = play_demo(tmp_path, {"ours": simulation["ours"].inventory_variables})
    assert ran.returncode == 0, ran.stdout
    assert json.loads((tmp_path / "build/demo/ours.json").read_text(encoding="utf-8"))["proof"]["proven"]
    assert not (ROOT / "tests/demo/build").exists()
