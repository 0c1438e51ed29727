# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that case does not tell apart."""

from __future__ import annotations

import string

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names, same
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.text(string.ascii_letters, min_size=1, max_size=3)
LISTS = st.lists(WORDS, max_size=6)


def lower(names: object) -> set[str]:
    return {str(name).lower() for name in names}  # type: ignore[attr-defined]


@given(LISTS, LISTS)
def test_sets_work_as_sets_of_lower_case_names_do(one: list[str], other: list[str]) -> None:
    names, plain = Names(one), set(other)
    assert lower(names) == lower(one)
    assert len(names) == len(lower(one))
    assert all(name.upper() in names and name.lower() in names for name in one)
    for others in (plain, Names(other)):
        assert lower(names | others) == lower(one) | lower(other)
        assert lower(names & others) == lower(one) & lower(other)
        assert lower(names - others) == lower(one) - lower(other)
        assert names.isdisjoint(others) == lower(one).isdisjoint(lower(other))
        assert (names <= others) == (lower(one) <= lower(other))
        assert (names >= others) == (lower(one) >= lower(other))
        assert (names == others) == (lower(one) == lower(other))
    assert (hash(names) == hash(Names(other))) or lower(one) != lower(other)


@given(st.lists(st.tuples(WORDS, st.integers()), max_size=6))
def test_a_mapping_finds_a_name_in_any_case_and_the_last_value_wins(items: list[tuple[str, int]]) -> None:
    mapping = ByName(items)
    expected = {name.lower(): value for name, value in items}
    assert {name.lower(): value for name, value in mapping.items()} == expected
    for name, value in expected.items():
        assert mapping[name] == mapping[name.upper()] == mapping.get(name.title()) == value
        assert name.upper() in mapping
    assert mapping == expected
    assert mapping == ByName({name.upper(): value for name, value in expected.items()})
    assert (mapping | {"New": 1})["nEW"] == 1


def test_spelling_and_order_are_those_first_met() -> None:
    assert list(Names(["Tcpip", "NetBT", "TCPIP"])) == ["Tcpip", "NetBT"]
    assert list(ByName([("Tcpip", 1), ("NetBT", 2), ("TCPIP", 3)]).items()) == [("Tcpip", 3), ("NetBT", 2)]
    assert repr(Names(["A"])) == "Names(['A'])"
    assert repr(ByName({"A": 1})) == "ByName({'A': 1})"


def test_what_is_no_name_is_not_there() -> None:
    other: object = None
    assert other not in Names(["None"])
    assert other not in ByName({"None": 1})
    assert same("LanmanServer", "lanmanserver")
    assert not same("srv", "srv2")
    with pytest.raises(KeyError, match="gone"):
        ByName[int]()["gone"]
