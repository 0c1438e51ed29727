# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the network side read from the registry at boot: written later, a value waits for the next one.

Sources: the article (SmbDeviceEnabled, Bind, ListenOnInternet, DCOM Protocols) and Microsoft, "Configuring the Registry
for Port Allocations and Selective Binding" (Rpc\\Internet, and what an invalid configuration does); Microsoft, "Restrict Unauthenticated
RPC clients" (which waits for a boot).
"""

from __future__ import annotations

from dataclasses import dataclass

from winsim.endpoint import Protocol

from .model import SERVICES, MachineSpec
from .registry import Registry

RPC = r"HKLM\SOFTWARE\Microsoft\Rpc"
RPC_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Rpc"
SEQUENCES = {Protocol.TCP: "ncacn_ip_tcp", Protocol.UDP: "ncadg_ip_udp"}


@dataclass(frozen=True, slots=True)
class PortRanges:
    """The Rpc\\Internet values: RPC servers take ports from `ranges`, or from all others."""

    ranges: tuple[range, ...]
    inside: bool


@dataclass(frozen=True, slots=True)
class BootConfiguration:
    """The values in force until the next boot.

    Attributes:
        interfaces: rpccfg indexes that RPC servers bind to; None means all.
        rpc_valid: False when a value is missing or cannot be read: then every RPC registration on IP fails.
        anonymous_rpc: the endpoint mapper answers clients that have not logged in.
    """

    raw_smb: bool
    dcom: tuple[str, ...]
    interfaces: tuple[int, ...] | None
    mapper_restricted: bool
    ports: PortRanges | None
    rpc_valid: bool
    anonymous_rpc: bool = True


def read(spec: MachineSpec, registry: Registry) -> BootConfiguration:
    """Read the configuration as a boot does."""
    ports, ports_valid = _ports(registry)
    interfaces, interfaces_valid = _interfaces(spec, registry)
    listen = registry.text(rf"{SERVICES}\{spec.mapper.service}", "ListenOnInternet")
    dcom = registry.texts(RPC, "DCOM Protocols")
    return BootConfiguration(
        raw_smb=registry.number(rf"{SERVICES}\{spec.netbt.driver}\Parameters", "SmbDeviceEnabled") != 0,
        # Without the value COM falls back to TCP (from memory).
        dcom=(SEQUENCES[Protocol.TCP],) if dcom is None else tuple(name.lower() for name in dcom),
        interfaces=interfaces,
        mapper_restricted=interfaces is not None and listen is not None and listen.upper() == "N",
        ports=ports,
        rpc_valid=ports_valid and interfaces_valid,
        anonymous_rpc=_anonymous(spec, registry),
    )


def _anonymous(spec: MachineSpec, registry: Registry) -> bool:
    """Tell whether the endpoint mapper answers everybody (MS-RPCE 3.1.1.1.3; Microsoft, "Restrict Unauthenticated RPC clients").

    Without the value clients behave as with 1 from Windows XP SP2 on, and servers as with 0.
    """
    value = registry.number(RPC_POLICY, "RestrictRemoteClients")
    windows = spec.windows
    client = windows.product_type == 1 and (windows.kernel, windows.service_pack) >= ((5, 1), 2)
    return value == 0 if value is not None else not client


def _interfaces(spec: MachineSpec, registry: Registry) -> tuple[tuple[int, ...] | None, bool]:
    """Return the interface restriction and whether it can be read; only some Windows look at it at all."""
    key = rf"{SERVICES}\Rpc\Linkage"
    if not spec.windows.selective_binding or registry.value(key, "Bind") is None:
        return None, True
    listed = registry.texts(key, "Bind")
    known = {adapter.rpc_index for adapter in spec.adapters}
    if not listed or not all(entry.isdecimal() and int(entry) in known for entry in listed):
        return None, False
    return tuple(int(entry) for entry in listed), True


def _ports(registry: Registry) -> tuple[PortRanges | None, bool]:
    """Return the port ranges and whether they can be read; all three values or none must be there."""
    key = rf"{RPC}\Internet"
    names = ("Ports", "PortsInternetAvailable", "UseInternetPorts")
    if all(registry.value(key, name) is None for name in names):
        return None, True
    listed = registry.texts(key, "Ports")
    available, used = (flag.upper() if flag else "" for flag in (registry.text(key, name) for name in names[1:]))
    if not listed or available not in ("Y", "N") or used not in ("Y", "N"):
        return None, False
    ranges = tuple(_range(entry) for entry in listed)
    found = tuple(entry for entry in ranges if entry is not None)
    if len(found) != len(ranges):
        return None, False
    # The default server is inside the list for Y/Y and N/N, outside for Y/N and N/Y (same source).
    return PortRanges(found, inside=available == used), True


def _range(entry: str) -> range | None:
    first, dash, last = (part.strip() for part in entry.partition("-"))
    ends = (first, last if dash else first)
    if not all(end.isdecimal() for end in ends):
        return None
    low, high = (int(end) for end in ends)
    return range(low, high + 1) if 0 <= low <= high <= 65535 else None
