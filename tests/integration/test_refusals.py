# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bad input and hosts that cannot be reached: one clear sentence, no traceback, nothing written."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from winsim.server import Host, HostSpec, Simulation

from .harness import Played, changes, on, play, variables

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    specs = [HostSpec(scenario=name, name=name) for name in ("windows_xp", "windows_2000", "windows_xp_dhcp", "windows_xp_domain_member")]
    with Simulation(specs) as running:
        yield running


def sentence(played: Played, host: str, task: str | None = None, *, status: str = "failed") -> str:
    """Return the one message of a task that went wrong, after what holds for all of them."""
    outcome = played.of(host, task)
    assert outcome.status == status, played.output
    assert "Traceback" not in played.output
    assert not outcome.result.get("changed")
    message = outcome.message
    assert message
    assert "\n" not in message
    return message


@pytest.fixture(scope="module")
def web_server() -> Iterator[int]:
    """Give the port of a web server that knows no WS-Management."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b"<html>not here</html>"
            self.send_response(404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unreachable_ways(host: Host, web_port: int) -> dict[str, tuple[dict[str, Any], tuple[str, ...]]]:
    """Return inventory variables that cannot work, and words that the sentence must have."""
    return {
        "credentials": (variables(host, ansible_password="wrong"), (host.address, "Administrator", "ansible_password")),
        "closed": (variables(host, ansible_host="127.0.0.1", ansible_port=closed_port()), ("127.0.0.1", "WinRM")),
        "web": (variables(host, ansible_host="127.0.0.1", ansible_port=web_port), ("WinRM", str(web_port))),
        "tls": (variables(host, ansible_winrm_scheme="https"), ("TLS", "5985")),
    }


@pytest.mark.parametrize("module", ["listeners_info", "minimize"])
def test_a_host_that_cannot_be_reached_is_unreachable(simulation: Simulation, web_server: int, module: str) -> None:
    ways = unreachable_ways(simulation["windows_xp"], web_server)
    played = play({name: values for name, (values, _words) in ways.items()}, [{f"netmin.windows.{module}": {}}])
    for name, (_values, words) in ways.items():
        message = sentence(played, name, status="unreachable")
        for word in words:
            assert word.lower() in message.lower(), (name, word, message)


def test_other_connections_are_refused_by_naming_the_two_that_work(simulation: Simulation) -> None:
    host = simulation["windows_xp"]
    ways = {kind: variables(host, ansible_connection=kind) for kind in ("ssh", "local")}
    played = play(ways, [{"netmin.windows.minimize": {}}])
    for kind in ways:
        message = sentence(played, kind)
        assert kind in message
        assert "winrm" in message
        assert "psrp" in message


def test_become_is_refused_in_one_sentence(simulation: Simulation) -> None:
    keywords = {"become": True, "become_method": "runas"}
    played = play(on(simulation), [{"netmin.windows.minimize": {}}], keywords=keywords, arguments=("--limit", "windows_xp"))
    assert "become" in sentence(played, "windows_xp")


def test_an_account_that_may_only_read_is_told_what_it_lacks(simulation: Simulation) -> None:
    host = simulation["windows_xp"]
    auditor = variables(host, ansible_user="auditor", ansible_password=simulation.run(lambda: host.computer.password_of("auditor")))
    played = play({"windows_xp": auditor}, [{"netmin.windows.listeners_info": {}}])
    message = sentence(played, "windows_xp")
    assert "denied" in message
    assert "administrator" in message


DRIVER = {"smb_over_tcp": "disabled", "method": "netbt_driver"}
# Each: scenario, module, options, words of the sentence.
WRONG: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = {
    "unknown service": ("windows_xp", "services", {"services": [{"name": "Mesenger"}]}, ("Mesenger", "did you mean Messenger")),
    "display name": ("windows_xp", "services", {"services": [{"name": "Windows Time"}]}, ("display name", "W32Time")),
    "running dependents": ("windows_2000", "services", {"services": [{"name": "IISADMIN"}]}, ("W3SVC", "SMTPSVC", "dependents: stop")),
    "never": ("windows_xp", "services", {"services": [{"name": "RpcSs"}], "dependents": "stop"}, ("RpcSs", "never")),
    "session": ("windows_xp", "services", {"services": [{"name": "WinRM"}]}, ("WinRM", "never")),
    "unknown adapter": ("windows_xp", "netbt", {"netbios": "disabled", "adapters": ["Local Area Connection 9"]}, ("Connection 9", "3Com")),
    "interfaces on XP": ("windows_xp", "rpc_restriction", {"interfaces": ["loopback"]}, ("Windows XP", "Windows 2000 only")),
    "empty interfaces": ("windows_2000", "rpc_restriction", {"interfaces": []}, ("empty", "loopback")),
    "range out of order": ("windows_2000", "rpc_restriction", {"intranet_ports": ["4100-4000"]}, ("4100-4000", "out of order")),
    "range too small": ("windows_2000", "rpc_restriction", {"intranet_ports": ["4000-4050"]}, ("51", "100")),
    "ranges overlap": ("windows_2000", "rpc_restriction", {"internet_ports": ["4000-4200", "4100-4300"]}, ("4000-4200", "overlap")),
    "range below 1025": ("windows_2000", "rpc_restriction", {"intranet_ports": ["1000-1200"]}, ("1000-1200", "1025")),
    "driver and DHCP": ("windows_xp_dhcp", "smb_device", {**DRIVER, "accept": ["outgoing-smb"]}, ("DHCP", "NetBT")),
    "driver not accepted": ("windows_xp", "smb_device", {**DRIVER, "dependents": "stop"}, ("outgoing-smb", "accept")),
    "driver in a domain": ("windows_xp_domain_member", "smb_device", {**DRIVER, "dependents": "stop"}, ("never",)),
    "2000 and sockets": ("windows_2000", "name_resolution", {"max_cached_sockets": 0}, ("MaxCachedSockets", "Windows 2000")),
    "unknown recipe": ("windows_xp", "minimize", {"keep": [{"recipe": "smb-446", "reason": "files"}]}, ("smb-446", "smb-445")),
    "unknown port": ("windows_xp", "minimize", {"keep": [{"port": "445", "reason": "files"}]}, ("tcp/445",)),
    "left-out stage": ("windows_xp", "minimize", {"stages": ["netbt"], "smb_device": DRIVER}, ("smb_device", "stages")),
    "against keep": (
        "windows_xp",
        "minimize",
        {"keep": [{"service": "Messenger", "reason": "net send"}], "services": [{"name": "messenger"}]},
        ("services: messenger", "keep", "net send"),
    ),
    "unknown option": ("windows_xp", "netbt", {"netbois": "disabled"}, ("netbois",)),
}


def test_all_refusals_come_at_once_and_options_are_judged_before_the_host_is_asked(simulation: Simulation) -> None:
    many = [{"name": "Mesenger"}, {"name": "RpcSs"}, {"name": "IISADMIN"}]
    both = {"keep": [{"port": "445", "reason": "files"}], "stages": ["netbt"], "services": many}
    tasks = [
        {"name": "host", "netmin.windows.services": {"services": many}, "ignore_errors": True},
        {"name": "options", "netmin.windows.minimize": both, "ignore_errors": True},
    ]
    played = play(on(simulation), tasks, arguments=("--limit", "windows_2000"))
    host, options = (played.of("windows_2000", task).result for task in ("host", "options"))
    assert (host["refused"], host["hazard"]) == (True, ["dependents"])
    lines = host["msg"].splitlines()
    assert lines[0] == "windows_2000: 3 refusals; nothing was changed:"
    assert ["Mesenger" in lines[1], "RpcSs is never" in lines[2], "dependents: stop" in lines[3]] == [True] * 3
    assert options["refused"]
    assert "stats" not in options
    assert "2 refusals" in options["msg"]


def test_wrong_options_give_one_sentence_and_write_nothing(simulation: Simulation) -> None:
    tasks = [
        {"name": name, f"netmin.windows.{module}": options, "ignore_errors": True, "when": f"inventory_hostname == '{scenario}'"}
        for name, (scenario, module, options, _words) in WRONG.items()
    ]
    played = play(on(simulation), tasks)
    for name, (scenario, _module, _options, words) in WRONG.items():
        message = sentence(played, scenario, name)
        for word in words:
            assert word.lower() in message.lower(), (name, word, message)
    assert {host.name: changes(host) for host in simulation.hosts} == {host.name: 0 for host in simulation.hosts}
