# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold a listing against the stored forecast, endpoint by endpoint. Pure: lists nothing, waits for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Forecast, Outcome, Outlook, Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import Suspect
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import ip_filter
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Kept

from .forecast import RPC_BINDING, keep_reason
from .stored import Record

LOOPBACK = "reachable from the host itself only"


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
        """Listeners that are there, neither kept nor behind a rule that is in force."""
        shut = (Outcome.CLOSED, Outcome.FILTERED, Outcome.KEPT, Outcome.LOOPBACK_ONLY)
        return tuple(finding for finding in self.findings if finding.outcome not in shut)


def prove(record: Record, seen: Sequence[Explained], host: Host, suspects: Sequence[Suspect]) -> Proof:
    """Compare a listing with a record.

    Args:
        host: read when the listing was taken.
        suspects: rows that are probably no listeners; with any the host is not proven.
    """
    boot_mark = host.boot.mark
    known = bool(boot_mark and record.boot)
    booted = known and boot_mark != record.boot
    pairs, left = _match(record.forecast, list(seen), booted)
    findings = [_judge(entry, subject, booted, host) for entry, subject in pairs]
    findings += [_leftover(subject, record, booted, host) for subject in left]
    failed = [f"{f.endpoint.name} on {f.endpoint.address} is {f.outcome}, owner {f.owner}: {f.why}" for f in findings if f.holds is False]
    if failed:
        return Proof(Verdict.FAILED, tuple(findings), tuple(failed), booted)
    reasons = [f"{s.endpoint.name} may be no listener: {s.reason}" for s in suspects]
    uncertain = [f for f in findings if f.holds is None and f.outcome not in (Outcome.CLOSED, Outcome.LOOPBACK_ONLY)]
    reasons += [f"{f.endpoint.name} on {f.endpoint.address} is there, owner {f.owner}: {f.why}" for f in uncertain]
    if not known:
        reasons.append("the host does not show when lsass.exe was started, so that it cannot be told whether it has booted since")
    waiting = [] if booted else [entry for entry in record.forecast if entry.outlook in (Outlook.CLOSES_AT_BOOT, Outlook.LOOPBACK_ONLY)]
    if waiting:
        reasons.append(f"{len(waiting)} endpoints are to close at the next boot, which has not come yet")
    return Proof(Verdict.NOT_PROVEN if reasons else Verdict.PROVEN, tuple(findings), tuple(reasons), booted)


def lingering(entries: Sequence[Forecast], seen: Sequence[Explained], host: Host) -> tuple[Finding, ...]:
    """Return what was to close at once and is still listed before any boot."""
    pairs, _left = _match(entries, list(seen), booted=False)
    return tuple(_judge(entry, subject, booted=False, host=host) for entry, subject in pairs if subject and entry.now is Expectation.CLOSED)


def _match(
    entries: Sequence[Forecast], left: list[Explained], booted: bool
) -> tuple[list[tuple[Forecast, Explained | None]], list[Explained]]:
    """Give each forecast at most one endpoint of the listing: its very own row first, then any that can be the same.

    Of several that can be the same, those that are to stay come first: what is then left over is one too many.
    """
    taken: dict[int, Explained] = {}
    by_promise = sorted(enumerate(entries), key=lambda item: _expected(item[1], booted) is Expectation.CLOSED)
    for exact in (True, False):
        for number, entry in by_promise:
            subject = None if number in taken else next((other for other in left if _same(entry, other, exact=exact, booted=booted)), None)
            if subject is not None:
                taken[number] = subject
                left.remove(subject)
    return [(entry, taken.get(number)) for number, entry in enumerate(entries)], left


def _expected(entry: Forecast, booted: bool) -> Expectation:
    return entry.boot if booted else entry.now


def _same(entry: Forecast, subject: Explained, *, exact: bool, booted: bool) -> bool:
    now, then, row = subject.identity, entry.identity, subject.endpoint
    own = (row.protocol, row.address, row.port) == (entry.endpoint.protocol, entry.endpoint.address, entry.endpoint.port)
    if exact and (not own or not booted):
        # Until the next boot a socket keeps its number, whoever else could own it by now.
        return own
    # A fixed port is the same port whoever holds it now.
    taken_over = then.port is not None and (now.protocol, now.family, now.scope, row.port) == (
        then.protocol,
        then.family,
        then.scope,
        then.port,
    )
    return taken_over or then.covers(now) or _narrowed(entry, subject)


def _judge(entry: Forecast, subject: Explained | None, booted: bool, host: Host) -> Finding:
    """Judge one forecast by the endpoint that was found for it, if any."""
    expected = _expected(entry, booted)
    if subject is None and entry.outlook is Outlook.OPENS and booted:
        return Finding(entry.endpoint, entry.owner, Outcome.CLOSED, False, f"forecast to open again: {entry.why}")
    if subject is None:
        return Finding(entry.endpoint, entry.owner, Outcome.CLOSED, True if expected is Expectation.CLOSED else None, "no socket")
    if entry.outlook is Outlook.KEPT:
        return Finding(subject.endpoint, subject.owner, Outcome.KEPT, True, entry.why)
    if subject.endpoint.scope is Scope.LOOPBACK and entry.identity.scope is not Scope.LOOPBACK:
        foretold = booted and entry.outlook is Outlook.LOOPBACK_ONLY
        return Finding(subject.endpoint, subject.owner, Outcome.LOOPBACK_ONLY, True if foretold else None, LOOPBACK)
    if expected is Expectation.CLOSED:
        owner = subject.owner if subject.owners else f"{subject.owner} (before: {entry.owner})"
        return Finding(subject.endpoint, owner, Outcome.OPEN, False, f"forecast to be closed: {entry.why}")
    judged = None if subject.endpoint.scope is Scope.LOOPBACK else ip_filter.verdict(subject, host)
    if judged is not None and judged.dropped:
        return Finding(subject.endpoint, subject.owner, Outcome.FILTERED, True, judged.why)
    if entry.outlook is Outlook.FILTERED:
        why = judged.why if judged is not None else "there is no inbound rule for it"
        return Finding(subject.endpoint, subject.owner, Outcome.OPEN, False, f"forecast to be filtered: {why}")
    if expected is Expectation.UNKNOWN:
        return Finding(subject.endpoint, subject.owner, Outcome.UNKNOWN, None, entry.why)
    why = f"{entry.outlook}: {entry.why}" if not booted else entry.why
    if subject.endpoint.scope is Scope.LOOPBACK:
        return Finding(subject.endpoint, subject.owner, Outcome.LOOPBACK_ONLY, True, why)
    return Finding(subject.endpoint, subject.owner, Outcome.OPEN, True, why)


def _narrowed(entry: Forecast, subject: Explained) -> bool:
    """Tell whether a wildcard endpoint shows on single addresses now, as one that RPC is bound to interfaces for can."""
    uncertain = entry.boot is Expectation.UNKNOWN
    to_loopback = entry.outlook is Outlook.LOOPBACK_ONLY and subject.endpoint.scope is Scope.LOOPBACK
    return entry.identity.scope is Scope.WILDCARD and (uncertain or to_loopback) and _but_for_scope(entry, subject)


def _but_for_scope(entry: Forecast, subject: Explained) -> bool:
    now, then = subject.identity, entry.identity
    if (now.protocol, now.family, now.port) != (then.protocol, then.family, then.port):
        return False
    return now.port is not None or (bool(now.owners) and set(now.owners) <= set(then.owners))


def _leftover(subject: Explained, record: Record, booted: bool, host: Host) -> Finding:
    """Judge an endpoint that no forecast was left for: one more of a kind that was forecast, one that was opened, or a new one."""
    if subject.management:
        return Finding(subject.endpoint, subject.owner, Outcome.KEPT, True, "the management path")
    if _opened(subject, record):
        return Finding(subject.endpoint, subject.owner, Outcome.OPEN, True, "opened by the plan")
    entry = next((entry for entry in record.forecast if _same(entry, subject, exact=False, booted=booted)), None)
    if entry is not None:
        finding = _judge(entry, subject, booted, host)
        # That some of its kind stay does not foretell that there is one more.
        return finding if finding.holds is False else replace(finding, holds=None, why=f"one more than was forecast; {finding.why}")
    if subject.endpoint.scope is Scope.LOOPBACK:
        return Finding(subject.endpoint, subject.owner, Outcome.LOOPBACK_ONLY, None, LOOPBACK)
    judged = ip_filter.verdict(subject, host)
    if judged is not None and judged.dropped:
        # The plan saw no socket, and left the rule for the case that it comes back.
        return Finding(subject.endpoint, subject.owner, Outcome.FILTERED, True, judged.why)
    return Finding(subject.endpoint, subject.owner, Outcome.OPEN, False, "not in the forecast: it was not there before")


def _opened(subject: Explained, record: Record) -> bool:
    """Tell whether the plan was to open an endpoint: by its recipe, or an RPC server that left the loopback."""
    if subject.recipe in record.opens:
        return True
    widened = RPC_BINDING in record.opens and subject.endpoint.scope is Scope.WILDCARD
    return widened and any(entry.identity.scope is not Scope.WILDCARD and _but_for_scope(entry, subject) for entry in record.forecast)


def compare_with_keep(seen: Sequence[Explained], kept: Kept, host: Host, suspects: Sequence[Suspect]) -> Proof:
    """Judge a listing without a forecast: whatever is not kept is open."""
    findings = []
    for subject in seen:
        reason = "the management path" if subject.management else keep_reason(subject, kept)
        if reason is not None:
            outcome, why = Outcome.KEPT, reason
        elif subject.endpoint.scope is Scope.LOOPBACK:
            outcome, why = Outcome.LOOPBACK_ONLY, LOOPBACK
        else:
            judged = ip_filter.verdict(subject, host)
            outcome = Outcome.FILTERED if judged is not None and judged.dropped else Outcome.OPEN
            why = judged.why if judged is not None else "not kept"
        findings.append(Finding(subject.endpoint, subject.owner, outcome, None if outcome is Outcome.OPEN else True, why))
    open_now = [f for f in findings if f.outcome is Outcome.OPEN]
    reasons = ["there is no forecast on this host; its listeners were compared with 'keep' alone"]
    reasons += [f"{f.endpoint.name} on {f.endpoint.address} is open, owned by {f.owner}, and not kept" for f in open_now]
    reasons += [f"{s.endpoint.name} may be no listener: {s.reason}" for s in suspects]
    verdict = Verdict.NOT_PROVEN if open_now or suspects else Verdict.PROVEN
    return Proof(verdict, tuple(findings), tuple(reasons), None)
