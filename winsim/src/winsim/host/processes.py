# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The process table of one boot.

Process ids are the scenario's on the first boot and drawn anew on every later one: none survives a boot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from .model import ProcessSpec

IDLE = "Idle"
FIXED = (IDLE, "System")
"""Ids of the processes whose number is always the same."""

ENDED = "ended "
"""What the id of a process begins with that is not there any more; behind it stands whose it was."""

LOWEST = 132
"""Process ids below are the kernel's."""


@dataclass(frozen=True, slots=True)
class Process:
    """A running process."""

    id: str
    name: str
    command: str
    pid: int
    parent: int
    created: datetime


class Processes:
    """What runs between two boots."""

    def __init__(self, specs: Iterable[ProcessSpec], random: Random, *, recorded: bool) -> None:
        """Start with nothing running; `recorded` gives processes the numbers of the scenario."""
        self._specs = {spec.id: spec for spec in specs}
        self._random = random
        self._recorded = recorded
        self._running: dict[str, Process] = {}
        self._spawned = 0
        self._dead: dict[str, int] = {}
        self.version = 0
        known = [spec.pid for spec in self._specs.values() if spec.pid is not None] if recorded else []
        self._last = max([LOWEST, *known])

    @property
    def all(self) -> tuple[Process, ...]:
        """All processes in the order they were started."""
        return tuple(self._running.values())

    def get(self, process_id: str) -> Process | None:
        """Return a running process."""
        return self._running.get(process_id)

    def start(self, process_id: str, created: datetime) -> Process:
        """Start a process, with its parents before it; one that runs is left alone."""
        running = self._running.get(process_id)
        if running is not None:
            return running
        spec = self._specs[process_id]
        parent = 0 if spec.parent is None else self.start(spec.parent, created).pid
        process = Process(spec.id, spec.name, spec.command, self._number(spec), parent, created)
        self._running[spec.id] = process
        self.version += 1
        return process

    def spawn(self, name: str, command: str, parent: str | None, created: datetime) -> Process:
        """Start a process that no scenario knows."""
        self._spawned += 1
        above = None if parent is None else self._running.get(parent)
        process = Process(f"{name} #{self._spawned}", name, command, self._next(), 0 if above is None else above.pid, created)
        self._running[process.id] = process
        self.version += 1
        return process

    def take_up(self, ages: Mapping[str, float], now: datetime) -> None:
        """Let processes have run for so many seconds already."""
        for process_id, age in ages.items():
            if process_id in self._running:
                self._running[process_id] = replace(self._running[process_id], created=now - timedelta(seconds=age))
        self.version += 1

    def drop(self, process_id: str) -> None:
        """End a process that `spawn` started; one that is gone is no error."""
        if self._running.pop(process_id, None) is not None:
            self.version += 1

    def end(self, process_id: str) -> bool:
        """End a process unless it is one that never ends; tell whether it ended."""
        if self._specs[process_id].permanent:
            return False
        self.version += 1
        return self._running.pop(process_id, None) is not None

    def dead(self, name: str) -> int:
        """Return the number that the process of an owner had which has ended in this boot; no process has it."""
        if name not in self._dead:
            self._dead[name] = self._next()
        return self._dead[name]

    def _number(self, spec: ProcessSpec) -> int:
        if spec.pid is not None and (self._recorded or spec.id in FIXED):
            return spec.pid
        return self._next()

    def _next(self) -> int:
        self._last += 4 * self._random.randint(1, 16)
        return self._last
