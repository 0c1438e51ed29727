# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a host differs from its baseline, and from what our runs left on it. Pure: all that it needs has been read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome, Verdict, ports_text
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt, listed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.nearest import meant
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Finding as Proven
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Proof
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._report.findings import Kind
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.standing import Undone

from .allowed import Allowed, Judged, ends, judge
from .entry import WIDTH, Entry

ORDER = (Kind.NEW, Kind.OWNER, Kind.SCOPE, Kind.EXPIRED, Kind.SETTING, Kind.UNPROVEN, Kind.GONE, Kind.EXPIRES)
"""The kinds as a person looks at them, the most urgent first."""
FROM = {Scope.WILDCARD: "on all addresses", Scope.ADAPTER: "on single addresses", Scope.LOOPBACK: "on the loopback"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be.

    Attributes:
        message: one sentence that says what differs and what to do.
        line: of the baseline; 0 where it is not about the baseline.
        protocol: of a listener; else empty.
        ports: its numbers as text.
    """

    kind: Kind
    message: str
    line: int = 0
    protocol: str = ""
    ports: str = ""
    addresses: tuple[str, ...] = ()
    owner: str = ""
    recipe: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of a host.

    Attributes:
        proof: the stored forecast held against the listing; None where no forecast is stored.
        run: id of the run that left the forecast.
        undone: settings that are no longer as our runs left them.
    """

    explained: tuple[Explained, ...]
    host: Host
    proof: Proof | None = None
    run: str = ""
    undone: tuple[Undone, ...] = field(default_factory=tuple)


def differences(found: Found, allowed: Allowed, knowledge: Knowledge) -> tuple[Difference, ...]:
    """Return all differences, the most urgent first."""
    judged = [(subject, told) for subject in found.explained if (told := judge(subject, allowed, knowledge)) is not None]
    every = (
        *_listeners(judged, allowed, found),
        *_gone(found, judged, allowed),
        *(_setting(item) for item in found.undone),
        *_unproven(found, judged, allowed),
        *(_ending(entry, allowed) for entry in allowed.ending),
    )
    return tuple(sorted(every, key=lambda item: (ORDER.index(item.kind), item.line, item.protocol, item.ports, item.message)))


def permitted(explained: Iterable[Explained], allowed: Allowed, knowledge: Knowledge) -> list[dict[str, object]]:
    """Return what the baseline allows today: a row for each listener, with the reason."""
    groups: dict[tuple[str, str, str], list[Endpoint]] = {}
    for subject in explained:
        why = allowed.reason(subject, knowledge)
        if why is not None:
            groups.setdefault((subject.endpoint.protocol, _owner(subject), why), []).append(subject.endpoint)
    return [
        {
            "protocol": protocol,
            "ports": ports_text(sorted({row.port for row in rows if row.address == address})),
            "address": address,
            "owner": owner,
            "why": why,
        }
        for (protocol, owner, why), rows in groups.items()
        for address in sorted({row.address for row in rows}, key=lambda text: (":" in text, text))
    ]


def too_wide(explained: Iterable[Explained], allowed: Allowed, knowledge: Knowledge) -> list[str]:
    """Say of each listener that is allowed on a narrower scope than it has that it is kept all the same: no run of ours can narrow it."""
    judged = [(subject, told) for subject in explained if (told := judge(subject, allowed, knowledge)) is not None]
    wide = [(subject, told) for subject, told in judged if told.kind is Kind.SCOPE]
    return [
        f"{item.message}. It is kept, since stopping it would close what is allowed as well" for item in _listeners(wide, allowed, None)
    ]


def _listeners(judged: Sequence[tuple[Explained, Judged]], allowed: Allowed, found: Found | None) -> Iterator[Difference]:
    """Yield one difference for the endpoints of one listener: those of IPv4 and IPv6, and all dynamic ones of an owner."""
    groups: dict[object, list[tuple[Explained, Judged]]] = {}
    for subject, told in judged:
        row = subject.endpoint
        port = None if subject.dynamic else row.port
        groups.setdefault((told, row.protocol, port, subject.owners, subject.recipe), []).append((subject, told))
    for group in groups.values():
        subject, told = group[0]
        rows = [item.endpoint for item, _told in group]
        addresses = tuple(sorted({row.address for row in rows}, key=lambda text: (":" in text, text)))
        ports = ports_text(sorted({row.port for row in rows}))
        name = f"{subject.endpoint.protocol}/{ports} on {listed(addresses)}"
        yield Difference(
            kind=told.kind,
            message=_told(told, name, _owner(subject), rows, allowed) + _foretold(rows, found),
            line=told.entry.line if told.entry is not None else allowed.place,
            protocol=subject.endpoint.protocol,
            ports=ports,
            addresses=addresses,
            owner=_owner(subject),
            recipe=subject.recipe or "",
        )


def _owner(subject: Explained) -> str:
    return excerpt(subject.owner.partition(" in pid ")[0])


def _told(told: Judged, name: str, owner: str, rows: Iterable[Endpoint], allowed: Allowed) -> str:
    entry = told.entry
    if told.kind is Kind.SCOPE and entry is not None:
        widest = max((row.scope for row in rows), key=WIDTH.__getitem__)
        limit = FROM[entry.scope]
        narrow = f"the baseline allows {entry.told} only {limit}"
        return f"{name} (owner {owner}) listens {FROM[widest]}, but {narrow}: bind it there, or widen 'scope'"
    if told.kind is Kind.EXPIRED and entry is not None:
        return f"{name} (owner {owner}) is open, but {entry.told} {ends(entry, allowed.today)}: close it, or extend 'until'"
    if told.kind is Kind.OWNER and entry is not None:
        return f"{name} belongs to {owner}, but the baseline allows {entry.told} there: find out what {owner} is"
    return f"{name} (owner {owner}) is open, and the baseline does not allow it: close it, or add an entry"


def _foretold(rows: Sequence[Endpoint], found: Found | None) -> str:
    """Say that a forecast spoke of these endpoints otherwise."""
    if found is None:
        return ""
    failed = {(row.endpoint.protocol, row.endpoint.address, row.endpoint.port) for row in _contradicted(found)}
    against = any((row.protocol, row.address, row.port) in failed for row in rows)
    return f". It did not listen after run {found.run}" if against else ""


def _contradicted(found: Found) -> tuple[Proven, ...]:
    if found.proof is None or found.proof.verdict is not Verdict.FAILED:
        return ()
    return tuple(row for row in found.proof.findings if row.holds is False)


def _gone(found: Found, judged: Sequence[tuple[Explained, Judged]], allowed: Allowed) -> Iterator[Difference]:
    """Yield the entries for which nothing listens; one whose port another owner has is told there."""
    told = {judgement.entry for _subject, judgement in judged}
    seen: set[str] = set()
    for entry in allowed.active:
        if entry in told or entry.what.lower() in seen or any(entry.touches(subject) for subject in found.explained):
            continue
        seen.add(entry.what.lower())
        message = f"nothing listens for {entry.told}{_absent(entry, found.host)}: start it, or remove the entry"
        protocol, port = entry.port or ("", "")
        yield Difference(Kind.GONE, message, entry.line, protocol, str(port), recipe=entry.recipe)


def _absent(entry: Entry, host: Host) -> str:
    if not entry.service or any(same(entry.service, name) for name in host.services):
        return ""
    return f", and the host has no such service{meant(entry.service, (service.name for service in host.services.values()))}"


def _setting(item: Undone) -> Difference:
    back = ", as it was before the first run" if item.reverted else ""
    message = f"{excerpt(item.target)} is {item.now}{back}; run {item.run} left it {item.left}: run netmin.windows.minimize again"
    return Difference(Kind.SETTING, f"{message}, or leave it out of the next run")


def _unproven(found: Found, judged: Sequence[tuple[Explained, Judged]], allowed: Allowed) -> Iterator[Difference]:
    """Yield what contradicts the stored forecast and is not told already: what the baseline allows may be open, whatever a run foretold."""
    at = {_place(subject.endpoint): subject for subject in found.explained}
    told = {_place(subject.endpoint) for subject, _judged in judged}
    for row in _contradicted(found):
        place, subject = _place(row.endpoint), at.get(_place(row.endpoint))
        if row.outcome is Outcome.CLOSED:
            # Gone, of which an entry tells where there is one.
            if any(_is_about(entry, row) for entry in allowed.active):
                continue
        elif place in told or (subject is not None and subject.endpoint.scope is not Scope.LOOPBACK):
            continue
        message = (
            f"the proof of run {found.run} no longer holds: {row.name} is {row.outcome}, owner {excerpt(row.owner)}: {excerpt(row.why)}"
        )
        yield Difference(Kind.UNPROVEN, message, 0, row.endpoint.protocol, str(row.endpoint.port), (row.endpoint.address,), row.owner)


def _place(row: Endpoint) -> tuple[Protocol, str, int]:
    return row.protocol, row.address, row.port


def _is_about(entry: Entry, row: Proven) -> bool:
    owner = row.owner.partition(" in pid ")[0]
    if entry.port is not None:
        return entry.port == (row.endpoint.protocol, row.endpoint.port)
    return entry.recipe == row.recipe if entry.recipe else same(entry.service, owner)


def _ending(entry: Entry, allowed: Allowed) -> Difference:
    return Difference(Kind.EXPIRES, f"{entry.told} {ends(entry, allowed.today)}: extend 'until', or plan to close it", entry.line)
