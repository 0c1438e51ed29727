# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MSFT_NetTCPConnection and MSFT_NetUDPEndpoint in root/StandardCimv2, which Windows 8 and Server 2012 brought.

Sources: Microsoft, "MSFT_NetTCPConnection class" (properties, values of State) and TCP_CONNECTION_OFFLOAD_STATE. From memory: how
an InstanceID is made up, that of the other properties only these hold a value, that an outgoing connection has a second row in
state Bound, and the properties of MSFT_NetUDPEndpoint, taken as those of its sister. AppliedSetting is null on every row here.

MSFT_NetUDPEndpoint has no OwningProcess before 10.0: its page names none, the cmdlet of 2012 and 2012 R2 shows none
(MicrosoftDocs/windows-powershell-docs, issue 1788). A query that names it is invalid there, as with any other property that a
class does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from winsim.classes import TEN
from winsim.endpoint import Protocol
from winsim.host.machine import Machine
from winsim.host.model import TcpState
from winsim.host.sockets import WILDCARD, WILDCARD_V6
from winsim.seams import Instance

from .cim import STANDARD_CIMV2, CimClass

SINCE = (6, 2)

ARRAYS = frozenset({"AvailableRequestedStates", "OperationalStatus", "StatusDescriptions"})
COMMON = (
    "AggregationBehavior", "AvailableRequestedStates", "Caption", "CommunicationStatus", "CreationTime", "Description",
    "DetailedStatus", "Directionality", "ElementName", "EnabledDefault", "EnabledState", "HealthState", "InstallDate", "InstanceID",
    "LocalAddress", "LocalPort", "Name", "OperatingStatus", "OperationalStatus", "OtherEnabledState", "OwningProcess",
    "PrimaryStatus", "RequestedState", "Status", "StatusDescriptions", "TimeOfLastStateChange", "TransitioningToState",
)  # fmt: skip
TCP_PROPERTIES = tuple(sorted((*COMMON, "AppliedSetting", "OffloadState", "RemoteAddress", "RemotePort", "State")))

LISTEN, BOUND = 2, 100
STATES = {
    TcpState.SYN_SENT: 3,
    TcpState.SYN_RECEIVED: 4,
    TcpState.ESTABLISHED: 5,
    TcpState.FIN_WAIT_1: 6,
    TcpState.FIN_WAIT_2: 7,
    TcpState.CLOSE_WAIT: 8,
    TcpState.CLOSING: 9,
    TcpState.LAST_ACK: 10,
    TcpState.TIME_WAIT: 11,
}
IN_HOST = 0


def _tcp(host: Machine) -> Iterable[Instance]:
    created = _created(host)
    for endpoint in host.visible.endpoints():
        if endpoint.protocol is Protocol.TCP:
            nobody = WILDCARD_V6 if endpoint.ipv6 else WILDCARD
            yield _row(created, (endpoint.address, endpoint.port), (nobody, 0), LISTEN, endpoint.pid)
    for connection in host.visible.connections():
        pid = host.pid(connection.process)
        local, remote = (connection.local_address, connection.local_port), (connection.remote_address, connection.remote_port)
        yield _row(created, local, remote, STATES[connection.state], pid)
        if not connection.inbound and connection.state is TcpState.ESTABLISHED:
            yield _row(created, (WILDCARD, connection.local_port), (WILDCARD, 0), BOUND, pid)


def _row(created: Callable[[int], datetime], local: tuple[str, int], remote: tuple[str, int], state: int, pid: int) -> Instance:
    return TCP.instance(
        {
            "CreationTime": created(pid),
            "InstanceID": f"{local[0]}++{local[1]}++{remote[0]}++{remote[1]}",
            "LocalAddress": local[0],
            "LocalPort": local[1],
            "OffloadState": IN_HOST,
            "OwningProcess": pid,
            "RemoteAddress": remote[0],
            "RemotePort": remote[1],
            "State": state,
        }
    )


def _udp(host: Machine) -> Iterator[Instance]:
    created = _created(host)
    for endpoint in host.visible.endpoints():
        if endpoint.protocol is Protocol.UDP:
            yield UDP.instance(
                {
                    "CreationTime": created(endpoint.pid),
                    "InstanceID": f"{endpoint.address}++{endpoint.port}",
                    "LocalAddress": endpoint.address,
                    "LocalPort": endpoint.port,
                    "OwningProcess": endpoint.pid,
                }
            )


def _created(host: Machine) -> Callable[[int], datetime]:
    """Return what tells when a process was created: the host does not note when a socket was bound."""
    known = {process.pid: process.created for process in host.processes.all}
    unknown = host.time.boot_time()
    return lambda pid: known.get(pid, unknown)


TCP = CimClass("MSFT_NetTCPConnection", STANDARD_CIMV2, ("InstanceID",), TCP_PROPERTIES, ARRAYS, since=SINCE, instances=_tcp)
UDP = CimClass(
    "MSFT_NetUDPEndpoint", STANDARD_CIMV2, ("InstanceID",), COMMON, ARRAYS, since=SINCE, later={"OwningProcess": TEN}, instances=_udp
)

CLASSES = (TCP, UDP)
