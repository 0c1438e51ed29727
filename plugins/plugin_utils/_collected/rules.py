# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our rules in the firewall of a host that no controller reaches.

A run keeps a record of its rules on the host, since the store of rules is too long to be listed there. A script keeps none. But the files
have the whole store, so that the record is made of the rules themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue, ValueKind
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import fields_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import RECORD, RULES, is_ours, to_value

from .reg_file import ExportedKey


def with_record(keys: Mapping[str, ExportedKey]) -> Mapping[str, ExportedKey]:
    """Return keys of exports with a record of our rules; a record that is there stays as it is."""
    store, own = keys.get(RULES.lower()), keys.get(RECORD.key.lower())
    if store is None or (own is not None and RECORD.name in ByName(own.values)):
        return keys
    rules = {name: value_name for value_name, value in store.values.items() if (name := _name_of(value)) and is_ours(name)}
    record = to_value(rules)
    if record is None or not isinstance(record.data, tuple):
        return keys
    made = ExportedKey(RECORD.key) if own is None else ExportedKey(own.name, dict(own.values), own.others)
    made.values[RECORD.name] = StoredValue(type=ValueKind.MULTI_SZ, data=record.data)
    return {**keys, RECORD.key.lower(): made}


def _name_of(value: StoredValue) -> str:
    return fields_of(value.data).get("Name", "") if isinstance(value.data, str) else ""
