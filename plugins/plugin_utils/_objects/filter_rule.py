# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An inbound block rule of the host's own firewall: added, or deleted."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule

from .change import BaseChange

BLOCKS = "blocks"
"""How a rule that is in place is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFilterRule(BaseChange):
    """Add an inbound block rule to the host's own firewall.

    Attributes:
        before: what a rule of that name said, where it did not say what is wanted.
    """

    rule: FilterRule
    before: str | None = None

    @property
    def target(self) -> str:
        return f"inbound rule {self.rule.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return self.before, BLOCKS


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFilterRule(BaseChange):
    """Delete every rule of one name from the host's own firewall.

    Attributes:
        before: what it said; "" where only the name is known.
        certain: whether it is there for certain: then a host that finds none has failed.
    """

    name: str
    before: str
    certain: bool = True

    @property
    def target(self) -> str:
        return f"former inbound rule {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return self.before or "not known", None
