# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is calling: Basic, client certificates, and NTLM under the scheme Negotiate with its message encryption.

The state of NTLM belongs to one TCP connection. Kerberos and CredSSP are not offered.
"""

from __future__ import annotations

import base64
import binascii
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
from spnego.exceptions import SpnegoError

from ..certificate import user_of
from ..seams import Computer

# MS-NLMP 2.2.1.3: where an AUTHENTICATE message holds domain and user, and the flag for UTF-16.
_SIGNATURE = b"NTLMSSP\x00"
_NEGOTIATE, _AUTHENTICATE = 1, 3
_DOMAIN_AT, _USER_AT, _FLAGS_AT = 28, 36, 60
_UNICODE = 1

# What a client sends in the header Authorization where its certificate is to log it in (DSP0226, security profiles).
_MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

# The acceptor reads its accounts from a file that an environment variable of the whole process names.
_USER_FILE = "NTLM_USER_FILE"
_environment = threading.Lock()


@dataclass(slots=True)
class Session:
    """What one TCP connection has agreed on: nothing yet, a dialogue under way, or an account."""

    account: str | None = None
    context: Any = None
    complete: bool = False

    def forget(self) -> None:
        """Start anew."""
        self.account, self.context, self.complete = None, None, False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one request's credentials: an account, or the challenges to answer 401 with."""

    account: str | None
    challenges: tuple[str, ...] = ()
    token: str = ""
    logged_in: bool = False


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Checks the credentials that reach one host.

    Attributes:
        basic: Basic is offered beside Negotiate.
        certificate: client certificates are taken; each account of the host has a mapping to its own.
    """

    computer: Computer
    basic: bool
    certificate: bool = False
    _refused: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_refused", ("Negotiate", 'Basic realm="WSMAN"') if self.basic else ("Negotiate",))

    def check(self, authorization: str | None, session: Session, shown: bytes | None = None) -> Verdict:
        """Return what the header and the connection's state amount to; changes the state.

        Args:
            shown: the client's certificate, where TLS has asked for one and found it good.
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
        if scheme.lower() == "negotiate":
            return self._negotiate(token, session)
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

    def _negotiate(self, token: bytes, session: Session) -> Verdict:
        if session.complete or _message_at(token, _NEGOTIATE) >= 0:
            session.forget()
        user = _ntlm_user(token)
        password = None if user is None else self.computer.password_of(user)
        with _accounts(token, password):
            try:
                if session.context is None:
                    session.context = spnego.server(protocol="ntlm" if token.startswith(_SIGNATURE) else "negotiate")
                answer = session.context.step(token)
            except (SpnegoError, ValueError, struct.error):
                return self._refuse(session)
        if user is not None and password is not None:
            session.account = self.computer.authenticate(user, password)
        encoded = base64.b64encode(answer).decode() if answer else ""
        if not session.context.complete:
            return Verdict(None, (f"Negotiate {encoded}".rstrip(),))
        if session.account is None:
            return self._refuse(session)
        session.complete = True
        return Verdict(session.account, token=encoded, logged_in=True)


def seal(session: Session, content: bytes, protocol: str) -> bytes:
    """Return an envelope encrypted for this connection (MS-WSMV 2.2.9.1)."""
    wrapped = session.context.wrap_winrm(content)
    length = len(content) + wrapped.padding_length
    header, sealed = bytes(wrapped.header), bytes(wrapped.data)
    head = (
        f"--Encrypted Boundary\r\n\tContent-Type: {protocol}\r\n"
        f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={length}\r\n"
        "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
    )
    return head.encode() + struct.pack("<I", len(header)) + header + sealed + b"--Encrypted Boundary--\r\n"


def unseal(session: Session, content: bytes) -> bytes | None:
    """Return the envelope inside an encrypted body; None if it was not sealed for this connection."""
    marker = b"\tContent-Type: application/octet-stream\r\n"
    start = content.find(marker)
    end = content.rfind(b"--Encrypted Boundary--")
    if start < 0 or end < 0 or session.context is None or not session.complete:
        return None
    sealed = content[start + len(marker) : end]
    try:
        size = struct.unpack_from("<I", sealed)[0]
        plain: bytes = session.context.unwrap_winrm(sealed[4 : 4 + size], sealed[4 + size :])
    except (SpnegoError, ValueError, struct.error):
        return None
    return plain


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
