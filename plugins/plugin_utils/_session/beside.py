# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Further connections with a host, for reads that do not depend on each other: nothing but reads goes over them.

Each batch has threads of its own, which have ended when it returns; the connections stay for the next one. A connection that fails is
given up, and its read is left to whoever asks in series.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from threading import Condition, Thread

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, ClassMissing, HostError

from .conversation import Conversation
from .fetching import Fetcher, Found, Question
from .stats import Stats
from .transport import Transport

_log = logging.getLogger(__name__)

# What a host says of the question, and would say again; anything else may be about the connection, or about the moment.
REMEMBERED = (AccessDenied, ClassMissing)
# So many answers a login takes (of NTLM two refusals and one that lets in): for fewer reads than these no connection is worth its login.
LOGIN = 4
# Once its socket is shut a thread ends at once; one that still connects goes with the process.
PATIENCE = 1.0

Answered = Found | AccessDenied | ClassMissing
Answers = dict[Question, Answered]
More = Callable[[Answers], Iterable[Question]]


def answer_of(fetch: Callable[[], Found]) -> Answered:
    """Return an answer, or what the host says in its place.

    Raises:
        HostError: what is not to be remembered.
    """
    try:
        return fetch()
    except REMEMBERED as error:
        return error


class Batch:
    """Questions that several threads ask, each question once.

    Attributes:
        lost: the connections that failed.
    """

    def __init__(self, questions: Iterable[Question]) -> None:
        self._waiting = deque(questions)
        self._answers: Answers = {}
        self._asking = 0
        self._closed = False
        self._changed = Condition()
        self.lost: list[Conversation] = []

    def __len__(self) -> int:
        """Return how many questions nobody has taken yet."""
        return len(self._waiting)

    @property
    def goes_on(self) -> bool:
        """Whether anything is left to ask, or to wait for."""
        with self._changed:
            return bool(self._waiting or self._asking or self._answers)

    def add(self, questions: Iterable[Question]) -> None:
        """Ask more."""
        with self._changed:
            self._waiting.extend(questions)
            self._changed.notify_all()

    def collect(self) -> Answers:
        """Return the answers that have come since the last time."""
        with self._changed:
            answers, self._answers = self._answers, {}
            return answers

    def wait(self) -> None:
        """Wait until an answer comes, or none will any more."""
        with self._changed:
            while self._asking and not (self._answers or self._waiting):
                self._changed.wait()

    def close(self) -> None:
        """Let nobody take a question any more."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def ask_one(self, fetcher: Fetcher, *, wait: bool) -> bool:
        """Ask the next question; tell whether there was one.

        Args:
            wait: for one to come, until the batch is closed.
        """
        with self._changed:
            while wait and not (self._waiting or self._closed):
                self._changed.wait()
            if not self._waiting:
                return False
            question = self._waiting.popleft()
            self._asking += 1
        answers: Answers = {}
        try:
            answers[question] = answer_of(lambda: fetcher.fetch(question))
        finally:
            with self._changed:
                self._asking -= 1
                self._answers |= answers
                self._changed.notify_all()
        return True


class Beside:
    """Connections beside the first one.

    Args:
        transport: of the first connection.
        most: connections in all, the first one included.
        converse: makes a conversation that can only read.
        expect_room: see `Fetcher`.
    """

    def __init__(
        self, transport: Transport, most: int, converse: Callable[[Transport], Conversation], expect_room: Callable[[int, str], None]
    ) -> None:
        self._transport = transport
        self._most = most
        self._converse = converse
        self._expect_room = expect_room
        self._open: list[tuple[Transport, Conversation]] = []
        self._spent: list[Stats] = []
        self._threads: list[Thread] = []

    @property
    def allowed(self) -> bool:
        """Whether there may be more than the first connection."""
        return self._most > 1

    @property
    def stats(self) -> tuple[Stats, ...]:
        """What each connection has spent, closed ones included."""
        return (*self._spent, *(conversation.stats for _transport, conversation in self._open))

    def fetch(self, more: More, own: Fetcher, *, over: int, before: Callable[[], None]) -> None:
        """Ask over several connections until there is nothing more to ask.

        Args:
            more: takes the answers that have come, in this thread, and returns what is to be asked now; nothing that it returned before.
            own: asks over the first connection, in this thread.
            over: connections that the host can spare.
            before: what the first connection does before it takes part.
        """
        batch = Batch(more({}))
        self._open_more(min(over, self._most), len(batch))
        self._threads = [
            Thread(target=self._work, args=(conversation, batch), name="netmin.windows read", daemon=True)
            for _transport, conversation in self._open
        ]
        for thread in self._threads:
            thread.start()
        try:
            before()
            self._take_part(batch, own, more)
        except HostError as error:
            # Whoever asks in series meets it again, or not.
            _log.debug("reading ahead: %s", error)
        finally:
            # An interruption as well: a thread ends with the read that it is at, which `close` cuts short.
            batch.close()
        for thread in self._threads:
            thread.join()
        more(batch.collect())
        self._give_up(batch.lost)

    def _take_part(self, batch: Batch, own: Fetcher, more: More) -> None:
        while batch.goes_on:
            # Finding out what else there is to ask takes time as well, so it waits until nearly everything is under way.
            if len(batch) <= len(self._open) and (answers := batch.collect()):
                batch.add(more(answers))
            if not batch.ask_one(own, wait=False):
                batch.wait()

    def close(self) -> None:
        """Drop all connections at once, whatever a thread may still wait for."""
        for transport, _conversation in self._open:
            transport.abort()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._give_up([conversation for _transport, conversation in self._open])

    def _open_more(self, most: int, reads: int) -> None:
        while len(self._open) + 1 < min(most, 1 + reads // LOGIN):
            transport = self._transport.beside()
            self._open.append((transport, self._converse(transport)))

    def _give_up(self, lost: list[Conversation]) -> None:
        """Close connections that failed; no other takes their place, so that no login is tried again and again."""
        for transport, conversation in [pair for pair in self._open if pair[1] in lost]:
            self._open.remove((transport, conversation))
            self._most = len(self._open) + 1
            self._spent.append(conversation.stats)
            transport.close()

    def _work(self, conversation: Conversation, batch: Batch) -> None:
        fetcher = Fetcher(conversation, self._expect_room)
        try:
            while batch.ask_one(fetcher, wait=True):
                pass
        except Exception as error:  # in a thread: nobody would see it, and the read is asked again in series
            _log.debug("a further connection is given up: %s", error)
            batch.lost.append(conversation)
