# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Classes of a host that was captured: rows that nothing here gives, and refusals.

Where the simulator shows by itself what was found, its own class stays: it goes on with the host's state. Any other class shows what was
found as long as the service that serves it runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from winsim.classes import ROW_CLASSES, RowClass
from winsim.host.found import FoundClass, RefusedClass
from winsim.host.machine import Machine
from winsim.seams import Instance, Problem, Scalar, Value, WmiError

from .cim import CimClass

Cells = Mapping[str, str | tuple[str, ...]]
NO_CLASS = frozenset({0x80338000, 0x8033801A})
"""How a class that is not there is answered, by its name and in a query (recorded answers)."""


def refuse(refused: Sequence[RefusedClass], namespace: str, class_name: str, columns: Iterable[str] | None = None) -> None:
    """Refuse again what was refused: a class, or these columns of it; None for all of them.

    Raises:
        WmiError: it was.
    """
    asked = None if columns is None else {column.lower() for column in columns}
    for entry in refused:
        same = (entry.namespace, entry.name.lower()) == (namespace, class_name.lower())
        if same and (not entry.properties or (asked is not None and entry.properties <= asked)):
            refusal = entry.refusal
            problem = Problem.INVALID_CLASS if refusal.code in NO_CLASS else Problem.FAILED
            code = None if refusal.code in NO_CLASS else refusal.code
            raise WmiError(problem, entry.name, code=code, subcode=refusal.subcode)


def with_found(host: Machine, classes: Sequence[CimClass], instances: Callable[[CimClass], Sequence[Instance]]) -> tuple[CimClass, ...]:
    """Return the classes of a host, with those in their places that show what was found."""
    found = () if host.spec.found is None else host.spec.found.classes
    by_place = {(entry.namespace, entry.name.lower()): entry for entry in classes}
    for entry in found:
        place = (entry.namespace, entry.name.lower())
        known = by_place.get(place)
        if known is None or not _shows(known, instances, entry):
            by_place[place] = _class(entry, known)
    return tuple(by_place.values())


def _shows(known: CimClass, instances: Callable[[CimClass], Sequence[Instance]], entry: FoundClass) -> bool:
    """Tell whether a class shows the rows that were found, times apart."""
    try:
        shown = list(instances(known))
    except WmiError:
        return False
    lower = {name.lower(): name for name in known.properties}
    if any(name.lower() not in lower for name in entry.properties):
        return False
    columns = [lower[name.lower()] for name in entry.properties]
    times = {name for name in columns if any(isinstance(row.properties.get(name), datetime) for row in shown)}
    mine = Counter(tuple(_text(row.properties.get(name)) for name in columns if name not in times) for row in shown)
    theirs = Counter(tuple(_cell(row.get(name.lower())) for name in columns if name not in times) for row in entry.rows)
    return mine == theirs


def _text(value: Value) -> tuple[str, ...]:
    """Return a value as the wire shows it: a list of one element as that element, an empty one as null."""
    if isinstance(value, list):
        return tuple(text for item in value for text in _text(item))
    if value is None:
        return ()
    return (str(value).lower() if isinstance(value, bool) else str(value),)


def _cell(cell: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return () if cell is None else (cell,) if isinstance(cell, str) else cell


def _class(entry: FoundClass, known: CimClass | None) -> CimClass:
    row_class = next((row for row in ROW_CLASSES if (row.namespace, row.name.lower()) == (entry.namespace, entry.name.lower())), None)
    types = {} if row_class is None else {name.lower(): kind for name, kind in row_class.properties.items()}
    properties = dict.fromkeys((*(() if known is None else known.properties), *entry.properties))
    names = tuple({name.lower(): name for name in reversed(properties)}.values())
    arrays = frozenset(name for name in names if any(isinstance(row.get(name.lower()), tuple) for row in entry.rows))

    def rows(host: Machine) -> Iterable[Instance]:
        if not _is_served(row_class, host):
            return []
        return [made.instance({name: _value(types.get(name.lower(), ""), row.get(name.lower())) for name in names}) for row in entry.rows]

    keys = known.keys if known is not None else ()
    base = known or CimClass(entry.name, entry.namespace, keys, names)
    made = replace(base, properties=names, arrays=base.arrays | arrays, later={}, since=(5, 0), instances=rows)
    return made


def _is_served(row_class: RowClass | None, host: Machine) -> bool:
    """Tell whether the service that serves a class runs, if one has to: one that did not run when rows were found is not the one."""
    served_by = None if row_class is None else row_class.served_by
    found = None if served_by is None or host.spec.found is None else host.spec.found.services.get(served_by.lower())
    service = None if served_by is None else host.services.find(served_by)
    if service is None or found is None:
        return True
    ran = found.state.value != "stopped"
    return service.running or not ran


def _value(kind: str, cell: str | tuple[str, ...] | None) -> Value:
    """Return a cell by the type of its property, where that is known: a query compares by it."""
    if isinstance(cell, tuple):
        return [_scalar(kind.removesuffix("[]"), item) for item in cell]
    return None if cell is None else _scalar(kind.removesuffix("[]"), cell)


def _scalar(kind: str, text: str) -> Scalar:
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind.startswith("uint") and text.isascii() and text.isdecimal() and len(text) <= 20:
        return int(text)
    if kind == "datetime":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return text
    return text
