# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook `report`: of a new audit, of files, on the controller and on another host."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from winsim.server import HostSpec, Simulation

from .harness import HERE, on, play, variables

pytestmark = pytest.mark.slow
PLAYBOOK = "netmin.windows.report"


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """Start two hosts."""
    with Simulation([HostSpec(scenario="windows_xp"), HostSpec(scenario="windows_10")]) as running:
        yield running


def test_audits_and_reports_hosts_that_fail_as_well(simulation: Simulation, tmp_path: Path) -> None:
    gone = {"gone01": variables(simulation.hosts[0], ansible_port=1)}
    given = {"target": "windows", "report_dest": f"{tmp_path}/r/", "report_formats": ["html", "json"]}
    played = play({**on(simulation), **gone}, arguments=["-e", json.dumps(given)], playbook=PLAYBOOK)
    assert played.returncode == 0, played.output
    content = json.loads((tmp_path / "r/report.json").read_text(encoding="utf-8"))
    assert not [host["failure"] for host in content["hosts"] if host["verdict"] == "refused"]
    verdicts = {host["host"]: host["verdict"] for host in content["hosts"]}
    assert verdicts.pop("gone01") == "not reached"
    assert set(verdicts.values()) == {"listed"}
    assert content["hosts"][0]["failed"]
    assert stat.S_IMODE((tmp_path / "r/report.html").stat().st_mode) == 0o600


def test_reports_what_drifted_from_a_baseline(simulation: Simulation, tmp_path: Path) -> None:
    hosts = on(simulation)
    file = tmp_path / "baseline.yml"
    entry = {"recipe": "smb-445", "reason": "files", "owner": "somebody"}
    file.write_text(yaml.safe_dump({"version": 1, "groups": {"all": [entry]}}), encoding="utf-8")
    given = {"target": "windows", "report_dest": f"{tmp_path}/r/", "report_formats": ["json"], "report_baseline": str(file)}
    played = play(hosts, arguments=["-e", json.dumps(given)], playbook=PLAYBOOK)
    assert played.returncode == 0, played.output
    content = json.loads((tmp_path / "r/report.json").read_text(encoding="utf-8"))
    assert {host["verdict"] for host in content["hosts"]} == {"drifted"}
    assert all(host["ports"] for host in content["hosts"])
    told = [row["message"] for row in content["findings"]]
    states = {(host["host"], port["port"]): port["state"] for host in content["hosts"] for port in host["ports"]}
    assert {state for (_host, port), state in states.items() if port == 445} == {"allowed"}
    assert content["states"]["allowed"] == sum(
        port["count"] for host in content["hosts"] for port in host["ports"] if port["state"] == "allowed"
    )
    assert any("tcp/135" in text for text in told)
    assert not any("tcp/445" in text for text in told)


def test_reports_what_a_report_of_before_left_on_another_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_CONNECTION_PLUGINS", str(HERE / "connection_plugins"))
    listed = {"host": "web01", "audit_result": {"listeners": [], "windows": {}, "stats": {"at": "2026-03-02T21:09:00+00:00"}}}
    (tmp_path / "in").mkdir()
    (tmp_path / "in/x.json").write_text(json.dumps(listed), encoding="utf-8")
    given: dict[str, Any] = {"report_host": "files", "report_dest": f"{tmp_path}/there/", "report_files": [f"{tmp_path}/in"]}
    given |= {"report_formats": ["html", "csv"], "report_mode": "0640"}
    hosts = {"files": {"ansible_connection": "elsewhere", "ansible_python_interpreter": sys.executable}}
    for changed in (True, False):
        played = play(hosts, arguments=["-e", json.dumps(given)], playbook=PLAYBOOK)
        assert played.returncode == 0, played.output
        (outcome,) = [one for one in played.outcomes if "differences" in one.result]
        assert outcome.result["changed"] is changed
    assert stat.S_IMODE((tmp_path / "there/report.csv").stat().st_mode) == 0o640
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["report.csv", "report.html"]
