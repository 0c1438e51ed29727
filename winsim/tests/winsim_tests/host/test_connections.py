# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Established connections: who holds them, when they end, and the management service's clients among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from winsim.host import controls
from winsim.host.clock import ManualClock
from winsim.host.machine import Machine
from winsim.host.network import TcpConnection, peer_address
from winsim.host.scm import Service
from winsim.scenarios import load_scenario

from .hosts import make, service

SERVER = "windows_server_2022"
CLIENT = ("198.51.100.7", 51234)


def inbound(host: Machine) -> list[TcpConnection]:
    return [held for held in host.visible.connections() if held.inbound]


def stop_with_dependents(host: Machine, found: Service) -> None:
    for dependent in [entry for entry in host.services.all if found in host.services.dependencies(entry)]:
        stop_with_dependents(host, dependent)
    controls.stop_service(host, found)


def test_one_without_an_owner_belongs_to_who_listens() -> None:
    host = make(f"{SERVER}+hazard_established_inbound")
    found = {held.local_port: (held.owner, host.pid(held.process)) for held in inbound(host)}
    mapper = service(host, "RpcEptMapper").spec.process
    assert found == {135: ("RpcEptMapper", host.pid(mapper)), 445: ("srvnet", 4)}


def test_nobody_connects_where_nobody_listens(tmp_path: Path) -> None:
    path = tmp_path / "some.yml"
    row = "{inbound: true, local_port: 4711, remote_address: 192.0.2.77, remote_port: 50000}"
    path.write_text(f"extends: {SERVER}\ntitle: x\nsources: []\nconnections: [{row}]\n", encoding="utf-8")
    assert inbound(Machine(load_scenario(path).host, clock=ManualClock())) == []


def test_it_ends_when_its_owner_stops_although_the_port_stays() -> None:
    host = make(f"{SERVER}+hazard_shares_in_use")
    (held,) = inbound(host)
    assert (held.local_port, held.owner, host.pid(held.process)) == (445, "LanmanServer", 4)
    controls.stop_service(host, service(host, "LanmanServer"))
    assert inbound(host) == []
    assert any(endpoint.port == 445 for endpoint in host.visible.endpoints())


def test_it_ends_when_the_listener_is_gone() -> None:
    host = make("windows_xp+hazard_established_inbound")
    assert [held.local_port for held in inbound(host)] == [135, 445]
    stop_with_dependents(host, service(host, "NetBT"))
    assert [held.local_port for held in inbound(host)] == [135]


def test_one_that_is_not_there_again_ends_with_the_boot() -> None:
    host = make(f"{SERVER}+hazard_shares_in_use")
    host.power_cycle()
    assert inbound(host) == []
    again = make(f"{SERVER}+hazard_established_inbound")
    again.power_cycle()
    assert [held.local_port for held in inbound(again)] == [135, 445]


def test_a_client_of_the_management_service_is_connected_until_it_leaves_or_the_host_boots() -> None:
    host = make(SERVER)
    host.visible.visited([CLIENT])
    (held,) = inbound(host)
    assert (held.local_address, held.local_port, held.remote_address, held.remote_port) == ("192.0.2.22", 5985, *CLIENT)
    assert (held.owner, host.pid(held.process)) == ("WinRM", 4)
    host.visible.visited([])
    assert inbound(host) == []
    host.visible.visited([CLIENT])
    host.power_cycle()
    assert inbound(host) == []


def test_no_client_is_connected_to_a_service_that_does_not_run() -> None:
    host = make(SERVER)
    host.visible.visited([CLIENT])
    controls.stop_service(host, service(host, "WinRM"))
    assert inbound(host) == []


@pytest.mark.parametrize(
    ("address", "seen"),
    [("198.51.100.7", "198.51.100.7"), ("127.0.0.1", "192.0.2.254"), ("127.77.3.4", "192.0.2.254"), ("192.0.2.22", "192.0.2.254")],
)
def test_a_client_of_the_same_machine_is_a_neighbour(address: str, seen: str) -> None:
    assert peer_address(load_scenario(SERVER).host, address) == seen
