# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The forecast as a run stores it: with the run and the boot at which it was made, as the lines of one registry value.

One line of JSON about the run, then one line an endpoint, so that a person at the console can read it with regedit. Where the
value lies on a host, and what lies beside it, is the business of `_undo`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import (
    Expectation,
    Forecast,
    Identity,
    Outlook,
    condensed,
    each,
    grouped,
    ports_from,
    ports_text,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY

FORECAST = "Forecast"
# No host has more endpoints than there are ports of both protocols, on all of its addresses.
MOST = 10_000_000
# A process may hold every port of both protocols in both families.
MOST_PORTS = 4 * 65_536
# 1: one line an endpoint, without the owner of a fixed port. 2: one line for all that differ only in address and number.
SCHEMA, SCHEMAS = 2, (1, 2)


class RecordUnreadable(NetminError):
    """The record on the host is not ours, is damaged, or was written by a newer version of this collection."""


class Purpose(StrEnum):
    """What the run was for whose forecast is stored; a proof is told in these words."""

    MINIMIZE = "minimize"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Record:
    """What was expected, and when.

    Attributes:
        run: id of the run that made it.
        boot: mark of the boot at which it was made.
        forecast: one entry for all endpoints that differ only in address and number.
        opens: ids of the recipes whose endpoints the plan opens.
        purpose: what the run was for.
    """

    run: str
    boot: str
    forecast: tuple[Forecast, ...]
    opens: tuple[str, ...] = ()
    purpose: Purpose = Purpose.MINIMIZE

    @classmethod
    def of(
        cls, run: str, boot: str, entries: Iterable[Forecast], opens: tuple[str, ...] = (), purpose: Purpose = Purpose.MINIMIZE
    ) -> Record:
        """Make the record of a run from the forecast of each endpoint."""
        return cls(run, boot, grouped(entries), opens, purpose)


def head_of(record: Record) -> dict[str, object]:
    """Return what is said of the run."""
    said: dict[str, object] = {"schema_version": SCHEMA, "run": record.run, "purpose": str(record.purpose), "boot": record.boot}
    return {**said, "endpoints": len(condensed(record.forecast)), "opens": list(record.opens)}


def lines_of(record: Record) -> tuple[str, ...]:
    """Return one line for each entry of the forecast, and one for many that differ in nothing but a fixed port."""
    entries = condensed(record.forecast)
    return tuple(line_of({**plain_entry(entry), **_more(entry)}) for entry in entries)


def _more(entry: Forecast) -> dict[str, object]:
    """Return what a line has beside what is shown: further endpoints, and who could own it before the endpoint map told whose it is."""
    others = {"others": [[row.address, row.port] for row in entry.others]} if entry.others else {}
    apart = entry.identity.port is None and entry.owners is not None and set(entry.owners) != set(entry.identity.owners)
    return {**others, **({"candidates": list(entry.identity.owners)} if apart else {})}


def line_of(values: dict[str, object]) -> str:
    """Write values as one line; newlines inside JSON text are escaped, so that an entry stays one string of a list."""
    return json.dumps(values, ensure_ascii=True, separators=(", ", ": "))


def plain_entry(entry: Forecast) -> dict[str, object]:
    """Show a forecast as plain values."""
    row = entry.endpoint
    owners = entry.identity.owners if entry.owners is None else entry.owners
    return {
        "protocol": str(row.protocol),
        "address": row.address,
        "port": row.port,
        "pid": row.pid,
        "family": str(row.family),
        "scope": str(row.scope),
        "dynamic": entry.identity.port is None,
        "owner": entry.owner,
        "owners": list(owners),
        "recipe": entry.recipe,
        "now": str(entry.now),
        "boot": str(entry.boot),
        "outlook": str(entry.outlook),
        "why": entry.why,
        "count": entry.count,
        "ports": ports_text(entry.ports) or None,
    }


def from_lines(lines: Sequence[str], host: str) -> Record:
    """Understand the lines of a record.

    Raises:
        RecordUnreadable: they are not ours, are damaged, or were written by a newer version.
    """
    try:
        head = json.loads(lines[0])
        schema = head["schema_version"]
        if _is_number(schema) and schema > SCHEMA:
            raise newer(host, schema)
        listed = tuple(_entry(json.loads(line), schema) for line in lines[1:])
        if not _is_number(schema) or schema not in SCHEMAS or head["endpoints"] != len(listed):
            raise ValueError(f"schema {schema} with {len(listed)} of {head['endpoints']} endpoints")
        if sum(len(entry.ports) for entry in listed) > MOST_PORTS:
            raise ValueError("more ports than there are")
        entries = tuple(one for entry in listed for one in (each(entry) if entry.ports else (entry,)))
        opens, purpose = tuple(str(item) for item in head["opens"]), Purpose(head.get("purpose", Purpose.MINIMIZE))
        return Record(str(head["run"]), str(head["boot"]), entries, opens, purpose)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise unreadable(host) from error


def unreadable(host: str) -> RecordUnreadable:
    """Say that a record is damaged, and what to do."""
    return RecordUnreadable(f"the record at HKLM\\{OUR_KEY} on {host} cannot be read; delete its value '{FORECAST}'")


def newer(host: str, schema: int) -> RecordUnreadable:
    """Say that a record is of a later release; it is not damaged, and not to be deleted."""
    told = f"the record at HKLM\\{OUR_KEY} on {host} was written by a newer version of netmin.windows (schema {schema}, known is {SCHEMA})"
    return RecordUnreadable(f"{told}; update the collection on this controller")


def _is_number(value: object) -> bool:
    """Tell whether JSON had a whole number there: `true` is an int to Python."""
    return isinstance(value, int) and not isinstance(value, bool)


def _entry(values: dict[str, Any], schema: int) -> Forecast:
    port, pid, owners, recipe = values["port"], values["pid"], values["owners"], values["recipe"]
    if not _is_number(port) or not isinstance(owners, list):
        raise TypeError("port and owners")
    process = pid if _is_number(pid) and 0 <= pid < 2**32 else None
    row = _row(values["protocol"], values["address"], port, process)
    if (row.family, row.scope) != (values["family"], values["scope"]):
        raise ValueError("an address that does not fit the rest")
    listed = [_row(values["protocol"], address, number, process) for address, number in values.get("others", ())]
    count, ports = values.get("count", 1), ports_from(values["ports"]) if values.get("ports") else ()
    single = count // len(ports) if ports else count
    if not _is_number(count) or not len(listed) < single <= MOST or (listed and len(listed) != single - 1):
        raise ValueError(f"{len(listed)} others of {count}")
    names, dynamic = tuple(str(owner) for owner in owners), bool(values["dynamic"])
    if ports and (dynamic or ports[0] != port or single * len(ports) != count):
        raise ValueError("ports that do not fit the rest")
    candidates = values.get("candidates", owners)
    if not isinstance(candidates, list) or not set(owners) <= set(candidates):
        raise TypeError("candidates")
    possible = tuple(str(owner) for owner in candidates)
    identity = Identity(row.protocol, row.family, row.scope, None if dynamic else port, possible if dynamic else ())
    return Forecast(
        endpoint=row,
        identity=identity,
        owner=str(values["owner"]),
        recipe=None if recipe is None else str(recipe),
        now=Expectation(values["now"]),
        boot=Expectation(values["boot"]),
        outlook=Outlook(values["outlook"]),
        why=str(values["why"]),
        # Of a fixed port schema 1 does not say who owned it.
        owners=names if dynamic or schema > 1 else None,
        count=count,
        others=tuple(listed),
        ports=ports,
    )


def _row(protocol: Any, address: Any, port: Any, pid: int | None) -> Endpoint:
    row = Endpoint(Protocol(protocol), str(address), port, pid)
    if not _is_number(port) or not 0 <= port <= 65535 or not row.family:
        raise ValueError("an endpoint that is not valid")
    return row
