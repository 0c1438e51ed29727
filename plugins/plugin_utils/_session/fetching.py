# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One read over one conversation: which request it is, and all pages of its answer. Remembers nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ConnectionLost, HostError, QuotaExceeded, TimedOut
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import (
    CommandRead,
    GrantsRead,
    ListenersRead,
    QueryRead,
    Read,
    SubkeysRead,
    TypesRead,
    ValueRead,
    Where,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import wql
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.constants import WSMAN_QUOTA_OPERATIONS, wmi_resource
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import (
    Enumerate,
    EnumerateConfig,
    Invoke,
    Output,
    Page,
    Pull,
    Release,
)

from . import registry
from .conversation import Conversation
from .limits import memory_of
from .shell import PATIENCE

Found = tuple[Row, ...] | Output

# win32 WmiSdk, "Querying with WQL": a query with too many keywords ends in WBEM_E_QUOTA_VIOLATION; no number is given.
MAX_CONDITIONS = 64


@dataclass(frozen=True, slots=True)
class Question:
    """A request that reads, and what messages call it.

    Attributes:
        key: the registry key that it is about, if any.
    """

    request: Enumerate | EnumerateConfig | Invoke
    what: str
    key: str = ""


def questions(read: Read) -> tuple[Question, ...]:
    """Return the requests of a read, in order; a command is none, and a condition without values selects nothing."""
    match read:
        case QueryRead():
            wheres = conditions(read.where)
            return tuple(Question(_select(read, where), f"query of {read.wmi_class}") for where in wheres)
        case ValueRead():
            getter = registry.getter(read.key, read.name, read.kind)
            return (Question(getter, on_value(getter.method, read.key, read.name), read.key),)
        case TypesRead():
            return (_on_key("EnumValues", read.key),)
        case SubkeysRead():
            return (_on_key("EnumKey", read.key),)
        case GrantsRead():
            return (_on_key(registry.GET_DESCRIPTOR, read.key),)
        case ListenersRead():
            return (Question(EnumerateConfig(part="listener"), "list of WinRM listeners"),)
        case CommandRead():
            return ()


def _on_key(method: str, key: str) -> Question:
    return Question(registry.call(method, key), f"StdRegProv.{method} on '{hklm(key)}'", key)


def conditions(where: Where | None) -> Iterator[Where | None]:
    """Share a condition out over as many queries as it needs."""
    if where is None:
        yield None
        return
    for start in range(0, len(where.values), MAX_CONDITIONS):
        yield Where(where.property, where.values[start : start + MAX_CONDITIONS])


def _select(read: QueryRead, where: Where | None) -> Enumerate:
    # A condition that makes no sense is found here, also where no WQL is sent.
    query = wql.select(read.wmi_class, read.properties, where)
    if not read.properties and where is None:
        return Enumerate(resource=wmi_resource(read.namespace, read.wmi_class))
    # WSMV 3.1.4.1.1: WQL goes to all classes of the namespace, never to one.
    return Enumerate(resource=wmi_resource(read.namespace, "*"), wql=query)


def hklm(key: str) -> str:
    """Return a key as messages and commands name it."""
    return f"{HKLM}{key}"


def on_value(method: str, key: str, name: str) -> str:
    """Return a method of StdRegProv and the registry value that it is about, for messages."""
    return f"StdRegProv.{method} on '{hklm(key)}\\{name}'"


class Fetcher:
    """Asks for whole answers.

    Args:
        conversation: over which it asks.
        expect_room: raises ProtocolError where so many bytes more are too many to keep; told what is read.
        make_room: closes what else counts against the user's quota of operations; tells whether there was anything.
    """

    def __init__(
        self, conversation: Conversation, expect_room: Callable[[int, str], None], make_room: Callable[[], bool] = lambda: False
    ) -> None:
        self._conversation = conversation
        self._expect_room = expect_room
        self._make_room = make_room

    def fetch(self, question: Question) -> Found:
        """Return the output of a method, or all rows of an enumeration."""
        request, what = question.request, question.what
        return self._conversation.ask(request, what) if isinstance(request, Invoke) else self._all_pages(request, what)

    def _all_pages(self, request: Enumerate | EnumerateConfig, what: str) -> tuple[Row, ...]:
        resource = request.target().resource
        limits = self._conversation.limits(what)
        page = self._first_page(request, what)
        rows, size = list(page.rows), memory_of(page.rows)
        while page.context is not None:
            context = page.context
            try:
                self._expect_room(size, what)
                limits.count(empty=not page.rows)
                page = self._next_page(Pull(resource=resource, context=context), what)
                rows.extend(page.rows)
                size += memory_of(page.rows)
            except ConnectionLost:
                raise
            except HostError:
                # An enumeration left open counts against the user's quota of operations (15 up to 2008 R2).
                with suppress(HostError):
                    self._conversation.ask(Release(resource=resource, context=context), what)
                raise
        return tuple(rows)

    def _first_page(self, request: Enumerate | EnumerateConfig, what: str) -> Page:
        """Ask for the first page.

        The commands of our own shell count against the same quota of operations (WSMV <118>): where it is met, they make room.
        """
        try:
            return self._conversation.ask(request, what)
        except QuotaExceeded as error:
            if error.code != WSMAN_QUOTA_OPERATIONS or not self._make_room():
                raise
        return self._conversation.ask(request, what)

    def _next_page(self, pull: Pull, what: str) -> Page:
        for _attempt in range(PATIENCE - 1):
            with suppress(TimedOut):
                # A slow provider: the context stays valid, and the same Pull is to be sent again.
                return self._conversation.ask(pull, what)
        return self._conversation.ask(pull, what)
