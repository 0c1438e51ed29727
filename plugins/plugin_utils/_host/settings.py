# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registry settings as a table: which value, of which type, read and compared the same way by every stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM, SERVICES_KEY, RegistryType, RegistryValue

# What a getter of StdRegProv returns for a value of another type (WBEM_E_TYPE_MISMATCH).
TYPE_MISMATCH = 0x80041005
# The value of a service's key that says how it starts (Microsoft, CreateService: dwStartType).
START = "Start"
# And what it holds (the same, SERVICE_BOOT_START to SERVICE_DISABLED).
START_VALUES = {StartMode.BOOT: 0, StartMode.SYSTEM: 1, StartMode.AUTO: 2, StartMode.MANUAL: 3, StartMode.DISABLED: 4}
START_MODES: Mapping[object, StartMode] = {number: mode for mode, number in START_VALUES.items()}
# Microsoft, SERVICE_DELAYED_AUTO_START_INFO: since Windows Vista, kept in this value of the service's key.
DELAYED = "DelayedAutostart"

Place = tuple[str, str]
"""Key and name of a registry value in lower case, as a mapping needs them: the registry does not tell cases apart."""


def place_of(key: str, name: str) -> Place:
    """Return where a value is."""
    return key.lower(), name.lower()


@dataclass(frozen=True, slots=True)
class Setting:
    """One registry value that a stage manages, below HKLM."""

    key: str
    name: str
    type: RegistryType

    @property
    def target(self) -> str:
        """The value as results and messages name it."""
        return f"{HKLM}{self.key}\\{self.name}"

    @property
    def place(self) -> Place:
        """Where the value is."""
        return place_of(self.key, self.name)


Settings = Mapping[Setting, RegistryValue | None]
"""What was read: the value, or None where it is absent."""


def read_settings(reader: Reader, settings: Iterable[Setting]) -> dict[Setting, RegistryValue | None]:
    """Read settings as they are configured; of a key with several its names first, since most are absent on most hosts."""
    wanted = tuple(settings)
    keys = Counter(setting.key for setting in wanted)
    names = {key: Names(reader.value_types(key) or ()) for key, count in keys.items() if count > 1}

    def is_absent(setting: Setting) -> bool:
        return setting.key in names and setting.name not in names[setting.key]

    return {setting: None if is_absent(setting) else read_setting(reader, setting) for setting in wanted}


def read_setting(reader: Reader, setting: Setting) -> RegistryValue | None:
    """Read one value, whatever type it has.

    An empty REG_MULTI_SZ answers like an absent value but for its return code; EnumValues has the last word.
    """
    try:
        value = reader.value(setting.key, setting.name, setting.type)
    except MethodFailed as error:
        if error.return_value != TYPE_MISMATCH:
            raise
        actual = _actual_type(reader, setting)
        return None if actual is None else reader.value(setting.key, setting.name, actual)
    if setting.type is RegistryType.MULTI_SZ and value is not None and not value.data and _actual_type(reader, setting) is None:
        return None
    return value


def _actual_type(reader: Reader, setting: Setting) -> RegistryType | None:
    return ByName(reader.value_types(setting.key) or {}).get(setting.name)


def plain(value: RegistryValue | None) -> object:
    """Show a value in a result; None where it is absent."""
    return None if value is None else value.plain()


# Settings that more than one package needs


def start_setting(service: str) -> Setting:
    """Return the value that says how a service starts, as the next boot (for a template the next sign-in) reads it."""
    return Setting(rf"{SERVICES_KEY}\{service}", START, RegistryType.DWORD)


def delayed_setting(service: str) -> Setting:
    """Return the value that says whether an automatic service is delayed."""
    return Setting(rf"{SERVICES_KEY}\{service}", DELAYED, RegistryType.DWORD)
