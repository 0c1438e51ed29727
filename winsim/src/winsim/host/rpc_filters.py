# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of RPC calls, which the Base Filtering Engine keeps and the RPC run-time of each server process asks (Windows Vista and later).

Sources: Microsoft, "netsh rpc" (layers, actions, fields, types of match); MicrosoftDocs/win32, desktop-src/FWP (layer RPC_UM: a call
reaches an interface; all fields of a filter must match, and of one field given more than once any; the heaviest filter that matches
decides, and no match permits). From memory: that more conditions weigh more, which published listings agree with, that a filter without
a condition matches every call, and that the right which counts in a descriptor of accounts is CC. Filters live as long as they are not
deleted, volatile ones until the next boot.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

SINCE = (6, 0)
SERVICE = "BFE"
CALLS = "um"
LAYERS = (CALLS, "epmap", "ep_add", "proxy_conn", "proxy_if")
PERMIT, BLOCK, CONTINUE = "permit", "block", "continue"
ACTIONS = (BLOCK, PERMIT, CONTINUE)
UUIDS, PROTOCOL, ACCOUNTS = "if_uuid", "protocol", "remote_user_token"
DESCRIPTOR = re.compile(r"D:(\(A;;CC;;;S(-[0-9]+)+\))+")
ENTRY = re.compile(r"\(A;;CC;;;(S(?:-[0-9]+)+)\)")
# MS-DTYP 2.4.2.4: everyone, anonymous logon, authenticated users, administrators.
EVERYONE, ANONYMOUS, AUTHENTICATED, ADMINISTRATORS = "S-1-1-0", "S-1-5-7", "S-1-5-11", "S-1-5-32-544"
PROTOCOLS = {"ncacn_ip_tcp": 1, "ncacn_np": 2, "ncalrpc": 3, "ncacn_http": 4}


@dataclass(frozen=True, slots=True)
class RpcCondition:
    """One condition; its value is text for a UUID, a number for a protocol, and a security descriptor for accounts."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class RpcFilter:
    """One filter."""

    key: str
    layer: str
    action: str
    conditions: tuple[RpcCondition, ...] = ()
    volatile: bool = False
    audit: bool = False

    def matches(self, uuid: str, protocol: int, sids: Collection[str]) -> bool:
        """Tell whether a call of somebody over a protocol to an interface is meant.

        Args:
            sids: who calls, and the groups that he is in.
        """
        actual = {UUIDS: uuid, PROTOCOL: str(protocol)}
        fields = {condition.field for condition in self.conditions}

        def met(item: RpcCondition) -> bool:
            return not set(ENTRY.findall(item.value)).isdisjoint(sids) if item.field == ACCOUNTS else item.value == actual[item.field]

        return all(any(item.field == field and met(item) for item in self.conditions) for field in fields)


class RpcFilters:
    """All filters of a host, those of other programs included."""

    def __init__(self) -> None:
        self._filters: dict[str, RpcFilter] = {}

    @property
    def all(self) -> tuple[RpcFilter, ...]:
        """All of them, in the order in which they were added."""
        return tuple(self._filters.values())

    def add(self, added: RpcFilter) -> bool:
        """Add a filter; tell whether its key was free."""
        if added.key in self._filters:
            return False
        self._filters[added.key] = added
        return True

    def delete(self, key: str) -> RpcFilter | None:
        """Delete a filter; None where there is none of this key."""
        return self._filters.pop(key, None)

    def booted(self) -> None:
        """Forget the volatile ones."""
        self._filters = {key: held for key, held in self._filters.items() if not held.volatile}

    def block(self, uuid: str, protocol: int, sids: Collection[str]) -> bool:
        """Tell whether a call is refused."""
        return _decided(held for held in self.all if held.layer == CALLS and held.matches(uuid, protocol, sids))

    def plain(self) -> dict[str, dict[str, object]]:
        """Return all of them as plain types."""
        return {
            held.key: {
                "layer": held.layer,
                "action": held.action,
                "volatile": held.volatile,
                "audit": held.audit,
                "conditions": [f"{condition.field}={condition.value}" for condition in held.conditions],
            }
            for held in self.all
        }


def _decided(matching: Iterable[RpcFilter]) -> bool:
    """Tell whether the heaviest of the filters that decide blocks; of equal ones a block (what a real host does then is not known)."""
    deciding = [held for held in matching if held.action != CONTINUE]
    heaviest = max((len(held.conditions) for held in deciding), default=0)
    return any(held.action == BLOCK for held in deciding if len(held.conditions) == heaviest)
