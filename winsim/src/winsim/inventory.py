# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An Ansible inventory of simulated hosts, ready to be used."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import yaml

from .server import Host

GROUP = "windows"


def inventory_text(hosts: Iterable[Host]) -> str:
    """Return the inventory as YAML: a group `windows`, and per host its connection and its part of the testers' window."""
    rows = {host.name: host.inventory_variables for host in hosts}
    return yaml.safe_dump({GROUP: {"hosts": rows}}, sort_keys=False, explicit_start=True)


def write_inventory(path: Path, hosts: Iterable[Host]) -> None:
    """Write the inventory in one step, readable by its owner only: it holds passwords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(inventory_text(hosts), encoding="utf-8")
    draft.replace(path)
