# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Windows of wine's: a command prompt that is not ours, with its reg, sc, net, find and regedit."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

WINE = shutil.which("wine")
needs_wine = pytest.mark.skipif(WINE is None, reason="wine is not installed: there is no command shell to run the script in")


@dataclass(frozen=True)
class Wine:
    """A Windows of wine's in a folder of its own."""

    folder: Path

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> Iterator[Self]:
        """Make a fresh Windows in a folder and keep it running.

        wine's server ends with its last program, and a program that starts at that moment is lost; so somebody is always there.
        """
        made = cls(folder)
        made.run("wineboot", "--init")
        somebody = made.start("cmd", stdin=subprocess.PIPE)
        try:
            yield made
        finally:
            somebody.communicate()
            made.run("wineboot", "--kill")

    @property
    def windows(self) -> Path:
        """The folder C:\\windows."""
        return self.folder / "drive_c/windows"

    def environment(self, debug: str = "-all", **more: str) -> dict[str, str]:
        """Return what a program of wine's needs to know."""
        return {**os.environ, "WINEPREFIX": str(self.folder), "WINEDEBUG": debug, "DISPLAY": "", **more}

    def start(self, *command: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start a program; nobody looks at what it writes."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen([WINE or "", *command], env=self.environment(), stdin=stdin, stdout=quiet, stderr=quiet)

    def run(self, *command: str, debug: str = "-all", **more: str) -> tuple[str, str]:
        """Run a program to its end, and return what it wrote. Into files: wine's own servers live on and would hold a pipe."""
        out, err = self.folder / "out.txt", self.folder / "err.txt"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            subprocess.run(
                [WINE or "", *command],
                env=self.environment(debug, **more),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=120,
                check=False,
            )
        return out.read_text(errors="replace"), err.read_text(errors="replace")

    def put(self, key: str, values: Mapping[str, str]) -> None:
        """Write values as a .reg file says them."""
        lines = ["Windows Registry Editor Version 5.00", "", f"[HKEY_LOCAL_MACHINE\\{key}]", *(f"{n}={v}" for n, v in values.items()), ""]
        path = self.folder / "put.reg"
        path.write_text("\r\n".join(lines), encoding="utf-16", newline="")
        self.run("reg", "import", str(path))

    def text(self, key: str) -> str | None:
        """Return a key as text, or None where it is not there."""
        path = self.folder / "text.reg"
        path.unlink(missing_ok=True)
        self.run("reg", "export", f"HKLM\\{key}", str(path), "/y")
        return path.read_text(encoding="utf-16") if path.exists() else None


def quoted(text: str) -> str:
    """Quote a text for a .reg file."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
