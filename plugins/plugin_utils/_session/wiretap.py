# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A transport that keeps what goes through another one: evidence of what a host really said, after decryption."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from .transport import Transport

# So much is kept, packed; a pass over a host with 400 services needs 2 MB.
MOST = 64 * 1024 * 1024


class Wiretap:
    """Keeps each request and each answer; implements `Transport`.

    Args:
        inner: carries them.
        without: takes out of an answer what may be kept nowhere.
    """

    def __init__(self, inner: Transport, without: Callable[[bytes], bytes]) -> None:
        self._inner = inner
        self._without = without
        self._kept: list[tuple[bytes, bytes]] = []
        self._size = 0

    @property
    def endpoint(self) -> str:
        """The URL of the service."""
        return self._inner.endpoint

    @property
    def operation_timeout(self) -> int:
        """Seconds that the host may take for one operation."""
        return self._inner.operation_timeout

    @property
    def logins(self) -> int:
        """How often a login was tried."""
        return self._inner.logins

    def exchange(self, envelope: bytes) -> bytes:
        """Send one envelope and return the answer; see `Transport.exchange`."""
        answer = self._inner.exchange(envelope)
        pair = zlib.compress(envelope), zlib.compress(self._without(answer))
        self._size += sum(map(len, pair))
        if self._size <= MOST:
            self._kept.append(pair)
        return answer

    @property
    def slow(self) -> bool | None:
        """Whether another connection is worth its login: never, so that what is kept stands in one order."""
        return False

    def beside(self) -> Transport:
        """Return another connection, whose exchanges are kept by itself."""
        return Wiretap(self._inner.beside(), self._without)

    def abort(self) -> None:
        """End what another thread waits for."""
        self._inner.abort()

    def reset(self) -> None:
        """Drop the connection."""
        self._inner.reset()

    def close(self) -> None:
        """Drop the connection."""
        self._inner.close()

    def exchanges(self) -> Iterator[tuple[str, bytes]]:
        """Yield names and contents of what was kept, in order."""
        for number, (request, answer) in enumerate(self._kept, start=1):
            yield f"{number:05}-request.xml", zlib.decompress(request)
            yield f"{number:05}-answer.xml", zlib.decompress(answer)
