# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Where, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._session import session as module
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.plugins.plugin_utils._session.shell import PATIENCE
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import (
    READS,
    SIGNALLED,
    TIMED_OUT,
    Answer,
    Clock,
    ScriptedTransport,
    command_started,
    fault,
    output,
    received,
    rows,
    shell_created,
    writable,
)


def reading(*script: Answer, clock: Clock | None = None) -> tuple[Session, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    return Session(transport, host="web01", clock=clock or Clock()), transport


def lost() -> errors.ConnectionLost:
    return errors.ConnectionLost("web01:5985 did not answer", host="web01:5985")


def test_it_is_a_reader() -> None:
    session, _transport = reading()
    reader: Reader = session
    assert reader.host == "web01"


# --- queries ----------------------------------------------------------------------------------------------------


def test_a_whole_class_is_asked_by_its_uri() -> None:
    session, transport = reading(rows({"Name": "a"}, {"Name": "b"}))
    assert [row.text("Name") for row in session.query("Win32_Service")] == ["a", "b"]
    (request,) = transport.sent
    assert (request.verb, request.wql) == ("Enumerate", None)
    assert request.resource.endswith("/wmi/root/cimv2/Win32_Service")


def test_projection_and_condition_go_as_wql_to_all_classes() -> None:
    session, transport = reading(rows())
    session.query("MSFT_NetTCPConnection", ("LocalPort",), where=Where("State", (2,)), namespace="root/StandardCimv2")
    (request,) = transport.sent
    assert request.wql == "select LocalPort from MSFT_NetTCPConnection where State=2"
    assert request.resource.endswith("/wmi/root/StandardCimv2/*")


def test_projected_rows_get_the_class_that_was_asked_for() -> None:
    fragment = (
        "<n:EnumerateResponse><n:EnumerationContext/><w:Items><w:XmlFragment><Name>a</Name></w:XmlFragment></w:Items>"
        "<w:EndOfSequence/></n:EnumerateResponse>"
    )
    session, _transport = reading(fragment)
    assert session.query("Win32_Service", ("Name",))[0].class_name == "Win32_Service"


def test_pages_are_pulled_with_the_latest_context() -> None:
    session, transport = reading(
        rows({"Name": "a"}, context="uuid:1"), rows(context="uuid:2", pulled=True), rows({"Name": "b"}, {"Name": "c"}, pulled=True)
    )
    assert [row.text("Name") for row in session.query("C")] == ["a", "b", "c"]
    assert transport.verbs == ["Enumerate", "Pull", "Pull"]
    assert [request.arguments[0][1] for request in transport.sent[1:]] == ["uuid:1", "uuid:2"]
    assert len({request.resource for request in transport.sent}) == 1


def test_an_empty_condition_costs_nothing() -> None:
    session, transport = reading()
    assert session.query("C", where=Where("Name", ())) == ()
    assert transport.sent == []


def test_long_conditions_are_split() -> None:
    session, transport = reading(rows({"Name": "a"}), rows({"Name": "b"}))
    found = session.query("C", where=Where("Name", tuple(f"n{number}" for number in range(module.MAX_CONDITIONS + 1))))
    assert [row.text("Name") for row in found] == ["a", "b"]
    assert [str(request.wql).count(" or ") for request in transport.sent] == [module.MAX_CONDITIONS - 1, 0]


def test_a_missing_class() -> None:
    session, _transport = reading(fault(2150858752, "a:DestinationUnreachable"))
    with pytest.raises(errors.ClassMissing, match="query of C at web01"):
        session.query("C")


def test_a_slow_page_is_asked_for_again_within_limits() -> None:
    session, transport = reading(rows(context="uuid:1"), TIMED_OUT, TIMED_OUT, rows({"Name": "a"}, pulled=True))
    assert len(session.query("C")) == 1
    assert transport.verbs == ["Enumerate", "Pull", "Pull", "Pull"]

    session, transport = reading(rows(context="uuid:1"), *([TIMED_OUT] * PATIENCE), "")
    with pytest.raises(errors.TimedOut):
        session.query("C")
    assert transport.verbs == ["Enumerate", *["Pull"] * PATIENCE, "Release"]


def test_a_failed_enumeration_is_released() -> None:
    session, transport = reading(rows(context="uuid:1"), fault(2150859174), "")
    with pytest.raises(errors.QuotaExceeded):
        session.query("C")
    assert transport.verbs == ["Enumerate", "Pull", "Release"]
    assert transport.sent[-1].arguments == [("EnumerationContext", "uuid:1")]


def test_an_endless_enumeration_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 3)
    page = rows({"Name": "a"}, {"Name": "b"}, context="uuid:2", pulled=True)
    session, transport = reading(rows(context="uuid:1"), page, page, fault(2150858779))
    with pytest.raises(errors.ProtocolError, match="more than 3 rows"):
        session.query("C")
    assert transport.sent[-1].arguments == [("EnumerationContext", "uuid:2")]


# --- the registry -----------------------------------------------------------------------------------------------

VALUES = [
    (RegistryType.SZ, output("GetStringValue", sValue="text"), "text"),
    (RegistryType.SZ, output("GetStringValue", sValue=""), ""),
    (RegistryType.EXPAND_SZ, output("GetExpandedStringValue", sValue="C:\\x"), "C:\\x"),
    (RegistryType.DWORD, output("GetDWORDValue", uValue="4294967295"), 4294967295),
    (RegistryType.DWORD, output("GetDWORDValue", uValue="-1"), 4294967295),
    (RegistryType.QWORD, output("GetQWORDValue", uValue="18446744073709551615"), 18446744073709551615),
    (RegistryType.BINARY, output("GetBinaryValue", uValue=("0", "255")), b"\x00\xff"),
    (RegistryType.BINARY, output("GetBinaryValue"), b""),
    (RegistryType.MULTI_SZ, output("GetMultiStringValue", sValue=("a", "b")), ("a", "b")),
    (RegistryType.MULTI_SZ, output("GetMultiStringValue", sValue=("",)), ("",)),
    (RegistryType.MULTI_SZ, output("GetMultiStringValue"), ()),
]


@pytest.mark.parametrize(("kind", "answer", "data"), VALUES)
def test_values(kind: RegistryType, answer: str, data: str | int | bytes | tuple[str, ...]) -> None:
    session, transport = reading(answer)
    assert session.value("SYSTEM\\x", "v", kind) == RegistryValue(kind, data)
    (request,) = transport.sent
    assert request.arguments == [("hDefKey", "2147483650"), ("sSubKeyName", "SYSTEM\\x"), ("sValueName", "v")]
    assert request.resource.endswith("/wmi/root/default/StdRegProv")
    assert request.selectors == {}


@pytest.mark.parametrize("code", [1, 2])
def test_what_is_absent(code: int) -> None:
    session, _transport = reading(output("GetStringValue", code), output("EnumValues", code), output("EnumKey", code))
    assert session.value("K", "v", RegistryType.SZ) is None
    assert session.value_types("K") is None
    assert session.subkeys("K") is None


def test_another_type_and_no_access_are_no_absence() -> None:
    session, _transport = reading(output("GetDWORDValue", 2147749893), output("EnumKey", 5))
    with pytest.raises(errors.MethodFailed, match=r"GetDWORDValue on 'HKLM.K.v' at web01: .* another type .0x80041005.") as found:
        session.value("K", "v", RegistryType.DWORD)
    assert found.value.return_value == 2147749893
    with pytest.raises(errors.MethodFailed, match=r"EnumKey on 'HKLM.K' at web01: access denied .5."):
        session.subkeys("K")


def test_types_and_subkeys() -> None:
    session, _transport = reading(
        output("EnumValues", sNames=("", "a", "link"), Types=("1", "7", "6")), output("EnumKey", sNames="only"), output("EnumKey")
    )
    assert session.value_types("K") == {"": RegistryType.SZ, "a": RegistryType.MULTI_SZ}
    assert session.subkeys("K") == ("only",)
    assert session.subkeys("L") == ()


def test_a_default_value_alone_may_come_without_name() -> None:
    session, _transport = reading(output("EnumValues", Types="1"), output("EnumValues"))
    assert session.value_types("K") == {"": RegistryType.SZ}
    assert session.value_types("L") == {}


@pytest.mark.parametrize(
    "answer",
    [
        output("EnumValues", sNames=("a", "b"), Types="1"),
        output("EnumValues", sNames="a"),
        output("EnumValues", sNames="a", Types="x"),
        output("EnumValues", None, sNames="a", Types="1"),
    ],
)
def test_malformed_types(answer: str) -> None:
    session, _transport = reading(answer)
    with pytest.raises(errors.ProtocolError, match=r"EnumValues on 'HKLM.K' at web01"):
        session.value_types("K")


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (RegistryType.DWORD, output("GetDWORDValue")),
        (RegistryType.DWORD, output("GetDWORDValue", uValue="x")),
        (RegistryType.BINARY, output("GetBinaryValue", uValue=("1", "256"))),
        (RegistryType.SZ, output("GetStringValue", sValue=("a", "b"))),
    ],
)
def test_malformed_values(kind: RegistryType, answer: str) -> None:
    session, _transport = reading(answer)
    with pytest.raises(errors.ProtocolError, match="wrong type"):
        session.value("K", "v", kind)


# --- commands and listeners -------------------------------------------------------------------------------------


def test_one_shell_serves_all_commands_and_is_deleted_at_the_end() -> None:
    session, transport = reading(
        shell_created(),
        command_started(),
        received(b"Act"),
        TIMED_OUT,
        received(b"ive \xff", exit_code=0),
        SIGNALLED,
        command_started(),
        received(b"again", exit_code=1),
        SIGNALLED,
        "",
    )
    first = session.command("netstat", "-ano")
    assert (first.stdout, first.stderr, first.exit_code) == ("Active \ufffd", "", 0)
    second = session.command("netstat", "-ano")
    assert (second.stdout, second.exit_code) == ("again", 1)
    session.close()
    assert transport.verbs == ["Create", "Command", "Receive", "Receive", "Receive", "Signal", "Command", "Receive", "Signal", "Delete"]
    assert transport.sent[1].arguments == [("Command", "netstat"), ("Arguments", "-ano")]
    assert transport.closed == 1


def test_a_command_that_stays_silent() -> None:
    session, transport = reading(shell_created(), command_started(), *([TIMED_OUT] * PATIENCE), "")
    with pytest.raises(errors.TimedOut, match="command 'netstat -an' at web01"):
        session.command("netstat", "-an")
    assert transport.verbs[-1] == "Delete"


def test_a_command_whose_output_was_lost_runs_again_in_a_new_shell() -> None:
    again = (shell_created("S2"), command_started(), received(b"all", exit_code=0), SIGNALLED)
    session, transport = reading(shell_created("S1"), command_started(), received(b"ha"), lost(), "", *again)
    assert session.command("netstat", "-an").stdout == "all"
    assert transport.verbs == ["Create", "Command", "Receive", "Receive", "Delete", "Create", "Command", "Receive", "Signal"]
    assert transport.sent[4].selectors == {"ShellId": "S1"}
    assert transport.sent[-1].selectors == {"ShellId": "S2"}


def test_a_shell_on_a_host_that_is_gone_is_forgotten() -> None:
    session, transport = reading(shell_created(), command_started(), errors.Unreachable("gone", host="web01"))
    with pytest.raises(errors.Unreachable):
        session.command("netstat", "-an")
    session.close()
    assert transport.verbs == ["Create", "Command", "Receive"]


def test_remote_shells_forbidden() -> None:
    session, _transport = reading(fault(2150859180))
    with pytest.raises(errors.AccessDenied, match="forbids remote shells"):
        session.command("netstat", "-an")


def test_listeners() -> None:
    listener = {"Address": "*", "Transport": "HTTP", "Port": "5985", "Hostname": "", "Enabled": "false"}
    session, transport = reading(rows(listener, {**listener, "Enabled": "true"}, {"Port": "5986"}))
    found = session.winrm_listeners()
    assert found[0] == WinrmListener("*", "HTTP", 5985, False, ())
    assert [item.enabled for item in found] == [False, True, True]
    assert transport.sent[0].resource == "http://schemas.microsoft.com/wbem/wsman/1/config/listener"
    session, _transport = reading(rows({"Port": "many"}))
    with pytest.raises(errors.ProtocolError):
        session.winrm_listeners()


# --- once between two writes ------------------------------------------------------------------------------------

ONCE: dict[str, str] = {
    "query": rows({"Name": "a"}),
    "subkeys": output("EnumKey"),
    "value": output("GetStringValue", sValue="x"),
    "value_types": output("EnumValues"),
    "winrm_listeners": rows(),
}


@pytest.mark.parametrize("verb", sorted(ONCE))
def test_identical_reads_are_asked_once_between_two_writes(verb: str) -> None:
    session, transport = writable(ONCE[verb], output("SetDWORDValue"), ONCE[verb])
    assert READS[verb](session) == READS[verb](session)
    assert len(transport.sent) == 1
    session.set_value("K", "v", RegistryValue.dword(1))
    READS[verb](session)
    assert len(transport.sent) == 3


def test_absence_is_remembered_too() -> None:
    session, transport = reading(output("GetStringValue", 1))
    assert session.value("K", "v", RegistryType.SZ) is session.value("K", "v", RegistryType.SZ) is None
    assert len(transport.sent) == 1


def test_a_command_is_never_remembered() -> None:
    once = (command_started(), received(exit_code=0), SIGNALLED)
    session, transport = reading(shell_created(), *once, *once)
    session.command("netstat", "-an")
    session.command("netstat", "-an")
    assert transport.verbs.count("Command") == 2


def test_forgetting_asks_the_host_again() -> None:
    session, transport = reading(rows({"State": "Stop Pending"}), rows({"State": "Stopped"}))
    session.query("C")
    session.forget()
    assert session.query("C")[0].text("State") == "Stopped"
    assert len(transport.sent) == 2


def test_different_reads_are_different() -> None:
    session, transport = reading(rows(), rows(), rows(), rows())
    session.query("C")
    session.query("C", ("a",))
    session.query("C", ("a",), where=Where("a", ("x",)))
    session.query("C", namespace="root/other")
    assert len(transport.sent) == 4


# --- lost answers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", sorted(ONCE))
def test_a_read_is_asked_once_more_over_a_new_connection(verb: str) -> None:
    session, transport = reading(lost(), ONCE[verb])
    READS[verb](session)
    assert (len(transport.sent), transport.resets) == (2, 1)
    assert transport.sent[0].message_id != transport.sent[1].message_id
    session, transport = reading(lost(), lost())
    with pytest.raises(errors.ConnectionLost):
        READS[verb](session)
    assert (len(transport.sent), transport.resets) == (2, 2)


def test_a_lost_page_begins_the_enumeration_anew() -> None:
    session, transport = reading(rows({"Name": "a"}, context="uuid:1"), lost(), rows({"Name": "a"}, {"Name": "b"}))
    assert len(session.query("C")) == 2
    assert transport.verbs == ["Enumerate", "Pull", "Enumerate"]


def test_an_idle_connection_is_left_before_anything_is_sent() -> None:
    clock = Clock()
    session, transport = reading(rows(), rows(), rows(), clock=clock)
    session.query("A")
    clock.now += 59
    session.query("B")
    assert transport.resets == 0
    clock.now += 61
    session.query("C")
    assert transport.resets == 1


# --- costs ------------------------------------------------------------------------------------------------------


def test_stats() -> None:
    session, transport = reading(rows(), output("EnumKey"))
    session.query("C")
    session.subkeys("K")
    session.close()
    stats = session.stats
    assert (stats.requests, stats.logins, stats.seconds) == (2, 1, 0.0)
    assert stats.bytes_sent == sum(len(request.data) for request in transport.sent)
    assert stats.bytes_received > 0
    assert set(stats.plain()) == {"requests", "logins", "bytes_sent", "bytes_received", "seconds"}
    assert all(type(value) in (int, float) for value in stats.plain().values())


def test_requests_are_small() -> None:
    session, transport = reading(output("EnumKey"))
    session.subkeys("SYSTEM\\CurrentControlSet\\Services\\NetBT\\Parameters")
    assert len(transport.sent[0].data) < 1850


def test_it_closes_in_with() -> None:
    session, transport = reading()
    with session as inside:
        assert inside is session
    assert transport.closed == 1
