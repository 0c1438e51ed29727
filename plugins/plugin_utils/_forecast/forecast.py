# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forecast each endpoint: what closes now, what at the next boot, what stays, and why.

Asks the stages, each of which knows the fate of its own listeners; never asks the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import FEW, Expectation, Forecast, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import effect
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import (
    dcom_protocols,
    ip_filter,
    name_resolution,
    netbt,
    rpc_restriction,
    services,
    smb_device,
    switches,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.future import Fate, Future
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Kept


class Asked(Protocol):
    """What is asked of a stage, and of `switches`, which several of them share; each module meets it."""

    def fate(self, subject: Explained, future: Future, /) -> Fate | None:
        """Say what is expected of an endpoint that it knows; None of any other."""

    def opens(self, made: Effect, knowledge: Knowledge, /) -> Iterable[str]:
        """Name the recipes whose endpoints come with what one change makes of the host."""


# The special before the general: one that answers ends the search.
ASKED: tuple[Asked, ...] = (netbt, smb_device, dcom_protocols, switches, name_resolution, rpc_restriction, services)
OPEN_OUTLOOKS = (Outlook.STAYS, Outlook.RETURNS_AT_BOOT, Outlook.UNKNOWN)
STAYS = Fate(Expectation.OPEN, Expectation.OPEN, "no stage manages its owner", plain=True)


def forecast(subjects: Sequence[Explained], future: Future, kept: Kept, reasons: Mapping[str, str] | None = None) -> tuple[Forecast, ...]:
    """Forecast all endpoints of a host, in order.

    Args:
        reasons: why the listeners of a recipe stay where they do, by its id.
    """
    fates = [_reasoned(fate, subject, reasons or {}) for subject, fate in zip(subjects, _fates(subjects, future), strict=True)]
    settled = [_mapper(subject, fate, subjects, fates) for subject, fate in zip(subjects, fates, strict=True)]
    return tuple(_dropped(_entry(subject, fate, kept), subject, future.host) for subject, fate in zip(subjects, settled, strict=True))


def _fates(subjects: Sequence[Explained], future: Future) -> Iterator[Fate]:
    """Ask for each endpoint; of many that no recipe knows and that differ in nothing but their number, once."""
    known: dict[Explained, Fate] = {}
    for subject in subjects:
        if subject.recipe is not None:
            yield fate_of(subject, future)
            continue
        alike = replace(subject, endpoint=replace(subject.endpoint, port=0))
        if alike not in known:
            known[alike] = fate_of(subject, future)
        yield known[alike]


def fate_of(subject: Explained, future: Future) -> Fate:
    """Ask the stages for one endpoint."""
    if not subject.owners:
        return Fate(Expectation.OPEN, Expectation.UNKNOWN if subject.dynamic else Expectation.OPEN, "its owner is not known")
    return next((fate for fate in (asked.fate(subject, future) for asked in ASKED) if fate is not None), STAYS)


def _reasoned(fate: Fate, subject: Explained, reasons: Mapping[str, str]) -> Fate:
    """Say what is known of the recipe where an endpoint stays, in place of what a stage sees."""
    why = reasons.get(subject.recipe or "")
    untouched = fate.now is Expectation.OPEN and fate.boot is Expectation.OPEN
    return replace(fate, why=why) if why and untouched and fate.plain else fate


def _mapper(subject: Explained, fate: Fate, subjects: Sequence[Explained], fates: Sequence[Fate]) -> Fate:
    """Keep the endpoint mapper open while a socket that may be an RPC server's stays on the same protocol."""
    if subject.recipe not in dcom_protocols.MAPPED_PROTOCOLS or fate.boot is not Expectation.CLOSED or fate.loopback:
        return fate
    lingering = [
        (other, expected.boot)
        for other, expected in zip(subjects, fates, strict=True)
        if other.dynamic
        and other.endpoint.protocol is subject.endpoint.protocol
        and expected.boot is not Expectation.CLOSED
        and (not other.kinds or any(Port.RPC in kinds for kinds in other.kinds))
    ]
    if not lingering:
        return fate
    names = ", ".join(f"{other.endpoint.name} ({other.owner})" for other, _boot in lingering[:FEW])
    names += f" and {len(lingering) - FEW} more" if len(lingering) > FEW else ""
    return replace(fate, boot=Expectation.UNKNOWN, why=f"endpoints that may belong to RPC servers stay open: {names}")


def _dropped(entry: Forecast, subject: Explained, host: Host) -> Forecast:
    """Say of a listener that stays whether a rule of ours drops what comes in for it, and that it does not where it ought to."""
    judged = ip_filter.verdict(subject, host) if entry.outlook in OPEN_OUTLOOKS and entry.identity.scope is not Scope.LOOPBACK else None
    if judged is None:
        return entry
    return replace(entry, outlook=Outlook.FILTERED if judged.dropped else entry.outlook, why=f"{entry.why}; {judged.why}")


def _entry(subject: Explained, fate: Fate, kept: Kept) -> Forecast:
    reason = keep_reason(subject, kept)
    if Expectation.CLOSED in (fate.now, fate.boot):
        # Its owner goes on running, and it closes all the same.
        reason = None
    if subject.management:
        reason = "the management path: a listener of WinRM"
    if reason is not None:
        fate = Fate(Expectation.OPEN, Expectation.OPEN, reason)
    return Forecast(
        endpoint=subject.endpoint,
        identity=subject.identity,
        owner=subject.owner,
        recipe=subject.recipe,
        now=fate.now,
        boot=fate.boot,
        outlook=Outlook.KEPT if reason is not None else outlook(fate),
        why=fate.why,
        owners=tuple(sorted(subject.owners, key=str.lower)),
    )


def outlook(fate: Fate) -> Outlook:
    """Put what is expected into one word."""
    if fate.loopback and fate.boot is Expectation.CLOSED:
        return Outlook.LOOPBACK_ONLY
    if fate.boot is Expectation.CLOSED:
        return Outlook.CLOSES_NOW if fate.now is Expectation.CLOSED else Outlook.CLOSES_AT_BOOT
    if fate.boot is Expectation.UNKNOWN:
        return Outlook.UNKNOWN
    return Outlook.RETURNS_AT_BOOT if fate.now is Expectation.CLOSED else Outlook.STAYS


def keep_reason(subject: Explained, kept: Kept) -> str | None:
    """Return why the operator keeps an endpoint, or None."""
    if subject.recipe is not None and subject.recipe in kept.recipes:
        return kept.recipes[subject.recipe]
    reasons = [kept.owners.get(owner) for owner in subject.owners]
    return reasons[0] if reasons and all(reason is not None for reason in reasons) else None


def lost(entries: Iterable[Forecast], kept: Kept) -> tuple[str, ...]:
    """Say of each endpoint that was to be kept by its port or recipe and closes all the same why it does."""
    said: dict[str, None] = {}
    for entry in entries:
        reason = kept.ports.get((entry.endpoint.protocol, entry.endpoint.port)) or kept.recipes.get(entry.recipe or "")
        if reason is not None and Expectation.CLOSED in (entry.now, entry.boot):
            said[f"{entry.endpoint.name} is to be kept ({reason}), but {entry.outlook}: {entry.why}"] = None
    return tuple(said)


def opens(plan: Plan, knowledge: Knowledge) -> tuple[str, ...]:
    """Return the ids of the recipes whose endpoints a plan opens, so that a proof does not take them for strangers."""
    made = [effect(change) for change in plan.changes]
    return tuple(dict.fromkeys(recipe for one in made for asked in ASKED for recipe in asked.opens(one, knowledge)))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many listeners (endpoints that others can reach) have which outlook.

    Attributes:
        total: those that are there; what opens again is not.
    """

    total: int
    closes_now: int
    closes_at_boot: int
    stays: int
    opens: int
    filtered: int
    kept: int
    unknown: int


def count(entries: Sequence[Forecast]) -> Counts:
    """Count the outlooks of listeners; loopback endpoints are none."""
    of: dict[Outlook, int] = dict.fromkeys(Outlook, 0)
    for entry in entries:
        if entry.identity.scope is not Scope.LOOPBACK:
            of[entry.outlook] += entry.count
    return Counts(
        total=sum(of.values()) - of[Outlook.OPENS],
        closes_now=of[Outlook.CLOSES_NOW],
        closes_at_boot=of[Outlook.CLOSES_AT_BOOT] + of[Outlook.LOOPBACK_ONLY],
        stays=of[Outlook.STAYS] + of[Outlook.RETURNS_AT_BOOT],
        opens=of[Outlook.OPENS],
        filtered=of[Outlook.FILTERED],
        kept=of[Outlook.KEPT],
        unknown=of[Outlook.UNKNOWN],
    )
