#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print what an audit, a full plan and a second run cost: requests, bytes, changes, seconds. Asserts nothing; machines differ.

Without an argument: one row for each scenario of the simulator, then many hosts of one scenario at once, then what a slow network costs.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.netmin.windows.tests.benchmark.latency import round_trips
from ansible_collections.netmin.windows.tests.integration.harness import Outcome, Played, play

from winsim.scenarios import names

FORKS = 10
SIZES = (1, 10, 50)
MANY = "windows_xp"
AUDIT, FIRST, SECOND = "audit", "first", "second"
TASKS: tuple[dict[str, Any], ...] = (
    {"name": AUDIT, "netmin.windows.listeners_info": {}},
    # One of the hosts has a service that never stops; the default would wait a minute for it.
    {"name": FIRST, "netmin.windows.minimize": {"stop_timeout": 10}},
    {"name": SECOND, "netmin.windows.minimize": {}},
)
Hosts = Mapping[str, Mapping[str, Any]]


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", action="append", choices=names(), metavar="NAME", help="only this one of winsim --list; repeatable")
    parser.add_argument("--hosts", type=int, action="append", metavar="N", help="no table, but N hosts of a scenario at once; repeatable")
    parser.add_argument("--round-trips", action="store_true", help="only the answers that a task waits for one after the other")
    parser.add_argument("--connections", type=int, metavar="N", help="for --round-trips: over so many a task reads (default: the module's)")
    options = parser.parse_args(arguments)
    if options.round_trips:
        round_trips(simulated, over(options.connections), say)
        return 0
    if not options.hosts:
        every_scenario(options.scenario or names())
    if options.hosts or not options.scenario:
        for scenario in options.scenario or [MANY]:
            many_hosts(scenario, options.hosts or SIZES)
    if not (options.hosts or options.scenario):
        round_trips(simulated, TASKS, say)
    return 0


def over(connections: int | None) -> tuple[dict[str, Any], ...]:
    """Return the tasks, told over how many connections to read."""
    if connections is None:
        return TASKS
    return tuple(
        {key: {**value, "connections": connections} if isinstance(value, dict) else value for key, value in task.items()} for task in TASKS
    )


def say(line: str = "") -> None:
    """Write one line at once: a run takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


# One host of each scenario


def every_scenario(scenarios: Sequence[str]) -> None:
    """Audit one host of each scenario and minimize it twice, and print a row for each."""
    width = max(map(len, scenarios))
    say("One host of each scenario, without a boot between the tasks. req: requests; kB: sent, before encryption; s: all three tasks.")
    say("closes, stays: listeners, as the first run forecasts them.")
    say()
    say(f"{'':{width}}  {'audit':^9}  {'first minimize':^30}  {'second minimize':^17}".rstrip())
    say(
        f"{'scenario':{width}}  {'req':>4} {'kB':>4}  {'req':>4} {'kB':>4} {'changes':>7} {'closes':>6} {'stays':>5}  "
        f"{'req':>4} {'kB':>4} {'changes':>7}  {'s':>5}"
    )
    with simulated(scenarios) as hosts:
        for scenario, (name, variables) in zip(scenarios, hosts.items(), strict=True):
            say(f"{scenario:{width}}  {row(play({name: variables}, TASKS))}")
    say()


def row(played: Played) -> str:
    """Show what the tasks on one host cost, as far as they came, and why they did not come further."""
    outcomes = {outcome.task: outcome for outcome in played.outcomes}
    cells = "  ".join((_spent(outcomes.get(AUDIT)), _first(outcomes.get(FIRST)), _second(outcomes.get(SECOND))))
    seconds = sum(outcome.result.get("stats", {}).get("seconds", 0) for outcome in outcomes.values())
    failed = next((outcome for outcome in played.outcomes if outcome.status in ("failed", "unreachable")), None)
    why = ""
    if failed is not None:
        why = f"  the {failed.task} run failed: {' '.join(failed.message.split())}"
    elif len(outcomes) != len(TASKS):
        why = f"  ansible-playbook ended with status {played.returncode}"
    return f"{cells}  {seconds:5.1f}{why}"


def _first(outcome: Outcome | None) -> str:
    summary = outcome.result.get("summary", {}) if outcome else {}
    closes = summary.get("closes_now", 0) + summary.get("closes_at_boot", 0) if summary else "-"
    return f"{_spent(outcome)} {_changes(outcome)} {closes:>6} {summary.get('stays', '-'):>5}"


def _second(outcome: Outcome | None) -> str:
    return f"{_spent(outcome)} {_changes(outcome)}"


def _spent(outcome: Outcome | None) -> str:
    stats = outcome.result.get("stats", {}) if outcome else {}
    return f"{stats['requests']:4} {stats['bytes_sent'] / 1000:4.0f}" if stats else f"{'-':>4} {'-':>4}"


def _changes(outcome: Outcome | None) -> str:
    changes = outcome.result.get("changes") if outcome else None
    return f"{'-' if changes is None else sum(change['status'] == 'done' for change in changes):>7}"


# Many hosts of one scenario


def many_hosts(scenario: str, sizes: Sequence[int]) -> None:
    """Minimize many hosts at once, twice, and print what that took."""
    say(f"Many {scenario} hosts at once: minimize, forks {FORKS}")
    say()
    say(f"{'run':8} {'hosts':>5} {'requests':>9} {'kB sent':>8} {'kB received':>12} {'changes':>8} {'CPU s':>7} {'wall s':>7}   per host")
    for count in sizes:
        for cost in measure(scenario, count):
            say(
                f"{cost.run:8} {cost.hosts:5} {cost.requests:9} {cost.sent / 1000:8.0f} {cost.received / 1000:12.0f} {cost.changes:8} "
                f"{cost.cpu:7.2f} {cost.wall:7.2f}   {cost.requests / count:.0f} requests, {cost.sent / 1000 / count:.0f} kB sent, "
                f"{cost.cpu / count:.2f} CPU s"
            )
    say()


def measure(scenario: str, count: int) -> list[Cost]:
    """Minimize hosts twice."""
    with simulated([f"{count}*{scenario}"]) as hosts:
        return [timed(run, hosts, count) for run in (FIRST, SECOND)]


def timed(run: str, hosts: Hosts, count: int) -> Cost:
    """Run once and add up what the tasks say of themselves."""
    before, started = children(), time.monotonic()
    played = play(hosts, [{"netmin.windows.minimize": {}}], forks=FORKS)
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


@contextmanager
def simulated(scenarios: Sequence[str], *options: str) -> Iterator[Hosts]:
    """Start hosts in a process of their own, so that its time is not Ansible's; yield their variables, in order.

    Args:
        options: further ones of the program.
    """
    with tempfile.TemporaryDirectory() as folder:
        inventory = Path(folder) / "winsim.yml"
        command = [str(Path(sys.executable).with_name("winsim")), "--inventory", str(inventory), *options]
        for scenario in scenarios:
            command += ["--scenario", scenario]
        simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            if simulator.stdout is None or not simulator.stdout.readline():
                raise SystemExit(f"the simulator did not start (status {simulator.wait()})")
            yield yaml.safe_load(inventory.read_text(encoding="utf-8"))["windows"]["hosts"]
        finally:
            simulator.terminate()
            simulator.wait()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
