# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which ports the system of a host hands out, where an administrator or an installer has moved the range.

The host is asked only where a port is open that neither a recipe nor the range of a plain install explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.answers import understood
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, ClassMissing
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import STANDARD_CIMV2, Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port

from .host import Host
from .owners import LOWEST_DYNAMIC, management_ports
from .settings import Setting, read_setting

# Microsoft, MSFT_NetTCPSetting and MSFT_NetUDPSetting: Windows 8 and Windows Server 2012 at least. A setting names a range or none.
CLASSES = {Protocol.TCP: "MSFT_NetTCPSetting", Protocol.UDP: "MSFT_NetUDPSetting"}
CLASSES_SINCE = NtVersion(6, 2)
START, NUMBER = "DynamicPortRangeStartPort", "DynamicPortRangeNumberOfPorts"
# Microsoft, KB 196271 (MaxUserPort): up to Server 2003 the range goes from 1025 to this value, which is valid from 5000, its default, to
# 65534. What an invalid one does is not documented there; it counts as the default.
MAX_USER_PORT = Setting(rf"{SERVICES_KEY}\Tcpip\Parameters", "MaxUserPort", RegistryType.DWORD)
MAX_USER_PORT_UNTIL = NtVersion(5, 2)
FIRST_USER_PORT, LOWEST_LAST, HIGHEST_LAST, HIGHEST = 1025, 5000, 65534, 65535


def with_ranges(reader: Reader, host: Host, knowledge: Knowledge, endpoints: Iterable[Endpoint]) -> Host:
    """Return a host with the ranges that it hands out ports from, if what it lists makes that worth a question."""
    rows = tuple(endpoints)
    if host.ranges or not any(_is_odd(row, host, knowledge) for row in rows):
        return host
    if MAX_USER_PORT_UNTIL < host.windows.nt < CLASSES_SINCE:
        return replace(host, ranges=_inferred(host, knowledge, rows))
    return replace(host, ranges=read_ranges(reader, host.windows.nt))


def _inferred(host: Host, knowledge: Knowledge, rows: Iterable[Endpoint]) -> Mapping[Protocol, tuple[range, ...]]:
    """Tell a moved range by the RPC servers of the system itself (wininit.exe, lsass.exe, services.exe), which take its first ports.

    Windows Vista to 7 show no documented value. TCP needs none, since an RPC server's port is known by its owner; whoever moves the
    range of TCP mostly moves that of UDP along (from memory), and it is the only sign of it.
    """
    patterns = [(recipe, p) for recipe, p in knowledge.patterns(host.windows) if p.protocol is Protocol.TCP]
    servers = Names(name for recipe, p in patterns if p.port is Port.RPC for name in recipe.processes)
    fixed = {p.port for _recipe, p in patterns}
    of_servers = [
        row.port
        for row in rows
        if row.protocol is Protocol.TCP and row.port >= LOWEST_DYNAMIC and row.port not in fixed
        if row.pid is not None and host.processes.get(row.pid, "") in servers
    ]
    usual = host.dynamic_ports(Protocol.UDP, knowledge)
    if not of_servers or any(port in numbers for port in of_servers for numbers in usual):
        return {}
    return {Protocol.UDP: (*usual, range(min(of_servers), HIGHEST + 1))}


def _is_odd(row: Endpoint, host: Host, knowledge: Knowledge) -> bool:
    """Tell whether nothing that is known explains the number of a port."""
    if row.port < LOWEST_DYNAMIC or any(row.port in ports for ports in host.dynamic_ports(row.protocol, knowledge)):
        return False
    if row.protocol is Protocol.TCP and row.port in management_ports(host, knowledge):
        return False
    return not any((p.protocol, p.port) == (row.protocol, row.port) for _recipe, p in knowledge.patterns(host.windows))


def read_ranges(reader: Reader, nt: NtVersion) -> Mapping[Protocol, tuple[range, ...]]:
    """Read the ranges; of a protocol for which the host names none, or refuses to, there is no entry.

    Windows Vista to 7 keep them where no documented value shows them.
    """
    if nt <= MAX_USER_PORT_UNTIL:
        value = read_setting(reader, MAX_USER_PORT)
        last = value.data if value is not None and isinstance(value.data, int) else 0
        return {protocol: (range(FIRST_USER_PORT, last + 1),) for protocol in Protocol} if LOWEST_LAST <= last <= HIGHEST_LAST else {}
    if nt < CLASSES_SINCE:
        return {}
    found: dict[Protocol, tuple[range, ...]] = {}
    for protocol, wmi_class in CLASSES.items():
        try:
            rows = reader.query(wmi_class, (START, NUMBER), namespace=STANDARD_CIMV2)
        except (AccessDenied, ClassMissing):
            continue
        with understood(reader.host, f"query of {wmi_class}"):
            ports = tuple(dict.fromkeys(_range(row) for row in rows))
        if known := tuple(numbers for numbers in ports if numbers):
            found[protocol] = known
    return found


def _range(row: Row) -> range:
    """Return the range of one setting, an empty one where it names none that can be."""
    start, number = row.number(START) or 0, row.number(NUMBER) or 0
    return range(start, min(start + number, HIGHEST + 1)) if 0 < start <= HIGHEST and number > 0 else range(0)
