# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WinRM's own listener configuration as a resource (Enumerate and Get). Read-only here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..seams import WinrmListener
from . import names
from .faults import INSUFFICIENT_SELECTORS, NOT_FOUND, SoapFault
from .writing import element, escape


def listener_element(listener: WinrmListener) -> str:
    """Return one listener: elements in the order of the schema (MS-WSMV 2.2.4.20), ListeningOn repeated."""
    rows = (
        ("Address", listener.address),
        ("Transport", listener.transport),
        ("Port", str(listener.port)),
        ("Hostname", listener.hostname),
        ("Enabled", "true" if listener.enabled else "false"),
        ("URLPrefix", listener.url_prefix),
        ("CertificateThumbprint", listener.certificate_thumbprint),
        *(("ListeningOn", address) for address in listener.listening_on),
    )
    inner = "".join(element(f"cfg:{name}", escape(text)) for name, text in rows)
    return f'<cfg:Listener xmlns:cfg="{names.LISTENER_URI}" xmlns:xsi="{names.XSI}" xml:lang="en-US">{inner}</cfg:Listener>'


def find_listener(listeners: Sequence[WinrmListener], selectors: Mapping[str, str]) -> WinrmListener:
    """Return the listener that Address and Transport name.

    Raises:
        SoapFault: a selector is missing, or there is no such listener.
    """
    wanted = {name.lower(): value.lower() for name, value in selectors.items()}
    if not {"address", "transport"} <= wanted.keys():
        raise SoapFault(INSUFFICIENT_SELECTORS)
    for listener in listeners:
        if (listener.address.lower(), listener.transport.lower()) == (wanted["address"], wanted["transport"]):
            return listener
    raise SoapFault(NOT_FOUND)
