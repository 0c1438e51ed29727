# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every example of every recipe, planned on the scenario that it names."""

from __future__ import annotations

from functools import cache

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Example, Port, Recipe
from ansible_collections.netmin.windows.plugins.plugin_utils._run.choice import Selection, select
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Consent
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME, Terms, make_forecast, read_survey
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, simulated

from winsim.scenarios import load_scenario

EXAMPLES_OF_RECIPES = [(recipe, example) for recipe in KNOWLEDGE.recipes.values() for example in recipe.examples]


@cache
def planned(scenario: str, accept: tuple[str, ...], unverified: bool) -> tuple[Selection, tuple[Forecast, ...]]:
    """Plan a scenario as `minimize` does where nothing is asked for."""
    consent = Consent(frozenset(accept), unverified)
    with simulated(scenario, read_only=True) as host:
        survey = read_survey(host.session, KNOWLEDGE)
    selection = select(None, survey.explained, survey.host.windows, KNOWLEDGE, consent)
    desires = {
        name: STAGE_BY_NAME[name].default(tuple(choice for choice in selection.choices if choice.method.stage == name)) for name in STAGES
    }
    terms = Terms(accept=consent.accept, unverified=unverified)
    plan = make_plan(desires, survey, KNOWLEDGE, terms)
    return selection, make_forecast(plan, survey, KNOWLEDGE, terms.kept, selection.skipped)


def rows_of(recipe: Recipe, example: Example, entries: tuple[Forecast, ...]) -> list[Forecast]:
    protocol, _slash, port = example.endpoint.partition("/")
    dynamic = port in (str(Port.RPC), str(Port.EPHEMERAL))
    wanted = {name.lower() for name in (*recipe.services, *recipe.processes)}
    return [
        entry
        for entry in entries
        if entry.identity.protocol == protocol
        and (
            (entry.identity.port is None and bool({owner.lower() for owner in entry.identity.owners} & wanted))
            if dynamic
            else entry.identity.port == int(port) and entry.recipe == recipe.id
        )
    ]


@pytest.mark.parametrize(
    ("recipe", "example"),
    EXAMPLES_OF_RECIPES,
    ids=[f"{recipe.id}-{example.scenario}-{number}" for number, (recipe, example) in enumerate(EXAMPLES_OF_RECIPES)],
)
def test_an_example_is_what_is_planned(recipe: Recipe, example: Example) -> None:
    selection, entries = planned(example.scenario, example.accept, example.unverified)
    rows = rows_of(recipe, example, entries)
    assert rows, "the scenario shows no such endpoint"
    assert {str(row.outlook) for row in rows} == {example.outlook}, [row.why for row in rows]
    assert [choice.method.id for choice in selection.choices if choice.recipe is recipe] == ([example.method] if example.method else [])


@pytest.mark.parametrize("expression", sorted({example.scenario for _recipe, example in EXAMPLES_OF_RECIPES}))
def test_an_example_names_a_scenario_that_there_is(expression: str) -> None:
    assert load_scenario(expression).name == expression


@pytest.mark.parametrize("name", sorted(KNOWLEDGE.recipes))
def test_every_recipe_has_an_example_or_says_why_not(name: str) -> None:
    recipe = KNOWLEDGE.recipe(name)
    assert recipe.examples or (recipe.example is not None and recipe.example.none)
    assert not recipe.examples or recipe.example is None


def test_what_has_no_example_has_no_listener() -> None:
    assert {recipe.id for recipe in KNOWLEDGE.recipes.values() if recipe.listeners and not recipe.examples} == set()
