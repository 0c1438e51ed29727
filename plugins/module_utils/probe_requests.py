# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a probe asks a UDP port: one datagram each, which changes nothing on the host that answers it.

Runs on the Python of the place of the probe: standard library only, from Python 3.9 on.
Sources: RFC 1002 4.2.17 (node status), RFC 5905 7.3 (NTP), RFC 1035 4.1 (DNS), The Open Group C706 chapter 12 (connectionless RPC),
RFC 1157 4.1 (SNMP), UPnP Device Architecture 1.3.2 (SSDP), RFC 6762 5.4 (mDNS), RFC 4795 2.1 (LLMNR), RFC 2408 3 (ISAKMP),
RFC 1350 5 (TFTP).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One kind of request.

    Attributes:
        name: how an option names it.
        what: how a sentence names it.
        ports: where it is sent.
        make: returns the datagram for a port and 16 random bytes.
        fits: tells whether a datagram answers the request that was sent.
        elsewhere: the answer may come from another port of the host.
    """

    name: str
    what: str
    ports: tuple[int, ...]
    make: Callable[[int, bytes], bytes]
    fits: Callable[[bytes, bytes], bool]
    elsewhere: bool = False


def _labels(*labels: bytes) -> bytes:
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def _dns(identity: bytes, name: bytes, kind: int, question_class: int = 1) -> bytes:
    """Return a DNS query with no flag set, so without a wish for recursion."""
    return identity + struct.pack(">HHHHH", 0, 1, 0, 0, 0) + name + struct.pack(">HH", kind, question_class)


def _netbios(_port: int, random: bytes) -> bytes:
    # The name `*`, padded with NULs, in the half-ASCII of RFC 1001 14.1; type NBSTAT.
    return _dns(random[:2], _labels(b"CK" + b"A" * 30), 0x21)


def _ntp(_port: int, random: bytes) -> bytes:
    # No warning, version 3, client; the transmit timestamp comes back as the origin.
    return bytes((0x1B,)) + bytes(39) + random[:8]


def _ask_dns(_port: int, random: bytes) -> bytes:
    return _dns(random[:2], _labels(), 2)


def _rpc(_port: int, random: bytes) -> bytes:
    """Return a ping for a call that was never made: a server answers that it has no such call (C706 12.5.2, types 1 and 5)."""
    header = struct.pack("<BBBB3sB", 4, 1, 0x20, 0, b"\x10\0\0", 0)
    return header + bytes(32) + random + struct.pack("<LLLHHHHHBB", 0, 1, 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0, 0)


def _snmp(_port: int, random: bytes) -> bytes:
    """Return a version 1 get-request for sysUpTime with the community `public`."""
    number = bytes((2, 4, random[0] & 0x7F)) + random[1:4]
    wanted = bytes.fromhex("300e300c06082b060102010103000500")
    body = number + bytes.fromhex("020100020100") + wanted
    asked = bytes.fromhex("020100") + b"\x04\x06public" + bytes((0xA0, len(body))) + body
    return bytes((0x30, len(asked))) + asked


def _ssdp(_port: int, _random: bytes) -> bytes:
    lines = ("M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", 'MAN: "ssdp:discover"', "MX: 1", "ST: upnp:rootdevice", "", "")
    return "\r\n".join(lines).encode()


def _mdns(_port: int, random: bytes) -> bytes:
    # A PTR record, with the wish for an answer by unicast.
    return _dns(random[:2], _labels(b"_services", b"_dns-sd", b"_udp", b"local"), 12, 0x8001)


def _llmnr(_port: int, random: bytes) -> bytes:
    return _dns(random[:2], _labels(b"wpad"), 1)


def _ike(port: int, random: bytes) -> bytes:
    """Return a main mode offer of one transform (3DES, SHA, pre-shared key, group 2), behind four zeros on port 4500 (RFC 3948 2.2)."""
    attributes = struct.pack(">HHHHHHHH", 0x8001, 5, 0x8002, 2, 0x8003, 1, 0x8004, 2)
    transform = struct.pack(">BBHBBH", 0, 0, 8 + len(attributes), 1, 1, 0) + attributes
    proposal = struct.pack(">BBHBBBB", 0, 0, 8 + len(transform), 1, 1, 0, 1) + transform
    association = struct.pack(">BBHLL", 0, 0, 12 + len(proposal), 1, 1) + proposal
    cookie = bytes((random[0] | 1,)) + random[1:8]
    message = cookie + bytes(8) + struct.pack(">BBBBLL", 1, 0x10, 2, 0, 0, 28 + len(association)) + association
    return (b"\0\0\0\0" if port == 4500 else b"") + message


def _tftp(_port: int, random: bytes) -> bytes:
    # A file that nobody has: a server answers with an error, and sends nothing.
    return b"\0\1netmin-" + random.hex().encode() + b"\0octet\0"


def _same_identity(sent: bytes, got: bytes) -> bool:
    """Tell whether a message of DNS's shape is an answer to ours."""
    return len(got) >= 12 and got[:2] == sent[:2] and bool(got[2] & 0x80)


def _fits_ntp(sent: bytes, got: bytes) -> bool:
    return len(got) >= 48 and got[0] & 7 == 4 and got[24:32] == sent[40:48]


def _fits_rpc(sent: bytes, got: bytes) -> bool:
    return len(got) >= 80 and got[0] == 4 and got[40:56] == sent[40:56]


def _fits_snmp(sent: bytes, got: bytes) -> bool:
    return got[:1] == b"\x30" and sent[15:21] in got


def _fits_ssdp(_sent: bytes, got: bytes) -> bool:
    return got.startswith(b"HTTP/1.1 ")


def _fits_ike(sent: bytes, got: bytes) -> bool:
    start = 4 if sent[:4] == b"\0\0\0\0" else 0
    return len(got) >= start + 28 and got[start : start + 8] == sent[start : start + 8]


def _fits_tftp(_sent: bytes, got: bytes) -> bool:
    return len(got) >= 4 and got[:2] in (b"\0\3", b"\0\5")


QUESTIONS: Mapping[str, Question] = {
    question.name: question
    for question in (
        Question("dns", "DNS query without recursion", (53,), _ask_dns, _same_identity),
        Question("ike", "IKE offer", (500, 4500), _ike, _fits_ike),
        Question("llmnr", "LLMNR query", (5355,), _llmnr, _same_identity),
        Question("mdns", "mDNS query", (5353,), _mdns, _same_identity),
        Question("netbios", "NetBIOS node status request", (137,), _netbios, _same_identity),
        Question("ntp", "NTP client request", (123,), _ntp, _fits_ntp),
        Question("rpc", "RPC ping", (135,), _rpc, _fits_rpc),
        Question("snmp", "SNMP request", (161,), _snmp, _fits_snmp),
        Question("ssdp", "SSDP search", (1900,), _ssdp, _fits_ssdp),
        Question("tftp", "TFTP read request", (69,), _tftp, _fits_tftp, elsewhere=True),
    )
}

HARMLESS = ("dns", "netbios", "ntp", "rpc")
"""What is asked unless the task says otherwise; the others are asked for by name only."""


def question_of(port: int) -> Question | None:
    """Return the request that fits a port, or None."""
    return next((question for question in QUESTIONS.values() if port in question.ports), None)
