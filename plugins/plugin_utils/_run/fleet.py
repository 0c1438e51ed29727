# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of each host of a run, from the results that the roles have left. Knows no Ansible and asks no host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason

LONGEST_REASON = 200
MOST_NAMES = 10
CONSENT = (Reason.GATED, Reason.UNVERIFIED)
Results = Mapping[str, Any]


class Ended(StrEnum):
    """How the run ended for one host."""

    PROVEN = "proven"
    NOT_PROVEN = "not proven"
    WAITS = "needs a restart"
    PLANNED = "planned"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_REACHED = "not reached"
    NOT_BEGUN = "not started"


BAD = (Ended.FAILED, Ended.REFUSED)


@dataclass(frozen=True, slots=True)
class Row:
    """One host; a number is None where nothing is known of it.

    Attributes:
        closed: endpoints that are gone; as all numbers without those on the loopback, which nobody else can reach.
        to_close: endpoints that still close, now (in check mode) or at the next boot.
        residue: endpoints that others can reach and that are not kept.
        refused: what was left alone for want of a consent.
        why: the reason where it ended badly, else empty.
    """

    host: str
    ended: Ended
    closed: int | None = None
    to_close: int | None = None
    residue: int | None = None
    refused: int | None = None
    why: str = ""

    @property
    def numbers(self) -> tuple[int | None, ...]:
        """Return all numbers, in the order of `COLUMNS`."""
        return self.closed, self.to_close, self.residue, self.refused


COLUMNS = ("closed", "to close", "residue", "refused")


@dataclass(frozen=True, slots=True)
class Given:
    """What the roles `minimize` and `verify` have left of one host, and what a rescue has noted."""

    minimize: Results | None
    reboot: Results
    verify: Results
    confirm: Results
    failure: str

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> Given:
        """Pick the results among all variables of a host."""
        found = [variables.get(f"{name}_result") for name in ("minimize", "minimize_reboot", "verify", "minimize_confirm")]
        minimize, reboot, verify, confirm = (result if isinstance(result, Mapping) else None for result in found)
        return cls(minimize, reboot or {}, verify or {}, confirm or {}, str(variables.get("minimize_failure") or ""))


def judge(host: str, variables: Mapping[str, Any], *, check_mode: bool) -> Row:
    """Tell how the run ended for one host."""
    given = Given.of(variables)
    ended, why = _ended(given, check_mode=check_mode)
    minimize, proof = given.minimize or {}, given.verify.get("proof") or {}
    if "summary" not in minimize:
        return Row(host, ended, why=why)
    gone = _keys(minimize["listeners_before"]) - _keys(minimize["listeners"])
    closed = [row for row in proof.get("endpoints", ()) if row["outcome"] == Outcome.CLOSED and row["scope"] != Scope.LOOPBACK]
    at_boot = 0 if given.reboot.get("after") and not check_mode else minimize["summary"]["closes_at_boot"]
    return Row(
        host=host,
        ended=ended,
        closed=len(closed) if proof.get("endpoints") else len(gone),
        to_close=minimize["summary"]["closes_now"] + at_boot if check_mode else at_boot,
        residue=proof["open_listeners"] if proof.get("endpoints") else len(minimize["residue"]),
        refused=sum(item["reason"] in CONSENT for item in minimize["unchanged"]),
        why=why,
    )


def _ended(given: Given, *, check_mode: bool) -> tuple[Ended, str]:
    minimize = given.minimize
    if minimize is None:
        return (Ended.FAILED, given.failure) if given.failure else (Ended.NOT_BEGUN, "")
    if minimize.get("unreachable"):
        return Ended.NOT_REACHED, str(minimize.get("msg", ""))
    for result in (minimize, given.reboot, given.verify, given.confirm):
        if result.get("failed"):
            # What is refused after the first write has failed: the host is neither as it was nor as it should be.
            refused = result is minimize and result.get("refused")
            return Ended.REFUSED if refused else Ended.FAILED, str(result.get("msg", ""))
        if result.get("unreachable"):
            return Ended.FAILED, f"could not be reached after it was minimized: {result.get('msg', '')}"
    if given.failure:
        return Ended.FAILED, given.failure
    if given.verify.get("proven"):
        return Ended.PROVEN, ""
    if check_mode:
        return Ended.PLANNED, ""
    waits = minimize.get("reboot_required") and not given.reboot.get("after")
    return Ended.WAITS if waits else Ended.NOT_PROVEN, ""


def _keys(rows: Iterable[Results]) -> set[tuple[str, str, int]]:
    return {(row["protocol"], row["address"], row["port"]) for row in rows if row["scope"] != Scope.LOOPBACK}


def ends_here(rows: Sequence[Row], batch: Iterable[str], most: float) -> bool:
    """Tell whether no batch comes after this one, as Ansible decides it.

    Args:
        most: the percentage of a batch that may fail.
    """
    members = set(batch)
    found = [row.ended for row in rows if row.host in members]
    bad = sum(ended in BAD for ended in found)
    if not found or bad + found.count(Ended.NOT_REACHED) == len(found):
        return True
    return bad / len(found) * 100 > most or all(row.ended is not Ended.NOT_BEGUN for row in rows)


def totals(rows: Sequence[Row]) -> dict[str, Any]:
    """Add up."""
    sums = [sum(row.numbers[index] or 0 for row in rows) for index in range(len(COLUMNS))]
    numbers = dict(zip(("closed", "to_close", "residue", "refused"), sums, strict=True))
    return {"hosts": len(rows), "ended": {str(ended): count for ended in Ended if (count := _count(rows, ended))}, **numbers}


def _count(rows: Sequence[Row], ended: Ended) -> int:
    return sum(row.ended is ended for row in rows)


def table(rows: Sequence[Row]) -> list[str]:
    """Render the rows for a terminal: a line for each host that was begun, the reasons, and the totals."""
    begun = [row for row in rows if row.ended is not Ended.NOT_BEGUN]
    cells = [("host", "outcome", *COLUMNS), *((row.host, str(row.ended), *map(_cell, row.numbers)) for row in begun)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(cells[0]))]
    lines = []
    for line in cells:
        left = [text.ljust(width) for text, width in zip(line[:2], widths[:2], strict=True)]
        right = [text.rjust(width) for text, width in zip(line[2:], widths[2:], strict=True)]
        lines.append("  ".join((*left, *right)))
    lines += [told(row) for row in begun if row.why]
    rest = [row.host for row in rows if row.ended is Ended.NOT_BEGUN]
    if rest:
        more = f" and {len(rest) - MOST_NAMES} more" if len(rest) > MOST_NAMES else ""
        lines.append(f"not started: {', '.join(rest[:MOST_NAMES])}{more}")
    found = totals(rows)
    hosts = ", ".join(f"{count} {ended}" for ended, count in found["ended"].items())
    numbers = f"ports: {found['closed']} closed, {found['to_close']} to close, {found['residue']} residue, {found['refused']} refused"
    return [*lines, f"{found['hosts']} {'host' if len(rows) == 1 else 'hosts'}: {hosts}; {numbers}"]


def _cell(number: int | None) -> str:
    return "-" if number is None else str(number)


def told(row: Row) -> str:
    """Say in one line how it ended for a host, and why."""
    why = " ".join(row.why.removeprefix(f"{row.host}: ").split())
    return f"{row.host} {row.ended}: {why if len(why) <= LONGEST_REASON else f'{why[: LONGEST_REASON - 1]}…'}"


def row_of(row: Row) -> dict[str, Any]:
    """Show a row."""
    numbers = {"closed": row.closed, "to_close": row.to_close, "residue": row.residue, "refused": row.refused}
    return {"host": row.host, "ended": row.ended, **numbers, "why": row.why}
