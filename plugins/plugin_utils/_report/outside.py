# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The outside view of a host beside what the host says: what a probe found of each row, in the probe's own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import ports_from, ports_text
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import one_line
from ansible_collections.netmin.windows.plugins.plugin_utils._run.outside import NOT_TESTED_OUTSIDE, Agreement, Outside

from .view import HostView, Port

# Closed is a word of the host, and of a refusal nobody knows who refused. Refused alone is what a task did with a change.
REFUSALS: Mapping[str, str] = {"tcp": "connection refused", "udp": "port unreachable"}


def said(protocol: str, state: str) -> str:
    """Return what a report calls what a probe found; none of these is a word for what the host says."""
    if state == Outside.CLOSED:
        return REFUSALS.get(protocol, REFUSALS["tcp"])
    return state if state in (Outside.OPEN, Outside.SILENT) else NOT_TESTED_OUTSIDE


States = Mapping[tuple[str, int, int], Mapping[str, str]]
"""By protocol, number and family: what was found at each address."""


def with_outside(view: HostView, result: Mapping[str, Any]) -> HostView:
    """Return the view of a host with what a probe found; empty where nobody looked."""
    if not result:
        return view
    if not isinstance(result.get("outside"), list):
        return replace(view, outside=f"{NOT_TESTED_OUTSIDE}: {one_line(str(result.get('msg') or 'the probe failed'))}")
    states = _states(result["outside"])
    counts = result.get("counts") or {}
    told = ", ".join(f"{counts[kind]} {_counted(kind, counts[kind])}" for kind in Agreement if counts.get(kind))
    where, when = one_line(str(result.get("place", ""))), one_line(str(result.get("at", "")))
    return replace(
        view,
        outside=f"looked at from {where}, {when}: {told or 'no port'}",
        reached=tuple(one_line(str(text)) for text in result.get("contradicted") or ()),
        ports=tuple(replace(port, outside=of_port(port, states)) for port in view.ports),
    )


def _counted(kind: Agreement, count: int) -> str:
    return "agree" if kind is Agreement.AGREES and count > 1 else kind.replace("_", " ")


def _states(rows: Iterable[Mapping[str, Any]]) -> States:
    found: dict[tuple[str, int, int], dict[str, str]] = {}
    for row in rows:
        address = one_line(str(row["address"]))
        numbers = ports_from(str(row["ports"])) if row.get("ports") else (int(row["port"]),)
        for number in numbers:
            found.setdefault((str(row["protocol"]), number, _family(address)), {})[address] = str(row["state"])
    return found


def _family(address: str) -> int:
    return 6 if ":" in address else 4


def of_port(port: Port, states: States) -> str:
    """Say what was found of a row: one word where all of it is alike, otherwise each word with its addresses and ports."""
    numbers = port.numbers
    found: dict[str, dict[str, list[int]]] = {}
    for family in sorted({_family(address) for address in port.addresses}):
        for number in numbers:
            for address, state in states.get((port.protocol, number, family), {}).items():
                found.setdefault(said(port.protocol, state), {}).setdefault(address, []).append(number)
    if len(found) <= 1:
        return next(iter(found), NOT_TESTED_OUTSIDE)
    return "; ".join(f"{word} at {_places(places, len(numbers))}" for word, places in found.items())


def _places(places: Mapping[str, list[int]], many: int) -> str:
    return ", ".join(f"{address} ({ports_text(sorted(ports))})" if many > 1 else address for address, ports in places.items())
