# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts with thousands of sockets of a service: the whole loop works, and neither envelopes nor results grow with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Proof, prove
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import plain, proof_of
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_record
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, Wire, simulated

from .test_restore import minimize, restore

# What the result of a task may be long, and half of the smallest MaxEnvelopeSize of each Windows (MS-WSMV 2.2.4.10, product note 8).
LONGEST, HALF_BEFORE_6_2, HALF = 200_000, 75_000, 250_000
SERVICE = "{name: Bulk, display: Bulk service, start: auto, image: 'C:\\Bulk\\bulk.exe'}"
HOSTS = {
    "fixed TCP ports in both families": ("windows_server_2008_r2", "{repeat: 1500, owner: Bulk, protocol: tcp, port: '<n+20000>'}"),
    "fixed UDP ports": ("windows_server_2012", "{repeat: 1500, owner: Bulk, protocol: udp, port: '<n+20000>', ipv4_only: true}"),
    "fixed ports that are no range": ("windows_7", "{repeat: 1500, owner: Bulk, protocol: tcp, port: '<n*3+20000>', ipv4_only: true}"),
    "ports at random": ("windows_xp", "{repeat: 4000, owner: Bulk, protocol: udp, port: 0, between: [1026, 60000], ipv4_only: true}"),
    "dynamic TCP ports": ("windows_server_2022", "{repeat: 1500, owner: Bulk, protocol: tcp, port: 0}"),
}


@dataclass
class Longest:
    """The longest request that went out so far."""

    sent: int = 0


@contextmanager
def measured(monkeypatch: pytest.MonkeyPatch, path: Path) -> Iterator[tuple[Simulated, Longest]]:
    longest, exchange = Longest(), Wire.exchange

    def counted(self: Wire, envelope: bytes) -> bytes:
        longest.sent = max(longest.sent, len(envelope))
        return exchange(self, envelope)

    monkeypatch.setattr(Wire, "exchange", counted)
    with simulated(str(path)) as host:
        host.boot()
        yield host, longest


def proof(host: Simulated) -> Proof:
    host.boot()
    survey, record = read_survey(host.session, KNOWLEDGE), read_record(host.session)
    assert record is not None
    return prove(record, survey.explained, survey.host, survey.listing.suspects)


def length(result: object) -> int:
    return len(json.dumps(plain(result)))


@pytest.mark.parametrize("kind", HOSTS)
def test_the_whole_loop_with_thousands_of_sockets_of_one_service(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name, sockets = HOSTS[kind]
    path = tmp_path / "many.yml"
    path.write_text(f"extends: {name}\ntitle: {kind}\nservices:\n  - {SERVICE}\nsockets:\n  - {sockets}\n", encoding="utf-8")
    with measured(monkeypatch, path) as (host, longest):
        there = minimize(host)
        proven = proof(host)
        again = minimize(host, "20260103T000000Z-000003")
        back = restore(host, run_id="20260104T000000Z-000004")
        restored = proof(host)
    assert (proven.verdict, proven.reasons) == (Verdict.PROVEN, ())
    assert (restored.verdict, restored.reasons) == (Verdict.PROVEN, ())
    assert again["changes"] == []
    assert there["summary"]["listeners"] > 1500
    assert max(map(length, (there, again, back, proof_of(proven), proof_of(restored)))) < LONGEST
    before_6_2 = name in ("windows_xp", "windows_7", "windows_server_2008_r2")
    assert longest.sent < (HALF_BEFORE_6_2 if before_6_2 else HALF)


@pytest.mark.parametrize(
    "sockets", ["{repeat: 1000, owner: Bulk, protocol: tcp, port: '<n+20000>'}", "{repeat: 1000, owner: Bulk, protocol: udp, port: 0}"]
)
def test_thousands_of_ports_of_one_service_get_no_rule_each_and_are_told_in_one_line(sockets: str, tmp_path: Path) -> None:
    path = tmp_path / "many.yml"
    path.write_text(f"extends: windows_server_2022\ntitle: many\nservices:\n  - {SERVICE}\nsockets:\n  - {sockets}\n", encoding="utf-8")
    with simulated(str(path)) as host:
        host.boot()
        result = minimize(host, ip_filter={"residue": "drop", "unknown": True})
        proven = proof(host)
    told = [row for row in result["unchanged"] if row["stage"] == "ip_filter" and "Bulk" in row["target"]]
    assert len(told) == 1
    assert "1000 ports" in told[0]["target"]
    assert told[0]["detail"]
    assert length(result) < LONGEST
    assert proven.verdict is Verdict.PROVEN
    assert result["summary"]["filtered"] == 10


@pytest.mark.parametrize(("keep", "verdict"), [((), Verdict.NOT_PROVEN), (("tcp/20500",), Verdict.FAILED)])
def test_one_of_thousands_of_fixed_ports_that_is_gone_is_named(keep: tuple[str, ...], verdict: Verdict, tmp_path: Path) -> None:
    sockets = "{repeat: 1500, owner: Bulk, protocol: tcp, port: '<n+20000>', ipv4_only: true}"
    path = tmp_path / "many.yml"
    path.write_text(f"extends: windows_server_2022\ntitle: many\nservices:\n  - {SERVICE}\nsockets:\n  - {sockets}\n", encoding="utf-8")
    with simulated(str(path)) as host:
        host.boot()
        minimize(host, keep=tuple({"port": port, "reason": "wanted"} for port in keep))
        host.boot()
        survey, record = read_survey(host.session, KNOWLEDGE), read_record(host.session)
    assert record is not None
    assert prove(record, survey.explained, survey.host, ()).verdict is Verdict.PROVEN
    gone = tuple(subject for subject in survey.explained if subject.endpoint.name != "tcp/20500")
    found = prove(record, gone, survey.host, ())
    assert (found.verdict, len(found.reasons)) == (verdict, 1)
    assert "tcp/20500" in found.reasons[0]
