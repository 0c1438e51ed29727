# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables line up, whatever stands in them."""

from __future__ import annotations

from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._run.columns import aligned, listing


def row(port: int, owner: str, why: str, **more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "port": port, "address": "0.0.0.0", "owner": owner, "why": why, **more}


def test_columns() -> None:
    assert aligned([("host", "closed"), ("web01", "7"), ("b", "-")], left=1) == ["host   closed", "web01       7", "b           -"]


def test_a_listing() -> None:
    found = [row(135, "RpcSs in pid 704", "the endpoint mapper"), row(49152, "x\nok: [web02]\u202e", "", count=2500)]
    suspected = [{"protocol": "tcp", "port": 1367, "address": "0.0.0.0", "reason": "a connection uses it"}]
    assert listing(found, suspected) == [
        "port                     address  owner             why",
        "tcp/135                  0.0.0.0  RpcSs in pid 704  the endpoint mapper",
        "tcp/49152 and 2499 more  0.0.0.0  x ok: [web02]?",
        "tcp/1367 on 0.0.0.0 may not be a listener: a connection uses it",
    ]


def test_a_row_names_its_ports_and_both_families() -> None:
    both = {**row(135, "RpcSs", "", count=2), "address": "0.0.0.0, ::"}
    few = row(500, "IKEEXT", "", count=2, ports="500, 4500")
    many = row(1001, "Bulk", "", count=600, ports=", ".join(str(port) for port in range(1001, 2200, 2)))
    assert [line.split("  ")[0] for line in listing([both, few, many], [])] == ["port", "tcp/135", "tcp/500, 4500", "tcp/1001 and 599 more"]


def test_a_host_on_which_nothing_listens() -> None:
    assert listing([], []) == ["port  address  owner  why"]
