# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import Grant, RegistryType, RegistryValue
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import (
    described,
    output,
    reading,
)

VALUES = [
    (RegistryType.SZ, output("GetStringValue", sValue="text"), "text"),
    (RegistryType.SZ, output("GetStringValue", sValue=""), ""),
    (RegistryType.EXPAND_SZ, output("GetExpandedStringValue", sValue="C:\\x"), "C:\\x"),
    (RegistryType.DWORD, output("GetDWORDValue", uValue="4294967295"), 4294967295),
    (RegistryType.DWORD, output("GetDWORDValue", uValue="-1"), 4294967295),
    (RegistryType.QWORD, output("GetQWORDValue", uValue="18446744073709551615"), 18446744073709551615),
    (RegistryType.BINARY, output("GetBinaryValue", uValue=("0", "255")), b"\x00\xff"),
    (RegistryType.BINARY, output("GetBinaryValue"), b""),
    (RegistryType.MULTI_SZ, output("GetMultiStringValue", sValue=("a", "b")), ("a", "b")),
    (RegistryType.MULTI_SZ, output("GetMultiStringValue", sValue=("",)), ("",)),
    (RegistryType.MULTI_SZ, output("GetMultiStringValue"), ()),
]


@pytest.mark.parametrize(("kind", "answer", "data"), VALUES)
def test_values(kind: RegistryType, answer: str, data: str | int | bytes | tuple[str, ...]) -> None:
    session, transport = reading(answer)
    assert session.value("SYSTEM\\x", "v", kind) == RegistryValue(kind, data)
    (request,) = transport.sent
    assert request.arguments == [("hDefKey", "2147483650"), ("sSubKeyName", "SYSTEM\\x"), ("sValueName", "v")]
    assert request.resource.endswith("/wmi/root/default/StdRegProv")
    assert request.selectors == {}


@pytest.mark.parametrize("code", [1, 2])
def test_what_is_absent(code: int) -> None:
    session, _transport = reading(output("GetStringValue", code), output("EnumValues", code), output("EnumKey", code))
    assert session.value("K", "v", RegistryType.SZ) is None
    assert session.value_types("K") is None
    assert session.subkeys("K") is None


def test_another_type_and_no_access_are_no_absence() -> None:
    session, _transport = reading(output("GetDWORDValue", 2147749893), output("EnumKey", 5))
    with pytest.raises(errors.MethodFailed, match=r"GetDWORDValue on 'HKLM.K.v' at web01: .* another type .0x80041005.") as found:
        session.value("K", "v", RegistryType.DWORD)
    assert found.value.return_value == 2147749893
    with pytest.raises(errors.MethodFailed, match=r"EnumKey on 'HKLM.K' at web01: access denied .5."):
        session.subkeys("K")


def test_types_and_subkeys() -> None:
    session, _transport = reading(
        output("EnumValues", sNames=("", "a", "link"), Types=("1", "7", "6")), output("EnumKey", sNames="only"), output("EnumKey")
    )
    assert session.value_types("K") == {"": RegistryType.SZ, "a": RegistryType.MULTI_SZ}
    assert session.subkeys("K") == ("only",)
    assert session.subkeys("L") == ()


def test_a_default_value_alone_may_come_without_name() -> None:
    session, _transport = reading(output("EnumValues", Types="1"), output("EnumValues"))
    assert session.value_types("K") == {"": RegistryType.SZ}
    assert session.value_types("L") == {}


@pytest.mark.parametrize(
    "answer",
    [
        output("EnumValues", sNames=("a", "b"), Types="1"),
        output("EnumValues", sNames="a"),
        output("EnumValues", sNames="a", Types="x"),
        output("EnumValues", None, sNames="a", Types="1"),
    ],
)
def test_malformed_types(answer: str) -> None:
    session, _transport = reading(answer)
    with pytest.raises(errors.ProtocolError, match=r"EnumValues on 'HKLM.K' at web01"):
        session.value_types("K")


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (RegistryType.DWORD, output("GetDWORDValue")),
        (RegistryType.DWORD, output("GetDWORDValue", uValue="x")),
        (RegistryType.BINARY, output("GetBinaryValue", uValue=("1", "256"))),
        (RegistryType.SZ, output("GetStringValue", sValue=("a", "b"))),
    ],
)
def test_malformed_values(kind: RegistryType, answer: str) -> None:
    session, _transport = reading(answer)
    with pytest.raises(errors.ProtocolError, match="wrong type"):
        session.value("K", "v", kind)


# --- access lists -----------------------------------------------------------------------------------------------


def entry(sid: str, mask: int, kind: int = 0, name: str = "") -> str:
    who = f"<e:Trustee><t:Domain xmlns:t='urn:t'>BUILTIN</t:Domain><e:Name>{name}</e:Name><e:SIDString>{sid}</e:SIDString></e:Trustee>"
    return (
        f'<d:DACL xmlns:e="urn:e"><e:AccessMask>{mask}</e:AccessMask><e:AceFlags>0</e:AceFlags><e:AceType>{kind}</e:AceType>{who}</d:DACL>'
    )


FLAGS = "<d:ControlFlags>32772</d:ControlFlags>"
USERS, SYSTEM = Grant("S-1-5-32-545", "BUILTIN\\Users", 131097), Grant("S-1-5-18", "BUILTIN", 983103)


@pytest.mark.parametrize(
    ("descriptor", "grants"),
    [
        (FLAGS, ()),
        (FLAGS + entry(USERS.sid, USERS.rights, name="Users"), (USERS,)),
        (FLAGS + entry(USERS.sid, USERS.rights, name="Users") + entry(SYSTEM.sid, SYSTEM.rights), (USERS, SYSTEM)),
        (FLAGS + entry(USERS.sid, USERS.rights, 1, name="Users"), ()),  # it denies
        ("<d:ControlFlags>32768</d:ControlFlags>", (Grant("S-1-1-0", "Everyone", 0x10000000),)),  # no list at all
    ],
)
def test_whom_an_access_list_allows_what(descriptor: str, grants: tuple[Grant, ...]) -> None:
    session, transport = reading(described(descriptor))
    assert session.grants("K") == grants
    (request,) = transport.sent
    assert request.arguments == [("hDefKey", "2147483650"), ("sSubKeyName", "K")]


def test_a_key_that_is_absent_has_no_list() -> None:
    session, _transport = reading(output("GetSecurityDescriptor", 2))
    assert session.grants("K") is None


@pytest.mark.parametrize(
    "answer",
    [
        output("GetSecurityDescriptor"),
        output("GetSecurityDescriptor", Descriptor="<!DOCTYPE x>"),
        output("GetSecurityDescriptor", Descriptor=("a", "b")),
        described("<d:ControlFlags>x</d:ControlFlags>"),
        described(FLAGS + '<d:DACL xmlns:e="urn:e"><e:AceType>0</e:AceType></d:DACL>'),
        described(FLAGS + entry("S-1-5-18", 2).replace(">2<", ">many<")),
    ],
)
def test_a_list_that_makes_no_sense(answer: str) -> None:
    session, _transport = reading(answer)
    with pytest.raises(errors.ProtocolError):
        session.grants("K")
