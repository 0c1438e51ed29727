# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading requests: what is accepted, and which fault the rest gets."""

from __future__ import annotations

import pytest

from winsim.wire.reading import Unreadable, read_request
from winsim_tests.envelopes import ENUMERATION, MESSAGE_ID, WMI, request

RESOURCE = f"{WMI}/Win32_Service"
ACTION = f"{ENUMERATION}/Enumerate"


def test_headers_are_read() -> None:
    extra = '<w:OptionSet><w:Option Name="WINRS_NOPROFILE">FALSE</w:Option></w:OptionSet>'
    got = read_request(request(ACTION, RESOURCE, "<n:Enumerate/>", selectors={"Name": "A &amp; B"}, extra=extra))
    assert (got.action, got.resource, got.message_id) == (ACTION, RESOURCE, MESSAGE_ID)
    assert got.selectors == {"Name": "A & B"}
    assert got.options == {"winrs_noprofile": "FALSE"}
    assert (got.envelope_limit, len(got.body)) == (153600, 1)


def test_mustunderstand_without_a_namespace_is_no_soap_attribute() -> None:
    """One of the common clients writes it so, and real hosts accept that."""
    extra = '<x:Odd xmlns:x="urn:x" mustUnderstand="true"/>'
    assert read_request(request(ACTION, RESOURCE, extra=extra)).action == ACTION


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"GET / HTTP", 2150858817),
        (b"", 2150858817),
        (b"<a/>", 2150858817),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 2150858817),
        (request(ACTION, RESOURCE, reply_to=""), 2150858769),
        (request("", RESOURCE), 2150858769),
        (request(ACTION, ""), 2150858811),
        (request(ACTION, RESOURCE).replace(MESSAGE_ID.encode(), b""), 2150858769),
        (request(ACTION, RESOURCE).replace(MESSAGE_ID.encode(), b"x" * 2049), 2150858767),
        (request(ACTION, RESOURCE).replace(b"role/anonymous", b"role/other"), 2150858818),
        (request(ACTION, RESOURCE).replace(b'Locale s:mustUnderstand="false"', b'Locale s:mustUnderstand="true"'), 2150858887),
        (request(ACTION, RESOURCE, extra='<x:Odd xmlns:x="urn:x" s:mustUnderstand="1"/>'), 2150858768),
        (request(ACTION, RESOURCE, extra="<w:MaxEnvelopeSize>8191</w:MaxEnvelopeSize>"), 2150858878),
        (request(ACTION, RESOURCE, extra="<w:MaxEnvelopeSize>many</w:MaxEnvelopeSize>"), 2150858767),
        (request(ACTION, RESOURCE).replace(b"PT20S", b"soon"), 2150858881),
    ],
)
def test_bad_requests_get_their_fault(content: bytes, code: int) -> None:
    with pytest.raises(Unreadable) as caught:
        read_request(content)
    assert caught.value.kind.code == code


def test_an_entity_bomb_is_refused_before_it_grows() -> None:
    entities = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "x">{entities}]><x>&e11;</x>'
    with pytest.raises(Unreadable):
        read_request(bomb.encode())
