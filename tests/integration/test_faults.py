# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that misbehave: what did not hold is named, nothing open is called closed, and a host lost in mid-plan stops the roll-out."""

from __future__ import annotations

from typing import Any

import pytest

from winsim.server import Host, HostSpec, Simulation

from .harness import changes, listeners, on, play, window

pytestmark = pytest.mark.slow

QUICK = {"interval": 1}
MINIMIZE: dict[str, Any] = {"name": "close", "netmin.windows.minimize": {"detail": "full"}}
BOOT: dict[str, Any] = {"name": "boot", "netmin.windows.reboot": QUICK}
PROVE: dict[str, Any] = {"name": "prove", "netmin.windows.proof_info": QUICK}
DCOM_LIST = r"HKLM\SOFTWARE\Microsoft\Rpc\DCOM Protocols"


def spec(scenario: str, name: str = "host") -> HostSpec:
    """Return a host that boots quickly."""
    return HostSpec(scenario=scenario, name=name, boot_seconds=1)


def dcom_list(host: Host) -> object:
    """Return the true DCOM Protocols value of a host, with its type."""
    return window(host, "registry")[r"HKLM\SOFTWARE\Microsoft\Rpc"]["DCOM Protocols"]


@pytest.mark.parametrize(
    ("scenario", "port", "owner"),
    [
        # The socket stays with the svchost, whose other services go on.
        ("windows_xp_sticky_socket", "tcp/5000", "one of RemoteRegistry, WebClient"),
        ("windows_2000_sticky_socket", "tcp/445", "NetBT"),
        ("windows_xp_port_reopened", "tcp/5000", "AcmeAgent"),
    ],
)
def test_a_proof_fails_naming_port_and_owner(scenario: str, port: str, owner: str) -> None:
    with Simulation([spec(scenario)]) as simulation:
        played = play(on(simulation), [MINIMIZE, BOOT, PROVE])
        assert played.of("host", "close").status == "ok", played.output
        proof = played.of("host", "prove")
        assert proof.status == "failed", played.output
        assert proof.result["proof"]["verdict"] == "failed"
        (row,) = [row for row in proof.result["proof"]["endpoints"] if row["holds"] is False]
        assert (f"{row['protocol']}/{row['port']}", row["owner"].partition(" in pid ")[0]) == (port, owner)
        _before, told, after = proof.message.partition("after the boot (forecast of run ")
        assert told, proof.message
        assert f": {port} on 0.0.0.0 is open, owner {row['owner']}: forecast to be closed: " in after, proof.message


def test_writes_that_do_not_hold_fail_the_task_by_name() -> None:
    with Simulation([spec("windows_xp_write_lost")]) as simulation:
        outcome = play(on(simulation), [MINIMIZE]).of("host")
        assert outcome.status == "failed"
        assert "SmbDeviceEnabled" in outcome.message
        assert "Messenger" in outcome.message
        lost = {change["target"]: change for change in outcome.result["changes"] if change["status"] == "not_done"}
        # `after` is what was read, not what was planned.
        assert [change["after"] for target, change in lost.items() if target.endswith("SmbDeviceEnabled")] == [None]
        assert lost["service Messenger"]["after"] == "auto"
        assert outcome.result["changed"]


def test_a_service_that_its_recovery_starts_again_stays_stopped_once_it_is_disabled() -> None:
    with Simulation([spec("windows_xp_service_returns")]) as simulation:
        outcome = play(on(simulation), [MINIMIZE]).of("host")
        assert outcome.status == "ok", outcome.message
        # Its start mode comes before its stop, so nothing can start it in between.
        rows = [change for change in outcome.result["changes"] if change["target"] == "service W32Time"]
        assert [(row["after"], row["status"]) for row in rows] == [("disabled", "done"), ("stopped", "done")], rows


def test_a_service_that_never_stops_is_waited_for_and_named() -> None:
    with Simulation([spec("windows_xp_stop_pending")]) as simulation:
        outcome = play(on(simulation), [{"netmin.windows.minimize": {"stop_timeout": 2}}]).of("host")
        assert outcome.status == "failed"
        assert outcome.message.startswith("service SSDPSRV (Stop Pending) on host: not stopped after 2 seconds. ")
        # Every service is kept from starting first. Then all that can stop at once do so together; what comes after them is not done.
        rows = [(change["target"], change["after"] if change["status"] == "done" else None) for change in outcome.result["changes"]]
        modes, stops, rest = rows[:6], dict(rows[6:11]), rows[11:]
        assert {after for _target, after in modes} == {"disabled"}, rows
        others = ("PolicyAgent", "W32Time", "Messenger", "Schedule")
        assert stops == {"service SSDPSRV": None, **{f"service {name}": "stopped" for name in others}}, rows
        assert {after for _target, after in rest} == {None}, rows


@pytest.mark.parametrize("scenario", ["windows_xp", "windows_xp_multisz_refused", "windows_xp_multisz_ignored"])
def test_an_empty_dcom_list_stays_an_empty_list_whatever_the_provider_does(scenario: str) -> None:
    with Simulation([spec(scenario)]) as simulation:
        task = {"netmin.windows.dcom_protocols": {"remove": ["ncacn_ip_tcp"]}}
        played = play(on(simulation), [{**task, "name": "first"}, {**task, "name": "second"}])
        first = played.of("host", "first")
        assert first.status == "ok", played.output
        assert [(change["target"], change["after"]) for change in first.result["changes"]] == [(DCOM_LIST, [])]
        assert not played.of("host", "second").result["changed"]
        value = dcom_list(simulation["host"])
        assert value == {"type": "REG_MULTI_SZ", "value": []}, value


def test_rows_that_are_probably_no_listeners_stand_apart() -> None:
    with Simulation([spec("windows_xp_false_listening")]) as simulation:
        audit_task = {"name": "audit", "netmin.windows.listeners_info": {}}
        played = play(on(simulation), [audit_task, MINIMIZE, {**PROVE, "name": "early"}, BOOT, PROVE])
        audit = played.of("host", "audit").result
        assert [(row["protocol"], row["port"]) for row in audit["suspected"]] == [("tcp", 1367)]
        assert "192.70.106.76:22" in audit["suspected"][0]["reason"]
        # The RPC port with a client on it is a listener, whatever its client's port.
        assert ("tcp", 1025) in {(row["protocol"], row["port"]) for row in audit["listeners"]}
        assert all(row["port"] != 1367 for row in played.of("host", "close").result["forecast"])
        assert played.of("host", "early").result["proof"]["verdict"] == "not_proven"
        assert played.of("host", "prove").result["proof"]["verdict"] == "proven", played.output


def test_a_host_with_suspected_rows_is_not_proven() -> None:
    with Simulation([spec("windows_xp_false_listening_kept")]) as simulation:
        played = play(on(simulation), [MINIMIZE, BOOT, PROVE, {"name": "strict", "netmin.windows.proof_info": {**QUICK, "strict": True}}])
        proof = played.of("host", "prove")
        assert proof.status == "ok"
        assert proof.result["proof"]["verdict"] == "not_proven"
        assert not proof.result["proven"]
        assert played.of("host", "strict").status == "failed"


def test_a_host_that_does_not_come_back_fails() -> None:
    with Simulation([spec("windows_xp_no_return")]) as simulation:
        outcome = play(on(simulation), [{"netmin.windows.reboot": {"interval": 1, "timeout": 4}}]).of("host")
        assert outcome.status == "failed"
        assert "did not come back" in outcome.message


def test_a_clock_that_is_set_is_no_boot() -> None:
    with Simulation([spec("windows_xp")]) as simulation:
        host = simulation["host"]
        before = play(on(simulation), [MINIMIZE]).of("host").result
        window(host, "clock", {"step": 7200})
        proof = play(on(simulation), [PROVE]).of("host").result
        assert before["reboot_required"]
        assert proof["proof"]["booted"] is False
        assert proof["proof"]["verdict"] == "not_proven"


def test_an_unsettled_host_is_said_to_be_so() -> None:
    with Simulation([spec("windows_xp")]) as simulation:
        task = {"name": "prove", "netmin.windows.proof_info": {"interval": 5, "limit": 2}}
        outcome = play(on(simulation), [MINIMIZE, BOOT, task]).of("host", "prove")
        assert outcome.status == "ok"
        # Nothing is judged, the boot included.
        proof = outcome.result["proof"]
        assert (proof["verdict"], proof["booted"], outcome.result["proven"]) == ("not_settled", None, False)


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_a_write_whose_answer_was_lost_is_settled_by_reading(when: str) -> None:
    with Simulation([spec("windows_xp")]) as simulation:
        host = simulation["host"]
        window(host, "faults", [{"kind": "cut", "when": when, "method": "ChangeStartMode", "nth": 2}])
        outcome = play(on(simulation), [MINIMIZE]).of("host")
        window(host, "faults", method="DELETE")
        stopped_modes = [row for row in window(host, "journal")["requests"] if row["method"] == "ChangeStartMode"]
        # Never repeated: each service's start mode was asked for once at most.
        assert len(stopped_modes) == len({str(row["selectors"]) for row in stopped_modes})
        if when != "after":
            assert outcome.status == "failed"
            assert "unknown" in outcome.message
            assert {change["status"] for change in outcome.result["changes"]} == {"done", "not_done"}
            for change in outcome.result["changes"]:
                if change["target"].startswith("service") and change["before"] == "auto":
                    true_mode = window(host, "services")[change["target"].partition(" ")[2]]["start_mode"]
                    assert (change["status"] == "done") == (true_mode == "disabled")
        again = play(on(simulation), [MINIMIZE, BOOT, PROVE])
        assert again.of("host", "prove").result["proof"]["verdict"] == "proven", again.output
        assert listeners(host) == {("tcp", "0.0.0.0", 5985)}


def test_a_host_lost_in_mid_plan_stops_the_roll_out() -> None:
    with Simulation([spec("windows_xp", "first"), spec("windows_xp", "second")]) as simulation:
        first, second = simulation.hosts
        window(first, "faults", [{"kind": "lost", "when": "during", "method": "StopService", "nth": 3}])
        played = play(on(simulation), [MINIMIZE], keywords={"serial": 1, "max_fail_percentage": 0})
        outcome = played.of("first")
        assert outcome.status == "failed", played.output
        assert outcome.result["changed"]
        # Start modes were accepted, and three services were asked to stop; the host went before anybody could read one of them back.
        statuses = [(change["status"], change["after"]) for change in outcome.result["changes"]]
        assert [status for status, _after in statuses].count("unknown") > 3, statuses
        assert {after for _status, after in statuses} == {None}, statuses
        assert {status for status, _after in statuses} == {"unknown", "not_done"}, statuses
        assert outcome.result["after"] is None
        assert played.hosts() == {"first"}
        assert changes(second) == 0
        window(first, "faults", method="DELETE")
        again = play(on(simulation), [MINIMIZE, BOOT, PROVE])
        assert again.of("first", "prove").result["proof"]["verdict"] == "proven", again.output
