# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is allowed is never reported, what is not allowed always is, groups add up, and no order matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.allowed import Allowed, Judged, ends, judge
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.drift import Found, differences
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.entry import WIDTH, Entry
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.file import Baseline
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._report.findings import Kind
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import KNOWLEDGE, survey_of, windows_xp
from hypothesis import given, settings
from hypothesis import strategies as st

TODAY = date(2027, 3, 31)
HOST = survey_of(windows_xp()).host
ADDRESSES = {Scope.WILDCARD: "0.0.0.0", Scope.ADAPTER: "192.0.2.1", Scope.LOOPBACK: "127.0.0.1"}


def subject(
    port: int = 8080, *, owners: Sequence[str] = ("Tomcat9",), scope: Scope = Scope.WILDCARD, recipe: str | None = None, **more: Any
) -> Explained:
    row = Endpoint(Protocol.TCP, ADDRESSES[scope], port, 44)
    return Explained(row, tuple(owners), ((None,),) * len(owners), more.pop("dynamic", False), recipe, None, **more)


def entry(line: int = 1, **said: Any) -> Entry:
    return Entry("group web", line, "shop", "web team", **{"port": None, **said})


def allowed(*entries: Entry) -> Allowed:
    return Allowed("baseline.yml", 1, entries, TODAY)


def kind(item: Explained, *entries: Entry) -> Kind | None:
    told = judge(item, allowed(*entries), KNOWLEDGE)
    return told.kind if told is not None else None


PORT = (Protocol.TCP, 8080)


def test_by_port_by_service_and_by_recipe() -> None:
    assert kind(subject(), entry(port=PORT)) is None
    assert kind(subject(), entry(service="tomcat9")) is None
    assert kind(subject(recipe="rdp-3389"), entry(recipe="rdp-3389")) is None
    assert kind(subject(), entry(port=(Protocol.UDP, 8080)), entry(service="W3SVC"), entry(recipe="rdp-3389")) is Kind.NEW
    assert kind(subject()) is Kind.NEW


def test_all_that_an_entry_names_has_to_fit() -> None:
    both = entry(port=PORT, service="Tomcat9")
    assert kind(subject(), both) is None
    assert kind(subject(8081), both) is Kind.NEW
    told = judge(subject(owners=("evil",)), allowed(both), KNOWLEDGE)
    assert told == Judged(Kind.OWNER, both)


def test_a_port_of_a_recipe_that_another_owner_has() -> None:
    assert kind(subject(3389, owners=("evil",)), entry(recipe="rdp-3389")) is Kind.OWNER
    # The number of a dynamic port means nothing.
    assert kind(subject(3389, owners=("evil",), dynamic=True), entry(recipe="rdp-3389")) is Kind.NEW


def test_of_several_owners_each_has_to_be_allowed() -> None:
    several = subject(49664, owners=("A", "B"), dynamic=True)
    assert kind(several, entry(service="a")) is Kind.NEW
    assert kind(several, entry(service="a"), entry(2, service="b")) is None


def test_a_wider_scope_is_told_and_a_narrower_one_is_not() -> None:
    on_adapter = entry(port=PORT, scope=Scope.ADAPTER)
    assert kind(subject(), on_adapter) is Kind.SCOPE
    assert kind(subject(scope=Scope.ADAPTER), on_adapter) is None
    assert kind(subject(scope=Scope.ADAPTER), entry(port=PORT)) is None
    # Two groups add up to the wider of the two.
    assert kind(subject(), on_adapter, entry(2, port=PORT)) is None


def test_the_last_day_counts() -> None:
    assert kind(subject(), entry(port=PORT, until=TODAY)) is None
    assert kind(subject(), entry(port=PORT, until=TODAY - timedelta(days=1))) is Kind.EXPIRED
    assert kind(subject(), entry(port=PORT, until=TODAY - timedelta(days=1)), entry(2, port=PORT)) is None


def test_what_is_no_listener_and_the_management_path_are_never_reported() -> None:
    assert kind(subject(scope=Scope.LOOPBACK)) is None
    assert kind(subject(5985, owners=("WinRM",), recipe="winrm", management=True)) is None
    # What sits on WinRM's port without being WinRM is not allowed by the number.
    stranger = subject(5985, owners=("evil",), stranger=True)
    assert kind(stranger, entry(port=(Protocol.TCP, 5985))) is Kind.OWNER
    assert kind(stranger, entry(port=(Protocol.TCP, 5985), service="evil")) is None


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (0, "ends on 2027-03-31, today"),
        (1, "ends on 2027-04-01, tomorrow"),
        (30, "ends on 2027-04-30, in 30 days"),
        (-1, "ended on 2027-03-30"),
    ],
)
def test_when_an_entry_ends(days: int, told: str) -> None:
    assert ends(entry(until=TODAY + timedelta(days=days)), TODAY) == told


def test_warnings_begin_30_days_before() -> None:
    soon, later = (entry(port=PORT, until=TODAY + timedelta(days=days)) for days in (30, 31))
    over = entry(port=PORT, until=TODAY - timedelta(days=1), ticket="CHG-7")
    assert allowed(soon).warnings() == [
        "baseline.yml:1: port tcp/8080 (owner web team) ends on 2027-04-30, in 30 days; extend 'until' or plan to close it"
    ]
    assert allowed(later).warnings() == []
    assert allowed(over).warnings() == [
        "baseline.yml:1: port tcp/8080 (owner web team, ticket CHG-7) ended on 2027-03-30 and allows nothing any more"
    ]


def test_what_holds_today_is_kept_and_what_does_not_is_not() -> None:
    found = allowed(
        entry(1, port=PORT, service="Tomcat9", until=TODAY),
        entry(2, service="W3SVC"),
        entry(3, recipe="rdp-3389"),
        entry(4, recipe="smb-445", until=TODAY - timedelta(days=1)),
        entry(5, service="w3svc"),
    ).keep()
    assert found == [
        {"port": "tcp/8080", "reason": "shop (baseline.yml:1)"},
        {"service": "W3SVC", "reason": "shop (baseline.yml:2)"},
        {"recipe": "rdp-3389", "reason": "shop (baseline.yml:3)"},
    ]


# Properties

NAMES = st.sampled_from(["Alpha", "beta", "Gamma"])
PORTS = st.sampled_from([80, 3389, 8080])
RECIPES = st.sampled_from(["rdp-3389", "smb-445"])
SCOPES = st.sampled_from([Scope.WILDCARD, Scope.ADAPTER, Scope.LOOPBACK])
DAYS = st.none() | st.integers(-2, 40).map(lambda days: TODAY + timedelta(days=days))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    port = draw(st.none() | PORTS.map(lambda number: (Protocol.TCP, number)))
    service, recipe = draw(st.just("") | NAMES), draw(st.just("") | RECIPES)
    if not (port or service or recipe):
        service = draw(NAMES)
    return entry(draw(st.integers(1, 99)), port=port, service=service, recipe=recipe, scope=draw(SCOPES), until=draw(DAYS))


@st.composite
def subjects(draw: st.DrawFn) -> Explained:
    owners = draw(st.lists(NAMES, unique=True, max_size=3))
    return subject(draw(PORTS), owners=owners, scope=draw(SCOPES), recipe=draw(st.none() | RECIPES), dynamic=draw(st.booleans()))


def by_hand(item: Explained, every: Sequence[Entry]) -> bool:
    """Tell whether an endpoint is allowed, in the plainest words: some entry names it, or each owner is named by one."""

    def fits(one: Entry) -> bool:
        holds = one.until is None or one.until >= TODAY
        wide = WIDTH[one.scope] >= WIDTH[item.endpoint.scope]
        named = one.recipe in ("", item.recipe) and one.port in (None, (item.endpoint.protocol, item.endpoint.port))
        return holds and wide and named

    fitting = [one for one in every if fits(one)]
    if any(not one.service for one in fitting):
        return True
    return bool(item.owners) and all(owner.lower() in {one.service.lower() for one in fitting} for owner in item.owners)


@given(subjects(), st.lists(entries(), max_size=5))
def test_allowed_is_never_reported_and_anything_else_always_is(item: Explained, every: list[Entry]) -> None:
    reported = [row for row in differences(Found((item,), HOST), allowed(*every), KNOWLEDGE) if row.kind not in (Kind.GONE, Kind.EXPIRES)]
    expected = item.endpoint.scope is not Scope.LOOPBACK and not by_hand(item, every)
    assert len(reported) == expected
    assert all(row.addresses == (item.endpoint.address,) for row in reported)


@given(subjects(), st.lists(entries(), max_size=5), st.randoms())
def test_the_order_of_entries_never_matters(item: Explained, every: list[Entry], random: Any) -> None:
    shuffled = list(every)
    random.shuffle(shuffled)
    groups = [Baseline("baseline.yml", {"web": tuple(rows)}) for rows in (every, shuffled)]
    first, second = (Allowed.of(baseline, "web01", ["web"], TODAY) for baseline in groups)

    def told(by: Allowed) -> list[tuple[Kind, str, str]]:
        return [(row.kind, row.message, row.ports) for row in differences(Found((item,), HOST), by, KNOWLEDGE)]

    lines = {one.line for one in every}
    if len(lines) == len(every):
        # A file has one entry a line.
        assert told(first) == told(second)
        assert first.keep() == second.keep()
    assert (judge(item, first, KNOWLEDGE) is None) is (judge(item, second, KNOWLEDGE) is None)


@given(subjects(), st.lists(entries(), max_size=3), st.lists(entries(), max_size=3))
@settings(max_examples=200)
def test_groups_add_up(item: Explained, web: list[Entry], sql: list[Entry]) -> None:
    baseline = Baseline("baseline.yml", {"web": tuple(web), "sql": tuple(sql)})

    def reported(*groups: str) -> bool:
        return judge(item, Allowed.of(baseline, "web01", groups, TODAY), KNOWLEDGE) is not None

    # What one group allows is allowed in both, and both allow what all of their entries together do.
    assert not (reported("web", "sql") and not (reported("web") and reported("sql")))
    joined = Baseline("baseline.yml", {"one": (*web, *sql)})
    assert reported("web", "sql") is (judge(item, Allowed.of(joined, "web01", ["one"], TODAY), KNOWLEDGE) is not None)
    assert reported("web", "sql") is reported("sql", "web")
