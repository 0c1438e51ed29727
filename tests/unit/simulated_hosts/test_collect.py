# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scripts of `collect` at the console of simulated hosts, and captures of what they leave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.audit import ListenersAction
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.take import take
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.folder import read_folder
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.host import CollectedHost
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import UnusableCapture
from ansible_collections.netmin.windows.tests.unit.captured import NAME, NOW, act_captured, captured
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, simulated

from winsim.batch import XP_HOME, Outcome, run

SCRIPTS = Path(__file__).parents[3] / "playbooks" / "files" / "collect"
SCRIPT_OF = {
    "windows_2000": "collect_2000.cmd",
    "windows_xp": "collect_xp.cmd",
    "windows_xp_sp3": "collect_xp.cmd",
    "windows_server_2003": "collect_xp.cmd",
    "windows_7": "collect_vista.cmd",
    "windows_7_japanese": "collect_vista.cmd",
    "windows_server_2008_r2_german": "collect_vista.cmd",
    "windows_10": "collect_vista.cmd",
    "windows_server_2022": "collect_vista.cmd",
}
FAMILIES = ("windows_2000", "windows_xp", "windows_server_2003", "windows_7", "windows_10", "windows_server_2022")
SAFE = "The folder may hold secrets"


@dataclass(frozen=True)
class Console:
    """The console of a host with the stick in E:, which cannot be written, and a folder of its own disk."""

    host: Simulated
    stick: Path
    disk: Path

    def collect(self, script: str, *arguments: str, **options: Any) -> Outcome:
        """Run a script of the stick."""
        drives = {"E:": self.stick, r"C:\out": self.disk}
        given: dict[str, Any] = {"read_only": ["E:"], **options}
        return run(self.host.computer, rf"E:\{script}", arguments or (r"C:\out\NETMIN",), drives=drives, **given)

    def capture(self, name: str = "NETMIN") -> Capture:
        """Make a capture of what was collected."""
        host = CollectedHost(read_folder(self.disk / name), host=NAME)
        return take(host, KNOWLEDGE, inventory_name=NAME, now=NOW, collection="0.0.0", from_files=True).capture


def console(host: Simulated, place: Path) -> Console:
    """Put the stick in."""
    stick, disk = place / "stick", place / "disk"
    stick.mkdir()
    disk.mkdir()
    for path in SCRIPTS.glob("*.cmd"):
        (stick / path.name).write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return Console(host, stick, disk)


@pytest.mark.parametrize("name", SCRIPT_OF)
def test_what_is_collected_is_the_host(name: str, tmp_path: Path) -> None:
    """The script changes nothing, says that all was collected, and the listing of the capture is that of the host."""
    with simulated(name) as host:
        before = host.computer.state()
        desk = console(host, tmp_path)
        outcome = desk.collect(SCRIPT_OF[name])
        assert outcome.exit_code == 0, outcome.console
        assert SAFE in outcome.console
        assert host.computer.state() == before
        theirs = act_captured(ListenersAction, captured(host).capture)
    ours = act_captured(ListenersAction, desk.capture())
    assert (ours.error, theirs.error) == (None, None)
    shown = ("protocol", "address", "port", "recipe", "services")
    found, wanted = ([tuple(map(str, map(row.get, shown))) for row in done.result["listeners"]] for done in (ours, theirs))
    assert found == wanted


@pytest.mark.parametrize("name", SCRIPT_OF)
@pytest.mark.parametrize("script", sorted(set(SCRIPT_OF.values())))
def test_a_script_for_another_windows_does_nothing(name: str, script: str, tmp_path: Path) -> None:
    """It says which one is right."""
    if SCRIPT_OF[name] == script:
        return
    with simulated(name) as host:
        desk = console(host, tmp_path)
        outcome = desk.collect(script)
    assert outcome.exit_code == 2
    assert SCRIPT_OF[name] in outcome.console
    assert list(desk.disk.iterdir()) == []


@pytest.mark.parametrize("name", FAMILIES)
def test_whoever_is_no_administrator_is_told(name: str, tmp_path: Path) -> None:
    """Half of what a user may see is no capture."""
    with simulated(name) as host:
        desk = console(host, tmp_path)
        outcome = desk.collect(SCRIPT_OF[name], administrator=False)
    assert (outcome.exit_code, list(desk.disk.iterdir())) == (3, [])
    assert "administrator" in outcome.console


@pytest.mark.parametrize("name", FAMILIES)
def test_a_folder_is_used_once(name: str, tmp_path: Path) -> None:
    """What was collected earlier stays as it is."""
    with simulated(name) as host:
        desk = console(host, tmp_path)
        assert desk.collect(SCRIPT_OF[name]).exit_code == 0
        before = {path.name: path.read_bytes() for path in (desk.disk / "NETMIN").iterdir()}
        outcome = desk.collect(SCRIPT_OF[name])
    assert outcome.exit_code == 4
    assert "Name a new folder" in outcome.console
    assert {path.name: path.read_bytes() for path in (desk.disk / "NETMIN").iterdir()} == before


@pytest.mark.parametrize("name", FAMILIES)
def test_no_folder_is_no_run(name: str, tmp_path: Path) -> None:
    """It says how to name one."""
    with simulated(name) as host:
        desk = console(host, tmp_path)
        outcome = run(host.computer, rf"E:\{SCRIPT_OF[name]}", (), drives={"E:": desk.stick})
    assert outcome.exit_code == 1
    assert rf"{SCRIPT_OF[name]} C:\NETMIN" in outcome.console


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("argument", [r'"C:\out\a b"', r'"C:\out\R&D"', r'"C:\out\100%"', r'"C:\out\x!y^z"', r"C:\out\(1)"])
def test_any_folder_will_do(name: str, argument: str, tmp_path: Path) -> None:
    """Blanks and signs that batch files trip over are names like others."""
    with simulated(name) as host:
        desk = console(host, tmp_path)
        outcome = desk.collect(SCRIPT_OF[name], argument)
    assert outcome.exit_code == 0, outcome.console
    desk.capture(argument.strip('"').rpartition("\\")[2])


@pytest.mark.parametrize("name", FAMILIES)
def test_a_folder_that_cannot_be_written_is_told(name: str, tmp_path: Path) -> None:
    """Nothing is collected where nothing can be kept."""
    with simulated(name) as host:
        outcome = console(host, tmp_path).collect(SCRIPT_OF[name], r"E:\NETMIN")
    assert outcome.exit_code == 4
    assert "cannot be written" in outcome.console


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("room", [200, 5_000, 60_000])
def test_a_full_disk_makes_no_capture(name: str, room: int, tmp_path: Path) -> None:
    """Either the script says so, or what it leaves is refused."""
    with simulated(name) as host:
        desk = console(host, tmp_path)
        outcome = desk.collect(SCRIPT_OF[name], disk_full_after=room)
    try:
        capture = desk.capture()
    except UnusableCapture:
        return
    assert outcome.exit_code == 6, capture.windows


@pytest.mark.parametrize("name", FAMILIES)
def test_a_closed_console_makes_no_capture(name: str, tmp_path: Path) -> None:
    """A run that somebody ended is seen, wherever that was."""
    with simulated(name) as host:
        steps = console(host, tmp_path).collect(SCRIPT_OF[name]).steps
    for step in range(0, steps - 1, max(1, steps // 12)):
        with simulated(name) as host:
            place = tmp_path / str(step)
            place.mkdir()
            desk = console(host, place)
            desk.collect(SCRIPT_OF[name], killed_after_step=step)
        folder = desk.disk / "NETMIN"
        if (folder / "collect.txt").exists() and (folder / "collect.txt").read_text().rstrip().endswith("done"):
            continue
        with pytest.raises(Exception, match=r"did not reach its end|has no file|does not begin with"):
            desk.capture()


@pytest.mark.parametrize(
    ("name", "page"),
    [*((name, page) for name in FAMILIES for page in (437, 850, 932)), ("windows_10", 65001), ("windows_server_2022", 65001)],
)
def test_any_code_page_will_do(name: str, page: int, tmp_path: Path) -> None:
    """The listings are read in the code page that the console had, which is in a file beside them."""
    with simulated(name) as host:
        desk = console(host, tmp_path)
        outcome = desk.collect(SCRIPT_OF[name], code_page=page)
        assert outcome.exit_code == 0, outcome.console
        theirs = act_captured(ListenersAction, captured(host).capture)
    ours = act_captured(ListenersAction, desk.capture())
    assert (ours.error, theirs.error) == (None, None)
    assert [row["port"] for row in ours.result["listeners"]] == [row["port"] for row in theirs.result["listeners"]]


def test_a_home_edition_has_fewer_tools(tmp_path: Path) -> None:
    """Without `tasklist` there are no processes, and everything else is there."""
    with simulated("windows_xp") as host:
        desk = console(host, tmp_path)
        assert desk.collect("collect_xp.cmd", without=XP_HOME).exit_code == 0
    done = act_captured(ListenersAction, desk.capture())
    assert done.error is None
    assert done.result["listeners"]


def test_a_narrow_prompt_is_refused(tmp_path: Path) -> None:
    """It is shown another part of the registry."""
    with simulated("windows_server_2022") as host:
        desk = console(host, tmp_path)
        outcome = desk.collect("collect_vista.cmd", bitness=32)
    assert (outcome.exit_code, list(desk.disk.iterdir())) == (7, [])
