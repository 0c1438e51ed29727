# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoint map beside a listing: what leads where, and that a hostile host cannot make that dear."""

from __future__ import annotations

from ipaddress import IPv4Address
from uuid import UUID

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import MOST_AT_PORT, EndpointMap, MapState, RpcEntry, RpcSequence
from hypothesis import given
from hypothesis import strategies as st

ADDRESSES = ("0.0.0.0", "192.0.2.1", "192.0.2.2", "::", "fe80::1", "", "nonsense")
ROWS = [address for address in ADDRESSES if address not in ("", "nonsense")]


def entry(number: int, address: str = "0.0.0.0", port: int = 135) -> RpcEntry:
    return RpcEntry(UUID(int=number), (1, 0), RpcSequence.TCP, str(port), address)


@given(st.lists(st.tuples(st.sampled_from(ADDRESSES), st.integers(135, 137)), max_size=12), st.sampled_from(ROWS), st.integers(135, 137))
def test_what_leads_to_a_row_is_what_each_entry_says_by_itself(said: list[tuple[str, int]], address: str, port: int) -> None:
    entries = tuple(entry(number, where, at) for number, (where, at) in enumerate(said))
    found = EndpointMap(MapState.READ, "", entries)
    rows = [Endpoint(protocol, one, port) for one in (*ROWS, address) for protocol in Protocol]
    for row in rows:
        assert found.at(row) == tuple(item for item in entries if item.is_at(row))


def test_a_port_with_more_interfaces_than_any_host_has_tells_nothing() -> None:
    many = tuple(entry(number) for number in range(MOST_AT_PORT + 1))
    row = Endpoint(Protocol.TCP, "0.0.0.0", 135)
    assert EndpointMap(MapState.READ, "", many).at(row) == ()
    assert len(EndpointMap(MapState.READ, "", many[1:]).at(row)) == MOST_AT_PORT


def test_a_port_at_thousands_of_addresses_is_looked_up_once_for_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, is_at = [], RpcEntry.is_at

    def counting(self: RpcEntry, row: Endpoint) -> bool:
        looked.append(row)
        return is_at(self, row)

    monkeypatch.setattr(RpcEntry, "is_at", counting)
    entries = tuple(entry(number) for number in range(MOST_AT_PORT - 1))
    found = EndpointMap(MapState.READ, "", (*entries, entry(9999, "10.0.0.7")))
    rows = [Endpoint(Protocol.TCP, str(IPv4Address("10.0.0.0") + number), 135) for number in range(2000)]
    told = {len(found.at(row)) for row in rows}
    assert told == {MOST_AT_PORT - 1, MOST_AT_PORT}
    assert len(looked) <= 2 * MOST_AT_PORT
