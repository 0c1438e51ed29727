# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The interface restriction of Windows 2000, there and back; partial plans; what opens; sockets too many."""

from __future__ import annotations

from typing import Any

import pytest

from winsim.server import HostSpec, Simulation

from .harness import listeners, on, play, window

pytestmark = pytest.mark.slow

QUICK = {"interval": 1}
LOOPBACK = {"interfaces": ["loopback"], "listen_on_internet": False}


def boot_and_prove(number: int) -> list[dict[str, Any]]:
    """Return the tasks of a restart and the proof after it."""
    return [
        {"name": f"boot {number}", "netmin.windows.reboot": QUICK},
        {"name": f"prove {number}", "netmin.windows.proof_info": QUICK},
    ]


def test_rpc_goes_to_the_loopback_and_back() -> None:
    with Simulation([HostSpec(scenario="windows_2000", name="host", boot_seconds=1)]) as simulation:
        tasks = [
            {"name": "restrict", "netmin.windows.rpc_restriction": LOOPBACK},
            *boot_and_prove(1),
            {"name": "again", "netmin.windows.rpc_restriction": LOOPBACK},
            {"name": "other", "netmin.windows.netbt": {"netbios": "disabled"}},
            *boot_and_prove(2),
        ]
        played = play(on(simulation), tasks)
        assert played.returncode == 0, played.output
        first = {(row["protocol"], row["port"]): row for row in played.of("host", "prove 1").result["proof"]["endpoints"]}
        mapper = first["tcp", 135]
        assert (mapper["outcome"], mapper["holds"], mapper["address"]) == ("loopback_only", True, "127.0.0.1")
        assert not played.of("host", "again").result["changed"]
        assert not played.of("host", "again").result["reboot_required"]
        for number in (1, 2):
            # The web server's own port cannot be told from RPC ports here, and does not obey.
            proof = played.of("host", f"prove {number}").result["proof"]
            assert proof["verdict"] == "not_proven"
            assert [reason.partition(" has a socket")[0] for reason in proof["reasons"]] == ["tcp/4983 on 0.0.0.0"]
            assert {row["port"] for row in proof["endpoints"] if row["holds"] is False} == set()
        open_to_all = {port for protocol, address, port in listeners(simulation["host"]) if protocol == "tcp" and address == "0.0.0.0"}
        assert 135 not in open_to_all
        tasks = [
            {"name": "undo", "netmin.windows.rpc_restriction": {"interfaces": ["all"], "listen_on_internet": True}},
            {"name": "open", "netmin.windows.netbt": {"netbios": "enabled"}},
            *boot_and_prove(3),
        ]
        played = play(on(simulation), tasks)
        proof = played.of("host", "prove 3").result["proof"]
        assert (proof["verdict"], proof["reasons"]) == ("proven", []), played.output
        assert ("tcp", "0.0.0.0", 135) in listeners(simulation["host"])


def test_a_value_that_waits_for_a_boot_is_remembered_until_it_comes() -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="host", boot_seconds=1)]) as simulation:
        ports = {"netmin.windows.rpc_restriction": {"intranet_ports": ["4000-4100"]}}
        tasks = [
            {"name": "ports", **ports},
            {"name": "ports again", **ports},
            *boot_and_prove(1),
            {"name": "ports at last", **ports},
            {"name": "service", "netmin.windows.services": {"services": [{"name": "PolicyAgent"}]}},
        ]
        played = play(on(simulation), tasks)
        assert played.returncode == 0, played.output
        awaited = {name: played.of("host", name).result["reboot_required"] for name in ("ports", "ports again", "ports at last", "service")}
        assert awaited == {"ports": True, "ports again": True, "ports at last": False, "service": False}
        assert played.of("host", "prove 1").result["proof"]["verdict"] == "proven", played.output


def test_sockets_that_no_forecast_is_sure_of_leave_a_host_unproven() -> None:
    with Simulation([HostSpec(scenario="windows_2000", name="host", boot_seconds=1)]) as simulation:
        host = simulation["host"]
        # Nothing on Windows 2000 tells these from the ports of services that stay.
        window(host, "faults", [{"kind": "socket_stays", "protocol": "tcp", "port": port} for port in (1027, 4983)])
        names = ("IISADMIN", "W3SVC", "SMTPSVC")
        tasks = [{"name": "close", "netmin.windows.services": {"services": [{"name": name} for name in names]}}, *boot_and_prove(1)]
        proof = play(on(simulation), tasks).of("host", "prove 1").result["proof"]
        assert proof["verdict"] == "not_proven"
        # Of what stays for good the three RPC ports of services that go on cannot be told apart either.
        named = [reason.partition(" on 0.0.0.0 has a socket, ")[0] for reason in proof["reasons"]]
        assert named == ["tcp/1025", "tcp/1026", "tcp/1027", "tcp/4983", "udp/1027"]
        assert {row["port"] for row in proof["endpoints"] if row["holds"] is False} == set()
