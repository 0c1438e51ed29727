# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole host: accounts, listeners, and what the testers' window asks."""

from __future__ import annotations

import json

import pytest

from winsim.host.clock import ManualClock
from winsim.providers.computer import build
from winsim.scenarios import load_scenario, names
from winsim.seams import SimulatedComputer

from .walk import walk


@pytest.mark.parametrize("user", ["Administrator", "administrator", r".\Administrator", r"XP-143\ADMINISTRATOR"])
def test_accounts(user: str) -> None:
    computer = walk("windows_xp").computer
    account = computer.authenticate(user, "Passw0rd!")
    assert account == r"XP-143\Administrator"
    assert computer.may_execute(account)
    assert computer.password_of(user) == "Passw0rd!"
    assert computer.authenticate(user, "passw0rd!") is None


def test_accounts_that_may_not() -> None:
    computer = walk("windows_xp").computer
    auditor = computer.authenticate("auditor", "Passw0rd!")
    assert auditor is not None
    assert not computer.may_execute(auditor)
    assert computer.authenticate(r"OTHER\Administrator", "Passw0rd!") is None
    assert computer.authenticate("nobody", "") is None
    assert computer.password_of("nobody") is None
    assert not computer.may_execute("nobody")


def test_the_listener_knows_its_addresses() -> None:
    (listener,) = walk("windows_xp").computer.winrm_listeners()
    assert (listener.address, listener.transport, listener.port, listener.enabled) == ("*", "HTTP", 5985, True)
    assert listener.listening_on == ("192.70.106.143", "127.0.0.1")


@pytest.mark.parametrize("scenario", names())
def test_the_state_is_plain_and_stands_still(scenario: str) -> None:
    clock = ManualClock()
    computer = build(load_scenario(scenario), clock=clock, name="one")
    before = json.dumps(computer.state(), sort_keys=True)
    clock.advance(1000)
    computer.step_clock(50)
    assert json.dumps(computer.state(), sort_keys=True) == before
    assert computer.changes() == []
    dump = json.loads(json.dumps(computer.dump()))
    assert dump["name"] == "one"
    assert dump["power"] == "on"
    assert len(dump["endpoints"]) == len(computer.endpoints())


def test_changes_are_seen_in_state_and_journal() -> None:
    host = walk("windows_xp")
    before = host.computer.state()
    host.disable("Messenger")
    host.stop("Messenger")
    after = host.computer.state()
    assert before != after
    assert after["services"]["Messenger"] == {"state": "stopped", "start_mode": "disabled"}  # type: ignore[index]
    assert [(change.subject, change.target, change.after) for change in host.computer.changes()] == [
        ("service start mode", "Messenger", "disabled"),
        ("service state", "Messenger", "stopped"),
    ]


def test_faults_and_reset() -> None:
    host = walk("windows_xp")
    host.computer.inject({"kind": "no_return"})
    assert host.computer.faults() == [{"kind": "no_return"}]
    host.computer.boot()
    assert not host.computer.up
    host.computer.clear_faults()
    host.computer.boot()
    assert host.computer.up
    host.computer.reset()
    assert host.computer.host.boots == 1
    with pytest.raises(ValueError, match="no fault is called"):
        host.computer.inject({"kind": "x"})


def test_the_name_is_the_scenario_s_unless_given() -> None:
    whole: SimulatedComputer = build(load_scenario("windows_xp"), clock=ManualClock())
    assert whole.name == "windows_xp"
