# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the scripts of all families have in common: how they begin, in which order they go on, and how they end.

A script is read by a person before it is run, and perhaps typed from a printed listing. So it has no blocks, no delayed expansion, and no
branch but `if errorlevel` or `if defined` with a `goto`; each step says in a remark why it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import START, START_MODES

from .steps import WINDOWS_2000, AddRule, DropKey, DropRule, Start, Step, Stop, Write
from .words import remarks, said, word

TRIES = 20
"""How often a service that stops or starts is looked at, two seconds apart."""


@dataclass(frozen=True, slots=True)
class Target:
    """The host that a bundle is for.

    Attributes:
        name: in the inventory.
        computer: what the host calls itself.
        system: the name of its Windows.
        product: the value ProductType.
        run: id of the bundle.
    """

    name: str
    computer: str
    system: str
    nt: NtVersion
    build: int
    product: str
    run: str

    @property
    def version(self) -> str:
        """What `ver` prints of the version: two zeros on Windows 2000."""
        return "5.00." if self.nt == NtVersion(5, 0) else f"{self.nt}.{self.build}"


class Family(Protocol):
    """How a family of Windows does what a script needs."""

    exports: bool
    """It writes a file to read a value, and so needs a folder to show a plan as well."""

    def tried(self, target: Target) -> Iterator[str]:
        """Yield the lines that try each tool on something that is known, and that the script is on its host."""

    def unchanged(self, step: Write) -> Iterator[str]:
        """Yield the lines that set DIFFERS where a value is neither as it was read nor as it is to be."""

    def kept(self, number: int, key: str) -> str:
        """Return the line that exports a key as evidence."""

    def write(self, step: Write, place: Place) -> Iterator[str]:
        """Yield the lines of a step."""

    def stop(self, step: Stop, place: Place) -> Iterator[str]:
        """Yield the lines of a step."""

    def start(self, step: Start, place: Place) -> Iterator[str]:
        """Yield the lines of a step."""

    def add_rule(self, step: AddRule, place: Place) -> Iterator[str]:
        """Yield the lines of a step."""

    def drop_rule(self, step: DropRule, place: Place) -> Iterator[str]:
        """Yield the lines of a step."""

    def drop_key(self, step: DropKey, place: Place) -> Iterator[str]:
        """Yield the lines of a step."""

    def routines(self, steps: Sequence[Step], *, undoing: bool) -> Iterator[str]:
        """Yield what steps call."""

    def restart(self) -> Iterator[str]:
        """Yield the lines that restart the computer, or say who does."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a script a step is.

    Attributes:
        undoing: the script undoes: what somebody changed since is left alone.
    """

    number: int
    of: int
    undoing: bool

    @property
    def after(self) -> str:
        """The label behind the step."""
        return f"s{self.number + 1}"

    @property
    def own(self) -> str:
        """A label within the step."""
        return f"d{self.number}"


def close_script(target: Target, steps: Sequence[Step], family: Family) -> list[str]:
    """Return the lines of close.cmd."""
    written = [step for step in steps if isinstance(step, Write)]
    checks = [
        "",
        "rem Is each value still what it was when the plan was made? One that is as the plan wants it was written by an earlier run.",
        'set "DIFFERS="',
        *(line for step in written for line in family.unchanged(step)),
        "if defined DIFFERS goto differs",
    ]
    return [
        *_head(target, "close.cmd", "Closes what the plan closes", steps),
        *family.tried(target),
        *_folder(family),
        *checks,
        *_evidence(written, family),
        *_steps(steps, family, undoing=False),
        "",
        *_end("Done. What FORECAST.txt says comes true once this computer was restarted.", family),
        *_messages(target, family, steps, undoing=False),
    ]


def undo_script(target: Target, steps: Sequence[Step], family: Family) -> list[str]:
    """Return the lines of undo.cmd."""
    return [
        *_head(target, "undo.cmd", "Puts back what close.cmd changed, after a run that ended halfway as well", steps),
        *family.tried(target),
        *_folder(family),
        *_steps(steps, family, undoing=True),
        "",
        "if defined LEFT if not defined PLAN goto left",
        *_end("Done. All is as it was before close.cmd; restart this computer for what is read at the start alone.", family),
        ":left",
        "echo Done, but for what is named above: restart this computer, and run undo.cmd once more for what did not start.",
        "exit /b 9",
        *_messages(target, family, steps, undoing=True),
        "",
        ":leave",
        'set "LEFT=1"',
        "echo   left alone: %WHAT% was changed since close.cmd ran",
        "call :note",
        "goto :eof",
        ":late",
        'set "LEFT=1"',
        "echo   not started: %WHAT%. It may start after the restart",
        "call :note",
        "goto :eof",
    ]


CODES = (
    (0, "done, and this computer has to be restarted; or the plan was shown"),
    (1, "a wrong word behind the name of the script; nothing was changed"),
    (2, "this is not the Windows, or not the computer, that the script is for; nothing was changed"),
    (3, "you are not administrator; nothing was changed"),
    (4, "the folder of the script cannot be written; nothing was changed"),
    (5, "a tool of this Windows does not work as the script needs it; nothing was changed"),
    (6, "a value is not what it was when the plan was made; nothing was changed (close.cmd)"),
    (7, "this is a 32-bit command prompt on a 64-bit Windows; nothing was changed"),
    (8, "a step did not hold; those before it are done, those after it are not"),
    (9, "done but for what is named: somebody changed it since, or it did not start (undo.cmd)"),
)
"""What the exit codes of both scripts mean."""
CLOSES_ALONE, UNDOES_ALONE, SINCE_XP = 6, 9, 7


def codes(nt: NtVersion, *, undoing: bool | None = None) -> list[str]:
    """Return the exit codes that a script can end with on a Windows; of both scripts where none is named."""
    never = {SINCE_XP} if nt == WINDOWS_2000 else set()
    never |= set() if undoing is None else {CLOSES_ALONE} if undoing else {UNDOES_ALONE}
    return [f"{code}  {text}" for code, text in CODES if code not in never]


def _head(target: Target, name: str, what: str, steps: Sequence[Step]) -> Iterator[str]:
    host, computer, system = said(target.name), said(target.computer), said(target.system)
    yield "@echo off"
    yield f"rem netmin.windows {name}, for the computer {computer} ({host}) and no other: {system}, {target.nt}.{target.build}"
    yield from remarks(f"{what}, in {len(steps)} steps. Made as {said(target.run)}; README.txt tells the rest.")
    yield "rem Run it as administrator from a disk that can be written. It does a step only where it is needed and looks whether it held."
    yield "rem With /plan it shows what it would do and changes nothing."
    yield "rem Exit codes:"
    yield from (f"rem   {line}" for line in codes(target.nt, undoing=name == "undo.cmd"))
    yield ""
    yield "rem However this computer is set up: 'call' and 'for' are known here, and an exclamation mark is nothing but that."
    yield "setlocal enableextensions disabledelayedexpansion"
    yield "rem TOOLS: programs of Windows alone, never one of the same name from elsewhere. KEPT: what is written down, beside this script."
    yield "rem STEP and WHAT: what it is at, for messages. DO is empty, or shows a command in place of running it."
    yield 'set "TOOLS=%SystemRoot%\\System32"'
    yield 'set "KEPT=%~dp0evidence"'
    yield f'set "LOG=%~dp0evidence\\{name.partition(".")[0]}.log"'
    yield 'set "PLAN="'
    yield 'set "REBOOT="'
    yield 'set "LEFT="'
    yield 'set "DO="'
    yield 'set "WHAT="'
    yield "set STEP=0"
    yield "rem The word behind the name of the script."
    yield 'if /i "%~1"=="/plan" set "PLAN=1"'
    yield 'if /i "%~1"=="/plan" set "DO=echo   would run: "'
    if target.nt > NtVersion(5, 0):
        yield 'if /i "%~1"=="/reboot" set "REBOOT=1"'
    yield 'if not "%~2"=="" goto usage'
    yield 'if not "%~1"=="" if not defined PLAN if not defined REBOOT goto usage'


FIND = '"%TOOLS%\\find.exe"'


def probed(name: str) -> Iterator[str]:
    """Yield the lines that write a file and look whether it holds what was written: a full disk leaves an empty one."""
    yield f'>"%KEPT%\\{name}" echo netmin.windows'
    yield f'if not exist "%KEPT%\\{name}" goto folder'
    yield f'{FIND} "netmin" <"%KEPT%\\{name}" >nul'
    yield "if errorlevel 1 goto folder"


def _folder(family: Family) -> Iterator[str]:
    yield ""
    yield "rem What it finds and does is written down in the folder 'evidence' beside it, before anything is changed."
    if not family.exports:
        yield "if defined PLAN goto written"
    yield 'if not exist "%KEPT%\\" md "%KEPT%"'
    yield from probed("probe.txt")
    yield 'del "%KEPT%\\probe.txt"'
    yield '>>"%LOG%" echo %DATE% %TIME% begins %~1'
    if not family.exports:
        yield ":written"


def _evidence(written: Sequence[Write], family: Family) -> Iterator[str]:
    keys = tuple(dict.fromkeys(step.key for step in written))
    yield ""
    yield "rem Each key that will be written is exported first, as it is before the first run. This is evidence; undo.cmd does not need it."
    yield "if defined PLAN goto s1"
    yield f'if exist "%KEPT%\\before.txt" {FIND} "netmin" <"%KEPT%\\before.txt" >nul'
    yield 'if exist "%KEPT%\\before.txt" if not errorlevel 1 goto s1'
    yield "rem What an earlier run wrote before it broke off goes first: the newer reg.exe would ask whether to replace it."
    yield 'if exist "%KEPT%\\before-*.reg" del "%KEPT%\\before-*.reg"'
    yield from (family.kept(number, key) for number, key in enumerate(keys, start=1))
    yield '>"%KEPT%\\before.txt" echo netmin.windows: the keys in before-1.reg and so on are as they were before close.cmd'
    yield f'{FIND} "netmin" <"%KEPT%\\before.txt" >nul 2>&1'
    yield "if errorlevel 1 goto nolonger"


def _steps(steps: Sequence[Step], family: Family, *, undoing: bool) -> Iterator[str]:
    for number, step in enumerate(steps, start=1):
        place = Place(number, len(steps), undoing)
        yield ""
        yield f":s{number}"
        yield from remarks(f"{number}. {_told(step)}")
        yield from remarks(f"{step.why}{f' (stage {step.stage})' if step.stage else ''}", indent="   ")
        yield f'set "STEP={number}"'
        yield f'set "WHAT={word(said(step.target), "the name")}"'
        yield from _of(step, family, place)
    yield ""
    yield f":s{len(steps) + 1}"


def _told(step: Step) -> str:
    match step:
        case Write():
            return f"{step.target}: {states(step)}"
        case Stop():
            return f"{step.target} stops"
        case Start():
            return f"{step.target} starts"
        case AddRule():
            return f"{step.target} is added: it blocks"
        case DropRule():
            return f"{step.target} is deleted"
        case DropKey():
            return f"{step.target} is deleted where nothing is in it"


def states(step: Write) -> str:
    """Return what becomes of a value; how a service starts is told in words, too."""
    before, after = (_state(step, value) for value in (step.before, step.after))
    return f"{before} becomes {after}"


def _state(step: Write, value: RegistryValue | None) -> str:
    mode = START_MODES.get(value.data) if value is not None and same(step.name, START) else None
    return f"{shown(value)}{f' ({mode})' if mode else ''}"


def shown(value: RegistryValue | None) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return "absent"
    data = value.plain()
    return (", ".join(data) or "an empty list") if isinstance(data, list) else str(data) or "an empty text"


def _of(step: Step, family: Family, place: Place) -> Iterator[str]:
    match step:
        case Write():
            return family.write(step, place)
        case Stop():
            return family.stop(step, place)
        case Start():
            return family.start(step, place)
        case AddRule():
            return family.add_rule(step, place)
        case DropRule():
            return family.drop_rule(step, place)
        case DropKey():
            return family.drop_key(step, place)


def _end(text: str, family: Family) -> Iterator[str]:
    yield "if defined PLAN echo This was the plan. Nothing was changed."
    yield "if defined PLAN exit /b 0"
    yield f"echo {text}"
    yield '>>"%LOG%" echo %DATE% %TIME% done'
    yield from family.restart()
    yield "exit /b 0"


def _messages(target: Target, family: Family, steps: Sequence[Step], *, undoing: bool) -> Iterator[str]:
    yield ""
    yield from family.routines(steps, undoing=undoing)
    yield ""
    yield ":say"
    yield "rem Shows the step, and writes it down as well."
    yield "echo Step %STEP%: %WHAT%"
    yield ":note"
    yield "if defined PLAN goto :eof"
    yield '>>"%LOG%" echo %DATE% %TIME% %STEP% %WHAT%'
    yield "goto :eof"
    yield ""
    yield "rem What ends the script, each with a code of its own."
    yield ":usage"
    words = "or /plan" if target.nt == WINDOWS_2000 else "/plan or /reboot"
    yield f"echo Give nothing {words} behind the name of the script. Nothing was changed."
    yield "exit /b 1"
    yield ":other"
    system = f"{said(target.system)}, {target.nt}.{target.build}"
    yield f"echo This script is for the computer {said(target.computer)} with {system}. Nothing was changed."
    yield "exit /b 2"
    yield ":rights"
    yield "echo You are not administrator here. Log on as administrator and run the script again. Nothing was changed."
    yield "exit /b 3"
    yield ":folder"
    yield 'echo "%KEPT%" cannot be written. Copy the whole folder to a disk of this computer and run the script from there.'
    yield "exit /b 4"
    yield ":tool"
    yield "echo %WHAT% does not work here as this script needs it. Nothing was changed."
    yield "exit /b 5"
    if not undoing:
        yield ":differs"
        yield "echo What is named above is not what it was when the plan was made. Nothing was changed. Collect again, and plan anew."
        yield "exit /b 6"
        yield ":nolonger"
        yield 'if exist "%KEPT%\\before.txt" del "%KEPT%\\before.txt"'
        yield "goto folder"
    yield ":failed"
    yield "echo Step %STEP% did not hold: %WHAT%. The steps before it are done, those after it are not. Remove the cause and run it again."
    yield '>>"%LOG%" echo %DATE% %TIME% %STEP% failed'
    yield "exit /b 8"
