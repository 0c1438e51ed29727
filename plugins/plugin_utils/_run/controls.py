# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan by control: the methods that do what named controls ask for, and the controls behind each change. Reads no host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import DomainRole
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import place_of
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import (
    Asked,
    Control,
    HostRole,
    Knowledge,
    KnowledgeError,
    Method,
    Recipe,
    load_benchmarks,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change, touched
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Choice, Skipped

from .choice import Selection
from .gate import Consent, Refusal, held_by_status


def with_file(knowledge: Knowledge, path: Path | None) -> Knowledge:
    """Add the benchmarks of a mapping file of somebody's own.

    Raises:
        InvalidOption: the file does not fit.
    """
    if path is None:
        return knowledge
    try:
        own = load_benchmarks(path, knowledge)
    except KnowledgeError as error:
        raise InvalidOption(f"'controls_file' cannot be used: {'; '.join(error.problems)}") from error
    return replace(knowledge, controls=knowledge.controls.with_benchmarks(own))


def claimed(texts: Iterable[str], knowledge: Knowledge) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Return of each control that is asked for by its id: the id, the recipe and the services that it would stop."""
    return tuple(
        (one.control.id, one.control.recipe, _services(one.control, knowledge)) for one in knowledge.controls.asked(texts) if one.named
    )


def stages_of(texts: Iterable[str], knowledge: Knowledge) -> Mapping[str, str]:
    """Return the stages that carry out what is asked for, each with the first control of it."""
    found: dict[str, str] = {}
    for one in knowledge.controls.asked(texts):
        for method in knowledge.recipe(one.control.recipe).methods:
            if method.id == one.control.method:
                found.setdefault(method.stage, one.control.id)
    return found


def select_controls(asked: Sequence[Asked], host: Host, knowledge: Knowledge, consent: Consent) -> tuple[Selection, tuple[Unchanged, ...]]:
    """Choose the methods that do what controls ask for, and no more of them than that.

    Returns:
        What is chosen and what is held back, and the controls that are not for this host.
    """
    choices: dict[tuple[str, str], Choice] = {}
    skipped: dict[str, Skipped] = {}
    refusals: list[Refusal] = []
    others: list[Unchanged] = []
    for one in asked:
        apart = _not_for(one.control, host)
        if apart:
            others.append(Unchanged("", f"control {one.control.id}", Reason.NOT_FOR_THIS_HOST, apart))
            continue
        choice, held = _chosen(one, host, knowledge, consent)
        if choice is not None:
            key = (choice.recipe.id, choice.method.id)
            choices[key] = _together(choices[key], choice) if key in choices else choice
        if isinstance(held, Refusal):
            refusals.append(held)
        elif held is not None:
            skipped[held.recipe.id] = held
    return Selection(tuple(choices.values()), tuple(skipped.values()), tuple(refusals)), tuple(others)


def unmet_rows(texts: Iterable[str], knowledge: Knowledge) -> tuple[Unchanged, ...]:
    """Say in one row of each benchmark or section that is asked for as a whole which of its controls this collection does not meet."""
    return tuple(
        Unchanged("", name, Reason.NO_METHOD, f"{len(ids)} controls: {', '.join(one.partition(':')[2] for one in ids)}")
        for name, ids in knowledge.controls.unmet(texts).items()
        if ids
    )


def behind(change: Change, asked: Iterable[Asked], host: Host, knowledge: Knowledge) -> list[str]:
    """Return the ids of those controls that ask for a change."""
    return [one.control.id for one in asked if not _not_for(one.control, host) and _asks_for(one.control, change, host, knowledge)]


def _asks_for(control: Control, change: Change, host: Host, knowledge: Knowledge) -> bool:
    method = knowledge.recipe(control.recipe).method(control.method, host.windows)
    if method is None:
        return False
    what = touched(change)
    services = Names(filter(None, (what.stops, what.configures, what.along)))
    if services & _services(control, knowledge, method):
        return True
    places = [place_of(value.key, value.name) for value in method.values]
    if what.value is not None and place_of(*what.value) in places:
        return control.setting is None or place_of(control.setting.key, control.setting.name) == place_of(*what.value)
    # What a stage does by code of its own is told by the stage alone.
    return change.stage == method.stage and not (method.services or method.values)


def _services(control: Control, knowledge: Knowledge, method: Method | None = None) -> tuple[str, ...]:
    """Return the services that a control asks to disable; those of the whole method where it names one."""
    if control.setting is not None:
        return (control.setting.service,) if control.setting.service else ()
    if method is not None:
        return method.services
    return tuple(name for one in knowledge.recipe(control.recipe).methods if one.id == control.method for name in one.services)


def _not_for(control: Control, host: Host) -> str:
    """Say why a control is not for a host; "" where it is."""
    if not control.is_for(host.windows):
        return f"it is not for {host.windows.name}"
    roles = control.rule.roles
    if roles and _role(host) not in roles:
        return f"it is for a host with the role {' or '.join(roles)}, and this one has the role {_role(host)}"
    return ""


def _role(host: Host) -> HostRole:
    if host.domain_role in (DomainRole.BACKUP_DOMAIN_CONTROLLER, DomainRole.PRIMARY_DOMAIN_CONTROLLER):
        return HostRole.CONTROLLER
    return HostRole.MEMBER if host.domain_role.in_domain else HostRole.WORKGROUP


def _chosen(one: Asked, host: Host, knowledge: Knowledge, consent: Consent) -> tuple[Choice | None, Refusal | Skipped | None]:
    """Choose the method of one control.

    One that only a hazard holds back is chosen as well where it was asked for by its id: the gate names all that holds its parts back.
    """
    control, windows = one.control, host.windows
    recipe = knowledge.recipe(control.recipe)
    method = recipe.method(control.method, windows)
    if method is None:
        return _held(one, recipe, Reason.UNVERIFIED, f"{control.method} is not known on {windows.name}")
    status = held_by_status(method, windows, unverified=consent.unverified)
    if status is not None:
        return _held(one, recipe, status.reason, status.detail)
    if method.by_option:
        return _held(one, recipe, Reason.UNVERIFIED, f"{method.id} needs options of the stage {method.stage}")
    choice = Choice(recipe, _narrowed(method, control), named=one.named)
    standing = consent.standing(recipe, method)
    if standing is None:
        return choice, None
    _none, held = _held(one, recipe, Reason.GATED, standing.detail, standing.hazards)
    return (choice if one.named else None), held


def _held(one: Asked, recipe: Recipe, reason: Reason, why: str, hazards: tuple[str, ...] = ()) -> tuple[None, Refusal | Skipped]:
    if one.named:
        return None, Refusal(f"control '{one.control.id}' is not carried out: {why}", hazards, recipe=recipe.id)
    return None, Skipped(recipe, reason, why, hazards)


def _narrowed(method: Method, control: Control) -> Method:
    """Leave of a method only the service that a control asks for: a control for FTP stops no web server."""
    if control.setting is None or not control.setting.service:
        return method
    return replace(method, services=tuple(name for name in method.services if name in Names((control.setting.service,))))


def _together(one: Choice, other: Choice) -> Choice:
    """Join two choices of one method: the services of both."""
    services = tuple(dict.fromkeys((*one.method.services, *other.method.services)))
    return replace(one, method=replace(one.method, services=services), named=one.named or other.named)


def in_result(recipes: Iterable[str | None], host: Host, knowledge: Knowledge) -> dict[str, Any]:
    """Return for each recipe that has any the ids of the controls for this Windows that ask for what it does."""
    wanted = dict.fromkeys(name for name in recipes if name)
    ids = {name: list(knowledge.controls.of_recipe(name, host.windows)) for name in wanted}
    return {name: found for name, found in ids.items() if found}
