# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hand-written requests, and what an answer looks like apart from its texts."""

from __future__ import annotations

from xml.etree import ElementTree

from .beside import CAPTURES

S = "{http://www.w3.org/2003/05/soap-envelope}"
A = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
N = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
W = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
F = "{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}"
RSP = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"

WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2"
CMD = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
MESSAGE_ID = "uuid:11111111-2222-3333-4444-555555555555"
REPLY_TO = (
    "<a:ReplyTo><a:Address s:mustUnderstand='true'>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>"
)


def request(
    action: str, resource: str, body: str = "", *, selectors: dict[str, str] | None = None, extra: str = "", reply_to: str = REPLY_TO
) -> bytes:
    """Return an envelope with the headers that clients send."""
    chosen = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in (selectors or {}).items())
    group = f"<w:SelectorSet>{chosen}</w:SelectorSet>" if selectors else ""
    size = "" if "MaxEnvelopeSize" in extra else '<w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>'
    return f"""<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
  xmlns:n="{ENUMERATION}" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="{SHELL}"
  xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <s:Header><a:To>http://windows-host:5985/wsman</a:To>{reply_to}{size}<a:MessageID>{MESSAGE_ID}</a:MessageID>
    <w:Locale s:mustUnderstand="false" xml:lang="en-US"/><p:DataLocale s:mustUnderstand="false" xml:lang="en-US"/>
    <w:OperationTimeout>PT20S</w:OperationTimeout><w:ResourceURI s:mustUnderstand="true">{resource}</w:ResourceURI>
    <a:Action s:mustUnderstand="true">{action}</a:Action>{group}{extra}</s:Header>
  <s:Body>{body}</s:Body></s:Envelope>""".encode()


def enumerate_request(resource: str, *, wql: str = "", optimise: bool = True, max_elements: int | None = 32000) -> bytes:
    """Return an Enumerate, with a WQL filter or without."""
    parts = "<w:OptimizeEnumeration/>" if optimise else ""
    parts += f"<w:MaxElements>{max_elements}</w:MaxElements>" if max_elements else ""
    parts += f'<w:Filter Dialect="http://schemas.microsoft.com/wbem/wsman/1/WQL">{wql}</w:Filter>' if wql else ""
    return request(f"{ENUMERATION}/Enumerate", resource, f"<n:Enumerate>{parts}</n:Enumerate>")


def pull_request(resource: str, context: str, *, max_elements: int | None = 32000) -> bytes:
    """Return a Pull."""
    most = f"<n:MaxElements>{max_elements}</n:MaxElements>" if max_elements else ""
    body = f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>{most}</n:Pull>"
    return request(f"{ENUMERATION}/Pull", resource, body)


def invoke_request(class_uri: str, method: str, parameters: str = "", *, selectors: dict[str, str] | None = None) -> bytes:
    """Return an Invoke; parameters are written with the prefix q."""
    body = f'<q:{method}_INPUT xmlns:q="{class_uri}">{parameters}</q:{method}_INPUT>'
    return request(f"{class_uri}/{method}", class_uri, body, selectors=selectors)


Shape = tuple[str, tuple[str, ...], tuple["Shape", ...]]


def shape(item: ElementTree.Element, *, without: frozenset[str] = frozenset()) -> Shape:
    """Return names, attribute names and nesting of an element, and none of its texts; equal neighbours count once."""
    children: list[Shape] = []
    for child in item:
        seen = shape(child, without=without)
        if child.tag not in without and (not children or children[-1] != seen):
            children.append(seen)
    return item.tag, tuple(sorted(item.attrib)), tuple(children)


def recorded(name: str) -> ElementTree.Element:
    """Return a recorded envelope; skips where the recordings are not there."""
    return ElementTree.fromstring(CAPTURES.at("wsman", name).read_bytes())
