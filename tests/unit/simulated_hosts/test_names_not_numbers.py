# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names, not numbers: where the owner of a fixed port is known, another number changes nothing of what is planned but the number itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError
from ansible_collections.netmin.windows.tests.unit.examples import examples
from ansible_collections.netmin.windows.tests.unit.faulty import minimize
from ansible_collections.netmin.windows.tests.unit.renumbered import Port, movable, renumbered
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, scenario, simulated
from hypothesis import event, given
from hypothesis import strategies as st

from winsim.scenarios import names
from winsim.scenarios.layers import ScenarioError, part_titles

# Before Windows XP no listing shows who owns a port.
PLAIN = sorted(n for n in names() if scenario(n).host.windows.netstat_pids and not scenario(n).host.faults)
PARTS = sorted(part for part in part_titles() if part.startswith(("role_", "hazard_")))
ACCEPTABLE = sorted(hazard.id for hazard in KNOWLEDGE.hazards)
# No recipe names these, and no Windows hands them out.
NUMBERS = st.integers(21_000, 21_999)


@dataclass(frozen=True)
class Moved:
    """A host, the ports that somebody moved, and what is asked of it on its usual ports."""

    scenario: str
    ports: dict[Port, int]
    options: dict[str, Any]


@cache
def ports_of(expression: str) -> tuple[Port, ...]:
    """Return the ports of a scenario that can be moved and whose owner alone lives in its process; none where it does not load."""
    try:
        host = scenario(expression).host
    except ScenarioError:
        return ()
    with simulated(expression) as running:
        running.boot()
        living: dict[str, int] = {}
        for service in running.computer.host.services.all:
            if service.running and not service.spec.driver:
                living[service.spec.process] = living.get(service.spec.process, 0) + 1
    process = {service.name.lower(): service.process for service in host.services}
    owners = {(row.protocol, row.port): process.get(row.owner.lower(), "") for row in host.sockets}
    return tuple(port for port in movable(host) if living.get(owners[port], 0) == 1)


@st.composite
def moves(draw: st.DrawFn) -> Moved:
    """Draw a host with parts, other numbers, and options."""
    name = draw(st.sampled_from(PLAIN))
    over = draw(st.one_of(st.none(), st.sampled_from(PARTS)))
    expression = f"{name}+{over}" if over is not None and ports_of(f"{name}+{over}") else name
    known = ports_of(expression)
    chosen = draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True)) if known else []
    numbers = draw(st.lists(NUMBERS, min_size=len(chosen), max_size=len(chosen), unique=True))
    host = scenario(expression).host
    owners = sorted({row.owner for row in host.sockets if (row.protocol, row.port) in chosen})
    keeps = st.one_of(
        st.sampled_from([{"service": owner, "reason": "used"} for owner in owners] or [{"service": "WinRM", "reason": "used"}]),
        st.sampled_from([{"port": f"{p}/{n}", "reason": "used"} for p, n in chosen] or [{"port": "tcp/135", "reason": "used"}]),
        st.sampled_from([{"recipe": recipe, "reason": "used"} for recipe in sorted(KNOWLEDGE.recipes)]),
    )
    options: dict[str, Any] = {
        "keep": draw(st.lists(keeps, max_size=2)),
        "accept": draw(st.one_of(st.just(ACCEPTABLE), st.just([]), st.lists(st.sampled_from(ACCEPTABLE), unique=True))),
        "unverified": draw(st.sampled_from(["skip", "apply"])),
    }
    if draw(st.booleans()):
        options["ip_filter"] = {"residue": "drop", "unknown": draw(st.booleans())}
    return Moved(expression, dict(zip(chosen, numbers, strict=True)), options)


def planned(host: Simulated, options: dict[str, Any]) -> dict[str, Any] | NetminError:
    """Plan in check mode, and return the result, or why nothing is planned."""
    host.boot()
    done = minimize(host, "20260101T000000Z-000001", check=True, **options)
    return done.result if done.result is not None else done.error or {}


def told(found: dict[str, Any] | NetminError, numbers: dict[str, str]) -> list[str]:
    """Return what a plan says in lines that can be compared, with numbers as they were; what moves from boot to boot is left out."""
    if isinstance(found, NetminError):
        lines = [f"{type(found).__name__}: {found}"]
    else:
        lines = [f"{part}: {json.dumps(row, sort_keys=True)}" for part in ("changes", "unchanged", "hazards") for row in found[part]]
        forecasts = [{key: row[key] for key in row if key not in ("pid", "port") or not row["dynamic"]} for row in found["forecast"]]
        lines += [f"forecast: {json.dumps(row, sort_keys=True)}" for row in forecasts]
        lines += [f"warning: {text}" for text in found["warnings"]]
    text = "\n".join(lines)
    for new, old in numbers.items():
        text = re.sub(rf"(?<!\d){new}(?!\d)", old, text)
    # A dynamic port that is named in a sentence, and process ids.
    text = re.sub(r"(tcp|udp)/(4915\d|4916\d|4917\d|10[2-9]\d)\b", r"\1/N", text)
    return sorted(re.sub(r'"pid": \d+|in pid \d+', "pid", text).splitlines())


@examples(12, 300)
@given(moved=moves())
def test_another_number_changes_nothing_but_the_number(moved: Moved) -> None:
    base = scenario(moved.scenario).host
    elsewhere = {f"{p}/{old}": f"{p}/{new}" for (p, old), new in moved.ports.items()}
    keep = [{**row, "port": elsewhere.get(row["port"], row["port"])} if "port" in row else row for row in moved.options["keep"]]
    with simulated(moved.scenario) as host:
        before = planned(host, moved.options)
    with simulated(moved.scenario, host=renumbered(base, moved.ports)) as host:
        after = planned(host, {**moved.options, "keep": keep})
    event(f"moved: {len(moved.ports)}, refused: {isinstance(before, NetminError)}")
    numbers = {str(new): str(old) for (_protocol, old), new in moved.ports.items()}
    one, other = told(before, {}), told(after, numbers)
    assert [line for line in other if line not in one] == []
    assert [line for line in one if line not in other] == []
