# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Misspelt variables of roles and playbooks are found, and what rightly begins with the name of a role is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._action import variables
from ansible_collections.netmin.windows.plugins.plugin_utils._action.variables import OF_PLAYBOOK, OTHERS, known_of, misspelt, names

CHECKOUT = Path(__file__).parents[5]
RESULT = {"changed": False, "listeners": []}


def told(role: str, extra: tuple[str, ...] = (), **given: Any) -> list[str]:
    """Return what is said of the variables of a task in a role."""
    return list(misspelt({"ansible_role_name": f"netmin.windows.{role}", **given}, extra))


@pytest.mark.parametrize(
    ("role", "name", "near"),
    [
        ("minimize", "minimize_keeps", "minimize_keep"),
        ("minimize", "minimize_Keep", "minimize_keep"),
        ("minimize", "minimize_acept", "minimize_accept"),
        ("minimize", "minimize_reboot_timout", "minimize_reboot_timeout"),
        ("rollback", "rollback_rebot", "rollback_reboot"),
        ("verify", "verify_limits", "verify_limit"),
        ("audit", "audit_shows", "audit_show"),
        ("services", "services_service", "services_services"),
        ("netbt", "netbt_kepe", "netbt_keep"),
        ("verify", "verify_kept", "verify_keep"),
        ("minimize", "minimize_failures", "minimize_failure"),
    ],
)
def test_a_misspelt_variable_is_told_with_the_nearest(role: str, name: str, near: str) -> None:
    given: dict[str, Any] = {name: []}
    (line,) = told(role, (), **given)
    assert line.startswith(f"the role netmin.windows.{role} has no variable '{name}' (did you mean '{near}'?)")


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("audit", "audit_log_dir"),
        ("audit", "audit_failure"),
        ("minimize", "minimize_xyzzy"),
        ("minimize", "minimize_team"),
        ("rollback", "rollback_tag"),
        ("services", "services_list"),
        ("services", "services_config"),
        ("verify", "verify_ssl"),
        ("verify", "verify_failure"),
    ],
)
def test_a_variable_of_the_inventory_that_is_like_no_variable_of_the_role_is_right(role: str, name: str) -> None:
    """Words like `audit` and `services` begin the names of many."""
    given: dict[str, Any] = {name: "x"}
    assert told(role, **given) == []


@pytest.mark.parametrize("role", names())
def test_all_variables_of_a_role_are_right(role: str) -> None:
    given: dict[str, Any] = dict.fromkeys(known_of(role), "x")
    assert (f"{role}_failure" in given) is (role in ("minimize", "rollback", "drift"))
    assert told(role, (), **given) == []


@pytest.mark.parametrize("role", names())
def test_what_roles_and_playbooks_leave_is_right(role: str) -> None:
    left: dict[str, Any] = {}
    for path in [*CHECKOUT.glob(f"roles/{role}/tasks/*.yml"), *CHECKOUT.glob("playbooks/*.yml")]:
        for task in tasks_of(yaml.safe_load(path.read_text(encoding="utf-8"))):
            left |= {task["register"]: RESULT} if "register" in task else {}
            left |= dict.fromkeys(task.get("ansible.builtin.set_fact", {}), "told")
    assert f"{role}_result" in left
    assert told(role, **left) == []


def tasks_of(node: Any) -> list[dict[str, Any]]:
    """Return all tasks of a playbook or a list of tasks, at any depth."""
    if isinstance(node, list):
        return [task for item in node for task in tasks_of(item)]
    if not isinstance(node, dict):
        return []
    return [node, *(task for key in ("tasks", "block", "rescue", "always") for task in tasks_of(node.get(key)))]


@pytest.mark.parametrize(
    "given",
    [
        {"minimize_before": RESULT},
        {"minimize_before": {"skipped": True, "msg": "x"}},
        {"minimizer_keeps": 1, "minimize": 1, "my_minimize_keeps": 1},
        {"minimize_windows": "x", OTHERS: ["minimize_windows"]},
        {"minimize_keep_web_server": []},
    ],
)
def test_what_belongs_to_something_else_is_right(given: dict[str, Any]) -> None:
    assert told("minimize", **given) == []


def test_variables_of_a_role_with_a_longer_name_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "names", lambda: ("rpc", "rpc_filters"))
    monkeypatch.setattr(variables, "known_of", lambda role: frozenset({f"{role}_keep"}))
    found = told("rpc", rpc_filters_keeps=1, rpc_keeps=1)
    assert [line.split("'")[1] for line in found] == ["rpc_keeps"]


@pytest.mark.parametrize("name", ["", "other.windows.minimize", "minimize", "netmin.windows.nothing"])
def test_a_task_outside_of_our_roles_is_none_of_our_business(name: str) -> None:
    assert list(misspelt({"ansible_role_name": name, "minimize_keeps": 1}, ("minimize_keeps", "targt"))) == []


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        (("targt",), ["targt"]),
        (("canary", "max_fials"), ["max_fials"]),
        (("target", "targets"), []),
        (("web_root", "canary"), []),
        (("targets", OTHERS), []),
    ],
)
def test_a_misspelt_variable_of_a_playbook_is_told(extra: tuple[str, ...], found: list[str]) -> None:
    given = {OF_PLAYBOOK: ["target", "canary", "max_fail"], OTHERS: ["targets"] if OTHERS in extra else []}
    assert [line.split("'")[1] for line in told("minimize", extra, **given)] == found


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("playbooks/*.yml")), ids=lambda path: path.stem)
def test_a_playbook_names_its_variables(path: Path) -> None:
    for play in yaml.safe_load(path.read_text(encoding="utf-8")):
        taken = {name for name in ("target", "canary", "max_fail", "fail_on") if f"{{{{ {name} |" in str(play)}
        if "tasks" in play or "roles" in play:
            named = set(play.get("vars", {}).get(OF_PLAYBOOK, []))
            text = path.read_text(encoding="utf-8")
            unused = {name for name in named if len(re.findall(rf"\b{name}\b", text)) < 2}
            assert taken <= named
            # Those of its role, which it takes as they are.
            assert unused <= set().union(*map(known_of, names()))
