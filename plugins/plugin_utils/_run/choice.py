# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Choose for each listener the method that is known to close it on this Windows. Reads nothing, writes nothing."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port, Recipe, Status
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Choice, Skipped

from .gate import Consent, Refusal, held_by_status


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be carried out, and what is skipped.

    Attributes:
        refusals: recipes that were asked for and have no method that may be used on this Windows.
    """

    choices: tuple[Choice, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def select(
    asked: Sequence[str] | None,
    explained: Iterable[Explained],
    windows: Windows,
    knowledge: Knowledge,
    consent: Consent,
    kept: Container[str] = (),
) -> Selection:
    """Choose the methods of a plan.

    Args:
        asked: ids of recipes, or None for those of a default install and of every listener that was found.
        kept: key names of services that must go on running.

    Raises:
        InvalidOption: there is no recipe of that id.
    """
    if asked is not None:
        answers = [_named(knowledge.recipe(name), windows, consent) for name in dict.fromkeys(asked)]
        choices = tuple(choice for choice, _refusal in answers if choice is not None)
        return Selection(choices, refusals=tuple(refusal for _choice, refusal in answers if refusal is not None))
    known = knowledge.versions[windows.id].minimize
    subjects = [s for s in explained if not s.management and s.endpoint.scope is not Scope.LOOPBACK]
    found = [s.recipe for s in subjects if s.recipe]
    found += [name for s in subjects if s.recipe is None for name in _together(s, windows, knowledge, consent, kept)]
    usable = [_usable(knowledge.recipe(name), windows, consent, ends=name in known) for name in dict.fromkeys((*known, *found))]
    return Selection(
        tuple(answer for answer in usable if isinstance(answer, Choice)), tuple(answer for answer in usable if isinstance(answer, Skipped))
    )


def _together(subject: Explained, windows: Windows, knowledge: Knowledge, consent: Consent, kept: Container[str]) -> tuple[str, ...]:
    """Return the recipes of all services that an RPC port of a shared process may belong to; none where one of them would stay.

    Such a port closes when the process ends or, whosever it is, when none of them runs after a boot. Stopping some gains nothing.
    """
    if subject.endpoint.pid is None or len(subject.owners) < 2 or any(kinds != (Port.RPC,) for kinds in subject.kinds):
        return ()
    servers = [
        (recipe, Names(pattern.services or recipe.services))
        for recipe, pattern in knowledge.patterns(windows)
        if pattern.port is Port.RPC and pattern.protocol is subject.endpoint.protocol
    ]
    found: dict[str, None] = {}
    for owner in subject.owners:
        ending = [recipe.id for recipe, names in servers if owner in names and _ends(recipe, owner, windows, consent)]
        if not ending or owner in kept:
            return ()
        found[ending[0]] = None
    return tuple(found)


def _ends(recipe: Recipe, service: str, windows: Windows, consent: Consent) -> bool:
    """Tell whether the method that would be used of a recipe stops a service."""
    answer = _usable(recipe, windows, consent, ends=False)
    return isinstance(answer, Choice) and service in Names(answer.method.services)


NOTHING = "no method is known to close it there"


def _usable(recipe: Recipe, windows: Windows, consent: Consent, *, ends: bool) -> Choice | Skipped:
    """Choose the first method that may be used, or say why there is none."""
    skipped: list[Skipped] = []
    for method in recipe.methods_on(windows):
        held = held_by_status(method, windows, unverified=consent.unverified)
        if held is not None:
            skipped.append(Skipped(recipe, held.reason, held.detail))
        elif method.by_option:
            what = f"{method.id} needs options of the stage {method.stage}"
            skipped.append(Skipped(recipe, Reason.UNVERIFIED, method.because or what))
        elif method.status is Status.DOES_NOT_CLOSE and not (method.end and ends):
            skipped.append(Skipped(recipe, Reason.DOES_NOT_CLOSE, method.because))
        elif held := consent.standing(recipe, method):
            skipped.insert(0, Skipped(recipe, held.reason, held.detail, held.hazards))
        else:
            return Choice(recipe, method)
    if not skipped:
        return Skipped(recipe, Reason.STAYS, recipe.stays)
    if recipe.stays and skipped[0].reason is not Reason.GATED:
        return Skipped(recipe, skipped[0].reason, recipe.stays)
    return skipped[0]


def _named(recipe: Recipe, windows: Windows, consent: Consent) -> tuple[Choice | None, Refusal | None]:
    """Choose a method of a recipe that was asked for.

    One that only a hazard holds back is chosen as well: the gate names all that holds its parts back.
    """
    answer = _usable(recipe, windows, consent, ends=True)
    if isinstance(answer, Choice):
        return replace(answer, named=True), None
    head = f"recipe '{recipe.id}' is not used on {windows.name}"
    if answer.reason is Reason.GATED:
        free = _usable(recipe, windows, replace(consent, accept=consent.accept | set(answer.hazards)), ends=True)
        chosen = replace(free, named=True) if isinstance(free, Choice) else None
        return chosen, Refusal(f"{head}: {answer.detail}", answer.hazards, recipe=recipe.id)
    entries = [(method, held_by_status(method, windows, unverified=consent.unverified)) for method in recipe.methods_on(windows)]
    reasons = [f"{method.id}: {why}" for method, held in entries if (why := held.detail if held else method.because)]
    told = answer.detail if answer.reason is Reason.NEVER else "; ".join(reasons) or answer.detail or NOTHING
    instead = f" (instead: {recipe.instead})" if recipe.instead else ""
    return None, Refusal(f"{head}: {told}{instead}", recipe=recipe.id)
