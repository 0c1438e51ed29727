# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run on one host: list, explain, plan, forecast, store, close, read back. Knows no Ansible.

Before the first write every error leaves the host as it was. From the first write on the run always ends with a
result that says of each change whether it was done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ConnectionLost, NetminError, NotKept, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast, Outlook, condensed, each, grouped
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rehearsal import wants_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import AskMapper
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast import stored
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.forecast import count, lost, opens
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import lingering
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.residue import residue
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Purpose
from ansible_collections.netmin.windows.plugins.plugin_utils._host import firewall, shells
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Service
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import management_ports, strangers
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Asked, Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import filter_rule, rpc_filter
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change, effect, kind_of, touched
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.never import never_filtered, never_stops
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Residue, Skipped
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import access, leftovers, parts, record, restore, snapshot

from .apply import Application, ChangeStatus, apply, at_any_time
from .controls import behind
from .detail import narrowed, short_ports
from .gate import Blocks, without_shell
from .gated import look_back, plan_gated
from .hazards import warnings_of
from .keeper import Keeper
from .options import Wanted
from .plain import (
    change_of,
    endpoint_of,
    fewer,
    gone,
    hazards_of,
    management_of,
    residue_of,
    rpc_map_of,
    rpc_warnings,
    skipped_of,
    suspects_of,
    unchanged_of,
    windows_of,
)
from .reach import FoundHazard
from .survey import Survey, Terms, make_forecast, projected, read_survey, reread, shown, with_firewall, with_path, with_rpc_filters

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run up to the moment before the first write.

    Attributes:
        residue: what stays open then.
        skipped: recipes that are left alone, with the reasons.
        history: what earlier runs of this boot left.
        stored: the snapshots that are on the host, where they were read.
        findings: the hazards that the host shows and that are about the plan.
        opens: ids of the recipes whose endpoints this run or an earlier one of this boot opens.
        runs: ids of the runs whose snapshots are on the host, oldest first.
        damaged: ids of those whose snapshots cannot be read, and may tell of what is to be put back.
        purpose: what the run is for.
        values: names of all values in our key; None if there is no such key.
        asked: the controls that were asked for.
        clutter: why our key cannot be listed; then nothing may be changed, since a restore would not find the snapshot.
    """

    survey: Survey
    desires: Mapping[str, Any]
    plan: Plan
    forecast: tuple[Forecast, ...]
    residue: tuple[Residue, ...]
    skipped: tuple[Skipped, ...]
    terms: Terms
    history: record.History
    opens: tuple[str, ...]
    runs: tuple[str, ...]
    stored: snapshot.Stored | None = None
    findings: tuple[FoundHazard, ...] = ()
    damaged: tuple[str, ...] = ()
    purpose: Purpose = Purpose.MINIMIZE
    values: tuple[str, ...] | None = None
    clutter: str = ""
    asked: tuple[Asked, ...] = ()

    @property
    def room(self) -> int:
        """How many bytes a value of the record may have on this host."""
        return parts.room_of(self.survey.host.windows.nt)


@dataclass(slots=True)
class Run:
    """Carries one run through.

    Attributes:
        application: set once something may have been written.
        warnings: of what went wrong on the host and stopped nothing.
        taken: what the plan touches, as it was before the first change.
        arm: called before the first change, once everything is stored; what it raises ends the run.
        in_time: called before each change; the same.
        littered: no change was made, and our key is not as it was before all the same.
        ask_mapper: asks for the endpoint map, where owners are to be told by it as well.
        path: the management path, where the host is not to be asked for it.
    """

    knowledge: Knowledge
    clock: Clock
    run_id: str
    application: Application | None = None
    taken: snapshot.Snapshot | None = None
    trouble: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    arm: Callable[[Writer], None] | None = None
    in_time: Callable[[Writer, Change], None] = at_any_time
    littered: bool = False
    ask_mapper: AskMapper | None = None
    path: ManagementPath | None = None
    _snapshot: snapshot.Snapshot | None = None
    _before: leftovers.Before | None = None

    def prepare(self, reader: Reader, choose: Callable[[Survey, Blocks], Wanted]) -> Prepared:
        """Read, plan and forecast; nothing is written.

        Args:
            choose: what is wanted of each stage, given what the host is and which hazards it shows.

        Raises:
            Refused: a gate, or what was asked for by name and could not be restored.
        """
        survey = replace(read_survey(reader, self.knowledge, self.ask_mapper), path=self.path)
        gated = plan_gated(reader, survey, self.knowledge, choose)
        survey = with_path(reader, gated.survey) if gated.plan.changes else gated.survey
        made = self._prepared(reader, survey, gated.plan, gated.wanted, gated.forecast)
        return replace(made, findings=gated.findings, asked=gated.wanted.asked)

    def prepare_restore(self, reader: Reader, scope: restore.RestoreScope) -> Prepared:
        """Read what earlier runs left, and plan the way back; nothing is written.

        Raises:
            NotFound: there is no such run.
            Refused: its snapshot cannot be read.
        """
        survey = with_path(reader, read_survey(reader, self.knowledge))
        found = snapshot.read_snapshots(reader)
        if found.snapshots or found.unreadable:
            self.warnings += filter(None, (access.strangers(reader, survey.host.windows.nt),))
        damaged = restore.damaged(found, scope)
        goals = restore.goals_of(found.snapshots, scope, record.read_history(reader).finished())
        if any(goal.oldest.object == filter_rule.OBJECT for goal in goals):
            survey = with_firewall(reader, survey)
        if any(goal.oldest.object == rpc_filter.OBJECT for goal in goals):
            survey = with_rpc_filters(reader, survey)
        reader.ahead(wants_of(reader, lambda known: restore.read_now(known, goals)), over=survey.host.spare_connections)
        now = restore.read_now(reader, goals)
        ports = management_ports(survey.host, self.knowledge)

        def never(service: Service) -> str | None:
            return never_stops(service, survey.host, self.knowledge)

        def never_made(rule: RpcFilterRule) -> str:
            return never_filtered(rule.interface, survey.host, self.knowledge)

        plan = restore.plan(
            goals, now, survey.host, force=scope.force, management=ports, path=survey.path, never=never, never_made=never_made
        )
        blind = survey.host.firewall.blind if survey.host.firewall is not None else ""
        plan = without_shell(plan, lambda: shells.forbidden(reader, survey.host.windows.nt), blind)
        deleted = (effect(change).deletes for change in plan.changes)
        survey = replace(survey, more=now.values, keys={key: True for key in deleted if key})
        wanted = Wanted({}, Terms())
        prepared = self._prepared(reader, survey, plan, wanted, make_forecast(plan, survey, self.knowledge, wanted.terms.kept))
        # A way back must not need an `accept`: what the host shows is told, and holds nothing back.
        findings = look_back(reader, survey, self.knowledge, plan, prepared.forecast)
        expected = restore.forecast_of(prepared.forecast, _first(reader), whole=not (scope.run or scope.stage or damaged))
        return replace(prepared, forecast=expected, stored=found, damaged=damaged, purpose=Purpose.RESTORE, findings=findings)

    def _prepared(self, reader: Reader, survey: Survey, plan: Plan, wanted: Wanted, expected: tuple[Forecast, ...]) -> Prepared:
        """Complete a plan with what its forecast warns of, and read what earlier runs left."""
        plan = replace(plan, unchanged=(*plan.unchanged, *wanted.terms.absent))
        plan = replace(plan, warnings=tuple(dict.fromkeys((*plan.warnings, *lost(expected, wanted.terms.kept)))))
        left = residue(survey.explained, expected, self.knowledge, survey.host.windows)
        clutter = _clutter(reader)
        history = record.History() if clutter else record.read_history(reader).since(survey.host.boot.mark)
        opened = tuple(dict.fromkeys((*history.opens, *opens(plan, self.knowledge))))
        earlier = () if clutter else self._earlier(reader)
        made = Prepared(survey, wanted.desires, plan, expected, left, wanted.skipped, wanted.terms, history, opened, earlier)
        names = None if clutter else parts.names_in(reader)
        return replace(made, values=None if names is None else tuple(names), clutter=clutter)

    def _earlier(self, reader: Reader) -> tuple[str, ...]:
        """Return the runs whose snapshots are there, and see to it that this one sorts after them."""
        runs = snapshot.runs(reader)
        self.run_id = snapshot.following(self.run_id, runs)
        return runs

    def carry_out(self, prepared: Prepared, writer: Writer, *, stop_limit: float, keeper: Keeper | None = None) -> Survey | None:
        """Store what was and what is expected, make the changes, and read everything again.

        Args:
            keeper: keeps a copy of the record on the controller; where it cannot, nothing is changed.

        Returns:
            What was read afterwards, or None where the host could not be read any more.
        """
        application = Application(prepared.plan)
        self.application = application
        try:
            if prepared.clutter:
                raise Refused(f"nothing was changed, because a restore would not find its snapshot: {prepared.clutter}")
            self.taken = taken = self.snapshot_of(prepared, writer)
            if keeper is not None:
                self._keep(prepared, keeper)
            self._before = leftovers.look(writer, prepared.values, self._written(prepared))
            self._protect(prepared, writer)
            self._store_snapshot(prepared, taken, writer)
            self._announce_rules(prepared, writer)
            if self.arm is not None:
                self.arm(writer)
            self._store_forecast(prepared, writer)
        except NetminError as error:
            application.error = error
            self.take_back(prepared, writer)
            return None
        try:
            apply(application, writer, self.clock, stop_limit=stop_limit, in_time=self.in_time)
        finally:
            # Also for a task timeout or Ctrl-C, which no handler of errors sees.
            # Refused for certain, the first one: what nobody knows the end of may still be made.
            untouched = application.error is not None and not application.made
            if untouched:
                self.take_back(prepared, writer)
            else:
                self._store_changes(prepared, application, writer)
        try:
            if not untouched:
                self._store_rules(prepared, application, writer)
                self._tidy(prepared, writer)
            after = reread(writer, self.knowledge, prepared.survey, prepared.plan.changes)
        except NetminError as error:
            application.error = application.error or error
            return None
        stored = tuple(application.statuses)
        self._settle_by_reading(application, after)
        if stored != tuple(application.statuses):
            # A restore believes this list.
            self._store_changes(prepared, application, writer)
        return after

    def snapshot_of(self, prepared: Prepared, reader: Reader) -> snapshot.Snapshot:
        """Return what the plan touches, as it is before the first change; it is looked at once."""
        if self._snapshot is None:
            survey = prepared.survey
            self._snapshot = snapshot.take(self.run_id, prepared.plan.changes, reader, survey.seen, survey.host.windows.nt)
        return self._snapshot

    def _keep(self, prepared: Prepared, keeper: Keeper) -> None:
        try:
            keeper.keep(self.run_id, recorded(result_of(self, prepared, None, planned=True)), ended=False)
        except NotKept as error:
            raise NotKept(f"{error}; nothing was changed") from error

    def _protect(self, prepared: Prepared, writer: Writer) -> None:
        """See to it that nobody but administrators writes what a restore will believe."""
        nt = prepared.survey.host.windows.nt
        # A key that this run makes is handed its list down.
        there = prepared.values is not None and prepared.purpose is not Purpose.RESTORE
        self.warnings += filter(None, (access.protect(writer, nt), access.strangers(writer, nt) if there else ""))

    def _written(self, prepared: Prepared) -> tuple[str, ...]:
        """Name the values of our key that this run writes before its first change, but for parts of them."""
        rules = (firewall.RECORD.name,) if self._announced(prepared) is not None else ()
        first = () if prepared.runs else (record.FIRST,)
        return (*first, snapshot.value_name(self.run_id), *rules, stored.FORECAST)

    def take_back(self, prepared: Prepared, writer: Writer) -> None:
        """Leave nothing on the host of a run that has changed nothing: a restore must not take what others do for its doing."""
        if self._before is None:
            return
        self.littered = True
        with suppress(NetminError):
            self.littered = not leftovers.put_back(writer, self._before, self._written(prepared), self.run_id)

    def _delete(self, writer: Writer, name: str) -> None:
        """Delete a value of the record with its parts."""
        parts.delete(writer, name, parts.names_in(writer) or {})

    def _store_forecast(self, prepared: Prepared, writer: Writer, name: str = stored.FORECAST) -> None:
        # The first forecast helps a restore to tell what opens again; the other one is what a proof believes.
        mark = prepared.survey.host.boot.mark
        made = stored.Record.of(self.run_id, mark, prepared.forecast, prepared.opens, prepared.purpose)
        head, lines = stored.head_of(made), stored.lines_of(made)
        parts.store(writer, name, head, lines, room=prepared.room, schema=stored.SCHEMA, check=name == stored.FORECAST)

    def _store_snapshot(self, prepared: Prepared, taken: snapshot.Snapshot, writer: Writer) -> None:
        if not prepared.runs:
            # Before the snapshot: a run that breaks off between the two leaves this to be written again.
            self._store_forecast(prepared, writer, record.FIRST)
        name, head, lines = snapshot.value_name(self.run_id), snapshot.head_of(taken), snapshot.lines_of(taken)
        parts.store(writer, name, head, lines, room=prepared.room, schema=snapshot.IN_PARTS)

    def _tidy(self, prepared: Prepared, writer: Writer) -> None:
        """Delete what nobody needs any more of earlier runs, now that this one has changed something."""
        for name in (stored.FORECAST, *(() if prepared.runs else (record.FIRST,))):
            self._sweep(prepared, name, writer)
        for part in parts.orphans(prepared.values or ()):
            writer.delete_value(OUR_KEY, part)
        if len(prepared.runs) >= snapshot.MOST:
            for run in snapshot.needless(snapshot.read_snapshots(writer).snapshots):
                self._delete(writer, snapshot.value_name(run))

    def _sweep(self, prepared: Prepared, name: str, writer: Writer) -> None:
        """Delete the parts that an earlier run left of a value which has been written anew."""
        for part in parts.parts_of(prepared.values or (), name):
            if not part.endswith(self.run_id):
                writer.delete_value(OUR_KEY, part)

    def _store_changes(self, prepared: Prepared, application: Application, writer: Writer) -> None:
        done = zip(application.plan.changes, application.statuses, strict=True)
        lines = [change_of(change, change.shown[1], str(status)) for change, status in done]
        waits = reboot_required(prepared, application)
        head = prepared.history.head(self.run_id, prepared.survey.host.boot.mark, waits=waits, opens=prepared.opens)
        try:
            listed = prepared.history.with_run(lines)
            parts.store(writer, record.CHANGES, head, listed, room=prepared.room, schema=stored.SCHEMA, check=False)
            self._sweep(prepared, record.CHANGES, writer)
        except NetminError as error:
            # What was done is in the task's result as well; the first error is the one to tell.
            logger.info("the list of changes could not be left on the host: %s", error)
            application.error = application.error or error

    def _announce_rules(self, prepared: Prepared, writer: Writer) -> None:
        """Leave the names of the rules to be added: should the run break off, the next one knows that they may be there."""
        value = self._announced(prepared)
        if value is not None:
            writer.set_value(firewall.RECORD.key, firewall.RECORD.name, value)

    def _announced(self, prepared: Prepared) -> RegistryValue | None:
        added = {rule.name: "" for change in prepared.plan.changes if (rule := touched(change).adds) is not None}
        before = prepared.survey.host.firewall
        return firewall.to_value({**before.names, **added}) if before and added else None

    def _store_rules(self, prepared: Prepared, application: Application, writer: Writer) -> None:
        """Leave on the host under which names the firewall keeps the rules that are there now."""
        before = prepared.survey.host.firewall
        changed = [touched(change) for change in prepared.plan.changes]
        added = [item.adds.name for item in changed if item.adds is not None]
        if before is None or not (added or any(item.removes for item in changed)):
            return
        done = (item for item, status in zip(changed, application.statuses, strict=True) if status is ChangeStatus.DONE)
        gone = [item.removes for item in done if item.removes]
        value = firewall.to_value(firewall.locate(writer, prepared.survey.host.windows.nt, before, added=added, gone=gone))
        if value is None:
            writer.delete_value(firewall.RECORD.key, firewall.RECORD.name)
        else:
            writer.set_value(firewall.RECORD.key, firewall.RECORD.name, value)

    def _settle_by_reading(self, application: Application, after: Survey) -> None:
        """Settle lost answers by what is there now, and name every write that did not hold."""
        seen = after.seen
        for number, change in enumerate(application.plan.changes):
            kind, status = kind_of(change), application.statuses[number]
            if status is ChangeStatus.UNKNOWN:
                application.statuses[number] = ChangeStatus.DONE if kind.holds(change, seen) else ChangeStatus.NOT_DONE
            elif status is ChangeStatus.DONE and not kind.holds(change, seen):
                application.statuses[number] = ChangeStatus.NOT_DONE
                wanted, found = excerpt(change.shown[1]), excerpt(kind.found(change, seen))
                self.trouble.append(
                    f"{excerpt(change.target)} should be {wanted} but is {found}: Windows accepted the change but did not keep it"
                )


def _clutter(reader: Reader) -> str:
    """Say why our key cannot be listed; empty where it can."""
    try:
        parts.names_in(reader)
    except parts.Cluttered as error:
        return str(error)
    return ""


def _first(reader: Reader) -> stored.Record | None:
    """Return the forecast of the first run; a damaged one is as good as none."""
    try:
        return record.read_record(reader, record.FIRST)
    except stored.RecordUnreadable:
        return None


NOT_RECORDED = frozenset({"run", "changed", "failed", "msg"})


def recorded(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record keeps of a result: all that is known of the host and the plan, whatever the task returns."""
    return {name: value for name, value in result.items() if name not in NOT_RECORDED}


def result_of(run: Run, prepared: Prepared, after: Survey | None, *, planned: bool = False) -> dict[str, Any]:
    """Build the result of a run.

    Args:
        after: None in check mode and where nothing was to change.
        planned: nothing has been written yet; so it is also where the run was never carried out.
    """
    plan, application = prepared.plan, None if planned else run.application
    last = after or prepared.survey
    seen = after.seen if after else None
    planned = application is None
    statuses = [str(status) for status in _known(application, after)] if application else ["planned"] * len(plan.changes)
    result: dict[str, Any] = {
        "changed": bool(plan.changes) if planned else any(status != ChangeStatus.NOT_DONE for status in statuses),
        "run": run.run_id,
        "windows": windows_of(prepared.survey.host),
        "management": management_of(prepared.survey.path) if prepared.survey.path else None,
        "changes": [
            change_of(change, change.shown[1] if planned else kind_of(change).found(change, seen) if seen else None, status)
            for change, status in zip(plan.changes, statuses, strict=True)
        ],
        "unchanged": [*unchanged_of(plan), *skipped_of(prepared.skipped)],
        "before": shown(prepared.desires, prepared.survey),
        "after": _state_after(prepared, after, planned=planned),
        "listeners_before": fewer(endpoint_of(subject, run.knowledge, prepared.survey.rpc_map) for subject in prepared.survey.explained),
        "listeners": fewer(endpoint_of(subject, run.knowledge, last.rpc_map) for subject in last.explained),
        "suspected": suspects_of(last.listing),
        "forecast": [{**stored.plain_entry(entry), "listens": _listens(entry, after)} for entry in _lines(prepared.forecast)],
        "residue": residue_of(prepared.residue, run.knowledge, prepared.survey.rpc_map),
        **rpc_map_of(prepared.survey.rpc_map),
        "summary": {**_summary(prepared.forecast), "closed": None},
        "snapshot": [snapshot.plain(saved) for saved in run.taken.saved] if run.taken else [],
        "reboot_required": reboot_required(prepared, application),
        "warnings": [*run.warnings, *_warnings(prepared, after), *rpc_warnings(last.rpc_map)],
    }
    if prepared.asked:
        for row, change in zip(result["changes"], plan.changes, strict=True):
            row["controls"] = behind(change, prepared.asked, prepared.survey.host, run.knowledge)
    if prepared.stored is None:
        # A restore puts back what was, and no hazard holds it back: its warnings name those of what it closes again.
        result["hazards"] = hazards_of(prepared.findings)
    if result["after"] is not None or not result["changed"]:
        result["summary"]["closed"] = gone(result["listeners_before"], result["listeners"])
    _add_failure(result, run, prepared, after)
    return result


def finish_untouched(run: Run, prepared: Prepared, result: dict[str, Any], reopen: Callable[[], Writer]) -> None:
    """Take away over a new connection what a run that changed nothing has left; say in the result what stays if that fails as well."""
    try:
        run.take_back(prepared, reopen())
    except NetminError as error:
        logger.info("no new connection: %s", error)
    if run.littered:
        what = f"what run {run.run_id} stored before its first change is still below HKLM\\{OUR_KEY} on the host"
        result["msg"] = f"{result['msg']}. Nothing was changed, but {what}"


def objects_of(prepared: Prepared, result: Mapping[str, Any]) -> dict[str, Any]:
    """Show what the changes of a plan were about, before and after, each under a name of its own."""
    rows = tuple(zip(prepared.plan.changes, result["changes"], strict=True))
    return {when: {change.identity: row[when] for change, row in rows} for when in ("before", "after")}


def _known(application: Application, after: Survey | None) -> tuple[ChangeStatus, ...]:
    """Return what is known of each change: what Windows accepted is done only once reading the host has shown it."""
    unread = ChangeStatus.UNKNOWN if after is None else ChangeStatus.DONE
    return tuple(unread if status is ChangeStatus.DONE else status for status in application.statuses)


def _add_failure(result: dict[str, Any], run: Run, prepared: Prepared, after: Survey | None) -> None:
    application = run.application
    if application is None or not (application.error or run.trouble):
        return
    done, not_done, unknown = (_known(application, after).count(status) for status in ChangeStatus)
    told = run.trouble if application.error is None else [_ending(application.error, settled=after is not None)]
    lost = isinstance(application.error, ConnectionLost)
    result["failed"] = True
    result["msg"] = (
        f"{'; '.join(told)}. Of {len(prepared.plan.changes)} changes {done} done, {not_done} not done, {unknown} unknown. "
        f"{'Run the task again to complete them' if lost else 'Remove the cause, then run the task again'}"
    )


def add_damage(result: dict[str, Any], prepared: Prepared) -> None:
    """Fail a restore that could not read all that it was to go by, in check mode as well: less is put back than was asked for.

    Once the run has been confirmed: its changes were made, and a host that took them back would be no nearer to what it was.
    """
    if not prepared.damaged:
        return
    waits = result.get("confirm") or {}
    told = [result["msg"]] if result.get("failed") else []
    told.append(snapshot.damage(prepared.damaged, prepared.stored.newer if prepared.stored else ()))
    if not result.get("failed") and waits.get("armed") and not waits.get("confirmed"):
        told.append("The host undoes this restore unless netmin.windows.confirm confirms it")
    result["failed"] = True
    result["msg"] = ". ".join(told)


def _ending(error: NetminError, *, settled: bool) -> str:
    if isinstance(error, ConnectionLost) and settled:
        return f"the connection to {error.host} was lost during a change; the host was read again to see which changes were made"
    return str(error)


def _state_after(prepared: Prepared, after: Survey | None, *, planned: bool) -> dict[str, Any] | None:
    """Show what was read; in check mode what is planned; None where the host could not be read any more."""
    if planned:
        return shown(prepared.desires, projected(prepared.survey, prepared.plan))
    return shown(prepared.desires, after) if after else None


def reboot_required(prepared: Prepared, application: Application | None) -> bool:
    """Whether a boot is still to come: a change that waits for one, or an endpoint that closes only then."""
    changes = prepared.plan.changes
    made = changes if application is None else application.made
    # What the forecast expects of the boot, and what is left to it, holds for the whole plan only.
    pending = len(made) == len(changes) and (
        any(entry.outlook in (Outlook.CLOSES_AT_BOOT, Outlook.LOOPBACK_ONLY) for entry in prepared.forecast)
        # Whether it listens or not.
        or any(item.reason is Reason.UNTIL_BOOT for item in prepared.plan.unchanged)
    )
    asked = application is not None and application.boot_needed
    # A start mode waits for the boot as well, and nothing waits for it but what cannot be stopped.
    written = any(touched(change).waits for change in made)
    return prepared.history.waits or pending or asked or written


def _listens(entry: Forecast, after: Survey | None) -> bool | None:
    """Tell whether the listing after the changes shows the endpoint, or any of those that the entry stands for."""
    if after is None:
        return None
    places = {(end.protocol, end.address, port) for end in entry.endpoints for port in (entry.ports or (end.port,))}
    return any((end.protocol, end.address, end.port) in places for end in (subject.endpoint for subject in after.explained))


def _summary(entries: tuple[Forecast, ...]) -> dict[str, int]:
    counts = count(entries)
    return {
        "listeners": counts.total,
        "closes_now": counts.closes_now,
        "closes_at_boot": counts.closes_at_boot,
        "stays": counts.stays,
        "opens": counts.opens,
        "filtered": counts.filtered,
        "kept": counts.kept,
        "unknown": counts.unknown,
    }


def _still_open(prepared: Prepared, after: Survey | None) -> list[str]:
    """Name what was forecast to close at once and is still listed: judged by sockets, not by settings."""
    if after is None:
        return []
    still = lingering(prepared.forecast, after.explained, after.host)
    return [f"{item.name} should be closed now but is still open, owner {excerpt(item.owner)}" for item in still]


def _warnings(prepared: Prepared, after: Survey | None) -> list[str]:
    hazards = warnings_of(prepared.findings, every=prepared.stored is not None)
    damage = [prepared.clutter, record.damage() if prepared.history.damaged else ""]
    told = [*filter(None, damage), *strangers(prepared.survey.explained), *prepared.plan.warnings]
    return [*told, *_still_open(prepared, after), *_remarks(prepared), *hazards]


def _remarks(prepared: Prepared) -> list[str]:
    return [prepared.survey.host.windows.remark] if prepared.survey.host.windows.remark else []


def diff_of(result: Mapping[str, Any], prepared: Prepared) -> list[dict[str, Any]]:
    """Render a result as two diffs: the settings, and each listener with what becomes of it; what is not open reads closed."""
    entries = _lines(prepared.forecast)
    there = {(row.protocol, row.address, row.port) for row in (subject.endpoint for subject in prepared.survey.explained)}
    before = {_label(entry): _found(entry, there) for entry in entries}
    after = {_label(entry): f"{entry.outlook}{_many(entry)}: {entry.why}" for entry in entries}
    settings = narrowed(result["before"], result["after"] or {})
    return [
        {"before_header": "settings", "after_header": "settings", "before": settings[0], "after": settings[1]},
        {"before_header": "listeners", "after_header": "forecast", "before": before, "after": after},
    ]


def _lines(entries: Iterable[Forecast]) -> tuple[Forecast, ...]:
    """Return the entries of a forecast as a person reads them: each by itself where there are few of a kind."""
    return condensed(one for entry in grouped(entries) for one in each(entry))


def _found(entry: Forecast, there: Collection[tuple[str, str, int]]) -> str:
    row = entry.endpoint
    return f"open{_many(entry)}: {entry.owner}" if (row.protocol, row.address, row.port) in there else "closed"


def _many(entry: Forecast) -> str:
    """Say for how many endpoints an entry stands, where it is not one."""
    return f" ({entry.count} endpoints)" if entry.count > 1 else ""


def _label(entry: Forecast) -> str:
    name = f"{entry.endpoint.protocol}/{short_ports(entry.ports)}" if entry.ports else entry.endpoint.name
    return f"{name} on {entry.endpoint.address}"
