# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host that puts itself back unless it is confirmed, on simulated hosts that run the very script."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.confirm import ConfirmAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AuthenticationFailed,
    ConnectionLost,
    HostError,
    InvalidOption,
    QuotaExceeded,
    Refused,
    Unreachable,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._run import survey
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import NEXT, Confirmation, State, Wish, read_wish
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run, result_of
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import confirm, record, timer
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.confirm import Phase
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, differences, listeners, simulated, state

from winsim.host.jobs import Account as JobAccount
from winsim.registry_value import RegistryValue as SimulatedValue

WINDOWS = ("windows_xp", "windows_server_2003", "windows_vista", "windows_7", "windows_10")
# What else has a way back of its own: a lease, roles with services of theirs, names in another language, and hosts on which not all of
# what was planned was done.
OTHERS = (
    "windows_xp_dhcp",
    "windows_7_japanese",
    "windows_8_1",
    "windows_server_2012_r2",
    "windows_server_2016_dns_server",
    "windows_server_2019_rdp_host",
    "windows_server_2022_print_server+hazard_msdtc_msmq",
    "windows_server_2025_hyperv_host",
    "windows_xp_service_returns",
    "windows_xp_stop_pending",
    "windows_xp_write_lost",
)
RUN = "20260101T000000Z-000001"
FOLDER = r"C:\Windows\netmin.windows"
MOST = 18
"""Requests that arming and confirming may cost together; six of them are for taking the timer's key before another controller does."""


class HostClock(FakeClock):
    """While the controller waits, the host goes on."""

    def __init__(self, host: Simulated) -> None:
        super().__init__()
        self._host = host

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._host.clock.advance(seconds)


class Task:
    """One task with `confirm`, as the action does it."""

    def __init__(self, host: Simulated, *, hold: bool = False, within: int = 600, run_id: str = RUN) -> None:
        self.host, self.clock = host, HostClock(host)
        self.run = Run(KNOWLEDGE, self.clock, run_id)
        self.confirmation = Confirmation(Wish(within, hold), self.run, self.clock)
        self.cost = 0

    def plan(self, **given: Any) -> Any:
        options = {**DEFAULTS, **given}
        prepared = self.run.prepare(self.host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))
        self.confirmation.look(self.host.session, prepared, KNOWLEDGE)
        return prepared

    def arm(self, writer: Any) -> None:
        before = self.host.session.stats.requests
        try:
            self.confirmation.arm(writer)
        finally:
            self.cost += self.host.session.stats.requests - before

    def in_time(self, writer: Any, change: Any) -> None:
        before = self.host.session.stats.requests
        try:
            self.confirmation.in_time(writer, change)
        finally:
            self.cost += self.host.session.stats.requests - before

    def reopen(self) -> WritableSession:
        return self.host.session

    def do(self, *, answers: bool = True, **given: Any) -> dict[str, Any]:
        prepared = self.plan(**given)
        self.confirmation.clean(self.host.session)
        self.run.arm, self.run.in_time = self.arm, self.in_time
        after = self.run.carry_out(prepared, self.host.session, stop_limit=60)
        result = result_of(self.run, prepared, after)
        before = self.host.session.stats.requests

        def gone() -> WritableSession:
            raise Unreachable("host: connection refused", host="host")

        def again() -> WritableSession:
            # A test may have replaced it meanwhile.
            return self.reopen()

        self.confirmation.finish(result, again if answers else gone)
        self.cost += self.host.session.stats.requests - before
        return result


def later(host: Simulated, seconds: float) -> None:
    """Let the host go on by itself; it catches up when it is looked at."""
    host.clock.advance(seconds)
    host.computer.state()
    host.session.forget()


def left(host: Simulated) -> list[str]:
    """Name everything of the timer that is on the host."""
    names = [path for path in host.computer.host.files.state() if path.lower().startswith(FOLDER.lower())]
    names += ["key"] if host.session.value_types(timer.KEY) is not None else []
    names += ["service"] if timer.CARRIER in [service.spec.name for service in host.computer.host.services.all] else []
    return names + (["task"] if timer.CARRIER in str(host.computer.state().get("tasks")) else [])


def confirmed(host: Simulated, *, check: bool = False, opened: Callable[[], Any] | None = None, **options: Any) -> dict[str, Any]:
    """Do what the module `confirm` does."""
    action = ConfirmAction.__new__(ConfirmAction)
    action._task = SimpleNamespace(check_mode=check, no_log=False, diff=True)  # noqa: SLF001 - the name is Ansible's
    action.host_name, action.clock, action.writing = "host", HostClock(host), False
    action.open_writable = opened or (lambda: host.session)  # type: ignore[method-assign]
    host.session.forget()
    return action.work({"run": None, **options})


@pytest.mark.parametrize("name", WINDOWS)
def test_who_is_locked_out_finds_the_host_as_it_was(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        before, open_before = state(host), listeners(host.computer.dump())
        task = Task(host)
        result = task.do(answers=False, ip_filter={"residue": "drop", "unknown": False})
        assert result["failed"]
        assert "connection refused" in result["msg"]
        assert f"The host rolls run {RUN} back in a little over 600 seconds" in result["msg"]
        assert state(host) != before
        boots = host.computer.host.boots
        later(host, 500)
        assert host.computer.host.boots == boots
        later(host, 400)
        assert host.computer.host.boots == boots + 1
        host.boot()
        assert differences(before, state(host)) == []
        assert listeners(host.computer.dump()) == open_before
        assert left(host) == ["key"]
        found = confirm.read_timer(host.session)
        assert found is not None
        assert (found.phase, found.run) == (Phase.RESTORED, RUN)
        codes = found.outcome.removeprefix("restored after 120 beats: ").split()
        assert task.confirmation.back is not None
        went = zip(task.confirmation.back.commands, codes, strict=True)
        assert [(command, code) for command, code in went if code != "0"] == []


@pytest.mark.parametrize("name", OTHERS)
def test_every_host_goes_back_by_itself(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        before, open_before = state(host), listeners(host.computer.dump())
        accept = ["msdtc-msmq"] if "msdtc" in name else []
        assert Task(host).do(answers=False, accept=accept, ip_filter={"residue": "drop", "unknown": False})["failed"]
        assert state(host) != before
        later(host, 900)
        host.computer.clear_faults()
        host.boot()
        assert left(host) == ["key"]
        assert differences(before, state(host)) == []
        assert listeners(host.computer.dump()) == open_before


@pytest.mark.parametrize("booted", [True, False])
@pytest.mark.parametrize("name", ["windows_xp", "windows_10"])
def test_what_ran_when_it_was_disabled_is_started_by_the_host_itself(name: str, booted: bool) -> None:
    with simulated(name) as host:
        host.boot()
        before = state(host)
        disabled = [{"name": "Spooler", "state": "unchanged", "start_mode": "disabled"}]
        assert not Task(host, hold=True).do(stages=["services"], services=disabled).get("failed")
        if booted:
            host.boot()
            assert state(host)["services"]["Spooler"]["state"] == "stopped"
        later(host, 1200)
        assert differences(before, state(host)) == []
        found = confirm.read_timer(host.session)
        assert found is not None
        # What runs still: 2.
        assert found.outcome == f"restored after 120 beats: 0 {'0' if booted else '2'}"


@pytest.mark.parametrize("name", WINDOWS)
def test_what_is_confirmed_stays_and_costs_little(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        task = Task(host)
        result = task.do(ip_filter={"residue": "drop", "unknown": False})
        assert not result.get("failed"), result["msg"]
        shown = result["confirm"]
        assert (shown["armed"], shown["confirmed"], shown["within"]) == (True, True, 600)
        assert shown["carrier"] == str(timer.carrier_of(NtVersion.parse(host.computer.host.spec.windows.version)))
        assert left(host) == []
        after, boots = state(host), host.computer.state()["boots"]
        before = host.session.stats.requests
        host.session.close()
        # Where netstat is a command, the shell was open already, and closing it is no cost of the timer.
        closing = host.session.stats.requests - before if host.computer.host.spec.windows.version >= "6.2" else 0
        assert task.cost + closing <= MOST
        later(host, 2000)
        assert differences(after, state(host)) == []
        assert host.computer.state()["boots"] == boots


@pytest.mark.parametrize("name", WINDOWS)
def test_after_a_boot_the_whole_time_runs_again(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        before = state(host)
        result = Task(host, hold=True).do()
        assert not result.get("failed"), result["msg"]
        assert result["confirm"]["confirmed"] is False
        later(host, 500)
        host.computer.boot()
        later(host, 500)
        found = confirm.read_timer(host.session)
        assert found is not None
        assert found.phase is Phase.ARMED
        assert found.beat < timer.beats(600)
        later(host, 400)
        host.boot()
        assert differences(before, state(host)) == []


@pytest.mark.parametrize("name", WINDOWS)
def test_a_later_task_confirms_after_a_boot(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        Task(host, hold=True).do()
        assert confirmed(host, check=True)["confirm"]["phase"] == "armed"
        host.computer.boot()
        later(host, 60)
        with pytest.raises(Refused, match=f"run {RUN} is waiting on this host"):
            confirmed(host, run="another")
        done = confirmed(host)
        assert not done.get("failed"), done["msg"]
        assert (done["changed"], done["confirm"]["phase"]) == (True, "confirmed")
        assert left(host) == []
        assert confirmed(host) == {"changed": False, "confirm": None}


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2003"])
def test_nobody_but_administrators_and_the_system_may_write_what_is_run(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        registry = host.computer.host.registry
        assert "power_users" in registry.writers(r"HKLM\SOFTWARE")
        Task(host, hold=True).do()
        for key in (timer.KEY, OUR_KEY):
            assert registry.writers(rf"HKLM\{key}") == ["administrators", "system"]


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2003"])
def test_nor_may_they_write_the_record_where_no_timer_is_asked_for(name: str) -> None:
    with simulated(name) as host:
        registry = host.computer.host.registry
        task = Task(host)
        task.confirmation.wish = None
        result = task.do()
        assert not result.get("failed"), result["msg"]
        assert registry.writers(rf"HKLM\{OUR_KEY}") == ["administrators", "system"]
        assert not host.computer.host.files.find(FOLDER)
        assert not [text for text in result["warnings"] if "access list" in text]


def test_where_the_list_cannot_be_set_the_run_says_so_and_goes_on() -> None:
    with simulated("windows_xp") as host:
        host.computer.inject({"kind": "program_blocked", "program": "secedit.exe"})
        task = Task(host)
        task.confirmation.wish = None
        result = task.do()
        assert not result.get("failed"), result["msg"]
        assert any("could not be given an access list" in text for text in result["warnings"]), result["warnings"]


@pytest.mark.parametrize("name", WINDOWS)
def test_a_key_in_which_somebody_wrote_stays(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        Task(host).do(answers=False)
        registry, ours = host.computer.host.registry, r"HKLM\SOFTWARE\Some Vendor"
        held, gone = ["a value", "a default value", "a subkey"], [r"A key\inner", "A key"]
        for key in (*held, *gone, r"a subkey\with nothing in it"):
            registry.create(rf"{ours}\{key}")
        registry.write(rf"{ours}\a value", "x", SimulatedValue.text(""))
        registry.write(rf"{ours}\a default value", "", SimulatedValue.text("two words"))
        keys = "&".join((RUN, *(rf"{ours}\{key}" for key in (*held, *gone, "not there"))))
        registry.write(rf"HKLM\{timer.KEY}", timer.KEYS, SimulatedValue.text(keys))
        later(host, 900)
        assert registry.subkeys(ours) == tuple(sorted(held))
        assert registry.subkeys(rf"{ours}\a subkey") == ("with nothing in it",)


@pytest.mark.parametrize("name", ["windows_xp", "windows_10"])
def test_without_its_carrier_a_boot_loses_the_timer_and_confirm_says_so(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        Task(host, hold=True).do()
        carrier = f"sc delete {timer.CARRIER}" if name == "windows_xp" else f"schtasks /delete /tn {timer.CARRIER} /f"
        assert host.session.run_line(carrier).exit_code == 0
        host.boot()
        after = state(host)
        later(host, 2000)
        assert differences(after, state(host)) == []
        done = confirmed(host)
        assert done["confirm"]["outcome"] == "the timer was no longer running; it was removed"
        assert left(host) == []


FORBIDDEN = {
    "shell": ({"kind": "cmd_disabled"}, "exit code 1"),
    "killed": ({"kind": "script_killed"}, "no heartbeat of the timer on .* in 30 seconds: endpoint protection, AppLocker or a policy"),
    "schtasks": ({"kind": "program_blocked", "program": "schtasks.exe"}, "exit code 1: .*This program is blocked by group policy"),
    "scheduler": ({"kind": "tasks_denied"}, "exit code"),
    "folder": ({"kind": "folder_denied", "path": r"C:\Windows"}, "exit code"),
    "value": ({"kind": "value_lost", "key": f"HKLM\\{timer.KEY}", "name": "001"}, r"does not read back as written \(001\)"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_is_changed_unless_the_timer_is_seen_to_run(what: str) -> None:
    fault, told = FORBIDDEN[what]
    with simulated("windows_10") as host:
        host.boot()
        before = state(host)
        host.computer.inject(fault)
        result = Task(host).do()
        assert result["failed"]
        assert "0 done" in result["msg"]
        assert differences(before, state(host)) == []
        assert left(host) == []
        assert result["confirm"]["armed"] is False
        with pytest.raises(AssertionError, match=told):
            raise AssertionError(result["msg"])


def test_a_folder_of_somebody_else_is_not_used() -> None:
    with simulated("windows_10") as host:
        host.boot()
        host.session.run_line(f"md {timer.FOLDER}&echo x>{timer.FOLDER}\\planted.cmd")
        result = Task(host).do()
        assert "holds what is not ours" in result["msg"]
        assert [path.rpartition("\\")[2] for path in left(host)] == ["netmin.windows", "planted.cmd"]


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2003", "windows_vista", "windows_10"])
def test_only_administrators_and_the_system_may_write_script_and_folder(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        Task(host, hold=True).do()
        rows: Any = {path: row for path, row in host.computer.host.files.state().items() if path.lower().startswith(FOLDER.lower())}
        # The task's description, or what the access list was set with.
        beside = ("xml",) if name in ("windows_vista", "windows_10") else ("inf", "sdb")
        # And what the script has asked last.
        files = {rf"{FOLDER}\confirm.{ending}".lower() for ending in ("cmd", "out", *beside)}
        assert {path.lower() for path in rows} == {FOLDER.lower(), *files}
        for row in rows.values():
            assert set(row["writers"]) == {"administrators", "system"}


def test_a_second_run_is_refused_while_one_waits() -> None:
    with simulated("windows_10") as host:
        host.boot()
        Task(host, hold=True).do(stages=["netbt"])
        changes = len(host.computer.changes())
        with pytest.raises(Refused, match=f"run {RUN} is waiting for confirmation on this host"):
            Task(host, run_id="20260102T000000Z-000002").plan()
        assert len(host.computer.changes()) == changes


@pytest.mark.parametrize("lost", [1, 2])
def test_a_new_connection_that_cannot_be_had_at_once_is_tried_again(lost: int) -> None:
    with simulated("windows_10") as host:
        host.boot()
        task = Task(host)
        tried: list[int] = []

        def reopen() -> WritableSession:
            tried.append(1)
            if len(tried) <= lost:
                raise Unreachable("host: connection refused", host="host")
            return host.session

        task.reopen = reopen  # type: ignore[method-assign]
        result = task.do()
        assert (result["confirm"]["confirmed"], len(tried), left(host)) == (True, lost + 1, [])


def test_a_confirmation_whose_answer_was_lost_is_not_made_twice() -> None:
    with simulated("windows_10") as host:
        host.boot()
        task = Task(host)
        opened: list[int] = []

        class Lossy:
            """Confirms, and loses the connection."""

            def set_value(self, key: str, name: str, value: RegistryValue) -> None:
                host.session.set_value(key, name, value)
                later(host, 60)
                raise ConnectionLost("gone", host="host")

        def reopen() -> Any:
            opened.append(1)
            return Lossy() if len(opened) == 1 else host.session

        task.reopen = reopen  # type: ignore[method-assign]
        result = task.do()
        assert (result["confirm"]["confirmed"], len(opened), left(host)) == (True, 2, [])


@pytest.mark.parametrize("error", [ConnectionLost("gone", host="host"), QuotaExceeded("full", host="host", code=None, subcode="")])
def test_a_confirmation_that_may_have_been_heard_is_not_said_to_be_none(error: HostError) -> None:
    with simulated("windows_10") as host:
        host.boot()
        task = Task(host)

        class Lossy:
            """Confirms, or refuses to, and is gone from then on."""

            def set_value(self, key: str, name: str, value: RegistryValue) -> None:
                if isinstance(error, ConnectionLost):
                    host.session.set_value(key, name, value)
                task.reopen = gone  # type: ignore[method-assign]
                raise error

        def gone() -> WritableSession:
            raise Unreachable("host: connection refused", host="host")

        task.reopen = Lossy  # type: ignore[method-assign, assignment]
        result = task.do()
        heard = isinstance(error, ConnectionLost)
        assert (result["failed"], result["confirm"]["confirmed"]) == (True, False)
        assert ("It is not known whether the host received the confirmation. If not: The host rolls run" in result["msg"]) is heard
        assert result["confirm"]["outcome"] == ("it is not known whether the run was confirmed" if heard else "not confirmed")
        later(host, 1000)
        assert left(host) == ([] if heard else ["key"])


@pytest.mark.parametrize("name", ["windows_xp", "windows_10"])
def test_a_timer_that_never_started_keeps_nobody_waiting(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        host.session.run_line(rf"md {timer.FOLDER}&echo x>{timer.FOLDER}\{timer.SCRIPT_FILE}")
        host.session.set_value(timer.KEY, timer.RUN, RegistryValue.text(RUN))
        for doing in ("goes on", "confirms"):
            if name == "windows_xp":
                host.session.create_service(timer.CARRIER, timer.service_command())
            if doing == "confirms":
                done = confirmed(host)
                assert (done["failed"], done["confirm"]["phase"]) == (True, "never started")
            else:
                task = Task(host, run_id="20260102T000000Z-000002")
                assert task.plan().plan.changes
                assert task.confirmation.warnings == [
                    f"run {RUN} broke off before its timer started: it changed nothing and needs no confirmation"
                ]
                task.confirmation.clean(host.session)
            assert left(host) == []
            host.session.set_value(timer.KEY, timer.RUN, RegistryValue.text(RUN))


SLOW: dict[str, Any] = {
    "stages": ["services", "ip_filter"],
    "services": [{"name": "W32Time", "state": "stopped", "start_mode": "disabled"}],
}


def test_no_change_is_made_after_the_host_has_put_the_run_back() -> None:
    """A service takes almost all of the time to stop; the rules, which come last, would stay for good."""
    with simulated("windows_server_2022") as host:
        host.boot()
        before = state(host)
        host.computer.inject({"kind": "stops_late", "service": "W32Time", "after": 55.0})
        result = Task(host, within=60).do(**SLOW, ip_filter={"residue": "drop", "unknown": False})
        assert result["failed"]
        assert f"run {RUN} ran out of time (confirm.within=60); the remaining changes were skipped" in result["msg"]
        assert "netmin.windows.confirm confirms" not in result["msg"]
        assert result["confirm"]["outcome"] == "too late: the host rolls the run back"
        assert {change["status"] for change in result["changes"] if change["target"].startswith("inbound rule")} == {"not_done"}
        later(host, 300)
        host.boot()
        assert differences(before, state(host)) == []


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2022"])
def test_a_controller_that_slept_makes_no_more_changes(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        before = state(host)
        task = Task(host)

        def arm(writer: Any) -> None:
            task.confirmation.arm(writer)
            task.clock.sleep(1200)

        task.arm = arm  # type: ignore[method-assign]
        result = task.do()
        assert result["failed"]
        assert not result["changed"]
        later(host, 300)
        host.boot()
        assert differences(before, state(host)) == []


def test_a_controller_that_was_stopped_asks_the_host_before_what_may_cut_the_session() -> None:
    """Its clock did not go on, as that of a virtual machine that was suspended."""
    with simulated("windows_server_2022") as host:
        host.boot()
        before = state(host)
        task = Task(host)
        host.computer.inject({"kind": "stops_late", "service": "W32Time", "after": 5.0})
        stopped = task.host.session.stop

        def stop(kind: ServiceKind, name: str) -> None:
            stopped(kind, name)
            if name == "W32Time":
                host.clock.advance(590)

        host.session.stop = stop  # type: ignore[method-assign]
        result = task.do(**SLOW, ip_filter={"residue": "drop", "unknown": False})
        del host.session.stop
        assert result["confirm"]["outcome"] == "too late: the host rolls the run back"
        later(host, 300)
        host.boot()
        assert differences(before, state(host)) == []


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2022"])
def test_a_timer_of_a_run_that_changed_nothing_is_taken_away_at_once(name: str) -> None:
    """The host might restart for nothing, and outside the maintenance window."""
    with simulated(name) as host:
        host.boot()
        boots = host.computer.host.boots
        host.computer.inject({"kind": "service_denied", "service": "W32Time"})
        result = Task(host).do(stages=["services"], services=SLOW["services"])
        assert result["failed"]
        assert not result["changed"]
        assert result["confirm"]["outcome"] == "removed: nothing was changed"
        assert left(host) == []
        later(host, 1200)
        assert host.computer.host.boots == boots


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2022"])
def test_a_restore_can_be_confirmed_and_goes_back_as_well(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        Task(host).do(stages=["services"], services=SLOW["services"])
        closed = state(host)
        task = Task(host, run_id="20260102T000000Z-000002")
        prepared = task.run.prepare_restore(host.session, RestoreScope())
        task.confirmation.look(host.session, prepared, KNOWLEDGE)
        task.run.arm, task.run.in_time = task.arm, task.in_time
        task.run.carry_out(prepared, host.session, stop_limit=60)
        assert state(host) != closed
        later(host, 1200)
        host.boot()
        assert differences(closed, state(host)) == []


def test_a_run_that_the_host_could_not_put_back_is_refused_with_confirm(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the management path is not known no rule is made, not by the host either: rules that are removed would be gone."""
    with simulated("windows_server_2022") as host:
        host.boot()
        options: dict[str, Any] = {"stages": ["ip_filter"], "ip_filter": {"residue": "drop", "unknown": False}}
        assert Task(host).do(**options)["confirm"]["confirmed"]
        monkeypatch.setattr(survey, "read_path", lambda *_given: ManagementPath((), unknown="nothing is shown"))
        changes = len(host.computer.changes())
        options["ip_filter"] = {"residue": "leave", "unknown": False}
        with pytest.raises(Refused, match="the host could not restore inbound rule"):
            Task(host, run_id="20260102T000000Z-000002").plan(**options)
        assert len(host.computer.changes()) == changes


def test_who_confirms_too_late_is_told_that_nothing_stays() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        task = Task(host)

        def reopen() -> WritableSession:
            task.clock.sleep(1200)
            return host.session

        task.reopen = reopen  # type: ignore[method-assign]
        result = task.do(stages=["services"], services=SLOW["services"])
        assert result["failed"]
        assert "not confirmed in time, so the host rolls them back" in result["msg"]
        assert "netmin.windows.confirm confirms" not in result["msg"]


@pytest.mark.parametrize("name", ["windows_xp", "windows_10"])
def test_what_is_left_of_a_run_that_broke_off_before_it_armed_is_no_part_of_the_next(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        for number in range(1, 40):
            host.session.set_value(timer.KEY, f"{number:03}", RegistryValue.text(f"{RUN}&net start Left"))
        task = Task(host, run_id="20260102T000000Z-000002")
        result = task.do()
        assert not result.get("failed"), result.get("msg")
        assert result["confirm"]["confirmed"]
        assert left(host) == []


def test_a_login_that_is_refused_is_not_tried_again() -> None:
    """Where accounts are locked after a few wrong passwords, half a minute of them would lock this one."""
    with simulated("windows_10") as host:
        host.boot()
        asked = 0

        def refused() -> WritableSession:
            nonlocal asked
            asked += 1
            raise AuthenticationFailed("the password is wrong", host="windows_10")

        task = Task(host)
        task.reopen = refused  # type: ignore[method-assign]
        result = task.do()
        assert asked == 1
        assert "could not be confirmed over a new connection: the password is wrong" in result["msg"]


def test_a_timer_that_is_about_to_count_is_waited_for() -> None:
    with simulated("windows_10") as host:
        host.boot()
        host.session.set_value(timer.KEY, timer.RUN, RegistryValue.text(RUN))
        assert host.computer.host.launch("cmd.exe /c ping -n 100 127.0.0.1 & rem confirm.cmd", JobAccount.SYSTEM) is not None
        with pytest.raises(Refused, match=f"run {RUN} is waiting for confirmation"):
            Task(host, run_id="20260102T000000Z-000002").plan()


def set_up(host: Simulated) -> None:
    """Put folder, script and carrier on a host, and start nothing."""
    nt = NtVersion.parse(host.computer.host.spec.windows.version)
    line = timer.arming_line(nt, {}).removesuffix(f" && schtasks /run /tn {timer.CARRIER}")
    assert host.session.run_line(line).exit_code == 0
    if timer.carrier_of(nt) is timer.Carrier.SERVICE:
        host.session.create_service(timer.CARRIER, timer.service_command())


@pytest.mark.parametrize("shell", [True, False], ids=["script runs", "script is gone"])
@pytest.mark.parametrize("name", ["windows_xp", "windows_10"])
def test_a_restore_of_the_host_that_broke_off_keeps_nobody_from_going_on(name: str, shell: bool) -> None:
    with simulated(name) as host:
        host.boot()
        for value, text in {"Run": RUN, "Heartbeat": "restoring", "Outcome": "restoring after 120 beats"}.items():
            host.session.set_value(timer.KEY, value, RegistryValue.text(text))
        set_up(host)
        there = {item.lower() for item in left(host)}
        assert {"key", "task" if name == "windows_10" else "service", rf"{FOLDER}\confirm.cmd".lower()} <= there
        if shell:
            assert host.computer.host.launch("cmd.exe /c ping -n 100 127.0.0.1 & rem confirm.cmd", JobAccount.SYSTEM) is not None
        task = Task(host, run_id="20260102T000000Z-000002")
        if shell:
            with pytest.raises(Refused, match="the host is rolling back run"):
                task.plan()
            return
        prepared = task.plan()
        assert prepared.plan.changes
        (warning,) = task.confirmation.warnings
        assert "did not finish (restoring after 120 beats): run 'restore' to restore the rest" in warning
        task.confirmation.clean(host.session)
        assert left(host) == []


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_connection_that_is_lost_while_arming_never_hides_what_may_be_armed(comes_back: bool) -> None:
    with simulated("windows_10") as host:
        host.boot()
        task = Task(host)
        prepared = task.plan()
        inner, gone = host.session.run_line, [False]

        def run_line(line: str) -> Any:
            if gone[0]:
                raise Unreachable("host: no answer", host="host")
            inner(line)
            gone[0] = True
            raise ConnectionLost("gone", host="host")

        host.session.run_line = run_line  # type: ignore[method-assign]
        task.run.arm, task.run.in_time = task.arm, task.in_time
        task.run.carry_out(prepared, host.session, stop_limit=60)
        result = result_of(task.run, prepared, None)

        def reopen() -> WritableSession:
            if not comes_back:
                raise Unreachable("host: no answer", host="host")
            del host.session.run_line
            return host.session

        task.confirmation.finish(result, reopen)
        assert result["failed"]
        assert {change["status"] for change in result["changes"]} == {"not_done"}
        if comes_back:
            assert "removed over a new connection" in result["confirm"]["outcome"]
            assert left(host) == []
        else:
            assert result["confirm"]["outcome"] == "may be running"
            assert "The timer may still be running. The host rolls run" in result["msg"]


def test_what_the_host_did_by_itself_is_told_once_and_cleared() -> None:
    with simulated("windows_10") as host:
        host.boot()
        Task(host, hold=True, within=60).do()
        later(host, 300)
        task = Task(host, run_id="20260102T000000Z-000002")
        task.plan(stages=["netbt"])
        (warning,) = task.confirmation.warnings
        assert f"run {RUN} was not confirmed, so the host rolled it back: restored after 12 beats: 0" in warning
        task.confirmation.clean(host.session)
        assert left(host) == []


@pytest.mark.parametrize(("heartbeat", "requests"), [("restored", 2), ("restoring", 7)])
def test_a_run_that_the_host_put_back_is_never_said_to_be_kept(heartbeat: str, requests: int) -> None:
    with simulated("windows_10") as host:
        host.boot()
        for name, text in {"Run": RUN, "Heartbeat": heartbeat, "Outcome": "restoring after 120 beats"}.items():
            host.session.set_value(timer.KEY, name, RegistryValue.text(text))
        # Whatever task comes next takes the timer away.
        task = Task(host, run_id="20260102T000000Z-000002")
        task.plan(stages=["netbt"])
        before = host.session.stats.requests
        task.confirmation.clean(host.session)
        assert host.session.stats.requests - before == requests
        assert left(host) == []
        for check in (True, False):
            done = confirmed(host, run=RUN, check=check)
            assert (done["failed"], done["changed"], done["confirm"]) == (True, False, None)
            assert f"run {RUN} was not confirmed in time, so the host rolled it back" in done["msg"]
        # Of another run, or where none is named, it says nothing.
        for other in ("20260102T000000Z-000002", None):
            assert confirmed(host, run=other) == {"changed": False, "confirm": None}


@pytest.mark.parametrize("name", ["windows_xp", "windows_10"])
def test_a_run_that_was_confirmed_too_late_is_not_kept_the_second_time_either(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        Task(host, hold=True, within=60).do()
        later(host, 600)
        assert confirmed(host, run=RUN)["confirm"]["phase"] == "restored"
        assert left(host) == []
        assert "so the host rolled it back" in confirmed(host, run=RUN)["msg"]
        # The next one has nothing to do with it.
        run = "20260102T000000Z-000002"
        Task(host, hold=True, run_id=run).do()
        assert confirmed(host, run=run)["confirm"]["phase"] == "confirmed"
        assert confirmed(host, run=run) == {"changed": False, "confirm": None}


def test_a_note_that_is_not_ours_says_nothing() -> None:
    with simulated("windows_10") as host:
        host.boot()
        host.session.set_value(OUR_KEY, record.RESTORED_BY_HOST, RegistryValue.dword(1))
        assert confirmed(host, run=RUN) == {"changed": False, "confirm": None}


def test_a_run_that_never_began_was_not_put_back_by_the_host() -> None:
    with simulated("windows_10") as host:
        host.boot()
        host.session.set_value(timer.KEY, timer.RUN, RegistryValue.text(RUN))
        assert confirmed(host, run=RUN)["confirm"]["phase"] == "never started"
        assert confirmed(host, run=RUN) == {"changed": False, "confirm": None}


def test_confirming_too_late_fails_and_tells_what_was_recorded() -> None:
    with simulated("windows_10") as host:
        host.boot()
        Task(host, hold=True, within=60).do()
        later(host, 300)
        done = confirmed(host)
        assert done["failed"]
        assert done["confirm"]["phase"] == "restored"
        assert left(host) == []


def test_a_named_run_that_cannot_be_confirmed_has_failed_and_may_go_back() -> None:
    def nowhere() -> Any:
        raise Unreachable("host: connection refused", host="host")

    with simulated("windows_10") as host:
        host.boot()
        done = confirmed(host, opened=nowhere, run=RUN)
        assert (done["failed"], done["changed"]) == (True, False)
        assert done["msg"] == f"host: connection refused. The host rolls run {RUN} back unless it is confirmed in time"
        # Whoever names no run does not know of one that waits.
        with pytest.raises(Unreachable):
            confirmed(host, opened=nowhere)


def test_a_confirmation_whose_answer_is_lost_may_have_been_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated("windows_10") as host:
        host.boot()
        Task(host, hold=True).do()

        def lost(*_arguments: Any) -> None:
            raise ConnectionLost("host: the answer was lost", host="host")

        monkeypatch.setattr(host.session, "set_value", lost)
        done = confirmed(host, run=RUN)
        assert (done["failed"], done["changed"]) == (True, True)
        assert "the answer was lost. It is not known whether the host received the confirmation. The host rolls run" in done["msg"]


def test_a_run_that_failed_is_not_confirmed() -> None:
    with simulated("windows_10") as host:
        host.boot()
        before = state(host)
        host.computer.inject({"kind": "service_denied", "service": "Spooler"})
        result = Task(host).do()
        assert result["failed"]
        assert "The host rolls run" in result["msg"]
        assert result["confirm"]["confirmed"] is False
        host.computer.clear_faults()
        later(host, 900)
        host.boot()
        assert differences(before, state(host)) == []


def test_windows_2000_is_refused_before_anything_is_written() -> None:
    with simulated("windows_2000") as host:
        changes = len(host.computer.changes())
        with pytest.raises(Refused, match="cannot be used on Windows 2000"):
            Task(host).plan()
        assert len(host.computer.changes()) == changes


def test_the_task_scheduler_has_to_run() -> None:
    with simulated("windows_10") as host:
        host.boot()
        prepared = Task(host).plan()
        services = ByName({name: s for name, s in prepared.survey.host.services.items() if name != "Schedule"})
        with pytest.raises(Refused, match="the service Schedule is not running"):
            confirm.require(SimpleNamespace(windows=prepared.survey.host.windows, services=services))  # type: ignore[arg-type]


def test_a_value_that_no_command_line_can_hold_is_refused_before_anything_is_written() -> None:
    with simulated("windows_xp") as host:
        key = r"SOFTWARE\Microsoft\Ole"
        host.session.set_value(key, "EnableDCOM", RegistryValue.text('say "Y"'))
        changes = len(host.computer.changes())
        with pytest.raises(Refused, match="'confirm' cannot be used here"):
            Task(host).plan(stages=["dcom_protocols"])
        assert len(host.computer.changes()) == changes
        assert host.session.value(key, "EnableDCOM", RegistryType.SZ) == RegistryValue.text('say "Y"')


@pytest.mark.parametrize(("within", "good"), [(59, False), (60, True), (86400, True), (86401, False)])
def test_the_time_has_bounds(within: int, good: bool) -> None:
    given = {"confirm": {"within": within, "hold": False}}
    if good:
        assert read_wish(given) == Wish(within, False)
    else:
        with pytest.raises(InvalidOption, match="60 to 86400"):
            read_wish(given)
    assert read_wish({"confirm": None}) is None


def test_a_service_of_the_run_is_running_again_after_the_host_restored() -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        Task(host, hold=True, within=60).do(stages=["services"], services=[{"name": "Spooler"}])
        later(host, 200)
        rows = host.session.query(str(ServiceKind.SERVICE), ("Name", "State"))
        assert next(row.text("State") for row in rows if row.text("Name") == "Spooler") == "Running"


# Where a timer is


@pytest.mark.parametrize("state", State)
def test_only_what_can_follow_a_state_does(state: State) -> None:
    def at(begin: State) -> Confirmation:
        return Confirmation(None, Run(KNOWLEDGE, FakeClock(), RUN), FakeClock(), begin)

    for other in State:
        confirmation = at(state)
        if other in NEXT[state]:
            confirmation.enter(other)
            assert (confirmation.state, confirmation.outcome) == (other, str(other))
        else:
            with pytest.raises(RuntimeError, match="cannot enter"):
                confirmation.enter(other)
            assert confirmation.state is state


def test_every_state_is_reached_and_what_has_run_goes_on_having_run() -> None:
    reached, new = set[State](), {State.NONE}
    while new:
        reached |= new
        new = {after for state in new for after in NEXT[state]} - reached
    assert reached == set(State) == set(NEXT)
    assert all(after.has_run for state in State if state.has_run for after in NEXT[state])
    # Nothing but the host's own end of it confirms a run, and it is told to before.
    assert {state for state in State if State.CONFIRMED in NEXT[state]} == {State.TOLD}


class Path(list[State]):
    """The states that a task went through."""

    def __init__(self, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__([task.confirmation.state])
        enter = Confirmation.enter

        def entered(confirmation: Confirmation, state: State, outcome: str = "") -> None:
            enter(confirmation, state, outcome)
            self.append(state)

        monkeypatch.setattr(Confirmation, "enter", entered)


ARMED = [State.NONE, State.PLANNED, State.STARTING, State.RUNNING]
SERVICE: dict[str, Any] = {"stages": ["services"], "services": [{"name": "W32Time", "start_mode": "disabled"}]}


@pytest.mark.parametrize(
    ("hold", "answers", "path"),
    [
        (False, True, [*ARMED, State.TOLD, State.CONFIRMED]),
        (False, False, [*ARMED, State.LEFT]),
        (True, True, [*ARMED, State.LEFT]),
    ],
)
def test_the_path_of_a_task(hold: bool, answers: bool, path: list[State], monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated("windows_10") as host:
        task = Task(host, hold=hold)
        went = Path(task, monkeypatch)
        result = task.do(answers=answers, **SERVICE)
        assert went == path
        assert (result["confirm"]["armed"], result["confirm"]["confirmed"]) == (True, path[-1] is State.CONFIRMED)


def test_the_path_of_a_timer_that_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated("windows_10") as host:
        host.computer.inject({"kind": "script_killed"})
        task = Task(host)
        went = Path(task, monkeypatch)
        assert task.do(**SERVICE)["confirm"]["armed"] is False
        assert went == [*ARMED[:-1], State.NOT_STARTED]
