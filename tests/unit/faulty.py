# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs that something happens to: a way to a simulated host that fails at one request, and what must be true afterwards.

What became of a change is asked of the host itself, never of the result that is judged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ConnectionLost, NetminError, Unreachable
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import fields_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilterRule, RpcProtocol
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import (
    filter_rule,
    netbios,
    registry_value,
    rpc_filter,
    running,
    start_mode,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change, identity_of
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_key import DeleteKey
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.rpc_filter import AddRpcFilter, RemoveRpcFilter
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StartService, StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import Confirmation, Wish
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keeper import Keeper
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run, add_damage, finish_untouched, result_of
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope

from winsim.host.clock import ManualClock
from winsim.wire.faults import (
    ACCESS_DENIED,
    OPERATIONS_PER_USER,
    SHELLS_PER_USER,
    TIMED_OUT,
    SoapFault,
)
from winsim.wire.names import CREATE
from winsim.wire.reading import Request
from winsim.wire.shell import Caller

from .simulated import DEFAULTS, KNOWLEDGE, OURS, URL, Simulated, Wire, state

RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"


class Killed(BaseException):
    """The controller's process is gone; no handler of errors may go on, and nothing that it would send arrives."""


class Kind(Enum):
    """What happens at a request.

    Attributes:
        done: whether the host carries the request out.
        ends: whether it is the last that ever arrives.
    """

    CUT_BEFORE = ("cut before it arrives", False, False)
    CUT_DURING = ("half of its answer arrives", True, False)
    CUT_AFTER = ("its answer is lost", True, False)
    TIMEOUT = ("answered with a timeout, not carried out", False, False)
    TIMEOUT_DONE = ("answered with a timeout, and carried out", True, False)
    QUOTA = ("refused for a quota", False, False)
    DENIED = ("refused: access denied", False, False)
    GONE_BEFORE = ("the host is gone before it arrives", False, True)
    GONE_AFTER = ("the host is gone after it", True, True)
    KILLED_BEFORE = ("the controller is killed before it is sent", False, True)
    KILLED_AFTER = ("the controller is killed before its answer is read", True, True)

    def __init__(self, words: str, done: bool, ends: bool) -> None:
        self.words = words
        self.done = done
        self.ends = ends

    @property
    def kills(self) -> bool:
        """Whether it is the controller that goes."""
        return self in (Kind.KILLED_BEFORE, Kind.KILLED_AFTER)


ANSWERS = {
    Kind.TIMEOUT: TIMED_OUT,
    Kind.TIMEOUT_DONE: TIMED_OUT,
    Kind.QUOTA: OPERATIONS_PER_USER,
    Kind.DENIED: ACCESS_DENIED,
}


@dataclass(frozen=True)
class Trouble:
    """A fault at one request, counted from 1."""

    kind: Kind
    at: int

    def __str__(self) -> str:
        return f"request {self.at}: {self.kind.words}"


class FaultyWire(Wire):
    """A way to the host on which something happens at one request.

    Attributes:
        sent: how many requests went out.
        writing: numbers of those that changed the host.
        marks: how many had gone out when a part of the run began.
    """

    def __init__(self, host: Simulated, trouble: Trouble | None = None) -> None:
        super().__init__(host.service, host.account)
        self._host = host
        self._trouble = trouble
        self.sent = 0
        self.writing: list[int] = []
        self.marks: dict[str, int] = {}

    def exchange(self, envelope: bytes) -> bytes:
        """Answer one envelope, or fail."""
        self.sent += 1
        if self._trouble is None or self.sent < self._trouble.at:
            return self._carried_out(envelope)
        kind = self._trouble.kind
        if self.sent > self._trouble.at:
            return self._ended(kind) if kind.ends else self._carried_out(envelope)
        answer = self._carried_out(envelope) if kind.done else b""
        if kind.kills:
            raise Killed
        if kind is Kind.CUT_DURING:
            return answer[: len(answer) // 2]
        if kind in ANSWERS:
            return self._fault(envelope, kind)
        raise ConnectionLost("the answer was lost", host=self._host.session.host)

    def mark(self, part: str) -> None:
        """Take note of where a part of the run begins."""
        self.marks[part] = self.sent

    def _carried_out(self, envelope: bytes) -> bytes:
        before = len(self._host.computer.changes())
        answer = super().exchange(envelope)
        if len(self._host.computer.changes()) > before:
            self.writing.append(self.sent)
        return answer

    def _ended(self, kind: Kind) -> bytes:
        if kind.kills:
            raise Killed
        raise Unreachable("refused the connection", host=self._host.session.host)

    def _fault(self, envelope: bytes, kind: Kind) -> bytes:
        def meet(request: Request) -> None:
            shell = kind is Kind.QUOTA and request.action == CREATE
            raise SoapFault(SHELLS_PER_USER if shell else ANSWERS[kind])

        caller = Caller(self._host.account, "192.0.2.9", URL)
        return self._host.service.answer(envelope, caller, machine="192.0.2.1", meet=meet)[1].content


class HostTime:
    """The clock of the simulated host as the controller's: waiting lets services stop."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        """Return the time."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.advance(seconds)


@dataclass(frozen=True)
class Attempt:
    """A task on a host.

    Attributes:
        run: its id.
        prepared: None where the host could not be read.
        result: what the task returned; None where it was killed, or the host was not read.
        error: why nothing was begun.
        wire: the way that it took.
        before: the whole state of the host before.
    """

    run: str
    prepared: Prepared | None
    result: dict[str, Any] | None
    error: NetminError | None
    wire: FaultyWire
    before: dict[str, Any]

    @property
    def changes(self) -> tuple[Change, ...]:
        """What was planned."""
        return self.prepared.plan.changes if self.prepared else ()

    @property
    def failed(self) -> bool:
        """Whether a user sees anything but success."""
        return self.result is None or bool(self.result.get("failed"))

    @property
    def wanted(self) -> set[tuple[str, str]]:
        """What was planned, as targets and what they were to become."""
        again = replaced(self.changes)
        return {(change.target, str(change.shown[1])) for change in self.changes if change.target not in again}


@dataclass(frozen=True)
class Means:
    """What a task has beside the host.

    Attributes:
        wish: the timer that is to be armed.
        keeper: who keeps a copy of the record on the controller.
        check: check mode.
    """

    wish: Wish | None = None
    keeper: Keeper | None = None
    check: bool = False


def minimize(
    host: Simulated, run_id: str, trouble: Trouble | None = None, *, check: bool = False, means: Means | None = None, **given: Any
) -> Attempt:
    """Do what the action does, over a connection of its own.

    Raises:
        Refused, NotFound: the options are not for this host.
    """
    options = {**DEFAULTS, **given}

    def prepare(run: Run, reader: Reader) -> Prepared:
        return run.prepare(reader, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))

    return _attempt(host, run_id, prepare, trouble, means or Means(check=check))


def restore(
    host: Simulated,
    run_id: str,
    trouble: Trouble | None = None,
    *,
    scope: RestoreScope | None = None,
    check: bool = False,
    means: Means | None = None,
) -> Attempt:
    """Put back, as the action does."""
    return _attempt(
        host, run_id, lambda run, reader: run.prepare_restore(reader, scope or RestoreScope()), trouble, means or Means(check=check)
    )


def _attempt(host: Simulated, run_id: str, prepare: Callable[[Run, Reader], Prepared], trouble: Trouble | None, means: Means) -> Attempt:
    wire, clock = FaultyWire(host, trouble), HostTime(host.clock)
    before = dict(host.computer.state())
    run = Run(KNOWLEDGE, clock, run_id)
    confirmation = Confirmation(means.wish, run, clock)
    prepared: Prepared | None = None
    result: dict[str, Any] | None = None
    error: NetminError | None = None

    def opened() -> WritableSession:
        return WritableSession(wire, host="host.example", read_only=means.check)

    def arm(writer: Writer) -> None:
        wire.mark("arming")
        confirmation.arm(writer)
        wire.mark("changes")

    try:
        with opened() as session:
            prepared = prepare(run, session)
            confirmation.look(session, prepared, KNOWLEDGE)
            after = None
            if not means.check:
                confirmation.clean(session)
            if prepared.plan.changes and not means.check:
                run.arm, run.in_time = arm, confirmation.in_time
                after = run.carry_out(prepared, session, stop_limit=60, keeper=means.keeper)
            result = result_of(run, prepared, after)
        wire.mark("confirming")
        with ExitStack() as stack:
            confirmation.finish(result, lambda: stack.enter_context(opened()))
            if run.littered:
                finish_untouched(run, prepared, result, lambda: stack.enter_context(opened()))
        add_damage(result, prepared)
    except Killed:
        # What a killed process knew is lost with it.
        result = None
    except NetminError as raised:
        error = raised
    return Attempt(run.run_id, prepared, result, error, wire, before)


# What is true


def made(change: Change, whole: Mapping[str, Any]) -> bool:
    """Tell from the state of the host itself whether an object is as a change was to leave it."""
    if isinstance(change, StopService | StartService | SetStartMode):
        service = _found({**whole["services"], **whole["drivers"]}, change.name)
        if isinstance(change, SetStartMode):
            return bool(service["start_mode"] == str(change.after))
        return bool((service["state"] == "stopped") is isinstance(change, StopService))
    if isinstance(change, SetRegistryValue):
        return bool(value_of(whole, change.key, change.name) == _plain(change.after))
    if isinstance(change, SetNetbios):
        return bool(_found(whole["adapters"], change.guid)["netbios"] == int(change.after))
    if isinstance(change, DeleteKey):
        return bool(_found(whole["registry"], f"HKLM\\{change.key}") is None)
    if isinstance(change, AddFilterRule):
        return change.rule.name in rules(whole)
    if isinstance(change, RemoveFilterRule):
        return change.name not in rules(whole)
    if isinstance(change, AddRpcFilter):
        held = whole["rpc_filters"]
        return held.get(str(change.rule.key)) == as_held(change.rule) and str(change.rule.trial_key) not in held
    if isinstance(change, RemoveRpcFilter):
        return all(str(key) not in whole["rpc_filters"] for key in change.keys)
    raise TypeError(f"no such change: {change!r}")


NUMBERS = {RpcProtocol.TCP: 1, RpcProtocol.PIPE: 2}


def as_held(rule: RpcFilterRule, *, trial: bool = False) -> dict[str, Any]:
    """Return a filter of RPC calls as a host's own state shows it."""
    conditions = [f"if_uuid={rule.interface}", f"protocol={NUMBERS[rule.protocol]}"]
    conditions += [f"remote_user_token=D:{''.join(f'(A;;CC;;;{sid})' for sid in rule.allowed)}"] if rule.allowed else []
    return {"layer": "um", "action": str(rule.action), "volatile": trial, "audit": False, "conditions": conditions}


def value_of(whole: Mapping[str, Any], key: str, name: str) -> Any:
    """Return a registry value of a state as the window shows it; None where it is absent."""
    return _found(_found(whole["registry"], f"HKLM\\{key}") or {}, name)


def rules(whole: Mapping[str, Any]) -> set[str]:
    """Return the names of the rules that the firewall of a host holds."""
    values = (_found(whole["registry"], RULES) or {}).values()
    return {fields_of(str(value["value"])).get("Name", "") for value in values}


def comparable(host: Simulated) -> dict[str, Any]:
    """Return the state of a host, with rules that it drew a name for by what they are called: the draw depends on what went before."""
    whole = state(host)
    registry = whole["registry"]
    kept = next((key for key in registry if key.lower() == RULES.lower()), None)
    if kept is not None:
        named = {
            fields_of(str(value["value"])).get("Name", name) if name.startswith("{") else name: value
            for name, value in registry[kept].items()
        }
        whole["registry"] = {**registry, kept: named if len(named) == len(registry[kept]) else registry[kept]}
    return whole


def replaced(changes: Collection[Change]) -> set[str]:
    """Return the targets of removals whose rule is added again by the same plan."""
    added = {change.rule.name for change in changes if isinstance(change, AddFilterRule)}
    return {change.target for change in changes if isinstance(change, RemoveFilterRule) and change.name in added}


def _found(items: Mapping[str, Any], name: str) -> Any:
    return next((item for known, item in items.items() if known.lower() == name.lower()), None)


def _plain(value: RegistryValue | None) -> dict[str, Any] | None:
    return None if value is None else {"type": f"REG_{value.type.name}", "value": value.plain()}


# What must be true


def result_lies(attempt: Attempt, host: Simulated) -> list[str]:
    """Hold what a task says of each change against the host."""
    if attempt.result is None:
        return []
    now = dict(host.computer.state())
    result, said = attempt.result, []
    statuses = [row["status"] for row in result["changes"]]
    again = replaced(attempt.changes)
    for change, status in zip(attempt.changes, statuses, strict=True):
        if change.target in again:
            continue
        true = "done" if made(change, now) else "not_done"
        if status == "unknown" and result["after"] is not None:
            said.append(f"{change.target}: said to be unknown, and the host was read since")
        elif status == "done" and result["after"] is None:
            said.append(f"{change.target}: said to be done, and nobody read the host since")
        elif status not in ("unknown", true):
            said.append(f"{change.target}: said to be {status}, is {true}")
    if any(status != "done" for status in statuses) and not result.get("failed"):
        said.append("not all was done, and the task did not fail")
    if result["changed"] != any(status != "not_done" for status in statuses):
        said.append(f"changed is {result['changed']}")
    counted = "Of {} changes {} done, {} not done, {} unknown".format(
        len(statuses), *(statuses.count(status) for status in ("done", "not_done", "unknown"))
    )
    all_made = "all changes were made" in result.get("msg", "") and set(statuses) == {"done"}
    if result.get("failed") and counted not in result["msg"] and not all_made:
        said.append(f"the message does not say '{counted}': {result['msg']}")
    return said


def snapshot_lacks(attempt: Attempt, host: Simulated) -> list[str]:
    """Tell what of the changed objects the snapshot of a run does not hold as it was."""
    now = dict(host.computer.state())
    done = [change for change in attempt.changes if made(change, now) and not made(change, attempt.before)]
    stored = value_of(now, OURS.removeprefix("HKLM\\"), snapshot.value_name(attempt.run))
    if stored is None:
        return [f"{change.target} was changed without a snapshot" for change in done]
    try:
        saved = {identity_of(item): item for item in snapshot.from_lines(tuple(stored["value"])).saved}
    except ValueError as error:
        return [f"the snapshot cannot be understood: {error}"]
    wrong = []
    for change in done:
        if isinstance(change, DeleteKey):
            continue
        item = saved.get(_identity(change))
        if item is None:
            wrong.append(f"{change.target} is not in the snapshot")
        elif isinstance(change, SetRegistryValue) and _plain_state(item.before) != value_of(attempt.before, change.key, change.name):
            wrong.append(f"{change.target} was {value_of(attempt.before, change.key, change.name)} and not {item.before}")
        elif isinstance(change, SetStartMode):
            was = _found({**attempt.before["services"], **attempt.before["drivers"]}, change.name)["start_mode"]
            wrong += [f"{change.target} was {was} and not {item.before}"] if was != item.before else []
    return wrong


def _identity(change: Change) -> tuple[str, ...]:
    if isinstance(change, SetRegistryValue):
        return (registry_value.OBJECT, change.key.lower(), change.name.lower())
    if isinstance(change, SetStartMode):
        return (start_mode.OBJECT, change.name.lower())
    if isinstance(change, StopService | StartService):
        return (running.STOPPED, change.name.lower())
    if isinstance(change, SetNetbios):
        return (netbios.OBJECT, change.guid.lower())
    if isinstance(change, AddFilterRule):
        return (filter_rule.OBJECT, change.rule.name.lower())
    if isinstance(change, RemoveFilterRule):
        return (filter_rule.OBJECT, change.name.lower())
    if isinstance(change, AddRpcFilter | RemoveRpcFilter):
        return (rpc_filter.OBJECT, str(change.rule.key if isinstance(change, AddRpcFilter) else change.key))
    raise TypeError(f"no such change: {change!r}")


def _plain_state(said: RegistryValue | str | None) -> object:
    return _plain(said) if isinstance(said, RegistryValue) else said


def fingerprint(host: Simulated) -> str:
    """Return what tells one state of a host from another, our own record and open shells included."""
    whole = dict(host.computer.state())
    return json.dumps([whole, dict(host.service.open_operations)], sort_keys=True, default=str)
