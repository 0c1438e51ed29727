# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What listens on each simulated host is what is known to listen on that Windows: `listeners.yml`, compared both ways.

That table is reviewed, and restates published listings; where a scenario departs from them it says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import read_survey
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, simulated

from winsim.host.machine import Machine
from winsim.host.sockets import Origin
from winsim.scenarios import names
from winsim.scenarios.layers import layers

TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("listeners.yml").read_text(encoding="utf-8"))
HOSTS: dict[str, dict[str, Any]] = TABLE["hosts"]
KEYS = {"source", "confidence", "like", "unlike", "known", "absent", "added"}
PROGRAMS = {"wininit": "wininit.exe", "services": "services.exe", "lsass": "lsass.exe"}
# Listings credit the endpoint mapper to either of these, which share a process.
MAPPERS = ("RpcEptMapper", "RpcSs")


def known(name: str) -> set[str]:
    """Return the rows that the sources show of a Windows."""
    entry = HOSTS[name]
    below = known(entry["like"]) - set(entry.get("unlike", ())) if "like" in entry else set()
    return below | set(entry.get("known", ()))


def departures(name: str, kind: str) -> set[str]:
    by_reason: Mapping[str, list[str]] = HOSTS[name].get(kind, {})
    return {row for rows in by_reason.values() for row in rows}


def expected(name: str) -> set[str]:
    """Return the rows that the simulated host is to have."""
    return (known(name) - departures(name, "absent")) | departures(name, "added")


def shown(host: Machine) -> set[str]:
    """Return the rows that a simulated host has."""
    return set(_rows(host))


def _rows(host: Machine) -> Iterator[str]:
    first, last = host.spec.windows.first_port, host.spec.windows.last_port
    fixed = {(socket.protocol, socket.port) for socket in host.spec.sockets}
    for held, socket in zip(host.visible.sockets(), host.network.sockets.all, strict=True):
        row = held.endpoint
        dynamic = socket.origin in (Origin.RPC, Origin.DNS) or ((row.protocol, row.port) not in fixed and first <= row.port <= last)
        owner = "RpcSs" if held.owner in MAPPERS else PROGRAMS.get(held.owner, held.owner)
        local = " (loopback)" if row.loopback else ""
        yield f"{row.protocol}/{'dynamic' if dynamic else row.port} {owner}{local}"


@cache
def survey_rows(name: str) -> tuple[tuple[str, int, bool, tuple[str, ...]], ...]:
    """Return what the collection itself says of each endpoint: protocol, port, whether it is dynamic, and who can own it."""
    with simulated(name, read_only=True) as host:
        explained = read_survey(host.session, KNOWLEDGE).explained
    return tuple((str(item.endpoint.protocol), item.endpoint.port, item.dynamic, item.owners) for item in explained)


def test_every_windows_is_in_the_table() -> None:
    own = {name for name in names() if not any("extends" in layer.document for layer in layers(name))}
    assert set(HOSTS) == {*own, *KNOWLEDGE.versions, "windows_xp_sp3"}


@pytest.mark.parametrize("name", HOSTS)
def test_an_entry_says_what_it_rests_on_and_why_the_host_departs(name: str) -> None:
    entry = HOSTS[name]
    assert set(entry) <= KEYS
    assert entry["source"]
    assert entry["confidence"] in ("documented", "observed", "memory")
    assert {*entry.get("absent", {}), *entry.get("added", {})} <= set(TABLE["reasons"])
    assert set(entry.get("unlike", ())) <= known(entry.get("like", name))
    assert departures(name, "absent") <= known(name)
    assert not departures(name, "added") & known(name)


def test_every_reason_is_used() -> None:
    used = {reason for entry in HOSTS.values() for kind in ("absent", "added") for reason in entry.get(kind, {})}
    assert set(TABLE["reasons"]) == used


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_shows_what_is_known_of_its_windows(name: str) -> None:
    with simulated(name) as host:
        assert shown(host.computer.host) == expected(name)


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_that_has_booted_and_settled_shows_the_same(name: str) -> None:
    with simulated(name) as host:
        delayed = _delayed(host)
        host.computer.boot()
        assert {row for row in expected(name) - shown(host.computer.host) if row.split()[1] not in delayed} == set()
        assert shown(host.computer.host) <= expected(name)
        host.clock.advance(300)
        assert shown(host.computer.host) == expected(name)


def _delayed(host: Simulated) -> set[str]:
    """Return the services that start late."""
    return {service.name for service in host.computer.host.spec.services if service.delayed}


@pytest.mark.parametrize("name", HOSTS)
def test_the_services_that_listings_credit_the_mapper_to_share_a_process(name: str) -> None:
    with simulated(name) as host:
        machine = host.computer.host
        found = [service for service in map(machine.services.find, MAPPERS) if service is not None]
        assert len({machine.service_process(service.spec) for service in found}) == 1


@pytest.mark.parametrize("name", HOSTS)
def test_the_collection_names_the_owner_of_each(name: str) -> None:
    """Owners are told from outside, over WMI alone: the true one is among those that are named."""
    rows = survey_rows(name)
    for row in expected(name):
        endpoint, owner = row.removesuffix(" (loopback)").split()
        protocol, port = endpoint.split("/")
        named = [
            {candidate.lower() for candidate in owners}
            for kind, number, dynamic, owners in rows
            if kind == protocol and (dynamic if port == "dynamic" else number == int(port))
        ]
        assert any(owner.lower() in candidates for candidates in named), row
