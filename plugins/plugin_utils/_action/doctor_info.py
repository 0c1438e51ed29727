# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that holds what this collection assumes of Windows against a host, and only reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.examine import Examination, examine
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.result import kept_of, plain_of
from ansible_collections.netmin.windows.plugins.plugin_utils._report.doctor import doctor_lines
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirmed import write_confirmed
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import KNOWLEDGE

from .base import WindowsAction
from .baseline import path_of
from .opening import Captured, OpenReader
from .screen import Screen

EXAMINED: dict[str, Any] = {"file": {"type": "path"}, "show": {"type": "bool", "default": False}}


class ExaminingAction(WindowsAction):
    """Looks at a host, shows what was found, and keeps it where that is wanted."""

    def examined(self, session: OpenReader) -> Examination:
        """Hold every assumption against a host, by reading alone."""
        screen = Screen(hidden=bool(self._task.no_log))
        return examine(
            session,
            KNOWLEDGE,
            heard=lambda: session.heard,
            captured=isinstance(session, Captured),
            from_files=isinstance(session, Captured) and session.capture.from_files,
            progress=lambda what: screen.tell(f"{self.host_name}: {what}"),
        )

    def told(self, options: Mapping[str, Any], made: Examination, *, level: str, changed: bool = False, **more: Any) -> dict[str, Any]:
        """Return the result; show it as a table, and keep its findings in a file, where that is wanted."""
        windows = made.ground.windows
        result = {
            "changed": changed,
            **plain_of(made),
            "windows": {"id": windows.id, "name": windows.name, "version": str(windows.nt), "build": windows.build},
            "level": level,
            "warnings": [windows.remark] if windows.remark else [],
            **more,
        }
        result["msg"] = f"{self.host_name}: {result['verdict']}"
        if options["show"]:
            Screen(hidden=bool(self._task.no_log)).show(lambda paper: doctor_lines(self.host_name, windows.name, result, paper))
        path = path_of(self._loader, options["file"]) if options["file"] else None
        if path is not None and not self._task.check_mode:
            now = datetime.now(tz=UTC).isoformat(timespec="seconds")
            write_confirmed(path, kept_of(made.findings, windows, inventory_name=self.host_name, at=now))
        return {**result, "file": str(path) if path is not None else None}


class DoctorInfoAction(ExaminingAction):
    """Reads, and compares."""

    argument_spec: ClassVar[Mapping[str, Any]] = dict(EXAMINED)

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Look at the host."""
        return self.told(options, self.examined(self.open_session()), level="read")
