# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host may send over HTTP: so many bytes, for so many seconds, from where it was asked and as it was asked.

Both client libraries read answers whole, so the limits sit below them, where bytes leave the socket: headers, chunk
sizes and interim answers count as well, and a byte a second does not start the time anew. Both take an answer in clear to a
request that went out sealed, which anybody on the way can write; here it ends.
"""

from __future__ import annotations

import http.client
import io
import math
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from weakref import ref

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import SYSTEM_CLOCK, Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.decode import MAX_BYTES

try:
    import requests
    from requests.adapters import BaseAdapter
except ImportError:
    if not TYPE_CHECKING:
        BaseAdapter = object


# The libraries' own timeout is for each read. All reads of an answer together get twice that: 60 s, unless configured,
# in which the largest answer fits through a line of 300 kbit/s.
PATIENCE = 2
# Below this, in seconds, answers come nearly as quickly as they can be read: on a loopback four connections are slower than one.
WORTH_WAITING = 0.010


class Unwelcome(Exception):
    """An answer that is not read to its end; says what the host did."""


class Unsealed(Exception):
    """An answer in clear to a request that went out sealed; what it says is thrown away."""


# MS-WSMV 2.2.9.1: how a sealed message is announced; both libraries write it so.
_SEALED = re.compile(r'multipart/(?:x-multi-)?encrypted;protocol="([^"]+)";boundary="Encrypted Boundary"')
# RFC 4559, section 4.1: a dialogue goes on where the answer has a token. A ticket comes in the frame of RFC 2743, section 3.1, whose first
# byte is 0x60; a bare message of NTLM does not, and its library wants to see the header.
_TICKET = re.compile(r"(?:Kerberos|Negotiate)\s+Y", re.IGNORECASE)
_TOKEN = re.compile(r"(?:^|,)\s*(?:Kerberos|Negotiate)\s+[^\s,]", re.IGNORECASE)


def _too_large() -> Unwelcome:
    return Unwelcome(f"sent more than {MAX_BYTES} bytes in one answer")


class Allowance:
    """What the host may still use of one exchange; shared by all connections of a session.

    Args:
        seconds: from the first answer until everything has come; an exchange that logs in has them twice.
        clock: by which they are timed.
    """

    def __init__(self, seconds: float, clock: Clock = SYSTEM_CLOCK) -> None:
        self._seconds = seconds
        self._clock = clock
        self._end: float | None = None
        self._left = 0
        self._connections: list[ref[Any]] = []
        self._answers, self._quickest = 0, math.inf
        self.cut_off = False

    @property
    def slow(self) -> bool | None:
        """Whether each answer took longer than it pays to wait for one alone; None while nobody can tell from fewer than two."""
        return self._quickest > WORTH_WAITING if self._answers > 1 else None

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Time an answer."""
        started = self._clock.now()
        yield
        self._answers += 1
        self._quickest = min(self._quickest, self._clock.now() - started)

    def watch(self, connection: Any) -> None:
        """Take note of a connection of http.client."""
        self._connections.append(ref(connection))

    def cut(self) -> None:
        """Shut all sockets, whoever waits for them, and let nothing more be read."""
        self.cut_off = True
        for connection in tuple(self._connections):
            sock = getattr(connection(), "sock", None)
            if sock is not None:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return self._end is not None and self._clock.now() >= self._end

    def renew(self) -> None:
        """Begin an exchange, or the part of it that carries the message."""
        self._end, self._left = None, MAX_BYTES

    def start(self) -> None:
        """Let the time run, if it does not yet: a request is out."""
        if self._end is None:
            self._end = self._clock.now() + self._seconds

    def wait(self, longest: float | None) -> float:
        """Return how long the next read may last.

        Raises:
            TimeoutError: the time is over.
        """
        left = self._seconds if self._end is None else self._end - self._clock.now()
        if left <= 0 or self.cut_off:
            raise TimeoutError("the answer has not ended in time")
        return left if longest is None else min(left, longest)

    def take(self, count: int) -> None:
        """Count bytes.

        Raises:
            Unwelcome: there are too many.
        """
        self._left -= count
        if self._left < 0:
            raise _too_large()


class _Metered(io.RawIOBase):
    """The receiving side of a socket."""

    def __init__(self, inner: Any, allowance: Allowance) -> None:
        super().__init__()
        self._inner = inner
        self._allowance = allowance
        # By this name the libraries look for the TLS socket, to bind a login to its channel.
        self._sock = inner._sock  # noqa: SLF001

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """Receive, within what is allowed."""
        longest = self._sock.gettimeout()
        self._sock.settimeout(self._allowance.wait(longest))
        count: int | None = self._inner.readinto(buffer)
        self._sock.settimeout(longest)
        self._allowance.take(count or 0)
        return count

    def close(self) -> None:
        """Let the socket go."""
        self._inner.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that is read through the meter, its status line and headers included."""

    def __init__(self, allowance: Allowance, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        allowance.start()
        fp: Any = self.fp
        self.fp = io.BufferedReader(_Metered(fp.detach(), allowance))


def _not_noted(_refused: bool) -> None:
    pass


class BoundedAdapter(BaseAdapter):
    """Wraps a session's adapter: notes that a body goes out, and bounds what comes back.

    Args:
        on_body: called before a body goes out.
        on_login: called with what comes back for a request that logs in: whether it was refused, as a login begins.
    """

    def __init__(
        self, inner: BaseAdapter, allowance: Allowance, on_body: Callable[[], None], on_login: Callable[[bool], None] = _not_noted
    ) -> None:
        super().__init__()
        self._inner = inner
        self._allowance = allowance
        self._on_body = on_body
        self._on_login = on_login
        self._latest: requests.Response | None = None
        _meter_adapter(inner, allowance)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send as the wrapped adapter does.

        Raises:
            Unsealed: an answer in clear to a sealed request; but for 401, which goes to the login without what it says.
            Unwelcome: the host compresses its answer, whose true size nobody can know then.
        """
        if request.body:
            self._on_body()
        request.headers["Accept-Encoding"] = "identity"
        with self._allowance.timing():
            response = self._inner.send(request, *args, **kwargs)
        self._latest = response
        refused = response.status_code == http.client.UNAUTHORIZED
        if refused or not (request.body or "Authorization" in request.headers):
            self._on_login(refused)
        if refused and _TICKET.match(_text(request, "Authorization")) and not _TOKEN.search(_text(response, "WWW-Authenticate")):
            # The host has said no. pywinrm would show it two more tickets.
            response.headers.pop("WWW-Authenticate", None)
        if not _as_sealed_as(request, response):
            response.headers.pop("Content-Type", None)
            if not refused:
                response.close()
                raise Unsealed(f"it came without encryption (HTTP {response.status_code}), and was not believed")
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            response.close()
            raise Unwelcome("sent a compressed answer, which it was not asked for")
        # Where a host points to is nothing that an operator has named; without the header requests stays where it is.
        response.headers.pop("Location", None)
        # Messages are UTF-8; the charset that a host names may be one that takes minutes to decode, and so may guessing it.
        response.encoding = "utf-8"
        raw: Any = response.raw
        raw.stream = _counted(raw.stream)
        # The legs of a login go out through the response's own connection: keep them on this adapter.
        vars(response)["connection"] = self
        return response

    def close(self) -> None:
        """Close the wrapped adapter, and the connection of a response that nobody has read to its end."""
        if self._latest is not None:
            self._latest.close()
        self._inner.close()


def _as_sealed_as(request: requests.PreparedRequest, response: requests.Response) -> bool:
    """Tell whether an answer is sealed as its request is; one to a request in clear may be as it likes."""
    asked = _SEALED.fullmatch(_text(request, "Content-Type"))
    if asked is None:
        return True
    answered = _SEALED.fullmatch(_text(response, "Content-Type"))
    return answered is not None and answered[1] == asked[1]


def _text(message: requests.PreparedRequest | requests.Response, header: str) -> str:
    text = message.headers.get(header, "")
    return text.decode("latin-1") if isinstance(text, bytes) else text


def bound(
    session: requests.Session, allowance: Allowance, on_body: Callable[[], None], on_login: Callable[[bool], None] = _not_noted
) -> None:
    """Wrap the adapters of a session, unless they are, and let it keep no cookie."""
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for prefix in ("http://", "https://"):
        adapter = session.get_adapter(prefix)
        if not isinstance(adapter, BoundedAdapter):
            session.mount(prefix, BoundedAdapter(adapter, allowance, on_body, on_login))


def _counted(stream: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
    """Count a body once more where it is handed on, should a library not read it through the meter."""

    def counted(*args: Any, **kwargs: Any) -> Iterator[bytes]:
        total = 0
        for piece in stream(*args, **kwargs):
            total += len(piece)
            if total > MAX_BYTES:
                raise _too_large()
            yield piece

    return counted


def _meter_adapter(adapter: Any, allowance: Allowance) -> None:
    """Make all connections of an adapter read through the meter, those through a proxy included."""
    _meter_manager(adapter.poolmanager, allowance)
    make = adapter.proxy_manager_for

    def proxy_manager_for(*args: Any, **kwargs: Any) -> Any:
        manager = make(*args, **kwargs)
        _meter_manager(manager, allowance)
        return manager

    adapter.proxy_manager_for = proxy_manager_for


def _meter_manager(manager: Any, allowance: Allowance) -> None:
    # urllib3 keeps the classes of its pools here, for others to replace.
    pools = manager.pool_classes_by_scheme
    if not all(isinstance(make, _MeteredPools) for make in pools.values()):
        manager.pool_classes_by_scheme = {scheme: _MeteredPools(make, allowance) for scheme, make in pools.items()}


class _MeteredPools:
    """Makes connection pools as another does, and meters their connections."""

    def __init__(self, make: Callable[..., Any], allowance: Allowance) -> None:
        self._make = make
        self._allowance = allowance

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return a pool."""
        pool = self._make(*args, **kwargs)
        connect = pool.ConnectionCls

        def metered(*args: Any, **kwargs: Any) -> Any:
            connection = connect(*args, **kwargs)
            # The seam of http.client for another kind of response.
            connection.response_class = partial(_Answer, self._allowance)
            self._allowance.watch(connection)
            return connection

        pool.ConnectionCls = metered
        return pool
