# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make views of hosts from results: those that the roles leave in a play, and those that stand in files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome, Outlook, Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import one_line
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import AS_IT_SHOULD_BE, CONSENT, Of, judge

from .view import Change, HostView, Port, Refusal, Standing, State, numbers_of

Result = Mapping[str, Any]
PLANNED = "planned"
ABOUT = ("audit", "minimize", "rollback", "verify")
"""The roles, and playbooks of the same names, that leave results."""
NOT_KNOWN = ("not_done", "unknown")
WIDE = (Scope.WILDCARD, Scope.ADAPTER, Scope.LOOPBACK)
FORECAST_STATES: Mapping[str, State] = {
    Outlook.CLOSES_NOW: State.CLOSES_NOW,
    Outlook.CLOSES_AT_BOOT: State.CLOSES_AT_BOOT,
    Outlook.RETURNS_AT_BOOT: State.STAYS,
    Outlook.LOOPBACK_ONLY: State.CLOSES_AT_BOOT,
    Outlook.STAYS: State.STAYS,
    Outlook.FILTERED: State.FILTERED,
    Outlook.OPENS: State.OPENS,
    Outlook.KEPT: State.KEPT,
    Outlook.UNKNOWN: State.UNKNOWN,
}
PROOF_STATES: Mapping[str, State] = {
    Outcome.CLOSED: State.CLOSED,
    Outcome.LOOPBACK_ONLY: State.LOOPBACK,
    Outcome.FILTERED: State.FILTERED,
    Outcome.KEPT: State.KEPT,
    Outcome.OPEN: State.STAYS,
    Outcome.UNKNOWN: State.UNKNOWN,
}
PROOF_VERDICTS: Mapping[str, str] = {Verdict.FAILED: Standing.FAILED, Verdict.NOT_SETTLED: Standing.NOT_SETTLED}
PROMISED = (State.CLOSES_NOW, State.CLOSES_AT_BOOT, State.OPENS, State.FILTERED)
STAYING = (State.STAYS, State.REFUSED, State.UNKNOWN, State.FILTERED)
RESTART = "restart it, for example with -e minimize_reboot=true: some ports close only at the next boot"
ON_THE_HOST = "plan it again on the host itself and carry it out there, since a capture cannot be changed"
PROVE = "run netmin.windows.verify to prove it by the sockets"


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of one host, each the result of a task of this collection, or empty.

    Attributes:
        audit: of `listeners_info`.
        main: of `minimize` or of one stage.
        restore: of `restore`.
        reboot: of `reboot` after either.
        proof: of `proof_info`.
        confirm: of `confirm`.
        failure: what a rescue block noted.
        check_mode: what `main` or `restore` tells is a forecast.
    """

    audit: Result = field(default_factory=dict)
    main: Result = field(default_factory=dict)
    restore: Result = field(default_factory=dict)
    reboot: Result = field(default_factory=dict)
    proof: Result = field(default_factory=dict)
    confirm: Result = field(default_factory=dict)
    failure: str = ""
    check_mode: bool = False

    @classmethod
    def of_variables(cls, variables: Mapping[str, Any], *, check_mode: bool, about: str) -> Given:
        """Pick what the roles have left among the variables of a host.

        Args:
            about: one of `ABOUT`.
        """

        def found(name: str) -> Result:
            value = variables.get(name)
            return value if isinstance(value, Mapping) and not value.get("skipped") else {}

        if about == "audit":
            return cls(audit=found("audit_result"), check_mode=check_mode)
        if about == "verify":
            return cls(proof=found("verify_result"), check_mode=check_mode)
        parts = {"reboot": found(f"{about}_reboot_result"), "confirm": found(f"{about}_confirm_result")}
        failure = str(variables.get(f"{about}_failure") or "")
        if about == "rollback":
            return cls(restore=found("rollback_result"), failure=failure, check_mode=check_mode, **parts)
        main, proof = found("minimize_result"), found("verify_result")
        if check_mode or (main and proof.get("forecast_run") not in (None, main.get("run"))):
            # It was about another run.
            proof = {}
        return cls(main=main, proof=proof, failure=failure, check_mode=check_mode, **parts)

    @property
    def known(self) -> bool:
        """Whether anything is known of the host."""
        return bool(self.results or self.failure)

    @property
    def results(self) -> tuple[Result, ...]:
        """All that is known, what was made first in front."""
        return tuple(result for result in (self.audit, self.main, self.restore, self.reboot, self.proof, self.confirm) if result)


def view_of(host: str, given: Given) -> HostView:
    """Return the view of one host."""
    planned = given.check_mode or any(change.get("status") == PLANNED for change in (given.main or given.restore).get("changes", ()))
    work = given.main or given.restore
    verdict, failure = _verdict(host, given, check_mode=planned)
    refusals = _refusals(given.main)
    ports = tuple(merged(_ports(given, refusals, planned=planned)))
    # What somebody keeps is wanted: nothing that would close it is refused.
    refusals = tuple(row for row in refusals if {port.state for port in ports if port.recipe in row.affects} != {State.KEPT})
    windows: Result = next((result["windows"] for result in reversed(given.results) if result.get("windows")), {})
    taken = max((str(result.get("stats", {}).get("at", "")) for result in given.results), default="")
    run = str(work.get("run") or given.proof.get("forecast_run") or "")
    done = not planned and any(change.get("status") != "not_done" for change in given.main.get("changes", ()))
    return HostView(
        host=host,
        verdict=verdict,
        failure=_text(failure),
        taken=taken,
        windows=_text(windows.get("caption") or windows.get("name")),
        windows_id=_text(windows.get("id")),
        run=run,
        check_mode=planned,
        ports=ports,
        changes=tuple(_change(row) for row in work.get("changes", ())),
        refusals=refusals,
        todo=tuple(_todo(given, refusals, verdict, planned=planned)),
        back=f"ansible-playbook netmin.windows.rollback -i INVENTORY -e target={host} -e rollback_run={run}" if done and run else "",
        warnings=tuple(dict.fromkeys(_warnings(given, host))),
        notes=tuple(_notes(given)),
    )


def _verdict(host: str, given: Given, *, check_mode: bool) -> tuple[str, str]:
    if given.main or given.restore or given.failure:
        what = Of.ROLLBACK if given.restore else Of.MINIMIZE
        names = {what: given.main or given.restore or None, f"{what}_reboot": given.reboot, f"{what}_confirm": given.confirm}
        variables = {f"{name}_result": result for name, result in {**names, "verify": given.proof}.items()}
        row = judge(host, {**variables, f"{what}_failure": given.failure}, check_mode=check_mode, what=what)
        return PROOF_VERDICTS.get(_proven(given), str(row.ended)), row.why
    for result in (given.proof, given.audit):
        if result.get("unreachable"):
            return "not reached", str(result.get("msg", ""))
        if result.get("failed") and not result.get("proof"):
            return ("refused" if result.get("refused") else "failed"), str(result.get("msg", ""))
    if given.proof:
        return PROOF_VERDICTS.get(_proven(given), "proven" if given.proof.get("proven") else "not proven"), _reasons(given)
    return (Standing.LISTED, "") if given.audit else ("not started", "")


def _proven(given: Given) -> str:
    return str((given.proof.get("proof") or {}).get("verdict", ""))


def _reasons(given: Given) -> str:
    return "; ".join((given.proof.get("proof") or {}).get("reasons", ()))


def _ports(given: Given, refusals: Sequence[Refusal], *, planned: bool) -> Iterator[Port]:
    """Yield what is known latest of each listener: the proof, the forecast, the listing."""
    work = given.main or given.restore
    refused = {name for refusal in refusals for name in refusal.affects}
    forecast: Sequence[Result] = work.get("forecast", ())
    staying = _Told(work.get("residue", ()))
    judged: Sequence[Result] = (given.proof.get("proof") or {}).get("endpoints", ())
    if judged:
        foretold = _Told(forecast)
        for row in judged:
            state = State.FAILED if row["holds"] is False else PROOF_STATES.get(row["outcome"], State.UNKNOWN)
            # Of what is gone the proof knows only that; the forecast knows why.
            why = (foretold.of(row) or row)["why"] if state is State.CLOSED else row["why"]
            yield _port({**row, "why": why}, state, staying.of(row), refused)
    elif forecast:
        # What a forecast says of a plan that was carried out in part nobody knows.
        whole = planned or all(change["status"] == "done" for change in work.get("changes", ()))
        for row in forecast:
            state = FORECAST_STATES.get(row["outlook"], State.UNKNOWN)
            if state is State.CLOSES_NOW and row.get("listens") is not None:
                state = State.FAILED if row["listens"] else State.CLOSED
            broken = not whole and state in PROMISED
            why = "the run broke off" if broken else row["why"]
            yield _port({**row, "why": why}, State.UNKNOWN if broken else state, staying.of(row), refused)
    else:
        for row in given.audit.get("listeners", ()) or work.get("listeners", ()):
            yield _port(row, State.KEPT if row.get("management") else State.LISTENS, None, frozenset())


class _Told:
    """Finds what was told of a listener: of the same recipe at the same port, else of the same recipe and owner.

    Dynamic ports change with a boot, and another owner may listen there.
    """

    def __init__(self, rows: Sequence[Result]) -> None:
        self._at = {
            (row["protocol"], port, row.get("recipe")): row
            for row in reversed(rows)
            for port in numbers_of(str(row.get("ports") or ""), row["port"])
        }
        self._by = {(row.get("recipe"), _owner(row), row["protocol"]): row for row in reversed(rows)}

    def of(self, row: Result) -> Result | None:
        """Return the row, or None."""
        recipe = row.get("recipe")
        at = self._at.get((row["protocol"], row["port"], recipe))
        return at if at is not None or not row.get("dynamic") else self._by.get((recipe, _owner(row), row["protocol"]))


def _owner(row: Result) -> str:
    return _text(row.get("owner")).partition(" in pid ")[0]


def _port(row: Result, state: State, stays: Result | None, refused: Iterable[str]) -> Port:
    scope = Scope(row["scope"])
    recipe = str(row.get("recipe") or "")
    if scope is Scope.LOOPBACK and state in (State.LISTENS, State.STAYS, State.UNKNOWN):
        state = State.LOOPBACK
    if state is State.STAYS and recipe in refused:
        state = State.REFUSED
    told = stays if stays is not None and state in STAYING else {}
    return Port(
        protocol=_text(row["protocol"]),
        port=int(row["port"]),
        addresses=tuple(_text(row["address"]).split(", ")),
        scope=scope,
        owner=_owner(row),
        state=state,
        why=_text(told.get("why") or row.get("why")),
        ports=_text(row.get("ports")),
        dynamic=bool(row.get("dynamic")),
        owners=tuple(map(_text, row.get("owners") or ())),
        recipe=_text(recipe),
        instead=_text(told.get("instead", "")),
        management=bool(row.get("management")),
        count=int(row.get("count", 1)),
    )


def merged(rows: Iterable[Port]) -> list[Port]:
    """Make one row of those that differ in nothing but the address; rows that others can reach come first, then by number."""
    groups: dict[Port, list[Port]] = {}
    for row in rows:
        local = row.scope is Scope.LOOPBACK
        alike = replace(row, addresses=(), scope=Scope.LOOPBACK if local else Scope.WILDCARD, count=0)
        groups.setdefault(alike, []).append(row)
    found = [
        replace(
            alike,
            addresses=tuple(sorted({address for row in group for address in row.addresses}, key=lambda text: (":" in text, text))),
            scope=min((row.scope for row in group), key=WIDE.index),
            count=sum(row.count for row in group),
        )
        for alike, group in groups.items()
    ]
    return sorted(found, key=lambda row: (row.scope is Scope.LOOPBACK, row.dynamic, row.port, row.protocol, row.owner, repr(row)))


def _change(row: Result) -> Change:
    return Change(
        stage=_text(row["stage"]),
        target=_text(row["target"]),
        before=worded(row["before"]),
        # What was not read afterwards is not known, also where that is nothing.
        after="?" if row["status"] in NOT_KNOWN and row["after"] is None else worded(row["after"]),
        effective=_text(row["effective"]),
        status=_text(row["status"]),
        why=_text(row["why"]),
        count=int(row.get("count", 1)),
    )


def _text(value: object) -> str:
    """Return a text of a result as one printable line; a file may hold what no host of ours has said."""
    return one_line(str(value)) if value is not None else ""


def worded(value: object) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return "(absent)"
    if isinstance(value, str):
        return one_line(value) or "(empty)"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {worded(item)}" for name, item in value.items()) or "(empty)"
    if isinstance(value, Sequence):
        return ", ".join(map(worded, value)) or "(empty list)"
    return str(value)


def _refusals(main: Result) -> tuple[Refusal, ...]:
    """Return what nobody agreed to: hazards first, then what is not verified."""
    found = [
        Refusal(
            str(hazard["id"]),
            _text(hazard["what"]),
            tuple(map(str, hazard["affects"])),
            f"list '{hazard['id']}' in 'accept'",
        )
        for hazard in main.get("hazards", ())
        if hazard["gate"] == "accept" and not hazard["accepted"]
    ]
    told = {name for refusal in found for name in refusal.affects}
    for item in main.get("unchanged", ()):
        name = str(item["target"]).removeprefix("recipe ")
        if item["reason"] in CONSENT and name not in told:
            lift = "set 'unverified' to 'apply'" if item["reason"] == Reason.UNVERIFIED else "accept the hazard that it names"
            found.append(Refusal(_text(item["target"]), _text(item["detail"] or item["reason"]), (name,), lift))
    return tuple(found)


def _todo(given: Given, refusals: Sequence[Refusal], verdict: str, *, planned: bool) -> Iterator[str]:
    work = given.main or given.restore
    if planned:
        if work.get("changes"):
            yield ON_THE_HOST if _is_captured(work) else "run it without --check to make these changes"
        return
    if work.get("reboot_required") and not given.reboot.get("after"):
        yield RESTART if given.main else "restart it, for example with -e rollback_reboot=true: some of it comes back only at the next boot"
    if work and not given.proof and not work.get("failed") and given.main.get("changes"):
        yield PROVE
    timer = work.get("confirm") or {}
    if timer.get("armed") and not (timer.get("confirmed") or given.confirm.get("confirmed")):
        yield "confirm the run with netmin.windows.confirm, or the host puts it back"
    if verdict == Standing.NOT_SETTLED:
        yield "run netmin.windows.verify again once its services have started"


def _is_captured(result: Result) -> bool:
    """Tell whether a capture stood for the host."""
    stats = result.get("stats")
    return isinstance(stats, Mapping) and bool(stats.get("captured_at"))


def _warnings(given: Given, host: str) -> Iterator[str]:
    for result in given.results:
        yield from (_text(text).removeprefix(f"{host}: ") for text in result.get("warnings", ()))


def _notes(given: Given) -> Iterator[str]:
    for item in given.restore.get("unchanged", ()):
        if item["reason"] not in AS_IT_SHOULD_BE:
            yield f"{_text(item['target'])} stays as it is: {_text(item['reason'])}"
    last = next((result for result in reversed(given.results) if "suspected" in result), {})
    for row in last.get("suspected", ()):
        yield f"{row['protocol']}/{row['port']} on {row['address']} may not be a listener: {_text(row['reason'])}"
