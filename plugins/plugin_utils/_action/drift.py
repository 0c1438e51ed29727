# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that compares a host with its baseline, and the one that sums up all hosts, which opens no session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._baseline import fleet
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.allowed import Allowed
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.drift import Difference, Found, differences, permitted
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.fleet import FAIL_ON, WORDS
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import UNASKED
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast import settle, stored
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import prove
from ansible_collections.netmin.windows.plugins.plugin_utils._host import netbios
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import read_firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, read_host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import strangers
from ansible_collections.netmin.windows.plugins.plugin_utils._host.rpc_filters import read_rpc_filters
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._run.detail import Detail, listed
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import KNOWLEDGE, RPC_ENDPOINTS
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import (
    endpoint_of,
    fewer,
    plain,
    rpc_map_of,
    rpc_warnings,
    suspects_of,
    windows_of,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import explain, take_listing
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import rpc_restriction
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import parts, record, snapshot, standing
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.standing import Undone

from .base import WindowsAction
from .baseline import allowed_on
from .mapper import mapper_of
from .screen import Screen

KINDS = {"type": "list", "elements": "str", "choices": list(WORDS)}


@dataclass(frozen=True, slots=True)
class Left:
    """What our runs left on a host, held against what is there now.

    Attributes:
        warnings: of what could not be read, or says nothing.
    """

    undone: tuple[Undone, ...] = ()
    warnings: tuple[str, ...] = ()


class DriftAction(WindowsAction):
    """Lists endpoints as an audit does, and compares them with the baseline."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "baseline": {"type": "path", "default": "baseline.yml"},
        "settings": {"type": "bool", "default": True},
        "listeners": {"type": "bool", "default": False},
        "fail_on": {**KINDS, "default": []},
        **RPC_ENDPOINTS,
    }
    _allowed: Allowed
    _remarks: Sequence[str] = ()

    def completed(self, options: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Read the baseline."""
        if options.get("baseline"):
            self._allowed, self._remarks = allowed_on(self._loader, options["baseline"], self.host_name, task_vars)
        return options

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Read no more than is compared: a plan needs adapters and dependencies, and this makes none."""
        session = self.open_session()
        host = read_host(session, KNOWLEDGE, planning=False)
        states = {rpc_restriction.NAME: {rpc_restriction.PORTS: read_setting(session, rpc_restriction.PORTS)}}
        listing = take_listing(session, host, KNOWLEDGE)
        ask_mapper = mapper_of(self, session, wanted=bool(options.get("rpc_endpoints")))
        rpc_map = UNASKED if ask_mapper is None else ask_mapper()
        host, explained = explain(session, host, KNOWLEDGE, states, listing, rpc_map)
        names = parts.names_in(session) or {}
        if any(name.lower() == RULES for name in names):
            host = replace(host, firewall=read_firewall(session, host, wanted=False))
        warnings = [
            *self._remarks,
            *(text for text in self._allowed.warnings() if " ended on " in text),
            *strangers(explained),
            *rpc_warnings(rpc_map),
        ]
        forecast = None
        if stored.FORECAST in names:
            try:
                forecast = record.read_record(session)
            except stored.RecordUnreadable as error:
                warnings.append(str(error))
        proof = prove(forecast, explained, host, listing.suspects) if forecast is not None else None
        left = left_by_runs(session, host, names) if options["settings"] else Left()
        found = Found(explained, host, proof, forecast.run if forecast is not None else "", left.undone)
        told = differences(found, self._allowed, KNOWLEDGE)
        result = self._result(options, found, told, [*warnings, *left.warnings, *_unsettled(host)]) | {"suspected": suspects_of(listing)}
        result |= rpc_map_of(rpc_map)
        if options["listeners"]:
            result["listeners"] = plain(listed(fewer(endpoint_of(subject, KNOWLEDGE, rpc_map) for subject in explained), Detail.SUMMARY))
        return result

    def _result(self, options: Mapping[str, Any], found: Found, told: Sequence[Difference], warnings: list[str]) -> dict[str, Any]:
        bad = [item for item in told if WORD_OF[item.kind] in options["fail_on"]]
        counts = Counter(WORD_OF[item.kind] for item in told)
        result = {
            "changed": False,
            "drifted": any(WORD_OF[item.kind] in FAIL_ON for item in told),
            "baseline": self._allowed.file,
            "entries": len(self._allowed.entries),
            "findings": [_plain(item, self._allowed) for item in told],
            "allowed": plain(permitted(found.explained, self._allowed, KNOWLEDGE)),
            "counts": {word: counts[word] for word in WORDS if counts[word]},
            "windows": windows_of(found.host),
            "warnings": warnings,
            "msg": f"{self.host_name}: {fleet.verdict(counts)}",
        }
        return result | ({"failed": True, "msg": f"{self.host_name}: {'; '.join(item.message for item in bad)}"} if bad else {})


RULES = "filterrules"
WORD_OF = {kind: word for word, kind in WORDS.items()}


def _plain(item: Difference, allowed: Allowed) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "message": item.message,
        "file": allowed.file if item.line else None,
        "line": item.line or None,
        "protocol": item.protocol or None,
        "ports": item.ports or None,
        "addresses": item.addresses,
        "owner": item.owner or None,
        "recipe": item.recipe or None,
    }


def _unsettled(host: Host) -> list[str]:
    """Say of a host that has just booted that services may still be starting."""
    uptime = host.boot.uptime
    if uptime is None or uptime >= settle.DELAYED_WINDOW:
        return []
    return [f"the host booted {uptime:.0f} seconds ago: services may still be starting, so run this again later before you act on it"]


def left_by_runs(reader: Reader, host: Host, names: Mapping[str, object]) -> Left:
    """Read what our runs touched, and tell which of it is no longer as the last of them left it.

    A read for each run and for each registry value; the list of changes only where something differs.
    """
    if not any(name.startswith(snapshot.PREFIX) for name in names):
        return Left()
    kept = snapshot.read_snapshots(reader)
    warnings = [snapshot.damage(kept.unreadable, kept.newer)] if kept.unreadable else []
    goals = standing.touched(kept.snapshots)
    if standing.needs_rpc_filters(goals):
        host = replace(host, rpc_filters=(filters := read_rpc_filters(reader, host)))
        warnings += [f"filters of RPC calls are not compared: {filters.unknown}"] if filters.unknown else []
    now = {setting: value for setting in standing.settings_of(goals) if (value := _known(reader, setting)) is not UNKNOWN}
    differs = standing.undone(kept.snapshots, goals, now, host)
    if not differs:
        return Left((), tuple(warnings))
    history = record.read_history(reader)
    back = record.read_restored(reader) if any(name.lower() == record.RESTORED_BY_HOST.lower() for name in names) else None
    unfinished = history.unfinished() | ({back} if back else set())
    told = standing.undone(kept.snapshots, goals, now, host, unfinished)
    for run in sorted({item.run for item in differs} - {item.run for item in told}):
        why = "was undone by the host, since nobody confirmed it" if run == back else "did not make all of its changes"
        warnings.append(f"run {run} {why}: what it was to set is not compared; run netmin.windows.minimize again")
    return Left(told, tuple(warnings))


UNKNOWN = RegistryValue.text("")
"""Stands for a value of which nobody knows what it is: its adapter is gone, and Windows took the key along."""


def _known(reader: Reader, setting: Setting) -> RegistryValue | None:
    value = read_setting(reader, setting)
    gone = value is None and netbios.is_option(setting.place) and reader.value_types(setting.key) is None
    return UNKNOWN if gone else value


class DriftSummaryAction(WindowsAction):
    """Reads what `drift_info` has found on each host."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "fail_on": {**KINDS, "default": list(FAIL_ON)},
        "strict": {"type": "bool", "default": False},
        "show": {"type": "bool", "default": False},
    }
    touches_host = False
    hostvars: Mapping[str, Any] = {}

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run the task with the variables of all hosts at hand."""
        self.hostvars = (task_vars or {}).get("hostvars") or {}
        return super().run(tmp, task_vars)

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Judge each host, and end as the hosts have ended where that is asked for."""
        rows = [fleet.judge(name, self.hostvars.get(name) or {}, options["fail_on"]) for name in options["hosts"]]
        if options["strict"]:
            bad = [row for row in rows if row.ended in (fleet.Ended.DRIFTED, fleet.Ended.FAILED)]
            lost = [row for row in rows if row.ended is fleet.Ended.NOT_REACHED]
            if bad or lost:
                told = "; ".join(f"{row.host}: {row.why}" for row in (bad or lost))
                return {"changed": False, "failed" if bad else "unreachable": True, "msg": told}
        if options["show"]:
            Screen(hidden=bool(self._task.no_log)).show(lambda paper: ["", *fleet.lines(rows, paper.width)])
        return {
            "changed": False,
            "hosts": [fleet.plain(row) for row in rows],
            "totals": fleet.totals(rows),
            "lines": fleet.lines(rows),
        }
