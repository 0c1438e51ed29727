# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes wrong while a script runs: no rights, no room, a console that somebody closes."""

from __future__ import annotations

from pathlib import Path

import pytest

from winsim.batch import CLOSED
from winsim.host.model import State

from .desk import SERVICES, desk

SPOOLER = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Spooler"


@pytest.mark.parametrize("scenario", ["windows_xp", "windows_7", "windows_server_2022"])
def test_a_user_changes_nothing(tmp_path: Path, scenario: str) -> None:
    host = desk(scenario, tmp_path)
    (host.stick / "a.reg").write_bytes(f'REGEDIT4\r\n\r\n[{SPOOLER}]\r\n"Start"=dword:4\r\n'.encode())
    tests = ["fsutil dirty query %SystemDrive%", "reg query HKU\\S-1-5-19"]
    text = "\n".join(f"{test} >nul 2>&1\nif errorlevel 1 (echo user) else (echo administrator)" for test in tests)
    assert host.lines(text) == ["administrator"] * 2
    assert host.lines(text, administrator=False) == ["user"] * 2
    before = host.computer.state()
    changes = [
        "reg add HKLM\\SOFTWARE\\X /v A /t REG_DWORD /d 1 /f", "reg delete HKLM\\SOFTWARE\\X /f", "sc config Spooler start= disabled",
        "net stop Spooler /y", "sc stop Spooler", "regedit /s E:\\a.reg", "reg import E:\\a.reg", "echo x>%SystemRoot%\\System32\\x.txt",
    ]  # fmt: skip
    ended = host.run(
        "\n".join(f"{line} >nul 2>&1 || echo refused" if ">%" not in line else f"({line}) 2>nul || echo refused" for line in changes),
        administrator=False,
    )
    assert ended.console.count("refused") == len(changes) - 1, "regedit alone says nothing"
    assert host.computer.state() == before
    assert host.run("net start >nul && sc query >nul && netstat -an >nul", administrator=False).exit_code == 0


def test_a_user_of_windows_2000_is_told_by_a_file(tmp_path: Path) -> None:
    text = "set F=%SystemRoot%\\System32\\netmin.tmp\n(echo x>%F%) 2>nul || echo user\nif exist %F% echo made\ndel %F% 2>nul"
    host = desk("windows_2000", tmp_path)
    assert host.lines(text, administrator=False) == ["user"]
    assert host.lines(text) == ["made"]


@pytest.mark.parametrize(
    ("scenario", "level"), [("windows_2000", "0"), ("windows_xp", "0"), ("windows_server_2003", "1"), ("windows_server_2022", "1")]
)
def test_a_folder_is_read_only(tmp_path: Path, scenario: str, level: str) -> None:
    host = desk(scenario, tmp_path)
    text = "cmd /c exit 0\necho x>C:\\netmin\\a.txt\necho %ERRORLEVEL%\n(echo x>C:\\netmin\\a.txt) 2>nul || echo failed\necho y>E:\\b.txt"
    shown = host.lines(text, read_only=["C:\\netmin", "E:\\"])
    assert shown == ["Access is denied.", level, "failed", "The media is write protected."]
    assert not list(host.folder.iterdir())
    assert sorted(path.name for path in host.stick.iterdir()) == ["script.cmd"]


def test_the_disk_gets_full(tmp_path: Path) -> None:
    host = desk("windows_2000", tmp_path)
    whole = host.run("netstat -an >C:\\netmin\\a.txt\necho end>>C:\\netmin\\a.txt")
    assert (whole.exit_code, whole.console) == (0, "")
    size = len(host.written("a.txt"))
    cut = host.run(
        "netstat -an >C:\\netmin\\b.txt\necho end>>C:\\netmin\\b.txt\nregedit /e C:\\netmin\\c.reg " + SPOOLER, disk_full_after=size - 10
    )
    assert cut.exit_code == 0
    assert "There is not enough space on the disk." in cut.console
    assert host.written("b.txt") == host.written("a.txt")[: size - 10]
    assert host.written("c.reg") == b""
    assert host.lines("copy E:\\script.cmd C:\\netmin\\d.txt >nul\necho %ERRORLEVEL%", disk_full_after=3)[1:] == ["1"]


def test_the_console_is_closed_in_the_middle_of_each_step(tmp_path: Path) -> None:
    text = "\n".join(
        (
            "echo begin>C:\\netmin\\log.txt",
            "net stop lanmanserver /y >nul",
            "regedit /s E:\\a.reg",
            "sc config Spooler start= disabled >nul",
            "echo end>>C:\\netmin\\log.txt",
            "exit /b 7",
        )
    )
    reg = f'REGEDIT4\r\n\r\n[{SPOOLER}]\r\n"A"=dword:1\r\n"B"=dword:2\r\n'.encode()
    whole = desk("windows_xp", tmp_path / "whole")
    (whole.stick / "a.reg").write_bytes(reg)
    ended = whole.run(text)
    assert ended.exit_code == 7
    states = set()
    for step in range(ended.steps):
        host = desk("windows_xp", tmp_path / f"{step}")
        (host.stick / "a.reg").write_bytes(reg)
        cut = host.run(text, killed_after_step=step)
        assert (cut.exit_code, cut.steps) == (CLOSED, step)
        machine = host.computer.host
        stopped = [name for name in ("Browser", "lanmanserver") if (found := machine.services.find(name)) and found.state is State.STOPPED]
        log = host.folder / "log.txt"
        values = machine.registry.values(rf"{SERVICES}\Spooler") or {}
        states.add(
            (
                log.read_bytes() if log.exists() else None,
                tuple(stopped),
                "A" in values,
                "B" in values,
                machine.registry.number(rf"{SERVICES}\Spooler", "Start"),
            )
        )
    # A file that is open with nothing in it, some of the services, some of the values: each half has been seen.
    assert {state[0] for state in states} == {None, b"", b"begin\r\n"} | {state[0] for state in states if state[0] and b"end" in state[0]}
    assert {state[1] for state in states} == {(), ("Browser",), ("Browser", "lanmanserver")}
    assert {state[2:4] for state in states} == {(False, False), (True, False), (True, True)}
    assert {state[4] for state in states} == {2, 4}


def test_a_cmd_of_32_bits_is_told_by_its_variables(tmp_path: Path) -> None:
    text = "echo %PROCESSOR_ARCHITECTURE% [%PROCESSOR_ARCHITEW6432%]"
    host = desk("windows_7", tmp_path)
    assert host.lines(text) == ["AMD64 []"]
    assert host.lines(text, bitness=32) == ["x86 [AMD64]"]
    old = desk("windows_xp", tmp_path / "xp")
    assert old.lines(text) == old.lines(text, bitness=32) == ["x86 []"]
    with pytest.raises(ValueError, match="only 32"):
        old.run(text, bitness=64)
