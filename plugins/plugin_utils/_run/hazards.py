# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hazards a host shows that are about a plan. Asks, and decides nothing: that is the gate's.

What is known of a host without asking comes first. Then a draft of the plan says which other hazards can matter, and for these alone
the host is asked; a draft without changes asks nothing. One that the host refuses to show is unknown, and not absent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rehearsal import Work, wants_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Fact, Gate, Hazard, Kind, Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Skipped

from .gate import Block, Blocks, first_of
from .probes import Answer, Prober, Proposal
from .reach import UNSEEN, FoundHazard, Item, Reach, method_is_about
from .survey import Survey

# What a finding names at most.
MOST = 20
CLOSING = (Outlook.CLOSES_NOW, Outlook.CLOSES_AT_BOOT, Outlook.RETURNS_AT_BOOT, Outlook.LOOPBACK_ONLY, Outlook.FILTERED, Outlook.UNKNOWN)
# Facts that a draft of the plan has to be there for.
OF_A_PLAN = (Fact.DEPENDENTS, Fact.INBOUND, Fact.POLICY, Fact.NETBIOS_LEFT, Fact.MANAGEMENT)
# On a domain controller NetBIOS goes only where nobody uses WINS (safety notes; dc_firewall).
WINS_CHECK = ("netbios-137-138-139", "netbios-consumers")


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan before its hazards are known.

    Attributes:
        items: all that its parts do.
        closing: the listeners that it closes, or drops what comes in for.
        skipped: recipes that it passes over already.
    """

    plan: Plan
    items: tuple[Item, ...] = ()
    closing: tuple[Explained, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    accept: frozenset[str] = frozenset()


def closing_of(survey: Survey, expected: Sequence[Forecast], outlooks: Collection[Outlook] = CLOSING) -> tuple[Explained, ...]:
    """Return the listeners that a plan closes, by its forecast: one entry for each endpoint of the survey."""
    pairs = zip(survey.explained, expected, strict=True)
    return tuple(subject for subject, entry in pairs if entry.outlook in outlooks and not subject.management)


@dataclass(slots=True)
class Detector:
    """Finds the hazards of one host."""

    reader: Reader
    survey: Survey
    knowledge: Knowledge
    _found: dict[str, Answer] = field(default_factory=dict)
    _prober: Prober = field(init=False)

    def __post_init__(self) -> None:
        self._prober = Prober(self.reader, self.survey, self.knowledge)
        nothing = Proposal(Plan())
        for hazard in self.knowledge.hazards:
            known = [probe for probe in hazard.detect if not probe.asks and probe.fact not in OF_A_PLAN]
            self._found[hazard.id] = _join(self._prober.answer(probe, nothing) for probe in known)

    def reach(self) -> Reach:
        """Return how far changes reach on this host, given what was found up to now."""
        return Reach(self.survey.host, self.knowledge, {hazard.id: self._free(hazard) for hazard in self.knowledge.hazards})

    def _free(self, hazard: Hazard) -> tuple[str, ...]:
        recipe, check = WINS_CHECK
        used = check in self._found and bool(self._found[check].lines)
        return tuple(name for name in hazard.allowed if not (used and name == recipe))

    def blocks(self) -> Blocks:
        """Return which methods a hazard is about that was found up to now, or is unknown; accepted ones are among them."""
        found: dict[str, list[Block]] = {}
        for hazard in self.knowledge.hazards:
            answer = self._found[hazard.id]
            if hazard.gate is Gate.ACCEPT and _evidence(answer) and not answer.about:
                for name in self._methods_of(hazard):
                    found.setdefault(name, []).append(Block(hazard.id, first_of(_evidence(answer))))
        return found

    def _methods_of(self, hazard: Hazard) -> Iterable[str]:
        for recipe in self.knowledge.recipes.values():
            for method in recipe.methods_on(self.survey.host.windows):
                if method_is_about(hazard, recipe.id, method, self._free(hazard)):
                    yield f"{recipe.id}/{method.id}"

    def look(self, draft: Draft) -> tuple[FoundHazard, ...]:
        """Find the hazards that are about a draft; one without changes is judged by what is known already."""
        stopping = Names(item.touched.stops for item in draft.items if item.touched.stops and not item.by)
        proposal = Proposal(draft.plan, draft.closing, stopping)
        reach = self.reach()
        findings: list[FoundHazard] = []
        about = [(hazard, affects) for hazard in self.knowledge.hazards if (affects := _affected(hazard, draft, reach))]
        if draft.plan.changes:
            self._look_ahead([hazard for hazard, _affects in about], proposal)
        for hazard, affects in about:
            if draft.plan.changes:
                self._found[hazard.id] = _join((self._found[hazard.id], self.examine(hazard, proposal)))
            findings += self._finding(hazard, affects, draft)
        return tuple(findings)

    def _look_ahead(self, hazards: Iterable[Hazard], proposal: Proposal) -> None:
        """Ask side by side for what the probes of some hazards need."""

        def examined(hazard: Hazard) -> Work:
            return lambda known: _examine(self._prober.over(known), hazard, proposal)

        self.reader.ahead(wants_of(self.reader, *map(examined, hazards)), over=self.survey.host.spare_connections)

    def examine(self, hazard: Hazard, proposal: Proposal) -> Answer:
        """Look for every sign of a hazard."""
        return _examine(self._prober, hazard, proposal)

    def _finding(self, hazard: Hazard, affects: tuple[str, ...], draft: Draft) -> tuple[FoundHazard, ...]:
        answer = self._found[hazard.id]
        if hazard.affects.kinds == (Kind.CLOSING,) and answer.about:
            affects = tuple(dict.fromkeys(sign.subject.recipe or sign.subject.owner for sign in answer.about))
        evidence = (*bounded(answer.lines), *bounded(_unseen(answer)))
        if not evidence:
            return ()
        accepted = hazard.id in draft.accept
        return (FoundHazard(hazard, evidence, bounded(affects), accepted, bool(answer.lines), answer.about),)


def _examine(prober: Prober, hazard: Hazard, proposal: Proposal) -> Answer:
    """Look for every sign of a hazard; what only says more is asked where something else was found."""
    found = _join(prober.answer(probe, proposal) for probe in hazard.detect if not probe.evidence)
    if not found.lines:
        return found
    return _join((found, *(prober.answer(probe, proposal) for probe in hazard.detect if probe.evidence)))


def _affected(hazard: Hazard, draft: Draft, reach: Reach) -> tuple[str, ...]:
    """Name what of a draft a hazard is about: what it would do, and what it passes over for this hazard's sake."""
    skipped = [item.recipe.id for item in draft.skipped if item.reason is Reason.GATED and hazard.id in item.hazards]
    if Kind.CLOSING in hazard.affects.kinds:
        return tuple(dict.fromkeys((*skipped, *(subject.recipe or subject.owner for subject in draft.closing))))
    hits = [item for item in draft.items if reach.hits(hazard, item)]
    # What goes along is told with what it depends on, since that is what is held back.
    own = [other for item in hits if item.goes for other in draft.items if other.part is item.part and not other.goes]
    return tuple(dict.fromkeys((*skipped, *(name for item in (*hits, *own) for name in item.named))))


def _unseen(answer: Answer) -> tuple[str, ...]:
    return tuple(f"{UNSEEN}{text}" for text in answer.denied)


def _evidence(answer: Answer) -> tuple[str, ...]:
    """Return what shows a hazard; where nothing does, what was refused."""
    return answer.lines or _unseen(answer)


def _join(answers: Iterable[Answer]) -> Answer:
    parts = tuple(answers)
    return Answer(
        tuple(dict.fromkeys(text for part in parts for text in part.lines)),
        tuple(dict.fromkeys(text for part in parts for text in part.denied)),
        tuple(dict.fromkeys(sign for part in parts for sign in part.about)),
    )


def bounded(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the first of some texts, and how many more there are."""
    return (*texts[:MOST], *([f"and {len(texts) - MOST} more"] if len(texts) > MOST else []))


def warnings_of(findings: Iterable[FoundHazard], *, every: bool = False) -> list[str]:
    """Return what is told of hazards that stop nothing.

    Args:
        every: none of them stops anything, since a host is put back.
    """
    warned = (finding for finding in findings if every or (finding.detected and finding.hazard.gate is Gate.WARN))
    return [f"hazard {finding.hazard.id}: {finding.hazard.what} (here: {first_of(finding.evidence)})" for finding in warned]
