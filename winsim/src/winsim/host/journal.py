# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was changed on a host from outside, one entry per change, whatever kind of request asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Plain = str | int | bool | list[str] | None
"""A state as the journal shows it."""


class Subject(StrEnum):
    """What kind of thing an entry is about."""

    SERVICE_STATE = "service state"
    SERVICE_START_MODE = "service start mode"
    DRIVER_STATE = "driver state"
    DRIVER_START_MODE = "driver start mode"
    REGISTRY_KEY = "registry key"
    REGISTRY_VALUE = "registry value"
    NETBIOS = "netbios option"
    POWER = "power"
    SERVICE = "service"
    TASK = "task"
    FILE = "file"
    RPC_FILTER = "RPC filter"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One change: a write of what was there already is one too (`before` equals `after`)."""

    subject: Subject
    target: str
    before: Plain
    after: Plain


class Journal:
    """All entries since the host was made, oldest first."""

    def __init__(self) -> None:
        self._entries: list[JournalEntry] = []

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        """What happened so far."""
        return tuple(self._entries)

    def note(self, subject: Subject, target: str, before: Plain, after: Plain) -> None:
        """Add an entry."""
        self._entries.append(JournalEntry(subject, target, before, after))

    def __len__(self) -> int:
        return len(self._entries)
