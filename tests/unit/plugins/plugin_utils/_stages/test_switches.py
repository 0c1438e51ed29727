# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registry values that keep a listener from being opened: data that does the same is left alone, and forecast as what is written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect, Written
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Blocks
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted, minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import switches
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, simulated

PEERS = r"SOFTWARE\Policies\Microsoft\Windows\DeliveryOptimization"
PRINTERS = r"SOFTWARE\Policies\Microsoft\Windows NT\Printers"


def prepared(host: Simulated, **given: Any) -> Prepared:
    def choose(survey: Survey, blocks: Blocks) -> Wanted:
        return minimize_wanted({**DEFAULTS, "unverified": "apply", **given}, survey, KNOWLEDGE, blocks)

    return Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001").prepare(host.session, choose)


def values(found: Prepared, below: str) -> set[tuple[str, RegistryValue | None]]:
    """Return what is planned for the values below a key."""
    written = [change for change in found.plan.changes if isinstance(change, SetRegistryValue)]
    return {(change.name, change.after) for change in written if change.key.startswith(below)}


@pytest.mark.parametrize(
    ("there", "written"),
    [
        (None, RegistryValue.dword(0)),
        (RegistryValue.dword(0), None),
        (RegistryValue.dword(99), None),
        (RegistryValue.dword(100), RegistryValue.dword(0)),
        (RegistryValue(RegistryType.SZ, "99"), RegistryValue.dword(0)),
    ],
    ids=["absent", "as wanted", "does the same", "another", "another type"],
)
def test_a_mode_without_peers_is_as_good_as_the_other(there: RegistryValue | None, written: RegistryValue | None) -> None:
    with simulated("windows_10") as host:
        if there is not None:
            host.session.set_value(PEERS, "DODownloadMode", there)
        found = prepared(host)
    assert values(found, PEERS) == ({("DODownloadMode", written)} if written is not None else set())
    (why,) = {entry.why for entry in found.forecast if entry.recipe == "delivery-optimization-7680"}
    assert why.startswith(f"DODownloadMode is {99 if there == RegistryValue.dword(99) else 0}: ")


def test_the_spooler_can_be_told_to_take_named_pipes_alone_and_back() -> None:
    with simulated("windows_11") as host:
        found = prepared(host, recipes=["rpc-scm"], rpc_restriction={"spooler": "no_tcp"})
        assert values(found, PRINTERS) == {("RpcProtocols", RegistryValue.dword(3))}
        host.session.set_value(rf"{PRINTERS}\RPC", "RpcProtocols", RegistryValue.dword(3))
        host.session.set_value(PRINTERS, "RegisterSpoolerRemoteRpcEndPoint", RegistryValue.dword(2))
        found = prepared(host, recipes=["rpc-scm"], rpc_restriction={"spooler": "default"})
        assert values(found, PRINTERS) == {("RpcProtocols", None), ("RegisterSpoolerRemoteRpcEndPoint", None)}


def test_a_value_that_closes_as_well_opens_nothing() -> None:
    def opened(after: RegistryValue | None) -> tuple[str, ...]:
        return switches.opens(Effect(written=Written(PEERS, "DODownloadMode", after)), KNOWLEDGE)

    assert opened(RegistryValue.dword(99)) == opened(RegistryValue.dword(0)) == ()
    assert opened(RegistryValue.dword(1)) == opened(None) == ("delivery-optimization-7680",)
