# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of RPC calls: the script that makes one, and the listing by which one is known."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import (
    ListedCondition,
    ListedFilter,
    RpcFilterRule,
    RpcFilters,
    RpcProtocol,
    as_listed,
    as_words,
    deleting_line,
    deletion,
    from_words,
    is_ours,
    making_line,
    read_listing,
    told_by,
)
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, simulated
from hypothesis import given
from hypothesis import strategies as st

SPOOLER, SERVICES = UUID("12345678-1234-abcd-ef00-0123456789ab"), UUID("367abb81-9844-35f1-ad32-98f038001003")
RULE = RpcFilterRule(SPOOLER, RpcProtocol.TCP)
ADMINS, ENGINEERS = "S-1-5-32-544", "S-1-5-21-1-2-3-1104"
EMPTY = "Listing all RPC Filters.\r\n\r\n"
# Made up, in the shape of published listings.
LISTING = f"""Auflistung aller RPC-Filter.
---------------------------------
filterKey: {RULE.key}
displayData.name: RPCFilter
filterId: 0x12345
layerKey: um
weight: Type: FWP_EMPTY Value: Empty
action.type: block
Audit: Enable
numFilterConditions: 2

filterCondition[0]
        fieldKey: protocol
        matchType: FWP_MATCH_EQUAL
        conditionValue: Type: FWP_UINT8 Value: 1

filterCondition[1]
        fieldKey: if_uuid
        matchType: FWP_MATCH_EQUAL
        conditionValue: Type: FWP_BYTE_ARRAY16_TYPE Value: {as_words(SPOOLER)}

"""


def listed(text: str) -> tuple[ListedFilter, ...]:
    found = read_listing(text)
    assert found is not None
    return found


def test_a_uuid_is_shown_as_four_words() -> None:
    # As a published listing of MS-SCMR has it.
    assert as_words(SERVICES) == "367abb81 35f19844 f09832ad 03100038"


def test_a_listing_is_read_by_its_shape_in_any_language() -> None:
    (found,) = listed(LISTING)
    assert RULE.is_listed_as(found)
    assert not RpcFilterRule(SPOOLER, RpcProtocol.PIPE).is_listed_as(found)
    assert listed(EMPTY) == ()
    assert listed(f"{EMPTY}{'-' * 33}\r\n") == ()


RULES = st.builds(
    RpcFilterRule,
    st.uuids(),
    st.sampled_from(RpcProtocol),
    st.lists(st.from_regex(r"\AS-1-5-[0-9]{1,8}(-[0-9]{1,8}){0,4}\Z"), max_size=3, unique=True).map(lambda sids: tuple(sorted(sids))),
)


@given(st.lists(RULES, min_size=2, max_size=6, unique=True))
def test_keys_tell_filters_apart_whatever_they_are_about(rules: list[RpcFilterRule]) -> None:
    keys = [key for rule in rules for key in (rule.key, rule.trial_key)]
    assert len(set(keys)) == len(keys)


@given(RULES)
def test_a_filter_is_known_as_ours_by_what_a_listing_shows(rule: RpcFilterRule) -> None:
    listed_as = as_listed(rule)
    assert is_ours(listed_as)
    assert is_ours(replace(listed_as, key=rule.trial_key))
    assert not is_ours(replace(listed_as, key=UUID(int=rule.key.int ^ 1 << 127)))
    # Of accounts a listing says nothing.
    assert told_by(listed_as) == (rule.text if not rule.allowed else RpcFilterRule(rule.interface, rule.protocol, ("?",)).text)
    assert rule.is_listed_as(listed_as)
    assert RpcFilters((listed_as,)).has(rule)
    assert not RpcFilters((listed_as, replace(listed_as, key=rule.trial_key))).has(rule)


@given(RULES)
def test_what_is_wrong_in_a_filter_of_ours_is_ours_still_and_never_as_it_should_be(rule: RpcFilterRule) -> None:
    whole = as_listed(rule)
    pair = ((rule.interface, rule.protocol),)
    for number in range(len(whole.conditions)):
        wider = replace(whole, conditions=whole.conditions[:number] + whole.conditions[number + 1 :])
        assert is_ours(wider, pair)
        assert not rule.is_listed_as(wider)
        assert not RpcFilters((wider,)).has(rule)


@given(RULES)
def test_a_filter_of_ours_without_its_protocol_is_known_by_the_interface_that_it_shows(rule: RpcFilterRule) -> None:
    whole = as_listed(rule)
    for protocols in ([], [ListedCondition("protocol", "FWP_MATCH_EQUAL", "9")]):
        wide = replace(whole, conditions=(*(item for item in whole.conditions if item.field != "protocol"), *protocols))
        assert is_ours(wide)
        assert not told_by(wide)
        assert not is_ours(replace(wide, key=SPOOLER))


@given(RULES)
def test_a_filter_as_text_is_the_same_filter(rule: RpcFilterRule) -> None:
    assert RpcFilterRule.from_text(rule.text) == rule
    assert RpcFilterRule.from_text(f"{rule.text} x") is None
    assert rule.may_have(rule.key)


@given(st.text(max_size=60))
def test_other_text_is_no_filter(text: str) -> None:
    rule = RpcFilterRule.from_text(text)
    assert rule is None or rule.text == text


@given(RULES)
def test_no_command_line_ever_names_all_filters_and_each_fits_a_line_of_windows(rule: RpcFilterRule) -> None:
    lines = [making_line(rule, trial=trial, gone=(rule.key, rule.trial_key)) for trial in (True, False)]
    lines.append(deleting_line((rule.key, rule.trial_key)))
    for line in lines:
        assert "filterkey=all" not in line
        assert " reset" not in line
        assert len(line) < 8000
        deleted = [part for part in line.split("&") if "delete filter" in part]
        assert deleted == [f"{deletion(key)} 1>" for key in (rule.key, rule.trial_key)]


def test_a_trial_is_gone_after_a_boot_and_a_filter_is_not() -> None:
    trial, lasting = RULE.script(trial=True), RULE.script(trial=False)
    assert "persistence=volatile" in trial[1]
    assert not any("persistence" in line for line in lasting)
    assert trial[2:] == lasting[2:]


@given(st.uuids())
def test_words_are_read_back(uuid: UUID) -> None:
    assert from_words(as_words(uuid)) == uuid


@pytest.mark.parametrize("text", ["", "1 2 3", "1 2 3 4 5", "g 2 3 4", "123456789 2 3 4", "-1 2 3 4"])
def test_other_words_are_no_uuid(text: str) -> None:
    assert from_words(text) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("numFilterConditions: 2", "numFilterConditions: 3"),
        ("numFilterConditions: 2", "numFilterConditions: two"),
        ("layerKey: um\n", ""),
        ("action.type: block\n", ""),
        (f"filterKey: {RULE.key}", "filterKey: something"),
        ("        matchType: FWP_MATCH_EQUAL\n", ""),
        ("conditionValue: Type: FWP_UINT8 Value: 1", "conditionValue: 1"),
        ("Auflistung aller RPC-Filter.\n---------------------------------\n", ""),
    ],
)
def test_a_listing_that_makes_no_sense_is_not_known_and_never_empty(before: str, after: str) -> None:
    assert before in LISTING
    assert read_listing(LISTING.replace(before, after)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\r\n",
        LISTING + LISTING.partition("\n")[2],
        "layerKey: um\r\n",
        "x\r\nFWP_EMPTY\r\n",
        # What netsh writes in place of a list, in whatever language, and whatever its exit code is.
        "Der folgende Befehl wurde nicht gefunden: rpc filter show filter.\r\n",
        "\r\nDie Anforderung ist fehlgeschlagen.\r\nDer Dienst wurde nicht gestartet.\r\n",
        EMPTY + "Access is denied.\r\n",
        "---------------------------------\r\n",
    ],
)
def test_no_listing_is_no_empty_listing(text: str) -> None:
    assert read_listing(text) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("layerKey: um", "layerKey: epmap"),
        ("action.type: block", "action.type: permit"),
        ("fieldKey: protocol", "fieldKey: pipe"),
        ("FWP_MATCH_EQUAL", "FWP_MATCH_GREATER"),
        ("Value: 1", "Value: 2"),
        (as_words(SPOOLER), as_words(SERVICES)),
    ],
)
def test_a_filter_that_says_another_thing_is_not_ours_as_we_made_it(before: str, after: str) -> None:
    (found,) = listed(LISTING.replace(before, after, 1))
    assert not RULE.is_listed_as(found)


@given(st.text(alphabet=st.sampled_from("filterKeyConditonsumbck:_FWP0123456789abcdef- \n[]."), max_size=400))
def test_arbitrary_text_is_a_listing_or_not_known(text: str) -> None:
    found = read_listing(text)
    assert found is None or ("filterKey:" in text) is bool(found)


@given(st.uuids(), st.sampled_from(RpcProtocol))
def test_what_is_shown_of_a_uuid_is_shown_of_no_other(uuid: UUID, protocol: RpcProtocol) -> None:
    (found,) = listed(LISTING.replace(str(RULE.key), str(RpcFilterRule(uuid, protocol).key)).replace(as_words(SPOOLER), as_words(uuid)))
    assert RpcFilterRule(uuid, protocol).is_listed_as(found) is (protocol is RpcProtocol.TCP)


def show(host: Simulated) -> tuple[ListedFilter, ...]:
    return listed(host.session.run_line("netsh rpc filter show filter").stdout)


def make(host: Simulated, rule: RpcFilterRule, *, trial: bool = False) -> tuple[ListedFilter, ...]:
    return listed(host.session.run_line(making_line(rule, trial=trial, gone=())).stdout)


@pytest.mark.parametrize("name", ["windows_server_2008", "windows_7_japanese", "windows_server_2022"])
def test_a_simulated_host_makes_of_a_line_just_this_filter(name: str) -> None:
    with simulated(name) as host:
        assert show(host) == ()
        (found,) = make(host, RULE)
        assert RULE.is_listed_as(found)
        assert host.computer.rpc_refuses(str(SPOOLER), None)
        assert not host.computer.rpc_refuses(str(SERVICES), None)
        assert listed(host.session.run_line(deleting_line((RULE.key,))).stdout) == ()
        files = [path for path in host.computer.state()["files"] if "netmin.windows-" in path]  # type: ignore[attr-defined]
        assert files == []


def test_a_trial_does_not_outlive_a_boot() -> None:
    with simulated("windows_server_2022") as host:
        (found,) = make(host, RULE, trial=True)
        assert RULE.is_listed_as(found, trial=True)
        assert host.computer.rpc_refuses(str(SPOOLER), None)
        host.computer.boot()
        assert show(host) == ()


def test_accounts_that_are_allowed_go_on_calling_and_others_do_not() -> None:
    with simulated("windows_server_2022") as host:
        permit = replace(RULE, allowed=(ADMINS, ENGINEERS))
        make(host, permit)
        found = make(host, RULE)
        assert {one.key for one in found} == {permit.key, RULE.key}
        assert all(any(rule.is_listed_as(one) for one in found) for rule in (permit, RULE))
        assert host.computer.rpc_refuses(str(SPOOLER), None)
        assert not host.computer.rpc_refuses(str(SPOOLER), host.account)


def test_a_condition_that_failed_shows_as_a_wider_filter_and_goes_by_its_key() -> None:
    with simulated("windows_server_2022") as host:
        line = making_line(RULE, trial=False, gone=()).replace(f"data={SPOOLER}", "data=no-uuid")
        (found,) = listed(host.session.run_line(line).stdout)
        assert found.key == RULE.key
        assert not RULE.is_listed_as(found)
        host.session.run_line(deleting_line((RULE.key,)))
        assert show(host) == ()
