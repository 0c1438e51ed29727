# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run a batch file on a simulated host as somebody would at its console."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from winsim.cmd.environment import Environment
from winsim.cmd.expansion import NotKnown
from winsim.cmd.interpreter import Shell
from winsim.cmd.system import Run
from winsim.host.jobs import Account
from winsim.host.machine import Machine, Power
from winsim.providers.computer import SimulatedHost
from winsim.providers.programs import environment_of

from .drives import Space, place_of
from .system import Closed, ConsoleSystem, Endless, pages_of

CLOSED = 0xC000013A
"""The exit code of a console program whose window somebody closed (STATUS_CONTROL_C_EXIT)."""

LONGEST_RUN = 24 * 3600.0
"""Seconds of the host's time after which a script counts as one that does not end."""


class Outcome(NamedTuple):
    """How a run ended: its exit code, all that was to be seen at the console, and how many commands had begun."""

    exit_code: int
    console: str
    steps: int


def run(
    host: SimulatedHost | Machine,
    script_path: str,
    arguments: Sequence[str] = (),
    *,
    drives: Mapping[str, Path],
    administrator: bool = True,
    bitness: int | None = None,
    code_page: int | None = None,
    directory: str | None = None,
    environment: Mapping[str, str] | None = None,
    keys: str = "",
    without: Collection[str] = (),
    read_only: Iterable[str] = (),
    disk_full_after: int | None = None,
    killed_after_step: int | None = None,
) -> Outcome:
    r"""Run a batch file to its end; time passes in the host as the script waits.

    Args:
        script_path: where the host sees it, such as `E:\collect.cmd`.
        arguments: words behind its name, each as it is written on the command line: with quotes where it needs them.
        drives: folders of this machine by the drive (`E:` or `E:\`) or the folder (`C:\netmin`) of the host whose place they take.
        administrator: False for a user, and for an administrator whom Windows has not asked yet.
        bitness: of the cmd.exe, 32 or 64; as a rule the host's own.
        code_page: the console's; as a rule that of the host's language.
        directory: the folder in which it starts; as a rule System32, as an elevated one does (users' reports).
        environment: variables beside those that every process has; an empty value takes one of these away.
        keys: what somebody types.
        without: programs that this host lacks (`presence.XP_HOME`).
        read_only: drives and folders in which nothing can be written.
        disk_full_after: bytes for which there is room in all places together.
        killed_after_step: so many commands are carried out; in the middle of the next one somebody closes the console. The parts of a
            command that changes several things count, too.

    Raises:
        NotKnown: the script uses something that winsim does not know; the message names it.
        FileNotFoundError: there is no such script.
        Endless: it does not end.
    """
    machine = host.host if isinstance(host, SimulatedHost) else host
    wide = (machine.spec.windows.architecture or "").startswith("64")
    if bitness not in (None, 32, 64) or (bitness == 64 and not wide):
        raise ValueError(f"bitness is {bitness}: this Windows has {'32 and 64' if wide else 'only 32'}")
    narrow = wide and bitness == 32
    if machine.power is not Power.ON:
        raise ValueError("the host does not run")
    system = ConsoleSystem(
        machine,
        administrator=administrator,
        narrow=narrow,
        pages=pages_of(machine, code_page),
        folders={place_of(place): Path(folder) for place, folder in drives.items()},
        read_only=frozenset(place_of(place) for place in read_only),
        space=Space(disk_full_after),
        absent=without,
        cut_after=killed_after_step,
    )
    if not system.drives.exists(script_path):
        raise FileNotFoundError(script_path)
    start = directory or rf"{machine.spec.windows.directory}\system32"
    if not system.drives.is_folder(start):
        raise NotADirectoryError(start)
    shell = Shell(system, _environment(machine, wide=wide, narrow=narrow, given=environment or {}), start)
    work = shell.console_line(f'"{script_path}"', list(arguments), system.streams(keys))
    try:
        code = _driven(machine, work)
    except Closed:
        code = CLOSED
    except NotKnown as error:
        error.add_note(f"in {script_path}, at or behind: {system.command}")
        raise
    return Outcome(code, system.screen.text, system.steps)


def _driven(machine: Machine, work: Run) -> int:
    """Let a script run; where it waits, time passes for its host. A host that goes down takes it along."""
    boots, passed = machine.boots, 0.0
    while True:
        try:
            seconds = next(work)
        except StopIteration as end:
            return int(end.value or 0)
        passed += seconds
        if passed > LONGEST_RUN:
            raise Endless
        machine.time.pass_time(seconds)
        if machine.boots != boots or machine.power not in (Power.ON, Power.GOING_DOWN):
            work.close()
            return CLOSED


def _environment(machine: Machine, *, wide: bool, narrow: bool, given: Mapping[str, str]) -> Environment:
    found = environment_of(machine, Account.ADMINISTRATOR)
    # Microsoft, "WOW64 implementation details": what says that a program of 32 bits runs on a Windows of 64.
    found.set("PROCESSOR_ARCHITECTURE", "AMD64" if wide and not narrow else "x86")
    if narrow:
        found.set("PROCESSOR_ARCHITEW6432", "AMD64")
    if wide:
        found.set("ProgramFiles(x86)", rf"{machine.spec.windows.directory[:2]}\Program Files (x86)")
    for name, value in given.items():
        found.set(name, value)
    return found
