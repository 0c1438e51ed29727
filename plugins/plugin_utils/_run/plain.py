# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn values into what a task may return: dict, list, str, int, float, bool and None, of exactly these types.

ansible-core 2.19 fails on Enum and dataclass values, and text from a host may carry terminal escapes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import FEW, MANY, ports_from, ports_text
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import printable
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import UNASKED, EndpointMap, MapState, RpcEntry
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Finding, Proof
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import BootEvidence, Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import Listing, suspicions
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Residue, Skipped
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.snapshot import Stored

from . import reach

# So many objects that a plan leaves alone for one reason are told one by one.
CROWD = 32


def plain(value: Any) -> Any:
    """Return the same content in exact plain types, control characters taken out of text.

    Raises:
        TypeError: a type that no result may hold.
    """
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, str):
        return printable(str(value))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} in a result")


def windows_of(host: Host) -> dict[str, Any]:
    """Show a host's Windows."""
    windows = host.windows
    return {
        "id": windows.id,
        "name": windows.name,
        "caption": host.caption,
        "version": str(windows.nt),
        "build": windows.build,
        "remark": windows.remark,
        "in_domain": host.domain_role.in_domain,
    }


def management_of(path: ManagementPath) -> dict[str, Any]:
    """Show what the session goes through."""
    return {
        "listeners": [{"address": row.address, "port": row.port, "transport": row.transport} for row in path.listeners],
        "connections": [
            {"address": row.local_address, "port": row.local_port, "peer": row.remote_address, "peer_port": row.remote_port}
            for row in path.connections
        ],
        "more": 0,
        "unknown": path.unknown,
    }


def boot_of(boot: BootEvidence) -> dict[str, Any]:
    """Show the evidence of a boot."""
    return {
        "lsass_created": boot.mark,
        "last_boot_up_time": boot.last_boot.isoformat() if boot.last_boot else None,
        "uptime": boot.uptime,
    }


def row_of(row: Endpoint, *, count: int = 1) -> dict[str, Any]:
    """Show an endpoint as listed, or the first of many."""
    return {
        "protocol": row.protocol,
        "address": row.address,
        "port": row.port,
        "pid": row.pid,
        "family": row.family,
        "scope": row.scope,
        "count": count,
        "ports": None,
    }


def fewer(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make one row, with a `count`, of many that differ in nothing but their address and, where it is dynamic, their port.

    Fixed ports share a row where there are very many of them at one address; that row names all of them.
    """
    return _joined(_joined(rows, lambda row: ("address", "port") if row.get("dynamic") else ("address",), FEW), _but_for_port, MANY)


def _but_for_port(row: Mapping[str, Any]) -> tuple[str, ...]:
    return () if row.get("dynamic") else ("port",)


def _joined(rows: Iterable[dict[str, Any]], apart: Callable[[Mapping[str, Any]], tuple[str, ...]], few: int) -> list[dict[str, Any]]:
    """Make one row, at the place of the first, of more than `few` that differ in nothing but some of their fields."""
    groups: dict[object, list[dict[str, Any]]] = {}
    placed: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    for row in rows:
        alone = apart(row)
        alike = json.dumps({key: value for key, value in row.items() if key not in alone}, default=str) if alone else id(row)
        group = groups.setdefault(alike, [])
        group.append(row)
        placed.append((row, group))
    return [
        row if len(group) <= few else _of_many(group, by_port="address" not in apart(row))
        for row, group in placed
        if len(group) <= few or row is group[0]
    ]


def _of_many(group: Sequence[dict[str, Any]], *, by_port: bool) -> dict[str, Any]:
    count = sum(row["count"] for row in group)
    if not by_port:
        return {**group[0], "count": count}
    ports = sorted(row["port"] for row in group)
    return {**group[0], "port": ports[0], "count": count, "ports": ports_text(ports)}


MOST_INTERFACES = 64
"""So many entries of a port are named in a row; of one process of Windows XP, with most services in it, there are some 30."""


def interfaces_of(subject: Explained, knowledge: Knowledge, rpc_map: EndpointMap) -> dict[str, Any]:
    """Show the RPC interfaces of an endpoint, where the endpoint map was asked: each once, as a name and its UUID."""
    if rpc_map is UNASKED:
        return {}
    names = list(dict.fromkeys(interface_name(entry, knowledge) for entry in subject.interfaces[:MOST_INTERFACES]))
    more = len(subject.interfaces) - MOST_INTERFACES
    return {"interfaces": [*names, f"and {more} more"] if more > 0 else names}


def interface_name(entry: RpcEntry, knowledge: Knowledge) -> str:
    """Name the interface of an entry: by what is known of it, else by what its server says of itself."""
    known = knowledge.rpc_interface(entry.interface)
    name = (known.name if known else "") or entry.annotation or (known.annotation if known else "")
    protocol = f" ({known.protocol})" if known and known.protocol else ""
    return f"{name or 'unknown'}{protocol} {entry.interface}"


def rpc_map_of(rpc_map: EndpointMap) -> dict[str, Any]:
    """Show what became of the question for the endpoint map, where it was asked."""
    if rpc_map is UNASKED:
        return {}
    shown = {
        "state": rpc_map.state,
        "evidence": rpc_map.evidence,
        "authenticated": rpc_map.authenticated,
        "entries": len(rpc_map.entries),
    }
    return {"rpc_endpoints": shown}


def rpc_warnings(rpc_map: EndpointMap) -> tuple[str, ...]:
    """Say that owners were not told by the endpoint map although it was asked."""
    if rpc_map is UNASKED or rpc_map.state is MapState.READ:
        return ()
    if rpc_map.told:
        return (f"the endpoint map was read in part, so ports may lack interfaces: {rpc_map.evidence}",)
    return (f"the endpoint map is {rpc_map.state}, so owners of RPC ports are told without it: {rpc_map.evidence}",)


def endpoint_of(subject: Explained, knowledge: Knowledge, rpc_map: EndpointMap = UNASKED) -> dict[str, Any]:
    """Show an endpoint with its owner and what is known of it."""
    recipe = knowledge.recipes.get(subject.recipe or "")
    return {
        **interfaces_of(subject, knowledge, rpc_map),
        **row_of(subject.endpoint),
        "dynamic": subject.dynamic,
        "owner": subject.owner,
        "owners": subject.owners,
        "process": subject.process,
        "recipe": subject.recipe,
        "why": recipe.purpose if recipe else "",
        "breaks": recipe.breaks if recipe else "",
        "management": subject.management,
    }


APART = ("dynamic", "management")


def index_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Index endpoints as other plays need them: which ports a recipe or an owner has, and who is at a port, on which scope.

    A dynamic port has a number of this boot; look it up by its recipe or its owner.
    """
    by_recipe: dict[str, dict[str, None]] = {}
    by_owner: dict[str, dict[str, None]] = {}
    by_port: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = f"{row['protocol']}/{row['ports'] or row['port']}"
        if row["recipe"]:
            by_recipe.setdefault(row["recipe"], {})[name] = None
        for owner in row["owners"]:
            by_owner.setdefault(owner, {})[name] = None
        held = by_port.setdefault(name, {"owners": [], "recipe": row["recipe"], "scopes": [], **{key: row[key] for key in APART}})
        held["owners"] += [owner for owner in row["owners"] if owner not in held["owners"]]
        held["scopes"] += [row["scope"]] if row["scope"] not in held["scopes"] else []
        held["recipe"] = held["recipe"] or row["recipe"]
    return {
        "by_recipe": {recipe: list(names) for recipe, names in by_recipe.items()},
        "by_owner": {owner: list(names) for owner, names in by_owner.items()},
        "by_port": by_port,
    }


def suspects_of(listing: Listing) -> list[dict[str, Any]]:
    """Show the rows that are probably no listeners."""
    return [{**row_of(endpoint, count=count), "reason": reason} for endpoint, reason, count in suspicions(listing.suspects)]


def change_of(change: Change, after: object, status: str) -> dict[str, Any]:
    """Show a change; `after` is what was read, or in check mode what is planned."""
    return {
        "stage": change.stage,
        "target": change.target,
        "before": change.shown[0],
        "after": after,
        "effective": change.effective,
        "why": change.why,
        "status": status,
    }


def unchanged_of(plan: Plan) -> list[dict[str, Any]]:
    """Show what a plan leaves alone, and why; a crowd that is left alone for one reason is one row, which names the first."""
    groups: dict[object, list[str]] = {}
    for item in plan.unchanged:
        groups.setdefault((item.stage, item.reason, item.detail), []).append(item.target)
    rows: list[dict[str, Any]] = []
    for item in plan.unchanged:
        targets = groups[item.stage, item.reason, item.detail]
        more = len(targets) - 1 if len(targets) > CROWD else 0
        if not more or item.target == targets[0]:
            target = f"{item.target} and {more} more" if more else item.target
            rows.append({"stage": item.stage, "target": target, "reason": item.reason, "detail": item.detail})
    return rows


def skipped_of(skipped: Sequence[Skipped]) -> list[dict[str, Any]]:
    """Show the recipes that a plan passes over, in the form of `unchanged_of`."""
    return [{"stage": "", "target": f"recipe {item.recipe.id}", "reason": item.reason, "detail": item.detail} for item in skipped]


def hazards_of(findings: Sequence[reach.FoundHazard]) -> list[dict[str, Any]]:
    """Show the hazards that are about a plan."""
    return [
        {
            "id": finding.hazard.id,
            "gate": finding.hazard.gate,
            "what": finding.hazard.what,
            "evidence": finding.evidence,
            "detected": finding.detected,
            "affects": finding.affects,
            "accepted": finding.accepted,
            "confidence": finding.hazard.confidence,
        }
        for finding in findings
    ]


def residue_of(residue: Sequence[Residue], knowledge: Knowledge, rpc_map: EndpointMap = UNASKED) -> list[dict[str, Any]]:
    """Show what stays open, why, and what an administrator can do about it."""
    return fewer(
        {
            **interfaces_of(item.subject, knowledge, rpc_map),
            **row_of(item.subject.endpoint),
            "dynamic": item.subject.dynamic,
            "owner": item.subject.owner,
            "owners": item.subject.owners,
            "recipe": item.subject.recipe,
            "why": item.why,
            "instead": item.instead,
            "filtered": item.filtered,
        }
        for item in residue
    )


def finding_of(finding: Finding) -> dict[str, Any]:
    """Show what the proof found of one endpoint."""
    row = row_of(finding.endpoint, count=finding.count)
    return {
        **row,
        "dynamic": finding.dynamic,
        "owner": finding.owner,
        "recipe": finding.recipe,
        "outcome": finding.outcome,
        "holds": finding.holds,
        "why": finding.why,
    }


def proof_of(proof: Proof) -> dict[str, Any]:
    """Show a proof."""
    return {
        "verdict": proof.verdict,
        "reasons": proof.reasons,
        "booted": proof.booted,
        "notes": proof.notes,
        "open_listeners": sum(finding.count for finding in proof.open_listeners),
        "endpoints": [finding_of(finding) for finding in proof.findings],
    }


def snapshots_of(stored: Stored | None) -> list[dict[str, Any]]:
    """Show the snapshots of a host, oldest first; one that cannot be read has no objects."""
    if stored is None:
        return []
    shown = [_snapshot_of(item.run, [snapshot.plain(saved) for saved in item.saved]) for item in stored.snapshots]
    return [*shown, *(_snapshot_of(name, [], readable=False) for name in stored.unreadable)]


def _snapshot_of(run: str, objects: Sequence[Mapping[str, Any]], *, readable: bool = True) -> dict[str, Any]:
    return {"run": run, "readable": readable, "stages": dict(Counter(row["stage"] for row in objects)), "objects": list(objects)}


def gone(before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> int:
    """Count the endpoints of one listing that are not in another, without those of the loopback."""
    return (_keys(before) - _keys(now)).total()


def _keys(rows: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str, str]]:
    """Count endpoints by what is the same in two listings: each fixed port, also of a row that stands for many, and crowds by owner."""
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if row["scope"] != Scope.LOOPBACK:
            many = row["count"] > 1
            places = ports_from(row["ports"]) if row.get("ports") else (f"of {row.get('owner', '')}" if many else row["port"],)
            for place in places:
                found[row["protocol"], row["address"], str(place)] += 1 if row.get("ports") else row["count"]
    return found
