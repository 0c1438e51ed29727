# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading a request: bytes to a `Request`, or the fault that its headers deserve.

Knows what every request has in common; what is in the Body is read by who answers it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from . import names
from .faults import (
    ENVELOPE_TOO_SMALL,
    HEADER_REQUIRED,
    INVALID_HEADER,
    INVALID_TIMEOUT,
    INVALID_URI,
    LOCALE,
    MUST_UNDERSTAND,
    SCHEMA,
    UNSUPPORTED,
    SoapFault,
)

# MS-WSMV 3.1.4.1.7: a smaller limit is refused.
_SMALLEST_ENVELOPE = 8192

_KNOWN_HEADERS = frozenset(
    f"{{{namespace}}}{name}"
    for namespace, known in (
        (names.ADDRESSING, ("Action", "To", "MessageID", "ReplyTo", "From", "FaultTo", "RelatesTo")),
        (names.WSMAN, ("ResourceURI", "SelectorSet", "OptionSet", "MaxEnvelopeSize", "OperationTimeout", "Locale")),
        (names.WSMV, ("DataLocale", "SessionId", "OperationID", "ActivityId", "SequenceId", "CompressionType")),
    )
    for name in known
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request whose headers are in order.

    `envelope_limit` is in bytes; option names are in lower case.
    """

    action: str
    resource: str
    message_id: str
    body: tuple[ElementTree.Element, ...] = ()
    selectors: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    envelope_limit: int = 153600

    def first(self, tag: str) -> ElementTree.Element:
        """Return the Body's first element; a fault if it is missing or another."""
        if not self.body or self.body[0].tag != tag:
            raise SoapFault(SCHEMA, f"the body has no {tag.rpartition('}')[2]}")
        return self.body[0]


class _Builder(ElementTree.TreeBuilder):
    """Refuses a document type (SOAP 1.2, section 5), and with it every entity of the sender's own."""

    def doctype(self, name: str, *_ids: str | None) -> None:
        raise SoapFault(SCHEMA, f"a document type is not allowed ({name})")


class Unreadable(SoapFault):
    """A request that no answer can relate to, or whose headers are wrong; carries what is known of it."""

    def __init__(self, fault: SoapFault, *, message_id: str = "", action: str = "", resource: str = "") -> None:
        super().__init__(fault.kind, fault.detail)
        self.message_id = message_id
        self.action = action
        self.resource = resource


def parse(envelope: bytes) -> ElementTree.Element:
    """Return the root of an XML document without DOCTYPE, entities and comments' content.

    Raises:
        SoapFault: the bytes are no XML, or XML that SOAP forbids.
    """
    parser = ElementTree.XMLParser(target=_Builder())  # expat: entities only come with a document type
    try:
        parser.feed(envelope)
        root: ElementTree.Element = parser.close()
    except ElementTree.ParseError as error:
        raise SoapFault(SCHEMA, f"no well-formed XML: {error}") from error
    return root


def read_request(envelope: bytes) -> Request:
    """Return the request, its headers checked as Windows does.

    Raises:
        Unreadable: with the fault to answer.
    """
    try:
        root = parse(envelope)
    except SoapFault as fault:
        raise Unreadable(fault) from fault
    header = root.find(f"{{{names.SOAP}}}Header")
    body = root.find(f"{{{names.SOAP}}}Body")
    if root.tag != f"{{{names.SOAP}}}Envelope" or header is None or body is None:
        raise Unreadable(SoapFault(SCHEMA, "no SOAP 1.2 envelope"))
    message_id = _text(header, names.ADDRESSING, "MessageID")
    action = _text(header, names.ADDRESSING, "Action")
    resource = _text(header, names.WSMAN, "ResourceURI")
    try:
        _check(header, message_id=message_id, action=action, resource=resource)
        return Request(
            action=action,
            resource=resource,
            message_id=message_id,
            body=tuple(body),
            selectors=_named(header, "SelectorSet", "Selector"),
            options={name.lower(): value for name, value in _named(header, "OptionSet", "Option").items()},
            envelope_limit=_envelope_limit(header),
        )
    except SoapFault as fault:
        raise Unreadable(fault, message_id=message_id, action=action, resource=resource) from fault


def _text(parent: ElementTree.Element, namespace: str, name: str) -> str:
    return (parent.findtext(f"{{{namespace}}}{name}") or "").strip()


def _must_understand(item: ElementTree.Element) -> bool:
    return item.get(f"{{{names.SOAP}}}mustUnderstand", "").strip() in {"true", "1"}


def _check(header: ElementTree.Element, *, message_id: str, action: str, resource: str) -> None:
    for item in header:
        if item.tag in {f"{{{names.WSMAN}}}Locale", f"{{{names.WSMV}}}DataLocale"} and _must_understand(item):
            raise SoapFault(LOCALE)  # MS-WSMV 3.1.4.1.8, 3.1.4.1.9
        if item.tag not in _KNOWN_HEADERS and _must_understand(item):
            raise SoapFault(MUST_UNDERSTAND, item.tag)
    if not action:
        raise SoapFault(HEADER_REQUIRED, "Action is missing")
    if not 0 < len(message_id.encode()) <= 2048:  # MS-WSMV 3.1.4.1.5, note 47
        raise SoapFault(HEADER_REQUIRED if not message_id else INVALID_HEADER, "MessageID is missing or too long")
    reply_to = header.find(f"{{{names.ADDRESSING}}}ReplyTo")
    if reply_to is None:
        raise SoapFault(HEADER_REQUIRED, "ReplyTo is missing")  # MS-WSMV 3.1.4.1.3
    if _text(reply_to, names.ADDRESSING, "Address") != names.ANONYMOUS:
        raise SoapFault(UNSUPPORTED, "ReplyTo is not anonymous")
    if not resource:
        raise SoapFault(INVALID_URI, "ResourceURI is missing")
    _check_timeout(header)


def _named(header: ElementTree.Element, group: str, name: str) -> dict[str, str]:
    """Return the texts of a SelectorSet or an OptionSet by their Name attributes."""
    found: dict[str, str] = {}
    for item in header.iterfind(f"{{{names.WSMAN}}}{group}/{{{names.WSMAN}}}{name}"):
        key = item.get("Name")
        if not key:
            raise SoapFault(SCHEMA, f"a {name} has no Name")
        found[key] = item.text or ""
    return found


def _check_timeout(header: ElementTree.Element) -> None:
    """Refuse a time that is none; nothing here takes so long that it would run out."""
    text = _text(header, names.WSMAN, "OperationTimeout")
    if text and not re.fullmatch(r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", text):
        raise SoapFault(INVALID_TIMEOUT, "OperationTimeout is no duration")


def _envelope_limit(header: ElementTree.Element) -> int:
    text = _text(header, names.WSMAN, "MaxEnvelopeSize")
    if not text:
        return 153600
    if not text.isascii() or not text.isdigit():
        raise SoapFault(INVALID_HEADER, "MaxEnvelopeSize is no number")
    if int(text) < _SMALLEST_ENVELOPE:
        raise SoapFault(ENVELOPE_TOO_SMALL)
    return int(text)
