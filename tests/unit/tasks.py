# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task of a module against a simulated host in this very process: the action as it is, without the rest of Ansible."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, Wire

HOST = "web01"


class HostClock(FakeClock):
    """While the controller waits, the host goes on."""

    def __init__(self, host: Simulated) -> None:
        super().__init__()
        self._host = host

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._host.clock.advance(seconds)


Spoil = Callable[[bytes, bytes], bytes]
"""Gets a request and its answer, and returns what comes in its place."""


class Spoiling(Wire):
    """A way to a host whose answers somebody changes."""

    def __init__(self, host: Simulated, spoil: Spoil) -> None:
        super().__init__(host.service, host.account)
        self._spoil = spoil

    def exchange(self, envelope: bytes) -> bytes:
        return self._spoil(envelope, super().exchange(envelope))


def spoiling(host: Simulated, spoil: Spoil) -> WritableSession:
    """Open a session over such a way."""
    return WritableSession(Spoiling(host, spoil), host=HOST)


def made(kind: type[WindowsAction], host: Simulated, session: WritableSession, *, check: bool = False, **options: Any) -> Any:
    """Return the action of a task, with a session that is open already."""
    action = kind.__new__(kind)
    for name, content in {
        "_connection": SimpleNamespace(become=None),
        "_task": SimpleNamespace(delegate_to=None, args=options, check_mode=check, diff=False, no_log=False, action="netmin.windows.task"),
        "_loader": SimpleNamespace(path_dwim=str),
        "_session": session,
        "_spent": [],
        "_ended": False,
        "writing": False,
        "clock": HostClock(host),
        "open_writable": lambda: session,
        "open_session": lambda: session,
        "_close": lambda: None,
    }.items():
        setattr(action, name, content)
    return action


def run(action: Any) -> dict[str, Any]:
    """Do the work of a task, and return its result."""
    found: dict[str, Any] = action._guarded({"inventory_hostname": HOST})  # noqa: SLF001  # the part of `run` without Ansible
    return found
