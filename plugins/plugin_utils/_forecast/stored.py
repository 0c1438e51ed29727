# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The forecast as a run stores it: with the run and the boot at which it was made, as the lines of one registry value.

One line of JSON about the run, then one line an endpoint, so that a person at the console can read it with regedit. Where the
value lies on a host, and what lies beside it, is the business of `_undo`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Family, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Forecast, Identity, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryValue

FORECAST = "Forecast"
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
    return RegistryValue.texts((line_of(head), *(line_of(plain_entry(entry)) for entry in record.forecast)))


def line_of(values: dict[str, object]) -> str:
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


def from_lines(lines: Sequence[str], host: str) -> Record:
    """Understand the lines of a record."""
    try:
        head = json.loads(lines[0])
        entries = tuple(_entry(json.loads(line)) for line in lines[1:])
        if head["schema_version"] != SCHEMA or head["endpoints"] != len(entries):
            raise ValueError(f"schema {head['schema_version']} with {len(entries)} of {head['endpoints']} endpoints")
        return Record(str(head["run"]), str(head["boot"]), entries, tuple(str(item) for item in head["opens"]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise unreadable(host) from error


def unreadable(host: str) -> RecordUnreadable:
    return RecordUnreadable(f"the record at HKLM\\{OUR_KEY} on {host} cannot be read; delete its value '{FORECAST}'")


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
