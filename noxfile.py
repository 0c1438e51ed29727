# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controllers that are tried: each ansible-core on each Python found here, with the oldest and the newest client libraries.

`nox` runs all of them, `nox --tags corners` the oldest and the newest, `nox --list` names them. Each session builds the artifact, installs
it into an empty folder, and carries the whole method through on simulated hosts (`tests/matrix/run.py`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
WINSIM = ROOT / ".nox" / "winsim"

# Of each ansible-core: the Pythons that its releases can be installed on. The last row is open at the top: the newest that is served.
CORES = {
    "2.16": ("3.11", "3.12", "3.13"),
    "2.17": ("3.11", "3.12", "3.13"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
PYTHONS = sorted({python for pythons in CORES.values() for python in pythons})
LIBRARIES = {
    "oldest": ("pywinrm==0.5.0", "pypsrp==0.9.0"),
    "newest": ("pywinrm>=0.5.0", "pypsrp>=0.9.0"),
}

nox.needs_version = ">=2024.4.15"
nox.options.error_on_missing_interpreters = True


def release(version: str) -> tuple[int, ...]:
    """Return a version to sort by."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


@cache
def interpreter(version: str) -> str | None:
    """Return the program of a Python, also where only pyenv knows it."""
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    by_pyenv = sorted(versions.glob(f"{version}.*/bin/python"), key=lambda path: release(path.parts[-3]), reverse=True)
    for program in (shutil.which(f"python{version}"), *map(str, by_pyenv)):
        # A shim of pyenv is there for Pythons that it then refuses to start.
        if program and subprocess.run([program, "-c", ""], check=False, capture_output=True).returncode == 0:
            return program
    return None


def winsim() -> Path:
    """Return the program of the simulated hosts, which live in an environment of their own."""
    for folder in (ROOT / ".venv", WINSIM):
        if (folder / "bin/winsim").is_file():
            return folder / "bin/winsim"
    subprocess.run([sys.executable, "-m", "venv", WINSIM], check=True)
    subprocess.run([WINSIM / "bin/python", "-m", "pip", "install", "--quiet", ROOT / "winsim"], check=True)
    return WINSIM / "bin/winsim"


def install(session: nox.Session, *packages: str) -> Path:
    """Build the artifact with this session's Ansible, install it into an empty folder and return that."""
    session.install("--quiet", *packages)
    work = Path(session.create_tmp()).resolve()
    shutil.rmtree(work)
    collections = work / "collections"
    collections.mkdir(parents=True)
    session.run("ansible-galaxy", "collection", "build", "--output-path", str(work), str(ROOT), silent=True)
    (artifact,) = work.glob("netmin-windows-*.tar.gz")
    session.run("ansible-galaxy", "collection", "install", "--offline", "--force", "-p", str(collections), str(artifact), silent=True)
    return collections


def carried_through(*packages: str) -> Callable[[nox.Session], None]:
    """Return the session that tries one controller."""

    def carry_through(session: nox.Session) -> None:
        collections = install(session, *packages)
        arguments = ("--collections", str(collections), "--winsim", str(winsim()), "--work", str(collections.parent / "work"))
        session.run("python", str(ROOT / "tests/matrix/run.py"), *arguments)

    carry_through.__doc__ = f"Close, prove and restore with {', '.join(packages)}."
    return carry_through


def refused(*packages: str, expected: Mapping[str, str]) -> Callable[[nox.Session], None]:
    """Return the session that tries a controller that is too old."""

    def refuse(session: nox.Session) -> None:
        collections = install(session, *packages)
        for connection, sentence in expected.items():
            session.run("python", str(ROOT / "tests/matrix/refused.py"), str(collections), connection, sentence)

    refuse.__doc__ = f"See that {', '.join(packages)} are refused in one sentence."
    return refuse


def corners() -> Iterator[tuple[str, str, str]]:
    """Yield Python, core and libraries of each session that this machine can run, the oldest first."""
    found = [python for python in PYTHONS if interpreter(python)]
    for python in found:
        for core, pythons in CORES.items():
            if python in pythons:
                yield from ((python, core, libraries) for libraries in LIBRARIES)


def declare() -> None:
    """Declare the sessions."""
    every = [*corners()]
    for python, core, libraries in every:
        tags = [f"python{python}", *(["corners"] if (python, core, libraries) in (every[0], every[-1]) else [])]
        newest = core == [name for name, pythons in CORES.items() if python in pythons][-1]
        packages = (f"ansible-core{'>=' if newest else '~='}{core}.0", *LIBRARIES[libraries])
        name = f"python{python}-core{core}-{libraries}"
        nox.session(name=name, python=interpreter(python), tags=tags)(carried_through(*packages))
    if program := interpreter("3.10"):
        sentence = "netmin.windows needs Python 3.11 or newer on the controller, but ansible-core runs with Python 3.10."
        told = {"winrm": sentence, "psrp": sentence}
        nox.session(name="too-old-python", python=program, tags=["too-old"])(refused("ansible-core~=2.17.0", "pywinrm", expected=told))
    if program := interpreter("3.11"):
        told = {
            "winrm": "needs the Python library pywinrm 0.5.0 or newer on the controller, but 0.4.3 is installed",
            "psrp": "needs the Python library pypsrp 0.9.0 or newer on the controller, but 0.8.1 is installed",
        }
        libraries_too_old = refused("ansible-core~=2.16.0", "pywinrm==0.4.3", "pypsrp==0.8.1", expected=told)
        nox.session(name="too-old-libraries", python=program, tags=["too-old"])(libraries_too_old)
        sentence = "netmin.windows needs ansible-core 2.16 or newer, but this is ansible-core 2.15."
        core_too_old = refused("ansible-core~=2.15.0", "pywinrm", expected={"winrm": sentence})
        nox.session(name="too-old-core", python=program, tags=["too-old"])(core_too_old)


declare()
