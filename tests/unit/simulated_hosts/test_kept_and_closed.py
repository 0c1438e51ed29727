# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept is there; what is called closed is not: after plan, boot and proof on random hosts, and under a sabotage of one endpoint.

What is true is asked of the host itself, at the moment when the proof has taken its last listing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ansible_collections.netmin.windows.plugins.action import proof_info
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_boot
from ansible_collections.netmin.windows.plugins.plugin_utils._run.boots import BootSeen
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.examples import examples
from ansible_collections.netmin.windows.tests.unit.faulty import HostTime, minimize
from ansible_collections.netmin.windows.tests.unit.renumbered import Port, movable, renumbered
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, scenario, simulated
from hypothesis import event, given
from hypothesis import strategies as st

from winsim.host.model import MachineSpec
from winsim.scenarios import names
from winsim.scenarios.layers import ScenarioError, part_titles

PLAIN = sorted(n for n in names() if not scenario(n).host.faults and not n.endswith("_renamed"))
PARTS = sorted(part for part in part_titles() if part.startswith(("role_", "hazard_")))
ACCEPTABLE = sorted(hazard.id for hazard in KNOWLEDGE.hazards)
# Each Windows has WinRM there, for the session.
WINRM = (5985, 5986, 47001)

Row = tuple[str, str, str, str]
"""Protocol, address, number or `dynamic`, owner."""


@dataclass(frozen=True)
class Sabotage:
    """What happens to one endpoint.

    Attributes:
        kind: of the faults of single endpoints; `back` is one that was closed and is there again some time after the boot.
        which: the number of the endpoint among those that it can happen to.
        seconds: when one is back.
    """

    kind: str
    which: int
    seconds: int


@dataclass(frozen=True)
class Story:
    """A host, what is kept of it, and what happens to it after it was proven."""

    scenario: str
    ports: dict[Port, int]
    together: tuple[str, ...]
    keep: tuple[dict[str, Any], ...]
    sabotage: Sabotage
    clock: dict[str, Any] | None


@cache
def loadable(expression: str) -> bool:
    """Tell whether a part fits a scenario."""
    try:
        return not scenario(expression).host.faults
    except ScenarioError:
        return False


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw a host with moved ports and shared processes, up to three things that are kept, and a sabotage."""
    name = draw(st.sampled_from(PLAIN))
    over = draw(st.one_of(st.none(), st.sampled_from(PARTS)))
    expression = f"{name}+{over}" if over is not None and loadable(f"{name}+{over}") else name
    host = scenario(expression).host
    known = movable(host) if host.windows.netstat_pids else ()
    chosen = draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
    ports = {port: 21_000 + 100 * place + draw(st.integers(0, 99)) for place, port in enumerate(chosen)}
    listening = sorted({row.owner for row in host.sockets} & {s.name for s in host.services if not (s.driver or s.per_user)})
    together = tuple(draw(st.lists(st.sampled_from(listening), max_size=2, unique=True))) if listening else ()
    rows = sorted({(str(row.protocol), ports.get((row.protocol, row.port), row.port), row.owner) for row in host.sockets if row.port})
    entries = st.one_of(
        st.sampled_from([{"port": f"{p}/{n}"} for p, n, _owner in rows if n not in WINRM]),
        st.sampled_from([{"port": "tcp/445"}, {"port": "tcp/135"}, {"port": "udp/137"}, {"port": "tcp/139"}]),
        st.sampled_from([{"service": service.name} for service in host.services if not (service.driver or service.per_user)]),
        st.sampled_from([{"service": owner} for owner in listening] or [{"service": "WinRM"}]),
        st.sampled_from([{"recipe": recipe} for recipe in sorted(KNOWLEDGE.recipes)]),
    )
    keep = tuple({**entry, "reason": "used"} for entry in draw(st.lists(entries, min_size=1, max_size=3)))
    kinds = ("endpoint_gone", "endpoint_taken", "endpoint_moved", "ipv6_left", "endpoint_orphaned", "back", "back")
    sabotage = Sabotage(draw(st.sampled_from(kinds)), draw(st.integers(0, 1000)), draw(st.integers(0, 200)))
    step = st.fixed_dictionaries(
        {
            "seconds": st.sampled_from((3600.0, -3600.0, 120.0)),
            "after": st.sampled_from((1.0, 40.0)),
            "boot_time": st.sampled_from(("stays", "moves")),
        }
    )
    return Story(expression, ports, together, keep, sabotage, draw(st.one_of(st.none(), step)))


def made(story: Story) -> MachineSpec:
    """Return the host of a story: with other numbers, and some services in one process."""
    host = renumbered(scenario(story.scenario).host, story.ports)
    if len(story.together) < 2:
        return host
    first = next(service for service in host.services if service.name == story.together[0])

    def joined(service: Any) -> Any:
        if service.name not in story.together:
            return service
        return replace(service, process=first.process, image=first.image, shared=True)

    return replace(host, services=tuple(map(joined, host.services)))


def truth(host: Simulated) -> Counter[Row]:
    """Return the endpoints that there are, as the host itself knows them."""
    dump: Any = host.computer.dump()
    return Counter(
        (row["protocol"], row["address"], "dynamic" if row["dynamic"] else str(row["port"]), row["owner"]) for row in dump["endpoints"]
    )


def kept_rows(story: Story, before: Counter[Row], result: dict[str, Any]) -> list[Row]:
    """Return the endpoints that the operator keeps, of those that were there."""
    found: list[Row] = []
    for entry in story.keep:
        if "port" in entry:
            protocol, _slash, number = entry["port"].partition("/")
            found += [row for row in before if (row[0], row[2]) == (protocol, number)]
        elif "service" in entry:
            found += [row for row in before if row[3].lower() == entry["service"].lower()]
    for row in result["forecast"]:
        if row["outlook"] == "kept" and not row["dynamic"]:
            found += [one for one in before if one[:3] == (row["protocol"], row["address"], str(row["port"]))]
    return [row for row in dict.fromkeys(found) if row[2] not in map(str, WINRM)]


def closed_rows(before: Counter[Row], result: dict[str, Any]) -> list[Row]:
    """Return the endpoints on fixed ports that the forecast says will be closed after the boot."""
    gone = {
        (row["protocol"], row["address"], str(row["port"]), owner.lower())
        for row in result["forecast"]
        if row["boot"] == "closed" and not row["dynamic"]
        for owner in row["owners"]
    }
    # Others may hold the same number, where its first holder lets them.
    held = Counter(row[:3] for row in before)
    return [row for row in before if (*row[:3], row[3].lower()) in gone and held[row[:3]] == 1]


def proof_of(host: Simulated) -> dict[str, Any]:
    """Restart the host, and prove at once, as the role does that has seen the boot."""
    host.computer.boot()
    host.service.forget()
    host.session.forget()
    seen = BootSeen.now(read_boot(host.session).mark, HostTime(host.clock))
    done = act(proof_info.ActionModule, host, seen=seen)
    assert done.error is None, done.error
    return done.result


def arm(host: Simulated, sabotage: Sabotage, kept: list[Row], closed: list[Row]) -> Row | None:
    """Begin a sabotage with the next boot, and return which endpoint it is about; None where there is none of the kind."""
    rows = closed if sabotage.kind == "back" else [row for row in kept if row[2] != "dynamic"]
    if sabotage.kind == "ipv6_left":
        rows = [row for row in rows if ":" not in row[1]]
    if sabotage.kind == "endpoint_moved":
        rows = [row for row in rows if row[1] not in ("127.0.0.1", "::1")]
    if not rows:
        return None
    row = rows[sabotage.which % len(rows)]
    where: dict[str, Any] = {"protocol": row[0], "port": int(row[2]), "address": row[1], "boots": 1}
    if sabotage.kind == "back":
        owner = row[3] if sabotage.which % 2 else "stranger.exe"
        host.computer.inject({"kind": "endpoint_added", **where, "owner": owner})
        if sabotage.seconds:
            host.computer.inject({"kind": "endpoint_gone", **where, "back": float(sabotage.seconds)})
        return row
    more: dict[str, Any] = {
        "endpoint_taken": {"owner": "stranger.exe"},
        "endpoint_moved": {"to": "::1" if ":" in row[1] else "127.0.0.1"},
    }.get(sabotage.kind, {})
    host.computer.inject({"kind": sabotage.kind, **where, **more})
    return row


@examples(8, 300)
@given(story=stories())
def test_what_is_kept_is_there_and_what_is_called_closed_is_not(story: Story) -> None:
    with simulated(story.scenario, host=made(story)) as host:
        host.boot()
        before = truth(host)
        done = minimize(host, "20260101T000000Z-000001", keep=list(story.keep), accept=ACCEPTABLE)
        if done.result is None:
            event(f"refused: {type(done.error).__name__}")
            return
        kept, closed = kept_rows(story, before, done.result), closed_rows(before, done.result)
        proof, after = proof_of(host), truth(host)
        event(f"kept: {bool(kept)}, verdict: {proof['proof']['verdict']}")
        if proof["proven"]:
            assert [row for row in kept if row not in after] == []
        assert not proof["proven"] or [row for row in closed if row in after] == []
        if not proof["proven"]:
            return
        row = arm(host, story.sabotage, kept, closed)
        if story.clock is not None:
            host.computer.inject({"kind": "clock_steps", **story.clock})
        again, now = proof_of(host), truth(host)
        if row is None:
            assert again["proven"] or story.clock is not None, again["msg"]
            return
        event(f"sabotage: {story.sabotage.kind}, {again['proof']['verdict']}")
        hurt = any(other[:3] == row[:3] for other in now) if story.sabotage.kind == "back" else True
        assert not (hurt and again["proof"]["verdict"] == Verdict.PROVEN), (row, again["proof"])
