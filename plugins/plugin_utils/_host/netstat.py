# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the output of `netstat -an` and `netstat -ano`, in any language.

Rules that hold for every listing seen (German, French, Japanese, Chinese and Russian included): split on
blanks, never at columns; TCP listens where the foreign address ends in port 0; the state word decides nothing
about that; the process id is the last token where `-o` was asked for; UDP rows have no state.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol, TcpRow

# A busy server has 20,000 connections.
MAX_ROWS = 60_000
# A row with two IPv6 addresses and their zones has 120 characters; of a longer one the beginning is read.
LONGEST_LINE = 400
_LINE = re.compile(r"[^\r\n]+")
# Words that netstat has for what is no established connection: English (Microsoft, netstat) and German (listings on the web; the
# last word but one is cut by some). In another language the word for an established one is found out (`_established`); where it is
# not, any other word is taken for it. A connection that waits for its time to pass has no process any more and shows pid 0.
ENGLISH = ("CLOSE_WAIT", "CLOSED", "CLOSING", "FIN_WAIT_1", "FIN_WAIT_2", "LAST_ACK", "SYN_RECEIVED", "SYN_SEND", "SYN_SENT", "TIME_WAIT")
GERMAN = ("SCHLIESSEN_WARTEN", "SCHLIESSEND", "GESCHLOSSEN", "FIN_WARTEN", "LETZTE_BEST", "SYN_EMPFANGEN", "SYN_GESENDET", "WARTEND")


def is_empty(text: str) -> bool:
    """Tell whether a listing has its titles and no row: right for a host that nothing reaches and on which everything is closed."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    return len(lines) >= 2 and not any(words[0].upper().startswith(("TCP", "UDP")) for words in lines)


@dataclass(frozen=True, slots=True)
class Sockets:
    """What one listing shows."""

    endpoints: tuple[Endpoint, ...]
    connections: tuple[TcpRow, ...]


def parse(text: str, *, with_pid: bool, own_ports: Collection[int] = ()) -> Sockets:
    """Return listening TCP and all UDP endpoints, and TCP rows with a peer; lines of other shapes are passed over.

    Args:
        own_ports: at one of which whoever asks is connected at this moment.

    Raises:
        ValueError: there are more rows than any host has.
    """
    endpoints: list[Endpoint] = []
    connections: list[tuple[TcpRow, str]] = []
    for found in _LINE.finditer(text):
        line = text[found.start() : min(found.end(), found.start() + LONGEST_LINE)]
        row = _row(line.lstrip("> \t").split(), with_pid)
        if len(endpoints) + len(connections) >= MAX_ROWS:
            raise ValueError(f"more than {MAX_ROWS} rows")
        if isinstance(row, Endpoint):
            endpoints.append(row)
        elif row is not None:
            connections.append(row)
    established = _established(connections, own_ports, with_pid=with_pid)
    return Sockets(tuple(endpoints), tuple(_judged(row, word, established) for row, word in connections))


def _row(tokens: list[str], with_pid: bool) -> Endpoint | tuple[TcpRow, str] | None:
    protocol = tokens[0].lower() if tokens else ""
    if protocol not in ("tcp", "udp") or len(tokens) < 3:
        return None
    local, remote = _address(tokens[1]), _address(tokens[2])
    if local is None:
        return None
    pid = _number(tokens[-1]) if with_pid and len(tokens) > 3 else None
    if protocol == "udp":
        return Endpoint(Protocol.UDP, local[0], local[1], pid)
    if remote is None:
        return None
    if remote[1] == 0:
        return Endpoint(Protocol.TCP, local[0], local[1], pid)
    # Some languages have two words for a state.
    word = " ".join(tokens[3:] if pid is None else tokens[3:-1]).upper()
    return TcpRow(local[0], local[1], remote[0], remote[1], pid), word


def _judged(row: TcpRow, word: str, established: str) -> TcpRow:
    """Say of a connection whether it ends or begins; German words are cut short or numbered."""
    known = word in ENGLISH or word.startswith(GERMAN)
    return replace(row, ending=row.pid == 0 or known or bool(established and word and word != established))


def _established(rows: Sequence[tuple[TcpRow, str]], own_ports: Collection[int], *, with_pid: bool) -> str:
    """Find the word for an established connection, in whatever language; "" where the listing does not show it for certain.

    Whoever asks for the listing is connected to one of `own_ports` at that moment. And where the listing shows both ends of a connection
    of the host with itself in the same state, that state is it: all others but two are different at the two ends, and a connection
    that both ends have closed has no process.
    """
    living = [(row, word) for row, word in rows if word and row.pid != 0 and word not in ENGLISH and not word.startswith(GERMAN)]
    own = {word for row, word in living if row.local_port in own_ports}
    if len(own) == 1:
        return next(iter(own))
    states = {(row.local_address, row.local_port, row.remote_address, row.remote_port): word for row, word in living}
    both = {word for (local, port, peer, other), word in states.items() if states.get((peer, other, local, port)) == word}
    both = both & own if own else both if with_pid else set()
    return next(iter(both)) if len(both) == 1 else ""


def _address(text: str) -> tuple[str, int] | None:
    """Split `0.0.0.0:135` or `[fe80::1%4]:546`; None for `*:*` and anything else."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return None
    number = _number(port)
    return (host, number) if colon and number is not None and number <= 65535 else None


def _number(text: str) -> int | None:
    """Read a port or a process id, which are DWORDs at most: text from a host may be of any length."""
    return int(text) if text.isdecimal() and len(text) <= 10 else None
