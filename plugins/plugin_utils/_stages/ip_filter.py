# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: let the host's own firewall drop what comes in for listeners that cannot be closed.

From Windows Vista on (Microsoft, Netsh Commands for Windows Firewall with Advanced Security); before, Windows can only list
exceptions to "everything" and cannot drop a single port, so that nothing is written there. A rule is exact: a fixed port, or
the dynamic RPC ports of one program or service. The management path is never in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import is_quotable
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import PORT, RPC, SYSTEM_ROOT, FilterRule, Firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import FEW
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import ProductType, Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import PREFIX, SINCE, is_ours
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import WINRM, Explained, management_ports
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Settings
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port, Recipe
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged

from .dcom_protocols import MAPPED_PROTOCOLS
from .future import Future
from .never import no_new_rule
from .part import Bar, Claim, Need, Part
from .stage import Choice, Kept, Residue, Situation, Stage

NAME = "ip_filter"
BEFORE_VISTA = "this Windows cannot drop a single port; use an IPsec policy or a firewall in front of the host"
DROP = "drop its inbound traffic with the stage ip_filter"
CONTROLLER = "this is a domain controller: the domain needs the ports that would be dropped"
SVCHOST = rf"{SYSTEM_ROOT}\System32\svchost.exe"
PROGRAM = re.compile(r'"?([^"]+?\.exe)"?(?:\s|$)', re.IGNORECASE)
# Programs of Windows itself that hold RPC ports without being a service (KB 832017; rules of a default install name them).
SYSTEM_PROGRAMS = ("lsass.exe", "services.exe", "wininit.exe")
# What the name of a rule says after the prefix: a fixed port, or the owner of dynamic RPC ports.
NAMED = re.compile(rf"(tcp|udp)/({PORT})|tcp/rpc (.+)")
NOT_EXACT = "its port changes at each start, and only the port tells it from other listeners"
UNWRITABLE = "its name or program cannot be written in a firewall rule"
# A rule of ours drops one port, and takes four requests. An owner that has more ports wants a rule for its program.
MOST_RULES = 64
NOT_THERE = "nothing listens there now, but the listener may come back"
NOT_FOR_GOOD = "the listener closes but may come back"


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted.

    Attributes:
        drop: False removes all our rules; None leaves them alone.
        unknown: also listeners that no recipe knows.
    """

    drop: bool | None = None
    unknown: bool = False


def advice(windows: Windows) -> str:
    """Say what an administrator can do about a listener that cannot be closed."""
    if windows.nt < SINCE:
        return BEFORE_VISTA
    return f"{CONTROLLER}; use a firewall in front of the host" if windows.product is ProductType.DOMAIN_CONTROLLER else DROP


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """What is planned from: what the other stages of a run make of a host, and leave open.

    Attributes:
        residue: what stays open.
        returning: the same, were any service that is stopped and left to demand started again.
        listed: every endpoint that was found.
        future: the host after the other stages.
        kept: what is to stay reachable.
        path: what the session goes through; None where it was not checked.
    """

    host: Host
    knowledge: Knowledge
    residue: tuple[Residue, ...]
    returning: tuple[Residue, ...]
    listed: tuple[Explained, ...]
    future: Future
    kept: Kept
    path: ManagementPath | None


def desired(options: Mapping[str, Any]) -> Desired:
    """Read the stage's options."""
    word = options.get("residue")
    return Desired(None if word is None else word == "drop", bool(options.get("unknown")))


def default(_choices: tuple[Choice, ...]) -> Desired:
    """Leave the firewall alone: it is no way to close a listener."""
    return Desired()


def read(_reader: Reader, _host: Host, _knowledge: Knowledge) -> Settings:
    """Nothing: the firewall is read with the host, and in full only where it is needed."""
    return {}


def stops(_wanted: Desired, _host: Host, _knowledge: Knowledge) -> tuple[str, ...]:
    """Stop nothing."""
    return ()


def rules_of(subject: Explained, host: Host) -> tuple[FilterRule, ...]:
    """Return the rules that drop exactly what comes in for a listener; none where no rule would be exact."""
    row = subject.endpoint
    if not subject.dynamic:
        return (FilterRule(f"{PREFIX}{row.name}", row.protocol, str(row.port)),)
    if not _is_rpc(subject):
        return ()
    found = [_rule_of(owner, host) for owner in subject.owners]
    return tuple(rule for rule in found if rule is not None) if None not in found else ()


def _is_rpc(subject: Explained) -> bool:
    """Tell whether a dynamic port is one of RPC servers, whichever of its owners has it."""
    return subject.endpoint.protocol is Protocol.TCP and bool(subject.owners) and all(Port.RPC in kinds for kinds in subject.kinds)


def _rule_of(owner: str, host: Host) -> FilterRule | None:
    """Return the rule for the RPC ports of one owner: of the service where it shares a program with others, else of the program."""
    name = f"{PREFIX}tcp/rpc {owner}"
    service = host.services.get(owner)
    if service is None:
        known = owner.lower() in SYSTEM_PROGRAMS
        return FilterRule(name, Protocol.TCP, RPC, program=rf"{SYSTEM_ROOT}\System32\{owner.lower()}") if known else None
    found = PROGRAM.match(service.path)
    if found is None or not is_ours(name) or "|" in found[1] or not is_quotable(found[1].replace("%", "")):
        return None
    program = found[1].lower()
    if program.endswith(r"\system32\svchost.exe"):
        return FilterRule(name, Protocol.TCP, RPC, program=SVCHOST, service=service.name)
    program = program.replace(SYSTEM_ROOT.lower(), SYSTEM_ROOT)
    return FilterRule(name, Protocol.TCP, RPC, program=program) if "%" not in program.removeprefix(SYSTEM_ROOT) else None


def claims(_wanted: Desired) -> tuple[Claim, ...]:
    """Name nothing: what is kept is no residue."""
    return ()


def plan(_wanted: Desired, _actual: Settings, _situation: Situation) -> tuple[Part, ...]:
    """Close nothing: which rules are needed is known once the other stages have planned."""
    return ()


def plan_rules(wanted: Desired, situation: LeftOpen) -> tuple[Part, ...]:
    """Compare the rules that the residue needs with those that are there, a part for each rule."""
    host = situation.host
    if wanted.drop is None:
        return ()
    if host.windows.nt < SINCE or host.firewall is None:
        return (_left("residue", Reason.DOES_NOT_WORK, BEFORE_VISTA),) if wanted.drop else ()
    if not wanted.drop:
        return (_settled(_removal(host.firewall.names, host.firewall)),)
    if host.windows.product is ProductType.DOMAIN_CONTROLLER:
        return (Part(stage=NAME, targets=("residue",), chosen=True, barrier=Bar(Reason.NEVER, CONTROLLER)),)
    if host.firewall.unmet:
        return (_left("residue", Reason.NOT_IN_FORCE, "; ".join(host.firewall.unmet)),)
    return _compare(wanted, situation, host.firewall)


def _compare(wanted: Desired, situation: LeftOpen, firewall: Firewall) -> tuple[Part, ...]:
    rules: dict[FilterRule, list[Residue]] = {}
    left: dict[tuple[str, Reason, str], dict[str, None]] = {}
    crowded = _crowded(situation.residue)
    for item in situation.residue:
        why_not = _passed_over(item, wanted, situation) or crowded.get(item.subject.owners)
        if why_not is not None:
            left.setdefault((item.subject.owner, *why_not), {})[_label(item)] = None
            continue
        for rule in rules_of(item.subject, situation.host):
            rules.setdefault(rule, []).append(item)
    lasting = _lasting(set(firewall.names) - {rule.name for rule in rules}, wanted, situation)
    parts = [_part(rule, items, f"{items[0].subject.owner}: {items[0].why}", situation, firewall) for rule, items in rules.items()]
    for rule, (items, why) in lasting.items():
        part = _part(rule, items, f"{rule.name.removeprefix(PREFIX)}: {why}", situation, firewall)
        parts.append(part if part.plan.changes else replace(part, plan=_there(rule, why)))
    needless = set(firewall.names) - {rule.name for rule in (*rules, *lasting)}
    return (*parts, *_all_left(left), _settled(_removal(needless, firewall)))


def _crowded(residue: Sequence[Residue]) -> dict[tuple[str, ...], tuple[Reason, str]]:
    """Return the owners that hold more fixed ports than there may be rules for, each with what is said of it."""
    ports: dict[tuple[str, ...], set[str]] = {}
    for item in residue:
        if not item.subject.dynamic:
            ports.setdefault(item.subject.owners, set()).add(item.subject.endpoint.name)
    return {
        owners: (Reason.NOT_EXACT, f"it has {len(found)} ports, and a rule of this stage drops one: add one rule for its program yourself")
        for owners, found in ports.items()
        if len(found) > MOST_RULES
    }


def _all_left(left: Mapping[tuple[str, Reason, str], Iterable[str]]) -> Iterable[Part]:
    """Say what gets no rule; very many ports of one owner in one line."""
    for (owner, reason, why), labels in left.items():
        listed = tuple(labels)
        named = listed if len(listed) <= FEW else (f"{len(listed)} ports ({owner})",)
        yield from (_left(label, reason, why) for label in named)


def _settled(plan_: Plan) -> Part:
    """Return a part that no gate is about."""
    return Part(stage=NAME, targets=("residue",), chosen=True, plan=plan_)


def _left(target: str, reason: Reason, why: str) -> Part:
    return _settled(Plan(unchanged=(Unchanged(NAME, target, reason, why),)))


def _label(item: Residue) -> str:
    return f"{item.subject.endpoint.name} ({item.subject.owner})"


def _there(rule: FilterRule, why: str = "") -> Plan:
    return Plan(unchanged=(Unchanged(NAME, f"inbound rule {rule.name}", Reason.AS_DESIRED, why),))


def _part(rule: FilterRule, items: Sequence[Residue], why: str, situation: LeftOpen, firewall: Firewall) -> Part:
    """Say what a rule is for: every listener that it would drop, whether or not it was meant."""
    unsafe = no_new_rule(situation.path) if not firewall.has(rule) else ""
    unsaid = firewall.blind if not firewall.has(rule) else ""
    changes = tuple(_to_be(rule, why, firewall))
    dropped = [other for other in situation.listed if any(_shares(item.subject, other) for item in items)]
    found = _found_through(dropped, situation)
    known = {recipe.id: recipe for other in dropped if (recipe := _recipe_of(other, situation)) is not None}
    return Part(
        stage=NAME,
        targets=tuple(dict.fromkeys(map(_label, items))) if items and not unsafe else (f"inbound rule {rule.name}",),
        plan=Plan(changes) if changes else _there(rule),
        otherwise=Plan() if unsafe or unsaid else _removal({rule.name} & set(firewall.names), firewall),
        recipes=tuple(dict.fromkeys((*known, *(other.recipe for other in found if other.recipe is not None)))),
        endpoints=tuple(dropped),
        found=found,
        chosen=True,
        needs=tuple(need for recipe in known.values() for need in _needs(recipe, situation)),
        barrier=Bar(Reason.NEVER, unsafe) if unsafe else Bar(Reason.NOT_FOUND, unsaid) if unsaid else None,
    )


def _found_through(dropped: Iterable[Explained], situation: LeftOpen) -> tuple[Explained, ...]:
    """Return the RPC servers whose ports clients ask the endpoint mapper for, where that is dropped (MS-RPCE 2.1.1.1: port 135)."""
    mapped = {MAPPED_PROTOCOLS[other.recipe] for other in dropped if other.recipe in MAPPED_PROTOCOLS}
    return tuple(
        other
        for other in situation.listed
        if other.endpoint.protocol in mapped
        and other.dynamic
        and other.endpoint.scope is not Scope.LOOPBACK
        and any(Port.RPC in kinds for kinds in other.kinds)
    )


def _needs(recipe: Recipe, situation: LeftOpen) -> Iterable[Need]:
    """Return the hazard without which no method may close a recipe's listeners: dropping them breaks the same."""
    hazards = [method.hazard for method in recipe.methods_on(situation.host.windows)]
    if hazards and all(hazards):
        yield Need(hazards[0], recipe.breaks)


def _to_be(rule: FilterRule, why: str, firewall: Firewall) -> Iterable[AddFilterRule | RemoveFilterRule]:
    if firewall.has(rule):
        return
    before = firewall.texts.get(rule.name)
    if rule.name in firewall.names:
        needless = _remove(rule.name, firewall, "its content is wrong, or it is not known whether it exists")
        yield replace(needless, touches_session=True)
    why = f"it drops inbound traffic to {why}"
    # Last of all: a rule that is not what it was taken for could cut the session, and netsh may fail where the registry does not.
    yield AddFilterRule(stage=NAME, effective=Effective.NOW, why=why, touches_session=True, rank=1, rule=rule, before=before)


def _lasting(names: Iterable[str], wanted: Desired, situation: LeftOpen) -> dict[FilterRule, tuple[list[Residue], str]]:
    """Return which of our rules stay although nothing has to be dropped now, for what, and why: what they are for may come back.

    Without them a port would be open from a boot, or the start of a service, to the next run.
    """
    listed = {name for subject in situation.listed for name in _names(subject)}
    again: dict[str, tuple[FilterRule, list[Residue]]] = {}
    for item in situation.returning:
        if _passed_over(item, wanted, situation) is None:
            for rule in rules_of(item.subject, situation.host):
                again.setdefault(rule.name, (rule, []))[1].append(item)
    found: dict[FilterRule, tuple[list[Residue], str]] = {}
    for name in sorted(names):
        back, gone = again.get(name), None if name in listed else _unlisted(name, situation)
        if name in listed and back is not None:
            found[back[0]] = back[1], NOT_FOR_GOOD
        elif gone is not None:
            found[gone] = [], NOT_THERE
    return found


def _names(subject: Explained) -> tuple[str, ...]:
    """Return the names of all rules that can be about a listener; none for an endpoint that nobody else reaches."""
    row = subject.endpoint
    if row.scope is Scope.LOOPBACK:
        return ()
    if not subject.dynamic:
        return (f"{PREFIX}{row.name}",)
    return tuple(f"{PREFIX}tcp/rpc {owner}" for owner in subject.owners) if row.protocol is Protocol.TCP else ()


def _unlisted(name: str, situation: LeftOpen) -> FilterRule | None:
    """Return what a rule has to say whose listener is not there; None where nothing could open it, or it is kept."""
    said = NAMED.fullmatch(name.removeprefix(PREFIX))
    future = situation.future
    if said is None:
        return None
    protocol, port, owner = said.groups()
    if owner is not None:
        needed = _rpc_returns(owner, situation, future)
        rule = _rule_of(owner, situation.host)
    else:
        needed = _port_returns(Protocol(protocol), int(port), situation, future)
        rule = FilterRule(name, Protocol(protocol), port)
    return rule if needed else None


def _rpc_returns(owner: str, situation: LeftOpen, future: Future) -> bool:
    """Tell whether an RPC server that is not kept can have a dynamic port again; while its process lives it may have one still."""
    listener = [
        recipe.id
        for recipe, pattern in situation.knowledge.patterns(situation.host.windows)
        if pattern.protocol is Protocol.TCP
        and pattern.port is Port.RPC
        and owner in Names((*(pattern.services or recipe.services), *recipe.processes))
    ]
    if owner in situation.kept.owners or (listener and situation.kept.recipes.keys() >= set(listener)):
        return False
    services = _services(owner, future)
    # A port outlives its service in a shared process until the boot, and shows as another's there.
    lingers = any(service.shared and not service.never_ran for service in services)
    return lingers or any(map(future.may_run, services)) if services else owner.lower() in SYSTEM_PROGRAMS


def _port_returns(protocol: Protocol, port: int, situation: LeftOpen, future: Future) -> bool:
    """Tell whether anything that is not kept can open a fixed port again; of one that no recipe names nobody knows."""
    if protocol is Protocol.TCP and port in management_ports(situation.host, situation.knowledge):
        return False
    patterns = situation.knowledge.patterns(situation.host.windows)
    naming = [(r, p) for r, p in patterns if (p.protocol, p.port) == (protocol, port) and r.id != WINRM]
    for recipe, pattern in naming:
        names = pattern.services or recipe.services + recipe.drivers
        back = [name for name in names if any(map(future.may_run, _services(name, future)))]
        # Nothing tells whether a program that is no service will be started.
        back += recipe.processes
        if recipe.id not in situation.kept.recipes and not all(name in situation.kept.owners for name in back):
            return True
    return not naming


def _services(owner: str, future: Future) -> tuple[Service, ...]:
    """Return the services that an owner stands for: itself, and for a template its instances."""
    own = future.host.services.get(owner)
    return (*future.instances(owner), *(() if own is None else (own,)))


def _removal(names: Iterable[str], firewall: Firewall) -> Plan:
    return Plan(tuple(_remove(name, firewall, "it is no longer needed") for name in sorted(names)))


def _remove(name: str, firewall: Firewall, why: str) -> RemoveFilterRule:
    text = firewall.texts.get(name, "")
    return RemoveFilterRule(stage=NAME, effective=Effective.NOW, why=why, name=name, before=text, certain=bool(text))


def _passed_over(item: Residue, wanted: Desired, situation: LeftOpen) -> tuple[Reason, str] | None:
    """Tell why a listener of the residue gets no rule on any host, or None where it does."""
    subject = item.subject
    recipe = _recipe_of(subject, situation)
    if recipe is None and not wanted.unknown:
        return Reason.IN_USE, "no recipe knows it; 'unknown: true' drops it anyway"
    if recipe is not None and not recipe.may_drop:
        return Reason.IN_USE, recipe.instead or recipe.breaks
    if not rules_of(subject, situation.host):
        # Of a program that is no service only the name is known, and not where it is.
        services = _is_rpc(subject) and all(owner in situation.host.services for owner in subject.owners)
        return Reason.NOT_EXACT, UNWRITABLE if services else NOT_EXACT
    return None


def _recipe_of(subject: Explained, situation: LeftOpen) -> Recipe | None:
    """Return the recipe of a listener; of one that several services may own that of the reviewed residue which names them all."""
    recipes, version = situation.knowledge.recipes, situation.knowledge.versions[situation.host.windows.id]
    if subject.recipe is not None or not subject.dynamic or not subject.owners:
        return recipes.get(subject.recipe or "")
    listener = f"{subject.endpoint.protocol}/{Port.RPC}"
    known = (entry.recipe for entry in version.residue if entry.listener == listener and Names(subject.owners) <= Names(entry.owners))
    return recipes.get(next(known, ""))


def _shares(subject: Explained, other: Explained) -> bool:
    """Tell whether the rule for one listener would match what comes in for another."""
    row, their = subject.endpoint, other.endpoint
    if row.protocol is not their.protocol:
        return False
    if not subject.dynamic:
        return row.port == their.port
    # A service that shares its process has no token of its own: its rule may match all RPC ports of the process.
    return other.dynamic and (row.pid == their.pid or bool(set(subject.owners) & set(other.owners)))


def shown(wanted: Desired, _actual: Settings, host: Host) -> dict[str, Any]:
    """Show our rules by name, as the registry has them."""
    if wanted.drop is None or host.firewall is None:
        return {}
    return {name: host.firewall.texts.get(name) for name in sorted(host.firewall.names)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether what comes in for a listener is dropped.

    Attributes:
        why: the rule that does it, or why the rule that is there does not.
    """

    dropped: bool
    why: str


def verdict(subject: Explained, host: Host) -> Verdict | None:
    """Judge a listener by our own rules; None where there is none for it."""
    if host.firewall is None or not host.firewall.names or subject.management:
        return None
    rules = rules_of(subject, host)
    if not rules or not any(rule.name in host.firewall.names for rule in rules):
        return None
    names = ", ".join(f"'{rule.name}'" for rule in rules)
    if not all(host.firewall.has(rule) for rule in rules):
        return Verdict(dropped=False, why=f"the inbound rule {names} is gone, disabled or changed")
    if host.firewall.unmet:
        return Verdict(dropped=False, why=f"the inbound rule {names} is not in force: {'; '.join(host.firewall.unmet)}")
    return Verdict(dropped=True, why=f"dropped by the inbound rule {names}")


STAGE = Stage(
    name=NAME,
    options={"residue": {"type": "str", "choices": ["drop", "leave"]}, "unknown": {"type": "bool", "default": False}},
    desired=desired,
    default=default,
    read=read,
    stops=stops,
    claims=claims,
    plan=plan,
    shown=shown,
)
