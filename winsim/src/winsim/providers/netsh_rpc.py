# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`netsh rpc filter`: `show filter`, `delete filter`, and `add rule`, `add condition`, `add filter` in a session of their own.

Sources: Microsoft, "netsh rpc" (syntax); published transcripts and listings (RPCFilterManager, WFPExplorer, a book on EDR): the shape of
`show filter`, that a UUID is shown as four words, that three processes of netsh make no filter, and that a script must begin with the
context. From memory: all texts of failures; that a line which fails ends neither the script nor the rule under construction, and leaves
exit code 1; that `show filter` lists the filters of all layers. Here a rule has conditions on `if_uuid`, `protocol` and
`remote_user_token` alone, matched by `equal`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from winsim.host.journal import Subject
from winsim.host.machine import Machine
from winsim.host.rpc_filters import ACCOUNTS, ACTIONS, DESCRIPTOR, LAYERS, PROTOCOL, PROTOCOLS, SERVICE, UUIDS, RpcCondition, RpcFilter

Output = tuple[str, str, int]

LISTING = "Listing all RPC Filters."
OK = "Ok.\r\n\r\n"
UNKNOWN = "The following command was not found: {}.\r\n"
BAD_VALUE = "The parameter is incorrect.\r\n\r\n"
NO_RULE = "There is no rule to add to.\r\n\r\n"
THERE = "The object already exists.\r\n\r\n"
NOT_THERE = "The system cannot find the file specified.\r\n\r\n"
NO_ENGINE = "The Base Filtering Engine service is not running.\r\n\r\n"
EVERY = "all"
RULE_TAGS = ("layer", "actiontype", "filterkey", "persistence", "audit", "auditparameters")
CONDITION_TAGS = ("field", "matchtype", "data")


class _Failed(Exception):
    """A line is not carried out; the text says why."""


@dataclass(slots=True)
class Session:
    """What one process of netsh has under construction, and the context that it is in."""

    host: Machine
    context: list[str] = field(default_factory=list)
    rule: RpcFilter | None = None

    def line(self, words: Sequence[str]) -> Output:
        """Carry out one line."""
        whole = [*self.context, *words]
        lowered = [word.lower() for word in whole]
        if lowered in (["rpc"], ["rpc", "filter"]):
            self.context = lowered
            return "", "", 0
        commands: dict[tuple[str, ...], Callable[[Sequence[str]], str]] = {
            ("add", "rule"): self._add_rule,
            ("add", "condition"): self._add_condition,
            ("add", "filter"): self._add_filter,
            ("delete", "filter"): self._delete,
            ("delete", "rule"): self._drop,
            ("show", "filter"): self._show,
        }
        command = commands.get(tuple(lowered[2:4])) if lowered[:2] == ["rpc", "filter"] else None
        if command is None:
            return UNKNOWN.format(" ".join(words)), "", 1
        service = self.host.services.find(SERVICE)
        if service is None or not service.running:
            return NO_ENGINE, "", 1
        try:
            return command(whole[4:]), "", 0
        except _Failed as failed:
            return str(failed), "", 1

    def _add_rule(self, words: Sequence[str]) -> str:
        said = _tags(words, RULE_TAGS)
        layer, action = said.get("layer", "").lower(), said.get("actiontype", "").lower()
        if layer not in LAYERS or action not in ACTIONS or said.get("persistence", "volatile").lower() != "volatile":
            raise _Failed(BAD_VALUE)
        key = _uuid(said["filterkey"]) if "filterkey" in said else str(uuid4())
        audit = said.get("audit", "").lower() == "enable"
        self.rule = RpcFilter(key, layer, action, volatile="persistence" in said, audit=audit)
        return OK

    def _add_condition(self, words: Sequence[str]) -> str:
        if self.rule is None:
            raise _Failed(NO_RULE)
        said = _tags(words, CONDITION_TAGS)
        name, data = said.get("field", "").lower(), said.get("data", "")
        if said.get("matchtype", "").lower() != "equal":
            raise _Failed(BAD_VALUE)
        if name == UUIDS:
            value = _uuid(data)
        elif name == PROTOCOL and data.lower() in PROTOCOLS:
            value = str(PROTOCOLS[data.lower()])
        elif name == ACCOUNTS and DESCRIPTOR.fullmatch(data):
            value = data
        else:
            raise _Failed(BAD_VALUE)
        self.rule = replace(self.rule, conditions=(*self.rule.conditions, RpcCondition(name, value)))
        return OK

    def _add_filter(self, words: Sequence[str]) -> str:
        made, self.rule = self.rule, None
        if made is None or words:
            raise _Failed(NO_RULE)
        if not self.host.rpc_filters.add(made):
            raise _Failed(THERE)
        self.host.journal.note(Subject.RPC_FILTER, made.key, None, made.action)
        return f"FilterKey: {made.key}\r\n{OK}"

    def _drop(self, _words: Sequence[str]) -> str:
        self.rule = None
        return OK

    def _delete(self, words: Sequence[str]) -> str:
        key = _tags(words, ("filterkey",)).get("filterkey", "")
        filters = self.host.rpc_filters
        keys = [held.key for held in filters.all] if key.lower() == EVERY else [_uuid(key)]
        for one in keys:
            gone = filters.delete(one)
            if gone is None:
                raise _Failed(NOT_THERE)
            self.host.journal.note(Subject.RPC_FILTER, one, gone.action, None)
        return OK

    def _show(self, _words: Sequence[str]) -> str:
        found = self.host.rpc_filters.all
        return f"{LISTING}\r\n" + "".join(_shown(number, held) for number, held in enumerate(found)) + "\r\n"


def rpc(host: Machine, words: Sequence[str]) -> Output:
    """Run one command of the context, which is a session of its own."""
    return Session(host).line(words)


def script(host: Machine, text: str) -> Output:
    """Run a file line by line (`netsh -f`): what fails is told, and the next line goes on."""
    session, written, code = Session(host), "", 0
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].lower() in ("quit", "exit", "bye"):
            break
        said, _errors, failed = session.line(words)
        written += said
        code = code or failed
    return written, "", code


def _tags(words: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Return what tags say; a value without one belongs to the next tag in order."""
    found: dict[str, str] = {}
    for number, word in enumerate(words):
        tag, separator, value = word.partition("=")
        if not separator:
            tag, value = (known[number] if number < len(known) else ""), word
        if tag.lower() not in known or tag.lower() in found:
            raise _Failed(BAD_VALUE)
        found[tag.lower()] = value
    return found


def _uuid(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise _Failed(BAD_VALUE)
    return text.lower()


def _shown(number: int, held: RpcFilter) -> str:
    lines = [
        "---------------------------------",
        f"filterKey: {held.key}",
        "displayData.name: RPCFilter",
        "displayData.description: RPC Filter",
        f"filterId: 0x{0x10000 + number:x}",
        f"layerKey: {held.layer}",
        "weight: Type: FWP_EMPTY Value: Empty",
        f"action.type: {held.action}",
        *(["Audit: Enable"] if held.audit else []),
        f"numFilterConditions: {len(held.conditions)}",
        "",
    ]
    for place, condition in enumerate(held.conditions):
        kind, value = _as_shown(condition)
        lines += [
            f"filterCondition[{place}]",
            f"        fieldKey: {condition.field}",
            "        matchType: FWP_MATCH_EQUAL",
            f"        conditionValue: Type: {kind} Value: {value}",
            "",
        ]
    return "".join(f"{line}\r\n" for line in lines)


def _as_shown(condition: RpcCondition) -> tuple[str, str]:
    """Return type and value of a condition; of accounts a published listing shows one letter, and not whom they are."""
    if condition.field == UUIDS:
        return "FWP_BYTE_ARRAY16_TYPE", _words(condition.value)
    return ("FWP_TOKEN_ACCESS_INFORMATION_TYPE", "s") if condition.field == ACCOUNTS else ("FWP_UINT8", condition.value)


def _words(uuid: str) -> str:
    """Return a UUID as listings show it: four words of 32 bits, as they lie in memory."""
    return " ".join(f"{word:08x}" for word in struct.unpack("<4I", UUID(uuid).bytes_le))
