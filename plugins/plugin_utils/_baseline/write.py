# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write a first baseline from audits, and what would have to be added to one that is there. Pure: text from values.

Order is stable: the same hosts give the same text, whatever order they come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import ports_from
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import one_line
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._report.findings import Kind

from .allowed import Allowed, judge
from .entry import WIDTH, Entry
from .file import VERSION, Baseline, BaselineError, parse
from .json_schema import SCHEMA_URL

UNASSIGNED = "not assigned"
UNKNOWN_REASON = "found by an audit; say why it may listen"
MOST_PORTS, MOST_HOSTS = 8, 4
HEAD = f"""\
# yaml-language-server: $schema={SCHEMA_URL}
# What may listen on the hosts of this inventory. netmin.windows.minimize keeps it, netmin.windows.drift compares the hosts with it.
# Written from an audit: it allows all that was found. Remove what should close; give the rest a reason and an owner.
# An entry can also have 'scope' (the widest that is allowed), 'until' (the last day, YYYY-MM-DD) and 'ticket'.
"""


ADDRESSES = {Scope.WILDCARD: "0.0.0.0", Scope.ADAPTER: "192.0.2.1", Scope.LOOPBACK: "127.0.0.1"}
"""An address for each scope: of a listener only that counts here."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit found on one host.

    Attributes:
        groups: those that the host is in.
        by_port: as `listeners_info` returns it.
    """

    host: str
    groups: tuple[str, ...]
    by_port: Mapping[str, Mapping[str, Any]]

    def subjects(self) -> tuple[tuple[str, Explained], ...]:
        """Return its listeners by their ports, as the judge takes them."""
        return tuple((name, subject_of(name, held)) for name, held in self.by_port.items())


def subject_of(name: str, held: Mapping[str, Any]) -> Explained:
    """Return a listener from what is at a port, or at many of one owner; of several scopes the widest."""
    protocol, _slash, ports = name.partition("/")
    owners = tuple(map(str, held["owners"]))
    scope = max(map(Scope, held["scopes"]), key=WIDTH.__getitem__)
    return Explained(
        endpoint=Endpoint(Protocol(protocol), ADDRESSES[scope], ports_from(ports)[0]),
        owners=owners,
        kinds=((None,),) * len(owners),
        dynamic=bool(held["dynamic"]),
        recipe=held["recipe"],
        process=None,
        management=bool(held["management"]),
    )


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """What an entry would name."""

    recipe: str = ""
    port: str = ""
    service: str = ""


@dataclass(slots=True)
class Seen:
    """Where a thing was found.

    Attributes:
        ports: as a comment names them.
    """

    hosts: set[str] = field(default_factory=set)
    ports: set[str] = field(default_factory=set)
    scope: Scope = Scope.LOOPBACK


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written.

    Attributes:
        added: the entries as text, by `group NAME` and `host NAME`, in the order of the file.
        unused: entries of the baseline that is there for which no audited host shows a listener.
    """

    added: Mapping[str, tuple[str, ...]]
    unused: tuple[Entry, ...] = ()


def draft(
    audits: Sequence[Audited],
    members: Mapping[str, Sequence[str]],
    knowledge: Knowledge,
    *,
    owner: str = UNASSIGNED,
    there: Baseline | None = None,
    today: date = date.min,
) -> Draft:
    """Collect what was found and is not allowed yet, each under the largest groups of which every host shows it.

    Args:
        members: the hosts of each group of the inventory.
        owner: who answers for it.
        there: the baseline that is there. What it allows on a narrower scope, or did until some day, is not proposed.
    """
    things: dict[Thing, Seen] = {}
    for audited in audits:
        allowed = Allowed.of(there or Baseline(""), audited.host, audited.groups, today)
        for name, subject in audited.subjects():
            told = judge(subject, allowed, knowledge)
            if told is not None and told.kind in (Kind.NEW, Kind.OWNER):
                for thing in _things(subject, many="-" in name or "," in name):
                    seen = things.setdefault(thing, Seen())
                    seen.hosts.add(audited.host)
                    seen.ports.add(f"{subject.endpoint.protocol} (dynamic)" if subject.dynamic else name)
                    seen.scope = max(seen.scope, subject.endpoint.scope, key=WIDTH.__getitem__)
    placed: dict[str, list[str]] = {}
    for thing in sorted(things):
        for place, hosts in _places(things[thing].hosts, members):
            # The heading says on which host it is.
            where = () if place.startswith("host ") else tuple(hosts)
            placed.setdefault(place, []).append(_text(thing, things[thing], where, owner, knowledge))
    order = sorted(placed, key=lambda place: (place.startswith("host "), place != "group all", place))
    return Draft({place: tuple(placed[place]) for place in order}, _unused(there, audits) if there is not None else ())


def _things(subject: Explained, *, many: bool) -> list[Thing]:
    """Return what entries have to name so that an endpoint is allowed.

    Args:
        many: it stands for many fixed ports of one owner.
    """
    port = f"{subject.endpoint.protocol}/{subject.endpoint.port}"
    if subject.recipe:
        return [Thing(recipe=subject.recipe)]
    if subject.owners and (subject.dynamic or many):
        return [Thing(service=one_line(owner)) for owner in subject.owners]
    return [Thing(port=port, service=one_line(subject.owners[0]))] if len(subject.owners) == 1 else [Thing(port=port)]


def _places(hosts: set[str], members: Mapping[str, Sequence[str]]) -> list[tuple[str, list[str]]]:
    """Return the groups, and the hosts left over, under which an entry is put; of `all` and a group with the same hosts that group."""
    found: list[tuple[str, list[str]]] = []
    left = set(hosts)
    for name in sorted(members, key=lambda name: (-len(members[name]), name == "all", name)):
        group = set(members[name])
        if name != "ungrouped" and group and group <= hosts and group & left:
            found.append((f"group {name}", sorted(group)))
            left -= group
    return [*found, *((f"host {name}", [name]) for name in sorted(left))]


def _text(thing: Thing, seen: Seen, hosts: Sequence[str], owner: str, knowledge: Knowledge) -> str:
    """Return an entry as a list item without indentation."""
    recipe = knowledge.recipes.get(thing.recipe)
    ports = _few(sorted(seen.ports), MOST_PORTS)
    named = [(name, getattr(thing, name)) for name in ("recipe", "port", "service") if getattr(thing, name)]
    more = [("scope", str(seen.scope))] if seen.scope is not Scope.WILDCARD else []
    reason = " ".join(recipe.purpose.split()) if recipe is not None else UNKNOWN_REASON
    lines = [f"{name}: {scalar(value)}" for name, value in (*named, *more, ("reason", reason), ("owner", owner))]
    where = f" on {_few(hosts, MOST_HOSTS)}" if hosts else ""
    return "\n".join([f"# {ports}{where}", f"- {lines[0]}", *(f"  {line}" for line in lines[1:])])


def _few(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(one_line, names[:most])) + more


def scalar(text: str) -> str:
    """Return a text as YAML writes it on one line, quoted where it has to be."""
    # Text of a host: nothing but printable characters of one line.
    return yaml.safe_dump(one_line(text), width=10**6, allow_unicode=False).removesuffix("...\n").strip()


def _unused(there: Baseline, audits: Sequence[Audited]) -> tuple[Entry, ...]:
    """Return the entries that are about audited hosts, none of which shows a listener for them."""
    about: dict[Entry, bool] = {}
    for audited in audits:
        subjects = audited.subjects()
        for entry in there.entries_of(audited.host, audited.groups):
            about[entry] = about.get(entry, False) or any(entry.touches(subject) for _name, subject in subjects)
    return tuple(sorted((entry for entry, used in about.items() if not used), key=lambda entry: entry.line))


def first_text(made: Draft) -> str:
    """Return a whole baseline."""
    lines = [HEAD.rstrip(), "---", f"version: {VERSION}"]
    for kind in ("group", "host"):
        places = [place for place in made.added if place.startswith(f"{kind} ")]
        if places:
            lines += ["", f"{kind}s:"]
        for place in places:
            lines += _section(place, made.added[place], indent=2)
    return "\n".join(lines) + ("\n" if made.added else "\ngroups: {}\n")


def _section(place: str, entries: Iterable[str], *, indent: int) -> list[str]:
    pad = " " * indent
    items = [f"{pad}  {line}" for entry in entries for line in entry.splitlines()]
    return [f"{pad}{scalar(place.partition(' ')[2])}:", *items]


def proposal(text: str, there: Baseline, made: Draft, knowledge: Knowledge) -> str:
    """Return the text of a baseline with what is to be added, and a comment above what is not used; all else stays as it is.

    Raises:
        BaselineError: the file is written in a way into which nothing can be put.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    # It has been parsed already.
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    lines = text.splitlines()
    inserts: list[tuple[int, list[str]]] = []
    sections: dict[str, yaml.Node] = {key.value: value for key, value in pairs}
    for kind in ("group", "host"):
        added = {place: entries for place, entries in made.added.items() if place.startswith(f"{kind} ")}
        node = sections.get(f"{kind}s")
        if not added:
            continue
        if not isinstance(node, yaml.MappingNode) or not node.value or node.flow_style:
            if node is not None:
                raise BaselineError(
                    f"{there.file}:{node.start_mark.line + 1}: write '{kind}s:' with one name a line, so that names can be added"
                )
            inserts.append(
                (len(lines), ["", f"{kind}s:", *(line for place, items in added.items() for line in _section(place, items, indent=2))])
            )
            continue
        known = {key.value: (key, value) for key, value in node.value}
        indent = node.value[0][0].start_mark.column
        for place, entries in added.items():
            name = place.partition(" ")[2]
            if name not in known:
                inserts.append((_last_line(node), _section(place, entries, indent=indent)))
                continue
            items = known[name][1]
            if not isinstance(items, yaml.SequenceNode) or not items.value or items.flow_style:
                line = known[name][0].start_mark.line + 1
                raise BaselineError(
                    f"{there.file}:{line}: write the entries of '{name}' as a list with dashes, so that entries can be added"
                )
            pad = " " * items.start_mark.column
            inserts.append((_last_line(items), [f"{pad}{line}" for entry in entries for line in entry.splitlines()]))
    for entry in made.unused:
        pad = " " * (len(lines[entry.line - 1]) - len(lines[entry.line - 1].lstrip(" ")))
        inserts.append((entry.line - 1, [f"{pad}# No audited host shows a listener for the next entry: remove it if it is not needed."]))
    for _at, (line, more) in sorted(enumerate(inserts), key=lambda item: (item[1][0], item[0]), reverse=True):
        lines[line:line] = more
    made_text = "\n".join(lines) + "\n"
    parse(made_text, there.file, knowledge)
    return made_text


def _last_line(node: yaml.Node) -> int:
    """Return the line after the last scalar of a node: what a block ends with is nothing but comments and blank lines."""
    if isinstance(node, yaml.ScalarNode):
        end = node.end_mark
        return int(end.line) + (1 if end.column else 0)
    if not isinstance(node, yaml.CollectionNode) or not node.value or node.flow_style:
        return int(node.end_mark.line) + 1
    last = node.value[-1]
    return _last_line(last[1] if isinstance(node, yaml.MappingNode) else last)
