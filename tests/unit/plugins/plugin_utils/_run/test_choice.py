# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which method is chosen for a listener, and what is passed over: by status, hazard, and a Windows newer than all known ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import ProductType
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Port, Status
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.choice import Selection, select
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Block, Consent, refuse
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME, Survey, Terms, read_survey
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, simulated


def survey_of(name: str, **windows: Any) -> Survey:
    with simulated(name, read_only=True, windows=windows) as host:
        return read_survey(host.session, KNOWLEDGE)


def chosen(survey: Survey, asked: list[str] | None = None, *, accept: tuple[str, ...] = (), unverified: bool = False) -> Selection:
    return checked(select(asked, survey.explained, survey.host.windows, KNOWLEDGE, Consent(frozenset(accept), unverified)))


def checked(selection: Selection) -> Selection:
    refuse(selection.refusals)
    return selection


def plan_of(survey: Survey, selection: Selection) -> Plan:
    desires = {
        name: STAGE_BY_NAME[name].default(tuple(choice for choice in selection.choices if choice.method.stage == name)) for name in STAGES
    }
    return make_plan(desires, survey, KNOWLEDGE, Terms())


WEB = survey_of("windows_server_2022_web_server")
TEN = survey_of("windows_10")


def test_only_what_is_known_to_work_is_chosen_by_itself() -> None:
    for survey in (WEB, TEN, survey_of("windows_xp"), survey_of("windows_vista")):
        for choice in chosen(survey).choices:
            method = choice.method
            assert method.status in (Status.WORKS, Status.PARTIAL) or (method.end and survey.host.windows.id == "windows_xp")
            assert method.windows.includes(survey.host.windows)
            assert not method.hazard


def test_a_hazard_has_to_be_accepted_and_is_named() -> None:
    passed = {item.recipe.id: item for item in chosen(WEB).skipped}
    assert (passed["iis7"].reason, passed["iis7"].hazards[:1]) == (Reason.GATED, ("iis-http-sys",))
    assert "'iis-http-sys' in 'accept'" in passed["iis7"].detail
    assert "iis7" in {choice.recipe.id for choice in chosen(WEB, accept=("iis-http-sys",)).choices}
    with pytest.raises(Refused) as caught:
        chosen(WEB, ["iis7"])
    assert caught.value.hazards[:1] == ("iis-http-sys",)
    assert [choice.named for choice in chosen(WEB, ["iis7"], accept=("iis-http-sys",)).choices] == [True]


def test_unverified_methods_only_where_they_are_asked_for() -> None:
    assert "rpc-schedule" not in {choice.recipe.id for choice in chosen(TEN).choices}
    found = {choice.recipe.id: choice.method.id for choice in chosen(TEN, unverified=True).choices}
    assert found["rpc-schedule"] == "schedule_no_tcp"
    # The unverified policy of Delivery Optimization comes before the service, whose hazard is not accepted.
    assert found["delivery-optimization-7680"] == "no_peers"
    with pytest.raises(Refused, match="set 'unverified: apply'"):
        chosen(TEN, ["rpc-epmap-135-tcp"])


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("rpc-wininit", "no setting is known"),
        ("lanmanworkstation", "Group Policy, logon and mapped drives need it"),
        ("rpc-port-range", "only moves ports"),
        ("smb-other-transports", "Set-SmbServerConfiguration"),
        ("browser", "the ports are NetBT's"),
        ("winrm", "is not used"),
    ],
)
def test_what_cannot_close_anything_is_refused_by_name(recipe: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        chosen(TEN, [recipe])


def test_an_end_in_itself_is_done_where_it_is_named_and_says_that_it_closes_nothing() -> None:
    assert "dcom-off" not in {choice.recipe.id for choice in chosen(TEN).choices}
    (change,) = plan_of(TEN, chosen(TEN, ["dcom-off"])).changes
    assert change.target.endswith("EnableDCOM")
    assert "closes no port" in change.why


def test_no_such_recipe() -> None:
    with pytest.raises(InvalidOption, match=r"did you mean .*llmnr-5355"):
        chosen(TEN, ["llmnr"])


NEWER = survey_of("windows_server_2025", build=30000, version="10.0.30000")


def test_a_newer_windows_is_treated_as_the_newest_and_gets_what_works_on_every_later_one_alone() -> None:
    windows = NEWER.host.windows
    assert (windows.id, windows.newer) == ("windows_server_2025", True)
    assert "build 30000 is not known; treated as Windows Server 2025" in windows.remark
    for consent in (False, True):
        selection = chosen(NEWER, unverified=consent)
        assert selection.choices
        assert {choice.method.status for choice in selection.choices} == {Status.WORKS}
        assert all(choice.method.windows.open_ended for choice in selection.choices)
    with pytest.raises(Refused, match="newer than Windows Server 2025"):
        chosen(NEWER, ["rpc-lsass"], unverified=True)


def test_a_build_between_two_known_ones_counts_as_the_older() -> None:
    windows = KNOWLEDGE.place(TEN.host.windows.nt, 23000, ProductType.WORKSTATION)
    assert (windows.id, windows.newer) == ("windows_11", False)
    assert "treated as Windows 11" in windows.remark
    # Windows 10 and Server 2016 share a build; the product type alone tells them apart.
    ids = {KNOWLEDGE.place(TEN.host.windows.nt, 14393, product).id for product in ProductType}
    assert ids == {"windows_10", "windows_server_2016"}


def test_what_a_host_shows_is_passed_over_with_what_shows_it_and_refused_by_name() -> None:
    survey = survey_of("windows_server_2022")
    blocks = {f"smb-445/{way}": [Block("shares-in-use", "share Data")] for way in ("smb_server", "disable")}

    def select_with(asked: list[str] | None, accept: frozenset[str] = frozenset()) -> Selection:
        return checked(select(asked, survey.explained, survey.host.windows, KNOWLEDGE, Consent(accept, blocks=blocks)))

    passed = {item.recipe.id: item for item in select_with(None).skipped}["smb-445"]
    assert (passed.reason, passed.hazards[:1]) == (Reason.GATED, ("shares-in-use",))
    assert "(here: share Data); to do it anyway, list 'shares-in-use' in 'accept'" in passed.detail
    with pytest.raises(Refused, match="share Data"):
        select_with(["smb-445"])
    assert [choice.method.id for choice in select_with(["smb-445"], frozenset({"shares-in-use"})).choices] == ["smb_server"]


@pytest.mark.parametrize("name", ["llmnr-5355", "rpc-wininit", "rpc-scm"])
def test_a_refusal_always_has_a_reason(name: str) -> None:
    survey = survey_of("windows_server_2003")
    with pytest.raises(Refused, match=rf"recipe '{name}' is not used on Windows Server 2003: \w"):
        checked(select([name], survey.explained, survey.host.windows, KNOWLEDGE, Consent()))


def ids(survey: Survey, *subjects: Explained) -> set[str]:
    return {choice.recipe.id for choice in select(None, subjects, survey.host.windows, KNOWLEDGE, Consent()).choices}


def test_all_that_an_rpc_port_of_a_shared_process_may_belong_to_is_stopped_or_nothing() -> None:
    survey = survey_of("windows_server_2003+role_link_tracking")
    port = next(s for s in survey.explained if set(s.owners) == {"TrkSvr", "Schedule"})
    assert ids(survey, port) - ids(survey) == {"link-tracking-server"}
    kinds = ((Port.RPC,),) * 3
    # One of them would stay, and with it perhaps the port.
    assert ids(survey, replace(port, owners=(*port.owners, "Vendor"), kinds=kinds)) == ids(survey)
    assert ids(survey, replace(port, owners=("TrkSvr", "RpcSs"))) == ids(survey)
    # Nothing tells on Windows 2000 which process has it.
    assert ids(survey, replace(port, endpoint=replace(port.endpoint, pid=None))) == ids(survey)
