# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put a scenario file over those that it is made of, and give services and ports other names; plain data in, plain data out."""

from __future__ import annotations

from collections.abc import Mapping

NAMED = {"processes": "id", "services": "name", "drivers": "name", "adapters": "name", "accounts": "user", "listeners": "port"}
"""Lists whose rows are told apart by a key; a row of the extending file changes the row of the same name."""

SERVICE_KEYS = {"name", "owner", "service", "driver", "depends", "dhcp_client"}
PORT_KEYS = {"port", "names", "datagrams", "sessions", "raw_smb"}


STRUCTURE = ("extends", "parts", "without")
"""Keys that say how files are put together and are no content."""

TEXTS = ("sources", "from_memory")
"""Lists that several files share lines of."""


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


def without(document: Mapping[str, object], away: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """Return a document without the rows that are named, and the names that none of its rows has.

    Rows are named by what tells them apart; sockets by owner and port, RPC servers by owner.
    """
    left, missing = dict(document), []
    for key, names in away.items():
        rows = [row for row in _list(left.get(key)) if isinstance(row, dict)]
        wanted = [_identity(key, name) for name in _list(names)]
        found = {_identity(key, row) for row in rows}
        missing += [f"{key}: {'/'.join(map(str, name))}" for name in wanted if name not in found]
        left[key] = [row for row in rows if _identity(key, row) not in wanted]
    return left, missing


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _identity(key: str, row: object) -> tuple[object, ...]:
    """Return what tells a row of a list from others; of a name by itself, the name."""
    if not isinstance(row, dict):
        return (str(row).lower(),)
    if key == "sockets":
        return str(row.get("owner")).lower(), row.get("port")
    return (str(row.get("owner") if key == "rpc_servers" else row.get(NAMED.get(key, "name"))).lower(),)


def renamed(document: Mapping[str, object]) -> dict[str, object]:
    """Return the document with what `rename` says applied to service names, key paths and ports, and without it."""
    rename = document.get("rename")
    rest = {key: value for key, value in document.items() if key != "rename"}
    if not isinstance(rename, dict):
        return rest
    services = {str(old).lower(): str(new) for old, new in (rename.get("services") or {}).items()}
    ports = rename.get("ports") or {}
    made = {key: _renamed(value, key, services, ports) for key, value in rest.items()}
    registry = rest.get("registry")
    if isinstance(registry, dict):
        made["registry"] = {_path(str(key), services): value for key, value in registry.items()}
    return made


def _merged(key: str, base: object, over: object) -> object:
    if isinstance(base, dict) and isinstance(over, dict):
        return merge(base, over)
    if isinstance(base, list) and isinstance(over, list):
        identity = NAMED.get(key)
        return [*base, *over] if identity is None else _rows(base, over, identity)
    return over


def _rows(base: list[object], over: list[object], identity: str) -> list[object]:
    changed = {row[identity]: row for row in over if isinstance(row, dict) and identity in row}
    made: list[object] = []
    for row in base:
        name = row.get(identity) if isinstance(row, dict) else None
        made.append({**row, **changed.pop(name)} if isinstance(row, dict) and name in changed else row)
    return [*made, *(row for row in over if not (isinstance(row, dict) and identity in row) or row[identity] in changed)]


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


def _path(path: str, services: Mapping[str, str]) -> str:
    """Rename a key below `…\\Services`."""
    parts = path.split("\\")
    if len(parts) > 4 and parts[3].lower() == "services":
        parts[4] = services.get(parts[4].lower(), parts[4])
    return "\\".join(parts)
