# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the files that a scenario is made of and put them together.

In this order, each over those before it: what the scenario that is extended extends itself, its parts, that scenario, the file's
own parts, its own content, and the parts that an expression `scenario+part+part` adds. A part may be made of other parts, which lie
below it. Files of somebody's own are looked for beside the scenario first. Knows nothing of what rows mean.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .merge import merge, without
from .repeat import RepeatError, repeated
from .strict import Problems

if TYPE_CHECKING:
    SafeLoader = yaml.SafeLoader
else:
    # libyaml where PyYAML was built with it: a scenario is read ten times faster.
    SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(SafeLoader):
    """Refuses a key that is there twice, of which PyYAML takes the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping, as PyYAML does.

        Raises:
            ConstructorError: a key occurs twice.
        """
        seen: set[str] = set()
        for key, _item in node.value:
            # A key that is a list or a mapping itself is PyYAML's to refuse.
            if not isinstance(key.value, str):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key.value}' occurs twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


FOLDER = Path(__file__).parent
PARTS = "parts"
"""The folder of the parts, and the key that names some."""

SEPARATOR = "+"
"""Stands between a scenario and the parts that an expression lays over it."""

SUFFIXES = (".yml", ".yaml")
"""How the path of a scenario file ends; a name of a scenario never ends so."""

# The parts are at the end: a folder may have a plus sign in its name.
_SEVERAL = re.compile(r"([1-9]\d{0,3})\*(.+)", re.DOTALL)
_EXPRESSION = re.compile(r"(?P<base>.+?)(?P<parts>(?:\+[\w-]+)*)", re.DOTALL)


class ScenarioError(ValueError):
    """A scenario is wrong; the message holds one line per problem: `file: $.path: what`."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One file of those that a scenario is made of."""

    path: Path
    document: Mapping[str, object]


def names() -> tuple[str, ...]:
    """Return the names of all scenarios that come with winsim; parts are none."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))


def part_titles() -> dict[str, str]:
    """Return the parts that come with winsim, with the line that each says of itself."""
    return {path.stem: str(layer_of(path).document.get("title", "")) for path in sorted(FOLDER.joinpath(PARTS).glob("*.yml"))}


def split(expression: str | Path) -> tuple[Path, tuple[str, ...]]:
    """Return the file of an expression's scenario (a name, or the path of a file), and the names of the parts over it.

    Raises:
        ScenarioError: the name is none of `names`.
    """
    if isinstance(expression, Path):
        return expression, ()
    base, over = _cut(expression)
    if base.endswith(SUFFIXES):
        return Path(base), over
    if base not in names():
        raise ScenarioError(f"no scenario is called {expression}; {_suggestion(base, names())}; or give the path of a file (FILE.yml)")
    return FOLDER / f"{base}.yml", over


def several(expression: str) -> tuple[int, str]:
    """Return how many hosts of what scenario an expression asks for: `50*windows_xp` for fifty, `windows_xp` for one."""
    match = _SEVERAL.fullmatch(expression)
    return (int(match[1]), match[2]) if match else (1, expression)


def name_of(expression: str | Path) -> str:
    """Return what an expression's scenario is called: a file by its stem, with the parts over it."""
    base, over = _cut(expression) if isinstance(expression, str) else (str(expression), ())
    return SEPARATOR.join((Path(base).stem if base.endswith(SUFFIXES) else base, *over))


def _cut(expression: str) -> tuple[str, tuple[str, ...]]:
    match = _EXPRESSION.fullmatch(expression)
    return (match["base"], tuple(match["parts"].split(SEPARATOR)[1:])) if match else (expression, ())


def layers(expression: str | Path) -> tuple[Layer, ...]:
    """Return the files of a scenario or an expression, the lowest first; a part that is named twice counts where it is lowest.

    Raises:
        ScenarioError: one does not exist, is no YAML, or is made of what it may not be made of.
    """
    path, over = split(expression)
    own = layer_of(path)
    found = [*_below(own), *_parts(own), own]
    for name in over:
        found += _part(own.path, f"$.{SEPARATOR}{name}", name)
    return tuple({layer.path: layer for layer in found}.values())


def stack(found: tuple[Layer, ...]) -> dict[str, object]:
    """Merge a scenario's files; what `without` names is taken from what lies below.

    Raises:
        ScenarioError: `without` is malformed or names a row that is not there.
    """
    merged: dict[str, object] = {}
    wrong: list[str] = []
    for layer in found:
        problems = Problems()
        merged = merge(without(merged, layer.document.get("without", {}), problems), layer.document)
        wrong += [f"{layer.path.name}: {problem}" for problem in problems.found]
    if wrong:
        raise ScenarioError("\n".join(wrong))
    return merged


def _below(own: Layer, over: tuple[Path, ...] = ()) -> tuple[Layer, ...]:
    """Return the scenario that another extends, and whatever that extends itself, each with its parts."""
    base = own.document.get("extends")
    if base is None:
        return ()
    beside = own.path.parent / f"{base}.yml"
    if not beside.is_file() or beside == own.path:
        if base not in names():
            raise ScenarioError(f"{own.path.name}: $.extends: there is no scenario {base}; {_suggestion(str(base), names())}")
        beside = FOLDER / f"{base}.yml"
    if beside in over:
        raise ScenarioError(f"{own.path.name}: $.extends: {base} extends this file")
    below = layer_of(beside)
    return (*_below(below, (*over, own.path)), *_parts(below), below)


def _parts(of: Layer) -> tuple[Layer, ...]:
    named = of.document.get(PARTS, [])
    if not isinstance(named, list):
        raise ScenarioError(f"{of.path.name}: $.{PARTS}: is no list")
    return tuple(layer for index, name in enumerate(named) for layer in _part(of.path, f"$.{PARTS}[{index}]", str(name)))


def _part(path: Path, place: str, name: str) -> tuple[Layer, ...]:
    """Return a part and, below it, those that it is made of, which are made of nothing else themselves."""
    folders = (FOLDER, path.parent.parent if path.parent.name == PARTS else path.parent)
    known = {file.stem: file for folder in folders for file in folder.joinpath(PARTS).glob("*.yml")}
    if name not in known:
        raise ScenarioError(f"{path.name}: {place}: there is no part {name}; {_suggestion(name, known)}")
    part = layer_of(known[name])
    if "extends" in part.document:
        raise ScenarioError(f"{part.path.name}: $.extends: a part extends nothing")
    if PARTS in part.document and path.parent.name == PARTS:
        raise ScenarioError(f"{part.path.name}: $.{PARTS}: a part of a part is made of nothing else")
    return (*_parts(part), part)


def _suggestion(name: str, known: Iterable[str]) -> str:
    """Return the names that are near, and all of them."""
    listed = sorted(known)
    near = ", ".join(get_close_matches(name, listed))
    return (f"near are {near}; " if near else "") + f"there are {', '.join(listed)}"


def layer_of(path: Path) -> Layer:
    """Return one file by itself.

    Raises:
        ScenarioError: it cannot be read, or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path.name}: $: is no UTF-8: {error}") from error
    try:
        document = yaml.load(text, Loader=Loader)
    # ValueError: PyYAML makes dates and numbers without checking them first (2001-02-31).
    except (yaml.YAMLError, ValueError) as error:
        raise ScenarioError(f"{path.name}: $: is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise ScenarioError(f"{path.name}: $: is no mapping")
    try:
        written_out = repeated(document)
    except RepeatError as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    return Layer(path, written_out if isinstance(written_out, dict) else {})
