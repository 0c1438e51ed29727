# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every module on the capture of every simulated host: what it returns is what it returns on the host.

Each host is tried with every sixth task, each with others; with NETMIN_EVERY_FAULT in the environment with all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import (
    confirm,
    dcom_protocols,
    drift_info,
    ip_filter,
    listeners_info,
    minimize,
    name_resolution,
    netbt,
    proof_info,
    reboot,
    restore,
    rpc_restriction,
    services,
    smb_device,
    snapshot_info,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.allowed import Allowed
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import decoded
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import plain as plain_of
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.take import Taken
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NotCaptured
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Gate
from ansible_collections.netmin.windows.tests.unit.actions import Acted, act
from ansible_collections.netmin.windows.tests.unit.captured import Counted, act_captured, captured
from ansible_collections.netmin.windows.tests.unit.examples import MANY
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, simulated

from winsim.scenarios import names

MOST_REQUESTS = 60
THINNED = 6
# Hosts with parts that show hazards, one for each Windows that the part is for.
PARTS = (
    "windows_server_2022+hazard_iis_http_sys",
    "windows_server_2019+hazard_domain_controller",
    "windows_xp+hazard_gpo_conflict",
    "windows_7+hazard_port_proxy",
    "windows_server_2022+hazard_gpo_conflict",
    "windows_server_2016+hazard_cluster",
)
HAZARDS = sorted(hazard.id for hazard in KNOWLEDGE.hazards if hazard.gate is Gate.ACCEPT)
EVERY = sorted(KNOWLEDGE.recipes)
DROP: Mapping[str, Any] = {"residue": "drop", "unknown": True}


class Drift(drift_info.ActionModule):
    """Compares with a baseline that allows nothing."""

    _allowed = Allowed("baseline.yml", 1, (), date(2099, 3, 31))


Options = Mapping[str, Any]
KEEP = [{"port": "tcp/135", "reason": "monitoring"}, {"port": "tcp/445", "reason": "shares"}]
# What is run and with which options; all in check mode.
TASKS: tuple[tuple[type[WindowsAction], Options], ...] = (
    (listeners_info.ActionModule, {}),
    (proof_info.ActionModule, {}),
    (proof_info.ActionModule, {"against": "keep", "keep": KEEP, "missing": "skip"}),
    (snapshot_info.ActionModule, {}),
    (Drift, {}),
    (minimize.ActionModule, {}),
    (minimize.ActionModule, {"accept": HAZARDS, "dependents": "stop", "unverified": "apply"}),
    (minimize.ActionModule, {"confirm": {"within": 300}, "accept": HAZARDS, "dependents": "stop"}),
    (minimize.ActionModule, {"recipes": EVERY, "accept": HAZARDS, "dependents": "stop", "missing": "skip"}),
    (minimize.ActionModule, {"ip_filter": DROP, "accept": HAZARDS}),
    (minimize.ActionModule, {"ip_filter": DROP, "keep": KEEP, "missing": "skip"}),
    (services.ActionModule, {"services": [{"name": "Spooler"}, {"name": "Schedule", "start_mode": "manual"}], "missing": "skip"}),
    (services.ActionModule, {"services": [{"name": "Nonsense"}]}),
    (netbt.ActionModule, {"netbios": "disabled"}),
    (netbt.ActionModule, {"netbios": "enabled", "lmhosts": "disabled"}),
    (smb_device.ActionModule, {"smb_over_tcp": "disabled", "accept": HAZARDS, "dependents": "stop"}),
    (rpc_restriction.ActionModule, {"interfaces": ["127.0.0.1"], "intranet_ports": ["5000-5100"]}),
    (dcom_protocols.ActionModule, {"enable_dcom": False, "accept": HAZARDS}),
    (name_resolution.ActionModule, {"llmnr": "disabled"}),
    (ip_filter.ActionModule, DROP),
    (restore.ActionModule, {}),
    (confirm.ActionModule, {}),
    (reboot.ActionModule, {"accept": ["winrm-start"]}),
)


def without_times(result: Any) -> Any:
    """Leave out what differs between two runs of the same task on the same host: ids, times, and what they cost."""
    left_out = {"run", "stats", "uptime", "now", "record_file"}
    if isinstance(result, dict):
        return {key: without_times(item) for key, item in result.items() if key not in left_out}
    return [without_times(item) for item in result] if isinstance(result, list) else result


def compared(acted: Acted) -> tuple[Any, str]:
    """Return what counts of what a task did."""
    assert not isinstance(acted.error, NotCaptured), acted.error
    return without_times(acted.result), str(acted.error or "")


def whole(taken: Taken) -> Capture:
    """Return a capture as it comes back from its file."""
    return decoded(plain_of(taken.capture), "the capture")


HOSTS = (*names(), *PARTS)


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[Simulated]:
    """Start a host of each scenario."""
    with simulated(request.param) as found:
        if request.param == "windows_xp_no_return":
            # It never comes back from a boot.
            found.clock.advance(600)
        else:
            found.boot()
        yield found


def tasks_for(name: str) -> tuple[tuple[type[WindowsAction], Options], ...]:
    """Return what is tried on a host."""
    return TASKS if MANY else TASKS[HOSTS.index(name) % THINNED :: THINNED]


def test_every_task_is_tried_on_several_hosts() -> None:
    tried = [task for name in HOSTS for task in tasks_for(name)]
    assert all(tried.count(task) >= len(HOSTS) // THINNED for task in TASKS)


def test_every_module_returns_on_a_capture_what_it_returns_on_the_host(host: Simulated, request: pytest.FixtureRequest) -> None:
    capture = whole(captured(host))
    for action, options in tasks_for(request.node.callspec.params["host"]):
        on_host = compared(act(action, host, check=True, **options))
        assert compared(act_captured(action, capture, check=True, **options)) == on_host, (action.__module__, options)


def test_a_pass_changes_nothing_and_asks_for_little(host: Simulated) -> None:
    before = host.computer.state()
    wire = Counted(host)
    taken = captured(host, wire=wire)
    assert host.computer.state() == before
    assert len(wire.others) <= MOST_REQUESTS, wire.others
    assert taken.of_services <= wire.of_services
