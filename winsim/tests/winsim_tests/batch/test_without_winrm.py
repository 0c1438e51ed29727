# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts without WinRM: nobody reaches them, their other sockets are open, and scripts run by the testers' window."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from winsim import cli
from winsim.batch.__main__ import main
from winsim.inventory import inventory_text
from winsim.server import HostSpec, Simulation

SCENARIOS = ("windows_2000+no_winrm", "windows_xp+no_winrm")


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation([HostSpec(scenario, name=name) for scenario, name in zip(SCENARIOS, ("old", "xp"), strict=True)]) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("name", ["old", "xp"])
def test_nothing_answers_where_winrm_would(simulation: Simulation, name: str) -> None:
    host = simulation[name]
    assert host.port == 0
    opened = requests.get(f"{host.window_url}/sockets", timeout=10).json()["open"]
    assert opened, "the other ports are open"
    assert not any("5985" in str(entry) for entry in opened)
    with socket.socket() as client:
        client.settimeout(5)
        assert client.connect_ex((host.own_address, 5985)) != 0
    services = requests.get(f"{host.window_url}/services", timeout=10).json()
    assert "WinRM" not in services
    row = requests.get(host.window_url, timeout=10).json()
    assert (row["up"], row["winrm"], row["errors"]) == (True, None, [])


@pytest.mark.slow
def test_the_inventory_knows_no_way_there(simulation: Simulation) -> None:
    assert "ansible_connection" not in inventory_text(simulation.hosts)
    assert simulation["xp"].window_url in inventory_text(simulation.hosts)


@pytest.mark.slow
def test_a_script_runs_by_the_window(simulation: Simulation, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.cmd").write_bytes(
        b"@echo off\r\nnet stop lanmanserver /y >nul\r\necho done %~1>E:\\log.txt\r\ntype E:\\log.txt\r\nexit /b 5\r\n"
    )
    host = simulation["old"]
    assert main([host.window_url, "E:\\a.cmd", "word", "--drive", f"E:={tmp_path}"]) == 5
    assert capsys.readouterr().out == "done word\n"
    assert (tmp_path / "log.txt").read_bytes() == b"done word\r\n"
    assert requests.get(f"{host.window_url}/services", timeout=10).json()["lanmanserver"]["state"] == "stopped"
    (tmp_path / "b.cmd").write_bytes(b"@echo off\r\nxcopy a b\r\n")
    assert main([host.window_url, "E:\\b.cmd", "--drive", f"E:={tmp_path}"]) == 125
    assert "xcopy is a program of this Windows that is not known here" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        [],
        {"script": "E:\\a.cmd"},
        {"script": "E:\\a.cmd", "drives": {"E:": "relative"}},
        {"script": "E:\\a.cmd", "drives": {}, "colour": 1},
        {"script": 1, "drives": {}},
    ],
)
def test_a_wrong_request_is_refused(simulation: Simulation, asked: object) -> None:
    answer = requests.post(f"{simulation['xp'].window_url}/batch", json=asked, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_option_lays_the_part_over_each_scenario() -> None:
    options = cli._parser().parse_args(["--scenario", "2*windows_xp", "--no-winrm"])  # noqa: SLF001 - what the options make is the point
    assert [spec.scenario for spec in cli.host_specs(options)] == ["windows_xp+no_winrm"] * 2
