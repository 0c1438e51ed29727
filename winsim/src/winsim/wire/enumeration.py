# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Enumerations: what was asked for and is not yet sent, page by page. Knows rows as text only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import names
from .faults import INVALID_CONTEXT, PULL_DIFFERS, RESPONSE_TOO_LARGE, SoapFault
from .profile import Profile
from .writing import ENUMERATION_PREFIXES, Reply, element, new_uuid

# What an envelope needs around its items; generous.
_ENVELOPE_OVERHEAD = 2048


@dataclass(slots=True)
class _Open:
    """Rows that are still to be pulled, and by whom."""

    resource: str
    account: str
    rows: Sequence[str]
    touched: float


class Enumerations:
    """The open enumerations of one host."""

    def __init__(self, profile: Profile, clock: Callable[[], float], *, admit: Callable[[str], None]) -> None:
        """Open none yet; `admit` refuses an account that has too many operations already."""
        self._profile = profile
        self._clock = clock
        self._admit = admit
        self._open: dict[str, _Open] = {}

    @property
    def count(self) -> int:
        """How many are open; idle ones are dropped first."""
        self._drop_idle()
        return len(self._open)

    def operations(self, account: str) -> int:
        """How many enumerations of an account are open."""
        self._drop_idle()
        return sum(entry.account == account for entry in self._open.values())

    def clear(self) -> None:
        """Forget all, as a boot does."""
        self._open.clear()

    def start(
        self, resource: str, account: str, rows: Sequence[str], *, optimise: bool, max_elements: int | None, envelope_limit: int
    ) -> Reply:
        """Answer an Enumerate: all at once, one row, or a context only, as this WinRM does.

        Raises:
            SoapFault: the account has too many enumerations open.
        """
        if not optimise:
            context = self._keep(resource, account, rows)
            return self._enumerate_reply(element("n:EnumerationContext", context))
        # 2008 R2 and 2012 send exactly one, whatever MaxElements says (recorded answers).
        page = self._page(rows, max_elements, envelope_limit) if self._profile.whole_enumeration else rows[:1]
        rest = rows[len(page) :]
        items = element("w:Items", *page) if page else ""
        if not rest:
            return self._enumerate_reply("<n:EnumerationContext></n:EnumerationContext>" + items + "<w:EndOfSequence/>")
        return self._enumerate_reply(element("n:EnumerationContext", self._keep(resource, account, rest)) + items)

    def pull(self, resource: str, account: str, context: str, *, max_elements: int | None, envelope_limit: int) -> Reply:
        """Answer a Pull with the next page and a new context, or the end.

        Raises:
            SoapFault: unknown or outlived context, or another resource than that of the Enumerate.
        """
        found = self._find(context, account)
        if found.resource.lower() != resource.lower():
            raise SoapFault(PULL_DIFFERS)
        page = self._page(found.rows, max_elements, envelope_limit)
        del self._open[context]
        rest = found.rows[len(page) :]
        items = element("n:Items", *page)
        if not rest:
            # An end without rows still has its Items element (DSP0226; no recorded answer of a class).
            return _pull_reply(items + "<n:EndOfSequence/>")
        return _pull_reply(element("n:EnumerationContext", self._keep(found.resource, account, rest)) + items)

    def release(self, account: str, context: str) -> Reply:
        """Answer a Release: the enumeration is gone."""
        self._find(context, account)
        del self._open[context]
        return Reply(f"{names.ENUMERATION}/ReleaseResponse", "", ENUMERATION_PREFIXES)

    def _find(self, context: str, account: str) -> _Open:
        self._drop_idle()
        found = self._open.get(context)
        if found is None or found.account != account:
            raise SoapFault(INVALID_CONTEXT)
        return found

    def _keep(self, resource: str, account: str, rows: Sequence[str]) -> str:
        self._admit(account)
        context = f"uuid:{new_uuid()}"
        self._open[context] = _Open(resource, account, rows, self._clock())
        return context

    def _drop_idle(self) -> None:
        oldest = self._clock() - self._profile.enumeration_idle
        for context in [context for context, entry in self._open.items() if entry.touched < oldest]:
            del self._open[context]

    def _page(self, rows: Sequence[str], max_elements: int | None, envelope_limit: int) -> Sequence[str]:
        """Return the rows of the next answer: without MaxElements one (DSP0226), else as many as fit."""
        limit = min(envelope_limit, self._profile.max_envelope)
        room = limit // self._profile.page_share - _ENVELOPE_OVERHEAD
        most = min(max_elements or 1, self._profile.max_batch)
        taken = 0
        for row in rows[:most]:
            size = len(row.encode())
            if taken and room < size:
                break
            if not taken and size > limit - _ENVELOPE_OVERHEAD:
                raise SoapFault(RESPONSE_TOO_LARGE)
            room -= size
            taken += 1
        return rows[:taken]

    @staticmethod
    def _enumerate_reply(content: str) -> Reply:
        return Reply(f"{names.ENUMERATION}/EnumerateResponse", element("n:EnumerateResponse", content), ENUMERATION_PREFIXES)


def _pull_reply(content: str) -> Reply:
    return Reply(f"{names.ENUMERATION}/PullResponse", element("n:PullResponse", content), ENUMERATION_PREFIXES)
