# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing XML with the prefixes that Windows uses: s a n w x p, and p bound anew inside the Body.

Text is written by hand because ElementTree chooses prefixes of its own and cannot bind one twice.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from . import names

# MS-WSMV 3.1.4.1.25: characters that XML cannot carry become question marks.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})

# Prefixes that an answer declares beside s, a, w and p, by what it speaks of (recorded answers).
ENUMERATION_PREFIXES = (("n", names.ENUMERATION),)
TRANSFER_PREFIXES = (("x", names.TRANSFER),)
SHELL_PREFIXES = (("x", names.TRANSFER), ("rsp", names.SHELL))
FAULT_PREFIXES = (("x", names.TRANSFER), ("e", names.EVENTING), ("n", names.ENUMERATION))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it becomes bytes: its action, its Body's content, the prefixes it needs; it leaves after a `pause`, in seconds."""

    action: str
    body: str
    prefixes: tuple[tuple[str, str], ...]
    pause: float = 0.0


def escape(text: str) -> str:
    """Return text as it stands in an element or a double-quoted attribute."""
    return _UNWRITABLE.sub("?", text).translate(_ESCAPES)


def element(tag: str, *content: str) -> str:
    """Return an element around content that is XML already."""
    return f"<{tag}>{''.join(content)}</{tag}>"


def new_uuid() -> str:
    """Return a random id as Windows writes it, in capitals."""
    return str(uuid.uuid4()).upper()


def envelope(reply: Reply, relates_to: str) -> bytes:
    """Return the whole answer. Without `relates_to` the header is left out, as quota faults do."""
    prefixes = (("s", names.SOAP), ("a", names.ADDRESSING), *reply.prefixes, ("w", names.WSMAN), ("p", names.WSMV))
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in prefixes)
    header = element(
        "s:Header",
        element("a:Action", escape(reply.action)),
        element("a:MessageID", f"uuid:{new_uuid()}"),
        element("a:To", names.ANONYMOUS),
        element("a:RelatesTo", escape(relates_to)) if relates_to else "",
    )
    return f'<s:Envelope xml:lang="en-US"{declared}>{header}{element("s:Body", reply.body)}</s:Envelope>'.encode()
