# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changes make of a host: the forecast and the way back ask this and not which kinds of changes there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import NetbiosOption
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place, place_of


@dataclass(frozen=True, slots=True)
class Written:
    """A registry value that is written, or deleted where `after` is None."""

    key: str
    name: str
    after: RegistryValue | None

    @property
    def place(self) -> Place:
        """Where the value is."""
        return place_of(self.key, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one change makes of a host.

    Attributes:
        stops: key name of the service or driver that runs no more then; "" where none does.
        starts: key name of the service or driver that runs then; "" where none does.
        start_mode: key name of a service or driver, and the start mode that the SCM has for it then.
        enables: key name of the service or driver that was disabled and is no more; "" where none is.
        written: the registry value that is another then.
        netbios: GUID of an adapter, and its NetBIOS option then.
        deletes: the registry key that is gone then; "" where none is.
    """

    stops: str = ""
    starts: str = ""
    start_mode: tuple[str, StartMode] | None = None
    enables: str = ""
    written: Written | None = None
    netbios: tuple[str, NetbiosOption] | None = None
    deletes: str = ""

    @property
    def returns(self) -> str:
        """Key name of the service or driver that runs then, or may run again; "" where none does."""
        return self.starts or self.enables


@dataclass(frozen=True, slots=True)
class Effects:
    """What the changes of a plan make of a host together, by names and GUIDs."""

    stops: Names = field(default_factory=Names)
    start_modes: ByName[StartMode] = field(default_factory=ByName)
    values: Mapping[Place, RegistryValue | None] = field(default_factory=dict)
    netbios: ByName[NetbiosOption] = field(default_factory=ByName)

    @classmethod
    def of(cls, effects: Iterable[Effect]) -> Effects:
        """Join the effects of single changes."""
        parts = tuple(effects)
        return cls(
            stops=Names(part.stops for part in parts if part.stops),
            start_modes=ByName(part.start_mode for part in parts if part.start_mode is not None),
            values={part.written.place: part.written.after for part in parts if part.written is not None},
            netbios=ByName(part.netbios for part in parts if part.netbios is not None),
        )
