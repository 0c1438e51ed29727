# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sockets and connections that a capture lists: rows of WMI, or what netstat wrote."""

from __future__ import annotations

from collections.abc import Iterator
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
    command = capture.command("netstat")
    if command is not None:
        lines = list(_lines(command.stdout, pids=any("o" in word for word in command.arguments[1:])))
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


def _lines(written: str, *, pids: bool) -> Iterator[Bound | Connected]:
    """Yield what the lines of netstat say, whatever their language: a listener's peer has the port 0, and a UDP socket none."""
    for line in written.splitlines():
        words = line.split()
        protocol = next((entry for entry in Protocol if words and words[0].lower() == entry), None)
        if protocol is None or len(words) < 3:
            continue
        here, there, pid = _place(words[1]), _place(words[2]), _number(words[-1]) if pids and len(words) > 3 else None
        if here is None:
            continue
        if protocol is Protocol.UDP or there is None:
            yield Bound(protocol, *here, pid)
        else:
            # Some languages have two words for a state.
            word = " ".join(words[3:] if pid is None else words[3:-1]).upper()
            yield Connected(*here, *there, pid, STATE_BY_WORD.get(word, TcpState.ESTABLISHED))


def _place(word: str) -> tuple[str, int] | None:
    """Return address and port of a column; None where the port is 0 or an asterisk."""
    before, _colon, port = word.rpartition(":")
    address, number = _address(before.removeprefix("[").removesuffix("]")), _number(port)
    return None if address is None or number is None or not _is_port(number) else (address, number)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 11 else None
