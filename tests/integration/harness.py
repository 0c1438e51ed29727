# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run real ansible-playbook processes against simulated hosts, and ask the testers' window what really happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import yaml

from winsim.server import Host, Simulation

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# The window is on the loopback: no proxy may be asked for it.
OPENER = build_opener(ProxyHandler({}))
Task = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one task returned on one host."""

    host: str
    task: str
    status: str
    result: dict[str, Any]

    @property
    def message(self) -> str:
        """What the user reads when it failed."""
        return str(self.result.get("msg", ""))


@dataclass(frozen=True, slots=True)
class Played:
    """One run of ansible-playbook."""

    returncode: int
    output: str
    outcomes: tuple[Outcome, ...]

    def of(self, host: str, task: str | None = None) -> Outcome:
        """Return the one outcome of a host (and task)."""
        found = [outcome for outcome in self.outcomes if outcome.host == host and task in (None, outcome.task)]
        if len(found) != 1:
            raise LookupError(f"{len(found)} outcomes of {host} {task or ''}\n{self.output}")
        return found[0]

    def hosts(self) -> set[str]:
        """Return the hosts that any task ran on."""
        return {outcome.host for outcome in self.outcomes}


def variables(host: Host, **changed: Any) -> dict[str, Any]:
    """Return the inventory variables of a simulated host, without those that say that it is simulated."""
    return {name: value for name, value in host.inventory_variables.items() if not name.startswith("winsim_")} | changed


def over_psrp(host: Host) -> dict[str, Any]:
    """Return the variables by which the `psrp` connection reaches a host."""
    return {name: value for name, value in variables(host).items() if not name.startswith("ansible_winrm_")} | {
        "ansible_connection": "psrp",
        "ansible_psrp_protocol": host.scheme,
        "ansible_psrp_auth": host.auth,
        **({"ansible_psrp_message_encryption": "never"} if host.auth == "basic" else {}),
        **({"ansible_psrp_cert_validation": "ignore"} if host.scheme == "https" else {}),
        **({f"ansible_psrp_certificate_{part}": str(host.certificate) for part in ("pem", "key_pem")} if host.certificate else {}),
    }


def play(
    hosts: Mapping[str, Mapping[str, Any]],
    tasks: Sequence[Task] = (),
    *,
    arguments: Sequence[str] = (),
    keywords: Mapping[str, Any] | None = None,
    playbook: str | None = None,
    forks: int = 5,
    log: Path | None = None,
) -> Played:
    """Run tasks, or a playbook of the repository, on hosts given by their variables."""
    with tempfile.TemporaryDirectory() as folder:
        inventory, book, record = (Path(folder) / name for name in ("inventory.yml", "play.yml", "record.jsonl"))
        groups = {"windows": {"hosts": {name: dict(values) for name, values in hosts.items()}}}
        inventory.write_text(yaml.safe_dump(groups), encoding="utf-8")
        content = [{"hosts": "windows", "gather_facts": False, **(keywords or {}), "tasks": [dict(task) for task in tasks]}]
        book.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        record.touch()
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(inventory), "-f", str(forks), *arguments]
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "ANSIBLE_RETRY_FILES_ENABLED": "no",
            "RECORDER_FILE": str(record),
            "no_proxy": "127.0.0.0/8",
            **({"ANSIBLE_LOG_PATH": str(log)} if log else {}),
        }
        ran = subprocess.run(
            [*command, playbook or str(book)], cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=900
        )
        lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    return Played(ran.returncode, ran.stdout + ran.stderr, tuple(Outcome(**line) for line in lines))


def on(simulation: Simulation) -> dict[str, dict[str, Any]]:
    """Return all hosts of a simulation with their variables."""
    return {host.name: variables(host) for host in simulation.hosts}


def window(host: Host, path: str, body: object = None, *, method: str | None = None) -> Any:
    """Ask the testers' window of a host, or with a body tell it something."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{host.window_url}/{path}", data=data, method=method, headers={"Content-Type": "application/json"})
    with OPENER.open(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def changes(host: Host) -> int:
    """Return how many changes of state the simulator's own journal counts."""
    return int(window(host, "journal")["changes"])


def listeners(host: Host) -> set[tuple[str, str, int]]:
    """Return the true endpoints of a host as protocol, address and port."""
    return {(row["protocol"], row["address"], row["port"]) for row in window(host, "endpoints")}
