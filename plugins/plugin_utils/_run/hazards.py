# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hazards of a host are about a plan, and what becomes of the plan then.

What is known of a host without asking is judged first. Then a draft of the plan says which other hazards can matter, and for these alone
the host is asked; a draft without changes asks nothing. A hazard that is found and not accepted keeps methods from being chosen, and
what was asked for by name is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Fact, Gate, Hazard, Kind, Knowledge, Method, Recipe
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.hazards import is_like
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Choice, Skipped, Touches

from .choice import Block
from .probes import Answer, Prober, Proposal
from .survey import STAGE_BY_NAME, Survey, Terms

Blocks = Mapping[str, Sequence[Block]]
# What a finding names at most, and what a message names of it.
MOST, TOLD = 20, 3
CLOSING = (Outlook.CLOSES_NOW, Outlook.CLOSES_AT_BOOT, Outlook.RETURNS_AT_BOOT, Outlook.LOOPBACK_ONLY, Outlook.FILTERED, Outlook.UNKNOWN)
# Facts that a draft of the plan has to be there for.
OF_A_PLAN = (Fact.DEPENDENTS, Fact.INBOUND, Fact.POLICY, Fact.NETBIOS_LEFT, Fact.MANAGEMENT)
# The hazard that the option of its own name lifts as well; the stages refuse it themselves where something was asked for by name.
DEPENDENTS = "dependents"
# On a domain controller NetBIOS goes only where nobody uses WINS (safety notes; dc_firewall).
WINS_CHECK = ("netbios-137-138-139", "netbios-consumers")


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan before its hazards are known.

    Attributes:
        expected: its forecast, one entry for each endpoint of the survey.
        choices: the methods that it chose by itself.
        named: the stages that it was told about by options.
        skipped: recipes that it passes over already.
    """

    plan: Plan
    expected: tuple[Forecast, ...]
    choices: tuple[Choice, ...]
    named: frozenset[str]
    skipped: tuple[Skipped, ...]
    terms: Terms


@dataclass(frozen=True, slots=True)
class Finding:
    """A hazard that a host shows, or may show, and that is about the plan.

    Attributes:
        evidence: what shows it, and what could not be looked at; bounded in number and length.
        affects: recipes and other objects of the plan that it is about.
        detected: False where nothing but the refusal to show something was found.
    """

    hazard: Hazard
    evidence: tuple[str, ...]
    affects: tuple[str, ...]
    accepted: bool
    detected: bool = True

    @property
    def stands(self) -> bool:
        """Whether it keeps a plan from being carried out."""
        return self.detected and self.hazard.gate is Gate.ACCEPT and not self.accepted


@dataclass(frozen=True, slots=True)
class Touched:
    """A change with the methods, as `recipe/method`, that it can belong to."""

    change: Change
    methods: tuple[str, ...]

    @property
    def recipes(self) -> tuple[str, ...]:
        """The ids of the recipes."""
        return tuple(dict.fromkeys(name.partition("/")[0] for name in self.methods))


@dataclass(slots=True)
class Detector:
    """Finds the hazards of one host."""

    reader: Reader
    survey: Survey
    knowledge: Knowledge
    _found: dict[str, Answer] = field(default_factory=dict)
    _more: dict[str, list[Block]] = field(default_factory=dict)
    _prober: Prober = field(init=False)

    def __post_init__(self) -> None:
        self._prober = Prober(self.reader, self.survey, self.knowledge)
        nothing = Proposal(Plan())
        for hazard in self.knowledge.hazards:
            known = [probe for probe in hazard.detect if not probe.asks and probe.fact not in OF_A_PLAN]
            self._found[hazard.id] = _join(self._prober.answer(probe, nothing) for probe in known)

    def blocks(self) -> Blocks:
        """Return which methods a hazard that was found up to now is about; accepted ones are among them."""
        found: dict[str, list[Block]] = {name: list(blocks) for name, blocks in self._more.items()}
        for hazard in self.knowledge.hazards:
            answer = self._found[hazard.id]
            if hazard.gate is Gate.ACCEPT and answer.lines and not answer.about:
                for name in self._methods_of(hazard):
                    found.setdefault(name, []).append(Block(hazard.id, _told(answer.lines)))
        return found

    def _methods_of(self, hazard: Hazard) -> Iterable[str]:
        for recipe in self.knowledge.recipes.values():
            for method in recipe.methods_on(self.survey.host.windows):
                if self._is_about(hazard, recipe, method):
                    yield f"{recipe.id}/{method.id}"

    def _is_about(self, hazard: Hazard, recipe: Recipe, method: Method) -> bool:
        affects = hazard.affects
        named = recipe.id in affects.recipes or f"{recipe.id}/{method.id}" in affects.methods
        stopped = any(is_like(name, affects.services) for name in _stopped_by(method))
        every = Kind.EVERYTHING in affects.kinds and recipe.id not in self._allowed(hazard)
        return named or stopped or every

    def _allowed(self, hazard: Hazard) -> tuple[str, ...]:
        recipe, check = WINS_CHECK
        used = check in self._found and bool(self._found[check].lines)
        return tuple(name for name in hazard.allowed if not (used and name == recipe))

    # --- with a draft of the plan -------------------------------------------------------------------------------

    def look(self, draft: Draft) -> tuple[Finding, ...]:
        """Find the hazards that are about a draft; one without changes is judged by what is known already."""
        touched = self._touched(draft)
        closing = self._closing(draft)
        stopping = frozenset(name.lower() for stage in STAGE_BY_NAME.values() for name in self._stopped_on_purpose(draft, stage.name))
        proposal = Proposal(draft.plan, closing, stopping)
        findings: list[Finding] = []
        for hazard in self.knowledge.hazards:
            affects = self._affected(hazard, draft, touched, closing)
            if affects:
                if draft.plan.changes:
                    self._found[hazard.id] = self.examine(hazard, proposal)
                findings += self._finding(hazard, affects, draft)
        return tuple(findings)

    def _stopped_on_purpose(self, draft: Draft, stage: str) -> Iterable[str]:
        """Name what a stage stops for its own sake and not since it depends on something else."""
        return (c.name for c in draft.plan.changes if isinstance(c, StopService) and c.stage == stage and not c.along)

    def examine(self, hazard: Hazard, proposal: Proposal) -> Answer:
        """Look for every sign of a hazard; what only says more is asked where something else was found."""
        probes = hazard.detect
        found = _join(self._prober.answer(probe, proposal) for probe in probes if not probe.evidence)
        if not found.lines:
            return found
        return _join((found, *(self._prober.answer(probe, proposal) for probe in probes if probe.evidence)))

    def _finding(self, hazard: Hazard, affects: tuple[str, ...], draft: Draft) -> tuple[Finding, ...]:
        answer = self._found[hazard.id]
        if hazard.affects.kinds == (Kind.CLOSING,) and answer.about:
            affects = tuple(dict.fromkeys(subject.recipe or subject.owner for subject in answer.about))
        denied = tuple(f"could not be looked at: {text}" for text in answer.denied)
        if not answer.lines and not denied:
            return ()
        accepted = hazard.id in draft.terms.accept
        return (Finding(hazard, (*bounded(answer.lines), *bounded(denied)), bounded(affects), accepted, bool(answer.lines)),)

    def _closing(self, draft: Draft) -> tuple[Explained, ...]:
        if not draft.plan.changes:
            return ()
        pairs = zip(self.survey.explained, draft.expected, strict=True)
        return tuple(subject for subject, entry in pairs if entry.outlook in CLOSING and not subject.management)

    def _touched(self, draft: Draft) -> tuple[Touched, ...]:
        chosen = {f"{choice.recipe.id}/{choice.method.id}" for choice in draft.choices}
        windows = self.survey.host.windows
        known = [(f"{r.id}/{m.id}", m) for r in self.knowledge.recipes.values() for m in r.methods_on(windows)]
        found = []
        for change in draft.plan.changes:
            names = [name for name, method in known if _carries(method, change)]
            ours = [name for name in names if name in chosen]
            found.append(Touched(change, tuple(ours if ours and change.stage not in draft.named else names)))
        return tuple(found)

    def _affected(self, hazard: Hazard, draft: Draft, touched: Sequence[Touched], closing: Sequence[Explained]) -> tuple[str, ...]:
        """Name what of a draft a hazard is about: what it would do, and what it passes over for this hazard's sake."""
        skipped = [item.recipe.id for item in draft.skipped if item.reason is Reason.GATED and item.hazard == hazard.id]
        hits = [item for item in touched if self._hits(hazard, item)]
        hit = [name for item in hits for name in (item.recipes or (item.change.target,))]
        hit += [name for item in hits for other in self._dragging(item, touched) for name in other.recipes]
        ports = [s.recipe or s.owner for s in closing] if Kind.CLOSING in hazard.affects.kinds else []
        return tuple(dict.fromkeys((*skipped, *hit, *ports)))

    def _hits(self, hazard: Hazard, item: Touched) -> bool:
        affects, change = hazard.affects, item.change
        stops = isinstance(change, StopService | SetStartMode) or (isinstance(change, SetRegistryValue) and change.name == "Start")
        if Kind.EVERYTHING in affects.kinds and not set(item.recipes) & set(self._allowed(hazard)):
            return True
        if (Kind.SERVICE in affects.kinds and stops) or (
            Kind.SETTING in affects.kinds and isinstance(change, SetRegistryValue | SetNetbios)
        ):
            return True
        if Kind.BOOT in affects.kinds and isinstance(change, SetRegistryValue) and change.effective is Effective.BOOT:
            return True
        named = bool(set(item.recipes) & set(affects.recipes) or set(item.methods) & set(affects.methods))
        return named or (isinstance(change, StopService | SetStartMode) and is_like(change.name, affects.services))

    # --- gates --------------------------------------------------------------------------------------------------

    def gate(self, draft: Draft, findings: Iterable[Finding]) -> bool:
        """Judge a draft by what was found; return whether methods that it chose have to be left out.

        Raises:
            Refused: what was asked for by name.
        """
        standing = [finding for finding in findings if finding.stands]
        touched = self._touched(draft)
        for finding in standing:
            about = self._found[finding.hazard.id].about
            for item in touched:
                if self._is_hit(finding.hazard, item, about, touched):
                    dragging = self._dragging(item, touched)
                    self._refuse(finding, item, dragging, draft)
                    for name in (*self._forbidden(finding.hazard, item), *self._that_drag(item, dragging)):
                        self._more.setdefault(name, []).append(Block(finding.hazard.id, _told(finding.evidence)))
        return bool(standing)

    def _forbidden(self, hazard: Hazard, item: Touched) -> Iterable[str]:
        """Name the methods that a hazard forbids: where a port or a service is meant, those that would do the same in another way, too."""
        yield from item.methods
        stopped = {item.change.name.lower()} if isinstance(item.change, StopService | SetStartMode) else set()
        for recipe in (self.knowledge.recipes[name] for name in item.recipes):
            for method in recipe.methods_on(self.survey.host.windows):
                closes = Kind.CLOSING in hazard.affects.kinds
                if closes or (hazard.id == DEPENDENTS and stopped & {name.lower() for name in method.services}):
                    yield f"{recipe.id}/{method.id}"

    def _dragging(self, item: Touched, touched: Iterable[Touched]) -> tuple[Touched, ...]:
        """Return the stops on purpose that a service is stopped along with, since it depends on what they stop."""
        change = item.change
        if not isinstance(change, StopService) or not change.along:
            return ()
        stops = ((other, other.change) for other in touched if isinstance(other.change, StopService) and not other.change.along)
        return tuple(other for other, stop in stops if self._depends(change.name, (stop.name,)))

    def _that_drag(self, item: Touched, dragging: Iterable[Touched]) -> Iterable[str]:
        """Name the methods of these stops' recipes that stop a service along, in whatever way they close the port."""
        for recipe in (self.knowledge.recipes[name] for other in dragging for name in other.recipes):
            for method in recipe.methods_on(self.survey.host.windows):
                if isinstance(item.change, StopService) and self._depends(item.change.name, _stopped_by(method)):
                    yield f"{recipe.id}/{method.id}"

    def _depends(self, name: str, on: Iterable[str]) -> bool:
        host = self.survey.host
        return any(service.name == name for needed in on for service in host.all_dependents(needed))

    def _is_hit(self, hazard: Hazard, item: Touched, about: Sequence[Explained], touched: Sequence[Touched]) -> bool:
        if Kind.CLOSING in hazard.affects.kinds:
            recipes = {subject.recipe for subject in about}
            owners = {owner.lower() for subject in about for owner in subject.owners}
            return bool(recipes & set(item.recipes)) or (
                isinstance(item.change, StopService | SetStartMode) and item.change.name.lower() in owners
            )
        if hazard.id == DEPENDENTS:
            along = [other.change.name for other in touched if isinstance(other.change, StopService) and other.change.along]
            return isinstance(item.change, StopService | SetStartMode) and any(self._depends(name, (item.change.name,)) for name in along)
        return self._hits(hazard, item)

    def _refuse(self, finding: Finding, item: Touched, dragging: Sequence[Touched], draft: Draft) -> None:
        chosen = {f"{choice.recipe.id}/{choice.method.id}": choice.named for choice in draft.choices}
        methods = (name for part in (item, *dragging) for name in part.methods)
        by_name = item.change.stage in draft.named or any(chosen.get(name, False) for name in methods)
        along = f" ({item.change.why})" if dragging else ""
        if by_name and finding.hazard.id != DEPENDENTS:
            raise Refused(
                f"{item.change.target}{along} is not changed: {finding.hazard.what} (here: {_told(finding.evidence)}); "
                f"list '{finding.hazard.id}' in 'accept' if that is meant",
                hazard=finding.hazard.id,
            )


def _touches(method: Method) -> Touches:
    """Return what the code of the method's stage does for it."""
    return STAGE_BY_NAME[method.stage].touches.get(method.id, Touches())


def _stopped_by(method: Method) -> tuple[str, ...]:
    """Return the key names of the services and drivers that a method stops."""
    return (*method.services, *_touches(method).services)


def _carries(method: Method, change: Change) -> bool:
    """Tell whether a change can be part of a method."""
    if change.stage != method.stage:
        return False
    names = {name.lower() for name in _stopped_by(method)}
    if isinstance(change, StopService | SetStartMode):
        return change.name.lower() in names
    if isinstance(change, SetNetbios):
        return _touches(method).netbios
    if not isinstance(change, SetRegistryValue):
        return False
    if change.name == "Start":
        return change.key.rpartition("\\")[2].lower() in names
    return change.name in _touches(method).values or any((v.key, v.name) == (change.key, change.name) for v in method.values)


def _join(answers: Iterable[Answer]) -> Answer:
    parts = tuple(answers)
    return Answer(
        tuple(dict.fromkeys(text for part in parts for text in part.lines)),
        tuple(dict.fromkeys(text for part in parts for text in part.denied)),
        tuple(dict.fromkeys(subject for part in parts for subject in part.about)),
    )


def bounded(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the first of some texts, and how many more there are."""
    return (*texts[:MOST], *([f"and {len(texts) - MOST} more"] if len(texts) > MOST else []))


def _told(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - TOLD} more" if len(texts) > TOLD else ""
    return ", ".join(texts[:TOLD]) + more


def warnings_of(findings: Iterable[Finding]) -> list[str]:
    """Return what is told of hazards that stop nothing."""
    warned = (finding for finding in findings if finding.detected and finding.hazard.gate is Gate.WARN)
    return [f"hazard {finding.hazard.id}: {finding.hazard.what} (here: {_told(finding.evidence)})" for finding in warned]
