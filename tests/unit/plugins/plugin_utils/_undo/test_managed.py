# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A planted record: a restore touches what this collection manages, and names the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import place_of
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import dcom_protocols, name_resolution, rpc_restriction, smb_device
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import managed
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, simulated

RUN = "20260101T000000Z-000001"


def planted(host: Simulated, *objects: dict[str, Any]) -> Prepared:
    """Put a snapshot on a host, and return what a restore would do."""
    head = {"schema_version": 1, "run": RUN, "objects": len(objects)}
    lines = tuple(json.dumps(line) for line in (head, *({"stage": "services", "after": None, **one} for one in objects)))
    host.session.set_value(OUR_KEY, f"Snapshot {RUN}", RegistryValue.texts(lines))
    host.session.forget()
    return Run(KNOWLEDGE, FakeClock(), "20260201T000000Z-000001").prepare_restore(host.session, RestoreScope(force=True))


SAM = r"SYSTEM\CurrentControlSet\Control\Lsa"


def value(key: str, name: str, text: str = "C:\\evil.exe", **more: Any) -> dict[str, Any]:
    return {"object": "registry", "name": [key, name], "before": {"type": "SZ", "data": text}, **more}


PLANTED = {
    "a shell": value(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon", "Shell"),
    "a service's library": value(r"SYSTEM\CurrentControlSet\Services\Schedule\Parameters", "ServiceDll"),
    "a service's program": value(r"SYSTEM\CurrentControlSet\Services\Spooler", "ImagePath"),
    "what starts a debugger": value(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Image File Execution Options\sethc.exe", "Debugger"),
    "deeper": value(r"SYSTEM\CurrentControlSet\Services\Spooler\x", "Start"),
    "our own record": value(OUR_KEY, "RestoredByHost"),
    "all RPC": {
        "object": "inbound rule",
        "stage": "ip_filter",
        "name": ["netmin.windows tcp/135"],
        "before": "v2.0|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=RPC|Name=netmin.windows tcp/135|",
        "after": "",
    },
}


@pytest.mark.parametrize("name", ["windows_server_2022", "windows_xp"])
@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_a_planted_record_makes_a_restore_touch_nothing_that_is_not_managed(name: str, kind: str) -> None:
    if kind == "all RPC" and name == "windows_xp":
        pytest.skip("no rules before Windows Vista")
    with simulated(name) as host:
        prepared = planted(host, PLANTED[kind], {"object": "start mode", "name": ["Themes"], "before": "manual", "after": "disabled"})
    assert not [change for change in prepared.plan.changes if "Themes" not in change.target], prepared.plan.changes
    left = [item for item in prepared.plan.unchanged if "Themes" not in item.target]
    assert len(left) == 1, left
    assert any(left[0].target in text for text in prepared.plan.warnings) or "never" in str(left[0].reason)


def test_a_key_that_was_not_made_for_a_value_is_not_deleted() -> None:
    with simulated("windows_server_2022") as host:
        host.session.create_key(r"SOFTWARE\Vendor\Empty")
        key = r"SOFTWARE\Microsoft\Rpc"
        prepared = planted(host, value(key, "EpMapDisallowedProtocols", absent=[r"SOFTWARE\Vendor\Empty"]))
    assert prepared.damaged == (RUN,)
    assert prepared.plan.changes == ()


@pytest.mark.parametrize(("key", "name"), [(r"SOFTWARE\Microsoft\Rpc", "EpMapDisallowedProtocols"), (SAM, "SamDisableListenOnTCP")])
def test_what_was_written_is_put_back_where_its_recipe_is_gone(key: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one is not verified any more, and no default plan writes it."""
    recipes = {
        known: recipe
        for known, recipe in KNOWLEDGE.recipes.items()
        if not any(value.name == name for method in recipe.methods for value in method.values)
    }
    assert len(recipes) < len(KNOWLEDGE.recipes)
    with simulated("windows_server_2022") as host:
        host.session.set_value(key, name, RegistryValue.dword(1))
        saved = {"object": "registry", "name": [key, name], "before": None, "after": {"type": "DWORD", "data": 1}}
        monkeypatch.setattr(f"{__name__}.KNOWLEDGE", replace(KNOWLEDGE, recipes=recipes))
        prepared = planted(host, saved)
    assert [change.target for change in prepared.plan.changes] == [rf"HKLM\{key}\{name}"]


def test_the_table_holds_whatever_a_stage_or_a_recipe_writes() -> None:
    written = {(value.key, value.name) for recipe in KNOWLEDGE.recipes.values() for method in recipe.methods for value in method.values}
    settings = [
        *(rpc_restriction.BIND, rpc_restriction.LISTEN_ON_INTERNET, rpc_restriction.PORTS),
        *(rpc_restriction.PORTS_INTERNET_AVAILABLE, rpc_restriction.USE_INTERNET_PORTS, smb_device.SMB_DEVICE_ENABLED),
        *(name_resolution.MAX_CACHED_SOCKETS, dcom_protocols.ENABLE_DCOM, dcom_protocols.DCOM_PROTOCOLS),
    ]
    written |= {(setting.key, setting.name) for setting in settings}
    assert {place_of(*place) for place in written} - managed.PLACES == set()
