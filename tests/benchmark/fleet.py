#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print what a fleet costs one controller: hosts a minute, CPU seconds and memory, and how large the results are.

A tenth of the fleet is audited, planned, closed and run a second time; then the whole fleet is audited and planned in check mode. What the
controller's memory grows by for a host is the difference between the two audits. Asserts nothing: CPU seconds compare between machines that
do other things as well, hosts a minute do not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CALLBACKS = Path(__file__).resolve().parent / "callback_plugins"
SIMULATORS = 2
KILO, MEGA = 1000, 1_000_000
# Asking each process for its memory costs time as well.
LOOK_EVERY = 5.0
TASKS: Mapping[str, dict[str, Any]] = {
    "audit": {"netmin.windows.listeners_info": {}},
    "check": {"netmin.windows.minimize": {}, "check_mode": True},
    "first": {"netmin.windows.minimize": {}},
    "second": {"netmin.windows.minimize": {}},
}
Hosts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of ansible-playbook over some hosts took.

    Attributes:
        cpu: seconds of user and system time of Ansible's processes.
        memory: bytes of the process that keeps all results, at its peak.
        together: bytes of it and of its workers, at their peak, what they share counted once.
        simulators: bytes of the simulators, each at its peak.
        results: bytes of all results.
        ended: how many tasks ended in which way.
    """

    run: str
    hosts: int
    wall: float
    cpu: float
    memory: int
    together: int
    simulators: int
    results: int
    ended: Mapping[str, int] = field(default_factory=dict)


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=1000, metavar="N", help="how large the fleet is (default: %(default)s)")
    parser.add_argument("--forks", type=int, default=50, metavar="N", help="of Ansible (default: %(default)s)")
    parser.add_argument("--scenario", default="windows_server_2022", metavar="NAME", help="of winsim --list (default: %(default)s)")
    options = parser.parse_args(arguments)
    few = max(1, options.hosts // 10)
    say(f"A fleet of {options.hosts} {options.scenario} hosts in {SIMULATORS} simulators, forks {options.forks}, NTLM")
    say()
    columns = ("run", 7), ("hosts", 6), ("hosts/min", 10), ("CPU s/host", 11), ("Ansible MB", 11), ("with forks", 11), ("winsim MB", 10)
    head = "".join(f"{name:{'<' if name == 'run' else '>'}{width}}" for name, width in (*columns, ("kB/result", 10)))
    say(head)
    audits: dict[int, Cost] = {}
    for count, runs in ((few, tuple(TASKS)), (options.hosts, ("audit", "check"))):
        with simulated(options.scenario, count) as (hosts, simulators):
            for run in runs:
                cost = measure(run, hosts, simulators, options.forks)
                say(row(cost))
                if run == "audit":
                    audits[count] = cost
    say()
    if options.hosts > few:
        grown = (audits[options.hosts].memory - audits[few].memory) / (options.hosts - few)
        say(f"Ansible's memory grows by {grown / KILO:.0f} kB for each host that is audited.")
    return 0


def say(line: str = "") -> None:
    """Write one line at once: a run takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def row(cost: Cost) -> str:
    """Show what a run cost."""
    odd = ", ".join(f"{count} {status}" for status, count in cost.ended.items() if status != "ok")
    return (
        f"{cost.run:7} {cost.hosts:5} {cost.hosts / cost.wall * 60:9.0f} {cost.cpu / cost.hosts:10.3f} {cost.memory / MEGA:10.0f} "
        f"{cost.together / MEGA:10.0f} {cost.simulators / MEGA:9.0f} {cost.results / cost.hosts / KILO:9.1f}{f'  {odd}' if odd else ''}"
    )


def measure(run: str, hosts: Hosts, simulators: Sequence[int], forks: int) -> Cost:
    """Run one task on all hosts and keep its results, as the roles do."""
    with tempfile.TemporaryDirectory() as folder:
        inventory, book, weights = (Path(folder) / name for name in ("inventory.yml", "play.yml", "weights"))
        inventory.write_text(
            yaml.safe_dump({"windows": {"hosts": {name: dict(values) for name, values in hosts.items()}}}), encoding="utf-8"
        )
        task = {"name": run, **TASKS[run], "register": "found"}
        book.write_text(yaml.safe_dump([{"hosts": "windows", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
        weights.touch()
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "weigher",
            "ANSIBLE_RETRY_FILES_ENABLED": "no",
            "WEIGHER_FILE": str(weights),
            "no_proxy": "127.0.0.0/8",
        }
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), "-f", str(forks), str(book)]
        started = time.monotonic()
        ansible = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        watch = Watch(ansible.pid)
        watch.start()
        # Its workers' time is in it, as it has waited for each of them.
        _pid, status, usage = os.wait4(ansible.pid, 0)
        ansible.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        watch.end()
        lines = [line.split() for line in weights.read_text(encoding="utf-8").splitlines()]
    return Cost(
        run=run,
        hosts=len(hosts),
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=usage.ru_maxrss * 1024,
        together=watch.peak,
        simulators=sum(map(peak_of, simulators)),
        results=sum(int(weight) for weight, _status in lines),
        ended=Counter(status for _weight, status in lines),
    )


class Watch(threading.Thread):
    """Looks now and then at the memory of a process and its children.

    Attributes:
        peak: bytes, the most that was seen.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.peak = 0

    def run(self) -> None:
        """Look until it is over."""
        while not self._over.wait(LOOK_EVERY):
            self.peak = max(self.peak, sum(map(proportional, (self._pid, *children_of(self._pid)))))

    def end(self) -> None:
        """Stop looking."""
        self._over.set()
        self.join()


def children_of(pid: int) -> tuple[int, ...]:
    """Return the children of a process."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return ()
    return tuple(map(int, text.split()))


def proportional(pid: int) -> int:
    """Return the bytes of a process, with its share of what it shares (`Pss`, proc(5)); 0 where it has gone."""
    return _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def peak_of(pid: int) -> int:
    """Return the most bytes that a process has had (`VmHWM`, proc(5))."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmHWM:")


def _kilobytes(path: Path, name: str) -> int:
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


@contextmanager
def simulated(scenario: str, count: int) -> Iterator[tuple[Hosts, tuple[int, ...]]]:
    """Share hosts out over simulators; yield their variables, and the simulators' process ids."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        hosts: dict[str, Mapping[str, Any]] = {}
        started = []
        for number in range(SIMULATORS):
            share = (count + number) // SIMULATORS
            inventory = folder / f"{number}.yml"
            command = [str(Path(sys.executable).with_name("winsim")), "--inventory", str(inventory), "--scenario", f"{share}*{scenario}"]
            if share:
                started.append((inventory, stack.enter_context(running(command))))
        for number, (inventory, simulator) in enumerate(started):
            if simulator.stdout is None or not simulator.stdout.readline():
                raise SystemExit(f"a simulator did not start (status {simulator.wait()})")
            found = yaml.safe_load(inventory.read_text(encoding="utf-8"))["windows"]["hosts"]
            hosts |= {f"{name}-of-{number}": values for name, values in found.items()}
        yield hosts, tuple(simulator.pid for _inventory, simulator in started)


@contextmanager
def running(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the end of the block."""
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield program
    finally:
        program.terminate()
        program.wait()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
