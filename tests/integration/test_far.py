# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host whose answers take their time, through Ansible: how many logins a task makes, and what a timeout leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.netmin.windows.tests.integration.harness import on, over_psrp, play, variables, window

from winsim.server import HostSpec, Simulation

# In milliseconds: more than what makes further connections worth their logins.
FAR = 20.0
AUDIT = {"name": "four", "netmin.windows.listeners_info": {"detail": "full"}}
ALONE = {"name": "one", "netmin.windows.listeners_info": {"detail": "full", "connections": 1}}


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation([HostSpec("windows_server_2022", name="far", latency=FAR)]) as running:
        yield running


@pytest.mark.parametrize("connect", [variables, over_psrp], ids=["winrm", "psrp"])
def test_a_task_logs_in_once_for_each_connection(simulation: Simulation, connect: Callable[..., dict[str, Any]]) -> None:
    host = simulation["far"]
    before = window(host, "journal")["logins"]
    played = play({"far": connect(host)}, [AUDIT, ALONE])
    assert played.returncode == 0, played.output
    four, one = (played.of("far", name).result for name in ("four", "one"))
    assert (four["stats"]["logins"], one["stats"]["logins"]) == (4, 1)
    assert window(host, "journal")["logins"] - before == 5
    assert four["listeners"] == one["listeners"]
    assert four["stats"]["requests"] == one["stats"]["requests"]


def test_a_number_of_connections_that_makes_no_sense_is_refused(simulation: Simulation) -> None:
    played = play(on(simulation), [{"netmin.windows.listeners_info": {"connections": 5}}])
    assert "value of connections must be one of: 1, 2, 3, 4, got: 5" in played.of("far").message


def test_the_timeout_of_a_task_ends_it_whatever_other_connections_wait_for(simulation: Simulation) -> None:
    host = simulation["far"]
    window(host, "faults", [{"kind": "delay", "seconds": 600, "resource": "*StdRegProv", "times": 0}])
    try:
        played = play(on(simulation), [{"name": "late", "netmin.windows.listeners_info": {}, "timeout": 10}])
    finally:
        window(host, "faults", method="DELETE")
    late = played.of("far", "late")
    assert late.status == "failed", played.output
    assert "timedout" in late.result
    # Nothing of it goes on: the host answers the next task at once.
    assert play(on(simulation), [ALONE]).returncode == 0
