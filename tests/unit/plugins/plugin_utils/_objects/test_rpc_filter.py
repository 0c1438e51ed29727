# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A filter of RPC calls is made twice, looked at twice, and never left where it is not what it should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed, ProtocolError, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import (
    RpcFilterRule,
    RpcFilters,
    RpcProtocol,
    as_listed,
    read_listing,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import DomainRole, NtVersion, ProductType, Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import BootEvidence, Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import rpc_filter
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.rpc_filter import AddRpcFilter, RemoveRpcFilter
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.way_back import Goal, Now, Way
from ansible_collections.netmin.windows.tests.unit.fake_rpc_filters import FakeFilters, MadeFilter
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeSession
from hypothesis import given
from hypothesis import strategies as st

NOW: dict[str, Any] = {"stage": "rpc_filters", "effective": Effective.NOW, "why": "w"}
SPOOLER = UUID("12345678-1234-abcd-ef00-0123456789ab")
BLOCK = RpcFilterRule(SPOOLER, RpcProtocol.TCP)
PERMIT = RpcFilterRule(SPOOLER, RpcProtocol.TCP, ("S-1-5-32-544",))
RULES = st.sampled_from([BLOCK, PERMIT])
STRANGER = "99999999-2222-4333-8444-555555555555"
WINDOWS = Windows("windows_server_2022", "Windows Server 2022", NtVersion(10, 0), 20348, ProductType.SERVER)
HOST = Host(WINDOWS, "", DomainRole.STANDALONE_SERVER, ByName(), ByName(), ByName(), (), {}, (), BootEvidence(None, None, None))


class Stubborn(FakeFilters):
    """Filters that nobody can change."""

    def run(self, line: str) -> tuple[str, str]:
        """Do nothing."""
        del line
        return self.listing(), "Access is denied."


def host(spoil: Callable[[list[str]], list[str]] = lambda lines: lines) -> tuple[FakeSession, FakeFilters]:
    filters = FakeFilters({STRANGER: MadeFilter("block", volatile=False)}, spoil)
    return FakeSession(FakeHost(filters=filters)), filters


@given(RULES, st.booleans())
def test_a_filter_is_tried_out_before_it_lasts(rule: RpcFilterRule, differs: bool) -> None:
    session, filters = host()
    if differs:
        filters.held |= {str(key): MadeFilter("block", volatile=False) for key in (rule.key, rule.trial_key)}
    rpc_filter.write(AddRpcFilter(rule=rule, differs=differs, **NOW), session)
    assert set(filters.held) == {STRANGER, str(rule.key)}
    assert not filters.held[str(rule.key)].volatile
    first, second = filters.lines
    assert "persistence=volatile" in first
    assert "persistence" not in second


SPOILT: dict[str, Callable[[list[str]], list[str]]] = {
    "a condition is not taken": lambda lines: [line for line in lines if "if_uuid" not in line],
    "no condition is taken": lambda lines: [line for line in lines if "condition" not in line],
    "another interface": lambda lines: [line.replace(str(SPOOLER), str(UUID(int=1))) for line in lines],
    "another protocol": lambda lines: [line.replace("ncacn_ip_tcp", "ncacn_np") for line in lines],
    "another action": lambda lines: [line.replace("actiontype=block", "actiontype=continue") for line in lines],
    "nothing is made": lambda _lines: [],
    "it is not committed": lambda lines: [line for line in lines if line != "add filter"],
    "only what lasts comes out wrong": lambda lines: [x for x in lines if "if_uuid" not in x or "volatile" in str(lines)],
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_filter_that_comes_out_wrong_is_deleted_at_once_and_no_other_is(spoil: Callable[[list[str]], list[str]]) -> None:
    session, filters = host(spoil)
    with pytest.raises(MethodFailed, match=r"did not come out right at host\.example, and is gone again"):
        rpc_filter.write(AddRpcFilter(rule=BLOCK, **NOW), session)
    assert set(filters.held) == {STRANGER}


@given(st.lists(st.sampled_from(range(7)), unique=True), RULES)
def test_whatever_lines_a_host_does_not_take_no_filter_is_left_that_differs(dropped: list[int], rule: RpcFilterRule) -> None:
    session, filters = host(lambda lines: [line for number, line in enumerate(lines) if number not in dropped])
    try:
        rpc_filter.write(AddRpcFilter(rule=rule, **NOW), session)
    except MethodFailed:
        assert set(filters.held) == {STRANGER}
    listed = read_listing(filters.listing())
    assert listed is not None
    assert all(rule.is_listed_as(found) for found in listed if str(found.key) != STRANGER)


def test_a_filter_that_cannot_be_deleted_is_told_with_the_command_that_does() -> None:
    session, filters = host()
    filters.held[str(BLOCK.key)] = MadeFilter("block", volatile=False)
    session.fake.filters = Stubborn(filters.held)
    with pytest.raises(ProtocolError, match=f"delete it there by 'netsh rpc filter delete filter filterkey={BLOCK.key}'"):
        rpc_filter.write(RemoveRpcFilter(keys=(BLOCK.key,), before=BLOCK.text, **NOW), session)


@given(RULES)
def test_the_timer_deletes_by_key_and_never_makes(rule: RpcFilterRule) -> None:
    commands = rpc_filter.commands(RemoveRpcFilter(keys=(rule.key, rule.trial_key), before=rule.text, **NOW), Names())
    assert commands == tuple(f"netsh rpc filter delete filter filterkey={key}" for key in (rule.key, rule.trial_key))
    with pytest.raises(Refused, match="without 'confirm'"):
        rpc_filter.commands(AddRpcFilter(rule=rule, **NOW), Names())


def goal(before: str, after: str, rule: RpcFilterRule = BLOCK) -> Goal:
    saved = Saved("rpc_filters", rpc_filter.OBJECT, (str(rule.key),), before, after)
    return Goal(saved, saved, (saved.after,))


def back(goal: Goal, filters: RpcFilters) -> Way[Any] | Unchanged:
    return rpc_filter.plan_back(goal, Now({}, ByName()), Seen(rpc_filters=filters).on(HOST))


def test_where_filters_cannot_be_read_nothing_is_put_back() -> None:
    left = back(goal("", BLOCK.text), RpcFilters(unknown="netsh says something else"))
    assert isinstance(left, Unchanged)
    assert (left.reason, left.detail) == (Reason.UNREADABLE, "netsh says something else")


def test_a_filter_that_somebody_deleted_is_made_again_with_force_alone() -> None:
    way = back(goal(BLOCK.text, BLOCK.text), RpcFilters())
    assert isinstance(way, Way)
    assert way.differs == "somebody deleted the filter"


def test_a_trial_that_a_run_left_goes() -> None:
    trial = as_listed(BLOCK)
    way = back(goal("", BLOCK.text), RpcFilters((type(trial)(BLOCK.trial_key, trial.layer, trial.action, trial.conditions),)))
    assert isinstance(way, Way)
    (gone,) = way.changes
    assert (gone.keys, way.differs) == ((BLOCK.key, BLOCK.trial_key), "")


def test_whom_a_filter_permitted_that_was_only_seen_is_not_known() -> None:
    seen = f"permit {SPOOLER} ncacn_ip_tcp ?"
    left = back(goal(seen, "", PERMIT), RpcFilters())
    assert isinstance(left, Unchanged)
    assert left.reason is Reason.NOT_RESTORABLE


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (STRANGER, "", BLOCK.text),
        (str(BLOCK.key), "", f"block {UUID(int=1)} ncacn_ip_tcp"),
        (str(BLOCK.key), "", "block all"),
        (str(BLOCK.key), "", ""),
        (str(PERMIT.key), f"permit {UUID(int=1)} ncacn_ip_tcp ?", ""),
        ("all", "", BLOCK.text),
    ],
)
def test_a_record_names_only_filters_that_this_collection_can_have_made(name: str, before: str, after: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        rpc_filter.checked(Saved("rpc_filters", rpc_filter.OBJECT, (name,), before, after))
