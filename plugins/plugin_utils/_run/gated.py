# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan past the gate: a draft of what closes, the hazards that are about it, what the gate lets through, then the rules for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotFound
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.residue import residue
from ansible_collections.netmin.windows.plugins.plugin_utils._host import guards, shells
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import DRIVERS, Service, template_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import ip_filter, rpc_filters
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.future import Future
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.part import Part
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Situation
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot

from .gate import Blocks, Gatekeeper, Refusal, refusal_of, refuse
from .hazards import Detector, Draft, closing_of
from .options import Wanted
from .reach import FoundHazard, Reach
from .survey import STAGE_BY_NAME, Survey, make_forecast, with_firewall, with_rpc_filters

# What a way back closes for certain.
AGAIN = (Outlook.CLOSES_NOW, Outlook.CLOSES_AT_BOOT)


@dataclass(frozen=True, slots=True)
class Gated:
    """A plan that has passed the gate, with its forecast and what was found on the way."""

    survey: Survey
    wanted: Wanted
    plan: Plan
    forecast: tuple[Forecast, ...]
    findings: tuple[FoundHazard, ...]


def plan_gated(reader: Reader, survey: Survey, knowledge: Knowledge, choose: Callable[[Survey, Blocks], Wanted]) -> Gated:
    """Plan, leaving out what the gate holds back; a draft that changes nothing asks nothing of the host.

    Raises:
        Refused: what was asked for by name and is held back, all of it at once.
        InvalidOption, NotFound: the same of wishes that make no sense on this host, where there are no others.
    """
    detector = Detector(reader, survey, knowledge)
    wanted = choose(survey, detector.blocks())
    if ip_filter.NAME in wanted.desires and wanted.desires[ip_filter.NAME].drop is not None:
        survey = with_firewall(reader, survey)
    if rpc_filters.NAME in wanted.desires and wanted.desires[rpc_filters.NAME].present is not None:
        survey = with_rpc_filters(reader, survey)
    nt = survey.host.windows.nt
    # Whoever is at the console has a command prompt.
    at_console = survey.path is not None and survey.path.console
    no_shell = cache(lambda: "" if at_console else shells.forbidden(reader, nt))
    planner = Planner(survey, knowledge, detector, no_shell, guard_of=lambda name: guards.read_guard(reader, name, nt))
    wanted = planner.settle(wanted, lambda blocks: choose(survey, blocks))
    plan = planner.plan(wanted)
    lost = (item for item in plan.unchanged if item.reason is Reason.NOT_RESTORABLE and item.stage in wanted.named)
    refuse((*wanted.refusals, *planner.refusals, *(Refusal(snapshot.told(item)) for item in lost)))
    return Gated(planner.survey, wanted, plan, planner.forecast(plan, wanted), tuple(planner.findings.values()))


def look_back(reader: Reader, survey: Survey, knowledge: Knowledge, plan: Plan, expected: Sequence[Forecast]) -> tuple[FoundHazard, ...]:
    """Look for the hazards of what a way back closes again, by its forecast; where it closes nothing the host is not asked."""
    closing = closing_of(survey, expected, AGAIN)
    if not closing:
        return ()
    detector = Detector(reader, survey, knowledge)
    parts = [Part(stage="", targets=(s.endpoint.name,), endpoints=(s,), recipes=(s.recipe,) if s.recipe else ()) for s in closing]
    return detector.look(Draft(plan, detector.reach().items(parts, ()), closing))


@dataclass(slots=True)
class Planner:
    """Plans one run on one host.

    Attributes:
        detector: looks for hazards; without one the host shows none.
        no_shell: says why no command shell can be opened, or "".
        guard_of: says what guards a service; asked of those alone of which nothing is known, or that somebody named.
        findings: the hazards that were found, by their ids.
        refusals: what was asked for by name and is held back.
        told: what was said of services that a part would keep from starting which is held back for them.
    """

    survey: Survey
    knowledge: Knowledge
    detector: Detector | None = None
    no_shell: Callable[[], str] = shells.allowed
    guard_of: Callable[[str], guards.Guard] = guards.unknown
    findings: dict[str, FoundHazard] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    told: tuple[str, ...] = ()
    _looked: Names = field(default_factory=Names)
    _made: dict[tuple[object, ...], tuple[Forecast, ...]] = field(default_factory=dict)

    def forecast(self, plan: Plan, wanted: Wanted, *, wary: bool = False) -> tuple[Forecast, ...]:
        """Forecast a plan: once, however many ask what it closes or leaves open."""
        # What it leaves unchanged, and why, is no matter of a forecast.
        asked = (plan.changes, wanted.skipped, wary)
        if asked not in self._made:
            self._made[asked] = make_forecast(plan, self.survey, self.knowledge, wanted.terms.kept, wanted.skipped, wary=wary)
        return self._made[asked]

    def settle(self, wanted: Wanted, choose: Callable[[Blocks], Wanted]) -> Wanted:
        """Choose anew until the gate holds back nothing more that was chosen: another method may have hazards of its own."""
        blocks: Blocks = {}
        while True:
            parts, _refusals = self._closing(wanted)
            self._look(wanted, parts, self._closed_by(wanted, parts))
            judged = self._gatekeeper(wanted).judge(parts)
            self.told += judged.warnings
            more = _joined(blocks, self.detector.blocks() if self.detector is not None else {}, judged.blocks)
            if _ids(more) <= _ids(blocks):
                return wanted
            blocks = more
            wanted = choose(blocks)

    def plan(self, wanted: Wanted) -> Plan:
        """Plan what closes, and the rules for what is left; refusals of both are collected."""
        parts, wrong = self._closing(wanted)
        closing = self._gatekeeper(wanted).judge(parts)
        self.refusals = (*wrong, *closing.refusals)
        plan = snapshot.restorable(replace(closing.plan, warnings=tuple(dict.fromkeys((*self.told, *closing.plan.warnings)))))
        if ip_filter.NAME not in wanted.desires or wanted.desires[ip_filter.NAME].drop is None:
            return plan
        rules = self._rules(wanted, plan)
        self._look(wanted, rules, tuple(dict.fromkeys(subject for part in rules for subject in part.endpoints)))
        return Plan.merge((plan, self._gatekeeper(wanted).judge(rules).plan))

    def _gatekeeper(self, wanted: Wanted) -> Gatekeeper:
        chosen = {f"{choice.recipe.id}/{choice.method.id}" for choice in wanted.choices}
        return Gatekeeper(self._reach(), wanted.terms, wanted.named, chosen, tuple(self.findings.values()), self.no_shell)

    def _reach(self) -> Reach:
        return self.detector.reach() if self.detector is not None else Reach(self.survey.host, self.knowledge, {})

    def _closing(self, wanted: Wanted) -> tuple[tuple[Part, ...], tuple[Refusal, ...]]:
        """Return the parts of what closes, and what is wrong with the desires of a whole stage.

        What guards a service is asked once it is known that a part touches it; then there may be less to plan.
        """
        while True:
            parts, wrong = self._parts(wanted)
            found = [replace(service, guard=self.guard_of(service.name)) for service in self._to_look_at(parts, wanted)]
            guarded = {service.name: service for service in found if service.guard != guards.UNGUARDED}
            if not guarded:
                return parts, wrong
            self._made.clear()
            self.survey = replace(self.survey, host=replace(self.survey.host, services=self.survey.host.services | guarded))

    def _to_look_at(self, parts: Sequence[Part], wanted: Wanted) -> Iterator[Service]:
        """Yield the services that parts change and of which nobody knows what guards them, each once in a run."""
        host, known = self.survey.host, self._known()
        for part in parts:
            named = part.stage in wanted.named and not part.chosen
            for change in part.plan.changes:
                name = change.name if isinstance(change, StopService | SetStartMode) else ""
                strange = name not in known or (named and self.knowledge.protection(name, host.windows) is None)
                if name in host.services and strange and name not in self._looked:
                    self._looked |= {name}
                    if template_of(name, host.windows, self.knowledge) is None:
                        yield host.services[name]

    def _known(self) -> Names:
        """Return the services and drivers of Windows that the knowledge speaks of."""
        names = {name for r in self.knowledge.recipes.values() for name in (*r.services, *r.drivers, *r.serves)}
        names |= {name for r in self.knowledge.recipes.values() for method in r.methods for name in method.services}
        names |= {*map(str, DRIVERS.values), *(entry.name for entry in self.knowledge.protected)}
        return Names((*names, *self.knowledge.silent_on(self.survey.host.windows)))

    def _parts(self, wanted: Wanted) -> tuple[tuple[Part, ...], tuple[Refusal, ...]]:
        situation = self._situation(wanted)
        parts: list[Part] = []
        wrong: list[Refusal] = []
        for name in STAGES:
            if name in wanted.desires:
                try:
                    parts += STAGE_BY_NAME[name].plan(wanted.desires[name], self.survey.states[name], situation)
                except (InvalidOption, NotFound) as error:
                    wrong.append(refusal_of(error))
        return tuple(parts), tuple(wrong)

    def _situation(self, wanted: Wanted) -> Situation:
        stops = (STAGE_BY_NAME[stage].stops(desired, self.survey.host, self.knowledge) for stage, desired in wanted.desires.items())
        stopping = Names(name for names in stops for name in names)
        return Situation(self.survey.host, self.knowledge, stopping, wanted.terms.kept, missing=wanted.terms.missing)

    def _rules(self, wanted: Wanted, plan: Plan) -> tuple[Part, ...]:
        """Return the parts of the last stage, which is planned once it is known what the others leave open."""
        survey, kept = self.survey, wanted.terms.kept
        left, returning = (
            residue(survey.explained, self.forecast(plan, wanted, wary=wary), self.knowledge, survey.host.windows) for wary in (False, True)
        )
        future = Future(survey.host, self.knowledge, plan, survey.configured)
        left_open = ip_filter.LeftOpen(survey.host, self.knowledge, left, returning, survey.explained, future, kept, survey.path)
        return ip_filter.plan_rules(wanted.desires[ip_filter.NAME], left_open)

    def _closed_by(self, wanted: Wanted, parts: Sequence[Part]) -> tuple[Explained, ...]:
        plan = _merged(parts)
        if not plan.changes:
            return ()
        return closing_of(self.survey, self.forecast(plan, wanted))

    def _look(self, wanted: Wanted, parts: Sequence[Part], closing: tuple[Explained, ...]) -> None:
        """Look for the hazards that are about some parts, and about the listeners that these close or drop."""
        if self.detector is None:
            return
        chosen = {f"{choice.recipe.id}/{choice.method.id}" for choice in wanted.choices}
        items = self._reach().items(parts, chosen)
        for finding in self.detector.look(Draft(_merged(parts), items, closing, wanted.skipped, wanted.terms.accept)):
            earlier = self.findings.get(finding.hazard.id)
            affects = (*earlier.affects, *finding.affects) if earlier is not None else finding.affects
            self.findings[finding.hazard.id] = replace(finding, affects=tuple(dict.fromkeys(affects)))


def _merged(parts: Sequence[Part]) -> Plan:
    """Join all parts; of two that contradict each other, which the gate then refuses, the first."""
    plan = Plan()
    for part in parts:
        try:
            plan = Plan.merge((plan, part.plan))
        except InvalidOption:
            continue
    return plan


def _joined(*groups: Blocks) -> Blocks:
    names = dict.fromkeys(name for group in groups for name in group)
    return {name: tuple(block for group in groups for block in group.get(name, ())) for name in names}


def _ids(blocks: Blocks) -> set[tuple[str, str]]:
    return {(name, block.hazard) for name, found in blocks.items() for block in found}
