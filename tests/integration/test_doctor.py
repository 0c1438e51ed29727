# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor, by real ansible-playbook processes: it looks, keeps what it found, and `minimize` does only what was confirmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from winsim.server import HostSpec, Simulation

from .harness import changes, on, play, window

DOCTOR, MINIMIZE = "netmin.windows.doctor", "netmin.windows.minimize"
KEEP = "{{ inventory_hostname }}.json"


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    """Start two hosts."""
    with Simulation([HostSpec(scenario="windows_server_2022", name="web01"), HostSpec(scenario="windows_2000", name="old01")]) as found:
        yield found


def given(**variables: Any) -> tuple[str, ...]:
    """Return the arguments that give variables to a playbook of this collection."""
    return ("-e", json.dumps({"target": "windows", **variables}))


def test_a_person_looks_and_does_only_what_is_confirmed(simulation: Simulation, tmp_path: Path) -> None:
    looked = play(on(simulation), playbook=DOCTOR, arguments=given(doctor_file=f"{tmp_path}/{KEEP}"))
    assert looked.returncode == 0, looked.output
    assert "web01 - Windows Server 2022 - what is assumed of it" in looked.output
    assert "all that the default plan of this host rests on is confirmed" in looked.output
    assert "old01 - Windows 2000 - what is assumed of it" in looked.output
    for host in simulation.hosts:
        assert changes(host) == 0
        kept = json.loads((tmp_path / f"{host.name}.json").read_text(encoding="utf-8"))
        assert "contradicted" not in kept["assumptions"].values()

    path = tmp_path / "web01.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    kept["assumptions"]["socket-smb-445"] = "contradicted"
    path.write_text(json.dumps(kept), encoding="utf-8")
    confirmed = {"minimize_only_confirmed": f"{tmp_path}/{KEEP}", "canary": "100%"}
    done = play(on(simulation), playbook=MINIMIZE, arguments=("--limit", "web01", *given(**confirmed)))
    assert done.returncode == 0, done.output
    services = window(next(host for host in simulation.hosts if host.name == "web01"), "dump")["services"]
    assert services["Spooler"]["start_mode"] == "disabled"
    assert services["LanmanServer"]["start_mode"] == "auto"
    # The file of one host is not taken for that of another.
    swapped = play(
        on(simulation), playbook=MINIMIZE, arguments=("--limit", "old01", *given(**{**confirmed, "minimize_only_confirmed": str(path)}))
    )
    assert swapped.returncode != 0
    assert "is about the host 'web01', not about 'old01'" in swapped.output


def test_a_person_lets_it_write_and_nothing_is_left(simulation: Simulation) -> None:
    wrote = play(on(simulation), playbook=DOCTOR, arguments=given(doctor_level="own_key"))
    assert wrote.returncode == 0, wrote.output
    for host in simulation.hosts:
        registry = window(host, "dump")["registry"]
        assert changes(host) > 0
        assert not [key for key in registry if "netmin" in key.lower()]
    refused = play(on(simulation), playbook=DOCTOR, arguments=("--check", *given(doctor_level="own_key")))
    assert refused.returncode != 0
    assert "run netmin.windows.doctor_info, which only reads" in refused.output
    careful = play(on(simulation), playbook=DOCTOR, arguments=given(doctor_level="method"))
    assert careful.returncode != 0
    assert "i_may_break_it" in careful.output
