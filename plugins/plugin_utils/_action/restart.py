# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that restarts a host, waits for it, and brings evidence of the boot."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import HostError
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import BootEvidence, read_boot
from ansible_collections.netmin.windows.plugins.plugin_utils._run.boots import BootSeen
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import WINDOW
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import boot_of

from .base import WindowsAction

logger = logging.getLogger(__name__)


class RebootAction(WindowsAction):
    """Restarts the host and waits until another boot answers."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "timeout": {"type": "int", "default": 600},
        "interval": {"type": "int", "default": 5},
        "window": WINDOW,
    }

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for the restart, then ask who answers until it is another boot."""
        self.refuse_outside_window(options)
        session = self.open_writable()
        before = read_boot(session)
        if not before.mark:
            msg = f"{self.host_name} shows no creation date of lsass.exe, so that a boot could not be proven; it was not restarted"
            return {"failed": True, "msg": msg}
        if self._task.check_mode:
            return {"changed": True, "before": boot_of(before), "after": boot_of(before), "ansible_facts": {}}
        self.writing = True
        session.reboot()
        after, heard = self._wait(before, options["timeout"], options["interval"])
        result: dict[str, Any] = {"changed": True, "before": boot_of(before), "after": boot_of(after) if after else None}
        if after is not None:
            result["ansible_facts"] = BootSeen.now(after.mark, self.clock).fact()
        else:
            msg = f"{self.host_name} did not come back as another boot within {options['timeout']} seconds: {heard}"
            result |= {"failed": True, "msg": msg}
        return result

    def _wait(self, before: BootEvidence, timeout: float, interval: float) -> tuple[BootEvidence | None, str]:
        """Return the evidence of the new boot, or None and what was heard last."""
        deadline = self.clock.now() + timeout
        heard = "it was not asked yet"
        while self.clock.now() < deadline:
            self.clock.sleep(interval)
            try:
                seen = read_boot(self.reopen(self.open_session))
            except HostError as error:
                # Down, or up and not ready: both end by themselves or at the deadline.
                heard = str(error)
                logger.info("waiting for %s: %s", self.host_name, error)
                continue
            if seen.mark and seen.mark != before.mark:
                return seen, ""
            heard = "it answers and has not restarted"
        return None, heard
