# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold a listing against the stored forecast, endpoint by endpoint. Pure: lists nothing, waits for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import (
    FEW,
    Expectation,
    Forecast,
    Outcome,
    Outlook,
    Verdict,
    each,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.identity import BY_SHUTDOWN
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import Suspect, suspicions
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import ip_filter, rpc_restriction
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Kept

from .candidates import By, Foretold, Unclaimed
from .forecast import keep_reason
from .stored import Record

LOOPBACK = "only the host itself can reach it"
NO_SOCKET = "no socket"
STRANGER = "it listens on WinRM's port and is not WinRM: find out what it is before you trust a session with this host"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the proof found of one endpoint, or of many that differ in nothing but their number.

    Attributes:
        holds: False where the forecast is contradicted, None where nothing was forecast for certain.
        count: for how many endpoints it stands.
        told: it neither proves nor contradicts anything, and is worth a sentence.
        recipe: id of the recipe that knows it, or None.
        dynamic: Windows chose the port.
    """

    endpoint: Endpoint
    owner: str
    outcome: Outcome
    holds: bool | None
    why: str
    count: int = 1
    told: bool = False
    recipe: str | None = None
    dynamic: bool = False

    @property
    def name(self) -> str:
        """The endpoint as reasons name it."""
        name = f"{self.endpoint.name} on {self.endpoint.address}"
        return name if self.count == 1 else f"{self.count} endpoints as {name}"


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of one host.

    Attributes:
        reasons: why it is not proven.
        notes: what is worth knowing and changes nothing.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    reasons: tuple[str, ...]
    booted: bool | None
    notes: tuple[str, ...] = ()

    @property
    def open_listeners(self) -> tuple[Finding, ...]:
        """Listeners that are there, neither kept nor behind a rule that is in force."""
        shut = (Outcome.CLOSED, Outcome.FILTERED, Outcome.KEPT, Outcome.LOOPBACK_ONLY)
        return tuple(finding for finding in self.findings if finding.outcome not in shut)


@dataclass(slots=True)
class Pair:
    """An entry of the forecast with the endpoints that were found for it."""

    entry: Forecast
    found: list[Explained] = field(default_factory=list)

    @property
    def many(self) -> bool:
        """Whether the entry stands for more endpoints than are told apart."""
        return self.entry.count > 1

    @property
    def subject(self) -> Explained | None:
        """The first endpoint that was found for it."""
        return self.found[0] if self.found else None


def prove(record: Record, seen: Sequence[Explained], host: Host, suspects: Sequence[Suspect], *, mark: str | None = None) -> Proof:
    """Compare a listing with a record.

    Args:
        host: read when the listing was taken.
        suspects: rows that are probably no listeners; with any the host is not proven.
        mark: what tells its boot from others; None for what the host's processes show.
    """
    boot_mark = host.boot.mark if mark is None else mark
    # One that is told by its last shutdown cannot be compared with one that is told by a process.
    known = bool(boot_mark and record.boot) and boot_mark.startswith(BY_SHUTDOWN) is record.boot.startswith(BY_SHUTDOWN)
    booted = known and boot_mark != record.boot
    pairs, left = _match(record.forecast, seen, booted)
    findings = [_judge(pair, booted, host) for pair in pairs]
    earlier = Earlier.of(record, pairs)
    findings = _grouped([*findings, *(_leftover(subject, earlier, booted, host) for subject in left)])
    notes = tuple(f"{f.name}, owner {f.owner}: {f.why}" for f in findings if f.told)
    failed = [f"{f.name} is {f.outcome}, owner {f.owner}: {f.why}" for f in findings if f.holds is False]
    if failed:
        return Proof(Verdict.FAILED, tuple(findings), tuple(failed), booted, notes)
    reasons = _suspected(suspects)
    uncertain = [f for f in findings if f.holds is None and not f.told and f.outcome not in (Outcome.CLOSED, Outcome.LOOPBACK_ONLY)]
    reasons += [f"{f.name} has a socket, owner {f.owner}: {f.why}" for f in uncertain]
    gone = [f for f in findings if f.holds is None and not f.told and f.outcome is Outcome.CLOSED and f.why != NO_SOCKET]
    reasons += [f"{f.name} is gone, owner before {f.owner}: {f.why}" for f in gone]
    if not known:
        what = "when lsass.exe was started" if mark is None else "when it was last shut down"
        reasons.append(f"the host does not show {what}, so it is not known whether the host has booted since")
    elif not booted and boot_mark.startswith(BY_SHUTDOWN):
        reasons.append(
            "a restart is not shown: ShutdownTime is as it was when the forecast was made. A host that only lost its power keeps it, too: "
            "restart it from the Start menu, and collect again"
        )
    waiting = 0 if booted else sum(e.count for e in record.forecast if e.outlook in (Outlook.CLOSES_AT_BOOT, Outlook.LOOPBACK_ONLY))
    if waiting:
        reasons.append(f"{waiting} endpoints close only at the next boot: restart the host")
    return Proof(Verdict.NOT_PROVEN if reasons else Verdict.PROVEN, tuple(findings), tuple(reasons), booted, notes)


def _grouped(findings: Sequence[Finding]) -> list[Finding]:
    """Make one finding of many that say the same of the same owner."""
    groups: dict[object, list[Finding]] = {}
    for found in findings:
        row = found.endpoint
        alike = (row.protocol, row.address, found.owner, found.outcome, found.holds, found.why, found.told)
        groups.setdefault(alike, []).append(found)
    shown: dict[int, Finding] = {}
    for group in groups.values():
        count = sum(found.count for found in group)
        one = [replace(group[0], count=count)] if count > FEW else group
        shown |= {id(found): told for found, told in zip(group, one, strict=False)}
    return [shown[id(found)] for found in findings if id(found) in shown]


def lingering(entries: Sequence[Forecast], seen: Sequence[Explained], host: Host) -> tuple[Finding, ...]:
    """Return what was to close at once and is still listed before any boot."""
    pairs, _left = _match(entries, seen, booted=False)
    still = [_judge(pair, booted=False, host=host) for pair in pairs if pair.found and pair.entry.now is Expectation.CLOSED]
    return tuple(_grouped(still))


def _match(entries: Sequence[Forecast], seen: Sequence[Explained], booted: bool) -> tuple[list[Pair], list[Explained]]:
    """Give each entry of the forecast its endpoints of the listing: its very own row first, then any that can be the same.

    Of several that can be the same, those that are to stay come first: what is then left over is one too many. An entry
    that stands for many takes all that can be the same and that no entry of a single endpoint needs.
    """
    pairs = [Pair(one) for entry in entries for one in each(entry)]
    by_promise = sorted(pairs, key=lambda pair: _expected(pair.entry, booted) is Expectation.CLOSED)
    unclaimed = Unclaimed(seen)
    for by, same in ((By.PORT, _same_row), (By.IDENTITY, _same_identity), (By.OWNER, _same_moved)):
        for pair in by_promise:
            if not pair.found and not pair.many and (by is not By.OWNER or _may_move(pair.entry)):
                pair.found = unclaimed.claim(pair.entry, by, partial(same, pair.entry, booted=booted))
    for pair in by_promise:
        if pair.many:
            pair.found = unclaimed.claim(pair.entry, By.IDENTITY, partial(_same_identity, pair.entry, booted=booted), most=None)
    return pairs, unclaimed.left()


def _expected(entry: Forecast, booted: bool) -> Expectation:
    return entry.boot if booted else entry.now


def _same_row(entry: Forecast, subject: Explained, *, booted: bool) -> bool:
    """Tell whether an endpoint is the very row; until the next boot a socket keeps its number, whoever else could own it by now."""
    row = subject.endpoint
    own = (row.protocol, row.address, row.port) == (entry.endpoint.protocol, entry.endpoint.address, entry.endpoint.port)
    return own and (not booted or _same_identity(entry, subject, booted=booted))


def _same_identity(entry: Forecast, subject: Explained, *, booted: bool) -> bool:
    """Tell whether an endpoint can be the one of the forecast, whatever its number is now."""
    del booted
    now, then, row = subject.identity, entry.identity, subject.endpoint
    # A fixed port is the same port whoever holds it now.
    taken_over = then.port is not None and (now.protocol, now.family, now.scope, row.port) == (
        then.protocol,
        then.family,
        then.scope,
        then.port,
    )
    # Two ports that the same services could own are told apart where the endpoint map says whose each is.
    apart = then.port is None and other_owner(entry, subject)
    return taken_over or (then.covers(now) and not apart) or _narrowed(entry, subject)


def _may_move(entry: Forecast) -> bool:
    """Tell whether an endpoint may have another number although no range shows it to be dynamic."""
    return entry.identity.protocol is Protocol.UDP and entry.recipe is None


def _same_moved(entry: Forecast, subject: Explained, *, booted: bool) -> bool:
    """Tell whether a UDP port that no recipe knows has only another number: its owner asks the system for any.

    No recipe knows such a port, and a range that was moved does not show its numbers to be dynamic on every Windows.
    """
    del booted
    now, then = subject.identity, entry.identity
    place = (then.protocol, then.family, then.scope)
    if not _may_move(entry) or subject.recipe is not None or place != (now.protocol, now.family, now.scope):
        return False
    return bool(entry.owners) and Names(entry.owners or ()) == Names(subject.owners)


def other_owner(entry: Forecast, subject: Explained) -> bool:
    """Tell whether an endpoint is certainly another's than the one of the forecast.

    Both may name several that it can belong to: one in common is enough. Where the record does not say (schema 1), or
    could not tell an owner, nothing is certain.
    """
    return bool(entry.owners) and Names(entry.owners or ()).isdisjoint(subject.owners)


def _judge(pair: Pair, booted: bool, host: Host) -> Finding:
    """Judge one entry of the forecast by what was found for it, if anything."""
    entry, subject = pair.entry, pair.subject
    if subject is None:
        return _missing(entry, booted)
    found = _present(entry, subject, booted, host)
    if len(pair.found) > 1:
        strangers = [other for other in pair.found if other_owner(entry, other)]
        found = replace(found, count=len(pair.found)) if not strangers else _present(entry, strangers[0], booted, host)
    if pair.many and found.holds and len(pair.found) != entry.count:
        found = replace(found, why=f"{found.why}; {entry.count} were forecast", told=True)
    moved = not pair.many and not _same_identity(entry, subject, booted=booted)
    if moved and found.holds and not (not booted and _same_row(entry, subject, booted=booted)):
        return replace(found, why=f"it was {entry.endpoint.name} before, and no recipe knows either: a dynamic port", told=True)
    return found


def _missing(entry: Forecast, booted: bool) -> Finding:
    """Judge an entry for which there is no socket."""

    def found(holds: bool | None, why: str, *, told: bool = False) -> Finding:
        finding = Finding(entry.endpoint, entry.owner, Outcome.CLOSED, holds, why, count=entry.count, told=told)
        return replace(finding, recipe=entry.recipe, dynamic=entry.identity.port is None)

    expected = _expected(entry, booted)
    if entry.outlook is Outlook.OPENS and booted:
        return found(False, f"forecast to open again: {entry.why}")
    if entry.outlook is Outlook.KEPT:
        return found(False, f"kept, but gone: {entry.why}")
    if expected is Expectation.CLOSED:
        return found(True, NO_SOCKET)
    if expected is Expectation.UNKNOWN:
        return found(None, NO_SOCKET)
    # What a program opens that nothing starts by itself, and what is bound for one answer, comes and goes.
    passing = entry.recipe is None and (entry.identity.port is None or entry.identity.protocol is Protocol.UDP)
    return found(None, "forecast to stay, but gone", told=passing or entry.identity.scope is Scope.LOOPBACK)


def _present(entry: Forecast, subject: Explained, booted: bool, host: Host) -> Finding:
    """Judge an entry by the endpoint that was found for it."""
    expected = _expected(entry, booted)

    def found(outcome: Outcome, holds: bool | None, why: str, owner: str = subject.owner) -> Finding:
        return Finding(subject.endpoint, owner, outcome, holds, why, recipe=subject.recipe, dynamic=subject.dynamic)

    # Before the boot a dynamic port keeps its number, and who of several owns it may only show once others have stopped.
    certain = booted or entry.identity.port is not None
    if certain and expected is not Expectation.CLOSED and other_owner(entry, subject):
        kept = entry.outlook is Outlook.KEPT
        why = f"the forecast was for owner {entry.owner} ({entry.outlook}: {entry.why}); now another owner holds it"
        why = f"{why}; {STRANGER}" if subject.stranger else why
        return found(Outcome.OPEN, False if kept or subject.stranger else None, why)
    if entry.outlook is Outlook.KEPT:
        return found(Outcome.KEPT, True, entry.why)
    if subject.endpoint.scope is Scope.LOOPBACK and entry.identity.scope is not Scope.LOOPBACK:
        foretold = booted and entry.outlook is Outlook.LOOPBACK_ONLY
        return found(Outcome.LOOPBACK_ONLY, True if foretold else None, LOOPBACK)
    if expected is Expectation.CLOSED:
        owner = subject.owner if subject.owners else f"{subject.owner} (before: {entry.owner})"
        return found(Outcome.OPEN, False, f"forecast to be closed: {entry.why}", owner)
    judged = None if subject.endpoint.scope is Scope.LOOPBACK else ip_filter.verdict(subject, host)
    if judged is not None and judged.dropped:
        return found(Outcome.FILTERED, True, judged.why)
    if entry.outlook is Outlook.FILTERED:
        why = judged.why if judged is not None else "there is no inbound rule for it"
        return found(Outcome.OPEN, False, f"forecast to be filtered: {why}")
    if expected is Expectation.UNKNOWN:
        return found(Outcome.UNKNOWN, None, entry.why)
    if subject.stranger:
        return found(Outcome.OPEN, None, STRANGER)
    why = f"{entry.outlook}: {entry.why}" if not booted else entry.why
    return found(Outcome.LOOPBACK_ONLY if subject.endpoint.scope is Scope.LOOPBACK else Outcome.OPEN, True, why)


def _narrowed(entry: Forecast, subject: Explained) -> bool:
    """Tell whether a wildcard endpoint shows on single addresses now, as one that RPC is bound to interfaces for can."""
    uncertain = entry.boot is Expectation.UNKNOWN
    to_loopback = entry.outlook is Outlook.LOOPBACK_ONLY and subject.endpoint.scope is Scope.LOOPBACK
    return entry.identity.scope is Scope.WILDCARD and (uncertain or to_loopback) and _but_for_scope(entry, subject)


def _but_for_scope(entry: Forecast, subject: Explained) -> bool:
    return entry.identity.covers(replace(subject.identity, scope=entry.identity.scope))


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a leftover endpoint is compared with.

    Attributes:
        random: by owner, the entries of UDP ports that the system had handed out, with what was found for each.
    """

    record: Record
    foretold: Foretold
    random: Mapping[Names, Sequence[Forecast]]

    @classmethod
    def of(cls, record: Record, pairs: Iterable[Pair]) -> Earlier:
        """Sort what was forecast by what can be the same."""
        random: dict[Names, list[Forecast]] = {}
        for pair in pairs:
            then = pair.entry.identity
            elsewhere = pair.entry.recipe is None and (pair.subject is None or pair.subject.endpoint.port != then.port)
            if then.protocol is Protocol.UDP and (then.port is None or elsewhere):
                for name in Names(pair.entry.owners or ()):
                    random.setdefault(Names((name,)), []).append(pair.entry)
        return cls(record, Foretold(record.forecast), random)


def _leftover(subject: Explained, earlier: Earlier, booted: bool, host: Host) -> Finding:
    """Judge an endpoint that no forecast was left for: one more of a kind that was forecast, one that was opened, or a new one."""

    def found(outcome: Outcome, holds: bool | None, why: str, *, told: bool = False) -> Finding:
        finding = Finding(subject.endpoint, subject.owner, outcome, holds, why, told=told)
        return replace(finding, recipe=subject.recipe, dynamic=subject.dynamic)

    if subject.management:
        return found(Outcome.KEPT, True, "the management path")
    if subject.stranger:
        return found(Outcome.OPEN, False, STRANGER)
    if _opened(subject, earlier.record):
        return found(Outcome.OPEN, True, "opened by the plan")
    if random := _random_before(subject, earlier, booted):
        why = f"one more dynamic UDP port of an owner that had such ports before ({random.endpoint.name})"
        return found(Outcome.OPEN, True, why, told=True)
    entry = next((entry for entry in earlier.foretold.near(subject) if _same_identity(entry, subject, booted=booted)), None)
    if entry is not None:
        finding = _present(entry, subject, booted, host)
        # That some of its kind stay does not foretell that there is one more.
        return finding if finding.holds is False else replace(finding, holds=None, why=f"one more endpoint than forecast; {finding.why}")
    if subject.endpoint.scope is Scope.LOOPBACK:
        return found(Outcome.LOOPBACK_ONLY, None, LOOPBACK)
    judged = ip_filter.verdict(subject, host)
    if judged is not None and judged.dropped:
        # The plan saw no socket, and left the rule for the case that it comes back.
        return found(Outcome.FILTERED, True, judged.why)
    return found(Outcome.OPEN, False, "not in the forecast: it was not there before")


def _random_before(subject: Explained, earlier: Earlier, booted: bool) -> Forecast | None:
    """Return a UDP port of the same owner that the system had handed out and that was to stay; None where there was none.

    That it was handed out shows by its number, or in that it has another one now.
    """
    if subject.endpoint.protocol is not Protocol.UDP or (not subject.dynamic and subject.recipe is not None):
        return None
    place = (subject.identity.family, subject.identity.scope)
    for entry in (entry for name in subject.owners for entry in earlier.random.get(Names((name,)), ())):
        if (entry.identity.family, entry.identity.scope) == place and _expected(entry, booted) is Expectation.OPEN:
            return entry
    return None


def _opened(subject: Explained, record: Record) -> bool:
    """Tell whether the plan was to open an endpoint: by its recipe, or an RPC server that left the loopback."""
    if subject.recipe in record.opens:
        return True
    widened = rpc_restriction.RECIPE in record.opens and subject.endpoint.scope is Scope.WILDCARD
    return widened and any(entry.identity.scope is not Scope.WILDCARD and _but_for_scope(entry, subject) for entry in record.forecast)


def compare_with_keep(seen: Sequence[Explained], kept: Kept, host: Host, suspects: Sequence[Suspect]) -> Proof:
    """Judge a listing without a forecast: whatever is not kept is open."""
    return compare(seen, lambda subject: keep_reason(subject, kept), host, suspects)


def compare(
    seen: Sequence[Explained],
    reason_of: Callable[[Explained], str | None],
    host: Host,
    suspects: Sequence[Suspect],
    *,
    with_what: str = "'keep'",
    lacks: str = "not kept",
) -> Proof:
    """Judge a listing without a forecast: what has no reason to listen is open.

    Args:
        reason_of: why an endpoint may listen; None where it may not.
        with_what: what gives the reasons, as sentences name it.
        lacks: what is said of an endpoint without one.
    """
    findings = []
    for subject in seen:
        reason = "the management path" if subject.management else reason_of(subject)
        if reason is not None:
            outcome, why = Outcome.KEPT, reason
        elif subject.endpoint.scope is Scope.LOOPBACK:
            outcome, why = Outcome.LOOPBACK_ONLY, LOOPBACK
        else:
            judged = ip_filter.verdict(subject, host)
            outcome = Outcome.FILTERED if judged is not None and judged.dropped else Outcome.OPEN
            why = judged.why if judged is not None else STRANGER if subject.stranger else lacks
        finding = Finding(subject.endpoint, subject.owner, outcome, None if outcome is Outcome.OPEN else True, why)
        findings.append(replace(finding, recipe=subject.recipe, dynamic=subject.dynamic))
    findings = _grouped(findings)
    open_now = [f for f in findings if f.outcome is Outcome.OPEN]
    reasons = [f"there is no forecast on this host; its listeners were compared only with {with_what}"]
    reasons += [f"{f.name} is open, owned by {f.owner}, and {f.why}" for f in open_now]
    reasons += _suspected(suspects)
    verdict = Verdict.NOT_PROVEN if open_now or suspects else Verdict.PROVEN
    return Proof(verdict, tuple(findings), tuple(reasons), None)


def _suspected(suspects: Sequence[Suspect]) -> list[str]:
    return [f"{endpoint.name} may not be a listener: {reason}" for endpoint, reason, _count in suspicions(suspects)]
