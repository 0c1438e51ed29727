# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Where
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.wql import quote, select


def test_select() -> None:
    assert select("Win32_Service") == "select * from Win32_Service"
    assert select("Win32_Service", ("Name", "State")) == "select Name,State from Win32_Service"


def test_conditions_are_joined_by_or() -> None:
    query = select("C", ("a", "b"), Where("p", ("x", "y")))
    assert query == "select a,b from C where p='x' or p='y'"
    assert select("C", where=Where("State", (2,))) == "select * from C where State=2"
    assert select("C", where=Where("Started", (True, False))) == "select * from C where Started=TRUE or Started=FALSE"


def test_quoting() -> None:
    assert quote("O'Brien") == r"'O\'Brien'"
    assert quote("C:\\x") == r"'C:\\x'"
    assert quote("' or ''='") == r"'\' or \'\'=\''"


@pytest.mark.parametrize("name", ["", "a b", "a;b", "x'", "1a", "Win32_Service where 1=1", "a\n"])
def test_names_are_names(name: str) -> None:
    with pytest.raises(InvalidOption):
        select(name)
    with pytest.raises(InvalidOption):
        select("C", (name,))
    with pytest.raises(InvalidOption):
        select("C", where=Where(name, ("x",)))
