# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scenario files that lie outside of winsim: each starts by its path, as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from winsim.scenarios import load_scenario
from winsim.server import HostSpec, Simulation

from ..beside import CASES


@pytest.mark.parametrize("path", CASES.parameters("*.yml"))
def test_a_case_is_a_scenario(path: Path | None) -> None:
    file = CASES.given(path)
    scenario = load_scenario(str(file))
    assert scenario.name == file.stem
    assert scenario.title


def test_cases_run_side_by_side() -> None:
    files = [str(file) for file in sorted(CASES.at().glob("*.yml"))]
    with Simulation([HostSpec(scenario=file) for file in files]) as simulation:
        assert [host.scenario for host in simulation.hosts] == files
        assert len({host.name for host in simulation.hosts}) == len(files)
