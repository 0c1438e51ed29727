# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the automation controller reads of this collection: queries that count nodes, and surveys of job templates."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from .role_arguments import CHECKOUT, PREFIX

QUERIES = yaml.safe_load((CHECKOUT / "extensions/audit/event_query.yml").read_text(encoding="utf-8"))
SURVEYS = sorted((CHECKOUT / "extensions/awx").glob("*.json"))
# What asks no host, and what is delegated to a machine that is no Windows.
APART = {"baseline", "drift_summary_info", "probe_info", "report", "show_info", "summary_info"}
MODULES = {path.stem for path in (CHECKOUT / "plugins/modules").glob("*.py")}


def test_every_module_that_works_on_a_host_has_a_query() -> None:
    assert set(QUERIES) == {PREFIX + name for name in MODULES - APART}


@pytest.mark.skipif(shutil.which("jq") is None, reason="the queries are in the language of jq, which is not installed here")
@pytest.mark.parametrize(
    ("result", "name"),
    [({"changed": True}, None), ({"_ansible_delegated_vars": {"ansible_host": "192.0.2.9"}}, "192.0.2.9")],
    ids=["own host", "delegated"],
)
def test_only_a_delegated_host_is_counted_beside_the_inventory(result: dict[str, Any], name: str | None) -> None:
    for entry in QUERIES.values():
        done = subprocess.run(["jq", entry["query"]], input=json.dumps(result), capture_output=True, text=True, check=True)
        found = json.loads(done.stdout) if done.stdout else None
        assert (found["name"] if found else None) == name
        assert found is None or found["canonical_facts"] == {"host_name": name}


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: path.stem)
def test_a_survey_asks_for_variables_that_there_are(path: Any) -> None:
    survey = json.loads(path.read_text(encoding="utf-8"))
    role = path.stem.removeprefix("survey_")
    known = yaml.safe_load((CHECKOUT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"][
        "options"
    ]
    assert {question["variable"] for question in survey["spec"]} <= {"target", *known}
    for question in survey["spec"]:
        assert question.keys() >= {
            "question_name",
            "question_description",
            "required",
            "type",
            "variable",
            "min",
            "max",
            "default",
            "choices",
        }
