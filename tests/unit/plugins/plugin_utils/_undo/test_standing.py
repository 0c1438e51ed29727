# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which settings of our runs are no longer as the last of them left them."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import (
    ListedFilter,
    RpcFilterRule,
    RpcFilters,
    RpcProtocol,
    as_listed,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved, State
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import History
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.snapshot import Snapshot
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.standing import Undone, settings_of, touched, undone
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import GUID, survey_of, windows_xp

HOST = survey_of(windows_xp()).host
ONE, TWO = RegistryValue.dword(1), RegistryValue.dword(2)
KEY = r"SOFTWARE\Microsoft\Ole"


def value(before: State = ONE, after: State = TWO) -> Saved:
    return Saved("services", "registry", (KEY, "EnableDCOM"), before, after)


def mode(before: str = "auto", after: str = "disabled") -> Saved:
    return Saved("services", "start mode", ("Messenger",), before, after, ran=True)


STOPPED = Saved("services", "stopped", ("Messenger",), None, None)


def host(start: StartMode, *, running: bool) -> Host:
    service = HOST.services["Messenger"]
    changed = replace(service, start_mode=start, state="Running" if running else "Stopped")
    return replace(HOST, services=ByName({**dict(HOST.services.items()), "Messenger": changed}))


def told(*snapshots: Snapshot, now: State = TWO, on: Host = HOST, unfinished: tuple[str, ...] = ()) -> tuple[Undone, ...]:
    goals = touched(snapshots)
    values: dict[Setting, RegistryValue | None] = {s: now if isinstance(now, RegistryValue) else None for s in settings_of(goals)}
    return undone(snapshots, goals, values, on, unfinished)


def test_a_value_is_compared_with_what_the_last_run_left() -> None:
    first, second = Snapshot("run-1", (value(),)), Snapshot("run-2", (value(TWO, None),))
    assert told(first) == ()
    (item,) = told(first, now=ONE)
    assert item == Undone("services", rf"HKLM\{KEY}\EnableDCOM", "1", "2", "run-1", reverted=True)
    (item,) = told(first, now=RegistryValue.dword(7))
    assert (item.now, item.reverted) == ("7", False)
    assert told(first, second, now=None) == ()
    (item,) = told(first, second, now=TWO)
    assert (item.run, item.now, item.left) == ("run-2", "2", "absent")


def test_after_a_restore_what_was_before_is_what_was_left() -> None:
    assert told(Snapshot("run-1", (value(),)), Snapshot("run-2", (value(TWO, ONE),)), now=ONE) == ()


def test_what_a_run_did_not_do_nobody_has_changed_back() -> None:
    assert told(Snapshot("run-1", (value(),)), now=ONE, unfinished=("run-1",)) == ()
    lines = ('{"run": "run-2"}', '{"status": "done"}', '{"run": "run-1"}', '{"status": "done"}', '{"status": "not_done"}')
    assert History(lines).unfinished() == {"run-1"}
    assert History(lines).finished() == {"run-2"}


def test_a_service_is_told_once() -> None:
    run = Snapshot("run-1", (mode(), STOPPED))
    assert told(run, on=host(StartMode.DISABLED, running=False)) == ()
    (item,) = told(run, on=host(StartMode.AUTO, running=True))
    assert (item.target, item.now, item.left, item.reverted) == ("service Messenger: start mode", "auto", "disabled", True)
    (item,) = told(run, on=host(StartMode.DISABLED, running=True))
    assert (item.target, item.now, item.left) == ("service Messenger", "running", "stopped")


def test_a_service_that_is_gone_and_one_that_waits_for_a_boot_are_no_drift() -> None:
    gone = replace(HOST, services=ByName((name, item) for name, item in HOST.services.items() if name != "Messenger"))
    assert told(Snapshot("run-1", (mode(), STOPPED)), on=gone) == ()
    # It was disabled, and nothing stopped it: it runs until the boot.
    assert told(Snapshot("run-1", (mode(),)), on=host(StartMode.DISABLED, running=True)) == ()


def test_netbios_is_compared_by_what_it_means_and_not_at_all_where_its_adapter_is_gone() -> None:
    run = Snapshot("run-1", (Saved("netbt", "netbios", (GUID,), RegistryValue.dword(0), TWO, label="3Com"),))
    assert told(run) == ()
    (item,) = told(run, now=RegistryValue.dword(0))
    assert item.target == f"adapter 3Com {GUID}: NetBIOS over TCP/IP"
    assert undone((run,), touched((run,)), {}, HOST) == ()


def test_a_rule_is_compared_by_what_it_drops() -> None:
    text = "v2.0|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=135|Name=netmin.windows tcp/135|"
    run = Snapshot("run-1", (Saved("ip_filter", "inbound rule", ("netmin.windows tcp/135",), "", text),))
    (item,) = told(run)
    assert (item.target, item.now, item.left) == ("inbound rule netmin.windows tcp/135", "absent", "there")


def test_a_filter_of_rpc_calls_is_compared_by_what_a_listing_shows() -> None:
    rule = RpcFilterRule(UUID(int=1), RpcProtocol.PIPE, ("S-1-5-32-544",))
    run = Snapshot("run-1", (Saved("rpc_filters", "RPC filter", (str(rule.key),), "", rule.text),))

    def on(*listed: ListedFilter, unknown: str = "") -> tuple[Undone, ...]:
        return told(run, on=replace(HOST, rpc_filters=RpcFilters(listed, unknown)))

    assert on(as_listed(rule)) == ()
    assert on(unknown="netsh says something else") == told(run) == ()
    target = f"RPC filter {UUID(int=1)} permit pipe"
    assert on() == (Undone("rpc_filters", target, "absent", "there", "run-1", reverted=True),)
    (wider,) = on(replace(as_listed(rule), conditions=()))
    assert (wider.now, wider.reverted) == ("changed", False)
