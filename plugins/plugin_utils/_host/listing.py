# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List a host's endpoints, and tell the rows that are suspected to be no listener at all.

On Windows 2000 and XP netstat shows the source port of every outgoing TCP connection as LISTENING on all
addresses (article; fixed in Server 2003). Direction is not visible, so such a row is only ever suspected.
From Windows 10 and Server 2016 on WMI lists endpoints with their owners, and no command shell is needed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.answers import understood
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol, Scope, TcpRow
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ClassMissing, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import COLLECTED, STANDARD_CIMV2, Reader, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Version

from . import netstat
from .dynamic_ports import HIGHEST, read_ranges

# Where a port can have been handed out by a system: 1025 to 5000 up to Server 2003, 49152 up from Vista (KB 832017).
DYNAMIC_ANYWHERE = ((1025, 5000), (49152, 65535))
# Microsoft, MSFT_NetTCPConnection and MSFT_NetUDPEndpoint: Windows 8 and Windows Server 2012 at least. Up to Windows 8.1
# MSFT_NetUDPEndpoint has no OwningProcess (win32 documentation of the class; Get-NetUDPEndpoint of 2012 and 2012 R2 shows none;
# windows-powershell-docs issue 1788), so that netstat has to say who owns what.
WMI_ENDPOINTS_SINCE = NtVersion(10, 0)
ENDPOINT_PROPERTIES = ("LocalAddress", "LocalPort", "OwningProcess")
# Of so many suspects each is told by itself: a busy proxy has thousands of outgoing connections.
MOST_TOLD = 32
# MSFT_NetTCPConnection.State; 100 (bound, not listening) is no listener.
LISTEN = 2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row that looks like a listener and is probably the source port of a connection."""

    endpoint: Endpoint
    connection: TcpRow

    @property
    def reason(self) -> str:
        """Why the row is suspected, in one sentence."""
        peer = f"{self.connection.remote_address}:{self.connection.remote_port}"
        return f"netstat of this Windows also lists the source port of the outgoing connection to {peer} as LISTENING"


def suspicions(suspects: Sequence[Suspect]) -> tuple[tuple[Endpoint, str, int], ...]:
    """Say of each suspect why it is one, and of very many once: the first, a reason for all, and how many they are."""
    if len(suspects) <= MOST_TOLD:
        return tuple((suspect.endpoint, suspect.reason, 1) for suspect in suspects)
    first = suspects[0]
    return ((first.endpoint, f"{first.reason}, and those of {len(suspects) - 1} more connections", len(suspects)),)


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of a host."""

    endpoints: tuple[Endpoint, ...]
    connections: tuple[TcpRow, ...]
    suspects: tuple[Suspect, ...] = ()


def read_listing(reader: Reader, version: Version, settled_ports: Collection[int], own_ports: Collection[int] = ()) -> Listing:
    """List endpoints; where a row is suspected, list again and believe what both listings show of it.

    Args:
        settled_ports: TCP ports never suspected: the management path's and those that a recipe names.
        own_ports: TCP ports of the management path, to one of which this session is connected.

    Raises:
        ProtocolError: the command failed or showed no row at all.
    """
    sockets = _read(reader, version, own_ports)
    dynamic = _dynamic_ports(reader, version, sockets, settled_ports) if version.false_listening else ()
    suspects = suspected(sockets, dynamic, settled_ports)
    false_rows = {suspect.endpoint for suspect in suspects}
    if suspects:
        once_more = _read(reader, version, own_ports)
        again = suspected(once_more, dynamic, settled_ports)
        suspects = tuple(suspect for suspect in suspects if suspect in again)
        # A row that went with its connection is no listener either; one that outlived it is.
        false_rows -= set(once_more.endpoints) - {suspect.endpoint for suspect in suspects}
    return Listing(tuple(row for row in sockets.endpoints if row not in false_rows), sockets.connections, suspects)


def _read(reader: Reader, version: Version, own_ports: Collection[int]) -> netstat.Sockets:
    if version.nt >= WMI_ENDPOINTS_SINCE:
        try:
            return _read_wmi(reader)
        except ClassMissing:
            # The fault does not tell a missing class from a refused one; netstat is everywhere.
            logger.info("%s does not show MSFT_NetTCPConnection; netstat is asked instead", reader.host)
    return _read_netstat(reader, version, own_ports)


def _read_wmi(reader: Reader) -> netstat.Sockets:
    """Read endpoints from WMI: listening TCP rows only, since a busy server has thousands of others."""
    listening = Where("State", (LISTEN,))
    tcp = reader.query("MSFT_NetTCPConnection", ENDPOINT_PROPERTIES, where=listening, namespace=STANDARD_CIMV2)
    udp = reader.query("MSFT_NetUDPEndpoint", ENDPOINT_PROPERTIES, namespace=STANDARD_CIMV2)
    rows = [(Protocol.TCP, row) for row in tcp] + [(Protocol.UDP, row) for row in udp]
    with understood(reader.host, "list of endpoints by WMI"):
        return netstat.Sockets(tuple(_endpoint(protocol, row, reader.host) for protocol, row in rows), ())


def _endpoint(protocol: Protocol, row: Row, host: str) -> Endpoint:
    address, port = row.text("LocalAddress") or "", row.number("LocalPort")
    endpoint = Endpoint(protocol, address, port or 0, row.number("OwningProcess"))
    try:
        valid = bool(endpoint.ip) and 0 < endpoint.port <= 65535
    except ValueError:
        valid = False
    if not valid:
        raise ProtocolError(f"{host} lists an endpoint at '{excerpt(address, 60)}' port {port}, which is not valid", host=host)
    return endpoint


def _read_netstat(reader: Reader, version: Version, own_ports: Collection[int]) -> netstat.Sockets:
    output = reader.command(*version.netstat)
    with understood(reader.host, f"'{' '.join(version.netstat)}'"):
        sockets = netstat.parse(output.stdout, with_pid="-ano" in version.netstat, own_ports=own_ports)
    # Of a host that answers over the network at least what answers is listed.
    nothing = output.stderr == COLLECTED and netstat.is_empty(output.stdout)
    if output.exit_code or not (sockets.endpoints or nothing):
        raise ProtocolError(
            f"'{' '.join(version.netstat)}' on {reader.host} ended with {output.exit_code} and listed {len(sockets.endpoints)} endpoints",
            host=reader.host,
        )
    return sockets


def _dynamic_ports(reader: Reader, version: Version, sockets: netstat.Sockets, settled_ports: Collection[int]) -> tuple[range, ...]:
    """Return the ports from which the source ports of connections are taken: as the host says, else as its Windows comes.

    The host is asked only where a row outside the range that its Windows comes with would be suspected in a wider one.
    """
    first, last = version.dynamic_ports
    plain = (range(first, last + 1),)
    if suspected(sockets, (range(first, HIGHEST + 1),), settled_ports) == suspected(sockets, plain, settled_ports):
        return plain
    return read_ranges(reader, version.nt).get(Protocol.TCP) or plain


def suspected(sockets: netstat.Sockets, dynamic: Sequence[range], settled_ports: Collection[int]) -> tuple[Suspect, ...]:
    """Return the wildcard LISTENING rows of one listing that are probably source ports.

    Only a dynamic port, on which exactly one connection exists, whose peer's port is in no
    dynamic range, and that is neither WinRM's nor named by a recipe.
    """
    by_port: dict[int, list[TcpRow]] = {}
    for connection in sockets.connections:
        by_port.setdefault(connection.local_port, []).append(connection)
    found = []
    for row in sockets.endpoints:
        if row.protocol is not Protocol.TCP or row.scope is not Scope.WILDCARD:
            continue
        if row.port in settled_ports or not any(row.port in ports for ports in dynamic):
            continue
        peers = by_port.get(row.port, [])
        if len(peers) == 1 and not any(low <= peers[0].remote_port <= high for low, high in DYNAMIC_ANYWHERE):
            found.append(Suspect(row, peers[0]))
    return tuple(found)
