# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WQL: parsing, comparing, and what is no query."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from winsim.providers.wql import parse
from winsim.seams import Instance, Problem, Reference, WmiError

ROWS = [
    Instance("Win32_X", ("Name",), {"Name": "RpcSs", "Size": 3, "On": True, "Note": None, "Path": r"C:\WINNT\x's", "Text": "a_b%[c"}),
    Instance("Win32_X", ("Name",), {"Name": "Schedule", "Size": 10, "On": False, "Note": "", "Path": "C:/", "Text": "axb"}),
    Instance(
        "Win32_X",
        ("Name",),
        {
            "Name": "w3svc", "Size": 25, "On": True, "Note": "n", "Path": "", "Text": "",
            "At": datetime(2003, 7, 30, 8, tzinfo=UTC), "To": Reference("Win32_Service", {"Name": "RpcSs"}),
        },
    ),
]  # fmt: skip


def found(where: str) -> list[str]:
    return [str(row.properties["Name"]) for row in parse(f"select * from Win32_X where {where}").rows(ROWS)]


def test_columns_and_class() -> None:
    assert parse("SELECT * FROM Win32_X").columns is None
    select = parse("select Name , Size from Win32_X")
    assert (select.columns, select.class_name, select.used) == (("Name", "Size"), "Win32_X", ())


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Name = 'rpcss'", ["RpcSs"]),
        ('Name="RPCSS"', ["RpcSs"]),
        ("name<>'RpcSs'", ["Schedule", "w3svc"]),
        ("Name != 'RpcSs' and Size > 10", ["w3svc"]),
        ("Size >= 10", ["Schedule", "w3svc"]),
        ("Size<=3 or Size=25", ["RpcSs", "w3svc"]),
        ("Size < '10'", ["RpcSs"]),
        ("not Size = 3", ["Schedule", "w3svc"]),
        ("(Size = 3 or Size = 10) and On = TRUE", ["RpcSs"]),
        ("On = false", ["Schedule"]),
        ("On = 'true'", ["RpcSs", "w3svc"]),
        ("On <> 1", ["Schedule"]),
        ("Note is null", ["RpcSs"]),
        ("Note IS NOT NULL", ["Schedule", "w3svc"]),
        ("Note = NULL", ["RpcSs"]),
        ("Note <> null", ["Schedule", "w3svc"]),
        ("Note <> 'n'", ["Schedule"]),
        (r"Path = 'c:\\winnt\\x\'s'", ["RpcSs"]),
        (r'Path = "C:\\WINNT\\x' + "'" + r's"', ["RpcSs"]),
        ("Name like '%s'", ["RpcSs"]),
        ("Name LIKE '_3%'", ["w3svc"]),
        ("Name like '[r-s]%'", ["RpcSs", "Schedule"]),
        ("Name like '[^rs]%'", ["w3svc"]),
        ("Name not like '%s%'", []),
        ("Text like 'a[_]b[%][[]c'", ["RpcSs"]),
        ("Text like 'a_b'", ["Schedule"]),
        ("Name > 'S'", ["Schedule", "w3svc"]),
        ("At = '20030730080000.000000+000'", ["w3svc"]),
        ("At < '20030730100000.000000+060'", ["w3svc"]),
        ("To = 'Win32_Service.Name=\"rpcss\"'", ["w3svc"]),
        (r"To = '\\\\HOST\\root\\cimv2:Win32_Service.Name=" + '"RpcSs"' + "'", ["w3svc"]),
    ],
)
def test_conditions(where: str, names: list[str]) -> None:
    assert found(where) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "select",
        "select from Win32_X",
        "select * from",
        "select * from Win32_X where",
        "select * from Win32_X where Name",
        "select * from Win32_X where Name = ",
        "select * from Win32_X where Name = x",
        "select * from Win32_X where Name = 'x",
        "select * from Win32_X where (Name = 'x'",
        "select * from Win32_X where Name is 'x'",
        "select * from Win32_X where Name < null",
        "select * from Win32_X where Name like 3",
        "select * from Win32_X where Size = 1.5",
        "select * from Win32_X order by Name",
        "select count(*) from Win32_X",
        "select *, Name from Win32_X",
        "select * from Win32_X; delete",
        "update Win32_X",
        "associators of {Win32_Service.Name='x'}",
    ],
)
def test_what_is_no_query(text: str) -> None:
    with pytest.raises(WmiError) as raised:
        parse(text)
    assert raised.value.problem is Problem.INVALID_QUERY


@pytest.mark.parametrize("where", ["Size = 'x'", "On = 'x'", "On > true", "At = 'today'", "Name = 3"])
def test_a_literal_of_another_type(where: str) -> None:
    with pytest.raises(WmiError):
        found(where)
