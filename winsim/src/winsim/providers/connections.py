# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MSFT_NetConnectionProfile in root/StandardCimv2, which Windows 8 and Server 2012 brought: the network behind each connected adapter.

Sources: Microsoft, NLM_NETWORK_CATEGORY (numbers of the category); the schema of the resource NetConnectionProfile in NetworkingDsc (names
and order of the kinds of connectivity); public scripts (an InstanceID is the adapter's GUID). From memory: all properties, the numbers of
the connectivity, what networks and interfaces are called, and that the index of an interface is the zone of its IPv6 addresses.
"""

from __future__ import annotations

from collections.abc import Iterator

from winsim.host.machine import Machine
from winsim.host.model import AdapterSpec, Category
from winsim.seams import Instance

from .cim import STANDARD_CIMV2, CimClass
from .endpoints import SINCE

PROPERTIES = (
    "Caption", "Description", "ElementName", "InstanceID", "InterfaceAlias", "InterfaceIndex", "IPv4Connectivity", "IPv6Connectivity",
    "Name", "NetworkCategory",
)  # fmt: skip
CATEGORIES = {Category.PUBLIC: 0, Category.PRIVATE: 1, Category.DOMAIN: 2}
DISCONNECTED, NO_TRAFFIC, LOCAL_NETWORK, INTERNET = 0, 1, 3, 4
LINK_LOCAL = "fe80:"


def _profiles(host: Machine) -> Iterator[Instance]:
    connected = [adapter for adapter in host.adapters if adapter.connected and adapter.address not in host.lost_addresses]
    for number, adapter in enumerate(connected, 1):
        category = host.spec.category(adapter)
        name = host.spec.windows.domain if category is Category.DOMAIN else _numbered("Network", number)
        yield PROFILE.instance(
            {
                "InstanceID": adapter.guid,
                "InterfaceAlias": _numbered("Ethernet", number),
                "InterfaceIndex": _index(adapter),
                "IPv4Connectivity": LOCAL_NETWORK if adapter.gateway is None else INTERNET,
                "IPv6Connectivity": _ipv6(adapter),
                "Name": name,
                "NetworkCategory": CATEGORIES[category],
            }
        )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name} {number}"


def _index(adapter: AdapterSpec) -> int | None:
    zones = (address.partition("%")[2] for address in adapter.ipv6)
    return next((int(zone) for zone in zones if zone.isdecimal()), adapter.index)


def _ipv6(adapter: AdapterSpec) -> int:
    """Return how far IPv6 reaches: an address of the link alone makes no traffic."""
    if not adapter.ipv6:
        return DISCONNECTED
    return NO_TRAFFIC if all(address.lower().startswith(LINK_LOCAL) for address in adapter.ipv6) else LOCAL_NETWORK


PROFILE = CimClass("MSFT_NetConnectionProfile", STANDARD_CIMV2, ("InstanceID",), PROPERTIES, since=SINCE, instances=_profiles)

CLASSES = (PROFILE,)
