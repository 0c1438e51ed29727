#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry the whole method through with an installed collection, over both connections, and ask the simulated hosts what really happened.

Runs with the Python under test, which has only what a controller needs: ansible-core, pywinrm and pypsrp.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import yaml

HERE = Path(__file__).resolve().parent
SCENARIOS = ("windows_server_2022", "windows_11", "windows_xp")
# The window is on the loopback: no proxy may be asked for it.
OPENER = build_opener(ProxyHandler({}))
# From Windows Vista on some services start two minutes after a boot; the hosts' time passes sixty times as fast.
SPEED, LONGEST_START = 60, 30
Endpoint = tuple[str, str, str, int]


def main(arguments: Sequence[str]) -> int:
    """Run the playbooks and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collections", type=Path, required=True, help="folder into which the artifact was installed, and nothing else")
    parser.add_argument("--winsim", type=Path, required=True, help="the program winsim")
    parser.add_argument("--work", type=Path, required=True, help="folder for inventory and records; is made")
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    with simulated_hosts(options.winsim, options.work) as inventory:
        return check(inventory, options.collections, options.work)


def check(inventory: Path, collections: Path, work: Path) -> int:
    """Close, prove, look, restore, look."""
    hosts = yaml.safe_load(inventory.read_text(encoding="utf-8"))["windows"]["hosts"]
    before = {name: fixed(host) for name, host in hosts.items()}
    play("close.yml", inventory, collections, work)
    play("prove.yml", inventory, collections, work)
    wrong = [f"{name}: nothing was closed" for name, host in hosts.items() if not before[name] - fixed(host)]
    wrong += [f"{name}: opened {sorted(new)}" for name, host in hosts.items() if (new := fixed(host) - before[name])]
    play("restore.yml", inventory, collections, work)
    until = time.monotonic() + LONGEST_START
    while (missing := {name: gone for name, host in hosts.items() if (gone := before[name] ^ fixed(host))}) and time.monotonic() < until:
        time.sleep(1)
    wrong += [f"{name}: not as it was: {sorted(endpoints)}" for name, endpoints in missing.items()]
    for finding in wrong:
        sys.stderr.write(f"{finding}\n")
    tried = ", ".join(f"{name} {metadata.version(name)}" for name in ("ansible-core", "pywinrm", "pypsrp"))
    done = "closed, proven and restored" if not wrong else "FAILED"
    sys.stdout.write(f"{len(hosts)} hosts {done} with Python {platform.python_version()}, {tried}\n")
    return 1 if wrong else 0


@contextmanager
def simulated_hosts(winsim: Path, work: Path) -> Iterator[Path]:
    """Start each scenario twice, for `winrm` and for `psrp`, and yield the inventory."""
    raw, inventory, pid_file = work / "winsim.yml", work / "inventory.yml", work / "winsim.pid"
    command = [
        str(winsim),
        "--inventory",
        str(raw),
        "--pid-file",
        str(pid_file),
        "--daemonize",
        "--boot-seconds",
        "1",
        "--speed",
        str(SPEED),
    ]
    for name in SCENARIOS:
        command += ["--scenario", f"2*{name}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    try:
        hosts = yaml.safe_load(raw.read_text(encoding="utf-8"))["windows"]["hosts"]
        reached = {name: (over_psrp(host) if number % 2 else host) for number, (name, host) in enumerate(hosts.items())}
        inventory.write_text(yaml.safe_dump({"windows": {"hosts": reached}}), encoding="utf-8")
        yield inventory
    finally:
        os.kill(int(pid_file.read_text(encoding="utf-8")), signal.SIGTERM)


def over_psrp(host: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables by which the `psrp` connection reaches a host of winsim's inventory."""
    kept = {name: value for name, value in host.items() if not name.startswith("ansible_winrm_")}
    return {
        **kept,
        "ansible_connection": "psrp",
        "ansible_psrp_protocol": host["ansible_winrm_scheme"],
        "ansible_psrp_auth": host["ansible_winrm_transport"],
        "ansible_psrp_ignore_proxy": True,
    }


def play(playbook: str, inventory: Path, collections: Path, work: Path) -> None:
    """Run a playbook with nothing of the user's own in the way, and end if it fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    environment = {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_HOME": str(work / "home"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), "-f", "6", str(HERE / playbook)]
    done = subprocess.run(command, cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{playbook} failed\n{done.stdout}\n{done.stderr}")


def fixed(host: Mapping[str, Any]) -> set[Endpoint]:
    """Return the true endpoints of a host whose port is no dynamic one."""
    with OPENER.open(f"{host['winsim_window']}/endpoints", timeout=30) as answer:
        rows = json.loads(answer.read())
    return {(row["protocol"], row["address"], row["owner"], row["port"]) for row in rows if not row["dynamic"]}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
