# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host in a file, by real ansible-playbook processes: capture, plan on it, anonymize, plan on that in another folder."""

from __future__ import annotations

import json
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from winsim.server import HostSpec, Simulation

from .harness import Played, changes, on, play

CAPTURE = "netmin.windows.capture"
MINIMIZE = {"name": "plan", "netmin.windows.minimize": {}}
# The connections of our own session are others each time.
LEFT_OUT = ("run", "stats", "invocation", "boot", "management")


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """Start two hosts."""
    with Simulation([HostSpec(scenario="windows_server_2022", name="web01"), HostSpec(scenario="windows_xp", name="old01")]) as found:
        yield found


def in_files(simulation: Simulation, folder: Path, **more: Any) -> dict[str, dict[str, Any]]:
    """Return the hosts as files, with their addresses."""
    variables = {"ansible_connection": CAPTURE, "netmin_windows_capture_dir": str(folder), "netmin_windows_capture_max_age": 1, **more}
    return {name: {"ansible_host": given["ansible_host"], **variables} for name, given in on(simulation).items()}


def planned(played: Played, host: str) -> dict[str, Any]:
    """Return what a plan says."""
    result = {name: part for name, part in played.of(host, "plan").result.items() if name not in LEFT_OUT and not name.startswith("_")}
    found: dict[str, Any] = json.loads(json.dumps(result))
    return found


def test_a_host_in_a_file_is_planned_for_as_the_host_is(simulation: Simulation, tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    taken = play(
        on(simulation),
        playbook=CAPTURE,
        arguments=("-e", json.dumps({"target": "windows", "capture_dir": str(folder), "capture_wire": True})),
    )
    assert taken.returncode == 0, taken.output
    assert "web01: asks for the settings of services (0 of " in taken.output
    assert "Replaced" not in taken.output
    # Windows XP has no class of what the task scheduler runs.
    assert taken.output.count("The host refused 1 of the reads, which the file says: query of Win32_ScheduledJob at old01") == 1
    assert "query of Win32_ScheduledJob at web01" not in taken.output
    for host in simulation.hosts:
        assert changes(host) == 0
        path = folder / f"{on(simulation)[host.name]['ansible_host']}.zip"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with zipfile.ZipFile(path) as archive:
            assert {name.partition("/")[0] for name in archive.namelist()} == {"capture.json", "wire"}
    there = play(on(simulation), [MINIMIZE], arguments=("--check",))
    here = play(in_files(simulation, folder), [MINIMIZE], arguments=("--check",))
    for host in simulation.hosts:
        assert planned(here, host.name) == planned(there, host.name)

    for task, said in (
        (MINIMIZE, "this is a capture of web01 of"),
        ({"name": "plan", "netmin.windows.reboot": {}}, "and a capture cannot be changed"),
        ({"name": "plan", "ansible.builtin.setup": {}}, "this host is a file (connection netmin.windows.capture)"),
        ({"name": "plan", "ansible.builtin.wait_for_connection": {}}, "this host is a file (connection netmin.windows.capture)"),
        ({"name": "plan", "netmin.windows.capture": {"dir": str(folder)}}, "this host is a capture already"),
    ):
        outcome = play({"web01": in_files(simulation, folder)["web01"]}, [task]).of("web01", "plan")
        assert outcome.status in ("failed", "unreachable")
        assert said in outcome.message, outcome.message

    # The file of the host that the task is delegated to, and never that of the host of the play.
    listed = {"name": "plan", "netmin.windows.listeners_info": {}, "delegate_to": "old01"}
    hosts = in_files(simulation, folder)
    delegated = play(hosts, [listed], arguments=("--limit", "web01")).of("web01", "plan")
    assert delegated.result["windows"]["id"] == "windows_xp"
    swapped = {"web01": {**hosts["web01"], "ansible_host": hosts["old01"]["ansible_host"]}}
    assert "is a capture of 'old01' and not of 'web01'" in play(swapped, [MINIMIZE], arguments=("--check",)).of("web01").message

    given = tmp_path / "given away"
    source = str(folder / f"{hosts['web01']['ansible_host']}.zip")
    anonymize = {"name": "plan", CAPTURE: {"from": source, "anonymize": True, "dir": str(given)}}
    made = play({"web01": hosts["web01"]}, [anonymize]).of("web01", "plan").result
    assert made["anonymized"] is True
    assert made["replaced"]["computer"] >= 1
    with zipfile.ZipFile(made["file"]) as archive:
        assert archive.namelist() == ["capture.json"]
        assert b"web01" not in archive.read("capture.json").lower()
    told = play(
        {"web01": hosts["web01"]},
        playbook=CAPTURE,
        arguments=("-e", json.dumps({"target": "web01", "capture_from": source, "capture_anonymize": True, "capture_dir": str(given)})),
    )
    assert re.search(r"(?s)It is called computer-\w+, and was made of .*Replaced: .*address: \d+, .*computer: \d+", told.output), (
        told.output
    )
    name = made["inventory_name"]
    again = play({name: {"ansible_connection": CAPTURE, "netmin_windows_capture_dir": str(given)}}, [MINIMIZE], arguments=("--check",)).of(
        name, "plan"
    )
    assert [change["stage"] for change in again.result["changes"]] == [change["stage"] for change in planned(there, "web01")["changes"]]
    # As the guide has it: the name with a comma behind it is an inventory.
    named = {"target": name, "ansible_connection": CAPTURE, "netmin_windows_capture_dir": str(given)}
    bare = play({}, playbook="netmin.windows.minimize", arguments=("-i", f"{name},", "--check", "--diff", "-e", json.dumps(named)))
    assert bare.returncode == 0, bare.output

    # Of an old one every result says so.
    old = play(in_files(simulation, folder, netmin_windows_capture_max_age=-1), [MINIMIZE], arguments=("--check",))
    assert "this is the host as it was on" in str(old.of("web01", "plan").result["warnings"])
