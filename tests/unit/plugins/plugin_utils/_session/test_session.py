# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import tracemalloc

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Where, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row
from ansible_collections.netmin.windows.plugins.plugin_utils._session import fetching, limits
from ansible_collections.netmin.windows.plugins.plugin_utils._session import session as module
from ansible_collections.netmin.windows.plugins.plugin_utils._session.shell import PATIENCE
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import (
    READS,
    SIGNALLED,
    TIMED_OUT,
    command_started,
    fault,
    lost,
    output,
    reading,
    received,
    rows,
    shell_created,
    writable,
)


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
    found = session.query("C", where=Where("Name", tuple(f"n{number}" for number in range(fetching.MAX_CONDITIONS + 1))))
    assert [row.text("Name") for row in found] == ["a", "b"]
    assert [str(request.wql).count(" or ") for request in transport.sent] == [fetching.MAX_CONDITIONS - 1, 0]


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


def test_a_query_that_the_commands_of_our_own_shell_leave_no_room_for_is_asked_again_without_it() -> None:
    once = (shell_created("S1"), command_started(), received(b"a", exit_code=0), SIGNALLED)
    session, transport = reading(*once, fault(2150859174), "", rows({"Name": "a"}))
    session.command("netstat", "-an")
    assert len(session.query("C")) == 1
    assert transport.verbs[4:] == ["Enumerate", "Delete", "Enumerate"]


def test_a_query_that_others_leave_no_room_for_is_told() -> None:
    session, transport = reading(fault(2150859174))
    with pytest.raises(errors.QuotaExceeded, match="too many operations open"):
        session.query("C")
    assert transport.verbs == ["Enumerate"]


def test_an_enumeration_without_end_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ANSWERS", 1)
    page = rows({"Name": "a"}, {"Name": "b"}, context="uuid:2", pulled=True)
    session, transport = reading(rows(context="uuid:1"), page, page, fault(2150858779))
    with pytest.raises(errors.ProtocolError, match="query of C at web01: still not finished after 2 answers"):
        session.query("C")
    assert transport.verbs == ["Enumerate", "Pull", "Release"]
    assert transport.sent[-1].arguments == [("EnumerationContext", "uuid:2")]


def test_pages_without_rows_have_an_end() -> None:
    pages = (rows(context="uuid:2", pulled=True) for _number in range(limits.MAX_EMPTY + 1))
    session, transport = reading(rows(context="uuid:1"), *pages, "")
    with pytest.raises(errors.ProtocolError, match="still not finished after 101 answers"):
        session.query("C")
    assert transport.verbs[-1] == "Release"


def test_pages_without_rows_are_counted_anew_after_one_with_rows() -> None:
    """A slow provider may fill no page for a while; only so many empty ones in a row mean that nothing comes."""
    empty = [rows(context="uuid:2", pulled=True)] * limits.MAX_EMPTY
    row = rows({"Name": "a"}, context="uuid:2", pulled=True)
    session, transport = reading(rows(context="uuid:1"), *empty[1:], row, *empty, row, rows(pulled=True))
    assert len(session.query("C")) == 2
    assert transport.verbs == ["Enumerate", *["Pull"] * (2 * limits.MAX_EMPTY + 2)]


def test_pages_that_come_too_slowly_have_an_end() -> None:
    clock = FakeClock()
    session, transport = reading(*[rows({"Name": "a"}, context="uuid:1")] * 40, clock=clock)
    exchange = transport.exchange

    def slowly(envelope: bytes) -> bytes:
        clock.time += 19
        return exchange(envelope).replace(b"Enumerate", b"Enumerate" if len(transport.sent) == 1 else b"Pull")

    transport.exchange = slowly  # type: ignore[method-assign]  # the script goes on behind it
    with pytest.raises(errors.ProtocolError, match="still not finished after 600 s"):
        session.query("C")
    assert len(transport.sent) < 35


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", 5000)
    long = "x" * 3000
    session, _transport = reading(output("GetStringValue", sValue=long), rows({"Name": long}, context="uuid:1"), "")
    session.value("K", "v", RegistryType.SZ)
    with pytest.raises(errors.ProtocolError, match="query of C at web01: the task has read more than 5000 bytes"):
        session.query("C")


def test_what_is_forgotten_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", 5000)
    session, _transport = reading(*[rows({"Name": "x" * 3000})] * 10)
    for _number in range(10):
        session.query("C")
        session.forget()


def test_a_flood_of_pages_takes_no_more_memory_than_it_may() -> None:
    """One character beyond the basic plane makes a text four times as large in memory as on the wire."""
    page = rows(*[{"Name": "\U0001f600" + "x" * 900}] * 2000, context="uuid:1", pulled=True)
    session, _transport = reading(rows(context="uuid:1"), *[page] * 100, "")
    tracemalloc.start()
    try:
        with pytest.raises(errors.ProtocolError, match=f"more than {limits.MAX_KEPT} bytes"):
            session.query("C")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * 1024 * 1024


def test_memory_of_rows() -> None:
    text = "x" * 1000
    row = Row("C", {"a": text, "b": (text, None), "c": Reference("D", {"k": text}), "d": None})
    assert 3000 < limits.memory_of([row]) < 5000
    assert limits.memory_of([]) == 0


# --- listeners --------------------------------------------------------------------------------------------------


def test_listeners() -> None:
    listener = {"Address": "*", "Transport": "HTTP", "Port": "5985", "Hostname": "", "Enabled": "false"}
    session, transport = reading(rows(listener, {**listener, "Enabled": "true"}, {"Port": "5986"}))
    found = session.winrm_listeners()
    assert found[0] == WinrmListener("*", "HTTP", 5985, enabled=False)
    assert [item.enabled for item in found] == [False, True, True]
    assert found[2] == WinrmListener("", "", 5986, enabled=True)
    assert transport.sent[0].resource == "http://schemas.microsoft.com/wbem/wsman/1/config/listener"


@pytest.mark.parametrize("listener", [{"Port": "many"}, {"Address": "*"}])
def test_a_listener_without_a_port_is_no_answer(listener: dict[str, str]) -> None:
    session, _transport = reading(rows(listener))
    with pytest.raises(errors.ProtocolError, match="list of WinRM listeners at web01"):
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


@pytest.mark.parametrize(
    ("read", "answer", "there"),
    [
        ("value", output("GetStringValue", sValue="x"), True),
        ("value", output("GetStringValue", 1), True),
        ("value_types", output("EnumValues"), True),
        ("value_types", output("EnumValues", 2), False),
        ("subkeys", output("EnumKey", 2), False),
    ],
)
def test_what_is_known_of_a_key_is_not_asked_again(read: str, answer: str, there: bool) -> None:
    session, transport = reading(answer)
    READS[read](session)
    assert (session.has_key("k"), len(transport.sent)) == (there, 1)


def test_a_key_that_no_answer_told_of_is_asked_for() -> None:
    session, transport = writable(output("GetStringValue", 2), output("EnumValues"), output("SetDWORDValue"), output("EnumValues", 2))
    session.value("K", "v", RegistryType.SZ)
    assert session.has_key("K")
    session.set_value("L", "v", RegistryValue.dword(1))
    assert not session.has_key("K")
    assert transport.verbs == ["GetStringValue", "EnumValues", "SetDWORDValue", "EnumValues"]


@pytest.mark.parametrize(("subkeys", "there"), [(["Other", "KEY"], True), (["Other"], False), ([], False)])
def test_a_key_below_another_is_looked_for_among_its_siblings(subkeys: list[str], there: bool) -> None:
    """The answer tells of the parent as well, which is the next to be asked for where a value is to be made."""
    session, transport = reading(output("EnumKey", sNames=subkeys))
    assert session.has_key(r"Parent\Key") is there
    assert session.has_key("Parent")
    assert transport.verbs == ["EnumKey"]


def test_nothing_below_an_absent_key_is_asked_for() -> None:
    session, transport = writable(
        output("EnumValues", 2), output("EnumValues", 2), output("SetDWORDValue"), output("GetDWORDValue", uValue="1")
    )
    assert session.value_types(r"Software\Ours") is None
    for key in (r"software\ours\Inner", r"SOFTWARE\OURS\Inner\Most"):
        assert session.value(key, "v", RegistryType.DWORD) is None
        assert session.value_types(key) is None
        assert session.subkeys(key) is None
    assert transport.verbs == ["EnumValues"]
    # A key whose name begins alike is another one.
    assert session.value_types(r"Software\Ours2\Inner") is None
    session.set_value(r"Software\Ours\Inner", "v", RegistryValue.dword(1))
    assert session.value(r"Software\Ours\Inner", "v", RegistryType.DWORD) == RegistryValue.dword(1)
    assert transport.verbs == ["EnumValues", "EnumValues", "SetDWORDValue", "GetDWORDValue"]


def test_a_key_whose_parent_is_absent_is_absent() -> None:
    session, transport = reading(output("EnumKey", 2))
    assert not session.has_key(r"Parent\Key")
    assert not session.has_key("Parent")
    assert transport.verbs == ["EnumKey"]


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


# --- its end ----------------------------------------------------------------------------------------------------


def test_it_closes_in_with() -> None:
    session, transport = reading()
    with session as inside:
        assert inside is session
    assert transport.closed == 1
