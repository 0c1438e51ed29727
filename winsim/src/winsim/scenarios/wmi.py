# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the WMI rows of a scenario by the table of classes, noting every problem: `wmi: {CLASS: [{PROPERTY: value, ...}, ...]}`.

A row names all keys of its class. Times are written as ISO 8601 texts, or as `{ago: SECONDS}` before the host was first looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from winsim.classes import ROW_CLASSES, RowClass
from winsim.host.model import Ago, RowValue

from .strict import Problems

Rows = dict[str, tuple[Mapping[str, RowValue], ...]]


def rows(plain: object, problems: Problems) -> Rows:
    """Return the rows by class; of several with the same keys the later ones change the first."""
    if not isinstance(plain, dict):
        problems.add("$.wmi", "is no mapping")
        return {}
    read: Rows = {}
    for name, listed in plain.items():
        kinds = [entry for entry in ROW_CLASSES if entry.name == name]
        path = f"$.wmi.{name}"
        if not kinds:
            problems.add(path, f"unknown class; known are {', '.join(sorted({entry.name for entry in ROW_CLASSES}))}")
        elif not isinstance(listed, list):
            problems.add(path, "is no list")
        else:
            made = [_row(kinds, row, f"{path}[{index}]", problems) for index, row in enumerate(listed)]
            read[str(name)] = _merged(kinds[0].keys, made)
    return read


def check_once(plain: object, problems: Problems) -> None:
    """Note rows of one file that have the same keys."""
    for name, listed in plain.items() if isinstance(plain, dict) else ():
        kind = next((entry for entry in ROW_CLASSES if entry.name == name), None)
        if kind is None or not isinstance(listed, list):
            continue
        named = [_identity(kind.keys, row) for row in listed if isinstance(row, dict)]
        for identity in dict.fromkeys(identity for identity in named if named.count(identity) > 1):
            problems.add(f"$.wmi.{name}", f"the row {', '.join(identity)} occurs twice")


def _identity(keys: tuple[str, ...], row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(row.get(key)).lower() for key in keys)


def _merged(keys: tuple[str, ...], read: list[dict[str, RowValue]]) -> tuple[Mapping[str, RowValue], ...]:
    found: dict[tuple[str, ...], dict[str, RowValue]] = {}
    for row in read:
        named = found.setdefault(_identity(keys, row), {})
        named.update(row)
    return tuple(found.values())


def _row(kinds: list[RowClass], plain: object, path: str, problems: Problems) -> dict[str, RowValue]:
    """Read one row; a class that is in two namespaces has the properties of both."""
    if not isinstance(plain, dict):
        problems.add(path, "is no mapping")
        return {}
    known = {name: kind for entry in kinds for name, kind in entry.properties.items()}
    for key in kinds[0].keys:
        # The provider fills in the class's own name.
        if key not in plain and key != "CreationClassName":
            problems.add(f"{path}.{key}", "is missing")
    read: dict[str, RowValue] = {}
    for name, value in plain.items():
        if name not in known:
            problems.add(f"{path}.{name}", f"{kinds[0].name} has no such property")
        else:
            read[str(name)] = _value(known[name], value, f"{path}.{name}", problems)
    return read


def _value(kind: str, plain: object, path: str, problems: Problems) -> RowValue:
    if kind.endswith("[]") and isinstance(plain, list):
        elements = [_scalar(kind[:-2], entry, f"{path}[{index}]", problems) for index, entry in enumerate(plain)]
        return tuple(entry for entry in elements if isinstance(entry, str | int))
    return _scalar(kind, plain, path, problems)


def _scalar(kind: str, plain: object, path: str, problems: Problems) -> RowValue:
    """Return a value of a CIM type; None after a problem."""
    if kind == "string" and isinstance(plain, str):
        return plain
    if kind == "boolean" and isinstance(plain, bool):
        return plain
    if kind.startswith("uint") and isinstance(plain, int) and not isinstance(plain, bool) and 0 <= plain < 1 << int(kind[4:]):
        return plain
    moment = _moment(plain) if kind == "datetime" else None
    if moment is None:
        problems.add(path, f"{plain!r} is no {kind}")
    return moment


def _moment(plain: object) -> datetime | Ago | None:
    if isinstance(plain, dict) and plain.keys() == {"ago"} and isinstance(plain["ago"], int | float):
        return Ago(float(plain["ago"]))
    if not isinstance(plain, str):
        return None
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
