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
CAPTURE = "plugins/plugin_utils/_capture"
CORE = "plugins/plugin_utils/_core"
OBJECTS = "plugins/plugin_utils/_objects"
HOST = "plugins/plugin_utils/_host"
WSMAN = "plugins/plugin_utils/_wsman"
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
        f"{RUN}/test_two_controllers.py::test_what_was_there_before_both_comes_back",
        f"{RUN}/test_attacked.py::test_a_script_whose_key_is_gone_harms_no_timer_that_comes_after_it",
        f"{RUN}/test_attacked.py::test_a_run_confirms_no_timer_but_its_own",
        f"{RUN}/test_attacked.py::test_a_run_that_ends_while_the_timer_of_another_waits_says_so",
        f"{UNDO}/test_timer.py::test_a_script_that_another_run_has_superseded_leaves_all_that_is_that_runs",
    ),
    "a filter of RPC calls comes out otherwise than it was meant": (
        f"{OBJECTS}/test_rpc_filter.py::test_a_filter_that_comes_out_wrong_is_deleted_at_once_and_no_other_is",
        f"{OBJECTS}/test_rpc_filter.py::test_whatever_lines_a_host_does_not_take_no_filter_is_left_that_differs",
        f"{CORE}/test_rpc_filter.py::test_no_command_line_ever_names_all_filters_and_each_fits_a_line_of_windows",
    ),
    "the list of filters of RPC calls is not understood": (
        f"{CORE}/test_rpc_filter.py::test_a_listing_that_makes_no_sense_is_not_known_and_never_empty",
        f"{OBJECTS}/test_rpc_filter.py::test_where_filters_cannot_be_read_nothing_is_put_back",
    ),
    "the record on the host can be written by others than administrators": (
        f"{UNDO}/test_access.py::test_a_restore_names_who_else_may_write",
        f"{UNDO}/test_access.py::test_a_run_that_meets_a_key_looks_before_it_writes",
        f"{RUN}/test_confirming.py::test_nor_may_they_write_the_record_where_no_timer_is_asked_for",
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
    "a large, endless or chunked answer; endless headers or interim answers; the same during login": (
        f"{SESSION}/test_bounded.py::test_100_megabytes",
        f"{SESSION}/test_bounded.py::test_100_megabytes_through_a_proxy",
        f"{SESSION}/test_bounded.py::test_100_megabytes_of_what_the_libraries_may_bound",
    ),
    "one byte per second": (f"{SESSION}/test_bounded.py::test_a_trickle_ends_in_time", f"{SESSION}/test_bounded.py::test_an_allowance"),
    "compressed answers, redirections, cookies, charsets": (
        f"{SESSION}/test_bounded.py::test_answers_that_expand",
        f"{SESSION}/test_bounded.py::test_no_redirection_is_followed",
        f"{SESSION}/test_bounded.py::test_no_cookie_is_kept",
        f"{SESSION}/test_bounded.py::test_a_charset_is_not_believed",
    ),
    "document types, entities, comments, CDATA, processing instructions": (
        f"{WSMAN}/test_hostile.py::test_refused_with_a_reason",
        f"{WSMAN}/test_hostile.py::test_another_encoding_hides_nothing",
        f"{WSMAN}/test_decode.py::test_a_document_type_is_named",
    ),
    "more than 64 levels, 50,000 elements and attributes, 8 KiB a tag, 200 characters a namespace": (
        f"{WSMAN}/test_hostile.py::test_refused_with_a_reason",
        f"{WSMAN}/test_hostile.py::test_memory",
        f"{WSMAN}/test_decode.py::test_limits",
    ),
    "endless pages or command output": (
        f"{SESSION}/test_session.py::test_an_enumeration_without_end_is_released",
        f"{SESSION}/test_session.py::test_pages_without_rows_have_an_end",
        f"{SESSION}/test_session.py::test_pages_that_come_too_slowly_have_an_end",
        f"{SESSION}/test_shell.py::test_a_command_without_end_is_given_up_and_its_shell_deleted",
    ),
    "large amounts of data": (
        f"{SESSION}/test_session.py::test_what_is_kept_is_bounded",
        f"{SESSION}/test_session.py::test_a_flood_of_pages_takes_no_more_memory_than_it_may",
        f"{HOST}/test_netstat.py::test_more_rows_than_any_host_has",
    ),
    "endless names as evidence for a hazard (shares, sessions, printers, sites)": (
        f"{RUN}/test_hazards.py::test_hostile_and_endless_evidence_is_bounded",
        f"{CORE}/test_foreign.py::test_of_names_that_a_host_lists_the_first_are_told_and_how_many_there_are",
    ),
    "numbers above 64 bits, ports above 65,535, invalid addresses, years that do not exist": (
        f"{CORE}/test_row.py::test_what_is_no_number_of_64_bits",
        f"{CORE}/test_row.py::test_what_is_no_moment",
        f"{HOST}/test_netstat.py::test_what_is_no_address_is_passed_over",
    ),
    "terminal escapes and other control characters, lone surrogates, bidirectional controls": (
        f"{CORE}/test_foreign.py::test_every_bidirectional_control_is_replaced",
        f"{CORE}/test_foreign.py::test_a_host_forges_no_line_of_a_message_or_of_the_log",
        f"{RUN}/test_plain.py::test_printable",
    ),
    "`{{ }}`, HTML, `../`, in any name": (
        "../integration/test_hostile.py::test_names_arrive_as_text_in_results_debug_and_loops",
        "../integration/test_hostile.py::test_names_arrive_as_text_in_plans_messages_and_warnings",
    ),
    "an endpoint mapper that sends endless lists, wrong lengths, handles that go round in circles, or names with control characters": (
        f"{SESSION}/test_epm.py::test_an_endless_list_ends_at_the_bounds",
        f"{SESSION}/test_epm.py::test_a_mapper_that_goes_round_in_circles_is_noticed",
        f"{SESSION}/test_epm.py::test_lengths_that_contradict_each_other_are_no_answer",
        f"{SESSION}/test_epm.py::test_text_of_a_host_is_made_harmless",
        f"{SESSION}/test_epm.py::test_whatever_a_server_sends_there_is_a_state_in_time",
    ),
    "a capture that is cut, packed to burst or larger than any, of a newer format, or of another host or Windows than it says": (
        f"{CAPTURE}/test_file.py::test_a_file_that_is_no_capture_is_refused_in_one_sentence",
        f"{CAPTURE}/test_folder.py::test_a_capture_of_another_host_is_refused",
    ),
    "a file of findings for `only_confirmed` that is no file, too long, of a newer format, or of another host": (
        f"{RUN}/test_confirmed.py::test_a_file_that_is_none_is_refused",
        f"{RUN}/test_confirmed.py::test_a_file_of_another_host_or_windows_is_refused",
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


@pytest.mark.parametrize("title", ["A compromised host", "Rules that always hold"])
def test_each_rule_names_its_tests(title: str) -> None:
    rules = rows(title)
    assert len(rules) > 5
    assert [row for row in rules if row not in RULES] == []


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_is_in_the_page_and_its_tests_are_there(rule: str) -> None:
    assert rule in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for named in RULES[rule]:
        path, _separator, test = named.partition("::")
        tree = ast.parse((ROOT / "tests/unit" / path).read_text(encoding="utf-8"))
        assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, named
