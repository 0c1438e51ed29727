# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connections that peers have at this moment to listeners of a host. Knows no plan and no hazard.

Nothing shows who began a connection. It is taken for an inbound one where a listener has its local port, since the
source port of an outgoing connection is no listener's. UDP has no connections, and a peer between two calls has none either.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from ansible_collections.netmin.windows.plugins.plugin_utils._core.answers import understood
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol, Scope, TcpRow
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, ClassMissing, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import STANDARD_CIMV2, Reader, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row

from .host import Host
from .listing import WMI_ENDPOINTS_SINCE, Listing

# MSFT_NetTCPConnection.State (Microsoft, TcpState and Get-NetTCPConnection).
ESTABLISHED = 5
PROPERTIES = ("LocalAddress", "LocalPort", "RemoteAddress", "RemotePort", "OwningProcess")


@dataclass(frozen=True, slots=True, order=True)
class Connection:
    """An established connection of a peer with a listener of the host.

    Attributes:
        local_address: the host's own address, as the host sees it; without brackets, an IPv6 zone included.
        peer_address: the peer's, as the host sees it, in the same form.
        pid: the process that holds it (of http.sys and SMB the System process); None on Windows 2000.
        process: the name of that process, or None where it is not known.
    """

    local_address: str
    local_port: int
    peer_address: str
    peer_port: int
    pid: int | None = None
    process: str | None = None


def read_connections(reader: Reader, host: Host, listing: Listing) -> tuple[Connection, ...] | None:
    """Return the connections that peers have with listeners, in order; None where the host does not let us see them.

    Raises:
        ProtocolError: a row that no host can have.
    """
    rows = read_established(reader, host, listing)
    return None if rows is None else inbound(rows, host, listing)


def read_established(reader: Reader, host: Host, listing: Listing) -> tuple[TcpRow, ...] | None:
    """Return every TCP row with a peer; None where the host does not let us see them.

    From Windows 10 and Server 2016 on they cost one query, before that nothing: netstat has listed them.

    Raises:
        ProtocolError: a row that no host can have.
    """
    return listing.connections if host.windows.nt < WMI_ENDPOINTS_SINCE or listing.connections else _read_wmi(reader)


def _read_wmi(reader: Reader) -> tuple[TcpRow, ...] | None:
    try:
        rows = reader.query("MSFT_NetTCPConnection", PROPERTIES, where=Where("State", (ESTABLISHED,)), namespace=STANDARD_CIMV2)
    except (AccessDenied, ClassMissing):
        return None
    with understood(reader.host, "list of connections by WMI"):
        return tuple(_connection(row, reader.host) for row in rows)


def _connection(row: Row, host: str) -> TcpRow:
    ends = [(row.text(f"{end}Address") or "", row.number(f"{end}Port") or 0) for end in ("Local", "Remote")]
    for address, port in ends:
        if not _is_address(address) or not 0 < port <= 65535:
            raise ProtocolError(f"{host} lists a connection at '{excerpt(address, 60)}' port {port}, which is not valid", host=host)
    (local, local_port), (peer, peer_port) = ends
    return TcpRow(local, local_port, peer, peer_port, row.number("OwningProcess"))


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def inbound(rows: tuple[TcpRow, ...], host: Host, listing: Listing) -> tuple[Connection, ...]:
    """Choose the connections that others than the host itself have with its listeners."""
    ports = {row.port for row in listing.endpoints if row.protocol is Protocol.TCP and row.scope is not Scope.LOOPBACK}
    own = Names(address for adapter in host.adapters for address in adapter.addresses)
    return tuple(
        sorted(
            Connection(
                local_address=row.local_address,
                local_port=row.local_port,
                peer_address=row.remote_address,
                peer_port=row.remote_port,
                pid=row.pid,
                process=None if row.pid is None else host.processes.get(row.pid),
            )
            for row in rows
            if row.local_port in ports and not row.ending and not _is_own(row, own)
        )
    )


def _is_own(row: TcpRow, own: Names) -> bool:
    """Tell whether the host is its own peer."""
    peer = row.remote_address.partition("%")[0]
    return ip_address(peer).is_loopback or peer in own or row.remote_address == row.local_address
