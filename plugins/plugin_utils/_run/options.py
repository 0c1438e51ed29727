# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that several modules share, and how a module's arguments become desires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.window import DAYS
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Asked, Gate, Knowledge, load
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Choice, Dependents, Missing, Skipped, Stage

from .choice import Selection, select
from .confirmed import Confirmed, listed, service_recipes
from .controls import select_controls, stages_of, unmet_rows
from .detail import Detail
from .gate import Blocks, Consent, Refusal, refusal_of
from .keep import look_up
from .reach import DEPENDENTS
from .survey import STAGE_BY_NAME, Survey, Terms

# Loaded and checked at import: Ansible's strategies load an action's class before they fork.
KNOWLEDGE: Knowledge = load()

WINDOW: dict[str, Any] = {
    "type": "dict",
    "options": {
        "from": {"type": "str", "required": True},
        "until": {"type": "str", "required": True},
        "days": {"type": "list", "elements": "str", "choices": list(DAYS)},
        "utc_offset": {"type": "str"},
        "now": {"type": "str"},
    },
}

KEEP: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "port": {"type": "str"},
        "service": {"type": "str"},
        "recipe": {"type": "str"},
        "reason": {"type": "str", "required": True},
    },
}
# In place of `keep`, which is filled from it.
BASELINE: dict[str, Any] = {"baseline": {"type": "path"}}
MISSING: dict[str, Any] = {"type": "str", "choices": [str(word) for word in Missing], "default": str(Missing.REFUSE)}
CONFIRM: dict[str, Any] = {
    "type": "dict",
    "options": {"within": {"type": "int", "default": 600}, "hold": {"type": "bool", "default": False}},
}
# Of the modules that a role restarts and proves after: the role, or its playbook, confirms then.
CONFIRM_LATER: dict[str, Any] = {"confirm_later": {"type": "bool", "default": False}}
CONNECTIONS: dict[str, Any] = {"connections": {"type": "int", "choices": [1, 2, 3, 4], "default": 4}}
# Whether owners of RPC ports are told by the endpoint map as well.
RPC_ENDPOINTS: dict[str, Any] = {"rpc_endpoints": {"type": "bool", "default": False}}
DETAIL: dict[str, Any] = {"detail": {"type": "str", "choices": [str(word) for word in Detail], "default": str(Detail.SUMMARY)}}
RECORD: dict[str, Any] = {"record_dir": {"type": "path"}}
TERMS: dict[str, Any] = {
    "keep": KEEP,
    "accept": {
        "type": "list",
        "elements": "str",
        "choices": sorted(hazard.id for hazard in KNOWLEDGE.hazards if hazard.gate is Gate.ACCEPT),
        "default": [],
    },
    "dependents": {"type": "str", "choices": [str(word) for word in Dependents], "default": str(Dependents.REFUSE)},
    "missing": MISSING,
    "unverified": {"type": "str", "choices": ["skip", "apply"], "default": "skip"},
    "stop_timeout": {"type": "int", "default": 60},
    "confirm": CONFIRM,
    **CONNECTIONS,
    **DETAIL,
    **RECORD,
    **RPC_ENDPOINTS,
}


def stage_spec(stage: Stage) -> dict[str, Any]:
    """Return the argument spec of a stage's module."""
    return {**_own(stage), **TERMS}


def _own(stage: Stage) -> dict[str, Any]:
    """Return the options of a stage, with the words that only the knowledge has."""
    named = {"presets": [preset.id for preset in KNOWLEDGE.rpc_filters]}
    return {name: {**spec, "choices": named[name]} if name in named else spec for name, spec in stage.options.items()}


def minimize_spec() -> dict[str, Any]:
    """Return the argument spec of `minimize`: every stage's options under its name."""
    stages = {name: {"type": "dict", "options": _own(STAGE_BY_NAME[name])} for name in STAGES if name != "services"}
    return {
        "recipes": {"type": "list", "elements": "str"},
        "controls": {"type": "list", "elements": "str"},
        "controls_file": {"type": "path"},
        "only_confirmed": {"type": "path"},
        "stages": {"type": "list", "elements": "str", "choices": list(STAGES), "default": list(STAGES)},
        **BASELINE,
        **STAGE_BY_NAME["services"].options,
        **stages,
        **TERMS,
        **CONFIRM_LATER,
        "window": WINDOW,
    }


def terms(options: Mapping[str, Any], survey: Survey, knowledge: Knowledge) -> Terms:
    """Read what is said of the plan as a whole."""
    missing = Missing(options.get("missing") or Missing.REFUSE)
    # A baseline says what may listen on all hosts of a group; that one of them does not have it is no mistake.
    leave = Missing.SKIP if options.get("baseline") else missing
    found = look_up(options["keep"] or (), survey.host, knowledge, survey.explained, missing=leave)
    accept = frozenset(options["accept"] or ())
    dependents = Dependents.STOP if DEPENDENTS in accept else Dependents(options["dependents"])
    unverified = options["unverified"] == "apply"
    return Terms(accept, dependents, found.kept, unverified, missing=missing, absent=found.absent, wrong=found.wrong)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a task wants of a host.

    Attributes:
        desires: of each stage, by its name.
        skipped: recipes that are left alone, with the reasons.
        choices: the methods that were chosen, where nobody gave options of their stage.
        named: the stages of which somebody gave options, or asked for a recipe.
        refusals: recipes and controls that somebody asked for and that are not carried out.
        asked: the controls that somebody asked for.
    """

    desires: Mapping[str, Any]
    terms: Terms
    skipped: tuple[Skipped, ...] = ()
    choices: tuple[Choice, ...] = ()
    named: frozenset[str] = frozenset()
    refusals: tuple[Refusal, ...] = ()
    asked: tuple[Asked, ...] = ()


def left_out(options: Mapping[str, Any]) -> str:
    """Say of which stages options are set that are not to run; "" where there are none."""
    idle = [name for name in STAGES if options.get(name) is not None and name not in options["stages"]]
    return f"options are set for {_not_listed(idle)}" if idle else ""


def _not_listed(stages: Sequence[str]) -> str:
    return f"{', '.join(stages)}, but 'stages' does not list {'it' if len(stages) == 1 else 'them'}"


def controls_left_out(options: Mapping[str, Any], knowledge: Knowledge) -> Iterator[str]:
    """Say which controls are asked for and cannot be carried out beside the other options.

    Raises:
        InvalidOption: a control that does not exist or that no method meets.
    """
    for name, control in stages_of(options.get("controls") or (), knowledge).items():
        if name not in options["stages"]:
            yield f"'controls' needs the stage {name} for {control}, but 'stages' does not list it"
        elif options.get(name) is not None:
            yield f"'controls' needs the stage {name} for {control}, but options are set for it; use one of the two"


def minimize_wanted(
    options: Mapping[str, Any], survey: Survey, knowledge: Knowledge, blocks: Blocks | None = None, confirmed: Confirmed | None = None
) -> Wanted:
    """Take each stage's own options where given, and what is known of this Windows where not.

    Args:
        blocks: the hazards that the host shows.
        confirmed: what a doctor found on the host, where nothing may be done that rests on anything else.

    Raises:
        InvalidOption: options of a stage that is left out, or a recipe that does not exist.
        Refused: something is not confirmed that every plan rests on.
    """
    if confirmed is not None:
        confirmed.check(knowledge, survey.host.windows)
    unlisted = left_out(options)
    if unlisted:
        raise InvalidOption(unlisted)
    chosen = options["stages"]
    given = {name: options.get(name) for name in STAGES}
    said = terms(options, survey, knowledge)
    consent = Consent(said.accept, said.unverified, blocks or {})
    texts = options.get("controls")
    asked = knowledge.controls.asked(texts or ())
    # Who names controls gets them, and the recipes that are named beside them, but not the default plan.
    recipes = options.get("recipes") if texts is None else options.get("recipes") or ()
    selection = select(recipes, survey.explained, survey.host.windows, knowledge, consent, said.kept.services)
    if texts is not None:
        by_control, elsewhere = select_controls(asked, survey.host, knowledge, consent)
        selection = _joined(selection, by_control)
        said = replace(said, absent=(*said.absent, *elsewhere, *unmet_rows(texts, knowledge)))
    if confirmed is not None:
        selection = _confirmed_alone(selection, confirmed, knowledge, survey.host.windows)
    lost = sorted({choice.method.stage for choice in selection.choices if choice.named and choice.method.stage not in chosen})
    if lost:
        raise InvalidOption(f"'recipes' names a recipe of {_not_listed(lost)}")
    desires = {}
    for name in chosen:
        stage = STAGE_BY_NAME[name]
        value = given[name]
        if value is not None:
            desires[name] = stage.desired({"services": value} if name == "services" else value)
        else:
            desires[name] = stage.default(tuple(choice for choice in selection.choices if choice.method.stage == name))
    chosen_by_us = tuple(choice for choice in selection.choices if given.get(choice.method.stage) is None)
    named = {name for name, value in given.items() if value is not None}
    named |= {choice.method.stage for choice in chosen_by_us if choice.named}
    refusals = (*map(refusal_of, said.wrong), *selection.refusals)
    if confirmed is not None:
        refusals += tuple(_unconfirmed_options(given, confirmed, knowledge, survey.host.windows))
    return Wanted(desires, said, selection.skipped, chosen_by_us, frozenset(named), refusals, asked)


def _joined(one: Selection, other: Selection) -> Selection:
    """Join what recipes and what controls choose; a whole recipe includes the part of it that a control asks for."""
    whole = {(choice.recipe.id, choice.method.id) for choice in one.choices}
    more = tuple(choice for choice in other.choices if (choice.recipe.id, choice.method.id) not in whole)
    return Selection((*one.choices, *more), (*one.skipped, *other.skipped), (*one.refusals, *other.refusals))


def _confirmed_alone(selection: Selection, confirmed: Confirmed, knowledge: Knowledge, windows: Windows) -> Selection:
    """Leave of what is chosen what rests on nothing that is not confirmed; what was asked for by name is refused."""
    choices, skipped, refusals = list[Choice](), list(selection.skipped), list(selection.refusals)
    for choice in selection.choices:
        why = confirmed.doubts(choice.recipe.id, choice.method.stage, knowledge, windows)
        if not why:
            choices.append(choice)
        elif choice.named:
            told = f"only_confirmed: recipe '{choice.recipe.id}' is not closed: {why}; leave out the recipe, or 'only_confirmed'"
            refusals.append(Refusal(told, recipe=choice.recipe.id))
        else:
            skipped.append(Skipped(choice.recipe, Reason.NOT_CONFIRMED, why))
    return Selection(tuple(choices), tuple(skipped), tuple(refusals))


def _unconfirmed_options(given: Mapping[str, Any], confirmed: Confirmed, knowledge: Knowledge, windows: Windows) -> Iterator[Refusal]:
    """Refuse options of stages that rest on something that is not confirmed: the stage's own, and that of each service's recipe."""
    for stage, value in given.items():
        if value is None:
            continue
        names = [str(item.get("name", "")) for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []
        told = confirmed.against((stage, *service_recipes(names, knowledge)), knowledge, windows)
        if told:
            yield Refusal(
                f"only_confirmed: the options of {stage} are not carried out: {listed(told)}; leave them out, or 'only_confirmed'"
            )
