# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""StdRegProv: parameters as text, return values, types."""

from __future__ import annotations

from typing import Any

import pytest

from winsim.seams import Embedded, Problem, WmiError

from .walk import RPC, Walk, walk

KEY = r"SOFTWARE\Acme"
MISMATCH = 2147749893


@pytest.fixture
def host() -> Walk:
    made = walk("windows_xp")
    assert made.registry("CreateKey", KEY + r"\Sub")["ReturnValue"] == 0
    return made


@pytest.mark.parametrize(
    ("kind", "argument", "given", "read"),
    [
        ("DWORD", "uValue", "4294967295", 4294967295),
        ("QWORD", "uValue", "18446744073709551615", 18446744073709551615),
        ("String", "sValue", "text", "text"),
        ("ExpandedString", "sValue", r"%SystemRoot%\x %other%", r"C:\WINDOWS\x %other%"),
        ("MultiString", "sValue", ["a", "b"], ["a", "b"]),
        ("MultiString", "sValue", "a", ["a"]),
        ("Binary", "uValue", ["0", "255"], [0, 255]),
    ],
)
def test_a_value_comes_back_as_written(host: Walk, kind: str, argument: str, given: str | list[str], read: object) -> None:
    assert host.registry(f"Set{kind}Value", KEY, "x", **{argument: given}) == {"ReturnValue": 0}
    assert host.registry(f"Get{kind}Value", KEY, "X") == {argument: read, "ReturnValue": 0}


def test_an_empty_list_stays_an_existing_value(host: Walk) -> None:
    absent: list[dict[str, list[str] | None]] = [{}, {"sValue": None}, {"sValue": []}]
    for nothing in absent:
        assert host.registry("SetMultiStringValue", KEY, "list", **nothing) == {"ReturnValue": 0}
        assert host.registry("GetMultiStringValue", KEY, "list") == {"ReturnValue": 0}
        assert host.registry("EnumValues", KEY) == {"sNames": ["list"], "Types": [7], "ReturnValue": 0}
    host.registry("SetMultiStringValue", KEY, "list", sValue="")
    assert host.registry("GetMultiStringValue", KEY, "list") == {"ReturnValue": 0}  # an empty string ends the list


def test_a_provider_that_refuses_an_empty_list() -> None:
    host = walk("windows_xp_multisz_refused")
    assert host.registry("SetMultiStringValue", RPC, "DCOM Protocols")["ReturnValue"] != 0
    assert host.registry("GetMultiStringValue", RPC, "DCOM Protocols")["sValue"] == ["ncacn_ip_tcp"]


def test_a_provider_that_ignores_an_empty_list() -> None:
    host = walk("windows_xp_multisz_ignored")
    assert host.registry("SetMultiStringValue", RPC, "DCOM Protocols") == {"ReturnValue": 0}
    assert host.registry("GetMultiStringValue", RPC, "DCOM Protocols")["sValue"] == ["ncacn_ip_tcp"]


def test_return_values(host: Walk) -> None:
    host.registry("SetStringValue", KEY, "text", sValue="1")
    assert host.registry("GetDWORDValue", KEY, "text") == {"uValue": None, "ReturnValue": MISMATCH}
    assert host.registry("GetMultiStringValue", KEY, "text") == {"ReturnValue": MISMATCH}
    assert host.registry("GetStringValue", KEY, "none")["ReturnValue"] == 1
    assert host.registry("GetStringValue", KEY + r"\None", "none")["ReturnValue"] == 2
    assert host.registry("SetStringValue", KEY + r"\None", "none", sValue="x")["ReturnValue"] == 2
    assert host.registry("DeleteValue", KEY, "none")["ReturnValue"] == 2
    assert host.registry("DeleteValue", KEY, "TEXT")["ReturnValue"] == 0
    assert host.registry("DeleteKey", KEY)["ReturnValue"] == 5
    assert host.registry("DeleteKey", KEY + r"\Sub")["ReturnValue"] == 0
    assert host.registry("DeleteKey", KEY)["ReturnValue"] == 0
    assert host.registry("DeleteKey", KEY)["ReturnValue"] == 2
    assert host.registry("EnumKey", KEY) == {"ReturnValue": 2}
    assert host.registry("EnumValues", KEY) == {"ReturnValue": 2}


def test_enumerating(host: Walk) -> None:
    assert host.registry("EnumKey", KEY) == {"sNames": ["Sub"], "ReturnValue": 0}
    assert host.registry("EnumValues", KEY) == {"ReturnValue": 0}
    listener = r"SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener"
    assert host.registry("EnumKey", listener)["sNames"] == ["*+HTTP"]


def test_who_may_do_what_is_shown_from_vista_on(host: Walk) -> None:
    with pytest.raises(WmiError) as raised:
        host.registry("GetSecurityDescriptor", KEY)
    assert raised.value.problem is Problem.INVALID_METHOD
    newer = walk("windows_vista")
    assert newer.registry("GetSecurityDescriptor", KEY) == {"Descriptor": None, "ReturnValue": 2}
    newer.registry("CreateKey", KEY)
    descriptor = newer.registry("GetSecurityDescriptor", KEY)["Descriptor"]
    assert isinstance(descriptor, Embedded)
    entries: Any = descriptor.properties["DACL"]
    found = {entry.properties["Trustee"].properties["SIDString"]: entry.properties["AccessMask"] for entry in entries}
    # Those of HKLM\\SOFTWARE, handed down.
    assert found == {"S-1-5-32-544": 0xF003F, "S-1-5-18": 0xF003F, "S-1-5-32-545": 0x20019}


def test_access(host: Walk) -> None:
    assert host.registry("CheckAccess", KEY, uRequired="2") == {"bGranted": True, "ReturnValue": 0}
    host.computer.inject({"kind": "key_denied", "key": rf"HKLM\{KEY}"})
    assert host.registry("CheckAccess", KEY) == {"bGranted": False, "ReturnValue": 5}
    assert host.registry("CheckAccess", KEY, uRequired="1") == {"bGranted": True, "ReturnValue": 0}
    assert host.registry("SetDWORDValue", KEY, "x", uValue="1")["ReturnValue"] == 5
    assert host.registry("CheckAccess", KEY + r"\None")["ReturnValue"] == 2


def test_hives(host: Walk) -> None:
    call = host.computer.wmi.invoke
    assert call("root/default", "StdRegProv", {}, "EnumKey", {"sSubKeyName": KEY})["ReturnValue"] == 0
    assert call("root/default", "StdRegProv", {}, "EnumKey", {"hDefKey": "2147483649", "sSubKeyName": ""})["ReturnValue"] == 0
    for wrong in ("-2147483646", "0x80000002", "7"):
        with pytest.raises(WmiError) as raised:
            call("root/default", "StdRegProv", {}, "EnumKey", {"hDefKey": wrong, "sSubKeyName": KEY})
        assert raised.value.problem is Problem.INVALID_PARAMETER


@pytest.mark.parametrize("wrong", ["-1", "4294967296", "x", None])
def test_a_number_that_is_none(host: Walk, wrong: str | None) -> None:
    with pytest.raises(WmiError) as raised:
        host.registry("SetDWORDValue", KEY, "x", uValue=wrong)
    assert raised.value.problem is Problem.INVALID_PARAMETER


def test_reading_changes_nothing(host: Walk) -> None:
    before = len(host.computer.changes())
    host.registry("GetMultiStringValue", RPC, "DCOM Protocols")
    host.registry("EnumValues", RPC)
    host.registry("CheckAccess", RPC)
    assert len(host.computer.changes()) == before
