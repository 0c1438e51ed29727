# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Strict YAML to dataclasses: unknown keys are errors, and every problem is reported at once.

Needs PyYAML and dataclasses only. A problem reads `file: $.path: what is wrong`.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .assumed import Assumption
from .assumption_checks import check_assumptions
from .benchmark_checks import check_benchmark, check_settings
from .benchmarks import Benchmark, Controls, ControlSetting
from .checks import check_hazard, check_recipe, check_together, check_version
from .hazards import Hazard
from .knowledge import Knowledge
from .model import Never, NeverFilter, PerUser, Protected, Recipe, RpcInterface, RpcPreset, Silent, Version

# libyaml is ten times faster and is not in every build of PyYAML.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FOLDER = Path(__file__).parent
# Bare numbers of the CIS Benchmarks: may be left out of a copy of the collection.
CIS = "cis.yml"
T = TypeVar("T")


class KnowledgeError(Exception):
    """Entries that do not fit their shapes; one line a problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@cache
def _shape(shape: type) -> tuple[dict[str, Any], dict[str, Field[Any]]]:
    """Return the types and fields of a dataclass; each is asked once, since there are many entries."""
    return typing.get_type_hints(shape), {item.name: item for item in fields(shape)}


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
        hints, known = _shape(shape)  # type: ignore[arg-type]  # every class is hashable, also one that a type variable stands for
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
    sources = decoder.value(Mapping[str, str], _parse(folder / "sources.yml", "sources.yml", decoder), "sources.yml: $")
    knowledge = Knowledge(
        recipes=_entries(folder / "recipes", Recipe, decoder),
        versions=_entries(folder / "windows", Version, decoder),
        never_stop=_list(folder / "never_stop.yml", Never, decoder),
        protected=_list(folder / "protected.yml", Protected, decoder),
        per_user=_list(folder / "per_user.yml", PerUser, decoder),
        hazards=_list(folder / "hazards.yml", Hazard, decoder),
        silent=_list(folder / "silent.yml", Silent, decoder),
        rpc_interfaces=_list(folder / "rpc_interfaces.yml", RpcInterface, decoder),
        rpc_filters=_list(folder / "rpc_filters.yml", RpcPreset, decoder),
        never_filter=_list(folder / "never_filter.yml", NeverFilter, decoder),
        sources=sources,
        controls=_controls(folder / "controls", decoder),
        assumptions=_lists(folder / "assumptions", Assumption, decoder),
    )
    decoded = not decoder.problems
    for recipe in knowledge.recipes.values():
        check_recipe(recipe, decoder.complain)
    for version in knowledge.versions.values():
        check_version(version, decoder.complain)
    if decoded:
        for number, hazard in enumerate(knowledge.hazards):
            check_hazard(number, hazard, decoder.complain)
        for where, benchmark in _places(knowledge.controls):
            check_benchmark(where, benchmark, knowledge, decoder.complain)
    if decoded and not decoder.problems:
        # An entry that does not fit would be missed by all that name it, which are right.
        check_together(knowledge, decoder.complain)
        check_settings(knowledge, decoder.complain)
        check_assumptions(knowledge, decoder.complain)
    if decoder.problems:
        raise KnowledgeError(decoder.problems)
    return knowledge


def load_benchmarks(path: Path, knowledge: Knowledge) -> tuple[Benchmark, ...]:
    """Load and check a mapping file of somebody's own: benchmarks whose rules name settings that are known, or recipes and methods.

    Raises:
        KnowledgeError: with all problems of the file.
    """
    decoder = Decoder()
    found = _list(path, Benchmark, decoder)
    if not decoder.problems:
        for number, benchmark in enumerate(found):
            check_benchmark(f"{path.name}: $[{number}]", benchmark, knowledge, decoder.complain, own=True)
            if benchmark.id in [other.id for other in found[:number]]:
                decoder.complain(f"{path.name}: $[{number}].id", f"'{benchmark.id}' is there twice")
    if decoder.problems:
        raise KnowledgeError(decoder.problems)
    return found


def _controls(folder: Path, decoder: Decoder) -> Controls:
    """Load what is known of controls; nothing where the folder has been left out, and no CIS numbers where only their file has been."""
    if not folder.is_dir():
        return Controls()
    settings = _list(folder / "settings.yml", ControlSetting, decoder)
    benchmarks = _entries(folder / "benchmarks", Benchmark, decoder)
    cis = folder / CIS
    for number, benchmark in enumerate(_list(cis, Benchmark, decoder) if cis.is_file() else ()):
        # One that does not fit has been complained of, and is None.
        if benchmark is not None and benchmark.id in benchmarks:
            decoder.complain(f"{CIS}: $[{number}].id", f"'{benchmark.id}' is there twice")
        elif benchmark is not None:
            benchmarks[benchmark.id] = benchmark
    found: dict[str, ControlSetting] = {}
    for number, setting in enumerate(settings):
        if setting is not None and setting.id in found:
            decoder.complain(f"settings.yml: $[{number}].id", f"'{setting.id}' is there twice")
        elif setting is not None:
            found[setting.id] = setting
    return Controls(found, benchmarks)


def _places(controls: Controls) -> list[tuple[str, Benchmark]]:
    return [(f"benchmark {benchmark.id}: $", benchmark) for benchmark in controls.benchmarks.values()]


def _parse(path: Path, where: str, decoder: Decoder) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        decoder.complain(f"{where}: $", f"cannot be read: {error}")
        return None
    # A subclass of SafeLoader, chosen above.
    source = YAML_LOADER(text)
    try:
        node = source.get_single_node()
        if node is None:
            return None
        _check_keys(node, f"{where}: $", decoder)
        return source.construct_document(node)
    except yaml.YAMLError as error:
        decoder.complain(f"{where}: $", f"cannot be read: {error}")
        return None
    finally:
        source.dispose()


def _check_keys(node: yaml.Node, where: str, decoder: Decoder) -> None:
    """Complain of keys that are there twice, of which PyYAML takes the last without a word."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                # PyYAML itself complains of it once it makes the mapping.
                continue
            if key.value in seen:
                decoder.complain(where, f"key '{key.value}' occurs twice")
            seen.add(key.value)
            _check_keys(item, f"{where}.{key.value}", decoder)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            _check_keys(item, f"{where}[{number}]", decoder)


def _entries(folder: Path, shape: type[T], decoder: Decoder) -> dict[str, T]:
    found = {}
    for path in sorted(folder.glob("*.yml")):
        name = f"{folder.name}/{path.name}"
        where = f"{name}: $"
        entry = decoder.entry(shape, _parse(path, name, decoder), where)
        if entry is not None:
            if getattr(entry, "id", None) != path.stem:
                decoder.complain(where, f"id '{getattr(entry, 'id', None)}' is not the file's name")
            found[path.stem] = entry
    return found


def _list(path: Path, shape: type[T], decoder: Decoder) -> tuple[T, ...]:
    kind: Any = tuple.__class_getitem__((shape, ...))
    found: tuple[T, ...] = decoder.value(kind, _parse(path, path.name, decoder), f"{path.name}: $")
    return found


def _lists(folder: Path, shape: type[T], decoder: Decoder) -> tuple[T, ...]:
    """Load all lists of a folder, which may be left out."""
    return tuple(entry for path in sorted(folder.glob("*.yml")) for entry in _list(path, shape, decoder))
