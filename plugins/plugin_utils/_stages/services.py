# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: stop services that nobody needs, and keep them from starting again.

Stopping lasts until the next boot only; a start mode of manual or disabled makes it last, and some services
left on manual are started again by the system (article).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port, Profile

from .future import Fate, Future
from .host import Host, Service
from .owners import Explained
from .service_control import Wish, plan_services
from .stage import Situation, Stage

NAME = "services"


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted of each service."""

    wishes: tuple[Wish, ...] = ()


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
        if any(wish.name.lower() == name.lower() for wish in wishes):
            raise InvalidOption(f"service '{name}' is listed twice")
        if stop and mode is StartMode.AUTO:
            raise InvalidOption(f"service '{name}' is to be stopped and to start at the next boot: choose one")
        wishes.append(Wish(name, stop=stop, start_mode=mode, why="asked for"))
    return Desired(tuple(wishes))


def default(profile: Profile) -> Desired:
    """Return what the knowledge says of this Windows."""
    disabled = StartMode.DISABLED
    return Desired(tuple(Wish(name, stop=True, start_mode=disabled, optional=True, by_default=True) for name in profile.services))


def read(_reader: Reader, host: Host) -> Mapping[str, Service]:
    """Return the host's services: they were read with it."""
    return host.services


def stops(wanted: Desired) -> tuple[str, ...]:
    """Name what would be stopped."""
    return tuple(wish.name for wish in wanted.wishes if wish.stop)


def plan(wanted: Desired, _services: Mapping[str, Service], situation: Situation) -> Plan:
    """Compare; see `service_control.plan_services` for what is refused.

    Raises:
        InvalidOption: the NetBT driver, whose gates are those of a stage of its own.
    """
    if any(wish.name.lower() == "netbt" for wish in wanted.wishes):
        raise InvalidOption("NetBT is a driver, no service; the stage smb_device has a method for it")
    wishes = (replace(wish, why=reason(wish.name, situation.knowledge) or wish.why) for wish in wanted.wishes)
    return plan_services(NAME, wishes, situation)


def reason(name: str, knowledge: Knowledge) -> str:
    """Say what a service is for and what goes with it; "" where nothing is known."""
    for recipe in knowledge.recipes.values():
        if name.lower() in (owner.lower() for owner in recipe.services) and recipe.methods:
            return f"{recipe.purpose}; breaks {recipe.breaks}"
    return ""


def shown(wanted: Desired, services: Mapping[str, Service], _host: Host) -> dict[str, Any]:
    """Show the services that a desire is about."""
    return {
        service.name: {"state": service.state.lower(), "start_mode": str(service.start_mode)}
        for service in (services.get(wish.name.lower()) for wish in wanted.wishes)
        if service is not None
    }


def fate(subject: Explained, future: Future) -> Fate | None:
    """Expect an endpoint to go with the services that can own it.

    A fixed port closes when its service stops. RPC endpoints live until their process ends.
    """
    owners = [(future.host.services.get(owner.lower()), kinds) for owner, kinds in zip(subject.owners, subject.kinds, strict=True)]
    known = [(service, kinds) for service, kinds in owners if service is not None and service.kind is ServiceKind.SERVICE]
    if not known or len(known) != len(owners):
        return None
    now = Expectation.of_all(tuple(_now(service, kind, future) for service, kinds in known for kind in kinds))
    boot = Expectation.of_all(tuple(future.runs_at_boot(service) for service, _kinds in known))
    return Fate(now, boot, _why([service for service, _kinds in known], now, boot, future))


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
            return f"the plan covers {', '.join(covered)} only, and it may belong to any of {', '.join(s.name for s in owners)}"
        return f"{names} can be started again by something that is not known"
    if boot is Expectation.CLOSED:
        if now is Expectation.CLOSED:
            return f"{none} {will} run"
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
    plan=plan,
    shown=shown,
    fate=fate,
)
