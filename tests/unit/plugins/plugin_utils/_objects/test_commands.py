# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes as commands that a host puts itself back with: the closed vocabulary, the quoting, what is refused."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import NetbiosOption
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change, kind_of
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_key import DeleteKey
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StartService, StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode

SERVICE = ServiceKind.SERVICE
GUID = "{6D7F6A4E-52C1-4F7E-9D0B-3A0A4C7B2E11}"
RULE = FilterRule("netmin.windows tcp/rpc svc", Protocol.TCP, "RPC", r"%SystemRoot%\system32\svchost.exe", "Schedule")


def commands(change: Change, delayed: Iterable[str] = ()) -> tuple[str, ...]:
    return kind_of(change).commands(change, Names(delayed))


def value(key: str, name: str, after: RegistryValue | None) -> SetRegistryValue:
    return SetRegistryValue(stage="services", effective=Effective.BOOT, why="", key=key, name=name, before=None, after=after)


def mode(name: str, after: StartMode) -> SetStartMode:
    return SetStartMode(stage="services", effective=Effective.BOOT, why="", kind=SERVICE, name=name, before=StartMode.DISABLED, after=after)


def netbios(option: NetbiosOption) -> SetNetbios:
    return SetNetbios(
        stage="netbt", effective=Effective.NOW, why="", index=1, adapter="a", guid=GUID, before=NetbiosOption.DISABLED, after=option
    )


WHAT = {"stage": "services", "effective": Effective.NOW, "why": ""}
NETBT = rf"HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces\Tcpip_{GUID}"
COMMANDS: list[tuple[Change, str]] = [
    (value(r"SOFTWARE\A b", "n m", RegistryValue.dword(7)), r'reg add "HKLM\SOFTWARE\A b" /v "n m" /t REG_DWORD /d "7" /f'),
    (value("K", "", RegistryValue.text("x")), r'reg add "HKLM\K" /ve /t REG_SZ /d "x" /f'),
    (value("K", "v", None), r'reg delete "HKLM\K" /v "v" /f'),
    (value("K", "v", RegistryValue.texts(("a b", "c"))), r'reg add "HKLM\K" /v "v" /t REG_MULTI_SZ /d "a b\0c" /f'),
    (value("K", "v", RegistryValue.texts(())), r'reg add "HKLM\K" /v "v" /t REG_MULTI_SZ /d "" /f'),
    (value("K", "v", RegistryValue(RegistryType.BINARY, b"\x01\xff")), r'reg add "HKLM\K" /v "v" /t REG_BINARY /d "01ff" /f'),
    (value("K", "v", RegistryValue.text("x\\\\")), r'reg add "HKLM\K" /v "v" /t REG_SZ /d "x\\\\" /f'),
    (netbios(NetbiosOption.DHCP), rf'reg add "{NETBT}" /v "NetbiosOptions" /t REG_DWORD /d "0" /f'),
    (mode("Spooler", StartMode.AUTO), 'sc config "Spooler" start= auto'),
    (mode("IKEEXT", StartMode.MANUAL), 'sc config "IKEEXT" start= demand'),
    (mode("Spooler", StartMode.AUTO), 'sc config "Spooler" start= auto'),
    (mode("Spooler", StartMode.DISABLED), 'sc config "Spooler" start= disabled'),
    (mode("NetBT", StartMode.SYSTEM), 'sc config "NetBT" start= system'),
    (mode("Disk", StartMode.BOOT), 'sc config "Disk" start= boot'),
    (mode("Late", StartMode.AUTO), 'sc config "Late" start= delayed-auto'),
    (StartService(kind=SERVICE, name="Spooler", **WHAT), 'net start "Spooler"'),  # type: ignore[arg-type]
    (StopService(kind=SERVICE, name="Spooler", **WHAT), 'net stop "Spooler" /y'),  # type: ignore[arg-type]
    # `net` takes this name for the Server service.
    (StartService(kind=ServiceKind.DRIVER, name="srv", **WHAT), 'sc start "srv"'),  # type: ignore[arg-type]
    (StopService(kind=ServiceKind.DRIVER, name="srv", **WHAT), 'sc stop "srv"'),  # type: ignore[arg-type]
    (
        RemoveFilterRule(name=RULE.name, before="x", **WHAT),  # type: ignore[arg-type]
        'netsh advfirewall firewall delete rule name="netmin.windows tcp/rpc svc"',
    ),
    (
        AddFilterRule(rule=RULE, **WHAT),  # type: ignore[arg-type]
        (
            'netsh advfirewall firewall add rule name="netmin.windows tcp/rpc svc" dir=in action=block protocol=tcp localport=RPC '
            r'service="Schedule" program="%SystemRoot%\system32\svchost.exe" profile=any enable=yes'
        ),
    ),
]


@pytest.mark.parametrize(("change", "command"), COMMANDS, ids=[command[:40] for _change, command in COMMANDS])
def test_each_change_is_one_command_of_the_vocabulary(change: Change, command: str) -> None:
    assert commands(change, {"late"}) == (command,)


def test_a_delay_comes_with_the_start_mode_and_a_key_after_the_commands() -> None:
    delay = value(r"SYSTEM\CurrentControlSet\Services\Late", "DelayedAutostart", RegistryValue.dword(1))
    assert commands(delay, {"late"}) == ()
    assert commands(delay) != ()
    assert commands(DeleteKey(key="K", **WHAT)) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ['say "x"', "a & b", "a\nb", "tab\there", "gr\u00fcn", "\x1b[0m", "\x7f"])
def test_what_a_command_line_cannot_hold_is_refused(text: str) -> None:
    for change in (value("K", "v", RegistryValue.text(text)), value("K", text, None), value(text, "v", None), mode(text, StartMode.AUTO)):
        with pytest.raises(Refused, match="'confirm' cannot be used here"):
            commands(change)


@pytest.mark.parametrize("text", ["%SystemRoot%\\x", "!x!", "a^b", "(a|b)<c>", "a;b,c=d", "  two  "])
def test_what_only_a_command_line_would_read_is_no_danger(text: str) -> None:
    (command,) = commands(value("K", "v", RegistryValue.text(text)))
    assert f'"{text}"' in command


@pytest.mark.parametrize("entries", [("a", ""), (r"a\0b",), ("a\\", "b")])
def test_a_list_that_reg_would_take_apart_in_another_way_is_refused(entries: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="cannot be written by 'reg add'"):
        commands(value("K", "v", RegistryValue.texts(entries)))
