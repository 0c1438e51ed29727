# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A capture that is cut, newer, none, or made to do harm is refused with one sentence."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from winsim.cli import main
from winsim.twins import CaptureError, file, read_twin
from winsim_tests.twins.made import SMALL, packed, small


def refused(path: Path) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(CaptureError) as caught:
        read_twin(path)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 1000
    return said


def test_a_capture_is_read(tmp_path: Path) -> None:
    assert read_twin(packed(tmp_path / "web01.zip")).name == "web01"
    assert read_twin(packed(tmp_path / "stored.zip", how=zipfile.ZIP_STORED)).name == "web01"


def test_it_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory" in refused(tmp_path / "web01.zip")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "web01.zip")
    assert "is no file" in refused(tmp_path / "web01.zip")
    assert "is no file" in refused(tmp_path)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_it_is_cut(part: float, tmp_path: Path) -> None:
    path = packed(tmp_path / "web01.zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    assert "is damaged or cut off" in refused(path)


def test_a_byte_of_it_is_another(tmp_path: Path) -> None:
    path = packed(tmp_path / "web01.zip")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    assert "is damaged" in refused(path)


def test_it_is_newer(tmp_path: Path) -> None:
    said = refused(packed(tmp_path / "web01.zip", {**small(), "schema_version": 7, "more": []}))
    assert said.endswith("is of format 7, and this winsim reads up to 1: update winsim")


Change = Callable[[dict[str, Any]], object]
MOMENT: Callable[[dict[str, Any]], Any] = lambda node: node["moments"][0]  # noqa: E731 - a short name for the tables below
WRONG: dict[str, tuple[Change, str]] = {
    "format 0": (lambda node: node.update(schema_version=0), "format 0 is not known"),
    "no format": (lambda node: node.pop("schema_version"), "$.schema_version: is missing"),
    "a key that nobody knows": (lambda node: node.update(colour="blue"), "$.colour: unknown key"),
    "no answers": (lambda node: node.update(moments=[]), "there are no answers"),
    "a number for a text": (lambda node: node.update(inventory_name=7), "$.inventory_name: 7 is no str"),
    "a cell that is none": (lambda node: MOMENT(node)["queries"][0]["rows"][0].update(Version={"a": 1}), "is no text, list of texts"),
    "data of another type": (lambda node: MOMENT(node)["keys"][1]["values"]["Level"].update(data="x"), "'x' is no REG_DWORD"),
    "a number that is too large": (lambda node: MOMENT(node)["keys"][1]["values"]["Level"].update(data=2**32), "is no REG_DWORD"),
    "a type that is none": (lambda node: MOMENT(node)["keys"][0]["types"].update(Level="REG_LINK"), "'REG_LINK' is none of"),
    "another Windows": (lambda node: node["windows"].update(build=7601), "says it is of Windows Server 2022"),
    "no services": (lambda node: MOMENT(node)["queries"].pop(3), "holds no rows of Win32_Service"),
    "no sockets": (lambda node: MOMENT(node).update(queries=MOMENT(node)["queries"][:6]), "lists no sockets"),
    "nobody to reach it": (lambda node: MOMENT(node)["listeners"]["rows"][0].update(enabled=False), "nobody could reach a twin"),
    "a port that is none": (lambda node: MOMENT(node)["listeners"]["rows"][0].update(port=70000), "'none'"),
    "what no host can send": (lambda node: node.update(collection="a\x00b"), "holds a text that no host can have sent: a?b"),
    "half a character": (lambda node: node.update(collection="\ud800"), "holds a text that no host can have sent"),
}


@pytest.mark.parametrize("what", [what for what in WRONG if WRONG[what][1] != "'none'"])
def test_it_is_wrong(what: str, tmp_path: Path) -> None:
    change, said = WRONG[what]
    node = small()
    change(node)
    assert said in refused(packed(tmp_path / "web01.zip", node))


def test_a_listener_on_a_port_that_is_none_is_not_taken(tmp_path: Path) -> None:
    """The usual port is open, and so counts."""
    node = small()
    WRONG["a port that is none"][0](node)
    (listener,) = read_twin(packed(tmp_path / "web01.zip", node)).scenario.host.listeners
    assert listener.port == 5985


def test_its_name_moves_no_cursor(tmp_path: Path) -> None:
    node = {**small(), "inventory_name": "\x1b[2Jweb01\r\n" + "x" * 500}
    assert "holds a text that no host can have sent" in refused(packed(tmp_path / "web01.zip", node))
    node["inventory_name"] = "web01\u202e\n" + "x" * 500
    name = read_twin(packed(tmp_path / "web01.zip", node)).name
    assert name.isprintable()
    assert len(name) < 200


@pytest.mark.parametrize("content", [b"", b"[", b"\xff", b"[" * 100_000, b"9" * 5000, b"null", b'"capture"', b"[1]"])
def test_it_is_no_json_or_no_capture(content: bytes, tmp_path: Path) -> None:
    assert any(said in refused(packed(tmp_path / "web01.zip", content)) for said in ("is damaged", "is no capture that can be read"))


@pytest.mark.parametrize("name", ["/etc/passwd", "../capture.json", "wire/../../x", r"wire\x", "wire/a/b", "wire/.x", "CAPTURE.JSON"])
def test_paths_lead_nowhere(name: str, tmp_path: Path) -> None:
    path = packed(tmp_path / "web01.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    before = sorted(tmp_path.rglob("*"))
    assert "which is in no capture" in refused(path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_there_are_two_of_it_or_none(tmp_path: Path) -> None:
    path = packed(tmp_path / "web01.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("capture.json", b"{}")
    assert "it needs exactly one capture.json" in refused(path)
    assert "it needs exactly one capture.json" in refused(packed(tmp_path / "none.zip", b"x", "wire/1"))


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "MOST_JSON", 100_000)
    path = packed(tmp_path / "web01.zip", b" " * 5_000_000)
    assert path.stat().st_size < 10_000
    assert "unpacks to more than 100000 bytes" in refused(path)


def test_a_size_that_lies_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "MOST_JSON", 100_000)
    path = packed(tmp_path / "web01.zip", b" " * 5_000_000)
    # The uncompressed size, in the local header and in the directory (APPNOTE.TXT 4.3.7 and 4.3.12).
    content = path.read_bytes().replace(struct.pack("<L", 5_000_000), struct.pack("<L", 10))
    path.write_bytes(content)
    assert any(said in refused(path) for said in ("is damaged or cut off", "is damaged: capture.json", "unpacks to more than"))


@pytest.mark.parametrize(
    ("bound", "most", "said"),
    [
        ("MOST_FILE", 100, "and no capture has more than 100"),
        ("MOST_VALUES", 10, "has more than 10 values"),
        ("MOST_DIRECTORY", 10, "has a directory of"),
        ("MOST_ENTRIES", 0, "has 1 entries, and no capture has more than 0"),
    ],
)
def test_what_no_capture_reaches_is_refused(bound: str, most: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, bound, most)
    assert said in refused(packed(tmp_path / "web01.zip"))


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack_are_refused(how: int, tmp_path: Path) -> None:
    assert "is packed in a way that no capture is" in refused(packed(tmp_path / "web01.zip", how=how))


def test_the_program_refuses_it_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--capture", str(packed(tmp_path / "web01.zip", {**SMALL, "schema_version": 2}))]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.startswith("winsim: the capture ")
