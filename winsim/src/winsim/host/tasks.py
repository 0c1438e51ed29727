# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scheduled tasks: what is kept over boots, and what starts them (a boot, or somebody by hand)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from .jobs import Account, Job
from .journal import Subject
from .task_xml import Definition

if TYPE_CHECKING:
    from .machine import Machine

SERVICE = "Schedule"


class Tasked(Enum):
    """How a request to the task scheduler ended."""

    DONE = "done"
    NO_SERVICE = "the service does not run"
    NO_TASK = "there is no such task"
    EXISTS = "there is such a task already"
    DENIED = "access denied"
    DISABLED = "the task is disabled"


@dataclass(slots=True)
class Task:
    """One task, with what it has running."""

    name: str
    definition: Definition
    job: Job | None = None

    @property
    def running(self) -> bool:
        """It has started something that still runs."""
        return self.job is not None and self.job.running


class Tasks:
    """The tasks of one host."""

    def __init__(self, host: Machine) -> None:
        self._host = host
        self._tasks: dict[str, Task] = {}

    @property
    def available(self) -> bool:
        """Tell whether the service runs."""
        service = self._host.services.find(SERVICE)
        return service is not None and service.running

    def find(self, name: str) -> Task | None:
        """Return a task by its path; the backslash in front may be left out."""
        return self._tasks.get(_folded(name))

    def all(self) -> tuple[Task, ...]:
        """Return all tasks by name."""
        return tuple(task for name, task in sorted(self._tasks.items()))

    def create(self, name: str, definition: Definition, *, replace: bool) -> Tasked:
        """Keep a task; one that is replaced goes on with what it runs."""
        if (refused := self._refused()) is not None:
            return refused
        known = self.find(name)
        if known is not None and not replace:
            return Tasked.EXISTS
        self._host.journal.note(Subject.TASK, name, None if known is None else known.definition.line, definition.line)
        self._tasks[_folded(name)] = Task(name.removeprefix("\\"), definition, None if known is None else known.job)
        return Tasked.DONE

    def delete(self, name: str) -> Tasked:
        """Forget a task; what it runs goes on (Microsoft, schtasks delete)."""
        if (refused := self._refused()) is not None:
            return refused
        task = self.find(name)
        if task is None:
            return Tasked.NO_TASK
        self._host.journal.note(Subject.TASK, task.name, task.definition.line, None)
        del self._tasks[_folded(name)]
        return Tasked.DONE

    def run(self, name: str) -> Tasked:
        """Start a task now; that it does not start for its conditions is not told to who asks."""
        if (refused := self._refused()) is not None:
            return refused
        task = self.find(name)
        if task is None:
            return Tasked.NO_TASK
        if not task.definition.enabled or not task.definition.on_demand:
            return Tasked.DISABLED
        self._start(task)
        return Tasked.DONE

    def end(self, name: str) -> Tasked:
        """End what a task runs."""
        if (refused := self._refused()) is not None:
            return refused
        task = self.find(name)
        if task is None:
            return Tasked.NO_TASK
        if task.job is not None:
            self._host.jobs.kill(task.job)
        return Tasked.DONE

    def booted(self) -> None:
        """Start what a boot starts."""
        for task in self.all():
            task.job = None
            delay = task.definition.boot_delay
            if self.available and task.definition.enabled and delay is not None:
                self._host.time.after(delay, lambda task=task: self._start_later(task))  # type: ignore[misc] # bound now, called later

    def on_batteries(self) -> None:
        """End what may not run on batteries."""
        for task in self.all():
            if task.job is not None and task.definition.stops_on_batteries:
                self._host.jobs.kill(task.job)

    def state(self) -> dict[str, object]:
        """Return the tasks as plain types."""
        return {
            task.name: {
                "line": task.definition.line,
                "system": task.definition.system,
                "at_boot": task.definition.boot_delay is not None,
                "enabled": task.definition.enabled,
                "not_on_batteries": task.definition.not_on_batteries,
                "time_limit": task.definition.time_limit,
                "instances": task.definition.instances,
            }
            for task in self.all()
        }

    def _refused(self) -> Tasked | None:
        if self._host.faults.find("tasks_denied"):
            return Tasked.DENIED
        return None if self.available else Tasked.NO_SERVICE

    def _start_later(self, task: Task) -> None:
        if self.available and self.find(task.name) is task:
            self._start(task)

    def _start(self, task: Task) -> None:
        wanted = task.definition
        if not wanted.system or (wanted.not_on_batteries and self._host.on_batteries):
            return
        if task.running and wanted.instances in ("IgnoreNew", "Queue"):
            # What waits in a queue is not kept here.
            return
        if task.job is not None and wanted.instances == "StopExisting":
            self._host.jobs.kill(task.job)
        task.job = self._host.launch(wanted.line, Account.SYSTEM)
        if task.job is not None and wanted.time_limit is not None:
            job = task.job
            self._host.time.after(wanted.time_limit, lambda: self._host.jobs.kill(job))


def _folded(name: str) -> str:
    return name.removeprefix("\\").lower()
