# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Microsoft's list of the ports of services (KB 832017), restated beside the checkout: a recipe knows each, or it is said why none does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE

TABLE = Path(__file__).resolve().parents[6] / "shared" / "facts" / "published_services.yml"
# The page's names for what a recipe calls otherwise: the process, the driver, the service that really holds the port.
MEANS = {
    "LSASS": ("NTDS", "Kdc", "ADWS", "lsass.exe", "IKEEXT", "PolicyAgent"),
    "Browser": ("NetBT",),
    "lanmanserver": ("NetBT", "srvnet", "lanmanserver"),
    "HTTPFilter": ("W3SVC",),
    "SMS_remote_control": ("CmRcService", "Wuser32"),
    "SharePoint": ("W3SVC",),
    "MSSQLSERVER": ("MSSQLSERVER", "SQLBrowser"),
}
NONE = {
    "not a listener: the source of FTP's data connections": ["MSFTPSVC tcp/20"],
    "another owner's port: NetBT holds it, and WINS answers through it": ["WINS udp/137"],
    "a port that somebody chose, which http.sys or the recipe of its usual number shows": [
        "W3SVC tcp/8098", "vmms tcp/80", "vmms tcp/443", "mnmsrvc tcp/3389",
    ],
    "only in the summary table of the page, and no listing shows it": ["LSASS udp/636"],
    "too little is known of it (docs/every-windows.md)": [
        "ALG tcp/21", "Dfs rpc", "Remote_Storage_User_Link rpc", "Remote_Storage_Server rpc", "IPAM tcp/48885",
    ],
    "another product (docs/every-windows.md)": [
        *(f"ISA_TMG tcp/{port}" for port in (2171, 2172, 2173, 2175, 1745, 3847, 8080)), "ISA_TMG udp/1745", "ISA_TMG rpc",
        "MSExchangeMTA tcp/102",
        *(f"MSSQLServerOLAPService tcp/{port}" for port in (2725, 2393, 2394)),
        *(f"Exchange tcp/{port}" for port in (25, 110, 143, 993, 995, 443, 593, 6001, 6002, 6004)),
        *(f"SMS_bootstrap tcp/{port}" for port in (1067, 1068)),
        *(f"MOM2000 tcp/{port}" for port in (1270, 51515)),
    ],
}  # fmt: skip


def known() -> dict[str, set[str]]:
    """Return the owners that recipes name, by the port."""
    found: dict[str, set[str]] = {}
    for recipe in KNOWLEDGE.recipes.values():
        for pattern in recipe.listeners:
            owners = (*(pattern.services or recipe.services), *recipe.processes, *recipe.drivers)
            found.setdefault(f"{pattern.protocol}/{pattern.port}", set()).update(owner.lower() for owner in owners)
    return found


def unknown(rows: list[dict[str, Any]]) -> Iterator[str]:
    ports = known()
    for row in rows:
        names = {name.lower() for name in MEANS.get(row["service"], (row["service"],))}
        for port in (*row["own"], *(("rpc",) if row.get("rpc") else ())):
            if names.isdisjoint(ports.get("tcp/rpc-dynamic" if port == "rpc" else port, set())):
                yield f"{row['service']} {port}"


def test_a_recipe_knows_each_port_of_the_published_table_or_it_is_said_why_not() -> None:
    if not TABLE.is_file():
        pytest.skip(f"no facts at {TABLE.parent}")
    rows = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["ports"]
    assert sorted(unknown(rows)) == sorted(name for names in NONE.values() for name in names)
