# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Views of hosts from the results of tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._report.gather import Given, merged, view_of
from ansible_collections.netmin.windows.plugins.plugin_utils._report.view import Port, State, worst
from hypothesis import given
from hypothesis import strategies as st

from .views import RUN, change, hosts, minimized, proven, row


def states(known: Given) -> dict[str, State]:
    """Return the state of each port of a host."""
    return {port.name: port.state for port in view_of("web01", known).ports}


def test_an_audit_shows_what_listens_and_what_the_session_needs() -> None:
    listeners = [row(515), row(5985, recipe="winrm", management=True), row(1900, scope="loopback", address="127.0.0.1")]
    found = view_of("web01", Given(audit={"listeners": listeners, "warnings": ["web01: odd"], "suspected": []}))

    assert {port.name: port.state for port in found.ports} == {
        "tcp/515": State.LISTENS,
        "tcp/5985": State.KEPT,
        "tcp/1900": State.LOOPBACK,
    }
    assert (found.verdict, found.todo, found.back, found.warnings) == ("listed", (), "", ("odd",))


def test_ipv4_and_ipv6_of_one_owner_are_one_row() -> None:
    rows = [
        row(445, owner="srvnet in pid 4"),
        row(445, address="::", family="ipv6", owner="srvnet in pid 4"),
        row(445, owner="other in pid 9"),
    ]
    ports = view_of("web01", Given(audit={"listeners": rows})).ports

    assert [(port.owner, port.addresses, port.count) for port in ports] == [
        ("other", ("0.0.0.0",), 1),
        ("srvnet", ("0.0.0.0", "::"), 2),
    ]


def test_check_mode_shows_the_forecast() -> None:
    planned = [change("service Spooler", "running", "stopped", status="planned")]
    known = Given(main=minimized(listens=None, changes=planned), check_mode=True)
    found = view_of("web01", known)

    assert states(known) == {"tcp/515": State.CLOSES_NOW, "tcp/135": State.STAYS}
    assert (found.verdict, found.check_mode, found.back) == ("planned", True, "")
    assert found.todo == ("run it without --check to make these changes",)


def test_a_run_shows_what_is_gone_what_stays_and_how_to_go_back() -> None:
    found = view_of("web01", Given(main=minimized()))

    assert {port.name: (port.state, port.instead) for port in found.ports} == {
        "tcp/515": (State.CLOSED, ""),
        "tcp/135": (State.STAYS, "use ip_filter"),
    }
    assert found.back == f"ansible-playbook netmin.windows.rollback -i INVENTORY -e target=web01 -e rollback_run={RUN}"


def test_a_port_that_still_listens_after_its_service_was_stopped_has_failed() -> None:
    assert states(Given(main=minimized(listens=True)))["tcp/515"] is State.FAILED


@pytest.mark.parametrize("status", ["not_done", "unknown"])
def test_of_a_run_that_broke_off_nothing_is_promised(status: str) -> None:
    broken = minimized(listens=None, failed=True, msg="lost", changes=[change("service Spooler", "running", None, status=status)])
    found = view_of("web01", Given(main=broken))

    assert states(Given(main=broken))["tcp/515"] is State.UNKNOWN
    assert (found.verdict, found.failure, found.changes[0].after) == ("failed", "lost", "?")


def test_a_proof_is_later_than_a_forecast() -> None:
    gone = row(515, outcome="closed", holds=True, why="no socket")
    wrong = row(139, recipe=None, owner="NetBT in pid 4", outcome="open", holds=False, why="was to close")
    known = Given(main=minimized(), proof=proven(gone, wrong))

    assert states(known) == {"tcp/515": State.CLOSED, "tcp/139": State.FAILED}
    assert [port.why for port in view_of("web01", known).ports if port.port == 515] == ["Spooler will not run"]


def test_what_was_told_of_a_dynamic_port_goes_with_its_owner_not_with_the_number() -> None:
    lsass: dict[str, Any] = {"dynamic": True, "recipe": "rpc-lsass", "owner": "lsass.exe in pid 600"}
    spooler: dict[str, Any] = {"dynamic": True, "recipe": "rpc-spooler", "owner": "Spooler in pid 700"}
    main = minimized(
        forecast=[row(49668, outlook="closes now", **spooler), row(49671, outlook="stays", **lsass)],
        residue=[row(49671, instead="use ip_filter", **{**lsass, "why": "LSASS stays"})],
    )
    proof = proven(row(49668, outcome="open", holds=True, **lsass))

    [port] = view_of("web01", Given(main=main, proof=proof)).ports
    assert (port.recipe, port.why, port.instead) == ("rpc-lsass", "LSASS stays", "use ip_filter")


def test_what_nobody_agreed_to_is_refused_by_name_with_what_lifts_it() -> None:
    hazard = {"id": "iis-http-sys", "gate": "accept", "accepted": False, "what": "web sites stop", "affects": ["rpc-epmap-135-tcp"]}
    skipped = {"stage": "", "target": "recipe rpc-lsass", "reason": "not known to work on this Windows", "detail": "no setting is verified"}
    known = Given(main=minimized(hazards=[hazard, {**hazard, "id": "other", "accepted": True}], unchanged=[skipped]))

    assert [(refusal.name, refusal.lift) for refusal in view_of("web01", known).refusals] == [
        ("iis-http-sys", "list 'iis-http-sys' in 'accept'"),
        ("recipe rpc-lsass", "set 'unverified' to 'apply'"),
    ]
    assert states(known)["tcp/135"] is State.REFUSED


def test_what_is_kept_is_not_refused_as_well() -> None:
    hazard = {"id": "iis-http-sys", "gate": "accept", "accepted": False, "what": "web sites stop", "affects": ["iis7", "ssdp-1900"]}
    skipped = {"stage": "", "target": "recipe rpc-lsass", "reason": "not known to work on this Windows", "detail": "no setting is verified"}
    web, lsass = (
        row(number, outlook="kept", why="wanted", recipe=recipe, owner=owner, listens=True)
        for number, recipe, owner in ((80, "iis7", "W3SVC"), (49668, "rpc-lsass", "lsass.exe"))
    )
    main = minimized(hazards=[hazard], unchanged=[skipped])

    kept = view_of("web01", Given(main={**main, "forecast": [web, lsass]}))
    assert (kept.refusals, {port.state for port in kept.ports}) == ((), {State.KEPT})
    other = row(443, outlook="stays", recipe="iis7", owner="W3SVC", listens=True)
    partly = view_of("web01", Given(main={**main, "forecast": [web, other]}))
    assert [refusal.name for refusal in partly.refusals] == ["iis-http-sys", "recipe rpc-lsass"]


def test_a_restart_a_proof_and_a_confirmation_are_left_to_do() -> None:
    waiting = minimized(reboot_required=True, confirm={"armed": True, "confirmed": False})
    done = Given(main=waiting, reboot={"after": {}}, proof=proven(), confirm={"confirmed": True})

    assert [text.split(":")[0].split(" ")[0] for text in view_of("web01", Given(main=waiting)).todo] == ["restart", "run", "confirm"]
    assert view_of("web01", Given(main=waiting, reboot={"after": {"uptime": 1}}, proof=done.proof, confirm=done.confirm)).todo == ()


def test_the_results_of_a_host_are_found_among_its_variables() -> None:
    variables = {"minimize_result": minimized(), "verify_result": proven(), "minimize_reboot_result": {"skipped": True}}
    found = Given.of_variables(variables, check_mode=False, about="minimize")

    assert (found.main["run"], found.proof["proven"], found.reboot) == (RUN, True, {})
    assert Given.of_variables({}, check_mode=False, about="minimize").known is False


def test_a_proof_of_another_run_is_not_taken_for_one_of_this() -> None:
    variables = {"minimize_result": minimized(), "verify_result": proven(forecast_run="20250101T000000Z-000000")}

    assert Given.of_variables(variables, check_mode=False, about="minimize").proof == {}


@pytest.mark.parametrize("about", ["audit", "minimize", "rollback", "verify"])
def test_a_host_that_was_not_reached_says_so(about: str) -> None:
    lost = {"unreachable": True, "msg": "web01: no answer"}
    name = {"verify": "verify_result", "audit": "audit_result"}.get(about, f"{about}_result")
    found = view_of("web01", Given.of_variables({name: lost}, check_mode=False, about=about))

    assert (found.verdict, found.failure, found.failed) == ("not reached", "web01: no answer", True)


@given(hosts())
def test_the_order_of_rows_does_not_matter(view: Any) -> None:
    assert merged(view.ports) == merged(reversed(view.ports))


@given(hosts())
def test_rows_are_joined_once(view: Any) -> None:
    once = merged(view.ports)
    assert merged(once) == once
    assert sum(port.count for port in once) == sum(port.count for port in view.ports)


@given(st.lists(st.sampled_from(State), min_size=1))
def test_a_family_is_as_bad_as_its_worst_port(states_of: list[State]) -> None:
    found = worst(states_of)
    assert found in states_of
    assert all(worst([found, state]) is found for state in states_of if found is not None)


def test_a_family_is_a_recipe_or_an_owner_with_its_port() -> None:
    port = Port("tcp", 8080, ("0.0.0.0",), Scope.WILDCARD, "acme.exe", State.LISTENS, "")
    assert port.family == "acme.exe (tcp/8080)"


def test_a_summary_that_joins_ports_and_families_says_the_same_as_a_full_result() -> None:
    dns: dict[str, Any] = {"recipe": "dns", "owner": "DNS in pid 9", "outlook": "stays", "listens": True, "why": "it serves names"}
    both = [row(port, **dns, address=address) for port in (53, 853) for address in ("0.0.0.0", "::")]
    left = [{**one, "instead": "move it", "filtered": False} for one in both]
    short = [row(port, **dns, address="0.0.0.0, ::", count=2) for port in (53, 853)]
    short_left = [{**left[0], "address": "0.0.0.0, ::", "ports": "53, 853", "count": 4}]
    whole = view_of("web01", Given(main=minimized(forecast=both, residue=left))).ports
    assert [(port.name, port.addresses, port.instead) for port in whole] == [
        ("tcp/53", ("0.0.0.0", "::"), "move it"),
        ("tcp/853", ("0.0.0.0", "::"), "move it"),
    ]
    assert [replace(port, owners=()) for port in view_of("web01", Given(main=minimized(forecast=short, residue=short_left))).ports] == [
        replace(port, owners=()) for port in whole
    ]
