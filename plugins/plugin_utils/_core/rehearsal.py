# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finding out what some work will read, without asking the host.

The work is done with what a session remembers. What it does not remember is noted, and taken for absent. So no list of reads has to be
kept beside the code that reads, and none can differ from it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from .errors import NetminError
from .reader import (
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
from .registry import Grant, RegistryType, RegistryValue
from .row import Row

_log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Reader], object]


def reads_of(reader: Reader, *works: Work) -> tuple[Read, ...]:
    """Return the reads that some work would ask the host for now, each once.

    What depends on the answer to one of these is not among them; work that cannot go on without that answer ends there.
    """
    rehearsal = Rehearsal(reader)
    for work in works:
        try:
            with suppress(NetminError):
                work(rehearsal)
        except Exception:  # absent answers may contradict each other as a host's never do, and the work itself is still to come
            _log.debug("a rehearsal failed", exc_info=True)
    return tuple(rehearsal.noted)


def wants_of(reader: Reader, *works: Work) -> Callable[[], tuple[Read, ...]]:
    """Return what tells, whenever it is called, which reads the host has still to be asked for; what is complete is not done again."""
    left = list(works)

    def wants() -> tuple[Read, ...]:
        found = [(work, reads_of(reader, work)) for work in left]
        left[:] = [work for work, reads in found if reads]
        return tuple(dict.fromkeys(read for _work, reads in found for read in reads))

    return wants


class Rehearsal:
    """A `Reader` that asks nobody: it returns what another one remembers, and notes the rest.

    Attributes:
        noted: the reads that are not remembered, each once, in order.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.noted: dict[Read, None] = {}

    @property
    def host(self) -> str:
        """The address that messages name."""
        return self._reader.host

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        """Return rows; see `Reader.query`."""
        with self._noting(QueryRead(wmi_class, tuple(properties), where, namespace)):
            return self._reader.recall(lambda known: known.query(wmi_class, properties, where=where, namespace=namespace))
        return ()

    def value(self, key: str, name: str, kind: RegistryType) -> RegistryValue | None:
        """Return a registry value; see `Reader.value`."""
        with self._noting(ValueRead(key, name, kind)):
            return self._reader.recall(lambda known: known.value(key, name, kind))
        return None

    def value_types(self, key: str) -> Mapping[str, RegistryType] | None:
        """Return names and types of a key's values; see `Reader.value_types`."""
        with self._noting(TypesRead(key)):
            return self._reader.recall(lambda known: known.value_types(key))
        return None

    def subkeys(self, key: str) -> tuple[str, ...] | None:
        """Return the names of a key's subkeys; see `Reader.subkeys`."""
        with self._noting(SubkeysRead(key)):
            return self._reader.recall(lambda known: known.subkeys(key))
        return None

    def grants(self, key: str) -> tuple[Grant, ...] | None:
        """Return whom the access list of a key allows what; see `Reader.grants`."""
        with self._noting(GrantsRead(key)):
            return self._reader.recall(lambda known: known.grants(key))
        return None

    def has_key(self, key: str) -> bool:
        """Tell whether a key is there; see `Reader.has_key`, which asks for its parent's subkeys."""
        parent = key.rpartition("\\")[0]
        with self._noting(SubkeysRead(parent) if parent else TypesRead(key)):
            return self._reader.recall(lambda known: known.has_key(key))
        return False

    def command(self, *arguments: str) -> CommandOutput:
        """Run a command; see `Reader.command`."""
        with self._noting(CommandRead(arguments)):
            return self._reader.recall(lambda known: known.command(*arguments))
        return CommandOutput("", "", 0)

    def open_shell(self) -> None:
        """Open nothing."""

    def winrm_listeners(self) -> tuple[WinrmListener, ...]:
        """Return WinRM's own listener configuration; see `Reader.winrm_listeners`."""
        with self._noting(ListenersRead()):
            return self._reader.recall(lambda known: known.winrm_listeners())
        return ()

    def ahead(self, wants: Callable[[], Iterable[Read]], *, over: int) -> None:
        """Read nothing."""

    def recall(self, read: Callable[[Reader], T]) -> T:
        """Do a read from what is remembered; see `Reader.recall`."""
        return self._reader.recall(read)

    def forget(self) -> None:
        """Forget nothing: what another reader remembers is not this one's."""

    @contextmanager
    def _noting(self, read: Read) -> Iterator[None]:
        try:
            yield
        except NotRead:
            self.noted[read] = None
