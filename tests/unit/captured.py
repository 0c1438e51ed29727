# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Captures of simulated hosts, and the work of actions on them, without Ansible and without files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction
from ansible_collections.netmin.windows.plugins.plugin_utils._action.opening import Captured
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.captured import CapturedClock
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture, Services
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.take import Taken, take
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._run.boots import BootSeen
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session

from .actions import Acted, Traffic
from .fakes import FakeClock
from .simulated import KNOWLEDGE, Simulated, Wire

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "host.example"
# What is asked of each service, and of services as such.
OF_SERVICES = re.compile(rb"\\CurrentControlSet\\Services\b|from Win32_(?:Service|SystemDriver)\b|/Win32_DependentService\b")
ACTION = re.compile(rb"Action[^>]*>[^<]*?([A-Za-z]+)<")


@dataclass
class Counted(Wire):
    """A way to a host on which requests are counted by what they are about."""

    host: Simulated
    of_services: int = 0
    others: list[str] = field(default_factory=list)
    _last: bool = False

    def __post_init__(self) -> None:
        super().__init__(self.host.service, self.host.account)

    def exchange(self, envelope: bytes) -> bytes:
        """Answer one envelope, and count it."""
        action = ACTION.search(envelope)
        name = action[1].decode() if action else ""
        # A page belongs to the list that it is of.
        if name != "Pull":
            self._last = OF_SERVICES.search(envelope) is not None
        if self._last:
            self.of_services += 1
        else:
            self.others.append(name)
        return super().exchange(envelope)


def captured(
    host: Simulated, services: Services = Services.ALL, *, wire: Wire | None = None, progress: Callable[[str], None] = lambda _what: None
) -> Taken:
    """Capture a simulated host."""
    with Session(wire or Wire(host.service, host.account), host=NAME) as session:
        return take(session, KNOWLEDGE, inventory_name=NAME, now=NOW, collection="0.0.0", services=services, progress=progress)


def act_captured(action_class: type[WindowsAction], capture: Capture, *, check: bool = False, **options: Any) -> Acted:
    """Do the work of an action on a capture."""
    action = action_class.__new__(action_class)
    action.host_name, action.clock, action.boot_seen = NAME, CapturedClock(FakeClock()), BootSeen()
    action.writing = False

    def opened(*, write: bool) -> Captured:
        found = Captured(capture, host=NAME)
        if write and not check:
            raise found.refusal
        return found

    seams: dict[str, Any] = {
        "_task": SimpleNamespace(check_mode=check, diff=False, no_log=False),
        "_loader": SimpleNamespace(path_dwim=str),
        "_session": None,
        "_spent": [],
        "_aged": "",
        "open_session": lambda: opened(write=False),
        "open_writable": lambda: opened(write=True),
        "open_below": lambda _key: opened(write=True),
    }
    for name, value in seams.items():
        setattr(action, name, value)
    validated = ArgumentSpecValidator(dict(action_class.argument_spec)).validate(options)
    if validated.error_messages:
        raise ValueError(validated.error_messages)
    try:
        return Acted(plain(action.work(validated.validated_parameters)), None, Traffic())
    except NetminError as error:
        return Acted({}, error, Traffic())
