# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much of a result a task returns: the summary that a fleet keeps of each host, or all of it.

A summary leaves out what can be read elsewhere (settings, snapshots, both listings, what the knowledge says of a recipe) and joins
rows that say the same. It drops no fact about a listener, a change, a refusal or the residue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import ports_from, ports_text

from .plain import CROWD


class Detail(StrEnum):
    """What a task returns of one host."""

    SUMMARY = "summary"
    FULL = "full"


Entry = Mapping[str, Any]
PLACE = ("protocol", "address", "port", "ports", "count", "scope")
LISTENER = (*PLACE, "dynamic", "owner", "recipe", "why", "management")
FORECAST = (*PLACE, "dynamic", "owner", "recipe", "outlook", "why", "listens")
RESIDUE = (*PLACE, "dynamic", "owner", "recipe", "why", "instead", "filtered")
FINDING = (*PLACE, "dynamic", "owner", "recipe", "outcome", "holds", "why")
INTERFACES = "interfaces"
"""What rows have beside these where the endpoint map was asked."""
LEFT_OUT = frozenset({"before", "after", "listeners_before", "listeners", "snapshot"})
"""What only a full result of a plan has."""
ADDRESSES = 4
"""Up to so many addresses are named in one row; of more the first."""
RANGES = 40
"""Up to so many ports and ranges of ports are named in one row."""
PEERS = 16
"""Up to so many connections of peers are named."""


def told(result: Entry, detail: Detail) -> dict[str, Any]:
    """Return what a task that plans returns, of all that it knows."""
    full = detail is Detail.FULL
    shown = {**result, "changes": crowded(result["changes"], named=full)}
    if full:
        return shown
    shown = {name: value for name, value in shown.items() if name not in LEFT_OUT}
    shown["forecast"] = joined(result["forecast"], FORECAST)
    # What stays for one reason is one row: the reasons are long.
    shown["residue"] = joined(result["residue"], RESIDUE, by_port=True)
    if result["management"] is not None:
        shown["management"] = _fewer_peers(result["management"])
    if "snapshots" in result:
        shown["snapshots"] = snapshots_told(result["snapshots"], detail)
    return shown


def listed(rows: Sequence[Entry], detail: Detail) -> list[Entry]:
    """Return the rows of a listing."""
    return list(rows) if detail is Detail.FULL else list(joined(rows, LISTENER))


def proof_told(proof: Entry, detail: Detail) -> dict[str, Any]:
    """Return a proof."""
    return dict(proof) if detail is Detail.FULL else {**proof, "endpoints": joined(proof["endpoints"], FINDING)}


def snapshots_told(snapshots: Iterable[Entry], detail: Detail) -> list[dict[str, Any]]:
    """Return the snapshots of a host; a summary counts their objects by stage."""
    left_out = () if detail is Detail.FULL else ("objects",)
    return [{name: value for name, value in row.items() if name not in left_out} for row in snapshots]


def joined(rows: Iterable[Entry], fields: Sequence[str], *, by_port: bool = False) -> list[dict[str, Any]]:
    """Make one row, at the place of the first, of those that differ in nothing but their address and what is not among the fields.

    Args:
        by_port: nor in their port. Rows that stand for many fixed ports are joined in any case.
    """
    groups: dict[str, list[Entry]] = {}
    every = tuple(rows)
    if any(INTERFACES in row for row in every):
        fields = (*fields, INTERFACES)
    for row in every:
        apart = {"address", "count", *(("port", "ports") if by_port or row["ports"] else ())}
        groups.setdefault(json.dumps([row[name] for name in fields if name not in apart]), []).append(row)
    return [_as_one(group, fields) for group in groups.values()]


def _as_one(group: Sequence[Entry], fields: Sequence[str]) -> dict[str, Any]:
    addresses = tuple(dict.fromkeys(row["address"] for row in group))
    ports = sorted({port for row in group for port in (ports_from(row["ports"]) if row["ports"] else (row["port"],))})
    # A row of many dynamic ports names the first only.
    whole = all(row["ports"] or row["count"] == 1 or not row.get("dynamic") for row in group)
    as_one = {
        "address": ", ".join(addresses if len(addresses) <= ADDRESSES else addresses[:1]),
        "port": ports[0] if whole else group[0]["port"],
        "ports": short_ports(ports) if whole and len(ports) > 1 else None,
        "count": sum(row["count"] for row in group),
    }
    return {name: as_one[name] if name in as_one else group[0][name] for name in fields}


def short_ports(ports: Sequence[int]) -> str:
    """Write sorted ports as ranges, no more than `RANGES` of them."""
    ranges = ports_text(ports).split(", ")
    if len(ranges) <= RANGES:
        return ", ".join(ranges)
    told_of = ", ".join(ranges[:RANGES])
    return f"{told_of} and {len(ports) - len(ports_from(told_of))} more"


def crowded(changes: Iterable[Entry], *, named: bool) -> list[dict[str, Any]]:
    """Make one row of the changes of a crowd, those of two hundred adapters say, which differ in nothing but their target.

    Args:
        named: the row lists all of them.
    """
    groups: dict[str, list[Entry]] = {}
    placed: list[tuple[Entry, list[Entry]]] = []
    for row in changes:
        group = groups.setdefault(json.dumps({name: value for name, value in row.items() if name != "target"}), [])
        group.append(row)
        placed.append((row, group))
    return [
        _crowd(group, named=named) if len(group) > CROWD else {**row, "count": 1}
        for row, group in placed
        if len(group) <= CROWD or row is group[0]
    ]


def _crowd(group: Sequence[Entry], *, named: bool) -> dict[str, Any]:
    targets = [row["target"] for row in group]
    row = {**group[0], "target": f"{targets[0]} and {len(targets) - 1} more", "count": len(targets)}
    return {**row, "targets": targets} if named else row


def _fewer_peers(management: Entry) -> dict[str, Any]:
    connections = management["connections"]
    return {**management, "connections": connections[:PEERS], "more": max(0, len(connections) - PEERS)}


def narrowed(before: Entry, after: Entry) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return settings for a diff: a crowd of objects that go from one value to one other is one line."""
    sides = dict(before), dict(after)
    for name in before.keys() & after.keys():
        if isinstance(before[name], Mapping) and isinstance(after[name], Mapping):
            sides[0][name], sides[1][name] = narrowed(before[name], after[name])
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys((*before, *after)):
        groups.setdefault(json.dumps([[name in side, side.get(name)] for side in sides]), []).append(name)
    crowds = {names[0]: f"{names[0]} and {len(names) - 1} more" for names in groups.values() if len(names) > CROWD}
    gone = {name for names in groups.values() if len(names) > CROWD for name in names[1:]}

    def narrow(side: Entry) -> dict[str, Any]:
        return {crowds.get(name, name): value for name, value in side.items() if name not in gone}

    return narrow(sides[0]), narrow(sides[1])
