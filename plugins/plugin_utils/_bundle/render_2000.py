# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Steps for Windows 2000, which has neither `reg` nor `sc`: `regedit` writes and exports, `find` looks, `net` stops and starts.

Users' reports: regedit ends with 0 whatever became of it, and `/e` of a key that is not there leaves no file; so what tells is the file,
and each value is read back. `type` turns UTF-16 into what `find` reads (users' scripts; of Windows 2000 from memory, so it is tried
first). `net stop` of what does not run says NET HELPMSG 3521 in every language, `net start` of what runs 2182 (Microsoft and users).
A quote between quotes is doubled for `find` (Microsoft, "find").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue

from .reg import ROOT, Exports, data
from .script import TRIES, Place, Target, probed
from .steps import AddRule, DropKey, DropRule, Start, Step, Stop, Write
from .words import said, word

NET, FIND, PING = (f'"%TOOLS%\\{name}.exe"' for name in ("net", "find", "ping"))
PRODUCTS = rf"{ROOT}SYSTEM\CurrentControlSet\Control\ProductOptions"
ACTIVE_NAME = rf"{ROOT}SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"
REGEDIT = 'start "" /wait "%SystemRoot%\\regedit.exe"'


class Windows2000:
    """`script.Family` for Windows 2000.

    Args:
        exports: what `collect` found, which shows how this host's regedit breaks a long value.
    """

    exports = True

    def __init__(self, exports: Exports) -> None:
        self._exports = exports

    def tried(self, target: Target) -> Iterator[str]:
        """Try `ver`, `find`, the rights, and `regedit`; look for the computer."""
        yield ""
        yield "rem Before anything is believed, each tool is tried on something that is known."
        yield f'ver | {FIND} "{target.version}" >nul'
        yield "if errorlevel 1 goto other"
        yield "rem Windows 2000 has no test for an administrator that only reads: one file is made and removed at once."
        yield '>"%TOOLS%\\netmin.tst" echo netmin.windows: this file can be removed'
        yield 'if not exist "%TOOLS%\\netmin.tst" goto rights'
        yield 'del "%TOOLS%\\netmin.tst"'
        yield 'if exist "%TOOLS%\\netmin.tst" goto rights'
        yield 'if not exist "%KEPT%\\" md "%KEPT%"'
        yield from probed("value.txt")
        yield 'set "WHAT=regedit.exe or find.exe"'
        yield f'call :text "{PRODUCTS}" "ProductType" "{word(target.product, "the kind of Windows")}"'
        yield "if errorlevel 1 goto tool"
        yield f'call :text "{PRODUCTS}" "ProductType" "netmin"'
        yield "if not errorlevel 1 goto tool"
        yield f'call :none "{PRODUCTS}" "ProductType"'
        yield "if not errorlevel 1 goto tool"
        yield 'set "WHAT=net.exe"'
        yield f'{NET} start | {FIND} "   " >nul'
        yield "if errorlevel 1 goto tool"
        yield "rem The right computer?"
        yield f'call :text "{ACTIVE_NAME}" "ComputerName" "{word(target.computer, "the computer name")}"'
        yield "if errorlevel 1 goto other"

    def unchanged(self, step: Write) -> Iterator[str]:
        """Look for either state of a value."""
        yield f'set "WHAT={word(said(step.target), "the name")}"'
        yield 'set "FOUND="'
        for value, other in ((step.before, step.after), (step.after, step.before)):
            yield from self._is(step, value, other, 'if not errorlevel 1 set "FOUND=1"')
        yield "if not defined FOUND call :differing"

    def kept(self, number: int, key: str) -> str:
        """Export a key; one that is not there leaves no file."""
        return f'{REGEDIT} /e "%KEPT%\\before-{number}.reg" "{ROOT}{word(key, "the key")}"'

    def write(self, step: Write, place: Place) -> Iterator[str]:
        """Write a value by a registry file of one line, and read it back from an export."""
        key, name = word(step.key, "the key"), word(step.name, "the value")
        yield from self._is(step, step.after, step.before, f"if not errorlevel 1 goto {place.after}")
        if place.undoing:
            yield from self._is(step, step.before, step.after, f"if not errorlevel 1 goto {place.own}")
            yield "call :leave"
            yield f"goto {place.after}"
            yield f":{place.own}"
        yield "call :say"
        if step.after is not None and step.after.type is RegistryType.SZ:
            yield f'%DO%call :settext "{ROOT}{key}" "{name}" "{_escaped(step.after)}"'
        else:
            yield f'%DO%call :set "{ROOT}{key}" "{name}" "{"-" if step.after is None else data(step.after, old=True)}"'
        yield f"if defined PLAN goto {place.after}"
        yield from self._is(step, step.after, step.before, "if errorlevel 1 goto failed")

    def stop(self, step: Stop, place: Place) -> Iterator[str]:
        """Stop a service with what depends on it until net.exe says that it does not run."""
        yield "call :say"
        yield f'%DO%call :stop "{word(step.name, "the service")}"'
        yield f"if defined PLAN goto {place.after}"
        yield "if errorlevel 1 goto failed"

    def start(self, step: Start, place: Place) -> Iterator[str]:
        """Start what ran; one whose start mode was just put back starts only after the restart."""
        yield "call :say"
        yield f'%DO%call :start "{word(step.name, "the service")}"'
        yield f"if defined PLAN goto {place.after}"
        yield "if errorlevel 1 call :late"

    def add_rule(self, step: AddRule, place: Place) -> Iterator[str]:
        """Refuse: this Windows has no firewall."""
        raise Refused(f"{step.target}: Windows 2000 has no firewall")

    def drop_rule(self, step: DropRule, place: Place) -> Iterator[str]:
        """Refuse: this Windows has no firewall."""
        raise Refused(f"{step.target}: Windows 2000 has no firewall")

    def drop_key(self, step: DropKey, place: Place) -> Iterator[str]:
        """Delete a key in which nothing is, neither a value nor a key."""
        key = f"{ROOT}{word(step.key, 'the key')}"
        yield f"if defined PLAN goto {place.after}"
        yield f'call :empty "{key}"'
        yield f"if errorlevel 1 goto {place.after}"
        yield "call :say"
        yield f'call :dropkey "{key}"'

    def restart(self) -> Iterator[str]:
        """Say who restarts: this Windows has no program for it."""
        yield "echo Windows 2000 has no command for it: restart it from the Start menu."

    def routines(self, steps: Sequence[Step]) -> Iterator[str]:
        """Return what the steps call."""
        yield ":export"
        yield "rem Windows 2000 shows a value only in the export of its key. A key that is not there leaves no file."
        yield 'if exist "%KEPT%\\value.reg" del "%KEPT%\\value.reg"'
        yield f'{REGEDIT} /e "%KEPT%\\value.reg" "%~1"'
        yield 'if exist "%KEPT%\\value.reg" type "%KEPT%\\value.reg" >"%KEPT%\\value.txt"'
        yield 'if not exist "%KEPT%\\value.reg" echo no such key >"%KEPT%\\value.txt"'
        yield "goto :eof"
        yield ":once"
        yield "rem 0 where the export has exactly one value of the name %1: it holds the keys below as well."
        yield "set COUNT=0"
        yield f'for /f %%n in (\'type "%KEPT%\\value.txt" ^| {FIND} /i /c """%~1""="\') do set COUNT=%%n'
        yield "if %COUNT%==1 exit /b 0"
        yield "exit /b 1"
        yield ":is"
        yield "rem 0 where the value %2 of the key %1 is %3, as an export writes it."
        yield "call :export %1"
        yield "call :once %2"
        yield "if errorlevel 1 exit /b 1"
        yield f'{FIND} /i """%~2""=%~3" <"%KEPT%\\value.txt" >nul'
        yield "goto :eof"
        yield ":more"
        yield "rem 0 where the same export has a line with %1: a long value goes on in further lines."
        yield f'{FIND} /i "%~1" <"%KEPT%\\value.txt" >nul'
        yield "goto :eof"
        yield ":text"
        yield "rem The same as :is, for a text."
        yield "call :export %1"
        yield "call :once %2"
        yield "if errorlevel 1 exit /b 1"
        yield f'{FIND} """%~2""=""%~3""" <"%KEPT%\\value.txt" >nul'
        yield "goto :eof"
        yield ":none"
        yield "rem 0 where neither the key %1 nor a key below it has a value %2."
        yield "call :export %1"
        yield f'{FIND} /i """%~2""=" <"%KEPT%\\value.txt" >nul'
        yield "if errorlevel 1 exit /b 0"
        yield "exit /b 1"
        yield ":differing"
        yield "echo   differs: %WHAT%"
        yield 'set "DIFFERS=1"'
        yield "goto :eof"
        yield ":set"
        yield "rem Writes a registry file with one value and imports it. Nobody believes regedit: the value is read back."
        yield '>"%KEPT%\\set.reg" echo REGEDIT4'
        yield '>>"%KEPT%\\set.reg" echo.'
        yield '>>"%KEPT%\\set.reg" echo [%~1]'
        yield '>>"%KEPT%\\set.reg" echo "%~2"=%~3'
        yield f'{REGEDIT} /s "%KEPT%\\set.reg"'
        yield "goto :eof"
        yield ":settext"
        yield "rem The same, for a text."
        yield '>"%KEPT%\\set.reg" echo REGEDIT4'
        yield '>>"%KEPT%\\set.reg" echo.'
        yield '>>"%KEPT%\\set.reg" echo [%~1]'
        yield '>>"%KEPT%\\set.reg" echo "%~2"="%~3"'
        yield f'{REGEDIT} /s "%KEPT%\\set.reg"'
        yield "goto :eof"
        if any(isinstance(step, Stop) for step in steps):
            yield ":stop"
            yield "rem net.exe names message 3521 once the service does not run, in every language; asked again, and not for ever."
            yield "set TRY=0"
            yield ":again"
            yield f'{NET} stop "%~1" /y 2>&1 | {FIND} "3521" >nul'
            yield "if not errorlevel 1 goto :eof"
            yield "set /a TRY=TRY+1"
            yield f"if %TRY%=={TRIES} exit /b 1"
            yield f"{PING} -n 3 127.0.0.1 >nul"
            yield "goto again"
        if any(isinstance(step, Start) for step in steps):
            yield ":start"
            yield "rem net.exe names message 2182 once the service runs."
            yield "set TRY=0"
            yield ":oncemore"
            yield f'{NET} start "%~1" 2>&1 | {FIND} "2182" >nul'
            yield "if not errorlevel 1 goto :eof"
            yield "set /a TRY=TRY+1"
            yield "if %TRY%==3 exit /b 1"
            yield f"{PING} -n 3 127.0.0.1 >nul"
            yield "goto oncemore"
        if any(isinstance(step, DropKey) for step in steps):
            yield ":empty"
            yield "rem 0 where the key %1 is there and its export has neither a value nor another key."
            yield "call :export %1"
            yield 'if not exist "%KEPT%\\value.reg" exit /b 1'
            yield f'{FIND} "=" <"%KEPT%\\value.txt" >nul'
            yield "if not errorlevel 1 exit /b 1"
            yield f'type "%KEPT%\\value.txt" | {FIND} "[" | {FIND} /v /i "%~1]" >nul'
            yield "if not errorlevel 1 exit /b 1"
            yield "exit /b 0"
            yield ":dropkey"
            yield "rem A key in brackets with a minus is deleted."
            yield '>"%KEPT%\\set.reg" echo REGEDIT4'
            yield '>>"%KEPT%\\set.reg" echo.'
            yield '>>"%KEPT%\\set.reg" echo [-%~1]'
            yield f'{REGEDIT} /s "%KEPT%\\set.reg"'
            yield "goto :eof"

    def _is(self, step: Write, value: RegistryValue | None, other: RegistryValue | None, then: str) -> Iterator[str]:
        """Yield the lines that look for one state of a value and go on with `then`."""
        place = f'"{ROOT}{word(step.key, "the key")}" "{word(step.name, "the value")}"'
        if value is None:
            yield f"call :none {place}"
        elif value.type is RegistryType.SZ:
            yield f'call :text {place} "{_escaped(value)}"'
        else:
            first, *rest = self._exports.shown(step, value, other).pieces
            yield f'call :is {place} "{first}"'
            yield from (f'if not errorlevel 1 call :more "{piece}"' for piece in rest)
        yield then


def _escaped(value: RegistryValue) -> str:
    """Return a text as a registry file has it."""
    return word(str(value.data), "the text").replace("\\", "\\\\")
