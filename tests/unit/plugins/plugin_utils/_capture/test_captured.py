# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads are answered from what was asked and from what follows from it; what nothing tells is an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.captured import CapturedClock, CapturedHost
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import (
    Command,
    Condition,
    Error,
    ErrorKind,
    Key,
    Listener,
    Listeners,
    Moment,
    Query,
    RefusedValue,
    RowReference,
    Services,
    Shell,
    StoredValue,
    ValueKind,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AccessDenied,
    ClassMissing,
    MethodFailed,
    NotCaptured,
    Refused,
    UnusableCapture,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, StartMode, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock

from .test_file import SMALL

DENIED = Error(kind=ErrorKind.ACCESS_DENIED, message="access denied", code=5)
MISSING = Error(kind=ErrorKind.CLASS_MISSING, message="no such class", code=0x8033801A)
NAMES = ("Spooler", "spoolss", "WinRM")
SERVICES = Query(
    wmi_class="Win32_Service",
    namespace="root/cimv2",
    properties=("Name", "State", "Started"),
    rows=tuple({"Name": name, "State": "Running", "Started": "TRUE" if name == "WinRM" else "False"} for name in NAMES),
)
DRIVERS = Query(
    wmi_class="Win32_SystemDriver",
    namespace="root/cimv2",
    properties=("Name",),
    where=Condition(property="Name", values=("HTTP", "NetBT")),
    rows=({"Name": "HTTP"},),
)
OTHERS = replace(DRIVERS, where=Condition(property="Name", values=("afd",)), rows=({"Name": "AFD"},))
LISTENING = Query(
    wmi_class="MSFT_NetTCPConnection",
    namespace="root/StandardCimv2",
    properties=("LocalPort",),
    where=Condition(property="State", values=(2,)),
    rows=({"LocalPort": "135"},),
)
EDGES = Query(
    wmi_class="Win32_DependentService",
    namespace="root/cimv2",
    properties=("Antecedent",),
    whole=True,
    rows=({"Antecedent": RowReference(class_name="Win32_Service", keys={"Name": "RpcSs"})},),
)
REFUSED = Query(wmi_class="Site", namespace="root/WebAdministration", properties=("Name",), error=MISSING)
KEYS = (
    Key(key=r"SOFTWARE\A", there=True, types={"One": ValueKind.DWORD, "Odd": ValueKind.SZ}, subkeys=("B",)),
    Key(
        key=r"SOFTWARE\A\B",
        values={"One": StoredValue(type=ValueKind.DWORD, data=1), "Bytes": StoredValue(type=ValueKind.BINARY, data="00ff")},
        absent=("Two",),
        refused=(RefusedValue(name="Secret", asked=ValueKind.SZ, error=DENIED),),
    ),
    Key(key=r"SOFTWARE\C", there=False),
    Key(key=r"SOFTWARE\D", types_error=DENIED, subkeys_error=DENIED),
    Key(key=r"SOFTWARE\E\F", there=True),
    Key(key=r"SOFTWARE\Bad", there=True, values={"One": StoredValue(type=ValueKind.DWORD, data="x")}),
)
FIRST = Moment(
    queries=(SERVICES, DRIVERS, OTHERS, LISTENING, EDGES, REFUSED),
    keys=KEYS,
    commands=(Command(arguments=("netstat", "-an"), stdout="first"),),
    listeners=Listeners(rows=(Listener(address="*", transport="HTTP", port=5985, enabled=True),)),
    shell=Shell(error=DENIED),
)
LATER = Moment(queries=(replace(SERVICES, rows=SERVICES.rows[:1]),), commands=(Command(arguments=("netstat", "-an"), stdout="second"),))
CAPTURE = replace(SMALL, moments=(FIRST, LATER))
DWORD, SZ = RegistryType.DWORD, RegistryType.SZ


@pytest.fixture
def host() -> CapturedHost:
    """Open the capture."""
    return CapturedHost(CAPTURE, host="web01")


def names(host: CapturedHost, *values: str | bool, by: str = "Name", of: str = "Win32_Service") -> list[str | None]:
    """Return the names of the rows that fit."""
    return [row.text("Name") for row in host.query(of, ("Name",), where=Where(by, values))]


def test_a_condition_is_equality_without_case(host: CapturedHost) -> None:
    assert names(host, "SPOOLER") == ["Spooler"]
    assert names(host, "spooler", "winrm", "nonsense") == ["Spooler", "WinRM"]
    assert names(host, True, by="started") == ["WinRM"]
    assert names(host, "nonsense") == []
    assert names(host) == []


def test_a_condition_is_covered_by_wider_ones_and_by_several(host: CapturedHost) -> None:
    assert names(host, "http", of="Win32_SystemDriver") == ["HTTP"]
    assert names(host, "NetBT", of="Win32_SystemDriver") == []
    assert names(host, "AFD", "HTTP", of="Win32_SystemDriver") == ["HTTP", "AFD"]


def test_all_rows_come_with_the_columns_that_were_kept(host: CapturedHost) -> None:
    (row,) = host.query("win32_dependentservice")
    found = row.reference("antecedent")
    assert found is not None
    assert found.keys == {"Name": "RpcSs"}
    assert [row.host for row in host.query("Win32_Service", ("state",))] == ["web01"] * 3


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        (lambda host: host.query("Win32_Service"), r"the query of Win32_Service in root/cimv2"),
        (lambda host: host.query("Win32_Service", ("Name", "PathName")), r"the query of Win32_Service \(Name, PathName\)"),
        (lambda host: host.query("Win32_Service", ("Name",), namespace="root/other"), r"in root/other"),
        (lambda host: host.query("Win32_SystemDriver", ("Name",)), r"Win32_SystemDriver \(Name\)"),
        (lambda host: names(host, "HTTP", "srv", of="Win32_SystemDriver"), r"where Name is HTTP or srv"),
        (
            lambda host: host.query(LISTENING.wmi_class, ("LocalPort",), where=Where("State", (5,)), namespace=LISTENING.namespace),
            r"where State is 5",
        ),
        (lambda host: host.query("Nonsense", ("Name",)), r"the query of Nonsense"),
        (lambda host: host.value(r"SOFTWARE\A\B", "Three", DWORD), r"the value HKLM\\SOFTWARE\\A\\B\\Three"),
        (lambda host: host.value(r"SOFTWARE\A", "One", DWORD), r"the value HKLM\\SOFTWARE\\A\\One"),
        (lambda host: host.value(r"SYSTEM\X", "One", DWORD), r"the value HKLM\\SYSTEM\\X\\One"),
        (lambda host: host.value_types(r"SOFTWARE\A\B"), r"the names of the values in HKLM\\SOFTWARE\\A\\B"),
        (lambda host: host.subkeys(r"SOFTWARE\A\B"), r"the names of the subkeys of HKLM\\SOFTWARE\\A\\B"),
        (lambda host: host.grants(r"SOFTWARE\A"), r"the access list of HKLM\\SOFTWARE\\A"),
        (lambda host: host.has_key(r"SYSTEM\X"), r"whether there is the key HKLM\\SYSTEM\\X"),
        (lambda host: host.command("netstat", "-ano"), r"the output of 'netstat -ano'"),
    ],
)
def test_what_was_not_asked_is_an_error_that_names_it(host: CapturedHost, ask: Callable[[CapturedHost], object], named: str) -> None:
    with pytest.raises(NotCaptured, match=rf"the capture of web01 does not hold .*{named}.*: capture the host again with this release"):
        ask(host)


def test_where_only_known_services_were_asked_the_error_says_what_to_do() -> None:
    host = CapturedHost(replace(CAPTURE, services=Services.KNOWN), host="web01")
    with pytest.raises(NotCaptured, match="capture the host again with 'services: all'"):
        host.value_types(r"SYSTEM\CurrentControlSet\Services\Strange")


def test_values_have_the_types_that_were_stored(host: CapturedHost) -> None:
    assert host.value(r"software\a\b", "ONE", DWORD) == RegistryValue.dword(1)
    assert host.value(r"SOFTWARE\A\B", "Bytes", RegistryType.BINARY) == RegistryValue(RegistryType.BINARY, b"\0\xff")
    assert host.value_types(r"SOFTWARE\A") == {"One": DWORD, "Odd": SZ}
    with pytest.raises(MethodFailed) as caught:
        host.value(r"SOFTWARE\A\B", "One", SZ)
    assert caught.value.return_value == 0x80041005


@pytest.mark.parametrize(
    ("key", "name"),
    [(r"SOFTWARE\A\B", "two"), (r"SOFTWARE\A", "three"), (r"SOFTWARE\C", "One"), (r"SOFTWARE\C\D", "One"), (r"SOFTWARE\A\Z\Y", "One")],
)
def test_what_is_absent_follows_from_names_and_from_what_is_above(host: CapturedHost, key: str, name: str) -> None:
    assert host.value(key, name, DWORD) is None


def test_a_key_is_there_where_something_below_it_is(host: CapturedHost) -> None:
    there = {key: host.has_key(key) for key in (r"SOFTWARE\E", r"SOFTWARE", r"software\e\f", r"SOFTWARE\C", r"SOFTWARE\A\Z")}
    assert list(there.values()) == [True, True, True, False, False]
    assert (host.value_types(r"SOFTWARE\C"), host.subkeys(r"SOFTWARE\C\X"), host.grants(r"SOFTWARE\C")) == (None, None, None)


@pytest.mark.parametrize(
    "ask",
    [
        lambda words: words.value(r"SOFTWARE\A\B", "One", SZ),
        lambda words: words.value(r"SOFTWARE\A", "three", DWORD),
        lambda words: words.value(r"SOFTWARE\C", "One", DWORD),
        lambda words: words.value_types(r"SOFTWARE\A\Z"),
        lambda words: words.value_types(r"SOFTWARE\C\D"),
        lambda words: words.query("Win32_Service", ("Name",), where=Where("Name", ("Spooler",))),
    ],
)
def test_what_only_follows_is_no_word_of_the_host(host: CapturedHost, ask: Callable[[Reader], object]) -> None:
    with suppress(MethodFailed):
        ask(host)
    with pytest.raises(NotCaptured, match="does not hold"):
        ask(host.literally())


def test_what_the_host_said_is_its_word(host: CapturedHost) -> None:
    words = host.literally()
    assert words.value(r"software\a\b", "ONE", DWORD) == RegistryValue.dword(1)
    assert words.value(r"SOFTWARE\A\B", "two", DWORD) is None
    assert words.value_types(r"SOFTWARE\C") is None
    assert words.value_types(r"SOFTWARE\A") == host.value_types(r"SOFTWARE\A")
    assert len(words.query("Win32_Service", ("Name", "State", "Started"))) == 3
    assert len(words.query("MSFT_NetTCPConnection", ("LocalPort",), where=Where("State", (2,)), namespace="root/StandardCimv2")) == 1
    with pytest.raises(AccessDenied):
        words.value(r"SOFTWARE\A\B", "Secret", SZ)
    with pytest.raises(AccessDenied):
        words.value_types(r"SOFTWARE\D")
    with pytest.raises(ClassMissing):
        words.query("Site", ("Name",), namespace="root/WebAdministration")


def test_a_fault_for_several_properties_says_nothing_of_one_of_them() -> None:
    refused = replace(REFUSED, properties=("Name", "Bindings"))
    host = CapturedHost(replace(CAPTURE, moments=(replace(FIRST, queries=(refused,)),)), host="web01")
    with pytest.raises(NotCaptured):
        host.query("Site", ("Name",), namespace="root/WebAdministration")
    with pytest.raises(ClassMissing):
        host.query("Site", ("bindings", "name"), namespace="root/WebAdministration")
    denied = replace(refused, error=DENIED)
    host = CapturedHost(replace(CAPTURE, moments=(replace(FIRST, queries=(denied,)),)), host="web01")
    with pytest.raises(AccessDenied):
        host.query("Site", ("Name",), namespace="root/WebAdministration")


def test_errors_are_as_they_were(host: CapturedHost) -> None:
    with pytest.raises(ClassMissing, match="no such class") as missing:
        host.query("Site", ("Name",), namespace="root/WebAdministration")
    assert (missing.value.code, missing.value.host) == (0x8033801A, "web01")
    for ask in (
        lambda: host.value(r"SOFTWARE\A\B", "Secret", SZ),
        lambda: host.value_types(r"SOFTWARE\D"),
        lambda: host.subkeys(r"SOFTWARE\D"),
        host.open_shell,
    ):
        with pytest.raises(AccessDenied):
            ask()


def test_a_value_that_makes_no_sense_is_told(host: CapturedHost) -> None:
    with pytest.raises(UnusableCapture, match=r"the capture of web01 is damaged: the value HKLM\\SOFTWARE\\Bad\\One"):
        host.value(r"SOFTWARE\Bad", "One", DWORD)


def test_time_that_passes_leads_to_what_was_asked_later(host: CapturedHost) -> None:
    assert len(host.query("Win32_Service", ("Name",))) == 3
    host.forget()
    assert len(host.query("Win32_Service", ("Name",))) == 1
    # What was not asked again is as it was.
    assert host.value(r"SOFTWARE\A\B", "One", DWORD) == RegistryValue.dword(1)
    assert [host.command("netstat", "-an").stdout for _time in range(3)] == ["first", "second", "second"]


def test_nothing_is_waited_for() -> None:
    inner = FakeClock()
    clock = CapturedClock(inner)
    before = clock.now(), inner.now()
    clock.sleep(600)
    assert (clock.now() - before[0], inner.now() - before[1]) == (600, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda host: host.set_value("A", "B", RegistryValue.dword(1)),
        lambda host: host.delete_value("A", "B"),
        lambda host: host.delete_key("A"),
        lambda host: host.set_empty_list_by_command("A", "B"),
        lambda host: host.stop(ServiceKind.SERVICE, "A"),
        lambda host: host.start(ServiceKind.SERVICE, "A"),
        lambda host: host.set_start_mode(ServiceKind.SERVICE, "A", StartMode.AUTO),
        lambda host: host.set_netbios(1, 2),
        lambda host: host.add_filter_rule(FilterRule("a", Protocol.TCP, "1")),
        lambda host: host.remove_filter_rule("a", certain=True),
        lambda host: host.create_key("A"),
        lambda host: host.run_line("a"),
        lambda host: host.create_service("A", "b"),
        lambda host: host.start_detaching("A"),
        lambda host: host.reboot(),
    ],
)
def test_a_change_is_refused_in_one_sentence(host: CapturedHost, change: Callable[[CapturedHost], object]) -> None:
    with pytest.raises(Refused, match=r"^this is a capture of web01 of .*, and a capture cannot be changed: modules that only read"):
        change(host)
