# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of controls: the loader's complaints, what happens without the numbers of CIS, and the page that is made from it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Asked, ControlEffect, KnowledgeError, Relation, load
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.loader import FOLDER
from ansible_collections.netmin.windows.tests.unit import control_tables

KNOWLEDGE = load()
CONTROLS = KNOWLEDGE.controls
SPOILT = [
    # A method that is said to do what a control asks for has to do it: by path, by name, by type, by data, by service and by its id.
    ("settings.yml", r"Windows NT\DNSClient'", r"Windows NT\DNSClients'", "method llmnr_off of llmnr-5355 does not write HKLM"),
    ("settings.yml", "name: EnableMulticast", "name: EnableMulticasts", "method llmnr_off of llmnr-5355 does not write HKLM"),
    (
        "settings.yml",
        "name: EnableMulticast\n",
        "name: EnableMulticast\n  type: sz\n",
        "method llmnr_off of llmnr-5355 writes what is not accepted",
    ),
    ("settings.yml", "data: [0]\n  recipe: llmnr-5355", "data: [1]\n  recipe: llmnr-5355", "llmnr_off of llmnr-5355 writes what is not"),
    ("settings.yml", "service: sshd", "service: sshdd", "method disable of openssh does not disable sshdd"),
    ("settings.yml", "method: llmnr_off", "method: llmnr_on", "recipe llmnr-5355 has no method 'llmnr_on'"),
    ("settings.yml", "recipe: openssh", "recipe: opensshd", "there is no recipe 'opensshd'"),
    ("settings.yml", "  method: llmnr_off\n", "", "names a method without doing the same, or the other way round"),
    ("settings.yml", "sources: [controls_rickard]", "sources: [controls_richard]", "source 'controls_richard' is not in sources.yml"),
    (
        "settings.yml",
        "basis: reported\n  sources: [controls_dcfw, controls_policypicker]",
        "basis: reported",
        "is reported and cites no source",
    ),
    ("settings.yml", "- id: llmnr\n", "- id: sql_browser\n", "'sql_browser' is there twice"),
    ("benchmarks/stig-ws2022-v2r8.yml", "data: [0, 1, 2, 99]", "data: [1, 2, 99]", "method no_peers writes what it does not accept"),
    (
        "benchmarks/stig-ws2022-v2r8.yml",
        "setting: fax_feature",
        "setting: fax_features",
        "there is no setting 'fax_features'; did you mean",
    ),
    ("benchmarks/stig-ws2022-v2r8.yml", "version: 'V2R8'", "version: 'V2R9'", "'stig-ws2022-v2r8' does not end with the version"),
    ("benchmarks/stig-ws2022-v2r8.yml", "WN22-00-000280, group: V-254265", "WN22-00-000280, group: V-254264", "'V-254264' is there twice"),
    ("benchmarks/stig-ws2022-v2r8.yml", "setting: fax_feature", "recipe: fax, method: disable", "only a file of one's own may"),
    (
        "benchmarks/stig-ws2022-v2r8.yml",
        "setting: roles_documented",
        "setting: roles_documented, roles: [dc]",
        "one of workgroup, member, controller",
    ),
    ("cis.yml", "id: cis-w10-3.0.0", "id: cis-w11-3.0.0", "'cis-w11-3.0.0' is there twice"),
    ("cis.yml", "windows: [windows_11]", "windows: [windows_12]", "there is no Windows 'windows_12'"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the entries to spoil."""
    copied = tmp_path / "knowledge"
    shutil.copytree(FOLDER, copied, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copied


@pytest.mark.parametrize(("name", "old", "new", "told"), SPOILT)
def test_what_does_not_fit_is_told(folder: Path, name: str, old: str, new: str, told: str) -> None:
    path = folder / "controls" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        load(folder)
    assert told in str(caught.value)


def test_a_method_that_changes_is_told(folder: Path) -> None:
    """It is the recipes that move: what a control was said to be met by is looked at with each of them."""
    path = folder / "recipes" / "llmnr-5355.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("name: EnableMulticast", "name: EnableLLMNR"), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="method llmnr_off of llmnr-5355 does not write HKLM"):
        load(folder)


def test_the_numbers_of_cis_can_be_left_out(folder: Path) -> None:
    (folder / "controls" / "cis.yml").unlink()
    without = load(folder).controls
    assert not any(name.startswith("cis-") for name in without.benchmarks)
    assert {name for name in CONTROLS.benchmarks if not name.startswith("cis-")} == set(without.benchmarks)
    assert without.asked(["stig-ws2022-v2r8:WN22-CC-000260"])
    with pytest.raises(InvalidOption, match=r"there is no benchmark 'cis-ws2022-4.0.0'"):
        without.asked(["cis-ws2022-4.0.0:18.6.4.4"])
    shutil.rmtree(folder / "controls")
    sources = folder / "sources.yml"
    kept = [line for line in sources.read_text(encoding="utf-8").splitlines() if not line.startswith("controls_")]
    sources.write_text("\n".join(kept), encoding="utf-8")
    assert list(load(folder).controls) == []


def test_cis_is_bare_numbers() -> None:
    """No title and no text of a benchmark that this collection cannot carry."""
    for benchmark in yaml.safe_load((FOLDER / "controls" / "cis.yml").read_text(encoding="utf-8")):
        assert set(benchmark) <= {"id", "name", "version", "sources", "windows", "rules"}
        assert re.fullmatch(r"cis-[a-z0-9]+-\d+\.\d+\.\d+", benchmark["id"])
        for rule in benchmark["rules"]:
            assert set(rule) <= {"id", "setting"}
            assert re.fullmatch(r"\d+(\.\d+)+", rule["id"])


def test_every_benchmark_names_its_version_and_where_it_was_read() -> None:
    assert {name: benchmark.family for name, benchmark in CONTROLS.benchmarks.items() if name == benchmark.family} == {}
    assert [name for name, benchmark in CONTROLS.benchmarks.items() if not benchmark.sources or "@" not in benchmark.sources[0]] == []
    stigs = [control for control in CONTROLS if control.benchmark.id.startswith("stig-")]
    assert all(re.fullmatch(r"V-\d{6}", control.rule.group) for control in stigs)
    assert all(control.benchmark.date for control in stigs)


def test_a_control_is_found_by_either_id_and_in_any_case() -> None:
    found = CONTROLS.asked(["stig-ws2022-v2r8:WN22-CC-000260", "STIG-WS2022-V2R8:v-254357", " stig-ws2022-v2r8 : wn22-cc-000260 "])
    assert [(one.control.id, one.named) for one in found] == [("stig-ws2022-v2r8:WN22-CC-000260", True)]


def test_what_is_named_beside_its_benchmark_stays_named() -> None:
    for texts in (["cis-ws2022-4.0.0:*", "cis-ws2022-4.0.0:5.2"], ["cis-ws2022-4.0.0:5.2", "cis-ws2022-4.0.0:*"]):
        found = {one.control.rule.id: one.named for one in CONTROLS.asked(texts)}
        assert found == {"18.6.4.4": False, "18.7.1": False, "18.9.19.6": False, "5.1": False, "5.2": True}
        assert all(isinstance(one, Asked) for one in CONTROLS.asked(texts))


def test_a_section_stands_for_the_controls_below_it() -> None:
    found = {one.control.id: one.named for one in CONTROLS.asked(["cis-ws2022-3.0.0:18.6.4"])}
    assert found == {"cis-ws2022-3.0.0:18.6.4.3": False}
    both = {one.control.id: one.named for one in CONTROLS.asked(["cis-ws2022-3.0.0:18.6.4", "cis-ws2022-3.0.0:18.6.4.3"])}
    assert both == {"cis-ws2022-3.0.0:18.6.4.3": True}
    assert CONTROLS.unmet(["cis-ws2022-3.0.0:18.6.4"]) == {"section cis-ws2022-3.0.0:18.6.4": ("cis-ws2022-3.0.0:18.6.4.2",)}
    assert CONTROLS.unmet(["cis-ws2022-3.0.0:18.6.4.3"]) == {}


def test_a_section_is_no_beginning_of_a_number_and_is_refused_where_nothing_below_it_is_met() -> None:
    with pytest.raises(InvalidOption, match=r"has no control '18\.6\.4\.' that"):
        CONTROLS.asked(["cis-ws2022-3.0.0:18.6.4."])
    with pytest.raises(InvalidOption, match="has no control '1' that"):
        CONTROLS.asked(["cis-ws2022-3.0.0:1"])
    with pytest.raises(InvalidOption, match=r"no control of section cis-ws2022-3\.0\.0:9 is met"):
        CONTROLS.asked(["cis-ws2022-3.0.0:9"])


def test_a_recipe_carries_the_controls_of_each_of_its_methods() -> None:
    spooler = CONTROLS.of_recipe("rpc-spooler")
    parts = [CONTROLS.of_recipe("rpc-spooler", method=name) for name in ("disable", "spooler_no_clients")]
    assert all(parts)
    assert sorted(name for part in parts for name in part) == sorted(spooler)
    assert "cis-ws2022-4.0.0:18.7.1" not in CONTROLS.of_recipe("rpc-spooler", method="disable")
    assert CONTROLS.of_recipe("rpc-spooler", method="spooler_pipes_only") == ()
    # They ask for what leaves the port open, and not for what this recipe does.
    assert "stig-ws2022-v2r8:WN22-00-000390" not in CONTROLS.of_recipe("smb-445")


def test_the_page_is_current() -> None:
    page = control_tables.page(KNOWLEDGE)
    assert control_tables.PAGE.read_text(encoding="utf-8") == page
    assert [control.id for control in CONTROLS if f"`{control.id}`" not in page] == []


def test_the_page_says_what_is_met_what_is_not_and_what_stays_open() -> None:
    page = control_tables.page(KNOWLEDGE)
    tables = {part.partition("\n")[0]: part for part in page.split("\n## ")}
    for setting in CONTROLS.settings.values():
        row = f"\n| `{setting.id}` | "
        assert (row in tables["Met"]) is bool(setting.method)
        assert (row in tables["The socket stays open"]) is (setting.effect is ControlEffect.STAYS)
        assert (row in tables["Ids of the controls that are not met"]) is not bool(setting.method)
        assert (row in tables["Conflicts"]) is bool(setting.conflict)
        assert not setting.method or setting.relation in (Relation.SAME_VALUE, Relation.SAME_SERVICE)
    assert "`rpc_restriction`: `spooler: local_only`" in tables["Met"]
    assert "[msdtc](knowledge.md#msdtc)" in tables["Listeners without a control"]
    assert "[llmnr-5355](" not in tables["Listeners without a control"]
