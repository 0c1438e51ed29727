# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Choose for each listener the method that is known to close it on this Windows. Reads nothing, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Method, Recipe, Status
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Choice, Skipped, refusal_of


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be carried out, and what is skipped."""

    choices: tuple[Choice, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A hazard that this host shows.

    Attributes:
        found: what shows it, in words.
    """

    hazard: str
    found: str


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
    blocks: Mapping[str, Sequence[Block]] = field(default_factory=dict)

    def refusal(self, recipe: Recipe, method: Method) -> Block | None:
        """Return what the operator would have to accept before a method is used; None where there is nothing."""
        found = self.blocks.get(f"{recipe.id}/{method.id}", ())
        if method.hazard and method.hazard not in self.accept:
            return next((block for block in found if block.hazard == method.hazard), Block(method.hazard, ""))
        return next((block for block in found if block.hazard not in self.accept), None)


def select(
    asked: Sequence[str] | None, explained: Iterable[Explained], windows: Windows, knowledge: Knowledge, consent: Consent
) -> Selection:
    """Choose the methods of a plan.

    Args:
        asked: ids of recipes, or None for those of a default install and of every listener that was found.

    Raises:
        InvalidOption: there is no recipe of that id.
        Refused: a recipe that was asked for has no method that may be used on this Windows.
    """
    if asked is not None:
        return Selection(tuple(_named(knowledge.recipe(name), windows, consent) for name in dict.fromkeys(asked)))
    known = knowledge.versions[windows.id].minimize
    found = (s.recipe for s in explained if s.recipe and not s.management and s.endpoint.scope is not Scope.LOOPBACK)
    choices: list[Choice] = []
    skipped: list[Skipped] = []
    for name in dict.fromkeys((*known, *found)):
        answer = _usable(knowledge.recipe(name), windows, consent, ends=name in known)
        if isinstance(answer, Skipped):
            skipped.append(answer)
        else:
            choices.append(Choice(knowledge.recipe(name), answer))
    return Selection(tuple(choices), tuple(skipped))


NOTHING = "nothing is known that closes it there"


def _usable(recipe: Recipe, windows: Windows, consent: Consent, *, ends: bool) -> Method | Skipped:
    """Return the first method that may be used, or why there is none."""
    refusals: list[Skipped] = []
    for method in recipe.methods_on(windows):
        refusal = refusal_of(method, windows, unverified=consent.unverified)
        if refusal is not None:
            refusals.append(Skipped(recipe, *refusal))
        elif method.by_option:
            what = f"{method.id} needs options of the stage {method.stage}"
            refusals.append(Skipped(recipe, Reason.UNVERIFIED, method.because or what))
        elif method.status is Status.DOES_NOT_CLOSE and not (method.end and ends):
            refusals.append(Skipped(recipe, Reason.DOES_NOT_CLOSE, method.because))
        elif block := consent.refusal(recipe, method):
            what = f"{recipe.breaks}{f' (here: {block.found})' if block.found else ''}; list '{block.hazard}' in 'accept' if that is meant"
            refusals.insert(0, Skipped(recipe, Reason.GATED, what, block.hazard))
        else:
            return method
    if not refusals:
        return Skipped(recipe, Reason.STAYS, recipe.stays)
    if recipe.stays and refusals[0].reason is not Reason.GATED:
        return Skipped(recipe, refusals[0].reason, recipe.stays)
    return refusals[0]


def _named(recipe: Recipe, windows: Windows, consent: Consent) -> Choice:
    answer = _usable(recipe, windows, consent, ends=True)
    if not isinstance(answer, Skipped):
        return Choice(recipe, answer, named=True)
    refusals = ((method, refusal_of(method, windows, unverified=consent.unverified)) for method in recipe.methods_on(windows))
    said = ((method.id, refusal[1] if refusal else method.because) for method, refusal in refusals)
    reasons = [f"{name}: {why}" for name, why in said if why]
    told = answer.detail if answer.reason in (Reason.GATED, Reason.NEVER) else "; ".join(reasons) or answer.detail or NOTHING
    instead = f" (instead: {recipe.instead})" if recipe.instead and answer.reason is not Reason.GATED else ""
    raise Refused(f"recipe '{recipe.id}' is not carried out on {windows.name}: {told}{instead}", hazard=answer.hazard or None)
