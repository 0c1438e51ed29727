# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: let the RPC run-time refuse calls from outside to interfaces that nobody there needs, although their port must listen.

From Windows Vista on (MicrosoftDocs/win32, Windows Filtering Platform). A filter closes no port: the socket listens as before, and the
forecast says so. None is ever made unless a task asks for it. Which interfaces there are, and what each group breaks, is data
(`_knowledge/rpc_filters.yml`); what no filter may ever be about is `_knowledge/never_filter.yml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import listed as names_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import (
    SID,
    SINCE,
    ListedFilter,
    RpcAction,
    RpcFilterRule,
    RpcFilters,
    RpcProtocol,
    made_for,
    told_by,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Settings
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.rpc_filter import (
    IN_PLACE,
    RANK_BLOCK,
    RANK_PERMIT,
    RANK_UNBLOCK,
    RANK_UNPERMIT,
    AddRpcFilter,
    RemoveRpcFilter,
    named,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged

from .never import never_filtered
from .part import Bar, Claim, Part
from .stage import Choice, Missing, Situation, Stage

NAME = "rpc_filters"
PROTOCOLS = {protocol.word: protocol for protocol in RpcProtocol}
MOST_ALLOWED = 16
BEFORE_VISTA = "this Windows has no filters of RPC calls; stop the service, or use a firewall in front of the host"
UNSEEN = "nobody has verified on a real host what a filter of these RPC calls does"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a task names: a group of interfaces that is known, or one interface.

    Attributes:
        said: how a message names it.
        breaks: what nobody can do from outside any more.
    """

    said: str
    breaks: str
    interfaces: tuple[UUID, ...]
    protocols: tuple[RpcProtocol, ...]


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted.

    Attributes:
        aims: what is to be filtered, or no more.
        allowed: SIDs of accounts whose calls go on.
        present: None leaves filters alone; False deletes those of the aims, or all of ours where there are none.
        without_confirm: no timer is armed unless the task asks for one.
    """

    aims: tuple[str, ...] = ()
    single: tuple[Aim, ...] = ()
    allowed: tuple[str, ...] = ()
    present: bool | None = None
    without_confirm: bool = False


def desired(options: Mapping[str, Any]) -> Desired:
    """Read the stage's options; raise InvalidOption."""
    presets, present = tuple(options.get("presets") or ()), options.get("state") != "absent"
    single = tuple(_aim(item) for item in options.get("interfaces") or ())
    allowed = tuple(sorted(dict.fromkeys(str(sid).strip().upper() for sid in options.get("allow") or ())))
    wrong = next((sid for sid in allowed if not SID.fullmatch(sid)), None)
    if wrong is not None:
        raise InvalidOption(f"'allow' has {wrong[:80]!a}, which is no SID; write it as in S-1-5-32-544 (Administrators)")
    if len(allowed) > MOST_ALLOWED:
        raise InvalidOption(f"'allow' has {len(allowed)} SIDs; at most {MOST_ALLOWED} fit; use a group")
    if allowed and present and not (presets or single):
        raise InvalidOption("'allow' says who may still call, and nothing is filtered: name 'presets' or 'interfaces'")
    if allowed and not present:
        raise InvalidOption("'allow' does not go with 'state: absent': filters are deleted whomever they permit")
    return Desired(presets, single, allowed, None if present and not (presets or single) else present, bool(options.get("without_confirm")))


def _aim(item: Mapping[str, Any]) -> Aim:
    text = str(item["uuid"]).strip().strip("{}")
    try:
        uuid = UUID(text) if text.count("-") == 4 else None
    except ValueError:
        uuid = None
    if uuid is None:
        raise InvalidOption(f"{text[:80]!a} is no UUID of an RPC interface; write it as rpc_endpoints_info shows it")
    protocols = tuple(PROTOCOLS[word] for word in dict.fromkeys(item.get("protocols") or PROTOCOLS))
    return Aim(f"interface {uuid}", str(item["reason"]), (uuid,), protocols)


def default(_choices: tuple[Choice, ...]) -> Desired:
    """Leave filters alone: one is never made unless a task asks for it."""
    return Desired()


def aims_of(wanted: Desired, knowledge: Knowledge) -> tuple[Aim, ...]:
    """Return what a task names; raise InvalidOption for a group that is not known."""
    presets = [knowledge.rpc_preset(name) for name in wanted.aims]
    known = tuple(Aim(f"preset {p.id}", f"that breaks {p.breaks}", tuple(map(UUID, p.interfaces)), p.protocols) for p in presets)
    return (*known, *wanted.single)


def read(_reader: Reader, _host: Host, _knowledge: Knowledge) -> Settings:
    """Read nothing: filters are read where a task asks for them, since that takes a command shell."""
    return {}


def stops(_wanted: Desired, _host: Host, _knowledge: Knowledge) -> tuple[str, ...]:
    """Stop nothing."""
    return ()


def claims(_wanted: Desired) -> tuple[Claim, ...]:
    """Close nothing."""
    return ()


def plan(wanted: Desired, _actual: Settings, situation: Situation) -> tuple[Part, ...]:
    """Compare what is asked for with what the host lists, a part for each preset and each single interface."""
    if wanted.present is None:
        return ()
    aims = aims_of(wanted, situation.knowledge)
    if situation.host.windows.nt < SINCE:
        # One list may be for hosts of several versions of Windows.
        skip = situation.missing is Missing.SKIP
        return tuple(_barred(aim.said, Reason.DOES_NOT_WORK, BEFORE_VISTA, chosen=skip) for aim in aims) if wanted.present else ()
    filters = situation.host.rpc_filters or RpcFilters(unknown="nobody asked for them")
    if filters.unknown:
        return (_barred("filters of RPC calls", Reason.UNREADABLE, filters.unknown),)
    if not wanted.present:
        return (_deletion(aims, filters, situation.knowledge),)
    return tuple(_parts(aims, wanted.allowed, filters, situation))


def _barred(target: str, reason: Reason, why: str, *, chosen: bool = False) -> Part:
    return Part(stage=NAME, targets=(target,), what=f"{target}: nothing is done", barrier=Bar(reason, why), chosen=chosen)


def _parts(aims: Sequence[Aim], allowed: tuple[str, ...], filters: RpcFilters, situation: Situation) -> Iterator[Part]:
    seen: set[tuple[UUID, RpcProtocol]] = set()
    foreign = _strangers(filters, situation.knowledge)
    for aim in aims:
        changes: list[Change] = []
        unchanged: list[Unchanged] = []
        warnings: list[str] = []
        for interface in aim.interfaces:
            pairs = [(interface, protocol) for protocol in aim.protocols if (interface, protocol) not in seen]
            seen.update(pairs)
            made, left = _compare(pairs, allowed, filters, aim, situation.knowledge)
            changes += made
            unchanged += left
            warnings += _kept(interface, situation) if made else ()
        never = next(filter(None, (never_filtered(interface, situation.host, situation.knowledge) for interface in aim.interfaces)), "")
        yield Part(
            stage=NAME,
            targets=(aim.said,),
            what=f"{aim.said}: calls from outside are not refused",
            plan=Plan(tuple(changes), tuple(unchanged), (*foreign, *warnings) if changes else ()),
            barrier=Bar(Reason.NEVER, never) if never else None,
            unseen=UNSEEN if changes else "",
        )


def _compare(
    pairs: Sequence[tuple[UUID, RpcProtocol]], allowed: tuple[str, ...], filters: RpcFilters, aim: Aim, knowledge: Knowledge
) -> tuple[list[Change], list[Unchanged]]:
    changes: list[Change] = []
    unchanged: list[Unchanged] = []
    for interface, protocol in pairs:
        name = _target(interface, knowledge)
        rules = [RpcFilterRule(interface, protocol), *([RpcFilterRule(interface, protocol, allowed)] if allowed else [])]
        for rule in rules:
            if filters.has(rule):
                unchanged.append(Unchanged(NAME, named(rule), Reason.AS_DESIRED))
                continue
            blocks = rule.action is RpcAction.BLOCK
            changes.append(
                AddRpcFilter(
                    stage=NAME,
                    effective=Effective.NOW,
                    why=f"{name}: calls from outside are refused; {aim.breaks}" if blocks else f"{name}: these accounts may still call it",
                    touches_session=True,
                    rank=RANK_BLOCK if blocks else RANK_PERMIT,
                    rule=rule,
                    differs=any(filters.by_key(key) is not None for key in (rule.key, rule.trial_key)),
                )
            )
        wanted = {key for rule in rules for key in (rule.key, rule.trial_key)}
        others = (found for found in filters.listed if made_for(found, interface, protocol))
        changes += [_removal(found, "others are to be permitted, or nobody") for found in others if found.key not in wanted]
    return changes, unchanged


def _removal(found: ListedFilter, why: str) -> RemoveRpcFilter:
    rank = RANK_UNBLOCK if found.action == RpcAction.BLOCK else RANK_UNPERMIT
    # Among those that are made, which come last: whoever is permitted by another filter from now on is so before this one goes.
    how: dict[str, Any] = {"stage": NAME, "effective": Effective.NOW, "why": why, "touches_session": True, "rank": rank}
    return RemoveRpcFilter(keys=(found.key,), before=told_by(found), **how)


def _deletion(aims: Sequence[Aim], filters: RpcFilters, knowledge: Knowledge) -> Part:
    """Delete what was made for the aims, or all of ours where there are none."""
    presets = (Aim(p.id, p.breaks, tuple(map(UUID, p.interfaces)), p.protocols) for p in knowledge.rpc_filters)
    pairs = [(interface, protocol) for aim in (aims or tuple(presets)) for interface in aim.interfaces for protocol in aim.protocols]
    ours = filters.ours(pairs)
    if aims:
        ours = tuple(found for found in ours if any(made_for(found, *pair) for pair in pairs))
    changes = tuple(_removal(found, "calls are to be let through again") for found in ours)
    told = () if changes else (Unchanged(NAME, "filters of RPC calls", Reason.AS_DESIRED),)
    return Part(stage=NAME, targets=("filters of RPC calls",), what="filters of RPC calls are not deleted", plan=Plan(changes, told))


def _strangers(filters: RpcFilters, knowledge: Knowledge) -> tuple[str, ...]:
    """Warn of filters that somebody else made: they add up with ours."""
    pairs = [(UUID(uuid), protocol) for preset in knowledge.rpc_filters for uuid in preset.interfaces for protocol in preset.protocols]
    ours = {found.key for found in filters.ours(pairs)}
    others = [found.key for found in filters.listed if found.key not in ours]
    if not others:
        return ()
    one = len(others) == 1
    text = (
        f"{len(others)} filter{'' if one else 's'} of RPC calls {'is' if one else 'are'} from another program, such as Microsoft Defender"
    )
    return (f"{text}, and {'is' if one else 'are'} left alone; both add up ({names_of(others)})",)


def _kept(interface: UUID, situation: Situation) -> tuple[str, ...]:
    """Warn where a service is kept whose calls from outside are to be refused: it runs, and its port listens."""
    known = situation.knowledge.rpc_interface(interface)
    kept = [name for name in Names(known.services if known is not None else ()) if name in situation.kept.services]
    return tuple(f"{name} is kept, and runs and listens as before; RPC calls to it from outside are refused all the same" for name in kept)


def _target(interface: UUID, knowledge: Knowledge) -> str:
    known = knowledge.rpc_interface(interface)
    words = ", ".join(word for word in (known.protocol, known.name) if word) if known is not None else ""
    return f"RPC interface {interface}{f' ({words})' if words else ''}"


def shown(_wanted: Desired, _actual: Settings, host: Host) -> dict[str, Any]:
    """Show the filters of ours that are there, by what they do."""
    texts = sorted(filter(None, map(told_by, host.rpc_filters.listed if host.rpc_filters is not None else ())))
    rules = (RpcFilterRule.from_text(text) for text in texts)
    return {named(rule): IN_PLACE for rule in rules if rule is not None}


STAGE = Stage(
    name=NAME,
    options={
        "presets": {"type": "list", "elements": "str"},
        "interfaces": {
            "type": "list",
            "elements": "dict",
            "options": {
                "uuid": {"type": "str", "required": True},
                "protocols": {"type": "list", "elements": "str", "choices": list(PROTOCOLS)},
                "reason": {"type": "str", "required": True},
            },
        },
        "allow": {"type": "list", "elements": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "without_confirm": {"type": "bool", "default": False},
    },
    desired=desired,
    default=default,
    read=read,
    stops=stops,
    claims=claims,
    plan=plan,
    shown=shown,
)
