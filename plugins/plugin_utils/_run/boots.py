# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The boot that this controller has seen: a clock for a host whose own clocks may be wrong.

`reboot` leaves it among the facts of the host, and a proof in the same play reads it. A fact of another controller, or of
another boot of this one, says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock

FACT = "netmin_windows_boot"
# Linux, random(4): another text at each boot of the controller.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class BootSeen:
    """When the controller first saw a boot of a host.

    Attributes:
        mark: the boot; "" where none was seen.
        controller: the boot of the controller itself, whose clock counts.
        at: seconds of that clock.
    """

    mark: str = ""
    controller: str = ""
    at: float = 0.0

    @classmethod
    def now(cls, mark: str, clock: Clock) -> BootSeen:
        """Remember a boot that has just been seen."""
        return cls(mark, controller_boot(), clock.now())

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> BootSeen:
        """Read what an earlier task of the play left; nothing where that is not ours."""
        facts = variables.get("ansible_facts")
        found = facts.get(FACT) if isinstance(facts, Mapping) else None
        if not isinstance(found, Mapping) or not isinstance(found.get("at"), int | float):
            return cls()
        return cls(str(found.get("mark", "")), str(found.get("controller", "")), float(found["at"]))

    def since(self, mark: str, clock: Clock) -> float | None:
        """Return the seconds since this very boot was seen; None where it was not."""
        passed = clock.now() - self.at
        known = bool(self.mark) and self.mark == mark and bool(self.controller) and self.controller == controller_boot()
        return passed if known and passed >= 0 else None

    def fact(self) -> dict[str, Any]:
        """Return it as a fact of the host."""
        return {FACT: {"mark": self.mark, "controller": self.controller, "at": self.at}}


def controller_boot() -> str:
    """Tell one boot of the controller from another; "" where its system does not say."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
