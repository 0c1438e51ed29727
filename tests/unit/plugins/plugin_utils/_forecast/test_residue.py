# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stays open after a plan, why, and what an administrator can do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.residue import reasons, residue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.ip_filter import BEFORE_VISTA, CONTROLLER, DROP
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Residue, Skipped
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, KNOWLEDGE, planned

STAYING = (Outlook.STAYS, Outlook.FILTERED, Outlook.RETURNS_AT_BOOT, Outlook.UNKNOWN)


def left(name: str, outlook: Outlook | None = None, recipe: str | None = None, product: int | None = None) -> list[Residue]:
    """Return what a plan that wants nothing leaves of a host, each entry of its forecast with this outlook instead."""
    fake = HOSTS[name]()
    fake.product = product or fake.product
    survey, _plan, entries = planned(fake, {})
    subjects: list[Explained] = [replace(s, recipe=recipe or s.recipe) for s in survey.explained]
    said = [e if outlook is None else replace(e, outlook=outlook) for e in entries]
    return list(residue(subjects, said, KNOWLEDGE, survey.host.windows))


@pytest.mark.parametrize("outlook", list(Outlook))
def test_what_stays_is_what_others_still_reach(outlook: Outlook) -> None:
    found = left("windows_xp", outlook)
    # 17 endpoints, of which others can reach 15.
    assert len(found) == (15 if outlook in STAYING else 0)
    assert {item.filtered for item in found} <= {outlook is Outlook.FILTERED}


def test_what_the_knowledge_advises_comes_first() -> None:
    advised = next(recipe for recipe in KNOWLEDGE.recipes.values() if recipe.instead)
    assert {item.instead for item in left("windows_xp", recipe=advised.id)} == {advised.instead}


def test_else_a_rule_is_advised_where_windows_can_have_one() -> None:
    plain = next(recipe for recipe in KNOWLEDGE.recipes.values() if not recipe.instead)
    assert {item.instead for item in left("windows_xp", recipe=plain.id)} == {BEFORE_VISTA}
    assert {item.instead for item in left("windows_vista", recipe=plain.id)} == {DROP}
    assert {item.instead.partition(";")[0] for item in left("windows_server_2022", recipe=plain.id, product=2)} == {CONTROLLER}
    # There is one already.
    assert {item.instead for item in left("windows_vista", Outlook.FILTERED, recipe=plain.id)} == {""}


def test_what_was_passed_over_stays_for_that_reason() -> None:
    survey, _plan, _entries = planned(HOSTS["windows_xp"](), {})
    recipe = KNOWLEDGE.recipes["smb-445"]
    said = reasons((Skipped(recipe, Reason.GATED, "a share is in use"),), KNOWLEDGE, survey.host.windows)
    assert said["smb-445"] == "a share is in use"
    assert set(said) > {"smb-445"}
