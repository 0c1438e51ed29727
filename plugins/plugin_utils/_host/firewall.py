# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The host's own firewall: our rules in it, and whether an inbound block rule of the local store is in force.

Read from the registry, never from the text of `netsh … show`. A rule's value has a name that the firewall makes up, so
that our own names are kept beside the run's record; that the record lacks one does no harm: rules go by their name.

The store of local rules may hold tens of thousands, and the names of a key's values have to fit into one answer. So it is never listed:
a rule that was just added is looked for by its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.answers import understood
from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import is_quotable
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AccessDenied,
    ClassMissing,
    Fault,
    MethodFailed,
    ProtocolError,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import Firewall, fields_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import STANDARD_CIMV2, Reader, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, SERVICES_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .host import Host
from .settings import Setting, read_setting
from .start import not_at_boot

# Microsoft, Windows Firewall with Advanced Security: block rules for a port exist from Windows Vista on.
SINCE = NtVersion(6, 0)
LOCAL = rf"{SERVICES_KEY}\SharedAccess\Parameters\FirewallPolicy"
RULES = rf"{LOCAL}\FirewallRules"
# MS-GPFAS 2.2.3: what a policy says of a profile. StandardProfile is what policies made for Windows XP say.
POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
OLD_POLICY = "StandardProfile"
RECORD = Setting(OUR_KEY, "FilterRules", RegistryType.MULTI_SZ)
SERVICES = ("BFE", "MpsSvc")
# Microsoft, MSFT_NetFirewallRule: in root/StandardCimv2 since Windows 8 and Server 2012.
RULE_CLASS, RULE_CLASS_SINCE = "MSFT_NetFirewallRule", NtVersion(6, 2)
# In listings that people have published InstanceID is the name of the registry value, and ElementName what the value says as Name
# (`@FirewallAPI.dll,-32761`), of which DisplayName is the text in the host's language.
VALUE_NAME, RULE_NAME = "InstanceID", "ElementName"
# Of several rules that a search finds so many more are looked at than are looked for.
MOST_MORE = 100
# Microsoft, reg query: 0 is found, 1 is not found or failed.
FOUND, NOT_FOUND = 0, 1
# A row of `reg query`: name, type and data with blanks between. Its last line is in the language of the host.
_ROW = re.compile(r"^[ \t]+(.+?)[ \t]+REG_SZ(?:[ \t]+(.*?))?\r?$", re.MULTILINE)


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
    names = names_from(_recorded(reader))
    if not names and not wanted:
        return Firewall()
    texts = {}
    for rule, value_name in names.items():
        value = read_setting(reader, Setting(RULES, value_name, RegistryType.SZ)) if value_name else None
        if value is not None and fields_of(str(value.data)).get("Name") == rule:
            texts[rule] = str(value.data)
    reasons = tuple(unmet(reader, host))
    return Firewall(names, texts, reasons, blind(reader, host.windows.nt) if wanted and not reasons else "")


def _recorded(reader: Reader) -> RegistryValue | None:
    """Return what our record says of rules; of a key that holds more than the host lists it is asked for by its name."""
    try:
        # What else of our record is there has to be known as well, so that a host without rules is asked but once.
        there = RECORD.name in (reader.value_types(RECORD.key) or {})
    except (Fault, MethodFailed, ProtocolError):
        return reader.value(RECORD.key, RECORD.name, RECORD.type)
    return read_setting(reader, RECORD) if there else None


def blind(reader: Reader, nt: NtVersion) -> str:
    """Say why a rule that was added could not be found by its name; empty where it could."""
    try:
        find(reader, nt, (f"{PREFIX}tcp/135",))
    except (Fault, MethodFailed, ProtocolError) as error:
        return f"a rule could not be found again once it is added: {_how(nt)} failed ({error}); see to it that this works, and run again"
    return ""


def _how(nt: NtVersion) -> str:
    return f"the query of {RULE_CLASS} by WMI" if nt >= RULE_CLASS_SINCE else "'reg query' in a command shell"


def find(reader: Reader, nt: NtVersion, rules: Collection[str]) -> dict[str, str]:
    """Return the value names of those rules that are there.

    Raises:
        HostError: the host cannot be asked for them.
    """
    if not rules:
        return {}
    names = _by_query(reader, rules) if nt >= RULE_CLASS_SINCE else _by_command(reader, rules)
    found: dict[str, str] = {}
    wanted = set(rules)
    for name in names[: len(rules) + MOST_MORE]:
        rule = _text_of(reader, name).get("Name", "")
        if rule in wanted:
            found[rule] = name
            wanted.remove(rule)
        if not wanted:
            break
    return found


def _by_query(reader: Reader, rules: Collection[str]) -> list[str]:
    where = Where(RULE_NAME, tuple(sorted(rules)))
    rows = reader.query(RULE_CLASS, (VALUE_NAME, RULE_NAME), where=where, namespace=STANDARD_CIMV2)
    with understood(reader.host, f"query of {RULE_CLASS}"):
        return [name for row in reversed(rows) if (name := row.text(VALUE_NAME))]


def _by_command(reader: Reader, rules: Collection[str]) -> list[str]:
    """Search the data of all rules in a command shell; one search finds all of ours, whose names begin alike."""
    output = reader.command(*SEARCH)
    if output.exit_code not in (FOUND, NOT_FOUND):
        said = " ".join(output.stderr.split())[:200]
        message = f"reg query at {reader.host}: the command failed with exit code {output.exit_code}{f': {said}' if said else ''}"
        raise MethodFailed(message, host=reader.host, return_value=output.exit_code & 0xFFFFFFFF)
    return found_in(output.stdout, rules) if output.exit_code == FOUND else []


def found_in(text: str, rules: Collection[str]) -> list[str]:
    """Return the names of the values that a search of the registry shows.

    Those come first whose row says one of the rules' names, then the newest: a key holds its values in the order in which they were
    made (from memory). A row is text in the host's code page, and may say a name in another way.
    """
    newest_first = _ROW.findall(text)[::-1]
    return [name for name, _data in sorted(newest_first, key=lambda row: fields_of(row[1]).get("Name") not in rules)]


def _text_of(reader: Reader, value_name: str) -> dict[str, str]:
    """Return what a rule says, by the name of its value; nothing where it is gone."""
    value = read_setting(reader, Setting(RULES, value_name, RegistryType.SZ))
    return fields_of(str(value.data)) if value is not None else {}


def unmet(reader: Reader, host: Host) -> Iterable[str]:
    """Yield every reason why an inbound block rule of the local store is not in force."""
    for name in SERVICES:
        service = host.services.get(name)
        if service is None:
            yield f"there is no service {name}"
        elif service.state != "Running":
            yield f"the service {name} is not running"
        elif not_at_boot(name, reader, host.services, host.dependents, host.requires):
            yield f"the service {name} will not start at the next boot"
    policies = Names(reader.subkeys(POLICY) or ())
    for profile in profiles_in_use(reader, host):
        yield from _unmet_by(profile, policies, reader)


def _unmet_by(profile: Profile, policies: Names, reader: Reader) -> Iterable[str]:
    by_policy = _number(reader, rf"{POLICY}\{profile.policy}", "EnableFirewall") if profile.policy in policies else None
    # MS-GPFAS 2.2.3: only where a policy has none of their own keys do the private and the public profile follow the old one.
    old = profile is not DOMAIN and policies.isdisjoint((PRIVATE.policy, PUBLIC.policy))
    if old and OLD_POLICY in policies:
        by_policy = _number(reader, rf"{POLICY}\{OLD_POLICY}", "EnableFirewall")
    local = _number(reader, rf"{LOCAL}\{profile.local}", "EnableFirewall") if by_policy is None else None
    if by_policy is not None and by_policy != 1:
        yield f"a policy turns the firewall off for the {profile.name} profile, which is in use"
    elif by_policy is None and local != 1:
        yield f"the firewall is off for the {profile.name} profile, which is in use"
    if profile.policy in policies and _number(reader, rf"{POLICY}\{profile.policy}", "AllowLocalPolicyMerge") == 0:
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
    with understood(reader.host, "query of MSFT_NetConnectionProfile"):
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
        if isinstance(rule, str) and isinstance(name, str) and is_ours(rule):
            found[rule] = name
    return found


PREFIX = "netmin.windows "
"""How the names of our rules begin; nothing else is ever deleted."""


def is_ours(name: str) -> bool:
    """Tell whether a rule of ours can have a name: one that fits into the text of a rule and on a command line."""
    return name.startswith(PREFIX) and "|" not in name and is_quotable(name)


# `/f` finds a text anywhere in the data, upper or lower case, and `/d` looks at the data alone (Microsoft, reg query; since 6.0).
SEARCH = ("reg", "query", f'"HKLM\\{RULES}"', "/f", f'"Name={PREFIX}"', "/d")


def to_value(names: Mapping[str, str]) -> RegistryValue | None:
    """Write our record of rules; None where there is none left."""
    lines = (json.dumps({"rule": rule, "value": name}, separators=(", ", ": ")) for rule, name in sorted(names.items()))
    return RegistryValue.texts(tuple(lines)) if names else None


def locate(reader: Reader, nt: NtVersion, before: Firewall, *, added: Collection[str], gone: Collection[str]) -> dict[str, str]:
    """Return the value names of our rules after a run.

    Args:
        added: rules that it added.
        gone: those that it deleted for certain.

    Raises:
        HostError: the host cannot be asked for them.
    """
    names = {rule: name for rule, name in before.names.items() if rule not in added and rule not in gone}
    still = {rule: name for rule, name in names.items() if not name or _text_of(reader, name).get("Name") == rule}
    return {**still, **find(reader, nt, added)}
