# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What rests on which assumptions: the default plan of a host, and each use by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Use
from ansible_collections.netmin.windows.plugins.plugin_utils._run.choice import select
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Consent

from .examine import Examination, Finding
from .verdict import Word


@dataclass(frozen=True, slots=True)
class Resting:
    """What rests on some assumptions, and how these stand.

    Attributes:
        use: a word of `Use`, a stage, or a recipe; for the default plan its recipes are in `recipes`.
    """

    use: str
    findings: tuple[Finding, ...]
    recipes: tuple[str, ...] = ()

    def ids(self, word: Word) -> tuple[str, ...]:
        """Return the assumptions that stand in one way."""
        return tuple(finding.assumption.id for finding in self.findings if finding.verdict.word is word)


def of_default_plan(examination: Examination) -> Resting:
    """Return what the default plan of a host rests on, hazards left aside."""
    ground = examination.ground
    chosen = select(None, ground.explained or (), ground.windows, ground.knowledge, Consent()).choices
    recipes = tuple(dict.fromkeys(choice.recipe.id for choice in chosen))
    uses = {str(Use.PLAN), *recipes, *(choice.method.stage for choice in chosen)}
    return Resting("default plan", _resting(examination, uses), recipes)


def by_use(examination: Examination) -> tuple[Resting, ...]:
    """Return each use with what it rests on, in the order in which the assumptions name them."""
    uses = dict.fromkeys(use for finding in examination.findings for use in finding.assumption.used)
    return tuple(Resting(use, _resting(examination, {use})) for use in uses)


def _resting(examination: Examination, uses: Iterable[str]) -> tuple[Finding, ...]:
    wanted = set(uses)
    return tuple(finding for finding in examination.findings if wanted & set(finding.assumption.used) and not finding.assumption.writes)


def sentence(resting: Resting) -> str:
    """Say in one sentence how the default plan stands."""
    wrong, unseen = resting.ids(Word.CONTRADICTED), resting.ids(Word.NOT_SEEN)
    every = "all that the default plan of this host rests on is confirmed"
    if not wrong and not unseen:
        return every
    parts = [
        f"{len(ids)} {what} ({', '.join(ids[:4])}{', …' if len(ids) > 4 else ''})"
        for ids, what in ((wrong, "contradicted"), (unseen, "not to be seen"))
        if ids
    ]
    return f"{every}, but for {' and '.join(parts)}"
