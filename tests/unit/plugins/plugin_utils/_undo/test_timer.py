# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The script that puts a run back, in a real command shell: that of wine, with its reg, net, sc, schtasks and find.

wine reads a command line twice in places where Windows reads it once: variables in what `echo` writes are expanded. The
comparison allows for that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import registry_value
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import confirm, timer
from ansible_collections.netmin.windows.tests.unit.wine import Wine, needs_wine, quoted

RUN = "20260101T000000Z-000001"
CARRIED = r"call C:\windows\netmin.windows\confirm.cmd & if not errorlevel 1 rd /s /q C:\windows\netmin.windows"


class Shell(Wine):
    """A Windows of wine's with the timer on it."""

    @property
    def ours(self) -> Path:
        return self.windows / "netmin.windows"

    def value(self, name: str) -> str | None:
        """Return a value of the timer's key."""
        return confirm.listed(self.run("reg", "query", f"HKLM\\{timer.KEY}", "/v", name)[0]).get(name)

    def line(self, line: str) -> str:
        """Run a command line, and return what it wrote, as `cmd /c` gets it: nobody touches its quotes and carets on the way."""
        self.put(r"SOFTWARE\Line", {'"L"': quoted(line)})
        run = '@echo off\r\nfor /f "tokens=2*" %%a in (\'reg query HKLM\\SOFTWARE\\Line /v L\') do cmd /d /s /c "%%b"\r\n'
        (self.windows / "line.cmd").write_text(run, encoding="ascii", newline="")
        return self.run("cmd", "/d", "/c", r"C:\windows\line.cmd")[0]

    def arm(self, values: Mapping[str, str]) -> None:
        """Put the script and the key there."""
        self.run("reg", "delete", f"HKLM\\{timer.KEY}", "/f")
        self.put(timer.KEY, {f'"{name}"': quoted(text) for name, text in values.items()})
        self.ours.mkdir(exist_ok=True)
        (self.ours / timer.SCRIPT_FILE).write_text(timer.SCRIPT.replace("\n", "\r\n"), encoding="ascii", newline="")

    def script(self, debug: str = "-all") -> list[str]:
        """Run the script as the carrier does, and return the programs that it ran if asked to watch it."""
        _code, said = self.run("cmd", "/d", "/c", CARRIED, debug=debug)
        lines = re.findall(r'trace:process:CreateProcessInternalW app .* cmdline L"(.*)"', said)
        return [line.replace('\\"', '"').replace("\\\\", "\\").strip() for line in lines]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Return a fresh Windows of wine's."""
    with Shell.started(tmp_path_factory.mktemp("wine")) as made:
        yield made


def given(**more: str) -> dict[str, str]:
    """Return the values of a timer of one beat."""
    return {timer.RUN: RUN, timer.BEATS: "1", timer.BOOT: "0", **more}


def writes(key: str, name: str, value: RegistryValue | None) -> str:
    """Return the command that puts a value back."""
    change = SetRegistryValue(stage="services", effective=Effective.NOW, why="", key=key, name=name, before=None, after=value)
    return registry_value.commands(change, Names())[0]


def numbered(*commands: str) -> dict[str, str]:
    """Return the numbered values of some commands."""
    values = confirm.values_of(RUN, confirm.WayBack(commands, (), boot=False))
    return {name: str(value.data) for name, value in values.items()}


VALUES = {
    "a number": (RegistryValue.dword(0xFFFFFFFF), "dword:ffffffff"),
    "plain": (RegistryValue.text("two  blanks, a;b=c"), '"two  blanks, a;b=c"'),
    "signs": (
        RegistryValue.text(r"%PATH% !x! ^ | < > (y) ' ~ ` @ # $ * ? \ /end"),
        r'''"%PATH% !x! ^ | < > (y) ' ~ ` @ # $ * ? \\ /end"''',
    ),
    "variables of a loop": (RegistryValue.text("%a%b %%a %c%ALLUSERSPROFILE%"), '"%a%b %%a %c%ALLUSERSPROFILE%"'),
    "ends \\": (RegistryValue.text("C:\\x\\"), '"C:\\\\x\\\\"'),
    "empty": (RegistryValue.text(""), '""'),
    "path": (
        RegistryValue(RegistryType.EXPAND_SZ, r"%SystemRoot%\x"),
        "hex(2):" + r"%SystemRoot%\x".encode("utf-16-le").hex(",") + ",00,00",
    ),
    "list": (RegistryValue.texts(("a b", "c")), "hex(7):" + "a b\0c\0\0".encode("utf-16-le").hex(",")),
    "bytes": (RegistryValue(RegistryType.BINARY, b"\x00\xff\x10"), "hex:00,ff,10"),
    "long number": (RegistryValue(RegistryType.QWORD, 2**40), "hex(b):00,00,00,00,00,01,00,00"),
}


@needs_wine
@pytest.mark.slow
def test_what_is_not_confirmed_is_put_back_in_order_and_as_it_was(shell: Shell) -> None:
    key = r"SOFTWARE\Some Vendor\A key"
    made = rf"{key}\made"
    shell.put(key, {f'"{name.replace(chr(92), chr(92) * 2)}"': text for name, (_value, text) in VALUES.items()})
    before = shell.text(key)
    for name in VALUES:
        shell.run("reg", "delete", f"HKLM\\{key}", "/v", name.rstrip("\\") + ("\\\\" if name.endswith("\\") else ""), "/f")
    shell.put(key, {'"new"': "dword:00000001"})
    shell.put(made, {})
    nested = rf"{made}\inner"
    shell.put(nested, {})
    held = {
        "held": {'"by somebody"': '"else"'},
        "sign": {'"!"': '"else"'},
        "semicolon": {'";"': '"else"'},
        "default": {"@": '"else"'},
        "outer": {},
        r"outer\empty key": {},
        "names a root": {'"x"': r'"HKEY_LOCAL_MACHINE\\SOFTWARE"'},
    }
    for name, values in held.items():
        shell.put(rf"{key}\{name}", values)
    commands = [
        writes(key, "not there", None),
        'sc config "No Such Service" start= delayed-auto',
        *(writes(key, name, value) for name, (value, _text) in VALUES.items()),
        writes(key, "new", None),
        'net start "No Such Service"',
    ]
    kept = [name for name in held if not name.startswith("outer\\")]
    keys = "&".join((RUN, f"HKLM\\{nested}", f"HKLM\\{made}", rf"HKLM\{key}\not there", *(rf"HKLM\{key}\{name}" for name in kept)))
    shell.arm({**given(**{timer.BOOT: "1", timer.KEYS: keys}), **numbered(*commands)})
    ran = shell.script(debug="trace+process")
    assert [name for name in held if shell.text(rf"{key}\{name}") is None] == []
    for name in kept:
        shell.run("reg", "delete", rf"HKLM\{key}\{name}", "/f")
    assert shell.text(key) == before
    # Disarmed before the first command, restarted once after the last.
    told = [line for line in ran if line in commands or line.startswith(("schtasks", "sc delete", "shutdown"))]
    disarmed = [f"schtasks /delete /tn {timer.CARRIER} /f", f"sc delete {timer.CARRIER}"]
    assert told == [*disarmed, *commands, "shutdown -r -f -t 5"]
    assert shell.value(timer.HEARTBEAT) == timer.RESTORED
    codes = (shell.value(timer.OUTCOME) or "").removeprefix("restored after 1 beats: ").split()
    assert codes == ["1", "1", *["0"] * len(VALUES), "0", codes[-1]]
    assert codes[-1] != "0"
    assert not shell.ours.exists()


@needs_wine
@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "in the last moment"])
def test_what_is_confirmed_is_left_and_nothing_of_ours_stays(shell: Shell, when: str) -> None:
    first = when == "before"
    shell.arm(
        {
            **given(**({timer.BEATS: "9", timer.CONFIRMED: RUN} if first else {})),
            **numbered(writes("SOFTWARE\\X", "ran", RegistryValue.text("1"))),
        }
    )
    process = None
    if not first:
        process = shell.start("cmd", "/d", "/c", CARRIED)
        wait_for(lambda: shell.value(timer.HEARTBEAT) == "1")
        shell.put(timer.KEY, {f'"{timer.CONFIRMED}"': quoted(RUN)})
        process.wait(60)
    else:
        shell.script()
    assert shell.text(timer.KEY) is None
    assert shell.text(r"SOFTWARE\X") is None
    assert not shell.ours.exists()


def wait_for(true: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    for _look in range(2000):
        if true():
            return
        time.sleep(0.05)
    pytest.fail("it did not come")


@needs_wine
@pytest.mark.slow
@pytest.mark.parametrize(
    "environment", [{"ComSpec": r"C:\nowhere\cmd.exe"}, {"PATHEXT": ".TXT"}, {"PATH": r"C:\nowhere"}, {"ComSpec": ""}], ids=str
)
def test_it_needs_nothing_of_the_environment(shell: Shell, environment: Mapping[str, str]) -> None:
    shell.run("reg", "delete", r"HKLM\SOFTWARE\X", "/f")
    shell.arm({**given(), **numbered(writes("SOFTWARE\\X", "ran", RegistryValue.text("1")))})
    # The carrier names its shell in full.
    shell.run(r"C:\windows\system32\cmd.exe", "/d", "/c", CARRIED, **environment)
    assert "ran" in (shell.text(r"SOFTWARE\X") or "")
    assert shell.value(timer.HEARTBEAT) == timer.RESTORED
    shell.run("reg", "delete", r"HKLM\SOFTWARE\X", "/f")


@needs_wine
@pytest.mark.slow
def test_a_script_that_another_run_has_superseded_leaves_all_that_is_that_runs(shell: Shell) -> None:
    shell.arm({**given(**{timer.BEATS: "9"}), **numbered(writes("SOFTWARE\\X", "ran", RegistryValue.text("1")))})
    process = shell.start("cmd", "/d", "/c", CARRIED)
    wait_for(lambda: shell.value(timer.HEARTBEAT) == "1")
    shell.put(timer.KEY, {f'"{timer.RUN}"': quoted("20260102T000000Z-000002"), f'"{timer.CONFIRMED}"': quoted(RUN)})
    process.wait(60)
    assert (shell.ours / timer.SCRIPT_FILE).exists()
    assert shell.value(timer.RUN) == "20260102T000000Z-000002"
    assert shell.text(r"SOFTWARE\X") is None


@needs_wine
@pytest.mark.slow
@pytest.mark.parametrize("left", [{timer.OUTCOME: "restoring after 1 beats"}, {timer.RUN: ""}], ids=["restoring", "gone"])
def test_it_cannot_loop_and_needs_its_key(shell: Shell, left: Mapping[str, str]) -> None:
    values = {name: text for name, text in {**given(), **left}.items() if text}
    shell.arm({**values, **numbered(writes("SOFTWARE\\X", "ran", RegistryValue.text("1")))})
    ran = shell.script(debug="trace+process")
    assert [line for line in ran if line.startswith(("ping", "reg add"))] == []
    assert f"sc delete {timer.CARRIER}" in ran
    assert shell.text(r"SOFTWARE\X") is None
    assert not shell.ours.exists()


@needs_wine
@pytest.mark.slow
@pytest.mark.parametrize("nt", [NtVersion(5, 1), NtVersion(6, 0), NtVersion(10, 0)], ids=str)
def test_the_command_line_writes_script_and_task_to_the_byte(shell: Shell, nt: NtVersion) -> None:
    shell.arm({})
    head = {timer.RUN: RUN, timer.BEATS: "120", timer.BOOT: "1", timer.KEYS: rf"{RUN}&HKLM\SOFTWARE\A key"}
    line = timer.arming_line(nt, head)
    if nt < timer.TASKS_SINCE:
        # wine has no secedit; what comes after it is what is tried here.
        line = (
            line.replace("secedit /configure", "rem secedit /configure")
            .replace(" && (>>c echo ^@echo", " & (>>c echo ^@echo")
            .replace(" && (>>c echo @echo", " & (>>c echo @echo")
        )
        line = line.replace("rem secedit /configure", "ver || secedit /configure")
    said = shell.line(line)
    assert dict(confirm.listed(said)) == head
    wanted = {timer.SCRIPT_FILE: timer.SCRIPT.splitlines()}
    if nt >= timer.TASKS_SINCE:
        script = rf"{timer.FOLDER}\{timer.SCRIPT_FILE}"
        wanted[timer.TASK_FILE] = [part.format(script=script, folder=timer.FOLDER) for part in timer.TASK]
    else:
        wanted[timer.POLICY_FILE] = [part.format(folder=timer.FOLDER) for part in timer.POLICY]
    for name, lines in wanted.items():
        text = "".join(f"{one}\r\n" for one in lines)
        twice = text.replace("%SystemRoot%", r"C:\windows").replace("%errorlevel%", "0")
        assert (shell.ours / name).read_bytes() == twice.encode("ascii")


@needs_wine
@pytest.mark.slow
def test_a_folder_that_holds_what_is_not_ours_is_not_used(shell: Shell) -> None:
    shell.arm({})
    (shell.ours / "planted.cmd").write_text("x", encoding="ascii")
    said = shell.line(timer.arming_line(NtVersion(10, 0), given()))
    assert timer.SCRIPT_FILE not in {path.name for path in shell.ours.iterdir()}
    assert dict(confirm.listed(said)) == {}
    (shell.ours / "planted.cmd").unlink()


@pytest.mark.parametrize("nt", [NtVersion(5, 1), NtVersion(5, 2), NtVersion(6, 0), NtVersion(6, 1), NtVersion(10, 0)], ids=str)
def test_the_command_line_is_short_enough(nt: NtVersion) -> None:
    keys = "&".join((RUN, *[rf"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Some key {number}" for number in range(30)]))
    assert len(timer.arming_line(nt, given(**{timer.KEYS: keys}))) <= timer.LONGEST_LINE


def test_the_script_is_plain_and_needs_nothing_but_the_box() -> None:
    assert timer.SCRIPT.isascii()
    assert all(line and line == line.rstrip() for line in timer.SCRIPT.splitlines())
    for word in ("powershell", "wmic", "timeout", "choice", "%random%"):
        assert word not in timer.SCRIPT.lower()


def test_the_script_starts_no_shell_of_its_own() -> None:
    """`for /f` over a command and a pipe start %ComSpec%, which may be another program, and whose AutoRun may end it (cmd /?)."""
    for line in timer.SCRIPT.splitlines():
        assert "('" not in line, line
        assert "|" not in line, line
        assert not line.lower().startswith(("cmd", "start")), line


def test_the_time_is_counted_in_whole_beats() -> None:
    assert [timer.beats(seconds) for seconds in (60, 61, 600, 86400)] == [12, 13, 120, 17280]
