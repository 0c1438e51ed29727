# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a baseline: strict YAML with the line of everything, all problems told at once, each with what to do. Knows no Ansible."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt, one_line
from ansible_collections.netmin.windows.plugins.plugin_utils._core.nearest import meant, nearest
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keep import parse_port

from .entry import Entry

YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
VERSION = 1
KEYS = ("version", "groups", "hosts", "elsewhere")
NAMING = ("recipe", "service", "port")
ENTRY_KEYS = (*NAMING, "scope", "reason", "owner", "until", "ticket")
REQUIRED = ("reason", "owner")
SCOPES = tuple(str(scope) for scope in Scope)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A fleet of thousands needs a few hundred kilobytes.
LARGEST = 8 * 2**20
# So alike are a name and a misspelling of it.
ALIKE = 0.8
T = TypeVar("T")
NAMES_NOTHING = f"it names nothing that may listen: give one of {', '.join(NAMING)}"


class BaselineError(InvalidOption):
    """A baseline that cannot be used; one line a problem, with its place in the file."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The content of a baseline.

    Attributes:
        file: its path, as the user named it.
        groups: what each inventory group may have listening.
        hosts: what single hosts may have listening besides.
        lines: where each group and host stands, by `group NAME` and `host NAME`.
        elsewhere: groups and hosts that other inventories have.
    """

    file: str
    groups: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    hosts: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()

    def entries_of(self, host: str, groups: Iterable[str]) -> tuple[Entry, ...]:
        """Return what a host may have listening: groups add up, and so does what is said of the host itself."""
        of_groups = (entry for name in {"all", *groups} for entry in self.groups.get(name, ()))
        return tuple(sorted((*of_groups, *self.hosts.get(host, ())), key=lambda entry: (entry.line, entry.what)))

    def place_of(self, host: str, groups: Iterable[str]) -> int:
        """Return the line at which somebody would add an entry for a host: of the host, else of the last of its groups; else 1."""
        own = self.lines.get(f"host {host}")
        return own or max((self.lines.get(f"group {name}", 1) for name in ("all", *groups)), default=1)

    def unknown(self, groups: Iterable[str], hosts: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Yield a sentence for each group or host that an inventory does not have, and whether it is probably a misspelt one."""
        for kind, said, known in (("group", self.groups, {"all", *groups}), ("host", self.hosts, set(hosts))):
            for name in sorted(said.keys() - known - set(self.elsewhere)):
                near = nearest(name, known, cutoff=ALIKE) or _swapped(name, known)
                # `web07` beside `web06` is another host, and no slip of the pen.
                slip = near is not None and _letters(near) != _letters(name)
                hint = f" (did you mean '{near}'?)" if slip else ""
                line = self.lines[f"{kind} {name}"]
                lift = "list it under 'elsewhere' if another inventory has it"
                yield f"{self.file}:{line}: the inventory has no {kind} '{excerpt(name)}'{hint}; correct it, or {lift}", slip


def _swapped(name: str, known: Iterable[str]) -> str | None:
    """Return the name of which another is the same letters in another order, however short both are."""
    return next((other for other in sorted(known) if sorted(other.lower()) == sorted(name.lower())), None)


def _letters(name: str) -> str:
    return re.sub(r"[0-9]+", "0", name.lower())


def load_baseline(path: Path, shown: str, knowledge: Knowledge) -> Baseline:
    """Read a baseline.

    Args:
        shown: the path as messages name it.

    Raises:
        BaselineError: with all problems.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        lost = "; the playbook netmin.windows.baseline writes a first one" if isinstance(error, FileNotFoundError) else ""
        raise BaselineError(f"the baseline '{shown}' cannot be read: {error.strerror or error}{lost}") from error
    if len(content) > LARGEST:
        raise BaselineError(f"the baseline '{shown}' is larger than {LARGEST // 2**20} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BaselineError(f"the baseline '{shown}' is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    return parse(text, shown, knowledge)


def parse(text: str, shown: str, knowledge: Knowledge) -> Baseline:
    """Understand the text of a baseline.

    Raises:
        BaselineError: with all problems.
    """
    # A subclass of SafeLoader, chosen above.
    source = YAML_LOADER(text)
    try:
        node = source.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise BaselineError(f"{shown}:{line}: this is not YAML: {excerpt(error.problem or error.context)}") from error
    except yaml.YAMLError as error:
        raise BaselineError(f"{shown}:1: this is not YAML: {excerpt(error)}") from error
    finally:
        source.dispose()
    reader = _Reader(shown, knowledge)
    found = reader.baseline(node)
    if reader.problems:
        ordered = sorted(dict.fromkeys(reader.problems))
        raise BaselineError(*(f"{shown}:{line}: {what}" for line, what in ordered))
    return found


class _Reader:
    """Turns nodes into entries, and collects what is wrong with them."""

    def __init__(self, shown: str, knowledge: Knowledge) -> None:
        self._shown = shown
        self._knowledge = knowledge
        self.problems: list[tuple[int, str]] = []
        self._lines: dict[str, int] = {}

    def baseline(self, node: yaml.Node | None) -> Baseline:
        """Read the whole file; after a problem the result is not to be used."""
        if node is None:
            self._wrong(None, f"the file is empty; begin it with 'version: {VERSION}' and 'groups:'")
            return Baseline(self._shown)
        parts = self._mapping(node, KEYS, "a baseline")
        if not isinstance(node, yaml.MappingNode):
            return Baseline(self._shown)
        version = parts.get("version")
        if version is None:
            self._wrong(node, f"'version: {VERSION}' is missing; add it as the first line")
        elif version.value != str(VERSION):
            self._wrong(version, f"version {excerpt(version.value)} is not known: this release reads version {VERSION}")
        if not parts.keys() & {"groups", "hosts"} and not self.problems:
            self._wrong(node, "there is neither 'groups' nor 'hosts': nothing could be allowed")
        groups, hosts = (self._section(parts.get(f"{kind}s"), kind) for kind in ("group", "host"))
        elsewhere = tuple(self._text(item, "elsewhere") for item in self._items(parts.get("elsewhere"), "elsewhere"))
        return Baseline(self._shown, groups, hosts, self._lines, elsewhere)

    def _section(self, node: yaml.Node | None, kind: str) -> dict[str, tuple[Entry, ...]]:
        if node is None:
            return {}
        found: dict[str, tuple[Entry, ...]] = {}
        for key, value in self._pairs(node, f"{kind}s"):
            self._lines[f"{kind} {key}"] = value[0]
            entries = [self._entry(item, f"{kind} {key}") for item in self._items(value[1], f"{kind} {key}")]
            found[key] = tuple(entry for entry in entries if entry is not None)
        return found

    def _entry(self, node: yaml.Node, of: str) -> Entry | None:
        before = len(self.problems)
        parts = self._mapping(node, ENTRY_KEYS, "an entry")
        if len(self.problems) > before and not parts:
            return None
        said = {name: self._text(part, name) for name, part in parts.items()}
        for name in REQUIRED:
            if name not in parts:
                meaning = {"reason": "why it may listen", "owner": "who answers for it"}[name]
                self._wrong(node, f"the entry has no '{name}': say {meaning}")
        if not parts.keys() & set(NAMING):
            self._wrong(node, NAMES_NOTHING)
        recipe = said.get("recipe", "")
        if recipe:
            self._try(parts["recipe"], lambda: self._knowledge.recipe(recipe))
        port = self._try(parts["port"], lambda: parse_port(said["port"])) if said.get("port") else None
        scope, until = self._scope(parts.get("scope"), said), self._date(parts.get("until"), said)
        if len(self.problems) > before:
            return None
        return Entry(
            of=of,
            line=_line(node),
            reason=said["reason"],
            owner=said["owner"],
            recipe=recipe,
            service=said.get("service", ""),
            port=port,
            scope=scope,
            until=until,
            ticket=said.get("ticket", ""),
        )

    def _scope(self, node: yaml.Node | None, said: Mapping[str, str]) -> Scope:
        if node is None or said["scope"] in SCOPES:
            return Scope(said.get("scope", Scope.WILDCARD))
        hint = meant(said["scope"], SCOPES)
        self._wrong(node, f"'{excerpt(said['scope'])}' is no scope{hint}; write one of {', '.join(SCOPES)}")
        return Scope.WILDCARD

    def _date(self, node: yaml.Node | None, said: Mapping[str, str]) -> date | None:
        if node is None:
            return None
        try:
            if DATE.fullmatch(said["until"]):
                return date.fromisoformat(said["until"])
        except ValueError:
            pass
        self._wrong(node, f"'{excerpt(said['until'])}' is no day; write the last day as YYYY-MM-DD")
        return None

    def _try(self, node: yaml.Node, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except InvalidOption as error:
            self._wrong(node, str(error))
            return None

    def _text(self, node: yaml.Node, name: str) -> str:
        """Read a scalar as it is written: a ticket may be a number, and a day is one for us alone to read."""
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(node, f"'{name}' takes one text, not a {_kind(node)}")
            return ""
        text = one_line(node.value)
        if not text or (node.tag == "tag:yaml.org,2002:null" and node.style is None):
            self._wrong(node, f"'{name}' is empty; fill it in, or remove the key")
        return text

    def _mapping(self, node: yaml.Node, known: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
        """Read a mapping with known keys."""
        found: dict[str, yaml.Node] = {}
        for key, (line, value) in self._pairs(node, what):
            if key in known:
                found[key] = value
            else:
                self.problems.append((line, f"unknown key '{excerpt(key)}'{meant(key, known)}; {what} takes {', '.join(known)}"))
        return found

    def _pairs(self, node: yaml.Node, what: str) -> Iterator[tuple[str, tuple[int, yaml.Node]]]:
        """Yield the keys of a mapping with their lines and values; one that is there twice is refused."""
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"{what} must be a mapping (name: value), not a {_kind(node)}")
            return
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, "a key must be one text")
                continue
            if key.value in seen:
                first = seen[key.value]
                self._wrong(key, f"the key '{excerpt(key.value)}' is there twice, first in line {first}; join the two")
                continue
            seen[key.value] = _line(key)
            yield key.value, (_line(key), value)

    def _items(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, f"{what} must be a list, each item with a dash, not a {_kind(node)}")
            return []
        return list(node.value)

    def _wrong(self, node: yaml.Node | None, what: str) -> None:
        self.problems.append((_line(node) if node is not None else 1, what))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "mapping"
    return "list" if isinstance(node, yaml.SequenceNode) else "text"
