# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SECURITY.md promises nothing that no test holds: each of its rules is named here with its tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SESSION = "plugins/plugin_utils/_session"
RUN = "plugins/plugin_utils/_run"
UNDO = "plugins/plugin_utils/_undo"

RULES: dict[str, tuple[str, ...]] = {
    "an answer that is not encrypted, over a connection that encrypts its messages": (
        f"{SESSION}/test_sealed.py::test_after_a_session_is_sealed_no_answer_in_clear_is_believed",
        f"{SESSION}/test_sealed.py::test_nor_is_the_first_one",
        f"{SESSION}/test_sealed.py::test_401_goes_to_the_login",
    ),
    "a login with Kerberos, NTLM or CredSSP over http is refused": (
        f"{SESSION}/test_sealed.py::test_a_password_is_not_sent_in_clear_after_a_mechanism_that_seals_was_refused",
        f"{SESSION}/test_sealed.py::test_it_is_where_the_user_has_said_so",
    ),
    "a message that was sealed cannot be opened": (f"{SESSION}/test_sealed.py::test_a_broken_seal_is_no_matter_of_the_password",),
    "a question about a hazard that the host refuses": (
        f"{RUN}/test_gate.py::test_a_hazard_that_may_not_be_looked_for_holds_back_as_it_would_itself",
        f"{RUN}/test_gate.py::test_faults_in_place_of_every_answer_make_a_plan_no_longer",
        f"{RUN}/test_gate.py::test_a_class_that_is_missing_by_its_code_shows_nothing",
    ),
    "a run ends while its timer is running, however it ends": (
        f"{RUN}/test_attacked.py::test_a_run_that_breaks_off_while_its_timer_runs_says_so",
        f"{RUN}/test_attacked.py::test_nor_does_a_bug_of_ours_hide_the_timer",
        f"{RUN}/test_attacked.py::test_an_interruption_leaves_a_warning",
        "test_fuzz.py::test_nor_does_it_in_the_middle_of_changes",
    ),
    "two controllers start a timer on one host": (
        f"{RUN}/test_attacked.py::test_of_two_controllers_one_at_most_arms_and_its_timer_stays_whole",
        f"{RUN}/test_attacked.py::test_a_script_whose_key_is_gone_harms_no_timer_that_comes_after_it",
        f"{RUN}/test_attacked.py::test_a_run_confirms_no_timer_but_its_own",
        f"{RUN}/test_attacked.py::test_a_run_that_ends_while_the_timer_of_another_waits_says_so",
        f"{UNDO}/test_timer.py::test_a_script_that_another_run_has_superseded_leaves_all_that_is_that_runs",
    ),
    "the record on the host names what this collection does not manage": (
        f"{UNDO}/test_managed.py::test_a_planted_record_makes_a_restore_touch_nothing_that_is_not_managed",
        f"{UNDO}/test_managed.py::test_a_key_that_was_not_made_for_a_value_is_not_deleted",
        f"{UNDO}/test_managed.py::test_the_table_holds_whatever_a_stage_or_a_recipe_writes",
    ),
    "a record of ours is damaged": (
        f"{RUN}/test_damaged.py::test_a_damaged_record_blocks_no_run_and_no_restore_of_it",
        f"{RUN}/test_damaged.py::test_a_key_that_cannot_be_listed_is_named_with_what_to_do",
    ),
    "`ComSpec`, `PATH`, `PATHEXT` or `AutoRun` of the host were changed": (
        f"{UNDO}/test_timer.py::test_it_needs_nothing_of_the_environment",
        f"{UNDO}/test_timer.py::test_the_script_starts_no_shell_of_its_own",
    ),
    "an answer or a fault to another message": (
        f"{SESSION}/test_sealed.py::test_a_fault_that_names_another_message_is_refused_sealed_or_not",
    ),
    "a value of the wrong type, or a value twice": (
        f"{RUN}/test_attacked.py::test_what_a_host_answers_ends_in_an_error_of_ours_that_names_it",
        "test_fuzz.py::test_what_makes_no_sense_ends_in_an_error_of_ours",
    ),
}
"""The left column of a row in SECURITY.md, and the tests that hold what its right column says."""


def rows(title: str) -> list[str]:
    """Return the left column of the table below a heading."""
    section = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    table = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| ")]
    return [row for row in table[1:] if not set(row) <= {"-"}]


def test_each_rule_names_its_tests() -> None:
    rules = rows("Rules that always hold")
    assert len(rules) > 5
    assert [row for row in rules if row not in RULES] == []


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_is_in_the_page_and_its_tests_are_there(rule: str) -> None:
    assert rule in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for named in RULES[rule]:
        path, _separator, test = named.partition("::")
        tree = ast.parse((ROOT / "tests/unit" / path).read_text(encoding="utf-8"))
        assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, named
