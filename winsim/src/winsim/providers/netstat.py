# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `netstat` prints, false listeners included, IPv6 addresses in brackets.

Sources: the article (Windows 2000 and XP list the source port of an outgoing connection as listening, on all addresses; no
`-o` before XP); recorded listings for the columns. Addresses are always numbers, as with `-n`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from unicodedata import east_asian_width

from winsim.endpoint import Protocol
from winsim.host.machine import Machine
from winsim.host.model import Language
from winsim.host.sockets import WILDCARD, WILDCARD_V6


@dataclass(frozen=True, slots=True)
class _Words:
    """The texts of one language, and the width of the first column; a wide character counts as two."""

    title: str
    columns: tuple[str, str, str, str]
    states: Mapping[str, str] = field(default_factory=dict)
    first: int = 6


WORDS = {
    Language.ENGLISH: _Words("Active Connections", ("Proto", "Local Address", "Foreign Address", "State")),
    # Published listings: German translates the states, Japanese does not and has a wider first column. SYN_EMPFANGEN, SCHLIESSEN and
    # the end of LETZTE_BEST... are from memory.
    Language.GERMAN: _Words(
        "Aktive Verbindungen",
        ("Proto", "Lokale Adresse", "Remoteadresse", "Status"),
        {
            "LISTENING": "ABH\u00d6REN",
            "SYN_SENT": "SYN_GESENDET",
            "SYN_RECEIVED": "SYN_EMPFANGEN",
            "ESTABLISHED": "HERGESTELLT",
            "FIN_WAIT_1": "FIN_WARTEN_1",
            "FIN_WAIT_2": "FIN_WARTEN_2",
            "CLOSE_WAIT": "SCHLIESSEN_WARTEN",
            "CLOSING": "SCHLIESSEN",
            "LAST_ACK": "LETZTE_BEST\u00c4TIGUNG",
            "TIME_WAIT": "WARTEND",
        },
    ),
    Language.JAPANESE: _Words(
        "\u30a2\u30af\u30c6\u30a3\u30d6\u306a\u63a5\u7d9a",
        (
            "\u30d7\u30ed\u30c8\u30b3\u30eb",
            "\u30ed\u30fc\u30ab\u30eb \u30a2\u30c9\u30ec\u30b9",
            "\u5916\u90e8\u30a2\u30c9\u30ec\u30b9",
            "\u72b6\u614b",
        ),
        first=11,
    ),
}
USAGE = "\r\nNETSTAT [-a] [-e] [-n]{process} [-s] [-p proto] [-r] [interval]\r\n\r\n"


@dataclass(frozen=True, slots=True)
class _Row:
    protocol: Protocol
    address: str
    port: int
    remote: str
    state: str
    pid: int

    def order(self) -> tuple[bool, int, int, int, str]:
        """All of TCP before UDP, all of IPv4 before IPv6."""
        number = ip_address(self.address.partition("%")[0])
        return self.protocol is Protocol.UDP, number.version, int(number), self.port, self.remote


def netstat(host: Machine, arguments: Sequence[str]) -> tuple[str, int]:
    """Return the output and the exit code of one call."""
    switches = _switches(arguments)
    known = {"a", "n", "p", *(("o",) if host.spec.windows.netstat_pids else ())}
    if switches is None or not switches.keys() <= known or switches.get("p") not in (None, "tcp", "udp"):
        return USAGE.format(process=" [-o]" if host.spec.windows.netstat_pids else ""), 1
    rows = [row for row in _rows(host) if switches.get("p") in (None, str(row.protocol))]
    if "a" not in switches:
        rows = [row for row in rows if row.state not in ("", "LISTENING")]
    return _table(sorted(rows, key=_Row.order), WORDS[host.spec.windows.language], pids="o" in switches), 0


def _switches(arguments: Sequence[str]) -> dict[str, str | None] | None:
    """Return the letters that were given, `p` with its protocol; None where something else was."""
    found: dict[str, str | None] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0).lower()
        if len(word) < 2 or word[0] not in "-/":
            return None
        for letter in word[1:]:
            found[letter] = None
        if word.endswith("p"):
            if not rest:
                return None
            found["p"] = rest.pop(0).lower()
    return found


def _rows(host: Machine) -> Iterator[_Row]:
    for endpoint in host.visible.endpoints():
        tcp = endpoint.protocol is Protocol.TCP
        nobody = _at(WILDCARD_V6 if endpoint.ipv6 else WILDCARD, 0) if tcp else "*:*"
        yield _Row(endpoint.protocol, endpoint.address, endpoint.port, nobody, "LISTENING" if tcp else "", endpoint.pid)
    for connection in host.visible.connections():
        pid = host.pid(connection.process)
        remote = _at(connection.remote_address, connection.remote_port)
        if host.spec.windows.false_listening and not connection.inbound:
            yield _Row(Protocol.TCP, WILDCARD, connection.local_port, "0.0.0.0:0", "LISTENING", pid)
        yield _Row(Protocol.TCP, connection.local_address, connection.local_port, remote, connection.state.name, pid)


def _at(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _table(rows: Sequence[_Row], words: _Words, *, pids: bool) -> str:
    lines = ["", words.title, "", _line(words, *words.columns, "PID" if pids else "")]
    for row in rows:
        state = words.states.get(row.state, row.state)
        lines.append(_line(words, row.protocol.upper(), _at(row.address, row.port), row.remote, state, str(row.pid) if pids else ""))
    return "".join(f"{line}\r\n" for line in lines)


def _line(words: _Words, protocol: str, local: str, remote: str, state: str, pid: str) -> str:
    columns = ((protocol, words.first), (local, 22), (remote, 22), (state, 15), (pid, 0))
    return ("  " + " ".join(text + " " * (width - _cells(text)) for text, width in columns)).rstrip()


def _cells(text: str) -> int:
    """Return how many columns of the console a text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
