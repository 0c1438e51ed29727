# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the host is to do by itself if a run is not confirmed: the run's own way back, as commands of a closed vocabulary. Pure.

The commands are `reg add`, `reg delete`, `sc config`, `net start`, `net stop`, `netsh advfirewall firewall add|delete rule` and
`netsh rpc filter delete filter`, each with every name and value in quotes. The script runs them one by one without reading them again
as a command line, so that nothing in them can begin another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.answers import understood
from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import plain_in_script
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Fault, MethodFailed, ProtocolError, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import effect, kind_of, project, touched
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.way_back import Goal, Now

from . import restore, timer
from .snapshot import Snapshot

# What runs the script.
SHELL = "cmd.exe"
# One numbered value holds so many commands: `for /f` counts 31 parts (Microsoft, for), of which the first is the run.
MOST_COMMANDS = 28
# And so many characters: reg and for hand it on as one line, which may have 8191 (Microsoft, KB 830473).
LONGEST_VALUE = 4000
SEPARATOR = " &"
# So much of what is found in the timer's key is read.
LONGEST_TOLD = 2000


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the host does by itself.

    Attributes:
        commands: in the order in which they are run.
        keys: keys to be deleted at the end where nothing is in them.
        boot: whether something that is put back needs a boot.
    """

    commands: tuple[str, ...]
    keys: tuple[str, ...]
    boot: bool


def way_back(taken: Snapshot, plan: Plan, host: Host, management: frozenset[int], path: ManagementPath | None) -> WayBack:
    """Turn the restore of a run that has not begun yet into commands.

    Args:
        taken: the snapshot of the run.
        plan: its plan.
        host: as it was read for it.
        management: ports of the management path.
        path: what the session goes through.

    Raises:
        Refused: something cannot be written on a command line, or would not be put back at all.
    """
    goals = restore.goals_of((taken,), restore.RestoreScope())
    after = project(plan.changes, Seen(host.services, firewall=host.firewall, rpc_filters=host.rpc_filters))
    booted = _booted(goals, after.on(host))
    back = restore.plan(goals, _left(goals), booted, force=True, management=management, path=path)
    lost = next((item for item in back.unchanged if item.reason not in (Reason.AS_DESIRED, Reason.AT_BOOT)), None)
    if lost is not None:
        # A timer that says in the end that it has restored, and has not, is worse than none.
        what = f"{excerpt(lost.target)} ({lost.reason}: {excerpt(lost.detail)})"
        raise Refused(f"'confirm' cannot be used here: the host could not restore {what}")
    delayed = Names(saved.name[0] for saved in taken.saved if saved.delayed)
    commands = tuple(command for change in back.changes for command in kind_of(change).commands(change, delayed))
    keys = tuple(_key(key) for change in back.changes if (key := effect(change).deletes))
    # The timer has no other command for the option of an adapter than its value, which NetBT reads when it binds it.
    waits = any(item.waits or item.netbios for item in map(touched, plan.changes))
    return WayBack(commands, keys, waits)


def _booted(goals: Sequence[Goal], host: Host) -> Host:
    """Return a host as a boot leaves it, which may come before the way back: `net start` of what runs all the same does no harm."""
    names = Names(goal.oldest.name[0] for goal in goals if restore.awaits_boot(goal))
    stopped = {name: replace(host.services[name], state="Stopped") for name in names if name in host.services}
    return replace(host, services=host.services | stopped)


def _left(goals: Sequence[Goal]) -> Now:
    """Return what the objects will be once the run has been carried out."""
    values: dict[Setting, RegistryValue | None] = {}
    others: ByName[Names] = ByName()
    for goal in goals:
        saved = goal.oldest
        held = saved.name[-1]
        for key in saved.absent:
            others |= {key: others.get(key, Names()) | {held}}
            held = f"{key.rpartition(chr(92))[2]}\\"
        state = saved.after if isinstance(saved.after, RegistryValue) else None
        values |= dict.fromkeys(restore.settings_of((goal,)), state)
    return Now(values, others)


def _key(key: str) -> str:
    # The arming line and a `call` of the script hand it on in quotes, in which a percent sign keeps its meaning and carets double.
    if "%" in key or "^" in key:
        raise Refused(f"'confirm' cannot be used here: the key {key[:200]!a} cannot be written on a command line of the host")
    return plain_in_script(f"HKLM\\{key}")


def values_of(run: str, back: WayBack) -> dict[str, RegistryValue]:
    """Return the numbered values: the run, then the commands in order, several in one."""
    values: list[str] = []
    room = 0
    for command in back.commands:
        if not room or len(values[-1]) + len(SEPARATOR) + len(command) > LONGEST_VALUE:
            values.append(run)
            room = MOST_COMMANDS
        if len(run) + len(SEPARATOR) + len(command) > LONGEST_VALUE:
            raise Refused(f"'confirm' cannot be used here: a command of {len(command)} characters is too long: {command[:100]}…")
        values[-1] += f"{SEPARATOR}{command}"
        room -= 1
    return {f"{number:03}": RegistryValue.text(text) for number, text in enumerate(values, start=1)}


def head_of(run: str, back: WayBack, within: int) -> dict[str, str]:
    """Return the other values of the key."""
    head = {timer.RUN: run, timer.BEATS: str(timer.beats(within)), timer.BOOT: "1" if back.boot else "0"}
    return {**head, **({timer.KEYS: "&".join((run, *back.keys))} if back.keys else {})}


def require(host: Host) -> None:
    """Refuse a host on which no timer can be armed.

    Raises:
        Refused: it is too old, or its Task Scheduler does not run.
    """
    nt = host.windows.nt
    if nt < timer.TOOLS_SINCE:
        raise Refused(f"'confirm' cannot be used on {host.windows.name}: it lacks the commands that a rollback needs")
    schedule = host.services.get("schedule")
    if timer.carrier_of(nt) is timer.Carrier.TASK and (schedule is None or schedule.stopped):
        raise Refused("'confirm' needs the Task Scheduler, and the service Schedule is not running on this host")


# What is on the host


class Phase(StrEnum):
    """How far the timer is."""

    ARMED = "armed"
    UNSTARTED = "never started"
    RESTORING = "restoring"
    BROKEN_OFF = "broken off"
    RESTORED = "restored"

    @property
    def over(self) -> bool:
        """Whether nothing comes of it any more."""
        return self in (Phase.UNSTARTED, Phase.BROKEN_OFF, Phase.RESTORED)


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer as it is found on a host.

    Attributes:
        run: the run that it is about; "" where that is lost.
        beat: how far it has counted, while it counts; 0 before the first beat.
        outcome: what the script recorded, once it has restored.
    """

    phase: Phase
    run: str
    beat: int
    outcome: str = ""


def read_timer(reader: Reader) -> Timer | None:
    """Read the timer of a host; None where there is none. Costs one request where there is none."""
    run = _text(reader, timer.RUN) if timer.RUN in (_listed(reader) or ()) else None
    if run is None:
        return None
    heartbeat = _text(reader, timer.HEARTBEAT) or "0"
    if heartbeat.isdecimal() and len(heartbeat) < 10:
        return Timer(Phase.ARMED, run, int(heartbeat))
    return Timer(Phase.RESTORED if heartbeat == timer.RESTORED else Phase.RESTORING, run, 0, _text(reader, timer.OUTCOME) or "")


def owner(reader: Reader, name: str) -> str:
    """Return the run that a value of the key names; empty where there is none."""
    return _text(reader, name) or ""


def is_littered(reader: Reader) -> bool:
    """Tell whether a run broke off before its arming line, which makes a timer of the rest. Costs nothing after `read_timer`."""
    types = _listed(reader)
    return types is not None and timer.RUN not in types


def judged(found: Timer, reader: Reader) -> Timer:
    """Return a timer as it really is: a script that restores disarms itself first, and one that is ended then never goes on.

    One that has not counted is that of a run that broke off while it armed, unless the script is just about to: no run changes
    anything before it has seen it count. A command processor whose command line the host does not show may be that of the script.
    """
    idle = {Phase.RESTORING: Phase.BROKEN_OFF, **({Phase.ARMED: Phase.UNSTARTED} if found.beat == 0 else {})}
    if found.phase not in idle:
        return found
    shells = reader.query("Win32_Process", ("Name", "CommandLine"), where=Where("Name", (SHELL,)))
    with understood(reader.host, "query of Win32_Process"):
        lines = [row.text("CommandLine") or timer.SCRIPT_FILE for row in shells]
    runs = any(timer.SCRIPT_FILE in line.lower() for line in lines)
    return found if runs else replace(found, phase=idle[found.phase])


def _listed(reader: Reader) -> Collection[str] | None:
    """Return the names of the timer's values; of a key that holds more than the host lists the one that makes it a timer."""
    try:
        return reader.value_types(timer.KEY)
    except (Fault, MethodFailed, ProtocolError):
        return () if _text(reader, timer.RUN) is None else (timer.RUN,)


def _text(reader: Reader, name: str) -> str | None:
    value = read_setting(reader, Setting(timer.KEY, name, RegistryType.SZ))
    # Somebody may have written there what he likes.
    return None if value is None else str(value.data)[:LONGEST_TOLD]


def listed(output: str) -> Mapping[str, str]:
    """Return the REG_SZ values that `reg query` lists, by name; blanks or tabs stand between (from memory)."""
    found: dict[str, str] = {}
    for line in output.splitlines():
        name, kind, text = (*line.split(maxsplit=2), "", "", "")[:3]
        if kind == "REG_SZ":
            found[name] = text.rstrip("\r\n")
    return found
