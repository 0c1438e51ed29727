# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that restarts a host, waits for it, and brings evidence of the boot."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AuthenticationFailed, HostError, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import BootEvidence, read_boot, read_nt
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import not_after_a_boot
from ansible_collections.netmin.windows.plugins.plugin_utils._run.boots import BootSeen
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import WINDOW
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import boot_of

from .base import WindowsAction

# The id that lifts the refusal to restart a host whose WinRM does not start by itself.
WINRM_START = "winrm-start"

logger = logging.getLogger(__name__)


class RebootAction(WindowsAction):
    """Restarts the host and waits until another boot answers."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "timeout": {"type": "int", "default": 600},
        "interval": {"type": "int", "default": 5},
        "window": WINDOW,
        "accept": {"type": "list", "elements": "str", "choices": [WINRM_START], "default": []},
    }

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for the restart, then ask who answers until it is another boot."""
        self.refuse_outside_window(options)
        session = self.open_writable()
        before = read_boot(session)
        if not before.mark:
            msg = f"{self.host_name} does not show when lsass.exe was created, so a new boot could not be proven; it was not restarted"
            return {"failed": True, "msg": msg}
        self._refuse_no_return(session, options)
        if self._task.check_mode:
            return {"changed": True, "before": boot_of(before), "after": boot_of(before), "ansible_facts": {}}
        self.writing = True
        session.reboot()
        after, why = self._wait(before, options["timeout"], options["interval"])
        result: dict[str, Any] = {"changed": True, "before": boot_of(before), "after": boot_of(after) if after else None}
        if after is not None:
            result["ansible_facts"] = BootSeen.now(after.mark, self.clock).fact()
        else:
            result |= {"failed": True, "msg": f"{self.host_name} {why}"}
        return result

    def _refuse_no_return(self, session: Reader, options: Mapping[str, Any]) -> None:
        """Refuse to restart a host that would not answer afterwards.

        Raises:
            Refused: WinRM, or what it depends on, does not start by itself.
        """
        reason = not_after_a_boot(session, read_nt(session))
        if reason and WINRM_START not in options["accept"]:
            advice = f"set it to Automatic first; if somebody starts it by hand, list '{WINRM_START}' in 'accept'"
            raise Refused(
                f"the host was not restarted, because it would not answer over WinRM after the restart: {reason}; {advice}",
                hazards=(WINRM_START,),
            )

    def _wait(self, before: BootEvidence, timeout: float, interval: float) -> tuple[BootEvidence | None, str]:
        """Return the evidence of the new boot, or None and what the host did instead."""
        self.waits.about(f"waits until it is back from the restart, for up to {timeout:g} s")
        deadline = self.clock.now() + timeout
        late = f"did not come back after the restart within {timeout} seconds"
        why = f"{late}: it was not contacted yet"
        while self.clock.now() < deadline:
            self.waits.sleep(interval)
            try:
                seen = read_boot(self.reopen(self.open_session))
            except AuthenticationFailed as error:
                # It is up and has answered: to ask again with the same secret could lock the account.
                refused = f"was asked to restart, and then refused the login: {error}"
                return None, f"{refused}; no other login was tried, because that could lock the account"
            except HostError as error:
                # Down, or up and not ready: both end by themselves or at the deadline.
                why = f"{late}: {error}"
                logger.info("waiting for %s: %s", self.host_name, error)
                continue
            if seen.mark and seen.mark != before.mark:
                return seen, ""
            why = f"did not restart within {timeout} seconds: it still answers from the boot before"
        return None, why
