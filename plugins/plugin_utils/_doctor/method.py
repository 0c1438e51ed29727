# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Trying methods on a host that may be broken: one recipe at a time is closed, listed, undone and listed again, by the runs of this
collection themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import DidNotHold, InvalidOption, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, each
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted, minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope

from .verdict import Verdict, confirmed, contradicted, not_seen, some

# A service that has stopped or started may close or open its ports a moment later.
PATIENCE, PAUSE = 30.0, 2.0
OPTIONS: Mapping[str, Any] = {"stages": STAGES, "accept": (), "keep": (), "dependents": "refuse", "unverified": "skip"}


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one recipe.

    Attributes:
        runs: ids of the runs that closed and undid it.
    """

    recipe: str
    verdict: Verdict
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """Tries recipes on one host.

    Attributes:
        new_run: makes an id of a run.
    """

    writer: Writer
    knowledge: Knowledge
    clock: Clock
    stop_limit: float
    new_run: Callable[[], str]

    def of(self, recipe: str) -> Tried:
        """Close a recipe, list, undo, list.

        Raises:
            DidNotHold: it could not be undone, or is not as before; nothing else is to be tried then.
            HostError: the host was lost.
        """
        run = Run(self.knowledge, self.clock, self.new_run())
        try:
            prepared = run.prepare(self.writer, lambda survey, blocks: self._wanted(recipe, survey, blocks))
        except (InvalidOption, Refused) as error:
            return Tried(recipe, not_seen(str(error)))
        closing = tuple(_closing(prepared, recipe))
        if not prepared.plan.changes or not closing:
            why = (
                "it closes at the next boot, which the doctor does not wait for" if prepared.plan.changes else "there is nothing to change"
            )
            return Tried(recipe, not_seen(why))
        before = prepared.survey
        run.carry_out(prepared, self.writer, stop_limit=self.stop_limit)
        left = self._listed_until(lambda now: not _still_open(closing, now))
        trouble = str(run.application.error) if run.application is not None and run.application.error is not None else ""
        back = self._undo(run.run_id)
        self._expect_as_before(recipe, before, run.run_id)
        runs = (run.run_id, back)
        names = some(f"{row.protocol}/{row.port}" for row in closing)
        if trouble:
            return Tried(recipe, contradicted(f"{names} closed", f"the run broke off: {trouble}"), runs)
        still = _still_open(closing, left)
        if still:
            return Tried(recipe, contradicted(f"{names} closed", f"{some(f'{row.protocol}/{row.port}' for row in still)} still open"), runs)
        return Tried(recipe, confirmed(f"{names} closed, and open again after the undo"), runs)

    def _wanted(self, recipe: str, survey: Survey, blocks: Any) -> Wanted:
        return minimize_wanted({**OPTIONS, "recipes": [recipe]}, survey, self.knowledge, blocks)

    def _undo(self, run_id: str) -> str:
        """Put back what a run changed, and nothing of any other run."""
        run = Run(self.knowledge, self.clock, self.new_run())
        prepared = run.prepare_restore(self.writer, RestoreScope(run=run_id))
        run.carry_out(prepared, self.writer, stop_limit=self.stop_limit)
        error = run.application.error if run.application is not None else None
        if error is not None:
            raise DidNotHold(f"run {run_id} of the doctor could not be undone ({error}): run netmin.windows.restore, and look at the host")
        return run.run_id

    def _expect_as_before(self, recipe: str, before: Survey, run_id: str) -> None:
        """Expect every listener to be there again, dynamic ports by their owners.

        Raises:
            DidNotHold: one is not.
        """
        wanted = {row.identity for row in before.explained if row.endpoint.pid is not None or not row.dynamic}

        def lacking(now: Iterable[Explained]) -> list[str]:
            there = {row.identity for row in now}
            return [str(identity) for identity in wanted if not any(identity.covers(other) for other in there)]

        found = lacking(self._listed_until(lambda now: not lacking(now)))
        if found:
            raise DidNotHold(
                f"recipe {recipe} was closed and undone (run {run_id}), and {some(sorted(found))} did not come back within "
                f"{PATIENCE:g} s: look at the host, or restart it, before anything else is tried"
            )

    def _listed_until(self, done: Callable[[tuple[Explained, ...]], bool]) -> tuple[Explained, ...]:
        """List until it is as expected, or patience is at its end; return the last listing."""
        began = self.clock.now()
        while True:
            now = listed(self.writer, self.knowledge)
            if done(now) or self.clock.now() - began > PATIENCE:
                return now
            self.clock.sleep(PAUSE)


def listed(reader: Reader, knowledge: Knowledge) -> tuple[Explained, ...]:
    """List the host anew."""
    reader.forget()
    return read_survey(reader, knowledge).explained


def _closing(prepared: Prepared, recipe: str) -> Iterable[Endpoint]:
    """Yield the endpoints of a recipe that are expected to close at once."""
    for entry in prepared.forecast:
        if entry.recipe == recipe and entry.now is Expectation.CLOSED:
            yield from (one.endpoint for one in each(entry))


def _still_open(closing: Iterable[Endpoint], now: Iterable[Explained]) -> list[Endpoint]:
    # Whoever holds it now: a socket may outlive its process.
    there = {(row.endpoint.protocol, row.endpoint.address, row.endpoint.port) for row in now}
    return [row for row in closing if (row.protocol, row.address, row.port) in there]
