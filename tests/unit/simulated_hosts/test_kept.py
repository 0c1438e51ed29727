# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept of an owner with several ports: that very port, service or recipe is there after the boot, and no other is called kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import MinimizeAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Family, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import (
    Expectation,
    Forecast,
    Identity,
    Outcome,
    Outlook,
    Verdict,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.forecast import lost
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Kept
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._run.test_proven import proof_of
from ansible_collections.netmin.windows.tests.unit.simulated import simulated


@pytest.mark.parametrize(
    ("name", "entry", "kept"),
    [
        ("windows_2000", {"port": "tcp/445"}, {"tcp/445", "udp/445"}),
        ("windows_xp", {"port": "tcp/445"}, {"tcp/445", "udp/445"}),
        ("windows_server_2003", {"port": "tcp/139"}, {"udp/137", "udp/138", "tcp/139"}),
        ("windows_xp", {"port": "tcp/135"}, {"tcp/135"}),
        ("windows_xp", {"service": "RpcSs"}, {"tcp/135"}),
        ("windows_10", {"port": "udp/5353"}, {"udp/5353"}),
        ("windows_server_2022", {"port": "udp/5355"}, {"udp/5355"}),
        ("windows_server_2025", {"recipe": "mdns-5353"}, {"udp/5353"}),
    ],
)
def test_another_port_of_the_same_owner_closes_and_is_not_called_kept(name: str, entry: dict[str, str], kept: set[str]) -> None:
    with simulated(name) as host:
        proof = proof_of(host, keep=[{**entry, "reason": "needed"}])
    assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())
    held = {f.endpoint.name for f in proof.findings if f.outcome is Outcome.KEPT and f.why == "needed"}
    assert {row for row in held if int(row.partition("/")[2]) < 1024 or row in kept} == kept


@pytest.mark.parametrize("name", ["windows_2000", "windows_xp", "windows_vista", "windows_7", "windows_server_2016", "windows_server_2025"])
def test_who_keeps_the_netbt_driver_keeps_netbios(name: str) -> None:
    with simulated(name) as host:
        proof = proof_of(host, keep=[{"service": "NetBT", "reason": "needed"}])
        ports = {port for _protocol, _address, port in host.endpoints()}
    assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())
    assert {137, 138, 139} <= ports


def test_the_endpoint_mapper_is_kept_on_udp_with_the_rpc_servers_for_which_it_listens_there() -> None:
    with simulated("windows_xp") as host:
        proof = proof_of(host, keep=[{"port": "udp/135", "reason": "needed"}])
        assert ("udp", "0.0.0.0", 135) in host.endpoints()
    assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())


ROW = Endpoint(Protocol.TCP, "0.0.0.0", 9100, 900)
CLOSING = Forecast(
    endpoint=ROW,
    identity=Identity(Protocol.TCP, Family.IPV4, Scope.WILDCARD, 9100, ()),
    owner="Acme",
    recipe=None,
    now=Expectation.OPEN,
    boot=Expectation.CLOSED,
    outlook=Outlook.CLOSES_AT_BOOT,
    why="Acme will not start again",
)


def test_a_port_that_was_to_be_kept_and_closes_all_the_same_is_told() -> None:
    kept = Kept(ports={(Protocol.TCP, 9100): "printer"})
    assert lost([CLOSING], kept) == ("tcp/9100 is to be kept (printer), but closes at the next boot: Acme will not start again",)
    assert lost([CLOSING], Kept()) == ()
    assert lost([replace(CLOSING, boot=Expectation.OPEN, outlook=Outlook.STAYS)], kept) == ()
    assert lost([replace(CLOSING, recipe="rdp-3389")], Kept(recipes={"rdp-3389": "admins"})) != ()


def test_what_shares_a_port_with_a_kept_service_is_not_stopped_for_it() -> None:
    """An RPC port of several services of one process stays while one of them runs: to stop the other would gain nothing."""
    with simulated("windows_server_2003+role_link_tracking") as host:
        host.boot()
        accept = ["task-scheduler", "infrastructure-roles"]
        done = act(MinimizeAction, host, check=True, accept=accept, keep=[{"service": "Schedule", "reason": "tasks"}])
        both = act(MinimizeAction, host, check=True, accept=accept)
    assert [change["target"] for change in done.result["changes"] if "TrkSvr" in change["target"]] == []
    assert {"service TrkSvr", "service Schedule"} <= {change["target"] for change in both.result["changes"]}
