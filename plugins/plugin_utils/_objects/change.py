# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all changes have in common. A plan is made of them; each kind is a file beside this one, and `kinds.py` lists them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind


class Effective(StrEnum):
    """When a change shows at the sockets."""

    NOW = "now"
    BOOT = "at boot"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChange(ABC):
    """What all changes have in common.

    Attributes:
        stage: the stage that planned it.
        effective: when it shows.
        why: one sentence for the reader of a plan.
        touches_session: whether it could cut the session that carries it; such changes come last.
        rank: order within a stage; a smaller rank comes first (dependents before what they depend on).
    """

    stage: str
    effective: Effective
    why: str
    touches_session: bool = False
    rank: int = 0

    @property
    @abstractmethod
    def target(self) -> str:
        """The object, as results and messages name it."""

    @property
    def identity(self) -> str:
        """What tells the change from every other of a plan; one and the same object may be named by two changes."""
        return self.target

    @property
    @abstractmethod
    def shown(self) -> tuple[object, object]:
        """Before and after as plain values."""


def noun(kind: ServiceKind) -> str:
    """Name a kind of service for people."""
    return "service" if kind is ServiceKind.SERVICE else "driver"
