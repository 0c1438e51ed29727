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
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Self, TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.constants import SOAP

from . import reasons
from .bounded import PATIENCE, Allowance, Unsealed, Unwelcome, bound
from .config import SessionConfig, secrets_in
from .library import LIBRARIES

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


class HttpTransport(ABC):
    """A transport over one of the client libraries; see the protocol `Transport`."""

    def __init__(self, config: SessionConfig) -> None:
        self._config = config
        self._mechanism: str | None = None
        self._open = self._sent = self._answered = self._renewed = self._unasked = False
        self._logins = 0
        self._mechanism_tried = ""
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

    @property
    def slow(self) -> bool | None:
        """Whether each of the first answers took so long that another connection is worth its login; never before one was let in."""
        return self._answered and self._allowance.slow

    def exchange(self, envelope: bytes) -> bytes:
        """Send one envelope; the first one finds the mechanism that is let in."""
        if self._allowance.cut_off:
            raise self._lost("the session was closed")
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

    def beside(self) -> Self:
        """Return another connection: with the mechanism that was let in, and with the Kerberos ticket that the first has got."""
        known = (self._mechanism,) if self._mechanism else self._config.mechanisms
        return type(self)(replace(self._config, mechanisms=known, obtain_ticket=None))

    def abort(self) -> None:
        """Shut the sockets: closing a session leaves alone the one at which another thread waits."""
        self._allowance.cut()

    def reset(self) -> None:
        """Drop the connection and its security context."""
        self._open = False
        self._drop()

    def close(self) -> None:
        """Drop the connection."""
        self.reset()

    def _attempt(self, envelope: bytes, mechanism: str) -> bytes:
        self._sent = self._renewed = self._unasked = False
        self._mechanism_tried = mechanism
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
                "answered HTTP 500 without a fault, as WinRM does for unencrypted messages: use https, or a transport that encrypts "
                f"({self._mechanism_option}: ntlm, kerberos or credssp), or allow unencrypted messages on the host",
            )
        if status == 407:
            advice = (
                f"put user and password into ansible_{self._config.plugin}_proxy (http://user:password@proxy), or go past it with no_proxy"
            )
            raise self._failed(errors.Unreachable, f"was not reached: a proxy wants a login (HTTP 407): {advice}")
        if self._mechanism_tried == "certificate" and status in (400, 403):
            raise self._failed(
                errors.AuthenticationFailed,
                f"refused the client certificate (HTTP {status}): map it to an account there (winrm/config/service/certmapping), and allow "
                "Certificate in winrm/config/service/auth",
            )
        if status in (502, 503, 504):
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
        untrusted = next((cause for cause in chain if isinstance(cause, ssl.SSLCertVerificationError)), None)
        if untrusted is not None:
            return self._failed(errors.TlsFailed, reasons.of_certificate(untrusted, self._config.plugin))
        tls = next((cause for cause in chain if isinstance(cause, ssl.SSLError)), None)
        if tls is not None and not (self._sent and self._answered):
            return self._failed(errors.TlsFailed, reasons.of_tls(tls, self._config.plugin))
        if chain[0].__class__ is OSError and chain[0].errno is None:
            # requests, before it connects: a file with certificates that an option or the environment names is not there.
            return self._failed(errors.TlsFailed, f"was not asked: {self._words(chain)}")
        if _any(chain, socket.gaierror):
            return self._failed(errors.Unreachable, "could not be resolved: check ansible_host and DNS")
        if _any(chain, requests.exceptions.ProxyError):
            advice = f"check ansible_{self._config.plugin}_proxy (http://user:password@proxy) and no_proxy"
            return self._failed(errors.Unreachable, f"could not be reached through the proxy ({self._words(chain)}): {advice}")
        if _any(chain, ConnectionRefusedError):
            return self._failed(errors.Unreachable, "refused the connection: is WinRM running there, and ansible_port right?")
        if _any(chain, requests.exceptions.ConnectTimeout):
            return self._failed(
                errors.Unreachable,
                "did not accept the connection in time: is the host up, and the firewall open?",
            )
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
        if isinstance(error, (AttributeError, LookupError, TypeError)):
            return self._stumbled(error, mechanism)
        return self._refused(error, mechanism)

    def _stumbled(self, error: Exception, mechanism: str) -> errors.ProtocolError:
        """Say that a library's own code failed, which is no finding about the host or the login."""
        library = LIBRARIES[self._config.plugin]
        finding = f"was not logged in to with {mechanism}: the Python library {library} failed with {type(error).__name__}"
        advice = f"install its newest version, or set ansible_connection to {library.other} ({self._words((error,))})"
        return self._failed(errors.ProtocolError, f"{finding}; {advice}")

    def _words(self, chain: Iterable[BaseException]) -> str:
        """Return the reason in the words of the library or of what stands behind it, without secrets."""
        return reasons.words_of(chain, secrets_in(self._config.library_options)) or "no reason given"

    @property
    def _mechanism_option(self) -> str:
        return {"psrp": "ansible_psrp_auth", "winrm": "ansible_winrm_transport"}[self._config.plugin]

    def _not_fitting(self, error: Exception) -> errors.InvalidOption:
        """Say that a library does not take its options; nothing has been asked."""
        words = reasons.without_secrets(str(error), secrets_in(self._config.library_options))
        return errors.InvalidOption(
            f"the options of the {self._config.plugin} connection to {self._config.address} do not fit together: {words}"
        )

    def _not_able(self, error: Exception, mechanism: str, advice: str = "") -> errors.AuthenticationFailed:
        """Say that the controller cannot log in so; nothing has been asked, and the next mechanism may be tried."""
        library = {"psrp": "pypsrp", "winrm": "pywinrm"}[self._config.plugin]
        install = (
            f"install what it needs on the controller (pip install '{library}[{mechanism}]'), or set {self._mechanism_option} to another"
        )
        finding = f"was not asked: no login with {mechanism} from here ({self._words((error,))}): {advice or install}"
        return self._failed(errors.AuthenticationFailed, finding)

    def _without_ticket(self, error: Exception) -> errors.AuthenticationFailed:
        """Say that Kerberos did not give what a login needs, in its own words, and what to do."""
        words = self._words(_causes(error))
        who = f"was not logged in to as '{self._config.user or ''}' with kerberos"
        return self._failed(errors.AuthenticationFailed, f"{who}: {reasons.kerberos_advice(words, self._config.plugin)} ({words})")

    def _refused(self, error: Exception, mechanism: str) -> errors.AuthenticationFailed:
        """Say that a login failed, with the reason that Kerberos or the library gives, and what to do."""
        words = self._words(_causes(error))
        if (mechanism == "kerberos" or "kerberos" in words.lower() or "krb5" in words.lower()) and not reasons.is_status(error):
            return self._without_ticket(error)
        advice = "check ansible_user and ansible_password, and that the host offers this mechanism"
        if mechanism in OPEN and self._config.scheme == "http":
            advice = f"{advice}; a host that has Basic off needs {self._mechanism_option}: ntlm or kerberos"
        return self._not_let_in(mechanism, f"{advice} ({words})")

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
