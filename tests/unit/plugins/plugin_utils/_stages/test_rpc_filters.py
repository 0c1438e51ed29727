# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of RPC calls in one list for hosts of several versions of Windows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import rpc_filters
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Missing
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, KNOWLEDGE, survey_of, terms_of

WANTED = {rpc_filters.NAME: rpc_filters.desired({"presets": ["print_spooler"]})}


@pytest.mark.parametrize("name", ["windows_2000", "windows_xp", "windows_server_2003"])
def test_a_windows_without_filters_is_refused_unless_what_is_missing_is_skipped(name: str) -> None:
    survey = survey_of(HOSTS[name]())
    terms = terms_of(survey, unverified="apply")
    with pytest.raises(Refused, match="this Windows has no filters of RPC calls"):
        make_plan(WANTED, survey, KNOWLEDGE, terms, named=WANTED)
    plan = make_plan(WANTED, survey, KNOWLEDGE, replace(terms, missing=Missing.SKIP), named=WANTED)
    assert plan.changes == ()
    assert [(item.target, item.reason) for item in plan.unchanged] == [("preset print_spooler", Reason.DOES_NOT_WORK)]
