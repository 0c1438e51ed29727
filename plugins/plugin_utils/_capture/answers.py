# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answering reads from what a host has answered: of what was asked, what follows from it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names, same

from .model import Cell, Condition, Error, ErrorKind, Key, KeyGrant, Query, StoredValue, ValueKind

Cells = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Absent:
    """The host has no such value or key."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing that was asked tells."""


@dataclass(frozen=True, slots=True)
class OtherType:
    """The value is there, of another type than was asked for."""

    type: ValueKind


ABSENT, UNKNOWN = Absent(), Unknown()


def rows_for(
    queries: Iterable[Query], wmi_class: str, namespace: str, properties: Sequence[str], where: Condition | None
) -> tuple[Cells, ...] | Error | Unknown:
    """Return the rows that a query would give; the latest answer that covers it counts."""
    fitting = [
        query for query in queries if same(query.wmi_class, wmi_class) and same(query.namespace, namespace) and _tells_of(query, properties)
    ]
    for query in fitting:
        if _covers(query.where, where) or (query.where is None and query.error is not None):
            found = query.error or _matching(query, where)
            if not isinstance(found, Unknown):
                return found
    return UNKNOWN if where is None else _joined(fitting, where)


def rows_said(
    queries: Iterable[Query], wmi_class: str, namespace: str, properties: Sequence[str], where: Condition | None
) -> tuple[Cells, ...] | Error | Unknown:
    """Return the rows that the host itself chose for a condition, or its error; nothing that only follows from them."""
    for query in queries:
        if not (same(query.wmi_class, wmi_class) and same(query.namespace, namespace) and _tells_of(query, properties)):
            continue
        if (query.where is None) is (where is None) and _covers(query.where, where) and (where is None or _covers(where, query.where)):
            return query.error or query.rows
    return UNKNOWN


def _tells_of(query: Query, properties: Sequence[str]) -> bool:
    """Tell whether an answer tells of properties: a fault may be due to any property that was named, if it does not deny the class."""
    if query.error is None or query.error.kind is ErrorKind.ACCESS_DENIED:
        return _has_columns(query, properties)
    return query.whole if not properties else query.whole or Names(query.properties) <= Names(properties)


def _joined(queries: Sequence[Query], where: Condition) -> tuple[Cells, ...] | Unknown:
    """Return the rows of several answers, one for each part of the values."""
    left, found = list(where.values), list[Cells]()
    for query in queries:
        mine = [
            value for value in left if query.error is None and _covers(query.where, Condition(property=where.property, values=(value,)))
        ]
        rows = _matching(query, Condition(property=where.property, values=tuple(mine))) if mine else UNKNOWN
        if not isinstance(rows, Unknown):
            found += rows
            left = [value for value in left if value not in mine]
    return UNKNOWN if left else tuple(found)


def _has_columns(query: Query, properties: Sequence[str]) -> bool:
    """Tell whether an answer shows what is asked for; all properties only where all were asked for."""
    return set(Names(properties)) <= Names(query.properties) if properties else query.whole


def _covers(asked: Condition | None, where: Condition | None) -> bool:
    """Tell whether every row that fits a condition is in the answer to another."""
    if asked is None:
        return True
    return where is not None and same(asked.property, where.property) and _texts(where) <= _texts(asked)


def _texts(where: Condition) -> set[str]:
    return {_text(value) for value in where.values}


def _text(value: object) -> str:
    """Return a value as WQL compares it: text without case; true and false as they come over the wire."""
    return str(value).lower()


def _matching(query: Query, where: Condition | None) -> tuple[Cells, ...] | Unknown:
    """Choose the rows of an answer that fit a condition."""
    if where is None or (query.where is not None and _texts(query.where) == _texts(where)):
        return query.rows
    if where.property not in Names(query.properties):
        return UNKNOWN
    wanted = _texts(where)
    return tuple(row for row in query.rows if _value(row, where.property) in wanted)


def _value(row: Cells, name: str) -> str | None:
    cell = next((cell for key, cell in row.items() if same(key, name)), None)
    return _text(cell) if isinstance(cell, str) else None


class Registry:
    """The keys of a capture; those of a later moment in front."""

    def __init__(self, moments: Iterable[Iterable[Key]]) -> None:
        self._moments = [{key.key.lower(): key for key in keys} for keys in moments]
        there = (name for keys in self._moments for name, key in keys.items() if key.there)
        # What something is below is there.
        self._above = {name[:place] for name in there for place, sign in enumerate(name) if sign == "\\"}

    def _all(self, key: str) -> Iterator[Key]:
        for keys in self._moments:
            if key.lower() in keys:
                yield keys[key.lower()]

    def there(self, key: str) -> bool | None:
        """Tell whether a key exists; None where nothing tells."""
        told = next((entry.there for entry in self._all(key) if entry.there is not None), None)
        if told is not None:
            return told
        return False if self._lies_below_an_absent_key(key) else (True if key.lower() in self._above else None)

    def _lies_below_an_absent_key(self, key: str) -> bool:
        parts = key.split("\\")
        for length in range(1, len(parts)):
            for entry in self._all("\\".join(parts[:length])):
                if entry.there is False or (entry.subkeys is not None and parts[length] not in Names(entry.subkeys)):
                    return True
        return False

    def types_said(self, key: str) -> Mapping[str, ValueKind] | Error | Absent | Unknown:
        """Return names and types of a key's values, or that it is absent, where the host was asked for this very key."""
        asked = any(entry.types is not None or entry.types_error is not None or entry.there is False for entry in self._all(key))
        return self.types(key) if asked else UNKNOWN

    def types(self, key: str) -> Mapping[str, ValueKind] | Error | Absent | Unknown:
        """Return names and types of a key's values."""
        for entry in self._all(key):
            if entry.types is not None or entry.types_error is not None:
                return entry.types if entry.types is not None else entry.types_error or UNKNOWN
        return ABSENT if self.there(key) is False else UNKNOWN

    def subkeys(self, key: str) -> tuple[str, ...] | Error | Absent | Unknown:
        """Return the names of a key's subkeys."""
        for entry in self._all(key):
            if entry.subkeys is not None or entry.subkeys_error is not None:
                return entry.subkeys if entry.subkeys is not None else entry.subkeys_error or UNKNOWN
        return ABSENT if self.there(key) is False else UNKNOWN

    def grants(self, key: str) -> tuple[KeyGrant, ...] | Error | Absent | Unknown:
        """Return what the access list of a key allows."""
        for entry in self._all(key):
            if entry.grants is not None or entry.grants_error is not None:
                return entry.grants if entry.grants is not None else entry.grants_error or UNKNOWN
        return ABSENT if self.there(key) is False else UNKNOWN

    def value_said(self, key: str, name: str, asked: ValueKind) -> StoredValue | Error | Absent | Unknown:
        """Return a value, or that it is absent, where the host was asked for this very value by this type."""
        told = any(name in Names((*entry.values, *entry.absent, *(item.name for item in entry.refused))) for entry in self._all(key))
        found = self.value(key, name, asked) if told else UNKNOWN
        return UNKNOWN if isinstance(found, OtherType) else found

    def value(self, key: str, name: str, asked: ValueKind) -> StoredValue | Error | Absent | Unknown | OtherType:
        """Return a value, by the type that it has."""
        for entry in self._all(key):
            refused = next((item for item in entry.refused if same(item.name, name) and item.asked is asked), None)
            if refused is not None:
                return refused.error
            value = ByName(entry.values).get(name)
            if value is not None:
                return value if value.type is asked else OtherType(value.type)
            if name in Names(entry.absent):
                return ABSENT
            if entry.types is not None and name not in Names(entry.types):
                return ABSENT
        return ABSENT if self.there(key) is False else UNKNOWN
