# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The changes of a plan as steps of a script, and the steps that take them back. Values; nothing is rendered here.

A step knows what was there and what is to be there. A script that closes makes it only where one of the two is found; a script that undoes
has the same step the other way round, and so leaves alone what is neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM, SERVICES_KEY, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host import netbios
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import START, START_MODES, START_VALUES
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SC_MODES, SetStartMode

WINDOWS_2000 = NtVersion(5, 0)
BACK = "as it was before close.cmd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A registry value; None where there is none.

    Attributes:
        mode: the word that `sc config` has for the start mode that the value says, where the service manager is to set it.
    """

    key: str
    name: str
    before: RegistryValue | None
    after: RegistryValue | None
    why: str
    stage: str = ""
    mode: str = ""

    @property
    def target(self) -> str:
        """The object, as a person reads it."""
        return f"{HKLM}{self.key}\\{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A service or driver that is to run no more."""

    name: str
    driver: bool
    why: str
    stage: str = ""

    @property
    def target(self) -> str:
        """The object, as a person reads it."""
        return f"{'driver' if self.driver else 'service'} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A service or driver that ran and is to run again.

    Attributes:
        mode: number of the step that puts back the start mode by which it starts at each boot; 0 where there is none.
    """

    name: str
    driver: bool
    mode: int = 0
    why: str = BACK
    stage: str = ""

    @property
    def target(self) -> str:
        """The object, as a person reads it."""
        return f"{'driver' if self.driver else 'service'} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRule:
    """An inbound rule of the host's own firewall that blocks."""

    rule: FilterRule
    why: str
    stage: str = ""

    @property
    def target(self) -> str:
        """The object, as a person reads it."""
        return f"inbound rule {self.rule.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRule:
    """An inbound rule of ours that goes."""

    name: str
    why: str
    stage: str = ""

    @property
    def target(self) -> str:
        """The object, as a person reads it."""
        return f"inbound rule {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropKey:
    """A registry key that was made for a value, and goes where nothing is in it."""

    key: str
    why: str = "it was made for a value that is gone"
    stage: str = ""

    @property
    def target(self) -> str:
        """The object, as a person reads it."""
        return f"{HKLM}{self.key}"


Step = Write | Stop | Start | AddRule | DropRule | DropKey


def closing(changes: Iterable[Change], saved: Iterable[Saved], nt: NtVersion) -> tuple[Step, ...]:
    """Return the steps of a plan, in its order.

    Args:
        saved: what the changes touch, as it was before.
    """
    options = ByName({item.name[0]: item for item in saved if item.object == "netbios"})
    return tuple(_step(change, options, nt) for change in changes)


def _step(change: Change, options: ByName[Saved], nt: NtVersion) -> Step:
    why, stage = change.why, change.stage
    match change:
        case SetRegistryValue():
            return Write(key=change.key, name=change.name, before=change.before, after=change.after, why=why, stage=stage)
        case SetNetbios():
            # No tool of any Windows sets the option at once; NetBT reads the value when it binds the adapter at the boot.
            where, known = netbios.setting(change.guid), options.get(change.guid)
            before = known.before if known is not None and isinstance(known.before, RegistryValue) else None
            why = f"{why} ({change.adapter})"
            return Write(key=where.key, name=where.name, before=before, after=RegistryValue.dword(int(change.after)), why=why, stage=stage)
        case SetStartMode():
            return _mode(change.name, change.before, change.after, nt, why=why, stage=stage)
        case StopService():
            driver = change.kind is ServiceKind.DRIVER
            if driver and nt == WINDOWS_2000 and same(change.name, "Srv"):
                raise Refused(
                    "the driver Srv cannot be stopped by a script on Windows 2000: 'net stop' takes its name for the Server service"
                )
            return Stop(name=change.name, driver=driver, why=why, stage=stage)
        case AddFilterRule():
            return AddRule(rule=change.rule, why=why, stage=stage)
        case RemoveFilterRule():
            return DropRule(name=change.name, why=why, stage=stage)
        case _:
            raise Refused(f"{change.target} cannot be changed by a script")


def _mode(name: str, before: StartMode, after: StartMode, nt: NtVersion, *, why: str, stage: str, word: str = "") -> Write:
    """Return a start mode as the value that the service manager keeps it in; on Windows 2000 nothing but that value sets it."""
    values = (RegistryValue.dword(START_VALUES[mode]) for mode in (before, after))
    mode = "" if nt == WINDOWS_2000 else word or SC_MODES[after]
    one, other = values
    return Write(key=rf"{SERVICES_KEY}\{name}", name=START, before=one, after=other, why=why, stage=stage, mode=mode)


def undoing(steps: Sequence[Step], saved: Iterable[Saved]) -> tuple[Step, ...]:
    """Return the steps that take those of a plan back: start modes and values, rules, what ran, keys that were made for a value.

    Within each the reverse order: what depends on a service starts after it.
    """
    known = tuple(saved)
    delayed = {item.name[0].lower() for item in known if item.delayed}
    made = sorted({key for item in known for key in item.absent}, key=lambda key: (-len(key), key))
    rules = {item.name[0]: FilterRule.from_text(str(item.before or "")) for item in known if item.object == "inbound rule"}
    back = tuple(_reversed(steps, delayed, rules))
    values = tuple(step for step in back if isinstance(step, Write))
    filters = tuple(step for step in back if isinstance(step, AddRule | DropRule))
    modes = ByName({_service_of(step): number for number, step in enumerate(values, start=1) if _starts_at_boot(step)})
    starts = tuple(replace(step, mode=modes.get(step.name, 0)) for step in back if isinstance(step, Start))
    return (*values, *filters, *starts, *(DropKey(key=key) for key in made))


def _service_of(step: Write) -> str:
    return step.key.rpartition("\\")[2]


def _starts_at_boot(step: Write) -> bool:
    """Tell whether a step makes a service start at each boot."""
    mode = START_MODES.get(step.after.data) if step.after is not None and same(step.name, START) else None
    return mode is not None and mode.starts_by_itself and same(step.key, rf"{SERVICES_KEY}\{_service_of(step)}")


def _mode_back(step: Write, delayed: set[str]) -> str:
    """Return what `sc config` calls the start mode that a service had."""
    if _service_of(step).lower() in delayed:
        return "delayed-auto"
    before = step.before.data if step.before is not None else None
    found = [word for mode, word in SC_MODES.items() if START_VALUES[mode] == before]
    if not found:
        raise Refused(f"{step.key} had the start mode {before!r}, which no command sets back")
    return found[0]


def _reversed(steps: Sequence[Step], delayed: set[str], rules: dict[str, FilterRule | None]) -> Iterator[Step]:
    for step in reversed(steps):
        match step:
            case Write() if step.mode:
                yield replace(step, before=step.after, after=step.before, why=BACK, mode=_mode_back(step, delayed))
            case Write():
                yield replace(step, before=step.after, after=step.before, why=BACK)
            case Stop():
                yield Start(name=step.name, driver=step.driver, stage=step.stage)
            case AddRule():
                yield DropRule(name=step.rule.name, why=BACK, stage=step.stage)
            case DropRule():
                rule = rules.get(step.name)
                if rule is None:
                    raise Refused(f"inbound rule {step.name[:80]!a} could not be put back, since what it says is not known")
                yield AddRule(rule=rule, why=BACK, stage=step.stage)
            case Start() | DropKey():
                raise Refused(f"{step.target} is no step of a script that closes")
