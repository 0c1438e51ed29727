# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A throw-away Windows in a container: started, waited for, and thrown away. Never run yet: see docs/real.md."""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import string
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .hiding import Secrets
from .target import Target, run, write_inventory
from .versions import Version

HERE = Path(__file__).resolve().parent
COMPOSE = HERE / "compose.yml"
# A release, not `latest`: what a contradiction rests on has to be the same for the next who looks.
IMAGE = "dockurr/windows:5.07"
USER = "netmin"
PORT = 5985
# Downloading 7 GB and setting Windows up: minutes on a fast machine, over an hour on a slow one.
MINUTES_TO_BOOT = 150.0
ANSWERS = 3
SECONDS_BETWEEN = 10.0
Say = Callable[[str], None]


class NoMachine(Exception):
    """The machine could not be started, or never answered."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine: docker, or one that takes the same commands."""

    name: str
    project: str
    variables: Mapping[str, str]

    def compose(self, *words: str, minutes: float = 30) -> str:
        """Run a command of compose.

        Raises:
            NoMachine: it failed.
        """
        return self.run("compose", "--file", str(COMPOSE), *words, minutes=minutes)

    def run(self, *words: str, minutes: float = 5) -> str:
        """Run a command.

        Raises:
            NoMachine: it failed.
        """
        status, said = run([self.name, *words], minutes=minutes, env={**os.environ, **self.variables})
        if status:
            raise NoMachine(f"'{self.name} {' '.join(words)}' ended with {status}: {said.strip()[-600:]}")
        return said.strip()


@contextmanager
def machine(version: Version, say: Say, *, engine: str = "docker", image: str = IMAGE, files: Path | None = None) -> Iterator[Target]:
    """Start a Windows, wait until its WinRM answers, and throw it away at the end.

    Args:
        files: a folder whose files are put beside install.bat: what this Windows needs and does not have.

    Raises:
        NoMachine: this machine cannot do it, or Windows never answered.
    """
    problem = version.needs if version.needs and files is None else cannot(engine)
    if problem:
        raise NoMachine(problem)
    password = new_password()
    hidden = Secrets((password,))
    with tempfile.TemporaryDirectory(prefix="netmin-real-") as folder:
        oem = write_oem(Path(folder) / "oem", version, files)
        variables = {
            "REAL_PROJECT": f"netmin-real-{version.name.replace('.', '-')}-{os.getpid()}",
            "REAL_IMAGE": image,
            "REAL_VERSION": version.image,
            "REAL_USER": USER,
            "REAL_PASSWORD": password,
            "REAL_OEM": str(oem),
        }
        made = Engine(engine, variables["REAL_PROJECT"], variables)
        try:
            say(f"starts {image} with VERSION={version.image}; its screen is at http://127.0.0.1:8006")
            try:
                made.compose("up", "--detach", minutes=60)
                address = wait_for_windows(made, say)
            except NoMachine as error:
                raise NoMachine(hidden.hide(str(error))) from None
            found = {
                "ansible_host": address,
                "ansible_port": PORT,
                "ansible_connection": "winrm",
                "ansible_winrm_scheme": "http",
                "ansible_winrm_transport": "ntlm",
                "ansible_user": USER,
                "ansible_password": password,
            }
            name = f"real-{version.name.replace('.', '-')}"
            yield Target(name, write_inventory(Path(folder), name, found), found, hidden)
        finally:
            say("throws the machine away")
            with suppress(NoMachine):
                made.compose("down", "--volumes", "--timeout", "60", minutes=10)


def cannot(engine: str) -> str:
    """Return why this machine cannot run a Windows in a container; empty where it can."""
    if shutil.which(engine) is None:
        return f"there is no program '{engine}' here: install Docker, or name another engine with REAL_ENGINE"
    for device in ("/dev/kvm", "/dev/net/tun"):
        if not os.access(device, os.R_OK | os.W_OK):
            return f"{device} is not there, or this user may not use it: a machine without it cannot run Windows fast enough (docs/real.md)"
    status, said = run([engine, "info"], minutes=1)
    if status:
        return f"'{engine} info' ended with {status}: {' '.join(said.split())[-200:]}"
    status, said = run([engine, "compose", "version"], minutes=1)
    return f"'{engine} compose' is not there: {' '.join(said.split())[-200:]}" if status else ""


def new_password() -> str:
    """Return a password that every Windows takes: letters of both kinds, digits, and no sign that a command line could change."""
    letters = string.ascii_letters + string.digits
    return "Nm1" + "".join(secrets.choice(letters) for _letter in range(21))


def write_oem(folder: Path, version: Version, files: Path | None = None) -> Path:
    """Write the folder that is mounted on /oem: install.bat with the line ends of Windows, and what a person put beside it.

    Raises:
        NoMachine: this Windows needs something that nobody gave.
    """
    folder.mkdir()
    given = [path for path in sorted(files.iterdir()) if path.is_file()] if files is not None else []
    if version.needs and not given:
        raise NoMachine(f"Windows {version.name}: {version.needs}")
    for path in given:
        shutil.copyfile(path, folder / path.name)
    script = (HERE / "oem" / version.family / "install.bat").read_text(encoding="ascii")
    (folder / "install.bat").write_bytes(script.replace("\r\n", "\n").replace("\n", "\r\n").encode("ascii"))
    return folder


def wait_for_windows(engine: Engine, say: Say, *, minutes: float = MINUTES_TO_BOOT) -> str:
    """Wait until WinRM answers several times in a row, and return the address.

    Raises:
        NoMachine: the container ended, or WinRM never answered.
    """
    container = engine.compose("ps", "--quiet", "--all", "windows").splitlines()[-1]
    deadline, answers, told = time.monotonic() + minutes * 60, 0, 0.0
    while time.monotonic() < deadline:
        state = engine.run("inspect", "--format", "{{.State.Status}}", container)
        if state != "running":
            raise NoMachine(f"the container is {state}: {engine.run('logs', '--tail', '20', container)}")
        address = engine.run("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container)
        answers = answers + 1 if address and answers_winrm(address, PORT) else 0
        if answers >= ANSWERS:
            return address
        if time.monotonic() - told > 300:
            told = time.monotonic()
            log = engine.run("logs", "--tail", "1", container).splitlines()
            say(f"waits for WinRM at {address or 'no address yet'}; the container says: {log[-1] if log else 'nothing'}")
        time.sleep(SECONDS_BETWEEN)
    raise NoMachine(f"WinRM did not answer within {minutes:g} minutes; in the machine, C:\\OEM\\netmin.log says how far install.bat came")


def answers_winrm(address: str, port: int, *, seconds: float = 10) -> bool:
    """Tell whether WinRM is there: it answers a request for its identity, or asks for a login (MS-WSMV 3.1.4.1.23)."""
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request(
            "POST", "/wsman", b"", {"Content-Type": "application/soap+xml;charset=UTF-8", "WSMANIDENTIFY": "unauthenticated"}
        )
        return connection.getresponse().status in (200, 400, 401, 500)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
