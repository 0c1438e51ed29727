# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a provider describes its classes: names, schema, instances, methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from winsim.classes import CIMV2, STANDARD_CIMV2, Version
from winsim.host.machine import Machine
from winsim.host.model import MachineSpec
from winsim.seams import Instance, Problem, Value, WmiError

DEFAULT = "root/default"

__all__ = ["CIMV2", "DEFAULT", "STANDARD_CIMV2", "Arguments", "CimClass", "Method", "Out", "Raw", "number"]

Raw = Mapping[str, list[str] | str | None]


class Arguments:
    """The arguments of one call by name, read by the type that the method's schema gives them."""

    def __init__(self, raw: Raw, known: Iterable[str]) -> None:
        """Take arguments as text; one that the method does not have is refused."""
        self._raw = {name.lower(): value for name, value in raw.items()}
        accepted = {name.lower() for name in known}
        for name in self._raw:
            if name not in accepted:
                raise WmiError(Problem.INVALID_PARAMETER, name)

    def text(self, name: str) -> str | None:
        """Return a string, None where it is null or absent."""
        value = self._raw.get(name.lower())
        if isinstance(value, list):
            raise WmiError(Problem.INVALID_PARAMETER, name)
        return value

    def number(self, name: str, *, default: int | None = None, bits: int = 32) -> int:
        """Return an unsigned integer.

        Raises:
            WmiError: it is no decimal number of that size, or it is missing and has no default.
        """
        text = self.text(name)
        if text is None and default is not None:
            return default
        if text is None or not text.strip().isdecimal() or int(text) >= 1 << bits:
            raise WmiError(Problem.INVALID_PARAMETER, name)
        return int(text)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an array of strings, empty where it is null or absent."""
        value = self._raw.get(name.lower())
        return () if value is None else tuple(value) if isinstance(value, list) else (value,)


Out = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Method:
    """One method; `call` gets the instance it is called on, None for a static one."""

    parameters: tuple[str, ...]
    call: Callable[[Machine, Instance | None, Arguments], Out]
    static: bool = False


def _none(host: Machine) -> Iterable[Instance]:
    del host
    return ()


def _always(spec: MachineSpec) -> bool:
    del spec
    return True


@dataclass(frozen=True, slots=True)
class CimClass:
    """One class with what it has of its own; instances of derived classes are found through `parent`.

    Attributes:
        since: the first version of Windows that has it.
        exists: tells whether a host that is new enough has it.
        later: properties that came after the class, with the first version that has them.
    """

    name: str
    namespace: str
    keys: tuple[str, ...]
    properties: tuple[str, ...]
    arrays: frozenset[str] = frozenset()
    parent: str | None = None
    singleton: bool = False
    since: Version = (5, 0)
    exists: Callable[[MachineSpec], bool] = _always
    later: Mapping[str, Version] = field(default_factory=dict)
    instances: Callable[[Machine], Iterable[Instance]] = _none
    methods: Mapping[str, Method] = field(default_factory=dict)

    def instance(self, values: Mapping[str, Value]) -> Instance:
        """Make an instance; what is not given is null."""
        return Instance(self.name, self.keys, {name: values.get(name) for name in self.properties}, self.arrays)


def number(instance: Instance, name: str) -> int:
    """Return a numeric property of an instance that always has it."""
    value = instance.properties[name]
    if not isinstance(value, int):
        raise TypeError(f"{instance.class_name}.{name} is no number")
    return value
