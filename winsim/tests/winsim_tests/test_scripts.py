# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scripts on a running simulation: commands that take their time over WinRM, and time that the window lets pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from winrm.protocol import Protocol

from winsim.server import Host, HostSpec, Simulation


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """Start a host whose time passes fast."""
    with Simulation([HostSpec("windows_server_2022", name="script", auth="basic", speed=50.0)]) as running:
        yield running["script"]


@pytest.fixture
def client(host: Host) -> Protocol:
    """Return a client of the command shell."""
    return Protocol(host.url, transport="basic", username=host.user, password=host.password, server_cert_validation="ignore")


def said(client: Protocol, line: str) -> tuple[str, int]:
    """Run a command line, wait for its end, and return output and exit code."""
    shell = client.open_shell()
    try:
        command = client.run_command(shell, line)
        stdout, _stderr, code = client.get_command_output(shell, command)
        client.cleanup_command(shell, command)
    finally:
        client.close_shell(shell)
    return stdout.decode(), code


def test_a_client_waits_for_a_command_that_takes_its_time(client: Protocol) -> None:
    assert said(client, "echo one&ping -n 20 127.0.0.1 >nul&echo two") == ("one\r\ntwo\r\n", 0)


def test_time_passes_for_a_script(host: Host, client: Protocol) -> None:
    line = r"for /l %i in (1,1,1000) do @(reg add HKLM\SOFTWARE\Ours /v Beat /d %i /f >nul&ping -n 3601 127.0.0.1 >nul)"
    shell = client.open_shell()
    command = client.run_command(shell, line)
    beats = [beat(host)]
    for _boot in range(2):
        requests.post(f"{host.window_url}/clock", json={"advance": 3600}, timeout=10).raise_for_status()
        beats.append(beat(host))
    assert beats == [1, 2, 3]
    client.cleanup_command(shell, command)
    requests.post(f"{host.window_url}/clock", json={"advance": 7200}, timeout=10).raise_for_status()
    assert beat(host) == 3
    client.close_shell(shell)


def beat(host: Host) -> int:
    """Return the heartbeat as the window shows it."""
    found = requests.get(f"{host.window_url}/registry", params={"key": r"HKLM\SOFTWARE\Ours"}, timeout=10).json()
    return int(found["Beat"]["value"])
