# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The start mode of a service or driver, changed through the SCM."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode

from .change import BaseChange, noun


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStartMode(BaseChange):
    """Change the start mode of a service through the SCM."""

    kind: ServiceKind
    name: str
    before: StartMode
    after: StartMode

    @property
    def target(self) -> str:
        return f"{noun(self.kind)} {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return str(self.before), str(self.after)
