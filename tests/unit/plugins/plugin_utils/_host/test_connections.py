# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which connections of a listing are inbound ones of somebody else, before and since WMI shows them."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import TcpRow
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, ClassMissing, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import STANDARD_CIMV2, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._host.connections import PROPERTIES, Connection, read_connections
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import management_ports
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import load
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import take_listing
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import windows_2000, windows_xp
from ansible_collections.netmin.windows.tests.unit.simulated import simulated

KNOWLEDGE = load()
LISTENERS = ("TCP 0.0.0.0:445 0.0.0.0:0 LISTENING 4", "TCP 127.0.0.1:5152 0.0.0.0:0 LISTENING 9", "TCP 0.0.0.0:135 0.0.0.0:0 LISTENING 884")


def take(*rows: str, fake: FakeHost | None = None) -> tuple[Connection, ...] | None:
    fake = fake or windows_xp()
    fake.netstat = ["\n".join((*LISTENERS, *rows))]
    session = FakeSession(fake)
    host = read_host(session, KNOWLEDGE)
    listing = take_listing(session, host, KNOWLEDGE)
    spent = len(session.calls)
    found = read_connections(session, host, listing)
    assert len(session.calls) == spent, "netstat has shown them already"
    return found


def test_netstat_shows_port_peer_and_process() -> None:
    found = take("TCP 192.70.106.143:445 192.70.106.9:40001 ESTABLISHED 4")
    assert found == (Connection("192.70.106.143", 445, "192.70.106.9", 40001, 4, "System"),)


NOT_INBOUND = {
    "no listener has the port: it is an outgoing one": "TCP 192.70.106.143:1050 192.70.106.9:445 ESTABLISHED 4",
    "a listener of the loopback alone": "TCP 127.0.0.1:5152 127.0.0.1:1044 ESTABLISHED 9",
    "the peer is the loopback": "TCP 127.0.0.1:135 127.0.0.1:1044 ESTABLISHED 884",
    "the peer is the host itself": "TCP 192.70.106.143:445 192.70.106.143:1044 ESTABLISHED 4",
    "it has ended, in words": "TCP 192.70.106.143:445 192.70.106.9:40001 CLOSE_WAIT 4",
    "it has ended, in another language": "TCP 192.70.106.143:445 192.70.106.9:40001 WARTEND 0",
}


@pytest.mark.parametrize("why", NOT_INBOUND)
def test_netstat_rows_that_are_none(why: str) -> None:
    assert take(NOT_INBOUND[why]) == ()


def test_a_state_in_another_language_counts_as_established() -> None:
    assert len(take("TCP 192.70.106.143:445 192.70.106.9:40001 HERGESTELLT 4") or ()) == 1


def test_windows_2000_shows_no_process() -> None:
    found = take("TCP 192.70.106.143:445 192.70.106.9:40001 ESTABLISHED", fake=windows_2000())
    assert found == (Connection("192.70.106.143", 445, "192.70.106.9", 40001),)


class Wmi(FakeSession):
    """A Server 2022 whose WMI shows listeners and the connections that a test says."""

    def __init__(self, rows: list[Row] | Exception) -> None:
        super().__init__(FakeHost(version="10.0.20348", build=20348, product=3, processes={4: "System"}))
        self.rows = rows

    def query(self, wmi_class: str, properties=(), *, where=None, namespace="root/cimv2"):  # type: ignore[no-untyped-def]
        if namespace != STANDARD_CIMV2:
            return super().query(wmi_class, properties, where=where, namespace=namespace)
        if where == Where("State", (5,)):
            assert tuple(properties) == PROPERTIES
            if isinstance(self.rows, Exception):
                raise self.rows
            return tuple(self.rows)
        tcp = wmi_class == "MSFT_NetTCPConnection"
        return (Row(wmi_class, {"LocalAddress": "::", "LocalPort": "445", "OwningProcess": "4"}),) if tcp else ()


def read(rows: list[Row] | Exception) -> tuple[Connection, ...] | None:
    session = Wmi(rows)
    host = read_host(session, KNOWLEDGE)
    return read_connections(session, host, take_listing(session, host, KNOWLEDGE))


def row(peer: str, port: int, local: int = 445) -> Row:
    ends = {"LocalAddress": "192.0.2.10", "LocalPort": str(local), "RemoteAddress": peer, "RemotePort": str(port)}
    return Row("MSFT_NetTCPConnection", {**ends, "OwningProcess": "4"})


def test_wmi_is_asked_for_established_rows_alone() -> None:
    found = read([row("192.0.2.77", 50001), row("192.0.2.5", 443, local=50400), row("127.0.0.1", 50002)])
    assert found == (Connection("192.0.2.10", 445, "192.0.2.77", 50001, 4, "System"),)


@pytest.mark.parametrize("kind", [AccessDenied, ClassMissing])
def test_what_may_not_be_seen_is_not_taken_for_nothing(kind: type[AccessDenied | ClassMissing]) -> None:
    assert read(kind("no", host="h", code=None, subcode="")) is None


@pytest.mark.parametrize("bad", [row("../../x", 50001), row("192.0.2.77", 70000), row("192.0.2.77", 0)])
def test_a_row_that_no_host_has_is_refused(bad: Row) -> None:
    with pytest.raises(ProtocolError, match="which is not valid"):
        read([bad])


@pytest.mark.parametrize(("name", "inbound"), [("windows_xp_false_listening", ["192.70.106.50"]), ("windows_server_2022", [])])
def test_a_simulated_hosts_outgoing_connections_are_none(name: str, inbound: list[str]) -> None:
    with simulated(name, read_only=True) as sim:
        host = read_host(sim.session, KNOWLEDGE)
        found = read_connections(sim.session, host, take_listing(sim.session, host, KNOWLEDGE))
        assert found is not None
        ours = management_ports(host, KNOWLEDGE)
        assert [connection.peer_address for connection in found if connection.local_port not in ours] == inbound
        assert [connection.peer_address for connection in found if connection.local_port in ours] == ["192.0.2.9"]


def test_a_connection_is_the_same_whatever_its_state() -> None:
    assert TcpRow("10.0.0.1", 445, "10.0.0.2", 1044, 4) == TcpRow("10.0.0.1", 445, "10.0.0.2", 1044, 4, ending=True)
