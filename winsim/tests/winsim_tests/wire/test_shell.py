# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command shell: its life, its output in parts, its quota."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from winsim.seams import ConsoleResult, ShellOptions
from winsim.wire.profile import WINRM_1_1, WINRM_2, WINRM_3, Profile
from winsim_tests.envelopes import CMD, RSP, SHELL, TRANSFER, S, W, enumerate_request, request
from winsim_tests.wire.rig import CREATE, READER, SERVICES, Rig, command, command_line, opened, received, signal


def test_a_command_from_create_to_delete() -> None:
    rig = Rig()
    shell = opened(rig)
    name = command(rig, shell, "netstat", "-ano")
    streams, state = received(rig, shell, name)
    assert streams == {"stdout": b"\r\nActive Connections\r\n", "stderr": b""}
    assert (state.get("State") or "").endswith("CommandState/Done")
    assert state.findtext(f"{RSP}ExitCode") == "0"
    assert rig.ask(signal(name, shell)).status == 200
    assert rig.fault(signal(name, shell)) == 2150858843
    assert rig.service.open_operations["shells"] == 1
    assert rig.ask(request(f"{TRANSFER}/Delete", CMD, selectors=shell)).status == 200
    assert rig.service.open_operations["shells"] == 0


def test_long_output_comes_in_parts() -> None:
    rig = Rig()
    shell = opened(rig)
    name = command(rig, shell, "flood")
    total, rounds = b"", 0
    while True:
        streams, state = received(rig, shell, name)
        total, rounds = total + streams.get("stdout", b""), rounds + 1
        if (state.get("State") or "").endswith("Done"):
            break
        assert (state.get("State") or "").endswith("Running")
    assert total == b"x" * 250_000
    assert rounds == 3


def test_input_is_taken_and_dropped() -> None:
    rig = Rig()
    shell = opened(rig)
    name = command(rig, shell, "netstat")
    body = f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{name}">aGk=</rsp:Stream></rsp:Send>'
    assert rig.ask(request(f"{SHELL}/Send", CMD, body, selectors=shell)).status == 200


def test_unknown_shells_and_commands_are_unexpected_selectors() -> None:
    rig = Rig()
    unknown = {"ShellId": "00000000-0000-0000-0000-000000000000"}
    assert rig.fault(request(f"{TRANSFER}/Delete", CMD, selectors=unknown)) == 2150858843
    assert rig.fault(signal("x", opened(rig))) == 2150858843


def test_a_shell_of_winrm_1_1_is_a_reference_alone() -> None:
    rig = Rig(WINRM_1_1)
    answer = ElementTree.fromstring(rig.ask(CREATE).content)
    assert answer.find(f".//{RSP}Shell") is None
    shell = opened(rig)
    assert shell["ShellId"].startswith("uuid:")
    streams, _state = received(rig, shell, command(rig, shell, "netstat"))
    assert streams["stdout"]
    assert rig.fault(CREATE) == 2150859173
    assert b"WSManFault" in rig.ask(CREATE).content
    rig.now = 901.0
    assert rig.ask(CREATE).fault is None


@pytest.mark.parametrize(("asked", "given"), [("65001", 65001), ("437", 437), ("", None), ("none", None), ("9" * 50, None)])
def test_a_command_is_told_the_code_page_of_its_shell(asked: str, given: int | None) -> None:
    rig = Rig()
    command(rig, opened(rig, WINRS_CODEPAGE=asked), "netstat")
    assert [options.code_page for options in rig.computer.shell.options] == [given]


def test_shells_count_and_idle_ones_end() -> None:
    rig = Rig()
    for _number in range(5):
        opened(rig)
    answer = rig.ask(CREATE)
    assert answer.fault == 2150859173
    assert b"RelatesTo" not in answer.content
    rig.now = 181.0
    assert rig.ask(CREATE).fault is None
    assert rig.service.open_operations["shells"] == 1


@pytest.mark.parametrize(("profile", "seconds"), [(WINRM_1_1, 900.0), (WINRM_2, 180.0), (WINRM_3, 7200.0)])
def test_a_shell_that_nobody_asks_anything_ends_when_its_time_is_over(profile: Profile, seconds: float) -> None:
    rig = Rig(profile)
    shell = opened(rig)
    rig.now = seconds
    command(rig, shell, "netstat")
    rig.now = 2 * seconds
    command(rig, shell, "netstat")
    rig.now = 3 * seconds + 1
    assert rig.fault(command_line(shell, "netstat")) == 2150858843


def test_a_client_may_ask_for_another_idle_time() -> None:
    rig = Rig()
    for asked, given in (("PT3600S", "PT3600.000S"), ("PT5.000S", "PT60.000S"), ("soon", "PT180.000S")):
        body = f"<rsp:Shell><rsp:IdleTimeOut>{asked}</rsp:IdleTimeOut></rsp:Shell>"
        answer = rig.ask(request(f"{TRANSFER}/Create", CMD, body)).content
        assert ElementTree.fromstring(answer).findtext(f".//{RSP}IdleTimeOut") == given


def test_commands_of_a_shell_count_until_it_is_deleted() -> None:
    rig = Rig(WINRM_2)
    shell = opened(rig)
    for _number in range(15):
        name = command(rig, shell, "netstat", "-ano")
        received(rig, shell, name)
        assert rig.ask(signal(name, shell)).status == 200
    answer = rig.ask(command_line(shell, "netstat"))
    assert answer.fault == 2150859174
    assert b"RelatesTo" not in answer.content
    assert len(rig.computer.shell.started) == 15
    assert rig.fault(command_line(opened(rig), "netstat")) == 2150859174
    assert rig.fault(enumerate_request(SERVICES)) == 2150859174
    assert rig.ask(request(f"{TRANSFER}/Delete", CMD, selectors=shell)).status == 200
    command(rig, opened(rig), "netstat")


def test_winrm_3_lets_a_hundred_times_as_many_operations_pass() -> None:
    rig = Rig(replace(WINRM_3, max_operations=1500))
    shell = opened(rig)
    for _number in range(40):
        assert rig.ask(signal(command(rig, shell, "netstat"), shell)).status == 200
    assert rig.service.open_operations["shells"] == 1


def test_shells_of_too_many_users_are_refused() -> None:
    rig = Rig(replace(WINRM_2, max_users=1))
    opened(rig)
    rig.computer.may_execute = lambda account: True  # type: ignore[method-assign]
    assert rig.fault(CREATE, READER) == 2150859179
    assert rig.ask(CREATE).fault is None


def test_processes_of_a_shell_are_counted_while_they_run() -> None:
    rig = Rig(replace(WINRM_2, max_processes=5))
    shell = opened(rig)
    for _number in range(4):
        command(rig, shell, "netstat")
    command(rig, shell, "endless")
    endless = command(rig, shell, "endless")
    assert rig.fault(command_line(shell, "endless")) == 1816
    assert rig.ask(signal(endless, shell)).status == 200
    command(rig, shell, "endless")


def test_winrm_1_1_says_so_on_stderr() -> None:
    rig = Rig(replace(WINRM_1_1, max_processes=3))
    shell = opened(rig)
    command(rig, shell, "endless")
    streams, state = received(rig, shell, command(rig, shell, "netstat"))
    assert b"quota" in streams["stderr"]
    assert state.findtext(f"{RSP}ExitCode") == "1816"


def test_quotas_of_nothing_are_no_limit() -> None:
    rig = Rig(replace(WINRM_2, max_operations=0, max_shells=0, max_users=0, max_processes=0))
    for _number in range(8):
        shell = opened(rig)
        for _command in range(3):
            command(rig, shell, "endless")
    assert rig.service.open_operations["shells"] == 8
    assert len(rig.computer.shell.started) == 24
    assert not any(started.ended for started in rig.computer.shell.started)


def test_a_policy_forbids_new_shells() -> None:
    rig = Rig()
    shell = opened(rig)
    rig.computer.shells_allowed = False
    answer = ElementTree.fromstring(rig.ask(CREATE).content)
    assert rig.fault(CREATE) == 2150859180
    assert answer.findtext(f".//{S}Subcode/{S}Value") == "w:InternalError"
    command(rig, shell, "netstat")


@pytest.mark.parametrize("code", ["signal/Terminate", "signal/terminate", "signal/TERMINATE"])
def test_a_signal_is_known_in_any_case(code: str) -> None:
    rig = Rig()
    shell = opened(rig)
    name = command(rig, shell, "endless")
    body = f'<rsp:Signal CommandId="{name}"><rsp:Code>{SHELL}/{code}</rsp:Code></rsp:Signal>'
    assert rig.ask(request(f"{SHELL}/Signal", CMD, body, selectors=shell)).status == 200
    assert rig.computer.shell.started[-1].ended


def test_a_shell_has_variables_and_a_directory() -> None:
    rig = Rig(replace(WINRM_2, max_memory=64))
    variables = '<rsp:Variable Name="A">1 &amp; 2</rsp:Variable><rsp:Variable Name="B"/>'
    directory = "<rsp:WorkingDirectory>C:\\Temp</rsp:WorkingDirectory>"
    body = f"<rsp:Shell><rsp:Environment>{variables}</rsp:Environment>{directory}</rsp:Shell>"
    selector = ElementTree.fromstring(rig.ask(request(f"{TRANSFER}/Create", CMD, body)).content).find(f".//{W}Selector")
    assert selector is not None
    command(rig, {"ShellId": selector.text or ""}, "netstat")
    assert rig.computer.shell.options == [ShellOptions(environment={"A": "1 & 2", "B": ""}, directory=r"C:\Temp", memory=64)]


def test_a_directory_that_is_not_there_is_a_fault_of_the_command() -> None:
    rig = Rig()
    body = "<rsp:Shell><rsp:WorkingDirectory>nowhere</rsp:WorkingDirectory></rsp:Shell>"
    selector = ElementTree.fromstring(rig.ask(request(f"{TRANSFER}/Create", CMD, body)).content).find(f".//{W}Selector")
    assert selector is not None
    assert rig.fault(command_line({"ShellId": selector.text or ""}, "netstat")) == 267


def test_a_command_that_goes_on_is_said_to_run_and_is_ended_with_its_shell() -> None:
    rig = Rig()
    shell = opened(rig)
    name = command(rig, shell, "endless")
    streams, state = received(rig, shell, name)
    assert streams == {}
    assert (state.get("State") or "").endswith("Running")
    started = rig.computer.shell.started[-1]
    started.result = ConsoleResult(b"at last", b"", 4)
    streams, state = received(rig, shell, name)
    assert (streams["stdout"], state.findtext(f"{RSP}ExitCode")) == (b"at last", "4")
    assert not started.ended
    command(rig, shell, "endless")
    assert rig.ask(request(f"{TRANSFER}/Delete", CMD, selectors=shell)).status == 200
    assert rig.computer.shell.started[-1].ended
