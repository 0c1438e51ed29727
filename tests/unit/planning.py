# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan without a host to ask: past the gate, and as if no hazard showed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import refuse
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gated import Planner
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, Terms
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Skipped


def make_plan(
    desires: Mapping[str, Any],
    survey: Survey,
    knowledge: Knowledge,
    terms: Terms,
    skipped: Sequence[Skipped] = (),
    *,
    named: Collection[str] = (),
) -> Plan:
    """Plan what is desired of stages.

    Args:
        skipped: recipes that the plan skips, with the reasons.
        named: the stages whose desires come from options.

    Raises:
        Refused, UnsafePlan, NotFound, InvalidOption: nothing may be written then.
    """
    planner = Planner(survey, knowledge)
    plan = planner.plan(Wanted(desires, terms, tuple(skipped), named=frozenset(named)))
    refuse(planner.refusals)
    return plan
