# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A capture without what differs by nature between two captures of one host, or between a host and its twin.

`BY_NATURE` is the list of that; whatever is not on it has to be equal. `test_twin.py` compares each simulated host with its twin by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.answers import Registry
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import (
    Capture,
    Command,
    Error,
    Moment,
    Query,
    StoredValue,
    ValueKind,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY
from ansible_collections.netmin.windows.plugins.plugin_utils._host import netstat
from ansible_collections.netmin.windows.plugins.plugin_utils._host.dynamic_ports import FIRST_USER_PORT, MAX_USER_PORT, NUMBER, START

BY_NATURE: Mapping[str, str] = {
    "which capture": "the inventory name, and when it was made",
    "times": "when the host was started, what time it is there, and when processes were created",
    "process ids": "a process counts by its program; one that is gone counts as gone",
    "dynamic ports": "a number from the range that the system hands out counts as handed out",
    "sign-ins": "what the names of per-user services end with (LUIDs)",
    "our own session": "connections to a port of WinRM: whoever takes a capture has one",
    "the endpoint map": "it is asked past WinRM, where a task wants it, and its ports and local names are those of a boot",
    "order": "of rows, keys, names and values, none of which Windows promises",
    "wording": "of an error counts what it is and its numbers; of netstat what it lists, and neither columns nor the words for states",
}
"""What is left out or counts as alike, and why."""

VISTA = 6
# KB 832017 and KB 196271: from Vista on, and before.
RANGES = ((49152, 65535), (1025, 5000))
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+(?:Z|[+-]\d\d:\d\d)?")
_INSTANCE = re.compile(r"(.+)_([0-9a-f]{4,8})")
PIDS = ("ProcessId", "OwningProcess", "Handle", "ParentProcessId")


def canonical(capture: Capture) -> dict[str, Any]:
    """Return a capture in its plain form, without what differs by nature; two that are alike are equal."""
    given = _Canonical(capture)
    return {
        "schema_version": capture.schema_version,
        "windows": plain(capture.windows),
        "services": capture.services.value,
        "anonymized": capture.anonymized,
        "moments": [given.moment(moment) for moment in capture.moments],
    }


class _Canonical:
    """Makes the parts of one capture canonical."""

    def __init__(self, capture: Capture) -> None:
        moments = capture.moments
        self._programs: dict[str, str] = {}
        for query in _rows_of(moments, "Win32_Process"):
            for row in map(ByName, query.rows):
                if isinstance(pid := row.get("ProcessId"), str):
                    self._programs[pid] = str(row.get("Name"))
        self._ranges = _ranges(capture)
        listeners = [row for moment in moments if moment.listeners is not None for row in moment.listeners.rows]
        self._own = {str(row.port) for row in listeners if row.enabled}
        self._luids = _luids(moments)
        self._later = re.compile(rf"_(?:{'|'.join(sorted(self._luids))})(?![0-9A-Za-z_])") if self._luids else None

    def moment(self, moment: Moment) -> dict[str, Any]:
        """Return one moment."""
        return {
            "queries": _sorted(self._query(query) for query in moment.queries),
            "keys": {self._text(key.key).lower(): self._key(plain(key)) for key in moment.keys},
            "commands": _sorted(self._command(command) for command in moment.commands),
            "listeners": None if moment.listeners is None else _sorted(plain(moment.listeners.rows)),
            "listeners_error": None if moment.listeners is None else _error(moment.listeners.error),
            "shell": None if moment.shell is None else [_error(moment.shell.error)],
        }

    # Rows

    def _query(self, query: Query) -> dict[str, Any]:
        rows = [self._row(row) for row in map(ByName, query.rows) if not self._is_ours(row)]
        return {
            "class": query.wmi_class.lower(),
            "namespace": query.namespace.lower(),
            "properties": sorted(name.lower() for name in query.properties),
            "whole": query.whole,
            "where": None if query.where is None else [query.where.property.lower(), sorted(map(str, query.where.values))],
            "rows": _sorted(rows),
            "error": _error(query.error),
        }

    def _is_ours(self, row: ByName[Any]) -> bool:
        return row.get("LocalPort") in self._own and row.get("RemotePort") not in (None, "0")

    def _row(self, row: ByName[Any]) -> dict[str, Any]:
        return {name.lower(): self._cell(name, cell) for name, cell in row.items()}

    def _cell(self, name: str, cell: Any) -> Any:
        if any(same(name, pid) for pid in PIDS):
            return self._program(str(cell))
        if same(name, "LocalPort"):
            return self._port(str(cell))
        if isinstance(cell, str):
            return "a time" if _TIME.fullmatch(cell) else self._text(cell)
        if isinstance(cell, tuple):
            # A list of one element and that element look alike on the wire.
            return [self._text(item) for item in cell] if len(cell) > 1 else self._text(cell[0]) if cell else None
        return {"class": cell.class_name.lower(), "keys": {key.lower(): self._text(text) for key, text in cell.keys.items()}}

    def _program(self, pid: str) -> str:
        return "none" if pid == "0" else self._programs.get(pid, "gone").lower()

    def _port(self, port: str) -> str:
        return "handed out" if port.isdecimal() and any(int(port) in numbers for numbers in self._ranges) else port

    def _text(self, text: str) -> str:
        return text if self._later is None else self._later.sub("_LUID", text)

    # Keys

    def _key(self, node: Any) -> Any:
        """Return what is known of a key, its names in lower case and its lists in order."""
        found: dict[str, Any] = {"there": node.get("there")}
        for part in ("types", "values"):
            found[part] = None if part not in node else {name.lower(): item for name, item in node[part].items()}
        for part in ("subkeys", "absent"):
            found[part] = None if part not in node else sorted(self._text(name).lower() for name in node[part])
        for part in ("types_error", "subkeys_error", "grants_error"):
            found[part] = _plain_error(node.get(part))
        found["refused"] = _sorted([item["name"].lower(), item["asked"], _plain_error(item["error"])] for item in node.get("refused", ()))
        found["grants"] = None if "grants" not in node else _sorted(node["grants"])
        return found

    # Commands

    def _command(self, command: Command) -> dict[str, Any]:
        wrote = _sorted(command.stdout.split("\n")) if command.arguments[:1] != ("netstat",) else self._listing(command)
        return {"arguments": list(command.arguments), "wrote": wrote, "exit_code": command.exit_code, "error": _error(command.error)}

    def _listing(self, command: Command) -> list[Any]:
        found = netstat.parse(command.stdout, with_pid=any("o" in word for word in command.arguments[1:]))
        endpoints = [[row.protocol.value, row.address, self._port(str(row.port)), self._owner(row.pid)] for row in found.endpoints]
        connections = [
            ["connection", row.local_address, self._port(str(row.local_port)), row.remote_address, row.remote_port, self._owner(row.pid)]
            for row in found.connections
            if str(row.local_port) not in self._own
        ]
        return _sorted((*endpoints, *connections))

    def _owner(self, pid: int | None) -> str:
        return "not shown" if pid is None else self._program(str(pid))


def _rows_of(moments: Iterable[Moment], wmi_class: str) -> Iterable[Query]:
    return (query for moment in moments for query in moment.queries if same(query.wmi_class, wmi_class) and query.error is None)


def _ranges(capture: Capture) -> tuple[range, ...]:
    """Return the ports that the host hands out, as far as the capture says so."""
    said = [
        range(int(first), int(first) + int(count))
        for query in _rows_of(capture.moments, "MSFT_NetTCPSetting")
        for row in map(ByName, query.rows)
        if isinstance(first := row.get(START), str) and isinstance(count := row.get(NUMBER), str) and (first + count).isdecimal()
    ]
    major = capture.windows.version.partition(".")[0]
    low, high = RANGES[0] if major.isdecimal() and int(major) >= VISTA else RANGES[1]
    value = Registry(moment.keys for moment in capture.moments).value(MAX_USER_PORT.key, MAX_USER_PORT.name, ValueKind.DWORD)
    if isinstance(value, StoredValue) and isinstance(value.data, int) and low == FIRST_USER_PORT:
        high = value.data
    return tuple(said) or (range(low, high + 1),)


def _luids(moments: Iterable[Moment]) -> set[str]:
    """Return what the names of per-user services end with: where there is a service of the name without it."""
    moments = tuple(moments)
    lists = (key.subkeys for moment in moments for key in moment.keys if same(key.key, SERVICES_KEY))
    keys = {name.lower() for names in lists for name in names or ()}
    found = (_INSTANCE.fullmatch(str(ByName(row).get("Name"))) for query in _rows_of(moments, "Win32_Service") for row in query.rows)
    return {match[2] for match in found if match is not None and match[1].lower() in keys}


def _error(error: Error | None) -> Any:
    return None if error is None else _plain_error(plain(error))


def _plain_error(node: Any) -> Any:
    return None if node is None else [node["kind"], node.get("code"), node.get("subcode", ""), node.get("return_value")]


def _sorted(items: Iterable[Any]) -> list[Any]:
    """Return things in an order that does not depend on where they stood."""
    return sorted(items, key=repr)
