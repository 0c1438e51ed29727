# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find what can be the same endpoint without comparing everything with everything: a host may have ten thousand sockets of a kind.

It only narrows down; whether two are the same the proof decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from heapq import merge
from itertools import islice

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained


class By(Enum):
    """What two endpoints have in common at least, if they can be the same."""

    PORT = auto()
    """The number."""
    IDENTITY = auto()
    """The number where it is fixed, else an owner."""
    OWNER = auto()
    """An owner."""


class Unclaimed:
    """The endpoints of a listing that no entry of a forecast has been given yet, in the order of the listing."""

    def __init__(self, listing: Sequence[Explained]) -> None:
        self._listing = listing
        self._claimed = [False] * len(listing)
        self._by_port: dict[tuple[Protocol, int], deque[int]] = {}
        self._by_owner: dict[Names, deque[int]] = {}
        for number, subject in enumerate(listing):
            row = subject.endpoint
            self._by_port.setdefault((row.protocol, row.port), deque()).append(number)
            for owner in _each(subject.owners):
                self._by_owner.setdefault(owner, deque()).append(number)

    def claim(self, entry: Forecast, by: By, fits: Callable[[Explained], bool], *, most: int | None = 1) -> list[Explained]:
        """Take the first endpoints that can be that of an entry and fit; all of them where `most` is None."""
        numbers = list(islice((number for number in self._near(entry, by) if fits(self._listing[number])), most))
        for number in numbers:
            self._claimed[number] = True
        return [self._listing[number] for number in numbers]

    def left(self) -> list[Explained]:
        """Return what nobody has claimed."""
        return [subject for subject, claimed in zip(self._listing, self._claimed, strict=True) if not claimed]

    def _near(self, entry: Forecast, by: By) -> Iterator[int]:
        then = entry.identity
        found: list[deque[int]]
        if by is By.PORT or (by is By.IDENTITY and then.port is not None):
            found = [self._by_port.get((then.protocol, entry.endpoint.port), deque())]
        else:
            found = [self._by_owner.get(name, deque()) for name in _each(then.owners if by is By.IDENTITY else entry.owners)]
        for numbers in found:
            # What is claimed at the front is not looked at again.
            while numbers and self._claimed[numbers[0]]:
                numbers.popleft()
        last = -1
        for number in merge(*found):
            if number != last and not self._claimed[number]:
                yield number
            last = number


class Foretold:
    """The entries of a forecast, by what an endpoint that can be theirs has in common with them."""

    def __init__(self, entries: Iterable[Forecast]) -> None:
        self._by_port: dict[tuple[Protocol, int], list[tuple[int, Forecast]]] = {}
        self._by_owner: dict[Names, list[tuple[int, Forecast]]] = {}
        for place in enumerate(entries):
            then = place[1].identity
            if then.port is not None:
                self._by_port.setdefault((then.protocol, then.port), []).append(place)
            for name in _each(then.owners):
                self._by_owner.setdefault(name, []).append(place)

    def near(self, subject: Explained) -> list[Forecast]:
        """Return the entries that an endpoint can belong to, in their order."""
        row = subject.endpoint
        found = [*self._by_port.get((row.protocol, row.port), ())]
        found += [place for name in _each(subject.owners) for place in self._by_owner.get(name, ())]
        return [entry for _place, entry in sorted({place: (place, entry) for place, entry in found}.values(), key=lambda item: item[0])]


def _each(owners: Iterable[str] | None) -> Iterator[Names]:
    """Yield each owner by itself, as what it is looked up by."""
    return (Names((name,)) for name in Names(owners or ()))
