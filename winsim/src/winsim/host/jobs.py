# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs that run for a while: each is a process of the host, and takes its turn when the host's time has come.

What a program does is passed in (`Execute`); a host by itself knows no program.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from .processes import Process

if TYPE_CHECKING:
    from .machine import Machine

Run = Generator[float, None, int]
"""Something that runs: it yields the seconds for which it waits, and returns its exit code."""


class Account(Enum):
    """As whom a program runs."""

    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


Execute = Callable[["Machine", str, Account], Run | None]
"""Begins a command line as an account; None where there is no such program."""


def nothing_runs(host: Machine, line: str, account: Account) -> None:
    """Know no program."""
    del host, line, account


@dataclass(slots=True)
class Job:
    """One running program; `ended` has its exit code when it is over, None until then and where it was killed."""

    process: Process
    line: str
    account: Account
    run: Run
    ended: int | None = None
    killed: bool = False

    @property
    def running(self) -> bool:
        """It has neither ended nor been killed."""
        return self.ended is None and not self.killed


class Jobs:
    """The programs of one boot."""

    def __init__(self, host: Machine) -> None:
        self._host = host
        self._jobs: list[Job] = []
        self._current: list[Job] = []

    @property
    def running(self) -> tuple[Job, ...]:
        """All that run now, oldest first."""
        return tuple(job for job in self._jobs if job.running)

    def start(self, line: str, account: Account, run: Run, *, parent: str | None = None) -> Job:
        """Start a program: it is carried out up to its first pause at once."""
        name = _image(line)
        process = self._host.start_process(name, line, parent)
        job = Job(process, line, account, run)
        self._jobs.append(job)
        self._step(job)
        return job

    def kill(self, job: Job) -> None:
        """End a program from outside."""
        if job.running:
            job.killed = True
            if job not in self._current:
                job.run.close()
            self._forget(job)

    def _step(self, job: Job) -> None:
        if not job.running:
            return
        self._current.append(job)
        try:
            seconds = next(job.run)
        except StopIteration as end:
            job.ended = int(end.value or 0)
            self._forget(job)
            return
        finally:
            self._current.remove(job)
        if job.killed:
            # It ended itself, or let somebody else end it.
            job.run.close()
        else:
            self._host.time.after(seconds, lambda: self._step(job))

    def _forget(self, job: Job) -> None:
        self._host.processes.drop(job.process.id)
        if job in self._jobs:
            self._jobs.remove(job)


def _image(line: str) -> str:
    word = line[1:].partition('"')[0] if line.startswith('"') else line.partition(" ")[0]
    name = word.replace("/", "\\").rpartition("\\")[2]
    return name if "." in name else f"{name}.exe"
