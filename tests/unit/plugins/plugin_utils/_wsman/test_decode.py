# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import decode as module
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import messages
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.decode import decode
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._wsman.xml import CIM, CONFIG, TRANSFER, WSMAN_FAULT

RESOURCE = names.wmi_resource("root/cimv2", "C")
ENUMERATE = messages.Enumerate(resource=RESOURCE)
PULL = messages.Pull(resource=RESOURCE, context="uuid:1")
XSI = f'xmlns:xsi="{names.XSI}"'


def envelope(body: str, *, relates_to: str = "<a:RelatesTo>uuid:M</a:RelatesTo>") -> bytes:
    """Return an answer as Windows writes it: its prefixes, and p bound anew inside the body."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:x="{TRANSFER}" '
        f'xmlns:n="{names.ENUMERATION}" xmlns:w="{names.WSMAN}" xmlns:rsp="{names.SHELL}" xmlns:p="{names.WSMV}">'
        f"<s:Header><a:Action>any</a:Action>{relates_to}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def read(body: str, request: messages.Request[Any]) -> Any:
    return decode(envelope(body), request, message_id="uuid:M", host="web01")


def instance(properties: str, name: str = "C") -> str:
    return f'<p:{name} {XSI} xmlns:p="{RESOURCE}" xmlns:cim="{CIM}" xsi:type="p:{name}_Type">{properties}</p:{name}>'


def row(properties: str, name: str = "C") -> Row:
    (found,) = page(f"<w:Items>{instance(properties, name)}</w:Items><w:EndOfSequence/>").rows
    return found


# --- values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ("<p:v>text</p:v>", "text"),
        ("<p:v> blanks are data </p:v>", " blanks are data "),
        ("<p:v></p:v>", ""),
        ("<p:v/>", ""),
        ('<p:v xsi:nil="true"/>', None),
        ('<p:v xsi:nil="1"/>', None),
        ('<p:v xsi:nil="true" m:IsNullArray="true" xmlns:m="urn:m"/>', None),
        ("", None),
        ("<p:v>a</p:v><p:v>b</p:v>", ("a", "b")),
        ('<p:v>a</p:v><p:v xsi:nil="true"/>', ("a", None)),
        ("<p:v><cim:Datetime>2013-04-15T16:28:38.376625Z</cim:Datetime></p:v>", "2013-04-15T16:28:38.376625Z"),
        ("<p:v><cim:Interval>P0DT0H5M0S</cim:Interval></p:v>", "P0DT0H5M0S"),
        ("<p:v>&lt;b&gt; {{ 1 }} \u65e5</p:v>", "<b> {{ 1 }} \u65e5"),
    ],
)
def test_values(xml: str, value: object) -> None:
    assert row(xml).value("V") == value


def test_references() -> None:
    inner = (
        f"<a:Address>{names.ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>{names.WMI_PREFIX}root/cimv2/Win32_Service"
        '</w:ResourceURI><w:SelectorSet><w:Selector Name="Name">Tcpip</w:Selector></w:SelectorSet></a:ReferenceParameters>'
    )
    expected = Reference("Win32_Service", {"Name": "Tcpip"})
    assert row(f"<p:v>{inner}</p:v>").reference("v") == expected
    assert row(f"<p:v><a:EndpointReference>{inner}</a:EndpointReference></p:v>").reference("v") == expected


def test_an_embedded_instance_is_a_row_in_a_row() -> None:
    (inner,) = row("<p:v><p:x>inside</p:x><p:y>1</p:y><p:y>2</p:y></p:v>").instances("v")
    assert (inner.text("x"), inner.texts("y")) == ("inside", ("1", "2"))
    found = row("<p:v><p:x>a</p:x></p:v><p:v><p:x>b</p:x></p:v>")
    assert [one.text("X") for one in found.instances("V")] == ["a", "b"]
    assert row("<p:v>text</p:v>").instances("v") == row("").instances("v") == ()


def test_a_derived_class_keeps_its_name() -> None:
    assert row("<p:v>1</p:v>", "Win32_TerminalService").class_name == "Win32_TerminalService"


# --- enumerations -----------------------------------------------------------------------------------------------


def page(inner: str, name: str = "EnumerateResponse", request: messages.Request[Any] = ENUMERATE) -> messages.Page:
    found = read(f"<n:{name}>{inner}</n:{name}>", request)
    assert isinstance(found, messages.Page)
    return found


ONE = instance("<p:Name>a</p:Name>")


def test_all_rows_in_the_first_answer() -> None:
    found = page(f"<n:EnumerationContext></n:EnumerationContext><w:Items>{ONE}{ONE}</w:Items><w:EndOfSequence/>")
    assert [item.text("Name") for item in found.rows] == ["a", "a"]
    assert found.context is None


def test_one_row_and_a_context() -> None:
    found = page(f"<n:EnumerationContext>uuid:1</n:EnumerationContext><w:Items>{ONE}</w:Items>")
    assert (len(found.rows), found.context) == (1, "uuid:1")


def test_no_rows_means_no_items() -> None:
    assert page("<n:EnumerationContext></n:EnumerationContext><w:EndOfSequence/>") == messages.Page((), None)


def test_without_optimisation_only_a_context() -> None:
    assert page("<n:EnumerationContext>uuid:1</n:EnumerationContext>") == messages.Page((), "uuid:1")


def test_pulls_use_the_other_namespace() -> None:
    found = page(f"<n:EnumerationContext>uuid:2</n:EnumerationContext><n:Items>{ONE}</n:Items>", "PullResponse", PULL)
    assert (len(found.rows), found.context) == (1, "uuid:2")
    assert page(f"<n:Items>{ONE}</n:Items><n:EndOfSequence/>", "PullResponse", PULL).context is None
    assert page(f"<w:Items>{ONE}</w:Items><w:EndOfSequence/>", "PullResponse", PULL).context is None


def test_empty_items_with_a_context_go_on() -> None:
    found = page("<n:EnumerationContext>uuid:3</n:EnumerationContext><n:Items></n:Items>", "PullResponse", PULL)
    assert found == messages.Page((), "uuid:3")


def test_projected_rows_have_no_namespace_and_no_class() -> None:
    columns = '<Boot><Datetime>2013-04-15T16:28:43Z</Datetime></Boot><Name>C:</Name><None xsi:nil="true"/>'
    fragment = f"<w:XmlFragment {XSI}>{columns}</w:XmlFragment>"
    (found,) = page(f"<n:EnumerationContext/><w:Items>{fragment}</w:Items><w:EndOfSequence/>").rows
    assert found == Row("", {"Boot": "2013-04-15T16:28:43Z", "Name": "C:", "None": None})


def test_rows_of_the_configuration() -> None:
    listener = (
        f'<cfg:Listener xmlns:cfg="{CONFIG}"><cfg:Address>*</cfg:Address><cfg:Port>5985</cfg:Port>'
        "<cfg:ListeningOn>127.0.0.1</cfg:ListeningOn><cfg:ListeningOn>::1</cfg:ListeningOn></cfg:Listener>"
    )
    found = read(
        f"<n:EnumerateResponse><n:EnumerationContext/><w:Items>{listener}</w:Items><w:EndOfSequence/></n:EnumerateResponse>",
        messages.EnumerateConfig(part="listener"),
    )
    assert found.rows[0].texts("ListeningOn") == ("127.0.0.1", "::1")


# --- methods and shells -----------------------------------------------------------------------------------------


def test_output() -> None:
    request = messages.Invoke(resource=RESOURCE, method="M")
    found = read(instance("<p:sValue>a</p:sValue><p:ReturnValue>0</p:ReturnValue>", "M_OUTPUT"), request)
    assert (found.values.texts("sValue"), found.return_value) == (("a",), 0)
    assert read(instance("<p:ReturnValue>-2147217403</p:ReturnValue>", "M_OUTPUT"), request).return_value == 0x80041005
    assert read(instance('<p:ReturnValue xsi:nil="true"/>', "M_OUTPUT"), request).return_value is None
    assert read(instance("", "M_OUTPUT"), request).return_value is None


@pytest.mark.parametrize("value", ["abc", "1.5", "", "9" * 5000])
def test_a_return_value_that_is_no_number(value: str) -> None:
    with pytest.raises(ProtocolError):
        read(instance(f"<p:ReturnValue>{value}</p:ReturnValue>", "M_OUTPUT"), messages.Invoke(resource=RESOURCE, method="M"))


def test_output_of_another_method() -> None:
    with pytest.raises(ProtocolError, match="M_OUTPUT"):
        read(instance("", "Other_OUTPUT"), messages.Invoke(resource=RESOURCE, method="M"))


def test_shell_created_with_and_without_shell_element() -> None:
    created = (
        "<x:ResourceCreated><a:ReferenceParameters><w:SelectorSet>"
        '<w:Selector Name="ShellId">uuid:7</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>'
    )
    assert read(created, messages.CreateShell()) == messages.ShellCreated("uuid:7")
    assert read(created + "<rsp:Shell><rsp:ShellId>uuid:7</rsp:ShellId></rsp:Shell>", messages.CreateShell()).shell_id == "uuid:7"
    with pytest.raises(ProtocolError):
        read("<x:ResourceCreated/>", messages.CreateShell())


def test_streams_are_joined() -> None:
    receive = messages.Receive(shell_id="S", command_id="C")
    found = read(
        '<rsp:ReceiveResponse><rsp:Stream Name="stdout">YQ==</rsp:Stream><rsp:Stream Name="stderr">Yg==</rsp:Stream>'
        '<rsp:Stream Name="stdout">Yw==</rsp:Stream><rsp:Stream Name="other">Yw==</rsp:Stream>'
        f'<rsp:CommandState State="{names.SHELL}/CommandState/Running"/></rsp:ReceiveResponse>',
        receive,
    )
    assert found == messages.Received(b"ac", b"b", False, None)
    with pytest.raises(ProtocolError):
        read('<rsp:ReceiveResponse><rsp:Stream Name="stdout">Y</rsp:Stream></rsp:ReceiveResponse>', receive)


def test_answers_without_content() -> None:
    for request in (messages.Release(resource=RESOURCE, context="c"), messages.DeleteShell(shell_id="S")):
        assert read("", request) == messages.Acknowledged()


# --- hostile answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2",
        b"<html/>",
        b"<a",
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        envelope("")[:-20],
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + envelope(""),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + envelope(""),
        envelope("&undefined;"),
        f'<s:Envelope xmlns:s="{names.SOAP}"/>'.encode(),
        envelope("<n:EnumerateResponse>" + "<b>" * 100 + "</b>" * 100 + "</n:EnumerateResponse>"),
        envelope("<n:Other/>"),
        envelope(""),
    ],
)
def test_what_is_no_answer(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="web01") as found:
        decode(data, ENUMERATE, message_id="uuid:M", host="web01")
    assert found.value.host == "web01"
    assert "passwd" not in str(found.value)


def test_a_document_type_is_named() -> None:
    with pytest.raises(ProtocolError, match="document type"):
        decode(b"<!DOCTYPE a>" + envelope(""), ENUMERATE, message_id="uuid:M", host="web01")


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = envelope(f"<n:EnumerateResponse><w:Items>{ONE * 50}</w:Items><w:EndOfSequence/></n:EnumerateResponse>")
    monkeypatch.setattr(module, "MAX_ELEMENTS", 60)
    with pytest.raises(ProtocolError, match="too many"):
        decode(data, ENUMERATE, message_id="uuid:M", host="web01")
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    with pytest.raises(ProtocolError, match="larger"):
        decode(data, ENUMERATE, message_id="uuid:M", host="web01")


@pytest.mark.parametrize("relates_to", ["", "<a:RelatesTo>uuid:other</a:RelatesTo>"])
def test_an_answer_to_another_message(relates_to: str) -> None:
    data = envelope("<n:EnumerateResponse><w:EndOfSequence/></n:EnumerateResponse>", relates_to=relates_to)
    with pytest.raises(ProtocolError, match="another message"):
        decode(data, ENUMERATE, message_id="uuid:M", host="web01")


# --- faults -----------------------------------------------------------------------------------------------------


def fault(subcode: str, detail: str = "", *, reason: str = "") -> str:
    return (
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="">{reason}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>'
    )


def wsman_fault(code: str, inner: str = "") -> str:
    return f'<f:WSManFault xmlns:f="{WSMAN_FAULT}" Code="{code}" Machine=""><f:Message>{inner}</f:Message></f:WSManFault>'


def test_faults_come_before_the_relation() -> None:
    data = envelope(fault("w:QuotaLimit"), relates_to="")
    assert decode(data, ENUMERATE, message_id="uuid:M", host="h") == messages.SoapFault((), "QuotaLimit", "")


def test_codes_from_outside_in() -> None:
    inner = (
        f'<f:ProviderFault provider="x">{wsman_fault("2150859010", "no")}<f:ExtendedError><p:__ExtendedStatus>'
        "<p:StatusCode>2147749891</p:StatusCode></p:__ExtendedStatus></f:ExtendedError></f:ProviderFault>"
    )
    found = read(fault("w:InternalError", wsman_fault("2150858752", inner), reason="outer"), ENUMERATE)
    assert found == messages.SoapFault((2150858752, 2150859010, 0x80041003), "InternalError", "no")


@pytest.mark.parametrize(
    "namespace", ["http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError", names.WMI_PREFIX + "root/standardcimv2/MSFT_WmiError"]
)
def test_the_newer_form_in_any_namespace(namespace: str) -> None:
    codes = "<p:CIMStatusCode>27</p:CIMStatusCode><p:error_Code>2150859174</p:error_Code>"
    detail = f'<p:MSFT_WmiError xmlns:p="{namespace}">{codes}</p:MSFT_WmiError>'
    assert read(fault("w:InternalError", detail), ENUMERATE).codes == (2150859174,)


@pytest.mark.parametrize(("code", "codes"), [("5", (5,)), ("-2147217405", (0x80041003,)), ("0x5", ()), ("", ()), (" 87 ", (87,))])
def test_forms_of_a_code(code: str, codes: tuple[int, ...]) -> None:
    assert read(fault("w:X", wsman_fault(code)), ENUMERATE).codes == codes


@pytest.mark.parametrize(
    ("kind", "code", "codes"),
    [
        ("HRESULT", 2147749891, (0x80041003,)),
        ("WIN32", 5, (5,)),
        ("", 5, (5,)),
        ("MI", 2, (0x80041003,)),
        ("MI", 3, (0x8004100E,)),
        ("MI", 5, (0x80041010,)),
        ("MI", 6, (0x80041002,)),
        # An enumeration that is given up is 21, a time-out that is not supported 22 (MI_Result in microsoft/omi, MI.h).
        ("MI", 21, (2150858779,)),
        ("MI", 22, ()),
        ("mi", 2, (0x80041003,)),
        ("mi", 17, (0x8004102E,)),
        ("MI", 424242, ()),
    ],
)
def test_the_type_of_a_wmi_error_says_what_its_code_means(kind: str, code: int, codes: tuple[int, ...]) -> None:
    stated = f"<p:error_Code>{code}</p:error_Code><p:error_Type>{kind}</p:error_Type>"
    detail = f'<p:MSFT_WmiError xmlns:p="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError">{stated}</p:MSFT_WmiError>'
    found = read(fault("w:InternalError", detail), ENUMERATE)
    assert found.codes == codes
