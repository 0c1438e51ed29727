# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What recorded registry hives, Microsoft's own tables and the scenarios say of one Windows, in the same words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from winsim.host import installation
from winsim.host.firewall import LOCAL_RULES
from winsim.host.model import SERVICES, MachineSpec
from winsim.host.registry import Registry
from winsim.scenarios import load_scenario
from winsim.scenarios.layers import Loader

from ..beside import CAPTURES, PUBLISHED

HERE = Path(__file__).resolve().parent
MODES = ("boot", "system", "auto", "manual", "disabled")
SYSTEM = r"HKLM\SYSTEM\CurrentControlSet"
OF_SERVICES = ("DependOnService", "DisplayName", "ImagePath", "ObjectName", "Start", "Type")
"""Values that are compared with the services."""

SERVICE_TYPES = 0x10 | 0x20 | 0x40
"""Bits of `Type` that no driver has (Microsoft, CreateService)."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service or driver as its registry key describes it."""

    name: str
    driver: bool
    start: str
    depends: tuple[str, ...]
    group: str
    account: str
    delayed: bool
    protected: int
    alone: bool
    triggers: tuple[str, ...]

    def differences(self, recorded: Service) -> Iterator[str]:
        """Say what a recording has otherwise; triggers that say their subtype count with it where both do."""
        for aspect in ("start", "depends", "group", "account", "delayed", "protected", "alone", "triggers"):
            ours, theirs = getattr(self, aspect), getattr(recorded, aspect)
            if aspect == "account" and not theirs:
                continue
            if (
                aspect == "triggers"
                and len(ours) == len(theirs)
                and all(their.startswith(our) for our, their in zip(ours, theirs, strict=True))
            ):
                continue
            if ours != theirs:
                yield f"{self.name} {aspect}: {_said(ours)}, recorded {_said(theirs)}"


@cache
def hive(name: str) -> dict[str, Any]:
    """Return a recorded hive; skips where the recordings are not there."""
    return dict(yaml.load(CAPTURES.at("registry", f"{name}.yml").read_text(encoding="utf-8"), Loader))


@cache
def published() -> dict[str, Any]:
    """Return Microsoft's tables; skips where they are not there."""
    return dict(yaml.load(PUBLISHED.at().read_text(encoding="utf-8"), Loader))


@cache
def host(scenario: str) -> tuple[MachineSpec, Registry]:
    """Return a scenario's host and its registry as set-up left it."""
    spec = load_scenario(scenario).host
    return spec, installation.registry(spec)


def of_hive(name: str) -> dict[str, Service]:
    """Return what a hive says of services and drivers, by lower-case name; keys without a start mode are none."""
    document = hive(name)
    triggers = {str(key).lower(): rows for key, rows in document["triggers"].items()}
    found = {}
    for key, values in document["services"].items():
        if "Start" not in values:
            continue
        low = {str(name).lower(): value for name, value in values.items()}
        found[str(key).lower()] = Service(
            name=str(key),
            driver=not low.get("type", 0) & SERVICE_TYPES,
            start=MODES[low["start"]],
            depends=_folded(low.get("dependonservice", ())),
            group=str(low.get("svchost", "")).lower(),
            account=str(low.get("objectname", "")).lower(),
            delayed=low.get("delayedautostart") == 1,
            protected=low.get("launchprotected", 0),
            alone=low.get("svchostsplitdisable") != 1,
            triggers=tuple(
                _trigger({str(name).lower(): data for name, (_type, data) in row.items()}) for row in triggers.get(str(key).lower(), ())
            ),
        )
    return found


def of_scenario(scenario: str) -> dict[str, Service]:
    """Return what a scenario's registry says of services and drivers, by lower-case name."""
    spec, registry = host(scenario)
    found = {}
    for service in spec.services:
        key = rf"{SERVICES}\{service.name}"
        image = registry.value(key, "ImagePath")
        assert image is not None, service.name
        group = str(image.data).partition(" -k ")[2].split()
        start = registry.number(key, "Start")
        assert start is not None, service.name
        found[service.name.lower()] = Service(
            name=service.name,
            driver=service.driver,
            start=MODES[start],
            depends=_folded(registry.texts(key, "DependOnService") or ()),
            group=group[0].lower() if group else "",
            account=(registry.text(key, "ObjectName") or "").lower(),
            delayed=registry.number(key, "DelayedAutostart") == 1,
            protected=registry.number(key, "LaunchProtected") or 0,
            alone=registry.number(key, "SvcHostSplitDisable") != 1,
            triggers=tuple(
                _trigger({name.lower(): value.data for name, value in (registry.values(rf"{key}\TriggerInfo\{number}") or {}).items()})
                for number in sorted(registry.subkeys(rf"{key}\TriggerInfo") or (), key=int)
            ),
        )
    return found


def service_differences(scenario: str, name: str) -> Iterator[str]:
    """Compare all services, and of the drivers those that the scenario has."""
    ours, theirs = of_scenario(scenario), of_hive(name)
    for key, service in ours.items():
        if key in theirs:
            yield from service.differences(theirs[key])
        else:
            yield f"{service.name}: not recorded"
    yield from (f"{service.name}: only recorded" for key, service in theirs.items() if key not in ours and not service.driver)


def value_differences(scenario: str, name: str) -> Iterator[str]:
    """Compare the values that the scenario has below the keys that were recorded whole."""
    _spec, registry = host(scenario)
    for key, recorded in hive(name)["values"].items():
        low = {str(value).lower(): data for value, data in recorded.items()}
        for value, ours in (registry.values(rf"{SYSTEM}\{key}") or {}).items():
            theirs = low.get(value.lower())
            if value in OF_SERVICES:
                continue
            kind, data = f"REG_{ours.type.name}", ours.plain()
            if theirs is None:
                yield f"{key}\\{value}: not recorded"
            elif [kind, data] != list(theirs):
                yield f"{key}\\{value}: {kind} {data}, recorded {theirs[0]} {theirs[1]}"


def rule_differences(scenario: str, name: str) -> Iterator[str]:
    """Compare the firewall rules of a scenario with those that set-up left, those of other names with those in use."""
    _spec, registry = host(scenario)
    stores = hive(name)["firewall_rules"]
    theirs = {**stores.get("in_use", {}), **stores.get("default", {})}
    for rule, value in (registry.values(LOCAL_RULES) or {}).items():
        if rule not in theirs:
            yield f"{rule}: not recorded"
            continue
        # A recorded rule is cut after so many characters: its last token may be half a one.
        assert isinstance(value.data, str)
        ours, (*recorded, last) = value.data.split("|"), str(theirs[rule]).split("|")
        differing = [pair for pair in zip_longest(ours[: len(recorded)], recorded) if pair[0] != pair[1]]
        rest = "|".join(ours[len(recorded) :])
        if not rest.startswith(last):
            differing.append((rest, last))
        yield from (f"{rule}: {our}, recorded {their}" for our, their in differing)


def published_differences(scenario: str) -> Iterator[str]:
    """Compare presence and start modes with the table of Server 2016."""
    ours = {key: service for key, service in of_scenario(scenario).items() if not service.driver}
    theirs = {str(row["name"]).lower(): row for row in published()["services_2016"]}
    spec, _registry = host(scenario)
    templates = {service.name.lower() for service in spec.services if service.per_user}
    for key, row in theirs.items():
        if key not in ours:
            yield f"{row['name']}: only published"
            continue
        if ours[key].start != row["start"]:
            yield f"{ours[key].name} start: {ours[key].start}, published {row['start']}"
        if bool(row.get("per_user")) != (key in templates):
            yield f"{ours[key].name}: a template in one of them only"
    yield from (f"{service.name}: not published" for key, service in ours.items() if key not in theirs)


def template_differences(scenario: str, version: int) -> Iterator[str]:
    """Compare the templates of per-user services with the table that says since which version of Windows 10 there are which."""
    services = of_scenario(scenario)
    spec, _registry = host(scenario)
    ours = {service.name.lower(): services[service.name.lower()] for service in spec.services if service.per_user}
    theirs = {str(row["name"]).lower(): row for row in published()["per_user_templates"] if row["since"] <= version}
    yield from (f"{row['name']}: only published" for key, row in theirs.items() if key not in ours)
    for key, service in ours.items():
        if key not in theirs:
            yield f"{service.name}: not published"
            continue
        start = "delayed" if service.start == "auto" and service.delayed else service.start
        if start != theirs[key]["start"]:
            yield f"{service.name} start: {start}, published {theirs[key]['start']}"


def reviewed(subject: str, kind: str) -> tuple[str, ...]:
    """Return the differences that are known and meant, of one host and kind."""
    entries = yaml.load((HERE / "differences.yml").read_text(encoding="utf-8"), Loader)
    return tuple(str(line) for entry in entries if subject in entry["hosts"] and entry["kind"] == kind for line in entry["differences"])


def _trigger(values: Mapping[str, Any]) -> str:
    """Say a trigger as type, action and, where it is there, subtype."""
    guid = values.get("guid")
    binary = bytes.fromhex(guid) if isinstance(guid, str) else guid
    return f"{values.get('type')}/{values.get('action')}" + (f"/{UUID(bytes_le=binary)}" if isinstance(binary, bytes) else "")


def _folded(names: Any) -> tuple[str, ...]:
    return tuple(sorted(str(name).lower() for name in names))


def _said(value: object) -> str:
    return " ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value) or "none"
