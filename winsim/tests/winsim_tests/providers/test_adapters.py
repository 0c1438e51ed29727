# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapters as WMI shows them, and NetBIOS over TCP/IP."""

from __future__ import annotations

from winsim.endpoint import Protocol

from .walk import CIMV2, SERVICES, walk

NAME = "Win32_NetworkAdapterConfiguration"


def test_an_adapter_with_ip_and_one_without() -> None:
    with_ip, without = walk("windows_xp").computer.wmi.enumerate(CIMV2, NAME)
    assert with_ip.properties["IPAddress"] == ["192.70.106.143"]
    assert (with_ip.properties["IPEnabled"], with_ip.properties["DHCPEnabled"], with_ip.properties["TcpipNetbiosOptions"]) == (
        True,
        False,
        0,
    )
    assert with_ip.properties["WINSScopeID"] == ""
    assert (without.properties["IPEnabled"], without.properties["TcpipNetbiosOptions"], without.properties["IPAddress"]) == (
        False,
        None,
        None,
    )


def test_dhcp_is_shown() -> None:
    row = walk("windows_xp_dhcp").computer.wmi.enumerate(CIMV2, NAME)[0].properties
    assert (row["DHCPEnabled"], row["DHCPServer"]) == (True, "192.70.106.2")


def test_switching_netbios_off_closes_its_ports_at_once() -> None:
    host = walk("windows_xp")
    assert host.call(NAME, {"Index": "1"}, "SetTcpipNetbios", TcpipNetbiosOptions="2") == 0
    assert not {row.port for row in host.listening()} & {137, 138, 139}
    row = host.computer.wmi.get(CIMV2, NAME, {"Index": "1"}).properties
    assert row["TcpipNetbiosOptions"] == 2
    key = rf"{SERVICES}\NetBT\Parameters\Interfaces\Tcpip_{row['SettingID']}"
    assert host.registry("GetDWORDValue", key, "NetbiosOptions") == {"uValue": 2, "ReturnValue": 0}


def test_an_option_written_to_the_registry_waits_for_the_boot() -> None:
    host = walk("windows_xp")
    guid = host.computer.wmi.get(CIMV2, NAME, {"Index": "1"}).properties["SettingID"]
    host.write(rf"{SERVICES}\NetBT\Parameters\Interfaces\Tcpip_{guid}", "NetbiosOptions", "SetDWORDValue", uValue="2")
    assert 139 in {row.port for row in host.listening()}
    assert host.computer.wmi.get(CIMV2, NAME, {"Index": "1"}).properties["TcpipNetbiosOptions"] == 2
    host.reboot()
    assert not [row for row in host.listening() if row.protocol is Protocol.TCP and row.port == 139]


def test_return_values() -> None:
    host = walk("windows_xp")
    assert host.call(NAME, {"Index": "2"}, "SetTcpipNetbios", TcpipNetbiosOptions="2") == 84
    assert host.call(NAME, {"Index": "1"}, "SetTcpipNetbios", TcpipNetbiosOptions="7") == 68
