# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A session with a simulated host in this very process: bytes go both ways, and no network is between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock
from types import MappingProxyType
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import load
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession

from winsim.host.clock import ManualClock
from winsim.host.model import MachineSpec, WindowsSpec
from winsim.providers.computer import SimulatedHost, build
from winsim.scenarios import Scenario, load_scenario
from winsim.wire.profile import profile_of
from winsim.wire.service import WsmanService
from winsim.wire.shell import Caller

KNOWLEDGE = load()
URL = "http://192.0.2.1:5985/wsman"
OURS = r"HKLM\SOFTWARE\netmin.windows"
# What `minimize` is told where a user says nothing, but that dependents are stopped along.
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"recipes": None, "stages": STAGES, "accept": (), "keep": (), "dependents": "stop", "unverified": "skip"}
)


class Wire:
    """A transport whose other end is in this process."""

    endpoint = URL
    operation_timeout = 60
    logins = 1
    slow: bool | None = False

    def __init__(self, service: WsmanService, account: str) -> None:
        self._service = service
        self._caller = Caller(account, "192.0.2.9", URL)
        # A host answers one after the other, however many connections ask it.
        self._turn = Lock()

    def exchange(self, envelope: bytes) -> bytes:
        """Answer one envelope."""
        with self._turn:
            return self._service.answer(envelope, self._caller, machine="192.0.2.1")[1].content

    def beside(self) -> Wire:
        """Return another way to the same host."""
        return copy(self)

    def abort(self) -> None:
        """There is no connection."""

    def reset(self) -> None:
        """There is no connection."""

    def close(self) -> None:
        """There is no connection."""


@dataclass(frozen=True)
class Simulated:
    """A simulated host, the clock that it lives by, and a session with it."""

    computer: SimulatedHost
    clock: ManualClock
    session: WritableSession
    service: WsmanService
    account: str

    def endpoints(self) -> set[tuple[str, str, int]]:
        """Return the true endpoints."""
        return {(str(row.protocol), row.address, row.port) for row in self.computer.endpoints()}

    def boot(self) -> None:
        """Restart, and let the time pass in which delayed services start."""
        self.computer.boot()
        self.clock.advance(300)
        self.session.forget()


@cache
def scenario(name: str) -> Scenario:
    """Return a scenario; each file is read once."""
    return load_scenario(name)


@contextmanager
def simulated(
    name: str,
    *,
    read_only: bool = False,
    account: str = "Administrator",
    windows: Mapping[str, Any] | None = None,
    host: MachineSpec | None = None,
    made: Scenario | None = None,
) -> Iterator[Simulated]:
    """Open a session with a fresh host of a scenario.

    Args:
        windows: what is different of its Windows (`WindowsSpec`).
        host: what is there instead of the scenario's host.
        made: what is there instead of the scenario.
    """
    made = made or scenario(name)
    if host is not None:
        made = replace(made, host=host)
    if windows:
        spec: WindowsSpec = replace(made.host.windows, **windows)
        made = replace(made, host=replace(made.host, windows=spec))
    clock = ManualClock()
    computer = build(made, clock=clock)
    version = made.host.windows
    service = WsmanService(computer, profile_of(version.version, computer.winrm_version, computer.quotas), clock.monotonic)
    user = rf"{version.computer}\{account}"
    with WritableSession(Wire(service, user), host=name, read_only=read_only) as session:
        yield Simulated(computer, clock, session, service, user)


def state(host: Simulated) -> dict[str, Any]:
    """Return the whole state of a host but for our own record."""
    whole = dict(host.computer.state())
    whole.pop("boots")
    registry: Any = whole["registry"]
    whole["registry"] = {key: values for key, values in registry.items() if not key.lower().startswith(OURS.lower())}
    return {part: _without_suffixes(content) for part, content in whole.items()}


def listeners(dump: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Identify every listener of a host's own dump: protocol, address, port, owner, program, what opened it, and whether others reach it.

    A dynamic port is another number after each boot, and so is a process: the one counts as dynamic, the other by its program.
    """
    programs = {row["pid"]: row["name"] for row in dump["processes"]}
    return sorted(
        (
            row["protocol"],
            row["address"],
            "dynamic" if row["dynamic"] else str(row["port"]),
            row["owner"],
            programs[row["pid"]],
            row["origin"],
            "dropped" if row["dropped"] else "open",
        )
        for row in dump["endpoints"]
    )


def _without_suffixes(content: Any) -> Any:
    """Call the instances of per-user services alike: each sign-in gives them another suffix."""
    if isinstance(content, dict):
        return {re.sub(r"_[0-9a-f]{5}(?=\\|$)", "_LUID", key): _without_suffixes(item) for key, item in content.items()}
    if isinstance(content, list | tuple):
        return [_without_suffixes(item) for item in content]
    return re.sub(r"_[0-9a-f]{5}(?=\\|$)", "_LUID", content) if isinstance(content, str) else content


def differences(before: dict[str, Any], after: dict[str, Any], where: str = "") -> list[str]:
    """Return what differs between two states, a line each."""
    found = []
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += differences(one, other, f"{where}/{key}")
        elif one != other:
            found.append(f"{where}/{key}: {one} -> {other}")
    return found


@contextmanager
def booted(name: str) -> Iterator[Simulated]:
    """Start a host of a scenario; delayed services run."""
    with simulated(name) as host:
        host.boot()
        yield host


def boot(host: Simulated) -> None:
    """Restart; whatever was open is gone."""
    host.boot()
    host.service.forget()
