# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is made from the entries is current: the schemas for editors and the page; and every entry fits its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import document, json_schema, load
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.checks import newest
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.loader import FOLDER

SINGLE = {"benchmark": "controls/benchmarks", "recipe": "recipes", "windows": "windows"}
BELOW = {"benchmarks": "controls/cis.yml", "control_settings": "controls/settings.yml"}
FILES = [(name, path) for name, folder in SINGLE.items() for path in sorted((FOLDER / folder).glob("*.yml"))]
# A folder of lists.
LISTS = {"assumptions": "assumptions"}
FILES += [(name, path) for name, folder in LISTS.items() for path in sorted((FOLDER / folder).glob("*.yml"))]
FILES += [(name, FOLDER / BELOW.get(name, f"{name}.yml")) for name in json_schema.FILES if name not in (*SINGLE, *LISTS)]


def test_the_generated_files_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert (json_schema.main(["--check"]), document.main(["--check"])) == (0, 0), capsys.readouterr().err


def test_a_stale_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(json_schema, "FOLDER", tmp_path)
    assert json_schema.main([]) == 0
    (tmp_path / "recipe.schema.json").write_text("{}", encoding="utf-8")
    assert json_schema.main(["--check"]) == 1
    assert capsys.readouterr().err == "recipe.schema.json is not current\n"
    monkeypatch.setattr(document, "PAGE", tmp_path / "knowledge.md")
    assert document.main(["--check"]) == 1
    assert document.main([]) == 0
    assert document.main(["--check"]) == 0


@pytest.mark.parametrize(("name", "path"), FILES, ids=[f"{name}-{path.stem}" for name, path in FILES])
def test_an_entry_fits_its_schema_and_names_it(name: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    up = "../" * (len(path.relative_to(FOLDER).parts) - 1)
    assert text.startswith(f"# yaml-language-server: $schema={up}schema/{name}.schema.json\n")
    validator = jsonschema.Draft202012Validator(json.loads(json_schema.text(name)))
    assert not list(validator.iter_errors(yaml.safe_load(text)))


def test_a_schema_refuses_what_the_loader_refuses() -> None:
    entry: dict[str, Any] = yaml.safe_load((FOLDER / "recipes" / "rdp-3389.yml").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(json_schema.schema("recipe"))
    assert validator.is_valid(entry)
    for spoiled in ({"porpoise": "x"}, {"methods": [{"id": "x"}]}, {"listeners": [{"protocol": "sctp", "port": 1}]}, {"purpose": None}):
        assert not validator.is_valid({**entry, **spoiled})


def test_the_page_has_every_windows_and_every_recipe() -> None:
    knowledge = load()
    page = document.page(knowledge)
    for version in knowledge.versions.values():
        assert f"\n## {version.name}\n" in page
    for recipe in knowledge.recipes.values():
        assert f"\n### {recipe.id}\n" in page


def test_the_page_says_when_a_listener_closes_as_the_examples_do() -> None:
    knowledge = load()
    fitting = {Outlook.CLOSES_NOW: {document.NOW, document.PROCESS}, Outlook.CLOSES_AT_BOOT: {document.BOOT, document.PROCESS}}
    compared = 0
    for recipe in knowledge.recipes.values():
        for example in recipe.examples:
            version = knowledge.versions.get(example.scenario)
            if version is None or not example.method or example.outlook not in fitting:
                continue
            windows = newest(version)[0]
            method = recipe.method(example.method, windows)
            patterns = [pattern for pattern in recipe.listeners if f"{pattern.protocol}/{pattern.port}" == example.endpoint]
            assert method is not None
            assert document.when(method, patterns, windows, knowledge) in fitting[Outlook(example.outlook)], (recipe.id, example)
            compared += 1
    assert compared > 20


def test_the_page_names_what_is_left_out_of_a_default_install() -> None:
    page = document.page(load())
    windows_2000 = page[page.index("\n## Windows 2000\n") : page.index("\n## Windows XP\n")]
    usual, others = windows_2000.split("What roles, features and settings can add:")
    assert "| none |  | [dcom-off](#dcom-off) | enable_dcom (dcom_protocols, does_not_close, documented)" in usual
    assert "[snmp](#snmp)" in others
    assert "[snmp](#snmp)" not in usual
    assert "| tcp/1433 | MSSQLSERVER | [sql-server-1433](#sql-server-1433) | nothing |  | SQL Server serves its databases there" in others
    assert len({line.count("|") for line in page[: page.index("\n## Recipes\n")].splitlines() if line.startswith("| ")}) == 1
