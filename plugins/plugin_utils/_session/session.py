# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The session: the verbs of `Reader` over WS-Management, each answer kept until the next write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self, TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import SYSTEM_CLOCK, Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import HostError, MethodFailed, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import (
    CIMV2,
    CommandOutput,
    CommandRead,
    GrantsRead,
    ListenersRead,
    NotRead,
    QueryRead,
    Read,
    Reader,
    SubkeysRead,
    TypesRead,
    ValueRead,
    Where,
    WinrmListener,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import Grant, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import Invoke, Output, PageHeard

from . import registry
from .beside import Answered, Answers, Beside, answer_of
from .conversation import Conversation, typed
from .fetching import Fetcher, Found, Question, questions
from .limits import MAX_KEPT, memory_of
from .returns import SYSTEM, meaning
from .shell import Shell
from .stats import Stats
from .transport import Transport

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Session:
    """Read-only access to one host; implements `Reader`. Not safe for threads. Close it, or use it in `with`.

    Args:
        transport: the way to the host.
        host: how messages name the host.
        clock: by which answers and an idle connection are timed.
        read_only: keeps the guard's table even against our own bugs.
        connections: over so many at most reads go side by side that are announced.
        below: the registry key below HKLM to which, and below which, one that may only read may write all the same.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        host: str,
        clock: Clock = SYSTEM_CLOCK,
        read_only: bool = True,
        connections: int = 1,
        below: str = "",
    ) -> None:
        def converse(beside: Transport) -> Conversation:
            return Conversation(beside, host=host, read_only=True, clock=clock)

        self._transport = transport
        self._conversation = Conversation(transport, host=host, read_only=read_only, clock=clock, below=below)
        self._shell = Shell(self._conversation)
        self._fetcher = Fetcher(self._conversation, self._expect_room, self._make_room)
        self._beside = Beside(transport, connections, converse, self._expect_room)
        self._known: dict[Question, Answered] = {}
        # What a command wrote that was run ahead; it counts for the next command of these words alone.
        self._ran: dict[tuple[str, ...], CommandOutput] = {}
        # What was read ahead and not asked for up to now.
        self._unused: set[Question | tuple[str, ...]] = set()
        self._recalling = False
        # Which registry keys are there, in lower case, as far as the answers up to now tell.
        self._keys: dict[str, bool] = {}
        self._kept = 0

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close the session."""
        self.close()

    @property
    def host(self) -> str:
        """The address that messages name."""
        return self._conversation.host

    @property
    def stats(self) -> Stats:
        """What has been spent up to now; after `close`, all of it."""
        return Stats.total((self._conversation.stats, *self._beside.stats))

    @property
    def heard(self) -> tuple[PageHeard, ...]:
        """The shapes of the pages that have come up to now; those of connections beside it are left out."""
        return self._conversation.heard

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        """Return rows of a class; see `Reader.query`. A condition without values selects nothing and costs nothing."""
        found = (row for question in questions(QueryRead(wmi_class, tuple(properties), where, namespace)) for row in self._rows(question))
        return tuple(Row(row.class_name or wmi_class, row.values, self.host) for row in found)

    def value(self, key: str, name: str, kind: RegistryType) -> RegistryValue | None:
        """Return a registry value below HKLM; see `Reader.value`."""
        (question,) = questions(ValueRead(key, name, kind))
        output = self._registry_read(question)
        if output is None:
            return None
        with typed(self.host, question.what):
            return registry.value_of(output.values, kind)

    def value_types(self, key: str) -> Mapping[str, RegistryType] | None:
        """Return names and types of a key's values; see `Reader.value_types`."""
        (question,) = questions(TypesRead(key))
        output = self._registry_read(question)
        if output is None:
            return None
        with typed(self.host, question.what):
            return registry.types_of(output.values)

    def subkeys(self, key: str) -> tuple[str, ...] | None:
        """Return the names of a key's subkeys; see `Reader.subkeys`."""
        (question,) = questions(SubkeysRead(key))
        output = self._registry_read(question)
        return None if output is None else output.values.texts("sNames")

    def has_key(self, key: str) -> bool:
        """Tell whether a key is there; see `Reader.has_key`."""
        known = self._keys.get(key.lower())
        if known is not None:
            return known
        parent, _separator, name = key.rpartition("\\")
        if not parent:
            return self.value_types(key) is not None
        # One answer tells of the parent and of all its subkeys.
        return name.lower() in {subkey.lower() for subkey in self.subkeys(parent) or ()}

    def grants(self, key: str) -> tuple[Grant, ...] | None:
        """Return whom the access list of a key allows what; see `Reader.grants`."""
        (question,) = questions(GrantsRead(key))
        output = self._registry_read(question)
        if output is None:
            return None
        with typed(self.host, question.what):
            return registry.grants_of(output.values)

    def command(self, *arguments: str) -> CommandOutput:
        """Run one of the read-only commands; see `Reader.command`."""
        if self._recalling:
            if arguments not in self._ran:
                raise NotRead
            return self._ran[arguments]
        self._unused.discard(arguments)
        ran = self._ran.pop(arguments, None)
        return self._run_again(arguments) if ran is None else ran

    def _run_again(self, arguments: tuple[str, ...]) -> CommandOutput:
        return self._conversation.repeatable(lambda: self._shell.run(*arguments))

    def open_shell(self) -> None:
        """Open the command shell; see `Reader.open_shell`."""
        self._conversation.repeatable(self._shell.begin)

    def winrm_listeners(self) -> tuple[WinrmListener, ...]:
        """Return WinRM's own listener configuration; see `Reader.winrm_listeners`."""
        (question,) = questions(ListenersRead())
        rows = self._rows(question)
        with typed(self.host, question.what):
            return tuple(_listener(row) for row in rows)

    def ahead(self, wants: Callable[[], Iterable[Read]], *, over: int) -> None:
        """Read side by side, and remember the answers; see `Reader.ahead`.

        Where answers come quickly it does nothing: another login costs more than it saves there.
        """
        if not (self._beside.allowed and over > 1) or self._transport.slow is False:
            return
        asked: set[Question] = set()

        def more(answers: Answers) -> tuple[Question, ...]:
            for question, answer in answers.items():
                with suppress(ProtocolError):
                    # What there is no room for is asked again in its turn, and refused then.
                    self._remember(question, answer)
                    self._unused.add(question)
            new = dict.fromkeys(question for read in wants() for question in questions(read) if self._is_to_ask(question))
            found = tuple(question for question in new if question not in asked)
            asked.update(found)
            return found

        def run_commands() -> None:
            for read in wants():
                if isinstance(read, CommandRead):
                    self._ran[read.arguments] = self._run_again(read.arguments)
                    self._unused.add(read.arguments)

        if self._transport.slow is None:
            # A login that takes no answer of its own: the first read tells.
            with suppress(HostError):
                for question in more({})[:1]:
                    self._once(question)
                    self._unused.add(question)
            asked.clear()
        if self._transport.slow:
            self._beside.fetch(more, self._fetcher, over=over, before=run_commands)

    def _is_to_ask(self, question: Question) -> bool:
        return question not in self._known and not self._lies_below_an_absent_key(question.key)

    def recall(self, read: Callable[[Reader], T]) -> T:
        """Do a read without asking; see `Reader.recall`."""
        with self._only_recalling():
            return read(self)

    @contextmanager
    def _only_recalling(self) -> Iterator[None]:
        before, self._recalling = self._recalling, True
        try:
            yield
        finally:
            self._recalling = before

    def forget(self) -> None:
        """Drop what was read, so that the next read asks the host; see `Reader.forget`."""
        self._tell_unused()
        self._known.clear()
        self._ran.clear()
        self._keys.clear()
        self._kept = 0

    def close(self) -> None:
        """Close the command shell, if one was opened, and the connection."""
        # First: a thread may still wait for an answer.
        self._beside.close()
        self._shell.close()
        self._conversation.close()
        self._tell_unused()

    # --- reads --------------------------------------------------------------------------------------------------

    def _once(self, question: Question) -> Found:
        """Return what was read since the last write, or read it; raise again what the host said in place of an answer."""
        if question not in self._known:
            if self._recalling:
                raise NotRead
            self._remember(question, answer_of(lambda: self._conversation.repeatable(lambda: self._fetcher.fetch(question))))
        if not self._recalling:
            self._unused.discard(question)
        known = self._known[question]
        if isinstance(known, HostError):
            raise known.with_traceback(None)
        return known

    def _remember(self, question: Question, answer: Answered) -> None:
        if not isinstance(answer, HostError):
            self._kept += memory_of((answer.values,) if isinstance(answer, Output) else answer)
            self._expect_room(0, question.what)
        self._known[question] = answer

    def _tell_unused(self) -> None:
        for unused in self._unused:
            what = unused.what if isinstance(unused, Question) else " ".join(unused)
            _log.debug("%s: read ahead and never asked for: %s", self.host, what)
        self._unused.clear()

    def _expect_room(self, more: int, what: str) -> None:
        if self._kept + more > MAX_KEPT:
            raise ProtocolError(f"{what} at {self.host}: the task has read more than {MAX_KEPT} bytes", host=self.host)

    def _make_room(self) -> bool:
        """Close our own shell, whose commands count against the quota of operations; tell whether it was open."""
        was_open = self._shell.open
        self._shell.close()
        return was_open

    def _rows(self, question: Question) -> tuple[Row, ...]:
        found = self._once(question)
        # An enumeration has rows, and a method an output.
        return () if isinstance(found, Output) else found

    def _registry_read(self, question: Question) -> Output | None:
        """Return the output of a StdRegProv method on a key; None where key or value is absent."""
        if self._lies_below_an_absent_key(question.key):
            return None
        output, what, request = self._once(question), question.what, question.request
        if not (isinstance(output, Output) and isinstance(request, Invoke)):
            return None
        code = self._returned(output, what)
        there = registry.key_is_there(request.method, code)
        if there is not None:
            self._keys[question.key.lower()] = there
        if code in registry.ABSENT:
            return None
        self._expect(code == 0, code, SYSTEM, what)
        return output

    def _lies_below_an_absent_key(self, key: str) -> bool:
        parts = key.lower().split("\\")
        return any(self._keys.get("\\".join(parts[:length])) is False for length in range(1, len(parts)))

    def _returned(self, output: Output, what: str) -> int:
        if output.return_value is None:
            raise ProtocolError(f"{what} at {self.host}: the answer has no return value", host=self.host)
        return output.return_value

    def _expect(self, condition: bool, code: int, table: dict[int, str], what: str) -> None:
        if not condition:
            raise MethodFailed(f"{what} at {self.host}: {meaning(table, code)}", host=self.host, return_value=code)


def _listener(row: Row) -> WinrmListener:
    port = row.number("Port")
    if port is None:
        raise ValueError("a listener without a port")
    # WSMV 2.2.4.19: Enabled is true where it is left out.
    enabled = row.flag("Enabled")
    return WinrmListener(
        address=row.text("Address") or "",
        transport=row.text("Transport") or "",
        port=port,
        enabled=enabled is None or enabled,
    )
