# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One firewall rule: its text both ways, and the sockets that it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from winsim.host.firewall_rules import (
    TCP,
    UDP,
    Action,
    Direction,
    Keyword,
    Rule,
    Target,
    parse,
    version_of,
)
from winsim.host.model import Category

START = "v2.26|Action=Block|Active=TRUE|Dir=In|"
WHOLE = Rule(
    name="Close 135",
    action=Action.BLOCK,
    direction=Direction.IN,
    active=True,
    protocol=TCP,
    profiles=frozenset({Category.PUBLIC, Category.DOMAIN}),
    ports=(range(135, 136), range(49152, 65536)),
    keywords=(Keyword.RPC,),
    program=r"%SystemRoot%\System32\lsass.exe",
    service="SamSs",
    description="some words",
)
TEXT = (
    f"{START}Protocol=6|Profile=Domain|Profile=Public|LPort=135|LPort=RPC|LPort2_10=49152-65535|"
    r"App=%SystemRoot%\System32\lsass.exe|Svc=SamSs|Name=Close 135|Desc=some words|"
)
LSASS = Target(TCP, 49671, rpc=True, mapper=False, program=r"C:\Windows\system32\lsass.exe", services=frozenset({"SamSs", "KeyIso"}))
SMB = Target(TCP, 445, rpc=False, mapper=False, program="System", services=frozenset())
MAPPER = Target(TCP, 135, rpc=False, mapper=True, program=r"C:\Windows\system32\svchost.exe", services=frozenset({"RpcSs"}))


def test_a_rule_is_written_in_the_order_of_windows_and_read_again() -> None:
    assert WHOLE.text("2.26") == TEXT
    assert parse(TEXT) == WHOLE
    plain = Rule("x", Action.ALLOW, Direction.OUT)
    assert plain.text("2.0") == "v2.0|Action=Allow|Active=FALSE|Dir=Out|Name=x|"
    assert parse(plain.text("2.0")) == plain


def test_versions() -> None:
    assert [version_of(text) for text in (TEXT, "v2.0|", "2.0|", "v2|", "")] == ["2.26", "2.0", None, None, None]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no rule",
        f"{START}Name=x",
        f"{START}Name|",
        "v2.26|Active=TRUE|Dir=In|Name=x|",
        "v2.26|Action=Deny|Active=TRUE|Dir=In|Name=x|",
        "v2.26|Action=Block|Active=TRUE|Name=x|",
        f"{START}Name=x|Name=y|",
        f"{START}Protocol=tcp|Name=x|",
        f"{START}Protocol=256|Name=x|",
        f"{START}LPort=135|Name=x|",
        f"{START}Protocol=1|LPort=135|Name=x|",
        f"{START}LPort=135|Protocol=6|Name=x|",
        f"{START}Protocol=6|LPort=65536|Name=x|",
        f"{START}Protocol=6|LPort2_10=9-1|Name=x|",
        f"{START}Protocol=6|LPort=1,2|Name=x|",
        f"{START}Profile=Guest|Name=x|",
    ],
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


@pytest.mark.parametrize(
    ("fields", "target", "wanted"),
    [
        ("", SMB, True),
        ("Protocol=6|", SMB, True),
        ("Protocol=17|", SMB, False),
        ("Protocol=6|LPort=445|", SMB, True),
        ("Protocol=6|LPort=135|LPort=445|", SMB, True),
        ("Protocol=6|LPort2_10=400-500|", SMB, True),
        ("Protocol=6|LPort2_10=446-500|", SMB, False),
        ("Protocol=17|LPort=445|", replace(SMB, protocol=UDP), True),
        ("Protocol=6|LPort=RPC|", LSASS, True),
        ("Protocol=6|LPort=RPC|", SMB, False),
        ("Protocol=6|LPort=RPC|", MAPPER, False),
        ("Protocol=6|LPort=RPC-EPMap|", MAPPER, True),
        ("Protocol=6|LPort=RPC-EPMAP|", MAPPER, True),
        ("Protocol=6|LPort=RPC-EPMap|", LSASS, False),
        ("Protocol=17|LPort=RPC-EPMap|", replace(MAPPER, protocol=UDP), False),
        ("Protocol=17|LPort=Teredo|", replace(SMB, protocol=UDP), False),
        ("Protocol=6|LPort2_10=IPHTTPSIn|LPort=445|", SMB, True),
        ("App=system|", SMB, True),
        ("App=System|", LSASS, False),
        (r"App=C:\WINDOWS\System32\LSASS.exe|", LSASS, True),
        (r"App=C:\Windows\System32\svchost.exe|", LSASS, False),
        ("Svc=keyiso|", LSASS, True),
        ("Svc=EventLog|", LSASS, False),
        ("Svc=*|", LSASS, True),
        ("Svc=*|", SMB, False),
        ("Edge=TRUE|Defer=App|EmbedCtxt=x|", SMB, True),
        ("RA4=192.0.2.0/255.255.255.0|", SMB, False),
        ("IFType=Wireless|", SMB, False),
        ("Protocol=6|RPort=1024|", SMB, False),
    ],
)
def test_which_sockets_a_rule_is_about(fields: str, target: Target, wanted: bool) -> None:
    rule = parse(f"{START}{fields}Name=x|")
    assert rule.matches(target, rule.program) is wanted


def test_profiles() -> None:
    assert [parse(f"{START}Profile=Private|Name=x|").in_profile(profile) for profile in Category] == [False, True, False]
    assert all(parse(f"{START}Name=x|").in_profile(profile) for profile in Category)
