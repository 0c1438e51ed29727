# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task needs to go by a baseline: the file, the host's groups, and the controller's day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.allowed import Allowed
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.file import load_baseline
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import KNOWLEDGE

COLLECTION = Path(__file__).resolve().parents[3]


def today() -> date:
    """Return the day in the controller's zone: it is the operator's calendar by which exceptions end, not the host's clock."""
    return datetime.now().astimezone().date()


def path_of(loader: Any, text: str) -> Path:
    """Return a path as a play means it: relative to the play, as everywhere in Ansible.

    In a playbook of this collection that would be the folder of the collection, where no user has a file: there it is relative to
    where ansible-playbook was started.
    """
    path = Path(text).expanduser()
    if path.is_absolute():
        return path
    if Path(loader.get_basedir()).resolve().is_relative_to(COLLECTION):
        return Path.cwd() / path
    return Path(loader.path_dwim(text))


def groups_of(variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the groups that a host is in."""
    found = variables.get("group_names")
    return tuple(map(str, found)) if isinstance(found, Iterable) and not isinstance(found, str) else ()


def allowed_on(loader: Any, file: str, host: str, variables: Mapping[str, Any]) -> tuple[Allowed, list[str]]:
    """Read a baseline; return what it allows a host, with warnings about what no inventory has.

    Args:
        variables: of the task.

    Raises:
        InvalidOption: the file cannot be used, or names a group or host that is probably misspelt.
    """
    baseline = load_baseline(path_of(loader, file), file, KNOWLEDGE)
    inventory = variables.get("groups")
    groups: Mapping[str, Any] = inventory if isinstance(inventory, Mapping) else {}
    unknown = list(baseline.unknown(map(str, groups), map(str, groups.get("all", ())))) if groups else []
    slips = [text for text, slip in unknown if slip]
    if slips:
        # An entry under a wrong name allows nothing: what it means would be closed.
        raise InvalidOption(*slips)
    hostvars = variables.get("hostvars")
    own = variables if host == variables.get("inventory_hostname") or hostvars is None else hostvars.get(host) or {}
    return Allowed.of(baseline, host, groups_of(own), today()), [text for text, _slip in unknown]


def in_place_of_keep(options: Mapping[str, Any]) -> None:
    """Refuse a task that gives both.

    Raises:
        InvalidOption: it does.
    """
    if options.get("keep"):
        file = excerpt(options["baseline"])
        raise InvalidOption(
            f"'baseline' ({file}) takes the place of 'keep': move the entries of 'keep' into the file, or remove one of the two"
        )
