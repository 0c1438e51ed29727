# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said of RPC interfaces: as it was gathered, with its confidence, and as the simulated hosts have it, by a table of their own."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import EndpointMap, MapState, RpcEntry, RpcSequence
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Confidence
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import read_survey
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, simulated

from winsim.host.rpc import INTERFACES

FACTS = Path(__file__).resolve().parents[6] / "shared" / "facts"
PROGRAMS = {"lsass": "lsass.exe", "services": "services.exe", "wininit": "wininit.exe"}


@pytest.fixture(scope="module")
def gathered() -> dict[str, Any]:
    path = FACTS / "rpc_interfaces.yml"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return {row["uuid"]: row for row in yaml.safe_load(path.read_text(encoding="utf-8"))["interfaces"]}


def test_each_entry_is_as_it_was_gathered(gathered: dict[str, Any]) -> None:
    for item in KNOWLEDGE.rpc_interfaces:
        row = gathered[item.uuid]
        services = row.get("service", [])
        assert (item.name, item.protocol) == (row.get("name", ""), row.get("protocol", ""))
        assert list(item.services) == ([services] if isinstance(services, str) else services)
        assert all(program in row["what"] for program in item.processes)
        assert item.passenger is ("through the process" in str(row.get("endpoints", {}).get("ip", "")))
        assert (item.confidence is Confidence.DOCUMENTED) <= ("go_msrpc" in row["sources"])


def test_what_public_maps_show_at_a_port_is_known_or_known_to_be_unknown(gathered: dict[str, Any]) -> None:
    with (FACTS / "rpc_seen.csv").open(encoding="utf-8") as file:
        seen = {row["uuid"] for row in csv.DictReader(file) if "tcp" in row["network endpoints (facts; tcp = dynamic port)"]}
    unknown = {uuid for uuid in seen if KNOWLEDGE.rpc_interface(UUID(uuid)) is None}
    assert len(seen) > 30
    # Nobody has published what these two are (in the process of the event log of Server 2016).
    assert unknown == {"a500d4c6-0dd1-4543-bc0c-d5f93486eaf8", "d09bdeb5-6171-4a34-bfe2-06fa82652568"} & seen
    assert gathered.keys() >= seen


@pytest.mark.parametrize("owner", INTERFACES)
def test_the_table_of_the_simulated_hosts_names_the_same_owners(owner: str) -> None:
    for item in INTERFACES[owner]:
        known = KNOWLEDGE.rpc_interface(UUID(item.uuid))
        assert known is not None
        if owner in PROGRAMS:
            # Services live in LSASS; what shows at the socket is the program.
            assert PROGRAMS[owner] in known.processes or owner == "lsass"
        else:
            assert owner in known.owners(item.annotation)


@pytest.mark.parametrize(
    "name",
    [
        "windows_2000",
        "windows_xp",
        "windows_server_2003",
        "windows_7",
        "windows_server_2012_r2",
        "windows_10_1709",
        "windows_server_2016+hazard_rds",
        "windows_server_2025",
    ],
)
def test_the_map_never_takes_a_port_from_its_true_owner(name: str) -> None:
    with simulated(name, read_only=True) as host:
        rows = host.computer.rpc_map()
        entries = [RpcEntry(UUID(r.uuid), (r.major, r.minor), RpcSequence(r.sequence), r.endpoint, r.address, r.annotation) for r in rows]
        survey = read_survey(host.session, KNOWLEDGE, lambda: EndpointMap(MapState.READ, "", tuple(entries)))
        held = {(str(s.endpoint.protocol), s.endpoint.port): s.owner for s in host.computer.host.visible.sockets()}
        narrowed = [subject for subject in survey.explained if subject.candidates]
        # On the others each port has one owner without the map.
        assert bool(narrowed) is (name in ("windows_2000", "windows_server_2016+hazard_rds"))
        for subject in narrowed:
            assert held[str(subject.endpoint.protocol), subject.endpoint.port] in subject.owners
