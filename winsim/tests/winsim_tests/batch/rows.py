# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Batch files with what they show: each is from the help texts of cmd, or from what its users publish (SS64)."""

from __future__ import annotations

BOTH = {
    "copy": ("echo one>a.txt\ncopy /y a.txt b.txt >nul\ntype b.txt", ["one"]),
    "folders on a stack": ("md one\npushd one\necho x>made.txt\npopd\nif exist one\\made.txt echo back", ["back"]),
    "files in a loop": ("echo x>a.one\necho y>b.one\necho z>c.two\nfor %%f in (*.one) do echo %%~nxf", ["a.one", "b.one"]),
    "no file in a loop": ("for %%f in (*.nothing) do echo %%f\necho end", ["end"]),
    "size of a file": ("echo 12345>a.txt\nfor %%f in (a.txt) do echo %%~zf", ["7"]),
    "a pattern exists": ("echo x>a.one\nif exist *.one echo yes\nif not exist *.two echo no", ["yes", "no"]),
    "shift from the second on": ("call :sub a b c\ngoto :eof\n:sub\nshift /1\necho %1 %2", ["b c"]),
    "a file name with a blank": ('echo one two>"a b.txt"\nfor /f "usebackq tokens=2" %%a in ("a b.txt") do echo %%a', ["two"]),
    "a value with signs": ('set "X=a & b | c ^ d > e"\necho "%X%"', ['"a & b | c ^ d > e"']),
    "a percent sign in a value": ('set "X=50%%"\nset X', ["X=50%"]),
    "an exclamation mark": ('set "X=a!b!c"\necho "%X%"', ['"a!b!c"']),
    "the first one that exists": ("goto there\n:here\necho here\ngoto :eof\n:there\nif 1==1 goto here\necho not", ["here"]),
    "code of a label": ("call :sub\nif errorlevel 5 if not errorlevel 6 echo five\ngoto :eof\n:sub\nexit /b 5", ["five"]),
}
"""What a real cmd and the small one do alike."""

OURS = {
    "copy of what is not there": ("copy nothing.txt b.txt >nul 2>nul || echo no", ["no"]),
    "own name in a label": ("call :sub\ngoto :eof\n:sub\necho %~nx0", ["row.cmd"]),
    "a line from a file": ("echo first>a.txt\nset /p LINE=<a.txt\necho [%LINE%]", ["[first]"]),
    "a redirection in front": ('>a.txt echo one\n>>a.txt echo two\nfor /f "delims=" %%a in (a.txt) do echo %%a', ["one", "two"]),
    "and, or": ("cmd /c exit 1 && echo a || echo b\ncd . && echo c || echo d", ["b", "c"]),
    "expanded when the block is read": ('set "X=1"\nif 1==1 (\nset "X=2"\necho %X%\n)\necho %X%', ["1", "2"]),
    "a parenthesis in a value ends a block": ('set "X=a)b"\nif 1==2 (\necho %X%\n) else (echo no)', []),
    "an old error level hides the new one": (
        "set ERRORLEVEL=4\ncmd /c exit 3\necho %ERRORLEVEL%\nif errorlevel 3 echo three",
        ["4", "three"],
    ),
    "octal": ("if 08 equ 8 (echo equal) else (echo not)\nif 010 equ 8 echo octal", ["not", "octal"]),
    "set clears the error level in a .cmd": ("cmd /c exit 3\nset X=1\necho %ERRORLEVEL%", ["0"]),
    "a label at the end of a line": (":a:b\ngoto c\necho not\n:c some words\necho there", ["there"]),
    "nothing in for /f": ("echo.>a.txt\necho ;x>>a.txt\necho y>>a.txt\nfor /f %%a in (a.txt) do echo [%%a]", ["[y]"]),
    "lines are counted": ('(echo 1\necho.\necho 3)>a.txt\nfind /c /v "" <a.txt', ["3"]),
    "a quoted quote": ('echo say "x">a.txt\nfind "say ""x""" <a.txt >nul && echo found', ["found"]),
    "ver and the error level": ("cmd /c exit 3\nver >nul\necho %ERRORLEVEL%", ["0"]),
    "a percent sign is echoed": ('set "X=50%%"\necho "%X%"', ['"50%"']),
    "call doubles a caret in quotes": ('call :sub "a^b"\ngoto :eof\n:sub\necho %1', ['"a^^b"']),
    "another drive": ("C:\ncd \\\ncd\nE:\ncd", ["C:\\", "E:\\"]),
}
"""What wine does otherwise, or what cannot be asked there."""
