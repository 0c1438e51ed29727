# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listing endpoints, and suspecting rows that are no listeners: each clause of the rule with a case for and against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol, TcpRow
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CIMV2, COLLECTED, STANDARD_CIMV2, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import MOST_TOLD, Listing, Suspect, read_listing, suspicions
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import settled_ports
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import load
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import take_listing
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import TABLE_2000, TABLE_XP, windows_2000, windows_xp

KNOWLEDGE = load()
# The article's example: source port 1367, peer's port 22.
FALSE = ("TCP 0.0.0.0:1367 0.0.0.0:0 LISTENING 1704", "TCP 192.70.106.142:1367 192.70.106.76:22 ESTABLISHED 1704")
ALWAYS = "TCP 0.0.0.0:135 0.0.0.0:0 LISTENING 884"


def take(*listings: tuple[str, ...], fake: FakeHost | None = None) -> Listing:
    fake = fake or windows_xp()
    fake.netstat = ["\n".join((ALWAYS, *rows)) for rows in listings]
    session = FakeSession(fake)
    return take_listing(session, read_host(session, KNOWLEDGE), KNOWLEDGE)


def suspected(listing: Listing) -> list[str]:
    return [suspect.endpoint.name for suspect in listing.suspects]


def listed(listing: Listing) -> list[str]:
    return [endpoint.name for endpoint in listing.endpoints]


def test_the_articles_example_is_suspected_and_listed_apart() -> None:
    listing = take(FALSE)
    assert suspected(listing) == ["tcp/1367"]
    assert listed(listing) == ["tcp/135"]
    assert "192.70.106.76:22" in listing.suspects[0].reason


def test_also_on_windows_2000_without_process_ids() -> None:
    rows = ("TCP 0.0.0.0:1367 0.0.0.0:0 LISTENING", "TCP 192.70.106.142:1367 192.70.106.76:22 ESTABLISHED")
    assert suspected(take(rows, fake=windows_2000())) == ["tcp/1367"]


NEVER = {
    "no connection has that port": (FALSE[0],),
    "the row is not on all addresses": ("TCP 192.70.106.142:1367 0.0.0.0:0 LISTENING 1704", FALSE[1]),
    "two peers share it: an RPC server with clients": (*FALSE, "TCP 192.70.106.142:1367 192.70.106.77:22 ESTABLISHED 1704"),
    "the peer's port is dynamic too: an inbound client": (FALSE[0], "TCP 192.70.106.142:1367 192.70.106.76:1044 ESTABLISHED 1704"),
    "the peer's port is dynamic on a newer Windows": (FALSE[0], "TCP 192.70.106.142:1367 192.70.106.76:50123 ESTABLISHED 1704"),
    "a port below the dynamic range": ("TCP 0.0.0.0:1024 0.0.0.0:0 LISTENING 9", "TCP 192.70.106.142:1024 192.70.106.76:22 ESTABLISHED 9"),
    "a port above the dynamic range": ("TCP 0.0.0.0:5001 0.0.0.0:0 LISTENING 9", "TCP 192.70.106.142:5001 192.70.106.76:22 ESTABLISHED 9"),
    "a port that a recipe names": ("TCP 0.0.0.0:5000 0.0.0.0:0 LISTENING 1160", "TCP 10.0.0.1:5000 192.70.106.76:22 ESTABLISHED 1160"),
    "UDP has no peers": ("UDP 0.0.0.0:1367 *:* 9", FALSE[1]),
}


@pytest.mark.parametrize("why", NEVER)
def test_not_suspected(why: str) -> None:
    listing = take(NEVER[why])
    assert suspected(listing) == []
    assert len(listing.endpoints) == 2


@pytest.mark.parametrize("port", [1025, 5000])
def test_both_ends_of_the_dynamic_range_count(port: int) -> None:
    fake = windows_2000()
    rows = (f"TCP 0.0.0.0:{port} 0.0.0.0:0 LISTENING", f"TCP 10.0.0.1:{port} 10.0.0.2:22 ESTABLISHED")
    assert suspected(take(rows, fake=fake)) == [f"tcp/{port}"]


@pytest.mark.parametrize(("last", "port", "false"), [(65534, 60000, True), (5000, 60000, False), (2000, 3000, True), (65535, 60000, False)])
def test_the_range_that_an_administrator_has_set_counts(last: int, port: int, false: bool) -> None:
    fake = windows_xp()
    fake.put(r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters", "MaxUserPort", RegistryValue.dword(last))
    rows = (f"TCP 0.0.0.0:{port} 0.0.0.0:0 LISTENING 9", f"TCP 10.0.0.1:{port} 10.0.0.2:22 ESTABLISHED 9")
    assert suspected(take(rows, fake=fake)) == [f"tcp/{port}"] * false


@pytest.mark.parametrize(("peer", "false"), [(1024, True), (1025, False), (5000, False), (5001, True), (49151, True), (49152, False)])
def test_the_ends_of_the_peers_range(peer: int, false: bool) -> None:
    assert bool(suspected(take((FALSE[0], f"TCP 10.0.0.1:1367 10.0.0.2:{peer} ESTABLISHED 9")))) is false


def test_never_on_winrms_own_port_wherever_it_is() -> None:
    fake = windows_xp()
    fake.listeners = [type(fake.listeners[0])("*", "HTTP", 1367, enabled=True)] if fake.listeners else []
    assert suspected(take(FALSE, fake=fake)) == []


def test_never_from_server_2003_on() -> None:
    fake = windows_xp()
    fake.version, fake.build, fake.product = "5.2.3790", 3790, 3
    assert suspected(take(FALSE, fake=fake)) == []


def test_a_second_listing_must_show_the_very_pair() -> None:
    other = (FALSE[0], "TCP 192.70.106.142:1367 192.70.106.99:22 ESTABLISHED 1704")
    listing = take(FALSE, other)
    assert suspected(listing) == []
    assert "tcp/1367" in listed(listing)


def test_what_a_second_listing_does_not_show_at_all_is_no_listener() -> None:
    listing = take(FALSE, ())
    assert (suspected(listing), listed(listing)) == ([], ["tcp/135"])


def test_a_listener_whose_only_connection_ends_stays_listed() -> None:
    listing = take(FALSE, (FALSE[0],))
    assert (suspected(listing), listed(listing)) == ([], ["tcp/135", "tcp/1367"])


def test_it_lists_twice_only_where_something_is_suspected() -> None:
    for table, expected in ((TABLE_XP, 1), (TABLE_XP + "\n".join(FALSE), 2)):
        fake = windows_xp()
        fake.netstat = [table]
        session = FakeSession(fake)
        host = read_host(session, KNOWLEDGE)
        read_listing(session, KNOWLEDGE.versions["windows_xp"], settled_ports(host, KNOWLEDGE))
        assert [call for call in session.calls if call[0] == "command"] == [("command", "netstat", "-ano")] * expected


def test_windows_2000_is_asked_without_the_option_that_it_does_not_have() -> None:
    fake = windows_2000()
    session = FakeSession(fake)
    listing = take_listing(session, read_host(session, KNOWLEDGE), KNOWLEDGE)
    assert ("command", "netstat", "-an") in session.calls
    assert len(listing.endpoints) == TABLE_2000.count("LISTENING") + TABLE_2000.count("*:*")


@pytest.mark.parametrize(("text", "code"), [("", 0), ("netstat is not recognized", 1), (TABLE_XP, 1)])
def test_a_listing_without_rows_is_no_listing(text: str, code: int) -> None:
    fake = windows_xp()
    fake.netstat, fake.netstat_exit = [text], code
    session = FakeSession(fake)
    with pytest.raises(ProtocolError, match="netstat -ano"):
        take_listing(session, read_host(session, KNOWLEDGE), KNOWLEDGE)


class ListsByWmi(FakeSession):
    """A host whose WMI shows endpoints: rows as text, by class."""

    tables: ClassVar[dict[str, list[dict[str, str]]]] = {
        "MSFT_NetTCPConnection": [
            {"LocalAddress": "0.0.0.0", "LocalPort": "135", "OwningProcess": "912", "State": "2"},
            {"LocalAddress": "::", "LocalPort": "445", "OwningProcess": "4", "State": "2"},
            {"LocalAddress": "10.0.0.5", "LocalPort": "5985", "OwningProcess": "4", "State": "5"},
            {"LocalAddress": "0.0.0.0", "LocalPort": "50123", "OwningProcess": "700", "State": "100"},
        ],
        "MSFT_NetUDPEndpoint": [
            {"LocalAddress": "0.0.0.0", "LocalPort": "5353", "OwningProcess": "1300"},
            {"LocalAddress": "0.0.0.0", "LocalPort": "5353", "OwningProcess": "4020"},
            {"LocalAddress": "fe80::1%7", "LocalPort": "546", "OwningProcess": "1200"},
        ],
    }

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        if namespace != STANDARD_CIMV2 or wmi_class not in self.tables:
            return super().query(wmi_class, properties, where=where, namespace=namespace)
        rows = [row for row in self.tables[wmi_class] if where is None or row[where.property] in {str(value) for value in where.values}]
        return tuple(Row(wmi_class, {name: row[name] for name in properties}) for row in rows)


SERVER_2022 = KNOWLEDGE.versions["windows_server_2022"]


def test_newer_windows_list_by_wmi_without_a_command() -> None:
    session = ListsByWmi(windows_xp())
    listing = read_listing(session, SERVER_2022, ())
    assert [(row.name, row.address, row.pid) for row in listing.endpoints] == [
        ("tcp/135", "0.0.0.0", 912),
        ("tcp/445", "::", 4),
        ("udp/5353", "0.0.0.0", 1300),
        ("udp/5353", "0.0.0.0", 4020),
        ("udp/546", "fe80::1%7", 1200),
    ]
    assert not [call for call in session.calls if call[0] == "command"]


def test_a_class_that_is_refused_leaves_netstat() -> None:
    fake = windows_xp()
    fake.netstat = [ALWAYS + "\nTCP [::]:445 [::]:0 LISTENING 4"]
    assert listed(read_listing(FakeSession(fake), SERVER_2022, ())) == ["tcp/135", "tcp/445"]


@pytest.mark.parametrize(("address", "port"), [("nowhere", "135"), ("0.0.0.0", "70000"), ("0.0.0.0", "0")])
def test_an_endpoint_that_cannot_be_is_one_sentence(address: str, port: str) -> None:
    class Nonsense(ListsByWmi):
        tables: ClassVar[dict[str, list[dict[str, str]]]] = {
            "MSFT_NetTCPConnection": [],
            "MSFT_NetUDPEndpoint": [{"LocalAddress": address, "LocalPort": port, "OwningProcess": "1"}],
        }

    with pytest.raises(ProtocolError, match=r"host\.example lists an endpoint at"):
        read_listing(Nonsense(windows_xp()), SERVER_2022, ())


@pytest.mark.parametrize(("count", "lines"), [(0, 0), (MOST_TOLD, MOST_TOLD), (MOST_TOLD + 1, 1), (3900, 1)])
def test_the_source_ports_of_a_busy_proxy_are_told_in_one_line(count: int, lines: int) -> None:
    suspects = [
        Suspect(Endpoint(Protocol.TCP, "0.0.0.0", port, 8), TcpRow("10.0.0.5", port, "192.0.2.1", 80, 8))
        for port in range(1025, 1025 + count)
    ]
    said = suspicions(suspects)
    assert len(said) == lines
    assert sum(number for _endpoint, _reason, number in said) == count
    assert all("192.0.2.1:80" in reason for _endpoint, reason, _number in said)


TITLES = "\r\nActive Connections\r\n\r\n  Proto  Local Address          Foreign Address        State\r\n"


@pytest.mark.parametrize(
    ("text", "right"),
    [(TITLES, True), ("", False), ("\r\n", False), ("Active Connections\r\n", False), (f"{TITLES}  TCP    what is this\r\n", False)],
)
def test_a_listing_that_was_collected_may_have_no_row_below_its_titles(text: str, right: bool) -> None:
    """A host that nothing reaches, and on which everything was closed, lists nothing; over the network that cannot be."""
    fake = windows_2000()
    fake.netstat = [text]
    session = FakeSession(fake)
    host = read_host(session, KNOWLEDGE)
    with pytest.raises(ProtocolError):
        take_listing(session, host, KNOWLEDGE)
    answer = session.command
    session.command = lambda *arguments: replace(answer(*arguments), stderr=COLLECTED)  # type: ignore[method-assign]
    if right:
        assert take_listing(session, host, KNOWLEDGE).endpoints == ()
        return
    with pytest.raises(ProtocolError):
        take_listing(session, host, KNOWLEDGE)
