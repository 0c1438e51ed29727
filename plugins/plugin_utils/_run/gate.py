# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one gate: what of a draft is carried out, what is passed over, and what is refused, for stops, values and rules alike.

A stage says of each part of its plan what it touches (`Part`), and decides nothing. A part is held back by

1. `keep`: it stops or closes what is to stay reachable, or drops what comes in for it;
2. never: the management path, a service that never stops on this host, a rule that could cut the session;
3. what is known of its method: it does not work there, is harmful, or nobody has verified it and `unverified` does not say `apply`;
4. Windows itself, which refuses it, or suffers from it, or a policy that forbids the command shell in which it would be made;
5. hazards that `accept` does not list: those that a method always has, the services that run and depend on what stops (which
   `dependents: stop` accepts too), and those that the host shows or that it does not let us look for.

Nothing lifts the second and the fourth, nor the third where the method does not work. What holds a part back that was asked for by name
is refused: all of it, unless one of these says that it can never be. What the knowledge chose, and every rule, is passed over instead,
and `unchanged` says why. So one decision has one form, and a task tells all of its refusals at once.

The gate is asked twice: about what closes, and then about the rules for what this leaves open, since what it holds back is residue too.
A way back meets `never` and the missing command shell alone: it must not need an `accept`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NetminError, NotFound, Refused, UnsafePlan
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.forecast import keep_reason
from ansible_collections.netmin.windows.plugins.plugin_utils._host import shells
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import management_ports
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Gate, Method, Recipe, Status
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change, touched
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.never import never_stops
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.part import Part
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Dependents

from .reach import DEPENDENTS, FoundHazard, Item, Reach
from .survey import Terms

# What a message names of what shows a hazard.
TOLD = 3


@dataclass(frozen=True, slots=True)
class Held:
    """Why something is not done.

    Attributes:
        why: without what would lift it.
        hazards: ids that `accept` would have to list; all of them.
        final: nothing lifts it.
        whole: `why` is a sentence of its own.
        refusal: what is told in place of `why` where it was asked for by name.
    """

    reason: Reason
    why: str
    hazards: tuple[str, ...] = ()
    final: bool = False
    whole: bool = False
    refusal: str = ""

    @property
    def detail(self) -> str:
        """Why, and what would lift it."""
        if not self.hazards or self.hazards == (DEPENDENTS,):
            # An option of its own lifts that one, and `why` says so.
            return self.why
        return f"{self.why}; to do it anyway, list {' and '.join(repr(name) for name in self.hazards)} in 'accept'"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was asked for by name and is not done.

    Attributes:
        hazards: ids that `accept` would have to list.
        recipe: id of the recipe that was asked for, where it was one.
        recipes: ids of those that the refused part belongs to.
    """

    text: str
    hazards: tuple[str, ...] = ()
    kind: type[NetminError] = Refused
    recipe: str = ""
    recipes: tuple[str, ...] = ()


def refuse(refusals: Iterable[Refusal]) -> None:
    """Raise all refusals of a task as one, a line each.

    Raises:
        NetminError: the kind that all of them share, or Refused.
    """
    every = tuple(refusals)
    told_of = {(item.recipe, name) for item in every for name in item.hazards}
    # A recipe that is refused is told as such, and not part by part.
    fresh = [r for r in every if not r.hazards or not any({(recipe, name) for name in r.hazards} <= told_of for recipe in r.recipes)]
    said = tuple({" ".join(item.text.split()): item for item in fresh}.items())
    if not said:
        return
    hazards = tuple(dict.fromkeys(name for _text, item in said for name in item.hazards))
    kinds = {item.kind for _text, item in said}
    several = (f"{len(said)} refusals; nothing was changed:", *(f"- {text}" for text, _item in said))
    lines = (said[0][0],) if len(said) == 1 else several
    kind = kinds.pop() if len(kinds) == 1 else Refused
    raise kind(*lines, hazards=hazards) if issubclass(kind, Refused) else kind(*lines)


def refusal_of(error: NetminError) -> Refusal:
    """Turn an error about one wish into a refusal."""
    kind = next((kind for kind in (UnsafePlan, Refused, NotFound, InvalidOption) if isinstance(error, kind)), Refused)
    return Refusal(str(error), error.hazards if isinstance(error, Refused) else (), kind)


# --- methods: also where one is chosen -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block:
    """A hazard that this host shows.

    Attributes:
        found: what shows it, in words.
    """

    hazard: str
    found: str


Blocks = Mapping[str, Sequence[Block]]


@dataclass(frozen=True, slots=True)
class Consent:
    """What the operator allows beyond what is known to be safe, and what the host shows.

    Attributes:
        accept: ids of hazards.
        unverified: methods that nobody has verified on this Windows.
        blocks: the hazards of this host by `recipe/method`.
    """

    accept: frozenset[str] = frozenset()
    unverified: bool = False
    blocks: Blocks = field(default_factory=dict)

    def standing(self, recipe: Recipe, method: Method) -> Held | None:
        """Say which hazards hold a method back, all of them in one."""
        found = [block for block in self.blocks.get(f"{recipe.id}/{method.id}", ()) if block.hazard not in self.accept]
        shown = list(dict.fromkeys(block.found for block in found if block.found))
        always = (method.hazard,) if method.hazard and method.hazard not in self.accept else ()
        hazards = tuple(dict.fromkeys((*always, *(block.hazard for block in found))))
        here = f" (here: {', '.join(shown)})" if shown else ""
        return Held(Reason.GATED, f"{recipe.breaks}{here}", hazards) if hazards else None


REASONS = {
    Status.DOES_NOT_WORK: Reason.DOES_NOT_WORK,
    Status.HARMFUL: Reason.HARMFUL,
}


def held_by_status(entry: Method, windows: Windows, *, unverified: bool) -> Held | None:
    """Say why a method must not be written on a Windows; a method that closes nothing is a legitimate end in itself."""
    if entry.status is Status.WORKS and entry.windows.open_ended:
        return None
    if windows.newer or entry.status is Status.UNVERIFIED:
        return held_unseen(entry.because, windows, unverified=unverified)
    reason = REASONS.get(entry.status)
    return None if reason is None else Held(reason, entry.because, final=True)


def held_unseen(why: str, windows: Windows, *, unverified: bool) -> Held | None:
    """Say why something must not be done that nobody has verified; on a Windows that is not known nothing lifts that."""
    if windows.newer:
        return Held(Reason.UNVERIFIED, f"its effect is not known on a Windows newer than {windows.name}", final=True)
    return None if unverified else Held(Reason.UNVERIFIED, f"{why}; to use it anyway, set 'unverified: apply'")


# --- parts of a plan -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gate makes of parts.

    Attributes:
        plan: what is done, and what is passed over.
        refusals: what was asked for by name and is not done.
        blocks: the hazards that hold back what was chosen, by `recipe/method`: another method may be chosen.
        warnings: what parts that are held back say of services which they would keep from starting.
    """

    plan: Plan
    refusals: tuple[Refusal, ...] = ()
    blocks: Mapping[str, tuple[Block, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """Judges the parts of one run's plan.

    Attributes:
        named: the stages whose parts were asked for by name.
        chosen: the methods, as `recipe/method`, that were chosen.
        findings: the hazards that the host shows, or does not let us look for.
        no_shell: says why no command shell can be opened, or ""; asked only where one is needed.
    """

    reach: Reach
    terms: Terms
    named: Collection[str] = ()
    chosen: Collection[str] = ()
    findings: tuple[FoundHazard, ...] = ()
    no_shell: Callable[[], str] = shells.allowed

    def judge(self, parts: Iterable[Part]) -> Judgement:
        """Carry out, pass over, or refuse each part."""
        plans: list[Plan] = []
        refusals: list[Refusal] = []
        blocks: dict[str, list[Block]] = {}
        warnings: list[str] = []
        for part in parts:
            items = self.reach.items((part,), self.chosen)
            held = [*self._known(part), *self._hazards(part, items, blocks)]
            if not held and part.error is not None:
                refusals.append(refusal_of(part.error))
            elif not held:
                plans.append(part.plan)
            elif part.stage in self.named and not part.chosen:
                refusals += _refused(part, held, items)
            else:
                why = _joined(held)
                passed = tuple(Unchanged(part.stage, target, why.reason, why.detail) for target in part.targets)
                plans += [] if needs_shell(part.otherwise) and self.no_shell() else [part.otherwise]
                plans.append(Plan(unchanged=passed))
                warnings += part.plan.warnings if part.dormant and why.hazards else ()
        try:
            plan = Plan.merge(plans)
        except InvalidOption as error:
            plan = Plan()
            refusals.append(refusal_of(error))
        return Judgement(plan, tuple(refusals), {name: tuple(found) for name, found in blocks.items()}, tuple(warnings))

    def _known(self, part: Part) -> Iterator[Held]:
        """Say what holds a part back whatever the host shows, the strongest first."""
        kept = self._kept(part)
        if kept is not None:
            yield kept
        yield from self._never(part)
        status = self._status(part)
        if status is not None:
            yield status
        if part.barrier is not None:
            yield Held(part.barrier.reason, part.barrier.why, final=True)
        no_shell = self.no_shell() if needs_shell(part.plan) else ""
        if no_shell:
            yield Held(Reason.NO_SHELL, no_shell, final=True)
        yield from self._never_along(part)
        for need in part.needs:
            if need.hazard not in self.terms.accept:
                yield Held(Reason.GATED, need.why, (need.hazard,))

    def _kept(self, part: Part) -> Held | None:
        kept = self.terms.kept
        for name in part.takes:
            if name in kept.services:
                return _by_keep(kept.services[name])
        for name in part.owners:
            if name in kept.owners:
                return _by_keep(kept.owners[name])
        if part.endpoints:
            return self._kept_listener(part)
        recipe = next((name for name in (*part.recipes, *self._emptied(part)) if name in kept.recipes), None)
        if recipe is not None:
            return _by_keep(kept.recipes[recipe])
        for name in part.along:
            if name in kept.services:
                return Held(Reason.KEPT, f"{name} depends on it and is kept ({kept.services[name]})")
        return None

    def _kept_listener(self, part: Part) -> Held | None:
        for subject in part.endpoints:
            if subject.management or keep_reason(subject, self.terms.kept) is not None:
                return Held(Reason.KEPT, f"a rule for it would also drop {subject.endpoint.name} ({subject.owner}), which is kept")
        for subject in part.found:
            if keep_reason(subject, self.terms.kept) is not None:
                return Held(Reason.KEPT, f"clients ask it for the port of {subject.owner}, which is kept")
        return None

    def _emptied(self, part: Part) -> Iterator[str]:
        """Name the recipes whose listeners close with a service that is stopped for its own sake."""
        taken = Names(part.takes)
        for recipe in self.reach.knowledge.recipes.values():
            own = taken & (*recipe.services, *recipe.drivers, *recipe.serves)
            for method in recipe.methods_on(self.reach.host.windows) if own else ():
                if method.status is not Status.DOES_NOT_CLOSE and method.stage == part.stage and own & method.services:
                    yield recipe.id

    def _never(self, part: Part) -> Iterator[Held]:
        host, knowledge = self.reach.host, self.reach.knowledge
        ports = management_ports(host, knowledge)
        if any(s.endpoint.protocol == "tcp" and s.endpoint.port in ports and not s.dynamic for s in part.endpoints):
            yield Held(Reason.NEVER, "the management path", final=True)
        for name in part.takes:
            service = host.services.get(name)
            why = never_stops(service, host, knowledge) if service is not None else None
            if why:
                yield Held(Reason.NEVER, why, final=True, whole=True)

    def _never_along(self, part: Part) -> Iterator[Held]:
        host = self.reach.host
        for name in part.along:
            why = never_stops(host.services[name], host, self.reach.knowledge)
            if why:
                on = part.takes[0] if part.takes else part.targets[0]
                yield Held(Reason.NEVER, f"{why}, and it depends on {on}; keep {on} with a reason", final=True)

    def _status(self, part: Part) -> Held | None:
        windows = self.reach.host.windows
        if part.unseen:
            return held_unseen(part.unseen, windows, unverified=self.terms.unverified)
        if part.method is None:
            return None
        recipe, method = part.method
        entry = self.reach.knowledge.recipe(recipe).method(method, windows)
        if entry is None:
            return Held(Reason.UNVERIFIED, f"{method} is not known on {windows.name}", final=True)
        return held_by_status(entry, windows, unverified=self.terms.unverified)

    def _hazards(self, part: Part, items: Sequence[Item], blocks: dict[str, list[Block]]) -> Iterator[Held]:
        """Say which hazards of the host hold a part back, and which methods then are not to be chosen."""
        asked = part.stage in self.named and not part.chosen
        if part.along and self.terms.dependents is Dependents.REFUSE:
            yield _dependents(part)
        for finding in self.findings:
            hit = next((item for item in items if self.reach.hits(finding.hazard, item, finding.about)), None)
            if hit is None or not self._counts(finding, part, asked=asked):
                continue
            here = first_of(self.reach.evidence(finding, items))
            why = f"{finding.hazard.what} (here: {here})"
            if finding.hazard.gate is Gate.NEVER:
                yield Held(Reason.NEVER, why, final=True)
                continue
            for name in () if asked else self.reach.alike(part, items, finding.hazard):
                blocks.setdefault(name, []).append(Block(finding.hazard.id, here))
            if hit.touched.along:
                why = f"{hit.target} (depends on {hit.by}) is not changed: {why}"
            elif hit.goes:
                why = f"{hit.target} depends on {hit.by} and could no longer start: {why}"
            yield Held(Reason.GATED, why, (finding.hazard.id,), whole=bool(hit.touched.along))

    def _counts(self, finding: FoundHazard, part: Part, *, asked: bool) -> bool:
        """Tell whether a hazard that is about a part holds it back."""
        if finding.hazard.id == DEPENDENTS:
            # By name the option alone decides, and says it in its own words.
            return finding.stands and not asked
        never = finding.hazard.gate is Gate.NEVER and finding.detected and bool(part.endpoints)
        return finding.stands or never


def needs_shell(plan: Plan) -> bool:
    """Tell whether anything in a plan is made in a command shell, or may have to be."""
    return any(touched(change).shell for change in plan.changes)


def without_shell(plan: Plan, no_shell: Callable[[], str], blind: str) -> Plan:
    """Leave out of a way back what this host does not let us do, and say so.

    Args:
        no_shell: see `Gatekeeper`.
        blind: why a rule that is added could not be found again, or "".
    """
    why = no_shell() if needs_shell(plan) else ""
    held: list[Unchanged] = []
    changes: list[Change] = []
    for change in plan.changes:
        what = touched(change)
        if why and what.shell:
            held.append(Unchanged(change.stage, change.target, Reason.NO_SHELL, why))
        elif blind and what.adds is not None:
            held.append(Unchanged(change.stage, change.target, Reason.NOT_FOUND, blind))
        else:
            changes.append(change)
    return replace(plan, changes=tuple(changes), unchanged=(*plan.unchanged, *held))


def _by_keep(why: str) -> Held:
    return Held(Reason.KEPT, why, refusal=f"'keep' protects it ({why}); remove it from 'keep', or do not request this change")


def _joined(held: Sequence[Held]) -> Held:
    """Return the first of what holds a part back; of several hazards all, so that nobody accepts one after the other."""
    first = held[0]
    gated = [item for item in held if item.reason is Reason.GATED]
    if first.reason is not Reason.GATED or len(gated) == 1:
        return first
    return Held(Reason.GATED, "; ".join(item.why for item in gated), tuple(dict.fromkeys(name for item in gated for name in item.hazards)))


def _dependents(part: Part) -> Held:
    one = len(part.along) == 1
    why = (
        f"{', '.join(part.along)} depend{'s' if one else ''} on it and run{'s' if one else ''}; "
        f"add {'it' if one else 'them'} to the plan or set 'dependents: stop'"
    )
    return Held(Reason.GATED, why, (DEPENDENTS,))


def _refused(part: Part, held: Sequence[Held], items: Sequence[Item]) -> Iterator[Refusal]:
    """Word what holds back what was asked for by name; where nothing lifts one of these, that one alone matters."""
    final = next((item for item in held if item.final), None)
    recipes = tuple(dict.fromkeys(name for item in items if not item.goes for name in item.recipes))
    for item in (final,) if final is not None else held:
        kind = UnsafePlan if item.reason is Reason.NEVER else Refused
        why = item.refusal or item.detail
        yield Refusal(why if item.whole else f"{part.what}: {why}", item.hazards, kind, recipes=recipes)


def first_of(texts: Sequence[str]) -> str:
    """Return the first of some texts in one line, and how many more there are."""
    more = f" and {len(texts) - TOLD} more" if len(texts) > TOLD else ""
    return ", ".join(texts[:TOLD]) + more
