# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold a listing against the stored forecast, endpoint by endpoint. Pure: lists nothing, waits for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Forecast, Outcome, Outlook, Verdict

from .forecast import keep_reason
from .listing import Suspect
from .owners import Explained
from .record import Record
from .stage import Kept


@dataclass(frozen=True, slots=True)
class Finding:
    """What the proof found of one endpoint.

    Attributes:
        holds: False where the forecast is contradicted, None where nothing was forecast for certain.
    """

    endpoint: Endpoint
    owner: str
    outcome: Outcome
    holds: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of one host."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    reasons: tuple[str, ...]
    booted: bool | None

    @property
    def open_listeners(self) -> tuple[Finding, ...]:
        """Listeners that are there and not kept."""
        shut = (Outcome.CLOSED, Outcome.KEPT, Outcome.LOOPBACK_ONLY)
        return tuple(finding for finding in self.findings if finding.outcome not in shut)


def prove(record: Record, seen: Sequence[Explained], boot_mark: str, suspects: Sequence[Suspect]) -> Proof:
    """Compare a listing with a record.

    Args:
        boot_mark: mark of the boot at which the listing was taken.
        suspects: rows that are probably no listeners; with any the host is not proven.
    """
    booted = boot_mark != record.boot
    left = list(seen)
    findings = [_judge(entry, left, booted) for entry in record.forecast]
    findings += [_unforeseen(subject) for subject in left]
    failed = [f"{f.endpoint.name} on {f.endpoint.address} is {f.outcome}, owner {f.owner}: {f.why}" for f in findings if f.holds is False]
    if failed:
        return Proof(Verdict.FAILED, tuple(findings), tuple(failed), booted)
    reasons = [f"{s.endpoint.name} may be no listener: {s.reason}" for s in suspects]
    waiting = [] if booted else [entry for entry in record.forecast if entry.outlook in (Outlook.CLOSES_AT_BOOT, Outlook.LOOPBACK_ONLY)]
    if waiting:
        reasons.append(f"{len(waiting)} endpoints are to close at the next boot, which has not come yet")
    return Proof(Verdict.NOT_PROVEN if reasons else Verdict.PROVEN, tuple(findings), tuple(reasons), booted)


def _judge(entry: Forecast, left: list[Explained], booted: bool) -> Finding:
    """Judge one forecast and take what it covers off the listing."""
    expected = entry.boot if booted else entry.now
    found = [subject for subject in left if entry.identity.covers(subject.identity) or _narrowed(entry, subject)]
    for subject in found:
        left.remove(subject)
    if not found:
        return Finding(entry.endpoint, entry.owner, Outcome.CLOSED, True if expected is Expectation.CLOSED else None, "no socket")
    subject = found[0]
    if entry.outlook is Outlook.KEPT:
        return Finding(subject.endpoint, subject.owner, Outcome.KEPT, True, entry.why)
    if subject.endpoint.scope is Scope.LOOPBACK:
        return Finding(subject.endpoint, subject.owner, Outcome.LOOPBACK_ONLY, None, "reachable from the host itself only")
    if expected is Expectation.CLOSED:
        return Finding(subject.endpoint, subject.owner, Outcome.OPEN, False, f"forecast to be closed: {entry.why}")
    if expected is Expectation.UNKNOWN:
        return Finding(subject.endpoint, subject.owner, Outcome.UNKNOWN, None, entry.why)
    why = f"{entry.outlook}: {entry.why}" if not booted else entry.why
    return Finding(subject.endpoint, subject.owner, Outcome.OPEN, True, why)


def _narrowed(entry: Forecast, subject: Explained) -> bool:
    """Tell whether a wildcard endpoint of uncertain fate shows on single addresses now (RPC bound to interfaces)."""
    now, then = subject.identity, entry.identity
    return (
        entry.boot is Expectation.UNKNOWN
        and then.scope is Scope.WILDCARD
        and (now.protocol, now.family, now.port) == (then.protocol, then.family, then.port)
        and (now.port is not None or (bool(now.owners) and set(now.owners) <= set(then.owners)))
    )


def _unforeseen(subject: Explained) -> Finding:
    if subject.endpoint.scope is Scope.LOOPBACK:
        return Finding(subject.endpoint, subject.owner, Outcome.LOOPBACK_ONLY, None, "reachable from the host itself only")
    if subject.management:
        return Finding(subject.endpoint, subject.owner, Outcome.KEPT, True, "the management path")
    return Finding(subject.endpoint, subject.owner, Outcome.OPEN, False, "not in the forecast: it was not there before")


def compare_with_keep(seen: Sequence[Explained], kept: Kept, suspects: Sequence[Suspect]) -> Proof:
    """Judge a listing without a forecast: whatever is not kept is open."""
    findings = []
    for subject in seen:
        reason = "the management path" if subject.management else keep_reason(subject, kept)
        if reason is not None:
            outcome, why = Outcome.KEPT, reason
        elif subject.endpoint.scope is Scope.LOOPBACK:
            outcome, why = Outcome.LOOPBACK_ONLY, "reachable from the host itself only"
        else:
            outcome, why = Outcome.OPEN, "not kept"
        findings.append(Finding(subject.endpoint, subject.owner, outcome, None if outcome is Outcome.OPEN else True, why))
    open_now = [f for f in findings if f.outcome is Outcome.OPEN]
    reasons = ["there is no forecast on this host; its listeners were compared with 'keep' alone"]
    reasons += [f"{f.endpoint.name} on {f.endpoint.address} is open, owned by {f.owner}, and not kept" for f in open_now]
    reasons += [f"{s.endpoint.name} may be no listener: {s.reason}" for s in suspects]
    verdict = Verdict.NOT_PROVEN if open_now or suspects else Verdict.PROVEN
    return Proof(verdict, tuple(findings), tuple(reasons), None)
