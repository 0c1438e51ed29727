# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Damaged records of ours: they are named, with what to do, and never block what does not need them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import Confirmation
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run, result_of
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot, timer
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, OURS, Simulated, simulated

from winsim.registry_value import RegistryValue as SimulatedValue

RUN = "20260201T000000Z-000001"
HUGE = SimulatedValue.texts(("x" * 1000,) * 1000)


def many(host: Simulated, key: str) -> None:
    host.session.create_key(key.removeprefix("HKLM\\"))
    for number in range(20_000):
        host.computer.host.registry.write(key, f"{number:05} of somebody else", SimulatedValue.text("a"))


DAMAGED: dict[str, Callable[[Simulated], object]] = {
    "the timer's run is a number": lambda host: host.session.set_value(timer.KEY, timer.RUN, RegistryValue.dword(1)),
    "the timer's key is full": lambda host: many(host, rf"{OURS}\Confirm"),
    "the history is huge": lambda host: host.computer.host.registry.write(OURS, "Changes", HUGE),
    "the history is a number": lambda host: host.session.set_value(OUR_KEY, "Changes", RegistryValue.dword(1)),
    "the forecast is huge": lambda host: host.computer.host.registry.write(OURS, "Forecast", HUGE),
    "the first forecast is huge": lambda host: host.computer.host.registry.write(OURS, "FirstForecast", HUGE),
    "a snapshot is huge": lambda host: host.computer.host.registry.write(OURS, "Snapshot 20260101T000000Z-000001", HUGE),
    "the rules are a number": lambda host: host.session.set_value(OUR_KEY, "FilterRules", RegistryValue.dword(1)),
}


def minimized(host: Simulated, *, change: bool = True) -> tuple[Run, Prepared, dict[str, Any]]:
    run = Run(KNOWLEDGE, FakeClock(), RUN)
    prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(DEFAULTS, survey, KNOWLEDGE, blocks))
    confirmation = Confirmation(None, run, FakeClock())
    confirmation.look(host.session, prepared, KNOWLEDGE)
    after = None
    if change:
        confirmation.clean(host.session)
        after = run.carry_out(prepared, host.session, stop_limit=60)
    return run, prepared, result_of(run, prepared, after)


@pytest.mark.parametrize("name", ["windows_xp", "windows_server_2022"])
@pytest.mark.parametrize("kind", sorted(DAMAGED))
def test_a_damaged_record_blocks_no_run_and_no_restore_of_it(name: str, kind: str) -> None:
    with simulated(name) as host:
        host.session.create_key(OUR_KEY)
        DAMAGED[kind](host)
        host.session.forget()
        _run, _prepared, result = minimized(host)
        assert not result.get("failed"), result["msg"]
        assert {change["status"] for change in result["changes"]} == {"done"}
        assert any("Changes" in text for text in result["warnings"]) == ("history" in kind)
        back = Run(KNOWLEDGE, FakeClock(), "20260301T000000Z-000001").prepare_restore(host.session, RestoreScope())
        assert back.plan.changes
        assert (back.damaged != ()) == ("snapshot" in kind)


def test_a_key_that_cannot_be_listed_is_named_with_what_to_do() -> None:
    with simulated("windows_server_2022") as host:
        host.session.create_key(OUR_KEY)
        many(host, OURS)
        host.session.forget()
        # To plan needs nothing of it.
        _run, prepared, result = minimized(host, change=False)
        advice = rf"the values in HKLM\{OUR_KEY} on windows_server_2022 cannot be listed"
        assert prepared.plan.changes
        assert any(advice in text and "delete what is not of this collection" in text for text in result["warnings"])
        # A change does: its snapshot would not be found.
        before = len(host.computer.changes())
        run, _prepared, result = minimized(host)
        assert len(host.computer.changes()) == before
        assert isinstance(run.application and run.application.error, Refused)
        assert "nothing was changed, because a restore would not find its snapshot" in result["msg"]
        with pytest.raises(NetminError, match="cannot be listed"):
            snapshot.read_snapshots(host.session)
