# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read plain YAML data into frozen dataclasses, noting every problem instead of stopping at the first."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Annotated, TypeVar, Union, get_args, get_origin, get_type_hints

from winsim.host.faults import Fault, parse
from winsim.limits import Dword, Qword
from winsim.registry_value import RegistryData, RegistryType, RegistryValue

Row = TypeVar("Row")

REGISTRY_TYPES = {
    "sz": RegistryType.SZ,
    "expand_sz": RegistryType.EXPAND_SZ,
    "binary": RegistryType.BINARY,
    "dword": RegistryType.DWORD,
    "multi_sz": RegistryType.MULTI_SZ,
    "qword": RegistryType.QWORD,
}

_NUMBERS: Mapping[RegistryType, object] = {RegistryType.DWORD: Dword, RegistryType.QWORD: Qword}


class Problems:
    """What is wrong with a file, as `$.path: what`."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, path: str, what: str) -> None:
        """Note one problem."""
        self.found.append(f"{path}: {what}")


def record(kind: type[Row], plain: object, path: str, problems: Problems, *, given: tuple[str, ...] | None = None) -> Row | None:
    """Make a dataclass of a mapping; None after a problem, which has been noted.

    Args:
        given: only these must be there, as others may bring the rest: checks the mapping and makes nothing.
    """
    if not isinstance(plain, Mapping):
        problems.add(path, "is no mapping")
        return None
    hints = _hints(kind)  # type: ignore[arg-type]  # every class can be hashed
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]  # every kind asked for is a dataclass
    count = len(problems.found)
    for key in plain:
        if key not in known:
            problems.add(f"{path}.{key}", f"unknown key; known are {', '.join(sorted(known))}")
    for name, entry in known.items():
        needed = (entry.default is MISSING and entry.default_factory is MISSING) if given is None else name in given
        if needed and name not in plain:
            problems.add(f"{path}.{name}", "is missing")
    values = {name: value(hints[name], plain[name], f"{path}.{name}", problems) for name in known if name in plain}
    return kind(**values) if given is None and len(problems.found) == count else None


def records(kind: type[Row], plain: object, path: str, problems: Problems, *, given: tuple[str, ...] | None = None) -> list[Row]:
    """Make dataclasses of a list of mappings, as `record` does."""
    if not isinstance(plain, list):
        problems.add(path, "is no list")
        return []
    made = [record(kind, entry, f"{path}[{index}]", problems, given=given) for index, entry in enumerate(plain)]
    return [entry for entry in made if entry is not None]


def value(hint: object, plain: object, path: str, problems: Problems) -> object:
    """Check one value against a type hint and return it, tuples for lists; `object` takes anything."""
    if hint is object:
        return plain
    origin = get_origin(hint)
    if origin is Annotated:
        return _limited(hint, plain, path, problems)
    # Python writes the union with an annotated type in the old way.
    if origin in (types.UnionType, Union):
        if plain is None:
            return None
        return value(next(arm for arm in get_args(hint) if arm is not types.NoneType), plain, path, problems)
    if origin is tuple:
        if not isinstance(plain, list):
            problems.add(path, "is no list")
            return ()
        return tuple(value(get_args(hint)[0], entry, f"{path}[{index}]", problems) for index, entry in enumerate(plain))
    if origin is Mapping:
        if not isinstance(plain, dict):
            problems.add(path, "is no mapping")
            return {}
        return {str(key): value(get_args(hint)[1], entry, f"{path}.{key}", problems) for key, entry in plain.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        return record(hint, plain, path, problems)
    if isinstance(hint, type):
        return _scalar(hint, plain, path, problems)
    raise TypeError(f"{path}: no reader for {hint!r}")


def registry_value(plain: object, path: str, problems: Problems) -> RegistryValue | None:
    """Read `{dword: 1}` and its like."""
    if not isinstance(plain, dict) or len(plain) != 1 or next(iter(plain)) not in REGISTRY_TYPES:
        problems.add(path, f"is no mapping with one of {', '.join(REGISTRY_TYPES)}")
        return None
    name, data = next(iter(plain.items()))
    kind = REGISTRY_TYPES[name]
    wanted: RegistryData | None = None
    if kind in _NUMBERS:
        count = len(problems.found)
        value(_NUMBERS[kind], data, path, problems)
        return RegistryValue(kind, data) if len(problems.found) == count else None
    if kind in (RegistryType.SZ, RegistryType.EXPAND_SZ) and isinstance(data, str):
        wanted = data
    elif kind is RegistryType.MULTI_SZ and isinstance(data, list) and all(isinstance(entry, str) for entry in data):
        wanted = tuple(data)
    elif kind is RegistryType.BINARY and isinstance(data, str):
        wanted = _bytes(data)
    if wanted is None:
        problems.add(path, f"{data!r} is no {name}")
        return None
    return RegistryValue(kind, wanted)


def _bytes(digits: str) -> bytes | None:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


def fault(plain: object, path: str, problems: Problems) -> Fault | None:
    """Read one fault."""
    if not isinstance(plain, dict):
        problems.add(path, "is no mapping")
        return None
    try:
        return parse(plain)
    except ValueError as error:
        problems.add(path, str(error))
        return None


@cache
def _hints(kind: type) -> dict[str, object]:
    """Return the types of a dataclass; working them out takes longer than reading a row."""
    return get_type_hints(kind, include_extras=True)


def _limited(hint: object, plain: object, path: str, problems: Problems) -> object:
    """Check a value against a type with limits; these are asked only of what is of that type."""
    kind, *limits = get_args(hint)
    count = len(problems.found)
    read = value(kind, plain, path, problems)
    if len(problems.found) == count:
        for limit in limits:
            if not limit.fits(plain):
                problems.add(path, f"{plain!r} is no {limit.what}")
    return read


def _scalar(hint: type, plain: object, path: str, problems: Problems) -> object:
    if issubclass(hint, Enum):
        member = next((entry for entry in hint if plain in (entry.value, entry.name.lower()) and not isinstance(plain, int)), None)
        if member is None:
            known = (entry.value if isinstance(entry.value, str) else entry.name.lower() for entry in hint)
            problems.add(path, f"{plain!r} is none of {', '.join(known)}")
        return member
    accepted = (int, float) if hint is float else hint
    if not isinstance(plain, accepted) or (isinstance(plain, bool) and hint is not bool):
        problems.add(path, f"{plain!r} is no {hint.__name__}")
    return plain
