# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Windows Firewall since 6.0: which rules and settings are in force, and what they keep from whom is outside.

Only block rules drop anything here; what is dropped where no rule allows it is not modelled. Stealth mode hides ports without a
listener. The service reads registry and policy when it starts and heeds what `netsh` asks of it at once; a value that is written behind
its back waits for its next start (from memory).
Sources: MS-GPFAS 2.2.3 (keys of the policy, which profile falls back to which); MS-FASP 2.2.34 (block before allow); Microsoft,
"Understanding Firewall Profiles" (each adapter has its own from 6.1 on); KB2771908 (rules made with netsh have no effect on the loopback).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from winsim.registry_value import RegistryType, RegistryValue

from .environment import expand
from .firewall_rules import SYSTEM_PROGRAM, Action, Direction, Rule, Target, parse, version_of
from .model import SERVICES, SYSTEM, AdapterSpec, Category, MachineSpec
from .processes import Process
from .registry import Registry
from .sockets import LOOPBACK, LOOPBACK_V6, WILDCARD, WILDCARD_V6

SERVICE = "MpsSvc"
NEEDED = ("BFE", SERVICE)
"""Services without which nothing is filtered."""

LOCAL = rf"{SERVICES}\SharedAccess\Parameters\FirewallPolicy"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"
LOCAL_RULES, POLICY_RULES = rf"{LOCAL}\FirewallRules", rf"{POLICY}\FirewallRules"

LOCAL_PROFILES = {Category.DOMAIN: "DomainProfile", Category.PRIVATE: "StandardProfile", Category.PUBLIC: "PublicProfile"}
POLICY_PROFILES = {Category.DOMAIN: "DomainProfile", Category.PRIVATE: "PrivateProfile", Category.PUBLIC: "PublicProfile"}
OLD_PROFILE = "StandardProfile"
"""What the policy has for private and public networks where it has neither of their keys (MS-GPFAS 2.2.3)."""

STRICTNESS = (Category.DOMAIN, Category.PRIVATE, Category.PUBLIC)
SEVERAL_PROFILES_SINCE = (6, 1)
"""Windows Vista has one profile for all adapters, the strictest (M. Tulloch, "Windows 7 Multiple Active Firewall Profiles")."""

FIRST_VERSION = "2.0"


@dataclass(frozen=True, slots=True)
class Settings:
    """What counts in one profile.

    Attributes:
        stealth: a port without a listener answers nothing; on unless `DisableStealthMode` is 1 (KB 2586744).
    """

    enabled: bool
    local_rules: bool
    stealth: bool


class Firewall:
    """The rules and settings in force since the service last read them."""

    def __init__(self, spec: MachineSpec, registry: Registry, adapters: Callable[[], Sequence[AdapterSpec]]) -> None:
        """Read nothing yet: the service does so when it starts."""
        self._spec = spec
        self._adapters = adapters
        self.version_of_rules = 0
        self._registry = registry
        self._settings: dict[Category, Settings] = {}
        self._local: dict[str, Rule] = {}
        self._policy: dict[str, Rule] = {}
        self._made = 0

    @property
    def version(self) -> str:
        """The version of the rules that came with this Windows."""
        values = self._spec.registry.get(LOCAL_RULES, {}).values()
        found = [version_of(value.data) for value in values if isinstance(value.data, str)]
        # Rules of older versions are among them.
        return max((version for version in found if version is not None), key=_numbers, default=FIRST_VERSION)

    def read(self) -> None:
        """Read everything, as the service does when it starts."""
        self.version_of_rules += 1
        self._settings = {profile: self._read_settings(profile) for profile in Category}
        self._local = self._read_rules(LOCAL_RULES)
        self._policy = self._read_rules(POLICY_RULES)

    def stored(self) -> dict[str, Rule]:
        """Return the local rules that the registry holds now, by name of their value; what is no rule is left out."""
        return self._read_rules(LOCAL_RULES)

    def heed(self, value_name: str) -> None:
        """Take one local rule as the registry holds it now, or forget it where it is gone."""
        self.version_of_rules += 1
        value = self._registry.value(LOCAL_RULES, value_name)
        rule = None if value is None else _rule(value)
        if rule is None:
            self._local.pop(value_name, None)
        else:
            self._local[value_name] = rule

    def new_name(self) -> str:
        """Return a name for the value of a new rule: the same ones on every host of this computer name."""
        self._made += 1
        return f"{{{str(uuid.uuid5(uuid.NAMESPACE_DNS, f'{self._spec.windows.computer}.{self._made}')).upper()}}}"

    def drops(self, address: str, target: Callable[[], Target]) -> bool:
        """Tell whether packets from outside to a socket are dropped, on every adapter that they could come in by.

        Args:
            target: asked only where a rule could matter.
        """
        if address in (LOOPBACK, LOOPBACK_V6):
            return False
        profiles = self._profiles(address)
        rules = {profile: self._blocking(profile) for profile in profiles}
        if not profiles or not all(rules.values()):
            return False
        wanted = target()
        directory = self._spec.windows.directory
        return all(any(rule.matches(wanted, expand(rule.program, directory)) for rule in rules[profile]) for profile in profiles)

    def stealthy(self) -> bool:
        """Tell whether a port without a listener answers nothing, on every adapter that packets could come in by.

        It is on wherever the firewall is on (Microsoft, "Stealth Mode in Windows Firewall with Advanced Security").
        """
        found = [self._settings.get(profile) for profile in self._profiles(WILDCARD)]
        return bool(found) and all(settings is not None and settings.enabled and settings.stealth for settings in found)

    def _blocking(self, profile: Category) -> list[Rule]:
        """Return the block rules that count in a profile; one of them is enough, whatever others allow."""
        settings = self._settings.get(profile)
        if settings is None or not settings.enabled:
            return []
        rules = [*self._policy.values(), *(self._local.values() if settings.local_rules else ())]
        return [
            rule
            for rule in rules
            if rule.active and rule.direction is Direction.IN and rule.action is Action.BLOCK and rule.in_profile(profile)
        ]

    def _profiles(self, address: str) -> set[Category]:
        """Return the profiles of the adapters behind an address."""
        connected = [adapter for adapter in self._adapters() if adapter.connected]
        version = tuple(int(part) for part in self._spec.windows.version.split(".")[:2])
        if version < SEVERAL_PROFILES_SINCE:
            known = {self._spec.category(adapter) for adapter in connected}
            return {max(known, key=STRICTNESS.index)} if known else set()
        bound = [adapter for adapter in connected if address in (WILDCARD, WILDCARD_V6) or address in (*adapter.addresses, *adapter.ipv6)]
        return {self._spec.category(adapter) for adapter in bound}

    def _read_settings(self, profile: Category) -> Settings:
        key = rf"{POLICY}\{POLICY_PROFILES[profile]}"
        own = [rf"{POLICY}\{POLICY_PROFILES[other]}" for other in (Category.PRIVATE, Category.PUBLIC)]
        old = profile is not Category.DOMAIN and not any(self._registry.exists(path) for path in own)
        policy, local = rf"{POLICY}\{OLD_PROFILE}" if old else key, rf"{LOCAL}\{LOCAL_PROFILES[profile]}"

        def setting(name: str) -> int | None:
            found = self._registry.number(policy, name)
            return self._registry.number(local, name) if found is None else found

        return Settings(
            # Without a value the firewall is on (from memory).
            enabled=setting("EnableFirewall") != 0,
            local_rules=self._registry.number(key, "AllowLocalPolicyMerge") != 0,
            stealth=setting("DisableStealthMode") != 1,
        )

    def _read_rules(self, key: str) -> dict[str, Rule]:
        values = self._registry.values(key) or {}
        read = {name: _rule(value) for name, value in values.items()}
        return {name: rule for name, rule in read.items() if rule is not None}


def program_of(process: Process | None, directory: str) -> str:
    """Return the image of a process with its path: the kernel's is `System`, and what names no folder is in System32."""
    if process is None or process.id == SYSTEM:
        return SYSTEM_PROGRAM
    found = re.match(r'"?([^"]*?\.exe)', process.command, re.IGNORECASE)
    image = found[1] if found else process.name
    return image if "\\" in image else rf"{directory}\System32\{image}"


def _rule(value: RegistryValue) -> Rule | None:
    if value.type is not RegistryType.SZ or not isinstance(value.data, str):
        return None
    try:
        return parse(value.data)
    except ValueError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
