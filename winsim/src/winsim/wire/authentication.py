# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is calling: Basic, client certificates, and NTLM and Kerberos with their message encryption; NTLM in CredSSP as well.

The state of a login belongs to one TCP connection.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from ..certificate import user_of
from ..seams import Computer

# MS-NLMP 2.2.1.3: where an AUTHENTICATE message holds domain and user, and the flag for UTF-16.
_SIGNATURE = b"NTLMSSP\x00"
_NEGOTIATE, _AUTHENTICATE = 1, 3
_DOMAIN_AT, _USER_AT, _FLAGS_AT = 28, 36, 60
_UNICODE = 1
# Where it holds the response to the challenge; where in that, from NTLMv2 on, the pairs begin, and the one with the hash of a TLS channel
# (2.2.2.1, 2.2.2.7).
_RESPONSE_AT, _PAIRS_AT, _CHANNEL, _PAIRS_END = 20, 44, 10, 0
_NO_CHANNEL = bytes(16)

# What a client sends in the header Authorization where its certificate is to log it in (DSP0226, security profiles).
_MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

# The first token of a dialogue in the frame of RFC 2743, section 3.1, and the mechanism that it names where it is Kerberos, of RFC 4121.
_FIRST = b"\x60"
_KERBEROS = bytes.fromhex("06092a864886f712010202")
_LONGEST_FRAME = 8

_CREDSSP = "application/HTTP-CredSSP-session-encrypted"
_RECORD = 16384

# What Kerberos calls a login that was bound to a channel (GSS_C_CHANNEL_BOUND_FLAG of MIT krb5 1.19, gssapi_ext.h).
_BOUND = 2048

# The acceptor reads its accounts from a file that an environment variable of the whole process names.
_USER_FILE = "NTLM_USER_FILE"
_environment = threading.Lock()


@dataclass(slots=True)
class Session:
    """What one TCP connection has agreed on: nothing yet, a dialogue under way, or an account."""

    account: str | None = None
    acceptor: Acceptor | None = None
    context: Any = None
    complete: bool = False

    def forget(self) -> None:
        """Start anew."""
        self.account, self.acceptor, self.context, self.complete = None, None, None, False


@dataclass(slots=True)
class Acceptor:
    """The host's end of a dialogue of NTLM or Kerberos, bare or inside SPNEGO; CredSSP has one inside its own.

    Attributes:
        kerberos: Kerberos is taken; the keytab is the process's own (KRB5_KTNAME).
        channel: the TLS channel that the login comes through. One that is bound to another is refused.
        strict: one that is bound to none is refused as well.
        account: who has been let in.
        bound: the login was bound to the channel.
        refused: the last token was not taken.
    """

    computer: Computer
    kerberos: bool = False
    channel: GssChannelBindings | None = None
    strict: bool = False
    account: str | None = None
    bound: bool = False
    refused: bool = False
    _context: Any = None

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to say."""
        return self._context is not None and bool(self._context.complete)

    @property
    def delegated(self) -> bool:
        """Whether the client has handed its ticket over."""
        return self.account is not None and bool(self._context.context_attr & spnego.ContextReq.delegate)

    def step(self, token: bytes) -> bytes | None:
        """Take a token of the client and return the answer to it.

        Raises:
            SpnegoError, ValueError, struct.error: it is refused.
        """
        user = _ntlm_user(token)
        password = None if user is None else self.computer.password_of(user)
        self.refused = True
        with _accounts(token, password):
            if self._context is None:
                self._context = spnego.server(protocol=_protocol_of(token))
            # Of NTLM's binding this library knows no relaxed way.
            answer: bytes | None = self._context.step(token, channel_bindings=self.channel if user is None else None)
        if self.complete and self.channel is not None:
            self.bound = self._binds(token)
            if self.strict and not self.bound:
                raise ValueError("the login is not bound to its TLS channel")
        self.refused = False
        if self.complete and self._context.negotiated_protocol == "kerberos":
            user = self._context.client_principal.partition("@")[0] if self.kerberos else None
            password = None if user is None else self.computer.password_of(user)
        if user is not None and password is not None:
            self.account = self.computer.authenticate(user, password)
        return answer

    def _binds(self, token: bytes) -> bool:
        """Tell whether the login that this token has completed is bound to the channel.

        Raises:
            ValueError: it is bound to another.
        """
        if self._context.negotiated_protocol == "kerberos":
            # Kerberos itself has refused another's; the wrapper of this library shows no flag that it does not know.
            inner = getattr(self._context, "_context", None)
            flags = getattr(self._context, "_context_attr", 0) | getattr(inner, "_context_attr", 0)
            return bool(flags & _BOUND)
        shown = _ntlm_channel(token)
        if shown != _NO_CHANNEL and self.channel is not None and shown != hashlib.md5(self.channel.pack()).digest():
            raise ValueError("the login is bound to another TLS channel")
        return shown != _NO_CHANNEL

    def wrap(self, data: bytes) -> Any:
        """Seal what CredSSP sends inside its own."""
        return self._context.wrap(data)

    def unwrap(self, data: bytes) -> Any:
        """Open what CredSSP receives."""
        return self._context.unwrap(data)

    def wrap_winrm(self, data: bytes) -> Any:
        """Seal a message of WinRM."""
        return self._context.wrap_winrm(data)

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        """Open a message of WinRM."""
        return bytes(self._context.unwrap_winrm(header, data))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one request's credentials: an account, or nobody; and what the answer says in WWW-Authenticate."""

    account: str | None
    challenges: tuple[str, ...] = ()
    logged_in: bool = False
    bound: bool = False
    delegated: bool = False


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Checks the credentials that reach one host.

    Attributes:
        basic: Basic is offered beside Negotiate.
        credssp: CredSSP is offered beside Negotiate.
        kerberos: Kerberos is offered, by itself and in Negotiate; an account is whoever the realm knows by the same name.
        certificate: client certificates are taken; each account of the host has a mapping to its own.
        channel: the TLS channel to the host, by its own certificate (RFC 5929, section 4).
        strict: over TLS a login of NTLM or Kerberos must be bound to it.
    """

    computer: Computer
    basic: bool
    certificate: bool = False
    credssp: bool = False
    kerberos: bool = False
    channel: GssChannelBindings | None = None
    strict: bool = False
    _refused: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        offered = (("Negotiate", True), ("Kerberos", self.kerberos), ('Basic realm="WSMAN"', self.basic), ("CredSSP", self.credssp))
        object.__setattr__(self, "_refused", tuple(challenge for challenge, wanted in offered if wanted))

    def check(self, authorization: str | None, session: Session, shown: bytes | None = None, *, secure: bool = False) -> Verdict:
        """Return what the header and the connection's state amount to; changes the state.

        Args:
            shown: the client's certificate, where TLS has asked for one and found it good.
            secure: the request came over TLS.
        """
        if authorization is None:
            if session.complete and session.account is not None:
                return Verdict(session.account)
            return self._refuse(session)
        if authorization == _MUTUAL and self.certificate:
            return self._mutual(shown, session)
        scheme, _blank, value = authorization.partition(" ")
        try:
            token = base64.b64decode(value, validate=True)
        except (ValueError, binascii.Error):
            return self._refuse(session)
        if scheme.lower() == "basic" and self.basic:
            return self._basic(token, session)
        if scheme.lower() == "negotiate" or (scheme.lower() == "kerberos" and self.kerberos):
            return self._negotiate(scheme, token, session, secure=secure)
        if scheme.lower() == "credssp" and self.credssp:
            return self._credssp(token, session)
        return self._refuse(session)

    def _refuse(self, session: Session) -> Verdict:
        session.forget()
        return Verdict(None, self._refused)

    def _basic(self, token: bytes, session: Session) -> Verdict:
        user, _colon, password = token.decode("utf-8", "replace").partition(":")
        account = self.computer.authenticate(user, password)
        return self._refuse(session) if account is None else Verdict(account, logged_in=True)

    def _mutual(self, shown: bytes | None, session: Session) -> Verdict:
        """Let the account in to which a certificate is mapped; the header comes with each request, the login once a connection."""
        before = session.account
        user = None if shown is None else user_of(shown)
        password = None if user is None else self.computer.password_of(user)
        if user is None or password is None:
            return self._refuse(session)
        session.account = self.computer.authenticate(user, password)
        return Verdict(session.account, logged_in=before is None)

    def _negotiate(self, scheme: str, token: bytes, session: Session, *, secure: bool) -> Verdict:
        if session.complete or _message_at(token, _NEGOTIATE) >= 0 or token.startswith(_FIRST):
            session.forget()
        if session.acceptor is None:
            session.acceptor = Acceptor(self.computer, self.kerberos, self.channel if secure else None, self.strict)
        acceptor = session.context = session.acceptor
        return self._stepped(scheme, token, session, acceptor)

    def _credssp(self, token: bytes, session: Session) -> Verdict:
        """Take a token of TLS, in which NTLM and then the password come (MS-CSSP 3.1.5)."""
        if session.complete:
            session.forget()
        acceptor = session.acceptor = session.acceptor or Acceptor(self.computer)
        if session.context is None:
            session.context = spnego.server(protocol="credssp", credssp_negotiate_context=acceptor)
        return self._stepped("CredSSP", token, session, acceptor)

    def _stepped(self, scheme: str, token: bytes, session: Session, acceptor: Acceptor) -> Verdict:
        """Take the next token of a dialogue."""
        try:
            answer = session.context.step(token)
        except (SpnegoError, ValueError, struct.error):
            return self._refuse(session)
        if acceptor.complete and acceptor.account is None:
            return self._refuse(session)
        challenge = f"{scheme} {base64.b64encode(answer or b'').decode()}".rstrip()
        if acceptor.refused:
            # CredSSP has wrapped up why.
            session.forget()
            return Verdict(None, (challenge,))
        if not session.context.complete:
            return Verdict(None, (challenge,))
        session.account, session.complete = acceptor.account, True
        return Verdict(session.account, (challenge,) if answer else (), logged_in=True, bound=acceptor.bound, delegated=acceptor.delegated)


def channel_to(certificate: bytes) -> GssChannelBindings:
    """Return the binding of a TLS channel to a server with this certificate, which is signed with SHA-256 (RFC 5929, section 4.1)."""
    return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(certificate).digest())


def seal(session: Session, content: bytes, protocol: str) -> tuple[str, bytes]:
    """Return an envelope encrypted for this connection, and the media type of that (MS-WSMV 2.2.9.1).

    CredSSP encrypts 16 KB at a time, as much as a record of TLS holds.
    """
    size = _RECORD if protocol == _CREDSSP else len(content)
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    kind = "multipart/encrypted" if len(parts) == 1 else "multipart/x-multi-encrypted"
    return kind, b"".join(_sealed(session, part, protocol) for part in parts) + b"--Encrypted Boundary--\r\n"


def _sealed(session: Session, content: bytes, protocol: str) -> bytes:
    wrapped = session.context.wrap_winrm(content)
    length = len(content) + wrapped.padding_length
    header, sealed = bytes(wrapped.header), bytes(wrapped.data)
    head = (
        f"--Encrypted Boundary\r\n\tContent-Type: {protocol}\r\n"
        f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={length}\r\n"
        "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
    )
    return head.encode() + struct.pack("<I", len(header)) + header + sealed


def unseal(session: Session, content: bytes) -> bytes | None:
    """Return the envelope inside an encrypted body; None if it was not sealed for this connection."""
    end = content.rfind(b"--Encrypted Boundary--")
    bodies = (
        part.partition(b"\tContent-Type: application/octet-stream\r\n")[2] for part in content[:end].split(b"--Encrypted Boundary\r\n")
    )
    parts = [body for body in bodies if body]
    if end < 0 or not parts or session.context is None or not session.complete:
        return None
    plain = b""
    for sealed in parts:
        try:
            size = struct.unpack_from("<I", sealed)[0]
            plain += session.context.unwrap_winrm(sealed[4 : 4 + size], sealed[4 + size :])
        except (SpnegoError, ValueError, struct.error):
            return None
    return plain


def _protocol_of(token: bytes) -> str:
    """Return what a dialogue speaks that begins with this token."""
    if token.startswith(_SIGNATURE):
        return "ntlm"
    bare = token.startswith(_FIRST) and 0 < token.find(_KERBEROS, 0, _LONGEST_FRAME + len(_KERBEROS)) <= _LONGEST_FRAME
    return "kerberos" if bare else "negotiate"


def _message_at(token: bytes, kind: int) -> int:
    """Return where an NTLM message of this kind begins in a token, or -1; it is bare or inside a SPNEGO token."""
    return token.find(_SIGNATURE + struct.pack("<I", kind))


def _ntlm_user(token: bytes) -> str | None:
    """Return the user of an AUTHENTICATE message as the computer knows users, or None."""
    names = _authenticate_names(token)
    if names is None:
        return None
    domain, user = names
    return f"{domain}\\{user}" if domain else user


def _authenticate_names(token: bytes) -> tuple[str, str] | None:
    """Return domain and user of an AUTHENTICATE message, bare or inside a SPNEGO token."""
    start = _message_at(token, _AUTHENTICATE)
    message = token[start:]
    if start < 0 or len(message) < _FLAGS_AT + 4:
        return None
    flags = struct.unpack_from("<I", message, _FLAGS_AT)[0]
    encoding = "utf-16-le" if flags & _UNICODE else "cp437"
    found = []
    for offset in (_DOMAIN_AT, _USER_AT):
        length, _room, at = struct.unpack_from("<HHI", message, offset)
        found.append(message[at : at + length].decode(encoding, "replace"))
    return found[0], found[1]


def _ntlm_channel(token: bytes) -> bytes:
    """Return the hash of the TLS channel in an AUTHENTICATE message; zeros where it has none."""
    message = token[max(0, _message_at(token, _AUTHENTICATE)) :]
    length, _room, at = struct.unpack_from("<HHI", message, _RESPONSE_AT)
    pairs = message[at : at + length][_PAIRS_AT:]
    while len(pairs) > struct.calcsize("<HH"):
        kind, size = struct.unpack_from("<HH", pairs)
        value, pairs = pairs[4 : 4 + size], pairs[4 + size :]
        if kind == _CHANNEL:
            return value
        if kind == _PAIRS_END:
            break
    return _NO_CHANNEL


@contextmanager
def _accounts(token: bytes, password: str | None) -> Iterator[None]:
    """Let the acceptor find the one account that this token names, for the time of one step."""
    domain, user = _authenticate_names(token) or ("", "")
    with _environment, tempfile.TemporaryDirectory(prefix="winsim-") as folder:
        path = Path(folder) / "accounts"
        path.touch(mode=0o600)
        if password is not None and not any(mark in f"{domain}{user}{password}" for mark in ":\r\n"):
            path.write_text(f"{domain}:{user}:{password}\n", encoding="utf-8")
        before = os.environ.get(_USER_FILE)
        os.environ[_USER_FILE] = str(path)
        try:
            yield
        finally:
            if before is None:
                del os.environ[_USER_FILE]
            else:
                os.environ[_USER_FILE] = before
