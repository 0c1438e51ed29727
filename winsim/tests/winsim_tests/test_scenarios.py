# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole scenarios over the network: what a scanner finds, what netstat says, and a restart by WMI."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import requests
from winrm.protocol import Protocol

from winsim import sockets, station
from winsim.providers.computer import SimulatedHost
from winsim.server import Host, HostSpec, Simulation
from winsim.wire import http
from winsim_tests.envelopes import WMI, enumerate_request, invoke_request

pytestmark = pytest.mark.slow

SYSTEM = f"{WMI}/Win32_OperatingSystem"


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """A Windows XP and a Windows 2000 whose restarts take no time to speak of."""
    specs = [HostSpec(scenario="windows_xp", name="xp", boot_seconds=0.5), HostSpec(scenario="windows_2000", name="w2k", auth="basic")]
    with Simulation(specs) as running:
        yield running


def client(host: Host) -> Protocol:
    return Protocol(
        host.url,
        transport="basic" if host.auth == "basic" else "ntlm",
        username=host.user,
        password=host.password,
        server_cert_validation="ignore",  # else a CA bundle of the environment makes the library warn
    )


def reachable(host: Host) -> dict[str, set[int]]:
    """Return the ports that the host says others can reach."""
    found: dict[str, set[int]] = {"tcp": set(), "udp": set()}
    for row in requests.get(f"{host.window_url}/endpoints", timeout=10).json():
        if row["address"] != "127.0.0.1":
            found[row["protocol"]].add(row["port"])
    return found


def scan(address: str) -> set[int]:
    """Return the TCP ports that take a connection, of those that such old hosts use."""
    found = set()
    for port in range(1, 8192):
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                found.add(port)
    return found


def eventually(condition: Callable[[], bool], *, limit: float = 30.0) -> bool:
    """Ask again until it is so; the hosts live in real time."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def nmap(address: str) -> set[int]:
    """Return the TCP ports that nmap finds open."""
    command = ["nmap", "-sT", "-p-", "-n", "-Pn", "-oG", "-", address]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {int(port) for port in re.findall(r"(\d+)/open/tcp", done.stdout)}


def check_scan(host: Host, scanner: Callable[[str], set[int]]) -> None:
    """Hold what a scanner finds against what the host says others can reach, both ways."""
    if host.own_address == "127.0.0.1":
        pytest.skip("this system has one loopback address")
    shown = requests.get(f"{host.window_url}/sockets", timeout=10).json()
    refused = {int(port.rpartition("/")[2]) for port in shown["refused"] if port.startswith("tcp/")}
    # What listens on 0.0.0.0 of this machine is open on every address; it may come and go while the host is scanned.
    before = scanner("127.77.255.254")
    found = scanner(host.own_address)
    machine = before | scanner("127.77.255.254")
    assert found - machine == reachable(host)["tcp"] - refused - machine
    if not refused:
        assert 5985 in reachable(host)["tcp"]
        assert len(shown["open"]) > 8


@pytest.mark.parametrize("name", ["xp", "w2k"])
def test_a_plain_scan_finds_what_the_host_has_open(simulation: Simulation, name: str) -> None:
    check_scan(simulation[name], scan)


@pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not installed")
def test_nmap_finds_the_same(simulation: Simulation) -> None:
    check_scan(simulation["xp"], nmap)


@pytest.mark.parametrize(("name", "option"), [("xp", "-ano"), ("w2k", "-an")])
def test_netstat_shows_them_too(simulation: Simulation, name: str, option: str) -> None:
    host = simulation[name]
    protocol = client(host)
    shell = protocol.open_shell()
    out, error, code = protocol.get_command_output(shell, protocol.run_command(shell, "netstat", [option]))
    assert (error, code) == (b"", 0)
    rows = [line.split() for line in out.decode().splitlines()]
    tcp = {int(row[1].rpartition(":")[2]) for row in rows if row[:1] == ["TCP"] and row[2].endswith(":0")}
    udp = {int(row[1].rpartition(":")[2]) for row in rows if row[:1] == ["UDP"] and not row[1].startswith("127.")}
    assert {"tcp": tcp, "udp": udp} == reachable(host)


@pytest.mark.parametrize("wrong", [{"speed": 0.0}, {"speed": float("nan")}, {"speed": float("inf")}, {"boot_seconds": -1.0}])
def test_a_host_without_time_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be a number above 0"):
        HostSpec("windows_xp", **wrong)  # type: ignore[arg-type]  # only numbers are given


@pytest.mark.parametrize("late", [-1.0, float("nan"), float("inf")])
def test_a_latency_that_makes_no_sense_is_refused(late: float) -> None:
    with pytest.raises(ValueError, match="must be 0 or more milliseconds"):
        HostSpec("windows_xp", latency=late)


def test_connections_to_a_far_host_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is not measured: each answer waits once, by itself, and all of them at the same moment."""
    waiting: list[float] = []
    together = threading.Event()

    async def waits(seconds: float) -> None:
        waiting.append(seconds)
        if len(waiting) == 3:
            together.set()
        while not together.is_set():
            await real_sleep(0)

    with Simulation([HostSpec("windows_xp", name="far", auth="basic", latency=30.0)]) as running:
        real_sleep = asyncio.sleep
        monkeypatch.setattr(http, "asyncio", SimpleNamespace(sleep=waits, CancelledError=asyncio.CancelledError))
        host = running["far"]

        def ask() -> None:
            # Nobody is let in without credentials; that answer takes its time as any other.
            found = requests.post(host.url, timeout=60, proxies={"http": ""})
            assert found.status_code == 401

        threads = [threading.Thread(target=ask) for _number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert waiting == [0.03] * 3


@pytest.mark.parametrize("auth", ["digest", "NTLM", ""])
def test_a_login_that_no_host_takes_is_refused(auth: str) -> None:
    with pytest.raises(ValueError, match="it must be basic or certificate or credssp or kerberos or ntlm"):
        HostSpec("windows_xp", auth=auth)


def test_an_account_that_the_host_does_not_have_is_not_handed_out() -> None:
    with pytest.raises(ValueError, match="xp has no account Nobody"), Simulation([HostSpec("windows_xp", user="Nobody")]):
        pass


def test_where_low_ports_are_not_ours_clients_get_a_forwarded_one(monkeypatch: pytest.MonkeyPatch) -> None:
    real = sockets.listen

    def listen(address: str, port: int) -> socket.socket:
        if 0 < port < 1024:
            raise PermissionError(13, "low")
        return real(address, port)

    monkeypatch.setattr(sockets, "listen", listen)
    monkeypatch.setattr(station, "listen", listen)
    with Simulation([HostSpec(scenario="windows_vista", name="vista", auth="basic")]) as running:
        host = running["vista"]
        assert host.port >= 1024
        assert client(host).open_shell().startswith("uuid:")
        assert "tcp/80" in requests.get(f"{host.window_url}/sockets", timeout=10).json()["refused"]


def test_an_auditor_reads_and_may_not_invoke(simulation: Simulation) -> None:
    host = simulation["w2k"]
    account = ("auditor", host.computer.password_of("auditor") or "")
    headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
    read = requests.post(host.url, data=enumerate_request(f"{WMI}/Win32_Service"), headers=headers, auth=account, timeout=10)
    assert read.status_code == 200
    written = requests.post(host.url, data=invoke_request(SYSTEM, "Reboot"), headers=headers, auth=account, timeout=10)
    assert b'Code="5"' in written.content


def test_a_restart_by_wmi_is_answered_then_the_host_is_gone_then_back(simulation: Simulation) -> None:
    host = simulation["xp"]
    protocol = client(host)
    answer = protocol.send_message(invoke_request(SYSTEM, "Reboot").decode().partition("?>")[2])
    assert b"ReturnValue>0<" in answer
    assert eventually(lambda: _refuses(host.own_address, 5985))
    assert _refuses(host.own_address, 5000)
    assert eventually(lambda: not _refuses(host.own_address, 5985))
    assert len(requests.get(f"{host.window_url}/boots", timeout=10).json()) == 2
    shell = client(host).open_shell()
    assert shell
    asked = requests.get(f"{host.window_url}/journal", timeout=10).json()["requests"]
    (power,) = [entry for entry in asked if entry["method"] == "Reboot"]
    assert [change["subject"] for change in power["changes"]] == ["power"]


def test_a_block_rule_closes_to_others_what_the_host_has_open_and_its_end_opens_it_again() -> None:
    with Simulation([HostSpec(scenario="windows_server_2022", name="srv")]) as running:
        host = running["srv"]
        if host.own_address == "127.0.0.1":
            pytest.skip("this system has one loopback address")
        port = 49664
        assert not _refuses(host.own_address, port)
        add = ["advfirewall", "firewall", "add", "rule", 'name="RPC"', "dir=in", "action=block", "protocol=tcp", "localport=RPC"]
        assert _command(host, "netsh", add) == (b"Ok.\r\n\r\n", 0)
        assert _refuses(host.own_address, port)
        assert port in reachable(host)["tcp"]
        rows = requests.get(f"{host.window_url}/dump", timeout=10).json()["endpoints"]
        assert {row["dropped"] for row in rows if row["port"] == port} == {True}
        changed = [row["changes"] for row in requests.get(f"{host.window_url}/journal", timeout=10).json()["requests"]]
        (change,) = [change for changes in changed for change in changes]
        assert (change["subject"], change["before"]) == ("registry value", None)
        requests.post(f"{host.window_url}/boot", timeout=10).raise_for_status()
        assert _refuses(host.own_address, port)
        assert _command(host, "netsh", ["advfirewall", "firewall", "delete", "rule", 'name="RPC"'])[1] == 0
        assert not _refuses(host.own_address, port)


def test_a_fast_host_is_away_for_as_long_as_any_and_its_services_are_there_sooner() -> None:
    with Simulation([HostSpec(scenario="windows_server_2022", name="fast", boot_seconds=0.01, speed=1000.0)]) as running:
        host = running["fast"]
        assert isinstance(host.computer, SimulatedHost)
        assert host.computer.host.spec.boot_seconds == 0.5 * 1000.0  # by its own clock: half a second for others
        client(host).send_message(invoke_request(SYSTEM, "Reboot").decode().partition("?>")[2])
        assert eventually(lambda: _refuses(host.address, host.port))
        assert eventually(lambda: not _refuses(host.address, host.port))
        assert eventually(lambda: _state(host, "MapsBroker") == "running", limit=20.0)


def _command(host: Host, command: str, arguments: list[str]) -> tuple[bytes, int]:
    protocol = client(host)
    shell = protocol.open_shell()
    out, _error, code = protocol.get_command_output(shell, protocol.run_command(shell, command, arguments))
    return out, code


def _state(host: Host, service: str) -> object:
    return requests.get(f"{host.window_url}/services", timeout=10).json()[service]["state"]


def _refuses(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) != 0
