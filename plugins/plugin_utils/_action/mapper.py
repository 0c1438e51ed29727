# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The RPC endpoint map of the host of a task: asked from the controller, at the address of the play's connection, or taken
from the capture of the host."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.captured import CapturedHost
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import (
    UNASKED,
    AskMapper,
    EndpointMap,
    MapState,
    RpcEntry,
    RpcSequence,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import KNOWLEDGE
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import interface_name, rpc_map_of
from ansible_collections.netmin.windows.plugins.plugin_utils._session import epm
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import login_for

from .base import WindowsAction
from .opening import is_capture

logger = logging.getLogger(__name__)


def mapper_of(action: WindowsAction, session: Reader | None, *, wanted: bool, log_in: bool = True) -> AskMapper | None:
    """Return what asks the endpoint mapper of an action's host; None where nobody wants that.

    Args:
        session: what the host is read by; one of a capture has the map that was captured.
        log_in: the play's credentials may be used where an anonymous client is refused.
    """
    if not wanted:
        return None
    if isinstance(session, CapturedHost):
        return lambda: session.endpoint_map
    login = login_for(action._connection) if log_in else None  # noqa: SLF001  (the name is Ansible's)
    return partial(_asked, action.host_name, partial(epm.ask, action.address, login=login))


def _asked(host: str, ask: AskMapper) -> EndpointMap:
    found = ask()
    logger.info("%s: endpoint map %s: %s", host, found.state, found.evidence)
    return found


class RpcEndpointsAction(WindowsAction):
    """Lists what the endpoint mapper of a host lists, or listed when it was captured; opens no session with WinRM."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "credentials": {"type": "bool", "default": True},
        "local": {"type": "bool", "default": False},
    }
    touches_host = False

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the mapper and name what it lists."""
        captured = self.open_session() if is_capture(self._connection) else None
        ask = mapper_of(self, captured, wanted=True, log_in=options["credentials"])
        rpc_map = UNASKED if ask is None else ask()
        if rpc_map.state is MapState.NOT_ASKED:
            raise InvalidOption(f"{rpc_map.evidence}, or run this task on the host itself")
        entries = [entry for entry in rpc_map.entries if options["local"] or entry.sequence is not RpcSequence.LOCAL]
        return {
            "changed": False,
            "address": self.address,
            **rpc_map_of(rpc_map)["rpc_endpoints"],
            "endpoints": [entry_of(entry, KNOWLEDGE) for entry in entries],
            "by_port": by_port(entries, KNOWLEDGE),
            "warnings": [] if rpc_map.state is MapState.READ else [f"endpoint map {rpc_map.state}: {rpc_map.evidence}"],
        }


def entry_of(entry: RpcEntry, knowledge: Knowledge) -> dict[str, Any]:
    """Show an entry with what is known of its interface."""
    known = knowledge.rpc_interface(entry.interface)
    owners = known.owners(entry.annotation) if known else ()
    return {
        "uuid": str(entry.interface),
        "version": f"{entry.version[0]}.{entry.version[1]}",
        "name": known.name if known else "",
        "specification": known.protocol if known else "",
        "services": [name for name in known.services if name in owners] if known else [],
        "processes": [name for name in known.processes if name in owners] if known else [],
        "annotation": entry.annotation,
        "object": str(entry.object) if entry.object else None,
        "binding": entry.binding,
        "sequence": entry.sequence,
        "endpoint": entry.endpoint,
        "address": entry.address,
        "protocol": entry.protocol,
        "port": entry.port,
        "confidence": known.confidence if known else None,
        "owner_confidence": known.owner if known else None,
    }


def by_port(entries: list[RpcEntry], knowledge: Knowledge) -> dict[str, list[str]]:
    """Name the interfaces at each port, as `tcp/49664`."""
    found: dict[str, dict[str, None]] = {}
    for entry in sorted(entries, key=lambda entry: entry.port or 0):
        if entry.protocol is not None and entry.port is not None:
            found.setdefault(f"{entry.protocol}/{entry.port}", {})[interface_name(entry, knowledge)] = None
    return {port: list(names) for port, names in found.items()}
