# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan stops and start modes of services: gates, dependents, order. Shared by every stage that stops something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, Refused, UnsafePlan
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import ProductType
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service, template_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Settings, start_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import PerUser, Protected, StartValue, When
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective, noun
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import write_value
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged

from .stage import Dependents, Situation

# What carries every request of a session (safety: management channel); what these depend on is found on the host.
PATH = ("WinRM", "HTTP", "Winmgmt", "RpcSs")
# SERVICE_AUTO_START, SERVICE_DEMAND_START, SERVICE_DISABLED (Microsoft, CreateService).
START_VALUES = {StartMode.AUTO: 2, StartMode.MANUAL: 3, StartMode.DISABLED: 4}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of one service.

    Attributes:
        optional: pass over a service that the host does not have.
        by_default: nobody named it: pass over one that must never stop on this host, too.
        not_loaded: why it does not run after the next boot, where the same plan sees to that without a start mode; one that
            takes no stop is left to the boot then.
    """

    name: str
    stop: bool = False
    start_mode: StartMode | None = None
    why: str = ""
    optional: bool = False
    by_default: bool = False
    not_loaded: str = ""


def plan_services(stage: str, wishes: Iterable[Wish], situation: Situation, actual: Settings | None = None) -> Plan:
    """Plan what is wanted of services.

    Args:
        actual: the Start values that were read of services which only the registry can change.

    Raises:
        NotFound: a service that must exist does not.
        InvalidOption: the instance of a per-user service.
        Refused: running dependents that no stage stops, unless `dependents` is "stop"; a change that Windows lets nobody make; the stop
            alone of what takes no stop.
        UnsafePlan: the management path, or a service that must never stop.
    """
    return Plan.merge(_plan_wish(stage, wish, situation, actual or {}) for wish in wishes)


def _plan_wish(stage: str, wish: Wish, situation: Situation, actual: Settings) -> Plan:
    windows, knowledge = situation.host.windows, situation.knowledge
    template = knowledge.template(wish.name, windows)
    if template is not None:
        return _plan_template(stage, wish, template, situation, actual)
    of = template_of(wish.name, windows, knowledge)
    if of is not None:
        raise InvalidOption(f"'{wish.name}' is the instance of a per-user service, made anew at each sign-in; name its template '{of}'")
    if wish.optional and wish.name.lower() not in situation.host.services:
        return Plan(unchanged=(Unchanged(stage, f"service {wish.name}", Reason.ABSENT),))
    service = situation.host.service(wish.name)
    target = f"{noun(service.kind)} {service.name}"
    kept = situation.kept.services.get(service.name.lower())
    if kept is not None:
        return Plan(unchanged=(Unchanged(stage, target, Reason.KEPT, kept),))
    refusal = never_reason(service, situation) if takes_away(wish, service) else None
    if refusal is not None and wish.by_default:
        return Plan(unchanged=(Unchanged(stage, target, Reason.NEVER, refusal),))
    if refusal is not None:
        raise UnsafePlan(refusal)
    protected = knowledge.protection(service.name, windows)
    if protected is not None:
        return _plan_protected(stage, wish, service, protected, actual)
    refused = stop_refused(service, situation.host) if wish.stop and not service.stopped else None
    unchanged = () if refused is None else (_without_stop(stage, wish, service, refused),)
    planned = _changes(stage, wish, service, situation, stoppable=refused is None)
    if not planned:
        return Plan(unchanged=unchanged or (Unchanged(stage, target, Reason.AS_DESIRED),))
    return Plan(tuple(dict.fromkeys(planned)), unchanged, tuple(_prevented(wish, service, situation)))


def stop_refused(service: Service, host: Host) -> str | None:
    """Say why the SCM would refuse to stop a service that runs, or None where it would not."""
    if service.takes_no_stop:
        return f"{service.name} takes no stop while it runs"
    # Whatever is asked of the dependents: while one of them runs the SCM refuses the stop of what it depends on.
    firm = [s.name for s in host.all_dependents(service.name) if s.takes_no_stop]
    if not firm:
        return None
    depend, take = ("depends", "takes") if len(firm) == 1 else ("depend", "take")
    return f"{', '.join(firm)} {depend} on {service.name} and {take} no stop while running"


def _without_stop(stage: str, wish: Wish, service: Service, refused: str) -> Unchanged:
    """Say what becomes of a service that cannot be stopped.

    Raises:
        Refused: nothing but the stop was asked for, by name.
    """
    target = f"{noun(service.kind)} {service.name}"
    if wish.not_loaded:
        return Unchanged(stage, target, Reason.UNTIL_BOOT, f"{refused}; {wish.not_loaded}")
    if wish.start_mode is StartMode.DISABLED:
        return Unchanged(stage, target, Reason.UNTIL_BOOT, f"{refused}; disabled, it does not start again")
    if wish.start_mode is not None and wish.start_mode is not service.start_mode:
        return Unchanged(stage, target, Reason.UNTIL_BOOT, f"{refused}; on {wish.start_mode} it may be started again after it")
    if wish.start_mode is not None or wish.by_default:
        # On demand already: something demanded it, and may do so after a boot, which would gain nothing for certain.
        return Unchanged(stage, target, Reason.PROTECTED, refused)
    raise Refused(f"{target} is not stopped: {refused}; ask for 'start_mode: disabled', which ends it at the next boot")


def _plan_protected(stage: str, wish: Wish, service: Service, protected: Protected, actual: Settings) -> Plan:
    """Plan what the SCM lets nobody change: by the value Start and a boot where that is known to be accepted."""
    target = f"{noun(service.kind)} {service.name}"
    if wish.start_mode is None or protected.start_value is not StartValue.ACCEPTED:
        if service.stopped and wish.start_mode in (None, service.start_mode):
            return Plan(unchanged=(Unchanged(stage, target, Reason.AS_DESIRED),))
        told = f"{protected.because}; no other way is known to be accepted"
        if wish.by_default:
            return Plan(unchanged=(Unchanged(stage, target, Reason.PROTECTED, told),))
        raise Refused(f"{target} is not changed: {told}")
    why = f"{wish.why}; {protected.because}, so that its registry value is written and a boot makes it take effect"
    return _plan_start(stage, service.name, wish.start_mode, why, actual)


def _plan_start(stage: str, name: str, mode: StartMode, why: str, actual: Settings) -> Plan:
    setting = start_setting(name)
    changes = write_value(stage, setting, actual.get(setting), RegistryValue.dword(START_VALUES[mode]), why)
    return Plan(changes, () if changes else (Unchanged(stage, setting.target, Reason.AS_DESIRED),))


def _plan_template(stage: str, wish: Wish, template: PerUser, situation: Situation, actual: Settings) -> Plan:
    """Plan a template of per-user services: its value Start for sign-ins to come, a stop for the instances there are."""
    setting = start_setting(template.name)
    if actual.get(setting) is None:
        return Plan(unchanged=(Unchanged(stage, f"service {template.name}", Reason.ABSENT),))
    kept = situation.kept.services.get(template.name.lower())
    if kept is not None:
        return Plan(unchanged=(Unchanged(stage, f"service {template.name}", Reason.KEPT, kept),))
    parts = [_plan_start(stage, template.name, wish.start_mode, wish.why, actual)] if wish.start_mode is not None else []
    running = [
        service
        for service in situation.host.services.values()
        if not service.stopped and template_of(service.name, situation.host.windows, situation.knowledge) == template.name
    ]
    if wish.stop and running:
        why = f"instance of the per-user service {template.name}; the next sign-in makes it stopped and disabled"
        refused = {service.name: stop_refused(service, situation.host) for service in running}
        parts.append(Plan(tuple(_stop(stage, service, situation, why) for service in running if refused[service.name] is None)))
        left = ((service, told) for service in running if (told := refused[service.name]) is not None)
        parts.append(Plan(unchanged=tuple(_without_stop(stage, wish, service, told) for service, told in left)))
    return Plan.merge(parts)


def takes_away(wish: Wish, service: Service) -> bool:
    """Tell whether a wish would stop a service or keep it from starting by itself."""
    weaker = wish.start_mode in (StartMode.MANUAL, StartMode.DISABLED) and wish.start_mode is not service.start_mode
    return weaker or (wish.stop and not service.stopped)


def _changes(stage: str, wish: Wish, service: Service, situation: Situation, *, stoppable: bool) -> list[Change]:
    host = situation.host
    changes: list[Change] = []
    weakened = bool(wish.not_loaded) or wish.start_mode not in (None, service.start_mode)
    if wish.stop and not service.stopped and (stoppable or weakened):
        why = f"depends on {service.name}"
        # To be allowed where it cannot be stopped as well: its dependents end with it, at the boot.
        also = _also(service, situation)
        if stoppable:
            changes += [_stop(stage, dependent, situation, why, along=service.name) for dependent in also]
            changes.append(_stop(stage, service, situation, wish.why))
    if wish.start_mode is not None and wish.start_mode is not service.start_mode:
        rank = len(host.all_dependents(service.name))
        changes.append(
            SetStartMode(
                stage=stage,
                effective=Effective.BOOT,
                why=wish.why,
                rank=rank,
                kind=service.kind,
                name=service.name,
                before=service.start_mode,
                after=wish.start_mode,
            )
        )
    return changes


def _stop(stage: str, service: Service, situation: Situation, why: str, *, along: str = "") -> StopService:
    # A service has more dependents, all told, than any service that depends on it.
    rank = len(situation.host.all_dependents(service.name))
    return StopService(stage=stage, effective=Effective.NOW, why=why, rank=rank, kind=service.kind, name=service.name, along=along)


def _also(service: Service, situation: Situation) -> tuple[Service, ...]:
    """Return running dependents that must be stopped with a service and that nobody stops yet.

    Raises:
        UnsafePlan, Refused: one of them must go on running, or `dependents` does not allow it.
    """
    running = [s for s in situation.host.all_dependents(service.name) if not s.stopped and s.name.lower() not in situation.stopping]
    for dependent in running:
        refusal = never_reason(dependent, situation)
        if refusal is not None:
            raise UnsafePlan(
                f"{service.name} is not stopped: {refusal}, and it depends on {service.name}; keep {service.name} with a reason"
            )
        kept = situation.kept.services.get(dependent.name.lower())
        if kept is not None:
            raise Refused(f"{service.name} is not stopped: {dependent.name} depends on it and is kept ({kept})")
    if running and situation.dependents is Dependents.REFUSE:
        names = ", ".join(s.name for s in running)
        raise Refused(
            f"{noun(service.kind)} {service.name} is not stopped: {names} depend{'s' if len(running) == 1 else ''} on it and "
            f"run{'s' if len(running) == 1 else ''}; add {'it' if len(running) == 1 else 'them'} to the plan or set 'dependents: stop'",
            hazard="dependents",
        )
    return tuple(running)


def check_never(service: Service, situation: Situation) -> None:
    """Raise UnsafePlan for what must never stop on this host."""
    refusal = never_reason(service, situation)
    if refusal is not None:
        raise UnsafePlan(refusal)


def never_reason(service: Service, situation: Situation) -> str | None:
    """Say why a service must never stop on this host, or None where it may; no option lifts it."""
    host = situation.host
    name = service.name.lower()
    needed = {s.name.lower(): part for part in PATH for s in host.all_required(part)}
    if name in needed or name in {part.lower() for part in PATH}:
        carries = needed.get(name)
        because = f"{carries} depends on it" if carries else "it belongs to the management path"
        return f"{noun(service.kind)} {service.name} is never stopped or disabled: {because}, and the session goes through it"
    applies = {
        When.ALWAYS: True,
        When.DOMAIN: host.domain_role.in_domain,
        When.CONTROLLER: host.windows.product is ProductType.DOMAIN_CONTROLLER,
        When.DHCP: host.uses_dhcp,
    }
    for never in situation.knowledge.never_stop:
        if never.names(name) and never.windows.includes(host.windows) and applies[never.when]:
            on = "" if never.when is When.ALWAYS else f" (on this host: {never.when})"
            return f"{noun(service.kind)} {service.name} is never stopped or disabled{on}: {never.why}"
    return None


def _prevented(wish: Wish, service: Service, situation: Situation) -> list[str]:
    """Say which automatic services a disabled one keeps from starting at the next boot."""
    if wish.start_mode is not StartMode.DISABLED:
        return []
    automatic = [s for s in situation.host.all_dependents(service.name) if s.start_mode is StartMode.AUTO]
    names = [s.name for s in automatic if s.name.lower() not in situation.stopping]
    return [f"{', '.join(names)} cannot start any more once {service.name} is disabled"] if names else []
