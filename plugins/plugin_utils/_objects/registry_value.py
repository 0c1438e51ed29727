# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A registry value below HKLM: written, or deleted."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting

from .change import BaseChange, Effective


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRegistryValue(BaseChange):
    """Write a registry value, or delete it where `after` is None."""

    key: str
    name: str
    before: RegistryValue | None
    after: RegistryValue | None

    @property
    def target(self) -> str:
        return f"{HKLM}{self.key}\\{self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        before, after = self.before, self.after
        return before and before.plain(), after and after.plain()


def write_value(
    stage: str,
    setting: Setting,
    before: RegistryValue | None,
    after: RegistryValue | None,
    why: str,
    *,
    rank: int = 0,
    effective: Effective = Effective.BOOT,
) -> tuple[SetRegistryValue, ...]:
    """Plan a value, by default one that the next boot reads; nothing where it is as wanted already."""
    if before == after:
        return ()
    change = SetRegistryValue(
        stage=stage, effective=effective, why=why, rank=rank, key=setting.key, name=setting.name, before=before, after=after
    )
    return (change,)
