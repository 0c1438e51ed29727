# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run costs on every simulated host, in requests: nothing else says how long it takes on a slow line."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, ProductType
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast import stored
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Blocks
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted, minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import record
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, scenario, simulated

from winsim.scenarios import names

# On the others a change does not hold, or waits, or values are not where they should be: all of that is asked again.
SCENARIOS = tuple(name for name in names() if not scenario(name).host.faults and not name.endswith("renamed"))
# A server is promised 120 and 70, and a snapshot 4; a client has more services to stop, and 270 of them to list.
MOST, MOST_ON_CLIENTS, MOST_AGAIN, MOST_OF_SNAPSHOT = 115, 138, 60, 4
# Before Windows Vista our key gets an access list, in a command shell that is open already.
MOST_OF_PROTECTION = 4


@dataclass
class Cost:
    """Requests of one run: all of them, and those that only the snapshot needs."""

    prepared: Prepared
    whole: int
    snapshot: int


def cost(host: Simulated, run_id: str) -> Cost:
    """Plan and carry out the default plan, and count."""

    def choose(survey: Survey, blocks: Blocks) -> Wanted:
        return minimize_wanted(DEFAULTS, survey, KNOWLEDGE, blocks)

    begun = host.session.stats.requests
    run = Run(KNOWLEDGE, FakeClock(), run_id)
    prepared = run.prepare(host.session, choose)
    if not prepared.plan.changes:
        return Cost(prepared, host.session.stats.requests - begun, 0)
    taken, forecasts = host.session.stats.requests, dict[str, int]()
    inner = host.session.set_value

    def counted(key: str, name: str, value: RegistryValue) -> None:
        forecasts.setdefault(name, host.session.stats.requests)
        inner(key, name, value)

    host.session.set_value = counted  # type: ignore[method-assign]
    run.carry_out(prepared, host.session, stop_limit=60)
    # The first forecast is a request of its own; making our key is the snapshot's.
    return Cost(prepared, host.session.stats.requests - begun, forecasts[stored.FORECAST] - taken - (record.FIRST in forecasts))


def delays(prepared: Prepared) -> int:
    """Count the automatic services of a plan whose delay neither WMI nor anything else says but their own keys."""
    if not NtVersion(6, 0) <= prepared.survey.host.windows.nt < NtVersion(10, 0):
        return 0
    return sum(isinstance(change, SetStartMode) and change.before is StartMode.AUTO for change in prepared.plan.changes)


@pytest.mark.parametrize("name", SCENARIOS)
def test_requests_of_a_default_run_and_of_its_snapshot(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        first = cost(host, "20260101T000000Z-000001")
        host.session.forget()
        again = cost(host, "20260102T000000Z-000002")
        protected = NtVersion(5, 1) <= first.prepared.survey.host.windows.nt < NtVersion(6, 0)
        assert first.snapshot <= MOST_OF_SNAPSHOT + delays(first.prepared) + (MOST_OF_PROTECTION if protected else 0)
        client = first.prepared.survey.host.windows.product is ProductType.WORKSTATION
        assert first.whole <= (MOST_ON_CLIENTS if client else MOST)
        assert again.snapshot <= MOST_OF_SNAPSHOT
        assert again.whole <= MOST_AGAIN
