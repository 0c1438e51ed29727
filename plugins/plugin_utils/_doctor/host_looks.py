# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at the host itself: services, triggers, rules of the firewall, the evidence of its boot, the ports that it hands out."""

from __future__ import annotations

import re

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import fields_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._host.dynamic_ports import CLASSES_SINCE, MAX_USER_PORT_UNTIL, read_ranges
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import RULES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumed import (
    BootLook,
    RangeLook,
    RuleLook,
    ServiceLook,
    TriggersLook,
)

from .ground import Ground
from .verdict import Verdict, confirmed, contradicted, counted, not_seen, some

_VERSION = re.compile(r"v([0-9]{1,4})\.([0-9]{1,4})\|")


def look_at_service(ground: Ground, look: ServiceLook) -> Verdict:
    """See how a service starts and what it depends on."""
    if ground.host is None:
        return not_seen(ground.why)
    service = ground.host.services.get(look.name)
    if service is None:
        return not_seen(f"there is no service {look.name} here")
    required = ground.host.requires.get(look.name) or ()
    lacking = [name for name in look.requires if name not in Names(required)]
    if lacking:
        return contradicted(f"{look.name} depends on {some(look.requires)}", f"it depends on {some(required) or 'nothing'}")
    if look.start and service.start_mode is StartMode.DISABLED and str(StartMode.DISABLED) not in look.start:
        return not_seen(f"somebody has disabled {look.name}")
    if look.start and str(service.start_mode) not in look.start:
        return contradicted(f"{look.name} starts by {' or '.join(look.start)}", f"its start mode is {service.start_mode}")
    said = [f"start mode {service.start_mode}"] if look.start else []
    return confirmed(", ".join((*said, *([f"depends on {some(look.requires)}"] if look.requires else []))))


def look_at_triggers(ground: Ground, look: TriggersLook) -> Verdict:
    """See whether the key of a service shows its triggers as is known."""
    key = rf"{SERVICES_KEY}\{look.service}\TriggerInfo"
    found = ground.reader.subkeys(key)
    if not found:
        return not_seen(f"{look.service} waits for no trigger here")
    odd = [name for name in found if not name.isdecimal()]
    if odd:
        return contradicted("subkeys with numbers as names", some(odd))
    types = ground.reader.value_types(rf"{key}\{found[0]}") or {}
    lacking = [name for name in look.values if types.get(_as_written(name, types)) is not RegistryType.DWORD]
    if lacking:
        return contradicted(f"numbers {some(look.values)} in each", f"no {some(lacking)}")
    return confirmed(f"{counted(len(found), 'trigger')} with {some(look.values)}")


def _as_written(name: str, names: object) -> str:
    every = names if isinstance(names, dict) else {}
    return next((other for other in every if str(other).lower() == name.lower()), name)


def look_at_rules(ground: Ground, look: RuleLook) -> Verdict:
    """Read a few rules that come with Windows, and see whether each part of them is known."""
    newest = tuple(int(part) for part in look.until.split("."))
    seen: list[str] = []
    for name in look.rules:
        value = ground.reader.value(RULES, name, RegistryType.SZ)
        if value is None:
            continue
        text = str(value.data)
        version = _VERSION.match(text)
        if version is None:
            return contradicted("a version such as v2.10 in front", f"{name} begins with '{text[:12]}'")
        if (int(version[1]), int(version[2])) > newest:
            return contradicted(f"a grammar up to v{look.until}", f"{name} has v{version[1]}.{version[2]}")
        strange = [field for field in fields_of(text) if field not in Names(look.fields)]
        if strange:
            return contradicted("no field beside those that are known", f"{name} has {some(strange)}")
        seen.append(f"v{version[1]}.{version[2]}")
    return confirmed(f"{some(seen)} in {counted(len(seen), 'rule')}") if seen else not_seen(f"none of the rules {some(look.rules)} is here")


def look_at_boot(ground: Ground, look: BootLook) -> Verdict:
    """Compare the two marks of the last boot."""
    if ground.host is None:
        return not_seen(ground.why)
    boot = ground.host.boot
    if ground.captured and (boot.lsass_created is None or boot.last_boot is None):
        # What a script on a host has written has no times.
        return not_seen("the capture holds no time of the boot, or of lsass.exe")
    if boot.lsass_created is None:
        return contradicted("lsass.exe with the time of its creation", "no lsass.exe, or no time")
    if boot.last_boot is None:
        return contradicted("a time of the last boot", "none")
    apart = abs((boot.lsass_created - boot.last_boot).total_seconds())
    if apart > look.within:
        return contradicted(
            f"at most {look.within} s between the boot and lsass.exe", f"{apart:.0f} s; a clock that was set does that, too"
        )
    return confirmed(f"{apart:.0f} s between the boot and lsass.exe")


def look_at_range(ground: Ground, look: RangeLook) -> Verdict:
    """Compare the ports that the host hands out with those that its Windows comes with."""
    protocol = Protocol(str(look.protocol))
    first, last = ground.version.dynamic_ports
    usual = f"{first}-{last}"
    nt = ground.windows.nt
    if MAX_USER_PORT_UNTIL < nt < CLASSES_SINCE:
        return _by_listeners(ground, protocol)
    found = read_ranges(ground.reader, nt).get(protocol)
    if found is None and nt <= MAX_USER_PORT_UNTIL:
        return confirmed(f"{usual}, since MaxUserPort names no other")
    if found is None:
        return not_seen(f"the host names no range of {protocol}")
    told = some(f"{numbers.start}-{numbers.stop - 1}" for numbers in found)
    return confirmed(told) if told == usual else contradicted(usual, told)


def _by_listeners(ground: Ground, protocol: Protocol) -> Verdict:
    """Tell the range by the ports of the system's own RPC servers, where no documented value shows it."""
    if ground.explained is None or ground.host is None:
        return not_seen(ground.unlisted)
    if protocol is Protocol.UDP:
        return not_seen("this Windows shows no value for it: netsh int ipv4 show dynamicport udp tells")
    first, last = ground.version.dynamic_ports
    servers = Names(
        name
        for recipe in ground.knowledge.recipes.values()
        for name in recipe.processes
        if recipe.id in ("rpc-wininit", "rpc-lsass", "rpc-scm")
    )
    ports = [row.endpoint.port for row in ground.explained if row.endpoint.protocol is protocol and (row.process or "") in servers]
    if not ports:
        return not_seen("no RPC server of the system listens")
    outside = [str(port) for port in ports if not first <= port <= last]
    return (
        contradicted(f"{first}-{last}", f"RPC servers of the system at {some(outside)}")
        if outside
        else confirmed(f"{first}-{last}, by {len(ports)} RPC servers")
    )
