# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a service or driver runs: stopped, or started."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind

from .change import BaseChange, noun


@dataclass(frozen=True, slots=True, kw_only=True)
class StopService(BaseChange):
    """Stop a running service or driver.

    Attributes:
        along: the service that this one depends on and is stopped along with; empty where it is stopped for its own sake.
    """

    kind: ServiceKind
    name: str
    along: str = ""

    @property
    def target(self) -> str:
        return f"{noun(self.kind)} {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return "running", "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartService(BaseChange):
    """Start a service or driver that does not run."""

    kind: ServiceKind
    name: str

    @property
    def target(self) -> str:
        return f"stopped {noun(self.kind)} {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return "stopped", "running"
