# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From where dynamic ports are, as the host says it; rules of the firewall by WMI and by a search of the registry."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from winsim.seams import Problem, WmiError
from winsim.wire.profile import profile_of
from winsim.wire.service import Answer, WsmanService
from winsim.wire.shell import Caller
from winsim_tests.envelopes import N, enumerate_request, pull_request, request

from .walk import Walk, walk

NAMESPACE = "root/StandardCimv2"
RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
ADD = "netsh advfirewall firewall add rule name={} dir=in action=block protocol=TCP localport=445"


def ranges(host: Walk, protocol: str) -> list[tuple[object, object]]:
    rows = host.computer.wmi.enumerate(NAMESPACE, f"MSFT_Net{protocol}Setting")
    return [(row.properties["DynamicPortRangeStartPort"], row.properties["DynamicPortRangeNumberOfPorts"]) for row in rows]


@pytest.mark.parametrize("scenario", ["windows_8", "windows_server_2012_r2", "windows_server_2022"])
def test_each_setting_says_the_dynamic_range(scenario: str) -> None:
    host = walk(scenario)
    assert ranges(host, "UDP") == [(49152, 16384)]
    names = [row.properties["SettingName"] for row in host.computer.wmi.enumerate(NAMESPACE, "MSFT_NetTCPSetting")]
    assert ranges(host, "TCP") == [(None, None) if name == "Automatic" else (49152, 16384) for name in names]
    (row,) = host.computer.wmi.query(NAMESPACE, "select * from MSFT_NetTCPSetting where SettingName='Internet'").rows
    assert row.properties["DynamicPortRangeStartPort"] == 49152


def test_a_range_that_was_moved_is_where_ports_are(tmp_path: Path) -> None:
    path = tmp_path / "moved.yml"
    windows = "windows: {first_port: 10000, last_port: 65534, counts_from: 10000}"
    path.write_text(f"extends: windows_server_2022\ntitle: moved\n{windows}\n", encoding="utf-8")
    host = walk(str(path))
    assert ranges(host, "UDP") == [(10000, 55535)]
    assert {port for _protocol, port in host.dynamic_ports()} & set(range(10000, 10100))


@pytest.mark.parametrize("name", ["MSFT_NetTCPSetting", "MSFT_NetUDPSetting", "MSFT_NetFirewallRule"])
def test_windows_before_6_2_has_none_of_these(name: str) -> None:
    with pytest.raises(WmiError) as raised:
        walk("windows_7").computer.wmi.enumerate(NAMESPACE, name)
    assert raised.value.problem is Problem.INVALID_NAMESPACE


def test_rules_are_found_by_name() -> None:
    host = walk("windows_server_2022")
    wmi = host.computer.wmi
    query = "select InstanceID, DisplayName, Enabled, Action, Direction from MSFT_NetFirewallRule where DisplayName like 'netmin %'"
    assert wmi.query(NAMESPACE, query).rows == []
    for name in ('"netmin one"', '"netmin two"', "other"):
        assert host.computer.console.run(ADD.format(name), []).exit_code == 0
    found = [row.properties for row in wmi.query(NAMESPACE, query).rows]
    assert [row["DisplayName"] for row in found] == ["netmin one", "netmin two"]
    assert {(row["Enabled"], row["Action"], row["Direction"]) for row in found} == {(1, 4, 1)}
    names = {str(row["InstanceID"]) for row in found}
    assert names <= (host.computer.host.registry.values(RULES) or {}).keys()
    assert wmi.get(NAMESPACE, "MSFT_NetFirewallRule", {"InstanceID": min(names)}).properties["PolicyStoreSource"] == "PersistentStore"
    listed = wmi.enumerate(NAMESPACE, "MSFT_NetFirewallRule")
    assert len(listed) == len(host.computer.host.firewall.stored())


def test_rules_fail_where_the_firewalls_service_does_not_run() -> None:
    host = walk("windows_server_2022")
    host.write(r"SYSTEM\CurrentControlSet\Services\MpsSvc", "Start", "SetDWORDValue", uValue="4")
    host.reboot()
    with pytest.raises(WmiError) as raised:
        host.computer.wmi.enumerate(NAMESPACE, "MSFT_NetFirewallRule")
    assert raised.value.problem is Problem.FAILED


def query(host: Walk, *switches: str, encoding: str = "cp437") -> tuple[list[str], int]:
    result = host.computer.console.run("reg", ["query", RULES, *switches])
    assert result.stderr == b""
    return result.stdout.decode(encoding).split("\r\n"), result.exit_code


@pytest.mark.parametrize("scenario", ["windows_vista", "windows_7", "windows_server_2022"])
def test_a_search_finds_what_is_in_data(scenario: str) -> None:
    host = walk(scenario)
    assert query(host, "/f", "netmin", "/d") == (["", "End of search: 0 match(es) found.", ""], 1)
    for name in ('"netmin one"', '"netmin two"', "other"):
        assert host.computer.console.run(ADD.format(name), []).exit_code == 0
    lines, code = query(host, "/f", "NETMIN", "/d")
    assert code == 0
    assert lines[1] == RULES.replace("HKLM", "HKEY_LOCAL_MACHINE")
    assert [line.split("    ")[2] for line in lines[2:4]] == ["REG_SZ", "REG_SZ"]
    assert all("|Name=netmin " in line for line in lines[2:4])
    assert lines[4:] == ["", "End of search: 2 match(es) found.", ""]
    name = lines[2].split("    ")[1]
    assert query(host, "/f", name, "/d")[1] == 1
    assert query(host, "/f", name, "/v")[1] == 0
    assert query(host, "/f", name)[1] == 0
    assert query(host, "/f", "NETMIN", "/d", "/c")[1] == 1
    assert query(host, "/f", "netmin", "/d", "/e")[1] == 1
    assert query(host, "/f", "netmin", "/d", "/t", "REG_DWORD")[1] == 1
    assert query(host, "/f", '"netmin one"', "/v", name)[1] == 0
    assert query(host, "/f", '"netmin two"', "/v", name)[1] == 1


def test_a_search_goes_below_and_finds_keys() -> None:
    host = walk("windows_7")
    services = r"HKLM\SYSTEM\CurrentControlSet\Services"
    result = host.computer.console.run("reg", ["query", services, "/f", "FirewallRules", "/k", "/s"])
    assert result.exit_code == 0
    assert RULES.replace("HKLM", "HKEY_LOCAL_MACHINE") in result.stdout.decode("cp437").split("\r\n")
    assert host.computer.console.run("reg", ["query", services, "/f", "FirewallRules", "/k"]).exit_code == 1


def test_the_last_line_of_a_search_is_in_the_language_of_the_host() -> None:
    lines, code = query(walk("windows_server_2008_r2_german"), "/f", "netmin", "/d", encoding="cp850")
    assert (lines[1], code) == ("Ende der Suche: 0 \u00dcbereinstimmung(en) gefunden.", 1)


@pytest.mark.parametrize("scenario", ["windows_xp_sp3", "windows_server_2003"])
def test_before_6_0_reg_searches_nothing(scenario: str) -> None:
    result = walk(scenario).computer.console.run("reg", ["query", r"HKLM\SYSTEM\CurrentControlSet\Services", "/f", "x", "/d"])
    assert result.exit_code == 1
    assert b"syntax" in result.stderr


@pytest.mark.parametrize(("scenario", "limit"), [("windows_7", 153_600), ("windows_server_2019", 512_000)])
def test_eight_thousand_rules_are_too_many_for_one_answer_and_found_by_name(scenario: str, limit: int) -> None:
    computer = walk(f"{scenario}+many_rules").computer
    version = computer.host.spec.windows.version
    wire = WsmanService(computer, profile_of(version), lambda: 0.0)
    caller = Caller("Administrator", "127.0.0.1", "http://127.77.0.1:5985/wsman")
    size = f"<w:MaxEnvelopeSize>{limit}</w:MaxEnvelopeSize>"

    def ask(content: bytes) -> Answer:
        answer = wire.answer(content, caller, machine="x")[1]
        assert len(answer.content) <= limit
        return answer

    uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/default/StdRegProv"
    key = RULES.removeprefix("HKLM\\")
    parameters = f"<q:hDefKey>2147483650</q:hDefKey><q:sSubKeyName>{key}</q:sSubKeyName>"
    body = f'<q:EnumValues_INPUT xmlns:q="{uri}">{parameters}</q:EnumValues_INPUT>'
    assert ask(request(f"{uri}/EnumValues", uri, body, extra=size)).fault == 2150858824
    if version.startswith("6.1"):
        assert query(walk(f"{scenario}+many_rules"), "/f", '"|Name=Session rule 4711|"', "/d")[0][-2].startswith("End of search: 1 ")
        return
    resource = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/StandardCimv2/*"
    wql = "select InstanceID from MSFT_NetFirewallRule where DisplayName='Session rule 4711'"
    assert ask(enumerate_request(resource, wql=wql)).content.count(b"<InstanceID>") == 1
    page = ask(enumerate_request(resource, wql="select InstanceID, DisplayName from MSFT_NetFirewallRule"))
    count, pages = page.content.count(b"<InstanceID>"), 1
    while context := ElementTree.fromstring(page.content).findtext(f".//{N}EnumerationContext"):
        page = ask(pull_request(resource, context))
        count, pages = count + page.content.count(b"<InstanceID>"), pages + 1
    assert count > 8000
    assert pages > 5
