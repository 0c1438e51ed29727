# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that are reached by IPv6, with real sockets at ::1."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests
from pypsrp.wsman import WSMan
from winrm.protocol import Protocol

from winsim.server import Host, HostSpec, Simulation
from winsim.sockets import NoAddress, listen
from winsim_tests.envelopes import WMI


def _has_ipv6() -> bool:
    try:
        listen("::1", 0).close()
    except OSError:
        return False
    return True


pytestmark = pytest.mark.skipif(not _has_ipv6(), reason="this system has no IPv6 loopback address")


@pytest.fixture(scope="module")
def hosts() -> Iterator[tuple[Host, Host]]:
    """Two hosts: the first may have ::1 for itself, the second shares it."""
    kinds = [HostSpec("windows_server_2022", name="one", ipv6=True), HostSpec("windows_server_2019", name="two", ipv6=True)]
    with Simulation(kinds) as running:
        yield running["one"], running["two"]


def shown(host: Host) -> dict[str, object]:
    found: dict[str, object] = requests.get(f"{host.window_url}/sockets", timeout=10).json()["ipv6"]
    return found


def test_both_libraries_reach_both_hosts(hosts: tuple[Host, Host]) -> None:
    assert {host.address for host in hosts} == {"::1"}
    assert hosts[0].place != hosts[1].place
    for host, version in zip(hosts, ("10.0.20348", "10.0.17763"), strict=True):
        assert host.url.startswith("http://[::1]:")
        protocol = Protocol(host.url, transport="ntlm", username=host.user, password=host.password, server_cert_validation="ignore")
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "netstat", ["-ano", "-p", "tcp"])
        listing = protocol.get_command_output(shell, command)[0].decode()
        protocol.close_shell(shell, close_session=True)
        (own,) = [line.split() for line in listing.splitlines() if "ESTABLISHED" in line and "]:5985" in line.split()[1]]
        assert own[1].startswith("[fe80::")
        assert own[2].startswith("[fe80::")
        with WSMan("::1", port=host.port, ssl=False, username=host.user, password=host.password, auth="negotiate") as client:
            row = client.get(f"{WMI}/Win32_OperatingSystem")
        assert version in "".join(row.itertext())


def test_the_first_has_its_ipv6_listeners_there(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    if one.port != 5985:
        pytest.skip("somebody else has ::1")
    open_ports = shown(one)["open"]
    assert isinstance(open_ports, list)
    assert any(name.startswith("tcp/") for name in open_ports)
    for name in open_ports:
        if name.startswith("tcp/"):
            with socket.socket(socket.AF_INET6) as probe, suppress(ConnectionResetError):
                probe.connect(("::1", int(name.partition("/")[2])))
    assert shown(two)["open"] == []


def test_a_host_without_ipv6_is_not_reached_by_it() -> None:
    with pytest.raises(NoAddress, match="xp has no IPv6 address"), Simulation([HostSpec("windows_xp", ipv6=True)]):
        pass
