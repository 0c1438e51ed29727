# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look a key or a value up in exports: what was exported is there or is not, of anything else nothing is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName

from .reg_file import ExportedKey


class Exported:
    """Keys below HKEY_LOCAL_MACHINE, as far as they were exported.

    Of each question the answer is False where the thing certainly is not there, and None where nobody asked the host.

    Args:
        asked: keys that were exported with all below them, in lower case.
        keys: what was there of them, by names in lower case.
        alone: numbers and texts of keys of which nothing below was asked for, by names in lower case.
    """

    def __init__(self, asked: Iterable[str], keys: Mapping[str, ExportedKey], alone: Mapping[str, Mapping[str, StoredValue]]) -> None:
        self._asked = tuple(asked)
        self._keys = keys
        self._alone = alone
        self._below: dict[str, dict[str, str]] = {}
        for key in keys.values():
            parts = key.name.split("\\")
            for length in range(1, len(parts)):
                self._below.setdefault("\\".join(parts[:length]).lower(), {}).setdefault(parts[length].lower(), parts[length])

    def there(self, key: str) -> bool | None:
        """Tell whether a key is there."""
        name = key.lower()
        if name in self._keys or name in self._below or name in self._alone:
            return True
        return False if self._was_asked(name) else None

    def values(self, key: str) -> Mapping[str, StoredValue] | bool | None:
        """Return the values of a key."""
        name = key.lower()
        if name in self._keys:
            return self._keys[name].values
        if name in self._alone:
            return self._alone[name]
        # One that has something below it was exported as well, unless only that was asked for.
        return None if not self._was_asked(name) else ({} if name in self._below else False)

    def value(self, key: str, name: str) -> StoredValue | bool | None:
        """Return a value."""
        found = self.values(key)
        if not isinstance(found, Mapping):
            return found
        return ByName(found).get(name, False)

    def subkeys(self, key: str) -> tuple[str, ...] | bool | None:
        """Return the names of a key's subkeys."""
        name = key.lower()
        if not self._was_asked(name):
            return None
        if name not in self._keys and name not in self._below:
            return False
        return tuple(self._below.get(name, {}).values())

    def names_below(self, key: str) -> tuple[str, ...]:
        """Return the names of a key's subkeys; empty where nothing is known."""
        found = self.subkeys(key)
        return found if isinstance(found, tuple) else ()

    def _was_asked(self, name: str) -> bool:
        return any(name == asked or name.startswith(f"{asked}\\") for asked in self._asked)
