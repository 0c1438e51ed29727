# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Results as tasks return them, and views of invented hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import one_line
from ansible_collections.netmin.windows.plugins.plugin_utils._report.view import Change, HostView, Port, Refusal, State
from hypothesis import strategies as st

RUN = "20260101T220000Z-4f2a91"
TEXTS = st.text(max_size=60)


def row(port: int, **more: Any) -> dict[str, Any]:
    """Return an endpoint as every result shows it."""
    return {
        "protocol": "tcp",
        "address": "0.0.0.0",
        "port": port,
        "pid": 700,
        "family": "ipv4",
        "scope": "wildcard",
        "count": 1,
        "ports": None,
        "dynamic": False,
        "owner": "Spooler in pid 700",
        "owners": ["Spooler"],
        "recipe": "rpc-spooler",
        "why": "printing",
        **more,
    }


def change(target: str, before: object, after: object, **more: Any) -> dict[str, Any]:
    """Return a change as results show it."""
    return {
        "stage": "services",
        "target": target,
        "before": before,
        "after": after,
        "effective": "now",
        "status": "done",
        "why": "printing",
        **more,
    }


def minimized(*, listens: bool | None = False, **more: Any) -> dict[str, Any]:
    """Return the result of a run that closed one port of two, unless that still `listens`."""
    forecast = [
        row(515, outlook="closes now", why="Spooler will not run", listens=listens),
        row(
            135,
            outlook="stays",
            now="open",
            boot="open",
            recipe="rpc-epmap-135-tcp",
            owner="RpcSs in pid 900",
            why="RPC stays",
            listens=True,
        ),
    ]
    return {
        "changed": True,
        "run": RUN,
        "windows": {"id": "windows_server_2022", "caption": "Microsoft Windows Server 2022", "name": "Windows Server 2022"},
        "changes": [change("service Spooler", "running", "stopped")],
        "unchanged": [],
        "hazards": [],
        "suspected": [],
        "forecast": forecast,
        "residue": [
            row(135, recipe="rpc-epmap-135-tcp", owner="RpcSs in pid 900", why="RPC stays", instead="use ip_filter", filtered=False)
        ],
        "summary": {"listeners": 2, "closes_now": 1, "closes_at_boot": 0, "stays": 1, "opens": 0, "closed": 0 if listens else 1},
        "reboot_required": False,
        "warnings": [],
        "confirm": None,
        **more,
    }


def proven(*endpoints: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the result of a proof."""
    proof = {"verdict": "proven", "reasons": [], "booted": True, "notes": [], "open_listeners": 1, "endpoints": list(endpoints)}
    return {"changed": False, "proven": True, "proof": proof, "forecast_run": RUN, **more}


def hosts() -> st.SearchStrategy[HostView]:
    """Invent hosts that say whatever they like."""
    numbers = st.integers(0, 65535)
    ports = st.builds(
        Port,
        protocol=st.sampled_from(["tcp", "udp"]),
        port=numbers,
        addresses=st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
        scope=st.sampled_from(Scope),
        owner=TEXTS,
        state=st.sampled_from(State),
        why=TEXTS,
        ports=st.one_of(st.just(""), TEXTS),
        recipe=TEXTS,
        instead=TEXTS,
        count=st.integers(1, 3000),
        outside=TEXTS,
    )
    changes = st.builds(
        Change,
        stage=st.sampled_from(["services", "netbt"]),
        target=TEXTS,
        before=TEXTS,
        after=TEXTS,
        effective=st.sampled_from(["now", "at boot"]),
        status=st.sampled_from(["planned", "done", "not_done", "unknown"]),
        why=TEXTS,
    )
    refusals = st.builds(Refusal, name=TEXTS, what=TEXTS, affects=st.lists(TEXTS, max_size=2).map(tuple), lift=TEXTS)
    views = st.builds(
        HostView,
        host=TEXTS,
        verdict=st.sampled_from(["proven", "failed", "planned", "listed", "proof failed"]),
        failure=TEXTS,
        windows=TEXTS,
        windows_id=st.sampled_from(["windows_10", "windows_xp"]),
        run=st.sampled_from(["", RUN]),
        ports=st.lists(ports, max_size=6).map(tuple),
        changes=st.lists(changes, max_size=4).map(tuple),
        refusals=st.lists(refusals, max_size=2).map(tuple),
        todo=st.lists(TEXTS, max_size=2).map(tuple),
        back=TEXTS,
        notes=st.lists(TEXTS, max_size=2).map(tuple),
        outside=TEXTS,
        reached=st.lists(TEXTS, max_size=2).map(tuple),
    )
    # As results come: one line each, nothing that moves the cursor.
    return views.map(_as_results_come)


def _as_results_come(view: HostView) -> HostView:
    def tidy(value: Any) -> Any:
        if isinstance(value, Scope | State):
            return value
        if isinstance(value, str):
            return one_line(value)
        if isinstance(value, tuple):
            return tuple(map(tidy, value))
        if isinstance(value, Port | Change | Refusal | HostView):
            return replace(value, **{name: tidy(getattr(value, name)) for name in value.__slots__})
        return value

    tidied: HostView = tidy(view)
    return tidied
