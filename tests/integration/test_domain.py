# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A member of a domain keeps what the domain needs, and says why; the operator keeps what he names."""

from __future__ import annotations

import pytest

from winsim.server import HostSpec, Simulation

from .harness import listeners, on, play

pytestmark = pytest.mark.slow

QUICK = {"interval": 1}


def test_a_domain_member_keeps_its_clock_and_closes_the_rest() -> None:
    with Simulation([HostSpec(scenario="windows_xp_domain_member", name="member", boot_seconds=1)]) as simulation:
        tasks = [
            {"name": "close", "netmin.windows.minimize": {"accept": ["domain-member", "time"]}},
            {"name": "boot", "netmin.windows.reboot": QUICK},
            {"name": "prove", "netmin.windows.proof_info": QUICK},
        ]
        played = play(on(simulation), tasks)
        assert played.returncode == 0, played.output
        left = {row["target"]: row for row in played.of("member", "close").result["unchanged"]}
        assert left["service W32Time"]["reason"] == "never stopped on this host"
        assert "Kerberos" in left["service W32Time"]["detail"]
        assert {(protocol, port) for protocol, _address, port in listeners(simulation["member"])} == {("tcp", 5985), ("udp", 123)}


def test_what_is_kept_is_open_after_apply_and_boot_and_the_rest_is_closed() -> None:
    with Simulation([HostSpec(scenario="windows_2000", name="web", boot_seconds=1)]) as simulation:
        keep = [{"port": "tcp/80", "reason": "the intranet"}]
        tasks = [
            {"name": "close", "netmin.windows.minimize": {"keep": keep}},
            {"name": "boot", "netmin.windows.reboot": QUICK},
            {"name": "prove", "netmin.windows.proof_info": QUICK},
            {"name": "again", "netmin.windows.minimize": {"keep": keep}},
        ]
        played = play(on(simulation), tasks)
        assert played.returncode == 0, played.output
        assert not played.of("web", "again").result["changed"]
        open_ports = {(protocol, port) for protocol, _address, port in listeners(simulation["web"])}
        assert ("tcp", 80) in open_ports
        closed = {("tcp", 25), ("tcp", 139), ("tcp", 445), ("tcp", 3372), ("udp", 137), ("udp", 138), ("udp", 445), ("udp", 500)}
        assert not open_ports & closed
