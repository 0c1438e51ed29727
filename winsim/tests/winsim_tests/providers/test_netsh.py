# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`netsh advfirewall firewall`: command lines that are taken, what they write, and what is refused."""

from __future__ import annotations

import pytest

from .walk import Walk, walk

SERVER = "windows_server_2022"
VISTA = "windows_vista"
RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
ADD = "netsh advfirewall firewall add rule"
DELETE = "netsh advfirewall firewall delete rule"
BLOCK = f"{ADD} name=x dir=in action=block"
START = "v2.31|Action=Block|Active=TRUE|Dir=In|"


def run(host: Walk, line: str) -> tuple[str, str, int]:
    command, *arguments = line.split(" ")
    result = host.computer.console.run(command, arguments, 65001)
    return result.stdout.decode(), result.stderr.decode(), result.exit_code


def written(host: Walk) -> list[object]:
    """Return the data of the values that were written, each of them a rule."""
    changes = host.computer.changes()
    assert all(change.target.startswith(RULES) and change.before is None for change in changes)
    return [change.after for change in changes]


def dropped(host: Walk) -> set[int]:
    rows = host.computer.dump()["endpoints"]
    assert isinstance(rows, list)
    return {row["port"] for row in rows if row["dropped"]}


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ("", ""),
        ("protocol=tcp localport=135", "Protocol=6|LPort=135|"),
        ("protocol=TCP localport=135,445", "Protocol=6|LPort=135|LPort=445|"),
        ("protocol=udp localport=49152-65535", "Protocol=17|LPort2_10=49152-65535|"),
        ("protocol=udp localport=0-65535", "Protocol=17|LPort2_10=0-65535|"),
        ("protocol=tcp localport=5000-5010,135", "Protocol=6|LPort=135|LPort2_10=5000-5010|"),
        ("protocol=tcp localport=135-135", "Protocol=6|LPort=135|"),
        ("protocol=tcp localport=rpc", "Protocol=6|LPort=RPC|"),
        ("protocol=tcp localport=RPC-EPMap", "Protocol=6|LPort=RPC-EPMap|"),
        ("protocol=6 localport=any", "Protocol=6|"),
        ("protocol=any localport=any", ""),
        ("protocol=47", "Protocol=47|"),
        ("profile=any", ""),
        ("profile=public", "Profile=Public|"),
        ("profile=Public,domain,private", "Profile=Domain|Profile=Private|Profile=Public|"),
        ("program=System", "App=System|"),
        ("program=any", ""),
        (r'program="C:\Program Files\a b.exe" protocol=tcp', r"Protocol=6|App=C:\Program Files\a b.exe|"),
        ("service=EventLog", "Svc=EventLog|"),
        ("service=any", "Svc=*|"),
    ],
)
def test_what_a_command_writes(options: str, fields: str) -> None:
    host = walk(SERVER)
    assert run(host, f"{BLOCK} {options}") == ("Ok.\r\n\r\n", "", 0)
    assert written(host) == [f"{START}{fields}Name=x|"]


def test_names_and_descriptions_keep_their_blanks() -> None:
    host = walk(SERVER)
    run(host, f'{ADD} name="Close 135 (RPC)" DIR=In Action=BLOCK description="a few words" enable=no')
    assert written(host) == ["v2.31|Action=Block|Active=FALSE|Dir=In|Name=Close 135 (RPC)|Desc=a few words|"]


def test_variables_are_replaced_by_the_shell_that_starts_it() -> None:
    host = walk(SERVER)
    run(host, rf'{BLOCK} protocol=tcp program="%SystemRoot%\System32\lsass.exe"')
    assert written(host) == [rf"{START}Protocol=6|App=C:\Windows\System32\lsass.exe|Name=x|"]
    assert dropped(host) == {49671}


def test_rules_that_allow_and_for_packets_going_out() -> None:
    host = walk(SERVER)
    assert run(host, f"{ADD} name=x dir=out action=allow")[2] == 0
    assert written(host) == ["v2.31|Action=Allow|Active=TRUE|Dir=Out|Name=x|"]
    assert dropped(host) == set()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (f"{ADD} name=all dir=in action=block", "A specified value is not valid."),
        (f"{ADD} name=ALL dir=in action=block", "A specified value is not valid."),
        (f"{ADD} name= dir=in action=block", "A specified value is not valid."),
        (f'{ADD} name="a|b" dir=in action=block', "A specified value is not valid."),
        (f'{BLOCK} description="a|b"', "A specified value is not valid."),
        (f"{ADD} name=x dir=up action=block", "A specified value is not valid."),
        (f"{ADD} name=x dir=in action=deny", "A specified value is not valid."),
        (f"{BLOCK} enable=maybe", "A specified value is not valid."),
        (f"{BLOCK} profile=home", "A specified value is not valid."),
        (f"{BLOCK} profile=any,public", "A specified value is not valid."),
        (f"{BLOCK} protocol=tcpip", "A specified protocol value is not valid."),
        (f"{BLOCK} protocol=256", "A specified protocol value is not valid."),
        (f"{BLOCK} protocol=tcp localport=65536", "A specified port value is not valid."),
        (f"{BLOCK} protocol=tcp localport=445-135", "A specified port value is not valid."),
        (f"{BLOCK} protocol=tcp localport=smb", "A specified port value is not valid."),
        (f"{BLOCK} protocol=tcp localport=135,", "A specified port value is not valid."),
        (f"{BLOCK} protocol=tcp localport=any,135", "A specified port value is not valid."),
        (f"{BLOCK} protocol=udp localport=RPC", "A specified port value is not valid."),
        (f"{BLOCK} localport=135", "Ports can only be specified if the protocol is TCP or UDP."),
        (f"{BLOCK} protocol=any localport=135", "Ports can only be specified if the protocol is TCP or UDP."),
        (f"{BLOCK} protocol=1 localport=135", "Ports can only be specified if the protocol is TCP or UDP."),
        (f"{ADD} name=x action=block", "One or more essential parameters were not entered."),
        (f"{ADD} name=x dir=in", "One or more essential parameters were not entered."),
        (f"{ADD} dir=in action=block", "One or more essential parameters were not entered."),
        (ADD, "One or more essential parameters were not entered."),
        (DELETE, "One or more essential parameters were not entered."),
        (f"{BLOCK} color=red", "The syntax supplied for this command is not valid."),
        (f"{BLOCK} remoteip=192.0.2.1", "The syntax supplied for this command is not valid."),
        (f"{BLOCK} block", "The syntax supplied for this command is not valid."),
        (f"{BLOCK} name=y", "The syntax supplied for this command is not valid."),
        (f"{DELETE} name=x action=block", "The syntax supplied for this command is not valid."),
        ("netsh", "The following command was not found"),
        ("netsh advfirewall firewall", "The following command was not found"),
        ("netsh advfirewall firewall add portopening", "The following command was not found"),
        ("netsh advfirewall firewall show rule name=all", "The following command was not found"),
        ("netsh advfirewall set allprofiles state off", "The following command was not found"),
    ],
)
def test_what_is_refused(line: str, text: str) -> None:
    host = walk(SERVER)
    stdout, stderr, code = run(host, line)
    assert text in stdout
    assert (stderr, code) == ("", 1)
    assert host.computer.changes() == []


@pytest.mark.parametrize("scenario", ["windows_2000", "windows_xp_sp3", "windows_server_2003"])
def test_windows_before_6_0_has_no_such_context(scenario: str) -> None:
    host = walk(scenario)
    assert run(host, BLOCK) == ("The following command was not found: advfirewall firewall add rule name=x dir=in action=block.\r\n", "", 1)
    assert host.computer.changes() == []


def test_windows_vista_has_lists_and_no_ranges() -> None:
    host = walk(VISTA)
    assert run(host, f"{BLOCK} protocol=tcp localport=5000-5010")[2] == 1
    assert run(host, f"{BLOCK} protocol=tcp localport=135,445")[2] == 0
    assert written(host) == ["v2.0|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=135|LPort=445|Name=x|"]


def test_the_same_rule_again_is_a_second_one() -> None:
    host = walk(SERVER)
    for _time in range(2):
        assert run(host, f"{BLOCK} protocol=tcp localport=135")[2] == 0
    assert len({change.target for change in host.computer.changes()}) == 2
    assert run(host, f"{DELETE} name=X") == ("\r\nDeleted 2 rule(s).\r\nOk.\r\n\r\n", "", 0)
    assert len(host.computer.changes()) == 4
    assert dropped(host) == set()
    assert run(host, f"{DELETE} name=x") == ("\r\nNo rules match the specified criteria.\r\n\r\n", "", 1)


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ("", set()),
        ("dir=in", set()),
        ("dir=out", {135, 445}),
        ("protocol=tcp", set()),
        ("protocol=udp", {135, 445}),
        ("protocol=tcp localport=135", {445}),
        ("protocol=tcp localport=135,445", {135, 445}),
        ("profile=public", {135}),
        ("profile=any", {445}),
        ("program=system", {135}),
        ("service=RpcSs", {445}),
    ],
)
def test_what_a_deletion_names_besides(conditions: str, left: set[int]) -> None:
    host = walk(SERVER)
    run(host, f"{BLOCK} protocol=tcp localport=135 service=rpcss")
    run(host, f"{BLOCK} protocol=tcp localport=445 program=System profile=public")
    stdout, _stderr, code = run(host, f"{DELETE} name=x {conditions}")
    assert code == (1 if left == {135, 445} else 0), stdout
    assert dropped(host) == left


def test_all_is_every_rule() -> None:
    host = walk(SERVER)
    count = len(host.computer.host.firewall.stored())
    assert count > 20
    assert f"Deleted {count} rule(s)." in run(host, f"{DELETE} name=all")[0]
    assert host.computer.host.firewall.stored() == {}


def test_what_was_written_behind_its_back_is_deleted_too() -> None:
    host = walk(SERVER)
    key = RULES.removeprefix("HKLM\\")
    host.registry("SetStringValue", key, "mine", sValue=f"{START}Protocol=6|LPort=445|Name=x|")
    host.registry("SetStringValue", key, "none", sValue="no rule")
    host.reboot()
    assert dropped(host) == {445}
    assert run(host, f"{DELETE} name=x")[2] == 0
    assert dropped(host) == set()
    assert host.registry("GetStringValue", key, "none")["sValue"] == "no rule"


@pytest.mark.parametrize(
    ("scenario", "service"), [("windows_7", "Windows Firewall"), ("windows_server_2008_r2_german", "Windows-Firewall")]
)
def test_without_the_service_nothing_is_done(scenario: str, service: str) -> None:
    host = walk(scenario)
    host.stop("MpsSvc")
    before = len(host.computer.changes())
    for line in (BLOCK, f"{DELETE} name=x"):
        stdout, _stderr, code = run(host, line)
        assert f"An error occurred while attempting to contact the  {service} service." in stdout
        assert code == 1
    assert len(host.computer.changes()) == before


def test_a_refused_write_is_said() -> None:
    host = walk(SERVER)
    assert run(host, BLOCK)[2] == 0
    host.computer.inject({"kind": "key_denied", "key": RULES})
    for line in (BLOCK, f"{DELETE} name=x"):
        stdout, _stderr, code = run(host, line)
        assert "requires elevation" in stdout
        assert code == 1
    assert len(host.computer.changes()) == 1


@pytest.mark.parametrize(
    ("scenario", "encoding", "added", "deleted", "none"),
    [
        (
            "windows_server_2008_r2_german",
            "cp850",
            "OK.",
            "1 Regel(n) gel\u00f6scht.",
            "Keine Regeln stimmen mit den angegebenen Kriterien \u00fcberein.",
        ),
        (
            "windows_7_japanese",
            "cp932",
            "OK",
            "1 \u898f\u5247\u3092\u524a\u9664\u3057\u307e\u3057\u305f\u3002",
            "\u6307\u5b9a\u3055\u308c\u305f\u6761\u4ef6\u306b\u4e00\u81f4\u3059\u308b\u898f\u5247\u306f\u3042\u308a\u307e\u305b\u3093\u3002",
        ),
    ],
)
def test_what_is_said_in_other_languages(scenario: str, encoding: str, added: str, deleted: str, none: str) -> None:
    console = walk(scenario).computer.console
    said = [console.run(line, []).stdout.decode(encoding).strip() for line in (BLOCK, f"{DELETE} name=x", f"{DELETE} name=x")]
    assert said == [added, f"{deleted}\r\n{added}", none]
