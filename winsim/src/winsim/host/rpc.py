# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which RPC interfaces a host serves at which endpoint, and what its endpoint mapper therefore lists.

It follows from what runs: an RPC server registers its interfaces at the ports that it has opened; one that has opened none registers them
at every RPC port of its process, since there it hands over all bindings of the process (Microsoft, "RpcServerInqBindings"). Who stops
takes its entries back (RpcEpUnregister, from memory), while the port stays as long as its process.

Sources: which interface is whose, with its pipe and its annotation, is what public endpoint maps show (a domain controller of 2008 R2 and
one of 2016, a server of 2019, a client of Windows 10, excerpts of 2003 and 7) and what the Microsoft open specifications name (MS-SCMR,
MS-TSCH, MS-EVEN6, MS-RPRN, MS-PAR, MS-FASP, MS-DRSR, MS-SAMR and others). From memory: those of MSDTC, Messenger, IISADMIN and of
servers of roles.
Access: MS-RPCE 3.1.1.1.3; Microsoft, policy "Restrict Unauthenticated RPC clients" (the defaults, and that it waits for a boot).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from winsim.endpoint import Protocol

from .configuration import SEQUENCES
from .network import own_address
from .rpc_filters import PROTOCOLS
from .rpc_filters import SERVICE as FILTERING
from .sockets import WILDCARD, Origin, Socket

if TYPE_CHECKING:
    from .machine import Machine

ALWAYS = (99, 99)
PIPES = "ncacn_np"
OVER_TCP = PROTOCOLS["ncacn_ip_tcp"]


@dataclass(frozen=True, slots=True)
class RpcInterface:
    """One interface of a server.

    Attributes:
        pipe: the pipe that the map lists, without its beginning; "" where it lists none.
        since, until: on which Windows it is there.
        pipe_only_since: from this Windows on it is registered at its pipe and at no port.
        controller: it is registered on domain controllers alone.
    """

    uuid: str
    major: int = 1
    minor: int = 0
    annotation: str = ""
    pipe: str = ""
    since: tuple[int, int] = (5, 0)
    until: tuple[int, int] = ALWAYS
    pipe_only_since: tuple[int, int] = ALWAYS
    controller: bool = False


@dataclass(frozen=True, slots=True)
class RpcRegistration:
    """One entry of the endpoint map."""

    interface: RpcInterface
    sequence: str
    endpoint: str
    address: str
    owner: str


INTERFACES: Mapping[str, tuple[RpcInterface, ...]] = {
    "certsvc": (RpcInterface("91ae6020-9e3c-11cf-8d7c-00aa00c091be", 0, pipe="cert"),),
    "clussvc": (RpcInterface("b97db8b2-4c63-11cf-bff6-08002be23f2f", 3),),
    "dfsr": (RpcInterface("897e2e5f-93f3-4376-9c9c-fd2277495c27", annotation="Frs2 Service"),),
    "dhcp": (
        RpcInterface("3c4728c5-f0ab-448b-bda1-6ce01eb0a6d5", annotation="DHCP Client LRPC Endpoint", since=(6, 0)),
        RpcInterface("3c4728c5-f0ab-448b-bda1-6ce01eb0a6d6", annotation="DHCPv6 Client LRPC Endpoint", since=(6, 0)),
    ),
    "dhcpserver": (
        RpcInterface("6bffd098-a112-3610-9833-46c3f874532d", pipe="dhcpserver"),
        RpcInterface("5b821720-f63b-11d0-aad2-00c04fc324db", pipe="dhcpserver"),
    ),
    "dns": (RpcInterface("50abc2a4-574d-40b3-9d66-ee4fd5fba076", 5),),
    "eventlog": (RpcInterface("f6beaff7-1e19-4fbb-9f8f-b89e2018337c", annotation="Event log TCPIP", pipe="eventlog", since=(6, 0)),),
    "fax": (RpcInterface("ea0a3165-4834-11d2-a6f8-00c04fa346cc", 4),),
    "iisadmin": (RpcInterface("82ad4280-036b-11cf-972c-00aa006887b0", 2, pipe="INETINFO"),),
    "ikeext": (RpcInterface("a398e520-d59a-4bdd-aa7a-3c1e0303a511", annotation="IKE/Authip API", since=(6, 0)),),
    "iphlpsvc": (
        RpcInterface("552d076a-cb29-4e44-8b6a-d15e59e2c0af", annotation="IP Transition Configuration endpoint", since=(6, 0)),
        RpcInterface("2e6035b2-e8f1-41a7-a044-656b439c4c34", annotation="Proxy Manager provider server endpoint", since=(6, 2)),
        RpcInterface("c36be077-e14b-4fe9-8abc-e856ef4f048b", annotation="Proxy Manager client server endpoint", since=(6, 2)),
    ),
    "ktmrm": (RpcInterface("906b0ce0-c70b-1067-b317-00dd010662da"),),
    "lsass": (
        RpcInterface("12345778-1234-abcd-ef00-0123456789ac", pipe="lsass"),
        RpcInterface("12345778-1234-abcd-ef00-0123456789ab", 0, pipe="lsass", controller=True),
        RpcInterface("12345678-1234-abcd-ef00-01234567cffb", pipe="lsass", controller=True),
    ),
    "messenger": (RpcInterface("5a7b91f8-ff00-11d0-a9b2-00c04fb6e6fc", annotation="Messenger Service", pipe="ntsvcs"),),
    "msdtc": (RpcInterface("906b0ce0-c70b-1067-b317-00dd010662da"),),
    "ntds": (
        RpcInterface("e3514235-4b06-11d1-ab04-00c04fc2dcd2", 4, annotation="MS NT Directory DRS Interface", pipe="lsass"),
        RpcInterface("f5cc5a18-4264-101a-8c59-08002b2f8426", 56, annotation="MS NT Directory NSP Interface", pipe="lsass"),
    ),
    "policyagent": (
        RpcInterface("12345678-1234-abcd-ef00-0123456789ab", annotation="IPSec Policy agent endpoint", pipe="lsass", until=(6, 1)),
        RpcInterface("6b5bdd1e-528c-422c-af8c-a4079be4fe48", annotation="Remote Fw APIs", since=(6, 0)),
    ),
    "schedule": (
        RpcInterface("86d35949-83c9-4044-b424-db363231fd0c", pipe="atsvc", since=(6, 0)),
        RpcInterface("3a9ef155-691d-4449-8d05-09ad57031823", pipe="atsvc", since=(6, 2)),
        RpcInterface("1ff70682-0a51-30e8-076d-740be8cee98b", pipe="atsvc", pipe_only_since=(6, 0)),
        RpcInterface("378e52b0-c0a9-11cf-822d-00aa0051e40f", pipe="atsvc", pipe_only_since=(6, 0)),
        RpcInterface("0a74ef1c-41a4-4e06-83ae-dc74fb1cdd53", pipe="atsvc", since=(5, 1), pipe_only_since=(6, 0)),
    ),
    "services": (RpcInterface("367abb81-9844-35f1-ad32-98f038001003", 2, since=(6, 0)),),
    "spooler": (
        RpcInterface("12345678-1234-abcd-ef00-0123456789ab"),
        RpcInterface("76f03f96-cdfd-44fc-a22c-64950a001209", since=(6, 0)),
        RpcInterface("0b6edbfa-4a24-4fc6-8a23-942b1eca65d1", since=(6, 0)),
        RpcInterface("4a452661-8290-4b36-8fbe-7f4093a94978", since=(6, 0)),
        RpcInterface("ae33069b-a2a8-46ee-a235-ddfd339be281", since=(6, 0)),
    ),
    "termservlicensing": (
        RpcInterface("3d267954-eeb7-11d1-b94e-00c04fa3080d", pipe="TermServLicensing"),
        RpcInterface("12d4b7c8-77d5-11d1-8c24-00c04fa3080d", pipe="HydraLsPipe"),
    ),
    "trksvr": (RpcInterface("4da1c422-943d-11d1-acae-00c04fc2aa3f", pipe="trksvr"),),
    "tssdis": (RpcInterface("aa177641-fc9b-41bd-80ff-f964a701596f"), RpcInterface("6af13c8b-0844-4c83-9064-1892ba825527")),
    "usermanager": (
        RpcInterface("0d3c7f20-1c8d-4654-a1b3-51563b298bda", annotation="UserMgrCli", since=(10, 0)),
        RpcInterface("b18fbab6-56f8-4702-84e0-41053293a869", annotation="UserMgrCli", since=(10, 0)),
    ),
    "winhttpautoproxysvc": (RpcInterface("3473dd4d-2e88-4006-9cba-22570909dd10", 5, 1, "WinHttp Auto-Proxy Service", since=(6, 0)),),
    "wininit": (RpcInterface("d95afe70-a6d5-4259-822e-2c84da1ddb0d", pipe="InitShutdown"),),
}
"""By what owns them: a service, or a process that serves them by itself."""

MAPPER = (RpcInterface("e1af8308-5d1f-11c9-91a4-08002b14a0fa", 3), RpcInterface("99fcfec4-5260-101b-bbcb-00aa0021347a", 0))
"""What the mapper's own port serves: the mapper, and the object exporter of COM (MS-DCOM 1.9); no map lists them."""


class RpcServers:
    """The RPC servers of one host, as they are now."""

    def __init__(self, host: Machine) -> None:
        self._host = host

    def registrations(self) -> list[RpcRegistration]:
        """Return the endpoint map."""
        return [entry for owner in sorted(INTERFACES) for entry in self._of(owner)]

    def refuses(self, uuid: str, sids: Collection[str]) -> bool:
        """Tell whether a filter refuses somebody's calls over TCP to an interface; without the filtering engine nothing is filtered."""
        service = self._host.services.find(FILTERING)
        return service is not None and service.running and self._host.rpc_filters.block(uuid, OVER_TCP, sids)

    def offered(self, port: int) -> list[RpcInterface] | None:
        """Return the interfaces that answer at a TCP port; None where the port is no RPC server's.

        What is registered at a pipe alone answers at every port of its process as well, as long as it does not look who calls.
        """
        held = [row for row in self._sockets(Protocol.TCP) if row.port == port]
        if any(row.origin is Origin.MAPPER for row in held):
            return list(MAPPER)
        if not held:
            return None
        processes = {row.process for row in held}
        return [item for owner in INTERFACES if self._process(owner) in processes for item in self._interfaces(owner)]

    def _sockets(self, protocol: Protocol) -> Iterator[Socket]:
        origins = (Origin.RPC, Origin.MAPPER)
        return (row for row in self._host.network.sockets.all if row.protocol is protocol and row.origin in origins)

    def _of(self, owner: str) -> Iterator[RpcRegistration]:
        process, windows = self._process(owner), self._host.spec.windows
        if process is None:
            return
        name = rf"\\{windows.computer}"
        for item in self._interfaces(owner):
            if item.pipe:
                yield RpcRegistration(item, PIPES, rf"\PIPE\{item.pipe}", name, owner)
            if windows.kernel < item.pipe_only_since:
                for protocol, sequence in SEQUENCES.items():
                    for port, address in self._ports(owner, process, protocol):
                        yield RpcRegistration(item, sequence, str(port), address, owner)

    def _ports(self, owner: str, process: str, protocol: Protocol) -> list[tuple[int, str]]:
        """Return ports and addresses: those that the server has opened itself, else all that its process has."""
        rows = [row for row in self._sockets(protocol) if row.origin is Origin.RPC and row.process == process and ":" not in row.address]
        others = {server.owner.lower() for server in self._host.spec.rpc_servers}
        rows = [row for row in rows if row.owner.lower() == owner] if owner in others else rows
        own = own_address(self._host.spec)
        return [(row.port, own if row.address == WILDCARD else row.address) for row in rows]

    def _process(self, owner: str) -> str | None:
        """Return the process in which a server runs now."""
        service = self._host.services.find(owner)
        if service is not None and not service.spec.driver:
            return service.spec.process if service.running else None
        return owner if self._host.processes.get(owner) is not None else None

    def _interfaces(self, owner: str) -> Iterator[RpcInterface]:
        windows = self._host.spec.windows
        controller = windows.domain_role >= 4
        return (item for item in INTERFACES[owner] if item.since <= windows.kernel <= item.until and (controller or not item.controller))
