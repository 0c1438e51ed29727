# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The HTTP side of WinRM: authentication, encryption, Identify, statuses, cut connections. Knows no SOAP beyond bytes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from aiohttp import web

from ..seams import Client, SimulatedComputer
from . import names
from .authentication import Authenticator, Session, channel_to, seal, unseal
from .faults import TOO_MANY_CONNECTIONS, SoapFault
from .injection import ConnectionCut, Injector, WireFault
from .journal import Journal
from .reading import Request
from .service import Answer, WsmanService
from .shell import Caller
from .writing import escape

if TYPE_CHECKING:
    from asyncio import BaseTransport, Transport
    from ssl import SSLObject

_LOGGER = logging.getLogger(__name__)
_LOGGER.addHandler(logging.NullHandler())

_SOAP_TYPE = "application/soap+xml;charset=UTF-8"
_SPNEGO = "application/HTTP-SPNEGO-session-encrypted"
_SERVER = "Microsoft-HTTPAPI/2.0"  # (from memory)
_NOBODY = "0.0.0.0"
# What encryption adds to an envelope, and more; CredSSP adds some 200 bytes to each 16 KB.
_SEALING = 16384


@dataclass(frozen=True, slots=True)
class Policy:
    """What the service configuration of a host allows.

    Attributes:
        basic: Auth\\Basic.
        unencrypted: AllowUnencrypted.
        certificate: Auth\\Certificate.
        credssp: Auth\\CredSSP.
        kerberos: Auth\\Kerberos.
        strict_channel: Auth\\CbtHardeningLevel is Strict; else it is Relaxed, as Windows has it.
    """

    basic: bool
    unencrypted: bool
    certificate: bool = False
    credssp: bool = False
    kerberos: bool = False
    strict_channel: bool = False


class WsmanHttp:
    """WinRM of one host, as an aiohttp handler; each answer comes `latency` seconds late, and nobody else waits for it."""

    def __init__(
        self,
        computer: SimulatedComputer,
        service: WsmanService,
        policy: Policy,
        settled: Callable[[], None],
        certificate: bytes | None = None,
        *,
        latency: float = 0.0,
    ) -> None:
        """Serve a computer; over TLS with this certificate."""
        self.journal = Journal()
        self.injector = Injector()
        self.errors: list[str] = []
        self._computer = computer
        self._service = service
        self._policy = policy
        self._settled = settled
        self._latency = latency
        self._authenticator = Authenticator(
            computer,
            policy.basic,
            policy.certificate,
            policy.credssp,
            policy.kerberos,
            channel=None if certificate is None else channel_to(certificate),
            strict=policy.strict_channel,
        )
        self._sessions: WeakKeyDictionary[Transport, Session] = WeakKeyDictionary()
        self._servers: WeakSet[web.Server] = WeakSet()
        self._arrivals: WeakKeyDictionary[BaseTransport, int] = WeakKeyDictionary()
        self._arrived = 0

    @property
    def up(self) -> bool:
        """Whether connections are accepted."""
        return self._computer.up and not self.injector.lost

    def clients(self) -> tuple[Client, ...]:
        """Return who is connected now."""
        return tuple(_client(transport) for transport in self._transports())

    def _transports(self) -> list[BaseTransport]:
        served = (connection.transport for server in self._servers for connection in server.connections)
        return [transport for transport in served if transport is not None]

    def _crowded(self, transport: BaseTransport | None) -> bool:
        """Tell whether a connection is one of those beyond the limit: an open one counts, idle or not (MS-WSMV, product note 22)."""
        for other in self._transports():
            if other not in self._arrivals:
                self._arrived += 1
                self._arrivals[other] = self._arrived
        own = self._arrivals.get(transport, 0) if transport is not None else 0
        earlier = sum(self._arrivals[other] < own for other in self._transports())
        return 0 < self._service.profile.max_connections <= earlier

    def server(self) -> web.Server:
        """Return the protocol factory for one listening socket."""
        made = web.Server(
            self._edge,
            access_log=None,
            logger=_LOGGER,
            keepalive_timeout=120.0,  # http.sys drops idle connections after about two minutes (wsman facts, section 6)
            max_line_size=65536,
            max_field_size=65536,
        )
        self._servers.add(made)
        return made

    async def _edge(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request whatever happens: a bug of the simulator is a 500 and stands in the window."""
        try:
            if self._latency:
                await asyncio.sleep(self._latency)
            return await self._handle(request)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            _LOGGER.exception("a request could not be handled")
            self.errors.append(f"{type(error).__name__}: {error}")
            return _empty(500)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is None or not self.up:
            return _cut(request)
        if request.path.rstrip("/").lower() != "/wsman":
            return _empty(404)
        if request.method != "POST":
            return _empty(405)  # (from memory)
        content = await _read(request, self._service.profile.max_envelope + _SEALING)
        if content is None:
            return _empty(413)
        crowded = self._crowded(transport)
        if request.headers.get("WSMANIDENTIFY", "").lower() == "unauthenticated":
            return _soap(200, self._identity(known=False))
        session = self._sessions.setdefault(transport, Session())
        shown = _certificate(transport)
        verdict = self._authenticator.check(request.headers.get("Authorization"), session, shown, secure=request.secure)
        if verdict.account is None:
            self.journal.refused_logins += session.context is None and "Authorization" in request.headers
            return _empty(401, verdict.challenges)
        self.journal.logins += verdict.logged_in
        self.journal.bound_logins += verdict.bound
        self.journal.delegated_logins += verdict.delegated
        if not content:
            return _empty(200, verdict.challenges)
        return await self._envelope(request, session, verdict.account, content, challenges=verdict.challenges, crowded=crowded)

    async def _envelope(
        self, request: web.BaseRequest, session: Session, account: str, content: bytes, *, challenges: tuple[str, ...], crowded: bool
    ) -> web.StreamResponse:
        """Answer one envelope, sealed or plain; where it has logged in, the answer carries the login's last token."""
        kind = request.headers.get("Content-Type", "")
        sealed = kind.lower().startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))
        if sealed:
            plain = unseal(session, content)
            if plain is None:
                session.forget()
                return _empty(400)
        elif not self._policy.unencrypted and not request.secure:
            return _empty(500)
        else:
            plain = content
        if len(plain) > self._service.profile.max_envelope:
            return _empty(413)
        try:
            answer, fault = self._answer(request, account, plain, crowded=crowded)
        except ConnectionCut:
            return _cut(request)
        if answer.pause:
            await asyncio.sleep(answer.pause)
        if sealed:
            protocol = kind.partition('protocol="')[2].partition('"')[0] or _SPNEGO
            kind, body = seal(session, answer.content, protocol)
            response = _soap(answer.status, body, f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"')
        else:
            response = _soap(answer.status, answer.content)
        for challenge in challenges:
            response.headers.add("WWW-Authenticate", challenge)
        return await _send(request, response, fault)

    def _answer(self, request: web.BaseRequest, account: str, content: bytes, *, crowded: bool) -> tuple[Answer, WireFault | None]:
        """Carry a request out, and write it into the journal.

        Raises:
            ConnectionCut: an injected fault says so; the request was not carried out.
        """
        own = _client(request.transport)
        others = tuple(client for client in self.clients() if client != own)
        caller = Caller(account, own.address, f"{request.scheme}://{request.host}/wsman", own.port, others)
        # What scripts of the host have done by now is no change of this request.
        if not self._computer.up:
            raise ConnectionCut
        before = len(self._computer.changes())
        met: list[WireFault] = []
        seen: list[Request] = []

        def meet(asked: Request) -> None:
            seen.append(asked)
            if crowded:
                raise SoapFault(TOO_MANY_CONNECTIONS)
            fault = self.injector.meet(asked)
            if fault is not None:
                met.append(fault)

        machine = (request.host.rpartition(":")[0] or request.host).strip("[]")
        if _is_identify(content):
            return Answer(200, self._identity(known=True)), None
        try:
            asked, answer = self._service.answer(content, caller, machine=machine, meet=meet)
        except ConnectionCut:
            self.journal.add(seen[0], account=account, sizes=(len(content), 0), fault=None, changes=(), cut="before")
            raise
        cut = met[0].when if met and met[0].kind != "delay" else ""
        changes = self._computer.changes()[before:]
        sizes = (len(content), len(answer.content))
        self.journal.add(asked, account=account, sizes=sizes, fault=answer.fault, changes=changes, cut=cut)
        self._settled()
        return answer, met[0] if met else None

    def _identity(self, *, known: bool) -> bytes:
        """Return the answer to Identify: without a login it does not tell which Windows this is (MS-WSMV 3.1.4.1.23)."""
        os_version, pack = "0.0.0", "0.0"
        if known:
            system = self._computer.wmi.enumerate("root/cimv2", "Win32_OperatingSystem")[0].properties
            os_version = str(system["Version"])
            pack = f"{system['ServicePackMajorVersion']}.{system['ServicePackMinorVersion']}"
        version = f"OS: {os_version} SP: {pack} Stack: {self._service.profile.stack}"
        return (
            f'<s:Envelope xml:lang="en-US" xmlns:s="{names.SOAP}"><s:Header/><s:Body>'
            f'<wsmid:IdentifyResponse xmlns:wsmid="{names.IDENTITY}">'
            "<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>"
            "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
            f"<wsmid:ProductVersion>{escape(version)}</wsmid:ProductVersion></wsmid:IdentifyResponse></s:Body></s:Envelope>"
        ).encode()


def _client(transport: BaseTransport | None) -> Client:
    """Return the other end of a connection; nobody where it has been cut meanwhile."""
    name = None if transport is None else transport.get_extra_info("peername")
    return Client(str(name[0]), int(name[1])) if name else Client(_NOBODY, 0)


def _certificate(transport: BaseTransport) -> bytes | None:
    """Return the client's certificate; None without TLS, or where the client has shown none."""
    tls: SSLObject | None = transport.get_extra_info("ssl_object")
    return None if tls is None else tls.getpeercert(binary_form=True)


def _is_identify(content: bytes) -> bool:
    return names.IDENTITY.encode() in content and b"ResourceURI" not in content


async def _read(request: web.BaseRequest, limit: int) -> bytes | None:
    """Return the body, or None if it is larger than allowed; then the connection is of no further use."""
    parts = bytearray()
    async for part in request.content.iter_any():
        parts += part
        if len(parts) > limit:
            return None
    return bytes(parts)


def _empty(status: int, challenges: tuple[str, ...] = ()) -> web.Response:
    response = web.Response(status=status, headers={"Server": _SERVER})
    for challenge in challenges:
        response.headers.add("WWW-Authenticate", challenge)
    if status == 413:
        response.force_close()
    return response


def _soap(status: int, content: bytes, content_type: str = _SOAP_TYPE) -> web.Response:
    return web.Response(status=status, body=content, headers={"Server": _SERVER, "Content-Type": content_type})


def _cut(request: web.BaseRequest) -> web.Response:
    """Drop the connection with nothing sent; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return _empty(500)


async def _send(request: web.BaseRequest, response: web.Response, fault: WireFault | None) -> web.StreamResponse:
    """Send an answer as a fault of the connection leaves it."""
    transport = request.transport
    if fault is None or transport is None:
        return response
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return response
    if fault.when == "during":
        body = response.body if isinstance(response.body, bytes) else b""
        head = f"HTTP/1.1 {response.status} OK\r\nContent-Type: {response.headers['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n"
        transport.write(head.encode() + body[: len(body) // 2])
        transport.close()
        return response
    await response.prepare(request)
    await response.write_eof()
    transport.close()
    return response
