# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read `keep`: what the operator wants to stay reachable, by port, service or recipe, each with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NetminError, NotFound
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names, same
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Method, Port, Recipe
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import dcom_protocols
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Kept, Missing

from .gate import refusal_of, refuse

KINDS = ("port", "service", "recipe")


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What `keep` is about on one host.

    Attributes:
        absent: the entries that are skipped, since the host does not have what they name.
        wrong: what is wrong with others.
    """

    kept: Kept
    absent: tuple[Unchanged, ...] = ()
    wrong: tuple[NetminError, ...] = ()


def read_keep(
    entries: Sequence[Mapping[str, Any]],
    host: Host,
    knowledge: Knowledge,
    explained: Sequence[Explained] = (),
    *,
    missing: Missing = Missing.REFUSE,
) -> LookedUp:
    """Resolve what is kept into recipes and services of this host, and refuse what is wrong; see `look_up`.

    Raises:
        InvalidOption: an entry that names nothing, or a port that no recipe knows and nothing holds.
        NotFound: a service that the host does not have.
        Refused: several of these.
    """
    found = look_up(entries, host, knowledge, explained, missing=missing)
    refuse(map(refusal_of, found.wrong))
    return found


def look_up(
    entries: Sequence[Mapping[str, Any]],
    host: Host,
    knowledge: Knowledge,
    explained: Sequence[Explained] = (),
    *,
    missing: Missing = Missing.REFUSE,
) -> LookedUp:
    """Resolve what is kept into recipes and services of this host, entry by entry.

    A port is kept by keeping every recipe that names it, whoever holds it on this host, and the services behind it with all they
    depend on.

    Args:
        explained: the endpoints that were found.
        missing: what happens to an entry whose service or port the host does not have.
    """
    found = Kept()
    absent: list[Unchanged] = []
    wrong: list[NetminError] = []
    for entry in entries:
        try:
            found = _with_entry(found, entry, host, knowledge, explained)
        except (InvalidOption, NotFound) as error:
            if missing is Missing.SKIP and _may_be_elsewhere(entry, host):
                kind = _kind_of(entry)
                absent.append(Unchanged("", f"keep {kind} {entry[kind]}", Reason.ABSENT, str(error)))
            else:
                wrong.append(error)
    return LookedUp(found, tuple(absent), tuple(wrong))


def _may_be_elsewhere(entry: Mapping[str, Any], host: Host) -> bool:
    """Tell whether what an entry names is well said, and only not on this host."""
    if sum(bool(entry.get(kind)) for kind in KINDS) != 1:
        return False
    if entry.get("service"):
        return not host.is_display_name(entry["service"])
    try:
        parse_port(entry.get("port") or "")
    except InvalidOption:
        return False
    return True


def _with_entry(found: Kept, entry: Mapping[str, Any], host: Host, knowledge: Knowledge, explained: Sequence[Explained]) -> Kept:
    """Return what is kept with one entry more."""
    recipes, services, owners, ports = dict(found.recipes), found.services, found.owners, dict(found.ports)
    reason = entry["reason"]
    kind = _kind_of(entry)
    if kind == "service":
        program = _program(entry["service"], host, explained)
        names = [] if program else [host.service(entry["service"]).name]
        # No plan stops a program, but a rule could drop what comes in for it.
        owners = ByName({program: reason}) | owners if program else owners
        recipes.update(dict.fromkeys(_reached_through(program or names[0], host, knowledge), reason))
    elif kind == "recipe":
        recipe = knowledge.recipe(entry["recipe"])
        recipes[recipe.id] = reason
        names = list(recipe.services)
    else:
        names = _by_port(entry["port"], reason, recipes, host, knowledge, explained)
        ports.setdefault(parse_port(entry["port"]), reason)
    names += _using_udp(recipes.keys() - found.recipes.keys(), knowledge, explained)
    for name in (name for name in names if name in host.services or knowledge.template(name, host.windows)):
        # What was said of a name first stays.
        owners = ByName({name: reason}) | owners
        services = _running_for(name, reason, host) | services
    return Kept(recipes, services, owners, ports)


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


def _program(name: str, host: Host, explained: Sequence[Explained]) -> str:
    """Return the name of a program that owns a listener without a service behind it; empty where there is none of this name."""
    owners = Names(owner for subject in explained for owner in subject.owners if owner.lower().endswith(".exe"))
    return next((owner for owner in owners if same(owner, name)), "") if name not in host.services else ""


def _reached_through(name: str, host: Host, knowledge: Knowledge) -> list[str]:
    """Return the recipes by which a service is reached and that a plan could close while it goes on running."""
    return [
        recipe.id
        for recipe in knowledge.recipes.values()
        if name in Names(recipe.serves)
        or (_owns(name, recipe, host, knowledge) and any(_leaves_it(method) for method in recipe.methods_on(host.windows)))
    ]


def _owns(name: str, recipe: Recipe, host: Host, knowledge: Knowledge) -> bool:
    """Tell whether a service can own listeners of a recipe, or a driver those that the recipe has on this Windows."""
    here = [pattern for found, pattern in knowledge.patterns(host.windows) if found is recipe]
    owners = (*recipe.services, *(driver for pattern in here for driver in pattern.services or recipe.drivers))
    return name in Names(owners)


def _using_udp(recipes: Iterable[str], knowledge: Knowledge, explained: Sequence[Explained]) -> list[str]:
    """Return the RPC servers on UDP where the endpoint mapper is kept on UDP: it listens there only while there is one (article)."""
    mapped = {p.protocol for name in recipes if name in dcom_protocols.MAPPED_PROTOCOLS for p in knowledge.recipe(name).listeners}
    if Protocol.UDP not in mapped:
        return []
    udp = (subject for subject in explained if subject.dynamic and subject.endpoint.protocol is Protocol.UDP)
    return [name for subject in udp for name, kinds in zip(subject.owners, subject.kinds, strict=True) if Port.RPC in kinds]


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
