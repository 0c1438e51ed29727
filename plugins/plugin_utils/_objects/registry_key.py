# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A registry key that was made for a value of ours: deleted once it holds nothing. No snapshot holds one."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM

from .change import BaseChange


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteKey(BaseChange):
    """Delete a registry key that was made for a value, and holds nothing any more."""

    key: str

    @property
    def target(self) -> str:
        return f"{HKLM}{self.key}"

    @property
    def shown(self) -> tuple[object, object]:
        return "a key without content", None
