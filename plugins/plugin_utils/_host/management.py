# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The management path: which of WinRM's listeners is in use, and by which peers, as the host itself sees it.

The port of the inventory and our own address may be translated on the way, so that neither is looked at. What WinRM's
configuration and the connections of the host do not show is not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import TcpRow
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .connections import Connection, inbound, read_established
from .host import Host, read_dependencies, read_services
from .listing import Listing
from .owners import SYSTEM_PIDS
from .start import not_at_boot

WINRM_SERVICE = "WinRM"
NO_LISTENERS = "WinRM does not show its listeners"
NO_CONNECTIONS = "the host does not show its connections"
NOT_IN_USE = "the host shows no connection to a WinRM listener, not even that of this session"


@dataclass(frozen=True, slots=True)
class ManagementPath:
    """What the session goes through.

    Attributes:
        listeners: WinRM's own that are enabled.
        connections: all that peers have with them at this moment; the session's own is among them, and nothing tells which it is.
        others: those that peers have with other listeners of the host.
        unknown: why the path is not known; empty where it is.
        console: nobody manages the host over the network: there is no session that a rule could cut.
    """

    listeners: tuple[WinrmListener, ...]
    connections: tuple[TcpRow, ...] = ()
    others: tuple[Connection, ...] = ()
    unknown: str = ""
    console: bool = False


AT_THE_CONSOLE = ManagementPath((), console=True)
"""The path of a host whose plan somebody carries out at its console."""


def read_path(reader: Reader, host: Host, listing: Listing) -> ManagementPath:
    """Find out what the session goes through.

    Raises:
        ProtocolError: a connection that no host can have.
    """
    listeners = tuple(listener for listener in host.management if listener.enabled)
    if not listeners:
        return ManagementPath((), unknown=NO_LISTENERS)
    rows = read_established(reader, host, listing)
    if rows is None:
        return ManagementPath(listeners, unknown=NO_CONNECTIONS)
    ports = {listener.port for listener in listeners}
    # A session through a tunnel that ends on the host itself has the loopback as its peer, and counts.
    # A socket of another process on such a port is not WinRM's, which http.sys holds in the System process.
    ours = [row for row in rows if row.local_port in ports and (row.pid is None or row.pid in SYSTEM_PIDS)]
    found = tuple(sorted(row for row in ours if not row.ending))
    others = tuple(peer for peer in inbound(rows, host, listing) if peer.local_port not in ports or peer.pid not in (None, *SYSTEM_PIDS))
    return ManagementPath(listeners, found, others, "" if found else NOT_IN_USE)


def not_after_a_boot(reader: Reader, nt: NtVersion) -> str:
    """Say why WinRM would not answer after a restart; empty where it would.

    Every client Windows from 7 on comes with WinRM on Manual.
    """
    dependents, requires = read_dependencies(reader)
    return not_at_boot(WINRM_SERVICE, reader, read_services(reader, nt, dependents), dependents, requires)
