# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A filter of RPC calls as a plan wants it, the command lines that make it, and the filters that a host lists. Values only.

A filter of ours speaks of one interface over one protocol. It blocks, or permits some accounts in front of one that blocks: of filters that
match, the one with more conditions weighs more (published listings agree). No field is there twice, which Vista and Server 2008 do not
take (MicrosoftDocs/win32, FWP best practices). Sources: Microsoft, "netsh rpc" (syntax); published scripts and listings
(RPCFilterManager, active-directory-firewall, WFPExplorer) for the shape of both.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from uuid import UUID, uuid5

from .command_line import echoed
from .windows import NtVersion

SINCE = NtVersion(6, 0)
"""Windows Vista: before, there is no such command (MicrosoftDocs/win32, Windows Filtering Platform)."""

# Keys are made of what a filter does, so that each run knows its own. The name space is ours alone.
OUR_KEYS = UUID("6f0d6c3e-5b0c-4f0e-9d53-2f1a7f0b8c41")
HALF = 8
CALLS, EQUAL = "um", "FWP_MATCH_EQUAL"
UUIDS, PROTOCOL, ACCOUNTS = "if_uuid", "protocol", "remote_user_token"
# In place of the accounts of a filter that was only seen in a listing.
UNKNOWN = "?"
SID = re.compile(r"S-1-[0-9]{1,14}(-[0-9]{1,10}){1,14}")
# A listing has a few lines for each filter; a host with a thousand filters is none that we know.
MOST_FILTERS, MOST_CONDITIONS = 2000, 64
KEY = re.compile(r"filterKey:\s*\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
VALUE = re.compile(r"(?:\w+:\s*)?(FWP_\w+)\s+\w+:\s*(.*)")
PARTS = ("fieldKey", "matchType", "conditionValue")

SHOW = ("netsh", "rpc", "filter", "show", "filter")
"""The command that lists all filters of a host, those of others included."""


class RpcProtocol(StrEnum):
    """The protocols by which others reach an interface, as netsh writes them."""

    TCP = "ncacn_ip_tcp"
    PIPE = "ncacn_np"

    @property
    def word(self) -> str:
        """What options and results call it."""
        return {"ncacn_ip_tcp": "tcp", "ncacn_np": "pipe"}[self.value]

    @property
    def number(self) -> str:
        """What a listing shows in its place (published for pipes; that of TCP from memory)."""
        return {"ncacn_ip_tcp": "1", "ncacn_np": "2"}[self.value]


class RpcAction(StrEnum):
    """What a filter of ours does with the calls that it matches."""

    BLOCK = "block"
    PERMIT = "permit"


@dataclass(frozen=True, slots=True)
class ListedCondition:
    """A condition of a filter that a host lists."""

    field: str
    match: str
    value: str


@dataclass(frozen=True, slots=True)
class ListedFilter:
    """A filter that a host lists, ours or somebody else's."""

    key: UUID
    layer: str
    action: str
    conditions: tuple[ListedCondition, ...]


@dataclass(frozen=True, slots=True, order=True)
class RpcFilterRule:
    """A filter that blocks calls to an interface over a protocol, or permits those of some accounts.

    Attributes:
        allowed: SIDs of the accounts whose calls it permits; none of one that blocks.
    """

    interface: UUID
    protocol: RpcProtocol
    allowed: tuple[str, ...] = ()

    @property
    def action(self) -> RpcAction:
        """What it does."""
        return RpcAction.PERMIT if self.allowed else RpcAction.BLOCK

    @property
    def key(self) -> UUID:
        """Its own key, the same on every host and in every run."""
        return self._key(str(self.action))

    @property
    def trial_key(self) -> UUID:
        """The key of the same filter while it is tried out, and the next boot would take it away."""
        return self._key(f"trial of {self.action}")

    def _key(self, kind: str) -> UUID:
        # One half says what it is about, so that it is known as ours whichever accounts it permits: a listing does not show these.
        about = uuid5(OUR_KEYS, f"{kind} {self.interface} {self.protocol}").bytes
        return UUID(bytes=about[:HALF] + uuid5(OUR_KEYS, ",".join(self.allowed)).bytes[HALF:])

    @property
    def text(self) -> str:
        """One line for a snapshot: what it does, to which interface, over which protocol, for whom."""
        return " ".join((self.action, str(self.interface), self.protocol, *self.allowed))

    @classmethod
    def from_text(cls, text: str) -> RpcFilterRule | None:
        """Take such a line; None where it is none of ours."""
        _action, interface, protocol, *allowed = (*text.split(" "), *("" for _missing in range(3 - len(text.split(" ")))))
        try:
            rule = cls(UUID(interface), RpcProtocol(protocol), tuple(allowed))
        except ValueError:
            return None
        return rule if rule.text == text and (allowed == [UNKNOWN] or all(map(SID.fullmatch, allowed))) else None

    @property
    def is_known(self) -> bool:
        """Whether it is known whom it permits: of a filter that was only seen in a listing it is not."""
        return UNKNOWN not in self.allowed

    def may_have(self, key: UUID) -> bool:
        """Tell whether it can be the filter of a key."""
        return key == self.key if self.is_known else key.bytes[:HALF] == self.key.bytes[:HALF]

    def script(self, *, trial: bool) -> tuple[str, ...]:
        """Return the lines of a file for `netsh -f`: a session of its own, since a rule lives as long as its netsh."""
        key, volatile = (self.trial_key, " persistence=volatile") if trial else (self.key, "")
        accounts = "".join(f"(A;;CC;;;{sid})" for sid in self.allowed)
        return (
            "rpc filter",
            f"add rule layer={CALLS} actiontype={self.action} filterkey={key}{volatile}",
            f"add condition field={UUIDS} matchtype=equal data={self.interface}",
            f"add condition field={PROTOCOL} matchtype=equal data={self.protocol}",
            *([f"add condition field={ACCOUNTS} matchtype=equal data=D:{accounts}"] if self.allowed else []),
            "add filter",
            "quit",
        )

    def is_listed_as(self, listed: ListedFilter, *, trial: bool = False) -> bool:
        """Tell whether a filter that a host lists is this one, condition by condition.

        Of accounts a listing shows only that there is a condition on them; which they are, the key says.
        """
        wanted = [(UUIDS, EQUAL, as_words(self.interface)), (PROTOCOL, EQUAL, self.protocol.number)]
        wanted += [(ACCOUNTS, EQUAL, "")] if self.allowed else []
        found = [(item.field, item.match, "" if item.field == ACCOUNTS else item.value.lower()) for item in listed.conditions]
        key = self.trial_key if trial else self.key
        return (listed.key, listed.layer, listed.action) == (key, CALLS, self.action) and sorted(found) == sorted(wanted)


@dataclass(frozen=True, slots=True)
class RpcFilters:
    """The filters of RPC calls that a host has, everybody's.

    Attributes:
        unknown: why they could not be read; then `listed` says nothing.
    """

    listed: tuple[ListedFilter, ...] = ()
    unknown: str = ""

    def by_key(self, key: UUID) -> ListedFilter | None:
        """Return the filter of a key; None where there is none."""
        return next((found for found in self.listed if found.key == key), None)

    def has(self, rule: RpcFilterRule) -> bool:
        """Tell whether a filter is there as it is to be, and no trial of it is left."""
        found = self.by_key(rule.key)
        return found is not None and rule.is_listed_as(found) and self.by_key(rule.trial_key) is None

    def ours(self, candidates: Iterable[tuple[UUID, RpcProtocol]] = ()) -> tuple[ListedFilter, ...]:
        """Return the filters that this collection made.

        Args:
            candidates: interfaces and protocols of which one may have come about with wrong conditions.
        """
        known = tuple(candidates)
        return tuple(found for found in self.listed if is_ours(found, known))


def is_ours(listed: ListedFilter, candidates: Iterable[tuple[UUID, RpcProtocol]] = ()) -> bool:
    """Tell whether this collection made a filter that a host lists: by its key, and by what it is about."""
    shown = (from_words(condition.value.lower()) for condition in listed.conditions if condition.field == UUIDS)
    # Over whichever protocol: the condition on it may be what went wrong, and the key has the last word.
    told = ((interface, protocol) for interface in shown if interface is not None for protocol in RpcProtocol)
    return any(made_for(listed, interface, protocol) for interface, protocol in (*told, *candidates))


def made_for(listed: ListedFilter, interface: UUID, protocol: RpcProtocol) -> bool:
    """Tell by its key whether a filter was made for an interface and a protocol, whatever it says."""
    return listed.key.bytes[:HALF] in _halves(interface, protocol)


def told_by(listed: ListedFilter) -> str:
    """Return what a filter of ours says as a line for a snapshot; of accounts "?", and "" where it is not as we make it."""
    about = _about(listed)
    if about is None or not is_ours(listed):
        return ""
    rule = RpcFilterRule(*about)
    if rule.is_listed_as(listed):
        return rule.text
    some = RpcFilterRule(*about, allowed=(UNKNOWN,))
    return some.text if some.may_have(listed.key) and some.is_listed_as(replace(listed, key=some.key)) else ""


def _halves(interface: UUID, protocol: RpcProtocol) -> set[bytes]:
    rules = (RpcFilterRule(interface, protocol), RpcFilterRule(interface, protocol, (UNKNOWN,)))
    return {key.bytes[:HALF] for rule in rules for key in (rule.key, rule.trial_key)}


def _about(listed: ListedFilter) -> tuple[UUID, RpcProtocol] | None:
    """Return the one interface and the one protocol that a filter is about; None where it is about others."""
    said = {UUIDS: list[str](), PROTOCOL: list[str]()}
    for condition in listed.conditions:
        if condition.field in said:
            said[condition.field].append(condition.value.lower())
    protocol = next((item for item in RpcProtocol if said[PROTOCOL] == [item.number]), None)
    interface = from_words(said[UUIDS][0]) if len(said[UUIDS]) == 1 else None
    return (interface, protocol) if interface is not None and protocol is not None else None


def as_listed(rule: RpcFilterRule) -> ListedFilter:
    """Return a filter as a host would list it."""
    conditions = [ListedCondition(UUIDS, EQUAL, as_words(rule.interface)), ListedCondition(PROTOCOL, EQUAL, rule.protocol.number)]
    conditions += [ListedCondition(ACCOUNTS, EQUAL, "")] if rule.allowed else []
    return ListedFilter(rule.key, CALLS, rule.action, tuple(conditions))


def as_words(uuid: UUID) -> str:
    """Return a UUID as a listing shows it: four words of 32 bits, as they lie in memory."""
    return " ".join(f"{word:08x}" for word in struct.unpack("<4I", uuid.bytes_le))


def from_words(text: str) -> UUID | None:
    """Return the UUID that a listing shows so; None where it is none."""
    words = text.split()
    if len(words) != 4 or not all(re.fullmatch(r"[0-9a-f]{1,8}", word) for word in words):
        return None
    return UUID(bytes_le=struct.pack("<4I", *(int(word, 16) for word in words)))


# Command lines

# Nobody but administrators writes in this folder. The name has the key in it, so that a file which is left says the same as the new one.
FOLDER = "%SystemRoot%"


def deletion(key: UUID) -> str:
    """Return the command that deletes one filter, and no other: never `all`, which would take those of Microsoft Defender as well."""
    return f"netsh rpc filter delete filter filterkey={key}"


def making_line(rule: RpcFilterRule, *, trial: bool, gone: Iterable[UUID]) -> str:
    """Return the command line that deletes some filters of ours, makes one, and lists them all.

    What netsh says of the making goes to the other stream, so that the listing stands alone.
    """
    lines = rule.script(trial=trial)
    file = rf'"{FOLDER}\netmin.windows-{rule.trial_key if trial else rule.key}.txt"'
    written = f"({'&'.join(f'echo {echoed(line)}' for line in lines)})>{file}"
    steps = (*(f"{deletion(key)} 1>&2" for key in gone), written, f"netsh -f {file} 1>&2", f"del /f /q {file}", " ".join(SHOW))
    return "&".join(steps)


def deleting_line(keys: Iterable[UUID]) -> str:
    """Return the command line that deletes filters of ours, and lists all that are left."""
    return "&".join((*(f"{deletion(key)} 1>&2" for key in keys), " ".join(SHOW)))


# Reading a listing


def read_listing(output: str) -> tuple[ListedFilter, ...] | None:
    """Read what `netsh rpc filter show filter` writes, by its shape; None where that makes no sense: then nobody knows what is there.

    The names of fields and values are those of structures and constants, and not translated in any published listing; the first line is
    not looked at. It must be there: a command that failed to run writes nothing, which is no empty listing. An empty one has that line
    alone (published listings); more text, or the name of the command, is what netsh says of a failure.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    starts = [number for number, line in enumerate(lines) if line.startswith("filterKey:")]
    if not lines or len(starts) > MOST_FILTERS or (starts and starts[0] == 0):
        return None
    if any("FWP_" in line or "Key:" in line for line in lines[: starts[0] if starts else None]):
        return None
    if not starts and not _is_headline([line for line in lines if line.strip("-")]):
        return None
    blocks = [lines[start:end] for start, end in pairwise([*starts, len(lines)])]
    found = [_filter(block) for block in blocks]
    read = tuple(one for one in found if one is not None)
    return read if len(read) == len(found) and len({one.key for one in read}) == len(read) else None


def _is_headline(lines: list[str]) -> bool:
    """Tell whether a listing without any filter may be one. A command that netsh does not have is named in its answer, as it was typed."""
    return len(lines) == 1 and " ".join(SHOW[1:]) not in lines[0].lower()


def _filter(lines: list[str]) -> ListedFilter | None:
    key = KEY.fullmatch(lines[0])
    said = {name: value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}
    count = said.get("numFilterConditions", "")
    conditions = _conditions(lines)
    if key is None or conditions is None or not re.fullmatch(r"\d{1,3}", count) or int(count) != len(conditions):
        return None
    layer, action = said.get("layerKey", ""), said.get("action.type", "")
    return ListedFilter(UUID(key[1]), layer, action, conditions) if layer and action else None


def _conditions(lines: list[str]) -> tuple[ListedCondition, ...] | None:
    """Read the conditions: a field, how it is matched, and its value, in this order."""
    parts = [(name, value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon and name in PARTS]
    if len(parts) % len(PARTS) or len(parts) > MOST_CONDITIONS * len(PARTS):
        return None
    found = []
    for at in range(0, len(parts), len(PARTS)):
        names, values = zip(*parts[at : at + len(PARTS)], strict=True)
        typed = VALUE.fullmatch(values[2])
        if names != PARTS or typed is None:
            return None
        found.append(ListedCondition(values[0], values[1], typed[2].strip()))
    return tuple(found)
