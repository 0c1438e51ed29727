# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command shell: its life, its output in parts, its quota."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

import pytest

from winsim.seams import ConsoleResult
from winsim.wire.profile import WINRM_1_1
from winsim_tests.envelopes import CMD, RSP, SHELL, TRANSFER, W, request
from winsim_tests.wire.test_service import Rig

CREATE = request(f"{TRANSFER}/Create", CMD, "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>")


def opened(rig: Rig, **options: str) -> dict[str, str]:
    """Open a shell and return its selector."""
    listed = "".join(f'<w:Option Name="{name}">{value}</w:Option>' for name, value in options.items())
    create = request(f"{TRANSFER}/Create", CMD, "<rsp:Shell/>", extra=f"<w:OptionSet>{listed}</w:OptionSet>")
    found = ElementTree.fromstring(rig.ask(create if options else CREATE).content).find(f".//{W}Selector[@Name='ShellId']")
    assert found is not None
    return {"ShellId": found.text or ""}


def command(rig: Rig, shell: dict[str, str], line: str, *arguments: str) -> str:
    """Start a command and return its id."""
    words = "".join(f"<rsp:Arguments>{argument}</rsp:Arguments>" for argument in arguments)
    body = f"<rsp:CommandLine><rsp:Command>{line}</rsp:Command>{words}</rsp:CommandLine>"
    return rig.body(request(f"{SHELL}/Command", CMD, body, selectors=shell)).findtext(f"{RSP}CommandId") or ""


def received(rig: Rig, shell: dict[str, str], name: str) -> tuple[dict[str, bytes], ElementTree.Element]:
    """Return one Receive's streams, and its state."""
    body = f'<rsp:Receive><rsp:DesiredStream CommandId="{name}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
    answer = rig.body(request(f"{SHELL}/Receive", CMD, body, selectors=shell))
    streams: dict[str, bytes] = {}
    for stream in answer.iterfind(f"{RSP}Stream"):
        which = stream.get("Name", "")
        streams[which] = streams.get(which, b"") + base64.b64decode(stream.text or "")
    state = answer.find(f"{RSP}CommandState")
    assert state is not None
    return streams, state


def signal(name: str, shell: dict[str, str]) -> bytes:
    body = f'<rsp:Signal CommandId="{name}"><rsp:Code>{SHELL}/signal/terminate</rsp:Code></rsp:Signal>'
    return request(f"{SHELL}/Signal", CMD, body, selectors=shell)


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
    assert rig.computer.shell.code_pages == [given]


def test_shells_count_and_idle_ones_end() -> None:
    rig = Rig()
    for _number in range(5):
        opened(rig)
    answer = rig.ask(CREATE)
    assert answer.fault == 2150859173
    assert b"RelatesTo" not in answer.content
    rig.now = 7201.0
    assert rig.ask(CREATE).fault is None
    assert rig.service.open_operations["shells"] == 1


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
