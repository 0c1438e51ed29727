# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WMI of one host: finds the class, and refuses what it does not have with the fault that Windows sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from winsim.classes import WMI
from winsim.host.machine import Machine
from winsim.seams import Instance, Problem, QueryResult, Value, WmiError

from . import adapters, connections, endpoints, firewall, registry, rows, services, settings, system
from .as_found import refuse, with_found
from .cim import CIMV2, DEFAULT, Arguments, CimClass, Raw
from .wql import parse, value_of

PROVIDERS = (adapters, connections, endpoints, firewall, registry, rows, services, settings, system)
CLASSES: tuple[CimClass, ...] = tuple(entry for provider in PROVIDERS for entry in provider.CLASSES)
ALWAYS_THERE = frozenset({CIMV2, DEFAULT, WMI})
"""Namespaces that every Windows has, whichever of their classes it has."""


class HostWmi:
    """The classes that this simulator has, over one host."""

    def __init__(self, host: Machine) -> None:
        self._host = host
        self._version = host.spec.windows.kernel
        self._classes = tuple(entry for entry in CLASSES if entry.since <= self._version and entry.exists(host.spec))
        self._refused = () if host.spec.found is None else host.spec.found.refused_classes
        self._classes = with_found(host, self._classes, self._instances)

    def enumerate(self, namespace: str, class_name: str) -> Sequence[Instance]:
        """Return all instances of a class and of those derived from it."""
        return self._instances(self._class(namespace, class_name))

    def query(self, namespace: str, wql: str) -> QueryResult:
        """Run one WQL select; a column that the class does not have makes the query invalid."""
        select = parse(wql)
        wanted = None if select.columns is None else (*select.used, *select.columns)
        refuse(self._refused, namespace.replace("\\", "/").lower(), select.class_name, wanted)
        found = self._class(namespace, select.class_name)
        known = {name.lower(): name for name in self._properties(found)}
        for column in (*select.used, *(select.columns or ())):
            if column.lower() not in known:
                raise WmiError(Problem.INVALID_QUERY, f"{found.name} has no {column}")
        if any(known[column.lower()] in found.arrays for column in select.used):
            raise WmiError(Problem.INVALID_QUERY, "an array cannot be compared")
        projection = None if select.columns is None else tuple(known[column.lower()] for column in select.columns)
        return QueryResult(select.rows(self._instances(found)), projection)

    def get(self, namespace: str, class_name: str, keys: Mapping[str, str]) -> Instance:
        """Return the one instance that these keys name; a singleton takes none."""
        return self._get(self._class(namespace, class_name), keys)

    def invoke(self, namespace: str, class_name: str, keys: Mapping[str, str], method: str, arguments: Raw) -> Mapping[str, Value]:
        """Call a method."""
        found = self._class(namespace, class_name, method)
        name, called = next(((name, entry) for name, entry in found.methods.items() if name.lower() == method.lower()), (method, None))
        if called is None:
            raise WmiError(Problem.INVALID_METHOD, f"{found.name}.{name}")
        instance = None if called.static else self._get(found, keys)
        result = called.call(self._host, instance, Arguments(arguments, called.parameters))
        return {key: value for key, value in result.items() if not (isinstance(value, list) and not value)}

    def _class(self, namespace: str, class_name: str, method: str | None = None) -> CimClass:
        self._host.time.advance()
        wanted = namespace.replace("\\", "/").lower()
        refuse(self._refused, wanted, class_name)
        if wanted not in {*ALWAYS_THERE, *(entry.namespace for entry in self._classes)}:
            raise WmiError(Problem.INVALID_NAMESPACE, namespace)
        found = next((entry for entry in self._classes if entry.namespace == wanted and entry.name.lower() == class_name.lower()), None)
        if found is None:
            raise WmiError(Problem.INVALID_CLASS, class_name)
        for fault in self._host.faults.of("method_denied"):
            refused = fault.settings.get("method")
            if fault.says(**{"class": found.name}) and (refused is None or (method or "").lower() == str(refused).lower()):
                raise WmiError(Problem.ACCESS_DENIED, f"{found.name}.{method}" if method else found.name)
        return found

    def _instances(self, found: CimClass) -> list[Instance]:
        family = [entry for entry in self._classes if entry is found or (entry.parent == found.name and entry.namespace == found.namespace)]
        return [self._as_here(instance, entry) for entry in family for instance in entry.instances(self._host)]

    def _properties(self, found: CimClass) -> tuple[str, ...]:
        """Return the names of the properties that this Windows has already."""
        absent = self._host.spec.windows.absent.get(found.name, ())
        return tuple(name for name in found.properties if name not in absent and found.later.get(name, self._version) <= self._version)

    def _as_here(self, instance: Instance, found: CimClass) -> Instance:
        return replace(instance, properties={name: instance.properties[name] for name in self._properties(found)})

    def _get(self, found: CimClass, keys: Mapping[str, str]) -> Instance:
        wanted = {name.lower(): value.lower() for name, value in keys.items() if name.lower() != "__cimnamespace"}
        known = {name.lower() for name in found.keys}
        if not wanted.keys() <= known:
            raise WmiError(Problem.UNKNOWN_KEYS, ", ".join(sorted(wanted.keys() - known)))
        if not wanted and not found.singleton:
            raise WmiError(Problem.MISSING_KEYS, ", ".join(found.keys))
        if wanted.keys() != known and not found.singleton:
            raise WmiError(Problem.MISSING_KEYS, ", ".join(sorted(known - wanted.keys())))
        for instance in self._instances(found):
            if all(_text(value_of(instance, name)) == value for name, value in wanted.items()):
                return instance
        raise WmiError(Problem.NOT_FOUND, f"{found.name} {dict(keys)}")


def _text(value: Value) -> str:
    return str(value).lower()
