# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A long session is as good as a short one: no number of commands, polls and enumerations meets a quota of a Windows as it ships.

Each Windows is tried with every WinRM that it can have, and nothing of a session is left open when it ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import minimize as minimize_plugin
from ansible_collections.netmin.windows.plugins.action import proof_info
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.examples import examples
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, Wire, scenario, simulated
from hypothesis import given
from hypothesis import strategies as st

from winsim.host.model import WinRM
from winsim.scenarios import names
from winsim.wire import faults

PLAIN = sorted(name for name in names() if not scenario(name).host.faults)
KINDS = (faults.OPERATIONS_PER_USER, faults.SHELLS_PER_USER, faults.SHELL_USERS, faults.TOO_MANY_PROCESSES)
QUOTA = re.compile(rb'(?:Code="|>)(' + b"|".join(str(kind.code).encode() for kind in KINDS) + rb')["<]')
SERVICE = r"SYSTEM\CurrentControlSet\Services\RpcSs"
OLD, LATER = (WinRM.ONE, WinRM.TWO), (WinRM.TWO, WinRM.THREE)
# Microsoft, "Windows Management Framework": Vista and Server 2008 come with 1.1, and take 2.0; 7 and 2008 R2 come with 2.0, and take 3.0.
VERSIONS = {(5, 1): OLD, (5, 2): OLD, (6, 0): OLD, (6, 1): LATER}


class CountingWire(Wire):
    """A way to a host on which quota faults are counted."""

    def __init__(self, host: Simulated, met: list[bytes]) -> None:
        super().__init__(host.service, host.account)
        self._met = met

    def exchange(self, envelope: bytes) -> bytes:
        """Answer one envelope."""
        answer = super().exchange(envelope)
        self._met += QUOTA.findall(answer)
        return answer


@contextmanager
def living(name: str, version: WinRM | None) -> Iterator[Simulated]:
    """Start a host with one of the WinRMs that its Windows can have."""
    with simulated(name, windows={"winrm": version} if version is not None else None) as host:
        host.boot()
        yield host


@st.composite
def sessions(draw: st.DrawFn) -> tuple[str, WinRM | None, list[tuple[str, float]]]:
    """Draw a Windows, a WinRM, and what is asked in one session, with the pauses between."""
    name = draw(st.sampled_from(PLAIN))
    version = draw(st.sampled_from((None, *VERSIONS.get(scenario(name).host.windows.kernel, ()))))
    others = ("services", "dependencies", "value", "types", "subkeys", "listeners", "process")
    kinds = st.sampled_from(("command", "command", "command", *others))
    pauses = st.sampled_from((0.0, 0.0, 0.0, 5.0, 61.0, 200.0, 1000.0))
    return name, version, draw(st.lists(st.tuples(kinds, pauses), min_size=30, max_size=80))


def ask(session: WritableSession, kind: str, number: int) -> None:
    """Ask one thing."""
    if kind == "command":
        session.command("netstat", "-an")
    elif kind == "services":
        session.query("Win32_Service", ("Name", "State"))
    elif kind == "dependencies":
        session.query("Win32_DependentService", where=None)
    elif kind == "value":
        session.value(SERVICE, "Start", RegistryType.DWORD)
    elif kind == "types":
        session.value_types(SERVICE)
    elif kind == "subkeys":
        session.subkeys(SERVICE)
    elif kind == "listeners":
        session.winrm_listeners()
    else:
        session.query("Win32_Process", ("Name",), where=Where("ProcessId", (number,)))


@examples(8, 150)
@given(drawn=sessions())
def test_whatever_is_asked_in_one_session_meets_no_quota(drawn: tuple[str, WinRM | None, list[tuple[str, float]]]) -> None:
    name, version, asked = drawn
    met: list[bytes] = []
    with living(name, version) as host:
        with WritableSession(CountingWire(host, met), host=name, read_only=False) as session:
            for number, (kind, pause) in enumerate(asked):
                host.clock.advance(pause)
                session.forget()
                ask(session, kind, number)
        assert met == []
        assert not any(dict(host.service.open_operations).values())


# One for each kind of listing and of firewall rules.
LONG: tuple[tuple[str, WinRM | None], ...] = (
    ("windows_xp", WinRM.ONE),
    ("windows_vista", WinRM.ONE),
    ("windows_server_2008_r2", None),
    ("windows_server_2012", None),
    ("windows_server_2022", None),
)


@pytest.mark.parametrize(("name", "version"), LONG, ids=[name for name, _version in LONG])
def test_a_run_with_many_rules_and_a_proof_with_many_polls(name: str, version: WinRM | None) -> None:
    options: dict[str, Any] = {"ip_filter": {"residue": "drop", "unknown": True}} if scenario(name).host.windows.kernel >= (6, 0) else {}
    with living(name, version) as host:
        done = act(minimize_plugin.ActionModule, host, **options)
        assert done.error is None, done.error
        assert not done.result.get("failed"), done.result.get("msg")
        host.computer.boot()
        host.service.forget()
        # Each listing differs from the one before, so that the host never settles.
        for number in range(1, 60):
            one_more = {"kind": "endpoint_added", "protocol": "udp", "port": 30000 + number, "address": "0.0.0.0", "owner": "x"}
            host.computer.inject({**one_more, "back": 10.0 * number})
        proof = act(proof_info.ActionModule, host, limit=900, interval=10)
        assert proof.error is None, proof.error
        assert len(proof.traffic.requests) > 100
        assert not any(dict(host.service.open_operations).values())
