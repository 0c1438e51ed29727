# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A baseline through real Ansible: written from an audit, kept by `minimize`, and what somebody changed by hand is exactly what drifts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import winrm

from winsim.server import Host, HostSpec, Simulation

from .harness import Played, changes, listeners, on, play, variables, window

pytestmark = pytest.mark.slow

COMPARE = "netmin.windows.drift : Compare the listeners with the baseline"
TARGET = ("-e", "target=windows")
CLOSE: list[dict[str, Any]] = [
    {"name": "close", "netmin.windows.minimize": {"dependents": "stop"}},
    {"name": "boot", "netmin.windows.reboot": {"interval": 1}},
]
# What is open once all is closed that can be: nobody may need it, and nothing closes it.
RESIDUE = {"rpc-epmap-135-tcp", "rpc-eventlog", "rpc-lsass", "rpc-schedule", "rpc-wininit"}


def by_hand(host: Host, *commands: str) -> None:
    """Run commands on a host as another administrator would."""
    session = winrm.Session(host.url, auth=(host.user, host.password), transport=host.auth, ca_trust_path=None)
    for command in commands:
        done = session.run_cmd(command)
        assert done.status_code == 0, (command, done.std_out, done.std_err)


def write_baseline(hosts: dict[str, Any], path: Path, *more: str) -> Played:
    """Run the playbook that writes one."""
    return play(hosts, playbook="netmin.windows.baseline", arguments=(*TARGET, "-e", f"baseline_dest={path}", *more))


def drift(hosts: dict[str, Any], path: Path, *more: str) -> Played:
    """Run the playbook that compares."""
    return play(hosts, playbook="netmin.windows.drift", arguments=(*TARGET, "-e", f"drift_baseline={path}", *more))


def found(played: Played, host: str) -> list[tuple[str, str | None]]:
    """Return the kinds of findings of a host, each with the port or the message."""
    rows = played.of(host, COMPARE).result["findings"]
    return [(row["kind"], f"{row['protocol']}/{row['ports']}" if row["ports"] else row["message"].partition(" is ")[0]) for row in rows]


def test_what_somebody_changed_by_hand_is_exactly_what_drifts(tmp_path: Path) -> None:
    path = tmp_path / "baseline.yml"
    specs = [HostSpec(scenario=name, name=name, boot_seconds=1, speed=50) for name in ("windows_server_2022", "windows_xp")]
    with Simulation(specs) as simulation:
        hosts = on(simulation)
        assert play(hosts, CLOSE).returncode == 0
        for host in simulation.hosts:
            window(host, "clock", {"advance": 300})
        written = write_baseline(hosts, path)
        assert written.returncode == 0, written.output
        text = path.read_text(encoding="utf-8")
        assert text.count("- recipe:") == len(RESIDUE)
        # The same hosts give the same text: nothing to propose.
        again = write_baseline(hosts, path)
        assert "allows all that was found" in again.output
        assert sorted(item.name for item in tmp_path.iterdir()) == ["baseline.yml"]

        quiet = drift(hosts, path)
        assert quiet.returncode == 0, quiet.output
        assert "2 hosts: 2 as allowed" in quiet.output

        server = simulation["windows_server_2022"]
        window(
            server, "faults", [{"kind": "endpoint_added", "protocol": "tcp", "port": 8080, "address": "0.0.0.0", "owner": "stranger.exe"}]
        )
        by_hand(
            server,
            r"reg add HKLM\SYSTEM\CurrentControlSet\Services\Dnscache\Parameters /v EnableMDNS /t REG_DWORD /d 1 /f",
            "sc config Spooler start= auto",
        )
        before = changes(server)
        broken = drift(hosts, path)
        assert broken.returncode == 2, broken.output
        assert found(broken, "windows_xp") == []
        assert found(broken, "windows_server_2022") == [
            ("new listener", "tcp/8080"),
            ("setting changed back", r"HKLM\SYSTEM\CurrentControlSet\Services\Dnscache\Parameters\EnableMDNS"),
            ("setting changed back", "service Spooler: start mode"),
        ]
        (listener, *_more) = broken.of("windows_server_2022", COMPARE).result["findings"]
        assert (listener["owner"], listener["file"], listener["line"]) == (
            "stranger.exe",
            str(path),
            text.splitlines().index("  windows_server_2022:") + 1,
        )
        assert "after run " in listener["message"]
        assert "windows_server_2022: drifted (new listener: 1, setting changed back: 2)" in broken.output
        assert "2 hosts: 1 as allowed, 1 drifted" in broken.output
        # Told, and not failed for.
        assert drift(hosts, path, "-e", '{"fail_on": ["owner"]}').returncode == 0
        assert changes(server) == before

        proposed = write_baseline(hosts, path)
        assert proposed.returncode == 0, proposed.output
        assert path.read_text(encoding="utf-8") == text
        assert "+    - port: tcp/8080" in (tmp_path / "baseline.yml.diff").read_text(encoding="utf-8")
        (tmp_path / "baseline.proposed.yml").rename(path)
        assert found(drift(hosts, path), "windows_server_2022")[0][0] == "setting changed back"


def test_after_a_rollback_a_green_proof_is_not_the_intent(tmp_path: Path) -> None:
    path = tmp_path / "baseline.yml"
    with Simulation([HostSpec(scenario="windows_xp", name="xp", boot_seconds=1, speed=50)]) as simulation:
        hosts = on(simulation)
        path.write_text("version: 1\ngroups: {}\n", encoding="utf-8")
        back = [{"name": "back", "netmin.windows.restore": {}}, {"name": "boot again", "netmin.windows.reboot": {"interval": 1}}]
        prove = [{"name": "prove", "netmin.windows.proof_info": {"interval": 1}}]
        played = play(hosts, [*CLOSE, *back, *prove])
        assert played.returncode == 0, played.output
        assert played.of("xp", "prove").result["proven"]
        drifted = drift(hosts, path)
        assert drifted.returncode == 2
        kinds = {kind for kind, _port in found(drifted, "xp")}
        assert kinds == {"new listener"}
        assert ("new listener", "tcp/445") in found(drifted, "xp")


def test_every_host_fails_and_the_run_ends_with_its_report(tmp_path: Path) -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="xp")]) as simulation:
        hosts = {**on(simulation), "lost": variables(simulation["xp"], ansible_port=1)}
        path = tmp_path / "baseline.yml"
        path.write_text(
            "version: 1\ngroups:\n  windows:\n    - {port: tcp/139, reason: x, owner: y, until: 2020-01-31}\n", encoding="utf-8"
        )
        played = drift(hosts, path)
        # Ansible's own code for hosts that were not reached.
        assert played.returncode == 4, played.output
        assert "xp: drifted (new listener: " in played.output
        assert "expired: 1" in played.output
        assert "lost: not reached" in played.output
        assert "2 hosts: 1 drifted, 1 not reached" in played.output
        path.write_text("version: 1\ngroups:\n  windws:\n    - {prot: tcp/139, reason: x, owner: y}\n", encoding="utf-8")
        refused = drift(hosts, path)
        assert "unknown key 'prot' (did you mean 'port'?)" in refused.of("xp", COMPARE).message
        assert f"{path}:4:" in refused.of("xp", COMPARE).message
        assert "2 hosts: 2 failed" in refused.output
        assert changes(simulation["xp"]) == 0


def test_minimize_and_the_proof_go_by_the_baseline(tmp_path: Path) -> None:
    path, today = tmp_path / "baseline.yml", date.today()  # the controller's day is what counts
    path.write_text(
        "version: 1\n"
        "groups:\n"
        "  all:\n"
        f"    - {{recipe: smb-445, reason: shares, owner: files team, until: {today + timedelta(days=3)}}}\n"
        "    - {service: Nothere, reason: other hosts have it, owner: x}\n"
        "  windows:\n"
        f"    - {{port: udp/123, reason: clock, owner: x, until: {today - timedelta(days=1)}}}\n",
        encoding="utf-8",
    )
    with Simulation([HostSpec(scenario="windows_xp", name="xp", boot_seconds=1, speed=50)]) as simulation:
        hosts = on(simulation)
        tasks: list[dict[str, Any]] = [
            {
                "name": "both",
                "netmin.windows.minimize": {"baseline": str(path), "keep": [{"port": "tcp/1", "reason": "x"}]},
                "ignore_errors": True,
            },
            {"name": "close", "netmin.windows.minimize": {"baseline": str(path), "dependents": "stop"}},
            {"name": "boot", "netmin.windows.reboot": {"interval": 1}},
            {"name": "prove", "netmin.windows.proof_info": {"interval": 1}},
            {"name": "compare", "netmin.windows.proof_info": {"interval": 1, "against": "keep", "baseline": str(path)}},
            {"name": "drift", "netmin.windows.drift_info": {"baseline": str(path)}},
        ]
        played = play(hosts, tasks)
        assert played.returncode == 0, played.output
        assert "takes the place of 'keep'" in played.of("xp", "both").message
        closed = played.of("xp", "close").result
        kept = {
            (row["protocol"], row["port"]): row["why"]
            for row in closed["forecast"]
            if row["outlook"] == "kept" and row["recipe"] != "winrm"
        }
        assert kept[("tcp", 445)] == f"shares ({path}:4)"
        assert f"xp: {path}:4: recipe smb-445 (owner files team) ends on {today + timedelta(days=3)}, in 3 days" in " ".join(
            closed["warnings"]
        )
        assert f"{path}:7: port udp/123 (owner x) ended on" in " ".join(closed["warnings"])
        assert ("tcp", "0.0.0.0", 445) in listeners(simulation["xp"])
        assert not {row for row in listeners(simulation["xp"]) if row[0] == "udp" and row[2] == 123}
        assert played.of("xp", "prove").result["proven"]
        compared = played.of("xp", "compare").result
        assert (compared["proven"], compared["msg"]) == (True, f"xp: proven (compared with the baseline {path})")
        assert [row["kind"] for row in played.of("xp", "drift").result["findings"]] == ["listener gone", "expires soon"]


@pytest.mark.parametrize(("scenario", "more"), [("windows_server_2022", 1), ("windows_10", 1), ("windows_xp", 8), ("windows_2000", 6)])
def test_a_drift_costs_no_more_than_an_audit(scenario: str, more: int, tmp_path: Path) -> None:
    """Windows before Vista shows one registry value a request: there the settings of a run cost so much more than an audit."""
    path = tmp_path / "baseline.yml"
    path.write_text("version: 1\ngroups: {}\n", encoding="utf-8")
    with Simulation([HostSpec(scenario=scenario, name="one", boot_seconds=1)]) as simulation:
        compare: list[dict[str, Any]] = [
            {"name": "audit", "netmin.windows.listeners_info": {}},
            {"name": "drift", "netmin.windows.drift_info": {"baseline": str(path)}},
            {"name": "listeners", "netmin.windows.drift_info": {"baseline": str(path), "settings": False}},
        ]
        # With nothing of ours on it, and after a run.
        for tasks, extra in ((compare, 0), ([*CLOSE, *compare], more)):
            played = play(on(simulation), tasks)
            assert played.returncode == 0, played.output
            cost = {name: played.of("one", name).result["stats"]["requests"] for name in ("audit", "drift", "listeners")}
            assert cost["listeners"] <= cost["audit"], cost
            assert cost["drift"] <= cost["audit"] + extra, cost


def test_other_plays_get_the_listeners_as_facts() -> None:
    with Simulation([HostSpec(scenario="windows_xp", name="xp")]) as simulation:
        tasks: list[dict[str, Any]] = [
            {"name": "list", "netmin.windows.listeners_info": {"facts": True}},
            {
                "name": "use",
                "ansible.builtin.assert": {
                    "that": [
                        "'tcp/445' in netmin_listeners.by_recipe['smb-445']",
                        "netmin_listeners.by_port['tcp/445'].owners == ['NetBT']",
                        "'udp/123' in netmin_listeners.by_owner.W32Time",
                    ]
                },
            },
        ]
        played = play(on(simulation), tasks)
        assert played.returncode == 0, played.output
