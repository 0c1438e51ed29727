# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Win32_NetworkAdapterConfiguration.

Sources: MicrosoftDocs win32 CIMWin32Prov; a recorded answer of Windows Server 2003 for which properties are null on an
adapter without IP. The loopback is not among its instances.
"""

from __future__ import annotations

from collections.abc import Iterable

from winsim.host import controls
from winsim.host.controls import NetbiosOutcome
from winsim.host.machine import Machine
from winsim.host.model import AdapterSpec
from winsim.host.network import netbios_options, wins_servers
from winsim.seams import Instance, Problem, Scalar, Value, WmiError

from .cim import CIMV2, Arguments, CimClass, Method, Out, number

PROPERTIES = (
    "ArpAlwaysSourceRoute", "ArpUseEtherSNAP", "Caption", "DatabasePath", "DeadGWDetectEnabled", "DefaultIPGateway", "DefaultTOS",
    "DefaultTTL", "Description", "DHCPEnabled", "DHCPLeaseExpires", "DHCPLeaseObtained", "DHCPServer", "DNSDomain",
    "DNSDomainSuffixSearchOrder", "DNSEnabledForWINSResolution", "DNSHostName", "DNSServerSearchOrder",
    "DomainDNSRegistrationEnabled", "ForwardBufferMemory", "FullDNSRegistrationEnabled", "GatewayCostMetric", "IGMPLevel", "Index",
    "IPAddress", "IPConnectionMetric", "IPEnabled", "IPFilterSecurityEnabled", "IPPortSecurityEnabled", "IPSecPermitIPProtocols",
    "IPSecPermitTCPPorts", "IPSecPermitUDPPorts", "IPSubnet", "IPUseZeroBroadcast", "IPXAddress", "IPXEnabled", "IPXFrameType",
    "IPXMediaType", "IPXNetworkNumber", "IPXVirtualNetNumber", "KeepAliveInterval", "KeepAliveTime", "MACAddress", "MTU",
    "NumForwardPackets", "PMTUBHDetectEnabled", "PMTUDiscoveryEnabled", "ServiceName", "SettingID", "TcpipNetbiosOptions",
    "TcpMaxConnectRetransmissions", "TcpMaxDataRetransmissions", "TcpNumConnections", "TcpUseRFC1122UrgentPointer", "TcpWindowSize",
    "WINSEnableLMHostsLookup", "WINSHostLookupFile", "WINSPrimaryServer", "WINSScopeID", "WINSSecondaryServer",
)  # fmt: skip
ARRAYS = frozenset(
    {
        "DefaultIPGateway", "DNSDomainSuffixSearchOrder", "DNSServerSearchOrder", "GatewayCostMetric", "IPAddress",
        "IPSecPermitIPProtocols", "IPSecPermitTCPPorts", "IPSecPermitUDPPorts", "IPSubnet", "IPXFrameType", "IPXNetworkNumber",
    }
)  # fmt: skip

RETURN_VALUES = {NetbiosOutcome.DONE: 0, NetbiosOutcome.INVALID: 68, NetbiosOutcome.NO_IP: 84}
"""Microsoft, SetTcpipNetbios: 68 invalid input parameter, 84 IP not enabled on adapter."""


def _set_tcpip_netbios(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    if instance is None:
        raise WmiError(Problem.MISSING_KEYS, "Index")
    option = arguments.number("TcpipNetbiosOptions")
    return {"ReturnValue": RETURN_VALUES[controls.set_netbios(host, number(instance, "Index"), option)]}


def _instances(host: Machine) -> Iterable[Instance]:
    listed = sorted((adapter for adapter in host.adapters if adapter.index is not None), key=lambda adapter: adapter.index or 0)
    return [CONFIGURATION.instance(_values(host, adapter)) for adapter in listed]


def _values(host: Machine, adapter: AdapterSpec) -> dict[str, Value]:
    values: dict[str, Value] = {
        "Caption": f"[{adapter.index:08d}] {adapter.name}",
        "Description": adapter.name,
        "DHCPEnabled": adapter.dhcp,
        "Index": adapter.index,
        "IPEnabled": adapter.address is not None,
        "IPXEnabled": False,
        "MACAddress": adapter.mac,
        "ServiceName": adapter.driver,
        "SettingID": adapter.guid,
    }
    if adapter.address is None:
        return values
    wins = wins_servers(host.spec, host.registry, adapter)
    values |= {
        "DatabasePath": r"%SystemRoot%\System32\drivers\etc",
        "DefaultIPGateway": None if adapter.gateway is None else [adapter.gateway],
        "DHCPServer": adapter.dhcp_server,
        "DNSEnabledForWINSResolution": False,
        "DNSHostName": host.spec.windows.computer.lower(),
        "DNSServerSearchOrder": list(adapter.dns) or None,
        "DomainDNSRegistrationEnabled": False,
        "FullDNSRegistrationEnabled": True,
        "GatewayCostMetric": None if adapter.gateway is None else [1],
        # Windows Vista and later list the IPv6 addresses, too, without a zone and with the prefix's length (from memory).
        "IPAddress": [*adapter.addresses, *(address.partition("%")[0] for address in adapter.ipv6)],
        "IPConnectionMetric": 1,
        "IPFilterSecurityEnabled": False,
        "IPSubnet": _subnets(host, adapter),
        # The provider reads the registry, not what is in force (from memory).
        "TcpipNetbiosOptions": netbios_options(host.spec, host.registry)[adapter.guid],
        "WINSEnableLMHostsLookup": True,
        "WINSPrimaryServer": next(iter(wins), None),
        "WINSScopeID": "",
        "WINSSecondaryServer": next(iter(wins[1:]), None),
    }
    return values


def _subnets(host: Machine, adapter: AdapterSpec) -> list[Scalar]:
    if host.spec.found is not None:
        return [*host.spec.found.subnets.get(adapter.guid, ())]
    return [*([adapter.mask] * len(adapter.addresses)), *("64" for address in adapter.ipv6)]


CONFIGURATION = CimClass(
    "Win32_NetworkAdapterConfiguration",
    CIMV2,
    ("Index",),
    PROPERTIES,
    ARRAYS,
    instances=_instances,
    methods={"SetTcpipNetbios": Method(("TcpipNetbiosOptions",), _set_tcpip_netbios)},
)

CLASSES = (CONFIGURATION,)
