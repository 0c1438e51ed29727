# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The small cmd beside a real `cmd.exe`: Debian's wine, where it is installed. One wine process runs all rows."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.files import ADMINISTRATOR
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.providers.console import HostConsole
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.providers.programs import HostFiles

from ..providers.walk import walk
from .rows import BATCHES, LINES

WINE = shutil.which("wine")
SPECIAL = '^&|<>()"'
TIMEOUT = 120.0

ROWS = {**{f"line: {name}": text for name, text in LINES.items()}, **{f"batch: {name}": text for name, text in BATCHES.items()}}


@dataclass(frozen=True)
class Outcome:
    """What a row wrote to its standard output, and its exit code."""

    stdout: str
    code: int


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """Run every row in wine's cmd."""
    if WINE is None:
        pytest.skip("no wine here: apt-get install wine")
    folder = tmp_path_factory.mktemp("wine")
    lines = ["@echo off"]
    for number, (name, text) in enumerate(ROWS.items()):
        place = folder / f"{number}"
        place.mkdir()
        called = called_as(name, text)
        if name.startswith("batch"):
            (place / "row.cmd").write_bytes(text.replace("\n", "\r\n").encode() + b"\r\n")
        lines += [f"cd {number}", f"cmd /c {escaped(called)} >out 2>err", "echo %errorlevel% >code", "cd .."]
    (folder / "all.cmd").write_bytes("\r\n".join([*lines, ""]).encode())
    environment = {**os.environ, "WINEPREFIX": str(folder / "prefix"), "WINEDEBUG": "-all", "DISPLAY": ""}
    done = subprocess.run([WINE, "cmd", "/c", "all.cmd"], cwd=folder, env=environment, capture_output=True, timeout=TIMEOUT, check=False)
    assert (folder / f"{len(ROWS) - 1}" / "code").exists(), done.stderr.decode("utf-8", "replace")
    return {
        name: Outcome((folder / f"{number}" / "out").read_bytes().decode("ascii"), int((folder / f"{number}" / "code").read_text()))
        for number, name in enumerate(ROWS)
    }


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


@pytest.mark.parametrize("name", ROWS)
def test_both_do_the_same(name: str, real: Mapping[str, Outcome], simulated: HostConsole) -> None:
    made = ours(simulated, list(ROWS).index(name), name, ROWS[name])
    assert (bare(made.stdout), made.code) == (bare(real[name].stdout), real[name].code)


def bare(text: str) -> list[str]:
    """Return lines without the blanks at their ends: those before the redirections of the row belong to the last command."""
    return [line.rstrip(" ") for line in text.split("\r\n")]
