# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The batch language at a console: what it gives, what each Windows limits, and that nothing unknown passes silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from winsim.batch import NotKnown

from ..cmd.test_differential import WINE, Outcome, bare, real
from .desk import desk
from .rows import BOTH, OURS

ROWS = {**BOTH, **OURS}


@pytest.mark.parametrize(("text", "shown"), list(ROWS.values()), ids=list(ROWS))
@pytest.mark.parametrize("scenario", ["windows_2000", "windows_server_2022"])
def test_a_batch_file_shows(tmp_path: Path, scenario: str, text: str, shown: list[str]) -> None:
    host = desk(scenario, tmp_path)
    written = host.lines(text, name="row.cmd", directory="E:\\")
    assert written == shown or (not shown and any("unexpected" in line for line in written))


@pytest.mark.skipif(WINE is None, reason="no wine here: apt-get install wine")
def test_a_real_cmd_shows_the_same(tmp_path: Path) -> None:
    texts = {f"batch: {name}": f"@echo off\n{text}" for name, (text, _shown) in BOTH.items()}
    wanted = {f"batch: {name}": [*shown, ""] for name, (_text, shown) in BOTH.items()}
    wrong = dict(texts)
    # On a busy machine wine does not start a program now and then: what differs is asked once more.
    for attempt in ("first", "second"):
        theirs = real(tmp_path / attempt, wrong)
        nothing = Outcome("", 0)
        wrong = {name: text for name, text in wrong.items() if bare(theirs.get(name, nothing).stdout) != wanted[name]}
        if not wrong:
            return
    assert {name: wanted[name] for name in wrong} == {name: bare(theirs[name].stdout) if name in theirs else None for name in wrong}


def test_where_the_script_is_and_where_it_starts(tmp_path: Path) -> None:
    host = desk("windows_2000", tmp_path)
    (host.stick / "a & b%!^").mkdir()
    shown = host.lines('cd\necho "%~dp0"\necho "%~f0" %~n0\ncall :sub\ngoto :eof\n:sub\necho "%~dp0"', name="a & b%!^/x.cmd")
    assert shown == [r"C:\WINNT\system32", '"E:\\a & b%!^\\"', '"E:\\a & b%!^\\x.cmd" x', '"E:\\a & b%!^\\"']


def test_arguments_keep_their_quotes(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    assert host.lines('echo %1 %~1 [%2] [%3]\nif exist "%~1\\" echo there', r'"C:\netmin"', "/plan") == [
        r'"C:\netmin" C:\netmin [/plan] []',
        "there",
    ]


@pytest.mark.parametrize(("scenario", "limit"), [("windows_2000", 2047), ("windows_xp", 8191), ("windows_11", 8191)])
def test_a_line_has_a_limit(tmp_path: Path, scenario: str, limit: int) -> None:
    host = desk(scenario, tmp_path)
    assert host.run("echo " + "x" * (limit - 5)).exit_code == 0
    ended = host.run("echo " + "x" * (limit - 4) + "\necho not")
    assert (ended.exit_code, ended.console) == (255, "The input line is too long.\r\n")
    # The line counts as it is when its variables are replaced, too.
    ended = host.run(f'set "X={"x" * 1000}"\necho ' + "%X%" * (limit // 1000 + 1))
    assert ended.exit_code == 255


@pytest.mark.parametrize(("scenario", "code"), [("windows_2000", 1), ("windows_xp", 9009), ("windows_7", 9009)])
def test_a_command_that_there_is_not(tmp_path: Path, scenario: str, code: int) -> None:
    shown = desk(scenario, tmp_path).lines("nosuchprogram\necho %ERRORLEVEL%")
    assert shown == ["'nosuchprogram' is not recognized as an internal or external command,", "operable program or batch file.", str(code)]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("for /r %%a in (*) do echo %%a", "for /r"),
        ("for /d %%a in (*) do echo %%a", "for /d"),
        ("dir", "dir"),
        ("echo %RANDOM%", "RANDOM"),
        ("echo %~t0", "%~t"),
        ("echo %~$PATH:1", "PATH"),
        ("setlocal disableextensions", "disableextensions"),
        ("copy a+b c", "a+b"),
        ("rem what %~ does", "%~"),
        ("if 1==1 (\n:: a remark\necho x\n)", "parentheses"),
        ("call echo a ^& b", "outside quotes"),
        ("pushd \\\\server\\share", "server"),
        ("start notepad", "notepad"),
        ("echo x>con", "con"),
        ("xcopy a b", "xcopy"),
        ("net use", "use"),
        ("net session >nul 2>&1", "session"),
        ("sc qtriggerinfo x 2>nul", "qtriggerinfo"),
        ("reg compare HKLM\\A HKLM\\B >nul 2>nul", "compare"),
        ("netstat -b", "-b"),
        ("netsh interface ip show config", "interface"),
        ("regedit x.reg", "window"),
        ("pause", "keyboard"),
        ("for /f %%a in ('net use 2^>nul') do echo %%a", "use"),
        ("net use | find \"x\"", "use"),
        ("echo a|findstr /l \"b cc\"", "/i"),
        ("chcp 65001", "65001"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_an_exception_that_names_it(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(NotKnown) as raised:
        desk("windows_xp", tmp_path).run(text)
    assert named in str(raised.value)


@pytest.mark.parametrize(
    ("content", "named"),
    [(b"@echo off\necho x\n", "CR LF"), ("\ufeff@echo off\r\n".encode("utf-16-le"), "UTF-16"), (b"echo x\r\n\x1a", "0x1A")],
)
def test_a_file_that_windows_reads_otherwise_is_refused(tmp_path: Path, content: bytes, named: str) -> None:
    host = desk("windows_xp", tmp_path)
    (host.stick / "other.cmd").write_bytes(content)
    with pytest.raises(NotKnown, match=named):
        host.run("call E:\\other.cmd")


def test_a_mark_of_utf_8_spoils_the_first_line(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    (host.stick / "other.cmd").write_bytes(b"\xef\xbb\xbf@echo off\r\necho x\r\n")
    assert "@echo' is not recognized" in host.run("call E:\\other.cmd").console


def test_a_key_that_somebody_presses(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    assert host.lines("set /p X=Name? \necho [%X%]", keys="me\r\n") == ["Name? [me]"]


def test_one_that_waits_takes_the_hosts_time(tmp_path: Path) -> None:
    host = desk("windows_2000", tmp_path)
    before = host.computer.host.time.elapsed()
    assert host.run("ping -n 11 127.0.0.1 >nul").exit_code == 0
    assert host.computer.host.time.elapsed() - before == 10


@pytest.mark.parametrize(
    ("scenario", "page", "text"),
    [
        ("windows_xp", 437, "Active code page: 437"),
        ("windows_server_2008_r2_german", 850, "Aktive Codepage: 850."),
        ("windows_7_japanese", 932, ": 932"),
    ],
)
def test_bytes_are_those_of_the_code_page(tmp_path: Path, scenario: str, page: int, text: str) -> None:
    host = desk(scenario, tmp_path)
    (host.stick / "in.txt").write_bytes(b"\x99 \x81\x81\r\n")
    shown = host.run("chcp\ntype E:\\in.txt >C:\\netmin\\out.txt\nchcp 850 >nul\nchcp >C:\\netmin\\page.txt")
    assert text in shown.console
    assert host.written("out.txt") == b"\x99 \x81\x81\r\n", page
    assert b"850" in host.written("page.txt")
