# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to bytes. Knows the shape of an envelope; decides nothing about what may be sent.

The header set and its order are pypsrp's, which real hosts accept; every text enters the XML through
ElementTree's escaping, and text that XML cannot carry is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption

from . import constants as names
from . import messages

_PREFIXES = {"s": names.SOAP, "wsa": names.ADDRESSING, "wsman": names.WSMAN, "wsmv": names.WSMV}

# XML 1.0, 2.2: characters outside Char cannot be written at all, not even as references.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Header fields that belong to the conversation and not to the operation.

    Attributes:
        to: the URL of the service; Windows does not check it.
        message_id: `uuid:…`, new for every message.
        session_id: `uuid:…`, the same for all messages of a session (WSMV 3.2.4.1.23).
        operation_timeout: seconds after which the host gives up; below the HTTP read timeout.
    """

    to: str
    message_id: str
    session_id: str
    operation_timeout: int = 20
    max_envelope_size: int = names.MAX_ENVELOPE_SIZE


def encode(request: messages.Request[Any], envelope: Envelope) -> bytes:
    """Return the request as a SOAP envelope in UTF-8.

    Raises:
        InvalidOption: a text holds a character that XML cannot carry.
    """
    root = Element("s:Envelope", {f"xmlns:{prefix}": uri for prefix, uri in _PREFIXES.items()})
    _header(SubElement(root, "s:Header"), request.target(), envelope)
    body = SubElement(root, "s:Body")
    _BODIES[type(request)](body, request)
    # A parser turns a bare carriage return into a line feed (XML 1.0, 2.11); our markup holds none.
    return bytes(tostring(root, encoding="utf-8", xml_declaration=False)).replace(b"\r", b"&#13;")


def _header(header: Element, target: messages.Target, envelope: Envelope) -> None:
    must, may = {"s:mustUnderstand": "true"}, {"s:mustUnderstand": "false"}
    # WSMV 3.1.4.1.8 and 3.1.4.1.9: a locale that must be understood is refused.
    locale = {**may, "xml:lang": "en-US"}
    _text(header, "wsa:Action", target.action, must)
    SubElement(header, "wsmv:DataLocale", locale)
    SubElement(header, "wsman:Locale", locale)
    _text(header, "wsman:MaxEnvelopeSize", str(envelope.max_envelope_size), must)
    _text(header, "wsa:MessageID", envelope.message_id)
    _text(header, "wsman:OperationTimeout", f"PT{envelope.operation_timeout}S")
    _text(SubElement(header, "wsa:ReplyTo"), "wsa:Address", names.ANONYMOUS, must)
    _text(header, "wsman:ResourceURI", target.resource, must)
    _text(header, "wsmv:SessionId", envelope.session_id, may)
    _text(header, "wsa:To", envelope.to)
    if target.options:
        _named(SubElement(header, "wsman:OptionSet", must), "wsman:Option", target.options)
    if target.selectors:
        _named(SubElement(header, "wsman:SelectorSet"), "wsman:Selector", target.selectors)


def _named(parent: Element, tag: str, pairs: messages.Pairs) -> None:
    for name, value in pairs:
        _text(parent, tag, value, {"Name": _printable(name)})


def _enumerate(body: Element, request: messages.Enumerate) -> None:
    element = _optimised(body, request.max_elements)
    if request.wql is not None:
        _text(element, "wsman:Filter", request.wql, {"Dialect": names.WQL_DIALECT})


def _enumerate_config(body: Element, request: messages.EnumerateConfig) -> None:
    _optimised(body, request.max_elements)


def _optimised(body: Element, max_elements: int) -> Element:
    # WSMV 3.2.4.1.11: rows come with the first answer already.
    element = SubElement(body, "wsen:Enumerate", {"xmlns:wsen": names.ENUMERATION})
    SubElement(element, "wsman:OptimizeEnumeration")
    _text(element, "wsman:MaxElements", str(max_elements))
    return element


def _pull(body: Element, request: messages.Pull) -> None:
    element = SubElement(body, "wsen:Pull", {"xmlns:wsen": names.ENUMERATION})
    _text(element, "wsen:EnumerationContext", request.context)
    # 0226 8.4: without it a Pull returns one row.
    _text(element, "wsen:MaxElements", str(request.max_elements))


def _release(body: Element, request: messages.Release) -> None:
    _text(SubElement(body, "wsen:Release", {"xmlns:wsen": names.ENUMERATION}), "wsen:EnumerationContext", request.context)


def _invoke(body: Element, request: messages.Invoke) -> None:
    namespaces = {"xmlns:p": request.resource}
    if any(value is None for _name, value in request.arguments):
        namespaces["xmlns:xsi"] = names.XSI
    element = SubElement(body, f"p:{request.method}_INPUT", namespaces)
    for name, value in request.arguments:
        if value is None:
            SubElement(element, f"p:{name}", {"xsi:nil": "true"})
            continue
        for item in value if isinstance(value, tuple) else (value,):
            _text(element, f"p:{name}", _scalar(item))


def _create_shell(body: Element, _request: messages.CreateShell) -> None:
    shell = SubElement(body, "rsp:Shell", {"xmlns:rsp": names.SHELL})
    _text(shell, "rsp:InputStreams", "stdin")
    _text(shell, "rsp:OutputStreams", "stdout stderr")


def _run_command(body: Element, request: messages.RunCommand) -> None:
    line = SubElement(body, "rsp:CommandLine", {"xmlns:rsp": names.SHELL})
    _text(line, "rsp:Command", request.command)
    for argument in request.arguments:
        _text(line, "rsp:Arguments", argument)


def _receive(body: Element, request: messages.Receive) -> None:
    element = SubElement(body, "rsp:Receive", {"xmlns:rsp": names.SHELL})
    _text(element, "rsp:DesiredStream", "stdout stderr", {"CommandId": _printable(request.command_id)})


def _signal(body: Element, request: messages.Signal) -> None:
    element = SubElement(body, "rsp:Signal", {"xmlns:rsp": names.SHELL, "CommandId": _printable(request.command_id)})
    _text(element, "rsp:Code", request.code)


def _empty(_body: Element, _request: messages.Request[Any]) -> None:
    """WS-Transfer's Delete has no body."""


_BODIES: dict[type, Callable[[Element, Any], None]] = {
    messages.CreateShell: _create_shell,
    messages.DeleteShell: _empty,
    messages.Enumerate: _enumerate,
    messages.EnumerateConfig: _enumerate_config,
    messages.Invoke: _invoke,
    messages.Pull: _pull,
    messages.Receive: _receive,
    messages.Release: _release,
    messages.RunCommand: _run_command,
    messages.Signal: _signal,
}


def _text(parent: Element, tag: str, text: str, attributes: dict[str, str] | None = None) -> None:
    SubElement(parent, tag, attributes or {}).text = _printable(text)


def _scalar(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _printable(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise InvalidOption(f"{text[:80]!a} has a character that XML and WS-Management cannot transport")
    return text
