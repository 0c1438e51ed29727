# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commit-confirm: arm a timer on the host before the first change, and confirm over a new connection once all is done.

What is armed is what the host does by itself; `_undo/confirm.py` and `_undo/timer.py` say what that is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AccessDenied,
    AuthenticationFailed,
    Fault,
    HostError,
    InvalidOption,
    MethodFailed,
    NetminError,
    NotArmed,
    QuotaExceeded,
    Refused,
    TooLate,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import LONGEST as LONGEST_TEXT
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import listed as names_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CommandOutput, Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host import shells
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import not_after_a_boot
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import management_ports
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change, touched
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import rpc_filters
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import confirm, record, timer
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.confirm import Phase, Timer
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.timer import BEAT, Carrier
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.constants import WSMAN_SHELLS_NOT_ALLOWED

from .options import CONFIRM
from .run import Prepared, Run

logger = logging.getLogger(__name__)

SHORTEST, LONGEST = 60, 86400
# So long the host may take to show two heartbeats, and to end them once it is confirmed: in seconds. Right after a boot what
# starts the script may take a while.
ARMING, ENDING = 30.0, 60.0
# For so many seconds a new connection is tried again: a network may take a moment to recover from what was closed.
RETRYING = 30.0
# Seconds, at the most, that a change may take to arrive. No change begins as short before the host puts the run back.
RESERVE = 30.0
WITHOUT_CONFIRM = "filters of RPC calls are made without a timer only if 'without_confirm' is set in the options of rpc_filters"
GONE = "confirmed; the timer is gone"
TOO_LATE = "too late: the host rolls the run back"
# The first heartbeat comes as soon as the script runs.
FIRST_LOOK = 2.0
# win32 CIMWin32Prov, StartService: 7 is "did not respond in time" (1053 of the SCM), as expected of a command that is no service.
EXPECTED = frozenset({0, 7})


@dataclass(frozen=True, slots=True)
class Wish:
    """What the option asks for.

    Attributes:
        within: seconds until the host restores by itself.
        hold: leave it to a later task to confirm.
        later: leave it to the role or playbook that the task is of, which restarts and proves first.
        unasked: the task did not ask for it, and makes what could cut the session.
    """

    within: int
    hold: bool
    later: bool = False
    unasked: bool = False


def read_wish(options: Mapping[str, Any]) -> Wish | None:
    """Read the option `confirm`; None where it is not given.

    Raises:
        InvalidOption: the time is too short or too long.
    """
    given = options.get("confirm")
    if given is None:
        return None
    if not SHORTEST <= given["within"] <= LONGEST:
        raise InvalidOption(f"'confirm.within' is {given['within']} seconds; it must be {SHORTEST} to {LONGEST}")
    return Wish(given["within"], given["hold"], bool(options.get("confirm_later")))


def unasked_wish(prepared: Prepared) -> Wish | None:
    """Return what is armed although no option asks for it: a filter of RPC calls that came out wrong could block all of them."""
    wanted = prepared.desires.get(rpc_filters.NAME)
    made = any(touched(change).filters is not None for change in prepared.plan.changes)
    return (
        Wish(CONFIRM["options"]["within"]["default"], hold=False, unasked=True) if made and wanted and not wanted.without_confirm else None
    )


class State(StrEnum):
    """Where the timer of a task is."""

    NONE = "no timer was needed"
    PLANNED = "the timer would be started before the first change"
    STARTING = "starting"
    NOT_STARTED = "not started"
    DOUBTFUL = "may be running"
    RUNNING = "running"
    TOLD = "it is not known whether the run was confirmed"
    CONFIRMED = "confirmed"
    REMOVED = "removed"
    LEFT = "running at the end of the task"

    @property
    def has_run(self) -> bool:
        """Whether two heartbeats have been seen."""
        return self in (State.RUNNING, State.TOLD, State.CONFIRMED, State.REMOVED, State.LEFT)


NEXT: Mapping[State, frozenset[State]] = {
    State.NONE: frozenset({State.PLANNED}),
    State.PLANNED: frozenset({State.STARTING}),
    # Where arming fails, what was made is taken away, unless that fails as well.
    State.STARTING: frozenset({State.RUNNING, State.NOT_STARTED, State.DOUBTFUL}),
    State.NOT_STARTED: frozenset(),
    State.DOUBTFUL: frozenset({State.NOT_STARTED}),
    State.RUNNING: frozenset({State.TOLD, State.REMOVED, State.LEFT}),
    # Told once more over another connection; or refused for certain, so that it goes on as before.
    State.TOLD: frozenset({State.TOLD, State.RUNNING, State.CONFIRMED, State.LEFT}),
    State.CONFIRMED: frozenset(),
    State.REMOVED: frozenset(),
    State.LEFT: frozenset(),
}


@dataclass(slots=True)
class Confirmation:
    """The timer of one task, from the first look to the confirmation.

    Attributes:
        state: where it is; `NEXT` says what can follow.
        outcome: the same in words for the result, with more where more is known.
        found: the timer that an earlier run left.
        littered: an earlier run has left something that is no timer, and that would be taken for a part of the next one.
        began: when the timer can have begun to count at the earliest, by our own clock.
        asked: the host has been asked, since, how far it has counted.
        claimed: the timer's key is this run's.
        settled: the result says what becomes of it.
    """

    wish: Wish | None
    run: Run
    clock: Clock
    state: State = State.NONE
    outcome: str = str(State.NONE)
    found: Timer | None = None
    back: confirm.WayBack | None = None
    nt: NtVersion = field(default_factory=lambda: NtVersion(0, 0))
    littered: bool = False
    began: float = 0.0
    asked: bool = False
    claimed: bool = False
    settled: bool = False
    warnings: list[str] = field(default_factory=list)

    def enter(self, state: State, outcome: str = "") -> None:
        """Go on to another state.

        Raises:
            RuntimeError: it cannot follow: a bug of ours.
        """
        if state not in NEXT[self.state]:
            raise RuntimeError(f"a timer in state '{self.state}' cannot enter '{state}'")
        self.state, self.outcome = state, outcome or str(state)

    def look(self, reader: Reader, prepared: Prepared, knowledge: Knowledge) -> None:
        """See what an earlier run left, and work out what would be armed; nothing is written.

        Raises:
            Refused: another run waits for its confirmation, or nothing can be armed here.
        """
        found = confirm.read_timer(reader)
        self.nt = prepared.survey.host.windows.nt
        self.littered = confirm.is_littered(reader)
        if found is not None:
            self.found = found = confirm.judged(found, reader)
            if prepared.plan.changes and not found.phase.over:
                raise Refused(f"{describe(found)}; nothing was changed")
            self.warnings.append(describe(found))
        if self.wish is None or not prepared.plan.changes:
            return
        try:
            self._work_out(reader, prepared, knowledge)
        except Refused as error:
            raise Refused(f"{error}; {WITHOUT_CONFIRM}") if self.wish.unasked else error from error
        self.enter(State.PLANNED)

    def _work_out(self, reader: Reader, prepared: Prepared, knowledge: Knowledge) -> None:
        survey = prepared.survey
        confirm.require(survey.host)
        taken = self.run.snapshot_of(prepared, reader)
        no_shell = shells.forbidden(reader, self.nt)
        if no_shell:
            raise Refused(f"'confirm' cannot be used here: {no_shell}")
        self.back = confirm.way_back(taken, prepared.plan, survey.host, management_ports(survey.host, knowledge), survey.path)
        lost = not_after_a_boot(reader, self.nt) if self.back.boot else ""
        if lost:
            raise Refused(
                "'confirm' cannot be used here: to roll the run back the host would restart, and then it would not answer over WinRM: "
                f"{lost}; set it to Automatic first"
            )
        confirm.values_of(self.run.run_id, self.back)

    def clean(self, writer: Writer) -> None:
        """Take away what a timer left of which nothing comes any more.

        What has not begun to count may be a timer that another controller is just starting: it gets the time for that.

        Raises:
            Refused: it has begun to count, and nothing is changed.
        """
        found = self.found
        if (found is not None and found.phase is Phase.UNSTARTED) or self.littered:
            self.clock.sleep(ARMING)
            writer.forget()
            found = confirm.read_timer(writer)
            found = None if found is None else confirm.judged(found, writer)
            if found is not None and not found.phase.over:
                raise Refused(f"{describe(found)}; nothing was changed")
            self.littered = confirm.is_littered(writer)
        if found is not None and found.phase.over:
            clear(writer, found, self.nt)
        elif self.littered:
            writer.delete_key(timer.KEY)

    def look_back(self, reader: Reader) -> None:
        """See after the changes whether another run waits for its confirmation: it may undo what this one did."""
        if self.state.has_run:
            return
        with suppress(NetminError):
            found = confirm.read_timer(reader)
            if found is not None and not found.phase.over and found.run != self.run.run_id:
                self.warnings.append(
                    f"run {found.run} was started from elsewhere meanwhile and is waiting for confirmation on this host: unless it is "
                    f"confirmed, the host rolls it back, and with it what run {self.run.run_id} changed of the same objects"
                )

    def arm(self, writer: Writer) -> None:
        """Arm the timer, and see two heartbeats.

        Raises:
            NotArmed: there are none; everything of ours has been taken away.
            NetminError: something else went wrong on the way there; the same.
        """
        if self.state is not State.PLANNED or self.wish is None or self.back is None:
            return
        self.enter(State.STARTING)
        self.began = self.clock.now()
        try:
            said = self._set_up(writer, self.back, self.wish)
            self._see_it_count(writer, said)
        except NetminError as error:
            # Without a shell nothing but the key has been made, and nothing can count.
            shell = not (isinstance(error, Fault) and error.code == WSMAN_SHELLS_NOT_ALLOWED)
            if not self.claimed and not isinstance(error, NotArmed):
                _leave_no_claim(writer, self.run.run_id)
            # What another run has put there is not ours to remove.
            gone = not self.claimed or _taken_away(writer, self.nt, self.run.run_id, shell=shell) or not shell
            self.enter(State.NOT_STARTED if gone else State.DOUBTFUL)
            raise
        self.enter(State.RUNNING)

    def _set_up(self, writer: Writer, back: confirm.WayBack, wish: Wish) -> str:
        """Put everything on the host; return what the start of it said, for the message that nothing moves."""
        numbered = confirm.values_of(self.run.run_id, back)
        head = confirm.head_of(self.run.run_id, back, wish.within)
        self._claim(writer)
        for name, value in numbered.items():
            writer.set_value(timer.KEY, name, value)
        output = writer.run_line(timer.arming_line(self.nt, head))
        if output.exit_code != 0:
            raise NotArmed(f"the timer could not be started on {writer.host}; nothing was changed: {_refusal(output)}")
        expected = {**{name: str(value.data) for name, value in numbered.items()}, **head}
        listed = {name: text for name, text in confirm.listed(output.stdout).items() if name not in (timer.CLAIM, timer.DOOR)}
        if listed != expected:
            wrong = names_of(sorted(name for name in {*listed, *expected} if listed.get(name) != expected.get(name)))
            where = f"HKLM\\{timer.KEY} on {writer.host}"
            raise NotArmed(f"the timer could not be started: {where} does not read back as written ({wrong}); nothing was changed")
        if timer.carrier_of(self.nt) is Carrier.TASK:
            return _refusal(output)
        writer.create_service(timer.CARRIER, timer.service_command())
        code = writer.start_detaching(timer.CARRIER)
        return "" if code in EXPECTED else f"StartService of {timer.CARRIER} returned {code}"

    def _claim(self, writer: Writer) -> None:
        """Take the key for this run, of several that try at once at most one.

        Everybody writes his name, looks whether the door is closed, closes it, and looks whether his name still stands there (the
        splitter of Moir and Anderson, "Wait-free algorithms for fast, long-lived renaming", 1995). It needs values that are written
        and read one at a time, and nothing else.

        Raises:
            NotArmed: another run has it, or was as quick.
        """
        run = self.run.run_id
        writer.forget()
        # First without a trace, so that a run which comes later does not make the first one lose as well.
        if _is_free(writer):
            writer.set_value(timer.KEY, timer.CLAIM, RegistryValue.text(run))
            if _is_free(writer):
                writer.set_value(timer.KEY, timer.DOOR, RegistryValue.text(run))
                self.claimed = confirm.owner(writer, timer.CLAIM) == run
        if self.claimed:
            return
        names = (confirm.owner(writer, name) for name in (timer.RUN, timer.DOOR, timer.CLAIM))
        other = next((name for name in names if name not in ("", run)), "another")
        raise NotArmed(
            f"run {other} is starting its timer on {writer.host} at the same time, or waits for confirmation; nothing was changed"
        )

    def _see_it_count(self, writer: Writer, said: str) -> None:
        deadline = self.clock.now() + ARMING
        first: tuple[int, float] | None = None
        while self.clock.now() < deadline:
            self.clock.sleep(FIRST_LOOK if first is None else BEAT + 1)
            beat, now = _beat(writer), self.clock.now()
            if beat is None:
                continue
            if first is None:
                first = beat, now
            elif beat - first[0] > (now - first[1]) / BEAT + 2:
                raise NotArmed(f"the timer on {writer.host} counts too fast: 'ping' does not wait there; nothing was changed")
            elif beat > first[0]:
                return
        why = "endpoint protection, AppLocker or a policy that forbids the command shell may have stopped it"
        started = f" ({said})" if said else ""
        raise NotArmed(f"no heartbeat of the timer on {writer.host} in {ARMING:g} seconds: {why}{started}; nothing was changed")

    def in_time(self, writer: Writer, change: Change) -> None:
        """See before a change that it will not come after the host has put the run back: nobody would undo it.

        By our own clock, which goes on while the controller sleeps. Before the first change that may cut the session the host is
        asked as well: of a virtual controller that was stopped meanwhile it alone knows.

        Raises:
            TooLate: the time is over, or so nearly that the change might come after it.
            HostError: the host did not say.
        """
        if self.wish is None or self.state is not State.RUNNING:
            return
        left = self.wish.within - (self.clock.now() - self.began)
        if change.touches_session and not self.asked:
            self.asked = True
            beat = _beat(writer)
            left = min(left, self.wish.within - beat * BEAT) if beat is not None else 0
        if left < min(RESERVE, self.wish.within / 4):
            raise TooLate(
                f"run {self.run.run_id} ran out of time (confirm.within={self.wish.within}); the remaining changes "
                "were skipped and the host will roll it back. Increase 'within'"
            )

    def finish(self, result: dict[str, Any], reopen: Callable[[], Writer]) -> None:
        """Confirm over a new connection, unless the run failed or a later task is to do it; complete the result."""
        wish = self.wish
        if wish is not None and self.state is State.RUNNING:
            if result.get("failed") and not result["changed"]:
                # Nothing is to be put back, and the host might restart for it.
                self._remove(result, reopen, wish)
            elif self.run.application is not None and isinstance(self.run.application.error, TooLate):
                self.enter(State.LEFT, TOO_LATE)
            elif result.get("failed"):
                self.enter(State.LEFT, "not confirmed: the run failed")
                result["msg"] = f"{result['msg']}. {self._will_restore(wish)}"
            elif wish.hold or wish.later:
                self.enter(State.LEFT, "running; run 'confirm' to keep the changes")
            else:
                self._confirm(result, reopen, wish)
        elif wish is not None and self.state is State.DOUBTFUL:
            self._clear_up(result, reopen, wish)
        result["warnings"] = [*result.get("warnings", []), *self.warnings]
        result["confirm"] = self.shown()
        self.settled = True

    def shown(self) -> dict[str, Any] | None:
        """Show the timer in a result; None where none was asked for."""
        return None if self.wish is None else self.plain(self.wish)

    def afterwards(self) -> str:
        """Say what the host does by itself where the run broke off and its timer runs, or may; empty where it does nothing."""
        if self.wish is None or self.settled or not (self.state.has_run or self.state in (State.STARTING, State.DOUBTFUL)):
            return ""
        return f"The timer {'is still' if self.state.has_run else 'may still be'} running. {self._will_restore(self.wish)}"

    def _confirm(self, result: dict[str, Any], reopen: Callable[[], Writer], wish: Wish) -> None:
        try:
            self.enter(State.CONFIRMED, self._end(reopen))
        except TooLate as error:
            self.enter(State.LEFT, TOO_LATE)
            result["failed"] = True
            result["msg"] = f"all changes were made but not confirmed in time, so the host rolls them back: {error}. Increase 'within'"
        except NetminError as error:
            # What was told may have been heard, however the telling ended.
            doubt = "It is not known whether the host received the confirmation. If not: " if self.state is State.TOLD else ""
            if self.state is not State.TOLD:
                self.enter(State.LEFT, "not confirmed")
            result["failed"] = True
            msg = f"all changes were made but could not be confirmed over a new connection: {error}. {doubt}{self._will_restore(wish)}"
            result["msg"] = msg

    def _end(self, reopen: Callable[[], Writer]) -> str:
        """Confirm over a new connection; where none can be had, or something goes wrong on it, over another one."""
        deadline = self.clock.now() + RETRYING
        again = False
        while True:
            try:
                writer = reopen()
                if again and confirm.read_timer(writer) is None:
                    # Somebody has confirmed it: probably we, and the answer was lost.
                    self.enter(State.TOLD)
                    return GONE
                self._tell(writer)
                return see_end(writer, self.run.run_id, self.clock)
            except HostError as error:
                # Each wrong password counts where accounts are locked: a login that is refused is not tried again.
                if isinstance(error, AuthenticationFailed) or self.clock.now() >= deadline:
                    raise
                again = True
                self.clock.sleep(BEAT)

    def _tell(self, writer: Writer) -> None:
        """Tell the host to end the timer, once more if need be: the same value again changes nothing."""
        before = self.state
        self.enter(State.TOLD)
        try:
            tell(writer, self.run.run_id)
        except (AccessDenied, MethodFailed, QuotaExceeded):
            # Refused for certain.
            self.enter(before)
            raise

    def _remove(self, result: dict[str, Any], reopen: Callable[[], Writer], wish: Wish) -> None:
        """Remove the timer of a run that changed nothing over a new connection; where none can be had, say what the host does."""
        try:
            remove(reopen(), self.nt, self.run.run_id)
            self.enter(State.REMOVED, "removed: nothing was changed")
        except NetminError:
            self.enter(State.LEFT, str(State.RUNNING))
            result["msg"] = f"{result['msg']}. The timer is still running. {self._will_restore(wish)}"

    def _clear_up(self, result: dict[str, Any], reopen: Callable[[], Writer], wish: Wish) -> None:
        """Remove over a new connection what may be running; where none can be had, say what the host may do."""
        try:
            remove(reopen(), self.nt, self.run.run_id)
            self.enter(State.NOT_STARTED, "not started; its remains were removed over a new connection")
        except NetminError:
            result["msg"] = f"{result['msg']}. The timer may still be running. {self._will_restore(wish)}"

    def _will_restore(self, wish: Wish) -> str:
        return (
            f"The host rolls run {self.run.run_id} back in a little over {wish.within} seconds and restarts if needed, "
            "unless netmin.windows.confirm confirms the run first"
        )

    def plain(self, wish: Wish) -> dict[str, Any]:
        """Show the timer in a result."""
        carrier = str(timer.carrier_of(self.nt)) if self.back is not None else None
        said = {"armed": self.state.has_run, "within": wish.within, "hold": wish.hold, "confirmed": self.state is State.CONFIRMED}
        return {**said, "carrier": carrier, "outcome": self.outcome}


def describe(found: Timer) -> str:
    """Say in one sentence what was found on the host."""
    run, outcome = excerpt(found.run), excerpt(found.outcome)
    if found.phase is Phase.ARMED:
        return (
            f"run {run} is waiting for confirmation on this host (heartbeat {excerpt(found.beat)}): run 'confirm', or wait until the host "
            "has rolled it back"
        )
    if found.phase is Phase.UNSTARTED:
        return f"run {run} broke off before its timer started: it changed nothing and needs no confirmation"
    if found.phase is Phase.RESTORING:
        return f"the host is rolling back run {run}, which was not confirmed ({outcome})"
    if found.phase is Phase.BROKEN_OFF:
        began = f"the host began to roll back run {run}, which was not confirmed, but did not finish ({outcome})"
        return f"{began}: run 'restore' to restore the rest"
    return f"run {run} was not confirmed, so the host rolled it back: {outcome} (exit codes of its commands in order)"


def end(writer: Writer, run: str, clock: Clock) -> str:
    """Confirm a run, and see its timer end.

    Raises:
        TooLate: the host has begun to restore.
        NotArmed: the timer goes on.
    """
    tell(writer, run)
    return see_end(writer, run, clock)


def tell(writer: Writer, run: str) -> None:
    """Tell the host that a run is confirmed."""
    writer.set_value(timer.KEY, timer.CONFIRMED, RegistryValue.text(run))


def see_end(writer: Writer, run: str, clock: Clock) -> str:
    """See the timer of a run end that has been told to; raises as `end` does."""
    deadline = clock.now() + ENDING
    while clock.now() < deadline:
        clock.sleep(BEAT + 1)
        writer.forget()
        value = writer.value(timer.KEY, timer.HEARTBEAT, RegistryType.SZ)
        if value is None:
            return GONE
        beat = str(value.data)
        if not beat.isdecimal():
            raise TooLate(f"the time was over: the host is rolling back run {run} ({excerpt(beat)})")
    raise NotArmed(f"the timer on {writer.host} was told to end but did not end within {ENDING:g} seconds")


def clear(writer: Writer, found: Timer, nt: NtVersion) -> None:
    """Take away a timer of which nothing comes any more: a script that ran to its end left nothing but the key."""
    if found.phase is not Phase.UNSTARTED:
        # Else nobody could tell any more a run that was put back from one that was confirmed.
        writer.set_value(OUR_KEY, record.RESTORED_BY_HOST, RegistryValue.text(found.run))
    if found.phase in (Phase.UNSTARTED, Phase.BROKEN_OFF):
        remove(writer, nt, found.run)
    else:
        writer.delete_key(timer.KEY)


def remove(writer: Writer, nt: NtVersion, run: str, *, shell: bool = True) -> None:
    """Take away everything of a run's timer: the key first, without which the script ends by itself. Another run's stays.

    Args:
        shell: whether anything has been made in a command shell.
    """
    writer.forget()
    there = writer.value_types(timer.KEY) or {}
    named = next((name for name in (timer.RUN, timer.DOOR) if name in there), None)
    if named is not None and confirm.owner(writer, named) != run:
        return
    writer.delete_key(timer.KEY)
    if shell:
        writer.run_line(timer.disarming_line(nt))


def _leave_no_claim(writer: Writer, run: str) -> None:
    """Take away the key in which a claim of this run broke off: it holds nothing, or names this run alone."""
    with suppress(NetminError):
        writer.forget()
        there = writer.value_types(timer.KEY)
        if there is not None and set(there) <= {timer.CLAIM, timer.DOOR} and all(confirm.owner(writer, name) == run for name in there):
            writer.delete_key(timer.KEY)


def _is_free(reader: Reader) -> bool:
    """Tell whether no run has taken the timer's key."""
    return not {timer.RUN, timer.DOOR} & set(reader.value_types(timer.KEY) or ())


def _taken_away(writer: Writer, nt: NtVersion, run: str, *, shell: bool) -> bool:
    try:
        remove(writer, nt, run, shell=shell)
    except NetminError:
        return False
    return True


def _beat(writer: Writer) -> int | None:
    writer.forget()
    value = writer.value(timer.KEY, timer.HEARTBEAT, RegistryType.SZ)
    text = "" if value is None else str(value.data)
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _refusal(output: CommandOutput) -> str:
    """Return exit code and the end of both streams of a command line, in the host's own words: what failed stands last."""
    ends = [_end(output.stderr), _end(output.stdout) if output.exit_code else ""]
    words = excerpt(" ".join(end for end in ends if end))
    return f"exit code {output.exit_code}{f': {words}' if words else ''}"


def _end(text: str) -> str:
    """Return as many of the last lines as have room beside those of another stream."""
    room = LONGEST_TEXT // 2 - 5
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = excerpt(lines.pop(), room) if lines else ""
    while lines and len(told) + len(lines[-1]) < room:
        told = f"{lines.pop()} {told}"
    return told
