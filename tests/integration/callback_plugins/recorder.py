# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write every task's result, as Ansible hands it on, to the file that RECORDER_FILE names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: aggregate
short_description: Write results for tests
description:
  - One line of JSON for each result.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core is not typed
    """Records results."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"

    def _record(self, status: str, result: Any) -> None:
        line = {"host": result._host.get_name(), "task": result._task.get_name(), "status": status, "result": result._result}  # noqa: SLF001
        with Path(os.environ["RECORDER_FILE"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a success."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a failure."""
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record an unreachable host."""
        self._record("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Record a skipped task."""
        self._record("skipped", result)
