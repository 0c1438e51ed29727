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
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import START

from .reg import HEADER, ROOT, Exports, data
from .script import TRIES, Place, Target, probed
from .steps import AddRule, DropKey, DropRule, Start, Step, Stop, Write
from .words import said, word

NET, FIND, PING = (f'"%TOOLS%\\{name}.exe"' for name in ("net", "find", "ping"))
PRODUCTS = rf"{ROOT}SYSTEM\CurrentControlSet\Control\ProductOptions"
ACTIVE_NAME = rf"{ROOT}SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"
LISTED_ALL = "'type \"%KEPT%\\value.txt\"'"
LISTED = f'\'type "%KEPT%\\value.txt" ^| {FIND}'
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
        before, after = (list(self._is(step, *pair)) for pair in ((step.before, step.after), (step.after, step.before)))
        if len(before) == len(after) == 1:
            yield from (*before, f"if errorlevel 1 {after[0]}", "if errorlevel 1 call :differing")
            return
        yield 'set "FOUND="'
        for lines in (before, after):
            yield from (*lines, 'if not errorlevel 1 set "FOUND=1"')
        yield "if not defined FOUND call :differing"

    def kept(self, number: int, key: str) -> str:
        """Export a key; one that is not there leaves no file."""
        return f'{REGEDIT} /e "%KEPT%\\before-{number}.reg" "{ROOT}{word(key, "the key")}"'

    def write(self, step: Write, place: Place) -> Iterator[str]:
        """Write a value by a registry file of one line, and read it back from an export."""
        key, name = word(step.key, "the key"), word(step.name, "the value")
        yield from (*self._is(step, step.after, step.before), f"if not errorlevel 1 goto {place.after}")
        if place.undoing:
            yield from (*self._is(step, step.before, step.after), f"if not errorlevel 1 goto {place.own}")
            yield "call :leave"
            yield f"goto {place.after}"
            yield f":{place.own}"
        yield "call :say"
        if step.after is not None and step.after.type is RegistryType.SZ:
            yield f'%DO%call :settext "{ROOT}{key}" "{name}" "{_escaped(step.after)}"'
        else:
            yield f'%DO%call :set "{ROOT}{key}" "{name}" "{"-" if step.after is None else data(step.after, old=True)}"'
        yield f"if defined PLAN goto {place.after}"
        yield from (*self._is(step, step.after, step.before), "if errorlevel 1 goto failed")
        if place.undoing and same(step.name, START):
            yield f'set "BACK{place.number}=1"'

    def stop(self, step: Stop, place: Place) -> Iterator[str]:
        """Stop a service with what depends on it until net.exe says that it does not run."""
        # One that is gone needs nothing.
        yield f'call :none "{ROOT}{SERVICES_KEY}\\{word(step.name, "the service")}" "Start"'
        yield f"if not errorlevel 1 goto {place.after}"
        yield "call :say"
        yield f'%DO%call :stop "{step.name}"'
        yield f"if defined PLAN goto {place.after}"
        yield "if errorlevel 1 goto failed"

    def start(self, step: Start, place: Place) -> Iterator[str]:
        """Start what ran; one whose start mode was just put back starts only after the restart, and then by itself or not."""
        # One that is gone needs nothing.
        yield f'call :none "{ROOT}{SERVICES_KEY}\\{word(step.name, "the service")}" "Start"'
        yield f"if not errorlevel 1 goto {place.after}"
        yield "call :say"
        yield f'%DO%call :start "{step.name}"'
        yield f"if defined PLAN goto {place.after}"
        if step.mode:
            yield f"if errorlevel 1 if defined BACK{step.mode} call :atboot"
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
        yield f'call :empty "{key}"'
        yield "if not errorlevel 1 goto failed"

    def restart(self) -> Iterator[str]:
        """Say who restarts: this Windows has no program for it."""
        yield "echo Windows 2000 has no command for it: restart it from the Start menu."

    def routines(self, steps: Sequence[Step], *, undoing: bool) -> Iterator[str]:
        """Return what the steps call."""
        yield ":export"
        yield "rem Windows 2000 shows a value only in the export of its key. A key that is not there leaves no file."
        yield 'if exist "%KEPT%\\value.reg" del "%KEPT%\\value.reg"'
        yield f'{REGEDIT} /e "%KEPT%\\value.reg" "%~1"'
        yield 'if exist "%KEPT%\\value.reg" type "%KEPT%\\value.reg" >"%KEPT%\\value.txt"'
        yield 'if not exist "%KEPT%\\value.reg" >"%KEPT%\\value.txt" echo "[%~1]" is not there'
        yield "rem A full disk leaves files that end too early. Then SEEN is not set, and nothing is taken for known."
        yield 'set "SEEN="'
        yield '>"%KEPT%\\probe.txt" echo netmin.windows'
        yield f'{FIND} "netmin" <"%KEPT%\\probe.txt" >nul'
        yield f'if not errorlevel 1 {FIND} /i "[%~1]" <"%KEPT%\\value.txt" >nul'
        yield 'if not errorlevel 1 set "SEEN=1"'
        yield 'if not defined SEEN echo   "%KEPT%" cannot be written any more, so it is not known what "%~1" has.'
        yield "goto :eof"
        yield ":own"
        yield "rem LINE is the line on which the export has the value %2 of the key %1 itself. Keys below it come behind its values."
        yield 'set "LINE="'
        yield 'set "BELOW="'
        yield f'for /f "delims=[]" %%n in ({LISTED} /n /i """%~2""="\') do if not defined LINE set "LINE=%%n"'
        yield f'for /f "skip=1 delims=[]" %%n in ({LISTED} /n /i "[%~1"\') do if not defined BELOW set "BELOW=%%n"'
        yield "if not defined LINE goto :eof"
        yield "if not defined BELOW goto :eof"
        yield 'if %LINE% gtr %BELOW% set "LINE="'
        yield "goto :eof"
        yield ":is"
        yield "rem 0 where the value %2 of the key %1 is %3, as an export writes it. A comma behind it would say that the value goes on."
        yield "call :export %1"
        yield "call :own %1 %2"
        yield 'set "IS="'
        yield f'for /f "delims=[]" %%n in ({LISTED} /n /i """%~2""=%~3"\') do if "%%n"=="%LINE%" set "IS=1"'
        yield f'for /f "delims=[]" %%n in ({LISTED} /n /i """%~2""=%~3,"\') do if "%%n"=="%LINE%" set "IS="'
        yield "goto answer"
        yield ":more"
        yield "rem 0 where the next line of the same value is %1: regedit breaks a long value, and begins such a line with two blanks."
        yield "set /a LINE=LINE+1"
        yield 'set "IS="'
        yield f'for /f "delims=[]" %%n in ({LISTED} /n /i "  %~1"\') do if "%%n"=="%LINE%" set "IS=1"'
        yield f'for /f "delims=[]" %%n in ({LISTED} /n /i "  %~1,"\') do if "%%n"=="%LINE%" set "IS="'
        yield "goto answer"
        yield ":text"
        yield "rem 0 where the value %2 of the key %1 is the text %3."
        yield "call :export %1"
        yield "call :own %1 %2"
        yield 'set "IS="'
        yield f'for /f "delims=[]" %%n in ({LISTED} /n "=""%~3"""\') do if "%%n"=="%LINE%" set "IS=1"'
        yield "goto answer"
        yield ":none"
        yield "rem 0 where the key %1 has no value %2."
        yield "call :export %1"
        yield "call :own %1 %2"
        yield 'set "IS=1"'
        yield 'if defined LINE set "IS="'
        yield ":answer"
        yield "if not defined SEEN exit /b 1"
        yield "if defined IS exit /b 0"
        yield "exit /b 1"
        if not undoing:
            yield ":differing"
            yield "rem Nothing will be changed, but all that differs is named."
            yield "echo   differs: %WHAT%"
            yield 'set "DIFFERS=1"'
            yield "goto :eof"
        yield ":set"
        yield "rem Writes a registry file with one value and imports it. Nobody believes regedit: the value is read back."
        yield "rem By way of 'for', no sign in the name of a key means anything to the command prompt."
        yield '>"%KEPT%\\set.reg" echo REGEDIT4'
        yield '>>"%KEPT%\\set.reg" echo.'
        yield 'for /f "delims=" %%k in ("[%~1]") do >>"%KEPT%\\set.reg" echo %%k'
        yield '>>"%KEPT%\\set.reg" echo "%~2"=%~3'
        yield f'{REGEDIT} /s "%KEPT%\\set.reg"'
        yield "goto :eof"
        yield ":settext"
        yield "rem The same, for a text."
        yield '>"%KEPT%\\set.reg" echo REGEDIT4'
        yield '>>"%KEPT%\\set.reg" echo.'
        yield 'for /f "delims=" %%k in ("[%~1]") do >>"%KEPT%\\set.reg" echo %%k'
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
            yield ":atboot"
            yield "rem Until the restart Windows 2000 goes on with the start mode that it read at the last one."
            yield "echo   starts with the restart: %WHAT%"
            yield "call :note"
            yield "exit /b 0"
        if any(isinstance(step, DropKey) for step in steps):
            yield ":empty"
            yield "rem 0 where the key %1 is there and its export has nothing but its name: neither a value nor another key."
            yield "call :export %1"
            yield "if not defined SEEN exit /b 1"
            yield 'if not exist "%KEPT%\\value.reg" exit /b 1'
            yield 'set "FULL="'
            yield f'for /f "delims=" %%k in ({LISTED_ALL}) do if /i not "%%k"=="[%~1]" if not "%%k"=="{HEADER}" set "FULL=1"'
            yield "if defined FULL exit /b 1"
            yield "exit /b 0"
            yield ":dropkey"
            yield "rem A key in brackets with a minus is deleted."
            yield '>"%KEPT%\\set.reg" echo REGEDIT4'
            yield '>>"%KEPT%\\set.reg" echo.'
            yield 'for /f "delims=" %%k in ("[-%~1]") do >>"%KEPT%\\set.reg" echo %%k'
            yield f'{REGEDIT} /s "%KEPT%\\set.reg"'
            yield "goto :eof"

    def _is(self, step: Write, value: RegistryValue | None, other: RegistryValue | None) -> Iterator[str]:
        """Yield the lines that look for one state of a value."""
        name = word(step.name, "the value")
        if not name:
            raise Refused(f"{step.target} has no name, which an export writes in another way")
        place = f'"{ROOT}{word(step.key, "the key")}" "{name}"'
        if value is None:
            yield f"call :none {place}"
        elif value.type is RegistryType.SZ:
            yield f'call :text {place} "{_escaped(value)}"'
        else:
            first, *rest = self._exports.shown(step, value, other).pieces
            yield f'call :is {place} "{first}"'
            yield from (f'if not errorlevel 1 call :more "{piece}"' for piece in rest)


def _escaped(value: RegistryValue) -> str:
    """Return a text as a registry file has it."""
    return word(str(value.data), "the text").replace("\\", "\\\\")
