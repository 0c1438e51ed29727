# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of the firewall: their text, and when one in the registry is the one that was planned."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule, Firewall, fields_of

PORT = FilterRule("netmin.windows tcp/135", Protocol.TCP, "135")
SERVICE = FilterRule(
    "netmin.windows tcp/rpc EventLog", Protocol.TCP, "RPC", program=r"%SystemRoot%\System32\svchost.exe", service="EventLog"
)
PORT_TEXT = "v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=135|Name=netmin.windows tcp/135|"
SERVICE_TEXT = (
    "v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=RPC|App=C:\\WINDOWS\\system32\\svchost.exe|Svc=EventLog|"
    "Name=netmin.windows tcp/rpc EventLog|"
)


@pytest.mark.parametrize("rule", [PORT, SERVICE])
def test_a_rule_is_the_one_that_its_own_text_says(rule: FilterRule) -> None:
    assert rule.matches(rule.text)


def test_a_rule_is_read_from_its_text() -> None:
    assert FilterRule.from_text(PORT_TEXT) == PORT
    assert FilterRule.from_text(SERVICE.text) == SERVICE
    for text in ("", PORT_TEXT.replace("Block", "Allow"), PORT_TEXT + "Profile=Public|", PORT_TEXT.replace("Protocol=6", "Protocol=1")):
        assert FilterRule.from_text(text) is None


@pytest.mark.parametrize("ports", ["0", "00", "0135", "05985", "65536", "99999", "99999999", "\u0661", "rpc", ""])
def test_a_port_that_is_no_port_or_is_not_written_as_one_makes_no_rule(ports: str) -> None:
    assert FilterRule.from_text(PORT_TEXT.replace("LPort=135", f"LPort={ports}")) is None


@pytest.mark.parametrize("port", [1, 9, 10, 135, 999, 1000, 9999, 10000, 59999, 60000, 64999, 65000, 65499, 65500, 65529, 65530, 65535])
def test_every_port_may_be_in_a_rule(port: int) -> None:
    rule = FilterRule.from_text(PORT_TEXT.replace("LPort=135", f"LPort={port}"))
    assert rule is not None
    assert rule.port == port


def test_the_ports_of_rpc_servers_are_no_number() -> None:
    assert SERVICE.port is None


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (PORT, PORT_TEXT),
        (PORT, PORT_TEXT.replace("v2.31", "v2.0")),
        (PORT, PORT_TEXT + "Desc=what for|EmbedCtxt=group|"),
        (SERVICE, SERVICE_TEXT),
        (SERVICE, SERVICE_TEXT.replace(r"C:\WINDOWS", "%SystemRoot%").replace("EventLog|Name", "eventlog|Name")),
    ],
)
def test_a_rule_that_says_what_was_planned(rule: FilterRule, text: str) -> None:
    assert rule.matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        PORT_TEXT.replace("Block", "Allow"),
        PORT_TEXT.replace("TRUE", "FALSE"),
        PORT_TEXT.replace("Dir=In", "Dir=Out"),
        PORT_TEXT.replace("Protocol=6", "Protocol=17"),
        PORT_TEXT.replace("LPort=135", "LPort=136"),
        PORT_TEXT.replace("LPort=135|", "LPort=135|LPort=136|"),
        PORT_TEXT.replace("LPort=135|", ""),
        PORT_TEXT + "Profile=Public|",
        PORT_TEXT + "RA4=192.0.2.0/255.255.255.0|",
        PORT_TEXT + "App=System|",
        PORT_TEXT.replace("tcp/135", "TCP/135"),
    ],
)
def test_a_rule_that_is_narrower_or_another_one(text: str) -> None:
    assert not PORT.matches(text)


@pytest.mark.parametrize(
    ("program", "same"),
    [
        (r"%SYSTEMROOT%\system32\svchost.exe", True),
        (r"D:\WINNT\System32\SVCHOST.exe", True),
        (r"C:\Users\x\system32\svchost.exe", False),
        (r"\\server\share\system32\svchost.exe", False),
        (r"C:\Windows\system32\x\system32\svchost.exe", False),
        (r"%TEMP%\system32\svchost.exe", False),
        (r"\system32\svchost.exe", False),
        (r"C:\Windows\system32\svchost.exe.exe", False),
        ("", False),
    ],
)
def test_a_program_is_the_same_with_the_variable_or_the_folder_of_windows(program: str, same: bool) -> None:
    assert SERVICE.matches(SERVICE_TEXT.replace(r"C:\WINDOWS\system32\svchost.exe", program)) is same


def test_two_folders_are_two_programs() -> None:
    rule = FilterRule("netmin.windows tcp/rpc Spooler", Protocol.TCP, "RPC", program=r"c:\windows\system32\spoolsv.exe")
    assert rule.matches(rule.text.replace(r"c:\windows", "%SystemRoot%"))
    assert not rule.matches(rule.text.replace(r"c:\windows", r"d:\windows"))


def test_the_parts_of_a_rule() -> None:
    assert fields_of("v2.10|Action=Allow|LPort=1|LPort=2|odd|Name=a=b|") == {"Action": "Allow", "LPort": "1,2", "Name": "a=b"}


def test_a_firewall_has_what_it_shows() -> None:
    assert Firewall({PORT.name: "{A}"}, {PORT.name: PORT_TEXT}).has(PORT)
    assert not Firewall({PORT.name: "{A}"}).has(PORT)
