# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor writes below a key of its own: it learns how a Windows takes values, and leaves nothing whatever happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import doctor, minimize
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ConnectionLost, DidNotHold, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.own_key import KEY, look_at_own_key
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.verdict import Word
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.captured import act_captured, captured
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, Wire, booted, scenario, simulated, state

from winsim.host.model import EmptyList
from winsim.registry_value import RegistryType, RegistryValue

WRITING = tuple(assumption for assumption in KNOWLEDGE.assumptions if assumption.writes)
HOSTS = ("windows_2000", "windows_xp", "windows_server_2003", "windows_7", "windows_server_2012_r2", "windows_10", "windows_server_2022")


class Losing(Wire):
    """A way to a host on which one answer is lost, after the host has done what it was asked, or before."""

    lose = -1
    done = True
    seen = 0

    def exchange(self, envelope: bytes) -> bytes:
        """Answer one envelope, or lose it."""
        number, self.seen = self.seen, self.seen + 1
        if number == self.lose and not self.done:
            raise ConnectionLost("the connection is gone", host="host.example")
        answer = super().exchange(envelope)
        if number == self.lose:
            raise ConnectionLost("the connection is gone", host="host.example")
        return answer


def of_host(host: Simulated) -> Any:
    """Return all that a host keeps in its registry, our own keys included."""
    return host.computer.state()["registry"]


def session_on(host: Simulated, wire: Wire) -> WritableSession:
    """Open a session that may write to the doctor's key alone."""
    return WritableSession(wire, host="host.example", read_only=True, below=KEY)


@pytest.mark.parametrize("name", HOSTS)
def test_values_come_back_and_nothing_is_left(name: str) -> None:
    with booted(name) as host:
        before, registry = state(host), of_host(host)
        acted = act(doctor.ActionModule, host)
        assert acted.error is None, acted.error
        rows = {row["id"]: row for row in acted.result["assumptions"] if row["id"].startswith("own-")}
        assert {row["verdict"] for row in rows.values()} == {"confirmed"}, rows
        assert acted.result["changed"]
        assert (state(host), of_host(host)) == (before, registry)
        written = {entry.target for entry in host.computer.changes()}
        assert written
        assert all(KEY.lower() in target.lower() for target in written), written


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_at_any_step_leaves_nothing(done: bool) -> None:
    few = tuple(assumption for assumption in WRITING if assumption.id in ("own-list", "own-empty-list", "own-empty-list-by-command"))
    with booted("windows_server_2022") as host:
        registry = of_host(host)
        wire = Losing(host.service, host.account)
        with session_on(host, wire) as session:
            look_at_own_key(session, few)
        steps = wire.seen
        assert steps > 15
        for lose in range(steps):
            wire = Losing(host.service, host.account)
            wire.lose, wire.done = lose, done
            with session_on(host, wire) as session:
                found = look_at_own_key(session, few)
            assert of_host(host) == registry, lose
            # A lost read is asked once more; what was lost of a write is not known.
            assert all(finding.verdict.word in (Word.CONFIRMED, Word.NOT_SEEN) for finding in found), lose


def test_a_host_that_is_lost_for_good_is_told_with_the_key_that_may_be_there() -> None:
    class Gone(Losing):
        def exchange(self, envelope: bytes) -> bytes:
            if self.seen > 10:
                raise ConnectionLost("the connection is gone", host="host.example")
            return super().exchange(envelope)

    with booted("windows_server_2022") as host, session_on(host, Gone(host.service, host.account)) as session:
        with pytest.raises(DidNotHold, match=r"HKLM\\SOFTWARE\\netmin\.windows\.doctor may still be there .*reg delete"):
            look_at_own_key(session, WRITING)
        # The next doctor takes it away.
        with session_on(host, Wire(host.service, host.account)) as again:
            look_at_own_key(again, WRITING)
        assert not [key for key in of_host(host) if KEY.lower() in key.lower()]


@pytest.mark.parametrize(("how", "seen"), [(EmptyList.REFUSES, "refuses it"), (EmptyList.IGNORES, "no value")])
def test_a_windows_that_takes_no_empty_list_is_told(how: EmptyList, seen: str) -> None:
    spec = replace(scenario("windows_server_2022").host, empty_list=how)
    with simulated("windows_server_2022", host=spec) as host:
        host.boot()
        result = act(doctor.ActionModule, host).result
    rows = {row["id"]: row for row in result["assumptions"]}
    assert [name for name, row in rows.items() if row["verdict"] == "contradicted"] == ["own-empty-list"]
    assert seen in rows["own-empty-list"]["seen"]
    assert rows["own-empty-list"]["expected"].startswith("an empty list")


def test_somebody_elses_values_are_left_alone() -> None:
    with booted("windows_server_2022") as host:
        host.computer.host.registry.create(rf"HKLM\{KEY}")
        host.computer.host.registry.write(rf"HKLM\{KEY}", "of somebody", RegistryValue(RegistryType.SZ, "x"))
        before = of_host(host)
        error = act(doctor.ActionModule, host).error
        assert isinstance(error, Refused)
        assert "of somebody" in str(error)
        assert of_host(host) == before


def test_check_mode_a_closed_window_a_timer_and_a_capture_are_refused() -> None:
    with booted("windows_server_2022") as host:
        registry = of_host(host)
        in_check = act(doctor.ActionModule, host, check=True)
        assert isinstance(in_check.error, Refused)
        assert "doctor_info" in str(in_check.error)
        assert in_check.traffic.requests == []
        window = {"from": "22:00", "until": "23:00", "now": "2026-01-01T12:00:00+00:00"}
        closed = act(doctor.ActionModule, host, window=window)
        assert isinstance(closed.error, Refused)
        assert "maintenance window" in str(closed.error)
        assert closed.traffic.requests == []
        assert of_host(host) == registry
        capture = captured(host).capture
        act(minimize.ActionModule, host, confirm={"within": 600, "hold": True})
        waiting = act(doctor.ActionModule, host)
        assert isinstance(waiting.error, Refused)
        assert "waits on this host for its confirmation" in str(waiting.error)
    assert "cannot be changed" in str(act_captured(doctor.ActionModule, capture).error)
