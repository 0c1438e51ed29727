# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The testers' window: what it shows, what it switches, what it refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from winsim.server import Host, HostSpec, Simulation
from winsim_tests.fake import FakeComputer


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation([HostSpec("fake", name="one", build=FakeComputer), HostSpec("fake", name="two", build=FakeComputer)]) as running:
        yield running


@pytest.fixture
def host(simulation: Simulation) -> Host:
    return simulation["one"]


def get(url: str) -> object:
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    return answer.json()


def test_hosts_are_listed(simulation: Simulation) -> None:
    found = get(f"{simulation.window_url}/hosts")
    assert isinstance(found, list)
    assert [row["name"] for row in found] == ["one", "two"]
    assert [row["winrm"] for row in found] == [f"{host.address}:{host.port}" for host in simulation.hosts]
    assert all(row["up"] and row["errors"] == [] for row in found)


def test_the_parts_of_a_host(host: Host) -> None:
    assert get(f"{host.window_url}/services") == {f"Service00{n}": {"state": "running", "start_mode": "Auto"} for n in range(3)}
    assert get(f"{host.window_url}/drivers") == {}
    assert get(f"{host.window_url}/boots") == [0]
    endpoint = {"protocol": "tcp", "address": "0.0.0.0", "port": 5985, "pid": 4, "owner": "X", "dropped": False}
    assert get(f"{host.window_url}/endpoints") == [endpoint]
    assert get(f"{host.window_url}/registry?key=hklm\\software\\x") == {"Value": {"type": "REG_SZ", "value": "1"}}
    dump = get(f"{host.window_url}/dump")
    assert isinstance(dump, dict)
    assert {"name", "scenario", "services", "drivers", "registry", "adapters", "boots", "endpoints", "power"} <= dump.keys()


def test_faults_go_to_the_wire_or_to_the_host(host: Host) -> None:
    wire = {"kind": "cut", "method": "StopService"}
    own = {"kind": "no_return"}
    assert requests.post(f"{host.window_url}/faults", json=[wire, own], timeout=10).status_code == 200
    found = get(f"{host.window_url}/faults")
    assert isinstance(found, list)
    assert [(row["kind"], row.get("method")) for row in found] == [("cut", "StopService"), ("no_return", None)]
    assert requests.delete(f"{host.window_url}/faults", timeout=10).json() == []
    assert get(f"{host.window_url}/faults") == []


@pytest.mark.parametrize(
    "body",
    [
        '{"kind": "cut"}',
        "not json",
        '[{"kind": "nonsense"}]',
        '[{"kind": "cut", "when": "never"}]',
        '[{"kind": "cut", "nth": "2"}]',
        '[{"kind": "cut", "nth": 1.5}]',
        '[{"kind": "delay", "seconds": NaN}]',
        '[{"kind": "delay", "seconds": -1}]',
        '[{"kind": "cut", "method": 1}]',
        '[{"kind": "cut", "colour": "red"}]',
    ],
)
def test_faults_that_make_no_sense_are_refused_in_a_sentence(host: Host, body: str) -> None:
    answer = requests.post(f"{host.window_url}/faults", data=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_time_passes(host: Host) -> None:
    assert requests.post(f"{host.window_url}/clock", json={"advance": 90}, timeout=10).status_code == 200
    assert isinstance(host.computer, FakeComputer)
    assert (host.computer.passed, host.computer.clock) == (90.0, 0.0)
    for wrong in ({"advance": -1}, {"advance": 1e12}, {"advance": 1, "step": 1}, {}):
        assert requests.post(f"{host.window_url}/clock", json=wrong, timeout=10).status_code == 400


def test_the_clock_steps(host: Host) -> None:
    assert requests.post(f"{host.window_url}/clock", json={"step": -3600}, timeout=10).status_code == 200
    assert isinstance(host.computer, FakeComputer)
    assert host.computer.clock == -3600.0
    for wrong in ('{"step": "x"}', '{"step": NaN}', '{"step": -1e12}', '{"step": Infinity}'):
        assert requests.post(f"{host.window_url}/clock", data=wrong, timeout=10).status_code == 400


def test_boot_and_reset(host: Host) -> None:
    assert requests.post(f"{host.window_url}/boot", timeout=10).json()["up"] is False
    assert requests.post(f"{host.window_url}/reset", timeout=10).json()["up"] is True


def test_unknown_hosts_keys_and_other_origins(simulation: Simulation, host: Host) -> None:
    answer = requests.get(f"{simulation.window_url}/hosts/three", timeout=10)
    assert (answer.status_code, answer.json()) == (404, {"error": "no host is called three; there are one, two"})
    assert requests.get(f"{host.window_url}/registry?key=HKLM\\No", timeout=10).status_code == 404
    assert requests.get(f"{host.window_url}/journal?since=x", timeout=10).status_code == 400
    answer = requests.get(f"{host.window_url}/services", headers={"Host": "evil.example:80"}, timeout=10)
    assert answer.status_code == 403
