# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List a host's endpoints, and tell the rows that are suspected to be no listener at all.

On Windows 2000 and XP netstat shows the source port of every outgoing TCP connection as LISTENING on all
addresses (article; fixed in Server 2003). Direction is not visible, so such a row is only ever suspected.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Connection, Endpoint, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Version

from . import netstat

# Where a port can have been handed out by a system: 1025 to 5000 up to Server 2003, 49152 up from Vista (KB 832017).
DYNAMIC_ANYWHERE = ((1025, 5000), (49152, 65535))


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row that looks like a listener and is probably the source port of a connection."""

    endpoint: Endpoint
    connection: Connection

    @property
    def reason(self) -> str:
        """Why the row is suspected, in one sentence."""
        peer = f"{self.connection.remote_address}:{self.connection.remote_port}"
        return f"netstat of this Windows also lists the source port of the outgoing connection to {peer} as LISTENING"


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of a host."""

    endpoints: tuple[Endpoint, ...]
    connections: tuple[Connection, ...]
    suspects: tuple[Suspect, ...] = ()


def read_listing(reader: Reader, version: Version, settled_ports: Collection[int]) -> Listing:
    """List endpoints; where a row is suspected, list again and believe what both listings show of it.

    Args:
        settled_ports: TCP ports never suspected: the management path's and those that a recipe names.

    Raises:
        ProtocolError: the command failed or showed no row at all.
    """
    sockets = _read(reader, version)
    suspects = suspected(sockets, version, settled_ports) if version.false_listening else ()
    false_rows = {suspect.endpoint for suspect in suspects}
    if suspects:
        once_more = _read(reader, version)
        again = suspected(once_more, version, settled_ports)
        suspects = tuple(suspect for suspect in suspects if suspect in again)
        # A row that went with its connection is no listener either; one that outlived it is.
        false_rows -= set(once_more.endpoints) - {suspect.endpoint for suspect in suspects}
    return Listing(tuple(row for row in sockets.endpoints if row not in false_rows), sockets.connections, suspects)


def _read(reader: Reader, version: Version) -> netstat.Sockets:
    output = reader.command(*version.netstat)
    sockets = netstat.parse(output.stdout, with_pid="-ano" in version.netstat)
    if output.exit_code or not sockets.endpoints:
        raise ProtocolError(
            f"'{' '.join(version.netstat)}' on {reader.host} ended with {output.exit_code} and listed {len(sockets.endpoints)} endpoints",
            host=reader.host,
        )
    return sockets


def suspected(sockets: netstat.Sockets, version: Version, settled_ports: Collection[int]) -> tuple[Suspect, ...]:
    """Return the wildcard LISTENING rows of one listing that are probably source ports.

    Only a port of the dynamic range, on which exactly one connection exists, whose peer's port is in no
    dynamic range, and that is neither WinRM's nor named by a recipe.
    """
    first, last = version.dynamic_ports
    found = []
    for row in sockets.endpoints:
        if row.protocol is not Protocol.TCP or row.scope is not Scope.WILDCARD:
            continue
        if row.port in settled_ports or not first <= row.port <= last:
            continue
        peers = [connection for connection in sockets.connections if connection.local_port == row.port]
        if len(peers) == 1 and not any(low <= peers[0].remote_port <= high for low, high in DYNAMIC_ANYWHERE):
            found.append(Suspect(row, peers[0]))
    return tuple(found)
