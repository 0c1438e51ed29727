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
    rows = {host.name: _variables(host) for host in hosts}
    return yaml.safe_dump({GROUP: {"hosts": rows}}, sort_keys=False, explicit_start=True)


def write_inventory(path: Path, hosts: Iterable[Host]) -> None:
    """Write the inventory in one step, readable by its owner only: it holds passwords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(inventory_text(hosts), encoding="utf-8")
    draft.replace(path)


def _variables(host: Host) -> dict[str, object]:
    variables: dict[str, object] = {
        "ansible_host": host.address,
        "ansible_connection": "winrm",
        "ansible_port": host.port,
        "ansible_winrm_scheme": host.scheme,
        "ansible_winrm_transport": host.auth,
        "ansible_winrm_message_encryption": "auto",
        # A proxy of the environment would catch loopback addresses as well.
        "ansible_winrm_proxy": None,
        "ansible_user": host.user,
        "ansible_password": host.password,
        "winsim_name": host.name,
        "winsim_window": host.window_url,
    }
    if host.scheme == "https":
        variables["ansible_winrm_server_cert_validation"] = "ignore"
    return variables
