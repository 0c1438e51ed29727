# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bytes to responses. What comes in is hostile: no document type, no entity, bounded depth and size.

Elements are matched by namespace and local name, never by prefix: Windows rebinds `p` inside the body.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row, Scalar, Value, whole_number

from . import constants as names
from . import messages

# Requests allow a host envelopes of MAX_ENVELOPE_SIZE, 500 KiB, its own limit from Windows 8 and Server 2012 on
# (MaxEnvelopeSizekb; 150 before), and it splits what is larger into pages. Four times that is broken or hostile.
MAX_BYTES = 4 * names.MAX_ENVELOPE_SIZE
# Elements and attributes of one answer; the densest real answer seen has 10,000 in 500 KiB.
MAX_ELEMENTS = 50_000
# The deepest real answer seen, a fault with __ExtendedStatus, has 10 levels.
MAX_DEPTH = 64
# The longest real ones seen have 431 bytes and 112 characters. The parser keeps a name with its namespace written out, so
# that a long namespace would come back thousandfold.
MAX_TAG = 8192
MAX_NAMESPACE = 200
# Of what a fault says so many characters are kept.
MAX_FAULT_TEXT = 1000

R = TypeVar("R")
_PIECE = 64 * 1024
_ITEMS = (f"{{{names.WSMAN}}}Items", f"{{{names.ENUMERATION}}}Items")
_ENDS = (f"{{{names.WSMAN}}}EndOfSequence", f"{{{names.ENUMERATION}}}EndOfSequence")
# A DWORD, sometimes signed.
_CODE = re.compile(r"-?[0-9]{1,10}")
# A start tag with its attributes; a value may hold ">".
_TAG = re.compile(rb"""<[^<>"']*+(?:(?:"[^"]*+"|'[^']*+')[^<>"']*+)*+>?""")
# The one thing that may begin so (XML 1.0, 2.8), perhaps behind a byte order mark; "<?xml-stylesheet" is an instruction.
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[ \t\r\n]")
# A namespace that may be too long: its text is not shorter than what it stands for.
_LONG_NAMESPACE = re.compile(rb"""xmlns[^<>"'=]*=[ \t\r\n]*(?:"[^"]{%d}|'[^']{%d})""" % (MAX_NAMESPACE + 1, MAX_NAMESPACE + 1))
_TOO_MUCH = "it is nested too deep or holds too many elements or attributes"
_FRAGMENT = f"{{{names.WSMAN}}}XmlFragment"
_NIL = f"{{{names.XSI}}}nil"


class _Malformed(Exception):
    """An answer that breaks a rule; becomes a ProtocolError, which also names the host."""


def decode(data: bytes, request: messages.Request[R], *, message_id: str, host: str) -> R | messages.SoapFault:
    """Return the typed response to a request, or the fault that came instead.

    Raises:
        ProtocolError: no SOAP envelope, an answer to another message, or one without what the request asked for.
    """
    try:
        root = _parse(data)
        body = _body(root)
        fault = body.find(f"{{{names.SOAP}}}Fault")
        # Quota faults come without RelatesTo.
        _check_relation(root, message_id, may_lack=fault is not None)
        if fault is not None:
            return _fault(fault)
        # The table maps a request's type to the reader of its response type, which Python's types cannot say.
        return cast("R", _READERS[type(request)](body, request))
    except (_Malformed, ParseError, ValueError) as error:
        raise ProtocolError(f"{host} sent an answer that is not a valid WS-Management message: {excerpt(error)}", host=host) from error


class _GuardedBuilder(TreeBuilder):
    """Builds the tree and refuses, before it is built, what takes too much; slower than without it, and so only for what may be such."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def start_ns(self, _prefix: str, uri: str) -> None:
        """Refuse a long namespace before the names in it are made."""
        if len(uri or "") > MAX_NAMESPACE:
            raise _Malformed("a namespace is too long")

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        """Refuse a document type: SOAP 1.2 (5) forbids it, and entities need one."""
        raise _Malformed("it holds a document type declaration")

    def start(self, tag: Any, attrs: Any, /) -> Element:
        """Count, then build."""
        self._count += 1 + len(attrs)
        if self._count > MAX_ELEMENTS:
            raise _Malformed(_TOO_MUCH)
        return super().start(tag, attrs)


def _parse(data: bytes) -> Element:
    _screen(data)
    # Requests are UTF-8, and answers come in the encoding of the request (DSP0226, from memory): what a declaration says is not
    # believed, so that the bytes just looked at are those that are parsed.
    parser = XMLParser(target=TreeBuilder() if _is_small(data) else _GuardedBuilder(), encoding="utf-8")
    for start in range(0, len(data), _PIECE):
        parser.feed(data[start : start + _PIECE])
    root = parser.close()
    if not isinstance(root, Element) or root.tag != f"{{{names.SOAP}}}Envelope":
        raise _Malformed("it is not a SOAP 1.2 envelope")
    _check_depth(root)
    return root


def _is_small(data: bytes) -> bool:
    """Tell whether it surely holds no more than is allowed: each element needs a "<" and each attribute a "="."""
    return data.count(b"<") + data.count(b"=") <= MAX_ELEMENTS and not _LONG_NAMESPACE.search(data)


def _check_depth(root: Element) -> None:
    level = [root]
    for _depth in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise _Malformed(_TOO_MUCH)


def _screen(data: bytes) -> None:
    """Refuse what the parser would take memory or time for before it asked us."""
    if len(data) > MAX_BYTES:
        raise _Malformed(f"it is larger than {MAX_BYTES} bytes")
    # SOAP 1.2 (5) forbids document types and processing instructions; Windows sends no comments and no CDATA either.
    # In text and values "<" is always escaped.
    if b"<!DOCTYPE" in data:
        raise _Malformed("it holds a document type declaration")
    if b"<!" in data or data.count(b"<?") > bool(_DECLARATION.match(data)):
        raise _Malformed("it holds a comment, a CDATA section or a processing instruction")
    # A tag has no further "<" (XML 1.0, 3.1), so what has none for long enough is looked at again: this is once for each answer.
    if max(map(len, data.split(b"<"))) >= MAX_TAG and any(found.end() - found.start() > MAX_TAG for found in _TAG.finditer(data)):
        raise _Malformed("a tag is too long")


def _body(root: Element) -> Element:
    body = root.find(f"{{{names.SOAP}}}Body")
    if body is None:
        raise _Malformed("its envelope has no body")
    return body


def _check_relation(root: Element, message_id: str, *, may_lack: bool) -> None:
    found = root.findall(f"{{{names.SOAP}}}Header/{{{names.ADDRESSING}}}RelatesTo")
    related = {(element.text or "").strip().lower() for element in found}
    if related != {message_id.lower()} and not (may_lack and not related):
        raise _Malformed("it answers another message")


# --- faults -----------------------------------------------------------------------------------------------------


def _fault(fault: Element) -> messages.SoapFault:
    subcode = fault.findtext(f"{{{names.SOAP}}}Code/{{{names.SOAP}}}Subcode/{{{names.SOAP}}}Value", "")
    return messages.SoapFault(
        codes=tuple(dict.fromkeys(_codes(fault))),
        subcode=subcode.strip().rpartition(":")[2][:MAX_FAULT_TEXT],
        text=" ".join(_fault_text(fault).split())[:MAX_FAULT_TEXT],
    )


def _codes(fault: Element) -> Iterator[int]:
    # Form A: WSManFault, perhaps with a provider's own inside it and WMI's extended status (WSMV 2.2.4.43).
    # Form B, from WinRM 3.0 on: MSFT_WmiError, in one of several namespaces, so that only its local name counts.
    for element in fault.iter():
        name = _local(element)
        if name == "MSFT_WmiError":
            yield from _wmi_code(element)
            continue
        text = (element.get("Code") if name == "WSManFault" else element.text if name == "StatusCode" else None) or ""
        if _CODE.fullmatch(text.strip()):
            yield int(text) & 0xFFFFFFFF


def _wmi_code(error: Element) -> Iterator[int]:
    """Yield the code of an MSFT_WmiError: of type HRESULT and WIN32 as it is, of type MI a CIM status in WMI's words (MI_Result)."""
    text = _field(error, "error_Code")
    if not _CODE.fullmatch(text):
        return
    code = int(text) & 0xFFFFFFFF
    if _field(error, "error_Type").upper() != "MI":
        yield code
    elif code in names.CIM_STATUS:
        yield names.CIM_STATUS[code]


def _field(element: Element, name: str) -> str:
    return next((child.text or "" for child in element if _local(child) == name), "").strip()


def _fault_text(fault: Element) -> str:
    # The innermost message says most; Reason may be empty.
    texts = [element.text or "" for element in fault.iter() if _local(element) in ("Text", "Message", "ProviderFault")]
    return next((text for text in reversed(texts) if text.strip()), "")


# --- responses --------------------------------------------------------------------------------------------------


def _page(body: Element, _request: object) -> messages.Page:
    answer = _child(body, ("EnumerateResponse", "PullResponse"))
    rows = tuple(_row(item) for items in answer if items.tag in _ITEMS for item in items)
    # 0226 8.4: the latest context counts; an empty element is none (seen on every host when all rows came at once).
    context = answer.findtext(f"{{{names.ENUMERATION}}}EnumerationContext", "").strip()
    ended = any(element.tag in _ENDS for element in answer)
    return messages.Page(rows, None if ended or not context else context)


def _output(body: Element, request: messages.Invoke) -> messages.Output:
    row = _row(_child(body, (f"{request.method}_OUTPUT",)))
    number = row.number("ReturnValue")
    return messages.Output(row, None if number is None else number & 0xFFFFFFFF)


def _shell_created(body: Element, _request: object) -> messages.ShellCreated:
    # WinRM 1.1 answers without rsp:Shell: the selector of the new resource is what all versions send.
    for selector in body.iter(f"{{{names.WSMAN}}}Selector"):
        if selector.get("Name", "").lower() == "shellid" and selector.text:
            return messages.ShellCreated(selector.text.strip())
    raise _Malformed("it names no shell")


def _command_started(body: Element, _request: object) -> messages.CommandStarted:
    identifier = _child(body, ("CommandResponse",)).findtext(f"{{{names.SHELL}}}CommandId", "").strip()
    if not identifier:
        raise _Malformed("it names no command")
    return messages.CommandStarted(identifier)


def _received(body: Element, _request: object) -> messages.Received:
    answer = _child(body, ("ReceiveResponse",))
    streams = {"stdout": b"", "stderr": b""}
    for stream in answer.iter(f"{{{names.SHELL}}}Stream"):
        name = stream.get("Name", "")
        if name in streams and stream.text:
            streams[name] += _base64(stream.text)
    state = answer.find(f"{{{names.SHELL}}}CommandState")
    done = state is not None and state.get("State") == names.COMMAND_DONE
    code = state.findtext(f"{{{names.SHELL}}}ExitCode") if state is not None else None
    return messages.Received(streams["stdout"], streams["stderr"], done, whole_number(code) if code else None)


def _acknowledged(_body: Element, _request: object) -> messages.Acknowledged:
    return messages.Acknowledged()


_READERS: dict[type, Callable[[Element, Any], object]] = {
    messages.CreateShell: _shell_created,
    messages.DeleteShell: _acknowledged,
    messages.Enumerate: _page,
    messages.EnumerateConfig: _page,
    messages.Invoke: _output,
    messages.Pull: _page,
    messages.Receive: _received,
    messages.Release: _acknowledged,
    messages.RunCommand: _command_started,
    messages.Signal: _acknowledged,
}


# --- values -----------------------------------------------------------------------------------------------------


def _row(element: Element) -> Row:
    """Return an instance or a projected row; the latter has no class name (WSMV 3.1.4.1.13 <58>)."""
    found: dict[str, list[Scalar]] = {}
    for child in element:
        found.setdefault(_local(child), []).append(_value(child))
    values: dict[str, Value] = {name: items[0] if len(items) == 1 else tuple(items) for name, items in found.items()}
    return Row("" if element.tag == _FRAGMENT else _local(element), values)


def _value(element: Element) -> Scalar:
    if element.get(_NIL) in ("true", "1"):
        return None
    # An empty string has no text and no nil attribute.
    if not len(element):
        return element.text or ""
    for child in element:
        # cim:Datetime and cim:Interval; inside a projected row they have lost their namespace.
        if _local(child) in ("Datetime", "Interval"):
            return (child.text or "").strip()
    parameters = next(element.iter(f"{{{names.ADDRESSING}}}ReferenceParameters"), None)
    if parameters is not None:
        return _reference(parameters)
    return _row(element)


def _reference(parameters: Element) -> Reference:
    resource = parameters.findtext(f"{{{names.WSMAN}}}ResourceURI", "").strip()
    keys = {selector.get("Name", ""): selector.text or "" for selector in parameters.iter(f"{{{names.WSMAN}}}Selector")}
    return Reference(resource.rpartition("/")[2], keys)


def _child(body: Element, wanted: Iterable[str]) -> Element:
    known = {name.lower() for name in wanted}
    for element in body:
        if _local(element).lower() in known:
            return element
    raise _Malformed(f"it has no {' or '.join(wanted)}")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=False)
    except binascii.Error as error:
        raise _Malformed("a stream is not base64") from error


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
