# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registry files, and how the regedit of a host breaks a long value."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.reg import Exports, data, of
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.steps import Write
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.reg_file import parse
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from hypothesis import given
from hypothesis import strategies as st

from winsim.batch import registry_files
from winsim.host.registry import Registry
from winsim.registry_value import RegistryValue as HostValue

KEY = r"SOFTWARE\Microsoft\Rpc"
TEXTS = st.lists(st.text("abcdefgh_0123456789-", min_size=1, max_size=20), min_size=0, max_size=12).map(tuple)


def write(before: RegistryValue | None, after: RegistryValue | None, name: str = "DCOM Protocols") -> Write:
    return Write(key=KEY, name=name, before=before, after=after, why="")


def folder(place: Path, texts: tuple[str, ...], name: str = "DCOM Protocols") -> Path:
    """Return a folder as `collect` leaves it, with one export of a host."""
    registry = Registry()
    registry.create(rf"HKLM\{KEY}")
    registry.write(rf"HKLM\{KEY}", name, HostValue.texts(texts))
    exported = registry_files.export(registry, rf"HKLM\{KEY}")
    assert exported is not None
    (place / "rpc.reg").write_bytes(exported)
    (place / "collect.txt").write_text(f"netmin.windows collect 1\nkey rpc.reg HKEY_LOCAL_MACHINE\\{KEY}\ndone\n", "ascii")
    return place


def test_a_file_sets_and_deletes() -> None:
    content = of(
        [
            (write(None, None, "X"), RegistryValue.dword(10)),
            (write(None, None, "Y"), None),
            (write(None, None, "Z"), RegistryValue.text("a\\b")),
        ]
    )
    assert content.startswith(b"\xff\xfe")
    lines = content[2:].decode("utf-16-le").split("\r\n")
    assert lines == [
        "Windows Registry Editor Version 5.00",
        "",
        rf"[HKEY_LOCAL_MACHINE\{KEY}]",
        '"X"=dword:0000000a',
        '"Y"=-',
        '"Z"="a\\\\b"',
        "",
        "",
    ]


@given(TEXTS)
def test_a_list_is_read_back_as_it_was(texts: tuple[str, ...]) -> None:
    """By our own reader, and by the simulated host in the new and in the old form."""
    value = RegistryValue.texts(texts)
    found = parse(of([(write(None, None), value)]))[KEY.lower()].values["DCOM Protocols"]
    assert found.data == texts
    old = f'REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\{KEY}]\r\n"X"={data(value, old=True)}\r\n'.encode("ascii")
    assert registry_files.requests(old, ansi=1252)[-1].value == HostValue.texts(texts)


def test_what_no_line_of_ascii_holds_is_refused() -> None:
    with pytest.raises(Refused):
        data(RegistryValue.texts(("ä",)), old=True)
    with pytest.raises(Refused):
        data(RegistryValue(RegistryType.QWORD, 1))


@given(TEXTS, TEXTS)
def test_a_value_is_found_where_the_host_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """Each piece is within one line of the export, for what is there and for what will be."""
    place = tmp_path_factory.mktemp("collected")
    exports = Exports(folder(place, before))
    one, other = RegistryValue.texts(before), RegistryValue.texts(after)
    assert _found(exports, write(one, other), one, other, before)
    assert _found(exports, write(one, other), other, one, after)


def _found(exports: Exports, step: Write, value: RegistryValue, other: RegistryValue, texts: tuple[str, ...]) -> bool:
    shown = exports.shown(step, value, other)
    registry = Registry()
    registry.create(rf"HKLM\{KEY}")
    registry.write(rf"HKLM\{KEY}", step.name, HostValue.texts(texts))
    exported = registry_files.export(registry, rf"HKLM\{KEY}") or b""
    lines = exported[2:].decode("utf-16-le").split("\r\n")
    return all(any(piece in line for line in lines) for piece in shown.pieces)


def test_a_long_list_without_what_was_collected_is_refused() -> None:
    long = RegistryValue.texts(("ncacn_ip_tcp", "ncacn_spx", "ncacn_nb_nb"))
    with pytest.raises(Refused, match="give 'collected'"):
        Exports().shown(write(long, RegistryValue.texts(())), long, RegistryValue.texts(()))


def test_the_files_of_another_day_are_refused(tmp_path: Path) -> None:
    long = RegistryValue.texts(("ncacn_ip_tcp", "ncacn_spx", "ncacn_nb_nb"))
    exports = Exports(folder(tmp_path, ("ncacn_spx", "ncacn_nb_nb", "ncacn_nb_ipx")))
    with pytest.raises(Refused, match="another value than the capture"):
        exports.shown(write(long, RegistryValue.texts(())), long, RegistryValue.texts(()))


def test_of_a_list_that_was_absent_the_beginning_is_enough() -> None:
    ports = RegistryValue.texts(("4000-4100", "5000-5100"))
    shown = Exports().shown(write(None, ports, "Ports"), ports, None)
    assert not shown.whole
    assert data(ports).startswith(shown.pieces[0])
