# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows that stand for many, and the parts that are made of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from winsim.endpoint import Protocol
from winsim.host.clock import ManualClock
from winsim.host.machine import Machine
from winsim.scenarios import ScenarioError, load_scenario
from winsim.scenarios.repeat import RepeatError, repeated
from winsim_tests.providers.walk import CIMV2, walk


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([{"repeat": 2, "name": "a<n>", "port": "<n+100>"}], [{"name": "a1", "port": 101}, {"name": "a2", "port": 102}]),
        ({"k<n>": {"repeat": 2, "sz": "<n:02x>"}}, {"k1": {"sz": "01"}, "k2": {"sz": "02"}}),
        ([{"repeat": 2, "depends": ["x<n>"]}], [{"depends": ["x1"]}, {"depends": ["x2"]}]),
        ([{"repeat": 1, "a": "10.<n//250>.<n%250+1>.<n*3>"}], [{"a": "10.0.2.3"}]),
        ({"k": {"repeat": {"dword": 1}}}, {"k": {"repeat": {"dword": 1}}}),
        ([{"name": "<n>"}], [{"name": "<n>"}]),
        ("<n>", "<n>"),
    ],
)
def test_rows_are_written_out(given: object, wanted: object) -> None:
    assert repeated(given) == wanted


@pytest.mark.parametrize("wrong", [[{"repeat": 0}], [{"repeat": True}], [{"repeat": "x"}], [{"repeat": 100_001}], {"k": {"repeat": 2}}])
def test_what_makes_no_sense_is_refused(wrong: object) -> None:
    with pytest.raises(RepeatError, match=r"^\$"):
        repeated(wrong)


def test_a_scenario_says_which_row_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yml"
    path.write_text("extends: windows_7\ntitle: x\nservices: [{repeat: 0, name: a}]\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"wrong\.yml: \$\.services\[0\]\.repeat: 0 is no number"):
        load_scenario(path)


def test_ten_thousand_sockets_are_there_and_others_after_each_boot() -> None:
    began = time.monotonic()
    host = walk("windows_server_2022+many_sockets")
    held = [row for row in host.computer.host.visible.sockets() if row.owner == "Bulk"]
    assert len(held) == 10_000
    assert {row.endpoint.protocol for row in held} == {Protocol.UDP}
    assert all(10_000 <= row.endpoint.port <= 60_000 for row in held)
    assert len(host.computer.wmi.enumerate("root/StandardCimv2", "MSFT_NetUDPEndpoint")) > 10_000
    assert len(host.listening()) > 10_000
    host.reboot()
    again = {row.endpoint.port for row in host.computer.host.visible.sockets() if row.owner == "Bulk"}
    assert len(again) == 10_000
    assert again != {row.endpoint.port for row in held}
    assert time.monotonic() - began < 30


def test_a_host_looks_at_ten_thousand_sockets_without_work_while_nothing_changes() -> None:
    host = walk("windows_server_2022+many_sockets")
    first = host.computer.exposed()
    assert host.computer.exposed() is first
    assert host.computer.host.visible.endpoints() is host.computer.host.visible.endpoints()


def test_a_dns_server_takes_random_ports_outside_the_dynamic_range() -> None:
    host = walk("windows_server_2022+dns_socket_pool")
    ports = {row.endpoint.port for row in host.computer.host.visible.sockets() if row.owner == "DNS"} - {53}
    assert min(ports) < 20_000
    assert len(ports) > 2400


@pytest.mark.parametrize("scenario", ["windows_7", "windows_server_2019"])
def test_eight_thousand_rules(scenario: str) -> None:
    host = walk(f"{scenario}+many_rules").computer.host
    assert len(host.firewall.stored()) > 8000
    assert host.firewall.version == walk(scenario).computer.host.firewall.version


def test_three_hundred_services_and_two_hundred_adapters() -> None:
    host = walk("windows_server_2019+many_services+many_adapters")
    services = [row.properties for row in host.computer.wmi.enumerate(CIMV2, "Win32_Service")]
    assert len([row for row in services if str(row["Name"]).startswith("Vendor") and row["State"] == "Running"]) == 300
    rows = host.computer.wmi.query(CIMV2, "select * from Win32_NetworkAdapterConfiguration where IPEnabled=TRUE").rows
    assert len(rows) == 201
    assert len({str(row.properties["MACAddress"]) for row in rows}) == 201
    held = [row for row in host.computer.host.visible.sockets() if row.endpoint.port == 139]
    assert len(held) == 201


def test_a_listener_whose_process_is_gone_stays_until_the_next_boot() -> None:
    host = walk("windows_server_2022+awkward_listeners")

    def shown(port: int) -> list[tuple[str, int]]:
        return [(row.address, row.pid or 0) for row in host.computer.endpoints() if row.port == port]

    ((address, pid),) = shown(9100)
    assert address == "0.0.0.0"
    assert host.computer.wmi.query(CIMV2, f"select * from Win32_Process where ProcessId={pid}").rows == []
    host.stop("Spooler2")
    assert shown(9100) == [(address, pid)]
    host.disable("Spooler2")
    host.reboot()
    assert shown(9100) == []


def test_two_programs_have_a_port_at_all_addresses_and_at_the_loopback() -> None:
    host = walk("windows_server_2022+awkward_listeners")
    rows = [row for row in host.computer.host.visible.sockets() if row.endpoint.port == 8181]
    assert [(row.endpoint.address, row.owner) for row in rows] == [("0.0.0.0", "Spooler2"), ("127.0.0.1", "Agent")]
    host.stop("Spooler2")
    assert [row.owner for row in host.computer.host.visible.sockets() if row.endpoint.port == 8181] == ["Agent"]


def test_an_adapter_has_several_addresses() -> None:
    host = walk("windows_server_2022+awkward_adapters+role_dns_server")
    rows = host.computer.wmi.query(CIMV2, "select * from Win32_NetworkAdapterConfiguration where Index=90").rows
    assert rows[0].properties["IPAddress"] == ["10.90.0.1", "10.90.0.2", "10.90.1.1"]
    assert rows[0].properties["IPSubnet"] == ["255.255.255.0"] * 3
    held = {row.endpoint.address for row in host.computer.host.visible.sockets() if row.owner == "DNS" and row.endpoint.port == 53}
    assert {"10.90.0.1", "10.90.0.2", "10.90.1.1"} <= held
    assert {row.address for row in host.computer.endpoints() if row.port == 139} >= {"10.90.0.1"}
    assert "10.90.0.2" not in {row.address for row in host.computer.endpoints() if row.port == 139}


def test_an_adapter_appears_after_each_boot() -> None:
    host = walk("windows_server_2022+awkward_adapters+role_dns_server")
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces\Tcpip_{D1A1A6E0-0000-4000-8000-000000000002}"

    def there() -> tuple[bool, set[int], bool]:
        wmi = host.computer.wmi
        rows = wmi.query(CIMV2, "select * from Win32_NetworkAdapterConfiguration where Index=91").rows
        ports = {row.port for row in host.computer.endpoints() if row.address == "10.91.0.1"}
        return bool(rows), ports, host.computer.host.registry.exists(key)

    assert there() == (True, {53, 137, 138, 139}, True)
    assert host.call("Win32_OperatingSystem", {}, "Reboot") == 0
    host.clock.advance(20)
    assert host.computer.up
    assert there() == (False, set(), True)
    host.clock.advance(40)
    assert there() == (True, {53, 137, 138, 139}, True)


def test_one_that_has_never_been_there_has_no_key_yet(tmp_path: Path) -> None:
    path = tmp_path / "fresh.yml"
    path.write_text("extends: windows_xp\ntitle: fresh\nparts: [awkward_adapters]\n", encoding="utf-8")
    clock = ManualClock()
    host = Machine(load_scenario(path).host, clock=clock)
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces\Tcpip_{D1A1A6E0-0000-4000-8000-000000000002}"
    assert not host.registry.exists(key)
    clock.advance(41)
    host.time.advance()
    assert host.registry.number(key, "NetbiosOptions") == 0
    assert "10.91.0.1" in {row.address for row in host.visible.endpoints()}


def test_a_random_port_has_two_ends(tmp_path: Path) -> None:
    path = tmp_path / "ends.yml"
    path.write_text(
        "extends: windows_7\ntitle: x\nsockets: [{owner: Spooler, protocol: udp, port: 0, between: [9, 3]}]\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError, match="between is two ports"):
        load_scenario(path)


def test_a_renamed_port_takes_its_owners_value_along(tmp_path: Path) -> None:
    path = tmp_path / "moved.yml"
    path.write_text(
        "extends: windows_server_2022\ntitle: moved\nrename: {ports: {3389: 33893, 1433: 11433}}\nparts: [role_rdp_host]\n"
        "registry: {'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations\\RDP-Tcp': {PortNumber: {dword: 3389}, "
        "Other: {dword: 3389}}, 'HKLM\\SOFTWARE\\Sql': {TcpPort: {sz: '1433'}}}\n",
        encoding="utf-8",
    )
    host = walk(str(path)).computer.host
    key = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
    assert (host.registry.number(key, "PortNumber"), host.registry.number(key, "Other")) == (33893, 3389)
    assert host.registry.text(r"HKLM\SOFTWARE\Sql", "TcpPort") == "11433"
    assert {33893, 3389} & {row.port for row in host.visible.endpoints()} == {33893}
