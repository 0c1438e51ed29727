# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option of NetBIOS over TCP/IP that an adapter has: where it is kept, and what it says."""

from __future__ import annotations

from enum import IntEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType, RegistryValue

from .settings import Place, Setting

INTERFACES = rf"{SERVICES_KEY}\NetBT\Parameters\Interfaces"
PREFIX = "Tcpip_"
"""What the key of an adapter begins with; its GUID follows."""
VALUE = "NetbiosOptions"


class NetbiosOption(IntEnum):
    """NetbiosOptions of NetBT and argument of SetTcpipNetbios (Microsoft, SetTcpipNetbios method)."""

    DHCP = 0
    ENABLED = 1
    DISABLED = 2

    @property
    def word(self) -> str:
        """The word that options and results use."""
        return self.name.lower()


def setting(guid: str) -> Setting:
    """Return the value that NetBT reads for one adapter."""
    return Setting(rf"{INTERFACES}\{PREFIX}{guid}", VALUE, RegistryType.DWORD)


def is_option(place: Place) -> bool:
    """Tell whether a value is the option of some adapter."""
    key, name = place
    return key.startswith(INTERFACES.lower()) and name == VALUE.lower()


def option_of(value: RegistryValue | None) -> NetbiosOption:
    """Read a NetbiosOptions value; an adapter without one uses what DHCP says, else NetBIOS (KB 313314)."""
    number = value.data if value is not None and isinstance(value.data, int) else 0
    return NetbiosOption(number) if number in (0, 1, 2) else NetbiosOption.DHCP
