# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the files that a scenario is made of and put them together.

In this order, each over those before it: the parts of the scenario that is extended, that scenario, the file's own parts, its
own content, and the parts that an expression `scenario+part+part` adds. A part may be made of other parts, which lie below it.
Files of somebody's own are looked for beside the scenario first. Knows nothing of what rows mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml

from .merge import merge, without
from .strict import Problems

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: a scenario is read ten times faster."""

FOLDER = Path(__file__).parent
PARTS = "parts"
"""The folder of the parts, and the key that names some."""

SEPARATOR = "+"
"""Stands between a scenario and the parts that an expression lays over it."""


class ScenarioError(ValueError):
    """A scenario is wrong; the message holds one line per problem: `file: $.path: what`."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One file of those that a scenario is made of."""

    path: Path
    document: Mapping[str, object]


def names() -> tuple[str, ...]:
    """Return the names of all scenarios that come with the collection; parts are none."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))


def part_titles() -> dict[str, str]:
    """Return the parts that come with the collection, with the line that each says of itself."""
    return {path.stem: str(_layer(path).document.get("title", "")) for path in sorted(FOLDER.joinpath(PARTS).glob("*.yml"))}


def split(expression: str | Path) -> tuple[Path, tuple[str, ...]]:
    """Return the file of an expression's scenario (a name, or a path that ends in .yml), and the names of the parts over it."""
    base, *over = str(expression).split(SEPARATOR) if isinstance(expression, str) else (str(expression),)
    path = Path(base)
    return path if path.suffix == ".yml" else FOLDER / f"{base}.yml", tuple(over)


def layers(expression: str | Path) -> tuple[Layer, ...]:
    """Return the files of a scenario or an expression, the lowest first; a part that is named twice counts where it is lowest.

    Raises:
        ScenarioError: one does not exist, is no YAML, or is made of what it may not be made of.
    """
    path, over = split(expression)
    own = _layer(path)
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


def _below(own: Layer) -> tuple[Layer, ...]:
    """Return the scenario that another extends, with its parts."""
    base = own.document.get("extends")
    if base is None:
        return ()
    beside = own.path.with_name(f"{base}.yml")
    below = _layer(beside if beside.is_file() and beside != own.path else FOLDER / f"{base}.yml")
    if "extends" in below.document:
        raise ScenarioError(f"{own.path.name}: $.extends: {base} extends another file itself")
    return (*_parts(below), below)


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
    part = _layer(known[name])
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


def _layer(path: Path) -> Layer:
    if not path.is_file():
        raise ScenarioError(f"{path.name}: no such scenario; {_suggestion(path.stem, names())}")
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path.name}: $: is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise ScenarioError(f"{path.name}: $: is no mapping")
    return Layer(path, document)
