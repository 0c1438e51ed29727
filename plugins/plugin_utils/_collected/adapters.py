# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Network adapters from the registry, as Win32_NetworkAdapterConfiguration shows them.

Microsoft: the keys below the class of network adapters are numbered, and that number is the Index of the class
(Win32_NetworkAdapterConfiguration); `NetCfgInstanceId` in them is its SettingID. "TCP/IP and NBT configuration parameters for Windows
2000 or Windows NT" (KB120642) has the values below Tcpip\\Parameters\\Interfaces, KB313314 has NetbiosOptions.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Value

from .exported import Exported

CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
TCPIP = rf"{SERVICES_KEY}\Tcpip"
NETBT = rf"{SERVICES_KEY}\NetBT\Parameters\Interfaces"
NO_ADDRESS = ("", "0.0.0.0", "255.255.255.255")


def adapter_rows(registry: Exported) -> list[dict[str, Value]] | None:
    """Return all adapters; None where the registry does not tell."""
    return list(_rows(registry)) if registry.there(CLASS) and registry.there(TCPIP) else None


def _rows(registry: Exported) -> Iterator[dict[str, Value]]:
    bound = Names(path.rpartition("\\")[2] for path in _texts(registry, rf"{TCPIP}\Linkage", "Bind"))
    for number in registry.names_below(CLASS):
        guid = _text(registry, rf"{CLASS}\{number}", "NetCfgInstanceId")
        if not number.isdecimal() or not guid:
            continue
        key = rf"{TCPIP}\Parameters\Interfaces\{guid}"
        dhcp = bool(_number(registry, key, "EnableDHCP"))
        names = ("DhcpIPAddress", "DhcpSubnetMask") if dhcp else ("IPAddress", "SubnetMask")
        addresses = [address for address in _texts(registry, key, names[0]) if address not in NO_ADDRESS]
        masks = _texts(registry, key, names[1])[: len(addresses)]
        # An adapter that TCP/IP is not bound to has none, whatever values an earlier time has left.
        enabled = guid in bound
        row: dict[str, Value] = {
            "Index": str(int(number)),
            "Description": _text(registry, rf"{CLASS}\{number}", "DriverDesc"),
            "SettingID": guid,
            "IPEnabled": "true" if enabled else "false",
            "DHCPEnabled": "true" if dhcp else "false",
        }
        if enabled and addresses:
            row.update(IPAddress=tuple(addresses), IPSubnet=tuple(masks))
        option = _number(registry, rf"{NETBT}\Tcpip_{guid}", "NetbiosOptions")
        if enabled and option is not None:
            row["TcpipNetbiosOptions"] = str(option)
        servers = _servers(registry, rf"{NETBT}\Tcpip_{guid}")
        row.update(zip(("WINSPrimaryServer", "WINSSecondaryServer"), servers, strict=False))
        yield row


def _servers(registry: Exported, key: str) -> tuple[str, ...]:
    """Return the WINS servers; a list that somebody set comes before that of DHCP."""
    own = tuple(text for text in _texts(registry, key, "NameServerList") if text)
    return own or tuple(text for text in _texts(registry, key, "DhcpNameServerList") if text)


def _stored(registry: Exported, key: str, name: str) -> StoredValue | None:
    found = registry.value(key, name)
    return found if isinstance(found, StoredValue) else None


def _text(registry: Exported, key: str, name: str) -> str:
    found = _stored(registry, key, name)
    return found.data if found is not None and isinstance(found.data, str) else ""


def _number(registry: Exported, key: str, name: str) -> int | None:
    found = _stored(registry, key, name)
    return found.data if found is not None and isinstance(found.data, int) else None


def _texts(registry: Exported, key: str, name: str) -> tuple[str, ...]:
    """Return a list; what DHCP gives is a text, with blanks between several."""
    found = _stored(registry, key, name)
    if found is None or isinstance(found.data, int):
        return ()
    return found.data if isinstance(found.data, tuple) else tuple(found.data.split())
