# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds of every kind of change: saved, written as text and read back it is the same; made, it holds; put back, it is undone."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args
from uuid import UUID

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule, Firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilterRule, RpcFilters, RpcProtocol, as_listed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import DomainRole, NtVersion, ProductType, Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import PREFIX
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Adapter, BootEvidence, Host, Service
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import NetbiosOption, option_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import setting as netbios_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import start_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import registry_value
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect, Written
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import (
    RESTORABLE,
    SAVED,
    Change,
    effect,
    effects,
    identity_of,
    kind_of,
    project,
    touched,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_key import DeleteKey
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.rpc_filter import AddRpcFilter, RemoveRpcFilter
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StartService, StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.touched import Touched
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.way_back import Goal, Now, Way
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.snapshot import Snapshot
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeSession
from ansible_collections.netmin.windows.tests.unit.records import value_of
from hypothesis import find, given, settings
from hypothesis import strategies as st

NT = NtVersion(10, 0)
WINDOWS = Windows("windows_server_2022", "Windows Server 2022", NT, 20348, ProductType.SERVER)
HOST = Host(WINDOWS, "", DomainRole.STANDALONE_SERVER, ByName(), ByName(), ByName(), (), {}, (), BootEvidence(None, None, None))
NOW: dict[str, Any] = {"stage": "services", "effective": Effective.NOW, "why": "w"}

WORD = st.text(string.ascii_letters + string.digits + " _-%.", min_size=1, max_size=12)
KEY = st.lists(WORD, min_size=1, max_size=4).map("\\".join)
VALUE_NAME = st.text(string.ascii_letters + "\\ %", max_size=8)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
VALUE = st.one_of(
    st.builds(RegistryValue.dword, st.integers(0, 2**32 - 1)),
    st.builds(RegistryValue.text, TEXT),
    st.builds(RegistryValue.texts, st.lists(TEXT, max_size=3).map(tuple)),
    st.builds(RegistryValue, st.just(RegistryType.QWORD), st.integers(0, 2**64 - 1)),
    st.builds(RegistryValue, st.just(RegistryType.BINARY), st.binary(max_size=6)),
)
COMMON = {"stage": st.sampled_from(STAGES), "effective": st.sampled_from(Effective), "why": WORD}
KIND = st.sampled_from(ServiceKind)
GUID = st.uuids().map(lambda number: f"{{{str(number).upper()}}}")

Case = tuple[Change, Seen]
"""A change, and what is seen before it is made."""


@st.composite
def rules(draw: st.DrawFn) -> FilterRule:
    if draw(st.booleans()):
        protocol, port = draw(st.sampled_from(Protocol)), draw(st.integers(1, 65535))
        return FilterRule(f"{PREFIX}{protocol}/{port}", protocol, str(port))
    # No rule is planned for a name that a command line cannot hold.
    owner = draw(WORD.filter(lambda word: "%" not in word))
    return FilterRule(
        f"{PREFIX}tcp/rpc {owner}", Protocol.TCP, "RPC", rf"%SystemRoot%\System32\{owner.strip()}.exe", draw(st.sampled_from(["", "Svc"]))
    )


@st.composite
def value_cases(draw: st.DrawFn) -> Case:
    before, after = draw(st.lists(st.none() | VALUE, min_size=2, max_size=2, unique_by=repr))
    change = draw(st.builds(SetRegistryValue, key=KEY, name=VALUE_NAME, before=st.just(before), after=st.just(after), **COMMON))
    return change, Seen(values={change.place: before})


@st.composite
def key_cases(draw: st.DrawFn) -> Case:
    change = draw(st.builds(DeleteKey, key=KEY, **COMMON))
    return change, Seen(keys={change.key: True})


def service(kind: ServiceKind, name: str, *, runs: bool, mode: StartMode = StartMode.AUTO) -> ByName[Service]:
    state = "Running" if runs else "Stopped"
    return ByName({name: Service(kind, name, name, state, mode, False, "", None, delayed=False, accepts_stop=runs)})


@st.composite
def mode_cases(draw: st.DrawFn) -> Case:
    before, after = draw(st.lists(st.sampled_from(StartMode), min_size=2, max_size=2, unique=True))
    change = draw(st.builds(SetStartMode, kind=KIND, name=WORD, before=st.just(before), after=st.just(after), **COMMON))
    return change, Seen(service(change.kind, change.name, runs=draw(st.booleans()), mode=before))


@st.composite
def stop_cases(draw: st.DrawFn) -> Case:
    change = draw(st.builds(StopService, kind=KIND, name=WORD, along=st.sampled_from(["", "other"]), **COMMON))
    return change, Seen(service(change.kind, change.name, runs=True))


@st.composite
def start_cases(draw: st.DrawFn) -> Case:
    change = draw(st.builds(StartService, kind=KIND, name=WORD, **COMMON))
    return change, Seen(service(change.kind, change.name, runs=False))


@st.composite
def netbios_cases(draw: st.DrawFn) -> Case:
    before = draw(st.none() | st.sampled_from(NetbiosOption).map(RegistryValue.dword))
    after = draw(st.sampled_from([option for option in NetbiosOption if option is not option_of(before)]))
    about = {"index": st.integers(0, 9), "adapter": WORD, "guid": GUID}
    change = draw(st.builds(SetNetbios, before=st.just(option_of(before)), after=st.just(after), **about, **COMMON))
    return change, Seen(values={netbios_setting(change.guid).place: before})


@st.composite
def added_cases(draw: st.DrawFn) -> Case:
    return draw(st.builds(AddFilterRule, rule=rules(), **COMMON)), Seen(firewall=Firewall())


@st.composite
def removed_cases(draw: st.DrawFn) -> Case:
    rule = draw(rules())
    change = draw(st.builds(RemoveFilterRule, name=st.just(rule.name), before=st.just(rule.text), **COMMON))
    return change, Seen(firewall=Firewall({rule.name: "{A}"}, {rule.name: rule.text}))


@st.composite
def filters(draw: st.DrawFn) -> RpcFilterRule:
    numbers = draw(st.lists(st.integers(1, 2**32 - 1), max_size=2, unique=True))
    sids = tuple(sorted(f"S-1-5-21-{number}" for number in numbers))
    return RpcFilterRule(draw(st.uuids()), draw(st.sampled_from(RpcProtocol)), sids)


@st.composite
def made_cases(draw: st.DrawFn) -> Case:
    rule = draw(filters())
    change = draw(st.builds(AddRpcFilter, rule=st.just(rule), **COMMON))
    return change, Seen(rpc_filters=RpcFilters((as_listed(draw(filters())),)))


@st.composite
def deleted_cases(draw: st.DrawFn) -> Case:
    rule = draw(filters())
    change = draw(st.builds(RemoveRpcFilter, keys=st.just((rule.key,)), before=st.just(rule.text), **COMMON))
    return change, Seen(rpc_filters=RpcFilters((as_listed(rule),)))


CASES: Mapping[type, st.SearchStrategy[Case]] = {
    AddFilterRule: added_cases(),
    AddRpcFilter: made_cases(),
    DeleteKey: key_cases(),
    RemoveFilterRule: removed_cases(),
    RemoveRpcFilter: deleted_cases(),
    SetNetbios: netbios_cases(),
    SetRegistryValue: value_cases(),
    SetStartMode: mode_cases(),
    StartService: start_cases(),
    StopService: stop_cases(),
}
EVERY = st.one_of(*CASES.values())
# A loaded machine takes its time.
PROPERTY = settings(deadline=None)


def test_every_kind_has_its_cases_here() -> None:
    assert set(CASES) == set(get_args(Change))
    assert {name for kind in RESTORABLE for name in kind.OBJECTS} == set(SAVED)


@PROPERTY
@given(EVERY)
def test_saved_and_read_back_it_is_the_same(case: Case) -> None:
    change, seen = case
    saved = kind_of(change).save(change, FakeSession(FakeHost()), seen, NT)
    if saved is None:
        assert isinstance(change, DeleteKey)
        return
    lines = value_of(Snapshot("r", (saved,))).data
    assert isinstance(lines, tuple)
    assert snapshot.from_lines(lines).saved == (saved,)
    assert saved.stage == change.stage


@PROPERTY
@given(EVERY)
def test_made_it_holds_and_shows_what_was_planned(case: Case) -> None:
    change, seen = case
    kind, after = kind_of(change), project((change,), seen)
    assert not kind.holds(change, seen)
    # A value that becomes another type alone shows the same data before and after (0 as DWORD and as QWORD).
    assert kind.found(change, seen) != change.shown[1] or change.shown[0] == change.shown[1]
    assert kind.holds(change, after)
    assert kind.found(change, after) == change.shown[1]
    assert project((change,), after) == after


@PROPERTY
@given(EVERY)
def test_put_back_it_is_as_it_was(case: Case) -> None:
    change, seen = case
    saved = kind_of(change).save(change, FakeSession(FakeHost()), seen, NT)
    if saved is None:
        return
    after = project((change,), seen)
    goal = Goal(saved, saved, (saved.after,), certain=True)
    adapters = (Adapter(change.index, change.adapter, change.guid, "", True, False, ()),) if isinstance(change, SetNetbios) else ()
    host = after.on(replace(HOST, adapters=adapters))
    restorable = SAVED[saved.object]
    way = restorable.plan_back(goal, Now({item: after.value(item) for item in restorable.settings(goal)}, ByName()), host)
    assert isinstance(way, Way)
    assert way.differs == ""
    back = project(way.changes, after)
    assert (back.services, back.values) == (seen.services, seen.values)
    if seen.firewall is not None and back.firewall is not None:
        assert back.firewall.texts == seen.firewall.texts
    if seen.rpc_filters is not None and back.rpc_filters is not None:
        assert set(back.rpc_filters.listed) == set(seen.rpc_filters.listed)


@PROPERTY
@given(EVERY)
def test_what_is_as_it_was_needs_no_way_back(case: Case) -> None:
    change, seen = case
    saved = kind_of(change).save(change, FakeSession(FakeHost()), seen, NT)
    if saved is None:
        return
    restorable, goal = SAVED[saved.object], Goal(saved, saved, (saved.after,), certain=True)
    host = seen.on(HOST)
    left = restorable.plan_back(goal, Now({item: seen.value(item) for item in restorable.settings(goal)}, ByName()), host)
    assert isinstance(left, Unchanged)
    assert (left.stage, left.reason) == (change.stage, Reason.AS_DESIRED)
    # A filter of RPC calls is named by what it does, and not by its key.
    names = [str(text).split(" ")[1] for text in (saved.before, saved.after) if text] if saved.object == "RPC filter" else saved.name
    assert any(part in left.target for part in names)


def test_the_option_of_an_adapter_that_is_gone_is_not_put_back() -> None:
    saved = Saved("netbt", "netbios", ("{A}",), RegistryValue.dword(0), RegistryValue.dword(2), label="Card")
    left = SAVED[saved.object].plan_back(Goal(saved, saved, (saved.after,)), Now({}, ByName()), HOST)
    assert isinstance(left, Unchanged)
    assert (left.stage, left.target, left.reason) == ("netbt", "adapter Card {A}", Reason.ABSENT)


def test_a_delayed_start_is_put_back_after_the_start_mode() -> None:
    saved = Saved("services", "start mode", ("Svc",), "auto", "disabled", delayed=True)
    host = replace(HOST, services=service(ServiceKind.SERVICE, "Svc", runs=False, mode=StartMode.DISABLED))
    goal = Goal(saved, saved, (saved.after,))
    way = SAVED[saved.object].plan_back(goal, Now(dict.fromkeys(SAVED[saved.object].settings(goal)), ByName()), host)
    assert isinstance(way, Way)
    assert [(change.stage, change.shown) for change in way.changes] == [("services", ("disabled", "auto")), ("services", (None, 1))]


def test_a_rule_that_a_run_may_have_made_is_deleted_without_force() -> None:
    saved = Saved("ip_filter", "inbound rule", (RULE.name,), "", RULE.text)
    host = replace(HOST, firewall=Firewall({RULE.name: ""}, {}))
    way = SAVED[saved.object].plan_back(Goal(saved, saved, (saved.after,)), Now({}, ByName()), host)
    assert isinstance(way, Way)
    assert (way.differs, [(type(change), change.shown) for change in way.changes]) == ("", [(RemoveFilterRule, ("not known", None))])


def value(key: str, name: str) -> SetRegistryValue:
    return SetRegistryValue(key=key, name=name, before=None, after=None, **NOW)


def rule(name: str) -> AddFilterRule:
    return AddFilterRule(rule=FilterRule(f"{PREFIX}{name}", Protocol.TCP, "1"), **NOW)


def rpc_filter(number: int) -> AddRpcFilter:
    return AddRpcFilter(rule=RpcFilterRule(UUID(int=number), RpcProtocol.TCP), **NOW)


def adapter(name: str, guid: str) -> SetNetbios:
    return SetNetbios(index=1, adapter=name, guid=guid, before=NetbiosOption.ENABLED, after=NetbiosOption.DISABLED, **NOW)


# Few names, so that the same come again, and such as look alike when they are put together.
NAME = st.sampled_from(["A", "B", "service A"])
FEW_KEYS = st.sampled_from(["A", r"A\B", r"A\B\C"])
FEW: st.SearchStrategy[Change] = st.one_of(
    st.builds(value, FEW_KEYS, st.sampled_from(["", "B", "C", r"B\C", r"\B\C"])),
    st.builds(DeleteKey, key=FEW_KEYS, **{name: st.just(given) for name, given in NOW.items()}),
    st.builds(lambda kind, name: SetStartMode(kind=kind, name=name, before=StartMode.AUTO, after=StartMode.MANUAL, **NOW), KIND, NAME),
    st.builds(lambda kind, name: StopService(kind=kind, name=name, **NOW), KIND, NAME),
    st.builds(lambda kind, name: StartService(kind=kind, name=name, **NOW), KIND, NAME),
    st.builds(rule, NAME),
    st.builds(lambda name: RemoveFilterRule(name=f"{PREFIX}{name}", before="", **NOW), NAME),
    st.builds(rpc_filter, st.integers(1, 3)),
    st.builds(lambda number: RemoveRpcFilter(keys=(UUID(int=number),), before="", **NOW), st.integers(1, 3)),
    st.builds(adapter, NAME, st.sampled_from(["{A}", "{B}"])),
)


def object_of(change: Change) -> tuple[object, ...]:
    """Return what is changed, by the parts of its name."""
    named = change.rule if isinstance(change, AddFilterRule | AddRpcFilter) else change
    return (type(change), *(getattr(named, part, None) for part in ("kind", "key", "name", "adapter", "guid", "interface")))


@settings(PROPERTY, max_examples=300)
@given(st.lists(FEW, min_size=10, max_size=30))
def test_changes_share_an_identity_when_they_change_the_same_and_never_else(changes: list[Change]) -> None:
    pairs = {(change.identity, object_of(change)) for change in changes}
    assert len({identity for identity, _object in pairs}) == len(pairs)
    assert len({named for _identity, named in pairs}) == len(pairs)


@pytest.mark.parametrize("kind", get_args(Change))
def test_the_few_changes_are_of_every_kind(kind: type) -> None:
    assert isinstance(find(FEW, lambda change: isinstance(change, kind)), kind)


def test_objects_of_the_same_name_have_identities_of_their_own() -> None:
    kind = ServiceKind.SERVICE
    changes: list[Change] = [
        SetStartMode(kind=kind, name="A", before=StartMode.AUTO, after=StartMode.MANUAL, **NOW),
        StopService(kind=kind, name="A", **NOW),
        StartService(kind=kind, name="A", **NOW),
        StopService(kind=ServiceKind.DRIVER, name="A", **NOW),
        value(r"A\B", "C"),
        value("A", r"B\C"),
        value(r"A\B\C", ""),
        value("A", r"\B\C"),
        DeleteKey(key=r"A\B\C", **NOW),
        AddFilterRule(rule=FilterRule(f"{PREFIX}tcp/1", Protocol.TCP, "1"), **NOW),
        RemoveFilterRule(name=f"{PREFIX}tcp/1", before="", **NOW),
    ]
    assert len({change.identity for change in changes}) == len(changes)


def test_what_is_no_change_has_no_kind() -> None:
    with pytest.raises(AssertionError):
        kind_of("a change")  # type: ignore[arg-type]


SERVICE = {"kind": ServiceKind.SERVICE, "name": "Svc", **NOW}
LATER = {**NOW, "effective": Effective.BOOT}
RULE = FilterRule(f"{PREFIX}tcp/1", Protocol.TCP, "1")
CALLS = RpcFilterRule(UUID(int=1), RpcProtocol.PIPE)
GUID_A = "{A}"
START = start_setting("Svc")
TOUCHED: list[tuple[Change, Touched, Effect]] = [
    (StopService(along="Other", **SERVICE), Touched(stops="Svc", along="Other"), Effect(stops="Svc")),
    (StartService(**SERVICE), Touched(), Effect(starts="Svc")),
    (
        SetStartMode(before=StartMode.AUTO, after=StartMode.DISABLED, **SERVICE),
        Touched(configures="Svc"),
        Effect(start_mode=("Svc", StartMode.DISABLED)),
    ),
    (
        SetStartMode(before=StartMode.DISABLED, after=StartMode.AUTO, **{**SERVICE, "effective": Effective.BOOT}),
        Touched(configures="Svc"),
        Effect(start_mode=("Svc", StartMode.AUTO), enables="Svc"),
    ),
    (value("K", "v"), Touched(value=("K", "v")), Effect(written=Written("K", "v", None))),
    (
        SetRegistryValue(key=START.key, name="start", before=None, after=RegistryValue.dword(4), **LATER),
        Touched(value=(START.key, "start"), configures="Svc", waits=True),
        Effect(written=Written(START.key, "start", RegistryValue.dword(4))),
    ),
    (DeleteKey(key="K", **NOW), Touched(), Effect(deletes="K")),
    (
        SetNetbios(index=1, adapter="a", guid=GUID_A, before=NetbiosOption.DHCP, after=NetbiosOption.DISABLED, **NOW),
        Touched(netbios=GUID_A),
        Effect(netbios=(GUID_A, NetbiosOption.DISABLED)),
    ),
    (AddFilterRule(rule=RULE, **NOW), Touched(adds=RULE, shell=True), Effect()),
    (RemoveFilterRule(name=RULE.name, before="", **NOW), Touched(removes=RULE.name, shell=True), Effect()),
    (AddRpcFilter(rule=CALLS, **NOW), Touched(filters=CALLS, rpc_filters=True, shell=True), Effect()),
    (RemoveRpcFilter(keys=(CALLS.key,), before=CALLS.text, **NOW), Touched(rpc_filters=True, shell=True), Effect()),
]


@pytest.mark.parametrize(("change", "touches", "makes"), TOUCHED, ids=[type(change).__name__ for change, _touched, _effect in TOUCHED])
def test_what_a_change_touches_and_makes_of_the_host(change: Change, touches: Touched, makes: Effect) -> None:
    assert touched(change) == touches
    assert effect(change) == makes


def test_what_is_started_or_is_disabled_no_more_may_run_again() -> None:
    mode = SetStartMode(before=StartMode.DISABLED, after=StartMode.MANUAL, **SERVICE)
    returns = {type(change): effect(change).returns for change in (StartService(**SERVICE), mode, StopService(**SERVICE))}
    assert returns == {StartService: "Svc", SetStartMode: "Svc", StopService: ""}


def test_effects_are_joined_without_regard_to_case() -> None:
    joined = effects(change for change, _touched, _effect in TOUCHED)
    assert joined.stops == {"svc"}
    assert joined.start_modes == {"svc": StartMode.AUTO}
    assert joined.values == {("k", "v"): None, START.place: RegistryValue.dword(4)}
    assert joined.netbios == {"{a}": NetbiosOption.DISABLED}


def test_a_service_that_is_gone_neither_runs_nor_starts() -> None:
    stop, start = StopService(**SERVICE), StartService(**SERVICE)
    mode = SetStartMode(before=StartMode.AUTO, after=StartMode.DISABLED, **SERVICE)
    for change, holds in ((stop, True), (start, False), (mode, True)):
        assert kind_of(change).holds(change, project((change,), Seen())) is holds
        assert kind_of(change).found(change, Seen()) == "gone"


def test_where_the_firewall_was_not_read_no_rule_is_there() -> None:
    for change, holds, shown in (
        (AddFilterRule(rule=RULE, **NOW), False, None),
        (RemoveFilterRule(name=RULE.name, before="", **NOW), True, None),
    ):
        assert kind_of(change).holds(change, project((change,), Seen())) is holds
        assert kind_of(change).found(change, Seen()) is shown


def test_only_what_a_snapshot_cannot_hold_is_lost() -> None:
    lost = replace(value("K", "v"), before=RegistryValue(RegistryType.EXPAND_SZ, "%x%"))
    assert registry_value.is_lost(lost)
    assert not any(kind_of(change).is_lost(change) for change, _touched, _effect in TOUCHED)


def test_a_stop_and_a_start_are_one_object() -> None:
    stopped, started = Saved("services", "stopped", ("BITS",), None, None), Saved("services", "started", ("bits",), None, None)
    assert identity_of(stopped) == identity_of(started)
    assert identity_of(stopped) != identity_of(Saved("services", "start mode", ("BITS",), "auto", "manual"))


@pytest.mark.parametrize(
    ("key", "name", "service"),
    [
        (r"SYSTEM\CurrentControlSet\Services\Svc", "Start", "Svc"),
        (r"system\controlset001\services\Svc", "START", "Svc"),
        (r"SYSTEM\CurrentControlSet\Services\Svc", "Type", ""),
        # Not every value of that name is of a service.
        (r"SYSTEM\CurrentControlSet\Services\Svc\Parameters", "Start", ""),
        (r"SOFTWARE\Vendor\Svc", "Start", ""),
    ],
)
def test_the_value_of_a_start_mode_is_of_a_service(key: str, name: str, service: str) -> None:
    assert touched(value(key, name)).configures == service
    disabled, manual = RegistryValue.dword(4), RegistryValue.dword(3)
    change = SetRegistryValue(key=key, name=name, before=disabled, after=manual, **NOW)
    assert effect(change).enables == service
