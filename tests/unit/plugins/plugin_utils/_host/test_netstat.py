# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""netstat's output, as recorded on real hosts and as other languages and options write it."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Family, Protocol, Scope, TcpRow
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netstat import MAX_ROWS, Sockets, parse
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._wsman.xml import captures


@dataclass(frozen=True)
class Recorded:
    """What the README of the recorded answers says of one of them."""

    name: str
    with_pid: bool
    tcp: int
    listening: int
    udp: int
    ipv6: int
    encoding: str = "utf-8"


RECORDED = [
    Recorded("jc_win10_netstat-aon.out", True, 71, 39, 137, 28),
    Recorded("inspec_netstat-anbo-pipe-select-string.txt", True, 34, 34, 15, 18),
    Recorded("win2000_netstat-an_nmap-smb-psexec.txt", False, 18, 13, 9, 0),
]


def one(line: str, *, with_pid: bool = True) -> Endpoint | TcpRow:
    sockets = parse(line, with_pid=with_pid)
    rows: list[Endpoint | TcpRow] = [*sockets.endpoints, *sockets.connections]
    assert len(rows) == 1
    return rows[0]


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded.name)
def test_recorded(recorded: Recorded) -> None:
    path = captures().parent / "netstat" / recorded.name
    sockets = parse(path.read_bytes().decode(recorded.encoding), with_pid=recorded.with_pid)
    listening = [row for row in sockets.endpoints if row.protocol is Protocol.TCP]
    udp = [row for row in sockets.endpoints if row.protocol is Protocol.UDP]
    ipv6 = [row for row in sockets.endpoints if row.family is Family.IPV6]
    ipv6_connections = [row for row in sockets.connections if ":" in row.local_address]
    assert len(listening) + len(sockets.connections) == recorded.tcp
    assert len(listening) == recorded.listening
    assert len(udp) == recorded.udp
    assert len(ipv6) + len(ipv6_connections) == recorded.ipv6
    pids = [row.pid for row in sockets.endpoints] + [row.pid for row in sockets.connections]
    assert all((pid is not None) is recorded.with_pid for pid in pids)


LINES = {
    "English": ("  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       884", Endpoint(Protocol.TCP, "0.0.0.0", 135, 884)),
    "German": ("  TCP    0.0.0.0:135            0.0.0.0:0              ABHÖREN         884", Endpoint(Protocol.TCP, "0.0.0.0", 135, 884)),
    "German, established": (
        "  TCP    10.0.0.5:49200         10.0.0.9:443           HERGESTELLT     4012",
        TcpRow("10.0.0.5", 49200, "10.0.0.9", 443, 4012),
    ),
    "French": ("  TCP    0.0.0.0:445            0.0.0.0:0              LISTENING       4", Endpoint(Protocol.TCP, "0.0.0.0", 445, 4)),
    "French, state of two words": (
        "  TCP    10.0.0.5:139           10.0.0.9:1030          EN ATTENTE      4",
        TcpRow("10.0.0.5", 139, "10.0.0.9", 1030, 4),
    ),
    "Japanese, narrow column": ("  TCP         0.0.0.0:135 0.0.0.0:0 LISTENING 884", Endpoint(Protocol.TCP, "0.0.0.0", 135, 884)),
    "UDP": ("  UDP    192.168.0.1:137        *:*                                    4", Endpoint(Protocol.UDP, "192.168.0.1", 137, 4)),
    "IPv6": ("  TCP    [::]:445               [::]:0                 LISTENING       4", Endpoint(Protocol.TCP, "::", 445, 4)),
    "IPv6 connection": (
        "  TCP    [2001:db8::1]:5985     [2001:db8::9]:50000    ESTABLISHED     4",
        TcpRow("2001:db8::1", 5985, "2001:db8::9", 50000, 4),
    ),
    "zone": ("  UDP    [fe80::1c2b%12]:1900   *:*      3320", Endpoint(Protocol.UDP, "fe80::1c2b%12", 1900, 3320)),
    "zone of a name": ("  UDP    [fe80::1%eth0]:546     *:*                    1200", Endpoint(Protocol.UDP, "fe80::1%eth0", 546, 1200)),
    "filtered by find": (">   TCP    0.0.0.0:22    0.0.0.0:0    LISTENING    1264", Endpoint(Protocol.TCP, "0.0.0.0", 22, 1264)),
    # The state of the offload stands last there, so that no process is known.
    "Offload State": ("  TCP    0.0.0.0:135    0.0.0.0:0    LISTENING    884    InHost", Endpoint(Protocol.TCP, "0.0.0.0", 135)),
    "no state at all": ("  TCP    0.0.0.0:135            0.0.0.0:0              884", Endpoint(Protocol.TCP, "0.0.0.0", 135, 884)),
    "last port": ("  UDP  0.0.0.0:65535 *:* 8", Endpoint(Protocol.UDP, "0.0.0.0", 65535, 8)),
}


@pytest.mark.parametrize("name", LINES)
def test_line(name: str) -> None:
    line, expected = LINES[name]
    assert one(line) == expected


def test_without_the_option_no_number_is_a_process() -> None:
    assert one("  TCP    0.0.0.0:25    0.0.0.0:0    LISTENING", with_pid=False) == Endpoint(Protocol.TCP, "0.0.0.0", 25)
    assert one("  UDP    0.0.0.0:135   *:*", with_pid=False) == Endpoint(Protocol.UDP, "0.0.0.0", 135)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Active Connections",
        "Aktive Verbindungen",
        "  Proto  Lokale Adresse         Remoteadresse          Status           PID",
        " [svchost.exe]",
        "  RpcSs",
        "  Can not obtain ownership information",
        "  Es konnten keine Besitzerinformationen abgerufen werden.",
        "  TCP",
        "  TCP    0.0.0.0:135",
        "  TCP    host.example:135       0.0.0.0:0              LISTENING       884",
        "  TCP    0.0.0.0:65536          0.0.0.0:0              LISTENING       884",
        "  TCP    0.0.0.0:epmap          0.0.0.0:0              LISTENING       884",
        "  TCP    0.0.0.0:135            *:*                    LISTENING       884",
        "  TCP    300.0.0.1:135          0.0.0.0:0              LISTENING       884",
        "  TCP    0.0.0.0:²              0.0.0.0:0              LISTENING       884",
        "  RAW    0.0.0.0:1              *:*                    4",
        # Text from a host may be anything, and Python converts no number of more than 4300 digits.
        f"  TCP    0.0.0.0:{'1' * 5000}   0.0.0.0:0             LISTENING       884",
    ],
)
def test_other_lines_are_passed_over(line: str) -> None:
    assert parse(line, with_pid=True) == Sockets((), ())


def test_an_enormous_process_id_is_none() -> None:
    assert one(f"  TCP    0.0.0.0:135   0.0.0.0:0   LISTENING   {'9' * 5000}") == Endpoint(Protocol.TCP, "0.0.0.0", 135)


def test_owner_lines_between_rows_and_both_line_ends() -> None:
    text = "\r\n".join(
        [
            "  TCP    0.0.0.0:135    0.0.0.0:0    LISTENING    884",
            "  RpcSs",
            " [svchost.exe]",
            "  TCP    127.0.0.1:2528    127.0.0.1:2529    ESTABLISHED    1",
            "",
        ]
    )
    sockets = parse(text, with_pid=True)
    assert sockets.endpoints == (Endpoint(Protocol.TCP, "0.0.0.0", 135, 884),)
    assert sockets.connections == (TcpRow("127.0.0.1", 2528, "127.0.0.1", 2529, 1),)


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("0.0.0.0", Scope.WILDCARD),
        ("[::]", Scope.WILDCARD),
        ("127.0.0.1", Scope.LOOPBACK),
        ("127.9.9.9", Scope.LOOPBACK),
        ("[::1]", Scope.LOOPBACK),
        ("192.168.0.1", Scope.ADAPTER),
        ("[fe80::1%4]", Scope.ADAPTER),
    ],
)
def test_scope(address: str, scope: Scope) -> None:
    row = one(f"UDP {address}:500 *:* 704")
    assert isinstance(row, Endpoint)
    assert row.scope is scope


def test_of_a_line_that_no_netstat_writes_the_beginning_is_read() -> None:
    row = "  TCP    0.0.0.0:135    0.0.0.0:0    LISTENING    884"
    found = parse(f"{row}\r\nTCP {'1 ' * 1_000_000}\r\n{row} {'x' * 400}\n{row}", with_pid=True)
    assert [endpoint.pid for endpoint in found.endpoints] == [884, None, 884]


def test_more_rows_than_any_host_has() -> None:
    text = "UDP 0.0.0.0:1 *:*\n"
    assert len(parse(text * MAX_ROWS, with_pid=False).endpoints) == MAX_ROWS
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than 60000 rows"):
            parse(text * (MAX_ROWS * 3), with_pid=False)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * 1024 * 1024


@pytest.mark.parametrize(
    "line",
    [
        "TCP 0.0.0.0:65536 0.0.0.0:0",
        "TCP 0.0.0.0:-1 0.0.0.0:0",
        "UDP 0.0.0.0:" + "9" * 300 + " *:*",
        "TCP ../..:1 0.0.0.0:0",
        "TCP 0.0.0.0:NaN *:*",
    ],
)
def test_what_is_no_address_is_passed_over(line: str) -> None:
    assert parse(line, with_pid=True) == Sockets((), ())


@pytest.mark.parametrize(
    ("word", "ending"),
    [
        ("HERGESTELLT", False),
        ("SCHLIESSEN_WARTEN", True),
        ("WARTEND", True),
        ("FIN_WARTEN_1", True),
        ("FIN_WARTEN_2", True),
        ("LETZTE_BEST\u00c4T", True),
        ("SYN_GESENDET", True),
        ("ESTABLISHED", False),
        ("TIME_WAIT", True),
        ("ESTABLECIDO", False),
    ],
)
def test_connections_that_end_are_known_in_german_too(word: str, ending: bool) -> None:
    found = parse(f"  TCP    10.0.0.5:3389    10.0.0.9:50123    {word}    1234\n", with_pid=True)
    assert [row.ending for row in found.connections] == [ending]


# State words as they could be in any language: none of them is in a table of ours. The first is the one of an established connection.
WORDS = {
    "Polish, from memory": ("USTANOWIONO", "OCZEKIWANIE_NA_ZAMKNI\u0118CIE", "CZAS_OCZEKIWANIA"),
    "Russian": (
        "\u0423\u0421\u0422\u0410\u041d\u041e\u0412\u041b\u0415\u041d\u041e",
        "\u0417\u0410\u041a\u0420\u042b\u0422\u0418\u0415",
        "\u041e\u0416\u0418\u0414\u0410\u041d\u0418\u0415",
    ),
    "what a code page lacks": ("?????????????", "???????_???????", "????????"),
    "two words": ("CONNEXION ETABLIE", "EN FERMETURE", "EN ATTENTE"),
}


def listing(words: tuple[str, str, str], *, own: str, with_pid: bool = True) -> str:
    established, closing, waiting = words
    rows = [
        ("0.0.0.0:5985", "0.0.0.0:0", "x", 4),
        ("10.0.0.5:5985", "10.0.0.1:40000", own, 4),
        ("10.0.0.5:3389", "10.0.0.9:50001", established, 900),
        ("10.0.0.5:445", "10.0.0.9:50002", closing, 4),
        ("10.0.0.5:445", "10.0.0.9:50003", waiting, 0),
    ]
    return "".join(f"  TCP    {local}    {peer}    {word}{f'    {pid}' if with_pid else ''}\r\n" for local, peer, word, pid in rows)


@pytest.mark.parametrize("with_pid", [True, False])
@pytest.mark.parametrize("language", WORDS)
def test_the_word_of_our_own_connection_is_that_of_an_established_one_in_any_language(language: str, with_pid: bool) -> None:
    words = WORDS[language]
    found = parse(listing(words, own=words[0], with_pid=with_pid), with_pid=with_pid, own_ports=(5985, 5986))
    assert [row.ending for row in found.connections] == [False, False, True, True]


@pytest.mark.parametrize("language", WORDS)
def test_both_ends_of_a_connection_of_the_host_with_itself_show_the_word_of_an_established_one(language: str) -> None:
    words = WORDS[language]
    both = f"  TCP 127.0.0.1:1025 127.0.0.1:1026 {words[0]} 8\n  TCP 127.0.0.1:1026 127.0.0.1:1025 {words[0]} 9\n"
    half = f"  TCP 127.0.0.1:1027 127.0.0.1:1028 {words[1]} 8\n  TCP 127.0.0.1:1028 127.0.0.1:1027 {words[2]}2 9\n"
    found = parse(listing(words, own=words[0]) + both + half, with_pid=True)
    assert [row.ending for row in found.connections] == [False, False, True, True, False, False, True, True]


def test_where_two_words_could_be_that_of_an_established_connection_none_is_taken_for_an_ending_one() -> None:
    words = WORDS["two words"]
    found = parse(listing(words, own=words[0]).replace("10.0.0.5:445", "10.0.0.5:5985"), with_pid=True, own_ports=(5985,))
    # Only the one that has no process any more is certain.
    assert [row.ending for row in found.connections] == [False, False, False, True]


def test_our_own_connection_is_never_one_that_ends_because_of_what_else_is_listed() -> None:
    words = WORDS["two words"]
    waiting = f"  TCP 127.0.0.1:1 127.0.0.1:2 {words[2]}\n  TCP 127.0.0.1:2 127.0.0.1:1 {words[2]}\n"
    found = parse(listing(words, own=words[0], with_pid=False) + waiting, with_pid=False, own_ports=(5985,))
    assert not found.connections[0].ending
    # Windows 2000 shows no process: a connection that both ends have closed looks like one that is established.
    assert not any(row.ending for row in parse(waiting, with_pid=False).connections)
