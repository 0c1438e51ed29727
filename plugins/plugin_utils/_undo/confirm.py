# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the host is to do by itself if a run is not confirmed: the run's own way back, as commands of a closed vocabulary. Pure.

The commands are `reg add`, `reg delete`, `sc config`, `net start`, `net stop` and `netsh advfirewall firewall add|delete rule`, each
with every name and value in quotes. The script runs them one by one without reading them again as a command line, so that nothing in
them can begin another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, StartMode, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_key import DeleteKey
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StartService, StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, projected
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import netbt

from . import restore, snapshot, timer
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
# A quote cannot be put in quotes, the separator would end a command, and what is not ASCII goes through code pages.
REFUSED = frozenset('"&')
SC_MODES = {
    StartMode.BOOT: "boot",
    StartMode.SYSTEM: "system",
    StartMode.AUTO: "auto",
    StartMode.MANUAL: "demand",
    StartMode.DISABLED: "disabled",
}


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


def way_back(taken: Snapshot, plan: Plan, survey: Survey, management: frozenset[int]) -> WayBack:
    """Turn the restore of a run that has not begun yet into commands.

    Args:
        taken: the snapshot of the run.
        plan: its plan.
        survey: the host as it was read for it.

    Raises:
        Refused: something cannot be written on a command line, or would not be put back at all.
    """
    goals = restore.goals_of((taken,), restore.Scope())
    after = projected(survey, plan)
    host = _booted(goals, after.host)
    back = restore.plan(goals, _left(goals), host, force=True, management=management, path=survey.path)
    lost = next((item for item in back.unchanged if item.reason not in (Reason.AS_DESIRED, Reason.AT_BOOT)), None)
    if lost is not None:
        # A timer that says in the end that it has restored, and has not, is worse than none.
        raise Refused(f"'confirm' cannot be used here: the host could not put {lost.target} back ({lost.reason}: {lost.detail})")
    delayed = {saved.name[0].lower() for saved in taken.saved if saved.delayed}
    commands = tuple(command for change in back.changes for command in commands_of(change, delayed))
    keys = tuple(_key(change.key) for change in back.changes if isinstance(change, DeleteKey))
    waits = any(isinstance(change, SetRegistryValue) and change.effective is Effective.BOOT for change in plan.changes)
    return WayBack(commands, keys, waits or any(isinstance(change, SetNetbios) for change in plan.changes))


def _booted(goals: Sequence[restore.Goal], host: Host) -> Host:
    """Return a host as a boot leaves it, which may come before the way back: `net start` of what runs all the same does no harm."""
    names = [goal.oldest.name[0].lower() for goal in goals if restore.awaits_boot(goal)]
    stopped = {name: replace(host.services[name], state="Stopped") for name in names if name in host.services}
    return replace(host, services={**host.services, **stopped})


def _left(goals: Sequence[restore.Goal]) -> restore.Now:
    """Return what the objects will be once the run has been carried out."""
    values: dict[Setting, RegistryValue | None] = {}
    others: dict[str, set[str]] = {}
    for goal in goals:
        saved = goal.oldest
        state = saved.after if isinstance(saved.after, RegistryValue) else None
        known = state if saved.object in (snapshot.REGISTRY, snapshot.NETBIOS) else None
        if saved.object == snapshot.REGISTRY:
            held = saved.name[1].lower()
            for key in saved.absent:
                others.setdefault(key.lower(), set()).add(held)
                held = f"{key.rpartition(chr(92))[2].lower()}\\"
        values |= dict.fromkeys(restore.settings_of((goal,)), known)
    return restore.Now(values, {key: frozenset(names) for key, names in others.items()})


def commands_of(change: Change, delayed: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the commands that make one change.

    Args:
        delayed: key names, in lower case, of services that start delayed.

    Raises:
        Refused: something in it cannot be written on a command line.
    """
    if isinstance(change, SetRegistryValue):
        if change.name == snapshot.DELAYED and change.key.rpartition("\\")[2].lower() in delayed:
            return ()
        return (_reg(change.key, change.name, change.after),)
    if isinstance(change, SetNetbios):
        setting = netbt.setting(change.guid)
        return (_reg(setting.key, setting.name, RegistryValue.dword(int(change.after))),)
    if isinstance(change, SetStartMode):
        # Microsoft, sc config: delayed-auto since Windows Vista.
        late = change.after is StartMode.AUTO and change.name.lower() in delayed
        return (f"sc config {_quoted(change.name)} start= {'delayed-auto' if late else SC_MODES[change.after]}",)
    if isinstance(change, StartService):
        return (f"net start {_quoted(change.name)}",)
    if isinstance(change, StopService):
        # Nobody is there to answer whether what depends on it may stop, too.
        return (f"net stop {_quoted(change.name)} /y",)
    if isinstance(change, RemoveFilterRule):
        return (f"netsh advfirewall firewall delete rule name={_quoted(change.name)}",)
    if isinstance(change, AddFilterRule):
        return (_rule(change),)
    if isinstance(change, DeleteKey):
        return ()
    raise TypeError(f"no such change: {change!r}")


def _rule(change: AddFilterRule) -> str:
    rule = change.rule
    said = [f"protocol={rule.protocol}", f"localport={_plain(rule.ports)}"]
    said += [f"service={_quoted(rule.service)}"] if rule.service else []
    said += [f"program={_quoted(rule.program)}"] if rule.program else []
    words = ("dir=in", "action=block", *said, "profile=any", "enable=yes")
    return f"netsh advfirewall firewall add rule name={_quoted(rule.name)} {' '.join(words)}"


def _reg(key: str, name: str, value: RegistryValue | None) -> str:
    which = f"{_quoted(f'HKLM{chr(92)}{key}')} {f'/v {_quoted(name)}' if name else '/ve'}"
    if value is None:
        return f"reg delete {which} /f"
    return f"reg add {which} /t REG_{value.type.name} /d {_quoted(_as_text(value))} /f"


def _as_text(value: RegistryValue) -> str:
    """Return the data as `reg add` takes it (Microsoft, reg add): a list with \\0 between, binary as hexadecimal digits."""
    if isinstance(value.data, bytes):
        return value.data.hex()
    if not isinstance(value.data, tuple):
        return str(value.data)
    if any(not text or r"\0" in text or text.endswith("\\") for text in value.data):
        raise Refused(f"'confirm' cannot be used here: the list {', '.join(map(ascii, value.data))[:200]} cannot be written by 'reg add'")
    return r"\0".join(value.data)


def _plain(text: str) -> str:
    """Return text that a command may hold.

    Raises:
        Refused: it may not.
    """
    if any(character in REFUSED or not " " <= character <= "~" for character in text):
        raise Refused(f"'confirm' cannot be used here: {text[:200]!a} cannot be written on a command line of the host")
    return text


def _key(key: str) -> str:
    # The arming line and a `call` of the script hand it on in quotes, in which a percent sign keeps its meaning and carets double.
    if "%" in key or "^" in key:
        raise Refused(f"'confirm' cannot be used here: the key {key[:200]!a} cannot be written on a command line of the host")
    return _plain(f"HKLM\\{key}")


def _quoted(text: str) -> str:
    # A backslash before the closing quote would take it away; two are one (Microsoft, Parsing C command-line arguments).
    ending = len(text) - len(text.rstrip("\\"))
    return f'"{_plain(text)}{chr(92) * ending}"'


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
        raise Refused(f"'confirm' cannot be used on {host.windows.name}: it lacks the commands that the host would restore itself with")
    schedule = host.services.get("schedule")
    if timer.carrier_of(nt) is timer.Carrier.TASK and (schedule is None or schedule.stopped):
        raise Refused("'confirm' needs the Task Scheduler, and the service Schedule does not run on this host")


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
    run = _text(reader, timer.RUN) if timer.RUN in (reader.value_types(timer.KEY) or ()) else None
    if run is None:
        return None
    heartbeat = _text(reader, timer.HEARTBEAT) or "0"
    if heartbeat.isdecimal() and len(heartbeat) < 10:
        return Timer(Phase.ARMED, run, int(heartbeat))
    return Timer(Phase.RESTORED if heartbeat == timer.RESTORED else Phase.RESTORING, run, 0, _text(reader, timer.OUTCOME) or "")


def is_littered(reader: Reader) -> bool:
    """Tell whether a run broke off before its arming line, which makes a timer of the rest. Costs nothing after `read_timer`."""
    types = reader.value_types(timer.KEY)
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
    lines = [row.text("CommandLine") or timer.SCRIPT_FILE for row in shells]
    runs = any(timer.SCRIPT_FILE in line.lower() for line in lines)
    return found if runs else replace(found, phase=idle[found.phase])


def _text(reader: Reader, name: str) -> str | None:
    value = reader.value(timer.KEY, name, RegistryType.SZ)
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
