# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put a scenario file over those that it is made of, and give services and ports other names; plain data in, plain data out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard, TypeVar

from winsim.limits import HIGHEST_PORT

from .strict import Problems

Value = TypeVar("Value")

NAMED = {"processes": "id", "services": "name", "drivers": "name", "adapters": "name", "accounts": "user", "listeners": "port"}
"""Lists whose rows are told apart by a key, whatever its case; a row of the extending file changes the row of the same name."""

ROWS = {**NAMED, "rules": "name"}
"""The same, with lists that lie deeper."""

SERVICE_KEYS = {"name", "owner", "service", "driver", "depends", "dhcp_client"}
PORT_KEYS = {"port", "names", "datagrams", "sessions", "raw_smb", "local_port"}


STRUCTURE = ("extends", "parts", "without")
"""Keys that say how files are put together and are no content."""

TEXTS = ("sources", "from_memory")
"""Lists that several files share lines of."""

TAKEN_BY = {**NAMED, "sockets": "owner", "rpc_servers": "owner"}
"""Lists that `without` takes rows of, and what it names them by."""


def merge(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """Return the base with the other file's content put over it."""
    merged = {key: value for key, value in base.items() if key not in STRUCTURE}
    for key, value in over.items():
        if key in STRUCTURE:
            continue
        merged[key] = _merged(key, merged.get(key), value)
    for key in TEXTS:
        lines = merged.get(key)
        if isinstance(lines, list):
            merged[key] = list(dict.fromkeys(map(str, lines)))
    return merged


def without(document: Mapping[str, object], away: object, problems: Problems) -> dict[str, object]:
    """Return a document without the rows that `away` names; a row that is not there is a problem.

    Rows are named by what tells them apart; RPC servers by their owner, sockets by owner and port (of both protocols, or of one).
    """
    if not isinstance(away, Mapping):
        problems.add("$.without", "is no mapping")
        return dict(document)
    left = dict(document)
    for key, wanted in away.items():
        path = f"$.without.{key}"
        if key not in TAKEN_BY:
            problems.add(path, f"unknown key; known are {', '.join(sorted(TAKEN_BY))}")
        elif not isinstance(wanted, list):
            problems.add(path, "is no list")
        else:
            left[key] = _taken(key, left.get(key), wanted, path, problems)
    return left


def _taken(key: str, rows: object, wanted: list[object], path: str, problems: Problems) -> list[object]:
    """Return the rows that no entry names."""
    left = list(rows) if isinstance(rows, list) else []
    for index, entry in enumerate(wanted):
        name = _plain_name(key, entry)
        if name is None:
            problems.add(f"{path}[{index}]", "is no mapping of owner, port and perhaps protocol" if key == "sockets" else "is no name")
            continue
        kept = [
            row for row in left if not (isinstance(row, Mapping) and all(_folded(row.get(part)) == _folded(name[part]) for part in name))
        ]
        if len(kept) == len(left):
            problems.add(f"{path}[{index}]", f"there is no row {'/'.join(map(str, name.values()))} to take away")
        left = kept
    return left


def _plain_name(key: str, entry: object) -> Mapping[str, object] | None:
    """Return the keys and values that a row must have to be taken away; None where the entry says no such thing."""
    if key != "sockets":
        return {TAKEN_BY[key]: entry} if isinstance(entry, str | int) else None
    fits = isinstance(entry, Mapping) and {"owner", "port"} <= entry.keys() <= {"owner", "port", "protocol"}
    return entry if fits and isinstance(entry, Mapping) else None


def _folded(value: object) -> str:
    return str(value).lower()


def check_once(document: Mapping[str, object], problems: Problems) -> None:
    """Note what one file says twice: rows of the same name in a list, keys and values of the registry that differ in case alone."""
    for path, key, listed in _lists(document, "$"):
        names = [row[ROWS[key]] if _named(row, ROWS[key]) else None for row in listed]
        for index, name in _again(names):
            problems.add(f"{path}[{index}].{ROWS[key]}", f"{name} occurs twice")
    registry = document.get("registry")
    if isinstance(registry, dict):
        for path, values in (("$.registry", registry), *((f"$.registry.{key}", entry) for key, entry in registry.items())):
            for _index, name in _again(list(values)) if isinstance(values, dict) else ():
                problems.add(f"{path}.{name}", "occurs twice, in another case")


def _lists(value: object, path: str) -> Iterator[tuple[str, str, list[object]]]:
    """Yield each list whose rows are told apart by a key, with where it is and what it is called."""
    for key, entry in value.items() if isinstance(value, dict) else ():
        if key in ROWS and isinstance(entry, list):
            yield f"{path}.{key}", key, entry
        elif isinstance(entry, dict) and key not in ("registry", *STRUCTURE):
            yield from _lists(entry, f"{path}.{key}")


def _again(names: Sequence[object]) -> Iterator[tuple[int, object]]:
    """Yield each name that was there before, whatever its case, with its place."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name is not None and _folded(name) in seen:
            yield index, name
        seen.add(_folded(name))


def check_rename(rename: object, problems: Problems) -> None:
    """Note what `renamed` could not follow, whatever the names in it are."""
    if not isinstance(rename, Mapping):
        problems.add("$.rename", "is no mapping")
        return
    for key, names in rename.items():
        path = f"$.rename.{key}"
        if key not in ("ports", "services"):
            problems.add(path, "unknown key; known are ports, services")
        elif not isinstance(names, Mapping):
            problems.add(path, "is no mapping")
        else:
            for _index, name in _again(list(names)):
                problems.add(f"{path}.{name}", "occurs twice, in another case")
            for old, new in names.items():
                if key == "services" and not (isinstance(new, str) and new):
                    problems.add(f"{path}.{old}", f"a name is a text, and not {new!r}")
                for port in (old, new) if key == "ports" else ():
                    if not _is_port(port):
                        problems.add(f"{path}.{old}", f"a port is a number from 1 to {HIGHEST_PORT}, and not {port!r}")


def check_renamed(document: Mapping[str, object], problems: Problems) -> None:
    """Note each name and each port that `rename` gives another one and that the whole document does not have."""
    rename = document.get("rename", {})
    if not isinstance(rename, Mapping):
        return
    rows = [row for key in ("services", "drivers") for row in _listed(document.get(key))]
    services = {_folded(row["name"]) for row in rows if _named(row, "name")}
    ports = set(_ports(document, ""))
    for old in _mapping(rename.get("services")):
        if _folded(old) not in services:
            problems.add(f"$.rename.services.{old}", f"there is no service or driver {old}")
    for old in _mapping(rename.get("ports")):
        if old not in ports:
            problems.add(f"$.rename.ports.{old}", f"nothing has the port {old}")


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= HIGHEST_PORT


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}


def _ports(value: object, key: str) -> Iterator[int]:
    """Yield every number that `renamed` takes for a port."""
    if isinstance(value, list):
        for entry in value:
            yield from _ports(entry, key)
    elif isinstance(value, dict):
        for name, entry in value.items():
            if name == "registry":
                yield from (port for values in _mapping(entry).values() for port in _registry_ports(values))
            elif name != "rename":
                yield from _ports(entry, str(name))
    elif key in PORT_KEYS and isinstance(value, int):
        yield value


def _registry_ports(values: object) -> Iterator[int]:
    for name, value in _mapping(values).items():
        data = next(iter(value.values()), None) if "port" in str(name).lower() and isinstance(value, dict) else None
        if isinstance(data, int) or (isinstance(data, str) and data.isdecimal()):
            yield int(data)


def renamed(document: Mapping[str, object]) -> dict[str, object]:
    """Return the document with what `rename` says applied to service names, key paths and ports, and without it."""
    rename = document.get("rename")
    rest = {key: value for key, value in document.items() if key != "rename"}
    if not isinstance(rename, dict):
        return rest
    services = {str(old).lower(): str(new) for old, new in rename.get("services", {}).items()}
    ports = rename.get("ports", {})
    made = {key: _renamed(value, key, services, ports) for key, value in rest.items()}
    registry = rest.get("registry")
    if isinstance(registry, dict):
        made["registry"] = {_path(str(key), services): _ports_in(value, ports) for key, value in registry.items()}
    return made


def _merged(key: str, base: object, over: object) -> object:
    if key == "registry" and isinstance(base, dict) and isinstance(over, dict):
        return _registry(base, over)
    if isinstance(base, dict) and isinstance(over, dict):
        return merge(base, over)
    if isinstance(base, list) and isinstance(over, list):
        identity = ROWS.get(key)
        return [*base, *over] if identity is None else _rows(base, over, identity)
    return over


def _registry(base: Mapping[object, object], over: Mapping[object, object]) -> dict[object, object]:
    """Put values over those of the same key; a value is one thing whatever its type."""
    made = dict(base)
    spelled = {_folded(path): path for path in base}
    for path, values in over.items():
        known = spelled.setdefault(_folded(path), path)
        below = made.get(known)
        made[known] = put_over(below, values) if isinstance(below, Mapping) and isinstance(values, Mapping) else values
    return made


def put_over(base: Mapping[str, Value], over: Mapping[str, Value]) -> dict[str, Value]:
    """Return the base with the other mapping's entries in place of those of the same name, which keeps its case, as in the registry."""
    made = dict(base)
    spelled = {_folded(name): name for name in base}
    for name, entry in over.items():
        made[spelled.setdefault(_folded(name), name)] = entry
    return made


def _rows(base: list[object], over: list[object], identity: str) -> list[object]:
    changed = {_folded(row[identity]): row for row in over if _named(row, identity)}
    made: list[object] = []
    for row in base:
        if _named(row, identity) and _folded(row[identity]) in changed:
            made.append({**row, **changed.pop(_folded(row[identity])), identity: row[identity]})
        else:
            made.append(row)
    return [*made, *(row for row in over if not _named(row, identity) or _folded(row[identity]) in changed)]


def _named(row: object, identity: str) -> TypeGuard[dict[str, object]]:
    return isinstance(row, dict) and identity in row


def _renamed(value: object, key: str, services: Mapping[str, str], ports: Mapping[object, object]) -> object:
    if isinstance(value, dict):
        return {name: _renamed(entry, str(name), services, ports) for name, entry in value.items()}
    if isinstance(value, list):
        return [_renamed(entry, key, services, ports) for entry in value]
    if key in SERVICE_KEYS and isinstance(value, str):
        return services.get(value.lower(), value)
    if key in PORT_KEYS and isinstance(value, int):
        return ports.get(value, value)
    return value


def _ports_in(values: object, ports: Mapping[object, object]) -> object:
    """Return a key's values with the numbers of ports changed in those that are called so (`PortNumber`, `TcpPort`, `TCP/IP Port`)."""
    if not isinstance(values, dict):
        return values
    return {name: _port_in(value, ports) if "port" in str(name).lower() else value for name, value in values.items()}


def _port_in(value: object, ports: Mapping[object, object]) -> object:
    if not isinstance(value, dict) or len(value) != 1:
        return value
    kind, data = next(iter(value.items()))
    if kind in ("dword", "qword"):
        return {kind: ports.get(data, data)}
    if kind in ("sz", "expand_sz") and isinstance(data, str) and data.isdecimal():
        return {kind: str(ports.get(int(data), data))}
    return value


def _path(path: str, services: Mapping[str, str]) -> str:
    """Rename a key below `…\\Services`."""
    parts = path.split("\\")
    if len(parts) > 4 and parts[3].lower() == "services":
        parts[4] = services.get(parts[4].lower(), parts[4])
    return "\\".join(parts)
