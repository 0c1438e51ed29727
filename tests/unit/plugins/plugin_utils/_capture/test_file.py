# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A capture as a file: whole or not at all, for its owner alone, and read within bounds whoever wrote it."""

from __future__ import annotations

import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._capture import file, json_schema
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.captured import CapturedHost
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import decoded, file_name, plain, read_capture, write_capture
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture, Moment, Query, Said, Services
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.plain_values import rpc_endpoints_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NotKept, UnusableCapture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import PROTOCOLS, EndpointMap, MapState, RpcEntry, RpcSequence
from ansible_collections.netmin.windows.tests.unit.captured import captured
from ansible_collections.netmin.windows.tests.unit.simulated import booted
from hypothesis import given
from hypothesis import strategies as st

SYSTEM = Query(
    wmi_class="Win32_OperatingSystem",
    namespace="root/cimv2",
    properties=("Version", "BuildNumber", "ProductType"),
    whole=True,
    rows=({"Version": "10.0.20348", "BuildNumber": "20348", "ProductType": "3"},),
)
SMALL = Capture(
    schema_version=1,
    inventory_name="web01",
    captured_at="2026-03-01T12:00:00+00:00",
    collection="0.1.0",
    windows=Said(id="windows_server_2022", name="Windows Server 2022", version="10.0", build=20348, product_type=3),
    services=Services.ALL,
    moments=(Moment(queries=(SYSTEM,)),),
)


def packed(path: Path, content: bytes, name: str = file.ENTRY, how: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip with one entry."""
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.writestr(name, content)
    return path


def of(node: Any) -> bytes:
    """Return a capture's plain form with something changed."""
    return json.dumps({**plain(SMALL), **node}).encode()


ENTRY = {"interface": "86d35949-83c9-4044-b424-db363231fd0c", "version": "1.0", "sequence": "ncacn_ip_tcp", "endpoint": "49665"}


def mapped(changed: Mapping[str, Any], *, state: str = "read", count: int = 1) -> bytes:
    """Return a capture's plain form with an endpoint map."""
    return of({"rpc_endpoints": {"state": state, "evidence": "so it was", "entries": [{**ENTRY, **changed}] * count}})


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Write the small capture."""
    path = tmp_path / "folder" / "web01.zip"
    write_capture(path, SMALL, [("00001-request.xml", b"<a/>")])
    return path


def test_what_is_written_is_read_and_is_for_its_owner_alone(written: Path) -> None:
    assert read_capture(written) == SMALL
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in written.parent.iterdir()) == ["web01.zip"]
    with zipfile.ZipFile(written) as archive:
        assert archive.namelist() == ["capture.json", "wire/00001-request.xml"]


def test_a_capture_that_cannot_be_written_leaves_what_was_there(written: Path) -> None:
    before = written.read_bytes()

    def broken() -> Iterator[tuple[str, bytes]]:
        yield "00001-request.xml", b"<a/>"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_capture(written, replace(SMALL, collection="0.2.0"), broken())
    assert written.read_bytes() == before
    assert [path.name for path in written.parent.iterdir()] == ["web01.zip"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotKept, match=r"the capture cannot be kept in .*web01\.zip: "):
        write_capture(tmp_path / "file" / "web01.zip", SMALL)


@pytest.mark.parametrize("address", ["../../etc/passwd", "a/b", "fe80::1%4", "..", "a\0b", "x" * 500, "web01"])
def test_no_address_leads_out_of_the_folder(address: str) -> None:
    name = file_name(address)
    assert (Path("/folder") / name).parent == Path("/folder")
    assert len(name) < 256
    assert len({file_name(other) for other in (address, address + "x", address + "/")}) == 3


def cut(path: Path) -> None:
    """Leave the first half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def pipe(path: Path) -> None:
    """Put a pipe there, from which nothing ever comes."""
    path.unlink()
    os.mkfifo(path)


def huge(path: Path) -> None:
    """Let it have ten gigabytes."""
    with path.open("r+b") as sparse:
        sparse.truncate(10 * 1024**3)


def bomb(path: Path) -> None:
    """Pack far more than any capture has."""
    packed(path, b" " * (file.MOST_JSON + 1))


def lies(path: Path) -> None:
    """Pack a bomb that says it is small."""
    bomb(path)
    content = bytearray(path.read_bytes())
    place = content.rfind(b"PK\x01\x02")
    struct.pack_into("<L", content, place + 24, 10)
    path.write_bytes(content)


def many(path: Path) -> None:
    """Pack many lists, which take little room in a file and much in memory."""
    packed(path, b"[" + b"[],[]," * 2_000_000 + b"[]]")


def deep(path: Path) -> None:
    """Pack lists in lists."""
    packed(path, b"[" * 100_000)


def strange(path: Path) -> None:
    """Pack something that would leave a folder."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../capture.json", b"{}")


def twice(path: Path) -> None:
    """Pack two of the same name."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(file.ENTRY, b"{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(file.ENTRY, b"{}")


def directory(path: Path) -> None:
    """Let the directory of entries be larger than any."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_001):
            archive.writestr(f"wire/{number:05}{'x' * 60}", b"")


def damaged(path: Path) -> None:
    """Change a byte of what is packed."""
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)


def folder(path: Path) -> None:
    """Put a folder in the place of the file."""
    path.unlink()
    path.mkdir()


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "cannot be read: No such file"),
    "cut": (cut, "damaged or cut off"),
    "no zip": (lambda path: path.write_bytes(b"PK\x03\x04" * 100), "damaged or cut off"),
    "empty": (lambda path: path.write_bytes(b""), "damaged or cut off"),
    "a pipe": (pipe, "is not a file"),
    "a folder": (folder, "is not a file"),
    "10 GB": (huge, "has 10737418240 bytes"),
    "a bomb": (bomb, "unpacks to more than"),
    "a bomb that lies": (lies, "damaged or cut off|unpacks to more than"),
    "a damaged entry": (damaged, "damaged or cut off|not JSON"),
    "many values": (many, "has more than 3000000 values"),
    "deep": (deep, "is not JSON"),
    "a path": (strange, "holds '../../capture.json', which is in no capture"),
    "two": (twice, "exactly one capture.json"),
    "a directory": (directory, "has a directory of"),
    "bzip2": (lambda path: packed(path, b"{}", how=zipfile.ZIP_BZIP2), "packed in a way that no capture is"),
    "no capture": (lambda path: packed(path, b"{}", "wire/x"), "exactly one capture.json"),
    "no JSON": (lambda path: packed(path, b"{"), "is not JSON"),
    "no UTF-8": (lambda path: packed(path, b"\xff{}"), "is not JSON"),
    "a long number": (lambda path: packed(path, of({"schema_version": 1}).replace(b": 1,", b": " + b"9" * 5000 + b",")), "is not JSON"),
    "no mapping": (lambda path: packed(path, b"[]"), "a mapping expected"),
    "unknown key": (lambda path: packed(path, of({"extra": 1})), "unknown key 'extra'"),
    "newer": (lambda path: packed(path, of({"schema_version": 2})), "written by a newer release.*update the collection"),
    "older": (lambda path: packed(path, of({"schema_version": 0})), "format 0 is not known"),
    "no answers": (lambda path: packed(path, of({"moments": []})), "it holds no answers"),
    "no time": (lambda path: packed(path, of({"captured_at": "yesterday"})), "captured_at is no time"),
    "no offset": (lambda path: packed(path, of({"captured_at": "2026-03-01T12:00:00"})), "captured_at has no offset"),
    "another Windows": (
        lambda path: packed(path, of({"windows": {**plain(SMALL.windows), "build": 17763}})),
        "says it is of Windows Server 2022 .*build 17763.*but its answers are those of kernel 10.0, build 20348",
    ),
    "a map of nothing": (lambda path: packed(path, mapped({"interface": "x"})), "its endpoint map is none: badly formed"),
    "a map of no port": (lambda path: packed(path, mapped({"endpoint": "99999"})), "its endpoint map is none: 99999 is no port"),
    "a map of a long port": (lambda path: packed(path, mapped({"endpoint": "9" * 5000})), "its endpoint map is none: 9+… is no port"),
    "a map of other digits": (lambda path: packed(path, mapped({"endpoint": "\u0663"})), "its endpoint map is none: \u0663 is no port"),
    "a map of no version": (lambda path: packed(path, mapped({"version": "1"})), "its endpoint map is none: 1 is no version"),
    "a map of no object": (lambda path: packed(path, mapped({"object": "\x1b[2J"})), "its endpoint map is none: badly formed"),
    "a map that was refused": (lambda path: packed(path, mapped({}, state="refused")), "its endpoint map is none: it is refused and has"),
    "a map without end": (lambda path: packed(path, mapped({}, count=5001)), "its endpoint map is none: it has 5001 entries"),
    "a map of a new kind": (lambda path: packed(path, mapped({}, state="guessed")), "one of read, partial, "),
    "escapes": (lambda path: packed(path, of({"\x1b[2J": 1})), r"unknown key '\?\[2J'"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_a_file_that_is_no_capture_is_refused_in_one_sentence(written: Path, case: str) -> None:
    spoil, message = BAD[case]
    spoil(written)
    with pytest.raises(UnusableCapture, match=message) as caught:
        read_capture(written)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1500


NAMES = st.text(max_size=64).map(excerpt)
NUMBERS = st.integers(0, 65535)


@st.composite
def entries(draw: st.DrawFn) -> RpcEntry:
    """Return an entry as a mapper may send it."""
    sequence = draw(st.sampled_from(RpcSequence))
    endpoint = str(draw(NUMBERS)) if sequence in PROTOCOLS else draw(NAMES)
    held = draw(st.none() | st.uuids())
    return RpcEntry(draw(st.uuids()), (draw(NUMBERS), draw(NUMBERS)), sequence, endpoint, draw(NAMES), draw(NAMES), held)


@given(st.sampled_from(MapState), NAMES, st.booleans(), st.lists(entries(), max_size=5))
def test_an_endpoint_map_is_read_as_it_was_kept(state: MapState, evidence: str, authenticated: bool, found: list[RpcEntry]) -> None:
    told = state in (MapState.READ, MapState.PARTIAL)
    rpc_map = EndpointMap(state, evidence, tuple(found) if told else (), authenticated)
    capture = replace(SMALL, rpc_endpoints=rpc_endpoints_of(rpc_map))
    again = decoded(json.loads(json.dumps(plain(capture))), "it")
    assert again == capture
    assert CapturedHost(again, host="web01").endpoint_map == rpc_map


def test_escapes_in_an_endpoint_map_are_inert() -> None:
    said = mapped({"annotation": "\x1b[2J\n" + "x" * 1000, "address": "a\0\u202eb"})
    (entry,) = CapturedHost(decoded(json.loads(said), "it"), host="web01").endpoint_map.entries
    assert entry.annotation.startswith("?[2J xxx")
    assert len(entry.annotation) == 200
    assert entry.address == "a??b"


@pytest.mark.parametrize(("from_files", "advice"), [(False, "'rpc_endpoints: true'"), (True, "files of a host hold none")])
def test_a_capture_without_an_endpoint_map_says_so(from_files: bool, advice: str) -> None:
    found = CapturedHost(replace(SMALL, from_files=from_files), host="web01").endpoint_map
    assert found.state is MapState.NOT_ASKED
    assert "the capture holds no endpoint map" in found.evidence
    assert advice in found.evidence


def test_what_is_at_its_default_is_left_out() -> None:
    assert "anonymized" not in plain(SMALL)
    assert decoded(plain(SMALL), "it") == SMALL


def test_the_schema_is_current_and_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert json_schema.main(["--check"]) == 0, capsys.readouterr().err
    validator = jsonschema.Draft202012Validator(json.loads(json_schema.text()))
    with booted("windows_server_2022") as host:
        node = plain(captured(host).capture)
    validator.validate(node)
    validator.validate({**node, "rpc_endpoints": json.loads(mapped({}))["rpc_endpoints"]})
    assert not validator.is_valid({**node, "schema_version": "1"})
    assert not validator.is_valid({**node, "extra": 1})


def test_a_schema_that_is_not_current_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(json_schema, "PATH", tmp_path / "schema" / "capture.schema.json")
    assert json_schema.main(["--check"]) == 1
    assert (json_schema.main([]), json_schema.main(["--check"])) == (0, 0)


def test_a_real_host_needs_little_room(tmp_path: Path) -> None:
    with booted("windows_server_2022") as host:
        capture = captured(host).capture
    write_capture(tmp_path / "host.zip", capture)
    assert (tmp_path / "host.zip").stat().st_size < 100_000
