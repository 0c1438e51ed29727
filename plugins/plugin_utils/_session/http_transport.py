# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What both transports share: HTTP through requests, its errors in our words, several mechanisms.

Knows nothing of the client libraries; each of them is named in one file of its own.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.constants import SOAP

from .bounded import PATIENCE, Allowance, Unsealed, Unwelcome, bound
from .config import SessionConfig

try:
    import requests
except ImportError:
    HAS_REQUESTS = False
else:
    HAS_REQUESTS = True


E = TypeVar("E", bound=errors.HostError)

# What seals messages by itself, and what sends the password as it is ("ssl" of pywinrm does without a certificate of the client).
SEALING = frozenset({"credssp", "kerberos", "negotiate", "ntlm"})
OPEN = frozenset({"basic", "plaintext", "ssl"})

_CERTIFICATE_OPTION = {"psrp": "ansible_psrp_cert_validation", "winrm": "ansible_winrm_server_cert_validation"}


class HttpTransport(ABC):
    """A transport over one of the client libraries; see the protocol `Transport`."""

    def __init__(self, config: SessionConfig) -> None:
        self._config = config
        self._mechanism: str | None = None
        self._open = self._sent = self._answered = self._renewed = self._unasked = False
        self._logins = 0
        self._allowance = Allowance(PATIENCE * config.read_timeout)

    @abstractmethod
    def _connect(self, mechanism: str) -> None:
        """Make the library's objects, and log in where the library does that apart from sending."""

    @abstractmethod
    def _post(self, envelope: bytes) -> bytes:
        """Send; turn an HTTP status of 400 and above over to `_of_status`."""

    @abstractmethod
    def _drop(self) -> None:
        """Close the library's connection, if any, and forget its objects."""

    @abstractmethod
    def _of_library(self, error: Exception, mechanism: str) -> errors.HostError | None:
        """Translate an exception of the library's own; None for any other."""

    @property
    def endpoint(self) -> str:
        """The URL of the service."""
        return self._config.endpoint

    @property
    def operation_timeout(self) -> int:
        """Seconds that the host may take for one operation."""
        return self._config.operation_timeout

    @property
    def logins(self) -> int:
        """How often a login was tried."""
        return self._logins

    def exchange(self, envelope: bytes) -> bytes:
        """Send one envelope; the first one finds the mechanism that is let in."""
        refusals: list[errors.AuthenticationFailed] = []
        for mechanism in (self._mechanism,) if self._mechanism else self._config.mechanisms:
            if refusals and self._gives_away(mechanism):
                refusals.append(self._not_tried(mechanism))
                continue
            try:
                answer = self._attempt(envelope, mechanism)
            except errors.AuthenticationFailed as error:
                # A refused login carried nothing out, so that the next mechanism may send the same envelope.
                self.reset()
                refusals.append(error)
                continue
            self._mechanism = mechanism
            return answer
        if len(refusals) == 1:
            raise refusals[0]
        raise errors.AuthenticationFailed("; ".join(str(refusal) for refusal in refusals), host=self._config.address)

    def _gives_away(self, mechanism: str) -> bool:
        """Tell whether a mechanism would show the password to whoever has refused one that protects it: anybody on the way can refuse."""
        tried = self._config.mechanisms[: self._config.mechanisms.index(mechanism)]
        guarded = self._config.scheme == "http" and self._config.sealing_wanted
        return guarded and mechanism in OPEN and not SEALING.isdisjoint(tried)

    def reset(self) -> None:
        """Drop the connection and its security context."""
        self._open = False
        self._drop()

    def close(self) -> None:
        """Drop the connection."""
        self.reset()

    def _attempt(self, envelope: bytes, mechanism: str) -> bytes:
        self._sent = self._renewed = self._unasked = False
        self._allowance.renew()
        try:
            if not self._open:
                self._logins += 1
                self._connect(mechanism)
                self._open = True
            answer = self._post(envelope)
        except errors.NetminError:
            raise
        except Exception as error:
            # The libraries' errors have no common base: requests, spnego, krb5, requests_credssp and plain ones.
            raise self._translated(error, mechanism) from error
        if not answer and self._answered:
            raise self._lost("it was empty")
        self._expect_soap(answer)
        self._answered = True
        return answer

    def _bound(self, session: requests.Session) -> None:
        """Bound what the host may send over a library's session; to be called before anything goes out over it."""
        bound(session, self._allowance, self._note_body, self._note_login)

    def _note_body(self) -> None:
        if not self._renewed:
            # The login has had its time; the message has its own, however often the login makes it go out.
            self._allowance.renew()
            self._renewed = True
        self._sent = True

    def _note_login(self, refused: bool) -> None:
        self._unasked = not refused
        # What was refused for want of a login was not carried out.
        self._sent = self._sent and not refused

    def _expect_soap(self, answer: bytes) -> None:
        if SOAP.encode() in answer[:8192]:
            return
        if self._answered:
            raise self._failed(errors.ProtocolError, "sent an answer that is not a SOAP envelope")
        raise self._not_winrm("it answers, but not with SOAP")

    def _of_status(self, status: int, answer: bytes) -> bytes:
        """Return a SOAP fault, which comes with 400 or 500, or raise what the status means."""
        if SOAP.encode() in answer[:8192]:
            return answer
        if status == 400 and self._answered:
            # A sealed message that comes over a new connection is answered so: the security context was the old one's.
            raise self._lost("its connection was dropped, and the security context with it")
        if status == 413:
            raise self._failed(errors.ProtocolError, "refused a request as too large (HTTP 413)")
        if status in (502, 504) and self._answered:
            # Of a gateway: what stands behind it may have carried the request out.
            raise self._lost(f"a gateway answered HTTP {status} in its place")
        if status == 500 and not answer and self._answered:
            # It has let this session in and answered it: neither the scheme nor sealing is wrong.
            raise self._lost("it answered HTTP 500 without a fault")
        if status == 500 and not answer:
            raise self._failed(
                errors.Unreachable,
                "answered HTTP 500 without a fault, as WinRM does for unencrypted messages: use https, or a transport that encrypts (ntlm, "
                "kerberos, credssp), or allow unencrypted messages on the host",
            )
        if status in (407, 502, 503, 504):
            raise self._failed(errors.Unreachable, f"answered HTTP {status}: a proxy or the service cannot serve now; try again later")
        raise self._not_winrm(f"it answers HTTP {status} without SOAP")

    # --- errors -------------------------------------------------------------------------------------------------

    def _translated(self, error: Exception, mechanism: str) -> errors.HostError:
        chain = tuple(_causes(error))
        for cause in chain:
            if isinstance(cause, Unwelcome):
                # The rest was not read, and what comes sealed after it cannot be opened.
                self.reset()
                return self._failed(errors.ProtocolError, str(cause))
            if isinstance(cause, Unsealed):
                return self._lost(str(cause))
        return self._of_library(error, mechanism) or self._of_connecting(chain) or self._of_sending(error, chain, mechanism)

    def _of_connecting(self, chain: tuple[BaseException, ...]) -> errors.HostError | None:
        """Translate what happens before a byte of HTTP is sent."""
        if _any(chain, ssl.SSLCertVerificationError):
            advice = f"install its issuer's certificate, or set {_CERTIFICATE_OPTION[self._config.plugin]} to ignore"
            return self._failed(errors.TlsFailed, f"has a certificate that the controller does not trust: {advice}")
        if _any(chain, ssl.SSLError) and not (self._sent and self._answered):
            return self._failed(errors.TlsFailed, "could not agree on TLS: is this the https port, with a version that both sides allow?")
        if _any(chain, socket.gaierror):
            return self._failed(errors.Unreachable, "has no address: check ansible_host and the name service")
        if _any(chain, requests.exceptions.ProxyError):
            return self._failed(errors.Unreachable, "was not reached through the proxy: check the proxy options and no_proxy")
        if _any(chain, ConnectionRefusedError):
            return self._failed(errors.Unreachable, "refused the connection: is WinRM running there, and ansible_port right?")
        if _any(chain, requests.exceptions.ConnectTimeout):
            return self._failed(errors.Unreachable, "accepted no connection in time: is the host up, and the firewall open?")
        if _named(chain, "NewConnectionError"):
            return self._failed(errors.Unreachable, "cannot be connected to: check ansible_host, the route and the firewall")
        return None

    def _of_sending(self, error: Exception, chain: tuple[BaseException, ...], mechanism: str) -> errors.HostError:
        dropped = _any(chain, http.client.RemoteDisconnected, http.client.IncompleteRead, ConnectionError)
        timed_out = _any(chain, requests.exceptions.Timeout) or _named(chain, "ReadTimeoutError")
        if _any(chain, http.client.HTTPException) and not (dropped or self._answered):
            # A banner of SSH, FTP or mail is no HTTP status line.
            return self._not_winrm("what answers there does not speak HTTP")
        if self._sent:
            if self._allowance.over:
                return self._lost(f"it had not ended after {PATIENCE * self._config.read_timeout} s")
            if timed_out:
                return self._lost(f"none came within {self._config.read_timeout} s")
            return self._lost("the connection broke" if dropped else f"it could not be read: {type(error).__name__}")
        if isinstance(error, requests.RequestException):
            how = "gave no answer" if timed_out else "broke the connection"
            return self._failed(errors.Unreachable, f"{how} during the login with {mechanism}: try again, and look at its event log")
        if self._unasked:
            # The libraries stumble over a server that lets everybody in without a security context.
            return self._not_winrm(f"it did not ask for credentials ({mechanism})")
        return self._not_let_in(mechanism, f"the login failed here ({type(error).__name__}): check the user's name, domain and password")

    def _failed(self, kind: type[E], finding: str) -> E:
        return kind(f"{self._config.address} {finding}", host=self._config.address)

    def _not_winrm(self, finding: str) -> errors.NotWinrm:
        advice = f"check ansible_host, ansible_port and the path of {self._config.endpoint}"
        return self._failed(errors.NotWinrm, f"is not a WinRM service: {finding}; {advice}")

    def _not_tried(self, mechanism: str) -> errors.AuthenticationFailed:
        advice = "use https, or name it alone if the password may be read on the way"
        return self._failed(errors.AuthenticationFailed, f"was not sent the password in clear ({mechanism} over http): {advice}")

    def _not_let_in(self, mechanism: str, advice: str) -> errors.AuthenticationFailed:
        finding = f"refused the login of user '{self._config.user or ''}' with {mechanism}: {advice}"
        return self._failed(errors.AuthenticationFailed, finding)

    def _lost(self, how: str) -> errors.ConnectionLost:
        advice = "it is not known whether the request was carried out; check the host, then run again"
        return self._failed(errors.ConnectionLost, f"got a request, but its answer was lost ({how}): {advice}")


def _any(chain: tuple[BaseException, ...], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in chain)


def _named(chain: tuple[BaseException, ...], name: str) -> bool:
    # By class name where importing the class would make a second library a requirement.
    return any(kind.__name__ == name for cause in chain for kind in type(cause).__mro__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what lies behind it: causes, contexts, and the arguments in which urllib3 hides them."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        hidden = (current.__cause__, current.__context__, getattr(current, "reason", None), *current.args)
        waiting.extend(item for item in hidden if isinstance(item, BaseException))
