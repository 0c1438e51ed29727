# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a restore may touch: a closed table of the registry values that this collection has ever written, and of how its rules look.

The record of a run lies on the host, where others may write one. So it is not believed in this: it says what was there, and this
table says where. A value stays in it for good, also where its recipe is gone or is not applied any more, since old records name it.
"""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY
from ansible_collections.netmin.windows.plugins.plugin_utils._host import netbios
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import PREFIX
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import DELAYED, START, Place, place_of
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue

_POLICIES = r"SOFTWARE\Policies\Microsoft"
_CONTROL = r"SYSTEM\CurrentControlSet\Control"

PLACES: frozenset[Place] = frozenset(
    place_of(key, name)
    for key, names in {
        r"SOFTWARE\Microsoft\Ole": ("EnableDCOM",),
        r"SOFTWARE\Microsoft\Rpc": ("DCOM Protocols", "EpMapDisallowedProtocols"),
        r"SOFTWARE\Microsoft\Rpc\Internet": ("Ports", "PortsInternetAvailable", "UseInternetPorts"),
        r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule": ("DisableRpcOverTcp",),
        rf"{_POLICIES}\Windows NT\DNSClient": ("EnableMulticast",),
        rf"{_POLICIES}\Windows NT\Printers": ("RegisterSpoolerRemoteRpcEndPoint",),
        rf"{_POLICIES}\Windows NT\Printers\RPC": ("RpcProtocols",),
        rf"{_POLICIES}\Windows\BITS": ("EnablePeercaching",),
        rf"{_POLICIES}\Windows\Connect": ("AllowProjectionToPC",),
        rf"{_POLICIES}\Windows\DeliveryOptimization": ("DODownloadMode",),
        rf"{_POLICIES}\Windows\System": ("EnableCdp",),
        _CONTROL: ("DisableRPCOverTCP", "DisableRemoteScmEndpoints"),
        rf"{_CONTROL}\Lsa": ("SamDisableListenOnTCP",),
        rf"{_CONTROL}\Terminal Server": ("fDenyTSConnections",),
        rf"{SERVICES_KEY}\Dnscache\Parameters": ("EnableMDNS", "MaxCachedSockets"),
        rf"{SERVICES_KEY}\NetBT\Parameters": ("SmbDeviceEnabled",),
        rf"{SERVICES_KEY}\Rpc\Linkage": ("Bind",),
        rf"{SERVICES_KEY}\RpcSs": ("ListenOnInternet",),
    }.items()
    for name in names
)


def foreign(change: Change) -> str:
    """Say why a change is none that this collection makes; empty where it is one."""
    if isinstance(change, SetRegistryValue) and not _is_managed(change.place):
        return "this collection never writes this value, so the record that names it is damaged or not ours"
    if isinstance(change, AddFilterRule) and not change.rule.name.startswith(PREFIX):
        return "this collection never names a rule so, so the record that names it is damaged or not ours"
    if isinstance(change, AddFilterRule) and change.rule.ports == "RPC" and not change.rule.program:
        return "this collection never blocks the RPC ports of all programs, so the record that names the rule is damaged or not ours"
    return ""


def _is_managed(place: Place) -> bool:
    """Tell whether a value is in the table, or says how a service starts or what NetBT does on an adapter."""
    key, name = place
    parent, _separator, service = key.rpartition("\\")
    starts = parent == SERVICES_KEY.lower() and bool(service) and name in (START.lower(), DELAYED.lower())
    return place in PLACES or starts or (netbios.is_option(place) and parent == netbios.INTERFACES.lower())
