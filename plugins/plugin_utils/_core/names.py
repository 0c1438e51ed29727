# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that Windows keeps as they are spelled and compares without case.

Those of services and drivers (Microsoft, CreateService: the SCM preserves the case, "but service name comparisons are always case
insensitive"), of registry keys and values (Microsoft, Structure of the Registry), of files, and GUIDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import TypeVar

V = TypeVar("V")


def same(name: str, other: str) -> bool:
    """Tell whether two names mean the same thing."""
    return name.lower() == other.lower()


class Names(Set[str]):
    """A set of names, in the order and the spelling in which each was first met."""

    __slots__ = ("_spelled",)

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Take names; later spellings of one are dropped."""
        spelled: dict[str, str] = {}
        for name in names:
            spelled.setdefault(name.lower(), name)
        self._spelled = spelled

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._spelled

    def __iter__(self) -> Iterator[str]:
        return iter(self._spelled.values())

    def __len__(self) -> int:
        return len(self._spelled)

    # `Set` compares and joins by asking either side; a plain set on the other one would not know that case means nothing.

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Set) and self._spelled.keys() == Names(other)._spelled.keys()

    def __hash__(self) -> int:
        return hash(frozenset(self._spelled))

    def __le__(self, other: Set[object]) -> bool:
        return self._spelled.keys() <= _names(other)._spelled.keys()

    def __ge__(self, other: Set[object]) -> bool:
        return self._spelled.keys() >= _names(other)._spelled.keys()

    def __and__(self, other: Iterable[object]) -> Names:
        found = _names(other)
        return Names(name for name in self if name in found)

    def __or__(self, other: Iterable[object]) -> Names:
        return Names((*self, *_names(other)))

    def __sub__(self, other: Iterable[object]) -> Names:
        gone = _names(other)
        return Names(name for name in self if name not in gone)

    def isdisjoint(self, other: Iterable[object]) -> bool:
        """Tell whether no name is in both."""
        return all(name not in self for name in other)

    def __repr__(self) -> str:
        return f"Names({list(self)!r})"


def _names(other: Iterable[object]) -> Names:
    return other if isinstance(other, Names) else Names(name for name in other if isinstance(name, str))


class ByName(Mapping[str, V]):
    """A mapping from names; it yields each as it was first spelled, and a later value of the same name wins."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V] | Iterable[tuple[str, V]] = ()) -> None:
        """Take a mapping or pairs."""
        pairs = items.items() if isinstance(items, Mapping) else items
        found: dict[str, tuple[str, V]] = {}
        for name, value in pairs:
            key = name.lower()
            found[key] = (found[key][0] if key in found else name, value)
        self._items = found

    def __getitem__(self, name: str) -> V:
        return self._items[name.lower()][1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return (name for name, _value in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __or__(self, other: Mapping[str, V]) -> ByName[V]:
        """Return the same with further items, which win."""
        return ByName((*self.items(), *other.items()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        mine = {key: value for key, (_name, value) in self._items.items()}
        return mine == {str(name).lower(): value for name, value in other.items()}

    def __hash__(self) -> int:
        return hash(frozenset(self._items))

    def __repr__(self) -> str:
        return f"ByName({dict(self)!r})"
