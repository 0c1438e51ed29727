# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Results of simulated hosts, and reports made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from ansible_collections.netmin.windows.plugins.action import listeners_info, minimize, proof_info
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_boot
from ansible_collections.netmin.windows.plugins.plugin_utils._report.findings import Finding, Kind
from ansible_collections.netmin.windows.plugins.plugin_utils._report.known import recipes_of
from ansible_collections.netmin.windows.plugins.plugin_utils._report.latest import of_variables, seen
from ansible_collections.netmin.windows.plugins.plugin_utils._report.report import Report, Since, compared, in_order, tidied, unproven
from ansible_collections.netmin.windows.plugins.plugin_utils._report.view import Fleet, HostView, Port, State
from ansible_collections.netmin.windows.plugins.plugin_utils._run.boots import BootSeen

from .actions import act
from .faulty import HostTime
from .simulated import KNOWLEDGE, simulated

TAKEN = "2026-03-02T21:{:02}:00+00:00"
SCENARIOS = (
    "windows_server_2022_web_server",
    "windows_server_2019_file_server",
    "windows_10",
    "windows_server_2012_r2",
    "windows_server_2003",
)
NAMES = ("web", "files", "office", "intranet", "plant")


@cache
def variables(scenario: str) -> Mapping[str, Any]:
    """Return what the roles leave of a host that was listed, closed, restarted and proven."""
    with simulated(scenario) as host:
        audit = _told(act(listeners_info.ActionModule, host), 1)
        main = _told(act(minimize.ActionModule, host), 2)
        host.clock.advance(600)
        host.computer.boot()
        host.service.forget()
        host.session.forget()
        boot = BootSeen.now(read_boot(host.session).mark, HostTime(host.clock))
        proof = _told(act(proof_info.ActionModule, host, seen=boot), 9)
    return {"audit_result": audit, "minimize_result": main, "minimize_reboot_result": {"after": {"uptime": 10.0}}, "verify_result": proof}


def _told(acted: Any, minute: int) -> dict[str, Any]:
    if acted.error is not None:
        raise acted.error
    return {**acted.result, "stats": {"at": TAKEN.format(minute)}}


def view(scenario: str, host: str) -> HostView:
    """Return the view of a host that was carried through."""
    return tidied(seen(of_variables(host, variables(scenario), check_mode=False)))


def report(hosts: Sequence[HostView], **changed: Any) -> Report:
    """Return a report on hosts."""
    fleet = Fleet(TAKEN.format(9), in_order(hosts), recipes_of(KNOWLEDGE, hosts))
    return Report(**{"title": "Listening ports", "fleet": fleet, "findings": tuple(unproven(hosts)), **changed})


def fleet_of(count: int) -> list[HostView]:
    """Return so many hosts, some of which have failed, were only listed, or wait for a restart."""
    found = []
    for number in range(count):
        kind = number % len(SCENARIOS)
        name = f"{NAMES[kind]}{number // len(SCENARIOS) + 1:02}"
        host = view(SCENARIOS[kind], name)
        if number % 20 == 11:
            host = HostView(
                name,
                "not reached",
                failure=f"{name}: nothing answers at 192.0.2.{number % 250}:5985 (timed out after 30 s)",
                taken=TAKEN.format(3),
            )
        elif number % 20 == 14:
            listed = of_variables(name, {"audit_result": variables(SCENARIOS[kind])["audit_result"]}, check_mode=False)
            host = tidied(seen(listed))
        elif number % 20 == 16:
            broken = [
                replace(row, state=State.FAILED, why="a socket is there, and the forecast says that there is none")
                if row.port == 445
                else row
                for row in host.ports
            ]
            host = replace(host, verdict="proof failed", failure="tcp/445 listens again", ports=tuple(broken))
        found.append(host)
    return found


def sample(count: int = 20) -> Report:
    """Return a report that has something in each of its parts."""
    hosts = fleet_of(count)
    before = [replace(host, verdict="listed", ports=tuple(_listed(host))) if number % 6 == 1 else host for number, host in enumerate(hosts)]
    findings = (
        Finding("web01", Kind.NEW, "tcp/8080 of java.exe listens, and the baseline does not allow it", "baseline.yml", 12),
        Finding("office01", Kind.EXPIRED, "Spooler on tcp/rpc-dynamic was allowed until 2026-02-28 (owner: print)", "baseline.yml", 31),
        Finding("files01", Kind.EXPIRES, "tcp/445 is allowed until 2026-03-20 (owner: storage team, ticket CHG-1042)", "baseline.yml", 44),
    )
    since = Since("2026-02-02T21:09:00+00:00", compared(before, hosts))
    return report(
        hosts,
        title="Listening ports, March 2026",
        findings=(*findings, *unproven(hosts)),
        since=since,
        notes=("notes.json was passed over: it is no result of this collection",),
    )


def _listed(host: HostView) -> list[Any]:
    return [replace(row, state=State.LISTENS) if row.state is State.CLOSED else row for row in host.ports]


def crowd(hosts: int, rows: int) -> Report:
    """Return a report on so many hosts, each with so many rows; what stands in them is what real recipes say."""
    names = sorted(KNOWLEDGE.recipes)
    found = []
    for number in range(hosts):
        host = view(SCENARIOS[number % len(SCENARIOS)], f"srv-{number:04}.example.com")
        more = [_invented(names[(kind + number % 7) % len(names)], 20000 + kind) for kind in range(rows - len(host.ports))]
        found.append(replace(host, ports=(*host.ports, *more)))
    return report(found)


def _invented(recipe: str, port: int) -> Port:
    known = KNOWLEDGE.recipes[recipe]
    owner = next(iter((*known.services, *known.drivers, *known.processes)), "System")
    state = State.STAYS if port % 3 == 0 else State.CLOSED
    why = known.breaks if state is State.STAYS else f"{owner} will not run"
    return Port(
        "tcp", port, ("0.0.0.0", "::"), Scope.WILDCARD, owner, state, why, recipe=recipe, owners=(owner,), instead=known.instead, count=2
    )
