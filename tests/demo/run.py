#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start simulated hosts, run `playbook.yml` on them, print the report, and end non-zero unless all is proven."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml
from ansible_collections.netmin.windows.tests.demo.report import Paper, problems, show

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(__file__).with_name("playbook.yml").resolve()


def main(arguments: Sequence[str]) -> int:
    """Run the demonstration and return its exit status."""
    options = parse(arguments)
    output = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    paper = Paper.terminal(sys.stdout)
    with tempfile.TemporaryDirectory() as folder:
        inventory = Path(folder) / "winsim.yml"
        simulator = start_hosts(options, inventory)
        try:
            files = [output / f"{name}.json" for name in hosts_of(inventory)]
            for stale in files:
                stale.unlink(missing_ok=True)
            paper.line(f"Simulated hosts: {', '.join(options.scenario)}. The whole method, over Ansible's own WinRM connection:")
            status = play(inventory, output, quiet=options.quiet)
        finally:
            simulator.terminate()
            simulator.wait()
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(files) if path.is_file()]
    for report in reports:
        show(report, paper)
    paper.line()
    paper.line(f"The same as JSON: {os.path.relpath(output)}/")
    failed = status != 0 or len(reports) != len(files) or any(problems(report) for report in reports)
    return 1 if failed else 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", action="append", default=None, help="name or file, as `winsim --scenario` takes it; may be repeated")
    parser.add_argument("--forward", action="store_true", help="reach the hosts through another port than they know of")
    parser.add_argument("--quiet", action="store_true", help="do not show what ansible-playbook prints")
    parser.add_argument("--output", type=Path, default=Path("build", "demo"), help="where the JSON reports go (default: %(default)s)")
    options = parser.parse_args(arguments)
    options.scenario = options.scenario or ["windows_2000", "windows_xp"]
    return options


def start_hosts(options: argparse.Namespace, inventory: Path) -> subprocess.Popen[str]:
    """Start the simulator and return once it listens."""
    # From Windows Vista on some services start two minutes after a boot, and the proof waits for them.
    command = [str(Path(sys.executable).with_name("winsim")), "--inventory", str(inventory), "--boot-seconds", "1", "--speed", "20"]
    for scenario in options.scenario:
        command += ["--scenario", scenario]
    if options.forward:
        command.append("--forward")
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if simulator.stdout is None or not simulator.stdout.readline():
        raise SystemExit(f"the simulator did not start (status {simulator.wait()})")
    return simulator


def hosts_of(inventory: Path) -> list[str]:
    """Return the names of the hosts that the simulator wrote into its inventory."""
    return [*yaml.safe_load(inventory.read_text(encoding="utf-8"))["windows"]["hosts"]]


def play(inventory: Path, output: Path, *, quiet: bool) -> int:
    """Run the playbook as a user would and return its exit status."""
    variables = {"target": "windows", "demo_output": str(output), "demo_settle_interval": 1, "demo_reboot_interval": 1}
    program = Path(sys.executable).parent / "ansible-playbook"
    command = [str(program), "-i", str(inventory), "-e", json.dumps(variables), str(PLAYBOOK)]
    # A proxy of the controller's must not catch the loopback.
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), "no_proxy": "127.0.0.0/8"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, stdout=subprocess.DEVNULL if quiet else None).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
