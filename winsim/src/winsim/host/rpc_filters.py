# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of RPC calls, which the Base Filtering Engine keeps and the RPC run-time of each server process asks (Windows Vista and later).

Sources: Microsoft, "netsh rpc" (layers, actions, fields, types of match); MicrosoftDocs/win32, desktop-src/FWP (layer RPC_UM: a call
reaches an interface; all fields of a filter must match, and of one field given more than once any; the heaviest filter that matches
decides, and no match permits). From memory: that more conditions weigh more, which published listings agree with, and that a filter
without a condition matches every call. Filters live as long as they are not deleted, volatile ones until the next boot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SINCE = (6, 0)
SERVICE = "BFE"
CALLS = "um"
LAYERS = (CALLS, "epmap", "ep_add", "proxy_conn", "proxy_if")
PERMIT, BLOCK, CONTINUE = "permit", "block", "continue"
ACTIONS = (BLOCK, PERMIT, CONTINUE)
UUIDS, PROTOCOL = "if_uuid", "protocol"
PROTOCOLS = {"ncacn_ip_tcp": 1, "ncacn_np": 2, "ncalrpc": 3, "ncacn_http": 4}


@dataclass(frozen=True, slots=True)
class RpcCondition:
    """One condition; its value is text for a UUID, and a number for a protocol."""

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

    def matches(self, uuid: str, protocol: int) -> bool:
        """Tell whether a call over a protocol to an interface is meant."""
        actual = {UUIDS: uuid, PROTOCOL: str(protocol)}
        fields = {condition.field for condition in self.conditions}
        return all(any(item.field == field and item.value == actual[field] for item in self.conditions) for field in fields)


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

    def block(self, uuid: str, protocol: int) -> bool:
        """Tell whether a call is refused."""
        return _decided(held for held in self.all if held.layer == CALLS and held.matches(uuid, protocol))

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
