# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoint map of a host: it follows from the RPC servers that run and from the ports that they hold."""

from __future__ import annotations

import pytest

from winsim.endpoint import Protocol
from winsim.host import controls
from winsim.host.machine import Machine
from winsim.host.rpc import INTERFACES
from winsim.host.sockets import Origin
from winsim.registry_value import RegistryValue

from .hosts import make, service, write

SCHEDULER, DISTRIBUTED, SPOOLER = (
    "86d35949-83c9-4044-b424-db363231fd0c",
    "906b0ce0-c70b-1067-b317-00dd010662da",
    "76f03f96-cdfd-44fc-a22c-64950a001209",
)
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Rpc"


def ports_of(host: Machine, uuid: str) -> set[str]:
    return {entry.endpoint for entry in host.rpc.registrations() if entry.interface.uuid == uuid and entry.sequence == "ncacn_ip_tcp"}


@pytest.mark.parametrize(
    "scenario",
    [
        "windows_2000",
        "windows_xp",
        "windows_server_2008_r2",
        "windows_10",
        "windows_server_2022",
        "windows_server_2022+hazard_domain_controller",
    ],
)
def test_each_entry_leads_to_a_port_that_its_owner_has_opened(scenario: str) -> None:
    host = make(scenario)
    held = {(str(row.protocol), str(row.port)) for row in host.network.sockets.all if row.origin is Origin.RPC}
    sequences = {"ncacn_ip_tcp": str(Protocol.TCP), "ncadg_ip_udp": str(Protocol.UDP)}
    found = {(sequences[entry.sequence], entry.endpoint) for entry in host.rpc.registrations() if entry.sequence in sequences}
    assert found
    assert found <= held


def test_an_owner_of_the_table_is_written_in_small_letters() -> None:
    assert all(owner == owner.lower() for owner in INTERFACES)


def test_a_service_that_stops_takes_its_entries_back_and_leaves_its_port_to_the_process() -> None:
    host = make("windows_xp")
    (port,) = ports_of(host, "1ff70682-0a51-30e8-076d-740be8cee98b")
    controls.stop_service(host, service(host, "Schedule"))
    assert not ports_of(host, "1ff70682-0a51-30e8-076d-740be8cee98b")
    assert host.network.sockets.taken(Protocol.TCP, int(port))
    assert host.rpc.offered(int(port)) is not None


def test_a_server_without_a_port_of_its_own_is_at_those_of_its_process() -> None:
    host = make("windows_server_2016")
    assert service(host, "Schedule").spec.process == service(host, "UserManager").spec.process
    assert ports_of(host, "b18fbab6-56f8-4702-84e0-41053293a869") == ports_of(host, SCHEDULER) != set()


def test_a_port_of_no_rpc_server_offers_nothing() -> None:
    host = make("windows_server_2022")
    assert host.rpc.offered(445) is None
    assert host.rpc.offered(1) is None
    assert [item.uuid[:8] for item in host.rpc.offered(135) or ()] == ["e1af8308", "99fcfec4"]
    (port,) = ports_of(host, SPOOLER)
    assert SPOOLER in {item.uuid for item in host.rpc.offered(int(port)) or ()}


@pytest.mark.parametrize(
    ("scenario", "anonymous"), [("windows_2000", True), ("windows_xp", True), ("windows_10", False), ("windows_server_2022", True)]
)
def test_whom_the_mapper_answers_waits_for_a_boot(scenario: str, anonymous: bool) -> None:
    host = make(scenario)
    assert host.network.anonymous_rpc is anonymous
    write(host, POLICY, "RestrictRemoteClients", RegistryValue.dword(1 if anonymous else 0))
    assert host.network.anonymous_rpc is anonymous
    host.power_cycle()
    assert host.network.anonymous_rpc is not anonymous
