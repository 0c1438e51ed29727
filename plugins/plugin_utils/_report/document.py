# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as JSON, by `schema/report.json`; and an earlier one, read again. This is the form for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

from . import files
from .report import Report, tidied
from .view import HostView, Port, State

SCHEMA = 1
SCHEMA_FILE = Path(__file__).parent / "schema/report.json"


def plain(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    return {
        "schema_version": SCHEMA,
        "kind": files.KIND,
        "title": report.title,
        "made": report.fleet.made,
        "verdicts": report.verdicts(),
        "states": {str(state): count for state, count in report.states().items()},
        "families": list(report.fleet.families()),
        "hosts": [_host(host) for host in report.fleet.hosts],
        "recipes": {name: dict(known) for name, known in report.fleet.recipes.items()},
        "findings": [asdict(finding) for finding in report.findings],
        "since": None if report.since is None else asdict(report.since),
        "notes": list(report.notes),
    }


def _host(host: HostView) -> dict[str, Any]:
    found = {name: getattr(host, name) for name in ("host", "verdict", "failed", "failure", "taken", "windows", "windows_id", "run")}
    return {
        **found,
        "check_mode": host.check_mode,
        "ports": [_port(row) for row in host.ports],
        "changes": [asdict(row) for row in host.changes],
        "refusals": [asdict(row) for row in host.refusals],
        "todo": host.todo,
        "back": host.back,
        "warnings": host.warnings,
        "notes": host.notes,
        "outside": host.outside,
    }


def _port(row: Port) -> dict[str, Any]:
    # As asdict, which copies everything and takes seconds for a fleet.
    return {**{name: getattr(row, name) for name in NAMES}, "family": row.family}


NAMES = tuple(Port.__dataclass_fields__)


def render(report: Report) -> str:
    """Return the JSON text."""
    return json.dumps(plain(report), ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"


def read_hosts(path: Path) -> tuple[str, tuple[HostView, ...]]:
    """Return when an earlier report was made, and what a comparison needs of its hosts.

    Raises:
        InvalidOption: the file is no report of ours.
    """
    try:
        content = files.load(path)
    except files.NotOurs as error:
        raise InvalidOption(f"{excerpt(path)} is no earlier report: {error}") from error
    if not isinstance(content, Mapping) or content.get("kind") != files.KIND or content.get("schema_version") != SCHEMA:
        raise InvalidOption(f"{excerpt(path)} is no earlier report: name the JSON that 'formats: [json]' wrote")
    try:
        return tidied(str(content["made"])), tuple(tidied(_read_host(host)) for host in content["hosts"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidOption(f"{excerpt(path)} is damaged: {excerpt(error)}") from error


def _read_host(host: Mapping[str, Any]) -> HostView:
    return HostView(host=str(host["host"]), verdict=str(host["verdict"]), ports=tuple(_read_port(row) for row in host["ports"]))


def _read_port(row: Mapping[str, Any]) -> Port:
    return Port(
        protocol=str(row["protocol"]),
        port=int(row["port"]),
        addresses=(),
        scope=Scope(row["scope"]),
        owner=str(row["owner"]),
        state=State(row["state"]),
        why="",
        ports=str(row["ports"]),
        dynamic=bool(row["dynamic"]),
        recipe=str(row["recipe"]),
    )
