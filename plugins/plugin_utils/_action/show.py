# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that shows what the roles found and did as tables for a person. It opens no session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._report.gather import ABOUT, Given, view_of
from ansible_collections.netmin.windows.plugins.plugin_utils._report.outside import with_outside
from ansible_collections.netmin.windows.plugins.plugin_utils._report.table import fleet_lines, host_lines

from .base import WindowsAction
from .screen import Screen


class ShowAction(WindowsAction):
    """Shows few hosts one by one, each in its own task, and many in one."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "of": {"type": "str", "choices": list(ABOUT), "required": True},
        "hosts": {"type": "list", "elements": "str"},
        "show_hosts": {"type": "int", "default": 5},
    }
    touches_host = False
    variables: Mapping[str, Any] = {}

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run the task with the variables of all hosts at hand."""
        self.variables = task_vars or {}
        return super().run(tmp, task_vars)

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Show this host, or all of them where there are many and this one speaks for them."""
        here = str(self.variables.get("inventory_hostname", ""))
        hosts = options["hosts"] or [*self.variables.get("ansible_play_batch", ())] or [here]
        few = len(hosts) <= options["show_hosts"]
        told = [here] if few else list(hosts) if here == self._speaker(hosts, options["of"]) else []
        given = {name: self._given(name, options["of"]) for name in told}
        views = [with_outside(view_of(name, known), self._looked(name, options["of"])) for name, known in given.items() if known.known]
        screen = Screen(hidden=bool(self._task.no_log))

        def lines(paper: Any) -> list[str]:
            return host_lines(views[0], paper) if few else fleet_lines(views, options["show_hosts"], paper)

        shown = bool(views) and screen.show(lines)
        return {"changed": False, "shown": [view.host for view in views] if shown else []}

    def _speaker(self, hosts: Sequence[str], of: str) -> str:
        """Return the host whose task shows all: the first that is still in the play and has something to show."""
        playing = set(self.variables.get("ansible_play_hosts", hosts))
        return next((name for name in hosts if name in playing and self._given(name, of).known), "")

    def _looked(self, name: str, of: str) -> Mapping[str, Any]:
        """Return what was found from outside; nothing of a look that was not taken."""
        found = ((self.variables.get("hostvars") or {}).get(name) or {}).get(f"{of}_outside_result")
        return found if isinstance(found, Mapping) and not found.get("skipped") else {}

    def _given(self, name: str, of: str) -> Given:
        found = (self.variables.get("hostvars") or {}).get(name)
        return Given.of_variables(found if isinstance(found, Mapping) else {}, check_mode=bool(self._task.check_mode), about=of)
