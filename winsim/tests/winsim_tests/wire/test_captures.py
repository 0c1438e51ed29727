# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers have the shape of those that real hosts gave: names, nesting and attributes, element by element."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from winsim.wire.faults import TIMED_OUT, SoapFault
from winsim.wire.profile import (
    WINRM_1_1,
    WINRM_2,
    WINRM_2_ON_5X,
    WINRM_3,
    Profile,
)
from winsim_tests.envelopes import (
    CMD,
    RSP,
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
    recorded,
    request,
    shape,
)
from winsim_tests.wire.rig import ADMIN, STDREGPROV, Rig, command, opened

# Only Windows newer than any that is simulated sends it.
ACTIVITY = frozenset({"{http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd}ActivityId"})


def same(answer: bytes, name: str, *, but: frozenset[str] = ACTIVITY) -> None:
    """Compare whole envelopes, but for some elements."""
    assert shape(ElementTree.fromstring(answer), without=but) == shape(recorded(name), without=but)


def test_no_rows() -> None:
    answer = Rig(WINRM_3).ask(enumerate_request(f"{WMI}/*", wql="select * from Win32_Service where Name='x'"))
    same(answer.content, "pypsrp--enumerate_commands_empty.response.xml")


def test_a_shell_is_created() -> None:
    body = "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    answer = Rig().ask(request(f"{TRANSFER}/Create", CMD, body))
    same(answer.content, "pypsrp--test_winrs_standard_00_Create.response.xml")


def test_a_command_is_started() -> None:
    rig = Rig()
    body = "<rsp:CommandLine><rsp:Command>netstat</rsp:Command></rsp:CommandLine>"
    answer = rig.ask(request(f"{SHELL}/Command", CMD, body, selectors=opened(rig)))
    same(answer.content, "pypsrp--test_winrs_standard_01_Command.response.xml")


def test_output_is_received() -> None:
    rig = Rig()
    shell = opened(rig)
    name = command(rig, shell, "netstat")
    body = f'<rsp:Receive><rsp:DesiredStream CommandId="{name}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
    answer = rig.ask(request(f"{SHELL}/Receive", CMD, body, selectors=shell))
    same(answer.content, "pypsrp--test_winrs_standard_02_Receive.response.xml")
    state = ElementTree.fromstring(answer.content).find(f".//{RSP}CommandState")
    theirs = recorded("pypsrp--test_winrs_standard_02_Receive.response.xml").find(f".//{RSP}CommandState")
    assert state is not None
    assert theirs is not None
    assert state.get("State") == theirs.get("State")


def test_unknown_shell() -> None:
    answer = Rig().ask(request(f"{TRANSFER}/Delete", CMD, selectors={"ShellId": "x"}))
    same(answer.content, "pypsrp--fault_unexpected_selectors.response.xml")


def test_timeout() -> None:
    def meet(_request: object) -> None:
        raise SoapFault(TIMED_OUT)

    rig = Rig()
    _request, answer = rig.service.answer(
        request(f"{TRANSFER}/Get", f"{WMI}/Win32_OperatingSystem"), ADMIN, machine="192.168.56.11", meet=meet
    )
    same(answer.content, "pypsrp--fault_operation_timeout.response.xml")


def test_missing_instance() -> None:
    answer = Rig().ask(request(f"{TRANSFER}/Get", f"{WMI}/Win32_Service", selectors={"Name": "none"}))
    same(answer.content, "microsoft-omi--fault_get_win32_process_not_found.xml")


def test_bad_query() -> None:
    answer = Rig().ask(enumerate_request(f"{WMI}/*", wql="select * from Nonsense"))
    theirs = recorded("WinRM--soap_fault_v1.xml")
    mine = ElementTree.fromstring(answer.content)
    for path in (f"{S}Header/{A}Action", f".//{S}Subcode/{S}Value"):
        assert mine.findtext(path) == theirs.findtext(path)
    inner = f".//{F}ProviderFault/{F}WSManFault"
    assert [item.get("Code") for item in mine.iterfind(inner)] == [item.get("Code") for item in theirs.iterfind(inner)]


def test_bad_query_of_winrm_1_1() -> None:
    answer = Rig(WINRM_1_1).ask(enumerate_request(f"{WMI}/*", wql="select * from Nonsense"))
    theirs, mine = recorded("WinRM--soap_fault_v1.xml"), ElementTree.fromstring(answer.content)
    path = f".//{F}WSManFault/{F}Message/{F}ProviderFault"
    assert [item.attrib for item in mine.iterfind(path)] == [item.attrib for item in theirs.iterfind(path)]


def test_too_many_operations() -> None:
    rig = Rig(WINRM_2)
    for _number in range(15):
        rig.body(enumerate_request(f"{WMI}/Win32_Service"))
    answer = rig.ask(enumerate_request(f"{WMI}/Win32_Service"))
    # This one relates to its request, the quota fault of shells does not; clients have to stand both.
    same(answer.content, "txwinrm--error__max_concurrent.xml", but=frozenset({f"{A}RelatesTo"}))


def test_too_many_shells_in_the_form_of_winrm_3() -> None:
    rig = Rig(WINRM_3)
    for _number in range(30):
        opened(rig)
    answer = rig.ask(request(f"{TRANSFER}/Create", CMD, "<rsp:Shell/>"))
    same(answer.content, "WinRM--wmi_error_v2.xml")


def test_a_method_without_selectors() -> None:
    answer = Rig().ask(invoke_request(STDREGPROV, "EnumKey"))
    same(answer.content, "openwsman--EnumKey.xml")


def test_a_reference_in_an_output() -> None:
    uri = f"{WMI}/Win32_Service"
    out = Rig().body(invoke_request(uri, "Link", selectors={"Name": "Service000"}))
    theirs = recorded("r4sd-go-wsman--invoke_response_define_switch.xml").find(f"{S}Body")
    assert theirs is not None
    assert _inside(out[0]) == _inside(theirs[0][0])
    assert out[1].attrib == theirs[0][1].attrib


@pytest.mark.parametrize(
    ("profile", "name", "pull"),
    [
        (WINRM_2, "txwinrm--server_2008__Win32_Service_star_000.xml", False),
        (WINRM_2, "txwinrm--server_2008__Win32_Service_star_001.xml", True),
        (WINRM_2_ON_5X, "txwinrm--server_2003__Win32_NetworkAdapterConfiguration_star_000.xml", False),
    ],
)
def test_pages(profile: Profile, name: str, pull: bool) -> None:
    rig = Rig(profile, services=200 if pull else 4)
    uri = f"{WMI}/Win32_Service"
    answer = rig.ask(enumerate_request(uri))
    if pull:
        context = ElementTree.fromstring(answer.content).findtext(f".//{N}EnumerationContext") or ""
        answer = rig.ask(pull_request(uri, context))
    assert _pages(ElementTree.fromstring(answer.content)) == _pages(recorded(name))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "txwinrm--server_2003__Win32_OperatingSystem_star_000.xml",
            enumerate_request(f"{WMI}/*", wql="select * from Win32_OperatingSystem"),
        ),
        (
            "txwinrm--server_2012__Win32_OperatingSystem_all_000.xml",
            enumerate_request(f"{WMI}/*", wql="select Caption, CSDVersion, LastBootUpTime, Version from Win32_OperatingSystem"),
        ),
    ],
)
def test_rows(name: str, content: bytes) -> None:
    """Each property that both have looks the same, time and null included."""
    mine, theirs = (envelope.find(f".//{W}Items") for envelope in (ElementTree.fromstring(Rig().ask(content).content), recorded(name)))
    assert mine is not None
    assert theirs is not None
    assert (mine[0].tag, sorted(mine[0].attrib)) == (theirs[0].tag, sorted(theirs[0].attrib))
    known = {child.tag: child for child in theirs[0]}
    common = [child.tag for child in mine[0] if child.tag in known and bool(child.text) == bool(known[child.tag].text)]
    assert len(common) >= 2
    for child in mine[0]:
        if child.tag in common:
            assert _inside(child) == _inside(known[child.tag])


def _inside(item: ElementTree.Element) -> list[object]:
    """Return an element's shape but for its own name."""
    return list(shape(item)[1:])


def _pages(envelope: ElementTree.Element) -> tuple[list[str], list[str]]:
    """Return the header's names, and what stands in the answer beside the rows."""
    page = envelope[1][0]
    filled = [f"{child.tag}{'+' if child.text or len(child) else ''}" for child in page]
    return [child.tag for child in envelope[0]], [page.tag, *filled]
