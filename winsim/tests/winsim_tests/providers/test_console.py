# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command shell: netstat, reg, net, sc, and what is not found."""

from __future__ import annotations

from pathlib import Path

import pytest

from winsim.cmd.words import split
from winsim.seams import ShellOptions

from ..beside import CAPTURES
from .walk import RPC, Walk, parse, walk


def run(host: Walk, *words: str) -> tuple[str, str, int]:
    result = host.computer.console.run(words[0], words[1:])
    return result.stdout.decode("cp437"), result.stderr.decode("cp437"), result.exit_code


@pytest.mark.parametrize(
    ("recorded", "switch", "scenario"),
    [("win2000_netstat-an_nmap-smb-psexec.txt", "-an", "windows_2000"), ("jc_win10_netstat-aon.out", "-ano", "windows_xp")],
)
def test_columns_stand_where_a_recorded_listing_has_them(recorded: str, switch: str, scenario: str) -> None:
    real = CAPTURES.at("netstat", recorded).read_bytes().decode("ascii").splitlines()
    made = run(walk(scenario), "netstat", switch)[0].splitlines()
    for start in ("  Proto", "  TCP    0.0.0.0:135 ", "  UDP "):
        theirs = next(line for line in real if line.startswith(start))
        ours = next(line for line in made if line.startswith(start))
        assert columns(ours) == columns(theirs)


def columns(line: str) -> list[int]:
    """Return where words begin that two blanks or more stand before."""
    return [index + 2 for index in range(len(line) - 2) if line[index : index + 2] == "  " and line[index + 2] != " "]


def test_the_listing_has_title_and_line_ends() -> None:
    stdout, stderr, code = run(walk("windows_xp"), "netstat", "-ano")
    assert (stderr, code) == ("", 0)
    assert stdout.startswith("\r\nActive Connections\r\n\r\n  Proto  Local Address")
    assert stdout.count("\n") == stdout.count("\r\n")


def test_switches_of_netstat() -> None:
    host = walk("windows_xp_false_listening")
    assert len(parse(run(host, "netstat", "-a", "-n")[0])) == 18
    assert all(row.pid is None for row in parse(run(host, "netstat.exe", "-an")[0]))
    assert {row.protocol for row in parse(run(host, "netstat", "-anp", "udp")[0])} == {"udp"}
    assert parse(run(host, "netstat", "-n")[0]) == []
    assert "192.70.106.76:22" in run(host, "netstat", "-n")[0]
    assert run(host, "netstat", "-x")[2] == 1


def test_windows_2000_has_no_process_column() -> None:
    stdout, stderr, code = run(walk("windows_2000"), "netstat", "-ano")
    assert "NETSTAT" in stdout
    assert (stderr, code) == ("", 1)


def test_the_source_port_of_an_outgoing_connection_looks_like_a_listener() -> None:
    host = walk("windows_xp_false_listening")
    rows = run(host, "netstat", "-ano")[0]
    assert "  TCP    0.0.0.0:1367           0.0.0.0:0              LISTENING       1704\r\n" in rows
    assert "  TCP    192.70.106.143:1367    192.70.106.76:22       ESTABLISHED     1704\r\n" in rows
    assert rows.count(":1025 ") == 2
    assert 1367 not in {row.port for row in host.computer.endpoints()}


@pytest.mark.parametrize("words", [("powershell", "-EncodedCommand", "x"), ("PowerShell.exe",), ("sc2",)])
def test_what_is_not_there(words: tuple[str, ...]) -> None:
    stdout, stderr, code = run(walk("windows_xp"), *words)
    assert stdout == ""
    assert stderr == f"'{words[0]}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
    assert code == 1


@pytest.mark.parametrize("tool", ["reg", "sc"])
def test_windows_2000_has_neither_reg_nor_sc(tool: str) -> None:
    assert run(walk("windows_2000"), tool, "query", "x")[2] == 1


@pytest.mark.parametrize("scenario", ["windows_xp", "windows_xp_multisz_refused", "windows_xp_multisz_ignored"])
def test_reg_writes_an_empty_list(scenario: str) -> None:
    host = walk(scenario)
    words = ["reg", "add", rf"HKLM\{RPC}", "/v", '"DCOM Protocols"', "/t", "REG_MULTI_SZ", "/d", '""', "/f"]
    assert run(host, *words)[1:] == ("", 0)
    assert host.registry("GetMultiStringValue", RPC, "DCOM Protocols") == {"ReturnValue": 0}
    assert host.registry("EnumValues", RPC)["Types"] == [7]
    assert len(host.computer.changes()) == 1


def test_reg_creates_keys_and_reads_types() -> None:
    host = walk("windows_xp")
    key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Acme"
    assert run(host, f"reg add {key} /v n /t REG_DWORD /d 0x10 /f")[2] == 0
    assert run(host, f"reg add {key} /v m /t REG_MULTI_SZ /d a\\0b /f")[2] == 0
    assert run(host, f"reg add {key} /v s /d text /f")[2] == 0
    assert host.registry("GetDWORDValue", r"SOFTWARE\Acme", "n")["uValue"] == 16
    assert host.registry("GetMultiStringValue", r"SOFTWARE\Acme", "m")["sValue"] == ["a", "b"]
    stdout = run(host, "reg", "query", key, "/v", "n")[0]
    assert "REG_DWORD\t0x10" in stdout
    assert "REG_SZ" not in stdout


@pytest.mark.parametrize(
    "line",
    [
        "reg",
        "reg add",
        "reg add HKXX\\a /f",
        "reg add HKLM\\SOFTWARE\\A /v x /t REG_WHAT /d 1 /f",
        "reg add HKLM\\SOFTWARE\\A /v x /t REG_DWORD /d many /f",
        "reg add HKLM\\SOFTWARE\\A /v",
        "reg query HKLM\\SOFTWARE\\None",
        "reg copy HKLM\\SOFTWARE\\A HKLM\\SOFTWARE\\B",
    ],
)
def test_reg_refuses(line: str) -> None:
    host = walk("windows_xp")
    stdout, stderr, code = run(host, line)
    assert (stdout, code) == ("", 1)
    assert stderr
    assert host.computer.changes() == []


def test_net_stop_takes_the_article_s_names_and_dependents() -> None:
    host = walk("windows_2000")
    assert run(host, "net", "stop", "iisadmin")[2] == 2
    assert run(host, "net", "stop", "iisadmin", "/y")[2] == 0
    assert run(host, "net", "stop", "rdr", "/y")[2] == 0
    assert host.state("LanmanWorkstation") == "Stopped"
    assert run(host, "net", "start", "Messenger")[2] == 0
    assert host.state("LanmanWorkstation") == "Running"
    assert run(host, "net", "stop", "none")[2] == 2
    assert run(host, "net", "use")[2] == 1


def test_sc_configures() -> None:
    host = walk("windows_xp")
    assert run(host, "sc", "config", "Messenger", "start=", "disabled")[2] == 0
    assert run(host, "sc", "config", "Messenger", "start=disabled")[2] == 87
    assert run(host, "sc", "stop", "SSDPSRV")[2] == 0
    assert run(host, "sc", "start", "SSDPSRV")[2] == 0
    assert run(host, "sc", "stop", "RpcSs")[2] == 1052
    assert run(host, "sc", "stop", "none")[2] == 1060
    assert run(host, "sc", "frob", "none")[2] == 1639


def test_a_shell_in_a_shell() -> None:
    assert run(walk("windows_xp"), "cmd", "/c", "netstat", "-ano")[2] == 0
    assert run(walk("windows_xp"), "") == ("", "", 0)


def test_words_are_split_at_blanks_outside_quotes() -> None:
    assert split('reg add "a b"\t/d "" x"y z"') == ["reg", "add", "a b", "/d", "", "xy z"]


def test_a_shell_begins_in_its_directory_with_its_variables() -> None:
    host = walk("windows_7")
    options = ShellOptions(environment={"Greeting": "hallo & so", "TEMP": ""}, directory=r"C:\Windows\Temp")
    result = host.computer.console.start('cd&echo "%greeting%"&if not defined TEMP echo gone', [], options).result
    assert result is not None
    assert result.stdout.decode().split("\r\n")[:3] == [r"C:\Windows\Temp", '"hallo & so"', "gone"]
    with pytest.raises(NotADirectoryError):
        host.computer.console.start("ver", [], ShellOptions(directory=r"C:\no\such"))


def test_a_program_that_gets_no_memory_says_so() -> None:
    host = walk("windows_7")
    host.computer.inject({"kind": "needs_memory", "program": "netstat.exe", "mb": 200})
    results = [host.computer.console.start("netstat", ["-an"], ShellOptions(memory=megabytes)).result for megabytes in (150, 1024, 0)]
    assert [result.exit_code for result in results if result is not None] == [8, 0, 0]


def test_processes_are_counted_while_a_command_runs() -> None:
    host = walk("windows_7")
    running = host.computer.console.start("ping -n 6 127.0.0.1", [], ShellOptions())
    assert running.processes == 2
    host.clock.advance(10)
    assert running.processes == 0


def test_a_policy_forbids_remote_shells_and_a_scenario_changes_quotas(tmp_path: Path) -> None:
    path = tmp_path / "strict.yml"
    path.write_text(
        "extends: windows_7\ntitle: strict\nquotas: {max_operations_per_user: 4, shell_idle_seconds: 30}\n"
        "registry: {'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WinRM\\Service\\WinRS': {AllowRemoteShellAccess: {dword: 0}}}\n",
        encoding="utf-8",
    )
    assert walk("windows_7").computer.shells_allowed
    assert walk("windows_7").computer.quotas == {}
    strict = walk(str(path)).computer
    assert not strict.shells_allowed
    assert strict.quotas == {"max_operations_per_user": 4, "shell_idle_seconds": 30}
