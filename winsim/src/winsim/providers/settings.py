# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MSFT_NetTCPSetting and MSFT_NetUDPSetting in root/StandardCimv2, which Windows 8 and Server 2012 brought: from where dynamic ports are.

Sources: Microsoft, "MSFT_NetTCPSetting class" (properties), "Get-NetUDPSetting" and "Set-NetUDPSetting" (one setting, with the first port
of the range and its number of ports). From memory: the names of the settings (6.2 has one custom setting, later ones two), that
`Automatic` has no values of its own, what an InstanceID is, and the properties of MSFT_NetUDPSetting, taken as those that both inherit.
What a setting says beside its range and name is null here.
"""

from __future__ import annotations

from collections.abc import Iterator

from winsim.classes import EIGHT_1, TEN
from winsim.host.machine import Machine
from winsim.seams import Instance, Value

from .cim import STANDARD_CIMV2, CimClass
from .endpoints import SINCE

INHERITED = (
    "Caption", "CommonName", "CreationClassName", "Description", "DoActionLogging", "ElementName", "InstanceID", "PolicyActionName",
    "PolicyKeywords", "PolicyRuleCreationClassName", "PolicyRuleName", "SystemCreationClassName", "SystemName",
)  # fmt: skip
RANGE = ("DynamicPortRangeNumberOfPorts", "DynamicPortRangeStartPort")
TCP_ONLY = (
    "AutomaticUseCustom", "AutoReusePortRangeNumberOfPorts", "AutoReusePortRangeStartPort", "AutoTuningLevelEffective",
    "AutoTuningLevelGroupPolicy", "AutoTuningLevelLocal", "CongestionProvider", "CwndRestart", "DelayedAckFrequency", "DelayedAckTimeout",
    "EcnCapability", "ForceWS", "InitialCongestionWindow", "InitialRto", "MaxSynRetransmissions", "MemoryPressureProtection", "MinRto",
    "NonSackRttResiliency", "ScalingHeuristics", "SettingName", "Timestamps",
)  # fmt: skip
ARRAYS = frozenset({"PolicyKeywords"})
AUTOMATIC = "Automatic"
NAMES_OF_8 = (AUTOMATIC, "Custom", "Compat", "Datacenter", "Internet")
NAMES = (AUTOMATIC, "InternetCustom", "DatacenterCustom", "Compat", "Datacenter", "Internet")


def _range(host: Machine) -> dict[str, Value]:
    windows = host.spec.windows
    return {
        "DynamicPortRangeStartPort": windows.first_port,
        "DynamicPortRangeNumberOfPorts": windows.last_port - windows.first_port + 1,
    }


def _tcp(host: Machine) -> Iterator[Instance]:
    for name in NAMES if host.spec.windows.kernel >= EIGHT_1 else NAMES_OF_8:
        values = {} if name == AUTOMATIC else _range(host)
        yield TCP.instance({"InstanceID": name, "SettingName": name, "AutomaticUseCustom": 0, **values})


def _udp(host: Machine) -> Iterator[Instance]:
    yield UDP.instance({"InstanceID": "", **_range(host)})


def _sorted(*groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted((name for group in groups for name in group), key=str.lower))


TCP = CimClass(
    "MSFT_NetTCPSetting",
    STANDARD_CIMV2,
    ("InstanceID",),
    _sorted(INHERITED, RANGE, TCP_ONLY),
    ARRAYS,
    since=SINCE,
    later={"AutoReusePortRangeNumberOfPorts": TEN, "AutoReusePortRangeStartPort": TEN},
    instances=_tcp,
)
UDP = CimClass("MSFT_NetUDPSetting", STANDARD_CIMV2, ("InstanceID",), _sorted(INHERITED, RANGE), ARRAYS, since=SINCE, instances=_udp)

CLASSES = (TCP, UDP)
