# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scenario files that lie outside of winsim: each starts by its path, as it stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from winsim.scenarios import load_scenario
from winsim.server import HostSpec, Simulation

CASES = Path(os.environ.get("NETMIN_CASES", Path(__file__).resolve().parents[5] / "shared" / "cases"))
FILES = sorted(CASES.glob("*.yml"))

pytestmark = pytest.mark.skipif(not FILES, reason=f"no scenario files at {CASES} (NETMIN_CASES)")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_case_is_a_scenario(file: Path) -> None:
    scenario = load_scenario(str(file))
    assert scenario.name == file.stem
    assert scenario.title


def test_cases_run_side_by_side() -> None:
    with Simulation([HostSpec(scenario=str(file)) for file in FILES]) as simulation:
        assert [host.scenario for host in simulation.hosts] == [str(file) for file in FILES]
        assert len({host.name for host in simulation.hosts}) == len(FILES)
