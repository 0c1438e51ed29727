# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan stops and start modes of services: dependents, order, what Windows refuses. Shared by every stage that stops something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotFound
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service, template_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import START_VALUES, Settings, start_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import PerUser, Protected, StartValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective, noun
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged

from .part import Bar, Part, plan_value
from .stage import Missing, Situation


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of one service.

    Attributes:
        optional: pass over a service that the host does not have.
        not_loaded: why it does not run after the next boot, where the same plan sees to that without a start mode; one that
            cannot be stopped is left to the boot then.
        harmless: why it may run on, where it cannot be stopped.
    """

    name: str
    stop: bool = False
    start_mode: StartMode | None = None
    why: str = ""
    optional: bool = False
    not_loaded: str = ""
    harmless: str = ""


def plan_services(stage: str, wishes: Iterable[Wish], situation: Situation, actual: Settings | None = None) -> tuple[Part, ...]:
    """Plan what is wanted of services, a part for each; what is wrong with a wish is told by its part.

    Args:
        actual: the Start values that were read of services which only the registry can change.
    """
    return tuple(_plan_wish(stage, wish, situation, actual or {}) for wish in wishes)


def _plan_wish(stage: str, wish: Wish, situation: Situation, actual: Settings) -> Part:
    windows, knowledge = situation.host.windows, situation.knowledge
    template = knowledge.template(wish.name, windows)
    if template is not None:
        return _plan_template(stage, wish, template, situation, actual)
    targets = (f"service {wish.name}",)
    of = template_of(wish.name, windows, knowledge)
    if of is not None:
        told = f"'{wish.name}' is an instance of a per-user service, which each sign-in creates again; name its template '{of}'"
        return Part(stage=stage, targets=targets, error=InvalidOption(told))
    if wish.optional and wish.name not in situation.host.services:
        return Part(stage=stage, targets=targets, plan=Plan(unchanged=(Unchanged(stage, targets[0], Reason.ABSENT),)))
    try:
        service = situation.host.service(wish.name)
    except NotFound as error:
        if situation.missing is Missing.SKIP and not situation.host.is_display_name(wish.name):
            return Part(stage=stage, targets=targets, plan=Plan(unchanged=(Unchanged(stage, targets[0], Reason.ABSENT, str(error)),)))
        return Part(stage=stage, targets=targets, error=error)
    protected = knowledge.protection(service.name, windows)
    if protected is not None:
        part = _plan_protected(stage, wish, service, protected, situation, actual)
    else:
        part = _plan_scm(stage, wish, service, situation)
    return replace(part, takes=(service.name,) if takes_away(wish, service) else ())


def _plan_scm(stage: str, wish: Wish, service: Service, situation: Situation) -> Part:
    """Plan what the SCM is asked to do."""
    target = f"{noun(service.kind)} {service.name}"
    refused = stop_refused(service, situation.host) if wish.stop and not service.stopped else None
    weakened = bool(wish.not_loaded) or wish.start_mode not in (None, service.start_mode)
    # To be allowed where it cannot be stopped as well: its dependents end with it, at the boot.
    ends = wish.stop and not service.stopped and (refused is None or weakened)
    also = _also(service, situation) if ends else ()
    changes = _changes(stage, wish, service, situation, also if refused is None else None)
    left = None if refused is None else _without_stop(stage, wish, service, refused)
    unchanged = () if left is None else (left,)
    if not changes and not unchanged and refused is None:
        unchanged = (Unchanged(stage, target, Reason.AS_DESIRED),)
    barrier = None
    if service.guard.change and wish.start_mode not in (None, service.start_mode):
        barrier = Bar(Reason.PROTECTED, service.guard.change)
    elif refused is not None and left is None:
        barrier = Bar(Reason.PROTECTED, f"{refused}; set 'start_mode: disabled' to end it at the next boot")
    warnings = tuple(_prevented(wish, service, situation)) if changes else ()
    return Part(
        stage=stage,
        targets=(target,),
        what=f"{target} is not stopped",
        plan=Plan(changes, unchanged, warnings),
        along=tuple(dependent.name for dependent in also),
        dormant=_dormant(wish, service, situation) if changes else (),
        barrier=barrier,
    )


def stop_refused(service: Service, host: Host) -> str | None:
    """Say why the SCM would refuse to stop a service that runs, or None where it would not."""
    if service.takes_no_stop:
        guarded = f": {service.guard.stop}" if service.guard.stop else ""
        return f"{service.name} cannot be stopped while running{guarded}"
    # Whatever is asked of the dependents: while one of them runs the SCM refuses the stop of what it depends on.
    firm = [s.name for s in host.all_dependents(service.name) if s.takes_no_stop]
    if not firm:
        return None
    depend = "depends" if len(firm) == 1 else "depend"
    return f"{', '.join(firm)} {depend} on {service.name} and cannot be stopped while running"


def _without_stop(stage: str, wish: Wish, service: Service, refused: str) -> Unchanged | None:
    """Say what becomes of a service that cannot be stopped; None where nothing but the stop was wanted."""
    target = f"{noun(service.kind)} {service.name}"
    if wish.not_loaded:
        return Unchanged(stage, target, Reason.UNTIL_BOOT, f"{refused}; {wish.not_loaded}")
    if wish.harmless:
        return Unchanged(stage, target, Reason.PROTECTED, f"{refused}; {wish.harmless}")
    if wish.start_mode is StartMode.DISABLED:
        return Unchanged(stage, target, Reason.UNTIL_BOOT, f"{refused}; it is disabled and does not start again")
    if wish.start_mode is not None and wish.start_mode is not service.start_mode:
        return Unchanged(stage, target, Reason.UNTIL_BOOT, f"{refused}; in start mode {wish.start_mode} it may start again after the boot")
    if wish.start_mode is not None:
        # On demand already: something demanded it, and may do so after a boot, which would gain nothing for certain.
        return Unchanged(stage, target, Reason.PROTECTED, refused)
    return None


def _plan_protected(stage: str, wish: Wish, service: Service, protected: Protected, situation: Situation, actual: Settings) -> Part:
    """Plan what the SCM lets nobody change: by the value Start and a boot where that is known to be accepted."""
    targets = (f"{noun(service.kind)} {service.name}",)
    what = f"{targets[0]} is not changed"
    if wish.start_mode is None or protected.start_value is not StartValue.ACCEPTED:
        if service.stopped and wish.start_mode in (None, service.start_mode):
            return Part(stage=stage, targets=targets, plan=Plan(unchanged=(Unchanged(stage, targets[0], Reason.AS_DESIRED),)))
        barrier = Bar(Reason.PROTECTED, f"{protected.because}; Windows is not known to accept any other way")
        return Part(stage=stage, targets=targets, what=what, barrier=barrier)
    why = f"{wish.why}; {protected.because}, so its registry value is written, which takes effect at the next boot"
    plan = plan_start(stage, service.name, wish.start_mode, why, actual)
    warnings = tuple(_prevented(wish, service, situation)) if plan.changes else ()
    dormant = _dormant(wish, service, situation) if plan.changes else ()
    return Part(stage=stage, targets=targets, what=what, plan=replace(plan, warnings=warnings), dormant=dormant)


def plan_start(stage: str, name: str, mode: StartMode, why: str, actual: Settings) -> Plan:
    """Plan a start mode through the registry, past the SCM."""
    setting = start_setting(name)
    return plan_value(stage, setting, actual.get(setting), RegistryValue.dword(START_VALUES[mode]), why)


def _plan_template(stage: str, wish: Wish, template: PerUser, situation: Situation, actual: Settings) -> Part:
    """Plan a template of per-user services: its value Start for sign-ins to come, a stop for the instances there are."""
    targets = (f"service {template.name}",)
    if actual.get(start_setting(template.name)) is None:
        return Part(stage=stage, targets=targets, plan=Plan(unchanged=(Unchanged(stage, targets[0], Reason.ABSENT),)))
    plans = [plan_start(stage, template.name, wish.start_mode, wish.why, actual)] if wish.start_mode is not None else []
    running = [
        service
        for service in situation.host.services.values()
        if not service.stopped and template_of(service.name, situation.host.windows, situation.knowledge) == template.name
    ]
    barrier = None
    for service in running if wish.stop else ():
        why = f"instance of the per-user service {template.name}; the next sign-in creates it stopped and disabled"
        refused = stop_refused(service, situation.host)
        left = None if refused is None else _without_stop(stage, wish, service, refused)
        if refused is None:
            plans.append(Plan((_stop(stage, service, situation, why),)))
        elif left is not None:
            plans.append(Plan(unchanged=(left,)))
        else:
            barrier = Bar(Reason.PROTECTED, refused)
    takes = (template.name,) if wish.stop or wish.start_mode in (StartMode.MANUAL, StartMode.DISABLED) else ()
    return Part(stage=stage, targets=targets, what=f"{targets[0]} is not stopped", plan=Plan.merge(plans), takes=takes, barrier=barrier)


def takes_away(wish: Wish, service: Service) -> bool:
    """Tell whether a wish would stop a service or keep it from starting by itself."""
    weaker = wish.start_mode in (StartMode.MANUAL, StartMode.DISABLED) and wish.start_mode is not service.start_mode
    return weaker or (wish.stop and not service.stopped)


def _changes(stage: str, wish: Wish, service: Service, situation: Situation, also: tuple[Service, ...] | None) -> tuple[Change, ...]:
    """Plan a stop, unless `also` is None: the SCM would refuse it; and a start mode."""
    changes: list[Change] = []
    if wish.stop and not service.stopped and also is not None:
        why = f"depends on {service.name}"
        changes += [_stop(stage, dependent, situation, why, along=service.name) for dependent in also]
        changes.append(_stop(stage, service, situation, wish.why))
    if wish.start_mode is not None and wish.start_mode is not service.start_mode:
        rank = len(situation.host.all_dependents(service.name))
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
    return tuple(dict.fromkeys(changes))


def _stop(stage: str, service: Service, situation: Situation, why: str, *, along: str = "") -> StopService:
    # A running service has more dependents that run, all told, than any of those. Dependents that are stopped already
    # need no wait of their own.
    rank = sum(not dependent.stopped for dependent in situation.host.all_dependents(service.name))
    return StopService(stage=stage, effective=Effective.NOW, why=why, rank=rank, kind=service.kind, name=service.name, along=along)


def _also(service: Service, situation: Situation) -> tuple[Service, ...]:
    """Return running dependents that must be stopped with a service and that nobody stops yet."""
    dependents = situation.host.all_dependents(service.name)
    return tuple(s for s in dependents if not s.stopped and s.name not in situation.stopping)


def _dormant(wish: Wish, service: Service, situation: Situation) -> tuple[str, ...]:
    """Return dependents that do not run but may be started, and could not be any more."""
    if wish.start_mode is not StartMode.DISABLED:
        return ()
    dependents = situation.host.all_dependents(service.name)
    idle = (s for s in dependents if s.stopped and s.start_mode is not StartMode.DISABLED)
    return tuple(s.name for s in idle if s.name not in situation.stopping)


def _prevented(wish: Wish, service: Service, situation: Situation) -> Iterable[str]:
    """Say which services a disabled one keeps from starting: automatic ones at the next boot, others when somebody starts them."""
    if wish.start_mode is not StartMode.DISABLED:
        return
    dependents = situation.host.all_dependents(service.name)
    automatic = [s.name for s in dependents if s.start_mode is StartMode.AUTO and s.name not in situation.stopping]
    idle = [name for name in _dormant(wish, service, situation) if name not in automatic]
    if automatic:
        yield f"{', '.join(automatic)} can no longer start once {service.name} is disabled"
    if idle:
        do, they = ("does", "it") if len(idle) == 1 else ("do", "they")
        yield f"{', '.join(idle)} {do} not run now but may be started; {they} cannot be once {service.name} is disabled"
