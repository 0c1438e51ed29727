# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import messages
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.encode import Envelope, encode
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._wsman.xml import SOAP, body, captures, header
from pypsrp import shell as pypsrp_shell
from pypsrp import wsman as pypsrp_wsman

SERVICE = names.wmi_resource("root/cimv2", "Win32_Service")
REGISTRY = names.wmi_resource("root\\default", "StdRegProv")
ENVELOPE = Envelope(to="http://h/wsman", message_id="uuid:M", session_id="uuid:S")


def build(request: messages.Request[Any]) -> bytes:
    return encode(request, ENVELOPE)


def p(resource: str, name: str) -> str:
    return f"{{{resource}}}{name}"


# --- shapes of wsman.md §2 to §5 --------------------------------------------------------------------------------


def test_resource_uris() -> None:
    assert REGISTRY == "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/default/StdRegProv"
    assert names.wmi_resource("root/cimv2", "*") == "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*"


def test_locales_need_not_be_understood() -> None:
    root = fromstring(build(messages.Enumerate(resource=SERVICE)))
    for name in (p(names.WSMAN, "Locale"), p(names.WSMV, "DataLocale")):
        found = root.find(f"{SOAP}Header/{name}")
        assert found is not None
        assert found.get(f"{SOAP}mustUnderstand") == "false"


def test_enumerate_with_wql() -> None:
    wsen, wsman = names.ENUMERATION, names.WSMAN
    query = "select * from Win32_Service where Name='RemoteRegistry'"
    assert body(build(messages.Enumerate(resource=SERVICE, wql=query))) == (
        (
            p(wsen, "Enumerate"), (), "",
            (
                (p(wsman, "OptimizeEnumeration"), (), "", ()),
                (p(wsman, "MaxElements"), (), "32000", ()),
                (p(wsman, "Filter"), (("Dialect", "http://schemas.microsoft.com/wbem/wsman/1/WQL"),), query, ()),
            ),
        ),
    )  # fmt: skip


def test_enumerate_of_a_class_has_no_filter() -> None:
    assert b"Filter" not in build(messages.Enumerate(resource=SERVICE))


def test_enumerate_of_the_configuration() -> None:
    request = messages.EnumerateConfig(part="listener")
    assert request.target().resource == "http://schemas.microsoft.com/wbem/wsman/1/config/listener"
    assert body(build(request))[0][0] == p(names.ENUMERATION, "Enumerate")


def test_pull_repeats_the_resource_and_asks_for_more_than_one() -> None:
    wsen = names.ENUMERATION
    data = build(messages.Pull(resource=SERVICE, context="uuid:C"))
    assert body(data) == (
        (p(wsen, "Pull"), (), "", ((p(wsen, "EnumerationContext"), (), "uuid:C", ()), (p(wsen, "MaxElements"), (), "32000", ()))),
    )
    assert SERVICE.encode() in data


def test_release() -> None:
    wsen = names.ENUMERATION
    assert body(build(messages.Release(resource=SERVICE, context="uuid:C"))) == (
        (p(wsen, "Release"), (), "", ((p(wsen, "EnumerationContext"), (), "uuid:C", ()),)),
    )


def test_invoke_of_an_instance() -> None:
    request = messages.Invoke(
        resource=SERVICE, method="ChangeStartMode", arguments=(("StartMode", "Disabled"),), selectors=(("Name", "RemoteRegistry"),)
    )
    data = build(request)
    assert body(data) == ((p(SERVICE, "ChangeStartMode_INPUT"), (), "", ((p(SERVICE, "StartMode"), (), "Disabled", ()),)),)
    assert request.target().action == SERVICE + "/ChangeStartMode"
    selector = (p(names.WSMAN, "Selector"), (("Name", "Name"),), "RemoteRegistry", ())
    assert (p(names.WSMAN, "SelectorSet"), (), "", (selector,)) in header(data)


def test_a_method_without_parameters_has_an_empty_input() -> None:
    data = build(messages.Invoke(resource=SERVICE, method="StopService", selectors=(("Name", "Spooler"),)))
    assert body(data) == ((p(SERVICE, "StopService_INPUT"), (), "", ()),)


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        ("text", [("text", ())]),
        (2147483650, [("2147483650", ())]),
        (True, [("true", ())]),
        (False, [("false", ())]),
        (("a", "b"), [("a", ()), ("b", ())]),
        ((0, 255), [("0", ()), ("255", ())]),
        ((), []),
        (("",), [("", ())]),
        ("", [("", ())]),
        (None, [("", ((p(names.XSI, "nil"), "true"),))]),
    ],
)
def test_typed_parameters(value: messages.Argument, elements: list[tuple[str, tuple[tuple[str, str], ...]]]) -> None:
    data = build(messages.Invoke(resource=REGISTRY, method="M", arguments=(("v", value),)))
    assert body(data)[0][3] == tuple((p(REGISTRY, "v"), attributes, text, ()) for text, attributes in elements)


def test_text_goes_in_escaped_and_comes_out_as_it_was() -> None:
    text = "<&\"'> \r\n\t \u00e4\u65e5\U0001f600 ]]>"
    root = fromstring(build(messages.Invoke(resource=REGISTRY, method="M", arguments=(("v", text),), selectors=(("K", text),))))
    assert [element.text for element in root.iter(p(REGISTRY, "v"))] == [text]
    assert [element.text for element in root.iter(p(names.WSMAN, "Selector"))] == [text]


@pytest.mark.parametrize("text", ["\x00", "a\x1bb", "\ud800", "\uffff"])
def test_text_that_xml_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="cannot transport"):
        build(messages.Invoke(resource=REGISTRY, method="M", arguments=(("v", text),)))


# --- recorded requests ------------------------------------------------------------------------------------------

SHELL_ID = "4283CBDC-3706-415B-88BD-B385F3E51A53"
COMMAND_ID = "CF84C20A-0A35-43FA-AF78-0B4711DA5F30"
RECORDED: dict[str, messages.Request[Any]] = {
    "pypsrp--enumerate_commands_empty": messages.Enumerate(resource="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command"),
    "pypsrp--fault_operation_timeout": messages.Receive(
        shell_id="849551A1-CEC2-4ABD-8B62-652AD1053E9B", command_id="D644AE56-61E5-4C1A-A135-E599B76B3035"
    ),
    "pypsrp--test_winrs_standard_00_Create": messages.CreateShell(),
    "pypsrp--test_winrs_standard_01_Command": messages.RunCommand(shell_id=SHELL_ID, command="cmd.exe", arguments=("/c", "echo", "hi")),
    "pypsrp--test_winrs_standard_02_Receive": messages.Receive(shell_id=SHELL_ID, command_id=COMMAND_ID),
}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_requests_are_like_the_recorded_ones(name: str) -> None:
    recorded = fromstring((captures() / f"{name}.request.xml").read_bytes())
    for enumerate_element in recorded.iter(p(names.ENUMERATION, "Enumerate")):
        # The recording narrows its list with a selector filter, which this collection never sends.
        for element in enumerate_element.findall(p(names.WSMAN, "Filter")):
            enumerate_element.remove(element)
    ours = encode(RECORDED[name], envelope_of(recorded))
    theirs = serialised(recorded)
    assert header(ours) == header(theirs)
    assert body(ours) == body(theirs)


def test_every_recorded_request_is_compared() -> None:
    # A Get, which this collection never sends.
    others = {"pypsrp--fault_unexpected_selectors"}
    assert {path.name.removesuffix(".request.xml") for path in captures().glob("*.request.xml")} == set(RECORDED) | others


# --- pypsrp's own envelopes -------------------------------------------------------------------------------------


class Caught(Exception):
    """Carries what pypsrp was about to send."""


def pypsrp() -> Any:
    wsman: Any = pypsrp_wsman.WSMan("h", ssl=False, auth="basic", encryption="never", username="u", password="p")

    def catch(message: bytes, **_options: object) -> bytes:
        raise Caught(message)

    wsman.transport.send = catch
    return wsman


def caught(action: Any, *arguments: object, **options: object) -> bytes:
    with pytest.raises(Caught) as found:
        action(*arguments, **options)
    sent = found.value.args[0]
    assert isinstance(sent, bytes)
    return sent


def selectors(pairs: messages.Pairs) -> Any:
    found = pypsrp_wsman.SelectorSet()
    for name, value in pairs:
        found.add_option(name, value)
    return found


def resource_of(request: messages.Request[Any]) -> Element:
    return fromstring(build(request)).find(f"{SOAP}Body")[0]  # type: ignore[index]


def same(ours: messages.Request[Any], theirs: bytes) -> None:
    sent = encode(ours, envelope_of(fromstring(theirs)))
    assert header(sent) == header(theirs)
    assert body(sent) == body(theirs)


def test_like_pypsrp_enumerate_and_pull() -> None:
    wsen, wsman = names.ENUMERATION, names.WSMAN
    listing = Element(p(wsen, "Enumerate"))
    SubElement(listing, p(wsman, "OptimizeEnumeration"))
    SubElement(listing, p(wsman, "MaxElements")).text = "32000"
    same(messages.Enumerate(resource=SERVICE), caught(pypsrp().enumerate, SERVICE, listing))
    more = Element(p(wsen, "Pull"))
    SubElement(more, p(wsen, "EnumerationContext")).text = "uuid:C"
    SubElement(more, p(wsen, "MaxElements")).text = "32000"
    same(messages.Pull(resource=SERVICE, context="uuid:C"), caught(pypsrp().pull, SERVICE, more))


def test_like_pypsrp_invoke() -> None:
    pairs = (("Name", "Spooler"),)
    request = messages.Invoke(resource=SERVICE, method="ChangeStartMode", arguments=(("StartMode", "Manual"),), selectors=pairs)
    same(
        request,
        caught(pypsrp().invoke, SERVICE + "/ChangeStartMode", SERVICE, resource_of(request), selector_set=selectors(pairs)),
    )


def test_like_pypsrp_shell() -> None:
    shell = pypsrp_shell.WinRS(pypsrp(), no_profile=False, codepage=437)
    options = (("WINRS_CODEPAGE", "437"),)
    same(messages.CreateShell(options=options), caught(shell.open))
    shell._selector_set = selectors((("ShellId", "S"),))  # noqa: SLF001  (pypsrp learns it from a host)
    run = caught(shell.command, "netstat", ["-ano"], no_shell=False)
    same(messages.RunCommand(shell_id="S", command="netstat", arguments=("-ano",)), run)
    same(messages.Receive(shell_id="S", command_id="C"), caught(shell.receive, "stdout stderr", "C"))
    same(messages.Signal(shell_id="S", command_id="C"), caught(shell.signal, names.SIGNAL_TERMINATE, "C"))
    closing = caught(pypsrp().delete, names.SHELL_RESOURCE, selector_set=selectors((("ShellId", "S"),)))
    same(messages.DeleteShell(shell_id="S"), closing)


def envelope_of(root: Element) -> Envelope:
    """Return the conversation's header fields of an envelope that somebody else made."""

    def text(namespace: str, name: str) -> str:
        return root.findtext(f"{SOAP}Header/{p(namespace, name)}", "")

    return Envelope(
        to=text(names.ADDRESSING, "To"),
        message_id=text(names.ADDRESSING, "MessageID"),
        session_id=text(names.WSMV, "SessionId"),
        operation_timeout=int(text(names.WSMAN, "OperationTimeout").removeprefix("PT").removesuffix("S")),
        max_envelope_size=int(text(names.WSMAN, "MaxEnvelopeSize")),
    )


def serialised(root: Element) -> bytes:
    return bytes(tostring(root))
