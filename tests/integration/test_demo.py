# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The demonstration as a user runs it: what it prints, what it writes, how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .harness import ROOT

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
