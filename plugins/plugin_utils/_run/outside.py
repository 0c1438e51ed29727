# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host lists, and what a probe reached: the two views of each port side by side, and what they say together.

Neither view takes the other's words. A host says that it listens or that a port is closed; a probe says open, closed (somebody refused),
silent, or nothing. Stealth mode, which is on in Windows Vista and later, answers nothing for a port without a listener (KB 2586744), so
closed inside and silent outside agree. A UDP port that is silent proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.module_utils.probe_ports import read_row
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

Row = Mapping[str, Any]


class Inside(StrEnum):
    """What the host says of a port; of several endpoints at one port the first that is here counts."""

    LISTENS = "listens"
    FILTERED = "filtered"
    UNKNOWN = "unknown"
    LOOPBACK = "loopback_only"
    CLOSED = "closed"
    NOT_LISTED = "not_listed"


class Outside(StrEnum):
    """What a probe says of a port."""

    OPEN = "open"
    CLOSED = "closed"
    SILENT = "silent"
    NOT_TESTED = "not_tested"


class Agreement(StrEnum):
    """What the two say together."""

    AGREES = "agrees"
    NOT_REACHED = "listens_but_not_reached"
    NOT_LISTED = "reached_but_not_listed"
    NOT_FILTERED = "reached_though_filtered"
    NOT_KNOWN = "not_known"
    NOT_TESTED = "not_tested"


CONTRADICTIONS = (Agreement.NOT_LISTED, Agreement.NOT_FILTERED)
"""More was reached than the host says."""

NOT_TESTED_OUTSIDE = "not tested from outside"

OF_OUTCOME: Mapping[str, Inside] = {
    Outcome.CLOSED: Inside.CLOSED,
    Outcome.LOOPBACK_ONLY: Inside.LOOPBACK,
    Outcome.FILTERED: Inside.FILTERED,
    Outcome.KEPT: Inside.LISTENS,
    Outcome.OPEN: Inside.LISTENS,
    Outcome.UNKNOWN: Inside.UNKNOWN,
}
ABSENT = (Inside.CLOSED, Inside.LOOPBACK, Inside.NOT_LISTED)
ELSEWHERE = "a port forward of the host or of a router, another machine at that address, or a container or virtual machine behind it"
BETWEEN = "a firewall of the host that this collection did not set, or something between the probe and the host"


@dataclass(frozen=True, slots=True)
class Joined:
    """One port at one address, as both see it.

    Attributes:
        evidence: the probe's, in one sentence.
        why: what both say together, in one sentence.
    """

    address: str
    protocol: str
    port: int
    owner: str
    inside: Inside
    outside: Outside
    agreement: Agreement
    evidence: str
    why: str


@dataclass(frozen=True, slots=True)
class _Told:
    inside: Inside
    owner: str
    rule: str
    adapter: str


def inside_of(row: Row) -> Inside:
    """Return what an endpoint of a listing, or of a proof, says."""
    outcome = row.get("outcome")
    if outcome is not None:
        return OF_OUTCOME.get(str(outcome), Inside.UNKNOWN)
    return Inside.LOOPBACK if row.get("scope") == Scope.LOOPBACK else Inside.LISTENS


def judge(
    protocol: str, inside: Inside, outside: Outside, *, rule: str = "", adapter: str = "", whole: bool = True
) -> tuple[Agreement, str]:
    """Say what the two views of a port mean together, and why.

    Args:
        rule: why the host says that a rule drops it.
        adapter: the one address that the host listens on, where it is one of an adapter.
        whole: the host's list names all of its ports.
    """
    if outside is Outside.NOT_TESTED:
        return Agreement.NOT_TESTED, NOT_TESTED_OUTSIDE
    if outside is Outside.OPEN:
        return _reached(inside, rule, whole=whole)
    if outside is Outside.SILENT and protocol != "tcp":
        return Agreement.NOT_KNOWN, "a UDP port that is silent may be open, closed or filtered"
    refused = outside is Outside.CLOSED
    if inside is Inside.UNKNOWN:
        return Agreement.NOT_KNOWN, "what the host says of it is not known"
    if inside in ABSENT:
        said = "the probe was refused" if refused else "nothing answered the probe, as in stealth mode or behind a firewall"
        return Agreement.AGREES, f"the host lists nothing there that others reach, and {said}"
    if inside is Inside.FILTERED and not refused:
        return Agreement.NOT_REACHED, f"it listens, and a rule that we know drops what comes from outside: {rule or 'see the proof'}"
    other = f", or the probe's address is not {adapter}, on which alone it listens" if adapter else ""
    if refused:
        return (
            Agreement.NOT_REACHED,
            f"it listens, and the probe was refused: by something between, or by another machine at that address{other}",
        )
    return Agreement.NOT_REACHED, f"it listens, and nothing answered the probe: {BETWEEN}{other}"


def _reached(inside: Inside, rule: str, *, whole: bool) -> tuple[Agreement, str]:
    if inside is Inside.LISTENS:
        return Agreement.AGREES, "it listens, and the probe reached it"
    if inside is Inside.UNKNOWN:
        return Agreement.NOT_KNOWN, "the probe reached it; what the host says of it is not known"
    if inside is Inside.FILTERED:
        return Agreement.NOT_FILTERED, (
            f"the probe reached it although a rule should drop it ({rule or 'see the proof'}): the rule may not be in force on this "
            f"network, or something else answered: {ELSEWHERE}"
        )
    if inside is Inside.NOT_LISTED and not whole:
        return Agreement.NOT_KNOWN, "the probe reached it, and no list was given that names all ports of the host (list with detail: full)"
    says = {
        Inside.CLOSED: "says that it is closed",
        Inside.LOOPBACK: "says that it listens on its loopback alone",
        Inside.NOT_LISTED: "does not list it",
    }
    return Agreement.NOT_LISTED, f"the probe reached it, and the host {says[inside]}: {ELSEWHERE}"


def join(rows: Iterable[Row], found: Iterable[Row], *, whole: bool = True) -> list[Joined]:
    """Return each port that was looked at as both see it; ports that were only scanned, and did not answer, are left out.

    Args:
        rows: endpoints of a listing or a proof.
        found: what the probe found (`outside` of the module).
    """
    known = _by_port(rows)
    joined = []
    for row in found:
        protocol, outside = str(row["protocol"]), Outside(row["state"])
        if not row["listed"] and outside is not Outside.OPEN:
            continue
        family = 6 if ":" in str(row["address"]) else 4
        told = known.get((protocol, int(row["port"]), family), _Told(Inside.NOT_LISTED, "", "", ""))
        adapter = told.adapter if told.adapter != row["address"] else ""
        agreement, why = judge(protocol, told.inside, outside, rule=told.rule, adapter=adapter, whole=whole)
        place = (str(row["address"]), protocol, int(row["port"]))
        joined.append(Joined(*place, told.owner, told.inside, outside, agreement, str(row["evidence"]), why))
    return joined


def _by_port(rows: Iterable[Row]) -> dict[tuple[str, int, int], _Told]:
    """Return what the host says of each port and family: a port listens if anything listens there."""
    found: dict[tuple[str, int, int], _Told] = {}
    order = list(Inside)
    for row in rows:
        read = read_row(row)
        if read is None:
            continue
        protocol, numbers, families, _whole = read
        inside = inside_of(row)
        address = excerpt(row.get("address") or "")
        alone = row.get("scope") == Scope.ADAPTER and ", " not in address
        rule = excerpt(row.get("why") or "") if inside is Inside.FILTERED else ""
        told = _Told(inside, excerpt(row.get("owner") or ""), rule, address if alone else "")
        for number in numbers:
            for family in families:
                key = (protocol, number, family)
                before = found.get(key)
                if before is None or order.index(inside) < order.index(before.inside):
                    found[key] = told
                elif inside is before.inside and before.adapter:
                    # It listens on more than that one address.
                    found[key] = _Told(before.inside, before.owner, before.rule, "")
    return found


def contradicted(joined: Sequence[Joined]) -> list[str]:
    """Return a sentence for each port of which more was reached than the host says."""
    return [f"{item.protocol}/{item.port} at {item.address}: {item.why}" for item in joined if item.agreement in CONTRADICTIONS]


def counted(joined: Sequence[Joined]) -> dict[str, int]:
    """Count the ports by what both views say together; each agreement has a number."""
    return {str(kind): sum(item.agreement is kind for item in joined) for kind in Agreement}
