# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs of each Windows: which there are, what they print, and that they act on the host that WMI shows."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from winsim.batch import XP_HOME, NotKnown
from winsim.host.clock import ManualClock
from winsim.providers.computer import build
from winsim.registry_value import RegistryType, RegistryValue
from winsim.scenarios import load_scenario

from .desk import SERVICES, Desk, desk

CIMV2 = "root/cimv2"
SPOOLER = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Spooler"


def service(host: Desk, name: str) -> tuple[str, str]:
    """Return state and start mode as WMI says them."""
    properties = host.computer.wmi.get(CIMV2, "Win32_Service", {"Name": name}).properties
    return str(properties["State"]), str(properties["StartMode"])


@pytest.mark.parametrize(
    ("scenario", "there", "absent"),
    [
        ("windows_2000", "regedit net netstat find findstr fc ipconfig route at", "reg sc tasklist driverquery shutdown fsutil timeout"),
        ("windows_xp", "reg sc tasklist driverquery shutdown fsutil schtasks", "timeout whoami icacls certutil fltmc"),
        ("windows_server_2003", "reg sc whoami timeout fltmc certutil", "robocopy wevtutil"),
        ("windows_7", "reg sc timeout icacls whoami powershell at wmic", "nosuch"),
        ("windows_10", "reg sc timeout icacls", "at"),
        ("windows_server_2022", "reg sc wmic", "at"),
        ("windows_server_2025", "reg sc", "at wmic"),
    ],
)  # fmt: skip
def test_each_windows_has_its_programs(tmp_path: Path, scenario: str, there: str, absent: str) -> None:
    host = desk(scenario, tmp_path)
    places = r"%SystemRoot%\{0}.exe %SystemRoot%\System32\{0}.exe %SystemRoot%\System32\wbem\{0}.exe"
    rows = [f"for %%p in ({places.format(name)}) do if exist %%p echo {name}" for name in f"{there} {absent}".split()]
    assert host.lines("\n".join(rows)) == there.split()


def test_a_download_is_there_where_somebody_put_it(tmp_path: Path) -> None:
    text = 'for %%d in ("%PATH:;=" "%") do if exist "%%~d\\rpccfg.exe" "%%~d\\rpccfg.exe" -l\necho end'
    assert desk("windows_2000", tmp_path / "plain").lines(text) == ["end"]
    made = load_scenario("windows_2000")
    with_it = replace(made, host=replace(made.host, windows=replace(made.host.windows, tools=("rpccfg",))))
    host = replace(desk("windows_2000", tmp_path / "more"), computer=build(with_it, clock=ManualClock()))
    assert host.lines(text) == ["IF[2]: Ethernet: 3Com EtherLink PCI", "IF[1]: Ethernet: MS TCP Loopback interface", "end"]
    with pytest.raises(NotKnown, match="rpccfg"):
        host.lines("rpccfg -a 1")


def test_xp_home_lacks_some(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    text = "if exist %SystemRoot%\\System32\\tasklist.exe echo there\ntasklist /svc /fo csv /nh >nul 2>&1\necho %ERRORLEVEL%"
    assert host.lines(text) == ["there", "0"]
    assert host.lines(text, without=XP_HOME) == ["9009"]


@pytest.mark.parametrize(
    ("scenario", "text"),
    [
        ("windows_2000", "Microsoft Windows 2000 [Version 5.00.2195]"),
        ("windows_xp", "Microsoft Windows XP [Version 5.1.2600]"),
        ("windows_server_2003", "Microsoft Windows [Version 5.2.3790]"),
        ("windows_7", "Microsoft Windows [Version 6.1.7601]"),
        ("windows_server_2022", "Microsoft Windows [Version 10.0.20348]"),
    ],
)
def test_ver(tmp_path: Path, scenario: str, text: str) -> None:
    assert desk(scenario, tmp_path).lines("ver") == ["", text]


@pytest.mark.parametrize("scenario", ["windows_2000", "windows_xp", "windows_server_2022"])
def test_regedit_writes_and_reads_the_registry(tmp_path: Path, scenario: str) -> None:
    host = desk(scenario, tmp_path)
    registry = host.computer.host.registry
    key = rf"{SERVICES}\Spooler\Ours"
    values = {
        "": RegistryValue.text("the default"),
        'q"\\': RegistryValue.text('say "x" \\ y'),
        "N": RegistryValue.dword(0xFFFFFFFF),
        "L": RegistryValue.texts(tuple(f"entry {number}" for number in range(20))),
        "E": RegistryValue(RegistryType.EXPAND_SZ, r"%SystemRoot%\x"),
        "B": RegistryValue(RegistryType.BINARY, bytes(range(100))),
        "Q": RegistryValue(RegistryType.QWORD, 2**40),
        "\u00e4\u4e2d": RegistryValue.text("\u00fc"),
    }
    registry.create(key)
    for name, value in values.items():
        registry.write(key, name, value)
    export = rf'start "" /wait %SystemRoot%\regedit.exe /e C:\netmin\{{}} "{SPOOLER}\Ours"'
    assert host.run(export.format("one.reg")).exit_code == 0
    content = host.written("one.reg")
    assert content.startswith(b"\xff\xfeW\0i\0n\0")
    text = content[2:].decode("utf-16-le")
    assert text.startswith("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\")
    assert '"N"=dword:ffffffff\r\n' in text
    assert all(len(line) <= 80 for line in text.split("\r\n"))
    registry.delete_key(key)
    assert host.run(r"regedit /s C:\netmin\one.reg").exit_code == 0
    assert registry.values(key) == values
    assert host.lines(export.format("two.reg") + "\nfc /b C:\\netmin\\one.reg C:\\netmin\\two.reg >nul && echo same") == ["same"]


def test_regedit_takes_away_only_what_is_named(tmp_path: Path) -> None:
    host = desk("windows_2000", tmp_path)
    registry = host.computer.host.registry
    (host.stick / "undo.reg").write_bytes(
        "\r\n".join(
            [
                "REGEDIT4", "", f"[{SPOOLER}]", '"Start"=dword:00000004', '"ErrorControl"=-', '"Nothing"=-', "; a remark",
                '"L"=hex(7):61,00,\\', "  62,63,00,00", "", f"[-{SPOOLER}\\Parameters]", "",
            ]
        ).encode("cp1252")
    )  # fmt: skip
    display = registry.value(rf"{SERVICES}\Spooler", "DisplayName")
    assert host.run("regedit /s E:\\undo.reg\nregedit /s E:\\nothing.reg").exit_code == 0
    assert registry.number(rf"{SERVICES}\Spooler", "Start") == 4
    assert registry.value(rf"{SERVICES}\Spooler", "ErrorControl") is None
    assert registry.texts(rf"{SERVICES}\Spooler", "L") == ("a", "bc")
    assert not registry.exists(rf"{SERVICES}\Spooler\Parameters")
    assert registry.value(rf"{SERVICES}\Spooler", "DisplayName") == display
    # The service control manager heeds the start mode at the next boot.
    assert service(host, "Spooler") == ("Running", "Auto")
    host.computer.boot()
    assert service(host, "Spooler") == ("Stopped", "Disabled")


def test_regedit_says_nothing_of_its_failures(tmp_path: Path) -> None:
    host = desk("windows_2000", tmp_path)
    (host.stick / "none.reg").write_bytes(b"no script\r\n")
    export = "regedit /e C:\\netmin\\a.reg HKEY_LOCAL_MACHINE\\None\nif not exist C:\\netmin\\a.reg echo none"
    assert host.lines(f"regedit /s E:\\none.reg\necho %ERRORLEVEL%\n{export}") == ["0", "none"]
    for line in ("HKLM\\X", "HKEY_LOCAL_MACHINE_\\X"):
        (host.stick / "short.reg").write_bytes(f"REGEDIT4\r\n\r\n[{line}]\r\n".encode())
        with pytest.raises(NotKnown, match="in full"):
            host.run("regedit /s E:\\short.reg")


def test_an_old_export_is_in_the_code_page_of_windows(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    host.computer.host.registry.write(rf"{SERVICES}\Spooler", "Name", RegistryValue.text("\u00fc\u4e2d"))
    host.run(
        f"regedit /a C:\\netmin\\a.reg {SPOOLER}\nreg query HKLM\\SYSTEM\\CurrentControlSet\\Services\\Spooler /v Name >C:\\netmin\\q.txt"
    )
    assert host.written("a.reg").startswith(b"REGEDIT4\r\n")
    assert b'"Name"="\xfc?"' in host.written("a.reg")
    # The old reg.exe writes so, too, when its output goes into a file.
    assert b"\xfc?" in host.written("q.txt")


def test_reg_of_each_windows(tmp_path: Path) -> None:
    old, new = desk("windows_xp", tmp_path / "xp"), desk("windows_7", tmp_path / "seven")
    export = r"reg export HKLM\SYSTEM\CurrentControlSet\Services\Spooler C:\netmin\a.reg"
    for host in (old, new):
        assert host.lines(f"{export} >nul\necho %ERRORLEVEL%") == ["0"]
        assert host.written("a.reg").startswith(b"\xff\xfe")
    # The old one overwrites and knows no /y; the new one asks.
    assert old.lines(f"{export} >nul\necho %ERRORLEVEL%\n{export} /y >nul 2>&1\necho %ERRORLEVEL%") == ["0", "1"]
    assert new.lines(f"{export} <nul >nul\necho %ERRORLEVEL%\n{export} /y >nul\necho %ERRORLEVEL%") == ["1", "0"]
    assert new.lines("reg import C:\\netmin\\a.reg 2>nul\necho %ERRORLEVEL%") == ["0"]
    assert old.lines("reg query HKLM\\SYSTEM\\CurrentControlSet\\Services\\Spooler /v Start /s >nul 2>&1\necho %ERRORLEVEL%") == ["1"]
    text = "for /f \"tokens=3\" %%a in ('reg query HKLM\\SYSTEM\\CurrentControlSet\\Services\\Spooler /v Start') do set X=%%a\necho [%X%]"
    assert old.lines(text) == new.lines(text) == ["[0x2]"]


def test_a_partial_import_goes_on(tmp_path: Path) -> None:
    host = desk("windows_7", tmp_path)
    host.computer.inject({"kind": "key_denied", "key": rf"{SERVICES}\Spooler"})
    (host.stick / "a.reg").write_bytes(
        f'REGEDIT4\r\n\r\n[{SPOOLER}]\r\n"X"=dword:1\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\A]\r\n"X"=dword:2\r\n'.encode()
    )
    assert host.lines("reg import E:\\a.reg 2>nul\necho %ERRORLEVEL%") == ["1"]
    assert host.computer.host.registry.number(r"HKLM\SOFTWARE\A", "X") == 2
    assert host.computer.host.registry.value(rf"{SERVICES}\Spooler", "X") is None


@pytest.mark.parametrize(
    ("scenario", "first", "last"),
    [
        ("windows_2000", "These Windows 2000 services are started:", "The command completed successfully."),
        ("windows_xp", "These Windows services are started:", "The command completed successfully."),
        ("windows_server_2008_r2_german", "Folgende Windows-Dienste sind gestartet:", "Der Befehl wurde erfolgreich ausgef\u00fchrt."),
    ],
)
def test_net_start_lists_by_display_name(tmp_path: Path, scenario: str, first: str, last: str) -> None:
    host = desk(scenario, tmp_path)
    shown = host.lines("net start")
    assert shown[0] == first
    assert shown[-2] == last
    rows = host.computer.wmi.query(CIMV2, "select * from Win32_Service where State='Running'").rows
    assert sorted(shown[2:-3]) == sorted(f"   {row.properties['DisplayName']}" for row in rows)


def test_a_name_that_the_code_page_lacks(tmp_path: Path) -> None:
    host = desk("windows_server_2008_r2_german", tmp_path)
    host.run("net start >C:\\netmin\\a.txt")
    assert "IPsec-Schl\u00fcsselerstellungsmodule".encode("cp850") in host.written("a.txt")
    host.run("net start >C:\\netmin\\a.txt", code_page=932)
    assert b"IPsec-Schl?sselerstellungsmodule" in host.written("a.txt")


def test_net_stop_takes_its_dependents_along(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    assert "(Y/N)" in host.run("net stop lanmanserver", keys="\r\n").console
    assert service(host, "lanmanserver")[0] == "Running"
    ended = host.run("net stop lanmanserver /y\nexit /b %ERRORLEVEL%")
    assert ended.exit_code == 0
    assert ended.console.index("Computer Browser service was stopped") < ended.console.index("Server service was stopped")
    assert service(host, "lanmanserver")[0] == service(host, "Browser")[0] == "Stopped"
    again = [f"net {verb} lanmanserver >nul 2>&1\necho %ERRORLEVEL%" for verb in ("stop", "start", "start")]
    assert host.lines("\n".join(again)) == ["2", "0", "2"]
    assert service(host, "Browser")[0] == "Stopped"
    assert "NET HELPMSG 2185" in host.run("net stop nosuch").console
    services = host.computer.host.services
    lasting = next(
        each.spec.name
        for each in services.all
        if each.running
        and not each.spec.driver
        and not each.spec.accepts_stop
        and not any(other.running for other in services.dependents(each))
    )
    assert "NET HELPMSG 2191" in host.run(f"net stop {lasting}").console


def test_a_service_that_does_not_stop(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    host.computer.inject({"kind": "stop_hangs", "service": "SSDPSRV"})
    ended = host.run('net stop SSDPSRV\necho [%ERRORLEVEL%]\nsc query SSDPSRV | find "STATE"\nnet stop SSDPSRV\nexit /b %ERRORLEVEL%')
    assert "could not be stopped" in ended.console
    assert "[0]" in ended.console
    assert "3  STOP_PENDING" in ended.console
    assert ended.exit_code == 2


def test_sc_config_and_query(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    text = (
        'sc config Spooler start= disabled\necho %ERRORLEVEL%\nsc qc Spooler | find "START_TYPE"\nsc query nosuch >nul\necho %ERRORLEVEL%'
    )
    assert host.lines(text) == ["[SC] ChangeServiceConfig SUCCESS", "0", "        START_TYPE         : 4   DISABLED", "1060"]
    assert service(host, "Spooler") == ("Running", "Disabled")
    assert host.computer.host.registry.number(rf"{SERVICES}\Spooler", "Start") == 4
    with pytest.raises(NotKnown, match="start=auto"):
        host.run("sc config Spooler start=auto")
    newest = desk("windows_11", tmp_path / "11")
    assert newest.run("sc config Spooler start=disabled").exit_code == 0


@pytest.mark.parametrize(("scenario", "buffer"), [("windows_xp", 65536), ("windows_server_2022", 262144)])
def test_sc_lists_all_with_the_largest_buffer(tmp_path: Path, scenario: str, buffer: int) -> None:
    host = desk(scenario, tmp_path)
    names = sorted(each.spec.name for each in host.computer.host.services.all if not each.spec.driver)
    shown = host.lines(f"sc queryex type= service state= all bufsize= {buffer}")
    assert sorted(line.removeprefix("SERVICE_NAME: ") for line in shown if line.startswith("SERVICE_NAME")) == names
    # Without it the list is cut, and says where it goes on.
    cut = host.lines("sc query type= service state= all")
    found = [re.search("resume at index ([0-9]+)", line) for line in cut]
    index = next(int(match[1]) for match in found if match)
    rest = host.lines(f"sc query type= service state= all bufsize= {buffer} ri= {index}")
    assert [line for line in (*cut, *rest) if line.startswith("SERVICE_NAME")] == [
        line for line in shown if line.startswith("SERVICE_NAME")
    ]
    assert host.lines(f"sc query bufsize= {buffer * 2} >nul\nif errorlevel 1 echo refused") == ["refused"]


def test_the_two_layouts_of_sc(tmp_path: Path) -> None:
    text = "sc query Alerter 2>nul\nsc query Spooler"
    old = desk("windows_xp", tmp_path / "xp").run(text).console
    assert "(STOPPABLE,NOT_PAUSABLE,IGNORES_SHUTDOWN)" in old
    assert "(NOT_STOPPABLE,NOT_PAUSABLE,IGNORES_SHUTDOWN)" in old
    assert "WIN32_EXIT_CODE    : 0\t(0x0)" in old
    new = desk("windows_7", tmp_path / "7").run("sc stop Spooler >nul\nsc query Spooler").console
    assert "1  STOPPED" in new
    assert "STOPPABLE" not in new


@pytest.mark.parametrize("scenario", ["windows_xp", "windows_server_2022", "windows_server_2008_r2_german"])
def test_tasklist_names_services_by_process(tmp_path: Path, scenario: str) -> None:
    host = desk(scenario, tmp_path)
    rows = [line.strip('"').split('","') for line in host.lines("tasklist /svc /fo csv /nh")]
    found = {name: pid for _image, pid, names in rows for name in names.split(",")}
    wanted = host.computer.wmi.query(CIMV2, "select * from Win32_Service where State='Running'").rows
    assert {str(row.properties["Name"]): str(row.properties["ProcessId"]) for row in wanted}.items() <= found.items()
    host.run("sc config Winmgmt start= disabled >nul\nnet stop Winmgmt /y >nul")
    assert host.lines("tasklist /svc /fo csv /nh >nul 2>&1\necho %ERRORLEVEL%") == ["1"]


def test_findstr_and_its_traps(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    (host.stick / "a.txt").write_bytes(b"one\r\nOne two\r\nthree")
    (host.stick / "list.txt").write_bytes(b"ONE\r\nthree\r\n")
    asked = ("/i /x /l /g:E:\\list.txt", '/r "^O.*o$"', '/c:"ne t"', "/v /i one")
    shown = ["one", "One two", "One two", "three"]
    assert host.lines("\n".join(f"findstr {words} E:\\a.txt" for words in asked)) == shown
    assert host.lines("findstr nothing E:\\a.txt\necho %ERRORLEVEL%\nfindstr x E:\\none.txt 2>nul\necho %ERRORLEVEL%") == ["1", "1"]
    for text in ('findstr /c:"a" /c:"b" E:\\a.txt', "findstr x <E:\\a.txt", "findstr /g:E:\\list.txt E:\\a.txt"):
        with pytest.raises(NotKnown):
            host.run(text)


def test_find_reads_utf_16_and_findstr_does_not(tmp_path: Path) -> None:
    for scenario in ("windows_xp", "windows_2000"):
        host = desk(scenario, tmp_path / scenario)
        (host.stick / "a.reg").write_bytes('\ufeff"Start"=dword:00000004\r\n'.encode("utf-16-le"))
        wanted = '"""Start""=dword:00000004"'
        assert host.lines(f"type E:\\a.reg | find {wanted} >nul && echo found\nfindstr Start E:\\a.reg || echo none") == ["found", "none"]
        with pytest.raises(NotKnown):
            host.run("for /f %%a in (E:\\a.reg) do echo %%a")
        if scenario == "windows_2000":
            with pytest.raises(NotKnown, match="Windows 2000 reads UTF-16"):
                host.run(f"find {wanted} E:\\a.reg")
        else:
            assert host.run(f"find {wanted} E:\\a.reg >nul").exit_code == 0


def test_fc_tells_apart(tmp_path: Path) -> None:
    host = desk("windows_2000", tmp_path)
    for name, content in {"a": b"1\r\n2\r\n", "b": b"1\r\n3\r\n", "c": b"1\r\n2\r\n"}.items():
        (host.stick / name).write_bytes(content)
    assert host.lines(r"for %%x in (a b c d) do fc /b E:\a E:\%%x >nul 2>&1 & call echo %%x %%ERRORLEVEL%%") == ["a 0", "b 1", "c 0", "d 2"]
    assert "00000003: 32 33" in host.run(r"fc /b E:\a E:\b").console
    assert "*****" in host.run(r"fc E:\a E:\b").console
    with pytest.raises(NotKnown, match="switches"):
        host.run(r"fc /q E:\a E:\b")


@pytest.mark.parametrize("scenario", ["windows_2000", "windows_xp", "windows_7", "windows_server_2008_r2_german"])
def test_the_network_is_shown(tmp_path: Path, scenario: str) -> None:
    host = desk(scenario, tmp_path)
    adapter = next(each for each in host.computer.host.adapters if each.connected)
    shown = host.run("ipconfig /all").console
    assert str(adapter.address) in shown
    assert (adapter.mac or "").replace(":", "-").upper() in shown
    routes = host.run("route print").console
    assert f"{adapter.mac}".replace(":", " ").lower() in routes
    assert ("0x2 ..." in routes) is (scenario in ("windows_2000", "windows_xp"))
    ports = {str(endpoint.port) for endpoint in host.computer.endpoints()}
    listing = host.lines("netstat -an")
    assert ports <= {found[1] for line in listing if (found := re.match(r"  (?:TCP|UDP) +\S+:(\d+) ", line))}


def test_netsh_keeps_rules(tmp_path: Path) -> None:
    host = desk("windows_server_2022", tmp_path)
    rule = "netsh advfirewall firewall {} rule name=netmin-1"
    text = "\n".join(
        f"{line} >nul\necho %ERRORLEVEL%"
        for line in (rule.format("show"), f"{rule.format('add')} dir=in action=block protocol=tcp localport=135")
    )
    assert host.lines(text) == ["1", "0"]
    assert 135 not in {endpoint.port for endpoint in host.computer.exposed()}
    assert "LocalPort:                            135" in host.run(rule.format("show")).console
    assert host.lines(f"{rule.format('delete')} >nul\necho %ERRORLEVEL%\n{rule.format('delete')} >nul\necho %ERRORLEVEL%") == ["0", "1"]
    assert "was not found" in desk("windows_xp", tmp_path / "xp").run(rule.format("show")).console


def test_a_restart_ends_the_script(tmp_path: Path) -> None:
    host = desk("windows_xp", tmp_path)
    ended = host.run("shutdown -r -t 0\nping -n 60 127.0.0.1 >nul\necho not")
    assert "not" not in ended.console
    host.computer.pass_time(60)
    assert host.computer.host.boots == 2
