# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts on which a policy forbids remote shells: what needs one is not begun, and the rest is done."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host import shells
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_host
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Gatekeeper
from ansible_collections.netmin.windows.plugins.plugin_utils._run.reach import Reach
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run, result_of
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Terms
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.part import Part
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import timer
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._run.test_confirming import Task
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._run.test_rules_by_name import DROP, left, minimized, rules
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, simulated, state

from winsim.registry_value import RegistryValue as SimulatedValue

HOSTS = ("windows_10", "windows_server_2016_dns_server", "windows_server_2022", "windows_server_2022+many_rules")


def decree(host: Simulated, number: int) -> None:
    """Set the policy about shells."""
    registry, key = host.computer.host.registry, rf"HKLM\{shells.POLICY.key}"
    registry.create(key)
    registry.write(key, shells.POLICY.name, SimulatedValue.dword(number))
    host.session.forget()


def forbid(host: Simulated) -> None:
    """Have the host refuse shells from now on."""
    decree(host, 0)


@pytest.mark.parametrize("name", HOSTS)
def test_rules_are_passed_over_and_the_rest_is_done(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        forbid(host)
        result = minimized(host, **DROP)
        assert not result.get("failed"), result["msg"]
        assert {row["status"] for row in result["changes"]} == {"done"}
        assert rules(host) == set()
        held = [detail for reason, detail in left(result).values() if reason == Reason.NO_SHELL]
        assert held
        assert "AllowRemoteShellAccess" in held[0]
        assert result["summary"]["filtered"] == 0


@pytest.mark.parametrize("name", ["windows_10", "windows_server_2025"])
def test_a_setting_of_winrm_itself_that_forbids_shells_is_found_before_the_first_change(name: str) -> None:
    with simulated(name, windows={"remote_shells": False}) as host:
        host.boot()
        result = minimized(host, **DROP)
        assert not result.get("failed"), result["msg"]
        assert {row["status"] for row in result["changes"]} == {"done"}
        assert rules(host) == set()
        held = [detail for reason, detail in left(result).values() if reason == Reason.NO_SHELL]
        assert held
        assert "winrm/config/winrs" in held[0]


def test_a_policy_that_allows_shells_counts_more_than_the_setting_of_winrm() -> None:
    with simulated("windows_server_2022", windows={"remote_shells": False}) as host:
        host.boot()
        decree(host, 1)
        result = minimized(host, **DROP)
        assert not result.get("failed"), result["msg"]
        assert rules(host) != set()


def test_rules_are_not_taken_back_either() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        minimized(host, **DROP)
        before = rules(host)
        forbid(host)
        result = minimized(host, 2, stages=["ip_filter"], ip_filter={"residue": "leave"})
        assert (result["changed"], rules(host)) == (False, before)
        assert left(result)["residue"][0] == Reason.NO_SHELL


EMPTY = SetRegistryValue(
    stage="rpc_restriction",
    effective=Effective.BOOT,
    why="a test",
    key=r"SOFTWARE\Microsoft\Rpc",
    name="A list",
    before=RegistryValue.texts(("one",)),
    after=RegistryValue.texts(()),
)


@pytest.mark.parametrize("forbidden", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_an_empty_list_is_refused_by_name_and_else_passed_over(forbidden: bool, named: bool) -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        decree(host, int(not forbidden))
        read = host.session
        reach = Reach(read_host(read, KNOWLEDGE), KNOWLEDGE, {})
        keeper = Gatekeeper(
            reach, Terms(), frozenset({EMPTY.stage} if named else ()), no_shell=lambda: shells.forbidden(read, reach.host.windows.nt)
        )
        part = Part(stage=EMPTY.stage, targets=(EMPTY.target,), what="the list is not written", plan=Plan((EMPTY,)))
        judged = keeper.judge((part,))
        refused = [item.text for item in judged.refusals]
        assert len(judged.plan.changes) == (not forbidden)
        assert len(refused) == (forbidden and named)
        assert all("the list is not written: it needs a command shell" in text for text in refused)
        assert [item.reason for item in judged.plan.unchanged] == [Reason.NO_SHELL] * (forbidden and not named)


def test_a_timer_is_refused_before_anything_is_written() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        forbid(host)
        before = state(host)
        with pytest.raises(Refused, match=r"'confirm' cannot be used here.*AllowRemoteShellAccess"):
            Task(host).plan()
        assert state(host) == before


def test_a_timer_that_was_refused_its_shell_is_not_said_to_be_armed() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        task = Task(host)
        plan = task.plan

        def planned(**given: object) -> object:
            prepared = plan(**given)
            # The shell that the plan has seen to be opened goes, and no other is opened any more.
            host.session.close()
            forbid(host)
            return prepared

        task.plan = planned  # type: ignore[method-assign]
        result = task.do()
        assert result["failed"]
        assert not result["changed"]
        assert not result["confirm"]["armed"]
        assert "still be running" not in result["msg"]
        assert "may be running" not in result["confirm"]["outcome"]
        assert host.session.value_types(timer.KEY) is None


def test_a_restore_leaves_what_needs_a_shell_and_puts_back_the_rest() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        minimized(host, **DROP)
        before = rules(host)
        forbid(host)
        run = Run(KNOWLEDGE, FakeClock(), "20260102T000000Z-000002")
        prepared = run.prepare_restore(host.session, RestoreScope())
        result = result_of(run, prepared, run.carry_out(prepared, host.session, stop_limit=60))
        assert not result.get("failed"), result["msg"]
        assert result["changed"]
        assert rules(host) == before
        assert {reason for reason, _detail in left(result).values()} == {Reason.NO_SHELL}


def test_a_policy_that_allows_shells_holds_nothing_back() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        decree(host, 1)
        assert minimized(host, **DROP)["summary"]["filtered"]


def test_the_policy_is_asked_only_where_a_shell_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        asked: list[str] = []
        value = host.session.value

        def read(key: str, name: str, kind: RegistryType) -> object:
            asked.append(name)
            return value(key, name, kind)

        monkeypatch.setattr(host.session, "value", read)
        minimized(host)
        assert asked
        assert shells.POLICY.name not in asked


@pytest.mark.parametrize("name", ["windows_7+winrm_manual", "windows_10+winrm_manual"])
def test_a_timer_is_refused_where_its_restart_would_lose_the_host(name: str) -> None:
    with simulated(name) as host:
        before = state(host)
        with pytest.raises(Refused, match=r"'confirm' cannot be used here.*would not answer over WinRM.*Manual"):
            Task(host).plan()
        assert state(host) == before
