# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bundles at the console of simulated hosts: collect, capture, close, restart, prove, undo, restart, and all is as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import ip_filter
from ansible_collections.netmin.windows.plugins.plugin_utils._action.audit import ListenersAction, ProofAction
from ansible_collections.netmin.windows.plugins.plugin_utils._action.bundling import BundleAction
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.captured import NAME, act_captured, captured
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, simulated

from winsim.batch import CLOSED, Outcome, run
from winsim.host.machine import Power
from winsim.registry_value import RegistryValue
from winsim.scenarios import load_scenario

from .test_collect import SCRIPT_OF, Console, console

ALL = ("windows_2000", "windows_xp", "windows_server_2003", "windows_7", "windows_10", "windows_server_2022")
OLDEST = ("windows_2000", "windows_xp")
FOREIGN = ("windows_7_japanese", "windows_server_2008_r2_german")
# A service of each that the plan stops.
STOPPED = {
    "windows_2000": "Messenger",
    "windows_xp": "Messenger",
    "windows_server_2003": "W32Time",
    "windows_7": "SSDPSRV",
    "windows_10": "SSDPSRV",
    "windows_server_2022": "Spooler",
}
INSTANCE = re.compile(r"_[0-9a-f]{5}(?![0-9a-f])")
# What files do not tell and a person at the console knows: nobody uses the shares, nobody prints.
ACCEPTED = ["shares-in-use", "task-scheduler", "printing"]


# What vendors and administrators make of a host: names that a command prompt reads in its own way, dependents, moved ports.
FIELD = {
    "windows_xp": r"""
services:
  - {name: 'Acme %PATH% & Co', display: 'Acme (x86) & Co 100%', start: auto, image: 'C:\Acme\a.exe', depends: [LanmanServer]}
  - {name: AcmePrint, display: Spooler, start: manual, image: 'C:\Acme\p.exe', depends: [Spooler]}
  - {name: AcmeStays, display: Acme Stays, start: auto, image: 'C:\Acme\s.exe', depends: [SSDPSRV], accepts_stop: false}
""",
    "windows_7_japanese": r"""
services:
  - {name: Acme, display: 監視サービス, start: auto, image: 'C:\Acme\a.exe', depends: [LanmanServer]}
""",
    "windows_server_2008_r2_german": r"""
parts: [role_rdp_host]
rename: {ports: {3389: 33893}}
registry:
  HKLM\SYSTEM\CurrentControlSet\Services\LanmanServer\Shares:
    Daten: {multi_sz: ['Path=D:\Daten', Type=0]}
""",
}


@dataclass(frozen=True)
class Bundled:
    """A bundle on a disk of the host that it is for."""

    desk: Console
    folder: Path

    def run(self, script: str, *arguments: str, **options: Any) -> Outcome:
        """Run a script of the bundle."""
        drives = {r"C:\netmin": self.folder, r"C:\out": self.desk.disk, "E:": self.desk.stick}
        given: dict[str, Any] = {"drives": drives, **options}
        return run(self.desk.host.computer, rf"C:\netmin\{script}", arguments, **given)

    @property
    def manifest(self) -> Path:
        """What the controller keeps."""
        return self.folder / "manifest.json"


def collected(desk: Console, name: str, folder: str = "NETMIN") -> Capture:
    """Collect, and make a capture."""
    outcome = desk.collect(SCRIPT_OF[name], rf"C:\out\{folder}")
    assert outcome.exit_code == 0, outcome.console
    return desk.capture(folder)


def bundled(desk: Console, name: str, **options: Any) -> Bundled:
    """Collect, capture, and write a bundle."""
    return written(desk, collected(desk, name), **options)


def written(desk: Console, capture: Capture, folder: str = "NETMIN", management: str = "captured", **options: Any) -> Bundled:
    """Write a bundle from a capture of what was collected in a folder."""
    place = desk.stick.parent / "bundles" / folder
    given: dict[str, Any] = {"accept": ACCEPTED, "dependents": "stop", **options}
    where: dict[str, Any] = {"dir": str(place), "collected": str(desk.disk / folder)}
    done = act_captured(BundleAction, capture, **where, management=management, minimize=given)
    assert done.error is None, done.error
    return Bundled(desk, place / NAME)


def restart(host: Simulated) -> None:
    """Restart from the Start menu."""
    machine = host.computer.host
    if machine.power is Power.ON:
        machine.shut_down(restart=True)
    host.clock.advance(600)
    assert host.computer.host.up
    host.clock.advance(300)


def settings(host: Simulated) -> dict[str, Any]:
    """Return what a change can alter, but for the count of boots and for the names that each sign-in gives to instances of services."""
    parts = {name: part for name, part in host.computer.state().items() if name in ("services", "drivers", "registry", "adapters")}
    found: dict[str, Any] = json.loads(INSTANCE.sub("_NUMBER", json.dumps(parts)))
    return found


def dropped(host: Simulated) -> list[str]:
    """Return the rules of ours that the firewall has, by what they say."""
    return sorted(str(rule) for rule in host.computer.host.firewall.stored().values() if rule.name.startswith("netmin"))


def listeners(capture: Capture) -> list[tuple[str, ...]]:
    """Return what listens; a dynamic port has another number after each restart."""
    done = act_captured(ListenersAction, capture)
    assert done.error is None, done.error
    rows = done.result["listeners"]
    return sorted(
        (row["protocol"], row["address"], "dynamic" if row["dynamic"] else str(row["port"]), str(row["recipe"]), str(row.get("services")))
        for row in rows
    )


def prove(capture: Capture, bundle: Bundled) -> Mapping[str, Any]:
    """Hold a capture against the forecast of a bundle."""
    done = act_captured(ProofAction, capture, manifest=str(bundle.manifest))
    assert done.error is None, done.error
    return done.result


def expect_way_there_and_back(host: Simulated, name: str, tmp_path: Path) -> None:
    """Expect that what is forecast to be closed is closed after the restart, and that after the way back everything is as it was."""
    restart(host)
    desk = console(host, tmp_path)
    before = settings(host)
    bundle = bundled(desk, name)
    first = desk.capture()
    assert settings(host) == before

    outcome = bundle.run("close.cmd")
    assert outcome.exit_code == 0, outcome.console
    again = bundle.run("close.cmd")
    assert again.exit_code == 0, again.console
    restart(host)
    proof = prove(collected(desk, name, "SECOND"), bundle)
    assert proof["proof"]["booted"] is True, proof
    assert not [row for row in proof["proof"]["endpoints"] if row["holds"] is False], proof["proof"]["reasons"]
    assert [row for row in proof["proof"]["endpoints"] if row["outcome"] == "closed"]

    back = bundle.run("undo.cmd")
    assert back.exit_code == (9 if name == "windows_2000" else 0), back.console
    restart(host)
    last = bundle.run("undo.cmd")
    assert last.exit_code == 0, last.console
    assert settings(host) == before
    assert listeners(collected(desk, name, "THIRD")) == listeners(first)


@pytest.mark.parametrize("name", [*ALL, *FOREIGN])
def test_the_way_there_and_back(name: str, tmp_path: Path) -> None:
    with simulated(name) as host:
        expect_way_there_and_back(host, name, tmp_path)


@pytest.mark.parametrize(("name", "content"), FIELD.items(), ids=FIELD)
def test_the_way_there_and_back_where_somebody_was_before(name: str, content: str, tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(f"extends: {name}\ntitle: a host in use\n{content}", encoding="utf-8")
    with simulated(name, made=load_scenario(own)) as host:
        expect_way_there_and_back(host, name, tmp_path)


def test_windows_2000_names_what_starts_by_hand_alone(tmp_path: Path) -> None:
    """What starts at each boot is put back by the restart, and needs nobody."""
    with simulated("windows_2000") as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), "windows_2000")
        assert bundle.run("close.cmd").exit_code == 0
        restart(host)
        back = bundle.run("undo.cmd")
        assert back.exit_code == 9
        assert "starts with the restart: service Messenger" in back.console
        assert [line.strip() for line in back.console.splitlines() if "not started" in line] == [
            "not started: service RasMan. It may start after the restart"
        ]
        restart(host)
        assert bundle.run("undo.cmd").exit_code == 0


@pytest.mark.parametrize("name", ALL)
def test_a_script_and_its_text_say_what_every_line_is_for(name: str, tmp_path: Path) -> None:
    """Each routine and each step begins with a remark, each exit code of a script is told in it, and no line is wider than a listing."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
    text = (bundle.folder / "README.txt").read_text("ascii")
    for heading in (
        "WHAT TO DO",
        "WHAT YOU SEE AT THE CONSOLE",
        "HOW TO GO BACK",
        "STEPS OF CLOSE.CMD",
        "WHAT THE EXIT CODES MEAN",
        "FILES",
    ):
        assert f"\n{heading}\n" in text
    for script in ("close.cmd", "undo.cmd"):
        lines = (bundle.folder / script).read_text("ascii").splitlines()
        called = {label for line in lines for label in re.findall(r"call :(\w+)", line)}
        for label in called - {"leave", "late"}:
            after = lines[lines.index(f":{label}") + 1]
            assert after.startswith("rem ") or label == "note", label
        ends = {code for line in lines for code in re.findall(r"^(?:if .*)?exit /b (\d)$", line)}
        for code in ends:
            assert re.search(rf"^{code}  ", text, re.MULTILINE), code
            assert any(line.startswith(f"rem   {code}  ") for line in lines), code
        assert max(len(line) for line in lines if line.startswith("rem")) <= 132


@pytest.mark.parametrize("name", ["windows_xp", "windows_10", "windows_server_2022+many_adapters"])
def test_the_forecast_has_a_line_for_each_listener_whose_columns_are_apart(name: str, tmp_path: Path) -> None:
    base = name.partition("+")[0]
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), base)
        shown = (bundle.folder / "FORECAST.txt").read_text("ascii").splitlines()
    count, closed = (int(number) for number in re.findall(r"\d+", shown[1]))
    assert max(map(len, shown)) <= 100
    # A long address has a line for itself.
    listeners_told = re.findall(r"^(?:tcp|udp)/\d+(?: and \d+ more)? +[0-9a-f.:]+\s+(\w+) +\S", "\n".join(shown), re.MULTILINE)
    assert (len(listeners_told), listeners_told.count("closed")) == (count, closed)
    assert set(listeners_told) == {"open", "closed"}


@pytest.mark.parametrize("name", OLDEST)
def test_a_host_without_a_channel_has_nothing_open_that_its_forecast_closes(name: str, tmp_path: Path) -> None:
    """Where nobody ever installed WinRM, RPC is bound to the loopback as the operator says, and the listing may end without a row."""
    restriction = {"rpc_restriction": {"interfaces": ["loopback"], "listen_on_internet": False, "intranet_ports": ["4000-4100"]}}
    with simulated(f"{name}+no_winrm") as host:
        restart(host)
        desk = console(host, tmp_path)
        before = settings(host)
        there = host.endpoints()
        bundle = bundled(desk, name, **(restriction if name == "windows_2000" else {}))
        outcome = bundle.run("close.cmd")
        assert outcome.exit_code == 0, outcome.console
        restart(host)
        proof = prove(collected(desk, name, "SECOND"), bundle)
        assert not [row for row in proof["proof"]["endpoints"] if row["holds"] is False], proof["proof"]["reasons"]
        assert proof["proof"]["verdict"] == "proven", proof["proof"]["reasons"]
        assert len([row for row in proof["proof"]["endpoints"] if row["outcome"] == "closed"]) > 5
        assert host.endpoints() == set()
        assert there
        script = (bundle.folder / "close.cmd").read_text("ascii")
        assert ('"Bind"' in script, '"ListenOnInternet"' in script, '"Ports"' in script) == (name == "windows_2000",) * 3
        assert bundle.run("undo.cmd").exit_code in (0, 9)
        restart(host)
        assert bundle.run("undo.cmd").exit_code == 0
        assert settings(host) == before


@pytest.mark.parametrize("there", [False, True])
def test_the_numbers_of_interfaces_are_those_of_rpccfg_where_it_is_on_the_path(there: bool, tmp_path: Path) -> None:
    """README.txt tells them, with those of `route print` beside; a number that `rpccfg -l` does not list makes no bundle."""
    with simulated("windows_2000+no_winrm", windows={"tools": ("rpccfg",) * there}) as host:
        restart(host)
        desk = console(host, tmp_path)
        capture = collected(desk, "windows_2000")
        assert (desk.disk / "NETMIN" / "rpccfg.txt").exists() == there
        bundle = written(desk, capture, rpc_restriction={"interfaces": ["1", "2"]})
        text = (bundle.folder / "README.txt").read_text("ascii")
        assert ("rpccfg -l lists 2: Ethernet: 3Com EtherLink PCI" in text) == there
        assert ("rpccfg was not on the path" in text) == (not there)
        assert "route print has 2 (unverified): 3Com EtherLink PCI" in text
        given = {"rpc_restriction": {"interfaces": ["3"]}, "accept": ACCEPTED, "dependents": "stop"}
        options: dict[str, Any] = {"dir": str(tmp_path / "other"), "collected": str(desk.disk / "NETMIN"), "minimize": given}
        done = act_captured(BundleAction, capture, **options)
        assert (done.error is None) == (not there)
        assert not there or "rpccfg -l on the host does not list 3; it lists 1 (Ethernet: MS TCP Loopback interface), 2 " in str(done.error)


def test_rpc_is_not_spoken_of_where_it_is_left_alone(tmp_path: Path) -> None:
    """Interfaces are named only where the plan binds RPC to some."""
    with simulated("windows_2000+no_winrm") as host:
        restart(host)
        assert "INTERFACES OF RPC" not in (bundled(console(host, tmp_path), "windows_2000").folder / "README.txt").read_text("ascii")


@pytest.mark.parametrize("name", ["windows_10", "windows_server_2022"])
def test_what_cannot_be_closed_is_dropped_by_rules_and_the_rules_go_again(name: str, tmp_path: Path) -> None:
    """A rule is added once, stands after the restart, and goes on the way back.

    Such a plan needs a capture that was taken online: the files of `collect` do not tell the management path, which a rule could cut.
    """
    with simulated(name) as host:
        restart(host)
        desk = console(host, tmp_path)
        before, rules = settings(host), dropped(host)
        offline = bundled(desk, name, ip_filter={"residue": "drop"})
        assert "advfirewall" not in (offline.folder / "close.cmd").read_text("ascii")
        assert "the management path is not known" in " ".join((offline.folder / "README.txt").read_text("ascii").split())

        bundle = written(desk, captured(host).capture, "ONLINE", ip_filter={"residue": "drop"})
        script = (bundle.folder / "close.cmd").read_text("ascii")
        assert "advfirewall firewall add rule" in script
        assert bundle.run("close.cmd").exit_code == 0
        made = dropped(host)
        assert len(made) > len(rules)
        again = bundle.run("close.cmd")
        assert (again.exit_code, dropped(host)) == (0, made), again.console
        restart(host)
        assert dropped(host) == made
        proof = prove(collected(desk, name, "SECOND"), bundle)["proof"]
        assert not [row for row in proof["endpoints"] if row["holds"] is False], proof["reasons"]
        assert [row for row in proof["endpoints"] if row["outcome"] == "filtered"]

        assert bundle.run("undo.cmd").exit_code == 0
        assert dropped(host) == rules
        restart(host)
        assert bundle.run("undo.cmd").exit_code == 0
        assert settings(host) == before


@pytest.mark.parametrize("name", ["windows_7", "windows_10", "windows_server_2022"])
def test_a_host_that_is_managed_at_its_console_alone_gets_rules_by_files(name: str, tmp_path: Path) -> None:
    """Nothing but files is carried: the rules are planned, made, seen by the proof and by the next plan, and go on the way back."""
    with simulated(name) as host:
        restart(host)
        desk = console(host, tmp_path)
        before, rules = settings(host), dropped(host)
        bundle = bundled(desk, name, management="console", ip_filter={"residue": "drop"})
        script = (bundle.folder / "close.cmd").read_text("ascii")
        assert "advfirewall firewall add rule" in script
        assert not [line for line in script.splitlines() if "add rule" in line and "5985" in line]
        assert bundle.run("close.cmd").exit_code == 0
        made = dropped(host)
        assert len(made) > len(rules)
        restart(host)
        second = collected(desk, name, "SECOND")
        proof = prove(second, bundle)["proof"]
        assert not [row for row in proof["endpoints"] if row["holds"] is False], proof["reasons"]
        assert [row for row in proof["endpoints"] if row["outcome"] == "filtered"]
        again = written(desk, second, "SECOND", management="console", ip_filter={"residue": "drop"})
        assert "advfirewall firewall add rule" not in (again.folder / "close.cmd").read_text("ascii")

        assert bundle.run("undo.cmd").exit_code == 0
        assert dropped(host) == rules
        restart(host)
        assert bundle.run("undo.cmd").exit_code == 0
        assert settings(host) == before


def test_who_reads_a_host_over_the_network_does_not_manage_it_at_its_console(tmp_path: Path) -> None:
    """A rule could cut the way to it."""
    with simulated("windows_10") as host:
        done = act_captured(BundleAction, captured(host).capture, dir=str(tmp_path), management="console", minimize={})
    assert "was read over the network" in str(done.error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["windows_10", "windows_server_2022"])
def test_rules_that_a_controller_made_are_dropped_and_put_back(name: str, tmp_path: Path) -> None:
    """A rule goes by its name, and comes back as it was."""
    with simulated(name) as host:
        restart(host)
        desk = console(host, tmp_path)
        assert act(ip_filter.ActionModule, host, residue="drop").error is None
        made = dropped(host)
        assert made
        bundle = written(desk, captured(host).capture, "ONLINE", stages=["ip_filter"], ip_filter={"residue": "leave"})
        assert bundle.run("close.cmd").exit_code == 0
        assert dropped(host) == []
        assert bundle.run("undo.cmd").exit_code == 0
        assert dropped(host) == made


def steps_of(name: str, place: Path, script: str) -> int:
    """Return how many commands a script takes on a host of its own."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, place), name)
        if script == "undo.cmd":
            bundle.run("close.cmd")
        return bundle.run(script).steps


@pytest.mark.parametrize("script", ["close.cmd", "undo.cmd"])
@pytest.mark.parametrize("name", ALL)
def test_a_run_that_ends_halfway_is_gone_on_with(name: str, script: str, tmp_path: Path) -> None:
    """Wherever somebody closes the console, the script is run again and ends, and the way back leads to where it began."""
    (tmp_path / "all").mkdir()
    steps = steps_of(name, tmp_path / "all", script)
    for step in range(steps // 6, steps, steps // 3):
        place = tmp_path / str(step)
        place.mkdir()
        with simulated(name) as host:
            restart(host)
            desk = console(host, place)
            before = settings(host)
            bundle = bundled(desk, name)
            if script == "undo.cmd":
                assert bundle.run("close.cmd").exit_code == 0
            assert bundle.run(script, killed_after_step=step).exit_code == CLOSED
            again = bundle.run(script)
            assert again.exit_code in (0, 9 if name == "windows_2000" else 0), again.console
            restart(host)
            back = bundle.run("undo.cmd")
            assert back.exit_code in (0, 9 if name == "windows_2000" else 0), back.console
            restart(host)
            assert bundle.run("undo.cmd").exit_code == 0
            assert settings(host) == before, step


@pytest.mark.parametrize("name", ALL)
def test_a_half_done_run_is_undone(name: str, tmp_path: Path) -> None:
    """The way back does not need the end of the way there."""
    with simulated(name) as host:
        restart(host)
        before = settings(host)
        bundle = bundled(console(host, tmp_path), name)
        whole = bundle.run("close.cmd", "/plan").steps
        assert bundle.run("close.cmd", killed_after_step=whole // 2 + whole // 3).exit_code == CLOSED
        assert bundle.run("undo.cmd").exit_code in (0, 9)
        restart(host)
        assert bundle.run("undo.cmd").exit_code == 0
        assert settings(host) == before


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("script", ["close.cmd", "undo.cmd"])
def test_a_plan_is_shown_and_changes_nothing(name: str, script: str, tmp_path: Path) -> None:
    """Every step is named, and the host stays as it is."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
        if script == "undo.cmd":
            bundle.run("close.cmd")
        before = settings(host)
        outcome = bundle.run(script, "/plan")
        assert outcome.exit_code == 0, outcome.console
        assert "Nothing was changed" in outcome.console
        assert "would run" in outcome.console
        assert settings(host) == before


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("script", ["close.cmd", "undo.cmd"])
@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ({"administrator": False}, 3, "not administrator"),
        ({"read_only": [r"C:\netmin"]}, 4, "cannot be written"),
        ({"disk_full_after": 0}, 4, "cannot be written"),
    ],
)
def test_who_cannot_run_it_is_told(name: str, script: str, options: dict[str, Any], code: int, told: str, tmp_path: Path) -> None:
    """Without rights, or without a place to write, nothing is changed."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
        before = settings(host)
        outcome = bundle.run(script, **options)
        assert (outcome.exit_code, settings(host)) == (code, before), outcome.console
        assert told in outcome.console


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("arguments", [("/force",), ("/plan", "/reboot"), ("x",)])
def test_a_wrong_word_does_nothing(name: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    """There is no force."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
        before = settings(host)
        assert bundle.run("close.cmd", *arguments).exit_code == 1
        assert settings(host) == before


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("script", ["close.cmd", "undo.cmd"])
def test_another_computer_is_left_alone(name: str, script: str, tmp_path: Path) -> None:
    """The same Windows under another name, and another Windows."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
        key = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"
        host.computer.host.registry.write(key, "ComputerName", RegistryValue.text("ANOTHER"))
        before = settings(host)
        assert bundle.run(script).exit_code == 2
        assert settings(host) == before
    other = "windows_7" if name != "windows_7" else "windows_10"
    with simulated(other) as host:
        elsewhere = replace(bundle, desk=replace(bundle.desk, host=host))
        before = settings(host)
        assert elsewhere.run(script).exit_code == 2
        assert settings(host) == before


@pytest.mark.parametrize("name", ALL)
def test_what_somebody_changed_stops_the_way_there_and_stays_on_the_way_back(name: str, tmp_path: Path) -> None:
    """It is named in both."""
    service = STOPPED[name]
    key = rf"HKLM\SYSTEM\CurrentControlSet\Services\{service}"
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
        registry = host.computer.host.registry
        was = registry.value(key, "Start")
        assert was is not None
        registry.write(key, "Start", RegistryValue.dword(1))
        before = settings(host)
        outcome = bundle.run("close.cmd")
        assert outcome.exit_code == 6, outcome.console
        assert rf"{service}\Start" in outcome.console
        assert settings(host) == before
        registry.write(key, "Start", was)
        assert bundle.run("close.cmd").exit_code == 0
        registry.write(key, "Start", RegistryValue.dword(1))
        outcome = bundle.run("undo.cmd")
        assert outcome.exit_code == 9
        assert rf"left alone: HKLM\SYSTEM\CurrentControlSet\Services\{service}\Start" in outcome.console
        shown = bundle.run("undo.cmd", "/plan")
        assert (shown.exit_code, shown.console.count("left alone"), "Nothing was changed" in shown.console) == (0, 1, True)
        assert registry.value(key, "Start") == RegistryValue.dword(1)


@pytest.mark.parametrize("name", ALL)
def test_a_service_that_does_not_stop_ends_it(name: str, tmp_path: Path) -> None:
    """The step is named, and a later run goes on from there."""
    service = STOPPED[name]
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
        host.computer.inject({"kind": "stop_hangs", "service": service})
        outcome = bundle.run("close.cmd")
        assert outcome.exit_code == 8, outcome.console
        assert f"did not hold: service {service}." in outcome.console
        host.computer.clear_faults()
        restart(host)
        assert bundle.run("close.cmd").exit_code == 0


@pytest.mark.parametrize("name", ["windows_xp", "windows_10"])
def test_a_restart_comes_only_when_asked_for(name: str, tmp_path: Path) -> None:
    """Windows 2000 has no command for it."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
        boots = host.computer.host.boots
        assert bundle.run("close.cmd").exit_code == 0
        host.clock.advance(900)
        assert (host.computer.host.up, host.computer.host.boots) == (True, boots)
        assert bundle.run("close.cmd", "/reboot").exit_code == 0
        host.clock.advance(900)
        assert (host.computer.host.up, host.computer.host.boots) == (True, boots + 1)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("folder", [r"C:\a b", r"C:\R&D", r"C:\100%", r"C:\x!y^z", r"C:\(1)"])
def test_any_folder_will_do_for_a_bundle(name: str, folder: str, tmp_path: Path) -> None:
    """Blanks and signs that batch files trip over are names like others."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
        outcome = run(host.computer, rf"{folder}\close.cmd", (), drives={folder: bundle.folder})
        assert outcome.exit_code == 0, outcome.console
        assert (bundle.folder / "evidence" / "before.txt").exists()


@pytest.mark.parametrize(
    ("name", "page"),
    [*((name, page) for name in ALL for page in (437, 850, 932)), ("windows_10", 65001), ("windows_server_2022", 65001)],
)
def test_any_code_page_will_do(name: str, page: int, tmp_path: Path) -> None:
    """The scripts are ASCII, and look for numbers and words that no language changes."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
        assert bundle.run("close.cmd", code_page=page).exit_code == 0
        assert bundle.run("undo.cmd", code_page=page).exit_code in (0, 9 if name == "windows_2000" else 0)


def test_a_restart_that_does_not_show_is_not_proven(tmp_path: Path) -> None:
    """A host that lost its power has started anew, and nothing at the console tells."""
    with simulated("windows_xp") as host:
        restart(host)
        desk = console(host, tmp_path)
        bundle = bundled(desk, "windows_xp")
        assert bundle.run("close.cmd").exit_code == 0
        host.boot()
        proof = prove(collected(desk, "windows_xp", "SECOND"), bundle)
        assert proof["proof"]["verdict"] == "not_proven"
        assert any("a restart is not shown" in text for text in proof["proof"]["reasons"])


@pytest.mark.parametrize("name", ALL)
def test_the_files_are_as_the_oldest_windows_reads_them(name: str, tmp_path: Path) -> None:
    """Scripts and texts are ASCII with CRLF, registry files are UTF-16, and the manifest has the hash of each."""
    with simulated(name) as host:
        restart(host)
        bundle = bundled(console(host, tmp_path), name)
    listed = json.loads(bundle.manifest.read_text("ascii"))["files"]
    assert sorted(listed) == sorted(path.name for path in bundle.folder.iterdir() if path != bundle.manifest)
    for path in bundle.folder.iterdir():
        content = path.read_bytes()
        if path.suffix in (".cmd", ".txt"):
            text = content.decode("ascii")
            assert text.replace("\r\n", "").count("\n") == text.replace("\r\n", "").count("\r") == 0
            assert max(map(len, text.splitlines())) < 2000
            assert "EnableDelayedExpansion" not in text
        elif path.suffix == ".reg":
            assert content.startswith(b"\xff\xfe")
            assert content[2:].decode("utf-16-le").startswith("Windows Registry Editor Version 5.00\r\n\r\n")
