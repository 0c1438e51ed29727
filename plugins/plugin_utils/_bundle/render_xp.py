# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Steps for Windows XP and anything later: `reg`, `sc` and `net`, which are in the box there (tools by Windows), and `netsh advfirewall`.

Microsoft: "reg query", "reg add", "reg delete" (0 or 1), "sc config" (a blank behind `start=`), "sc query". From memory: that `reg query`
prints tabs before Windows Vista and blanks later, that the old one closes a list with two marks of its end, and that "STOPPED" and
"RUNNING" are English in every language. `net stop` may end with 0 while the service still runs (users' reports), so the state is read back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import quoted
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import SYSTEM_ROOT
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import filter_rule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule

from .script import TRIES, Place, Target
from .steps import AddRule, DropKey, DropRule, Start, Step, Stop, Write
from .words import said, word

REG, SC, NET, FIND, NETSH, PING = (f'"%TOOLS%\\{name}.exe"' for name in ("reg", "sc", "net", "find", "netsh", "ping"))
# Behind `for /f` a first quote would be taken away.
SHOWN = "'%TOOLS%\\reg.exe query \"%~1\"'"
# The first line of the old reg.exe (its users).
BANNER = "! REG.EXE VERSION 3.0"
ACTIVE_NAME = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"
SERVICES = rf"HKLM\{SERVICES_KEY}"
VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
# The number before the word: a name may have the word in it, and sc.exe writes names as well.
STOPPED, RUNNING = "1  STOPPED", "4  RUNNING"
SHORT_NAMES = {
    RegistryType.SZ: "REG_SZ",
    RegistryType.DWORD: "REG_DWORD",
    RegistryType.MULTI_SZ: "REG_MULTI_SZ",
    RegistryType.BINARY: "REG_BINARY",
}


class SinceXp:
    """`script.Family` for Windows XP and anything later.

    Args:
        old: before Windows Vista.
    """

    exports = False

    def __init__(self, *, old: bool = False) -> None:
        self._old = old

    def tried(self, target: Target) -> Iterator[str]:
        """Try `ver`, `reg`, `sc` and the rights; look for the computer."""
        yield ""
        yield "rem A 32-bit command prompt on a 64-bit Windows is shown another part of the registry."
        yield "if defined PROCESSOR_ARCHITEW6432 goto bits"
        yield "rem Before anything is believed, each tool is tried on something that is known."
        yield f'ver | {FIND} "{target.version}" >nul'
        yield "if errorlevel 1 goto other"
        yield 'set "WHAT=reg.exe"'
        yield f'call :is "REG_SZ {target.build}" 2 "{VERSION}" "CurrentBuildNumber"'
        yield "if errorlevel 1 goto tool"
        yield f'call :is "REG_SZ 0" 2 "{VERSION}" "CurrentBuildNumber"'
        yield "if not errorlevel 1 goto tool"
        yield f'call :none "{VERSION}" "CurrentBuildNumber"'
        yield "if not errorlevel 1 goto tool"
        yield 'set "WHAT=sc.exe"'
        yield f'call :state RpcSs "{RUNNING}"'
        yield "if errorlevel 1 goto tool"
        yield "rem The right computer?"
        yield f'call :is "REG_SZ {word(target.computer, "the computer name")}" 2 "{ACTIVE_NAME}" "ComputerName"'
        yield "if errorlevel 1 goto other"
        yield "rem Only an administrator may ask whether a disk is dirty; where the disk is of another kind, only he may see this key."
        yield '"%TOOLS%\\fsutil.exe" dirty query %SystemDrive% >nul 2>&1'
        yield "if not errorlevel 1 goto allowed"
        yield f"{REG} query HKU\\S-1-5-19 >nul 2>&1"
        yield "if errorlevel 1 goto rights"
        yield ":allowed"

    def unchanged(self, step: Write) -> Iterator[str]:
        """Look for either state of a value."""
        yield f'set "WHAT={word(said(step.target), "the name")}"'
        yield f"call :either {_pattern(step.before)} {_pattern(step.after)} {_where(step)}"

    def kept(self, number: int, key: str) -> str:
        """Export a key; one that is not there leaves no file."""
        return f'{REG} export "HKLM\\{word(key, "the key")}" "%KEPT%\\before-{number}.reg" >nul 2>&1'

    def write(self, step: Write, place: Place) -> Iterator[str]:
        """Write a value, or set a start mode; both are read back from the registry."""
        yield _is(step, step.after)
        yield f"if not errorlevel 1 goto {place.after}"
        if place.undoing:
            yield _is(step, step.before)
            yield f"if not errorlevel 1 goto {place.own}"
            yield "call :leave"
            yield f"goto {place.after}"
            yield f":{place.own}"
        yield "call :say"
        yield f"%DO%{_written(step)}"
        yield f"if defined PLAN goto {place.after}"
        yield _is(step, step.after)
        yield "if errorlevel 1 goto failed"

    def stop(self, step: Stop, place: Place) -> Iterator[str]:
        """Stop a service with what depends on it, and wait until it has stopped."""
        name = _service(step.name)
        # One that is gone, such as the instance of a service that a sign-in made, needs nothing.
        yield f'call :none "{SERVICES}\\{name}" "Start"'
        yield f"if not errorlevel 1 goto {place.after}"
        yield f'call :state "{name}" "{STOPPED}"'
        yield f"if not errorlevel 1 goto {place.after}"
        yield "call :say"
        # `net` takes the name of a driver for that of a service; `sc` knows key names alone.
        yield f'%DO%{SC} stop "{name}"' if step.driver else f'%DO%{NET} stop "{name}" /y'
        yield f"if defined PLAN goto {place.after}"
        yield f'call :wait "{name}" "{STOPPED}"'
        yield "if errorlevel 1 goto failed"

    def start(self, step: Start, place: Place) -> Iterator[str]:
        """Start what ran; what does not start is named, and ends nothing."""
        name = _service(step.name)
        # One that is gone, such as the instance of a service that a sign-in made, needs nothing.
        yield f'call :none "{SERVICES}\\{name}" "Start"'
        yield f"if not errorlevel 1 goto {place.after}"
        yield f'call :state "{name}" "{RUNNING}"'
        yield f"if not errorlevel 1 goto {place.after}"
        yield "call :say"
        yield f'%DO%{SC} start "{name}"' if step.driver else f'%DO%{NET} start "{name}"'
        yield f"if defined PLAN goto {place.after}"
        yield f'call :wait "{name}" "{RUNNING}"'
        yield "if errorlevel 1 call :late"

    def add_rule(self, step: AddRule, place: Place) -> Iterator[str]:
        """Add a rule where none has its name."""
        yield _rule(step.rule.name)
        yield f"if not errorlevel 1 goto {place.after}"
        yield "call :say"
        made = AddFilterRule(stage="", effective=Effective.NOW, why="", rule=step.rule)
        (command,) = filter_rule.commands(made, Names())
        # cmd.exe expands the one variable that the path of a program may begin with, as it does online.
        rest = command.replace(f' program="{SYSTEM_ROOT}\\', " ", 1)
        if "%" in rest or "^" in rest or "!" in rest:
            raise Refused(
                f"inbound rule {step.rule.name[:80]!a} cannot be written into a batch file: it has a character that cmd.exe reads"
            )
        yield f"%DO%{NETSH}{command.removeprefix('netsh')}"
        yield f"if defined PLAN goto {place.after}"
        yield _rule(step.rule.name)
        yield "if errorlevel 1 goto failed"

    def drop_rule(self, step: DropRule, place: Place) -> Iterator[str]:
        """Delete a rule where it is there."""
        yield _rule(step.name)
        yield f"if errorlevel 1 goto {place.after}"
        yield "call :say"
        yield f'%DO%{NETSH} advfirewall firewall delete rule name="{word(step.name, "the rule")}"'
        yield f"if defined PLAN goto {place.after}"
        yield _rule(step.name)
        yield "if not errorlevel 1 goto failed"

    def drop_key(self, step: DropKey, place: Place) -> Iterator[str]:
        """Delete a key in which nothing is, neither a value nor a key."""
        key = word(step.key, "the key")
        yield f"if defined PLAN goto {place.after}"
        yield f'call :empty "HKEY_LOCAL_MACHINE\\{key}"'
        yield f"if errorlevel 1 goto {place.after}"
        yield "call :say"
        yield f'{REG} delete "HKLM\\{key}" /f'
        yield f'call :empty "HKEY_LOCAL_MACHINE\\{key}"'
        yield "if not errorlevel 1 goto failed"

    def restart(self) -> Iterator[str]:
        """Restart where that was asked for."""
        yield 'if defined REBOOT "%TOOLS%\\shutdown.exe" -r -f -t 5'

    def routines(self, steps: Sequence[Step], *, undoing: bool) -> Iterator[str]:
        """Return what the steps call."""
        yield ":is"
        yield "rem 0 where reg.exe shows the value %4 of the key %3 as %1. The word number %2 of its line is the type. The old reg.exe"
        yield "rem closes a list with two marks of its end."
        yield 'set "IS="'
        yield 'for /f "tokens=%~2*" %%a in (\'%TOOLS%\\reg.exe query "%~3" /v "%~4" 2^>nul\') do if "%%a %%b"=="%~1" set "IS=1"'
        yield 'for /f "tokens=%~2*" %%a in (\'%TOOLS%\\reg.exe query "%~3" /v "%~4" 2^>nul\') do if "%%a %%b"=="%~1\\0\\0" set "IS=1"'
        yield "if defined IS exit /b 0"
        yield "exit /b 1"
        yield ":none"
        yield "rem 0 where the key %1 has no value %2."
        yield f'{REG} query "%~1" /v "%~2" >nul 2>&1'
        yield "if errorlevel 1 exit /b 0"
        yield "exit /b 1"
        if not undoing:
            yield ":either"
            yield "rem Is the value %5 of the key %4 as it was, %1, or as it is to be, %2? Otherwise it is named. %3 is %2 of :is."
            yield 'if "%~1"=="absent" call :none %4 %5'
            yield 'if not "%~1"=="absent" call :is %1 %3 %4 %5'
            yield "if not errorlevel 1 goto :eof"
            yield 'if "%~2"=="absent" call :none %4 %5'
            yield 'if not "%~2"=="absent" call :is %2 %3 %4 %5'
            yield "if not errorlevel 1 goto :eof"
            yield "echo   differs: %WHAT%"
            yield 'set "DIFFERS=1"'
            yield "goto :eof"
        yield ":state"
        yield "rem 0 where the service %1 is in the state %2; sc.exe writes number and word of it like this on every Windows."
        yield f'{SC} query "%~1" | {FIND} "%~2" >nul'
        yield "goto :eof"
        yield ":wait"
        yield "rem A service may take its time: looked at every two seconds, and not for ever."
        yield "set TRY=0"
        yield ":again"
        yield "call :state %1 %2"
        yield "if not errorlevel 1 goto :eof"
        yield "set /a TRY=TRY+1"
        yield f"if %TRY%=={TRIES} exit /b 1"
        yield f"{PING} -n 3 127.0.0.1 >nul"
        yield "goto again"
        if any(isinstance(step, DropKey) for step in steps):
            yield ":empty"
            yield "rem 0 where the key %1 is there and reg.exe shows nothing of it but its name: neither a value nor another key."
            yield f'{REG} query "%~1" >nul 2>&1'
            yield "if errorlevel 1 exit /b 1"
            yield "set FULL=0"
            yield f'for /f "delims=" %%k in ({SHOWN}) do if /i not "%%k"=="%~1" set /a FULL=FULL+1'
            if self._old:
                yield "rem The old reg.exe shows its own version, and a default value that is not set."
                yield f'for /f "delims=" %%k in ({SHOWN}) do if "%%k"=="{BANNER}" set /a FULL=FULL-1'
                yield f'for /f "tokens=1-3*" %%a in ({SHOWN}) do if "%%a %%b%%d"=="<NO NAME>" set /a FULL=FULL-1'
            yield "if %FULL%==0 exit /b 0"
            yield "exit /b 1"
        yield ":bits"
        yield "echo This is a 32-bit command prompt on a 64-bit Windows. Start cmd.exe from the Start menu. Nothing was changed."
        yield "exit /b 7"


def _service(name: str) -> str:
    """Return the name of a service; `sc` takes a word with an equals sign for an option."""
    if "=" in name:
        raise Refused(f"the service {name[:80]!a} cannot be written into a batch file: sc.exe takes its name for an option")
    return word(name, "the service")


def _pattern(value: RegistryValue | None) -> str:
    """Return a value as reg.exe shows it, type and data."""
    if value is None:
        return '"absent"'
    if value.type not in SHORT_NAMES:
        raise Refused(f"a registry value of type REG_{value.type.name} cannot be written into a bundle")
    return f'"{SHORT_NAMES[value.type]} {_shown(value)}"'


def _shown(value: RegistryValue) -> str:
    if isinstance(value.data, bytes):
        return value.data.hex().upper()
    if isinstance(value.data, int):
        return f"{value.data:#x}"
    return _text(value)


def _text(value: RegistryValue) -> str:
    """Return text as reg.exe takes and shows it, a list with marks between."""
    if isinstance(value.data, tuple):
        if any(not text or r"\0" in text or text.endswith("\\") for text in value.data):
            raise Refused(
                f"the list {', '.join(map(ascii, value.data))[:200]} cannot be told by reg.exe: an entry is empty or has a \\0 in it"
            )
        return r"\0".join(word(text, "the entry") for text in value.data)
    text = word(str(value.data), "the text")
    if text != text.strip() or "\t" in text:
        raise Refused(f"the text {text[:80]!a} begins or ends with a blank, which reg.exe does not show")
    return text


def _where(step: Write) -> str:
    """Return the place of a value: which word of the line has its type, the key, the name."""
    name = word(step.name, "the value")
    if not name.strip() or name.endswith(" ") or name.startswith(" "):
        raise Refused(f"{step.target} has a name that reg.exe does not show as it is")
    return f'{len(name.split()) + 1} "HKLM\\{word(step.key, "the key")}" "{name}"'


def _is(step: Write, value: RegistryValue | None) -> str:
    where = _where(step)
    return f"call :none {where.partition(' ')[2]}" if value is None else f"call :is {_pattern(value)} {where}"


def _written(step: Write) -> str:
    if step.mode:
        # The service manager is told, since it would go on with what it knows; the blank is needed up to Windows 7.
        return f'{SC} config "{_service(step.key.rpartition(chr(92))[2])}" start= {step.mode}'
    place = f'"HKLM\\{word(step.key, "the key")}" /v "{word(step.name, "the value")}"'
    if step.after is None:
        return f"{REG} delete {place} /f"
    value = step.after
    data = value.data.hex() if isinstance(value.data, bytes) else str(value.data) if isinstance(value.data, int) else _text(value)
    return f'{REG} add {place} /t {SHORT_NAMES[value.type]} /d "{data}" /f'


def _rule(name: str) -> str:
    return f"{NETSH} advfirewall firewall show rule name={quoted(word(name, 'the rule'))} >nul 2>&1"
