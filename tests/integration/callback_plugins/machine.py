# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A standard output for a program, as others write them: one document of JSON and nothing else."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: machine
type: stdout
short_description: Print how many results there were, as JSON
description:
  - What is printed besides makes the document invalid.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core is not typed
    """Prints one document at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "machine"

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def v2_runner_on_ok(self, result: Any) -> None:
        """Count a success."""
        del result
        self.count += 1

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the document."""
        del stats
        self._display.display(json.dumps({"results": self.count}))
