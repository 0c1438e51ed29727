# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the files that a scenario is made of and put them together.

In this order, each over those before it: the parts of the scenario that is extended, that scenario, the file's own parts, its
own content. Files of somebody's own are looked for beside the scenario first. Knows nothing of what rows mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from .merge import merge, without
from .strict import Problems

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: a scenario is read ten times faster."""

FOLDER = Path(__file__).parent


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


def layers(path: Path) -> tuple[Layer, ...]:
    """Return a scenario's files, the lowest first.

    Raises:
        ScenarioError: one does not exist, is no YAML, or is made of what it may not be made of.
    """
    own = _layer(path)
    base = own.document.get("extends")
    if base is None:
        return (*_parts(own), own)
    beside = path.with_name(f"{base}.yml")
    below = _layer(beside if beside.is_file() and beside != path else FOLDER / f"{base}.yml")
    if "extends" in below.document:
        raise ScenarioError(f"{path.name}: $.extends: {base} extends another file itself")
    return (*_parts(below), below, *_parts(own), own)


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


def _parts(of: Layer) -> tuple[Layer, ...]:
    named = of.document.get("parts", [])
    if not isinstance(named, list):
        raise ScenarioError(f"{of.path.name}: $.parts: is no list")
    return tuple(_part(of.path, index, str(name)) for index, name in enumerate(named))


def _part(path: Path, index: int, name: str) -> Layer:
    known = {file.stem: file for folder in (FOLDER, path.parent) for file in folder.joinpath("parts").glob("*.yml")}
    if name not in known:
        raise ScenarioError(f"{path.name}: $.parts[{index}]: there is no part {name}; there are {', '.join(sorted(known))}")
    part = _layer(known[name])
    for key in ("extends", "parts"):
        if key in part.document:
            raise ScenarioError(f"{part.path.name}: $.{key}: a part is made of nothing else")
    return part


def _layer(path: Path) -> Layer:
    if not path.is_file():
        raise ScenarioError(f"{path.name}: no such scenario; there are {', '.join(names())}")
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path.name}: $: is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise ScenarioError(f"{path.name}: $: is no mapping")
    return Layer(path, document)
