# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One entry of a baseline: what may listen, on which scope, why, who answers for it, and until when. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import same
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained

WIDTH: Mapping[Scope, int] = {Scope.LOOPBACK: 0, Scope.ADAPTER: 1, Scope.WILDCARD: 2}
"""How far an endpoint can be reached: what a wider scope allows a narrower one has as well."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What may listen. All that it names has to fit.

    Attributes:
        of: the group or the host that it stands under, in words.
        line: where it stands in the file, from 1.
        reason: why it may.
        owner: who answers for it.
        recipe: id of a recipe; empty where it names none.
        service: key name of a service or driver, or the name of a program where no service is behind the listener.
        scope: the widest one that is allowed.
        until: the last day on which it holds; None without an end.
    """

    of: str
    line: int
    reason: str
    owner: str
    recipe: str = ""
    service: str = ""
    port: tuple[Protocol, int] | None = None
    scope: Scope = Scope.WILDCARD
    until: date | None = None
    ticket: str = ""

    @property
    def what(self) -> str:
        """What it allows, in words."""
        port = f"port {self.port[0]}/{self.port[1]}" if self.port else ""
        named = (port, f"service {self.service}" if self.service else "", f"recipe {self.recipe}" if self.recipe else "")
        return " of ".join(filter(None, named))

    @property
    def told(self) -> str:
        """What it allows, and who knows more."""
        more = (f"owner {self.owner}", f"ticket {self.ticket}" if self.ticket else "")
        return f"{self.what} ({', '.join(filter(None, more))})"

    def holds_on(self, today: date) -> bool:
        """Tell whether it holds on a day; its last day is one of them."""
        return self.until is None or today <= self.until

    def touches(self, subject: Explained) -> bool:
        """Tell whether an endpoint is, or may be, one that the entry is about, whatever its scope."""
        return self._is_at(subject) and (not self.service or any(same(self.service, owner) for owner in subject.owners))

    def _is_at(self, subject: Explained) -> bool:
        row = subject.endpoint
        return (not self.recipe or self.recipe == subject.recipe) and self.port in (None, (row.protocol, row.port))

    def reaches(self, scope: Scope) -> bool:
        """Tell whether a scope is within the one that is allowed."""
        return WIDTH[scope] <= WIDTH[self.scope]


def cover(entries: Sequence[Entry], subject: Explained) -> bool:
    """Tell whether entries together allow an endpoint, whatever its scope.

    Of one that can belong to several services each of them has to be allowed. What sits on WinRM's port without being WinRM is allowed
    by its owner's name only, never by the number.
    """
    about = [entry for entry in entries if entry.touches(subject)]
    if any(not entry.service for entry in about) and not subject.stranger:
        return True
    return bool(subject.owners) and all(any(same(entry.service, owner) for entry in about) for owner in subject.owners)
