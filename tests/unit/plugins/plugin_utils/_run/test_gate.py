# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is refused, what is passed over, and what nothing may close or drop: on simulated hosts, from options to a plan and its result."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AccessDenied,
    ClassMissing,
    Fault,
    InvalidOption,
    NotFound,
    QuotaExceeded,
    Refused,
    TimedOut,
    UnsafePlan,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Gate, Hazard, Kind
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.contradictions import in_minimize, in_stage
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Blocks, Refusal, refuse
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gated import Gated, plan_gated
from ansible_collections.netmin.windows.plugins.plugin_utils._run.hazards import Detector
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted, minimize_spec, minimize_wanted, stage_spec
from ansible_collections.netmin.windows.plugins.plugin_utils._run.probes import Proposal
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run, result_of
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME, Survey, make_forecast, read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, simulated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from winsim.scenarios.layers import part_titles

ACCEPTABLE = sorted(hazard.id for hazard in KNOWLEDGE.hazards if hazard.gate is Gate.ACCEPT)
DROP: dict[str, Any] = {"ip_filter": {"residue": "drop", "unknown": True}}
SERVER = "windows_server_2022"
SHARE = f"{SERVER}+shared_folder"
DOCKER = "windows_11+idle_dependent"
OPEN = (Outlook.STAYS, Outlook.KEPT)


def options(**given_: Any) -> dict[str, Any]:
    validated = ArgumentSpecValidator(minimize_spec()).validate(given_)
    assert not validated.error_messages
    return dict(validated.validated_parameters)


def planned(host: Simulated, **said: Any) -> Gated:
    """Plan as `minimize` does."""
    given_ = options(**said)

    def choose(survey: Survey, blocks: Blocks) -> Wanted:
        return minimize_wanted(given_, survey, KNOWLEDGE, blocks)

    return plan_gated(host.session, read_survey(host.session, KNOWLEDGE), KNOWLEDGE, choose)


def result(host: Simulated, **said: Any) -> dict[str, Any]:
    """Return what `minimize` returns in check mode."""
    given_ = options(**said)
    run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
    prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(given_, survey, KNOWLEDGE, blocks))
    return result_of(run, prepared, None, planned=True)


def changed(made: Gated) -> set[str]:
    return {change.target for change in made.plan.changes}


# --- what a hazard protects, it protects from rules as well ---


def shown(host: Simulated, survey: Survey, plan: Plan) -> Iterator[tuple[Hazard, tuple[Explained, ...]]]:
    """Yield every hazard that a host shows, asked apart from any plan, and the listeners that single peers are connected to."""
    detector = Detector(host.session, survey, KNOWLEDGE)
    proposal = Proposal(plan, tuple(subject for subject in survey.explained if not subject.management))
    for hazard in KNOWLEDGE.hazards:
        answer = detector.examine(hazard, proposal)
        if hazard.gate is Gate.ACCEPT and answer.lines:
            yield hazard, tuple(sign.subject for sign in answer.about)


def belongs(subject: Explained, hazard: Hazard, about: Collection[Explained]) -> bool:
    """Tell whether a listener is among those that a hazard is about."""
    if Kind.CLOSING in hazard.affects.kinds:
        return any(peer.endpoint == subject.endpoint for peer in about)
    every = Kind.EVERYTHING in hazard.affects.kinds and subject.recipe not in hazard.allowed
    return every or subject.recipe in hazard.affects.recipes


def lost(host: Simulated, made: Gated, accept: Collection[str]) -> list[str]:
    """Name the listeners that a plan closes or drops although a hazard that nobody accepted is about them."""
    standing = [(hazard, about) for hazard, about in shown(host, made.survey, made.plan) if hazard.id not in accept]
    kept = made.wanted.terms.kept
    before = make_forecast(Plan(), made.survey, KNOWLEDGE, kept)
    after = make_forecast(made.plan, made.survey, KNOWLEDGE, kept, made.wanted.skipped)
    return [
        f"{subject.endpoint.name} ({subject.owner}): {then.outlook}, {hazard.id}"
        for subject, now, then in zip(made.survey.explained, before, after, strict=True)
        if now.outlook != then.outlook
        and then.outlook not in (Outlook.STAYS, Outlook.KEPT)
        and subject.endpoint.scope is not Scope.LOOPBACK
        for hazard, about in standing
        if belongs(subject, hazard, about)
    ]


def test_a_share_is_neither_closed_nor_dropped_in_one_run() -> None:
    with simulated(SHARE, read_only=True) as host:
        made = planned(host, **DROP)
        assert "inbound rule netmin.windows tcp/135" in changed(made)
        assert not {f"inbound rule netmin.windows {port}" for port in ("tcp/445", "tcp/139", "udp/137", "udp/138")} & changed(made)
        left = {item.target: item for item in made.plan.unchanged if item.stage == "ip_filter"}
        item = left["tcp/445 (srvnet in pid 4)"]
        assert item.reason is Reason.GATED
        assert item.detail.endswith(r"(here: share Data D:\Data); to do it anyway, list 'shares-in-use' in 'accept'")
        assert lost(host, made, ()) == []
        freely = planned(host, accept=["shares-in-use"], **DROP)
        assert "service LanmanServer" in changed(freely)


def test_a_rule_that_is_there_goes_where_a_hazard_now_stands() -> None:
    with simulated(SHARE) as host:
        given_ = options(accept=["shares-in-use"], stages=["ip_filter"], **DROP)
        run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
        prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(given_, survey, KNOWLEDGE, blocks))
        run.carry_out(prepared, host.session, stop_limit=60)
        assert not planned(host, accept=["shares-in-use"], stages=["ip_filter"], **DROP).plan.changes
        # A rule that is missing makes it worth asking.
        host.session.remove_filter_rule("netmin.windows tcp/135", certain=True)
        assert "former inbound rule netmin.windows tcp/445" in changed(planned(host, stages=["ip_filter"], **DROP))


SISTERS = [f"{SERVER}+{part}" for part in sorted(part_titles()) if part.startswith("hazard_")]
SISTERS += [f"{base}+hazard_{part}" for base in ("windows_vista", "windows_7") for part in ("domain_member", "printing", "rds")]
ROLES = [
    "windows_server_2019_file_server",
    "windows_server_2019_rdp_host",
    "windows_server_2022_print_server",
    "windows_server_2022_sql_server",
    "windows_server_2022_web_server",
    "windows_server_2025_hyperv_host",
    "windows_server_2016_dns_server",
]


@pytest.mark.parametrize("name", [*SISTERS, *ROLES])
def test_no_rule_drops_what_a_hazard_holds_open(name: str) -> None:
    with simulated(name, read_only=True) as host:
        made = planned(host, **DROP)
        assert lost(host, made, ()) == []
        # And where all of them are accepted, rules and stops are made: the one above is not green for nothing.
        if made.survey.host.windows.product != 2:
            assert len(planned(host, accept=ACCEPTABLE, dependents="stop", **DROP).plan.changes) >= len(made.plan.changes)


def test_a_listener_that_no_recipe_knows_is_its_hazards_where_its_owner_is_a_sign_of_it() -> None:
    with simulated(f"{SERVER}+hazard_exchange_sharepoint", read_only=True) as host:
        assert "inbound rule netmin.windows tcp/25" not in changed(planned(host, **DROP))
        assert "inbound rule netmin.windows tcp/25" in changed(planned(host, accept=["exchange-sharepoint"], **DROP))


def test_a_peer_at_a_port_keeps_rules_away_from_it_and_from_no_other() -> None:
    with simulated(f"{SERVER}+hazard_established_inbound", read_only=True) as host:
        made = planned(host, **DROP)
        left = {item.target: item.detail for item in made.plan.unchanged if item.stage == "ip_filter"}
        assert "192.0.2.78:50210" in left["tcp/445 (srvnet in pid 4)"]
        assert "tcp/135" not in left["tcp/445 (srvnet in pid 4)"]
        assert not {"inbound rule netmin.windows tcp/445", "inbound rule netmin.windows tcp/135"} & changed(made)
        assert "inbound rule netmin.windows tcp/rpc EventLog" in changed(made)


BASES = ("windows_7", "windows_10", SERVER)
PARTS = [*sorted(part for part in part_titles() if part.startswith("hazard_")), "shared_folder", "idle_dependent"]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    base=st.sampled_from(BASES),
    parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=2, unique=True),
    accept=st.sets(st.sampled_from(ACCEPTABLE)),
    drop=st.booleans(),
    dependents=st.sampled_from(["stop", "refuse"]),
)
def test_nothing_that_a_standing_hazard_is_about_is_closed_or_dropped(
    base: str, parts: list[str], accept: set[str], drop: bool, dependents: str
) -> None:
    with simulated("+".join((base, *parts)), read_only=True) as host:
        made = planned(host, accept=sorted(accept), dependents=dependents, **(DROP if drop else {}))
        assert lost(host, made, accept) == []


# --- a question that was refused ---


@contextmanager
def answered(host: Simulated, monkeypatch: pytest.MonkeyPatch, classes: Collection[str], error: Fault) -> Iterator[None]:
    """Let the host answer queries of some classes with a fault; what listens is shown, and who is connected is not."""
    ask = host.session.query

    def query(wmi_class: str, *rest: Any, **more: Any) -> Any:
        if wmi_class in classes and more.get("where") != Where("State", (2,)):
            raise error
        return ask(wmi_class, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(host.session, "query", query)
        yield


def fault(kind: type[Fault], code: int | None) -> Fault:
    return kind("the question was refused", host="h", code=code, subcode="InternalError")


SHARES = ("Win32_Share", "Win32_ServerSession")
REFUSALS = [
    fault(AccessDenied, 0x80041003),
    fault(QuotaExceeded, 0x8004106C),
    fault(TimedOut, 2150858793),
    fault(Fault, 0x80041001),
    # What denies a class without a code may be anybody's.
    fault(ClassMissing, None),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_hazard_that_may_not_be_looked_for_holds_back_as_it_would_itself(error: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated(SERVER, read_only=True) as host, answered(host, monkeypatch, SHARES, error):
        made = planned(host, **DROP)
        assert not {"service LanmanServer", "inbound rule netmin.windows tcp/445"} & changed(made)
        passed = {item.recipe.id: item for item in made.wanted.skipped}
        assert passed["smb-445"].hazards == ("shares-in-use",)
        assert "could not be checked: Win32_Share: the question was refused" in passed["smb-445"].detail
        (finding,) = [item for item in made.findings if item.hazard.id == "shares-in-use"]
        assert (finding.detected, finding.stands) == (False, True)
        with pytest.raises(Refused, match=r"could not be checked.*'shares-in-use' in 'accept'") as caught:
            planned(host, recipes=["smb-445"])
        assert caught.value.hazards == ("shares-in-use",)
        assert "service LanmanServer" in changed(planned(host, accept=["shares-in-use"], **DROP))


def test_a_class_that_is_missing_by_its_code_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated(SERVER, read_only=True) as host, answered(host, monkeypatch, SHARES, fault(ClassMissing, 0x80041010)):
        made = planned(host)
        assert "service LanmanServer" in changed(made)
        assert "shares-in-use" not in {item.hazard.id for item in made.findings}


def test_peers_that_may_not_be_seen_hold_back_what_closes_a_tcp_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated(SERVER, read_only=True) as host, answered(host, monkeypatch, ["MSFT_NetTCPConnection"], fault(AccessDenied, 5)):
        made = planned(host)
        assert not {"service LanmanServer", "service Spooler"} & changed(made)
        assert any(target.endswith("EnableMulticast") for target in changed(made))
        assert {"service LanmanServer", "service Spooler"} <= changed(planned(host, accept=["established-inbound"]))


def test_faults_in_place_of_every_answer_make_a_plan_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated(f"{SERVER}+hazard_shares_in_use", read_only=True) as host:
        honest = changed(planned(host))
        classes = {probe.query.wmi_class for hazard in KNOWLEDGE.hazards for probe in hazard.detect if probe.query is not None}
        with answered(host, monkeypatch, {*classes, "MSFT_NetTCPConnection"}, fault(Fault, None)):
            assert changed(planned(host)) <= honest


# --- all refusals at once ---


def test_all_refusals_of_a_task_are_told_at_once_in_the_order_of_stages() -> None:
    asked: dict[str, Any] = {
        "services": [{"name": "Spoler"}, {"name": "WinRM"}, {"name": "RpcSs"}, {"name": "LanmanServer"}],
        "smb_device": {"smb_over_tcp": "disabled", "method": "smb_device_enabled"},
        "rpc_restriction": {"interfaces": ["loopback"]},
        "name_resolution": {"max_cached_sockets": 0},
    }
    with simulated(f"{SERVER}+hazard_dependents+shared_folder", read_only=True) as host, pytest.raises(Refused) as caught:
        planned(host, **asked)
    head, *lines = str(caught.value).splitlines()
    assert head == f"{len(lines)} refusals; nothing was changed:"
    words = ("no service 'Spoler'", "WinRM is never", "RpcSs is never", "FolderIndex depends on it", "share Data", "SmbDeviceEnabled")
    assert [word for word, line in zip(words, lines, strict=False) if word not in line] == []
    assert ["Bind" in lines[-2], "MaxCachedSockets" in lines[-1]] == [True, True]
    assert caught.value.hazards == ("dependents", "shares-in-use")


def test_every_hazard_of_one_recipe_is_told_at_once() -> None:
    with simulated(f"{SERVER}+hazard_shares_in_use+hazard_sql_server+hazard_dependents", read_only=True) as host:
        with pytest.raises(Refused) as caught:
            planned(host, recipes=["smb-445"])
        needed = set(caught.value.hazards)
        assert needed == {"dependents", "established-inbound", "shares-in-use", "sql-server"}
        # What was told is all that is needed.
        assert "service LanmanServer" in changed(planned(host, recipes=["smb-445"], accept=sorted(needed)))


def test_what_is_passed_over_names_every_hazard_as_well() -> None:
    with simulated(f"{SERVER}+shared_folder+hazard_sql_server", read_only=True) as host:
        passed = {item.recipe.id: item for item in planned(host).wanted.skipped}
        assert passed["smb-445"].detail.endswith("to do it anyway, list 'shares-in-use' and 'sql-server' in 'accept'")


def test_one_refusal_is_a_sentence_and_keeps_its_kind() -> None:
    for kind in (InvalidOption, NotFound, UnsafePlan, Refused):
        with pytest.raises(kind) as caught:
            refuse([Refusal("no", kind=kind), Refusal("no", kind=kind)])
        assert (type(caught.value), str(caught.value)) == (kind, "no")
    with pytest.raises(Refused, match=r"2 refusals; nothing was changed:\n- one two\n- three"):
        refuse([Refusal("one\n two", kind=NotFound), Refusal("three")])
    refuse([])


# --- keep against what is asked for by name ---

AGAINST: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"service": "Spooler"}, {"rpc_restriction": {"spooler": "local_only"}}),
    ({"service": "spooler"}, {"services": [{"name": "Spooler"}]}),
    ({"recipe": "rpc-spooler"}, {"services": [{"name": "Spooler", "state": "unchanged", "start_mode": "manual"}]}),
    ({"service": "Spooler"}, {"recipes": ["rpc-spooler"]}),
    ({"service": "LanmanServer"}, {"smb_device": {"smb_over_tcp": "disabled"}}),
    ({"port": "tcp/445"}, {"smb_device": {"smb_over_tcp": "disabled"}}),
    ({"port": "udp/137"}, {"netbt": {"netbios": "disabled"}}),
    ({"service": "LmHosts"}, {"netbt": {"lmhosts": "manual"}}),
    ({"port": "tcp/135"}, {"dcom_protocols": {"remove": ["ncacn_ip_tcp"]}}),
    ({"recipe": "dcom-off"}, {"dcom_protocols": {"enable_dcom": False}}),
    ({"service": "Dnscache"}, {"name_resolution": {"llmnr": "disabled"}}),
    ({"port": "udp/5353"}, {"name_resolution": {"mdns": "disabled"}}),
    ({"recipe": "rpc-epmap-135-tcp"}, {"rpc_restriction": {"listen_on_internet": False}}),
]
NOT_AGAINST: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"service": "Spooler"}, {"rpc_restriction": {"spooler": "default"}}),
    ({"service": "WinRM"}, {"services": [{"name": "WinRM", "state": "unchanged", "start_mode": "auto"}]}),
    ({"service": "LanmanServer"}, {"smb_device": {"smb_over_tcp": "enabled"}}),
    ({"port": "tcp/135"}, {"dcom_protocols": {"remove": ["ncacn_spx"]}}),
    ({"port": "tcp/3389"}, {"ip_filter": {"residue": "drop"}}),
    ({"service": "Spooler"}, {"services": [{"name": "SSDPSRV"}]}),
]


@pytest.mark.parametrize(("keep", "asked"), AGAINST)
def test_what_is_asked_for_against_keep_is_refused_before_any_host_is_asked(keep: dict[str, str], asked: dict[str, Any]) -> None:
    told = list(in_minimize(options(keep=[{**keep, "reason": "prints"}], **asked), KNOWLEDGE))
    assert told
    assert not [text for text in told if not re.search(r"would close what 'keep' protects: .*\(prints\)", text)]


@pytest.mark.parametrize(("keep", "asked"), NOT_AGAINST)
def test_what_goes_together_with_keep(keep: dict[str, str], asked: dict[str, Any]) -> None:
    assert list(in_minimize(options(keep=[{**keep, "reason": "prints"}], **asked), KNOWLEDGE)) == []


@pytest.mark.parametrize("name", sorted(STAGE_BY_NAME))
def test_a_stage_of_which_nothing_is_asked_contradicts_nothing(name: str) -> None:
    given_ = ArgumentSpecValidator(stage_spec(STAGE_BY_NAME[name])).validate({}).validated_parameters
    assert list(in_stage(name, given_, KNOWLEDGE)) == []


def test_all_contradictions_are_told_at_once() -> None:
    given_ = options(
        stages=["services", "rpc_restriction"],
        netbt={"netbios": "disabled"},
        services=[{"name": "Spooler", "start_mode": "auto"}],
        rpc_restriction={"spooler": "local_only"},
        keep=[{"service": "Spooler", "reason": "prints"}, {"port": "445", "reason": "files"}, {"reason": "nothing"}],
        recipes=["sspd-1900"],
    )
    told = list(in_minimize(given_, KNOWLEDGE))
    assert len(told) == 6
    text = "\n".join(told)
    words = (
        "netbt, but 'stages' does not list it",
        "'start_mode: auto' needs 'state: unchanged'",
        "'445' is not a port",
        "exactly one",
        "ssdp-1900",
    )
    assert "'spooler: local_only' would close what 'keep' protects: service Spooler (prints)" in text
    assert [word for word in words if word not in text] == []


def test_what_only_the_host_shows_to_contradict_keep_is_refused_with_the_rest() -> None:
    """A web server is kept, and what it depends on is named."""
    keep = [{"service": "W3SVC", "reason": "shop"}]
    with simulated("windows_2000", read_only=True) as host, pytest.raises(Refused) as caught:
        planned(host, keep=keep, services=[{"name": "IISADMIN"}, {"name": "RpcSs"}])
    assert "service IISADMIN is not stopped: 'keep' protects it (W3SVC depends on it: shop)" in str(caught.value)
    assert "RpcSs is never stopped" in str(caught.value)


def test_what_the_knowledge_chose_against_keep_is_passed_over() -> None:
    with simulated(SERVER, read_only=True) as host:
        made = planned(host, keep=[{"service": "Spooler", "reason": "prints"}])
        assert ("service Spooler", Reason.KEPT, "prints") in [(item.target, item.reason, item.detail) for item in made.plan.unchanged]


def test_a_port_of_the_server_service_is_kept_from_its_stop_too() -> None:
    with simulated(SERVER, read_only=True) as host, pytest.raises(Refused, match="LanmanServer is not stopped: 'keep'"):
        planned(host, keep=[{"port": "tcp/445", "reason": "files"}], services=[{"name": "LanmanServer"}])


# --- dependents that do not run ---


def test_a_dependent_that_does_not_run_is_told_and_held_back_where_a_hazard_knows_it() -> None:
    told = "com.docker.service does not run now but may be started; it cannot be once LanmanServer is disabled"
    with simulated(DOCKER, read_only=True) as host:
        given_ = result(host)
        assert told in given_["warnings"]
        assert "service LanmanServer" not in {change["target"] for change in given_["changes"]}
        (left,) = [item for item in given_["unchanged"] if item["target"] == "recipe smb-445"]
        assert "com.docker.service" in left["detail"]
        assert "list 'container-wsl-nat' in 'accept'" in left["detail"]
        accepted = result(host, accept=["container-wsl-nat"])
        assert told in accepted["warnings"]
        assert "service LanmanServer" in {change["target"] for change in accepted["changes"]}
        with pytest.raises(Refused, match=r"com\.docker\.service depends on LanmanServer and could no longer start"):
            planned(host, services=[{"name": "LanmanServer"}])


def test_a_dependent_that_nobody_knows_is_told_alone() -> None:
    with simulated(f"{SERVER}+idle_dependent", read_only=True) as host:
        host.session.forget()
        made = planned(host, accept=["container-wsl-nat"])
        assert "service LanmanServer" in changed(made)
        assert [text for text in made.plan.warnings if "com.docker.service" in text]


# --- the way back ---


def test_a_way_back_needs_no_accept_and_tells_what_it_closes_again() -> None:
    """Port 445 was closed, a run opened it, somebody shares a folder since: the way back closes it, and says for whom that matters."""
    with simulated(SHARE) as host:
        host.session.set_value(r"SYSTEM\CurrentControlSet\Services\LanmanServer", "Start", RegistryValue.dword(4))
        host.boot()
        given_ = options(smb_device={"smb_over_tcp": "enabled"}, stages=["smb_device"])
        run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
        prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(given_, survey, KNOWLEDGE, blocks))
        run.carry_out(prepared, host.session, stop_limit=60)
        host.boot()
        back = Run(KNOWLEDGE, FakeClock(), "20260102T000000Z-000002")
        prepared = back.prepare_restore(host.session, RestoreScope())
        assert [change.target for change in prepared.plan.changes][:1] == ["service LanmanServer"]
        told = result_of(back, prepared, None, planned=True)
        assert any(text.startswith("hazard shares-in-use: clients lose files") and "share Data" in text for text in told["warnings"])
        assert "hazards" not in told


def test_a_way_back_that_closes_nothing_asks_for_no_hazards(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated(SHARE) as host:
        run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
        given_ = options(accept=ACCEPTABLE)
        prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(given_, survey, KNOWLEDGE, blocks))
        run.carry_out(prepared, host.session, stop_limit=60)
        monkeypatch.setattr(Detector, "look", lambda *_arguments: pytest.fail("the host was asked"))
        back = Run(KNOWLEDGE, FakeClock(), "20260102T000000Z-000002")
        assert back.prepare_restore(host.session, RestoreScope()).findings == ()
