# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry of a capture: keys and values as they were found, and what was refused of them."""

from __future__ import annotations

from collections.abc import Mapping

from winsim.host.found import GRANTS, SUBKEYS, VALUES, FoundGrant, FoundKey, Refusal, of_value
from winsim.host.model import SERVICES
from winsim.registry_value import RegistryType, RegistryValue

from .format import TYPES, Capture, Error, Key, registry_value

HIVE = "HKLM"
MISMATCH = 0x80041005
"""What StdRegProv returns for a value of another type."""

DEEPEST = 512
"""Keys that Windows lets nobody make are left out: 512 levels (Microsoft, Registry element size limits)."""


class Keys:
    """All keys of a capture, each with the latest answers."""

    def __init__(self, capture: Capture) -> None:
        self._keys: dict[str, list[Key]] = {}
        for moment in reversed(capture.moments):
            for key in moment.keys:
                if key.key and key.key.count("\\") < DEEPEST:
                    self._keys.setdefault(_full(key.key).lower(), []).append(key)

    def found(self) -> tuple[FoundKey, ...]:
        """Return the keys as they were found, those above others first."""
        made = [self._found(path) for path in self._keys]
        return tuple(sorted(made, key=lambda key: (key.path.count("\\"), key.path.lower())))

    def _found(self, path: str) -> FoundKey:
        entries = self._keys[path]
        values: dict[str, RegistryValue] = {}
        for entry in reversed(entries):
            values |= {name: value for name, stored in entry.values.items() if (value := registry_value(stored)) is not None}
        types = next((entry.types for entry in entries if entry.types is not None), None)
        there = next((entry.there for entry in entries if entry.there is not None), None)
        return FoundKey(
            path=_full(entries[0].key),
            there=True if there is None and values else there,
            types=None if types is None else {name: TYPES[kind] for name, kind in types.items()},
            subkeys=next((entry.subkeys for entry in entries if entry.subkeys is not None), None),
            values=values,
            absent=tuple(name for entry in entries for name in entry.absent if name not in values),
        )

    def refused(self) -> dict[tuple[str, str], Refusal]:
        """Return what the host did not give of keys."""
        found: dict[tuple[str, str], Refusal] = {}
        for path, entries in self._keys.items():
            for entry in entries:
                for what, error in ((VALUES, entry.types_error), (SUBKEYS, entry.subkeys_error), (GRANTS, entry.grants_error)):
                    if error is not None:
                        found.setdefault((path, what), refusal(error))
                for value in entry.refused:
                    kind = TYPES.get(value.asked)
                    natural = value.error.return_value == MISMATCH and value.name.lower() in (self.types(path) or {})
                    if kind is not None and not natural:
                        found.setdefault((path, of_value(value.name, kind)), refusal(value.error))
        return found

    def grants(self) -> Mapping[str, tuple[FoundGrant, ...]]:
        """Return the access lists that were read, by key in lower case."""
        read = ((path, entry.grants) for path, entries in self._keys.items() for entry in reversed(entries) if entry.grants is not None)
        return {path: tuple(FoundGrant(grant.sid, grant.name, grant.rights) for grant in grants) for path, grants in read}

    def types(self, path: str) -> Mapping[str, RegistryType] | None:
        """Return names, in lower case, and types of a key's values; None where they were not listed."""
        for entry in self._keys.get(path.lower(), ()):
            if entry.types is not None:
                return {name.lower(): TYPES[kind] for name, kind in entry.types.items()}
        return None

    def value(self, path: str, name: str) -> RegistryValue | None:
        """Return a value that was read."""
        for entry in self._keys.get(path.lower(), ()):
            stored = next((value for own, value in entry.values.items() if own.lower() == name.lower()), None)
            if stored is not None:
                return registry_value(stored)
        return None

    def number(self, path: str, name: str) -> int | None:
        """Return a number that was read."""
        value = self.value(path, name)
        return value.data if value is not None and isinstance(value.data, int) else None

    def has_service(self, name: str) -> bool:
        """Tell whether there is the key of a service."""
        listed = (name.lower() for entry in self._keys.get(SERVICES.lower(), ()) for name in entry.subkeys or ())
        return name.lower() in listed or rf"{SERVICES}\{name}".lower() in self._keys

    def unread(self) -> int:
        """Return of how many values nothing but name and type is known."""
        found = self.found()
        return sum(len({name.lower() for name in key.types or ()} - {name.lower() for name in key.values}) for key in found)


def refusal(error: Error) -> Refusal:
    """Return what the twin answers where the host gave an error."""
    return Refusal(error.code, error.subcode, error.return_value)


def _full(key: str) -> str:
    return rf"{HIVE}\{key.strip(chr(92))}"
