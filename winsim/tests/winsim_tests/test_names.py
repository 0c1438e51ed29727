# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hosts are called: valid in an inventory and in the DNS, and no two the same."""

from __future__ import annotations

import re

import pytest

from winsim.server import HostSpec, Simulation
from winsim_tests.fake import FakeComputer

LONG = "windows_server_2022+hazard_protected_or_security_software+hazard_rpc_runtime_misconfiguration"


def names(*specs: HostSpec) -> list[str]:
    with Simulation(specs) as simulation:
        return [host.name for host in simulation.hosts]


def fake(scenario: str, name: str = "") -> HostSpec:
    return HostSpec(scenario, name=name, build=FakeComputer)


def test_a_name_says_scenario_and_parts() -> None:
    assert names(fake("windows_server_2022+hazard_rds"), fake("windows_10+hazard_time")) == ["server-2022-hazard-rds", "w10-hazard-time"]


def test_a_file_gives_its_stem() -> None:
    found = names(fake("/a/b/windows_web.yml"), fake("./My Host (2).yml+hazard_time"), fake("c/web.yaml"), fake("___.yml"))
    assert found == ["web-1", "my-host-2-hazard-time", "web-2", "host"]


@pytest.mark.parametrize("count", [1, 12])
def test_long_names_are_cut_and_stay_apart(count: int) -> None:
    found = names(*[fake(LONG)] * count)
    assert len(set(found)) == count
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name) and len(name) <= 63 for name in found)


def test_a_number_leaves_a_name_of_somebodys_own_alone() -> None:
    assert names(fake("windows_xp"), fake("windows_xp"), fake("windows_7", "xp-1")) == ["xp-2", "xp-3", "xp-1"]
