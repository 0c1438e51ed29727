# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The start mode of a service or driver, changed through the SCM."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import quoted_in_script
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, StartMode, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place, Setting, delayed_setting, start_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._host.start import is_delayed

from .change import BaseChange, Effective, noun
from .effect import Effect
from .registry_value import SetRegistryValue
from .saved import Saved
from .touched import Touched
from .unchanged import Reason, Unchanged
from .way_back import WHY, Goal, Now, Way, as_it_was

OBJECT = "start mode"
OBJECTS: tuple[str, ...] = (OBJECT,)
PARTS = 1
AS_WRITTEN, OF_SERVICE = True, True
BACK = 0
# Microsoft, sc config.
SC_MODES = {
    StartMode.BOOT: "boot",
    StartMode.SYSTEM: "system",
    StartMode.AUTO: "auto",
    StartMode.MANUAL: "demand",
    StartMode.DISABLED: "disabled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStartMode(BaseChange):
    """Change the start mode of a service through the SCM."""

    kind: ServiceKind
    name: str
    before: StartMode
    after: StartMode

    @property
    def target(self) -> str:
        return f"{noun(self.kind)} {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return str(self.before), str(self.after)


# In a snapshot


def save(change: SetStartMode, reader: Reader, seen: Seen, nt: NtVersion) -> Saved:
    """Save the start mode, whether the service started delayed, and whether it ran."""
    service = seen.service(change.name)
    delayed = service is not None and change.before is StartMode.AUTO and is_delayed(service, reader, nt)
    ran = service is not None and not service.stopped
    modes = str(change.before), str(change.after)
    return Saved(change.stage, OBJECT, (change.name,), *modes, kind=change.kind, delayed=delayed, ran=ran)


def is_lost(_change: SetStartMode) -> bool:
    """Tell whether the change overwrites what a snapshot cannot hold as it is: never."""
    return False


def checked(saved: Saved) -> Saved:
    """Take a start mode from a snapshot.

    Raises:
        ValueError: it is none.
    """
    return replace(saved, before=StartMode(str(saved.before)).value, after=StartMode(str(saved.after)).value)


def settings(goal: Goal) -> tuple[Setting, ...]:
    """Name what has to be read, beside the services, to see what the object is now."""
    return (delayed_setting(goal.oldest.name[0]),) if goal.oldest.delayed else ()


def plan_back(goal: Goal, now: Now, host: Host) -> Way[SetStartMode | SetRegistryValue] | Unchanged:
    """Change the start mode back, and make it a delayed one again where it was."""
    name, before = goal.oldest.name[0], StartMode(str(goal.oldest.before))
    service = host.services.get(name)
    if service is None:
        return Unchanged(goal.oldest.stage, f"service {name}", Reason.ABSENT)
    delay = delayed_setting(name)
    late = goal.oldest.delayed and now.values.get(delay) != RegistryValue.dword(1)
    changes: list[SetStartMode | SetRegistryValue] = []
    if service.start_mode is not before:
        changes.append(
            SetStartMode(
                stage=goal.oldest.stage,
                effective=Effective.BOOT,
                why=WHY,
                kind=service.kind,
                name=service.name,
                before=service.start_mode,
                after=before,
            )
        )
    if goal.oldest.delayed and (late or changes):
        # ChangeStartMode makes it plainly automatic: the delay is written after it.
        changes.append(
            SetRegistryValue(
                stage=goal.oldest.stage,
                effective=Effective.BOOT,
                why="it had delayed start",
                key=delay.key,
                name=delay.name,
                before=now.values.get(delay),
                after=RegistryValue.dword(1),
            )
        )
    if not changes:
        return as_it_was(goal, f"service {service.name}")
    ours = service.start_mode is before or str(service.start_mode) in goal.ours
    return Way(tuple(changes), "" if ours else f"its start mode is {service.start_mode}; the last run left {goal.newest.after}")


# On the host


def write(change: SetStartMode, writer: Writer) -> bool:
    """Change the start mode."""
    writer.set_start_mode(change.kind, change.name, change.after)
    return False


def fault_leaves_open(_change: SetStartMode) -> bool:
    """Tell whether it may have been made although the host answered with a fault: never, it is a single request."""
    return False


def awaited(_change: SetStartMode) -> None:
    """Wait for nothing."""


def read_again(change: SetStartMode) -> tuple[Place, ...]:
    """Name the registry values that may be others afterwards: the SCM keeps the start mode in one, which a stage may have read."""
    return (start_setting(change.name).place,)


# Judged


def project(change: SetStartMode, seen: Seen) -> Seen:
    """Return what will be seen once it has been made."""
    return seen.with_start_mode(change.name, change.after)


def holds(change: SetStartMode, seen: Seen) -> bool:
    """Tell whether the start mode is what it was to be; a service that is gone does not start."""
    service = seen.service(change.name)
    return service is None or service.start_mode is change.after


def found(change: SetStartMode, seen: Seen) -> object:
    """Show the start mode that is there."""
    service = seen.service(change.name)
    return "gone" if service is None else str(service.start_mode)


def touched(change: SetStartMode) -> Touched:
    """Say what it touches."""
    return Touched(configures=change.name)


def effect(change: SetStartMode) -> Effect:
    """Say what it makes of the host."""
    return Effect(start_mode=(change.name, change.after), enables=change.name if change.before is StartMode.DISABLED else "")


# As a command of the timer


def commands(change: SetStartMode, delayed: Names) -> tuple[str, ...]:
    """Write it as a command.

    Raises:
        Refused: the name cannot be written on a command line.
    """
    # Microsoft, sc config: delayed-auto since Windows Vista.
    late = change.after is StartMode.AUTO and change.name in delayed
    return (f"sc config {quoted_in_script(change.name)} start= {'delayed-auto' if late else SC_MODES[change.after]}",)
