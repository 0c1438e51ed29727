# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bytes to bytes: enumerations, Get, Invoke, listeners and faults of one service."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from winsim.wire.faults import INVALID_PARAMETER, SoapFault, fault_body
from winsim.wire.profile import (
    WINRM_1_1,
    WINRM_2,
    WINRM_2_ON_5X,
    WINRM_3,
    Profile,
    profile_of,
)
from winsim_tests.envelopes import (
    CMD,
    ENUMERATION,
    SHELL,
    TRANSFER,
    WMI,
    A,
    F,
    N,
    S,
    W,
    enumerate_request,
    invoke_request,
    pull_request,
    request,
)
from winsim_tests.wire.rig import READER, SERVICES, STDREGPROV, Rig

SYSTEM = f"{WMI}/Win32_OperatingSystem"
LISTENER = "http://schemas.microsoft.com/wbem/wsman/1/config/listener"
ENVELOPE = (
    '<x xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">',
    "</x>",
)
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
CIM = "{http://schemas.dmtf.org/wbem/wscim/1/common}"


def items(page: ElementTree.Element, namespace: str) -> list[ElementTree.Element]:
    return list(page.iterfind(f"{namespace}Items/*"))


def test_profiles_follow_the_version() -> None:
    assert profile_of("5.0.2195") is WINRM_2_ON_5X
    assert profile_of("6.1.7601") is WINRM_2
    assert profile_of("10.0.20348") is WINRM_3


@pytest.mark.parametrize(
    ("windows", "winrm", "wanted"),
    [
        ("5.1.2600", "1.1", WINRM_1_1),
        ("6.0.6002", "1.1", WINRM_1_1),
        ("5.2.3790", "2.0", WINRM_2_ON_5X),
        ("6.2.9200", "2.0", WINRM_2),
        ("6.1.7601", "3.0", WINRM_3),
    ],
)
def test_a_host_may_have_another_winrm_than_its_windows_usually_has(windows: str, winrm: str, wanted: Profile) -> None:
    assert profile_of(windows, winrm) is wanted


def test_winrm_1_1_names_its_provider_otherwise_and_sends_twenty_rows() -> None:
    rig = Rig(WINRM_1_1, services=30)
    fault = ElementTree.fromstring(rig.ask(enumerate_request(f"{WMI}/*", wql="select * from Nonsense")).content)
    provider = fault.find(f".//{F}WSManFault//{F}ProviderFault")
    assert provider is not None
    assert provider.get("provider") == "WMIv1 plugin for Windows Remote Management "
    first = rig.body(enumerate_request(SERVICES))
    assert len(items(first, W)) == 20
    assert len(items(rig.body(pull_request(SERVICES, first.findtext(f"{N}EnumerationContext") or "")), N)) == 10


def test_winrm_2_on_5x_answers_all_rows_at_once() -> None:
    page = Rig().body(enumerate_request(SERVICES))
    assert page.find(f"{N}EnumerationContext") is not None
    assert not page.findtext(f"{N}EnumerationContext")
    assert len(items(page, W)) == 3
    assert page.find(f"{W}EndOfSequence") is not None


@pytest.mark.parametrize("profile", [WINRM_2, WINRM_3])
def test_later_versions_send_one_row_and_a_context(profile: Profile) -> None:
    rig = Rig(profile)
    first = rig.body(enumerate_request(SERVICES))
    context = first.findtext(f"{N}EnumerationContext") or ""
    assert context
    assert len(items(first, W)) == 1
    assert first.find(f"{W}EndOfSequence") is None
    rest = rig.body(pull_request(SERVICES, context))
    assert len(items(rest, N)) == 2
    assert rest.find(f"{N}EndOfSequence") is not None
    assert rest.find(f"{N}EnumerationContext") is None
    assert rig.fault(pull_request(SERVICES, context)) == 2150858779


def test_pages_of_later_versions_are_about_75_kb() -> None:
    rig = Rig(WINRM_2, services=200)
    context = rig.body(enumerate_request(SERVICES)).findtext(f"{N}EnumerationContext") or ""
    sizes, contexts, rows = [], [], 1
    while context:
        answer = rig.ask(pull_request(SERVICES, context))
        page = ElementTree.fromstring(answer.content)[1][0]
        sizes.append(len(answer.content))
        rows += len(items(page, N))
        contexts.append(context)
        context = page.findtext(f"{N}EnumerationContext") or ""
    assert rows == 200
    assert len(set(contexts)) == len(contexts) > 2
    assert all(70_000 < size < 78_000 for size in sizes[:-1])


def test_5x_pages_only_what_no_envelope_holds() -> None:
    rig = Rig(services=200)
    answer = rig.ask(enumerate_request(SERVICES))
    assert len(answer.content) <= 153600
    page = ElementTree.fromstring(answer.content)[1][0]
    context = page.findtext(f"{N}EnumerationContext") or ""
    rest = rig.body(pull_request(SERVICES, context))
    assert len(items(page, W)) + len(items(rest, N)) == 200


def test_without_optimize_there_is_only_a_context_and_a_pull_gives_one_row() -> None:
    rig = Rig()
    page = rig.body(enumerate_request(SERVICES, optimise=False))
    assert [child.tag for child in page] == [f"{N}EnumerationContext"]
    one = rig.body(pull_request(SERVICES, page.findtext(f"{N}EnumerationContext") or "", max_elements=None))
    assert len(items(one, N)) == 1
    assert one.findtext(f"{N}EnumerationContext")


def test_no_rows_no_items() -> None:
    page = Rig(WINRM_3).body(enumerate_request(f"{WMI}/*", wql="select * from Win32_Service where Name='x'"))
    assert [child.tag for child in page] == [f"{N}EnumerationContext", f"{W}EndOfSequence"]


def test_an_instance_shows_null_empty_array_and_time_as_windows_does() -> None:
    page = Rig().body(enumerate_request(SYSTEM))
    (row,) = items(page, W)
    tag = f"{{{SYSTEM}}}"
    found = {child.tag.removeprefix(tag): child for child in row}
    assert row.tag == f"{tag}Win32_OperatingSystem"
    assert list(found) == sorted(found, key=str.lower)
    assert found["CSDVersion"].get(f"{XSI}nil") == "true"
    assert "MUILanguages" not in found
    assert found["Description"].text is None
    assert found["Description"].get(f"{XSI}nil") is None
    assert found["Debug"].text == "false"
    assert found["LastBootUpTime"].findtext(f"{CIM}Datetime") == "2003-07-30T08:00:00.376625Z"


def test_a_projection_has_no_namespace_and_is_alphabetical() -> None:
    page = Rig().body(enumerate_request(f"{WMI}/*", wql="select Version, LastBootUpTime, CSDVersion from Win32_OperatingSystem"))
    (row,) = items(page, W)
    assert row.tag == f"{W}XmlFragment"
    assert [child.tag for child in row] == ["CSDVersion", "LastBootUpTime", "Version"]
    assert row.findtext("LastBootUpTime/Datetime") == "2003-07-30T08:00:00.376625Z"
    assert row[0].get(f"{XSI}nil") == "true"


def test_arrays_are_repeated_elements() -> None:
    row = items(Rig().body(enumerate_request(SERVICES)), W)[0]
    assert [item.text for item in row.iterfind(f"{{{SERVICES}}}Dependencies")] == ["Tcpip", "RpcSs"]


def test_contexts_end_with_idleness_release_and_the_wrong_caller() -> None:
    rig = Rig(WINRM_2)
    context = rig.body(enumerate_request(SERVICES)).findtext(f"{N}EnumerationContext") or ""
    assert rig.fault(pull_request(SERVICES, context), READER) == 2150858779
    assert rig.fault(pull_request(SYSTEM, context)) == 2150859181
    rig.now = 61.0
    assert rig.fault(pull_request(SERVICES, context)) == 2150858779
    context = rig.body(enumerate_request(SERVICES)).findtext(f"{N}EnumerationContext") or ""
    body = f"<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>"
    assert rig.ask(request(f"{ENUMERATION}/Release", SERVICES, body)).status == 200
    assert rig.service.open_operations == {"enumerations": 0, "shells": 0}


def test_open_enumerations_count_against_the_quota_and_its_fault_relates_to_nothing() -> None:
    rig = Rig(WINRM_2)
    for _number in range(15):
        rig.body(enumerate_request(SERVICES))
    answer = rig.ask(enumerate_request(SERVICES))
    assert answer.fault == 2150859174
    assert b"RelatesTo" not in answer.content
    assert rig.ask(enumerate_request(SERVICES), READER).fault is None
    rig.service.forget()
    assert rig.ask(enumerate_request(SERVICES)).fault is None


def test_quota_faults_of_winrm_3_carry_a_cim_error() -> None:
    rig = Rig(WINRM_3)
    for _number in range(30):
        rig.body(request(f"{TRANSFER}/Create", CMD, "<rsp:Shell/>"))
    answer = rig.ask(request(f"{TRANSFER}/Create", CMD, "<rsp:Shell/>"))
    space = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError}"
    fault = ElementTree.fromstring(answer.content)
    assert fault.findtext(f".//{space}MSFT_WmiError/{space}error_Code") == "2150859173"
    assert fault.find(f".//{F}WSManFault") is None


@pytest.mark.parametrize(
    ("content", "code", "subcode"),
    [
        (enumerate_request(SERVICES, wql="select * from Win32_Service"), 2150859003, "a:DestinationUnreachable"),
        (enumerate_request(f"{WMI}/*", wql="select * from Nonsense"), 2150858778, "n:CannotProcessFilter"),
        (enumerate_request(f"{WMI}/*", wql="give me all"), 2150858778, "n:CannotProcessFilter"),
        (enumerate_request(f"{WMI}/*"), 2150858817, "w:SchemaValidationError"),
        (enumerate_request(f"{WMI}/Nonsense"), 2150858752, "a:DestinationUnreachable"),
        (enumerate_request(SERVICES.replace("cimv2", "nowhere")), 2150858752, "a:DestinationUnreachable"),
        (enumerate_request("http://example.com/x"), 2150858752, "a:DestinationUnreachable"),
        (request(f"{ENUMERATION}/Enumerate", SERVICES), 2150858817, "w:SchemaValidationError"),
        (request(f"{ENUMERATION}/Enumerate", SERVICES, '<n:Enumerate><w:Filter Dialect="urn:x"/></n:Enumerate>'), 2150858777, None),
        (request(f"{TRANSFER}/Get", SERVICES), 2150859002, "w:InvalidSelectors"),
        (request(f"{TRANSFER}/Get", SERVICES, selectors={"Id": "x"}), 2150858843, "w:InvalidSelectors"),
        (request(f"{TRANSFER}/Get", SERVICES, selectors={"Name": "x"}), 2150858752, "a:DestinationUnreachable"),
        (request(f"{TRANSFER}/Put", SERVICES, selectors={"Name": "x"}), 2150858771, "a:ActionNotSupported"),
        (request("urn:unknown", SERVICES), 2150858771, "a:ActionNotSupported"),
        (invoke_request(SERVICES, "Nonsense", selectors={"Name": "Service000"}), 2150858771, "a:ActionNotSupported"),
        (request(f"{SERVICES}/StopService", SERVICES, "<x/>"), 2150858817, "w:SchemaValidationError"),
        (request(f"{TRANSFER}/Create", f"{SHELL}/other", "<rsp:Shell/>"), 2150858752, "a:DestinationUnreachable"),
        (request(f"{TRANSFER}/Get", LISTENER), 2150858842, "w:InvalidSelectors"),
        (request(f"{TRANSFER}/Delete", LISTENER), 2150858771, "a:ActionNotSupported"),
    ],
)  # fmt: skip
def test_faults(content: bytes, code: int, subcode: str | None) -> None:
    answer = Rig().ask(content)
    assert (answer.status, answer.fault) == (500, code)
    fault = ElementTree.fromstring(answer.content).find(f"{S}Body/{S}Fault")
    assert fault is not None
    detail = fault.find(f"{S}Detail/{F}WSManFault")
    assert detail is not None
    assert detail.attrib == {"Code": str(code), "Machine": "127.77.0.1"}
    if subcode is not None:
        assert fault.findtext(f"{S}Code/{S}Subcode/{S}Value") == subcode


ADDRESSING_FAULT = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"
WSMAN_FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
UNKNOWN_HEADER = '<x:Y xmlns:x="urn:x" s:mustUnderstand="true"/>'


@pytest.mark.parametrize(
    ("content", "code", "action", "detail"),
    [
        (request(f"{TRANSFER}/Get", ""), 2150858811, ADDRESSING_FAULT, "InvalidResourceURI"),
        (enumerate_request(SERVICES, wql="select * from x"), 2150859003, ADDRESSING_FAULT, "InvalidResourceURI"),
        (request(f"{TRANSFER}/Get", SYSTEM, extra=UNKNOWN_HEADER), 2150858768, ADDRESSING_FAULT, None),
        (request(f"{TRANSFER}/Get", SYSTEM).replace(b"PT20S", b"soon"), 2150858881, WSMAN_FAULT, "InvalidTimeout"),
        (request(f"{TRANSFER}/Get", SYSTEM, reply_to=""), 2150858769, ADDRESSING_FAULT, None),
        (request(f"{TRANSFER}/Get", SERVICES, selectors={"Id": "x"}), 2150858843, WSMAN_FAULT, "UnexpectedSelectors"),
        (enumerate_request(f"{WMI}/*", wql="x"), 2150858778, f"{ENUMERATION}/fault", None),
    ],
)
def test_a_fault_has_the_action_and_the_detail_of_its_code(content: bytes, code: int, action: str, detail: str | None) -> None:
    answer = Rig().ask(content)
    assert answer.fault == code
    envelope = ElementTree.fromstring(answer.content)
    assert envelope.findtext(f"{S}Header/{A}Action") == action
    found = envelope.findtext(f".//{W}FaultDetail")
    assert found == (None if detail is None else f"http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/{detail}")


def test_a_wrong_parameter_says_that_its_value_is_invalid() -> None:
    body = ElementTree.fromstring(fault_body(SoapFault(INVALID_PARAMETER), machine="x", cim_error=False).join(ENVELOPE))
    assert (body.findtext(f".//{W}FaultDetail") or "").endswith("/faultDetail/InvalidValue")


def test_quotas_are_those_of_the_version_unless_somebody_changed_them() -> None:
    assert (WINRM_2.max_envelope, WINRM_3.max_envelope) == (153_600, 512_000)
    assert (WINRM_1_1.max_connections, WINRM_2.max_connections, WINRM_3.max_connections) == (5, 25, 300)
    changed = profile_of("6.1.7601", None, {"max_envelope_kb": 32, "max_operations_per_user": 100, "shell_idle_seconds": 9})
    assert (changed.max_envelope, changed.max_operations, changed.shell_idle) == (32_768, 100, 9)
    assert changed.max_shells == WINRM_2.max_shells


def test_an_answer_that_is_too_large_is_a_fault() -> None:
    rig = Rig(replace(WINRM_2_ON_5X, max_envelope=4096), services=1)
    rig.computer.rows.modes = {"x" * 5000: "Auto"}
    answer = rig.ask(enumerate_request(SERVICES))
    assert answer.fault == 2150858824
    detail = ElementTree.fromstring(answer.content).findtext(f".//{W}FaultDetail")
    assert (detail or "").endswith("/MaxEnvelopeSizeExceeded")


def test_who_may_only_read_neither_invokes_nor_opens_a_shell() -> None:
    rig = Rig()
    assert rig.ask(enumerate_request(SERVICES), READER).fault is None
    assert rig.ask(request(f"{TRANSFER}/Get", SERVICES, selectors={"Name": "service001"}), READER).fault is None
    assert rig.fault(invoke_request(STDREGPROV, "EnumKey"), READER) == 5
    assert rig.fault(request(f"{TRANSFER}/Create", CMD, "<rsp:Shell/>"), READER) == 5


def test_get_finds_an_instance_by_its_key_whatever_the_case() -> None:
    found = Rig().body(request(f"{TRANSFER}/Get", SERVICES, selectors={"NAME": "service001"}))
    assert found.findtext(f"{{{SERVICES}}}Name") == "Service001"
    assert Rig().body(request(f"{TRANSFER}/Get", SYSTEM)).tag == f"{{{SYSTEM}}}Win32_OperatingSystem"


def test_parameters_arrive_as_texts_lists_and_nil() -> None:
    rig = Rig()
    parameters = (
        "<q:hDefKey>2147483650</q:hDefKey><q:sSubKeyName>SOFTWARE\\A &amp; B</q:sSubKeyName><q:sValue>a</q:sValue><q:sValue/>"
        '<q:uValue xsi:nil="true"/><q:sEmpty></q:sEmpty>'
    )
    out = rig.body(invoke_request(STDREGPROV, "EnumKey", parameters))
    assert out.tag == f"{{{STDREGPROV}}}EnumKey_OUTPUT"
    assert [(child.tag.rpartition("}")[2], child.text) for child in out] == [
        ("sNames", "AddressBook"),
        ("sNames", "IE40 & <more>"),
        ("ReturnValue", "0"),
    ]
    assert rig.computer.rows.calls == [
        (
            "StdRegProv",
            {},
            "EnumKey",
            {"hDefKey": "2147483650", "sSubKeyName": "SOFTWARE\\A & B", "sValue": ["a", ""], "uValue": None, "sEmpty": ""},
        )
    ]


def test_a_parameter_of_another_namespace_is_refused() -> None:
    assert Rig().fault(invoke_request(STDREGPROV, "EnumKey", "<w:hDefKey>1</w:hDefKey>")) == 2150858817


def test_a_selector_filter_works_on_a_class() -> None:
    chosen = '<w:SelectorSet><w:Selector Name="name">SERVICE002</w:Selector></w:SelectorSet>'
    dialect = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
    given = f'<w:Filter Dialect="{dialect}">{chosen}</w:Filter>'
    body = f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>9</w:MaxElements>{given}</n:Enumerate>"
    page = Rig().body(request(f"{ENUMERATION}/Enumerate", SERVICES, body))
    assert [row.findtext(f"{{{SERVICES}}}Name") for row in items(page, W)] == ["Service002"]


def test_listeners_are_enumerated_and_got() -> None:
    tag = f"{{{LISTENER}}}"
    (row,) = items(Rig().body(enumerate_request(LISTENER)), W)
    got = Rig().body(request(f"{TRANSFER}/Get", LISTENER, selectors={"Address": "*", "Transport": "http"}))
    assert ElementTree.tostring(row) == ElementTree.tostring(got)
    assert [child.tag.removeprefix(tag) for child in row] == [
        "Address", "Transport", "Port", "Hostname", "Enabled", "URLPrefix", "CertificateThumbprint", "ListeningOn", "ListeningOn",
    ]  # fmt: skip
    assert row.findtext(f"{tag}Port") == "5985"
    assert Rig().fault(request(f"{TRANSFER}/Get", LISTENER, selectors={"Address": "*", "Transport": "HTTPS"})) == 2150858752


def test_what_no_xml_can_carry_becomes_a_question_mark() -> None:
    rig = Rig()
    rig.computer.rows.modes = {"a\x07b]]>&<\ud800": "Auto"}
    row = items(rig.body(enumerate_request(SERVICES)), W)[0]
    assert row.findtext(f"{{{SERVICES}}}Name") == "a?b]]>&<?"
