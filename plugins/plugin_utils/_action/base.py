# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one `run` of all actions: validate, open a session, do the work, return a plain result, close the session.

Expected outcomes are returned, never raised. A host that cannot be reached before the first write is
unreachable; from the first write on the task fails with what was and was not done, since Ansible rolls on past
unreachable hosts.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.captured import CapturedClock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import SYSTEM_CLOCK, Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    LONGEST_LINE,
    ConnectionLost,
    HostError,
    InvalidOption,
    NetminError,
    NotFound,
    Refused,
    Unreachable,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.nearest import meant, nearest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.window import read_moment, read_window
from ansible_collections.netmin.windows.plugins.plugin_utils._run.boots import BootSeen
from ansible_collections.netmin.windows.plugins.plugin_utils._run.contradictions import in_common
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Refusal, refuse
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import KNOWLEDGE
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.plugins.plugin_utils._session.stats import Stats
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import open_transport
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession

from . import logs
from .opening import Captured, OpenReader, OpenWriter, is_capture, open_captured
from .screen import Screen, TellingClock
from .variables import misspelt

logger = logging.getLogger(__name__)

S = TypeVar("S", bound=OpenReader)


class WindowsAction(ActionBase):  # type: ignore[misc]  # ansible-core is not typed
    """What all actions of this collection share.

    Attributes:
        argument_spec: the module's options, as Ansible validates them.
        touches_host: a session with a host is opened.
        connections: over so many at most a session reads.
    """

    TRANSFERS_FILES = False
    argument_spec: ClassVar[Mapping[str, Any]] = {}
    touches_host: ClassVar[bool] = True
    clock: Clock = SYSTEM_CLOCK
    boot_seen = BootSeen()
    connections = 1

    @cached_property
    def waits(self) -> TellingClock:
        """The clock for what takes long; says what is waited for."""
        return TellingClock(self.clock, self.host_name, Screen(hidden=bool(self._task.no_log)))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._session: OpenReader | None = None
        self._aged = self._captured_at = ""
        self._spent: list[Stats] = []
        # Set as soon as something may have been written: from then on errors are failures.
        self.writing = False
        self._ended = False

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run the task and return its result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        host = self._named(task_vars or {})
        logs.install(host)
        started = time.monotonic()
        try:
            result |= shown(plain(self._with_age(self._guarded(task_vars or {}))), host)
            self._ended = True
        finally:
            self._close()
        if self._spent:
            result["stats"] = {
                **Stats.total(self._spent).plain(),
                "seconds": round(time.monotonic() - started, 3),
                "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
                "captured_at": self._captured_at or None,
            }
        return result

    def cleanup(self, force: bool = False) -> None:
        """Close the session that a task timeout or Ctrl-C left open, and warn of what the host still does."""
        self._close()
        if not self._ended and (after := self.afterwards()):
            # Ansible writes the result of such a task, and knows nothing of it.
            logger.warning("%s", after)
        super().cleanup(force)

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
            self._spent.append(session.stats)

    def _guarded(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Do the work and turn every expected error into a result."""
        self.host_name = self._named(task_vars)
        options, errors = self._options()
        try:
            options = self.completed(options, task_vars)
        except InvalidOption as error:
            errors += str(error).splitlines()
        variables = misspelt(task_vars, load_extra_vars(self._loader)) if self.touches_host else ()
        wrong = (*self._refused_keywords(), *errors, *self.contradictions(options), *variables)
        try:
            refuse(Refusal(text, kind=InvalidOption) for text in wrong)
        except InvalidOption as error:
            return {"failed": True, "refused": True, "msg": str(error)}
        self.boot_seen = BootSeen.of(task_vars)
        self.connections = options.get("connections", 1)
        try:
            return self._naming(self.work(options))
        except (Unreachable, ConnectionLost) as error:
            if self.writing:
                return self._broken_off(str(error))
            return {"unreachable": True, "msg": str(error)}
        except NetminError as error:
            # Errors of the wire name the host by themselves.
            msg = str(error) if isinstance(error, HostError) else f"{self.host_name}: {error}"
            if self.writing:
                return self._broken_off(msg)
            if not isinstance(error, InvalidOption | NotFound | Refused):
                return {"failed": True, "msg": msg}
            hazards = error.hazards if isinstance(error, Refused) else ()
            return {"failed": True, "refused": True, **({"hazard": list(hazards)} if hazards else {}), "msg": msg}
        except Exception as error:  # the edge: a bug of ours must not leave a traceback instead of a result
            if not self.writing:
                raise
            logger.debug("unexpected", exc_info=True)
            msg = f"unexpected {type(error).__name__} at {self.host_name} after the first write: {excerpt(error)}"
            return {**self._broken_off(msg), "changed": True}

    def _naming(self, result: dict[str, Any]) -> dict[str, Any]:
        """Let the message of a failure name the host: it may be read without the rest of the output."""
        msg = str(result.get("msg", ""))
        return {**result, "msg": f"{self.host_name}: {msg}"} if result.get("failed") and self.host_name not in msg else result

    def _broken_off(self, msg: str) -> dict[str, Any]:
        """Return the result of a task that ended after its first write in a way that it did not foresee."""
        known: dict[str, Any] = {}
        with suppress(Exception):  # what was done is told as far as it can be; that the task failed, whatever happens
            known = self.so_far()
        return {**known, "failed": True, "msg": ". ".join(text for text in (msg, self.afterwards()) if text)}

    def _named(self, task_vars: Mapping[str, Any]) -> str:
        return str(self._task.delegate_to or task_vars.get("inventory_hostname") or "the host")

    def _refused_keywords(self) -> list[str]:
        if not self.touches_host or self._connection.become is None:
            return []
        return ["'become' has no effect here: WS-Management runs as the connection's user; remove it and connect as an administrator"]

    def _options(self) -> tuple[dict[str, Any], list[str]]:
        """Validate the task's arguments and make them plain, once; of what is wrong with them the default is returned."""
        spec, given = dict(self.argument_spec), dict(self._task.args)
        validated = ArgumentSpecValidator(spec).validate(given)
        wrong = told_of(validated, spec, given, str(self._task.action))
        if wrong:
            optional = {name: {**option, "required": False} for name, option in spec.items()}
            right = {name: value for name, value in given.items() if name in spec and not _alone(spec, name, value).error_messages}
            validated = ArgumentSpecValidator(optional).validate(right)
        # ansible-core 2.19 tags every value; a round trip leaves exact types.
        return json.loads(json.dumps(validated.validated_parameters, default=str)), wrong

    def completed(self, options: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Complete options with what files on the controller say; nothing has been asked of any host yet.

        Raises:
            InvalidOption: with a line for each problem.
        """
        del task_vars
        return options

    def contradictions(self, options: Mapping[str, Any]) -> Iterable[str]:
        """Return what is wrong with options by themselves that are of the right types; nothing has been asked of any host yet."""
        return in_common(options, KNOWLEDGE)

    def refuse_outside_window(self, options: Mapping[str, Any]) -> None:
        """Refuse to go on outside the maintenance window; check mode may at any time.

        Raises:
            InvalidOption: the window makes no sense.
            Refused: it is not open.
        """
        given = options.get("window")
        if given is None:
            return
        window = read_window(given)
        moment = read_moment(given["now"]) if given.get("now") else datetime.now(tz=UTC)
        if not self._task.check_mode and not window.is_open(moment):
            raise Refused(f"outside the maintenance window ({window}): it is {window.told(moment)}; nothing was changed")

    def _with_age(self, result: dict[str, Any]) -> dict[str, Any]:
        """Say of a result that it is about an old capture."""
        return {**result, "warnings": [*result.get("warnings", ()), self._aged]} if self._aged else result

    @property
    def address(self) -> str:
        """The address of the host that the task is about, as Ansible gives it to connections."""
        return str(self._play_context.remote_addr or self.host_name)

    def _open_captured(self) -> Captured:
        """Open the host in a file that the connection names; time passes at once there."""
        found = open_captured(self._connection, self.address, self.host_name, self._loader)
        self._aged, self._captured_at = found.aged, found.capture.captured_at
        if not isinstance(self.clock, CapturedClock):
            self.clock = CapturedClock(self.clock)
        self._session = found
        return found

    def open_session(self) -> OpenReader:
        """Open a session that can only read, from the options of the play's own connection."""
        if is_capture(self._connection):
            return self._open_captured()
        self._session = Session(open_transport(self._connection), host=self.host_name, connections=self.connections)
        return self._session

    def open_writable(self) -> OpenWriter:
        """Open a session that can write; in check mode its guard refuses every write before it is sent."""
        if is_capture(self._connection):
            captured = self._open_captured()
            if not self._task.check_mode:
                raise captured.refusal
            return captured
        read_only, transport = bool(self._task.check_mode), open_transport(self._connection)
        session = WritableSession(transport, host=self.host_name, read_only=read_only, connections=self.connections)
        self._session = session
        return session

    def open_below(self, key: str) -> OpenWriter:
        """Open a session that can read, and write to one registry key below HKLM and below it alone; the guard refuses all else."""
        if is_capture(self._connection):
            raise self._open_captured().refusal
        session = WritableSession(open_transport(self._connection), host=self.host_name, read_only=True, below=key)
        self._session = session
        return session

    def reopen(self, opener: Callable[[], S]) -> S:
        """Close the session and open a new one: the host has booted, or is to be reached anew."""
        self._close()
        return opener()

    def so_far(self) -> dict[str, Any]:
        """Return what is known of a task that broke off after its first write."""
        return {}

    def afterwards(self) -> str:
        """Say what the host will do by itself now that the task has broken off; empty where it does nothing."""
        return ""

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the module is for and return its result.

        Raises:
            NetminError: an expected failure, told in one sentence.
        """
        raise NotImplementedError


def new_run_id() -> str:
    """Return an id that sorts by time and is unique."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"


def shown(result: dict[str, Any], host: str) -> dict[str, Any]:
    """Let each warning be one line that begins with the host: Ansible shows them without it, and the same text of many hosts once."""
    warnings = result.get("warnings")
    return {**result, "warnings": [logs.of_host(host, excerpt(text, LONGEST_LINE)) for text in warnings]} if warnings else result


def told_of(validated: ValidationResult, spec: Mapping[str, Any], given: Mapping[str, Any], action: str) -> list[str]:
    """Say what Ansible found wrong with arguments, and which names and values are perhaps meant by those that a module does not have."""
    said = list(dict.fromkeys(error.msg for error in validated.errors if not isinstance(error, UnsupportedError)))
    # Of a wrong type inside a list Ansible tells twice: once without saying of what.
    found = [text for text in said if not any(text != other and other.endswith(text) for other in said)]
    for name, value, near in _misspelt_values(spec, given):
        found = [f"{text} (did you mean '{near}'?)" if f"value of {name} " in text and value in text else text for text in found]
    unknown = sorted(item if isinstance(item, tuple) else (item,) for item in validated.unsupported_parameters)
    if unknown:
        names = ", ".join(f"{'.'.join(path)}{meant(path[-1], _siblings(spec, path))}" for path in unknown)
        supported = ", ".join(sorted({name for path in unknown for name in _siblings(spec, path)}))
        found.append(f"Unsupported parameters for ({action}) module: {names}. Supported parameters include: {supported}")
    return found


def _misspelt_values(spec: Mapping[str, Any], given: object) -> Iterator[tuple[str, str, str]]:
    """Yield each value that an option does not take, with the option and the one that is most like it."""
    for one in given if isinstance(given, list) else [given]:
        if not isinstance(one, Mapping):
            continue
        for name, option in spec.items():
            value = one.get(name)
            if "options" in option:
                yield from _misspelt_values(option["options"], value)
            choices = tuple(map(str, option.get("choices", ())))
            for text in map(str, value if isinstance(value, list | tuple) else [value]):
                near = nearest(text, choices) if text not in choices else None
                if near is not None:
                    yield name, text, near


def _siblings(spec: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    """Return the options that there are in the place of one."""
    for name in path[:-1]:
        spec = spec[name]["options"]
    return spec


def _alone(spec: Mapping[str, Any], name: str, value: Any) -> ValidationResult:
    """Validate one argument by itself."""
    return ArgumentSpecValidator({name: spec[name]}).validate({name: value})
