# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a module's arguments to what is desired of each stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotFound, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.choice import select
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Consent, refuse
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted, minimize_spec, minimize_wanted, stage_spec, terms
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME, Survey, Terms
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import dcom_protocols, name_resolution, netbt, services
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Dependents
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import (
    HOSTS,
    KNOWLEDGE,
    defaults,
    survey_of,
    windows_2000,
    windows_xp,
)

XP = survey_of(windows_xp())


def options(**given: Any) -> dict[str, Any]:
    validated = ArgumentSpecValidator(minimize_spec()).validate(given)
    assert not validated.error_messages
    return dict(validated.validated_parameters)


def errors_of(**given: Any) -> str:
    return "; ".join(ArgumentSpecValidator(minimize_spec()).validate(given).error_messages)


def desires(survey: Survey = XP, **given: Any) -> dict[str, Any]:
    return dict(minimize_wanted(options(**given), survey, KNOWLEDGE).desires)


@pytest.mark.parametrize("make", [windows_2000, windows_xp])
def test_without_options_what_is_known_of_this_windows(make: Callable[[], FakeHost]) -> None:
    survey = survey_of(make())
    assert desires(survey) == defaults(survey)
    assert tuple(desires(survey)) == STAGES


def test_a_subset_of_stages() -> None:
    assert tuple(desires(stages=["netbt", "services"])) == ("netbt", "services")


def test_own_options_take_the_place_of_a_stages_defaults_and_no_other() -> None:
    found = desires(netbt={"lmhosts": "manual"}, services=[{"name": "Spooler"}])
    assert found["netbt"] == netbt.desired({"lmhosts": "manual"})
    assert [wish.name for wish in found["services"].wishes] == ["Spooler"]
    assert found["dcom_protocols"] == dcom_protocols.Desired(enable_dcom=False, remove=("ncacn_ip_tcp",))


def test_an_empty_list_of_services_stops_none() -> None:
    assert desires(services=[])["services"] == services.Desired(())


def test_options_of_a_stage_that_is_left_out() -> None:
    with pytest.raises(InvalidOption, match="options are set for name_resolution, but 'stages' does not list it"):
        desires(stages=["netbt"], name_resolution={"max_cached_sockets": 0})
    with pytest.raises(InvalidOption, match="services"):
        desires(stages=["netbt"], services=[{"name": "Spooler"}])


def wanted(survey: Survey = XP, **given: Any) -> Wanted:
    found = minimize_wanted(options(**given), survey, KNOWLEDGE)
    refuse(found.refusals)
    return found


def test_recipes_by_name_are_all_that_is_done() -> None:
    found = wanted(recipes=["ssdp-1900", "dcom-off"])
    assert {wish.name for wish in found.desires["services"].wishes} == {"upnphost", "SSDPSRV"}
    assert found.desires["dcom_protocols"] == dcom_protocols.Desired(enable_dcom=False)
    assert found.desires["netbt"] == netbt.Desired()
    assert found.skipped == ()


def test_a_recipe_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(InvalidOption, match="no recipe 'sspd-1900'; did you mean ssdp-1900"):
        wanted(recipes=["sspd-1900"])


def test_a_recipe_of_a_stage_that_is_left_out() -> None:
    with pytest.raises(InvalidOption, match="names a recipe of services, but 'stages' does not list it"):
        wanted(recipes=["ssdp-1900"], stages=["netbt"])


def owned_by(recipe: str, survey: Survey) -> Explained:
    return replace(survey.explained[0], recipe=recipe)


def test_a_recipe_that_is_harmful_there_is_refused_by_name_and_passed_over_by_default() -> None:
    survey = survey_of(HOSTS["windows_server_2022"]())
    with pytest.raises(Refused, match=r"'rpc-schedule' is not used on Windows Server 2022.*maintenance"):
        wanted(survey, recipes=["rpc-schedule"])
    found = select(None, [owned_by("rpc-schedule", survey)], survey.host.windows, KNOWLEDGE, Consent())
    assert ("rpc-schedule", Reason.UNVERIFIED) in [(item.recipe.id, item.reason) for item in found.skipped]
    assert "rpc-schedule" not in {choice.recipe.id for choice in found.choices}


def test_a_recipe_that_closes_nothing_there_is_refused_by_name() -> None:
    survey = survey_of(HOSTS["windows_server_2022"]())
    with pytest.raises(Refused, match="endpoint mapper listens as soon as one RPC server uses TCP"):
        wanted(survey, recipes=["rpc-epmap-135-tcp"])


def test_a_stage_that_does_not_exist() -> None:
    assert "telnet" in errors_of(stages=["telnet"])
    assert "ncacn_tcp" in errors_of(dcom_protocols={"remove": ["ncacn_tcp"]})
    assert "accept" in errors_of(accept=["everything"])
    assert "reason" in errors_of(keep=[{"service": "Spooler"}])


def test_terms() -> None:
    assert terms(options(), XP, KNOWLEDGE) == Terms()
    found = terms(options(accept=["outgoing-smb"], dependents="stop", keep=[{"service": "Spooler", "reason": "x"}]), XP, KNOWLEDGE)
    assert (found.accept, found.dependents) == (frozenset({"outgoing-smb"}), Dependents.STOP)
    assert found.kept.owners == {"spooler": "x"}
    wrong = terms(options(keep=[{"service": name, "reason": "x"} for name in ("Spoler", "Alerte")]), XP, KNOWLEDGE).wrong
    assert [type(error) for error in wrong] == [NotFound, NotFound]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_alone_has_the_options_of_minimize(name: str) -> None:
    spec, whole = stage_spec(STAGE_BY_NAME[name]), minimize_spec()
    own = whole if name == "services" else whole[name]["options"]
    assert {key: own[key] for key in STAGE_BY_NAME[name].options} == {key: spec[key] for key in STAGE_BY_NAME[name].options}
    assert {"keep", "accept", "dependents", "stop_timeout"} <= set(spec)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_of_which_nothing_is_asked_plans_nothing(name: str) -> None:
    validated = ArgumentSpecValidator(stage_spec(STAGE_BY_NAME[name])).validate({})
    wanted = STAGE_BY_NAME[name].desired(validated.validated_parameters)
    assert make_plan({name: wanted}, XP, KNOWLEDGE, Terms()).changes == ()


def test_a_default_that_must_never_stop_on_this_host_is_passed_over_and_one_that_is_asked_for_is_refused() -> None:
    fake = windows_xp()
    fake.domain_role = 1
    survey = survey_of(fake)
    plan = make_plan(desires(survey), survey, KNOWLEDGE, Terms())
    assert ("service W32Time", "never stopped on this host") in [(item.target, item.reason) for item in plan.unchanged]
    assert not [change for change in plan.changes if change.target == "service W32Time"]
    with pytest.raises(Refused, match="W32Time"):
        make_plan(desires(survey, services=[{"name": "W32Time"}]), survey, KNOWLEDGE, Terms(), named=("services",))


def test_a_host_with_a_lease_keeps_its_dhcp_client() -> None:
    fake = windows_xp()
    fake.adapters[0].dhcp = True
    survey = survey_of(fake)
    plan = make_plan(desires(survey), survey, KNOWLEDGE, Terms())
    assert not [change for change in plan.changes if "Dhcp" in change.target]
    assert name_resolution.NAME in {change.stage for change in plan.changes}
