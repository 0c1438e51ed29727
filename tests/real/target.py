# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The host that is tried: one host of an inventory, whoever made that, and how Ansible is run on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.netmin.windows.tests.integration.harness import Outcome, Played

from .hiding import SHORTEST, Secrets

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
RECORDER = ROOT / "tests/integration/callback_plugins"
# Names of variables that hold something that nobody else may see.
SECRET_NAMES = ("password", "passwd", "secret", "token", "become_pass")
MINUTE = 60


class NoTarget(Exception):
    """The host that was named cannot be tried."""


@dataclass(frozen=True, slots=True)
class Target:
    """One host, alone in an inventory of its own.

    Attributes:
        inventory: the file; it is in a folder for its owner alone and never in what is left behind.
        variables: what the inventory says of the host, templates evaluated.
    """

    name: str
    inventory: Path
    variables: Mapping[str, Any]
    secrets: Secrets

    @property
    def address(self) -> str:
        """Where it is."""
        return str(self.variables.get("ansible_host") or self.name)

    @property
    def port(self) -> int:
        """Where its WinRM answers, as the connection plugins have it."""
        over_https = str(self.variables.get("ansible_winrm_scheme") or self.variables.get("ansible_psrp_protocol") or "").lower() == "https"
        usual = 5985 if str(self.variables.get("ansible_winrm_scheme", "")).lower() == "http" else 5986
        return int(self.variables.get("ansible_port") or (5986 if over_https else usual))

    def playbook(self, name: str, *arguments: str, minutes: int = 60) -> Played:
        """Run a playbook of the collection, or a file, on the host alone."""
        return run_playbook(self, name, arguments, minutes=minutes)

    def tasks(self, tasks: Sequence[Mapping[str, Any]], *, minutes: int = 60) -> Played:
        """Run tasks on the host."""
        with tempfile.TemporaryDirectory(prefix="netmin-real-") as folder:
            book = Path(folder) / "play.yml"
            content = [{"hosts": "all", "gather_facts": False, "tasks": [dict(task) for task in tasks]}]
            book.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
            return run_playbook(self, str(book), (), minutes=minutes)


def environment(**more: str) -> dict[str, str]:
    """Return what Ansible and molecule need to find this checkout, and no host through a proxy."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH") or str(ROOT / ".cache"),
        "ANSIBLE_RETRY_FILES_ENABLED": "no",
        "ANSIBLE_NOCOLOR": "1",
        # What `ansible` prints is read.
        "ANSIBLE_LOAD_CALLBACK_PLUGINS": "0",
        **more,
    }


def run_playbook(target: Target, name: str, arguments: Sequence[str], *, minutes: int) -> Played:
    """Run ansible-playbook and return what it said and what each task returned; never with a secret in it."""
    with tempfile.TemporaryDirectory(prefix="netmin-real-") as folder:
        record = Path(folder) / "record.jsonl"
        record.touch(mode=0o600)
        command = [str(BIN / "ansible-playbook"), "-i", str(target.inventory), name, "-e", f"target={target.name}", *arguments]
        status, output = run(
            command,
            minutes=minutes,
            env=environment(ANSIBLE_CALLBACK_PLUGINS=str(RECORDER), ANSIBLE_CALLBACKS_ENABLED="recorder", RECORDER_FILE=str(record)),
        )
        lines = [target.secrets.hide_in(json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines()]
    return Played(status, target.secrets.hide(output), tuple(Outcome(**line) for line in lines))


def run(command: Sequence[str], *, minutes: float, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a program and return its status and all that it wrote; one that takes too long is ended, and says so."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=env or environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=minutes * MINUTE,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        written = late.output or b""
        return 124, f"{written.decode(errors='replace')}\n{Path(command[0]).name} was ended after {minutes:g} minutes"
    return done.returncode, done.stdout.decode(errors="replace")


@contextmanager
def one_of(inventory: str, name: str) -> Iterator[Target]:
    """Take one host out of an inventory, with all its variables, into an inventory of its own.

    Raises:
        NoTarget: the inventory does not have it, or a variable that is secret could not be hidden.
    """
    done = _asked("ansible-inventory", "-i", inventory, "--host", name)
    if done.returncode:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
        raise NoTarget(f"the inventory {inventory} has no host '{name}' that can be used: {last.strip()}")
    found = json.loads(done.stdout)
    with tempfile.TemporaryDirectory(prefix="netmin-real-") as folder:
        path = write_inventory(Path(folder), name, found)
        evaluated = {**found, **_evaluated(path, name, found)}
        short = next((key for key, value in evaluated.items() if is_secret(key) and key.startswith("ansible_") and _is_short(value)), None)
        if short is not None:
            raise NoTarget(
                f"{short} of {name} has less than {SHORTEST} characters, so it cannot be told from other text: give it a longer one"
            )
        yield Target(name, path, evaluated, Secrets(_secret_texts(evaluated)))


def _asked(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of Ansible, its answer apart from its warnings."""
    command = [str(BIN / program), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=5 * MINUTE, check=False
    )


def write_inventory(folder: Path, name: str, variables: Mapping[str, Any]) -> Path:
    """Write an inventory of one host, for its owner alone."""
    path = folder / "inventory.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"all": {"hosts": {name: variables}}}), encoding="utf-8")
    return path


def _evaluated(inventory: Path, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that are templates or in a vault, as Ansible evaluates them."""
    values = {}
    for key, value in found.items():
        text = json.dumps(value)
        if "{{" not in text and "__ansible_vault" not in text:
            continue
        done = _asked("ansible", "-i", str(inventory), name, "-m", "ansible.builtin.debug", "-a", f"var={key}")
        _head, arrow, answer = done.stdout.partition("=> ")
        if done.returncode == 0 and arrow and "VARIABLE IS NOT DEFINED" not in answer:
            values[key] = json.loads(answer)[key]
        elif is_secret(key):
            raise NoTarget(
                f"{key} of {name} cannot be evaluated, so it could not be hidden: {' '.join((done.stderr or done.stdout).split())[-200:]}"
            )
    return values


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) < SHORTEST


def is_secret(name: str) -> bool:
    """Tell whether a variable is one that nobody else may see."""
    return any(word in name.lower() for word in SECRET_NAMES)


def _secret_texts(node: Any, name: str = "") -> Iterator[str]:
    """Yield the texts of all variables whose names say that they are secret."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _secret_texts(value, f"{name}.{key}")
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _secret_texts(value, name)
    elif isinstance(node, str) and is_secret(name):
        yield node
