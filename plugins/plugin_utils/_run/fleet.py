# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of each host of a run, from the results that the roles have left. Knows no Ansible and asks no host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason

from .columns import aligned

LONGEST_REASON = 200
MOST_NAMES = 10
# What was not closed because nobody agreed to it; what was not restored; without what needed nothing.
CONSENT = (Reason.GATED, Reason.UNVERIFIED)
OPEN = (Outcome.OPEN, Outcome.UNKNOWN)
AS_IT_SHOULD_BE = (Reason.AS_DESIRED, Reason.ABSENT)
Results = Mapping[str, Any]


class Ended(StrEnum):
    """How the run ended for one host."""

    PROVEN = "proven"
    NOT_PROVEN = "not proven"
    RESTORED = "restored"
    WAITS = "needs a restart"
    PLANNED = "planned"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_REACHED = "not reached"
    NOT_BEGUN = "not started"


BAD = (Ended.FAILED, Ended.REFUSED)


class Of(StrEnum):
    """Whose results are summed up."""

    MINIMIZE = "minimize"
    ROLLBACK = "rollback"


COLUMNS: Mapping[Of, tuple[str, ...]] = {
    Of.MINIMIZE: ("closed", "to_close", "residue", "contradicted", "refused"),
    Of.ROLLBACK: ("restored", "to_restore", "opens", "left_alone"),
}
"""The numbers of a row, in the order of the table. Those of endpoints leave out the loopback, unless the proof contradicted it.

closed: endpoints that are gone. to_close: those that still close, now (in check mode) or at the next boot. residue: those that
others can reach, that are not kept, and of which nothing else was promised. contradicted: those that are not as the forecast says.
refused: what was left alone for want of a consent. restored: changes that were made. to_restore: those that would be, in check mode.
opens: endpoints that open again at the next boot. left_alone: what was not restored.
"""
EVERY = tuple(name for names in COLUMNS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Row:
    """One host.

    Attributes:
        numbers: by the names of `COLUMNS`; what is missing is not known.
        named: what some of the numbers count, by name.
        why: the reason where it ended badly, else empty.
    """

    host: str
    ended: Ended
    numbers: Mapping[str, int] = field(default_factory=dict)
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What the roles have left of one host, and what a rescue has noted.

    Attributes:
        main: of the task that changes the host.
    """

    main: Results | None
    reboot: Results
    verify: Results
    confirm: Results
    failure: str

    @classmethod
    def of(cls, variables: Mapping[str, Any], what: Of) -> Given:
        """Pick the results among all variables of a host."""
        names = (what, f"{what}_reboot", "verify" if what is Of.MINIMIZE else "", f"{what}_confirm")
        found = [variables.get(f"{name}_result") for name in names]
        main, reboot, verify, confirm = (result if isinstance(result, Mapping) else None for result in found)
        return cls(main, reboot or {}, verify or {}, confirm or {}, str(variables.get(f"{what}_failure") or ""))


def judge(host: str, variables: Mapping[str, Any], *, check_mode: bool, what: Of = Of.MINIMIZE) -> Row:
    """Tell how the run ended for one host."""
    given = Given.of(variables, what)
    ended, why = _ended(given, what, check_mode=check_mode)
    if given.main is None or "summary" not in given.main:
        return Row(host, ended, why=why)
    numbers, named = (_closed if what is Of.MINIMIZE else _restored)(given, given.main, check_mode)
    return Row(host, ended, numbers, named, why)


def _closed(given: Given, main: Results, check_mode: bool) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    proof = given.verify.get("proof") or {}
    proven = [row for row in proof.get("endpoints", ()) if row["scope"] != Scope.LOOPBACK]
    contradicted = [row for row in proof.get("endpoints", ()) if row["holds"] is False]
    kept = _kept(main.get("forecast", ()))
    refused = [item for item in main["unchanged"] if item["reason"] in CONSENT and item["target"].removeprefix("recipe ") not in kept]
    planned, at_boot = main["summary"], 0 if _has_booted(given, check_mode) else main["summary"]["closes_at_boot"]
    wrong = [row for row in contradicted if row["outcome"] in OPEN]
    numbers = {"contradicted": sum(map(_count_of, contradicted)), "refused": len(refused)}
    if proof.get("endpoints"):
        numbers["closed"] = sum(map(_count_of, (row for row in proven if row["outcome"] == Outcome.CLOSED)))
        numbers["residue"] = proof["open_listeners"] - sum(map(_count_of, wrong))
    else:
        if planned["closed"] is not None:
            numbers["closed"] = planned["closed"]
        if _is_whole(main, check_mode):
            numbers["residue"] = sum(map(_count_of, main["residue"]))
    if _is_whole(main, check_mode) or _has_booted(given, check_mode):
        numbers["to_close"] = planned["closes_now"] + at_boot if check_mode else at_boot
    names = {
        "contradicted": tuple(f"{row['protocol']}/{row['port']} on {row['address']} ({row['owner']})" for row in contradicted),
        "refused": tuple(f"{item['target']} ({item['reason']})" for item in refused),
    }
    return numbers, names


def _kept(forecast: Iterable[Results]) -> frozenset[str]:
    """Return the recipes all of whose listeners are wanted: nothing that would close them is refused."""
    outlooks: dict[str, set[str]] = {}
    for row in forecast:
        outlooks.setdefault(str(row.get("recipe") or ""), set()).add(str(row.get("outlook")))
    return frozenset(name for name, found in outlooks.items() if found == {str(Outlook.KEPT)})


def _restored(given: Given, main: Results, check_mode: bool) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    left = [item for item in main["unchanged"] if item["reason"] not in AS_IT_SHOULD_BE]
    missing = [item for item in main["changes"] if not check_mode and item["status"] != "done"]
    numbers = {
        "restored": sum(_count_of(item) for item in main["changes"] if item["status"] == "done"),
        "to_restore": sum(map(_count_of, main["changes"])) if check_mode else 0,
        "left_alone": len(left) + sum(map(_count_of, missing)),
    }
    booted = _has_booted(given, check_mode)
    if booted or _is_whole(main, check_mode):
        numbers["opens"] = 0 if booted else main["summary"]["opens"]
    names = [*(f"{item['target']} ({item['reason']})" for item in left), *(f"{item['target']} ({item['status']})" for item in missing)]
    return numbers, {"left_alone": tuple(name.replace("not_done", "not done") for name in names)}


def _is_whole(main: Results, check_mode: bool) -> bool:
    """Tell whether what was forecast holds: of a plan that was carried out in part nobody knows what closes or opens."""
    return check_mode or all(item["status"] == "done" for item in main["changes"])


def _has_booted(given: Given, check_mode: bool) -> bool:
    """Tell whether the boot has come for which something waited."""
    return bool(given.reboot.get("after")) and not check_mode


def _ended(given: Given, what: Of, *, check_mode: bool) -> tuple[Ended, str]:
    main = given.main
    if main is None:
        return (Ended.FAILED, given.failure) if given.failure else (Ended.NOT_BEGUN, "")
    if main.get("unreachable"):
        return Ended.NOT_REACHED, str(main.get("msg", ""))
    for result in (main, given.reboot, given.verify, given.confirm):
        if result.get("failed"):
            # What is refused after the first write has failed: the host is neither as it was nor as it should be.
            refused = result is main and result.get("refused")
            return Ended.REFUSED if refused else Ended.FAILED, str(result.get("msg", ""))
        if result.get("unreachable"):
            done = "minimized" if what is Of.MINIMIZE else "restored"
            return Ended.FAILED, f"could not be reached after it was {done}: {result.get('msg', '')}"
    if given.failure:
        return Ended.FAILED, given.failure
    if given.verify.get("proven"):
        return Ended.PROVEN, ""
    if check_mode:
        return Ended.PLANNED, ""
    if main.get("reboot_required") and not given.reboot.get("after"):
        return Ended.WAITS, ""
    return (Ended.NOT_PROVEN if what is Of.MINIMIZE else Ended.RESTORED), ""


def _count_of(row: Results) -> int:
    """Return for how many endpoints, or changes, a row stands."""
    return int(row.get("count", 1))


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


def totals(rows: Sequence[Row], what: Of = Of.MINIMIZE) -> dict[str, Any]:
    """Add up what is known."""
    found = {name: [row.numbers[name] for row in rows if name in row.numbers] for name in COLUMNS[what]}
    numbers = {name: sum(found[name]) if found.get(name) else None for name in EVERY}
    return {"hosts": len(rows), "ended": {str(ended): count for ended in Ended if (count := _count(rows, ended))}, **numbers}


def _count(rows: Sequence[Row], ended: Ended) -> int:
    return sum(row.ended is ended for row in rows)


def table(rows: Sequence[Row], what: Of = Of.MINIMIZE, *, reasons: bool = True) -> list[str]:
    """Render the rows for a terminal: a line for each host that was begun, the reasons and names, and the totals.

    Args:
        reasons: say why hosts ended badly; False where that stands beside the table.
    """
    begun = [row for row in rows if row.ended is not Ended.NOT_BEGUN]
    columns = COLUMNS[what]
    cells = [("host", "outcome", *map(_words, columns))]
    cells += [(row.host, str(row.ended), *(_cell(row.numbers.get(name)) for name in columns)) for row in begun]
    lines = aligned(cells, left=2)
    lines += [reason_line(row) for row in begun if row.why and reasons]
    lines += [f"{row.host} {_words(name)}: {_some(row.named[name])}" for row in begun for name in columns if row.named.get(name)]
    rest = [row.host for row in rows if row.ended is Ended.NOT_BEGUN]
    if rest:
        lines.append(f"not started: {_some(rest)}")
    found = totals(rows, what)
    hosts = ", ".join(f"{count} {ended}" for ended, count in found["ended"].items())
    numbers = ", ".join(f"{_cell(found[name])} {_words(name)}" for name in columns)
    counted = "endpoints" if what is Of.MINIMIZE else "changes and endpoints"
    return [*lines, f"{found['hosts']} {'host' if len(rows) == 1 else 'hosts'}: {hosts}; {counted}: {numbers}"]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}"


def _cell(number: int | None) -> str:
    return "-" if number is None else str(number)


def reason_line(row: Row) -> str:
    """Say in one line how it ended for a host, and why."""
    why = " ".join(row.why.removeprefix(f"{row.host}: ").split())
    return f"{row.host} {row.ended}: {why if len(why) <= LONGEST_REASON else f'{why[: LONGEST_REASON - 1]}…'}"


def row_of(row: Row) -> dict[str, Any]:
    """Show a row."""
    numbers = {name: row.numbers.get(name) for name in EVERY}
    return {
        "host": row.host,
        "ended": row.ended,
        **numbers,
        "named": {name: list(names) for name, names in row.named.items()},
        "why": row.why,
    }
