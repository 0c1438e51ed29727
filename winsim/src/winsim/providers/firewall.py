# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MSFT_NetFirewallRule in root/StandardCimv2, which Windows 8 and Server 2012 brought: the local rules that the registry holds.

Source: Microsoft, "MSFT_NetFirewallRule class" (properties and their values). From memory: that rows without a policy store in the
context are those of the PersistentStore, that an InstanceID is the name of the rule's value, how a CreationClassName is made up, what
StatusCode says of a rule that could be read, and that the class fails where the firewall's service does not run. A DisplayName that is a
reference to a resource (`@FirewallAPI.dll,-28502`) is shown as it stands, where Windows shows the text. The class has no methods here.
"""

from __future__ import annotations

from collections.abc import Iterator

from winsim.host.firewall import LOCAL_RULES, SERVICE
from winsim.host.firewall_rules import Action, Direction, Rule
from winsim.host.machine import Machine
from winsim.host.model import Category
from winsim.seams import Instance, Problem, WmiError

from .cim import STANDARD_CIMV2, CimClass
from .endpoints import SINCE

PROPERTIES = (
    "Action", "Caption", "CommonName", "ConditionListType", "CreationClassName", "Description", "Direction", "DisplayGroup", "DisplayName",
    "EdgeTraversalPolicy", "ElementName", "Enabled", "EnforcementStatus", "ExecutionStrategy", "InstanceID", "LocalOnlyMapping",
    "LooseSourceMapping", "Mandatory", "Owner", "Platforms", "PolicyDecisionStrategy", "PolicyKeywords", "PolicyRoles", "PolicyRuleName",
    "PolicyStoreSource", "PolicyStoreSourceType", "PrimaryStatus", "Priority", "Profiles", "RuleGroup", "RuleUsage", "SequencedActions",
    "Status", "StatusCode", "SystemCreationClassName", "SystemName",
)  # fmt: skip
ARRAYS = frozenset({"EnforcementStatus", "Platforms", "PolicyKeywords", "PolicyRoles"})
ACTIONS = {Action.ALLOW: 2, Action.BYPASS: 3, Action.BLOCK: 4}
DIRECTIONS = {Direction.IN: 1, Direction.OUT: 2}
PROFILES = {Category.DOMAIN: 1, Category.PRIVATE: 2, Category.PUBLIC: 4}
ENABLED, NOT_ENABLED = 1, 2
GROUP = "EmbedCtxt="
PARSED = 65536


def _rules(host: Machine) -> Iterator[Instance]:
    service = host.services.find(SERVICE)
    if service is None or not service.running:
        raise WmiError(Problem.FAILED, f"{SERVICE} does not run")
    texts = host.registry.values(LOCAL_RULES) or {}
    for name, rule in host.firewall.stored().items():
        fields = str(texts[name].data).split("|")
        group = next((field.removeprefix(GROUP) for field in fields if field.startswith(GROUP)), None)
        yield _row(name, rule, group)


def _row(name: str, rule: Rule, group: str | None) -> Instance:
    return RULE.instance(
        {
            "Action": ACTIONS[rule.action],
            "CreationClassName": f"MSFT|FW|FirewallRule|{name}",
            "Description": rule.description or None,
            "Direction": DIRECTIONS[rule.direction],
            "DisplayGroup": group,
            "DisplayName": rule.name,
            "EdgeTraversalPolicy": 0,
            "ElementName": rule.name,
            "Enabled": ENABLED if rule.active else NOT_ENABLED,
            "InstanceID": name,
            "LocalOnlyMapping": False,
            "LooseSourceMapping": False,
            "PolicyRuleName": "",
            "PolicyStoreSource": "PersistentStore",
            "PolicyStoreSourceType": 1,
            "PrimaryStatus": 1,
            "Profiles": sum(PROFILES[profile] for profile in rule.profiles),
            "RuleGroup": group,
            "Status": "The rule was parsed successfully from the store.",
            "StatusCode": PARSED,
            "SystemCreationClassName": "",
            "SystemName": "",
        }
    )


RULE = CimClass("MSFT_NetFirewallRule", STANDARD_CIMV2, ("InstanceID",), PROPERTIES, ARRAYS, since=SINCE, instances=_rules)

CLASSES = (RULE,)
