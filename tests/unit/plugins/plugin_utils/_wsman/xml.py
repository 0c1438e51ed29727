# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Comparing XML by namespace and local name, and finding recorded answers."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

from ansible_collections.netmin.windows.tests.beside import CAPTURES

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
# Namespaces that only answers name, and that the decoder therefore does not look at (WSMV 2.2.1).
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN_FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"

Shape = tuple[str, tuple[tuple[str, str], ...], str, tuple["Shape", ...]]


def shape(element: Element) -> Shape:
    """Return an element as a value: name, attributes, text and children; prefixes and blanks do not count."""
    return element.tag, tuple(sorted(element.attrib.items())), (element.text or "").strip(), tuple(shape(child) for child in element)


def header(envelope: bytes) -> list[Shape]:
    """Return the header fields, sorted: their order carries no meaning."""
    found = fromstring(envelope).find(f"{SOAP}Header")
    assert found is not None
    return sorted(shape(child) for child in found)


def body(envelope: bytes) -> tuple[Shape, ...]:
    """Return what the body holds, in order."""
    found = fromstring(envelope).find(f"{SOAP}Body")
    assert found is not None
    return tuple(shape(child) for child in found)


def captures() -> Path:
    """Return the folder of recorded answers, or skip the test."""
    return CAPTURES.at("wsman")
