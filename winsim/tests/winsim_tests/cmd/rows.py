# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Command lines and batch files that the small cmd and a real one carry out alike.

Left out, since Debian's wine (8.0) departs in them from what Microsoft's help says (its cmd was written anew after that: WineHQ, release
notes of 9.x and 10.0): a redirection before a command or of a whole block is not heeded, variables of a line are replaced only when their
command's turn comes, `&&` and `||` behind a program always go on, `2^>nul` in a loop's command is not heeded, a command that comes out of
a loop's variable is not taken apart, `find` knows no `/v`, and a command that is not there gives 9009 where `cmd /c` returns 1 (as WinRM's
users report). What fails with a text of its own is left out, too, and what `cmd /c` returns for a batch file whose last command leaves the
error level alone.
"""

from __future__ import annotations

# ruff: noqa: E501 # a row is one line
LINES = {
    "two commands": "echo one&echo two",
    "blanks stay": "echo one & echo two",
    "quotes keep operators": 'echo "one & two"',
    "a caret": "echo one ^& two ^| three ^> four",
    "a block": "(echo one&echo two)",
    "undefined stays": "echo [%undefined_name%]",
    "one sign stays": "echo 100%",
    "loop": "for %a in (1 2 3) do @echo [%a]",
    "numbers": "for /l %a in (1,2,7) do @echo [%a]",
    "numbers down": "for /l %a in (3,-1,1) do @echo [%a]",
    "if": "if a==a echo yes",
    "if not": "if not a==b echo yes",
    "if with else": "if a==b (echo yes) else (echo no)",
    "if with else and more": "if a==b (echo yes) else echo no&echo more",
    "if is false for all of the line": "if a==b echo yes&echo more",
    "if defined": "if defined SystemRoot echo yes",
    "if not defined": "if not defined undefined_name echo yes",
    "exit code": "exit 7",
    "exit code of a child": "cmd /c exit 9",
    "nul": "echo gone>nul&echo stays",
    "errors to nul": "echo gone 1>&2 2>nul&echo stays",
    "a file": "echo one>made.txt&echo two>>made.txt&type made.txt",
    "a digit that is no handle": "echo a1>made.txt&type made.txt",
    "pipe": 'echo one two|find "two"',
    "pipe without a match": 'echo one two|find "three"',
    "pipe in pipe": 'echo one two|find "one"|find "two"',
    "echo of nothing": "echo.",
    "for /f text": 'for /f "tokens=1,3" %a in ("x y z") do @echo [%a][%b]',
    "for /f other delimiters": 'for /f "tokens=2 delims=&" %a in ("x&y z&w") do @echo [%a]',
    "for /f delimiters one after another": 'for /f "tokens=2 delims=," %a in ("x,,y") do @echo [%a]',
    "for /f token that is not there": 'for /f "tokens=5" %a in ("x y z") do @echo [%a]',
    "for /f command": "for /f %a in ('echo one') do @echo [%a]",
    "for /f quoted command": "for /f \"tokens=2\" %a in ('echo one two') do @echo [%a]",
    "a folder": "md folder&if exist folder echo made&rd folder&if not exist folder echo gone",
    "a folder with a file": "md folder&echo x>folder\\file.txt&rd /s /q folder&if not exist folder echo gone",
    "delete": "echo x>file.txt&del file.txt&if not exist file.txt echo gone",
    "delete many": "echo x>a.one&echo y>a.two&echo z>ab.one&del /q a.*&if not exist a.one if not exist a.two type ab.one",
    "rename": "echo x>a.one&ren a.one b.one&type b.one&if not exist a.one echo gone",
    "rename what is not there": "ren nothing.one b.one 2>nul||echo no",
}
"""What stands behind `cmd /c`."""

BATCHES = {
    "percent twice": "@echo off\necho 100%%",
    "undefined vanishes": "@echo off\necho [%undefined_name%]",
    "set": '@echo off\nset name=one two\necho [%name%]\nset "name=quoted & safe"\necho "[%name%]"\nset name=\necho [%name%]',
    "a blank behind belongs to it": "@echo off\nset name=one \necho [%name%]",
    "substrings": "@echo off\nset name=abcdef\necho %name:~2% %name:~1,3% %name:~-2% %name:~0,-1%",
    "replacing": "@echo off\nset name=one two one\necho %name:one=three%",
    "numbers": "@echo off\nset /a n=1+2*3\necho %n%\nset /a n+=5\necho %n%\nset /a n=n*2-(1+1)\necho %n%\nset /a n=7/2\necho %n%",
    "modulus": "@echo off\nset /a n=17%%5\necho %n%",
    "hexadecimal": "@echo off\nset /a n=0x10\necho %n%",
    "count": "@echo off\nset n=0\n:again\nset /a n+=1\necho %n%\nif %n% lss 4 goto again\necho end",
    "comparisons": (
        "@echo off\nif 10 gtr 9 echo numbers\nif 1 equ 1 echo equal\nif 3 geq 4 (echo wrong) else (echo right)\n"
        "if 5 leq 5 echo leq\nif 1 neq 2 echo neq"
    ),
    "labels": "@echo off\ngoto there\necho not here\n:there\necho here\ngoto :eof\necho not here",
    "call": '@echo off\ncall :sub one "two three"\necho back\ngoto :eof\n:sub\necho [%1][%2][%~2]\ngoto :eof',
    "call with a code": "@echo off\ncall :sub\necho %errorlevel%\nexit /b 4\n:sub\nexit /b 3",
    "call sets what it is told to": "@echo off\ncall :sub\necho [%answer%]\ngoto :eof\n:sub\nset answer=set\ngoto :eof",
    "nested calls": "@echo off\ncall :a\necho end\ngoto :eof\n:a\ncall :b\necho a\ngoto :eof\n:b\necho b\ngoto :eof",
    "setlocal": "@echo off\nset n=1\ncall :sub\necho %n%\ngoto :eof\n:sub\nsetlocal\nset n=2\necho %n%\ngoto :eof",
    "endlocal": "@echo off\nset n=1\nsetlocal\nset n=2\nendlocal\necho %n%",
    "delayed": "@echo off\nsetlocal enabledelayedexpansion\nset n=1\nfor %%a in (1 2) do (\nset /a n+=1\necho !n!\n)",
    "not delayed": "@echo off\nset n=1\nfor %%a in (1 2) do (\nset /a n+=1\necho %n%\n)\necho %n%",
    "exit ends a block": "@echo off\nif 1==1 (\necho one\nexit /b 5\n)\necho two",
    "errorlevel": "@echo off\ncmd /c exit 3\nif errorlevel 3 echo three or more\nif errorlevel 4 echo wrong\nif not errorlevel 4 echo less than four",
    "error level of what is not there": "@echo off\nnosuchprogram 2>nul\necho %errorlevel%",
    "blocks": "@echo off\nif 1==1 (\necho one\necho two\n) else (\necho three\n)\necho four",
    "blocks in blocks": "@echo off\nif 1==1 (\nif 1==2 (\necho one\n) else (\necho two\n)\n)\necho three",
    "a loop over lines": '@echo off\necho a 1 >made.txt\necho b 2 >>made.txt\nfor /f "tokens=1,2" %%a in (made.txt) do echo %%b%%a',
    "a loop over what a command says": "@echo off\nfor /f \"tokens=1,2*\" %%a in ('echo one two three four') do echo [%%c]",
    "a pipe in a loop": "@echo off\nfor /f %%a in ('echo one^|find \"one\"') do echo [%%a]",
    "a loop calls": "@echo off\nfor %%a in (1 2) do call :sub %%a\ngoto :eof\n:sub\necho [%1]\ngoto :eof",
    "remarks": "@echo off\nrem echo not\n:: echo not\necho yes",
    "arguments": '@echo off\nif "%~1"=="" echo none\nshift\necho [%0]>nul',
    "codes": "@echo off\ncmd /c exit 1\nset codes=%codes% %errorlevel%\ncmd /c exit 2\nset codes=%codes% %errorlevel%\necho%codes%\nexit /b 0",
    "values": (
        '@echo off\nset "K=HKLM\\SOFTWARE\\netmin-row-1"\nreg add "%K%" /v Name /t REG_SZ /d "some text" /f >nul\necho %errorlevel%\n'
        'reg query "%K%" /v Name\nset VALUE=\nfor /f "tokens=1,2*" %%a in (\'reg query "%K%" /v Name\') do if "%%a"=="Name" set "VALUE=%%c"\n'
        'echo [%VALUE%]\nreg delete "%K%" /f >nul\nreg query "%K%" >nul 2>nul\necho %errorlevel%'
    ),
    "types": (
        '@echo off\nset "K=HKLM\\SOFTWARE\\netmin-row-3"\nreg add "%K%" /v D /t REG_DWORD /d 0x10 /f >nul\n'
        'reg add "%K%" /v M /t REG_MULTI_SZ /d "a\\0b c" /f >nul\nreg add "%K%" /v B /t REG_BINARY /d 01ff /f >nul\n'
        'reg add "%K%" /v E /t REG_EXPAND_SZ /d "%%SystemRoot%%\\x" /f >nul\nreg query "%K%" /v D\nreg query "%K%" /v M\n'
        'reg query "%K%" /v B\nreg query "%K%" /v E\nreg delete "%K%" /v D /f >nul\nreg query "%K%" /v D >nul 2>nul || echo gone\n'
        'reg delete "%K%" /f >nul'
    ),
    "numbered commands": (
        '@echo off\nset "K=HKLM\\SOFTWARE\\netmin-row-4"\nreg add "%K%" /v 001 /t REG_SZ /d "echo first & echo second" /f >nul\n'
        'reg add "%K%" /v 002 /t REG_SZ /d "exit 6" /f >nul\nset I=1000\n:next\nset /a I+=1\nset VALUE=\n'
        'for /f "tokens=1,2*" %%a in (\'reg query "%K%" /v %I:~1% 2^>nul\') do if "%%a"=="%I:~1%" set "VALUE=%%c"\n'
        'if not defined VALUE goto done\ncmd /c "%VALUE%"\necho %errorlevel%\ngoto next\n:done\nreg delete "%K%" /f >nul\necho done %I%'
    ),
}
"""Batch files, run as `cmd /c FILE`."""
