# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exports of the registry: both formats, every type, and what is none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue, ValueKind
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.reg_file import NotAnExport, parse
from ansible_collections.netmin.windows.tests.unit.collected import export
from hypothesis import given
from hypothesis import strategies as st

KEY = r"SYSTEM\CurrentControlSet\Services\X"
HEAD = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\" + KEY + "]\r\n"


def version_5(body: str) -> bytes:
    """Return an export of one key."""
    return b"\xff\xfe" + (HEAD + body).encode("utf-16-le")


def values(content: bytes) -> dict[str, StoredValue]:
    """Return the values of the key."""
    return parse(content)[KEY.lower()].values


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ('"ImagePath"="C:\\\\WINNT\\\\a \\"b\\".exe"', "ImagePath", StoredValue(type=ValueKind.SZ, data=r'C:\WINNT\a "b".exe')),
        ('"Start"=dword:0000000f', "Start", StoredValue(type=ValueKind.DWORD, data=15)),
        ('@="x"', "", StoredValue(type=ValueKind.SZ, data="x")),
        ('"B"=hex:01,ff', "B", StoredValue(type=ValueKind.BINARY, data="01ff")),
        ('"B"=hex:', "B", StoredValue(type=ValueKind.BINARY, data="")),
        ('"L"=hex(7):41,00,00,00,42,00,00,00,00,00', "L", StoredValue(type=ValueKind.MULTI_SZ, data=("A", "B"))),
        ('"L"=hex(7):41,00,00,00,\\\r\n  42,00,00,00,00,00', "L", StoredValue(type=ValueKind.MULTI_SZ, data=("A", "B"))),
        ('"L"=hex(7):', "L", StoredValue(type=ValueKind.MULTI_SZ, data=())),
        ('"E"=hex(2):41,00,00,00', "E", StoredValue(type=ValueKind.EXPAND_SZ, data="A")),
        ('"Q"=hex(b):01,00,00,00,00,00,00,00', "Q", StoredValue(type=ValueKind.QWORD, data=1)),
        ('"a\\\\b=\\"c"="d"', 'a\\b="c', StoredValue(type=ValueKind.SZ, data="d")),
        ('"T"="one\r\n[two]\r\nthree"', "T", StoredValue(type=ValueKind.SZ, data="one\n[two]\nthree")),
    ],
)
def test_each_type_is_read(line: str, name: str, expected: StoredValue) -> None:
    """What stands in a line of version 5 is the value."""
    assert values(version_5(f'{line}\r\n"Last"=dword:00000001\r\n')) == {
        name: expected,
        "Last": StoredValue(type=ValueKind.DWORD, data=1),
    }


def test_the_old_format_is_in_the_code_page_of_the_host() -> None:
    """REGEDIT4 has a text of bytes, in lists as well."""
    content = f'REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\{KEY}]\r\n"N"="Dienst f\xfcr"\r\n"L"=hex(7):fc,00,00\r\n'.encode("cp1252")
    assert values(content) == {
        "N": StoredValue(type=ValueKind.SZ, data="Dienst f\xfcr"),
        "L": StoredValue(type=ValueKind.MULTI_SZ, data=("\xfc",)),
    }


def test_a_type_without_a_name_is_known_to_be_there() -> None:
    """REG_NONE and resource lists are no values that a capture has."""
    key = parse(version_5('"N"=hex(0):\r\n"R"=hex(8):01\r\n"D"=hex(4):01\r\n'))[KEY.lower()]
    assert (key.values, key.others) == ({}, {"N": 0, "R": 8, "D": 4})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        "Windows Registry Editor Version 6.00\r\n".encode("utf-16-le"),
        version_5('"T"="cut'),
        version_5('"L"=hex(7):41,00,\\'),
        version_5('"L"=hex(7):zz'),
        version_5('"L"=hex(7:41'),
        version_5('"D"=dword:xyz'),
        version_5("nothing"),
        version_5('"D"'),
        version_5("[HKEY_CURRENT_USER\\X]"),
        version_5("")[:-1],
    ],
)
def test_what_is_no_whole_export_is_refused(content: bytes) -> None:
    """Nothing is taken from a file that was cut off or is of something else."""
    with pytest.raises(NotAnExport):
        parse(content)


@given(st.binary(max_size=400) | st.text(max_size=200).map(version_5))
def test_nothing_but_our_own_error_comes_out(content: bytes) -> None:
    """A file may come from anybody."""
    with suppress(NotAnExport):
        parse(content)


TEXTS = st.text(st.characters(codec="utf-16", exclude_characters="\0\r"), max_size=60)


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-16", exclude_characters="\0\r\n"), min_size=1, max_size=30),
        st.one_of(
            TEXTS.map(lambda data: {"type": "REG_SZ", "value": data}),
            TEXTS.map(lambda data: {"type": "REG_EXPAND_SZ", "value": data}),
            st.integers(0, 2**32 - 1).map(lambda data: {"type": "REG_DWORD", "value": data}),
            st.binary(max_size=200).map(lambda data: {"type": "REG_BINARY", "value": data.hex()}),
            st.lists(TEXTS.filter(bool), max_size=5).map(lambda data: {"type": "REG_MULTI_SZ", "value": data}),
        ),
        max_size=5,
    )
)
def test_what_is_exported_is_read(cells: dict[str, dict[str, object]]) -> None:
    """Whatever values a key has, of each the data comes back."""
    content = export({f"HKLM\\{KEY}": cells}, KEY)
    assert content is not None
    found = values(content)
    assert {name: list(value.data) if isinstance(value.data, tuple) else value.data for name, value in found.items()} == {
        name: cell["value"] for name, cell in cells.items()
    }
