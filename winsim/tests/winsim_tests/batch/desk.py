# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Somebody at the console of a host, with a stick in drive E: and a folder for what scripts write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winsim.batch import Outcome, run
from winsim.host.clock import ManualClock
from winsim.providers.computer import SimulatedHost, build
from winsim.scenarios import load_scenario

SCRIPT = "script.cmd"
SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"


@dataclass(frozen=True)
class Desk:
    """A host and the folders of this machine that it sees as `E:` and `C:\\netmin`."""

    computer: SimulatedHost
    stick: Path
    folder: Path

    def run(self, text: str, *arguments: str, name: str = SCRIPT, **options: Any) -> Outcome:
        """Run a batch file that is on the stick."""
        content = ("@echo off\n" + text).replace("\n", "\r\n") + "\r\n"
        (self.stick / name).write_bytes(content.encode("cp437"))
        drives = {"E:": self.stick, r"C:\netmin": self.folder}
        return run(self.computer, rf"E:\{name}", arguments, drives=drives, **options)

    def lines(self, text: str, *arguments: str, **options: Any) -> list[str]:
        """Run a batch file and return what its console shows, without the blanks at the ends."""
        return [line.rstrip(" ") for line in self.run(text, *arguments, **options).console.split("\r\n")][:-1]

    def written(self, name: str) -> bytes:
        """Return what is in a file that a script has written."""
        return (self.folder / name).read_bytes()


def desk(scenario: str, place: Path) -> Desk:
    """Start a host."""
    stick, folder = place / "stick", place / "folder"
    stick.mkdir(parents=True)
    folder.mkdir()
    return Desk(build(load_scenario(scenario), clock=ManualClock()), stick, folder)
