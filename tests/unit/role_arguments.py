# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write each role's `meta/argument_specs.yml` from the documentation of the module that it maps its variables to.

Run it after a change of a module's options: `.venv/bin/python tests/unit/role_arguments.py`. A test compares.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).parents[2]
PREFIX = "netmin.windows."
HEAD = "---\n# Written by tests/unit/role_arguments.py from the modules' documentation; change that instead.\n"
KEYS = ("description", "type", "elements", "choices", "default", "required")
CHANGES = "The result is in C({role}_result)."


@dataclass(frozen=True)
class Role:
    """What a role is made of.

    Attributes:
        modules: the prefix of its variables for each module that it calls.
        own: options that no module has.
        defaults: defaults that differ from the module's, by variable.
        shared: variables that a module would have and that another module's of the same meaning stands for.
        said: how a module is given an option that is not a variable as it is, by variable.
        fixed: how a module is given an option that is no variable, by the variable that it would be.
    """

    description: tuple[str, ...]
    modules: Mapping[str, str]
    own: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)


def one_stage(name: str, text: str) -> Role:
    """Return a role that calls one module of the same name."""
    return Role((text, CHANGES.format(role=name)), {name: name})


def showing(role: str) -> dict[str, Any]:
    """Return the options by which a role shows what it found."""
    return {
        f"{role}_show": {
            "description": ["Whether to print a table for each host. See M(netmin.windows.show_info)."],
            "type": "bool",
            "default": True,
        },
        f"{role}_show_hosts": {
            "description": ["With more hosts than this in a batch, print only those that failed or differ, and one table for all."],
            "type": "int",
            "default": 5,
        },
    }


def looking(role: str) -> dict[str, Any]:
    """Return the options by which a role also looks at a host from outside."""
    return {
        f"{role}_outside": {
            "description": ["Whether to look at the host from outside as well. See M(netmin.windows.probe_info)."],
            "type": "bool",
            "default": False,
        },
        f"{role}_outside_from": {
            "description": ["The host that looks, which is the place of the probe."],
            "type": "str",
            "default": "localhost",
        },
    }


def later(role: str) -> Mapping[str, str]:
    """Return how a role leaves it to a later task to confirm: it does so itself once it has restarted the host."""
    return {f"{role}_confirm_later": f"{{{{ {role}_reboot | bool or {role}_confirm_later | bool }}}}"}


ROLES: Mapping[str, Role] = {
    "audit": Role(
        ("List every listening port of a host, with its owner. Writes nothing.", CHANGES.format(role="audit")),
        {"listeners_info": "audit"},
        own=showing("audit"),
    ),
    "capture": Role(
        ("Capture a host in a file, to plan on it without the host. Writes nothing on the host.", CHANGES.format(role="capture")),
        {"capture": "capture"},
    ),
    "dcom_protocols": one_stage("dcom_protocols", "Turn DCOM off, and close port 135 on Windows 2000 and XP."),
    "doctor": Role(
        (
            "Hold what this collection assumes of Windows against a host. Writes nothing on the host unless O(doctor_level) says so.",
            CHANGES.format(role="doctor"),
        ),
        {"doctor": "doctor"},
        own={
            "doctor_level": {
                "description": [
                    "V(read) only reads, with M(netmin.windows.doctor_info).",
                    "V(own_key) also writes below a registry key of its own, which leaves nothing.",
                    "V(method) closes and undoes one recipe at a time, and needs O(doctor_i_may_break_it).",
                ],
                "type": "str",
                "choices": ["read", "own_key", "method"],
                "default": "read",
            },
        },
        defaults={"doctor_show": True},
        shared={"doctor_level": "doctor_level"},
    ),
    "drift": Role(
        ("Compare the listeners of a host with its baseline. Writes nothing.", CHANGES.format(role="drift")),
        {"drift_info": "drift", "probe_info": "drift_outside"},
        own=looking("drift"),
        fixed={
            "drift_listeners": "{{ drift_outside | bool }}",
            "drift_outside_host": "{{ inventory_hostname }}",
            "drift_outside_endpoints": "{{ drift_result.listeners }}",
        },
    ),
    "ip_filter": one_stage("ip_filter", "Block inbound traffic to listeners that stay open."),
    "minimize": Role(
        ("Close the TCP and UDP ports that a host does not need.", CHANGES.format(role="minimize")),
        {"minimize": "minimize", "reboot": "minimize_reboot"},
        own={
            "minimize_reboot": {
                "description": ["Whether to restart the host if a setting or a port waits for a boot."],
                "type": "bool",
                "default": False,
            },
            "minimize_reboot_throttle": {
                "description": ["Maximum number of hosts that restart at the same time. The number of forks limits it too."],
                "type": "int",
                "default": 10,
            },
            **showing("minimize"),
        },
        shared={"minimize_reboot_window": "minimize_window"},
        said=later("minimize"),
    ),
    "name_resolution": one_stage("name_resolution", "Close the sockets of the DNS client."),
    "netbt": one_stage("netbt", "Turn NetBIOS over TCP/IP off on each adapter."),
    "report": Role(
        ("Write a report on the listening ports of many hosts.", CHANGES.format(role="report")),
        {"report": "report"},
    ),
    "rollback": Role(
        ("Restore what runs of this collection changed.", CHANGES.format(role="rollback")),
        {"restore": "rollback", "reboot": "rollback_reboot"},
        own={
            "rollback_reboot": {
                "description": ["Whether to restart the host if a setting or a port waits for a boot."],
                "type": "bool",
                "default": False,
            },
            "rollback_reboot_throttle": {
                "description": ["Maximum number of hosts that restart at the same time. The number of forks limits it too."],
                "type": "int",
                "default": 10,
            },
            **showing("rollback"),
        },
        said=later("rollback"),
    ),
    "rpc_filters": one_stage("rpc_filters", "Refuse RPC calls from outside to interfaces that must listen."),
    "rpc_restriction": one_stage("rpc_restriction", "Restrict the interfaces and ports of RPC servers."),
    "services": one_stage("services", "Stop unneeded services and keep them from starting again."),
    "smb_device": one_stage("smb_device", "Close port 445."),
    "verify": Role(
        ("Prove by the socket that ports are closed. Writes nothing.", CHANGES.format(role="verify")),
        {"proof_info": "verify", "probe_info": "verify_outside"},
        own={**showing("verify"), **looking("verify")},
        defaults={"verify_strict": True},
        shared={"verify_outside_strict": "verify_strict"},
        fixed={"verify_outside_host": "{{ inventory_hostname }}", "verify_outside_endpoints": "{{ verify_result.proof.endpoints }}"},
    ),
}


class Indented(yaml.SafeDumper):
    """Indents lists below their key, as ansible-lint wants them, and repeats what is the same in two places."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Never leave a list at the indentation of its key."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, _data: object) -> bool:
        """Write no anchors."""
        return True


def documents(names: Iterable[str]) -> Mapping[str, Any]:
    """Return what ansible-doc knows of each module, documentation fragments included."""
    command = [str(Path(sys.executable).parent / "ansible-doc"), "--type", "module", "--json", *(PREFIX + name for name in names)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name.removeprefix(PREFIX): entry for name, entry in json.loads(done.stdout).items()}


def arguments(name: str, documented: Mapping[str, Any]) -> dict[str, Any]:
    """Return a role's options by variable."""
    role = ROLES[name]
    found: dict[str, Any] = dict(role.own)
    for module, prefix in role.modules.items():
        options: Mapping[str, Any] = documented[module].get("options", {})
        for option in sorted(options):
            if f"{prefix}_{option}" in {**role.shared, **role.fixed}:
                continue
            own = tuple(name for name in options if f"{prefix}_{name}" not in role.fixed)
            found[f"{prefix}_{option}"] = _option(options[option], prefix, own)
    for variable, value in role.defaults.items():
        found[variable] = {**found[variable], "default": value}
    return found


def _option(option: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Turn one option of a module into one of a role."""
    found = {key: option[key] for key in KEYS if option.get(key) is not None}
    if not found.get("required"):
        found.pop("required", None)
    texts = [found["description"]] if isinstance(found["description"], str) else found["description"]
    found["description"] = [_renamed(text, prefix, names) for text in texts]
    if option.get("suboptions"):
        found["options"] = {name: _option(sub, prefix, names) for name, sub in sorted(option["suboptions"].items())}
    return found


def _renamed(text: str, prefix: str, names: tuple[str, ...]) -> str:
    """Let references to the module's options name the role's variables, and drop those to its results and to what is no variable."""
    text = re.sub(rf"O\(({'|'.join(names)})(?=[.=\[)])", rf"O({prefix}_\1", text) if names else text
    text = re.sub(rf"O\((?!{prefix}_)(\w+)\)", r"C(\1)", text)
    return re.sub(r"RV\(([^)]*)\)", r"C(\1)", text)


def render(name: str, documented: Mapping[str, Any]) -> str:
    """Return the text of a role's argument specification."""
    role = ROLES[name]
    main = {"short_description": role.description[0].partition(".")[0], "description": list(role.description)}
    main["options"] = arguments(name, documented)  # type: ignore[assignment]  # a mapping beside texts
    return HEAD + yaml.dump({"argument_specs": {"main": main}}, Dumper=Indented, sort_keys=False, width=130, allow_unicode=False)


def main() -> None:
    """Write all of them."""
    modules = sorted({module for role in ROLES.values() for module in role.modules})
    documented = {name: entry["doc"] for name, entry in documents(modules).items()}
    for name in ROLES:
        path = CHECKOUT / "roles" / name / "meta/argument_specs.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(name, documented), encoding="utf-8")


if __name__ == "__main__":
    main()
