# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of ours among those that a host's firewall has."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue, ValueKind
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.reg_file import ExportedKey
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.rules import with_record
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import RECORD, RULES, names_from

OURS = "v2.30|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=135|Name=netmin.windows tcp/135|"
THEIRS = "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=80|Name=Web|"


def text(data: str) -> StoredValue:
    return StoredValue(type=ValueKind.SZ, data=data)


def store(**values: StoredValue) -> dict[str, ExportedKey]:
    return {RULES.lower(): ExportedKey(RULES, values)}


def recorded(keys: dict[str, ExportedKey]) -> dict[str, str]:
    made = with_record(keys).get(OUR_KEY.lower())
    value = None if made is None else made.values.get(RECORD.name)
    data = value.data if value is not None and isinstance(value.data, tuple) else None
    return names_from(None if data is None else RegistryValue.texts(data))


def test_rules_of_ours_are_known_by_the_names_of_their_values() -> None:
    assert recorded(store(**{"{1}": text(THEIRS), "{2}": text(OURS)})) == {"netmin.windows tcp/135": "{2}"}


@pytest.mark.parametrize(
    "value",
    [
        text(THEIRS),
        text("no rule"),
        text(""),
        text('v2.30|Name=netmin.windows %PATH%"|'),
        StoredValue(type=ValueKind.DWORD, data=1),
        StoredValue(type=ValueKind.MULTI_SZ, data=(OURS,)),
    ],
)
def test_what_is_no_rule_of_ours_makes_no_record(value: StoredValue) -> None:
    keys = store(**{"{1}": value})
    assert with_record(keys) == keys


def test_without_a_store_there_is_nothing_to_record() -> None:
    assert with_record({}) == {}


def test_a_record_that_a_controller_wrote_stays_and_so_does_what_is_beside_it() -> None:
    there = StoredValue(type=ValueKind.MULTI_SZ, data=("x",))
    keys = {**store(**{"{1}": text(OURS)}), OUR_KEY.lower(): ExportedKey(OUR_KEY, {"filterrules": there})}
    assert with_record(keys) == keys
    beside = {**store(**{"{1}": text(OURS)}), OUR_KEY.lower(): ExportedKey(OUR_KEY, {"Changes": there})}
    assert recorded(beside) == {"netmin.windows tcp/135": "{1}"}
    assert with_record(beside)[OUR_KEY.lower()].values["Changes"] == there
    assert beside[OUR_KEY.lower()].values == {"Changes": there}
