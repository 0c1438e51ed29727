# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A spooler that is kept for local printing refuses calls from outside: through real Ansible, in calls by Samba's client, and undone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from winsim.server import Host, HostSpec, Simulation

from .harness import Played, play, variables, window

pytestmark = pytest.mark.slow

SPOOLER = "12345678-1234-abcd-ef00-0123456789ab"
SERVERS = {"server": "windows_server_2022", "client": "windows_10", "controller": "windows_server_2022+hazard_domain_controller"}
OTHERS = {"xp": "windows_xp", "2000": "windows_2000", "waits": "windows_server_2019"}
OLD = ("xp", "2000")
# A client Windows answers no RPC client that has not logged in, filtered or not (RestrictRemoteClients).
ANSWER_ANYBODY = ("server", "controller")
KEEP = [{"service": "Spooler", "reason": "it prints on the plotter at this desk"}]
FILTER = {"presets": ["print_spooler"], "unverified": "apply", "accept": ["domain-controller"], "keep": KEEP}
TASKS: list[dict[str, Any]] = [
    {"name": "skip", "netmin.windows.rpc_filters": {**FILTER, "unverified": "skip"}, "ignore_errors": True},
    {"name": "check", "netmin.windows.rpc_filters": FILTER, "check_mode": True, "diff": True},
    {"name": "filter", "netmin.windows.rpc_filters": FILTER},
    {"name": "again", "netmin.windows.rpc_filters": FILTER},
]
BACK: list[dict[str, Any]] = [
    {"name": "undo check", "netmin.windows.restore": {}, "check_mode": True},
    {"name": "undo", "netmin.windows.restore": {}},
    {"name": "undone", "netmin.windows.restore": {}},
]


def filters(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = window(host, "dump")["rpc_filters"]
    return found


def printers(host: Host) -> str:
    """Return what Samba's client says of a call to the spooler, whose port it asks the mapper for."""
    program = shutil.which("rpcclient")
    if program is None:
        pytest.skip("Samba's rpcclient is not installed")
    command = [program, "--configfile=/dev/null", "-U", "%", f"ncacn_ip_tcp:{host.own_address}", "-c", "enumprinters"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    specs = [HostSpec(scenario=scenario, name=name) for name, scenario in {**SERVERS, **OTHERS}.items()]
    with Simulation(specs) as running:
        yield running


@pytest.fixture(scope="module")
def called_before(simulation: Simulation) -> dict[str, str]:
    """Call the spooler of each host before anything is filtered."""
    return {name: printers(simulation[name]) for name in SERVERS}


@pytest.fixture(scope="module")
def ran(simulation: Simulation, called_before: dict[str, str]) -> Played:
    assert not any("ACCESS_DENIED" in called_before[name] for name in ANSWER_ANYBODY)
    played = play({name: variables(simulation[name]) for name in SERVERS}, TASKS, forks=3)
    assert played.returncode == 0, played.output
    return played


@pytest.mark.parametrize("name", SERVERS)
def test_nothing_is_filtered_that_nobody_has_verified(ran: Played, name: str) -> None:
    refused = ran.of(name, "skip")
    assert refused.status == "failed"
    assert "set 'unverified: apply'" in refused.message


@pytest.mark.parametrize("name", SERVERS)
def test_check_mode_says_what_is_done_then(ran: Played, name: str) -> None:
    checked, done = ran.of(name, "check").result, ran.of(name, "filter").result
    assert [(row["target"], row["after"]) for row in checked["changes"]] == [(row["target"], row["after"]) for row in done["changes"]]
    assert {row["status"] for row in done["changes"]} == {"done"}
    assert len(done["changes"]) == 8
    assert checked["confirm"]["outcome"] == "the timer would be started before the first change"
    assert done["confirm"]["confirmed"]
    assert any("Spooler is kept" in text for text in done["warnings"])


@pytest.mark.parametrize("name", SERVERS)
def test_a_second_run_changes_nothing(ran: Played, name: str) -> None:
    again = ran.of(name, "again").result
    assert (again["changed"], again["changes"]) == (False, [])


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("name", SERVERS)
def test_the_spooler_is_refused_and_its_port_listens(simulation: Simulation, ran: Played, name: str) -> None:
    host = simulation[name]
    assert len(filters(host)) == 8
    assert not any(held["volatile"] for held in filters(host).values())
    assert "Spooler" in {row["owner"] for row in window(host, "endpoints")}
    spooler = [row for row in ran.of(name, "again").result["forecast"] if row["owner"].startswith("Spooler")]
    assert {row["outlook"] for row in spooler} == {"kept"}
    assert "ACCESS_DENIED" in printers(host)


@pytest.mark.usefixtures("ran")
def test_all_of_it_is_undone(simulation: Simulation, called_before: dict[str, str]) -> None:
    played = play({name: variables(simulation[name]) for name in SERVERS}, BACK, forks=3)
    assert played.returncode == 0, played.output
    for name in SERVERS:
        assert filters(simulation[name]) == {}
        assert printers(simulation[name]) == called_before[name]
        assert not played.of(name, "undone").result["changed"]
        assert {row["status"] for row in played.of(name, "undo").result["changes"]} == {"done"}


@pytest.mark.parametrize("name", OLD)
def test_a_windows_without_filters_is_refused_before_anything_is_written(simulation: Simulation, name: str) -> None:
    played = play({name: variables(simulation[name])}, [{"name": "filter", "netmin.windows.rpc_filters": FILTER}])
    outcome = played.of(name, "filter")
    assert outcome.status == "failed"
    assert "this Windows has no filters of RPC calls" in outcome.message


@pytest.mark.usefixtures("ran")
def test_filters_that_nobody_confirms_are_deleted_by_the_host(simulation: Simulation) -> None:
    host = simulation["waits"]
    held = {**FILTER, "confirm": {"within": 60, "hold": True}, "allow": ["S-1-5-32-544"]}
    played = play({"waits": variables(host)}, [{"name": "filter", "netmin.windows.rpc_filters": held}])
    assert played.returncode == 0, played.output
    assert len(filters(host)) == 16
    window(host, "clock", {"advance": 120})
    assert filters(host) == {}
