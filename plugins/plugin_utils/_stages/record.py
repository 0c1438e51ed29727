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

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Family, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed, NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Forecast, Identity, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue

from .settings import TYPE_MISMATCH

KEY = r"SOFTWARE\netmin.windows"
FORECAST = "Forecast"
CHANGES = "Changes"
# The forecast of the first run of all, which names every endpoint that the host had before we changed anything.
FIRST = "FirstForecast"
# The last run that the host put back by itself, whole or in part; the timer that told it is gone.
RESTORED_BY_HOST = "RestoredByHost"
# Of the changes of earlier runs so many lines are kept; the value must stay far below what one request may carry.
EARLIER_LINES = 60
SCHEMA = 1


class RecordUnreadable(NetminError):
    """The record on the host is not ours, or is damaged."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was expected, and when.

    Attributes:
        run: id of the run that made it.
        boot: mark of the boot at which it was made.
        opens: ids of the recipes whose endpoints the plan opens.
    """

    run: str
    boot: str
    forecast: tuple[Forecast, ...]
    opens: tuple[str, ...] = ()


def to_value(record: Record) -> RegistryValue:
    """Write a record as a registry value."""
    head: dict[str, object] = {"schema_version": SCHEMA, "run": record.run, "boot": record.boot, "endpoints": len(record.forecast)}
    head["opens"] = list(record.opens)
    return RegistryValue.texts((_line(head), *(_line(plain_entry(entry)) for entry in record.forecast)))


def _line(values: dict[str, object]) -> str:
    # Newlines inside JSON text are escaped, so that an entry stays one string of the list.
    return json.dumps(values, ensure_ascii=True, separators=(", ", ": "))


def plain_entry(entry: Forecast) -> dict[str, object]:
    """Show a forecast as plain values."""
    row = entry.endpoint
    return {
        "protocol": str(row.protocol),
        "address": row.address,
        "port": row.port,
        "pid": row.pid,
        "family": str(row.family),
        "scope": str(row.scope),
        "dynamic": entry.identity.port is None,
        "owner": entry.owner,
        "owners": list(entry.identity.owners),
        "recipe": entry.recipe,
        "now": str(entry.now),
        "boot": str(entry.boot),
        "outlook": str(entry.outlook),
        "why": entry.why,
    }


def read_record(reader: Reader, name: str = FORECAST) -> Record | None:
    """Read the record of the last run that changed something, or of the first; None where there is none.

    Raises:
        RecordUnreadable: the value is there and cannot be understood.
    """
    try:
        value = reader.value(KEY, name, RegistryType.MULTI_SZ)
    except MethodFailed as error:
        if error.return_value != TYPE_MISMATCH:
            raise
        raise _unreadable(reader.host) from error
    if value is None or not isinstance(value.data, tuple) or not value.data:
        return None
    return from_lines(value.data, reader.host)


def from_lines(lines: Sequence[str], host: str) -> Record:
    """Understand the lines of a record."""
    try:
        head = json.loads(lines[0])
        entries = tuple(_entry(json.loads(line)) for line in lines[1:])
        if head["schema_version"] != SCHEMA or head["endpoints"] != len(entries):
            raise ValueError(f"schema {head['schema_version']} with {len(entries)} of {head['endpoints']} endpoints")
        return Record(str(head["run"]), str(head["boot"]), entries, tuple(str(item) for item in head["opens"]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise _unreadable(host) from error


@dataclass(frozen=True, slots=True)
class History:
    """What earlier runs left on the host of their changes, newest first.

    Attributes:
        boot: mark of the boot at which the newest run was made.
        waits: whether something is left to the next boot.
        opens: ids of the recipes whose endpoints have been opened, or will be by that boot.
    """

    lines: tuple[str, ...] = ()
    boot: str = ""
    waits: bool = False
    opens: tuple[str, ...] = ()

    def since(self, boot: str) -> History:
        """Return what still counts in this boot: nothing of what was done before it."""
        return self if self.boot == boot else History(self.lines)

    def finished(self) -> frozenset[str]:
        """Return the ids of the runs that did all that they set out to do; nothing is known of one that is not here."""
        runs: dict[str, list[str]] = {}
        run = ""
        for entry in map(_loaded, self.lines):
            run = str(entry.get("run", run))
            runs.setdefault(run, []).append(str(entry.get("status", "done")))
        newest = next(iter(runs.values()), [])
        if len(self.lines) - len(newest) >= EARLIER_LINES:
            # The oldest may have lost the lines of what it did not do.
            runs.pop(run)
        return frozenset(run for run, statuses in runs.items() if run and set(statuses) == {"done"})

    def with_run(self, run: str, boot: str, changes: Sequence[dict[str, object]], *, waits: bool, opens: Sequence[str]) -> RegistryValue:
        """Return the value that puts one more run in front; of earlier runs the newest lines stay."""
        head: dict[str, object] = {"schema_version": SCHEMA, "run": run, "boot": boot, "reboot_required": waits, "opens": list(opens)}
        lines = (_line(head), *(_line(change) for change in changes), *self.lines[:EARLIER_LINES])
        return RegistryValue.texts(lines)


def read_history(reader: Reader) -> History:
    """Read what earlier runs left; empty where nothing is there or it is not ours."""
    try:
        # What else is there has to be known as well, so that an unused host is asked but once.
        there = CHANGES in (reader.value_types(KEY) or {})
        value = reader.value(KEY, CHANGES, RegistryType.MULTI_SZ) if there else None
        lines = value.data if value is not None and isinstance(value.data, tuple) else ()
        head = json.loads(lines[0]) if lines else {}
        opened = tuple(str(item) for item in head.get("opens") or ())
        return History(lines, str(head.get("boot", "")), head.get("reboot_required") is True, opened)
    except (AttributeError, MethodFailed, RecursionError, TypeError, ValueError):
        return History()


def read_restored(reader: Reader) -> str | None:
    """Return the last run that the host put back by itself; None where there is none, or the value is not ours."""
    try:
        value = reader.value(KEY, RESTORED_BY_HOST, RegistryType.SZ)
    except MethodFailed as error:
        if error.return_value != TYPE_MISMATCH:
            raise
        return None
    return None if value is None else str(value.data)


def _unreadable(host: str) -> RecordUnreadable:
    return RecordUnreadable(f"the record at HKLM\\{KEY} on {host} cannot be read; delete its value '{FORECAST}'")


def _loaded(line: str) -> dict[str, Any]:
    """Read a line of the history; what is not ours says nothing."""
    try:
        entry = json.loads(line)
    except (RecursionError, ValueError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _is_number(value: object) -> bool:
    """Tell whether JSON had a whole number there: `true` is an int to Python."""
    return isinstance(value, int) and not isinstance(value, bool)


def _entry(values: dict[str, Any]) -> Forecast:
    port, pid, owners, recipe = values["port"], values["pid"], values["owners"], values["recipe"]
    if not _is_number(port) or not isinstance(owners, list):
        raise TypeError("port and owners")
    row = Endpoint(Protocol(values["protocol"]), str(values["address"]), port, pid if _is_number(pid) and 0 <= pid < 2**32 else None)
    if not 0 <= port <= 65535 or (row.family, row.scope) != (values["family"], values["scope"]):
        raise ValueError("an address and port that do not fit the rest")
    identity = Identity(
        row.protocol,
        Family(values["family"]),
        Scope(values["scope"]),
        None if values["dynamic"] else port,
        tuple(str(owner) for owner in owners) if values["dynamic"] else (),
    )
    return Forecast(
        endpoint=row,
        identity=identity,
        owner=str(values["owner"]),
        recipe=None if recipe is None else str(recipe),
        now=Expectation(values["now"]),
        boot=Expectation(values["boot"]),
        outlook=Outlook(values["outlook"]),
        why=str(values["why"]),
    )
