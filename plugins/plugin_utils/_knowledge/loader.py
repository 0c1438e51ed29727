# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Strict YAML to dataclasses: unknown keys are errors, and every problem is reported at once.

Needs PyYAML and dataclasses only. A problem reads `file: $.path: what is wrong`.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.plan import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .model import Hazard, Knowledge, Never, PerUser, Port, Protected, Range, Recipe, Silent, Status, Version

# libyaml is ten times faster and is not in every build of PyYAML.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FOLDER = Path(__file__).parent
# The NetBT driver method asks for it by itself: it depends on the word of the operator and not on the Windows.
CODED_HAZARD = "outgoing-smb"
T = TypeVar("T")


class KnowledgeError(Exception):
    """Entries that do not fit their shapes; one line a problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Decoder:
    """Turns parsed YAML into typed values and collects what does not fit."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def complain(self, where: str, what: str) -> None:
        """Note one problem."""
        self.problems.append(f"{where}: {what}")

    def value(self, kind: Any, node: Any, where: str) -> Any:
        """Decode one node as a type; after a complaint the result is not to be used."""
        origin = typing.get_origin(kind)
        if origin in (typing.Union, types.UnionType):
            return self._union(typing.get_args(kind), node, where)
        if origin is Mapping:
            return self._mapping(typing.get_args(kind), node, where)
        if origin is tuple:
            return self._items(typing.get_args(kind)[0], node, where)
        if kind is NtVersion:
            return self._version(node, where)
        if is_dataclass(kind) and isinstance(kind, type):
            return self.entry(kind, node, where)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self._member(kind, node, where)
        # true is an int to Python, and no number in a file.
        if not isinstance(node, kind) or (isinstance(node, bool) and kind is not bool):
            self.complain(where, f"{kind.__name__} expected, not {node!r}")
        return node

    def entry(self, shape: type[T], node: Any, where: str) -> T | None:
        """Decode a mapping as a dataclass; None after a complaint."""
        if not isinstance(node, Mapping):
            self.complain(where, f"a mapping expected, not {node!r}")
            return None
        before = len(self.problems)
        hints = typing.get_type_hints(shape)
        known = {item.name: item for item in fields(shape)}  # type: ignore[arg-type]  # a type variable, always a dataclass
        for key in node:
            if key not in known:
                self.complain(where, f"unknown key '{key}'")
        values = {}
        for name, item in known.items():
            if name in node:
                values[name] = self.value(hints[name], node[name], f"{where}.{name}")
            elif item.default is MISSING and item.default_factory is MISSING:
                self.complain(where, f"key '{name}' is missing")
        return shape(**values) if len(self.problems) == before else None

    def _union(self, kinds: tuple[Any, ...], node: Any, where: str) -> Any:
        shapes = [kind for kind in kinds if is_dataclass(kind)]
        if isinstance(node, Mapping) and len(shapes) == 1:
            # What it was meant as is plain, so that its own problems are told.
            return self.value(shapes[0], node, where)
        for kind in kinds:
            trial = Decoder()
            value = trial.value(kind, node, where)
            if not trial.problems:
                return value
        names = " or ".join(getattr(kind, "__name__", str(kind)) for kind in kinds)
        self.complain(where, f"{names} expected, not {node!r}")
        return None

    def _items(self, kind: Any, node: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(node, list):
            self.complain(where, f"a list expected, not {node!r}")
            return ()
        return tuple(self.value(kind, item, f"{where}[{number}]") for number, item in enumerate(node))

    def _mapping(self, kinds: tuple[Any, ...], node: Any, where: str) -> dict[Any, Any]:
        if not isinstance(node, Mapping):
            self.complain(where, f"a mapping expected, not {node!r}")
            return {}
        return {self.value(kinds[0], key, where): self.value(kinds[1], item, f"{where}.{key}") for key, item in node.items()}

    def _version(self, node: Any, where: str) -> NtVersion | None:
        try:
            return NtVersion.parse(node)
        except (AttributeError, ValueError):
            self.complain(where, f"a kernel version in quotes expected, not {node!r}")
            return None

    def _member(self, kind: type[Enum], node: Any, where: str) -> Enum | None:
        try:
            return kind(node)
        except ValueError:
            self.complain(where, f"one of {', '.join(str(member.value) for member in kind)} expected, not {node!r}")
            return None


def load(folder: Path = FOLDER) -> Knowledge:
    """Load and check all entries.

    Raises:
        KnowledgeError: with all problems of all files.
    """
    decoder = Decoder()
    sources = decoder.value(Mapping[str, str], _parse(folder / "sources.yml", decoder), "sources.yml: $")
    knowledge = Knowledge(
        recipes=_entries(folder / "recipes", Recipe, decoder),
        versions=_entries(folder / "windows", Version, decoder),
        never_stop=_list(folder / "never_stop.yml", Never, decoder),
        protected=_list(folder / "protected.yml", Protected, decoder),
        per_user=_list(folder / "per_user.yml", PerUser, decoder),
        hazards=_list(folder / "hazards.yml", Hazard, decoder),
        silent=_list(folder / "silent.yml", Silent, decoder),
        sources=sources,
    )
    if not decoder.problems:
        _check_sources(knowledge, decoder)
        for recipe in knowledge.recipes.values():
            _check_recipe(recipe, knowledge, decoder)
        for version in knowledge.versions.values():
            _check_version(version, knowledge, decoder)
    if decoder.problems:
        raise KnowledgeError(decoder.problems)
    return knowledge


def _parse(path: Path, decoder: Decoder) -> Any:
    try:
        # A subclass of SafeLoader, chosen above.
        return yaml.load(path.read_text(encoding="utf-8"), Loader=YAML_LOADER)
    except (OSError, yaml.YAMLError) as error:
        decoder.complain(f"{path.name}: $", f"cannot be read: {error}")
        return None


def _entries(folder: Path, shape: type[T], decoder: Decoder) -> dict[str, T]:
    found = {}
    for path in sorted(folder.glob("*.yml")):
        where = f"{folder.name}/{path.name}: $"
        entry = decoder.entry(shape, _parse(path, decoder), where)
        if entry is not None:
            if getattr(entry, "id", None) != path.stem:
                decoder.complain(where, f"id '{getattr(entry, 'id', None)}' is not the file's name")
            found[path.stem] = entry
    return found


def _list(path: Path, shape: type[T], decoder: Decoder) -> tuple[T, ...]:
    kind: Any = tuple.__class_getitem__((shape, ...))
    found: tuple[T, ...] = decoder.value(kind, _parse(path, decoder), f"{path.name}: $")
    return found


def _check_sources(knowledge: Knowledge, decoder: Decoder) -> None:
    """Check that every statement cites something, and nothing that is not there."""
    cited = [(f"recipes/{r.id}.yml: $.methods[{n}]", m.sources) for r in knowledge.recipes.values() for n, m in enumerate(r.methods)]
    cited += [(f"windows/{v.id}.yml: $", v.sources) for v in knowledge.versions.values()]
    for name in ("never_stop", "protected", "per_user", "hazards", "silent"):
        cited += [(f"{name}.yml: $[{number}]", item.sources) for number, item in enumerate(getattr(knowledge, name))]
    for where, names in cited:
        for name in names:
            if name not in knowledge.sources:
                decoder.complain(where, f"source '{name}' is not in sources.yml")
        if not names:
            decoder.complain(where, "cites no source")
    for name in knowledge.sources.keys() - {name for _where, names in cited for name in names}:
        decoder.complain("sources.yml: $", f"nothing cites '{name}'")
    used = {method.hazard for recipe in knowledge.recipes.values() for method in recipe.methods}
    for number, hazard in enumerate(knowledge.hazards):
        if hazard.id not in used and hazard.id != CODED_HAZARD:
            decoder.complain(f"hazards.yml: $[{number}]", f"no method has the hazard '{hazard.id}'")


def _check_recipe(recipe: Recipe, knowledge: Knowledge, decoder: Decoder) -> None:
    """Check what a recipe says of stages, owners and hazards, and that nothing is left unsaid."""
    where = f"recipes/{recipe.id}.yml: $"
    for number, method in enumerate(recipe.methods):
        here = f"{where}.methods[{number}]"
        if method.stage not in STAGES:
            decoder.complain(f"{here}.stage", f"there is no stage '{method.stage}'")
        if method.hazard and knowledge.hazard(method.hazard) is None:
            decoder.complain(f"{here}.hazard", f"there is no hazard '{method.hazard}'")
        for later in recipe.methods[number + 1 :]:
            if later.id == method.id and overlap(later.windows, method.windows):
                decoder.complain(here, f"two entries of '{method.id}' speak of one Windows")
        if method.status is not Status.WORKS and not method.because:
            decoder.complain(here, f"is {method.status} and does not say why ('because')")
        for position, value in enumerate(method.values):
            fits = {"dword": int, "sz": str, "multi_sz": tuple}[value.type]
            if not isinstance(value.data, fits):
                decoder.complain(f"{here}.values[{position}].data", f"{value.data!r} is no {value.type}")
    for number, pattern in enumerate(recipe.listeners):
        for name in pattern.services:
            if name not in recipe.services + recipe.drivers:
                decoder.complain(f"{where}.listeners[{number}].services", f"'{name}' is no owner of the recipe")
        if isinstance(pattern.port, int) and not 0 < pattern.port < 65536:
            decoder.complain(f"{where}.listeners[{number}].port", f"{pattern.port} is no port")

    methods = {method.id for method in recipe.methods}
    for number, example in enumerate(recipe.examples):
        here = f"{where}.examples[{number}]"
        if example.method and example.method not in methods:
            decoder.complain(f"{here}.method", f"the recipe has no method '{example.method}'")
        if example.outlook not in list(Outlook):
            decoder.complain(f"{here}.outlook", f"one of {', '.join(Outlook)} expected, not '{example.outlook}'")
        _check_listener(f"{here}.endpoint", example.endpoint, decoder)


def overlap(one: Range, other: Range) -> bool:
    """Tell whether two spans of Windows versions can include the same one."""
    since = [item for item in (one.since, other.since) if item is not None]
    until = [item for item in (one.until, other.until) if item is not None]
    first = [item for item in (one.build_since, other.build_since) if item is not None]
    last = [item for item in (one.build_until, other.build_until) if item is not None]
    apart = bool(since and until and max(since) > min(until)) or bool(first and last and max(first) > min(last))
    return not apart and (one.side is None or other.side is None or one.side is other.side)


def _check_listener(where: str, text: str, decoder: Decoder) -> None:
    protocol, slash, port = text.partition("/")
    known = port in (str(Port.RPC), str(Port.EPHEMERAL)) or (port.isdecimal() and 0 < int(port) < 65536)
    if protocol not in ("tcp", "udp") or not slash or not known:
        decoder.complain(where, f"'{text}' is no listener; write tcp/135 or tcp/rpc-dynamic")


def _check_version(version: Version, knowledge: Knowledge, decoder: Decoder) -> None:
    """Check a version's numbers, and that it names recipes that exist."""
    where = f"windows/{version.id}.yml: $"
    if len(version.dynamic_ports) != 2 or not version.builds:
        decoder.complain(where, "dynamic_ports needs first and last, builds at least one")
    named = [(f"{where}.minimize[{n}]", name) for n, name in enumerate(version.minimize)]
    named += [(f"{where}.residue[{n}].recipe", item.recipe) for n, item in enumerate(version.residue)]
    for here, name in named:
        if name not in knowledge.recipes:
            decoder.complain(here, f"there is no recipe '{name}'")
    for number, item in enumerate(version.residue):
        _check_listener(f"{where}.residue[{number}].listener", item.listener, decoder)
