# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scenario files: strict reading, extending, renaming."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.model import SERVICES, EmptyList, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.scenarios import ScenarioError, load_scenario, names
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.scenarios.merge import merge, renamed

SMALL = """
extends: windows_xp
title: small
sources: []
"""


def load(folder: Path, text: str) -> str:
    """Return the problems of a file."""
    path = folder / "some.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as raised:
        load_scenario(path)
    return str(raised.value)


@pytest.mark.parametrize("name", names())
def test_every_scenario_is_read_and_says_where_it_is_from(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.sources
    assert [account.user for account in scenario.host.accounts] == ["Administrator", "auditor"]


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    problems = load(
        tmp_path,
        SMALL
        + """
colour: blue
""",
    )
    assert "some.yml: $.colour: unknown key" in problems
    problems = load(
        tmp_path,
        SMALL
        + """
windows: {version: 5, shape: round}
adapters: [{name: MS TCP Loopback interface, dhcp: "no"}]
empty_list: sometimes
sockets: [{owner: Messenger, protocol: sctp, port: 1, unless: [{key: x}]}]
registry: {'HKLM\\X': {a: {dword: "1"}, b: {float: 1}}}
faults: [{kind: none}]
""",
    )
    for path in (
        "$.windows.version", "$.windows.shape", "$.adapters[2].dhcp", "$.empty_list", ".protocol", "unless[0].name",
        "X.a", "X.b", "$.faults[0]",
    ):  # fmt: skip
        assert path in problems, path


def test_names_that_are_used_must_exist(tmp_path: Path) -> None:
    problems = load(
        tmp_path,
        SMALL
        + """
mapper: {service: Nobody}
services: [{name: New, display: New, start: auto}, {name: messenger, display: Twice, start: auto, process: netsvcs}]
""",
    )
    assert "New has no image" in problems
    problems = load(
        tmp_path,
        SMALL
        + """
mapper: {service: Nobody}
services: [{name: messenger, display: Twice, start: auto, process: netsvcs, depends: [Nothing]}]
rpc_servers: [{owner: explorer, transports: [tcp]}, {owner: localservice, transports: [tcp]}]
connections: [{owner: nobody, remote_address: 192.0.2.1, remote_port: 80}]
""",
    )
    for part in (
        "$.mapper: Nobody",
        "messenger is defined twice",
        "depends: Nothing",
        "$.connections: nobody",
        "$.rpc_servers: localservice",
    ):
        assert part in problems, part


def test_a_file_that_is_none(tmp_path: Path) -> None:
    assert "no such scenario" in load_error("nowhere")
    assert "is no YAML" in load(tmp_path, "a: [")
    assert "is no mapping" in load(tmp_path, "- a")
    assert "$.title: is missing" in load(tmp_path, "sources: []")
    assert "extends another file itself" in load(tmp_path, "extends: windows_xp_dhcp\ntitle: x\nsources: []")


def load_error(name: str) -> str:
    with pytest.raises(ScenarioError) as raised:
        load_scenario(name)
    return str(raised.value)


def test_an_extending_file_changes_rows_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "some.yml"
    path.write_text(SMALL + "services: [{name: Messenger, start: disabled}]\nempty_list: ignores\n", encoding="utf-8")
    host = load_scenario(path).host
    messenger = next(service for service in host.services if service.name == "Messenger")
    assert (messenger.start, messenger.display) == (StartMode.DISABLED, "Messenger")
    assert host.empty_list is EmptyList.IGNORES


def test_merging_joins_lists_without_names() -> None:
    base = {"sources": ["a"], "mapper": {"service": "x", "port": 1}, "extends": "y"}
    assert merge(base, {"sources": ["b"], "mapper": {"port": 2}}) == {"sources": ["a", "b"], "mapper": {"service": "x", "port": 2}}


def test_renaming_reaches_services_ports_and_keys() -> None:
    document = yaml.safe_load(
        rf"""
services: [{{name: Old, depends: [OLD, Other]}}]
sockets: [{{owner: old, port: 25}}]
dhcp_client: Old
registry: {{'{SERVICES}\Old\Parameters': {{}}, 'HKLM\SOFTWARE\Old': {{}}}}
rename: {{services: {{Old: New}}, ports: {{25: 3025}}}}
"""
    )
    assert renamed(document) == {
        "services": [{"name": "New", "depends": ["New", "Other"]}],
        "sockets": [{"owner": "New", "port": 3025}],
        "dhcp_client": "New",
        "registry": {rf"{SERVICES}\New\Parameters": {}, r"HKLM\SOFTWARE\Old": {}},
    }
