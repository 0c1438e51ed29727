# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applying plans: order, waiting, and what is said of each change when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AccessDenied,
    ConnectionLost,
    DidNotHold,
    Fault,
    MethodFailed,
    NetminError,
    ProtocolError,
    TimedOut,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import NetbiosOption
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StartService, StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._run.apply import Application, ChangeStatus, apply
from ansible_collections.netmin.windows.tests.unit.fakes import FakeAdapter, FakeClock, FakeHost, FakeService, FakeSession

DONE, NOT_DONE, UNKNOWN = ChangeStatus.DONE, ChangeStatus.NOT_DONE, ChangeStatus.UNKNOWN
KEY = r"SOFTWARE\Microsoft\Rpc"
LIST = "DCOM Protocols"


def stop(name: str, *, rank: int = 0, kind: ServiceKind = ServiceKind.SERVICE) -> StopService:
    return StopService(stage="services", effective=Effective.NOW, why="why", rank=rank, kind=kind, name=name)


def start(name: str) -> StartService:
    return StartService(stage="services", effective=Effective.NOW, why="test", kind=ServiceKind.SERVICE, name=name)


def disable(name: str) -> SetStartMode:
    return SetStartMode(
        stage="services",
        effective=Effective.BOOT,
        why="why",
        kind=ServiceKind.SERVICE,
        name=name,
        before=StartMode.AUTO,
        after=StartMode.DISABLED,
    )


def write(after: RegistryValue | None, *, name: str = LIST, before: RegistryValue | None = None) -> SetRegistryValue:
    return SetRegistryValue(stage="dcom_protocols", effective=Effective.BOOT, why="why", key=KEY, name=name, before=before, after=after)


EMPTY = write(RegistryValue.texts(()), before=RegistryValue.texts(("ncacn_ip_tcp",)))
NETBIOS = SetNetbios(
    stage="netbt",
    effective=Effective.NOW,
    why="why",
    index=7,
    adapter="Card",
    guid="{1}",
    before=NetbiosOption.DHCP,
    after=NetbiosOption.DISABLED,
)


def make() -> FakeHost:
    fake = FakeHost(
        services=[FakeService("Base"), FakeService("Middle", depends=("Base",)), FakeService("Top", depends=("Middle",))],
        adapters=[FakeAdapter(7, "Card", "{1}", ("10.0.0.1",))],
    )
    fake.put(KEY, LIST, RegistryValue.texts(("ncacn_ip_tcp",)))
    return fake


def run(
    *changes: Change, fake: FakeHost | None = None, limit: float = 60, prepare: Callable[[FakeSession], None] | None = None
) -> tuple[Application, FakeSession, FakeClock]:
    session, clock, application = FakeSession(fake or make()), FakeClock(), Application(Plan(changes))
    if prepare is not None:
        prepare(session)
    apply(application, session, clock, stop_limit=limit)
    return application, session, clock


def verbs(session: FakeSession) -> list[str]:
    return [f"{call[0]} {call[2] if call[0] in ('stop', 'set_start_mode', 'set_value') else call[1]}" for call in session.writes]


def test_every_change_in_order() -> None:
    application, session, _clock = run(
        stop("Top"),
        stop("Middle", rank=1),
        NETBIOS,
        disable("Top"),
        write(RegistryValue.texts(("ncacn_spx",))),
        write(None, name="Ports"),
        EMPTY,
    )
    assert application.error is None
    assert application.statuses == [DONE] * 7
    assert application.made
    assert verbs(session) == [
        "stop Top",
        "stop Middle",
        "set_netbios 7",
        "set_start_mode Top",
        "set_value DCOM Protocols",
        f"delete_value {KEY}",
        "set_value DCOM Protocols",
    ]
    assert session.fake.service("Top").start == "Disabled"
    assert session.fake.service("Base").state == "Running"


def test_nothing_to_do() -> None:
    application, session, _clock = run()
    assert (application.statuses, application.error, application.made, session.calls) == ([], None, (), [])


def test_a_service_is_stopped_before_the_one_that_it_depends_on_is_asked() -> None:
    fake = make()
    fake.stop_polls = 3
    application, session, clock = run(stop("Top"), stop("Middle", rank=1), stop("Base", rank=2), fake=fake)
    assert (application.error, application.statuses) == (None, [DONE] * 3)
    assert {service.state for service in session.fake.services} == {"Stopped"}
    assert len(clock.slept) == 9


def test_services_of_one_rank_stop_side_by_side() -> None:
    fake = FakeHost(services=[FakeService("One"), FakeService("Two")], stop_polls=3)
    application, session, clock = run(stop("One"), stop("Two"), fake=fake)
    assert application.error is None
    assert len(clock.slept) == 3
    first_query = next(number for number, call in enumerate(session.calls) if call[0] == "query")
    assert [call[0] for call in session.calls[:first_query]].count("stop") == 2


def test_it_waits_before_anything_else_follows() -> None:
    fake = make()
    fake.stop_polls = 2
    states: list[str] = []

    def note(session: FakeSession) -> None:
        def before(call: tuple[object, ...]) -> None:
            if call[0] == "set_value":
                states.append(session.fake.service("Top").state)

        session.before = before

    run(stop("Top"), write(RegistryValue.texts(("x",))), fake=fake, prepare=note)
    assert states == ["Stopped"]


def test_the_last_stop_is_waited_for_too() -> None:
    fake = make()
    fake.stop_polls = 2
    application, session, clock = run(stop("Top"), fake=fake)
    assert application.error is None
    assert session.fake.service("Top").state == "Stopped"
    assert len(clock.slept) == 2


def test_what_was_read_is_dropped_before_each_look() -> None:
    fake = make()
    fake.stop_polls = 2
    _application, session, _clock = run(stop("Top"), fake=fake)
    calls = [call[0] for call in session.calls if call[0] in ("forget", "query")]
    assert calls == ["forget", "query"] * 3


def test_what_was_started_is_waited_for() -> None:
    fake = FakeHost(services=[FakeService("One", state="Stopped"), FakeService("Two", state="Stopped")], stop_polls=3)
    application, session, clock = run(start("One"), start("Two"), fake=fake)
    assert (application.error, len(clock.slept)) == (None, 3)
    assert {service.state for service in session.fake.services} == {"Running"}


def test_start_pending_forever() -> None:
    fake = FakeHost(services=[FakeService("One", state="Stopped")], stop_polls=10_000)
    application, _session, _clock = run(start("One"), fake=fake, limit=20)
    assert str(application.error) == "service One (Start Pending) on host.example: not running after 20 seconds"
    assert application.statuses == [UNKNOWN]


def test_a_service_that_shows_no_state_is_waited_for_like_one_that_does_not_move() -> None:
    def nothing(session: FakeSession) -> None:
        query = session.query

        def without_state(wmi_class: str, *arguments: Any, **given: Any) -> tuple[Row, ...]:
            return tuple(Row(row.class_name, {**row.values, "State": None}) for row in query(wmi_class, *arguments, **given))

        session.query = without_state  # type: ignore[method-assign]  # one answer of the fake is another

    application, _session, clock = run(stop("Top"), prepare=nothing)
    assert application.error is None
    assert 0 < len(clock.slept) <= 5


def test_stop_pending_forever() -> None:
    fake = make()
    fake.stop_polls = 10_000
    application, session, clock = run(stop("Top"), stop("Middle", rank=1), disable("Top"), fake=fake, limit=20)
    assert isinstance(application.error, DidNotHold)
    assert str(application.error) == "service Top (Stop Pending) on host.example: not stopped after 20 seconds"
    # The control was accepted; what came of it is found by reading.
    assert application.statuses == [UNKNOWN, NOT_DONE, NOT_DONE]
    assert verbs(session) == ["stop Top"]
    assert clock.now() <= 20


def test_a_driver_that_does_not_stop_is_called_a_driver() -> None:
    fake = FakeHost(services=[FakeService("NetBT", kind=ServiceKind.DRIVER)], stop_polls=1000)
    application, _session, _clock = run(stop("NetBT", kind=ServiceKind.DRIVER), fake=fake, limit=5)
    assert "driver NetBT (Stop Pending)" in str(application.error)


def test_a_service_that_goes_on_running_is_left_to_the_reading_afterwards() -> None:
    def comes_back(session: FakeSession) -> None:
        def after(call: tuple[object, ...]) -> None:
            if call[0] == "stop":
                session.fake.service("Top").state = "Running"

        session.after = after

    application, _session, clock = run(stop("Top"), disable("Top"), prepare=comes_back)
    assert application.error is None
    assert application.statuses == [DONE, DONE]
    assert clock.now() <= 5


def test_a_service_that_shows_running_for_a_moment() -> None:
    def slow(session: FakeSession) -> None:
        looks = 0

        def before(call: tuple[object, ...]) -> None:
            nonlocal looks
            if call[0] == "query":
                looks += 1
                session.fake.service("Top").state = "Running" if looks < 3 else "Stop Pending" if looks < 6 else "Stopped"

        session.before = before

    fake = make()
    fake.stop_polls = 100
    application, session, clock = run(stop("Top"), fake=fake, prepare=slow)
    assert application.error is None
    assert session.fake.service("Top").state == "Stopped"
    assert len(clock.slept) == 5


def raising(error: NetminError, verb: str, *, nth: int = 1, lost: bool = False) -> Callable[[FakeSession], None]:
    """Let a verb fail the nth time: before it is done, or after it, so that the answer is lost."""

    def prepare(session: FakeSession) -> None:
        seen = 0

        def fail(call: tuple[object, ...]) -> None:
            nonlocal seen
            if call[0] == verb:
                seen += 1
                if seen == nth:
                    raise error

        if lost:
            session.after = fail
        else:
            session.before = fail

    return prepare


LOST = ConnectionLost("the answer did not come", host="host.example")
FAILED = MethodFailed("ChangeStartMode: access denied", host="host.example", return_value=2)


@pytest.mark.parametrize("lost", [False, True])
def test_a_lost_connection_leaves_one_change_unknown_and_repeats_nothing(lost: bool) -> None:
    application, session, _clock = run(
        stop("Top"), disable("Top"), disable("Middle"), disable("Base"), prepare=raising(LOST, "set_start_mode", nth=2, lost=lost)
    )
    assert application.error is LOST
    assert application.statuses == [DONE, DONE, UNKNOWN, NOT_DONE]
    assert verbs(session) == ["stop Top", "set_start_mode Top", "set_start_mode Middle"]


def test_a_connection_lost_while_waiting() -> None:
    application, _session, _clock = run(stop("Top"), disable("Top"), prepare=raising(LOST, "query"))
    assert application.error is LOST
    assert application.statuses == [UNKNOWN, NOT_DONE]


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("timed out", host="host.example", code=2150858793, subcode="TimedOut"),
        ProtocolError("no XML", host="host.example"),
    ],
)
def test_an_answer_that_says_nothing_of_the_write_leaves_it_unknown(error: NetminError) -> None:
    application, session, _clock = run(disable("Top"), disable("Middle"), prepare=raising(error, "set_start_mode", lost=True))
    assert application.error is error
    assert application.statuses == [UNKNOWN, NOT_DONE]
    assert len(session.writes) == 1


@pytest.mark.parametrize(
    "error",
    [
        FAILED,
        AccessDenied("denied", host="host.example", code=5, subcode="AccessDenied"),
        Fault("fault", host="host.example", code=1, subcode=""),
    ],
)
def test_a_refused_change_is_not_done_and_the_rest_neither(error: NetminError) -> None:
    application, session, _clock = run(
        stop("Top"), disable("Top"), disable("Middle"), disable("Base"), prepare=raising(error, "set_start_mode", nth=2)
    )
    assert application.error is error
    assert application.statuses == [DONE, DONE, NOT_DONE, NOT_DONE]
    assert len(session.writes) == 3


FAULT = Fault("fault", host="host.example", code=1, subcode="")
RULE = FilterRule("netmin.windows tcp 445", Protocol.TCP, "445")
ADD = AddFilterRule(stage="ip_filter", effective=Effective.NOW, why="why", rule=RULE)
REMOVE = RemoveFilterRule(stage="ip_filter", effective=Effective.NOW, why="why", name=RULE.name, before="", certain=False)


@pytest.mark.parametrize(
    ("change", "verb"),
    [
        # A refused stop is followed by a query of the state, a rule and a list by more requests of a command shell.
        (stop("Top"), "stop"),
        (ADD, "add_filter_rule"),
        (REMOVE, "remove_filter_rule"),
        (write(RegistryValue.texts(("ncacn_spx",))), "set_value"),
        (EMPTY, "set_value"),
    ],
)
def test_a_fault_leaves_a_change_of_several_requests_unknown(change: Change, verb: str) -> None:
    """A fault refuses one request, which may be one after that which made the change."""
    application, session, _clock = run(change, disable("Middle"), prepare=raising(FAULT, verb, lost=True))
    assert application.error is FAULT
    assert application.statuses == [UNKNOWN, NOT_DONE]
    assert application.made == (change,)
    assert len(session.writes) == 1


@pytest.mark.parametrize(
    ("change", "verb"),
    [
        (write(RegistryValue.dword(1)), "set_value"),
        (write(RegistryValue.text("N")), "set_value"),
        (write(None), "delete_value"),
        (NETBIOS, "set_netbios"),
        (start("Top"), "start"),
        (disable("Top"), "set_start_mode"),
    ],
)
def test_a_fault_refuses_a_change_of_one_request(change: Change, verb: str) -> None:
    application, _session, _clock = run(change, disable("Middle"), prepare=raising(FAULT, verb))
    assert application.error is FAULT
    assert application.statuses == [NOT_DONE, NOT_DONE]
    assert application.made == ()


def test_an_interruption_leaves_the_truth_behind() -> None:
    class Interrupted(BaseException):
        pass

    session, application = FakeSession(make()), Application(Plan((disable("Top"), disable("Middle"), disable("Base"))))

    def before(call: tuple[object, ...]) -> None:
        if call[0] == "set_start_mode" and call[2] == "Middle":
            raise Interrupted

    session.before = before
    with pytest.raises(Interrupted):
        apply(application, session, FakeClock(), stop_limit=60)
    assert application.statuses == [DONE, UNKNOWN, NOT_DONE]


@pytest.mark.parametrize(("provider", "by_command"), [("takes", False), ("refuses", True), ("ignores", True)])
def test_an_empty_list_stays_an_existing_value_whatever_the_provider_makes_of_it(provider: str, by_command: bool) -> None:
    fake = make()
    fake.empty_lists = provider
    application, session, _clock = run(EMPTY, fake=fake)
    assert (application.error, application.statuses) == (None, [DONE])
    assert fake.get(KEY, LIST) == RegistryValue.texts(())
    assert [call[0] for call in session.writes] == ["set_value", *["set_empty_list_by_command"] * by_command]
    assert session.writes[0] == ("set_value", KEY, LIST, RegistryValue.texts(()))


def test_an_empty_list_is_read_back_both_ways() -> None:
    _application, session, _clock = run(EMPTY)
    assert ("value_types", KEY) in session.calls
    assert ("value", KEY, LIST, RegistryType.MULTI_SZ) in session.calls


@pytest.mark.parametrize("made", [None, RegistryValue.texts(("",)), RegistryValue.text("")])
def test_a_provider_that_makes_something_else_of_an_empty_list(made: RegistryValue | None) -> None:
    # A deleted value, a list with one empty string, another type: none of them is an empty list.
    def otherwise(session: FakeSession) -> None:
        def after(call: tuple[object, ...]) -> None:
            if call[0] == "set_value":
                session.fake.put(KEY, LIST, made)

        session.after = after

    fake = make()
    application, session, _clock = run(EMPTY, fake=fake, prepare=otherwise)
    assert application.error is None
    assert [call[0] for call in session.writes] == ["set_value", "set_empty_list_by_command"]
    assert fake.get(KEY, LIST) == RegistryValue.texts(())


def test_a_command_that_fails_as_well() -> None:
    fake = make()
    fake.empty_lists = "ignores"
    error = MethodFailed("reg add: exit code 1", host="host.example", return_value=1)
    application, session, _clock = run(EMPTY, disable("Top"), fake=fake, prepare=raising(error, "set_empty_list_by_command"))
    assert application.error is error
    assert application.statuses == [NOT_DONE, NOT_DONE]
    assert len(session.writes) == 2


def test_a_connection_lost_in_an_empty_list_is_not_answered_with_a_command() -> None:
    application, session, _clock = run(EMPTY, prepare=raising(LOST, "set_value", lost=True))
    assert application.error is LOST
    assert application.statuses == [UNKNOWN]
    assert [call[0] for call in session.writes] == ["set_value"]


@pytest.mark.parametrize("change", [stop("Top"), disable("Top"), write(None), EMPTY, ADD, REMOVE], ids=lambda change: type(change).__name__)
def test_of_what_has_no_such_answer_no_boot_is_said_to_be_needed(change: Change) -> None:
    application, _session, _clock = run(change)
    assert (application.statuses, application.boot_needed) == ([DONE], False)


def test_only_the_service_that_is_waited_for_is_asked_for() -> None:
    _application, session, _clock = run(stop("Top"))
    asked = [call[3] for call in session.calls if call[:2] == ("query", "Win32_Service")]
    assert asked == [Where("Name", ("Top",))]


@pytest.mark.parametrize("needed", [False, True])
def test_whether_a_boot_is_needed_is_what_the_host_says(needed: bool) -> None:
    fake = make()
    fake.netbios_needs_boot = needed
    application, _session, _clock = run(NETBIOS, fake=fake)
    assert application.error is None
    assert application.boot_needed is needed
