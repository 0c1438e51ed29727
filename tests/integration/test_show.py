# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person sees in the terminal: the playbooks by ansible-playbook, with its default output and without -v."""

from __future__ import annotations

import json
import re

import pytest

from winsim.server import HostSpec, Simulation

from .harness import Played, on, play, variables

WIDTH = 100
ROW = re.compile(r"^((?:tcp|udp)/\S+) +(\S+) +(\S+) +(.+?)  +\S")
AUDIT, MINIMIZE, VERIFY, ROLLBACK = (f"netmin.windows.{name}" for name in ("audit", "minimize", "verify", "rollback"))
FAST = {"minimize_reboot_interval": 1, "minimize_reboot_timeout": 60, "verify_interval": 1, "rollback_reboot_interval": 1}


def tables(played: Played) -> dict[str, tuple[str, ...]]:
    """Return owner, recipe and state of each port that the output shows of one host."""
    found = (ROW.match(line) for line in played.output.splitlines())
    return {match[1]: match.group(2, 3, 4) for match in found if match}


def ours(played: Played) -> list[str]:
    """Return the lines that this collection shows, without those of Ansible."""
    theirs = ("PLAY", "TASK", "ok:", "changed:", "skipping:", "included:", "fatal:", "[", "NO MORE", "RUNNING")
    text = played.output.partition("PLAY RECAP")[0]
    return [line for line in text.splitlines() if line and not line.startswith(theirs)]


def closing(played: Played, host: str) -> str:
    """Return the closing line of a host, joined where it was broken."""
    text = " ".join(played.output.split())
    found = re.findall(rf"{host}: ([A-Z][A-Z ]+\b.*? Left to do: .*?\.)", text)
    assert len(found) == 1, played.output
    return str(found[0])


def book(simulation: Simulation, name: str, *arguments: str, **given: object) -> Played:
    """Run a playbook on all hosts."""
    return play(on(simulation), playbook=name, arguments=("-e", json.dumps({"target": "windows", **FAST, **given}), *arguments))


def test_each_playbook_shows_ports_owners_recipes_states_and_a_verdict() -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="xp", boot_seconds=1)]) as simulation:
        audit = book(simulation, AUDIT)
        assert tables(audit)["tcp/445"] == ("NetBT", "smb-445", "listens")
        assert tables(audit)["tcp/5985"] == ("WinRM", "winrm", "kept")
        assert closing(audit, "xp").startswith("LISTED: ")

        with_diff, check = book(simulation, MINIMIZE, "--check", "--diff"), book(simulation, MINIMIZE, "--check")
        for played in (with_diff, check):
            assert tables(played)["tcp/445"] == ("NetBT", "smb-445", "closes at boot")
            assert closing(played, "xp").startswith("PLANNED: 7 endpoints close now, 7 close at boot, 1 kept.")

        closed = book(simulation, MINIMIZE, minimize_reboot=True)
        assert tables(closed)["tcp/445"] == ("NetBT", "smb-445", "closed")
        assert closing(closed, "xp") == "PROVEN: 14 endpoints closed, 1 kept. Left to do: nothing."
        assert "xp: waits until it is back from the restart, for up to 60 s" in closed.output
        assert "netmin.windows.rollback -i INVENTORY -e target=xp" in closed.output

        assert closing(book(simulation, VERIFY), "xp") == "PROVEN: 14 endpoints closed, 1 kept. Left to do: nothing."

        back = book(simulation, ROLLBACK, rollback_reboot=True)
        assert closing(back, "xp").startswith("RESTORED: ")

        for played in (audit, check, closed, back):
            assert played.returncode == 0
            assert all(len(line) <= WIDTH for line in ours(played)), [line for line in ours(played) if len(line) > WIDTH]
            assert "\\\\" not in "".join(ours(played))


def test_a_refusal_is_told_by_name_with_what_lifts_it() -> None:
    with Simulation([HostSpec(scenario="windows_server_2022_web_server", name="web")]) as simulation:
        shown = " ".join(" ".join(ours(book(simulation, MINIMIZE, "--check"))).split())
        assert "iis-http-sys [tcp/80, tcp/443]: web sites stop" in shown
        assert "list 'iis-http-sys' in 'accept'" in shown


def test_a_host_that_failed_is_told_once() -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="xp")]) as simulation:
        wrong = {**variables(simulation["xp"]), "ansible_password": "wrong"}
        lost = play({"xp": wrong}, playbook=MINIMIZE, arguments=("-e", "target=windows"))
        refused = book(simulation, MINIMIZE, minimize_services=[{"name": "Mesenger"}])
        assert sum("xp: REFUSED" in line for line in ours(refused)) == 1
        assert sum("Mesenger" in line for line in ours(refused)) == 1
        assert sum(line.startswith("xp: NOT REACHED") for line in ours(lost)) == 1


def test_a_program_that_reads_the_output_sees_json_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "machine")
    with Simulation([HostSpec(scenario="windows_xp", name="xp")]) as simulation:
        played = book(simulation, AUDIT)
        assert played.returncode == 0
        assert json.loads(played.output)["results"] == len(played.outcomes)


def test_nothing_is_shown_where_that_is_not_wanted() -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="xp")]) as simulation:
        assert ours(book(simulation, AUDIT, audit_show=False)) == []


def test_of_many_hosts_one_table_is_shown_and_those_that_differ() -> None:
    specs = [HostSpec(scenario="windows_xp", name=f"xp{number}") for number in range(6)]
    with Simulation([*specs, HostSpec(scenario="windows_xp_dhcp", name="other")]) as simulation:
        played = book(simulation, AUDIT)
        assert "hosts by family" in played.output
        assert sum("hosts by family" in line for line in ours(played)) == 1
        assert re.search(r"^netbios-137-138-139 .* 7", played.output, re.MULTILINE), played.output
        assert "7 hosts: 7 listed." in played.output
        assert not re.search(r"^xp\d: LISTED", played.output, re.MULTILINE)
