# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What entries that fit their shapes can still get wrong: by themselves, and against each other. Reads no file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import ProductType, Side, Windows

from .hazards import Gate, Hazard, Probe
from .knowledge import Knowledge
from .model import ListenerPattern, Method, Never, PerUser, Port, Protected, Range, Recipe, Silent, Status, Value, ValueType, Version, When

# A WMI class or property (win32 WmiSdk, "Managed Object Format"), and a namespace.
WMI_NAME, NAMESPACE = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII), re.compile(r"root(/\w+)+\Z", re.ASCII)
# A scenario of the simulated hosts, perhaps with parts over it. They are no part of the collection: a test of the repository starts each.
SCENARIO = re.compile(r"[a-z0-9_]+(\+[a-z0-9_]+)*\Z")
# Lists in files of their own.
LISTS = ("never_stop", "protected", "per_user", "hazards", "silent")
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
ROOTS = ("SYSTEM", "SOFTWARE")
HIVES = (*ROOTS, "Cluster")
LARGEST_DWORD = 0xFFFFFFFF
HIGHEST_PORT = 65535
Complain = Callable[[str, str], None]


def check_recipe(recipe: Recipe, complain: Complain) -> None:
    """Check what a recipe says of stages, owners and listeners, and that nothing is left unsaid."""
    where = f"recipes/{recipe.id}.yml: $"
    for number, method in enumerate(recipe.methods):
        _check_method(f"{where}.methods[{number}]", method, recipe.methods[number + 1 :], complain)
        _check_reach(f"{where}.methods[{number}]", method, recipe, complain)
    for number, pattern in enumerate(recipe.listeners):
        _check_pattern(f"{where}.listeners[{number}]", pattern, recipe, complain)
    if recipe.listeners and not recipe.methods and not recipe.stays:
        complain(where, "has listeners, but neither a method nor a reason why they stay ('stays')")
    if not recipe.methods and not recipe.sources:
        complain(where, "cites no source")
    _check_proven(where, recipe, complain)
    methods = {method.id for method in recipe.methods}
    for number, example in enumerate(recipe.examples):
        here = f"{where}.examples[{number}]"
        if not SCENARIO.match(example.scenario):
            complain(
                f"{here}.scenario", f"'{example.scenario}' is not the name of a scenario; write it as windows_xp or windows_xp+hazard_time"
            )
        if example.method and example.method not in methods:
            complain(f"{here}.method", f"the recipe has no method '{example.method}'")
        if example.outlook not in list(Outlook):
            complain(f"{here}.outlook", f"one of {', '.join(Outlook)} expected, not '{example.outlook}'")
        listener = _listener(f"{here}.endpoint", example.endpoint, complain)
        if listener is not None and listener not in [(pattern.protocol, pattern.port) for pattern in recipe.listeners]:
            complain(f"{here}.endpoint", f"'{example.endpoint}' is not a listener of the recipe")


def _check_proven(where: str, recipe: Recipe, complain: Complain) -> None:
    """Check that a recipe shows what it does on a simulated host, or says why it cannot."""
    if recipe.example is None:
        if not recipe.examples:
            complain(where, "has no example; name a scenario and an endpoint, or say why there is none ('example: {none: ...}')")
    elif recipe.examples:
        complain(f"{where}.example", "says that there is none, beside examples")
    elif not recipe.example.none.strip():
        complain(f"{where}.example.none", "gives no reason")


def _check_method(here: str, method: Method, later: Sequence[Method], complain: Complain) -> None:
    if method.stage not in STAGES:
        complain(f"{here}.stage", f"there is no stage '{method.stage}'")
    if method.stage == "services" and not method.services and not method.values:
        complain(here, "names neither services nor values; the stage services needs one of them")
    if method.status is not Status.WORKS and not method.because:
        complain(here, f"is {method.status} and does not say why ('because')")
    if any(other.id == method.id and overlap(other.windows, method.windows) for other in later):
        complain(here, f"two entries of '{method.id}' apply to the same Windows")
    _check_range(f"{here}.windows", method.windows, complain)
    for position, value in enumerate(method.values):
        _check_value(f"{here}.values[{position}]", value, complain)


def _check_reach(here: str, method: Method, recipe: Recipe, complain: Complain) -> None:
    """Check that what works by stopping services stops an owner of every listener: what it leaves open needs a recipe of its own."""
    if method.status is not Status.WORKS or method.stage != "services" or not method.services:
        return
    for pattern in recipe.listeners:
        if pattern.services and overlap(pattern.windows, method.windows) and not set(pattern.services) & set(method.services):
            complain(f"{here}.services", f"leaves {pattern.protocol}/{pattern.port} open, which belongs to {', '.join(pattern.services)}")


def _check_value(here: str, value: Value, complain: Complain) -> None:
    fits = {ValueType.DWORD: int, ValueType.SZ: str, ValueType.MULTI_SZ: tuple}[value.type]
    if not isinstance(value.data, fits) or (isinstance(value.data, int) and not 0 <= value.data <= LARGEST_DWORD):
        complain(f"{here}.data", f"{value.data!r} does not have the type {value.type}")
    if value.also and value.type is not ValueType.DWORD:
        complain(f"{here}.also", "is only for the type dword")
    if value.key.partition("\\")[0] not in ROOTS:
        complain(f"{here}.key", f"'{value.key}' is not below HKLM; it starts with {' or '.join(ROOTS)}")


def _check_pattern(here: str, pattern: ListenerPattern, recipe: Recipe, complain: Complain) -> None:
    for name in pattern.services:
        if name not in recipe.services + recipe.drivers:
            complain(f"{here}.services", f"'{name}' is not an owner of the recipe")
    if not recipe.services + recipe.drivers + recipe.processes:
        complain(here, "it has no owner: the recipe names no services, drivers or processes")
    if isinstance(pattern.port, int) and not 0 < pattern.port <= HIGHEST_PORT:
        complain(f"{here}.port", f"{pattern.port} is not a port")
    _check_range(f"{here}.windows", pattern.windows, complain)


def _check_range(here: str, span: Range, complain: Complain) -> None:
    kernels = span.since is not None and span.until is not None and span.since > span.until
    if kernels or (span.build_since is not None and span.build_until is not None and span.build_since > span.build_until):
        complain(here, "ends before it begins")


def check_version(version: Version, complain: Complain) -> None:
    """Check a version's numbers and words."""
    where = f"windows/{version.id}.yml: $"
    if len(version.dynamic_ports) != 2 or not version.builds:
        complain(where, "dynamic_ports needs first and last, builds at least one")
    elif not 0 < version.dynamic_ports[0] < version.dynamic_ports[1] <= HIGHEST_PORT:
        complain(f"{where}.dynamic_ports", "first and last port expected, in this order")
    if any(one >= other for one, other in pairwise(version.builds)):
        complain(f"{where}.builds", "are not in order")
    sides = [str(side) for side in Side]
    if not version.products or any(product not in sides for product in version.products):
        complain(f"{where}.products", f"some of {', '.join(sides)} expected")
    for number, name in enumerate(version.minimize):
        if name in version.minimize[:number]:
            complain(f"{where}.minimize[{number}]", f"'{name}' is named twice")
    for number, item in enumerate(version.residue):
        _listener(f"{where}.residue[{number}].listener", item.listener, complain)
        if not item.owners:
            complain(f"{where}.residue[{number}].owners", "no owner is named")


def check_hazard(number: int, hazard: Hazard, complain: Complain) -> None:
    """Check that a hazard is about something, and that what is asked of a host can be asked."""
    where = f"hazards.yml: $[{number}]"
    affects = hazard.affects
    if not (affects.recipes or affects.methods or affects.services or affects.kinds):
        complain(f"{where}.affects", "is empty")
    if all(probe.evidence for probe in hazard.detect):
        complain(f"{where}.detect", "no probe can find it: all of them are only further evidence")
    for position, probe in enumerate(hazard.detect):
        _check_probe(f"{where}.detect[{position}]", probe, complain)


def _check_probe(here: str, probe: Probe, complain: Complain) -> None:
    ways = [way for way in (probe.fact, probe.services, probe.value, probe.key, probe.query) if way]
    if len(ways) != 1:
        complain(here, "exactly one of fact, services, value, key and query expected")
    _check_range(f"{here}.windows", probe.windows, complain)
    for keyed in (probe.value, probe.key):
        if keyed is not None and keyed.key.partition("\\")[0] not in HIVES:
            complain(here, f"'{keyed.key}' is not below HKLM; it starts with {' or '.join(HIVES)}")
    if probe.query is not None:
        query = probe.query
        names = (query.wmi_class, *query.properties, *query.shows, *(match.property for match in query.match))
        for name in (*names, *([query.where] if query.where else [])):
            if not WMI_NAME.match(name):
                complain(here, f"'{name}' is not a name of a WMI class or property")
        if not NAMESPACE.match(query.namespace):
            complain(here, f"'{query.namespace}' is not a namespace; write root/cimv2")
        if bool(query.where) is not bool(query.values):
            complain(here, "'where' and 'values' need each other")


def check_together(knowledge: Knowledge, complain: Complain) -> None:
    """Check that what entries name is there, that all of it is used, and that no two contradict each other."""
    _check_sources(knowledge, complain)
    _check_hazards(knowledge, complain)
    _check_interfaces(knowledge, complain)
    _check_filters(knowledge, complain)
    for name in LISTS:
        _check_twice(name, knowledge, complain)
    for version in knowledge.versions.values():
        _check_named(version, knowledge, complain)


def _cited(knowledge: Knowledge) -> Iterator[tuple[str, tuple[str, ...]]]:
    for recipe in knowledge.recipes.values():
        where = f"recipes/{recipe.id}.yml: $"
        if recipe.sources:
            yield f"{where}.sources", recipe.sources
        yield from ((f"{where}.methods[{number}]", method.sources) for number, method in enumerate(recipe.methods))
    for version in knowledge.versions.values():
        yield f"windows/{version.id}.yml: $", version.sources
    for setting in knowledge.controls.settings.values():
        if setting.sources:
            yield f"settings.yml: {setting.id}", setting.sources
    for assumption in knowledge.assumptions:
        yield f"assumptions: {assumption.id}", assumption.sources
    for name in (*LISTS, "rpc_interfaces", "rpc_filters", "never_filter"):
        yield from ((f"{name}.yml: $[{number}]", item.sources) for number, item in enumerate(getattr(knowledge, name)))


def _check_sources(knowledge: Knowledge, complain: Complain) -> None:
    """Check that every statement cites something, and nothing that is not there."""
    used: set[str] = set()
    for where, names in _cited(knowledge):
        used.update(names)
        for name in names:
            if name not in knowledge.sources:
                complain(where, f"source '{name}' is not in sources.yml")
        if not names:
            complain(where, "cites no source")
    for name in knowledge.sources:
        if name not in used:
            complain("sources.yml: $", f"nothing cites '{name}'")


def _check_interfaces(knowledge: Knowledge, complain: Complain) -> None:
    """Check that each RPC interface is there once, by a UUID as it is looked up by, and that it is said who owns it, and how surely."""
    seen: set[str] = set()
    for number, item in enumerate(knowledge.rpc_interfaces):
        where = f"rpc_interfaces.yml: $[{number}]"
        if not UUID_TEXT.match(item.uuid):
            complain(f"{where}.uuid", f"'{item.uuid}' is no UUID in small letters")
        if item.uuid in seen:
            complain(f"{where}.uuid", f"'{item.uuid}' is there twice")
        seen.add(item.uuid)
        if bool(item.services or item.processes) is not (item.owner is not None):
            complain(where, "says whose it is and not how surely ('owner'), or the other way round")
        if any(name not in Names(item.services) for name in item.told_by.values()):
            complain(f"{where}.told_by", "names a service that is none of 'services'")


def _check_filters(knowledge: Knowledge, complain: Complain) -> None:
    """Check that each group of interfaces is there once, that its interfaces are known, and that none of them is never filtered."""
    for number, entry in enumerate(knowledge.never_filter):
        if not UUID_TEXT.match(entry.uuid):
            complain(f"never_filter.yml: $[{number}].uuid", f"'{entry.uuid}' is no UUID in small letters")
    never = {entry.uuid for entry in knowledge.never_filter if entry.when is When.ALWAYS}
    known = {interface.uuid for interface in knowledge.rpc_interfaces}
    ids: set[str] = set()
    for number, preset in enumerate(knowledge.rpc_filters):
        where = f"rpc_filters.yml: $[{number}]"
        if preset.id in ids:
            complain(f"{where}.id", f"'{preset.id}' is there twice")
        ids.add(preset.id)
        for uuid in preset.interfaces:
            if uuid not in known:
                complain(f"{where}.interfaces", f"'{uuid}' is not in rpc_interfaces.yml")
            if uuid in never:
                complain(f"{where}.interfaces", f"'{uuid}' is never filtered")


def _check_hazards(knowledge: Knowledge, complain: Complain) -> None:
    for recipe in knowledge.recipes.values():
        for number, method in enumerate(recipe.methods):
            hazard = knowledge.hazard(method.hazard)
            where = f"recipes/{recipe.id}.yml: $.methods[{number}].hazard"
            if method.hazard and hazard is None:
                complain(where, f"there is no hazard '{method.hazard}'")
            elif hazard is not None and hazard.gate is not Gate.ACCEPT:
                complain(where, f"'{method.hazard}' cannot be accepted: its gate is {hazard.gate}")
    methods = {f"{recipe.id}/{method.id}" for recipe in knowledge.recipes.values() for method in recipe.methods}
    for number, item in enumerate(knowledge.hazards):
        where = f"hazards.yml: $[{number}]"
        for name in (*item.affects.recipes, *item.allowed):
            if name not in knowledge.recipes:
                complain(where, f"there is no recipe '{name}'")
        for name in item.affects.methods:
            if name not in methods:
                complain(f"{where}.affects.methods", f"there is no method '{name}'")


def _check_twice(name: str, knowledge: Knowledge, complain: Complain) -> None:
    """Check that a list says one thing of a name on each Windows."""
    listed = [(number, item, span) for number, item in enumerate(getattr(knowledge, name)) for span in [getattr(item, "windows", Range())]]
    for number, item, span in listed:
        _check_range(f"{name}.yml: $[{number}].windows", span, complain)
        for said in _twice(_called(item)):
            complain(f"{name}.yml: $[{number}]", f"'{said}' is named twice")
    for (_number, one, first), (number, other, second) in combinations(listed, 2):
        if overlap(first, second):
            for called in Names(_called(other)) & _called(one):
                complain(f"{name}.yml: $[{number}]", f"'{called}' is named twice for the same Windows")


def _called(item: Never | Protected | PerUser | Hazard | Silent) -> tuple[str, ...]:
    if isinstance(item, Silent):
        return item.names
    return (item.id if isinstance(item, Hazard) else item.name,)


def _twice(names: Sequence[str]) -> list[str]:
    return [name for number, name in enumerate(names) if name in Names(names[:number])]


def _check_named(version: Version, knowledge: Knowledge, complain: Complain) -> None:
    """Check that the known plan of a version can be carried out, and that what it leaves open can exist there."""
    where = f"windows/{version.id}.yml: $"
    for number, name in enumerate(version.minimize):
        if name not in knowledge.recipes:
            complain(f"{where}.minimize[{number}]", f"there is no recipe '{name}'")
        elif not all(any(usable(method) for method in knowledge.recipes[name].methods_on(windows)) for windows in newest(version)):
            complain(f"{where}.minimize[{number}]", f"'{name}' has no method that is used by itself on {version.name}")
    for number, item in enumerate(version.residue):
        here = f"{where}.residue[{number}]"
        recipe = knowledge.recipes.get(item.recipe)
        if recipe is None:
            complain(f"{here}.recipe", f"there is no recipe '{item.recipe}'")
            continue
        present = [p for p in recipe.listeners for windows in newest(version) if p.windows.includes(windows)]
        if item.listener not in [f"{pattern.protocol}/{pattern.port}" for pattern in present]:
            complain(f"{here}.listener", f"'{item.recipe}' knows no {item.listener} on {version.name}")


def usable(method: Method) -> bool:
    """Tell whether a plan chooses a method by itself: it closes something, or is an end in itself, and nobody has to be asked."""
    works = method.status in (Status.WORKS, Status.PARTIAL) or (method.status is Status.DOES_NOT_CLOSE and method.end)
    return works and not method.hazard and not method.by_option


def newest(version: Version) -> tuple[Windows, ...]:
    """Return the newest build of a version, as each side that it was released for; the server first."""
    sides = {Side.SERVER: ProductType.SERVER, Side.CLIENT: ProductType.WORKSTATION}
    products = [product for side, product in sides.items() if side in version.products]
    return tuple(Windows(version.id, version.name, version.nt, version.builds[-1], product) for product in products)


def overlap(one: Range, other: Range) -> bool:
    """Tell whether two spans of Windows versions can include the same one."""
    since = [item for item in (one.since, other.since) if item is not None]
    until = [item for item in (one.until, other.until) if item is not None]
    first = [item for item in (one.build_since, other.build_since) if item is not None]
    last = [item for item in (one.build_until, other.build_until) if item is not None]
    apart = bool(since and until and max(since) > min(until)) or bool(first and last and max(first) > min(last))
    return not apart and (one.side is None or other.side is None or one.side is other.side)


def _listener(where: str, text: str, complain: Complain) -> tuple[Protocol, int | Port] | None:
    """Read `tcp/135` or `tcp/rpc-dynamic`; None after a complaint."""
    protocol, _slash, port = text.partition("/")
    dynamic = [member for member in Port if member == port]
    numbered = port.isascii() and port.isdecimal() and 0 < int(port) <= HIGHEST_PORT
    if protocol not in list(Protocol) or not (dynamic or numbered):
        complain(where, f"'{text}' is not a listener; write tcp/135 or tcp/rpc-dynamic")
        return None
    return Protocol(protocol), dynamic[0] if dynamic else int(port)
