#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print what a full plan and a second run cost: requests, bytes, CPU and wall seconds. Asserts nothing; machines differ."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from ansible_collections.netmin.windows.tests.integration.harness import ROOT, Played, play

FORKS = 10
SIZES = (1, 10, 50)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of ansible-playbook over some hosts took.

    Attributes:
        cpu: seconds of user and system time of Ansible's processes; the simulator's are not in it.
    """

    run: str
    hosts: int
    requests: int
    sent: int
    received: int
    changes: int
    cpu: float
    wall: float


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="windows_xp", help="a scenario of ./winsim --list")
    parser.add_argument("--hosts", type=int, action="append", help=f"how many hosts; may be repeated (default {SIZES})")
    options = parser.parse_args(arguments)
    head = f"{'run':8} {'hosts':>5} {'requests':>9} {'kB sent':>8} {'kB received':>12} {'changes':>8} {'CPU s':>7} {'wall s':>7}   per host"
    sys.stdout.write(f"netmin.windows.minimize on simulated {options.scenario} hosts, forks {FORKS}\n\n{head}\n")
    for count in options.hosts or SIZES:
        for cost in measure(options.scenario, count):
            sys.stdout.write(
                f"{cost.run:8} {cost.hosts:5} {cost.requests:9} {cost.sent / 1000:8.0f} {cost.received / 1000:12.0f} {cost.changes:8} "
                f"{cost.cpu:7.2f} {cost.wall:7.2f}   {cost.requests / count:.0f} requests, {cost.sent / 1000 / count:.0f} kB sent, "
                f"{cost.cpu / count:.2f} CPU s\n"
            )
            sys.stdout.flush()
    return 0


def measure(scenario: str, count: int) -> list[Cost]:
    """Start hosts in a process of their own and minimize them twice."""
    with tempfile.TemporaryDirectory() as folder:
        inventory = Path(folder) / "winsim.yml"
        command = [str(ROOT / "winsim"), "--inventory", str(inventory), "--scenario", f"{count}*{scenario}"]
        simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            if simulator.stdout is None or not simulator.stdout.readline():
                raise SystemExit(f"the simulator did not start (status {simulator.wait()})")
            groups = yaml.safe_load(inventory.read_text(encoding="utf-8"))
            shared, hosts = groups["windows"].get("vars", {}), groups["windows"]["hosts"]
            reach = {name: {**shared, **(values or {})} for name, values in hosts.items()}
            return [timed(run, reach, count) for run in ("first", "second")]
        finally:
            simulator.terminate()
            simulator.wait()


def timed(run: str, hosts: dict[str, dict[str, object]], count: int) -> Cost:
    """Run once and add up what the tasks say of themselves."""
    before, started = children(), time.monotonic()
    played: Played = play(hosts, [{"netmin.windows.minimize": {}}], forks=FORKS)
    wall, cpu = time.monotonic() - started, children() - before
    if played.returncode or len(played.outcomes) != count:
        raise SystemExit(played.output)
    stats = [outcome.result["stats"] for outcome in played.outcomes]
    return Cost(
        run,
        count,
        sum(item["requests"] for item in stats),
        sum(item["bytes_sent"] for item in stats),
        sum(item["bytes_received"] for item in stats),
        sum(len(outcome.result["changes"]) for outcome in played.outcomes),
        cpu,
        wall,
    )


def children() -> float:
    """Return the CPU seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
