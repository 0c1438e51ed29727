# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tasks return of one host, in bytes: little unless all of it is asked for, and never without a bound."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import listeners_info, proof_info, snapshot_info
from ansible_collections.netmin.windows.plugins.action import minimize as minimize_plugin
from ansible_collections.netmin.windows.plugins.action import restore as restore_plugin
from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, simulated

SERVICE = r"{name: Bulk, display: Bulk service, start: auto, image: 'C:\Bulk\bulk.exe'}"
ONE_PORT = "{{repeat: {count}, owner: Bulk, protocol: {protocol}, port: '{port}', ipv4_only: true}}"
SOCKETS = {
    "2,500 sockets": "{repeat: 2500, owner: Bulk, protocol: udp, port: 0, ipv4_only: true}",
    "10,000 fixed ports": ONE_PORT.format(count=10_000, protocol="tcp", port="<n+20000>"),
    "10,000 fixed ports that are no range": ONE_PORT.format(count=10_000, protocol="udp", port="<n*3+30000>"),
}
HOSTS = {
    "windows_server_2022": "windows_server_2022",
    "windows_xp": "windows_xp",
    "windows_10": "windows_10",
    "domain controller": "windows_server_2022+hazard_domain_controller",
    "200 adapters": "windows_server_2022+many_adapters",
}
MOST = {"summary": 25_000, "full": 200_000}
# A domain controller listens at twice as many ports.
MORE = {("domain controller", "summary"): 32_000}
# A diff has all settings, and each listener.
DIFF = 45_000


@dataclass(frozen=True)
class Step:
    """One task of the way there and back.

    Attributes:
        returns: what it returns; what only reads is done once for each.
    """

    action: type[WindowsAction]
    boots: bool = False
    check: bool = False
    returns: tuple[str, ...] = ("summary", "full")


STEPS: Mapping[str, Step] = {
    "audit": Step(listeners_info.ActionModule),
    "check": Step(minimize_plugin.ActionModule, check=True),
    "first": Step(minimize_plugin.ActionModule, returns=("summary",)),
    "proof": Step(proof_info.ActionModule, boots=True),
    "second": Step(minimize_plugin.ActionModule),
    "snapshots": Step(snapshot_info.ActionModule),
    "way back": Step(restore_plugin.ActionModule, check=True),
    "restore": Step(restore_plugin.ActionModule, returns=("full",)),
}
"""Check mode and the run itself return the same, but for the snapshot."""
# The simulator takes its time with ten thousand sockets.
SHORT = ("audit", "check", "proof")
Results = Mapping[tuple[str, str], dict[str, Any]]


def task(host: Simulated, step: Step, detail: str) -> dict[str, Any]:
    """Carry one task out; a summary is what nobody has to ask for."""
    options: dict[str, Any] = {} if detail == "summary" else {"detail": detail}
    done = act(step.action, host, check=step.check, diff=True, **options)
    assert done.error is None, str(done.error)
    assert not done.result.get("failed"), done.result.get("msg")
    return done.result


@cache
def results_of(kind: str, folder: Path) -> Results:
    """List, plan, close, prove, show and put back, and return the results by step and detail."""
    scenario = HOSTS.get(kind)
    if scenario is None:
        path = folder / f"{kind}.yml"
        path.write_text(
            f"extends: windows_server_2022\ntitle: '{kind}'\nservices:\n  - {SERVICE}\nsockets:\n  - {SOCKETS[kind]}\n", encoding="utf-8"
        )
        scenario = str(path)
    results: dict[tuple[str, str], dict[str, Any]] = {}
    with simulated(scenario) as host:
        host.boot()
        for name, step in STEPS.items():
            if kind in SOCKETS and name not in SHORT and "10,000" in kind:
                continue
            if step.boots:
                host.boot()
            results |= {(name, detail): task(host, step, detail) for detail in step.returns}
    return results


def of(detail: str, results: Results) -> dict[str, dict[str, Any]]:
    """Return what has one detail, by step."""
    return {name: result for (name, returned), result in results.items() if returned == detail}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scenarios")


def size(value: object) -> int:
    return len(json.dumps(value))


@pytest.mark.parametrize("kind", [*HOSTS, *SOCKETS])
def test_a_result_is_small_unless_more_is_asked_for(kind: str, folder: Path) -> None:
    most = MORE.get((kind, "summary"), MOST["summary"])
    for name, result in of("summary", results_of(kind, folder)).items():
        without = {key: value for key, value in result.items() if key != "diff"}
        assert size(without) < most, f"{name}: {size(without)} bytes: {parts(without)}"
        assert size(result.get("diff")) < DIFF, f"{name}: the diff has {size(result['diff'])} bytes"


@pytest.mark.parametrize("kind", [*HOSTS, *list(SOCKETS)[:2]])
def test_a_full_result_has_a_bound(kind: str, folder: Path) -> None:
    for name, result in of("full", results_of(kind, folder)).items():
        assert size(result) < MOST["full"], f"{name}: {size(result)} bytes: {parts(result)}"


def parts(result: Mapping[str, Any]) -> dict[str, int]:
    return {key: size(value) for key, value in result.items() if size(value) > 1000}


def endpoints(rows: Iterable[Mapping[str, Any]], *fields: str) -> Counter[tuple[Any, ...]]:
    """Count endpoints by what is said of them."""
    found: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        found[tuple(row[field] for field in fields)] += row["count"]
    return found


FORECAST = ("protocol", "port", "scope", "owner", "recipe", "outlook", "why")
RESIDUE = ("protocol", "scope", "owner", "recipe", "why", "instead", "filtered")
FINDING = ("protocol", "port", "scope", "owner", "outcome", "holds", "why")
LISTENER = ("protocol", "port", "scope", "owner", "recipe", "management", "why")
SAME = ("summary", "unchanged", "reboot_required", "windows", "warnings", "suspected", "confirm", "record_file")


@pytest.mark.parametrize("kind", HOSTS)
def test_the_summary_drops_no_fact_about_a_listener(kind: str, folder: Path) -> None:
    small, whole = (of(detail, results_of(kind, folder)) for detail in ("summary", "full"))
    for name in ("check", "second", "way back"):
        few, all_of_them = small[name], whole[name]
        assert endpoints(few["forecast"], *FORECAST) == endpoints(all_of_them["forecast"], *FORECAST), name
        assert endpoints(few["residue"], *RESIDUE) == endpoints(all_of_them["residue"], *RESIDUE), name
        named = [{key: value for key, value in row.items() if key != "targets"} for row in all_of_them["changes"]]
        assert few["changes"] == named, name
        assert {key: few[key] for key in SAME} == {key: all_of_them[key] for key in SAME}, name
    assert endpoints(small["proof"]["proof"]["endpoints"], *FINDING) == endpoints(whole["proof"]["proof"]["endpoints"], *FINDING)
    assert endpoints(small["audit"]["listeners"], *LISTENER) == endpoints(whole["audit"]["listeners"], *LISTENER)


def test_a_full_result_names_each_adapter_of_a_crowd(folder: Path) -> None:
    results = results_of("200 adapters", folder)
    (crowd,) = (row for row in results["check", "full"]["changes"] if row["count"] > 1)
    assert crowd["count"] == len(set(crowd["targets"])) > 150
    assert crowd["target"] == f"{crowd['targets'][0]} and {crowd['count'] - 1} more"
    (short,) = (row for row in results["first", "summary"]["changes"] if row["count"] > 1)
    assert "targets" not in short
    assert short["status"] == "done"


def test_only_diff_mode_has_a_diff() -> None:
    with simulated("windows_xp") as host:
        host.boot()
        assert "diff" not in act(minimize_plugin.ActionModule, host, check=True).result
        assert "diff" in act(minimize_plugin.ActionModule, host, check=True, diff=True).result


def test_both_families_of_a_listener_are_one_row(folder: Path) -> None:
    rows = results_of("windows_server_2022", folder)["check", "summary"]["forecast"]
    (smb,) = (row for row in rows if row["port"] == 445)
    assert (smb["address"], smb["count"], smb["ports"]) == ("0.0.0.0, ::", 2, None)
    assert len(rows) == len({(row["protocol"], row["port"], row["scope"]) for row in rows})


def test_a_record_on_the_controller_has_all_whatever_the_task_returns(tmp_path: Path) -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        done = act(minimize_plugin.ActionModule, host, record_dir=str(tmp_path))
    kept = json.loads(Path(done.result["record_file"]).read_text(encoding="utf-8"))
    assert {"before", "after", "listeners_before", "listeners", "snapshot", "forecast", "residue", "unchanged", "hazards"} <= kept.keys()
    assert len(kept["forecast"]) > len(done.result["forecast"])
    assert len(kept["listeners_before"]) > 20
