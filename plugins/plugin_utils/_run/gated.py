# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan past the hazards of a host: what it shows by itself, a draft of the plan, what that draft makes worth asking, the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import ip_filter
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Dependents
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot

from .hazards import Blocks, Detector, Draft, Finding
from .options import Wanted
from .survey import Survey, make_forecast, make_plan, with_firewall


@dataclass(frozen=True, slots=True)
class Gated:
    """A plan that has passed the gates, with what was found on the way."""

    survey: Survey
    wanted: Wanted
    plan: Plan
    findings: tuple[Finding, ...]


def plan_gated(reader: Reader, survey: Survey, knowledge: Knowledge, choose: Callable[[Survey, Blocks], Wanted]) -> Gated:
    """Plan, leaving out what a hazard forbids; a draft that changes nothing asks nothing of the host.

    Raises:
        Refused: something that was asked for by name has a hazard that is not accepted, or could not be put back.
    """
    detector = Detector(reader, survey, knowledge)
    wanted = choose(survey, detector.blocks())
    drop = wanted.desires[ip_filter.NAME].drop if ip_filter.NAME in wanted.desires else None
    survey = survey if drop is None else with_firewall(reader, survey)
    # Whether dependents may be stopped is a hazard like others: the draft is to show which they are.
    freely = replace(wanted.terms, dependents=Dependents.STOP)
    plan = make_plan(wanted.desires, survey, knowledge, freely, wanted.skipped)
    expected = make_forecast(plan, survey, knowledge, wanted.terms.kept, wanted.skipped)
    draft = Draft(plan, expected, wanted.choices, wanted.named, wanted.skipped, wanted.terms)
    findings = detector.look(draft)
    if detector.gate(draft, findings):
        wanted = choose(survey, detector.blocks())
    plan = make_plan(wanted.desires, survey, knowledge, wanted.terms, wanted.skipped)
    for item in plan.unchanged:
        if item.reason is Reason.NOT_RESTORABLE and item.stage in wanted.named:
            raise Refused(snapshot.told(item))
    return Gated(survey, wanted, plan, findings)
