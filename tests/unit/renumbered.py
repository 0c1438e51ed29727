# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts whose services have other ports than the usual ones, as an administrator sets them: sockets, and registry values of the number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from winsim.endpoint import Protocol
from winsim.host.model import MachineSpec, SocketSpec
from winsim.registry_value import RegistryType, RegistryValue

Port = tuple[Protocol, int]


def movable(host: MachineSpec) -> tuple[Port, ...]:
    """Return the fixed ports that a service has of its own, at most one of each protocol: which of two that moved is which nobody knows."""
    services = {service.name.lower() for service in host.services if not service.driver}
    rows = [s for s in host.sockets if s.port and not s.kernel and not s.orphaned and s.owner.lower() in services]
    shared = {(s.protocol, s.port) for s in host.sockets if s not in rows}
    first: dict[tuple[str, Protocol], Port] = {}
    for row in rows:
        if (row.protocol, row.port) not in shared:
            first.setdefault((row.owner.lower(), row.protocol), (row.protocol, row.port))
    return tuple(sorted(set(first.values())))


def renumbered(host: MachineSpec, ports: Mapping[Port, int]) -> MachineSpec:
    """Return a host on which the owners of some ports listen on others."""
    numbers = {old: new for (_protocol, old), new in ports.items()}

    def moved(row: SocketSpec) -> SocketSpec:
        return replace(row, port=ports.get((row.protocol, row.port), row.port)) if not row.kernel else row

    registry = {
        key: {name: _value(name, value, numbers) for name, value in values.items()} if "FirewallRules" not in key else values
        for key, values in host.registry.items()
    }
    return replace(host, sockets=tuple(map(moved, host.sockets)), registry=registry)


def _value(name: str, value: RegistryValue, numbers: Mapping[int, int]) -> RegistryValue:
    if "port" not in name.lower():
        return value
    if value.type is RegistryType.DWORD and value.data in numbers:
        return RegistryValue.dword(numbers[int(str(value.data))])
    if value.type is RegistryType.SZ and str(value.data).isdecimal() and int(str(value.data)) in numbers:
        return RegistryValue.text(str(numbers[int(str(value.data))]))
    return value
