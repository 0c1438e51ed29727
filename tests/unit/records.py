# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records and snapshots as the one registry value that they are where they are short."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast import stored
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record, line_of
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.snapshot import Snapshot


def value_of(made: Record | Snapshot) -> RegistryValue:
    """Write a record or a snapshot as a registry value."""
    if isinstance(made, Record):
        return RegistryValue.texts((line_of(stored.head_of(made)), *stored.lines_of(made)))
    return RegistryValue.texts((line_of(snapshot.head_of(made)), *snapshot.lines_of(made)))
