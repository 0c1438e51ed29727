# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The small cmd beside a real `cmd.exe`: Debian's wine, where it is installed. One wine process runs all rows."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from winsim.host.files import ADMINISTRATOR
from winsim.providers.console import HostConsole
from winsim.providers.programs import HostFiles

from ..providers.walk import walk
from .rows import BATCHES, LINES

WINE = shutil.which("wine")
SPECIAL = '^&|<>()"'
TIMEOUT = 300.0

ROWS = {**{f"line: {name}": text for name, text in LINES.items()}, **{f"batch: {name}": text for name, text in BATCHES.items()}}


@dataclass(frozen=True)
class Outcome:
    """What a row wrote to its standard output, and its exit code."""

    stdout: str
    code: int


def real(folder: Path, rows: Mapping[str, str]) -> dict[str, Outcome]:
    """Run rows in wine's cmd, each in a folder of its own below `folder`; one that left nothing is left out."""
    lines = ["@echo off"]
    for number, (name, text) in enumerate(rows.items()):
        place = folder / f"{number}"
        place.mkdir(parents=True)
        if name.startswith("batch"):
            (place / "row.cmd").write_bytes(text.replace("\n", "\r\n").encode() + b"\r\n")
        lines += [f"cd {number}", f"cmd /c {escaped(called_as(name, text))} >out 2>err", "echo %errorlevel% >code", "cd .."]
    (folder / "all.cmd").write_bytes("\r\n".join([*lines, ""]).encode())
    environment = {**os.environ, "WINEPREFIX": str(folder.parent / "prefix"), "WINEDEBUG": "-all", "DISPLAY": ""}
    subprocess.run([str(WINE), "cmd", "/c", "all.cmd"], cwd=folder, env=environment, capture_output=True, timeout=TIMEOUT, check=False)
    found = {}
    for number, name in enumerate(rows):
        written, code = folder / f"{number}" / "out", folder / f"{number}" / "code"
        if written.exists() and code.exists():
            found[name] = Outcome(written.read_bytes().decode("ascii"), int(code.read_text()))
    return found


def called_as(name: str, text: str) -> str:
    """Return what stands behind `cmd /c` for a row."""
    return "row.cmd" if name.startswith("batch") else text


def escaped(line: str) -> str:
    """Return a command line as a batch file passes it on untouched."""
    return "".join(f"^{sign}" if sign in SPECIAL else "%%" if sign == "%" else sign for sign in line)


@pytest.fixture(scope="module")
def simulated() -> HostConsole:
    """Start one host for all rows."""
    return walk("windows_server_2022").computer.console


def ours(console: HostConsole, number: int, name: str, text: str) -> Outcome:
    """Run a row in the small cmd, in an empty folder."""
    folder = rf"C:\Windows\Temp\{number}"
    assert console.run(f"md {folder}", []).exit_code == 0
    if name.startswith("batch"):
        HostFiles(console.host, ADMINISTRATOR).write(rf"{folder}\row.cmd", text.replace("\n", "\r\n") + "\r\n", append=False)
    result = console.run(f"cd {folder}&&cmd /c {escaped_once(called_as(name, text))}", [])
    return Outcome(result.stdout.decode("cp437"), result.exit_code)


def escaped_once(line: str) -> str:
    """Return a command line as another command line passes it on untouched."""
    return "".join(f"^{sign}" if sign in SPECIAL else sign for sign in line)


@pytest.mark.skipif(WINE is None, reason="no wine here: apt-get install wine")
def test_both_do_the_same(tmp_path: Path, simulated: HostConsole) -> None:
    made = {name: ours(simulated, number, name, text) for number, (name, text) in enumerate(ROWS.items())}
    wrong = dict(ROWS)
    # On a busy machine wine does not start a program now and then: what differs is asked once more.
    for attempt in ("first", "second"):
        theirs = real(tmp_path / attempt, wrong)
        wrong = {name: text for name, text in wrong.items() if name not in theirs or not same(made[name], theirs[name])}
        if not wrong:
            return
    assert {name: made[name] for name in wrong} == {name: theirs.get(name) for name in wrong}


def same(one: Outcome, other: Outcome) -> bool:
    """Compare outcomes but for the blanks at the ends of lines."""
    return (bare(one.stdout), one.code) == (bare(other.stdout), other.code)


def bare(text: str) -> list[str]:
    """Return lines without the blanks at their ends: those before the redirections of the row belong to the last command."""
    return [line.rstrip(" ") for line in text.split("\r\n")]
