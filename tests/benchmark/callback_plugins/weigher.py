# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write how large each result is to the file that WEIGHER_FILE names: a line of bytes and status for each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: weigher
type: aggregate
short_description: Weigh results for the benchmark
description:
  - One line for each result.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core is not typed
    """Weighs results."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "weigher"

    def _weigh(self, status: str, result: Any) -> None:
        with Path(os.environ["WEIGHER_FILE"]).open("a", encoding="utf-8") as file:
            file.write(f"{len(json.dumps(result._result, default=str))} {status}\n")  # noqa: SLF001 - the name is Ansible's

    def v2_runner_on_ok(self, result: Any) -> None:
        """Weigh a success."""
        self._weigh("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Weigh a failure."""
        self._weigh("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Weigh what came instead of an answer."""
        self._weigh("unreachable", result)
