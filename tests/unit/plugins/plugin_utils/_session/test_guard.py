# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from inspect import isfunction
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ReadOnlyViolation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import SEARCH
from ansible_collections.netmin.windows.plugins.plugin_utils._session.guard import READ_ONLY, STD_REG_PROV, check, permits
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import messages
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import (
    READS,
    SIGNALLED,
    WRITES,
    command_started,
    described,
    output,
    received,
    rows,
    shell_created,
    writable,
)
from hypothesis import given
from hypothesis import strategies as st


def registry(method: str) -> messages.Invoke:
    return messages.Invoke(resource=STD_REG_PROV, method=method)


def command(*line: str) -> messages.RunCommand:
    return messages.RunCommand(shell_id="S", command=line[0], arguments=line[1:])


ALLOWED: list[messages.Request[Any]] = [
    messages.Enumerate(resource="any"),
    messages.EnumerateConfig(part="listener"),
    messages.Pull(resource="any", context="c"),
    messages.Release(resource="any", context="c"),
    *(registry(f"Get{kind}Value") for kind in ("Binary", "DWORD", "ExpandedString", "MultiString", "QWORD", "String")),
    registry("EnumKey"),
    registry("EnumValues"),
    registry("GetSecurityDescriptor"),
    messages.CreateShell(),
    messages.Receive(shell_id="S", command_id="C"),
    messages.Signal(shell_id="S", command_id="C"),
    messages.DeleteShell(shell_id="S"),
    command("netstat", "-an"),
    command("netstat", "-ano"),
    command(*SEARCH),
    command("netsh", "rpc", "filter", "show", "filter"),
]

FORBIDDEN: list[messages.Request[Any]] = [
    *(registry(method) for method in ("SetDWORDValue", "SetStringValue", "CreateKey", "DeleteKey", "DeleteValue", "SetSecurityDescriptor")),
    *(registry(method) for method in ("GetDWORDValueX", "XGetDWORDValue", "getdwordvalue", "CheckAccess", "")),
    messages.Invoke(resource=names.wmi_resource("root/cimv2", "Win32_Service"), method="StopService"),
    messages.Invoke(resource=names.wmi_resource("root/cimv2", "Win32_Service"), method="EnumKey"),
    messages.Invoke(resource=names.wmi_resource("root/cimv2", "StdRegProv"), method="EnumKey"),
    *(messages.Invoke(resource="http://schemas.xmlsoap.org/ws/2004/09/transfer", method=method) for method in ("Get", "Delete")),
    messages.Invoke(resource="http://schemas.xmlsoap.org/ws/2004/09/transfer", method="Put"),
    command("netstat"),
    command("netstat", "-anb"),
    command("netstat", "-an", "-o"),
    command("netstat -ano"),
    command("netstat", "-ano", "&", "del"),
    command("netstat", "-ano & del x"),
    command("NETSTAT", "-ano"),
    command("reg", "add", "HKLM"),
    command("reg", "query", SEARCH[2]),
    command("reg", "query", SEARCH[2], "/f", '"Name=other "', "/d"),
    command("netsh", "rpc", "filter", "show"),
    command("netsh", "rpc", "filter", "show", "filter", "&", "del"),
    command("netsh", "rpc", "filter", "delete", "filter", "filterkey=all"),
    command("netsh rpc filter show filter"),
    command("netsh", "-f", "x"),
    command(*SEARCH, "/s"),
    command(*SEARCH, "&", "del"),
    command("cmd", "/c", "netstat", "-ano"),
]


@pytest.mark.parametrize("request_", ALLOWED, ids=lambda request: request.target().action.rpartition("/")[2])
def test_what_may_be_sent(request_: messages.Request[Any]) -> None:
    check(request_)


@pytest.mark.parametrize("request_", FORBIDDEN, ids=str)
def test_what_may_not(request_: messages.Request[Any]) -> None:
    assert not permits(request_)
    with pytest.raises(ReadOnlyViolation, match="was not sent"):
        check(request_)


def test_every_row_of_the_table_is_used() -> None:
    matched = {
        row
        for row in READ_ONLY
        for request in ALLOWED
        if row.action == request.target().action
        and row.command == ((request.command, *request.arguments) if isinstance(request, messages.RunCommand) else None)
    }
    assert matched == set(READ_ONLY)


def verbs(protocol: type) -> set[str]:
    return {name for name, member in vars(protocol).items() if isfunction(member) and not name.startswith("_")}


def test_the_lists_of_verbs_are_complete() -> None:
    assert verbs(Reader) == {*READS, "ahead", "forget", "recall"}
    assert verbs(Writer) == set(WRITES)


@pytest.mark.parametrize("verb", sorted(WRITES))
def test_no_write_leaves_a_session_that_may_only_read(verb: str) -> None:
    session, transport = writable(read_only=True)
    with pytest.raises(ReadOnlyViolation):
        WRITES[verb](session)
    assert transport.sent == []


def test_no_other_command_leaves_it_either() -> None:
    session, transport = writable(read_only=True)
    with pytest.raises(ReadOnlyViolation):
        session.command("netstat", "-anb")
    assert transport.sent == []


ANSWERS = {
    "command": (shell_created(), command_started(), received(exit_code=0), SIGNALLED),
    "grants": (described("<d:ControlFlags>4</d:ControlFlags>"),),
    "has_key": (output("EnumValues"),),
    "open_shell": (shell_created(),),
    "query": (rows(context="c"), rows(pulled=True)),
    "subkeys": (output("EnumKey"),),
    "value": (output("GetStringValue", sValue=""),),
    "value_types": (output("EnumValues"),),
    "winrm_listeners": (rows(),),
}


@pytest.mark.parametrize("verb", sorted(READS))
def test_every_read_passes(verb: str) -> None:
    session, transport = writable(*ANSWERS[verb], read_only=True)
    READS[verb](session)
    assert transport.script == []


OWN = r"SOFTWARE\netmin.windows.doctor"
HKLM_NUMBER = ("hDefKey", names.HKEY_LOCAL_MACHINE)


def write(method: str, key: object, hive: object = names.HKEY_LOCAL_MACHINE) -> messages.Invoke:
    arguments: Any = (("hDefKey", hive), ("sSubKeyName", key), ("sValueName", "x"))
    return messages.Invoke(resource=STD_REG_PROV, method=method, arguments=arguments)


ADD = ("reg", "add", rf'"HKLM\{OWN}"', "/v", '"x"', "/t", "REG_MULTI_SZ", "/d", '""', "/f")


@pytest.mark.parametrize("method", ["CreateKey", "DeleteKey", "DeleteValue", "SetDWORDValue", "SetMultiStringValue", "SetStringValue"])
@pytest.mark.parametrize("key", [OWN, OWN.upper(), rf"{OWN}\below"])
def test_a_session_may_write_below_its_own_key(method: str, key: str) -> None:
    check(write(method, key), OWN)
    assert not permits(write(method, key))


def test_a_session_may_write_an_empty_list_to_its_own_key_by_command() -> None:
    check(command(*ADD), OWN)
    assert not permits(command(*ADD))


@pytest.mark.parametrize(
    "request_",
    [
        write("SetDWORDValue", "SOFTWARE"),
        write("SetDWORDValue", r"SOFTWARE\netmin.windows"),
        write("SetDWORDValue", f"{OWN}2"),
        write("SetDWORDValue", rf"SOFTWARE\x\{OWN}"),
        write("SetDWORDValue", ""),
        write("SetDWORDValue", None),
        write("SetDWORDValue", (OWN,)),
        write("SetDWORDValue", OWN, 2147483649),
        write("SetDWORDValue", OWN, str(names.HKEY_LOCAL_MACHINE)),
        write("SetSecurityDescriptor", OWN),
        write("SetQWORDValue", OWN),
        messages.Invoke(resource=STD_REG_PROV, method="SetDWORDValue", arguments=(("sSubKeyName", OWN),)),
        messages.Invoke(
            resource=STD_REG_PROV, method="SetDWORDValue", arguments=(HKLM_NUMBER, ("sSubKeyName", OWN), ("sSubKeyName", "SOFTWARE"))
        ),
        messages.Invoke(
            resource=names.wmi_resource("root/cimv2", "StdRegProv"), method="CreateKey", arguments=(HKLM_NUMBER, ("sSubKeyName", OWN))
        ),
        messages.Invoke(resource=names.wmi_resource("root/cimv2", "Win32_Service"), method="StopService", selectors=(("Name", "x"),)),
        command(*ADD[:2], rf'"HKLM\{OWN}2"', *ADD[3:]),
        command(*ADD[:4], '"x" & del', *ADD[5:]),
        command(*ADD[:4], '"x" & "y"', *ADD[5:]),
        command(*ADD[:5], "/t", "REG_SZ", *ADD[7:]),
        command(*ADD, "/reg:64"),
        command("reg", "delete", *ADD[2:]),
        command("cmd", *ADD[1:]),
    ],
    ids=repr,
)
def test_a_session_with_a_key_of_its_own_may_write_nothing_else(request_: messages.Request[Any]) -> None:
    with pytest.raises(ReadOnlyViolation, match="may only read and write below HKLM"):
        check(request_, OWN)


@given(st.text(max_size=60))
def test_no_other_key_is_taken_for_the_own_one(key: str) -> None:
    assert permits(write("DeleteKey", key), OWN) is (key.lower() == OWN.lower() or key.lower().startswith(f"{OWN.lower()}\\"))
