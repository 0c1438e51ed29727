# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The survey of the guide for AWX asks for variables that there are, and offers values that they take."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from ansible_collections.netmin.windows.tests.unit.role_arguments import CHECKOUT

GUIDE = CHECKOUT / "docs/docsite/rst/guide_awx.rst"
PLAYBOOK = CHECKOUT / "playbooks/minimize.yml"
ARGUMENTS = CHECKOUT / "roles/minimize/meta/argument_specs.yml"
KINDS = {"text": ("str", "path"), "integer": ("int", "float"), "multiplechoice": ("str", "bool"), "multiselect": ("list",)}


def survey() -> list[dict[str, Any]]:
    """Return the questions of the survey that the guide names for the playbook."""
    (name,) = re.findall(r"extensions/awx/survey_minimize\.json", GUIDE.read_text(encoding="utf-8"))
    questions: list[dict[str, Any]] = json.loads((CHECKOUT / name).read_text(encoding="utf-8"))["spec"]
    return questions


def test_the_survey_asks_for_what_the_playbook_takes() -> None:
    (play,) = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
    options = yaml.safe_load(ARGUMENTS.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    own = set(play["vars"]["netmin_windows_playbook_variables"])
    questions = survey()
    assert {question["variable"] for question in questions} <= own | options.keys()
    for question in questions:
        option = options.get(question["variable"])
        if option is not None:
            assert option["type"] in KINDS[question["type"]], question["variable"]
            assert set(question.get("choices", ())) <= set(option.get("choices", question.get("choices", ()))), question["variable"]


def test_the_guide_names_variables_that_there_are() -> None:
    options = yaml.safe_load(ARGUMENTS.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    named = set(re.findall(r"\bminimize_[a-z_]+", GUIDE.read_text(encoding="utf-8")))
    assert named
    assert named <= options.keys()
