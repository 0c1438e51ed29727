# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that confirms a run over a connection of its own, and the look at what a timer left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import HostError, NetminError, NotArmed, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_nt
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import GONE, clear, describe, end, remove
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.confirm import Phase, Timer, judged, read_timer
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_restored

from .base import WindowsAction


class ConfirmAction(WindowsAction):
    """Keeps what a run did: ends the timer that would restore it."""

    argument_spec: ClassVar[Mapping[str, Any]] = {"run": {"type": "str"}}

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Confirm the run that waits for it; where none does, say so."""
        run = options["run"]
        try:
            return self._keep(run)
        except Refused:
            raise
        except NetminError as error:
            if run is None:
                raise
            # Whoever names a run has changed the host: it is not merely out of reach, which Ansible may pass over.
            said = str(error) if isinstance(error, HostError) else f"{self.host_name}: {error}"
            doubt = " It is not known whether the host received the confirmation." if self.writing else ""
            back = f"The host rolls run {run} back unless it is confirmed in time"
            return {"changed": self.writing, "failed": True, "msg": f"{said}.{doubt} {back}"}

    def _keep(self, run: str | None) -> dict[str, Any]:
        session = self.open_writable()
        found = read_timer(session)
        if found is None:
            return self._none_waits(session, run)
        if run not in (None, found.run):
            raise Refused(f"run {excerpt(found.run)} is waiting on this host, not run {run}")
        found = judged(found, session)
        if found.phase is not Phase.ARMED:
            return self._too_late(session, found)
        if self._task.check_mode:
            return {"changed": True, "confirm": timer_of(found)}
        self.writing = True
        return self._confirm(session, found)

    def _none_waits(self, session: Writer, run: str | None) -> dict[str, Any]:
        """Tell a run that was confirmed before from one that the host has put back."""
        result = {"changed": False, "confirm": None}
        if run is None or read_restored(session) != run:
            return result
        back = f"run {run} was not confirmed in time, so the host rolled it back"
        told = f"{self.host_name}: {back}; if the rollback did not finish, run 'restore' to restore the rest"
        return {**result, "failed": True, "msg": told}

    def _too_late(self, session: Writer, found: Timer) -> dict[str, Any]:
        if found.phase.over and not self._task.check_mode:
            self.writing = True
            clear(session, found, read_nt(session))
        return {"changed": False, "failed": True, "msg": f"{self.host_name}: {describe(found)}", "confirm": timer_of(found)}

    def _confirm(self, session: Writer, found: Timer) -> dict[str, Any]:
        shown = timer_of(found)
        try:
            outcome = end(session, found.run, self.clock)
        except NotArmed as error:
            now = read_timer(session)
            if now is None:
                return {"changed": True, "confirm": {**shown, "phase": "confirmed", "outcome": GONE}}
            if now.phase is not Phase.ARMED or now.beat != found.beat:
                return {"changed": True, "failed": True, "msg": f"{self.host_name}: {error}", "confirm": timer_of(now)}
            # Its heartbeat has not moved for a minute: what starts it is gone, and nothing would be restored.
            remove(session, read_nt(session), found.run)
            outcome = "the timer was no longer running; it was removed"
        return {"changed": True, "confirm": {**shown, "phase": "confirmed", "outcome": outcome}}


def timer_of(found: Timer) -> dict[str, Any]:
    """Show a timer in a result."""
    return {"run": found.run, "phase": str(found.phase), "heartbeat": found.beat, "outcome": found.outcome}
