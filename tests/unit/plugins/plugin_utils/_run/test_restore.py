# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""There and back on simulated hosts: after minimize, boot, restore and boot a host is as it was, by its own full dump."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import RestoreAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ConnectionLost, NotFound, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.hazards import Gate
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import filter_rule, registry_value, running, start_mode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import Wish
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Blocks
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted, minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run, add_damage, diff_of, objects_of, result_of
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.snapshot import Snapshot, read_snapshots
from ansible_collections.netmin.windows.tests.unit import faulty
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.records import value_of
from ansible_collections.netmin.windows.tests.unit.simulated import (
    DEFAULTS,
    KNOWLEDGE,
    OURS,
    Simulated,
    differences,
    listeners,
    scenario,
    simulated,
    state,
)

from winsim.host.model import MachineSpec
from winsim.registry_value import RegistryValue as SimulatedValue
from winsim.scenarios import names as scenario_names
from winsim.scenarios import part_titles

# Hosts that do not do as they are told, and what is then said of the way there: not all of it is done, or what follows it is in the way.
TROUBLED = {
    "windows_2000_renamed": "",
    "windows_xp_no_return": "",
    # Disabled before it stops, it cannot be started again.
    "windows_xp_service_returns": "",
    "windows_xp_stop_pending": "Of 19 changes 10 done, 9 not done, 0 unknown",
    "windows_xp_write_lost": "Of 19 changes 17 done, 2 not done, 0 unknown",
}
SCENARIOS = tuple(name for name in scenario_names() if name not in TROUBLED)
# Every hazard that the simulator knows, with some of them together on one host, as they are on real ones.
HAZARDS = (
    "windows_server_2022+hazard_domain_controller+hazard_cluster+hazard_backup_agents+hazard_established_inbound+hazard_exchange_sharepoint",
    "windows_server_2022+hazard_sql_server+hazard_msdtc_msmq+hazard_infrastructure_roles+hazard_management_agents+hazard_iscsi_storage",
    "windows_server_2008_r2+hazard_dfs+hazard_printing+hazard_ipsec_vpn+hazard_port_proxy+hazard_rds+hazard_wsus_and_updates+hazard_virtual_guest",
    "windows_server_2003+hazard_domain_member+hazard_server_roles+hazard_iis_http_sys+hazard_netbios_consumers+hazard_time+hazard_pending_reboot",
    "windows_xp+hazard_rpc_runtime_misconfiguration+hazard_shares_in_use+hazard_dependents+hazard_protected_or_security_software",
    "windows_10+hazard_container_wsl_nat+hazard_outgoing_smb+hazard_hyper_v+hazard_gpo_conflict",
)

POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient"
INTERFACES = r"SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces"

DROP: dict[str, Any] = {"residue": "drop", "unknown": True}


def close(host: Simulated, run_id: str = "20260101T000000Z-000001", knowledge: Knowledge = KNOWLEDGE, **given: Any) -> dict[str, Any]:
    """Do what the action does, all stages, whatever becomes of it."""
    options = {**DEFAULTS, "stages": list(STAGES), **given}

    def choose(survey: Survey, blocks: Blocks) -> Wanted:
        return minimize_wanted(options, survey, knowledge, blocks)

    run = Run(KNOWLEDGE, FakeClock(), run_id)
    prepared = run.prepare(host.session, choose)
    after = run.carry_out(prepared, host.session, stop_limit=60) if prepared.plan.changes else None
    result: dict[str, Any] = plain(result_of(run, prepared, after))
    return result


def minimize(host: Simulated, run_id: str = "20260101T000000Z-000001", **given: Any) -> dict[str, Any]:
    """Do what the action does, all stages, and expect it to succeed."""
    result = close(host, run_id, **given)
    assert not result.get("failed"), result["msg"]
    return result


def restore(
    host: Simulated, scope: RestoreScope | None = None, *, check: bool = False, run_id: str = "20260102T000000Z-000002"
) -> dict[str, Any]:
    run = Run(KNOWLEDGE, FakeClock(), run_id)
    prepared = run.prepare_restore(host.session, scope or RestoreScope())
    after = run.carry_out(prepared, host.session, stop_limit=60) if prepared.plan.changes and not check else None
    result: dict[str, Any] = plain(result_of(run, prepared, after))
    add_damage(result, prepared)
    assert not result.get("failed"), result["msg"]
    return result


def test_each_change_of_a_restore_has_an_entry_of_its_own() -> None:
    """A restore that is taken back stops a service and sets its start mode: two changes of one object."""
    with simulated("windows_server_2022") as host:
        minimize(host, stages=["services"])
        back = restore(host)
        run = Run(KNOWLEDGE, FakeClock(), "20260103T000000Z-000003")
        prepared = run.prepare_restore(host.session, RestoreScope(run=back["run"]))
        targets = [change.target for change in prepared.plan.changes]
        assert len(set(targets)) < len(targets)
        shown = objects_of(prepared, result_of(run, prepared, None))
        assert len(shown["before"]) == len(shown["after"]) == len(targets)
        assert shown["before"]["service IKEEXT"] != "disabled"
        assert shown["after"]["service IKEEXT"] == "disabled"
        assert (shown["before"]["running service IKEEXT"], shown["after"]["running service IKEEXT"]) == ("running", "stopped")


def test_the_diff_of_a_restore_calls_no_closed_port_open() -> None:
    """What the first run saw is of another boot: its ports are closed now, and its processes are gone."""
    with simulated("windows_server_2022") as host:
        before = minimize(host)
        host.boot()
        run = Run(KNOWLEDGE, FakeClock(), "20260102T000000Z-000002")
        prepared = run.prepare_restore(host.session, RestoreScope())
        result: dict[str, Any] = plain(result_of(run, prepared, None))
        listeners_now, forecast = diff_of(result, prepared)[1]["before"], diff_of(result, prepared)[1]["after"]
        there = {f"{protocol}/{port} on {address}" for protocol, address, port in host.endpoints()}
        assert {label for label, words in listeners_now.items() if words != "closed"} <= there
        assert listeners_now["tcp/445 on 0.0.0.0"] == "closed"
        assert forecast["tcp/445 on 0.0.0.0"].startswith("opens again: ")
        assert listeners_now["tcp/5985 on 0.0.0.0"].startswith("open: ")
        again = [row for row in result["forecast"] if row["outlook"] == "opens again"]
        assert {row["pid"] for row in again} == {None}
        assert not [row["owner"] for row in again if "pid" in row["owner"]]
        assert result["summary"]["opens"] == before["summary"]["closes_now"] + before["summary"]["closes_at_boot"]
        assert result["summary"]["listeners"] == len([row for row in result["listeners_before"] if row["scope"] != "loopback"])


@dataclass(frozen=True)
class Seen:
    """A host by its own full dump."""

    state: dict[str, Any]
    listeners: list[tuple[str, ...]]

    @classmethod
    def of(cls, host: Simulated) -> Seen:
        """Look at a host."""
        return cls(state(host), listeners(host.computer.dump()))


def is_back(host: Simulated, before: Seen) -> None:
    """Restore, boot, and hold the host against what it was."""
    back = restore(host)
    assert [change["status"] for change in back["changes"]] == ["done"] * len(back["changes"])
    host.boot()
    after = Seen.of(host)
    assert differences(before.state, after.state) == []
    assert after.listeners == before.listeners
    # Once more there is nothing to do.
    assert restore(host, run_id="20260103T000000Z-000003")["changes"] == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_there_and_back(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        before = Seen.of(host)
        done = minimize(host, ip_filter={"residue": "drop", "unknown": False})
        assert done["changed"]
        assert len(done["snapshot"]) == len(done["changes"])
        host.boot()
        there = Seen.of(host)
        assert there.state != before.state
        assert len(there.listeners) < len(before.listeners)
        is_back(host, before)


@pytest.mark.parametrize("name", TROUBLED)
def test_back_once_the_trouble_is_over(name: str) -> None:
    with simulated(name) as host:
        before = Seen.of(host)
        # NetBT has its name on every Windows, and its key under it says what SetTcpipNetbios did: under another one nobody can tell.
        stages = [stage for stage in STAGES if stage != "netbt" or not name.endswith("renamed")]
        done = close(host, stages=stages, ip_filter={"residue": "drop", "unknown": False})
        assert done["changed"]
        assert TROUBLED[name] in done.get("msg", "")
        assert bool(TROUBLED[name]) is bool(done.get("failed"))
        assert Seen.of(host) != before
        host.boot()
        assert host.computer.up is (name != "windows_xp_no_return")
        host.computer.clear_faults()
        host.boot()
        is_back(host, before)


@pytest.mark.parametrize("name", HAZARDS)
def test_there_and_back_where_closing_breaks_something(name: str) -> None:
    present = {part.removeprefix("hazard_").replace("_", "-") for part in name.split("+")[1:]}
    with simulated(name) as host:
        host.boot()
        before = Seen.of(host)
        accept = [hazard.id for hazard in KNOWLEDGE.hazards if hazard.id in present and hazard.gate is Gate.ACCEPT]
        done = minimize(host, accept=accept, ip_filter={"residue": "drop", "unknown": False})
        assert any(hazard["accepted"] for hazard in done["hazards"])
        host.boot()
        assert len(Seen.of(host).listeners) < len(before.listeners)
        is_back(host, before)


# Services with listeners, one that others depend on, one without a listener, and the drivers of the Server service.
TAKE_NO_STOP = (
    ("windows_2000", "MSDTC"),
    ("windows_2000", "SMTPSVC"),
    ("windows_xp", "LmHosts"),
    ("windows_server_2008_r2", "LanmanServer"),
    ("windows_server_2022", "srvnet"),
    ("windows_server_2022", "srv2"),
    ("windows_server_2022", "IKEEXT"),
)
UNTIL_BOOT = "cannot be stopped while running; ends at the next boot"


def with_stubborn(name: str, service: str) -> MachineSpec:
    """Return the host of a scenario on which one of the services cannot be stopped."""
    spec = scenario(name).host
    services = tuple(replace(s, accepts_stop=False) if s.name.lower() == service.lower() else s for s in spec.services)
    assert services != spec.services
    return replace(spec, services=services)


def left_to_boot(result: Mapping[str, Any]) -> set[str]:
    """Return the services that a run leaves running until the boot, in lower case."""
    return {item["target"].rpartition(" ")[2].lower() for item in result["unchanged"] if item["reason"] == UNTIL_BOOT}


def reserved(rows: Iterable[Mapping[str, Any]]) -> set[tuple[str, int]]:
    """Return the ports that are the same after a boot."""
    return {(row["protocol"], row["port"]) for row in rows if row["port"] < 1024}


def expect_end_at_boot(host: Simulated, service: str, **given: Any) -> None:
    """Run, run again, boot and run again, and expect that the forecast of the first run holds at each time."""
    done = minimize(host, **given)
    assert done["changed"]
    again = minimize(host, "20260101T000001Z-000002", **given)
    assert again["changes"] == []
    assert done["reboot_required"] is again["reboot_required"] is True
    assert service.lower() in left_to_boot(done)
    assert left_to_boot(done) == left_to_boot(again)
    assert reserved(again["listeners"]) == reserved(row for row in done["forecast"] if row["now"] != "closed")
    host.boot()
    gone = minimize(host, "20260101T000002Z-000003", **given)
    assert gone["changes"] == []
    assert not gone["reboot_required"]
    assert not left_to_boot(gone)
    assert reserved(gone["listeners"]) == reserved(row for row in done["forecast"] if row["boot"] != "closed")


@pytest.mark.parametrize(("name", "service"), TAKE_NO_STOP)
def test_there_and_back_where_a_service_takes_no_stop(name: str, service: str) -> None:
    with simulated(name, host=with_stubborn(name, service)) as host:
        host.boot()
        before = Seen.of(host)
        expect_end_at_boot(host, service)
        is_back(host, before)


def test_there_and_back_where_the_driver_of_netbios_takes_no_stop() -> None:
    driver: dict[str, Any] = {"smb_device": {"smb_over_tcp": "disabled", "method": "netbt_driver"}, "accept": ["outgoing-smb"]}
    spec = with_stubborn("windows_2000", "NetBT")
    with simulated("windows_2000", host=spec) as host:
        host.boot()
        expect_end_at_boot(host, "NetBT", **driver)
    with simulated("windows_2000", host=spec) as host:
        host.boot()
        before = Seen.of(host)
        minimize(host, **driver)
        is_back(host, before)


@pytest.mark.parametrize("name", ["windows_2000", "windows_xp"])
def test_the_driver_of_netbios_and_what_needs_it_come_back_with_the_boot(name: str) -> None:
    """Its start mode is in the registry, which the SCM reads at the boot: before, nothing could start it."""
    with simulated(name) as host:
        host.boot()
        before = Seen.of(host)
        minimize(host, smb_device={"smb_over_tcp": "disabled", "method": "netbt_driver"}, accept=["outgoing-smb"])
        host.boot()
        planned = restore(host, check=True)
        left = {item["target"].lower() for item in planned["unchanged"] if item["reason"] == "the next boot starts it"}
        assert left >= {"stopped driver netbt", "stopped service lmhosts"}
        is_back(host, before)


def test_there_and_back_where_the_instance_of_a_per_user_service_takes_no_stop() -> None:
    spec = with_stubborn("windows_10", "CDPUserSvc")
    with simulated("windows_10", host=replace(spec, windows=replace(spec.windows, signed_in=True))) as host:
        host.boot()
        before = Seen.of(host)
        instance = next(s.spec.name for s in host.computer.host.services.all if s.spec.name.startswith("CDPUserSvc_"))
        expect_end_at_boot(host, instance, services=[{"name": "CDPUserSvc", "state": "stopped", "start_mode": "disabled"}])
        is_back(host, before)


@pytest.mark.parametrize(("service", "rule"), [("W32Time", "udp/123"), ("Spooler", "tcp/rpc Spooler")])
@pytest.mark.parametrize("returns", [True, False])
def test_a_rule_for_what_may_come_back_outlives_runs_and_boots(service: str, rule: str, returns: bool) -> None:
    options: dict[str, Any] = {
        "stages": ["services", "ip_filter"],
        "services": [{"name": service, "state": "stopped", "start_mode": "manual"}],
        "accept": ["time", "printing"],
        "ip_filter": DROP,
    }
    target = f"inbound rule netmin.windows {rule}"

    def settled(number: int) -> list[dict[str, Any]]:
        """Run twice, and expect the second run to change nothing and to say why the rule is there."""
        minimize(host, f"20260101T00000{number}Z-000001", **options)
        again = minimize(host, f"20260101T00000{number}Z-000002", **options)
        assert again["changes"] == []
        told: list[dict[str, Any]] = [item for item in again["unchanged"] if item["target"] == target]
        assert [item["reason"] for item in told] == ["already as asked"]
        return told

    with simulated("windows_server_2022") as host:
        host.session.set_start_mode(ServiceKind.SERVICE, service, StartMode.AUTO)
        host.boot()
        before = Seen.of(host)
        first = minimize(host, **options)
        assert target in [change["target"] for change in first["changes"]]
        (told,) = settled(1)
        assert "may come back" in told["detail"]
        host.boot()
        if returns:
            host.session.start(ServiceKind.SERVICE, service)
            host.session.forget()
        settled(2)
        is_back(host, before)


def test_a_rule_goes_once_what_it_is_for_cannot_come_back() -> None:
    def options(mode: str) -> dict[str, Any]:
        services = [{"name": "Spooler", "state": "stopped", "start_mode": mode}]
        return {"stages": ["services", "ip_filter"], "services": services, "accept": ["printing"], "ip_filter": DROP}

    with simulated("windows_server_2022") as host:
        host.boot()
        before = Seen.of(host)
        minimize(host, **options("manual"))
        done = minimize(host, "20260101T000001Z-000001", **options("disabled"))
        assert "former inbound rule netmin.windows tcp/rpc Spooler" in [change["target"] for change in done["changes"]]
        assert minimize(host, "20260101T000001Z-000002", **options("disabled"))["changes"] == []
        is_back(host, before)


def test_what_is_held_against_what_it_was_is_the_whole_dump() -> None:
    with simulated("windows_server_2022") as host:
        seen = state(host)
        assert host.computer.dump().keys() >= seen.keys()
        assert seen.keys() == {"adapters", "drivers", "files", "registry", "rpc_filters", "services", "tasks"}
        services = r"HKLM\SYSTEM\CurrentControlSet\Services"
        assert {"Type", "Action", "GUID", "Data0", "DataType0"} == seen["registry"][rf"{services}\IKEEXT\TriggerInfo\0"].keys()
        assert rf"{services}\Wcmsvc\TriggerInfo\0" in seen["registry"]


def test_every_hazard_is_gone_there_and_back() -> None:
    assert {part for name in HAZARDS for part in name.split("+")[1:]} == {part for part in part_titles() if part.startswith("hazard_")}


def test_a_delayed_service_is_delayed_again() -> None:
    with simulated("windows_server_2008") as host:
        host.boot()
        name = next(s.spec.name for s in host.computer.host.services.all if s.delayed)
        key = rf"HKLM\SYSTEM\CurrentControlSet\Services\{name}"
        minimize(host, services=[{"name": name, "state": "stopped", "start_mode": "disabled"}])
        assert {saved["delayed"] for saved in saved_of(host) if saved["name"] == [name] and saved["object"] == "start mode"} == {True}
        restore(host)
        assert host.computer.host.registry.value(key, "DelayedAutostart") == SimulatedValue.dword(1)
        assert host.computer.host.registry.value(key, "Start") == SimulatedValue.dword(2)


def saved_of(host: Simulated) -> list[dict[str, Any]]:
    stored = read_snapshots(host.session)
    return [snapshot.plain(saved) for item in stored.snapshots for saved in item.saved]


def test_what_somebody_changed_since_is_left_and_listed_unless_forced() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        minimize(host)
        host.session.set_value(r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient", "EnableMulticast", RegistryValue.dword(7))
        host.session.set_start_mode(ServiceKind.SERVICE, "IKEEXT", StartMode.MANUAL)
        planned = restore(host, check=True)
        multicast = rf"{POLICIES}\EnableMulticast"
        # Whoever set the start mode back that was there before has done what a restore does.
        as_it_was = ("service IKEEXT", "already as asked")
        assert [(item["target"], item["reason"]) for item in planned["unchanged"]] == [
            (multicast, "somebody changed it after the last run"),
            as_it_was,
        ]
        assert multicast not in {change["target"] for change in planned["changes"]}
        forced = restore(host, RestoreScope(force=True))
        assert [(item["target"], item["reason"]) for item in forced["unchanged"]] == [as_it_was]
        assert host.session.value(POLICIES.removeprefix("HKLM\\"), "EnableMulticast", RegistryType.DWORD) is None


EXPANDED = RegistryValue(RegistryType.EXPAND_SZ, "%SystemRoot%")


def test_a_value_that_wmi_shows_otherwise_than_it_is_is_not_overwritten() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        key = r"SYSTEM\CurrentControlSet\Control"
        target = rf"HKLM\{key}\DisableRPCOverTCP"
        host.session.set_value(key, "DisableRPCOverTCP", EXPANDED)
        before = Seen.of(host)
        changed = len(host.computer.changes())
        with pytest.raises(Refused, match="DisableRPCOverTCP is not changed: it is a REG_EXPAND_SZ"):
            minimize(host, rpc_restriction={"service_control": "no_tcp"})
        assert len(host.computer.changes()) == changed
        done = minimize(host)
        assert target not in {change["target"] for change in done["changes"]}
        assert [item["reason"] for item in done["unchanged"] if item["target"] == target] == ["could not be restored"]
        assert any(target in text for text in done["warnings"])
        # What is left alone closes nothing, and nobody says that it does.
        assert {row["outlook"] for row in done["forecast"] if row["recipe"] == "rpc-scm"} == {"stays"}
        assert minimize(host, AGAIN)["changes"] == []
        host.boot()
        is_back(host, before)


def test_a_value_that_became_one_that_wmi_shows_otherwise_keeps_nothing_else_from_being_put_back() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        before = state(host)
        minimize(host, stages=["name_resolution"])
        host.session.set_value(POLICIES.removeprefix("HKLM\\"), "EnableMulticast", EXPANDED)
        back = restore(host, RestoreScope(force=True))
        multicast = rf"{POLICIES}\EnableMulticast"
        assert {item["target"]: item["reason"] for item in back["unchanged"]} == {multicast: "could not be restored"}
        assert any(multicast in text for text in back["warnings"])
        assert back["changes"]
        # The key that was made for it holds it still.
        assert {line.partition(":")[0] for line in differences(before, state(host))} == {f"/registry/{POLICIES}"}


def test_by_stage_and_by_run() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        before = state(host)
        minimize(host, "20260101T000000Z-000001", stages=["netbt"])
        minimize(host, "20260101T000001Z-000002", stages=["services", "name_resolution"])
        by_stage = restore(host, RestoreScope(stage="name_resolution"), check=True)
        assert {change["stage"] for change in by_stage["changes"]} == {"name_resolution"}
        by_run = restore(host, RestoreScope(run="20260101T000000Z-000001"))
        assert {change["stage"] for change in by_run["changes"]} == {"netbt"}
        with pytest.raises(NotFound, match=r"no snapshot of run 'x'.*20260101T000000Z-000001"):
            restore(host, RestoreScope(run="x"))
        restore(host, run_id="20260103T000000Z-000003")
        host.boot()
        assert differences(before, state(host)) == []


def test_a_half_done_run_is_put_back() -> None:
    with simulated("windows_xp") as host:
        before = state(host)
        stops = 0
        inner = host.session.stop

        def stop(kind: ServiceKind, name: str) -> None:
            nonlocal stops
            stops += 1
            if stops > 3:
                raise ConnectionLost("gone", host="host")
            inner(kind, name)

        host.session.stop = stop  # type: ignore[method-assign]
        run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
        options = DEFAULTS
        prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))
        run.carry_out(prepared, host.session, stop_limit=60)
        assert run.application is not None
        assert str(run.application.error) == "gone"
        assert stops == 4
        assert differences(before, state(host)) != []
        del host.session.stop
        restore(host)
        host.boot()
        assert differences(before, state(host)) == []


def test_check_mode_writes_nothing_and_costs_little() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        done = minimize(host)
        changed = len(host.computer.changes())
        planned = restore(host, check=True)
        assert len(host.computer.changes()) == changed
        assert planned["changes"]
        assert {change["status"] for change in planned["changes"]} == {"planned"}
        assert len(done["snapshot"]) == len(done["changes"])


def test_nothing_changes_where_the_snapshot_cannot_be_written() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        before = state(host)
        host.computer.inject({"kind": "value_lost", "key": OURS, "name": "Snapshot 20260101T000000Z-000001"})
        run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
        options = DEFAULTS
        prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))
        run.carry_out(prepared, host.session, stop_limit=60)
        result = result_of(run, prepared, None)
        assert result["failed"]
        assert "Snapshot" in result["msg"]
        assert differences(before, state(host)) == []


def test_a_rule_that_would_drop_the_management_path_is_never_put_back() -> None:
    rule = FilterRule("netmin.windows tcp/5985", Protocol.TCP, "5985")
    removed = Saved("ip_filter", filter_rule.OBJECT, (rule.name,), rule.text, "")
    with simulated("windows_server_2022") as host:
        stored = value_of(Snapshot("20260101T000000Z-000001", (removed,)))
        host.session.set_value(r"SOFTWARE\netmin.windows", snapshot.value_name("20260101T000000Z-000001"), stored)
        planned = restore(host, RestoreScope(force=True), check=True)
    assert planned["changes"] == []
    (left,) = planned["unchanged"]
    assert (left["target"], left["detail"]) == (f"inbound rule {rule.name}", "the rule would drop the management path")


def test_snapshots_are_bounded_and_the_way_back_stays_whole() -> None:
    with simulated("windows_xp") as host:
        before = state(host)
        for number in range(snapshot.MOST + 5):
            sockets = 0 if number % 2 else 1
            minimize(host, f"20260101T0000{number:02}Z-000000", stages=["name_resolution"], name_resolution={"max_cached_sockets": sockets})
            if number == 2:
                # The only run that knows how this object was.
                minimize(host, "20260101T000002Z-000001", stages=["dcom_protocols"])
        runs = [item.run for item in read_snapshots(host.session).snapshots]
        assert len(runs) == snapshot.MOST
        assert {"20260101T000000Z-000000", "20260101T000002Z-000001", f"20260101T0000{snapshot.MOST + 4:02}Z-000000"} <= set(runs)
        restore(host)
        host.boot()
        assert differences(before, state(host)) == []


def copy_record(old: Simulated, new: Simulated) -> None:
    for name, kind in (old.session.value_types(r"SOFTWARE\netmin.windows") or {}).items():
        value = old.session.value(r"SOFTWARE\netmin.windows", name, kind)
        assert value is not None
        new.session.set_value(r"SOFTWARE\netmin.windows", name, value)


def guids_of(host: Simulated) -> list[str]:
    """Return the GUIDs of a host's adapters."""
    return [adapter.guid for adapter in host.computer.host.spec.adapters if not adapter.loopback]


def test_after_an_upgrade_of_windows_what_is_still_there_is_put_back() -> None:
    """An upgrade in place keeps the registry and the start modes; services that the new Windows does not have are gone."""
    with simulated("windows_server_2012_r2") as old, simulated("windows_server_2019") as new:
        for host in (old, new):
            host.boot()
        done = minimize(old)
        before = state(new)
        minimize(new, "20260101T000000Z-000009")
        for name in new.session.value_types(r"SOFTWARE\netmin.windows") or {}:
            new.session.delete_value(r"SOFTWARE\netmin.windows", name)
        copy_record(old, new)
        back = restore(new)
        assert {change["status"] for change in back["changes"]} == {"done"}
        keys = [change["target"] for change in back["changes"] if change["before"] == "a key without content"]
        assert keys == [POLICIES]
        assert {change["target"]: change["after"] for change in back["changes"] if change["target"] not in keys} == {
            rf"{POLICIES}\EnableMulticast": None,
            r"HKLM\SYSTEM\CurrentControlSet\Control\DisableRPCOverTCP": None,
            "service IKEEXT": "manual",
            "service LanmanServer": "auto",
            "service PolicyAgent": "manual",
            "service Spooler": "auto",
            "service W32Time": "manual",
            "stopped driver srv2": "running",
            "stopped driver srvnet": "running",
            "stopped service IKEEXT": "running",
            "stopped service LanmanServer": "running",
            "stopped service Spooler": "running",
            "stopped service W32Time": "running",
        }
        # The other host has other adapters, as after a change of its cards, and its server for SMB 1 is gone.
        gone = [change["target"] for change in done["changes"] if change["target"].startswith("adapter ")]
        others = [guid for guid in guids_of(old) if guid not in " ".join(gone)]
        gone += [rf"HKLM\{INTERFACES}\Tcpip_{guid}\NetbiosOptions" for guid in others]
        assert {item["target"]: item["reason"] for item in back["unchanged"]} == {
            "service srv": "not on this host",
            **dict.fromkeys(gone, "not on this host"),
        }
        assert [c["target"] for c in restore(new, RestoreScope(force=True), check=True)["changes"] if "NetbiosOptions" in c["target"]] == []
        new.boot()
        # What only the newer Windows has was never in the record: all of it is as the run on it has left it, and nothing else is.
        guids = guids_of(new)
        assert set(differences(before, state(new))) == {
            *(f"/adapters/{guid}/netbios: 0 -> 2" for guid in guids),
            *(rf"/registry/HKLM\{INTERFACES}\Tcpip_{guid}/NetbiosOptions/value: 0 -> 2" for guid in guids),
            r"/registry/HKLM\SYSTEM\CurrentControlSet\Services\Dnscache\Parameters/EnableMDNS: None -> {'type': 'REG_DWORD', 'value': 0}",
            # What it was on the older Windows, as the record has it.
            "/services/W32Time/start_mode: auto -> manual",
            r"/registry/HKLM\SYSTEM\CurrentControlSet\Services\W32Time/Start/value: 2 -> 3",
        }


RUN = "20260101T000000Z-000001"
AGAIN = "20260102T000000Z-000002"


def planted(host: Simulated, *saved: Saved) -> None:
    """Put a record on the host that no run of ours has written."""
    host.session.set_value(r"SOFTWARE\netmin.windows", snapshot.value_name(RUN), value_of(Snapshot(RUN, saved)))


@pytest.mark.parametrize("ports", ["445|LPort=5985", "5980-5990", "445 & echo x>C:\\x.txt &", "445,5985", "IPHTTPS", "99999999"])
def test_no_rule_of_a_record_covers_the_management_path_or_begins_another_command(ports: str) -> None:
    text = FilterRule("netmin.windows tcp/445", Protocol.TCP, "445").text.replace("LPort=445", f"LPort={ports}")
    with simulated("windows_server_2022") as host:
        host.boot()
        planted(host, Saved("ip_filter", filter_rule.OBJECT, ("netmin.windows tcp/445",), text, ""))
        assert restore(host, RestoreScope(force=True), check=True)["changes"] == []


@pytest.mark.parametrize(
    "saved",
    [
        Saved("services", running.STARTED, ("WinRM",), None, None),
        Saved("services", start_mode.OBJECT, ("WinRM",), "disabled", "auto"),
        Saved(
            "services",
            registry_value.OBJECT,
            (r"SYSTEM\CurrentControlSet\Services\RpcSs", "Start"),
            RegistryValue.dword(4),
            RegistryValue.dword(2),
        ),
    ],
)
def test_no_record_stops_or_disables_what_the_session_goes_through(saved: Saved) -> None:
    with simulated("windows_server_2022") as host:
        planted(host, saved)
        planned = restore(host, RestoreScope(force=True), check=True)
        assert planned["changes"] == []
        assert {item["reason"] for item in planned["unchanged"]} == {"never stopped on this host"}


@pytest.mark.parametrize(
    ("line", "damage"),
    [
        (Saved("services", start_mode.OBJECT, ("Spooler",), "auto", "manual"), {"before": "banana"}),
        (Saved("services", start_mode.OBJECT, ("Spooler",), "auto", "manual"), {"stage": "nope"}),
        (Saved("netbt", registry_value.OBJECT, ("A", "b"), RegistryValue.dword(1), None), {"before": {"type": "DWORD", "data": -5}}),
        (Saved("ip_filter", filter_rule.OBJECT, ("netmin.windows tcp/445",), "", ""), {"name": ["somebody's rule"]}),
    ],
)
def test_a_damaged_record_is_called_unreadable(line: Saved, damage: dict[str, Any]) -> None:
    with simulated("windows_server_2022") as host:
        lines = value_of(Snapshot(RUN, (line,))).data
        assert isinstance(lines, tuple)
        value = RegistryValue.texts((lines[0], json.dumps({**json.loads(lines[1]), **damage})))
        host.session.set_value(r"SOFTWARE\netmin.windows", snapshot.value_name(RUN), value)
        stored = read_snapshots(host.session)
        assert (stored.snapshots, stored.unreadable) == ((), (RUN,))


DISABLED = {"stages": ["services"], "services": [{"name": "W32Time", "state": "unchanged", "start_mode": "disabled"}]}


def started(result: dict[str, Any]) -> list[str]:
    return [change["target"] for change in result["changes"] if change["target"].startswith("stopped ")]


@pytest.mark.parametrize("mode", [StartMode.AUTO, StartMode.MANUAL])
@pytest.mark.parametrize("booted", [True, False])
def test_what_ran_when_it_was_disabled_runs_again(mode: StartMode, booted: bool) -> None:
    with simulated("windows_xp") as host:
        host.boot()
        host.session.set_start_mode(ServiceKind.SERVICE, "W32Time", mode)
        before = state(host)
        done = minimize(host, FIRST, **DISABLED)
        assert [saved["ran"] for saved in done["snapshot"]] == [True]
        if booted:
            host.boot()
        back = restore(host, run_id=SECOND)
        assert started(back) == (["stopped service W32Time"] if booted else [])
        assert differences(before, state(host)) == []
        assert restore(host, run_id=THIRD)["changes"] == []
        # Once it was back, whoever stopped it meant it.
        host.session.stop(ServiceKind.SERVICE, "W32Time")
        assert restore(host, run_id="20260104T000000Z-000004")["changes"] == []


def test_what_did_not_run_when_it_was_disabled_is_not_started() -> None:
    with simulated("windows_xp") as host:
        host.boot()
        host.session.stop(ServiceKind.SERVICE, "W32Time")
        done = minimize(host, FIRST, **DISABLED)
        assert [saved.get("ran") for saved in done["snapshot"]] == [None]
        assert started(restore(host, run_id=SECOND)) == []


def test_what_is_disabled_again_while_it_runs_is_started_again() -> None:
    with simulated("windows_xp") as host:
        host.boot()
        before = state(host)
        minimize(host, FIRST, stages=["services"], services=[{"name": "W32Time", "state": "stopped", "start_mode": "disabled"}])
        restore(host, run_id=SECOND)
        minimize(host, THIRD, **DISABLED)
        host.boot()
        assert started(restore(host, run_id="20260104T000000Z-000004")) == ["stopped service W32Time"]
        assert differences(before, state(host)) == []


@pytest.mark.parametrize("force", [False, True])
def test_where_the_start_mode_is_left_alone_nothing_is_started(force: bool) -> None:
    with simulated("windows_xp") as host:
        host.boot()
        minimize(host, FIRST, **DISABLED)
        host.boot()
        host.session.set_start_mode(ServiceKind.SERVICE, "W32Time", StartMode.MANUAL)
        back = restore(host, RestoreScope(force=force), run_id=SECOND)
        assert started(back) == (["stopped service W32Time"] if force else [])
        left = {item["target"]: item["reason"] for item in back["unchanged"]}
        assert left.get("stopped service W32Time") == (None if force else "somebody changed it after the last run")


def test_what_somebody_chose_to_start_by_hand_only_is_not_started() -> None:
    with simulated("windows_xp") as host:
        host.boot()
        minimize(host, FIRST, **DISABLED)
        host.boot()
        host.session.set_start_mode(ServiceKind.SERVICE, "W32Time", StartMode.MANUAL)
        chosen = state(host)
        minimize(host, SECOND, **DISABLED)
        host.boot()
        assert started(restore(host, run_id=THIRD)) == []
        assert differences(chosen, state(host)) == []


def test_a_restore_that_broke_off_before_the_start_is_taken_up() -> None:
    with simulated("windows_xp") as host:
        host.boot()
        before = state(host)
        minimize(host, FIRST, **DISABLED)
        host.boot()

        def start(kind: ServiceKind, name: str) -> None:
            raise ConnectionLost("gone", host="host")

        host.session.start = start  # type: ignore[method-assign]
        run = Run(KNOWLEDGE, FakeClock(), SECOND)
        run.carry_out(run.prepare_restore(host.session, RestoreScope()), host.session, stop_limit=60)
        del host.session.start
        assert started(restore(host, run_id=THIRD)) == ["stopped service W32Time"]
        assert differences(before, state(host)) == []


def test_what_was_disabled_while_it_ran_is_disabled_again_and_not_started() -> None:
    with simulated("windows_xp") as host:
        host.boot()
        host.session.set_start_mode(ServiceKind.SERVICE, "W32Time", StartMode.DISABLED)
        manual = {**DISABLED, "services": [{"name": "W32Time", "state": "unchanged", "start_mode": "manual"}]}
        minimize(host, FIRST, **manual)
        host.boot()
        back = restore(host, run_id=SECOND)
        assert [(change["target"], change["after"]) for change in back["changes"]] == [("service W32Time", "disabled")]


FIRST, SECOND, THIRD = (f"2026010{number}T000000Z-00000{number}" for number in (1, 2, 3))


def damage(host: Simulated, run_id: str) -> None:
    host.session.set_value(r"SOFTWARE\netmin.windows", snapshot.value_name(run_id), RegistryValue.texts(("damaged",)))


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("scope", [RestoreScope(), RestoreScope(stage="services")])
def test_what_the_readable_snapshots_say_is_put_back_and_the_rest_is_told(scope: RestoreScope, check: bool) -> None:
    with simulated("windows_xp") as host:
        host.boot()
        for run_id, mode in ((FIRST, "manual"), (SECOND, "disabled")):
            minimize(host, run_id, stages=["services"], services=[{"name": "W32Time", "start_mode": mode}])
        damage(host, FIRST)
        result = faulty.restore(host, THIRD, scope=scope, check=check).result
        assert result is not None
        modes = {c["target"]: (c["after"], c["status"]) for c in result["changes"]}
        assert modes["service W32Time"] == ("manual", "planned" if check else "done")
        assert (result["failed"], result["changed"]) == (True, True)
        assert f"the snapshot of run {FIRST} on this host cannot be read" in result["msg"]
        assert f"delete 'Snapshot {FIRST}'" in result["msg"]
        assert {entry["outlook"] for entry in result["forecast"]} & {"opens again"} == set()
        # What is done about it by hand is the end of it.
        host.session.delete_value(r"SOFTWARE\netmin.windows", snapshot.value_name(FIRST))
        host.session.forget()
        again = faulty.restore(host, "20260104T000000Z-000004", scope=scope)
        assert again.result is not None
        assert not again.result.get("failed")


def test_where_no_snapshot_can_be_read_nothing_is_put_back_and_that_is_a_failure() -> None:
    with simulated("windows_xp") as host:
        host.boot()
        minimize(host, FIRST, stages=["netbt"])
        damage(host, FIRST)
        result = faulty.restore(host, SECOND).result
        assert result is not None
        assert (result["failed"], result["changed"], result["changes"]) == (True, False, [])
        assert f"the snapshot of run {FIRST} on this host cannot be read" in result["msg"]


def test_a_run_whose_snapshot_cannot_be_read_is_refused_and_any_other_is_put_back() -> None:
    with simulated("windows_xp") as host:
        host.boot()
        minimize(host, FIRST, stages=["netbt"])
        minimize(host, SECOND, stages=["dcom_protocols"])
        damage(host, FIRST)
        refused = faulty.restore(host, THIRD, scope=RestoreScope(run=FIRST))
        assert isinstance(refused.error, Refused)
        assert f"the snapshot of run {FIRST} on this host cannot be read" in str(refused.error)
        unknown = faulty.restore(host, THIRD, scope=RestoreScope(run="x"))
        assert isinstance(unknown.error, NotFound)
        assert f"it has: {SECOND}" in str(unknown.error)
        assert {change["stage"] for change in restore(host, RestoreScope(run=SECOND))["changes"]} == {"dcom_protocols"}


def test_the_module_fails_where_a_snapshot_cannot_be_read() -> None:
    with simulated("windows_xp") as host:
        host.boot()
        minimize(host, FIRST, stages=["netbt"])
        damage(host, FIRST)
        action = RestoreAction.__new__(RestoreAction)
        action._task = SimpleNamespace(check_mode=True, no_log=False, diff=True)  # noqa: SLF001 - the name is Ansible's
        action.host_name, action.clock, action.writing = "host", FakeClock(), False
        action.open_writable = lambda: host.session  # type: ignore[method-assign]
        options = {"run": None, "stage": None, "force": False, "stop_timeout": 60, "confirm": None, "record_dir": None, "detail": "summary"}
        result = action.work(options)
        assert result["failed"]
        assert [(item["run"], item["readable"]) for item in result["snapshots"]] == [(FIRST, False)]


@pytest.mark.parametrize("hold", [True, False])
def test_what_could_be_put_back_is_confirmed_though_not_all_could_be_read(hold: bool) -> None:
    with simulated("windows_10") as host:
        host.boot()
        minimize(host, FIRST, stages=["netbt"])
        minimize(host, SECOND, stages=["name_resolution"])
        damage(host, FIRST)
        result = faulty.restore(host, THIRD, means=faulty.Means(Wish(600, hold))).result
        assert result is not None
        assert result["failed"]
        assert result["confirm"]["confirmed"] is not hold
        assert ("unless netmin.windows.confirm confirms it" in result["msg"]) is hold


def test_a_write_that_did_not_hold_does_not_hide_what_an_earlier_run_left() -> None:
    with simulated("windows_xp") as host:
        before = state(host)
        minimize(host, RUN, stages=["services"], services=[{"name": "W32Time", "state": "stopped", "start_mode": "manual"}])
        host.computer.inject({"kind": "start_mode_lost", "service": "W32Time"})
        run = Run(KNOWLEDGE, FakeClock(), AGAIN)
        options = {**DEFAULTS, "stages": ["services"], "services": [{"name": "W32Time", "state": "stopped", "start_mode": "disabled"}]}
        prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))
        run.carry_out(prepared, host.session, stop_limit=60)
        assert "did not keep it" in run.trouble[0]
        host.computer.clear_faults()
        restore(host, run_id="20260103T000000Z-000003")
        host.boot()
        assert differences(before, state(host)) == []


def test_what_somebody_disabled_does_not_keep_the_rest_from_being_put_back() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        minimize(
            host,
            services=[
                {"name": "Spooler", "state": "stopped", "start_mode": "manual"},
                {"name": "IKEEXT", "state": "stopped", "start_mode": "manual"},
            ],
            stages=["services"],
        )
        host.session.set_start_mode(ServiceKind.SERVICE, "Spooler", StartMode.DISABLED)
        back = restore(host)
        assert {change["target"] for change in back["changes"]} == {"stopped service IKEEXT"}
        left = {item["target"]: item["detail"] for item in back["unchanged"] if item["reason"] == "somebody changed it after the last run"}
        assert left["stopped service Spooler"] == "it is disabled and stays disabled"


def test_what_somebody_chose_between_two_runs_is_what_there_is_to_go_back_to() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        wanted = {"stages": ["services"], "services": [{"name": "Spooler", "state": "stopped", "start_mode": "disabled"}]}
        minimize(host, "20260101T000000Z-000001", **wanted)
        restore(host, run_id="20260102T000000Z-000002")
        host.session.stop(ServiceKind.SERVICE, "Spooler")
        host.session.set_start_mode(ServiceKind.SERVICE, "Spooler", StartMode.MANUAL)
        chosen = state(host)
        minimize(host, "20260103T000000Z-000003", **wanted)
        restore(host, run_id="20260104T000000Z-000004")
        assert differences(chosen, state(host)) == []


@pytest.mark.parametrize("name", ["windows_2000", "windows_xp", "windows_7", "windows_10", "windows_server_2022"])
def test_all_that_was_closed_counts_as_opened_by_the_way_back(name: str) -> None:
    """A proof after it would take the rest for strangers."""
    with simulated(name) as host:
        closed = minimize(host, accept=["wsus-and-updates"])["forecast"]
        run = Run(KNOWLEDGE, FakeClock(), "20260102T000000Z-000002")
        opened = set(run.prepare_restore(host.session, RestoreScope()).opens)
    recipes = {entry["recipe"] for entry in closed if entry["outlook"] in ("closes now", "closes at the next boot")}
    assert len(recipes - {None}) > 5
    assert recipes - {None} <= opened
