# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a simulated host answers to a datagram, where its protocol answers anybody: so much that a scanner sees that somebody is there.

Knows datagrams only. Sources: RFC 1002 4.2.18 (node status response), RFC 1035 4.1.1 (DNS header), The Open Group C706 chapter 12 (a
connectionless ping is answered with nocall). W32Time is a client unless somebody makes it a server, and a client answers nobody.
"""

from __future__ import annotations

import struct

NODE_STATUS = b"\0\x21\0\1"
"""Type NBSTAT, class IN: how a node status request ends."""

_STATISTICS = bytes(46)
_NOT_IMPLEMENTED = 4
_REFUSED = 5
_PING, _NO_CALL = 1, 5
_CL_HEADER = 80


def answer(port: int, data: bytes, computer: str) -> bytes | None:
    """Return what is answered to a datagram at a port; None where nothing is."""
    if port == 137:
        return _node_status(data, computer)
    if port == 53:
        return _dns(data)
    if port == 135:
        return _rpc(data)
    return None


def _node_status(data: bytes, computer: str) -> bytes | None:
    if len(data) != 50 or data[2] & 0xF8 or not data.endswith(NODE_STATUS):
        return None
    # The unique name of the work station and of the server service, active.
    names = [computer.upper()[:15].ljust(15).encode("ascii", "replace") + bytes((suffix,)) + b"\x04\0" for suffix in (0x00, 0x20)]
    table = bytes((len(names),)) + b"".join(names) + _STATISTICS
    head = data[:2] + struct.pack(">HHHHH", 0x8400, 0, 1, 0, 0)
    return head + data[12:46] + NODE_STATUS + struct.pack(">LH", 0, len(table)) + table


def _dns(data: bytes) -> bytes | None:
    if len(data) < 12 or data[2] & 0x80:
        return None
    asked = data[2] & 0x79
    code = _NOT_IMPLEMENTED if data[2] & 0x78 else _REFUSED
    return data[:2] + bytes((0x80 | asked, code)) + data[4:]


def _rpc(data: bytes) -> bytes | None:
    if len(data) < _CL_HEADER or data[0] != 4 or data[1] != _PING:
        return None
    return bytes((4, _NO_CALL)) + data[2:_CL_HEADER]
