# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lines of steps, and what makes steps of changes."""

from __future__ import annotations

import re

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.reg import Exports
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.render_2000 import Windows2000
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.render_xp import SinceXp
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.script import Family, Target, close_script, undo_script
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.steps import DropKey, Start, Step, Stop, Write, closing, undoing
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode

W2K, XP = NtVersion(5, 0), NtVersion(5, 1)
KEY = r"SYSTEM\CurrentControlSet\Services\NetBT\Parameters"
VALUE = Write(key=KEY, name="SmbDeviceEnabled", before=None, after=RegistryValue.dword(0), why="445 closes")
MODE = SetStartMode(
    stage="services",
    effective=Effective.BOOT,
    why="",
    kind=ServiceKind.SERVICE,
    name="Alerter",
    before=StartMode.AUTO,
    after=StartMode.DISABLED,
)
STOP = StopService(stage="services", effective=Effective.NOW, why="", kind=ServiceKind.SERVICE, name="Alerter")
LABEL, GOTO = re.compile(r"^:(\w+)$"), re.compile(r"(?:goto|call) :?(\w+)")


def target(nt: NtVersion) -> Target:
    return Target("plc7", "PLC7", "Windows", nt, 2195, "WinNT", "run")


def family(nt: NtVersion) -> Family:
    return Windows2000(Exports()) if nt == W2K else SinceXp()


def both(nt: NtVersion, *steps: Step) -> tuple[list[str], list[str]]:
    back = undoing(steps, [Saved("smb_device", "registry", (KEY, "SmbDeviceEnabled"), None, RegistryValue.dword(0), absent=(KEY,))])
    return close_script(target(nt), steps, family(nt)), undo_script(target(nt), back, family(nt))


@pytest.mark.parametrize("nt", [W2K, XP, NtVersion(10, 0)])
def test_every_label_is_there_once_and_every_jump_leads_to_one(nt: NtVersion) -> None:
    steps = closing((MODE, STOP), (), nt)
    for lines in both(nt, VALUE, *steps):
        labels = [match[1].lower() for line in lines if (match := LABEL.match(line))]
        assert len(labels) == len(set(labels))
        jumps = {name.lower() for line in lines if not line.startswith("rem") for name in GOTO.findall(line)} - {"eof"}
        assert jumps <= set(labels)


@pytest.mark.parametrize("nt", [W2K, XP])
def test_no_script_has_a_block_or_delayed_expansion(nt: NtVersion) -> None:
    for lines in both(nt, VALUE, *closing((MODE, STOP), (), nt)):
        code = [line for line in lines if not line.startswith(("rem", "echo"))]
        assert not [line for line in code if line.rstrip().endswith("(") or line.startswith(")")]
        assert not [line for line in code if "!" in line]


def test_a_start_mode_is_set_by_the_service_manager_where_there_is_sc() -> None:
    (step,) = closing((MODE,), (), XP)
    close, undo = both(XP, step)
    assert '%DO%"%TOOLS%\\sc.exe" config "Alerter" start= disabled' in close
    assert '%DO%"%TOOLS%\\sc.exe" config "Alerter" start= auto' in undo


def test_on_windows_2000_it_is_a_value() -> None:
    (step,) = closing((MODE,), (), W2K)
    close, undo = both(W2K, step)
    key = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Alerter"
    assert f'%DO%call :set "{key}" "Start" "dword:00000004"' in close
    assert f'%DO%call :set "{key}" "Start" "dword:00000002"' in undo


def test_what_started_delayed_starts_delayed_again() -> None:
    saved = Saved("services", "start mode", ("Alerter",), "auto", "disabled", delayed=True)
    (back,) = undoing(closing((MODE,), (saved,), XP), (saved,))
    assert isinstance(back, Write)
    assert back.mode == "delayed-auto"


def test_the_way_back_is_the_way_there_turned_round() -> None:
    saved = Saved("smb_device", "registry", (KEY, "SmbDeviceEnabled"), None, RegistryValue.dword(0), absent=(rf"{KEY}\A", KEY))
    steps = (*closing((MODE, STOP), (), XP), VALUE)
    back = undoing(steps, (saved,))
    assert [type(step) for step in back] == [Write, Write, Start, DropKey, DropKey]
    assert [(step.before, step.after) for step in back if isinstance(step, Write)] == [
        (VALUE.after, VALUE.before),
        (RegistryValue.dword(4), RegistryValue.dword(2)),
    ]
    assert [step.key for step in back if isinstance(step, DropKey)] == [rf"{KEY}\A", KEY]


@pytest.mark.parametrize("nt", [W2K, XP])
@pytest.mark.parametrize(
    "step",
    [
        Write(key="SOFTWARE\\a%b", name="X", before=None, after=RegistryValue.dword(1), why=""),
        Write(key=KEY, name='a"b', before=None, after=RegistryValue.dword(1), why=""),
        Write(key=KEY, name="X", before=RegistryValue.text("100%"), after=RegistryValue.text("Y"), why=""),
        Write(key=KEY, name="X", before=None, after=RegistryValue(RegistryType.QWORD, 1), why=""),
        Stop(name="a^b", driver=False, why=""),
    ],
)
def test_what_cannot_be_written_is_refused(nt: NtVersion, step: Step) -> None:
    with pytest.raises(Refused):
        close_script(target(nt), (step,), family(nt))


def test_a_name_with_blanks_moves_the_word_with_the_type() -> None:
    step = Write(key=KEY, name="DCOM Protocols", before=None, after=RegistryValue.texts(("a", "b")), why="")
    close, _undo = both(XP, step)
    assert f'call :is "REG_MULTI_SZ a\\0b" 3 "HKLM\\{KEY}" "DCOM Protocols"' in close


def test_the_server_driver_of_windows_2000_is_refused() -> None:
    stop = StopService(stage="services", effective=Effective.NOW, why="", kind=ServiceKind.DRIVER, name="Srv")
    with pytest.raises(Refused, match="Srv"):
        closing((stop,), (), W2K)


def test_a_sentence_of_a_host_stays_a_remark() -> None:
    change = SetRegistryValue(
        stage="services", effective=Effective.BOOT, why="a & b > c\n| %PATH%", key=KEY, name="X", before=None, after=RegistryValue.dword(1)
    )
    close, _undo = both(XP, *closing((change,), (), XP))
    assert "rem    a + b ) c / 'PATH' (stage services)" in close
