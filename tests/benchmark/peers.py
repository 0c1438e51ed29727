# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same work with this collection and with ansible.windows, side by side, on one host: what it costs, and whether both say the same.

Needs a real Windows: the modules of ansible.windows are PowerShell that runs on the host. `make real` runs it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ansible_collections.netmin.windows.plugins.module_utils.probe_ports import numbers_of
from ansible_collections.netmin.windows.tests.integration.harness import Played

COLLECTIONS = ("ansible.windows",)
TIMES = 3
LIST, SERVICE = "list what listens", "plan to disable the spooler"
Task = Mapping[str, Any]
RunTasks = Callable[[Sequence[Task]], Played]
Ports = frozenset[tuple[str, int]]


class NotInstalled(Exception):
    """What is compared with is not there."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One piece of work, done both ways.

    Attributes:
        ours, theirs: seconds, the median of several runs of ansible-playbook with one task; None where one failed.
        problem: why it failed.
        contradicted: what both say differently.
    """

    name: str
    ours: float | None
    theirs: float | None
    problem: str = ""
    contradicted: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it for other programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Work:
    """What is done both ways, and how the results compare."""

    name: str
    ours: Task
    theirs: Task
    differences: Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[str]]


def listed(result: Mapping[str, Any]) -> Ports:
    """Return what listens according to `listeners_info`; of UDP only what has a known port, since clients open others all the time."""
    found = set()
    for row in result["listeners"]:
        found |= {(row["protocol"], number) for number in numbers_of(row) if row["protocol"] == "tcp" or not row["dynamic"]}
    return frozenset(found)


def netstat(text: str) -> Ports:
    """Return what listens according to `netstat -ano`: a TCP socket whose far end has port 0, and every UDP socket."""
    found = set()
    for words in (line.split() for line in text.splitlines()):
        if len(words) < 3 or words[0] not in ("TCP", "UDP"):
            continue
        if words[0] == "UDP" or words[2].endswith(":0"):
            found.add((words[0].lower(), int(words[1].rpartition(":")[2])))
    return frozenset(found)


def other_ports(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """Tell what one of both lists does not have."""
    mine, its = listed(ours), netstat(str(theirs.get("stdout", "")))
    unlisted = {port for port in its - mine if port[0] == "tcp"}
    for title, missing in (("only netstat lists", unlisted), ("netstat does not list", mine - its)):
        if missing:
            yield f"{title} {', '.join(f'{protocol}/{port}' for protocol, port in sorted(missing))}"


def other_verdict(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """Tell where one would change the service and the other would not."""
    if bool(ours.get("changed")) != bool(theirs.get("changed")):
        yield f"netmin.windows {_would(ours)}, ansible.windows {_would(theirs)}"


def _would(result: Mapping[str, Any]) -> str:
    return "would change it" if result.get("changed") else "would change nothing"


WORK = (
    Work(
        LIST,
        # A summary names the first of many ports.
        {"name": LIST, "netmin.windows.listeners_info": {"detail": "full"}},
        # On every Windows that ansible.windows runs on.
        {"name": LIST, "ansible.windows.win_command": "netstat -ano"},
        other_ports,
    ),
    Work(
        SERVICE,
        {
            "name": SERVICE,
            "check_mode": True,
            "netmin.windows.services": {"services": [{"name": "Spooler", "start_mode": "disabled"}], "dependents": "stop"},
        },
        {
            "name": SERVICE,
            "check_mode": True,
            "ansible.windows.win_service": {
                "name": "Spooler",
                "start_mode": "disabled",
                "state": "stopped",
                "force_dependent_services": True,
            },
        },
        other_verdict,
    ),
)


def compare(run_tasks: RunTasks, *, installed: Callable[[], bool] | None = None, times: int = TIMES) -> list[Pair]:
    """Do all work both ways.

    Args:
        run_tasks: runs tasks on the host.

    Raises:
        NotInstalled: ansible.windows is not there.
    """
    if not (installed or is_installed)():
        raise NotInstalled("ansible.windows is not installed on this controller")
    return [_pair(run_tasks, work, times) for work in WORK]


def is_installed() -> bool:
    """Tell whether the modules that are compared with are there."""
    command = [str(Path(sys.executable).parent / "ansible-doc"), "-t", "module", "-l", "ansible.windows"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.returncode == 0 and "ansible.windows.win_service" in found.stdout


def _pair(run_tasks: RunTasks, work: Work, times: int) -> Pair:
    ours, our_result, our_problem = _measured(run_tasks, work.ours, times)
    theirs, their_result, their_problem = _measured(run_tasks, work.theirs, times)
    problem = "; ".join(filter(None, (our_problem, their_problem)))
    return Pair(work.name, ours, theirs, problem, () if problem else tuple(work.differences(our_result, their_result)))


def _measured(run_tasks: RunTasks, task: Task, times: int) -> tuple[float | None, Mapping[str, Any], str]:
    taken = []
    for _time in range(times):
        begun = time.monotonic()
        played = run_tasks([task])
        taken.append(time.monotonic() - begun)
        outcome = next((one for one in played.outcomes if one.task == task["name"]), None)
        if outcome is None or outcome.status != "ok":
            module = next(name for name in task if "." in name)
            said = outcome.message if outcome else " ".join(played.output.split())[-200:]
            return None, {}, f"{module} failed: {said}"
        result = outcome.result
    return median(taken), result, ""
