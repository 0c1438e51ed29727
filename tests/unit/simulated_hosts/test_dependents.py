# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drivers and services of other makers on what is stopped: a plan knows them before it begins, and its forecast says what they load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, make_forecast, read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import smb_device
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import terms_of
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, scenario, simulated

from winsim.host.model import MachineSpec, ServiceSpec, StartMode

SMB = {"smb_over_tcp": "disabled"}


def with_drivers(name: str, *drivers: ServiceSpec) -> MachineSpec:
    """Return the host of a scenario with more drivers, or others of the same name."""
    host = scenario(name).host
    names = {driver.name.lower() for driver in drivers}
    return replace(host, services=(*(s for s in host.services if s.name.lower() not in names), *drivers))


def surveyed(name: str, *drivers: ServiceSpec) -> Survey:
    with simulated(name, host=with_drivers(name, *drivers)) as host:
        return read_survey(host.session, KNOWLEDGE)


def planned(survey: Survey, **said: Any) -> Any:
    desired = smb_device.STAGE.desired({**SMB, "method": None})
    return make_plan({"smb_device": desired}, survey, KNOWLEDGE, terms_of(survey, **said), named=("smb_device",))


def outlook(survey: Survey, plan: Any) -> tuple[Outlook, str]:
    entry = next(e for e in make_forecast(plan, survey, KNOWLEDGE, terms_of(survey).kept) if e.endpoint.port == 445)
    return entry.outlook, entry.why


def driver(name: str, start: StartMode, *depends: str) -> ServiceSpec:
    return ServiceSpec(name, name, start, "System", rf"System32\drivers\{name}.sys", driver=True, depends=depends)


ACME = driver("acmesmb", StartMode.AUTO, "srvnet")


@pytest.mark.parametrize("name", ["windows_7", "windows_server_2016", "windows_server_2019", "windows_server_2022"])
def test_a_driver_of_another_maker_on_srvnet_is_known_before_the_first_change(name: str) -> None:
    survey = surveyed(name, ACME)
    assert survey.host.services["acmesmb"].stopped is False
    with pytest.raises(Refused, match="acmesmb"):
        planned(survey, dependents="refuse")
    plan = planned(survey, dependents="stop")
    stops = [change.target for change in plan.changes if change.shown[1] == "stopped"]
    assert stops.index("driver acmesmb") < stops.index("driver srvnet")
    found, why = outlook(survey, plan)
    assert found is Outlook.UNKNOWN
    assert "acmesmb will load srvnet" in why


def test_a_driver_that_is_there_on_demand_loads_nothing() -> None:
    survey = surveyed("windows_server_2022", replace(ACME, start=StartMode.MANUAL))
    assert outlook(survey, planned(survey, dependents="stop"))[0] is Outlook.CLOSES_NOW


@pytest.mark.parametrize("name", ["windows_vista", "windows_10", "windows_server_2022"])
def test_a_driver_on_demand_that_runs_may_load_srvnet_again(name: str) -> None:
    survey = surveyed(name, replace(ACME, start=StartMode.MANUAL, demanded=True))
    assert survey.host.services["acmesmb"].stopped is False
    found, why = outlook(survey, planned(survey, dependents="stop"))
    assert found is Outlook.UNKNOWN
    assert "acmesmb may load srvnet" in why


def test_what_cannot_start_without_the_server_service_loads_nothing() -> None:
    survey = surveyed("windows_server_2022", driver("acmeshare", StartMode.AUTO, "LanmanServer"))
    assert survey.host.services["acmeshare"].stopped is False
    assert outlook(survey, planned(survey, dependents="stop"))[0] is Outlook.CLOSES_NOW


@pytest.mark.parametrize("name", ["windows_8_1", "windows_10", "windows_server_2012_r2"])
def test_the_driver_of_smb_1_is_set_to_manual_where_it_starts_by_itself(name: str) -> None:
    survey = surveyed(name, driver("srv", StartMode.AUTO, "srv2"))
    plan = planned(survey, dependents="stop")
    modes: Mapping[str, object] = {c.target: c.shown[1] for c in plan.changes if c.shown[1] in ("manual", "disabled")}
    assert modes["driver srv"] == "manual"
    assert outlook(survey, plan)[0] is Outlook.CLOSES_NOW


def test_start_modes_are_set_before_any_stop_of_the_stage() -> None:
    plan = planned(surveyed("windows_7"), dependents="stop")
    kinds = [change.shown[1] in ("manual", "disabled") for change in plan.changes]
    assert any(kinds)
    assert kinds == sorted(kinds, reverse=True)
