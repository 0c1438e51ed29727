# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find misspelt variables: those that are nearly a variable of the role or the playbook that runs, and are none.

Ansible passes over a variable that nobody reads, so that a list under a wrong name would keep nothing. What is like no variable of
ours belongs to somebody else, whatever it begins with: `audit_log_dir` and `services_list` are names for an inventory. So does
what a task has registered, and what a role with a longer name knows. Anything else is to be named (`OTHERS`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.nearest import nearest

YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ROLES = Path(__file__).resolve().parents[3] / "roles"
PREFIX = "netmin.windows."
OTHERS = "netmin_windows_other_variables"
# Set by the playbooks of this collection: the names that they take beside the variables of their roles.
OF_PLAYBOOK = "netmin_windows_playbook_variables"
# What a rescue of the playbooks notes.
NOTED = ("minimize_failure", "rollback_failure", "drift_failure")
# What is in every result of a task, whatever became of it.
RESULT = frozenset({"changed", "failed", "skipped", "unreachable"})
# So alike are a name and a misspelling of it, where any name may be given; and where both are of the same length: one letter of four
# may be another or have changed places (`keep`, `kepe`).
ALIKE = 0.8
ALIKE_IN_LENGTH = 0.75


@cache
def known_of(role: str) -> frozenset[str]:
    """Return the names of the variables of a role."""
    folder = ROLES / role
    specified = _load(folder / "meta/argument_specs.yml")["argument_specs"]["main"].get("options") or {}
    files = sorted(path for part in ("defaults", "vars") for path in (folder / part).rglob("*.yml"))
    return frozenset(
        [*specified, *(name for path in files for name in _load(path) or {}), *(name for name in NOTED if name.startswith(f"{role}_"))]
    )


@cache
def names() -> tuple[str, ...]:
    """Return the names of all roles."""
    return tuple(sorted(path.parent.parent.name for path in ROLES.glob("*/meta/argument_specs.yml")))


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=YAML_LOADER)


# Before Ansible forks: each host would read the files again.
for _name in names():
    known_of(_name)


def misspelt(variables: Mapping[str, Any], extra: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each variable that is probably misspelt, in a task of a role of ours or of a playbook of ours.

    Args:
        variables: of the task.
        extra: names of those that were given on the command line.
    """
    role = str(variables.get("ansible_role_name") or "").removeprefix(PREFIX)
    others = variables.get(OTHERS)
    listed = set(map(str, others)) if isinstance(others, list | tuple) else set()
    if str(variables.get("ansible_role_name") or "").startswith(PREFIX) and role in names():
        yield from _of_role(role, variables, listed)
    playbook = variables.get(OF_PLAYBOOK)
    for name in sorted(set(extra) - listed) if isinstance(playbook, list | tuple) else ():
        near = _meant(name, map(str, playbook or ()))
        if near is not None and near != name and near not in extra:
            yield f"this playbook has no variable '{name}' (did you mean '{near}'?); list it in '{OTHERS}' if it belongs to something else"


def _of_role(role: str, variables: Mapping[str, Any], listed: set[str]) -> Iterator[str]:
    longer = tuple(f"{other}_" for other in names() if other.startswith(f"{role}_"))
    known = known_of(role)
    for name in sorted(map(str, variables)):
        if not name.startswith(f"{role}_") or name in known or name in listed or name.startswith(longer):
            continue
        value = variables[name]
        if isinstance(value, Mapping) and not RESULT.isdisjoint(value):
            continue
        near = _meant(name.removeprefix(f"{role}_"), [other.removeprefix(f"{role}_") for other in known])
        if near is not None:
            meant = f"(did you mean '{role}_{near}'?)"
            yield f"the role {PREFIX}{role} has no variable '{name}' {meant}; list it in '{OTHERS}' if it belongs to something else"


def _meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name of which another is probably a misspelling."""
    names_of_ours = tuple(known)
    same_length = (other for other in names_of_ours if len(other) == len(name))
    return nearest(name, names_of_ours, cutoff=ALIKE) or nearest(name, same_length, cutoff=ALIKE_IN_LENGTH)
