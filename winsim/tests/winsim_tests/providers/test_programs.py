# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs of a host: reg, sc, net, schtasks, icacls, cacls, shutdown, and what keeps them from running."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .walk import Walk, walk

OURS = r"HKLM\SOFTWARE\Ours"
FOLDER = r"C:\ProgramData\ours"
TASK = (
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><Triggers><BootTrigger/></Triggers>'
    "<Principals><Principal><UserId>S-1-5-18</UserId></Principal></Principals><Actions><Exec><Command>cmd.exe</Command>"
    r"<Arguments>/c C:\Windows\Temp\beat.cmd</Arguments></Exec></Actions></Task>"
)
BEAT = (
    "@echo off",
    "set N=0",
    ":beat",
    "set /a N+=1",
    rf"reg add {OURS} /v Beat /t REG_SZ /d %%N%% /f",
    "ping -n 6 127.0.0.1",
    "goto beat",
)


def say(host: Walk, line: str) -> tuple[int, str, str]:
    """Run a command line; return exit code, output and errors."""
    result = host.computer.console.run(line, [])
    return result.exit_code, result.stdout.decode("cp437"), result.stderr.decode("cp437")


def state(host: Walk) -> dict[str, Any]:
    """Return the host's full state."""
    return dict(host.computer.state())


def escaped(text: str) -> str:
    """Return a text as `echo` on a command line writes it: in quotes nothing is to be escaped."""
    parts = text.split('"')
    return '"'.join(part if index % 2 else re.sub(r"([<>&|^()])", r"^\1", part) for index, part in enumerate(parts))


def put(host: Walk, path: str, *lines: str) -> None:
    """Write a file line by line, as a client of the command shell does."""
    for line in lines:
        # %% is two signs on a command line; the file is to have one.
        assert say(host, f">>{path} echo {escaped(line.replace('%%', '%'))}") == (0, "", "")


def beat(host: Walk) -> str:
    """Return the heartbeat."""
    host.computer.host.time.advance()
    values = host.computer.host.registry.values(OURS) or {}
    return str(values["Beat"].data) if "Beat" in values else ""


def scripts(host: Walk) -> list[str]:
    """Return which scripts run, as Win32_Process shows them."""
    rows = host.computer.wmi.query("root/cimv2", "select Name, CommandLine from Win32_Process where Name='cmd.exe'").rows
    return [str(row.properties["CommandLine"]) for row in rows]


@pytest.mark.parametrize("scenario", ["windows_xp", "windows_vista", "windows_server_2025"])
def test_reg_adds_reads_and_deletes(scenario: str) -> None:
    host = walk(scenario)
    old = scenario == "windows_xp"
    gap = "\t" if old else "    "
    done = "\r\nThe operation completed successfully\r\n" if old else "The operation completed successfully.\r\n"
    gone = "The system was unable to find the specified registry key or value"
    wrong = f"\r\nError:  {gone}\r\n" if old else f"ERROR: {gone}.\r\n"
    assert say(host, f'reg add {OURS} /v "a b" /t REG_MULTI_SZ /d "x\\0y z" /f') == (0, done, "")
    assert say(host, f"reg add {OURS} /v a /t REG_MULTI_SZ /s # /d x#y /f") == (0, done, "")
    assert say(host, f"reg add {OURS}\\Below\\Deep /f") == (0, done, "")
    code, shown, _error = say(host, f'reg query {OURS} /v "a b"')
    assert code == 0
    end = "\\0\\0" if old else ""
    assert f"HKEY_LOCAL_MACHINE\\SOFTWARE\\Ours\r\n    a b{gap}REG_MULTI_SZ{gap}x\\0y z{end}\r\n" in shown
    assert ("! REG.EXE VERSION 3.0" in shown) is old
    assert r"HKEY_LOCAL_MACHINE\SOFTWARE\Ours\Below" in say(host, f"reg query {OURS}")[1]
    assert ("<NO NAME>" in say(host, f"reg query {OURS}\\Below /s")[1]) is old
    code, asked, _error = say(host, f"reg delete {OURS} /v a")
    assert (code, "Yes/No" in asked) == (1, True)
    assert say(host, f"echo y|reg delete {OURS} /v a") == (0, done, "")
    assert say(host, f"reg delete {OURS} /v a /f") == (1, "", wrong)
    assert say(host, f"reg delete {OURS} /f") == (0, done, "")
    assert say(host, f"reg query {OURS}") == (1, "", wrong)
    assert say(host, "reg query HKLM\\SOFTWARE /f x")[0] == 1


def test_reg_is_refused_below_a_key() -> None:
    host = walk("windows_server_2022")
    say(host, f"reg add {OURS}\\Below /v a /d 1 /f")
    host.computer.inject({"kind": "key_denied", "key": rf"{OURS}\Below"})
    for line in (f"reg add {OURS}\\Below /v b /d 1 /f", f"reg delete {OURS}\\Below /v a /f", f"reg delete {OURS} /f"):
        assert say(host, line) == (1, "", "ERROR: Access is denied.\r\n")
    assert host.computer.host.registry.exists(rf"{OURS}\Below")


def test_sc_and_net_know_how_it_ended() -> None:
    host = walk("windows_server_2022")
    spooler = r"HKLM\SYSTEM\CurrentControlSet\Services\Spooler"
    assert say(host, "sc config Spooler start= delayed-auto")[0] == 0
    assert host.computer.host.registry.number(spooler, "DelayedAutostart") == 1
    assert say(host, "sc config Spooler start= auto")[0] == 0
    assert host.computer.host.registry.number(spooler, "DelayedAutostart") == 0
    assert say(host, "sc config Spooler start= never")[0] == 87
    assert say(host, "net stop Spooler")[:2] == (
        0,
        "The Print Spooler service is stopping.\r\nThe Print Spooler service was stopped successfully.\r\n\r\n",
    )
    assert say(host, "net stop Spooler")[0] == 2
    assert say(host, "sc start Spooler")[1].startswith("\r\nSERVICE_NAME: Spooler")
    assert say(host, "net start Spooler")[2].startswith("The requested service has already been started.")
    assert say(host, "sc delete none")[0] == 1060
    assert say(host, "sc stop Spooler&&sc delete Spooler")[0] == 0
    assert "Spooler" not in state(host)["services"]
    assert not host.computer.host.registry.exists(spooler)
    host.computer.boot()
    assert "Spooler" not in state(host)["services"]
    assert say(walk("windows_xp"), "sc config Spooler start= delayed-auto")[0] == 87


def test_icacls_closes_a_folder() -> None:
    host = walk("windows_server_2022")
    line = rf'md "{FOLDER}"&&icacls "{FOLDER}" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F'
    processed = f"processed file: {FOLDER}\r\nSuccessfully processed 1 files; Failed processing 0 files\r\n"
    assert say(host, line) == (0, processed, "")
    put(host, rf"{FOLDER}\a.cmd", "echo one")
    files = state(host)["files"]
    assert files[FOLDER]["writers"] == files[rf"{FOLDER}\a.cmd"]["writers"] == ["administrators", "system"]
    assert say(host, f"icacls {FOLDER}")[1].splitlines()[:2] == [
        rf"{FOLDER} NT AUTHORITY\SYSTEM:(OI)(CI)(F)",
        rf"{' ' * len(FOLDER)} BUILTIN\Administrators:(OI)(CI)(F)",
    ]
    assert say(host, f"icacls {FOLDER} /grant Nobody:F")[0] == 1332
    assert say(host, f"icacls {FOLDER} /grant *S-1-5-18:Q")[0] == 87
    assert say(host, rf"icacls {FOLDER}\none /reset")[0] == 2
    assert say(host, f"icacls {FOLDER} /reset /t")[0] == 0
    assert "users" in state(host)["files"][FOLDER]["writers"]
    assert say(walk("windows_xp"), "icacls C:\\WINDOWS")[0] == 1


def test_cacls_asks_before_it_replaces() -> None:
    host = walk("windows_xp")
    folder = r"C:\WINDOWS\ours"
    assert say(host, f"md {folder}")[0] == 0
    assert say(host, f"cacls {folder} /G Administrators:F SYSTEM:F") == (1, "Are you sure (Y/N)?", "")
    assert say(host, f"echo y|cacls {folder} /G Administrators:F SYSTEM:F") == (0, f"Are you sure (Y/N)?processed dir: {folder}\r\n", "")
    assert state(host)["files"][folder]["entries"] == ["administrators:F(CI)(OI)", "system:F(CI)(OI)"]
    assert say(host, f"cacls {folder} /E /G Users:R")[0] == 0
    assert state(host)["files"][folder]["writers"] == ["administrators", "system"]
    assert say(host, f"cacls {folder} /E /G *S-1-5-18:F")[0] == 1332
    german = walk("windows_server_2008_r2_german")
    assert say(german, r"cacls C:\Windows\Temp /E /G Administrators:F")[0] == 1332
    assert say(german, r"cacls C:\Windows\Temp /E /G Administratoren:F")[0] == 0


def test_secedit_gives_a_folder_the_list_of_a_template() -> None:
    host = walk("windows_xp")
    folder = r"C:\WINDOWS\ours"
    assert say(host, f"md {folder}")[0] == 0
    line = rf"secedit /configure /db {folder}\a.sdb /cfg {folder}\a.inf /areas FILESTORE"
    assert say(host, line)[0] == 1
    put(host, rf"{folder}\a.inf", "[Version]", 'signature="$CHICAGO$"', "[File Security]")
    put(host, rf"{folder}\a.inf", '"^%SystemRoot^%\\ours",0,"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"'.replace("^%", "%"))
    assert say(host, line)[0] == 0
    files = state(host)["files"]
    assert files[folder]["entries"] == ["system:F(CI)(OI)", "administrators:F(CI)(OI)"]
    assert files[rf"{folder}\a.sdb"]["writers"] == ["administrators", "system"]
    assert say(host, f"{line} /quiet") == (0, "", "")
    put(host, rf"{folder}\a.inf", "nonsense")
    assert say(host, f"{line} /quiet") == (1, "", "")
    assert say(host, "secedit /export /cfg a.inf")[0] == 1


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2003"])
def test_secedit_gives_a_key_the_list_of_a_template(name: str) -> None:
    host = walk(name)
    key, template = r"HKLM\SOFTWARE\ours\inner", r"C:\WINDOWS\Temp\a.inf"
    assert say(host, f"reg add {key} /f")[0] == 0
    registry = host.computer.host.registry
    assert registry.writers(key) == ["administrators", "power_users", "system"]
    rows = ("[Version]", 'signature="$CHICAGO$"', "[Registry Keys]")
    line = rf"secedit /configure /db C:\WINDOWS\Temp\a.sdb /cfg {template} /areas"
    for mode, areas in (("1", "FILESTORE REGKEYS"), ("2", "REGKEYS"), ("0", "FILESTORE")):
        say(host, f"del {template}")
        put(host, template, *rows, rf'"MACHINE\SOFTWARE\ours",{mode},"D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)"')
        assert say(host, f"{line} {areas} /quiet")[0] == 0
        assert "power_users" in registry.writers(key)
    assert say(host, f"{line} FILESTORE REGKEYS /quiet")[0] == 0
    assert registry.writers(key) == ["administrators", "system"]
    assert "power_users" in registry.writers(r"HKLM\SOFTWARE")
    assert say(host, f"{line} SERVICES /quiet")[0] == 1
    put(host, template, r'"MACHINE\SOFTWARE\none",0,"D:P(A;CI;KA;;;SY)"')
    assert say(host, f"{line} REGKEYS /quiet")[0] == 1


def test_a_task_keeps_a_script_running_over_boots() -> None:
    host = walk("windows_server_2022")
    put(host, r"C:\Windows\Temp\beat.cmd", *BEAT)
    put(host, r"C:\Windows\Temp\t.xml", TASK)
    create = r"schtasks /create /tn ours /xml C:\Windows\Temp\t.xml /f"
    assert say(host, create) == (0, 'SUCCESS: The scheduled task "ours" has successfully been created.\r\n', "")
    assert say(host, "schtasks /run /tn ours") == (0, 'SUCCESS: Attempted to run the scheduled task "ours".\r\n', "")
    assert (beat(host), scripts(host)) == ("1", [r"cmd.exe /c C:\Windows\Temp\beat.cmd"])
    host.clock.advance(16)
    assert "Running" in say(host, "schtasks /query /tn ours")[1]
    assert beat(host) == "4"
    host.computer.step_clock(-86400)
    host.clock.advance(5)
    assert len(scripts(host)) == 1
    assert beat(host) == "5"
    host.computer.boot()
    assert (beat(host), len(scripts(host))) == ("1", 1)
    assert say(host, "schtasks /delete /tn ours /f") == (0, 'SUCCESS: The scheduled task "ours" was successfully deleted.\r\n', "")
    host.clock.advance(5)
    assert len(scripts(host)) == 1
    assert beat(host) == "2"
    host.computer.boot()
    assert (scripts(host), state(host)["tasks"]) == ([], {})
    assert say(host, "schtasks /delete /tn ours /f")[0] == 1


def test_schtasks_refuses() -> None:
    host = walk("windows_server_2022")
    put(host, r"C:\Windows\Temp\t.xml", "no task")
    for line in (
        r"schtasks /create /tn ours /xml C:\Windows\Temp\t.xml /f",
        r"schtasks /create /tn ours /xml C:\Windows\Temp\none.xml /f",
        "schtasks /create /tn ours /tr cmd /sc onstart",
        "schtasks /run /tn ours",
        "schtasks /run",
        "schtasks /frob",
    ):
        code, stdout, stderr = say(host, line)
        assert (code, stdout, stderr[:6]) == (1, "", "ERROR:"), line
    assert state(host)["tasks"] == {}
    assert "Invalid argument/option - '/xml'" in say(walk("windows_xp"), r"schtasks /create /tn ours /xml C:\t.xml")[2]


CARRIER = {
    "Name": "ours",
    "DisplayName": "Ours",
    "PathName": r'cmd.exe /c start "" /b cmd.exe /c C:\WINDOWS\Temp\beat.cmd',
    "ServiceType": "16",
    "ErrorControl": "0",
    "StartMode": "Automatic",
    "DesktopInteract": "false",
}


def test_an_automatic_service_keeps_a_script_running_over_boots() -> None:
    host = walk("windows_xp")
    put(host, r"C:\WINDOWS\Temp\beat.cmd", *BEAT)
    assert host.call("Win32_Service", {}, "Create", **CARRIER) == 0
    row = host.computer.wmi.get("root/cimv2", "Win32_Service", {"Name": "ours"}).properties
    expected = {"State": "Stopped", "StartMode": "Auto", "ServiceType": "Own Process", "ErrorControl": "Ignore", "StartName": "LocalSystem"}
    assert {name: row[name] for name in expected} == expected
    assert host.call("Win32_Service", {"Name": "ours"}, "StartService") == 7
    assert say(host, "sc start ours")[0] == 1053
    assert say(host, "net start ours")[0] == 2
    assert (host.state("ours"), beat(host), len(scripts(host))) == ("Stopped", "1", 3)
    host.clock.advance(40)
    assert len(scripts(host)) == 3
    host.computer.boot()
    assert (host.state("ours"), beat(host), len(scripts(host))) == ("Stopped", "1", 1)
    assert host.call("Win32_Service", {"Name": "ours"}, "Delete") == 0
    assert "ours" not in state(host)["services"]
    assert not host.computer.host.registry.exists(r"HKLM\SYSTEM\CurrentControlSet\Services\ours")
    assert len(scripts(host)) == 1
    host.computer.boot()
    assert scripts(host) == []


def test_a_service_that_does_not_detach_is_ended() -> None:
    host = walk("windows_xp")
    put(host, r"C:\WINDOWS\Temp\beat.cmd", *BEAT)
    assert host.call("Win32_Service", {}, "Create", **{**CARRIER, "PathName": r"cmd.exe /c C:\WINDOWS\Temp\beat.cmd"}) == 0
    assert host.call("Win32_Service", {"Name": "ours"}, "StartService") == 7
    host.clock.advance(29)
    assert len(scripts(host)) == 1
    host.clock.advance(2)
    assert scripts(host) == []


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ({"Name": "Spooler"}, 23),
        ({"DisplayName": "Print Spooler"}, 19),
        ({"Name": "a/b"}, 20),
        ({"StartMode": "Auto"}, 21),
        ({"StartMode": "Boot"}, 21),
        ({"ServiceType": "1"}, 21),
        ({"ErrorControl": "9"}, 21),
        ({"PathName": ""}, 21),
        ({"StartName": "Somebody"}, 22),
    ],
)
def test_services_that_cannot_be_made(changed: dict[str, str], value: int) -> None:
    host = walk("windows_xp")
    before = set(state(host)["services"])
    assert host.call("Win32_Service", {}, "Create", **{**CARRIER, **changed}) == value
    assert set(state(host)["services"]) == before


def test_a_service_whose_program_is_not_there() -> None:
    host = walk("windows_xp")
    assert host.call("Win32_Service", {}, "Create", **{**CARRIER, "PathName": r"C:\none.exe"}) == 0
    assert host.call("Win32_Service", {"Name": "ours"}, "StartService") == 9


def test_what_a_command_shell_detaches_ends_with_it() -> None:
    host = walk("windows_server_2022")
    put(host, r"C:\Windows\Temp\beat.cmd", *BEAT)
    running = host.computer.console.start(r'start "" /b cmd /c C:\Windows\Temp\beat.cmd', [])
    assert running.result is not None
    assert beat(host) == "1"
    running.end()
    assert scripts(host) == []


@pytest.mark.parametrize(("line", "restarts"), [("shutdown -r -t 0 -f", True), ("shutdown /r /f /t 5", True), ("shutdown /s /t 0", False)])
def test_shutdown(line: str, restarts: bool) -> None:
    host = walk("windows_server_2022")
    assert say(host, line)[0] == 0
    host.clock.advance(60)
    assert host.computer.host.up is restarts
    assert host.computer.host.boots == (2 if restarts else 1)


def test_a_shutdown_that_is_planned() -> None:
    host = walk("windows_server_2022")
    assert say(host, "shutdown /r")[0] == 0
    assert say(host, "shutdown /r /t 1")[0] == 1190
    assert say(host, "shutdown /a")[0] == 0
    assert say(host, "shutdown /a")[0] == 1116
    assert say(host, "shutdown /r /s")[0] == 1
    host.clock.advance(60)
    assert host.computer.host.boots == 1


def test_the_command_shell_forbidden() -> None:
    for arm in (True, False):
        host = walk("windows_server_2022")
        if arm:
            host.computer.inject({"kind": "cmd_disabled"})
        else:
            key = r"HKCU\Software\Policies\Microsoft\Windows\System"
            host.computer.host.registry.create(key)
            host.computer.wmi.invoke(
                "root/default",
                "StdRegProv",
                {},
                "SetDWORDValue",
                {"hDefKey": "2147483649", "sSubKeyName": key[5:], "sValueName": "DisableCMD", "uValue": "1"},
            )
        assert say(host, "echo one") == (1, "The command prompt has been disabled by your administrator.\r\n\r\n", "")
        assert scripts(host) == []


def test_a_program_blocked() -> None:
    host = walk("windows_server_2022")
    host.computer.inject({"kind": "program_blocked", "program": "reg.exe"})
    blocked = "This program is blocked by group policy. For more information, contact your system administrator.\r\n"
    assert say(host, f"reg add {OURS} /f") == (1, "", blocked)
    assert not host.computer.host.registry.exists(OURS)
    assert say(host, "echo one")[0] == 0


def test_tasks_denied_and_scripts_killed() -> None:
    host = walk("windows_server_2022")
    put(host, r"C:\Windows\Temp\beat.cmd", *BEAT)
    put(host, r"C:\Windows\Temp\t.xml", TASK)
    create = r"schtasks /create /tn ours /xml C:\Windows\Temp\t.xml /f"
    host.computer.inject({"kind": "tasks_denied"})
    assert say(host, create) == (1, "", "ERROR: Access is denied.\r\n")
    host.computer.clear_faults()
    host.computer.inject({"kind": "script_killed", "after": 7})
    assert say(host, f"{create}&&schtasks /run /tn ours")[0] == 0
    host.clock.advance(6)
    assert len(scripts(host)) == 1
    host.clock.advance(2)
    assert (scripts(host), beat(host)) == ([], "2")
    host.computer.clear_faults()
    host.computer.inject({"kind": "script_killed"})
    assert say(host, "schtasks /run /tn ours")[0] == 0
    assert scripts(host) == []


def test_a_folder_denied() -> None:
    host = walk("windows_server_2022")
    host.computer.inject({"kind": "folder_denied", "path": r"C:\ProgramData"})
    assert say(host, f"md {FOLDER}") == (1, "", "Access is denied.\r\n")
    assert say(host, r"echo one>C:\ProgramData\a") == (1, "", "Access is denied.\r\n")
    assert r"C:\ProgramData\a" not in state(host)["files"]


def test_a_script_whose_file_is_deleted_ends() -> None:
    host = walk("windows_server_2022")
    put(host, r"C:\Windows\Temp\beat.cmd", *BEAT)
    running = host.computer.console.start(r"C:\Windows\Temp\beat.cmd", [])
    assert say(host, r"del C:\Windows\Temp\beat.cmd")[0] == 0
    host.clock.advance(5)
    assert running.result is not None
    assert running.result.stderr.endswith(b"The batch file cannot be found.\r\n")


def test_time_that_passes_for_the_host_alone() -> None:
    host = walk("windows_server_2022")
    put(host, r"C:\Windows\Temp\beat.cmd", *BEAT)
    host.computer.console.start(r"C:\Windows\Temp\beat.cmd", [])
    host.computer.pass_time(12)
    assert beat(host) == "3"


def test_several_scripts_take_their_turns_in_the_order_of_time() -> None:
    host = walk("windows_server_2022")
    for name, seconds in (("a", 2), ("b", 5)):
        wait = f"ping -n {seconds + 1} 127.0.0.1 >nul"
        host.computer.console.start(f"for /l %i in (1,1,3) do @({wait}&echo {name}>>C:\\Windows\\Temp\\log)", [])
    host.clock.advance(100)
    assert say(host, r"type C:\Windows\Temp\log")[1].split() == ["a", "a", "b", "a", "b", "b"]
