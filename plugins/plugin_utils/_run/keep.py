# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read `keep`: what the operator wants to stay reachable, by port, service or recipe, each with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Method, Recipe
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Kept

KINDS = ("port", "service", "recipe")


def read_keep(entries: Sequence[Mapping[str, Any]], host: Host, knowledge: Knowledge, explained: Sequence[Explained] = ()) -> Kept:
    """Resolve what is kept into recipes and services of this host.

    A port is kept by keeping every recipe that names it, whoever holds it on this host, and the services behind it with all they
    depend on.

    Args:
        explained: the endpoints that were found.

    Raises:
        InvalidOption: an entry that names nothing, or a port that no recipe knows and nothing holds.
        NotFound: a service that the host does not have.
    """
    recipes: dict[str, str] = {}
    services: ByName[str] = ByName()
    owners: ByName[str] = ByName()
    for entry in entries:
        reason = entry["reason"]
        kind = _kind_of(entry)
        if kind == "service":
            names = [host.service(entry["service"]).name]
            recipes.update(dict.fromkeys(_reached_through(names[0], host, knowledge), reason))
        elif kind == "recipe":
            recipe = knowledge.recipe(entry["recipe"])
            recipes[recipe.id] = reason
            names = list(recipe.services)
        else:
            names = _by_port(entry["port"], reason, recipes, host, knowledge, explained)
        for name in (name for name in names if name in host.services or knowledge.template(name, host.windows)):
            # What was said of a name first stays.
            owners = ByName({name: reason}) | owners
            services = _running_for(name, reason, host) | services
    return Kept(recipes, services, owners)


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry of `keep` is about, as far as it is known before any host is."""

    text: str
    recipes: frozenset[str] = frozenset()
    services: Names = field(default_factory=Names)


def said_of(entry: Mapping[str, Any], knowledge: Knowledge) -> Said:
    """Read an entry without a host.

    Raises:
        InvalidOption: it names nothing, no port, or no recipe that there is.
    """
    kind = _kind_of(entry)
    text = f"{kind} {entry[kind]} ({entry['reason']})"
    if kind == "service":
        name = entry["service"]
        reached = (r for r in knowledge.recipes.values() if name in Names(r.serves) or _is_left_by_a_method(r, name))
        return Said(text, frozenset(recipe.id for recipe in reached), Names({name}))
    if kind == "recipe":
        recipe = knowledge.recipe(entry["recipe"])
        return Said(text, frozenset({recipe.id}), Names(recipe.services))
    protocol, port = parse_port(entry["port"])
    naming = [r.id for r in knowledge.recipes.values() if any(p.protocol is protocol and p.port == port for p in r.listeners)]
    return Said(text, frozenset(naming))


def _is_left_by_a_method(recipe: Recipe, service: str) -> bool:
    return service in Names(recipe.services) and any(map(_leaves_it, recipe.methods))


def _kind_of(entry: Mapping[str, Any]) -> str:
    named = [kind for kind in KINDS if entry.get(kind)]
    if len(named) != 1:
        have = " and ".join(named) or "none of them"
        raise InvalidOption(f"an entry of 'keep' must have exactly one of {', '.join(KINDS)}; '{entry['reason']}' has {have}")
    return named[0]


def _reached_through(name: str, host: Host, knowledge: Knowledge) -> list[str]:
    """Return the recipes by which a service is reached and that a plan could close while it goes on running."""
    return [
        recipe.id
        for recipe in knowledge.recipes.values()
        if name in Names(recipe.serves)
        or (name in Names(recipe.services) and any(_leaves_it(method) for method in recipe.methods_on(host.windows)))
    ]


def _leaves_it(method: Method) -> bool:
    """Tell whether a method closes listeners of a service without stopping it."""
    return method.stage != "services" or bool(method.values)


def _running_for(name: str, reason: str, host: Host) -> ByName[str]:
    """Return what must go on running so that a service of the host does."""
    if name not in host.services:
        return ByName()
    return ByName({needed.name: f"{name} depends on it: {reason}" for needed in host.all_required(name)}) | {name: reason}


def _by_port(
    text: str, reason: str, recipes: dict[str, str], host: Host, knowledge: Knowledge, explained: Sequence[Explained]
) -> list[str]:
    protocol, port = parse_port(text)
    names = [name for subject in explained if _is_at(subject, protocol, port) for name in _held(subject, reason, recipes, knowledge)]
    found = bool(names)
    for recipe, pattern in knowledge.patterns(host.windows):
        if pattern.protocol is protocol and pattern.port == port:
            found = True
            names += pattern.services or recipe.services
            if recipe.drivers or not recipe.methods or len(recipe.listeners) == 1 or not pattern.services:
                recipes[recipe.id] = reason
    elsewhere = any(p.protocol is protocol and p.port == port for recipe in knowledge.recipes.values() for p in recipe.listeners)
    if not found and not elsewhere:
        # A port that only another Windows opens is kept by leaving it alone: one list serves a mixed fleet.
        raise InvalidOption(f"'keep' lists {text}, but nothing listens there, and no recipe names it; list its service instead")
    return names


def _is_at(subject: Explained, protocol: Protocol, port: int) -> bool:
    return (subject.endpoint.protocol, subject.endpoint.port) == (protocol, port) and not subject.management


def _held(subject: Explained, reason: str, recipes: dict[str, str], knowledge: Knowledge) -> list[str]:
    """Keep what holds a port on this host; return the services and drivers behind it."""
    recipe = knowledge.recipes.get(subject.recipe or "")
    # Where each of its services has a port of its own, the owner says which of them are meant.
    if recipe is not None and (recipe.drivers or not recipe.methods or not any(pattern.services for pattern in recipe.listeners)):
        recipes[recipe.id] = reason
    # srvnet goes with the Server service, which loads it: what keeps it for another port than 445 keeps both.
    owners = Names(subject.owners)
    serving = (r.serves for r in knowledge.recipes.values() if subject.recipe != r.id and not owners.isdisjoint(r.drivers))
    return [*subject.owners, *(name for names in serving for name in names)]


def parse_port(text: str) -> tuple[Protocol, int]:
    """Read `tcp/445`; raise InvalidOption for anything else."""
    word, slash, number = text.strip().lower().partition("/")
    if word not in list(Protocol) or not slash or not number.isdecimal() or len(number) > 5 or not 0 < int(number) <= 65535:
        raise InvalidOption(f"'{excerpt(text)}' is not a port; write it like tcp/445 or udp/137")
    return Protocol(word), int(number)
