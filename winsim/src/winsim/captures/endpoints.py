# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sockets and connections that a capture lists: rows of WMI, or what netstat wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from winsim.endpoint import Protocol
from winsim.host.model import TcpState
from winsim.limits import HIGHEST_PORT
from winsim.providers.endpoints import LISTEN, STATES
from winsim.providers.netstat import WORDS

from .format import Capture, Row, cells_of, number, text

STATE_BY_NUMBER = {value: state for state, value in STATES.items()}
STATE_BY_WORD = {
    **{state.name: state for state in TcpState},
    **{words.states[state.name].upper(): state for words in WORDS.values() for state in TcpState if state.name in words.states},
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A socket that listens (TCP) or is bound (UDP); `pid` is None where the host does not show it."""

    protocol: Protocol
    address: str
    port: int
    pid: int | None


@dataclass(frozen=True, slots=True)
class Connected:
    """A TCP connection."""

    address: str
    port: int
    remote_address: str
    remote_port: int
    pid: int | None
    state: TcpState


def endpoints(capture: Capture) -> tuple[tuple[Bound, ...], tuple[Connected, ...]]:
    """Return what was bound the last time that it was asked for, and what was connected."""
    written = capture.command(lambda arguments: arguments[:1] == ("netstat",))
    if written:
        lines = list(_lines(written))
        return tuple(found for found in lines if isinstance(found, Bound)), tuple(found for found in lines if isinstance(found, Connected))
    udp = (_bound(row, Protocol.UDP) for row in capture.rows("MSFT_NetUDPEndpoint"))
    tcp = (_bound(row, Protocol.TCP) for row in capture.rows("MSFT_NetTCPConnection") if number(row, "state") in (None, LISTEN))
    asked = (query for query in capture.queries("MSFT_NetTCPConnection") if "remoteport" in (name.lower() for name in query.properties))
    connected = (_connected(cells_of(row)) for query in list(asked)[:1] for row in query.rows)
    return tuple(found for found in (*tcp, *udp) if found), tuple(found for found in connected if found)


def _bound(row: Row, protocol: Protocol) -> Bound | None:
    port, address = number(row, "localport"), _address(text(row, "localaddress"))
    return None if address is None or not _is_port(port) else Bound(protocol, address, port or 0, number(row, "owningprocess"))


def _connected(row: Row) -> Connected | None:
    state = STATE_BY_NUMBER.get(number(row, "state") or 0)
    here, there = _address(text(row, "localaddress")), _address(text(row, "remoteaddress"))
    ports = number(row, "localport"), number(row, "remoteport")
    if state is None or here is None or there is None or not all(map(_is_port, ports)):
        return None
    return Connected(here, ports[0] or 0, there, ports[1] or 0, number(row, "owningprocess"), state)


def _is_port(port: int | None) -> bool:
    return port is not None and 0 < port <= HIGHEST_PORT


def _address(address: str) -> str | None:
    try:
        ip_address(address)
    except ValueError:
        return None
    return address


def _lines(written: str) -> Iterator[Bound | Connected]:
    """Yield what the lines of netstat say, whatever their language: a listener's peer has the port 0, and a UDP socket none."""
    for line in written.splitlines():
        words = line.split()
        protocol = next((entry for entry in Protocol if words and words[0].lower().startswith(entry)), None)
        if protocol is None or len(words) < 3:
            continue
        here, there = _place(words[1]), _place(words[2])
        if here is None:
            continue
        if protocol is Protocol.UDP:
            yield Bound(protocol, *here, _pid(words, 3))
        elif there is None:
            yield Bound(protocol, *here, _pid(words, 4))
        elif len(words) > 3:
            state = STATE_BY_WORD.get(words[3].upper(), TcpState.ESTABLISHED)
            yield Connected(*here, *there, _pid(words, 4), state)


def _place(word: str) -> tuple[str, int] | None:
    """Return address and port of a column; None where the port is 0 or an asterisk."""
    before, _colon, port = word.rpartition(":")
    address = _address(before.removeprefix("[").removesuffix("]"))
    if address is None or not port.isascii() or not port.isdecimal() or len(port) > 5 or not _is_port(int(port)):
        return None
    return address, int(port)


def _pid(words: Sequence[str], place: int) -> int | None:
    found = words[place] if len(words) > place else ""
    return int(found) if found.isascii() and found.isdecimal() and len(found) < 11 else None
