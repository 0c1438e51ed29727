# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of the article and its tables, read for tests: as tasks of our modules, and to compare with what a host shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NUMBERS = {"win2000": "windows_2000", "winxp": "windows_xp"}
# RPC servers and the DNS client take their numbers anew at each boot: these rows of the tables are theirs, by owner.
DYNAMIC = ("rpc over", "client socket", "picked at install")
# What the documents call services, as the SCM does.
OWNERS = {"inetinfo": "iisadmin", "iis": "w3svc"}
DRIVER = {"smb_over_tcp": "disabled", "method": "netbt_driver", "accept": ["outgoing-smb"], "dependents": "stop"}


def modules_of(action: Mapping[str, Any] | None, method: str) -> list[dict[str, Any]]:
    """Translate a step of the article into tasks; nothing for the default install."""
    if action is None:
        return []
    kind = action["kind"]
    if kind in ("stop_service", "disable_service"):
        names = action.get("services_stopped", []) + action.get("services_disabled", []) + action.get("dependents_stopped_with_it", [])
        return [{"netmin.windows.services": {"services": [{"name": name} for name in names]}}]
    if kind == "netbios_off_per_adapter":
        return [{"netmin.windows.netbt": {"netbios": "disabled", "lmhosts": "disabled"}}]
    if kind == "cifs_445":
        return [{"netmin.windows.smb_device": DRIVER if method == "driver" else {"smb_over_tcp": "disabled"}}]
    if kind == "registry" and action["name"] == "EnableDCOM":
        return [{"netmin.windows.dcom_protocols": {"enable_dcom": action["data"] == "Y"}}]
    if kind == "registry_multi_sz_remove":
        return [{"netmin.windows.dcom_protocols": {"remove": action["remove"]}}]
    if kind == "one_of":
        stop, value = action["choices"]
        if method == "driver":
            return modules_of(stop, method)
        return [{"netmin.windows.name_resolution": {"max_cached_sockets": value["data"]}}]
    raise LookupError(kind)


def boots(step: Mapping[str, Any], method: str) -> bool:
    """Tell whether a step needs a boot, as the article says or implies."""
    if step["action"] and step["action"]["kind"] == "cifs_445":
        return method == "value"
    if step["action"] and step["action"]["kind"] == "one_of":
        return method == "value"
    return step.get("reboot") is True or str(step.get("reboot")).startswith("implied")


def owner_of(row: Mapping[str, Any], attribution: list[dict[str, Any]]) -> str | None:
    """Return the service that owns a dynamic row of the article's tables, or None for a row with a fixed port."""
    for entry in attribution:
        if (entry["proto"], entry["port"]) == (row["proto"], row["port"]) and any(word in entry["owner"].lower() for word in DYNAMIC):
            words: list[str] = entry["owner"].lower().replace("of the ", "").split()
            name = next(word for word in words if word not in ("rpc", "over", "tcp", "udp"))
            return OWNERS.get(name, name)
    return None


def compare(
    step: Mapping[str, Any], seen: list[Mapping[str, Any]], attribution: list[dict[str, Any]], *, with_pid: bool, booted: bool
) -> None:
    """Compare a true table with the article's: exactly up to the first boot, then dynamic rows by protocol and owner."""
    expected = step["listeners"]
    if not booted:
        keys = ("protocol", "address", "port") + (("pid",) if with_pid else ())
        names = ("proto", "addr", "port") + (("pid",) if with_pid else ())
        assert {tuple(row[key] for key in keys) for row in seen} == {tuple(row[name] for name in names) for row in expected}, step["id"]
        return
    fixed = {(row["proto"], row["addr"], row["port"]) for row in expected if owner_of(row, attribution) is None}
    owned = sorted((row["proto"], owner) for row in expected if (owner := owner_of(row, attribution)) is not None)
    numbers = {row["port"] for row in attribution if owner_of(row, attribution) is None}
    assert {(row["protocol"], row["address"], row["port"]) for row in seen if row["port"] in numbers} == fixed, step["id"]
    assert sorted((row["protocol"], row["owner"].lower()) for row in seen if row["port"] not in numbers) == owned, step["id"]
