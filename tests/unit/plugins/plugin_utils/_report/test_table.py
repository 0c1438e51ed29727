# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Views as text for a terminal."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from ansible.utils.display import get_text_width
from ansible_collections.netmin.windows.plugins.plugin_utils._report.gather import Given, view_of
from ansible_collections.netmin.windows.plugins.plugin_utils._report.table import Paper, fleet_lines, host_lines, wrapped
from ansible_collections.netmin.windows.plugins.plugin_utils._report.view import Change, HostView
from hypothesis import given
from hypothesis import strategies as st

from .views import change, hosts, minimized, row

# Signs of one and of two columns; of rarer ones the terminal's library knows less than Python.
PRINTABLE = st.text(st.sampled_from("ab,/\\ äЖ日本한"), max_size=200)


@given(hosts(), st.integers(60, 100))
def test_no_line_is_wider_than_the_terminal(view: HostView, width: int) -> None:
    for line in host_lines(view, Paper(width)):
        assert len(line) <= width or any(not sign.isascii() for sign in line)
        assert "\n" not in line


@given(PRINTABLE, st.integers(2, 80))
def test_a_text_is_broken_into_what_fits_and_nothing_is_lost(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(get_text_width(line) <= width for line in lines)


@given(st.lists(hosts(), min_size=2, max_size=4))
def test_many_hosts_end_with_how_many_ended_how(views: list[HostView]) -> None:
    text = "\n".join(fleet_lines(views, few=1))
    assert f"{len(views)} hosts:" in text


def test_a_host_is_its_ports_its_changes_and_one_closing_line() -> None:
    lines = host_lines(view_of("web01", Given(main=minimized())))

    assert lines[1] == "web01 - Microsoft Windows Server 2022 - run 20260101T220000Z-4f2a91"
    assert lines[3].split() == ["port", "owner", "recipe", "state", "why"]
    assert lines[4].split(maxsplit=4) == ["tcp/135", "RpcSs", "rpc-epmap-135-tcp", "stays", "RPC stays"]
    assert "  services  service Spooler: running -> stopped" in lines
    assert "  - tcp/135: use ip_filter" in lines
    assert " ".join(lines[-2:]) == (
        "web01: NOT PROVEN: 1 endpoint closed, 1 stays. Left to do: run netmin.windows.verify to prove it by the sockets."
    )


def test_two_changes_of_one_service_are_one_line() -> None:
    both = (
        Change("services", "service Spooler", "auto", "disabled", "at boot", "done", ""),
        Change("services", "service Spooler", "running", "stopped", "now", "done", ""),
    )
    lines = host_lines(HostView("web01", "proven", changes=both))

    assert "  services  service Spooler: auto -> disabled (at boot), running -> stopped" in lines
    assert "Changed (1)" in lines


@pytest.mark.parametrize(
    ("modes", "states", "heading", "told"),
    [
        ("done", "not_done", "Changed (1)", "auto -> disabled (at boot), running, NOT DONE"),
        ("not_done", "not_done", "Not changed (1)", "auto, NOT DONE, running, NOT DONE"),
        ("done", "unknown", "Changed (1)", "auto -> disabled (at boot), running -> stopped UNKNOWN"),
    ],
)
def test_what_was_not_done_is_not_called_changed(modes: str, states: str, heading: str, told: str) -> None:
    changes = (
        Change("services", "service Spooler", "auto", "disabled", "at boot", modes, ""),
        Change("services", "service Spooler", "running", "stopped", "now", states, ""),
    )
    lines = host_lines(HostView("web01", "failed", changes=changes))
    assert f"  services  service Spooler: {told}" in lines
    assert heading in lines


def test_a_run_that_broke_off_says_of_how_much_it_changed_some() -> None:
    changes = (
        Change("services", "service Spooler", "auto", "disabled", "at boot", "done", ""),
        Change("services", "service W32Time", "auto", "?", "at boot", "not_done", ""),
    )
    lines = host_lines(HostView("web01", "failed", changes=changes))
    assert "Changed (1 of 2)" in lines
    assert "            service W32Time: auto, NOT DONE" in lines


def test_a_long_registry_path_is_cut_in_its_middle() -> None:
    path = "HKLM\\" + "\\".join(f"Key{number}" for number in range(40)) + "\\EnableMulticast"
    changed = Change("n", path, "(absent)", "0", "at boot", "done", "")
    [line] = [text for text in host_lines(HostView("w", "proven", changes=(changed,))) if "HKLM" in text]

    assert line.endswith("\\EnableMulticast: (absent) -> 0 (at boot)")
    assert len(line) <= 100


def test_the_command_that_goes_back_can_be_pasted_however_narrow_the_terminal_is() -> None:
    view = view_of("web01", Given(main=minimized()))
    for width in (60, 100):
        lines = host_lines(view, Paper(width))
        start = lines.index("To go back:")
        assert lines[start - 1] == ""
        # A shell takes a backslash and the end of the line away.
        command = "\n".join(lines[start + 1 : lines.index("", start)]).replace("\\\n", "")
        assert "\n" not in command
        assert shlex.split(command) == shlex.split(view.back)


def test_a_listing_names_the_next_step() -> None:
    lines = host_lines(view_of("web01", Given(audit={"listeners": [row(135)]})))
    assert " ".join(lines[-2:]).strip() == (
        "web01: LISTED: 1 endpoint listens. Left to do: run netmin.windows.minimize with --check to see what would close."
    )


def test_a_plan_on_a_capture_says_that_it_is_carried_out_on_the_host() -> None:
    planned = minimized(changes=[change("service Spooler", "running", "stopped", status="planned")])
    found = {**planned, "stats": {"captured_at": "2026-01-01T00:00:00+00:00"}}
    closing = " ".join(host_lines(view_of("web01", Given(main=found, check_mode=True)))[-2:])
    assert closing.endswith("Left to do: plan it again on the host itself and carry it out there, since a capture cannot be changed.")
    assert "run it without --check" in " ".join(host_lines(view_of("web01", Given(main=planned, check_mode=True)))[-2:])


def test_a_dynamic_port_that_opens_again_has_no_number_yet() -> None:
    rows = [
        row(49668, outlook="opens again", dynamic=True, why="it was there before the first run"),
        row(49668, outlook="stays", dynamic=True, owner="lsass.exe in pid 600", owners=["lsass.exe"], recipe="rpc-lsass"),
    ]
    lines = host_lines(view_of("web01", Given(restore=minimized(forecast=rows, residue=[]))))
    assert [line.split()[:2] for line in lines if line.startswith(("tcp/", "tcp "))] == [
        ["tcp", "(dynamic)"],
        ["tcp/49668", "lsass.exe"],
    ]


def test_in_check_mode_there_is_no_run_to_name() -> None:
    planned = minimized(changes=[change("service Spooler", "running", "stopped", status="planned")])
    assert host_lines(view_of("web01", Given(main=planned, check_mode=True)))[1] == "web01 - Microsoft Windows Server 2022"


def test_the_loopback_is_one_line() -> None:
    audit = {"listeners": [row(1900, scope="loopback", address="127.0.0.1", owner="SSDPSRV in pid 1"), row(135)]}
    lines = host_lines(view_of("web01", Given(audit=audit)))

    assert "On the loopback address only: tcp/1900 (SSDPSRV)" in lines


def test_of_many_hosts_those_are_shown_that_failed_or_differ() -> None:
    usual = [view_of(f"web{number:02}", Given(main=minimized())) for number in range(8)]
    odd = view_of("odd", Given(main=minimized(listens=True)))
    lost = HostView("lost", "not reached", failure="no answer")
    lines = fleet_lines([*usual, odd, lost], few=5)

    assert next(line for line in lines if line.startswith(("odd", "web", "lost"))).startswith("odd - ")
    assert not any(line.startswith("web00") for line in lines)
    [spooler] = [line for line in lines if line.startswith("rpc-spooler")]
    assert spooler.split() == ["rpc-spooler", "8", ".", "1"]
    assert any(line.startswith("10 hosts: 9 not proven, 1 not reached") for line in lines)


def test_why_a_host_failed_is_told_in_its_closing_line() -> None:
    lines = host_lines(HostView("web01", "refused", failure="web01: the host runs SQL Server", ports=()))
    assert lines[-1] == "web01: REFUSED (web01: the host runs SQL Server). Left to do: look at the message above."


def test_colours_change_nothing_but_colours() -> None:
    view = view_of("web01", Given(main=minimized()))
    painted = host_lines(view, Paper(paint=lambda text, kind: f"\x1b[1m{text}\x1b[0m" if kind else text))

    assert [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in painted] == host_lines(view)


def test_addresses_stand_below_the_port_unless_they_are_all() -> None:
    [port] = view_of("web01", Given(audit={"listeners": [row(139, address="192.0.2.7", scope="adapter")]})).ports
    many = replace(port, addresses=("192.0.2.7", "fe80::1%7"), count=2)
    lines = host_lines(HostView("web01", "listed", ports=(port, many)))

    assert [line[:14].split("  ")[0] for line in lines[4:8]] == ["tcp/139", "192.0.2.7", "tcp/139", "2 addresses"]
