# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each way in which a host differs is told once, in one sentence that says what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.drift import Found, differences, permitted, too_wide
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome, Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Finding, Proof
from ansible_collections.netmin.windows.plugins.plugin_utils._report.findings import Kind
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.standing import Undone
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import KNOWLEDGE

from .test_allowed import HOST, PORT, TODAY, allowed, entry, subject

HERE, ALLOWED = "tcp/8080 on 0.0.0.0 (owner Tomcat9)", "port tcp/8080 (owner web team)"


def told(found: Found, *entries: object) -> list[tuple[Kind, str, int]]:
    return [(row.kind, row.message, row.line) for row in differences(found, allowed(*entries), KNOWLEDGE)]  # type: ignore[arg-type]


def test_both_families_of_a_listener_are_one_finding() -> None:
    four = subject()
    six = replace(four, endpoint=Endpoint(Protocol.TCP, "::", 8080, 44))
    assert told(Found((six, four), HOST)) == [
        (Kind.NEW, "tcp/8080 on 0.0.0.0, :: (owner Tomcat9) is open, and the baseline does not allow it: close it, or add an entry", 1)
    ]


def test_what_is_allowed_is_told_by_address_with_the_reason() -> None:
    four, other = subject(), subject(8081)
    six = replace(four, endpoint=Endpoint(Protocol.TCP, "::", 8080, 44))
    rows = permitted((other, six, four, subject(scope=Scope.LOOPBACK)), allowed(entry(port=PORT)), KNOWLEDGE)
    assert [(row["protocol"], row["ports"], row["address"], row["owner"]) for row in rows] == [
        ("tcp", "8080", "0.0.0.0", "Tomcat9"),
        ("tcp", "8080", "::", "Tomcat9"),
    ]
    assert all(str(row["why"]).endswith(":1)") for row in rows)
    assert permitted((four,), allowed(entry(port=PORT, until=TODAY - timedelta(days=1))), KNOWLEDGE) == []


def test_dynamic_ports_of_an_owner_are_one_finding() -> None:
    rows = tuple(subject(port, dynamic=True) for port in (49664, 49665, 49670))
    ((_kind, message, _line),) = told(Found(rows, HOST))
    assert message.startswith("tcp/49664-49665, 49670 on 0.0.0.0 (owner Tomcat9) is open")


def test_an_entry_for_which_nothing_listens() -> None:
    here = entry(7, service="Messenger")
    assert told(Found((), HOST), here) == [
        (Kind.GONE, "nothing listens for service Messenger (owner web team): start it, or remove the entry", 7)
    ]
    ((_kind, message, _line),) = told(Found((), HOST), entry(7, service="Mesenger"))
    assert "the host has no such service (did you mean 'Messenger'?)" in message
    # The loopback is there as well; and an entry whose port another owner has is told once.
    assert told(Found((subject(scope=Scope.LOOPBACK),), HOST), entry(port=PORT)) == []
    rows = told(Found((subject(owners=("evil",)),), HOST), entry(3, port=PORT, service="Tomcat9"))
    assert [(row[0], row[2]) for row in rows] == [(Kind.OWNER, 3)]
    assert rows[0][1] == (
        "tcp/8080 on 0.0.0.0 belongs to evil, but the baseline allows port tcp/8080 of service Tomcat9 (owner web team) there: find out "
        "what evil is"
    )


def test_another_scope_and_an_end() -> None:
    narrow = entry(4, port=PORT, scope=Scope.ADAPTER)
    over = entry(5, port=PORT, until=TODAY - timedelta(days=1))
    soon = entry(6, port=PORT, until=TODAY)
    assert told(Found((subject(),), HOST), narrow) == [
        (
            Kind.SCOPE,
            f"{HERE} listens on all addresses, but the baseline allows {ALLOWED} only on single addresses: bind it there, or widen 'scope'",
            4,
        )
    ]
    assert told(Found((subject(),), HOST), over) == [
        (
            Kind.EXPIRED,
            f"{HERE} is open, but {ALLOWED} ended on 2027-03-30: close it, or extend 'until'",
            5,
        )
    ]
    assert told(Found((subject(),), HOST), soon) == [
        (Kind.EXPIRES, "port tcp/8080 (owner web team) ends on 2027-03-31, today: extend 'until', or plan to close it", 6)
    ]
    assert "It is kept, since stopping it would close what is allowed as well" in too_wide((subject(),), allowed(narrow), KNOWLEDGE)[0]
    assert too_wide((subject(),), allowed(), KNOWLEDGE) == []


def contradicted(*rows: Finding) -> Proof:
    return Proof(Verdict.FAILED, rows, (), booted=True)


def finding(port: int, outcome: Outcome, *, owner: str = "Tomcat9 in pid 44", address: str = "0.0.0.0") -> Finding:
    return Finding(Endpoint(Protocol.TCP, address, port, 44), owner, outcome, holds=False, why="forecast to be closed: x")


def test_a_proof_that_no_longer_holds_is_told_where_it_is_not_told_already() -> None:
    again = contradicted(finding(8080, Outcome.OPEN))
    # Once, with what the run left.
    ((kind, message, _line),) = told(Found((subject(),), HOST, again, "run-1"))
    assert (kind, message.endswith("add an entry. It did not listen after run run-1")) == (Kind.NEW, True)
    # What the baseline allows may be open, whatever a run foretold.
    assert told(Found((subject(),), HOST, again, "run-1"), entry(port=PORT)) == []
    # What was kept and is gone, of which no entry tells.
    gone = contradicted(finding(9000, Outcome.CLOSED))
    ((kind, message, line),) = told(Found((), HOST, gone, "run-1"))
    assert (kind, line) == (Kind.UNPROVEN, 0)
    assert (
        message
        == "the proof of run run-1 no longer holds: tcp/9000 on 0.0.0.0 is closed, owner Tomcat9 in pid 44: forecast to be closed: x"
    )
    assert [row[0] for row in told(Found((), HOST, gone, "run-1"), entry(port=(Protocol.TCP, 9000)))] == [Kind.GONE]
    # A proof that is only not complete says nothing.
    assert told(Found((), HOST, replace(gone, verdict=Verdict.NOT_PROVEN), "run-1")) == []


def test_a_setting_that_was_changed_back() -> None:
    item = Undone("services", "service Spooler: start mode", "auto", "disabled", "run-1", reverted=True)
    ((kind, message, line),) = told(Found((), HOST, undone=(item,)))
    assert (kind, line) == (Kind.SETTING, 0)
    assert message == (
        "service Spooler: start mode is auto, as it was before the first run; run run-1 left it disabled: run "
        "netmin.windows.minimize again, or leave it out of the next run"
    )


def test_the_most_urgent_comes_first() -> None:
    item = Undone("services", "x", "auto", "disabled", "run-1", reverted=False)
    rows = told(Found((subject(),), HOST, undone=(item,)), entry(2, service="Messenger"), entry(3, service="W32Time", until=TODAY))
    assert [row[0] for row in rows] == [Kind.NEW, Kind.SETTING, Kind.GONE, Kind.GONE, Kind.EXPIRES]
