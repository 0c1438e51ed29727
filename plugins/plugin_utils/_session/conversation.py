# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One conversation with a host: numbers messages, counts them, keeps the guard, turns faults into errors.

Knows no verb of the reader or writer. It repeats nothing by itself: `repeatable` is for reads alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import uuid4

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import SYSTEM_CLOCK, Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ConnectionLost, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.decode import decode
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.encode import Envelope, encode
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.faults import error_of
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import (
    DeleteShell,
    Enumerate,
    Page,
    PageHeard,
    Pull,
    Receive,
    Request,
    RunCommand,
    Signal,
    SoapFault,
)

from .guard import check
from .limits import LONGEST, Limits
from .stats import Stats
from .transport import Transport

R = TypeVar("R")

_log = logging.getLogger(__name__)

# Windows closes an idle connection after about 120 s, and a sealed one cannot go on over another. Logging in again
# before anything is sent costs one login; finding out afterwards would leave a write in doubt.
IDLE_SECONDS = 60.0
# The shapes of so many pages are remembered; of a read that lasts longer the first ones tell as much.
MOST_HEARD = 2000


class Conversation:
    """Sends requests over one transport and returns typed responses."""

    def __init__(self, transport: Transport, *, host: str, read_only: bool, clock: Clock = SYSTEM_CLOCK, below: str = "") -> None:
        self.host = host
        self.read_only = read_only
        self.below = below
        self._transport = transport
        self._clock = clock
        self._session_id = _uuid()
        self._requests = self._bytes_sent = self._bytes_received = 0
        self._seconds = 0.0
        self._last: float | None = None
        self._heard: list[PageHeard] = []

    @property
    def heard(self) -> tuple[PageHeard, ...]:
        """The shapes of the pages that have come up to now."""
        return tuple(self._heard)

    @property
    def stats(self) -> Stats:
        """What has been spent up to now."""
        return Stats(self._requests, self._transport.logins, self._bytes_sent, self._bytes_received, self._seconds)

    def permit(self, request: Request[Any]) -> None:
        """Raise ReadOnlyViolation for a request that this session may not send; `ask` does so by itself."""
        if self.read_only:
            check(request, self.below)

    def ask(self, request: Request[R], what: str) -> R:
        """Send a request and return its response.

        Args:
            request: what to ask.
            what: class, method and key for messages: "Win32_Service.StopService on 'Spooler'".

        Raises:
            ReadOnlyViolation: the session may only read and the guard's table does not hold the request.
            HostError: of `_core.errors`; a fault as one of the kinds of `Fault`.
        """
        self.permit(request)
        message_id = _uuid()
        transport = self._transport
        envelope = Envelope(
            to=transport.endpoint, message_id=message_id, session_id=self._session_id, operation_timeout=transport.operation_timeout
        )
        answer = self._exchange(encode(request, envelope), what)
        response = decode(answer, request, message_id=message_id, host=self.host)
        if isinstance(response, SoapFault):
            in_shell = isinstance(request, RunCommand | Receive | Signal | DeleteShell)
            raise error_of(response, what=what, host=self.host, in_shell=in_shell)
        if isinstance(response, Page) and isinstance(request, Enumerate | Pull) and len(self._heard) < MOST_HEARD:
            first = not isinstance(request, Pull)
            self._heard.append(PageHeard(first, len(response.rows), response.context is not None, len(answer)))
        return response

    def limits(self, what: str) -> Limits:
        """Return the bounds of a read that takes several answers and begins now."""
        return Limits(what, host=self.host, seconds=LONGEST * self._transport.operation_timeout, clock=self._clock)

    def repeatable(self, read: Callable[[], R]) -> R:
        """Do a read; do it once more over a new connection if its answer was lost."""
        try:
            return read()
        except ConnectionLost as error:
            # Nothing but reads comes here: asking twice changes nothing.
            _log.debug("%s: asking once more: %s", self.host, error)
        return read()

    def close(self) -> None:
        """Drop the connection."""
        self._transport.close()

    def reset(self) -> None:
        """Drop the connection; the next request logs in again."""
        self._transport.reset()
        self._last = None

    def _exchange(self, data: bytes, what: str) -> bytes:
        started = self._clock.now()
        if self._last is not None and started - self._last > IDLE_SECONDS:
            self._transport.reset()
        self._requests += 1
        self._bytes_sent += len(data)
        try:
            answer = self._transport.exchange(data)
        except ConnectionLost as error:
            # The security context went with the connection: whatever comes next needs a new one.
            self._transport.reset()
            raise ConnectionLost(f"{what}: {error}", host=self.host) from error
        finally:
            self._last = self._clock.now()
            self._seconds += self._last - started
        self._bytes_received += len(answer)
        _log.debug("%s: %s: %d bytes sent, %d received", self.host, what, len(data), len(answer))
        return answer


@contextmanager
def typed(host: str, what: str) -> Iterator[None]:
    """Turn a value of the wrong type in an answer (`Row.number` of a text) into a ProtocolError."""
    try:
        yield
    except ValueError as error:
        raise ProtocolError(f"{what} at {host}: the answer has a value of the wrong type", host=host) from error


def _uuid() -> str:
    return f"uuid:{str(uuid4()).upper()}"
