# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A capture as a file: a zip with `capture.json`, and perhaps `wire/`. Written whole or not at all, read within bounds.

A file may come from anybody: what it says of its own sizes is not believed, nothing is unpacked to the disk, and of its entries only
`capture.json` is read.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NotKept, UnusableCapture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.loader import Decoder

from .model import SCHEMA_VERSION, Capture
from .plain_values import endpoint_map

ENTRY = "capture.json"
WIRE = "wire/"
SUFFIX = ".zip"
# A host with 60,000 sockets, listed twice, needs 12 MB of JSON, which a zip makes a tenth of.
MOST_JSON = 32 * 1024 * 1024
# Beside it there may be a recording of the wire.
MOST_FILE = 256 * 1024 * 1024
MOST_ENTRIES = 20_000
# So many values, lists and mappings are in it at most: what a parser makes of them takes far more memory than their text.
MOST_VALUES = 3_000_000
# So many problems of a file are told.
MOST_TOLD = 5
# Names of entries: those of 20,000 exchanges need less.
MOST_DIRECTORY = 2 * 1024 * 1024
# APPNOTE.TXT of the zip format, 4.3.16: the end of the directory, with the size of it. 4.3.15: what stands before it in a zip64.
END, ZIP64 = struct.Struct("<4s4H2LH"), b"PK\x06\x07"
# Together with the suffix below the 255 bytes that file systems allow a name.
LONGEST_NAME = 180


def file_name(address: str) -> str:
    """Return the name of the file of a host; no address leads out of a folder, and no two share a file."""
    name = quote(address, safe=" ")
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}~{sha256(address.encode()).hexdigest()[:16]}"
    return f"{name}{SUFFIX}"


# As plain values


def plain(value: Any) -> Any:
    """Return a value as JSON has it; what is at its default is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value) if not _is_default(item, getattr(value, item.name))}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _is_default(item: Any, value: Any) -> bool:
    if item.default is not MISSING:
        return bool(value == item.default) and type(value) is type(item.default)
    return item.default_factory is not MISSING and bool(value == item.default_factory())


def decoded(node: Any, where: str) -> Capture:
    """Return a capture from its plain form.

    Raises:
        UnusableCapture: it is not one that this release understands.
    """
    version = node.get("schema_version") if isinstance(node, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UnusableCapture(
            f"{where} was written by a newer release of netmin.windows (format {version}; this one reads up to {SCHEMA_VERSION}): "
            "update the collection on this controller"
        )
    decoder = Decoder()
    found: Capture | None = decoder.value(Capture, node, "$")
    if found is None or decoder.problems or version != SCHEMA_VERSION:
        problems = "; ".join(excerpt(problem) for problem in decoder.problems[:MOST_TOLD]) or f"format {excerpt(version, 20)} is not known"
        raise UnusableCapture(f"{where} is not a capture that can be read: {problems}")
    _check(found, where)
    return found


def _check(found: Capture, where: str) -> None:
    """Refuse a capture that contradicts itself."""
    if not found.moments:
        raise UnusableCapture(f"{where} is not a capture that can be read: it holds no answers")
    taken_at(found, where)
    if found.rpc_endpoints is not None:
        try:
            endpoint_map(found.rpc_endpoints)
        except ValueError as error:
            raise UnusableCapture(f"{where} is not a capture that can be read: its endpoint map is none: {excerpt(error)}") from error
    systems = [query for query in found.moments[0].queries if query.wmi_class.lower() == "win32_operatingsystem" and query.rows]
    rows = [{name.lower(): cell for name, cell in row.items()} for query in systems for row in query.rows]
    said = found.windows
    for row in rows:
        version, build, product = (row.get(name) for name in ("version", "buildnumber", "producttype"))
        kernel = ".".join(str(version).split(".")[:2])
        if (kernel, str(build), str(product)) != (said.version, str(said.build), str(said.product_type)):
            told = f"{excerpt(said.name, 60)} (kernel {excerpt(said.version, 20)}, build {said.build}, product type {said.product_type})"
            held = f"kernel {excerpt(kernel, 20)}, build {excerpt(build, 20)}, product type {excerpt(product, 20)}"
            raise UnusableCapture(f"{where} says it is of {told}, but its answers are those of {held}: do not use it")


def taken_at(found: Capture, where: str) -> datetime:
    """Return when a capture was made.

    Raises:
        UnusableCapture: it does not say.
    """
    try:
        moment = datetime.fromisoformat(found.captured_at)
    except ValueError as error:
        raise UnusableCapture(f"{where} is not a capture that can be read: captured_at is no time") from error
    if moment.tzinfo is None:
        raise UnusableCapture(f"{where} is not a capture that can be read: captured_at has no offset")
    return moment


# On the disk


def read_capture(path: Path) -> Capture:
    """Read a capture.

    Raises:
        UnusableCapture: it is not there, not whole, not ours, or larger than any.
    """
    where = f"the capture {excerpt(path)}"
    content = _content(path, where)
    if content.count(b",") + content.count(b"[") + content.count(b"{") > MOST_VALUES:
        raise UnusableCapture(f"{where} has more than {MOST_VALUES} values: no host answers so much")
    try:
        node = json.loads(content.decode("utf-8"))
    except (RecursionError, ValueError) as error:
        raise UnusableCapture(f"{where} is damaged: {ENTRY} in it is not JSON") from error
    return decoded(node, where)


def _content(path: Path, where: str) -> bytes:
    try:
        # Whoever put a pipe or a device there would let us wait, or read without end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnusableCapture(f"{where} cannot be read: {reason}") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise UnusableCapture(f"{where} is not a file")
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > MOST_FILE:
            raise UnusableCapture(f"{where} has {status.st_size} bytes, and no capture has more than {MOST_FILE}")
        try:
            _check_directory(file, status.st_size, where)
            return _unpacked(file, where)
        except (
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
            ValueError,
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            zlib.error,
        ) as error:
            raise UnusableCapture(f"{where} is damaged or cut off ({excerpt(error, 100)}): copy it again") from error


def _check_directory(file: Any, size: int, where: str) -> None:
    """Refuse a directory of entries that no capture has, before anything is made of it."""
    start = max(size - END.size - 20, 0)
    file.seek(start)
    tail = file.read(size - start)
    end = tail[len(tail) - END.size :] if len(tail) >= END.size else b""
    if not end.startswith(b"PK\x05\x06"):
        raise zipfile.BadZipFile("the end of the zip is not there")
    directory = END.unpack(end)[5]
    if directory > MOST_DIRECTORY or tail.startswith(ZIP64):
        raise UnusableCapture(f"{where} has a directory of {directory} bytes, and no capture has more than {MOST_DIRECTORY}")
    file.seek(0)


def _unpacked(file: Any, where: str) -> bytes:
    """Return the one entry that counts; its declared size is not believed."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise UnusableCapture(f"{where} has {len(entries)} entries, and no capture has more than {MOST_ENTRIES}")
        strange = next((entry.filename for entry in entries if not _is_ours(entry.filename)), None)
        if strange is not None:
            raise UnusableCapture(f"{where} holds '{excerpt(strange, 60)}', which is in no capture")
        if sum(entry.filename == ENTRY for entry in entries) != 1:
            raise UnusableCapture(f"{where} is not a capture: it needs exactly one {ENTRY}")
        if archive.getinfo(ENTRY).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnusableCapture(f"{where} is packed in a way that no capture is")
        with archive.open(ENTRY) as entry:
            content = entry.read(MOST_JSON + 1)
    if len(content) > MOST_JSON:
        raise UnusableCapture(f"{where} unpacks to more than {MOST_JSON} bytes, and no capture does")
    return content


def _is_ours(name: str) -> bool:
    rest = name.removeprefix(WIRE)
    return name == ENTRY or (name.startswith(WIRE) and "/" not in rest and "\\" not in rest and not rest.startswith("."))


def write_capture(path: Path, capture: Capture, wire: Iterable[tuple[str, bytes]] = ()) -> None:
    """Write a capture for its owner alone; a file that is there is replaced as a whole, or stays.

    Args:
        wire: names below `wire/` and contents.

    Raises:
        NotKept: it is not safely on the disk.
    """
    content = json.dumps(plain(capture), indent=1, ensure_ascii=True).encode() + b"\n"
    if len(content) > MOST_JSON:
        raise NotKept(f"the capture of {excerpt(capture.inventory_name)} needs {len(content)} bytes, and {MOST_JSON} are the most")
    fresh = path.with_name(f".{os.getpid()}.{path.name}"[:255])
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(fresh, content, wire)
            fresh.replace(path)
        except BaseException:
            # Also for a task timeout or Ctrl-C.
            with suppress(OSError):
                fresh.unlink()
            raise
        _sync_folder(path.parent)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise NotKept(f"the capture cannot be kept in {excerpt(path)}: {reason}") from error


def _write(path: Path, content: bytes, wire: Iterable[tuple[str, bytes]]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(ENTRY, content)
            for name, exchanged in wire:
                archive.writestr(f"{WIRE}{name}", exchanged)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Put the file's name on the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
