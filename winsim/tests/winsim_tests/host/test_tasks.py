# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scheduled tasks: which definitions are taken, and what starts and ends what they run."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from winsim.host.clock import ManualClock
from winsim.host.faults import parse as fault
from winsim.host.jobs import Account
from winsim.host.machine import Machine
from winsim.host.task_xml import BadTask, parse
from winsim.host.tasks import Tasked
from winsim.registry_value import RegistryValue
from winsim.scenarios import load_scenario

SCENARIO = load_scenario("windows_server_2022").host
SYSTEM = "<Principals><Principal><UserId>S-1-5-18</UserId></Principal></Principals>"
MAINS = "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries><StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>"


def xml(settings: str = "", *, triggers: str = "<BootTrigger/>", principals: str = SYSTEM, version: str = "1.2", head: str = "") -> str:
    """Return the definition of a task that runs a program."""
    return (
        f'{head}<Task version="{version}" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><Triggers>{triggers}</Triggers>'
        f"{principals}<Settings>{settings}</Settings>"
        "<Actions><Exec><Command>program</Command><Arguments>/a b</Arguments></Exec></Actions></Task>"
    )


class Rig:
    """A host on which every program runs until it is ended."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.started: list[tuple[str, Account]] = []
        self.host = Machine(SCENARIO, clock=self.clock, execute=self.execute)

    def execute(self, host: Machine, line: str, account: Account) -> Generator[float, None, int]:
        del host
        self.started.append((line, account))

        def run() -> Generator[float, None, int]:
            while True:
                yield 10.0

        return run()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.host.time.advance()

    def create(self, *, replace: bool = False, **described: str) -> Tasked:
        return self.host.tasks.create("T", parse(xml(**described), (10, 0)), replace=replace)


def test_a_definition_is_read() -> None:
    made = parse(xml(f"{MAINS}<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>", head='<?xml version="1.0"?>\r\n'), (6, 0))
    assert (made.line, made.system, made.boot_delay, made.time_limit) == ("program /a b", True, 0.0, None)
    assert (made.not_on_batteries, made.stops_on_batteries, made.instances, made.enabled) == (False, False, "IgnoreNew", True)
    plain = parse(xml(triggers="<BootTrigger><Delay>PT1M5S</Delay></BootTrigger>", principals=""), (6, 0))
    assert (plain.system, plain.boot_delay, plain.time_limit, plain.not_on_batteries) == (False, 65.0, 72 * 3600.0, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<Task>",
        xml().replace("2004/02", "2004/03"),
        xml("<Unknown/>"),
        xml("<Enabled>yes</Enabled>"),
        xml("<ExecutionTimeLimit>10 minutes</ExecutionTimeLimit>"),
        xml("<MultipleInstancesPolicy>Never</MultipleInstancesPolicy>"),
        xml("<Enabled>true</Enabled><Enabled>true</Enabled>"),
        xml("<UseUnifiedSchedulingEngine>true</UseUnifiedSchedulingEngine>"),
        xml(version="1.3"),
        xml(version="9"),
        xml(head='<?xml version="1.0" encoding="UTF-16"?>'),
        xml(head="<!DOCTYPE x>"),
        xml(triggers="<NeverTrigger/>"),
        xml().replace("<Command>program</Command>", ""),
        xml().replace("Exec>", "Nothing>"),
    ],
)
def test_definitions_that_windows_vista_refuses(text: str) -> None:
    with pytest.raises(BadTask, match=r"^ERROR: .*\r\n"):
        parse(text, (6, 0))


def test_a_boot_starts_it_and_ends_what_ran() -> None:
    rig = Rig()
    assert rig.create() is Tasked.DONE
    assert rig.started == []
    for boots in (1, 2):
        rig.host.power_cycle()
        assert not rig.host.jobs.running
        rig.advance(0)
        assert rig.started == [("program /a b", Account.SYSTEM)] * boots
        assert len(rig.host.jobs.running) == 1
    assert rig.host.tasks.delete("\\t") is Tasked.DONE
    assert len(rig.host.jobs.running) == 1
    rig.host.power_cycle()
    rig.advance(1)
    assert not rig.host.jobs.running


@pytest.mark.parametrize(
    ("settings", "others", "batteries", "starts"),
    [
        ("", {}, False, True),
        ("", {}, True, False),
        (MAINS, {}, True, True),
        (MAINS, {"principals": ""}, False, False),
    ],
)
def test_what_keeps_it_from_starting(settings: str, others: dict[str, Any], batteries: bool, starts: bool) -> None:
    rig = Rig()
    if batteries:
        rig.host.arm(fault({"kind": "on_batteries"}))
    rig.create(settings=settings, **others)
    assert rig.host.tasks.run("T") is Tasked.DONE
    assert bool(rig.started) is starts


def test_disabled_and_without_its_service() -> None:
    rig = Rig()
    rig.create(settings="<Enabled>false</Enabled>")
    assert rig.host.tasks.run("T") is Tasked.DISABLED
    rig.host.power_cycle()
    rig.advance(1)
    assert rig.started == []
    assert rig.create(replace=True) is Tasked.DONE
    assert rig.create() is Tasked.EXISTS
    assert rig.host.tasks.run("none") is Tasked.NO_TASK
    rig.host.registry.write(r"HKLM\SYSTEM\CurrentControlSet\Services\Schedule", "Start", RegistryValue.dword(4))
    rig.host.power_cycle()
    rig.advance(1)
    assert rig.started == []
    assert rig.host.tasks.run("T") is Tasked.NO_SERVICE


def test_one_at_a_time_and_no_longer_than_allowed() -> None:
    rig = Rig()
    rig.create(settings="<ExecutionTimeLimit>PT1M</ExecutionTimeLimit>")
    rig.host.tasks.run("T")
    rig.host.tasks.run("T")
    assert len(rig.started) == 1
    rig.advance(59)
    assert len(rig.host.jobs.running) == 1
    rig.advance(1)
    assert not rig.host.jobs.running
    rig.host.tasks.run("T")
    rig.host.tasks.end("T")
    assert len(rig.started) == 2
    assert not rig.host.jobs.running


def test_going_on_batteries_ends_what_may_not_run_there() -> None:
    for settings, left in (("", 0), (MAINS, 1)):
        rig = Rig()
        rig.create(settings=settings)
        rig.host.tasks.run("T")
        rig.host.arm(fault({"kind": "on_batteries"}))
        assert len(rig.host.jobs.running) == left
