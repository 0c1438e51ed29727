# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Actions that plan and change: one for each stage, and `minimize` for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.allowed import Allowed
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.drift import too_wide
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotKept
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirmed import Confirmed, read_confirmed
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import Confirmation, read_wish, unasked_wish
from ansible_collections.netmin.windows.plugins.plugin_utils._run.contradictions import in_minimize, in_stage
from ansible_collections.netmin.windows.plugins.plugin_utils._run.controls import in_result, with_file
from ansible_collections.netmin.windows.plugins.plugin_utils._run.detail import Detail, told
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Blocks, refusal_of
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keeper import Keeper
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import (
    CONFIRM,
    CONFIRM_LATER,
    CONNECTIONS,
    DETAIL,
    KNOWLEDGE,
    RECORD,
    Wanted,
    minimize_spec,
    minimize_wanted,
    stage_spec,
    terms,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import plain, snapshots_of
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import (
    Prepared,
    Run,
    add_damage,
    diff_of,
    finish_untouched,
    objects_of,
    recorded,
    result_of,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Stage
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope

from .base import WindowsAction, new_run_id
from .baseline import allowed_on, in_place_of_keep, path_of
from .mapper import mapper_of
from .screen import PATIENCE

# What a change that is waited for ends in, as `shown` says it, and as a sentence goes on.
ENDS = {"stopped": "has stopped", "running": "runs"}


class PlannedAction(WindowsAction):
    """Plans, forecasts, and unless in check mode changes and reads back."""

    _begun: tuple[Run, Prepared] | None = None
    _detail = Detail.SUMMARY
    _confirmation: Confirmation | None = None

    def prepare(self, run: Run, session: Reader, options: Mapping[str, Any]) -> Prepared:
        """Read, plan and forecast; nothing is written."""
        return run.prepare(session, lambda survey, blocks: self.choose(options, survey, blocks))

    def choose(self, options: Mapping[str, Any], survey: Survey, blocks: Blocks) -> Wanted:
        """Return what is wanted of each stage of a host that shows some hazards."""
        raise NotImplementedError

    def shown(self, prepared: Prepared, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the result of this action has beside, or in place of, that of others."""
        del prepared, result
        return {}

    def so_far(self) -> dict[str, Any]:
        """Return the changes of the run that broke off, each done, not done or unknown."""
        if self._begun is None:
            return {}
        timer = self._confirmation.shown() if self._confirmation is not None else None
        return {**told(plain(result_of(*self._begun, None)), self._detail), "confirm": timer}

    def afterwards(self) -> str:
        """Say that the host will put the run back, where its timer runs."""
        return self._confirmation.afterwards() if self._confirmation is not None else ""

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Run, and render check mode and diff from the plan."""
        wish = read_wish(options)
        self._detail = Detail(options["detail"])
        session = self.open_writable()
        ask_mapper = mapper_of(self, session, wanted=bool(options.get("rpc_endpoints")))
        run = Run(KNOWLEDGE, self.waits, new_run_id(), ask_mapper=ask_mapper)
        prepared = self.prepare(run, session, options)
        self._confirmation = confirmation = Confirmation(wish or unasked_wish(prepared), run, self.clock)
        confirmation.look(session, prepared, KNOWLEDGE)
        after, keeper = None, None
        if not self._task.check_mode:
            confirmation.clean(session)
        if prepared.plan.changes and not self._task.check_mode:
            self.writing = True
            self._begun = (run, prepared)
            keeper = self.keeper(options)
            run.arm = confirmation.arm
            run.in_time = self.telling(confirmation.in_time, options["stop_timeout"])
            after = run.carry_out(prepared, session, stop_limit=options["stop_timeout"], keeper=keeper)
            confirmation.look_back(session)
        result = result_of(run, prepared, after)
        confirmation.finish(result, lambda: self.reopen(self.open_writable))
        if run.littered:
            finish_untouched(run, prepared, result, lambda: self.reopen(self.open_writable))
        add_damage(result, prepared)
        return self._complete(prepared, result, keeper)

    def telling(self, in_time: Callable[[Writer, Change], None], limit: float) -> Callable[[Writer, Change], None]:
        """Let the clock know which service it is that a wait after a change is for; most stop at once."""

        def before(writer: Writer, change: Change) -> None:
            state = ENDS.get(str(change.shown[1]))
            if state is not None:
                self.waits.about(f"waits until {change.target} {state}, for up to {limit:g} s", patience=PATIENCE)
            in_time(writer, change)

        return before

    def keeper(self, options: Mapping[str, Any]) -> Keeper | None:
        """Return who keeps a copy of the record on the controller, where one is wanted."""
        folder = options["record_dir"]
        return Keeper(path_of(self._loader, folder), self.host_name) if folder else None

    def _complete(self, prepared: Prepared, result: dict[str, Any], keeper: Keeper | None = None) -> dict[str, Any]:
        """Complete a result and the copy of the record, which has all of it, and return what was asked for."""
        result["record_file"] = None
        result |= self.shown(prepared, result)
        if keeper is not None and result["snapshot"]:
            try:
                keeper.keep(result["run"], plain(recorded(result)), ended=True)
                result["record_file"] = str(keeper.path(result["run"]))
            except NotKept as error:
                result["warnings"].append(f"{error}; the file is still as it was before the first change")
        diff = {"diff": diff_of(result, prepared)} if self._task.diff else {}
        return {**told(plain(result), self._detail), **diff}


class StageAction(PlannedAction):
    """One stage alone."""

    stage: ClassVar[Stage]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.argument_spec = stage_spec(cls.stage)

    def contradictions(self, options: Mapping[str, Any]) -> Iterable[str]:
        """Check the stage's own options as well, and whether they go against what is kept."""
        return (*super().contradictions(options), *in_stage(self.stage.name, options, KNOWLEDGE))

    def choose(self, options: Mapping[str, Any], survey: Survey, blocks: Blocks) -> Wanted:
        """Want this stage's options and nothing else."""
        del blocks
        said = terms(options, survey, KNOWLEDGE)
        return Wanted(
            {self.stage.name: self.stage.desired(options)},
            said,
            named=frozenset({self.stage.name}),
            refusals=tuple(map(refusal_of, said.wrong)),
        )


class MinimizeAction(PlannedAction):
    """All stages in one session."""

    argument_spec: ClassVar[Mapping[str, Any]] = minimize_spec()
    _known: Knowledge = KNOWLEDGE
    _allowed: Allowed | None = None
    _confirmed: Confirmed | None = None
    _remarks: Sequence[str] = ()

    def completed(self, options: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what the baseline allows this host today, and read what a doctor has confirmed on it."""
        if options.get("only_confirmed"):
            self._confirmed = read_confirmed(path_of(self._loader, options["only_confirmed"]), self.host_name)
        if not options.get("baseline"):
            return options
        in_place_of_keep(options)
        self._allowed, remarks = allowed_on(self._loader, options["baseline"], self.host_name, task_vars)
        self._remarks = (*remarks, *self._allowed.warnings())
        return {**options, "keep": self._allowed.keep()}

    def contradictions(self, options: Mapping[str, Any]) -> Iterable[str]:
        """Check the options of each stage as well, how they go together, and whether they go against what is kept."""
        try:
            knowledge = self._knowledge(options)
        except InvalidOption as error:
            return (*super().contradictions(options), str(error))
        return (*super().contradictions(options), *in_minimize(options, knowledge))

    def _knowledge(self, options: Mapping[str, Any]) -> Knowledge:
        """Return what is known, with the controls of the task's own mapping file where it names one."""
        path = options.get("controls_file")
        return with_file(KNOWLEDGE, path_of(self._loader, path) if path else None)

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Run, unless the maintenance window is closed."""
        self.refuse_outside_window(options)
        return super().work(options)

    def choose(self, options: Mapping[str, Any], survey: Survey, blocks: Blocks) -> Wanted:
        """Want each stage's own options, or what is known of this Windows."""
        self._known = self._knowledge(options)
        return minimize_wanted(options, survey, self._known, blocks, self._confirmed)

    def shown(self, prepared: Prepared, result: Mapping[str, Any]) -> dict[str, Any]:
        """Show the controls that ask for what the recipes of the listeners do, and warn of what the baseline says beside `keep`.

        That is: exceptions that end, and what is kept although it can be reached from farther than it should.
        """
        found = (subject.recipe for subject in prepared.survey.explained)
        told = {**super().shown(prepared, result), "controls": in_result(found, prepared.survey.host, self._known)}
        if self._allowed is None:
            return told
        wide = too_wide(prepared.survey.explained, self._allowed, KNOWLEDGE)
        return {**told, "warnings": [*result["warnings"], *self._remarks, *wide]}


class RestoreAction(PlannedAction):
    """Puts back what runs of this collection changed."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "run": {"type": "str"},
        "stage": {"type": "str", "choices": list(STAGES)},
        "force": {"type": "bool", "default": False},
        "stop_timeout": {"type": "int", "default": 60},
        "confirm": CONFIRM,
        **CONFIRM_LATER,
        **CONNECTIONS,
        **DETAIL,
        **RECORD,
    }

    def prepare(self, run: Run, session: Reader, options: Mapping[str, Any]) -> Prepared:
        """Plan the way back from the snapshots that are on the host."""
        return run.prepare_restore(session, RestoreScope(options["run"] or "", options["stage"] or "", options["force"]))

    def shown(self, prepared: Prepared, result: Mapping[str, Any]) -> dict[str, Any]:
        """Show each change by itself, and the snapshots from which objects are put back."""
        return {**objects_of(prepared, result), "snapshots": snapshots_of(prepared.stored)}
