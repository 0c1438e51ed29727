# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many answers a task waits for one after the other: what it costs where a network is slow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from statistics import median
from typing import Any

from ansible_collections.netmin.windows.tests.integration.harness import play

MILLISECONDS = 30
SCENARIOS = ("windows_xp", "windows_server_2022")
# What a task takes varies by some milliseconds from run to run.
TIMES = 3
Hosts = Mapping[str, Mapping[str, Any]]
Start = Callable[..., AbstractContextManager[Hosts]]


def round_trips(start: Start, tasks: Sequence[Mapping[str, Any]], say: Callable[[str], None]) -> None:
    """Print for each scenario and task the answers that it waits for one after the other, and how many requests it sends.

    Args:
        start: starts simulated hosts of some scenarios, given further options of the program.
        tasks: each with a name; all of them run on the same host, in order.
        say: prints a line.
    """
    names = [str(task["name"]) for task in tasks]
    width = max(map(len, SCENARIOS))
    say(f"Serial round trips: (seconds of a task at {MILLISECONDS} ms - at 0 ms) / {MILLISECONDS / 1000}; in brackets: requests, logins.")
    say("")
    say(f"{'scenario':{width}}  {'  '.join(f'{name:>16}' for name in names)}")
    for scenario in SCENARIOS:
        near, far = ([_measured(start, scenario, tasks, late) for _time in range(TIMES)] for late in (0, MILLISECONDS))
        cells = []
        for name in names:
            seconds = [median(float(run[name]["seconds"]) for run in runs) for runs in (near, far)]
            stats = far[-1][name]
            trips = (seconds[1] - seconds[0]) / (MILLISECONDS / 1000)
            told = f"({stats['requests']}, {stats['logins']})"
            cells.append(f"{trips:6.1f} {told:>9}")
        say(f"{scenario:{width}}  {'  '.join(cells)}")
    say("")


def _measured(start: Start, scenario: str, tasks: Sequence[Mapping[str, Any]], late: int) -> dict[str, Mapping[str, Any]]:
    """Run the tasks on a fresh host, and return what each says of itself."""
    with start([scenario], "--latency", str(late)) as hosts:
        played = play(hosts, tasks)
    if played.returncode:
        raise SystemExit(played.output)
    return {outcome.task: outcome.result["stats"] for outcome in played.outcomes}
