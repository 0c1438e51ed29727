# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The run's record: forecast and boot, as they were before the first change, kept on the host itself.

One REG_MULTI_SZ below our own key: a line of JSON about the run, then one line an endpoint, so that a person at
the console can read it with regedit. Made before the first change, never computed afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import (
    FORECAST,
    SCHEMA,
    Record,
    from_lines,
    line_of,
    unreadable,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, read_setting

from . import parts

CHANGES = "Changes"
# The forecast of the first run of all, which names every endpoint that the host had before we changed anything.
FIRST = "FirstForecast"
# The last run that the host put back by itself, whole or in part; the timer that told it is gone.
RESTORED_BY_HOST = "RestoredByHost"
# Of the changes of earlier runs so many lines are kept; the value must stay far below what one request may carry.
EARLIER_LINES = 60


@dataclass(frozen=True, slots=True)
class History:
    """What earlier runs left on the host of their changes, newest first.

    Attributes:
        boot: mark of the boot at which the newest run was made.
        waits: whether something is left to the next boot.
        opens: ids of the recipes whose endpoints have been opened, or will be by that boot.
        damaged: something is there and cannot be read, or is not ours.
    """

    lines: tuple[str, ...] = ()
    boot: str = ""
    waits: bool = False
    opens: tuple[str, ...] = ()
    damaged: bool = False

    def since(self, boot: str) -> History:
        """Return what still counts in this boot: nothing of what was done before it."""
        return self if self.boot == boot else History(self.lines, damaged=self.damaged)

    def finished(self) -> frozenset[str]:
        """Return the ids of the runs that did all that they set out to do; nothing is known of one that is not here."""
        runs = self._statuses()
        newest = next(iter(runs.values()), [])
        if len(self.lines) - len(newest) >= EARLIER_LINES:
            # The oldest may have lost the lines of what it did not do.
            runs.popitem()
        return frozenset(run for run, statuses in runs.items() if run and set(statuses) == {"done"})

    def unfinished(self) -> frozenset[str]:
        """Return the ids of the runs of which it is known that they did not do all that they set out to do."""
        return frozenset(run for run, statuses in self._statuses().items() if set(statuses) != {"done"})

    def _statuses(self) -> dict[str, list[str]]:
        """Return what became of the changes of each run, the newest run first."""
        runs: dict[str, list[str]] = {}
        run = ""
        for entry in map(_loaded, self.lines):
            run = str(entry.get("run", run))
            runs.setdefault(run, []).append(str(entry.get("status", "done")))
        return runs

    def head(self, run: str, boot: str, *, waits: bool, opens: Sequence[str]) -> dict[str, object]:
        """Return what is said of the run that comes in front."""
        return {"schema_version": SCHEMA, "run": run, "boot": boot, "reboot_required": waits, "opens": list(opens)}

    def with_run(self, changes: Sequence[dict[str, object]]) -> tuple[str, ...]:
        """Return the lines of one more run in front; of earlier runs the newest lines stay."""
        return (*map(line_of, changes), *self.lines[:EARLIER_LINES])


def read_record(reader: Reader, name: str = FORECAST) -> Record | None:
    """Read the record of the last run that changed something, or of the first; None where there is none.

    Raises:
        RecordUnreadable: the value is there and cannot be understood.
    """
    try:
        lines = parts.load(reader, name, known=SCHEMA)
    except parts.Damaged as error:
        raise unreadable(reader.host) from error
    return from_lines(lines, reader.host) if lines else None


def read_history(reader: Reader) -> History:
    """Read what earlier runs left; empty where nothing is there or it is not ours."""
    try:
        # What else is there has to be known as well, so that an unused host is asked but once.
        there = CHANGES in (parts.names_in(reader) or {})
        lines = parts.load(reader, CHANGES, known=SCHEMA) if there else None
        head = json.loads(lines[0]) if lines else {}
        opened = tuple(str(item) for item in head.get("opens") or ())
        return History(lines or (), str(head.get("boot", "")), head.get("reboot_required") is True, opened)
    except (AttributeError, MethodFailed, RecursionError, TypeError, ValueError):
        return History(damaged=True)


def damage() -> str:
    """Say of a history that cannot be read what that means."""
    return (
        f"the list of earlier changes ('{CHANGES}' in HKLM\\{OUR_KEY}) cannot be read: it is not known whether a restart is still due from "
        "an earlier run. The next run that changes something writes it anew; until then it can be deleted"
    )


def read_restored(reader: Reader) -> str | None:
    """Return the last run that the host put back by itself; None where there is none, or the value is not ours."""
    value = read_setting(reader, Setting(OUR_KEY, RESTORED_BY_HOST, RegistryType.SZ))
    return str(value.data) if value is not None and value.type is RegistryType.SZ else None


def _loaded(line: str) -> dict[str, Any]:
    """Read a line of the history; what is not ours says nothing."""
    try:
        entry = json.loads(line)
    except (RecursionError, ValueError):
        return {}
    return entry if isinstance(entry, dict) else {}
