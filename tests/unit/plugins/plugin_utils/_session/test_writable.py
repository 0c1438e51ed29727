# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._session.returns import SERVICE
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import (
    SIGNALLED,
    TIMED_OUT,
    WRITES,
    command_started,
    fault,
    lost,
    output,
    received,
    rows,
    shell_created,
    writable,
)

BY_COMMAND = ("set_empty_list_by_command", "add_filter_rule", "remove_filter_rule", "run_line")
SERVICE_KIND = ServiceKind.SERVICE


def test_it_is_a_writer() -> None:
    session, _transport = writable()
    writer: Writer = session
    assert writer.host == "web01"


# --- the registry -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "method", "sent"),
    [
        (RegistryValue.dword(4294967295), "SetDWORDValue", [("uValue", "4294967295")]),
        (RegistryValue(RegistryType.QWORD, 2**64 - 1), "SetQWORDValue", [("uValue", str(2**64 - 1))]),
        (RegistryValue.text(""), "SetStringValue", [("sValue", "")]),
        (RegistryValue(RegistryType.EXPAND_SZ, "%x%"), "SetExpandedStringValue", [("sValue", "%x%")]),
        (RegistryValue(RegistryType.BINARY, b"\x00\xff"), "SetBinaryValue", [("uValue", "0"), ("uValue", "255")]),
        (RegistryValue.texts(("a", "b")), "SetMultiStringValue", [("sValue", "a"), ("sValue", "b")]),
        (RegistryValue.texts(("",)), "SetMultiStringValue", [("sValue", "")]),
        (RegistryValue.texts(()), "SetMultiStringValue", []),
    ],
)
def test_writing_a_value_takes_one_request(value: RegistryValue, method: str, sent: list[tuple[str, str]]) -> None:
    session, transport = writable(output(method))
    session.set_value("K", "v", value)
    (request,) = transport.sent
    assert request.verb == method
    assert request.arguments == [("hDefKey", "2147483650"), ("sSubKeyName", "K"), ("sValueName", "v"), *sent]


def test_an_absent_key_is_made() -> None:
    session, transport = writable(output("SetDWORDValue", 2), output("CreateKey"), output("SetDWORDValue"))
    session.set_value("K", "v", RegistryValue.dword(1))
    assert transport.verbs == ["SetDWORDValue", "CreateKey", "SetDWORDValue"]


def test_a_key_that_is_known_to_be_absent_is_made_first() -> None:
    session, transport = writable(output("EnumValues", 2), output("CreateKey"), output("SetDWORDValue"))
    session.value_types("K")
    session.set_value("K", "v", RegistryValue.dword(1))
    assert transport.verbs == ["EnumValues", "CreateKey", "SetDWORDValue"]


def test_a_key_that_cannot_be_made() -> None:
    session, _transport = writable(output("SetDWORDValue", 2), output("CreateKey", 5))
    with pytest.raises(errors.MethodFailed, match=r"CreateKey on 'HKLM.K' at web01: access denied .5."):
        session.set_value("K", "v", RegistryValue.dword(1))


def test_a_refused_value() -> None:
    session, _transport = writable(output("SetDWORDValue", 5))
    with pytest.raises(errors.MethodFailed, match=r"SetDWORDValue on 'HKLM.K.v' at web01: access denied .5."):
        session.set_value("K", "v", RegistryValue.dword(1))


@pytest.mark.parametrize("code", [0, 1, 2])
def test_deleting_what_is_there_or_not(code: int) -> None:
    session, transport = writable(output("DeleteValue", code))
    session.delete_value("K", "v")
    (request,) = transport.sent
    assert request.action.endswith("/wmi/root/default/StdRegProv/DeleteValue")
    assert {("sSubKeyName", "K"), ("sValueName", "v")} <= set(request.arguments)


def test_a_refused_deletion() -> None:
    session, _transport = writable(output("DeleteValue", 5))
    with pytest.raises(errors.MethodFailed):
        session.delete_value("K", "v")


def test_an_empty_list_by_command() -> None:
    done = (shell_created(), command_started(), received(exit_code=0), SIGNALLED)
    session, transport = writable(*done)
    session.set_empty_list_by_command("SOFTWARE\\Microsoft\\Rpc", "DCOM Protocols")
    line = [text for _name, text in transport.sent[1].arguments]
    assert line == ["reg", "add", r'"HKLM\SOFTWARE\Microsoft\Rpc"', "/v", '"DCOM Protocols"', "/t", "REG_MULTI_SZ", "/d", '""', "/f"]


def test_a_failed_command() -> None:
    session, _transport = writable(shell_created(), command_started(), received(exit_code=1), SIGNALLED)
    with pytest.raises(errors.MethodFailed, match=r"reg add of 'HKLM.K.v' at web01: the command failed with exit code 1") as found:
        session.set_empty_list_by_command("K", "v")
    assert found.value.return_value == 1


@pytest.mark.parametrize("name", ['a"b', "%PATH%", "a\n", "a\\"])
def test_names_that_a_command_line_would_change(name: str) -> None:
    session, transport = writable()
    with pytest.raises(errors.InvalidOption):
        session.set_empty_list_by_command("K", name)
    assert transport.sent == []


@pytest.mark.parametrize("code", [0, 2])
def test_deleting_a_key(code: int) -> None:
    session, transport = writable(output("DeleteKey", code))
    session.delete_key(r"SOFTWARE\x")
    (request,) = transport.sent
    assert request.action.endswith("/wmi/root/default/StdRegProv/DeleteKey")
    assert ("sSubKeyName", r"SOFTWARE\x") in request.arguments


def test_a_key_that_may_not_be_deleted() -> None:
    session, _transport = writable(output("DeleteKey", 5))
    with pytest.raises(errors.MethodFailed, match=r"DeleteKey on 'HKLM.SOFTWARE.x'"):
        session.delete_key(r"SOFTWARE\x")


# --- the firewall -----------------------------------------------------------------------------------------------

PORT = FilterRule("netmin.windows tcp/135", Protocol.TCP, "135")
PROGRAM = FilterRule("netmin.windows tcp/rpc lsass.exe", Protocol.TCP, "RPC", program=r"%SystemRoot%\System32\lsass.exe")
SHARED = FilterRule(
    "netmin.windows tcp/rpc EventLog", Protocol.TCP, "RPC", program=r"%SystemRoot%\System32\svchost.exe", service="EventLog"
)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (PORT, ["protocol=tcp", "localport=135"]),
        (PROGRAM, ["protocol=tcp", "localport=RPC", r'program="%SystemRoot%\System32\lsass.exe"']),
        (SHARED, ["protocol=tcp", "localport=RPC", 'service="EventLog"', r'program="%SystemRoot%\System32\svchost.exe"']),
    ],
)
def test_adding_a_rule(rule: FilterRule, words: list[str]) -> None:
    session, transport = writable(shell_created(), command_started(), received(exit_code=0), SIGNALLED)
    session.add_filter_rule(rule)
    line = [text for _name, text in transport.sent[1].arguments]
    head = ["netsh", "advfirewall", "firewall", "add", "rule", f'name="{rule.name}"', "dir=in", "action=block"]
    assert line == [*head, *words, "profile=any", "enable=yes"]


def test_deleting_a_rule() -> None:
    session, transport = writable(shell_created(), command_started(), received(exit_code=0), SIGNALLED)
    session.remove_filter_rule(PORT.name, certain=True)
    line = [text for _name, text in transport.sent[1].arguments]
    assert line == ["netsh", "advfirewall", "firewall", "delete", "rule", 'name="netmin.windows tcp/135"']


@pytest.mark.parametrize("certain", [True, False])
def test_a_rule_that_is_not_there(certain: bool) -> None:
    session, _transport = writable(shell_created(), command_started(), received(exit_code=1), SIGNALLED)
    if not certain:
        session.remove_filter_rule(PORT.name, certain=False)
        return
    with pytest.raises(errors.MethodFailed, match=r"netsh delete rule 'netmin.windows tcp/135' at web01: .* exit code 1"):
        session.remove_filter_rule(PORT.name, certain=True)


def test_a_rule_that_is_refused() -> None:
    session, _transport = writable(shell_created(), command_started(), received(exit_code=1), SIGNALLED)
    with pytest.raises(errors.MethodFailed, match=r"netsh add rule 'netmin.windows tcp/135' at web01: .* exit code 1"):
        session.add_filter_rule(PORT)


@pytest.mark.parametrize("program", [r"%PATH%\a.exe", r"%SystemRoot%\%x%.exe", 'C:\\a".exe'])
def test_programs_that_a_command_line_would_change(program: str) -> None:
    session, transport = writable()
    with pytest.raises(errors.InvalidOption):
        session.add_filter_rule(FilterRule("n", Protocol.TCP, "RPC", program=program))
    assert transport.sent == []


# --- services ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(ServiceKind))
def test_stopping(kind: ServiceKind) -> None:
    session, transport = writable(output("StopService"))
    session.stop(kind, "Spooler")
    (request,) = transport.sent
    assert request.action.endswith(f"/wmi/root/cimv2/{kind.value}/StopService")
    assert request.selectors == {"Name": "Spooler"}
    assert request.arguments == []


@pytest.mark.parametrize("kind", list(ServiceKind))
@pytest.mark.parametrize("code", [0, 10])
def test_starting(kind: ServiceKind, code: int) -> None:
    session, transport = writable(output("StartService", code))
    session.start(kind, "Spooler")
    (request,) = transport.sent
    assert request.action.endswith(f"/wmi/root/cimv2/{kind.value}/StartService")
    assert request.selectors == {"Name": "Spooler"}


def test_a_start_that_is_refused() -> None:
    session, _transport = writable(output("StartService", 14))
    with pytest.raises(errors.MethodFailed, match="StartService on 'Spooler'"):
        session.start(SERVICE_KIND, "Spooler")


def test_what_has_stopped_already_is_no_error() -> None:
    session, transport = writable(output("StopService", 6))
    session.stop(SERVICE_KIND, "Spooler")
    assert transport.verbs == ["StopService"]


@pytest.mark.parametrize("state", ["Stopped", "Stop Pending"])
def test_a_control_refused_because_it_stops_already(state: str) -> None:
    session, transport = writable(output("StopService", 5), rows({"State": state}))
    session.stop(SERVICE_KIND, "Spooler")
    assert transport.sent[1].wql == "select State from Win32_Service where Name='Spooler'"


@pytest.mark.parametrize("answer", [rows({"State": "Start Pending"}), rows()])
def test_a_control_refused_for_another_reason(answer: str) -> None:
    session, _transport = writable(output("StopService", 5), answer)
    with pytest.raises(errors.MethodFailed, match="cannot accept a control"):
        session.stop(SERVICE_KIND, "Spooler")


def test_a_refused_stop_says_why() -> None:
    session, _transport = writable(output("StopService", 3), output("StopService", 99))
    with pytest.raises(errors.MethodFailed) as found:
        session.stop(SERVICE_KIND, "Spooler")
    assert str(found.value) == "Win32_Service.StopService on 'Spooler' at web01: dependent services are running (3)"
    assert (found.value.return_value, found.value.host) == (3, "web01")
    with pytest.raises(errors.MethodFailed, match=r"Win32_SystemDriver.StopService on 'NetBT' at web01: unknown return value .99."):
        session.stop(ServiceKind.DRIVER, "NetBT")


def test_every_documented_return_value_has_words() -> None:
    assert set(SERVICE) == set(range(1, 25))


@pytest.mark.parametrize(
    ("mode", "word"),
    [
        (StartMode.BOOT, "Boot"),
        (StartMode.SYSTEM, "System"),
        (StartMode.AUTO, "Automatic"),
        (StartMode.MANUAL, "Manual"),
        (StartMode.DISABLED, "Disabled"),
    ],
)
def test_start_modes(mode: StartMode, word: str) -> None:
    session, transport = writable(output("ChangeStartMode"))
    session.set_start_mode(SERVICE_KIND, "Spooler", mode)
    assert transport.sent[0].arguments == [("StartMode", word)]


def test_a_refused_start_mode() -> None:
    session, _transport = writable(output("ChangeStartMode", 2), fault(5, "w:AccessDenied"))
    with pytest.raises(errors.MethodFailed, match=r"access denied .2."):
        session.set_start_mode(SERVICE_KIND, "Spooler", StartMode.MANUAL)
    with pytest.raises(errors.AccessDenied, match=r"ChangeStartMode on 'Spooler' at web01: access denied; .* .0x5."):
        session.set_start_mode(SERVICE_KIND, "Spooler", StartMode.MANUAL)


# --- adapters and boots -----------------------------------------------------------------------------------------


def test_netbios() -> None:
    session, transport = writable(output("SetTcpipNetbios", 0), output("SetTcpipNetbios", 1), output("SetTcpipNetbios", 84))
    assert session.set_netbios(7, 2) is False
    assert session.set_netbios(7, 2) is True
    with pytest.raises(errors.MethodFailed, match=r"SetTcpipNetbios on adapter 7 at web01: IP is not enabled on this adapter .84."):
        session.set_netbios(7, 2)
    assert transport.sent[0].selectors == {"Index": "7"}
    assert transport.sent[0].arguments == [("TcpipNetbiosOptions", "2")]


@pytest.mark.parametrize("answer", [output("Win32Shutdown"), lost(), TIMED_OUT])
def test_reboot(answer: str | Exception) -> None:
    session, transport = writable(answer)
    session.reboot()
    (request,) = transport.sent
    assert request.action.endswith("/root/cimv2/Win32_OperatingSystem/Win32Shutdown")
    assert request.arguments == [("Flags", "6"), ("Reserved", "0")]
    assert request.selectors == {}
    assert transport.resets >= 1


def test_a_refused_reboot() -> None:
    session, _transport = writable(output("Win32Shutdown", 1314))
    with pytest.raises(errors.MethodFailed, match="lacks a privilege"):
        session.reboot()


def test_after_a_reboot_the_shell_is_gone() -> None:
    session, transport = writable(shell_created(), command_started(), received(exit_code=0), SIGNALLED, output("Win32Shutdown"))
    session.command("netstat", "-an")
    session.reboot()
    session.close()
    assert transport.verbs[-1] == "Win32Shutdown"


# --- writes are sent once ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", sorted(set(WRITES) - {"reboot", *BY_COMMAND}))
def test_a_write_is_never_repeated(verb: str) -> None:
    session, transport = writable(lost(), rows())
    with pytest.raises(errors.ConnectionLost, match="on"):
        WRITES[verb](session)
    assert len(transport.sent) == 1
    # What comes next goes over a new connection.
    session.query("C")
    assert transport.resets == 1


@pytest.mark.parametrize("verb", BY_COMMAND)
def test_a_command_that_writes_is_never_repeated(verb: str) -> None:
    session, transport = writable(shell_created(), command_started(), lost(), "")
    with pytest.raises(errors.ConnectionLost):
        WRITES[verb](session)
    assert transport.verbs == ["Create", "Command", "Receive", "Delete"]


@pytest.mark.parametrize("verb", sorted(WRITES))
def test_every_write_drops_what_was_read_even_if_it_fails(verb: str) -> None:
    session, transport = writable(rows(), fault(5), rows())
    session.query("C")
    with pytest.raises(errors.AccessDenied):
        WRITES[verb](session)
    session.query("C")
    assert transport.verbs.count("Enumerate") == 2


# --- what arms a timer ------------------------------------------------------------------------------------------


def test_a_service_that_starts_with_every_boot() -> None:
    session, transport = writable(output("Create"))
    session.create_service("timer", r'%SystemRoot%\System32\cmd.exe /c "x"')
    (sent,) = transport.sent
    assert (sent.verb, sent.selectors) == ("Create", {})
    assert sent.arguments == [
        ("Name", "timer"),
        ("DisplayName", "timer"),
        ("PathName", r'%SystemRoot%\System32\cmd.exe /c "x"'),
        ("ServiceType", "16"),
        ("ErrorControl", "0"),
        ("StartMode", "Automatic"),
        ("DesktopInteract", "false"),
        ("StartName", ""),
        ("StartPassword", ""),
        ("LoadOrderGroup", ""),
    ]


def test_a_service_that_is_there_already_is_refused() -> None:
    session, _transport = writable(output("Create", 23))
    with pytest.raises(errors.MethodFailed, match=r"Win32_Service.Create on 'timer' at web01: the service already exists \(23\)"):
        session.create_service("timer", "x")


def test_a_start_that_cannot_succeed_says_what_was_returned() -> None:
    session, transport = writable(output("StartService", 7))
    assert session.start_detaching("timer") == 7
    assert transport.sent[0].selectors == {"Name": "timer"}


def test_a_whole_line_goes_as_it_is_and_its_exit_code_comes_back() -> None:
    session, transport = writable(shell_created(), command_started(), received(b"out", exit_code=5), SIGNALLED)
    said = session.run_line('md "%SystemRoot%\\x" && echo ^%^a>y')
    assert (said.stdout, said.exit_code) == ("out", 5)
    assert transport.sent[1].arguments == [("Command", 'md "%SystemRoot%\\x" && echo ^%^a>y')]


def test_a_long_line_is_told_in_short() -> None:
    session, _transport = writable(shell_created(), fault(5), "")
    with pytest.raises(errors.AccessDenied) as caught:
        session.run_line("x" * 5000)
    assert len(str(caught.value)) < 500
