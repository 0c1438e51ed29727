# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Situations from the field, as scenario files beside the checkout: the default plan ends with every change done, and is proven."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Proof, prove
from ansible_collections.netmin.windows.plugins.plugin_utils._run.apply import ChangeStatus
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_record
from ansible_collections.netmin.windows.tests.beside import CASES
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, simulated


def carried_out(host: Simulated) -> Run:
    """Plan with the defaults, and make the changes."""
    host.boot()
    run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
    prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(DEFAULTS, survey, KNOWLEDGE, blocks))
    run.carry_out(prepared, host.session, stop_limit=60)
    return run


def proof_of(host: Simulated) -> Proof:
    """Boot, and hold the listing against the stored forecast."""
    host.boot()
    survey, stored = read_survey(host.session, KNOWLEDGE), read_record(host.session)
    assert stored is not None
    return prove(stored, survey.explained, survey.host, survey.listing.suspects)


@pytest.mark.parametrize("path", CASES.parameters("*.yml"))
def test_the_default_plan_is_carried_out_and_proven(path: Path | None) -> None:
    with simulated(str(CASES.given(path))) as host:
        run = carried_out(host)
        assert run.application is not None
        assert run.application.error is None
        assert set(run.application.statuses) == {ChangeStatus.DONE}
        proof = proof_of(host)
        assert (proof.verdict, proof.reasons) == (Verdict.PROVEN, ())
