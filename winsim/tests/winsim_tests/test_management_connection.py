# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The management client's own connection, as the client itself reads it over WS-Management and in a command shell."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from winsim.host.clock import ManualClock
from winsim.providers.computer import SimulatedHost, build
from winsim.scenarios import load_scenario
from winsim.seams import Client
from winsim.wire.profile import profile_of
from winsim.wire.service import WsmanService
from winsim.wire.shell import Caller
from winsim_tests.envelopes import WMI, N, enumerate_request, pull_request

CALLER = Caller("Administrator", "198.51.100.9", "http://192.0.2.22:5985/wsman", port=51234, others=(Client("198.51.100.8", 50001),))
CONNECTIONS = WMI.replace("root/cimv2", "root/StandardCimv2/*")
ESTABLISHED = "select * from MSFT_NetTCPConnection where State=5 and LocalPort=5985"


def made(scenario: str) -> tuple[SimulatedHost, WsmanService]:
    found = load_scenario(scenario)
    computer = build(found, clock=ManualClock())
    return computer, WsmanService(computer, profile_of(found.host.windows.version, computer.winrm_version), lambda: 0.0)


def ask(service: WsmanService, content: bytes, caller: Caller) -> ElementTree.Element:
    answer = service.answer(content, caller, machine="192.0.2.22")[1]
    assert answer.status == 200, answer.content
    return ElementTree.fromstring(answer.content)


def pages(service: WsmanService, caller: Caller) -> list[ElementTree.Element]:
    """Return all pages of the query for established connections to the port of WinRM."""
    found = [ask(service, enumerate_request(CONNECTIONS, wql=ESTABLISHED), caller)]
    while context := found[-1].findtext(f".//{N}EnumerationContext"):
        found.append(ask(service, pull_request(CONNECTIONS, context), caller))
    return found


def test_a_client_finds_its_own_connection_and_those_of_others() -> None:
    computer, service = made("windows_server_2022")
    rows = [row for page in pages(service, CALLER) for row in page.iterfind(".//{*}MSFT_NetTCPConnection")]
    names = ("LocalAddress", "LocalPort", "RemoteAddress", "RemotePort", "OwningProcess")
    assert [tuple(row.findtext(f"{{*}}{name}") for name in names) for row in rows] == [
        ("192.0.2.22", "5985", "198.51.100.9", "51234", "4"),
        ("192.0.2.22", "5985", "198.51.100.8", "50001", "4"),
    ]
    assert not any(endpoint.port == 51234 for endpoint in computer.endpoints())


@pytest.mark.parametrize(
    ("scenario", "line"),
    [
        ("windows_xp", "  TCP    192.70.106.143:5985    198.51.100.9:51234     ESTABLISHED     4"),
        ("windows_2000", "  TCP    192.70.106.143:5985    198.51.100.9:51234     ESTABLISHED"),
        ("windows_server_2008_r2_german", "  TCP    192.0.2.62:5985        198.51.100.9:51234     HERGESTELLT     4"),
    ],
)
def test_netstat_shows_it(scenario: str, line: str) -> None:
    computer, service = made(scenario)
    ask(service, enumerate_request(f"{WMI}/Win32_OperatingSystem"), CALLER)
    arguments = ["-ano" if computer.host.spec.windows.netstat_pids else "-an"]
    assert line in computer.console.run("netstat", arguments).stdout.decode(computer.host.spec.windows.language.code_page).splitlines()
