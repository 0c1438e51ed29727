# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts for tests of the state alone."""

from __future__ import annotations

from winsim.endpoint import Protocol
from winsim.host.clock import ManualClock
from winsim.host.machine import Machine
from winsim.host.model import SERVICES
from winsim.host.scm import Service
from winsim.registry_value import RegistryValue
from winsim.scenarios import load_scenario

TCP, UDP = Protocol.TCP, Protocol.UDP
RPC = r"HKLM\SOFTWARE\Microsoft\Rpc"


def timed(scenario: str) -> tuple[Machine, ManualClock]:
    """Start a host, with its clock."""
    clock = ManualClock()
    return Machine(load_scenario(scenario).host, clock=clock), clock


def make(scenario: str, *, seed: int | None = None) -> Machine:
    """Start a host whose clock stands still."""
    return Machine(load_scenario(scenario).host, clock=ManualClock(), seed=seed)


def service(host: Machine, name: str) -> Service:
    """Return a service or driver that exists."""
    found = host.services.find(name)
    assert found is not None
    return found


def write(host: Machine, key: str, name: str, value: RegistryValue) -> None:
    """Write a value, with its key."""
    host.registry.create(key)
    host.registry.write(key, name, value)


def parameters(name: str) -> str:
    """Return the key of a service's parameters."""
    return rf"{SERVICES}\{name}\Parameters"


def ports(host: Machine) -> set[tuple[Protocol, int]]:
    """Return protocol and port of everything that is bound."""
    return {(row.protocol, row.port) for row in host.visible.endpoints()}


def addresses(host: Machine, owner: str) -> set[tuple[Protocol, str]]:
    """Return protocol and address of what one owner has bound."""
    return {(held.endpoint.protocol, held.endpoint.address) for held in host.visible.sockets() if held.owner.lower() == owner.lower()}
