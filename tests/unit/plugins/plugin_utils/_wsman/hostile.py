# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers made to fill memory; run as a program with the name of one, it decodes it and tells by how much memory rose."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import messages
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.decode import MAX_BYTES, MAX_ELEMENTS, MAX_NAMESPACE, MAX_TAG, decode

ROOM = MAX_BYTES - 2000


def page(content: str) -> str:
    """Return the answer to an Enumerate."""
    return (
        f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:n="{names.ENUMERATION}" xmlns:w="{names.WSMAN}">'
        "<s:Header><a:RelatesTo>uuid:M</a:RelatesTo></s:Header><s:Body><n:EnumerateResponse>"
        f"<w:Items>{content}</w:Items><w:EndOfSequence/></n:EnumerateResponse></s:Body></s:Envelope>"
    )


def bomb() -> str:
    """Return the billion laughs."""
    entities = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 10))
    return f'<!DOCTYPE s [<!ENTITY e0 "laughter">{entities}]>' + page("&e9;")


def attributes(count: int) -> str:
    return " ".join(f'a{number}=""' for number in range(count))


def long_names(namespace: int) -> str:
    """Return as many different names as may be, in one namespace."""
    return page(f'<b xmlns="{"u" * namespace}">' + "".join(f"<a{number}/>" for number in range(MAX_ELEMENTS - 100)) + "</b>")


REFUSED: dict[str, tuple[Callable[[], str], str]] = {
    "attributes": (lambda: page("<b " + attributes(100_000) + "/>"), "a tag is too long"),
    "comment": (lambda: page("<!-- ' -->"), "comment"),
    "depth": (lambda: page("<b>" * (ROOM // 3)), "nested too deep"),
    "elements": (lambda: page("<b/>" * (ROOM // 4)), "too many elements"),
    "entities": (bomb, "document type"),
    "external entity": (lambda: '<!DOCTYPE s [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + page("&e;"), "document type"),
    "instruction": (lambda: page("<?php ?>"), "processing instruction"),
    "instruction in front": (lambda: '<?xml-stylesheet href="http://127.0.0.1/"?>' + page(""), "processing instruction"),
    "instruction behind a mark": (lambda: '\ufeff<?xml-stylesheet href="x"?>' + page(""), "processing instruction"),
    "many tags of attributes": (lambda: page(f"<b {attributes(500)}/>" * (ROOM // 5000)), "too many elements or attributes"),
    "namespace": (lambda: long_names(MAX_TAG - 100), "namespace is too long"),
    "parameter entities": (lambda: '<!DOCTYPE s [<!ENTITY % e "x">%e;]>' + page(""), "document type"),
    "section": (lambda: page("<![CDATA[" + "x" * 100 + "]]>"), "CDATA"),
    "tags that do not end": (lambda: page("<b '" * (ROOM // 4)), "not a valid"),
    "what opens and never closes": (lambda: "<" * ROOM, "not a valid"),
}
"""What is no answer, and a word of the reason."""

TAKEN: dict[str, Callable[[], str]] = {
    "names": lambda: long_names(MAX_NAMESPACE),
    "rows": lambda: page("".join(f"<w:X><b{number}>\u65e5</b{number}></w:X>" for number in range(MAX_ELEMENTS // 2 - 100))),
    "text": lambda: page("<w:X><b>\U0001f600" + "x" * ROOM + "</b></w:X>"),
    "escaped text": lambda: page("<w:X><b>" + "&#x1f600;x" * (ROOM // 11) + "</b></w:X>"),
}
"""The most that is taken."""


def main(name: str) -> None:
    """Decode one answer; print the kilobytes by which memory rose."""
    data = (TAKEN[name] if name in TAKEN else REFUSED[name][0])().encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        decode(data, messages.Enumerate(resource="any"), message_id="uuid:M", host="web01")
    except ProtocolError as error:
        sys.stderr.write(str(error))
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))


if __name__ == "__main__":
    main(sys.argv[1])
