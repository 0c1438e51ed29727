# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is to reach an RPC server has to reach the endpoint mapper: no rule drops it where one of them is kept, or held back by a hazard."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, simulated

DROP = {"ip_filter": {"residue": "drop"}}


def prepared(name: str, **given: Any) -> Prepared:
    with simulated(name) as host:
        host.boot()
        run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
        options = {**DEFAULTS, **DROP, **given}
        return run.prepare(host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))


def mapper(made: Prepared) -> set[Outlook]:
    return {entry.outlook for entry in made.forecast if entry.endpoint.name == "tcp/135"}


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("windows_server_2022", {"service": "Spooler"}),
        ("windows_7", {"service": "Schedule"}),
        ("windows_10", {"recipe": "rpc-spooler"}),
        ("windows_server_2012_r2", {"recipe": "rpc-eventlog"}),
    ],
)
def test_the_endpoint_mapper_is_not_dropped_where_an_rpc_server_is_kept(name: str, entry: dict[str, str]) -> None:
    made = prepared(name, keep=[{**entry, "reason": "needed"}])
    assert mapper(made) == {Outlook.STAYS}
    held = [item for item in made.plan.unchanged if item.target.startswith("tcp/135")]
    assert [item.reason for item in held] == [Reason.KEPT]
    assert "clients ask it for the port of" in held[0].detail


def test_the_endpoint_mapper_is_not_dropped_where_a_hazard_holds_an_rpc_server() -> None:
    assert mapper(prepared("windows_server_2022_print_server")) == {Outlook.STAYS}
    assert mapper(prepared("windows_server_2022_print_server", accept=["printing"])) == {Outlook.FILTERED}


@pytest.mark.parametrize("name", ["windows_vista", "windows_server_2022"])
def test_elsewhere_it_is_dropped(name: str) -> None:
    assert mapper(prepared(name)) == {Outlook.FILTERED}
