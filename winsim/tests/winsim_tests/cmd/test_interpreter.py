# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the small cmd makes of command lines and batch files: beyond what a real one could be asked here."""

from __future__ import annotations

import pytest

from winsim.host.files import ADMINISTRATOR
from winsim.providers.console import HostConsole
from winsim.providers.programs import HostFiles

from ..providers.walk import walk

FOLDER = r"C:\Windows\Temp"


@pytest.fixture(scope="module")
def console() -> HostConsole:
    """Start one host for all tests that leave nothing."""
    return walk("windows_server_2022").computer.console


def line(console: HostConsole, text: str) -> tuple[str, int]:
    """Run a command line."""
    result = console.run(text, [])
    return result.stdout.decode(), result.exit_code


def batch(console: HostConsole, text: str, arguments: str = "") -> tuple[str, int]:
    """Run a batch file."""
    HostFiles(console.host, ADMINISTRATOR).write(rf"{FOLDER}\row.cmd", text.replace("\n", "\r\n"), append=False)
    return line(console, rf"{FOLDER}\row.cmd {arguments}")


@pytest.mark.parametrize(
    ("text", "stdout", "code"),
    [
        ("cmd /c exit 3&&echo two", "", 3),
        ("cmd /c exit 3||echo two", "two\r\n", 0),
        ("cmd /c exit 3&&echo two||echo three", "three\r\n", 0),
        ("echo one||echo two", "one\r\n", 0),
        ("set new_name=1&echo [%new_name%]", "[%new_name%]\r\n", 0),
        ("nosuchprogram", "", 1),
        ('""C:\\Windows\\System32\\cmd.exe" /c "echo two words""', "two words\r\n", 0),
        ("(echo one&echo two)>C:\\Windows\\Temp\\made&type C:\\Windows\\Temp\\made", "one\r\ntwo\r\n", 0),
        (">C:\\Windows\\Temp\\made echo one&type C:\\Windows\\Temp\\made", "one\r\n", 0),
        ("echo n 2>nul", "n \r\n", 0),
        ("echo one|find /v \"one\"", "", 1),
        ("echo ^<a b=\"1 ^& 2\"/^>", '<a b="1 ^& 2"/>\r\n', 0),
        ("if exist C:\\Windows\\Temp (echo yes) else (echo no)", "yes\r\n", 0),
        ("if /i ABC==abc echo yes", "yes\r\n", 0),
        ("set /a 7*(2+3)-0x10", "19", 0),
        ("set /a 1/0", "", 1073750993),
        ("set nothing_of_this_name", "", 1),
        ("type C:\\Windows\\nosuch", "", 1),
        ("echo %SystemRoot% %OS%", "C:\\Windows Windows_NT\r\n", 0),
        ("cd /d C:\\Windows\\System32&cd", "C:\\Windows\\System32\r\n", 0),
        ("rem one & echo two", "", 0),
        ("for /f \"delims=\" %a in ('type C:\\nosuch 2^>nul') do @echo [%a]", "", 0),
    ],
)  # fmt: skip
def test_lines(console: HostConsole, text: str, stdout: str, code: int) -> None:
    assert line(console, text) == (stdout, code)


@pytest.mark.parametrize(
    "text",
    [
        "nosuchprogram",
        "copy a b",
        "for /r %a in (*) do echo %a",
        "for /d %a in (*) do echo %a",
        "set /x",
        "rd /s C:\\Windows\\Temp",
        "del /s C:\\Windows\\Temp\\*",
        "start /realtime cmd",
        "if a",
        "(echo",
        "echo one |",
        "echo %random%",
        "call :label",
        "shift 3 & setlocal nothing_of_this",
        "for %a (1) do echo",
        "x" * 8192,
    ],
)
def test_what_is_not_known_is_refused_with_a_text(console: HostConsole, text: str) -> None:
    result = console.run(text, [])
    assert result.exit_code != 0
    assert result.stderr


@pytest.mark.parametrize(
    ("text", "stdout", "code"),
    [
        ("@echo off\n>made.txt (\necho one\necho two\n)\ntype made.txt", "one\r\ntwo\r\n", 0),
        ('@echo off\nfor /f "tokens=2 delims=&" %%a in ("x&echo told&y") do %%a', "told\r\n", 0),
        ("@echo off\ncmd /c exit 3||echo two\necho %errorlevel%", "two\r\n3\r\n", 3),
        # Of itself `rd` leaves the error level alone (SS64, "rd"); || sets it, and && does not (SS64, "errorlevel").
        ("@echo off\nrd nosuch 2>nul\necho %errorlevel%", "0\r\n", 0),
        ("@echo off\nrd nosuch 2>nul&&echo not\necho %errorlevel%", "0\r\n", 0),
        ("@echo off\nrd nosuch 2>nul||echo two\necho %errorlevel%", "two\r\n2\r\n", 2),
        ("@echo off\nrd nosuch 2>nul||rem\nif errorlevel 2 echo set", "set\r\n", 2),
        ("@echo off\nnosuchprogram 2>nul\nif errorlevel 9009 echo not there\nexit /b 0", "not there\r\n", 0),
        ("@echo off\necho one\nif (", "one\r\n", 255),
        ("@echo off\ngoto nowhere\necho not", "", 1),
        ("@echo off\ncall :sub\necho %errorlevel%\nexit /b 0\n:sub\nexit /b 7", "7\r\n", 0),
        ("@echo off\nexit 4\necho not", "", 4),
        ("@echo off\necho [%~1] [%~n0] %*", '[a b] [row] "a b" c\r\n', 0),
        ("echo one", "\r\nC:\\Windows>echo one \r\none\r\n", 0),
        ("@echo off\nset n=5\nif %n% geq 5 if not defined nothing echo both", "both\r\n", 0),
        ("@echo off\n(\necho one\n\nrem no\n:: no\necho two\n)", "one\r\ntwo\r\n", 0),
        ("@echo off\necho o^\nne", "one\r\n", 0),
        ("@echo off\ntype nul>empty\nfor /f %%a in (empty) do echo not\necho end", "end\r\n", 0),
        ("@echo off\ndel %~f0\necho not", "", 1),
    ],
)
def test_batch_files(console: HostConsole, text: str, stdout: str, code: int) -> None:
    assert batch(console, text, '"a b" c') == (stdout, code)


def test_a_loop_without_end_lets_time_pass() -> None:
    host = walk("windows_server_2022")
    running = host.computer.console.start("for /l %a in (1,1,100000) do @rem", [])
    assert running.result is None
    host.clock.advance(60)
    result = running.result
    assert result is not None
    assert result.exit_code == 0


def test_ping_waits_by_the_host_s_time_and_no_step_of_the_clock_matters() -> None:
    host = walk("windows_xp")
    running = host.computer.console.start("echo a&ping -n 6 127.0.0.1 >nul&echo b", [])
    host.computer.step_clock(3600)
    host.clock.advance(4.9)
    assert running.result is None
    host.clock.advance(0.2)
    assert running.result is not None
    assert running.result.stdout == b"a\r\nb\r\n"
