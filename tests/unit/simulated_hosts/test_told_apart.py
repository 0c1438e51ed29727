# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose an endpoint is after a boot: programs that begin between two reads, strangers beside WinRM, ranges that no value shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome, Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Proof, prove
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_record
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, scenario, simulated

from winsim.endpoint import Protocol
from winsim.host.model import MachineSpec, ProcessSpec, ServiceSpec, SocketSpec, StartMode

KEEP_SMB = [{"port": "tcp/445", "reason": "shares"}]


def sabotaged(host: Simulated, *faults: Mapping[str, object], **given: Any) -> Proof:
    """Minimize, restart, have something go wrong, and prove."""
    host.boot()
    run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
    options = {**DEFAULTS, **given}
    prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))
    run.carry_out(prepared, host.session, stop_limit=60)
    host.boot()
    for fault in faults:
        host.computer.inject(fault)
    host.session.forget()
    survey, record = read_survey(host.session, KNOWLEDGE), read_record(host.session)
    assert record is not None
    return prove(record, survey.explained, survey.host, survey.listing.suspects)


@pytest.mark.parametrize("name", ["windows_xp", "windows_7", "windows_server_2012_r2", "windows_server_2025"])
def test_a_program_that_begins_while_the_host_is_read_is_named(name: str) -> None:
    fault = {"kind": "endpoint_taken", "protocol": "tcp", "port": 445, "owner": "intruder.exe"}
    with simulated(name) as host:
        proof = sabotaged(host, fault, keep=KEEP_SMB)
    assert proof.verdict is Verdict.FAILED
    assert all("owner intruder.exe in pid" in reason for reason in proof.reasons)


@pytest.mark.parametrize(("name", "owner"), [("windows_2000", "unknown"), ("windows_xp", "intruder.exe"), ("windows_11", "intruder.exe")])
@pytest.mark.parametrize("address", ["192.0.2.77", "127.0.0.1"])
def test_a_stranger_beside_the_listener_of_winrm_is_told_as_one(name: str, owner: str, address: str) -> None:
    fault = {"kind": "endpoint_added", "protocol": "tcp", "port": 5985, "address": address, "owner": "intruder.exe"}
    with simulated(name) as host:
        proof = sabotaged(host, fault)
    assert proof.verdict is Verdict.FAILED
    assert [reason for reason in proof.reasons if f"owner {owner}" in reason and "is not WinRM" in reason]


def test_a_stranger_in_place_of_the_listener_of_winrm_is_told_as_one() -> None:
    fault = {"kind": "endpoint_taken", "protocol": "tcp", "port": 5985, "address": "::", "owner": "intruder.exe"}
    with simulated("windows_server_2022") as host:
        proof = sabotaged(host, fault)
    assert proof.verdict is Verdict.FAILED
    assert "is not WinRM" in proof.reasons[0]


def with_program(name: str, *sockets: SocketSpec) -> MachineSpec:
    """Return the host of a scenario with a service of another maker."""
    host, image = scenario(name).host, r"C:\acme\acme.exe"
    service = ServiceSpec("Acme", "Acme", StartMode.AUTO, "Acme", image)
    processes = (*host.processes, ProcessSpec("Acme", "acme.exe", image, parent="services"))
    return replace(host, services=(*host.services, service), processes=processes, sockets=(*host.sockets, *sockets))


RANDOM = SocketSpec("Acme", Protocol.UDP, 0, ipv4_only=True)
MORE = {"kind": "endpoint_added", "protocol": "udp", "port": 33333, "address": "0.0.0.0", "owner": "Acme"}


@pytest.mark.parametrize("name", ["windows_vista", "windows_7", "windows_server_2008_r2", "windows_8_1", "windows_11"])
@pytest.mark.parametrize("first", [1025, 10000])
def test_one_more_udp_port_from_a_moved_range_is_told_and_proven(name: str, first: int) -> None:
    moved = {"first_port": first, "last_port": 65534, "counts_from": first}
    with simulated(name, host=with_program(name, RANDOM), windows=moved) as host:
        proof = sabotaged(host, MORE)
    assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())
    assert any(note.startswith("udp/33333") and "one more dynamic UDP port" in note for note in proof.notes)


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("windows_server_2012", 3390),
        ("windows_8_1", 33893),
        ("windows_10", 60000),
        ("windows_server_2025", 50000),
    ],
)
def test_remote_desktop_on_any_other_port_is_held_back_kept_and_closed_on_tcp_and_udp(tmp_path: Path, name: str, port: int) -> None:
    file = tmp_path / "moved.yml"
    file.write_text(f"---\nextends: {name}\ntitle: moved\nparts: [role_rdp_host]\nrename: {{ports: {{3389: {port}}}}}\n", encoding="utf-8")
    for given, outcome in (
        ({}, Outcome.OPEN),
        ({"keep": [{"port": f"tcp/{port}", "reason": "admins"}]}, Outcome.KEPT),
        ({"accept": ["rds"]}, Outcome.CLOSED),
    ):
        with simulated(str(file)) as host:
            proof = sabotaged(host, **given)
        assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())
        found = [finding for finding in proof.findings if finding.endpoint.port == port]
        assert {finding.endpoint.protocol for finding in found} == {"tcp", "udp"}
        assert {finding.outcome for finding in found} == {outcome}


@pytest.mark.parametrize("name", ["windows_server_2016", "windows_server_2022"])
def test_a_port_of_sql_server_from_the_dynamic_range_is_known_by_its_owner(tmp_path: Path, name: str) -> None:
    file = tmp_path / "moved.yml"
    file.write_text(f"---\nextends: {name}\ntitle: moved\nparts: [role_sql_server]\nrename: {{ports: {{1433: 51433}}}}\n", encoding="utf-8")
    with simulated(str(file)) as host:
        host.boot()
        found = {s.recipe for s in read_survey(host.session, KNOWLEDGE).explained if s.endpoint.port == 51433}
    assert found == {"sql-server-1433"}
