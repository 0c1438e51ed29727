# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A registry: keys and values without regard to case, with typed values.

Knows nothing of what a value means. Paths carry their hive (`HKLM\\SOFTWARE\\…`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from winsim.registry_value import RegistryType, RegistryValue

from .files import Entry

HIVES = ("HKCR", "HKCU", "HKLM", "HKU", "HKCC")


@dataclass(slots=True)
class _Key:
    """One key; names keep the case they were created with."""

    name: str
    keys: dict[str, _Key] = field(default_factory=dict)
    values: dict[str, tuple[str, RegistryValue]] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    protected: bool = False


class Registry:
    """All hives of one host."""

    def __init__(self) -> None:
        self._root = _Key("")
        for hive in HIVES:
            self._root.keys[hive.lower()] = _Key(hive)

    def exists(self, path: str) -> bool:
        """Tell whether a key exists."""
        return self._find(path) is not None

    def subkeys(self, path: str) -> tuple[str, ...] | None:
        """Return the names of a key's subkeys, sorted as the registry keeps them; None where the key is absent."""
        key = self._find(path)
        return None if key is None else tuple(sub.name for folded, sub in sorted(key.keys.items()))

    def values(self, path: str) -> dict[str, RegistryValue] | None:
        """Return a key's values in the order they were made; None where the key is absent."""
        key = self._find(path)
        return None if key is None else dict(key.values.values())

    def value(self, path: str, name: str) -> RegistryValue | None:
        """Return one value, or None where it or its key is absent."""
        key = self._find(path)
        found = None if key is None else key.values.get(name.lower())
        return None if found is None else found[1]

    def number(self, path: str, name: str) -> int | None:
        """Return a REG_DWORD, or None where there is none of that type."""
        value = self.value(path, name)
        return value.data if value is not None and value.type is RegistryType.DWORD and isinstance(value.data, int) else None

    def text(self, path: str, name: str) -> str | None:
        """Return a REG_SZ, or None where there is none of that type."""
        value = self.value(path, name)
        return value.data if value is not None and value.type is RegistryType.SZ and isinstance(value.data, str) else None

    def texts(self, path: str, name: str) -> tuple[str, ...] | None:
        """Return a REG_MULTI_SZ, or None where there is none of that type."""
        value = self.value(path, name)
        return value.data if value is not None and value.type is RegistryType.MULTI_SZ and isinstance(value.data, tuple) else None

    def create(self, path: str) -> None:
        """Create a key with all its parents; one that exists is left alone."""
        key = self._root
        for part in _parts(path):
            key = key.keys.setdefault(part.lower(), _Key(part))

    def write(self, path: str, name: str, value: RegistryValue) -> None:
        """Write a value into a key that exists; the name keeps the case it has already."""
        key = self._find(path)
        if key is None:
            raise KeyError(path)
        known = key.values.get(name.lower())
        key.values[name.lower()] = (known[0] if known else name, value)

    def delete_value(self, path: str, name: str) -> None:
        """Delete a value that exists."""
        key = self._find(path)
        if key is None:
            raise KeyError(path)
        del key.values[name.lower()]

    def delete_key(self, path: str) -> None:
        """Delete a key that exists; what is below it goes, too."""
        parts = _parts(path)
        parent = self._find("\\".join(parts[:-1]))
        if parent is None or parts[-1].lower() not in parent.keys:
            raise KeyError(path)
        del parent.keys[parts[-1].lower()]

    def drop(self, path: str) -> None:
        """Delete a key with all below it, if it exists."""
        if self.exists(path):
            self.delete_key(path)

    def protect(self, path: str, entries: Iterable[Entry], *, protected: bool) -> None:
        """Give a key that exists an access list; what is below it inherits it."""
        key = self._find(path)
        if key is None:
            raise KeyError(path)
        key.entries, key.protected = tuple(entries), protected

    def access_list(self, path: str) -> tuple[Entry, ...]:
        """Return the access list of a key that exists: its own entries, then what it inherits."""
        key, found = self._root, list[Entry]()
        for part in _parts(path):
            key = key.keys[part.lower()]
            inherited = [] if key.protected else [entry.handed_down(folder=True) for entry in found]
            found = [*key.entries, *(entry for entry in inherited if entry is not None)]
        return tuple(found)

    def writers(self, path: str) -> list[str]:
        """Name who may change a key by its list and those above it; nothing asks for them but tests."""
        return sorted({entry.principal.name.lower() for entry in self.access_list(path) if entry.writes})

    def walk(self) -> Iterator[tuple[str, dict[str, RegistryValue]]]:
        """Yield every key with its values, by full path."""
        pending = [(sub.name, sub) for folded, sub in sorted(self._root.keys.items(), reverse=True)]
        while pending:
            path, key = pending.pop()
            yield path, dict(key.values.values())
            pending.extend((f"{path}\\{sub.name}", sub) for folded, sub in sorted(key.keys.items(), reverse=True))

    def _find(self, path: str) -> _Key | None:
        key = self._root
        for part in _parts(path):
            sub = key.keys.get(part.lower())
            if sub is None:
                return None
            key = sub
        return key


def _parts(path: str) -> list[str]:
    return [part for part in path.split("\\") if part]
