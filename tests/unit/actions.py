# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Do the work of an action on a simulated host in this process, without Ansible; what goes over the wire is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._run.boots import BootSeen
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession

from .faulty import HostTime
from .simulated import Simulated, Wire

NOT_SEEN = BootSeen()


@dataclass
class Traffic:
    """What went over the wire: each request and each answer, in bytes of the envelope."""

    requests: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


class MeasuredWire(Wire):
    """A way to a host on which envelopes are measured."""

    def __init__(self, host: Simulated, traffic: Traffic) -> None:
        super().__init__(host.service, host.account)
        self._traffic = traffic

    def exchange(self, envelope: bytes) -> bytes:
        """Answer one envelope, and take note of its size and of the answer's."""
        answer = super().exchange(envelope)
        self._traffic.requests.append(len(envelope))
        self._traffic.answers.append(len(answer))
        return answer


@dataclass(frozen=True)
class Acted:
    """What a task returned, or why it refused, and what it sent."""

    result: dict[str, Any]
    error: NetminError | None
    traffic: Traffic


def act(
    action_class: type[WindowsAction],
    host: Simulated,
    *,
    check: bool = False,
    diff: bool = False,
    seen: BootSeen = NOT_SEEN,
    slow: bool = False,
    **options: Any,
) -> Acted:
    """Do the work of an action over connections of its own; the controller's clock goes as the host's counter does.

    Args:
        check: check mode.
        diff: diff mode.
        seen: when the controller saw the last boot.
        slow: the host answers slowly, so that further connections are used.
        options: as a task would give them; the rest is as the module's defaults say.
    """
    traffic, sessions = Traffic(), list[WritableSession]()

    def opened(*, read_only: bool, below: str = "") -> WritableSession:
        wire = MeasuredWire(host, traffic)
        wire.slow = slow
        sessions.append(WritableSession(wire, host="host.example", read_only=read_only, connections=action.connections, below=below))
        return sessions[-1]

    action = action_class.__new__(action_class)
    action.host_name, action.clock, action.boot_seen = "host.example", HostTime(host.clock), seen
    action.writing = False
    # Seams of the action, and what Ansible would have given it.
    seams: dict[str, Any] = {
        "_task": SimpleNamespace(check_mode=check, diff=diff, no_log=False),
        "_loader": SimpleNamespace(path_dwim=str),
        "_session": None,
        "_spent": [],
        "open_session": lambda: opened(read_only=True),
        "open_writable": lambda: opened(read_only=check),
        "open_below": lambda key: opened(read_only=True, below=key),
    }
    for name, value in seams.items():
        setattr(action, name, value)
    validated = ArgumentSpecValidator(dict(action_class.argument_spec)).validate(options)
    if validated.error_messages:
        raise ValueError(validated.error_messages)
    action.connections = validated.validated_parameters.get("connections", 1)
    try:
        return Acted(plain(action.work(validated.validated_parameters)), None, traffic)
    except NetminError as error:
        return Acted({}, error, traffic)
    finally:
        for session in sessions:
            session.close()
