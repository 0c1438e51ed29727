# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Endpoints by WMI, and the same by netstat."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from winsim.endpoint import Endpoint, Protocol
from winsim.seams import Problem, WmiError
from winsim.wire.profile import profile_of
from winsim.wire.service import WsmanService
from winsim.wire.shell import Caller
from winsim_tests.envelopes import (
    WMI,
    N,
    enumerate_request,
    pull_request,
)

from .walk import CIMV2, Walk, walk

NAMESPACE = "root/StandardCimv2"
SERVER = "windows_server_2022"
LISTENING = "select * from MSFT_NetTCPConnection where State=2"


def endpoints(host: Walk) -> list[Endpoint]:
    """Read what listens as the modules do."""
    wmi = host.computer.wmi
    rows = [(Protocol.TCP, row) for row in wmi.query(NAMESPACE, LISTENING).rows]
    rows += [(Protocol.UDP, row) for row in wmi.enumerate(NAMESPACE, "MSFT_NetUDPEndpoint")]
    found = []
    for protocol, row in rows:
        port, pid = row.properties["LocalPort"], row.properties["OwningProcess"]
        assert isinstance(port, int)
        assert isinstance(pid, int)
        found.append(Endpoint(protocol, str(row.properties["LocalAddress"]), port, pid))
    return sorted(found)


@pytest.mark.parametrize("scenario", [SERVER, "windows_server_2022_browser"])
def test_wmi_and_netstat_show_what_is_open(scenario: str) -> None:
    host = walk(scenario)
    assert endpoints(host) == list(host.computer.endpoints())
    assert host.listening() == host.held()
    host.reboot()
    assert endpoints(host) == list(host.computer.endpoints())


def test_a_listening_row() -> None:
    wmi = walk(SERVER).computer.wmi
    row = wmi.get(NAMESPACE, "MSFT_NetTCPConnection", {"InstanceID": "::++135++::++0"}).properties
    wanted = {
        "LocalAddress": "::", "LocalPort": 135, "RemoteAddress": "::", "RemotePort": 0, "State": 2, "OwningProcess": 908,
        "OffloadState": 0, "AppliedSetting": None,
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted
    process = wmi.get(CIMV2, "Win32_Process", {"Handle": "908"}).properties
    assert row["CreationTime"] == process["CreationDate"]


def test_a_connection_has_a_bound_row_and_no_listening_one() -> None:
    host = walk(SERVER)
    rows = [row.properties for row in host.computer.wmi.enumerate(NAMESPACE, "MSFT_NetTCPConnection")]
    (made,) = [row for row in rows if row["State"] == 5]
    assert (made["LocalAddress"], made["RemoteAddress"], made["RemotePort"]) == ("192.0.2.22", "198.51.100.40", 443)
    assert [row["State"] for row in rows if row["LocalPort"] == made["LocalPort"]] == [5, 100]
    assert made["LocalPort"] not in {row.port for row in host.listening()}


def test_several_processes_on_one_udp_port_are_several_rows() -> None:
    wmi = walk("windows_server_2022_browser").computer.wmi
    rows = wmi.query(NAMESPACE, "select OwningProcess from MSFT_NetUDPEndpoint where LocalPort=5353 and LocalAddress='0.0.0.0'").rows
    assert len({row.properties["OwningProcess"] for row in rows}) == 2


@pytest.mark.parametrize("scenario", ["windows_8", "windows_server_2012", "windows_8_1", "windows_server_2012_r2"])
def test_udp_endpoints_show_no_owner_before_10_0(scenario: str) -> None:
    wmi = walk(scenario).computer.wmi
    rows = wmi.enumerate(NAMESPACE, "MSFT_NetUDPEndpoint")
    assert rows
    assert all("OwningProcess" not in row.properties for row in rows)
    assert "OwningProcess" in wmi.enumerate(NAMESPACE, "MSFT_NetTCPConnection")[0].properties
    with pytest.raises(WmiError) as raised:
        wmi.query(NAMESPACE, "select LocalAddress, LocalPort, OwningProcess from MSFT_NetUDPEndpoint")
    assert raised.value.problem is Problem.INVALID_QUERY


STATES = {"established": 5, "fin_wait_1": 6, "fin_wait_2": 7, "close_wait": 8, "closing": 9, "last_ack": 10, "time_wait": 11}


def ending(tmp_path: Path, scenario: str, more: str = "") -> Walk:
    """Start a host with a peer at its endpoint mapper in every state."""
    rows = "".join(
        f"  - {{inbound: true, local_port: 135, remote_address: 192.0.2.77, remote_port: {50000 + code}, state: {name}}}\n"
        for name, code in STATES.items()
    )
    path = tmp_path / "ending.yml"
    path.write_text(f"extends: {scenario}\ntitle: peers that end\nconnections:\n{rows}{more}\n", encoding="utf-8")
    return walk(str(path))


def test_connections_are_shown_in_their_states(tmp_path: Path) -> None:
    host = ending(tmp_path, SERVER)
    rows = host.computer.wmi.query(NAMESPACE, "select * from MSFT_NetTCPConnection where RemoteAddress='192.0.2.77'").rows
    assert {row.properties["RemotePort"]: row.properties["State"] for row in rows} == {50000 + code: code for code in STATES.values()}
    assert {row.properties["State"] for row in rows if row.properties["OwningProcess"] == 0} == {11}
    lines = host.computer.console.run("netstat", ["-ano"]).stdout.decode().splitlines()
    assert {line.split()[3].lower() for line in lines if "192.0.2.77" in line} == set(STATES)


def test_german_names_of_the_states(tmp_path: Path) -> None:
    host = ending(tmp_path, "windows_server_2008_r2", "windows: {language: de}")
    lines = host.computer.console.run("netstat", ["-ano"]).stdout.decode("cp850").splitlines()
    shown = {int(line.split()[2].rpartition(":")[2]) - 50000: line.split()[3:] for line in lines if "192.0.2.77" in line}
    assert {code: words[0] for code, words in shown.items()} == {
        5: "HERGESTELLT", 6: "FIN_WARTEN_1", 7: "FIN_WARTEN_2", 8: "SCHLIESSEN_WARTEN", 9: "SCHLIESSEN",
        10: "LETZTE_BEST\u00c4TIGUNG", 11: "WARTEND",
    }  # fmt: skip
    assert shown[11][1] == "0"


@pytest.mark.parametrize("scenario", ["windows_2000", "windows_xp"])
def test_windows_before_6_2_has_neither_class_nor_namespace(scenario: str) -> None:
    with pytest.raises(WmiError) as raised:
        walk(scenario).computer.wmi.enumerate(NAMESPACE, "MSFT_NetUDPEndpoint")
    assert raised.value.problem is Problem.INVALID_NAMESPACE


def test_addresses_of_an_adapter_carry_their_zone_here_and_not_in_its_configuration() -> None:
    host = walk(SERVER)
    (adapter,) = host.computer.wmi.query(CIMV2, "select * from Win32_NetworkAdapterConfiguration where IPEnabled=TRUE").rows
    assert adapter.properties["IPAddress"] == ["192.0.2.22", "fe80::5c1d:93a:7f20:41e6"]
    assert adapter.properties["IPSubnet"] == ["255.255.255.0", "64"]
    (listener,) = host.computer.winrm_listeners()
    assert "fe80::5c1d:93a:7f20:41e6%7" in listener.listening_on


@pytest.mark.parametrize("elements", [20, 32000])
def test_all_services_arrive_over_the_wire_in_pages(elements: int) -> None:
    computer = walk(SERVER).computer
    wire = WsmanService(computer, profile_of("10.0.20348"), lambda: 0.0)
    caller = Caller("Administrator", "127.0.0.1", "http://127.77.0.1:5985/wsman")

    def ask(content: bytes) -> ElementTree.Element:
        answer = wire.answer(content, caller, machine="127.77.0.1")[1]
        assert answer.status == 200, answer.content
        return ElementTree.fromstring(answer.content)

    resource = f"{WMI}/Win32_Service"
    page = ask(enumerate_request(resource, max_elements=elements))
    shown = [page]
    while context := page.findtext(f".//{N}EnumerationContext"):
        page = ask(pull_request(resource, context, max_elements=elements))
        shown.append(page)
    names = [entry.text for part in shown for entry in part.iterfind(".//{*}Win32_Service/{*}Name")]
    assert len(shown[0].findall(".//{*}Win32_Service")) == 1
    assert len(shown) >= 1 + (len(names) - 1) / elements
    assert len(names) == len(set(names)) == len(computer.wmi.enumerate(CIMV2, "Win32_Service"))
