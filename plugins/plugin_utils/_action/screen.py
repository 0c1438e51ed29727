# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task says to a person while it runs: text by Ansible's own `Display`, whole lines of one host together.

Nothing is said where the task's output is hidden, or where a program reads the output.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable

from ansible import constants
from ansible.utils.color import ANSIBLE_COLOR, stringc
from ansible.utils.display import Display
from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._report.table import STATE_KINDS, WIDTH, Paper, unpainted

# Standard output that people read, by the last part of the plugin's name. `awx_display` is that of ansible-runner, and so of AWX.
PEOPLE = frozenset(
    {
        *("actionable", "awx_display", "counter_enabled", "debug", "default", "dense", "diy", "full_skip"),
        *("minimal", "oneline", "selective", "skippy", "stderr", "unixy", "yaml"),
    }
)
COLOURS = {"good": "COLOR_OK", "changed": "COLOR_CHANGED", "bad": "COLOR_ERROR", "head": "COLOR_HIGHLIGHT"}
NARROWEST = 60
EVERY = 30.0
"""So many seconds apart a wait is told again."""
PATIENCE = 5.0
"""So many seconds a wait that is usually short goes on before it is told."""


class Screen:
    """Where a task speaks.

    Args:
        hidden: the task has `no_log`.
    """

    def __init__(self, *, hidden: bool) -> None:
        callback = str(constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK") or "default")
        self.for_people = not hidden and callback.rpartition(".")[2] in PEOPLE

    def tell(self, text: str) -> None:
        """Show a text that no colours are in."""
        if self.for_people:
            Display().display(text)

    def record(self, text: str) -> None:
        """Write a line to Ansible's log, whatever is hidden from the screen, and show it with -v."""
        display = Display()
        display.display(text, log_only=True)
        if self.for_people and display.verbosity:
            display.display(text, screen_only=True)

    def show(self, render: Callable[[Paper], list[str]]) -> bool:
        """Show lines in one piece, coloured on a terminal and plain in a log; tell whether anything is shown."""
        if not self.for_people:
            return False
        display = Display()
        plain = "\n".join(render(Paper(width())))
        if not ANSIBLE_COLOR:
            display.display(plain)
            return True
        display.display("\n".join(render(Paper(width(), coloured))), screen_only=True)
        display.display(plain, log_only=True)
        return True


def width() -> int:
    """Return how wide a text may be: as the terminal is, and never wider than people read."""
    return max(min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH), NARROWEST) if sys.stdout.isatty() else WIDTH


def coloured(text: str, kind: str) -> str:
    """Colour a text by what it is: a state, `good`, `bad`, `changed` or `head`."""
    name = COLOURS.get(STATE_KINDS.get(kind, kind))
    return stringc(text, getattr(constants, name)) if name and text.strip() else unpainted(text, kind)


class TellingClock:
    """A clock that says what is waited for: at the beginning, and then at most every half a minute."""

    def __init__(self, clock: Clock, host: str, screen: Screen) -> None:
        self._clock, self._host, self._screen = clock, host, screen
        self._about, self._patience = "", 0.0
        self._began: float | None = None
        self._told: float | None = None

    def about(self, what: str, *, patience: float = 0.0) -> None:
        """Say what the next waits are for.

        Args:
            what: as a sentence goes on after the host's name, `restarts, for up to 600 seconds`.
            patience: for so many seconds nothing is said.
        """
        self._about, self._patience = what, patience
        self._began = self._told = None

    def now(self) -> float:
        """Return the time of the clock."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Wait, and say so first where it is time to."""
        now = self._clock.now()
        if self._began is None:
            self._began = now
        waited = now - self._began
        due = waited >= self._patience if self._told is None else now - self._told >= EVERY
        if self._about and due:
            self._told = now
            self._screen.tell(f"{self._host}: {self._about}{f' ({waited:.0f} s so far)' if waited >= 1 else ''}")
        self._clock.sleep(seconds)
