# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated hosts that differ in one thing from what is assumed of them, and what the doctor says of them."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.examine import Examination, examine
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.verdict import Word
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, Wire, scenario, simulated
from ansible_collections.netmin.windows.tests.unit.tasks import Spoil, Spoiling

from winsim.host.model import MachineSpec
from winsim.registry_value import RegistryType, RegistryValue
from winsim.wire.service import WsmanService

RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
HostChange = Callable[[MachineSpec], MachineSpec]


def examined(host: Simulated, spoil: Spoil | None = None) -> Examination:
    """Let the doctor look at a host over a connection of its own, whose answers somebody may change."""
    wire = Wire(host.service, host.account) if spoil is None else Spoiling(host, spoil)
    with Session(wire, host="host.example") as session:
        return examine(session, KNOWLEDGE, heard=lambda: session.heard)


def contradictions(made: Examination) -> dict[str, tuple[str, str]]:
    """Return what is contradicted, with both values."""
    return {finding.assumption.id: (finding.verdict.expected, finding.verdict.seen) for finding in made.of(Word.CONTRADICTED)}


@dataclass(frozen=True)
class Sabotage:
    """One thing that is otherwise.

    Attributes:
        name: of the scenario.
        spec: how its host differs as installed.
        windows: how its Windows differs (`WindowsSpec`).
        patch: what is done to the host that runs.
        profile: how its WinRM differs.
        spoil: how its answers are changed.
        shows: the assumption that is contradicted, and words of what is expected and seen.
        also: another that the same thing contradicts.
    """

    name: str
    shows: str
    expected: str
    seen: str
    spec: HostChange = lambda host: host
    windows: Mapping[str, Any] = field(default_factory=dict)
    patch: Callable[[Simulated], None] = lambda _host: None
    profile: Mapping[str, Any] = field(default_factory=dict)
    spoil: Spoil | None = None
    also: tuple[str, ...] = ()

    @contextmanager
    def started(self) -> Iterator[Simulated]:
        """Start the host; delayed services run."""
        with simulated(self.name, windows=self.windows or None, host=self.spec(scenario(self.name).host)) as host:
            host.boot()
            self.patch(host)
            service = WsmanService(host.computer, replace(host.service.profile, **self.profile), host.clock.monotonic)
            yield replace(host, service=service)


def renamed(class_name: str) -> Callable[[Simulated], None]:
    """Let a class of WMI have another name."""

    def patch(host: Simulated) -> None:
        wmi: Any = host.computer.wmi
        wmi._classes = tuple(replace(entry, name=f"{entry.name}2") if entry.name == class_name else entry for entry in wmi._classes)  # noqa: SLF001  # no scenario can say it

    return patch


def replaced(pattern: bytes, by: bytes, about: bytes = b"") -> Spoil:
    """Change what matches in the answers to requests about something."""

    def spoil(request: bytes, answer: bytes) -> bytes:
        return re.sub(pattern, by, answer) if re.search(about, request, re.DOTALL) else answer

    return spoil


def returning(code: int, about: bytes) -> Spoil:
    """Let a method return another code where it returned the one for what is absent."""
    return replaced(rb"(ReturnValue[^>]*>)[12](<)", rb"\g<1>%d\g<2>" % code, about)


def saying(word: bytes, other: bytes) -> Spoil:
    """Let a command write another word."""

    def change(found: re.Match[bytes]) -> bytes:
        return found[1] + b64encode(b64decode(found[2]).replace(word, other)) + found[3]

    return lambda _request, answer: re.sub(rb"(<[^>]*:Stream [^>]*[^/>]>)([A-Za-z0-9+/=]+)(<)", change, answer)


def with_depends(service: str, depends: tuple[str, ...]) -> HostChange:
    """Let a service depend on something else."""

    def change(host: MachineSpec) -> MachineSpec:
        services = tuple(replace(one, depends=depends) if one.name.lower() == service.lower() else one for one in host.services)
        return replace(host, services=services)

    return change


def with_rule(name: str, text: str) -> Callable[[Simulated], None]:
    """Let a rule of the firewall say something else."""

    def patch(host: Simulated) -> None:
        host.computer.host.registry.write(RULES, name, RegistryValue(RegistryType.SZ, text))

    return patch
