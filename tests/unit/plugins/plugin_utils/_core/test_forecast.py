# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When two endpoints are the same, and what several possible owners make of an expectation."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Family, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import (
    MANY,
    Expectation,
    Forecast,
    Identity,
    Outlook,
    condensed,
    each,
)

OPEN, CLOSED, UNKNOWN = Expectation.OPEN, Expectation.CLOSED, Expectation.UNKNOWN


def identity(
    port: int | None = None,
    *owners: str,
    protocol: Protocol = Protocol.TCP,
    family: Family = Family.IPV4,
    scope: Scope = Scope.WILDCARD,
) -> Identity:
    return Identity(protocol, family, scope, port, owners)


def test_a_fixed_port_is_the_same_by_its_number() -> None:
    assert identity(135).covers(identity(135))
    assert not identity(135).covers(identity(445))
    assert not identity(135).covers(identity(135, protocol=Protocol.UDP))
    assert not identity(135).covers(identity(135, family=Family.IPV6))
    assert not identity(135).covers(identity(135, scope=Scope.LOOPBACK))


def test_a_dynamic_port_is_the_same_by_its_possible_owners() -> None:
    before = identity(None, "MSDTC", "Schedule")
    assert before.covers(identity(None, "Schedule"))
    assert before.covers(before)
    assert not before.covers(identity(None, "Schedule", "Vendor"))
    assert not before.covers(identity(None))
    assert not before.covers(identity(1025))


def test_in_words() -> None:
    assert str(identity(135)) == "tcp/135"
    assert str(identity(None, "MSDTC", "Schedule")) == "tcp/dynamic (MSDTC or Schedule)"
    assert str(identity(None)) == "tcp/dynamic (unknown owner)"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((CLOSED, CLOSED), CLOSED),
        ((OPEN,), OPEN),
        ((OPEN, CLOSED), UNKNOWN),
        ((UNKNOWN, UNKNOWN), UNKNOWN),
        ((), UNKNOWN),
    ],
)
def test_all_must_agree(parts: tuple[Expectation, ...], expected: Expectation) -> None:
    assert Expectation.of_all(parts) is expected


def fixed(port: int, outlook: Outlook = Outlook.STAYS) -> Forecast:
    row = Endpoint(Protocol.UDP, "0.0.0.0", port, 4000)
    told = identity(port, protocol=Protocol.UDP)
    return Forecast(row, told, "Crowd in pid 4000", None, OPEN, OPEN, outlook, "it stays", owners=("Crowd",))


def test_a_crowd_of_fixed_ports_of_one_owner_is_one_entry_that_names_all_of_them() -> None:
    crowd = [fixed(20000 + number) for number in range(MANY + 1)]
    (entry,) = condensed(crowd)
    assert (entry.count, entry.identity) == (MANY + 1, identity(20000, protocol=Protocol.UDP))
    assert entry.ports == tuple(range(20000, 20000 + MANY + 1))
    assert each(entry) == tuple(crowd)
    # What is kept of it is told by itself, and as many as can be read are told one by one.
    assert [item.count for item in condensed([*crowd, fixed(53, Outlook.KEPT)])] == [MANY + 1, 1]
    assert [item.count for item in condensed(crowd[:MANY])] == [1] * MANY
