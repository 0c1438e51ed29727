# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An inventory in three slices, each a job of its own on a node of its own, as AWX runs them: `transmit | worker | process`.

AWX gives slice `n` of `m` every m-th host from the n-th on (from memory: awx/main/models/inventory.py, get_sliced_hosts).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from winsim.server import Host, HostSpec, Simulation

from .harness import ROOT, listeners, on, window

pytestmark = pytest.mark.slow

SLICES = 3
HOSTS = ("web1", "web2", "web3", "web4", "web5", "web6")
# The canary of the second slice, which has web2 and web5.
LOST, NOT_STARTED = "web2", "web5"
RUNNER = Path(sys.executable).with_name("ansible-runner")
# ansible-runner sets it to the folder of the node that travels back to the controller.
RECORDS = "{{ lookup('ansible.builtin.env', 'AWX_ISOLATED_DATA_DIR') }}/records"
GIVEN = {"target": "windows", "minimize_reboot": True, "minimize_reboot_interval": 1, "verify_interval": 1, "minimize_record_dir": RECORDS}


@dataclass(frozen=True)
class Job:
    """What a slice has left on the controller."""

    hosts: tuple[str, ...]
    artifacts: Path

    @property
    def status(self) -> int:
        return int((self.artifacts / "rc").read_text(encoding="utf-8"))

    @property
    def output(self) -> str:
        return (self.artifacts / "stdout").read_text(encoding="utf-8")


def slice_of(folder: Path, number: int, simulation: Simulation) -> Job:
    """Write the folder that the controller sends for a slice."""
    names = HOSTS[number::SLICES]
    every = on(simulation)
    hosts = {name: {**every[name], **({"ansible_port": 9} if name == LOST else {})} for name in names}
    sent = folder / f"sent{number}"
    for part, content in (("inventory/hosts.yml", {"windows": {"hosts": hosts}}), ("env/extravars", GIVEN), ("project/none.yml", [])):
        path = sent / part
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return Job(names, folder / f"received{number}" / "artifacts" / f"slice{number}")


def start(folder: Path, number: int) -> subprocess.Popen[bytes]:
    """Start one slice; its worker knows nothing but what comes in through the pipe."""
    node = folder / f"node{number}"
    node.mkdir()
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
        "PATH": f"{RUNNER.parent}:{os.environ['PATH']}",
        "no_proxy": "127.0.0.0/8",
    }
    runner, ident = str(RUNNER), f"slice{number}"
    script = (
        f'"{runner}" transmit "{folder}/sent{number}" -p netmin.windows.minimize -i {ident} '
        f'| (cd "{node}" && "{runner}" worker --private-data-dir "{node}/job") '
        f'| "{runner}" process "{folder}/received{number}" -i {ident}'
    )
    return subprocess.Popen(["/bin/sh", "-c", script], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation([HostSpec(scenario="windows_xp", name=name, boot_seconds=1) for name in HOSTS]) as made:
        yield made


@pytest.fixture(scope="module")
def jobs(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, ...]:
    if not RUNNER.exists():
        pytest.skip("ansible-runner is not installed; `make setup` installs it")
    folder = tmp_path_factory.mktemp("slices")
    made = tuple(slice_of(folder, number, simulation) for number in range(SLICES))
    for process in [start(folder, number) for number in range(SLICES)]:
        output, _none = process.communicate(timeout=600)
        assert process.returncode is not None, output
    assert all((job.artifacts / "rc").is_file() for job in made), [str(path) for path in folder.rglob("rc")]
    return made


def journal(host: Host) -> int:
    """Return how many requests have reached a host."""
    return len(window(host, "journal")["requests"])


def test_each_slice_closes_and_proves_its_own_hosts(jobs: tuple[Job, ...], simulation: Simulation) -> None:
    for job in (jobs[0], jobs[2]):
        assert job.status == 0, job.output
        assert "2 hosts: 2 proven" in job.output
        for name in HOSTS:
            assert (f"{name} " in job.output) is (name in job.hosts), name
        for name in job.hosts:
            assert listeners(simulation[name]) == {("tcp", "0.0.0.0", 5985)}


def test_a_canary_stops_its_own_slice_and_no_other(jobs: tuple[Job, ...], simulation: Simulation) -> None:
    assert jobs[1].status != 0
    assert f"not started: {NOT_STARTED}" in jobs[1].output
    assert journal(simulation[NOT_STARTED]) == 0
    assert {job.status for job in (jobs[0], jobs[2])} == {0}


def test_each_slice_has_a_canary(jobs: tuple[Job, ...]) -> None:
    for job in (jobs[0], jobs[2]):
        first, second = (job.output.index(f"[{name}]") for name in job.hosts)
        summary = job.output.index("Summarize the run")
        assert first < summary < second, "the second host has started before the first one was proven"


def test_records_travel_back_to_the_controller(jobs: tuple[Job, ...]) -> None:
    for job in (jobs[0], jobs[2]):
        kept = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((job.artifacts / "records").iterdir())]
        assert [(record["host"], record["ended"]) for record in kept] == [(name, True) for name in job.hosts]
        assert all(record["snapshot"] and record["listeners_before"] for record in kept)
    assert not (jobs[1].artifacts / "records").exists()


def test_the_summary_is_among_the_events_of_the_job(jobs: tuple[Job, ...]) -> None:
    for job in (jobs[0], jobs[2]):
        events = [json.loads(path.read_text(encoding="utf-8")) for path in (job.artifacts / "job_events").glob("*.json")]
        assert any("2 hosts: 2 proven" in event.get("stdout", "") for event in events)
        ended = [event["event_data"] for event in events if event["event"] == "runner_on_ok"]
        results = {data["host"]: data["res"] for data in ended if data["task"] == "Close unneeded ports"}
        assert sorted(results) == sorted(job.hosts)
        assert all(len(json.dumps(result)) < 25_000 for result in results.values())
