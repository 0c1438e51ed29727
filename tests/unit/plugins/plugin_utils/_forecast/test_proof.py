# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Holding listings against the stored forecast: every outcome, and hosts on which the plan did not work."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome, Verdict, grouped
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Finding, Proof, _grouped, compare_with_keep, prove
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import rpc_restriction
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeService
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import (
    ADDRESS,
    TABLE_2000,
    TABLE_XP,
    desires,
    planned,
    survey_of,
    terms_of,
    windows_2000,
    windows_xp,
)

HEAD = "  Proto  Local Address          Foreign Address        State           PID\n"
WINRM = "  TCP    0.0.0.0:5985           0.0.0.0:0              LISTENING       4\n"
BEFORE, AFTER = "2003-05-01T08:00:10+00:00", "2003-05-02T08:00:10+00:00"


def record_of(fake: FakeHost, wanted: Any = None, **said: Any) -> Record:
    survey, _plan, entries = planned(fake, wanted, **said)
    return Record("run", survey.host.boot.mark, entries)


def stopped(fake: FakeHost, *names: str) -> FakeHost:
    for name in names:
        service = fake.service(name)
        service.state, service.start, service.pid = "Stopped", "Disabled", None
    return fake


def minimized_xp(*lines: str) -> FakeHost:
    """Return the XP host as it is after the plan and a boot, showing WinRM's listener and these lines."""
    fake = stopped(windows_xp(), "PolicyAgent", "SSDPSRV", "W32Time", "Messenger", "Schedule", "LmHosts")
    fake.lsass_created = "2003-05-02T08:00:10Z"
    fake.netstat = [HEAD + WINRM + "\n".join(lines)]
    return fake


def minimized_2000(*lines: str) -> FakeHost:
    fake = stopped(windows_2000(), "IISADMIN", "W3SVC", "SMTPSVC", "PolicyAgent", "MSDTC", "Messenger", "Schedule", "RasMan", "LmHosts")
    fake.lsass_created = "2003-05-02T08:00:10Z"
    fake.netstat = [HEAD + "  TCP    0.0.0.0:5985    0.0.0.0:0    LISTENING\n" + "\n".join(lines)]
    return fake


def without(name: str) -> dict[str, Any]:
    return desires({"services": {"services": [{"name": name, "state": "stopped", "start_mode": "disabled"}]}})


def proof_of(record: Record, fake: FakeHost) -> Proof:
    survey = survey_of(fake)
    return prove(record, survey.explained, survey.host, survey.listing.suspects)


def finding(proof: Proof, name: str, *, outcome: Outcome | None = None) -> Finding:
    return next(f for f in proof.findings if f.endpoint.name == name and outcome in (None, f.outcome))


def closed(proof: Proof) -> set[str]:
    return {f.endpoint.name for f in proof.findings if f.outcome is Outcome.CLOSED}


def open_names(findings: Iterable[Finding]) -> list[str]:
    return sorted(f.endpoint.name for f in findings)


@pytest.mark.parametrize(("before", "after"), [(windows_xp, minimized_xp), (windows_2000, minimized_2000)])
def test_proven(before: Any, after: Any) -> None:
    record = record_of(before())
    proof = proof_of(record, after())
    assert (proof.verdict, proof.reasons, proof.booted) == (Verdict.PROVEN, (), True)
    assert len(proof.findings) == len(record.forecast)
    assert finding(proof, "tcp/5985").outcome is Outcome.KEPT
    assert all(f.outcome is Outcome.CLOSED and f.holds for f in proof.findings if f.endpoint.name != "tcp/5985")
    assert proof.open_listeners == ()


def test_not_proven_before_the_boot() -> None:
    fake = stopped(windows_xp(), "PolicyAgent", "SSDPSRV", "W32Time", "LmHosts")
    gone = (":5000 ", ":500 ", ":123 ", ":1900 ", ":137 ", ":138 ", ":139 ")
    fake.netstat = ["\n".join(line for line in TABLE_XP.splitlines() if not any(port in line for port in gone))]
    proof = proof_of(record_of(windows_xp()), fake)
    assert (proof.verdict, proof.booted) == (Verdict.NOT_PROVEN, False)
    assert "7 endpoints close only at the next boot" in proof.reasons[0]
    waiting = finding(proof, "tcp/445")
    assert (waiting.outcome, waiting.holds) == (Outcome.OPEN, True)
    assert "closes at the next boot" in waiting.why


@pytest.mark.parametrize(
    ("line", "name", "owner"),
    [
        ("  TCP    0.0.0.0:445    0.0.0.0:0    LISTENING    4", "tcp/445", "NetBT"),
        ("  TCP    0.0.0.0:135    0.0.0.0:0    LISTENING    884", "tcp/135", "RpcSs"),
        ("  TCP    0.0.0.0:1025    0.0.0.0:0    LISTENING    976", "tcp/1025", "Schedule"),
        # Another number, the same owner: the number means nothing.
        ("  UDP    0.0.0.0:1044    *:*    1112", "udp/1044", "Dnscache"),
        (f"  TCP    {ADDRESS}:139    0.0.0.0:0    LISTENING    4", "tcp/139", "NetBT"),
        ("  TCP    0.0.0.0:5000    0.0.0.0:0    LISTENING    1160", "tcp/5000", ""),
    ],
)
def test_the_setting_is_there_and_so_is_the_socket(line: str, name: str, owner: str) -> None:
    proof = proof_of(record_of(windows_xp()), minimized_xp(line))
    assert proof.verdict is Verdict.FAILED
    assert len(proof.reasons) == 1
    assert name in proof.reasons[0]
    assert owner in proof.reasons[0]
    assert "forecast to be closed" in proof.reasons[0]
    assert open_names(proof.open_listeners) == [name]
    assert len([f for f in proof.findings if f.outcome is Outcome.CLOSED]) == 15


@pytest.mark.parametrize("port", [25, 445, 3372, 1026, 4983])
def test_a_socket_stays_on_windows_2000(port: int) -> None:
    proof = proof_of(record_of(windows_2000()), minimized_2000(f"  TCP    0.0.0.0:{port}    0.0.0.0:0    LISTENING"))
    assert proof.verdict is Verdict.FAILED
    assert f"tcp/{port} on 0.0.0.0 is open" in " ".join(proof.reasons)
    assert open_names(proof.open_listeners) == [f"tcp/{port}"]


def test_a_fixed_port_that_stays_is_never_taken_for_a_dynamic_one() -> None:
    # Only MSDTC was to go; Schedule keeps a dynamic port, by which 3372 could be explained once MSDTC is gone.
    record = record_of(windows_2000(), without("MSDTC"))
    fake = stopped(windows_2000(), "MSDTC")
    fake.lsass_created = "2003-05-02T08:00:10Z"
    proof = proof_of(record, fake)
    assert proof.verdict is Verdict.FAILED
    assert "tcp/3372" not in closed(proof)
    assert "tcp/3372" in proof.reasons[0]


def test_every_socket_that_stays_is_named() -> None:
    lines = [f"  TCP    0.0.0.0:{port}    0.0.0.0:0    LISTENING" for port in (1025, 1026, 1027, 1031, 1032)]
    proof = proof_of(record_of(windows_2000()), minimized_2000(*lines))
    assert proof.verdict is Verdict.FAILED
    assert open_names(proof.open_listeners) == ["tcp/1025", "tcp/1026", "tcp/1027", "tcp/1031", "tcp/1032"]


def with_intruder(fake: FakeHost) -> FakeHost:
    fake.services.append(FakeService("Intruder", path=r"C:\intruder.exe", pid=3000))
    fake.processes[3000] = "intruder.exe"
    return fake


@pytest.mark.parametrize("port", [1025, 5000, 445, 7777])
def test_a_port_reopened_or_opened_by_another_service_is_named_with_it(port: int) -> None:
    fake = with_intruder(minimized_xp(f"  TCP    0.0.0.0:{port}    0.0.0.0:0    LISTENING    3000"))
    proof = proof_of(record_of(windows_xp()), fake)
    assert proof.verdict is Verdict.FAILED
    assert len(proof.reasons) == 1
    assert f"tcp/{port} on 0.0.0.0 is open, owner Intruder in pid 3000" in proof.reasons[0]


def test_a_service_that_came_back_is_named() -> None:
    fake = minimized_xp("  UDP    0.0.0.0:500    *:*    704")
    service = fake.service("PolicyAgent")
    service.state, service.pid = "Running", 704
    proof = proof_of(record_of(windows_xp()), fake)
    assert proof.reasons == ("udp/500 on 0.0.0.0 is open, owner PolicyAgent in pid 704: forecast to be closed: PolicyAgent will not run",)


def test_an_owner_that_cannot_be_told_any_more_is_remembered() -> None:
    # Windows 2000 shows no process; the record says whose port it was.
    proof = proof_of(record_of(windows_2000()), minimized_2000("  TCP    0.0.0.0:25    0.0.0.0:0    LISTENING"))
    assert "tcp/25 on 0.0.0.0 is open, owner unknown (before: SMTPSVC)" in proof.reasons[0]


def test_suspects_leave_it_unproven() -> None:
    lines = ("  TCP    0.0.0.0:1367    0.0.0.0:0    LISTENING    976", f"  TCP    {ADDRESS}:1367    192.70.106.76:22    ESTABLISHED    976")
    proof = proof_of(record_of(windows_xp()), minimized_xp(*lines))
    assert proof.verdict is Verdict.NOT_PROVEN
    assert "tcp/1367 may not be a listener" in proof.reasons[0]
    assert proof_of(record_of(windows_xp()), minimized_xp()).verdict is Verdict.PROVEN


def test_a_failure_outweighs_suspects() -> None:
    lines = (
        "  TCP    0.0.0.0:445    0.0.0.0:0    LISTENING    4",
        "  TCP    0.0.0.0:1367    0.0.0.0:0    LISTENING    976",
        f"  TCP    {ADDRESS}:1367    192.70.106.76:22    ESTABLISHED    976",
    )
    assert proof_of(record_of(windows_xp()), minimized_xp(*lines)).verdict is Verdict.FAILED


def test_what_was_to_stay_is_open_and_holds() -> None:
    record = record_of(windows_xp(), desires({"smb_device": {"smb_over_tcp": "disabled"}}))
    fake = windows_xp()
    fake.lsass_created = "2003-05-02T08:00:10Z"
    fake.netstat = ["\n".join(line for line in TABLE_XP.splitlines() if ":445 " not in line)]
    proof = proof_of(record, fake)
    assert proof.verdict is Verdict.PROVEN
    assert (finding(proof, "tcp/135").outcome, finding(proof, "tcp/135").holds) == (Outcome.OPEN, True)
    assert closed(proof) == {"tcp/445", "udp/445"}


def test_unknown_is_never_contradicted() -> None:
    record = record_of(windows_2000(), without("Messenger"))
    fake = stopped(windows_2000(), "Messenger")
    fake.lsass_created = "2003-05-02T08:00:10Z"
    fake.netstat = ["\n".join(line for line in TABLE_2000.splitlines() if ":1029 " not in line)]
    proof = proof_of(record, fake)
    assert (finding(proof, "udp/1028").outcome, finding(proof, "udp/1028").holds) == (Outcome.UNKNOWN, None)
    assert (finding(proof, "udp/1029").outcome, finding(proof, "udp/1029").holds) == (Outcome.CLOSED, None)


SHARES = [{"service": "LanmanServer", "reason": "file shares"}]
# All ports by which the Server service is reached on this Windows.
KEPT_ROWS = (
    "  TCP    0.0.0.0:445    0.0.0.0:0    LISTENING    4",
    "  UDP    0.0.0.0:445    *:*    4",
    f"  TCP    {ADDRESS}:139    0.0.0.0:0    LISTENING    4",
    f"  UDP    {ADDRESS}:137    *:*    4",
    f"  UDP    {ADDRESS}:138    *:*    4",
)


def test_a_kept_endpoint() -> None:
    proof = proof_of(record_of(windows_xp(), keep=SHARES), minimized_xp(*KEPT_ROWS))
    assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())
    assert (finding(proof, "tcp/445").outcome, finding(proof, "tcp/445").why) == (Outcome.KEPT, "file shares")
    assert proof.open_listeners == ()


@pytest.mark.parametrize("row", KEPT_ROWS)
def test_a_kept_endpoint_that_is_gone_fails_the_proof(row: str) -> None:
    proof = proof_of(record_of(windows_xp(), keep=SHARES), minimized_xp(*(other for other in KEPT_ROWS if other != row)))
    assert proof.verdict is Verdict.FAILED
    assert len(proof.reasons) == 1
    assert "kept, but gone: file shares" in proof.reasons[0]


@pytest.mark.parametrize("row", KEPT_ROWS)
def test_a_kept_endpoint_that_another_owner_holds_fails_the_proof_and_both_are_named(row: str) -> None:
    rows = [other.replace("    4", "    3000") if other == row else other for other in KEPT_ROWS]
    proof = proof_of(record_of(windows_xp(), keep=SHARES), with_intruder(minimized_xp(*rows)))
    assert proof.verdict is Verdict.FAILED
    assert "Intruder in pid 3000" in proof.reasons[0]
    assert "NetBT" in proof.reasons[0]


def test_an_endpoint_that_was_to_stay_and_is_gone_is_told() -> None:
    record = record_of(windows_xp(), without("SSDPSRV"))
    fake = stopped(windows_xp(), "SSDPSRV")
    fake.lsass_created = "2003-05-02T08:00:10Z"
    gone = (":5000 ", ":1900 ", ":123 ")
    fake.netstat = ["\n".join(line for line in TABLE_XP.splitlines() if not any(port in line for port in gone))]
    proof = proof_of(record, fake)
    assert proof.verdict is Verdict.NOT_PROVEN
    assert any("udp/123" in reason and "forecast to stay, but gone" in reason for reason in proof.reasons)


def test_an_endpoint_that_was_to_stay_and_is_anothers_is_not_proven() -> None:
    record = record_of(windows_xp(), without("SSDPSRV"))
    fake = with_intruder(stopped(windows_xp(), "SSDPSRV"))
    fake.lsass_created = "2003-05-02T08:00:10Z"
    rows = [line for line in TABLE_XP.splitlines() if not any(port in line for port in (":5000 ", ":1900 "))]
    fake.netstat = ["\n".join(re.sub(r"\d+$", "3000", line.rstrip()) if ":135 " in line else line for line in rows)]
    proof = proof_of(record, fake)
    assert proof.verdict is Verdict.NOT_PROVEN
    assert any("Intruder in pid 3000" in reason and "RpcSs" in reason for reason in proof.reasons)


def test_the_record_of_an_older_release_says_no_owner_of_a_fixed_port() -> None:
    record = record_of(windows_xp(), keep=SHARES)
    old = replace(record, forecast=tuple(replace(e, owners=None if e.identity.port else e.owners) for e in record.forecast))
    rows = [other.replace("    4", "    3000") if ":445" in other else other for other in KEPT_ROWS]
    assert proof_of(old, with_intruder(minimized_xp(*rows))).verdict is Verdict.PROVEN


@pytest.mark.parametrize("address", ["0.0.0.0", ADDRESS])
def test_a_stranger_on_the_port_of_winrm_is_no_management_path(address: str) -> None:
    rows = f"  TCP    {address}:5985    0.0.0.0:0    LISTENING    3000"
    fake = with_intruder(minimized_xp(rows))
    if address == "0.0.0.0":
        fake.netstat = [fake.netstat[0].replace(WINRM, "")]
    proof = proof_of(record_of(windows_xp()), fake)
    assert proof.verdict is Verdict.FAILED
    assert "tcp/5985" in proof.reasons[0]
    assert "Intruder in pid 3000" in proof.reasons[0]


def udp(port: int, pid: int = 3000) -> str:
    return f"  UDP    0.0.0.0:{port}    *:*    {pid}\n"


def named(*ports: int, boot: int = 1) -> FakeHost:
    """Return a Windows XP host with a name server of another maker, whose UDP ports the system hands out anywhere."""
    fake = windows_xp()
    fake.services.append(FakeService("Names", path=r"C:\names.exe", pid=3000))
    fake.processes[3000] = "names.exe"
    fake.lsass_created = f"2003-05-0{boot}T08:00:10Z"
    fake.netstat = [TABLE_XP + "".join(map(udp, ports))]
    return fake


@pytest.mark.parametrize(
    ("before", "after"),
    [((20000,), (31000,)), ((20000,), (31000, 32000)), ((1500, 20000, 30000), (21000, 40000, 50000, 51000))],
)
def test_a_udp_port_that_the_system_hands_out_has_another_number_after_a_boot(before: Any, after: Any) -> None:
    proof = proof_of(record_of(named(*before), {}), named(*after, boot=2))
    assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())
    assert any("Names" in note for note in proof.notes)


def test_one_more_udp_port_of_an_owner_whose_port_is_fixed_is_a_contradiction() -> None:
    proof = proof_of(record_of(named(20000), {}), named(20000, 31000, boot=2))
    assert proof.verdict is Verdict.FAILED
    assert [reason.partition(" on ")[0] for reason in proof.reasons] == ["udp/31000"]


def test_a_udp_port_that_a_recipe_knew_has_no_other_number() -> None:
    """A recipe knows a port by its number; the same owner's new number is a new endpoint, whatever is known of it now."""
    record = record_of(named(20000), {})
    known = tuple(replace(entry, recipe="names-20000") if entry.endpoint.port == 20000 else entry for entry in record.forecast)
    proof = proof_of(replace(record, forecast=known), named(31000, boot=2))
    assert proof.verdict is Verdict.FAILED
    assert closed(proof) == {"udp/20000"}
    assert finding(proof, "udp/31000").why == "not in the forecast: it was not there before"


def test_a_udp_port_of_another_owner_is_a_contradiction_all_the_same() -> None:
    fake = with_intruder(named(31000, boot=2))
    fake.services[-1].pid, fake.processes[3001] = 3001, "intruder.exe"
    fake.netstat[0] += udp(42000, 3001)
    proof = proof_of(record_of(named(20000), {}), fake)
    assert proof.verdict is Verdict.FAILED
    assert len(proof.reasons) == 1
    assert "udp/42000" in proof.reasons[0]


def test_loopback_endpoints_are_reachable_from_the_host_alone() -> None:
    proof = proof_of(record_of(windows_xp()), minimized_xp("  TCP    127.0.0.1:1030    0.0.0.0:0    LISTENING    976"))
    assert proof.verdict is Verdict.PROVEN
    assert finding(proof, "tcp/1030").outcome is Outcome.LOOPBACK_ONLY
    assert proof.open_listeners == ()


def rpc_2000(address: str = "0.0.0.0", *, booted: bool = True) -> FakeHost:
    """Return a Windows 2000 whose RPC servers on 1025 and 1026 are bound to an address, after a boot."""
    fake = windows_2000()
    gone = ("IISADMIN", "W3SVC", "SMTPSVC", "RasMan", "RasAuto")
    fake.services = [service for service in fake.services if service.name not in gone]
    fake.lsass_created = "2003-05-02T08:00:10Z" if booted else fake.lsass_created
    fake.netstat = [TABLE_2000.replace("0.0.0.0:1025", f"{address}:1025").replace("0.0.0.0:1026", f"{address}:1026")]
    return fake


def bound_to(*interfaces: str) -> Record:
    return record_of(rpc_2000(booted=False), desires({"rpc_restriction": {"interfaces": list(interfaces)}}))


def test_rpc_bound_to_the_loopback() -> None:
    proof = proof_of(bound_to("loopback"), rpc_2000("127.0.0.1"))
    found = [f for f in proof.findings if f.endpoint.name in ("tcp/1025", "tcp/1026")]
    assert [(f.endpoint.address, f.outcome, f.holds) for f in found] == [("127.0.0.1", Outcome.LOOPBACK_ONLY, True)] * 2
    assert "tcp/1025" in " ".join(proof_of(bound_to("loopback"), rpc_2000()).reasons)


def test_rpc_bound_to_an_adapter_is_not_bound_to_the_loopback() -> None:
    proof = proof_of(bound_to("loopback"), rpc_2000(ADDRESS))
    assert proof.verdict is Verdict.FAILED
    assert {(f.outcome, f.holds) for f in proof.findings if f.endpoint.address == ADDRESS and f.endpoint.port == 1025} == {
        (Outcome.OPEN, False)
    }


def test_rpc_on_the_loopback_that_nobody_foretold_proves_nothing() -> None:
    proof = proof_of(bound_to("1", "2"), rpc_2000("127.0.0.1"))
    found = [f for f in proof.findings if f.endpoint.name in ("tcp/1025", "tcp/1026")]
    assert [(f.endpoint.address, f.outcome, f.holds) for f in found] == [("127.0.0.1", Outcome.LOOPBACK_ONLY, None)] * 2


def test_of_many_endpoints_one_that_another_owner_holds_is_named() -> None:
    """They are one entry of the forecast, and all of them have to be the owner's."""
    ports = range(1100, 1120)

    def names(*theirs: int, boot: int = 1) -> FakeHost:
        fake = with_intruder(named(boot=boot))
        fake.services[-1].pid, fake.processes[3001] = 3001, "intruder.exe"
        fake.netstat = [TABLE_XP + "".join(udp(port, 3001 if port in theirs else 3000) for port in ports)]
        return fake

    record = record_of(names(), {})
    record = replace(record, forecast=grouped(record.forecast))
    assert max(entry.count for entry in record.forecast) == len(ports)
    same = proof_of(record, names())
    assert (same.verdict, finding(same, "udp/1100").count) == (Verdict.PROVEN, len(ports))
    other = proof_of(record, names(1107))
    assert other.verdict is not Verdict.PROVEN
    assert "Intruder in pid 3001" in " ".join((*other.reasons, *other.notes))


def test_netbios_of_another_adapter_is_no_failure() -> None:
    def host() -> FakeHost:
        fake = windows_xp()
        fake.adapters[1].addresses = ("10.1.1.1",)
        fake.netstat = [TABLE_XP + "  TCP    10.1.1.1:139    0.0.0.0:0    LISTENING    4\n"]
        return fake

    record = record_of(host(), desires({"netbt": {"netbios": "disabled", "adapters": [ADDRESS]}}))
    fake = host()
    gone = (":137 ", ":138 ")
    lines = [line for line in fake.netstat[0].splitlines() if not any(port in line for port in gone) and f"{ADDRESS}:139" not in line]
    fake.netstat = ["\n".join(lines)]
    proof = proof_of(record, fake)
    assert proof.verdict is Verdict.PROVEN
    assert {f.endpoint.address: f.outcome for f in proof.findings if f.endpoint.name == "tcp/139"} == {
        ADDRESS: Outcome.CLOSED,
        "10.1.1.1": Outcome.OPEN,
    }
    # After a boot the other adapter has another address, and still one of two ports is gone.
    fake.lsass_created = "2003-05-02T08:00:10Z"
    fake.adapters[1].addresses = ("10.1.1.99",)
    fake.netstat = [fake.netstat[0].replace("10.1.1.1:", "10.1.1.99:")]
    assert proof_of(record, fake).verdict is Verdict.PROVEN


def test_within_a_boot_a_socket_is_the_same_whatever_was_started_since() -> None:
    # On Windows 2000 a new service can own any dynamic port: that makes no port a new one.
    record = record_of(windows_2000(), {})
    fake = windows_2000()
    fake.services.append(FakeService("Vendor", path=r"C:\vendor.exe"))
    proof = proof_of(record, fake)
    assert proof.verdict is Verdict.PROVEN


@pytest.mark.parametrize("side", ["then", "now"])
def test_where_a_boot_does_not_show_nothing_is_proven(side: str) -> None:
    before, after = windows_xp(), minimized_xp()
    (before if side == "then" else after).lsass_created = None
    proof = proof_of(record_of(before), after)
    assert (proof.verdict, proof.booted) == (Verdict.NOT_PROVEN, False)
    assert "the host does not show when lsass.exe was started" in " ".join(proof.reasons)


def test_one_more_endpoint_of_a_kind_that_stays_is_told_and_proves_nothing() -> None:
    record = record_of(windows_xp(), {})
    fake = windows_xp()
    fake.lsass_created = "2003-05-02T08:00:10Z"
    fake.netstat = [TABLE_XP + "  TCP    0.0.0.0:1031    0.0.0.0:0    LISTENING    976\n"]
    proof = proof_of(record, fake)
    assert proof.verdict is Verdict.NOT_PROVEN
    assert (finding(proof, "tcp/1031").outcome, finding(proof, "tcp/1031").holds) == (Outcome.OPEN, None)
    assert finding(proof, "tcp/1031").why.startswith("one more endpoint than forecast; ")


@pytest.mark.parametrize(("address", "holds"), [("0.0.0.0", None), ("127.0.0.1", True)])
def test_one_more_rpc_endpoint_was_opened_by_the_plan_only_where_one_left_the_loopback(address: str, holds: bool | None) -> None:
    before, after = windows_xp(), windows_xp()
    before.netstat = [TABLE_XP.replace("0.0.0.0:1025 ", f"{address}:1025 ")]
    after.netstat = [before.netstat[0] + "  TCP    0.0.0.0:1031    0.0.0.0:0    LISTENING    976\n"]
    after.lsass_created = "2003-05-02T08:00:10Z"
    found = finding(proof_of(replace(record_of(before, {}), opens=(rpc_restriction.RECIPE,)), after), "tcp/1031")
    assert (found.holds, found.why == "opened by the plan") == (holds, holds is True)


def test_one_more_endpoint_of_a_kind_that_was_to_close_is_a_failure_like_the_first() -> None:
    rows = [f"  TCP    0.0.0.0:{port}    0.0.0.0:0    LISTENING    976" for port in (1025, 1031)]
    proof = proof_of(record_of(windows_xp()), minimized_xp(*rows))
    assert [finding(proof, name).holds for name in ("tcp/1025", "tcp/1031")] == [False, False]
    assert all(f.why.startswith("forecast to be closed: ") for f in proof.findings if f.endpoint.port in (1025, 1031))


def test_the_management_path_may_move() -> None:
    fake = minimized_xp("  TCP    0.0.0.0:5986    0.0.0.0:0    LISTENING    4")
    assert fake.listeners is not None
    fake.listeners.append(type(fake.listeners[0])("*", "HTTPS", 5986, enabled=True))
    proof = proof_of(record_of(windows_xp()), fake)
    assert proof.verdict is Verdict.PROVEN
    assert finding(proof, "tcp/5986").outcome is Outcome.KEPT


def test_without_a_forecast_it_compares_with_keep_and_says_so() -> None:
    survey = survey_of(minimized_xp())
    proof = compare_with_keep(survey.explained, terms_of(survey).kept, survey.host, ())
    assert proof.verdict is Verdict.PROVEN
    assert "there is no forecast" in proof.reasons[0]
    survey = survey_of(windows_xp())
    proof = compare_with_keep(survey.explained, terms_of(survey, keep=[{"port": "udp/500", "reason": "VPN"}]).kept, survey.host, ())
    assert proof.verdict is Verdict.NOT_PROVEN
    assert any(reason == "tcp/135 on 0.0.0.0 is open, owned by RpcSs in pid 884, and not kept" for reason in proof.reasons)
    assert finding(proof, "udp/500").outcome is Outcome.KEPT
    assert {f.outcome for f in proof.findings if f.endpoint.address == "127.0.0.1"} == {Outcome.LOOPBACK_ONLY}
    assert (finding(proof, "tcp/135").outcome, finding(proof, "tcp/135").holds) == (Outcome.OPEN, None)


def test_grouping_compares_no_finding_with_another(monkeypatch: pytest.MonkeyPatch) -> None:
    # With a comparison of each with each, a server of many owners took minutes.
    def of(owner: str, many: int) -> list[Finding]:
        return [Finding(Endpoint(Protocol.UDP, "0.0.0.0", 50000 + port), owner, Outcome.OPEN, True, "why") for port in range(many)]

    findings = [*of("many", 9), *of("few", 8), *of("one", 1), *of("more", 20)]

    def compared(_one: object, _other: object) -> bool:
        raise AssertionError("compared")

    monkeypatch.setattr(Finding, "__eq__", compared)
    assert [(found.owner, found.count) for found in _grouped(findings)] == [
        ("many", 9),
        *[("few", 1)] * 8,
        ("one", 1),
        ("more", 20),
    ]
