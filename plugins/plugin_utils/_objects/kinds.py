# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kinds of changes: a closed union."""

from __future__ import annotations

from .filter_rule import AddFilterRule, RemoveFilterRule
from .netbios import SetNetbios
from .registry_key import DeleteKey
from .registry_value import SetRegistryValue
from .running import StartService, StopService
from .start_mode import SetStartMode

Change = AddFilterRule | DeleteKey | RemoveFilterRule | SetNetbios | SetRegistryValue | SetStartMode | StartService | StopService
"""Everything that a plan can do to a host."""
