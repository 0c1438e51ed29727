# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is misspelt, of a wrong form or left out is told before any host is asked: there is none at the address of these."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .harness import Played, play

pytestmark = pytest.mark.slow

NOWHERE = {
    "ansible_host": "127.0.0.1",
    "ansible_port": 9,
    "ansible_user": "nobody",
    "ansible_password": "nothing",
    "ansible_connection": "winrm",
    "ansible_winrm_transport": "basic",
}
HOST = {"web01": NOWHERE}
ROLES = {
    "minimize": "minimize_keeps",
    "rollback": "rollback_forces",
    "verify": "verify_stricts",
    "audit": "audit_shows",
    "netbt": "netbt_keeps",
}


def included(role: str) -> dict[str, Any]:
    """Return the task that includes a role of ours."""
    return {"name": role, "ansible.builtin.include_role": {"name": f"netmin.windows.{role}", "apply": {"ignore_errors": True}}}


def test_a_misspelt_variable_of_a_role_is_refused_wherever_it_is_given() -> None:
    """In the inventory, with -e, and beside the role."""
    beside = {**included("services"), "vars": {"services_servics": []}}
    given: dict[str, object] = {name: [] for role, name in ROLES.items() if role != "rollback"}
    played = play(
        {"web01": {**NOWHERE, **given}},
        [*(included(role) for role in ROLES), beside],
        arguments=("-e", json.dumps({"rollback_forces": True})),
    )
    messages = [outcome.message for outcome in played.outcomes if outcome.status == "failed"]
    for name in (*ROLES.values(), "services_servics"):
        assert [text for text in messages if f"has no variable '{name}' (did you mean '" in text], (name, played.output)
    assert not [outcome for outcome in played.outcomes if outcome.status == "unreachable"]


def playbook(name: str, *arguments: str, **given: Any) -> Played:
    """Run a playbook of the collection on a host that is not there."""
    return play(HOST, playbook=f"netmin.windows.{name}", arguments=("-e", json.dumps(given), *arguments))


@pytest.mark.parametrize("name", ["audit", "minimize", "rollback", "verify"])
def test_a_playbook_says_how_hosts_are_named(name: str) -> None:
    played = playbook(name)
    # Neither a failed host (2) nor success.
    assert played.returncode not in (0, 2), played.output
    assert played.outcomes == ()
    assert "No host is named, and nothing was done." in played.output
    assert "-e target=NAME" in played.output
    for arguments in (("--limit", "web01"), ("-e", "target=windows")):
        named = playbook(name, *arguments)
        assert named.hosts() == {"web01"}
        assert "No host is named" not in named.output
        assert "no hosts matched" not in named.output


def test_a_misspelt_variable_of_a_playbook_is_refused() -> None:
    played = playbook("minimize", target="windows", canry=[1], minimize_reboots=True)
    assert played.returncode == 2
    failed = next(outcome for outcome in played.outcomes if outcome.status == "failed")
    assert "this playbook has no variable 'canry' (did you mean 'canary'?)" in failed.message
    assert "no variable 'minimize_reboots' (did you mean 'minimize_reboot'?)" in failed.message
    (lines,) = (outcome.result["lines"] for outcome in played.outcomes if outcome.task == "Summarize the run")
    assert lines[2].startswith("web01 refused: 2 refusals; nothing was changed: ")


@pytest.mark.parametrize("name", ["minimize", "rollback"])
@pytest.mark.parametrize("text", ["within=600", '{"within": 600, "hold": true}'])
def test_confirm_may_be_given_as_text(name: str, text: str) -> None:
    played = playbook(name, target="windows", **{f"{name}_confirm": text})
    assert "unreachable" in {outcome.status for outcome in played.outcomes}
    assert "failed" not in {outcome.status for outcome in played.outcomes if outcome.task.startswith("netmin.windows.")}
    assert "undefined" not in played.output
    assert "template" not in played.output.lower()


@pytest.mark.parametrize("text", ["600", "soon"])
def test_confirm_that_cannot_be_meant_is_refused(text: str) -> None:
    played = playbook("minimize", target="windows", minimize_confirm=text)
    assert played.returncode == 2
    assert "minimize_confirm" in played.output
    assert not [outcome for outcome in played.outcomes if outcome.status == "unreachable"]


GROUPS = {
    "stages": ["dcom_protocols", "ip_filter", "minimize", "name_resolution", "netbt", "rpc_restriction", "services", "smb_device"],
    "changes": ["minimize", "restore", "services"],
}
SHARED: dict[str, dict[str, Any]] = {
    "stages": {
        "accept": [],
        "confirm": {"within": 5},
        "dependents": "stop",
        "keep": [],
        "record_dir": "records",
        "stop_timeout": -1,
        "unverified": "skip",
    },
    "changes": {"confirm": {"within": 5}, "record_dir": "records", "stop_timeout": -1},
}


@pytest.mark.parametrize("group", GROUPS)
def test_defaults_for_a_group_reach_each_of_its_modules(group: str) -> None:
    """Each of them says what is wrong with the values, and has no option too many."""
    tasks = [{"name": name, f"netmin.windows.{name}": {}, "ignore_errors": True} for name in GROUPS[group]]
    played = play(HOST, tasks, keywords={"module_defaults": {f"group/netmin.windows.{group}": SHARED[group]}})
    for name in GROUPS[group]:
        outcome = played.of("web01", name)
        assert outcome.status == "failed", played.output
        assert "'stop_timeout' is -1 seconds" in outcome.message
        assert "'confirm.within' is 5 seconds" in outcome.message
        assert "Unsupported" not in outcome.message


def test_an_unknown_option_has_the_prefix_of_ansible() -> None:
    played = play(HOST, [{"netmin.windows.minimize": {"acept": [], "netbt": {"netbois": "disabled"}}}])
    message = played.of("web01").message
    assert message.startswith("Unsupported parameters for (netmin.windows.minimize) module: acept (did you mean 'accept'?), netbt.netbois")


def test_a_summary_asks_no_host_and_needs_no_account() -> None:
    task = {"netmin.windows.summary_info": {"hosts": ["web01"]}}
    played = play({"web01": {**NOWHERE, "ansible_become": True, "ansible_become_method": "runas", "ansible_become_user": "x"}}, [task])
    assert played.of("web01").status == "ok", played.output
