# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that sums up a run over many hosts. It opens no session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._report.table import lines_within
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import (
    BAD,
    Ended,
    Of,
    ends_here,
    judge,
    row_of,
    table,
    totals,
)

from .base import WindowsAction
from .screen import Screen


class SummaryAction(WindowsAction):
    """Reads the results that the roles have left for each host."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "of": {"type": "str", "choices": [str(what) for what in Of], "default": str(Of.MINIMIZE)},
        "batch": {"type": "list", "elements": "str", "default": []},
        "max_fail_percentage": {"type": "float", "default": 0.0},
        "strict": {"type": "bool", "default": False},
        "show": {"type": "bool", "default": False},
    }
    touches_host = False
    hostvars: Mapping[str, Any] = {}

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run the task with the variables of all hosts at hand."""
        self.hostvars = (task_vars or {}).get("hostvars") or {}
        return super().run(tmp, task_vars)

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Judge each host, and end as the hosts have ended where that is asked for."""
        what, check_mode = Of(options["of"]), bool(self._task.check_mode)
        rows = [judge(name, self._variables(name), check_mode=check_mode, what=what) for name in options["hosts"]]
        bad = [row for row in rows if row.ended in BAD]
        lost = [row for row in rows if row.ended is Ended.NOT_REACHED]
        if options["strict"] and (bad or lost):
            # Unreachable as Ansible counts it only where nothing worse has happened.
            return {
                "changed": False,
                "failed" if bad else "unreachable": True,
                "msg": "; ".join(f"{row.host} {row.ended}: see above" for row in (bad or lost)),
            }
        ends = ends_here(rows, options["batch"] or options["hosts"], options["max_fail_percentage"])
        if ends and options["show"]:
            # Why each host failed stands where it was shown.
            Screen(hidden=bool(self._task.no_log)).show(lambda paper: ["", *lines_within(table(rows, what, reasons=False), paper.width)])
        return {
            "changed": False,
            "hosts": [row_of(row) for row in rows],
            "totals": totals(rows, what),
            "lines": table(rows, what),
            "ends": ends,
        }

    def _variables(self, name: str) -> Mapping[str, Any]:
        found = self.hostvars.get(name)
        return found if isinstance(found, Mapping) else {}
