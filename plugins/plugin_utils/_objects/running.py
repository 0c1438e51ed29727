# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a service or driver runs: stopped, or started."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import quoted_in_script
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place, Setting

from .awaited import Awaited
from .change import BaseChange, Effective, noun
from .effect import Effect
from .saved import Saved
from .touched import Touched
from .unchanged import Reason, Unchanged
from .way_back import WHY, Goal, Now, Way, as_it_was

STOPPED, STARTED = "stopped", "started"
OBJECTS: tuple[str, ...] = (STOPPED, STARTED)
PARTS = 1
AS_WRITTEN, OF_SERVICE = True, True
BACK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StopService(BaseChange):
    """Stop a running service or driver.

    Attributes:
        along: the service that this one depends on and is stopped along with; empty where it is stopped for its own sake.
    """

    kind: ServiceKind
    name: str
    along: str = ""

    @property
    def target(self) -> str:
        return f"{noun(self.kind)} {self.name}"

    @property
    def identity(self) -> str:
        # Its start mode goes by the name alone.
        return f"running {self.target}"

    @property
    def shown(self) -> tuple[object, object]:
        return "running", "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartService(BaseChange):
    """Start a service or driver that does not run."""

    kind: ServiceKind
    name: str

    @property
    def target(self) -> str:
        return f"stopped {noun(self.kind)} {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return "stopped", "running"


Running = StartService | StopService

# In a snapshot


def save(change: Running, _reader: Reader, _seen: Seen, _nt: NtVersion) -> Saved:
    """Save that the service was stopped, or started."""
    return Saved(change.stage, STARTED if _starts(change) else STOPPED, (change.name,), None, None, kind=change.kind)


def _starts(change: Running) -> bool:
    return isinstance(change, StartService)


def is_lost(_change: Running) -> bool:
    """Tell whether the change overwrites what a snapshot cannot hold as it is: never."""
    return False


def checked(saved: Saved) -> Saved:
    """Take a stop or start from a snapshot as it is."""
    return saved


def settings(_goal: Goal) -> tuple[Setting, ...]:
    """Need nothing but the services to see what the object is now."""
    return ()


def plan_back(goal: Goal, _now: Now, host: Host) -> Way[Running] | Unchanged:
    """Start what the first run of ours stopped, or kept from starting; one that runs is as it was, whoever started it."""
    name, stage = goal.oldest.name[0], goal.oldest.stage
    service = host.services.get(name)
    if service is None:
        return Unchanged(stage, f"service {name}", Reason.ABSENT)
    if service.stopped is (goal.oldest.object == STARTED):
        return as_it_was(goal, f"service {service.name}")
    if goal.oldest.object == STARTED:
        stop = StopService(stage=stage, effective=Effective.NOW, why=WHY, kind=service.kind, name=service.name)
        if service.takes_no_stop:
            return Unchanged(stage, stop.target, Reason.PROTECTED, f"{service.name} cannot be stopped while running")
        return Way((stop,))
    start = StartService(stage=stage, effective=Effective.NOW, why=WHY, kind=service.kind, name=service.name)
    started = goal.certain and goal.newest.object == STARTED
    return Way((start,), "a restore started it again, and somebody stopped it after that" if started else "")


# On the host


def write(change: Running, writer: Writer) -> bool:
    """Ask the service to stop, or to start."""
    if _starts(change):
        writer.start(change.kind, change.name)
    else:
        writer.stop(change.kind, change.name)
    return False


def fault_leaves_open(change: Running) -> bool:
    """Tell whether it may have been made although the host answered with a fault: after a stop the state is asked for."""
    return not _starts(change)


def awaited(change: Running) -> Awaited:
    """Say which state is waited for: what depends on a service has to be gone before it is stopped itself."""
    starts = _starts(change)
    return Awaited(change.kind, change.name, "Running" if starts else "Stopped", at_end=starts)


def read_again(_change: Running) -> tuple[Place, ...]:
    """Name the registry values that may be others afterwards: none."""
    return ()


# Judged


def project(change: Running, seen: Seen) -> Seen:
    """Return what will be seen once it has been made."""
    return seen.with_state(change.name, awaited(change).state)


def holds(change: Running, seen: Seen) -> bool:
    """Tell whether the service runs or does not, as it was to; one that is gone does not run."""
    service = seen.service(change.name)
    runs = service is not None and not service.stopped
    return runs is _starts(change)


def found(change: Running, seen: Seen) -> object:
    """Show the state that the service is in."""
    service = seen.service(change.name)
    return "gone" if service is None else service.state.lower()


def touched(change: Running) -> Touched:
    """Say what it touches; a start takes nothing from anybody."""
    return Touched(stops=change.name, along=change.along) if isinstance(change, StopService) else Touched()


def effect(change: Running) -> Effect:
    """Say what it makes of the host."""
    return Effect(starts=change.name) if _starts(change) else Effect(stops=change.name)


# As a command of the timer


def commands(change: Running, _delayed: Names) -> tuple[str, ...]:
    """Write it as a command.

    Raises:
        Refused: the name cannot be written on a command line.
    """
    name = quoted_in_script(change.name)
    if change.kind is ServiceKind.DRIVER:
        # `net` takes `srv` for the Server service (article), `sc` knows key names alone. It does not wait, but a driver has started
        # before StartService returns (Microsoft, StartService).
        return (f"sc {'start' if _starts(change) else 'stop'} {name}",)
    # Nobody is there to answer whether what depends on it may stop, too.
    return (f"net start {name}",) if _starts(change) else (f"net stop {name} /y",)
