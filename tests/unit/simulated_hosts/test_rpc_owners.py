# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The endpoint map tells whose a port is where several services can own it, and the plan, the forecast and the proof go by that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook, Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import UNASKED, EndpointMap, MapState, RpcEntry, RpcSequence
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import prove
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained, Explainer
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_record
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, boot, simulated
from ansible_collections.netmin.windows.tests.unit.simulated import booted as booted_once
from hypothesis import given, settings
from hypothesis import strategies as st

NOBODY_KNOWS = UUID("01234567-89ab-4def-8123-456789abcdef")
SCHEDULER = UUID("1ff70682-0a51-30e8-076d-740be8cee98b")


def map_of(host: Simulated) -> EndpointMap:
    """Return the endpoint map of a simulated host."""
    entries = tuple(
        RpcEntry(UUID(row.uuid), (row.major, row.minor), RpcSequence(row.sequence), row.endpoint, row.address, row.annotation)
        for row in host.computer.rpc_map()
    )
    return EndpointMap(MapState.READ, "read", entries)


def asking(host: Simulated) -> Callable[[], EndpointMap]:
    return lambda: map_of(host)


def true_owner(host: Simulated, subject: Explained) -> str:
    row = subject.endpoint
    held = host.computer.host.visible.sockets()
    return next(s.owner for s in held if (str(s.endpoint.protocol), s.endpoint.port) == (str(row.protocol), row.port))


def several(survey: Survey) -> dict[str, Explained]:
    return {subject.endpoint.name: subject for subject in survey.explained if len(subject.owners) > 1}


def test_on_windows_2000_each_port_that_is_registered_gets_its_one_owner() -> None:
    with simulated("windows_2000", read_only=True) as host:
        without = several(read_survey(host.session, KNOWLEDGE))
        host.session.forget()
        found = {subject.endpoint.name: subject for subject in read_survey(host.session, KNOWLEDGE, asking(host)).explained}
        told = {name: found[name].owners for name in without}
        assert {name: owners for name, owners in told.items() if len(owners) == 1} == {
            "tcp/1025": ("MSDTC",),
            "tcp/1026": ("Schedule",),
            "tcp/1027": ("IISADMIN",),
            "udp/1028": ("IISADMIN",),
            "udp/1029": ("Messenger",),
        }
        assert all(owners == (true_owner(host, without[name]),) for name, owners in told.items() if len(owners) == 1)
        assert found["tcp/1026"].recipe == "rpc-schedule"
        # No interface is registered there: it stays one of them.
        assert told["tcp/4983"] == without["tcp/4983"].owners


def mapped(survey: Survey, *entries: RpcEntry) -> dict[str, Explained]:
    rpc_map = EndpointMap(MapState.READ, "", entries)
    return {s.endpoint.name: s for s in Explainer(survey.host, KNOWLEDGE, (), rpc_map).explain(survey.listing.endpoints)}


@pytest.fixture(scope="module")
def windows_2000() -> Survey:
    with simulated("windows_2000", read_only=True) as host:
        return read_survey(host.session, KNOWLEDGE)


def entry(interface: UUID, port: int, *, address: str = "0.0.0.0", annotation: str = "") -> RpcEntry:
    return RpcEntry(interface, (1, 0), RpcSequence.TCP, str(port), address, annotation)


def test_an_interface_that_nobody_knows_leaves_the_port_to_all_of_them(windows_2000: Survey) -> None:
    found = mapped(windows_2000, entry(SCHEDULER, 1026), entry(NOBODY_KNOWS, 1026))["tcp/1026"]
    assert found.owners == several(windows_2000)["tcp/1026"].owners
    assert len(found.interfaces) == 2


def test_an_interface_that_opens_no_port_says_nothing(windows_2000: Survey) -> None:
    # "Impl friendly name", which is at every port of several processes.
    passenger = UUID("c9ac6db5-82b7-4e55-ae8a-e464ed7b4277")
    assert mapped(windows_2000, entry(SCHEDULER, 1026), entry(passenger, 1026))["tcp/1026"].owners == ("Schedule",)
    assert len(mapped(windows_2000, entry(passenger, 1026))["tcp/1026"].owners) > 1


def test_an_interface_of_somebody_else_says_nothing(windows_2000: Survey) -> None:
    svcctl = UUID("367abb81-9844-35f1-ad32-98f038001003")
    assert mapped(windows_2000, entry(svcctl, 1026))["tcp/1026"].owners == several(windows_2000)["tcp/1026"].owners


def test_an_entry_of_another_address_or_port_is_not_meant(windows_2000: Survey) -> None:
    assert len(mapped(windows_2000, entry(SCHEDULER, 1025))["tcp/1026"].owners) > 1
    row = next(subject.endpoint for subject in windows_2000.explained if subject.endpoint.name == "tcp/1026")
    bound = replace(windows_2000, listing=replace(windows_2000.listing, endpoints=(replace(row, address="192.0.2.1"),)))
    assert len(mapped(bound, entry(SCHEDULER, 1026, address="192.0.2.2"))["tcp/1026"].owners) > 1
    assert mapped(bound, entry(SCHEDULER, 1026, address="192.0.2.1"))["tcp/1026"].owners == ("Schedule",)


def test_an_annotation_tells_owners_of_one_interface_apart() -> None:
    shared = KNOWLEDGE.rpc_interface(UUID("12345678-1234-abcd-ef00-0123456789ab"))
    assert shared is not None
    assert set(shared.owners()) == {"Spooler", "PolicyAgent"}
    assert "PolicyAgent" in shared.owners("IPSec Policy agent endpoint")
    assert "Spooler" not in shared.owners("IPSec Policy agent endpoint")


INTERFACES = st.sampled_from([UUID(item.uuid) for item in KNOWLEDGE.rpc_interfaces] + [NOBODY_KNOWS])
ENTRIES = st.lists(
    st.builds(
        RpcEntry,
        INTERFACES,
        st.just((1, 0)),
        st.sampled_from(RpcSequence),
        st.sampled_from(["1025", "1026", "1027", "1028", "1029", "4983", "135", "", "99999999", r"\PIPE\x"]),
        st.sampled_from(["0.0.0.0", "192.70.106.143", "10.0.0.1", "", "::"]),
        st.sampled_from(["", "IPSec Policy agent endpoint", "x"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(ENTRIES)
def test_whatever_a_map_says_it_only_narrows_and_never_makes_another_endpoint(entries: list[RpcEntry]) -> None:
    with simulated("windows_2000", read_only=True) as host:
        survey = read_survey(host.session, KNOWLEDGE)
    before = Explainer(survey.host, KNOWLEDGE).explain(survey.listing.endpoints)
    after = Explainer(survey.host, KNOWLEDGE, (), EndpointMap(MapState.READ, "", tuple(entries))).explain(survey.listing.endpoints)
    for one, other in zip(before, after, strict=True):
        assert set(other.owners) <= set(one.owners)
        assert bool(other.owners) is bool(one.owners)
        assert len(other.kinds) == len(other.owners)
        assert other.identity == one.identity


@pytest.mark.parametrize("at_proof", [True, False], ids=["map at the proof", "no map at the proof"])
def test_a_plan_that_goes_by_the_map_is_proven_but_for_the_port_that_the_map_lacks(at_proof: bool) -> None:
    with booted_once("windows_2000") as host:
        run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001", ask_mapper=asking(host))
        options = {**DEFAULTS, "services": [{"name": "Schedule", "start_mode": "disabled", "state": "stopped"}], "stages": ["services"]}
        prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))
        outlooks = {entry.endpoint.name: entry.outlook for entry in prepared.forecast}
        assert (outlooks["tcp/1026"], outlooks["tcp/1025"]) == (Outlook.CLOSES_NOW, Outlook.STAYS)
        assert run.carry_out(prepared, host.session, stop_limit=60) is not None
        for booted in (False, True):
            if booted:
                boot(host)
            host.session.forget()
            survey, record = read_survey(host.session, KNOWLEDGE, asking(host) if at_proof else None), read_record(host.session)
            assert record is not None
            assert survey.rpc_map.told is at_proof
            proof = prove(record, survey.explained, survey.host, ())
            assert proof.verdict is Verdict.NOT_PROVEN
            (reason,) = proof.reasons
            assert "has a socket, owner one of" in reason
            held = {finding.owner: finding.holds for finding in proof.findings if finding.dynamic}
            assert (held["Schedule"], held["MSDTC"]) == (True, True) if at_proof else held["Schedule"] is True


def test_what_a_stopped_service_had_registered_is_remembered_until_the_boot() -> None:
    then = EndpointMap(MapState.READ, "", (entry(SCHEDULER, 1026), entry(NOBODY_KNOWS, 1025)))
    now = EndpointMap(MapState.READ, "", (entry(SCHEDULER, 1025),))
    assert [(e.interface, e.port) for e in now.since(then).entries] == [(SCHEDULER, 1025), (SCHEDULER, 1026)]
    assert now.since(UNASKED) is now
    assert EndpointMap(MapState.SILENT, "").since(then) is then
