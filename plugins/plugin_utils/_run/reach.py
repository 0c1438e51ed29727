# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far the parts of a plan reach: into which methods, recipes and services; and whether a hazard is about that. Decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Gate, Hazard, Kind, Knowledge, Method
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.hazards import is_like
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import touched as touched_by
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.touched import Touched
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.part import Part
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Touches

from .survey import STAGE_BY_NAME

# The hazard that the option of its own name lifts as well.
DEPENDENTS = "dependents"
NOTHING = Touched()
UNSEEN = "could not be checked: "


@dataclass(frozen=True, slots=True)
class Sign:
    """A listener that a hazard is about, and what was found of it."""

    subject: Explained
    line: str


@dataclass(frozen=True, slots=True)
class FoundHazard:
    """A hazard that a host shows, or may show, and that is about a plan.

    Attributes:
        evidence: what shows it, and what could not be looked at; bounded in number and length.
        affects: recipes and other objects of the plan that it is about.
        detected: False where nothing but the refusal to show something was found: it is unknown.
        about: the listeners that it is about, where it is about single ones, each with what was found of it.
    """

    hazard: Hazard
    evidence: tuple[str, ...]
    affects: tuple[str, ...]
    accepted: bool
    detected: bool = True
    about: tuple[Sign, ...] = field(default=(), repr=False)

    @property
    def stands(self) -> bool:
        """Whether it holds back what it is about; one that is unknown does as well."""
        return self.hazard.gate is Gate.ACCEPT and not self.accepted


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a part of a plan does, or that follows from it.

    Attributes:
        target: the object, as messages name it.
        methods: those, as `recipe/method`, that it can belong to.
        recipes: ids of the recipes whose listeners or services it is about.
        goes: key name of a service that goes with what it depends on: it is stopped along, or cannot be started any more.
        by: the service that it depends on.
    """

    part: Part
    target: str
    touched: Touched = NOTHING
    methods: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    goes: str = ""
    by: str = ""

    @property
    def service(self) -> str:
        """Key name of the service that is stopped, or whose start mode is set."""
        return self.touched.stops or self.touched.configures

    @property
    def named(self) -> tuple[str, ...]:
        """How results name it: by its recipes, or by itself."""
        return self.recipes or (self.target,)


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known of one host's Windows about the reach of changes.

    Attributes:
        allowed: recipes that are carried out whatever a hazard says, by its id.
    """

    host: Host
    knowledge: Knowledge
    allowed: dict[str, Collection[str]]

    def items(self, parts: Iterable[Part], chosen: Collection[str]) -> tuple[Item, ...]:
        """Return all that parts do.

        Args:
            chosen: the methods, as `recipe/method`, that were chosen; a change that none of them carries may belong to any.
        """
        windows = self.host.windows
        known = {f"{r.id}/{m.id}": m for r in self.knowledge.recipes.values() for m in r.methods_on(windows)}
        return tuple(item for part in parts for item in self._of(part, chosen, known))

    def _of(self, part: Part, chosen: Collection[str], known: Mapping[str, Method]) -> Iterator[Item]:
        if part.endpoints:
            yield Item(part, part.targets[0], recipes=part.recipes)
            return
        for change in part.plan.changes:
            done = touched_by(change)
            names = [name for name, method in known.items() if method.stage == part.stage and _carries(method, done)]
            names = [name for name in names if name in chosen] or names
            recipes = tuple(dict.fromkeys(name.partition("/")[0] for name in names))
            yield Item(part, change.target, done, tuple(names), recipes, done.stops if done.along else "", done.along)
        for name in part.dormant:
            names = [key for key, method in known.items() if name in Names(stopped_by(method))]
            recipes = tuple(dict.fromkeys(key.partition("/")[0] for key in names))
            needed = (s.name for s in self.host.all_required(name) if s.name in part.takes)
            yield Item(part, f"service {name}", methods=tuple(names), recipes=recipes, goes=name, by=next(needed, ""))

    def alike(self, part: Part, items: Iterable[Item], hazard: Hazard) -> tuple[str, ...]:
        """Return the methods that a part belongs to, and those of the same recipes that would do the same in another way."""
        own = tuple(item for item in items if not item.goes)
        found = [name for item in own for name in item.methods]
        taken = Names(part.takes)
        for recipe in (self.knowledge.recipes[name] for item in own for name in item.recipes):
            for method in recipe.methods_on(self.host.windows):
                if Kind.CLOSING in hazard.affects.kinds or taken & stopped_by(method):
                    found.append(f"{recipe.id}/{method.id}")
        return tuple(dict.fromkeys(found))

    def evidence(self, finding: FoundHazard, items: Iterable[Item]) -> tuple[str, ...]:
        """Return what shows a hazard, of single listeners for those alone that a plan closes or drops."""
        if Kind.CLOSING not in finding.hazard.affects.kinds:
            return finding.evidence
        every = tuple(items)
        return tuple(dict.fromkeys(sign.line for sign in finding.about if any(_closes(item, (sign.subject,)) for item in every)))

    def hits(self, hazard: Hazard, item: Item, about: Iterable[Sign] = ()) -> bool:
        """Tell whether a hazard is about something that a plan does.

        Args:
            about: the listeners that a peer is connected to.
        """
        affects = hazard.affects
        if hazard.id == DEPENDENTS:
            return bool(item.part.along) and not item.goes
        if Kind.CLOSING in affects.kinds:
            return _closes(item, (sign.subject for sign in about))
        free = self.allowed.get(hazard.id, ())
        recipes = [name for name in item.recipes if name not in free]
        if Kind.EVERYTHING in affects.kinds and (recipes or not item.recipes):
            return True
        if _is_of_a_kind(hazard, item.touched):
            return True
        named = bool(set(recipes) & set(affects.recipes)) or bool(set(item.methods) & set(affects.methods))
        return named or self._by_service(hazard, item)

    def _by_service(self, hazard: Hazard, item: Item) -> bool:
        own = hazard.affects.services
        # What depends on a service, or owns a listener that no recipe knows, is the hazard's as well where it is a sign of it.
        related = (*own, *(name for probe in hazard.detect for name in probe.services))
        if item.part.endpoints:
            # Of a listener that a recipe knows the recipe says what breaks; a service that must run may well be out of reach.
            return not item.recipes and any(is_like(owner, related) for subject in item.part.endpoints for owner in subject.owners)
        return is_like(item.goes, related) if item.goes else bool(item.service) and is_like(item.service, own)


def _closes(item: Item, about: Iterable[Explained]) -> bool:
    """Tell whether something closes one of some listeners, or drops what comes in for it."""
    held = tuple(about)
    if item.part.endpoints:
        ports = {(s.endpoint.protocol, s.endpoint.port) for s in held}
        return any((s.endpoint.protocol, s.endpoint.port) in ports for s in (*item.part.endpoints, *item.part.found))
    recipes = {subject.recipe for subject in held}
    owners = Names(owner for subject in held for owner in subject.owners)
    # What goes along is named by what it depends on.
    return bool(recipes & set(item.recipes)) or (bool(item.service) and item.service in owners)


def _is_of_a_kind(hazard: Hazard, touched: Touched) -> bool:
    kinds = hazard.affects.kinds
    service = bool(touched.stops or touched.configures)
    setting = touched.value is not None or bool(touched.netbios)
    return (Kind.SERVICE in kinds and service) or (Kind.SETTING in kinds and setting) or (Kind.BOOT in kinds and touched.waits)


def method_is_about(hazard: Hazard, recipe: str, method: Method, free: Collection[str]) -> bool:
    """Tell whether a hazard is about a method, whatever it would change on a host."""
    affects = hazard.affects
    named = recipe in affects.recipes or f"{recipe}/{method.id}" in affects.methods
    stopped = any(is_like(name, affects.services) for name in stopped_by(method))
    return named or stopped or (Kind.EVERYTHING in affects.kinds and recipe not in free)


def _touches(method: Method) -> Touches:
    """Return what the code of the method's stage does for it."""
    return STAGE_BY_NAME[method.stage].touches.get(method.id, Touches())


def stopped_by(method: Method) -> tuple[str, ...]:
    """Return the key names of the services and drivers that a method stops."""
    return (*method.services, *_touches(method).services)


def _carries(method: Method, touched: Touched) -> bool:
    """Tell whether a change can be part of a method of its stage."""
    if touched.stops or touched.configures:
        return (touched.stops or touched.configures) in Names(stopped_by(method))
    if touched.netbios:
        return _touches(method).netbios
    if touched.value is None:
        return False
    key, name = touched.value
    return name in _touches(method).values or any((v.key, v.name) == (key, name) for v in method.values)
