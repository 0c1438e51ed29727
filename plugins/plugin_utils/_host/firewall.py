# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The host's own firewall: our rules in it, and whether an inbound block rule of the local store is in force.

Read from the registry, never from the text of `netsh … show`. A rule's value has a name that the firewall makes up, so
that our own names are kept beside the run's record; that the record lacks one does no harm: rules go by their name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, ClassMissing, MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import Firewall, fields_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import STANDARD_CIMV2, Reader, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, SERVICES_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .host import Host
from .settings import Setting, read_setting

# Microsoft, Windows Firewall with Advanced Security: block rules for a port exist from Windows Vista on.
SINCE = NtVersion(6, 0)
LOCAL = rf"{SERVICES_KEY}\SharedAccess\Parameters\FirewallPolicy"
RULES = rf"{LOCAL}\FirewallRules"
# MS-GPFAS 2.2.3: what a policy says of a profile. StandardProfile is what policies made for Windows XP say.
POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
OLD_POLICY = "StandardProfile"
RECORD = Setting(OUR_KEY, "FilterRules", RegistryType.MULTI_SZ)
SERVICES = ("BFE", "MpsSvc")
# Of rules that appeared while ours were added so many are looked at.
MOST_NEW_RULES = 100


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of the firewall and its names in the two stores."""

    name: str
    policy: str
    local: str


DOMAIN = Profile("domain", "DomainProfile", "DomainProfile")
PRIVATE = Profile("private", "PrivateProfile", "StandardProfile")
PUBLIC = Profile("public", "PublicProfile", "PublicProfile")
# Microsoft, MSFT_NetConnectionProfile: NetworkCategory.
CATEGORIES = {0: PUBLIC, 1: PRIVATE, 2: DOMAIN}


def read_firewall(reader: Reader, host: Host, *, wanted: bool) -> Firewall | None:
    """Read our rules, and where there are any or some are wanted also whether they are in force; None before Windows Vista."""
    if host.windows.nt < SINCE:
        return None
    # What else of our record is there has to be known as well, so that a host without rules is asked but once.
    recorded = RECORD.name in (reader.value_types(RECORD.key) or {})
    names = names_from(read_setting(reader, RECORD)) if recorded else {}
    if not names and not wanted:
        return Firewall()
    texts = {}
    for rule, value_name in names.items():
        value = read_setting(reader, Setting(RULES, value_name, RegistryType.SZ)) if value_name else None
        if value is not None and fields_of(str(value.data)).get("Name") == rule:
            texts[rule] = str(value.data)
    known = frozenset(reader.value_types(RULES) or {}) if wanted else frozenset[str]()
    return Firewall(names, texts, tuple(unmet(reader, host)), known)


def unmet(reader: Reader, host: Host) -> Iterable[str]:
    """Yield every reason why an inbound block rule of the local store is not in force."""
    for name in SERVICES:
        service = host.services.get(name.lower())
        if service is None:
            yield f"there is no service {name}"
        elif service.state != "Running":
            yield f"the service {name} is not running"
        elif service.start_mode in (StartMode.DISABLED, StartMode.MANUAL):
            yield f"the service {name} will not start at the next boot"
    policies = {name.lower() for name in reader.subkeys(POLICY) or ()}
    for profile in profiles_in_use(reader, host):
        yield from _unmet_by(profile, policies, reader)


def _unmet_by(profile: Profile, policies: set[str], reader: Reader) -> Iterable[str]:
    by_policy = _number(reader, rf"{POLICY}\{profile.policy}", "EnableFirewall") if profile.policy.lower() in policies else None
    # MS-GPFAS 2.2.3: only where a policy has none of their own keys do the private and the public profile follow the old one.
    old = profile is not DOMAIN and policies.isdisjoint({PRIVATE.policy.lower(), PUBLIC.policy.lower()})
    if old and OLD_POLICY.lower() in policies:
        by_policy = _number(reader, rf"{POLICY}\{OLD_POLICY}", "EnableFirewall")
    local = _number(reader, rf"{LOCAL}\{profile.local}", "EnableFirewall") if by_policy is None else None
    if by_policy is not None and by_policy != 1:
        yield f"a policy turns the firewall off for the {profile.name} profile, which is in use"
    elif by_policy is None and local != 1:
        yield f"the firewall is off for the {profile.name} profile, which is in use"
    if profile.policy.lower() in policies and _number(reader, rf"{POLICY}\{profile.policy}", "AllowLocalPolicyMerge") == 0:
        yield f"a policy makes Windows ignore local rules in the {profile.name} profile, which is in use (AllowLocalPolicyMerge is 0)"


def _number(reader: Reader, key: str, name: str) -> int | None:
    value = read_setting(reader, Setting(key, name, RegistryType.DWORD))
    return value.data if value is not None and isinstance(value.data, int) else None


def profiles_in_use(reader: Reader, host: Host) -> tuple[Profile, ...]:
    """Return the profiles of all connected interfaces; all of them where the host does not say (before 6.2, or refused).

    An interface that has an address and no row is not identified, and counts as public (Microsoft, Network Location Awareness).
    """
    try:
        rows = reader.query("MSFT_NetConnectionProfile", ("NetworkCategory",), namespace=STANDARD_CIMV2)
    except (AccessDenied, ClassMissing, MethodFailed):
        rows = ()
    categories = {row.number("NetworkCategory") for row in rows}
    if not rows or not categories <= set(CATEGORIES):
        return tuple(CATEGORIES.values())
    unidentified = len(rows) < sum(adapter.ip_enabled for adapter in host.adapters)
    return tuple(profile for number, profile in CATEGORIES.items() if number in categories or (unidentified and profile is PUBLIC))


def names_from(value: RegistryValue | None) -> dict[str, str]:
    """Read our record of rules: a line of JSON each. What is not ours is left out."""
    lines = value.data if value is not None and isinstance(value.data, tuple) else ()
    found = {}
    for line in lines:
        try:
            entry = json.loads(line)
            rule, name = entry["rule"], entry["value"]
        except (KeyError, RecursionError, TypeError, ValueError):
            continue
        if isinstance(rule, str) and isinstance(name, str) and rule.startswith(PREFIX):
            found[rule] = name
    return found


PREFIX = "netmin.windows "
"""How the names of our rules begin; nothing else is ever deleted."""


def to_value(names: Mapping[str, str]) -> RegistryValue | None:
    """Write our record of rules; None where there is none left."""
    lines = (json.dumps({"rule": rule, "value": name}, separators=(", ", ": ")) for rule, name in sorted(names.items()))
    return RegistryValue.texts(tuple(lines)) if names else None


def locate(reader: Reader, wanted: Iterable[str], before: Firewall) -> dict[str, str]:
    """Find the value names of rules that were added since, and of those from before that are still there."""
    there = reader.value_types(RULES) or {}
    names = {rule: name for rule, name in before.names.items() if name in there}
    missing = set(wanted)
    for name in [name for name in there if name not in before.known][:MOST_NEW_RULES]:
        value = read_setting(reader, Setting(RULES, name, RegistryType.SZ))
        rule = fields_of(str(value.data)).get("Name", "") if value is not None else ""
        if rule in missing:
            names[rule] = name
            missing.discard(rule)
    return names
