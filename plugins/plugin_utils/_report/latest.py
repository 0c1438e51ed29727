# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which of the results of one host count: they may be of several runs, and of several days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import ports_from
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import one_line
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import Ended

from .doctor import verdicts_of
from .findings import Finding
from .gather import Given, Result, view_of
from .outside import with_outside
from .view import HostView, Port, Standing, State

RUN = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]+")
PARTS = ("audit", "main", "restore", "reboot", "proof", "confirm", "outside")
"""In the order in which they are made."""
VARIABLES: Mapping[str, str] = {
    "audit_result": "audit",
    "minimize_result": "main",
    "minimize_reboot_result": "reboot",
    "minimize_confirm_result": "confirm",
    "rollback_result": "restore",
    "rollback_reboot_result": "reboot",
    "rollback_confirm_result": "confirm",
    "verify_result": "proof",
    "verify_outside_result": "outside",
    "drift_outside_result": "outside",
    "report_outside_result": "outside",
}
"""What the roles leave, and what it is."""
FAILURES = ("minimize_failure", "rollback_failure")
DRIFT = "drift_result"
DOCTOR = "doctor_result"
MOST_ALLOWED = 500_000
NOT_PROMISED = (State.LISTENS, State.STAYS, State.REFUSED)
"""What listens without a promise that it does; of the others something else was said."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One result.

    Attributes:
        part: one of `PARTS`.
        at: when it was made, ISO 8601 in UTC; empty where it does not tell.
        of: `minimize` or `rollback`: which of them it belongs to; empty where that does not matter.
    """

    part: str
    result: Result
    at: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Pieces:
    """All that is known of one host.

    Attributes:
        drift: of `drift_info`.
        doctor: of `doctor_info` or `doctor`.
    """

    host: str
    pieces: tuple[Piece, ...] = ()
    failure: str = ""
    check_mode: bool = False
    findings: tuple[Finding, ...] = ()
    drift: Result = field(default_factory=dict)
    doctor: Result = field(default_factory=dict)

    def and_of(self, other: Pieces) -> Pieces:
        """Return both together."""
        return replace(
            self,
            pieces=(*self.pieces, *other.pieces),
            failure=self.failure or other.failure,
            check_mode=self.check_mode or other.check_mode,
            findings=tuple(dict.fromkeys((*self.findings, *other.findings))),
            drift=other.drift or self.drift,
            doctor=_later(self.doctor, other.doctor),
        )


def _later(one: Result, other: Result) -> Result:
    """Return the newer of two results; without times the one that was given last."""
    return one if one and (not other or piece_of("", other).at < piece_of("", one).at) else other


def piece_of(part: str, result: Result, of: str = "") -> Piece:
    """Return a result with the moment when it was made."""
    stats = result.get("stats")
    at = str(stats.get("at") or "") if isinstance(stats, Mapping) else ""
    return Piece(part, result, at or str(result.get("at") or "") or moment_of(str(result.get("run") or "")), of)


def moment_of(run: str) -> str:
    """Return when a run began; empty of what is no id of a run."""
    found = RUN.fullmatch(run)
    return "{}-{}-{}T{}:{}:{}+00:00".format(*found.groups()) if found else ""


def of_variables(host: str, variables: Mapping[str, Any], *, check_mode: bool) -> Pieces:
    """Pick what the roles have left among the variables of a host."""
    pieces = []
    for name, part in VARIABLES.items():
        value = variables.get(name)
        if isinstance(value, Mapping) and not value.get("skipped"):
            pieces.append(piece_of(part, value, name.partition("_")[0] if part in ("reboot", "confirm") else ""))
    failure = next((str(variables[name]) for name in FAILURES if variables.get(name)), "")
    drift = variables.get(DRIFT)
    told = variables.get(DOCTOR)
    return Pieces(
        host,
        tuple(pieces),
        failure,
        check_mode,
        findings_in(host, drift),
        drift if isinstance(drift, Mapping) else {},
        told if isinstance(told, Mapping) and not told.get("skipped") else {},
    )


def findings_in(host: str, result: object) -> tuple[Finding, ...]:
    """Return the findings of a host in a result: of its own, or of all hosts with the name at each."""
    rows = result.get("findings") if isinstance(result, Mapping) else None
    found = []
    for row in rows if isinstance(rows, Sequence) and not isinstance(rows, str) else ():
        if isinstance(row, Mapping) and row.get("kind") and row.get("message") and row.get("host", host) == host:
            found.append(Finding.of(host, row))
    return tuple(found)


def seen(known: Pieces) -> HostView:
    """Return the view of a host by what is known latest of it.

    The last run counts, and of restarts, proofs and confirmations those that came after it. A listing that is newer than both run
    and proof says what listens; what was changed stays told.
    """
    chosen = {part: _last(known.pieces, part) for part in PARTS}
    main, restore = chosen["main"], chosen["restore"]
    if main is not None and restore is not None:
        # Without times, what goes back came after what it takes back.
        dropped = "restore" if main.at and restore.at and restore.at < main.at else "main"
        chosen[dropped] = None
    work = chosen["main"] or chosen["restore"]
    of = "rollback" if chosen["restore"] else "minimize"
    for part in ("reboot", "confirm", "proof", "outside"):
        piece = chosen[part]
        if piece is not None and work is not None and (_is_before(piece, work) or piece.of not in ("", of) or _of_another(piece, work)):
            chosen[part] = None
    if known.check_mode and work is not None:
        # What is planned is no longer what was proven.
        chosen["proof"] = None
    audit = chosen["audit"]
    newest = max((piece.at for part in ("main", "restore", "proof") if (piece := chosen[part])), default="")
    view = view_of(known.host, _given(chosen, known))
    if audit is not None and newest and audit.at > newest and audit.result.get("listeners"):
        listed = view_of(known.host, Given(audit=audit.result))
        view = replace(view, ports=listed.ports, verdict=Standing.LISTED, failure="", taken=audit.at, notes=(*view.notes, LATER))
    if chosen["outside"] is not None:
        view = with_outside(view, chosen["outside"].result)
    view = _examined(with_allowed(_drifted(view, known), known.drift), known)
    return view if view.taken else replace(view, taken=max((piece.at for piece in known.pieces), default=""))


def _drifted(view: HostView, known: Pieces) -> HostView:
    """Let what a comparison with a baseline found count where a host is otherwise as it should be, or not known at all."""
    drift = known.drift
    if known.findings and view.verdict in (Standing.LISTED, Ended.PROVEN, Ended.NOT_BEGUN):
        view = replace(view, verdict=Standing.DRIFTED)
    if known.pieces or not drift:
        return view
    if drift.get("unreachable") or (drift.get("failed") and not known.findings):
        ended = Ended.NOT_REACHED if drift.get("unreachable") else Ended.FAILED
        return replace(view, verdict=str(ended), failure=str(drift.get("msg", "")))
    windows = drift.get("windows")
    caption = str(windows.get("caption") or "") if isinstance(windows, Mapping) else ""
    verdict = view.verdict if known.findings else Standing.LISTED
    return replace(view, verdict=verdict, windows=caption, taken=piece_of("", drift).at)


def with_allowed(view: HostView, drift: Result) -> HostView:
    """Say of what is open that a baseline allows it, where a comparison that is not older than the view found so."""
    at = piece_of("", drift).at
    if at and view.taken and at < view.taken:
        return view
    found = _allowed(drift.get("allowed"))

    def judged(port: Port) -> Port:
        held = [found.get((port.protocol, address, port.owner), {}) for address in port.addresses]
        # Of very many ports a row names the first; the comparison has named all, so it has to have as many.
        whole = sum(map(len, held)) >= port.count and all(number in numbers for numbers in held for number in port.numbers)
        if port.state not in NOT_PROMISED or not whole:
            return port
        return replace(port, state=State.ALLOWED, why=f"allowed by the baseline: {held[0][port.numbers[0]]}", instead="")

    return replace(view, ports=tuple(map(judged, view.ports)))


def _allowed(rows: object) -> dict[tuple[str, str, str], dict[int, str]]:
    """Return the ports that a comparison found allowed, with the reason, by protocol, address and owner; nothing of an absurd number."""
    found: dict[tuple[str, str, str], dict[int, str]] = {}
    spent = 0
    for row in rows if isinstance(rows, list) else ():
        numbers = ports_from(str(row["ports"]))
        spent += len(numbers)
        if spent > MOST_ALLOWED:
            # A file may hold anything.
            return {}
        place = (str(row["protocol"]), str(row["address"]), one_line(str(row["owner"])))
        found.setdefault(place, {}).update(dict.fromkeys(numbers, one_line(str(row["why"]))))
    return found


def _examined(view: HostView, known: Pieces) -> HostView:
    """Add what a doctor said of a host, and take the rest from it where nothing else is known."""
    doctor = known.doctor
    if not doctor:
        return view
    view = replace(view, notes=(*view.notes, *verdicts_of(doctor)))
    if known.pieces or known.drift:
        return view
    if doctor.get("unreachable") or doctor.get("failed"):
        ended = Ended.NOT_REACHED if doctor.get("unreachable") else Ended.FAILED
        return replace(view, verdict=str(ended), failure=str(doctor.get("msg", "")))
    windows = doctor.get("windows")
    name = str(windows.get("name") or "") if isinstance(windows, Mapping) else ""
    return replace(view, windows=name, taken=piece_of("", doctor).at)


LATER = "it was listed again after its last run and proof: the ports are those of that listing, which judges nothing"


def _given(chosen: Mapping[str, Piece | None], known: Pieces) -> Given:
    parts: dict[str, Any] = {part: piece.result for part, piece in chosen.items() if piece is not None and part != "outside"}
    return Given(**parts, failure=known.failure, check_mode=known.check_mode)


def _last(pieces: Iterable[Piece], part: str) -> Piece | None:
    """Return the newest of a part; of those of one moment, or of none, the one that was given last."""
    found = [piece for piece in pieces if piece.part == part]
    return max(enumerate(found), key=lambda item: (item[1].at, item[0]))[1] if found else None


def _is_before(piece: Piece, work: Piece) -> bool:
    return bool(work.at and piece.at and piece.at < work.at)


def _of_another(piece: Piece, work: Piece) -> bool:
    """Tell whether a proof is about another run; one that changes nothing stores no forecast, and leaves the proof as it is."""
    said, run = piece.result.get("forecast_run"), work.result.get("run")
    return piece.part == "proof" and bool(work.result.get("changes")) and None not in (said, run) and said != run
