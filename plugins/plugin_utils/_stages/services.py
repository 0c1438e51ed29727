# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: stop services that nobody needs, and keep them from starting again.

Stopping lasts until the next boot only; a start mode of manual or disabled makes it last, and some services
left on manual are started again by the system (article). Services that the SCM lets nobody change, and the templates of
per-user services, are disabled by the value Start of their keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._host import settings
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service, template_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import START, Settings, start_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port, StartValue, Status
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason

from . import switches
from .future import Fate, Future
from .never import never_stops
from .part import Bar, Claim, Need, Part
from .service_control import Wish, plan_services, stop_refused
from .stage import Choice, Situation, Stage
from .switches import SwitchWish

NAME = "services"


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted of each service, and which values are to keep one from listening."""

    wishes: tuple[Wish, ...] = ()
    switches: tuple[SwitchWish, ...] = ()


def desired(options: Mapping[str, Any]) -> Desired:
    """Read the stage's options.

    Raises:
        InvalidOption: a service named twice, or nothing wanted of one.
    """
    wishes: list[Wish] = []
    for item in options.get("services") or ():
        name = item["name"].strip()
        stop = item.get("state") == "stopped"
        mode = StartMode(item["start_mode"]) if item.get("start_mode") else None
        if not name:
            raise InvalidOption("a service without a name; give the key name, as 'sc query' shows it")
        if any(same(wish.name, name) for wish in wishes):
            raise InvalidOption(f"service '{name}' is listed twice")
        if stop and mode is StartMode.AUTO:
            raise InvalidOption(f"service '{name}': 'start_mode: auto' needs 'state: unchanged'")
        wishes.append(Wish(name, stop=stop, start_mode=mode, why="asked for"))
    return Desired(tuple(wishes))


def default(choices: tuple[Choice, ...]) -> Desired:
    """Ask for what the chosen methods do: services stopped and disabled, values written."""
    names = Names(name for choice in choices for name in choice.method.services)
    wishes = tuple(Wish(name, stop=True, start_mode=StartMode.DISABLED, optional=True) for name in names)
    return Desired(wishes, switches.from_choices(choices))


def read(reader: Reader, host: Host, knowledge: Knowledge) -> Settings:
    """Read what the next boot will use of what the SCM does not show: values, and Start where only the registry can change it."""
    by_registry = [
        entry.name
        for entry in knowledge.protected
        if entry.windows.includes(host.windows) and entry.start_value is StartValue.ACCEPTED and entry.name in host.services
    ]
    named = Names(
        name
        for recipe in knowledge.recipes.values()
        for method in recipe.methods_on(host.windows)
        if method.stage == NAME
        for name in method.services
    )
    signed_in = {template_of(service.name, host.windows, knowledge) for service in host.services.values()}
    by_registry += [
        entry.name
        for entry in knowledge.per_user
        if entry.windows.includes(host.windows) and (entry.name in named or entry.name in signed_in)
    ]
    wanted = (*(start_setting(name) for name in by_registry), *switches.known(NAME, knowledge, host.windows))
    return settings.read_settings(reader, dict.fromkeys(wanted))


def stops(wanted: Desired, _host: Host, _knowledge: Knowledge) -> tuple[str, ...]:
    """Name what would be stopped."""
    return tuple(wish.name for wish in wanted.wishes if wish.stop)


def claims(wanted: Desired) -> tuple[Claim, ...]:
    """Name the services that are to end, and the recipes of values that are written."""
    ending = (Claim(f"services: {wish.name}", services=(wish.name,)) for wish in wanted.wishes if wish.stop or _weakens(wish))
    return (*ending, *switches.claims(wanted.switches))


def _weakens(wish: Wish) -> bool:
    return wish.start_mode in (StartMode.MANUAL, StartMode.DISABLED)


def plan(wanted: Desired, actual: Settings, situation: Situation) -> tuple[Part, ...]:
    """Compare, a part for each service and for each recipe's values."""
    wishes = tuple(replace(wish, why=reason(wish.name, situation) or wish.why) for wish in wanted.wishes)
    parts = plan_services(NAME, wishes, situation, actual)
    told = (_told(wish, part, situation) for wish, part in zip(wishes, parts, strict=True))
    return (*told, *switches.plan(NAME, wanted.switches, actual, situation))


def _told(wish: Wish, part: Part, situation: Situation) -> Part:
    """Add what is known of a service that was asked for by its name, and not chosen through a recipe."""
    if wish.optional or part.error is not None:
        return part
    driver = _driver_refused(wish.name, situation)
    if driver is not None:
        return Part(stage=NAME, targets=part.targets, error=driver)
    windows = situation.host.windows
    about = [(recipe, method) for recipe in situation.knowledge.recipes.values() for method in recipe.methods_on(windows)]
    if part.takes:
        gated = [(r, m) for r, m in about if m.hazard and wish.name in Names((*r.services, *m.services))]
        part = replace(part, needs=tuple({m.hazard: Need(m.hazard, r.breaks) for r, m in reversed(gated)}.values()))
    closing = [(r, m) for r, m in about if m.stage == NAME or m.status is Status.DOES_NOT_CLOSE]
    known = [(recipe, method) for recipe, method in closing if wish.name in Names(method.services)]
    if not known or not (wish.stop or wish.start_mode is StartMode.DISABLED):
        return part
    recipe, method = next(((r, m) for r, m in known if m.status is Status.WORKS), known[0])
    if method.status is Status.HARMFUL:
        barrier = Bar(Reason.HARMFUL, f"{method.because} (recipe {recipe.id})")
        return replace(part, what=f"service {wish.name} is not stopped on {windows.name}", barrier=barrier)
    what = {Status.DOES_NOT_CLOSE: "closes no port", Status.PARTIAL: "may leave its port open"}.get(method.status)
    warnings = (f"stopping {wish.name} {what}: {method.because}",) if what else ()
    return replace(part, plan=replace(part.plan, warnings=(*warnings, *part.plan.warnings)))


def _driver_refused(name: str, situation: Situation) -> InvalidOption | None:
    """Say of a driver that it is none of the services, and which stages close its ports; None for a service, or where a recipe stops it."""
    windows, service = situation.host.windows, situation.host.services.get(name)
    # One that must never stop is refused for that reason.
    if service is None or service.kind is not ServiceKind.DRIVER or never_stops(service, situation.host, situation.knowledge):
        return None
    recipes = situation.knowledge.recipes.values()
    if any(name in Names(m.services) for r in recipes for m in r.methods_on(windows) if m.stage == NAME):
        return None
    owned = [r for r, p in situation.knowledge.patterns(windows) if name in Names(p.services or r.drivers)]
    stages = dict.fromkeys(m.stage for r in owned for m in r.methods_on(windows) if m.status is Status.WORKS and m.stage != NAME)
    closed = f"; the stage {' or '.join(stages)} closes its ports" if stages else ""
    return InvalidOption(f"{service.name} is a driver, not a service{closed}")


def reason(name: str, situation: Situation) -> str:
    """Say what a service is for and what goes with it; "" where nothing is known."""
    for recipe in situation.knowledge.recipes.values():
        methods = recipe.methods_on(situation.host.windows)
        if name in Names(service for m in methods if m.stage == NAME for service in (*recipe.services, *m.services)):
            return f"{recipe.purpose}; breaks: {recipe.breaks}"
    return ""


def shown(wanted: Desired, actual: Settings, host: Host) -> dict[str, Any]:
    """Show the services and values that a desire is about."""
    result: dict[str, Any] = {}
    # A start mode in the registry is shown with the service that is asked for, and never as one of the switches' values.
    starts = [setting for setting in actual if setting.name == START]
    for wish in wanted.wishes:
        service, start = host.services.get(wish.name), start_setting(wish.name)
        if service is not None:
            result[service.name] = {"state": service.state.lower(), "start_mode": str(service.start_mode)}
        if start in actual:
            result[start.target] = settings.plain(actual[start])
    return {**result, **switches.shown(wanted.switches, actual, starts)}


def opens(made: Effect, knowledge: Knowledge) -> tuple[str, ...]:
    """Name what a service or driver owns that runs again, or may."""
    return tuple(recipe.id for recipe in knowledge.recipes.values() if recipe.is_owned_by(made.returns))


def fate(subject: Explained, future: Future) -> Fate | None:
    """Expect an endpoint to go with the services that can own it.

    A fixed port closes when its service stops. RPC endpoints live until their process ends.
    """
    owners = [
        (service, kinds)
        for owner, kinds in zip(subject.owners, subject.kinds, strict=True)
        for service in (future.instances(owner) or (future.host.services.get(owner),))
    ]
    known = [(service, kinds) for service, kinds in owners if service is not None and service.kind is ServiceKind.SERVICE]
    if not known or len(known) != len(owners):
        return None
    now = Expectation.of_all(tuple(_now(service, kind, future) for service, kinds in known for kind in kinds))
    boot = Expectation.of_all(tuple(future.runs_at_boot(service) for service, _kinds in known))
    return Fate(now, boot, _why([service for service, _kinds in known], now, boot, future), plain=True)


def _now(service: Service, kind: Port | None, future: Future) -> Expectation:
    gone = future.process_ends(service) if kind is Port.RPC else future.stops(service)
    return Expectation.CLOSED if gone else Expectation.OPEN


def _why(owners: list[Service], now: Expectation, boot: Expectation, future: Future) -> str:
    alone = len(owners) == 1
    # Who "they" are stands beside it, as the owner.
    names, none, will = (owners[0].name, owners[0].name, "will not") if alone else ("each of them", "none of them", "will")
    if boot is Expectation.UNKNOWN:
        covered = [s.name for s in owners if future.runs_at_boot(s) is Expectation.CLOSED]
        if covered and len(owners) > 1:
            return f"the plan stops only {', '.join(covered)}, but it may belong to any of {', '.join(s.name for s in owners)}"
        return f"something unknown may start {names} again"
    if boot is Expectation.CLOSED:
        if now is Expectation.CLOSED:
            return f"{none} {will} run"
        refused = next((told for s in owners if not future.stops(s) and (told := stop_refused(s, future.host)) is not None), None)
        if refused is not None:
            return f"{none} {will} start again; until then {refused}"
        return f"{none} {will} start again; RPC endpoints stay until the process that holds them ends"
    stopped = now is Expectation.CLOSED
    return f"{names} {'stops now and starts again at the next boot' if stopped else 'keeps running'}"


STAGE = Stage(
    name=NAME,
    options={
        "services": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "state": {"type": "str", "choices": ["stopped", "unchanged"], "default": "stopped"},
                "start_mode": {"type": "str", "choices": ["auto", "manual", "disabled"], "default": "disabled"},
            },
        },
    },
    desired=desired,
    default=default,
    read=read,
    stops=stops,
    claims=claims,
    plan=plan,
    shown=shown,
)
