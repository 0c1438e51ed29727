# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every simulated host that a recipe names in an example: what is planned by itself is carried out and booted, and holds in the proof."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome, Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Proof, prove
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Blocks
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted, minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_record
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, simulated

# Two RPC servers in one process, of which the plan stops one: nobody can tell before whose port is whose.
AMBIGUOUS = "windows_server_2003+role_link_tracking"
SCENARIOS = sorted({example.scenario for recipe in KNOWLEDGE.recipes.values() for example in recipe.examples} - {AMBIGUOUS})


def proof_of(host: Simulated, **given: Any) -> Proof:
    """Minimize a host, restart it, and hold what it shows then against the stored forecast."""
    host.boot()
    run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")

    def choose(survey: Survey, blocks: Blocks) -> Wanted:
        return minimize_wanted({**DEFAULTS, **given}, survey, KNOWLEDGE, blocks)

    run.carry_out(run.prepare(host.session, choose), host.session, stop_limit=60)
    host.boot()
    record = read_record(host.session)
    assert record is not None
    survey = read_survey(host.session, KNOWLEDGE)
    return prove(record, survey.explained, survey.host, survey.listing.suspects)


@pytest.mark.parametrize("name", [*SCENARIOS, "windows_server_2016+shared_groups"])
def test_what_is_planned_by_itself_is_proven(name: str) -> None:
    with simulated(name) as host:
        proof = proof_of(host)
    assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())


def test_a_port_of_two_services_is_proven_where_both_go_and_not_where_one_does() -> None:
    with simulated(AMBIGUOUS) as host:
        proof = proof_of(host, recipes=["rpc-schedule"])
    assert proof.verdict is Verdict.NOT_PROVEN
    assert any("TrkSvr" in reason for reason in proof.reasons)
    for both in ({}, {"recipes": ["link-tracking-server", "rpc-schedule"]}):
        with simulated(AMBIGUOUS) as host:
            proof = proof_of(host, **both)
        assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())


def test_four_fixed_ports_of_a_service_in_a_shared_process_are_proven_to_be_its_own() -> None:
    ports = {1645, 1646, 1812, 1813}
    with simulated("windows_server_2016+role_radius_server") as host:
        proof = proof_of(host, accept=("infrastructure-roles",))
    radius = [finding for finding in proof.findings if finding.endpoint.port in ports]
    assert proof.verdict is Verdict.PROVEN
    assert {finding.endpoint.port for finding in radius} == ports
    assert {finding.outcome for finding in radius} == {Outcome.OPEN}
    assert all(finding.owner.startswith("IAS in pid ") for finding in radius)
