# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one kernel does otherwise than another: svchosts of a group, per-user services, triggers, values that are heeded at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from winsim.host import controls
from winsim.host.clock import ManualClock
from winsim.host.controls import Written
from winsim.host.machine import Machine
from winsim.host.model import SERVICES, StartMode, State
from winsim.host.scm import Outcome, Service
from winsim.registry_value import RegistryType, RegistryValue
from winsim.scenarios import load_scenario

from .hosts import RPC, TCP, addresses, make, ports, service, timed, write

SHARED, SPLIT, USERS = "windows_7", "windows_server_2022", "windows_10"

TEMPLATES = """
title: per-user services of every kind
sources: []
windows: {signed_in: true}
timing: {uptime: 0.0}
services:
  - {name: First, display: First, start: auto, group: Users, depends: [Second], per_user: true}
  - {name: Second, display: Second, start: manual, group: Users, per_user: true}
  - {name: Third, display: Third, start: auto, group: Users, delayed: true, per_user: true}
  - {name: Fourth, display: Fourth, start: disabled, image: 'C:\\fourth.exe', per_user: true}
sockets:
  - {owner: First, protocol: tcp, port: 4001}
rpc_servers:
  - {owner: Third, transports: [tcp]}
"""


def host_of(folder: Path, text: str) -> tuple[Machine, ManualClock]:
    """Start a host of a scenario of the test's own."""
    path = folder / "some.yml"
    path.write_text(text, encoding="utf-8")
    clock = ManualClock()
    return Machine(load_scenario(path).host, clock=clock), clock


def instance(host: Machine, template: str) -> Service:
    """Return the one instance of a template."""
    (found,) = [entry for entry in host.services.all if entry.spec.template == template]
    return found


def key(name: str) -> str:
    return rf"{SERVICES}\{name}"


def command(host: Machine, name: str) -> str:
    process = host.service_process(service(host, name).spec)
    assert process is not None
    return process.command


def test_a_group_shares_one_svchost() -> None:
    host = make(SHARED)
    netsvcs = [entry for entry in host.services.all if entry.running and "-k netsvcs" in entry.spec.image]
    assert len(netsvcs) > 5
    assert {entry.spec.process for entry in netsvcs} == {"svchost-netsvcs"}
    assert command(host, "Schedule") == r"C:\Windows\system32\svchost.exe -k netsvcs"
    assert service(host, "Schedule").spec.image == command(host, "Schedule")
    assert command(host, "Schedule") != command(host, "Dnscache")


def test_groups_are_one_whatever_their_case(tmp_path: Path) -> None:
    rows = "[{name: A, display: A, start: auto, group: Gate}, {name: B, display: B, start: auto, group: gATE}]"
    host = host_of(tmp_path, f"extends: {SHARED}\ntitle: x\nsources: []\nservices: {rows}\n")[0]
    assert {service(host, name).spec.process for name in "AB"} == {"svchost-gate"}


def test_the_svchost_of_a_group_lives_until_the_last_of_its_services_stops(tmp_path: Path) -> None:
    rows = "[{name: A, display: A, start: auto, group: Gate}, {name: B, display: B, start: auto, group: Gate}]"
    host = host_of(
        tmp_path, f"extends: {SHARED}\ntitle: x\nsources: []\nservices: {rows}\nrpc_servers: [{{owner: A, transports: [tcp]}}]\n"
    )[0]
    held = addresses(host, "A")
    assert held
    assert controls.stop_service(host, service(host, "A")) is Outcome.DONE
    assert addresses(host, "A") == held
    assert controls.stop_service(host, service(host, "B")) is Outcome.DONE
    assert addresses(host, "A") == set()
    assert host.processes.get("svchost-gate") is None


@pytest.mark.parametrize(
    ("scenario", "text", "image"),
    [
        ("windows_server_2016", "", "svchost.exe -k netsvcs"),
        (SPLIT, "", "svchost.exe -k netsvcs -p"),
        (SPLIT, "windows: {split_services: false}\n", "svchost.exe -k netsvcs -p"),
    ],
)
def test_a_late_windows_10_marks_its_svchosts(tmp_path: Path, scenario: str, text: str, image: str) -> None:
    host = host_of(tmp_path, f"extends: {scenario}\ntitle: x\nsources: []\n{text}")[0]
    assert service(host, "Schedule").spec.image.rpartition("\\")[2] == image


def test_every_process_has_a_number_of_its_own() -> None:
    for scenario in (SHARED, USERS):
        pids = [process.pid for process in make(scenario).processes.all]
        assert len(pids) == len(set(pids))


def test_a_template_is_a_key_and_its_instance_a_service() -> None:
    host = make(USERS)
    assert host.services.find("CDPUserSvc") is None
    made = instance(host, "CDPUserSvc")
    assert re.fullmatch(r"CDPUserSvc_[0-9a-f]{5}", made.spec.name)
    assert made.state is State.RUNNING
    assert host.registry.number(key("CDPUserSvc"), "Type") == 0x60
    assert host.registry.number(key(made.spec.name), "Type") == 0xE0
    assert host.registry.text(key(made.spec.name), "DisplayName") == made.spec.display
    assert len({entry.spec.name.rpartition("_")[2] for entry in host.services.all if entry.spec.template}) == 1


def test_a_boot_makes_other_instances_and_deletes_the_keys_of_the_last() -> None:
    host = make(USERS)
    before = {entry.spec.name for entry in host.services.all if entry.spec.template}
    host.power_cycle()
    after = {entry.spec.name for entry in host.services.all if entry.spec.template}
    assert {name.rpartition("_")[0] for name in before} == {name.rpartition("_")[0] for name in after}
    assert not before & after
    assert not any(host.registry.exists(key(name)) for name in before)
    assert all(host.registry.exists(key(name)) for name in after)


def test_an_instance_whose_key_somebody_deleted_or_filled_is_gone_as_well() -> None:
    host = make(USERS)
    first, second = instance(host, "CDPUserSvc").spec.name, instance(host, "WpnUserService").spec.name
    assert controls.delete_key(host, rf"{key(first)}\Parameters") is Written.DONE
    assert controls.delete_key(host, key(first)) is Written.DONE
    host.registry.create(rf"{key(second)}\More\Below")
    host.power_cycle()
    assert not host.registry.exists(key(first))
    assert not host.registry.exists(key(second))


@pytest.mark.parametrize("shuffled", [None, 7])
def test_instances_are_as_their_templates_say(tmp_path: Path, shuffled: int | None) -> None:
    path = tmp_path / "some.yml"
    path.write_text(f"extends: {SPLIT}{TEMPLATES}", encoding="utf-8")
    clock = ManualClock()
    host = Machine(load_scenario(path).host, clock=clock, seed=shuffled)
    first, second, third, fourth = (instance(host, name) for name in ("First", "Second", "Third", "Fourth"))
    assert (first.state, second.state, third.state, fourth.state) == (State.RUNNING, State.RUNNING, State.STOPPED, State.STOPPED)
    assert first.depends == (second.spec.name,)
    assert fourth.start_mode is StartMode.DISABLED
    assert host.registry.number(key("Fourth"), "Type") == 0x50
    assert host.registry.number(key(fourth.spec.name), "Type") == 0xD0
    clock.advance(121)
    host.time.advance()
    assert third.running
    assert addresses(host, "Third") == {(TCP, "0.0.0.0"), (TCP, "::")}


def test_the_sockets_of_a_template_are_its_instances(tmp_path: Path) -> None:
    host, _clock = host_of(tmp_path, f"extends: {SPLIT}{TEMPLATES}")
    made = instance(host, "First")
    (row,) = {row for row in host.visible.endpoints() if row.port == 4001 and row.address == "0.0.0.0"}
    assert row.pid == host.pid(made.spec.process)
    assert controls.stop_service(host, made) is Outcome.DONE
    assert (TCP, 4001) not in ports(host)


def test_a_template_that_is_disabled_makes_stopped_and_disabled_instances() -> None:
    host = make(USERS)
    write(host, key("CDPUserSvc"), "Start", RegistryValue.dword(4))
    assert instance(host, "CDPUserSvc").running
    host.power_cycle()
    made = instance(host, "CDPUserSvc")
    assert (made.state, made.start_mode) == (State.STOPPED, StartMode.DISABLED)
    assert host.registry.number(key(made.spec.name), "Start") == 4
    assert controls.start_service(host, made) is Outcome.DISABLED


def test_an_instance_is_changed_until_the_next_boot() -> None:
    host = make(USERS)
    made = instance(host, "CDPUserSvc")
    assert controls.stop_service(host, made) is Outcome.DONE
    assert controls.set_start_mode(host, made, StartMode.DISABLED) is Outcome.DONE
    assert host.registry.number(key(made.spec.name), "Start") == 4
    host.power_cycle()
    assert instance(host, "CDPUserSvc").running


@pytest.mark.parametrize(("build", "made"), [(14393, 1), (16299, 0)])
def test_flags_keep_an_instance_from_being_made_where_they_are_known(tmp_path: Path, build: int, made: int) -> None:
    host, _clock = host_of(tmp_path, f"extends: {USERS}\ntitle: x\nsources: []\nwindows: {{build: {build}}}\n")
    write(host, key("CDPUserSvc"), "UserServiceFlags", RegistryValue.dword(0))
    host.power_cycle()
    assert sum(entry.spec.template == "CDPUserSvc" for entry in host.services.all) == made


def test_nobody_signs_in_nothing_is_made(tmp_path: Path) -> None:
    host, _clock = host_of(tmp_path, f"extends: {USERS}\ntitle: x\nsources: []\nwindows: {{signed_in: false}}\n")
    assert not [entry for entry in host.services.all if entry.spec.template]
    assert host.services.find("CDPUserSvc") is None


def test_a_trigger_is_a_key_and_starts_what_is_manual(tmp_path: Path) -> None:
    rows = "[{name: A, display: A, start: manual, group: G, demanded: true, trigger: true}, {name: B, display: B, start: manual, group: G}]"
    host, _clock = host_of(tmp_path, f"extends: {SHARED}\ntitle: x\nsources: []\nservices: {rows}\n")
    trigger = rf"{key('A')}\TriggerInfo\0"
    assert host.registry.number(trigger, "Action") == 1
    assert host.registry.number(trigger, "Type") is not None
    assert not host.registry.exists(rf"{key('B')}\TriggerInfo")
    assert service(host, "A").running
    controls.stop_service(host, service(host, "A"))
    controls.set_start_mode(host, service(host, "A"), StartMode.DISABLED)
    host.power_cycle()
    assert not service(host, "A").running


def test_triggers_are_numbered_and_say_type_action_and_what_they_wait_for(tmp_path: Path) -> None:
    rows = "[{name: A, display: A, start: manual, group: G, triggers: [device, no address, user policy, pipe]}]"
    host, _clock = host_of(tmp_path, f"extends: {SHARED}\ntitle: x\nsources: []\nservices: {rows}\n")
    keys = [rf"{key('A')}\TriggerInfo\{number}" for number in range(4)]
    assert [(host.registry.number(path, "Type"), host.registry.number(path, "Action")) for path in keys] == [(1, 1), (2, 2), (5, 1), (6, 1)]
    assert host.registry.value(keys[0], "GUID") is None
    written = host.registry.value(keys[3], "GUID")
    assert written is not None
    # The first three parts of a GUID lie in the registry with their lowest byte first (recorded in hives).
    assert written.data == bytes.fromhex("31d1811fac3f37459e0c7e7b0c2f4b55")
    assert host.registry.subkeys(rf"{key('A')}\TriggerInfo") == ("0", "1", "2", "3")


def test_a_protected_process_is_one_by_its_key_and_refuses_where_it_is_said(tmp_path: Path) -> None:
    protected = "{name: A, display: A, start: auto, group: G, launch_protected: 3, protected: true}"
    rows = f"[{protected}, {{name: B, display: B, start: auto, group: G}}]"
    host, _clock = host_of(tmp_path, f"extends: {SHARED}\ntitle: x\nsources: []\nservices: {rows}\n")
    assert [host.registry.number(key(name), "LaunchProtected") for name in "AB"] == [3, None]
    assert [controls.stop_service(host, service(host, name)) for name in "AB"] == [Outcome.DENIED, Outcome.DONE]


def test_a_service_may_stay_in_the_process_of_its_group_where_the_others_have_one_each(tmp_path: Path) -> None:
    row = "{{name: {0}, display: {0}, start: auto, group: G, split_disabled: {1}}}"
    rows = f"[{row.format('A', 'true')}, {row.format('B', 'true')}, {row.format('C', 'false')}]"
    host, _clock = host_of(tmp_path, f"extends: windows_10\ntitle: x\nsources: []\nservices: {rows}\n")
    pids = {name: host.pid(service(host, name).spec.process) for name in "ABC"}
    assert pids["A"] == pids["B"] != pids["C"]
    assert host.registry.number(key("A"), "SvcHostSplitDisable") == 1
    assert host.registry.number(key("C"), "SvcHostSplitDisable") is None


def test_what_somebody_has_started_by_hand_is_not_there_after_the_next_boot() -> None:
    host = make("windows_10+winrm_manual")
    assert service(host, "WinRM").running
    assert service(host, "WinRM").start_mode is StartMode.MANUAL
    host.power_cycle()
    assert not service(host, "WinRM").running


@pytest.mark.parametrize(("scenario", "late"), [("windows_7", True), ("windows_11", True), ("windows_server_2022", False)])
def test_winrm_starts_late_on_clients(scenario: str, late: bool) -> None:
    host, clock = timed(scenario)
    assert service(host, "WinRM").running
    host.power_cycle()
    assert service(host, "WinRM").running is not late
    clock.advance(121)
    assert host.up
    assert service(host, "WinRM").running


@pytest.mark.parametrize(("scenario", "known"), [("windows_vista", False), ("windows_server_2008", False), ("windows_7", True)])
def test_triggers_came_with_6_1(tmp_path: Path, scenario: str, known: bool) -> None:
    host, _clock = host_of(tmp_path, f"extends: {scenario}\ntitle: x\nsources: []\n")
    assert any(path.endswith(r"\TriggerInfo\0") for path, _values in host.registry.walk()) is known


def test_what_heeds_a_value_at_once_opens_and_closes_with_it(tmp_path: Path) -> None:
    switch = r"{key: 'HKLM\SOFTWARE\Gate', name: Closed, data: 1, live: true}"
    rows = f"[{{owner: Spooler, protocol: tcp, port: 4002, unless: [{switch}]}}]"
    host, _clock = host_of(tmp_path, f"extends: {SHARED}\ntitle: x\nsources: []\nsockets: {rows}\n")
    gate = r"HKLM\SOFTWARE\Gate"
    assert (TCP, 4002) in ports(host)
    controls.create_key(host, gate)
    controls.set_value(host, gate, "Closed", RegistryValue.dword(1))
    assert (TCP, 4002) not in ports(host)
    controls.set_value(host, gate, "Closed", RegistryValue.dword(0))
    assert (TCP, 4002) in ports(host)
    controls.set_value(host, gate, "Closed", RegistryValue.dword(1))
    controls.delete_value(host, gate, "Closed")
    assert (TCP, 4002) in ports(host)
    controls.set_value(host, gate, "Closed", RegistryValue.dword(1))
    controls.delete_key(host, gate)
    assert (TCP, 4002) in ports(host)
    controls.create_key(host, gate)
    controls.stop_service(host, service(host, "Spooler"))
    controls.set_value(host, gate, "Closed", RegistryValue.dword(0))
    assert (TCP, 4002) not in ports(host)


@pytest.mark.parametrize(
    ("written", "held"),
    [(("a", "", "b"), ("a",)), (("", "a"), ()), (("a", "b"), ("a", "b")), (("a", ""), ("a",)), ((), ())],
)
def test_a_list_of_texts_ends_at_the_first_empty_one(written: tuple[str, ...], held: tuple[str, ...]) -> None:
    host = make("windows_xp")
    assert controls.set_value(host, RPC, "DCOM Protocols", RegistryValue(RegistryType.MULTI_SZ, written)) is Written.DONE
    assert host.registry.texts(RPC, "DCOM Protocols") == held
    assert host.journal.entries[-1].after == list(held)
