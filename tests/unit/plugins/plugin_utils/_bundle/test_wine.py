# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scripts of bundles and of `collect` in a command prompt that is not ours: that of wine, with its reg, sc, net, find and regedit.

It proves that they are read as they are meant, and no more: wine's cmd is not that of Windows 2000. Its find knows neither /n nor /c, its
type leaves UTF-16 as it is, its sc changes no start mode and its net stop knows no /y. Of the services that always run on Windows it has
PlugPlay alone, so that scripts look for this in place of RpcSs.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.reg import Exports
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.render_2000 import Windows2000
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.render_xp import SinceXp
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.script import Target, close_script, undo_script
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.steps import DropKey, Stop, Write, undoing
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.words import content
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.tests.unit.wine import WINE, Wine, needs_wine, quoted

pytestmark = [needs_wine, pytest.mark.slow]
COLLECT = Path(__file__).parents[5] / "playbooks" / "files" / "collect"
KEY, MADE = r"SOFTWARE\Odd & (Co)", r"SOFTWARE\Made & new"
CURRENT = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
ACTIVE_NAME = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"
NO_TOOL = 5
SERVICE = ("RpcSs", "PlugPlay")
FOLDER = r"C:\R&D (1)"
STEPS = (
    Write(key=KEY, name="a number", before=RegistryValue.dword(7), after=RegistryValue.dword(0xFFFFFFFF), why="a & b > c"),
    Write(key=KEY, name="text (x) & y", before=RegistryValue.text("a & b | c"), after=RegistryValue.text("(d) > e; f=g"), why=""),
    Write(key=KEY, name="list", before=RegistryValue.texts(("a b", "c")), after=RegistryValue.texts(("c",)), why=""),
    Write(key=KEY, name="bytes", before=RegistryValue(RegistryType.BINARY, b"\x01\xff"), after=None, why=""),
    Write(key=MADE, name="new", before=None, after=RegistryValue.dword(1), why=""),
    Stop(name="Spooler", driver=False, why="it does not run, and nothing has to be done"),
)
SAVED = [Saved("services", "registry", (MADE, "new"), None, RegistryValue.dword(1), absent=(MADE,))]
BEFORE = {
    '"a number"': "dword:00000007",
    '"text (x) & y"': '"a & b | c"',
    '"list"': "hex(7):" + "a b\0c\0\0".encode("utf-16-le").hex(","),
    '"bytes"': "hex:01,ff",
    '"other"': '"stays"',
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    """Return a fresh Windows of wine's, with a key that only an administrator of Windows sees."""
    with Wine.started(tmp_path_factory.mktemp("wine")) as made:
        made.run("reg", "add", r"HKU\S-1-5-19", "/f")
        yield made


def place(shell: Wine, folder: str = FOLDER) -> Path:
    """Return where a folder of drive C is for us."""
    found = shell.folder / "drive_c" / folder.removeprefix("C:\\")
    found.mkdir(exist_ok=True)
    return found


def ran(shell: Wine, script: str, *arguments: str) -> tuple[int, str]:
    """Run a script once the service runs that it looks for; on a busy machine that takes its time."""
    for _second in range(60):
        code, shown = once(shell, script, *arguments)
        if code != NO_TOOL or "sc" not in shown.split(maxsplit=1)[0]:
            break
        time.sleep(1)
    return code, shown


def once(shell: Wine, script: str, *arguments: str) -> tuple[int, str]:
    """Run a script as somebody would, and return its exit code and what the console shows."""
    line = " ".join(f'"{word}"' for word in (script, *arguments))
    # Without `call`, whose exit code wine loses: nothing comes after it.
    (shell.windows / "start.cmd").write_text(f"@echo off\r\n{line}\r\n", "ascii", newline="")
    # Into a file: wine's own servers live on and would hold a pipe.
    with (shell.folder / "shown.txt").open("w+b") as shown:
        command = [WINE or "", "cmd", "/d", "/c", r"C:\windows\start.cmd"]
        done = subprocess.run(
            command, env=shell.environment(), stdin=subprocess.DEVNULL, stdout=shown, stderr=shown, timeout=120, check=False
        )
        shown.seek(0)
        return done.returncode, shown.read().decode("ascii", "replace").replace("\r\n", "\n")


def answer(shell: Wine, key: str, name: str) -> str:
    """Return a text of the registry."""
    return shell.run("reg", "query", key, "/v", name)[0].split("REG_SZ", 1)[1].strip()


def target(shell: Wine, nt: NtVersion | None = None) -> Target:
    """Return wine as the host that a bundle is for."""
    build = int(answer(shell, CURRENT, "CurrentBuildNumber"))
    shown = shell.run("cmd", "/c", "ver")[0]
    major, minor = shown.split()[-1].split(".")[:2]
    return Target(
        "plc7", answer(shell, ACTIVE_NAME, "ComputerName"), "Windows", nt or NtVersion(int(major), int(minor)), build, "WinNT", "run"
    )


def write(shell: Wine, name: str, lines: Sequence[str]) -> str:
    """Put a script on the disk and return its path there."""
    (place(shell) / name).write_bytes(content(line.replace(*SERVICE) for line in lines))
    return rf"{FOLDER}\{name}"


def test_the_way_there_and_back(shell: Wine) -> None:
    """Odd names, odd values and an odd folder; a second run does nothing, and what somebody changed is left alone."""
    shell.put(KEY, BEFORE)
    before = shell.text(KEY)
    close = write(shell, "close.cmd", close_script(target(shell), STEPS, SinceXp()))
    back = (*undoing(STEPS[:-1], SAVED), DropKey(key=KEY))
    undo = write(shell, "undo.cmd", undo_script(target(shell), back, SinceXp()))

    code, shown = ran(shell, close, "/plan")
    assert (code, shell.text(KEY), shell.text(MADE)) == (0, before, None), shown
    assert shown.count("would run") == 5

    code, shown = ran(shell, close)
    assert code == 0, shown
    there = shell.text(KEY) or ""
    for line in ('"a number"=dword:ffffffff', '"text (x) & y"="(d) > e; f=g"', '"list"=hex(7):63,00,00,00,00,00', '"other"="stays"'):
        assert line in there
    assert '"bytes"' not in there
    assert '"new"=dword:00000001' in (shell.text(MADE) or "")
    assert (place(shell) / "evidence" / "before.txt").exists()

    code, shown = ran(shell, close)
    assert (code, "Step" in shown, shell.text(KEY)) == (0, False, there), shown

    shell.put(KEY, {'"a number"': "dword:00000009"})
    code, shown = ran(shell, close)
    assert code == 6, shown
    assert shown.count("differs:") == 1
    code, shown = ran(shell, undo)
    assert code == 9, shown
    assert shown.count("left alone:") == 1
    shell.put(KEY, {'"a number"': "dword:ffffffff"})
    code, shown = ran(shell, undo)
    assert code == 0, shown
    assert sorted((shell.text(KEY) or "").splitlines()) == sorted((before or "").splitlines())
    assert shell.text(MADE) is None


def test_another_computer_is_left_alone(shell: Wine) -> None:
    """By its name, and by its Windows."""
    shell.put(KEY, BEFORE)
    before, here = shell.text(KEY), target(shell)
    for other in (Target("x", "ELSEWHERE", "Windows", here.nt, here.build, "WinNT", "run"), target(shell, NtVersion(5, 2))):
        code, shown = ran(shell, write(shell, "close.cmd", close_script(other, STEPS, SinceXp())))
        assert (code, shell.text(KEY)) == (2, before), shown
        assert "Nothing was changed." in shown


def test_a_tool_that_does_not_do_what_the_script_needs_ends_it(shell: Wine) -> None:
    """That of Windows 2000 looks for the numbers of lines, which find does not tell here."""
    shell.put(KEY, BEFORE)
    before = shell.text(KEY)
    steps = [step for step in STEPS if not isinstance(step, Write) or step.name != "bytes"]
    lines = close_script(target(shell, NtVersion(5, 0)), steps, Windows2000(Exports()))
    script = [line.replace('"5.00."', '"Windows"') for line in lines]
    assert script != lines
    code, shown = ran(shell, write(shell, "close.cmd", script))
    assert (code, shell.text(KEY)) == (5, before), shown
    assert "regedit.exe or find.exe does not work here" in shown


def test_collect_ends_and_names_what_could_not_be_read(shell: Wine) -> None:
    """wine has no list of services by sc, and no adapters where Windows has them."""
    text = (COLLECT / "collect_vista.cmd").read_text("ascii").replace(*SERVICE)
    (shell.windows / "collect.cmd").write_text(text, "ascii", newline="\r\n")
    shell.put(r"SOFTWARE\netmin.windows", {'"x"': quoted("y")})
    code, shown = ran(shell, r"C:\windows\collect.cmd", r"C:\x & (y)")
    assert code == 6, shown
    assert "could not be read: adapters.reg sc-service-1.txt sc-driver-1.txt" in shown
    folder = place(shell, r"C:\x & (y)")
    assert (folder / "collect.txt").read_text("ascii").splitlines()[-1] == "done"
    assert '"x"="y"' in (folder / "netmin.reg").read_text("utf-16")
    code, shown = ran(shell, r"C:\windows\collect.cmd", r"C:\x & (y)")
    assert code == 4, shown


def test_each_script_of_collect_says_which_windows_it_is_for(shell: Wine) -> None:
    """wine is none of the old ones."""
    for name in ("collect_2000.cmd", "collect_xp.cmd"):
        (shell.windows / name).write_bytes((COLLECT / name).read_bytes().replace(b"\n", b"\r\n"))
        code, shown = ran(shell, rf"C:\windows\{name}", r"C:\other")
        assert code == 2, shown
        assert "collect_vista.cmd" in shown
